#include "vector_peer.h"

#include <malloc.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static FILE *answers; /* the driver's end of what was standard output: libraries may print what they like */

void peer_fail(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fputs("failed ", answers);
    vfprintf(answers, format, arguments);
    fputc('\n', answers);
    va_end(arguments);
    exit(EXIT_FAILURE);
}

static double clock_of(clockid_t id)
{
    struct timespec now;

    clock_gettime(id, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* What the process has that is not of a file. */
static double resident_bytes(void)
{
    FILE *status = fopen("/proc/self/status", "r");
    char line[256];
    double kilobytes = 0;

    while (status && fgets(line, sizeof line, status))
        if (strncmp(line, "RssAnon:", 8) == 0)
            kilobytes = strtod(line + 8, NULL);
    if (status)
        fclose(status);
    return kilobytes * 1024;
}

static float *read_rows(const char *base, const char *ending, uint32_t *count, uint32_t *dimensions, uint32_t limit)
{
    char path[4096];
    FILE *file;
    uint32_t head[2];
    size_t cells;
    float *rows;

    snprintf(path, sizeof path, "%s%s", base, ending);
    file = fopen(path, "rb");
    if (!file || fread(head, sizeof *head, 2, file) != 2)
        peer_fail("cannot read %s", path);
    *count = head[0] < limit ? head[0] : limit;
    *dimensions = head[1];
    cells = (size_t)*count * head[1];
    rows = (float *)malloc(cells * sizeof *rows);
    if (!rows || fread(rows, sizeof *rows, cells, file) != cells)
        peer_fail("cannot read %s", path);
    fclose(file);
    return rows;
}

static void bring_to_unit_length(float *rows, uint32_t count, uint32_t dimensions)
{
    for (uint32_t i = 0; i < count; i++, rows += dimensions) {
        double square = 0;

        for (uint32_t d = 0; d < dimensions; d++)
            square += (double)rows[d] * (double)rows[d];
        for (uint32_t d = 0; d < dimensions; d++)
            rows[d] = (float)((double)rows[d] / sqrt(square));
    }
}

static void read_ranks(peer_data *data, const char *base)
{
    char path[4096];
    FILE *file;
    uint32_t count;
    size_t cells = (size_t)data->count * PEER_COLUMNS;

    snprintf(path, sizeof path, "%s.ranks", base);
    file = fopen(path, "rb");
    if (!file)
        return;
    data->ranks = (uint32_t *)malloc(cells * sizeof *data->ranks);
    if (!data->ranks || fread(&count, sizeof count, 1, file) != 1 || count != data->count ||
        fread(data->below, sizeof data->below, 1, file) != 1 ||
        fread(data->ranks, sizeof *data->ranks, cells, file) != cells)
        peer_fail("cannot read %s", path);
    fclose(file);
}

static void read_data(peer_data *data, const char *base, int is_cosine, uint32_t limit)
{
    uint32_t dimensions;

    data->rows = read_rows(base, ".fbin", &data->count, &data->dimensions, limit);
    data->queries = read_rows(base, ".q.fbin", &data->query_count, &dimensions, UINT32_MAX);
    data->is_cosine = is_cosine;
    if (dimensions != data->dimensions)
        peer_fail("queries of %u dimensions", dimensions);
    if (is_cosine) {
        bring_to_unit_length(data->rows, data->count, data->dimensions);
        bring_to_unit_length(data->queries, data->query_count, data->dimensions);
    }
    data->ranks = NULL;
    read_ranks(data, base);
}

static void build(const peer_data *data, const peer_engine *engine, const char *kind, unsigned threads)
{
    double before = resident_bytes(), wall = clock_of(CLOCK_MONOTONIC), cpu = clock_of(CLOCK_PROCESS_CPUTIME_ID);

    engine->build(data, kind, threads);
    wall = clock_of(CLOCK_MONOTONIC) - wall;
    cpu = clock_of(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    malloc_trim(0); /* what was only needed to build is nobody's memory */
    fprintf(answers, "ok %.6f %.6f %.0f %.0f %s\n", wall, cpu, resident_bytes() - before,
            engine->own_bytes ? engine->own_bytes() : 0.0, engine->note ? engine->note() : "-");
}

typedef struct asked {
    unsigned width, first, count;
    char path[4096], mode[32];
    int is_filtered;
    peer_filter filter;
} asked;

static void ask(const peer_data *data, const peer_engine *engine, const asked *a, uint32_t first, uint32_t count,
                uint32_t *ids)
{
    const float *queries = data->queries + (size_t)first * data->dimensions;

    if (a->is_filtered)
        engine->filtered(queries, count, a->width, &a->filter, ids);
    else
        engine->search(queries, count, a->width, ids);
}

/* Some queries that are not timed, and not those that are: an index that others' turns have pushed out of the caches, and of what the
 * processor and the machine's host know of its pages, is as slow as nobody sees it who uses it all the time. */
static void warm_up(const peer_data *data, const peer_engine *engine, const asked *a, uint32_t *ids)
{
    uint32_t some = a->count / 4, from = a->first + a->count;

    from = from + some <= data->query_count ? from : a->first >= some ? 0 : a->first;
    ask(data, engine, a, from, some, ids);
}

static void search(const peer_data *data, const peer_engine *engine, const asked *a)
{
    uint32_t *ids = (uint32_t *)malloc((size_t)a->count * PEER_K * sizeof *ids);
    FILE *file = fopen(a->path, "wb");
    double wall, cpu, looked;

    if (!ids || !file || a->first > data->query_count || a->count > data->query_count - a->first)
        peer_fail("no such queries, or cannot write %s", a->path);
    warm_up(data, engine, a, ids);
    if (engine->looked_at)
        engine->looked_at();
    wall = clock_of(CLOCK_MONOTONIC);
    cpu = clock_of(CLOCK_PROCESS_CPUTIME_ID);
    ask(data, engine, a, a->first, a->count, ids);
    wall = clock_of(CLOCK_MONOTONIC) - wall;
    cpu = clock_of(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    looked = engine->looked_at ? engine->looked_at() : 0;
    if (fwrite(ids, sizeof *ids, (size_t)a->count * PEER_K, file) != (size_t)a->count * PEER_K || fclose(file) != 0)
        peer_fail("cannot write %s", a->path);
    free(ids);
    fprintf(answers, "ok %.6f %.6f %.0f\n", wall, cpu, looked);
}

static int is_filtered(asked *a, const peer_data *data, const peer_engine *engine, const char *line)
{
    peer_filter *filter = &a->filter;

    if (sscanf(line, "filtered %u %u %u %4095s %u %u %31s", &a->width, &a->first, &a->count, a->path, &filter->column,
               &filter->share, a->mode) != 7)
        return 0;
    if (!engine->filtered || !data->ranks || filter->column >= PEER_COLUMNS || filter->share >= PEER_SHARES)
        peer_fail("it has no filters, or there is no such one");
    filter->mode = a->mode;
    filter->below = data->below[filter->share];
    filter->ranks = data->ranks + (size_t)filter->column * data->count;
    a->is_filtered = 1;
    return 1;
}

int peer_main(int argc, char **argv, const peer_engine *engine)
{
    peer_data data;
    char line[4096 + 96];
    static asked a;
    unsigned threads;

    answers = fdopen(dup(STDOUT_FILENO), "w");
    if (!answers || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
        return EXIT_FAILURE;
    setvbuf(answers, NULL, _IOLBF, 0);
    if (argc < 4)
        peer_fail("usage: %s KIND BASE cosine|l2 [LIMIT]", argv[0]);
    read_data(&data, argv[2], strcmp(argv[3], "cosine") == 0,
              argc > 4 ? (uint32_t)strtoul(argv[4], NULL, 10) : UINT32_MAX);
    while (fgets(line, sizeof line, stdin)) {
        if (sscanf(line, "build %u", &threads) == 1) {
            build(&data, engine, argv[1], threads);
        } else if (is_filtered(&a, &data, engine, line)) {
            search(&data, engine, &a);
        } else if (sscanf(line, "search %u %u %u %4095s", &a.width, &a.first, &a.count, a.path) == 4) {
            a.is_filtered = 0;
            search(&data, engine, &a);
        } else if (strcmp(line, "quit\n") == 0) {
            return EXIT_SUCCESS;
        } else {
            peer_fail("not understood: %s", line);
        }
    }
    return EXIT_SUCCESS;
}
