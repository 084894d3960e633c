/* zone_test.c: IANA zones: known changes of clocks, every zone of the system both ways, TZ strings of every form in files made
 * here, and damaged files. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"
#include "base/zone.h"

#define ZONEINFO "/usr/share/zoneinfo/"

/* ---- known changes ---- */

/* Local times against the instants that Python's zoneinfo gives for them (fold 0, which is RFC 5545's rule). */
static const struct {
    const char *zone, *date, *time, *utc;
    int32_t offset; /* in force at that instant */
} known[] = {
    /* one hour forward and back; before the table's end and long after it */
    {"America/New_York", "2026-03-08", "01:59", "2026-03-08T06:59:00.000Z", -18000},
    {"America/New_York", "2026-03-08", "02:30", "2026-03-08T07:30:00.000Z", -14400},
    {"America/New_York", "2026-03-08", "03:00", "2026-03-08T07:00:00.000Z", -14400},
    {"America/New_York", "2026-11-01", "01:30", "2026-11-01T05:30:00.000Z", -14400},
    {"America/New_York", "2026-11-01", "02:00", "2026-11-01T07:00:00.000Z", -18000},
    {"America/New_York", "1974-01-06", "02:30", "1974-01-06T07:30:00.000Z", -14400},
    {"America/New_York", "2100-07-04", "12:00", "2100-07-04T16:00:00.000Z", -14400},
    {"America/New_York", "2100-12-04", "12:00", "2100-12-04T17:00:00.000Z", -18000},
    /* half an hour */
    {"Australia/Lord_Howe", "2026-04-05", "01:45", "2026-04-04T14:45:00.000Z", 39600},
    {"Australia/Lord_Howe", "2026-04-05", "02:00", "2026-04-04T15:30:00.000Z", 37800},
    {"Australia/Lord_Howe", "2026-10-04", "02:15", "2026-10-03T15:45:00.000Z", 39600},
    {"Australia/Lord_Howe", "2099-01-01", "00:00", "2098-12-31T13:00:00.000Z", 39600},
    /* two hours */
    {"Antarctica/Troll", "2026-03-29", "01:30", "2026-03-29T01:30:00.000Z", 7200},
    {"Antarctica/Troll", "2026-10-25", "01:30", "2026-10-24T23:30:00.000Z", 7200},
    /* a day that did not exist: the island jumped over the date line */
    {"Pacific/Apia", "2011-12-29", "23:59", "2011-12-30T09:59:00.000Z", -36000},
    {"Pacific/Apia", "2011-12-30", "12:00", "2011-12-30T22:00:00.000Z", 50400},
    {"Pacific/Apia", "2011-12-31", "00:00", "2011-12-30T10:00:00.000Z", 50400},
    /* daylight time that is the winter */
    {"Europe/Dublin", "2026-03-29", "01:30", "2026-03-29T01:30:00.000Z", 3600},
    {"Europe/Dublin", "2026-10-25", "01:30", "2026-10-25T00:30:00.000Z", 3600},
    {"Europe/Dublin", "2090-01-01", "00:00", "2090-01-01T00:00:00.000Z", 0},
    {"Europe/Dublin", "2090-07-01", "00:00", "2090-06-30T23:00:00.000Z", 3600},
    /* quarters of an hour, and a change of standard time */
    {"Asia/Kathmandu", "1985-12-31", "23:59", "1985-12-31T18:29:00.000Z", 19800},
    {"Asia/Kathmandu", "1986-01-01", "00:05", "1985-12-31T18:35:00.000Z", 20700},
    {"Asia/Kathmandu", "2026-01-01", "00:00", "2025-12-31T18:15:00.000Z", 20700},
    {"Asia/Pyongyang", "2018-05-04", "23:45", "2018-05-04T15:15:00.000Z", 32400},
    /* change at midnight */
    {"Asia/Tehran", "2022-03-22", "00:30", "2022-03-21T21:00:00.000Z", 16200},
    {"Asia/Tehran", "2022-09-21", "23:30", "2022-09-21T19:00:00.000Z", 16200},
    {"Asia/Tehran", "2026-07-01", "00:00", "2026-06-30T20:30:00.000Z", 12600},
    {"America/Sao_Paulo", "2018-11-04", "00:30", "2018-11-04T03:30:00.000Z", -7200},
    /* the clocks go back for Ramadan */
    {"Africa/Casablanca", "2023-03-19", "02:30", "2023-03-19T01:30:00.000Z", 3600},
    {"Africa/Casablanca", "2023-04-01", "12:00", "2023-04-01T12:00:00.000Z", 0},
    {"Africa/Casablanca", "2023-04-23", "02:30", "2023-04-23T02:30:00.000Z", 3600},
    {"Asia/Gaza", "2023-04-29", "02:30", "2023-04-29T00:30:00.000Z", 10800},
    /* no changes at all, and the ends of the day line */
    {"UTC", "2026-01-01", "00:00", "2026-01-01T00:00:00.000Z", 0},
    {"Asia/Kolkata", "2200-12-31", "23:59", "2200-12-31T18:29:00.000Z", 19800},
    {"Pacific/Kiritimati", "2026-01-01", "00:00", "2025-12-31T10:00:00.000Z", 50400},
    {"Etc/GMT+12", "2026-01-01", "00:00", "2026-01-01T12:00:00.000Z", -43200},
    {"Europe/London", "1970-01-01", "00:00", "1969-12-31T23:00:00.000Z", 3600},
};

