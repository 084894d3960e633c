/* contract/cache/command_sets.c: commands about sets. */
#include "../contract.h"
#include "support/commands.h"

#include <stdio.h>
#include <string.h>

#define NO_TYPE "-WRONGTYPE Operation against a key holding the wrong kind of value"
#define NO_INT  "-ERR value is not an integer or out of range"
#define SYNTAX  "-ERR syntax error"

static void with_sets(void)
{
    SAYS("SADD a 1 2 3 4", "4");
    SAYS("SADD b 3 4 5", "3");
    SAYS("SADD c 4 6", "2");
    SAYS("SET word x", "OK");
}

START_TEST(has_each_member_once)
{
    SAYS("SADD s a b c a", "3");
    SAYS("SADD s b d", "1");
    SAYS_ANY_ORDER("SMEMBERS s", "[\"a\" \"b\" \"c\" \"d\"]");
    SAYS("SCARD s", "4");
    SAYS("SISMEMBER s a", "1");
    SAYS("SISMEMBER s x", "0");
    SAYS("SMISMEMBER s a x d", "[1 0 1]");
    SAYS("SREM s a x b", "2");
    SAYS("SREM s c d", "2");
    SAYS("TYPE s", "none");
    SAYS("SCARD s", "0");
    SAYS("SMEMBERS s", "[]");
    SAYS("SISMEMBER s a", "0");
    SAYS("SMISMEMBER s a b", "[0 0]");
    SAYS("SREM s a", "0");
}
END_TEST

START_TEST(members_are_bytes)
{
    SAYS("SADD s \"\" \"\\x00\" \"a\\x00b\" \"a\\x00c\" \"\\xff\" \"a b\"", "6");
    SAYS_ANY_ORDER("SMEMBERS s", "[\"\" \"\\x00\" \"\\xff\" \"a b\" \"a\\x00b\" \"a\\x00c\"]");
    SAYS("SMISMEMBER s \"a\\x00c\" \"a\\x00d\" \"\"", "[1 0 1]");
    SAYS("SREM s \"a\\x00b\"", "1");
    SAYS("SISMEMBER s \"a\\x00c\"", "1");
}
END_TEST

START_TEST(moves_a_member)
{
    with_sets();
    SAYS("SMOVE a b 1", "1");
    SAYS("SMOVE a b 3", "1");
    SAYS("SMOVE a b x", "0");
    SAYS_ANY_ORDER("SMEMBERS a", "[\"2\" \"4\"]");
    SAYS_ANY_ORDER("SMEMBERS b", "[\"1\" \"3\" \"4\" \"5\"]");
    SAYS("SMOVE a new 2", "1");
    SAYS("SMOVE a a 4", "1");
    SAYS("SMOVE a a 5", "0");
    SAYS("SMOVE a new 4", "1");
    SAYS_ANY_ORDER("SMEMBERS new", "[\"2\" \"4\"]");
    SAYS("EXISTS a", "0");
    SAYS("SMOVE a word 4", "0");
    SAYS("SMOVE b word 1", NO_TYPE);
    SAYS("SMOVE word b 1", NO_TYPE);
    SAYS("SISMEMBER b 1", "1");
}
END_TEST

