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
/* 1,000 trips of what one search makes: some 100 ms at its worst. What is more is left to the next ones. */
#define FILL_BATCHES 10
/* One write notes at most as many trips as wanted, so that it holds the writer for milliseconds. */
#define WANT_BATCH 10000

const tripsage__collection tripsage__trip_collection = {
    TRIPSAGE__COLLECTION_TRIPS, TRIPSAGE_EMBEDDER_BUILTIN_DIMENSIONS, TRIPSAGE_COSINE, TRIPSAGE_EMBEDDER_BUILTIN};

/* ---- statements ---- */

#define COLLECTION "(SELECT c.id FROM vector_collection c WHERE c.name = '" TRIPSAGE__COLLECTION_TRIPS "')"
#define OWNER      "CASE WHEN t.deleted_at IS NOT NULL THEN '-' WHEN t.visibility = 'public' THEN '' ELSE t.user_id END"

#define OUR_COLLECTION                                                                                                 \
    "c.name = '" TRIPSAGE__COLLECTION_TRIPS "' AND c.dimensions = $5 AND c.metric = $6 AND c.embedder = $7"
#define STILL_WANTED "SELECT 1 FROM trip_unembedded u WHERE u.seq = t.seq AND u.version = $2"

/* $1 the trip, $2 the version its texts were read with, $3 the vector (NULL: they have no word), $4 now, $5 dimensions, $6 metric, $7
 * embedder */
const tripsage__statement tripsage__sql_trip_vector_put = {
    "trip_vector_put",
    "INSERT INTO vector_item (collection_id, id, owner_id, metadata, embedding, updated_at) SELECT c.id, t.id, " OWNER
    ", '{}', $3, $4 FROM trip t CROSS JOIN vector_collection c WHERE t.id = $1 AND $3 IS NOT NULL AND " OUR_COLLECTION
    " AND EXISTS (" STILL_WANTED ") ON CONFLICT (collection_id, id) DO UPDATE SET owner_id = excluded.owner_id, "
    "embedding = excluded.embedding, updated_at = excluded.updated_at",
    "SELECT trip_vector_put($1, $2, $3, $4, $5, $6, $7)"};
enum { PUT_PARAMS = 7 };

/* The same parameters. */
const tripsage__statement tripsage__sql_trip_vector_done = {
    "trip_vector_done",
    "DELETE FROM trip_unembedded WHERE seq = (SELECT t.seq FROM trip t WHERE t.id = $1) AND version = $2 AND EXISTS "
    "(SELECT 1 FROM vector_collection c WHERE " OUR_COLLECTION ")",
    ""};

const tripsage__statement tripsage__sql_trip_vector_want_new = {
    "trip_vector_want_new", "INSERT INTO trip_unembedded (seq, version) VALUES (last_insert_rowid(), 1)", ""};
const tripsage__statement tripsage__sql_trip_vector_want_once = {
    "trip_vector_want_once",
    "INSERT INTO trip_unembedded (seq, version) SELECT last_insert_rowid(), 1 WHERE changes() > 0", ""};
const tripsage__statement tripsage__sql_trip_vector_want = {
    "trip_vector_want",
    "INSERT INTO trip_unembedded (seq, version) SELECT t.seq, t.version FROM trip t WHERE changes() > 0 AND t.id = $3 "
    "ON CONFLICT (seq) DO UPDATE SET version = excluded.version",
    ""};

/* Whatever the gate said: the owner is the trip's, changed or not. */
const tripsage__statement tripsage__sql_trip_vector_owner = {
    "trip_vector_owner",
    "UPDATE vector_item SET owner_id = (SELECT " OWNER " FROM trip t WHERE t.id = $3) WHERE collection_id = " COLLECTION
    " AND id = $3 AND EXISTS (SELECT 1 FROM trip t WHERE t.id = $3)",
    ""};

/* Right behind trip_vector_want. */
const tripsage__statement tripsage__sql_trip_vector_drop = {
    "trip_vector_drop", "DELETE FROM vector_item WHERE changes() > 0 AND collection_id = " COLLECTION " AND id = $3",
    ""};

#define PG_BODY "trip_body(t.description, t.destinations, t.tags)"

const tripsage__statement tripsage__sql_trip_vectors_lack = {
    "trip_vectors_lack", "SELECT EXISTS (SELECT 1 FROM trip_unembedded WHERE seq > 0)",
    "SELECT is_any_trip_unembedded()"};

