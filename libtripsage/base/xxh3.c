/* xxh3.c: see xxh3.h. Texts of up to 16, 128, 240 and more bytes each have a way of their own, as the specification has them; the seed is
 * 0. */
#include "xxh3.h"

#define PRIME32_1 UINT64_C(0x9e3779b1)
#define PRIME32_2 UINT64_C(0x85ebca77)
#define PRIME32_3 UINT64_C(0xc2b2ae3d)
#define PRIME64_1 UINT64_C(0x9e3779b185ebca87)
#define PRIME64_2 UINT64_C(0xc2b2ae3d27d4eb4f)
#define PRIME64_3 UINT64_C(0x165667b19e3779f9)
#define PRIME64_4 UINT64_C(0x85ebca77c2b2ae63)
#define PRIME64_5 UINT64_C(0x27d4eb2f165667c5)
#define PRIME_MX1 UINT64_C(0x165667919e3779f9)
#define PRIME_MX2 UINT64_C(0x9fb21c651e98df25)

enum {
    SECRET = 192,
    STRIPE = 64,
    LANES = 8,
    STRIPES_OF_BLOCK = (SECRET - STRIPE) / 8,
    BLOCK = STRIPE * STRIPES_OF_BLOCK,
    LAST_STRIPE = SECRET - STRIPE - 7, /* where in the secret that of the last stripe begins */
    MERGE = 11                         /* and that of the end */
};

/* The specification's own: no secret of anybody's. */
static const unsigned char secret[SECRET] = {
    0xb8, 0xfe, 0x6c, 0x39, 0x23, 0xa4, 0x4b, 0xbe, 0x7c, 0x01, 0x81, 0x2c, 0xf7, 0x21, 0xad, 0x1c, 0xde, 0xd4,
    0x6d, 0xe9, 0x83, 0x90, 0x97, 0xdb, 0x72, 0x40, 0xa4, 0xa4, 0xb7, 0xb3, 0x67, 0x1f, 0xcb, 0x79, 0xe6, 0x4e,
    0xcc, 0xc0, 0xe5, 0x78, 0x82, 0x5a, 0xd0, 0x7d, 0xcc, 0xff, 0x72, 0x21, 0xb8, 0x08, 0x46, 0x74, 0xf7, 0x43,
    0x24, 0x8e, 0xe0, 0x35, 0x90, 0xe6, 0x81, 0x3a, 0x26, 0x4c, 0x3c, 0x28, 0x52, 0xbb, 0x91, 0xc3, 0x00, 0xcb,
    0x88, 0xd0, 0x65, 0x8b, 0x1b, 0x53, 0x2e, 0xa3, 0x71, 0x64, 0x48, 0x97, 0xa2, 0x0d, 0xf9, 0x4e, 0x38, 0x19,
    0xef, 0x46, 0xa9, 0xde, 0xac, 0xd8, 0xa8, 0xfa, 0x76, 0x3f, 0xe3, 0x9c, 0x34, 0x3f, 0xf9, 0xdc, 0xbb, 0xc7,
    0xc7, 0x0b, 0x4f, 0x1d, 0x8a, 0x51, 0xe0, 0x4b, 0xcd, 0xb4, 0x59, 0x31, 0xc8, 0x9f, 0x7e, 0xc9, 0xd9, 0x78,
    0x73, 0x64, 0xea, 0xc5, 0xac, 0x83, 0x34, 0xd3, 0xeb, 0xc3, 0xc5, 0x81, 0xa0, 0xff, 0xfa, 0x13, 0x63, 0xeb,
    0x17, 0x0d, 0xdd, 0x51, 0xb7, 0xf0, 0xda, 0x49, 0xd3, 0x16, 0x55, 0x26, 0x29, 0xd4, 0x68, 0x9e, 0x2b, 0x16,
    0xbe, 0x58, 0x7d, 0x47, 0xa1, 0xfc, 0x8f, 0xf8, 0xb8, 0xd1, 0x7a, 0xd0, 0x31, 0xce, 0x45, 0xcb, 0x3a, 0x8f,
    0x95, 0x16, 0x04, 0x28, 0xaf, 0xd7, 0xfb, 0xca, 0xbb, 0x4b, 0x40, 0x7e,
};

static uint64_t read32(const unsigned char *at)
{
    return (uint64_t)at[0] | (uint64_t)at[1] << 8 | (uint64_t)at[2] << 16 | (uint64_t)at[3] << 24;
}

static inline uint64_t read64(const unsigned char *at)
{
    return (uint64_t)at[0] | (uint64_t)at[1] << 8 | (uint64_t)at[2] << 16 | (uint64_t)at[3] << 24 |
           (uint64_t)at[4] << 32 | (uint64_t)at[5] << 40 | (uint64_t)at[6] << 48 | (uint64_t)at[7] << 56;
}

