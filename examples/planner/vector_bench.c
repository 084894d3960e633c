/* vector_bench.c: `tripsage vector bench`: an index by itself (tripsage/index.h) over a file of vectors, asked by a file of queries: how many of the
 * nearest it finds, how fast, and what it takes. One thread asks. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <tripsage/index.h>

#include "vector.h"

const option bench_options[] = {
    {"queries", "FILE", "vectors to ask for"},
    {"truth", "FILE", "the numbers of each query's nearest: ibin, ivecs, npy (looked for before, one by one)"},
    {"format", "NAME", "of FILE and --queries, when their names do not end so"},
    {"metric", "NAME", "cosine, inner_product or l2 (cosine)"},
    {"k", "N", "how many to find (10)"},
    {"count", "N", "at most so many queries (all; 100 without --truth)"},
    {"width", "LIST",
     "candidates kept on the way, one row of the table for each; 0: the library's choice (16,32,64,128,256)"},
    {"threads", "N", "that build (one for each processor)"},
    {"degree", "N", "edges of a node, 8 to 128 (chosen from the data)"},
    {"bits", "N", "of a code, 4 or 8 a dimension (chosen from the data)"},
    {"build-width", "N", "candidates looked at for a new node (200)"},
    {"seed", "N", "of all that is by chance (0)"},
    {NULL, NULL, NULL},
};

enum { WIDTHS_MAX = 32, QUERIES_WITHOUT_TRUTH = 100 };

typedef struct numbers {
    float *values; /* of all records, one after the other */
    size_t count, dimensions;
} numbers;

typedef struct bench {
    planner *p;
    const arguments *given;
    tripsage_index_options options;
    unsigned threads;
    uint32_t k, widths[WIDTHS_MAX];
    size_t width_count;
    numbers items, queries;
    int64_t *truth; /* k of each query */
    tripsage_index *index;
    double build_seconds;
    progress bar;
    char phase[32];
    table rows; /* for people; or */
    text json;  /* for programs */
} bench;

static void *taken(size_t count, size_t size)
{
    void *block = calloc(count ? count : 1, size);
    if (!block)
        give_up("out of memory");
    return block;
}

/* ---- the command line ---- */

static int read_small_unsigned(const arguments *given, const char *name, uint32_t *out)
{
    long long value = *out;
    int code = read_int(given, name, &value);
    if (code == DONE && (value < 0 || value > UINT32_MAX))
        return wrong_usage("the number is out of range after --", name);
    *out = (uint32_t)value;
    return code;
}

static int read_widths(bench *b)
{
    const char *list = argument(b->given, "width");
    list = list ? list : "16,32,64,128,256";
    for (const char *at = list;; at++) {
        char *end;
        unsigned long width = strtoul(at, &end, 10);
        if (end == at || *at == '-' || width > UINT32_MAX || (*end && *end != ',') || b->width_count == WIDTHS_MAX)
            return wrong_usage("numbers with commas between them, at most 32, belong after --width, not ", list);
        b->widths[b->width_count++] = (uint32_t)width;
        if (!*end)
            return DONE;
        at = end;
    }
}

static int read_options(bench *b)
{
    const arguments *given = b->given;
    const tripsage_index_options options = TRIPSAGE_INDEX_OPTIONS_INIT;
    long long seed = 0;
    b->options = options;
    b->k = 10;
    if (need(given, "queries") != DONE || read_metric(given, TRIPSAGE_COSINE, &b->options.metric) != DONE ||
        read_small_unsigned(given, "k", &b->k) != DONE || read_small_unsigned(given, "threads", &b->threads) != DONE ||
        read_small_unsigned(given, "degree", &b->options.degree) != DONE ||
        read_small_unsigned(given, "bits", &b->options.bits) != DONE ||
        read_small_unsigned(given, "build-width", &b->options.build_width) != DONE ||
        read_int(given, "seed", &seed) != DONE || read_widths(b) != DONE)
        return USAGE;
    b->options.seed = (uint64_t)seed;
    if (b->k < 1 || b->k > TRIPSAGE_VECTOR_K_MAX)
        return wrong_usage("a number from 1 to 1000 belongs after --", "k");
    return DONE;
}

/* ---- files ---- */

