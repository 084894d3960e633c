/* signature_test.c: signatures against published ones (RFC 7515, A.2 and A.3; RFC 8037, A.4; RFC 6979, A.2.5), and what is no key and no
 * signature. */
#include "base/signature.h"

#include <string.h>

#include "../suite.h"
#include "base/crypto.h"

/* RFC 7515, A.2 and A.3: the payload is the same. */
#define RS256_INPUT                                                                                                    \
    "eyJhbGciOiJSUzI1NiJ9."                                                                                            \
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVl"                     \
    "fQ"
#define RS256_N                                                                                                        \
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-"   \
    "pCgNMs"                                                                                                           \
    "D1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-"                        \
    "UTo7WTBEMa2R2CapHg665xsmtdV"                                                                                      \
    "MTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"
#define RS256_SIGNATURE                                                                                                \
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_"                            \
    "O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQ"                                                                              \
    "jbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-"  \
    "eOkHWEsqt"                                                                                                        \
    "FZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
#define ES256_INPUT                                                                                                    \
    "eyJhbGciOiJFUzI1NiJ9."                                                                                            \
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVl"                     \
    "fQ"
#define ES256_X         "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define ES256_Y         "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define ES256_SIGNATURE "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
/* RFC 8037, A.4 */
#define EDDSA_INPUT     "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
#define EDDSA_X         "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
#define EDDSA_SIGNATURE "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
/* The order of P-256's base point, less 0. */
static const unsigned char order[32] = {0xff, 0xff, 0xff, 0xff, 0,    0,    0,    0,    0xff, 0xff, 0xff,
                                        0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
                                        0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};

static void take(tripsage__public *numbers, int which, const char *text)
{
    int64_t size = tripsage__base64url_decode(numbers->bytes[which], sizeof numbers->bytes[which], text, strlen(text));

    ck_assert_int_ge(size, 0);
    numbers->size[which] = (size_t)size;
}

static tripsage_status make(tripsage__key **key, tripsage__algorithm algorithm, const char *first, const char *second)
{
    tripsage__public numbers;

    take(&numbers, 0, first);
    take(&numbers, 1, second);
    return tripsage__key_of_public(key, algorithm, &numbers);
}

static int is_good(const tripsage__key *key, const char *input, const void *signature, size_t size)
{
    int good = 7;

    ck_assert_ok(tripsage__key_check(&good, key, input, strlen(input), signature, size));
    return good;
}

static void check_published(tripsage__algorithm algorithm, const char *first, const char *second, const char *input,
                            const char *text)
{
    unsigned char signature[TRIPSAGE__SIGNATURE_MAX + 1];
    int64_t size = tripsage__base64url_decode(signature, sizeof signature, text, strlen(text));
    tripsage__key *key;

    ck_assert_int_gt(size, 0);
    ck_assert_ok(make(&key, algorithm, first, second));
    ck_assert_int_eq(tripsage__key_algorithm(key), algorithm);
    ck_assert(is_good(key, input, signature, (size_t)size));
    ck_assert(!is_good(key, "another text", signature, (size_t)size));
    ck_assert(!is_good(key, input, signature, (size_t)size - 1));
    ck_assert(!is_good(key, input, signature, (size_t)size + 1));
    ck_assert(!is_good(key, input, signature, 0));
    for (size_t i = 0; i < (size_t)size; i++) {
        signature[i] ^= 1;
        ck_assert(!is_good(key, input, signature, (size_t)size));
        signature[i] ^= 1;
    }
    tripsage__key_free(key);
}

START_TEST(checks_the_published_signatures)
{
    check_published(TRIPSAGE__RS256, RS256_N, "AQAB", RS256_INPUT, RS256_SIGNATURE);
    check_published(TRIPSAGE__ES256, ES256_X, ES256_Y, ES256_INPUT, ES256_SIGNATURE);
    check_published(TRIPSAGE__EDDSA, EDDSA_X, "", EDDSA_INPUT, EDDSA_SIGNATURE);
}
END_TEST

START_TEST(numbers_of_a_signature_are_within_the_curve)
{
    unsigned char signature[64];
    tripsage__key *key;

    ck_assert_ok(make(&key, TRIPSAGE__ES256, ES256_X, ES256_Y));
    for (int half = 0; half < 2; half++) {
        ck_assert_int_eq(tripsage__base64url_decode(signature, 64, ES256_SIGNATURE, strlen(ES256_SIGNATURE)), 64);
        memset(signature + 32 * half, 0, 32);
        ck_assert(!is_good(key, ES256_INPUT, signature, 64));
        memcpy(signature + 32 * half, order, 32);
        ck_assert(!is_good(key, ES256_INPUT, signature, 64));
        memset(signature + 32 * half, 0xff, 32);
        ck_assert(!is_good(key, ES256_INPUT, signature, 64));
    }
    memset(signature, 0, 64);
    ck_assert(!is_good(key, ES256_INPUT, signature, 64));
    tripsage__key_free(key);
}
END_TEST

