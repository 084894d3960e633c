/* routes.c: see routes.h. Literal paths win over parameters whatever their order here. */
#include "routes.h"

#include "handlers/handlers.h"

/* clang-format off */
#define LIMIT {"limit", PARAMETER_INTEGER, 0, 1, 100, NULL, "how many at most (20)"}
#define LIMIT_50 {"limit", PARAMETER_INTEGER, 0, 1, 50, NULL, "how many at most (10)"}
#define TRIP_STATUS {"status", PARAMETER_WORD, 0, 0, 0, "planning booked in_progress completed cancelled", "trips with this status"}
#define AUDIT_CURSOR {"cursor", PARAMETER_TEXT, 0, 1, 1024, NULL, "next_cursor of the page before, or the seq to go on below"}
#define AUDIT_ACTION {"action", PARAMETER_TEXT, 0, 1, 64, NULL, "entries of this kind, such as login or secret_put"}
#define END {NULL, PARAMETER_TEXT, 0, 0, 0, NULL, NULL}
/* clang-format on */

static const parameter list_query[] = {
    LIMIT,
    {"cursor", PARAMETER_TEXT, 0, 1, 1024, NULL, "next_cursor of the page before"},
    {"skip", PARAMETER_INTEGER, 0, 0, 10000, NULL, "rows to pass over; the cursor is cheaper"},
    {"scope", PARAMETER_WORD, 0, 0, 0, "all own shared deleted",
     "own and shared, own, shared, or own and deleted (all)"},
    {"sort", PARAMETER_WORD, 0, 0, 0, "created_at updated_at start_date title", "by what (created_at)"},
    {"order", PARAMETER_WORD, 0, 0, 0, "asc desc", "newest first for the instants, ascending for the others"},
    {"total", PARAMETER_BOOLEAN, 0, 0, 0, NULL, "count all that match, too"},
    TRIP_STATUS,
    {"trip_type", PARAMETER_WORD, 0, 0, 0, "leisure business family solo other", "trips of this type"},
    {"visibility", PARAMETER_WORD, 0, 0, 0, "private shared public", "trips with this visibility"},
    {"tag", PARAMETER_TEXT, 0, 1, 50, NULL, "trips with exactly this tag"},
    {"destination", PARAMETER_TEXT, 0, 1, 200, NULL, "name, city or country of a stop"},
    {"from", PARAMETER_DATE, 0, 0, 0, NULL, "trips that end on or after this day"},
    {"to", PARAMETER_DATE, 0, 0, 0, NULL, "trips that start on or before this day"},
    END};

static const parameter trip_search_query[] = {
    {"q", PARAMETER_TEXT, 1, 0, 500, NULL, "words; \"quoted words\" stand together; the last one may be a beginning"},
    LIMIT,
    {"skip", PARAMETER_INTEGER, 0, 0, 1000, NULL, "hits to pass over"},
    {"scope", PARAMETER_WORD, 0, 0, 0, "all own shared", "whose trips (all)"},
    TRIP_STATUS,
    END};

static const parameter suggestion_query[] = {
    LIMIT,
    {"budget_max", PARAMETER_INTEGER, 0, 1, INT64_C(100000000000), NULL, "US cents for the whole stay of one person"},
    {"category", PARAMETER_WORD, 0, 0, 0, "adventure relaxation culture nature city beach", "of this kind only"},
    {"month", PARAMETER_INTEGER, 0, 1, 12, NULL, "month of travel"},
    {"days", PARAMETER_INTEGER, 0, 1, 365, NULL, "length of the stay (7)"},
    {"interests", PARAMETER_TEXT, 0, 1, 500, NULL, "free text, weighed by its meaning"},
    END};

static const parameter similar_query[] = {LIMIT_50, END};

static const parameter export_query[] = {{"format", PARAMETER_WORD, 0, 0, 0, "json csv ics", "json, csv or ics (json)"},
                                         END};

static const parameter export_request_query[] = {
    {"export_format", PARAMETER_WORD, 0, 0, 0, "json csv ics", "json, csv or ics (json)"},
    {"format", PARAMETER_WORD, 0, 0, 0, "json csv ics", "the same under its short name"},
    END};

