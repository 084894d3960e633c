/* tripsage/destination.h: the catalogue of destinations, search by meaning over it, and suggestions.
 *
 * The catalogue is data that comes with the library and is loaded into a new database (and brought up to date by a
 * newer library). Destination
 *   {"id": "kyoto-jp","name","country","country_code","continent","coordinates":{"latitude","longitude"},"timezone","currency",
 *    "tags":[text],"best_months":[1..12],"daily_cost":{"amount": minor units,"currency":"USD"},"description"}
 *
 * The catalogue is the same for everybody: any actor may read it; NULL may not. What is saved is the actor's own.
 * Errors every call may give besides those named, ownership and threads: as in tripsage/trip.h, whose handle it is.
 */
#ifndef TRIPSAGE_DESTINATION_H
#define TRIPSAGE_DESTINATION_H

#include "trip.h"

TRIPSAGE_BEGIN_DECLS

/* One destination by its id. TRIPSAGE_ENOTFOUND. */
TRIPSAGE_API tripsage_status tripsage_destination_get(tripsage_doc **out, tripsage_trips *trips,
                                                      const tripsage_actor *actor, const char *destination_id);

typedef struct tripsage_destination_query {
    uint32_t version;      /* 1; set by TRIPSAGE_DESTINATION_QUERY_INIT */
    const char *text;      /* words or a whole sentence; NULL: all, by name */
    uint32_t limit;        /* 1..50; 0: 10 */
    const char *continent; /* filters; NULL or 0: any. Africa, Asia, Europe, North America, South America, Oceania */
    const char *country_code;
    const char *const *tags; /* every one must be there */
    size_t tag_count;
    int month;              /* 1..12: it must be among the best months */
    int64_t max_daily_cost; /* US cents; 0: any */
    int has_near;           /* 1: within radius_km of latitude, longitude, nearest first when text is NULL */
    double latitude, longitude, radius_km;
} tripsage_destination_query;

#define TRIPSAGE_DESTINATION_QUERY_INIT                                                                                \
    {                                                                                                                  \
        1, NULL, 0, NULL, NULL, NULL, 0, 0, 0, 0, 0.0, 0.0, 0.0                                                        \
    }

/* Search by words and by meaning together: full text (BM25, any of the words) and embedding similarity, fused by reciprocal
 * rank (Cormack et al., 2009, k = 60); filters hold for both. Being in a country or continent that the text names ("Greek
 * islands") is a third ranking. Any text is a valid query: nothing in it is an operator; without a word in it, it is no text. A
 * name with a slip in it is found by its letters when no word of the text is found.
 * {"items":[Destination with "score" (0..1; 1: first by words and by meaning, and where the text says), "distance_km"? and
 * "matched": ["text","meaning"]],"total_results","did_you_mean"? (the name that was found by its letters),"method":"hybrid"|"filter"}.
 * Errors: TRIPSAGE_EINVALID ("#text": over 500 bytes or not UTF-8, "#limit", "#continent", "#country_code", "#tags": more than
 * 16, "#month", "#max_daily_cost", "#latitude", "#longitude", "#radius_km"). */
TRIPSAGE_API tripsage_status tripsage_destination_search(tripsage_doc **out, tripsage_trips *trips,
                                                         const tripsage_actor *actor,
                                                         const tripsage_destination_query *query);

/* Names that complete what was typed so far, for a search box: names that begin so, then names of which another word does; letters match
 * without regard to case and diacritics. {"items":[{"id","name","country"}]}. `limit` 1..50; 0: 10.
 * Errors: TRIPSAGE_EINVALID ("#prefix": NULL, "#limit"). */
TRIPSAGE_API tripsage_status tripsage_destination_complete(tripsage_doc **out, tripsage_trips *trips,
                                                           const tripsage_actor *actor, const char *prefix,
                                                           uint32_t limit);

typedef struct tripsage_suggest_options {
    uint32_t version;      /* 1; set by TRIPSAGE_SUGGEST_OPTIONS_INIT */
    uint32_t limit;        /* 1..100; 0: 20 */
    int64_t budget_max;    /* US cents for the whole stay of one person; 0: any */
    int days;              /* length of stay; 0: 7 */
    int month;             /* 1..12, 0: any */
    const char *category;  /* adventure | relaxation | culture | nature | city | beach; NULL: any */
    const char *interests; /* free text, weighed by meaning; NULL or without a word: what the actor's own trips say */
} tripsage_suggest_options;

#define TRIPSAGE_SUGGEST_OPTIONS_INIT                                                                                  \
    {                                                                                                                  \
        1, 0, 0, 0, 0, NULL, NULL                                                                                      \
    }

/* Destinations ranked for the actor: {"items":[{"id","title","destination","country","country_code","description",
 * "estimated_price": minor units,"currency":"USD","duration": days,"category","best_time_to_visit": "Mar-Apr, Oct-Nov",
 * "highlights":[tags],"seasonal": bool,"relevance_score": 0..1,"reasons":[sentences]}]}.
 * The score is a weighted mean of: nearness of meaning to the interests, tags shared with the actor's trips, season (of the month asked
 * for; without one, of the present month, at half the weight), and room left in the budget; places the actor's trips go to already
 * are left out. The actor's trips are the 50 it made last. budget_max and category are filters. `options` may be NULL.
 * Errors: TRIPSAGE_EINVALID ("#limit", "#budget_max", "#days": 1..365, "#month", "#category", "#interests": over 2,000 bytes or not
 * UTF-8). */
TRIPSAGE_API tripsage_status tripsage_suggest(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor,
                                              const tripsage_suggest_options *options);

/* ---- saved destinations ---- */

/* {"destination_id","trip_id"?,"notes"?: ..2000,"priority": 1..5 (3; 5 is the highest),"planned_visit_date"?,"duration_days"?: 1..365}; saving again replaces. The trip
 * has to be one the actor may read. The service role saves nothing (TRIPSAGE_EFORBIDDEN).
 * Gives {"id","user_id","destination": Destination,"trip_id"?,"notes"?,"priority","planned_visit_date"?,"duration_days"?,"saved_at"}. */
TRIPSAGE_API tripsage_status tripsage_destination_save(tripsage_doc **out, tripsage_trips *trips,
                                                       const tripsage_actor *actor, const char *json, size_t length);
/* The actor's own: {"items":[as tripsage_destination_save gives them],"total"}, highest priority first. */
TRIPSAGE_API tripsage_status tripsage_destination_saved(tripsage_doc **out, tripsage_trips *trips,
                                                        const tripsage_actor *actor);
/* Saved no more. TRIPSAGE_ENOTFOUND when it was not saved by the actor. */
TRIPSAGE_API tripsage_status tripsage_destination_unsave(tripsage_trips *trips, const tripsage_actor *actor,
                                                         const char *destination_id);

TRIPSAGE_END_DECLS

#endif
