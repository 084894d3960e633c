/* vector/kernels/x86.h: the ends of the sums, the same for both widths of x86 vectors. Included after <immintrin.h>, by files that may use AVX2. */
#ifndef TRIPSAGE_VECTOR_KERNELS_X86_H
#define TRIPSAGE_VECTOR_KERNELS_X86_H

#include <immintrin.h>

#include "rows.h"

#define TRIPSAGE__GROUP 4u

/* The last four sums of one row, or of each of four rows at once, to one: 0 and 1 take 2 and 3, then 0 takes 1. */
TRIPSAGE__INLINE void tripsage__end_floats(float *out, const __m128 *sums, size_t width)
{
    if (width == TRIPSAGE__GROUP) {
        __m128 first = _mm_add_ps(_mm_unpacklo_ps(sums[0], sums[1]), _mm_unpackhi_ps(sums[0], sums[1]));
        __m128 second = _mm_add_ps(_mm_unpacklo_ps(sums[2], sums[3]), _mm_unpackhi_ps(sums[2], sums[3]));

        _mm_storeu_ps(out, _mm_add_ps(_mm_movelh_ps(first, second), _mm_movehl_ps(second, first)));
    } else {
        __m128 two = _mm_add_ps(sums[0], _mm_movehl_ps(sums[0], sums[0]));

        _mm_store_ss(out, _mm_add_ss(two, _mm_movehdup_ps(two)));
    }
}

/* The same of integers, whose order does not matter. */
TRIPSAGE__INLINE void tripsage__end_integers(void *out, const __m128i *sums, size_t width)
{
    if (width == TRIPSAGE__GROUP) {
        __m128i first = _mm_hadd_epi32(sums[0], sums[1]), second = _mm_hadd_epi32(sums[2], sums[3]);

        _mm_storeu_si128(out, _mm_hadd_epi32(first, second));
    } else {
        __m128i two = _mm_add_epi32(sums[0], _mm_shuffle_epi32(sums[0], 0x4e));

        _mm_storeu_si32(out, _mm_add_epi32(two, _mm_shuffle_epi32(two, 0xb1)));
    }
}

/* Bits set in each byte, by a table of the sixteen halves of a byte (Mula, Kurz and Lemire, "Faster population counts using AVX2 instructions", 2018). */
TRIPSAGE__INLINE __m256i tripsage__bits_of_bytes(__m256i bytes)
{
    const __m256i counts = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
    const __m256i low = _mm256_set1_epi8(15);

    return _mm256_add_epi8(_mm256_shuffle_epi8(counts, _mm256_and_si256(bytes, low)),
                           _mm256_shuffle_epi8(counts, _mm256_and_si256(_mm256_srli_epi16(bytes, 4), low)));
}

#endif
