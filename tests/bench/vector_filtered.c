/* bench_vector_filtered: searches with a filter, from one item in ten thousand to all, where what passes lies anywhere, near the query, or
 * far from it; beside others that have filters.
 *
 * Each row has two ranks: in a random order, and in that of the distance to one middle. A filter lets those below a rank pass. Queries
 * near that middle ask for what is near it (correlated with the query), and those farthest from it do so, too (anti-correlated). What is
 * right is found by comparing the query with every row that passes, in single precision.
 *
 * Ours is asked as it is, with the width it chose. Compared are the narrowest widths, ours and the others', that find 0.95, or those that
 * find the most where none does. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "vector_engine.h"
#include "vector_filtered.h"
#include "vector_peer.h"
#include "vector_rows.h"

enum { K = VECTORS_K, SHARES = FILTERED_SHARES, QUERIES = 200, ROUNDS = 3 };
_Static_assert((int)SHARES == (int)PEER_SHARES && (int)K == (int)PEER_K, "what the others are told of");

#define ENOUGH 0.95

static const double shares[SHARES] = {0.0001, 0.001, 0.01, 0.1, 0.5, 1.0};

typedef enum passing { ANYWHERE, NEAR, FAR, KINDS } passing;
static const char *const kind_names[KINDS] = {"anywhere", "near", "far"};
static const char *const panels[KINDS] = {"what passes lies anywhere", "near the query", "far from the query"};

static vectors rows, queries;
static uint32_t *ranks[PEER_COLUMNS]; /* of each row */
static uint32_t *query_order;         /* queries, the nearest to the middle first */
static uint32_t query_count = QUERIES;
static double longest = 0.2; /* seconds a width may take of a round, but for its first queries */
static uint32_t at_least = 8;
static const char *base, *peers = "", *plots, *postgres = "", *output = "build/bench/vector-filtered.json";
static char folder[] = "/tmp/bench-filtered-XXXXXX";

/* ---- who passes ---- */

typedef struct ranked {
    float by;
    uint32_t what;
} ranked;

static int compare_ranked(const void *a, const void *b)
{
    const ranked *x = a, *y = b;

    return x->by < y->by ? -1 : x->by > y->by ? 1 : x->what < y->what ? -1 : 1;
}

static ranked *order(const vectors *v, const float *middle, uint64_t *seed)
{
    ranked *all = vectors_need(v->count, sizeof *all);

    for (uint32_t i = 0; i < v->count; i++) {
        *seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
        all[i].what = i;
        all[i].by = middle ? -vectors_dot(vectors_at(v, i), middle, v->dimensions) : (float)(*seed >> 40);
    }
    qsort(all, v->count, sizeof *all, compare_ranked);
    return all;
}

static uint32_t *rank(const vectors *v, const float *middle)
{
    uint64_t seed = 1;
    ranked *all = order(v, middle, &seed);
    uint32_t *out = vectors_need(v->count, sizeof *out);

    for (uint32_t i = 0; i < v->count; i++)
        out[all[i].what] = i;
    free(all);
    return out;
}

static void order_queries(void)
{
    uint64_t seed = 1;
    ranked *near = order(&queries, queries.values, &seed);

    query_order = vectors_need(queries.count, sizeof *query_order);
    for (uint32_t i = 0; i < queries.count; i++)
        query_order[i] = near[i].what;
    free(near);
}

static uint32_t share_count(int share)
{
    uint32_t count = (uint32_t)(shares[share] * rows.count + 0.5);

    return count < K ? K : count;
}

static uint32_t column_of(passing kind)
{
    return kind == ANYWHERE ? 0 : 1;
}

static int passes(passing kind, int share, uint32_t row)
{
    return ranks[column_of(kind)][row] < share_count(share);
}

static const float *query_at(passing kind, uint32_t i)
{
    uint32_t at = kind == NEAR ? query_order[i] : kind == FAR ? query_order[queries.count - 1 - i] : i;

    return vectors_at(&queries, at);
}

