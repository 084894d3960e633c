/* code_portable.c: the comparison of codes in plain C: the reference for those written by hand. */
#include <string.h>

#include "code_plain.h"

/* Sum of whole * code. */
static int32_t products(const tripsage__probe *probe, const unsigned char *code, size_t size, uint32_t bits,
                        size_t second_at)
{
    const int8_t *first = probe->whole, *second = probe->whole + second_at;
    int32_t sum = 0;

    if (bits == 4)
        for (size_t i = 0; i < size; i++)
            sum += (code[i] & 15) * first[i] + (code[i] >> 4) * second[i];
    else
        for (size_t i = 0; i < size; i++)
            sum += code[i] * first[i];
    return sum;
}

/* Sum of planes where the sign is positive: the fourth is that of the sign in two's complement. */
static int32_t positive(const tripsage__probe *probe, const tripsage__coder *coder, const unsigned char *signs)
{
    static const int32_t weights[4] = {1, 2, 4, -8};
    int32_t sum = 0;

    for (size_t i = 0; i < coder->sign_size; i++) {
        const unsigned char *plane = probe->planes + tripsage__plane_at(0, i);

        for (size_t b = 0; b < 4; b++, plane += TRIPSAGE__PLANE_PART)
            for (unsigned both = signs[i] & *plane; both; both &= both - 1)
                sum += weights[b];
    }
    return sum;
}

static void compare(float *out, const tripsage__probe *probe, const tripsage__coder *coder,
                    const tripsage__records *records, const uint32_t *ids, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const unsigned char *head = records->heads + ids[i] * coder->head_stride;
        const unsigned char *code = records->codes + ids[i] * coder->code_stride;
        int32_t sum = products(probe, code, coder->code_size, coder->bits, probe->second_at);

        out[i] = tripsage__plain_estimate(probe, head + coder->factors_at,
                                          probe->product_weight * ((float)sum - probe->bias));
    }
}

TRIPSAGE__PLAIN_GLANCE()

/* The level of a dimension on the grid. */
static float level_of(const tripsage__coder *coder, const unsigned char *code, size_t i)
{
    if (coder->bits == 8)
        return (float)code[i] - 127.5f;
    return (float)(i < coder->code_size ? code[i] & 15 : code[i - coder->code_size] >> 4) - 7.5f;
}

static int32_t take(int8_t *first, int8_t *second, const tripsage__coder *coder, const unsigned char *code,
                    const int8_t *rest, const float weights[2])
{
    int32_t sum = 0;

    for (size_t i = 0; i < coder->dimensions; i++) {
        float value = weights[0] * level_of(coder, code, i) + weights[1] * (float)rest[i];
        int32_t whole = (int32_t)(value + 128.5f) - 128; /* to the nearest: what is cut off is positive */

        *(i < coder->code_size ? &first[i] : &second[i - coder->code_size]) = (int8_t)whole;
        sum += whole;
    }
    return sum;
}

static float refine(const tripsage__coder *coder, const float *rotated, const unsigned char *code, const int8_t *rest,
                    const float scales[2], int is_product)
{
    float sums[16] = {0};

    for (size_t i = 0; i < coder->dimensions; i++) {
        float value = scales[0] * level_of(coder, code, i) + scales[1] * (float)rest[i];
        float difference = rotated[i] - value;

        sums[i % 16] += is_product ? rotated[i] * value : difference * difference;
    }
    for (size_t width = 8; width; width /= 2)
        for (size_t i = 0; i < width; i++)
            sums[i] += sums[i + width];
    return sums[0];
}

TRIPSAGE__PLAIN_ROTATE()
TRIPSAGE__PLAIN_STEP()

static int32_t nibbles(unsigned char out[4][8], const int8_t *whole)
{
    return tripsage__plain_nibbles(out, whole);
}

TRIPSAGE__PLAIN_PLANES()

const tripsage__kernels tripsage__graph_kernels_portable = {"portable", compare, glance, take,
                                                            refine,     rotate,  step,   planes};
