/* base/crypto.h: the few primitives the rooms share, over OpenSSL. crypto.c is the home of the openssl headers. */
#ifndef TRIPSAGE_BASE_CRYPTO_H
#define TRIPSAGE_BASE_CRYPTO_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "error.h"

#define TRIPSAGE__SHA256_SIZE 32

tripsage_status tripsage__sha256(unsigned char out[TRIPSAGE__SHA256_SIZE], const void *data, size_t size);
tripsage_status tripsage__hmac_sha256(unsigned char out[TRIPSAGE__SHA256_SIZE], const void *key, size_t key_size,
                                      const void *data, size_t size);
/* 0 when it could not. */
int tripsage__random_bytes(void *out, size_t size);
/* 1 when equal; the time depends on the size only. */
int tripsage__equal_constant_time(const void *a, const void *b, size_t size);
/* Overwrites in a way the compiler keeps. */
void tripsage__wipe(void *data, size_t size);

void tripsage__hex(char *out /* 2 * size + 1 */, const void *data, size_t size);
/* base64url without padding (RFC 4648, section 5). */
void tripsage__base64url_put(tripsage__buf *buf, const void *data, size_t size);
/* Decodes at most `capacity` bytes; -1 when it is not base64url or does not fit. */
int64_t tripsage__base64url_decode(void *out, size_t capacity, const char *text, size_t length);

#endif
