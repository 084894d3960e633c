/* code_avx2.c: arithmetic over codes with AVX2, and with the products of bytes that some processors have without AVX-512. Records are read by 32 bytes, or
 * by 16 where they are no longer; what stands behind the codes meets zeros. */
#include "code_part.h"
#include "code_plain.h"
#include "kernel_table.h"

#ifdef TRIPSAGE__X86

#include <immintrin.h>
#include <string.h>

#define AVX2 __attribute__((target("avx2,fma,popcnt")))
#define VNNI __attribute__((target("avx2,fma,popcnt,avxvnni")))

/* ---- one probe and four records ---- */

AVX2 static inline __m256i line_of(const unsigned char *code, size_t stride)
{
    if (stride < 32)
        return _mm256_zextsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)code));
    return _mm256_loadu_si256((const __m256i *)(const void *)code);
}

AVX2 static inline __m256i steps_of(const int8_t *whole)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)whole);
}

AVX2 static inline __m256i low_halves(__m256i line)
{
    return _mm256_and_si256(line, _mm256_set1_epi8(15));
}

AVX2 static inline __m256i high_halves(__m256i line)
{
    return _mm256_and_si256(_mm256_srli_epi16(line, 4), _mm256_set1_epi8(15));
}

AVX2 static inline __m128i fold(__m256i sums)
{
    return _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
}

/* Four products of at most 15 * 127 fit into 16 bits. */
AVX2 static inline __m256i add_products_4(__m256i sums, __m256i line, const int8_t *first, const int8_t *second)
{
    __m256i products = _mm256_add_epi16(_mm256_maddubs_epi16(low_halves(line), steps_of(first)),
                                        _mm256_maddubs_epi16(high_halves(line), steps_of(second)));

    return _mm256_add_epi32(sums, _mm256_madd_epi16(products, _mm256_set1_epi16(1)));
}

/* Two products of 255 * 127 do not, so a code's halves are multiplied one after the other, and the upper ones count sixteen times. */
AVX2 static inline __m256i add_products_8(__m256i sums, __m256i line, const int8_t *first)
{
    __m256i low = _mm256_maddubs_epi16(low_halves(line), steps_of(first));
    __m256i high = _mm256_maddubs_epi16(high_halves(line), steps_of(first));

    sums = _mm256_add_epi32(sums, _mm256_madd_epi16(low, _mm256_set1_epi16(1)));
    return _mm256_add_epi32(sums, _mm256_madd_epi16(high, _mm256_set1_epi16(16)));
}

AVX2 static inline void add_four(__m128i out[4], const tripsage__probe *probe, const unsigned char *const codes[4],
                                 size_t stride, uint32_t bits)
{
    const int8_t *first = probe->whole, *second = probe->whole + probe->second_at;

    for (size_t i = 0; i < 4; i++) {
        __m256i sums = _mm256_setzero_si256();

        if (bits == 4)
            for (size_t at = 0; at < stride; at += 32)
                sums = add_products_4(sums, line_of(codes[i] + at, stride), first + at, second + at);
        else
            for (size_t at = 0; at < stride; at += 32)
                sums = add_products_8(sums, line_of(codes[i] + at, stride), first + at);
        out[i] = fold(sums);
    }
}

VNNI static inline void add_four_vnni(__m128i out[4], const tripsage__probe *probe, const unsigned char *const codes[4],
                                      size_t stride, uint32_t bits)
{
    const int8_t *first = probe->whole, *second = probe->whole + probe->second_at;

    for (size_t i = 0; i < 4; i++) {
        __m256i low = _mm256_setzero_si256(), high = low;

        if (bits == 4)
            for (size_t at = 0; at < stride; at += 32) {
                __m256i line = line_of(codes[i] + at, stride);

                low = _mm256_dpbusd_avx_epi32(low, low_halves(line), steps_of(first + at));
                high = _mm256_dpbusd_avx_epi32(high, high_halves(line), steps_of(second + at));
            }
        else
            for (size_t at = 0; at < stride; at += 32)
                low = _mm256_dpbusd_avx_epi32(low, line_of(codes[i] + at, stride), steps_of(first + at));
        out[i] = fold(_mm256_add_epi32(low, high));
    }
}