static uint64_t rotated(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

/* The two halves of the product of 128 bits, folded. */
static uint64_t product(uint64_t a, uint64_t b)
{
    uint64_t low = (a & UINT32_MAX) * (b & UINT32_MAX), high = (a >> 32) * (b >> 32);
    uint64_t left = (a >> 32) * (b & UINT32_MAX) + (low >> 32),
             right = (a & UINT32_MAX) * (b >> 32) + (left & UINT32_MAX);

    return (right << 32 | (low & UINT32_MAX)) ^ (high + (left >> 32) + (right >> 32));
}

static uint64_t avalanche(uint64_t h)
{
    h = (h ^ h >> 37) * PRIME_MX1;
    return h ^ h >> 32;
}

/* XXH64's. */
static uint64_t old_avalanche(uint64_t h)
{
    h = (h ^ h >> 33) * PRIME64_2;
    h = (h ^ h >> 29) * PRIME64_3;
    return h ^ h >> 32;
}

/* ---- short texts ---- */

static uint64_t of_up_to_16(const unsigned char *in, size_t size)
{
    uint64_t h, low, high;

    if (size == 0)
        return old_avalanche(read64(secret + 56) ^ read64(secret + 64));
    if (size <= 3) {
        h = (uint64_t)in[0] << 16 | (uint64_t)in[size / 2] << 24 | in[size - 1] | (uint64_t)size << 8;
        return old_avalanche(h ^ read32(secret) ^ read32(secret + 4));
    }
    if (size <= 8) {
        h = (read32(in + size - 4) + (read32(in) << 32)) ^ read64(secret + 8) ^ read64(secret + 16);
        h = (h ^ rotated(h, 49) ^ rotated(h, 24)) * PRIME_MX2;
        h = (h ^ ((h >> 35) + size)) * PRIME_MX2;
        return h ^ h >> 28;
    }
    low = read64(in) ^ read64(secret + 24) ^ read64(secret + 32);
    high = read64(in + size - 8) ^ read64(secret + 40) ^ read64(secret + 48);
    return avalanche(size + __builtin_bswap64(low) + high + product(low, high));
}

static uint64_t mixed(const unsigned char *in, const unsigned char *with)
{
    return product(read64(in) ^ read64(with), read64(in + 8) ^ read64(with + 8));
}

static uint64_t of_up_to_128(const unsigned char *in, size_t size)
{
    uint64_t h = size * PRIME64_1;

    for (size_t i = (size - 1) / 32 + 1; i-- > 0;) {
        h += mixed(in + 16 * i, secret + 32 * i);
        h += mixed(in + size - 16 * (i + 1), secret + 32 * i + 16);
    }
    return avalanche(h);
}

static uint64_t of_up_to_240(const unsigned char *in, size_t size)
{
    uint64_t h = size * PRIME64_1;

    for (size_t i = 0; i < 8; i++)
        h += mixed(in + 16 * i, secret + 16 * i);
    h = avalanche(h);
    for (size_t i = 8; i < size / 16; i++)
        h += mixed(in + 16 * i, secret + 16 * (i - 8) + 3);
    return avalanche(h + mixed(in + size - 16, secret + 136 - 17));
}

/* ---- long ones ---- */

/* Two lanes of a stripe. */
#define TAKE_PAIR(even, odd, in, with)                                                                                 \
    do {                                                                                                               \
        uint64_t first = read64(in), second = read64((in) + 8);                                                        \
        uint64_t keyed_first = first ^ read64(with), keyed_second = second ^ read64((with) + 8);                       \
        (even) += second + (keyed_first & UINT32_MAX) * (keyed_first >> 32);                                           \
        (odd) += first + (keyed_second & UINT32_MAX) * (keyed_second >> 32);                                           \
    } while (0)

/* Stripes that follow each other, as does what in the secret is for them. The lanes are in registers meanwhile: written out, since a loop
 * over them is as long as memory takes. */
static void take_stripes(uint64_t lanes[LANES], const unsigned char *in, const unsigned char *with, size_t count)
{
    uint64_t a = lanes[0], b = lanes[1], c = lanes[2], d = lanes[3], e = lanes[4], f = lanes[5], g = lanes[6],
             h = lanes[7];

    for (; count > 0; count--, in += STRIPE, with += 8) {
        TAKE_PAIR(a, b, in, with);
        TAKE_PAIR(c, d, in + 16, with + 16);
        TAKE_PAIR(e, f, in + 32, with + 32);
        TAKE_PAIR(g, h, in + 48, with + 48);
    }
    lanes[0] = a, lanes[1] = b, lanes[2] = c, lanes[3] = d;
    lanes[4] = e, lanes[5] = f, lanes[6] = g, lanes[7] = h;
}

static void scramble(uint64_t lanes[LANES])
{
    for (size_t i = 0; i < LANES; i++)
        lanes[i] = (lanes[i] ^ lanes[i] >> 47 ^ read64(secret + SECRET - STRIPE + 8 * i)) * PRIME32_1;
}

static uint64_t of_more(const unsigned char *in, size_t size)
{
    uint64_t lanes[LANES] = {PRIME32_3, PRIME64_1, PRIME64_2, PRIME64_3, PRIME64_4, PRIME32_2, PRIME64_5, PRIME32_1};
    uint64_t h = size * PRIME64_1;
    size_t left = (size - 1) / STRIPE;

    for (const unsigned char *at = in; left > 0; at += BLOCK) {
        size_t now = left < STRIPES_OF_BLOCK ? left : STRIPES_OF_BLOCK;

        take_stripes(lanes, at, secret, now);
        if (now == STRIPES_OF_BLOCK)
            scramble(lanes);
        left -= now;
    }
    take_stripes(lanes, in + size - STRIPE, secret + LAST_STRIPE, 1);
    for (size_t i = 0; i < LANES; i += 2)
        h += product(lanes[i] ^ read64(secret + MERGE + 8 * i), lanes[i + 1] ^ read64(secret + MERGE + 8 * (i + 1)));
    return avalanche(h);
}

uint64_t tripsage__xxh3(const void *data, size_t size)
{
    if (size <= 16)
        return of_up_to_16(data, size);
    if (size <= 128)
        return of_up_to_128(data, size);
    return size <= 240 ? of_up_to_240(data, size) : of_more(data, size);
}