/* $1 the last one before, $2 how many: the newest first, which are most likely whose they are who asks. Each trip is looked up, whatever
 * the planner knows of how many there are. */
const tripsage__statement tripsage__sql_trip_vectors_wanted = {
    "trip_vectors_wanted",
    "SELECT u.seq, t.id, u.version, t.title, " TRIPSAGE__SQL_TRIP_BODY
    " FROM trip_unembedded u CROSS JOIN trip t WHERE t.seq = u.seq AND u.seq < $1 ORDER BY u.seq DESC LIMIT $2",
    "SELECT u.seq, t.id, u.version, t.title, " PG_BODY " FROM (SELECT o.seq, o.version FROM trip_unembedded o "
    "WHERE o.seq < $1 ORDER BY o.seq DESC LIMIT $2) u, LATERAL (SELECT i.id, i.title, i.description, i.destinations, "
    "i.tags FROM trip i WHERE i.seq = u.seq OFFSET 0) t"};

/* Those that have none, whoever wrote them: among the trips from $1 on, in front of $2. */
const tripsage__statement tripsage__sql_trip_vectors_want = {
    "trip_vectors_want",
    "INSERT INTO trip_unembedded (seq, version) SELECT t.seq, t.version FROM trip t WHERE t.seq >= $1 AND t.seq < $2 "
    "AND NOT EXISTS (SELECT 1 FROM vector_item v WHERE v.collection_id = " COLLECTION
    " AND v.id = t.id) ON CONFLICT (seq) DO NOTHING",
    NULL};
const tripsage__statement tripsage__sql_trip_last = {
    "trip_last", "SELECT seq FROM trip WHERE seq < 9223372036854775807 ORDER BY seq DESC LIMIT 1", NULL};

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

tripsage__step tripsage__trip_vector_want_new_step(int once)
{
    const tripsage__step step = {once ? &tripsage__sql_trip_vector_want_once : &tripsage__sql_trip_vector_want_new,
                                 NULL,
                                 0,
                                 NULL,
                                 NULL,
                                 NULL,
                                 NULL};

    return step;
}

void tripsage__trip_vector_want_steps(const tripsage__trip_gate *gate, tripsage__step out[TRIPSAGE__TRIP_VECTOR_STEPS])
{
    const tripsage__step want = {&tripsage__sql_trip_vector_want, gate->params, 3, NULL, NULL, NULL, NULL};
    const tripsage__step drop = {&tripsage__sql_trip_vector_drop, gate->params, 3, NULL, NULL, NULL, NULL};

    out[0] = want;
    out[1] = drop;
}

tripsage__step tripsage__trip_vector_owner_step(const tripsage__trip_gate *gate)
{
    const tripsage__step step = {&tripsage__sql_trip_vector_owner, gate->params, 3, NULL, NULL, NULL, NULL};

    return step;
}

/* ---- making what is wanted ---- */

/* One that is made. */
typedef struct made {
    char id[TRIPSAGE__UUID_SIZE];
    unsigned char packed[TRIPSAGE_EMBEDDER_BUILTIN_DIMENSIONS * 4];
    tripsage__value params[PUT_PARAMS];
} made;

typedef struct filling {
    int64_t before; /* the last one that was read */
    int64_t now;
    made *all;
    size_t count;
    int64_t with_words;
} filling;

static void filling_begin(void *context)
{
    ((filling *)context)->count = 0;
}

static void bind_made(made *one, int64_t version, int64_t now, int has_words)
{
    const tripsage__collection *c = &tripsage__trip_collection;
    tripsage__value *p = one->params;

    *p++ = tripsage__text(one->id);
    *p++ = tripsage__int(version);
    *p++ = has_words ? tripsage__floats(one->packed, sizeof one->packed) : tripsage__null_of(TRIPSAGE__FLOATS);
    *p++ = tripsage__int(now);
    *p++ = tripsage__int(c->dimensions);
    *p++ = tripsage__int(c->metric);
    *p++ = tripsage__text(c->embedder);
}

