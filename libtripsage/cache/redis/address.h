/* cache/redis/address.h: the URL of a Redis server, taken apart.
 *
 *     redis://[user:password@]host[:port][/database]      rediss:// the same over TLS
 *     unix://[user:password@]/path/to.sock
 *
 * with ?db=number and, over TLS, ?ca_file=path, joined by '&'. Special characters are written as %XX. */
#ifndef TRIPSAGE_CACHE_REDIS_ADDRESS_H
#define TRIPSAGE_CACHE_REDIS_ADDRESS_H

#include "base/buf.h"

typedef struct tripsage__redis_address {
    char *path;            /* of a socket; NULL over TCP */
    char *host, *port;     /* over TCP */
    int tls;               /* 1: rediss:// */
    char *ca_file;         /* NULL: the system's */
    char *user, *password; /* NULL: none */
    char database[12];     /* a number */
    char shown[160];       /* where it is, for messages: no credentials */
} tripsage__redis_address;

/* 1 when the scheme is one of the above. */
int tripsage__redis_is_url(const char *url);

/* What is wrong with a URL, a phrase that begins with "expected" or "the" and repeats nothing of it; NULL: it can be read. Static. */
const char *tripsage__redis_url_problem(const char *url);

/* Takes apart a URL without a problem; `password` (may be NULL) is that of a URL without one. On failure nothing is to be freed.
 * Errors: TRIPSAGE_ENOMEM. */
tripsage_status tripsage__redis_address_read(tripsage__redis_address *out, const char *url, const char *password);
void tripsage__redis_address_free(tripsage__redis_address *address);

/* Writes a URL without a problem with "***" in the place of its password. */
void tripsage__redis_url_put_masked(tripsage__buf *buf, const char *url);

#endif
