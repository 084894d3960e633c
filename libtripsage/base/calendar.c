/* base/calendar.c: civil days, and the texts of dates, times and instants.
 *
 * Everything here is arithmetic: no locale, no TZ, no time functions of the C library. Zones are in zone.c.
 * Invariant: texts are read exactly; what is one character longer than it may be is not a date. */
#include "calendar.h"

#include <stddef.h>

#define MS_PER_DAY INT64_C(86400000)

/* The instants that can be written with a year of four digits: 0000-01-01T00:00:00.000Z .. 9999-12-31T23:59:59.999Z. */
#define INSTANT_MIN (INT64_C(-719528) * MS_PER_DAY)
#define INSTANT_MAX (INT64_C(2932897) * MS_PER_DAY - 1)

static int is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* Both directions count in eras of 400 years (146,097 days) whose years begin on 1 March, so that the leap day is the last of its
 * year; 719,468 days lie between 0000-03-01 and 1970-01-01. */
int32_t tripsage__days_from_civil(int year, int month, int day)
{
    int y = month <= 2 ? year - 1 : year;
    int era = (y >= 0 ? y : y - 399) / 400;
    int year_of_era = y - era * 400;
    int day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * 146097 + day_of_era - 719468;
}

void tripsage__civil_from_days(int32_t days, int *year, int *month, int *day)
{
    int64_t shifted = (int64_t)days + 719468;
    int era = (int)((shifted >= 0 ? shifted : shifted - 146096) / 146097);
    int day_of_era = (int)(shifted - (int64_t)era * 146097);
    int year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int month_from_march = (5 * day_of_year + 2) / 153;

    *day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    *month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    *year = year_of_era + era * 400 + (*month <= 2);
}

/* ---- reading ---- */

/* Reads exactly `count` digits; moves on only when they are there. */
static int take_digits(const char **at, int count, int *value)
{
    int sum = 0;

    for (int i = 0; i < count; i++) {
        char c = (*at)[i];

        if (c < '0' || c > '9')
            return 0;
        sum = sum * 10 + (c - '0');
    }
    *at += count;
    *value = sum;
    return 1;
}

static int take_char(const char **at, char c)
{
    if (**at != c)
        return 0;
    (*at)++;
    return 1;
}

/* YYYY-MM-DD of any year from 0000 to 9999. */
static int take_date(const char **at, int *year, int32_t *days)
{
    int month, day;

    if (!take_digits(at, 4, year) || !take_char(at, '-') || !take_digits(at, 2, &month) || !take_char(at, '-') ||
        !take_digits(at, 2, &day))
        return 0;
    if (month < 1 || month > 12 || day < 1 || day > days_in_month(*year, month))
        return 0;
    *days = tripsage__days_from_civil(*year, month, day);
    return 1;
}

static int take_hours_minutes(const char **at, int *minutes)
{
    int hour, minute;

    if (!take_digits(at, 2, &hour) || !take_char(at, ':') || !take_digits(at, 2, &minute) || hour > 23 || minute > 59)
        return 0;
    *minutes = hour * 60 + minute;
    return 1;
}

int tripsage__date_parse(const char *text, int32_t *days)
{
    int year;
    int32_t found;

    if (!text || !take_date(&text, &year, &found) || *text != '\0' || year < 1900 || year > 2200)
        return 0;
    *days = found;
    return 1;
}

int tripsage__time_parse(const char *text, int *minutes)
{
    int found;

    if (!text || !take_hours_minutes(&text, &found) || *text != '\0')
        return 0;
    *minutes = found;
    return 1;
}

/* The seconds of a time of day: 60 is a leap second (RFC 3339, 5.6), which is told as the first moment after it. */
static int take_seconds(const char **at, int64_t *ms)
{
    int seconds;
    int scale = 100;

    if (!take_char(at, ':') || !take_digits(at, 2, &seconds) || seconds > 60)
        return 0;
    *ms = (int64_t)seconds * 1000;
    if (take_char(at, '.')) {
        if (**at < '0' || **at > '9')
            return 0;
        for (; **at >= '0' && **at <= '9'; (*at)++) { /* past the third digit: cut off */
            *ms += (seconds < 60 ? scale : 0) * (**at - '0');
            scale /= 10;
        }
    }
    return 1;
}

/* "Z" or +HH:MM; minutes east of UTC. */
static int take_offset(const char **at, int *minutes)
{
    int sign;

    if (take_char(at, 'Z') || take_char(at, 'z')) {
        *minutes = 0;
        return 1;
    }
    sign = **at == '-' ? -1 : 1;
    if ((!take_char(at, '+') && !take_char(at, '-')) || !take_hours_minutes(at, minutes))
        return 0;
    *minutes *= sign;
    return 1;
}

int tripsage__instant_parse(const char *text, int64_t *ms)
{
    int year, minutes, offset;
    int32_t days;
    int64_t seconds_ms, found;

    if (!text || !take_date(&text, &year, &days) || (!take_char(&text, 'T') && !take_char(&text, 't')) ||
        !take_hours_minutes(&text, &minutes) || !take_seconds(&text, &seconds_ms) || !take_offset(&text, &offset) ||
        *text != '\0')
        return 0;
    found = days * MS_PER_DAY + (int64_t)(minutes - offset) * 60000 + seconds_ms;
    if (found < INSTANT_MIN || found > INSTANT_MAX)
        return 0;
    *ms = found;
    return 1;
}

/* ---- writing ---- */

static char *put_digits(char *at, int count, int value)
{
    for (int i = count - 1; i >= 0; i--) {
        at[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return at + count;
}

static char *put_date(char *at, int32_t days)
{
    int year, month, day;

    tripsage__civil_from_days(days, &year, &month, &day);
    at = put_digits(at, 4, year);
    *at++ = '-';
    at = put_digits(at, 2, month);
    *at++ = '-';
    return put_digits(at, 2, day);
}

static int64_t clamp(int64_t value, int64_t min, int64_t max)
{
    return value < min ? min : value > max ? max : value;
}

void tripsage__date_format(int32_t days, char out[TRIPSAGE__DATE_SIZE])
{
    days = (int32_t)clamp(days, INSTANT_MIN / MS_PER_DAY, INSTANT_MAX / MS_PER_DAY);
    *put_date(out, days) = '\0';
}

void tripsage__time_format(int minutes, char out[TRIPSAGE__TIME_SIZE])
{
    char *at = put_digits(out, 2, minutes / 60 % 24);

    *at++ = ':';
    *put_digits(at, 2, minutes % 60) = '\0';
}

void tripsage__instant_format(int64_t ms, char out[TRIPSAGE__INSTANT_SIZE])
{
    int32_t days;
    int rest;
    char *at = out;

    ms = clamp(ms, INSTANT_MIN, INSTANT_MAX);
    days = (int32_t)((ms - INSTANT_MIN) / MS_PER_DAY + INSTANT_MIN / MS_PER_DAY);
    rest = (int)(ms - days * MS_PER_DAY);
    at = put_date(at, days);
    *at++ = 'T';
    at = put_digits(at, 2, rest / 3600000);
    *at++ = ':';
    at = put_digits(at, 2, rest / 60000 % 60);
    *at++ = ':';
    at = put_digits(at, 2, rest / 1000 % 60);
    *at++ = '.';
    at = put_digits(at, 3, rest % 1000);
    *at++ = 'Z';
    *at = '\0';
}
