/* trip/similar.h: a vector for each trip, made when it is asked for, and the trips that are like one.
 *
 * It is made of what everybody who may read the trip may read: title, description, stops and tags. Notes are the members' own: in a
 * vector they would tell strangers, by what a public trip is like, what is in them.
 *
 * The vectors stand in the collection "trips" under the trips' ids, and are of the trips' texts as they are, or not there. A write that
 * changes texts takes the vector away and notes that it is wanted (trip_unembedded). The next search that compares trips makes what is
 * wanted, and so do searches of the collection by itself (tripsage/vector.h) where the handle has trips.
 *
 * Their owner is a copy of the rights: nobody ('-') while the trip is deleted, everybody for a public trip, else the trip's owner. It
 * narrows a search, and the trip itself is asked as well. All of this is kept on SQLite by statements beside each change, on PostgreSQL by
 * triggers, for whoever writes. */
#ifndef TRIPSAGE_TRIP_SIMILAR_H
#define TRIPSAGE_TRIP_SIMILAR_H

#include "trip.h"
#include "vector/vector.h"

extern const tripsage__collection tripsage__trip_collection;

/* Makes what is wanted, up to 1,000; where that fails, the log says so. */
tripsage_status tripsage__trip_vectors_make(tripsage_trips *trips);

/* The steps of a write that makes a trip: right behind its insert, and in front of whatever asks for last_insert_rowid(), which stays what
 * it was. `once`: if the statement before it has changed something, and it tells the same to the one behind it. */
tripsage__step tripsage__trip_vector_want_new_step(int once);

/* Of one that changes the texts: two steps, behind one that tells of that change by its own, and which tell nothing any more. */
#define TRIPSAGE__TRIP_VECTOR_STEPS 2
void tripsage__trip_vector_want_steps(const tripsage__trip_gate *gate, tripsage__step out[TRIPSAGE__TRIP_VECTOR_STEPS]);

/* After a change of its owner, its visibility or its deletion: the vector's owner follows. */
tripsage__step tripsage__trip_vector_owner_step(const tripsage__trip_gate *gate);

#endif
