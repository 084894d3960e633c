/* vector/graph/limbo.h: blocks of memory that searches read without a lock, and which are freed when nobody reads them any more.
 *
 * Each block has a head that readers never look at, by which it waits: so that retiring one needs no memory and cannot fail. There is one
 * writer at a time; readers are between tripsage__grace_enter() and tripsage__grace_leave(). */
#ifndef TRIPSAGE_VECTOR_GRAPH_LIMBO_H
#define TRIPSAGE_VECTOR_GRAPH_LIMBO_H

#include <stddef.h>

#include "base/grace.h"

typedef struct tripsage__limbo_head tripsage__limbo_head;

typedef struct tripsage__limbo {
    tripsage__grace *grace;
    tripsage__limbo_head *first, *last; /* oldest first */
    size_t bytes;                       /* of what waits */
} tripsage__limbo;

void tripsage__limbo_init(tripsage__limbo *limbo, tripsage__grace *grace);
/* Frees what waits: nobody reads any more. */
void tripsage__limbo_close(tripsage__limbo *limbo);

/* Zeroed, for anything that malloc's memory is good for. NULL: no memory. */
void *tripsage__limbo_alloc(size_t size);
/* At once, what no reader has ever seen, or sees any more. NULL is fine. */
void tripsage__limbo_free(void *block);

/* After it was taken out of every reader's sight; `size` is what it was made with. NULL is fine. Frees of those before what nobody reads
 * by now; no call waits. */
void tripsage__limbo_retire(tripsage__limbo *limbo, void *block, size_t size);
/* Frees what nobody reads by now. */
void tripsage__limbo_collect(tripsage__limbo *limbo);

#endif