static tripsage_status filling_row(void *context, const tripsage__row *row)
{
    filling *f = context;
    made *one = &f->all[f->count];
    float values[TRIPSAGE_EMBEDDER_BUILTIN_DIMENSIONS];
    tripsage__buf text = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    size_t size, body_size;
    const char *id = tripsage__row_text(row, 1, &size), *title = tripsage__row_text(row, 3, NULL);
    const char *body = tripsage__row_text(row, 4, &body_size);
    int has_words;
    tripsage_status status;

    if (f->count == FILL_BATCH || size >= sizeof one->id)
        return TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "a trip has an id that is none");
    memcpy(one->id, id, size + 1);
    has_words = embed(values, &text, title, body, body_size);
    status = tripsage__buf_status(&text);
    tripsage__buf_free(&text);
    if (status != TRIPSAGE_OK)
        return status;
    tripsage__vector_pack(one->packed, values, TRIPSAGE_EMBEDDER_BUILTIN_DIMENSIONS);
    bind_made(one, tripsage__row_int(row, 2), f->now, has_words);
    f->before = tripsage__row_int(row, 0);
    f->count++;
    return TRIPSAGE_OK;
}

static tripsage_status fill_batch(filling *f, tripsage_trips *trips)
{
    const tripsage__value params[2] = {tripsage__int(f->before), tripsage__int(FILL_BATCH)};
    const tripsage__step look = {&tripsage__sql_trip_vectors_wanted, params, 2, filling_begin, filling_row, f, NULL};
    tripsage__step steps[2 * FILL_BATCH];
    tripsage_status status;

    f->now = tripsage__now_ms(trips->env);
    status = tripsage__store_read(trips->store, NULL, &look, 1);
    if (status != TRIPSAGE_OK || f->count == 0)
        return status;
    for (size_t i = 0; i < f->count; i++) {
        const tripsage__step put = {
            &tripsage__sql_trip_vector_put, f->all[i].params, PUT_PARAMS, NULL, NULL, NULL, NULL};
        const tripsage__step done = {
            &tripsage__sql_trip_vector_done, f->all[i].params, PUT_PARAMS, NULL, NULL, NULL, NULL};

        steps[2 * i] = put;
        steps[2 * i + 1] = done;
    }
    status = tripsage__store_write(trips->store, NULL, steps, 2 * f->count);
    for (size_t i = 0; status == TRIPSAGE_OK && i < f->count; i++)
        f->with_words += f->all[i].params[2].type != TRIPSAGE__NULL;
    return status;
}

/* What is changed meanwhile is left as it is; whoever comes next makes that. */
static tripsage_status fill(int64_t *count, tripsage_trips *trips, size_t batches)
{
    filling f = {INT64_MAX, 0, NULL, 0, 0};
    tripsage_status status;

    *count = 0;
    f.all = tripsage__calloc(FILL_BATCH, sizeof *f.all);
    if (!f.all)
        return TRIPSAGE_NOMEM();
    do {
        status = fill_batch(&f, trips);
    } while (status == TRIPSAGE_OK && f.count == FILL_BATCH && --batches);
    *count = f.with_words;
    tripsage__free(f.all);
    return status;
}

/* For a search, which finds what it finds where this fails. 1: it made some. */
static int fill_for_search(tripsage_trips *trips)
{
    int64_t count;

    if (fill(&count, trips, FILL_BATCHES) != TRIPSAGE_OK)
        tripsage__log(trips->env, TRIPSAGE_LOG_WARN, "trip", "trips that changed are not found by likeness yet: %s",
                      tripsage_last_error()->message);
    return count > 0;
}

static void lack_begin(void *context)
{
    *(int *)context = 0;
}

static tripsage_status lack_row(void *context, const tripsage__row *row)
{
    *(int *)context = tripsage__row_int(row, 0) != 0;
    return TRIPSAGE_OK;
}

static tripsage__step lack_step(int *lack)
{
    const tripsage__step step = {&tripsage__sql_trip_vectors_lack, NULL, 0, lack_begin, lack_row, lack, NULL};

    return step;
}

tripsage_status tripsage__trip_vectors_make(tripsage_trips *trips)
{
    int lack = 0;
    const tripsage__step step = lack_step(&lack);
    tripsage_status status = tripsage__store_read(trips->store, NULL, &step, 1);

    if (status == TRIPSAGE_OK && lack)
        fill_for_search(trips);
    return status;
}

/* ---- what is like a trip ---- */

typedef struct similar {
    tripsage__trip_gate gate;
    tripsage__vector_scan scan;
    int lack;     /* some trips' vectors are still to be made */
    int is_aimed; /* the trip has a vector */
    int by_index;
    tripsage__buf title, body; /* of the trip */
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
    s->title.size = s->body.size = 0;
}

