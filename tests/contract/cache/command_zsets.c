/* contract/cache/command_zsets.c: commands about sorted sets. Scores are such that every version of Redis writes them alike. */
#include "../contract.h"
#include "support/commands.h"

#include <stdio.h>
#include <string.h>

#define NO_TYPE  "-WRONGTYPE Operation against a key holding the wrong kind of value"
#define NO_INT   "-ERR value is not an integer or out of range"
#define NO_FLOAT "-ERR value is not a valid float"
#define SYNTAX   "-ERR syntax error"

static void with_letters(void)
{
    SAYS("ZADD z 1 a 2 b 3 c 4 d 5 e", "5");
    SAYS("SET word x", "OK");
}

START_TEST(keeps_members_in_order)
{
    SAYS("ZADD z 2 b 1 a 3 c", "3");
    SAYS("ZADD z 0.5 c 1 aa", "1");
    SAYS("ZRANGE z 0 -1 WITHSCORES", "[\"c\" \"0.5\" \"a\" \"1\" \"aa\" \"1\" \"b\" \"2\"]");
    SAYS("ZCARD z", "4");
    SAYS("ZSCORE z c", "\"0.5\"");
    SAYS("ZSCORE z x", "nil");
    SAYS("ZMSCORE z a x b", "[\"1\" nil \"2\"]");
    SAYS("ZRANK z b", "3");
    SAYS("ZREVRANK z b", "0");
    SAYS("ZRANK z x", "nil");
    SAYS("ZRANK none x", "nil");
    SAYS("ZREM z a x c", "2");
    SAYS("ZREM z aa b", "2");
    SAYS("TYPE z", "none");
    SAYS("ZCARD z", "0");
    SAYS("ZSCORE z a", "nil");
    SAYS("ZMSCORE z a b", "[nil nil]");
    SAYS("ZREM z a", "0");
    SAYS("ZRANGE z 0 -1", "[]");
}
END_TEST

START_TEST(members_are_bytes)
{
    SAYS("ZADD z 0 \"\\xff\" 0 \"a\\x00b\" 0 \"\" 0 a 0 \"\\x00\" 0 \"a\\x00a\"", "6");
    SAYS("ZRANGE z 0 -1", "[\"\" \"\\x00\" \"a\" \"a\\x00a\" \"a\\x00b\" \"\\xff\"]");
    SAYS("ZRANK z \"a\\x00b\"", "4");
    SAYS("ZRANGE z \"[a\\x00b\" + BYLEX", "[\"a\\x00b\" \"\\xff\"]");
    SAYS("ZREM z \"a\\x00a\"", "1");
    SAYS("ZRANK z \"a\\x00b\"", "3");
}
END_TEST

START_TEST(scores_may_be_infinite)
{
    SAYS("ZADD z inf a -inf b +INF c 0 d", "4");
    SAYS("ZRANGE z 0 -1 WITHSCORES", "[\"b\" \"-inf\" \"d\" \"0\" \"a\" \"inf\" \"c\" \"inf\"]");
    SAYS("ZINCRBY z 5 a", "\"inf\"");
    SAYS("ZINCRBY z -inf a", "-ERR resulting score is not a number (NaN)");
    SAYS("ZADD z INCR inf b", "-ERR resulting score is not a number (NaN)");
    SAYS("ZSCORE z b", "\"-inf\"");
    SAYS("ZRANGE z -inf (inf BYSCORE", "[\"b\" \"d\"]");
    SAYS("ZCOUNT z (-inf +inf", "3");
    SAYS("ZADD z nan x", NO_FLOAT);
    SAYS("ZINCRBY z -inf d", "\"-inf\"");
}
END_TEST

