/* base/seal.h: secrets as they are kept: encrypted and authenticated, as text.
 *
 *     enc:v1:<key id>:<base64url of nonce | ciphertext | tag>
 *
 * AES-256-GCM under a key of its own for each purpose, made by HKDF-SHA256 (RFC 5869) from a master secret: what was sealed for one purpose
 * is nothing for any other. A purpose names the place where the text is kept ("signing_key:<id>"), so that a text cannot be moved to
 * another row either. Nonces are random: 2^32 texts for one purpose are within what SP 800-38D allows (8.3).
 *
 * The key id tells which master secret it was, by a hash of what is derived from it. There may be several: the first one seals, all
 * unseal. */
#ifndef TRIPSAGE_BASE_SEAL_H
#define TRIPSAGE_BASE_SEAL_H

#include <stddef.h>

#include "buf.h"
#include "error.h"

/* A master secret is as long as the keys made from it, at least; at the other end, what fits a line of a settings file. */
#define TRIPSAGE__MASTER_MIN 32
#define TRIPSAGE__MASTER_MAX 1024
/* Master secrets at once: today's, and those of a few rotations that were not carried through. */
#define TRIPSAGE__MASTERS_MAX 8
/* A name and an id or two. */
#define TRIPSAGE__PURPOSE_MAX 255
/* What is sealed: keys, passwords, connection strings, credential files. */
#define TRIPSAGE__SEALED_MAX ((size_t)64 * 1024)

#define TRIPSAGE__KEY_ID_SIZE 17 /* 64 bits in hexadecimal, and the NUL */

typedef struct tripsage__sealer tripsage__sealer;

/* Borrowed. */
typedef struct tripsage__master {
    const void *secret;
    size_t size;
} tripsage__master;

/* 1 to TRIPSAGE__MASTERS_MAX secrets, today's first; one given twice counts once. Immutable once made, so safe from any thread.
 * Errors: TRIPSAGE_EINVALID (field "#secret_key"), TRIPSAGE_ENOMEM. */
tripsage_status tripsage__sealer_new(tripsage__sealer **out, const tripsage__master *masters, size_t count);
void tripsage__sealer_free(tripsage__sealer *sealer); /* wipes; NULL is fine */

/* Appends the text. Errors: TRIPSAGE_ETOOLARGE, TRIPSAGE_EMISUSE (no purpose, or one too long), TRIPSAGE_EINTERNAL (no randomness). */
tripsage_status tripsage__seal(tripsage__buf *out, const tripsage__sealer *sealer, const char *purpose,
                               const void *data, size_t size);

/* Appends what was sealed; nothing where it fails. Free the buffer with tripsage__buf_free_wiped.
 * Errors: TRIPSAGE_ECORRUPT (not what was sealed for this purpose), TRIPSAGE_EUNAVAILABLE (sealed under a secret that is not here),
 * TRIPSAGE_EMALFORMED (no sealed text at all). */
tripsage_status tripsage__unseal(tripsage__buf *out, const tripsage__sealer *sealer, const char *purpose,
                                 const char *text, size_t length);

/* Whether a text says that it is sealed, in this version or another: "enc:v". It may still be none that can be unsealed. */
int tripsage__is_sealed(const char *text);
/* The id of the key that seals; borrowed. What is sealed under it begins with "enc:v1:" and the id. */
const char *tripsage__sealer_key_id(const tripsage__sealer *sealer);

#endif
