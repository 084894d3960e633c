/* base/calendar.h: days, instants and IANA zones, without the process's locale, TZ or time functions.
 *
 * Days are counted from 1970-01-01 in the proleptic Gregorian calendar (the era arithmetic is Howard Hinnant's, "chrono-Compatible
 * Low-Level Date Algorithms"); instants are milliseconds since 1970-01-01T00:00:00Z. The calls that name a zone read its file each
 * time (see base/zone.h); who needs one zone many times opens it there. All of it is safe from any thread. */
#ifndef TRIPSAGE_BASE_CALENDAR_H
#define TRIPSAGE_BASE_CALENDAR_H

#include <stdint.h>

#include "error.h"

#define TRIPSAGE__DATE_SIZE    11 /* "2026-11-02" */
#define TRIPSAGE__TIME_SIZE    6  /* "09:30" */
#define TRIPSAGE__INSTANT_SIZE 25 /* "2026-11-02T09:30:00.000Z" */

int32_t tripsage__days_from_civil(int year, int month, int day);
void tripsage__civil_from_days(int32_t days, int *year, int *month, int *day);

/* 1 when the text is exactly YYYY-MM-DD and a real day from 1900 to 2200 (trips are planned, not dug up). NULL is no date. */
int tripsage__date_parse(const char *text, int32_t *days);
/* Days outside the years 0000 to 9999 are written as the nearest one inside; so are instants. */
void tripsage__date_format(int32_t days, char out[TRIPSAGE__DATE_SIZE]);

/* 1 when the text is exactly HH:MM (00:00..23:59); minutes since midnight. */
int tripsage__time_parse(const char *text, int *minutes);
void tripsage__time_format(int minutes, char out[TRIPSAGE__TIME_SIZE]);

void tripsage__instant_format(int64_t ms, char out[TRIPSAGE__INSTANT_SIZE]);
/* 1 when the text is RFC 3339 with any offset; digits past the millisecond are cut off. */
int tripsage__instant_parse(const char *text, int64_t *ms);

/* 1 when the name is a zone of the tz database (letters, digits, _ + - /, no dots: it becomes a path); -1 when that cannot be found out
 * (no file can be opened). */
int tripsage__zone_exists(const char *name);

/* The instant of a local time in a zone. A time in a gap takes the offset before it, a time that comes twice is the first (RFC 5545, 3.3.5).
 * Errors: TRIPSAGE_EINVALID (unknown zone), TRIPSAGE_EIO (damaged file), TRIPSAGE_ENOMEM. */
tripsage_status tripsage__zone_to_utc(int64_t *ms, const char *zone, int32_t day, int minutes);

/* The offset from UTC, in seconds, that holds in the zone at that instant. */
tripsage_status tripsage__zone_offset(int32_t *seconds, const char *zone, int64_t ms);

#endif
