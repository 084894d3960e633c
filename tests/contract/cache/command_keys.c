/* contract/cache/command_keys.c: commands about keys, whatever is under them. */
#include "../contract.h"
#include "support/commands.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

START_TEST(are_there_or_are_not)
{
    SAYS("MSET a 1 b 2 c 3", "OK");
    SAYS("EXISTS a b a missing", "3");
    SAYS("TOUCH a missing a", "2");
    SAYS("TYPE a", "string");
    SAYS("TYPE missing", "none");
    SAYS("DEL a a missing", "1");
    SAYS("UNLINK b c b", "2");
    SAYS("EXISTS a b c", "0");
    SAYS("DEL", "-ERR wrong number of arguments for 'del' command");
    SAYS("EXISTS", "-ERR wrong number of arguments for 'exists' command");
    SAYS("TYPE a b", "-ERR wrong number of arguments for 'type' command");
}
END_TEST

START_TEST(are_any_bytes)
{
    const char *longest = test_format("%01024d", 7);

    SAYS("SET \"\\x00\\xff k\" 1", "OK");
    SAYS("SET \"\\x00\\xff\" 2", "OK");
    SAYS("SET \"\" 3", "OK");
    SAYS(test_format("SET %s 4", longest), "OK");
    SAYS("MGET \"\\x00\\xff k\" \"\\x00\\xff\" \"\"", "[\"1\" \"2\" \"3\"]");
    SAYS(test_format("GET %s", longest), "\"4\"");
    SAYS_ANY_ORDER("KEYS \"\\x00*\"", "[\"\\x00\\xff k\" \"\\x00\\xff\"]");
    SAYS("DEL \"\"", "1");
    SAYS("DBSIZE", "3");
}
END_TEST

START_TEST(end_when_they_are_told_to)
{
    SAYS("SET a 1", "OK");
    SAYS("TTL a", "-1");
    SAYS("PEXPIRETIME a", "-1");
    SAYS("EXPIRE a 100", "1");
    SAYS("TTL a", "100");
    SAYS("PTTL a", "100000");
    SAYS("EXPIRETIME a", test_format("%" PRId64, TEST_NOON / 1000 + 100));
    SAYS("PEXPIRETIME a", test_format("%" PRId64, TEST_NOON + 100000));
    world_advance(99600);
    SAYS("TTL a", "0");
    SAYS("PTTL a", "400");
    SAYS("PERSIST a", "1");
    SAYS("PERSIST a", "0");
    SAYS("PTTL a", "-1");
    SAYS("PEXPIRE a 1500", "1");
    SAYS("TTL a", "2");
    world_advance(1600);
    SAYS("EXISTS a", "0");
    SAYS("TTL a", "-2");
    SAYS("EXPIRETIME a", "-2");
    SAYS("PERSIST a", "0");
    SAYS("EXPIRE a 10", "0");
}
END_TEST

START_TEST(end_at_an_instant)
{
    SAYS("MSET a 1 b 1 c 1", "OK");
    SAYS(test_format("EXPIREAT a %" PRId64, TEST_NOON / 1000 + 7), "1");
    SAYS("PTTL a", "7000");
    SAYS(test_format("PEXPIREAT b %" PRId64, TEST_NOON + 7), "1");
    SAYS("PTTL b", "7");
    SAYS("EXPIREAT a 1", "1");
    SAYS("PEXPIREAT b -5", "1");
    SAYS("EXPIRE c -1", "1");
    SAYS("EXISTS a b c", "0");
}
END_TEST

START_TEST(end_on_a_condition)
{
    SAYS("SET a 1", "OK");
    SAYS("EXPIRE a 10 XX", "0");
    SAYS("EXPIRE a 10 GT", "0");
    SAYS("EXPIRE a 10 nx", "1");
    SAYS("EXPIRE a 20 NX", "0");
    SAYS("EXPIRE a 10 GT", "0");
    SAYS("EXPIRE a 10 LT", "0");
    SAYS("EXPIRE a 20 GT", "1");
    SAYS("EXPIRE a 15 XX LT", "1");
    SAYS("TTL a", "15");
    SAYS("PERSIST a", "1");
    SAYS("PEXPIRE a 5000 LT", "1");
    SAYS("TTL a", "5");
    SAYS("EXPIRE a 1 NX XX", "-ERR NX and XX, GT or LT options at the same time are not compatible");
    SAYS("EXPIRE a 1 GT LT", "-ERR GT and LT options at the same time are not compatible");
    SAYS("EXPIRE a 1 IF", "-ERR Unsupported option IF");
}
END_TEST

