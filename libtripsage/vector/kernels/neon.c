/* neon.c: the kernels for 64-bit ARM. Sixteen sums are four registers. Where a row ends within a step, a copy gives zeros for the rest; a sum that begins at 0 is
 * never -0, so adding them changes nothing. neon_dot.c compiles this file once more, with dot products of bytes. */
#include "rows.h"

#if defined(__aarch64__)
#include <arm_neon.h>
#include <string.h>

#define GROUP 4u

/* ---- floats ---- */

typedef struct sixteen {
    float32x4_t at[4];
} sixteen;

TRIPSAGE__INLINE sixteen load_f32(const void *in)
{
    sixteen out;

    for (size_t i = 0; i < 4; i++)
        out.at[i] = vreinterpretq_f32_u8(vld1q_u8((const uint8_t *)in + 16 * i));
    return out;
}

TRIPSAGE__INLINE sixteen load_some_f32(const void *in, size_t n)
{
    float values[16] = {0};

    memcpy(values, in, n * sizeof *values);
    return load_f32(values);
}

TRIPSAGE__INLINE sixteen load_f16(const void *in)
{
    sixteen out;

    for (size_t i = 0; i < 4; i++)
        out.at[i] = vcvt_f32_f16(vreinterpret_f16_u8(vld1_u8((const uint8_t *)in + 8 * i)));
    return out;
}

TRIPSAGE__INLINE sixteen load_some_f16(const void *in, size_t n)
{
    uint16_t halves[16] = {0};

    memcpy(halves, in, n * sizeof *halves);
    return load_f16(halves);
}

TRIPSAGE__INLINE void add_products(sixteen *sums, sixteen a, sixteen b)
{
    for (size_t i = 0; i < 4; i++)
        sums->at[i] = vaddq_f32(sums->at[i], vmulq_f32(a.at[i], b.at[i]));
}

TRIPSAGE__INLINE void add_squares(sixteen *sums, sixteen a, sixteen b)
{
    for (size_t i = 0; i < 4; i++) {
        float32x4_t difference = vsubq_f32(a.at[i], b.at[i]);

        sums->at[i] = vaddq_f32(sums->at[i], vmulq_f32(difference, difference));
    }
}

TRIPSAGE__INLINE float add_up(sixteen sums)
{
    float32x4_t four = vaddq_f32(vaddq_f32(sums.at[0], sums.at[2]), vaddq_f32(sums.at[1], sums.at[3]));
    float32x2_t two = vadd_f32(vget_low_f32(four), vget_high_f32(four));

    return vget_lane_f32(two, 0) + vget_lane_f32(two, 1);
}

#define FLOAT_KERNEL(NAME, ADD, LOAD, LOAD_SOME, SIZE)                                                                 \
    TRIPSAGE__INLINE void NAME##_of(float *out, const float *query, const void *const *rows, size_t width, size_t n)   \
    {                                                                                                                  \
        size_t whole = n - n % 16;                                                                                     \
        sixteen sums[GROUP], part;                                                                                     \
                                                                                                                       \
        memset(sums, 0, sizeof sums);                                                                                  \
        for (size_t i = 0; i < whole; i += 16) {                                                                       \
            part = load_f32(query + i);                                                                                \
            for (size_t r = 0; r < width; r++)                                                                         \
                ADD(&sums[r], part, LOAD((const unsigned char *)rows[r] + i * (SIZE)));                                \
        }                                                                                                              \
        if (whole < n) {                                                                                               \
            part = load_some_f32(query + whole, n - whole);                                                            \
            for (size_t r = 0; r < width; r++)                                                                         \
                ADD(&sums[r], part, LOAD_SOME((const unsigned char *)rows[r] + whole * (SIZE), n - whole));            \
        }                                                                                                              \
        for (size_t r = 0; r < width; r++)                                                                             \
            out[r] = add_up(sums[r]);                                                                                  \
    }                                                                                                                  \
    TRIPSAGE__KERNEL(NAME, GROUP, float, float, n *(SIZE))

FLOAT_KERNEL(dot_f32, add_products, load_f32, load_some_f32, 4)
FLOAT_KERNEL(l2_f32, add_squares, load_f32, load_some_f32, 4)
FLOAT_KERNEL(dot_f16, add_products, load_f16, load_some_f16, 2)
FLOAT_KERNEL(l2_f16, add_squares, load_f16, load_some_f16, 2)

/* ---- f16 ---- */

TRIPSAGE__INLINE void widen_sixteen(void *out, const void *in)
{
    sixteen values = load_f16(in);

    for (size_t i = 0; i < 4; i++)
        vst1q_u8((uint8_t *)out + 16 * i, vreinterpretq_u8_f32(values.at[i]));
}

TRIPSAGE__INLINE void narrow_sixteen(void *out, const void *in)
{
    sixteen values = load_f32(in);

    for (size_t i = 0; i < 4; i++)
        vst1_u8((uint8_t *)out + 8 * i, vreinterpret_u8_f16(vcvt_f16_f32(values.at[i])));
}

