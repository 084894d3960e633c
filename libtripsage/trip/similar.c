/* trip/similar.c: see similar.h. */
#include "similar.h"

#include "base/memory.h"
#include "record.h"
#include "statements.h"

#define LIMIT_DEFAULT 10u
/* 50: a page nobody scrolls past. */
#define LIMIT_MAX 50u
/* A similarity below this is chance, as in the search over places. */
#define NEAR_ENOUGH 0.20
/* 100: one write of some 250 KiB. */
#define FILL_BATCH 100

const tripsage__collection tripsage__trip_collection = {
    TRIPSAGE__COLLECTION_TRIPS, TRIPSAGE_EMBEDDER_BUILTIN_DIMENSIONS, TRIPSAGE_COSINE, TRIPSAGE_EMBEDDER_BUILTIN};

/* ---- statements ---- */

#define COLLECTION "(SELECT c.id FROM vector_collection c WHERE c.name = '" TRIPSAGE__COLLECTION_TRIPS "')"
#define OWNER      "CASE WHEN t.deleted_at IS NOT NULL THEN '-' WHEN t.visibility = 'public' THEN '' ELSE t.user_id END"

/* $1..$3 as everywhere, $4 the trip's version, $5 the vector, $6 now, $7 dimensions, $8 metric, $9 embedder */
const tripsage__statement tripsage__sql_trip_vector_put = {
    "trip_vector_put",
    "INSERT INTO vector_item (collection_id, id, owner_id, metadata, embedding, updated_at) SELECT c.id, t.id, " OWNER
    ", '{}', $5, $6 FROM trip t CROSS JOIN vector_collection c WHERE t.id = $3 AND t.version = $4 AND c.name = "
    "'" TRIPSAGE__COLLECTION_TRIPS "' AND c.dimensions = $7 AND c.metric = $8 AND c.embedder = $9 "
    "ON CONFLICT (collection_id, id) DO UPDATE SET owner_id = excluded.owner_id, embedding = excluded.embedding, "
    "updated_at = excluded.updated_at",
    "SELECT trip_vector_put($3, $4, $5, $6, $7, $8, $9)"};
enum { PUT_PARAMS = 9 };

/* Whatever the gate said: the owner is the trip's, changed or not. */
const tripsage__statement tripsage__sql_trip_vector_owner = {
    "trip_vector_owner",
    "UPDATE vector_item SET owner_id = (SELECT " OWNER " FROM trip t WHERE t.id = $3) WHERE collection_id = " COLLECTION
    " AND id = $3 AND EXISTS (SELECT 1 FROM trip t WHERE t.id = $3)",
    ""};

/* Behind a change of the texts, and what mirrors it. */
const tripsage__statement tripsage__sql_trip_vector_drop = {
    "trip_vector_drop", "DELETE FROM vector_item WHERE changes() > 0 AND collection_id = " COLLECTION " AND id = $3",
    ""};

/* $1..$3, $4 which are given, as bits of record.h, $5 title, $6 description, $7 destinations, $8 tags: the texts as they will be. */
#define TEXTS(body)                                                                                                    \
    "SELECT t.version, t.title, " body                                                                                 \
    " FROM (SELECT t.version, CASE WHEN ($4 & 1) <> 0 THEN $5 ELSE t.title END AS title, CASE WHEN ($4 & 2) <> 0 "     \
    "THEN $6 ELSE t.description END AS description, CASE WHEN ($4 & 16) <> 0 THEN $7 ELSE t.destinations END AS "      \
    "destinations, CASE WHEN ($4 & 256) <> 0 THEN $8 ELSE t.tags END AS tags FROM trip t WHERE t.id = $3 "             \
    "AND " TRIPSAGE__SQL_MAY_EDIT ") t"
#define PG_BODY "trip_body(t.description, t.destinations, t.tags)"

const tripsage__statement tripsage__sql_trip_texts = {"trip_texts", TEXTS(TRIPSAGE__SQL_TRIP_BODY), TEXTS(PG_BODY)};
enum { TEXTS_PARAMS = 8 };

/* What is compared with others: the vector, and for want of one the texts. */
const tripsage__statement tripsage__sql_similar_to = {
    "similar_to",
    "SELECT v.embedding, NULL, t.title, " TRIPSAGE__SQL_TRIP_BODY
    " FROM trip t LEFT JOIN vector_item v ON v.collection_id = " COLLECTION
    " AND v.id = t.id WHERE t.id = $3 AND " TRIPSAGE__SQL_MAY_READ,
    "SELECT trip_vector(t.id), true, t.title, " PG_BODY " FROM trip t WHERE t.id = $3 AND " TRIPSAGE__SQL_MAY_READ};

