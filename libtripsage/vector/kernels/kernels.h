/* vector/kernels/kernels.h: arithmetic on vectors, one table of functions for each set of instructions, and the stored form of vectors.
 *
 * Every table gives the same answers, to the bit. Integers are exact anyway. Sums of floats stand in an order that all keep: sixteen sums side
 * by side, number i goes to sum i % 16; then each of the lower half takes its partner of the upper half, until one is left. A product is rounded before it is
 * added. Only which of its bits a NaN has is open.
 *
 * Rows may lie at any address, in the machine's byte order. Nothing past their end is read. */
#ifndef TRIPSAGE_VECTOR_KERNELS_KERNELS_H
#define TRIPSAGE_VECTOR_KERNELS_KERNELS_H

#include <stddef.h>
#include <stdint.h>

/* 1e17: the squares of 4,096 differences of such numbers still sum to a finite f32. */
#define TRIPSAGE__VECTOR_VALUE_MAX 1e17f

/* Rows of a table: row i of `count` begins at base + which[i] * stride, or at base + i * stride when `which` is NULL. */
typedef struct tripsage__rows {
    const void *base;
    size_t stride; /* bytes; at least a row's, so that other things may stand between */
    const uint32_t *which;
    size_t count;
} tripsage__rows;

/* `n` counts dimensions. L2 is always the square of the distance. Those that end in _rows compare one query with many rows, a few of
 * them at a time, and fetch the next meanwhile: out[i] is what the other form says of row i. */
typedef struct tripsage__kernel_table {
    const char *name;
    float (*dot_f32)(const float *query, const void *row, size_t n);
    float (*l2_f32)(const float *query, const void *row, size_t n);
    void (*dot_f32_rows)(float *out, const float *query, const tripsage__rows *rows, size_t n);
    void (*l2_f32_rows)(float *out, const float *query, const tripsage__rows *rows, size_t n);
    /* Rows of f16, which are widened, exactly. */
    float (*dot_f16)(const float *query, const void *row, size_t n);
    float (*l2_f16)(const float *query, const void *row, size_t n);
    void (*dot_f16_rows)(float *out, const float *query, const tripsage__rows *rows, size_t n);
    void (*l2_f16_rows)(float *out, const float *query, const tripsage__rows *rows, size_t n);
    /* Signed bytes, -128 among them. Of at most 66,051 dimensions: more squares of 255 would leave 32 bits. */
    int32_t (*dot_i8)(const int8_t *query, const void *row, size_t n);
    uint32_t (*l2_i8)(const int8_t *query, const void *row, size_t n);
    void (*dot_i8_rows)(int32_t *out, const int8_t *query, const tripsage__rows *rows, size_t n);
    void (*l2_i8_rows)(uint32_t *out, const int8_t *query, const tripsage__rows *rows, size_t n);
    /* How many bits differ; here `n` counts bytes. Of vectors of 1 and -1 the inner product is 8 n - 2 of these, L2 is 4 of these. */
    uint32_t (*hamming)(const uint8_t *query, const void *row, size_t n);
    void (*hamming_rows)(uint32_t *out, const uint8_t *query, const tripsage__rows *rows, size_t n);
    /* f32 to f16 and back, both at any address. Rounds to the nearest, and halfway to the even one; what is too large becomes infinite, and a NaN
     * a quiet one with the upper bits it had. */
    void (*narrow)(void *out, const void *in, size_t n);
    void (*widen)(void *out, const void *in, size_t n);
} tripsage__kernel_table;

/* The best table that this processor can run; found out once. */
const tripsage__kernel_table *tripsage__kernels_best(void);

/* All that this processor can run, the portable one first and the best one last; how many there are. */
#define TRIPSAGE__KERNEL_TABLES_MAX 5
size_t tripsage__kernels_all(const tripsage__kernel_table *out[TRIPSAGE__KERNEL_TABLES_MAX]);

/* For tests and measurements: makes one of those the best, or chooses again (NULL). */
void tripsage__kernels_force(const tripsage__kernel_table *table);

/* Whether all are finite and within TRIPSAGE__VECTOR_VALUE_MAX. */
int tripsage__kernel_can_reckon(const float *values, size_t n);

/* Brings a vector to unit length, in double precision; 0 when it is all zero, and left alone. `out` may be `in`. */
int tripsage__kernel_normalise(float *out, const float *in, size_t n);

/* Stored vectors are little-endian f32, one after the other, at any address. */
void tripsage__kernel_store(unsigned char *out, const float *in, size_t n);
void tripsage__kernel_load(float *out, const void *in, size_t n);
/* The same of what comes across a network, where the first byte is the highest. */
void tripsage__kernel_load_network(float *out, const void *in, size_t n);
/* A stored vector as a row for the tables: itself where the machine's order is that of the store, else copied to `scratch`. */
const void *tripsage__kernel_row(float *scratch, const void *in, size_t n);

#endif