START_TEST(knows_local_times)
{
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        char text[TRIPSAGE__INSTANT_SIZE];
        int32_t day, offset;
        int minutes;
        int64_t ms;

        ck_assert(tripsage__date_parse(known[i].date, &day));
        ck_assert(tripsage__time_parse(known[i].time, &minutes));
        ck_assert_int_eq(tripsage__zone_to_utc(&ms, known[i].zone, day, minutes), TRIPSAGE_OK);
        tripsage__instant_format(ms, text);
        ck_assert_msg(strcmp(text, known[i].utc) == 0, "%s %s in %s is %s, not %s", known[i].date, known[i].time,
                      known[i].zone, text, known[i].utc);
        ck_assert_int_eq(tripsage__zone_offset(&offset, known[i].zone, ms), TRIPSAGE_OK);
        ck_assert_msg(offset == known[i].offset, "%s at %s has offset %d, not %d", known[i].zone, text, offset,
                      known[i].offset);
    }
}
END_TEST

START_TEST(names_what_is_in_force)
{
    tripsage__zone *zone;
    tripsage__zone_period period;

    ck_assert_int_eq(tripsage__zone_open(&zone, "America/New_York"), TRIPSAGE_OK);
    tripsage__zone_at(zone, 1772953199, &period); /* 2026-03-08T06:59:59Z */
    ck_assert_str_eq(period.name, "EST");
    ck_assert_int_eq(period.is_dst, 0);
    ck_assert_int_eq(period.end, 1772953200);
    tripsage__zone_at(zone, 1772953200, &period);
    ck_assert_str_eq(period.name, "EDT");
    ck_assert_int_eq(period.is_dst, 1);
    ck_assert_int_eq(period.start, 1772953200);
    ck_assert_int_eq(period.end, 1793512800); /* 2026-11-01T06:00:00Z */
    tripsage__zone_free(zone);

    ck_assert_int_eq(tripsage__zone_open(&zone, "Europe/Dublin"), TRIPSAGE_OK);
    tripsage__zone_at(zone, 3786912000, &period); /* 2090-01-01 */
    ck_assert_str_eq(period.name, "GMT");
    ck_assert_int_eq(period.is_dst, 1);
    tripsage__zone_free(zone);
    tripsage__zone_free(NULL);
}
END_TEST

