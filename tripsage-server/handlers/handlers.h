/* handlers.h: every operation of the route table, by file. A handler makes its library call and answers; what it may
 * rely on is in request.h. */
#ifndef SERVER_HANDLERS_H
#define SERVER_HANDLERS_H

#include "request.h"

/* trips.c */
void trip_create(request *r);
void trip_list(request *r);
void trip_get(request *r);
void trip_update(request *r);
void trip_patch(request *r);
void trip_delete(request *r);
void trip_restore(request *r);
void trip_purge(request *r);
void trip_similar(request *r);
void trip_summary(request *r);
void trip_preferences(request *r);
void trip_duplicate(request *r);
void trip_transfer(request *r);
void trip_export(request *r);
void trip_export_request(request *r);

/* collaborators.c */
void trip_share(request *r);
void collaborator_list(request *r);
void collaborator_update(request *r);
void collaborator_remove(request *r);

/* itineraries.c: the items of a trip, and /api/itineraries, where an itinerary is a trip seen as its items */
void itinerary_get(request *r);
void itinerary_conflicts(request *r);
void itinerary_create(request *r);
void itinerary_list(request *r);
void itinerary_search(request *r);
void itinerary_optimize(request *r);
void item_create(request *r);
void item_get(request *r);
void item_update(request *r);
void item_delete(request *r);

/* notes.c */
void note_create(request *r);
void note_list(request *r);
void note_get(request *r);
void note_update(request *r);
void note_delete(request *r);

/* destinations.c */
void destination_get(request *r);
void destination_search_get(request *r);
void destination_search_post(request *r);
void destination_save(request *r);
void destination_saved(request *r);
void destination_unsave(request *r);
void destination_recommend(request *r);
void trip_suggestions(request *r);

/* search.c */
void trip_search(request *r);
void search_unified_get(request *r);
void search_unified_post(request *r);
void search_suggest(request *r);
void search_bulk(request *r);
void search_save(request *r);
void search_unsave(request *r);
void search_recent(request *r);
void search_analytics(request *r);

/* memory.c */
void memory_remember(request *r);
void memory_search(request *r);
void memory_context(request *r);
void memory_preferences_put(request *r);
void memory_preference_post(request *r);
void memory_delete(request *r);
void memory_stats(request *r);
void memory_clear(request *r);

/* auth.c */
void auth_register(request *r);
void auth_login(request *r);
void auth_refresh(request *r);
void auth_logout(request *r);

/* auth_wire.c */
void auth_wire(request *r);

/* cache_wire.c */
void cache_wire(request *r);

/* users.c */
void user_get(request *r);
void user_update(request *r);
void user_preferences_get(request *r);
void user_preferences_put(request *r);
void user_sessions(request *r);
void user_session_revoke(request *r);
void user_secrets(request *r);
void user_secret_put(request *r);
void user_secret_delete(request *r);

/* audit.c: the audit trail: one's own part of it, and all of it for the service role */
void audit_own(request *r);
void audit_all(request *r);
void audit_verification(request *r);

/* health.c */
void health_overall(request *r);
void health_live(request *r);
void health_ready(request *r);
void health_database(request *r);
void health_cache(request *r);
void health_limits(request *r);

/* metrics.c */
void metrics_get(request *r);

/* security_txt.c */
void security_txt_get(request *r);

/* webhooks.c */
void webhook_trip_notifications(request *r);
void webhook_cache_invalidation(request *r);
int webhook_is(handler handle); /* one of these */

/* openapi.c */
void openapi_get(request *r);

#endif
