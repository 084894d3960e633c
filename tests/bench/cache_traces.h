/* tests/bench/cache_traces.h: what the eviction policies are measured on. The same on every machine. */
#ifndef TRIPSAGE_TESTS_CACHE_TRACES_H
#define TRIPSAGE_TESTS_CACHE_TRACES_H

#include "cache_rivals.h"

#define CACHE_SIZES 5u

typedef struct cache_workload {
    const char *name;
    void (*make)(cache_trace *trace, size_t length);
    double sizes[CACHE_SIZES]; /* of the cache, in percent of the footprint */
} cache_workload;

extern const cache_workload cache_workloads[];
extern const size_t cache_workload_count;

/* About `length` requests. */
cache_trace cache_make_trace(const cache_workload *workload, size_t length);
void cache_free_trace(cache_trace *trace);

#endif
