/* contract/cache/command_hashes.c: commands about hashes. */
#include "../contract.h"
#include "support/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NO_TYPE "-WRONGTYPE Operation against a key holding the wrong kind of value"
#define NO_INT  "-ERR value is not an integer or out of range"
#define SYNTAX  "-ERR syntax error"

START_TEST(sets_and_gets)
{
    SAYS("HSET h a 1 b 2", "2");
    SAYS("HSET h a 3 c 4 c 5", "1");
    SAYS("HGET h a", "\"3\"");
    SAYS("HGET h none", "nil");
    SAYS("HGET none a", "nil");
    SAYS("HMGET h c none a", "[\"5\" nil \"3\"]");
    SAYS("HMGET none a b", "[nil nil]");
    SAYS("HGETALL h", "[\"a\" \"3\" \"b\" \"2\" \"c\" \"5\"]");
    SAYS("HGETALL none", "[]");
    SAYS("HKEYS h", "[\"a\" \"b\" \"c\"]");
    SAYS("HVALS h", "[\"3\" \"2\" \"5\"]");
    SAYS("HKEYS none", "[]");
    SAYS("HLEN h", "3");
    SAYS("HLEN none", "0");
    SAYS("HEXISTS h a", "1");
    SAYS("HEXISTS h d", "0");
    SAYS("HEXISTS none a", "0");
    SAYS("HSTRLEN h a", "1");
    SAYS("HSTRLEN h d", "0");
    SAYS("HSTRLEN none d", "0");
    SAYS("HMSET h d 1", "OK");
    SAYS("HSETNX h d 2", "0");
    SAYS("HSETNX h e 2", "1");
    SAYS("HSETNX k e 2", "1");
    SAYS("HMGET h d e", "[\"1\" \"2\"]");
    SAYS("HSET h a", "-ERR wrong number of arguments for 'hset' command");
    SAYS("HSET h a 1 b", "-ERR wrong number of arguments for 'hset' command");
    SAYS("HMSET h a 1 b", "-ERR wrong number of arguments for 'hmset' command");
    SAYS("HGETALL", "-ERR wrong number of arguments for 'hgetall' command");
}
END_TEST

START_TEST(removes)
{
    SAYS("HSET h a 1 b 2 c 3", "3");
    SAYS("HDEL h a none a c", "2");
    SAYS("HGETALL h", "[\"b\" \"2\"]");
    SAYS("HDEL none a", "0");
    SAYS("HSET h a 4", "1");
    SAYS("HKEYS h", "[\"b\" \"a\"]");
    SAYS("HDEL h a b", "2");
    SAYS("DBSIZE", "0");
    SAYS("EXISTS h", "0");
}
END_TEST

START_TEST(holds_any_bytes)
{
    SAYS("HSET h \"\" \"\" \"\\x00\" \"a\\x00b\" \"a\\xffb\" \"\\xff\"", "3");
    SAYS("HGET h \"\"", "\"\"");
    SAYS("HGET h \"\\x00\"", "\"a\\x00b\"");
    SAYS("HSTRLEN h \"\\x00\"", "3");
    SAYS("HGET h \"a\\xff\"", "nil");
    SAYS("HGETALL h", "[\"\" \"\" \"\\x00\" \"a\\x00b\" \"a\\xffb\" \"\\xff\"]");
}
END_TEST

START_TEST(counts)
{
    SAYS("HINCRBY h n 5", "5");
    SAYS("HINCRBY h n -7", "-2");
    SAYS("HGET h n", "\"-2\"");
    SAYS("HSET h max 9223372036854775807 word a space \" 1\"", "3");
    SAYS("HINCRBY h max 1", "-ERR increment or decrement would overflow");
    SAYS("HINCRBY h max -1", "9223372036854775806");
    SAYS("HINCRBY h min -9223372036854775808", "-9223372036854775808");
    SAYS("HINCRBY h min -1", "-ERR increment or decrement would overflow");
    SAYS("HINCRBY h word 1", "-ERR hash value is not an integer");
    SAYS("HINCRBY h space 1", "-ERR hash value is not an integer");
    SAYS("HINCRBY h n x", NO_INT);
    SAYS("HINCRBY h n 9223372036854775808", NO_INT);
    SAYS("HINCRBY h n", "-ERR wrong number of arguments for 'hincrby' command");
}
END_TEST