START_TEST(take_no_time_that_cannot_be)
{
    SAYS("SET a 1", "OK");
    SAYS("EXPIRE a 1.5", "-ERR value is not an integer or out of range");
    SAYS("EXPIRE a 9223372036854775807", "-ERR invalid expire time in 'expire' command");
    SAYS("EXPIRE a -9223372036854775808", "-ERR invalid expire time in 'expire' command");
    SAYS("EXPIREAT a 140737488355", "1"); /* the year 6429: in the process, what ends later does not end */
    SAYS("PEXPIRE a 9223372036854775807", "-ERR invalid expire time in 'pexpire' command");
    SAYS("EXPIRE missing 9223372036854775807", "-ERR invalid expire time in 'expire' command");
    SAYS("TTL a", test_format("%" PRId64, INT64_C(140737488355) - TEST_NOON / 1000));
    SAYS("EXPIRE a", "-ERR wrong number of arguments for 'expire' command");
}
END_TEST

START_TEST(get_other_names)
{
    SAYS("SET a 1 PX 5000", "OK");
    SAYS("SET b 2", "OK");
    SAYS("RENAME a c", "OK");
    SAYS("PTTL c", "5000");
    SAYS("RENAME c b", "OK");
    SAYS("MGET a b c", "[nil \"1\" nil]");
    SAYS("PTTL b", "5000");
    SAYS("RENAME b b", "OK");
    SAYS("RENAME a b", "-ERR no such key");
    SAYS("RENAME a a", "-ERR no such key");
    SAYS("SET a 3", "OK");
    SAYS("RENAMENX a b", "0");
    SAYS("RENAMENX a a", "0");
    SAYS("RENAMENX a d", "1");
    SAYS("RENAMENX a d", "-ERR no such key");
    SAYS("MGET a b d", "[nil \"1\" \"3\"]");
}
END_TEST

START_TEST(are_copied)
{
    SAYS("SET a 1 PX 5000", "OK");
    SAYS("COPY a b", "1");
    SAYS("COPY a b", "0");
    SAYS("PTTL b", "5000");
    SAYS("SET a 2", "OK");
    SAYS("COPY a b REPLACE", "1");
    SAYS("GET b", "\"2\"");
    SAYS("PTTL b", "-1");
    SAYS("COPY a c DB 0", "1");
    SAYS("COPY missing b REPLACE", "0");
    SAYS("GET b", "\"2\"");
    SAYS("COPY a b DB one", "-ERR value is not an integer or out of range");
    SAYS("COPY a b DB 99", "-ERR DB index is out of range");
    SAYS("COPY a b OVER", "-ERR syntax error");
    /* Onto itself, as Upstash does; Redis calls it an error. */
    SAYS("COPY a a", !world->redis.pid ? "0" : "-ERR source and destination objects are the same");
}
END_TEST

START_TEST(are_listed_by_pattern)
{
    SAYS("MSET one 1 two 2 three 3 t[x] 4 t-x 5", "OK");
    SAYS_ANY_ORDER("KEYS *", "[\"one\" \"t-x\" \"t[x]\" \"three\" \"two\"]");
    SAYS_ANY_ORDER("KEYS t*", "[\"t-x\" \"t[x]\" \"three\" \"two\"]");
    SAYS_ANY_ORDER("KEYS ?[nw]?", "[\"one\" \"two\"]");
    SAYS_ANY_ORDER("KEYS t[^w]*e", "[\"three\"]");
    SAYS_ANY_ORDER("KEYS \"t\\\\[x]\"", "[\"t[x]\"]");
    SAYS_ANY_ORDER("KEYS [a-o]*", "[\"one\"]");
    SAYS("KEYS nothing*", "[]");
    SAYS("SET two 2 PX 10", "OK");
    world_advance(20);
    SAYS_ANY_ORDER("KEYS tw*", "[]");
    SAYS("KEYS", "-ERR wrong number of arguments for 'keys' command");
}
END_TEST

