/* trip/create.c: making a trip.
 *
 * Everything in the answer is known before the write (the id, the times), so the answer is made first, and the write is plain
 * INSERT ... VALUES: see store/store.h on why the hottest writes have neither RETURNING nor SELECT. Only a call with an idempotency
 * key pays for statements that look first. */
#include "create.h"

#include "statements.h"

#define INSERT_COLUMNS                                                                                                 \
    "INSERT INTO trip (id, user_id, version, created_at, updated_at, start_date, end_date, status, trip_type, "        \
    "visibility, travelers, budget_total, budget_currency, title, description, destination_names, tags, "              \
    "budget_breakdown, destinations, preferences) "
#define INSERT_VALUES "$2, $1, 1, $3, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18"
enum { INSERT_PARAMS = 18, INSERT_ONCE_PARAMS = 21 };

const tripsage__statement tripsage__sql_trip_insert = {"trip_insert", INSERT_COLUMNS "VALUES (" INSERT_VALUES ")",
                                                       NULL};

/* $19 operation, $20 key, $21 cutoff */
const tripsage__statement tripsage__sql_trip_insert_once = {
    "trip_insert_once",
    INSERT_COLUMNS "SELECT " INSERT_VALUES " WHERE " TRIPSAGE__SQL_FIRST_TIME("$1", "$19", "$20", "$21"), NULL};

/* $1 acl, $2 title, $3 body, $4 id; behind the trip's own insert, whose row it names */
#define INDEX_COLUMNS "INSERT INTO trip_search (rowid, acl, title, body, private, kind, id, trip_id) "
#define INDEX_VALUES  "last_insert_rowid() * 4, $1, $2, $3, '', 'trip', $4, $4"
enum { INDEX_PARAMS = 4 };

const tripsage__statement tripsage__sql_trip_index = {"trip_index", INDEX_COLUMNS "VALUES (" INDEX_VALUES ")", ""};
const tripsage__statement tripsage__sql_trip_index_once = {
    "trip_index_once", INDEX_COLUMNS "SELECT " INDEX_VALUES " WHERE changes() > 0", ""};

/* ---- preparing ---- */

void tripsage__creation_init(tripsage__creation *c)
{
    memset(c, 0, sizeof *c);
    c->body = (tripsage__buf)TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
}

void tripsage__creation_free(tripsage__creation *c)
{
    tripsage_doc_free(c->doc);
    tripsage__idempotency_free(&c->key);
    tripsage__buf_free(&c->body);
    tripsage__trip_input_free(&c->input);
}

tripsage_status tripsage__creation_check_actor(const tripsage_actor *actor)
{
    tripsage_status status = tripsage__actor_check_scope(actor, TRIPSAGE__SCOPE_TRIPS_WRITE);

    if (status == TRIPSAGE_OK && actor->is_service)
        status = TRIPSAGE_FAIL(TRIPSAGE_EFORBIDDEN, "the service role owns nothing, so it cannot own a trip");
    return status;
}

static tripsage__value column_of(const tripsage__buf *buf)
{
    return tripsage__textn(buf->data, buf->size);
}

static void bind_insert(tripsage__creation *c, const tripsage_actor *actor)
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
    *p++ = input->has_budget ? tripsage__int(input->budget_total) : tripsage__null_of(TRIPSAGE__INT);
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
static void write_acl(tripsage__creation *c, const tripsage_actor *actor)
{
    char *out = c->acl;

    *out++ = 'u';
    for (const char *p = actor->user_id; *p; p++)
        if (*p != '-')
            *out++ = *p;
    memcpy(out, " public", sizeof " public");
    if (strcmp(c->input.visibility, "public") != 0)
        *out = '\0';
}

