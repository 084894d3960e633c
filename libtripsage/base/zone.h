/* base/zone.h: one IANA zone, read from the system's compiled tz database (TZif, RFC 9636).
 *
 * There is no cache of zones: a file is about 3 KiB and its reading costs some microseconds, while a cache would be shared
 * state that outlives every handle and goes stale when the system's tz data is brought up to date.
 *
 * A zone is constant after it was opened: any number of threads may ask it. Times are seconds since 1970-01-01T00:00:00Z. */
#ifndef TRIPSAGE_BASE_ZONE_H
#define TRIPSAGE_BASE_ZONE_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

typedef struct tripsage__zone tripsage__zone;

/* Longest name of a zone, its NUL included: the longest there is has 32 characters (America/Argentina/ComodRivadavia and its like),
 * and POSIX promises a path of no more than 255. */
#define TRIPSAGE__ZONE_NAME_SIZE 64

/* A stretch of time during which the local time of a zone keeps one offset. */
typedef struct tripsage__zone_period {
    int64_t start;  /* first second of it; INT64_MIN: since ever */
    int64_t end;    /* first second after it; INT64_MAX: for good */
    int32_t offset; /* seconds east of UTC */
    int is_dst;
    char name[16]; /* "EST", "+1030" */
} tripsage__zone_period;

/* Errors: TRIPSAGE_EINVALID (no such zone), TRIPSAGE_EIO (a file that cannot be read or is damaged), TRIPSAGE_ENOMEM. */
tripsage_status tripsage__zone_open(tripsage__zone **out, const char *name);
/* The same from the bytes of a file, which are copied. */
tripsage_status tripsage__zone_parse(tripsage__zone **out, const void *bytes, size_t size);
void tripsage__zone_free(tripsage__zone *zone);

/* What holds at that second. */
void tripsage__zone_at(const tripsage__zone *zone, int64_t seconds, tripsage__zone_period *period);

/* The second at which clocks show that local time; gaps and repeated times as in calendar.h. */
int64_t tripsage__zone_local(const tripsage__zone *zone, int32_t day, int minutes);

#endif
