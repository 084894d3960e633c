/* tripsage/trip.h: trips and everything in them: itinerary, notes, collaborators, search, summary.
 *
 * Records are documents (tripsage/doc.h). Below, `?` marks a member that may be absent or null; a member marked
 * (read only) is accepted in input and ignored, so that what was read can be sent back; any other unknown member
 * is refused by name. Instants are RFC 3339 UTC with milliseconds; dates are YYYY-MM-DD; local times HH:MM; money is
 * an integer in the currency's minor unit (ISO 4217); ids are UUIDv7.
 *
 * Trip
 *   {"id" (read only), "user_id" (owner; read only), "title": 1..200 characters, "description"?: ..2000,
 *    "start_date", "end_date" (not before the start), "duration_days" (end - start + 1; read only),
 *    "destinations": 1..50 of Destination stop, "status": planning | booked | in_progress | completed | cancelled,
 *    "trip_type": leisure | business | family | solo | other, "visibility": private | shared | public,
 *    "tags": ..20 of 1..50 characters (trimmed, unique, order kept), "travelers": 1..100,
 *    "budget"?: {"total": minor units, "currency": ISO 4217, "breakdown"?: {"accommodation", "transportation", "food",
 *    "activities", "miscellaneous": minor units each}; the parts sum to no more than the total},
 *    "preferences": object of the caller's own making, at most 16 KiB,
 *    "role" (the actor's own: owner | admin | edit | view | public | service; read only),
 *    "version", "created_at", "updated_at", "deleted_at"? (read only)}
 *   Defaults: status planning, trip_type leisure, visibility private, tags [], travelers 1, no budget, preferences {}.
 *   Status goes planning -> booked | cancelled; booked -> planning | in_progress | completed | cancelled;
 *   in_progress -> completed | cancelled; completed and cancelled are final (duplicate the trip to plan it again).
 *
 * Destination stop
 *   {"name": 1..200, "country"?, "country_code"? (ISO 3166-1 alpha-2), "city"?,
 *    "coordinates"?: {"latitude", "longitude", "altitude"? (metres, -500..9000)}, "timezone"? (IANA),
 *    "arrival_date"?, "departure_date"?, "duration_days"? (1..3650, both days counted), "destination_id"? (of the catalogue)}
 *   Of the two dates and the days between, two give the third; where all three are given, the dates are what counts.
 *   A stop whose name, or destination_id, is in the catalogue gets the country, coordinates and zone it lacks from there.
 *
 * Item
 *   {"id" (read only), "trip_id" (read only), "item_type": activity | accommodation | transport | meal | event | other,
 *    "title": 1..200, "description"?: ..2000, "item_date", "start_time"?, "end_date"?, "end_time"?, "timezone"? (IANA, of the start),
 *    "end_timezone"? (of the end; the start's when absent), "location"?: {"name"?: ..200, "address"?: ..500, "latitude"?, "longitude"? (both or none)},
 *    "cost"?: minor units, "currency"? (required with cost unless the trip has a budget, whose currency it then is),
 *    "category"?: accommodation | transportation | food | activities | miscellaneous (default from item_type),
 *    "booking_reference"?: ..100, "booking_status": planned | reserved | booked | completed | cancelled (default planned),
 *    "notes"?: ..2000, "is_flexible": bool (false), "details": object, at most 8 KiB ({}),
 *    "start_at"?, "end_at"? (the same instants in UTC; read only), "version", "created_at", "updated_at" (read only)}
 *   "time_slot": {"start_time", "end_time"} is accepted for the two times. A timezone left out is the trip's: that of the stop
 *   whose arrival and departure dates hold the day, else of its first stop with a zone, else UTC. An end_date left out is the item_date;
 *   an end before the start, compared as instants (as days, unless both have a time), is refused. A local time that does not exist (clocks going forward) is
 *   read with the offset before the change, one that exists twice as the first (RFC 5545, 3.3.5).
 *
 * Note           {"id", "trip_id", "user_id" (author), "content": 1..10000, "version", "created_at", "updated_at"}
 * Collaborator   {"user_id", "email"?, "name"?, "permission_level": view | edit | admin, "added_by", "added_at"}
 *
 * Who may do what. owner > admin > edit > view > public reader. A trip whose visibility is public may be read by any
 * signed-in user: the trip, its itinerary without booking references and private notes, its summary; not its notes and
 * collaborators. `edit` changes content; `admin` also invites, changes and removes view and edit collaborators, but neither
 * grants nor touches admin; the owner does everything, and alone changes visibility, deletes, restores, purges and transfers. Everybody may leave a trip.
 * A trip the actor may not see is TRIPSAGE_ENOTFOUND, exactly as one that does not exist; one that may be seen but not
 * changed is TRIPSAGE_EFORBIDDEN. "shared" says that the trip has collaborators; it opens the trip to nobody else.
 *
 * Errors every call may give besides those named: TRIPSAGE_EUNAUTHENTICATED (actor is NULL), TRIPSAGE_EINVALID (with fields),
 * TRIPSAGE_EMALFORMED and TRIPSAGE_ETOOLARGE (calls that take JSON), TRIPSAGE_ENOTFOUND (calls that take an id; a malformed id names no record, so it is
 * not found either), TRIPSAGE_ENOMEM, TRIPSAGE_EMISUSE, and what the store gives (tripsage/store.h).
 * A failed call changes nothing and sets *out to NULL. Documents given are the caller's to free.
 *
 * Threads: a handle may be shared. Writes are durable when they return (tripsage/store.h).
 */
