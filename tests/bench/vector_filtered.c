/* bench_vector_filtered: searches with a filter, from one item in ten thousand to all, where what passes lies anywhere, near the query, or
 * far from it: whether all k come and how many of them are the right ones, and how many queries in a second.
 *
 * Each item has a term for each share that it belongs to: of a random order, and of the order of the distance to one middle. Queries near
 * that middle ask for what is near it (correlated with the query), and those farthest from it do so, too (anti-correlated). What is
 * right is found by comparing the query with every item that passes, in single precision. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tripsage/index.h>

#include "bench.h"
#include "vector_rows.h"

enum { K = VECTORS_K, SHARES = 6, QUERIES = 200, QUICK_QUERIES = 20 };

static const double shares[SHARES] = {0.0001, 0.001, 0.01, 0.1, 0.5, 1.0};

typedef enum passing { ANYWHERE, NEAR, FAR, KINDS } passing;
static const char *const kind_names[KINDS] = {"anywhere", "near", "far"};

static vectors rows, queries;
static uint32_t *anywhere_rank, *middle_rank; /* of each row */
static uint32_t *query_order;                 /* queries, the nearest to the middle first */
static tripsage_index *index_;
static uint32_t query_count = QUERIES;

/* ---- who passes ---- */

typedef struct ranked {
    float by;
    uint32_t what;
} ranked;

static int compare_ranked(const void *a, const void *b)
{
    const ranked *x = a, *y = b;

    return x->by < y->by ? -1 : x->by > y->by ? 1 : x->what < y->what ? -1 : 1;
}

static ranked *order(const vectors *v, const float *middle, uint64_t *seed)
{
    ranked *all = vectors_need(v->count, sizeof *all);

    for (uint32_t i = 0; i < v->count; i++) {
        *seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
        all[i].what = i;
        all[i].by = middle ? -vectors_dot(vectors_at(v, i), middle, v->dimensions) : (float)(*seed >> 40);
    }
    qsort(all, v->count, sizeof *all, compare_ranked);
    return all;
}

static uint32_t *ranks(const vectors *v, const float *middle)
{
    uint64_t seed = 1;
    ranked *all = order(v, middle, &seed);
    uint32_t *out = vectors_need(v->count, sizeof *out);

    for (uint32_t i = 0; i < v->count; i++)
        out[all[i].what] = i;
    free(all);
    return out;
}

static uint32_t share_count(int share)
{
    uint32_t count = (uint32_t)(shares[share] * rows.count + 0.5);

    return count < K ? K : count;
}

static int passes(passing kind, int share, uint32_t row)
{
    return (kind == ANYWHERE ? anywhere_rank : middle_rank)[row] < share_count(share);
}

static uint64_t term_of(passing kind, int share)
{
    return (uint64_t)(share + 1) * 2 + (kind == ANYWHERE);
}

static void build(void)
{
    tripsage_index_options options = TRIPSAGE_INDEX_OPTIONS_INIT;
    tripsage_index_item *items = vectors_need(rows.count, sizeof *items);
    uint64_t(*terms)[2 * SHARES] = vectors_need(rows.count, sizeof *terms);

    for (uint32_t i = 0; i < rows.count; i++) {
        size_t count = 0;

        for (int share = 0; share < SHARES; share++)
            for (passing kind = ANYWHERE; kind <= NEAR; kind++)
                if (passes(kind, share, i))
                    terms[i][count++] = term_of(kind, share);
        items[i] =
            (tripsage_index_item){.key = i, .values = vectors_at(&rows, i), .terms = terms[i], .term_count = count};
    }
    options.dimensions = rows.dimensions;
    options.seed = 1;
    if (tripsage_index_new(&index_, &options, NULL) != TRIPSAGE_OK ||
        tripsage_index_build(index_, items, rows.count, 0, NULL, NULL) != TRIPSAGE_OK)
        bench_fail("%s", tripsage_last_error()->message);
    free(items);
    free(terms);
}

/* ---- one share ---- */

typedef struct outcome {
    double recall, qps, looked_at;
    uint32_t short_of_k, plans[5];
} outcome;

static const float *query_at(passing kind, uint32_t i)
{
    uint32_t at = kind == NEAR ? query_order[i] : kind == FAR ? query_order[queries.count - 1 - i] : i;

    return vectors_at(&queries, at);
}

