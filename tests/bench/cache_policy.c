/* bench_cache_policy: how many of a cache's requests are misses, by the cache's own policy and by others, over workloads and sizes.
 *
 * The policy that is measured is the library's own code, called as the cache calls it. Everything but the two times is the same in each
 * run. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "cache/memory/policy.h"
#include "cache_traces.h"

/* How long traces are; --quick only shows that everything runs. */
static struct {
    size_t requests;
    unsigned rounds;
} scale = {1200000, 11};

static cache_rival play_own;

/* The last, who knows the future, is no rival. */
static const struct {
    const char *name, *color;
    cache_rival *play;
} policies[] = {
    {"LRU", "#9e9e9e", cache_lru},
    {"SIEVE", "#2e7d32", cache_sieve},
    {"S3-FIFO", "#f9a825", cache_s3fifo},
    {"ARC", "#6a1b9a", cache_arc},
    {"LIRS", "#0277bd", cache_lirs},
    {"W-TinyLFU 1 %", "#ef6c00", cache_wtinylfu},
    {"W-TinyLFU climbing", "#8d6e63", cache_wtinylfu_climb},
    {"TripSage", "#d50000", play_own},
    {"Belady", "#000000", cache_belady},
};

enum { POLICIES = sizeof policies / sizeof *policies, BELADY = POLICIES - 1, OWN = POLICIES - 2, RIVALS = OWN };

/* ---- the library's policy ---- */

static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

typedef struct own {
    tripsage__policy *policy;
    tripsage__policy_part part;
    tripsage__policy_node *nodes; /* by key */
    unsigned char *here;
    uint32_t capacity;
} own;

static void open_own(own *o, uint32_t universe, uint32_t capacity)
{
    o->policy = tripsage__policy_new(UINT64_MAX, capacity, 1);
    o->nodes = calloc(universe, sizeof *o->nodes);
    o->here = calloc(universe, 1);
    o->capacity = capacity;
    if (!o->policy || !o->nodes || !o->here)
        bench_fail("no memory");
    tripsage__policy_part_init(&o->part, o->policy);
}

static void close_own(own *o)
{
    tripsage__policy_part_close(&o->part);
    tripsage__policy_free(o->policy);
    free(o->nodes);
    free(o->here);
}

/* 1 for a miss. */
static int ask_own(own *o, uint32_t key)
{
    uint64_t hash = mix(key);

    if (o->here[key]) {
        tripsage__policy_hit(o->policy, &o->nodes[key], hash);
        return 0;
    }
    if (tripsage__policy_part_wants(&o->part) && !tripsage__policy_part_grow(&o->part))
        bench_fail("no memory");
    if (o->part.count == o->capacity) {
        tripsage__policy_node *victim = tripsage__policy_victim(&o->part, NULL);

        uint32_t gone = (uint32_t)(victim - o->nodes);

        tripsage__policy_evict(&o->part, victim, mix(gone));
        o->here[gone] = 0;
    }
    tripsage__policy_insert(&o->part, &o->nodes[key], hash);
    o->here[key] = 1;
    return 1;
}

static uint64_t play_own(const cache_trace *trace, uint32_t capacity)
{
    uint64_t misses = 0;
    own o;

    open_own(&o, trace->universe, capacity);
    for (size_t i = 0; i < trace->length; i++)
        misses += (uint64_t)ask_own(&o, trace->keys[i]);
    close_own(&o);
    return misses;
}

/* ---- the cells: a workload and a size ---- */

typedef struct cell {
    const char *workload;
    double percent;
    uint32_t entries;
    double miss[POLICIES]; /* of the requests */
    double regret;         /* percent of the best rival's misses */
    unsigned best;
} cell;

#define CELLS_MAX 64u

static cell cells[CELLS_MAX];
static size_t cell_count;

static void measure_cell(const cache_trace *trace, double percent)
{
    cell *c = &cells[cell_count++];

    c->workload = trace->name;
    c->percent = percent;
    c->entries = (uint32_t)lround(trace->footprint * percent / 100);
    if (c->entries < 2)
        c->entries = 2;
    for (unsigned i = 0; i < POLICIES; i++)
        c->miss[i] = (double)policies[i].play(trace, c->entries) / (double)trace->length;
    for (unsigned i = 1; i < RIVALS; i++)
        if (c->miss[i] < c->miss[c->best])
            c->best = i;
    c->regret = c->miss[OWN] > c->miss[c->best] ? (c->miss[OWN] / c->miss[c->best] - 1) * 100 : 0;
}

