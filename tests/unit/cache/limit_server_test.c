/* limit_server_test.c: what a decision on a Redis server costs and leaves there, and what is decided while the server is not there. What is
 * the same wherever it is counted is in tests/contract/cache/limit.c. */
#include <stdio.h>
#include <string.h>
#include <tripsage/limit.h>
#include <unistd.h>

#include "../suite.h"
#include "cache/limit_remote.h"
#include "support/chance.h"
#include "support/json.h"
#include "support/redis.h"

static test_redis redis;
static tripsage_cache *cache;
static tripsage_limiter *limiter;

static int64_t read_clock(void *user)
{
    (void)user;
    return *redis.clock_ms * 1000;
}

static void start(void)
{
    tripsage_limiter_options options = TRIPSAGE_LIMITER_OPTIONS_INIT;
    tripsage_cache_options on = TRIPSAGE_CACHE_OPTIONS_INIT;
    char url[TEST_PATH_SIZE + 8];

    test_redis_start_at(&redis, TEST_NOON);
    snprintf(url, sizeof url, "unix://%s", redis.path);
    on.url = url;
    on.deadline_ms = 10000;
    on.retry_after_ms = 20;
    ck_assert_ok(tripsage_cache_open(&cache, &on, NULL));
    options.cache = cache;
    options.clock_us = read_clock;
    ck_assert_ok(tripsage_limiter_open(&limiter, &options, NULL));
    ck_assert(tripsage_limiter_is_shared(limiter));
}

static void stop(void)
{
    tripsage_limiter_close(limiter);
    tripsage_cache_close(cache);
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

static tripsage_limit_decision decide(const tripsage_limit_rule *rule, const char *key)
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

START_TEST(a_decision_is_one_round_trip_and_its_key_goes_by_itself)
{
    tripsage_limit_rule *rule = make_rule(three, 3, TRIPSAGE_LIMIT_LOCAL);
    long reads, cost_of_asking;
    const char *name, *sha1, *script = tripsage__limit_script(&sha1);

    decide(rule, "ada");
    ck_assert_str_eq(test_redis_cli(&redis, test_format("SCRIPT EXISTS %s", sha1)), "1\n");
    ck_assert_ptr_nonnull(strstr(script, "redis.call('TIME')"));
    reads = test_redis_reads(&redis);
    cost_of_asking = test_redis_reads(&redis) - reads;
    reads = test_redis_reads(&redis);
    for (unsigned i = 0; i < 10; i++)
        decide(rule, "ada");
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

    d = decide(local, "ada");
    ck_assert(d.allowed && !d.away);
    test_redis_kill(&redis);
    for (unsigned i = 0; i < 20; i++) {
        d = decide(local, "ada");
        ck_assert(d.away);
        admitted[0] += (unsigned)d.allowed;
        admitted[1] += (unsigned)decide(open, "ada").allowed;
        d = decide(closed, "ada");
        ck_assert(d.away && d.refused);
        admitted[2] += (unsigned)d.allowed;
    }
    ck_assert_uint_eq(admitted[0], 6);
    ck_assert_uint_eq(admitted[1], 20);
    ck_assert_uint_eq(admitted[2], 0);
    ck_assert_int_eq(tripsage_last_error()->status, TRIPSAGE_OK); /* nothing of it is the caller's to hear */
    tripsage_limiter_get_stats(&stats, limiter);
    ck_assert_uint_eq(stats.away, 60);
    ck_assert_uint_eq(stats.refused, 14 + 20);
    ck_assert_fails(tripsage_limit_reset(limiter, local, "ada", 3), TRIPSAGE_EUNAVAILABLE);
    ck_assert(decide(local, "ada").allowed);

    test_redis_start_again(&redis);
    for (unsigned tries = 0; decide(local, "bob").away; tries++) {
        ck_assert_uint_lt(tries, 1000);
        usleep(10000);
    }
    d = decide(local, "eve"); /* which has never seen the script */
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

    decide(rule, "ada");
    name = only_key();
    test_redis_cli(&redis, "FLUSHALL");
    test_redis_cli(&redis, test_format("LPUSH %s x", name));
    ck_assert(decide(rule, "ada").away); /* WRONGTYPE: refused by the server */
    ck_assert_ok(tripsage_limit_reset(limiter, rule, "ada", 3));
    ck_assert(!decide(rule, "ada").away);
    tripsage_limit_rule_free(rule);
}
END_TEST

/* A server that is full writes nothing: then it cannot count, which is as good as being away. What it has it still tells. */
START_TEST(a_full_server_is_one_that_is_away)
{
    tripsage_limit_rule *rule = make_rule(three, 3, TRIPSAGE_LIMIT_LOCAL);
    unsigned admitted = 0;

    for (unsigned i = 0; i < 6; i++)
        ck_assert(decide(rule, "ada").allowed);
    test_redis_cli(&redis, "CONFIG SET maxmemory 1");
    ck_assert(!decide(rule, "ada").away);
    for (unsigned i = 0; i < 20; i++) {
        tripsage_limit_decision d = decide(rule, "bob");

        ck_assert(d.away);
        admitted += (unsigned)d.allowed;
    }
    ck_assert_uint_eq(admitted, 6);
    test_redis_cli(&redis, "CONFIG SET maxmemory 0");
    ck_assert(!decide(rule, "bob").away);
    tripsage_limit_rule_free(rule);
}
END_TEST

SUITE_MAIN_WITH("cache/limit_server", start, stop, a_decision_is_one_round_trip_and_its_key_goes_by_itself,
                each_rule_says_what_happens_while_the_server_is_away, what_is_there_by_that_name_is_no_count,
                a_full_server_is_one_that_is_away)
