/* destination_saved.c: destinations users keep: saving, listing, letting go. */
#include <tripsage/destination.h>

#include "base/json.h"
#include "destination.h"

/* $1 user, $2 service, $3 the trip's id: it is there and may be seen. */
const tripsage__statement tripsage__sql_saved_gate = {
    "saved_gate", "SELECT 1 FROM trip t WHERE t.id = $3 AND " TRIPSAGE__SQL_MAY_READ, NULL};
/* Saving again keeps the id and replaces the rest. */
const tripsage__statement tripsage__sql_saved_put = {
    "saved_put",
    "INSERT INTO saved_destination (id, user_id, destination_id, trip_id, priority, duration_days, planned_visit_date, "
    "saved_at, notes) SELECT $4, $1, $5, $3, $6, $7, $8, $9, $10 "
    "WHERE $3 IS NULL OR EXISTS (SELECT 1 FROM trip t WHERE t.id = $3 AND " TRIPSAGE__SQL_MAY_READ ") "
    "ON CONFLICT (user_id, destination_id) DO UPDATE SET trip_id = excluded.trip_id, priority = excluded.priority, "
    "duration_days = excluded.duration_days, planned_visit_date = excluded.planned_visit_date, "
    "saved_at = excluded.saved_at, notes = excluded.notes",
    NULL};
#define SAVED_COLUMNS                                                                                                  \
    "s.id, s.user_id, s.destination_id, s.trip_id, s.notes, s.priority, s.planned_visit_date, s.duration_days, "       \
    "s.saved_at"
const tripsage__statement tripsage__sql_saved_read = {
    "saved_read", "SELECT " SAVED_COLUMNS " FROM saved_destination s WHERE s.user_id = $1 AND s.destination_id = $2",
    NULL};
const tripsage__statement tripsage__sql_saved_list = {"saved_list",
                                                      "SELECT " SAVED_COLUMNS
                                                      " FROM saved_destination s WHERE s.user_id = $1 "
                                                      "ORDER BY s.priority DESC, s.saved_at DESC, s.id DESC",
                                                      NULL};
const tripsage__statement tripsage__sql_saved_delete = {
    "saved_delete", "DELETE FROM saved_destination WHERE user_id = $1 AND destination_id = $2", NULL};

/* ---- as JSON ---- */

static void put_text(tripsage__buf *buf, const char *name, const tripsage__row *row, int column)
{
    size_t size;
    const char *text = tripsage__row_text(row, column, &size);

    tripsage__buf_puts(buf, name);
    tripsage__json_put_text(buf, text, size);
}

static void put_int(tripsage__buf *buf, const char *name, const tripsage__row *row, int column)
{
    tripsage__buf_puts(buf, name);
    if (tripsage__row_is_null(row, column))
        TRIPSAGE__LIT(buf, "null");
    else
        tripsage__buf_int(buf, tripsage__row_int(row, column));
}

/* A place that this library's catalogue does not have (a newer library saved it) is told by its id. */
static void put_place(tripsage__buf *buf, const tripsage__destination_index *index, const char *id)
{
    const tripsage__destination *d = tripsage__destination_by_id(index, id);

    TRIPSAGE__LIT(buf, ",\"destination\":");
    if (d) {
        tripsage__destination_put_open(buf, d);
    } else {
        TRIPSAGE__LIT(buf, "{\"id\":");
        tripsage__json_put_string(buf, id);
    }
    tripsage__buf_putc(buf, '}');
}

/* Rows are written straight into the answer: once the write is done, nothing is left that could fail. */
typedef struct saved_rows {
    const tripsage__destination_index *index;
    tripsage__buf *json;
    size_t start; /* what stood in it before the rows */
    int64_t count;
} saved_rows;

static void begin_rows(void *context)
{
    saved_rows *rows = context;

    rows->json->size = rows->start;
    rows->count = 0;
}

static tripsage_status on_row(void *context, const tripsage__row *row)
{
    saved_rows *rows = context;
    tripsage__buf *buf = rows->json;

    if (rows->count++)
        tripsage__buf_putc(buf, ',');
    put_text(buf, "{\"id\":", row, 0);
    put_text(buf, ",\"user_id\":", row, 1);
    put_place(buf, rows->index, tripsage__row_text(row, 2, NULL));
    put_text(buf, ",\"trip_id\":", row, 3);
    put_text(buf, ",\"notes\":", row, 4);
    put_int(buf, ",\"priority\":", row, 5);
    put_text(buf, ",\"planned_visit_date\":", row, 6);
    put_int(buf, ",\"duration_days\":", row, 7);
    TRIPSAGE__LIT(buf, ",\"saved_at\":");
    tripsage__json_put_instant(buf, tripsage__row_int(row, 8));
    tripsage__buf_putc(buf, '}');
    return tripsage__buf_status(buf);
}

/* ---- saving ---- */

typedef struct input {
    tripsage__reader reader;
    const char *destination_id, *notes, *planned_visit_date;
    char trip_id[TRIPSAGE__UUID_SIZE]; /* "" for none */
    int64_t priority, duration_days;   /* 0 days: not given */
} input;