START_TEST(are_walked_through)
{
    char seen[200] = {0};
    const char *cursor = "0";
    int steps = 0;

    for (int i = 0; i < 200; i++)
        SAYS(test_format("SET k%d %d", i, i), "OK");
    do {
        const char *reply = test_command(world->cache, test_format("SCAN %s COUNT 7 MATCH k*", cursor));
        const char *at = strchr(reply, '[') + 2;

        cursor = test_format("%.*s", (int)strcspn(at, "\""), at);
        while ((at = strstr(at, "\"k")) != NULL)
            seen[strtol(at += 2, NULL, 10)] = 1;
        ck_assert_int_lt(++steps, 200);
    } while (strcmp(cursor, "0") != 0);
    ck_assert_int_gt(steps, 4);
    for (int i = 0; i < 200; i++)
        ck_assert_int_eq(seen[i], 1);
}
END_TEST

START_TEST(are_walked_through_by_type)
{
    SAYS("SET a 1", "OK");
    SAYS("SCAN 0 TYPE string", "[\"0\" [\"a\"]]");
    SAYS("SCAN 0 TYPE STRING COUNT 100", "[\"0\" [\"a\"]]");
    SAYS("SCAN 0 TYPE hash", "[\"0\" []]");
    SAYS("SCAN 0 MATCH b", "[\"0\" []]");
    SAYS("SCAN nowhere", "-ERR invalid cursor");
    SAYS("SCAN 0 COUNT 0", "-ERR syntax error");
    SAYS("SCAN 0 COUNT -1", "-ERR syntax error");
    SAYS("SCAN 0 COUNT many", "-ERR value is not an integer or out of range");
    SAYS("SCAN 0 MATCH", "-ERR syntax error");
    SAYS("SCAN 0 LIKE a", "-ERR syntax error");
    SAYS("SCAN", "-ERR wrong number of arguments for 'scan' command");
}
END_TEST

START_TEST(are_picked_by_chance)
{
    int counts[4] = {0};

    SAYS("RANDOMKEY", "nil");
    SAYS("MSET 0 a 1 a 2 a 3 a", "OK");
    for (int i = 0; i < 400; i++)
        counts[strtol(test_command(world->cache, "RANDOMKEY") + 1, NULL, 10)]++;
    for (int i = 0; i < 4; i++)
        ck_assert_int_gt(counts[i], 20);
}
END_TEST

START_TEST(are_keys_whatever_is_under_them)
{
    SAYS("RPUSH l a b", "2");
    SAYS("HSET h f 1", "1");
    SAYS("TYPE l", "list");
    SAYS("TYPE h", "hash");
    SAYS("SCAN 0 TYPE list COUNT 100", "[\"0\" [\"l\"]]");
    SAYS("PEXPIRE l 5000", "1");
    SAYS("COPY l copy", "1");
    SAYS("RPUSH copy c", "3");
    SAYS("LRANGE l 0 -1", "[\"a\" \"b\"]");
    SAYS("PTTL copy", "5000");
    SAYS("RENAME h l", "OK");
    SAYS("HGETALL l", "[\"f\" \"1\"]");
    SAYS("TTL l", "-1");
    SAYS("RENAME l l", "OK");
    SAYS("DEL l copy", "2");
    SAYS("DBSIZE", "0");
}
END_TEST

Suite *contract_command_keys(void)
{
    Suite *suite = suite_create("command_keys");
    TCase *tcase = test_case(suite, "command_keys");

    tcase_add_test(tcase, are_there_or_are_not);
    tcase_add_test(tcase, are_any_bytes);
    tcase_add_test(tcase, end_when_they_are_told_to);
    tcase_add_test(tcase, end_at_an_instant);
    tcase_add_test(tcase, end_on_a_condition);
    tcase_add_test(tcase, take_no_time_that_cannot_be);
    tcase_add_test(tcase, get_other_names);
    tcase_add_test(tcase, are_copied);
    tcase_add_test(tcase, are_listed_by_pattern);
    tcase_add_test(tcase, are_walked_through);
    tcase_add_test(tcase, are_walked_through_by_type);
    tcase_add_test(tcase, are_picked_by_chance);
    tcase_add_test(tcase, are_keys_whatever_is_under_them);
    return suite;
}
