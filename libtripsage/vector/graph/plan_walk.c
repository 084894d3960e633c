/* plan_walk.c: a walk through the graph that does not end until enough was met that passes.
 *
 * As in any walk, the nearest candidate whose edges were not followed is next. It ends when that one is farther than the worst of the
 * `near` best of all, which is where a walk without a filter ends, and also farther than the worst of the `found` best that pass. */
#include "base/error.h"
#include "base/memory.h"
#include "plan.h"

/* ---- heaps: the smallest first (Williams, 1964) ---- */

static void sift_up(uint64_t *items, uint32_t at)
{
    uint64_t item = items[at];

    for (uint32_t above; at > 0; at = above) {
        above = (at - 1) / 2;
        if (items[above] <= item)
            break;
        items[at] = items[above];
    }
    items[at] = item;
}

/* Puts an item in the first one's place, and where it belongs from there. */
static void sift_down(uint64_t *items, uint32_t count, uint64_t item)
{
    uint32_t at = 0;

    for (uint32_t below; (below = 2 * at + 1) < count; at = below) {
        if (below + 1 < count && items[below + 1] < items[below])
            below++;
        if (item <= items[below])
            break;
        items[at] = items[below];
    }
    items[at] = item;
}

static void push(tripsage__heap *heap, uint64_t item)
{
    heap->items[heap->count] = item;
    sift_up(heap->items, heap->count++);
}

static uint64_t pop(tripsage__heap *heap)
{
    uint64_t item = heap->items[0];

    heap->count--;
    if (heap->count)
        sift_down(heap->items, heap->count, heap->items[heap->count]);
    return item;
}

void tripsage__heap_offer(tripsage__heap *heap, uint32_t most, tripsage__candidate candidate)
{
    if (heap->count < most)
        push(heap, ~candidate);
    else if (~candidate > heap->items[0])
        sift_down(heap->items, heap->count, ~candidate);
}

static tripsage_status reserve(tripsage__heap *heap, uint32_t room)
{
    heap->count = 0;
    if (heap->room >= room)
        return TRIPSAGE_OK;
    tripsage__free(heap->items);
    heap->room = 0;
    heap->items = tripsage__malloc(room * sizeof *heap->items);
    if (!heap->items)
        return TRIPSAGE_NOMEM();
    heap->room = room;
    return TRIPSAGE_OK;
}

tripsage_status tripsage__filter_reserve(tripsage__filter *filter, uint32_t frontier, uint32_t near, uint32_t found)
{
    tripsage_status status;

    TRIPSAGE_TRY(reserve(&filter->frontier, frontier));
    TRIPSAGE_TRY(reserve(&filter->near, near));
    TRIPSAGE_TRY(reserve(&filter->found, found));
out:
    return status;
}

/* ---- the walk ---- */

typedef struct walk {
    tripsage__filter *filter;
    uint32_t near, found;    /* how many of each are wanted */
    uint32_t room;           /* of the frontier */
    tripsage__candidate bar; /* what is farther is not followed */
} walk;

static void lower_bar(walk *w)
{
    const tripsage__filter *filter = w->filter;
    uint64_t near, found;

    if (filter->near.count < w->near || filter->found.count < w->found)
        return;
    near = ~filter->near.items[0];
    found = ~filter->found.items[0];
    w->bar = near > found ? near : found;
}

static void meet(walk *w, tripsage__candidate candidate)
{
    tripsage__filter *filter = w->filter;

    if (candidate >= w->bar)
        return;
    tripsage__heap_offer(&filter->near, w->near, candidate);
    if (tripsage__filter_passes(filter, tripsage__candidate_slot(candidate)))
        tripsage__heap_offer(&filter->found, w->found, candidate);
    if (filter->frontier.count < w->room)
        push(&filter->frontier, candidate);
}

/* The next whose edges are to be followed; 0: there is none. */
static int next_to_follow(walk *w, uint32_t *slot)
{
    tripsage__heap *frontier = &w->filter->frontier;
    tripsage__candidate next;

    if (!frontier->count || frontier->items[0] >= w->bar)
        return 0;
    next = pop(frontier);
    *slot = tripsage__candidate_slot(next);
    return 1;
}

static void meet_all(walk *w, const tripsage__scratch *scratch, const uint32_t *ids, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        meet(w, tripsage__candidate_of(scratch->estimates[i], ids[i]));
    lower_bar(w);
}

/* Two nodes are on their way at a time: while the codes behind one's edges come from memory, those of the other are compared. */
int tripsage__filter_walk(tripsage__filter *filter, tripsage_index *index, const tripsage__view *view,
                          tripsage__scratch *scratch, uint32_t slot, uint32_t near, uint32_t found, uint64_t budget)
{
    walk w = {filter, near, found, filter->frontier.room, UINT64_MAX};
    uint64_t end = scratch->looked_at + budget;
    uint32_t counts[2] = {1, 0}, turn = 0;

    tripsage__walk_begin(index, view, scratch, slot);
    meet(&w, tripsage__candidate_of(scratch->estimates[0], slot));
    counts[0] = next_to_follow(&w, &slot) ? tripsage__walk_gather(index, view, scratch, scratch->ids[0], slot) : 0;
    while (counts[turn] && scratch->looked_at < end) {
        uint32_t other = 1 - turn;

        counts[other] = 0;
        while (!counts[other] && next_to_follow(&w, &slot))
            counts[other] = tripsage__walk_gather(index, view, scratch, scratch->ids[other], slot);
        if (filter->frontier.count)
            tripsage__walk_prefetch_edges(index, view, tripsage__candidate_slot(filter->frontier.items[0]));
        tripsage__walk_compare(index, view, scratch, scratch->ids[turn], counts[turn]);
        meet_all(&w, scratch, scratch->ids[turn], counts[turn]);
        while (!counts[other] && next_to_follow(&w, &slot))
            counts[other] = tripsage__walk_gather(index, view, scratch, scratch->ids[other], slot);
        turn = other;
    }
    tripsage__walk_end(view, scratch);
    return filter->near.count >= near && filter->found.count >= found && scratch->looked_at < end;
}

void tripsage__filter_sort_found(tripsage__filter *filter, tripsage__pool *out)
{
    tripsage__heap *found = &filter->found;

    *out = (tripsage__pool){.items = found->items, .count = found->count};
    while (found->count) { /* the worst goes to the end, from where the last of the heap was taken */
        uint64_t worst = pop(found);

        found->items[found->count] = ~worst;
    }
}
