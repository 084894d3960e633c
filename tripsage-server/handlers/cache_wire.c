/* handlers/cache_wire.c: /cache/...: Upstash's wire, which is the library's (tripsage/cache_serve.h); here it meets HTTP. */
#include <string.h>

#include "handlers/handlers.h"
#include "http.h"
#include "log.h"
#include "respond.h"
#include "routes.h"

/* How long an answer without an end waits for something to say before it looks whether anybody listens, and whether the server stops. */
#define PATIENCE_MS 250

static const char *header_of(void *context, const char *name)
{
    return http_header(context, name);
}

/* 0 after it answered. A body that is too long is the library's to refuse, in its own form; that of a stranger is not read. */
static int take_body(request *r, tripsage_cache_request *wire)
{
    int status =
        tripsage_cache_admits(r->server->served_options, wire) ? http_read_body(r, TRIPSAGE_CACHE_REQUEST_MAX) : 0;

    if (status != 0 && status != 413) {
        respond_unread(r, status);
        return 0;
    }
    wire->body = r->body.data;
    wire->length = r->body.length;
    if (status == 413)
        wire->length = r->content_length > 0 ? (size_t)r->content_length : TRIPSAGE_CACHE_REQUEST_MAX + 1;
    return 1;
}

static int more(request *r, const char **data, size_t *length)
{
    tripsage_status status = tripsage_cache_response_more(data, length, r->response.cache, PATIENCE_MS);

    if (status == TRIPSAGE_OK || status == TRIPSAGE_ETIMEOUT)
        return 1;
    log_event(TRIPSAGE_LOG_WARN, "subscriber", "%s: %s", r->peer_addr, tripsage_last_error()->message);
    return 0;
}

static void answer(request *r, tripsage_cache_response *given)
{
    int http = tripsage_cache_response_status(given);
    const char *name, *value, *body, *type = NULL;
    size_t length;

    r->response.cache = given;
    if (http >= 500)
        log_event(TRIPSAGE_LOG_ERROR, tripsage_status_name(tripsage_last_error()->status), "%s in request %s",
                  tripsage_last_error()->message, r->id);
    for (size_t i = 0; tripsage_cache_response_header(given, i, &name, &value); i++)
        if (strcmp(name, "content-type") == 0)
            type = value;
        else
            respond_header(r, name, value);
    body = tripsage_cache_response_body(given, &length);
    respond_bytes(r, http, type, body, length);
}

static void answer_without_end(request *r, tripsage_cache_response *given)
{
    static const char too_many[] = "{\"error\":\"ERR max number of clients reached\"}"; /* in Redis's words */

    if (!http_take_stream(r)) {
        tripsage_cache_response_free(given);
        respond_header(r, "Retry-After", "1");
        respond_bytes(r, 503, "application/json", too_many, sizeof too_many - 1);
        return;
    }
    answer(r, given);
    r->response.more = more;
    r->response.close = 1; /* how the client sees that it ends after all */
}

void cache_wire(request *r)
{
    tripsage_cache_request wire = TRIPSAGE_CACHE_REQUEST_INIT;
    tripsage_cache_response *given;
    tripsage_status status;

    wire.method = r->method_name;
    wire.path = r->target + strlen(r->route->path);
    wire.query = r->query;
    wire.header = header_of;
    wire.context = r;
    if (!take_body(r, &wire))
        return;
    status = tripsage_cache_serve(&given, r->server->served_cache, r->server->served_options, &wire);
    if (status != TRIPSAGE_OK)
        respond_failure(r, status);
    else if (tripsage_cache_response_streams(given) && r->method != METHOD_HEAD)
        answer_without_end(r, given);
    else
        answer(r, given);
}
