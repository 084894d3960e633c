/* trip/remembered.h: answers as they were given a moment ago, for what many look at at once.
 *
 * An answer about trips is given again only while nothing at all was committed since it was read, by this handle or any other process: its stamp
 * (tripsage__store_stamp) has to be that of now. So it is as fresh as a read, and rights need no thought of their own: what changes them
 * is committed, too. It also means that an answer is worth keeping only where it is asked for again before anybody writes anything.
 *
 * PostgreSQL's stamps are of single trips, or of all of them, and may be late by as much as the program allows, which is nothing unless it says so
 * (tripsage_options.max_staleness_ms). The catalogue of destinations does not change while it is open, so answers from it alone need no stamp.
 *
 *     tripsage__asked_begin(&asked, TRIPSAGE__ASKED_SEARCH, actor);
 *     tripsage__asked_text(&asked, query);
 *     *out = tripsage__remembered_find(&asked, trips, TRIPSAGE__WHILE_NOTHING_CHANGES);
 *     if (*out)
 *         return TRIPSAGE_OK;
 *     ... read ...
 *     tripsage__remembered_keep(trips, &asked, doc);
 */
#ifndef TRIPSAGE_TRIP_REMEMBERED_H
#define TRIPSAGE_TRIP_REMEMBERED_H

#include "cache/cache.h"
#include "trip/trip.h"

typedef struct tripsage__remembered tripsage__remembered;

tripsage_status tripsage__remembered_new(tripsage__remembered **out, tripsage__env *env);
void tripsage__remembered_free(tripsage__remembered *remembered); /* NULL is fine */

/* ---- what is asked ---- */

typedef enum tripsage__asked_kind {
    TRIPSAGE__ASKED_TRIP,
    TRIPSAGE__ASKED_SEARCH,
    TRIPSAGE__ASKED_DESTINATIONS
} tripsage__asked_kind;

typedef struct tripsage__asked {
    char key[TRIPSAGE_CACHE_KEY_MAX];
    size_t size; /* of the key; more than there is room for: the question is too long to be remembered */
    tripsage__asked_kind kind;
    tripsage__stamp stamp;
    int is_fresh; /* the stamp is there, or none is needed */
} tripsage__asked;

/* `actor` NULL: the answer is the same for everybody. */
void tripsage__asked_begin(tripsage__asked *asked, tripsage__asked_kind kind, const tripsage_actor *actor);
/* Each parameter, in the same order always. */
void tripsage__asked_text(tripsage__asked *asked, const char *text);               /* NULL is another than "" */
void tripsage__asked_bytes(tripsage__asked *asked, const void *data, size_t size); /* of a fixed size */

/* A trip, as this actor reads it. */
static inline void tripsage__asked_trip(tripsage__asked *asked, const tripsage_actor *actor, const char *trip_id)
{
    tripsage__asked_begin(asked, TRIPSAGE__ASKED_TRIP, actor);
    tripsage__asked_text(asked, trip_id);
}

/* ---- answers ---- */

/* In the place of a trip's id: while no trip changes; while the catalogue is open. */
extern const char tripsage__while_nothing_changes[], tripsage__for_good[];
#define TRIPSAGE__WHILE_NOTHING_CHANGES tripsage__while_nothing_changes
#define TRIPSAGE__FOR_GOOD              tripsage__for_good

/* A document, or NULL; then what is read next may be given to tripsage__remembered_keep(). */
tripsage_doc *tripsage__remembered_find(tripsage__asked *asked, tripsage_trips *trips, const char *of);

/* Keeps what was read after tripsage__remembered_find() found nothing. That it could not is no failure. */
void tripsage__remembered_keep(tripsage_trips *trips, const tripsage__asked *asked, tripsage_doc *doc);

#endif
