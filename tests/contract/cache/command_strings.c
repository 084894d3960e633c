/* contract/cache/command_strings.c: strings, parts of them, and numbers in them. */
#include "../contract.h"
#include "support/commands.h"

#include <inttypes.h>
#include <string.h>

#define NO_INT "-ERR value is not an integer or out of range"

START_TEST(are_set_and_got)
{
    SAYS("GET a", "nil");
    SAYS("SET a one", "OK");
    SAYS("GET a", "\"one\"");
    SAYS("SET a \"\"", "OK");
    SAYS("GET a", "\"\"");
    SAYS("SET a \"\\x00\\xff\\r\\n\"", "OK");
    SAYS("GET a", "\"\\x00\\xff\\x0d\\x0a\"");
    SAYS("STRLEN a", "4");
    SAYS("STRLEN b", "0");
    SAYS("GETSET a two", "\"\\x00\\xff\\x0d\\x0a\"");
    SAYS("GETSET b three", "nil");
    SAYS("GETDEL a", "\"two\"");
    SAYS("GETDEL a", "nil");
    SAYS("GET", "-ERR wrong number of arguments for 'get' command");
    SAYS("SET a", "-ERR wrong number of arguments for 'set' command");
}
END_TEST

START_TEST(are_set_on_a_condition)
{
    SAYS("SET a 1 XX", "nil");
    SAYS("SET a 1 NX", "OK");
    SAYS("SET a 2 nx", "nil");
    SAYS("SET a 3 xx", "OK");
    SAYS("SET a 4 NX GET", "\"3\"");
    SAYS("SET a 5 XX GET", "\"3\"");
    SAYS("SET b 6 GET", "nil");
    SAYS("SET b 7 GET", "\"6\"");
    SAYS("SET c 8 XX GET", "nil");
    SAYS("MGET a b c", "[\"5\" \"7\" nil]");
    SAYS("SETNX a 9", "0");
    SAYS("SETNX c 9", "1");
    SAYS("SET a 1 NX XX", "-ERR syntax error");
}
END_TEST

START_TEST(are_set_for_a_time)
{
    SAYS("SET a 1 EX 10", "OK");
    SAYS("PTTL a", "10000");
    SAYS("SET a 1 PX 15", "OK");
    SAYS("PTTL a", "15");
    SAYS(test_format("SET a 1 EXAT %" PRId64, TEST_NOON / 1000 + 3), "OK");
    SAYS("PTTL a", "3000");
    SAYS(test_format("SET a 1 pxat %" PRId64, TEST_NOON + 3), "OK");
    SAYS("PTTL a", "3");
    SAYS("SET a 2 KEEPTTL", "OK");
    SAYS("PTTL a", "3");
    SAYS("SET a 2", "OK");
    SAYS("PTTL a", "-1");
    SAYS("SETEX a 7 x", "OK");
    SAYS("TTL a", "7");
    SAYS("PSETEX a 700 x", "OK");
    SAYS("PTTL a", "700");
    SAYS("GETSET a y", "\"x\"");
    SAYS("PTTL a", "-1");
    SAYS("SET a 1 EXAT 1", "OK");
    SAYS("GET a", "nil");
}
END_TEST

START_TEST(take_no_time_that_cannot_be)
{
    SAYS("SET a 1", "OK");
    SAYS("SET a 2 EX 0", "-ERR invalid expire time in 'set' command");
    SAYS("SET a 2 PX -1", "-ERR invalid expire time in 'set' command");
    SAYS("SET a 2 EX 9223372036854775807", "-ERR invalid expire time in 'set' command");
    SAYS("SET a 2 PX 9223372036854775807", "-ERR invalid expire time in 'set' command");
    SAYS("SET a 2 EX ten", NO_INT);
    SAYS("SET a 2 EX", "-ERR syntax error");
    SAYS("SET a 2 EX 10 PX 10", "-ERR syntax error");
    SAYS("SET a 2 EX 10 KEEPTTL", "-ERR syntax error");
    SAYS("SET a 2 PERSIST", "-ERR syntax error");
    SAYS("SET a 2 SOMETIMES", "-ERR syntax error");
    SAYS("SETEX a 0 2", "-ERR invalid expire time in 'setex' command");
    SAYS("PSETEX a -5 2", "-ERR invalid expire time in 'psetex' command");
    SAYS("GETEX a EX 0", "-ERR invalid expire time in 'getex' command");
    SAYS("GET a", "\"1\"");
    SAYS("TTL a", "-1");
}
END_TEST