#ifndef TRIPSAGE_TRIP_H
#define TRIPSAGE_TRIP_H

#include <stddef.h>
#include <stdint.h>

#include "auth.h"
#include "doc.h"
#include "runtime.h"

TRIPSAGE_BEGIN_DECLS

typedef struct tripsage_trips tripsage_trips;

/* Opens trips alone over a database (see tripsage/store.h for URLs). `runtime` may be NULL and is copied.
 * Errors: those of tripsage_open. */
TRIPSAGE_API tripsage_status tripsage_trips_open(tripsage_trips **out, const char *url,
                                                 const tripsage_runtime *runtime);

/* Only for a handle from tripsage_trips_open. NULL is fine. */
TRIPSAGE_API void tripsage_trips_close(tripsage_trips *trips);

/* How a write is to be made; NULL in its place: no conditions. */
typedef struct tripsage_write_options {
    uint32_t version; /* 1; set by TRIPSAGE_WRITE_OPTIONS_INIT */

    /* The version the record must still have (If-Match), else TRIPSAGE_EPRECONDITION; 0: any. Not used by calls that create. */
    int64_t if_version;

    /* Calls that create: 1..255 printable ASCII characters of the caller's choice. A second call by the same actor with the same
     * key and the same input within 24 hours changes nothing and gives the first answer (tripsage_doc_replayed); with
     * another input it is TRIPSAGE_EIDEMPOTENCY. NULL: none. Not used by other calls. */
    const char *idempotency_key;
} tripsage_write_options;

#define TRIPSAGE_WRITE_OPTIONS_INIT                                                                                    \
    {                                                                                                                  \
        1, 0, NULL                                                                                                     \
    }

/* ---- trips ---- */

/* Creates a trip owned by the actor. Errors: TRIPSAGE_EFORBIDDEN (the service role owns nothing), TRIPSAGE_EIDEMPOTENCY. */
TRIPSAGE_API tripsage_status tripsage_trip_create(tripsage_doc **out, tripsage_trips *trips,
                                                  const tripsage_actor *actor, const char *json, size_t length,
                                                  const tripsage_write_options *options);

/* view. One row by primary key. */
TRIPSAGE_API tripsage_status tripsage_trip_get(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor,
                                               const char *trip_id);

/* edit (owner for visibility). Changes the members given; a member given as null goes back to its default (an error for those
 * that have none). Nested values are replaced whole. Errors: TRIPSAGE_ECONFLICT (status transition; field "/status" says what is allowed),
 * TRIPSAGE_EPRECONDITION. */
TRIPSAGE_API tripsage_status tripsage_trip_update(tripsage_doc **out, tripsage_trips *trips,
                                                  const tripsage_actor *actor, const char *trip_id, const char *json,
                                                  size_t length, const tripsage_write_options *options);

/* edit. The same as a JSON merge patch (RFC 7396): objects (budget, preferences) are merged member by member. */
TRIPSAGE_API tripsage_status tripsage_trip_patch(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor,
                                                 const char *trip_id, const char *json, size_t length,
                                                 const tripsage_write_options *options);

/* owner. Hides the trip from everybody but its owner's list of deleted trips; it can be restored until it is purged. */
TRIPSAGE_API tripsage_status tripsage_trip_delete(tripsage_trips *trips, const tripsage_actor *actor,
                                                  const char *trip_id, const tripsage_write_options *options);

