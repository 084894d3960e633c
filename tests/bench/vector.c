/* bench_vector: search by vectors beside others that do it: how fast at what recall, how long a build takes, and how much memory it
 * needs.
 *
 * tests/bench/vector.sh gets the data and the others, and starts this. Engines run as processes beside each other (vector_engine.h),
 * all of a set at once, and are asked in turn: each width of each engine, round by round, with the same queries in the same round. A
 * query's cost is the processor's time of its process, since one thread does it; only for what another process does (pgvector's
 * server) is it the clock's. What is compared is the median of the rounds' ratios at a recall of 0.95, between the two measured points
 * around it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "vector_engine.h"
#include "vector_gather.h"
#include "vector_plot.h"

/* How much is measured; --quick only shows that everything runs. */
static struct {
    unsigned rounds;
    uint32_t queries;      /* of a round */
    uint32_t slow_queries; /* of what takes a millisecond and more */
    double longest;        /* seconds a width may take; no wider ones after it */
    int is_quick;
} scale = {5, 2000, 100, 8.0, 0};

enum { MAX_ROUNDS = 5, WIDTHS = 13 };
static const unsigned widths[WIDTHS] = {10, 14, 20, 28, 40, 56, 80, 112, 160, 224, 320, 448, 640};

/* Points below this say nothing of what one would use; above that, none is needed to find 0.95 and 0.98. */
#define LEAST_RECALL  0.75
#define ENOUGH_RECALL 0.985

/* ---- who takes part ---- */

/* In which sets. */
enum { IN_WORDS = 1, IN_SENTENCES = 2, IN_SMALL = 4, IN_MIDDLE = 8, IN_LARGE = 16, IN_ALL = 31, IN_REAL = 3 };

/* What an engine is. */
enum { OWN = 1, HNSWLIB = 2, SINGLE = 4, SLOW = 8, BY_CLOCK = 16, HUGE = 32 };

typedef struct engine_kind {
    const char *name, *label, *program, *kind, *color;
    unsigned sets, is;
} engine_kind;

static char pgvector_url[512], sqlite_vec_path[4096], collection_folder[4096];

