/* limit_test.c: decisions in the process, on a clock of the test's own: against an exact model of the same algorithm, against a sliding
 * log of what was admitted, with clocks that jump, with more keys than there is room for, and under eight threads. */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <tripsage/limit.h>

#include "../suite.h"
#include "support/chance.h"
#include "support/threads.h"

static _Atomic int64_t clock_us;
static _Atomic int64_t time_of_day_ms;
static tripsage_limiter *limiter;

static int64_t read_clock(void *user)
{
    (void)user;
    return clock_us;
}

static int64_t read_time_of_day(void *user)
{
    (void)user;
    return time_of_day_ms;
}

static void open_limiter(uint32_t max_keys)
{
    tripsage_limiter_options options = TRIPSAGE_LIMITER_OPTIONS_INIT;
    tripsage_runtime runtime = TRIPSAGE_RUNTIME_INIT;

    clock_us = INT64_C(1000000000);
    runtime.now_ms = read_time_of_day;
    options.max_keys = max_keys;
    options.clock_us = read_clock;
    ck_assert_ok(tripsage_limiter_open(&limiter, &options, &runtime));
}

static void start(void)
{
    open_limiter(0);
}

static void stop(void)
{
    tripsage_limiter_close(limiter);
}

static tripsage_limit_rule *make_rule(const tripsage_limit_policy *policies, size_t count)
{
    tripsage_limit_rule_options options = TRIPSAGE_LIMIT_RULE_OPTIONS_INIT;
    tripsage_limit_rule *rule;

    options.name = "test";
    options.policies = policies;
    options.policy_count = count;
    ck_assert_ok(tripsage_limit_rule_new(&rule, &options));
    return rule;
}

static tripsage_limit_decision decide(const tripsage_limit_rule *rule, const char *key, uint32_t cost)
{
    tripsage_limit_decision decision;

    ck_assert_ok(tripsage_limit_decide(&decision, limiter, rule, key, strlen(key), cost));
    return decision;
}

static tripsage_limit_decision peek(const tripsage_limit_rule *rule, const char *key, uint32_t cost)
{
    tripsage_limit_decision decision;

    ck_assert_ok(tripsage_limit_peek(&decision, limiter, rule, key, strlen(key), cost));
    return decision;
}

static unsigned admitted(const tripsage_limit_rule *rule, const char *key, unsigned tries)
{
    unsigned count = 0;

    for (unsigned i = 0; i < tries; i++)
        count += (unsigned)decide(rule, key, 1).allowed;
    return count;
}

static tripsage_limiter_stats stats(void)
{
    tripsage_limiter_stats out;

    tripsage_limiter_get_stats(&out, limiter);
    return out;
}

/* ---- what a decision says ---- */

START_TEST(a_burst_at_once_and_then_one_in_each_interval)
{
    const tripsage_limit_policy policy = {"minute", 60, 60000, 10};
    tripsage_limit_rule *rule = make_rule(&policy, 1);
    tripsage_limit_decision d = decide(rule, "ada", 1);

    ck_assert(d.allowed && !d.refused && !d.away);
    ck_assert_uint_eq(d.policy_count, 1);
    ck_assert_uint_eq(d.states[0].remaining, 9);
    ck_assert_int_eq(d.states[0].reset_ms, 1000);
    ck_assert_int_eq(d.states[0].retry_after_ms, 0);
    ck_assert_uint_eq(admitted(rule, "ada", 20), 9);
    ck_assert_uint_eq(admitted(rule, "bob", 20), 10);
    d = decide(rule, "ada", 1);
    ck_assert(!d.allowed && d.refused);
    ck_assert_uint_eq(d.states[0].remaining, 0);
    ck_assert_int_eq(d.states[0].reset_ms, 10000);
    ck_assert_int_eq(d.states[0].retry_after_ms, 1000);
    clock_us += 999999;
    ck_assert_int_eq(decide(rule, "ada", 1).states[0].retry_after_ms, 1);
    clock_us += 1;
    ck_assert_uint_eq(admitted(rule, "ada", 20), 1);
    clock_us += 60 * 1000000;
    ck_assert_uint_eq(admitted(rule, "ada", 20), 10);
    ck_assert_uint_eq(tripsage_limit_rule_get(rule)->policies[0].burst, 10);
    tripsage_limit_rule_free(rule);
}
END_TEST

