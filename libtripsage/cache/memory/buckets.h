/* cache/memory/buckets.h: a shard's hash table, read without a lock.
 *
 * A bucket is an array of slots of its own, with room for about as many entries as there are; a slot is an entry's address with 16 bits
 * of its hash beside it. So a look meets one entry in the heap, which nearly always is the one it is for, whatever else is in the
 * bucket. Linear hashing (Litwin, 1980): the table grows by one bucket at a time, whose entries come from one other, so no insert ever
 * moves more than those.
 *
 * Only the holder of the shard's lock changes the table. A reader sees each slot change as a whole: an entry that he finds was there at
 * some moment since he began, and one that was taken out and put in again was absent in between. Only when an array is replaced what
 * stays may be missed: `version` is odd meanwhile, and another one afterwards; who found nothing looks at it again. An array that was
 * replaced is kept until nobody reads it (retired.h).
 *
 * Addresses have at most 48 bits, as on all machines of 64 bits unless a program asks for more: the heap's others are refused. */
#ifndef TRIPSAGE_CACHE_MEMORY_BUCKETS_H
#define TRIPSAGE_CACHE_MEMORY_BUCKETS_H

#include "cache/engine.h"
#include "retired.h"

typedef struct tripsage__buckets {
    struct tripsage__directory *_Atomic directory; /* NULL before the first bucket */
    _Atomic uint32_t count;                        /* of buckets */
    _Atomic uint32_t version;
    size_t bytes; /* what all of it takes, as tripsage__budget_block tells it; under the lock */
    const uint64_t *hash_key;
    tripsage__retired *retired;
} tripsage__buckets;

void tripsage__buckets_init(tripsage__buckets *buckets, const uint64_t *hash_key, tripsage__retired *retired);
void tripsage__buckets_free(tripsage__buckets *buckets); /* the entries are not its own, and nobody reads any more */

/* Before an entry is added to `entries` others: how many bytes more that may take, 0 when there is place; and the making of it, with a
 * bucket more when it is time for one. 0: no memory for it. */
size_t tripsage__buckets_need(const tripsage__buckets *buckets, uint64_t hash, size_t entries);
int tripsage__buckets_prepare(tripsage__buckets *buckets, uint64_t hash, size_t entries);

/* Under the lock: the entry of a key, or NULL. */
tripsage__entry *tripsage__buckets_find(const tripsage__buckets *buckets, uint64_t hash, tripsage__cache_bytes key);

/* Without it, by a reader (base/grace.h). *again: it may be there all the same. */
tripsage__entry *tripsage__buckets_look(const tripsage__buckets *buckets, uint64_t hash, tripsage__cache_bytes key,
                                        int *again);

/* Under the lock. There is place for one that is added; one that is removed may give bytes back. */
void tripsage__buckets_add(tripsage__buckets *buckets, uint64_t hash, tripsage__entry *entry);
void tripsage__buckets_replace(tripsage__buckets *buckets, uint64_t hash, const tripsage__entry *old,
                               tripsage__entry *entry);
void tripsage__buckets_remove(tripsage__buckets *buckets, uint64_t hash, const tripsage__entry *entry);

/* For scans: the size of a table of a power of two that this one is on its way to, 0 before the first bucket; and the entries that
 * would be in one of its buckets, each in turn: *place begins with 0; NULL behind the last. */
size_t tripsage__buckets_span(const tripsage__buckets *buckets);
tripsage__entry *tripsage__buckets_next(const tripsage__buckets *buckets, uint64_t number, size_t *place);

#endif