/* Builds of words and of the largest set take minutes: one of a family is left out there where another is its equal or better. */
static const engine_kind kinds[] = {
    {"own", "TripSage", "bench_vector_own", "graph", "#d50000", IN_ALL, OWN},
    {"own_scan", "TripSage, exact", "bench_vector_own", "scan", "#ef9a9a", IN_ALL & ~IN_LARGE, OWN | SINGLE | SLOW},
    {"own_collection", "TripSage, a collection", "bench_vector_own", collection_folder, "#ad1457", IN_REAL,
     OWN | SINGLE | SLOW},
    {"hnswlib", "hnswlib (Debian)", "bench_vector_hnswlib", "-", "#90a4ae", IN_ALL & ~IN_LARGE, HNSWLIB},
    {"hnswlib_new", "hnswlib 0.8.0", "bench_vector_hnswlib_new", "-", "#263238", IN_ALL & ~IN_WORDS, HNSWLIB},
    {"hnswlib_huge", "hnswlib 0.8.0, huge pages", "bench_vector_hnswlib_new", "-", "#546e7a", IN_REAL, HUGE},
    {"faiss_flat", "faiss HNSW", "bench_vector_faiss", "flat", "#1565c0", IN_SENTENCES | IN_SMALL | IN_MIDDLE, 0},
    {"faiss_sq8", "faiss HNSW SQ8", "bench_vector_faiss", "sq8", "#4fc3f7", IN_SMALL, 0},
    {"faiss_exact", "faiss exact", "bench_vector_faiss", "exact", "#9fa8da", IN_ALL & ~IN_LARGE, SINGLE | SLOW},
    {"usearch_f32", "USearch f32", "bench_vector_usearch", "f32", "#2e7d32", IN_SENTENCES, 0},
    {"usearch_f16", "USearch f16", "bench_vector_usearch", "f16", "#66bb6a", IN_REAL, 0},
    {"usearch_i8", "USearch i8", "bench_vector_usearch", "i8", "#c0ca33", IN_SENTENCES, 0},
    {"sqlite_vec", "sqlite-vec", "bench_vector_sqlite_vec", sqlite_vec_path, "#8d6e63", IN_REAL | IN_SMALL,
     SINGLE | SLOW},
    {"pgvector", "pgvector HNSW", "bench_vector_pgvector", pgvector_url, "#6a1b9a", IN_REAL, BY_CLOCK | SLOW},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

typedef struct point {
    unsigned width;
    uint64_t right, asked;
    double looked; /* vectors, of each query */
    double qps[MAX_ROUNDS];
} point;

typedef struct contestant {
    const engine_kind *kind;
    vector_engine engine;
    point points[WIDTHS];
    size_t point_count;
    int is_done;  /* no wider ones */
    double alone; /* seconds of a build with one thread, of the first rows; 0: not measured */
} contestant;

typedef struct contest {
    vector_set set;
    unsigned bit;
    contestant all[KINDS];
    size_t count;
} contest;

static const char *peers = ".", *data = ".", *output = "build/bench/vector.json", *plots = NULL;

/* ---- points ---- */

static double recall_of(const point *p)
{
    return (double)p->right / (double)p->asked / VECTOR_K;
}

static double qps_of(const point *p)
{
    return bench_median(p->qps, scale.rounds);
}

static double speed_in(const point *p, int round)
{
    return round < 0 ? qps_of(p) : p->qps[round];
}

/* Queries in a second at a recall, in one round, or, for round -1, as the median has them; along the line between the points around it
 * (of the speed's logarithm). Where the first point is above it, that one's; 0 where none is. */
static double qps_at(const contestant *c, double recall, int round)
{
    for (size_t i = 0; i < c->point_count; i++) {
        const point *here = &c->points[i], *before = here - 1;
        double share;

        if (recall_of(here) < recall)
            continue;
        if (i == 0 || recall_of(before) >= recall_of(here))
            return speed_in(here, round);
        share = (recall - recall_of(before)) / (recall_of(here) - recall_of(before));
        return exp(log(speed_in(before, round)) * (1 - share) + log(speed_in(here, round)) * share);
    }
    return 0;
}

static double looked_at(const contestant *c, double recall)
{
    for (size_t i = 0; i < c->point_count; i++)
        if (recall_of(&c->points[i]) >= recall)
            return c->points[i].looked;
    return 0;
}

/* ---- a round ---- */

/* 0: the engine has failed. */
static int ask(const vector_set *set, contestant *c, point *p, unsigned round)
{
    static uint32_t ids[10000 * VECTOR_K];
    uint32_t share = set->query_count / scale.rounds, count = c->kind->is & SLOW ? scale.slow_queries : scale.queries;
    uint32_t first = round * share;
    vector_run run;
    double seconds;

    count = count < share ? count : share;
    if (!vector_engine_search(&c->engine, &run, p->width, first, count, ids))
        return 0;
    for (uint32_t q = 0; q < count; q++)
        p->right += vector_set_right(set, first + q, ids + (size_t)q * VECTOR_K);
    p->asked += count;
    p->looked = run.looked / count;
    seconds = c->kind->is & BY_CLOCK ? run.wall : run.cpu;
    p->qps[round] = count / seconds;
    c->is_done |= run.wall > scale.longest || c->kind->is & SINGLE;
    return 1;
}

/* The first round finds which widths are worth measuring. */
static void explore(contest *t)
{
    for (size_t w = 0; w < WIDTHS; w++) {
        bench_progress("%s: round 1 of %u, width %u", t->set.name, scale.rounds, widths[w]);
        for (contestant *c = t->all; c < t->all + t->count; c++) {
            point *p = &c->points[c->point_count];

            if (c->engine.trouble[0] || c->is_done)
                continue;
            *p = (point){.width = widths[w]};
            if (!ask(&t->set, c, p, 0))
                continue;
            c->is_done |= recall_of(p) >= ENOUGH_RECALL;
            if (recall_of(p) >= LEAST_RECALL || c->is_done)
                c->point_count++;
        }
    }
}

static void repeat(contest *t, unsigned round)
{
    bench_progress("%s: round %u of %u", t->set.name, round + 1, scale.rounds);
    for (size_t i = 0; i < WIDTHS; i++)
        for (contestant *c = t->all; c < t->all + t->count; c++)
            if (!c->engine.trouble[0] && i < c->point_count)
                ask(&t->set, c, &c->points[i], round);
}

/* ---- builds ---- */

static void base_of(char out[4096], const vector_set *set)
{
    snprintf(out, 4096, "%s/%s", data, set->name);
}

/* glibc's malloc asks for them then, as ours does itself. */
static const char huge_pages[] = "glibc.malloc.hugetlb=1";

static int start(const vector_set *set, vector_engine *engine, const engine_kind *kind, uint32_t limit)
{
    char program[4096], base[4096];

    snprintf(program, sizeof program, "%s/%s", peers, kind->program);
    base_of(base, set);
    return vector_engine_start(engine, program, kind->kind, base, set->is_cosine, limit,
                               kind->is & HUGE ? huge_pages : NULL);
}

static void build_all(contest *t)
{
    for (const engine_kind *kind = kinds; kind < kinds + KINDS; kind++) {
        contestant *c = &t->all[t->count];

        if (!(kind->sets & t->bit))
            continue;
        memset(c, 0, sizeof *c);
        c->kind = kind;
        t->count++;
        bench_progress("%s: %s builds its index", t->set.name, kind->label);
        if (start(&t->set, &c->engine, kind, 0) && vector_engine_build(&c->engine, 2))
            bench_progress("    %.1f s (processors' time %.1f s)", c->engine.build_wall, c->engine.build_cpu);
        else
            bench_progress("    left out: %s", c->engine.trouble);
    }
}

enum { ALONE_ROWS = 20000 };

/* With one thread, on the first rows only: a slow engine takes minutes for all of them. */
static void build_alone(contest *t)
{
    for (contestant *c = t->all; c < t->all + t->count; c++) {
        vector_engine engine;

        if (c->engine.trouble[0] || c->kind->is & SINGLE || (t->bit & IN_REAL) == 0 || scale.is_quick)
            continue;
        bench_progress("%s: %s builds one of %d with one thread", t->set.name, c->kind->label, ALONE_ROWS);
        if (start(&t->set, &engine, c->kind, ALONE_ROWS) && vector_engine_build(&engine, 1))
            c->alone = c->kind->is & BY_CLOCK ? engine.build_wall : engine.build_cpu;
        vector_engine_stop(&engine);
    }
}

/* ---- tables ---- */

static void print_qps(FILE *out, double qps)
{
    if (qps > 0)
        fprintf(out, " %.0f |", qps);
    else
        fputs(" - |", out);
}

static void print_row(FILE *out, const contest *t, const contestant *c)
{
    const point *last = &c->points[c->point_count - 1];
    uint32_t alone = t->set.count < ALONE_ROWS ? t->set.count : ALONE_ROWS;

    fprintf(out, "| %s |", c->kind->label);
    if (c->engine.trouble[0] || c->point_count == 0) {
        fprintf(out, " left out: %s | | | | | | | |\n",
                c->engine.trouble[0] ? c->engine.trouble : "it found next to nothing");
        return;
    }
    print_qps(out, qps_at(c, 0.90, -1));
    print_qps(out, qps_at(c, 0.95, -1));
    print_qps(out, qps_at(c, 0.98, -1));
    fprintf(out, " %.3f |", recall_of(last));
    fprintf(out, " %.1f |", c->engine.build_wall);
    if (c->alone > 0)
        fprintf(out, " %.0f |", alone / c->alone);
    else
        fputs(" - |", out);
    if (c->kind->is & BY_CLOCK) /* what its process has says nothing of the server's */
        fputs(" - |", out);
    else
        fprintf(out, " %.0f |", c->engine.resident / t->set.count);
    if (c->engine.own > 0)
        fprintf(out, " %.0f |\n", c->engine.own / t->set.count);
    else
        fputs(" - |\n", out);
}

static const contest *printed;

static void print_table(FILE *out)
{
    fprintf(out,
            "%s: %u vectors of %u dimensions.\n\n"
            "| Engine | QPS at 0.90 | at 0.95 | at 0.98 | best recall | build, 2 threads, s | vectors/s, 1 thread | "
            "bytes a "
            "vector, resident | by its own word |\n|---|---|---|---|---|---|---|---|---|\n",
            printed->set.label, printed->set.count, printed->set.dimensions);
    for (const contestant *c = printed->all; c < printed->all + printed->count; c++)
        print_row(out, printed, c);
}

static void print_curves(FILE *out)
{
    fprintf(out, "\n%s, every width:", printed->set.name);
    for (const contestant *c = printed->all; c < printed->all + printed->count; c++) {
        fprintf(out, "\n  %-22s", c->kind->label);
        for (size_t i = 0; i < c->point_count; i++)
            fprintf(out, " %u: %.0f (%.3f)", c->points[i].width, qps_of(&c->points[i]), recall_of(&c->points[i]));
    }
    fputc('\n', out);
}

static void write_plot(FILE *out)
{
    static plot_line lines[KINDS];
    char title[256];
    size_t count = 0;

    for (const contestant *c = printed->all; c < printed->all + printed->count; c++) {
        plot_line *line = &lines[count];

        if (c->point_count == 0 || c->engine.trouble[0])
            continue;
        *line = (plot_line){
            .label = c->kind->label, .color = c->kind->color, .is_own = c->kind->is & OWN && !(c->kind->is & SINGLE)};
        line->count = c->point_count;
        for (size_t i = 0; i < c->point_count; i++) {
            line->recall[i] = recall_of(&c->points[i]);
            line->qps[i] = qps_of(&c->points[i]);
        }
        count++;
    }
    snprintf(title, sizeof title, "%s: %u vectors of %u dimensions", printed->set.label, printed->set.count,
             printed->set.dimensions);
    vector_plot(out, title, lines, count);
}

static void write_files(const contest *t)
{
    char path[4096];

    printed = t;
    print_table(stdout);
    print_curves(stdout);
    fflush(stdout);
    if (!plots)
        return;
    snprintf(path, sizeof path, "%s/vector-%s.svg", plots, t->set.name);
    bench_write_to(path, write_plot);
    snprintf(path, sizeof path, "%s/vector-%s.md", plots, t->set.name);
    bench_write_to(path, print_table);
}

/* ---- figures ---- */

static void figure(const char *name, const char *set, double value, const char *unit)
{
    char whole[128];
    char *kept;

    snprintf(whole, sizeof whole, "%s_%s", name, set);
    kept = strdup(whole);
    if (!kept)
        bench_fail("no memory");
    bench_figure(kept, value, unit); /* it keeps the name as long as this program runs */
}

static int is_here(const contestant *c)
{
    return c->engine.trouble[0] == '\0' && c->point_count > 0;
}

static const contestant *find(const contest *t, const char *name)
{
    for (const contestant *c = t->all; c < t->all + t->count; c++)
        if (strcmp(c->kind->name, name) == 0 && is_here(c))
            return c;
    return NULL;
}

/* The fastest of the engines at 0.95 that are of these kinds (`is`), or of none of those (`is_not`). */
static const contestant *fastest(const contest *t, unsigned is, unsigned is_not)
{
    const contestant *best = NULL;

    for (const contestant *c = t->all; c < t->all + t->count; c++)
        if (is_here(c) && (is == 0 || c->kind->is & is) && !(c->kind->is & is_not) && qps_at(c, 0.95, -1) > 0 &&
            (!best || qps_at(c, 0.95, -1) > qps_at(best, 0.95, -1)))
            best = c;
    return best;
}

/* 0: one of the two does not get there. */
static double ratio_at(const contestant *a, const contestant *b, double recall)
{
    double ratios[MAX_ROUNDS];

    if (!a || !b || qps_at(b, recall, -1) <= 0)
        return 0;
    for (unsigned r = 0; r < scale.rounds; r++)
        ratios[r] = qps_at(a, recall, (int)r) / qps_at(b, recall, (int)r);
    return bench_median(ratios, scale.rounds);
}

static double slowest_build, largest_memory; /* of all sets, beside hnswlib's */

static void report_speed(const contest *t, const contestant *own)
{
    const contestant *rival = fastest(t, HNSWLIB, 0), *best = fastest(t, 0, OWN);
    const char *set = t->set.name;

    if (!rival || !best)
        return;
    figure("qps_at_095_hnswlib", set, qps_at(rival, 0.95, -1), "queries/s");
    figure("qps_at_095", set, qps_at(own, 0.95, -1), "queries/s");
    figure("qps_vs_hnswlib", set, ratio_at(own, rival, 0.95), "times");
    figure("qps_vs_hnswlib_0963", set, ratio_at(own, rival, 0.963),
           "times"); /* where SymphonyQG had 4.7 of sentences */
    figure("qps_vs_hnswlib_098", set, ratio_at(own, rival, 0.98), "times");
    figure("qps_vs_best_other", set, ratio_at(own, best, 0.95), "times");
    figure("build_time_vs_hnswlib", set, own->engine.build_wall / rival->engine.build_wall, "times");
    figure("build_processor_vs_hnswlib", set, own->engine.build_cpu / rival->engine.build_cpu, "times");
    figure("memory_vs_hnswlib", set, own->engine.resident / rival->engine.resident, "times");
    figure("memory_by_formula_vs_hnswlib", set, own->engine.own / rival->engine.own, "times");
    figure("bytes_per_vector", set, own->engine.resident / t->set.count, "bytes");
    slowest_build = fmax(slowest_build, own->engine.build_wall / rival->engine.build_wall);
    largest_memory = fmax(largest_memory, own->engine.resident / rival->engine.resident);
    printf("  (hnswlib: the faster of its versions, %s; best other: %s; %s)\n", rival->kind->label, best->kind->label,
           own->engine.note);
}

/* How far from what memory allows: the cache line of each vector that a query looks at, fetched once from where nobody has been for long. */
static void report_limit(const contest *t, const contestant *own)
{
    const char *set = t->set.name;
    double gather, took, least;

    if (looked_at(own, 0.95) <= 0)
        return;
    gather = vector_gather(64, t->set.count, 1);
    took = 1e9 / qps_at(own, 0.95, -1);
    least = looked_at(own, 0.95) * gather;
    printf("  (a cache line of each: %.1f ns in huge pages, %.1f ns in common ones)\n", gather,
           vector_gather(64, t->set.count, 0));
    figure("looked_at", set, looked_at(own, 0.95), "vectors");
    figure("limit_gather", set, gather, "ns");
    figure("time_vs_limit", set, took / least, "times");
}

static void report(const contest *t)
{
    const contestant *own = find(t, "own");

    bench_method("At a recall of 0.95 of the 10 nearest, one thread; the median of the rounds' ratios. Builds with 2 "
                 "threads. The limit: a cache line of all that a "
                 "query looks at, fetched from memory in no order, known 16 steps ahead, and nothing else done.");
    if (!own)
        return;
    report_speed(t, own);
    report_limit(t, own);
}

/* ---- all ---- */

static void hold(const char *name, const char *label, int is_cosine, unsigned bit)
{
    static contest t;

    memset(&t, 0, sizeof t);
    t.set = (vector_set){.name = name, .label = label, .is_cosine = is_cosine};
    t.bit = bit;
    if (!vector_set_open(&t.set, data)) {
        printf("\n%s: left out, there is no %s/%s.fbin\n", label, data, name);
        return;
    }
    build_all(&t);
    explore(&t);
    for (unsigned round = 1; round < scale.rounds; round++)
        repeat(&t, round);
    for (contestant *c = t.all; c < t.all + t.count; c++)
        vector_engine_stop(&c->engine);
    build_alone(&t);
    putchar('\n');
    write_files(&t);
    report(&t);
    vector_set_close(&t.set);
}

static void report_memory_speed(void)
{
    static const size_t sizes[] = {64, 128, 448, 1024};

    bench_method("The limit of memory: a record fetched in no order, known 16 steps ahead, of 1,000,000; huge pages.");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char name[16];

        snprintf(name, sizeof name, "%zu", sizes[i]);
        figure("gather_ns", name, vector_gather(sizes[i], 1000000, 1), "ns");
    }
}