START_TEST(nothing_is_taken_unless_all_admit)
{
    const tripsage_limit_policy policies[] = {
        {"second", 5, 1000, 0}, {"minute", 8, 60000, 0}, {"hour", 100, 3600000, 0}};
    tripsage_limit_rule *rule = make_rule(policies, 3);
    tripsage_limit_decision d;

    ck_assert_uint_eq(admitted(rule, "ada", 10), 5);
    d = decide(rule, "ada", 1);
    ck_assert_uint_eq(d.binding, 0);
    ck_assert_uint_eq(d.states[0].remaining, 0);
    ck_assert_uint_eq(d.states[1].remaining, 3);
    ck_assert_uint_eq(d.states[2].remaining, 95); /* of eleven asked for five were taken, from each */
    clock_us += 1000000;
    ck_assert_uint_eq(admitted(rule, "ada", 1000), 3);
    d = decide(rule, "ada", 1);
    ck_assert_uint_eq(d.binding, 1);
    ck_assert_uint_eq(d.states[0].remaining, 2);
    ck_assert_int_eq(d.states[0].retry_after_ms, 0); /* that one had room */
    ck_assert_int_eq(d.states[1].retry_after_ms, 6500);
    ck_assert_uint_eq(d.states[2].remaining, 92);
    tripsage_limit_rule_free(rule);
}
END_TEST

START_TEST(costs_are_taken_whole_and_given_back)
{
    const tripsage_limit_policy policy = {"hour", 10, 3600000, 0};
    tripsage_limit_rule *rule = make_rule(&policy, 1);
    tripsage_limit_decision d;

    ck_assert(decide(rule, "ada", 7).allowed);
    d = decide(rule, "ada", 4);
    ck_assert(!d.allowed);
    ck_assert_uint_eq(d.states[0].remaining, 3);
    ck_assert_int_eq(d.states[0].retry_after_ms, 360000);
    ck_assert(peek(rule, "ada", 3).allowed);
    ck_assert(!peek(rule, "ada", 4).allowed);
    ck_assert_uint_eq(peek(rule, "nobody", 1).states[0].remaining, 10);
    ck_assert_ok(tripsage_limit_give_back(limiter, rule, "ada", 3, 2));
    ck_assert(decide(rule, "ada", 5).allowed);
    ck_assert_ok(tripsage_limit_give_back(limiter, rule, "ada", 3, 1));
    ck_assert_ok(tripsage_limit_give_back(limiter, rule, "ada", 3, 10));
    ck_assert_uint_eq(peek(rule, "ada", 1).states[0].remaining, 10);
    ck_assert(decide(rule, "ada", 10).allowed);
    ck_assert_ok(tripsage_limit_reset(limiter, rule, "ada", 3));
    ck_assert_ok(tripsage_limit_reset(limiter, rule, "nobody", 6));
    ck_assert(decide(rule, "ada", 10).allowed);
    ck_assert_fails(tripsage_limit_decide(&d, limiter, rule, "ada", 3, 0), TRIPSAGE_EINVALID);
    ck_assert_str_eq(tripsage_last_error()->fields[0].pointer, "#cost");
    ck_assert_fails(tripsage_limit_decide(&d, limiter, rule, "ada", 3, 11), TRIPSAGE_EINVALID);
    ck_assert_fails(tripsage_limit_peek(&d, limiter, rule, "", 0, 1), TRIPSAGE_EINVALID);
    ck_assert_str_eq(tripsage_last_error()->fields[0].pointer, "#key");
    tripsage_limit_rule_free(rule);
}
END_TEST

START_TEST(a_rule_in_shadow_refuses_nobody)
{
    const tripsage_limit_policy policy = {"minute", 2, 60000, 0};
    tripsage_limit_rule_options options = TRIPSAGE_LIMIT_RULE_OPTIONS_INIT;
    tripsage_limit_rule *rule;
    tripsage_limit_decision d;

    options.name = "shadow";
    options.policies = &policy;
    options.policy_count = 1;
    options.shadow = 1;
    ck_assert_ok(tripsage_limit_rule_new(&rule, &options));
    ck_assert_uint_eq(admitted(rule, "ada", 5), 5);
    d = decide(rule, "ada", 1);
    ck_assert(d.allowed && d.refused);
    ck_assert_int_eq(d.states[0].retry_after_ms, 30000);
    ck_assert_uint_eq(stats().admitted, 2);
    ck_assert_uint_eq(stats().shadowed, 4);
    ck_assert_uint_eq(stats().refused, 0);
    tripsage_limit_rule_free(rule);
}
END_TEST

