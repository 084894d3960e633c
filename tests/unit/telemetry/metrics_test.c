/* Instruments: what is counted comes out, under which names, in both formats, from many threads. */
#include <stdio.h>
#include <string.h>
#include <tripsage/cache.h>
#include <tripsage/telemetry.h>

#include "support/failing.h"
#include "support/threads.h"
#include "telemetry/telemetry_internal.h"
#include "unit/suite.h"

static tripsage_telemetry *telemetry;
static char *text;

static void set_up(void)
{
    test_heap_install();
    ck_assert_ok(tripsage_telemetry_open(&telemetry, NULL, NULL));
}

static void tear_down(void)
{
    tripsage_free(text);
    text = NULL;
    tripsage_telemetry_close(telemetry);
}

static const char *metrics(const char *accept)
{
    const char *type;
    size_t length;

    tripsage_free(text);
    ck_assert_ok(tripsage_telemetry_metrics(&text, &length, &type, telemetry, accept));
    ck_assert_uint_eq(strlen(text), length);
    ck_assert_ptr_nonnull(
        strstr(type, accept && strstr(accept, "openmetrics") ? "openmetrics-text; version=1.0.0" : "version=0.0.4"));
    return text;
}

#define HAS(line)     ck_assert_msg(strstr(text, line) != NULL, "no line \"%s\" in:\n%s", line, text)
#define HAS_NOT(line) ck_assert_msg(!strstr(text, line), "a line \"%s\" in:\n%s", line, text)

static tripsage_instrument *histogram(void)
{
    static const double bounds[] = {.005, .5, 1};
    const tripsage_instrument_options options = {.kind = TRIPSAGE_HISTOGRAM,
                                                 .name = "http.server.request.duration",
                                                 .unit = "s",
                                                 .help = "How long.",
                                                 .labels = {"http.route", "error.type"},
                                                 .bounds = bounds,
                                                 .bound_count = 3};
    tripsage_instrument *made;

    ck_assert_ok(tripsage_telemetry_instrument(&made, telemetry, &options));
    return made;
}

START_TEST(a_histogram_sums_up)
{
    const char *values[] = {"/api/trips", NULL};
    tripsage_instrument *it = histogram();

    tripsage_telemetry_add(it, values, 5000000); /* a bound belongs to its bucket */
    tripsage_telemetry_add(it, values, 5000001);
    tripsage_telemetry_add(it, values, 2500000000);
    metrics(NULL);
    HAS("# TYPE http_server_request_duration_seconds histogram\n");
    HAS("http_server_request_duration_seconds_bucket{http_route=\"/api/trips\",le=\"0.005\"} 1\n");
    HAS("http_server_request_duration_seconds_bucket{http_route=\"/api/trips\",le=\"0.5\"} 2\n");
    HAS("http_server_request_duration_seconds_bucket{http_route=\"/api/trips\",le=\"1\"} 2\n");
    HAS("http_server_request_duration_seconds_bucket{http_route=\"/api/trips\",le=\"+Inf\"} 3\n");
    HAS("http_server_request_duration_seconds_sum{http_route=\"/api/trips\"} 2.510000001\n");
    HAS("http_server_request_duration_seconds_count{http_route=\"/api/trips\"} 3\n");
    HAS_NOT("# EOF");
}
END_TEST

START_TEST(open_metrics_says_it_its_way)
{
    const tripsage_instrument_options options = {.kind = TRIPSAGE_COUNTER,
                                                 .name = "teas.drunk",
                                                 .unit = "{tea}",
                                                 .help = "Teas \"so\" far.\\",
                                                 .labels = {"kind"}};
    const char *tea[] = {"a \"b\"\\\n"}, *values[] = {"x", "500"};
    tripsage_instrument *it;

    ck_assert_ok(tripsage_telemetry_instrument(&it, telemetry, &options));
    tripsage_telemetry_add(it, tea, 2);
    tripsage_telemetry_add(histogram(), values, 1);
    metrics("application/openmetrics-text; version=1.0.0, text/plain;q=0.5");
    HAS("# TYPE teas_drunk counter\n");
    HAS("teas_drunk_total{kind=\"a \\\"b\\\"\\\\\\n\"} 2\n");
    HAS("# UNIT http_server_request_duration_seconds seconds\n");
    HAS("_bucket{http_route=\"x\",error_type=\"500\",le=\"1.0\"} 1\n");
    ck_assert_str_eq(text + strlen(text) - 6, "# EOF\n");
    metrics("text/plain");
    HAS("# TYPE teas_drunk_total counter\n");
}
END_TEST

