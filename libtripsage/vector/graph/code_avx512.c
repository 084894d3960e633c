/* code_avx512.c: the comparison of codes with VNNI: 64 products in one instruction. */
#include "code_plain.h"
#include "kernel_table.h"

#ifdef TRIPSAGE__X86

#include <immintrin.h>
#include <string.h>

#define TARGET __attribute__((target("fma,popcnt,avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx512vpopcntdq")))

/* Sixteen sums to four, which still belong to one record. */
TARGET static inline __m128i fold(__m512i sums)
{
    __m256i half = _mm256_add_epi32(_mm512_castsi512_si256(sums), _mm512_extracti64x4_epi64(sums, 1));

    return _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
}

/* Four times sixteen sums to one of each. */
TARGET static inline __m128i add_across(__m512i a, __m512i b, __m512i c, __m512i d)
{
    __m512i ab = _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
    __m512i cd = _mm512_add_epi32(_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));

    return fold(_mm512_add_epi32(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd)));
}

TARGET static inline __m128 factors_of(const unsigned char *a, const unsigned char *b, const unsigned char *c,
                                       const unsigned char *d, __m128 *products_of)
{
    __m128 ab =
        _mm_castpd_ps(_mm_loadh_pd(_mm_load_sd((const double *)(const void *)a), (const double *)(const void *)b));
    __m128 cd =
        _mm_castpd_ps(_mm_loadh_pd(_mm_load_sd((const double *)(const void *)c), (const double *)(const void *)d));

    *products_of = _mm_shuffle_ps(ab, cd, _MM_SHUFFLE(3, 1, 3, 1));
    return _mm_shuffle_ps(ab, cd, _MM_SHUFFLE(2, 0, 2, 0));
}

TARGET static inline __m128 finish(const tripsage__probe *probe, const unsigned char *const factors_at[4], float weight,
                                   float bias, __m128i sums)
{
    __m128 norms, factors, offset = _mm_sub_ps(_mm_cvtepi32_ps(sums), _mm_set1_ps(bias));

    norms = factors_of(factors_at[0], factors_at[1], factors_at[2], factors_at[3], &factors);
    offset = _mm_mul_ps(_mm_mul_ps(offset, factors), _mm_set1_ps(weight));
    return _mm_add_ps(_mm_fmadd_ps(norms, _mm_set1_ps(probe->norm_weight), offset), _mm_set1_ps(probe->base));
}

/* Sixteen partial sums more of one record: of 64 bytes, of their lower halves and of their upper ones. */
TARGET static inline __m512i add_halves(__m512i sums, __m512i line, __m512i first, __m512i second)
{
    const __m512i mask = _mm512_set1_epi8(15);

    sums = _mm512_dpbusd_epi32(sums, _mm512_and_si512(line, mask), first);
    return _mm512_dpbusd_epi32(sums, _mm512_and_si512(_mm512_srli_epi16(line, 4), mask), second);
}

/* Four records go through a line of the probe together. What stands behind the codes in their last line meets zeros; where a record is less
 * than a line there is nothing to read behind it. */
TARGET static inline void compare_four(float *out, const tripsage__probe *probe, const tripsage__coder *coder,
                                       const tripsage__records *records, const uint32_t *ids)
{
    const size_t stride = coder->code_stride, factors_at = coder->factors_at;
    const __mmask64 there = stride < 64 ? (UINT64_C(1) << stride) - 1 : ~UINT64_C(0);
    const unsigned char *factors[4], *codes[4];
    __m512i sums[4];

#pragma GCC unroll 4
    for (size_t i = 0; i < 4; i++) {
        factors[i] = records->heads + ids[i] * coder->head_stride + factors_at;
        codes[i] = records->codes + ids[i] * stride;
        sums[i] = _mm512_setzero_si512();
    }
    for (size_t at = 0; at < stride; at += 64) {
        __m512i first = _mm512_loadu_si512(probe->whole + at);
        __m512i second = _mm512_loadu_si512(probe->whole + probe->second_at + at);

#pragma GCC unroll 4
        for (size_t i = 0; i < 4; i++) {
            __m512i line = _mm512_maskz_loadu_epi8(there, codes[i] + at);

            sums[i] =
                coder->bits == 4 ? add_halves(sums[i], line, first, second) : _mm512_dpbusd_epi32(sums[i], line, first);
        }
    }
    _mm_storeu_ps(out, finish(probe, factors, probe->product_weight, probe->bias,
                              add_across(sums[0], sums[1], sums[2], sums[3])));
}

/* Sixteen bytes of signs meet all four planes at once. How many bits of each are set where a sign is positive is weighed with what a bit of
 * that plane is worth, the fourth's being the sign in two's complement. Counts are of 16 bits, and are 2,048 at most; those
 * of two records share a register. Behind the signs is more of the record, which meets zeros. */
