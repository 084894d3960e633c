/* cache/redis/stream.h: bytes to a server and back, over TCP, TLS or a socket's path; nothing waits past its deadline.
 * Errors of all calls: TRIPSAGE_EUNAVAILABLE, TRIPSAGE_ENOMEM. */
#ifndef TRIPSAGE_CACHE_REDIS_STREAM_H
#define TRIPSAGE_CACHE_REDIS_STREAM_H

#include <stdint.h>

#include "address.h"
#include "base/tls.h"

typedef struct tripsage__redis_stream {
    int socket; /* -1: closed */
    tripsage__tls *tls;
} tripsage__redis_stream;

/* `trust` is for an address with TLS. */
tripsage_status tripsage__redis_stream_open(tripsage__redis_stream *out, const tripsage__redis_address *address,
                                            const tripsage__tls_trust *trust, int64_t deadline);
void tripsage__redis_stream_close(tripsage__redis_stream *stream);

tripsage_status tripsage__redis_stream_send(tripsage__redis_stream *stream, const void *data, size_t size,
                                            int64_t deadline);
/* One byte at least, and as many as there are. */
tripsage_status tripsage__redis_stream_receive(size_t *got, tripsage__redis_stream *stream, void *out, size_t size,
                                               int64_t deadline);

/* The same, for who has nothing else to do: no byte and TRIPSAGE_OK at `until`, and as soon as `wake`, another descriptor, can be read. */
tripsage_status tripsage__redis_stream_take(size_t *got, tripsage__redis_stream *stream, void *out, size_t size,
                                            int wake, int64_t until);

/* 0 when the other side has closed it, or says what nobody has asked for. */
int tripsage__redis_stream_is_quiet(const tripsage__redis_stream *stream);

#endif
