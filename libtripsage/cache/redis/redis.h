/* cache/redis/redis.h: the way to a Redis server, over its own protocol. */
#ifndef TRIPSAGE_CACHE_REDIS_REDIS_H
#define TRIPSAGE_CACHE_REDIS_REDIS_H

#include "cache/remote/remote.h"

extern const tripsage__cache_transport tripsage__cache_by_redis;

#endif
