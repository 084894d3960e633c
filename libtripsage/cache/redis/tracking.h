/* cache/redis/tracking.h: hears from a Redis server which keys were written, by whomever (client tracking, of Redis 6.0).
 *
 * One connection, and a thread that reads it. The mode is broadcasting, on a prefix: the server remembers nothing of who has read what. The
 * protocol is RESP2, which every server and every hiredis speaks: the connection redirects what is told to itself, as a subscriber. */
#ifndef TRIPSAGE_CACHE_REDIS_TRACKING_H
#define TRIPSAGE_CACHE_REDIS_TRACKING_H

#include "base/env.h"
#include "cache/engine.h"

typedef struct tripsage__redis_tracking tripsage__redis_tracking;

/* Called on the thread of the tracking, one after another. */
typedef struct tripsage__redis_listener {
    void *user;
    void (*stands)(void *user);                             /* from now on every write is told */
    void (*written)(void *user, tripsage__cache_bytes key); /* as the server knows it */
    void (*flushed)(void *user);                            /* everything may have been */
    void (*lost)(void *user);                               /* until it stands again nothing is told */
} tripsage__redis_listener;

/* `options` are those of a Redis, with a deadline. It connects by itself, and again whenever the connection is lost. `env` must outlive it.
 * Errors: TRIPSAGE_EINVALID (a ca_file that cannot be read), TRIPSAGE_ENOMEM, TRIPSAGE_EINTERNAL (no thread). */
tripsage_status tripsage__redis_tracking_new(tripsage__redis_tracking **out, const tripsage_cache_options *options,
                                             const char *prefix, tripsage__redis_listener listener, tripsage__env *env);
/* Ends within the deadline; nothing is called any more then. NULL is fine. */
void tripsage__redis_tracking_free(tripsage__redis_tracking *tracking);

#endif
