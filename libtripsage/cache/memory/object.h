/* cache/memory/object.h: a value that is no string: what a hash, a list, a set or a sorted set has in common.
 *
 * An object is the value of an entry (memory/entry.h), which frees it with its last holder. Only commands look at objects or change them, one command
 * at a time; whoever evicts or deletes an entry only lets go of it. */
#ifndef TRIPSAGE_CACHE_MEMORY_OBJECT_H
#define TRIPSAGE_CACHE_MEMORY_OBJECT_H

#include <stddef.h>

typedef struct tripsage__object tripsage__object;

typedef struct tripsage__object_type {
    const char *name; /* as TYPE tells it: "hash" */
    size_t (*count)(const tripsage__object *object);
    void (*free)(tripsage__object *object);
    tripsage__object *(*copy)(const tripsage__object *object); /* for COPY; NULL: no memory */
} tripsage__object_type;

/* Stands first in each kind of object. */
struct tripsage__object {
    const tripsage__object_type *type;
    size_t bytes;   /* of all its blocks, as tripsage__budget_block tells them; kept by the code of its type */
    size_t charged; /* what of them is taken from the budget; kept by the keyspace */
};

#endif
