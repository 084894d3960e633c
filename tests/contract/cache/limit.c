/* contract/cache/limit.c: what holds of a limiter wherever it counts: the same decisions as in the process to the microsecond, on a
 * clock that also steps back, and of several handles on one server together no more than of one. */
#include "../contract.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "support/threads.h"

/* Two handles, where they share what they count; else one. And one that counts in the process. */
static tripsage_limiter *limiters[2], *here;

static int64_t read_clock(void *user)
{
    (void)user;
    return world->chance.now_ms * 1000;
}

static void begin(void)
{
    tripsage_limiter_options options = TRIPSAGE_LIMITER_OPTIONS_INIT;

    options.clock_us = read_clock;
    OK(tripsage_limiter_open(&here, &options, NULL));
    options.cache = world->cache;
    OK(tripsage_limiter_open(&limiters[0], &options, NULL));
    limiters[1] = limiters[0];
    if (tripsage_limiter_is_shared(limiters[0]))
        OK(tripsage_limiter_open(&limiters[1], &options, NULL));
}

static void end(void)
{
    if (limiters[1] != limiters[0])
        tripsage_limiter_close(limiters[1]);
    tripsage_limiter_close(limiters[0]);
    tripsage_limiter_close(here);
}

static tripsage_limit_rule *make_rule(const tripsage_limit_policy *policies, size_t count)
{
    tripsage_limit_rule_options options = TRIPSAGE_LIMIT_RULE_OPTIONS_INIT;
    tripsage_limit_rule *rule;

    options.name = "test";
    options.policies = policies;
    options.policy_count = count;
    OK(tripsage_limit_rule_new(&rule, &options));
    return rule;
}

static tripsage_limit_decision decide(tripsage_limiter *limiter, const tripsage_limit_rule *rule, const char *key)
{
    tripsage_limit_decision d;

    OK(tripsage_limit_decide(&d, limiter, rule, key, strlen(key), 1));
    ck_assert(!d.away);
    return d;
}

static const tripsage_limit_policy three[] = {
    {"minute", 6, 60000, 0}, {"hour", 10, 3600000, 0}, {"day", 12, 86400000, 0}};

START_TEST(decides_as_in_the_process)
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
        rule = make_rule(policies, count);
        snprintf(key, sizeof key, "k%u {of} \n a key", round);
        for (unsigned i = 0; i < 200; i++) {
            uint32_t cost = 1 + (uint32_t)test_draw(&chance, 2);
            uint64_t what = test_draw(&chance, 10);
            tripsage_limit_decision of_server, of_process;

            world_advance((int64_t)test_draw(&chance, test_draw(&chance, 3) ? 3000 : 40000));
            if (test_draw(&chance, 50) == 0)
                world_advance(-100000); /* it was set */
            if (what == 0) {
                OK(tripsage_limit_give_back(limiters[i % 2], rule, key, strlen(key), cost));
                OK(tripsage_limit_give_back(here, rule, key, strlen(key), cost));
            } else if (what == 1) {
                OK(tripsage_limit_peek(&of_server, limiters[i % 2], rule, key, strlen(key), cost));
                OK(tripsage_limit_peek(&of_process, here, rule, key, strlen(key), cost));
                ck_assert_mem_eq(of_server.states, of_process.states, sizeof of_server.states);
            }
            OK(tripsage_limit_decide(&of_server, limiters[i % 2], rule, key, strlen(key), cost));
            OK(tripsage_limit_decide(&of_process, here, rule, key, strlen(key), cost));
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

START_TEST(two_handles_admit_no_more_than_one)
{
    tripsage_limit_rule *rule = make_rule(three, 3);
    unsigned admitted = 0;
    tripsage_limit_decision d;

    for (unsigned i = 0; i < 20; i++)
        admitted += (unsigned)decide(limiters[i % 2], rule, "ada").allowed;
    ck_assert_uint_eq(admitted, 6);
    world_advance(60000);
    for (unsigned i = 0; i < 20; i++)
        admitted += (unsigned)decide(limiters[i % 2], rule, "ada").allowed;
    ck_assert_uint_eq(admitted, 10);
    d = decide(limiters[0], rule, "ada");
    ck_assert_uint_eq(d.binding, 1);
    ck_assert_uint_eq(d.states[0].remaining, 2); /* of the minute's none was taken */
    ck_assert_int_eq(d.states[0].retry_after_ms, 0);
    OK(tripsage_limit_reset(limiters[1], rule, "ada", 3));
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

START_TEST(threads_of_two_handles_get_no_more_together)
{
    const tripsage_limit_policy policy = {"hour", 123, 3600000, 0};
    crowd c = {.rule = make_rule(&policy, 1)};

    test_threads_run(8, ask_many, &c);
    ck_assert_uint_eq(c.failed, 0);
    ck_assert_uint_eq(c.admitted, 123);
    tripsage_limit_rule_free(c.rule);
}
END_TEST

Suite *contract_limit(void)
{
    Suite *suite = suite_create("limit");
    TCase *tcase = test_case(suite, "limit");

    tcase_add_checked_fixture(tcase, begin, end);
    tcase_add_test(tcase, decides_as_in_the_process);
    tcase_add_test(tcase, two_handles_admit_no_more_than_one);
    tcase_add_test(tcase, threads_of_two_handles_get_no_more_together);
    return suite;
}
