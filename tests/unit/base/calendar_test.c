/* calendar_test.c: civil days and the texts of dates, times and instants. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"

START_TEST(days_count_from_1970)
{
    static const struct {
        int year, month, day;
        int32_t days;
    } known[] = {
        {1970, 1, 1, 0},      {1969, 12, 31, -1},    {2000, 2, 29, 11016},    {2000, 3, 1, 11017},
        {1900, 1, 1, -25567}, {2026, 11, 2, 20759},  {0, 1, 1, -719528},      {0, 3, 1, -719468},
        {1, 1, 1, -719162},   {-1, 12, 31, -719529}, {9999, 12, 31, 2932896}, {2200, 12, 31, 84370},
    };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        int year, month, day;

        ck_assert_int_eq(tripsage__days_from_civil(known[i].year, known[i].month, known[i].day), known[i].days);
        tripsage__civil_from_days(known[i].days, &year, &month, &day);
        ck_assert_int_eq(year, known[i].year);
        ck_assert_int_eq(month, known[i].month);
        ck_assert_int_eq(day, known[i].day);
    }
}
END_TEST

/* Every day of 3,000 years follows the one before it. */
START_TEST(days_follow_one_another)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year = -401, month = 1, day = 1;
    int32_t days = tripsage__days_from_civil(year, month, day);

    while (year < 2600) {
        int y, m, d;
        int leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

        tripsage__civil_from_days(days, &y, &m, &d);
        /* plainly, not with ck_assert, which writes to a pipe each time */
        if (y != year || m != month || d != day || tripsage__days_from_civil(year, month, day) != days)
            ck_abort_msg("day %d is %d-%d-%d, not %d-%d-%d", days, y, m, d, year, month, day);
        days++;
        if (++day > lengths[month - 1] + (month == 2 && leap)) {
            day = 1;
            if (++month > 12) {
                month = 1;
                year++;
            }
        }
    }
}
END_TEST

START_TEST(dates_are_read_exactly)
{
    static const char *const bad[] = {
        "",
        "2026",
        "2026-11",
        "2026-11-",
        "2026-11-0",
        "2026-11-002",
        "2026-11-02 ",
        " 2026-11-2",
        "2026/11/02",
        "2026-13-01",
        "2026-00-01",
        "2026-01-00",
        "2026-01-32",
        "2026-02-29",
        "1900-02-29",
        "2026-04-31",
        "1899-12-31",
        "2201-01-01",
        "+026-11-02",
        "2026-1a-02",
        "20261102",
        "2026-11-02T00:00",
        "-2026-11-2",
        "0000-00-00",
    };
    int32_t days = 77;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!tripsage__date_parse(bad[i], &days), "'%s' is read", bad[i]);
    ck_assert(!tripsage__date_parse(NULL, &days));
    ck_assert_int_eq(days, 77); /* a refusal writes nothing */
    ck_assert(tripsage__date_parse("2024-02-29", &days));
    ck_assert_int_eq(days, tripsage__days_from_civil(2024, 2, 29));
    ck_assert(tripsage__date_parse("1900-01-01", &days));
    ck_assert(tripsage__date_parse("2200-12-31", &days));
}
END_TEST

START_TEST(dates_round_trip)
{
    for (int32_t days = -25567; days <= 84370; days++) {
        char text[TRIPSAGE__DATE_SIZE];
        int32_t back;

        tripsage__date_format(days, text);
        if (!tripsage__date_parse(text, &back) || back != days)
            ck_abort_msg("day %d is written as %s", days, text);
    }
}
END_TEST

START_TEST(dates_out_of_reach_are_clamped)
{
    char text[TRIPSAGE__DATE_SIZE];

    tripsage__date_format(INT32_MAX, text);
    ck_assert_str_eq(text, "9999-12-31");
    tripsage__date_format(INT32_MIN, text);
    ck_assert_str_eq(text, "0000-01-01");
}
END_TEST

