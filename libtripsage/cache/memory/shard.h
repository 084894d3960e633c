/* cache/memory/shard.h: one part of the cache: a hash table (buckets.h), the order in which entries go (policy.h), the lists of tags
 * (tags.h).
 *
 * Every call needs the shard's lock, which the caller takes; only `buckets` is looked into without it, and `bytes` may be read. What
 * the shard holds is taken from the shared budget by the caller before it goes in, and given back here when it leaves. */
#ifndef TRIPSAGE_CACHE_MEMORY_SHARD_H
#define TRIPSAGE_CACHE_MEMORY_SHARD_H

#include <pthread.h>

#include "base/env.h"
#include "buckets.h"
#include "budget.h"
#include "order.h"
#include "retired.h"
#include "tags.h"

/* What a reader without a lock (base/grace.h) says of his look when he leaves. */
typedef enum tripsage__look {
    TRIPSAGE__LOOK_HIT,
    TRIPSAGE__LOOK_MISS,
    TRIPSAGE__LOOK_AGAIN /* it will be looked under the lock, and counted there */
} tripsage__look;

/* What all shards of a cache share. */
typedef struct tripsage__shared {
    const uint64_t *hash_key;
    tripsage__env *env;
    tripsage__policy *policy;
    tripsage__grace *grace;
    tripsage__retired retired;
    tripsage__budget budget;
} tripsage__shared;

typedef struct tripsage__shard {
    alignas(64)
        tripsage__buckets buckets; /* a cache line of its own: readers are not slowed down by who takes the lock */
    tripsage__shared *shared;
    alignas(64) pthread_mutex_t lock;
    tripsage__policy_part part;
    tripsage__tags tags;
    tripsage__order order;
    size_t count;           /* entries */
    _Atomic uint64_t bytes; /* of the entries, without the table */
    int64_t earliest_ms;    /* nothing in here ends before this; FOREVER when nothing ends at all */
    size_t evictions;       /* since the last look for what has ended */
    uint64_t hits, misses;  /* of looks under the lock */
    uint64_t sets, deletes, added, expired, evicted_for_bytes, evicted_for_entries;
} tripsage__shard;

/* 0 when the lock could not be made. The shard is zeroed memory. */
int tripsage__shard_init(tripsage__shard *shard, tripsage__shared *shared);
void tripsage__shard_close(tripsage__shard *shard); /* drops everything; nobody reads any more */

/* The live entry of a key, or NULL. One whose time is over is dropped on the way. */
tripsage__entry *tripsage__shard_find(tripsage__shard *shard, uint64_t hash, tripsage__cache_bytes key);

/* Takes over a new entry whose key is not in here; there must be place for it in its bucket (tripsage__buckets_prepare) and in the
 * order. */
void tripsage__shard_add(tripsage__shard *shard, uint64_t hash, tripsage__entry *entry);
/* Puts an entry in the place of one with the same key, and drops that one. The caller has taken what it costs more; what it costs
 * less is given back. */
void tripsage__shard_replace(tripsage__shard *shard, uint64_t hash, tripsage__entry *old, tripsage__entry *entry);
void tripsage__shard_remove(tripsage__shard *shard, tripsage__entry *entry);

/* Takes an entry out of the lists of its tags. What tags that nobody has any more took is given back. */
void tripsage__shard_untag(tripsage__shard *shard, tripsage__entry *entry);

/* Gives an entry another end. */
void tripsage__shard_set_expiry(tripsage__shard *shard, tripsage__entry *entry, int64_t expires_ms);

/* Says what an entry's object takes now, and when the last of it ends. The caller has taken what it takes more; what it takes less is given
 * back. */
void tripsage__shard_charge(tripsage__shard *shard, tripsage__entry *entry, size_t bytes, int64_t end_ms);

/* Drops one entry, but never `keep` (may be NULL), for want of bytes or of the number of entries. 0 when there is nothing else. */
int tripsage__shard_evict(tripsage__shard *shard, const tripsage__entry *keep, tripsage__budget_want want);

/* Drops what has ended. */
void tripsage__shard_sweep(tripsage__shard *shard);

/* Drops every entry whose key starts with the prefix; gives how many of them were alive. */
uint64_t tripsage__shard_clear(tripsage__shard *shard, tripsage__cache_bytes prefix);

/* Drops every entry with the tag; gives how many of them were alive. */
uint64_t tripsage__shard_invalidate(tripsage__shard *shard, tripsage__cache_bytes tag);

/* Calls `visit` for the live entries of the bucket of a cursor (dict.h), and gives how many they were. `visit` may not change the shard. */
size_t tripsage__shard_visit(tripsage__shard *shard, uint64_t cursor,
                             void (*visit)(void *context, const tripsage__entry *entry), void *context);

#endif
