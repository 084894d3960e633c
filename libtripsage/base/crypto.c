/* base/crypto.c: digests, chance and their text forms, over OpenSSL 3. A home of the openssl headers.
 *
 * Nothing is kept between calls, so every function is safe from any thread. OpenSSL allocates for itself while it works, so a digest can
 * fail for want of memory; or because the machine's OpenSSL configuration forbids it. */
#include "crypto.h"

#include <endian.h>
#include <limits.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

int tripsage__openssl_forget(void)
{
    int out_of_memory = 0;

    for (unsigned long code = ERR_get_error(); code; code = ERR_get_error())
        out_of_memory |= ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE;
    return out_of_memory;
}

/* A failed allocation is on OpenSSL's list, or left nothing there at all. */
tripsage_status tripsage__openssl_failed(const char *what)
{
    unsigned long first = ERR_peek_error();

    if (tripsage__openssl_forget() || first == 0)
        return TRIPSAGE_NOMEM();
    return TRIPSAGE_FAIL_NATIVE(TRIPSAGE_EINTERNAL, ERR_GET_REASON(first), "OpenSSL could not make %s", what);
}

tripsage_status tripsage__sha256(unsigned char out[TRIPSAGE__SHA256_SIZE], const void *data, size_t size)
{
    if (!EVP_Digest(data, size, out, NULL, EVP_sha256(), NULL))
        return tripsage__openssl_failed("a SHA-256 digest");
    return TRIPSAGE_OK;
}

/* One is OpenSSL's own context, under a name that others may know. */
static EVP_MD_CTX *context_of(tripsage__digest *digest)
{
    return (EVP_MD_CTX *)digest;
}

tripsage_status tripsage__digest_new(tripsage__digest **out)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    *out = NULL;
    if (!context || !EVP_DigestInit_ex(context, EVP_sha256(), NULL)) {
        EVP_MD_CTX_free(context);
        return tripsage__openssl_failed("a SHA-256 digest");
    }
    *out = (tripsage__digest *)context;
    return TRIPSAGE_OK;
}

tripsage_status tripsage__digest_add(tripsage__digest *digest, const void *data, size_t size)
{
    return EVP_DigestUpdate(context_of(digest), data, size) ? TRIPSAGE_OK
                                                            : tripsage__openssl_failed("a SHA-256 digest");
}

tripsage_status tripsage__digest_end(unsigned char out[TRIPSAGE__SHA256_SIZE], tripsage__digest *digest)
{
    return EVP_DigestFinal_ex(context_of(digest), out, NULL) ? TRIPSAGE_OK
                                                             : tripsage__openssl_failed("a SHA-256 digest");
}

void tripsage__digest_free(tripsage__digest *digest)
{
    EVP_MD_CTX_free(context_of(digest));
}

static tripsage_status make_hmac(unsigned char *out, size_t out_size, const char *digest, const void *key,
                                 size_t key_size, const void *data, size_t size)
{
    /* OpenSSL reads a NULL key as "no key was given", not as an empty one. */
    const void *given = key ? key : "";

    if (!EVP_Q_mac(NULL, "HMAC", NULL, digest, NULL, given, key_size, data, size, out, out_size, NULL))
        return tripsage__openssl_failed("an HMAC");
    return TRIPSAGE_OK;
}

tripsage_status tripsage__hmac_sha256(unsigned char out[TRIPSAGE__SHA256_SIZE], const void *key, size_t key_size,
                                      const void *data, size_t size)
{
    return make_hmac(out, TRIPSAGE__SHA256_SIZE, "SHA256", key, key_size, data, size);
}

tripsage_status tripsage__hmac_sha224(unsigned char out[TRIPSAGE__SHA224_SIZE], const void *key, size_t key_size,
                                      const void *data, size_t size)
{
    return make_hmac(out, TRIPSAGE__SHA224_SIZE, "SHA224", key, key_size, data, size);
}

/* ---- HKDF ---- */

tripsage_status tripsage__hkdf_extract(unsigned char out[TRIPSAGE__SHA256_SIZE], const void *salt, size_t salt_size,
                                       const void *secret, size_t size)
{
    return tripsage__hmac_sha256(out, salt, salt_size, secret, size);
}

