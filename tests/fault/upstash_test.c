/* fault/upstash_test.c: a cache by REST whose server refuses, breaks off, talks nonsense, or says nothing. What that may cost is shown
 * by counting the calls that met it, by the statistics: none but who was there when it began, and one in each period of the breaker. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cache_calls.h"
#include "support/expect.h"
#include "support/failing.h"
#include "support/threads.h"
#include "support/upstash.h"

enum { DEADLINE_MS = 600, A_MINUTE_MS = 60000, CALLS = 100, THREADS = 8 };

static test_redis server;
static test_upstash gateway;
static char logged[4096];
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;

static void keep_log(tripsage_log_level level, const char *room, const char *message, void *user)
{
    size_t length;

    (void)user;
    pthread_mutex_lock(&log_lock);
    length = strlen(logged);
    snprintf(logged + length, sizeof logged - length, "%d %s: %s\n", (int)level, room, message);
    pthread_mutex_unlock(&log_lock);
}

static tripsage_cache *open_with(const char *url, const char *token, uint32_t deadline_ms, uint32_t retry_after_ms)
{
    tripsage_cache_options options = TRIPSAGE_CACHE_OPTIONS_INIT;
    tripsage_runtime runtime = TRIPSAGE_RUNTIME_INIT;
    tripsage_cache *cache;

    runtime.log = keep_log;
    options.url = url;
    options.password = token;
    options.deadline_ms = deadline_ms;
    options.retry_after_ms = retry_after_ms;
    OK(tripsage_cache_open(&cache, &options, &runtime));
    return cache;
}

static tripsage_cache *open_cache(uint32_t retry_after_ms)
{
    return open_with(test_web_url(gateway.web), TEST_UPSTASH_TOKEN, DEADLINE_MS, retry_after_ms);
}

/* For what nothing is wrong with but a slow machine. */
static tripsage_cache *open_patient(void)
{
    return open_with(test_web_url(gateway.web), TEST_UPSTASH_TOKEN, 30000, A_MINUTE_MS);
}

static void start(void)
{
    test_redis_start(&server, NULL);
    test_upstash_open(&gateway, &server);
    logged[0] = '\0';
}

static void finish(void)
{
    test_upstash_close(&gateway);
    test_redis_close(&server);
    test_keep_free();
}

static tripsage_status increment(tripsage_cache *cache)
{
    int64_t sum;

    return tripsage_cache_increment(&sum, cache, "n", 1, 1, 0);
}

static tripsage_cache_stats stats_of(tripsage_cache *cache)
{
    tripsage_cache_stats stats;

    (void)tripsage_cache_get_stats(&stats, cache);
    return stats;
}

typedef struct silence {
    tripsage_cache *cache;
    _Atomic int wrong;
} silence;

static void call_in_vain(size_t index, void *context)
{
    silence *s = context;

    (void)index;
    for (int i = 0; i < CALLS; i++) {
        int good = i % 2 ? set(s->cache, "x") == TRIPSAGE_EUNAVAILABLE : get(s->cache) == TRIPSAGE_ENOTFOUND;

        s->wrong += !good;
    }
}

static void wait_until_it_answers(tripsage_cache *cache)
{
    for (int64_t until = now_ms() + 20000; set(cache, "back") != TRIPSAGE_OK;) {
        ck_assert_msg(now_ms() < until, "it did not come back: %s", test_error_text());
        nanosleep(&(struct timespec){0, 5000000}, NULL);
    }
    OK(get(cache));
}

static void check_secrets(void)
{
    ck_assert_ptr_null(strstr(logged, "secretive"));
    ck_assert_ptr_null(strstr(tripsage_last_error()->message, "secretive"));
}

/* ---- in good order ---- */

