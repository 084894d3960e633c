/* trip/remembered.h: trips as they were read a moment ago, for those that many look at at once.
 *
 * An answer is given again only while nothing at all was committed since it was read, by this handle or any other process: its stamp
 * (tripsage__store_stamp) has to be that of now. So it is as fresh as a read, and rights need no thought of their own: what changes them
 * is committed, too. It also means that an answer is worth keeping only where a trip is read again before anybody writes anything.
 *
 * PostgreSQL's stamps are of single trips and may be late by as much as the program allows, which is nothing unless it says so
 * (tripsage_options.max_staleness_ms). */
#ifndef TRIPSAGE_TRIP_REMEMBERED_H
#define TRIPSAGE_TRIP_REMEMBERED_H

#include "cache/cache.h"
#include "trip/trip.h"

typedef struct tripsage__remembered tripsage__remembered;

tripsage_status tripsage__remembered_new(tripsage__remembered **out, tripsage__env *env);
void tripsage__remembered_free(tripsage__remembered *remembered); /* NULL is fine */

/* A document, or NULL. Before reading: fills `stamp`, for tripsage__remembered_keep(). */
typedef struct tripsage__asked {
    char key[2 *
             TRIPSAGE__UUID_SIZE]; /* the actor's user id ('' for the service role) and the trip's, each with its NUL */
    tripsage__stamp stamp;
    int has_stamp;
} tripsage__asked;
tripsage_doc *tripsage__remembered_find(tripsage__asked *asked, tripsage_trips *trips, const tripsage_actor *actor,
                                        const char *trip_id);

/* Keeps what was read after tripsage__remembered_find() found nothing. That it could not is no failure. */
void tripsage__remembered_keep(tripsage_trips *trips, const tripsage__asked *asked, const tripsage_doc *doc);

#endif
