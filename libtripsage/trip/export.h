/* trip/export.h: a trip in other formats. The writers are pure: they append to a buffer, item by item. */
#ifndef TRIPSAGE_TRIP_EXPORT_H
#define TRIPSAGE_TRIP_EXPORT_H

#include "trip/itinerary.h"

/* ---- CSV (RFC 4180) ---- */

void tripsage__csv_put_header(tripsage__buf *csv);
/* One line. For a reader who is no member, booking reference and notes are empty. */
void tripsage__csv_put_item(tripsage__buf *csv, const tripsage__item *item, int is_member);

/* ---- iCalendar (RFC 5545) ---- */

/* A calendar that is being written. Free on every path. */
typedef struct tripsage__ics {
    tripsage__buf events;
    tripsage__buf line; /* the content line that is being made, not folded yet */
    struct tripsage__ics_zone *zones;
    size_t zone_count;
    size_t zone_capacity;
    size_t event_count;
} tripsage__ics;

void tripsage__ics_init(tripsage__ics *ics);
void tripsage__ics_free(tripsage__ics *ics);

/* One event. Not the failures of the buffers, which tripsage__ics_put() gives, but TRIPSAGE_ENOMEM, and TRIPSAGE_EIO for a zone that cannot be read. */
tripsage_status tripsage__ics_add(tripsage__ics *ics, const tripsage__item *item, int is_member);

/* The trip itself as an all-day event, for a calendar that would have no component otherwise, which RFC 5545 does not allow. The days are
 * texts YYYY-MM-DD. */
void tripsage__ics_add_trip(tripsage__ics *ics, const char *id, const char *title, const char *start_date,
                            const char *end_date, int64_t updated_at, int64_t version);

/* The whole calendar. */
tripsage_status tripsage__ics_put(tripsage__buf *out, tripsage__ics *ics, const char *title);

#endif
