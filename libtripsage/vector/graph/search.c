/* search.c: the nearest to a query. */
#include <string.h>

#include "base/error.h"
#include "plan.h"

static tripsage_status check(const tripsage_index_result *result, const tripsage_index_query *query)
{
    if (query->version != 1)
        return TRIPSAGE_FAIL_FIELD("#query", "version %u is not known", query->version);
    if (!query->values)
        return TRIPSAGE_FAIL_FIELD("#values", "there are none");
    if (query->k < 1 || query->k > TRIPSAGE_VECTOR_K_MAX)
        return TRIPSAGE_FAIL_FIELD("#k", "must be 1 to %u", TRIPSAGE_VECTOR_K_MAX);
    if (query->width && (query->width < query->k || query->width > TRIPSAGE__WIDTH_MAX))
        return TRIPSAGE_FAIL_FIELD("#width", "must be 0, or k to %u", TRIPSAGE__WIDTH_MAX);
    if (result->capacity < query->k)
        return TRIPSAGE_FAIL(TRIPSAGE_EMISUSE, "there is no room for k hits");
    return TRIPSAGE_OK;
}

static void walk(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch, uint64_t entry,
                 const tripsage_index_query *query, uint32_t width, tripsage_index_result *result)
{
    tripsage__ranking ranking;
    uint32_t begin = tripsage__graph_descend(index, view, scratch, (uint32_t)entry, (uint32_t)(entry >> 32), 0);

    tripsage__graph_walk(index, view, scratch, begin, 0, width);
    tripsage__ranking_begin(&ranking, result->hits, query->k);
    tripsage__ranking_add_nearest(&ranking, index, view, scratch, &scratch->pool, query->k);
    tripsage__ranking_end(&ranking, result, query->k);
    result->is_certain = 0;
}

/* What replaced another may have been met beside it: the worse of the two is taken out. */
static void drop_doubles(tripsage_index_result *result)
{
    size_t count = 0;

    for (size_t i = 0; i < result->count; i++) {
        size_t at = 0;

        while (at < count && result->hits[at].key != result->hits[i].key)
            at++;
        if (at == count)
            result->hits[count++] = result->hits[i];
    }
    result->count = count;
}

static tripsage_status run(tripsage_index_result *result, tripsage_index *index, const tripsage__view *view,
                           const tripsage_index_query *query)
{
    uint64_t entry = atomic_load_explicit(&index->entry, memory_order_acquire);
    uint32_t live = atomic_load_explicit(&index->live, memory_order_relaxed);
    uint32_t width = query->width ? query->width : tripsage__graph_width(index, query->k);
    tripsage__scratch *scratch;
    tripsage_status status;

    scratch = tripsage__scratch_take(index, view->capacity, width);
    if (!scratch)
        return TRIPSAGE_NOMEM();
    TRIPSAGE_TRY(tripsage__graph_take_values(index, scratch->values, query->values, "#values"));
    tripsage__probe_for_query(&scratch->probe, &index->coder, scratch->values);
    if (!query->clause_count && !query->exact && live > TRIPSAGE__PLAN_ALL) {
        walk(index, view, scratch, entry, query, width, result);
        result->plan = TRIPSAGE_PLAN_GRAPH;
    }
    if (result->count < query->k) /* nothing was done, or removed items are in the way */
        TRIPSAGE_TRY(tripsage__plan_search(result, index, view, scratch, query, width));
    result->looked_at = scratch->looked_at;
out:
    tripsage__scratch_give(index, scratch);
    return status;
}

tripsage_status tripsage_index_search(tripsage_index_result *result, tripsage_index *index,
                                      const tripsage_index_query *query)
{
    uint64_t replaced = atomic_load_explicit(&index->replaced, memory_order_acquire);
    tripsage__grace_reader reader;
    const tripsage__view *view;
    tripsage_status status;

    result->count = 0;
    result->plan = TRIPSAGE_PLAN_SCAN;
    result->is_certain = 1;
    result->looked_at = 0;
    status = check(result, query);
    if (status != TRIPSAGE_OK)
        return status;
    reader = tripsage__grace_enter(index->grace);
    view = tripsage__graph_view(index);
    if (view)
        status = run(result, index, view, query);
    tripsage__grace_leave(reader, 0);
    if (replaced != atomic_load_explicit(&index->replaced, memory_order_acquire))
        drop_doubles(result);
    return status;
}
