/* trip/trip.c: one trip: made, read, deleted, brought back, removed for good. Changing it is update.c, copying it duplicate.c. */
#include "trip.h"

#include "base/memory.h"
#include "record.h"
#include "statements.h"

/* ---- making ----
 *
 * Everything in the answer is known before the write (the id, the times), so the answer is made first, and the write is plain
 * INSERT ... VALUES: see store/store.h on why the hottest writes have neither RETURNING nor SELECT. */

#define INSERT_COLUMNS                                                                                                 \
    "INSERT INTO trip (id, user_id, version, created_at, updated_at, start_date, end_date, status, trip_type, "        \
    "visibility, travelers, budget_total, budget_currency, title, description, destination_names, tags, "              \
    "budget_breakdown, destinations, preferences) "
#define INSERT_VALUES "$2, $1, 1, $3, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18"
enum { INSERT_PARAMS = 18 };

const tripsage__statement tripsage__sql_trip_insert = {"trip_insert", INSERT_COLUMNS "VALUES (" INSERT_VALUES ")",
                                                       NULL};

/* $19 operation, $20 key, $21 cutoff */
const tripsage__statement tripsage__sql_trip_insert_once = {
    "trip_insert_once",
    INSERT_COLUMNS "SELECT " INSERT_VALUES " WHERE " TRIPSAGE__SQL_FIRST_TIME("$1", "$19", "$20", "$21"), NULL};

/* $1 acl, $2 title, $3 body, $4 id; right behind the trip's own insert, whose row it names */
#define INDEX_COLUMNS "INSERT INTO trip_search (rowid, acl, title, body, private, kind, id, trip_id) "
#define INDEX_VALUES  "last_insert_rowid() * 4, $1, $2, $3, '', 'trip', $4, $4"

const tripsage__statement tripsage__sql_trip_index = {"trip_index", INDEX_COLUMNS "VALUES (" INDEX_VALUES ")", ""};
const tripsage__statement tripsage__sql_trip_index_once = {
    "trip_index_once", INDEX_COLUMNS "SELECT " INDEX_VALUES " WHERE changes() > 0", ""};

typedef struct creation {
    tripsage__trip_input input;
    char id[TRIPSAGE__UUID_SIZE];
    int64_t now;
    char acl[1 + 32 + sizeof " public"];
    tripsage__buf body;
    tripsage__idempotency key;
    tripsage__value insert[INSERT_PARAMS + 3];
    tripsage__value index[4];
} creation;

static tripsage__value column_of(const tripsage__buf *buf)
{
    return tripsage__textn(buf->data, buf->size);
}

static void bind_insert(creation *c, const tripsage_actor *actor)
{
    const tripsage__trip_input *input = &c->input;
    tripsage__value *p = c->insert;

    *p++ = tripsage__text(actor->user_id);
    *p++ = tripsage__text(c->id);
    *p++ = tripsage__int(c->now);
    *p++ = tripsage__text(input->start_date);
    *p++ = tripsage__text(input->end_date);
    *p++ = tripsage__text(input->status);
    *p++ = tripsage__text(input->trip_type);
    *p++ = tripsage__text(input->visibility);
    *p++ = tripsage__int(input->travelers);
    *p++ = input->has_budget ? tripsage__int(input->budget_total) : tripsage__null();
    *p++ = tripsage__text(input->budget_currency);
    *p++ = tripsage__text(input->title);
    *p++ = tripsage__text(input->description);
    *p++ = column_of(&input->destination_names);
    *p++ = column_of(&input->tags);
    *p++ = column_of(&input->breakdown); /* NULL when it was never written */
    *p++ = column_of(&input->destinations);
    *p++ = column_of(&input->preferences);
    tripsage__idempotency_params(&c->key, p);
}

/* The owner's token of the search index, and everybody's for a public trip. */
static void write_acl(creation *c, const tripsage_actor *actor)
{
    char *out = c->acl;

    *out++ = 'u';
    for (const char *p = actor->user_id; *p; p++)
        if (*p != '-')
            *out++ = *p;
    strcpy(out, strcmp(c->input.visibility, "public") == 0 ? " public" : "");
}

static tripsage_status bind_index(creation *c, const tripsage_actor *actor)
{
    write_acl(c, actor);
    tripsage__trip_body_put(&c->body, &c->input);
    c->index[0] = tripsage__text(c->acl);
    c->index[1] = tripsage__text(c->input.title);
    c->index[2] = column_of(&c->body);
    c->index[3] = tripsage__text(c->id);
    return tripsage__buf_status(&c->body);
}

