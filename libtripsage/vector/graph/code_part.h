/* graph/code_part.h: an item in numbers, for the files that go through its dimensions eight at a time. */
#ifndef TRIPSAGE_VECTOR_GRAPH_CODE_PART_H
#define TRIPSAGE_VECTOR_GRAPH_CODE_PART_H

#include <math.h>

#include "coder.h"

/* Some dimensions of an item: those in the lower halves of a record's bytes, in the upper ones, or in whole bytes. */
typedef struct tripsage__part {
    const unsigned char *code;
    const int8_t *rest;
    size_t n;
    int is_upper, mask;
    float half;
    const float *weights; /* of code and rest */
} tripsage__part;

/* One number: what is left behind whole eights. */
static inline float tripsage__part_value(const tripsage__part *p, size_t at)
{
    float level = (float)((p->is_upper ? p->code[at] >> 4 : p->code[at]) & p->mask) - p->half;

    return p->weights[0] * level + p->weights[1] * (float)p->rest[at];
}

/* take() and refine() of that rest. */
static inline int32_t tripsage__part_take(int8_t *out, const tripsage__part *p, size_t at)
{
    int32_t sum = 0;

    for (; at < p->n; at++)
        sum += out[at] = (int8_t)lrintf(tripsage__part_value(p, at));
    return sum;
}

static inline float tripsage__part_refine(const float *rotated, const tripsage__part *p, size_t at, int is_product)
{
    float sum = 0.0f;

    for (; at < p->n; at++) {
        float value = tripsage__part_value(p, at), difference = rotated[at] - value;

        sum += is_product ? rotated[at] * value : difference * difference;
    }
    return sum;
}

/* An item's parts: one of 8 bits, or two of 4. */
static inline size_t tripsage__parts_of(tripsage__part out[2], const tripsage__coder *coder, const unsigned char *code,
                                        const int8_t *rest, const float weights[2])
{
    size_t n = coder->dimensions, size = coder->code_size;
    const tripsage__part whole = {code, rest, n, 0, 255, 127.5f, weights};
    const tripsage__part lower = {code, rest, size, 0, 15, 7.5f, weights};
    const tripsage__part upper = {code, rest + size, n - size, 1, 15, 7.5f, weights};

    out[0] = coder->bits == 8 ? whole : lower;
    out[1] = upper;
    return coder->bits == 8 ? 1 : 2;
}

/* Makes a table's take() and refine() of take_part(out, part) and refine_part(rotated, part, is_product). */
#define TRIPSAGE__PARTS_TAKE_AND_REFINE                                                                                \
    static int32_t take(int8_t *first, int8_t *second, const tripsage__coder *coder, const unsigned char *code,        \
                        const int8_t *rest, const float weights[2])                                                    \
    {                                                                                                                  \
        tripsage__part parts[2];                                                                                       \
        size_t count = tripsage__parts_of(parts, coder, code, rest, weights);                                          \
        int32_t sum = take_part(first, &parts[0]);                                                                     \
                                                                                                                       \
        return count == 2 ? sum + take_part(second, &parts[1]) : sum;                                                  \
    }                                                                                                                  \
                                                                                                                       \
    static float refine(const tripsage__coder *coder, const float *rotated, const unsigned char *code,                 \
                        const int8_t *rest, const float scales[2], int is_product)                                     \
    {                                                                                                                  \
        tripsage__part parts[2];                                                                                       \
        size_t count = tripsage__parts_of(parts, coder, code, rest, scales);                                           \
        float sum = refine_part(rotated, &parts[0], is_product);                                                       \
                                                                                                                       \
        return count == 2 ? sum + refine_part(rotated + coder->code_size, &parts[1], is_product) : sum;                \
    }

#endif