static void measure_cells(void)
{
    if (cache_workload_count * CACHE_SIZES > CELLS_MAX)
        bench_fail("more than %u cells", CELLS_MAX);
    for (size_t i = 0; i < cache_workload_count; i++) {
        cache_trace trace = cache_make_trace(&cache_workloads[i], scale.requests);

        bench_progress("%s: %zu requests for %u keys", trace.name, trace.length, trace.footprint);
        for (unsigned k = 0; k < CACHE_SIZES; k++)
            measure_cell(&trace, cache_workloads[i].sizes[k]);
        cache_free_trace(&trace);
    }
}

/* ---- reports ---- */

static void write_table(FILE *out)
{
    fputs("| workload | size | entries |", out);
    for (unsigned i = 0; i < POLICIES; i++)
        fprintf(out, " %s |", policies[i].name);
    fputs(" regret |\n|---|---|---|", out);
    for (unsigned i = 0; i <= POLICIES; i++)
        fputs("---|", out);
    for (const cell *c = cells; c < cells + cell_count; c++) {
        fprintf(out, "\n| %s | %g %% | %u |", c->workload, c->percent, c->entries);
        for (unsigned i = 0; i < POLICIES; i++)
            fprintf(out, c->best == i ? " **%.2f** |" : " %.2f |", (1 - c->miss[i]) * 100);
        fprintf(out, " %.2f |", c->regret);
    }
    fputc('\n', out);
}

#define PANEL_WIDTH  250
#define PANEL_HEIGHT 200
#define PANELS       4 /* beside each other */
#define INNER        40

/* Where a cell's point is: sizes at equal distances, since they grow by factors. */
static double x_of(size_t index)
{
    return (double)(index / CACHE_SIZES % PANELS * PANEL_WIDTH) + INNER +
           (double)(index % CACHE_SIZES) * (PANEL_WIDTH - INNER - 20) / (CACHE_SIZES - 1);
}

static double y_of(size_t index, double hits)
{
    return (double)(index / CACHE_SIZES / PANELS * PANEL_HEIGHT) + 30 + (1 - hits) * (PANEL_HEIGHT - 60);
}

static void plot_panel(FILE *out, size_t first)
{
    double left = x_of(first), right = x_of(first + CACHE_SIZES - 1);

    fprintf(out, "<text x=\"%.0f\" y=\"%.0f\" font-weight=\"bold\">%s</text>\n", left, y_of(first, 1) - 10,
            cells[first].workload);
    for (int tick = 0; tick <= 100; tick += 25) {
        double y = y_of(first, tick / 100.0);

        fprintf(out,
                "<path d=\"M%.0f %.1fH%.0f\" stroke=\"#e0e0e0\"/><text x=\"%.0f\" y=\"%.1f\" "
                "text-anchor=\"end\">%d</text>\n",
                left, y, right, left - 5, y + 4, tick);
    }
    for (size_t i = first; i < first + CACHE_SIZES; i++)
        fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%g</text>\n", x_of(i), y_of(i, 0) + 15,
                cells[i].percent);
    for (unsigned p = 0; p < POLICIES; p++) {
        fprintf(out, "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"%s\"%s points=\"", policies[p].color,
                p == OWN ? "2.5" : "1.2", p == BELADY ? " stroke-dasharray=\"3 3\"" : "");
        for (size_t i = first; i < first + CACHE_SIZES; i++)
            fprintf(out, " %.1f,%.1f", x_of(i), y_of(i, 1 - cells[i].miss[p]));
        fputs("\"/>\n", out);
    }
}

