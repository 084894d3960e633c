/* auth/password_scheme.h: one way of hashing passwords: of our own, and of those from whom people come.
 *
 * The cost stands in the hash, and the hash may come from an administrator's request: a scheme says what verifying it costs before it does,
 * and does it in one thread, so that no imported hash takes the machine down at a sign-in. */
#ifndef TRIPSAGE_AUTH_PASSWORD_SCHEME_H
#define TRIPSAGE_AUTH_PASSWORD_SCHEME_H

#include "auth/password.h"

typedef struct tripsage__password_cost {
    uint64_t memory; /* bytes */
    uint64_t work;   /* bytes written to it, or as many as take the same time: 64 MiB are some 70 ms */
} tripsage__password_cost;

/* Of hashes from elsewhere: 256 MiB, and one or two seconds of a turn. Others' defaults are within: Argon2 of 64 MiB and 3 or 4 passes,
 * bcrypt of 10 to 12, Firebase's 16 MiB. */
#define TRIPSAGE__PASSWORD_MEMORY_MAX ((uint64_t)256 * 1024 * 1024)
#define TRIPSAGE__PASSWORD_WORK_MAX   ((uint64_t)1024 * 1024 * 1024)

typedef struct tripsage__password_scheme {
    int (*read)(tripsage__password_cost *cost, const char *hash); /* 1: it is one of this scheme, well-formed */
    /* `hash` is such a one. Errors: TRIPSAGE_ENOMEM, TRIPSAGE_EINTERNAL. */
    tripsage_status (*verify)(int *matches, const char *hash, const char *password);
} tripsage__password_scheme;

extern const tripsage__password_scheme tripsage__password_argon2;
extern const tripsage__password_scheme tripsage__password_bcrypt;
extern const tripsage__password_scheme tripsage__password_firebase;

/* ---- our own ---- */

typedef struct tripsage__argon2_cost {
    uint32_t memory_kib, passes;
} tripsage__argon2_cost;

#define TRIPSAGE__ARGON2_PREFIX_SIZE 48

/* What a hash of that cost begins with, up to its salt. */
void tripsage__argon2_prefix(char out[TRIPSAGE__ARGON2_PREFIX_SIZE], const tripsage__argon2_cost *cost);
#define TRIPSAGE__ARGON2_SALT_SIZE 16 /* RFC 9106, 3.1: enough for password hashing */
tripsage_status tripsage__argon2_hash(char out[TRIPSAGE__PASSWORD_HASH_SIZE], const tripsage__argon2_cost *cost,
                                      const unsigned char salt[TRIPSAGE__ARGON2_SALT_SIZE], const char *password);

/* Frees the memory that Argon2 keeps for the calling thread's next hash. */
void tripsage__argon2_let_go(void);

/* ---- reading hashes ---- */

/* Steps over `literal`; 0 when something else stands there. */
int tripsage__hash_skip(const char **at, const char *literal);
/* Steps over a decimal number without leading zeros, at most `max`; 0 when there is none. */
int tripsage__hash_number(uint64_t *out, const char **at, uint64_t max);
/* Steps over base64 of either alphabet, padded or not, up to one of `ends` or the end of the text; 0 when there is none, or too much. */
int tripsage__hash_bytes(void *out, size_t *size, size_t capacity, const char **at, const char *ends);

#endif
