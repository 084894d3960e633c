/* command_objects_test.c: hashes and lists in the process where they come to an end: of what one may take, of what the cache may, and of
 * memory. */
#include <stdio.h>
#include <string.h>
#include <tripsage/cache.h>

#include "../suite.h"
#include "support/commands.h"
#include "support/failing.h"
#include "support/threads.h"

static tripsage_cache *open_small(uint64_t max_bytes)
{
    tripsage_cache_options options = TRIPSAGE_CACHE_OPTIONS_INIT;
    tripsage_runtime runtime = test_chance_runtime(&world->chance);
    tripsage_cache *cache;

    options.max_bytes = max_bytes;
    OK(tripsage_cache_open(&cache, &options, &runtime));
    return cache;
}

static uint64_t bytes_of(tripsage_cache *cache)
{
    tripsage_cache_stats stats;

    OK(tripsage_cache_get_stats(&stats, cache));
    return stats.bytes;
}

static int is_refused(const char *reply)
{
    return strncmp(reply, "-OOM", 4) == 0;
}

/* Lines of the same form, with a number in it, until one is refused; gives that number. */
static int fill(tripsage_cache *cache, const char *form)
{
    for (int i = 0; i < 10000; i++) {
        char line[256];

        snprintf(line, sizeof line, form, i);
        if (is_refused(test_command(cache, line)))
            return i;
    }
    ck_abort_msg("%s is never refused", form);
}

enum { SMALL = 1024 * 1024, PART = SMALL / 8 };

#define VALUE "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"

START_TEST(an_object_takes_no_more_than_its_part)
{
    static const char *const forms[][2] = {
        {"RPUSH o " VALUE "%d", "LLEN o"},     {"LPUSH o a " VALUE "%d", "LLEN o"},
        {"HSET o %d " VALUE, "HLEN o"},        {"HSETNX o " VALUE "%d " VALUE, "HLEN o"},
        {"HINCRBY o " VALUE "%d 1", "HLEN o"}, {"HSETEX o EX 5 FIELDS 1 %d " VALUE, "HLEN o"},
    };
    tripsage_cache *cache = open_small(SMALL);
    uint64_t before = 0;

    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        const char *count;
        uint64_t bytes;
        int refused;

        (void)test_command(cache, "DEL o");
        before = before ? before : bytes_of(cache);
        refused = fill(cache, forms[i][0]);
        count = test_command(cache, forms[i][1]);
        bytes = bytes_of(cache);
        ck_assert_uint_le(bytes, before + PART + 4096); /* and the table of the shard */
        ck_assert_uint_gt(bytes, before + PART / 2);
        ck_assert(is_refused(test_command(cache, test_format(forms[i][0], refused))));
        SAME_TEXT(test_command(cache, forms[i][1]), count);
        ck_assert_uint_eq(bytes_of(cache), bytes);
    }
    tripsage_cache_close(cache);
}
END_TEST

START_TEST(what_is_too_large_at_once_is_not_there_at_all)
{
    tripsage_cache *cache = open_small(SMALL);
    static char large[PART];
    const tripsage_cache_argument push[] = {{"RPUSH", 5}, {"o", 1}, {"a", 1}, {large, sizeof large}};
    const tripsage_cache_argument set[] = {{"HSET", 4}, {"o", 1}, {"a", 1}, {"1", 1}, {"b", 1}, {large, sizeof large}};
    tripsage_cache_reply *reply;

    OK(tripsage_cache_command(&reply, cache, push, 4));
    ck_assert(is_refused(test_reply_text(reply, TEST_AS_IT_IS)));
    tripsage_cache_reply_free(reply);
    OK(tripsage_cache_command(&reply, cache, set, 6));
    ck_assert(is_refused(test_reply_text(reply, TEST_AS_IT_IS)));
    tripsage_cache_reply_free(reply);
    SAME_TEXT(test_command(cache, "DBSIZE"), "0");
    SAME_TEXT(test_command(cache, "RPUSH o a"), "1");
    OK(tripsage_cache_command(&reply, cache, push, 4));
    ck_assert(is_refused(test_reply_text(reply, TEST_AS_IT_IS)));
    tripsage_cache_reply_free(reply);
    SAME_TEXT(test_command(cache, "LRANGE o 0 -1"), "[\"a\"]");
    tripsage_cache_close(cache);
}
END_TEST