static tripsage__slice slice_of(const char *text)
{
    tripsage__slice slice = {text, text ? strlen(text) : 0};

    return slice;
}

static tripsage__slice slice_of_buf(const tripsage__buf *buf)
{
    tripsage__slice slice = {buf->data, buf->size};

    return slice;
}

/* The record as a later read would give it. */
static void put_answer(tripsage_doc *doc, const creation *c, const tripsage_actor *actor)
{
    const tripsage__trip_input *input = &c->input;
    tripsage__trip_columns columns;

    columns.role = TRIPSAGE__ROLE_OWNER;
    columns.version = doc->version = 1;
    columns.created_at = columns.updated_at = c->now;
    columns.deleted = 0;
    columns.deleted_at = 0;
    columns.id = slice_of(c->id);
    columns.user_id = slice_of(actor->user_id);
    columns.title = slice_of(input->title);
    columns.description = slice_of(input->description);
    columns.start_date = slice_of(input->start_date);
    columns.end_date = slice_of(input->end_date);
    columns.destinations = slice_of_buf(&input->destinations);
    columns.status = slice_of(input->status);
    columns.trip_type = slice_of(input->trip_type);
    columns.visibility = slice_of(input->visibility);
    columns.tags = slice_of_buf(&input->tags);
    columns.budget_currency = slice_of(input->budget_currency);
    columns.budget_breakdown = slice_of_buf(&input->breakdown);
    columns.preferences = slice_of_buf(&input->preferences);
    columns.travelers = input->travelers;
    columns.budget_total = input->budget_total;
    tripsage__trip_columns_put(&doc->json, &columns);
}

static tripsage_status write_creation(creation *c, tripsage_trips *trips, const tripsage_actor *actor,
                                      const tripsage_doc *answer)
{
    tripsage__step steps[4] = {
        {&tripsage__sql_trip_insert, c->insert, INSERT_PARAMS, NULL, NULL, NULL, NULL},
        {&tripsage__sql_trip_index, c->index, 4, NULL, NULL, NULL, NULL},
    };

    if (!c->key.used)
        return tripsage__store_write(trips->store, actor, steps, 2);
    steps[0] = tripsage__idempotency_find_step(&c->key);
    steps[1] = (tripsage__step){&tripsage__sql_trip_insert_once, c->insert, INSERT_PARAMS + 3, NULL, NULL, NULL, NULL};
    steps[2] = (tripsage__step){&tripsage__sql_trip_index_once, c->index, 4, NULL, NULL, NULL, NULL};
    steps[3] = tripsage__idempotency_keep_step(&c->key, c->id, answer);
    return tripsage__store_write(trips->store, actor, steps, 4);
}

tripsage_status tripsage_trip_create(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor,
                                     const char *json, size_t length, const tripsage_write_options *options)
{
    creation c;
    tripsage_write_options how;
    tripsage_doc *doc = NULL;
    tripsage_status status;

    *out = NULL;
    memset(&c.key, 0, sizeof c.key);
    c.body = (tripsage__buf)TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    status = tripsage__actor_check(actor);
    if (status != TRIPSAGE_OK)
        return status;
    if (actor->is_service)
        return TRIPSAGE_FAIL(TRIPSAGE_EFORBIDDEN, "the service role owns nothing, so it cannot own a trip");
    status = tripsage__write_options_read(&how, options);
    if (status != TRIPSAGE_OK)
        return status;
    TRIPSAGE_TRY(tripsage__trip_input_read(&c.input, trips, json, length, TRIPSAGE__TO_CREATE));
    TRIPSAGE_TRY(tripsage__idempotency_init(&c.key, trips, actor, how.idempotency_key, TRIPSAGE__CREATES_TRIP, "", json,
                                            length));
    TRIPSAGE_TRY(tripsage__uuid7(trips->env, c.id));
    c.now = tripsage__now_ms(trips->env);
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 1024));
    put_answer(doc, &c, actor);
    TRIPSAGE_TRY(tripsage__buf_status(&doc->json));
    bind_insert(&c, actor);
    TRIPSAGE_TRY(bind_index(&c, actor));
    TRIPSAGE_TRY(write_creation(&c, trips, actor, doc));
    if (tripsage__idempotency_replay(&status, out, &c.key)) {
        tripsage_doc_free(doc);
        doc = NULL;
    } else {
        *out = doc;
        doc = NULL;
    }
out:
    tripsage_doc_free(doc);
    tripsage__idempotency_free(&c.key);
    tripsage__buf_free(&c.body);
    tripsage__trip_input_free(&c.input);
    return status;
}