START_TEST(makes_sets_of_sets)
{
    with_sets();
    SAYS_ANY_ORDER("SINTER a b", "[\"3\" \"4\"]");
    SAYS_ANY_ORDER("SINTER a", "[\"1\" \"2\" \"3\" \"4\"]");
    SAYS("SINTER a b c", "[\"4\"]");
    SAYS("SINTER a none b", "[]");
    SAYS_ANY_ORDER("SUNION a b c none", "[\"1\" \"2\" \"3\" \"4\" \"5\" \"6\"]");
    SAYS("SUNION none", "[]");
    SAYS_ANY_ORDER("SDIFF a b none", "[\"1\" \"2\"]");
    SAYS("SDIFF none a", "[]");
    SAYS("SDIFF a a", "[]");
    SAYS("SINTERSTORE to a b", "2");
    SAYS_ANY_ORDER("SMEMBERS to", "[\"3\" \"4\"]");
    SAYS("SUNIONSTORE word a b", "5");
    SAYS("TYPE word", "set");
    SAYS("SDIFFSTORE a a b", "2");
    SAYS_ANY_ORDER("SMEMBERS a", "[\"1\" \"2\"]");
    SAYS("SINTERSTORE word a none", "0");
    SAYS("EXISTS word", "0");
    SAYS("SUNIONSTORE b b b", "3");
    SAYS("EXPIRE b 100", "1");
    SAYS("SADD b 9", "1");
    SAYS("TTL b", "100");
    SAYS("SUNIONSTORE b b", "4");
    SAYS("TTL b", "-1");
}
END_TEST

START_TEST(counts_what_sets_have_in_common)
{
    with_sets();
    SAYS("SINTERCARD 2 a b", "2");
    SAYS("SINTERCARD 2 a b LIMIT 1", "1");
    SAYS("SINTERCARD 2 a b limit 0", "2");
    SAYS("SINTERCARD 3 a b none", "0");
    SAYS("SINTERCARD 0 a", "-ERR numkeys should be greater than 0");
    SAYS("SINTERCARD x a", "-ERR numkeys should be greater than 0");
    SAYS("SINTERCARD 3 a b", "-ERR Number of keys can't be greater than number of args");
    SAYS("SINTERCARD 1 a LIMIT -1", "-ERR LIMIT can't be negative");
    SAYS("SINTERCARD 1 a LIMIT", SYNTAX);
    SAYS("SINTERCARD 1 a b", SYNTAX);
    SAYS("SINTERCARD 2 none word", NO_TYPE);
}
END_TEST

START_TEST(picks_and_pops)
{
    SAYS("SADD s a", "1");
    SAYS("SRANDMEMBER s", "\"a\"");
    SAYS("SRANDMEMBER s -3", "[\"a\" \"a\" \"a\"]");
    SAYS("SADD s b c", "2");
    SAYS_ANY_ORDER("SRANDMEMBER s 9", "[\"a\" \"b\" \"c\"]");
    SAYS("SRANDMEMBER s 0", "[]");
    SAYS("SCARD s", "3");
    SAYS("SPOP s 0", "[]");
    ck_assert_uint_eq(strlen(test_command(world->cache, "SPOP s 2")), strlen("[\"a\" \"b\"]"));
    SAYS("SCARD s", "1");
    ck_assert_uint_eq(strlen(test_command(world->cache, "SPOP s")), 3);
    SAYS("EXISTS s", "0");
    SAYS("SPOP s", "nil");
    SAYS("SPOP s 3", "[]");
    SAYS("SRANDMEMBER s", "nil");
    SAYS("SRANDMEMBER s 3", "[]");
    SAYS("SPOP s -1", "-ERR value is out of range, must be positive");
    SAYS("SPOP s x", "-ERR value is out of range, must be positive");
    SAYS("SPOP s 1 2", SYNTAX);
    SAYS("SRANDMEMBER s x", NO_INT);
    SAYS("SRANDMEMBER s 1 2", SYNTAX);
    SAYS("SRANDMEMBER s -9223372036854775808",
         "-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807");
}
END_TEST

