/* cache/memory/tags.h: which entries of a shard have a tag: a list for each tag that is there, whose links stand in the entries' own
 * blocks. An entry without tags pays nothing. Every call needs the shard's lock. */
#ifndef TRIPSAGE_CACHE_MEMORY_TAGS_H
#define TRIPSAGE_CACHE_MEMORY_TAGS_H

#include "dict.h"
#include "entry.h"

typedef struct tripsage__tag_place tripsage__tag_place;

/* An entry's place in the list of one of its tags. */
struct tripsage__tag_place {
    tripsage__tag_place *next;
    tripsage__tag_place **link; /* what leads here */
    tripsage__dict_node *tag;
    tripsage__entry *entry;
};

typedef struct tripsage__tagged {
    size_t count;
    tripsage__tag_place places[];
} tripsage__tagged;

/* How large a block of that size gets with so many places behind it. */
static inline size_t tripsage__tagged_size(size_t size, size_t tags)
{
    size_t aligned = (size + alignof(tripsage__tagged) - 1) / alignof(tripsage__tagged) * alignof(tripsage__tagged);

    return aligned + sizeof(tripsage__tagged) + tags * sizeof(tripsage__tag_place);
}

/* Of an entry that has some. */
static inline tripsage__tagged *tripsage__tagged_of(const tripsage__entry *entry)
{
    size_t size =
        offsetof(tripsage__entry, bytes) + tripsage__entry_value_size(entry) + 1 + tripsage__entry_key_size(entry);

    return (tripsage__tagged *)(void *)((uintptr_t)entry + tripsage__tagged_size(size, 0) - sizeof(tripsage__tagged));
}

static inline size_t tripsage__tag_count(const tripsage__entry *entry)
{
    return entry->node.owner_word & TRIPSAGE__ENTRY_TAGGED ? tripsage__tagged_of(entry)->count : 0;
}

typedef struct tripsage__tags {
    tripsage__dict names;
    size_t charged; /* what of its bytes is taken from the budget; kept by whoever takes it */
} tripsage__tags;

void tripsage__tags_init(tripsage__tags *tags, const uint64_t hash_key[2]);
void tripsage__tags_close(tripsage__tags *tags); /* no entry is in a list any more */

/* Puts an entry with as many places into the lists of these tags; 0 when there is no memory, and it is in none. */
int tripsage__tags_put(tripsage__tags *tags, tripsage__entry *entry, const tripsage__cache_bytes *names);
/* Puts an entry into the lists that `old` is in, which has as many places. */
void tripsage__tags_inherit(const tripsage__entry *old, tripsage__entry *entry);
/* Takes it out of all of them; one without tags as well. */
void tripsage__tags_take_out(tripsage__tags *tags, tripsage__entry *entry);

/* Any entry with this tag, or NULL. */
tripsage__entry *tripsage__tags_any(const tripsage__tags *tags, tripsage__cache_bytes name);

#endif
