/* tests/bench/vector_filtered.h: queries in a second by how much passes a filter, as an SVG: a panel for each place where it lies. */
#ifndef TRIPSAGE_TESTS_BENCH_VECTOR_FILTERED_H
#define TRIPSAGE_TESTS_BENCH_VECTOR_FILTERED_H

#include <stddef.h>
#include <stdio.h>

enum { FILTERED_SHARES = 6, FILTERED_PANELS = 3 };

typedef struct filtered_line {
    const char *label, *color;
    int is_own; /* drawn thick */
    double qps[FILTERED_PANELS][FILTERED_SHARES];
    int is_right[FILTERED_PANELS][FILTERED_SHARES]; /* found enough: a full circle, else an empty one */
} filtered_line;

void vector_filtered_plot(FILE *out, const char *title, const char *const panels[FILTERED_PANELS],
                          const double shares[FILTERED_SHARES], const filtered_line *lines, size_t count);

#endif