START_TEST(knows_which_zones_exist)
{
    static const char *const none[] = {
        "",
        "Mars/Olympus",
        "America",
        "America/",
        "/America/New_York",
        "America//New_York",
        "../zoneinfo/UTC",
        "America/../UTC",
        "zone.tab",
        "tzdata.zi",
        "posix/UTC",
        "right/UTC",
        "localtime",
        "posixrules",
        "UTC ",
        "UTC\n",
        "America/New York",
        "America/New_York/Here",
        "leapseconds",
        "Europe/Z\xc3\xbcrich",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    };
    tripsage__zone *zone = (tripsage__zone *)&zone;
    int64_t ms;
    int32_t offset;

    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        ck_assert_msg(!tripsage__zone_exists(none[i]), "'%s' is a zone", none[i]);
        if (strcmp(none[i], "leapseconds") == 0)
            continue; /* a file of another kind in the same folder */
        ck_assert_int_eq(tripsage__zone_open(&zone, none[i]), TRIPSAGE_EINVALID);
        ck_assert_ptr_null(zone);
    }
    ck_assert(!tripsage__zone_exists(NULL));
    ck_assert_int_eq(tripsage__zone_open(&zone, NULL), TRIPSAGE_EINVALID);
    ck_assert_int_eq(tripsage__zone_to_utc(&ms, "Mars/Olympus", 0, 0), TRIPSAGE_EINVALID);
    ck_assert_int_eq(tripsage__zone_offset(&offset, "Mars/Olympus", 0), TRIPSAGE_EINVALID);
    ck_assert(tripsage__zone_exists("UTC"));
    ck_assert(tripsage__zone_exists("America/Argentina/Buenos_Aires"));
    ck_assert(tripsage__zone_exists("America/Port-au-Prince"));
    ck_assert(tripsage__zone_exists("Etc/GMT+12"));
}
END_TEST

/* ---- every zone there is ---- */

static uint64_t chance = 0x9e3779b97f4a7c15U; /* xorshift64: the same instants in every run */

static int64_t random_second(void)
{
    const int64_t from = -2208988800, to = 7289654400; /* 1900 .. 2200 */

    chance ^= chance << 13;
    chance ^= chance >> 7;
    chance ^= chance << 17;
    return from + (int64_t)(chance % (uint64_t)(to - from));
}

/* The local time of an instant, read back, is that instant, or the same local time one repetition earlier. */
static void check_round_trip(const tripsage__zone *zone, const char *name, int64_t seconds)
{
    tripsage__zone_period period, first;
    int64_t local, back;
    int32_t day;

    seconds -= seconds % 60;
    tripsage__zone_at(zone, seconds, &period);
    if (period.offset % 60 != 0)
        return; /* mean solar time: not to be said in minutes */
    local = seconds + period.offset;
    day = (int32_t)((local + INT64_C(86400) * 800000) / 86400 - 800000);
    back = tripsage__zone_local(zone, day, (int)(local - (int64_t)day * 86400) / 60);
    tripsage__zone_at(zone, back, &first);
    if (back + first.offset != local || back > seconds || seconds - back > 26 * 3600)
        ck_abort_msg("%s: %lld comes back as %lld", name, (long long)seconds, (long long)back);
    if (period.start > seconds || seconds >= period.end)
        ck_abort_msg("%s: %lld lies outside its period", name, (long long)seconds);
}

/* Walks all periods of a zone from 1900 to 2200: they touch, and no moment near a change is lost. */
static void check_zone(const char *name)
{
    tripsage__zone *zone;
    tripsage__zone_period period, next;

    ck_assert_msg(tripsage__zone_exists(name), "%s does not exist", name);
    ck_assert_msg(tripsage__zone_open(&zone, name) == TRIPSAGE_OK, "%s: %s", name, tripsage_last_error()->message);
    tripsage__zone_at(zone, -2208988800, &period);
    while (period.end < 7289654400) {
        tripsage__zone_at(zone, period.end, &next);
        if (next.start != period.end || next.end <= next.start)
            ck_abort_msg("%s: periods do not touch at %lld", name, (long long)period.end);
        check_round_trip(zone, name, period.end - 60);
        check_round_trip(zone, name, period.end);
        check_round_trip(zone, name, period.end + 1800);
        period = next;
    }
    for (int i = 0; i < 50; i++)
        check_round_trip(zone, name, random_second());
    tripsage__zone_free(zone);
}

START_TEST(every_zone_goes_both_ways)
{
    char line[512], code[8], where[64], name[128];
    FILE *table = fopen(ZONEINFO "zone.tab", "r");
    int count = 0;

    ck_assert_ptr_nonnull(table);
    while (fgets(line, sizeof line, table)) {
        if (line[0] == '#')
            continue;
        ck_assert_int_eq(sscanf(line, "%7s %63s %127s", code, where, name), 3);
        check_zone(name);
        count++;
    }
    fclose(table);
    ck_assert_int_gt(count, 300);
}
END_TEST

/* ---- files made here ---- */

typedef struct file {
    unsigned char bytes[1024];
    size_t size;
} file;

