/* open.h: the handle, for the files that compose the rooms. */
#ifndef TRIPSAGE_OPEN_H
#define TRIPSAGE_OPEN_H

#include <tripsage/store.h>

#include "store/store.h"

struct tripsage {
    tripsage__store *store;
    tripsage_cache *cache;
    tripsage_vector *vector;
    tripsage_auth *auth;
    tripsage_trips *trips;
};

#endif
