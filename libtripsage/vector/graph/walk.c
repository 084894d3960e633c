/* walk.c: through the graph towards what is nearest to a probe. */
#include <string.h>

#include "base/prefetch.h"
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

/* The nearest whose edges were not followed; 0 when there is none. */
static int pool_next(tripsage__pool *pool, uint32_t *slot)
{
    while (pool->cursor < pool->count && (pool->items[pool->cursor] & 1))
        pool->cursor++;
    if (pool->cursor == pool->count)
        return 0;
    *slot = tripsage__candidate_slot(pool->items[pool->cursor]);
    return 1;
}

/* Marks it as followed. */
static void pool_follow(tripsage__pool *pool)
{
    pool->items[pool->cursor++] |= 1;
}

/* ---- what was seen ---- */

static void forget(tripsage__scratch *scratch, const tripsage__view *view)
{
    memset(scratch->seen, 0, (view->capacity + 63) / 64 * sizeof *scratch->seen);
}

/* ---- steps ---- */

/* Edges of so many that are followed next are on their way: to find a page takes as long as several steps. */
#define EDGES_AHEAD 3u

static void prefetch(const unsigned char *records, size_t stride, const uint32_t *ids, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        tripsage__prefetch(records + ids[i] * stride, stride);
}

/* What is looked at first. */
static void prefetch_heads(const tripsage_index *index, const tripsage__view *view, const uint32_t *ids, uint32_t count)
{
    prefetch(view->heads, index->coder.head_stride, ids, count);
}

static void prefetch_codes(const tripsage_index *index, const tripsage__view *view, const uint32_t *ids, uint32_t count)
{
    prefetch(view->codes, index->coder.code_stride, ids, count);
}

/* Of those in the pool that come next. */
static void prefetch_edges(const tripsage_index *index, const tripsage__view *view, const tripsage__pool *pool)
{
    size_t degree = index->options.degree;

    for (uint32_t at = pool->cursor; at < pool->count && at < pool->cursor + EDGES_AHEAD; at++)
        tripsage__prefetch(view->edges + tripsage__candidate_slot(pool->items[at]) * degree,
                           degree * sizeof(tripsage__edge));
}

/* The ends of a node's edges that were not seen yet. Which were seen is as good as chance, so there is no branch on it. */
static uint32_t gather(const tripsage_index *index, const tripsage__view *view, const tripsage__scratch *scratch,
                       uint32_t *ids, uint32_t slot, uint32_t level)
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
    return count;
}

static void compare(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch, const uint32_t *ids,
                    uint32_t count)
{
    const tripsage__coder *coder = &index->coder;
    tripsage__records records = tripsage__records_of(view);

    coder->kernels->compare(scratch->estimates, &scratch->probe, coder, &records, ids, count);
}

/* The same by signs, where there are any. */
static void glance(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch, const uint32_t *ids,
                   uint32_t count)
{
    const tripsage__coder *coder = &index->coder;
    tripsage__records records = tripsage__records_of(view);

    (coder->sign_size ? coder->kernels->glance : coder->kernels->compare)(scratch->estimates, &scratch->probe, coder,
                                                                          &records, ids, count);
}

/* A glance is enough to come near: where a walk begins does not matter much to where it ends. */
uint32_t tripsage__graph_descend(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch,
                                 uint32_t slot, uint32_t from_level, uint32_t to_level)
{
    uint32_t *ids = scratch->ids[0];
    float best;

    glance(index, view, scratch, &slot, 1);
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
                tripsage__prefetch(&view->upper_at[to], sizeof *view->upper_at); /* where its own edges are */
            }
            prefetch_heads(index, view, ids, count);
            before = slot;
            glance(index, view, scratch, ids, count);
            scratch->looked_at += count;
            for (uint32_t i = 0; i < count; i++)
                if (scratch->estimates[i] < best) {
                    best = scratch->estimates[i];
                    slot = ids[i];
                }
        }
    return slot;
}

static tripsage__candidate bar_of(const tripsage__pool *pool)
{
    return pool->count == pool->width ? pool->items[pool->count - 1] : UINT64_MAX;
}

/* Drops what is too far away by its signs, and has the rest of what stays on its way; gives how many stay. */
static uint32_t sift(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch, uint32_t *ids,
                     uint32_t count)
{
    tripsage__candidate bar = bar_of(&scratch->pool);
    uint32_t stay = 0;

    scratch->looked_at += count;
    if (!index->coder.sign_size)
        return count;
    if (bar == UINT64_MAX)
        stay = count;
    else {
        float limit = tripsage__candidate_estimate(bar);

        glance(index, view, scratch, ids, count);
        for (uint32_t i = 0; i < count; i++) {
            ids[stay] = ids[i];
            stay += scratch->estimates[i] < limit;
        }
    }
    prefetch_codes(index, view, ids, stay);
    return stay;
}

/* Compares what stayed and takes into the pool what is near enough. */
static void take_in(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch, const uint32_t *ids,
                    uint32_t count)
{
    tripsage__candidate fresh[TRIPSAGE__DEGREE_MAX], bar = bar_of(&scratch->pool);
    uint32_t near = 0;

    compare(index, view, scratch, ids, count);
    for (uint32_t i = 0; i < count; i++) {
        fresh[near] = tripsage__candidate_of(scratch->estimates[i], ids[i]);
        near += fresh[near] < bar;
    }
    pool_add(&scratch->pool, fresh, near);
}

/* A node's neighbours are gathered in one turn, sifted in the next and compared in the one after that; between what asks memory for
 * something and what reads it there is always work on something else. */
void tripsage__graph_walk(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch, uint32_t slot,
                          uint32_t level, uint32_t width)
{
    tripsage__pool *pool = &scratch->pool;
    uint32_t *gathered = scratch->ids[0], *sifted = scratch->ids[1], *compared = scratch->ids[2];
    uint32_t gathered_count = 1, sifted_count = 0;

    pool_begin(pool, width);
    scratch->seen[slot / 64] |= UINT64_C(1) << slot % 64;
    gathered[0] = slot;
    while (pool_next(pool, &slot) || gathered_count || sifted_count) {
        uint32_t *fresh = compared, fresh_count = 0;

        if (pool_next(pool, &slot)) {
            pool_follow(pool);
            fresh_count = gather(index, view, scratch, fresh, slot, level);
            prefetch_heads(index, view, fresh, fresh_count);
        }
        take_in(index, view, scratch, sifted, sifted_count);
        if (level == 0)
            prefetch_edges(index, view, pool);
        compared = sifted;
        sifted = gathered;
        sifted_count = sift(index, view, scratch, sifted, gathered_count);
        gathered = fresh;
        gathered_count = fresh_count;
    }
    forget(scratch, view);
}

/* ---- steps for who looks at everything (plan.c, width.c) ---- */

void tripsage__walk_compare(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch,
                            const uint32_t *ids, uint32_t count)
{
    compare(index, view, scratch, ids, count);
    scratch->looked_at += count;
}

void tripsage__walk_prefetch_codes(const tripsage_index *index, const tripsage__view *view, const uint32_t *ids,
                                   uint32_t count)
{
    if (index->coder.sign_size)
        prefetch_heads(index, view, ids, count);
    prefetch_codes(index, view, ids, count);
}
