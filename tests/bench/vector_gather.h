/* tests/bench/vector_gather.h: what memory allows: how long it takes to fetch one record of many, in no order, known some steps ahead. */
#ifndef TRIPSAGE_TESTS_BENCH_VECTOR_GATHER_H
#define TRIPSAGE_TESTS_BENCH_VECTOR_GATHER_H

#include <stddef.h>
#include <stdint.h>

/* Nanoseconds for each record of `size` bytes (a multiple of 64), of `count` records, in memory of huge pages or of common ones. The
 * best of some rounds: a limit is what nothing disturbed. */
double vector_gather(size_t size, uint32_t count, int is_huge);

#endif