static tripsage_status read_input(input *in, const tripsage__destination_index *index, const char *json, size_t length)
{
    tripsage__reader *r = &in->reader;
    tripsage_status status = tripsage__reader_open(r, json, length);

    if (status != TRIPSAGE_OK)
        return status;
    in->priority = 3;
    if (tripsage__read_text(r, "destination_id", TRIPSAGE__REQUIRED, 1, 100, &in->destination_id) ==
            TRIPSAGE__PRESENT &&
        !tripsage__destination_by_id(index, in->destination_id))
        tripsage__reader_complain(r, "destination_id", "there is no such destination in the catalogue");
    tripsage__read_uuid(r, "trip_id", TRIPSAGE__OPTIONAL, in->trip_id);
    tripsage__read_text(r, "notes", TRIPSAGE__OPTIONAL, 0, 2000, &in->notes);
    tripsage__read_int(r, "priority", TRIPSAGE__OPTIONAL, 1, 5, &in->priority);
    tripsage__read_date(r, "planned_visit_date", TRIPSAGE__OPTIONAL, &in->planned_visit_date);
    tripsage__read_int(r, "duration_days", TRIPSAGE__OPTIONAL, 1, 365, &in->duration_days);
    tripsage__reader_close_object(r);
    return tripsage__reader_status(r);
}

static void begin_gate(void *context)
{
    *(int *)context = 0;
}

static tripsage_status on_gate(void *context, const tripsage__row *row)
{
    (void)row;
    *(int *)context = 1;
    return TRIPSAGE_OK;
}

static tripsage_status save(saved_rows *rows, tripsage_trips *trips, const tripsage_actor *actor, const input *in)
{
    char id[TRIPSAGE__UUID_SIZE];
    int seen = 0;
    tripsage__value put[] = {
        tripsage__text(actor->user_id),
        tripsage__int(actor->is_service),
        tripsage__text(in->trip_id[0] ? in->trip_id : NULL),
        tripsage__text(NULL), /* the id: below */
        tripsage__text(in->destination_id),
        tripsage__int(in->priority),
        in->duration_days ? tripsage__int(in->duration_days) : tripsage__null_of(TRIPSAGE__INT),
        tripsage__text(in->planned_visit_date),
        tripsage__int(tripsage__now_ms(trips->env)),
        tripsage__text(in->notes),
    };
    tripsage__value read[] = {put[0], put[4]};
    const tripsage__step steps[] = {
        {&tripsage__sql_saved_gate, put, 3, begin_gate, on_gate, &seen, NULL},
        {&tripsage__sql_saved_put, put, sizeof put / sizeof *put, NULL, NULL, NULL, NULL},
        {&tripsage__sql_saved_read, read, 2, begin_rows, on_row, rows, NULL},
    };
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__uuid7(trips->env, id));
    put[3] = tripsage__text(id);
    TRIPSAGE_TRY(tripsage__store_write(trips->store, actor, steps, sizeof steps / sizeof *steps));
    if (in->trip_id[0] && !seen)
        return TRIPSAGE_FAIL_FIELD("/trip_id", "there is no such trip");
out:
    return status;
}

tripsage_status tripsage_destination_save(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor,
                                          const char *json, size_t length)
{
    saved_rows rows = {trips->destinations, NULL, 0, 0};
    input in;
    tripsage_doc *doc = NULL;
    tripsage_status status;

    *out = NULL;
    status = tripsage__actor_check_scope(actor, TRIPSAGE__SCOPE_TRIPS_WRITE);
    if (status != TRIPSAGE_OK)
        return status;
    if (actor->is_service)
        return TRIPSAGE_FAIL(TRIPSAGE_EFORBIDDEN, "the service role keeps nothing for itself");
    memset(&in, 0, sizeof in);
    TRIPSAGE_TRY(read_input(&in, trips->destinations, json, length));
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 1024));
    rows.json = &doc->json;
    status = save(&rows, trips, actor, &in);
out:
    tripsage__reader_free(&in.reader);
    return tripsage__doc_finish(out, doc, status);
}

/* ---- listing and letting go ---- */

tripsage_status tripsage_destination_saved(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor)
{
    saved_rows rows = {trips->destinations, NULL, 0, 0};
    tripsage__value user;
    const tripsage__step step = {&tripsage__sql_saved_list, &user, 1, begin_rows, on_row, &rows, NULL};
    tripsage_doc *doc = NULL;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__actor_check_scope(actor, TRIPSAGE__SCOPE_TRIPS_READ));
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 4096));
    TRIPSAGE__LIT(&doc->json, "{\"items\":[");
    rows.json = &doc->json;
    rows.start = doc->json.size;
    user = tripsage__text(actor->user_id);
    TRIPSAGE_TRY(tripsage__store_read(trips->store, actor, &step, 1));
    TRIPSAGE__LIT(&doc->json, "],\"total\":");
    tripsage__buf_int(&doc->json, rows.count);
    tripsage__buf_putc(&doc->json, '}');
out:
    return tripsage__doc_finish(out, doc, status);
}

tripsage_status tripsage_destination_unsave(tripsage_trips *trips, const tripsage_actor *actor,
                                            const char *destination_id)
{
    tripsage__value params[2];
    int64_t changes = 0;
    const tripsage__step step = {&tripsage__sql_saved_delete, params, 2, NULL, NULL, NULL, &changes};
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__actor_check_scope(actor, TRIPSAGE__SCOPE_TRIPS_WRITE));
    params[0] = tripsage__text(actor->user_id);
    params[1] = tripsage__text(destination_id);
    TRIPSAGE_TRY(tripsage__store_write(trips->store, actor, &step, 1));
    if (changes == 0)
        return TRIPSAGE_FAIL(TRIPSAGE_ENOTFOUND, "this destination is not saved");
out:
    return status;
}
