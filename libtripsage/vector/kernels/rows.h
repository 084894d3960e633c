/* vector/kernels/rows.h: what the tables' files share: how one kernel over a few rows becomes both forms that a table has, and the tables. */
#ifndef TRIPSAGE_VECTOR_KERNELS_ROWS_H
#define TRIPSAGE_VECTOR_KERNELS_ROWS_H

#include <string.h>

#include "base/prefetch.h"
#include "kernels.h"

/* Without it a compiler may keep one body for one row and for four, and count rows in it. */
#define TRIPSAGE__INLINE static inline __attribute__((always_inline))

/* What a kernel's functions may use beyond the file's own instructions; to be defined anew before them. */
#define TRIPSAGE__TARGET

/* A row's lines that are fetched ahead; after these the processor has seen where it goes, and fetches by itself. */
#define TRIPSAGE__LINES_AHEAD 8u

TRIPSAGE__INLINE const unsigned char *tripsage__row_at(const tripsage__rows *rows, size_t i)
{
    return (const unsigned char *)rows->base + (rows->which ? rows->which[i] : i) * rows->stride;
}

TRIPSAGE__INLINE void tripsage__row_fetch(const tripsage__rows *rows, size_t i, size_t size)
{
    if (size > (size_t)TRIPSAGE__LINE * TRIPSAGE__LINES_AHEAD)
        size = (size_t)TRIPSAGE__LINE * TRIPSAGE__LINES_AHEAD;
    tripsage__prefetch(tripsage__row_at(rows, i), size);
}

/* The first n bytes, at most 15, and zeros for the rest, without a copy that the vector would wait for. Little-endian, as are all tables but the
 * portable one. */
TRIPSAGE__INLINE void tripsage__read_some(uint64_t out[2], const void *in, size_t n)
{
    const unsigned char *bytes = in;
    uint32_t first, last;

    out[0] = out[1] = 0;
    if (n > 8) {
        memcpy(&out[0], bytes, 8);
        memcpy(&out[1], bytes + n - 8, 8);
        out[1] >>= 8 * (16 - n);
    } else if (n >= 4) {
        memcpy(&first, bytes, 4);
        memcpy(&last, bytes + n - 4, 4);
        out[0] = first | (uint64_t)last << 8 * (n - 4);
    } else if (n) {
        out[0] = bytes[0] | (uint64_t)bytes[n / 2] << 8 * (n / 2) | (uint64_t)bytes[n - 1] << 8 * (n - 1);
    }
}

/* Makes NAME and NAME_rows of NAME_of(out, query, rows, width, n), which compares with `width` rows at once, 1 or GROUP. `size` is a row's, in bytes. */
/* NOLINTBEGIN(bugprone-macro-parentheses): a type in parentheses is none. */
#define TRIPSAGE__KERNEL(NAME, GROUP, OUT, QUERY, SIZE)                                                                \
    TRIPSAGE__TARGET static OUT NAME(const QUERY *query, const void *row, size_t n)                                    \
    {                                                                                                                  \
        OUT out;                                                                                                       \
                                                                                                                       \
        NAME##_of(&out, query, &row, 1, n);                                                                            \
        return out;                                                                                                    \
    }                                                                                                                  \
                                                                                                                       \
    TRIPSAGE__TARGET static void NAME##_rows(OUT *out, const QUERY *query, const tripsage__rows *rows, size_t n)       \
    {                                                                                                                  \
        size_t i = 0, whole = rows->count - rows->count % (GROUP);                                                     \
                                                                                                                       \
        for (; i < whole; i += (GROUP)) {                                                                              \
            const void *group[GROUP];                                                                                  \
                                                                                                                       \
            for (size_t j = 0; j < (GROUP); j++)                                                                       \
                group[j] = tripsage__row_at(rows, i + j);                                                              \
            for (size_t j = i + (GROUP); j < i + 2 * (GROUP) && j < rows->count; j++)                                  \
                tripsage__row_fetch(rows, j, (SIZE));                                                                  \
            NAME##_of(out + i, query, group, (GROUP), n);                                                              \
        }                                                                                                              \
        for (; i < rows->count; i++)                                                                                   \
            out[i] = NAME(query, tripsage__row_at(rows, i), n);                                                        \
    }
/* NOLINTEND(bugprone-macro-parentheses) */

/* A file's table: one set of names for floats, and those that it may have more than one of. */
#define TRIPSAGE__TABLE(LABEL, DOT_I8, L2_I8, HAMMING)                                                                 \
    {                                                                                                                  \
        LABEL, dot_f32, l2_f32, dot_f32_rows, l2_f32_rows, dot_f16, l2_f16, dot_f16_rows, l2_f16_rows, DOT_I8, L2_I8,  \
            DOT_I8##_rows, L2_I8##_rows, HAMMING, HAMMING##_rows, narrow, widen                                        \
    }

extern const tripsage__kernel_table tripsage__kernels_portable;
#if defined(__x86_64__)
extern const tripsage__kernel_table tripsage__kernels_avx2;
extern const tripsage__kernel_table tripsage__kernels_avx512;          /* F, BW, DQ, VL */
extern const tripsage__kernel_table tripsage__kernels_avx512_vnni;     /* and VNNI */
extern const tripsage__kernel_table tripsage__kernels_avx512_popcount; /* and VPOPCNTDQ besides */
#elif defined(__aarch64__)
extern const tripsage__kernel_table tripsage__kernels_neon;
extern const tripsage__kernel_table tripsage__kernels_neon_dot; /* with dot products of bytes */
#endif

#endif