START_TEST(get_another_end_when_got)
{
    SAYS("GETEX a EX 10", "nil");
    SAYS("SET a 1", "OK");
    SAYS("GETEX a", "\"1\"");
    SAYS("GETEX a EX 10", "\"1\"");
    SAYS("TTL a", "10");
    SAYS("GETEX a", "\"1\"");
    SAYS("TTL a", "10");
    SAYS("GETEX a PERSIST", "\"1\"");
    SAYS("TTL a", "-1");
    SAYS("GETEX a PERSIST EX 10", "-ERR syntax error");
    SAYS("GETEX a NX", "-ERR syntax error");
    SAYS("GETEX a PXAT 1", "\"1\"");
    SAYS("EXISTS a", "0");
}
END_TEST

START_TEST(are_set_several_at_once)
{
    SAYS("SET a 0 EX 10", "OK");
    SAYS("MSET a 1 b 2 a 3", "OK");
    SAYS("MGET a missing b a", "[\"3\" nil \"2\" \"3\"]");
    SAYS("TTL a", "-1");
    SAYS("MSETNX c 1 a 2", "0");
    SAYS("EXISTS c", "0");
    SAYS("MSETNX c 1 d 2", "1");
    SAYS("MGET c d", "[\"1\" \"2\"]");
    SAYS("MSET a 1 b", "-ERR wrong number of arguments for 'mset' command");
    SAYS("MSETNX a 1 b", "-ERR wrong number of arguments for 'msetnx' command");
    SAYS("MGET", "-ERR wrong number of arguments for 'mget' command");
}
END_TEST

START_TEST(are_counted_with)
{
    SAYS("INCR a", "1");
    SAYS("INCRBY a 41", "42");
    SAYS("DECR a", "41");
    SAYS("DECRBY a 50", "-9");
    SAYS("GET a", "\"-9\"");
    SAYS("SET a 9223372036854775806 EX 10", "OK");
    SAYS("INCR a", "9223372036854775807");
    SAYS("TTL a", "10");
    SAYS("INCR a", "-ERR increment or decrement would overflow");
    SAYS("SET a -9223372036854775808", "OK");
    SAYS("DECR a", "-ERR increment or decrement would overflow");
    SAYS("DECRBY a -9223372036854775808", "-ERR decrement would overflow");
    SAYS("INCRBY a 9223372036854775808", NO_INT);
    SAYS("INCRBY a 1.0", NO_INT);
    SAYS("INCRBY a +1", NO_INT);
    SAYS("GET a", "\"-9223372036854775808\"");
}
END_TEST

START_TEST(are_no_numbers_by_half)
{
    static const char *const words[] = {
        "abc", "\"\"", "\" 1\"", "\"1 \"", "01", "-0", "+1", "1.0", "9223372036854775808"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        SAYS(test_format("SET a %s", words[i]), "OK");
        SAYS("INCR a", NO_INT);
    }
}
END_TEST

START_TEST(are_counted_with_fractions)
{
    SAYS("INCRBYFLOAT a 0.1", "\"0.1\"");
    SAYS("INCRBYFLOAT a 0.2", "\"0.3\"");
    SAYS("INCRBYFLOAT a -0.3", "\"0\"");
    SAYS("SET a 5.0e3 EX 10", "OK");
    SAYS("INCRBYFLOAT a 200", "\"5200\"");
    SAYS("TTL a", "10");
    SAYS("SET a 10.50", "OK");
    SAYS("INCRBYFLOAT a 0.1", "\"10.6\"");
    SAYS("INCRBYFLOAT a -5", "\"5.6\"");
    SAYS("INCRBYFLOAT a abc", "-ERR value is not a valid float");
    SAYS("INCRBYFLOAT a nan", "-ERR value is not a valid float");
    SAYS("INCRBYFLOAT a \"\"", "-ERR value is not a valid float");
    SAYS("INCRBYFLOAT a inf", "-ERR increment would produce NaN or Infinity");
    SAYS("SET a word", "OK");
    SAYS("INCRBYFLOAT a 1", "-ERR value is not a valid float");
    SAYS("SET a 1e300", "OK");
    ck_assert_uint_eq(strlen(test_command(world->cache, "INCRBYFLOAT a 1e300")), 303);
    ck_assert_uint_eq(strlen(test_command(world->cache, "INCRBYFLOAT a 1")), 303);
}
END_TEST

