/* cache/memory/buckets.h: a shard's hash table: chains of entries, read without a lock.
 *
 * Linear hashing (Litwin, 1980): the table grows by one bucket at a time, whose entries come from one other, so no insert ever moves more than a chain. Buckets
 * stand in segments that stay where they are.
 *
 * Only the holder of the shard's lock changes the table. Readers see each change of a link as a whole; an entry that was taken out keeps its `chain`, so who
 * stands on it finds back. Hence whatever a reader meets was in the table at some moment since he began. Only when a bucket is divided a chain may lead him astray:
 * then he does not find what is there. `version` is odd meanwhile, and another one afterwards; who found nothing looks at it again. */
#ifndef TRIPSAGE_CACHE_MEMORY_BUCKETS_H
#define TRIPSAGE_CACHE_MEMORY_BUCKETS_H

#include "cache/engine.h"
#include "entry.h"

typedef _Atomic(tripsage__entry *) tripsage__link;

typedef struct tripsage__buckets {
    struct tripsage__directory *_Atomic directory; /* NULL before the first bucket */
    _Atomic uint32_t count;                        /* of buckets */
    _Atomic uint32_t version;
} tripsage__buckets;

/* Zeroed memory is an empty table. */
void tripsage__buckets_free(tripsage__buckets *buckets); /* the entries are not its own */

/* What the table takes of the cache's bytes, and what one bucket more would take of them; 0: nothing. */
size_t tripsage__buckets_cost(const tripsage__buckets *buckets);
size_t tripsage__buckets_growth(const tripsage__buckets *buckets);
/* Whether there should be one bucket more for one entry more than `entries`. */
int tripsage__buckets_are_few(const tripsage__buckets *buckets, size_t entries);
/* Adds one bucket (the first time as many as a segment has). 0: no memory, nothing was changed. `hash_key` is that of the entries' keys. */
int tripsage__buckets_grow(tripsage__buckets *buckets, const uint64_t hash_key[2]);

/* Under the lock: the entry of a key, or NULL. */
tripsage__entry *tripsage__buckets_find(const tripsage__buckets *buckets, uint64_t hash, tripsage__cache_bytes key);

/* Without it, by a reader (grace.h). *again: it may be there all the same. */
tripsage__entry *tripsage__buckets_look(const tripsage__buckets *buckets, uint64_t hash, tripsage__cache_bytes key,
                                        int *again);

/* Under the lock. There has to be a bucket. */
void tripsage__buckets_add(tripsage__buckets *buckets, uint64_t hash, tripsage__entry *entry);
void tripsage__buckets_replace(tripsage__buckets *buckets, uint64_t hash, const tripsage__entry *old,
                               tripsage__entry *entry);
void tripsage__buckets_remove(tripsage__buckets *buckets, uint64_t hash, const tripsage__entry *entry);

/* For scans: the size of a table of a power of two that this one is on its way to, 0 before the first bucket; and the entries that
 * would be in one of its buckets, each in turn (NULL: the first; NULL behind the last). */
size_t tripsage__buckets_span(const tripsage__buckets *buckets);
tripsage__entry *tripsage__buckets_next(const tripsage__buckets *buckets, uint64_t bucket, const tripsage__entry *entry,
                                        const uint64_t hash_key[2]);

#endif
