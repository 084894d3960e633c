/* plan_test.c: a search with a filter gives k whenever k pass, and the right ones, however few pass and wherever they lie. */
#include "items.h"
#include "support/failing.h"
#include "vector/graph/plan.h"

/* ---- shares, anywhere, near and far ---- */

enum { ITEMS = 12000, K = 10, SHARES = 6, QUERIES = 30 };

static const size_t shares[SHARES] = {ITEMS / 1000, ITEMS / 100, ITEMS / 20, ITEMS / 5, ITEMS / 2, ITEMS};

enum { ANYWHERE = 100, NEAR = 200 };

typedef struct ranked {
    double by;
    size_t key;
} ranked;

static int compare_ranked(const void *a, const void *b)
{
    const ranked *x = a, *y = b;

    return (x->by > y->by) - (x->by < y->by);
}

/* Item 0 is in the middle of those that are near. A term says only the smallest share that an item belongs to, so that a share is
 * asked for by a clause of several terms. */
static void add_shares(model *m)
{
    ranked *all = calloc(m->count, sizeof *all);

    ck_assert_ptr_nonnull(all);
    for (int is_near = 0; is_near < 2; is_near++) {
        for (size_t i = 0; i < m->count; i++)
            all[i] = (ranked){is_near ? distance(m->items[0].values, m->items[i].values)
                                      : (double)test_draw(&m->seed, UINT64_MAX),
                              i};
        qsort(all, m->count, sizeof *all, compare_ranked);
        for (size_t i = 0, share = 0; i < m->count; i++) {
            share += i >= shares[share];
            add_term(&m->items[all[i].key], (is_near ? NEAR : ANYWHERE) + share);
        }
    }
    free(all);
}

/* Recall, of 1. */
static double ask_share(model *m, uint64_t first_term, size_t share, int is_far, size_t plans[5])
{
    uint64_t terms[SHARES];
    tripsage_index_clause clause = {terms, share + 1};
    tripsage_index_query query = TRIPSAGE_INDEX_QUERY_INIT;
    size_t right = 0;
    answer a;

    for (size_t i = 0; i <= share; i++)
        terms[i] = first_term + i;
    query.clauses = &clause;
    query.clause_count = 1;
    for (int q = 0; q < QUERIES; q++) {
        float values[DIMENSIONS];

        for (int d = 0; d < DIMENSIONS; d++)
            values[d] = (is_far ? -4.0f : 1.0f) * m->items[0].values[d] + 0.3f * normal(&m->seed);
        query.values = values;
        query.width = q % 3 ? 0 : 2 * K; /* a narrow one, which gives k as well; its recall is another matter */
        model_ask(&a, m, &query);
        plans[a.result.plan]++;
        right += query.width ? 0 : a.right;
        if (a.result.looked_at > 2 * a.passing + 1000)
            ck_abort_msg("%llu were looked at where %zu pass", (unsigned long long)a.result.looked_at, a.passing);
    }
    return (double)right / (QUERIES * 2 / 3) / (double)(shares[share] < K ? shares[share] : K);
}

START_TEST(k_come_whatever_passes_and_wherever_it_lies)
{
    model m = model_new(ITEMS);
    size_t plans[5] = {0};

    add_shares(&m);
    model_build(&m, 2);
    for (size_t share = 0; share < SHARES; share++)
        for (int kind = 0; kind < 3; kind++) { /* 0: anywhere, 1: near, 2: far */
            double recall = ask_share(&m, kind ? NEAR : ANYWHERE, share, kind == 2, plans);

            ck_assert_msg(recall >= 0.95, "share %zu, kind %d: recall %g", shares[share], kind, recall);
        }
    ck_assert_uint_gt(plans[TRIPSAGE_PLAN_SCAN], 0);
    ck_assert_uint_gt(plans[TRIPSAGE_PLAN_GRAPH], 0);
    ck_assert_uint_gt(plans[TRIPSAGE_PLAN_FILTER], 0);
    ck_assert_uint_gt(plans[TRIPSAGE_PLAN_TURNED], 0);
    model_free(&m);
}
END_TEST

