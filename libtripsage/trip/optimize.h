/* trip/optimize.h: one day of a plan, arranged anew. Pure: things with their times in, other times out; it asks a zone, and nobody else.
 *
 * All times are seconds since 1970-01-01T00:00:00Z, so that a day with a change of clocks and a flight that ends in another zone need no
 * case of their own. */
#ifndef TRIPSAGE_TRIP_OPTIMIZE_H
#define TRIPSAGE_TRIP_OPTIMIZE_H

#include <stddef.h>
#include <stdint.h>

#include "base/zone.h"

/* 48 things in a day: one each half hour, day and night. A day with more is no plan, and the search below takes its third power. */
#define TRIPSAGE__DAY_THINGS_MAX 48

typedef enum tripsage__objective {
    TRIPSAGE__OBJECTIVE_TIME = 0,       /* seconds from the first start to the last end */
    TRIPSAGE__OBJECTIVE_COST = 1,       /* metres between things with a place */
    TRIPSAGE__OBJECTIVE_CONVENIENCE = 2 /* how many things are unpleasant */
} tripsage__objective;

typedef struct tripsage__thing {
    size_t index; /* the caller's */
    int64_t start;
    int64_t end; /* equal to the start: a moment */
    int is_movable;
    int is_journey; /* its place is where it begins; where it ends is not known */
    int has_place;
    double latitude;
    double longitude;
} tripsage__thing;

typedef struct tripsage__day {
    tripsage__objective objective;
    const tripsage__zone *zone;
    int32_t date;
    tripsage__thing things[TRIPSAGE__DAY_THINGS_MAX]; /* by their starts; what is movable lies between begin and last */
    size_t count;

    /* From tripsage__day_init(). */
    int64_t begin;    /* midnight */
    int64_t last;     /* 23:59, the last moment a thing may end at without ending on another date */
    int64_t midnight; /* the next one */

    /* From tripsage__day_arrange(): the objective as it was, and as it is now. */
    int64_t before;
    int64_t after;
} tripsage__day;

/* An empty day. */
void tripsage__day_init(tripsage__day *day, tripsage__objective objective, const tripsage__zone *zone, int32_t date);

/* Adds a thing in its place among the others; 0 when there are too many. */
int tripsage__day_add(tripsage__day *day, const tripsage__thing *thing);

/* Gives movable things other times, when that makes the day better. Errors: TRIPSAGE_ENOMEM. */
tripsage_status tripsage__day_arrange(tripsage__day *day);

/* The minute since midnight that clocks show at that second; 0 when a local time written in minutes would not be read as that second
 * again, or lies on another date. */
int tripsage__day_minute(const tripsage__day *day, int64_t second, int *minute);

#endif