static int read_numbers(numbers *out, bench *b, const char *path, uint64_t most)
{
    vector_file file;
    int code = vector_file_open(&file, path, argument(b->given, "format"), VECTORS);
    if (code == DONE && vector_file_is_lines(&file))
        code =
            wrong_usage("vectors to measure with come from fbin, u8bin, i8bin, fvecs, bvecs or npy, not from ", path);
    if (code == DONE) {
        out->dimensions = file.dimensions;
        out->values = taken((size_t)(file.count < most ? file.count : most), file.dimensions * sizeof *out->values);
        progress_begin(&b->bar, "reading");
        while (code == DONE && file.at < most) {
            code = vector_file_read(&file, out->values + out->count * out->dimensions);
            out->count += code == DONE;
            progress_show(&b->bar, file.at, file.count, file.at, "vectors");
        }
        progress_end(&b->bar);
    }
    vector_file_close(&file);
    return code == AT_END ? DONE : code;
}

static int read_truth_record(bench *b, vector_file *file, int64_t *all, size_t query)
{
    int code = vector_file_read_numbers(file, all);
    if (code == AT_END)
        return vector_file_refuse(file, query, "the file ends before the queries do");
    for (uint32_t i = 0; code == DONE && i < b->k; i++)
        if (all[i] < 0 || (uint64_t)all[i] >= b->items.count) {
            char what[80];
            snprintf(what, sizeof what, "says %" PRId64 "; expected numbers below %zu", all[i], b->items.count);
            return vector_file_refuse(file, query, what);
        }
    if (code == DONE)
        memcpy(b->truth + query * b->k, all, b->k * sizeof *all);
    return code;
}

static int read_truth(bench *b, const char *path)
{
    vector_file file;
    int64_t *all = NULL;
    int code = vector_file_open(&file, path, NULL, NEIGHBOURS);
    if (code == DONE && file.dimensions < b->k) {
        char what[80];
        snprintf(what, sizeof what, "has %" PRIu32 " neighbours of each query; --k wants %" PRIu32, file.dimensions,
                 b->k);
        code = vector_file_refuse(&file, 0, what);
    }
    if (code == DONE)
        all = taken(file.dimensions, sizeof *all);
    for (size_t i = 0; code == DONE && i < b->queries.count; i++)
        code = read_truth_record(b, &file, all, i);
    free(all);
    vector_file_close(&file);
    return code;
}

/* ---- the truth, one by one ---- */

static double product(const float *a, const float *b, size_t n)
{
    double sums[4] = {0};
    size_t whole = n - n % 4;
    for (size_t i = 0; i < whole; i += 4)
        for (size_t lane = 0; lane < 4; lane++)
            sums[lane] += (double)a[i + lane] * (double)b[i + lane];
    for (size_t i = whole; i < n; i++)
        sums[0] += (double)a[i] * (double)b[i];
    return sums[0] + sums[1] + sums[2] + sums[3];
}

/* More is nearer. The query's own length is the same for all. */
static double nearness(tripsage_metric metric, double with_item, double item_squared)
{
    if (metric == TRIPSAGE_COSINE)
        return item_squared > 0 ? with_item / sqrt(item_squared) : -INFINITY;
    return metric == TRIPSAGE_L2 ? 2 * with_item - item_squared : with_item;
}

static void find_nearest(const bench *b, const double *squares, const float *query, double *best, int64_t *out)
{
    size_t found = 0, n = b->items.dimensions;
    for (size_t i = 0; i < b->items.count; i++) {
        double score = nearness(b->options.metric, product(query, b->items.values + i * n, n), squares[i]);
        size_t at = found < b->k ? found++ : b->k;
        if (at == b->k && score <= best[b->k - 1])
            continue;
        for (at = at == b->k ? b->k - 1 : at; at > 0 && best[at - 1] < score; at--) {
            best[at] = best[at - 1];
            out[at] = out[at - 1];
        }
        best[at] = score;
        out[at] = (int64_t)i;
    }
}

static void find_truth(bench *b)
{
    size_t n = b->items.dimensions;
    double *squares = taken(b->items.count, sizeof *squares), *best = taken(b->k, sizeof *best);
    progress_begin(&b->bar, "comparing");
    for (size_t i = 0; i < b->items.count; i++)
        squares[i] = product(b->items.values + i * n, b->items.values + i * n, n);
    for (size_t i = 0; i < b->queries.count; i++) {
        find_nearest(b, squares, b->queries.values + i * n, best, b->truth + i * b->k);
        progress_show(&b->bar, i + 1, b->queries.count, i + 1, "queries");
    }
    progress_end(&b->bar);
    free(squares);
    free(best);
}

