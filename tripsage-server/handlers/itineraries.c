/* handlers/itineraries.c: the items of a trip, and /api/itineraries: an itinerary is a trip seen as its items, and has its id. */
#include <stdio.h>

#include "body.h"
#include "handlers/handlers.h"
#include "preconditions.h"
#include "respond.h"

void itinerary_get(request *r)
{
    tripsage_doc *itinerary = NULL;

    respond_result(r, tripsage_itinerary_get(&itinerary, request_trips(r), r->actor, request_param(r, 0)), 200,
                   &itinerary);
}

void itinerary_conflicts(request *r)
{
    tripsage_doc *conflicts = NULL;

    respond_result(r, tripsage_itinerary_conflicts(&conflicts, request_trips(r), r->actor, request_param(r, 0)), 200,
                   &conflicts);
}

/* ---- items ---- */

void item_create(request *r)
{
    tripsage_write_options options = TRIPSAGE_WRITE_OPTIONS_INIT;
    tripsage_doc *item = NULL;
    tripsage_status status;

    if (!precondition_create(r, &options))
        return;
    status = tripsage_item_create(&item, request_trips(r), r->actor, request_param(r, 0), r->body.data, r->body.length,
                                  &options);
    respond_created(r, status, &item, r->target);
}

void item_get(request *r)
{
    tripsage_doc *item = NULL;

    respond_result(r, tripsage_item_get(&item, request_trips(r), r->actor, request_param(r, 0), request_param(r, 1)),
                   200, &item);
}

static tripsage_status try_update(request *r, tripsage_doc **out, const tripsage_write_options *options)
{
    return tripsage_item_update(out, request_trips(r), r->actor, request_param(r, 0), request_param(r, 1), r->body.data,
                                r->body.length, options);
}

static tripsage_status try_delete(request *r, tripsage_doc **out, const tripsage_write_options *options)
{
    (void)out;
    return tripsage_item_delete(request_trips(r), r->actor, request_param(r, 0), request_param(r, 1), options);
}

void item_update(request *r)
{
    tripsage_doc *item;
    tripsage_status status;

    if (precondition_write(r, try_update, &item, &status))
        respond_result(r, status, 200, &item);
}

void item_delete(request *r)
{
    tripsage_doc *none;
    tripsage_status status;

    if (precondition_write(r, try_delete, &none, &status))
        respond_done(r, status);
}

/* ---- /api/itineraries ---- */

void itinerary_create(request *r)
{
    tripsage_write_options options = TRIPSAGE_WRITE_OPTIONS_INIT;
    tripsage_doc *trip = NULL;
    tripsage_status status;

    if (!precondition_create(r, &options))
        return;
    status = tripsage_trip_create(&trip, request_trips(r), r->actor, r->body.data, r->body.length, &options);
    respond_created(r, status, &trip, "/api/itineraries");
}

void itinerary_optimize(request *r)
{
    static const renamed names[] = {{"#settings", "/settings"}, {NULL, NULL}};
    tripsage_doc *body = body_parse(r), *proposal = NULL;
    const char *id, *goal;
    tripsage_status status;

    if (!body)
        return;
    id = body_text(r, body, "/itinerary_id", 36);
    if (tripsage_doc_kind(body, "/itinerary_id") <= TRIPSAGE_KIND_NULL)
        request_complain(r, "/itinerary_id", "is required");
    goal = body_text(r, body, "/settings", 32);
    body_only(r, body, "itinerary_id settings");
    if (!body_accept(r, body))
        return;
    status = tripsage_itinerary_optimize(&proposal, request_trips(r), r->actor, id, goal);
    tripsage_doc_free(body);
    respond_result_renamed(r, status, &proposal, names);
}

static void put_pagination(buffer *b, int64_t page, int64_t per_page, int64_t total)
{
    int64_t pages = (total + per_page - 1) / per_page;

    BUFFER_LIT(b, ",\"pagination\":{\"page\":");
    buffer_integer(b, page);
    BUFFER_LIT(b, ",\"per_page\":");
    buffer_integer(b, per_page);
    BUFFER_LIT(b, ",\"total_items\":");
    buffer_integer(b, total);
    BUFFER_LIT(b, ",\"total_pages\":");
    buffer_integer(b, pages);
    BUFFER_LIT(b, ",\"has_next\":");
    buffer_puts(b, page < pages ? "true" : "false");
    BUFFER_LIT(b, ",\"has_prev\":");
    buffer_puts(b, page > 1 ? "true" : "false");
    BUFFER_LIT(b, "}}");
}

/* Pages by number, as the Python server had them, over the list of trips. */
void itinerary_search(request *r)
{
    static const renamed names[] = {{"#status", "/status"},
                                    {"#starts_from", "/start_date_from"},
                                    {"#to", "/start_date_to"},
                                    {"#from", "/end_date_from"},
                                    {"#ends_to", "/end_date_to"},
                                    {"#text", "/query"},
                                    {NULL, NULL}};
    tripsage_list_options options = TRIPSAGE_LIST_OPTIONS_INIT;
    tripsage_doc *body = body_parse(r), *found = NULL;
    const char *destination[1] = {NULL}, *tag[1] = {NULL}, *data;
    int64_t page, per_page;
    tripsage_status status;

    if (!body)
        return;
    page = body_integer(r, body, "/page", 1, 100, 1);
    per_page = body_integer(r, body, "/page_size", 1, 100, 10);
    body_texts(r, body, "/destinations", destination, 1);
    body_texts(r, body, "/tags", tag, 1);
    options.destination = destination[0];
    options.tag = tag[0];
    options.status = body_text(r, body, "/status", 32);
    options.starts_from = body_text(r, body, "/start_date_from", 10);
    options.to = body_text(r, body, "/start_date_to", 10);
    options.from = body_text(r, body, "/end_date_from", 10);
    options.ends_to = body_text(r, body, "/end_date_to", 10);
    options.text = body_text(r, body, "/query", 500);
    body_only(r, body,
              "query status start_date_from start_date_to end_date_from end_date_to destinations tags page page_size");
    if (!body_accept(r, body))
        return;
    options.sort = TRIPSAGE_SORT_START_DATE;
    options.descending = 1;
    options.with_total = 1;
    options.limit = (uint32_t)per_page;
    options.skip = (uint32_t)((page - 1) * per_page);
    status = tripsage_trip_list(&found, request_trips(r), r->actor, &options);
    tripsage_doc_free(body);
    if (status != TRIPSAGE_OK) {
        respond_renamed(r, status, names);
        return;
    }
    data = tripsage_doc_value(found, "/items", NULL);
    BUFFER_LIT(&r->composed, "{\"success\":true,\"data\":");
    buffer_puts(&r->composed, data ? data : "[]");
    put_pagination(&r->composed, page, per_page, tripsage_doc_int(found, "/total", 0));
    tripsage_doc_free(found);
    respond_composed(r, 200);
}
