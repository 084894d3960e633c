/* scrypt_test.c: scrypt against the vectors of RFC 7914 (section 12), AES in counter mode against AES's own (all zeros). */
#include "base/crypto.h"

#include <string.h>

#include "../suite.h"

static const char *hex_of(const void *data, size_t size)
{
    static char text[2 * 64 + 1];

    tripsage__hex(text, data, size);
    return text;
}

START_TEST(scrypt_gives_the_published_keys)
{
    static const struct {
        const char *password, *salt;
        tripsage__scrypt_cost cost;
        const char *key;
    } vectors[] = {
        {"",
         "",
         {16, 1, 1},
         "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"
         "fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906"},
        {"password",
         "NaCl",
         {1024, 8, 16},
         "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
         "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"},
        {"pleaseletmein",
         "SodiumChloride",
         {16384, 8, 1},
         "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
         "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"},
    };

    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        unsigned char key[64];

        ck_assert_ok(tripsage__scrypt(key, sizeof key, vectors[i].password, &vectors[i].cost, vectors[i].salt,
                                      strlen(vectors[i].salt)));
        ck_assert_str_eq(hex_of(key, sizeof key), vectors[i].key);
    }
}
END_TEST

/* The stream of a counter of zero begins with AES of a block of zeros, then of the block 0...01. */
START_TEST(the_counter_begins_at_zero_and_counts)
{
    static const unsigned char zero[32];
    unsigned char key[TRIPSAGE__AES256_KEY_SIZE] = {0};
    unsigned char out[32];

    ck_assert_ok(tripsage__aes256_ctr(out, key, zero, sizeof zero));
    ck_assert_str_eq(hex_of(out, sizeof out), "dc95c078a2408989ad48a21492842087530f8afbc74536b9a963b4f1c4cb738b");
    ck_assert_ok(tripsage__aes256_ctr(out, key, "\xdc\x95\xc0", 3));
    ck_assert_str_eq(hex_of(out, 3), "000000");
}
END_TEST

SUITE_MAIN("base/scrypt", scrypt_gives_the_published_keys, the_counter_begins_at_zero_and_counts)
