/* handlers/search.c: full text over one's trips, one search over everything, and what was searched for. */
#include <string.h>

#include "handlers/handlers.h"
#include "respond.h"
#include "routes.h"

void trip_search(request *r)
{
    static const renamed names[] = {{"#query", "#q"}, {NULL, NULL}};
    tripsage_search_options options = TRIPSAGE_SEARCH_OPTIONS_INIT;
    tripsage_doc *found = NULL;
    tripsage_status status;

    options.limit = (uint32_t)query_integer(r, "limit", 0);
    options.skip = (uint32_t)query_integer(r, "skip", 0);
    options.scope = (tripsage_scope)query_word(r, "scope", "all own shared", TRIPSAGE_SCOPE_ALL);
    options.status = query_text(r, "status", NULL);
    status = tripsage_trip_search(&found, request_trips(r), r->actor, query_text(r, "q", ""), &options);
    respond_result_renamed(r, status, &found, names);
}

void search_suggest(request *r)
{
    tripsage_doc *names = NULL;
    tripsage_status status = tripsage_destination_complete(
        &names, request_trips(r), r->actor, query_text(r, "query", ""), (uint32_t)query_integer(r, "limit", 0));

    respond_result(r, status, 200, &names);
}

/* ---- everything at once ---- */

/* "trip,destination" as an array. */
static void put_types(buffer *b, const char *types)
{
    BUFFER_LIT(b, ",\"types\":[");
    for (int count = 0; *types; types += *types == ',') {
        size_t length = strcspn(types, ",");

        if (length) {
            buffer_puts(b, count++ ? "," : "");
            buffer_json(b, types, length);
        }
        types += length;
    }
    BUFFER_LIT(b, "]");
}

/* GET is safe: it notes nothing. */
void search_unified_get(request *r)
{
    const char *q = query_text(r, "q", NULL), *types = query_text(r, "types", NULL);
    const char *query = query_text(r, "q", query_text(r, "query", NULL));
    const renamed names[] = {{"/query", q ? "#q" : "#query"}, {"/types", "#types"}, {NULL, NULL}};
    tripsage_doc *found = NULL;
    tripsage_status status;

    if (!query) {
        request_complain(r, "#q", "it is required");
        respond_invalid(r);
        return;
    }
    BUFFER_LIT(&r->composed, "{\"query\":");
    buffer_jsonz(&r->composed, query);
    BUFFER_LIT(&r->composed, ",\"limit\":");
    buffer_integer(&r->composed, query_integer(r, "limit", 20));
    if (types)
        put_types(&r->composed, types);
    BUFFER_LIT(&r->composed, "}");
    status = tripsage_search_unified(&found, request_trips(r), r->actor, r->composed.data, r->composed.size, 0);
    r->composed.size = 0;
    respond_result_renamed(r, status, &found, names);
}

void search_unified_post(request *r)
{
    tripsage_doc *found = NULL;
    tripsage_status status =
        tripsage_search_unified(&found, request_trips(r), r->actor, r->body.data, r->body.length, 1);

    respond_result(r, status, 200, &found);
}

void search_bulk(request *r)
{
    tripsage_doc *found = NULL;
    tripsage_status status = tripsage_search_bulk(&found, request_trips(r), r->actor, r->body.data, r->body.length, 1);

    respond_result(r, status, 200, &found);
}

/* ---- what was searched for ---- */

void search_save(request *r)
{
    tripsage_doc *saved = NULL;
    tripsage_status status = tripsage_search_save(&saved, request_trips(r), r->actor, r->body.data, r->body.length);

    respond_result(r, status, 200, &saved);
}

void search_unsave(request *r)
{
    respond_done(r, tripsage_search_unsave(request_trips(r), r->actor, request_param(r, 0)));
}

void search_recent(request *r)
{
    tripsage_doc *list = NULL;
    tripsage_status status = tripsage_search_recent(
        &list, request_trips(r), r->actor, (uint32_t)query_integer(r, "limit", 0), query_boolean(r, "saved", 0));

    respond_result(r, status, 200, &list);
}

void search_analytics(request *r)
{
    tripsage_doc *day = NULL;
    tripsage_status status = tripsage_search_analytics(&day, request_trips(r), r->actor, query_text(r, "date", NULL));

    respond_result(r, status, 200, &day);
}
