/* routes.c: see routes.h. Literal paths win over parameters whatever their order here. */
#include "routes.h"

#include "handlers/handlers.h"

#define LIMIT                                                                                                          \
    {                                                                                                                  \
        "limit", PARAMETER_INTEGER, 1, 100, NULL, "how many at most (20)", 0                                           \
    }
#define LIMIT_50                                                                                                       \
    {                                                                                                                  \
        "limit", PARAMETER_INTEGER, 1, 50, NULL, "how many at most (10)", 0                                            \
    }
#define END                                                                                                            \
    {                                                                                                                  \
        NULL, PARAMETER_TEXT, 0, 0, NULL, NULL, 0                                                                      \
    }
#define TRIP_STATUS                                                                                                    \
    {                                                                                                                  \
        "status", PARAMETER_WORD, 0, 0, "planning booked in_progress completed cancelled", "trips with this status", 0 \
    }

static const parameter list_query[] = {
    LIMIT,
    {"cursor", PARAMETER_TEXT, 1, 1024, NULL, "next_cursor of the page before", 0},
    {"skip", PARAMETER_INTEGER, 0, 10000, NULL, "rows to pass over; the cursor is cheaper", 0},
    {"scope", PARAMETER_WORD, 0, 0, "all own shared deleted", "own and shared, own, shared, or own and deleted (all)",
     0},
    {"sort", PARAMETER_WORD, 0, 0, "created_at updated_at start_date title", "by what (created_at)", 0},
    {"order", PARAMETER_WORD, 0, 0, "asc desc", "newest first for the instants, ascending for the others", 0},
    {"total", PARAMETER_BOOLEAN, 0, 0, NULL, "count all that match, too", 0},
    TRIP_STATUS,
    {"trip_type", PARAMETER_WORD, 0, 0, "leisure business family solo other", "trips of this type", 0},
    {"visibility", PARAMETER_WORD, 0, 0, "private shared public", "trips with this visibility", 0},
    {"tag", PARAMETER_TEXT, 1, 50, NULL, "trips with exactly this tag", 0},
    {"destination", PARAMETER_TEXT, 1, 200, NULL, "name, city or country of a stop", 0},
    {"from", PARAMETER_DATE, 0, 0, NULL, "trips that end on or after this day", 0},
    {"to", PARAMETER_DATE, 0, 0, NULL, "trips that start on or before this day", 0},
    END};

static const parameter trip_search_query[] = {
    {"q", PARAMETER_TEXT, 0, 500, NULL, "words; \"quoted words\" stand together; the last one may be a beginning", 1},
    LIMIT,
    {"skip", PARAMETER_INTEGER, 0, 1000, NULL, "hits to pass over", 0},
    {"scope", PARAMETER_WORD, 0, 0, "all own shared", "whose trips (all)", 0},
    TRIP_STATUS,
    END};

static const parameter suggestion_query[] = {
    LIMIT,
    {"budget_max", PARAMETER_INTEGER, 1, INT64_C(100000000000), NULL, "US cents for the whole stay of one person", 0},
    {"category", PARAMETER_WORD, 0, 0, "adventure relaxation culture nature city beach", "of this kind only", 0},
    {"month", PARAMETER_INTEGER, 1, 12, NULL, "month of travel", 0},
    {"days", PARAMETER_INTEGER, 1, 365, NULL, "length of the stay (7)", 0},
    {"interests", PARAMETER_TEXT, 1, 500, NULL, "free text, weighed by its meaning", 0},
    END};

static const parameter export_query[] = {{"format", PARAMETER_WORD, 0, 0, "json csv ics", "json, csv or ics (json)", 0},
                                         END};

static const parameter export_request_query[] = {
    {"export_format", PARAMETER_WORD, 0, 0, "json csv ics", "json, csv or ics (json)", 0},
    {"format", PARAMETER_WORD, 0, 0, "json csv ics", "the same under its short name", 0},
    END};

static const parameter destination_query[] = {
    {"q", PARAMETER_TEXT, 0, 500, NULL, "words or a whole sentence; without it all, by name", 0},
    {"query", PARAMETER_TEXT, 0, 500, NULL, "the same as q", 0},
    LIMIT_50,
    {"continent", PARAMETER_TEXT, 1, 64, NULL, "on this continent", 0},
    {"country_code", PARAMETER_TEXT, 2, 2, NULL, "in this country (ISO 3166-1 alpha-2)", 0},
    {"tags", PARAMETER_TEXT, 1, 500, NULL, "with all of these, separated by commas", 0},
    {"month", PARAMETER_INTEGER, 1, 12, NULL, "good in this month", 0},
    {"max_daily_cost", PARAMETER_INTEGER, 1, INT64_C(100000000), NULL, "US cents a day", 0},
    {"latitude", PARAMETER_NUMBER, -90, 90, NULL, "near this point", 0},
    {"longitude", PARAMETER_NUMBER, -180, 180, NULL, "near this point", 0},
    {"radius_km", PARAMETER_NUMBER, 1, 20038, NULL, "how near (500)", 0},
    END};

