/* auth/token.h: access tokens: signed claims (RFC 7519) with the claims Supabase Auth gives its own. */
#ifndef TRIPSAGE_AUTH_TOKEN_H
#define TRIPSAGE_AUTH_TOKEN_H

#include <stddef.h>
#include <stdint.h>

#include "auth/jwk.h"
#include "auth/session.h"
#include "base/actor.h"
#include "base/error.h"
#include "base/signature.h"

/* Longest token looked at, the length HTTP servers grant one header field. */
#define TRIPSAGE__TOKEN_MAX ((size_t)8 * 1024)
/* Longest issuer: longer than any address of a service that people write into settings. */
#define TRIPSAGE__ISSUER_MAX 255
/* Tolerated difference between two machines' clocks (RFC 8725's "small leeway"). */
#define TRIPSAGE__TOKEN_SKEW_MS 60000

/* A key of a token. HS256 has a secret, the others a pair or its public half, and which algorithm it is for is part of the key. Borrowed. */
typedef struct tripsage__token_key {
    const char *kid;           /* "": none */
    const tripsage__key *pair; /* NULL: HS256 with the secret */
    const char *secret;        /* at least 32 bytes (RFC 7518, 3.2) */
    size_t secret_size;
} tripsage__token_key;

/* Makes the access token of a session, NUL-terminated, for tripsage__free. */
tripsage_status tripsage__token_sign(char **out, const tripsage__token_key *key, const char *issuer,
                                     const tripsage__account *account, const tripsage__session *session);

/* A token taken apart: where its parts are, and what its header asks for. Nothing of it is believed. */
typedef struct tripsage__token {
    const char *header, *payload, *signature; /* inside the text, which starts with the header */
    size_t header_length, payload_length, signature_length;
    tripsage__algorithm algorithm;
    char kid[TRIPSAGE__KID_MAX + 1]; /* "": none */
} tripsage__token;

/* Looks at form and header. `text` is borrowed by what is made of it. TRIPSAGE_ETOKEN, TRIPSAGE_ENOMEM. */
tripsage_status tripsage__token_open(tripsage__token *out, const char *text, size_t length);

/* Checks everything else but whether its session goes on, and makes the actor it speaks of. `key`: the one the header asks for; a key for
 * another algorithm is refused, and so is NULL, the key that nobody has.
 * Errors: TRIPSAGE_ETOKEN, TRIPSAGE_EEXPIRED, TRIPSAGE_ENOMEM. */
tripsage_status tripsage__token_actor(tripsage_actor **out, const tripsage__token *token,
                                      const tripsage__token_key *key, const char *issuer, int64_t now_ms);

/* Who a project's key of Supabase's older kind speaks for: a token without a user, of any issuer who has the key. */
typedef enum tripsage__token_role {
    TRIPSAGE__ROLE_NONE = 0,
    TRIPSAGE__ROLE_ANON,
    TRIPSAGE__ROLE_SERVICE
} tripsage__token_role;

/* The same for such a token. Errors: as above. */
tripsage_status tripsage__token_role_of(tripsage__token_role *out, const tripsage__token *token,
                                        const tripsage__token_key *key, int64_t now_ms);

#endif
