/* walk.c: through the graph towards what is nearest to a probe. */
#include <string.h>

#include "graph_internal.h"

/* ---- candidates ---- */

tripsage__candidate tripsage__candidate_of(float estimate, uint32_t slot)
{
    uint32_t bits;

    memcpy(&bits, &estimate, sizeof bits);
    bits ^= (uint32_t) - (int32_t)(bits >> 31) |
            UINT32_C(0x80000000); /* negative ones the other way around, below the others */
    return (uint64_t)bits << 32 | (uint64_t)slot << 1;
}

float tripsage__candidate_estimate(tripsage__candidate candidate)
{
    uint32_t bits = (uint32_t)(candidate >> 32);
    float estimate;

    bits ^= bits >> 31 ? UINT32_C(0x80000000) : UINT32_C(0xffffffff);
    memcpy(&estimate, &bits, sizeof estimate);
    return estimate;
}

/* ---- the pool: sorted, the worst falls out at its end ---- */

static void pool_begin(tripsage__pool *pool, uint32_t width)
{
    pool->count = 0;
    pool->cursor = 0;
    pool->width = width;
}

static void pool_add(tripsage__pool *pool, tripsage__candidate candidate)
{
    tripsage__candidate *items = pool->items;
    uint32_t at = 0, count = pool->count;

    if (count == pool->width && candidate >= items[count - 1])
        return;
    for (uint32_t size = count; size; size /= 2) { /* the first that is larger */
        uint32_t half = size - size / 2;

        at += items[at + half - 1] < candidate ? half : 0;
    }
    if (count < pool->width)
        pool->count = ++count;
    memmove(items + at + 1, items + at, (count - 1 - at) * sizeof *items);
    items[at] = candidate;
    if (at < pool->cursor)
        pool->cursor = at;
}

/* The nearest whose edges were not followed, marked as followed; 0 when there is none. */
static int pool_next(tripsage__pool *pool, uint32_t *slot)
{
    while (pool->cursor < pool->count && (pool->items[pool->cursor] & 1))
        pool->cursor++;
    if (pool->cursor == pool->count)
        return 0;
    *slot = tripsage__candidate_slot(pool->items[pool->cursor]);
    pool->items[pool->cursor++] |= 1;
    return 1;
}

/* ---- what was seen ---- */

static int see(tripsage__scratch *scratch, uint32_t slot)
{
    uint64_t bit = UINT64_C(1) << slot % 64, *word = &scratch->seen[slot / 64];
    int is_new = !(*word & bit);

    *word |= bit;
    return is_new;
}

static void forget(tripsage__scratch *scratch, const tripsage__view *view)
{
    memset(scratch->seen, 0, (view->capacity + 63) / 64 * sizeof *scratch->seen);
}

/* ---- steps ---- */

static void prefetch_code(const tripsage_index *index, const tripsage__view *view, uint32_t slot)
{
    const unsigned char *code = tripsage__code_of(index, view, slot);

    for (size_t at = 0; at < index->coder.code_stride; at += 64)
        __builtin_prefetch(code + at);
}

static void prefetch_edges(const tripsage_index *index, const tripsage__view *view, uint32_t slot)
{
    const char *edges = (const char *)(view->edges + (size_t)slot * index->options.degree);

    for (size_t at = 0; at < index->options.degree * sizeof(tripsage__edge); at += 64)
        __builtin_prefetch(edges + at);
}

/* The ends of a node's edges that were not seen yet, their codes on the way here. */
static uint32_t gather(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch, uint32_t slot,
                       uint32_t level)
{
    const tripsage__edge *edges = tripsage__edges_of(index, view, slot, level);
    uint32_t degree = tripsage__degree_of(index, level), count = 0;

    for (uint32_t i = 0; i < degree; i++) {
        uint32_t to = atomic_load_explicit(&edges[i], memory_order_acquire);

        if (to == TRIPSAGE__NO_SLOT)
            break;
        if (see(scratch, to)) {
            prefetch_code(index, view, to);
            scratch->ids[count++] = to;
        }
    }
    return count;
}

static void compare(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch, uint32_t count)
{
    const tripsage__coder *coder = &index->coder;

    coder->kernels->compare(scratch->estimates, &scratch->probe, view->codes, coder->code_stride, coder->bits,
                            scratch->ids, count);
    scratch->looked_at += count;
}

uint32_t tripsage__graph_descend(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch,
                                 uint32_t slot, uint32_t from_level, uint32_t to_level)
{
    float best;

    scratch->ids[0] = slot;
    compare(index, view, scratch, 1);
    best = scratch->estimates[0];
    for (uint32_t level = from_level; level > to_level; level--)
        for (uint32_t before = TRIPSAGE__NO_SLOT; before != slot;) {
            const tripsage__edge *edges = tripsage__edges_of(index, view, slot, level);
            uint32_t count = 0;

            for (uint32_t to; count < index->upper_degree; count++) {
                to = atomic_load_explicit(&edges[count], memory_order_acquire);
                if (to == TRIPSAGE__NO_SLOT)
                    break;
                prefetch_code(index, view, to);
                scratch->ids[count] = to;
            }
            before = slot;
            compare(index, view, scratch, count);
            for (uint32_t i = 0; i < count; i++)
                if (scratch->estimates[i] < best) {
                    best = scratch->estimates[i];
                    slot = scratch->ids[i];
                }
        }
    return slot;
}

void tripsage__graph_walk(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch, uint32_t slot,
                          uint32_t level, uint32_t width)
{
    tripsage__pool *pool = &scratch->pool;
    uint32_t count = 1;

    pool_begin(pool, width);
    (void)see(scratch, slot);
    scratch->ids[0] = slot;
    compare(index, view, scratch, 1);
    pool_add(pool, tripsage__candidate_of(scratch->estimates[0], slot));
    while (pool_next(pool, &slot)) {
        count = gather(index, view, scratch, slot, level);
        if (level == 0 && pool->cursor < pool->count)
            prefetch_edges(index, view, tripsage__candidate_slot(pool->items[pool->cursor]));
        compare(index, view, scratch, count);
        for (uint32_t i = 0; i < count; i++)
            pool_add(pool, tripsage__candidate_of(scratch->estimates[i], scratch->ids[i]));
    }
    forget(scratch, view);
}

/* ---- steps for walks with another end (plan_walk.c) ---- */

void tripsage__walk_begin(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch, uint32_t slot)
{
    (void)see(scratch, slot);
    scratch->ids[0] = slot;
    compare(index, view, scratch, 1);
}

uint32_t tripsage__walk_follow(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch,
                               uint32_t slot)
{
    uint32_t count = gather(index, view, scratch, slot, 0);

    compare(index, view, scratch, count);
    return count;
}

void tripsage__walk_end(const tripsage__view *view, tripsage__scratch *scratch)
{
    forget(scratch, view);
}

void tripsage__walk_prefetch(const tripsage_index *index, const tripsage__view *view, uint32_t slot)
{
    prefetch_edges(index, view, slot);
}

void tripsage__walk_compare(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch,
                            uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        prefetch_code(index, view, scratch->ids[i]);
    compare(index, view, scratch, count);
}
