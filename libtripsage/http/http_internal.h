/* http/http_internal.h: one try of a request, for the files of this room. */
#ifndef TRIPSAGE_HTTP_HTTP_INTERNAL_H
#define TRIPSAGE_HTTP_HTTP_INTERNAL_H

#include "base/observe.h"
#include "http/http.h"

struct tripsage__http {
    tripsage__env *env; /* borrowed */
    tripsage__observer *observer;
    struct transfers *transfers;
};

struct transfers *tripsage__transfers_new(const tripsage__http_options *options, tripsage_status *status);
void tripsage__transfers_free(struct transfers *transfers); /* NULL is fine */

/* How one try ended, for the decision about another one. */
typedef struct tripsage__transfer_end {
    int unsent;             /* it failed before the server can have seen anything of the request */
    int broken;             /* the connection failed somewhere after that */
    int64_t retry_after_ms; /* what the server asks for; 0: nothing */
} tripsage__transfer_end;

/* Header lines that say which trace a try belongs to. */
typedef struct tripsage__transfer_trace {
    char lines[2][sizeof "traceparent: " + 512];
    size_t count;
} tripsage__transfer_trace;

/* One try, until `deadline` (tripsage__monotonic_ms). The response is empty; after a failure it may hold something. */
tripsage_status tripsage__transfer_http(tripsage__http_response *out, tripsage__transfer_end *end,
                                        struct transfers *transfers, const tripsage__http_request *request,
                                        const tripsage__transfer_trace *trace, int64_t deadline);

/* A mail as it goes out, of which every text was checked. */
typedef struct tripsage__transfer_mail {
    const char *url; /* smtp:// or smtps:// */
    const char *user, *password;
    const char *from, *to;
    const char *message; /* NULL: none, the server is only signed in to */
    size_t size;
    tripsage__smtp_encryption encryption; /* on smtp:// */
    const _Atomic int *stop;
} tripsage__transfer_mail;

tripsage_status tripsage__transfer_smtp(struct transfers *transfers, const tripsage__transfer_mail *mail,
                                        int64_t deadline);

/* Writes the mail as RFC 5322 and 2045 have it. Errors: TRIPSAGE_EINVALID, TRIPSAGE_ENOMEM, TRIPSAGE_ETOOLARGE. */
tripsage_status tripsage__message_put(tripsage__buf *out, tripsage__env *env, const tripsage__mail *mail);

#endif