START_TEST(accept_headers)
{
    static const struct {
        const char *accept;
        int open;
    } table[] = {{NULL, 0},
                 {"*/*", 0},
                 {"text/plain", 0},
                 {"application/openmetrics-text", 1},
                 {"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
                  "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                  1},
                 {"text/plain, application/openmetrics-text;q=0.9", 0},
                 {"text/plain;q=0.2, Application/OpenMetrics-Text; q=0.3", 1},
                 {"application/openmetrics-text;q=0", 0},
                 {"application/openmetrics-textual", 0},
                 {"", 0}};

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        ck_assert_msg(tripsage__accepts_open_metrics(table[i].accept) == table[i].open, "%s", table[i].accept);
}
END_TEST

START_TEST(what_comes_after_the_limit_is_counted_together)
{
    const tripsage_instrument_options options = {.kind = TRIPSAGE_COUNTER, .name = "many", .labels = {"n"}};
    tripsage_instrument *it;
    char value[16];
    const char *values[] = {value};

    ck_assert_ok(tripsage_telemetry_instrument(&it, telemetry, &options));
    for (int i = 0; i < TRIPSAGE_INSTRUMENT_SERIES_MAX + 7; i++) {
        snprintf(value, sizeof value, "%d", i);
        tripsage_telemetry_add(it, values, 1);
    }
    metrics(NULL);
    HAS("many_total{otel_metric_overflow=\"true\"} 7\n");
    HAS("many_total{n=\"1999\"} 1\n");
    HAS_NOT("many_total{n=\"2000\"}");
}
END_TEST

START_TEST(a_series_is_found_once)
{
    const char *tea[] = {"/tea", NULL}, *cake[] = {"/cake", "500"};
    tripsage_instrument *it = histogram();
    tripsage_series *series = tripsage_telemetry_series(it, tea);

    ck_assert_ptr_nonnull(series);
    ck_assert_ptr_eq(tripsage_telemetry_series(it, tea), series);
    ck_assert_ptr_ne(tripsage_telemetry_series(it, cake), series);
    tripsage_telemetry_series_add(series, 1000);
    tripsage_telemetry_add(it, tea, 2000);
    metrics(NULL);
    HAS("_count{http_route=\"/tea\"} 2\n");
    HAS("_sum{http_route=\"/tea\"} 0.000003\n");
    HAS("_count{http_route=\"/cake\",error_type=\"500\"} 0\n");
    ck_assert_ptr_null(tripsage_telemetry_series(NULL, NULL)); /* of a telemetry without metrics */
    tripsage_telemetry_series_add(NULL, 1);
}
END_TEST

/* Labels are known by their addresses; those that are more than there are places for are counted all the same. */
START_TEST(counters_know_labels_by_their_addresses)
{
    char labels[TRIPSAGE__COUNTED_MAX + 4][4];
    tripsage__observer *observer = (tripsage__observer *)(void *)telemetry;

    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++)
        snprintf(labels[i], sizeof labels[i], i % 2 ? "odd" : "%zu", i);
    for (size_t i = 0; i < 3 * sizeof labels / sizeof labels[0]; i++)
        tripsage__count(observer, TRIPSAGE__COUNT_TOKEN, labels[i % (sizeof labels / sizeof labels[0])]);
    tripsage__count(observer, TRIPSAGE__COUNT_SIGN_IN, labels[0]);
    metrics(NULL);
    HAS("tripsage_auth_tokens_total{tripsage_outcome=\"odd\"} 30\n");
    HAS("tripsage_auth_tokens_total{tripsage_outcome=\"0\"} 3\n");
    HAS("tripsage_auth_tokens_total{tripsage_outcome=\"18\"} 3\n");
    HAS("tripsage_auth_sign_ins_total{tripsage_outcome=\"0\"} 1\n");
}
END_TEST

static void count_many(size_t index, void *context)
{
    static const char *const labels[] = {"a", "b", "c", "d"};

    (void)index;
    for (int i = 0; i < 4000; i++)
        tripsage__count(context, TRIPSAGE__COUNT_LIMIT, labels[i % 4]);
}

START_TEST(threads_count_under_the_same_labels)
{
    test_threads_run(8, count_many, telemetry);
    metrics(NULL);
    HAS("tripsage_limit_decisions_total{tripsage_outcome=\"a\"} 8000\n");
    HAS("tripsage_limit_decisions_total{tripsage_outcome=\"d\"} 8000\n");
}
END_TEST

START_TEST(one_name_is_one_instrument)
{
    tripsage_instrument_options options = {.kind = TRIPSAGE_COUNTER, .name = "one", .unit = "{x}"};
    tripsage_instrument *a, *b;

    ck_assert_ok(tripsage_telemetry_instrument(&a, telemetry, &options));
    ck_assert_ok(tripsage_telemetry_instrument(&b, telemetry, &options));
    ck_assert_ptr_eq(a, b);
    options.kind = TRIPSAGE_UP_DOWN_COUNTER;
    ck_assert_fails(tripsage_telemetry_instrument(&b, telemetry, &options), TRIPSAGE_EINVALID);
    ck_assert_ptr_null(b);
    options.name = "no name";
    ck_assert_fails(tripsage_telemetry_instrument(&b, telemetry, &options), TRIPSAGE_EINVALID);
    options = (tripsage_instrument_options){.kind = TRIPSAGE_HISTOGRAM, .name = "h"};
    ck_assert_fails(tripsage_telemetry_instrument(&b, telemetry, &options), TRIPSAGE_EINVALID);
    tripsage_telemetry_add(NULL, NULL, 1); /* of a telemetry without metrics */
}
END_TEST

