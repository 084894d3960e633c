/* cache/memory/order.h: a shard's entries in the order of their keys, so that those with a prefix are found without a look at the
 * others. It is made by the first clearing by prefix and kept up from there on; who never clears by prefix pays nothing.
 *
 * A treap (Seidel and Aragon, 1996): a search tree by key, and a heap by a priority that nobody chooses. It can be given up at any
 * time, and is when a new entry finds no memory for its node: the next clearing makes it anew. The bytes of a node are taken from the
 * budget by the caller, and given back here. Needs the shard's lock. */
#ifndef TRIPSAGE_CACHE_MEMORY_ORDER_H
#define TRIPSAGE_CACHE_MEMORY_ORDER_H

#include "budget.h"
#include "cache/engine.h"
#include "entry.h"

typedef struct tripsage__order {
    struct tripsage__order_node *root;
    tripsage__budget *budget;
    int kept;
} tripsage__order;

/* Zeroed memory is one that is not kept; `budget` is set by the owner. */

static inline int tripsage__order_is_kept(const tripsage__order *order)
{
    return order->kept;
}

/* Of the cache's bytes, for each entry. */
size_t tripsage__order_cost(void);

/* Keeps an order from now on, of nothing so far. */
void tripsage__order_begin(tripsage__order *order);
void tripsage__order_drop(tripsage__order *order);

/* These do nothing while none is kept. */
void tripsage__order_add(tripsage__order *order, tripsage__entry *entry);
void tripsage__order_replace(tripsage__order *order, const tripsage__entry *old, tripsage__entry *entry);
void tripsage__order_remove(tripsage__order *order, const tripsage__entry *entry);

/* The first entry whose key starts with the prefix, or NULL. */
tripsage__entry *tripsage__order_first(const tripsage__order *order, tripsage__cache_bytes prefix);

int tripsage__order_has_prefix(tripsage__cache_bytes key, tripsage__cache_bytes prefix);

#endif
