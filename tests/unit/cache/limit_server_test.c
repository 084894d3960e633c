/* limit_server_test.c: decisions on a Redis server whose time of day the test holds: the same as in the process to the microsecond, of
 * several handles together no more than of one, and what is decided while the server is not there. */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <tripsage/limit.h>
#include <unistd.h>

#include "../suite.h"
#include "cache/limit_remote.h"
#include "support/chance.h"
#include "support/json.h"
#include "support/redis.h"
#include "support/threads.h"

static test_redis redis;
static tripsage_cache *caches[2];
static tripsage_limiter *limiters[2];
static tripsage_limiter *here; /* in the process, on the server's clock */

static int64_t read_clock(void *user)
{
    (void)user;
    return *redis.clock_ms * 1000;
}

static void start(void)
{
    tripsage_limiter_options options = TRIPSAGE_LIMITER_OPTIONS_INIT;

    test_redis_start_at(&redis, TEST_NOON);
    options.clock_us = read_clock;
    ck_assert_ok(tripsage_limiter_open(&here, &options, NULL));
    for (size_t i = 0; i < 2; i++) {
        tripsage_cache_options on = TRIPSAGE_CACHE_OPTIONS_INIT;
        char url[TEST_PATH_SIZE + 8];

        snprintf(url, sizeof url, "unix://%s", redis.path);
        on.url = url;
        on.deadline_ms = 10000;
        on.retry_after_ms = 20;
        ck_assert_ok(tripsage_cache_open(&caches[i], &on, NULL));
        options.cache = caches[i];
        ck_assert_ok(tripsage_limiter_open(&limiters[i], &options, NULL));
        ck_assert(tripsage_limiter_is_shared(limiters[i]));
    }
    ck_assert(!tripsage_limiter_is_shared(here));
}

static void stop(void)
{
    tripsage_limiter_close(here);
    for (size_t i = 0; i < 2; i++) {
        tripsage_limiter_close(limiters[i]);
        tripsage_cache_close(caches[i]);
    }
    test_redis_close(&redis);
    test_keep_free();
}

static tripsage_limit_rule *make_rule(const tripsage_limit_policy *policies, size_t count, tripsage_limit_away away)
{
    tripsage_limit_rule_options options = TRIPSAGE_LIMIT_RULE_OPTIONS_INIT;
    tripsage_limit_rule *rule;

    options.name = "test";
    options.policies = policies;
    options.policy_count = count;
    options.when_away = away;
    ck_assert_ok(tripsage_limit_rule_new(&rule, &options));
    return rule;
}

static tripsage_limit_decision decide(tripsage_limiter *limiter, const tripsage_limit_rule *rule, const char *key)
{
    tripsage_limit_decision d;

    ck_assert_ok(tripsage_limit_decide(&d, limiter, rule, key, strlen(key), 1));
    return d;
}

/* The one key there is, as a word of the shell. */
static const char *only_key(void)
{
    const char *keys = test_redis_cli(&redis, "KEYS '*'");

    return test_format("%.*s", (int)strcspn(keys, "\n"), keys);
}

static const tripsage_limit_policy three[] = {
    {"minute", 6, 60000, 0}, {"hour", 10, 3600000, 0}, {"day", 12, 86400000, 0}};

START_TEST(decides_there_as_here)
{
    static const int64_t windows[] = {1000, 60000, 3600000, 86400000, 999983};
    uint64_t chance = 5;
    unsigned refused = 0;

    for (unsigned round = 0; round < 20; round++) {
        tripsage_limit_policy policies[TRIPSAGE_LIMIT_POLICIES_MAX];
        size_t count = 1 + (size_t)test_draw(&chance, TRIPSAGE_LIMIT_POLICIES_MAX);
        tripsage_limit_rule *rule;
        char key[32];

        for (size_t i = 0; i < count; i++) {
            uint32_t quota = 2 + (uint32_t)test_draw(&chance, 40);

            policies[i] = (tripsage_limit_policy){"p", quota, windows[test_draw(&chance, 5)],
                                                  2 + (uint32_t)test_draw(&chance, quota - 1)};
        }
        rule = make_rule(policies, count, TRIPSAGE_LIMIT_LOCAL);
        snprintf(key, sizeof key, "k%u {of} \n a key", round);
        for (unsigned i = 0; i < 200; i++) {
            uint32_t cost = 1 + (uint32_t)test_draw(&chance, 2);
            uint64_t what = test_draw(&chance, 10);
            tripsage_limit_decision of_server, of_process;

            *redis.clock_ms += (int64_t)(test_draw(&chance, 3) ? test_draw(&chance, 3000) : test_draw(&chance, 40000));
            if (test_draw(&chance, 50) == 0)
                *redis.clock_ms -= 100000; /* it was set */
            if (what == 0) {
                ck_assert_ok(tripsage_limit_give_back(limiters[i % 2], rule, key, strlen(key), cost));
                ck_assert_ok(tripsage_limit_give_back(here, rule, key, strlen(key), cost));
            } else if (what == 1) {
                ck_assert_ok(tripsage_limit_peek(&of_server, limiters[i % 2], rule, key, strlen(key), cost));
                ck_assert_ok(tripsage_limit_peek(&of_process, here, rule, key, strlen(key), cost));
                ck_assert_mem_eq(of_server.states, of_process.states, sizeof of_server.states);
            }
            ck_assert_ok(tripsage_limit_decide(&of_server, limiters[i % 2], rule, key, strlen(key), cost));
            ck_assert_ok(tripsage_limit_decide(&of_process, here, rule, key, strlen(key), cost));
            ck_assert_int_eq(of_server.allowed, of_process.allowed);
            ck_assert_uint_eq(of_server.binding, of_process.binding);
            ck_assert_mem_eq(of_server.states, of_process.states, sizeof of_server.states);
            refused += (unsigned)of_server.refused;
        }
        tripsage_limit_rule_free(rule);
    }
    ck_assert_uint_gt(refused, 400);
    ck_assert_uint_lt(refused, 3600);
}
END_TEST

