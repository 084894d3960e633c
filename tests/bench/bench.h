/* tests/bench/bench.h: what benchmarks share: a clock, medians, and a report that is a table for people and JSON for programs.
 *
 * Every comparison runs its two sides in turn, round by round, in one process run, and the figure is the median of the rounds'
 * ratios: the machine's mood changes from second to second, and a ratio within a round does not feel it. */
#ifndef TRIPSAGE_TESTS_BENCH_H
#define TRIPSAGE_TESTS_BENCH_H

#include <stddef.h>
#include <stdio.h>

double bench_now(void); /* seconds, monotonic */

double bench_median(const double *values, size_t count); /* leaves them as they are; at most 64 */

/* Ends the program with a sentence: a benchmark that cannot run has no figures. */
void bench_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* What a command line may say besides --quick, --help and the path of the report. The last has no name. */
typedef struct bench_option {
    const char *name;   /* "--only" */
    const char **value; /* where its value goes */
    int *flag;          /* or what is set to 1, where it has none */
} bench_option;

/* Reads the command line; 1 when it says --quick. *output and values stay as they are where it names none. What is not understood ends
 * the program with the usage, as --help does. */
int bench_arguments(int argc, char **argv, const char *usage, const bench_option *options, const char **output);

/* The folder of reports whose path the command line does not name. */
void bench_make_folder(void);

/* Printed at once as a row of the table, written by bench_write. `name` and `unit` stay where they are: they are kept as they are given. */
void bench_figure(const char *name, double value, const char *unit);

/* A paragraph that says how the next figures are measured. */
void bench_method(const char *text);

/* One line on stderr that says what goes on. */
void bench_progress(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* {"area": ..., "figures": [{"name", "value", "unit"}]} */
void bench_write(const char *area, const char *path);

/* A file for people, a table or a plot, where the command line names one (`path` is not NULL). */
void bench_write_to(const char *path, void (*write_it)(FILE *out));

#endif
