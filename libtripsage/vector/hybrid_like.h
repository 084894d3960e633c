/* vector/hybrid_like.h: what is near to an item that is there: its vector becomes that of a scan within the read itself, so that nothing
 * has to be read first. */
#ifndef TRIPSAGE_VECTOR_HYBRID_LIKE_H
#define TRIPSAGE_VECTOR_HYBRID_LIKE_H

#include "vector_internal.h"

#define TRIPSAGE__VECTOR_LIKE_STEPS (1 + TRIPSAGE__VECTOR_SCAN_STEPS)

typedef struct tripsage__vector_like {
    tripsage__vector_scan *scan; /* made without a query */
    const char *id;              /* the caller's, until the read is done */
    tripsage__value values[10];
    int found; /* the item, for this actor */
} tripsage__vector_like;

/* Finds the item's vector and aims the scan at it: for who goes on by other steps than the scan's own. */
tripsage__step tripsage__vector_like_find_step(tripsage__vector_like *like, tripsage__vector_scan *scan,
                                               const char *id);
/* Steps for a read, the scan's among them. */
void tripsage__vector_like_steps(tripsage__vector_like *like, tripsage__vector_scan *scan, const char *id,
                                 tripsage__step out[TRIPSAGE__VECTOR_LIKE_STEPS]);
/* After the read, and after that of the scan: TRIPSAGE_ENOTFOUND (no such item the actor may find). */
tripsage_status tripsage__vector_like_end(const tripsage__vector_like *like);

#endif
