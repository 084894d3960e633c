/* walk.c: through the graph towards what is nearest to a probe. */
#include <string.h>

#include "graph_internal.h"

#define LINE 64u

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

/* Where a candidate belongs: how many are before it. Without a branch, so that several such searches go on side by side. */
static uint32_t place_of(const tripsage__pool *pool, tripsage__candidate candidate)
{
    uint32_t at = 0;

    for (uint32_t size = pool->count; size; size /= 2) {
        uint32_t half = size - size / 2;

        at += half & -(uint32_t)(pool->items[at + half - 1] < candidate);
    }
    return at;
}

/* Ascending; there are few. */
static void sort(tripsage__candidate *items, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        tripsage__candidate item = items[i];
        uint32_t at = i;

        for (; at > 0 && items[at - 1] > item; at--)
            items[at] = items[at - 1];
        items[at] = item;
    }
}

/* Takes several in, from the last on, so that each in the pool is moved once. There is room for all behind the width. */
static void pool_add(tripsage__pool *pool, tripsage__candidate *fresh, uint32_t count)
{
    uint32_t places[TRIPSAGE__DEGREE_MAX], end = pool->count;

    if (!count)
        return;
    sort(fresh, count);
    for (uint32_t i = 0; i < count; i++)
        places[i] = place_of(pool, fresh[i]);
    for (uint32_t i = count; i-- > 0;) {
        uint32_t at = places[i];

        memmove(pool->items + at + i + 1, pool->items + at, (end - at) * sizeof *pool->items);
        pool->items[at + i] = fresh[i];
        end = at;
    }
    pool->count = pool->count + count < pool->width ? pool->count + count : pool->width;
    if (end < pool->cursor)
        pool->cursor = end;
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

static void forget(tripsage__scratch *scratch, const tripsage__view *view)
{
    memset(scratch->seen, 0, (view->capacity + 63) / 64 * sizeof *scratch->seen);
}

/* ---- steps ---- */

static void prefetch_codes(const tripsage_index *index, const tripsage__view *view, const uint32_t *ids, uint32_t count)
{
    size_t stride = index->coder.code_stride;

    for (uint32_t i = 0; i < count; i++) {
        const unsigned char *code = view->codes + ids[i] * stride;

        __builtin_prefetch(code);
        for (size_t at = LINE; at < stride; at += LINE)
            __builtin_prefetch(code + at);
    }
}

static void prefetch_edges(const tripsage_index *index, const tripsage__view *view, uint32_t slot)
{
    const char *edges = (const char *)(view->edges + (size_t)slot * index->options.degree);

    for (size_t at = 0; at < index->options.degree * sizeof(tripsage__edge); at += 64)
        __builtin_prefetch(edges + at);
}

/* The ends of a node's edges that were not seen yet, their codes on the way here. Which were seen is as good as chance, so there is no
 * branch on it. */
static uint32_t gather(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch, uint32_t *ids,
                       uint32_t slot, uint32_t level)
{
    const tripsage__edge *edges = tripsage__edges_of(index, view, slot, level);
    uint32_t degree = tripsage__degree_of(index, level), count = 0;
    uint64_t *seen = scratch->seen;

    for (uint32_t i = 0; i < degree; i++) {
        uint32_t to = atomic_load_explicit(&edges[i], memory_order_acquire);
        uint64_t word;

        if (to == TRIPSAGE__NO_SLOT)
            break;
        word = seen[to / 64];
        ids[count] = to;
        count += (uint32_t)(~word >> to % 64) & 1;
        seen[to / 64] = word | UINT64_C(1) << to % 64;
    }
    prefetch_codes(index, view, ids, count);
    return count;
}

static void compare(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch, const uint32_t *ids,
                    uint32_t count)
{
    const tripsage__coder *coder = &index->coder;

    coder->kernels->compare(scratch->estimates, &scratch->probe, view->codes, coder->code_stride, coder->bits, ids,
                            count);
    scratch->looked_at += count;
}

uint32_t tripsage__graph_descend(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch,
                                 uint32_t slot, uint32_t from_level, uint32_t to_level)
{
    uint32_t *ids = scratch->ids[0];
    float best;

    compare(index, view, scratch, &slot, 1);
    best = scratch->estimates[0];
    for (uint32_t level = from_level; level > to_level; level--)
        for (uint32_t before = TRIPSAGE__NO_SLOT; before != slot;) {
            const tripsage__edge *edges = tripsage__edges_of(index, view, slot, level);
            uint32_t count = 0;

            for (uint32_t to; count < index->upper_degree; count++) {
                to = atomic_load_explicit(&edges[count], memory_order_acquire);
                if (to == TRIPSAGE__NO_SLOT)
                    break;
                ids[count] = to;
            }
            prefetch_codes(index, view, ids, count);
            before = slot;
            compare(index, view, scratch, ids, count);
            for (uint32_t i = 0; i < count; i++)
                if (scratch->estimates[i] < best) {
                    best = scratch->estimates[i];
                    slot = ids[i];
                }
        }
    return slot;
}

/* Compares what was gathered and takes into the pool what is near enough. */
static void take_in(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch, const uint32_t *ids,
                    uint32_t count)
{
    tripsage__pool *pool = &scratch->pool;
    tripsage__candidate fresh[TRIPSAGE__DEGREE_MAX], bar = UINT64_MAX;
    uint32_t near = 0;

    if (pool->count == pool->width)
        bar = pool->items[pool->count - 1];
    compare(index, view, scratch, ids, count);
    for (uint32_t i = 0; i < count; i++) {
        fresh[near] = tripsage__candidate_of(scratch->estimates[i], ids[i]);
        near += fresh[near] < bar;
    }
    pool_add(pool, fresh, near);
}

void tripsage__graph_walk(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch, uint32_t slot,
                          uint32_t level, uint32_t width)
{
    tripsage__pool *pool = &scratch->pool;
    uint32_t counts[3] = {1, 0, 0}, turn = 0;

    pool_begin(pool, width);
    scratch->seen[slot / 64] |= UINT64_C(1) << slot % 64;
    scratch->ids[0][0] = slot;
    for (;;) { /* while the codes of one node's neighbours are on the way, those of the one before are compared */
        uint32_t other = turn == 0 ? 2 : turn - 1;
        int more = pool_next(pool, &slot);

        if (!more && !counts[0] && !counts[1] && !counts[2])
            break;
        if (more && level == 0)
            prefetch_edges(index, view, slot);
        take_in(index, view, scratch, scratch->ids[turn], counts[turn]);
        counts[other] = 0;
        counts[turn] = 0;
        if (more)
            counts[other] = gather(index, view, scratch, scratch->ids[other], slot, level);
        turn = turn == 2 ? 0 : turn + 1;
    }
    forget(scratch, view);
}

/* ---- steps for walks with another end (plan_walk.c) ---- */

void tripsage__walk_begin(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch, uint32_t slot)
{
    scratch->seen[slot / 64] |= UINT64_C(1) << slot % 64;
    compare(index, view, scratch, &slot, 1);
}

uint32_t tripsage__walk_gather(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch,
                               uint32_t *ids, uint32_t slot)
{
    return gather(index, view, scratch, ids, slot, 0);
}

void tripsage__walk_compare(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch,
                            const uint32_t *ids, uint32_t count)
{
    compare(index, view, scratch, ids, count);
}

void tripsage__walk_end(const tripsage__view *view, tripsage__scratch *scratch)
{
    forget(scratch, view);
}

void tripsage__walk_prefetch_edges(const tripsage_index *index, const tripsage__view *view, uint32_t slot)
{
    prefetch_edges(index, view, slot);
}

void tripsage__walk_prefetch_codes(const tripsage_index *index, const tripsage__view *view, const uint32_t *ids,
                                   uint32_t count)
{
    prefetch_codes(index, view, ids, count);
}