START_TEST(numbers_that_are_no_key)
{
    static const struct {
        tripsage__algorithm algorithm;
        const char *first, *second, *what;
    } rows[] = {
        {TRIPSAGE__ES256, ES256_X, ES256_X, "beside the curve"},
        {TRIPSAGE__ES256, ES256_X, "", "half a point"},
        {TRIPSAGE__ES256, "AA", "AA", "short"},
        {TRIPSAGE__ES256, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
         "zeros"},
        {TRIPSAGE__ES256, "_____wAAAAEAAAAAAAAAAAAAAAD_______________8", ES256_Y, "x is the field's prime"},
        {TRIPSAGE__RS256, RS256_N, "AQ", "e is 1"},
        {TRIPSAGE__RS256, RS256_N, "", "no e"},
        {TRIPSAGE__RS256, RS256_N, "AQAA", "e is even"},
        {TRIPSAGE__RS256, RS256_N, "AQAAAAE", "e is long"},
        {TRIPSAGE__RS256, "oQ", "AQAB", "n is short"},
        {TRIPSAGE__EDDSA, EDDSA_X, ES256_Y, "two numbers"},
        {TRIPSAGE__EDDSA, "AA", "", "short"},
        {TRIPSAGE__HS256, EDDSA_X, "", "no pair"},
        {TRIPSAGE__NO_ALGORITHM, EDDSA_X, "", "nothing"},
    };
    tripsage__public numbers;
    tripsage__key *key;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ck_assert_msg(make(&key, rows[i].algorithm, rows[i].first, rows[i].second) == TRIPSAGE_EINVALID, "%s",
                      rows[i].what);
        ck_assert_ptr_null(key);
    }
    /* 2,047 bits: a first bit of zero in as many bytes. */
    take(&numbers, 0, RS256_N);
    take(&numbers, 1, "AQAB");
    numbers.bytes[0][0] &= 0x7f;
    ck_assert_fails(tripsage__key_of_public(&key, TRIPSAGE__RS256, &numbers), TRIPSAGE_EINVALID);
    numbers.bytes[0][0] |= 0x80;
    numbers.bytes[0][255] &= 0xfe;
    ck_assert_fails(tripsage__key_of_public(&key, TRIPSAGE__RS256, &numbers), TRIPSAGE_EINVALID);
}
END_TEST

/* A pair signs, and both its halves come back from their texts. */
static void check_pair(tripsage__algorithm algorithm, size_t signature_size)
{
    unsigned char signature[TRIPSAGE__SIGNATURE_MAX];
    tripsage__buf der = TRIPSAGE__BUF_INIT(64 * 1024);
    tripsage__key *pair, *other, *again, *half;
    tripsage__public numbers;
    size_t size;

    ck_assert_ok(tripsage__key_make(&pair, algorithm));
    ck_assert_ok(tripsage__key_make(&other, algorithm));
    ck_assert_ok(tripsage__key_put_private(&der, pair));
    ck_assert_ok(tripsage__key_of_private(&again, algorithm, der.data, der.size));
    ck_assert_ok(tripsage__key_public(&numbers, pair));
    ck_assert_ok(tripsage__key_of_public(&half, algorithm, &numbers));
    for (int i = 0; i < 50; i++) { /* leading zeros of ECDSA's numbers come and go */
        ck_assert_ok(tripsage__key_sign(signature, &size, i % 2 ? pair : again, "text", 4));
        ck_assert_uint_eq(size, signature_size);
        ck_assert(is_good(half, "text", signature, size));
        ck_assert(!is_good(half, "Text", signature, size));
        ck_assert(!is_good(other, "text", signature, size));
    }
    tripsage__key_free(pair);
    tripsage__key_free(other);
    tripsage__key_free(again);
    tripsage__key_free(half);
    tripsage__buf_free(&der);
}

START_TEST(signs_with_es256)
{
    check_pair(TRIPSAGE__ES256, 64);
}
END_TEST

START_TEST(signs_with_rs256)
{
    check_pair(TRIPSAGE__RS256, 256);
}
END_TEST

START_TEST(a_private_key_of_another_kind)
{
    tripsage__buf der = TRIPSAGE__BUF_INIT(64 * 1024);
    tripsage__key *pair, *again;

    ck_assert_ok(tripsage__key_make(&pair, TRIPSAGE__ES256));
    ck_assert_ok(tripsage__key_put_private(&der, pair));
    ck_assert_fails(tripsage__key_of_private(&again, TRIPSAGE__RS256, der.data, der.size), TRIPSAGE_ECORRUPT);
    ck_assert_fails(tripsage__key_of_private(&again, TRIPSAGE__ES256, der.data, der.size - 1), TRIPSAGE_ECORRUPT);
    ck_assert_fails(tripsage__key_of_private(&again, TRIPSAGE__ES256, "", 0), TRIPSAGE_ECORRUPT);
    tripsage__buf_putc(&der, 'x');
    ck_assert_fails(tripsage__key_of_private(&again, TRIPSAGE__ES256, der.data, der.size), TRIPSAGE_ECORRUPT);
    ck_assert_ptr_null(again);
    tripsage__key_free(pair);
    tripsage__key_free(NULL);
    tripsage__buf_free(&der);
}
END_TEST

START_TEST(names_are_exact)
{
    static const char *const strange[] = {"", "none", "es256", "ES256 ", "ES384", "EDDSA"};

    for (int i = TRIPSAGE__HS256; i <= TRIPSAGE__EDDSA; i++)
        ck_assert_int_eq(tripsage__algorithm_of(tripsage__algorithm_name((tripsage__algorithm)i)), i);
    for (size_t i = 0; i < sizeof strange / sizeof strange[0]; i++)
        ck_assert_int_eq(tripsage__algorithm_of(strange[i]), TRIPSAGE__NO_ALGORITHM);
    ck_assert_int_eq(tripsage__algorithm_of(NULL), TRIPSAGE__NO_ALGORITHM);
}
END_TEST

SUITE_MAIN("base/signature", checks_the_published_signatures, numbers_of_a_signature_are_within_the_curve,
           numbers_that_are_no_key, signs_with_es256, signs_with_rs256, a_private_key_of_another_kind, names_are_exact)
