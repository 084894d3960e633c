/* trip/summary.h: what a plan adds up to. Pure: a plan in, numbers out. */
#ifndef TRIPSAGE_TRIP_SUMMARY_H
#define TRIPSAGE_TRIP_SUMMARY_H

#include "trip/itinerary.h"

#define TRIPSAGE__DATE_RANGE_SIZE 32 /* "Dec 30, 2026 - Jan 02, 2027" */

/* "Jun 01-15, 2026", "Jun 28 - Jul 03, 2026", "Dec 30, 2026 - Jan 02, 2027", "Jun 01, 2026". */
void tripsage__date_range(char out[TRIPSAGE__DATE_RANGE_SIZE], int32_t first_day, int32_t last_day);

/* Sums are of items that are not cancelled; a sum past INT64_MAX stays there. */
typedef struct tripsage__summary {
    size_t items;        /* all, the cancelled ones too */
    size_t items_booked; /* booked or completed */
    size_t stays;        /* here and below: not cancelled */
    size_t stays_booked;
    size_t journeys; /* transport */
    size_t journeys_booked;
    size_t to_book; /* stays, journeys and events, which are what one books */
    size_t to_book_booked;

    int32_t days;
    int32_t days_planned;   /* on which an item lies; a stay lies on its first and its last day */
    int32_t nights;         /* between the days */
    int32_t nights_covered; /* by a stay, or spent on the way (a journey that ends on a later day) */
    int completion;         /* 0..100 */

    int64_t spent; /* in the budget's currency */
    int64_t spent_by_category[TRIPSAGE__CATEGORIES];
} tripsage__summary;

/* The days are the trip's first and last; `currency` is the budget's, "" without one. */
tripsage_status tripsage__summary_of(tripsage__summary *out, const tripsage__plan *plan, int32_t first_day,
                                     int32_t last_day, const char *currency);

/* Writes what was spent in other currencies than `currency`, by code: [{"currency","spent"}]. */
tripsage_status tripsage__other_currencies_put(tripsage__buf *json, const tripsage__plan *plan, const char *currency);

#endif
