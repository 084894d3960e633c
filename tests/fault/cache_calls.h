/* tests/fault/cache_calls.h: the few calls that tests of a cache on a server that fails make all the time, and how long they take. */
#ifndef TRIPSAGE_TESTS_FAULT_CACHE_CALLS_H
#define TRIPSAGE_TESTS_FAULT_CACHE_CALLS_H

#include <stdint.h>
#include <string.h>
#include <time.h>
#include <tripsage/cache.h>

static inline int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static inline tripsage_status set(tripsage_cache *cache, const char *value)
{
    return tripsage_cache_set(cache, "key", 3, value, strlen(value), 0, TRIPSAGE_CACHE_ALWAYS);
}

static inline tripsage_status get(tripsage_cache *cache)
{
    tripsage_cache_value value;
    tripsage_status status = tripsage_cache_get(&value, cache, "key", 3);

    tripsage_cache_value_free(&value);
    return status;
}

#endif