START_TEST(a_full_list_takes_nothing_from_another)
{
    tripsage_cache *cache = open_small(SMALL);
    static char large[PART / 2];
    const tripsage_cache_argument push[] = {{"RPUSH", 5}, {"large", 5}, {large, sizeof large}};
    tripsage_cache_reply *reply;
    const char *count, *first;

    (void)fill(cache, "RPUSH full " VALUE "%d");
    OK(tripsage_cache_command(&reply, cache, push, 3));
    tripsage_cache_reply_free(reply);
    ck_assert(is_refused(test_command(cache, "RPOPLPUSH large full")));
    SAME_TEXT(test_command(cache, "LLEN large"), "1");
    do
        SAME_TEXT(test_command(cache, "RPUSH l " VALUE VALUE VALUE), "1");
    while (!is_refused(test_command(cache, "RPOPLPUSH l full")));
    count = test_command(cache, "LLEN full");
    first = test_command(cache, "LINDEX full 0");
    ck_assert(is_refused(test_command(cache, "LMOVE l full LEFT LEFT")));
    SAME_TEXT(test_command(cache, "LLEN l"), "1");
    SAME_TEXT(test_command(cache, "LINDEX full 0"), first);
    SAME_TEXT(test_command(cache, "LMOVE full full LEFT RIGHT"), first); /* no more than before */
    SAME_TEXT(test_command(cache, "LINDEX full -1"), first);
    SAME_TEXT(test_command(cache, "LLEN full"), count);
    tripsage_cache_close(cache);
}
END_TEST

START_TEST(objects_give_way_to_others)
{
    tripsage_cache *cache = open_small(SMALL);

    for (int key = 0; key < 100; key++)
        for (int i = 0; i < 50; i++) {
            (void)test_command(cache, test_format("RPUSH l%d " VALUE VALUE, key));
            (void)test_command(cache, test_format("HSET h%d %d " VALUE VALUE, key, i));
            ck_assert_uint_le(bytes_of(cache), SMALL);
        }
    SAME_TEXT(test_command(cache, "LLEN l99"), "50");
    SAME_TEXT(test_command(cache, "HLEN h99"), "50");
    SAME_TEXT(test_command(cache, "FLUSHDB"), "OK");
    tripsage_cache_close(cache);
}
END_TEST

START_TEST(everything_is_given_back)
{
    static const char *const lines[] = {
        "RPUSH l a b c d e f g h i j k l m n o p",
        "LTRIM l 1 -2",
        "LREM l 0 c",
        "LINSERT l BEFORE d x",
        "LSET l 2 " VALUE,
        "LMOVE l k LEFT RIGHT",
        "RPOPLPUSH l k",
        "LPOP l 3",
        "LMPOP 1 l LEFT COUNT 2",
        "COPY l m",
        "RENAME m n",
        "HSET h a 1 b 2 c 3 d 4",
        "HSET h a " VALUE,
        "HINCRBY h b 5",
        "HINCRBYFLOAT h c 1.5",
        "HDEL h d",
        "HSETEX h EX 5 FIELDS 2 e 1 f 2",
        "HEXPIRE h 7 FIELDS 2 a b",
        "HGETDEL h FIELDS 1 e",
        "COPY h g",
        "DEL l k n h g",
    };
    uint64_t bytes = 0;

    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
            ck_assert_msg(*test_command(world->cache, lines[i]) != '-', "%s", lines[i]);
        SAYS("DBSIZE", "0");
        bytes = bytes ? bytes : bytes_of(world->cache); /* the shards have their tables now */
        ck_assert_uint_eq(bytes_of(world->cache), bytes);
    }
}
END_TEST

