/* cache/remote/remote.h: the engine that keeps the cache on a server that carries out Redis's commands, however they get there. */
#ifndef TRIPSAGE_CACHE_REMOTE_REMOTE_H
#define TRIPSAGE_CACHE_REMOTE_REMOTE_H

#include "cache/breaker.h"
#include "cache/engine.h"

/* Commands that go out in one round trip. */
typedef struct tripsage__cache_batch {
    const tripsage_cache_command_line *lines;
    size_t count;
    tripsage__cache_mode mode;
    int repeatable; /* doing it twice is doing it once */
} tripsage__cache_batch;

/* How they get there. */
typedef struct tripsage__cache_transport {
    uint32_t deadline_ms; /* of a call, where the options say nothing */

    /* `options` have a URL without a problem. The breaker gets its name here, and outlives the transport as `env` does. */
    tripsage_status (*open)(void **out, const tripsage_cache_options *options, tripsage__breaker *breaker,
                            tripsage__env *env);
    /* The replies in the shape that the mode says, by the deadline, or at once while the breaker is open. A batch of no line is not sent.
     * Errors: TRIPSAGE_EUNAVAILABLE (it may have been done, or a part of it), TRIPSAGE_ENOMEM. */
    tripsage_status (*carry)(tripsage_cache_reply **out, void *transport, const tripsage__cache_batch *batch);
    void (*close)(void *transport); /* NULL is fine */
    /* As the engine's; NULL: it has none. */
    tripsage_status (*subscribe)(tripsage_cache_subscription **out, void *transport,
                                 const tripsage_cache_topics *topics);
} tripsage__cache_transport;

extern const tripsage__cache_engine tripsage__cache_on_server;

/* On failure *out is NULL. The door has seen to it that there is a key_prefix. Errors: the transport's own, TRIPSAGE_ENOMEM. */
tripsage_status tripsage__cache_server_open(void **out, const tripsage__cache_transport *by,
                                            const tripsage_cache_options *options, tripsage__env *env);

/* What holds where the options say nothing. */
#define TRIPSAGE__CACHE_RETRY_AFTER_MS 1000u /* so a dead server costs one thread a part of its time */

#endif
