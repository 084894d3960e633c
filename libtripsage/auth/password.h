/* auth/password.h: passwords kept as Argon2id hashes (RFC 9106), and the hashes that users of other systems bring along.
 *
 * What is hashed are the bytes as they come in: accounts move between this library and Supabase Auth, which does the same, and an imported
 * hash is of such bytes, so that a normal form would shut out whom it does not change on one side only. */
#ifndef TRIPSAGE_AUTH_PASSWORD_H
#define TRIPSAGE_AUTH_PASSWORD_H

#include <stdint.h>

#include "base/env.h"
#include "base/error.h"

/* "$argon2id$v=19$m=19456,t=2,p=1$<22 characters of salt>$<43 of hash>", the numbers with up to ten digits. */
#define TRIPSAGE__PASSWORD_HASH_SIZE 128

/* A hash from elsewhere, with the NUL: Firebase's carry the key of their project, some 200 characters in all. */
#define TRIPSAGE__PASSWORD_KNOWN_SIZE 512

/* 1 GiB and 64 passes are seconds of work for each sign-in; Argon2 itself takes no less than 8 KiB for its one lane. */
#define TRIPSAGE__ARGON2_MEMORY_MIN 8u /* KiB */
#define TRIPSAGE__ARGON2_MEMORY_MAX (1024u * 1024)
#define TRIPSAGE__ARGON2_PASSES_MAX 64u

/* 1,024 bytes: several sentences in any script; bounds what one request can make us hash. */
#define TRIPSAGE__PASSWORD_BYTES_MAX 1024

typedef struct tripsage__passwords tripsage__passwords;

/* Cost of the hashes to make: memory in KiB, passes over it. `at_once`: how many are made at the same time at most; 0: half the
 * processors, one at least, so that a storm of sign-ins leaves the rest to everybody else. Shared by any number of threads.
 * Errors: TRIPSAGE_ENOMEM. */
tripsage_status tripsage__passwords_new(tripsage__passwords **out, uint32_t memory_kib, uint32_t passes,
                                        unsigned at_once);
void tripsage__passwords_free(tripsage__passwords *passwords); /* NULL is fine; none may be under way */

/* Errors: TRIPSAGE_EBUSY (waited too long for a turn), TRIPSAGE_ENOMEM, TRIPSAGE_EINTERNAL (no randomness). */
tripsage_status tripsage__password_hash(char out[TRIPSAGE__PASSWORD_HASH_SIZE], tripsage__passwords *passwords,
                                        tripsage__env *env, const char *password);

/* Whether the password is the one behind `hash`. NULL stands for the hash of an account that does not exist: the same work is done and
 * the answer is no. Errors: as above, and TRIPSAGE_ECORRUPT for text that is no hash we know. */
tripsage_status tripsage__password_verify(int *matches, tripsage__passwords *passwords, const char *hash,
                                          const char *password);

/* 1 when `text` is a hash that tripsage__password_verify takes, of a cost that one sign-in may have: Argon2id and Argon2i, bcrypt
 * ($2a$, $2b$, $2y$), and Firebase's scrypt as Supabase Auth writes it ($fbscrypt$v=1,n=..,r=..,p=..,ss=..,sk=..$salt$hash). */
int tripsage__password_hash_is_known(const char *text);

/* 1 when the hash is not what tripsage__password_hash makes today: of another scheme, or another cost. */
int tripsage__password_is_stale(const tripsage__passwords *passwords, const char *hash);

/* How many hashes were computed so far: what shows that two answers cost the same. */
uint64_t tripsage__passwords_count(tripsage__passwords *passwords);

#endif
