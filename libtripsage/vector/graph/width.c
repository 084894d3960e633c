/* width.c: how many candidates a search keeps when nobody says.
 *
 * It is measured, since the same width finds 94 of a hundred among some vectors and 99.9 among others: at the end of a build a few items
 * are looked for by a scan,
 * and by walks of growing width that may not step on the item itself, which is how a query that is no item finds its nearest. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "graph_internal.h"

#define ASKED 200u /* items: the share of 2,000 neighbours is known to half a percent then */
#define K     10u
#define NEAR  50u /* by the short code, among which the K nearest by both codes are */
/* Of a thousand. An item that is stepped around is harder to find the neighbours of than a query: edges were chosen for the way through
 * it. Where 960 are found so,
 * 970 to 980 of a query's are (100,000 words of 100 dimensions). */
#define FOUND 960u
#define FIRST 16u   /* the least width that is tried */
#define LEAST 2048u /* items; of fewer everything is looked at, or nearly */

/* Short codes are enough when, of the ten nearest, as many in a hundred are among the twenty nearest by short codes alone: walks keep twice as
 * many candidates as they are asked for, or more. */
#define ASKED_OF_CODES 50u
#define AHEAD          20u
#define SUFFICIENT     90u
/* Nine of ten items lie no farther from the others, in thousandths. A query that is farther by more than a quarter is outside of what was
 * measured with: from afar many are nearly as near as the nearest, and fewer edges lead from one of them to another. Its width grows by
 * twice as much, up to what is 16 times the usual one: from 0.57 to 0.92 were found before of what is nearest to points up to 16 times as
 * far out as items are (12,000 of 16 dimensions), 0.95 and more since. Of words and sentences that are no items, one in a hundred is so. */
#define APART_UNIT 1000.0f
#define OUTSIDE    1.25f
#define WIDER      2.0f
#define WIDER_MOST 16.0f

/* Without a build nobody has measured: enough for data that is hard. */
#define UNKNOWN 200u

typedef struct nearest {
    tripsage__candidate items[NEAR]; /* ascending */
    uint32_t count;
} nearest;

static void keep(nearest *best, tripsage__candidate candidate)
{
    uint32_t at;

    if (best->count == NEAR && candidate >= best->items[NEAR - 1])
        return;
    at = best->count < NEAR ? best->count++ : NEAR - 1;
    for (; at > 0 && best->items[at - 1] > candidate; at--)
        best->items[at] = best->items[at - 1];
    best->items[at] = candidate;
}

/* By both codes, the K nearest first. */
static void refine(const tripsage_index *index, const tripsage__view *view, const tripsage__scratch *scratch,
                   nearest *best)
{
    const tripsage__coder *coder = &index->coder;
    nearest again = {.count = 0};

    for (uint32_t i = 0; i < best->count; i++) {
        uint32_t slot = tripsage__candidate_slot(best->items[i]);
        tripsage__coded item = tripsage__coded_of(index, view, slot);
        float scales[2];

        memcpy(scales, item.rest, sizeof scales);
        keep(&again, tripsage__candidate_of(coder->kernels->refine(coder, scratch->probe.rotated, item.code,
                                                                   (const int8_t *)(item.rest + TRIPSAGE__REST_HEAD),
                                                                   scales, 0),
                                            slot));
    }
    *best = again;
}

static void scan(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch, uint32_t count,
                 uint32_t self, nearest *best)
{
    best->count = 0;
    for (uint32_t begin = 0; begin < count; begin += TRIPSAGE__DEGREE_MAX) {
        uint32_t n = count - begin < TRIPSAGE__DEGREE_MAX ? count - begin : TRIPSAGE__DEGREE_MAX;
        uint32_t *ids = scratch->chosen;

        for (uint32_t i = 0; i < n; i++)
            ids[i] = begin + i;
        tripsage__walk_compare(index, view, scratch, ids, n);
        for (uint32_t i = 0; i < n; i++) {
            tripsage__candidate candidate = tripsage__candidate_of(scratch->estimates[i], ids[i]);

            if (ids[i] != self)
                keep(best, candidate);
        }
    }
}

static void walk(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch, uint32_t width,
                 uint32_t self, nearest *best)
{
    uint64_t entry = atomic_load_explicit(&index->entry, memory_order_relaxed);
    uint32_t begin = tripsage__graph_descend(index, view, scratch, (uint32_t)entry, (uint32_t)(entry >> 32), 0);

    scratch->seen[self / 64] |= UINT64_C(1) << self % 64;
    tripsage__graph_walk(index, view, scratch, begin, 0, width);
    best->count = scratch->pool.count < NEAR ? scratch->pool.count : NEAR;
    memcpy(best->items, scratch->pool.items, best->count * sizeof *best->items);
    refine(index, view, scratch, best);
}

static uint32_t count_common(const nearest *a, const nearest *b)
{
    uint32_t common = 0;

    for (uint32_t i = 0; i < a->count; i++)
        for (uint32_t j = 0; j < b->count; j++)
            common += tripsage__candidate_slot(a->items[i]) == tripsage__candidate_slot(b->items[j]);
    return common;
}

static void look_for(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch, uint32_t slot)
{
    tripsage__coded item = tripsage__coded_of(index, view, slot);

    tripsage__probe_for_decoded(&scratch->probe, &index->coder, &item);
}

int tripsage__graph_codes_suffice(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch,
                                  uint32_t count)
{
    uint32_t found = 0;

    for (uint32_t i = 0; count >= LEAST && i < ASKED_OF_CODES; i++) {
        uint32_t slot = (uint32_t)((uint64_t)count * i / ASKED_OF_CODES);
        nearest by_short_code, by_both;

        look_for(index, view, scratch, slot);
        scan(index, view, scratch, count, slot, &by_short_code);
        by_both = by_short_code;
        refine(index, view, scratch, &by_both);
        by_short_code.count = AHEAD;
        by_both.count = K;
        found += count_common(&by_short_code, &by_both);
    }
    return count < LEAST || found >= ASKED_OF_CODES * K * SUFFICIENT / 100;
}

