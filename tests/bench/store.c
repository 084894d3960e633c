/* bench_store: the embedded store beside raw SQLite, and the server beside a bare CivetWeb handler, in one run. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"
#include "data.h"
#include "http.h"

/* How long a run is; --quick only shows that everything runs. */
static struct {
    unsigned rounds, reads, creates, raw_creates, pages, small, large;
    double http_seconds;
} scale = {11, 20000, 200, 3000, 400, 1000, 1000000, 2.0};
static const char *folder = "build/bench-data";

static void path_of(char out[512], const char *name)
{
    snprintf(out, 512, "%s/%s", folder, name);
}

/* ---- reading ---- */

/* xorshift64* (Vigna, 2014): the same ids in every run. */
static unsigned next_number(unsigned long long *state, unsigned bound)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (unsigned)((*state * 0x2545f4914f6cdd1dull) >> 33) % bound;
}

/* Microseconds for one tripsage_trip_get by the owner, over random trips. */
static double time_library_reads(tripsage *ts, tripsage_actor *const *owners, unsigned owner_count, unsigned trips,
                                 unsigned long long *state)
{
    double start = bench_now();

    for (unsigned i = 0; i < scale.reads; i++) {
        unsigned number = next_number(state, trips);
        tripsage_doc *doc;
        char id[37];

        data_trip_id(id, number);
        if (tripsage_trip_get(&doc, tripsage_get_trips(ts), owners[number % owner_count], id) != TRIPSAGE_OK)
            bench_fail("get %s: %s", id, tripsage_last_error()->message);
        tripsage_doc_free(doc);
    }
    return (bench_now() - start) / scale.reads * 1e6;
}

/* The same row with a prepared statement, every column looked at. */
static double time_raw_reads(sqlite3 *db, sqlite3_stmt *stmt, unsigned trips, unsigned long long *state)
{
    double start = bench_now();
    static volatile size_t sink;

    for (unsigned i = 0; i < scale.reads; i++) {
        char id[37];

        data_trip_id(id, next_number(state, trips));
        sqlite3_bind_text(stmt, 1, id, 36, SQLITE_STATIC);
        if (sqlite3_step(stmt) != SQLITE_ROW)
            bench_fail("raw get %s: %s", id, sqlite3_errmsg(db));
        for (int column = 0; column < sqlite3_column_count(stmt); column++) {
            if (sqlite3_column_type(stmt, column) == SQLITE_INTEGER)
                sink += (size_t)sqlite3_column_int64(stmt, column);
            else if (sqlite3_column_text(stmt, column))
                sink += (size_t)sqlite3_column_bytes(stmt, column);
        }
        sqlite3_reset(stmt);
    }
    (void)sink;
    return (bench_now() - start) / scale.reads * 1e6;
}

static void make_owners(tripsage_actor **owners, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        owners[i] = data_actor(i);
}

static void free_owners(tripsage_actor **owners, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        tripsage_actor_free(owners[i]);
}

static void bench_reads(void)
{
    enum { TRIPS = 10000, OWNERS = 10 };
    double library[64], raw[64], ratio[64];
    unsigned long long state_a = 88172645463325252ull, state_b = state_a;
    tripsage_actor *owners[OWNERS];
    sqlite3_stmt *stmt;
    sqlite3 *db;
    tripsage *ts;
    char path[512];

    bench_method("read_vs_raw_sqlite: tripsage_trip_get by the owner (rights checked, JSON made) over a prepared\n"
                 "SELECT * of the same row with every column read; one thread, 10,000 trips in a file, random ids.");
    path_of(path, "read.db");
    data_fill(path, TRIPS, OWNERS, 1);
    ts = data_open(path);
    make_owners(owners, OWNERS);
    if (sqlite3_open(path, &db) != SQLITE_OK ||
        sqlite3_prepare_v2(db, "SELECT * FROM trip WHERE id = ?", -1, &stmt, NULL) != SQLITE_OK)
        bench_fail("%s", sqlite3_errmsg(db));
    data_exec(db, "PRAGMA cache_size = -8192");
    for (unsigned round = 0; round < scale.rounds; round++) {
        library[round] = time_library_reads(ts, owners, OWNERS, TRIPS, &state_a);
        raw[round] = time_raw_reads(db, stmt, TRIPS, &state_b);
        ratio[round] = library[round] / raw[round];
    }
    bench_figure("read_us", bench_median(library, scale.rounds), "us");
    bench_figure("read_raw_sqlite_us", bench_median(raw, scale.rounds), "us");
    bench_figure("read_vs_raw_sqlite", bench_median(ratio, scale.rounds), "ratio");
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    free_owners(owners, OWNERS);
    tripsage_close(ts);
    data_remove(path);
}

