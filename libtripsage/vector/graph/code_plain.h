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

/* The same of numbers 1, 2, 4 and 8 apart, in each sixteen of them, and all of them scaled. Each lane takes its partner and adds itself or
 * what it would be if it were negative. */
typedef float tripsage__lanes __attribute__((vector_size(TRIPSAGE__LANES * sizeof(float))));

TRIPSAGE__PLAIN void tripsage__plain_cross_close(float *values, size_t n, float scale)
{
    for (size_t at = 0; at < n; at += TRIPSAGE__LANES) {
        tripsage__lanes lanes;

        memcpy(&lanes, values + at, sizeof lanes);
        lanes = lanes * (tripsage__lanes){1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1} +
                __builtin_shufflevector(lanes, lanes, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
        lanes = lanes * (tripsage__lanes){1, 1, -1, -1, 1, 1, -1, -1, 1, 1, -1, -1, 1, 1, -1, -1} +
                __builtin_shufflevector(lanes, lanes, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
        lanes = lanes * (tripsage__lanes){1, 1, 1, 1, -1, -1, -1, -1, 1, 1, 1, 1, -1, -1, -1, -1} +
                __builtin_shufflevector(lanes, lanes, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11);
        lanes = lanes * (tripsage__lanes){1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1, -1} +
                __builtin_shufflevector(lanes, lanes, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
        lanes *= scale;
        memcpy(values + at, &lanes, sizeof lanes);
    }
}

/* The same of fewer than sixteen numbers. */
TRIPSAGE__PLAIN void tripsage__plain_cross_few(float *values, size_t n, float scale)
{
    for (size_t width = 1; width < n; width *= 2)
        for (size_t at = 0; at < n; at += 2 * width)
            for (size_t i = at; i < at + width; i++) {
                float a = values[i], b = values[i + width];

                values[i] = a + b;
                values[i + width] = a - b;
            }
    for (size_t i = 0; i < n; i++)
        values[i] *= scale;
}

/* The fast Walsh-Hadamard transform, scaled so that lengths stay; `n` is a power of two. */
TRIPSAGE__PLAIN void tripsage__plain_transform(float *values, size_t n)
{
    float scale = 1.0f / sqrtf((float)n);

    if (n < TRIPSAGE__LANES) {
        tripsage__plain_cross_few(values, n, scale);
        return;
    }
    for (size_t width = n / 2; width >= TRIPSAGE__LANES; width /= 2)
        tripsage__plain_cross(values, n, width);
    tripsage__plain_cross_close(values, n, scale);
}

/* `in` less `mean`, where there is one. */
TRIPSAGE__PLAIN void tripsage__plain_move(float *out, const float *in, const float *mean, size_t n)
{
    size_t at = 0;

    memcpy(out, in, n * sizeof *out);
    if (!mean)
        return;
    for (; at + TRIPSAGE__LANES <= n; at += TRIPSAGE__LANES) {
        float lanes[TRIPSAGE__LANES];

        memcpy(lanes, out + at, sizeof lanes);
        for (size_t lane = 0; lane < TRIPSAGE__LANES; lane++)
            lanes[lane] -= mean[at + lane];
        memcpy(out + at, lanes, sizeof lanes);
    }
    for (; at < n; at++)
        out[at] -= mean[at];
}

TRIPSAGE__PLAIN void tripsage__plain_rotate(const tripsage__coder *coder, float *out, const float *in,
                                            const float *mean)
{
    size_t n = coder->dimensions, half = 1;

    while (half * 2 <= n)
        half *= 2;
    tripsage__plain_move(out, in, mean, n);
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

/* ---- planes ---- */

/* Makes a table's planes() for a target, of nibbles(out, whole): the same for 64 numbers. */
#define TRIPSAGE__PLAIN_PLANES(TARGET)                                                                                 \
    TARGET static int32_t planes(unsigned char *plane, size_t plane_size, const int8_t *whole, size_t size)            \
    {                                                                                                                  \
        int32_t sum = 0;                                                                                               \
                                                                                                                       \
        for (size_t at = 0; at < size; at += 8, whole += 64) {                                                         \
            unsigned char bits[4][8];                                                                                  \
                                                                                                                       \
            sum += nibbles(bits, whole);                                                                               \
            for (size_t b = 0; b < 4; b++)                                                                             \
                memcpy(plane + b * plane_size + at, bits[b], size - at < 8 ? size - at : 8);                           \
        }                                                                                                              \
        return sum;                                                                                                    \
    }

/* Eight at a time: nibbles() where a target has nothing better. */
TRIPSAGE__PLAIN int32_t tripsage__plain_nibbles(unsigned char out[4][8], const int8_t *whole)
{
    int32_t sum = 0;

    for (size_t at = 0; at < 8; at++, whole += 8) {
        uint64_t bytes = 0;

        for (size_t i = 0; i < 8; i++) {
            int coarse = (whole[i] + 8) >> 4 < 7 ? (whole[i] + 8) >> 4 : 7;

            sum += coarse;
            bytes |= (uint64_t)(coarse & 15) << 8 * i;
        }
        for (size_t b = 0; b < 4; b++) /* the lowest bits of eight bytes to one byte */
            out[b][at] =
                (unsigned char)((bytes >> b & UINT64_C(0x0101010101010101)) * UINT64_C(0x0102040810204080) >> 56);
    }
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
