/* throttle_test.c: how often one may ask, in the process and over a server that replicas share, on a clock that stands still. */
#include "auth/throttle.h"

#include <pthread.h>
#include <string.h>
#include <tripsage/cache.h>

#include "../suite.h"
#include "cache/cache.h"
#include "fixture.h"
#include "support/json.h"
#include "support/redis.h"

#define ADA "ada@example.org"
#define BOB "bob@example.org"

static const unsigned char secret[TRIPSAGE__THROTTLE_SECRET_SIZE] = "thirty-two bytes of a known text";
static tripsage__env *env;
static tripsage__throttle *throttle;

static void start(void)
{
    tripsage_runtime runtime = test_runtime();

    clock_ms = NOON;
    ck_assert_ok(tripsage__env_new(&env, &runtime));
    ck_assert_ok(tripsage__throttle_new(&throttle, env, NULL, secret));
}

static void stop(void)
{
    tripsage__throttle_free(throttle);
    tripsage__env_free(env);
}

static int64_t ask(tripsage__throttle_kind kind, const char *account, const char *address)
{
    int64_t wait_ms = -1;

    ck_assert_ok(tripsage__throttle_ask(&wait_ms, throttle, kind, account, address));
    return wait_ms;
}

/* How many of `tries` go through. */
static int granted(int tries, tripsage__throttle_kind kind, const char *account, const char *address)
{
    int count = 0;

    for (int i = 0; i < tries; i++)
        count += ask(kind, account, address) == 0;
    return count;
}

START_TEST(so_many_at_once_and_then_one_in_each_interval)
{
    static const struct {
        tripsage__throttle_kind kind;
        int at_once;
        int64_t interval_ms;
    } limits[] = {
        {TRIPSAGE__THROTTLE_SIGNUP, 30, 10000}, {TRIPSAGE__THROTTLE_TOKEN, 30, 2000},
        {TRIPSAGE__THROTTLE_OTP, 30, 10000},    {TRIPSAGE__THROTTLE_RECOVER, 30, 10000},
        {TRIPSAGE__THROTTLE_RESEND, 30, 10000}, {TRIPSAGE__THROTTLE_USER, 30, 10000},
        {TRIPSAGE__THROTTLE_VERIFY, 30, 10000}, {TRIPSAGE__THROTTLE_ANONYMOUS, 30, 120000},
        {TRIPSAGE__THROTTLE_FACTOR, 15, 4000},
    };

    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        tripsage__throttle_kind kind = limits[i].kind;

        ck_assert_int_eq(granted(100, kind, NULL, "192.0.2.1"), limits[i].at_once);
        ck_assert_int_eq(ask(kind, NULL, "192.0.2.1"), limits[i].interval_ms);
        ck_assert_int_eq(ask(kind, NULL, "192.0.2.2"), 0); /* somebody else */
        clock_ms += limits[i].interval_ms - 1;
        ck_assert_int_eq(ask(kind, NULL, "192.0.2.1"), 1);
        clock_ms += 1;
        ck_assert_int_eq(granted(5, kind, NULL, "192.0.2.1"), 1);
        clock_ms += 3 * limits[i].interval_ms;
        ck_assert_int_eq(granted(10, kind, NULL, "192.0.2.1"), 3);
        clock_ms += HOUR;
        ck_assert_int_eq(granted(100, kind, NULL, "192.0.2.1"), limits[i].at_once);
        ck_assert_int_eq(ask(kind, NULL, NULL), 0); /* by whom is not known: not counted */
    }
}
END_TEST

/* Over an hour no more than the rate goes through, however it is asked. */
START_TEST(the_rate_holds)
{
    int count = 0;

    for (int second = 0; second < 3600; second++, clock_ms += 1000)
        count += granted(3, TRIPSAGE__THROTTLE_TOKEN, NULL, "192.0.2.1");
    ck_assert_int_ge(count, 1800);
    ck_assert_int_le(count, 1830);
}
END_TEST

START_TEST(a_network_of_ipv6_is_one_client)
{
    ck_assert_int_eq(granted(15, TRIPSAGE__THROTTLE_FACTOR, NULL, "2001:db8:1:2::1"), 15);
    ck_assert_int_gt(ask(TRIPSAGE__THROTTLE_FACTOR, NULL, "2001:DB8:1:2:ffff:1:2:3"), 0);
    ck_assert_int_eq(ask(TRIPSAGE__THROTTLE_FACTOR, NULL, "2001:db8:1:3::1"), 0);
    ck_assert_int_eq(granted(15, TRIPSAGE__THROTTLE_FACTOR, NULL, "192.0.2.1"), 15);
    ck_assert_int_gt(ask(TRIPSAGE__THROTTLE_FACTOR, NULL, "::ffff:192.0.2.1"), 0);
    ck_assert_int_eq(ask(TRIPSAGE__THROTTLE_FACTOR, NULL, "not an address"), 0);
}
END_TEST

