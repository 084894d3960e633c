/* rig/vector_oracle_test.c: ten thousand questions at random to SQLite's engine, to pgvector, and to a sort written out again here:
 * dimensions, metrics, owners, filters, how many, from which score on, and ties. Of the collections some are large enough for SQLite's side
 * to have an index. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "support/postgres.h"
#include "support/threads.h"
#include "support/world.h"

#define URL "postgresql://?host={rig}/direct&dbname={db}&user=" TEST_PG_APP

enum {
    COLLECTIONS = 40,
    QUESTIONS = 250, /* of each: 10,000 in all */
    INDEXED_EVERY = 8,
    ROWS_MAX = 2600,
    DIMENSIONS_MAX = 320,
    BATCH = 650,
    THREADS = 4
};

/* ---- a collection ---- */

typedef struct item {
    char id[32], metadata[64];
    int owner; /* 0: everybody's; else one of the people */
    int colour, size;
    float values[DIMENSIONS_MAX];
} item;

typedef struct collection {
    char name[16];
    uint32_t dimensions;
    tripsage_metric metric;
    size_t count;
    item *items;
} collection;

static collection all[COLLECTIONS];
static tripsage_vector *embedded;

/* Small whole numbers: sums of their products are exact in every order, and many items are equally near. For cosines any numbers: those of
 * two that only have the same direction differ in the last bit, by whoever computes them, and then it is open which of many is the last of
 * k. */
static void draw_values(float *out, const collection *c, uint64_t *seed)
{
    int some = 0;

    for (uint32_t d = 0; d < c->dimensions; d++) {
        out[d] = c->metric == TRIPSAGE_COSINE ? (float)test_draw(seed, 1 << 24) / (1 << 23) - 1
                                              : (float)test_draw(seed, 7) - 3;
        some |= out[d] > 0 || out[d] < 0;
    }
    if (!some)
        out[0] = 1;
}

static void draw_item(item *out, const collection *c, size_t i, uint64_t *seed)
{
    snprintf(out->id, sizeof out->id, "%04d-%zu", (int)test_draw(seed, 10000), i);
    out->owner = (int)test_draw(seed, 3);
    out->colour = (int)test_draw(seed, 4);
    out->size = (int)test_draw(seed, 30);
    snprintf(out->metadata, sizeof out->metadata, "{\"colour\":\"c%d\",\"size\":%d}", out->colour, out->size);
    if (i > 0 && test_draw(seed, 3) == 0) /* the same place as another's */
        memcpy(out->values, c->items[test_draw(seed, i)].values, sizeof out->values);
    else
        draw_values(out->values, c, seed);
}

static const char *owner_of(const item *i)
{
    static const char *const owners[] = {NULL, OWNER_ID, STRANGER_ID};

    return owners[i->owner];
}

static void load(tripsage_vector *vector, const collection *c)
{
    tripsage_vector_item batch[BATCH];
    size_t in_batch = 0;

    OK(tripsage_vector_collection_create(vector, world->service, c->name, c->dimensions, c->metric, NULL));
    for (size_t i = 0; i < c->count; i++) {
        const item *of = &c->items[i];

        batch[in_batch++] = (tripsage_vector_item){of->id, owner_of(of), of->metadata, NULL, of->values, c->dimensions};
        if (in_batch == BATCH || i + 1 == c->count) {
            OK(tripsage_vector_upsert(vector, world->service, c->name, batch, in_batch));
            in_batch = 0;
        }
    }
}

static void make(collection *c, int number, uint64_t *seed)
{
    int is_indexed = number % INDEXED_EVERY == 0;

    snprintf(c->name, sizeof c->name, "c%d", number);
    c->metric = (tripsage_metric)(1 + number % 3);
    c->dimensions = is_indexed ? 1 + (uint32_t)test_draw(seed, 64) : 1 + (uint32_t)test_draw(seed, DIMENSIONS_MAX);
    c->count = is_indexed ? ROWS_MAX : 1 + test_draw(seed, 150);
    c->items = calloc(c->count, sizeof *c->items);
    ck_assert_ptr_nonnull(c->items);
    for (size_t i = 0; i < c->count; i++)
        draw_item(&c->items[i], c, i, seed);
    load(world->vector, c);
    load(embedded, c);
    if (is_indexed)
        IS_TEXT(OK(tripsage_vector_index_build(OUT, embedded, world->service, c->name, 0, NULL, NULL)), "/index",
                "ready");
}

