/* cache/memory/shard.h: one part of the cache: a chained hash table, and the queue that decides what goes.
 *
 * Eviction is SIEVE (Zhang et al., NSDI 2024): entries stand in a queue in the order they came; a hit only marks its entry; the hand walks from the oldest
 * to the newest, clears marks, and takes the first entry without one. Nothing moves on a hit, and entries asked for once
 * leave soon. An entry whose time is over is taken whatever its mark.
 *
 * Every call needs the shard's lock, which the caller takes; `bytes` alone may be read without it. What the shard holds is
 * taken from the shared budget by the caller before it goes in, and given back here when it leaves. */
#ifndef TRIPSAGE_CACHE_MEMORY_SHARD_H
#define TRIPSAGE_CACHE_MEMORY_SHARD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/env.h"
#include "budget.h"
#include "entry.h"

typedef struct tripsage__shard {
    alignas(64) pthread_mutex_t lock; /* a cache line of its own: neighbours do not slow each other down */
    tripsage__entry **buckets;        /* NULL before the first entry; `bucket_count` is a power of two */
    size_t bucket_count;
    tripsage__entry *newest;
    tripsage__entry *oldest;
    tripsage__entry *hand;  /* where the next walk begins; NULL: at the oldest */
    size_t count;           /* entries */
    _Atomic uint64_t bytes; /* of the entries, without the table */
    int64_t earliest_ms;    /* nothing in here ends before this; FOREVER when nothing ends at all */
    tripsage__budget *budget;
    tripsage__env *env;
    uint64_t hits, misses, sets, deletes, expired, evicted;
} tripsage__shard;

/* 0 when the lock could not be made. The shard is zeroed memory. */
int tripsage__shard_init(tripsage__shard *shard, tripsage__budget *budget, tripsage__env *env);
void tripsage__shard_close(tripsage__shard *shard); /* drops everything */

/* The live entry of a key, or NULL. One whose time is over is dropped on the way. */
tripsage__entry *tripsage__shard_find(tripsage__shard *shard, uint64_t hash, const void *key, size_t key_size);

/* Takes over a new entry whose key is not in here; the table must exist (tripsage__shard_wants_table). */
void tripsage__shard_add(tripsage__shard *shard, tripsage__entry *entry);
/* Puts an entry in the place of one with the same key, and drops that one. The caller has taken what it costs more; what it costs
 * less is given back. */
void tripsage__shard_replace(tripsage__shard *shard, tripsage__entry *old, tripsage__entry *entry);
void tripsage__shard_remove(tripsage__shard *shard, tripsage__entry *entry);

/* Gives an entry another end. */
void tripsage__shard_set_expiry(tripsage__shard *shard, tripsage__entry *entry, int64_t expires_ms);

/* Says what an entry's object takes now, and when the last of it ends. The caller has taken what it takes more; what it takes less is given
 * back. */
void tripsage__shard_charge(tripsage__shard *shard, tripsage__entry *entry, size_t bytes, int64_t end_ms);

/* Drops one entry, but never `keep` (may be NULL). 0 when there is nothing else. */
int tripsage__shard_evict(tripsage__shard *shard, const tripsage__entry *keep);

/* Drops what has ended. */
void tripsage__shard_sweep(tripsage__shard *shard);

/* Drops every entry whose key starts with the prefix; gives how many of them were alive. */
uint64_t tripsage__shard_clear(tripsage__shard *shard, const void *prefix, size_t prefix_size);

/* Calls `visit` for the live entries of the bucket of a cursor (dict.h), and gives how many they were. `visit` may not change the shard. */
size_t tripsage__shard_visit(tripsage__shard *shard, uint64_t cursor,
                             void (*visit)(void *context, const tripsage__entry *entry), void *context);

/* How many buckets the table should have for one entry more; 0 when it is large enough. */
size_t tripsage__shard_wants_table(const tripsage__shard *shard);
/* What a table takes of the cache's bytes. */
size_t tripsage__shard_table_cost(size_t bucket_count);
/* Moves to a larger table, for which the caller has taken the bytes; gives back those of the old one, or of the new one when there
 * is no memory for it (0): the shard then goes on with longer chains. */
int tripsage__shard_grow(tripsage__shard *shard, size_t bucket_count);

#endif
