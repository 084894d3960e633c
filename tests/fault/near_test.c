/* fault/near_test.c: copies in the process before a server: what they save, when they go, and what holds when nobody tells that they
 * should. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "support/chance.h"
#include "support/commands.h"
#include "support/expect.h"
#include "support/failing.h"
#include "support/threads.h"
#include "support/upstash.h"

enum { DEADLINE_MS = 2000, PERIOD_MS = 50, AN_HOUR_MS = 3600000, NEAR_BYTES = 1024 * 1024 };

static test_redis server;
static test_upstash gateway;
static test_chance chance;

static tripsage_cache *open_options(tripsage_cache_options options)
{
    tripsage_runtime runtime = test_chance_runtime(&chance);
    tripsage_cache *cache;

    options.deadline_ms = DEADLINE_MS;
    options.retry_after_ms = PERIOD_MS;
    OK(tripsage_cache_open(&cache, &options, &runtime));
    return cache;
}

static tripsage_cache *open_near(uint64_t near_max_bytes)
{
    tripsage_cache_options options = TRIPSAGE_CACHE_OPTIONS_INIT;

    options.url = test_format("unix://%s", server.path);
    options.near_max_bytes = near_max_bytes;
    options.near_ttl_ms = AN_HOUR_MS;
    return open_options(options);
}

static tripsage_cache *open_by_rest(void)
{
    tripsage_cache_options options = TRIPSAGE_CACHE_OPTIONS_INIT;

    options.url = test_web_url(gateway.web);
    options.password = TEST_UPSTASH_TOKEN;
    options.near_max_bytes = NEAR_BYTES;
    options.near_ttl_ms = 1000;
    return open_options(options);
}

static void start(void)
{
    test_chance_init(&chance);
    test_redis_start_at(&server, chance.now_ms);
    test_upstash_open(&gateway, &server);
}

static void finish(void)
{
    test_upstash_close(&gateway);
    test_redis_close(&server);
    test_keep_free();
}

static void advance(int64_t ms)
{
    test_clock_advance(&chance, ms);
    *server.clock_ms = chance.now_ms;
}

static tripsage_status set_for(tripsage_cache *cache, const char *key, const char *value, int64_t ttl_ms)
{
    return tripsage_cache_set(cache, key, strlen(key), value, strlen(value), ttl_ms, TRIPSAGE_CACHE_ALWAYS);
}

static tripsage_status set(tripsage_cache *cache, const char *key, const char *value)
{
    return set_for(cache, key, value, 0);
}

static const char *get(tripsage_cache *cache, const char *key)
{
    tripsage_cache_value value;
    const char *text;

    if (tripsage_cache_get(&value, cache, key, strlen(key)) != TRIPSAGE_OK)
        return NULL;
    text = test_format("%.*s", (int)value.size, (const char *)value.data);
    tripsage_cache_value_free(&value);
    return text;
}

static int64_t ttl(tripsage_cache *cache, const char *key)
{
    tripsage_cache_value value;
    int64_t left;

    OK(tripsage_cache_get(&value, cache, key, strlen(key)));
    left = value.ttl_ms;
    tripsage_cache_value_free(&value);
    return left;
}

static uint64_t near_hits(tripsage_cache *cache)
{
    tripsage_cache_stats stats;

    (void)tripsage_cache_get_stats(&stats, cache);
    return stats.near_hits;
}

static void pause_ms(long ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

/* Reads the key until that costs no round trip: tracking stands, and there is a copy. */
static void wait_for_copy(tripsage_cache *cache, const char *key)
{
    for (int tries = 0; near_hits(cache) == 0; tries++) {
        ck_assert_int_lt(tries, 2000);
        (void)get(cache, key);
        (void)get(cache, key);
        pause_ms(5);
    }
}

/* Until what another one wrote is seen: that it was is told a moment later. */
static void wait_for_value(tripsage_cache *cache, const char *key, const char *want)
{
    const char *got;

    for (int tries = 0;; tries++) {
        got = get(cache, key);
        if (got && want ? strcmp(got, want) == 0 : got == want)
            return;
        ck_assert_msg(tries < 2000, "%s, and not %s", got, want);
        pause_ms(5);
    }
}

START_TEST(a_copy_costs_no_round_trip)
{
    tripsage_cache *cache = open_near(NEAR_BYTES);
    uint64_t before;
    long reads;

    OK(set(cache, "key", "value"));
    wait_for_copy(cache, "key");
    before = near_hits(cache);
    reads = test_redis_reads(&server);
    for (int i = 0; i < 1000; i++)
        SAME_TEXT(get(cache, "key"), "value");
    ck_assert_int_lt(test_redis_reads(&server) - reads, 50); /* what asking for it costs, and a ping */
    ck_assert_uint_eq(near_hits(cache) - before, 1000);
    tripsage_cache_close(cache);
}
END_TEST

