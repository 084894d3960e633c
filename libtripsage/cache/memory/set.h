/* cache/memory/set.h: a set as the value of an entry: different byte strings in no order. */
#ifndef TRIPSAGE_CACHE_MEMORY_SET_H
#define TRIPSAGE_CACHE_MEMORY_SET_H

#include "dict.h"
#include "object.h"

typedef struct tripsage__set {
    tripsage__object object;
    tripsage__dict dict; /* without a payload: the names are the members */
} tripsage__set;

extern const tripsage__object_type tripsage__set_type;

/* An empty one; `key` is of its hash and outlives it. NULL: no memory. */
tripsage__set *tripsage__set_new(const uint64_t key[2]);
/* The member's node, there already or made (*added). NULL: no memory, and nothing was changed. */
tripsage__dict_node *tripsage__set_add(tripsage__set *set, tripsage__cache_bytes member, int *added);
void tripsage__set_remove(tripsage__set *set, tripsage__dict_node *node);

#endif