/* $4 the vector, NULL for the trip's own, $5 how many. Their own, everybody's, and those shared with the actor; all for the service role.
 * On SQLite every vector is compared here, on PostgreSQL a function gives the nearest. */
#define SIMILAR(from)                                                                                                  \
    "SELECT v.embedding, NULL, " TRIPSAGE__SQL_ROLE ", " TRIPSAGE__SQL_TRIP_ENTRY " FROM " from                        \
    "vector_item v CROSS JOIN trip t WHERE v.collection_id = " COLLECTION                                              \
    " AND t.id = v.id AND t.id <> $3 AND " TRIPSAGE__SQL_MAY_READ
#define POSTGRES                                                                                                       \
    "SELECT s.embedding, s.by_index, " TRIPSAGE__SQL_ROLE ", " TRIPSAGE__SQL_TRIP_ENTRY                                \
    " FROM trip_similar($3, $4, $5) s JOIN trip t ON t.id = s.id WHERE " TRIPSAGE__SQL_MAY_READ

const tripsage__statement tripsage__sql_similar = {
    "similar",
    SIMILAR("") " AND v.owner_id IN ('', $1) UNION ALL " SIMILAR(
        "trip_collaborator c CROSS JOIN ") " AND c.user_id = $1 AND v.id = c.trip_id AND v.owner_id NOT IN ('', $1)",
    POSTGRES};
const tripsage__statement tripsage__sql_similar_all = {"similar_all", SIMILAR(""), POSTGRES};
enum { SIMILAR_PARAMS = 5 };

/* $1 the last one before, $2 how many */
#define LACKING(body)                                                                                                  \
    "SELECT t.id, t.version, t.title, " body " FROM trip t WHERE t.id > $1 AND NOT EXISTS (SELECT 1 FROM vector_item " \
    "v WHERE v.collection_id = " COLLECTION " AND v.id = t.id) ORDER BY t.id LIMIT $2"
const tripsage__statement tripsage__sql_trip_vector_lacking = {"trip_vector_lacking", LACKING(TRIPSAGE__SQL_TRIP_BODY),
                                                               LACKING(PG_BODY)};

/* ---- a trip's vector ---- */

static int embed(float out[TRIPSAGE_EMBEDDER_BUILTIN_DIMENSIONS], tripsage__buf *text, const char *title,
                 const char *body, size_t body_size)
{
    text->size = 0;
    tripsage__buf_puts(text, title);
    tripsage__buf_putc(text, '\n');
    tripsage__buf_put(text, body, body_size);
    return !text->failed && tripsage__embed(out, text->data, text->size);
}

tripsage_status tripsage__trip_vector_make(tripsage__trip_vector *vector, const tripsage_actor *actor,
                                           const char *trip_id, int64_t version, int64_t now_ms, const char *title,
                                           const char *body, size_t body_size)
{
    const tripsage__collection *c = &tripsage__trip_collection;
    float values[TRIPSAGE_EMBEDDER_BUILTIN_DIMENSIONS];
    tripsage__buf text = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    tripsage__value *p = vector->params;
    tripsage_status status;

    vector->has_words = embed(values, &text, title, body, body_size);
    status = tripsage__buf_status(&text);
    tripsage__buf_free(&text);
    tripsage__vector_pack(vector->packed, values, TRIPSAGE_EMBEDDER_BUILTIN_DIMENSIONS);
    *p++ = tripsage__text(actor->user_id);
    *p++ = tripsage__int(actor->is_service);
    *p++ = tripsage__text(trip_id);
    *p++ = tripsage__int(vector->has_words ? version : 0); /* no trip has version 0 */
    *p++ = tripsage__floats(vector->packed, sizeof vector->packed);
    *p++ = tripsage__int(now_ms);
    *p++ = tripsage__int(c->dimensions);
    *p++ = tripsage__int(c->metric);
    *p++ = tripsage__text(c->embedder);
    return status;
}

tripsage__step tripsage__trip_vector_step(tripsage__trip_vector *vector)
{
    const tripsage__step step = {&tripsage__sql_trip_vector_put, vector->params, PUT_PARAMS, NULL, NULL, NULL, NULL};

    return step;
}

tripsage__step tripsage__trip_vector_owner_step(const tripsage__trip_gate *gate)
{
    const tripsage__step step = {&tripsage__sql_trip_vector_owner, gate->params, 3, NULL, NULL, NULL, NULL};

    return step;
}