static const parameter unified_query[] = {
    {"q", PARAMETER_TEXT, 1, 500, NULL, "words or a sentence", 0},
    {"query", PARAMETER_TEXT, 1, 500, NULL, "the same as q", 0},
    {"types", PARAMETER_TEXT, 1, 200, NULL, "trip, destination, or both with a comma (both)", 0},
    LIMIT,
    END};

static const parameter complete_query[] = {
    {"query", PARAMETER_TEXT, 1, 100, NULL, "what was typed so far", 1}, LIMIT_50, END};

#define PUBLIC      ROUTE_PUBLIC
#define HEALTH      (ROUTE_PUBLIC | ROUTE_HEALTH)
#define BODY        ROUTE_BODY
#define CREATES     (ROUTE_BODY | ROUTE_IDEMPOTENT)
#define CONDITIONAL ROUTE_CONDITIONAL
#define GET         METHOD_GET
#define POST        METHOD_POST
#define PUT         METHOD_PUT
#define PATCH       METHOD_PATCH
#define DELETE      METHOD_DELETE
#define TRIP        "/api/trips/{trip_id}"
#define ITINERARY   "/api/itineraries/{trip_id}"

/* clang-format off */
static const route table[] = {
    {POST, "/api/trips", "createTrip", "Create a trip", CREATES, trip_create, 201, "TripInput", "Trip", NULL},
    {GET, "/api/trips", "listTrips", "Trips of one's own and those shared with one", 0, trip_list, 200, NULL, "TripList", list_query},
    {GET, "/api/trips/search", "searchTrips", "Full text over trips, items and notes", 0, trip_search, 200, NULL, "TripSearch", trip_search_query},
    {GET, "/api/trips/suggestions", "suggestTrips", "Where to go next", 0, trip_suggestions, 200, NULL, "Suggestions", suggestion_query},
    {GET, TRIP, "getTrip", "One trip", CONDITIONAL, trip_get, 200, NULL, "Trip", NULL},
    {PUT, TRIP, "updateTrip", "Change the members given; nested values are replaced whole", BODY | CONDITIONAL, trip_update, 200, "TripInput", "Trip", NULL},
    {PATCH, TRIP, "patchTrip", "Change a trip by merge patch (RFC 7396)", BODY | CONDITIONAL, trip_patch, 200, "TripInput", "Trip", NULL},
    {DELETE, TRIP, "deleteTrip", "Delete a trip; it can be restored until it is purged", CONDITIONAL, trip_delete, 204, NULL, NULL, NULL},
    {POST, TRIP "/restore", "restoreTrip", "Bring a deleted trip back", 0, trip_restore, 200, NULL, "Trip", NULL},
    {POST, TRIP "/purge", "purgeTrip", "Remove a deleted trip for good", 0, trip_purge, 204, NULL, NULL, NULL},
    {GET, TRIP "/summary", "getTripSummary", "Dates, budget and how far the plan is", 0, trip_summary, 200, NULL, "TripSummary", NULL},
    {PUT, TRIP "/preferences", "setTripPreferences", "Replace the preferences", BODY | CONDITIONAL, trip_preferences, 200, NULL, "Trip", NULL},
    {POST, TRIP "/duplicate", "duplicateTrip", "A copy of one's own, moved to other dates when a start date is given", ROUTE_BODY_OPTIONAL | ROUTE_IDEMPOTENT, trip_duplicate, 201, "Duplicate", "Trip", NULL},
    {POST, TRIP "/transfer", "transferTrip", "Make a collaborator the owner", BODY | CONDITIONAL, trip_transfer, 200, "Transfer", "Trip", NULL},
    {GET, TRIP "/export", "exportTrip", "The trip as JSON, CSV or iCalendar", 0, trip_export, 200, NULL, NULL, export_query},
    {POST, TRIP "/export", "requestExport", "Where to fetch an export", 0, trip_export_request, 200, NULL, "Export", export_request_query},
    {POST, TRIP "/share", "shareTrip", "Add collaborators", BODY, trip_share, 200, "Share", "Collaborators", NULL},
    {GET, TRIP "/collaborators", "listCollaborators", "Who is on the trip", 0, collaborator_list, 200, NULL, "Collaborators", NULL},
    {PUT, TRIP "/collaborators/{user_id}", "updateCollaborator", "Change a collaborator's level", BODY, collaborator_update, 200, "Level", "Collaborator", NULL},
    {DELETE, TRIP "/collaborators/{user_id}", "removeCollaborator", "Take a collaborator off the trip, or leave it", 0, collaborator_remove, 204, NULL, NULL, NULL},
    {GET, TRIP "/itinerary", "getItinerary", "All items in the order of their instants", 0, itinerary_get, 200, NULL, "Itinerary", NULL},
    {GET, TRIP "/conflicts", "getConflicts", "Items that overlap or lie outside the trip", 0, itinerary_conflicts, 200, NULL, "Conflicts", NULL},
    {POST, TRIP "/items", "createItem", "Add an item", CREATES, item_create, 201, "ItemInput", "Item", NULL},
    {GET, TRIP "/items", "listItems", "The same as the itinerary", 0, itinerary_get, 200, NULL, "Itinerary", NULL},
    {GET, TRIP "/items/{item_id}", "getItem", "One item", CONDITIONAL, item_get, 200, NULL, "Item", NULL},
    {PUT, TRIP "/items/{item_id}", "updateItem", "Change the members given", BODY | CONDITIONAL, item_update, 200, "ItemInput", "Item", NULL},
    {DELETE, TRIP "/items/{item_id}", "deleteItem", "Delete an item", CONDITIONAL, item_delete, 204, NULL, NULL, NULL},
    {POST, TRIP "/notes", "createNote", "Write a note", CREATES, note_create, 201, "NoteInput", "Note", NULL},
    {GET, TRIP "/notes", "listNotes", "The notes, oldest first", 0, note_list, 200, NULL, "NoteList", NULL},
    {GET, TRIP "/notes/{note_id}", "getNote", "One note", CONDITIONAL, note_get, 200, NULL, "Note", NULL},
    {PUT, TRIP "/notes/{note_id}", "updateNote", "Change a note", BODY | CONDITIONAL, note_update, 200, "NoteInput", "Note", NULL},
    {DELETE, TRIP "/notes/{note_id}", "deleteNote", "Delete a note", CONDITIONAL, note_delete, 204, NULL, NULL, NULL},

    {POST, "/api/itineraries", "createItinerary", "Create a trip", CREATES, itinerary_create, 201, "TripInput", "Trip", NULL},
    {GET, "/api/itineraries", "listItineraries", "The same as the trips", 0, trip_list, 200, NULL, "TripList", list_query},
    {POST, "/api/itineraries/search", "searchItineraries", "Trips by status, place, tag and dates, in numbered pages", BODY, itinerary_search, 200, "ItinerarySearch", "ItineraryPage", NULL},
    {GET, ITINERARY, "getItineraryById", "A trip's items", 0, itinerary_get, 200, NULL, "Itinerary", NULL},
    {PUT, ITINERARY, "updateItinerary", "Change the trip", BODY | CONDITIONAL, trip_update, 200, "TripInput", "Trip", NULL},
    {DELETE, ITINERARY, "deleteItinerary", "Delete the trip", CONDITIONAL, trip_delete, 204, NULL, NULL, NULL},
    {GET, ITINERARY "/conflicts", "getItineraryConflicts", "Items that overlap or lie outside the trip", 0, itinerary_conflicts, 200, NULL, "Conflicts", NULL},
    {POST, ITINERARY "/items", "createItineraryItem", "Add an item", CREATES, item_create, 201, "ItemInput", "Item", NULL},
    {GET, ITINERARY "/items", "listItineraryItems", "The same as the itinerary", 0, itinerary_get, 200, NULL, "Itinerary", NULL},
    {GET, ITINERARY "/items/{item_id}", "getItineraryItem", "One item", CONDITIONAL, item_get, 200, NULL, "Item", NULL},
    {PUT, ITINERARY "/items/{item_id}", "updateItineraryItem", "Change the members given", BODY | CONDITIONAL, item_update, 200, "ItemInput", "Item", NULL},
    {DELETE, ITINERARY "/items/{item_id}", "deleteItineraryItem", "Delete an item", CONDITIONAL, item_delete, 204, NULL, NULL, NULL},

    {GET, "/api/search/unified", "searchUnified", "Trips and destinations in one list", 0, search_unified_get, 200, NULL, "UnifiedSearch", unified_query},
    {POST, "/api/search/unified", "searchUnifiedByBody", "Trips and destinations in one list", BODY, search_unified_post, 200, "UnifiedQuery", "UnifiedSearch", NULL},
    {GET, "/api/search/suggest", "completeSearch", "Names of destinations that begin as typed", 0, search_suggest, 200, NULL, "Completions", complete_query},

    {GET, "/api/destinations/search", "searchDestinations", "The catalogue by words and by meaning", 0, destination_search_get, 200, NULL, "DestinationSearch", destination_query},
    {POST, "/api/destinations/search", "searchDestinationsByBody", "The catalogue by words and by meaning", BODY, destination_search_post, 200, "DestinationQuery", "DestinationSearch", NULL},
    {POST, "/api/destinations/recommendations", "recommendDestinations", "Where to go next, for given interests", BODY, destination_recommend, 200, "RecommendationQuery", "Suggestions", NULL},
    {POST, "/api/destinations/saved", "saveDestination", "Keep a destination in mind", BODY, destination_save, 201, "SavedDestinationInput", "SavedDestination", NULL},
    {GET, "/api/destinations/saved", "listSavedDestinations", "Destinations kept in mind, highest priority first", 0, destination_saved, 200, NULL, "SavedDestinations", NULL},
    {DELETE, "/api/destinations/saved/{destination_id}", "unsaveDestination", "Forget a destination", 0, destination_unsave, 204, NULL, NULL, NULL},
    {GET, "/api/destinations/{destination_id}", "getDestination", "One destination of the catalogue", 0, destination_get, 200, NULL, "Destination", NULL},

    {POST, "/api/auth/register", "register", "Make an account and sign in", BODY | PUBLIC, auth_register, 201, "Registration", "Session", NULL},
    {POST, "/api/auth/login", "login", "Sign in", BODY | PUBLIC, auth_login, 200, "Credentials", "Session", NULL},
    {POST, "/api/auth/logout", "logout", "End the session", 0, auth_logout, 204, NULL, NULL, NULL},
    {GET, "/api/auth/me", "getSelf", "One's own account", 0, user_get, 200, NULL, "User", NULL},
    {GET, "/api/users/me", "getUser", "One's own account", 0, user_get, 200, NULL, "User", NULL},
    {PATCH, "/api/users/me", "updateUser", "Change one's own account", BODY, user_update, 200, "UserPatch", "User", NULL},
    {GET, "/api/users/preferences", "getPreferences", "One's own preferences", 0, user_preferences_get, 200, NULL, "Preferences", NULL},
    {PUT, "/api/users/preferences", "setPreferences", "Merge into one's own preferences", BODY, user_preferences_put, 200, "Preferences", "Preferences", NULL},

    {GET, "/health", "health", "How the server and its parts are", HEALTH, health_overall, 200, NULL, "Health", NULL},
    {GET, "/health/live", "live", "Whether the process answers", HEALTH, health_live, 200, NULL, "Liveness", NULL},
    {GET, "/health/ready", "ready", "Whether it may be sent requests", HEALTH, health_ready, 200, NULL, "Readiness", NULL},
    {GET, "/health/liveness", "liveness", "Whether the process answers", HEALTH, health_live, 200, NULL, "Liveness", NULL},
    {GET, "/health/readiness", "readiness", "Whether it may be sent requests", HEALTH, health_ready, 200, NULL, "Readiness", NULL},
    {GET, "/health/database", "healthDatabase", "How the database is", HEALTH, health_database, 200, NULL, "Component", NULL},
    {GET, "/health/cache", "healthCache", "How the cache is", HEALTH, health_cache, 200, NULL, "Component", NULL},
    {GET, "/api/health", "apiHealth", "How the server and its parts are", HEALTH, health_overall, 200, NULL, "Health", NULL},
    {GET, "/api/health/live", "apiLive", "Whether the process answers", HEALTH, health_live, 200, NULL, "Liveness", NULL},
    {GET, "/api/health/ready", "apiReady", "Whether it may be sent requests", HEALTH, health_ready, 200, NULL, "Readiness", NULL},
    {GET, "/api/health/liveness", "apiLiveness", "Whether the process answers", HEALTH, health_live, 200, NULL, "Liveness", NULL},
    {GET, "/api/health/readiness", "apiReadiness", "Whether it may be sent requests", HEALTH, health_ready, 200, NULL, "Readiness", NULL},
    {GET, "/api/health/database", "apiHealthDatabase", "How the database is", HEALTH, health_database, 200, NULL, "Component", NULL},
    {GET, "/api/health/cache", "apiHealthCache", "How the cache is", HEALTH, health_cache, 200, NULL, "Component", NULL},

    {GET, "/openapi.json", "openapi", "This description", PUBLIC, openapi_get, 200, NULL, NULL, NULL},
};
/* clang-format on */

const route *routes_all(size_t *count)
{
    *count = sizeof table / sizeof table[0];
    return table;
}
