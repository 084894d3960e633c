/* graph_test.c: the raw index finds what a look at everything finds: in every metric, from 1 dimension to 4,096, whatever came and went. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <tripsage/index.h>

#include "support/chance.h"
#include "support/failing.h"
#include "support/threads.h"

#include "../suite.h"

/* ---- data ---- */

typedef struct data {
    size_t count, dimensions;
    float *values;
    tripsage_index_item *items;
} data;

static float normal(uint64_t *seed)
{
    float sum = 0.0f;

    for (int i = 0; i < 12; i++)
        sum += (float)test_draw(seed, 1u << 20) / (float)(1u << 20);
    return sum - 6.0f;
}

/* Points around a few middles, which are far from the origin. */
static data new_data(size_t count, size_t dimensions, uint64_t seed)
{
    enum { MIDDLES = 8 };
    data d = {count, dimensions, calloc(count * dimensions, sizeof(float)), calloc(count, sizeof(tripsage_index_item))};
    float *middles = calloc(MIDDLES * dimensions, sizeof *middles);

    for (size_t i = 0; i < MIDDLES * dimensions; i++)
        middles[i] = 1.0f + normal(&seed);
    for (size_t i = 0; i < count; i++) {
        const float *middle = middles + test_draw(&seed, MIDDLES) * dimensions;

        for (size_t k = 0; k < dimensions; k++)
            d.values[i * dimensions + k] = middle[k] + 0.7f * normal(&seed);
        d.items[i].key = i * 7 + 3;
        d.items[i].values = d.values + i * dimensions;
    }
    free(middles);
    return d;
}

static void free_data(data *d)
{
    free(d->values);
    free(d->items);
}

static tripsage_index *new_index(size_t dimensions, tripsage_metric metric)
{
    tripsage_index_options options = TRIPSAGE_INDEX_OPTIONS_INIT;
    tripsage_index *index;

    options.dimensions = (uint32_t)dimensions;
    options.metric = metric;
    options.seed = 42;
    ck_assert_ok(tripsage_index_new(&index, &options, NULL));
    return index;
}

static double exact_score(const float *a, const float *b, size_t n, tripsage_metric metric)
{
    double product = 0.0, aa = 0.0, bb = 0.0, distance = 0.0;

    for (size_t i = 0; i < n; i++) {
        double x = (double)a[i], y = (double)b[i];

        product += x * y;
        aa += x * x;
        bb += y * y;
        distance += (x - y) * (x - y);
    }
    return metric == TRIPSAGE_COSINE ? product / sqrt(aa * bb) : metric == TRIPSAGE_L2 ? -sqrt(distance) : product;
}

/* How many of the k found are at least as near as the k-th nearest exactly, within what the index says it does not know. */
static size_t count_right(const data *d, const float *query, tripsage_metric metric, const tripsage_index_result *found,
                          size_t k)
{
    double *scores = calloc(d->count, sizeof *scores), bar;
    size_t right = 0;

    for (size_t i = 0; i < d->count; i++)
        scores[i] = exact_score(query, d->items[i].values, d->dimensions, metric);
    for (size_t i = 0; i < found->count; i++) {
        size_t better = 0, at = (size_t)(found->hits[i].key - 3) / 7;
        double difference = fabs(scores[at] - (double)found->hits[i].score);

        ck_assert_msg(difference <= (double)found->hits[i].error,
                      "%zu dimensions: a score of %g is %g off, said to be %g", d->dimensions, scores[at], difference,
                      (double)found->hits[i].error);
        bar = scores[at] + 2.0 * (double)found->hits[i].error;
        for (size_t j = 0; j < d->count; j++)
            better += scores[j] > bar;
        right += better < k;
    }
    free(scores);
    return right;
}

static void search(tripsage_index_result *result, tripsage_index *index, const float *query, uint32_t k, uint32_t width,
                   int exact)
{
    tripsage_index_query q = TRIPSAGE_INDEX_QUERY_INIT;

    q.values = query;
    q.k = k;
    q.width = width;
    q.exact = exact;
    ck_assert_ok(tripsage_index_search(result, index, &q));
}

/* ---- searching ---- */