static float bar_of(passing kind, int share, const float *query)
{
    vectors_best best;

    vectors_best_begin(&best);
    for (uint32_t row = 0; row < rows.count; row++)
        if (passes(kind, share, row))
            vectors_best_offer(&best, vectors_dot(query, vectors_at(&rows, row), rows.dimensions));
    return best.scores[K - 1];
}

static void ask(outcome *out, passing kind, int share)
{
    uint64_t term = term_of(kind, share);
    tripsage_index_clause clause = {&term, 1};
    tripsage_index_query query = TRIPSAGE_INDEX_QUERY_INIT;
    double took = 0;
    uint32_t right = 0;

    query.clauses = &clause;
    query.clause_count = 1;
    memset(out, 0, sizeof *out);
    for (uint32_t i = 0; i < query_count; i++) {
        tripsage_index_hit hits[K];
        tripsage_index_result result = {.hits = hits, .capacity = K};
        double begin = vectors_processor_time();
        float bar;

        query.values = query_at(kind, i);
        if (tripsage_index_search(&result, index_, &query) != TRIPSAGE_OK)
            bench_fail("%s", tripsage_last_error()->message);
        took += vectors_processor_time() - begin;
        out->short_of_k += result.count != K;
        out->plans[result.plan]++;
        out->looked_at += (double)result.looked_at / query_count;
        bar = bar_of(kind, share, query.values);
        for (size_t h = 0; h < result.count; h++) {
            if (!passes(kind, share, (uint32_t)hits[h].key))
                bench_fail("an item was found that does not pass");
            right +=
                vectors_dot(query.values, vectors_at(&rows, (uint32_t)hits[h].key), rows.dimensions) >= bar - 1e-6f;
        }
    }
    out->recall = (double)right / K / query_count;
    out->qps = query_count / took;
}

static double least = 1.0;

static void measure(passing kind)
{
    for (int share = 0; share < SHARES; share++) {
        outcome o;

        ask(&o, kind, share);
        printf("| %s | %g %% | %u | %.4f | %.0f | %.0f | scan %u, graph %u, filter %u, turned %u |\n", kind_names[kind],
               shares[share] * 100, o.short_of_k, o.recall, o.qps, o.looked_at, o.plans[TRIPSAGE_PLAN_SCAN],
               o.plans[TRIPSAGE_PLAN_GRAPH], o.plans[TRIPSAGE_PLAN_FILTER], o.plans[TRIPSAGE_PLAN_TURNED]);
        fflush(stdout);
        if (o.recall < least)
            least = o.recall;
        if (o.short_of_k)
            bench_fail("%u searches gave less than k", o.short_of_k);
    }
}

int main(int argc, char **argv)
{
    const char *base = NULL, *output = "build/bench/vector-filtered.json", *limit = "0";
    const bench_option options[] = {{"--data", &base, NULL}, {"--limit", &limit, NULL}, {NULL, NULL, NULL}};
    uint64_t seed = 1;
    ranked *near;

    if (bench_arguments(argc, argv, "--data BASE [--limit ROWS]", options, &output))
        query_count = QUICK_QUERIES;
    if (!base)
        bench_fail("--data BASE: the files BASE.fbin and BASE.q.fbin");
    rows = vectors_read(base, ".fbin", (uint32_t)strtoul(limit, NULL, 10));
    queries = vectors_read(base, ".q.fbin", 0);
    if (queries.count < query_count)
        query_count = queries.count;
    anywhere_rank = ranks(&rows, NULL);
    middle_rank = ranks(&rows, queries.values);
    near = order(&queries, queries.values, &seed);
    query_order = vectors_need(queries.count, sizeof *query_order);
    for (uint32_t i = 0; i < queries.count; i++)
        query_order[i] = near[i].what;
    free(near);
    bench_progress("building");
    build();
    printf("| What passes | of all | short of k | recall@10 | queries/s | looked at | plans "
           "|\n|---|---|---|---|---|---|---|\n");
    for (passing kind = ANYWHERE; kind < KINDS; kind++)
        measure(kind);
    bench_figure("filtered_min_recall", least, "of 1");
    tripsage_index_free(index_);
    bench_write("vector-filtered", output);
    return 0;
}
