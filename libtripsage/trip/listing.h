/* trip/listing.h: rows written straight into an answer, as elements of an array or members of an object. */
#ifndef TRIPSAGE_TRIP_LISTING_H
#define TRIPSAGE_TRIP_LISTING_H

#include "base/buf.h"

/* A step's context. */
typedef struct tripsage__listing {
    tripsage__buf *json;
    size_t start; /* what stood in it before the rows */
    int64_t count;
} tripsage__listing;

/* `head` opens the array or the object. */
void tripsage__listing_open(tripsage__listing *listing, tripsage__buf *json, const char *head);
/* The step's on_begin: forgets the rows of an earlier run. */
void tripsage__listing_begin(void *listing);
/* In front of each row. */
void tripsage__listing_next(tripsage__listing *listing);
/* `tail` closes the array or the object; behind it stands how many there were, as "total", and the answer's end. */
void tripsage__listing_close(tripsage__listing *listing, const char *tail);

#endif
