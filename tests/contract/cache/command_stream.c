/* contract/cache/command_stream.c: the same random lines of commands for the cache in the process and for a Redis server, which have to
 * answer alike, byte for byte. TEST_STREAM_SEED is where the seeds begin (1), TEST_STREAM_FAMILY leaves one family of them. */
#include "support/command_stream.h"
#include "../contract.h"

#include <stdlib.h>
#include <string.h>

enum { SEEDS = 20, FLIGHTS = 40, LINES = 50 };

static const test_family *chosen_family(void)
{
    const char *name = getenv("TEST_STREAM_FAMILY");
    const test_family *family = test_families;

    while (name && family->name && strcmp(family->name, name) != 0)
        family++;
    return name ? family : NULL;
}

/* In both clocks, by a few steps or none. */
static void let_time_pass(test_redis *redis, uint64_t *seed)
{
    world_advance((int64_t)test_draw(seed, 4) * TEST_STREAM_STEP);
    *redis->clock_ms = world->chance.now_ms;
}

static void compare(const test_stream_line *lines, const tripsage_cache_reply *here, const tripsage_cache_reply *there,
                    int seed)
{
    ck_assert_uint_eq(here->count, LINES);
    ck_assert_uint_eq(there->count, LINES);
    for (size_t i = 0; i < LINES; i++) {
        const char *mine = test_reply_text(&here->items[i], lines[i].order);
        const char *theirs = test_reply_text(&there->items[i], lines[i].order);

        ck_assert_msg(strcmp(mine, theirs) == 0, "seed %d: %s\n  in the process: %s\n  on the server:  %s", seed,
                      test_stream_text(&lines[i]), mine, theirs);
    }
}

static void fly(tripsage_cache *server, uint64_t *random, int seed)
{
    static test_stream_line lines[LINES];
    tripsage_cache_command_line commands[LINES];
    tripsage_cache_reply *here, *there;

    for (size_t i = 0; i < LINES; i++) {
        test_stream_next(&lines[i], random, chosen_family());
        commands[i] = (tripsage_cache_command_line){lines[i].words, lines[i].count};
    }
    OK(tripsage_cache_pipeline(&here, world->cache, commands, LINES));
    OK(tripsage_cache_pipeline(&there, server, commands, LINES));
    compare(lines, here, there, seed);
    tripsage_cache_reply_free(here);
    tripsage_cache_reply_free(there);
}

START_TEST(answers_as_redis_does)
{
    const char *from = getenv("TEST_STREAM_SEED");
    int seed = _i + (from ? (int)strtol(from, NULL, 10) : 1);
    uint64_t random = (uint64_t)seed;
    tripsage_cache_options options = TRIPSAGE_CACHE_OPTIONS_INIT;
    tripsage_runtime runtime = test_chance_runtime(&world->chance);
    tripsage_cache *server;
    test_redis redis;

    test_redis_start_at(&redis, world->chance.now_ms);
    options.url = test_format("unix://%s", redis.path);
    options.deadline_ms = 30000;
    OK(tripsage_cache_open(&server, &options, &runtime));
    for (int i = 0; i < FLIGHTS; i++) {
        fly(server, &random, seed);
        let_time_pass(&redis, &random);
    }
    tripsage_cache_close(server);
    test_redis_close(&redis);
}
END_TEST

Suite *contract_command_stream(void)
{
    Suite *suite = suite_create("command_stream");
    TCase *tcase = test_case(suite, "command_stream");

    tcase_add_loop_test(tcase, answers_as_redis_does, 0, SEEDS);
    return suite;
}
