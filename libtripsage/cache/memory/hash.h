/* cache/memory/hash.h: a hash: fields with values, in the order in which they came; each may have an end of its own.
 *
 * A field is a node of the table (dict.h), with this as its payload. Those that end stand in a treap by their ends as well, so that the
 * first and the last of them are a few steps away. */
#ifndef TRIPSAGE_CACHE_MEMORY_HASH_H
#define TRIPSAGE_CACHE_MEMORY_HASH_H

#include "dict.h"
#include "object.h"

typedef struct tripsage__hash_value {
    size_t size;
    unsigned char bytes[];
} tripsage__hash_value;

typedef struct tripsage__hash_field {
    tripsage__hash_value *value;
    tripsage__dict_node *older, *newer;
    int64_t expires_ms;                  /* or TRIPSAGE__CACHE_FOREVER */
    tripsage__dict_node *sooner, *later; /* the treap's branches */
} tripsage__hash_field;

typedef struct tripsage__hash {
    tripsage__object object;
    tripsage__dict fields;
    tripsage__dict_node *oldest, *newest;
    tripsage__dict_node *ends; /* the treap's root */
    size_t ending;             /* how many fields are in it */
    size_t value_bytes;
} tripsage__hash;

extern const tripsage__object_type tripsage__hash_type;

/* `key` is the table's (dict.h). NULL: no memory. */
tripsage__hash *tripsage__hash_new(const uint64_t key[2]);

/* Sets all of these fields, or none for want of memory (0). `pairs` are names and values by turns, `count` of the two together. Ends stay
 * with `keep_ends`, and go without. */
int tripsage__hash_set(tripsage__hash *hash, const tripsage__cache_bytes *pairs, size_t count, int keep_ends,
                       size_t *added);
void tripsage__hash_remove(tripsage__hash *hash, tripsage__dict_node *node);
/* An instant, or TRIPSAGE__CACHE_FOREVER. */
void tripsage__hash_set_end(tripsage__hash *hash, tripsage__dict_node *node, int64_t expires_ms);

static inline tripsage__hash_field *tripsage__hash_field_of(const tripsage__dict_node *node)
{
    return tripsage__dict_payload(node);
}

static inline tripsage__cache_bytes tripsage__hash_value_of(const tripsage__dict_node *node)
{
    const tripsage__hash_value *value = tripsage__hash_field_of(node)->value;

    return (tripsage__cache_bytes){value->bytes, value->size};
}

#endif