static int is_there(const char *path, unsigned trips)
{
    sqlite3_stmt *stmt = NULL;
    sqlite3 *db = NULL;
    struct stat st;
    int same = 0;
    char id[37];

    if (stat(path, &st) != 0)
        return 0;
    data_trip_id(id, trips - 1);
    if (sqlite3_open(path, &db) == SQLITE_OK &&
        sqlite3_prepare_v2(db, "SELECT 1 FROM trip WHERE id = ?", -1, &stmt, NULL) == SQLITE_OK) {
        sqlite3_bind_text(stmt, 1, id, 36, SQLITE_STATIC);
        same = sqlite3_step(stmt) == SQLITE_ROW;
    }
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return same;
}

/* The database of `trips` trips; a large one of an earlier run is kept when this library still opens it. */
static tripsage *open_filled(char path[512], unsigned trips, unsigned owners)
{
    char name[64], url[600];
    tripsage *ts;

    snprintf(name, sizeof name, "reads-%u.db", trips);
    path_of(path, name);
    snprintf(url, sizeof url, "sqlite:%s", path);
    if (is_there(path, trips) && tripsage_open(&ts, url, NULL) == TRIPSAGE_OK)
        return ts;
    bench_progress("making a database of %u trips (kept in %s)", trips, folder);
    data_fill(path, trips, owners, 0);
    return data_open(path);
}

static void bench_size(void)
{
    enum { OWNERS = 1000 };
    static tripsage_actor *owners[OWNERS];
    double small[64], large[64], ratio[64];
    unsigned long long state_a = 88172645463325252ull, state_b = state_a;
    char small_path[512], large_path[512];
    tripsage *small_ts, *large_ts;

    bench_method(
        "read_1m_vs_1k_trips: the same read with 1,000,000 trips of 1,000 owners in the file over 1,000 trips;\n"
        "random ids; the operating system's cache is warm.");
    small_ts = open_filled(small_path, scale.small, OWNERS);
    large_ts = open_filled(large_path, scale.large, OWNERS);
    make_owners(owners, OWNERS);
    for (unsigned round = 0; round < scale.rounds; round++) {
        small[round] = time_library_reads(small_ts, owners, OWNERS, scale.small, &state_a);
        large[round] = time_library_reads(large_ts, owners, OWNERS, scale.large, &state_b);
        ratio[round] = large[round] / small[round];
    }
    bench_figure("read_1k_trips_us", bench_median(small, scale.rounds), "us");
    bench_figure("read_1m_trips_us", bench_median(large, scale.rounds), "us");
    bench_figure("read_1m_vs_1k_trips", bench_median(ratio, scale.rounds), "ratio");
    free_owners(owners, OWNERS);
    tripsage_close(small_ts);
    tripsage_close(large_ts);
    data_remove(small_path);
}

/* ---- pages ---- */

static double time_page(tripsage *ts, const tripsage_actor *owner, const char *cursor)
{
    tripsage_list_options options = TRIPSAGE_LIST_OPTIONS_INIT;
    double start = bench_now();

    options.cursor = cursor;
    for (unsigned i = 0; i < scale.pages; i++) {
        tripsage_doc *doc;

        if (tripsage_trip_list(&doc, tripsage_get_trips(ts), owner, &options) != TRIPSAGE_OK)
            bench_fail("list: %s", tripsage_last_error()->message);
        tripsage_doc_free(doc);
    }
    return (bench_now() - start) / scale.pages * 1e6;
}

/* The cursor of page 1,000, found by turning the pages before it. Free it. */
static char *walk_to(tripsage *ts, const tripsage_actor *owner, unsigned page)
{
    tripsage_list_options options = TRIPSAGE_LIST_OPTIONS_INIT;
    char *cursor = NULL;

    for (unsigned i = 1; i < page; i++) {
        tripsage_doc *doc;

        options.cursor = cursor;
        if (tripsage_trip_list(&doc, tripsage_get_trips(ts), owner, &options) != TRIPSAGE_OK || !tripsage_doc_next(doc))
            bench_fail("page %u: %s", i, tripsage_last_error()->message);
        free(cursor);
        cursor = strdup(tripsage_doc_next(doc));
        tripsage_doc_free(doc);
    }
    return cursor;
}

