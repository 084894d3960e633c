/* duration_test.c: durations as Go reads them. */
#include "auth/admin.h"

#include "../suite.h"

static const struct {
    const char *text;
    int64_t ms;
} good[] = {
    {"0", 0},
    {"24h", 86400000},
    {"1h30m", 5400000},
    {"1.5h", 5400000},
    {"-1.5s", -1500},
    {"+3s", 3000},
    {".5s", 500},
    {"1.s", 1000},
    {"1000000us", 1000},
    {"2\xc2\xb5s", 0},
    {"1500000ns", 1},
    {"2540400h", INT64_C(9145440000000)},
    {"100ms100ms", 200},
    {"0h", 0},
    {"-0", 0},
};

static const struct {
    const char *text, *complaint;
} bad[] = {
    {"", "time: invalid duration \"\""},
    {"soon", "time: invalid duration \"soon\""},
    {"24", "time: missing unit in duration \"24\""},
    {"1h24", "time: missing unit in duration \"1h24\""},
    {"7d", "time: unknown unit \"d\" in duration \"7d\""},
    {"1h 5m", "time: unknown unit \"h \" in duration \"1h 5m\""},
    {"-", "time: invalid duration \"-\""},
    {".s", "time: invalid duration \".s\""},
    {"2562048h", "time: invalid duration \"2562048h\""},
    {"9223372036854775808ns", "time: invalid duration \"9223372036854775808ns\""},
    {"99999999999999999999999h", "time: invalid duration \"99999999999999999999999h\""},
    {"2562047h2562047h", "time: invalid duration \"2562047h2562047h\""},
};

START_TEST(reads_what_go_reads)
{
    char complaint[TRIPSAGE__DURATION_COMPLAINT_SIZE];
    int64_t ms;

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        ck_assert_msg(tripsage__duration_parse(&ms, complaint, good[i].text), "%s: %s", good[i].text, complaint);
        ck_assert_msg(ms == good[i].ms, "%s: %lld", good[i].text, (long long)ms);
    }
}
END_TEST

START_TEST(complains_in_gos_words)
{
    char complaint[TRIPSAGE__DURATION_COMPLAINT_SIZE];
    int64_t ms;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_assert_msg(!tripsage__duration_parse(&ms, complaint, bad[i].text), "%s: %lld", bad[i].text, (long long)ms);
        ck_assert_str_eq(complaint, bad[i].complaint);
    }
}
END_TEST

/* A long one is cut, and not through a character. */
START_TEST(complaints_stay_text)
{
    char complaint[TRIPSAGE__DURATION_COMPLAINT_SIZE], text[400] = "1";
    int64_t ms;

    for (size_t i = 1; i + 2 < sizeof text; i += 2)
        memcpy(text + i, "\xc3\xa9", 3);
    ck_assert(!tripsage__duration_parse(&ms, complaint, text));
    ck_assert(tripsage__utf8_valid(complaint, strlen(complaint)));
    ck_assert_ptr_nonnull(strstr(complaint, "in duration"));
}
END_TEST

START_TEST(a_ban_has_an_end)
{
    char complaint[TRIPSAGE__DURATION_COMPLAINT_SIZE];
    int64_t until = 7;

    ck_assert(tripsage__ban_parse(&until, complaint, "none", 1000));
    ck_assert_int_eq(until, 0);
    ck_assert(tripsage__ban_parse(&until, complaint, "2s", 1000));
    ck_assert_int_eq(until, 3000);
    ck_assert(tripsage__ban_parse(&until, complaint, "-1s", 1000));
    ck_assert_int_eq(until, 1); /* one that is over, not none */
}
END_TEST

SUITE_MAIN("auth/duration", reads_what_go_reads, complains_in_gos_words, complaints_stay_text, a_ban_has_an_end)
