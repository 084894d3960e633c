/* trip/item.h: one item of an itinerary: read from JSON or from a row, placed in time, written as JSON.
 *
 * An item in memory borrows all its texts: from the reader of an input document, or from a row while its callback runs. */
#ifndef TRIPSAGE_TRIP_ITEM_H
#define TRIPSAGE_TRIP_ITEM_H

#include "base/json.h"
#include "base/zone.h"
#include "trip/trip.h"

/* 1,000: more than a year of days with three each; the whole itinerary is one answer. */
#define TRIPSAGE__ITEMS_MAX 1000

/* ---- words ---- */

typedef enum tripsage__item_type {
    TRIPSAGE__ITEM_ACTIVITY = 0,
    TRIPSAGE__ITEM_ACCOMMODATION = 1,
    TRIPSAGE__ITEM_TRANSPORT = 2,
    TRIPSAGE__ITEM_MEAL = 3,
    TRIPSAGE__ITEM_EVENT = 4,
    TRIPSAGE__ITEM_OTHER = 5
} tripsage__item_type;

typedef enum tripsage__booking {
    TRIPSAGE__BOOKING_PLANNED = 0,
    TRIPSAGE__BOOKING_RESERVED = 1,
    TRIPSAGE__BOOKING_BOOKED = 2,
    TRIPSAGE__BOOKING_COMPLETED = 3,
    TRIPSAGE__BOOKING_CANCELLED = 4
} tripsage__booking;

enum { TRIPSAGE__CATEGORIES = 5 };

/* Each list ends with NULL; an enumerator is the index of its word. */
extern const char *const tripsage__item_types[];
extern const char *const tripsage__bookings[];
extern const char *const tripsage__categories[]; /* those of a budget's breakdown, in its order */

/* The index of a word in such a list; 0 for one that is not there, which the tables' checks rule out. */
int tripsage__word_index(const char *const *words, const char *word);

/* ---- the item ---- */

typedef struct tripsage__item {
    char id[TRIPSAGE__UUID_SIZE];
    int64_t version;
    int64_t created_at;
    int64_t updated_at;

    int type;
    int booking;
    int category; /* -1: left out, see tripsage__item_category() */
    int is_flexible;
    const char *title;
    const char *description; /* here and below NULL: none */

    const char *item_date;
    const char *start_time;
    const char *end_date; /* NULL: item_date */
    const char *end_time;
    const char *timezone;     /* NULL only between tripsage__item_read() and the trip's zone taking its place */
    const char *end_timezone; /* NULL: timezone */

    /* The same as instants, from tripsage__item_place(). */
    int64_t sort_at;
    int64_t start_at; /* with start_time */
    int64_t end_at;   /* with end_time */

    const char *location_name;
    const char *location_address;
    int has_coordinates;
    double latitude;
    double longitude;

    int has_cost;
    int64_t cost;         /* minor units */
    const char *currency; /* NULL without a cost, or until the trip's takes its place */

    const char *booking_reference;
    const char *notes;
    const char *details; /* JSON text of an object */
    size_t details_size;
} tripsage__item;

/* The category, or the one that goes with the type. */
int tripsage__item_category(const tripsage__item *item);

/* Takes the members of the object the reader stands on, and closes it; what is wrong is collected there. With `is_update` a member that is
 * absent leaves what the item has; null brings the default back either way. `details` holds the text of that member, if it was given,
 * and is the caller's to free. */
void tripsage__item_read(tripsage__item *item, tripsage__reader *reader, tripsage__buf *details, int is_update);

/* Computes the instants; every text must be in its place. TRIPSAGE_EINVALID ("/end_time" or "/end_date") for an end before the start. */
tripsage_status tripsage__item_place(tripsage__item *item);

/* The zone of a trip on a day, from the text of its stops (JSON, as stored): see "Item" in tripsage/trip.h. "UTC" when the stops know none. */
tripsage_status tripsage__trip_zone(char out[TRIPSAGE__ZONE_NAME_SIZE], const char *destinations, const char *date);

/* Writes the record. For a reader who is no member, booking reference and notes are null. */
void tripsage__item_put(tripsage__buf *buf, const tripsage__item *item, const char *trip_id, int is_member);

/* ---- rows ---- */

/* From a row of this text's columns; `i` is the item. */
#define TRIPSAGE__SQL_ITEM_COLUMNS                                                                                     \
    "i.id, i.version, i.created_at, i.updated_at, i.item_type, i.booking_status, i.category, i.is_flexible, i.title, " \
    "i.description, i.item_date, i.start_time, i.end_date, i.end_time, i.timezone, i.end_timezone, i.sort_at, "        \
    "i.start_at, i.end_at, i.location_name, i.location_address, i.latitude, i.longitude, i.cost, i.currency, "         \
    "i.booking_reference, i.notes, i.details"
/* The items of trip t, behind it in FROM, in each dialect. PostgreSQL shows the rows to members of the trip; for whoever else may read it a
 * function does, without what is for members. */
#define TRIPSAGE__SQL_ITEMS_SQLITE   " JOIN itinerary_item i ON i.trip_id = t.id"
#define TRIPSAGE__SQL_ITEMS_POSTGRES " JOIN LATERAL readable_items(t.id) i ON true"
void tripsage__item_from_row(tripsage__item *item, const tripsage__row *row);

/* The texts of item i's row in the search index: what every reader of the trip may find, and what members may. */
#define TRIPSAGE__SQL_ITEM_BODY                                                                                        \
    "COALESCE(i.description, '') || COALESCE(char(10) || i.location_name, '') || "                                     \
    "COALESCE(char(10) || i.location_address, '')"
#define TRIPSAGE__SQL_ITEM_PRIVATE "COALESCE(i.notes, '') || COALESCE(char(10) || i.booking_reference, '')"

/* A copy with texts of its own, in one block for tripsage__free(); NULL when there is no memory. */
tripsage__item *tripsage__item_copy(const tripsage__item *item);

/* The values of an item's columns from item_type on, in the order of the list above, for statements that write one. */
#define TRIPSAGE__ITEM_VALUES 24
void tripsage__item_values(tripsage__value out[TRIPSAGE__ITEM_VALUES], const tripsage__item *item);

#endif
