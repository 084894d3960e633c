/* cache/memory/entry.h: one key with its value: a single block that is never changed once others may see it, counted by who holds it
 * (the shard, and everybody it was handed out to). The links and the two marks belong to the shard and are guarded by its lock.
 * A value that is no string is an object (object.h): the block holds a pointer to it. */
#ifndef TRIPSAGE_CACHE_MEMORY_ENTRY_H
#define TRIPSAGE_CACHE_MEMORY_ENTRY_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "object.h"

/* As `expires_ms`: never. */
#define TRIPSAGE__CACHE_FOREVER INT64_MAX

typedef struct tripsage__entry tripsage__entry;

struct tripsage__entry {
    tripsage__entry *chain; /* next in the bucket */
    tripsage__entry *newer; /* the eviction queue */
    tripsage__entry *older;
    uint64_t hash;
    int64_t expires_ms;
    uint8_t visited;   /* asked for since the hand passed */
    uint8_t is_object; /* the value is a pointer to one, which is freed with the entry */
    atomic_uint holders;
    uint32_t key_size;
    uint32_t value_size;
    alignas(max_align_t) unsigned char bytes[]; /* value, NUL, key: callers may keep structs in a value */
};

typedef struct tripsage__entry_parts {
    const void *key;
    size_t key_size;
    uint64_t hash;
    const void *value;
    size_t value_size;
    int64_t expires_ms;
    tripsage__object *object; /* in the place of a value; NULL: a string */
} tripsage__entry_parts;

/* Copies key and value, and takes over an object; held once. NULL when memory is short: the object is the caller's still. */
tripsage__entry *tripsage__entry_new(const tripsage__entry_parts *parts);
void tripsage__entry_hold(tripsage__entry *entry);
void tripsage__entry_drop(tripsage__entry *entry); /* the last holder frees it */

/* What an entry takes of the cache's bytes: one with a string that long, and this one with what its object is charged. */
size_t tripsage__entry_cost(size_t key_size, size_t value_size);
size_t tripsage__entry_cost_of(const tripsage__entry *entry);

/* NULL: it is a string. */
tripsage__object *tripsage__entry_object(const tripsage__entry *entry);

/* When it is over: by its own end, or with the last part of its object. */
int64_t tripsage__entry_end(const tripsage__entry *entry);

static inline const unsigned char *tripsage__entry_key(const tripsage__entry *entry)
{
    return entry->bytes + entry->value_size + 1;
}

#endif
