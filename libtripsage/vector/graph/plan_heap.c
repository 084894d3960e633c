/* plan_heap.c: the best of many, with the worst of them at hand: a heap, the smallest first (Williams, 1964), of inverted candidates. */
#include "base/error.h"
#include "base/memory.h"
#include "plan.h"

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

tripsage_status tripsage__heap_reserve(tripsage__heap *heap, uint32_t room)
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

void tripsage__heap_sort(tripsage__heap *heap, tripsage__pool *out)
{
    *out = (tripsage__pool){.items = heap->items, .count = heap->count};
    while (heap->count) { /* the worst goes to the end, from where the last of the heap was taken */
        uint64_t worst = pop(heap);

        heap->items[heap->count] = ~worst;
    }
}