static const parameter destination_query[] = {
    {"q", PARAMETER_TEXT, 0, 0, 500, NULL, "words or a whole sentence; without it all, by name"},
    {"query", PARAMETER_TEXT, 0, 0, 500, NULL, "the same as q"},
    LIMIT_50,
    {"continent", PARAMETER_TEXT, 0, 1, 64, NULL, "on this continent"},
    {"country_code", PARAMETER_TEXT, 0, 2, 2, NULL, "in this country (ISO 3166-1 alpha-2)"},
    {"tags", PARAMETER_TEXT, 0, 1, 500, NULL, "with all of these, separated by commas"},
    {"month", PARAMETER_INTEGER, 0, 1, 12, NULL, "good in this month"},
    {"max_daily_cost", PARAMETER_INTEGER, 0, 1, INT64_C(100000000), NULL, "US cents a day"},
    {"latitude", PARAMETER_NUMBER, 0, -90, 90, NULL, "near this point"},
    {"longitude", PARAMETER_NUMBER, 0, -180, 180, NULL, "near this point"},
    {"radius_km", PARAMETER_NUMBER, 0, 1, 20038, NULL, "how near (500)"},
    END};

static const parameter unified_query[] = {
    {"q", PARAMETER_TEXT, 0, 1, 500, NULL, "words or a sentence"},
    {"query", PARAMETER_TEXT, 0, 1, 500, NULL, "the same as q"},
    {"types", PARAMETER_TEXT, 0, 1, 200, NULL, "trip, destination, memory, or several with commas (trip,destination)"},
    LIMIT,
    END};

static const parameter use_cache_query[] = {
    {"use_cache", PARAMETER_BOOLEAN, 0, 0, 0, NULL, "decides nothing: what is given from memory is what would be read"},
    END};

static const parameter recent_query[] = {
    LIMIT, {"saved", PARAMETER_BOOLEAN, 0, 0, 0, NULL, "only those that are saved (false)"}, END};

static const parameter analytics_query[] = {{"date", PARAMETER_DATE, 0, 0, 0, NULL, "which day, in UTC (today)"}, END};

static const parameter preference_query[] = {
    {"key", PARAMETER_TEXT, 1, 1, 64, NULL, "what it is about"},
    {"value", PARAMETER_TEXT, 1, 1, 900, NULL, "what is preferred"},
    {"category", PARAMETER_TEXT, 0, 1, 64, NULL, "under what it is filed (general)"},
    END};

static const parameter clear_query[] = {
    {"confirm", PARAMETER_BOOLEAN, 0, 0, 0, NULL, "has to be true: everything is forgotten"}, END};

static const parameter logout_query[] = {
    {"scope", PARAMETER_WORD, 0, 0, 0, "local others global", "this session, all others, or all (local)"}, END};

static const parameter audit_query[] = {
    LIMIT,
    AUDIT_CURSOR,
    AUDIT_ACTION,
    {"user_id", PARAMETER_TEXT, 0, 1, 64, NULL, "what this user did, and what others did to his account (anybody's)"},
    END};

static const parameter own_audit_query[] = {LIMIT, AUDIT_CURSOR, AUDIT_ACTION, END};

static const parameter anchor_query[] = {{"anchor", PARAMETER_TEXT, 0, 1, 128, NULL,
                                          "what an earlier verification gave: shows rows missing at the end, too"},
                                         END};

static const parameter complete_query[] = {
    {"query", PARAMETER_TEXT, 1, 1, 100, NULL, "what was typed so far"}, LIMIT_50, END};

#define PUBLIC      ROUTE_PUBLIC
#define HEALTH      (ROUTE_PUBLIC | ROUTE_HEALTH)
#define BODY        ROUTE_BODY
#define CREATES     (ROUTE_BODY | ROUTE_IDEMPOTENT)
#define CONDITIONAL ROUTE_CONDITIONAL
#define SEARCH      (ROUTE_BODY | ROUTE_COSTLY)
#define MEMORY      ROUTE_MEMORY
#define GET         METHOD_GET
#define POST        METHOD_POST
#define PUT         METHOD_PUT
#define PATCH       METHOD_PATCH
#define DELETE      METHOD_DELETE
#define TRIP        "/api/trips/{trip_id}"
#define ITINERARY   "/api/itineraries/{trip_id}"

