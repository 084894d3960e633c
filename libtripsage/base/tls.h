/* base/tls.h: the client's side of TLS over a socket that does not block. tls.c is the home of openssl/ssl.h. */
#ifndef TRIPSAGE_BASE_TLS_H
#define TRIPSAGE_BASE_TLS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"

/* Whom to believe. Made once, since reading the certificates takes some milliseconds; shared by any number of connections and threads. */
typedef struct tripsage__tls_trust tripsage__tls_trust;

/* `authorities`: a PEM file of CA certificates; NULL: those of the system.
 * Errors: TRIPSAGE_EINVALID (nothing can be read there), TRIPSAGE_ENOMEM, TRIPSAGE_EINTERNAL. */
tripsage_status tripsage__tls_trust_new(tripsage__tls_trust **out, const char *authorities);
void tripsage__tls_trust_free(tripsage__tls_trust *trust); /* NULL is fine */

typedef struct tripsage__tls tripsage__tls;

/* Over a connected socket, which is borrowed, as is `trust`. The server's certificate has to be for `host`, a name or an address.
 * Errors: TRIPSAGE_ENOMEM. */
tripsage_status tripsage__tls_new(tripsage__tls **out, const tripsage__tls_trust *trust, int socket, const char *host);
void tripsage__tls_free(tripsage__tls *tls); /* NULL is fine; the socket stays open */

/* What a step came to: so many bytes; 0 when the other side has closed; or one of these. */
#define TRIPSAGE__TLS_WANTS_TO_READ  (-1) /* wait until the socket can be read, and do the same again */
#define TRIPSAGE__TLS_WANTS_TO_WRITE (-2)
#define TRIPSAGE__TLS_FAILED         (-3)

ssize_t tripsage__tls_handshake(tripsage__tls *tls); /* comes before all else; 1 when it is done */
ssize_t tripsage__tls_read(tripsage__tls *tls, void *out, size_t size);
ssize_t tripsage__tls_write(tripsage__tls *tls, const void *data, size_t size);

/* Why it failed, in a few words; static. */
const char *tripsage__tls_problem(const tripsage__tls *tls);

/* When the first certificate of a PEM file ends, in ms since 1970. Errors: TRIPSAGE_EINVALID (there is none to be read). */
tripsage_status tripsage__tls_certificate_end(int64_t *ms, const char *path);

/* Whether a PEM file has the key of the first certificate of another. Errors: TRIPSAGE_EINVALID (one cannot be read, or it has not). */
tripsage_status tripsage__tls_key_fits(const char *certificate, const char *key);

#endif