/* The score of the K-th nearest that passes. */
static float bar_of(passing kind, int share, const float *query)
{
    vectors_best best;

    vectors_best_begin(&best);
    for (uint32_t row = 0; row < rows.count; row++)
        if (passes(kind, share, row))
            vectors_best_offer(&best, vectors_dot(query, vectors_at(&rows, row), rows.dimensions));
    return best.scores[K - 1];
}

/* ---- what the others are given ---- */

static FILE *create(char path[256], const char *ending)
{
    FILE *file;

    snprintf(path, 256, "%s/set%s", folder, ending);
    file = fopen(path, "wb");
    if (!file)
        bench_fail("cannot write %s", path);
    return file;
}

static void write_cells(FILE *file, const void *cells, size_t count)
{
    if (fwrite(cells, sizeof(uint32_t), count, file) != count)
        bench_fail("cannot write to %s", folder);
}

static void finish(FILE *file)
{
    if (fclose(file) != 0)
        bench_fail("cannot write to %s", folder);
}

static void write_vectors(const char *ending, uint32_t count, const float *(*row)(uint32_t i))
{
    const uint32_t head[2] = {count, rows.dimensions};
    char path[256];
    FILE *file = create(path, ending);

    write_cells(file, head, 2);
    for (uint32_t i = 0; i < count; i++)
        write_cells(file, row(i), rows.dimensions);
    finish(file);
}

static const float *row_at(uint32_t i)
{
    return vectors_at(&rows, i);
}

/* Those of each kind, one kind after the other. */
static const float *asked_at(uint32_t i)
{
    return query_at((passing)(i / query_count), i % query_count);
}

static void write_ranks(void)
{
    uint32_t below[SHARES];
    char path[256];
    FILE *file = create(path, ".ranks");

    for (int share = 0; share < SHARES; share++)
        below[share] = share_count(share);
    write_cells(file, &rows.count, 1);
    write_cells(file, below, SHARES);
    for (int column = 0; column < PEER_COLUMNS; column++)
        write_cells(file, ranks[column], rows.count);
    finish(file);
}

static void remove_files(void)
{
    static const char *const endings[] = {".fbin", ".q.fbin", ".ranks"};
    char path[256];

    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        snprintf(path, sizeof path, "%s/set%s", folder, endings[i]);
        unlink(path);
    }
    rmdir(folder);
}

static void write_files(void)
{
    if (!mkdtemp(folder))
        bench_fail("cannot write to /tmp");
    if (atexit(remove_files) != 0)
        bench_fail("no memory");
    write_vectors(".fbin", rows.count, row_at);
    write_vectors(".q.fbin", KINDS * query_count, asked_at);
    write_ranks();
}

/* ---- who takes part ---- */

typedef struct cell {
    unsigned width;
    uint32_t asked, right, least; /* the fewest rows that one query got */
    double rows, looked;          /* of a query, in the middle */
    double qps[ROUNDS];
} cell;

enum { OWN = 1, TUNED, HNSWLIB, PGVECTOR };

typedef struct contestant {
    const char *label, *figure, *color, *mode;
    int is;
    vector_engine *engine;
    cell cells[KINDS][SHARES];
} contestant;

static vector_engine own, hnswlib, pgvector;
static contestant all[] = {
    {"TripSage, width by default", "own", "#ff8a80", "-", OWN, &own, {{{0}}}},
    {"TripSage, narrowest width", "own_tuned", "#d50000", "-", TUNED, &own, {{{0}}}},
    {"hnswlib 0.8.0, its filter", "hnswlib", "#263238", "-", HNSWLIB, &hnswlib, {{{0}}}},
    {"pgvector, strict_order", "pgvector_strict", "#6a1b9a", "strict", PGVECTOR, &pgvector, {{{0}}}},
    {"pgvector, relaxed_order", "pgvector_relaxed", "#ab47bc", "relaxed", PGVECTOR, &pgvector, {{{0}}}},
    {"pgvector, filter indexed", "pgvector_planned", "#00897b", "planned", PGVECTOR, &pgvector, {{{0}}}},
};
enum { CONTESTANTS = sizeof all / sizeof *all };
static contestant *const ours = &all[1]; /* what is compared with the others */

