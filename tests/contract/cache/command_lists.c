/* contract/cache/command_lists.c: commands about lists. */
#include "../contract.h"
#include "support/commands.h"

#include <stdio.h>

#define NO_TYPE "-WRONGTYPE Operation against a key holding the wrong kind of value"
#define NO_INT  "-ERR value is not an integer or out of range"

START_TEST(takes_at_both_ends)
{
    SAYS("RPUSH l a b c", "3");
    SAYS("LPUSH l d e", "5");
    SAYS("LRANGE l 0 -1", "[\"e\" \"d\" \"a\" \"b\" \"c\"]");
    SAYS("LLEN l", "5");
    SAYS("LPOP l", "\"e\"");
    SAYS("RPOP l", "\"c\"");
    SAYS("RPOP l 2", "[\"b\" \"a\"]");
    SAYS("LPOP l 9", "[\"d\"]");
    SAYS("LLEN l", "0");
    SAYS("LPOP l", "nil");
    SAYS("LPOP l 2", "nil");
    SAYS("DBSIZE", "0");
    SAYS("LPUSHX l a", "0");
    SAYS("RPUSHX l a", "0");
    SAYS("RPUSH l a", "1");
    SAYS("LPUSHX l b c", "3");
    SAYS("RPUSHX l d", "4");
    SAYS("LRANGE l 0 -1", "[\"c\" \"b\" \"a\" \"d\"]");
    SAYS("LPOP l 0", "[]");
    SAYS("LPOP l -1", "-ERR value is out of range, must be positive");
    SAYS("LPOP l x", "-ERR value is out of range, must be positive");
    SAYS("LPOP l 1 2", "-ERR wrong number of arguments for 'lpop' command");
    SAYS("LPUSH l", "-ERR wrong number of arguments for 'lpush' command");
}
END_TEST

START_TEST(holds_any_bytes)
{
    SAYS("RPUSH l \"\" \"\\x00\" \"a\\x00b\" \"\\xff\"", "4");
    SAYS("LRANGE l 0 -1", "[\"\" \"\\x00\" \"a\\x00b\" \"\\xff\"]");
    SAYS("LPOS l \"a\\x00b\"", "2");
    SAYS("LPOS l \"a\\x00c\"", "nil");
    SAYS("LREM l 0 \"\"", "1");
    SAYS("LINDEX l 0", "\"\\x00\"");
}
END_TEST

START_TEST(shows_ranges)
{
    SAYS("RPUSH l 0 1 2 3 4", "5");
    SAYS("LRANGE l 1 3", "[\"1\" \"2\" \"3\"]");
    SAYS("LRANGE l -2 99", "[\"3\" \"4\"]");
    SAYS("LRANGE l -99 0", "[\"0\"]");
    SAYS("LRANGE l 3 1", "[]");
    SAYS("LRANGE l 5 9", "[]");
    SAYS("LRANGE l -9223372036854775808 9223372036854775807", "[\"0\" \"1\" \"2\" \"3\" \"4\"]");
    SAYS("LRANGE l 9223372036854775807 -9223372036854775808", "[]");
    SAYS("LRANGE none 0 -1", "[]");
    SAYS("LRANGE none 0 x", NO_INT);
    SAYS("LINDEX l 1", "\"1\"");
    SAYS("LINDEX l -1", "\"4\"");
    SAYS("LINDEX l 5", "nil");
    SAYS("LINDEX l -6", "nil");
    SAYS("LINDEX l -9223372036854775808", "nil");
    SAYS("LINDEX l x", NO_INT);
    SAYS("LINDEX none x", "nil");
}
END_TEST

START_TEST(sets_and_inserts)
{
    SAYS("LSET l 0 a", "-ERR no such key");
    SAYS("LINSERT l BEFORE a b", "0");
    SAYS("RPUSH l a b c", "3");
    SAYS("LSET l 1 B", "OK");
    SAYS("LSET l -1 C", "OK");
    SAYS("LSET l 3 d", "-ERR index out of range");
    SAYS("LSET l -4 d", "-ERR index out of range");
    SAYS("LSET l x d", NO_INT);
    SAYS("LINSERT l before B 1", "4");
    SAYS("LINSERT l AFTER C 2", "5");
    SAYS("LINSERT l BEFORE a 3", "6");
    SAYS("LINSERT l BEFORE none 3", "-1");
    SAYS("LINSERT l AT a 3", "-ERR syntax error");
    SAYS("LRANGE l 0 -1", "[\"3\" \"a\" \"1\" \"B\" \"C\" \"2\"]");
}
END_TEST