START_TEST(one_mail_a_minute_and_thirty_an_hour_in_all)
{
    char mailbox[32];

    ck_assert_int_eq(ask(TRIPSAGE__THROTTLE_MAIL, ADA, NULL), 0);
    ck_assert_int_eq(ask(TRIPSAGE__THROTTLE_MAIL, ADA, NULL), 60000);
    for (int i = 1; i < 30; i++) {
        snprintf(mailbox, sizeof mailbox, "user%d@example.org", i);
        ck_assert_int_eq(ask(TRIPSAGE__THROTTLE_MAIL, mailbox, NULL), 0);
    }
    ck_assert_int_eq(ask(TRIPSAGE__THROTTLE_MAIL, BOB, NULL), 120000);
    clock_ms += 120000;
    ck_assert_int_eq(ask(TRIPSAGE__THROTTLE_MAIL, BOB, NULL), 0); /* what was refused in all did not count for him */
}
END_TEST

START_TEST(guesses_are_counted_and_forgiven)
{
    ck_assert_int_eq(granted(50, TRIPSAGE__THROTTLE_PASSWORD, ADA, "192.0.2.1"), 10);
    ck_assert_int_eq(ask(TRIPSAGE__THROTTLE_PASSWORD, ADA, "192.0.2.1"), 60000);
    ck_assert_int_eq(ask(TRIPSAGE__THROTTLE_PASSWORD, BOB, "192.0.2.1"), 0); /* another account */
    ck_assert_int_eq(ask(TRIPSAGE__THROTTLE_PASSWORD, ADA, "192.0.2.2"), 0); /* from elsewhere */
    ck_assert_int_eq(ask(TRIPSAGE__THROTTLE_CODE, ADA, "192.0.2.1"), 0);
    clock_ms += 60000;
    ck_assert_int_eq(ask(TRIPSAGE__THROTTLE_PASSWORD, ADA, "192.0.2.1"), 0);
    ck_assert_ok(tripsage__throttle_succeeded(throttle, TRIPSAGE__THROTTLE_PASSWORD, ADA, "192.0.2.1"));
    ck_assert_int_eq(granted(50, TRIPSAGE__THROTTLE_PASSWORD, ADA, "192.0.2.1"), 10);
}
END_TEST

/* Signing in properly, over and over, is no guessing. */
START_TEST(right_passwords_are_never_too_many)
{
    for (int i = 0; i < 1000; i++) {
        ck_assert_int_eq(ask(TRIPSAGE__THROTTLE_PASSWORD, ADA, "192.0.2.1"), 0);
        ck_assert_ok(tripsage__throttle_succeeded(throttle, TRIPSAGE__THROTTLE_PASSWORD, ADA, "192.0.2.1"));
    }
}
END_TEST

static int attack(int addresses)
{
    char address[32];
    int count = 0;

    for (int i = 0; i < addresses; i++) {
        snprintf(address, sizeof address, "198.51.100.%d", i);
        count += granted(20, TRIPSAGE__THROTTLE_PASSWORD, ADA, address);
    }
    return count;
}

START_TEST(many_addresses_guess_no_more_than_a_hundred_times_and_lock_nobody_out)
{
    ck_assert_int_eq(ask(TRIPSAGE__THROTTLE_PASSWORD, ADA, "192.0.2.1"), 0);
    ck_assert_ok(tripsage__throttle_succeeded(throttle, TRIPSAGE__THROTTLE_PASSWORD, ADA, "192.0.2.1"));
    ck_assert_int_eq(attack(200), 100);
    ck_assert_int_eq(ask(TRIPSAGE__THROTTLE_PASSWORD, ADA, "203.0.113.9"), 6000); /* from where nobody ever signed in */
    ck_assert_int_eq(ask(TRIPSAGE__THROTTLE_PASSWORD, ADA, NULL), 6000);
    ck_assert_int_eq(granted(50, TRIPSAGE__THROTTLE_PASSWORD, ADA, "192.0.2.1"), 10); /* from her own */
    ck_assert_int_eq(ask(TRIPSAGE__THROTTLE_PASSWORD, BOB, "203.0.113.9"), 0);
    clock_ms += 6000;
    ck_assert_int_eq(ask(TRIPSAGE__THROTTLE_PASSWORD, ADA, "203.0.113.9"), 0);
    clock_ms += 31 * 24 * HOUR; /* nothing lasts */
    ck_assert_int_eq(attack(200), 100);
    ck_assert_int_gt(ask(TRIPSAGE__THROTTLE_PASSWORD, ADA, "192.0.2.1"), 0);
}
END_TEST

START_TEST(a_limit_can_be_set_and_lifted)
{
    ck_assert_ok(tripsage__throttle_set(throttle, TRIPSAGE__THROTTLE_OTP, 2));
    ck_assert_int_eq(granted(10, TRIPSAGE__THROTTLE_OTP, NULL, "192.0.2.1"), 2);
    ck_assert_int_eq(ask(TRIPSAGE__THROTTLE_OTP, NULL, "192.0.2.1"), 150000);
    ck_assert_ok(tripsage__throttle_set(throttle, TRIPSAGE__THROTTLE_PASSWORD, 0));
    ck_assert_int_eq(granted(500, TRIPSAGE__THROTTLE_PASSWORD, ADA, "192.0.2.1"), 500);
    ck_assert_ok(tripsage__throttle_succeeded(throttle, TRIPSAGE__THROTTLE_PASSWORD, ADA, "192.0.2.1"));
}
END_TEST

