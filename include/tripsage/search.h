/* tripsage/search.h: one search over trips, destinations and memories; and what a user has searched for.
 *
 * A request
 *   {"query": 1..500 bytes,"types"?: ..16 of trip | destination | memory (trip and destination),"limit"?: 1..100 (20),
 *    "sort_by"?: relevance | price | title | distance (relevance),"sort_order"?: asc | desc (desc),
 *    "destination"?: ..200 (where: weighs places there),
 *    "filters"?: {"price_min"?,"price_max"?: US cents a day,"latitude"?,"longitude"?: both or none,"radius_km"?: 1..20038 (100),
 *                 "rating_min"?: 0..5,"custom_filters"?: object},
 *    "start_date"?,"end_date"? (not before the start),"origin"?: ..200,"adults"?: 1..20,"children"?: 0..20,"infants"?: 0..10,
 *    "guests"?: 1..40,"user_preferences"?: object,"resource_types"?,"location"? (older names of types and destination)}
 *   Dates, travellers, origin, ratings and what is of the caller's own making are kept with a saved search and decide nothing: no
 *   provider of flights or rooms is asked, and no place has a rating. A type that is none of the three is of such a provider, and has no results. An
 *   unknown member is refused.
 *
 * A result
 *   {"results":[{"type": trip | item | note | destination | memory,"id","title","description"?,"score","trip_id"? (item, note),
 *                "country"?,"coordinates"?,"price"?: {"amount","currency"},"distance_km"? (destination)}],
 *    "facets":[{"name":"type","values":[{"value","count"}]},{"name":"country","values":[...]}?,{"name":"price","minimum","maximum","currency"}?],
 *    "metadata":{"total_results","returned_results","cached_results" (given from memory),"search_time_ms","search_id","user_id"?,"personalized"
 *                (memories were asked),"providers_queried":[text],"provider_errors":{}},
 *    "did_you_mean"?: the name of a place the query nearly says}
 *   Scores of different types do not compare: by relevance the ranks of the types alternate. By price, title or distance what has none comes
 *   last; so does everything but places near the point where one is given. Facets count what was found, before `limit`.
 *
 * What is noted of a user: his last 100 searches, and how often he searched for what on each of the last 90 days; with
 * "record" alone, and not of the service role. A search that cannot be noted is answered all the same, and that is logged.
 *
 * Errors every call may give besides those named, ownership and threads: as in tripsage/trip.h, whose handle it is. The service role has nothing
 * saved and nothing noted (TRIPSAGE_EFORBIDDEN).
 */
#ifndef TRIPSAGE_SEARCH_H
#define TRIPSAGE_SEARCH_H

#include "trip.h"

TRIPSAGE_BEGIN_DECLS

/* One search; `record`: 1 notes it. Errors: TRIPSAGE_EINVALID (fields). */
TRIPSAGE_API tripsage_status tripsage_search_unified(tripsage_doc **out, tripsage_trips *trips,
                                                     const tripsage_actor *actor, const char *json, size_t length,
                                                     int record);

/* Up to 10 at once: an array of requests gives an array of results, each in the place of its request. A request that cannot be accepted
 * gives one without results, with "error":{"code","message"} and "errors":[{"pointer","detail"}], and stops none of the others.
 * Errors: TRIPSAGE_EINVALID (field "": no array, none, or more than 10). */
TRIPSAGE_API tripsage_status tripsage_search_bulk(tripsage_doc **out, tripsage_trips *trips,
                                                  const tripsage_actor *actor, const char *json, size_t length,
                                                  int record);

/* Keeps a request: {"id","message"}. Saving the same again gives the same id. A user keeps 200 (TRIPSAGE_ELIMIT): a list nobody reads to its
 * end. Errors: TRIPSAGE_EINVALID (fields). */
TRIPSAGE_API tripsage_status tripsage_search_save(tripsage_doc **out, tripsage_trips *trips,
                                                  const tripsage_actor *actor, const char *json, size_t length);

/* The actor's saved and noted searches, the last first: {"items":[{"id","query","request","times","searched_at","saved": bool,"saved_at"?}],
 * "total"}; `saved_only`: 1 leaves out those that are only noted. `limit` 1..100; 0: 20. Errors: TRIPSAGE_EINVALID ("#limit"). */
TRIPSAGE_API tripsage_status tripsage_search_recent(tripsage_doc **out, tripsage_trips *trips,
                                                    const tripsage_actor *actor, uint32_t limit, int saved_only);

/* Forgets a saved or noted search. TRIPSAGE_ENOTFOUND, also for somebody else's. */
TRIPSAGE_API tripsage_status tripsage_search_unsave(tripsage_trips *trips, const tripsage_actor *actor,
                                                    const char *search_id);

/* How the actor searched on one day (UTC; NULL: today): {"date","total_searches","cache_hits","cache_misses","cache_hit_rate": 0..1,
 * "popular_queries":[{"query","count"}] (10)}. A search is a hit when all of it was given from memory; queries are counted as their words, in lower case.
 * Errors: TRIPSAGE_EINVALID ("#date"). */
TRIPSAGE_API tripsage_status tripsage_search_analytics(tripsage_doc **out, tripsage_trips *trips,
                                                       const tripsage_actor *actor, const char *date);

TRIPSAGE_END_DECLS

#endif