static void put(file *f, const void *bytes, size_t size)
{
    ck_assert_uint_le(f->size + size, sizeof f->bytes);
    memcpy(f->bytes + f->size, bytes, size);
    f->size += size;
}

static void put_number(file *f, int size, int64_t value)
{
    for (int shift = 8 * (size - 1); shift >= 0; shift -= 8) {
        unsigned char byte = (unsigned char)(shift < 64 ? (uint64_t)value >> shift : 0);

        put(f, &byte, 1);
    }
}

/* What the counts of a header say, so that a test can make them lie. */
typedef struct counts {
    char version;
    int isut, isstd, leap, time, type, name;
} counts;

static void put_header(file *f, counts c)
{
    put(f, "TZif", 4);
    put(f, &c.version, 1);
    put_number(f, 15, 0);
    put_number(f, 4, c.isut);
    put_number(f, 4, c.isstd);
    put_number(f, 4, c.leap);
    put_number(f, 4, c.time);
    put_number(f, 4, c.type);
    put_number(f, 4, c.name);
}

static void put_first_part(file *f, char version)
{
    put_header(f, (counts){version, 0, 0, 0, 0, 1, 1});
    put_number(f, 6, 0);
    put_number(f, 1, 0);
}

/* A slim file: no transitions, one type, and the TZ string. */
static file slim(const char *tail)
{
    file f = {{0}, 0};

    put_first_part(&f, '3');
    put_header(&f, (counts){'3', 0, 0, 0, 0, 1, 4});
    put_number(&f, 4, 0);
    put_number(&f, 2, 0);
    put(&f, "ABC", 4);
    put(&f, "\n", 1);
    put(&f, tail, strlen(tail));
    put(&f, "\n", 1);
    return f;
}

static tripsage_status offset_by(const char *tail, const char *instant, int32_t *offset)
{
    file f = slim(tail);
    tripsage__zone *zone;
    tripsage__zone_period period;
    tripsage_status status = tripsage__zone_parse(&zone, f.bytes, f.size);
    int64_t ms;

    if (status != TRIPSAGE_OK)
        return status;
    ck_assert(tripsage__instant_parse(instant, &ms));
    tripsage__zone_at(zone, ms / 1000, &period);
    *offset = period.offset;
    tripsage__zone_free(zone);
    return TRIPSAGE_OK;
}

