/* handle.h: what a handle holds, for the files beside this one, which compose the rooms. */
#ifndef TRIPSAGE_HANDLE_H
#define TRIPSAGE_HANDLE_H

#include <tripsage/store.h>

#include "auth/auth.h"
#include "cache/cache.h"
#include "store/store.h"
#include "trip/trip.h"
#include "vector/vector.h"

struct tripsage {
    tripsage__store *store;
    tripsage_cache *cache;
    tripsage_vector *vector;
    tripsage_auth *auth;
    tripsage_trips *trips;
};

/* Appends what tripsage_check finds, one JSON string per problem, separated by commas, and counts it. */
tripsage_status tripsage__handle_check(tripsage__buf *problems, size_t *count, tripsage *ts);

#endif
