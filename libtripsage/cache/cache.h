/* cache/cache.h: what the cache room shows its neighbours beside tripsage/cache.h. */
#ifndef TRIPSAGE_CACHE_CACHE_H
#define TRIPSAGE_CACHE_CACHE_H

#include <tripsage/cache.h>
#include <tripsage/limit.h>

#include "base/buf.h"
#include "base/env.h"

/* A cache that lives on somebody else's clock and chance; `env` must outlive it. `options` may be NULL. */
tripsage_status tripsage__cache_new(tripsage_cache **out, const tripsage_cache_options *options, tripsage__env *env);

/* 1 when what these options (NULL: the standard ones) name is not in the process: a look costs a round trip there. */
int tripsage__cache_is_remote(const tripsage_cache_options *options);

/* The same of a cache that is open. */
int tripsage__cache_is_on_server(const tripsage_cache *cache);

/* What stands before each of its keys there. */
const char *tripsage__cache_key_prefix(const tripsage_cache *cache);

/* What is wrong with a URL of a cache, in words that repeat nothing of it; NULL: nothing. Static. */
const char *tripsage__cache_url_problem(const char *url);

/* 1 when its scheme is one that caches have. */
int tripsage__cache_url_is_known(const char *url);

/* 1 when it is that of a Redis by REST, with a problem or without. */
int tripsage__cache_url_is_rest(const char *url);

/* Writes a URL without a problem with "***" in the place of its password. */
void tripsage__cache_url_put_masked(tripsage__buf *buf, const char *url);

/* Where a URL without a problem leads over a network, as a Redis' own protocol does it. Free with tripsage__cache_address_free. */
typedef struct tripsage__cache_address {
    char *host;     /* NULL: not over a network, or over HTTPS */
    char *password; /* NULL: none in it */
    int tls;
} tripsage__cache_address;

tripsage_status tripsage__cache_address_read(tripsage__cache_address *out, const char *url);
void tripsage__cache_address_free(tripsage__cache_address *address);

/* As tripsage_cache_get() with a key that is one, for callers to whom finding nothing is no failure to be told: 1 when it is there. */
int tripsage__cache_look(tripsage_cache_value *out, tripsage_cache *cache, const void *key, size_t key_size);

/* Counts the requests that were served from this handle, from 1 on. */
uint64_t tripsage__cache_count_request(tripsage_cache *cache);

/* A limiter on somebody else's chance; `env` must outlive it. `options` may be NULL. */
tripsage_status tripsage__limiter_new(tripsage_limiter **out, const tripsage_limiter_options *options,
                                      tripsage__env *env);
void tripsage__limiter_free(tripsage_limiter *limiter); /* NULL is fine */

/* For a handle from tripsage__cache_new. NULL is fine. Values that are still handed out stay valid. */
void tripsage__cache_free(tripsage_cache *cache);

#endif
