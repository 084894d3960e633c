/* plan.c: see plan.h. */
#include "plan.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"

/* An item met on a walk takes as long as so many that are looked at one after the other: its edges have to be read, it has to be kept in
 * order, and nobody knows before where the next one is. Measured with 4-bit codes of 100 and of 512 dimensions. */
#define WALK_COST 2u

/* So many of a node's edges, in tenths, lead to what was not met yet. */
#define NEW_EDGES 4u

/* Of those that pass, a walk has to keep some more than k, since they are in the order of their short codes, and since some are missed
 * that stand behind others that do not pass. */
#define FOUND_FOR(k) ((k) + (k) / 2 + 8)

/* What a scan keeps by the short codes, to rank it by both. */
#define RANKED_FOR(k) (4 * (k) + 64)

/* So many are on their way from memory at a time. */
#define BATCH 32u

/* When so many in a hundred pass, it is called a walk without a filter. */
#define NEARLY_ALL 90u

/* Items that wait to be followed: what is beyond is farther than all a walk of any use comes to. */
#define FRONTIER_MAX 65536u

/* ---- looking at everything that passes ---- */

/* By both codes. */
static void rank_all(tripsage_index_result *result, const tripsage__filter *filter, const tripsage_index *index,
                     const tripsage__view *view, tripsage__scratch *scratch, uint32_t k)
{
    uint32_t *ids = scratch->ids[0], at = 0, count;
    tripsage__ranking ranking;

    tripsage__ranking_begin(&ranking, result->hits, result->capacity);
    while ((count = tripsage__filter_next(filter, &at, ids, TRIPSAGE__DEGREE_MAX))) {
        tripsage__walk_prefetch_codes(index, view, ids, count);
        for (uint32_t i = 0; i < count; i++)
            (void)tripsage__ranking_add(&ranking, index, view, scratch, ids[i]);
        scratch->looked_at += count;
    }
    tripsage__ranking_end(&ranking, result, k);
}

static void rank_found(tripsage_index_result *result, tripsage__filter *filter, const tripsage_index *index,
                       const tripsage__view *view, tripsage__scratch *scratch, uint32_t k)
{
    tripsage__ranking ranking;
    tripsage__pool found;

    tripsage__filter_sort_found(filter, &found);
    tripsage__ranking_begin(&ranking, result->hits, k);
    tripsage__ranking_add_nearest(&ranking, index, view, scratch, &found, k);
    tripsage__ranking_end(&ranking, result, k);
    result->is_certain = 0;
}

/* The best by the short codes. While some come from memory, those before are compared. */
static void keep_best(tripsage__filter *filter, tripsage_index *index, const tripsage__view *view,
                      tripsage__scratch *scratch, uint32_t most)
{
    uint32_t at = 0, turn = 0, counts[2];

    filter->found.count = 0;
    counts[0] = tripsage__filter_next(filter, &at, scratch->ids[0], BATCH);
    for (; counts[turn]; turn = 1 - turn) {
        const uint32_t *ids = scratch->ids[turn];

        counts[1 - turn] = tripsage__filter_next(filter, &at, scratch->ids[1 - turn], BATCH);
        tripsage__walk_prefetch_codes(index, view, scratch->ids[1 - turn], counts[1 - turn]);
        tripsage__walk_compare(index, view, scratch, ids, counts[turn]);
        for (uint32_t i = 0; i < counts[turn]; i++)
            tripsage__heap_offer(&filter->found, most, tripsage__candidate_of(scratch->estimates[i], ids[i]));
    }
}

static tripsage_status scan(tripsage_index_result *result, tripsage__filter *filter, tripsage_index *index,
                            const tripsage__view *view, tripsage__scratch *scratch, const tripsage_index_query *query)
{
    uint32_t most = RANKED_FOR(query->k);
    tripsage_status status;

    if (query->exact || filter->count <= TRIPSAGE__PLAN_ALL || filter->count <= most) {
        rank_all(result, filter, index, view, scratch, query->k);
        return TRIPSAGE_OK;
    }
    status = tripsage__filter_reserve(filter, 0, 0, most);
    if (status != TRIPSAGE_OK)
        return status;
    keep_best(filter, index, view, scratch, most);
    rank_found(result, filter, index, view, scratch, query->k);
    return TRIPSAGE_OK;
}

/* ---- choosing ---- */

/* How many items a walk will meet, if what passes is anywhere. */
static uint64_t walk_length(const tripsage_index *index, uint64_t passing, uint32_t k, uint32_t width)
{
    uint64_t live = atomic_load_explicit(&index->live, memory_order_relaxed), follow = width;

    if (passing && FOUND_FOR((uint64_t)k) * live / passing > follow)
        follow = FOUND_FOR((uint64_t)k) * live / passing;
    return follow * index->options.degree * NEW_EDGES / 10;
}

static int is_scan_shorter(const tripsage_index *index, uint64_t passing, const tripsage_index_query *query,
                           uint32_t width)
{
    return query->exact || passing <= TRIPSAGE__PLAN_ALL || passing <= query->k ||
           passing <= WALK_COST * walk_length(index, passing, query->k, width);
}

