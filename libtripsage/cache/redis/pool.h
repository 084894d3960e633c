/* cache/redis/pool.h: connections for any number of threads, behind the breaker.
 *
 * A pool and not one connection for all: whoever calls does the reading and writing, so the library needs no thread of its own and a call
 * no switch to one; a large value holds up nobody else; and a connection that has to be given up takes one call with it. */
#ifndef TRIPSAGE_CACHE_REDIS_POOL_H
#define TRIPSAGE_CACHE_REDIS_POOL_H

#include "connection.h"

typedef struct tripsage__redis_pool tripsage__redis_pool;

typedef struct tripsage__redis_limits {
    uint32_t deadline_ms;
    uint32_t connections;
} tripsage__redis_limits;

/* For a URL without a problem, and a password for one that has none (may be NULL). Nothing is connected yet. The breaker, which gets its
 * name here, must outlive the pool. Errors: TRIPSAGE_EINVALID (a ca_file that cannot be read), TRIPSAGE_ENOMEM, TRIPSAGE_EINTERNAL. */
tripsage_status tripsage__redis_pool_new(tripsage__redis_pool **out, const char *url, const char *password,
                                         tripsage__redis_limits limits, tripsage__breaker *breaker);
void tripsage__redis_pool_free(tripsage__redis_pool *pool); /* NULL is fine */

/* Sends the flight over one of the connections and gives its replies, by the deadline. Errors: TRIPSAGE_EUNAVAILABLE (the server may
 * have done what was asked, or a part of it), TRIPSAGE_ENOMEM. */
tripsage_status tripsage__redis_pool_call(tripsage__redis_pool *pool, tripsage__redis_flight *flight);

/* A connection of the caller's own, which no breaker watches, by the deadline. Errors as above. */
tripsage_status tripsage__redis_pool_connect(tripsage__redis_connection **out, const tripsage__redis_pool *pool,
                                             int64_t deadline);
uint32_t tripsage__redis_pool_deadline_ms(const tripsage__redis_pool *pool);

#endif
