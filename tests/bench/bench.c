#include "bench.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define FIGURES_MAX 256
#define ROUNDS_MAX  64

static struct {
    const char *name, *unit;
    double value;
} figures[FIGURES_MAX];
static size_t figure_count;

double bench_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double bench_median(const double *values, size_t count)
{
    double sorted[ROUNDS_MAX];

    if (count == 0 || count > ROUNDS_MAX)
        bench_fail("a median of %zu values", count);
    memcpy(sorted, values, count * sizeof *values);
    qsort(sorted, count, sizeof *sorted, compare);
    return count % 2 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2;
}

void bench_fail(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fputs("bench: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(EXIT_FAILURE);
}

static void __attribute__((noreturn)) show_usage(const char *usage, int failed)
{
    fputs(usage, failed ? stderr : stdout);
    exit(failed ? EXIT_FAILURE : EXIT_SUCCESS);
}

/* NULL: there is none of this name. */
static const bench_option *find_option(const bench_option *options, const char *name)
{
    for (; options && options->name; options++)
        if (strcmp(options->name, name) == 0)
            return options;
    return NULL;
}

int bench_arguments(int argc, char **argv, const char *usage, const bench_option *options, const char **output)
{
    int quick = 0;

    for (int i = 1; i < argc; i++) {
        const bench_option *o = find_option(options, argv[i]);

        if (strcmp(argv[i], "--help") == 0)
            show_usage(usage, 0);
        if (strcmp(argv[i], "--quick") == 0)
            quick = 1;
        else if (o && o->flag)
            *o->flag = 1;
        else if (o && i + 1 < argc)
            *o->value = argv[++i];
        else if (argv[i][0] == '-')
            show_usage(usage, 1);
        else
            *output = argv[i];
    }
    return quick;
}

void bench_make_folder(void)
{
    mkdir("build", 0777);
    mkdir("build/bench", 0777);
}

void bench_method(const char *text)
{
    printf("\n%s\n", text);
    fflush(stdout);
}

void bench_figure(const char *name, double value, const char *unit)
{
    if (figure_count == FIGURES_MAX)
        bench_fail("more than %d figures", FIGURES_MAX);
    figures[figure_count].name = name;
    figures[figure_count].value = value;
    figures[figure_count++].unit = unit;
    printf("  %-44s %12.3f %s\n", name, value, unit);
    fflush(stdout);
}

void bench_progress(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fputs("... ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}

void bench_write(const char *area, const char *path)
{
    FILE *file = fopen(path, "w");

    if (!file)
        bench_fail("cannot write %s", path);
    fprintf(file, "{\"area\": \"%s\", \"figures\": [", area);
    for (size_t i = 0; i < figure_count; i++)
        fprintf(file, "%s\n  {\"name\": \"%s\", \"value\": %.6g, \"unit\": \"%s\"}", i ? "," : "", figures[i].name,
                figures[i].value, figures[i].unit);
    fputs("\n]}\n", file);
    if (fclose(file) != 0)
        bench_fail("cannot write %s", path);
    printf("\nwritten to %s\n", path);
}

void bench_write_to(const char *path, void (*write_it)(FILE *out))
{
    FILE *file = path ? fopen(path, "w") : NULL;

    if (!path)
        return;
    if (!file)
        bench_fail("cannot write %s", path);
    write_it(file);
    if (fclose(file) != 0)
        bench_fail("cannot write %s", path);
}