START_TEST(what_is_written_is_seen)
{
    tripsage_cache *cache = open_near(NEAR_BYTES);
    int64_t sum;
    uint64_t cleared;

    OK(set(cache, "key", "1"));
    wait_for_copy(cache, "key");
    for (int i = 0; i < 200; i++) { /* at once, whatever the server has told by then */
        OK(set(cache, "key", test_format("%d", i)));
        SAME_TEXT(get(cache, "key"), test_format("%d", i));
        SAME_TEXT(get(cache, "key"), test_format("%d", i));
    }
    OK(tripsage_cache_increment(&sum, cache, "key", 3, 1, 0));
    SAME_TEXT(get(cache, "key"), "200");
    OK(tripsage_cache_expire(cache, "key", 3, 700));
    ck_assert_int_eq(ttl(cache, "key"), 700);
    OK(tripsage_cache_delete(cache, "key", 3));
    SAME_TEXT(get(cache, "key"), NULL);
    OK(set(cache, "key", "x"));
    SAME_TEXT(get(cache, "key"), "x");
    OK(tripsage_cache_clear(&cleared, cache, "k", 1));
    SAME_TEXT(get(cache, "key"), NULL);
    OK(set(cache, "key", "x"));
    SAME_TEXT(get(cache, "key"), "x");
    SAME_TEXT(test_command(cache, "FLUSHDB"), "OK");
    SAME_TEXT(get(cache, "key"), NULL);
    OK(set(cache, "key", "x"));
    SAME_TEXT(get(cache, "key"), "x");
    SAME_TEXT(test_command(cache, "SET tripsage:key y"), "OK");
    SAME_TEXT(get(cache, "key"), "y");
    tripsage_cache_close(cache);
}
END_TEST

START_TEST(what_others_write_is_told)
{
    tripsage_cache *cache = open_near(NEAR_BYTES), *other = open_near(0);

    OK(set(other, "key", "old"));
    wait_for_copy(cache, "key");
    SAME_TEXT(get(cache, "key"), "old");
    OK(set(other, "key", "new"));
    wait_for_value(cache, "key", "new");
    SAME_TEXT(get(cache, "key"), "new"); /* a copy again */
    OK(tripsage_cache_delete(other, "key", 3));
    wait_for_value(cache, "key", NULL);
    OK(set(other, "key", "again"));
    SAME_TEXT(get(cache, "key"), "again");
    SAME_TEXT(get(cache, "key"), "again");
    test_redis_cli(&server, "FLUSHALL");
    wait_for_value(cache, "key", NULL);
    tripsage_cache_close(cache);
    tripsage_cache_close(other);
}
END_TEST

START_TEST(lives_are_those_of_the_server)
{
    tripsage_cache *cache = open_near(NEAR_BYTES);

    OK(set_for(cache, "key", "x", 500));
    wait_for_copy(cache, "key");
    ck_assert_int_eq(ttl(cache, "key"), 500);
    advance(499);
    ck_assert_int_eq(ttl(cache, "key"), 1);
    advance(1);
    SAME_TEXT(get(cache, "key"), NULL);
    tripsage_cache_close(cache);
}
END_TEST

/* While nobody tells, nothing is believed: the copies go, and each call asks. */
START_TEST(a_lost_connection_drops_the_copies)
{
    tripsage_cache *cache = open_near(NEAR_BYTES), *other = open_near(0);

    for (int i = 0; i < 5; i++) {
        uint64_t before;

        OK(set(other, "key", "old"));
        wait_for_value(cache, "key", "old");
        before = near_hits(cache);
        for (int tries = 0; near_hits(cache) == before; tries++) {
            ck_assert_int_lt(tries, 2000);
            SAME_TEXT(get(cache, "key"), "old");
            pause_ms(5);
        }
        test_redis_cli(&server, "CLIENT KILL TYPE pubsub");
        OK(set(other, "key", "new")); /* which nobody was told, maybe */
        wait_for_value(cache, "key", "new");
        for (int again = 0; again < 50; again++)
            SAME_TEXT(get(cache, "key"), "new");
    }
    tripsage_cache_close(cache);
    tripsage_cache_close(other);
}
END_TEST

