/* command_strings_test.c: commands about keys, strings, bits and HyperLogLogs in the process: what Redis learned after 7.0 and what is
 * Upstash's, what a value may not be, and memory that ends. */
#include <string.h>

#include "../suite.h"
#include "support/commands.h"
#include "support/failing.h"
#include "support/threads.h"

#define TOO_LARGE "-OOM command not allowed: the value would take more than an eighth of the cache, or 8388608 bytes"
#define NO_DIGEST "-ERR a digest must be exactly 16 hexadecimal characters"

START_TEST(sets_when_the_value_is_as_told)
{
    SAYS("SET a 1 IFEQ 0", "nil");
    SAYS("EXISTS a", "0");
    SAYS("SET a 1 IFNE 0", "OK");
    SAYS("SET a 2 IFEQ 2", "nil");
    SAYS("SET a 2 ifeq 1 EX 10", "OK");
    SAYS("SET a 3 IFEQ 2 KEEPTTL", "OK");
    SAYS("TTL a", "10");
    SAYS("SET a 4 IFNE 3", "nil");
    SAYS("SET a 4 IFNE 3 GET", "\"3\"");
    SAYS("SET a 4 GET IFNE 5", "\"3\"");
    SAYS("GET a", "\"4\"");
    SAYS("SET a 5 IFEQ 4 NX", "-ERR syntax error");
    SAYS("SET a 5 IFEQ 4 IFNE 4", "-ERR syntax error");
    SAYS("SET a 5 IFEQ", "-ERR syntax error");
    SAYS("GETEX a IFEQ 4", "-ERR syntax error");
}
END_TEST

START_TEST(sets_when_the_digest_is_as_told)
{
    SAYS("DIGEST a", "nil");
    SAYS("SET a \"Hello world\"", "OK");
    SAYS("DIGEST a", "\"b6acb9d84a38ff74\"");
    SAYS("SET a new IFDEQ 0123456789abcdef", "nil");
    SAYS("SET a new IFDNE b6acb9d84a38ff74", "nil");
    SAYS("SET a new IFDEQ B6ACB9d84a38ff74", "OK");
    SAYS("SET a newer IFDNE b6acb9d84a38ff74", "OK");
    SAYS("SET missing x IFDEQ b6acb9d84a38ff74", "nil");
    SAYS("SET missing x IFDNE b6acb9d84a38ff74", "OK");
    SAYS("GET a", "\"newer\"");
    SAYS("SET a x IFDEQ b6acb9d84a38ff7", NO_DIGEST);
    SAYS("SET a x IFDEQ b6acb9d84a38ff744", NO_DIGEST);
    SAYS("SET a x IFDNE b6acb9d84a38ff7g", NO_DIGEST);
    SAYS("DIGEST a b", "-ERR wrong number of arguments for 'digest' command");
}
END_TEST

START_TEST(deletes_when_the_value_is_as_told)
{
    SAYS("DELEX a", "0");
    SAYS("DELEX a IFNE 1", "0");
    SAYS("SET a 1", "OK");
    SAYS("DELEX a IFEQ 2", "0");
    SAYS("DELEX a IFNE 1", "0");
    SAYS("DELEX a IFDEQ 0123456789abcdef", "0");
    SAYS("DELEX a IFDNE 0123456789abcdef", "1");
    SAYS("SET a 1", "OK");
    SAYS("DELEX a IFEQ 1", "1");
    SAYS("SET a 1", "OK");
    SAYS("DELEX a", "1");
    SAYS("DELEX a IFEQ", "-ERR wrong number of arguments for 'delex' command");
    SAYS("DELEX a IF 1", "-ERR syntax error");
    SAYS("DELEX a EX 1", "-ERR syntax error");
}
END_TEST