static void bind_index(tripsage__creation *c, const tripsage_actor *actor)
{
    write_acl(c, actor);
    tripsage__trip_body_put(&c->body, &c->input);
    c->index[0] = tripsage__text(c->acl);
    c->index[1] = tripsage__text(c->input.title);
    c->index[2] = column_of(&c->body);
    c->index[3] = tripsage__text(c->id);
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

/* The record as a later read will give it. */
static void put_answer(tripsage__creation *c, const tripsage_actor *actor)
{
    const tripsage__trip_input *input = &c->input;
    tripsage__trip_columns columns;

    columns.role = TRIPSAGE__ROLE_OWNER;
    columns.version = c->doc->version = 1;
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
    tripsage__trip_columns_put(&c->doc->json, &columns);
}

tripsage_status tripsage__creation_prepare(tripsage__creation *c, tripsage_trips *trips, const tripsage_actor *actor,
                                           const char *json, size_t length)
{
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__trip_input_read(&c->input, trips, json, length, TRIPSAGE__TO_CREATE));
    TRIPSAGE_TRY(tripsage__uuid7(trips->env, c->id));
    c->now = tripsage__now_ms(trips->env);
    TRIPSAGE_TRY(tripsage__doc_new(&c->doc, 1024));
    put_answer(c, actor);
    TRIPSAGE_TRY(tripsage__buf_status(&c->doc->json));
    bind_insert(c, actor);
    bind_index(c, actor);
    status = tripsage__buf_status(&c->body);
out:
    return status;
}

/* ---- writing ---- */

enum { MORE_MAX = 2 };

tripsage_status tripsage__creation_write(tripsage_doc **out, tripsage__creation *c, tripsage_trips *trips,
                                         const tripsage_actor *actor, const tripsage__step *more, size_t more_count)
{
    const tripsage__step plain[3] = {{&tripsage__sql_trip_insert, c->insert, INSERT_PARAMS, NULL, NULL, NULL, NULL},
                                     tripsage__trip_vector_want_new_step(0),
                                     {&tripsage__sql_trip_index, c->index, INDEX_PARAMS, NULL, NULL, NULL, NULL}};
    const tripsage__step once[3] = {
        {&tripsage__sql_trip_insert_once, c->insert, INSERT_ONCE_PARAMS, NULL, NULL, NULL, NULL},
        tripsage__trip_vector_want_new_step(1),
        {&tripsage__sql_trip_index_once, c->index, INDEX_PARAMS, NULL, NULL, NULL, NULL}};
    tripsage__step steps[5 + MORE_MAX];
    size_t count = 0;
    tripsage_status status;

    if (c->key.used)
        steps[count++] = tripsage__idempotency_find_step(&c->key);
    memcpy(&steps[count], c->key.used ? once : plain, sizeof plain);
    count += 3;
    for (size_t i = 0; i < more_count && i < MORE_MAX; i++)
        steps[count++] = more[i];
    if (c->key.used)
        steps[count++] = tripsage__idempotency_keep_step(&c->key, c->id, c->doc);
    status = tripsage__store_write(trips->store, actor, steps, count);
    if (status == TRIPSAGE_OK && !tripsage__idempotency_replay(&status, out, &c->key)) {
        *out = c->doc;
        c->doc = NULL;
    }
    return status;
}

tripsage_status tripsage_trip_create(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor,
                                     const char *json, size_t length, const tripsage_write_options *options)
{
    tripsage__creation c;
    tripsage_write_options how;
    tripsage_status status;

    *out = NULL;
    tripsage__creation_init(&c);
    TRIPSAGE_TRY(tripsage__creation_check_actor(actor));
    TRIPSAGE_TRY(tripsage__write_options_read(&how, options));
    TRIPSAGE_TRY(tripsage__idempotency_init(&c.key, trips, actor, how.idempotency_key, TRIPSAGE__CREATES_TRIP, "", json,
                                            length));
    TRIPSAGE_TRY(tripsage__creation_prepare(&c, trips, actor, json, length));
    TRIPSAGE_TRY(tripsage__creation_write(out, &c, trips, actor, NULL, 0));
out:
    tripsage__creation_free(&c);
    return status;
}
