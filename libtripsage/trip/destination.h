/* trip/destination.h: the catalogue in memory: every place of it, found by id and by name, without a lock and without the store.
 *
 * The index is made from the text embedded in the library when a tripsage_trips is opened (tripsage__catalogue_load) and never changes; the
 * same catalogue stands in the store, where full text and vectors are searched.
 *
 * To complete the stop of a trip:
 *
 *     const tripsage__destination *d =
 *         tripsage__destination_find(trips->destinations, destination_id, name, country, country_code);
 *     if (d) { ... fill what is NULL from d->country, d->country_code, d->latitude, d->longitude, d->timezone, d->id ... }
 */
#ifndef TRIPSAGE_TRIP_DESTINATION_H
#define TRIPSAGE_TRIP_DESTINATION_H

#include "trip.h"
#include "vector/vector.h"

/* A place. Text is the index's own. */
typedef struct tripsage__destination {
    const char *id;
    const char *name;
    const char *folded; /* the name in lower-case letters without marks, single spaces: what names are compared by */
    const char *country;
    const char *country_code;
    const char *continent;
    const char *timezone;
    const char *currency;
    const char *description;
    const tripsage__json *tags; /* array of text */
    unsigned months;            /* the best ones; bit 1 is January */
    double latitude;
    double longitude;
    int64_t daily_cost; /* US cents */
} tripsage__destination;

typedef struct tripsage__destination_index tripsage__destination_index;

struct tripsage__destination_index {
    tripsage__json *json; /* the catalogue's text, taken apart */
    char *folded;         /* all folded names */
    size_t count;
    tripsage__destination *all;            /* in the catalogue's order */
    const tripsage__destination **by_id;   /* ascending */
    const tripsage__destination **by_name; /* ascending by folded name, then by id */
};

/* From a catalogue's text, which is trusted to be one. Errors: TRIPSAGE_ENOMEM, TRIPSAGE_ECORRUPT. */
tripsage_status tripsage__destination_index_new(tripsage__destination_index **out, const char *json, size_t length);
void tripsage__destination_index_free(tripsage__destination_index *index);

const tripsage__destination *tripsage__destination_by_id(const tripsage__destination_index *index, const char *id);

/* The place that a stop means: by destination_id when there is one, else by exact name, letters compared without case and marks. A country
 * (in the catalogue's words, or as "USA", "UK" and the like) or a country code, when given, has to be the place's; namesakes in several countries need one. NULL when there is none, or more
 * than one. Every argument may be NULL. */
const tripsage__destination *tripsage__destination_find(const tripsage__destination_index *index,
                                                        const char *destination_id, const char *name,
                                                        const char *country, const char *country_code);

/* Whether a text speaks of where the place is. The text is folded, stands between spaces, and has names in it where it had words such as
 * "greek" (tripsage__word_place). */
typedef enum tripsage__named {
    TRIPSAGE__NAMED_NOT,
    TRIPSAGE__NAMED_CONTINENT,
    TRIPSAGE__NAMED_COUNTRY,
} tripsage__named;
tripsage__named tripsage__destination_named(const tripsage__destination *d, const char *text);

/* The codes of the countries, with spaces between them, that a text (words between spaces, and a space before and behind) names otherwise
 * than by their English name: "brasil", "south east asia". NULL: no more. *at begins at 0. */
const char *tripsage__destination_place_in(size_t *at, const char *text);

int tripsage__destination_has_tag(const tripsage__destination *d, const char *tag); /* whatever its case */

/* The record as tripsage/destination.h has it, without its closing brace, for members to follow. */
void tripsage__destination_put_open(tripsage__buf *buf, const tripsage__destination *d);

/* Brings the catalogue in the store up to date, if it is not, and sets trips->destinations. One small read when it is. */
tripsage_status tripsage__catalogue_load(tripsage_trips *trips);

/* Where the catalogue is searched: the trips' own store if that has FTS5, else one in memory, made by the first who asks. Borrowed.
 * `compares`: vectors are looked at, which the first one of a database makes, in a write of some 20 ms; others who come meanwhile wait for
 * it. */
tripsage_status tripsage__catalogue_store(tripsage__store **out, tripsage_trips *trips, int compares);

/* The collection its vectors stand in: ids are those of the places, items are everybody's. */
extern const tripsage__collection tripsage__destination_collection;

/* Every statement about destinations, for the plan test. */
const tripsage__statement *const *tripsage__destination_statements(size_t *count);

extern const tripsage__statement tripsage__sql_catalogue_checksum, tripsage__sql_catalogue_clear,
    tripsage__sql_catalogue_insert, tripsage__sql_catalogue_reindex, tripsage__sql_catalogue_mark,
    tripsage__sql_destination_match, tripsage__sql_saved_gate, tripsage__sql_saved_put, tripsage__sql_saved_read,
    tripsage__sql_saved_list, tripsage__sql_saved_delete, tripsage__sql_suggest_trips;

#endif
