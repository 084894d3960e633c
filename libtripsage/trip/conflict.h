/* trip/conflict.h: what in a plan cannot be as it stands. Pure: a plan in, a list out. */
#ifndef TRIPSAGE_TRIP_CONFLICT_H
#define TRIPSAGE_TRIP_CONFLICT_H

#include "trip/itinerary.h"

/* 500 conflicts: nobody reads further, and 1,000 items at the same moment would make half a million pairs. */
#define TRIPSAGE__CONFLICTS_MAX 500

typedef enum tripsage__conflict_reason {
    TRIPSAGE__CONFLICT_TIME = 0,  /* two items, of which neither is a stay, hold the same moment */
    TRIPSAGE__CONFLICT_NIGHT = 1, /* two stays hold the same night */
    TRIPSAGE__CONFLICT_DATES = 2  /* an item lies outside the trip's dates */
} tripsage__conflict_reason;

typedef struct tripsage__conflict {
    tripsage__conflict_reason reason;
    int32_t day; /* the local day on which it begins */
    size_t order;
    const tripsage__plan_item *first;  /* borrowed from the plan */
    const tripsage__plan_item *second; /* NULL for an item outside the dates */
} tripsage__conflict;

/* By day, then as they were found. */
typedef struct tripsage__conflicts {
    tripsage__conflict list[TRIPSAGE__CONFLICTS_MAX];
    size_t count;
    int truncated; /* there are more */
} tripsage__conflicts;

/* The days are the trip's first and last. *out is for tripsage__free(). */
tripsage_status tripsage__conflicts_find(tripsage__conflicts **out, const tripsage__plan *plan, int32_t first_day,
                                         int32_t last_day);

/* The nights a stay covers: from the day before the first of them to the day after the last; 0 when it is no stay or covers none. A stay whose
 * end was left out covers the night after its day. */
int tripsage__stay_nights(const tripsage__plan_item *item, int32_t *from, int32_t *to);

#endif