START_TEST(adds_on_conditions)
{
    SAYS("ZADD z XX 1 a", "0");
    SAYS("EXISTS z", "0");
    SAYS("ZADD z XX INCR 1 a", "nil");
    SAYS("ZADD z NX 1 a 2 b", "2");
    SAYS("ZADD z NX 9 a 3 c", "1");
    SAYS("ZADD z CH 1 a 5 b 4 d", "2");
    SAYS("ZADD z XX CH 2 a 2 x", "1");
    SAYS("ZADD z GT CH 1 a 6 b 7 e", "2");
    SAYS("ZADD z LT CH 3 a 4 b", "1");
    SAYS("ZADD z GT XX 9 new", "0");
    SAYS("ZRANGE z 0 -1 WITHSCORES", "[\"a\" \"2\" \"c\" \"3\" \"b\" \"4\" \"d\" \"4\" \"e\" \"7\"]");
    SAYS("ZADD z INCR 2 a", "\"4\"");
    SAYS("ZADD z NX INCR 2 a", "nil");
    SAYS("ZADD z GT INCR -2 a", "nil");
    SAYS("ZADD z LT INCR -2 a", "\"2\"");
    SAYS("ZADD z INCR 0 a", "\"2\"");
    SAYS("ZADD z 1 x 2 x 3 x", "1");
    SAYS("ZSCORE z x", "\"3\"");
    SAYS("ZINCRBY new 2.5 a", "\"2.5\"");
    SAYS("ZINCRBY new -1 a", "\"1.5\"");
}
END_TEST

START_TEST(refuses_to_add_what_is_wrong)
{
    with_letters();
    SAYS("ZADD z 1", "-ERR wrong number of arguments for 'zadd' command");
    SAYS("ZADD z 1 a 2", SYNTAX);
    SAYS("ZADD z NX CH", SYNTAX);
    SAYS("ZADD z NX XX 1 a", "-ERR XX and NX options at the same time are not compatible");
    SAYS("ZADD z GT LT 1 a", "-ERR GT, LT, and/or NX options at the same time are not compatible");
    SAYS("ZADD z NX GT 1 a", "-ERR GT, LT, and/or NX options at the same time are not compatible");
    SAYS("ZADD z INCR 1 a 2 b", "-ERR INCR option supports a single increment-element pair");
    SAYS("ZADD z 9 a x b", NO_FLOAT);
    SAYS("ZSCORE z a", "\"1\"");
    SAYS("ZINCRBY z x a", NO_FLOAT);
    SAYS("ZADD word x a", NO_FLOAT);
    SAYS("ZADD word 1 a", NO_TYPE);
}
END_TEST

START_TEST(shows_ranges_by_rank)
{
    with_letters();
    SAYS("ZRANGE z 1 3", "[\"b\" \"c\" \"d\"]");
    SAYS("ZRANGE z -2 -1", "[\"d\" \"e\"]");
    SAYS("ZRANGE z -99 99", "[\"a\" \"b\" \"c\" \"d\" \"e\"]");
    SAYS("ZRANGE z 0 -99", "[]");
    SAYS("ZRANGE z 5 9", "[]");
    SAYS("ZRANGE z 3 1", "[]");
    SAYS("ZRANGE z -9223372036854775808 9223372036854775807 REV", "[\"e\" \"d\" \"c\" \"b\" \"a\"]");
    SAYS("ZRANGE z 0 1 REV WITHSCORES", "[\"e\" \"5\" \"d\" \"4\"]");
    SAYS("ZREVRANGE z 1 -2 WITHSCORES", "[\"d\" \"4\" \"c\" \"3\" \"b\" \"2\"]");
    SAYS("ZRANGE z a b", NO_INT);
    SAYS("ZRANGE word a b", NO_INT);
    SAYS("ZRANGE word 0 1", NO_TYPE);
    SAYS("ZRANGE none 0 1", "[]");
    SAYS("ZRANGE z 0 1 REV REV", SYNTAX);
    SAYS("ZRANGE z 0 1 EVER", SYNTAX);
    SAYS("ZREVRANGE z 0 1 REV", SYNTAX);
    SAYS("ZRANGE z 0 -1 LIMIT 0 1",
         "-ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX");
}
END_TEST

