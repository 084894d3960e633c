/* stored.c: vectors on their way into the store and out of it. Plain loops that compilers see through: where the machine's order is that of the store
 * they become copies. */
#include "kernels.h"

#include <math.h>
#include <string.h>

int tripsage__kernel_normalise(float *out, const float *in, size_t n)
{
    double sum = 0.0, length;

    for (size_t i = 0; i < n; i++)
        sum += (double)in[i] * (double)in[i];
    if (!(sum > 0.0))
        return 0;
    length = sqrt(sum);
    for (size_t i = 0; i < n; i++)
        out[i] = (float)((double)in[i] / length);
    return 1;
}

void tripsage__kernel_store(unsigned char *out, const float *in, size_t n)
{
    for (size_t i = 0; i < n; i++, out += 4) {
        uint32_t bits;

        memcpy(&bits, &in[i], sizeof bits);
        out[0] = (unsigned char)bits;
        out[1] = (unsigned char)(bits >> 8);
        out[2] = (unsigned char)(bits >> 16);
        out[3] = (unsigned char)(bits >> 24);
    }
}

void tripsage__kernel_load(float *out, const void *in, size_t n)
{
    const unsigned char *bytes = in;

    for (size_t i = 0; i < n; i++, bytes += 4) {
        uint32_t bits =
            (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;

        memcpy(&out[i], &bits, sizeof bits);
    }
}

void tripsage__kernel_load_network(float *out, const void *in, size_t n)
{
    const unsigned char *bytes = in;

    for (size_t i = 0; i < n; i++, bytes += 4) {
        uint32_t bits =
            (uint32_t)bytes[3] | (uint32_t)bytes[2] << 8 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[0] << 24;

        memcpy(&out[i], &bits, sizeof bits);
    }
}

const void *tripsage__kernel_row(float *scratch, const void *in, size_t n)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    (void)scratch;
    (void)n;
    return in;
#else
    tripsage__kernel_load(scratch, in, n);
    return scratch;
#endif
}