/* ---- several clauses ---- */

/* Terms 0, 1 and 2 are had by nearly all, by half and by a tenth; others by few. */
static void add_any_terms(model *m, item *i)
{
    i->term_count = 0;
    for (uint64_t term = 0; term < 3; term++)
        if (test_draw(&m->seed, 20) < (term == 0 ? 19u : term == 1 ? 10u : 2u))
            add_term(i, term);
    for (uint64_t n = test_draw(&m->seed, 5); n; n--)
        add_term(i, 3 + test_draw(&m->seed, 60) * n); /* none twice, mostly */
}

static void draw_clauses(model *m, tripsage_index_clause clauses[3], uint64_t terms[3][20], size_t *count)
{
    *count = (size_t)test_draw(&m->seed, 4);
    for (size_t c = 0; c < *count; c++) {
        clauses[c] = (tripsage_index_clause){terms[c], (size_t)test_draw(&m->seed, test_draw(&m->seed, 2) ? 3 : 21)};
        for (size_t t = 0; t < clauses[c].count; t++)
            terms[c][t] = test_draw(&m->seed, 4) ? 3 + test_draw(&m->seed, 250) : test_draw(&m->seed, 3);
    }
}

START_TEST(every_clause_must_pass)
{
    model m = model_new(4000);
    size_t right = 0, wanted = 0;

    for (size_t i = 0; i < m.count; i++)
        add_any_terms(&m, &m.items[i]);
    model_build(&m, 1);
    for (int i = 0; i < 400; i++) {
        tripsage_index_clause clauses[3];
        uint64_t terms[3][20];
        tripsage_index_query query = TRIPSAGE_INDEX_QUERY_INIT;
        float values[DIMENSIONS];
        answer a;

        draw_values(&m.seed, values, (unsigned)test_draw(&m.seed, MIDDLES));
        query.values = values;
        query.k = 1 + (uint32_t)test_draw(&m.seed, K_MOST);
        query.clauses = clauses;
        draw_clauses(&m, clauses, terms, &query.clause_count);
        query.exact = i % 2;
        model_ask(&a, &m, &query);
        if (query.exact && a.right != a.result.count)
            ck_abort_msg("%zu of %zu are right", a.right, a.result.count);
        right += a.right;
        wanted += a.result.count;
    }
    ck_assert_uint_ge(right * 100, wanted * 98);
    model_free(&m);
}
END_TEST

START_TEST(clauses_are_checked)
{
    model m = model_new(1);
    uint64_t term = 1;
    tripsage_index_clause clause = {NULL, 1};
    tripsage_index_query query = TRIPSAGE_INDEX_QUERY_INIT;
    tripsage_index_hit hits[K];
    tripsage_index_result result = {.hits = hits, .capacity = K};

    add_term(&m.items[0], term);
    model_build(&m, 1);
    query.values = m.items[0].values;
    query.clause_count = 1;
    ck_assert_fails(tripsage_index_search(&result, m.index, &query), TRIPSAGE_EINVALID);
    ck_assert_str_eq(tripsage_last_error()->fields[0].pointer, "#clauses");
    query.clauses = &clause;
    ck_assert_fails(tripsage_index_search(&result, m.index, &query), TRIPSAGE_EINVALID);
    ck_assert_str_eq(tripsage_last_error()->fields[0].pointer, "#clauses");
    clause.count = 0; /* nothing has any of none */
    ck_assert_ok(tripsage_index_search(&result, m.index, &query));
    ck_assert_uint_eq(result.count, 0);
    clause = (tripsage_index_clause){&term, 1};
    ck_assert_ok(tripsage_index_search(&result, m.index, &query));
    ck_assert_uint_eq(result.count, 1);
    model_free(&m);
}
END_TEST

/* ---- owners ---- */

enum { OWNERS = 10000, OWNED = 12500, LARGE = 1, LARGE_SHARE = 2500 };

