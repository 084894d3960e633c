/* trip/cursor.h: where a page of a list ended, as a signed text that the caller brings back. */
#ifndef TRIPSAGE_TRIP_CURSOR_H
#define TRIPSAGE_TRIP_CURSOR_H

#include "trip.h"

/* A title: 200 characters of at most four bytes. */
#define TRIPSAGE__CURSOR_KEY_MAX 800

typedef struct tripsage__cursor {
    unsigned char sort, descending, scope;  /* what list it belongs to */
    char id[TRIPSAGE__UUID_SIZE];           /* of the last row */
    char key[TRIPSAGE__CURSOR_KEY_MAX + 1]; /* its sort key: text; "" where the id is the key */
    int64_t number;                         /* or a number */
} tripsage__cursor;

/* The text, to be freed. */
tripsage_status tripsage__cursor_write(char **out, const tripsage_trips *trips, const tripsage__cursor *cursor);

/* *genuine is 1 when the text is a cursor of this database; fails only for want of memory. */
tripsage_status tripsage__cursor_read(int *genuine, tripsage__cursor *out, const tripsage_trips *trips,
                                      const char *text);

#endif
