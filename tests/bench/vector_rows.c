/* tests/bench/vector_rows.c: see vector_rows.h. */
#include "vector_rows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bench.h"

double vectors_processor_time(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void *vectors_need(size_t count, size_t size)
{
    void *block = calloc(count ? count : 1, size);

    if (!block)
        bench_fail("no memory");
    return block;
}

float vectors_dot(const float *a, const float *b, uint32_t dimensions)
{
    float sums[16] = {0};
    uint32_t i = 0;

    for (; i + 16 <= dimensions; i += 16)
        for (uint32_t j = 0; j < 16; j++)
            sums[j] += a[i + j] * b[i + j];
    for (; i < dimensions; i++)
        sums[0] += a[i] * b[i];
    for (uint32_t j = 1; j < 16; j++)
        sums[0] += sums[j];
    return sums[0];
}

void vectors_best_begin(vectors_best *best)
{
    for (int i = 0; i < VECTORS_K; i++)
        best->scores[i] = -INFINITY;
}

void vectors_best_offer(vectors_best *best, float score)
{
    int at = VECTORS_K - 1;

    if (score <= best->scores[at])
        return;
    for (; at > 0 && best->scores[at - 1] < score; at--)
        best->scores[at] = best->scores[at - 1];
    best->scores[at] = score;
}

vectors vectors_read(const char *base, const char *suffix, uint32_t limit)
{
    char path[4096];
    uint32_t head[2];
    vectors v;
    FILE *in;

    snprintf(path, sizeof path, "%s%s", base, suffix);
    in = fopen(path, "rb");
    if (!in || fread(head, sizeof *head, 2, in) != 2)
        bench_fail("%s cannot be read", path);
    v = (vectors){limit && limit < head[0] ? limit : head[0], head[1], NULL};
    v.values = vectors_need((size_t)v.count * v.dimensions, sizeof *v.values);
    if (fread(v.values, sizeof *v.values * v.dimensions, v.count, in) != v.count)
        bench_fail("%s ends too early", path);
    fclose(in);
    for (uint32_t i = 0; i < v.count; i++) {
        float *row = v.values + (size_t)i * v.dimensions, length = sqrtf(vectors_dot(row, row, v.dimensions));

        for (uint32_t d = 0; length > 0 && d < v.dimensions; d++)
            row[d] /= length;
    }
    return v;
}
