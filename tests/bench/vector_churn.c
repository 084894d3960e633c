/* bench_vector_churn: what becomes of an index whose items come and go, and of searches while they do.
 *
 * Ten times half of the items, by chance, are removed and put in again; after each time the same queries are asked, and the answers
 * compared with the exact ones (which stay the same, since all items are there again). Then one thread searches while another one puts in
 * and removes; windows with and without the other take turns, and what is compared is the slowest of a hundred in both. */
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tripsage/index.h>

#include "bench.h"
#include "vector_rows.h"

enum { K = VECTORS_K, QUERIES = 500, CYCLES = 10, WINDOWS = 6, SAMPLES = 1 << 16 };

static vectors rows, queries;
static float *bars; /* of each query: the score of the K-th nearest */
static tripsage_index *index_;
static uint32_t query_count = QUERIES, cycles = CYCLES;
static double window_seconds = 2;

static void check(tripsage_status status)
{
    if (status != TRIPSAGE_OK)
        bench_fail("%s", tripsage_last_error()->message);
}

static uint64_t draw(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return *seed >> 33;
}

static float bar_of(const float *query)
{
    vectors_best best;

    vectors_best_begin(&best);
    for (uint32_t row = 0; row < rows.count; row++)
        vectors_best_offer(&best, vectors_dot(query, vectors_at(&rows, row), rows.dimensions));
    return best.scores[K - 1];
}

static void build(void)
{
    tripsage_index_options options = TRIPSAGE_INDEX_OPTIONS_INIT;
    tripsage_index_item *items = vectors_need(rows.count, sizeof *items);

    for (uint32_t i = 0; i < rows.count; i++)
        items[i] = (tripsage_index_item){.key = i, .values = vectors_at(&rows, i)};
    options.dimensions = rows.dimensions;
    options.seed = 1;
    check(tripsage_index_new(&index_, &options, NULL));
    check(tripsage_index_build(index_, items, rows.count, 0, NULL, NULL));
    free(items);
}

static void search(tripsage_index_result *result, tripsage_index_hit hits[K], uint32_t query_at)
{
    tripsage_index_query query = TRIPSAGE_INDEX_QUERY_INIT;

    *result = (tripsage_index_result){.hits = hits, .capacity = K};
    query.values = vectors_at(&queries, query_at);
    check(tripsage_index_search(result, index_, &query));
}

/* ---- coming and going ---- */

typedef struct state {
    double recall, seconds, looked_at, bytes;
    uint64_t removed;
} state;

static state ask_once(void)
{
    state s = {0};
    tripsage_index_stats stats;
    uint32_t right = 0;

    for (uint32_t i = 0; i < query_count; i++) {
        tripsage_index_hit hits[K];
        tripsage_index_result result;
        double begin = vectors_processor_time();

        search(&result, hits, i);
        s.seconds += vectors_processor_time() - begin;
        s.looked_at += (double)result.looked_at / query_count;
        if (result.count != K)
            bench_fail("a search gave %zu of %d", result.count, K);
        for (size_t h = 0; h < K; h++)
            right += vectors_dot(vectors_at(&queries, i), vectors_at(&rows, (uint32_t)hits[h].key), rows.dimensions) >=
                     bars[i] - 1e-6f;
    }
    tripsage_index_get_stats(&stats, index_);
    s.recall = (double)right / K / query_count;
    s.bytes = (double)stats.total_bytes;
    s.removed = stats.removed;
    return s;
}

/* The answers are the same each time; the time is the shortest, which is what nothing disturbed, and in which caches were warm. */
static state ask(void)
{
    state best = ask_once();

    for (int again = 1; again < 5; again++)
        best.seconds = fmin(best.seconds, ask_once().seconds);
    return best;
}

static void put(uint32_t row)
{
    const tripsage_index_item item = {.key = row, .values = vectors_at(&rows, row)};

    check(tripsage_index_put(index_, &item));
}

static void come_and_go(uint64_t *seed, double *remove_seconds, double *put_seconds)
{
    uint32_t *all = vectors_need(rows.count, sizeof *all), half = rows.count / 2;
    double begin;

    for (uint32_t i = 0; i < rows.count; i++) {
        uint32_t other = (uint32_t)(draw(seed) % (i + 1));

        all[i] = all[other];
        all[other] = i;
    }
    begin = vectors_processor_time();
    for (uint32_t i = 0; i < half; i++)
        check(tripsage_index_remove(index_, all[i]));
    *remove_seconds = (vectors_processor_time() - begin) / half;
    begin = vectors_processor_time();
    for (uint32_t i = 0; i < half; i++)
        put(all[i]);
    *put_seconds = (vectors_processor_time() - begin) / half;
    free(all);
}

static void print(uint32_t cycle, const state *s, double remove_seconds, double put_seconds)
{
    printf("| %u | %.4f | %.0f | %.0f | %.1f | %llu | %.0f | %.0f |\n", cycle, s->recall, query_count / s->seconds,
           s->looked_at, s->bytes / rows.count, (unsigned long long)s->removed, 1e6 * remove_seconds,
           1e6 * put_seconds);
    fflush(stdout);
}

static void churn(void)
{
    state first = ask(), s = first;
    double loss = 0, latency = 0, looked_at = 0, memory = 0, remove_seconds = 0, put_seconds = 0;
    uint64_t seed = 7;

    puts("| cycle | recall@10 | queries/s | looked at | bytes an item | removed | us a remove | us a put |\n"
         "|---|---|---|---|---|---|---|---|");
    print(0, &first, 0, 0);
    for (uint32_t cycle = 1; cycle <= cycles; cycle++) {
        come_and_go(&seed, &remove_seconds, &put_seconds);
        s = ask();
        print(cycle, &s, remove_seconds, put_seconds);
        loss = fmax(loss, 100 * (first.recall - s.recall));
        memory = fmax(memory, s.bytes / first.bytes);
    }
    looked_at = s.looked_at / first.looked_at;
    latency = s.seconds / first.seconds;
    bench_figure("churn_recall_loss_points", loss, "points");
    bench_figure("churn_looked_at_ratio", looked_at, "times");
    bench_figure("churn_latency_ratio", latency, "times");
    bench_figure("churn_memory_ratio", memory, "times");
}

