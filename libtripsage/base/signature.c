/* base/signature.c: pairs of keys and what is signed with them, over OpenSSL 3.
 *
 * A key is parsed once and used as often as one likes: parsing costs as much as several checks. */
#include "signature.h"

#include <limits.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "crypto.h"
#include "memory.h"

/* Of P-256 and of Ed25519 alike. */
#define NUMBER_SIZE 32
/* F4 has 3 bytes. What is past 4 only makes a check slow. */
#define EXPONENT_MAX 4
/* Two numbers of 33 bytes, each with two bytes before it, and two before both. */
#define DER_SIGNATURE_MAX 72

struct tripsage__key {
    EVP_PKEY *pkey;
    tripsage__algorithm algorithm;
};

/* ---- names ---- */

static const char *const names[] = {"", "HS256", "ES256", "RS256", "EdDSA"};

const char *tripsage__algorithm_name(tripsage__algorithm algorithm)
{
    return names[algorithm];
}

tripsage__algorithm tripsage__algorithm_of(const char *name)
{
    for (size_t i = 1; name && i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0)
            return (tripsage__algorithm)i;
    return TRIPSAGE__NO_ALGORITHM;
}

/* ---- making ---- */

/* Takes the EVP_PKEY over, also where it fails. */
static tripsage_status wrap(tripsage__key **out, tripsage__algorithm algorithm, EVP_PKEY *pkey)
{
    tripsage__key *key = tripsage__malloc(sizeof *key);

    if (!key) {
        EVP_PKEY_free(pkey);
        return TRIPSAGE_NOMEM();
    }
    key->pkey = pkey;
    key->algorithm = algorithm;
    *out = key;
    return TRIPSAGE_OK;
}

tripsage_status tripsage__key_make(tripsage__key **out, tripsage__algorithm algorithm)
{
    EVP_PKEY *pkey = algorithm == TRIPSAGE__RS256 ? EVP_RSA_gen((size_t)TRIPSAGE__RSA_BITS_MIN) : EVP_EC_gen("P-256");

    *out = NULL;
    if (!pkey)
        return tripsage__openssl_failed("a pair of keys");
    return wrap(out, algorithm, pkey);
}

void tripsage__key_free(tripsage__key *key)
{
    if (!key)
        return;
    EVP_PKEY_free(key->pkey);
    tripsage__free(key);
}

tripsage__algorithm tripsage__key_algorithm(const tripsage__key *key)
{
    return key->algorithm;
}

/* Whether OpenSSL's key is one of the algorithm, and of a size that is good. */
static int is_of(EVP_PKEY *pkey, tripsage__algorithm algorithm)
{
    char group[32];
    int bits = EVP_PKEY_get_bits(pkey);

    switch (algorithm) {
    case TRIPSAGE__ES256:
        return EVP_PKEY_is_a(pkey, "EC") && EVP_PKEY_get_group_name(pkey, group, sizeof group, NULL) &&
               strcmp(group, SN_X9_62_prime256v1) == 0;
    case TRIPSAGE__RS256:
        return EVP_PKEY_is_a(pkey, "RSA") && bits >= TRIPSAGE__RSA_BITS_MIN && bits <= TRIPSAGE__RSA_BITS_MAX;
    case TRIPSAGE__EDDSA:
        return EVP_PKEY_is_a(pkey, "ED25519");
    default:
        return 0;
    }
}

/* ---- public numbers in ---- */

/* OpenSSL's parameters for the numbers, or NULL. `n` and `e` are borrowed by what is built until it is. */
static OSSL_PARAM *build_params(tripsage__algorithm algorithm, const tripsage__public *numbers, BIGNUM *n, BIGNUM *e)
{
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    unsigned char point[1 + 2 * NUMBER_SIZE] = {POINT_CONVERSION_UNCOMPRESSED};
    OSSL_PARAM *params = NULL;
    int good;

    if (!build)
        return NULL;
    if (algorithm == TRIPSAGE__RS256) {
        good = n && e && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) &&
               OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e);
    } else if (algorithm == TRIPSAGE__ES256) {
        memcpy(point + 1, numbers->bytes[0], NUMBER_SIZE);
        memcpy(point + 1 + NUMBER_SIZE, numbers->bytes[1], NUMBER_SIZE);
        good = OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, SN_X9_62_prime256v1, 0) &&
               OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point);
    } else {
        good = OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, numbers->bytes[0], NUMBER_SIZE);
    }
    if (good)
        params = OSSL_PARAM_BLD_to_param(build);
    OSSL_PARAM_BLD_free(build);
    return params;
}