/* Walks for at most as long as looking at everything that passes takes; 0 in *is_done: that is to be done now. */
static tripsage_status walk(int *is_done, tripsage_index_result *result, tripsage__filter *filter,
                            tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch,
                            const tripsage_index_query *query, uint32_t width)
{
    uint64_t entry = atomic_load_explicit(&index->entry, memory_order_acquire), budget = filter->count / WALK_COST;
    uint32_t found = FOUND_FOR(query->k), begin;
    tripsage_status status;

    *is_done = 0;
    if ((uint32_t)entry == TRIPSAGE__NO_SLOT)
        return TRIPSAGE_OK;
    if (found > filter->count)
        found = filter->count;
    status =
        tripsage__filter_reserve(filter, budget < FRONTIER_MAX ? (uint32_t)budget + 1 : FRONTIER_MAX, width, found);
    if (status != TRIPSAGE_OK)
        return status;
    begin = tripsage__graph_descend(index, view, scratch, (uint32_t)entry, (uint32_t)(entry >> 32), 0);
    if (!tripsage__filter_walk(filter, index, view, scratch, begin, width, found, budget))
        return TRIPSAGE_OK;
    rank_found(result, filter, index, view, scratch, query->k);
    *is_done = result->count == query->k; /* fewer: some were removed meanwhile */
    return TRIPSAGE_OK;
}

static int is_nearly_all(const tripsage_index *index, const tripsage__filter *filter)
{
    return (uint64_t)filter->count * 100 >=
           (uint64_t)atomic_load_explicit(&index->live, memory_order_relaxed) * NEARLY_ALL;
}

static tripsage__filter *filter_of(tripsage__scratch *scratch)
{
    if (!scratch->filter)
        scratch->filter = tripsage__calloc(1, sizeof *scratch->filter);
    return scratch->filter;
}

tripsage_status tripsage__plan_search(tripsage_index_result *result, tripsage_index *index, const tripsage__view *view,
                                      tripsage__scratch *scratch, const tripsage_index_query *query, uint32_t width)
{
    tripsage__filter *filter = filter_of(scratch);
    tripsage_status status;
    int is_done = 0;

    if (!filter)
        return TRIPSAGE_NOMEM();
    TRIPSAGE_TRY(tripsage__filter_begin(filter, index, view, query));
    result->plan = TRIPSAGE_PLAN_SCAN;
    if (!filter->bound)
        return TRIPSAGE_OK;
    TRIPSAGE_TRY(tripsage__filter_fill(filter, index, view, is_scan_shorter(index, filter->bound, query, width)));
    if (!filter->is_listed && !is_scan_shorter(index, filter->count, query, width)) {
        TRIPSAGE_TRY(walk(&is_done, result, filter, index, view, scratch, query, width));
        result->plan = !is_done                       ? TRIPSAGE_PLAN_TURNED
                       : is_nearly_all(index, filter) ? TRIPSAGE_PLAN_GRAPH
                                                      : TRIPSAGE_PLAN_FILTER;
    }
    if (!is_done)
        TRIPSAGE_TRY(scan(result, filter, index, view, scratch, query));
out:
    return status;
}

/* ---- for the writer ---- */

/* Edges to so many living ones make a place for a node; and so many are met before all are looked at. */
#define LIVING        16u
#define LIVING_BUDGET 20000u

tripsage_status tripsage__plan_reserve_living(tripsage_index *index, const tripsage__view *view,
                                              tripsage__scratch *scratch)
{
    const tripsage_index_query all = TRIPSAGE_INDEX_QUERY_INIT;
    tripsage__filter *filter = filter_of(scratch);
    tripsage_status status;

    if (!filter)
        return TRIPSAGE_NOMEM();
    TRIPSAGE_TRY(tripsage__filter_begin(filter, index, view, &all));
    TRIPSAGE_TRY(tripsage__filter_reserve_bits(filter));
    TRIPSAGE_TRY(tripsage__filter_reserve(filter, LIVING_BUDGET, LIVING, LIVING));
out:
    return status;
}

void tripsage__plan_living(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch, uint32_t slot)
{
    const tripsage_index_query all = TRIPSAGE_INDEX_QUERY_INIT;
    tripsage__filter *filter = scratch->filter;
    tripsage__pool found;

    /* Neither needs memory any more. */
    (void)tripsage__filter_begin(filter, index, view, &all);
    (void)tripsage__filter_fill(filter, index, view, 0);
    filter->frontier.count = filter->near.count = filter->found.count = 0;
    if (!tripsage__filter_walk(filter, index, view, scratch, slot, LIVING, LIVING, LIVING_BUDGET))
        keep_best(filter, index, view, scratch, LIVING);
    tripsage__filter_sort_found(filter, &found);
    memcpy(scratch->pool.items, found.items, found.count * sizeof *found.items);
    scratch->pool.count = found.count;
}