START_TEST(an_object_costs_what_is_in_it)
{
    static const char *const lines[] = {
        "RPUSH l a b c d e f g h i j k l m n o p",
        "LTRIM l 1 -2",
        "LREM l 0 c",
        "LINSERT l BEFORE d x",
        "LSET l 2 " VALUE,
        "LMOVE l l LEFT RIGHT",
        "LPOP l 3",
        "RPOP l 5",
        "LPUSH l " VALUE,
        "LREM l -1 " VALUE,
        "LTRIM l 0 0",
        "LSET l 0 a",
        "HSET h a 1 b 2 c 3 d 4 e 5 f 6 g 7 h 8 i 9 j 10",
        "HSET h a " VALUE,
        "HINCRBY h b 5",
        "HINCRBYFLOAT h c 1.5",
        "HDEL h d e f",
        "HSETEX h EX 0 FIELDS 2 g 1 h 2",
        "HPEXPIRE h 1 FIELDS 2 i j",
        "HGETDEL h FIELDS 2 b c",
        "HSET h a 1",
    };
    uint64_t bytes;

    SAYS("RPUSH l a", "1");
    SAYS("HSET h a 1", "1");
    bytes = bytes_of(world->cache);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
            ck_assert_msg(*test_command(world->cache, lines[i]) != '-', "%s", lines[i]);
        world_advance(1);
        SAYS("HGETALL h", "[\"a\" \"1\"]");
        SAYS("LRANGE l 0 -1", "[\"a\"]");
        ck_assert_uint_eq(bytes_of(world->cache), bytes);
    }
}
END_TEST

/* ---- a list against an array ---- */

enum { MANY = 3000, STEPS = 20000 };

static int items[MANY];
static int count;

static void put_in(int place, int item)
{
    memmove(items + place + 1, items + place, (size_t)(count - place) * sizeof *items);
    items[place] = item;
    count++;
}

static void take_out(int place)
{
    count--;
    memmove(items + place, items + place + 1, (size_t)(count - place) * sizeof *items);
}

START_TEST(a_list_is_in_order)
{
    uint64_t seed = 3;

    for (int step = 1; step <= STEPS; step++) {
        int growing = step % 8000 < 4500, place = count ? (int)test_draw(&seed, (uint64_t)count) : 0;

        if (count == 0 || (growing && count < MANY && test_draw(&seed, 4))) {
            switch (count ? test_draw(&seed, 3) : 0) {
            case 0:
                SAYS(test_format("RPUSH l %d", step), test_format("%d", count + 1));
                put_in(count, step);
                break;
            case 1:
                SAYS(test_format("LPUSH l %d", step), test_format("%d", count + 1));
                put_in(0, step);
                break;
            default:
                SAYS(test_format("LINSERT l AFTER %d %d", items[place], step), test_format("%d", count + 1));
                put_in(place + 1, step);
            }
        } else {
            switch (test_draw(&seed, 3)) {
            case 0:
                SAYS("LPOP l", test_format("\"%d\"", items[0]));
                take_out(0);
                break;
            case 1:
                SAYS("RPOP l", test_format("\"%d\"", items[count - 1]));
                take_out(count - 1);
                break;
            default:
                SAYS(test_format("LREM l %d %d", place % 3 - 1, items[place]), "1");
                take_out(place);
            }
        }
        if (count) {
            place = (int)test_draw(&seed, (uint64_t)count);
            SAYS(test_format("LINDEX l %d", place), test_format("\"%d\"", items[place]));
            SAYS(test_format("LPOS l %d", items[place]), test_format("%d", place));
        }
    }
}
END_TEST

/* ---- while others change and evict ---- */

enum { THREADS = 4, KEYS = 16, CALLS = 4000 };

typedef struct bustle {
    tripsage_cache *cache;
    _Atomic int failed;
} bustle;

