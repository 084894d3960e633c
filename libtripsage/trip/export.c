/* trip/export.c: the call that gives a trip in another format. All of it is one read: one state of the trip. */
#include "trip/export.h"

#include "base/memory.h"
#include "trip/note.h"
#include "trip/record.h"

typedef struct export_call export_call;

/* What a format does with the rows, and what it needs beside the items. */
typedef struct writer {
    const char *name;
    const char *media_type;
    tripsage_status (*begin)(export_call *e);
    tripsage_status (*item)(export_call *e, const tripsage__item *item);
    tripsage_status (*end)(export_call *e);
} writer;

struct export_call {
    const writer *writer;
    tripsage__trip_gate gate;
    tripsage__buf out;
    tripsage__buf title;
    tripsage__buf trip; /* JSON text */
    int64_t updated_at;
    size_t item_count;
    tripsage__note_listing notes;
    tripsage__buf note_list;
    tripsage__collaborator_listing collaborators;
    tripsage__ics ics;
};

static int is_member(const export_call *e)
{
    return e->gate.role >= TRIPSAGE__ROLE_VIEW;
}

/* ---- JSON ---- */

static tripsage_status json_begin(export_call *e)
{
    TRIPSAGE__LIT(&e->out, "{\"trip\":");
    tripsage__buf_put(&e->out, e->trip.data, e->trip.size);
    TRIPSAGE__LIT(&e->out, ",\"items\":[");
    return TRIPSAGE_OK;
}

static tripsage_status json_item(export_call *e, const tripsage__item *item)
{
    if (e->item_count)
        tripsage__buf_putc(&e->out, ',');
    tripsage__item_put(&e->out, item, e->gate.trip_id, is_member(e));
    return TRIPSAGE_OK;
}

static tripsage_status json_end(export_call *e)
{
    tripsage__buf_putc(&e->out, ']');
    if (is_member(e)) {
        TRIPSAGE__LIT(&e->out, ",\"notes\":[");
        tripsage__buf_put(&e->out, e->note_list.data, e->note_list.size);
        TRIPSAGE__LIT(&e->out, "],\"collaborators\":[");
        tripsage__buf_put(&e->out, e->collaborators.json.data, e->collaborators.json.size);
        tripsage__buf_putc(&e->out, ']');
    }
    tripsage__buf_putc(&e->out, '}');
    return tripsage__buf_status(&e->note_list);
}

/* ---- CSV ---- */

static tripsage_status csv_begin(export_call *e)
{
    tripsage__csv_put_header(&e->out);
    return TRIPSAGE_OK;
}

static tripsage_status csv_item(export_call *e, const tripsage__item *item)
{
    tripsage__csv_put_item(&e->out, item, is_member(e));
    return TRIPSAGE_OK;
}

static tripsage_status csv_end(export_call *e)
{
    (void)e;
    return TRIPSAGE_OK;
}

/* ---- iCalendar ---- */

static tripsage_status ics_begin(export_call *e)
{
    (void)e;
    return TRIPSAGE_OK;
}

static tripsage_status ics_item(export_call *e, const tripsage__item *item)
{
    return tripsage__ics_add(&e->ics, item, is_member(e));
}

static tripsage_status ics_end(export_call *e)
{
    if (!e->item_count)
        tripsage__ics_add_trip(&e->ics, e->gate.trip_id, e->title.data, e->gate.start_date, e->gate.end_date,
                               e->updated_at, e->gate.version);
    return tripsage__ics_put(&e->out, &e->ics, e->title.data);
}

static const writer writers[] = {
    {"json", "application/json", json_begin, json_item, json_end},
    {"csv", "text/csv; charset=utf-8; header=present", csv_begin, csv_item, csv_end},
    {"ics", "text/calendar; charset=utf-8", ics_begin, ics_item, ics_end},
};

static const writer *find_writer(const char *name)
{
    for (size_t i = 0; name && i < sizeof writers / sizeof writers[0]; i++)
        if (strcmp(writers[i].name, name) == 0)
            return &writers[i];
    return NULL;
}

