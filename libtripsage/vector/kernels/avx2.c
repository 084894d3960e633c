/* avx2.c: the kernels for AVX2 and F16C. Sixteen sums are two registers; what is left of a row at its end is read under a mask or through a copy. */
#include "rows.h"

#if defined(__x86_64__)
#include <string.h>

#include "x86.h"

#define GROUP TRIPSAGE__GROUP

/* The first n below 32, and zeros for the rest. */
TRIPSAGE__INLINE __m256i load_some_bytes(const void *in, size_t n)
{
    const unsigned char *bytes = in;
    __m128i first = _mm_setzero_si128(), rest;
    uint64_t words[2];

    tripsage__read_some(words, bytes + (n & 16), n & 15);
    rest = _mm_set_epi64x((long long)words[1], (long long)words[0]);
    if (n < 16)
        return _mm256_set_m128i(first, rest);
    first = _mm_loadu_si128((const __m128i *)bytes);
    return _mm256_set_m128i(rest, first);
}

/* ---- floats ---- */

typedef struct sixteen {
    __m256 low, high;
} sixteen;

TRIPSAGE__INLINE sixteen load_f32(const void *in)
{
    const float *values = in;
    sixteen out = {_mm256_loadu_ps(values), _mm256_loadu_ps(values + 8)};

    return out;
}

/* The first n below 16; the others are 0, and stay what adds nothing: a sum that begins at 0 is never -0. */
TRIPSAGE__INLINE sixteen load_some_f32(const void *in, size_t n)
{
    static const int32_t ones_then_zeros[32] = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1};
    const int32_t *mask = ones_then_zeros + 16 - n;
    const float *values = in;
    sixteen out = {_mm256_maskload_ps(values, _mm256_loadu_si256((const __m256i *)mask)),
                   _mm256_maskload_ps(values + 8, _mm256_loadu_si256((const __m256i *)(mask + 8)))};

    return out;
}

TRIPSAGE__INLINE sixteen load_f16(const void *in)
{
    const __m128i *halves = in;
    sixteen out = {_mm256_cvtph_ps(_mm_loadu_si128(halves)), _mm256_cvtph_ps(_mm_loadu_si128(halves + 1))};

    return out;
}

TRIPSAGE__INLINE sixteen load_some_f16(const void *in, size_t n)
{
    __m256i halves = load_some_bytes(in, 2 * n);
    sixteen out = {_mm256_cvtph_ps(_mm256_castsi256_si128(halves)),
                   _mm256_cvtph_ps(_mm256_extracti128_si256(halves, 1))};

    return out;
}

TRIPSAGE__INLINE void add_products(sixteen *sums, sixteen a, sixteen b)
{
    sums->low = _mm256_add_ps(sums->low, _mm256_mul_ps(a.low, b.low));
    sums->high = _mm256_add_ps(sums->high, _mm256_mul_ps(a.high, b.high));
}

TRIPSAGE__INLINE void add_squares(sixteen *sums, sixteen a, sixteen b)
{
    __m256 low = _mm256_sub_ps(a.low, b.low), high = _mm256_sub_ps(a.high, b.high);

    sums->low = _mm256_add_ps(sums->low, _mm256_mul_ps(low, low));
    sums->high = _mm256_add_ps(sums->high, _mm256_mul_ps(high, high));
}

TRIPSAGE__INLINE void end_floats(float *out, const sixteen *sums, size_t width)
{
    __m128 last[GROUP];

    for (size_t r = 0; r < width; r++) {
        __m256 eight = _mm256_add_ps(sums[r].low, sums[r].high);

        last[r] = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    }
    tripsage__end_floats(out, last, width);
}

#define FLOAT_KERNEL(NAME, ADD, LOAD, LOAD_SOME, SIZE)                                                                 \
    TRIPSAGE__INLINE void NAME##_of(float *out, const float *query, const void *const *rows, size_t width, size_t n)   \
    {                                                                                                                  \
        size_t whole = n - n % 16;                                                                                     \
        sixteen sums[GROUP], part;                                                                                     \
                                                                                                                       \
        for (size_t r = 0; r < width; r++)                                                                             \
            sums[r].low = sums[r].high = _mm256_setzero_ps();                                                          \
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
        end_floats(out, sums, width);                                                                                  \
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

    _mm256_storeu_ps(out, values.low);
    _mm256_storeu_ps((float *)out + 8, values.high);
}

TRIPSAGE__INLINE void narrow_sixteen(void *out, const void *in)
{
    sixteen values = load_f32(in);

    _mm_storeu_si128(out, _mm256_cvtps_ph(values.low, _MM_FROUND_TO_NEAREST_INT));
    _mm_storeu_si128((__m128i *)out + 1, _mm256_cvtps_ph(values.high, _MM_FROUND_TO_NEAREST_INT));
}