START_TEST(shows_ranges_by_score)
{
    with_letters();
    SAYS("ZRANGE z 2 4 BYSCORE", "[\"b\" \"c\" \"d\"]");
    SAYS("ZRANGE z (2 (4 BYSCORE WITHSCORES", "[\"c\" \"3\"]");
    SAYS("ZRANGE z -inf +inf BYSCORE LIMIT 1 2", "[\"b\" \"c\"]");
    SAYS("ZRANGE z -inf +inf BYSCORE LIMIT 3 -1", "[\"d\" \"e\"]");
    SAYS("ZRANGE z -inf +inf BYSCORE LIMIT 9 1", "[]");
    SAYS("ZRANGE z -inf +inf BYSCORE LIMIT -1 1", "[]");
    SAYS("ZRANGE z 4 2 BYSCORE", "[]");
    SAYS("ZRANGE z 4 2 BYSCORE REV", "[\"d\" \"c\" \"b\"]");
    SAYS("ZRANGE z +inf (1 BYSCORE REV LIMIT 1 2", "[\"d\" \"c\"]");
    SAYS("ZRANGEBYSCORE z 1 2 WITHSCORES", "[\"a\" \"1\" \"b\" \"2\"]");
    SAYS("ZREVRANGEBYSCORE z 2 1 WITHSCORES LIMIT 0 1", "[\"b\" \"2\"]");
    SAYS("ZCOUNT z 2 4", "3");
    SAYS("ZCOUNT z (2 4", "2");
    SAYS("ZCOUNT z 4 2", "0");
    SAYS("ZCOUNT none 2 4", "0");
    SAYS("ZCOUNT z x 1", "-ERR min or max is not a float");
    SAYS("ZCOUNT word x 1", "-ERR min or max is not a float");
    SAYS("ZRANGE z 1 x BYSCORE", "-ERR min or max is not a float");
    SAYS("ZRANGEBYSCORE z (a 1", "-ERR min or max is not a float");
    SAYS("ZRANGEBYSCORE z 0 9 LIMIT x 1", NO_INT);
    SAYS("ZRANGEBYSCORE z 0 9 LIMIT 1", SYNTAX);
    SAYS("ZRANGEBYSCORE z 0 9 REV", SYNTAX);
    SAYS("ZRANGE z 0 1 BYSCORE BYLEX", SYNTAX);
}
END_TEST

START_TEST(shows_ranges_by_member)
{
    SAYS("ZADD z 0 a 0 b 0 c 0 d 0 e", "5");
    SAYS("ZRANGE z - + BYLEX", "[\"a\" \"b\" \"c\" \"d\" \"e\"]");
    SAYS("ZRANGE z [b (d BYLEX", "[\"b\" \"c\"]");
    SAYS("ZRANGE z (b [dd BYLEX", "[\"c\" \"d\"]");
    SAYS("ZRANGE z (d [b BYLEX REV", "[\"c\" \"b\"]");
    SAYS("ZRANGE z + - BYLEX", "[]");
    SAYS("ZRANGE z + - BYLEX REV LIMIT 1 2", "[\"d\" \"c\"]");
    SAYS("ZRANGEBYLEX z - [b", "[\"a\" \"b\"]");
    SAYS("ZREVRANGEBYLEX z + [d", "[\"e\" \"d\"]");
    SAYS("ZRANGEBYLEX z - + LIMIT 1 1", "[\"b\"]");
    SAYS("ZLEXCOUNT z - +", "5");
    SAYS("ZLEXCOUNT z [b (d", "2");
    SAYS("ZLEXCOUNT z x +", "-ERR min or max not valid string range item");
    SAYS("ZRANGEBYLEX z a +", "-ERR min or max not valid string range item");
    SAYS("ZRANGE z 0 -1 BYLEX", "-ERR min or max not valid string range item");
    SAYS("ZRANGE z - + BYLEX WITHSCORES", "-ERR syntax error, WITHSCORES not supported in combination with BYLEX");
    SAYS("ZREMRANGEBYLEX z [a (c", "2");
    SAYS("ZREMRANGEBYLEX z a c", "-ERR min or max not valid string range item");
    SAYS("ZRANGE z 0 -1", "[\"c\" \"d\" \"e\"]");
}
END_TEST