/* Four times four sums to one of each. */
AVX2 static inline __m128i add_across(const __m128i sums[4])
{
    return _mm_hadd_epi32(_mm_hadd_epi32(sums[0], sums[1]), _mm_hadd_epi32(sums[2], sums[3]));
}

/* Gives |x|^2 of each, and in `factors` what stands behind it. */
AVX2 static inline __m128 norms_of(const unsigned char *const heads[4], size_t factors_at, __m128 *factors)
{
    __m128d first = _mm_setzero_pd(), second = first;

    first = _mm_loadl_pd(first, (const double *)(const void *)(heads[0] + factors_at));
    first = _mm_loadh_pd(first, (const double *)(const void *)(heads[1] + factors_at));
    second = _mm_loadl_pd(second, (const double *)(const void *)(heads[2] + factors_at));
    second = _mm_loadh_pd(second, (const double *)(const void *)(heads[3] + factors_at));
    *factors = _mm_shuffle_ps(_mm_castpd_ps(first), _mm_castpd_ps(second), _MM_SHUFFLE(3, 1, 3, 1));
    return _mm_shuffle_ps(_mm_castpd_ps(first), _mm_castpd_ps(second), _MM_SHUFFLE(2, 0, 2, 0));
}

AVX2 static inline void end_four(float *out, const tripsage__probe *probe, const unsigned char *const heads[4],
                                 size_t factors_at, const __m128i sums[4])
{
    __m128 factors, norms = norms_of(heads, factors_at, &factors);
    __m128 offset = _mm_sub_ps(_mm_cvtepi32_ps(add_across(sums)), _mm_set1_ps(probe->bias));

    offset = _mm_mul_ps(_mm_mul_ps(offset, factors), _mm_set1_ps(probe->product_weight));
    offset = _mm_fmadd_ps(norms, _mm_set1_ps(probe->norm_weight), offset);
    _mm_storeu_ps(out, _mm_add_ps(offset, _mm_set1_ps(probe->base)));
}

/* Sum of planes where the sign is positive, the fourth that of the sign in two's complement. Behind the signs is more of the record, which
 * meets zeros. */
AVX2 static inline int32_t positive(const tripsage__probe *probe, const tripsage__coder *coder,
                                    const unsigned char *signs)
{
    const unsigned char *plane = probe->planes;
    long long counts[4] = {0};

    for (size_t at = 0; at < coder->sign_size; at += TRIPSAGE__PLANE_PART) {
        unsigned long long those[2], steps[2];

        memcpy(those, signs + at, sizeof those);
        for (size_t b = 0; b < 4; b++, plane += TRIPSAGE__PLANE_PART) {
            memcpy(steps, plane, sizeof steps);
            counts[b] += __builtin_popcountll(those[0] & steps[0]) + __builtin_popcountll(those[1] & steps[1]);
        }
    }
    return (int32_t)(counts[0] + 2 * counts[1] + 4 * counts[2] - 8 * counts[3]);
}

TRIPSAGE__PLAIN_GLANCE(AVX2)

/* compare() by ADD_FOUR, which gives four sums of each of four records. */
#define COMPARE(NAME, TARGET, ADD_FOUR)                                                                                \
    TARGET static void NAME(float *out, const tripsage__probe *probe, const tripsage__coder *coder,                    \
                            const tripsage__records *records, const uint32_t *ids, size_t count)                       \
    {                                                                                                                  \
        for (size_t i = 0; i < count; i += 4) {                                                                        \
            size_t here = count - i < 4 ? count - i : 4;                                                               \
            const unsigned char *heads[4], *codes[4];                                                                  \
            __m128i sums[4];                                                                                           \
            float estimates[4];                                                                                        \
                                                                                                                       \
            for (size_t j = 0; j < 4; j++) { /* places without a record take the first once more */                    \
                uint32_t id = ids[j < here ? i + j : i];                                                               \
                                                                                                                       \
                heads[j] = records->heads + id * coder->head_stride;                                                   \
                codes[j] = records->codes + id * coder->code_stride;                                                   \
            }                                                                                                          \
            ADD_FOUR(sums, probe, codes, coder->code_stride, coder->bits);                                             \
            end_four(here == 4 ? out + i : estimates, probe, heads, coder->factors_at, sums);                          \
            if (here < 4)                                                                                              \
                memcpy(out + i, estimates, here * sizeof *out);                                                        \
        }                                                                                                              \
    }

