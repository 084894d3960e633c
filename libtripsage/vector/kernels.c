/* kernels.c: the portable kernels, in plain C that compilers turn into vector instructions: sixteen sums side by side, added up in a fixed
 * order, so that the result is the same however wide the instructions are. They are the reference for any written by hand. */
#include "kernels.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#define LANES 16u

/* Adds neighbours until one is left. */
static float add_up(float sums[LANES])
{
    for (size_t width = LANES / 2; width; width /= 2)
        for (size_t i = 0; i < width; i++)
            sums[i] += sums[i + width];
    return sums[0];
}

float tripsage__kernel_dot(const float *a, const float *b, size_t n)
{
    float sums[LANES] = {0};
    size_t whole = n - n % LANES;

    for (size_t i = 0; i < whole; i += LANES)
        for (size_t lane = 0; lane < LANES; lane++) {
            float product = a[i + lane] * b[i + lane];

            sums[lane] += product;
        }
    for (size_t i = whole; i < n; i++) {
        float product = a[i] * b[i];

        sums[i - whole] += product;
    }
    return add_up(sums);
}

float tripsage__kernel_l2_squared(const float *a, const float *b, size_t n)
{
    float sums[LANES] = {0};
    size_t whole = n - n % LANES;

    for (size_t i = 0; i < whole; i += LANES)
        for (size_t lane = 0; lane < LANES; lane++) {
            float difference = a[i + lane] - b[i + lane];
            float square = difference * difference;

            sums[lane] += square;
        }
    for (size_t i = whole; i < n; i++) {
        float difference = a[i] - b[i];
        float square = difference * difference;

        sums[i - whole] += square;
    }
    return add_up(sums);
}

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
