/* vector/kernels.h: arithmetic on vectors of f32, and their stored form. */
#ifndef TRIPSAGE_VECTOR_KERNELS_H
#define TRIPSAGE_VECTOR_KERNELS_H

#include <stddef.h>

/* 1e17: the squares of 4,096 differences of such numbers still sum to a finite f32. */
#define TRIPSAGE__VECTOR_VALUE_MAX 1e17f

float tripsage__kernel_dot(const float *a, const float *b, size_t n);
float tripsage__kernel_l2_squared(const float *a, const float *b, size_t n);

/* Brings a vector to unit length, in double precision; 0 when it is all zero, and left alone. `out` may be `in`. */
int tripsage__kernel_normalise(float *out, const float *in, size_t n);

/* Stored vectors are little-endian f32, one after the other, at any address. */
void tripsage__kernel_store(unsigned char *out, const float *in, size_t n);
void tripsage__kernel_load(float *out, const void *in, size_t n);
/* The same of what comes across a network, where the first byte is the highest. */
void tripsage__kernel_load_network(float *out, const void *in, size_t n);

#endif