static void command(bustle *crowd, const char *const *words, size_t size)
{
    tripsage_cache_argument arguments[8];
    tripsage_cache_reply *reply;

    for (size_t i = 0; i < size; i++)
        arguments[i] = (tripsage_cache_argument){words[i], strlen(words[i])};
    if (tripsage_cache_command(&reply, crowd->cache, arguments, size) != TRIPSAGE_OK)
        crowd->failed++;
    tripsage_cache_reply_free(reply);
}

#define COMMAND(...)                                                                                                   \
    command(crowd, (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static void by_commands(bustle *crowd, uint64_t *seed, const char *key, const char *other)
{
    switch (test_draw(seed, 8)) {
    case 0:
        COMMAND("HSETEX", key, "PX", "100", "FIELDS", "1", other, VALUE VALUE);
        break;
    case 1:
        COMMAND("HSET", key, other, VALUE);
        break;
    case 2:
        COMMAND("HGETALL", key);
        break;
    case 3:
        COMMAND("RPUSH", key, VALUE VALUE, other);
        break;
    case 4:
        COMMAND("LMOVE", key, other, "LEFT", "RIGHT");
        break;
    case 5:
        COMMAND("HDEL", key, other);
        break;
    case 6:
        COMMAND("COPY", key, other, "REPLACE");
        break;
    default:
        COMMAND("DBSIZE");
    }
}

static void by_calls(bustle *crowd, uint64_t *seed, const char *key)
{
    static const char large[2000];
    tripsage_cache_value value;
    tripsage_cache_stats stats;

    switch (test_draw(seed, 4)) {
    case 0:
        if (tripsage_cache_set(crowd->cache, key, strlen(key), large, sizeof large, 50, TRIPSAGE_CACHE_ALWAYS) !=
            TRIPSAGE_OK)
            crowd->failed++;
        break;
    case 1:
        (void)tripsage_cache_get(&value, crowd->cache, key, strlen(key));
        tripsage_cache_value_free(&value);
        break;
    case 2:
        (void)tripsage_cache_delete(crowd->cache, key, strlen(key));
        break;
    default:
        if (tripsage_cache_get_stats(&stats, crowd->cache) != TRIPSAGE_OK || stats.bytes > SMALL / 8)
            crowd->failed++;
    }
}

static void push_and_shove(size_t index, void *context)
{
    bustle *crowd = context;
    uint64_t seed = index + 1;

    for (int i = 0; i < CALLS; i++) {
        char key[8], other[8];

        snprintf(key, sizeof key, "%d", (int)test_draw(&seed, KEYS));
        snprintf(other, sizeof other, "%d", (int)test_draw(&seed, KEYS));
        if (index % 2)
            by_calls(crowd, &seed, key);
        else
            by_commands(crowd, &seed, key, other);
    }
}

START_TEST(others_come_between)
{
    bustle crowd = {open_small(SMALL / 8), 0};

    test_threads_run(THREADS, push_and_shove, &crowd);
    ck_assert_int_eq(crowd.failed, 0);
    tripsage_cache_close(crowd.cache);
}
END_TEST

/* ---- without memory ---- */

static const char *state(void)
{
    return test_format("%s %s %s %s %s", test_command(world->cache, "HGETALL h"),
                       test_command(world->cache, "HPTTL h FIELDS 3 a b c"),
                       test_command(world->cache, "LRANGE l 0 -1"), test_command(world->cache, "LRANGE k 0 -1"),
                       test_command(world->cache, "DBSIZE"));
}

static void prepare(void)
{
    SAYS("FLUSHDB", "OK");
    SAYS("HSETEX h EX 100 FIELDS 2 a 1 b 2", "1");
    SAYS("RPUSH l a b c d e f g h", "8"); /* as many as its ring has room for */
}

/* The line, split at its blanks, with its n-th allocation failing (0: none); *reply NULL: there was no memory for one. Gives whether one
 * failed. */
static int carry_out(tripsage_cache_reply **reply, const char *line, long nth, test_fault_mode mode)
{
    tripsage_cache_argument words[24];
    size_t used = 0;
    tripsage_status status;

    for (const char *at = line; *at && used < 24; at += *at == ' ') {
        size_t size = strcspn(at, " ");

        words[used++] = (tripsage_cache_argument){at, size};
        at += size;
    }
    test_heap_arm(nth, mode);
    status = tripsage_cache_command(reply, world->cache, words, used);
    test_heap_disarm();
    ck_assert(status == (*reply ? TRIPSAGE_OK : TRIPSAGE_ENOMEM));
    return test_heap_fired(NULL);
}

/* What is refused was not done; what was done may have found no memory for its reply. */
static int fails_well(const char *line, const char *before, const char *after, long nth, test_fault_mode mode)
{
    tripsage_cache_reply *reply;
    const char *now, *said;
    int fired;

    prepare();
    fired = carry_out(&reply, line, nth, mode);
    now = state();
    said = reply ? test_reply_text(reply, TEST_AS_IT_IS) : "";
    ck_assert_msg(strcmp(now, before) == 0 || (!is_refused(said) && strcmp(now, after) == 0),
                  "%s, allocation %ld: %s\n  before %s\n  after  %s\n  now    %s", line, nth, said, before, after, now);
    ck_assert_msg(fired || !is_refused(said), "%s: %s", line, said);
    tripsage_cache_reply_free(reply);
    return fired;
}

START_TEST(nothing_is_half_done_without_memory)
{
    static const char *const lines[] = {
        "HSET h a 3 c 4 d 5 a 6 c 7",
        "HSET new a 1 b 2",
        "HSET h 1 x 2 x 3 x 4 x 5 x 6 x 7 x 8 x 9 x 10 x",
        "HSETNX h c 1",
        "HINCRBY h a 5",
        "HINCRBYFLOAT h c 5",
        "HSETEX h PX 5 FIELDS 2 a 4 c 5",
        "HGETDEL h FIELDS 2 a b",
        "HEXPIRE h 5 FIELDS 2 a b",
        "HGETALL h",
        "HRANDFIELD h -5",
        "HSCAN h 0",
        "COPY h copy",
        "RPUSH l i j k",
        "LPUSH l i j k",
        "RPUSH k a b c d e f g h i j",
        "LPUSHX l i",
        "LINSERT l BEFORE c x",
        "LSET l 3 x",
        "LPOP l 3",
        "LMOVE l k LEFT LEFT",
        "LMOVE l l LEFT RIGHT",
        "RPOPLPUSH l k",
        "LMPOP 1 l LEFT COUNT 8",
        "LREM l 0 c",
        "LTRIM l 1 2",
        "LRANGE l 0 -1",
        "LPOS l c COUNT 0",
        "COPY l copy",
        "RENAME l to",
        "RENAME h l",
    };

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        const char *before, *after;
        tripsage_cache_reply *reply;
        long points = 1;

        prepare();
        before = state();
        (void)carry_out(&reply, lines[i], 0, TEST_FAIL_ONCE);
        after = state();
        tripsage_cache_reply_free(reply);
        while (fails_well(lines[i], before, after, points, TEST_FAIL_ONCE))
            points++;
        for (long n = 1; n <= points; n++)
            (void)fails_well(lines[i], before, after, n, TEST_FAIL_FOR_GOOD);
        ck_assert_int_gt(points, 2);
    }
    SAYS("FLUSHDB", "OK");
}
END_TEST

static void open_world(void)
{
    test_heap_install();
    world_open();
}

SUITE_MAIN_WITH("cache/command_objects", open_world, world_close, an_object_takes_no_more_than_its_part,
                what_is_too_large_at_once_is_not_there_at_all, a_full_list_takes_nothing_from_another,
                objects_give_way_to_others, everything_is_given_back, an_object_costs_what_is_in_it, a_list_is_in_order,
                others_come_between, nothing_is_half_done_without_memory)
