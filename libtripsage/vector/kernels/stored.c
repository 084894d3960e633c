/* stored.c: vectors on their way into the store and out of it. Plain loops that compilers see through: where the machine's order is that of the store
 * they become copies. */
#include "kernels.h"

#include <math.h>
#include <string.h>

/* Side by side, for the compiler to take several at a time. */
#define LANES 8u

static double sum_of_squares(const float *in, size_t n)
{
    double sums[LANES] = {0}, sum = 0.0;
    size_t at = 0;

    for (; at + LANES <= n; at += LANES)
        for (size_t lane = 0; lane < LANES; lane++)
            sums[lane] += (double)in[at + lane] * (double)in[at + lane];
    for (; at < n; at++)
        sum += (double)in[at] * (double)in[at];
    for (size_t lane = 0; lane < LANES; lane++)
        sum += sums[lane];
    return sum;
}

int tripsage__kernel_normalise(float *out, const float *in, size_t n)
{
    double sum = sum_of_squares(in, n), factor;
    size_t at = 0;

    if (!(sum > 0.0))
        return 0;
    factor = 1.0 / sqrt(sum); /* which is off by less than what a float can tell */
    for (; at + LANES <= n; at += LANES) {
        float lanes[LANES];

        memcpy(lanes, in + at, sizeof lanes); /* `out` may be `in` */
        for (size_t lane = 0; lane < LANES; lane++)
            lanes[lane] = (float)((double)lanes[lane] * factor);
        memcpy(out + at, lanes, sizeof lanes);
    }
    for (; at < n; at++)
        out[at] = (float)((double)in[at] * factor);
    return 1;
}

int tripsage__kernel_can_reckon(const float *values, size_t n)
{
    uint32_t lanes[LANES] = {0}, not = 0;
    size_t at = 0;

    for (; at + LANES <= n; at += LANES)
        for (size_t lane = 0; lane < LANES; lane++)
            lanes[lane] |= !(fabsf(values[at + lane]) <= TRIPSAGE__VECTOR_VALUE_MAX);
    for (; at < n; at++)
        not |= !(fabsf(values[at]) <= TRIPSAGE__VECTOR_VALUE_MAX);
    for (size_t lane = 0; lane < LANES; lane++)
        not |= lanes[lane];
    return !not ;
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
