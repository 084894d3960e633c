/* code_portable.c: the comparison of codes in plain C: the reference for those written by hand. */
#include <string.h>

#include "coder.h"

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

static void compare(float *out, const tripsage__probe *probe, const unsigned char *codes, size_t stride, uint32_t bits,
                    const uint32_t *ids, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const unsigned char *code = codes + ids[i] * stride;
        float factors[2];
        int32_t sum = products(probe, code, stride - sizeof factors, bits, probe->second_at);

        memcpy(factors, code + stride - sizeof factors, sizeof factors);
        out[i] = probe->base + probe->norm_weight * factors[0] +
                 probe->product_weight * factors[1] * ((float)sum - probe->bias);
    }
}

const tripsage__kernels tripsage__graph_kernels_portable = {"portable", compare};
