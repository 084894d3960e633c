/* trip/create.h: a trip on its way into the store: what creating and copying one share. */
#ifndef TRIPSAGE_TRIP_CREATE_H
#define TRIPSAGE_TRIP_CREATE_H

#include "record.h"
#include "similar.h"

typedef struct tripsage__creation {
    tripsage__trip_input input;
    char id[TRIPSAGE__UUID_SIZE];
    int64_t now;
    tripsage_doc *doc; /* the answer, made before the write */
    tripsage__idempotency key;

    /* What the steps are given. */
    char acl[1 + 32 + sizeof " public"];
    tripsage__buf body;
    tripsage__value insert[21];
    tripsage__value index[4];
} tripsage__creation;

/* The first line; free on every path after it. */
void tripsage__creation_init(tripsage__creation *c);
void tripsage__creation_free(tripsage__creation *c);

/* TRIPSAGE_EUNAUTHENTICATED, and TRIPSAGE_EFORBIDDEN for the service role. */
tripsage_status tripsage__creation_check_actor(const tripsage_actor *actor);

/* Reads the trip, gives it an id, makes the answer and the parameters. c->key is set up before. */
tripsage_status tripsage__creation_prepare(tripsage__creation *c, tripsage_trips *trips, const tripsage_actor *actor,
                                           const char *json, size_t length);

/* Writes the trip and, in the same write, whatever `more` says; then hands the answer out, this one or an earlier call's. */
tripsage_status tripsage__creation_write(tripsage_doc **out, tripsage__creation *c, tripsage_trips *trips,
                                         const tripsage_actor *actor, const tripsage__step *more, size_t more_count);

#endif