/* RFC 5869, 2.3: T(n) = HMAC(prk, T(n-1) | info | n). */
tripsage_status tripsage__hkdf_expand(void *out, size_t out_size, const unsigned char prk[TRIPSAGE__SHA256_SIZE],
                                      const void *info, size_t info_size)
{
    unsigned char block[TRIPSAGE__SHA256_SIZE];
    unsigned char *at = out;
    tripsage__buf input = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    tripsage_status status = TRIPSAGE_OK;

    if (tripsage__buf_reserve(&input, sizeof block + info_size + 1) != TRIPSAGE_OK) /* at once: growing leaves copies */
        return tripsage__buf_status(&input);
    for (unsigned n = 1; out_size; n++) {
        size_t part = out_size < sizeof block ? out_size : sizeof block;

        input.size = 0;
        if (n > 1)
            tripsage__buf_put(&input, block, sizeof block);
        tripsage__buf_put(&input, info, info_size);
        tripsage__buf_putc(&input, (char)n);
        TRIPSAGE_TRY(tripsage__hmac_sha256(block, prk, TRIPSAGE__SHA256_SIZE, input.data, input.size));
        memcpy(at, block, part);
        at += part;
        out_size -= part;
    }
out:
    tripsage__wipe(block, sizeof block);
    tripsage__wipe(input.data, input.size);
    tripsage__buf_free(&input);
    return status;
}

/* ---- AES-256-GCM ---- */

/* What both directions begin with; 0 when OpenSSL fails. */
static int gcm_begin(EVP_CIPHER_CTX *context, const tripsage__gcm *gcm, int encrypt)
{
    int length;

    return context && EVP_CipherInit_ex2(context, EVP_aes_256_gcm(), gcm->key, gcm->nonce, encrypt, NULL) &&
           EVP_CipherUpdate(context, NULL, &length, gcm->aad, (int)gcm->aad_size);
}

tripsage_status tripsage__gcm_encrypt(unsigned char *out, unsigned char tag[TRIPSAGE__GCM_TAG_SIZE],
                                      const tripsage__gcm *gcm, const void *data, size_t size)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    tripsage_status status = TRIPSAGE_OK;
    int length;

    if (!gcm_begin(context, gcm, 1) || !EVP_CipherUpdate(context, out, &length, data, (int)size) ||
        !EVP_CipherFinal_ex(context, out + length, &length) ||
        !EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, TRIPSAGE__GCM_TAG_SIZE, tag))
        status = tripsage__openssl_failed("an AES-GCM encryption");
    EVP_CIPHER_CTX_free(context);
    return status;
}

tripsage_status tripsage__gcm_decrypt(unsigned char *out, const tripsage__gcm *gcm, const void *data, size_t size,
                                      const unsigned char tag[TRIPSAGE__GCM_TAG_SIZE])
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    unsigned char expected[TRIPSAGE__GCM_TAG_SIZE];
    tripsage_status status = TRIPSAGE_OK;
    int length = 0;

    memcpy(expected, tag, sizeof expected);
    if (!gcm_begin(context, gcm, 0) || !EVP_CipherUpdate(context, out, &length, data, (int)size) ||
        !EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, sizeof expected, expected)) {
        status = tripsage__openssl_failed("an AES-GCM decryption");
    } else if (!EVP_CipherFinal_ex(context, out + length, &length)) {
        ERR_clear_error();
        status = TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "the data is not what was encrypted with this key");
    }
    if (status != TRIPSAGE_OK)
        tripsage__wipe(out, size);
    EVP_CIPHER_CTX_free(context);
    return status;
}

int tripsage__random_bytes(void *out, size_t size)
{
    unsigned char *at = out;

    while (size) {
        int part = size > INT_MAX ? INT_MAX : (int)size;

        if (RAND_bytes(at, part) != 1) {
            ERR_clear_error();
            return 0;
        }
        at += part;
        size -= (size_t)part;
    }
    return 1;
}

int tripsage__equal_constant_time(const void *a, const void *b, size_t size)
{
    return CRYPTO_memcmp(a, b, size) == 0;
}

void tripsage__wipe(void *data, size_t size)
{
    if (data)
        OPENSSL_cleanse(data, size);
}

/* Eight digits at once, as bytes of one word: each half of a byte gets a byte of its own, and 39 more than '0' where it is above 9. */
static uint64_t hex_of_four(const unsigned char bytes[4])
{
    uint64_t x = (uint64_t)bytes[3] << 24 | (uint64_t)bytes[2] << 16 | (uint64_t)bytes[1] << 8 | bytes[0];

    x = (x | x << 16) & UINT64_C(0x0000ffff0000ffff);
    x = (x | x << 8) & UINT64_C(0x00ff00ff00ff00ff);
    x = (x >> 4 | x << 8) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    return x + UINT64_C(0x3030303030303030) +
           ((x + UINT64_C(0x0606060606060606)) >> 4 & UINT64_C(0x0101010101010101)) * 39;
}

void tripsage__hex(char *out, const void *data, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *bytes = data;

    for (; size >= 4; out += 8, bytes += 4, size -= 4) {
        uint64_t eight = htole64(hex_of_four(bytes));

        memcpy(out, &eight, sizeof eight);
    }
    for (size_t i = 0; i < size; i++) {
        *out++ = digits[bytes[i] >> 4];
        *out++ = digits[bytes[i] & 15];
    }
    *out = '\0';
}

/* ---- base64 ---- */

