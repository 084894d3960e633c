/* base/signature.h: signing and checking with a pair of keys, over OpenSSL 3. signature.c is a home of the openssl headers.
 *
 * A key knows its one algorithm from the moment it is made (RFC 8725, 3.1): nothing that comes with a message can choose another. */
#ifndef TRIPSAGE_BASE_SIGNATURE_H
#define TRIPSAGE_BASE_SIGNATURE_H

#include <stddef.h>

#include "buf.h"
#include "error.h"

/* By their names in RFC 7518 and RFC 8037. HS256 has no pair of keys: no function below takes it. */
typedef enum tripsage__algorithm {
    TRIPSAGE__NO_ALGORITHM = 0,
    TRIPSAGE__HS256, /* HMAC */
    TRIPSAGE__ES256, /* ECDSA on P-256, the signature r and s of 32 bytes each */
    TRIPSAGE__RS256, /* RSASSA-PKCS1-v1_5 */
    TRIPSAGE__EDDSA  /* Ed25519; checked only, never made */
} tripsage__algorithm;

/* "" for none. */
const char *tripsage__algorithm_name(tripsage__algorithm algorithm);
/* NULL and every other text than exactly one of the names: none. */
tripsage__algorithm tripsage__algorithm_of(const char *name);

/* 2,048 bits are RFC 7518's least (3.3); past 8,192 a check takes longer than anybody's token is worth. */
#define TRIPSAGE__RSA_BITS_MIN  2048
#define TRIPSAGE__RSA_BITS_MAX  8192
#define TRIPSAGE__SIGNATURE_MAX (TRIPSAGE__RSA_BITS_MAX / 8)

/* A public key, or a pair. Immutable: any number of threads may use it at once. */
typedef struct tripsage__key tripsage__key;

/* The public numbers, big-endian: x and y; n and e (without leading zeros); or Ed25519's one text. */
typedef struct tripsage__public {
    unsigned char bytes[2][TRIPSAGE__RSA_BITS_MAX / 8];
    size_t size[2];
} tripsage__public;

/* A new pair. OpenSSL's own chance makes it, whatever the handle's is. RSA has 2,048 bits and takes a tenth of a second, now and then a whole. */
tripsage_status tripsage__key_make(tripsage__key **out, tripsage__algorithm algorithm);
/* TRIPSAGE_EINVALID when they are no key: not a point of the curve, too short, too long, a strange exponent. */
tripsage_status tripsage__key_of_public(tripsage__key **out, tripsage__algorithm algorithm,
                                        const tripsage__public *numbers);
/* The pair as PKCS #8 in DER, and back. TRIPSAGE_ECORRUPT when it is none, or one of another algorithm. */
tripsage_status tripsage__key_put_private(tripsage__buf *out, const tripsage__key *key);
tripsage_status tripsage__key_of_private(tripsage__key **out, tripsage__algorithm algorithm, const void *der,
                                         size_t size);
void tripsage__key_free(tripsage__key *key); /* NULL is fine */

tripsage__algorithm tripsage__key_algorithm(const tripsage__key *key);
tripsage_status tripsage__key_public(tripsage__public *out, const tripsage__key *key);

/* Signs with a pair. */
tripsage_status tripsage__key_sign(unsigned char out[TRIPSAGE__SIGNATURE_MAX], size_t *out_size,
                                   const tripsage__key *key, const void *data, size_t size);
/* Whether it is this key's signature of the data. A failure is want of memory, or an OpenSSL that refuses to work. */
tripsage_status tripsage__key_check(int *good, const tripsage__key *key, const void *data, size_t size,
                                    const void *signature, size_t signature_size);

#endif