START_TEST(times_are_read_exactly)
{
    static const char *const bad[] = {"",       "9:30",   "09:3",     "24:00", "09:60", "09-30",
                                      "09:30 ", " 09:30", "09:30:00", "-1:00", "0930"};
    int minutes = 77;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!tripsage__time_parse(bad[i], &minutes), "'%s' is read", bad[i]);
    ck_assert(!tripsage__time_parse(NULL, &minutes));
    ck_assert_int_eq(minutes, 77);
    for (int expected = 0; expected < 24 * 60; expected++) {
        char text[TRIPSAGE__TIME_SIZE];

        tripsage__time_format(expected, text);
        ck_assert(tripsage__time_parse(text, &minutes));
        ck_assert_int_eq(minutes, expected);
    }
}
END_TEST

/* The examples of RFC 3339, 5.8, and the bounds. */
START_TEST(instants_are_read)
{
    static const struct {
        const char *text;
        const char *utc;
    } known[] = {
        {"1985-04-12T23:20:50.52Z", "1985-04-12T23:20:50.520Z"},
        {"1996-12-19T16:39:57-08:00", "1996-12-20T00:39:57.000Z"},
        {"1990-12-31T23:59:60Z", "1991-01-01T00:00:00.000Z"},
        {"1990-12-31T15:59:60-08:00", "1991-01-01T00:00:00.000Z"},
        {"1990-12-31T23:59:60.9Z", "1991-01-01T00:00:00.000Z"},
        {"1937-01-01T12:00:27.87+00:20", "1937-01-01T11:40:27.870Z"},
        {"1970-01-01t00:00:00z", "1970-01-01T00:00:00.000Z"},
        {"1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"},
        {"2026-11-02T09:30:00.1239999999999Z", "2026-11-02T09:30:00.123Z"},
        {"2026-11-02T09:30:00-00:00", "2026-11-02T09:30:00.000Z"},
        {"0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000Z"},
        {"9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"},
        {"2026-01-01T00:30:00+23:59", "2025-12-31T00:31:00.000Z"},
    };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        char text[TRIPSAGE__INSTANT_SIZE];
        int64_t ms, again;

        ck_assert_msg(tripsage__instant_parse(known[i].text, &ms), "'%s' is not read", known[i].text);
        tripsage__instant_format(ms, text);
        ck_assert_str_eq(text, known[i].utc);
        ck_assert(tripsage__instant_parse(text, &again));
        ck_assert_int_eq(again, ms);
    }
    ck_assert(!tripsage__instant_parse(NULL, &(int64_t){0}));
}
END_TEST

START_TEST(instants_that_are_none_are_refused)
{
    static const char *const bad[] = {
        "",
        "2026-11-02",
        "2026-11-02T09:30Z",
        "2026-11-02T09:30:00",
        "2026-11-02 09:30:00Z",
        "2026-11-02T09:30:00.Z",
        "2026-11-02T09:30:61Z",
        "2026-11-02T24:00:00Z",
        "2026-02-30T09:30:00Z",
        "2026-11-02T09:30:00+24:00",
        "2026-11-02T09:30:00+0100",
        "2026-11-02T09:30:00Z ",
        "2026-11-02T09:30:00+01",
        "0000-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "9999-12-31T23:59:60Z",
    };
    int64_t ms = 77;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!tripsage__instant_parse(bad[i], &ms), "'%s' is read", bad[i]);
    ck_assert_int_eq(ms, 77);
}
END_TEST

START_TEST(instants_out_of_reach_are_clamped)
{
    char text[TRIPSAGE__INSTANT_SIZE];

    tripsage__instant_format(INT64_MAX, text);
    ck_assert_str_eq(text, "9999-12-31T23:59:59.999Z");
    tripsage__instant_format(INT64_MIN, text);
    ck_assert_str_eq(text, "0000-01-01T00:00:00.000Z");
    tripsage__instant_format(-1, text);
    ck_assert_str_eq(text, "1969-12-31T23:59:59.999Z");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base/calendar");
    TCase *tcase = tcase_create("calendar");
    SRunner *runner;
    int failed;

    tcase_add_test(tcase, days_count_from_1970);
    tcase_add_test(tcase, days_follow_one_another);
    tcase_add_test(tcase, dates_are_read_exactly);
    tcase_add_test(tcase, dates_round_trip);
    tcase_add_test(tcase, dates_out_of_reach_are_clamped);
    tcase_add_test(tcase, times_are_read_exactly);
    tcase_add_test(tcase, instants_are_read);
    tcase_add_test(tcase, instants_that_are_none_are_refused);
    tcase_add_test(tcase, instants_out_of_reach_are_clamped);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