START_TEST(removes_and_stores_ranges)
{
    with_letters();
    SAYS("ZRANGESTORE to z 1 2", "2");
    SAYS("ZRANGE to 0 -1 WITHSCORES", "[\"b\" \"2\" \"c\" \"3\"]");
    SAYS("ZRANGESTORE to z 0 1 REV", "2");
    SAYS("ZRANGE to 0 -1", "[\"d\" \"e\"]");
    SAYS("ZRANGESTORE word z (1 +inf BYSCORE LIMIT 1 2", "2");
    SAYS("ZRANGE word 0 -1", "[\"c\" \"d\"]");
    SAYS("ZRANGESTORE to z 7 9", "0");
    SAYS("EXISTS to", "0");
    SAYS("ZRANGESTORE to none 0 -1", "0");
    SAYS("ZRANGESTORE to z 0 1 WITHSCORES", SYNTAX);
    SAYS("ZRANGESTORE z z 1 -1", "4");
    SAYS("ZREMRANGEBYRANK z -1 -1", "1");
    SAYS("ZREMRANGEBYRANK z 5 9", "0");
    SAYS("ZREMRANGEBYSCORE z (2 3", "1");
    SAYS("ZRANGE z 0 -1", "[\"b\" \"d\"]");
    SAYS("ZREMRANGEBYRANK z x 1", NO_INT);
    SAYS("ZREMRANGEBYSCORE z x 1", "-ERR min or max is not a float");
    SAYS("ZREMRANGEBYSCORE z -inf inf", "2");
    SAYS("EXISTS z", "0");
    SAYS("ZREMRANGEBYSCORE z 1 2", "0");
}
END_TEST

START_TEST(pops_from_both_ends)
{
    with_letters();
    SAYS("ZPOPMIN z", "[\"a\" \"1\"]");
    SAYS("ZPOPMAX z 2", "[\"e\" \"5\" \"d\" \"4\"]");
    SAYS("ZPOPMIN z 0", "[]");
    SAYS("ZPOPMIN z -1", "-ERR value is out of range, must be positive");
    SAYS("ZPOPMAX z x", "-ERR value is out of range, must be positive");
    SAYS("ZPOPMIN z 1 2", SYNTAX);
    SAYS("ZPOPMIN word 0", NO_TYPE);
    SAYS("ZMPOP 2 none z MIN", "[\"z\" [[\"b\" \"2\"]]]");
    SAYS("ZADD z 9 y", "1");
    SAYS("ZMPOP 1 z MAX COUNT 9", "[\"z\" [[\"y\" \"9\"] [\"c\" \"3\"]]]");
    SAYS("EXISTS z", "0");
    SAYS("ZMPOP 1 z MIN", "nil");
    SAYS("ZPOPMIN z", "[]");
    SAYS("ZMPOP 2 z word MIN", NO_TYPE);
    SAYS("ZMPOP 0 z MIN", "-ERR numkeys should be greater than 0");
    SAYS("ZMPOP 1 z EVER", SYNTAX);
    SAYS("ZMPOP 2 z MIN", SYNTAX);
    SAYS("ZMPOP 1 z MIN COUNT 0", "-ERR count should be greater than 0");
    SAYS("ZMPOP 1 z MIN COUNT", SYNTAX);
    SAYS("ZMPOP 1 z MIN COUNT 1 COUNT 1", SYNTAX);
}
END_TEST

START_TEST(picks_at_random)
{
    SAYS("ZADD z 1 a", "1");
    SAYS("ZRANDMEMBER z", "\"a\"");
    SAYS("ZRANDMEMBER z -2 WITHSCORES", "[\"a\" \"1\" \"a\" \"1\"]");
    SAYS("ZADD z 2 b", "1");
    SAYS_ANY_ORDER("ZRANDMEMBER z 9", "[\"a\" \"b\"]");
    SAYS("ZRANDMEMBER z 0", "[]");
    SAYS("ZRANDMEMBER none", "nil");
    SAYS("ZRANDMEMBER none 2", "[]");
    SAYS("ZRANDMEMBER z x", NO_INT);
    SAYS("ZRANDMEMBER z 1 EVER", SYNTAX);
    SAYS("ZRANDMEMBER z -5000000000000000000 WITHSCORES", "-ERR value is out of range");
    SAYS("ZRANDMEMBER z -9223372036854775808",
         "-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807");
}
END_TEST