static uint64_t owner_of(size_t key)
{
    return key < LARGE_SHARE ? LARGE : 2 + (key - LARGE_SHARE) % (OWNERS - 1);
}

static void ask_owner(answer *a, const model *m, uint64_t owner, const float *values)
{
    tripsage_index_clause clause = {&owner, 1};
    tripsage_index_query query = TRIPSAGE_INDEX_QUERY_INIT;

    query.values = values;
    query.clauses = &clause;
    query.clause_count = 1;
    model_ask(a, m, &query);
}

START_TEST(an_owner_finds_his_own_whatever_others_have)
{
    model m = model_new(OWNED), alone = model_new(OWNED);
    size_t right = 0;
    answer a, b;

    for (size_t i = 0; i < OWNED; i++) {
        add_term(&m.items[i], owner_of(i));
        add_term(&alone.items[i], owner_of(i));
    }
    model_build(&m, 2);
    for (size_t i = 0; i < LARGE_SHARE + 100; i++)
        model_put(&alone, i); /* the large one, and a hundred others */
    for (int i = 0; i < 200; i++) {
        uint64_t owner = i % 2 ? 2 + test_draw(&m.seed, 100) : 2 + test_draw(&m.seed, OWNERS - 1);
        float values[DIMENSIONS];

        draw_values(&m.seed, values, (unsigned)test_draw(&m.seed, MIDDLES));
        ask_owner(&a, &m, owner, values);
        ck_assert_uint_eq(a.right, a.result.count);
        if (i % 2 == 0)
            continue;
        ask_owner(&b, &alone, owner, values);
        ck_assert_uint_eq(b.result.count, 1);
        ck_assert(a.hits[0].key == b.hits[0].key || a.hits[1].key == b.hits[0].key); /* the first has two here */
    }
    for (int i = 0; i < 100; i++) {
        float values[DIMENSIONS];

        draw_values(&m.seed, values, (unsigned)test_draw(&m.seed, MIDDLES));
        ask_owner(&a, &m, LARGE, values);
        right += a.right;
        ask_owner(&b, &alone, LARGE, values);
        right += b.right;
    }
    ck_assert_uint_ge(right, 2 * 100 * K * 95 / 100);
    model_free(&m);
    model_free(&alone);
}
END_TEST

/* ---- without memory ---- */

START_TEST(no_memory_while_searching)
{
    model m = model_new(5000);
    long alive = test_heap_alive(TEST_HEAP_LIBRARY);

    for (size_t i = 0; i < m.count; i++)
        add_any_terms(&m, &m.items[i]);
    model_build(&m, 1);
    for (uint64_t term = 0; term < 4; term++) {
        uint64_t terms[] = {term, term + 1};
        tripsage_index_clause clauses[] = {{terms, 1}, {terms, 2}};
        tripsage_index_query query = TRIPSAGE_INDEX_QUERY_INIT;
        tripsage_index_hit hits[K];
        tripsage_index_result result = {.hits = hits, .capacity = K};
        tripsage_status status = TRIPSAGE_ENOMEM;

        query.values = m.items[term].values;
        query.clauses = clauses;
        query.clause_count = 1 + term % 2;
        for (long nth = 1; status != TRIPSAGE_OK; nth++) {
            test_heap_arm(nth, TEST_FAIL_ONCE);
            status = tripsage_index_search(&result, m.index, &query);
            test_heap_disarm();
            ck_assert(status == TRIPSAGE_OK || status == TRIPSAGE_ENOMEM);
        }
        ck_assert_uint_gt(result.count, 0);
    }
    model_free(&m);
    ck_assert_int_lt(test_heap_alive(TEST_HEAP_LIBRARY), alive);
}
END_TEST

SUITE_MAIN_WITH("vector/graph/plan", test_heap_install, NULL, k_come_whatever_passes_and_wherever_it_lies,
                every_clause_must_pass, clauses_are_checked, an_owner_finds_his_own_whatever_others_have,
                no_memory_while_searching)