tripsage__step tripsage__trip_vector_drop_step(const tripsage__trip_gate *gate)
{
    const tripsage__step step = {&tripsage__sql_trip_vector_drop, gate->params, 3, NULL, NULL, NULL, NULL};

    return step;
}

/* ---- the texts a change makes ---- */

static void texts_begin(void *context)
{
    tripsage__trip_texts *texts = context;

    texts->version = 0;
    texts->title.size = texts->body.size = 0;
}

static void take_text(tripsage__buf *out, const tripsage__row *row, int column)
{
    size_t size;
    const char *text = tripsage__row_text(row, column, &size);

    tripsage__buf_put(out, text, size);
}

static tripsage_status texts_row(void *context, const tripsage__row *row)
{
    tripsage__trip_texts *texts = context;
    tripsage_status status;

    texts->version = tripsage__row_int(row, 0);
    take_text(&texts->title, row, 1);
    take_text(&texts->body, row, 2);
    status = tripsage__buf_status(&texts->title);
    return status == TRIPSAGE_OK ? tripsage__buf_status(&texts->body) : status;
}

void tripsage__trip_texts_free(tripsage__trip_texts *texts)
{
    tripsage__buf_free(&texts->title);
    tripsage__buf_free(&texts->body);
}

static tripsage__value column_of(const tripsage__buf *buf)
{
    return tripsage__textn(buf->data, buf->size);
}

/* Without an input: the texts as they are. */
static tripsage_status read_texts(tripsage__trip_texts *texts, tripsage_trips *trips, const tripsage_actor *actor,
                                  const tripsage__trip_gate *gate, const tripsage__trip_input *input)
{
    tripsage__value params[TEXTS_PARAMS];
    const tripsage__step step = {&tripsage__sql_trip_texts, params, TEXTS_PARAMS, texts_begin, texts_row, texts, NULL};

    memcpy(params, gate->params, sizeof gate->params);
    params[3] = tripsage__int(input ? input->present : 0);
    params[4] = tripsage__text(input ? input->title : NULL);
    params[5] = tripsage__text(input ? input->description : NULL);
    params[6] = input ? column_of(&input->destinations) : tripsage__text(NULL);
    params[7] = input ? column_of(&input->tags) : tripsage__text(NULL);
    return tripsage__store_read(trips->store, actor, &step, 1);
}

static tripsage_status make_of_texts(tripsage__trip_vector *vector, const tripsage__trip_texts *texts,
                                     tripsage_trips *trips, const tripsage_actor *actor,
                                     const tripsage__trip_gate *gate, int64_t version)
{
    return tripsage__trip_vector_make(vector, actor, gate->trip_id, version, tripsage__now_ms(trips->env),
                                      texts->title.data ? texts->title.data : "", texts->body.data, texts->body.size);
}

tripsage_status tripsage__trip_texts_read(tripsage__trip_texts *texts, tripsage__trip_vector *vector,
                                          tripsage_trips *trips, const tripsage_actor *actor,
                                          const tripsage__trip_gate *gate, const tripsage__trip_input *input)
{
    static const tripsage__buf empty = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    tripsage_status status;

    texts->title = texts->body = empty;
    status = read_texts(texts, trips, actor, gate, input);
    return status == TRIPSAGE_OK ? make_of_texts(vector, texts, trips, actor, gate, texts->version + 1) : status;
}

tripsage_status tripsage__trip_texts_again(tripsage__trip_texts *texts, tripsage__trip_vector *vector,
                                           tripsage_trips *trips, const tripsage_actor *actor,
                                           const tripsage__trip_gate *gate)
{
    const tripsage__step put = tripsage__trip_vector_step(vector);
    tripsage_status status;

    TRIPSAGE_TRY(read_texts(texts, trips, actor, gate, NULL));
    TRIPSAGE_TRY(make_of_texts(vector, texts, trips, actor, gate, texts->version));
    status = tripsage__store_write(trips->store, actor, &put, 1);
out:
    return status;
}

/* ---- what is like a trip ---- */

typedef struct similar {
    tripsage__trip_gate gate;
    tripsage__vector_scan scan;
    int is_aimed; /* the trip has a vector */
    int by_index;
    tripsage__trip_texts texts;
    tripsage__buf entry;
    unsigned char packed[TRIPSAGE_EMBEDDER_BUILTIN_DIMENSIONS * 4];
    tripsage__value params[SIMILAR_PARAMS];
} similar;

static tripsage__stored_vector vector_of(const tripsage__row *row)
{
    tripsage__stored_vector vector;

    vector.bytes = tripsage__row_blob(row, 0, &vector.size);
    vector.from_network = !tripsage__row_is_null(row, 1);
    return vector;
}

