/* auth/keyring.h: what an API key is: its text, the two that were given as options, and those verified a moment ago.
 *
 *     sb_publishable_<22>_<8>  sb_secret_<22>_<8>   as Supabase has them; 132 random bits as base64url, and a checksum
 *     tsk_<22>_<43>_<8>                             a scoped key: its id, 256 random bits, and a checksum
 *
 * The checksum is what Supabase's own tool for self-hosted projects appends: the first eight characters of base64url(SHA-256 of
 * "supabase-self-hosted|" and all before the checksum's underscore). It tells a mistyped key from an unknown one without a look at the
 * database, and proves nothing.
 *
 * A key that was verified is believed for a minute at most, and in this process not after any key was revoked or replaced, or anybody was
 * banned or deleted. */
#ifndef TRIPSAGE_AUTH_KEYRING_H
#define TRIPSAGE_AUTH_KEYRING_H

#include <stdint.h>

#include "base/env.h"
#include "base/error.h"

/* A guess takes 2^60 tries at 10 characters already; and a token, which a legacy key is, has some hundred. */
#define TRIPSAGE__API_KEY_MIN 20
#define TRIPSAGE__API_KEY_MAX 4096
/* The longest that is made: a scoped one. */
#define TRIPSAGE__API_KEY_SIZE (4 + 22 + 1 + 43 + 1 + 8 + 1)

#define TRIPSAGE__API_KEY_HASH_SIZE 65 /* SHA-256 in hexadecimal, and the NUL */

typedef enum tripsage__api_key_kind {
    TRIPSAGE__API_KEY_PUBLISHABLE,
    TRIPSAGE__API_KEY_SECRET,
    TRIPSAGE__API_KEY_SCOPED,
    TRIPSAGE__API_KEY_KINDS
} tripsage__api_key_kind;

extern const char *const tripsage__api_key_kinds[TRIPSAGE__API_KEY_KINDS + 1]; /* their words, and NULL */

/* What is believed of a key. */
typedef struct tripsage__api_key {
    tripsage__api_key_kind kind;
    uint32_t scopes;                   /* see base/actor.h */
    int64_t expires_at;                /* ms; INT64_MAX: never */
    char user_id[TRIPSAGE__UUID_SIZE]; /* "" but for a scoped key */
    char id[TRIPSAGE__UUID_SIZE];      /* of the record; "" for one that was given as an option */
} tripsage__api_key;

/* Makes the text of a new key; `id` is the record's. */
tripsage_status tripsage__api_key_make(char out[TRIPSAGE__API_KEY_SIZE], tripsage__env *env,
                                       tripsage__api_key_kind kind, const char *id);
/* 1 when it has the shape of one of ours and its checksum is right. */
int tripsage__api_key_is_whole(const char *text, size_t length);
tripsage_status tripsage__api_key_hash(char out[TRIPSAGE__API_KEY_HASH_SIZE], const char *text, size_t length);

/* ---- the keyring ---- */

typedef struct tripsage__keyring tripsage__keyring;

/* The options' keys are kept as digests; NULL: none. */
tripsage_status tripsage__keyring_new(tripsage__keyring **out, tripsage__env *env, const char *public_key,
                                      const char *service_key);
void tripsage__keyring_free(tripsage__keyring *keyring); /* NULL is fine */

/* Whether the key is one of the options, in constant time; `hash` is the key's. */
int tripsage__keyring_is_given(tripsage__api_key *out, const tripsage__keyring *keyring,
                               const char hash[TRIPSAGE__API_KEY_HASH_SIZE]);

/* How a key is called in memory: 128 bits that follow from a secret of this keyring and the key. */
typedef struct tripsage__keyring_name {
    uint64_t bits[2];
} tripsage__keyring_name;
tripsage__keyring_name tripsage__keyring_name_of(const tripsage__keyring *keyring, const char *text, size_t length);

int tripsage__keyring_find(tripsage__api_key *out, tripsage__keyring *keyring, tripsage__keyring_name name,
                           int64_t now_ms);
/* Ask before the key is looked up, give it with what was found: nothing is kept that was revoked in between. */
uint64_t tripsage__keyring_generation(tripsage__keyring *keyring);
void tripsage__keyring_keep(tripsage__keyring *keyring, tripsage__keyring_name name, const tripsage__api_key *key,
                            uint64_t generation, int64_t now_ms);
void tripsage__keyring_forget(tripsage__keyring *keyring); /* all of them: keys change rarely */

#endif