START_TEST(a_dead_server_has_no_copies)
{
    tripsage_cache *cache = open_near(NEAR_BYTES);

    OK(set(cache, "key", "x"));
    wait_for_copy(cache, "key");
    test_redis_kill(&server);
    wait_for_value(cache, "key", NULL);
    test_redis_start_again(&server);
    for (int tries = 0; set(cache, "key", "y") != TRIPSAGE_OK; tries++) {
        ck_assert_int_lt(tries, 2000);
        pause_ms(5);
    }
    wait_for_copy(cache, "key");
    SAME_TEXT(get(cache, "key"), "y");
    tripsage_cache_close(cache);
}
END_TEST

/* It is there, and silent: asked whether it is, it does not answer. */
START_TEST(a_frozen_server_has_no_copies)
{
    tripsage_cache *cache = open_near(NEAR_BYTES);

    OK(set(cache, "key", "x"));
    wait_for_copy(cache, "key");
    test_redis_freeze(&server);
    wait_for_value(cache, "key", NULL);
    tripsage_cache_close(cache); /* while it connects in vain */
    test_redis_thaw(&server);
}
END_TEST

START_TEST(a_server_that_may_not_tell)
{
    tripsage_cache *cache;

    test_redis_cli(&server, "ACL SETUSER default -client");
    cache = open_near(NEAR_BYTES);
    OK(set(cache, "key", "x"));
    for (int i = 0; i < 20; i++)
        SAME_TEXT(get(cache, "key"), "x");
    ck_assert_uint_eq(near_hits(cache), 0);
    tripsage_cache_close(cache);
}
END_TEST

/* By REST nobody tells; what others write is seen when a copy is as old as it may be, and not one millisecond later. */
START_TEST(by_rest_the_age_is_the_bound)
{
    tripsage_cache *cache = open_by_rest(), *other = open_near(0);
    long before;

    OK(set(other, "key", "old"));
    SAME_TEXT(get(cache, "key"), "old");
    OK(set(other, "key", "new"));
    before = test_web_requests(gateway.web);
    advance(999);
    SAME_TEXT(get(cache, "key"), "old");
    ck_assert_int_eq(test_web_requests(gateway.web), before);
    advance(1);
    SAME_TEXT(get(cache, "key"), "new");
    OK(set(cache, "key", "mine"));
    SAME_TEXT(get(cache, "key"), "mine");
    tripsage_cache_close(cache);
    tripsage_cache_close(other);
}
END_TEST

START_TEST(has_bounds)
{
    tripsage_cache_options options = TRIPSAGE_CACHE_OPTIONS_INIT;
    tripsage_cache *cache;
    char *large = test_keep(malloc(NEAR_BYTES));

    options.url = test_format("unix://%s", server.path);
    options.near_max_bytes = 1;
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_cache_open(&cache, &options, NULL), "#near_max_bytes");
    options.near_max_bytes = NEAR_BYTES;
    options.key_prefix = test_repeat("p", 257);
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_cache_open(&cache, &options, NULL), "#key_prefix");

    cache = open_near(NEAR_BYTES);
    OK(set(cache, "key", "x"));
    wait_for_copy(cache, "key");
    memset(large, 'x', NEAR_BYTES);
    OK(tripsage_cache_set(cache, "large", 5, large, NEAR_BYTES / 2, 0, TRIPSAGE_CACHE_ALWAYS));
    for (int i = 0; i < 3; i++) { /* found, but never a copy */
        uint64_t before = near_hits(cache);

        ck_assert_int_eq(ttl(cache, "large"), -1);
        ck_assert_uint_eq(near_hits(cache), before);
    }
    tripsage_cache_close(cache);
}
END_TEST

START_TEST(it_is_told_over_tls)
{
    tripsage_cache_options options = TRIPSAGE_CACHE_OPTIONS_INIT;
    char certificate[TEST_PATH_SIZE];
    tripsage_cache *cache, *other;
    int port;

    test_redis_close(&server);
    port = test_redis_start_with_tls(&server, certificate);
    options.url = test_format("rediss://localhost:%d/?ca_file=%s", port, certificate);
    options.near_max_bytes = NEAR_BYTES;
    options.near_ttl_ms = AN_HOUR_MS;
    cache = open_options(options);
    other = open_near(0);
    for (int i = 0; i < 20; i++) {
        const char *text = test_repeat(test_format("%d ", i), (size_t)i * 500); /* in several records */

        OK(set(other, "key", text));
        wait_for_value(cache, "key", text);
        for (int key = 0; key < 200; key++)
            OK(set(other, test_format("%d-%s", key, test_repeat("k", 900)), "x"));
    }
    wait_for_copy(cache, "key");
    pause_ms(1500); /* asked whether it is there, it says so */
    SAME_TEXT(get(cache, "key"), test_repeat("19 ", 19 * 500));
    test_redis_kill(&server);
    wait_for_value(cache, "key", NULL);
    tripsage_cache_close(cache);
    tripsage_cache_close(other);
}
END_TEST

