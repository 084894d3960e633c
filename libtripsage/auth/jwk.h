/* auth/jwk.h: public keys as JSON (RFC 7517), and sets of them. */
#ifndef TRIPSAGE_AUTH_JWK_H
#define TRIPSAGE_AUTH_JWK_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/signature.h"

/* Longest key id looked at: three times a SHA-256 in base64url, and more than any issuer uses. */
#define TRIPSAGE__KID_MAX 128
/* A key's own id: its thumbprint, and the NUL. */
#define TRIPSAGE__THUMBPRINT_SIZE 44
/* Keys in one set: issuers show two or three; a set is walked from end to end. */
#define TRIPSAGE__KEYSET_MAX 32
/* 32 RSA keys of 8,192 bits with a few names around. */
#define TRIPSAGE__JWKS_MAX ((size_t)64 * 1024)

/* What stands for a key in base64url: SHA-256 of its numbers (RFC 7638). The same numbers always have the same. */
tripsage_status tripsage__jwk_thumbprint(char out[TRIPSAGE__THUMBPRINT_SIZE], const tripsage__key *key);

/* Writes the public part, for checking signatures. */
tripsage_status tripsage__jwk_put(tripsage__buf *out, const char *kid, const tripsage__key *key);
/* The key of what tripsage__jwk_put wrote. TRIPSAGE_ECORRUPT when it is none. */
tripsage_status tripsage__jwk_parse(tripsage__key **out, const char *json);

/* A set of keys with ids, filled once and then immutable and counted, so that it can be replaced under those who are using it. */
typedef struct tripsage__keyset tripsage__keyset;

tripsage_status tripsage__keyset_new(tripsage__keyset **out); /* one reference, the caller's */
tripsage__keyset *tripsage__keyset_retain(tripsage__keyset *set);
void tripsage__keyset_release(tripsage__keyset *set); /* NULL is fine */

/* While it is being filled. The key is taken over where the call succeeds. `ends_at`: when it stops counting, 0: never.
 * TRIPSAGE_ETOOLARGE past TRIPSAGE__KEYSET_MAX. */
tripsage_status tripsage__keyset_add(tripsage__keyset *set, const char *kid, tripsage__key *key, int64_t ends_at);

/* A JWKS document of anybody's. Keys that are not for checking signatures, of kinds or sizes we do not know, private and symmetric ones are
 * passed over (RFC 7517, 5); of several with one id and algorithm the first counts. The set may be empty.
 * Errors: TRIPSAGE_EMALFORMED (no JWKS at all), TRIPSAGE_ETOOLARGE, TRIPSAGE_ENOMEM. */
tripsage_status tripsage__keyset_parse(tripsage__keyset **out, const char *json, size_t length);

/* The key with this id ("": one that has none) for this algorithm, borrowed from the set; NULL: none. */
const tripsage__key *tripsage__keyset_find(const tripsage__keyset *set, const char *kid, tripsage__algorithm algorithm,
                                           int64_t now_ms);

/* The set as a JWKS document. */
tripsage_status tripsage__keyset_put(tripsage__buf *out, const tripsage__keyset *set, int64_t now_ms);

#endif
