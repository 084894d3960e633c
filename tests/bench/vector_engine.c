#include "vector_engine.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

/* ---- data ---- */

static FILE *open_part(const vector_set *set, const char *folder, const char *ending, uint32_t head[2])
{
    char path[4096];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s%s", folder, set->name, ending);
    file = fopen(path, "rb");
    if (file && fread(head, sizeof *head, 2, file) != 2)
        bench_fail("%s is too short", path);
    return file;
}

static void *read_cells(FILE *file, size_t count, size_t size)
{
    void *cells = malloc(count * size);

    if (!cells || fread(cells, size, count, file) != count)
        bench_fail("cannot read data");
    fclose(file);
    return cells;
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

static void read_truth(vector_set *set, FILE *file, const uint32_t head[2])
{
    size_t cells = (size_t)head[0] * head[1];
    float *scores;

    if (fseek(file, (long)(cells * sizeof(uint32_t)), SEEK_CUR) != 0)
        bench_fail("cannot read data");
    scores = read_cells(file, cells, sizeof *scores);
    set->worst = malloc(head[0] * sizeof *set->worst);
    if (!set->worst || head[0] != set->query_count || head[1] < VECTOR_K)
        bench_fail("what is nearest in %s is of other queries", set->name);
    for (uint32_t q = 0; q < head[0]; q++)
        set->worst[q] = scores[(size_t)q * head[1] + VECTOR_K - 1];
    free(scores);
}

int vector_set_open(vector_set *set, const char *folder)
{
    uint32_t rows[2], queries[2], truth[2];
    FILE *of_rows = open_part(set, folder, ".fbin", rows), *of_queries, *of_truth;

    if (!of_rows)
        return 0;
    of_queries = open_part(set, folder, ".q.fbin", queries);
    of_truth = open_part(set, folder, ".gt.ibin", truth);
    if (!of_queries || !of_truth || queries[1] != rows[1])
        bench_fail("%s/%s: files are missing, or of another dimension", folder, set->name);
    set->count = rows[0];
    set->dimensions = rows[1];
    set->query_count = queries[0];
    set->rows = read_cells(of_rows, (size_t)rows[0] * rows[1], sizeof(float));
    set->queries = read_cells(of_queries, (size_t)queries[0] * queries[1], sizeof(float));
    if (set->is_cosine) {
        bring_to_unit_length(set->rows, set->count, set->dimensions);
        bring_to_unit_length(set->queries, set->query_count, set->dimensions);
    }
    read_truth(set, of_truth, truth);
    return 1;
}

void vector_set_close(vector_set *set)
{
    free(set->rows);
    free(set->queries);
    free(set->worst);
    set->rows = set->queries = set->worst = NULL;
}

static double score_of(const vector_set *set, const float *a, const float *b)
{
    double dot = 0, apart = 0;

    for (uint32_t d = 0; d < set->dimensions; d++) {
        double x = (double)a[d], y = (double)b[d];

        dot += x * y;
        apart += (x - y) * (x - y);
    }
    return set->is_cosine ? dot : -sqrt(apart);
}

static int is_among(const uint32_t *ids, unsigned count, uint32_t id)
{
    for (unsigned i = 0; i < count; i++)
        if (ids[i] == id)
            return 1;
    return 0;
}

unsigned vector_set_right(const vector_set *set, uint32_t query, const uint32_t *ids)
{
    /* what float32 rounds away of a score of this size */
    double worst = (double)set->worst[query], slack = 1e-6 * (1 + fabs(worst));
    unsigned right = 0;

    for (unsigned i = 0; i < VECTOR_K; i++)
        if (ids[i] < set->count && !is_among(ids, i, ids[i]) &&
            score_of(set, set->queries + (size_t)query * set->dimensions,
                     set->rows + (size_t)ids[i] * set->dimensions) >= worst - slack)
            right++;
    return right;
}

/* ---- processes ---- */

static void run_child(const int in[2], const int out[2], char *const *arguments, const char *tunables)
{
    if (tunables)
        setenv("GLIBC_TUNABLES", tunables, 1);
    dup2(in[0], STDIN_FILENO);
    dup2(out[1], STDOUT_FILENO);
    close(in[0]), close(in[1]), close(out[0]), close(out[1]);
    execv(arguments[0], arguments);
    _exit(127);
}

int vector_engine_start(vector_engine *engine, const char *program, const char *kind, const char *base, int is_cosine,
                        uint32_t limit, const char *tunables)
{
    char rows[16];
    const char *arguments[] = {program, kind, base, is_cosine ? "cosine" : "l2", limit ? rows : NULL, NULL};
    int in[2], out[2];

    memset(engine, 0, sizeof *engine);
    snprintf(rows, sizeof rows, "%u", limit);
    if (access(program, X_OK) != 0) {
        snprintf(engine->trouble, sizeof engine->trouble, "there is no %s", program);
        return 0;
    }
    if (pipe(in) != 0 || pipe(out) != 0 || (engine->pid = fork()) < 0)
        bench_fail("cannot start %s", program);
    if (engine->pid == 0)
        run_child(in, out, (char *const *)(uintptr_t)arguments, tunables);
    close(in[0]);
    close(out[1]);
    engine->to = fdopen(in[1], "w");
    engine->from = fdopen(out[0], "r");
    if (!engine->to || !engine->from)
        bench_fail("cannot talk to %s", program);
    return 1;
}

/* 0: it failed, and is over. */
static int hear(vector_engine *engine, char *answer, int size)
{
    if (fflush(engine->to) == 0 && fgets(answer, size, engine->from) && strncmp(answer, "ok ", 3) == 0)
        return 1;
    answer[strcspn(answer, "\n")] = '\0';
    snprintf(engine->trouble, sizeof engine->trouble, "%.*s", (int)sizeof engine->trouble - 1,
             strncmp(answer, "failed ", 7) == 0 ? answer + 7 : "it ended");
    vector_engine_stop(engine);
    return 0;
}

int vector_engine_build(vector_engine *engine, unsigned threads)
{
    char answer[512] = "";

    fprintf(engine->to, "build %u\n", threads);
    if (!hear(engine, answer, sizeof answer))
        return 0;
    if (sscanf(answer, "ok %lf %lf %lf %lf %63s", &engine->build_wall, &engine->build_cpu, &engine->resident,
               &engine->own, engine->note) != 5)
        bench_fail("not understood: %s", answer);
    return 1;
}

static int ask(vector_engine *engine, vector_run *run, const vector_filter *filter, unsigned width, uint32_t first,
               uint32_t count, uint32_t *ids)
{
    char answer[512] = "", path[] = "/tmp/bench-vector-XXXXXX";
    int file = mkstemp(path), is_well = 0;
    ssize_t wanted = (ssize_t)(count * VECTOR_K * sizeof *ids);

    if (file < 0)
        bench_fail("cannot write to /tmp");
    if (filter)
        fprintf(engine->to, "filtered %u %u %u %s %u %u %s\n", width, first, count, path, filter->column, filter->share,
                filter->mode);
    else
        fprintf(engine->to, "search %u %u %u %s\n", width, first, count, path);
    if (hear(engine, answer, sizeof answer)) {
        is_well = sscanf(answer, "ok %lf %lf %lf", &run->wall, &run->cpu, &run->looked) == 3 &&
                  read(file, ids, (size_t)wanted) == wanted;
        if (!is_well)
            bench_fail("not understood: %s", answer);
    }
    close(file);
    unlink(path);
    return is_well;
}

int vector_engine_search(vector_engine *engine, vector_run *run, unsigned width, uint32_t first, uint32_t count,
                         uint32_t *ids)
{
    return ask(engine, run, NULL, width, first, count, ids);
}

int vector_engine_filtered(vector_engine *engine, vector_run *run, const vector_filter *filter, unsigned width,
                           uint32_t first, uint32_t count, uint32_t *ids)
{
    return ask(engine, run, filter, width, first, count, ids);
}

void vector_engine_stop(vector_engine *engine)
{
    if (!engine->to)
        return;
    fclose(engine->to); /* it ends where it reads the end */
    fclose(engine->from);
    engine->to = engine->from = NULL;
    kill(engine->pid, SIGKILL);
    waitpid(engine->pid, NULL, 0);
}
