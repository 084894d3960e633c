/* items.h: an index beside a plain table of what should be in it, which is asked by looking at everything. */
#ifndef TRIPSAGE_TESTS_UNIT_VECTOR_GRAPH_ITEMS_H
#define TRIPSAGE_TESTS_UNIT_VECTOR_GRAPH_ITEMS_H

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <tripsage/index.h>

#include "../../suite.h"
#include "support/chance.h"

enum { DIMENSIONS = 16, TERMS = 8 };

typedef struct item {
    float values[DIMENSIONS];
    uint64_t terms[TERMS];
    size_t term_count;
    int is_there;
} item;

/* Items by key: from 0. */
typedef struct model {
    tripsage_index *index;
    item *items;
    size_t count;
    uint64_t seed;
} model;

static inline float normal(uint64_t *seed)
{
    float sum = 0.0f;

    for (int i = 0; i < 12; i++)
        sum += (float)test_draw(seed, 1u << 20) / (float)(1u << 20);
    return sum - 6.0f;
}

/* A point around one of a few middles. */
static inline void draw_values(uint64_t *seed, float out[DIMENSIONS], unsigned middle)
{
    uint64_t middle_seed = middle + 1;

    for (int d = 0; d < DIMENSIONS; d++)
        out[d] = 2.0f * normal(&middle_seed) + normal(seed);
}

enum { MIDDLES = 8 };

static inline model model_new(size_t count)
{
    tripsage_index_options options = TRIPSAGE_INDEX_OPTIONS_INIT;
    model m = {NULL, calloc(count, sizeof(item)), count, 11};

    ck_assert_ptr_nonnull(m.items);
    options.dimensions = DIMENSIONS;
    options.metric = TRIPSAGE_L2;
    options.seed = 5;
    ck_assert_ok(tripsage_index_new(&m.index, &options, NULL));
    for (size_t i = 0; i < count; i++)
        draw_values(&m.seed, m.items[i].values, (unsigned)test_draw(&m.seed, MIDDLES));
    return m;
}

static inline void model_free(model *m)
{
    tripsage_index_free(m->index);
    free(m->items);
}

static inline void add_term(item *i, uint64_t term)
{
    ck_assert_uint_lt(i->term_count, TERMS);
    i->terms[i->term_count++] = term;
}

static inline tripsage_index_item index_item(const model *m, size_t key)
{
    const item *i = &m->items[key];

    return (tripsage_index_item){key, i->values, i->terms, i->term_count};
}

/* All of them at once. */
static inline void model_build(model *m, unsigned threads)
{
    tripsage_index_item *all = calloc(m->count, sizeof *all);

    ck_assert_ptr_nonnull(all);
    for (size_t i = 0; i < m->count; i++) {
        all[i] = index_item(m, i);
        m->items[i].is_there = 1;
    }
    ck_assert_ok(tripsage_index_build(m->index, all, m->count, threads, NULL, NULL));
    free(all);
}

static inline void model_put(model *m, size_t key)
{
    tripsage_index_item i = index_item(m, key);
    tripsage_status status = tripsage_index_put(m->index, &i);

    if (status != TRIPSAGE_OK) /* asked so, since Check writes down each assertion that holds */
        ck_abort_msg("%s", tripsage_last_error()->message);
    m->items[key].is_there = 1;
}

static inline void model_remove(model *m, size_t key)
{
    if (tripsage_index_remove(m->index, key) != TRIPSAGE_OK)
        ck_abort_msg("%s", tripsage_last_error()->message);
    m->items[key].is_there = 0;
}

static inline double distance(const float *a, const float *b)
{
    double sum = 0.0;

    for (int d = 0; d < DIMENSIONS; d++)
        sum += ((double)a[d] - (double)b[d]) * ((double)a[d] - (double)b[d]);
    return sqrt(sum);
}

static inline int has_any(const item *i, const tripsage_index_clause *clause)
{
    for (size_t t = 0; t < i->term_count; t++)
        for (size_t c = 0; c < clause->count; c++)
            if (i->terms[t] == clause->terms[c])
                return 1;
    return 0;
}

static inline int passes(const item *i, const tripsage_index_query *query)
{
    for (size_t c = 0; c < query->clause_count; c++)
        if (!has_any(i, &query->clauses[c]))
            return 0;
    return i->is_there;
}

static inline size_t count_passing(const model *m, const tripsage_index_query *query)
{
    size_t count = 0;

    for (size_t i = 0; i < m->count; i++)
        count += (size_t)passes(&m->items[i], query);
    return count;
}

enum { K_MOST = 100 };

typedef struct answer {
    tripsage_index_hit hits[K_MOST];
    tripsage_index_result result;
    size_t passing, right; /* by the model: how many pass, and how many hits are as near as the k nearest */
} answer;

/* Asks, and checks what has to hold of every answer: k hits when k pass, each once, each passes, the nearest first. */
static inline void model_ask(answer *a, const model *m, const tripsage_index_query *query)
{
    size_t wanted;

    a->result = (tripsage_index_result){.hits = a->hits, .capacity = query->k};
    if (tripsage_index_search(&a->result, m->index, query) != TRIPSAGE_OK)
        ck_abort_msg("%s", tripsage_last_error()->message);
    a->passing = count_passing(m, query);
    wanted = a->passing < query->k ? a->passing : query->k;
    if (a->result.count != wanted)
        ck_abort_msg("%zu hits of %zu that pass, k is %u, plan %d", a->result.count, a->passing, query->k,
                     (int)a->result.plan);
    a->right = 0;
    for (size_t h = 0; h < a->result.count; h++) {
        const tripsage_index_hit *hit = &a->hits[h];
        double bar = distance(query->values, m->items[hit->key].values) - 2.0 * (double)hit->error - 1e-6;
        size_t nearer = 0;

        if (hit->key >= m->count || !passes(&m->items[hit->key], query))
            ck_abort_msg("%llu does not pass", (unsigned long long)hit->key);
        for (size_t other = 0; other < h; other++)
            if (a->hits[other].key == hit->key)
                ck_abort_msg("%llu is there twice", (unsigned long long)hit->key);
        if (h && a->hits[h - 1].score < hit->score)
            ck_abort_msg("the nearest do not come first");
        for (size_t i = 0; i < m->count; i++)
            nearer += passes(&m->items[i], query) && distance(query->values, m->items[i].values) < bar;
        a->right += nearer < query->k;
    }
}

#endif
