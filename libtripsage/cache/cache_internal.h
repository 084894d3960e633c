/* cache/cache_internal.h: what the calls of the cache share behind the door: the handle, and what may come in. */
#ifndef TRIPSAGE_CACHE_CACHE_INTERNAL_H
#define TRIPSAGE_CACHE_CACHE_INTERNAL_H

#include "base/observe.h"
#include "cache.h"
#include "engine.h"
#include "load.h"

struct tripsage_cache {
    tripsage__env *own_env; /* what tripsage_cache_open made; NULL otherwise */
    tripsage__observer *observer;
    tripsage__watched watched;
    size_t cost_max; /* of one entry */
    const tripsage__cache_engine *calls;
    void *engine; /* NULL while it is being opened */
    tripsage__loads loads;
    _Atomic uint64_t requests; /* served, each with a number of its own */
    char key_prefix[TRIPSAGE__CACHE_PREFIX_MAX + 1];
};

static inline tripsage__cache_bytes tripsage__cache_bytes_of(const void *data, size_t size)
{
    return (tripsage__cache_bytes){data ? data : "", size};
}

/* How a value is stored, checked. */
typedef struct tripsage__cache_how {
    tripsage_cache_when when;
    int64_t ttl_ms; /* with the time in which it is stale */
    tripsage__cache_bytes tags[TRIPSAGE_CACHE_TAGS_MAX];
    size_t tag_count;
} tripsage__cache_how;

tripsage_status tripsage__cache_check_key(const void *key, size_t key_size);
tripsage_status tripsage__cache_check_value(const tripsage_cache *cache, size_t key_size, const void *value,
                                            size_t value_size);
tripsage_status tripsage__cache_check_how(tripsage__cache_how *out, const tripsage_cache_put_options *options);

tripsage_status tripsage__cache_store(tripsage_cache *cache, tripsage__cache_bytes key, tripsage__cache_bytes value,
                                      const tripsage__cache_how *how);

#endif