START_TEST(rules_say_what_is_wrong_with_them)
{
    static const struct {
        tripsage_limit_policy policy;
        const char *pointer;
    } wrong[] = {{{"", 1, 1, 0}, "/0/name"},
                 {{"a b", 1, 1, 0}, "/0/name"},
                 {{NULL, 1, 1, 0}, "/0/name"},
                 {{"a", 0, 1, 0}, "/0/quota"},
                 {{"a", 1000001, 1000, 0}, "/0/quota"},
                 {{"a", 1, 0, 0}, "/0/window_ms"},
                 {{"a", 1, TRIPSAGE_LIMIT_WINDOW_MAX + 1, 0}, "/0/window_ms"},
                 {{"a", 1, 1000, 2}, "/0/burst"},
                 {{"a", 999983, TRIPSAGE_LIMIT_WINDOW_MAX, 0}, "/0/quota"}}; /* a prime */
    tripsage_limit_rule_options options = TRIPSAGE_LIMIT_RULE_OPTIONS_INIT;
    const tripsage_limit_policy largest = {"most", TRIPSAGE_LIMIT_QUOTA_MAX, TRIPSAGE_LIMIT_WINDOW_MAX, 0};
    tripsage_limit_rule *rule;

    options.name = "test";
    options.policy_count = 1;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        options.policies = &wrong[i].policy;
        ck_assert_fails(tripsage_limit_rule_new(&rule, &options), TRIPSAGE_EINVALID);
        ck_assert_str_eq(tripsage_last_error()->fields[0].pointer, wrong[i].pointer);
        ck_assert_ptr_null(rule);
    }
    options.policies = &largest;
    ck_assert_ok(tripsage_limit_rule_new(&rule, &options));
    ck_assert(decide(rule, "ada", TRIPSAGE_LIMIT_QUOTA_MAX).allowed);
    clock_us += 2678400; /* a millionth of 31 days, in microseconds, drains one */
    ck_assert(decide(rule, "ada", 1).allowed);
    ck_assert(!decide(rule, "ada", 1).allowed);
    tripsage_limit_rule_free(rule);
    options.policy_count = TRIPSAGE_LIMIT_POLICIES_MAX + 1;
    ck_assert_fails(tripsage_limit_rule_new(&rule, &options), TRIPSAGE_EINVALID);
    ck_assert_str_eq(tripsage_last_error()->fields[0].pointer, "#policies");
    options.name = "a:b";
    ck_assert_fails(tripsage_limit_rule_new(&rule, &options), TRIPSAGE_EINVALID);
    ck_assert_str_eq(tripsage_last_error()->fields[0].pointer, "#name");
    options.version = 2;
    ck_assert_fails(tripsage_limit_rule_new(&rule, &options), TRIPSAGE_EINVALID);
    ck_assert_str_eq(tripsage_last_error()->fields[0].pointer, "#options");
}
END_TEST

/* ---- models ---- */

/* Virtual scheduling (ITU-T I.371), the other form of the algorithm, in fractions of a microsecond so fine that nothing is rounded:
 * times are multiplied by the quota. */
typedef struct model {
    tripsage_limit_policy policies[TRIPSAGE_LIMIT_POLICIES_MAX];
    size_t count;
    __extension__ __int128 arrival[TRIPSAGE_LIMIT_POLICIES_MAX]; /* theoretical */
} model;

static int model_admits(model *m, int64_t now_us, uint32_t cost)
{
    __extension__ __int128 next[TRIPSAGE_LIMIT_POLICIES_MAX];

    for (size_t i = 0; i < m->count; i++) {
        const tripsage_limit_policy *p = &m->policies[i];
        __extension__ __int128 now = now_us, window = p->window_ms * 1000;

        now *= p->quota;
        next[i] = (m->arrival[i] > now ? m->arrival[i] : now) + window * cost;
        if (next[i] - now > window * (p->burst ? p->burst : p->quota))
            return 0;
    }
    memcpy(m->arrival, next, m->count * sizeof next[0]);
    return 1;
}