static void take_text(tripsage__buf *out, const tripsage__row *row, int column)
{
    size_t size;
    const char *text = tripsage__row_text(row, column, &size);

    tripsage__buf_put(out, text, size);
}

static tripsage_status to_row(void *context, const tripsage__row *row)
{
    similar *s = context;

    take_text(&s->title, row, 2);
    take_text(&s->body, row, 3);
    if (s->title.failed || s->body.failed)
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
    tripsage__step steps[4] = {tripsage__trip_gate_step(&s->gate),
                               lack_step(&s->lack),
                               {&tripsage__sql_similar_to, s->params, 3, to_begin, to_row, s, NULL},
                               similar_step(s, actor)};
    tripsage_status status;

    memcpy(s->params, s->gate.params, sizeof s->gate.params);
    s->params[3] = tripsage__null_of(TRIPSAGE__FLOATS);
    s->params[4] = tripsage__int(limit);
    TRIPSAGE_TRY(tripsage__store_read(trips->store, actor, steps, 4));
    status = tripsage__trip_gate_check(&s->gate, TRIPSAGE__ROLE_PUBLIC, 0);
out:
    return status;
}

/* A trip that lacks its vector still, because it could not be made, is asked for by what it has. */
static tripsage_status find_by_texts(similar *s, tripsage_trips *trips, const tripsage_actor *actor)
{
    tripsage__buf text = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    float values[TRIPSAGE_EMBEDDER_BUILTIN_DIMENSIONS];
    tripsage__stored_vector vector = {s->packed, sizeof s->packed, 0};
    tripsage__step step = similar_step(s, actor);
    int has_words = embed(values, &text, s->title.data ? s->title.data : "", s->body.data, s->body.size);
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
    s.entry = s.title = s.body = empty;
    TRIPSAGE_TRY(tripsage__trip_gate_init(&s.gate, actor, trip_id));
    if (limit > LIMIT_MAX)
        return TRIPSAGE_FAIL_FIELD("#limit", "expected 1 to %u, or 0 for %u", LIMIT_MAX, LIMIT_DEFAULT);
    limit = limit ? limit : LIMIT_DEFAULT;
    TRIPSAGE_TRY(
        tripsage__vector_scan_init(&s.scan, &tripsage__trip_collection, actor, NULL, limit, NULL, NEAR_ENOUGH));
    TRIPSAGE_TRY(find(&s, trips, actor, limit));
    if (s.lack && fill_for_search(trips))
        TRIPSAGE_TRY(find(&s, trips, actor, limit));
    if (!s.is_aimed)
        TRIPSAGE_TRY(find_by_texts(&s, trips, actor));
    tripsage__vector_scan_order(&s.scan);
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 64 + s.scan.count * 512));
    put_found(&doc->json, &s);
out:
    tripsage__vector_scan_free(&s.scan);
    tripsage__buf_free(&s.title);
    tripsage__buf_free(&s.body);
    tripsage__buf_free(&s.entry);
    return tripsage__doc_finish(out, doc, status);
}

/* ---- trips without a vector ---- */

static tripsage_status last_row(void *context, const tripsage__row *row)
{
    *(int64_t *)context = tripsage__row_int(row, 0);
    return TRIPSAGE_OK;
}

static tripsage_status want_all(tripsage_trips *trips)
{
    int64_t last = 0;
    tripsage_status status = TRIPSAGE_OK;

    for (int64_t from = 0; status == TRIPSAGE_OK && from <= last; from += WANT_BATCH) {
        const tripsage__value params[2] = {tripsage__int(from), tripsage__int(from + WANT_BATCH)};
        const tripsage__step steps[2] = {{&tripsage__sql_trip_vectors_want, params, 2, NULL, NULL, NULL, NULL},
                                         {&tripsage__sql_trip_last, NULL, 0, NULL, last_row, &last, NULL}};

        status = tripsage__store_write(trips->store, NULL, steps, 2);
    }
    return status;
}

tripsage_status tripsage_trip_similar_fill(int64_t *count, tripsage_trips *trips, const tripsage_actor *actor)
{
    tripsage_status status = tripsage__actor_check(actor);

    *count = 0;
    if (status == TRIPSAGE_OK && !actor->is_service)
        status = TRIPSAGE_FAIL(TRIPSAGE_EFORBIDDEN, "only the service role writes the vectors of all trips");
    if (status == TRIPSAGE_OK)
        status = want_all(trips);
    return status == TRIPSAGE_OK ? fill(count, trips, SIZE_MAX) : status;
}
