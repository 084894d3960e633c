/* tests/bench/vector_rows.h: rows and queries of a set of vectors, for what is measured of the raw index alone. */
#ifndef TRIPSAGE_TESTS_BENCH_VECTOR_ROWS_H
#define TRIPSAGE_TESTS_BENCH_VECTOR_ROWS_H

#include <stddef.h>
#include <stdint.h>

typedef struct vectors {
    uint32_t count, dimensions;
    float *values; /* each of unit length: what is measured is a cosine */
} vectors;

/* BASE and suffix, an fbin file; at most `limit` of it, 0 for all. Ends the program when it cannot. */
vectors vectors_read(const char *base, const char *suffix, uint32_t limit);

static inline const float *vectors_at(const vectors *v, uint32_t i)
{
    return v->values + (size_t)i * v->dimensions;
}

float vectors_dot(const float *a, const float *b, uint32_t dimensions);

/* The best scores of those that were offered, the best first; -INFINITY where there are none. */
enum { VECTORS_K = 10 };

typedef struct vectors_best {
    float scores[VECTORS_K];
} vectors_best;

void vectors_best_begin(vectors_best *best);
void vectors_best_offer(vectors_best *best, float score);

/* Zeroed; ends the program when there is none. */
void *vectors_need(size_t count, size_t size);

/* Seconds of the processor's that this thread had. */
double vectors_processor_time(void);

#endif
