/* hits.c: see hits.h. */
#include "hits.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static int is_worse(const tripsage__vector_hit *a, double score, const char *id)
{
    return a->score < score || (!(a->score > score) && strcmp(a->id, id) > 0);
}

/* ---- the heap: every parent is worse than, or equal to, its children ---- */

static void sift_up(tripsage__vector_hit *hits, size_t at)
{
    tripsage__vector_hit hit = hits[at];

    while (at > 0) {
        size_t parent = (at - 1) / 2;

        if (is_worse(&hits[parent], hit.score, hit.id))
            break;
        hits[at] = hits[parent];
        at = parent;
    }
    hits[at] = hit;
}

static void sift_down(tripsage__vector_hit *hits, size_t count, size_t at)
{
    tripsage__vector_hit hit = hits[at];

    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && is_worse(&hits[child + 1], hits[child].score, hits[child].id))
            child++;
        if (!is_worse(&hits[child], hit.score, hit.id))
            break;
        hits[at] = hits[child];
    }
    hits[at] = hit;
}

int tripsage__hits_want(const tripsage__vector_hit *hits, size_t count, uint32_t k, double score, const char *id)
{
    return count < k || (k > 0 && is_worse(&hits[0], score, id));
}

static void free_hit(tripsage__vector_hit *hit)
{
    tripsage__free(hit->id);
    tripsage__free(hit->metadata);
}

tripsage_status tripsage__hits_keep(tripsage__vector_hit *hits, size_t *count, uint32_t k, double score, const char *id,
                                    size_t id_size, const char *metadata, size_t metadata_size)
{
    tripsage__vector_hit hit = {score, tripsage__strndup(id, id_size), tripsage__strndup(metadata, metadata_size)};

    if (!hit.id || !hit.metadata) {
        free_hit(&hit);
        return TRIPSAGE_NOMEM();
    }
    if (*count < k) {
        hits[*count] = hit;
        sift_up(hits, (*count)++);
        return TRIPSAGE_OK;
    }
    free_hit(&hits[0]);
    hits[0] = hit;
    sift_down(hits, *count, 0);
    return TRIPSAGE_OK;
}

static int compare_hits(const void *a, const void *b)
{
    const tripsage__vector_hit *x = a, *y = b;

    return is_worse(x, y->score, y->id) ? 1 : -1;
}

void tripsage__hits_sort(tripsage__vector_hit *hits, size_t count)
{
    qsort(hits, count, sizeof *hits, compare_hits);
}

void tripsage__hits_drop(tripsage__vector_hit *hits, size_t *count)
{
    while (*count)
        free_hit(&hits[--*count]);
}
