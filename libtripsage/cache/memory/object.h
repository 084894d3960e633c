/* cache/memory/object.h: a value that is no string: what a hash, a list, a set or a sorted set has in common.
 *
 * An object is the value of an entry (memory/entry.h), which frees it with its last holder. Only commands look at objects or change them, one command
 * at a time; whoever evicts or deletes an entry only lets go of it. */
#ifndef TRIPSAGE_CACHE_MEMORY_OBJECT_H
#define TRIPSAGE_CACHE_MEMORY_OBJECT_H

#include <stddef.h>
#include <stdint.h>

typedef struct tripsage__object tripsage__object;

typedef struct tripsage__object_type {
    const char *name; /* as TYPE tells it: "hash" */
    size_t (*count)(const tripsage__object *object);
    void (*free)(tripsage__object *object);
    tripsage__object *(*copy)(const tripsage__object *object); /* for COPY; NULL: no memory */
    /* Of a type whose parts may end before the whole does; NULL for others. When the last of them ends (TRIPSAGE__CACHE_FOREVER: some of
     * it stays); and drops those that have ended by then. */
    int64_t (*end)(const tripsage__object *object);
    void (*purge)(tripsage__object *object, int64_t now_ms);
} tripsage__object_type;

/* Stands first in each kind of object. */
struct tripsage__object {
    const tripsage__object_type *type;
    size_t bytes; /* of all its blocks, as tripsage__budget_block tells them; kept by the code of its type */
    /* Kept by the keyspace, under the shard's lock: */
    size_t charged; /* what of `bytes` is taken from the budget */
    int64_t end_ms; /* when the last of its parts ends, or TRIPSAGE__CACHE_FOREVER */
};

#endif