int main(int argc, char **argv)
{
    const char *only = NULL, *postgres = "";
    const bench_option options[] = {{"--peers", &peers, NULL},       {"--data", &data, NULL},
                                    {"--plots", &plots, NULL},       {"--only", &only, NULL},
                                    {"--postgres", &postgres, NULL}, {NULL, NULL, NULL}};
    static const struct {
        const char *name, *label;
        int is_cosine;
        unsigned bit;
        int is_quick, is_full;
    } sets[] = {{"words20k", "The 20,000 most frequent words (cosine)", 1, IN_WORDS, 1, 0},
                {"words", "Words (cosine)", 1, IN_WORDS, 0, 1},
                {"sentences", "Sentences (cosine)", 1, IN_SENTENCES, 0, 1},
                {"sift10k", "As SIFT (L2)", 0, IN_SMALL, 1, 1},
                {"sift100k", "As SIFT (L2)", 0, IN_MIDDLE, 0, 1},
                {"sift1m", "As SIFT (L2)", 0, IN_LARGE, 0, 1}};

    scale.is_quick =
        bench_arguments(argc, argv,
                        "bench_vector [--quick] --data FOLDER --peers FOLDER [--postgres CONNECTION] [--plots FOLDER] "
                        "[--only SET] [PATH]\nStarted by tests/bench/vector.sh, which gets the data and the engines.\n",
                        options, &output);
    if (scale.is_quick) {
        scale.rounds = 3;
        scale.queries = 300;
        scale.slow_queries = 30;
    }
    snprintf(pgvector_url, sizeof pgvector_url, "%s", postgres);
    snprintf(sqlite_vec_path, sizeof sqlite_vec_path, "%s/vec0.so", peers);
    snprintf(collection_folder, sizeof collection_folder, "collection:%s", peers);
    bench_make_folder();
    report_memory_speed();
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
        if (only ? strcmp(only, sets[i].name) == 0 : scale.is_quick ? sets[i].is_quick : sets[i].is_full) {
            hold(sets[i].name, sets[i].label, sets[i].is_cosine, sets[i].bit);
            bench_write("vector", output); /* so that it stays when the run is stopped */
        }
    if (largest_memory > 0) {
        puts("\nOf the sets that were measured, the one that is worst for ours:");
        bench_figure("build_time_vs_hnswlib", slowest_build, "times");
        bench_figure("memory_vs_hnswlib", largest_memory, "times");
        bench_write("vector", output);
    }
    return 0;
}
