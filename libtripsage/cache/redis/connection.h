/* cache/redis/connection.h: commands out, replies in. The home of hiredis, whose part is to read the replies. */
#ifndef TRIPSAGE_CACHE_REDIS_CONNECTION_H
#define TRIPSAGE_CACHE_REDIS_CONNECTION_H

#include <hiredis/hiredis.h>

#include "cache/breaker.h"
#include "cache/command/reply.h"
#include "cache/engine.h"
#include "stream.h"

/* ---- a flight: commands that go out together, and what came back ---- */

typedef struct tripsage__redis_flight {
    tripsage__buf commands;
    size_t count;
    tripsage__cache_mode mode; /* of a transaction only what EXEC gave is kept, or the first error before it */
    tripsage__reply reply;
    size_t begun;              /* where the reply in the making begins */
    tripsage__trouble trouble; /* why there is none */
} tripsage__redis_flight;

/* The largest flight is one value with its key, or the keys of one batch of a clearing (see remote.c), or what a caller puts into a
 * pipeline. */
#define TRIPSAGE__REDIS_FLIGHT_INIT(how)                                                                               \
    {                                                                                                                  \
        TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT), 0, (how), TRIPSAGE__REPLY_INIT, 0, TRIPSAGE__NO_TROUBLE            \
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

/* ---- a connection ---- */

typedef struct tripsage__redis_connection tripsage__redis_connection;

struct tripsage__redis_connection {
    tripsage__redis_stream stream;
    redisReader *reader;
    tripsage__redis_connection *next; /* the pool's */
};

/* One to nowhere, for bytes that come by themselves. Errors: TRIPSAGE_ENOMEM. */
tripsage_status tripsage__redis_connection_new(tripsage__redis_connection **out);

/* Connects, and logs in where there is somebody to log in as. Errors: TRIPSAGE_EUNAVAILABLE (*trouble says of what kind),
 * TRIPSAGE_ENOMEM. */
tripsage_status tripsage__redis_connect(tripsage__redis_connection **out, tripsage__trouble *trouble,
                                        const tripsage__redis_address *address, const tripsage__tls_trust *trust,
                                        int64_t deadline);
void tripsage__redis_disconnect(tripsage__redis_connection *connection); /* NULL is fine */

/* Sends the flight and waits for its replies. After a failure the connection is of no use. */
tripsage_status tripsage__redis_exchange(tripsage__redis_flight *flight, tripsage__redis_connection *connection,
                                         int64_t deadline);

/* Takes bytes that came, and writes the replies that are whole, up to the flight's count; *done counts them. What is behind them waits
 * for the next flight. */
tripsage_status tripsage__redis_feed(tripsage__redis_flight *flight, size_t *done,
                                     tripsage__redis_connection *connection, const char *bytes, size_t size);

#endif
