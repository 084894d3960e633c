/* base/crypto.h: the few primitives the rooms share, over OpenSSL. crypto.c is a home of the openssl headers. */
#ifndef TRIPSAGE_BASE_CRYPTO_H
#define TRIPSAGE_BASE_CRYPTO_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "error.h"

#define TRIPSAGE__SHA256_SIZE 32

tripsage_status tripsage__sha256(unsigned char out[TRIPSAGE__SHA256_SIZE], const void *data, size_t size);

/* The same of what comes in pieces. Free it on every path; NULL is fine. */
typedef struct tripsage__digest tripsage__digest;

tripsage_status tripsage__digest_new(tripsage__digest **out);
tripsage_status tripsage__digest_add(tripsage__digest *digest, const void *data, size_t size);
tripsage_status tripsage__digest_end(unsigned char out[TRIPSAGE__SHA256_SIZE], tripsage__digest *digest);
void tripsage__digest_free(tripsage__digest *digest);

tripsage_status tripsage__hmac_sha256(unsigned char out[TRIPSAGE__SHA256_SIZE], const void *key, size_t key_size,
                                      const void *data, size_t size);

#define TRIPSAGE__SHA224_SIZE 28

tripsage_status tripsage__hmac_sha224(unsigned char out[TRIPSAGE__SHA224_SIZE], const void *key, size_t key_size,
                                      const void *data, size_t size);

/* HKDF (RFC 5869) with SHA-256, its two halves. `out` may be as long as 255 digests; `info` may be empty. */
tripsage_status tripsage__hkdf_extract(unsigned char out[TRIPSAGE__SHA256_SIZE], const void *salt, size_t salt_size,
                                       const void *secret, size_t size);
tripsage_status tripsage__hkdf_expand(void *out, size_t out_size, const unsigned char prk[TRIPSAGE__SHA256_SIZE],
                                      const void *info, size_t info_size);

/* AES-256-GCM (NIST SP 800-38D) with a nonce of 96 bits, never the same twice under one key, and a whole tag. */
#define TRIPSAGE__GCM_KEY_SIZE   32
#define TRIPSAGE__GCM_NONCE_SIZE 12
#define TRIPSAGE__GCM_TAG_SIZE   16

typedef struct tripsage__gcm {
    const unsigned char *key;   /* TRIPSAGE__GCM_KEY_SIZE */
    const unsigned char *nonce; /* TRIPSAGE__GCM_NONCE_SIZE */
    const void *aad;            /* what is authenticated beside the data, at most 64 KiB */
    size_t aad_size;
} tripsage__gcm;

/* Writes as many bytes as the data has (at most 1 GiB), which it may be over, and the tag. */
tripsage_status tripsage__gcm_encrypt(unsigned char *out, unsigned char tag[TRIPSAGE__GCM_TAG_SIZE],
                                      const tripsage__gcm *gcm, const void *data, size_t size);
/* TRIPSAGE_ECORRUPT where anything is not what was encrypted; `out` has been overwritten with zeros then. */
tripsage_status tripsage__gcm_decrypt(unsigned char *out, const tripsage__gcm *gcm, const void *data, size_t size,
                                      const unsigned char tag[TRIPSAGE__GCM_TAG_SIZE]);

/* 0 when it could not. */
int tripsage__random_bytes(void *out, size_t size);
/* 1 when equal; the time depends on the size only. */
int tripsage__equal_constant_time(const void *a, const void *b, size_t size);
/* Overwrites in a way the compiler keeps. */
void tripsage__wipe(void *data, size_t size);

void tripsage__hex(char *out /* 2 * size + 1 */, const void *data, size_t size);
/* base64 without padding (RFC 4648, section 4); gives how many characters it is. `out` has room for a multiple of four, and a NUL. */
size_t tripsage__base64_encode(char *out, const void *data, size_t size);
/* Decodes at most `capacity` bytes of base64 with its padding; -1 when it is not base64 or does not fit. */
int64_t tripsage__base64_decode(void *out, size_t capacity, const char *text, size_t length);
/* base64url without padding (RFC 4648, section 5). */
void tripsage__base64url_put(tripsage__buf *buf, const void *data, size_t size);
/* Decodes at most `capacity` bytes; -1 when it is not base64url or does not fit. */
int64_t tripsage__base64url_decode(void *out, size_t capacity, const char *text, size_t length);

/* scrypt, at a cost that RFC 7914, section 2, allows: `n` a power of two, below 2^(16 r). Takes 128 * n * r bytes. */
typedef struct tripsage__scrypt_cost {
    uint64_t n, r, p;
} tripsage__scrypt_cost;

tripsage_status tripsage__scrypt(void *out, size_t out_size, const char *password, const tripsage__scrypt_cost *cost,
                                 const void *salt, size_t salt_size);

#define TRIPSAGE__AES256_KEY_SIZE 32

/* AES-256 in counter mode from a counter of zero, for a key that is used once. As many bytes come out as go in, at most 1 GiB. */
tripsage_status tripsage__aes256_ctr(void *out, const unsigned char key[TRIPSAGE__AES256_KEY_SIZE], const void *data,
                                     size_t size);

#define TRIPSAGE__SHA1_SIZE 20

/* The name of a script in Redis's protocol; for nothing that has to be secure. */
tripsage_status tripsage__sha1(unsigned char out[TRIPSAGE__SHA1_SIZE], const void *data, size_t size);

/* HMAC-SHA1 is what authenticator apps compute (RFC 6238); for nothing else. */

tripsage_status tripsage__hmac_sha1(unsigned char out[TRIPSAGE__SHA1_SIZE], const void *key, size_t key_size,
                                    const void *data, size_t size);

/* Base32 without padding (RFC 4648, section 6), in capital letters, of whole groups of 5 bytes. */
void tripsage__base32(char *out /* size / 5 * 8 + 1 */, const void *data, size_t size);

/* ---- for those of this room that call OpenSSL ---- */

/* Takes OpenSSL's errors off its list for this thread. 1 when a failed allocation was among them. */
int tripsage__openssl_forget(void);
/* The same, told as a failure to make something. */
tripsage_status tripsage__openssl_failed(const char *what);

#endif