START_TEST(removes_and_trims)
{
    SAYS("LREM l 0 a", "0");
    SAYS("RPUSH l a b a c a d a", "7");
    SAYS("LREM l x a", NO_INT);
    SAYS("LREM l 1 a", "1");
    SAYS("LREM l -2 a", "2");
    SAYS("LRANGE l 0 -1", "[\"b\" \"a\" \"c\" \"d\"]");
    SAYS("LREM l -9223372036854775808 a", "1");
    SAYS("LREM l 0 none", "0");
    SAYS("RPUSH l e f", "5");
    SAYS("LTRIM l 1 -2", "OK");
    SAYS("LRANGE l 0 -1", "[\"c\" \"d\" \"e\"]");
    SAYS("LTRIM l -99 99", "OK");
    SAYS("LTRIM l 0 x", NO_INT);
    SAYS("LLEN l", "3");
    SAYS("LTRIM l 5 9", "OK");
    SAYS("DBSIZE", "0");
    SAYS("LTRIM none 0 1", "OK");
    SAYS("RPUSH l a a", "2");
    SAYS("LREM l 0 a", "2");
    SAYS("DBSIZE", "0");
}
END_TEST

START_TEST(finds_places)
{
    SAYS("RPUSH l a b a c a", "5");
    SAYS("LPOS l a", "0");
    SAYS("LPOS l none", "nil");
    SAYS("LPOS none a", "nil");
    SAYS("LPOS none a COUNT 0", "[]");
    SAYS("LPOS l none COUNT 0", "[]");
    SAYS("LPOS l a RANK 2", "2");
    SAYS("LPOS l a RANK -1", "4");
    SAYS("LPOS l a RANK -2 COUNT 2", "[2 0]");
    SAYS("LPOS l a COUNT 0", "[0 2 4]");
    SAYS("LPOS l a COUNT 2 RANK 2", "[2 4]");
    SAYS("LPOS l a COUNT 0 MAXLEN 3", "[0 2]");
    SAYS("LPOS l a COUNT 0 MAXLEN 3 RANK -1", "[4 2]");
    SAYS("LPOS l c MAXLEN 3", "nil");
    SAYS("LPOS l a RANK 0",
         "-ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use "
         "negative to start from the end of the list");
    SAYS("LPOS l a RANK x", NO_INT);
    SAYS("LPOS l a COUNT -1", "-ERR COUNT can't be negative");
    SAYS("LPOS l a COUNT x", "-ERR COUNT can't be negative");
    SAYS("LPOS l a MAXLEN -1", "-ERR MAXLEN can't be negative");
    SAYS("LPOS l a FIRST 1", "-ERR syntax error");
    SAYS("LPOS l a RANK", "-ERR syntax error");
}
END_TEST

START_TEST(moves_between_lists)
{
    SAYS("LMOVE l k LEFT LEFT", "nil");
    SAYS("RPUSH l a b c", "3");
    SAYS("LMOVE l k LEFT RIGHT", "\"a\"");
    SAYS("LMOVE l k RIGHT LEFT", "\"c\"");
    SAYS("LRANGE k 0 -1", "[\"c\" \"a\"]");
    SAYS("RPOPLPUSH l k", "\"b\"");
    SAYS("LRANGE k 0 -1", "[\"b\" \"c\" \"a\"]");
    SAYS("DBSIZE", "1");
    SAYS("LMOVE k k LEFT RIGHT", "\"b\"");
    SAYS("LMOVE k k LEFT LEFT", "\"c\"");
    SAYS("LMOVE k k RIGHT RIGHT", "\"b\"");
    SAYS("LRANGE k 0 -1", "[\"c\" \"a\" \"b\"]");
    SAYS("RPOPLPUSH k k", "\"b\"");
    SAYS("LRANGE k 0 -1", "[\"b\" \"c\" \"a\"]");
    SAYS("LMOVE k l LEFT UP", "-ERR syntax error");
    SAYS("LMOVE k l DOWN LEFT", "-ERR syntax error");
    SAYS("LMOVE k l LEFT", "-ERR wrong number of arguments for 'lmove' command");
}
END_TEST

START_TEST(pops_from_the_first_of_several)
{
    SAYS("LMPOP 2 k l LEFT", "nil");
    SAYS("RPUSH l a b c d", "4");
    SAYS("LMPOP 2 k l LEFT", "[\"l\" [\"a\"]]");
    SAYS("LMPOP 2 k l RIGHT COUNT 2", "[\"l\" [\"d\" \"c\"]]");
    SAYS("LMPOP 1 l LEFT COUNT 9", "[\"l\" [\"b\"]]");
    SAYS("DBSIZE", "0");
    SAYS("LMPOP 0 l LEFT", "-ERR numkeys should be greater than 0");
    SAYS("LMPOP x l LEFT", "-ERR numkeys should be greater than 0");
    SAYS("LMPOP 2 l LEFT", "-ERR syntax error");
    SAYS("LMPOP 9223372036854775807 l LEFT", "-ERR syntax error");
    SAYS("LMPOP 1 l UP", "-ERR syntax error");
    SAYS("LMPOP 1 l LEFT COUNT", "-ERR syntax error");
    SAYS("LMPOP 1 l LEFT COUNT 1 COUNT 1", "-ERR syntax error");
    SAYS("LMPOP 1 l LEFT COUNT 0", "-ERR count should be greater than 0");
}
END_TEST