static void widen(void *out, const void *in, size_t n)
{
    size_t whole = n - n % 16;
    uint16_t halves[16] = {0};
    float values[16];

    for (size_t i = 0; i < whole; i += 16)
        widen_sixteen((float *)out + i, (const uint16_t *)in + i);
    memcpy(halves, (const uint16_t *)in + whole, (n - whole) * sizeof *halves);
    widen_sixteen(values, halves);
    memcpy((float *)out + whole, values, (n - whole) * sizeof *values);
}

static void narrow(void *out, const void *in, size_t n)
{
    size_t whole = n - n % 16;
    float values[16] = {0};
    uint16_t halves[16];

    for (size_t i = 0; i < whole; i += 16)
        narrow_sixteen((uint16_t *)out + i, (const float *)in + i);
    memcpy(values, (const float *)in + whole, (n - whole) * sizeof *values);
    narrow_sixteen(halves, values);
    memcpy((uint16_t *)out + whole, halves, (n - whole) * sizeof *halves);
}

/* ---- bytes and bits ---- */

/* As sixteen bits each: the lower and the upper half. */
TRIPSAGE__INLINE __m256i low_of(__m256i bytes)
{
    return _mm256_cvtepi8_epi16(_mm256_castsi256_si128(bytes));
}

TRIPSAGE__INLINE __m256i high_of(__m256i bytes)
{
    return _mm256_cvtepi8_epi16(_mm256_extracti128_si256(bytes, 1));
}

/* Two products of at most 2^14, or two squares of at most 255^2, make 32 bits. */
TRIPSAGE__INLINE __m256i products_i8(__m256i a, __m256i b)
{
    return _mm256_add_epi32(_mm256_madd_epi16(low_of(a), low_of(b)), _mm256_madd_epi16(high_of(a), high_of(b)));
}

TRIPSAGE__INLINE __m256i squares_i8(__m256i a, __m256i b)
{
    __m256i low = _mm256_sub_epi16(low_of(a), low_of(b)), high = _mm256_sub_epi16(high_of(a), high_of(b));

    return _mm256_add_epi32(_mm256_madd_epi16(low, low), _mm256_madd_epi16(high, high));
}

/* The upper half of each sum of eight bytes is 0. */
TRIPSAGE__INLINE __m256i differing_bits(__m256i a, __m256i b)
{
    return _mm256_sad_epu8(tripsage__bits_of_bytes(_mm256_xor_si256(a, b)), _mm256_setzero_si256());
}

TRIPSAGE__INLINE void end_integers(void *out, const __m256i *sums, size_t width)
{
    __m128i last[GROUP];

    for (size_t r = 0; r < width; r++)
        last[r] = _mm_add_epi32(_mm256_castsi256_si128(sums[r]), _mm256_extracti128_si256(sums[r], 1));
    tripsage__end_integers(out, last, width);
}

/* NOLINTBEGIN(bugprone-macro-parentheses): a type in parentheses is none. */
#define BYTE_KERNEL(NAME, OUT, QUERY, COMPARE)                                                                         \
    TRIPSAGE__INLINE void NAME##_of(OUT *out, const QUERY *query, const void *const *rows, size_t width, size_t n)     \
    {                                                                                                                  \
        size_t whole = n - n % 32;                                                                                     \
        __m256i sums[GROUP], part;                                                                                     \
                                                                                                                       \
        for (size_t r = 0; r < width; r++)                                                                             \
            sums[r] = _mm256_setzero_si256();                                                                          \
        for (size_t i = 0; i < whole; i += 32) {                                                                       \
            part = _mm256_loadu_si256((const __m256i *)(query + i));                                                   \
            for (size_t r = 0; r < width; r++) {                                                                       \
                const unsigned char *row = (const unsigned char *)rows[r] + i;                                         \
                                                                                                                       \
                sums[r] = _mm256_add_epi32(sums[r], COMPARE(part, _mm256_loadu_si256((const __m256i *)row)));          \
            }                                                                                                          \
        }                                                                                                              \
        if (whole < n) {                                                                                               \
            part = load_some_bytes(query + whole, n - whole);                                                          \
            for (size_t r = 0; r < width; r++) {                                                                       \
                const unsigned char *row = (const unsigned char *)rows[r] + whole;                                     \
                                                                                                                       \
                sums[r] = _mm256_add_epi32(sums[r], COMPARE(part, load_some_bytes(row, n - whole)));                   \
            }                                                                                                          \
        }                                                                                                              \
        end_integers(out, sums, width);                                                                                \
    }                                                                                                                  \
    TRIPSAGE__KERNEL(NAME, GROUP, OUT, QUERY, n)
/* NOLINTEND(bugprone-macro-parentheses) */

BYTE_KERNEL(dot_i8, int32_t, int8_t, products_i8)
BYTE_KERNEL(l2_i8, uint32_t, int8_t, squares_i8)
BYTE_KERNEL(hamming, uint32_t, uint8_t, differing_bits)

const tripsage__kernel_table tripsage__kernels_avx2 = TRIPSAGE__TABLE("avx2", dot_i8, l2_i8, hamming);
#endif
