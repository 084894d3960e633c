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

static state ask(void)
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
    /* The first state's time was taken long before: compared is what the last one looks at, and its time with that of the same
     * queries of an index that is built now. */
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

static size_t window(double *times)
{
    double end = bench_now() + window_seconds;
    size_t count = 0;

    while (count < SAMPLES && bench_now() < end) {
        tripsage_index_hit hits[K];
        tripsage_index_result result;
        double begin = bench_now();

        search(&result, hits, (uint32_t)(count % queries.count));
        times[count++] = bench_now() - begin;
    }
    return count;
}

static void read_beside(void)
{
    static double times[SAMPLES];
    double ratios[WINDOWS], medians[WINDOWS];
    pthread_t writer;

    if (pthread_create(&writer, NULL, write_on, NULL) != 0)
        bench_fail("no thread");
    puts("\n| window | p50 idle, us | p99 idle, us | p50 while writing | p99 while writing | writes/s |\n"
         "|---|---|---|---|---|---|");
    for (int w = 0; w < WINDOWS; w++) {
        double p50[2], p99[2];
        uint64_t before = written;

        for (int busy = 0; busy < 2; busy++) {
            size_t count;

            atomic_store(&is_writing, busy);
            count = window(times);
            p99[busy] = percentile(times, count, 0.99);
            p50[busy] = percentile(times, count, 0.5);
        }
        atomic_store(&is_writing, 0);
        printf("| %d | %.0f | %.0f | %.0f | %.0f | %.0f |\n", w, 1e6 * p50[0], 1e6 * p99[0], 1e6 * p50[1], 1e6 * p99[1],
               (double)(written - before) / window_seconds);
        fflush(stdout);
        ratios[w] = p99[1] / p99[0];
        medians[w] = p50[1] / p50[0];
    }
    atomic_store(&is_over, 1);
    pthread_join(writer, NULL);
    bench_figure("read_p99_while_inserting_ratio", bench_median(ratios, WINDOWS), "times");
    bench_figure("read_p50_while_inserting_ratio", bench_median(medians, WINDOWS), "times");
}

int main(int argc, char **argv)
{
    const char *base = NULL, *output = "build/bench/vector-churn.json", *limit = "0";
    const bench_option options[] = {{"--data", &base, NULL}, {"--limit", &limit, NULL}, {NULL, NULL, NULL}};

    if (bench_arguments(argc, argv, "--data BASE [--limit ROWS]", options, &output)) {
        query_count = 50;
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
