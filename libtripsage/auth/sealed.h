/* auth/sealed.h: what the database keeps sealed: where it is, whether it can be read, and sealing it anew under today's key. */
#ifndef TRIPSAGE_AUTH_SEALED_H
#define TRIPSAGE_AUTH_SEALED_H

#include "store/store.h"

/* A column of sealed texts. */
typedef struct tripsage__sealed_place {
    /* $1: how texts under today's key begin (24 characters), $2: an id, $3: how many. Gives id, text and purpose of those that begin
     * otherwise and whose id is greater, in the order of the ids: UUIDs, or thumbprints. */
    const tripsage__statement *stale;
    /* $1: id, $2: the text it had, $3: the new one. Changes nothing where it has another by now. */
    const tripsage__statement *replace;
} tripsage__sealed_place;

/* Every place there is: whoever keeps something sealed adds his. */
extern const tripsage__sealed_place tripsage__sealed_places[];
extern const size_t tripsage__sealed_place_count;

#endif