static void plot_legend(FILE *out)
{
    double left = x_of(cell_count), top = y_of(cell_count, 1);

    for (unsigned p = 0; p < POLICIES; p++)
        fprintf(
            out,
            "<path d=\"M%.0f %.0fh24\" stroke=\"%s\" stroke-width=\"%s\"%s/><text x=\"%.0f\" y=\"%.0f\">%s</text>\n",
            left, top + 16 * p, policies[p].color, p == OWN ? "2.5" : "1.2",
            p == BELADY ? " stroke-dasharray=\"3 3\"" : "", left + 30, top + 16 * p + 4, policies[p].name);
    fprintf(out, "<text x=\"%.0f\" y=\"%.0f\" fill=\"#616161\">hits, %% of requests, by size, %% of keys</text>\n",
            left, top + 16 * POLICIES + 6);
}

static void write_plot(FILE *out)
{
    size_t rows = cell_count / CACHE_SIZES / PANELS + 1;

    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%zu\" font-family=\"sans-serif\" "
            "font-size=\"11\">\n"
            "<title>Hits in percent of the requests, by the cache's size in percent of the keys</title>\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
            PANELS * PANEL_WIDTH, rows * PANEL_HEIGHT + 10);
    for (size_t i = 0; i < cell_count; i += CACHE_SIZES)
        plot_panel(out, i);
    plot_legend(out);
    fputs("</svg>\n", out);
}

static void report_regret(void)
{
    double sum = 0, most = 0;

    for (const cell *c = cells; c < cells + cell_count; c++) {
        sum += c->regret;
        most = c->regret > most ? c->regret : most;
    }
    bench_method("Hits in percent of the requests; bold: the best of those that do not know the future. Regret: by how "
                 "many percent of that one's "
                 "misses the cache's own policy misses more; 0 where it misses less.");
    write_table(stdout);
    bench_figure("max_regret_percent", most, "%");
    bench_figure("mean_regret_percent", sum / (double)cell_count, "%");
}

/* ---- what it costs ---- */

/* Nanoseconds for one request of a trace that only hits or, with twice as many keys as entries, only misses. */
static double time_own(uint32_t entries, uint32_t keys)
{
    double times[64];
    own o;

    open_own(&o, keys, entries);
    for (uint32_t i = 0; i < 2 * keys; i++)
        ask_own(&o, i % keys);
    for (unsigned round = 0; round < scale.rounds; round++) {
        double start = bench_now();

        for (uint32_t i = 0; i < keys; i++)
            ask_own(&o, i);
        times[round] = (bench_now() - start) / keys * 1e9;
    }
    close_own(&o);
    return bench_median(times, scale.rounds);
}

static void report_cost(void)
{
    enum { LARGE = 100000, SMALL = 500 };
    own o;

    bench_method("policy_*_ns: a request, one thread, 100,000 entries in order; small: 500 entries, each of which is "
                 "in the simulations. "
                 "policy_bytes_per_entry: node, ghosts and simulations, 100,000 entries.");
    bench_figure("policy_hit_ns", time_own(LARGE, LARGE), "ns");
    bench_figure("policy_evict_ns", time_own(LARGE, 100 * LARGE), "ns");
    bench_figure("policy_small_hit_ns", time_own(SMALL, SMALL), "ns");
    open_own(&o, 2 * LARGE, LARGE);
    for (uint32_t i = 0; i < 2 * LARGE; i++)
        ask_own(&o, i);
    bench_figure(
        "policy_bytes_per_entry",
        (double)(LARGE * sizeof *o.nodes + tripsage__policy_part_bytes(&o.part) + tripsage__policy_bytes(o.policy)) /
            LARGE,
        "bytes");
    close_own(&o);
}

int main(int argc, char **argv)
{
    const char *output = NULL, *table = NULL, *plot = NULL;
    const bench_option options[] = {{"--table", &table, NULL}, {"--plot", &plot, NULL}, {NULL, NULL, NULL}};

    if (bench_arguments(argc, argv,
                        "bench_cache_policy [--quick] [--table PATH.md] [--plot PATH.svg] [PATH]\n"
                        "Plays traces through eviction policies. PATH: build/bench/cache-policy.json unless said.\n",
                        options, &output)) {
        scale.requests = 30000;
        scale.rounds = 1;
    }
    if (!output) {
        output = "build/bench/cache-policy.json";
        bench_make_folder();
    }
    measure_cells();
    report_regret();
    report_cost();
    bench_write_to(table, write_table);
    bench_write_to(plot, write_plot);
    bench_write("cache", output);
    return EXIT_SUCCESS;
}
