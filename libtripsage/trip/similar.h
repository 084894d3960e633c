/* trip/similar.h: a vector for each trip, written with it, and the trips that are like one.
 *
 * It is made of what everybody who may read the trip may read: title, description, stops and tags. Notes are the members' own: in a
 * vector they would tell strangers, by what a public trip is like, what is in them.
 *
 * The vectors stand in the collection "trips" under the trips' ids. Their owner is a copy of the rights: nobody ('-') while the trip is
 * deleted, everybody for a public trip, else the trip's owner. It narrows a search, and the trip itself is asked as well. On SQLite
 * statements beside each change keep it, on PostgreSQL triggers do, for whoever writes; these also take the vector of a trip away whose
 * texts change, since who writes them may be no library of ours. */
#ifndef TRIPSAGE_TRIP_SIMILAR_H
#define TRIPSAGE_TRIP_SIMILAR_H

#include "trip.h"
#include "vector/vector.h"

extern const tripsage__collection tripsage__trip_collection;

/* The vector of a trip on its way into the store. */
typedef struct tripsage__trip_vector {
    int has_words; /* 0: there is nothing to compare in the texts, and no vector */
    unsigned char packed[TRIPSAGE_EMBEDDER_BUILTIN_DIMENSIONS * 4];
    tripsage__value params[9];
} tripsage__trip_vector;

/* `body` as tripsage__trip_body_put() makes it. The step writes the vector if the trip is there and has that version; actor and id are
 * borrowed. */
tripsage_status tripsage__trip_vector_make(tripsage__trip_vector *vector, const tripsage_actor *actor,
                                           const char *trip_id, int64_t version, int64_t now_ms, const char *title,
                                           const char *body, size_t body_size);
tripsage__step tripsage__trip_vector_step(tripsage__trip_vector *vector);

/* After a change of its owner, its visibility or its deletion: the vector's owner follows. */
tripsage__step tripsage__trip_vector_owner_step(const tripsage__trip_gate *gate);

/* A change of its texts. They are read before it, as they will be, and the vector made of them goes into the write behind the step that
 * drops the old one, which asks for the changes of the step before. If the trip was changed in between, it is without a vector then
 * (`version` tells, as the trip's that was read), and the texts are read and written again; if that loses, too, another one has come
 * later and does the same. A trip without a vector is compared with others by its texts, and found by none. */
typedef struct tripsage__trip_texts {
    int64_t version; /* 0: there is no such trip for the actor */
    tripsage__buf title, body;
} tripsage__trip_texts;

struct tripsage__trip_input;

tripsage_status tripsage__trip_texts_read(tripsage__trip_texts *texts, tripsage__trip_vector *vector,
                                          tripsage_trips *trips, const tripsage_actor *actor,
                                          const tripsage__trip_gate *gate, const struct tripsage__trip_input *input);
tripsage__step tripsage__trip_vector_drop_step(const tripsage__trip_gate *gate);
tripsage_status tripsage__trip_texts_again(tripsage__trip_texts *texts, tripsage__trip_vector *vector,
                                           tripsage_trips *trips, const tripsage_actor *actor,
                                           const tripsage__trip_gate *gate);
void tripsage__trip_texts_free(tripsage__trip_texts *texts);

#endif
