/* coder.c: see coder.h. */
#include "coder.h"

#include <math.h>
#include <string.h>

#include "base/chance.h"
#include "base/memory.h"
#include "vector/kernels/kernels.h"

/* Signs and transforms follow each other this often: after two the numbers of a single unit vector are spread, after four those of any. */
#define ROUNDS 4u

#define LINE 64u

static float dot(const float *a, const float *b, size_t n)
{
    return tripsage__kernels_best()->dot_f32(a, b, n);
}

/* ---- making ---- */

/* A record of codes: the next power of two below a cache line, so that none lies across two; whole lines above. */
static size_t stride_of(size_t size)
{
    size_t stride = 16;

    while (stride < size && stride < LINE)
        stride *= 2;
    return stride < size ? (size + LINE - 1) / LINE * LINE : stride;
}

void tripsage__coder_set_bits(tripsage__coder *coder, uint32_t bits)
{
    coder->bits = bits;
    coder->code_size = bits == 4 ? (coder->dimensions + 1) / 2 : coder->dimensions;
    coder->code_stride = stride_of(coder->code_size + 2 * sizeof(float));
}

int tripsage__coder_init(tripsage__coder *out, uint32_t dimensions, tripsage_metric metric, uint32_t bits,
                         uint64_t seed)
{
    uint64_t state = seed;

    memset(out, 0, sizeof *out);
    out->dimensions = dimensions;
    out->metric = metric;
    out->seed = seed;
    out->rest_stride = (3 * sizeof(float) + dimensions + 3) / 4 * 4;
    out->probe_size = 2 * ((dimensions + 2 * sizeof(float) + LINE - 1) / LINE * LINE);
    out->kernels = tripsage__graph_kernels();
    tripsage__coder_set_bits(out, bits);
    out->mean = tripsage__calloc(dimensions, sizeof *out->mean);
    out->signs = tripsage__calloc((size_t)ROUNDS * dimensions, sizeof *out->signs);
    if (!out->mean || !out->signs)
        return 0;
    for (size_t i = 0; i < (size_t)ROUNDS * dimensions; i++)
        out->signs[i] = (uint32_t)(tripsage__chance_next(&state) >> 32) & UINT32_C(0x80000000);
    return 1;
}

void tripsage__coder_free(tripsage__coder *coder)
{
    tripsage__free(coder->mean);
    tripsage__free(coder->signs);
    memset(coder, 0, sizeof *coder);
}

/* ---- rotation ---- */

static void flip(float *values, const uint32_t *signs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;

        memcpy(&bits, &values[i], sizeof bits);
        bits ^= signs[i];
        memcpy(&values[i], &bits, sizeof bits);
    }
}

#define LANES 16u

/* Sums and differences of numbers `width` apart, of which there are `n`. The inner loop has a fixed length, which compilers make vectors
 * of. */
static void add_and_subtract(float *values, size_t n, size_t width)
{
    for (size_t at = 0; at < n; at += 2 * width)
        for (size_t i = at; i < at + width; i += LANES)
            for (size_t lane = 0; lane < LANES; lane++) {
                float a = values[i + lane], b = values[i + width + lane];

                values[i + lane] = a + b;
                values[i + width + lane] = a - b;
            }
}

static void add_and_subtract_close(float *values, size_t n, size_t width)
{
    for (size_t at = 0; at < n; at += 2 * width)
        for (size_t i = at; i < at + width; i++) {
            float a = values[i], b = values[i + width];

            values[i] = a + b;
            values[i + width] = a - b;
        }
}

/* Sixteen by sixteen numbers change rows for columns. */
static void turn_over(float *values)
{
    for (size_t row = 1; row < LANES; row++)
        for (size_t column = 0; column < row; column++) {
            float value = values[row * LANES + column];

            values[row * LANES + column] = values[column * LANES + row];
            values[column * LANES + row] = value;
        }
}

/* The fast Walsh-Hadamard transform, scaled so that lengths stay; `n` is a power of two. From 256 on the close steps are made across:
 * each square of 256 is turned
 * over, which leaves its numbers in another order, and any will do. */
static void transform(float *values, size_t n)
{
    float scale = 1.0f / sqrtf((float)n);
    size_t width = 1;

    if (n >= LANES * LANES) {
        for (width = LANES; width < n; width *= 2)
            add_and_subtract(values, n, width);
        for (size_t at = 0; at < n; at += LANES * LANES)
            turn_over(values + at);
        for (width = LANES; width < LANES * LANES; width *= 2)
            add_and_subtract(values, n, width);
    } else {
        for (; width < n && width < LANES; width *= 2)
            add_and_subtract_close(values, n, width);
        for (; width < n; width *= 2)
            add_and_subtract(values, n, width);
    }
    for (size_t i = 0; i < n; i++)
        values[i] *= scale;
}

void tripsage__coder_set_mean(tripsage__coder *coder, const float *mean)
{
    memcpy(coder->mean, mean, coder->dimensions * sizeof *mean);
    coder->mean_norm = sqrtf(dot(mean, mean, coder->dimensions));
}