START_TEST(two_servers_admit_no_more_than_one)
{
    tripsage_limit_rule *rule = make_rule(three, 3, TRIPSAGE_LIMIT_LOCAL);
    unsigned admitted = 0;
    tripsage_limit_decision d;

    for (unsigned i = 0; i < 20; i++)
        admitted += (unsigned)decide(limiters[i % 2], rule, "ada").allowed;
    ck_assert_uint_eq(admitted, 6);
    *redis.clock_ms += 60000;
    for (unsigned i = 0; i < 20; i++)
        admitted += (unsigned)decide(limiters[i % 2], rule, "ada").allowed;
    ck_assert_uint_eq(admitted, 10);
    d = decide(limiters[0], rule, "ada");
    ck_assert_uint_eq(d.binding, 1);
    ck_assert_uint_eq(d.states[0].remaining, 2); /* of the minute's none was taken */
    ck_assert_int_eq(d.states[0].retry_after_ms, 0);
    ck_assert_ok(tripsage_limit_reset(limiters[1], rule, "ada", 3));
    ck_assert(decide(limiters[0], rule, "ada").allowed);
    tripsage_limit_rule_free(rule);
}
END_TEST

typedef struct crowd {
    tripsage_limit_rule *rule;
    atomic_uint admitted, failed;
} crowd;

static void ask_many(size_t index, void *context)
{
    crowd *c = context;

    for (unsigned i = 0; i < 100; i++) {
        tripsage_limit_decision d;

        if (tripsage_limit_decide(&d, limiters[index % 2], c->rule, "all", 3, 1) != TRIPSAGE_OK || d.away)
            c->failed++;
        c->admitted += (unsigned)d.allowed;
    }
}

START_TEST(threads_of_two_servers_get_no_more_together)
{
    const tripsage_limit_policy policy = {"hour", 123, 3600000, 0};
    crowd c = {.rule = make_rule(&policy, 1, TRIPSAGE_LIMIT_LOCAL)};

    test_threads_run(8, ask_many, &c);
    ck_assert_uint_eq(c.failed, 0);
    ck_assert_uint_eq(c.admitted, 123);
    tripsage_limit_rule_free(c.rule);
}
END_TEST

START_TEST(a_decision_is_one_round_trip_and_its_key_goes_by_itself)
{
    tripsage_limit_rule *rule = make_rule(three, 3, TRIPSAGE_LIMIT_LOCAL);
    long reads, cost_of_asking;
    const char *name, *sha1, *script = tripsage__limit_script(&sha1);

    decide(limiters[0], rule, "ada");
    ck_assert_str_eq(test_redis_cli(&redis, test_format("SCRIPT EXISTS %s", sha1)), "1\n");
    ck_assert_ptr_nonnull(strstr(script, "redis.call('TIME')"));
    reads = test_redis_reads(&redis);
    cost_of_asking = test_redis_reads(&redis) - reads;
    reads = test_redis_reads(&redis);
    for (unsigned i = 0; i < 10; i++)
        decide(limiters[0], rule, "ada");
    ck_assert_int_eq(test_redis_reads(&redis) - reads - cost_of_asking, 10);

    ck_assert_str_eq(
        test_redis_cli(&redis, "KEYS '*'"),
        test_format("tripsage:limit:{ada}:test:%s\n", strrchr(test_redis_cli(&redis, "KEYS '*'"), ':') + 1)[0]
            ? test_redis_cli(&redis, "KEYS 'tripsage:limit:{ada}:test:*'")
            : "");
    /* Six of twelve a day: half a day. */
    name = only_key();
    ck_assert(strncmp(name, "tripsage:limit:{ada}:test:", 26) == 0);
    /* Six of twelve a day: half a day. */
    ck_assert_str_eq(test_redis_cli(&redis, test_format("PTTL %s", name)), "43200000\n");
    *redis.clock_ms += 43200001;
    ck_assert_str_eq(test_redis_cli(&redis, "KEYS '*'"), "\n");
    tripsage_limit_rule_free(rule);
}
END_TEST