/* ---- replicas ---- */

static tripsage_cache *cache_at(const test_redis *redis)
{
    tripsage_cache_options options = TRIPSAGE_CACHE_OPTIONS_INIT;
    tripsage_cache *cache;

    options.url = test_format("unix://%s", redis->path);
    options.deadline_ms = 2000; /* a busy machine is no dead server */
    ck_assert_ok(tripsage__cache_new(&cache, &options, env));
    return cache;
}

START_TEST(replicas_count_together_and_go_on_alone)
{
    test_redis redis = {.pid = 0};
    tripsage__throttle *here, *there;
    tripsage_cache *caches[2];
    int64_t wait_ms;

    test_redis_start_at(&redis, NOON);
    for (int i = 0; i < 2; i++)
        caches[i] = cache_at(&redis);
    ck_assert_ok(tripsage__throttle_new(&here, env, caches[0], secret));
    ck_assert_ok(tripsage__throttle_new(&there, env, caches[1], secret));
    for (int i = 0; i < 10; i++) {
        ck_assert_ok(
            tripsage__throttle_ask(&wait_ms, i % 2 ? here : there, TRIPSAGE__THROTTLE_PASSWORD, ADA, "192.0.2.1"));
        ck_assert_int_eq(wait_ms, 0);
    }
    ck_assert_ok(tripsage__throttle_ask(&wait_ms, here, TRIPSAGE__THROTTLE_PASSWORD, ADA, "192.0.2.1"));
    ck_assert_int_eq(wait_ms, 60000);
    clock_ms += 60000;
    *redis.clock_ms = clock_ms;
    ck_assert_ok(tripsage__throttle_ask(&wait_ms, there, TRIPSAGE__THROTTLE_PASSWORD, ADA, "192.0.2.1"));
    ck_assert_int_eq(wait_ms, 0);
    ck_assert_ok(tripsage__throttle_ask(&wait_ms, here, TRIPSAGE__THROTTLE_PASSWORD, ADA, "192.0.2.1"));
    ck_assert_int_eq(wait_ms, 60000);
    ck_assert_ptr_nonnull(strstr(test_redis_cli(&redis, "KEYS '*'"), "throttle-password-guesses"));
    ck_assert_ptr_null(strstr(test_redis_cli(&redis, "KEYS '*'"), "ada"));
    clock_ms += HOUR;
    *redis.clock_ms = clock_ms;
    ck_assert_str_eq(test_redis_cli(&redis, "KEYS '*'"), "\n"); /* all of it is forgotten */

    test_redis_kill(&redis);
    for (int i = 0; i < 11; i++)
        ck_assert_ok(tripsage__throttle_ask(&wait_ms, here, TRIPSAGE__THROTTLE_PASSWORD, ADA, "192.0.2.1"));
    ck_assert_int_eq(wait_ms, 60000);
    ck_assert_ok(tripsage__throttle_succeeded(here, TRIPSAGE__THROTTLE_PASSWORD, ADA, "192.0.2.1"));
    ck_assert_ok(tripsage__throttle_ask(&wait_ms, here, TRIPSAGE__THROTTLE_PASSWORD, ADA, "192.0.2.1"));
    ck_assert_int_eq(wait_ms, 0);
    tripsage__throttle_free(here);
    tripsage__throttle_free(there);
    for (int i = 0; i < 2; i++)
        tripsage__cache_free(caches[i]);
    test_redis_close(&redis);
}
END_TEST

/* ---- at once ---- */

static _Atomic int through;

static void *ask_often(void *unused)
{
    (void)unused;
    through += granted(200, TRIPSAGE__THROTTLE_PASSWORD, ADA, "192.0.2.1");
    return NULL;
}

START_TEST(threads_get_no_more_than_one)
{
    pthread_t threads[8];

    through = 0;
    for (int i = 0; i < 8; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, ask_often, NULL), 0);
    for (int i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    /* Somebody may be refused because of another's request that is being taken back, but nobody gets more. */
    ck_assert_int_le(through, 10);
    ck_assert_int_ge(through, 1);
    ck_assert_int_eq(through + granted(20, TRIPSAGE__THROTTLE_PASSWORD, ADA, "192.0.2.1"), 10);
}
END_TEST

SUITE_MAIN_WITH("auth/throttle", start, stop, so_many_at_once_and_then_one_in_each_interval, the_rate_holds,
                a_network_of_ipv6_is_one_client, one_mail_a_minute_and_thirty_an_hour_in_all,
                guesses_are_counted_and_forgiven, right_passwords_are_never_too_many,
                many_addresses_guess_no_more_than_a_hundred_times_and_lock_nobody_out, a_limit_can_be_set_and_lifted,
                replicas_count_together_and_go_on_alone, threads_get_no_more_than_one)