void tripsage__coder_rotate(const tripsage__coder *coder, float *out, const float *in, const float *mean)
{
    size_t n = coder->dimensions, half = 1;

    while (half * 2 <= n)
        half *= 2;
    for (size_t i = 0; i < n; i++)
        out[i] = mean ? in[i] - mean[i] : in[i];
    for (size_t round = 0; round < ROUNDS; round++) {
        flip(out, coder->signs + round * n, n);
        transform(round % 2 ? out + (n - half) : out, half); /* by turns the first and the last, which lie across */
    }
}

/* ---- codes ---- */

static float largest(const float *values, size_t n)
{
    float most = 0.0f;

    for (size_t i = 0; i < n; i++)
        most = fabsf(values[i]) > most ? fabsf(values[i]) : most;
    return most;
}

/* The points of the grid nearest to the values in steps of `step`. */
static void put_on_grid(float *out, const float *values, size_t n, float step, float half)
{
    float per_step = 1.0f / step;

    for (size_t i = 0; i < n; i++) {
        float level = floorf(values[i] * per_step + half + 0.5f);

        level = level < 0.0f ? 0.0f : level > 2.0f * half ? 2.0f * half : level;
        out[i] = level - half;
    }
}

/* Looks for the step whose points have the direction of the values: from one under which the largest value is on the grid down to a third
 * of it, below
 * which too much is cut off (the best for Gaussian numbers and 4 bits is at about half). */
static void choose_grid(float *out, const float *values, size_t n, float half)
{
    enum { TRIES = 14 };
    float widest = largest(values, n) / half, best_step = widest, best = -1.0f;

    for (int i = 0; i < TRIES; i++) {
        float step = widest * (1.0f - 0.05f * (float)i), cosine;

        put_on_grid(out, values, n, step, half);
        cosine = dot(values, out, n) / sqrtf(dot(out, out, n));
        if (cosine > best) {
            best = cosine;
            best_step = step;
        }
    }
    put_on_grid(out, values, n, best_step, half);
}

static void pack(const tripsage__coder *coder, unsigned char *code, const float *grid, float half)
{
    size_t n = coder->dimensions, size = coder->code_size;

    if (coder->bits == 8) {
        for (size_t i = 0; i < n; i++)
            code[i] = (unsigned char)(grid[i] + half);
        return;
    }
    for (size_t i = 0; i < size; i++) {
        unsigned low = (unsigned)(grid[i] + half), high = i + size < n ? (unsigned)(grid[i + size] + half) : 0;

        code[i] = (unsigned char)(low | high << 4);
    }
}

static void unpack(const tripsage__coder *coder, float *grid, const unsigned char *code, float half)
{
    size_t n = coder->dimensions, size = coder->code_size;

    if (coder->bits == 8) {
        for (size_t i = 0; i < n; i++)
            grid[i] = (float)code[i] - half;
        return;
    }
    for (size_t i = 0; i < size; i++)
        grid[i] = (float)(code[i] & 15) - half;
    for (size_t i = size; i < n; i++)
        grid[i] = (float)(code[i - size] >> 4) - half;
}

static float half_of(const tripsage__coder *coder)
{
    return coder->bits == 4 ? 7.5f : 127.5f;
}

void tripsage__coder_encode(const tripsage__coder *coder, unsigned char *code, unsigned char *rest,
                            const float *rotated, float *work)
{
    size_t n = coder->dimensions;
    float norm2 = dot(rotated, rotated, n), half = half_of(coder), most, product, scales[3] = {0},
          factors[2] = {norm2, 0};
    int8_t *fine = (int8_t *)(rest + sizeof scales);

    memset(code, 0, coder->code_stride);
    memset(rest, 0, coder->rest_stride);
    if (norm2 > 0.0f) {
        choose_grid(work, rotated, n, half);
        pack(coder, code, work, half);
        product = dot(work, rotated, n);
        factors[1] = norm2 / product;
        scales[0] = product / dot(work, work, n);
        for (size_t i = 0; i < n; i++)
            work[i] = rotated[i] - scales[0] * work[i];
        most = largest(work, n);
        scales[1] = most / 127.0f;
        for (size_t i = 0; most > 0.0f && i < n; i++) {
            fine[i] = (int8_t)lrintf(work[i] / scales[1]);
            work[i] -= scales[1] * (float)fine[i];
        }
        scales[2] = sqrtf(dot(work, work, n));
    }
    memcpy(code + coder->code_stride - sizeof factors, factors, sizeof factors);
    memcpy(rest, scales, sizeof scales);
}

void tripsage__coder_decode(const tripsage__coder *coder, float *out, const unsigned char *code,
                            const unsigned char *rest)
{
    float scales[3];
    const int8_t *fine = (const int8_t *)(rest + sizeof scales);

    memcpy(scales, rest, sizeof scales);
    unpack(coder, out, code, half_of(coder));
    for (size_t i = 0; i < coder->dimensions; i++)
        out[i] = scales[0] * out[i] + scales[1] * (float)fine[i];
}

/* ---- probes ---- */