static const tripsage_metric metrics[] = {TRIPSAGE_COSINE, TRIPSAGE_INNER_PRODUCT, TRIPSAGE_L2};

static void check_recall(size_t count, size_t dimensions, tripsage_metric metric, unsigned threads)
{
    enum { QUERIES = 16, K = 10 };
    data d = new_data(count + QUERIES, dimensions, 7 * dimensions + metric);
    tripsage_index *index = new_index(dimensions, metric);
    tripsage_index_hit hits[K];
    tripsage_index_result result = {.hits = hits, .capacity = K};
    size_t by_graph = 0;

    d.count = count;
    ck_assert_ok(tripsage_index_build(index, d.items, count, threads, NULL, NULL));
    for (size_t q = 0; q < QUERIES; q++) {
        const float *query = d.values + (count + q) * dimensions;

        search(&result, index, query, K, 0, 1);
        ck_assert_int_eq(result.plan, TRIPSAGE_PLAN_SCAN);
        ck_assert_uint_eq(result.count, K);
        ck_assert_uint_eq(count_right(&d, query, metric, &result, K), K);
        search(&result, index, query, K, 0, 0);
        ck_assert_uint_eq(result.count, K);
        by_graph += count_right(&d, query, metric, &result, K);
    }
    ck_assert_msg(by_graph >= QUERIES * K * 95 / 100, "%zu of %d are right in %zu dimensions, metric %d", by_graph,
                  QUERIES * K, dimensions, (int)metric);
    tripsage_index_free(index);
    free_data(&d);
}

START_TEST(finds_the_nearest_in_any_number_of_dimensions)
{
    static const size_t dimensions[] = {1, 2, 3, 5, 16, 31, 33, 64, 100, 127, 384, 1000};

    for (size_t i = 0; i < sizeof dimensions / sizeof *dimensions; i++)
        for (size_t m = dimensions[i] == 1; m < 3; m++) /* of one dimension there are two directions */
            check_recall(1100, dimensions[i], metrics[m], 1 + (unsigned)i % 3);
}
END_TEST

START_TEST(finds_the_nearest_in_4096_dimensions)
{
    for (size_t m = 0; m < 3; m++)
        check_recall(600, 4096, metrics[m], 2);
}
END_TEST

START_TEST(gives_what_there_is_when_k_is_more)
{
    data d = new_data(3, 8, 5);
    tripsage_index *index = new_index(8, TRIPSAGE_L2);
    tripsage_index_hit hits[10];
    tripsage_index_result result = {.hits = hits, .capacity = 10};

    search(&result, index, d.values, 10, 0, 0);
    ck_assert_uint_eq(result.count, 0);
    for (size_t i = 0; i < 3; i++) {
        ck_assert_ok(tripsage_index_put(index, &d.items[i]));
        search(&result, index, d.values, 10, 0, 0);
        ck_assert_uint_eq(result.count, i + 1);
        ck_assert_uint_eq(result.hits[0].key, 3);
    }
    tripsage_index_free(index);
    free_data(&d);
}
END_TEST

START_TEST(the_same_vector_many_times)
{
    enum { COUNT = 3000, K = 100 };
    data d = new_data(COUNT, 24, 11);
    tripsage_index *index = new_index(24, TRIPSAGE_COSINE);
    tripsage_index_hit hits[K];
    tripsage_index_result result = {.hits = hits, .capacity = K};

    for (size_t i = 1; i < COUNT; i++)
        memcpy(d.values + i * 24, d.values, 24 * sizeof(float));
    ck_assert_ok(tripsage_index_build(index, d.items, COUNT, 2, NULL, NULL));
    search(&result, index, d.values, K, 0, 0);
    ck_assert_uint_eq(result.count, K);
    for (size_t i = 0; i < K; i++)
        ck_assert_float_eq_tol(result.hits[i].score, 1.0f, 1e-4f);
    tripsage_index_free(index);
    free_data(&d);
}
END_TEST

/* ---- changing ---- */

