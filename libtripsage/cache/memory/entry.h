/* cache/memory/entry.h: one key with its value: a single block, counted by who holds it (the shard, and everybody it was handed out
 * to).
 *
 * Key and value are never changed once others may see them. Readers without a lock look at what the two are, and hold it; so what they
 * touch is atomic or never written again. The rest belongs to the shard and is guarded by its lock. The header is as small as it is
 * because there may be millions: 32 bytes.
 *
 * A value that is no string is an object (object.h): the block holds a pointer to it. Behind the key stand the entry's places in the
 * lists of its tags (tags.h), when it has any. */
#ifndef TRIPSAGE_CACHE_MEMORY_ENTRY_H
#define TRIPSAGE_CACHE_MEMORY_ENTRY_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "object.h"
#include "policy.h"

/* As an end: never. */
#define TRIPSAGE__CACHE_FOREVER INT64_MAX

typedef struct tripsage__entry tripsage__entry;

struct tripsage__entry {
    tripsage__policy_node node; /* its `owner` fields hold the sizes and what the entry is */
    _Atomic uint64_t life;      /* end and holders: see entry.c */
    alignas(8) unsigned char bytes
        []; /* value, NUL, key, places in lists: callers may keep structs of pointers and numbers in a value */
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
/* The same with room for places in that many tags' lists. */
tripsage__entry *tripsage__entry_new_tagged(const tripsage__entry_parts *parts, size_t tags);

/* Holds it once more, by somebody who holds it or knows that the shard does; gives its end as it is at this moment. 0: it is held as
 * often as can be counted. */
int tripsage__entry_hold(tripsage__entry *entry, int64_t *expires_ms);
void tripsage__entry_drop(tripsage__entry *entry); /* the last holder frees it */

int64_t tripsage__entry_expires_ms(const tripsage__entry *entry);
/* Under the shard's lock: when it is over, by its own end or with the last part of its object; and another end of its own. */
int64_t tripsage__entry_end(const tripsage__entry *entry);
void tripsage__entry_set_expires_ms(tripsage__entry *entry, int64_t expires_ms);

/* What an entry takes of the cache's bytes: one with a string that long, and this one with what its object is charged. */
size_t tripsage__entry_cost(size_t key_size, size_t value_size);
size_t tripsage__entry_cost_of(const tripsage__entry *entry);

/* NULL: it is a string, or its object was taken. */
tripsage__object *tripsage__entry_object(const tripsage__entry *entry);
/* Takes the object from an entry that left its shard. */
tripsage__object *tripsage__entry_take_object(tripsage__entry *entry);

/* ---- what it is: 24 bits of the value's size, 2 marks, 3 of the key's size, whose other 8 are a byte of their own ---- */

#define TRIPSAGE__ENTRY_OBJECT (UINT32_C(1) << 27)
#define TRIPSAGE__ENTRY_TAGGED (UINT32_C(1) << 28)

static inline size_t tripsage__entry_value_size(const tripsage__entry *entry)
{
    return entry->node.owner_word & 0xffffff;
}

static inline size_t tripsage__entry_key_size(const tripsage__entry *entry)
{
    return (size_t)(entry->node.owner_word >> 29) << 8 | entry->node.owner_byte;
}

static inline int tripsage__entry_is_object(const tripsage__entry *entry)
{
    return (entry->node.owner_word & TRIPSAGE__ENTRY_OBJECT) != 0;
}

static inline const unsigned char *tripsage__entry_key(const tripsage__entry *entry)
{
    return entry->bytes + tripsage__entry_value_size(entry) + 1;
}

static inline tripsage__entry *tripsage__entry_of(tripsage__policy_node *node)
{
    return node ? (tripsage__entry *)(void *)((char *)node - offsetof(tripsage__entry, node)) : NULL;
}

#endif