int tripsage__probe_init(tripsage__probe *probe, const tripsage__coder *coder)
{
    memset(probe, 0, sizeof *probe);
    probe->rotated = tripsage__calloc(coder->dimensions, sizeof *probe->rotated);
    probe->whole = tripsage__calloc(coder->probe_size, 1);
    probe->second_at = coder->probe_size / 2;
    return probe->rotated && probe->whole;
}

void tripsage__probe_free(tripsage__probe *probe)
{
    tripsage__free(probe->rotated);
    tripsage__free(probe->whole);
}

/* To the nearest: what is cut off is positive. Gives their sum. */
static int32_t to_steps(int8_t *out, const float *values, size_t n, float per_step)
{
    int32_t sum = 0;

    for (size_t i = 0; i < n; i++) {
        int32_t whole = (int32_t)(values[i] * per_step + 128.5f) - 128;

        out[i] = (int8_t)whole;
        sum += whole;
    }
    return sum;
}

/* In whole steps; gives the length of a step. The part for the upper halves of bytes begins in the middle. */
static float take_steps(tripsage__probe *probe, const tripsage__coder *coder, const float *values)
{
    size_t n = coder->dimensions, first = coder->bits == 4 ? coder->code_size : n;
    float most = largest(values, n), per_step = most > 0.0f ? 127.0f / most : 0.0f;
    int32_t sum;

    memset(probe->whole, 0, coder->probe_size);
    sum = to_steps(probe->whole, values, first, per_step);
    if (first < n)
        sum += to_steps(probe->whole + probe->second_at, values + first, n - first, per_step);
    probe->bias = half_of(coder) * (float)sum;
    return most / 127.0f;
}

void tripsage__probe_for_distance(tripsage__probe *probe, const tripsage__coder *coder)
{
    probe->norm2 = dot(probe->rotated, probe->rotated, coder->dimensions);
    probe->product_weight = -2.0f * take_steps(probe, coder, probe->rotated);
    probe->norm_weight = 1.0f;
    probe->base = probe->norm2;
    probe->mean_product = 0.0f;
}

void tripsage__probe_for_item(tripsage__probe *probe, const tripsage__coder *coder, const unsigned char *code,
                              const unsigned char *rest)
{
    float scales[3], weights[2], most, half = half_of(coder);

    memcpy(scales, rest, sizeof scales);
    memcpy(&probe->norm2, code + coder->code_stride - 2 * sizeof probe->norm2, sizeof probe->norm2);
    most = scales[0] * half + scales[1] * 127.0f; /* no number of it is larger */
    weights[0] = most > 0.0f ? scales[0] * 127.0f / most : 0.0f;
    weights[1] = most > 0.0f ? scales[1] * 127.0f / most : 0.0f;
    memset(probe->whole, 0, coder->probe_size);
    probe->bias = half * (float)coder->kernels->take(probe->whole, probe->whole + probe->second_at, coder, code,
                                                     (const int8_t *)(rest + sizeof scales), weights);
    probe->product_weight = -2.0f * most / 127.0f;
    probe->norm_weight = 1.0f;
    probe->base = probe->norm2;
    probe->mean_product = 0.0f;
}

void tripsage__probe_for_query(tripsage__probe *probe, const tripsage__coder *coder, const float *values)
{
    if (coder->metric != TRIPSAGE_INNER_PRODUCT) {
        tripsage__coder_rotate(coder, probe->rotated, values, coder->mean);
        tripsage__probe_for_distance(probe, coder);
        return;
    }
    tripsage__coder_rotate(coder, probe->rotated, values, NULL);
    probe->norm2 = dot(probe->rotated, probe->rotated, coder->dimensions);
    probe->product_weight = -take_steps(probe, coder, probe->rotated);
    probe->norm_weight = 0.0f;
    probe->base = 0.0f;
    probe->mean_product = dot(coder->mean, values, coder->dimensions);
}

/* ---- scores ---- */

float tripsage__coder_score(const tripsage__coder *coder, const tripsage__probe *probe, const unsigned char *code,
                            const unsigned char *rest, float *error)
{
    int is_product = coder->metric == TRIPSAGE_INNER_PRODUCT;
    float scales[3], norm2, sum, rounding, length = sqrtf(probe->norm2), distance;

    memcpy(scales, rest, sizeof scales);
    memcpy(&norm2, code + coder->code_stride - 2 * sizeof norm2, sizeof norm2);
    sum =
        coder->kernels->refine(coder, probe->rotated, code, (const int8_t *)(rest + sizeof scales), scales, is_product);
    /* What f32 may lose: a half unit in the last place for each step of moving, rotating and adding up in sixteen lanes. */
    rounding = 6e-8f * ((float)coder->dimensions / 16.0f + 64.0f) * (length + sqrtf(norm2) + coder->mean_norm);
    if (is_product) {
        *error = length * scales[2] + rounding * (length + 1e-30f);
        return sum + probe->mean_product;
    }
    distance = sqrtf(sum);
    *error = scales[2] + rounding;
    if (coder->metric == TRIPSAGE_L2)
        return -distance;
    *error = (distance + *error / 2) * *error + 2.5e-7f; /* unit lengths are rounded, and so is what is near 1 */
    return 1.0f - sum / 2 < -1.0f ? -1.0f : 1.0f - sum / 2;
}
