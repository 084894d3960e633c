/* cache/memory/retired.h: entries that left the cache, and arrays of its tables, which may still be looked at, until nobody does
 * (grace.h). One for all shards, so that there are few of them at a time; they are beside the cache's bytes. */
#ifndef TRIPSAGE_CACHE_MEMORY_RETIRED_H
#define TRIPSAGE_CACHE_MEMORY_RETIRED_H

#include "base/grace.h"

#include "entry.h"

typedef struct tripsage__retired {
    tripsage__grace *grace;
    size_t few_bytes; /* so many are not worth a look */
    /* What left lately: entries linked by their nodes, and arrays by their first words. Whoever retires puts his in front, whoever
     * collects takes all. */
    _Atomic(tripsage__entry *) lately;
    _Atomic uint64_t lately_arrays;
    _Atomic size_t count, bytes; /* about as many */
    atomic_flag collecting;      /* around the rest: */
    tripsage__entry *waiting;    /* until this step is over: */
    uint64_t waiting_arrays;
    uint64_t step;
    size_t waiting_bytes;
} tripsage__retired;

/* Of zeroed memory, for a cache of that many bytes. */
void tripsage__retired_init(tripsage__retired *retired, tripsage__grace *grace, uint64_t max_bytes);
/* Nobody reads any more. */
void tripsage__retired_close(tripsage__retired *retired);

/* Takes over the shard's hold of an entry that no reader finds any more; `cost` is what it took. */
void tripsage__retire(tripsage__retired *retired, tripsage__entry *entry, size_t cost);
/* The same of an array of slots (buckets.c): its first one will say, with a tag that no entry has, where the next array is. */
void tripsage__retire_array(tripsage__retired *retired, _Atomic uint64_t *slots, size_t cost);

#endif