START_TEST(combines_bits_in_more_ways)
{
    SAYS("MSET a \"\\xf0\\xff\" b \"\\x3c\" c \"\\x55\"", "OK");
    SAYS("BITOP DIFF to a b c", "2");
    SAYS("GET to", "\"\\x80\\xff\"");
    SAYS("BITOP DIFF1 to a b c", "2");
    SAYS("GET to", "\"\\x0d\\x00\"");
    SAYS("BITOP ANDOR to a b c", "2");
    SAYS("GET to", "\"p\\x00\"");
    SAYS("BITOP ONE to a b c", "2");
    SAYS("GET to", "\"\\x89\\xff\"");
    SAYS("BITOP ONE to a", "2");
    SAYS("BITOP DIFF to missing a", "2");
    SAYS("GET to", "\"\\x00\\x00\"");
    SAYS("BITOP DIFF to a", "-ERR BITOP DIFF must be called with at least two source keys.");
    SAYS("BITOP ANDOR to a", "-ERR BITOP ANDOR must be called with at least two source keys.");
}
END_TEST

START_TEST(scans_with_types)
{
    SAYS("SET a 1", "OK");
    SAYS("SCAN 0 WITHTYPE", "[\"0\" [\"a\" \"string\"]]");
    SAYS("SCAN 0 MATCH a COUNT 10 withtype", "[\"0\" [\"a\" \"string\"]]");
    SAYS("SCAN 0 TYPE string WITHTYPE", "[\"0\" [\"a\" \"string\"]]");
    SAYS("SCAN 0 TYPE hash WITHTYPE", "[\"0\" []]");
    SAYS("COPY a a REPLACE", "0");
}
END_TEST

START_TEST(takes_no_key_that_is_too_long)
{
    const char *line = test_format("GET %01025d", 7);
    const char *second = test_format("MGET a %01025d", 7);

    SAYS(line, "-ERR max key size exceeded. Limit: 1024 bytes, Actual: 1025 bytes");
    SAYS(second, "-ERR max key size exceeded. Limit: 1024 bytes, Actual: 1025 bytes");
    SAYS(test_format("GET %01024d", 7), "nil");
}
END_TEST

START_TEST(takes_no_value_that_is_too_large)
{
    SAYS("SET a 1", "OK");
    SAYS("SETRANGE a 8388608 x", TOO_LARGE);
    SAYS("SETBIT b 67108864 1", TOO_LARGE);
    SAYS("SETBIT b 4294967295 1", TOO_LARGE);
    SAYS("BITFIELD b SET u8 4294967288 1", TOO_LARGE);
    SAYS("BITFIELD b SET u8 0 7 SET u8 67108864 1", TOO_LARGE);
    SAYS("BITFIELD b GET u8 4294967288", "[0]");
    SAYS("EXISTS b", "0");
}
END_TEST

START_TEST(finds_common_parts_of_no_more_than_it_has_room_for)
{
    SAYS("SETRANGE a 4999 x", "5000");
    SAYS("COPY a b", "1");
    SAYS("LCS a b", "-ERR Insufficient memory, failed allocating transient memory for LCS");
    SAYS("SETRANGE c 3000 x", "3001");
    SAYS("LCS a c LEN", "3001");
}
END_TEST

/* ---- without memory ---- */

static const char *state(void)
{
    return test_format("%s %s %s", test_command(world->cache, "MGET a b c n f s h to"),
                       test_command(world->cache, "PTTL a"), test_command(world->cache, "DBSIZE"));
}

static void prepare(void)
{
    SAYS("FLUSHDB", "OK");
    SAYS("MSET a abc b bcd c xbcx n 5 f 2.5 s 0 d 1", "OK");
    SAYS("PEXPIRE a 5000", "1");
    SAYS("PFADD h one two", "1");
}

/* The line with its n-th allocation failing (0: none), as one of blanks alone; *reply NULL: there was no memory for one. Gives whether
 * one failed. */
static int carry_out(tripsage_cache_reply **reply, const char *line, long nth, test_fault_mode mode)
{
    tripsage_cache_argument words[16];
    size_t count = 0;
    tripsage_status status;

    for (const char *at = line; *at; at += *at == ' ') {
        words[count] = (tripsage_cache_argument){at, strcspn(at, " ")};
        at += words[count++].size;
    }
    test_heap_arm(nth, mode);
    status = tripsage_cache_command(reply, world->cache, words, count);
    test_heap_disarm();
    ck_assert(status == (*reply ? TRIPSAGE_OK : TRIPSAGE_ENOMEM));
    return test_heap_fired(NULL);
}

