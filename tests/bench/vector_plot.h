/* tests/bench/vector_plot.h: queries in a second by recall, as an SVG. */
#ifndef TRIPSAGE_TESTS_BENCH_VECTOR_PLOT_H
#define TRIPSAGE_TESTS_BENCH_VECTOR_PLOT_H

#include <stddef.h>
#include <stdio.h>

enum { PLOT_POINTS = 16 };

typedef struct plot_line {
    const char *label, *color;
    int is_own; /* drawn thick */
    size_t count;
    double recall[PLOT_POINTS], qps[PLOT_POINTS];
} plot_line;

void vector_plot(FILE *out, const char *title, const plot_line *lines, size_t count);

#endif