/* ---- the rows ---- */

/* Parameters: a gate's. */
#define SELECT_EXPORTED(columns) "SELECT " columns " FROM trip t WHERE t.id = $3 AND " TRIPSAGE__SQL_MAY_READ

const tripsage__statement tripsage__sql_export_trip = {"export_trip", SELECT_EXPORTED(TRIPSAGE__SQL_TRIP_COLUMNS),
                                                       SELECT_EXPORTED(TRIPSAGE__PG_TRIP_COLUMNS)};

static void export_begin(void *context)
{
    export_call *e = context;

    e->out.size = e->title.size = e->trip.size = 0;
    e->item_count = 0;
    tripsage__ics_free(&e->ics);
}

static tripsage_status trip_row(void *context, const tripsage__row *row)
{
    export_call *e = context;
    tripsage__trip_columns columns;
    tripsage_status status;

    tripsage__trip_columns_of(&columns, row);
    tripsage__trip_columns_put(&e->trip, &columns);
    tripsage__buf_put(&e->title, columns.title.text, columns.title.size);
    e->updated_at = columns.updated_at;
    TRIPSAGE_TRY(tripsage__buf_status(&e->trip));
    TRIPSAGE_TRY(tripsage__buf_status(&e->title));
    status = e->writer->begin(e);
out:
    return status;
}

static tripsage_status item_row(void *context, const tripsage__row *row)
{
    export_call *e = context;
    tripsage__item item;
    tripsage_status status;

    tripsage__item_from_row(&item, row);
    status = e->writer->item(e, &item);
    e->item_count++;
    return status;
}

static size_t put_steps(tripsage__step *steps, export_call *e)
{
    size_t count = 0;

    steps[count++] = tripsage__trip_gate_step(&e->gate);
    steps[count] = tripsage__step_of(&tripsage__sql_export_trip, e->gate.params, 3);
    steps[count].on_begin = export_begin;
    steps[count].on_row = trip_row;
    steps[count++].context = e;
    steps[count] = tripsage__step_of(&tripsage__sql_item_list, e->gate.params, 3);
    steps[count].on_row = item_row;
    steps[count++].context = e;
    if (e->writer->begin == json_begin) {
        steps[count++] = tripsage__note_list_step(&e->notes, &e->gate);
        steps[count++] = tripsage__collaborator_list_step(&e->collaborators, &e->gate);
    }
    return count;
}

tripsage_status tripsage_trip_export(char **content, size_t *length, const char **media_type, tripsage_trips *trips,
                                     const tripsage_actor *actor, const char *trip_id, const char *format)
{
    static const tripsage__buf empty = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    tripsage__step steps[5];
    export_call e;
    tripsage_status status;

    *content = NULL;
    *length = 0;
    *media_type = NULL;
    memset(&e, 0, sizeof e);
    e.out = e.title = e.trip = e.note_list = e.collaborators.json = empty;
    e.notes.json = &e.note_list;
    tripsage__ics_init(&e.ics);
    TRIPSAGE_TRY(tripsage__trip_gate_init(&e.gate, actor, trip_id));
    e.writer = find_writer(format);
    if (!e.writer)
        return TRIPSAGE_FAIL_FIELD("#format", "expected json, csv or ics");
    TRIPSAGE_TRY(tripsage__store_read(trips->store, actor, steps, put_steps(steps, &e)));
    TRIPSAGE_TRY(tripsage__trip_gate_check(&e.gate, TRIPSAGE__ROLE_PUBLIC, 0));
    TRIPSAGE_TRY(e.writer->end(&e));
    TRIPSAGE_TRY(tripsage__buf_status(&e.out));
    *media_type = e.writer->media_type;
    *content = tripsage__buf_take(&e.out, length);
out:
    tripsage__ics_free(&e.ics);
    tripsage__buf_free(&e.out);
    tripsage__buf_free(&e.title);
    tripsage__buf_free(&e.trip);
    tripsage__buf_free(&e.note_list);
    tripsage__buf_free(&e.collaborators.json);
    return status;
}