#define THREADS 8
#define ADDS    20000

static tripsage_instrument *shared;

static void add_many(size_t index, void *context)
{
    static const char *const names[] = {"a", "b", "c"};

    (void)index;
    (void)context;
    for (int i = 0; i < ADDS; i++)
        tripsage_telemetry_add(shared, (const char *const[]){names[i % 3], NULL}, 1000);
}

START_TEST(threads_do_not_lose_anything)
{
    shared = histogram();
    test_threads_run(THREADS, add_many, NULL);
    metrics(NULL);
    HAS("_count{http_route=\"a\"} 53336\n");
    HAS("_count{http_route=\"b\"} 53336\n");
    HAS("_count{http_route=\"c\"} 53328\n");
}
END_TEST

START_TEST(the_process_and_the_target_are_told)
{
    metrics(NULL);
    HAS("target_info{service_name=\"tripsage\"");
    HAS("# TYPE target_info gauge\n");
    HAS("process_memory_usage_bytes ");
    HAS("process_cpu_time_seconds_total{cpu_mode=\"user\"} ");
}
END_TEST

/* Of two caches on one telemetry together. */
START_TEST(caches_tell_how_they_are)
{
    tripsage_runtime runtime = TRIPSAGE_RUNTIME_INIT;
    tripsage_cache *a, *b;
    tripsage_cache_value value;

    runtime.telemetry = telemetry;
    ck_assert_ok(tripsage_cache_open(&a, NULL, &runtime));
    ck_assert_ok(tripsage_cache_open(&b, NULL, &runtime));
    ck_assert_ok(tripsage_cache_set(a, "k", 1, "v", 1, 0, TRIPSAGE_CACHE_ALWAYS));
    ck_assert_ok(tripsage_cache_get(&value, a, "k", 1));
    tripsage_cache_value_free(&value);
    for (int i = 0; i < 3; i++)
        ck_assert_fails(tripsage_cache_get(&value, b, "k", 1), TRIPSAGE_ENOTFOUND);
    metrics(NULL);
    HAS("tripsage_cache_lookups_total{tripsage_cache_engine=\"memory\",tripsage_outcome=\"hit\"} 1\n");
    HAS("tripsage_cache_lookups_total{tripsage_cache_engine=\"memory\",tripsage_outcome=\"miss\"} 3\n");
    HAS("tripsage_cache_hit_ratio{tripsage_cache_engine=\"memory\"} 0.25\n");
    HAS("tripsage_cache_entries{tripsage_cache_engine=\"memory\"} 1\n");
    tripsage_cache_close(a);
    tripsage_cache_close(b);
    metrics(NULL); /* nobody is asked any more */
    HAS("tripsage_cache_entries{tripsage_cache_engine=\"memory\"} 0\n");
}
END_TEST

START_TEST(memory_that_fails_is_told)
{
    tripsage_status status = TRIPSAGE_ENOMEM;
    long before = test_heap_alive(TEST_HEAP_LIBRARY);

    for (long nth = 1; status != TRIPSAGE_OK; nth++) {
        tripsage_telemetry *t;
        const char *type;
        char *out = NULL;
        size_t length;

        test_heap_arm(nth, TEST_FAIL_ONCE);
        status = tripsage_telemetry_open(&t, NULL, NULL);
        if (status == TRIPSAGE_OK)
            status = tripsage_telemetry_metrics(&out, &length, &type, t, NULL);
        test_heap_disarm();
        if (status != TRIPSAGE_OK) {
            ck_assert_int_eq(status, TRIPSAGE_ENOMEM);
            ck_assert_ptr_null(out);
        }
        tripsage_telemetry_close(t);
        tripsage_free(out);
        ck_assert_int_eq(test_heap_alive(TEST_HEAP_LIBRARY), before);
    }
}
END_TEST

SUITE_MAIN_WITH("telemetry/metrics", set_up, tear_down, a_histogram_sums_up, open_metrics_says_it_its_way,
                accept_headers, what_comes_after_the_limit_is_counted_together, a_series_is_found_once,
                counters_know_labels_by_their_addresses, threads_count_under_the_same_labels,
                one_name_is_one_instrument, threads_do_not_lose_anything, the_process_and_the_target_are_told,
                caches_tell_how_they_are, memory_that_fails_is_told)