START_TEST(one_call_is_one_round_trip)
{
    tripsage_cache *cache = open_patient();
    tripsage_cache_stats stats;
    int64_t sum;
    long before;

    OK(set(cache, "x"));
    before = test_web_requests(gateway.web);
    for (int i = 0; i < 20; i++) {
        OK(tripsage_cache_set(cache, "key", 3, "x", 1, 1000, TRIPSAGE_CACHE_IF_PRESENT));
        OK(get(cache));
        OK(tripsage_cache_increment(&sum, cache, "n", 1, 1, 1000));
        OK(tripsage_cache_expire(cache, "n", 1, 0));
        OK(tripsage_cache_expire(cache, "n", 1, 1000));
        OK(tripsage_cache_delete(cache, "n", 1));
        OK(tripsage_cache_get_stats(&stats, cache));
        OK(tripsage_cache_clear(NULL, cache, "none", 4));
    }
    ck_assert_int_eq(test_web_requests(gateway.web) - before, 20 * 8);
    ck_assert_int_eq(test_peer_connections(test_web_peer(gateway.web)), 1); /* of what may not be done twice, too */
    ck_assert_int_eq(test_upstash_in_sync(&gateway), test_web_requests(gateway.web) - 1);
    ck_assert_uint_eq(stats.breaker_open + stats.breaker_opened + stats.silent + stats.garbled + stats.refused, 0);
    tripsage_cache_close(cache);
}
END_TEST

/* Arguments are bytes, and JSON has none: each way they go there comes out as on Redis. */
START_TEST(bytes_that_are_no_text)
{
    tripsage_cache *cache = open_patient();
    char *large = test_keep(malloc(1024 * 1024));
    tripsage_cache_value value;
    int64_t sum;
    uint64_t cleared;

    OK(tripsage_cache_set(cache, "k\xff%41", 5, "\x80 %", 3, 5000, TRIPSAGE_CACHE_IF_ABSENT)); /* a script */
    OK(tripsage_cache_get(&value, cache, "k\xff%41", 5));                                      /* a body */
    ck_assert_uint_eq(value.size, 3);
    ck_assert_int_eq(memcmp(value.data, "\x80 %", 3), 0);
    tripsage_cache_value_free(&value);
    ck_assert_ptr_nonnull(strstr(test_redis_cli(&server, "--no-raw KEYS '*'"), "tripsage:k\\xff%41"));
    OK(tripsage_cache_increment(&sum, cache, "n\xff", 2, 7, 5000));
    OK(tripsage_cache_increment(&sum, cache, "n\xff", 2, 7, 5000));
    ck_assert_int_eq(sum, 14);
    OK(tripsage_cache_expire(cache, "n\xff", 2, 0));
    OK(tripsage_cache_clear(&cleared, cache, "n\xff", 2));
    ck_assert_uint_eq(cleared, 1);
    for (int i = 0; i < 1024 * 1024; i++)
        large[i] = (char)(i * 7 % 256);
    OK(tripsage_cache_set(cache, "a/b ..?&=+", 10, large, 1024 * 1024, 5000, TRIPSAGE_CACHE_ALWAYS));
    OK(tripsage_cache_get(&value, cache, "a/b ..?&=+", 10));
    ck_assert_uint_eq(value.size, 1024 * 1024);
    ck_assert_int_eq(memcmp(value.data, large, value.size), 0);
    tripsage_cache_value_free(&value);
    OK(tripsage_cache_set(cache, "..", 2, "", 0, 0, TRIPSAGE_CACHE_ALWAYS));
    OK(tripsage_cache_get(&value, cache, "..", 2));
    ck_assert_uint_eq(value.size, 0);
    tripsage_cache_value_free(&value);
    tripsage_cache_close(cache);
}
END_TEST

/* Beyond what a double has room for. */
START_TEST(integers_have_64_bits)
{
    tripsage_cache *cache = open_patient();
    int64_t sum;

    OK(set(cache, "9007199254740993"));
    OK(tripsage_cache_increment(&sum, cache, "key", 3, 0, 0));
    ck_assert(sum == INT64_C(9007199254740993));
    OK(set(cache, "-9223372036854775807"));
    OK(tripsage_cache_increment(&sum, cache, "key", 3, -1, 0));
    ck_assert(sum == INT64_MIN);
    tripsage_cache_close(cache);
}
END_TEST

