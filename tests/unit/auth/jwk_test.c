/* jwk_test.c: keys as JSON, against the examples of RFC 7638 and RFC 7517, and sets of anybody's. */
#include "auth/jwk.h"

#include <stdio.h>
#include <string.h>

#include "../suite.h"

#define N                                                                                                              \
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_"                          \
    "BJECPebWKRXjBZCiFV4n3oknjhMs"                                                                                     \
    "tn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_"                                                     \
    "FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-"                                \
    "bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
#define X         "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define Y         "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define RSA(more) "{" more "\"kty\":\"RSA\",\"n\":\"" N "\",\"e\":\"AQAB\"}"
#define EC(more)  "{" more "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "\",\"y\":\"" Y "\"}"
#define OKP(more) "{" more "\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}"

static tripsage__keyset *parse(const char *keys)
{
    tripsage__keyset *set;
    char json[8192];

    snprintf(json, sizeof json, "{\"keys\":[%s],\"more\":1}", keys);
    ck_assert_ok(tripsage__keyset_parse(&set, json, strlen(json)));
    return set;
}

/* Whether a set of this one key has it for this algorithm and id. */
static int has(const char *jwk, const char *kid, tripsage__algorithm algorithm)
{
    tripsage__keyset *set = parse(jwk);
    int found = tripsage__keyset_find(set, kid, algorithm, 0) != NULL;

    tripsage__keyset_release(set);
    return found;
}

START_TEST(keys_are_read)
{
    ck_assert(has(RSA("\"kid\":\"k\","), "k", TRIPSAGE__RS256));
    ck_assert(
        has(RSA("\"kid\":\"k\",\"alg\":\"RS256\",\"use\":\"sig\",\"key_ops\":[\"verify\"],"), "k", TRIPSAGE__RS256));
    ck_assert(has(EC("\"kid\":\"k\",\"ext\":true,"), "k", TRIPSAGE__ES256));
    ck_assert(has(OKP("\"kid\":\"k\","), "k", TRIPSAGE__EDDSA));
    ck_assert(has(EC(""), "", TRIPSAGE__ES256));
}
END_TEST

START_TEST(a_key_is_for_one_algorithm_and_one_id)
{
    ck_assert(!has(RSA("\"kid\":\"k\","), "k", TRIPSAGE__ES256));
    ck_assert(!has(RSA("\"kid\":\"k\","), "k", TRIPSAGE__HS256));
    ck_assert(!has(RSA("\"kid\":\"k\","), "K", TRIPSAGE__RS256));
    ck_assert(!has(RSA("\"kid\":\"k\","), "", TRIPSAGE__RS256));
}
END_TEST

START_TEST(keys_that_are_passed_over)
{
    static const char *const keys[] = {
        "1",
        "null",
        "[]",
        "{}",
        "\"kid\"",
        RSA("\"kid\":\"k\",\"use\":\"enc\","),
        RSA("\"kid\":\"k\",\"key_ops\":[\"sign\"],"),
        RSA("\"kid\":\"k\",\"key_ops\":[],"),
        RSA("\"kid\":\"k\",\"alg\":\"RS512\","),
        RSA("\"kid\":\"k\",\"alg\":\"HS256\","),
        RSA("\"kid\":\"k\",\"alg\":null,"),
        RSA("\"kid\":\"k\",\"d\":\"AQAB\","),
        RSA("\"kid\":7,"),
        RSA("\"kid\":\"k\",\"use\":7,"),
        EC("\"kid\":\"k\",\"alg\":\"RS256\","),
        "{\"kid\":\"k\",\"kty\":\"oct\",\"k\":\"c2VjcmV0\",\"alg\":\"HS256\"}",
        "{\"kid\":\"k\",\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"" X "\",\"y\":\"" Y "\"}",
        "{\"kid\":\"k\",\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "\",\"y\":\"" X "\"}",
        "{\"kid\":\"k\",\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "\"}",
        "{\"kid\":\"k\",\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "=\",\"y\":\"" Y "\"}",
        "{\"kid\":\"k\",\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}",
        "{\"kid\":\"k\",\"kty\":\"RSA\",\"n\":\"" N "\",\"e\":\"AQ\"}",
        "{\"kid\":\"k\",\"kty\":\"RSA\",\"n\":7,\"e\":\"AQAB\"}",
    };

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        for (int algorithm = TRIPSAGE__HS256; algorithm <= TRIPSAGE__EDDSA; algorithm++)
            ck_assert_msg(!has(keys[i], "k", (tripsage__algorithm)algorithm), "%s", keys[i]);
    /* And those beside them are taken. */
    ck_assert(has("null,{\"kty\":\"oct\",\"k\":\"\"}," EC("\"kid\":\"k\","), "k", TRIPSAGE__ES256));
}
END_TEST

START_TEST(documents_that_are_none)
{
    static const char *const documents[] = {
        "",
        "null",
        "[]",
        "{}",
        "{\"keys\":{}}",
        "{\"keys\":null}",
        "{\"keys\":[]",
        "{\"keys\":[]}x",
        "{\"keys\":[],\"keys\":[]}",
    };
    static char large[TRIPSAGE__JWKS_MAX + 2];
    tripsage__keyset *set;

    for (size_t i = 0; i < sizeof documents / sizeof documents[0]; i++) {
        ck_assert_fails(tripsage__keyset_parse(&set, documents[i], strlen(documents[i])), TRIPSAGE_EMALFORMED);
        ck_assert_ptr_null(set);
    }
    memset(large, ' ', sizeof large);
    ck_assert_fails(tripsage__keyset_parse(&set, large, sizeof large), TRIPSAGE_ETOOLARGE);
}
END_TEST