/* ---- reading ---- */

tripsage_status tripsage_trip_get(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor,
                                  const char *trip_id)
{
    tripsage__trip_gate gate; /* for its parameters: the row itself says the role */
    tripsage__trip_reading reading = {NULL, 0, 0};
    tripsage__step step;
    tripsage_status status;

    *out = NULL;
    TRIPSAGE_TRY(tripsage__trip_gate_init(&gate, actor, trip_id));
    TRIPSAGE_TRY(tripsage__doc_new(&reading.doc, 1024));
    step = tripsage__trip_reading_step(&reading, gate.params);
    TRIPSAGE_TRY(tripsage__store_read(trips->store, actor, &step, 1));
    if (reading.role < TRIPSAGE__ROLE_PUBLIC || reading.deleted)
        status = TRIPSAGE_FAIL(TRIPSAGE_ENOTFOUND, "there is no such trip");
out:
    return tripsage__doc_finish(out, reading.doc, status);
}

/* ---- deleting and bringing back ---- */

/* $4 if_version, $5 now */
const tripsage__statement tripsage__sql_trip_delete = {
    "trip_delete",
    "UPDATE trip AS t SET deleted_at = $5, updated_at = $5, version = version + 1"
    " WHERE t.id = $3 AND " TRIPSAGE__SQL_MAY_OWN " AND ($4 = 0 OR t.version = $4)",
    NULL};

#define SQL_OWNS_DELETED "(t.deleted_at IS NOT NULL AND " TRIPSAGE__SQL_ROLE " >= 5)"

/* $4 now */
const tripsage__statement tripsage__sql_trip_restore = {
    "trip_restore",
    "UPDATE trip AS t SET deleted_at = NULL, updated_at = $4, version = version + 1"
    " WHERE t.id = $3 AND " SQL_OWNS_DELETED,
    NULL};

tripsage_status tripsage_trip_delete(tripsage_trips *trips, const tripsage_actor *actor, const char *trip_id,
                                     const tripsage_write_options *options)
{
    tripsage__trip_gate gate;
    tripsage_write_options how;
    tripsage__value params[5];
    tripsage__step steps[3] = {{NULL, NULL, 0, NULL, NULL, NULL, NULL},
                               {&tripsage__sql_trip_delete, params, 5, NULL, NULL, NULL, NULL}};
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__trip_gate_init(&gate, actor, trip_id));
    TRIPSAGE_TRY(tripsage__write_options_read(&how, options));
    memcpy(params, gate.params, sizeof gate.params);
    params[3] = tripsage__int(how.if_version);
    params[4] = tripsage__int(tripsage__now_ms(trips->env));
    steps[0] = tripsage__trip_gate_step(&gate);
    steps[2] = tripsage__trip_acl_step(&gate);
    TRIPSAGE_TRY(tripsage__store_write(trips->store, actor, steps, 3));
    TRIPSAGE_TRY(tripsage__trip_gate_check(&gate, TRIPSAGE__ROLE_OWNER, how.if_version));
out:
    return status;
}

/* The gate of what is done to a deleted trip: nobody but its owner knows of it. */
static tripsage_status check_deleted(const tripsage__trip_gate *gate)
{
    tripsage_status status;

    if (gate->found && gate->deleted && gate->role >= TRIPSAGE__ROLE_OWNER)
        return TRIPSAGE_OK;
    status = tripsage__trip_gate_check(gate, TRIPSAGE__ROLE_OWNER, 0);
    return status != TRIPSAGE_OK ? status : TRIPSAGE_FAIL(TRIPSAGE_ECONFLICT, "the trip is not deleted");
}

tripsage_status tripsage_trip_restore(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor,
                                      const char *trip_id)
{
    tripsage__trip_gate gate;
    tripsage__trip_reading reading = {NULL, 0, 0};
    tripsage__value params[4];
    tripsage__step steps[4] = {
        {NULL, NULL, 0, NULL, NULL, NULL, NULL},
        {&tripsage__sql_trip_restore, params, 4, NULL, NULL, NULL, NULL},
        {NULL, NULL, 0, NULL, NULL, NULL, NULL},
        {NULL, NULL, 0, NULL, NULL, NULL, NULL},
    };
    tripsage_status status;

    *out = NULL;
    TRIPSAGE_TRY(tripsage__trip_gate_init(&gate, actor, trip_id));
    memcpy(params, gate.params, sizeof gate.params);
    params[3] = tripsage__int(tripsage__now_ms(trips->env));
    TRIPSAGE_TRY(tripsage__doc_new(&reading.doc, 1024));
    steps[0] = tripsage__trip_gate_step(&gate);
    steps[2] = tripsage__trip_acl_step(&gate);
    steps[3] = tripsage__trip_reading_step(&reading, gate.params);
    TRIPSAGE_TRY(tripsage__store_write(trips->store, actor, steps, 4));
    TRIPSAGE_TRY(check_deleted(&gate));
out:
    return tripsage__doc_finish(out, reading.doc, status);
}

