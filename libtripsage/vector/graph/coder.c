/* coder.c: see coder.h. */
#include "coder.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/chance.h"
#include "base/memory.h"
#include "base/prefetch.h"
#include "vector/kernels/kernels.h"

#define FACTORS (2 * sizeof(float))

/* By how many times their usual error signs are trusted: of what belongs to the nearest then one in forty is passed over, among them hardly
 * one of the ten nearest (107,659 sentences of 384 dimensions: recall 0.947 instead of 0.948, and a fifth of the records is looked at whole). */
#define TRUST 1.0f
/* The usual error of a product by signs, in lengths of the other vector times |x|^2 / <signs, x>: sqrt(1 - 2 / pi), since the cosine between
 * signs and Gaussian numbers is sqrt(2 / pi) (Gao and Long, 2024, theorem 3.2). */
#define SIGN_ERROR 0.6028f

static float dot(const float *a, const float *b, size_t n)
{
    return tripsage__kernels_best()->dot_f32(a, b, n);
}

/* ---- making ---- */

static size_t whole_lines(size_t size)
{
    return (size + TRIPSAGE__LINE - 1) / TRIPSAGE__LINE * TRIPSAGE__LINE;
}

/* A record that fits into a cache line takes the next power of two, so that none lies across two. */
static size_t share_of_line(size_t size)
{
    size_t share = 16;

    while (share < size)
        share *= 2;
    return share;
}

void tripsage__coder_set_bits(tripsage__coder *coder, uint32_t bits)
{
    coder->bits = bits;
    coder->code_size = bits == 4 ? (coder->dimensions + 1) / 2 : coder->dimensions;
    if (coder->code_size + FACTORS <= TRIPSAGE__LINE) {
        coder->sign_size = 0;
        coder->head_stride = coder->code_stride = share_of_line(coder->code_size + FACTORS);
    } else {
        coder->sign_size = (coder->code_size + 7) / 8 * (bits == 4 ? 2 : 1);
        coder->head_stride = whole_lines(coder->sign_size + 2 * FACTORS);
        coder->code_stride = whole_lines(coder->code_size);
    }
    coder->factors_at = coder->head_stride - FACTORS;
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
    out->probe_size = 2 * whole_lines(dimensions + FACTORS);
    out->plane_size = whole_lines((dimensions + 15) / 8); /* either half in bytes of its own */
    out->kernels = tripsage__graph_kernels();
    tripsage__coder_set_bits(out, bits);
    out->mean = tripsage__calloc(dimensions, sizeof *out->mean);
    out->signs = tripsage__calloc((size_t)TRIPSAGE__ROUNDS * dimensions, sizeof *out->signs);
    if (!out->mean || !out->signs)
        return 0;
    for (size_t i = 0; i < (size_t)TRIPSAGE__ROUNDS * dimensions; i++)
        out->signs[i] = (uint32_t)(tripsage__chance_next(&state) >> 32) & UINT32_C(0x80000000);
    return 1;
}

void tripsage__coder_free(tripsage__coder *coder)
{
    tripsage__free(coder->mean);
    tripsage__free(coder->signs);
    memset(coder, 0, sizeof *coder);
}

void tripsage__coder_set_mean(tripsage__coder *coder, const float *mean)
{
    memcpy(coder->mean, mean, coder->dimensions * sizeof *mean);
    coder->mean_norm = sqrtf(dot(mean, mean, coder->dimensions));
}

void tripsage__coder_rotate(const tripsage__coder *coder, float *out, const float *in, const float *mean)
{
    coder->kernels->rotate(coder, out, in, mean);
}

/* ---- codes ---- */