/* The squared distance of a slot's neighbours from it, on average; 0: it has none that are anywhere else. */
static float reach_of(const tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch,
                      uint32_t slot)
{
    const tripsage__edge *edges = tripsage__edges_of(index, view, slot, 0);
    const tripsage__coder *coder = &index->coder;
    tripsage__coded item = tripsage__coded_of(index, view, slot);
    tripsage__records records = tripsage__records_of(view);
    uint32_t *ids = scratch->ids[0], count = 0;
    float sum = 0.0f;

    for (; count < index->options.degree; count++) {
        ids[count] = atomic_load_explicit(&edges[count], memory_order_acquire);
        if (ids[count] == TRIPSAGE__NO_SLOT)
            break;
    }
    tripsage__probe_for_item(&scratch->neighbor, coder, &item);
    coder->kernels->compare(scratch->estimates, &scratch->neighbor, coder, &records, ids, count);
    for (uint32_t i = 0; i < count; i++)
        sum += scratch->estimates[i];
    return count && sum > 0.0f ? sum / (float)count : 0.0f;
}

/* How far what was looked for lies from the nearest that was met, by how far that one's neighbours lie from it; 0: nobody can say. */
static float apart_of(const tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch)
{
    float distance2, reach;

    if (!scratch->pool.count || index->coder.metric == TRIPSAGE_INNER_PRODUCT) /* there are only products */
        return 0.0f;
    distance2 = tripsage__candidate_estimate(scratch->pool.items[0]);
    reach = reach_of(index, view, scratch, tripsage__candidate_slot(scratch->pool.items[0]));
    return reach > 0.0f && distance2 > 0.0f ? sqrtf(distance2 / reach) : 0.0f;
}

static int compare_floats(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;

    return (x > y) - (x < y);
}

void tripsage__graph_measure_width(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch,
                                   uint32_t count)
{
    uint32_t slots[ASKED], asked = 0, width = FIRST;
    nearest truths[ASKED], found;
    float apart[ASKED];

    if (count < LEAST)
        return;
    for (uint32_t i = 0; i < ASKED; i++) { /* those on upper levels are where walks begin */
        uint32_t slot = (uint32_t)((uint64_t)count * i / ASKED);

        if (view->levels[slot])
            continue;
        look_for(index, view, scratch, slot);
        scan(index, view, scratch, count, slot, &truths[asked]);
        refine(index, view, scratch, &truths[asked]);
        truths[asked].count = K;
        slots[asked++] = slot;
    }
    for (;; width += width / 4) {
        uint32_t common = 0;

        for (uint32_t i = 0; i < asked; i++) {
            look_for(index, view, scratch, slots[i]);
            walk(index, view, scratch, width, slots[i], &found);
            found.count = found.count < K ? found.count : K;
            common += count_common(&truths[i], &found);
            apart[i] = apart_of(index, view, scratch);
        }
        if (common * UINT64_C(1000) >= (uint64_t)asked * K * FOUND || width + width / 4 > TRIPSAGE__MEASURED_MAX)
            break;
    }
    qsort(apart, asked, sizeof *apart, compare_floats);
    index->measured_count = count;
    index->measured_apart = asked ? (uint32_t)fminf(APART_UNIT * apart[asked * 9 / 10], 1e9f) : 0;
    atomic_store_explicit(&index->measured_width, width, memory_order_relaxed);
}

/* A search of twice as many items takes a quarter more for the same recall; each hit above ten takes two more candidates. */
uint32_t tripsage__graph_width(const tripsage_index *index, uint32_t k)
{
    uint32_t width = atomic_load_explicit(&index->measured_width, memory_order_relaxed);
    uint32_t live = atomic_load_explicit(&index->live, memory_order_relaxed);

    if (!width)
        width = UNKNOWN;
    else
        for (uint64_t count = index->measured_count; count * 2 <= live; count *= 2)
            width += width / 4;
    if (k > K)
        width += 2 * (k - K);
    width = width < k ? k : width;
    return width < TRIPSAGE__WIDTH_MAX ? width : TRIPSAGE__WIDTH_MAX;
}

static uint32_t width_outside(const tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch,
                              uint32_t width, uint32_t most)
{
    float usual = (float)atomic_load_explicit(&index->measured_apart, memory_order_relaxed) / APART_UNIT, apart, wider;

    if (!(usual > 0.0f))
        return width;
    apart = apart_of(index, view, scratch) / usual;
    wider = (float)width * fminf(WIDER * apart, WIDER_MOST);
    return !(apart > OUTSIDE) ? width : wider < (float)most ? (uint32_t)wider : most;
}

tripsage_status tripsage__graph_walk_out(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch,
                                         uint32_t slot, uint32_t *width, uint32_t most)
{
    uint32_t wider;

    if (!tripsage__scratch_widen(index, scratch, *width))
        return TRIPSAGE_NOMEM();
    tripsage__graph_walk(index, view, scratch, slot, 0, *width);
    wider = most > *width ? width_outside(index, view, scratch, *width, most) : *width;
    if (wider == *width)
        return TRIPSAGE_OK;
    slot = tripsage__candidate_slot(scratch->pool.items[0]);
    if (!tripsage__scratch_widen(index, scratch, wider))
        return TRIPSAGE_NOMEM();
    tripsage__graph_walk(index, view, scratch, slot, 0, wider);
    *width = wider;
    return TRIPSAGE_OK;
}
