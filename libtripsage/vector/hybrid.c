/* hybrid.c: searching a collection: by nearness, by words, by both; one query or many in one read.
 *
 * Each query is a vector scan, a word scan, or the two, which know nothing of each other. Their rankings are fused by reciprocal rank
 * when both are there. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/observe.h"
#include "hybrid_like.h"
#include "hybrid_words.h"

/* Cormack, Clarke and Buettcher found 60 by trying, and that it does not matter much. */
#define RRF_K         60.0
#define DEPTH_DEFAULT 100u
#define K_DEFAULT     10u
#define STEPS_MAX     (TRIPSAGE__VECTOR_LIKE_STEPS + TRIPSAGE__WORD_SCAN_STEPS)

/* ---- one query ---- */

/* A row of the answer; a rank counts from 1, 0 is not in that ranking. Id and metadata are those of a hit. */
typedef struct found {
    const char *id, *metadata;
    double score;
    double vector_score, words_score;
    unsigned vector_rank, words_rank;
} found;

typedef struct asking {
    tripsage_vector_query query; /* complete, whatever version it came in */
    int has_vector, has_words;
    tripsage__vector_scan vector;
    tripsage__vector_like like;
    int is_through_index; /* the scan's rows come from `through` */
    tripsage__live_looking through;
    tripsage__word_scan words;
    found *rows;
    size_t count;
} asking;

static void asking_free(asking *a)
{
    tripsage__vector_scan_free(&a->vector);
    tripsage__live_look_free(&a->through);
    tripsage__word_scan_free(&a->words);
    tripsage__free(a->rows);
}

/* ---- what is asked ---- */

/* A query of version 1 ends where version 2 has more: nothing is read behind. */
static tripsage_status read_query(tripsage_vector_query *out, const tripsage_vector_query *query)
{
    const tripsage_vector_query none = TRIPSAGE_VECTOR_QUERY_INIT;

    *out = none;
    if (!query || query->version < 1 || query->version > none.version)
        return TRIPSAGE_FAIL_FIELD("#query", "the version must be 1 or %u: set by TRIPSAGE_VECTOR_QUERY_INIT",
                                   none.version);
    if (query->version == none.version) {
        *out = *query;
        return TRIPSAGE_OK;
    }
    out->text = query->text;
    out->values = query->values;
    out->value_count = query->value_count;
    out->k = query->k;
    out->filter = query->filter;
    out->min_score = query->min_score;
    out->has_min_score = query->has_min_score;
    return TRIPSAGE_OK;
}

static tripsage_status check_numbers(const tripsage_vector_query *q)
{
    if (q->k > TRIPSAGE_VECTOR_K_MAX)
        return TRIPSAGE_FAIL_FIELD("#k", "expected 1 to %u, or 0 for %u", TRIPSAGE_VECTOR_K_MAX, K_DEFAULT);
    if (q->depth > TRIPSAGE_VECTOR_K_MAX)
        return TRIPSAGE_FAIL_FIELD("#depth", "expected 1 to %u, or 0 for %u", TRIPSAGE_VECTOR_K_MAX, DEPTH_DEFAULT);
    if (q->has_min_score && !isfinite(q->min_score))
        return TRIPSAGE_FAIL_FIELD("#min_score", "expected a finite number");
    if (!(q->vector_weight >= 0.0 && q->words_weight >= 0.0) || !isfinite(q->vector_weight + q->words_weight))
        return TRIPSAGE_FAIL_FIELD("#weights", "expected finite numbers that are not negative");
    return TRIPSAGE_OK;
}

static tripsage_status complete_query(tripsage_vector_query *q)
{
    tripsage_status status = check_numbers(q);

    if (status != TRIPSAGE_OK)
        return status;
    if (!!q->text + !!q->values + !!q->like > 1 || !(q->text || q->values || q->like || q->words))
        return TRIPSAGE_FAIL_FIELD("#values", "expected one of a text, values and an item to be like, or words");
    if (q->k == 0)
        q->k = K_DEFAULT;
    if (q->depth == 0)
        q->depth = DEPTH_DEFAULT;
    if (q->depth < q->k)
        q->depth = q->k;
    if (!(q->vector_weight + q->words_weight > 0.0))
        q->vector_weight = q->words_weight = 1.0;
    return TRIPSAGE_OK;
}