/* What is refused was not done; what was done may have found no memory for its reply. Gives whether an allocation failed. */
static int fails_well(const char *line, const char *before, const char *after, long nth, test_fault_mode mode)
{
    tripsage_cache_reply *reply;
    const char *now;
    int fired, refused;

    prepare();
    fired = carry_out(&reply, line, nth, mode);
    now = state();
    refused = reply && reply->type == TRIPSAGE_CACHE_ERROR;
    if (refused)
        ck_assert_msg(strncmp(reply->data, "OOM", 3) == 0 || strncmp(reply->data, "ERR Insuff", 10) == 0, "%s: %s",
                      line, reply->data);
    ck_assert_msg(strcmp(now, before) == 0 || (!refused && strcmp(now, after) == 0), "%s, allocation %ld: %s", line,
                  nth, now);
    tripsage_cache_reply_free(reply);
    return fired;
}

START_TEST(nothing_is_half_done_without_memory)
{
    static const char *const lines[] = {
        "SET a new EX 5",
        "SET a new GET IFEQ abc",
        "SETEX a 5 new",
        "GETSET a new",
        "GETDEL a",
        "GETEX a PERSIST",
        "DELEX a IFEQ abc",
        "DIGEST a",
        "MSET a new",
        "MSETNX to 1",
        "APPEND a tail",
        "SETRANGE a 5 tail",
        "GETRANGE a 0 1",
        "INCR n",
        "INCRBYFLOAT f 1.5",
        "LCS a b IDX",
        "LCS a b",
        "SETBIT a 100 1",
        "BITOP XOR to a b c",
        "BITCOUNT a 0 -1",
        "BITPOS a 1",
        "PFADD h three four",
        "PFADD to one",
        "PFMERGE to h",
        "PFCOUNT h",
        "RENAME a to",
        "RENAMENX a to",
        "COPY a to",
        "COPY a b REPLACE",
        "TYPE a",
        "TOUCH a b c",
        "KEYS *",
        "SCAN 0 WITHTYPE",
        "RANDOMKEY",
        "MGET a b c n f s h to a",
        "BITFIELD s SET u8 0 1 INCRBY i5 10 3 GET u4 0",
    };

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        const char *before, *after;
        tripsage_cache_reply *reply;
        long points = 1;

        prepare();
        before = state();
        (void)carry_out(&reply, lines[i], 0, TEST_FAIL_ONCE);
        ck_assert_int_ne((int)reply->type, (int)TRIPSAGE_CACHE_ERROR);
        after = state();
        tripsage_cache_reply_free(reply);
        while (fails_well(lines[i], before, after, points, TEST_FAIL_ONCE))
            points++;
        for (long nth = 1; nth < points; nth++)
            (void)fails_well(lines[i], before, after, nth, TEST_FAIL_FOR_GOOD);
        ck_assert_int_gt(points, 2);
    }
}
END_TEST

START_TEST(everything_is_given_back)
{
    static const char *const lines[] = {
        "SET a abc",
        "APPEND a tail",
        "SETRANGE a 900 tail",
        "SETBIT b 9999 1",
        "BITOP NOT c b",
        "PFADD h one two",
        "PFMERGE g h",
        "INCR n",
        "INCRBYFLOAT n 0.5",
        "COPY a d",
        "RENAME d e",
        "MSET a 1 b 2",
        "BITFIELD b SET u8 #5 7",
        "DEL a b c h g n e",
    };
    tripsage_cache_stats stats;
    uint64_t bytes = 0;

    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
            ck_assert_msg(*test_command(world->cache, lines[i]) != '-', "%s", lines[i]);
        SAYS("DBSIZE", "0");
        OK(tripsage_cache_get_stats(&stats, world->cache));
        bytes = bytes ? bytes : stats.bytes; /* the shards have their tables now */
        ck_assert_uint_eq(stats.bytes, bytes);
    }
}
END_TEST