START_TEST(opens_with_a_token_alone)
{
    static const char *const bad[] = {"https://",    "https://user:secretive@host", "https://host?x=1",
                                      "http://host", "http://localhost.example",    "https://ho st"};
    tripsage_cache_options options = TRIPSAGE_CACHE_OPTIONS_INIT;
    tripsage_cache *cache;

    options.url = "https://host";
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_cache_open(&cache, &options, NULL), "#password");
    options.password = "a\nb";
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_cache_open(&cache, &options, NULL), "#password");
    options.password = TEST_UPSTASH_TOKEN;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        options.url = bad[i];
        FAILS_AT(TRIPSAGE_EINVALID, tripsage_cache_open(&cache, &options, NULL), "#url");
        check_secrets();
    }
}
END_TEST

/* ---- refusing ---- */

/* One call finds out, the others are answered at once; when it is there again, the breaker closes. */
static void check_answer(test_web_reply instead, const uint64_t kinds[3])
{
    tripsage_cache *cache = open_cache(100);
    tripsage_cache_stats stats;
    silence s = {cache, 0};

    OK(set(cache, "x"));
    test_upstash_answer(&gateway, &instead);
    call_in_vain(0, &s);
    ck_assert_int_eq(s.wrong, 0);
    stats = stats_of(cache);
    ck_assert_uint_eq(stats.breaker_open, 1);
    ck_assert_uint_eq(stats.breaker_opened, 1);
    ck_assert_uint_eq(stats.silent > 0, kinds[0]);
    ck_assert_uint_eq(stats.garbled > 0, kinds[1]);
    ck_assert_uint_eq(stats.refused > 0, kinds[2]);
    ck_assert_ptr_nonnull(strstr(logged, "does not answer"));
    check_secrets();
    test_upstash_answer(&gateway, NULL);
    wait_until_it_answers(cache);
    stats = stats_of(cache);
    ck_assert_uint_eq(stats.breaker_open, 0);
    ck_assert_uint_eq(stats.breaker_opened, 1);
    tripsage_cache_close(cache);
}

static const uint64_t is_silent[] = {1, 0, 0}, is_garbled[] = {0, 1, 0}, is_refused[] = {0, 0, 1};

START_TEST(refuses)
{
    static const int statuses[] = {401, 403, 404, 405, 429, 500, 502, 503};

    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        check_answer((test_web_reply){.status = statuses[i], .body = "{\"error\":\"said secretive\"}"}, is_refused);
        ck_assert_ptr_nonnull(strstr(logged, test_format("refuses: %d", statuses[i])));
    }
}
END_TEST

START_TEST(a_wrong_token)
{
    tripsage_cache *cache = open_with(test_web_url(gateway.web), "another-secretive", DEADLINE_MS, A_MINUTE_MS);

    FAILS(TRIPSAGE_EUNAVAILABLE, set(cache, "x"));
    ck_assert_ptr_nonnull(strstr(tripsage_last_error()->message, "refuses: 401"));
    check_secrets();
    FAILS(TRIPSAGE_ENOTFOUND, get(cache));
    ck_assert_int_eq(test_web_requests(gateway.web), 1);
    tripsage_cache_close(cache);
}
END_TEST

/* It says for how long it wants to be left alone. */
START_TEST(asks_for_a_rest)
{
    test_web_reply instead = {.status = 429, .headers = "Retry-After: 2\r\n", .body = "{\"error\":\"ERR\"}"};
    tripsage_cache *cache = open_cache(1);
    int64_t began = now_ms();

    test_upstash_answer(&gateway, &instead);
    FAILS(TRIPSAGE_EUNAVAILABLE, increment(cache));
    test_upstash_answer(&gateway, NULL);
    wait_until_it_answers(cache);
    ck_assert_int_ge(now_ms() - began, 2000);
    ck_assert_uint_eq(stats_of(cache).refused, 1);
    tripsage_cache_close(cache);
}
END_TEST