static int read_all(bench *b)
{
    const char *truth = argument(b->given, "truth"), *queries = argument(b->given, "queries");
    long long count = truth ? INT64_MAX : QUERIES_WITHOUT_TRUTH;
    int code = read_int(b->given, "count", &count);
    if (code == DONE && count < 1)
        code = wrong_usage("a number of queries belongs after --", "count");
    if (code == DONE)
        code = read_numbers(&b->items, b, b->given->words[0], UINT64_MAX);
    if (code == DONE)
        code = read_numbers(&b->queries, b, queries, (uint64_t)count);
    if (code != DONE)
        return code;
    if (b->queries.dimensions != b->items.dimensions || b->k > b->items.count) {
        if (b->k > b->items.count)
            fprintf(stderr, "tripsage: %s: has %zu vectors; --k wants %" PRIu32 "\n", b->given->words[0],
                    b->items.count, b->k);
        else
            fprintf(stderr, "tripsage: %s: has %zu dimensions; expected %zu as %s has\n", queries,
                    b->queries.dimensions, b->items.dimensions, b->given->words[0]);
        return REFUSED;
    }
    b->truth = taken(b->queries.count * b->k, sizeof *b->truth);
    if (truth)
        return read_truth(b, truth);
    find_truth(b);
    return DONE;
}

/* ---- building ---- */

static void on_progress(void *user, const char *phase, int64_t done, int64_t total)
{
    bench *b = user;
    snprintf(b->phase, sizeof b->phase, "%s", phase);
    b->bar.what = b->phase;
    progress_show(&b->bar, (uint64_t)done, (uint64_t)total, (uint64_t)done, "vectors");
}

static int build(bench *b)
{
    tripsage_index_item *items = taken(b->items.count, sizeof *items);
    int64_t started;
    memset(items, 0, b->items.count * sizeof *items);
    for (size_t i = 0; i < b->items.count; i++) {
        items[i].key = i;
        items[i].values = b->items.values + i * b->items.dimensions;
    }
    b->options.dimensions = (uint32_t)b->items.dimensions;
    progress_begin(&b->bar, "building");
    started = clock_ns();
    tripsage_status status = tripsage_index_new(&b->index, &b->options, NULL);
    if (status == TRIPSAGE_OK)
        status = tripsage_index_build(b->index, items, b->items.count, b->threads, on_progress, b);
    b->build_seconds = (double)(clock_ns() - started) / 1e9;
    progress_end(&b->bar);
    free(items);
    free(b->items.values); /* the index keeps nothing of it, and its memory should not be the measured searches' */
    b->items.values = NULL;
    return status == TRIPSAGE_OK ? DONE : refused();
}

/* ---- measuring ---- */

typedef struct measured {
    double recall, per_second, mean, p50, p95, p99; /* microseconds */
} measured;

static size_t count_found(const tripsage_index_result *result, const int64_t *truth, size_t k)
{
    size_t found = 0;
    for (size_t i = 0; i < result->count && i < k; i++)
        for (size_t j = 0; j < k; j++)
            found += result->hits[i].key == (uint64_t)truth[j];
    return found;
}

