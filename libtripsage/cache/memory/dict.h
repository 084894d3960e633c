/* cache/memory/dict.h: a hash table from byte strings to a payload of fixed size: the fields of a hash, the members of a set or a sorted set.
 *
 * Each item is one block: the node, `payload` bytes the owner uses as he likes, and the name. Chained, a power of two of buckets, grown and shrunk by the number of
 * items. Not for several threads at once. */
#ifndef TRIPSAGE_CACHE_MEMORY_DICT_H
#define TRIPSAGE_CACHE_MEMORY_DICT_H

#include <stddef.h>
#include <stdint.h>

#include "cache/engine.h"

typedef struct tripsage__dict_node {
    struct tripsage__dict_node *next;
    uint64_t hash;
    size_t size; /* of the name */
} tripsage__dict_node;

typedef struct tripsage__dict {
    tripsage__dict_node **buckets;
    size_t bucket_count, count;
    size_t payload;
    size_t bytes;        /* of buckets and nodes, as tripsage__budget_block tells them */
    const uint64_t *key; /* of the hash: borrowed */
} tripsage__dict;

void tripsage__dict_init(tripsage__dict *dict, size_t payload, const uint64_t key[2]);
/* `each` (may be NULL) is called for every node before it is freed. */
void tripsage__dict_clear(tripsage__dict *dict, void (*each)(tripsage__dict_node *node));

tripsage__dict_node *tripsage__dict_find(const tripsage__dict *dict, tripsage__cache_bytes name);
/* The node of that name, made with a zeroed payload when there is none (*added). NULL: no memory, and nothing was changed. */
tripsage__dict_node *tripsage__dict_add(tripsage__dict *dict, tripsage__cache_bytes name, int *added);
/* Takes the node out and frees it. */
void tripsage__dict_remove(tripsage__dict *dict, tripsage__dict_node *node);

static inline void *tripsage__dict_payload(const tripsage__dict_node *node)
{
    return (void *)(uintptr_t)(node + 1);
}
tripsage__cache_bytes tripsage__dict_name(const tripsage__dict *dict, const tripsage__dict_node *node);

/* The node after this one (NULL: the first), in no particular order; NULL behind the last. The node given may be removed before the next call only when its successor was
 * asked for already. */
tripsage__dict_node *tripsage__dict_next(const tripsage__dict *dict, const tripsage__dict_node *node);

/* Any of them, each as likely as any other when `chance` is uniform; NULL when empty. (In a large table an item that shares its bucket
 * with eight others is picked a little less often; one bucket in a million has as many.) */
tripsage__dict_node *tripsage__dict_pick(const tripsage__dict *dict, uint64_t chance);
/* `count` different ones, or all when there are no more: *out is an array of *given for tripsage__free. 0: no memory. */
int tripsage__dict_sample(tripsage__dict_node ***out, size_t *given, const tripsage__dict *dict, size_t count,
                          uint64_t chance);

/* As tripsage__keyspace_scan: at least `count` items from a cursor on, 0 at the end. `visit` may not change the table. */
uint64_t tripsage__dict_scan(const tripsage__dict *dict, uint64_t cursor, size_t count,
                             void (*visit)(void *context, const tripsage__dict_node *node), void *context);

/* The cursor that follows `cursor` in a table of that many buckets: its bits are counted from the top, so that what was seen in a table stays seen when it grows or shrinks by
 * halves (Redis's SCAN, by Pieter Noordhuis). 0: all were visited. */
uint64_t tripsage__scan_next(uint64_t cursor, size_t bucket_count);

#endif