START_TEST(what_is_put_is_found_and_what_is_removed_is_not)
{
    enum { COUNT = 3000, K = 10 };
    data d = new_data(COUNT, 40, 3);
    tripsage_index *index = new_index(40, TRIPSAGE_L2);
    tripsage_index_hit hits[K];
    tripsage_index_result result = {.hits = hits, .capacity = K};
    tripsage_index_stats stats;
    size_t found = 0;

    for (size_t i = 0; i < COUNT; i++)
        ck_assert_ok(tripsage_index_put(index, &d.items[i]));
    for (size_t i = 0; i < COUNT; i += 3)
        ck_assert_ok(tripsage_index_remove(index, d.items[i].key));
    ck_assert_fails(tripsage_index_remove(index, d.items[0].key), TRIPSAGE_ENOTFOUND);
    for (size_t i = 0; i < COUNT; i++) {
        search(&result, index, d.items[i].values, K, 64, 0);
        ck_assert_uint_eq(result.count, K);
        for (size_t k = 0; k < K; k++)
            ck_assert_uint_ne((result.hits[k].key - 3) / 7 % 3, 0);
        found += i % 3 && result.hits[0].key == d.items[i].key;
    }
    ck_assert_uint_ge(found, COUNT * 2 / 3 - COUNT / 300);
    tripsage_index_get_stats(&stats, index);
    ck_assert_uint_eq(stats.count, COUNT / 3 * 2);
    tripsage_index_free(index);
    free_data(&d);
}
END_TEST

START_TEST(a_key_that_is_put_again_has_the_new_vector)
{
    data d = new_data(1000, 16, 19);
    tripsage_index *index = new_index(16, TRIPSAGE_L2);
    tripsage_index_hit hits[3];
    tripsage_index_result result = {.hits = hits, .capacity = 3};
    tripsage_index_stats stats;

    ck_assert_ok(tripsage_index_build(index, d.items, 999, 1, NULL, NULL));
    for (size_t i = 0; i < 999; i++) {
        d.items[i].values = d.values + (i + 1) * 16;
        ck_assert_ok(tripsage_index_put(index, &d.items[i]));
    }
    tripsage_index_get_stats(&stats, index);
    ck_assert_uint_eq(stats.count, 999);
    for (size_t i = 0; i < 999; i++) {
        search(&result, index, d.items[i].values, 1, 0, 1);
        ck_assert_uint_eq(result.hits[0].key, d.items[i].key);
    }
    tripsage_index_free(index);
    free_data(&d);
}
END_TEST

/* ---- the same again ---- */

START_TEST(one_thread_and_one_seed_make_one_index)
{
    data d = new_data(2000, 20, 29);
    tripsage_index *a = new_index(20, TRIPSAGE_COSINE), *b = new_index(20, TRIPSAGE_COSINE);
    tripsage_index_hit hits[2][10];
    tripsage_index_result first = {.hits = hits[0], .capacity = 10}, second = {.hits = hits[1], .capacity = 10};

    memset(hits, 0, sizeof hits);
    ck_assert_ok(tripsage_index_build(a, d.items, 1990, 1, NULL, NULL));
    ck_assert_ok(tripsage_index_build(b, d.items, 1990, 1, NULL, NULL));
    for (size_t i = 1990; i < 2000; i++) {
        ck_assert_ok(tripsage_index_put(a, &d.items[i]));
        ck_assert_ok(tripsage_index_put(b, &d.items[i]));
    }
    for (size_t i = 0; i < 200; i++) {
        search(&first, a, d.items[i].values, 10, 10, 0);
        search(&second, b, d.items[i].values, 10, 10, 0);
        ck_assert_uint_eq(first.looked_at, second.looked_at);
        ck_assert_int_eq(memcmp(hits[0], hits[1], sizeof hits[0]), 0);
    }
    tripsage_index_free(a);
    tripsage_index_free(b);
    free_data(&d);
}
END_TEST

/* ---- width ---- */

