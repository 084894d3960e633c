/* plan.c: see plan.h. */
#include "plan.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"

/* To follow a node on a walk takes as long as to look at so many items one after the other, in tenths for each of its edges: most of
 * them lead to what was met before, and the others have to be waited for and kept in order. Measured in the processor's time (Sapphire
 * Rapids, 32 edges, 4-bit codes): 390 to 410 ns for one that is kept, and 17 for one that is looked at, of 100 dimensions; 370 to 420 and
 * 32, of 384, where walks are so taken for twice as long as they are, and all that pass are looked at sooner than they might be. */
#define WALK_COST 8u

/* Of those that pass, a walk has to keep some more than k, since they are in the order of their short codes, and since some are missed
 * that stand behind others that do not pass. */
#define FOUND_FOR(k) ((k) + (k) / 2 + 8)

/* What a scan keeps by the short codes, to rank it by both. */
#define RANKED_FOR(k) (4 * (k) + 64)

/* So many are on their way from memory at a time. */
#define BATCH 32u

/* When so many in a hundred pass, it is called a walk without a filter. */
#define NEARLY_ALL 90u

/* ---- looking at everything that passes ---- */

/* By both codes. */
static void rank_all(tripsage_index_result *result, const tripsage__filter *filter, const tripsage_index *index,
                     const tripsage__view *view, tripsage__scratch *scratch, uint32_t k)
{
    uint32_t *ids = scratch->ids[0], at = 0, count;
    tripsage__ranking ranking;

    tripsage__ranking_begin(&ranking, result->hits, result->capacity);
    ranking.takes_dead = 1;
    while ((count = tripsage__filter_next(filter, &at, ids, BATCH))) {
        tripsage__walk_prefetch_codes(index, view, ids, count);
        for (uint32_t i = 0; i < count; i++)
            (void)tripsage__ranking_add(&ranking, index, view, scratch, ids[i]);
        scratch->looked_at += count;
    }
    tripsage__ranking_end(&ranking, result, k);
}

/* What was kept of those that pass, the nearest first. */
static void rank_kept(tripsage_index_result *result, const tripsage_index *index, const tripsage__view *view,
                      const tripsage__scratch *scratch, const tripsage__pool *kept, uint32_t k)
{
    tripsage__ranking ranking;

    tripsage__ranking_begin(&ranking, result->hits, k);
    ranking.takes_dead = 1;
    tripsage__ranking_add_nearest(&ranking, index, view, scratch, kept, k);
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
    tripsage__pool kept;
    tripsage_status status;

    if (query->exact || filter->count <= TRIPSAGE__PLAN_ALL || filter->count <= most) {
        rank_all(result, filter, index, view, scratch, query->k);
        return TRIPSAGE_OK;
    }
    status = tripsage__heap_reserve(&filter->found, most);
    if (status != TRIPSAGE_OK)
        return status;
    keep_best(filter, index, view, scratch, most);
    tripsage__heap_sort(&filter->found, &kept);
    rank_kept(result, index, view, scratch, &kept, query->k);
    return TRIPSAGE_OK;
}

/* ---- walking ---- */

/* No more than the walk is to keep of all, where the caller said how many. */
static uint32_t wanted(const tripsage__filter *filter, const tripsage_index_query *query, uint32_t width)
{
    uint32_t found = FOUND_FOR(query->k);

    found = found < width ? found : width;
    return found < filter->count ? found : filter->count;
}

/* How many of all a walk has to keep so that `found` of them pass, where `passing` of `all` do. */
static uint64_t width_for(uint64_t found, uint64_t passing, uint64_t all, uint32_t width)
{
    uint64_t needed = passing ? found * all / passing : UINT64_MAX;

    return needed > width ? needed : width;
}

/* Of walks that are shorter than to look at all that pass. */
static uint32_t widest(const tripsage_index *index, uint32_t passing)
{
    uint64_t width = (uint64_t)passing * 10 / (WALK_COST * index->options.degree);

    return width < TRIPSAGE__WIDTH_MAX ? (uint32_t)width : TRIPSAGE__WIDTH_MAX;
}

/* Of the pool, those that pass. */
static void keep_passing(const tripsage__filter *filter, tripsage__pool *pool)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < pool->count; i++) {
        pool->items[count] = pool->items[i];
        count += (uint32_t)tripsage__filter_passes(filter, tripsage__candidate_slot(pool->items[i]));
    }
    pool->count = count;
}

/* As without a filter, only that more are kept, and those that do not pass are then left out. Where fewer pass than it seemed, the next
 * walk keeps as many more as it seems by then. 0 in *is_done: to look at everything that passes is shorter. */
