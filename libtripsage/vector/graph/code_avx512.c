/* code_avx512.c: the comparison of codes with VNNI: 64 products in one instruction. */
#include "kernel_table.h"

#ifdef TRIPSAGE__X86

#include <immintrin.h>
#include <string.h>

#define TARGET __attribute__((target("fma,avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")))

/* Sixteen partial sums of one record. What stands behind the codes in the last line meets zeros. */
TARGET static inline __m512i products(const int8_t *first, const int8_t *second, const unsigned char *code,
                                      size_t stride, int is_half)
{
    __m512i low = _mm512_setzero_si512(), high = _mm512_setzero_si512();
    const __m512i mask = _mm512_set1_epi8(15);

    for (size_t at = 0; at < stride; at += 64) {
        __mmask64 there = stride - at >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << stride) - 1;
        __m512i line = _mm512_maskz_loadu_epi8(there, code + at);

        if (!is_half) {
            low = _mm512_dpbusd_epi32(low, line, _mm512_loadu_si512(first + at));
            continue;
        }
        low = _mm512_dpbusd_epi32(low, _mm512_and_si512(line, mask), _mm512_loadu_si512(first + at));
        high = _mm512_dpbusd_epi32(high, _mm512_and_si512(_mm512_srli_epi16(line, 4), mask),
                                   _mm512_loadu_si512(second + at));
    }
    return _mm512_add_epi32(low, high);
}

/* Sixteen sums to four, which still belong to one record. */
TARGET static inline __m128i fold(__m512i sums)
{
    __m256i half = _mm256_add_epi32(_mm512_castsi512_si256(sums), _mm512_extracti64x4_epi64(sums, 1));

    return _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
}

/* Four times four sums to one of each. */
TARGET static inline __m128i add_across(__m128i a, __m128i b, __m128i c, __m128i d)
{
    __m128i ab = _mm_add_epi32(_mm_unpacklo_epi32(a, b), _mm_unpackhi_epi32(a, b));
    __m128i cd = _mm_add_epi32(_mm_unpacklo_epi32(c, d), _mm_unpackhi_epi32(c, d));

    return _mm_add_epi32(_mm_unpacklo_epi64(ab, cd), _mm_unpackhi_epi64(ab, cd));
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

TARGET static inline void compare_four(float *out, const tripsage__probe *probe, const unsigned char *codes,
                                       size_t stride, int is_half, const uint32_t *ids)
{
    const unsigned char *code[4];
    const int8_t *first = probe->whole, *second = probe->whole + probe->second_at;
    __m128i sums[4];
    __m128 norms, factors, offset;

    for (size_t i = 0; i < 4; i++) {
        code[i] = codes + ids[i] * stride;
        sums[i] = fold(products(first, second, code[i], stride, is_half));
    }
    norms =
        factors_of(code[0] + stride - 8, code[1] + stride - 8, code[2] + stride - 8, code[3] + stride - 8, &factors);
    offset = _mm_sub_ps(_mm_cvtepi32_ps(add_across(sums[0], sums[1], sums[2], sums[3])), _mm_set1_ps(probe->bias));
    offset = _mm_mul_ps(_mm_mul_ps(offset, factors), _mm_set1_ps(probe->product_weight));
    offset = _mm_fmadd_ps(norms, _mm_set1_ps(probe->norm_weight), offset);
    _mm_storeu_ps(out, _mm_add_ps(offset, _mm_set1_ps(probe->base)));
}

TARGET static void compare(float *out, const tripsage__probe *probe, const unsigned char *codes, size_t stride,
                           uint32_t bits, const uint32_t *ids, size_t count)
{
    size_t whole = count - count % 4;
    uint32_t last[4];
    float estimates[4];

    for (size_t i = 0; i < whole; i += 4)
        compare_four(out + i, probe, codes, stride, bits == 4, ids + i);
    if (whole == count)
        return;
    for (size_t i = 0; i < 4; i++)
        last[i] = ids[whole + i < count ? whole + i : whole];
    compare_four(estimates, probe, codes, stride, bits == 4, last);
    memcpy(out + whole, estimates, (count - whole) * sizeof *out);
}

const tripsage__kernels tripsage__graph_kernels_avx512 = {"avx512", compare};

#else
typedef int tripsage__nothing_here; /* a C file holds something */
#endif