static void to_begin(void *context)
{
    similar *s = context;

    s->is_aimed = 0;
    texts_begin(&s->texts);
}

static tripsage_status to_row(void *context, const tripsage__row *row)
{
    similar *s = context;

    take_text(&s->texts.title, row, 2);
    take_text(&s->texts.body, row, 3);
    if (s->texts.title.failed || s->texts.body.failed)
        return TRIPSAGE_NOMEM();
    s->is_aimed = !tripsage__row_is_null(row, 0);
    return s->is_aimed ? tripsage__vector_scan_aim(&s->scan, vector_of(row)) : TRIPSAGE_OK;
}

static void similar_begin(void *context)
{
    similar *s = context;

    s->by_index = 0;
    tripsage__vector_scan_forget(&s->scan);
}

static tripsage_status similar_row(void *context, const tripsage__row *row)
{
    similar *s = context;
    const char *id = tripsage__row_text(row, 4, NULL);
    double score;
    tripsage_status status;

    if (!s->is_aimed)
        return TRIPSAGE_OK;
    status = tripsage__vector_scan_measure(&score, &s->scan, vector_of(row));
    if (status != TRIPSAGE_OK)
        return status;
    s->by_index |= tripsage__row_int(row, 1) != 0;
    if (!tripsage__vector_scan_wants(&s->scan, score, id))
        return TRIPSAGE_OK;
    s->entry.size = 0;
    tripsage__trip_entry_put(&s->entry, row, (int)tripsage__row_int(row, 2), 3);
    status = tripsage__buf_status(&s->entry);
    return status == TRIPSAGE_OK ? tripsage__vector_scan_keep(&s->scan, score, id, s->entry.data, s->entry.size)
                                 : status;
}

static tripsage__step similar_step(similar *s, const tripsage_actor *actor)
{
    const tripsage__step step = {actor->is_service ? &tripsage__sql_similar_all : &tripsage__sql_similar,
                                 s->params,
                                 SIMILAR_PARAMS,
                                 similar_begin,
                                 similar_row,
                                 s,
                                 NULL};

    return step;
}

static tripsage_status find(similar *s, tripsage_trips *trips, const tripsage_actor *actor, uint32_t limit)
{
    tripsage__step steps[3] = {tripsage__trip_gate_step(&s->gate),
                               {&tripsage__sql_similar_to, s->params, 3, to_begin, to_row, s, NULL},
                               similar_step(s, actor)};
    tripsage_status status;

    memcpy(s->params, s->gate.params, sizeof s->gate.params);
    s->params[3] = tripsage__null_of(TRIPSAGE__FLOATS);
    s->params[4] = tripsage__int(limit);
    TRIPSAGE_TRY(tripsage__store_read(trips->store, actor, steps, 3));
    status = tripsage__trip_gate_check(&s->gate, TRIPSAGE__ROLE_PUBLIC, 0);
out:
    return status;
}

/* A trip that lacks its vector, because another program wrote its texts, is asked for by what it has. */
static tripsage_status find_by_texts(similar *s, tripsage_trips *trips, const tripsage_actor *actor)
{
    tripsage__buf text = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    float values[TRIPSAGE_EMBEDDER_BUILTIN_DIMENSIONS];
    tripsage__stored_vector vector = {s->packed, sizeof s->packed, 0};
    tripsage__step step = similar_step(s, actor);
    int has_words =
        embed(values, &text, s->texts.title.data ? s->texts.title.data : "", s->texts.body.data, s->texts.body.size);
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__buf_status(&text));
    if (!has_words)
        goto out;
    tripsage__vector_pack(s->packed, values, TRIPSAGE_EMBEDDER_BUILTIN_DIMENSIONS);
    TRIPSAGE_TRY(tripsage__vector_scan_aim(&s->scan, vector));
    s->is_aimed = 1;
    s->params[3] = tripsage__floats(s->packed, sizeof s->packed);
    status = tripsage__store_read(trips->store, actor, &step, 1);
out:
    tripsage__buf_free(&text);
    return status;
}

static void put_found(tripsage__buf *out, const similar *s)
{
    tripsage__buf_printf(out, "{\"trip_id\":\"%s\",\"items\":[", s->gate.trip_id);
    for (size_t i = 0; i < s->scan.count; i++) {
        tripsage__buf_puts(out, i ? ",{\"trip\":" : "{\"trip\":");
        tripsage__buf_puts(out, s->scan.hits[i].metadata);
        TRIPSAGE__LIT(out, ",\"score\":");
        tripsage__json_put_number(out, s->scan.hits[i].score);
        tripsage__buf_putc(out, '}');
    }
    tripsage__buf_printf(out, "],\"method\":\"%s\"}", s->by_index ? "hnsw" : "exact");
}

