/* siphash_test.c: the keyed hash against another implementation's results under the zero key, and that every byte and the key matter. */
#include <stdlib.h>
#include <string.h>

#include "../suite.h"
#include "base/siphash.h"

static const uint64_t zero_key[2] = {0, 0};

START_TEST(gives_the_words_others_give)
{
    static const struct {
        const char *text;
        uint64_t hash;
    } known[] = {
        {"a", UINT64_C(0x407448d2b89b1813)},         {"trip", UINT64_C(0x75a9ccf186fdf7f7)},
        {"1234567", UINT64_C(0xa33d651594fdae81)},   {"12345678", UINT64_C(0x3489982430560a87)},
        {"123456789", UINT64_C(0x0fbc0f0007965fcf)},
    };
    unsigned char counting[63];

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        ck_assert_uint_eq(tripsage__siphash13(zero_key, known[i].text, strlen(known[i].text)), known[i].hash);
    for (size_t i = 0; i < sizeof counting; i++)
        counting[i] = (unsigned char)i;
    ck_assert_uint_eq(tripsage__siphash13(zero_key, counting, sizeof counting), UINT64_C(0x385d3e39e5f37359));
}
END_TEST

START_TEST(every_byte_and_every_length_changes_the_hash)
{
    unsigned char message[64] = {0};
    uint64_t seen[65 + 64];
    size_t count = 0;

    for (size_t size = 0; size <= sizeof message; size++)
        seen[count++] = tripsage__siphash13(zero_key, message, size);
    for (size_t i = 0; i < sizeof message; i++) {
        message[i] = 1;
        seen[count++] = tripsage__siphash13(zero_key, message, sizeof message);
        message[i] = 0;
    }
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < i; j++)
            ck_assert_msg(seen[i] != seen[j], "%zu and %zu collide", i, j);
}
END_TEST

START_TEST(the_key_matters)
{
    const uint64_t other[2] = {0, 1};

    ck_assert(tripsage__siphash13(zero_key, "trip", 4) != tripsage__siphash13(other, "trip", 4));
}
END_TEST

SUITE_MAIN("base/siphash", gives_the_words_others_give, every_byte_and_every_length_changes_the_hash, the_key_matters)
