/* trip/searches.h: a request of the search over everything, as its two files share it. */
#ifndef TRIPSAGE_TRIP_SEARCHES_H
#define TRIPSAGE_TRIP_SEARCHES_H

#include <tripsage/search.h>

#include "base/crypto.h"
#include "base/json.h"
#include "trip.h"

typedef struct tripsage__search_request {
    tripsage__reader reader;
    const char *query, *destination, *sort_by, *sort_order;
    int64_t limit, price_min, price_max; /* prices: 0 for any */
    int trips, destinations, memories;   /* which are asked for */
    int has_near;
    double latitude, longitude, radius_km;
} tripsage__search_request;

/* Free on every path. Text is the reader's. */
tripsage_status tripsage__search_request_read(tripsage__search_request *q, const char *json, size_t length);
void tripsage__search_request_free(tripsage__search_request *q);

/* What is kept of one search. */
typedef struct tripsage__search_note {
    char id[TRIPSAGE__UUID_SIZE];
    char digest[2 * TRIPSAGE__SHA256_SIZE + 1];
    tripsage__buf request; /* compact JSON */
    tripsage__buf words;   /* of the query, in lower case */
    const char *query;     /* borrowed from the request */
    int hit;               /* all of it was given from memory */
} tripsage__search_note;

/* Free on every path. The request stays until then. */
tripsage_status tripsage__search_note_init(tripsage__search_note *note, tripsage_trips *trips,
                                           const tripsage__search_request *q);
void tripsage__search_note_free(tripsage__search_note *note);

/* Writes them in one transaction, and lets go of what is too much or too old. */
tripsage_status tripsage__search_notes_write(tripsage_trips *trips, const tripsage_actor *actor,
                                             const tripsage__search_note *notes, size_t count);

#define TRIPSAGE__SEARCH_BULK_MAX 10u

/* Every statement about searches, for the plan test. */
const tripsage__statement *const *tripsage__searches_statements(size_t *count);

#endif