START_TEST(full_is_not_gone)
{
    tripsage_cache *cache = open_patient();

    OK(set(cache, "x"));
    test_redis_cli(&server, "CONFIG SET maxmemory 1");
    FAILS(TRIPSAGE_EUNAVAILABLE, set(cache, "y"));
    ck_assert_ptr_nonnull(strstr(tripsage_last_error()->message, "OOM"));
    FAILS(TRIPSAGE_EUNAVAILABLE, increment(cache));
    OK(get(cache));
    ck_assert_uint_eq(stats_of(cache).refused, 2);
    ck_assert_uint_eq(stats_of(cache).breaker_opened, 0);
    test_redis_cli(&server, "CONFIG SET maxmemory 0");
    test_redis_cli(&server, "REPLICAOF 127.0.0.1 1");
    FAILS(TRIPSAGE_EUNAVAILABLE, set(cache, "y"));
    ck_assert_ptr_nonnull(strstr(tripsage_last_error()->message, "READONLY"));
    OK(get(cache));
    tripsage_cache_close(cache);
}
END_TEST

/* One value that is too large for a proxy is no reason to leave the server alone. */
START_TEST(too_large_for_it)
{
    test_web_reply instead = {.status = 413, .body = "<html>"};
    tripsage_cache *cache = open_patient();

    test_upstash_answer(&gateway, &instead);
    FAILS(TRIPSAGE_EUNAVAILABLE, set(cache, "x"));
    test_upstash_answer(&gateway, NULL);
    OK(set(cache, "x"));
    tripsage_cache_close(cache);
}
END_TEST

/* ---- no answer ---- */

START_TEST(answers_nonsense)
{
    static const char *const nonsense[] = {
        "<html>",
        "",
        "null",
        "{}",
        "{\"result\":}",
        "{\"result\":1.5}",
        "{\"result\":{\"a\":1}}",
        "{\"result\":\"no base64\"}",
        "{\"result\":\"T0s\"}",
        "{\"result\":[\"OK\"]}",
        "{\"result\":1",
        "{\"result\":\"\\ud800\"}",
        "{\"result\":99999999999999999999}",
        "{\"result\":1}{\"result\":1}",
        "[{\"result\":1}",
        "{\"error\":7}",
        "{\"result\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}",
    };

    for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++)
        check_answer((test_web_reply){.body = nonsense[i]}, is_garbled);
    check_answer((test_web_reply){.status = 302, .headers = "Location: /\r\n"}, is_garbled);
    check_answer((test_web_reply){.status = 400, .body = "Bad Request"}, is_garbled);
}
END_TEST

/* A well-formed answer to another question is not taken for one to this. */
START_TEST(answers_something_else)
{
    test_web_reply instead = {.body = "{\"result\":[\"Nw==\"]}"};
    tripsage_cache *cache = open_cache(A_MINUTE_MS);

    test_upstash_answer(&gateway, &instead);
    FAILS(TRIPSAGE_ENOTFOUND, get(cache));
    FAILS(TRIPSAGE_EUNAVAILABLE, set(cache, "x"));
    FAILS(TRIPSAGE_EUNAVAILABLE, tripsage_cache_delete(cache, "key", 3));
    FAILS(TRIPSAGE_EUNAVAILABLE, tripsage_cache_clear(NULL, cache, "", 0));
    SAME_TEXT(logged, ""); /* there is somebody */
    tripsage_cache_close(cache);
}
END_TEST

START_TEST(breaks_off)
{
    check_answer((test_web_reply){.body = "{\"result\":\"T0sabcdefghijklmnop\"}", .hang_up = 2}, is_silent);
    check_answer((test_web_reply){.hang_up = 1}, is_silent);
}
END_TEST

