/* tests/bench/cache_rivals.h: the eviction policies that the cache's own is measured against, each written from its paper, over keys that are
 * small numbers. Entries are all of one size. Each plays a trace from an empty cache and gives how many requests were misses. */
#ifndef TRIPSAGE_TESTS_CACHE_RIVALS_H
#define TRIPSAGE_TESTS_CACHE_RIVALS_H

#include <stddef.h>
#include <stdint.h>

typedef struct cache_trace {
    const char *name;
    uint32_t *keys;
    size_t length;
    uint32_t universe;  /* every key is below */
    uint32_t footprint; /* different keys that occur */
} cache_trace;

typedef uint64_t cache_rival(const cache_trace *trace, uint32_t capacity);

cache_rival cache_lru;
cache_rival cache_sieve; /* Zhang et al., NSDI 2024 */
cache_rival
    cache_s3fifo; /* Yang et al., SOSP 2023: small queue of a tenth, as many ghosts as the main queue has entries */
cache_rival cache_arc; /* Megiddo and Modha, FAST 2003 */
cache_rival
    cache_lirs; /* Jiang and Zhang, SIGMETRICS 2002: 1 % for resident HIR blocks; the stack as long as it gets */
cache_rival cache_wtinylfu;       /* Einziger, Friedman and Manes, ToS 2017: window of 1 % */
cache_rival cache_wtinylfu_climb; /* Einziger et al., Middleware 2018: the window's size climbs */
cache_rival cache_belady;         /* Belady 1966: knows the future */

#endif