/* ---- without the server ---- */

START_TEST(each_rule_says_what_happens_while_the_server_is_away)
{
    tripsage_limit_rule *local = make_rule(three, 3, TRIPSAGE_LIMIT_LOCAL);
    tripsage_limit_rule *open = make_rule(three, 3, TRIPSAGE_LIMIT_OPEN);
    tripsage_limit_rule *closed = make_rule(three, 3, TRIPSAGE_LIMIT_CLOSED);
    tripsage_limiter_stats stats;
    tripsage_limit_decision d;
    unsigned admitted[3] = {0, 0, 0};

    d = decide(limiters[0], local, "ada");
    ck_assert(d.allowed && !d.away);
    test_redis_kill(&redis);
    for (unsigned i = 0; i < 20; i++) {
        d = decide(limiters[0], local, "ada");
        ck_assert(d.away);
        admitted[0] += (unsigned)d.allowed;
        admitted[1] += (unsigned)decide(limiters[0], open, "ada").allowed;
        d = decide(limiters[0], closed, "ada");
        ck_assert(d.away && d.refused);
        admitted[2] += (unsigned)d.allowed;
    }
    ck_assert_uint_eq(admitted[0], 6);
    ck_assert_uint_eq(admitted[1], 20);
    ck_assert_uint_eq(admitted[2], 0);
    ck_assert_int_eq(tripsage_last_error()->status, TRIPSAGE_OK); /* nothing of it is the caller's to hear */
    tripsage_limiter_get_stats(&stats, limiters[0]);
    ck_assert_uint_eq(stats.away, 60);
    ck_assert_uint_eq(stats.refused, 14 + 20);
    ck_assert_fails(tripsage_limit_reset(limiters[0], local, "ada", 3), TRIPSAGE_EUNAVAILABLE);
    ck_assert(decide(limiters[0], local, "ada").allowed);

    test_redis_start_again(&redis);
    for (unsigned tries = 0; decide(limiters[0], local, "bob").away; tries++) {
        ck_assert_uint_lt(tries, 1000);
        usleep(10000);
    }
    d = decide(limiters[0], local, "eve"); /* which has never seen the script */
    ck_assert(d.allowed && !d.away);
    ck_assert_uint_eq(d.states[0].remaining, 5);
    tripsage_limit_rule_free(local);
    tripsage_limit_rule_free(open);
    tripsage_limit_rule_free(closed);
}
END_TEST

START_TEST(what_is_there_by_that_name_is_no_count)
{
    tripsage_limit_rule *rule = make_rule(three, 3, TRIPSAGE_LIMIT_CLOSED);
    const char *name;

    decide(limiters[0], rule, "ada");
    name = only_key();
    test_redis_cli(&redis, "FLUSHALL");
    test_redis_cli(&redis, test_format("LPUSH %s x", name));
    ck_assert(decide(limiters[0], rule, "ada").away); /* WRONGTYPE: refused by the server */
    ck_assert_ok(tripsage_limit_reset(limiters[0], rule, "ada", 3));
    ck_assert(!decide(limiters[0], rule, "ada").away);
    tripsage_limit_rule_free(rule);
}
END_TEST

/* A server that is full writes nothing: then it cannot count, which is as good as being away. What it has it still tells. */
START_TEST(a_full_server_is_one_that_is_away)
{
    tripsage_limit_rule *rule = make_rule(three, 3, TRIPSAGE_LIMIT_LOCAL);
    unsigned admitted = 0;

    for (unsigned i = 0; i < 6; i++)
        ck_assert(decide(limiters[0], rule, "ada").allowed);
    test_redis_cli(&redis, "CONFIG SET maxmemory 1");
    ck_assert(!decide(limiters[0], rule, "ada").away);
    for (unsigned i = 0; i < 20; i++) {
        tripsage_limit_decision d = decide(limiters[0], rule, "bob");

        ck_assert(d.away);
        admitted += (unsigned)d.allowed;
    }
    ck_assert_uint_eq(admitted, 6);
    test_redis_cli(&redis, "CONFIG SET maxmemory 0");
    ck_assert(!decide(limiters[0], rule, "bob").away);
    tripsage_limit_rule_free(rule);
}
END_TEST

SUITE_MAIN_WITH("cache/limit_server", start, stop, decides_there_as_here, two_servers_admit_no_more_than_one,
                threads_of_two_servers_get_no_more_together, a_decision_is_one_round_trip_and_its_key_goes_by_itself,
                each_rule_says_what_happens_while_the_server_is_away, what_is_there_by_that_name_is_no_count,
                a_full_server_is_one_that_is_away)
