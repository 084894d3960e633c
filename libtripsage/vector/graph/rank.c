/* rank.c: the best of what was met, by both codes, and which of them could be among the k best exactly. */
#include <math.h>
#include <string.h>

#include "base/prefetch.h"
#include "graph_internal.h"

#define MARGIN 3.0f /* see tripsage__ranking_add_nearest */
#define AHEAD  8u   /* rests are on their way for this many */

void tripsage__ranking_begin(tripsage__ranking *ranking, tripsage_index_hit *hits, size_t room)
{
    ranking->hits = hits;
    ranking->count = 0;
    ranking->room = room;
    ranking->takes_dead = 0;
    ranking->missed = -INFINITY;
}

static int is_before(const tripsage_index_hit *a, const tripsage_index_hit *b)
{
    return a->score > b->score || (!(a->score < b->score) && a->key < b->key);
}

static void miss(tripsage__ranking *ranking, const tripsage_index_hit *hit)
{
    if (hit->score + hit->error > ranking->missed)
        ranking->missed = hit->score + hit->error;
}

/* For a moment what replaces an item stands beside it: the better of the two is kept. 0: that is the one that is here already. */
static int make_the_only_one(tripsage__ranking *ranking, const tripsage_index_hit *hit)
{
    tripsage_index_hit *hits = ranking->hits;

    for (size_t i = 0; i < ranking->count; i++)
        if (hits[i].key == hit->key) {
            if (!is_before(hit, &hits[i]))
                return 0;
            memmove(hits + i, hits + i + 1, (--ranking->count - i) * sizeof *hits);
            return 1;
        }
    return 1;
}

static void put_in(tripsage__ranking *ranking, tripsage_index_hit hit)
{
    tripsage_index_hit *hits = ranking->hits;
    size_t at = 0, end;

    if (ranking->count == ranking->room && !is_before(&hit, &hits[ranking->count - 1])) {
        miss(ranking, &hit);
        return;
    }
    if (!make_the_only_one(ranking, &hit))
        return;
    end = ranking->count;

    while (at < end) {
        size_t middle = (at + end) / 2;

        if (is_before(&hits[middle], &hit))
            at = middle + 1;
        else
            end = middle;
    }
    if (ranking->count == ranking->room)
        miss(ranking, &hits[--ranking->count]);
    memmove(hits + at + 1, hits + at, (ranking->count++ - at) * sizeof *hits);
    hits[at] = hit;
}

float tripsage__ranking_add(tripsage__ranking *ranking, const tripsage_index *index, const tripsage__view *view,
                            const tripsage__scratch *scratch, uint32_t slot)
{
    tripsage__coded item = tripsage__coded_of(index, view, slot);
    tripsage_index_hit hit;

    hit.score = tripsage__coder_score(&index->coder, &scratch->probe, &item, &hit.error);
    hit.key = view->keys[slot];
    if (ranking->takes_dead || !tripsage__is_dead(view, slot))
        put_in(ranking, hit);
    return hit.score;
}

/* What a candidate's estimate would have been with nothing lost. */
static float estimate_of(const tripsage_index *index, const tripsage__probe *probe, float score)
{
    if (index->coder.metric == TRIPSAGE_L2)
        return score * score;
    return index->coder.metric == TRIPSAGE_COSINE ? 2.0f - 2.0f * score : probe->mean_product - score;
}

static void prefetch(const tripsage_index *index, const tripsage__view *view, uint32_t slot)
{
    tripsage__prefetch(tripsage__coded_of(index, view, slot).rest, index->coder.rest_stride);
    tripsage__prefetch(&view->keys[slot], sizeof view->keys[slot]);
}

void tripsage__ranking_add_nearest(tripsage__ranking *ranking, const tripsage_index *index, const tripsage__view *view,
                                   const tripsage__scratch *scratch, const tripsage__pool *pool, uint32_t k)
{
    float off2 = 0.0f, bar, margin;
    uint32_t ahead = 0;

    for (uint32_t i = 0; i < pool->count; i++) {
        uint32_t slot = tripsage__candidate_slot(pool->items[i]);
        float estimate = tripsage__candidate_estimate(pool->items[i]), score, difference;

        if (i >= k && ranking->count >= k) {
            bar = estimate_of(index, &scratch->probe, ranking->hits[k - 1].score);
            margin = estimate - bar;
            if (margin > 0.0f && margin * margin > MARGIN * MARGIN * off2 / (float)i)
                return;
        }
        for (; ahead < pool->count && ahead <= i + AHEAD; ahead++)
            prefetch(index, view, tripsage__candidate_slot(pool->items[ahead]));
        score = tripsage__ranking_add(ranking, index, view, scratch, slot);
        difference = estimate - estimate_of(index, &scratch->probe, score);
        off2 += difference * difference;
    }
}

/* The k-th best of the least that their exact scores can be: what is surely below it is not among the k best. */
static float bar_of(const tripsage__ranking *ranking, uint32_t k)
{
    float bar = -INFINITY;

    if (ranking->count < k)
        return bar;
    for (size_t i = 0; i < ranking->count; i++) {
        float least = ranking->hits[i].score - ranking->hits[i].error;
        size_t better = 0;

        if (least <= bar)
            continue;
        for (size_t j = 0; j < ranking->count && better < k; j++)
            better += ranking->hits[j].score - ranking->hits[j].error >= least;
        if (better >= k)
            bar = least;
    }
    return bar;
}

void tripsage__ranking_end(const tripsage__ranking *ranking, tripsage_index_result *result, uint32_t k)
{
    float bar = bar_of(ranking, k);

    result->count = 0;
    for (size_t i = 0; i < ranking->count; i++)
        if (i < k || ranking->hits[i].score + ranking->hits[i].error >= bar)
            result->hits[result->count++] = ranking->hits[i];
    result->is_certain = ranking->missed < bar;
}