static void random_policies(model *m, uint64_t *chance)
{
    static const int64_t windows[] = {1, 7, 1000, 60000, 3600000, 86400000, 999983};

    memset(m, 0, sizeof *m);
    m->count = 1 + test_draw(chance, TRIPSAGE_LIMIT_POLICIES_MAX);
    for (size_t i = 0; i < m->count; i++) {
        uint32_t quota = 1 + (uint32_t)test_draw(chance, i % 2 ? 20 : 2000);

        m->policies[i] =
            (tripsage_limit_policy){"p", quota, windows[test_draw(chance, 7)], (uint32_t)test_draw(chance, quota + 1)};
    }
}

/* How much of time goes by between two requests: none, or from microseconds to hours. */
static int64_t random_gap(uint64_t *chance)
{
    return test_draw(chance, 3) ? (int64_t)(test_draw(chance, UINT64_MAX) >> (29 + test_draw(chance, 35))) : 0;
}

START_TEST(each_decision_is_the_models)
{
    uint64_t chance = 20260101;
    unsigned refused = 0, total = 0;

    for (unsigned round = 0; round < 300; round++) {
        char key[16];
        model m;
        tripsage_limit_rule *rule;
        uint32_t cost_max = 5;

        random_policies(&m, &chance);
        rule = make_rule(m.policies, m.count);
        for (size_t i = 0; i < m.count; i++)
            if (tripsage_limit_rule_get(rule)->policies[i].burst < cost_max)
                cost_max = tripsage_limit_rule_get(rule)->policies[i].burst;
        snprintf(key, sizeof key, "key %u", round);
        for (unsigned i = 0; i < 1000; i++) {
            uint32_t cost = 1 + (uint32_t)test_draw(&chance, cost_max);
            int expected;
            tripsage_limit_decision d;

            clock_us += random_gap(&chance) % INT64_C(20000000);
            time_of_day_ms = (int64_t)(test_draw(&chance, UINT64_C(1) << 44)); /* it jumps, and does not matter */
            expected = model_admits(&m, clock_us, cost);
            d = decide(rule, key, cost);
            ck_assert_int_eq(d.allowed, expected);
            refused += (unsigned)!expected;
            total++;
        }
        tripsage_limit_rule_free(rule);
    }
    ck_assert_uint_gt(refused, total / 10);
    ck_assert_uint_lt(refused, total - total / 10);
}
END_TEST

/* Who waits as long as he is told is admitted, and nobody a millisecond before. */
START_TEST(the_wait_is_exact)
{
    uint64_t chance = 7;

    for (unsigned round = 0; round < 2000; round++) {
        model m;
        tripsage_limit_rule *rule;
        tripsage_limit_decision d;
        int64_t wait;

        random_policies(&m, &chance);
        rule = make_rule(m.policies, m.count);
        clock_us += (int64_t)test_draw(&chance, 100000);
        for (d = decide(rule, "ada", 1); d.allowed; d = decide(rule, "ada", 1))
            continue;
        wait = d.states[d.binding].retry_after_ms;
        ck_assert_int_gt(wait, 0);
        for (size_t i = 0; i < d.policy_count; i++)
            ck_assert_int_le(d.states[i].retry_after_ms, wait);
        clock_us += (wait - 1) * 1000;
        ck_assert(!peek(rule, "ada", 1).allowed);
        clock_us += 1000;
        ck_assert(peek(rule, "ada", 1).allowed);
        ck_assert_ok(tripsage_limit_reset(limiter, rule, "ada", 3));
        tripsage_limit_rule_free(rule);
    }
}
END_TEST

/* ---- beside a sliding log: at most so many admitted in the window before each request ---- */

#define LOG_QUOTA  50u
#define LOG_WINDOW INT64_C(60000000)
#if defined(__SANITIZE_THREAD__) /* which has nothing to say to one thread, and takes its time for it */
#define WINDOWS   200
#define TOLERANCE 0.01
#else
#define WINDOWS   2000
#define TOLERANCE 0.001
#endif
#define DEMAND 50 /* times the quota */

typedef struct sliding_log {
    int64_t times[LOG_QUOTA]; /* of the last that were admitted */
    uint64_t count;
} sliding_log;

static int log_admits(sliding_log *l, int64_t now_us)
{
    int64_t *oldest = &l->times[l->count % LOG_QUOTA];

    if (l->count >= LOG_QUOTA && now_us - *oldest < LOG_WINDOW)
        return 0;
    *oldest = now_us;
    l->count++;
    return 1;
}

/* Many times as many requests as may be, at random, for many windows: either admits what the quota says. They differ by the burst that
 * the bucket has at the start, and since a place in the log is free until the next request comes, which the bucket makes up for. The
 * machine's clock is a steady one; one that steps back, as one may that a program gives, costs what ran out since the last request. */