START_TEST(answers_without_end)
{
    size_t size = 65u * 1024 * 1024;
    char *body = malloc(size + 1);
    tripsage_cache *cache = open_with(test_web_url(gateway.web), TEST_UPSTASH_TOKEN, 60000, A_MINUTE_MS);
    test_web_reply instead = {.body = body, .body_size = size};

    memset(body, 'x', size);
    test_upstash_answer(&gateway, &instead);
    FAILS(TRIPSAGE_EUNAVAILABLE, set(cache, "x"));
    ck_assert_uint_eq(stats_of(cache).garbled, 1);
    ck_assert_uint_eq(stats_of(cache).breaker_open, 1);
    tripsage_cache_close(cache);
    test_upstash_close(&gateway);
    free(body);
}
END_TEST

/* ---- silence ---- */

START_TEST(hangs)
{
    test_web_reply instead = {.delay_ms = 20000};
    tripsage_cache *cache = open_cache(A_MINUTE_MS);
    silence s = {cache, 0};

    OK(set(cache, "x"));
    test_upstash_answer(&gateway, &instead);
    call_in_vain(0, &s);
    ck_assert_int_eq(s.wrong, 0);
    ck_assert_uint_eq(stats_of(cache).silent, 1);
    ck_assert_uint_eq(stats_of(cache).breaker_open, 1);
    tripsage_cache_close(cache);
}
END_TEST

/* Keys may be in the path of a request, and are in no message. */
START_TEST(names_no_keys)
{
    static const test_web_reply replies[] = {{.delay_ms = 20000}, {.hang_up = 1}, {.body = "x"}, {.status = 500}};

    for (size_t i = 0; i < sizeof replies / sizeof *replies; i++) {
        tripsage_cache *cache = open_cache(A_MINUTE_MS);

        test_upstash_answer(&gateway, &replies[i]);
        FAILS(TRIPSAGE_EUNAVAILABLE, tripsage_cache_set(cache, "secretive", 9, "\xff", 1, 0, TRIPSAGE_CACHE_ALWAYS));
        check_secrets();
        tripsage_cache_close(cache);
    }
    ck_assert_ptr_nonnull(strstr(logged, "the deadline passed"));
}
END_TEST

START_TEST(hangs_under_many_threads)
{
    test_web_reply instead = {.delay_ms = 20000};
    tripsage_cache *cache = open_cache(A_MINUTE_MS);
    silence s = {cache, 0};

    OK(set(cache, "x"));
    test_upstash_answer(&gateway, &instead);
    test_threads_run(THREADS, call_in_vain, &s);
    ck_assert_int_eq(s.wrong, 0);
    ck_assert_uint_le(stats_of(cache).silent, THREADS); /* each was there at the beginning, and paid once */
    ck_assert_uint_eq(stats_of(cache).breaker_opened, 1);
    tripsage_cache_close(cache);
}
END_TEST

/* Slower than the deadline is silence, and slow within it an answer. */
START_TEST(is_slow)
{
    test_web_reply slow = {.body = "{\"result\":\"OK\"}", .delay_ms = 200};
    tripsage_cache *cache = open_with(test_web_url(gateway.web), TEST_UPSTASH_TOKEN, 3000, A_MINUTE_MS);

    test_upstash_answer(&gateway, &slow);
    OK(set(cache, "x"));
    slow.delay_ms = 20000;
    test_upstash_answer(&gateway, &slow);
    FAILS(TRIPSAGE_EUNAVAILABLE, set(cache, "x"));
    tripsage_cache_close(cache);
}
END_TEST

START_TEST(nobody_is_there)
{
    tripsage_cache *cache = open_cache(A_MINUTE_MS);
    silence s = {cache, 0};

    test_peer_refuse(test_web_peer(gateway.web));
    call_in_vain(0, &s);
    ck_assert_int_eq(s.wrong, 0);
    ck_assert_uint_eq(stats_of(cache).silent, 1);
    tripsage_cache_close(cache);
}
END_TEST