static int compare_times(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static double part_of(const int64_t *sorted, size_t count, double part)
{
    return (double)sorted[(size_t)(part * (double)(count - 1))] / 1000;
}

static int measure_width(bench *b, uint32_t width, int64_t *times, tripsage_index_hit *hits, measured *out)
{
    tripsage_index_query query = TRIPSAGE_INDEX_QUERY_INIT;
    size_t found = 0, count = b->queries.count;
    int64_t sum = 0;
    query.k = b->k;
    query.width = width && width < b->k ? b->k : width;
    for (size_t i = 0; i < count; i++) {
        tripsage_index_result result = {hits, b->k, 0, TRIPSAGE_PLAN_GRAPH, 0, 0};
        query.values = b->queries.values + i * b->queries.dimensions;
        int64_t started = clock_ns();
        tripsage_status status = tripsage_index_search(&result, b->index, &query);
        times[i] = clock_ns() - started;
        if (status != TRIPSAGE_OK)
            return refused();
        sum += times[i];
        found += count_found(&result, b->truth + i * b->k, b->k);
    }
    qsort(times, count, sizeof *times, compare_times);
    out->recall = (double)found / (double)(count * b->k);
    out->per_second = sum > 0 ? (double)count * 1e9 / (double)sum : 0;
    out->mean = (double)sum / (double)count / 1000;
    out->p50 = part_of(times, count, 0.5);
    out->p95 = part_of(times, count, 0.95);
    out->p99 = part_of(times, count, 0.99);
    return DONE;
}

/* ---- printing ---- */

static void cell(table *t, const char *format, double value)
{
    char digits[64];
    snprintf(digits, sizeof digits, format, value);
    table_cell(t, digits);
}

static void add_row(bench *b, uint32_t width, const measured *m)
{
    char row[320];
    if (b->p->json) {
        snprintf(row, sizeof row,
                 "%s{\"width\":%" PRIu32
                 ",\"recall\":%.5f,\"queries_per_second\":%.1f,\"mean_us\":%.2f,\"p50_us\":%.2f,"
                 "\"p95_us\":%.2f,\"p99_us\":%.2f}",
                 b->json.size ? "," : "", width, m->recall, m->per_second, m->mean, m->p50, m->p95, m->p99);
        text_add(&b->json, row);
        return;
    }
    if (width)
        table_cell_int(&b->rows, width);
    else
        table_cell(&b->rows, "chosen");
    cell(&b->rows, "%.4f", m->recall);
    cell(&b->rows, "%.0f", m->per_second);
    cell(&b->rows, "%.1f us", m->mean);
    cell(&b->rows, "%.1f us", m->p50);
    cell(&b->rows, "%.1f us", m->p95);
    cell(&b->rows, "%.1f us", m->p99);
}

static void report(bench *b)
{
    tripsage_index_stats stats;
    tripsage_index_get_stats(&stats, b->index);
    double each = (double)stats.total_bytes / (double)stats.count;
    if (b->p->json) {
        printf("{\"vectors\":%" PRIu64 ",\"dimensions\":%" PRIu32 ",\"metric\":\"%s\",\"degree\":%" PRIu32
               ",\"bits\":%" PRIu32 ",\"build_seconds\":%.3f,\"bytes_per_vector\":%.1f,\"queries\":%zu,\"k\":%" PRIu32
               ",\"widths\":[%s]}\n",
               stats.count, stats.dimensions, metric_name(stats.metric), stats.degree, stats.bits, b->build_seconds,
               each, b->queries.count, b->k, b->json.bytes);
        return;
    }
    printf("%" PRIu64 " vectors of %" PRIu32 " dimensions, %s, degree %" PRIu32 ", %" PRIu32 " bits\n", stats.count,
           stats.dimensions, metric_name(stats.metric), stats.degree, stats.bits);
    printf("Built in %.2f s, %.0f a second, %.0f bytes a vector\n", b->build_seconds,
           b->build_seconds > 0 ? (double)stats.count / b->build_seconds : 0.0, each);
    printf("%zu queries for the nearest %" PRIu32 ", one thread\n\n", b->queries.count, b->k);
    table_print(&b->rows);
}

static int measure(bench *b)
{
    static const char *const titles[] = {"WIDTH",       "RECALL",      "QUERIES/S",  "MEAN",
                                         "HALF WITHIN", "95 % WITHIN", "99 % WITHIN"};
    int64_t *times = taken(b->queries.count, sizeof *times);
    tripsage_index_hit *hits = taken(b->k, sizeof *hits);
    measured m = {0};
    table_begin(&b->rows, sizeof titles / sizeof *titles, titles);
    progress_begin(&b->bar, "searching");
    int code =
        measure_width(b, b->widths[0], times, hits, &m); /* once unmeasured: what is asked first finds cold caches */
    for (size_t i = 0; code == DONE && i < b->width_count; i++) {
        code = measure_width(b, b->widths[i], times, hits, &m);
        if (code == DONE)
            add_row(b, b->widths[i], &m);
        progress_show(&b->bar, i + 1, b->width_count, (i + 1) * b->queries.count, "queries");
    }
    progress_end(&b->bar);
    if (code == DONE)
        report(b);
    free(times);
    free(hits);
    return code;
}

int run_vector_bench(planner *p, const arguments *given)
{
    bench b = {0};
    b.p = p;
    b.given = given;
    int code = read_options(&b);
    if (code == DONE)
        code = read_all(&b);
    if (code == DONE)
        code = build(&b);
    if (code == DONE)
        code = measure(&b);
    tripsage_index_free(b.index);
    table_free(&b.rows);
    text_free(&b.json);
    free(b.items.values);
    free(b.queries.values);
    free(b.truth);
    return code;
}
