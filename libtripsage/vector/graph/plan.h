/* graph/plan.h: searches for what passes a filter, and always all k of it.
 *
 * There are two ways. To look at every item that passes takes time by their number. To walk through the graph as without a filter, and
 * leave out what does not pass, takes time by how many have to be kept so that enough of them pass: at one in ten, ten times as many. How
 * many pass is known exactly before (the filter is a bitmap by then), where they lie is not. So the way is taken that is shorter if they
 * lie anywhere; a walk that met too few tells how they lie here, and whether a wider one is still shorter than to look at all that pass.
 * So a search takes at most twice the time of that, and hardly more than the shorter of both.
 *
 * An owner's items are a filter like any other. What others have stands in the way of a walk and nowhere else: it is not returned, and
 * it changes which of the owner's are found only within the recall of walks. Up to TRIPSAGE__PLAN_ALL items that pass, nothing is
 * estimated and the answer is exact. */
#ifndef TRIPSAGE_VECTOR_GRAPH_PLAN_H
#define TRIPSAGE_VECTOR_GRAPH_PLAN_H

#include "graph_internal.h"

/* Up to so many items that pass, each is ranked by both of its codes: 40 microseconds with 100 dimensions, 85 with 384, about what a walk
 * takes. */
#define TRIPSAGE__PLAN_ALL 1024u

/* One clause, by the numbers of its terms. */
typedef struct tripsage__clause {
    uint32_t begin, end; /* in the filter's terms */
    uint64_t bound;      /* at most so many items have one of them */
    uint64_t scattered;  /* of the bound what is not in bitmaps */
} tripsage__clause;

typedef struct tripsage__heap {
    uint64_t *items; /* candidates, inverted: the worst first */
    uint32_t count, room;
} tripsage__heap;

/* What a search with a filter works with: in a scratch, kept for the next one. */
typedef struct tripsage__filter {
    uint32_t *terms;
    tripsage__term_view *views; /* of each term */
    size_t term_room;
    tripsage__clause *clauses;
    size_t clause_room;
    uint32_t clause_count, smallest;
    uint64_t bound; /* at most so many items pass */

    uint32_t used;  /* slots below this are looked at */
    uint64_t *bits; /* which of them pass, and */
    uint64_t *some; /* which have a term of one clause */
    size_t word_room;
    uint32_t *slots; /* those that pass, when they are few and no bitmap was made */
    size_t slot_room;
    uint32_t count; /* of those that pass */
    int is_listed;

    tripsage__heap found; /* the best of a scan */
} tripsage__filter;

void tripsage__filter_free(tripsage__filter *filter);
uint64_t tripsage__filter_bytes(const tripsage__filter *filter);

/* ---- plan_filter.c ---- */

/* Looks the clauses up. Errors: TRIPSAGE_EINVALID ("#clauses"). */
tripsage_status tripsage__filter_begin(tripsage__filter *filter, const tripsage_index *index,
                                       const tripsage__view *view, const tripsage_index_query *query);
/* Makes the list or the bitmap of what passes, and counts it. The list is for a scan, and made when it is shorter work. */
tripsage_status tripsage__filter_fill(tripsage__filter *filter, const tripsage_index *index, const tripsage__view *view,
                                      int may_list);
/* Memory for the bitmap, so that making it cannot fail. */
tripsage_status tripsage__filter_reserve_bits(tripsage__filter *filter);
/* The next slots that pass, at most `most`, from *at on, which begins with 0; 0: no more. */
uint32_t tripsage__filter_next(const tripsage__filter *filter, uint32_t *at, uint32_t *slots, uint32_t most);

static inline int tripsage__filter_passes(const tripsage__filter *filter, uint32_t slot)
{
    return slot < filter->used && filter->bits[slot / 64] >> slot % 64 & 1;
}

/* ---- plan_heap.c ---- */

/* Empties it, with room for so many. Errors: TRIPSAGE_ENOMEM. */
tripsage_status tripsage__heap_reserve(tripsage__heap *heap, uint32_t room);
/* Keeps the candidate among the `most` nearest. */
void tripsage__heap_offer(tripsage__heap *heap, uint32_t most, tripsage__candidate candidate);
/* What was kept, the nearest first, in the heap's memory; the heap is empty then. */
void tripsage__heap_sort(tripsage__heap *heap, tripsage__pool *out);

/* ---- plan.c ---- */

/* For the writer, where a walk met nothing but removed items: fills scratch->pool with living ones near scratch->probe, from `slot` on;
 * at least two where there are two. Memory for it was reserved before. */
tripsage_status tripsage__plan_reserve_living(tripsage_index *index, const tripsage__view *view,
                                              tripsage__scratch *scratch);
void tripsage__plan_living(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch,
                           uint32_t slot);

/* A whole search but for its checks: within the grace, with scratch->probe ready. */
tripsage_status tripsage__plan_search(tripsage_index_result *result, tripsage_index *index, const tripsage__view *view,
                                      tripsage__scratch *scratch, const tripsage_index_query *query, uint32_t width);

#endif
