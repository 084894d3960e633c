/* cache/upstash/request.h: a batch of commands as the URL and the body of one POST. */
#ifndef TRIPSAGE_CACHE_UPSTASH_REQUEST_H
#define TRIPSAGE_CACHE_UPSTASH_REQUEST_H

#include "base/buf.h"
#include "cache/remote/remote.h"

typedef struct tripsage__upstash_request {
    tripsage__buf url, body;
    const void *data; /* the body, or what is one as it is */
    size_t size;
} tripsage__upstash_request;

/* `base` is the database's URL, without a slash at its end. Free it in any case. Errors: TRIPSAGE_ENOMEM, TRIPSAGE_ETOOLARGE. */
tripsage_status tripsage__upstash_write(tripsage__upstash_request *out, const char *base,
                                        const tripsage__cache_batch *batch);
void tripsage__upstash_request_free(tripsage__upstash_request *request);

#endif