START_TEST(a_search_without_a_width_finds_what_is_promised)
{
    enum { COUNT = 6000, QUERIES = 200, K = 10 };
    data d = new_data(COUNT + QUERIES, 48, 31);
    tripsage_index *index = new_index(48, TRIPSAGE_COSINE);
    tripsage_index_hit hits[2][K];
    tripsage_index_result exact = {.hits = hits[0], .capacity = K}, found = {.hits = hits[1], .capacity = K};
    size_t right = 0;

    ck_assert_ok(tripsage_index_build(index, d.items, COUNT, 2, NULL, NULL));
    for (size_t q = COUNT; q < COUNT + QUERIES; q++) {
        search(&exact, index, d.items[q].values, K, 0, 1);
        search(&found, index, d.items[q].values, K, 0, 0);
        for (size_t i = 0; i < K; i++)
            for (size_t j = 0; j < K; j++)
                right += hits[0][i].key == hits[1][j].key;
    }
    ck_assert_uint_ge(right, QUERIES * K * 95 / 100);
    tripsage_index_free(index);
    free_data(&d);
}
END_TEST

/* ---- without memory ---- */

enum { SOME = 300 };

/* Builds, puts past the room there is, searches and removes; the first step that fails says so. */
static tripsage_status do_all(tripsage_index **index, const data *d)
{
    tripsage_index_options options = TRIPSAGE_INDEX_OPTIONS_INIT;
    tripsage_index_query query = TRIPSAGE_INDEX_QUERY_INIT;
    tripsage_index_hit hits[10];
    tripsage_index_result result = {.hits = hits, .capacity = 10};
    tripsage_status status;

    options.dimensions = (uint32_t)d->dimensions;
    query.values = d->values;
    status = tripsage_index_new(index, &options, NULL);
    if (status == TRIPSAGE_OK)
        status = tripsage_index_build(*index, d->items, SOME, 1, NULL, NULL);
    for (size_t i = SOME; status == TRIPSAGE_OK && i < d->count; i++)
        status = tripsage_index_put(*index, &d->items[i]);
    if (status == TRIPSAGE_OK)
        status = tripsage_index_search(&result, *index, &query);
    if (status == TRIPSAGE_OK)
        status = tripsage_index_remove(*index, d->items[0].key);
    return status;
}

/* Points close together around a few middles that are far from each other, so that a step of a short code is longer than the way to the
 * nearest; or all around one, where it is not. */
static uint32_t bits_for(float spread, uint32_t asked)
{
    enum { ITEMS = 4000, DIMENSIONS = 48 };
    data d = new_data(ITEMS, DIMENSIONS, 11);
    tripsage_index_options options = TRIPSAGE_INDEX_OPTIONS_INIT;
    tripsage_index_hit hits[10];
    tripsage_index_result result = {.hits = hits, .capacity = 10};
    tripsage_index_stats stats;
    tripsage_index *index;
    uint64_t seed = 5;
    size_t right = 0;

    for (size_t i = 0; i < ITEMS; i++)
        for (size_t k = 0; k < DIMENSIONS; k++)
            d.values[i * DIMENSIONS + k] = (float)(i % 5 * (k + 1)) + spread * normal(&seed);
    options.dimensions = DIMENSIONS;
    options.metric = TRIPSAGE_L2;
    options.bits = asked;
    ck_assert_ok(tripsage_index_new(&index, &options, NULL));
    ck_assert_ok(tripsage_index_build(index, d.items, ITEMS, 2, NULL, NULL));
    for (size_t i = 0; i < 50; i++) {
        search(&result, index, d.items[i * 80].values, 10, 100, 0);
        right += count_right(&d, d.items[i * 80].values, TRIPSAGE_L2, &result, 10);
    }
    ck_assert_uint_ge(right, asked == 4 ? 1 : 480);
    tripsage_index_get_stats(&stats, index);
    tripsage_index_free(index);
    free_data(&d);
    return stats.bits;
}

START_TEST(bits_are_chosen_from_the_data)
{
    ck_assert_uint_eq(bits_for(100.0f, 0), 4);
    ck_assert_uint_eq(bits_for(6.0f, 0), 8);
    ck_assert_uint_eq(bits_for(6.0f, 4), 4); /* whoever asks gets it */
}
END_TEST

static uint32_t degree_for(size_t dimensions)
{
    data d = new_data(1, dimensions, 3);
    tripsage_index *index = new_index(dimensions, TRIPSAGE_L2);
    tripsage_index_stats stats;

    ck_assert_ok(tripsage_index_put(index, d.items));
    tripsage_index_get_stats(&stats, index);
    tripsage_index_free(index);
    free_data(&d);
    return stats.degree;
}