/* How many a ranking has to give: the item itself comes out of what is like it. */
static uint32_t ranks_of(const asking *a)
{
    return (a->has_vector && a->has_words ? a->query.depth : a->query.k) + (a->query.like != NULL);
}

/* An index has to be asked before the read, so what something is to be like is read before that. */
static tripsage_status ask_index(asking *a, tripsage_vector *vector, const tripsage_actor *actor)
{
    tripsage_status status = TRIPSAGE_OK;

    if (!vector->live)
        return TRIPSAGE_OK;
    if (a->query.like) {
        const tripsage__step find = tripsage__vector_like_find_step(&a->like, &a->vector, a->query.like);

        TRIPSAGE_TRY(tripsage__store_read(vector->store, actor, &find, 1));
        if (!a->like.found)
            return TRIPSAGE_OK;
    }
    TRIPSAGE_TRY(tripsage__live_look_init(&a->through, vector, &a->vector, actor, ranks_of(a)));
    a->is_through_index = a->through.answer.collection_id != 0;
out:
    return status;
}

static tripsage_status ask_nearness(asking *a, tripsage_vector *vector, const tripsage__collection *collection,
                                    const tripsage_actor *actor)
{
    const tripsage_vector_query *q = &a->query;
    float *values = NULL;
    tripsage_status status = TRIPSAGE_OK;

    if (!q->like) {
        values = tripsage__malloc(collection->dimensions * sizeof *values);
        if (!values)
            return TRIPSAGE_NOMEM();
        TRIPSAGE_TRY(
            tripsage__vector_resolve(values, NULL, collection, q->text, q->values, q->value_count, "#text", "#values"));
    }
    TRIPSAGE_TRY(tripsage__vector_scan_init(&a->vector, collection, actor, values, ranks_of(a), q->filter,
                                            q->has_min_score ? q->min_score : -HUGE_VAL));
    status = ask_index(a, vector, actor);
out:
    tripsage__free(values);
    return status;
}

static tripsage_status asking_read(asking *a, const tripsage_vector_query *query)
{
    const tripsage_vector_query *q = &a->query;
    tripsage_status status;

    TRIPSAGE_TRY(read_query(&a->query, query));
    TRIPSAGE_TRY(complete_query(&a->query));
    a->has_vector = q->text || q->values || q->like;
    a->has_words = q->words != NULL;
out:
    return status;
}

/* Free on every path after it. */
static tripsage_status asking_init(asking *a, tripsage_vector *vector, const tripsage__collection *collection,
                                   const tripsage_actor *actor)
{
    const tripsage_vector_query *q = &a->query;
    tripsage_status status = TRIPSAGE_OK;

    if (a->has_vector)
        TRIPSAGE_TRY(ask_nearness(a, vector, collection, actor));
    if (a->has_words)
        status = tripsage__word_scan_init(&a->words, collection, actor, q->words, ranks_of(a), q->filter,
                                          q->has_min_score && !a->has_vector ? q->min_score : -HUGE_VAL);
out:
    return status;
}

/* Gives how many there are. */
static size_t asking_steps(asking *a, tripsage__step out[STEPS_MAX])
{
    size_t count = 0;

    if (a->is_through_index) {
        tripsage__live_look_steps(&a->through, out);
        count = TRIPSAGE__LIVE_STEPS;
    } else if (a->has_vector && a->query.like) {
        tripsage__vector_like_steps(&a->like, &a->vector, a->query.like, out);
        count = TRIPSAGE__VECTOR_LIKE_STEPS;
    } else if (a->has_vector) {
        tripsage__vector_scan_steps(&a->vector, out);
        count = TRIPSAGE__VECTOR_SCAN_STEPS;
    }
    if (a->has_words) {
        tripsage__word_scan_steps(&a->words, out + count);
        count += TRIPSAGE__WORD_SCAN_STEPS;
    }
    return count;
}

/* ---- two rankings made one ---- */

static int is_itself(const asking *a, const char *id)
{
    return a->query.like && strcmp(a->query.like, id) == 0;
}

static void take_nearness(asking *a)
{
    unsigned rank = 0;

    for (size_t i = 0; i < a->vector.count; i++) {
        const tripsage__vector_hit *hit = &a->vector.hits[i];
        found row = {hit->id, hit->metadata, hit->score, hit->score, 0.0, 0, 0};

        if (is_itself(a, hit->id))
            continue;
        row.vector_rank = ++rank;
        a->rows[a->count++] = row;
    }
}