/* owner. Brings a deleted trip back. TRIPSAGE_ECONFLICT when it is not deleted. */
TRIPSAGE_API tripsage_status tripsage_trip_restore(tripsage_doc **out, tripsage_trips *trips,
                                                   const tripsage_actor *actor, const char *trip_id);

/* owner. Removes a deleted trip and all it holds for good, the answers kept for idempotency keys with it. TRIPSAGE_ECONFLICT when it is not deleted. */
TRIPSAGE_API tripsage_status tripsage_trip_purge(tripsage_trips *trips, const tripsage_actor *actor,
                                                 const char *trip_id);

/* view. A copy owned by the actor: trip, stops and items, without notes, collaborators, booking references and booking states; status planning,
 * visibility private. `json` may be NULL, or {"title": text?, "start_date": date?}: without a title "Copy of ..." (cut to 200 characters); with a
 * start date every date in the copy moves by the same number of days, local times stay. */
TRIPSAGE_API tripsage_status tripsage_trip_duplicate(tripsage_doc **out, tripsage_trips *trips,
                                                     const tripsage_actor *actor, const char *trip_id, const char *json,
                                                     size_t length, const tripsage_write_options *options);

typedef enum tripsage_scope {
    TRIPSAGE_SCOPE_ALL = 0,    /* own and shared with me (search: and public) */
    TRIPSAGE_SCOPE_OWN = 1,    /* mine */
    TRIPSAGE_SCOPE_SHARED = 2, /* shared with me */
    TRIPSAGE_SCOPE_DELETED = 3 /* mine, deleted */
} tripsage_scope;

typedef enum tripsage_sort {
    TRIPSAGE_SORT_CREATED = 0, /* default, newest first */
    TRIPSAGE_SORT_UPDATED = 1,
    TRIPSAGE_SORT_START_DATE = 2,
    TRIPSAGE_SORT_TITLE = 3 /* by code point */
} tripsage_sort;

typedef struct tripsage_list_options {
    uint32_t version;   /* 1; set by TRIPSAGE_LIST_OPTIONS_INIT */
    uint32_t limit;     /* 1..100; 0: 20 */
    const char *cursor; /* tripsage_doc_next of the page before; NULL: the first. Bound to the same sort and scope */
    uint32_t skip;      /* rows to pass over, at most 10,000 (it costs as many reads); use the cursor instead */
    tripsage_scope scope;
    tripsage_sort sort;
    int descending;     /* -1: the sort's own (created and updated newest first, the others ascending), 0, 1 */
    int with_total;     /* 1: "total" is counted; costs a pass over all that match */
    const char *status; /* filters; NULL: any */
    const char *trip_type;
    const char *visibility;
    const char *tag;         /* exact */
    const char *destination; /* name, city or country of a stop, without regard to ASCII case */
    const char *from;        /* trips that end on or after this date */
    const char *to;          /* trips that start on or before this date */
    const char *starts_from; /* trips that start on or after this date */
    const char *ends_to;     /* trips that end on or before this date */
    const char *
        text; /* part of the title or description, at most 8,000 bytes, without regard to ASCII case; for words see tripsage_trip_search */
} tripsage_list_options;

#define TRIPSAGE_LIST_OPTIONS_INIT                                                                                     \
    {                                                                                                                  \
        1, 0, NULL, 0, TRIPSAGE_SCOPE_ALL, TRIPSAGE_SORT_CREATED, -1, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL,     \
            NULL, NULL, NULL                                                                                           \
    }

/* A page of trips: {"items":[{"id","user_id","title","start_date","end_date","duration_days","destinations":[names],"status","trip_type",
 * "visibility","tags","travelers","role","version","created_at","updated_at","deleted_at"?}],"limit":n,"skip":n,"next_cursor":text|null,"total"?:n}.
 * The cost of a page does not depend on how far into the list it is (keyset). The cursor is signed: one that was changed is
 * TRIPSAGE_EINVALID with field "#cursor". `options` may be NULL. */
TRIPSAGE_API tripsage_status tripsage_trip_list(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor,
                                                const tripsage_list_options *options);