START_TEST(counts_fractions)
{
    SAYS("HINCRBYFLOAT h f 10.5", "\"10.5\"");
    SAYS("HINCRBYFLOAT h f 0.1", "\"10.6\"");
    SAYS("HINCRBYFLOAT h f -10.6", "\"0\"");
    SAYS("HINCRBYFLOAT h g 5.0e3", "\"5000\"");
    SAYS("HINCRBYFLOAT h g -0x10", "\"4984\"");
    SAYS("HINCRBYFLOAT h zero -0.0", "\"0\"");
    SAYS("HINCRBYFLOAT h small 1e-18", "\"0\"");
    SAYS("HINCRBYFLOAT h third 0.33333333333333333333", "\"0.33333333333333333\"");
    SAYS("HINCRBYFLOAT h big 1e19", "\"10000000000000000000\"");
    SAYS("HSTRLEN h big", "20");
    SAYS("HSET h word a space \" 1\"", "2");
    SAYS("HINCRBYFLOAT h word 1", "-ERR hash value is not a float");
    SAYS("HINCRBYFLOAT h space 1", "-ERR hash value is not a float");
    SAYS("HINCRBYFLOAT h f inf", "-ERR value is NaN or Infinity");
    SAYS("HINCRBYFLOAT h f nan", "-ERR value is not a valid float");
    SAYS("HINCRBYFLOAT h f 1e5000", "-ERR value is not a valid float");
    SAYS("HINCRBYFLOAT h f x", "-ERR value is not a valid float");
    SAYS("HSET h f inf", "0");
    SAYS("HINCRBYFLOAT h f 1", "-ERR increment would produce NaN or Infinity");
}
END_TEST

START_TEST(scans)
{
    SAYS("HSCAN none 0", "[\"0\" []]");
    SAYS("HSCAN none 7 COUNT 0", "[\"0\" []]");
    SAYS("HSET h a 1 b 2 ab 3", "3");
    SAYS("HSCAN h 0", "[\"0\" [\"a\" \"1\" \"b\" \"2\" \"ab\" \"3\"]]");
    SAYS("HSCAN h 0 MATCH a*", "[\"0\" [\"a\" \"1\" \"ab\" \"3\"]]");
    SAYS("HSCAN h 0 COUNT 1 MATCH b", "[\"0\" [\"b\" \"2\"]]");
    SAYS("HSCAN h x", "-ERR invalid cursor");
    SAYS("HSCAN h 18446744073709551616", "-ERR invalid cursor");
    SAYS("HSCAN none x", "-ERR invalid cursor");
    SAYS("HSCAN h 0 COUNT 0", SYNTAX);
    SAYS("HSCAN h 0 COUNT x", NO_INT);
    SAYS("HSCAN h 0 MATCH", SYNTAX);
    SAYS("HSCAN h 0 ALL", SYNTAX);
}
END_TEST

/* What is there from the first to the last step is seen, whatever comes and goes meanwhile. */
START_TEST(scans_many)
{
    enum { MANY = 5000 };
    static unsigned char seen[MANY];
    const char *cursor = "0";
    int step = 0;

    for (int i = 0; i < MANY; i += 50) {
        const char *line = "HSET h";

        for (int n = i; n < i + 50; n++)
            line = test_format("%s %d x", line, n);
        SAYS(line, "50");
    }
    do {
        tripsage_cache_argument words[5] = {{"HSCAN", 5}, {"h", 1}, {cursor, strlen(cursor)}, {"COUNT", 5}, {"100", 3}};
        tripsage_cache_reply *reply;

        OK(tripsage_cache_command(&reply, world->cache, words, 5));
        for (size_t i = 0; i < reply->items[1].count; i += 2) {
            int n = atoi(reply->items[1].items[i].data);

            if (n >= 0)
                seen[n] = 1;
        }
        cursor = test_format("%s", reply->items[0].data);
        tripsage_cache_reply_free(reply);
        step++;
        (void)test_command(world->cache, test_format("HSET h %d x %d x", -2 * step, -2 * step - 1));
    } while (strcmp(cursor, "0") != 0);
    ck_assert_int_gt(step, 10);
    for (int i = 0; i < MANY; i++)
        ck_assert_msg(seen[i], "field %d", i);
}
END_TEST

START_TEST(picks_by_chance)
{
    SAYS("HRANDFIELD none", "nil");
    SAYS("HRANDFIELD none 3", "[]");
    SAYS("HSET h a 1", "1");
    SAYS("HRANDFIELD h", "\"a\"");
    SAYS("HRANDFIELD h 0", "[]");
    SAYS("HRANDFIELD h 5", "[\"a\"]");
    SAYS("HRANDFIELD h -3", "[\"a\" \"a\" \"a\"]");
    SAYS("HRANDFIELD h -2 withvalues", "[\"a\" \"1\" \"a\" \"1\"]");
    SAYS("HSET h b 2 c 3", "2");
    SAYS_ANY_ORDER("HRANDFIELD h 3", "[\"a\" \"b\" \"c\"]");
    SAYS_ANY_ORDER("HRANDFIELD h 9223372036854775807", "[\"a\" \"b\" \"c\"]");
    SAYS_ANY_ORDER("HRANDFIELD h 9 WITHVALUES", "[\"1\" \"2\" \"3\" \"a\" \"b\" \"c\"]");
    SAYS("HRANDFIELD h x", NO_INT);
    SAYS("HRANDFIELD h 1 WITHOUT", SYNTAX);
    SAYS("HRANDFIELD h 1 WITHVALUES x", SYNTAX);
    SAYS("HRANDFIELD h 9223372036854775807 WITHVALUES", "-ERR value is out of range");
    SAYS("HRANDFIELD h -9223372036854775808",
         "-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807");
}
END_TEST