static void take_words(asking *a)
{
    unsigned rank = 0;

    for (size_t i = 0; i < a->words.count; i++) {
        const tripsage__vector_hit *hit = &a->words.hits[i];
        found row = {hit->id, hit->metadata, hit->score, 0.0, hit->score, 0, 0};

        if (is_itself(a, hit->id))
            continue;
        row.words_rank = ++rank;
        a->rows[a->count++] = row;
    }
}

static int compare_ids(const void *a, const void *b)
{
    return strcmp(((const found *)a)->id, ((const found *)b)->id);
}

static int compare_scores(const void *a, const void *b)
{
    const found *x = a, *y = b;

    if (x->score > y->score || x->score < y->score)
        return x->score > y->score ? -1 : 1;
    if (!x->words_rank != !y->words_rank)
        return x->words_rank ? -1 : 1;
    return strcmp(x->id, y->id);
}

/* Rows of one id, which stand together, become one. */
static void unite(asking *a)
{
    size_t kept = 0;

    qsort(a->rows, a->count, sizeof *a->rows, compare_ids);
    for (size_t i = 0; i < a->count; i++) {
        found *before = kept ? &a->rows[kept - 1] : NULL;

        if (!before || strcmp(before->id, a->rows[i].id) != 0) {
            a->rows[kept++] = a->rows[i];
            continue;
        }
        before->vector_rank += a->rows[i].vector_rank;
        before->words_rank += a->rows[i].words_rank;
        before->vector_score += a->rows[i].vector_score;
        before->words_score += a->rows[i].words_score;
    }
    a->count = kept;
}

static void fuse(asking *a)
{
    const tripsage_vector_query *q = &a->query;
    double most = (q->vector_weight + q->words_weight) / (RRF_K + 1.0);

    unite(a);
    for (size_t i = 0; i < a->count; i++) {
        found *row = &a->rows[i];
        double by_vector = row->vector_rank ? q->vector_weight / (RRF_K + row->vector_rank) : 0.0;
        double by_words = row->words_rank ? q->words_weight / (RRF_K + row->words_rank) : 0.0;

        row->score = (by_vector + by_words) / most;
    }
    qsort(a->rows, a->count, sizeof *a->rows, compare_scores);
}

/* After the read. */
static tripsage_status asking_end(asking *a, tripsage_vector *vector)
{
    tripsage_status status = TRIPSAGE_OK;

    if (a->is_through_index)
        TRIPSAGE_TRY(tripsage__live_look_end(&a->through));
    else if (a->has_vector)
        tripsage__live_scanned(vector->live, &a->vector.collection, a->vector.seen);
    if (a->has_vector)
        TRIPSAGE_TRY(tripsage__vector_scan_end(&a->vector));
    if (a->has_words)
        tripsage__word_scan_end(&a->words);
    if (a->has_vector && a->query.like)
        TRIPSAGE_TRY(tripsage__vector_like_end(&a->like));
    a->rows = tripsage__calloc(a->vector.count + a->words.count + 1, sizeof *a->rows);
    if (!a->rows)
        return TRIPSAGE_NOMEM();
    take_nearness(a);
    take_words(a);
    if (a->has_vector && a->has_words)
        fuse(a);
    if (a->count > a->query.k)
        a->count = a->query.k;
out:
    return status;
}

/* ---- the answer ---- */

static void put_place(tripsage__buf *out, const char *name, unsigned rank, double score)
{
    tripsage__buf_printf(out, "\"%s\":{\"rank\":%u,\"score\":", name, rank);
    tripsage__json_put_number(out, score);
    tripsage__buf_putc(out, '}');
}

static void put_row(tripsage__buf *out, const found *row, int with_lists)
{
    TRIPSAGE__LIT(out, "{\"id\":");
    tripsage__json_put_string(out, row->id);
    TRIPSAGE__LIT(out, ",\"score\":");
    tripsage__json_put_number(out, row->score);
    TRIPSAGE__LIT(out, ",\"metadata\":");
    tripsage__buf_puts(out, row->metadata);
    if (with_lists) {
        TRIPSAGE__LIT(out, ",\"lists\":{");
        if (row->vector_rank)
            put_place(out, "vector", row->vector_rank, row->vector_score);
        if (row->vector_rank && row->words_rank)
            tripsage__buf_putc(out, ',');
        if (row->words_rank)
            put_place(out, "words", row->words_rank, row->words_score);
        tripsage__buf_putc(out, '}');
    }
    tripsage__buf_putc(out, '}');
}