static void build(vector_engine *engine, const char *name, const char *program, const char *kind)
{
    char path[4096], set[256];

    snprintf(path, sizeof path, "%s/%s", peers, program);
    snprintf(set, sizeof set, "%s/set", folder);
    bench_progress("%s builds its index", name);
    if (vector_engine_start(engine, path, kind, set, 1, 0, NULL) && vector_engine_build(engine, 2))
        bench_progress("    %.1f s", engine->build_wall);
    else
        bench_progress("    left out: %s", engine->trouble);
}

static int is_here(const contestant *c)
{
    return c->engine->trouble[0] == '\0';
}

/* ---- one cell ---- */

static float *bars; /* of each query of the cell */

static void find_bars(passing kind, int share)
{
    for (uint32_t i = 0; i < query_count; i++)
        bars[i] = bar_of(kind, share, query_at(kind, i));
}

static int is_among(const uint32_t *ids, int count, uint32_t id)
{
    for (int i = 0; i < count; i++)
        if (ids[i] == id)
            return 1;
    return 0;
}

static void judge(cell *out, passing kind, int share, uint32_t i, const uint32_t ids[K])
{
    uint32_t found = 0;

    for (int h = 0; h < K; h++) {
        if (ids[h] == UINT32_MAX)
            continue;
        if (ids[h] >= rows.count || is_among(ids, h, ids[h]) || !passes(kind, share, ids[h]))
            bench_fail("a row was found that does not pass, or twice");
        found++;
        out->right += vectors_dot(query_at(kind, i), vectors_at(&rows, ids[h]), rows.dimensions) >= bars[i] - 1e-6f;
    }
    out->rows += found;
    if (found < out->least)
        out->least = found;
}

static double recall_of(const cell *c)
{
    return c->asked ? (double)c->right / K / c->asked : 0;
}

/* The first `count` queries of the kind at that width; gives the time of one. 0: it failed. */
static double ask(contestant *c, cell *out, unsigned width, passing kind, int share, uint32_t count, unsigned round)
{
    static uint32_t ids[QUERIES * K];
    const vector_filter filter = {column_of(kind), (uint32_t)share, c->mode};
    vector_run run;
    double took;

    if (!vector_engine_filtered(c->engine, &run, &filter, width, (uint32_t)kind * query_count, count, ids))
        return 0;
    took = (c->is == PGVECTOR ? run.wall : run.cpu) / count;
    out->qps[round] = 1 / took;
    if (round)
        return took;
    out->width = width;
    out->asked = count;
    out->looked = run.looked / count;
    out->right = 0;
    out->rows = 0;
    out->least = K;
    for (uint32_t i = 0; i < count; i++)
        judge(out, kind, share, i, ids + (size_t)i * K);
    out->rows /= count;
    return took;
}

static uint32_t affordable(double took)
{
    double count = longest / took;

    return count >= query_count ? query_count : count < at_least ? at_least : (uint32_t)count;
}

/* The first queries say how many there is time for. */
static int try_width(contestant *c, cell *out, unsigned width, passing kind, int share)
{
    double took = ask(c, out, width, kind, share, at_least, 0);

    return took > 0 && (affordable(took) == at_least || ask(c, out, width, kind, share, affordable(took), 0) > 0);
}

/* What takes so long is as it was the first time, near enough, and is many times slower than ours anyway. */
static int is_slow(const cell *of)
{
    return of->qps[0] < at_least / longest;
}

static void explore(contestant *c, passing kind, int share)
{
    static const unsigned widths[] = {10, 20, 40, 80, 160, 320, 640};
    cell *best = &c->cells[kind][share];

    if (c->is == OWN) {
        try_width(c, best, 0, kind, share);
        return;
    }
    for (size_t i = 0; i < sizeof widths / sizeof *widths && recall_of(best) < ENOUGH; i++) {
        cell now = {0};

        if (!try_width(c, &now, widths[i], kind, share))
            return;
        if (!best->asked || recall_of(&now) > recall_of(best))
            *best = now;
        if (is_slow(&now)) /* it looks at nearly all there is, and a wider one at the rest */
            return;
    }
}