TARGET static inline void glance_at_four(float *out, const tripsage__probe *probe, const tripsage__coder *coder,
                                         const tripsage__records *records, const uint32_t *ids)
{
    const __m512i worth = _mm512_set_epi32(-8, -8, -8, -8, 4, 4, 4, 4, 2, 2, 2, 2, 1, 1, 1, 1);
    const __m512i weights = _mm512_and_si512(worth, _mm512_set1_epi32(0xffff));
    const unsigned char *heads[4], *factors[4];
    __m512i counts[4], ab, cd;

#pragma GCC unroll 4
    for (size_t i = 0; i < 4; i++) {
        heads[i] = records->heads + ids[i] * coder->head_stride;
        factors[i] = heads[i] + coder->factors_at - 8;
        counts[i] = _mm512_setzero_si512();
    }
    for (size_t at = 0; at < coder->sign_size; at += TRIPSAGE__PLANE_PART) {
        __m512i planes = _mm512_loadu_si512(probe->planes + 4 * at);

#pragma GCC unroll 4
        for (size_t i = 0; i < 4; i++) {
            __m128i part = _mm_loadu_si128((const __m128i *)(const void *)(heads[i] + at));
            __m512i both = _mm512_and_si512(_mm512_broadcast_i32x4(part), planes);

            counts[i] = _mm512_add_epi64(counts[i], _mm512_popcnt_epi64(both));
        }
    }
    ab = _mm512_madd_epi16(_mm512_or_si512(counts[0], _mm512_slli_epi64(counts[1], 32)), weights);
    cd = _mm512_madd_epi16(_mm512_or_si512(counts[2], _mm512_slli_epi64(counts[3], 32)), weights);
    ab = _mm512_add_epi32(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd));
    _mm_storeu_ps(out, finish(probe, factors, probe->sign_weight, probe->sign_bias, fold(ab)));
}

/* compare_four() of records of one line and 4 bits, which are the most of all. */
TARGET static inline void compare_four_lines(float *out, const tripsage__probe *probe, const tripsage__coder *coder,
                                             const tripsage__records *records, const uint32_t *ids)
{
    const __m512i first = _mm512_loadu_si512(probe->whole), zero = _mm512_setzero_si512();
    const __m512i second = _mm512_loadu_si512(probe->whole + probe->second_at);
    const unsigned char *a = records->codes + (size_t)ids[0] * 64, *b = records->codes + (size_t)ids[1] * 64;
    const unsigned char *c = records->codes + (size_t)ids[2] * 64, *d = records->codes + (size_t)ids[3] * 64;
    const unsigned char *const factors[4] = {a + 56, b + 56, c + 56, d + 56};
    __m512i sa = add_halves(zero, _mm512_load_si512(a), first, second);
    __m512i sb = add_halves(zero, _mm512_load_si512(b), first, second);
    __m512i sc = add_halves(zero, _mm512_load_si512(c), first, second);
    __m512i sd = add_halves(zero, _mm512_load_si512(d), first, second);

    (void)coder;
    _mm_storeu_ps(out, finish(probe, factors, probe->product_weight, probe->bias, add_across(sa, sb, sc, sd)));
}

/* A function of the table by FOUR; where there are less, the first of them stands in for the others. */
#define BY_FOUR(NAME, FOUR)                                                                                            \
    TARGET static void NAME(float *out, const tripsage__probe *probe, const tripsage__coder *coder,                    \
                            const tripsage__records *records, const uint32_t *ids, size_t count)                       \
    {                                                                                                                  \
        uint32_t last[4];                                                                                              \
        float estimates[4];                                                                                            \
                                                                                                                       \
        for (; count >= 4; count -= 4, ids += 4, out += 4)                                                             \
            FOUR(out, probe, coder, records, ids);                                                                     \
        if (!count)                                                                                                    \
            return;                                                                                                    \
        for (size_t i = 0; i < 4; i++)                                                                                 \
            last[i] = ids[i < count ? i : 0];                                                                          \
        FOUR(estimates, probe, coder, records, last);                                                                  \
        memcpy(out, estimates, count * sizeof *out);                                                                   \
    }

BY_FOUR(compare_any, compare_four)
BY_FOUR(compare_lines, compare_four_lines)
BY_FOUR(glance, glance_at_four)

static void compare(float *out, const tripsage__probe *probe, const tripsage__coder *coder,
                    const tripsage__records *records, const uint32_t *ids, size_t count)
{
    (coder->bits == 4 && coder->head_stride == 64 && !coder->sign_size ? compare_lines : compare_any)(
        out, probe, coder, records, ids, count);
}

/* ---- one record, in numbers ---- */

static inline __mmask16 lanes(size_t at, size_t end)
{
    unsigned there = at >= end ? 0 : end - at >= 16 ? 0xffff : (1u << (end - at)) - 1;

    return (__mmask16)there;
}