static const char *nearness_of(const asking *a)
{
    return a->vector.by_index ? "hnsw" : "exact";
}

/* "method" of an answer. */
static const char *method_of(const asking *a)
{
    return a->has_vector && a->has_words ? "hybrid" : a->has_vector ? nearness_of(a) : "bm25";
}

static void put_answer(tripsage__buf *out, const asking *a)
{
    int is_hybrid = a->has_vector && a->has_words;

    TRIPSAGE__LIT(out, "{\"items\":[");
    for (size_t i = 0; i < a->count; i++) {
        if (i)
            tripsage__buf_putc(out, ',');
        put_row(out, &a->rows[i], is_hybrid);
    }
    tripsage__buf_printf(out, "],\"method\":\"%s\"", method_of(a));
    if (is_hybrid)
        tripsage__buf_printf(out, ",\"vector\":\"%s\"", nearness_of(a));
    tripsage__buf_putc(out, '}');
}

/* ---- the calls ---- */

typedef struct search {
    asking *all;
    size_t made, count; /* how many of them there are so far */
    tripsage__step *steps;
    float *vectors; /* of the texts of all, where they are embedded before */
} search;

static void search_free(search *s)
{
    for (size_t i = 0; i < s->made; i++)
        asking_free(&s->all[i]);
    tripsage__free(s->all);
    tripsage__free(s->steps);
    tripsage__free(s->vectors);
}

/* Says of a query's error which query it was. */
static tripsage_status place_error(tripsage_status status, size_t i)
{
    tripsage_error error;
    char pointer[sizeof error.fields[0].pointer];

    if (status != TRIPSAGE_EINVALID)
        return status;
    tripsage__error_save(&error);
    if (error.field_count == 0 || error.fields[0].pointer[0] != '#')
        return status;
    snprintf(pointer, sizeof pointer, "/%zu/%.100s", i, error.fields[0].pointer + 1);
    return TRIPSAGE_FAIL_FIELD(pointer, "%s", error.fields[0].message);
}

/* Embeds the texts of all queries together and puts the vectors in their place. */
static tripsage_status embed_texts(search *s, tripsage_vector *vector, const tripsage__collection *collection,
                                   size_t count, int is_many)
{
    const char *texts[TRIPSAGE_VECTOR_QUERIES_MAX];
    size_t places[TRIPSAGE_VECTOR_QUERIES_MAX], n = 0;
    tripsage_status status;

    for (size_t i = 0; i < count; i++)
        if (s->all[i].query.text) {
            places[n] = i;
            texts[n++] = s->all[i].query.text;
        }
    if (!n || !tripsage__vector_embeds_before(collection))
        return TRIPSAGE_OK;
    s->vectors = tripsage__calloc(n, collection->dimensions * sizeof *s->vectors);
    if (!s->vectors)
        return TRIPSAGE_NOMEM();
    status = tripsage__vector_embed(s->vectors, vector, collection, TRIPSAGE_EMBED_QUERY, texts, n,
                                    is_many ? places : NULL, "#text");
    for (size_t i = 0; i < n; i++) {
        tripsage_vector_query *q = &s->all[places[i]].query;

        q->text = NULL;
        q->values = s->vectors + i * collection->dimensions;
        q->value_count = collection->dimensions;
    }
    return status;
}

static tripsage_status search_init(search *s, tripsage_vector *vector, const tripsage__collection *collection,
                                   const tripsage_actor *actor, const tripsage_vector_query *const *queries,
                                   size_t count, int is_many)
{
    tripsage_status status = TRIPSAGE_OK;

    memset(s, 0, sizeof *s);
    s->all = tripsage__calloc(count, sizeof *s->all);
    s->steps = tripsage__calloc(count * STEPS_MAX, sizeof *s->steps);
    if (!s->all || !s->steps)
        return TRIPSAGE_NOMEM();
    for (size_t i = 0; i < count && status == TRIPSAGE_OK; i++) {
        status = asking_read(&s->all[i], queries[i]);
        if (is_many)
            status = place_error(status, i);
    }
    if (status == TRIPSAGE_OK)
        status = embed_texts(s, vector, collection, count, is_many);
    for (size_t i = 0; i < count && status == TRIPSAGE_OK; i++) {
        status = asking_init(&s->all[i], vector, collection, actor);
        s->made++;
        if (is_many)
            status = place_error(status, i);
        if (status == TRIPSAGE_OK)
            s->count += asking_steps(&s->all[i], s->steps + s->count);
    }
    return status;
}

