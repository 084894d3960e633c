/* cache/memory/memory.h: the engine that keeps the cache in the process: shards by hash, one budget over all of them.
 *
 * Lock order: a thread holds the lock of one shard and only tries those of others (to evict there), so no two threads wait for each
 * other. */
#ifndef TRIPSAGE_CACHE_MEMORY_MEMORY_H
#define TRIPSAGE_CACHE_MEMORY_MEMORY_H

#include "cache/engine.h"
#include "shard.h"

typedef struct tripsage__cache_memory {
    uint64_t hash_key[2];
    size_t shard_count; /* a power of two */
    tripsage__shard *shards;
    void *block; /* what `shards` and the grace were cut from */
    tripsage__shared shared;
    uint64_t
        fixed_bytes; /* taken of the budget for good: the shards themselves, and what the policy has for all of them */
    int64_t opened_ms;
    atomic_size_t turn; /* where the next search for somebody to evict begins */
    size_t cost_max;    /* of one entry */
    tripsage__env *env;
    pthread_mutex_t commands_lock;       /* around the making of: */
    struct tripsage__commands *commands; /* NULL until the first one */
} tripsage__cache_memory;

extern const tripsage__cache_engine tripsage__cache_on_memory;

/* On failure *out is NULL. `env` must outlive it. */
tripsage_status tripsage__cache_memory_open(void **out, uint64_t max_bytes, uint64_t max_entries, tripsage__env *env);
void tripsage__cache_memory_close(void *engine); /* NULL is fine */

uint64_t tripsage__cache_memory_hash(const tripsage__cache_memory *engine, const void *key, size_t key_size);
tripsage__shard *tripsage__cache_memory_shard(const tripsage__cache_memory *engine, uint64_t hash);

/* Puts an entry into its shard, whose lock is held, in the place of `old` (NULL: none), and evicts what has to go for it. 0 when no
 * room could be made: nothing was changed, and the entry is still the caller's. */
int tripsage__cache_memory_store(tripsage__cache_memory *engine, tripsage__shard *shard, uint64_t hash,
                                 tripsage__entry *old, tripsage__entry *entry);

/* Takes the bytes for what the lists of tags have grown by, evicting others than `keep`; 0 when no room could be made. */
int tripsage__cache_memory_charge_tags(tripsage__cache_memory *engine, tripsage__shard *shard,
                                       const tripsage__entry *keep);

/* Begins to keep the order of a shard's keys, if there is room for it. */
void tripsage__cache_memory_put_in_order(tripsage__cache_memory *engine, tripsage__shard *shard);

/* Takes bytes and entries of the budget for a shard whose lock is held, evicting others than `keep` (may be NULL) for them; 0 when no
 * room could be made. */
int tripsage__cache_memory_make_room(tripsage__cache_memory *engine, tripsage__shard *own, const tripsage__entry *keep,
                                     size_t bytes, uint64_t entries);

#endif