/* ---- while others change and evict ---- */

enum { THREADS = 4, KEYS = 2, CALLS = 20000 };

typedef struct bustle {
    tripsage_cache *cache;
    _Atomic int failed;
} bustle;

static void by_commands(bustle *crowd, uint64_t *seed, const char *key, const char *other)
{
    const char *const lines[][4] = {
        {"INCR", key},
        {"SETRANGE", key, "2000", "x"},
        {"SETBIT", key, "100", "1"},
        {"RENAME", key, other},
        {"PFADD", key, "x"},
        {"COPY", key, other, "REPLACE"},
        {"PEXPIRE", key, "50"},
        {"SET", key, "1", "KEEPTTL"},
        {"GETDEL", key},
        {"APPEND", key, other},
        {"SCAN", "0"},
        {"RANDOMKEY"},
    };
    const char *const *line = lines[test_draw(seed, sizeof lines / sizeof *lines)];
    tripsage_cache_argument words[4];
    size_t count = 0;
    tripsage_cache_reply *reply;

    for (; count < 4 && line[count]; count++)
        words[count] = (tripsage_cache_argument){line[count], strlen(line[count])};
    if (tripsage_cache_command(&reply, crowd->cache, words, count) != TRIPSAGE_OK)
        crowd->failed++;
    tripsage_cache_reply_free(reply);
}

static void by_calls(bustle *crowd, uint64_t *seed, const char *key)
{
    static const char large[4000];
    tripsage_cache_value value;
    int64_t sum;

    switch (test_draw(seed, 5)) {
    case 0:
        if (tripsage_cache_set(crowd->cache, key, 1, large, sizeof large, 50, TRIPSAGE_CACHE_ALWAYS) != TRIPSAGE_OK)
            crowd->failed++;
        break;
    case 1:
        (void)tripsage_cache_get(&value, crowd->cache, key, 1);
        tripsage_cache_value_free(&value);
        break;
    case 2:
        (void)tripsage_cache_delete(crowd->cache, key, 1);
        break;
    case 3:
        (void)tripsage_cache_increment(&sum, crowd->cache, key, 1, 1, 0);
        break;
    default:
        (void)tripsage_cache_expire(crowd->cache, key, 1, 70);
    }
}

static void push_and_shove(size_t index, void *context)
{
    bustle *crowd = context;
    uint64_t seed = index + 1;

    for (int i = 0; i < CALLS; i++) {
        char key[2] = {0}, other[2] = {0};

        key[0] = (char)('a' + test_draw(&seed, KEYS));
        other[0] = (char)('a' + test_draw(&seed, KEYS));
        if (index % 2)
            by_calls(crowd, &seed, key);
        else
            by_commands(crowd, &seed, key, other);
    }
}

START_TEST(others_come_between)
{
    tripsage_cache_options options = TRIPSAGE_CACHE_OPTIONS_INIT;
    bustle crowd = {NULL, 0};

    options.max_bytes = (uint64_t)64 * 1024; /* a few of the large ones */
    OK(tripsage_cache_open(&crowd.cache, &options, NULL));
    test_threads_run(THREADS, push_and_shove, &crowd);
    ck_assert_int_eq(crowd.failed, 0);
    tripsage_cache_close(crowd.cache);
}
END_TEST

static void open_world(void)
{
    test_heap_install();
    world_open();
}

SUITE_MAIN_WITH("cache/command_strings", open_world, world_close, sets_when_the_value_is_as_told,
                sets_when_the_digest_is_as_told, deletes_when_the_value_is_as_told, combines_bits_in_more_ways,
                scans_with_types, takes_no_key_that_is_too_long, takes_no_value_that_is_too_large,
                finds_common_parts_of_no_more_than_it_has_room_for, nothing_is_half_done_without_memory,
                everything_is_given_back, others_come_between)