static void put_answers(tripsage__buf *out, const search *s, int is_many)
{
    if (is_many)
        TRIPSAGE__LIT(out, "{\"results\":[");
    for (size_t i = 0; i < s->made; i++) {
        if (i)
            tripsage__buf_putc(out, ',');
        put_answer(out, &s->all[i]);
    }
    if (is_many)
        TRIPSAGE__LIT(out, "]}");
}

static tripsage_status search_now(tripsage_doc **out, const char **method, tripsage_vector *vector,
                                  const tripsage_actor *actor, const char *name,
                                  const tripsage_vector_query *const *queries, size_t count, int is_many)
{
    tripsage__collection collection;
    tripsage_doc *doc = NULL;
    search s;
    tripsage_status status = tripsage__collection_find(&collection, vector, name);

    if (status != TRIPSAGE_OK)
        return status;
    TRIPSAGE_TRY(search_init(&s, vector, &collection, actor, queries, count, is_many));
    TRIPSAGE_TRY(tripsage__store_read(vector->store, actor, s.steps, s.count));
    for (size_t i = 0; i < count; i++)
        TRIPSAGE_TRY(asking_end(&s.all[i], vector));
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 1024));
    put_answers(&doc->json, &s, is_many);
    *method = method_of(&s.all[0]);
out:
    search_free(&s);
    return tripsage__doc_finish(out, doc, status);
}

void tripsage__vector_before_search(tripsage_vector *vector, tripsage__before_search_fn call, void *context)
{
    vector->before_search = call;
    vector->before_search_context = context;
}

static tripsage_status search_once(tripsage_doc **out, tripsage_vector *vector, const tripsage_actor *actor,
                                   const char *name, const tripsage_vector_query *const *queries, size_t count,
                                   int is_many)
{
    tripsage__observer *observer = tripsage__env_observer(vector->env);
    const char *method = "none";
    tripsage_status status;
    tripsage__op op;

    if (!observer)
        return search_now(out, &method, vector, actor, name, queries, count, is_many);
    tripsage__op_begin(&op, observer, TRIPSAGE__OP_SEARCH);
    status = search_now(out, &method, vector, actor, name, queries, count, is_many);
    op.system = vector->live ? "tripsage" : "pgvector";
    op.names = &method;
    op.name_count = 1;
    op.size = count;
    tripsage__op_end(&op, status);
    return status;
}

static tripsage_status search_all(tripsage_doc **out, tripsage_vector *vector, const tripsage_actor *actor,
                                  const char *name, const tripsage_vector_query *const *queries, size_t count,
                                  int is_many)
{
    tripsage_status status = TRIPSAGE_OK;

    if (vector->before_search && name)
        status = vector->before_search(vector->before_search_context, name);
    if (status == TRIPSAGE_OK)
        status = search_once(out, vector, actor, name, queries, count, is_many);
    if (!tripsage__collection_is_of_another_day(status))
        return status;
    tripsage__collection_forget(vector, name);
    return search_once(out, vector, actor, name, queries, count, is_many);
}

tripsage_status tripsage_vector_search(tripsage_doc **out, tripsage_vector *vector, const tripsage_actor *actor,
                                       const char *collection, const tripsage_vector_query *query)
{
    tripsage_status status = tripsage__actor_check_scope(actor, TRIPSAGE__SCOPE_VECTORS_READ);

    *out = NULL;
    return status == TRIPSAGE_OK ? search_all(out, vector, actor, collection, &query, 1, 0) : status;
}

tripsage_status tripsage_vector_search_many(tripsage_doc **out, tripsage_vector *vector, const tripsage_actor *actor,
                                            const char *collection, const tripsage_vector_query *const *queries,
                                            size_t count)
{
    tripsage_status status = tripsage__actor_check_scope(actor, TRIPSAGE__SCOPE_VECTORS_READ);

    *out = NULL;
    if (status != TRIPSAGE_OK)
        return status;
    if (!queries || count < 1 || count > TRIPSAGE_VECTOR_QUERIES_MAX)
        return TRIPSAGE_FAIL_FIELD("#count", "expected 1 to %u queries", TRIPSAGE_VECTOR_QUERIES_MAX);
    return search_all(out, vector, actor, collection, queries, count, 1);
}