/* NULL when OpenSSL makes no key of them. */
static EVP_PKEY *make_public(tripsage__algorithm algorithm, const tripsage__public *numbers)
{
    static const char *const kinds[] = {
        [TRIPSAGE__ES256] = "EC", [TRIPSAGE__RS256] = "RSA", [TRIPSAGE__EDDSA] = "ED25519"};
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, kinds[algorithm], NULL);
    BIGNUM *n = BN_bin2bn(numbers->bytes[0], (int)numbers->size[0], NULL);
    BIGNUM *e = BN_bin2bn(numbers->bytes[1], (int)numbers->size[1], NULL);
    OSSL_PARAM *params = build_params(algorithm, numbers, n, e);
    EVP_PKEY *pkey = NULL;

    if (!context || !params || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
        pkey = NULL;
    OSSL_PARAM_free(params);
    BN_free(n);
    BN_free(e);
    EVP_PKEY_CTX_free(context);
    return pkey;
}

static int has_sizes(tripsage__algorithm algorithm, const tripsage__public *numbers)
{
    const unsigned char *n = numbers->bytes[0], *e = numbers->bytes[1];
    size_t first = numbers->size[0], second = numbers->size[1];

    switch (algorithm) {
    case TRIPSAGE__ES256:
        return first == NUMBER_SIZE && second == NUMBER_SIZE;
    case TRIPSAGE__RS256: /* odd, and e not 1, which would sign everything */
        return first >= TRIPSAGE__RSA_BITS_MIN / 8 && first <= sizeof numbers->bytes[0] && (n[first - 1] & 1) &&
               second >= 1 && second <= EXPONENT_MAX && (e[second - 1] & 1) && (second > 1 || e[0] > 1);
    case TRIPSAGE__EDDSA:
        return first == NUMBER_SIZE && second == 0;
    default:
        return 0;
    }
}

tripsage_status tripsage__key_of_public(tripsage__key **out, tripsage__algorithm algorithm,
                                        const tripsage__public *numbers)
{
    EVP_PKEY *pkey;

    *out = NULL;
    if (!has_sizes(algorithm, numbers))
        return TRIPSAGE_FAIL(TRIPSAGE_EINVALID, "the numbers are no public key");
    pkey = make_public(algorithm, numbers);
    if (pkey && is_of(pkey, algorithm))
        return wrap(out, algorithm, pkey);
    EVP_PKEY_free(pkey);
    /* A point beside the curve and a failed allocation are the same to fromdata, but for what it says of them. */
    if (tripsage__openssl_forget())
        return TRIPSAGE_NOMEM();
    return TRIPSAGE_FAIL(TRIPSAGE_EINVALID, "the numbers are no public key");
}

/* ---- public numbers out ---- */

/* 0 when OpenSSL fails. `fixed`: the size it is written with, or 0 for as short as it is. */
static int take_number(const tripsage__key *key, const char *name, size_t fixed, unsigned char *out, size_t *size)
{
    BIGNUM *number = NULL;
    int good = EVP_PKEY_get_bn_param(key->pkey, name, &number);

    if (good) {
        *size = fixed ? fixed : (size_t)BN_num_bytes(number);
        good = BN_bn2binpad(number, out, (int)*size) >= 0;
    }
    BN_free(number);
    return good;
}

tripsage_status tripsage__key_public(tripsage__public *out, const tripsage__key *key)
{
    int good;

    out->size[1] = 0;
    if (key->algorithm == TRIPSAGE__ES256) {
        good = take_number(key, OSSL_PKEY_PARAM_EC_PUB_X, NUMBER_SIZE, out->bytes[0], &out->size[0]) &&
               take_number(key, OSSL_PKEY_PARAM_EC_PUB_Y, NUMBER_SIZE, out->bytes[1], &out->size[1]);
    } else if (key->algorithm == TRIPSAGE__RS256) {
        good = take_number(key, OSSL_PKEY_PARAM_RSA_N, 0, out->bytes[0], &out->size[0]) &&
               take_number(key, OSSL_PKEY_PARAM_RSA_E, 0, out->bytes[1], &out->size[1]);
    } else {
        out->size[0] = sizeof out->bytes[0];
        good = EVP_PKEY_get_raw_public_key(key->pkey, out->bytes[0], &out->size[0]);
    }
    return good ? TRIPSAGE_OK : tripsage__openssl_failed("a public key's numbers");
}

/* ---- the private part ---- */

tripsage_status tripsage__key_put_private(tripsage__buf *out, const tripsage__key *key)
{
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key->pkey);
    unsigned char *der = NULL;
    int size = info ? i2d_PKCS8_PRIV_KEY_INFO(info, &der) : -1;
    tripsage_status status = size > 0 ? TRIPSAGE_OK : tripsage__openssl_failed("a private key's text");

    if (status == TRIPSAGE_OK)
        tripsage__buf_put(out, der, (size_t)size);
    if (size > 0)
        OPENSSL_clear_free(der, (size_t)size);
    PKCS8_PRIV_KEY_INFO_free(info);
    return status == TRIPSAGE_OK ? tripsage__buf_status(out) : status;
}