START_TEST(lists_are_lists)
{
    SAYS("HSET s a 1", "1");
    SAYS("RPUSH l a", "1");
    SAYS("TYPE l", "list");
    SAYS("RPUSH s a", NO_TYPE);
    SAYS("LPUSHX s a", NO_TYPE);
    SAYS("LPOP s", NO_TYPE);
    SAYS("LPOP s 0", NO_TYPE);
    SAYS("LLEN s", NO_TYPE);
    SAYS("LINDEX s x", NO_TYPE);
    SAYS("LRANGE s 0 1", NO_TYPE);
    SAYS("LSET s x a", NO_TYPE);
    SAYS("LINSERT s BEFORE a b", NO_TYPE);
    SAYS("LREM s 0 a", NO_TYPE);
    SAYS("LTRIM s 0 1", NO_TYPE);
    SAYS("LPOS s a", NO_TYPE);
    SAYS("LMOVE s l LEFT LEFT", NO_TYPE);
    SAYS("LMOVE l s LEFT LEFT", NO_TYPE);
    SAYS("LMPOP 2 s l LEFT", NO_TYPE);
    SAYS("LRANGE l 0 -1", "[\"a\"]");
}
END_TEST

START_TEST(a_copy_is_its_own)
{
    SAYS("RPUSH l a b \"\"", "3");
    SAYS("COPY l k", "1");
    SAYS("RPUSH k d", "4");
    SAYS("LSET k 0 A", "OK");
    SAYS("LRANGE l 0 -1", "[\"a\" \"b\" \"\"]");
    SAYS("LRANGE k 0 -1", "[\"A\" \"b\" \"\" \"d\"]");
    SAYS("RENAME k l", "OK");
    SAYS("LLEN l", "4");
}
END_TEST

/* A hundred thousand, by a thousand at a time, with what is at the ends and between. */
START_TEST(holds_many)
{
    static char names[1000][8];
    tripsage_cache_argument line[1002] = {{"RPUSH", 5}, {"l", 1}};
    tripsage_cache_reply *reply;

    for (int round = 0; round < 100; round++) {
        for (int i = 0; i < 1000; i++) {
            int size = snprintf(names[i], sizeof names[i], "%d", round * 1000 + i);

            line[i + 2] = (tripsage_cache_argument){names[i], (size_t)size};
        }
        OK(tripsage_cache_command(&reply, world->cache, line, 1002));
        ck_assert_int_eq(reply->integer, (round + 1) * 1000);
        tripsage_cache_reply_free(reply);
    }
    SAYS("LINDEX l 70000", "\"70000\"");
    SAYS("LINSERT l AFTER 70000 new", "100001");
    SAYS("LINSERT l BEFORE 3 new", "100002");
    SAYS("LPOS l new COUNT 0", "[3 70002]");
    SAYS("LREM l -1 new", "1");
    SAYS("LRANGE l 69999 70002", "[\"69998\" \"69999\" \"70000\" \"70001\"]");
    SAYS("LTRIM l 50001 -40001", "OK");
    SAYS("LLEN l", "10000");
    SAYS("LINDEX l 0", "\"50000\"");
    SAYS("LPOP l 2", "[\"50000\" \"50001\"]");
    SAYS("LLEN l", "9998");
}
END_TEST

Suite *contract_command_lists(void)
{
    Suite *suite = suite_create("command_lists");
    TCase *tcase = test_case(suite, "command_lists");

    tcase_add_test(tcase, takes_at_both_ends);
    tcase_add_test(tcase, holds_any_bytes);
    tcase_add_test(tcase, shows_ranges);
    tcase_add_test(tcase, sets_and_inserts);
    tcase_add_test(tcase, removes_and_trims);
    tcase_add_test(tcase, finds_places);
    tcase_add_test(tcase, moves_between_lists);
    tcase_add_test(tcase, pops_from_the_first_of_several);
    tcase_add_test(tcase, lists_are_lists);
    tcase_add_test(tcase, a_copy_is_its_own);
    tcase_add_test(tcase, holds_many);
    return suite;
}
