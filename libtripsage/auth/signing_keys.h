/* auth/signing_keys.h: the keys of a handle: what it signs access tokens with, and by which it knows those it is given.
 *
 * With pairs of keys (ES256, RS256) the database keeps, for each algorithm that was ever asked for, a current one, which signs; a standby
 * one, which is shown with the public ones long before it signs, so that nobody meets an unknown key when it does; and previous ones, until
 * the last token they signed is over. Every handle knows the keys of all algorithms, so that replicas may be moved from one to another
 * one by one.
 *
 * What was read is believed for a minute, and read again at a key's id that is not among it, once a second at most: that second is how long
 * an unknown id is known to be unknown. */
#ifndef TRIPSAGE_AUTH_SIGNING_KEYS_H
#define TRIPSAGE_AUTH_SIGNING_KEYS_H

#include "auth/jwk.h"
#include "auth/token.h"
#include "base/seal.h"
#include "store/store.h"

/* For how long a replica may go on signing with a key that another one has retired; and how often strangers' ids are looked up. */
#define TRIPSAGE__KEYS_MAX_AGE_MS 60000
#define TRIPSAGE__KEYS_MIN_AGE_MS 1000

typedef struct tripsage__signing_keys tripsage__signing_keys;

/* `algorithm` signs. `secret`, copied: HS256's; NULL: HS256 is refused. With HS256 as the algorithm the database keeps no keys and none is
 * looked for. Else its keys are read, and made where there are none; of several processes that do so at once, one's stay. `store` and
 * `sealer` are borrowed.
 * Errors: what the store gives. */
tripsage_status tripsage__signing_keys_new(tripsage__signing_keys **out, tripsage__store *store,
                                           const tripsage__sealer *sealer, tripsage__algorithm algorithm,
                                           const char *secret);
void tripsage__signing_keys_free(tripsage__signing_keys *keys); /* NULL is fine */

/* A key being used: it stays while the others change. */
typedef struct tripsage__held_key {
    tripsage__token_key key;
    int found;     /* 0: there is none */
    int is_locked; /* it cannot sign */
    char kid[TRIPSAGE__THUMBPRINT_SIZE];
    tripsage__keyset *set;
} tripsage__held_key;

/* The one to sign with. TRIPSAGE_EUNAVAILABLE when it is sealed under a secret that is not here; a rotation makes another. */
tripsage_status tripsage__signing_keys_current(tripsage__held_key *out, tripsage__signing_keys *keys);
/* The one that a token's header asks for. That there is none is no failure. */
tripsage_status tripsage__signing_keys_find(tripsage__held_key *out, tripsage__signing_keys *keys,
                                            tripsage__algorithm algorithm, const char *kid);
void tripsage__held_key_release(tripsage__held_key *held); /* of a found one, a zeroed one, or where the call failed */

/* Writes the public ones as JWKS: all that may meet anybody. */
tripsage_status tripsage__signing_keys_put(tripsage__buf *out, tripsage__signing_keys *keys);

/* Writes what the database says of each: {"keys": [{"kid", "alg", "state", "created_at", "rotated_at"?, "expires_at"?}]}. */
tripsage_status tripsage__signing_keys_list(tripsage__buf *out, tripsage__signing_keys *keys);

/* Promotes the standby key and makes another. Tokens of the one before it are good for `ttl_ms` more, and for as long as others may go on
 * signing with it. Of several who rotate at once, one does, and the others succeed with that.
 * Errors: TRIPSAGE_ENOTSUP (HS256), TRIPSAGE_ELIMIT (as many previous ones whose tokens are not over as there may be). */
tripsage_status tripsage__signing_keys_rotate(tripsage__signing_keys *keys, int64_t ttl_ms);

/* Deletes previous keys whose tokens are over, of any algorithm; gives how many. */
tripsage_status tripsage__signing_keys_purge(int64_t *deleted, tripsage__signing_keys *keys);

#endif