static float largest(const float *values, size_t n)
{
    enum { LANES = 16 }; /* side by side, for the compiler to take several at a time */
    float lanes[LANES] = {0}, most = 0.0f;
    size_t at = 0;

    for (; at + LANES <= n; at += LANES)
        for (size_t lane = 0; lane < LANES; lane++)
            lanes[lane] = fabsf(values[at + lane]) > lanes[lane] ? fabsf(values[at + lane]) : lanes[lane];
    for (; at < n; at++)
        most = fabsf(values[at]) > most ? fabsf(values[at]) : most;
    for (size_t lane = 0; lane < LANES; lane++)
        most = lanes[lane] > most ? lanes[lane] : most;
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

static void put_signs(const tripsage__coder *coder, unsigned char *record, const float *grid)
{
    for (size_t i = 0; i < coder->dimensions; i++) {
        size_t half = i < coder->code_size ? 0 : 1, at = i - half * coder->code_size;

        if (grid[i] > 0.0f)
            record[half * coder->sign_size / 2 + at / 8] |= (unsigned char)(1u << at % 8);
    }
}

/* What a vector's product with its signs is. */
static float sum_of_sizes(const float *values, size_t n)
{
    float sum = 0.0f;

    for (size_t i = 0; i < n; i++)
        sum += fabsf(values[i]);
    return sum;
}

static float half_of(const tripsage__coder *coder)
{
    return coder->bits == 4 ? 7.5f : 127.5f;
}

void tripsage__coder_encode(const tripsage__coder *coder, unsigned char *head, unsigned char *code, unsigned char *rest,
                            const float *rotated, float *work)
{
    size_t n = coder->dimensions;
    float norm2 = dot(rotated, rotated, n), half = half_of(coder), most, product, scales[3] = {0};
    float factors[2] = {norm2, 0}, sign_factors[2] = {norm2, 0};
    int8_t *fine = (int8_t *)(rest + sizeof scales);

    memset(head, 0, coder->head_stride);
    memset(code, 0, coder->code_stride);
    memset(rest, 0, coder->rest_stride);
    if (norm2 > 0.0f) {
        choose_grid(work, rotated, n, half);
        pack(coder, code, work, half);
        if (coder->sign_size) {
            put_signs(coder, head, work);
            sign_factors[1] = norm2 / sum_of_sizes(rotated, n);
        }
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
    memcpy(head + coder->factors_at, factors, sizeof factors);
    if (coder->sign_size)
        memcpy(head + coder->factors_at - sizeof sign_factors, sign_factors, sizeof sign_factors);
    memcpy(rest, scales, sizeof scales);
}

/* What the codes say of a rotated vector. */
static void decode(const tripsage__coder *coder, float *out, const tripsage__coded *item)
{
    float scales[3];
    const int8_t *fine = (const int8_t *)(item->rest + sizeof scales);

    memcpy(scales, item->rest, sizeof scales);
    unpack(coder, out, item->code, half_of(coder));
    for (size_t i = 0; i < coder->dimensions; i++)
        out[i] = scales[0] * out[i] + scales[1] * (float)fine[i];
}

int tripsage__coder_is_sound(const tripsage__coder *coder, const tripsage__coded *item)
{
    float norm2, scales[2];

    memcpy(&norm2, item->head + coder->factors_at, sizeof norm2);
    memcpy(scales, item->rest, sizeof scales);
    return norm2 >= 0.0f && norm2 <= FLT_MAX && scales[0] >= 0.0f && scales[0] <= FLT_MAX / 512 && scales[1] >= 0.0f &&
           scales[1] <= FLT_MAX / 512; /* which are multiplied by up to 128, and added up */
}

/* ---- probes ---- */

int tripsage__probe_init(tripsage__probe *probe, const tripsage__coder *coder)
{
    memset(probe, 0, sizeof *probe);
    probe->rotated = tripsage__calloc(coder->dimensions, sizeof *probe->rotated);
    probe->whole = tripsage__calloc(coder->probe_size, 1);
    probe->second_at = coder->probe_size / 2;
    probe->planes = tripsage__calloc(4, coder->plane_size);
    probe->rows = tripsage__calloc(4, coder->plane_size);
    return probe->rotated && probe->whole && probe->planes && probe->rows;
}

void tripsage__probe_free(tripsage__probe *probe)
{
    tripsage__free(probe->rotated);
    tripsage__free(probe->whole);
    tripsage__free(probe->planes);
    tripsage__free(probe->rows);
}

/* What glance() needs, once `whole` is filled in steps of that length and norm2 is set. */
static void take_planes(tripsage__probe *probe, const tripsage__coder *coder, float step, float weight)
{
    size_t size = coder->bits == 4 ? coder->sign_size / 2 : coder->sign_size, plane = coder->plane_size;
    int32_t coarse;

    memset(probe->rows, 0, 4 * plane);
    coarse = coder->kernels->planes(probe->rows, plane, probe->whole, size);
    if (coder->bits == 4)
        coarse += coder->kernels->planes(probe->rows + size, plane, probe->whole + probe->second_at, size);
    for (size_t at = 0; at < plane; at += TRIPSAGE__PLANE_PART)
        for (size_t b = 0; b < 4; b++)
            memcpy(probe->planes + tripsage__plane_at(b, at), probe->rows + b * plane + at, TRIPSAGE__PLANE_PART);
    probe->sign_weight = 2.0f * 16.0f * step * weight; /* signs are twice a bit, less one */
    probe->sign_bias = 0.5f * (float)coarse;
    if (step > 0.0f)
        probe->sign_bias -= TRUST * SIGN_ERROR * sqrtf(probe->norm2) / (2.0f * 16.0f * step);
}

/* In whole steps. The part for the upper halves of bytes begins in the middle. */
static void take_steps(tripsage__probe *probe, const tripsage__coder *coder, float weight)
{
    const float *values = probe->rotated;
    size_t n = coder->dimensions, first = coder->bits == 4 ? coder->code_size : n;
    float most = largest(values, n), per_step = most > 0.0f ? 127.0f / most : 0.0f;
    int32_t sum;

    memset(probe->whole, 0, coder->probe_size);
    sum = coder->kernels->step(probe->whole, values, first, per_step);
    if (first < n)
        sum += coder->kernels->step(probe->whole + probe->second_at, values + first, n - first, per_step);
    probe->bias = half_of(coder) * (float)sum;
    probe->product_weight = weight * most / 127.0f;
    if (coder->sign_size)
        take_planes(probe, coder, most / 127.0f, weight);
}

void tripsage__probe_for_distance(tripsage__probe *probe, const tripsage__coder *coder)
{
    probe->norm2 = dot(probe->rotated, probe->rotated, coder->dimensions);
    take_steps(probe, coder, -2.0f);
    probe->norm_weight = 1.0f;
    probe->base = probe->norm2;
    probe->mean_product = 0.0f;
}

void tripsage__probe_for_decoded(tripsage__probe *probe, const tripsage__coder *coder, const tripsage__coded *item)
{
    decode(coder, probe->rotated, item);
    tripsage__probe_for_distance(probe, coder);
}

void tripsage__probe_for_item(tripsage__probe *probe, const tripsage__coder *coder, const tripsage__coded *item)
{
    float scales[3], weights[2], most;
    int32_t sum;

    memcpy(scales, item->rest, sizeof scales);
    memcpy(&probe->norm2, item->head + coder->factors_at, sizeof probe->norm2);
    most = scales[0] * half_of(coder) + scales[1] * 127.0f; /* no number of it is larger */
    weights[0] = most > 0.0f ? scales[0] * 127.0f / most : 0.0f;
    weights[1] = most > 0.0f ? scales[1] * 127.0f / most : 0.0f;
    memset(probe->whole, 0, coder->probe_size);
    sum = coder->kernels->take(probe->whole, probe->whole + probe->second_at, coder, item->code,
                               (const int8_t *)(item->rest + sizeof scales), weights);
    probe->bias = half_of(coder) * (float)sum;
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
    take_steps(probe, coder, -1.0f);
    probe->norm_weight = 0.0f;
    probe->base = 0.0f;
    probe->mean_product = dot(coder->mean, values, coder->dimensions);
}

/* ---- scores ---- */

float tripsage__coder_score(const tripsage__coder *coder, const tripsage__probe *probe, const tripsage__coded *item,
                            float *error)
{
    int is_product = coder->metric == TRIPSAGE_INNER_PRODUCT;
    float scales[3], norm2, sum, rounding, length = sqrtf(probe->norm2), distance;

    memcpy(scales, item->rest, sizeof scales);
    memcpy(&norm2, item->head + coder->factors_at, sizeof norm2);
    sum = coder->kernels->refine(coder, probe->rotated, item->code, (const int8_t *)(item->rest + sizeof scales),
                                 scales, is_product);
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