/* ---- a question ---- */

typedef struct question {
    const collection *of;
    float values[DIMENSIONS_MAX];
    int who;          /* 0: the service, else one of the people */
    int colour, size; /* -1: any */
    char filter[64];
    tripsage_vector_query query;
} question;

static void draw_question(question *q, const collection *c, uint64_t *seed)
{
    static const tripsage_vector_query standard = TRIPSAGE_VECTOR_QUERY_INIT;
    static const uint32_t ks[] = {1, 2, 3, 10, 50, 1000};

    q->of = c;
    draw_values(q->values, c, seed);
    q->who = (int)test_draw(seed, 3);
    q->colour = test_draw(seed, 2) ? (int)test_draw(seed, 5) : -1;
    q->size = test_draw(seed, 3) ? -1 : (int)test_draw(seed, 30);
    if (q->colour >= 0 && q->size >= 0)
        snprintf(q->filter, sizeof q->filter, "{\"size\":%d,\"colour\":\"c%d\"}", q->size, q->colour);
    else if (q->colour >= 0)
        snprintf(q->filter, sizeof q->filter, "{\"colour\":\"c%d\"}", q->colour);
    else
        snprintf(q->filter, sizeof q->filter, "{\"size\":%d}", q->size);
    q->query = standard;
    q->query.values = q->values;
    q->query.value_count = c->dimensions;
    q->query.k = ks[test_draw(seed, sizeof ks / sizeof *ks)];
    q->query.filter = q->colour >= 0 || q->size >= 0 ? q->filter : NULL;
    q->query.has_min_score = test_draw(seed, 4) == 0;
    q->query.min_score = c->metric == TRIPSAGE_COSINE ? 0.11 : c->metric == TRIPSAGE_L2 ? -9.7 : 0.5;
}

/* ---- the oracle ---- */

typedef struct found {
    const item *item;
    double score;
} found;

static double score_of(const question *q, const item *i)
{
    double dot = 0, square = 0, own = 0, apart = 0;

    for (uint32_t d = 0; d < q->of->dimensions; d++) {
        double a = (double)q->values[d], b = (double)i->values[d];

        dot += a * b;
        own += a * a;
        square += b * b;
        apart += (a - b) * (a - b);
    }
    if (q->of->metric == TRIPSAGE_L2)
        return -sqrt(apart);
    return q->of->metric == TRIPSAGE_COSINE ? dot / sqrt(own) / sqrt(square) : dot;
}

static int passes(const question *q, const item *i)
{
    return (q->who == 0 || i->owner == 0 || i->owner == q->who) && (q->colour < 0 || i->colour == q->colour) &&
           (q->size < 0 || i->size == q->size);
}

static int by_score(const void *a, const void *b)
{
    const found *x = a, *y = b;

    if (x->score > y->score || x->score < y->score)
        return x->score < y->score ? 1 : -1;
    return strcmp(x->item->id, y->item->id);
}

static size_t ask_oracle(found *out, const question *q)
{
    size_t count = 0;

    for (size_t i = 0; i < q->of->count; i++) {
        double score = score_of(q, &q->of->items[i]);

        if (passes(q, &q->of->items[i]) && (!q->query.has_min_score || score >= q->query.min_score))
            out[count++] = (found){&q->of->items[i], score};
    }
    qsort(out, count, sizeof *out, by_score);
    return count < q->query.k ? count : q->query.k;
}

/* Cosines are of vectors that were rounded to unit length, so two that are nearly equal may come the other way round; their scores stand.
 * */
