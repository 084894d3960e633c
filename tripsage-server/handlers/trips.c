/* handlers/trips.c: /api/trips and one trip. */
#include <string.h>

#include "body.h"
#include "handlers/handlers.h"
#include "preconditions.h"
#include "respond.h"
#include "routes.h"

void trip_create(request *r)
{
    tripsage_write_options options = TRIPSAGE_WRITE_OPTIONS_INIT;
    tripsage_doc *trip = NULL;
    tripsage_status status;

    if (!precondition_create(r, &options))
        return;
    status = tripsage_trip_create(&trip, request_trips(r), r->actor, r->body.data, r->body.length, &options);
    respond_created(r, status, &trip, "/api/trips");
}

void trip_list(request *r)
{
    tripsage_list_options options = TRIPSAGE_LIST_OPTIONS_INIT;
    tripsage_doc *page = NULL;

    options.limit = (uint32_t)query_integer(r, "limit", 0);
    options.cursor = query_text(r, "cursor", NULL);
    options.skip = (uint32_t)query_integer(r, "skip", 0);
    options.scope = (tripsage_scope)query_word(r, "scope", "all own shared deleted", TRIPSAGE_SCOPE_ALL);
    options.sort =
        (tripsage_sort)query_word(r, "sort", "created_at updated_at start_date title", TRIPSAGE_SORT_CREATED);
    options.descending = query_word(r, "order", "asc desc", -1);
    options.with_total = query_boolean(r, "total", 0);
    options.status = query_text(r, "status", NULL);
    options.trip_type = query_text(r, "trip_type", NULL);
    options.visibility = query_text(r, "visibility", NULL);
    options.tag = query_text(r, "tag", NULL);
    options.destination = query_text(r, "destination", NULL);
    options.from = query_text(r, "from", NULL);
    options.to = query_text(r, "to", NULL);
    respond_result(r, tripsage_trip_list(&page, request_trips(r), r->actor, &options), 200, &page);
}

void trip_get(request *r)
{
    tripsage_doc *trip = NULL;

    respond_result(r, tripsage_trip_get(&trip, request_trips(r), r->actor, request_param(r, 0)), 200, &trip);
}

/* ---- writes under If-Match ---- */

static tripsage_status try_update(request *r, tripsage_doc **out, const tripsage_write_options *options)
{
    return tripsage_trip_update(out, request_trips(r), r->actor, request_param(r, 0), r->body.data, r->body.length,
                                options);
}

static tripsage_status try_patch(request *r, tripsage_doc **out, const tripsage_write_options *options)
{
    return tripsage_trip_patch(out, request_trips(r), r->actor, request_param(r, 0), r->body.data, r->body.length,
                               options);
}

static tripsage_status try_preferences(request *r, tripsage_doc **out, const tripsage_write_options *options)
{
    return tripsage_trip_update(out, request_trips(r), r->actor, request_param(r, 0), r->composed.data,
                                r->composed.size, options);
}

static tripsage_status try_transfer(request *r, tripsage_doc **out, const tripsage_write_options *options)
{
    return tripsage_trip_transfer(out, request_trips(r), r->actor, request_param(r, 0), r->body.data, r->body.length,
                                  options);
}

static tripsage_status try_delete(request *r, tripsage_doc **out, const tripsage_write_options *options)
{
    (void)out;
    return tripsage_trip_delete(request_trips(r), r->actor, request_param(r, 0), options);
}

static void write_record(request *r, attempt make)
{
    tripsage_doc *trip;
    tripsage_status status;

    if (precondition_write(r, make, &trip, &status))
        respond_result(r, status, 200, &trip);
}

void trip_update(request *r)
{
    write_record(r, try_update);
}

void trip_patch(request *r)
{
    write_record(r, try_patch);
}

void trip_transfer(request *r)
{
    write_record(r, try_transfer);
}

