/* bench_limit: what a decision of the limiter costs in the process, with the three policies that the server has by default. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tripsage/limit.h>

#include "bench.h"

static struct {
    unsigned rounds, decisions;
} scale = {11, 200000};

#define ROUNDS_MAX 64
#define KEYS       10000u

static const tripsage_limit_policy usual[] = {
    {"minute", 60, 60000, 0}, {"hour", 1000, 3600000, 0}, {"day", 10000, 86400000, 0}};

/* The same windows, in which nobody is refused. */
static const tripsage_limit_policy wide[] = {
    {"minute", 1000000, 60000, 0}, {"hour", 1000000, 3600000, 0}, {"day", 1000000, 86400000, 0}};

static tripsage_limit_rule *make_rule(const char *name, const tripsage_limit_policy *policies)
{
    tripsage_limit_rule_options options = TRIPSAGE_LIMIT_RULE_OPTIONS_INIT;
    tripsage_limit_rule *rule;

    options.name = name;
    options.policies = policies;
    options.policy_count = 3;
    if (tripsage_limit_rule_new(&rule, &options) != TRIPSAGE_OK)
        bench_fail("rule: %s", tripsage_last_error()->message);
    return rule;
}

/* Nanoseconds for one decision; `keys` in turn. Each round begins with a full burst. */
static double time_round(const tripsage_limit_rule *rule, unsigned keys)
{
    char key[] = "u:01890a5d-ac96-774b-bcce-000000000000";
    size_t size = sizeof key - 1;
    tripsage_limit_decision decision;
    tripsage_limiter *limiter;
    double start, taken;

    if (tripsage_limiter_open(&limiter, NULL, NULL) != TRIPSAGE_OK)
        bench_fail("open: %s", tripsage_last_error()->message);
    start = bench_now();
    for (unsigned i = 0; i < scale.decisions; i++) {
        unsigned who = i % keys;

        memcpy(key + size - sizeof who, &who, sizeof who);
        if (tripsage_limit_decide(&decision, limiter, rule, key, size, 1) != TRIPSAGE_OK)
            bench_fail("decide: %s", tripsage_last_error()->message);
    }
    taken = bench_now() - start;
    tripsage_limiter_close(limiter);
    return taken / scale.decisions * 1e9;
}

static void measure(const char *name, const tripsage_limit_policy *policies, unsigned keys)
{
    tripsage_limit_rule *rule = make_rule("default", policies);
    double times[ROUNDS_MAX];

    for (unsigned round = 0; round < scale.rounds; round++)
        times[round] = time_round(rule, keys);
    bench_figure(name, bench_median(times, scale.rounds), "ns");
    tripsage_limit_rule_free(rule);
}

static const char usage[] = "usage: bench_limit [--quick] [OUTPUT.json]\n"
                            "Measures decisions of the limiter in the process; prints medians, and writes them to\n"
                            "OUTPUT.json (build/bench/cache-limit.json).\n";

int main(int argc, char **argv)
{
    const char *output = "build/bench/cache-limit.json";
    const bench_option options[] = {{NULL, NULL, NULL}};

    if (bench_arguments(argc, argv, usage, options, &output)) {
        scale.rounds = 1;
        scale.decisions = 10000;
    }
    bench_make_folder();
    bench_method(
        "rate_decision_ns: tripsage_limit_decide of one key with three policies (minute, hour, day) that admit; "
        "one thread. _refused: 60, 1,000 and 10,000, which refuse nearly all. _keys: 10,000 keys in turn.");
    measure("rate_decision_ns", wide, 1);
    measure("rate_decision_refused_ns", usual, 1);
    measure("rate_decision_keys_ns", wide, KEYS);
    bench_write("cache", output);
    return EXIT_SUCCESS;
}