static void bench_pages(void)
{
    double first[64], last[64], ratio[64];
    tripsage_actor *owner = data_actor(0);
    tripsage *ts;
    char path[512];
    char *cursor;

    bench_method("page_1000_vs_page_1: a page of 20 trips at page 1,000 over the first; one owner with 20,100 trips.");
    path_of(path, "pages.db");
    data_fill(path, 20100, 1, 0);
    ts = data_open(path);
    cursor = walk_to(ts, owner, 1000);
    for (unsigned round = 0; round < scale.rounds; round++) {
        first[round] = time_page(ts, owner, NULL);
        last[round] = time_page(ts, owner, cursor);
        ratio[round] = last[round] / first[round];
    }
    bench_figure("page_1_us", bench_median(first, scale.rounds), "us");
    bench_figure("page_1000_us", bench_median(last, scale.rounds), "us");
    bench_figure("page_1000_vs_page_1", bench_median(ratio, scale.rounds), "ratio");
    free(cursor);
    tripsage_actor_free(owner);
    tripsage_close(ts);
    data_remove(path);
}

/* ---- creating ---- */

enum { CREATORS = 64 };

typedef struct creator {
    tripsage *ts;
    unsigned number;
} creator;

static void *create_trips(void *argument)
{
    creator *c = argument;
    tripsage_actor *actor = data_actor(c->number);

    for (unsigned i = 0; i < scale.creates; i++) {
        tripsage_doc *doc;

        if (tripsage_trip_create(&doc, tripsage_get_trips(c->ts), actor, data_trip, TRIPSAGE_NUL, NULL) != TRIPSAGE_OK)
            bench_fail("create: %s", tripsage_last_error()->message);
        tripsage_doc_free(doc);
    }
    tripsage_actor_free(actor);
    return NULL;
}

/* Trips a second from 64 threads, each waiting for its own to be durable. */
static double rate_library_creates(tripsage *ts)
{
    creator creators[CREATORS];
    pthread_t threads[CREATORS];
    double start = bench_now();

    for (unsigned i = 0; i < CREATORS; i++) {
        creators[i].ts = ts;
        creators[i].number = i;
        if (pthread_create(&threads[i], NULL, create_trips, &creators[i]) != 0)
            bench_fail("cannot start a thread");
    }
    for (unsigned i = 0; i < CREATORS; i++)
        pthread_join(threads[i], NULL);
    return CREATORS * scale.creates / (bench_now() - start);
}

static double rate_raw_creates(data_writer *w, unsigned *number)
{
    double start = bench_now();
    char trip_id[37], user_id[37];

    for (unsigned i = 0; i < scale.raw_creates; i++) {
        data_trip_id(trip_id, (*number)++);
        data_user_id(user_id, *number % CREATORS);
        sqlite3_step(w->begin);
        sqlite3_reset(w->begin);
        data_writer_put(w, trip_id, user_id);
        if (sqlite3_step(w->commit) != SQLITE_DONE)
            bench_fail("commit: %s", sqlite3_errmsg(w->db));
        sqlite3_reset(w->commit);
    }
    return scale.raw_creates / (bench_now() - start);
}

static void bench_creates(void)
{
    unsigned rounds = scale.rounds > 7 ? 7 : scale.rounds;
    double library[64], raw[64], ratio[64];
    char path[512], raw_path[512];
    unsigned number = 0;
    data_writer w;
    tripsage *ts;

    bench_method(
        "durable_create_vs_raw_full: trips a second from 64 threads through tripsage_trip_create (validated, durable "
        "when\n"
        "it returns) over one connection inserting the same row and search row, each in its own transaction, without\n"
        "contention; both WAL, synchronous=FULL, in the same file system.");
    path_of(path, "create.db");
    path_of(raw_path, "create-raw.db");
    data_remove(path);
    data_remove(raw_path);
    ts = data_open(path);
    data_writer_open(&w, raw_path);
    for (unsigned round = 0; round < rounds; round++) {
        library[round] = rate_library_creates(ts);
        raw[round] = rate_raw_creates(&w, &number);
        ratio[round] = library[round] / raw[round];
    }
    bench_figure("durable_creates_per_s", bench_median(library, rounds), "1/s");
    bench_figure("durable_creates_raw_full_per_s", bench_median(raw, rounds), "1/s");
    bench_figure("durable_create_vs_raw_full", bench_median(ratio, rounds), "ratio");
    data_writer_close(&w);
    tripsage_close(ts);
    data_remove(path);
    data_remove(raw_path);
}

