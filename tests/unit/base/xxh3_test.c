/* xxh3_test.c: the digest against another implementation's results (python-xxhash 4.1.0), with lengths from both sides of each way it
 * goes. */
#include "../suite.h"
#include "base/xxh3.h"

START_TEST(gives_the_words_others_give)
{
    static const struct {
        size_t size;
        uint64_t hash;
    } known[] = {
        {0, UINT64_C(0x2d06800538d394c2)},    {1, UINT64_C(0xc44bdff4074eecdb)},
        {2, UINT64_C(0x1ca5cfa6a6d57dc2)},    {3, UINT64_C(0xa1c4a8259b827291)},
        {4, UINT64_C(0xbb4e3d89ee0b271d)},    {8, UINT64_C(0x79d02238b80e37b1)},
        {9, UINT64_C(0xf64cecc4271ff461)},    {16, UINT64_C(0x222e9aead6bddd51)},
        {17, UINT64_C(0x47aad6b375eb4bba)},   {32, UINT64_C(0x774140158f21ff0a)},
        {33, UINT64_C(0x537e7ed26d825e92)},   {64, UINT64_C(0x70a70e66815e67e5)},
        {65, UINT64_C(0x4b4ce7050eeb9559)},   {96, UINT64_C(0xa97f9ae93c0ff67a)},
        {97, UINT64_C(0x0dd88db1bbaf7326)},   {128, UINT64_C(0x421a9c905c6e66ba)},
        {129, UINT64_C(0x9e2414800f83768a)},  {160, UINT64_C(0x767734a842829d9d)},
        {239, UINT64_C(0x11c20fc75e84087b)},  {240, UINT64_C(0xb714c5fd22744964)},
        {241, UINT64_C(0xbc424a2c480dd281)},  {256, UINT64_C(0x2d040b1ab40f0d78)},
        {1023, UINT64_C(0x3071307bafa2f8f4)}, {1024, UINT64_C(0x1fd15e7d36f5e1bc)},
        {1025, UINT64_C(0xfe08e5a874d23fd2)}, {1088, UINT64_C(0x0ac7cf3a6009bab5)},
        {2048, UINT64_C(0x81ec4a6a9ee23d55)}, {2049, UINT64_C(0x9156a1fd2d1a8c37)},
        {4999, UINT64_C(0x1933f07d27f01f6e)}, {70000, UINT64_C(0xad5b670987211577)},
    };
    static unsigned char text[70000];

    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (unsigned char)((uint32_t)i * UINT32_C(2654435761) >> 13 & 0xff);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        ck_assert_uint_eq(tripsage__xxh3(text, known[i].size), known[i].hash);
    ck_assert_uint_eq(tripsage__xxh3("Hello world", 11), UINT64_C(0xb6acb9d84a38ff74)); /* as Redis's page has it */
}
END_TEST

SUITE_MAIN("base/xxh3", gives_the_words_others_give)