START_TEST(wide_items_have_more_edges)
{
    ck_assert_uint_eq(degree_for(255), 32);
    ck_assert_uint_eq(degree_for(256), 40);
}
END_TEST

START_TEST(every_allocation_may_fail)
{
    data d = new_data(SOME + 10, 6, 37);
    long fired = 1;

    test_heap_install();
    for (long nth = 1; fired; nth++)
        for (int mode = TEST_FAIL_ONCE; mode <= TEST_FAIL_FOR_GOOD; mode++) {
            tripsage_index *index = NULL;
            tripsage_index_hit hits[10];
            tripsage_index_result result = {.hits = hits, .capacity = 10};
            tripsage_index_stats stats = {0};
            tripsage_status status;

            test_heap_arm(nth, (test_fault_mode)mode);
            status = do_all(&index, &d);
            (void)test_heap_disarm();
            fired = test_heap_fired(NULL);
            ck_assert_int_eq(status, fired ? TRIPSAGE_ENOMEM : TRIPSAGE_OK);
            if (index) { /* whole, with what was there before the call that failed */
                tripsage_index_get_stats(&stats, index);
                ck_assert(stats.count == 0 || (stats.count >= SOME && stats.count <= SOME + 10));
                search(&result, index, d.values, 10, 0, 0);
                ck_assert_uint_eq(result.count, stats.count ? 10 : 0);
            }
            tripsage_index_free(index);
            ck_assert_int_eq(test_heap_alive(TEST_HEAP_LIBRARY), 0);
        }
    free_data(&d);
}
END_TEST

/* ---- many at once ---- */

typedef struct crowd {
    data d;
    tripsage_index *index;
    _Atomic int is_over;
    _Atomic long wrong, searches;
} crowd;

enum { STAY = 400, COME = 600 };

/* The first of them puts and removes; the others look for what stays. */
static void join_in(size_t index, void *context)
{
    crowd *c = context;
    tripsage_index_hit hits[5];
    tripsage_index_result result = {.hits = hits, .capacity = 5};
    tripsage_index_query query = TRIPSAGE_INDEX_QUERY_INIT;

    for (int round = 0; index == 0 && round < 2; round++) {
        for (size_t i = STAY; i < STAY + COME; i++)
            c->wrong += tripsage_index_put(c->index, &c->d.items[i]) != TRIPSAGE_OK;
        for (size_t i = STAY; i < STAY + COME; i++)
            c->wrong += tripsage_index_remove(c->index, c->d.items[i].key) != TRIPSAGE_OK;
    }
    if (index == 0)
        c->is_over = 1;
    query.k = 5;
    query.width = 400;
    for (size_t i = index; !c->is_over; i = (i + 7) % STAY) {
        query.values = c->d.items[i].values;
        c->wrong += tripsage_index_search(&result, c->index, &query) != TRIPSAGE_OK || result.count != 5 ||
                    hits[0].key != c->d.items[i].key;
        c->searches++;
    }
}

START_TEST(searches_beside_a_writer_find_what_stays)
{
    crowd c = {.d = new_data(STAY + COME, 12, 41), .index = new_index(12, TRIPSAGE_L2)};

    ck_assert_ok(tripsage_index_build(c.index, c.d.items, STAY, 3, NULL, NULL));
    test_threads_run(4, join_in, &c);
    ck_assert_int_eq(c.wrong, 0);
    ck_assert_int_gt(c.searches, 0);
    tripsage_index_free(c.index);
    free_data(&c.d);
}
END_TEST

/* ---- what is refused ---- */

static void check_refused(const tripsage_index_options *options, const char *field)
{
    tripsage_index *index = NULL;

    ck_assert_fails(tripsage_index_new(&index, options, NULL), TRIPSAGE_EINVALID);
    ck_assert_ptr_null(index);
    ck_assert_str_eq(tripsage_last_error()->fields[0].pointer, field);
}