/* Sixteen numbers of an item: weights times code and rest. */
TARGET static inline __m512 values_of(__m128i levels, float half, const int8_t *rest, __mmask16 there,
                                      const float weights[2])
{
    __m512 level = _mm512_sub_ps(_mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(levels)), _mm512_set1_ps(half));
    __m512 fine = _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_maskz_loadu_epi8(there, rest)));

    return _mm512_fmadd_ps(level, _mm512_set1_ps(weights[0]), _mm512_mul_ps(fine, _mm512_set1_ps(weights[1])));
}

/* Sixteen bytes of code: the levels in their lower halves, in their upper ones, or whole. */
TARGET static inline __m128i levels_of(const unsigned char *code, __mmask16 there, int shift, int mask)
{
    __m128i bytes = _mm_maskz_loadu_epi8(there, code);

    return _mm_and_si128(shift ? _mm_srli_epi16(bytes, 4) : bytes, _mm_set1_epi8((char)mask));
}

TARGET static inline __m512i take_part(int8_t *out, size_t n, const unsigned char *code, int shift, int mask,
                                       float half, const int8_t *rest, const float weights[2])
{
    __m512i sum = _mm512_setzero_si512();

    for (size_t at = 0; at < n; at += 16) {
        __mmask16 there = lanes(at, n);
        __m512i whole = _mm512_maskz_cvtps_epi32(
            there, values_of(levels_of(code + at, there, shift, mask), half, rest + at, there, weights));

        _mm512_mask_cvtepi32_storeu_epi8(out + at, there, whole);
        sum = _mm512_add_epi32(sum, whole);
    }
    return sum;
}

TARGET static int32_t take(int8_t *first, int8_t *second, const tripsage__coder *coder, const unsigned char *code,
                           const int8_t *rest, const float weights[2])
{
    size_t n = coder->dimensions, size = coder->code_size;

    if (coder->bits == 8)
        return _mm512_reduce_add_epi32(take_part(first, n, code, 0, 255, 127.5f, rest, weights));
    return _mm512_reduce_add_epi32(
        _mm512_add_epi32(take_part(first, size, code, 0, 15, 7.5f, rest, weights),
                         take_part(second, n - size, code, 1, 15, 7.5f, rest + size, weights)));
}

TARGET static inline __m512 refine_part(const float *rotated, size_t n, const unsigned char *code, int shift, int mask,
                                        float half, const int8_t *rest, const float scales[2], int is_product)
{
    __m512 sum = _mm512_setzero_ps();

    for (size_t at = 0; at < n; at += 16) {
        __mmask16 there = lanes(at, n);
        __m512 value = values_of(levels_of(code + at, there, shift, mask), half, rest + at, there, scales);
        __m512 other = _mm512_maskz_loadu_ps(there, rotated + at);
        __m512 difference = _mm512_maskz_sub_ps(there, other, value);

        sum = is_product ? _mm512_fmadd_ps(other, value, sum) : _mm512_fmadd_ps(difference, difference, sum);
    }
    return sum;
}

TARGET static float refine(const tripsage__coder *coder, const float *rotated, const unsigned char *code,
                           const int8_t *rest, const float scales[2], int is_product)
{
    size_t n = coder->dimensions, size = coder->code_size;

    if (coder->bits == 8)
        return _mm512_reduce_add_ps(refine_part(rotated, n, code, 0, 255, 127.5f, rest, scales, is_product));
    return _mm512_reduce_add_ps(
        _mm512_add_ps(refine_part(rotated, size, code, 0, 15, 7.5f, rest, scales, is_product),
                      refine_part(rotated + size, n - size, code, 1, 15, 7.5f, rest + size, scales, is_product)));
}

TRIPSAGE__PLAIN_ROTATE(TARGET)
TRIPSAGE__PLAIN_STEP(TARGET)

/* What is added before dividing by sixteen stops at 127. */
TARGET static inline int32_t nibbles(unsigned char out[4][8], const int8_t *whole)
{
    __m512i steps = _mm512_adds_epi8(_mm512_loadu_si512(whole), _mm512_set1_epi8(8));
    int32_t counts[4];

    for (int b = 0; b < 4; b++) {
        uint64_t bits = _mm512_test_epi8_mask(steps, _mm512_set1_epi8((char)(16 << b)));

        counts[b] = __builtin_popcountll(bits);
        memcpy(out[b], &bits, sizeof bits);
    }
    return counts[0] + 2 * counts[1] + 4 * counts[2] - 8 * counts[3];
}

TRIPSAGE__PLAIN_PLANES(TARGET)

const tripsage__kernels tripsage__graph_kernels_avx512 = {"avx512", compare, glance, take,
                                                          refine,   rotate,  step,   planes};

#else
typedef int tripsage__nothing_here; /* a C file holds something */
#endif
