/* scratch.c: what searches work with, kept for the next ones, so that a search allocates nothing once there were as many at a time
 * before. */
#include <string.h>

#include "base/memory.h"
#include "plan.h"

void tripsage__scratch_free(tripsage_index *index, tripsage__scratch *scratch)
{
    if (!scratch)
        return;
    atomic_fetch_sub_explicit(&index->scratch_bytes, scratch->bytes, memory_order_relaxed);
    tripsage__probe_free(&scratch->probe);
    tripsage__probe_free(&scratch->neighbor);
    tripsage__free(scratch->pool.items);
    tripsage__free(scratch->seen);
    tripsage__free(scratch->values);
    tripsage__free(scratch->work);
    tripsage__free(scratch->chosen);
    tripsage__free(scratch->distances);
    tripsage__free(scratch->around);
    tripsage__filter_free(scratch->filter);
    tripsage__free(scratch);
}

static tripsage__scratch *new_scratch(tripsage_index *index)
{
    tripsage__scratch *scratch = tripsage__calloc(1, sizeof *scratch);
    size_t n = index->coder.dimensions;

    if (!scratch)
        return NULL;
    scratch->values = tripsage__calloc(n, sizeof *scratch->values);
    scratch->work = tripsage__calloc(n, sizeof *scratch->work);
    scratch->around = tripsage__calloc(TRIPSAGE__DEGREE_MAX + 1, sizeof *scratch->around);
    if (!tripsage__probe_init(&scratch->probe, &index->coder) ||
        !tripsage__probe_init(&scratch->neighbor, &index->coder) || !scratch->values || !scratch->work ||
        !scratch->around) {
        tripsage__scratch_free(index, scratch);
        return NULL;
    }
    return scratch;
}

/* Rooms are as large as the largest that was needed; what is in them is nobody's. */
static int make_room(tripsage_index *index, tripsage__scratch *scratch, uint32_t slots, uint32_t width)
{
    size_t words = (slots + 63) / 64;
    uint32_t room = width + TRIPSAGE__DEGREE_MAX + 1; /* candidates of edges: a pool, or a node's edges and one more */

    if (scratch->seen_words < words) {
        words += words / 2;
        tripsage__free(scratch->seen);
        scratch->seen_words = 0;
        scratch->seen = tripsage__calloc(words, sizeof *scratch->seen);
        if (!scratch->seen)
            return 0;
        scratch->seen_words = words;
    }
    if (scratch->pool.room < room) {
        tripsage__free(scratch->pool.items);
        tripsage__free(scratch->chosen);
        tripsage__free(scratch->distances);
        scratch->pool.room = 0;
        scratch->pool.items = tripsage__malloc(room * sizeof *scratch->pool.items);
        scratch->chosen = tripsage__malloc(room * sizeof *scratch->chosen);
        scratch->distances = tripsage__malloc(room * sizeof *scratch->distances);
        if (!scratch->pool.items || !scratch->chosen || !scratch->distances)
            return 0;
        scratch->pool.room = room;
    }
    atomic_fetch_sub_explicit(&index->scratch_bytes, scratch->bytes, memory_order_relaxed);
    scratch->bytes =
        sizeof *scratch + 2 * index->coder.probe_size + 4 * index->coder.dimensions * sizeof(float) +
        (TRIPSAGE__DEGREE_MAX + 1) * sizeof *scratch->around + scratch->seen_words * sizeof *scratch->seen +
        scratch->pool.room * (sizeof *scratch->pool.items + sizeof *scratch->chosen + sizeof *scratch->distances) +
        (scratch->filter ? tripsage__filter_bytes(scratch->filter) : 0);
    atomic_fetch_add_explicit(&index->scratch_bytes, scratch->bytes, memory_order_relaxed);
    return 1;
}

int tripsage__scratch_widen(tripsage_index *index, tripsage__scratch *scratch, uint32_t width)
{
    return scratch->pool.room > width + TRIPSAGE__DEGREE_MAX || make_room(index, scratch, 0, width);
}

tripsage__scratch *tripsage__scratch_take(tripsage_index *index, uint32_t slots, uint32_t width)
{
    tripsage__scratch *scratch = NULL;

    for (size_t i = 0; i < TRIPSAGE__SCRATCHES && !scratch; i++)
        if (atomic_load_explicit(&index->scratches[i], memory_order_relaxed))
            scratch = atomic_exchange_explicit(&index->scratches[i], NULL, memory_order_acquire);
    if (!scratch)
        scratch = new_scratch(index);
    if (scratch && !make_room(index, scratch, slots, width)) {
        tripsage__scratch_free(index, scratch);
        scratch = NULL;
    }
    if (scratch)
        scratch->looked_at = 0;
    return scratch;
}

void tripsage__scratch_give(tripsage_index *index, tripsage__scratch *scratch)
{
    for (size_t i = 0; i < TRIPSAGE__SCRATCHES && scratch; i++) {
        tripsage__scratch *none = NULL;

        if (atomic_compare_exchange_strong_explicit(&index->scratches[i], &none, scratch, memory_order_release,
                                                    memory_order_relaxed))
            return;
    }
    tripsage__scratch_free(index, scratch);
}
