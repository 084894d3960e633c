/* bench_postgres: the library on PostgreSQL beside bare libpq and pgbench, in one run, on the servers of tests/rig. */
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tripsage/tripsage.h>

#include "bench.h"
#include "data.h"
#include "support/postgres.h"
#include "support/wire.h"

/* How long a run is; --quick only shows that everything runs. */
static struct {
    unsigned rounds, trips, reads;
    double seconds;
    const char *pgbench_scale;
} scale = {11, 20000, 4000, 2.0, "10"};

enum { OWNERS = 500, THREADS = 16 };

static const char *database;
static tripsage_actor *owners[OWNERS];

static void url_of(char out[512], const char *folder, const char *user, const char *more)
{
    snprintf(out, 512, "postgresql://?host=%s&dbname=%s&user=%s%s", folder, database, user, more);
}

static tripsage *open_as(const char *folder, const char *user, const char *more)
{
    tripsage *ts;
    char url[512];

    url_of(url, folder, user, more);
    if (tripsage_open(&ts, url, NULL) != TRIPSAGE_OK)
        bench_fail("%s", tripsage_last_error()->message);
    return ts;
}

/* ---- data ---- */

/* One trip made through the library, copied under other ids and owners. */
static void fill(void)
{
    tripsage *ts;
    tripsage_doc *trip;
    char sql[2048];

    bench_progress("a database of %u trips of %d users", scale.trips, OWNERS);
    database = test_pg_create(NULL);
    ts = open_as(TEST_PG_DIRECT, TEST_PG_OWNER, "");
    for (unsigned i = 0; i < OWNERS; i++)
        owners[i] = data_actor(i);
    if (tripsage_trip_create(&trip, tripsage_get_trips(ts), owners[0], data_trip, TRIPSAGE_NUL, NULL) != TRIPSAGE_OK)
        bench_fail("%s", tripsage_last_error()->message);
    tripsage_close(ts);
    snprintf(
        sql, sizeof sql,
        "SET session_replication_role = replica; SET search_path = tripsage;"
        "INSERT INTO trip (id, user_id, version, created_at, updated_at, start_date, end_date, status, trip_type,"
        " visibility, travelers, budget_total, budget_currency, title, description, destination_names, tags,"
        " budget_breakdown, destinations, preferences)"
        " SELECT '018bcfe6-0000-7000-8000-' || lpad(n::text, 12, '0'), '018bcfe5-0000-7000-8000-' || lpad((n %% "
        "%d)::text, 12, '0'),"
        " 1, created_at, updated_at, start_date, end_date, status, trip_type, visibility, travelers, budget_total,"
        " budget_currency, title, description, destination_names, tags, budget_breakdown, destinations, preferences"
        " FROM trip, generate_series(0, %u) n WHERE id = '%s'",
        OWNERS, scale.trips - 1, tripsage_doc_text(trip, "/id"));
    tripsage_doc_free(trip);
    test_pg_exec(TEST_PG_SUPERUSER, sql);
    test_pg_exec(TEST_PG_SUPERUSER, "VACUUM ANALYZE");
}

static void trip_id(char out[37], unsigned number)
{
    snprintf(out, 37, "018bcfe6-0000-7000-8000-%012u", number);
}

/* xorshift64* (Vigna, 2014): the same ids in every run. */
static unsigned next_number(unsigned long long *state, unsigned bound)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (unsigned)((*state * 0x2545f4914f6cdd1dull) >> 33) % bound;
}

/* ---- round trips ---- */

static tripsage *wired;
static test_wire *wire;
static size_t most_trips;

static void count(const char *call, tripsage_status status, tripsage_doc *doc)
{
    size_t flights = test_wire_counted(wire).flights;

    if (status != TRIPSAGE_OK)
        bench_fail("%s: %s", call, tripsage_last_error()->message);
    tripsage_doc_free(doc);
    bench_progress("  %-28s %zu", call, flights);
    if (flights > most_trips)
        most_trips = flights;
    test_wire_reset(wire);
}

