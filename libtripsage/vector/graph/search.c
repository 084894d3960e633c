/* search.c: the nearest to a query. */
#include <string.h>

#include "base/error.h"
#include "base/prefetch.h"
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

/* A width that nobody asked for was measured with items: a query that lies farther out than they do is given a wider one. */
static tripsage_status walk(tripsage_index_result *result, tripsage_index *index, const tripsage__view *view,
                            tripsage__scratch *scratch, uint64_t entry, const tripsage_index_query *query,
                            uint32_t width)
{
    uint32_t begin = tripsage__graph_descend(index, view, scratch, (uint32_t)entry, (uint32_t)(entry >> 32), 0);
    tripsage__ranking ranking;
    tripsage_status status =
        tripsage__graph_walk_out(index, view, scratch, begin, &width, query->width ? width : TRIPSAGE__WIDTH_MAX);

    if (status != TRIPSAGE_OK)
        return status;
    tripsage__ranking_begin(&ranking, result->hits, query->k);
    tripsage__ranking_add_nearest(&ranking, index, view, scratch, &scratch->pool, query->k);
    tripsage__ranking_end(&ranking, result, query->k);
    result->is_certain = 0;
    return TRIPSAGE_OK;
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
        TRIPSAGE_TRY(walk(result, index, view, scratch, entry, query, width));
        result->plan = TRIPSAGE_PLAN_GRAPH;
    }
    if (result->count < query->k) /* nothing was done, or removed items are in the way */
        TRIPSAGE_TRY(tripsage__plan_search(result, index, view, scratch, query, width));
    result->looked_at = scratch->looked_at;
out:
    tripsage__scratch_give(index, scratch);
    return status;
}

/* What is replaced while a search makes out what there is may be missed in both of its places: in the new one before it is there, in the
 * old one after it is gone. So whoever found too few looks again when something was replaced meanwhile. To look takes some microseconds
 * where few pass, and to replace an item a hundred: two looks are enough nearly always, and so many are beyond any luck. */
#define LOOKS 64u

static tripsage_status look(tripsage_index_result *result, tripsage_index *index, const tripsage_index_query *query)
{
    tripsage_status status = TRIPSAGE_OK;

    for (uint32_t looks = 0; status == TRIPSAGE_OK && result->count < query->k && looks < LOOKS; looks++) {
        uint64_t replaced = atomic_load_explicit(&index->replaced, memory_order_acquire);
        const tripsage__view *view = tripsage__graph_view(index);

        if (view)
            status = run(result, index, view, query);
        if (replaced == atomic_load_explicit(&index->replaced, memory_order_acquire))
            break;
    }
    return status;
}

tripsage_status tripsage_index_search(tripsage_index_result *result, tripsage_index *index,
                                      const tripsage_index_query *query)
{
    tripsage__grace_reader reader;
    tripsage_status status;

    result->count = 0;
    result->plan = TRIPSAGE_PLAN_SCAN;
    result->is_certain = 1;
    result->looked_at = 0;
    status = check(result, query);
    if (status != TRIPSAGE_OK)
        return status;
    /* A query that nobody looked at yet is on its way from memory as a whole, not line after line. */
    tripsage__prefetch(query->values, index->coder.dimensions * sizeof *query->values);
    reader = tripsage__grace_enter(index->grace);
    status = look(result, index, query);
    tripsage__grace_leave(reader, 0);
    return status;
}