/* view. {"id","trip_id","title","date_range": "Jun 01-15, 2026","duration_days","destinations":[names],"status","budget_summary":{"total"?,"currency"?,"spent","remaining"?,"utilization_percent"?,
 * "breakdown":{"accommodation":{"budget"?,"spent"},...},"other_currencies":[{"currency","spent"}]},"accommodation_summary"?,"transportation_summary"?,"items_total","items_booked","days_planned",
 * "nights_without_accommodation","has_itinerary","conflicts","completion_percentage"}. All of it is computed from the
 * stored data: spent is the sum of the costs of items that are not cancelled; costs in other currencies than the budget's (without a budget: all) are listed beside it,
 * never converted; remaining is negative, and utilization_percent above 100, when more was spent than planned. A day is planned when an item lies on it; a stay lies on its first
 * and last day. A night has a bed when a stay covers it or a journey goes through it. What needs a booking is accommodation, transport and events;
 * booked and completed items have one. Completion is the mean of the parts that apply: days planned, nights with a bed, bookings made. "conflicts" counts what
 * tripsage_itinerary_conflicts lists. */
TRIPSAGE_API tripsage_status tripsage_trip_summary(tripsage_doc **out, tripsage_trips *trips,
                                                   const tripsage_actor *actor, const char *trip_id);

/* Whoever may read the trip. The trips most like it among those the actor may read (its own, shared with it, public):
 * {"trip_id","items":[{"trip": as in tripsage_trip_list,"score"}],"method":"exact"|"hnsw"}, best first. Compared are titles,
 * descriptions, stops and tags, by the vectors of the collection "trips" (tripsage/vector.h); the score is their cosine similarity, and
 * what is below 0.2 is left out: it is chance. `limit` 1..50; 0: 10. TRIPSAGE_EINVALID (field "#limit").
 *
 * A trip that was made or changed gets its vector from the next of these calls, and from the next search of that collection by a handle
 * that has trips: up to 1,000 trips each, the newest first, which is a write. Where that fails, or more have changed than that, the log
 * says so or later calls go on, and these trips are not found meanwhile; tripsage_trip_similar_fill makes all of them. */
TRIPSAGE_API tripsage_status tripsage_trip_similar(tripsage_doc **out, tripsage_trips *trips,
                                                   const tripsage_actor *actor, const char *trip_id, uint32_t limit);

/* Gives its vector to each trip that lacks it, because it was made or changed since the last search (see tripsage_trip_similar), before
 * there were vectors, or by another program than this library; *count receives how many. Before an index of the collection "trips" is
 * built, and after many trips were brought in. Goes through all trips, a hundred in a write. Only the service role (TRIPSAGE_EFORBIDDEN). */
TRIPSAGE_API tripsage_status tripsage_trip_similar_fill(int64_t *count, tripsage_trips *trips,
                                                        const tripsage_actor *actor);

/* owner. Makes another user the owner; the old one stays as admin. TRIPSAGE_EINVALID (field "/user_id") unless
 * that user is a collaborator of the trip already. {"user_id"} */
TRIPSAGE_API tripsage_status tripsage_trip_transfer(tripsage_doc **out, tripsage_trips *trips,
                                                    const tripsage_actor *actor, const char *trip_id, const char *json,
                                                    size_t length, const tripsage_write_options *options);

/* view. The trip in another format. "json": {"trip", "items", "notes", "collaborators"} (the last two for members only); "csv": one line per item (RFC 4180, with a guard
 * against formulas); "ics": iCalendar (RFC 5545). *content is NUL-terminated: free with tripsage_free. *media_type is static.
 * TRIPSAGE_EINVALID (field "#format"). */
TRIPSAGE_API tripsage_status tripsage_trip_export(char **content, size_t *length, const char **media_type,
                                                  tripsage_trips *trips, const tripsage_actor *actor,
                                                  const char *trip_id, const char *format);

/* ---- itinerary ---- */

/* edit. Adds an item; the trip's updated_at moves. At most 1,000 per trip (TRIPSAGE_ELIMIT): more than a year of days with three each. */
TRIPSAGE_API tripsage_status tripsage_item_create(tripsage_doc **out, tripsage_trips *trips,
                                                  const tripsage_actor *actor, const char *trip_id, const char *json,
                                                  size_t length, const tripsage_write_options *options);

/* view. */
TRIPSAGE_API tripsage_status tripsage_item_get(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor,
                                               const char *trip_id, const char *item_id);

/* edit. As tripsage_trip_update. When a date, time or zone changes, the instants are computed anew. */
TRIPSAGE_API tripsage_status tripsage_item_update(tripsage_doc **out, tripsage_trips *trips,
                                                  const tripsage_actor *actor, const char *trip_id, const char *item_id,
                                                  const char *json, size_t length,
                                                  const tripsage_write_options *options);