static void compare_with_log(int steps_back)
{
    const tripsage_limit_policy policy = {"minute", LOG_QUOTA, LOG_WINDOW / 1000, 0};
    tripsage_limit_rule *rule = make_rule(&policy, 1);
    const int64_t gap = 2 * LOG_WINDOW / LOG_QUOTA / DEMAND; /* twice the mean */
    int64_t true_us = clock_us, end = clock_us + WINDOWS * LOG_WINDOW;
    sliding_log log = {{0}, 0};
    uint64_t chance = 11;
    double here = 0;

    while (true_us < end) {
        int64_t passed = (int64_t)test_draw(&chance, (uint64_t)gap);

        true_us += passed;
        clock_us += passed;
        time_of_day_ms = (int64_t)(test_draw(&chance, UINT64_C(1) << 44));
        if (steps_back && test_draw(&chance, 50000) == 0)
            clock_us -= (int64_t)test_draw(&chance, UINT64_C(36000000000));
        here += decide(rule, "ada", 1).allowed;
        log_admits(&log, true_us);
    }
    ck_assert_double_le(here, (1 + TOLERANCE) * (double)log.count);
    ck_assert_double_ge(here, (1 - TOLERANCE) * (double)log.count);
    tripsage_limit_rule_free(rule);
}

START_TEST(as_many_as_a_sliding_log_over_time)
{
    compare_with_log(0);
}
END_TEST

START_TEST(a_clock_that_steps_back_locks_nobody_out)
{
    const tripsage_limit_policy policy = {"minute", 60, 60000, 1};
    tripsage_limit_rule *rule = make_rule(&policy, 1);

    ck_assert(decide(rule, "ada", 1).allowed);
    clock_us -= INT64_C(900000000);
    ck_assert(!decide(rule, "ada", 1).allowed);
    clock_us += 1000000;
    ck_assert(decide(rule, "ada", 1).allowed);
    tripsage_limit_rule_free(rule);
    compare_with_log(1);
}
END_TEST

/* Whoever keeps to the log's rule, which is the stricter one, is never refused. */
START_TEST(what_a_sliding_log_admits_is_admitted)
{
    const tripsage_limit_policy policy = {"minute", LOG_QUOTA, LOG_WINDOW / 1000, 0};
    tripsage_limit_rule *rule = make_rule(&policy, 1);
    sliding_log log = {{0}, 0};
    uint64_t chance = 13;

    while (log.count < 100000) {
        clock_us += random_gap(&chance) % INT64_C(30000000);
        if (log_admits(&log, clock_us))
            ck_assert(decide(rule, "ada", 1).allowed);
    }
    tripsage_limit_rule_free(rule);
}
END_TEST

/* In no window more than the quota and the burst. */
START_TEST(no_window_has_more_than_it_may)
{
    const tripsage_limit_policy policy = {"minute", LOG_QUOTA, LOG_WINDOW / 1000, 20};
    tripsage_limit_rule *rule = make_rule(&policy, 1);
    int64_t times[LOG_QUOTA + 20];
    uint64_t count = 0, chance = 17;

    while (count < 100000) {
        clock_us += random_gap(&chance) % INT64_C(3000000);
        if (!decide(rule, "ada", 1).allowed)
            continue;
        if (count >= LOG_QUOTA + 19)
            ck_assert_int_ge(clock_us - times[(count - LOG_QUOTA - 19) % (LOG_QUOTA + 20)], LOG_WINDOW);
        times[count++ % (LOG_QUOTA + 20)] = clock_us;
    }
    tripsage_limit_rule_free(rule);
}
END_TEST

/* ---- many keys ---- */

static tripsage_limit_decision decide_number(const tripsage_limit_rule *rule, uint64_t number)
{
    tripsage_limit_decision d;

    ck_assert_ok(tripsage_limit_decide(&d, limiter, rule, &number, sizeof number, 1));
    return d;
}

START_TEST(what_has_ended_makes_room)
{
    const tripsage_limit_policy policy = {"second", 10, 1000, 0};
    tripsage_limit_rule *rule = make_rule(&policy, 1);

    tripsage_limiter_close(limiter);
    open_limiter(1024);
    for (uint64_t i = 0; i < 200000; i++) {
        ck_assert(decide_number(rule, i).allowed);
        clock_us += 200; /* 500 of them are still counted */
    }
    ck_assert_uint_eq(stats().evicted, 0);
    ck_assert_uint_le(stats().keys, 1024);
    ck_assert_uint_le(stats().bytes, 1024 * 56 + 2048);
    tripsage_limit_rule_free(rule);
}
END_TEST