/* ---- HTTP ---- */

static void bench_http(const char *server, const char *bare)
{
    static const unsigned connections[] = {1, 64, 1000};
    static const char *const names[][4] = {
        {"http_read_vs_bare_c1", "http_reads_per_s_c1", "http_bare_per_s_c1", "http_slowest_vs_mean_c1"},
        {"http_read_vs_bare_c64", "http_reads_per_s_c64", "http_bare_per_s_c64", "http_slowest_vs_mean_c64"},
        {"http_read_vs_bare_c1000", "http_reads_per_s_c1000", "http_bare_per_s_c1000", "http_slowest_vs_mean_c1000"},
    };
    unsigned rounds = scale.rounds > 5 ? 5 : scale.rounds;
    double worst = 0.0;
    http_pair pair;

    bench_method(
        "http_read_vs_bare_civetweb: authorised GET /api/trips/{id} of tripsage-server over a CivetWeb handler that "
        "writes the same\n"
        "bytes in one piece with the same threads; loopback, keep-alive, 1, 64 and 1,000 connections, the lowest of "
        "the three.\n"
        "slowest_vs_mean: answers on the connection that got the fewest, over the mean (0 would be a starved one).");
    http_pair_start(&pair, server, bare, folder, data_trip);
    for (size_t i = 0; i < sizeof connections / sizeof connections[0]; i++) {
        double ours[64], theirs[64], ratio[64], fairness[64];

        for (unsigned round = 0; round < rounds; round++) {
            http_load load = http_run(pair.port, pair.request, connections[i], scale.http_seconds);

            fairness[round] = load.fewest / load.mean;
            ours[round] = load.per_second;
            theirs[round] = http_run(pair.bare_port, pair.request, connections[i], scale.http_seconds).per_second;
            ratio[round] = ours[round] / theirs[round];
        }
        bench_figure(names[i][1], bench_median(ours, rounds), "1/s");
        bench_figure(names[i][2], bench_median(theirs, rounds), "1/s");
        bench_figure(names[i][3], bench_median(fairness, rounds), "ratio");
        bench_figure(names[i][0], bench_median(ratio, rounds), "ratio");
        if (i == 0 || bench_median(ratio, rounds) < worst)
            worst = bench_median(ratio, rounds);
    }
    bench_figure("http_read_vs_bare_civetweb", worst, "ratio");
    http_pair_stop(&pair);
}

static const char usage[] =
    "usage: bench_store [--quick] [--only read|size|page|create|http] [--data FOLDER] [OUTPUT.json]\n"
    "Compares the embedded store with raw SQLite and the server with a bare CivetWeb handler;\n"
    "prints medians and ratios, and writes them to OUTPUT.json (build/bench/store.json).\n";

int main(int argc, char **argv)
{
    const char *output = "build/bench/store.json", *only = NULL;
    const bench_option options[] = {{"--only", &only, NULL}, {"--data", &folder, NULL}, {NULL, NULL, NULL}};

    if (bench_arguments(argc, argv, usage, options, &output)) {
        scale.rounds = 1;
        scale.reads = 200;
        scale.creates = 4;
        scale.raw_creates = 20;
        scale.pages = 3;
        scale.large = 5000;
        scale.http_seconds = 0.2;
    }
    /* As the server does. Both sides gain by it: SQLite takes no lock around each allocation. */
    if (tripsage_own_process() != TRIPSAGE_OK)
        bench_fail("%s", tripsage_last_error()->message);
    bench_make_folder();
    mkdir(folder, 0777);
    printf("%-46s %12s unit\n", "figure (median of the rounds)", "value");
    if (!only || strcmp(only, "read") == 0)
        bench_reads();
    if (!only || strcmp(only, "size") == 0)
        bench_size();
    if (!only || strcmp(only, "page") == 0)
        bench_pages();
    if (!only || strcmp(only, "create") == 0)
        bench_creates();
    if (!only || strcmp(only, "http") == 0)
        bench_http(TRIPSAGE_SERVER_PROGRAM, TRIPSAGE_BARE_PROGRAM);
    bench_write("store", output);
    return EXIT_SUCCESS;
}