/* edit. */
TRIPSAGE_API tripsage_status tripsage_item_delete(tripsage_trips *trips, const tripsage_actor *actor,
                                                  const char *trip_id, const char *item_id,
                                                  const tripsage_write_options *options);

/* view. All items in the order of their instants: {"id" (of the trip),"trip_id","title","start_date","end_date","items":[Item],"total_items"}. */
TRIPSAGE_API tripsage_status tripsage_itinerary_get(tripsage_doc **out, tripsage_trips *trips,
                                                    const tripsage_actor *actor, const char *trip_id);

/* view. {"has_conflicts","conflicts":[{"reason","date","severity","message","items":[{"id","title","start_at"?,"end_at"?}]}],"truncated"?}, by date.
 * reason time_overlap: two items hold the same moment, compared as instants whatever their zones and days; every pair of them is told. An item without an
 * end time is a moment; items that only touch do not overlap; items without a start time, and cancelled ones, overlap with nothing. A stay in an
 * accommodation overlaps only with another stay, and only when the two cover the same night, so that they may share the day of change; its times do not matter, and without
 * an end_date it covers one night. reason outside_trip_dates: an item lies on a day before or after the trip, by its local dates.
 * severity warning when one of the items is flexible, else error. At most 500 conflicts are listed; "truncated": true says that there are more. */
TRIPSAGE_API tripsage_status tripsage_itinerary_conflicts(tripsage_doc **out, tripsage_trips *trips,
                                                          const tripsage_actor *actor, const char *trip_id);

/* view. Proposes better times for the flexible items of each day, and changes nothing: who agrees applies a change with
 * tripsage_item_update, its two times and, as the condition, its version. {"original_itinerary": as from tripsage_itinerary_get,
 * "optimized_itinerary": the same with the times, instants and order proposed,
 * "changes":[{"item_id","title","date","version","from":{"start_time","end_time"},"to":{"start_time","end_time"}}] by their new starts,
 * "optimization_score": 0..1}.
 *
 * `settings` says what is better. It is measured over the items of a local day (a date in a zone) that have a start, stays and cancelled
 * items left out:
 *   "time"         (also for NULL) the span from the first start to the last end: least waiting;
 *   "cost"         the distance from place to place in the order of the day (items without coordinates are passed over), since a way
 *                  costs by its length; great circles by the haversine formula (Sinnott, "Virtues of the Haversine", 1984);
 *   "convenience"  how many things are unpleasant: an item that begins before 09:00, one that ends after 21:00, less than 30 minutes
 *                  from the end of one to the start of the next.
 * Between equals the shorter way is better, then the smaller move.
 *
 * Moved are items with is_flexible that have both times, on one date and in one zone, and are neither stays nor completed or cancelled.
 * They keep date and duration, and stay between 08:00 and 22:00, or as far as the day's items reach beyond. Everything else stays as it
 * is, and nothing is put in its way: no overlap is made (as tripsage_itinerary_conflicts means it), and the ways get their time, 20 km/h
 * for the first 20 km and 60 km/h for the rest, in whole minutes; where a transport item ends is not known, so no way is counted from
 * it. A proposed time is one that clocks show on that day, the first where one comes twice. A day changes only when the objective
 * becomes less, or when its flexible items stand in the way of something and room is found for them, which may take more of the
 * objective; what finds no room stays where it is. The score is the share of the objective saved, over all days on which something may
 * be moved, to four decimals; 0 when nothing is.
 *
 * All orders of a day are tried while there are at most 5,040 (seven flexible items alone, six and a fixed one, four and six); for more,
 * items are inserted one by one (Rosenkrantz, Stearns and Lewis, 1977), then single ones are put elsewhere (Or, 1976) and stretches
 * turned around (2-opt, Croes, 1958) while that helps, in at most eight rounds of n^2 orders. A day of more than 48 items is left as it
 * is. Equal itineraries get equal answers. TRIPSAGE_EINVALID (field "#settings"). */
TRIPSAGE_API tripsage_status tripsage_itinerary_optimize(tripsage_doc **out, tripsage_trips *trips,
                                                         const tripsage_actor *actor, const char *trip_id,
                                                         const char *settings);

/* ---- notes: members only ---- */

/* edit. {"content"}. At most 1,000 per trip (TRIPSAGE_ELIMIT). */
TRIPSAGE_API tripsage_status tripsage_note_create(tripsage_doc **out, tripsage_trips *trips,
                                                  const tripsage_actor *actor, const char *trip_id, const char *json,
                                                  size_t length, const tripsage_write_options *options);