#define COUNT(call)                                                                                                    \
    do {                                                                                                               \
        tripsage_doc *doc = NULL;                                                                                      \
        tripsage_doc **out = &doc;                                                                                     \
        tripsage_status status;                                                                                        \
        (void)out;                                                                                                     \
        test_wire_reset(wire);                                                                                         \
        status = (call);                                                                                               \
        count(#call, status, doc);                                                                                     \
    } while (0)

#define T tripsage_get_trips(wired)
#define A owners[1]

static void count_reads(const char *trip)
{
    tripsage_destination_query places = TRIPSAGE_DESTINATION_QUERY_INIT;

    places.text = "quiet temples";
    most_trips = 0;
    COUNT(tripsage_trip_get(out, T, A, trip));
    COUNT(tripsage_trip_list(out, T, A, NULL));
    COUNT(tripsage_trip_search(out, T, A, "kyoto", NULL));
    COUNT(tripsage_trip_summary(out, T, A, trip));
    COUNT(tripsage_itinerary_get(out, T, A, trip));
    COUNT(tripsage_itinerary_conflicts(out, T, A, trip));
    COUNT(tripsage_note_list(out, T, A, trip));
    COUNT(tripsage_collaborator_list(out, T, A, trip));
    COUNT(tripsage_destination_search(out, T, A, &places));
    COUNT(tripsage_destination_saved(out, T, A));
    COUNT(tripsage_ping(wired));
    bench_figure("round_trips_read", (double)most_trips, "round trips");
}

static void count_writes(const char *trip)
{
    tripsage_write_options keyed = TRIPSAGE_WRITE_OPTIONS_INIT;

    keyed.idempotency_key = "bench";
    most_trips = 0;
    COUNT(tripsage_trip_create(out, T, A, data_trip, TRIPSAGE_NUL, NULL));
    COUNT(tripsage_trip_create(out, T, A, data_trip, TRIPSAGE_NUL, &keyed));
    COUNT(tripsage_trip_update(out, T, A, trip, "{\"title\":\"Nara\"}", TRIPSAGE_NUL, NULL));
    COUNT(tripsage_trip_patch(out, T, A, trip, "{\"preferences\":{\"pace\":\"slow\"}}", TRIPSAGE_NUL, NULL));
    COUNT(tripsage_note_create(out, T, A, trip, "{\"content\":\"a note\"}", TRIPSAGE_NUL, NULL));
    COUNT(tripsage_destination_save(out, T, A, "{\"destination_id\":\"kyoto-jp\"}", TRIPSAGE_NUL));
    COUNT(tripsage_trip_delete(T, A, trip, NULL));
    COUNT(tripsage_trip_restore(out, T, A, trip));
    bench_figure("round_trips_write", (double)most_trips, "round trips");
}

static void bench_round_trips(void)
{
    char id[37];

    bench_method("Round trips: what a proxy on the wire sees of each call on one new connection, statements prepared "
                 "on the way; the most\n"
                 "that any of the reads, and of the writes of one record, took (a table of all calls: the test "
                 "rig.round_trips).");
    trip_id(id, 1);
    wire = test_wire_open(TEST_PG_DIRECT);
    wired = open_as(test_wire_host(wire), TEST_PG_APP, "&pool_size=1");
    count_reads(id);
    count_writes(id);
    tripsage_close(wired);
    test_wire_close(wire);
}

/* ---- latency ---- */

static double time_library(tripsage *ts, unsigned long long *state)
{
    double start = bench_now();

    for (unsigned i = 0; i < scale.reads; i++) {
        unsigned number = next_number(state, scale.trips);
        tripsage_doc *doc;
        char id[37];

        trip_id(id, number);
        if (tripsage_trip_get(&doc, tripsage_get_trips(ts), owners[number % OWNERS], id) != TRIPSAGE_OK)
            bench_fail("get %s: %s", id, tripsage_last_error()->message);
        tripsage_doc_free(doc);
    }
    return (bench_now() - start) / scale.reads * 1e6;
}

/* The columns of trip_select but the role. */
#define BARE_SELECT                                                                                                    \
    "SELECT version, deleted_at, id, user_id, title, description, start_date, end_date, destinations, status, "        \
    "trip_type, visibility, tags, travelers, budget_total, budget_currency, budget_breakdown, preferences, "           \
    "created_at, updated_at FROM tripsage.trip WHERE id = $1"

static void expect_row(PGconn *pg, PGresult *row)
{
    if (PQresultStatus(row) != PGRES_TUPLES_OK || PQntuples(row) != 1)
        bench_fail("bare libpq: %s", PQerrorMessage(pg));
    PQclear(row);
}

/* A prepared statement and nothing else: no role, no claims, no policies. */
static double time_unsecured(PGconn *pg, unsigned long long *state)
{
    double start = bench_now();

    for (unsigned i = 0; i < scale.reads; i++) {
        char id[37];
        const char *const values[] = {id};

        trip_id(id, next_number(state, scale.trips));
        expect_row(pg, PQexecPrepared(pg, "bare", 1, values, NULL, NULL, 1));
    }
    return (bench_now() - start) / scale.reads * 1e6;
}

/* The same under row level security, as libpq does it best: role and claims, then the read, prepared, in one pipeline. */
static double time_bare(PGconn *pg, unsigned long long *state)
{
    double start = bench_now();

    for (unsigned i = 0; i < scale.reads; i++) {
        unsigned number = next_number(state, scale.trips);
        char id[37], user[37], claims[128];
        const char *const values[] = {id}, *const who[] = {claims};
        int ended = 0;

        trip_id(id, number);
        data_user_id(user, number % OWNERS);
        snprintf(claims, sizeof claims, "{\"sub\":\"%s\",\"role\":\"authenticated\"}", user);
        if (!PQsendQueryPrepared(pg, "act", 1, who, NULL, NULL, 1) ||
            !PQsendQueryPrepared(pg, "secured", 1, values, NULL, NULL, 1) || !PQpipelineSync(pg))
            bench_fail("bare libpq: %s", PQerrorMessage(pg));
        while (!ended) {
            PGresult *result = PQgetResult(pg);

            ended = result && PQresultStatus(result) == PGRES_PIPELINE_SYNC;
            if (result && !ended)
                expect_row(pg, result);
            else
                PQclear(result);
        }
    }
    return (bench_now() - start) / scale.reads * 1e6;
}

static void prepare(PGconn *pg, const char *name, const char *sql)
{
    PGresult *result = PQprepare(pg, name, sql, 1, NULL);

    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        bench_fail("%s: %s", name, PQerrorMessage(pg));
    PQclear(result);
}

/* A login that policies bind, and statements that are planned for the role they run as. */
static PGconn *connect_bare(void)
{
    PGconn *pg = test_pg_connect(TEST_PG_DIRECT, TEST_PG_APP, database);

    prepare(pg, "act", "SELECT set_config('role', 'authenticated', true), set_config('request.jwt.claims', $1, true)");
    PQclear(PQexec(pg, "SET plan_cache_mode = force_generic_plan"));
    PQclear(PQexec(pg, "SET ROLE authenticated"));
    prepare(pg, "secured", BARE_SELECT);
    PQclear(PQexec(pg, "RESET ROLE"));
    if (!PQenterPipelineMode(pg))
        bench_fail("no pipeline: %s", PQerrorMessage(pg));
    return pg;
}

static void bench_reads(void)
{
    tripsage *ts = open_as(TEST_PG_DIRECT, TEST_PG_APP, "");
    PGconn *bare = connect_bare(), *unsecured = test_pg_connect(TEST_PG_DIRECT, TEST_PG_SUPERUSER, database);
    unsigned long long a = 42, b = 42, c = 42;
    double ratios[64], naked[64], us[64], bare_us[64], unsecured_us[64];

    bench_method("Reads: tripsage_trip_get of random trips by their owners, one thread, beside bare libpq that reads "
                 "the same row on the\n"
                 "same socket: prepared, role, claims and policies included, in one pipeline; and beside the same "
                 "without any of these.");
    prepare(unsecured, "bare", BARE_SELECT);
    time_library(ts, &a); /* warms all three up */
    time_bare(bare, &b);
    time_unsecured(unsecured, &c);
    for (unsigned round = 0; round < scale.rounds; round++) {
        us[round] = time_library(ts, &a);
        bare_us[round] = time_bare(bare, &b);
        unsecured_us[round] = time_unsecured(unsecured, &c);
        ratios[round] = us[round] / bare_us[round];
        naked[round] = us[round] / unsecured_us[round];
        bench_progress("  round %u: %.1f us, bare %.1f us, without rights %.1f us", round + 1, us[round],
                       bare_us[round], unsecured_us[round]);
    }
    bench_figure("read_vs_bare_libpq", bench_median(ratios, scale.rounds), "ratio");
    bench_figure("read_vs_unsecured_libpq", bench_median(naked, scale.rounds), "ratio");
    bench_figure("read_us", bench_median(us, scale.rounds), "us");
    bench_figure("bare_libpq_read_us", bench_median(bare_us, scale.rounds), "us");
    bench_figure("unsecured_libpq_read_us", bench_median(unsecured_us, scale.rounds), "us");
    PQfinish(bare);
    PQfinish(unsecured);
    tripsage_close(ts);
}

/* ---- throughput ---- */

typedef struct reader {
    pthread_t thread;
    tripsage *ts;
    unsigned long long state;
    double until;
    unsigned long done;
} reader;

static void *read_on(void *context)
{
    reader *r = context;

    while (bench_now() < r->until) {
        unsigned number = next_number(&r->state, scale.trips);
        tripsage_doc *doc;
        char id[37];

        trip_id(id, number);
        if (tripsage_trip_get(&doc, tripsage_get_trips(r->ts), owners[number % OWNERS], id) != TRIPSAGE_OK)
            bench_fail("get %s: %s", id, tripsage_last_error()->message);
        tripsage_doc_free(doc);
        r->done++;
    }
    return NULL;
}

static double library_throughput(tripsage *ts)
{
    reader readers[THREADS];
    double start = bench_now();
    unsigned long done = 0;

    for (int i = 0; i < THREADS; i++) {
        const reader r = {.ts = ts, .state = 1000u + (unsigned)i, .until = start + scale.seconds};

        readers[i] = r;
        if (pthread_create(&readers[i].thread, NULL, read_on, &readers[i]))
            bench_fail("no thread");
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(readers[i].thread, NULL);
        done += readers[i].done;
    }
    return (double)done / (bench_now() - start);
}

static double pgbench(const char *arguments)
{
    char command[1024], line[256];
    double tps = 0;
    FILE *out;

    snprintf(command, sizeof command, "%s -h " TEST_PG_DIRECT " -U " TEST_PG_SUPERUSER " %s postgres 2>&1",
             PGBENCH_PROGRAM, arguments);
    out = popen(command, "r");
    if (!out)
        bench_fail("pgbench does not start");
    while (fgets(line, sizeof line, out))
        (void)sscanf(line, "tps = %lf", &tps);
    if (pclose(out) != 0)
        bench_fail("%s failed", command);
    return tps;
}

static void bench_throughput(void)
{
    tripsage *ts = open_as(TEST_PG_DIRECT, TEST_PG_APP, "");
    double ratios[64], threaded[64], ours[64], theirs[64];
    int seconds = scale.seconds < 1 ? 1 : (int)scale.seconds;
    char initialize[64], clients[64], threads[64];

    bench_method(
        "Throughput: tripsage_trip_get of random trips by their owners from 16 threads on one handle, beside `pgbench "
        "-S -M\n"
        "prepared -c 16` (which serves its clients from one thread), and beside the same with -j 16, in turn.");
    snprintf(initialize, sizeof initialize, "-q -i -s %s", scale.pgbench_scale);
    snprintf(clients, sizeof clients, "-S -M prepared -c %d -T %d", THREADS, seconds);
    snprintf(threads, sizeof threads, "-S -M prepared -c %d -j %d -T %d", THREADS, THREADS, seconds);
    pgbench(initialize);
    library_throughput(ts);
    for (unsigned round = 0; round < scale.rounds; round++) {
        double many;

        ours[round] = library_throughput(ts);
        theirs[round] = pgbench(clients);
        many = pgbench(threads);
        ratios[round] = ours[round] / theirs[round];
        threaded[round] = ours[round] / many;
        bench_progress("  round %u: %.0f reads a second, pgbench %.0f, with threads %.0f", round + 1, ours[round],
                       theirs[round], many);
    }
    bench_figure("throughput_vs_pgbench", bench_median(ratios, scale.rounds), "ratio");
    bench_figure("throughput_vs_pgbench_threads", bench_median(threaded, scale.rounds), "ratio");
    bench_figure("reads_per_second", bench_median(ours, scale.rounds), "1/s");
    bench_figure("pgbench_tps", bench_median(theirs, scale.rounds), "1/s");
    tripsage_close(ts);
}

static const char *output = "build/bench/postgres.json", *only;

START_TEST(measure)
{
    fill();
    printf("%-46s %12s unit\n", "figure (median of the rounds)", "value");
    if (!only || strcmp(only, "trips") == 0)
        bench_round_trips();
    if (!only || strcmp(only, "read") == 0)
        bench_reads();
    if (!only || strcmp(only, "throughput") == 0)
        bench_throughput();
    for (unsigned i = 0; i < OWNERS; i++)
        tripsage_actor_free(owners[i]);
    test_pg_drop();
    bench_write("postgres", output);
}
END_TEST

/* The tools of the tests end the test that runs where something fails: so this is one. */
static int run(void)
{
    Suite *suite = suite_create("bench");
    TCase *tcase = tcase_create("bench");
    SRunner *runner;
    int failed;

    tcase_add_test(tcase, measure);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_SILENT);
    failed = srunner_ntests_failed(runner);
    if (failed)
        srunner_print(runner, CK_NORMAL);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

static const char usage[] = "usage: bench_postgres [--quick] [--only trips|read|throughput] [OUTPUT.json]\n"
                            "       bench_postgres --rig    prints the folder of the servers it measures on\n"
                            "Needs the servers of tests/rig; `make bench-postgres` starts and stops them.\n";

int main(int argc, char **argv)
{
    int asks_for_rig = 0;
    const bench_option options[] = {{"--only", &only, NULL}, {"--rig", NULL, &asks_for_rig}, {NULL, NULL, NULL}};

    if (bench_arguments(argc, argv, usage, options, &output)) {
        scale.rounds = 1;
        scale.trips = 1000;
        scale.reads = 100;
        scale.seconds = 0.2;
        scale.pgbench_scale = "1";
    }
    if (asks_for_rig) {
        puts(TEST_RIG);
        return EXIT_SUCCESS;
    }
    return run();
}