tripsage_status tripsage_trip_similar(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor,
                                      const char *trip_id, uint32_t limit)
{
    static const tripsage__buf empty = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    tripsage_doc *doc = NULL;
    similar s;
    tripsage_status status;

    *out = NULL;
    memset(&s, 0, sizeof s);
    s.entry = s.texts.title = s.texts.body = empty;
    TRIPSAGE_TRY(tripsage__trip_gate_init(&s.gate, actor, trip_id));
    if (limit > LIMIT_MAX)
        return TRIPSAGE_FAIL_FIELD("#limit", "expected 1 to %u, or 0 for %u", LIMIT_MAX, LIMIT_DEFAULT);
    limit = limit ? limit : LIMIT_DEFAULT;
    TRIPSAGE_TRY(
        tripsage__vector_scan_init(&s.scan, &tripsage__trip_collection, actor, NULL, limit, NULL, NEAR_ENOUGH));
    TRIPSAGE_TRY(find(&s, trips, actor, limit));
    if (!s.is_aimed)
        TRIPSAGE_TRY(find_by_texts(&s, trips, actor));
    tripsage__vector_scan_order(&s.scan);
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 64 + s.scan.count * 512));
    put_found(&doc->json, &s);
out:
    tripsage__vector_scan_free(&s.scan);
    tripsage__trip_texts_free(&s.texts);
    tripsage__buf_free(&s.entry);
    return tripsage__doc_finish(out, doc, status);
}

/* ---- trips without a vector ---- */

typedef struct filling {
    tripsage_trips *trips;
    const tripsage_actor *actor;
    char after[TRIPSAGE__UUID_SIZE]; /* the last one that was read */
    struct filled {
        char id[TRIPSAGE__UUID_SIZE];
        tripsage__trip_vector vector;
    } * all;
    size_t count;
} filling;

static void filling_begin(void *context)
{
    ((filling *)context)->count = 0;
}

static tripsage_status filling_row(void *context, const tripsage__row *row)
{
    filling *f = context;
    struct filled *one = &f->all[f->count];
    size_t size, body_size;
    const char *id = tripsage__row_text(row, 0, &size), *title = tripsage__row_text(row, 2, NULL);
    const char *body = tripsage__row_text(row, 3, &body_size);

    if (f->count == FILL_BATCH || size >= sizeof one->id)
        return TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "a trip has an id that is none");
    memcpy(one->id, id, size + 1);
    f->count++;
    return tripsage__trip_vector_make(&one->vector, f->actor, one->id, tripsage__row_int(row, 1),
                                      tripsage__now_ms(f->trips->env), title, body, body_size);
}

static tripsage_status fill_once(filling *f)
{
    tripsage__value params[2] = {tripsage__text(f->after), tripsage__int(FILL_BATCH)};
    const tripsage__step look = {&tripsage__sql_trip_vector_lacking, params, 2, filling_begin, filling_row, f, NULL};
    tripsage__step steps[FILL_BATCH];
    tripsage_status status = tripsage__store_read(f->trips->store, f->actor, &look, 1);

    if (status != TRIPSAGE_OK || f->count == 0)
        return status;
    for (size_t i = 0; i < f->count; i++)
        steps[i] = tripsage__trip_vector_step(&f->all[i].vector);
    memcpy(f->after, f->all[f->count - 1].id, sizeof f->after);
    return tripsage__store_write(f->trips->store, f->actor, steps, f->count);
}

tripsage_status tripsage_trip_similar_fill(int64_t *count, tripsage_trips *trips, const tripsage_actor *actor)
{
    filling f = {trips, actor, "", NULL, 0};
    tripsage_status status = tripsage__actor_check(actor);

    *count = 0;
    if (status == TRIPSAGE_OK && !actor->is_service)
        status = TRIPSAGE_FAIL(TRIPSAGE_EFORBIDDEN, "only the service role writes the vectors of all trips");
    if (status != TRIPSAGE_OK)
        return status;
    f.all = tripsage__calloc(FILL_BATCH, sizeof *f.all);
    if (!f.all)
        return TRIPSAGE_NOMEM();
    do {
        status = fill_once(&f);
        if (status == TRIPSAGE_OK)
            for (size_t i = 0; i < f.count; i++)
                *count += f.all[i].vector.has_words;
    } while (status == TRIPSAGE_OK && f.count == FILL_BATCH);
    tripsage__free(f.all);
    return status;
}