size_t tripsage__base64_encode(char *out, const void *data, size_t size)
{
    size_t length = (size_t)EVP_EncodeBlock((unsigned char *)out, data, (int)size);

    while (length && out[length - 1] == '=')
        length--;
    out[length] = '\0';
    return length;
}

void tripsage__base64url_put(tripsage__buf *buf, const void *data, size_t size)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const unsigned char *bytes = data;

    while (size) {
        size_t take = size < 3 ? size : 3;
        unsigned group =
            (unsigned)bytes[0] << 16 | (take > 1 ? (unsigned)bytes[1] << 8 : 0) | (take > 2 ? bytes[2] : 0);
        char text[4];

        for (int i = 0; i < 4; i++)
            text[i] = alphabet[group >> (18 - 6 * i) & 63];
        tripsage__buf_put(buf, text, take + 1);
        bytes += take;
        size -= take;
    }
}

/* The six bits behind a character, or -1. The alphabets differ in the last two. */
static int sextet(char c, const char last[2])
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == last[0] ? 62 : c == last[1] ? 63 : -1;
}

/* Strict: bits of the last character that carry nothing must be zero, so that bytes have one text only. */
static int64_t decode(void *out, size_t capacity, const char *text, size_t length, const char last[2])
{
    unsigned char *at = out;
    size_t size = length / 4 * 3 + (length % 4 ? length % 4 - 1 : 0);
    unsigned bits = 0;
    unsigned held = 0; /* bits not yet written, 0 to 6 between characters */

    if (length % 4 == 1 || size > capacity)
        return -1;
    for (size_t i = 0; i < length; i++) {
        int value = sextet(text[i], last);

        if (value < 0)
            return -1;
        bits = bits << 6 | (unsigned)value;
        held += 6;
        if (held >= 8) {
            held -= 8;
            *at++ = (unsigned char)(bits >> held);
            bits &= (1u << held) - 1;
        }
    }
    return bits == 0 ? (int64_t)size : -1;
}

int64_t tripsage__base64url_decode(void *out, size_t capacity, const char *text, size_t length)
{
    return decode(out, capacity, text, length, "-_");
}

int64_t tripsage__base64_decode(void *out, size_t capacity, const char *text, size_t length)
{
    if (length % 4)
        return -1;
    for (int padding = 0; padding < 2 && length && text[length - 1] == '='; padding++)
        length--;
    return decode(out, capacity, text, length, "+/");
}

/* ---- what others made ---- */

tripsage_status tripsage__scrypt(void *out, size_t out_size, const char *password, const tripsage__scrypt_cost *cost,
                                 const void *salt, size_t salt_size)
{
    /* The caller bounds the cost; the bound of OpenSSL's own, 32 MiB, is in the way of real hashes. */
    if (EVP_PBE_scrypt(password, strlen(password), salt, salt_size, cost->n, cost->r, cost->p, UINT64_MAX, out,
                       out_size) != 1)
        return tripsage__openssl_failed("an scrypt hash");
    return TRIPSAGE_OK;
}

tripsage_status tripsage__aes256_ctr(void *out, const unsigned char key[TRIPSAGE__AES256_KEY_SIZE], const void *data,
                                     size_t size)
{
    static const unsigned char zero[16];
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    tripsage_status status = TRIPSAGE_OK;
    int written;

    if (!context || !EVP_EncryptInit_ex(context, EVP_aes_256_ctr(), NULL, key, zero) ||
        !EVP_EncryptUpdate(context, out, &written, data, (int)size))
        status = tripsage__openssl_failed("an AES key stream");
    EVP_CIPHER_CTX_free(context);
    return status;
}

tripsage_status tripsage__sha1(unsigned char out[TRIPSAGE__SHA1_SIZE], const void *data, size_t size)
{
    if (!EVP_Q_digest(NULL, "SHA1", NULL, data, size, out, NULL))
        return tripsage__openssl_failed("a digest");
    return TRIPSAGE_OK;
}

tripsage_status tripsage__hmac_sha1(unsigned char out[TRIPSAGE__SHA1_SIZE], const void *key, size_t key_size,
                                    const void *data, size_t size)
{
    const void *given = key ? key : "";

    if (!EVP_Q_mac(NULL, "HMAC", NULL, "SHA1", NULL, given, key_size, data, size, out, TRIPSAGE__SHA1_SIZE, NULL))
        return tripsage__openssl_failed("an HMAC");
    return TRIPSAGE_OK;
}

void tripsage__base32(char *out, const void *data, size_t size)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    const unsigned char *bytes = data;

    for (; size >= 5; size -= 5) {
        uint64_t group = 0;

        for (int i = 0; i < 5; i++)
            group = group << 8 | *bytes++;
        for (int i = 35; i >= 0; i -= 5)
            *out++ = alphabet[group >> i & 31];
    }
    *out = '\0';
}