static int is_oracle_s(tripsage_doc *doc, const found *want, size_t count, tripsage_metric metric)
{
    char pointer[48];

    if (tripsage_doc_count(doc, "/items") != count)
        return 0;
    for (size_t i = 0; i < count; i++) {
        snprintf(pointer, sizeof pointer, "/items/%zu/score", i);
        if (fabs(tripsage_doc_number(doc, pointer, NAN) - want[i].score) > 1e-5)
            return 0;
        snprintf(pointer, sizeof pointer, "/items/%zu/id", i);
        if (metric != TRIPSAGE_COSINE && strcmp(tripsage_doc_text(doc, pointer), want[i].item->id) != 0)
            return 0;
    }
    return 1;
}

/* ---- asking ---- */

typedef struct asking {
    uint64_t seed[THREADS];
    char wrong[THREADS][2048]; /* the first of each thread */
    atomic_int asked;
} asking;

static void ask_one(asking *a, size_t thread, const question *q, found *oracle)
{
    const tripsage_actor *who[] = {world->service, world->owner, world->stranger};
    tripsage_doc *here = NULL, *there = NULL;
    size_t count = ask_oracle(oracle, q);
    tripsage_status one = tripsage_vector_search(&here, embedded, who[q->who], q->of->name, &q->query);
    tripsage_status other = tripsage_vector_search(&there, world->vector, who[q->who], q->of->name, &q->query);

    if (one != TRIPSAGE_OK || other != TRIPSAGE_OK)
        snprintf(a->wrong[thread], sizeof a->wrong[thread], "%d, %d: %s", one, other, tripsage_last_error()->message);
    else if (strcmp(tripsage_doc_json(here, NULL), tripsage_doc_json(there, NULL)) != 0 ||
             !is_oracle_s(here, oracle, count, q->of->metric))
        snprintf(a->wrong[thread], sizeof a->wrong[thread],
                 "%s (%u dimensions, metric %d), %s, who %d, k %u: %.700s %.700s", q->of->name, q->of->dimensions,
                 (int)q->of->metric, q->query.filter ? q->filter : "{}", q->who, q->query.k,
                 tripsage_doc_json(here, NULL), tripsage_doc_json(there, NULL));
    tripsage_doc_free(here);
    tripsage_doc_free(there);
    atomic_fetch_add(&a->asked, 1);
}

static void ask_on(size_t index, void *context)
{
    asking *a = context;
    found *oracle = calloc(ROWS_MAX, sizeof *oracle);
    question q;

    for (size_t c = index; oracle && c < COLLECTIONS; c += THREADS)
        for (int i = 0; i < QUESTIONS && !a->wrong[index][0]; i++) {
            draw_question(&q, &all[c], &a->seed[index]);
            ask_one(a, index, &q, oracle);
        }
    free(oracle);
}

START_TEST(three_give_the_same_ids)
{
    static asking a;
    uint64_t seed = 1;

    OK(tripsage_vector_open(&embedded, "sqlite::memory:", NULL));
    for (int i = 0; i < COLLECTIONS; i++)
        make(&all[i], i, &seed);
    for (size_t i = 0; i < THREADS; i++)
        a.seed[i] = 1000 + i;
    test_threads_run(THREADS, ask_on, &a);
    for (size_t i = 0; i < THREADS; i++)
        ck_assert_msg(!a.wrong[i][0], "%s", a.wrong[i]);
    ck_assert_int_eq(atomic_load(&a.asked), COLLECTIONS * QUESTIONS);
    for (int i = 0; i < COLLECTIONS; i++)
        free(all[i].items);
    tripsage_vector_close(embedded);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rig/vector_oracle");
    TCase *tcase = test_case(suite, "rig/vector_oracle");

    setenv("TRIPSAGE_TEST_URL", URL, 1);
    tcase_set_timeout(tcase, 300);
    tcase_add_test(tcase, three_give_the_same_ids);
    return test_run(srunner_create(suite));
}
