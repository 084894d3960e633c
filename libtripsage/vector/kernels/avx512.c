/* avx512.c: the kernels for AVX-512 (F, BW, DQ, VL), and those that do better where a processor has VNNI or VPOPCNTDQ. Sixteen sums are one register; what is left of
 * a row at its end is read under a mask, and gives zeros for the rest. A sum that begins at 0 is never -0, so adding them changes nothing. */
#include "rows.h"

#if defined(__x86_64__)
#include "x86.h"

#define GROUP TRIPSAGE__GROUP

/* The first n of a register's places; n is below 16, or below 64. */
TRIPSAGE__INLINE __mmask16 first16(size_t n)
{
    return (__mmask16)((1u << n) - 1u);
}

TRIPSAGE__INLINE __mmask64 first64(size_t n)
{
    return (UINT64_C(1) << n) - 1u;
}

/* ---- floats ---- */

TRIPSAGE__INLINE __m512 load_f32(const void *in)
{
    return _mm512_loadu_ps(in);
}

TRIPSAGE__INLINE __m512 load_some_f32(const void *in, size_t n)
{
    return _mm512_maskz_loadu_ps(first16(n), in);
}

TRIPSAGE__INLINE __m512 load_f16(const void *in)
{
    return _mm512_cvtph_ps(_mm256_loadu_si256(in));
}

TRIPSAGE__INLINE __m512 load_some_f16(const void *in, size_t n)
{
    return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(first16(n), in));
}

TRIPSAGE__INLINE __m512 products(__m512 a, __m512 b)
{
    return _mm512_mul_ps(a, b);
}

TRIPSAGE__INLINE __m512 squares(__m512 a, __m512 b)
{
    __m512 difference = _mm512_sub_ps(a, b);

    return _mm512_mul_ps(difference, difference);
}

TRIPSAGE__INLINE void end_floats(float *out, const __m512 *sums, size_t width)
{
    __m128 last[GROUP];

    for (size_t r = 0; r < width; r++) {
        __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(sums[r]), _mm512_extractf32x8_ps(sums[r], 1));

        last[r] = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    }
    tripsage__end_floats(out, last, width);
}

#define FLOAT_KERNEL(NAME, TERMS, LOAD, LOAD_SOME, SIZE)                                                               \
    TRIPSAGE__INLINE void NAME##_of(float *out, const float *query, const void *const *rows, size_t width, size_t n)   \
    {                                                                                                                  \
        size_t whole = n - n % 16;                                                                                     \
        __m512 sums[GROUP], part;                                                                                      \
                                                                                                                       \
        for (size_t r = 0; r < width; r++)                                                                             \
            sums[r] = _mm512_setzero_ps();                                                                             \
        for (size_t i = 0; i < whole; i += 16) {                                                                       \
            part = load_f32(query + i);                                                                                \
            for (size_t r = 0; r < width; r++) {                                                                       \
                const unsigned char *row = (const unsigned char *)rows[r] + i * (SIZE);                                \
                                                                                                                       \
                sums[r] = _mm512_add_ps(sums[r], TERMS(part, LOAD(row)));                                              \
            }                                                                                                          \
        }                                                                                                              \
        if (whole < n) {                                                                                               \
            part = load_some_f32(query + whole, n - whole);                                                            \
            for (size_t r = 0; r < width; r++) {                                                                       \
                const unsigned char *row = (const unsigned char *)rows[r] + whole * (SIZE);                            \
                                                                                                                       \
                sums[r] = _mm512_add_ps(sums[r], TERMS(part, LOAD_SOME(row, n - whole)));                              \
            }                                                                                                          \
        }                                                                                                              \
        end_floats(out, sums, width);                                                                                  \
    }                                                                                                                  \
    TRIPSAGE__KERNEL(NAME, GROUP, float, float, n *(SIZE))

FLOAT_KERNEL(dot_f32, products, load_f32, load_some_f32, 4)
FLOAT_KERNEL(l2_f32, squares, load_f32, load_some_f32, 4)
FLOAT_KERNEL(dot_f16, products, load_f16, load_some_f16, 2)
FLOAT_KERNEL(l2_f16, squares, load_f16, load_some_f16, 2)

/* ---- f16 ---- */