#define CONVERSION(NAME, TO, FROM)                                                                                     \
    static void NAME(void *out, const void *in, size_t n)                                                              \
    {                                                                                                                  \
        size_t whole = n - n % 16;                                                                                     \
        FROM from[16] = {0};                                                                                           \
        TO to[16];                                                                                                     \
                                                                                                                       \
        for (size_t i = 0; i < whole; i += 16)                                                                         \
            NAME##_sixteen((unsigned char *)out + i * sizeof(TO), (const unsigned char *)in + i * sizeof(FROM));       \
        memcpy(from, (const unsigned char *)in + whole * sizeof(FROM), (n - whole) * sizeof(FROM));                    \
        NAME##_sixteen(to, from);                                                                                      \
        memcpy((unsigned char *)out + whole * sizeof(TO), to, (n - whole) * sizeof(TO));                               \
    }

CONVERSION(widen, float, uint16_t)
CONVERSION(narrow, uint16_t, float)

/* ---- bytes and bits ---- */

TRIPSAGE__INLINE uint8x16_t load_bytes(const void *in)
{
    return vld1q_u8(in);
}

TRIPSAGE__INLINE uint8x16_t load_some_bytes(const void *in, size_t n)
{
    uint64_t words[2];

    tripsage__read_some(words, in, n);
    return vreinterpretq_u8_u64(vcombine_u64(vcreate_u64(words[0]), vcreate_u64(words[1])));
}

#ifdef TRIPSAGE__NEON_DOT
TRIPSAGE__INLINE uint32x4_t add_byte_products(uint32x4_t sums, uint8x16_t a, uint8x16_t b)
{
    return vreinterpretq_u32_s32(
        vdotq_s32(vreinterpretq_s32_u32(sums), vreinterpretq_s8_u8(a), vreinterpretq_s8_u8(b)));
}

TRIPSAGE__INLINE uint32x4_t add_byte_squares(uint32x4_t sums, uint8x16_t a, uint8x16_t b)
{
    uint8x16_t difference = vreinterpretq_u8_s8(vabdq_s8(vreinterpretq_s8_u8(a), vreinterpretq_s8_u8(b)));

    return vdotq_u32(sums, difference, difference);
}
#else
TRIPSAGE__INLINE uint32x4_t add_byte_products(uint32x4_t sums, uint8x16_t a, uint8x16_t b)
{
    int8x16_t x = vreinterpretq_s8_u8(a), y = vreinterpretq_s8_u8(b);
    int32x4_t signed_sums = vpadalq_s16(vreinterpretq_s32_u32(sums), vmull_s8(vget_low_s8(x), vget_low_s8(y)));

    return vreinterpretq_u32_s32(vpadalq_s16(signed_sums, vmull_high_s8(x, y)));
}

TRIPSAGE__INLINE uint32x4_t add_byte_squares(uint32x4_t sums, uint8x16_t a, uint8x16_t b)
{
    uint8x16_t difference = vreinterpretq_u8_s8(vabdq_s8(vreinterpretq_s8_u8(a), vreinterpretq_s8_u8(b)));

    sums = vpadalq_u16(sums, vmull_u8(vget_low_u8(difference), vget_low_u8(difference)));
    return vpadalq_u16(sums, vmull_high_u8(difference, difference));
}
#endif

TRIPSAGE__INLINE uint32x4_t add_bits(uint32x4_t sums, uint8x16_t a, uint8x16_t b)
{
    return vpadalq_u16(sums, vpaddlq_u8(vcntq_u8(veorq_u8(a, b))));
}

/* NAME_of(): ADD(sums, a, b) adds what 16 bytes of both give to four sums. Those of numbers with a sign are the same bits. */
#define BYTE_KERNEL(NAME, OUT, QUERY, ADD)                                                                             \
    TRIPSAGE__INLINE void NAME##_of(OUT *out, const QUERY *query, const void *const *rows, size_t width, size_t n)     \
    {                                                                                                                  \
        size_t whole = n - n % 16;                                                                                     \
        uint32x4_t sums[GROUP];                                                                                        \
        uint8x16_t part;                                                                                               \
                                                                                                                       \
        for (size_t r = 0; r < width; r++)                                                                             \
            sums[r] = vdupq_n_u32(0);                                                                                  \
        for (size_t i = 0; i < whole; i += 16) {                                                                       \
            part = load_bytes(query + i);                                                                              \
            for (size_t r = 0; r < width; r++)                                                                         \
                sums[r] = ADD(sums[r], part, load_bytes((const uint8_t *)rows[r] + i));                                \
        }                                                                                                              \
        if (whole < n) {                                                                                               \
            part = load_some_bytes(query + whole, n - whole);                                                          \
            for (size_t r = 0; r < width; r++)                                                                         \
                sums[r] = ADD(sums[r], part, load_some_bytes((const uint8_t *)rows[r] + whole, n - whole));            \
        }                                                                                                              \
        for (size_t r = 0; r < width; r++)                                                                             \
            out[r] = (OUT)vaddvq_u32(sums[r]);                                                                         \
    }                                                                                                                  \
    TRIPSAGE__KERNEL(NAME, GROUP, OUT, QUERY, n)

BYTE_KERNEL(dot_i8, int32_t, int8_t, add_byte_products)
BYTE_KERNEL(l2_i8, uint32_t, int8_t, add_byte_squares)
BYTE_KERNEL(hamming, uint32_t, uint8_t, add_bits)

#ifdef TRIPSAGE__NEON_DOT
const tripsage__kernel_table tripsage__kernels_neon_dot = TRIPSAGE__TABLE("neon dotprod", dot_i8, l2_i8, hamming);
#else
const tripsage__kernel_table tripsage__kernels_neon = TRIPSAGE__TABLE("neon", dot_i8, l2_i8, hamming);
#endif
#endif