static void repeat(contestant *c, passing kind, int share, unsigned round)
{
    cell *of = &c->cells[kind][share];

    if (is_slow(of))
        of->qps[round] = of->qps[0];
    else if (is_here(c))
        (void)ask(c, of, of->width, kind, share, of->asked, round);
}

static void measure(passing kind, int share)
{
    bench_progress("what passes lies %s, %g %%", kind_names[kind], 100 * shares[share]);
    find_bars(kind, share);
    for (contestant *c = all; c < all + CONTESTANTS; c++)
        if (is_here(c))
            explore(c, kind, share);
    for (unsigned round = 1; round < ROUNDS; round++)
        for (contestant *c = all; c < all + CONTESTANTS; c++)
            repeat(c, kind, share, round);
}

/* ---- table, plot ---- */

static double qps_of(const contestant *c, passing kind, int share)
{
    return is_here(c) ? bench_median(c->cells[kind][share].qps, ROUNDS) : 0;
}

static double ratio(const contestant *a, const contestant *b, passing kind, int share)
{
    double ratios[ROUNDS];

    for (unsigned r = 0; r < ROUNDS; r++)
        ratios[r] = a->cells[kind][share].qps[r] / b->cells[kind][share].qps[r];
    return bench_median(ratios, ROUNDS);
}

static int is_right(const cell *c)
{
    return recall_of(c) >= ENOUGH && c->least == K;
}

static void print_cell(FILE *out, const contestant *c, passing kind, int share)
{
    const cell *of = &c->cells[kind][share];

    if (!is_here(c)) {
        fputs(" - |", out);
        return;
    }
    fprintf(out, " %.0f (%.3f", qps_of(c, kind, share), recall_of(of));
    if (of->least < K)
        fprintf(out, ", **%.1f rows**", of->rows);
    fputs(") |", out);
}

static void print_table(FILE *out)
{
    fprintf(out, "%u vectors of %u dimensions, %u queries of each kind.\n\n| What passes | of all |", rows.count,
            rows.dimensions, query_count);
    for (const contestant *c = all; c < all + CONTESTANTS; c++)
        fprintf(out, " %s |", c->label);
    fputs(" times hnswlib's |\n|---|---|---|", out);
    for (int i = 0; i < CONTESTANTS; i++)
        fputs("---|", out);
    fputc('\n', out);
    for (passing kind = ANYWHERE; kind < KINDS; kind++)
        for (int share = 0; share < SHARES; share++) {
            fprintf(out, "| %s | %g %% |", kind_names[kind], shares[share] * 100);
            for (const contestant *c = all; c < all + CONTESTANTS; c++)
                print_cell(out, c, kind, share);
            if (is_here(&all[2]))
                fprintf(out, " %.1f |\n", ratio(ours, &all[2], kind, share));
            else
                fputs(" - |\n", out);
        }
    for (const contestant *c = all; c < all + CONTESTANTS; c++)
        if (!is_here(c))
            fprintf(out, "\n%s is left out: %s\n", c->label, c->engine->trouble);
}

static void write_plot(FILE *out)
{
    static filtered_line lines[CONTESTANTS];
    char title[128];
    size_t count = 0;

    for (const contestant *c = all; c < all + CONTESTANTS; c++) {
        filtered_line *line = &lines[count];

        if (!is_here(c))
            continue;
        *line = (filtered_line){.label = c->label, .color = c->color, .is_own = c == ours};
        for (passing kind = ANYWHERE; kind < KINDS; kind++)
            for (int share = 0; share < SHARES; share++) {
                line->qps[kind][share] = qps_of(c, kind, share);
                line->is_right[kind][share] = is_right(&c->cells[kind][share]);
            }
        count++;
    }
    snprintf(title, sizeof title,
             "Filters, %u vectors of %u dimensions (empty circles: recall below 0.95, or fewer than %d rows)",
             rows.count, rows.dimensions, K);
    vector_filtered_plot(out, title, panels, shares, lines, count);
}