static tripsage_status walk(int *is_done, tripsage_index_result *result, const tripsage__filter *filter,
                            tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch,
                            const tripsage_index_query *query, uint32_t found, uint64_t width)
{
    uint64_t entry = atomic_load_explicit(&index->entry, memory_order_acquire);
    tripsage__pool *pool = &scratch->pool;
    uint32_t begin, met, now, most = widest(index, filter->count);
    tripsage_status status = TRIPSAGE_OK;

    *is_done = 0;
    if ((uint32_t)entry == TRIPSAGE__NO_SLOT)
        return TRIPSAGE_OK;
    begin = tripsage__graph_descend(index, view, scratch, (uint32_t)entry, (uint32_t)(entry >> 32), 0);
    for (; width <= most; width = width_for(found, pool->count, met, 0) * 5 / 4) {
        now = (uint32_t)width;
        TRIPSAGE_TRY(tripsage__graph_walk_out(index, view, scratch, begin, &now, query->width ? now : most));
        width = now;
        begin = tripsage__candidate_slot(pool->items[0]);
        met = pool->count;
        keep_passing(filter, pool);
        if (pool->count >= found) {
            rank_kept(result, index, view, scratch, pool, query->k);
            *is_done = result->count == query->k; /* fewer: some are in it twice */
            return TRIPSAGE_OK;
        }
        if (met < width) /* that was all there is to be met */
            return TRIPSAGE_OK;
    }
out:
    return status;
}

/* ---- choosing ---- */

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

static int is_scan(const tripsage_index *index, uint32_t passing, const tripsage_index_query *query, uint64_t width)
{
    return query->exact || passing <= TRIPSAGE__PLAN_ALL || passing <= query->k || width > widest(index, passing);
}

tripsage_status tripsage__plan_search(tripsage_index_result *result, tripsage_index *index, const tripsage__view *view,
                                      tripsage__scratch *scratch, const tripsage_index_query *query, uint32_t width)
{
    tripsage__filter *filter = filter_of(scratch);
    uint64_t live = atomic_load_explicit(&index->live, memory_order_relaxed);
    uint64_t wide;
    uint32_t found;
    tripsage_status status;
    int is_done = 0, may_list;

    if (!filter)
        return TRIPSAGE_NOMEM();
    result->plan = TRIPSAGE_PLAN_SCAN;
    result->count = 0;
    result->is_certain = 1;
    TRIPSAGE_TRY(tripsage__filter_begin(filter, index, view, query));
    if (!filter->bound)
        return TRIPSAGE_OK;
    may_list =
        is_scan(index, (uint32_t)filter->bound, query, width_for(FOUND_FOR(query->k), filter->bound, live, width));
    TRIPSAGE_TRY(tripsage__filter_fill(filter, index, view, may_list));
    found = wanted(filter, query, width);
    wide = width_for(found, filter->count, live, width);
    if (!filter->is_listed && !is_scan(index, filter->count, query, wide)) {
        TRIPSAGE_TRY(walk(&is_done, result, filter, index, view, scratch, query, found, wide));
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

/* Where a walk of the usual width met nothing but removed items, one of this width is tried before all there are are looked at; and edges
 * to so many living ones make a place for a node. */
#define LIVING_WIDTH 2000u
#define LIVING       16u

tripsage_status tripsage__plan_reserve_living(tripsage_index *index, const tripsage__view *view,
                                              tripsage__scratch *scratch)
{
    const tripsage_index_query all = TRIPSAGE_INDEX_QUERY_INIT;
    tripsage__filter *filter = filter_of(scratch);
    tripsage_status status;

    if (!filter || !tripsage__scratch_widen(index, scratch, LIVING_WIDTH))
        return TRIPSAGE_NOMEM();
    TRIPSAGE_TRY(tripsage__filter_begin(filter, index, view, &all));
    TRIPSAGE_TRY(tripsage__filter_reserve_bits(filter));
    TRIPSAGE_TRY(tripsage__heap_reserve(&filter->found, LIVING));
out:
    return status;
}

static void keep_living(const tripsage__view *view, tripsage__pool *pool)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < pool->count; i++)
        if (!tripsage__is_dead(view, tripsage__candidate_slot(pool->items[i])))
            pool->items[count++] = pool->items[i];
    pool->count = count;
}

void tripsage__plan_living(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch, uint32_t slot)
{
    const tripsage_index_query all = TRIPSAGE_INDEX_QUERY_INIT;
    tripsage__filter *filter = scratch->filter;
    tripsage__pool kept;

    tripsage__graph_walk(index, view, scratch, slot, 0, LIVING_WIDTH);
    keep_living(view, &scratch->pool);
    if (scratch->pool.count >= LIVING)
        return;
    /* Neither needs memory any more. */
    (void)tripsage__filter_begin(filter, index, view, &all);
    (void)tripsage__filter_fill(filter, index, view, 0);
    keep_best(filter, index, view, scratch, LIVING);
    tripsage__heap_sort(&filter->found, &kept);
    memcpy(scratch->pool.items, kept.items, kept.count * sizeof *kept.items);
    scratch->pool.count = kept.count;
}