/* The body becomes the member "preferences" of an update. */
void trip_preferences(request *r)
{
    static const renamed names[] = {{"/preferences", ""}, {NULL, NULL}};
    tripsage_doc *preferences = body_parse(r), *trip;
    tripsage_status status;

    if (!preferences)
        return;
    BUFFER_LIT(&r->composed, "{\"preferences\":");
    buffer_puts(&r->composed, tripsage_doc_json(preferences, NULL));
    BUFFER_LIT(&r->composed, "}");
    tripsage_doc_free(preferences);
    if (!precondition_write(r, try_preferences, &trip, &status))
        return;
    respond_result_renamed(r, status, &trip, names);
}

void trip_delete(request *r)
{
    tripsage_doc *none;
    tripsage_status status;

    if (precondition_write(r, try_delete, &none, &status))
        respond_done(r, status);
}

/* ---- the rest ---- */

void trip_restore(request *r)
{
    tripsage_doc *trip = NULL;

    respond_result(r, tripsage_trip_restore(&trip, request_trips(r), r->actor, request_param(r, 0)), 200, &trip);
}

void trip_purge(request *r)
{
    respond_done(r, tripsage_trip_purge(request_trips(r), r->actor, request_param(r, 0)));
}

void trip_summary(request *r)
{
    tripsage_doc *summary = NULL;

    respond_result(r, tripsage_trip_summary(&summary, request_trips(r), r->actor, request_param(r, 0)), 200, &summary);
}

void trip_similar(request *r)
{
    tripsage_doc *similar = NULL;
    tripsage_status status = tripsage_trip_similar(&similar, request_trips(r), r->actor, request_param(r, 0),
                                                   (uint32_t)query_integer(r, "limit", 0));

    respond_result(r, status, 200, &similar);
}

void trip_duplicate(request *r)
{
    tripsage_write_options options = TRIPSAGE_WRITE_OPTIONS_INIT;
    tripsage_doc *trip = NULL;
    tripsage_status status;

    if (!precondition_create(r, &options))
        return;
    status = tripsage_trip_duplicate(&trip, request_trips(r), r->actor, request_param(r, 0),
                                     r->body.length ? r->body.data : NULL, r->body.length, &options);
    respond_created(r, status, &trip, "/api/trips");
}

/* ---- export ---- */

void trip_export(request *r)
{
    char *content = NULL;
    size_t length = 0;
    const char *media_type = NULL, *format = query_text(r, "format", "json");
    tripsage_status status =
        tripsage_trip_export(&content, &length, &media_type, request_trips(r), r->actor, request_param(r, 0), format);

    if (status != TRIPSAGE_OK) {
        respond_failure(r, status);
        return;
    }
    r->response.owned = content;
    BUFFER_LIT(&r->fields, "Content-Disposition: attachment; filename=\"trip.");
    buffer_puts(&r->fields, format);
    BUFFER_LIT(&r->fields, "\"\r\n");
    respond_bytes(r, 200, media_type, content, length);
}

/* There is nothing to wait for: the export is made when it is fetched. Making it once here tells whether it may be. */
void trip_export_request(request *r)
{
    const char *format = query_text(r, "export_format", query_text(r, "format", "json")), *media_type;
    char *content = NULL;
    size_t length;
    tripsage_status status =
        tripsage_trip_export(&content, &length, &media_type, request_trips(r), r->actor, request_param(r, 0), format);

    tripsage_free(content);
    if (status != TRIPSAGE_OK) {
        respond_failure(r, status);
        return;
    }
    BUFFER_LIT(&r->composed, "{\"format\":");
    buffer_jsonz(&r->composed, format);
    BUFFER_LIT(&r->composed, ",\"trip_id\":");
    buffer_jsonz(&r->composed, request_param(r, 0));
    BUFFER_LIT(&r->composed, ",\"status\":\"completed\",\"download_url\":\"/api/trips/");
    buffer_puts(&r->composed, request_param(r, 0)); /* a UUID: it named a trip */
    BUFFER_LIT(&r->composed, "/export?format=");
    buffer_puts(&r->composed, format);
    BUFFER_LIT(&r->composed, "\"}");
    respond_composed(r, 200);
}
