/* cache/redis/connection.h: commands out, replies in. The home of hiredis, whose part is to read the replies. */
#ifndef TRIPSAGE_CACHE_REDIS_CONNECTION_H
#define TRIPSAGE_CACHE_REDIS_CONNECTION_H

#include <hiredis/hiredis.h>

#include "base/buf.h"
#include "cache/engine.h"
#include "stream.h"

/* ---- a flight: commands that go out together, and what came back ---- */

typedef struct tripsage__redis_flight {
    tripsage__buf commands;
    size_t count;
    redisReply **replies; /* one for each command, once there is an answer */
} tripsage__redis_flight;

/* The largest flight is one value with its key, or the keys of one batch of a clearing (see redis.c). */
#define TRIPSAGE__REDIS_FLIGHT_INIT                                                                                    \
    {                                                                                                                  \
        TRIPSAGE__BUF_INIT((size_t)16 * 1024 * 1024), 0, NULL                                                          \
    }

void tripsage__redis_flight_free(tripsage__redis_flight *flight);

/* One command: TRIPSAGE__REDIS_PUT(&flight, TRIPSAGE__REDIS_WORD("GET"), key) */
#define TRIPSAGE__REDIS_WORD(literal)                                                                                  \
    (tripsage__cache_bytes)                                                                                            \
    {                                                                                                                  \
        "" literal, sizeof(literal) - 1                                                                                \
    }
#define TRIPSAGE__REDIS_PUT(flight, ...)                                                                               \
    tripsage__redis_put((flight), (const tripsage__cache_bytes[]){__VA_ARGS__},                                        \
                        sizeof((const tripsage__cache_bytes[]){__VA_ARGS__}) / sizeof(tripsage__cache_bytes))
void tripsage__redis_put(tripsage__redis_flight *flight, const tripsage__cache_bytes *words, size_t count);

/* The first error among the replies and the members of their arrays, or NULL. */
const redisReply *tripsage__redis_first_error(const tripsage__redis_flight *flight);

/* Tells it by its code alone ("OOM"): the sentence behind may quote what was sent, a password among it. */
#define TRIPSAGE__REDIS_REFUSED(error)                                                                                 \
    TRIPSAGE_FAIL(TRIPSAGE_EUNAVAILABLE, "the cache's server refuses: %.*s",                                           \
                  (int)tripsage__redis_error_code_size(error), (error)->str)
size_t tripsage__redis_error_code_size(const redisReply *error);

/* ---- a connection ---- */

typedef struct tripsage__redis_connection tripsage__redis_connection;

struct tripsage__redis_connection {
    tripsage__redis_stream stream;
    redisReader *reader;
    tripsage__redis_connection *next; /* the pool's */
};

/* Connects, and logs in where there is somebody to log in as. Errors: TRIPSAGE_EUNAVAILABLE, TRIPSAGE_ENOMEM. */
tripsage_status tripsage__redis_connect(tripsage__redis_connection **out, const tripsage__redis_address *address,
                                        const tripsage__tls_trust *trust, int64_t deadline);
void tripsage__redis_disconnect(tripsage__redis_connection *connection); /* NULL is fine */

/* Sends the flight and waits for its replies. After a failure the connection is of no use. */
tripsage_status tripsage__redis_exchange(tripsage__redis_flight *flight, tripsage__redis_connection *connection,
                                         int64_t deadline);

#endif