/* clang-format off */
static const route table[] = {
    {POST, CREATES, "/api/trips", "createTrip", "Create a trip", trip_create, "TripInput", "Trip", NULL, 201},
    {GET, 0, "/api/trips", "listTrips", "Trips of one's own and those shared with one", trip_list, NULL, "TripList", list_query, 200},
    {GET, 0, "/api/trips/search", "searchTrips", "Full text over trips, items and notes", trip_search, NULL, "TripSearch", trip_search_query, 200},
    {GET, 0, "/api/trips/suggestions", "suggestTrips", "Where to go next", trip_suggestions, NULL, "Suggestions", suggestion_query, 200},
    {GET, CONDITIONAL, TRIP, "getTrip", "One trip", trip_get, NULL, "Trip", NULL, 200},
    {PUT, BODY | CONDITIONAL, TRIP, "updateTrip", "Change the members given; nested values are replaced whole", trip_update, "TripInput", "Trip", NULL, 200},
    {PATCH, BODY | CONDITIONAL, TRIP, "patchTrip", "Change a trip by merge patch (RFC 7396)", trip_patch, "TripInput", "Trip", NULL, 200},
    {DELETE, CONDITIONAL, TRIP, "deleteTrip", "Delete a trip; it can be restored until it is purged", trip_delete, NULL, NULL, NULL, 204},
    {POST, 0, TRIP "/restore", "restoreTrip", "Bring a deleted trip back", trip_restore, NULL, "Trip", NULL, 200},
    {POST, 0, TRIP "/purge", "purgeTrip", "Remove a deleted trip for good", trip_purge, NULL, NULL, NULL, 204},
    {GET, 0, TRIP "/summary", "getTripSummary", "Dates, budget and how far the plan is", trip_summary, NULL, "TripSummary", NULL, 200},
    {GET, 0, TRIP "/similar", "listSimilarTrips", "Trips like it, of those one may read", trip_similar, NULL, "SimilarTrips", similar_query, 200},
    {PUT, BODY | CONDITIONAL, TRIP "/preferences", "setTripPreferences", "Replace the preferences", trip_preferences, NULL, "Trip", NULL, 200},
    {POST, ROUTE_BODY_OPTIONAL | ROUTE_IDEMPOTENT, TRIP "/duplicate", "duplicateTrip", "A copy of one's own, moved to other dates when a start date is given", trip_duplicate, "Duplicate", "Trip", NULL, 201},
    {POST, BODY | CONDITIONAL, TRIP "/transfer", "transferTrip", "Make a collaborator the owner", trip_transfer, "Transfer", "Trip", NULL, 200},
    {GET, 0, TRIP "/export", "exportTrip", "The trip as JSON, CSV or iCalendar", trip_export, NULL, NULL, export_query, 200},
    {POST, 0, TRIP "/export", "requestExport", "Where to fetch an export", trip_export_request, NULL, "Export", export_request_query, 200},
    {POST, BODY, TRIP "/share", "shareTrip", "Add collaborators", trip_share, "Share", "Collaborators", NULL, 200},
    {GET, 0, TRIP "/collaborators", "listCollaborators", "Who is on the trip", collaborator_list, NULL, "Collaborators", NULL, 200},
    {PUT, BODY, TRIP "/collaborators/{user_id}", "updateCollaborator", "Change a collaborator's level", collaborator_update, "Level", "Collaborator", NULL, 200},
    {DELETE, 0, TRIP "/collaborators/{user_id}", "removeCollaborator", "Take a collaborator off the trip, or leave it", collaborator_remove, NULL, NULL, NULL, 204},
    {GET, 0, TRIP "/itinerary", "getItinerary", "All items in the order of their instants", itinerary_get, NULL, "Itinerary", NULL, 200},
    {GET, 0, TRIP "/conflicts", "getConflicts", "Items that overlap or lie outside the trip", itinerary_conflicts, NULL, "Conflicts", NULL, 200},
    {POST, CREATES, TRIP "/items", "createItem", "Add an item", item_create, "ItemInput", "Item", NULL, 201},
    {GET, 0, TRIP "/items", "listItems", "The same as the itinerary", itinerary_get, NULL, "Itinerary", NULL, 200},
    {GET, CONDITIONAL, TRIP "/items/{item_id}", "getItem", "One item", item_get, NULL, "Item", NULL, 200},
    {PUT, BODY | CONDITIONAL, TRIP "/items/{item_id}", "updateItem", "Change the members given", item_update, "ItemInput", "Item", NULL, 200},
    {DELETE, CONDITIONAL, TRIP "/items/{item_id}", "deleteItem", "Delete an item", item_delete, NULL, NULL, NULL, 204},
    {POST, CREATES, TRIP "/notes", "createNote", "Write a note", note_create, "NoteInput", "Note", NULL, 201},
    {GET, 0, TRIP "/notes", "listNotes", "The notes, oldest first", note_list, NULL, "NoteList", NULL, 200},
    {GET, CONDITIONAL, TRIP "/notes/{note_id}", "getNote", "One note", note_get, NULL, "Note", NULL, 200},
    {PUT, BODY | CONDITIONAL, TRIP "/notes/{note_id}", "updateNote", "Change a note", note_update, "NoteInput", "Note", NULL, 200},
    {DELETE, CONDITIONAL, TRIP "/notes/{note_id}", "deleteNote", "Delete a note", note_delete, NULL, NULL, NULL, 204},

    {POST, CREATES, "/api/itineraries", "createItinerary", "Create a trip", itinerary_create, "TripInput", "Trip", NULL, 201},
    {GET, 0, "/api/itineraries", "listItineraries", "The same as the trips", trip_list, NULL, "TripList", list_query, 200},
    {POST, SEARCH, "/api/itineraries/search", "searchItineraries", "Trips by status, place, tag and dates, in numbered pages", itinerary_search, "ItinerarySearch", "ItineraryPage", NULL, 200},
    {POST, BODY, "/api/itineraries/optimize", "optimizeItinerary", "Better times for a trip's flexible items; proposed, not made", itinerary_optimize, "OptimizeInput", "Optimization", NULL, 200},
    {GET, 0, ITINERARY, "getItineraryById", "A trip's items", itinerary_get, NULL, "Itinerary", NULL, 200},
    {PUT, BODY | CONDITIONAL, ITINERARY, "updateItinerary", "Change the trip", trip_update, "TripInput", "Trip", NULL, 200},
    {DELETE, CONDITIONAL, ITINERARY, "deleteItinerary", "Delete the trip", trip_delete, NULL, NULL, NULL, 204},
    {GET, 0, ITINERARY "/conflicts", "getItineraryConflicts", "Items that overlap or lie outside the trip", itinerary_conflicts, NULL, "Conflicts", NULL, 200},
    {POST, CREATES, ITINERARY "/items", "createItineraryItem", "Add an item", item_create, "ItemInput", "Item", NULL, 201},
    {GET, 0, ITINERARY "/items", "listItineraryItems", "The same as the itinerary", itinerary_get, NULL, "Itinerary", NULL, 200},
    {GET, CONDITIONAL, ITINERARY "/items/{item_id}", "getItineraryItem", "One item", item_get, NULL, "Item", NULL, 200},
    {PUT, BODY | CONDITIONAL, ITINERARY "/items/{item_id}", "updateItineraryItem", "Change the members given", item_update, "ItemInput", "Item", NULL, 200},
    {DELETE, CONDITIONAL, ITINERARY "/items/{item_id}", "deleteItineraryItem", "Delete an item", item_delete, NULL, NULL, NULL, 204},

    {GET, 0, "/api/search/unified", "searchUnified", "Trips, destinations and memories in one list", search_unified_get, NULL, "UnifiedSearch", unified_query, 200},
    {POST, SEARCH, "/api/search/unified", "searchUnifiedByBody", "Trips, destinations and memories in one list; noted", search_unified_post, "UnifiedQuery", "UnifiedSearch", use_cache_query, 200},
    {POST, SEARCH, "/api/search/bulk", "searchBulk", "Up to ten such searches at once", search_bulk, "UnifiedQueries", "UnifiedSearches", use_cache_query, 200},
    {GET, 0, "/api/search/recent", "listSearches", "One's own searches, saved or noted, the last first", search_recent, NULL, "Searches", recent_query, 200},
    {POST, BODY, "/api/search/save", "saveSearch", "Keep a search", search_save, "UnifiedQuery", "SearchSaved", NULL, 200},
    {DELETE, 0, "/api/search/saved/{search_id}", "deleteSearch", "Forget a saved or noted search", search_unsave, NULL, NULL, NULL, 204},
    {GET, 0, "/api/search/analytics", "getSearchAnalytics", "How one searched on one day", search_analytics, NULL, "SearchAnalytics", analytics_query, 200},
    {GET, 0, "/api/search/suggest", "completeSearch", "Names of destinations that begin as typed", search_suggest, NULL, "Completions", complete_query, 200},

    {GET, 0, "/api/destinations/search", "searchDestinations", "The catalogue by words and by meaning", destination_search_get, NULL, "DestinationSearch", destination_query, 200},
    {POST, SEARCH, "/api/destinations/search", "searchDestinationsByBody", "The catalogue by words and by meaning", destination_search_post, "DestinationQuery", "DestinationSearch", NULL, 200},
    {POST, SEARCH, "/api/destinations/recommendations", "recommendDestinations", "Where to go next, for given interests", destination_recommend, "RecommendationQuery", "Suggestions", NULL, 200},
    {POST, BODY, "/api/destinations/saved", "saveDestination", "Keep a destination in mind", destination_save, "SavedDestinationInput", "SavedDestination", NULL, 201},
    {GET, 0, "/api/destinations/saved", "listSavedDestinations", "Destinations kept in mind, highest priority first", destination_saved, NULL, "SavedDestinations", NULL, 200},
    {DELETE, 0, "/api/destinations/saved/{destination_id}", "unsaveDestination", "Forget a destination", destination_unsave, NULL, NULL, NULL, 204},
    {GET, 0, "/api/destinations/{destination_id}", "getDestination", "One destination of the catalogue", destination_get, NULL, "Destination", NULL, 200},

    {POST, BODY | MEMORY, "/api/memory/conversation", "rememberConversation", "Remember what the user says in a conversation", memory_remember, "Conversation", "Remembered", NULL, 200},
    {GET, 0, "/api/memory/context", "getMemoryContext", "What is known about the user, in buckets and a few sentences", memory_context, NULL, "MemoryContext", NULL, 200},
    {POST, BODY | MEMORY, "/api/memory/search", "searchMemories", "One's own memories by meaning", memory_search, "MemoryQuery", "MemorySearch", NULL, 200},
    {PUT, BODY, "/api/memory/preferences", "setMemoryPreferences", "Merge preferences by their keys; null takes one away", memory_preferences_put, "Preferences", "MemoryPreferences", NULL, 200},
    {POST, MEMORY, "/api/memory/preference", "addMemoryPreference", "Put one preference under a category", memory_preference_post, NULL, "Memory", preference_query, 200},
    {DELETE, 0, "/api/memory/memory/{memory_id}", "deleteMemory", "Forget one memory", memory_delete, NULL, "Message", NULL, 200},
    {GET, 0, "/api/memory/stats", "getMemoryStats", "How many memories there are, by type and category", memory_stats, NULL, "MemoryStats", NULL, 200},
    {DELETE, 0, "/api/memory/clear", "clearMemories", "Forget everything", memory_clear, NULL, "MemoryCleared", clear_query, 200},

    {POST, BODY | PUBLIC, "/api/auth/register", "register", "Make an account and sign in", auth_register, "Registration", "Session", NULL, 201},
    {POST, BODY | PUBLIC, "/api/auth/login", "login", "Sign in", auth_login, "Credentials", "Session", NULL, 200},
    {POST, BODY | PUBLIC, "/api/auth/refresh", "refresh", "Carry a session on", auth_refresh, "Refresh", "Session", NULL, 200},
    {POST, 0, "/api/auth/logout", "logout", "End the session, the others, or all", auth_logout, NULL, NULL, logout_query, 204},
    {GET, 0, "/api/auth/me", "getSelf", "One's own account", user_get, NULL, "User", NULL, 200},
    {GET, 0, "/api/users/me", "getUser", "One's own account", user_get, NULL, "User", NULL, 200},
    {PATCH, BODY, "/api/users/me", "updateUser", "Change one's own account", user_update, "UserPatch", "User", NULL, 200},
    {GET, 0, "/api/users/preferences", "getPreferences", "One's own preferences", user_preferences_get, NULL, "Preferences", NULL, 200},
    {PUT, BODY, "/api/users/preferences", "setPreferences", "Merge into one's own preferences", user_preferences_put, "Preferences", "Preferences", NULL, 200},
    {GET, 0, "/api/users/sessions", "listSessions", "One's own sessions, the newest first", user_sessions, NULL, "Sessions", NULL, 200},
    {DELETE, 0, "/api/users/sessions/{session_id}", "revokeSession", "End one of one's own sessions", user_session_revoke, NULL, NULL, NULL, 204},
    {GET, 0, "/api/users/me/secrets", "listSecrets", "One's own keys to other services, by name; never the keys themselves", user_secrets, NULL, "Secrets", NULL, 200},
    {PUT, BODY, "/api/users/me/secrets/{name}", "putSecret", "Keep a key to another service, in the place of one of that name", user_secret_put, "SecretInput", NULL, NULL, 204},
    {DELETE, 0, "/api/users/me/secrets/{name}", "deleteSecret", "Forget a key to another service", user_secret_delete, NULL, NULL, NULL, 204},
    {GET, 0, "/api/users/me/audit", "listOwnAudit", "What one did, and what others did to one's account, newest first", audit_own, NULL, "AuditList", own_audit_query, 200},

    {GET, 0, "/api/audit", "listAudit", "The audit trail, newest first; for the service role", audit_all, NULL, "AuditList", audit_query, 200},
    {GET, 0, "/api/audit/verification", "verifyAudit", "Walk the whole trail and see whether its chain holds; for the service role", audit_verification, NULL, "AuditVerification", anchor_query, 200},

    {GET, HEALTH, "/health", "health", "How the server and its parts are", health_overall, NULL, "Health", NULL, 200},
    {GET, HEALTH, "/health/live", "live", "Whether the process answers", health_live, NULL, "Liveness", NULL, 200},
    {GET, HEALTH, "/health/ready", "ready", "Whether it may be sent requests", health_ready, NULL, "Readiness", NULL, 200},
    {GET, HEALTH, "/health/liveness", "liveness", "Whether the process answers", health_live, NULL, "Liveness", NULL, 200},
    {GET, HEALTH, "/health/readiness", "readiness", "Whether it may be sent requests", health_ready, NULL, "Readiness", NULL, 200},
    {GET, HEALTH, "/health/database", "healthDatabase", "How the database is", health_database, NULL, "Component", NULL, 200},
    {GET, HEALTH, "/health/cache", "healthCache", "How the cache is", health_cache, NULL, "Component", NULL, 200},
    {GET, HEALTH, "/health/ratelimit", "healthLimits", "How often one may ask", health_limits, NULL, "Limits", NULL, 200},
    {GET, HEALTH, "/api/health", "apiHealth", "How the server and its parts are", health_overall, NULL, "Health", NULL, 200},
    {GET, HEALTH, "/api/health/live", "apiLive", "Whether the process answers", health_live, NULL, "Liveness", NULL, 200},
    {GET, HEALTH, "/api/health/ready", "apiReady", "Whether it may be sent requests", health_ready, NULL, "Readiness", NULL, 200},
    {GET, HEALTH, "/api/health/liveness", "apiLiveness", "Whether the process answers", health_live, NULL, "Liveness", NULL, 200},
    {GET, HEALTH, "/api/health/readiness", "apiReadiness", "Whether it may be sent requests", health_ready, NULL, "Readiness", NULL, 200},
    {GET, HEALTH, "/api/health/database", "apiHealthDatabase", "How the database is", health_database, NULL, "Component", NULL, 200},
    {GET, HEALTH, "/api/health/cache", "apiHealthCache", "How the cache is", health_cache, NULL, "Component", NULL, 200},
    {GET, HEALTH, "/api/health/ratelimit", "apiHealthLimits", "How often one may ask", health_limits, NULL, "Limits", NULL, 200},

    {POST, BODY | PUBLIC, "/api/webhooks/trip-notifications", "webhookTripNotifications", "A change of who is on a trip, signed by the database: a mail to the one", webhook_trip_notifications, NULL, NULL, NULL, 200},
    {POST, BODY | PUBLIC, "/api/webhooks/cache-invalidation", "webhookCacheInvalidation", "A change of a row, signed by the database: what was cached of it goes", webhook_cache_invalidation, NULL, NULL, NULL, 200},

    {GET, HEALTH, "/metrics", "metrics", "What is measured, as Prometheus reads it", metrics_get, NULL, NULL, NULL, 200},

    {GET, PUBLIC | ROUTE_SUBTREE, "/auth/v1", NULL, NULL, auth_wire, NULL, NULL, NULL, 200},
    {GET, PUBLIC | ROUTE_SUBTREE | ROUTE_ROOT | ROUTE_VALUES, "/cache", NULL, NULL, cache_wire, NULL, NULL, NULL, 200},

    {GET, PUBLIC, "/.well-known/security.txt", "securityTxt", "Who is told of weaknesses (RFC 9116)", security_txt_get, NULL, NULL, NULL, 200},
    {GET, PUBLIC, "/openapi.json", "openapi", "This description", openapi_get, NULL, NULL, NULL, 200},
};
/* clang-format on */

const route *routes_all(size_t *count)
{
    *count = sizeof table / sizeof table[0];
    return table;
}
