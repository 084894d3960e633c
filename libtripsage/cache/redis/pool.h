/* cache/redis/pool.h: connections for any number of threads, and the breaker before them.
 *
 * A pool and not one connection for all: whoever calls does the reading and writing, so the library needs no thread of its own and a call
 * no switch to one; a large value holds up nobody else; and a connection that has to be given up takes one call with it.
 *
 * When a server does not answer, who was waiting for it has spent a deadline at most. From then on nobody goes there, until after the
 * breaker's period one call is the probe: its success lets everybody through again. */
#ifndef TRIPSAGE_CACHE_REDIS_POOL_H
#define TRIPSAGE_CACHE_REDIS_POOL_H

#include "base/env.h"
#include "connection.h"

typedef struct tripsage__redis_pool tripsage__redis_pool;

typedef struct tripsage__redis_limits {
    uint32_t deadline_ms;
    uint32_t retry_after_ms;
    uint32_t connections;
} tripsage__redis_limits;

/* For a URL without a problem, and a password for one that has none (may be NULL). Nothing is connected yet. Errors: TRIPSAGE_EINVALID (a ca_file that cannot be read), TRIPSAGE_ENOMEM,
 * TRIPSAGE_EINTERNAL. */
tripsage_status tripsage__redis_pool_new(tripsage__redis_pool **out, const char *url, const char *password,
                                         tripsage__redis_limits limits, tripsage__env *env);
void tripsage__redis_pool_free(tripsage__redis_pool *pool); /* NULL is fine */

/* Sends the flight over one of the connections and gives its replies, by the deadline. Errors: TRIPSAGE_EUNAVAILABLE (the server may
 * have done what was asked, or a part of it), TRIPSAGE_ENOMEM. */
tripsage_status tripsage__redis_pool_call(tripsage__redis_pool *pool, tripsage__redis_flight *flight);

#endif