START_TEST(reads_every_form_of_tz_string)
{
    static const struct {
        const char *tail, *instant;
        int32_t offset;
    } cases[] = {
        {"EST5", "2026-07-01T00:00:00Z", -18000},
        {"<+0545>-5:45", "2026-07-01T00:00:00Z", 20700},
        {"XXX+1:02:03", "2026-07-01T00:00:00Z", -3723},
        /* daylight time one hour ahead unless said; rules at 02:00 unless said */
        {"EST5EDT,M3.2.0,M11.1.0", "2026-03-08T06:59:59Z", -18000},
        {"EST5EDT,M3.2.0,M11.1.0", "2026-03-08T07:00:00Z", -14400},
        {"EST5EDT,M3.2.0,M11.1.0", "2026-11-01T05:59:59Z", -14400},
        {"EST5EDT,M3.2.0,M11.1.0", "2026-11-01T06:00:00Z", -18000},
        {"EST5EDT4:30,M3.2.0,M11.1.0", "2026-07-01T00:00:00Z", -16200},
        /* south of the equator: over the end of the year */
        {"AEST-10AEDT,M10.1.0,M4.1.0/3", "2026-12-31T23:59:59Z", 39600},
        {"AEST-10AEDT,M10.1.0,M4.1.0/3", "2027-01-01T00:00:00Z", 39600},
        {"AEST-10AEDT,M10.1.0,M4.1.0/3", "2027-07-01T00:00:00Z", 36000},
        /* the last Sunday, in a month with four and one with five */
        {"CET-1CEST,M3.5.0,M10.5.0/3", "2026-03-29T00:59:59Z", 3600},
        {"CET-1CEST,M3.5.0,M10.5.0/3", "2026-03-29T01:00:00Z", 7200},
        {"CET-1CEST,M3.5.0,M10.5.0/3", "2026-10-25T00:59:59Z", 7200},
        {"CET-1CEST,M2.5.0,M12.5.0/3", "2026-12-27T01:00:00Z", 3600},
        /* Jn does not count the leap day, n does */
        {"AAA0BBB,J60/0,J300/0", "2024-02-29T12:00:00Z", 0},
        {"AAA0BBB,J60/0,J300/0", "2024-03-01T00:00:00Z", 3600},
        {"AAA0BBB,J59/0,J300/0", "2024-02-28T00:00:00Z", 3600},
        {"AAA0BBB,J60/0,J300/0", "2026-03-01T00:00:00Z", 3600},
        {"AAA0BBB,59/0,299/0", "2024-02-29T00:00:00Z", 3600},
        {"AAA0BBB,59/0,299/0", "2026-02-28T23:59:59Z", 0},
        /* times before midnight and days later */
        {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2026-03-29T00:59:59Z", -7200},
        {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2026-03-29T01:00:00Z", -3600},
        {"EET-2EEST,M3.4.4/50,M10.4.4/50", "2026-03-27T23:59:59Z", 7200},
        {"EET-2EEST,M3.4.4/50,M10.4.4/50", "2026-03-28T00:00:00Z", 10800},
        {"AAA0BBB,J1/-167,J365/167", "2026-12-26T00:00:00Z", 3600},
        /* daylight time all year (RFC 9636, 3.3.1) */
        {"XXX3EDT4,0/0,J365/23", "2026-01-01T02:59:59Z", -14400},
        {"XXX3EDT4,0/0,J365/23", "2026-01-01T03:00:00Z", -14400},
        {"XXX3EDT4,0/0,J365/23", "2026-07-01T00:00:00Z", -14400},
        /* far away: standard time */
        {"", "2026-01-01T00:00:00Z", 0},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int32_t offset = 0;

        ck_assert_msg(offset_by(cases[i].tail, cases[i].instant, &offset) == TRIPSAGE_OK, "'%s' is refused",
                      cases[i].tail);
        ck_assert_msg(offset == cases[i].offset, "'%s' at %s gives %d, not %d", cases[i].tail, cases[i].instant, offset,
                      cases[i].offset);
    }
}
END_TEST

START_TEST(refuses_wrong_tz_strings)
{
    static const char *const bad[] = {
        "E5",
        "EST",
        "EST25",
        "EST5:60",
        "EST5:00:60",
        "EST5EDT",
        "EST5EDT,",
        "EST5EDT,M3.2.0",
        "EST5EDT,M3.2.0,",
        "EST5EDT,M0.2.0,M11.1.0",
        "EST5EDT,M13.2.0,M11.1.0",
        "EST5EDT,M3.0.0,M11.1.0",
        "EST5EDT,M3.6.0,M11.1.0",
        "EST5EDT,M3.2.7,M11.1.0",
        "EST5EDT,M3.2,M11.1.0",
        "EST5EDT,J0,J365",
        "EST5EDT,J366,J365",
        "EST5EDT,366,0",
        "EST5EDT,M3.2.0/168,M11.1.0",
        "EST5EDT,M3.2.0,M11.1.0x",
        "EST5EDT,M3.2.0,M11.1.0,",
        "<+05-5",
        "<+0>5",
        "ABCDEFGHIJKLMNOP5",
        "5",
        "EST5ED4,J1,J2",
        "EST99999999999999999999",
    };
    int32_t offset;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(offset_by(bad[i], "2026-01-01T00:00:00Z", &offset) == TRIPSAGE_EIO, "'%s' is read", bad[i]);
}
END_TEST

START_TEST(far_years_have_standard_time)
{
    file f = slim("EST5EDT,M3.2.0,M11.1.0");
    tripsage__zone *zone;
    tripsage__zone_period period;
    static const int64_t far[] = {INT64_MIN, INT64_MIN + 1, -INT64_C(10000000000001), INT64_C(10000000000001),
                                  INT64_MAX};

    ck_assert_int_eq(tripsage__zone_parse(&zone, f.bytes, f.size), TRIPSAGE_OK);
    for (size_t i = 0; i < sizeof far / sizeof far[0]; i++) {
        tripsage__zone_at(zone, far[i], &period);
        ck_assert_int_eq(period.offset, -18000);
        ck_assert_str_eq(period.name, "EST");
    }
    tripsage__zone_at(zone, INT64_C(9999999999999), &period);
    ck_assert_int_gt(period.end, period.start);
    ck_assert_int_eq(tripsage__zone_local(zone, INT32_MAX, 1439), (int64_t)INT32_MAX * 86400 + 1439 * 60 + 18000);
    ck_assert_int_eq(tripsage__zone_local(zone, INT32_MIN, 0), (int64_t)INT32_MIN * 86400 + 18000);
    tripsage__zone_free(zone);
}
END_TEST

/* A table of two transitions and what follows it. */
static file with_table(counts c, int64_t first, int64_t second, int index, int32_t offset, int name, const char *tail)
{
    file f = {{0}, 0};

    put_first_part(&f, '2');
    put_header(&f, c);
    put_number(&f, 8, first);
    put_number(&f, 8, second);
    put_number(&f, 1, 1);
    put_number(&f, 1, index);
    put_number(&f, 4, -3600);
    put_number(&f, 2, 0);
    put_number(&f, 4, offset);
    put_number(&f, 1, 1);
    put_number(&f, 1, name);
    put(&f, "OLD\0NEW", 8);
    put(&f, tail, strlen(tail));
    return f;
}

static const counts honest = {'2', 0, 0, 0, 2, 2, 8};

START_TEST(reads_a_table)
{
    file f = with_table(honest, 1000, 2000, 0, 7200, 4, "\n\n");
    tripsage__zone *zone;
    tripsage__zone_period period;

    ck_assert_int_eq(tripsage__zone_parse(&zone, f.bytes, f.size), TRIPSAGE_OK);
    tripsage__zone_at(zone, 999, &period); /* before all: type 0 */
    ck_assert_int_eq(period.start, INT64_MIN);
    ck_assert_int_eq(period.end, 1000);
    ck_assert_str_eq(period.name, "OLD");
    tripsage__zone_at(zone, 1000, &period);
    ck_assert_int_eq(period.offset, 7200);
    ck_assert_int_eq(period.is_dst, 1);
    ck_assert_str_eq(period.name, "NEW");
    tripsage__zone_at(zone, 2000, &period); /* no TZ string: the last type stays */
    ck_assert_int_eq(period.start, 2000);
    ck_assert_int_eq(period.end, INT64_MAX);
    ck_assert_int_eq(period.offset, -3600);
    tripsage__zone_free(zone);
}
END_TEST

START_TEST(refuses_damaged_tables)
{
    const file bad[] = {
        with_table(honest, 2000, 1000, 0, 7200, 4, "\n\n"),                          /* not ascending */
        with_table(honest, 1000, 1000, 0, 7200, 4, "\n\n"),                          /* twice the same */
        with_table(honest, 1000, 2000, 2, 7200, 4, "\n\n"),                          /* a type that does not exist */
        with_table(honest, 1000, 2000, 0, 93600, 4, "\n\n"),                         /* further east than anybody */
        with_table(honest, 1000, 2000, 0, -90000, 4, "\n\n"),                        /* further west */
        with_table(honest, 1000, 2000, 0, 7200, 8, "\n\n"),                          /* a name outside the names */
        with_table(honest, 1000, 2000, 0, 7200, 4, ""),                              /* no footer */
        with_table(honest, 1000, 2000, 0, 7200, 4, "\n"),                            /* half a footer */
        with_table(honest, 1000, 2000, 0, 7200, 4, "xUTC0\n"),                       /* something else there */
        with_table((counts){'2', 0, 0, 0, 2, 2, 7}, 1000, 2000, 0, 7200, 4, "\n\n"), /* no NUL */
        with_table((counts){'2', 0, 0, 0, 2, 0, 8}, 1000, 2000, 0, 7200, 4, "\n\n"), /* no types */
        with_table((counts){'2', 0, 0, 1, 2, 2, 8}, 1000, 2000, 0, 7200, 4, "\n\n            "), /* leap seconds */
        with_table((counts){'2', -1, -1, -1, -1, -1, -1}, 1000, 2000, 0, 7200, 4, "\n\n"), /* counts of 2^32 - 1 */
        with_table((counts){'2', 0, 0, 0, 100, 2, 8}, 1000, 2000, 0, 7200, 4, "\n\n"),
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        tripsage__zone *zone = (tripsage__zone *)&zone;

        ck_assert_msg(tripsage__zone_parse(&zone, bad[i].bytes, bad[i].size) == TRIPSAGE_EIO, "table %zu is read", i);
        ck_assert_ptr_null(zone);
    }
}
END_TEST

START_TEST(refuses_other_files)
{
    static const char text[] = "#! this is not a time zone, only a text that is long enough to be one";
    static unsigned char large[64 * 1024 + 1];
    file old = {{0}, 0};
    tripsage__zone *zone;

    put_first_part(&old, '\0');
    ck_assert_int_eq(tripsage__zone_parse(&zone, text, sizeof text), TRIPSAGE_EIO);
    ck_assert_int_eq(tripsage__zone_parse(&zone, "", 0), TRIPSAGE_EIO);
    ck_assert_int_eq(tripsage__zone_parse(&zone, old.bytes, old.size), TRIPSAGE_EIO);
    memcpy(large, "TZif2", 5);
    ck_assert_int_eq(tripsage__zone_parse(&zone, large, sizeof large), TRIPSAGE_EIO);
    ck_assert_ptr_null(zone);
}
END_TEST

/* ---- a good file, cut and bent ---- */

static size_t read_zone(unsigned char *bytes, size_t capacity, const char *name)
{
    char path[256];
    FILE *in;
    size_t size;

    snprintf(path, sizeof path, ZONEINFO "%s", name);
    in = fopen(path, "rb");
    ck_assert_ptr_nonnull(in);
    size = fread(bytes, 1, capacity, in);
    fclose(in);
    ck_assert_uint_lt(size, capacity);
    return size;
}

START_TEST(refuses_every_cut)
{
    static unsigned char bytes[8192];
    size_t size = read_zone(bytes, sizeof bytes, "America/New_York");
    tripsage__zone *zone;

    for (size_t cut = 0; cut < size; cut++) {
        unsigned char *copy = malloc(cut ? cut : 1); /* of exactly that size, so that a sanitizer sees a step beyond */

        ck_assert_ptr_nonnull(copy);
        memcpy(copy, bytes, cut);
        ck_assert_msg(tripsage__zone_parse(&zone, copy, cut) == TRIPSAGE_EIO, "%zu of %zu bytes are read", cut, size);
        free(copy);
    }
    ck_assert_int_eq(tripsage__zone_parse(&zone, bytes, size), TRIPSAGE_OK);
    tripsage__zone_free(zone);
}
END_TEST

/* Whatever a byte is changed to: it is refused, or asked without harm and without end. */
START_TEST(survives_every_bent_byte)
{
    static const unsigned char masks[] = {0x01, 0x80, 0xff};
    static unsigned char bytes[8192];
    size_t size = read_zone(bytes, sizeof bytes, "Australia/Lord_Howe");
    size_t refused = 0;

    for (size_t i = 0; i < size * sizeof masks; i++) {
        tripsage__zone *zone;

        bytes[i / sizeof masks] ^= masks[i % sizeof masks];
        if (tripsage__zone_parse(&zone, bytes, size) == TRIPSAGE_OK) {
            for (int year = 1900; year <= 2200; year += 25)
                (void)tripsage__zone_local(zone, tripsage__days_from_civil(year, 4, 5), 105);
            tripsage__zone_free(zone);
        } else {
            ck_assert_int_eq(tripsage_last_error()->status, TRIPSAGE_EIO);
            refused++;
        }
        bytes[i / sizeof masks] ^= masks[i % sizeof masks];
    }
    ck_assert_uint_gt(refused, 100);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base/zone");
    TCase *tcase = tcase_create("zone");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, knows_local_times);
    tcase_add_test(tcase, names_what_is_in_force);
    tcase_add_test(tcase, knows_which_zones_exist);
    tcase_add_test(tcase, every_zone_goes_both_ways);
    tcase_add_test(tcase, reads_every_form_of_tz_string);
    tcase_add_test(tcase, refuses_wrong_tz_strings);
    tcase_add_test(tcase, far_years_have_standard_time);
    tcase_add_test(tcase, reads_a_table);
    tcase_add_test(tcase, refuses_damaged_tables);
    tcase_add_test(tcase, refuses_other_files);
    tcase_add_test(tcase, refuses_every_cut);
    tcase_add_test(tcase, survives_every_bent_byte);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