START_TEST(makes_sets_of_sets)
{
    SAYS("ZADD a 1 x 2 y 3 z", "3");
    SAYS("ZADD b 10 y 20 z 30 w", "3");
    SAYS("SADD plain y w", "2");
    SAYS("SET word x", "OK");
    SAYS("ZUNION 2 a b WITHSCORES", "[\"x\" \"1\" \"y\" \"12\" \"z\" \"23\" \"w\" \"30\"]");
    SAYS("ZUNION 2 a b WEIGHTS 2 0.5 AGGREGATE MAX WITHSCORES", "[\"x\" \"2\" \"y\" \"5\" \"z\" \"10\" \"w\" \"15\"]");
    SAYS("ZINTER 2 a b WITHSCORES", "[\"y\" \"12\" \"z\" \"23\"]");
    SAYS("ZINTER 2 a b AGGREGATE MIN WITHSCORES", "[\"y\" \"2\" \"z\" \"3\"]");
    SAYS("ZINTER 3 a b plain WITHSCORES", "[\"y\" \"13\"]");
    SAYS("ZINTER 2 a none", "[]");
    SAYS("ZUNION 2 plain none WITHSCORES", "[\"w\" \"1\" \"y\" \"1\"]");
    SAYS("ZDIFF 2 a b WITHSCORES", "[\"x\" \"1\"]");
    SAYS("ZDIFF 2 a plain", "[\"x\" \"z\"]");
    SAYS("ZDIFF 2 none a", "[]");
    SAYS("ZINTERCARD 2 a b", "2");
    SAYS("ZINTERCARD 2 a b LIMIT 1", "1");
    SAYS("ZUNIONSTORE a 2 a b WEIGHTS 1 -1", "4");
    SAYS("ZRANGE a 0 -1 WITHSCORES", "[\"w\" \"-30\" \"z\" \"-17\" \"y\" \"-8\" \"x\" \"1\"]");
    SAYS("ZINTERSTORE word 2 a b", "3");
    SAYS("TYPE word", "zset");
    SAYS("ZDIFFSTORE word 2 b a", "0");
    SAYS("EXISTS word", "0");
    SAYS("ZADD inf inf x", "1");
    SAYS("ZADD low -inf x", "1");
    SAYS("ZUNION 2 inf low WITHSCORES", "[\"x\" \"0\"]");
    SAYS("ZUNION 1 inf WEIGHTS 0 WITHSCORES", "[\"x\" \"0\"]");
}
END_TEST

START_TEST(refuses_to_make_what_is_wrong)
{
    with_letters();
    SAYS("ZUNION 0 z", "-ERR at least 1 input key is needed for 'zunion' command");
    SAYS("ZDIFFSTORE to 0 z", "-ERR at least 1 input key is needed for 'zdiffstore' command");
    SAYS("ZINTERCARD 0 z", "-ERR at least 1 input key is needed for 'zintercard' command");
    SAYS("ZINTER x z", NO_INT);
    SAYS("ZUNION 3 z a", SYNTAX);
    SAYS("ZUNION 1 z WEIGHTS x", "-ERR weight value is not a float");
    SAYS("ZUNION 1 z WEIGHTS 1 2", SYNTAX);
    SAYS("ZUNION 2 z z WEIGHTS 1", SYNTAX);
    SAYS("ZUNION 1 z AGGREGATE AVG", SYNTAX);
    SAYS("ZDIFF 1 z WEIGHTS 1", SYNTAX);
    SAYS("ZUNIONSTORE to 1 z WITHSCORES", SYNTAX);
    SAYS("ZINTERCARD 1 z LIMIT -1", "-ERR LIMIT can't be negative");
    SAYS("ZINTERCARD 1 z WITHSCORES", SYNTAX);
    SAYS("ZUNION 2 none word EVER", NO_TYPE);
    SAYS("ZINTERSTORE to 2 none word", NO_TYPE);
    SAYS("EXISTS to", "0");
}
END_TEST

START_TEST(refuses_other_types)
{
    static const char *const lines[] = {
        "ZINCRBY word 1 a",
        "ZREM word a",
        "ZCARD word",
        "ZSCORE word a",
        "ZMSCORE word a",
        "ZRANK word a",
        "ZREVRANK word a",
        "ZCOUNT word 1 2",
        "ZLEXCOUNT word - +",
        "ZRANGESTORE to word 0 1",
        "ZPOPMIN word",
        "ZRANDMEMBER word",
        "ZREMRANGEBYRANK word 0 1",
        "ZSCAN word 0",
        "ZREVRANGEBYLEX word + -",
    };

    with_letters();
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        SAYS(lines[i], NO_TYPE);
    SAYS("ZRANK z", "-ERR wrong number of arguments for 'zrank' command");
    SAYS("ZRANK z a b c", "-ERR wrong number of arguments for 'zrank' command");
    SAYS("ZINCRBY z 1", "-ERR wrong number of arguments for 'zincrby' command");
    SAYS("ZMPOP 1 z", "-ERR wrong number of arguments for 'zmpop' command");
}
END_TEST