START_TEST(the_first_of_two_counts)
{
    tripsage__keyset *set = parse(EC("\"kid\":\"k\",") "," EC("\"kid\":\"k\",") "," RSA("\"kid\":\"k\","));
    tripsage__buf out = TRIPSAGE__BUF_INIT(TRIPSAGE__JWKS_MAX);

    ck_assert_ok(tripsage__keyset_put(&out, set, 0));
    ck_assert_str_eq(
        out.data, "{\"keys\":[{\"kty\":\"EC\",\"alg\":\"ES256\",\"kid\":\"k\",\"use\":\"sig\",\"key_ops\":[\"verify\"],"
                  "\"crv\":\"P-256\",\"x\":\"" X "\",\"y\":\"" Y "\"},"
                  "{\"kty\":\"RSA\",\"alg\":\"RS256\",\"kid\":\"k\",\"use\":\"sig\",\"key_ops\":[\"verify\"],"
                  "\"n\":\"" N "\",\"e\":\"AQAB\"}]}");
    tripsage__buf_free(&out);
    tripsage__keyset_release(set);
}
END_TEST

START_TEST(ids_are_bounded)
{
    char jwk[1024], kid[TRIPSAGE__KID_MAX + 2];

    memset(kid, 'k', sizeof kid);
    kid[TRIPSAGE__KID_MAX] = '\0';
    snprintf(jwk, sizeof jwk, EC("\"kid\":\"%s\","), kid);
    ck_assert(has(jwk, kid, TRIPSAGE__ES256));
    kid[TRIPSAGE__KID_MAX] = 'k';
    kid[TRIPSAGE__KID_MAX + 1] = '\0';
    snprintf(jwk, sizeof jwk, EC("\"kid\":\"%s\","), kid);
    ck_assert(!has(jwk, kid, TRIPSAGE__ES256));
}
END_TEST

START_TEST(a_set_is_bounded)
{
    static char json[64 * 1024];
    tripsage__keyset *set;
    size_t length = (size_t)sprintf(json, "{\"keys\":[");

    for (int i = 0; i < TRIPSAGE__KEYSET_MAX; i++)
        length += (size_t)sprintf(json + length, "%s" EC("\"kid\":\"k%d\","), i ? "," : "", i);
    strcpy(json + length, "]}");
    ck_assert_ok(tripsage__keyset_parse(&set, json, strlen(json)));
    ck_assert_ptr_nonnull(tripsage__keyset_find(set, "k31", TRIPSAGE__ES256, 0));
    tripsage__keyset_release(set);
    strcpy(json + length, "," EC("\"kid\":\"more\",") "]}");
    ck_assert_fails(tripsage__keyset_parse(&set, json, strlen(json)), TRIPSAGE_ETOOLARGE);
    ck_assert_ptr_null(set);
}
END_TEST

START_TEST(a_key_may_end)
{
    tripsage__key *key;
    tripsage__keyset *set;
    tripsage__buf out = TRIPSAGE__BUF_INIT(TRIPSAGE__JWKS_MAX);

    ck_assert_ok(tripsage__keyset_new(&set));
    ck_assert_ok(tripsage__jwk_parse(&key, EC("")));
    ck_assert_ok(tripsage__keyset_add(set, "k", key, 1000));
    ck_assert_ptr_eq(tripsage__keyset_find(set, "k", TRIPSAGE__ES256, 999), key);
    ck_assert_ptr_null(tripsage__keyset_find(set, "k", TRIPSAGE__ES256, 1000));
    ck_assert_ok(tripsage__keyset_put(&out, set, 1000));
    ck_assert_str_eq(out.data, "{\"keys\":[]}");
    tripsage__buf_free(&out);
    tripsage__keyset_release(set);
    tripsage__keyset_release(NULL);
}
END_TEST

/* RFC 7638, 3.1; the others were made with another program from the same text. */
START_TEST(thumbprints_are_the_published_ones)
{
    static const char *const rows[][2] = {
        {RSA(""), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"},
        {EC(""), "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U"},
        {OKP(""), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"},
    };
    char thumbprint[TRIPSAGE__THUMBPRINT_SIZE];
    tripsage__key *key;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ck_assert_ok(tripsage__jwk_parse(&key, rows[i][0]));
        ck_assert_ok(tripsage__jwk_thumbprint(thumbprint, key));
        ck_assert_str_eq(thumbprint, rows[i][1]);
        tripsage__key_free(key);
    }
    ck_assert_fails(tripsage__jwk_parse(&key, "{}"), TRIPSAGE_ECORRUPT);
    ck_assert_fails(tripsage__jwk_parse(&key, "{"), TRIPSAGE_ECORRUPT);
}
END_TEST

SUITE_MAIN("auth/jwk", keys_are_read, a_key_is_for_one_algorithm_and_one_id, keys_that_are_passed_over,
           documents_that_are_none, the_first_of_two_counts, ids_are_bounded, a_set_is_bounded, a_key_may_end,
           thumbprints_are_the_published_ones)