/* What may have been done is not done again; what only reads is. */
START_TEST(is_done_once)
{
    test_web_reply instead = {.hang_up = 1};
    tripsage_cache *cache = open_cache(1);
    long before;

    OK(set(cache, "x"));
    test_upstash_answer(&gateway, &instead);
    before = test_web_requests(gateway.web);
    FAILS(TRIPSAGE_EUNAVAILABLE, increment(cache)); /* over the connection that was kept */
    ck_assert_int_eq(test_web_requests(gateway.web) - before, 1);
    nanosleep(&(struct timespec){0, 20000000}, NULL);
    before = test_web_requests(gateway.web);
    FAILS(TRIPSAGE_EUNAVAILABLE, increment(cache)); /* over a new one */
    ck_assert_int_eq(test_web_requests(gateway.web) - before, 1);
    nanosleep(&(struct timespec){0, 20000000}, NULL);
    before = test_web_requests(gateway.web);
    FAILS(TRIPSAGE_ENOTFOUND, get(cache));
    ck_assert_int_gt(test_web_requests(gateway.web) - before, 1);
    tripsage_cache_close(cache);
}
END_TEST

/* ---- memory that runs out ---- */

static tripsage_status use(tripsage_cache *cache)
{
    tripsage_status status = set(cache, "x");

    if (status == TRIPSAGE_OK)
        status = get(cache) == TRIPSAGE_OK ? TRIPSAGE_OK : TRIPSAGE_ENOMEM; /* what cannot be handed out is not found */
    if (status == TRIPSAGE_OK)
        status = tripsage_cache_set(cache, "\xff", 1, "\xff", 1, 0, TRIPSAGE_CACHE_ALWAYS);
    if (status == TRIPSAGE_OK)
        status = increment(cache);
    if (status == TRIPSAGE_OK)
        status = tripsage_cache_clear(NULL, cache, "", 0);
    return status;
}

/* Each allocation of ours fails in turn, which is not held against the server. */
START_TEST(without_memory)
{
    tripsage_status status = TRIPSAGE_ENOMEM;

    test_heap_install();
    for (long n = 1; status == TRIPSAGE_ENOMEM; n++) {
        tripsage_cache *cache = open_with(test_web_url(gateway.web), TEST_UPSTASH_TOKEN, 20000, A_MINUTE_MS);

        test_heap_arm(n, TEST_FAIL_ONCE);
        status = use(cache);
        test_heap_disarm();
        ck_assert_msg(status == TRIPSAGE_OK || status == TRIPSAGE_ENOMEM, "%ld: %s", n, test_error_text());
        ck_assert_int_lt(n, 200);
        OK(use(cache));
        tripsage_cache_close(cache);
        ck_assert_int_eq(test_heap_alive(TEST_HEAP_LIBRARY), 0);
    }
    SAME_TEXT(logged, "");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fault/upstash");
    TCase *tcase = tcase_create("upstash");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tcase, start, finish);
    tcase_set_timeout(tcase, 120);
    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, one_call_is_one_round_trip);
    tcase_add_test(tcase, bytes_that_are_no_text);
    tcase_add_test(tcase, integers_have_64_bits);
    tcase_add_test(tcase, opens_with_a_token_alone);
    tcase_add_test(tcase, refuses);
    tcase_add_test(tcase, a_wrong_token);
    tcase_add_test(tcase, asks_for_a_rest);
    tcase_add_test(tcase, full_is_not_gone);
    tcase_add_test(tcase, too_large_for_it);
    tcase_add_test(tcase, answers_nonsense);
    tcase_add_test(tcase, answers_something_else);
    tcase_add_test(tcase, breaks_off);
    tcase_add_test(tcase, answers_without_end);
    tcase_add_test(tcase, hangs);
    tcase_add_test(tcase, names_no_keys);
    tcase_add_test(tcase, hangs_under_many_threads);
    tcase_add_test(tcase, is_slow);
    tcase_add_test(tcase, nobody_is_there);
    tcase_add_test(tcase, is_done_once);
    tcase_add_test(tcase, without_memory);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