static void widen(void *out, const void *in, size_t n)
{
    size_t whole = n - n % 16;

    for (size_t i = 0; i < whole; i += 16)
        _mm512_storeu_ps((float *)out + i, load_f16((const uint16_t *)in + i));
    if (whole < n)
        _mm512_mask_storeu_ps((float *)out + whole, first16(n - whole),
                              load_some_f16((const uint16_t *)in + whole, n - whole));
}

TRIPSAGE__INLINE __m256i halves_of(__m512 values)
{
    return _mm512_cvtps_ph(values, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

static void narrow(void *out, const void *in, size_t n)
{
    size_t whole = n - n % 16;

    for (size_t i = 0; i < whole; i += 16)
        _mm256_storeu_si256((__m256i *)((uint16_t *)out + i), halves_of(load_f32((const float *)in + i)));
    if (whole < n)
        _mm256_mask_storeu_epi16((uint16_t *)out + whole, first16(n - whole),
                                 halves_of(load_some_f32((const float *)in + whole, n - whole)));
}

/* ---- bytes and bits ---- */

/* NAME_of(): ADD(sums, a, b) adds what 64 bytes of both give, and MOVE(sums, a) what is taken off at the end. */
/* NOLINTBEGIN(bugprone-macro-parentheses): a type in parentheses is none. */
#define BYTE_KERNEL(NAME, OUT, QUERY, ADD, MOVE)                                                                       \
    TRIPSAGE__INLINE TRIPSAGE__TARGET void NAME##_of(OUT *out, const QUERY *query, const void *const *rows,            \
                                                     size_t width, size_t n)                                           \
    {                                                                                                                  \
        size_t whole = n - n % 64;                                                                                     \
        __m512i sums[GROUP], moves = _mm512_setzero_si512(), part;                                                     \
                                                                                                                       \
        for (size_t r = 0; r < width; r++)                                                                             \
            sums[r] = _mm512_setzero_si512();                                                                          \
        for (size_t i = 0; i < whole; i += 64) {                                                                       \
            part = _mm512_loadu_si512(query + i);                                                                      \
            moves = MOVE(moves, part);                                                                                 \
            for (size_t r = 0; r < width; r++)                                                                         \
                sums[r] = ADD(sums[r], part, _mm512_loadu_si512((const unsigned char *)rows[r] + i));                  \
        }                                                                                                              \
        if (whole < n) {                                                                                               \
            part = _mm512_maskz_loadu_epi8(first64(n - whole), query + whole);                                         \
            moves = MOVE(moves, part);                                                                                 \
            for (size_t r = 0; r < width; r++) {                                                                       \
                const unsigned char *row = (const unsigned char *)rows[r] + whole;                                     \
                                                                                                                       \
                sums[r] = ADD(sums[r], part, _mm512_maskz_loadu_epi8(first64(n - whole), row));                        \
            }                                                                                                          \
        }                                                                                                              \
        end_integers(out, sums, moves, width);                                                                         \
    }                                                                                                                  \
    TRIPSAGE__KERNEL(NAME, GROUP, OUT, QUERY, n)
/* NOLINTEND(bugprone-macro-parentheses) */

TRIPSAGE__INLINE void end_integers(void *out, const __m512i *sums, __m512i moves, size_t width)
{
    __m128i last[GROUP];

    for (size_t r = 0; r < width; r++) {
        __m512i all = _mm512_sub_epi32(sums[r], moves);
        __m256i eight = _mm256_add_epi32(_mm512_castsi512_si256(all), _mm512_extracti64x4_epi64(all, 1));

        last[r] = _mm_add_epi32(_mm256_castsi256_si128(eight), _mm256_extracti128_si256(eight, 1));
    }
    tripsage__end_integers(out, last, width);
}

TRIPSAGE__INLINE __m512i add_no_moves(__m512i moves, __m512i a)
{
    (void)a;
    return moves;
}

TRIPSAGE__INLINE __m512i low_of(__m512i bytes)
{
    return _mm512_cvtepi8_epi16(_mm512_castsi512_si256(bytes));
}

TRIPSAGE__INLINE __m512i high_of(__m512i bytes)
{
    return _mm512_cvtepi8_epi16(_mm512_extracti64x4_epi64(bytes, 1));
}

TRIPSAGE__INLINE __m512i add_products(__m512i sums, __m512i a, __m512i b)
{
    sums = _mm512_add_epi32(sums, _mm512_madd_epi16(low_of(a), low_of(b)));
    return _mm512_add_epi32(sums, _mm512_madd_epi16(high_of(a), high_of(b)));
}

/* |a - b| of each byte, without a sign. */
TRIPSAGE__INLINE __m512i differences(__m512i a, __m512i b)
{
    return _mm512_sub_epi8(_mm512_max_epi8(a, b), _mm512_min_epi8(a, b));
}

TRIPSAGE__INLINE __m512i add_squares(__m512i sums, __m512i a, __m512i b)
{
    __m512i difference = differences(a, b);
    __m512i low = _mm512_unpacklo_epi8(difference, _mm512_setzero_si512());
    __m512i high = _mm512_unpackhi_epi8(difference, _mm512_setzero_si512());

    return _mm512_add_epi32(sums, _mm512_add_epi32(_mm512_madd_epi16(low, low), _mm512_madd_epi16(high, high)));
}

TRIPSAGE__INLINE __m512i add_bits(__m512i sums, __m512i a, __m512i b)
{
    const __m512i counts = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
    const __m512i low = _mm512_set1_epi8(15);
    __m512i bytes = _mm512_xor_si512(a, b);
    __m512i bits = _mm512_add_epi8(_mm512_shuffle_epi8(counts, _mm512_and_si512(bytes, low)),
                                   _mm512_shuffle_epi8(counts, _mm512_and_si512(_mm512_srli_epi16(bytes, 4), low)));

    return _mm512_add_epi64(sums, _mm512_sad_epu8(bits, _mm512_setzero_si512()));
}

BYTE_KERNEL(dot_i8, int32_t, int8_t, add_products, add_no_moves)
BYTE_KERNEL(l2_i8, uint32_t, int8_t, add_squares, add_no_moves)
BYTE_KERNEL(hamming, uint32_t, uint8_t, add_bits, add_no_moves)

/* ---- the same with VNNI ---- */

#undef TRIPSAGE__TARGET
#define TRIPSAGE__TARGET __attribute__((target("avx512vnni")))

/* VNNI multiplies bytes without a sign by such with one. So a row's bytes are moved up by 128, and 128 times the query's sum is taken off at the end. */
TRIPSAGE__INLINE TRIPSAGE__TARGET __m512i add_moved_products(__m512i sums, __m512i a, __m512i b)
{
    return _mm512_dpbusd_epi32(sums, _mm512_xor_si512(b, _mm512_set1_epi8(-128)), a);
}

TRIPSAGE__INLINE TRIPSAGE__TARGET __m512i add_moves(__m512i sums, __m512i a)
{
    return _mm512_dpbusd_epi32(sums, _mm512_set1_epi8(-128), a);
}

TRIPSAGE__INLINE TRIPSAGE__TARGET __m512i add_squares_vnni(__m512i sums, __m512i a, __m512i b)
{
    __m512i difference = differences(a, b);
    __m512i low = _mm512_unpacklo_epi8(difference, _mm512_setzero_si512());
    __m512i high = _mm512_unpackhi_epi8(difference, _mm512_setzero_si512());

    return _mm512_dpwssd_epi32(_mm512_dpwssd_epi32(sums, low, low), high, high);
}

BYTE_KERNEL(dot_i8_vnni, int32_t, int8_t, add_moved_products, add_moves)
BYTE_KERNEL(l2_i8_vnni, uint32_t, int8_t, add_squares_vnni, add_no_moves)

/* ---- and with VPOPCNTDQ ---- */

#undef TRIPSAGE__TARGET
#define TRIPSAGE__TARGET __attribute__((target("avx512vpopcntdq")))

TRIPSAGE__INLINE TRIPSAGE__TARGET __m512i add_bits_popcount(__m512i sums, __m512i a, __m512i b)
{
    return _mm512_add_epi64(sums, _mm512_popcnt_epi64(_mm512_xor_si512(a, b)));
}

BYTE_KERNEL(hamming_popcount, uint32_t, uint8_t, add_bits_popcount, add_no_moves)

const tripsage__kernel_table tripsage__kernels_avx512 = TRIPSAGE__TABLE("avx512", dot_i8, l2_i8, hamming);
const tripsage__kernel_table tripsage__kernels_avx512_vnni =
    TRIPSAGE__TABLE("avx512 vnni", dot_i8_vnni, l2_i8_vnni, hamming);
const tripsage__kernel_table tripsage__kernels_avx512_popcount =
    TRIPSAGE__TABLE("avx512 vnni vpopcntdq", dot_i8_vnni, l2_i8_vnni, hamming_popcount);
#endif