/* ---- removing for good ---- */

const tripsage__statement tripsage__sql_trip_unindex = {
    "trip_unindex",
    "DELETE FROM trip_search WHERE rowid IN (" TRIPSAGE__SQL_SEARCH_ROWIDS(
        "SELECT t.id FROM trip t WHERE t.id = $3 AND " SQL_OWNS_DELETED) ")",
    ""};

/* Items, notes and collaborators go with it by their references. */
const tripsage__statement tripsage__sql_trip_purge = {
    "trip_purge", "DELETE FROM trip AS t WHERE t.id = $3 AND " SQL_OWNS_DELETED, NULL};

tripsage_status tripsage_trip_purge(tripsage_trips *trips, const tripsage_actor *actor, const char *trip_id)
{
    tripsage__trip_gate gate;
    tripsage__step steps[3] = {{NULL, NULL, 0, NULL, NULL, NULL, NULL},
                               {&tripsage__sql_trip_unindex, gate.params, 3, NULL, NULL, NULL, NULL},
                               {&tripsage__sql_trip_purge, gate.params, 3, NULL, NULL, NULL, NULL}};
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__trip_gate_init(&gate, actor, trip_id));
    steps[0] = tripsage__trip_gate_step(&gate);
    TRIPSAGE_TRY(tripsage__store_write(trips->store, actor, steps, 3));
    TRIPSAGE_TRY(check_deleted(&gate));
out:
    return status;
}

/* One write of a purge takes at most this many trips, so that it holds the writer for milliseconds. The number is in the SQL too. */
#define PURGE_BATCH 20
#define SQL_OLDEST                                                                                                     \
    "SELECT id FROM trip WHERE deleted_at IS NOT NULL AND deleted_at <= $1 ORDER BY deleted_at, seq LIMIT 20"

/* $1 cutoff */
const tripsage__statement tripsage__sql_trip_unindex_old = {
    "trip_unindex_old", "DELETE FROM trip_search WHERE rowid IN (" TRIPSAGE__SQL_SEARCH_ROWIDS(SQL_OLDEST) ")", ""};
const tripsage__statement tripsage__sql_trip_purge_old = {"trip_purge_old",
                                                          "DELETE FROM trip WHERE id IN (" SQL_OLDEST ")", NULL};

tripsage_status tripsage__trip_purge_deleted(int64_t *count, tripsage_trips *trips, int64_t older_than_ms)
{
    const tripsage__value params[1] = {tripsage__int(older_than_ms)};
    int64_t removed = 0;
    const tripsage__step steps[2] = {{&tripsage__sql_trip_unindex_old, params, 1, NULL, NULL, NULL, NULL},
                                     {&tripsage__sql_trip_purge_old, params, 1, NULL, NULL, NULL, &removed}};
    tripsage_status status;

    *count = 0;
    do {
        status = tripsage__store_write(trips->store, NULL, steps, 2);
        if (status == TRIPSAGE_OK)
            *count += removed;
    } while (status == TRIPSAGE_OK && removed == PURGE_BATCH);
    return status;
}

/* ---- the search index ---- */

/* $1 the trip. Notes (kind 2) are for members, the rest for whoever may read the trip. */
const tripsage__statement tripsage__sql_trip_acl_renew = {
    "trip_acl_renew",
    "UPDATE trip_search SET acl = (SELECT CASE WHEN trip_search.rowid % 4 = 2 THEN " TRIPSAGE__SQL_ACL_MEMBERS
    " ELSE " TRIPSAGE__SQL_ACL_READERS " END FROM trip t WHERE t.id = $1)"
    " WHERE changes() > 0 AND rowid IN (" TRIPSAGE__SQL_SEARCH_ROWIDS("$1") ")",
    ""};

tripsage__step tripsage__trip_acl_step(tripsage__trip_gate *gate)
{
    tripsage__step step = {&tripsage__sql_trip_acl_renew, NULL, 1, NULL, NULL, NULL, NULL};

    step.params = &gate->params[2];
    return step;
}
