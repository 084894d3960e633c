/* graph/code_plain.h: what is said once in plain C, in loops of a fixed length, for each file to compile for its own instructions. */
#ifndef TRIPSAGE_VECTOR_GRAPH_CODE_PLAIN_H
#define TRIPSAGE_VECTOR_GRAPH_CODE_PLAIN_H

#include <math.h>
#include <string.h>

#include "coder.h"

#if defined(__GNUC__)
#define TRIPSAGE__PLAIN static inline __attribute__((always_inline))
#else
#define TRIPSAGE__PLAIN static inline
#endif

#define TRIPSAGE__LANES 16u

/* ---- rotation ---- */

/* Numbers whose sign bit is set in `signs` change sign. */
TRIPSAGE__PLAIN void tripsage__plain_flip(float *values, const uint32_t *signs, size_t n)
{
    uint32_t bits[TRIPSAGE__LANES];
    size_t at = 0;

    for (; at + TRIPSAGE__LANES <= n; at += TRIPSAGE__LANES) {
        memcpy(bits, values + at, sizeof bits);
        for (size_t lane = 0; lane < TRIPSAGE__LANES; lane++)
            bits[lane] ^= signs[at + lane];
        memcpy(values + at, bits, sizeof bits);
    }
    for (; at < n; at++)
        values[at] = signs[at] ? -values[at] : values[at];
}

/* Sums and differences of numbers `width` apart, of which there are `n`. */
TRIPSAGE__PLAIN void tripsage__plain_cross(float *values, size_t n, size_t width)
{
    for (size_t at = 0; at < n; at += 2 * width)
        for (size_t i = at; i < at + width; i += TRIPSAGE__LANES)
            for (size_t lane = 0; lane < TRIPSAGE__LANES; lane++) {
                float a = values[i + lane], b = values[i + width + lane];

                values[i + lane] = a + b;
                values[i + width + lane] = a - b;
            }
}

TRIPSAGE__PLAIN void tripsage__plain_cross_close(float *values, size_t n, size_t width)
{
    for (size_t at = 0; at < n; at += 2 * width)
        for (size_t i = at; i < at + width; i++) {
            float a = values[i], b = values[i + width];

            values[i] = a + b;
            values[i + width] = a - b;
        }
}

/* Sixteen by sixteen numbers change rows for columns. */
TRIPSAGE__PLAIN void tripsage__plain_turn_over(float *values)
{
    for (size_t row = 1; row < TRIPSAGE__LANES; row++)
        for (size_t column = 0; column < row; column++) {
            float value = values[row * TRIPSAGE__LANES + column];

            values[row * TRIPSAGE__LANES + column] = values[column * TRIPSAGE__LANES + row];
            values[column * TRIPSAGE__LANES + row] = value;
        }
}

/* The fast Walsh-Hadamard transform, scaled so that lengths stay; `n` is a power of two. From 256 on the close steps are made across:
 * each square of 256 is turned over, which leaves its numbers in another order, and any will do. */
TRIPSAGE__PLAIN void tripsage__plain_transform(float *values, size_t n)
{
    const size_t square = TRIPSAGE__LANES * TRIPSAGE__LANES;
    float scale = 1.0f / sqrtf((float)n);
    size_t width = 1, at = 0;

    if (n >= square) {
        for (width = TRIPSAGE__LANES; width < n; width *= 2)
            tripsage__plain_cross(values, n, width);
        for (size_t i = 0; i < n; i += square)
            tripsage__plain_turn_over(values + i);
        for (width = TRIPSAGE__LANES; width < square; width *= 2)
            tripsage__plain_cross(values, n, width);
    } else {
        for (; width < n && width < TRIPSAGE__LANES; width *= 2)
            tripsage__plain_cross_close(values, n, width);
        for (; width < n; width *= 2)
            tripsage__plain_cross(values, n, width);
    }
    for (; at + TRIPSAGE__LANES <= n; at += TRIPSAGE__LANES)
        for (size_t lane = 0; lane < TRIPSAGE__LANES; lane++)
            values[at + lane] *= scale;
    for (; at < n; at++)
        values[at] *= scale;
}

TRIPSAGE__PLAIN void tripsage__plain_rotate(const tripsage__coder *coder, float *out, const float *in,
                                            const float *mean)
{
    size_t n = coder->dimensions, half = 1;

    while (half * 2 <= n)
        half *= 2;
    for (size_t i = 0; i < n; i++)
        out[i] = mean ? in[i] - mean[i] : in[i];
    for (size_t round = 0; round < TRIPSAGE__ROUNDS; round++) {
        tripsage__plain_flip(out, coder->signs + round * n, n);
        tripsage__plain_transform(round % 2 ? out + (n - half) : out,
                                  half); /* the first and the last, which lie across */
    }
}

/* ---- whole steps ---- */

/* To the nearest: what is cut off is positive. */
TRIPSAGE__PLAIN int32_t tripsage__plain_step(int8_t *out, const float *values, size_t n, float per_step)
{
    int32_t sums[TRIPSAGE__LANES] = {0}, sum = 0;
    size_t at = 0;

    for (; at + TRIPSAGE__LANES <= n; at += TRIPSAGE__LANES)
        for (size_t lane = 0; lane < TRIPSAGE__LANES; lane++) {
            int32_t whole = (int32_t)(values[at + lane] * per_step + 128.5f) - 128;

            out[at + lane] = (int8_t)whole;
            sums[lane] += whole;
        }
    for (; at < n; at++) {
        int32_t whole = (int32_t)(values[at] * per_step + 128.5f) - 128;

        out[at] = (int8_t)whole;
        sum += whole;
    }
    for (size_t lane = 0; lane < TRIPSAGE__LANES; lane++)
        sum += sums[lane];
    return sum;
}

/* ---- estimates ---- */

/* Of a record whose factors stand there; the product is a sum's, weighed. */
TRIPSAGE__PLAIN float tripsage__plain_estimate(const tripsage__probe *probe, const unsigned char *factors_at,
                                               float product)
{
    float factors[2];

    memcpy(factors, factors_at, sizeof factors);
    return probe->base + probe->norm_weight * factors[0] + product * factors[1];
}

/* Makes a table's glance() for a target, of positive(probe, coder, head): the sum of planes where the sign is positive. */
#define TRIPSAGE__PLAIN_GLANCE(TARGET)                                                                                 \
    TARGET static void glance(float *out, const tripsage__probe *probe, const tripsage__coder *coder,                  \
                              const tripsage__records *records, const uint32_t *ids, size_t count)                     \
    {                                                                                                                  \
        for (size_t i = 0; i < count; i++) {                                                                           \
            const unsigned char *head = records->heads + ids[i] * coder->head_stride;                                  \
            float sum = (float)positive(probe, coder, head);                                                           \
                                                                                                                       \
            out[i] = tripsage__plain_estimate(probe, head + coder->factors_at - 8,                                     \
                                              probe->sign_weight * (sum - probe->sign_bias));                          \
        }                                                                                                              \
    }

/* Make a table's rotate() and step() for a target. */
#define TRIPSAGE__PLAIN_ROTATE(TARGET)                                                                                 \
    TARGET static void rotate(const tripsage__coder *coder, float *out, const float *in, const float *mean)            \
    {                                                                                                                  \
        tripsage__plain_rotate(coder, out, in, mean);                                                                  \
    }

#define TRIPSAGE__PLAIN_STEP(TARGET)                                                                                   \
    TARGET static int32_t step(int8_t *out, const float *values, size_t n, float per_step)                             \
    {                                                                                                                  \
        return tripsage__plain_step(out, values, n, per_step);                                                         \
    }

#endif