START_TEST(steps_through_a_set)
{
    SAYS("ZADD z 1.5 one", "1");
    SAYS("ZSCAN z 0", "[\"0\" [\"one\" \"1.5\"]]");
    SAYS("ZADD z 2 two 3 three", "2");
    SAYS("ZSCAN z 0 COUNT 1", "[\"0\" [\"one\" \"1.5\" \"two\" \"2\" \"three\" \"3\"]]");
    SAYS("ZSCAN z 0 MATCH th* COUNT 100", "[\"0\" [\"three\" \"3\"]]");
    SAYS("ZSCAN none 17", "[\"0\" []]");
    SAYS("ZSCAN z x", "-ERR invalid cursor");
    SAYS("ZSCAN z 0 COUNT 0", SYNTAX);
}
END_TEST

/* ---- many ---- */

enum { MANY = 50000, PER_COMMAND = 500 };

/* Members 0 to MANY - 1, in an order of their own, each with its name for a score. */
static void put_pair(char word[TEST_WORD_SIZE], int i, int from)
{
    snprintf(word, TEST_WORD_SIZE, "%d", (int)((int64_t)(from + i / 2) * 27773 % MANY));
}

static void add_many(void)
{
    for (int from = 0; from < MANY; from += PER_COMMAND)
        SAME_TEXT(test_long_command(world->cache, "ZADD", "z", 2 * PER_COMMAND, put_pair, from),
                  test_format("%d", PER_COMMAND));
}

START_TEST(has_many_members)
{
    add_many();
    SAYS("ZCARD z", "50000");
    for (int i = 0; i < MANY; i += 499) {
        SAYS(test_format("ZRANK z %d", i), test_format("%d", i));
        SAYS(test_format("ZRANGE z %d %d", i, i), test_format("[\"%d\"]", i));
    }
    SAYS("ZREVRANK z 0", "49999");
    SAYS("ZCOUNT z 1000 (30000", "29000");
    SAYS("ZRANGE z (35000 +inf BYSCORE LIMIT 1000 2", "[\"36001\" \"36002\"]");
    SAYS("ZRANGE z +inf -inf BYSCORE REV LIMIT 49998 5", "[\"1\" \"0\"]");
    SAYS("ZREMRANGEBYRANK z 10 -11", "49980");
    SAYS("ZRANGE z 8 11", "[\"8\" \"9\" \"49990\" \"49991\"]");
    SAYS("ZPOPMAX z 20 EVER", SYNTAX);
    SAYS("ZUNIONSTORE y 2 z z", "20");
    SAYS("ZSCORE y 49999", "\"99998\"");
}
END_TEST

Suite *contract_command_zsets(void)
{
    Suite *suite = suite_create("command_zsets");
    TCase *tcase = test_case(suite, "command_zsets");

    tcase_add_test(tcase, keeps_members_in_order);
    tcase_add_test(tcase, members_are_bytes);
    tcase_add_test(tcase, scores_may_be_infinite);
    tcase_add_test(tcase, adds_on_conditions);
    tcase_add_test(tcase, refuses_to_add_what_is_wrong);
    tcase_add_test(tcase, shows_ranges_by_rank);
    tcase_add_test(tcase, shows_ranges_by_score);
    tcase_add_test(tcase, shows_ranges_by_member);
    tcase_add_test(tcase, removes_and_stores_ranges);
    tcase_add_test(tcase, pops_from_both_ends);
    tcase_add_test(tcase, picks_at_random);
    tcase_add_test(tcase, makes_sets_of_sets);
    tcase_add_test(tcase, refuses_to_make_what_is_wrong);
    tcase_add_test(tcase, refuses_other_types);
    tcase_add_test(tcase, steps_through_a_set);
    tcase_add_test(tcase, has_many_members);
    return suite;
}