/* ---- many at once ---- */

enum { THREADS = 6, ROUNDS = 400 };

typedef struct hammered {
    tripsage_cache *caches[2];
    _Atomic int wrong;
} hammered;

/* Each thread has a key of its own, which the others drop and copy all the time; it never sees an older value than it wrote. */
static void hammer(size_t index, void *context)
{
    hammered *h = context;
    tripsage_cache *cache = h->caches[index % 2];
    char key[16], text[16];

    snprintf(key, sizeof key, "key-%zu", index);
    for (int i = 0; i < ROUNDS; i++) {
        tripsage_cache_value value;

        snprintf(text, sizeof text, "%d", i);
        h->wrong +=
            tripsage_cache_set(cache, key, strlen(key), text, strlen(text), 0, TRIPSAGE_CACHE_ALWAYS) != TRIPSAGE_OK;
        for (int again = 0; again < 3; again++) {
            if (tripsage_cache_get(&value, cache, key, strlen(key)) != TRIPSAGE_OK) {
                h->wrong++;
                continue;
            }
            h->wrong += value.size != strlen(text) || memcmp(value.data, text, value.size) != 0;
            tripsage_cache_value_free(&value);
        }
        snprintf(text, sizeof text, "key-%zu", (index + (size_t)i) % THREADS);
        if (tripsage_cache_get(&value, cache, text, strlen(text)) == TRIPSAGE_OK)
            tripsage_cache_value_free(&value);
    }
}

START_TEST(one_sees_what_one_wrote)
{
    hammered h = {{open_near(NEAR_BYTES), open_near(NEAR_BYTES)}, 0};

    OK(set(h.caches[0], "a", "x"));
    wait_for_copy(h.caches[0], "a");
    wait_for_copy(h.caches[1], "a");
    test_threads_run(THREADS, hammer, &h);
    ck_assert_int_eq(h.wrong, 0);
    for (size_t i = 0; i < 2; i++)
        for (int key = 0; key < THREADS; key++)
            wait_for_value(h.caches[i], test_format("key-%d", key), test_format("%d", ROUNDS - 1));
    tripsage_cache_close(h.caches[0]);
    tripsage_cache_close(h.caches[1]);
}
END_TEST

/* ---- memory that runs out ---- */

/* Opened and used, each allocation failing in turn. What cannot be copied is no failure. (By REST: there is no thread whose turn would
 * be another one each time.) */
START_TEST(without_memory)
{
    tripsage_cache_options options = TRIPSAGE_CACHE_OPTIONS_INIT;
    tripsage_status status = TRIPSAGE_ENOMEM;

    options.url = test_web_url(gateway.web);
    options.password = TEST_UPSTASH_TOKEN;
    options.near_max_bytes = NEAR_BYTES;
    test_heap_install();
    for (long n = 1; status == TRIPSAGE_ENOMEM; n++) {
        tripsage_cache *cache;

        ck_assert_int_lt(n, 100);
        test_heap_arm(n, TEST_FAIL_ONCE);
        status = tripsage_cache_open(&cache, &options, NULL);
        test_heap_disarm();
        tripsage_cache_close(cache);
        ck_assert_int_eq(test_heap_alive(TEST_HEAP_LIBRARY), 0);
    }
    OK(status);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fault/near");
    TCase *tcase = tcase_create("near");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tcase, start, finish);
    tcase_set_timeout(tcase, 120);
    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, a_copy_costs_no_round_trip);
    tcase_add_test(tcase, what_is_written_is_seen);
    tcase_add_test(tcase, what_others_write_is_told);
    tcase_add_test(tcase, lives_are_those_of_the_server);
    tcase_add_test(tcase, a_lost_connection_drops_the_copies);
    tcase_add_test(tcase, a_dead_server_has_no_copies);
    tcase_add_test(tcase, a_frozen_server_has_no_copies);
    tcase_add_test(tcase, a_server_that_may_not_tell);
    tcase_add_test(tcase, by_rest_the_age_is_the_bound);
    tcase_add_test(tcase, it_is_told_over_tls);
    tcase_add_test(tcase, has_bounds);
    tcase_add_test(tcase, one_sees_what_one_wrote);
    tcase_add_test(tcase, without_memory);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
