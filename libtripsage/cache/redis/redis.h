/* cache/redis/redis.h: the engine that keeps the cache on a Redis server. */
#ifndef TRIPSAGE_CACHE_REDIS_REDIS_H
#define TRIPSAGE_CACHE_REDIS_REDIS_H

#include "base/env.h"
#include "cache/engine.h"

extern const tripsage__cache_engine tripsage__cache_on_redis;

/* `options` have a URL without a problem (address.h). On failure *out is NULL. `env` must outlive it. */
tripsage_status tripsage__cache_redis_open(void **out, const tripsage_cache_options *options, tripsage__env *env);

#endif
