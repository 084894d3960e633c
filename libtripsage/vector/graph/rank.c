/* rank.c: the best of what was met, by both codes, and which of them could be among the k best exactly. */
#include <math.h>
#include <string.h>

#include "graph_internal.h"

void tripsage__ranking_begin(tripsage__ranking *ranking, tripsage_index_hit *hits, size_t room)
{
    ranking->hits = hits;
    ranking->count = 0;
    ranking->room = room;
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

static void put_in(tripsage__ranking *ranking, tripsage_index_hit hit)
{
    tripsage_index_hit *hits = ranking->hits;
    size_t at = 0, end = ranking->count;

    while (at < end) {
        size_t middle = (at + end) / 2;

        if (is_before(&hits[middle], &hit))
            at = middle + 1;
        else
            end = middle;
    }
    if (at == ranking->room) {
        miss(ranking, &hit);
        return;
    }
    if (ranking->count == ranking->room)
        miss(ranking, &hits[--ranking->count]);
    memmove(hits + at + 1, hits + at, (ranking->count++ - at) * sizeof *hits);
    hits[at] = hit;
}

void tripsage__ranking_add(tripsage__ranking *ranking, const tripsage_index *index, const tripsage__view *view,
                           const tripsage__scratch *scratch, uint32_t slot)
{
    tripsage_index_hit hit;

    if (tripsage__is_dead(view, slot))
        return;
    hit.score = tripsage__coder_score(&index->coder, &scratch->probe, tripsage__code_of(index, view, slot),
                                      tripsage__rest_of(index, view, slot), &hit.error);
    hit.key = view->keys[slot];
    put_in(ranking, hit);
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