/* view. {"items":[Note],"total":n}, oldest first. */
TRIPSAGE_API tripsage_status tripsage_note_list(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor,
                                                const char *trip_id);
/* view. */
TRIPSAGE_API tripsage_status tripsage_note_get(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor,
                                               const char *trip_id, const char *note_id);
/* edit; an author changes and deletes his own, admin and owner everybody's. */
TRIPSAGE_API tripsage_status tripsage_note_update(tripsage_doc **out, tripsage_trips *trips,
                                                  const tripsage_actor *actor, const char *trip_id, const char *note_id,
                                                  const char *json, size_t length,
                                                  const tripsage_write_options *options);
/* As tripsage_note_update. */
TRIPSAGE_API tripsage_status tripsage_note_delete(tripsage_trips *trips, const tripsage_actor *actor,
                                                  const char *trip_id, const char *note_id,
                                                  const tripsage_write_options *options);

/* ---- collaborators: members only ---- */

/* admin (owner to grant admin). {"user_emails": 1..50 of e-mail addresses or user ids, "permission_level": view|edit|admin (view)}: all or none; an address without an account is
 * TRIPSAGE_EINVALID with field "/user_emails/i"; a user id is taken as it is, since a program may keep accounts of its own. A user who is a collaborator already gets the new level (an admin's level only from the owner). A private trip becomes shared.
 * Gives {"items":[Collaborator],"total","owner_id"} of those named. At most 100 per trip (TRIPSAGE_ELIMIT). */
TRIPSAGE_API tripsage_status tripsage_trip_share(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor,
                                                 const char *trip_id, const char *json, size_t length);
/* view. {"collaborators":[Collaborator],"total","owner_id"}, in the order they were added. */
TRIPSAGE_API tripsage_status tripsage_collaborator_list(tripsage_doc **out, tripsage_trips *trips,
                                                        const tripsage_actor *actor, const char *trip_id);
/* admin (owner for admins). {"permission_level"}. Nobody changes his own level (TRIPSAGE_EFORBIDDEN). */
TRIPSAGE_API tripsage_status tripsage_collaborator_update(tripsage_doc **out, tripsage_trips *trips,
                                                          const tripsage_actor *actor, const char *trip_id,
                                                          const char *user_id, const char *json, size_t length);
/* admin (owner for admins); everybody for himself, which is leaving. */
TRIPSAGE_API tripsage_status tripsage_collaborator_remove(tripsage_trips *trips, const tripsage_actor *actor,
                                                          const char *trip_id, const char *user_id);

/* ---- search ---- */

typedef struct tripsage_search_options {
    uint32_t version;     /* 1; set by TRIPSAGE_SEARCH_OPTIONS_INIT */
    uint32_t limit;       /* 1..100; 0: 20 */
    uint32_t skip;        /* at most 1,000: nobody reads further down a ranking */
    tripsage_scope scope; /* ALL, OWN or SHARED */
    const char *status;   /* of the trip; NULL: any */
} tripsage_search_options;

#define TRIPSAGE_SEARCH_OPTIONS_INIT                                                                                   \
    {                                                                                                                  \
        1, 0, 0, TRIPSAGE_SCOPE_ALL, NULL                                                                              \
    }

/* Full-text search over titles, descriptions, stops, tags, items and notes of the trips the actor may see, ranked by what BM25 (Robertson
 * and Zaragoza, 2009) says of a record by itself, so that a score tells nothing of other people's records; titles weigh most. All words
 * must occur in one record, the last one as a prefix; "quoted words" must stand together;
 * letters match without regard to case and diacritics. Of records that rank alike trips come first, then items, then notes, each in
 * the order of their making. Any text of up to 1,000 bytes is a valid query (nobody types more): nothing in it is an operator. TRIPSAGE_EINVALID (field "#query", or an option).
 * {"query","items":[{"kind": "trip"|"item"|"note","id","trip_id","title","snippet" (matches between <mark> and </mark>, HTML-escaped),"score","trip":{list entry as in
 * tripsage_trip_list}}],"limit","skip"}. */
TRIPSAGE_API tripsage_status tripsage_trip_search(tripsage_doc **out, tripsage_trips *trips,
                                                  const tripsage_actor *actor, const char *query,
                                                  const tripsage_search_options *options);

TRIPSAGE_END_DECLS

#endif