static void write_outputs(void)
{
    char path[4096];

    print_table(stdout);
    printf("\nLooked at by ours, in the middle:");
    for (passing kind = ANYWHERE; kind < KINDS; kind++)
        for (int share = 0; share < SHARES; share++)
            printf(" %s %g %%: %.0f;", kind_names[kind], shares[share] * 100, all[0].cells[kind][share].looked);
    putchar('\n');
    if (!plots)
        return;
    snprintf(path, sizeof path, "%s/vector-filtered.svg", plots);
    bench_write_to(path, write_plot);
    snprintf(path, sizeof path, "%s/vector-filtered.md", plots);
    bench_write_to(path, print_table);
}

/* ---- figures ---- */

static char *name_of(const char *format, ...)
{
    static char names[CONTESTANTS * (1 + KINDS * SHARES)][80]; /* a figure keeps its name as it is given */
    static size_t named;
    char *name = names[named++];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(name, sizeof names[0], format, arguments);
    va_end(arguments);
    return name;
}

static void report_ratios(const contestant *rival)
{
    double least = INFINITY;

    for (passing kind = ANYWHERE; kind < KINDS; kind++)
        for (int share = 0; share < SHARES; share++) {
            least = fmin(least, ratio(ours, rival, kind, share));
            if (rival->is == HNSWLIB)
                bench_figure(name_of("filtered_qps_vs_hnswlib_%s_%g", kind_names[kind], shares[share] * 100),
                             ratio(ours, rival, kind, share), "times");
        }
    bench_figure(name_of("filtered_least_qps_vs_%s", rival->figure), least, "times");
}

static void report(void)
{
    double least = 1;

    for (passing kind = ANYWHERE; kind < KINDS; kind++)
        for (int share = 0; share < SHARES; share++) {
            const cell *c = &all[0].cells[kind][share];

            least = fmin(least, recall_of(c));
            if (c->least < K)
                bench_fail("a search with a filter gave %u of %d", c->least, K);
        }
    bench_method("Recall: ours with the width it chose. Ratios: everybody with the narrowest of 10 to 640 that finds "
                 "0.95, or the "
                 "one that finds the most. One thread; the median of the rounds' ratios.");
    bench_figure("filtered_min_recall", least, "of 1");
    for (const contestant *c = all + 2; c < all + CONTESTANTS; c++)
        if (is_here(c))
            report_ratios(c);
}

int main(int argc, char **argv)
{
    const char *limit = NULL;
    const bench_option options[] = {{"--data", &base, NULL},   {"--limit", &limit, NULL},
                                    {"--peers", &peers, NULL}, {"--postgres", &postgres, NULL},
                                    {"--plots", &plots, NULL}, {NULL, NULL, NULL}};
    /* So many that graphs are worth it, and so few that all three build theirs in less than a minute. */
    uint32_t count = 30000;

    if (bench_arguments(argc, argv,
                        "--data BASE --peers FOLDER [--postgres CONNECTION] [--plots FOLDER] [--limit ROWS]", options,
                        &output)) {
        query_count = 20;
        at_least = 4;
        longest = 0.03;
        count = 5000;
    }
    if (!base)
        bench_fail("--data BASE: the files BASE.fbin and BASE.q.fbin");
    rows = vectors_read(base, ".fbin", limit ? (uint32_t)strtoul(limit, NULL, 10) : count);
    queries = vectors_read(base, ".q.fbin", 0);
    if (queries.count < query_count)
        query_count = queries.count;
    ranks[0] = rank(&rows, NULL);
    ranks[1] = rank(&rows, queries.values);
    order_queries();
    bars = vectors_need(query_count, sizeof *bars);
    write_files();
    build(&own, "TripSage", "bench_vector_own", "compact");
    build(&hnswlib, "hnswlib", "bench_vector_hnswlib_new", "-");
    build(&pgvector, "pgvector", "bench_vector_pgvector", postgres);
    if (!is_here(&all[0]))
        bench_fail("%s", own.trouble);
    for (passing kind = ANYWHERE; kind < KINDS; kind++)
        for (int share = 0; share < SHARES; share++)
            measure(kind, share);
    write_outputs();
    report();
    vector_engine_stop(&own);
    vector_engine_stop(&hnswlib);
    vector_engine_stop(&pgvector);
    bench_write("vector-filtered", output);
    return 0;
}