/* Each of four fields about as often as the others: 4,000 draws, of which each has 1,000 with a deviation of 27. */
START_TEST(picks_evenly)
{
    static const char *const lines[] = {"HRANDFIELD h", "HRANDFIELD h 1", "HRANDFIELD h -1"};

    SAYS("HSET h 0 x 1 x 2 x 3 x", "4");
    for (size_t line = 0; line < sizeof lines / sizeof *lines; line++) {
        int times[4] = {0};

        for (int i = 0; i < 4000; i++) {
            const char *picked = strchr(test_command(world->cache, lines[line]), '"');

            times[picked[1] - '0']++;
        }
        for (int i = 0; i < 4; i++)
            ck_assert_msg(times[i] > 800 && times[i] < 1200, "%s: %d times %d", lines[line], times[i], i);
    }
}
END_TEST

START_TEST(hashes_are_hashes)
{
    static const char *const lines[] = {
        "HSET s a 1",    "HMSET s a 1",        "HSETNX s a 1", "HGET s a",
        "HMGET s a",     "HGETALL s",          "HKEYS s",      "HVALS s",
        "HDEL s a",      "HEXISTS s a",        "HLEN s",       "HSTRLEN s a",
        "HINCRBY s a 1", "HINCRBYFLOAT s a 1", "HSCAN s 0",    "HSCAN s 0 COUNT 0",
        "HRANDFIELD s",  "HRANDFIELD s 1",
    };

    SAYS("RPUSH s a", "1");
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        SAYS(lines[i], NO_TYPE);
    SAYS("HSET h a 1", "1");
    SAYS("TYPE h", "hash");
    SAYS("LPUSH h a", NO_TYPE);
}
END_TEST

START_TEST(a_copy_is_its_own)
{
    SAYS("HSET h a 1 b 2", "2");
    SAYS("COPY h k", "1");
    SAYS("HSET k a 3 c 4", "1");
    SAYS("HGETALL h", "[\"a\" \"1\" \"b\" \"2\"]");
    SAYS("HGETALL k", "[\"a\" \"3\" \"b\" \"2\" \"c\" \"4\"]");
    SAYS("RENAME k h", "OK");
    SAYS("HLEN h", "3");
}
END_TEST

START_TEST(ends_with_its_key)
{
    SAYS("HSET h a 1", "1");
    SAYS("PEXPIRE h 1000", "1");
    SAYS("HSET h b 2", "1");
    world_advance(999);
    SAYS("HLEN h", "2");
    world_advance(2);
    SAYS("HLEN h", "0");
    SAYS("HSET h c 3", "1");
    SAYS("TTL h", "-1");
}
END_TEST

START_TEST(holds_many)
{
    static char names[1000][8];
    tripsage_cache_argument line[2002] = {{"HSET", 4}, {"h", 1}};
    tripsage_cache_reply *reply;

    for (int round = 0; round < 50; round++) {
        for (int i = 0; i < 1000; i++) {
            int size = snprintf(names[i], sizeof names[i], "%d", round * 1000 + i);

            line[2 * i + 2] = line[2 * i + 3] = (tripsage_cache_argument){names[i], (size_t)size};
        }
        OK(tripsage_cache_command(&reply, world->cache, line, 2002));
        ck_assert_int_eq(reply->integer, 1000);
        tripsage_cache_reply_free(reply);
    }
    SAYS("HLEN h", "50000");
    SAYS("HGET h 30000", "\"30000\"");
    SAYS("HDEL h 30000", "1");
    SAYS("HGET h 30000", "nil");
    SAYS("HINCRBY h 49999 1", "50000");
    SAYS("HLEN h", "49999");
}
END_TEST

Suite *contract_command_hashes(void)
{
    Suite *suite = suite_create("command_hashes");
    TCase *tcase = test_case(suite, "command_hashes");

    tcase_add_test(tcase, sets_and_gets);
    tcase_add_test(tcase, removes);
    tcase_add_test(tcase, holds_any_bytes);
    tcase_add_test(tcase, counts);
    tcase_add_test(tcase, counts_fractions);
    tcase_add_test(tcase, scans);
    tcase_add_test(tcase, scans_many);
    tcase_add_test(tcase, picks_by_chance);
    tcase_add_test(tcase, picks_evenly);
    tcase_add_test(tcase, hashes_are_hashes);
    tcase_add_test(tcase, a_copy_is_its_own);
    tcase_add_test(tcase, ends_with_its_key);
    tcase_add_test(tcase, holds_many);
    return suite;
}