/* ---- side by side ---- */

static _Atomic int is_writing, is_over;
static _Atomic uint64_t written;

/* Puts items in instead of themselves, as an update does: one goes, one comes. */
static void *write_on(void *context)
{
    uint64_t seed = 3;

    (void)context;
    while (!atomic_load(&is_over)) {
        if (!atomic_load(&is_writing)) {
            struct timespec moment = {0, 1000000};

            nanosleep(&moment, NULL);
            continue;
        }
        put((uint32_t)(draw(&seed) % rows.count));
        atomic_fetch_add(&written, 1);
    }
    return NULL;
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double percentile(double *times, size_t count, double part)
{
    qsort(times, count, sizeof *times, compare_doubles);
    return times[(size_t)((double)(count - 1) * part)];
}

/* By the clock, and by the processor's time, which does not grow while others have the processor. */
enum { CLOCK, PROCESSOR, CLOCKS };

static size_t window(double times[CLOCKS][SAMPLES])
{
    double end = bench_now() + window_seconds;
    size_t count = 0;

    while (count < SAMPLES && bench_now() < end) {
        tripsage_index_hit hits[K];
        tripsage_index_result result;
        double begin = bench_now(), processor = vectors_processor_time();

        search(&result, hits, (uint32_t)(count % queries.count));
        times[PROCESSOR][count] = vectors_processor_time() - processor;
        times[CLOCK][count++] = bench_now() - begin;
    }
    return count;
}

typedef struct slowness {
    double p50, p99;
} slowness;

static uint64_t look(slowness out[CLOCKS], int is_busy)
{
    static double times[CLOCKS][SAMPLES];
    uint64_t before = written;
    size_t count;

    atomic_store(&is_writing, is_busy);
    count = window(times);
    atomic_store(&is_writing, 0);
    for (int clock = 0; clock < CLOCKS; clock++) {
        out[clock].p99 = percentile(times[clock], count, 0.99);
        out[clock].p50 = percentile(times[clock], count, 0.5);
    }
    return written - before;
}

static void print_window(int w, const slowness idle[CLOCKS], const slowness busy[CLOCKS], double writes)
{
    printf("| %d |", w);
    for (int clock = 0; clock < CLOCKS; clock++)
        printf(" %.0f, %.0f | %.0f, %.0f |", 1e6 * idle[clock].p50, 1e6 * idle[clock].p99, 1e6 * busy[clock].p50,
               1e6 * busy[clock].p99);
    printf(" %.0f |\n", writes);
    fflush(stdout);
}

static void read_beside(void)
{
    static const char *const names[CLOCKS][2] = {
        {"read_p50_while_inserting_ratio", "read_p99_while_inserting_ratio"},
        {"read_p50_while_inserting_processor_ratio", "read_p99_while_inserting_processor_ratio"}};
    double p50[CLOCKS][WINDOWS], p99[CLOCKS][WINDOWS];
    pthread_t writer;

    if (pthread_create(&writer, NULL, write_on, NULL) != 0)
        bench_fail("no thread");
    puts("\n| window | p50, p99, us: idle | while writing | the same of the processor's time: idle | while writing | "
         "writes/s |\n"
         "|---|---|---|---|---|---|");
    for (int w = 0; w < WINDOWS; w++) {
        slowness idle[CLOCKS], busy[CLOCKS];
        uint64_t writes;

        (void)look(idle, 0);
        writes = look(busy, 1);
        print_window(w, idle, busy, (double)writes / window_seconds);
        for (int clock = 0; clock < CLOCKS; clock++) {
            p50[clock][w] = busy[clock].p50 / idle[clock].p50;
            p99[clock][w] = busy[clock].p99 / idle[clock].p99;
        }
    }
    atomic_store(&is_over, 1);
    pthread_join(writer, NULL);
    for (int clock = 0; clock < CLOCKS; clock++) {
        bench_figure(names[clock][0], bench_median(p50[clock], WINDOWS), "times");
        bench_figure(names[clock][1], bench_median(p99[clock], WINDOWS), "times");
    }
}

int main(int argc, char **argv)
{
    const char *base = NULL, *output = "build/bench/vector-churn.json", *limit = "0";
    const bench_option options[] = {{"--data", &base, NULL}, {"--limit", &limit, NULL}, {NULL, NULL, NULL}};

    if (bench_arguments(argc, argv, "--data BASE [--limit ROWS]", options, &output)) {
        query_count = 250; /* a hit more or less is 0.04 points */
        cycles = 2;
        window_seconds = 0.05;
    }
    if (!base)
        bench_fail("--data BASE: the files BASE.fbin and BASE.q.fbin");
    rows = vectors_read(base, ".fbin", (uint32_t)strtoul(limit, NULL, 10));
    queries = vectors_read(base, ".q.fbin", 0);
    query_count = queries.count < query_count ? queries.count : query_count;
    bars = vectors_need(query_count, sizeof *bars);
    for (uint32_t i = 0; i < query_count; i++)
        bars[i] = bar_of(vectors_at(&queries, i));
    bench_progress("building");
    build();
    churn();
    read_beside();
    tripsage_index_free(index_);
    bench_write("vector-churn", output);
    return 0;
}