START_TEST(options_are_checked)
{
    tripsage_index_options options = TRIPSAGE_INDEX_OPTIONS_INIT;

    check_refused(&options, "#dimensions");
    options.dimensions = 4097;
    check_refused(&options, "#dimensions");
    options.dimensions = 4;
    options.bits = 5;
    check_refused(&options, "#bits");
    options.bits = 8;
    options.degree = 7;
    check_refused(&options, "#degree");
    options.degree = 129;
    check_refused(&options, "#degree");
    options.degree = 128;
    options.build_width = 2001;
    check_refused(&options, "#build_width");
    options.build_width = 0;
    options.metric = (tripsage_metric)4;
    check_refused(&options, "#metric");
    options.metric = TRIPSAGE_L2;
    options.version = 2;
    check_refused(&options, "#version");
}
END_TEST

START_TEST(items_and_queries_are_checked)
{
    float values[] = {1.0f, NAN, 1.0f, 1.0f}, zero[2] = {0.0f, 0.0f};
    tripsage_index_item items[] = {{1, values + 2, NULL, 0}, {1, values + 2, NULL, 0}, {2, values, NULL, 0}};
    tripsage_index *index = new_index(2, TRIPSAGE_COSINE);
    tripsage_index_query query = TRIPSAGE_INDEX_QUERY_INIT;
    tripsage_index_hit hits[10];
    tripsage_index_result result = {.hits = hits, .capacity = 10};

    ck_assert_fails(tripsage_index_build(index, items, 2, 1, NULL, NULL), TRIPSAGE_EINVALID);
    ck_assert_str_eq(tripsage_last_error()->fields[0].pointer, "/1/key");
    ck_assert_fails(tripsage_index_build(index, items, 3, 1, NULL, NULL), TRIPSAGE_EINVALID);
    ck_assert_str_eq(tripsage_last_error()->fields[0].pointer, "/2/values");
    ck_assert_fails(tripsage_index_put(index, &items[2]), TRIPSAGE_EINVALID);
    ck_assert_str_eq(tripsage_last_error()->fields[0].pointer, "#values");
    items[2].key = UINT64_MAX;
    ck_assert_fails(tripsage_index_put(index, &items[2]), TRIPSAGE_EINVALID);
    ck_assert_str_eq(tripsage_last_error()->fields[0].pointer, "#key");
    ck_assert_ok(tripsage_index_put(index, &items[0]));
    ck_assert_fails(tripsage_index_build(index, items, 1, 1, NULL, NULL), TRIPSAGE_EMISUSE);

    query.values = zero;
    ck_assert_fails(tripsage_index_search(&result, index, &query), TRIPSAGE_EINVALID);
    ck_assert_str_eq(tripsage_last_error()->fields[0].pointer, "#values");
    query.values = values + 2;
    query.k = 0;
    ck_assert_fails(tripsage_index_search(&result, index, &query), TRIPSAGE_EINVALID);
    ck_assert_str_eq(tripsage_last_error()->fields[0].pointer, "#k");
    query.k = 11;
    ck_assert_fails(tripsage_index_search(&result, index, &query), TRIPSAGE_EMISUSE);
    query.k = 10;
    query.width = 9;
    ck_assert_fails(tripsage_index_search(&result, index, &query), TRIPSAGE_EINVALID);
    ck_assert_str_eq(tripsage_last_error()->fields[0].pointer, "#width");
    query.width = 0;
    ck_assert_ok(tripsage_index_search(&result, index, &query));
    ck_assert_uint_eq(result.count, 1);
    tripsage_index_free(index);
}
END_TEST

SUITE_MAIN_THREADS("vector/graph", NULL, NULL, (the_same_vector_many_times, searches_beside_a_writer_find_what_stays),
                   finds_the_nearest_in_any_number_of_dimensions, finds_the_nearest_in_4096_dimensions,
                   gives_what_there_is_when_k_is_more, what_is_put_is_found_and_what_is_removed_is_not,
                   a_key_that_is_put_again_has_the_new_vector, one_thread_and_one_seed_make_one_index,
                   a_search_without_a_width_finds_what_is_promised, bits_are_chosen_from_the_data,
                   wide_items_have_more_edges, every_allocation_may_fail, options_are_checked,
                   items_and_queries_are_checked)
