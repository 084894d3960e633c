/* handlers/search.c: full text over one's trips, and one search over trips and destinations. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "body.h"
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

/* ---- unified ---- */

typedef struct unified {
    const char *query, *name; /* of the query, where it came */
    uint32_t limit;
    int trips, destinations; /* which of the two are asked for */
} unified;

/* One member of an item of `doc`, under another name; nothing when the item has none. */
static void put_member(buffer *b, tripsage_doc *doc, size_t index, const char *member, const char *name)
{
    char pointer[64];
    const char *value;

    snprintf(pointer, sizeof pointer, "/items/%zu/%s", index, member);
    value = tripsage_doc_value(doc, pointer, NULL);
    if (!value)
        return;
    BUFFER_LIT(b, ",\"");
    buffer_puts(b, name);
    BUFFER_LIT(b, "\":");
    buffer_puts(b, value);
}

static void put_trip(buffer *b, tripsage_doc *doc, size_t index)
{
    char pointer[64];
    const char *kind;

    snprintf(pointer, sizeof pointer, "/items/%zu/kind", index);
    kind = tripsage_doc_text(doc, pointer);
    BUFFER_LIT(b, "{\"type\":");
    buffer_jsonz(b, kind ? kind : "trip");
    put_member(b, doc, index, "id", "id");
    put_member(b, doc, index, "title", "title");
    put_member(b, doc, index, "snippet", "description");
    put_member(b, doc, index, "score", "score");
    put_member(b, doc, index, "trip_id", "trip_id");
    BUFFER_LIT(b, "}");
}

static void put_destination(buffer *b, tripsage_doc *doc, size_t index)
{
    BUFFER_LIT(b, "{\"type\":\"destination\"");
    put_member(b, doc, index, "id", "id");
    put_member(b, doc, index, "name", "title");
    put_member(b, doc, index, "description", "description");
    put_member(b, doc, index, "score", "score");
    put_member(b, doc, index, "country", "country");
    put_member(b, doc, index, "coordinates", "coordinates");
    BUFFER_LIT(b, "}");
}

/* The scores of the two rankings do not compare, so their ranks alternate: first of one, first of the other, second ... */
static size_t put_results(buffer *b, tripsage_doc *trips, tripsage_doc *destinations, size_t limit)
{
    size_t trip_count = tripsage_doc_count(trips, "/items"),
           destination_count = tripsage_doc_count(destinations, "/items");
    size_t written = 0;

    BUFFER_LIT(b, "{\"results\":[");
    for (size_t rank = 0; rank < trip_count || rank < destination_count; rank++) {
        if (rank < trip_count && written < limit) {
            buffer_puts(b, written++ ? "," : "");
            put_trip(b, trips, rank);
        }
        if (rank < destination_count && written < limit) {
            buffer_puts(b, written++ ? "," : "");
            put_destination(b, destinations, rank);
        }
    }
    BUFFER_LIT(b, "]");
    return written;
}

static void put_metadata(request *r, size_t total, size_t returned)
{
    buffer *b = &r->composed;
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    BUFFER_LIT(b, ",\"metadata\":{\"total_results\":");
    buffer_integer(b, (int64_t)total);
    BUFFER_LIT(b, ",\"returned_results\":");
    buffer_integer(b, (int64_t)returned);
    BUFFER_LIT(b, ",\"search_time_ms\":");
    buffer_decimal(b,
                   (double)(now.tv_sec - r->started.tv_sec) * 1e3 + (double)(now.tv_nsec - r->started.tv_nsec) / 1e6);
    BUFFER_LIT(b, ",\"search_id\":");
    buffer_jsonz(b, r->id);
    BUFFER_LIT(b, "}}");
}

static void search_unified(request *r, const unified *asked)
{
    tripsage_search_options options = TRIPSAGE_SEARCH_OPTIONS_INIT;
    tripsage_destination_query query = TRIPSAGE_DESTINATION_QUERY_INIT;
    const renamed names[] = {{"#query", asked->name}, {"#text", asked->name}, {NULL, NULL}};
    tripsage_doc *trips = NULL, *destinations = NULL;
    tripsage_status status = TRIPSAGE_OK;
    size_t total;

    options.limit = asked->limit;
    query.text = asked->query;
    query.limit = asked->limit > 50 ? 50 : asked->limit;
    if (asked->trips)
        status = tripsage_trip_search(&trips, request_trips(r), r->actor, asked->query, &options);
    if (status == TRIPSAGE_OK && asked->destinations)
        status = tripsage_destination_search(&destinations, request_trips(r), r->actor, &query);
    if (status == TRIPSAGE_OK) {
        total = tripsage_doc_count(trips, "/items") + tripsage_doc_count(destinations, "/items");
        put_metadata(r, total, put_results(&r->composed, trips, destinations, asked->limit));
        respond_composed(r, 200);
    } else {
        respond_renamed(r, status, names);
    }
    tripsage_doc_free(trips);
    tripsage_doc_free(destinations);
}

static void want_type(unified *asked, const char *type, size_t length)
{
    if (length == strlen("destination") && strncmp(type, "destination", length) == 0)
        asked->destinations = 1;
    else if (length == strlen("trip") && strncmp(type, "trip", length) == 0)
        asked->trips = 1;
}

void search_unified_get(request *r)
{
    const char *types = query_text(r, "types", NULL);
    unified asked = {query_text(r, "q", query_text(r, "query", NULL)), query_text(r, "q", NULL) ? "#q" : "#query",
                     (uint32_t)query_integer(r, "limit", 20), !types, !types};

    if (!asked.query) {
        request_complain(r, "#q", "it is required");
        respond_invalid(r);
        return;
    }
    while (types && *types) {
        size_t length = strcspn(types, ",");

        want_type(&asked, types, length);
        types += length;
        types += *types == ',';
    }
    search_unified(r, &asked);
}

void search_unified_post(request *r)
{
    tripsage_doc *body = body_parse(r);
    const char *types[16];
    unified asked = {NULL, "/query", 20, 0, 0};
    size_t count;

    if (!body)
        return;
    asked.query = body_text(r, body, "/query", 2000);
    asked.limit = (uint32_t)body_integer(r, body, "/limit", 1, 100, 20);
    count = body_texts(r, body, "/types", types, sizeof types / sizeof types[0]);
    for (size_t i = 0; i < count; i++)
        want_type(&asked, types[i], strlen(types[i]));
    if (count == 0)
        asked.trips = asked.destinations = 1;
    if (!asked.query || !asked.query[0])
        request_complain(r, "/query", "expected a text");
    if (!body_accept(r, body))
        return;
    search_unified(r, &asked);
    tripsage_doc_free(body);
}
