/* portable.c: the kernels in plain C that compilers turn into vector instructions. They are the reference for those written by hand. */
#include <string.h>

#include "rows.h"

#define LANES 16u

/* Each of the lower half takes its partner of the upper half, until one is left. */
static float add_up(float sums[LANES])
{
    for (size_t width = LANES / 2; width; width /= 2)
        for (size_t i = 0; i < width; i++)
            sums[i] += sums[i + width];
    return sums[0];
}

/* ---- f16 ---- */

static float wide(uint16_t half)
{
    uint32_t bits = (half & 0x7fffu) << 13, is_special = (half & 0x7fffu) >= 0x7c00u,
             is_nan = (half & 0x7fffu) > 0x7c00u;
    float value;

    memcpy(&value, &bits, sizeof value);
    value *=
        0x1p112f; /* the exponent's other origin; exact, and makes numbers of what f16 has below its smallest normal one */
    memcpy(&bits, &value, sizeof bits);
    bits |= (0u - is_special) & 0x7f800000u;
    bits |= (0u - is_nan) & 0x400000u;
    bits |= (half & 0x8000u) << 16;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint16_t narrowed(float value)
{
    uint32_t bits, size, half;

    memcpy(&bits, &value, sizeof bits);
    size = bits & 0x7fffffffu;
    if (size > 0x7f800000u) {
        half = 0x7e00u | (size >> 13 & 0x3ffu);
    } else if (size >= 0x47800000u) { /* 65,536; what is halfway there from the largest f16 gets there by rounding */
        half = 0x7c00u;
    } else if (
        size <
        0x38800000u) { /* below f16's smallest normal number: a half has the same last place, so adding it rounds */
        float sum;

        memcpy(&sum, &size, sizeof sum);
        sum += 0.5f;
        memcpy(&half, &sum, sizeof half);
        half -= 0x3f000000u;
    } else {
        half = (size - 0x38000000u + 0xfffu + (size >> 13 & 1u)) >> 13;
    }
    return (uint16_t)(half | (bits >> 16 & 0x8000u));
}

static void widen(void *out, const void *in, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint16_t half;
        float value;

        memcpy(&half, (const unsigned char *)in + 2 * i, sizeof half);
        value = wide(half);
        memcpy((unsigned char *)out + 4 * i, &value, sizeof value);
    }
}

static void narrow(void *out, const void *in, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        float value;
        uint16_t half;

        memcpy(&value, (const unsigned char *)in + 4 * i, sizeof value);
        half = narrowed(value);
        memcpy((unsigned char *)out + 2 * i, &half, sizeof half);
    }
}

/* ---- floats ---- */

TRIPSAGE__INLINE void add_products(float sums[LANES], const float *a, const float *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        float product = a[i] * b[i];

        sums[i] += product;
    }
}

TRIPSAGE__INLINE void add_squares(float sums[LANES], const float *a, const float *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        float difference = a[i] - b[i];
        float square = difference * difference;

        sums[i] += square;
    }
}

/* NAME_of() of rows of f32 or f16: READ(out, in, n) gives the next n, at most LANES, as floats. */
#define FLOAT_KERNEL(NAME, ADD, READ, SIZE)                                                                            \
    TRIPSAGE__INLINE void NAME##_of(float *out, const float *query, const void *const *rows, size_t width, size_t n)   \
    {                                                                                                                  \
        size_t whole = n - n % LANES;                                                                                  \
                                                                                                                       \
        for (size_t r = 0; r < width; r++) {                                                                           \
            const unsigned char *row = rows[r];                                                                        \
            float sums[LANES] = {0}, values[LANES];                                                                    \
                                                                                                                       \
            for (size_t i = 0; i < whole; i += LANES) {                                                                \
                READ(values, row + i * (SIZE), LANES);                                                                 \
                ADD(sums, query + i, values, LANES);                                                                   \
            }                                                                                                          \
            READ(values, row + whole * (SIZE), n - whole);                                                             \
            ADD(sums, query + whole, values, n - whole);                                                               \
            out[r] = add_up(sums);                                                                                     \
        }                                                                                                              \
    }                                                                                                                  \
    TRIPSAGE__KERNEL(NAME, 1, float, float, n *(SIZE))

#define READ_F32(out, in, n) memcpy(out, in, (n)*4)

FLOAT_KERNEL(dot_f32, add_products, READ_F32, 4)
FLOAT_KERNEL(l2_f32, add_squares, READ_F32, 4)
FLOAT_KERNEL(dot_f16, add_products, widen, 2)
FLOAT_KERNEL(l2_f16, add_squares, widen, 2)

/* ---- bytes and bits ---- */

TRIPSAGE__INLINE void dot_i8_of(int32_t *out, const int8_t *query, const void *const *rows, size_t width, size_t n)
{
    for (size_t r = 0; r < width; r++) {
        const int8_t *row = rows[r];
        int32_t sum = 0;

        for (size_t i = 0; i < n; i++)
            sum += query[i] * row[i];
        out[r] = sum;
    }
}
TRIPSAGE__KERNEL(dot_i8, 1, int32_t, int8_t, n)

TRIPSAGE__INLINE void l2_i8_of(uint32_t *out, const int8_t *query, const void *const *rows, size_t width, size_t n)
{
    for (size_t r = 0; r < width; r++) {
        const int8_t *row = rows[r];
        uint32_t sum = 0;

        for (size_t i = 0; i < n; i++)
            sum += (uint32_t)((query[i] - row[i]) * (query[i] - row[i]));
        out[r] = sum;
    }
}
TRIPSAGE__KERNEL(l2_i8, 1, uint32_t, int8_t, n)

/* Counts in each pair of bits, then in each four, in each byte, and by a product in all. */
static uint32_t bits_of(uint64_t word)
{
    word -= word >> 1 & 0x5555555555555555u;
    word = (word & 0x3333333333333333u) + (word >> 2 & 0x3333333333333333u);
    word = (word + (word >> 4)) & 0x0f0f0f0f0f0f0f0fu;
    return (uint32_t)(word * 0x0101010101010101u >> 56);
}

TRIPSAGE__INLINE void hamming_of(uint32_t *out, const uint8_t *query, const void *const *rows, size_t width, size_t n)
{
    for (size_t r = 0; r < width; r++) {
        const unsigned char *row = rows[r];
        uint32_t sum = 0;

        for (size_t i = 0; i < n; i += 8) {
            size_t size = n - i < 8 ? n - i : 8;
            uint64_t a = 0, b = 0;

            memcpy(&a, query + i, size);
            memcpy(&b, row + i, size);
            sum += bits_of(a ^ b);
        }
        out[r] = sum;
    }
}
TRIPSAGE__KERNEL(hamming, 1, uint32_t, uint8_t, n)

const tripsage__kernel_table tripsage__kernels_portable = TRIPSAGE__TABLE("portable", dot_i8, l2_i8, hamming);
