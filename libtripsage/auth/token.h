/* auth/token.h: access tokens: signed claims (RFC 7519) with the claims Supabase Auth gives its own. */
#ifndef TRIPSAGE_AUTH_TOKEN_H
#define TRIPSAGE_AUTH_TOKEN_H

#include <stddef.h>
#include <stdint.h>

#include "auth/session.h"
#include "base/actor.h"
#include "base/error.h"

/* Longest token looked at, the length HTTP servers grant one header field. */
#define TRIPSAGE__TOKEN_MAX ((size_t)8 * 1024)
/* Longest issuer: longer than any address of a service that people write into settings. */
#define TRIPSAGE__ISSUER_MAX 255
/* Tolerated difference between two machines' clocks (RFC 8725's "small leeway"). */
#define TRIPSAGE__TOKEN_SKEW_MS 60000

/* Borrowed by every call below. */
typedef struct tripsage__signer {
    const char *issuer;
    const char *key; /* at least 32 bytes (RFC 7518, 3.2) */
    size_t key_size;
} tripsage__signer;

/* Makes the access token of a session, NUL-terminated, for tripsage__free. */
tripsage_status tripsage__token_sign(char **out, const tripsage__signer *signer, const tripsage__account *account,
                                     const tripsage__session *session);

/* Checks everything about a token but whether its session goes on, and makes the actor it speaks of. `token` is NUL-terminated.
 * Errors: TRIPSAGE_ETOKEN, TRIPSAGE_EEXPIRED, TRIPSAGE_ENOMEM. */
tripsage_status tripsage__token_read(tripsage_actor **out, const tripsage__signer *signer, const char *token,
                                     size_t length, int64_t now_ms);

#endif