tripsage_status tripsage__key_of_private(tripsage__key **out, tripsage__algorithm algorithm, const void *der,
                                         size_t size)
{
    const unsigned char *at = der;
    PKCS8_PRIV_KEY_INFO *info = size <= LONG_MAX ? d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long)size) : NULL;
    EVP_PKEY *pkey = info && (size_t)(at - (const unsigned char *)der) == size ? EVP_PKCS82PKEY(info) : NULL;

    *out = NULL;
    PKCS8_PRIV_KEY_INFO_free(info);
    if (pkey && is_of(pkey, algorithm))
        return wrap(out, algorithm, pkey);
    EVP_PKEY_free(pkey);
    if (tripsage__openssl_forget())
        return TRIPSAGE_NOMEM();
    return TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "a private key is none of %s", tripsage__algorithm_name(algorithm));
}

/* ---- ECDSA's two forms: JWS has r and s side by side, OpenSSL a DER sequence of them ---- */

/* Into 64 bytes; 0 when it is no such sequence. */
static int raw_of_der(unsigned char out[2 * NUMBER_SIZE], const unsigned char *der, size_t size)
{
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)size);
    int good = pair && BN_bn2binpad(ECDSA_SIG_get0_r(pair), out, NUMBER_SIZE) == NUMBER_SIZE &&
               BN_bn2binpad(ECDSA_SIG_get0_s(pair), out + NUMBER_SIZE, NUMBER_SIZE) == NUMBER_SIZE;

    ECDSA_SIG_free(pair);
    return good;
}

/* A positive INTEGER: no leading zeros, and one before a first bit that would make it negative. */
static unsigned char *put_integer(unsigned char *at, const unsigned char *number)
{
    size_t skip = 0, pad;

    while (skip < NUMBER_SIZE - 1 && number[skip] == 0)
        skip++;
    pad = number[skip] >> 7;
    *at++ = 0x02;
    *at++ = (unsigned char)(NUMBER_SIZE - skip + pad);
    if (pad)
        *at++ = 0;
    memcpy(at, number + skip, NUMBER_SIZE - skip);
    return at + NUMBER_SIZE - skip;
}

static size_t der_of_raw(unsigned char out[DER_SIGNATURE_MAX], const unsigned char *raw)
{
    unsigned char *end = put_integer(put_integer(out + 2, raw), raw + NUMBER_SIZE);

    out[0] = 0x30;
    out[1] = (unsigned char)(end - out - 2);
    return (size_t)(end - out);
}

/* ---- signing and checking ---- */

static const EVP_MD *digest_of(tripsage__algorithm algorithm)
{
    return algorithm == TRIPSAGE__EDDSA ? NULL : EVP_sha256(); /* Ed25519 has its own inside */
}

tripsage_status tripsage__key_sign(unsigned char out[TRIPSAGE__SIGNATURE_MAX], size_t *out_size,
                                   const tripsage__key *key, const void *data, size_t size)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned char made[TRIPSAGE__SIGNATURE_MAX];
    size_t made_size = sizeof made;
    int good = context && EVP_DigestSignInit(context, NULL, digest_of(key->algorithm), NULL, key->pkey) == 1 &&
               EVP_DigestSign(context, made, &made_size, data, size) == 1;

    EVP_MD_CTX_free(context);
    if (good && key->algorithm == TRIPSAGE__ES256) {
        good = raw_of_der(out, made, made_size);
        made_size = (size_t)2 * NUMBER_SIZE;
    } else if (good) {
        memcpy(out, made, made_size);
    }
    *out_size = made_size;
    return good ? TRIPSAGE_OK : tripsage__openssl_failed("a signature");
}

tripsage_status tripsage__key_check(int *good, const tripsage__key *key, const void *data, size_t size,
                                    const void *signature, size_t signature_size)
{
    unsigned char der[DER_SIGNATURE_MAX];
    EVP_MD_CTX *context;
    int verdict;

    *good = 0;
    if (key->algorithm == TRIPSAGE__ES256) {
        if (signature_size != (size_t)2 * NUMBER_SIZE)
            return TRIPSAGE_OK;
        signature_size = der_of_raw(der, signature);
        signature = der;
    }
    context = EVP_MD_CTX_new();
    if (!context || EVP_DigestVerifyInit(context, NULL, digest_of(key->algorithm), NULL, key->pkey) != 1) {
        EVP_MD_CTX_free(context);
        return tripsage__openssl_failed("a check of a signature");
    }
    verdict = EVP_DigestVerify(context, signature, signature_size, data, size);
    EVP_MD_CTX_free(context);
    *good = verdict == 1;
    /* A bad signature is an answer; that it leaves reasons on OpenSSL's list, or gives a negative verdict, makes it no failure. */
    if (!*good && tripsage__openssl_forget())
        return TRIPSAGE_NOMEM();
    return TRIPSAGE_OK;
}