START_TEST(are_cut_and_joined)
{
    SAYS("APPEND a Hello", "5");
    SAYS("APPEND a \" World\"", "11");
    SAYS("APPEND a \"\"", "11");
    SAYS("GETRANGE a 0 4", "\"Hello\"");
    SAYS("SUBSTR a -5 -1", "\"World\"");
    SAYS("GETRANGE a 0 -1", "\"Hello World\"");
    SAYS("GETRANGE a 6 1000", "\"World\"");
    SAYS("GETRANGE a 5 2", "\"\"");
    SAYS("GETRANGE a -1 -5", "\"\"");
    SAYS("GETRANGE a -1000 -1000", "\"H\"");
    SAYS("GETRANGE a 20 30", "\"\"");
    SAYS("GETRANGE a -9223372036854775808 9223372036854775807", "\"Hello World\"");
    SAYS("GETRANGE missing 0 -1", "\"\"");
    SAYS("GETRANGE a x 1", NO_INT);
    SAYS("EXPIRE a 10", "1");
    SAYS("SETRANGE a 6 Redis", "11");
    SAYS("GET a", "\"Hello Redis\"");
    SAYS("TTL a", "10");
    SAYS("SETRANGE b 3 x", "4");
    SAYS("GET b", "\"\\x00\\x00\\x00x\"");
    SAYS("SETRANGE c 5 \"\"", "0");
    SAYS("EXISTS c", "0");
    SAYS("SETRANGE b 100 \"\"", "4");
    SAYS("SETRANGE b -1 x", "-ERR offset is out of range");
    SAYS("SETRANGE b 536870912 x", "-ERR string exceeds maximum allowed size (proto-max-bulk-len)");
    SAYS("SETRANGE b x x", NO_INT);
}
END_TEST

START_TEST(have_something_in_common)
{
    SAYS("MSET a ohmytext b mynewtext", "OK");
    SAYS("LCS a b", "\"mytext\"");
    SAYS("LCS a b LEN", "6");
    SAYS("LCS a b IDX", "[\"matches\" [[[4 7] [5 8]] [[2 3] [0 1]]] \"len\" 6]");
    SAYS("LCS a b IDX MINMATCHLEN 4 WITHMATCHLEN", "[\"matches\" [[[4 7] [5 8] 4]] \"len\" 6]");
    SAYS("LCS a missing", "\"\"");
    SAYS("LCS a missing IDX", "[\"matches\" [] \"len\" 0]");
    SAYS("LCS a b IDX LEN", "-ERR If you want both the length and indexes, please just use IDX.");
    SAYS("LCS a b MINMATCHLEN", "-ERR syntax error");
    SAYS("LCS a b MINMATCHLEN x", NO_INT);
}
END_TEST

START_TEST(are_no_lists)
{
    static const char *const lines[] = {
        "GET l",         "SET l a GET",    "SET l a NX GET",    "GETSET l a", "GETDEL l",
        "GETEX l",       "GETEX l EX 0",   "STRLEN l",          "APPEND l a", "GETRANGE l 0 -1",
        "SUBSTR l 0 -1", "SETRANGE l 0 a", "SETRANGE l 0 \"\"", "INCR l",     "DECR l",
        "INCRBY l 1",    "DECRBY l 1",     "INCRBYFLOAT l abc",
    };

    SAYS("RPUSH l a", "1");
    SAYS("SET s text", "OK");
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        SAYS(lines[i], "-WRONGTYPE Operation against a key holding the wrong kind of value");
    SAYS("LRANGE l 0 -1", "[\"a\"]");
    SAYS("GET s", "\"text\"");
    SAYS("MGET l s", "[nil \"text\"]");
    SAYS("LCS s l", "-ERR The specified keys must contain string values");
    SAYS("SETNX l a", "0");
    SAYS("MSETNX m 1 l 2", "0");
    SAYS("DBSIZE", "2");
    SAYS("SET l a", "OK");
    SAYS("TYPE l", "string");
}
END_TEST

Suite *contract_command_strings(void)
{
    Suite *suite = suite_create("command_strings");
    TCase *tcase = test_case(suite, "command_strings");

    tcase_add_test(tcase, are_set_and_got);
    tcase_add_test(tcase, are_set_on_a_condition);
    tcase_add_test(tcase, are_set_for_a_time);
    tcase_add_test(tcase, take_no_time_that_cannot_be);
    tcase_add_test(tcase, get_another_end_when_got);
    tcase_add_test(tcase, are_set_several_at_once);
    tcase_add_test(tcase, are_counted_with);
    tcase_add_test(tcase, are_no_numbers_by_half);
    tcase_add_test(tcase, are_counted_with_fractions);
    tcase_add_test(tcase, are_cut_and_joined);
    tcase_add_test(tcase, have_something_in_common);
    tcase_add_test(tcase, are_no_lists);
    return suite;
}