START_TEST(refuses_what_is_wrong)
{
    static const char *const lines[] = {
        "SADD word a",
        "SREM word a",
        "SMEMBERS word",
        "SISMEMBER word a",
        "SMISMEMBER word a",
        "SCARD word",
        "SPOP word",
        "SPOP word 0",
        "SRANDMEMBER word",
        "SRANDMEMBER word 0",
        "SINTER word a",
        "SINTER none word",
        "SUNION a word",
        "SDIFF none word",
        "SINTERSTORE to none word",
        "SUNIONSTORE to a word",
        "SDIFFSTORE to word",
        "SSCAN word 0",
    };

    with_sets();
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        SAYS(lines[i], NO_TYPE);
    SAYS("EXISTS to", "0");
    SAYS("GET a", NO_TYPE);
    SAYS("SADD a", "-ERR wrong number of arguments for 'sadd' command");
    SAYS("SMOVE a b", "-ERR wrong number of arguments for 'smove' command");
    SAYS("SINTER", "-ERR wrong number of arguments for 'sinter' command");
    SAYS("SUNIONSTORE to", "-ERR wrong number of arguments for 'sunionstore' command");
    SAYS("SCARD a b", "-ERR wrong number of arguments for 'scard' command");
}
END_TEST

START_TEST(steps_through_a_set)
{
    with_sets();
    SAYS("SADD s one", "1");
    SAYS("SSCAN s 0", "[\"0\" [\"one\"]]");
    SAYS("SADD s two three", "2");
    SAYS("SSCAN s 0 MATCH th* COUNT 100", "[\"0\" [\"three\"]]");
    SAYS("SSCAN none 17", "[\"0\" []]");
    SAYS("SSCAN none 0 COUNT 0", "[\"0\" []]");
    SAYS("SSCAN s x", "-ERR invalid cursor");
    SAYS("SSCAN s 18446744073709551616", "-ERR invalid cursor");
    SAYS("SSCAN s 0 COUNT 0", SYNTAX);
    SAYS("SSCAN s 0 COUNT x", NO_INT);
    SAYS("SSCAN s 0 MATCH", SYNTAX);
}
END_TEST

/* ---- many ---- */

enum { MANY = 100000, PER_COMMAND = 1000 };

static void put_member(char word[TEST_WORD_SIZE], int i, int from)
{
    snprintf(word, TEST_WORD_SIZE, "%d", from + i);
}

static void add_many(const char *key, int from, int to)
{
    for (; from < to; from += PER_COMMAND) {
        int count = to - from < PER_COMMAND ? to - from : PER_COMMAND;

        SAME_TEXT(test_long_command(world->cache, "SADD", key, count, put_member, from), test_format("%d", count));
    }
}

START_TEST(has_many_members)
{
    add_many("a", 0, MANY);
    add_many("b", MANY - 5, MANY + 5);
    SAYS("SCARD a", "100000");
    SAYS_ANY_ORDER("SINTER a b", "[\"99995\" \"99996\" \"99997\" \"99998\" \"99999\"]");
    SAYS("SINTERCARD 2 a b", "5");
    SAYS("SINTERCARD 2 a a LIMIT 70000", "70000");
    SAYS("SUNIONSTORE c a b", "100005");
    SAYS("SDIFFSTORE d c b", "99995");
    SAYS("SMISMEMBER d 0 50000 99994 99995", "[1 1 1 0]");
    SAYS("SDIFFSTORE e d a", "0");
    SAYS("COPY d e", "1");
    for (int i = 0; i < 40; i++)
        (void)test_command(world->cache, "SPOP e 2000");
    SAYS("SCARD e", "19995");
    (void)test_command(world->cache, "SPOP e 19994");
    SAYS("SCARD e", "1");
    SAYS("SINTERCARD 2 d e", "1");
    SAYS("SCARD d", "99995");
}
END_TEST

Suite *contract_command_sets(void)
{
    Suite *suite = suite_create("command_sets");
    TCase *tcase = test_case(suite, "command_sets");

    tcase_add_test(tcase, has_each_member_once);
    tcase_add_test(tcase, members_are_bytes);
    tcase_add_test(tcase, moves_a_member);
    tcase_add_test(tcase, makes_sets_of_sets);
    tcase_add_test(tcase, counts_what_sets_have_in_common);
    tcase_add_test(tcase, picks_and_pops);
    tcase_add_test(tcase, refuses_what_is_wrong);
    tcase_add_test(tcase, steps_through_a_set);
    tcase_add_test(tcase, has_many_members);
    return suite;
}