COMPARE(compare, AVX2, add_four)
COMPARE(compare_vnni, VNNI, add_four_vnni)

/* ---- one record, in numbers ---- */

AVX2 static inline __m256 values_of(const tripsage__part *p, size_t at)
{
    __m128i bytes = _mm_loadl_epi64((const __m128i *)(const void *)(p->code + at));
    __m128i rest = _mm_loadl_epi64((const __m128i *)(const void *)(p->rest + at)), levels;
    __m256 level, fine = _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(rest));

    levels = _mm_and_si128(p->is_upper ? _mm_srli_epi16(bytes, 4) : bytes, _mm_set1_epi8((char)p->mask));
    level = _mm256_sub_ps(_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(levels)), _mm256_set1_ps(p->half));
    return _mm256_fmadd_ps(level, _mm256_set1_ps(p->weights[0]), _mm256_mul_ps(fine, _mm256_set1_ps(p->weights[1])));
}

AVX2 static int32_t take_part(int8_t *out, const tripsage__part *p)
{
    size_t whole = p->n - p->n % 8;
    __m256i sums = _mm256_setzero_si256();
    __m128i four;
    int32_t sum;

    for (size_t at = 0; at < whole; at += 8) {
        __m256i numbers = _mm256_cvtps_epi32(values_of(p, at));
        __m128i shorts = _mm_packs_epi32(_mm256_castsi256_si128(numbers), _mm256_extracti128_si256(numbers, 1));

        _mm_storel_epi64((__m128i *)(void *)(out + at), _mm_packs_epi16(shorts, shorts));
        sums = _mm256_add_epi32(sums, numbers);
    }
    four = fold(sums);
    four = _mm_hadd_epi32(four, four);
    sum = _mm_cvtsi128_si32(_mm_hadd_epi32(four, four));
    return sum + tripsage__part_take(out, p, whole);
}

AVX2 static float refine_part(const float *rotated, const tripsage__part *p, int is_product)
{
    size_t whole = p->n - p->n % 8;
    __m256 sums = _mm256_setzero_ps();
    __m128 four;
    float sum;

    for (size_t at = 0; at < whole; at += 8) {
        __m256 value = values_of(p, at), other = _mm256_loadu_ps(rotated + at);
        __m256 difference = _mm256_sub_ps(other, value);

        sums = is_product ? _mm256_fmadd_ps(other, value, sums) : _mm256_fmadd_ps(difference, difference, sums);
    }
    four = _mm_add_ps(_mm256_castps256_ps128(sums), _mm256_extractf128_ps(sums, 1));
    four = _mm_hadd_ps(four, four);
    sum = _mm_cvtss_f32(_mm_hadd_ps(four, four));
    return sum + tripsage__part_refine(rotated, p, whole, is_product);
}

TRIPSAGE__PARTS_TAKE_AND_REFINE
TRIPSAGE__PLAIN_ROTATE(AVX2)
TRIPSAGE__PLAIN_STEP(AVX2)

/* What is added before dividing by sixteen stops at 127. */
AVX2 static inline int32_t nibbles(unsigned char out[4][8], const int8_t *whole)
{
    const __m256i half = _mm256_set1_epi8(8);
    __m256i low = _mm256_adds_epi8(steps_of(whole), half), high = _mm256_adds_epi8(steps_of(whole + 32), half);
    int32_t counts[4];

    for (int b = 3; b >= 0; b--) { /* the bit that counts is moved to where it is asked for */
        uint64_t bits = (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32;

        counts[b] = __builtin_popcountll(bits);
        memcpy(out[b], &bits, sizeof bits);
        low = _mm256_add_epi8(low, low);
        high = _mm256_add_epi8(high, high);
    }
    return counts[0] + 2 * counts[1] + 4 * counts[2] - 8 * counts[3];
}

TRIPSAGE__PLAIN_PLANES(AVX2)

const tripsage__kernels tripsage__graph_kernels_avx2 = {"avx2", compare, glance, take, refine, rotate, step, planes};
const tripsage__kernels tripsage__graph_kernels_avx2_vnni = {"avx2 vnni", compare_vnni, glance, take,
                                                             refine,      rotate,       step,   planes};

#else
typedef int tripsage__nothing_here; /* a C file holds something */
#endif
