/* contract/cache/command_hyperloglog.c: how many different things were seen, about. */
#include "../contract.h"
#include "support/commands.h"

#include <math.h>
#include <stdlib.h>

#define NO_SKETCH "-WRONGTYPE Key is not a valid HyperLogLog string value."

/* Adds the things of these numbers. */
static void add_things(const char *key, int from, int to)
{
    while (from < to) {
        const char *line = test_format("PFADD %s", key);

        for (int i = 0; i < 200 && from < to; i++, from++)
            line = test_format("%s thing%d", line, from);
        (void)test_command(world->cache, line);
        test_keep_free();
    }
}

static long number(const char *line)
{
    return strtol(test_command(world->cache, line), NULL, 10);
}

START_TEST(counts_a_few_exactly)
{
    SAYS("PFADD a one two three", "1");
    SAYS("PFADD a two three", "0");
    SAYS("PFADD a four", "1");
    SAYS("PFCOUNT a", "4");
    SAYS("PFADD b four five \"\" \"\\x00\"", "1");
    SAYS("PFCOUNT b", "4");
    SAYS("PFCOUNT a b missing", "7");
    SAYS("PFCOUNT missing", "0");
    SAYS("PFADD c", "1");
    SAYS("PFADD c", "0");
    SAYS("PFCOUNT c", "0");
    SAYS("TYPE a", "string");
    SAYS("PFADD", "-ERR wrong number of arguments for 'pfadd' command");
}
END_TEST

START_TEST(merges)
{
    SAYS("PFADD a one two", "1");
    SAYS("PFADD b two three", "1");
    SAYS("PFADD to four", "1");
    SAYS("EXPIRE to 10", "1");
    SAYS("PFMERGE to a b missing", "OK");
    SAYS("PFCOUNT to", "4");
    SAYS("TTL to", "10");
    SAYS("PFMERGE empty", "OK");
    SAYS("PFCOUNT empty", "0");
    SAYS("EXISTS empty", "1");
    SAYS("COPY to copy", "1");
    SAYS("PFADD copy four", "0");
    SAYS("PFCOUNT copy", "4");
}
END_TEST

START_TEST(is_no_other_string)
{
    SAYS("SET a words", "OK");
    SAYS("SET b \"HYLL\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\"", "OK");
    SAYS("PFADD a one", NO_SKETCH);
    SAYS("PFCOUNT a", NO_SKETCH);
    SAYS("PFCOUNT b", NO_SKETCH);
    SAYS("PFMERGE to b", NO_SKETCH);
    SAYS("PFMERGE a", NO_SKETCH);
    SAYS("EXISTS to", "0");
    SAYS("GET a", "\"words\"");
}
END_TEST

/* 0.81 % is the standard error; these things stay within three of it, however many they are. */
START_TEST(counts_many_about_right)
{
    int before = 0;

    for (int count = 100; count <= 100000; count *= 10) {
        add_things("a", before, count);
        before = count;
        ck_assert_double_lt(fabs((double)number("PFCOUNT a") / count - 1), 3 * 0.0081);
    }
    add_things("b", 50000, 150000);
    ck_assert_double_lt(fabs((double)number("PFCOUNT a b") / 150000 - 1), 3 * 0.0081);
    SAYS("PFCOUNT a", "99164"); /* as Redis counts them */
    SAYS("PFCOUNT a b", "148719");
    ck_assert_int_lt(number("STRLEN a"), 12400);
}
END_TEST

START_TEST(is_no_list)
{
    static const char *const lines[] = {
        "PFADD l a", "PFCOUNT l", "PFCOUNT missing l", "PFMERGE l", "PFMERGE to l",
    };

    SAYS("RPUSH l a", "1");
    SAYS("SET s text", "OK");
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        SAYS(lines[i], "-WRONGTYPE Operation against a key holding the wrong kind of value");
    SAYS("LRANGE l 0 -1", "[\"a\"]");
    SAYS("GET s", "\"text\"");
    SAYS("DBSIZE", "2");
}
END_TEST

Suite *contract_command_hyperloglog(void)
{
    Suite *suite = suite_create("command_hyperloglog");
    TCase *tcase = test_case(suite, "command_hyperloglog");

    tcase_add_test(tcase, counts_a_few_exactly);
    tcase_add_test(tcase, merges);
    tcase_add_test(tcase, is_no_other_string);
    tcase_add_test(tcase, counts_many_about_right);
    tcase_add_test(tcase, is_no_list);
    return suite;
}