START_TEST(two_thirds_of_the_keys_have_room)
{
    const tripsage_limit_policy policy = {"day", 10, 86400000, 0};
    tripsage_limit_rule *rule = make_rule(&policy, 1);

    for (uint64_t i = 0; i < 65536 * 2 / 3; i++)
        decide_number(rule, i);
    ck_assert_uint_eq(stats().evicted, 0);
    ck_assert_uint_eq(stats().keys, 65536 * 2 / 3);
    for (uint64_t i = 0; i < 65536 * 2 / 3; i++)
        ck_assert_uint_eq(decide_number(rule, i).states[0].remaining, 8);
    tripsage_limit_rule_free(rule);
}
END_TEST

START_TEST(a_flood_of_new_keys_frees_nobody)
{
    const tripsage_limit_policy policy = {"day", 100, 86400000, 0};
    tripsage_limit_rule *rule = make_rule(&policy, 1);

    tripsage_limiter_close(limiter);
    open_limiter(1024);
    ck_assert_uint_eq(admitted(rule, "ada", 100), 100);
    for (uint64_t i = 0; i < 100000; i++)
        ck_assert(decide_number(rule, i).allowed);
    ck_assert(!decide(rule, "ada", 1).allowed);
    ck_assert_uint_gt(stats().evicted, 90000);
    ck_assert_uint_le(stats().keys, 1024);
    tripsage_limit_rule_free(rule);
}
END_TEST

START_TEST(rules_do_not_share_their_keys)
{
    const tripsage_limit_policy policies[] = {{"minute", 3, 60000, 0}, {"minute", 4, 60000, 0}};
    tripsage_limit_rule *rules[] = {make_rule(&policies[0], 1), make_rule(&policies[1], 1), make_rule(&policies[0], 1)};

    ck_assert_uint_eq(admitted(rules[0], "ada", 9), 3);
    ck_assert_uint_eq(admitted(rules[1], "ada", 9), 4);
    ck_assert_uint_eq(admitted(rules[2], "ada", 9), 0); /* made anew it is the same */
    for (size_t i = 0; i < 3; i++)
        tripsage_limit_rule_free(rules[i]);
}
END_TEST

/* ---- threads ---- */

typedef struct crowd {
    tripsage_limit_rule *rule;
    atomic_uint admitted, failed;
} crowd;

static void ask_many(size_t index, void *context)
{
    crowd *c = context;

    (void)index;
    for (uint64_t i = 0; i < 20000; i++) {
        uint64_t key = i % 4;
        tripsage_limit_decision d;

        if (tripsage_limit_decide(&d, limiter, c->rule, &key, sizeof key, 1) != TRIPSAGE_OK)
            c->failed++;
        c->admitted += (unsigned)d.allowed;
    }
}

START_TEST(threads_get_no_more_together)
{
    const tripsage_limit_policy policies[] = {{"day", 10000, 86400000, 0}, {"hour", 9999, 3600000, 0}};
    crowd c = {.rule = make_rule(policies, 2)};

    test_threads_run(8, ask_many, &c);
    ck_assert_uint_eq(c.failed, 0);
    ck_assert_uint_eq(c.admitted, 4 * 9999);
    ck_assert_uint_eq(stats().admitted, 4 * 9999);
    ck_assert_uint_eq(stats().refused, 8 * 20000 - 4 * 9999);
    tripsage_limit_rule_free(c.rule);
}
END_TEST

SUITE_MAIN_WITH("cache/limit", start, stop, a_burst_at_once_and_then_one_in_each_interval,
                nothing_is_taken_unless_all_admit, costs_are_taken_whole_and_given_back,
                a_rule_in_shadow_refuses_nobody, rules_say_what_is_wrong_with_them, each_decision_is_the_models,
                the_wait_is_exact, as_many_as_a_sliding_log_over_time, a_clock_that_steps_back_locks_nobody_out,
                what_a_sliding_log_admits_is_admitted, no_window_has_more_than_it_may, what_has_ended_makes_room,
                two_thirds_of_the_keys_have_room, a_flood_of_new_keys_frees_nobody, rules_do_not_share_their_keys,
                threads_get_no_more_together)
