/* handlers/auth_wire.c: /auth/v1/...: Supabase Auth's wire, which is the library's (tripsage/auth_serve.h); here it meets HTTP. */
#include <stdio.h>
#include <string.h>

#include "handlers/handlers.h"
#include "http.h"
#include "log.h"
#include "respond.h"
#include "routes.h"

#define LOCAL_ORIGIN_SIZE sizeof "http://localhost:65535"

static const char *header_of(void *context, const char *name)
{
    return http_header(context, name);
}

/* 0 after it answered. A body that is too long is the library's to refuse, in its own form. */
static int take_body(request *r, tripsage_auth_request *wire)
{
    int status = http_read_body(r, BODY_MAX);

    if (status != 0 && status != 413) {
        respond_unread(r, status);
        return 0;
    }
    wire->body = r->body.data;
    wire->length = status == 413 ? BODY_MAX + 1 : r->body.length;
    return 1;
}

/* Those that every answer has are not written twice. */
static void take_header(request *r, const char *name, const char *value)
{
    if (strcmp(name, "cache-control") == 0)
        r->response.cache_control = value;
    else if (strcmp(name, "content-type") == 0)
        r->response.media_type = value;
    else if (strcmp(name, "x-content-type-options") != 0)
        respond_header(r, name, value);
}

static void answer(request *r, tripsage_auth_response *given)
{
    int http = tripsage_auth_response_status(given);
    const char *name, *value, *body;
    size_t length;

    r->response.wire = given;
    if (http >= 500)
        log_event(TRIPSAGE_LOG_ERROR, tripsage_status_name(tripsage_last_error()->status), "%s in request %s",
                  tripsage_last_error()->message, r->id);
    for (size_t i = 0; tripsage_auth_response_header(given, i, &name, &value); i++)
        take_header(r, name, value);
    body = tripsage_auth_response_body(given, &length);
    respond_bytes(r, http, r->response.media_type, body, length);
}

/* How clients reach the server: as its settings say, or on this machine. */
static const char *origin_of(const request *r, char local[LOCAL_ORIGIN_SIZE])
{
    const tripsage_mail_options *mail = tripsage_config_options(r->server->settings->config)->auth->mail;

    snprintf(local, LOCAL_ORIGIN_SIZE, "http://localhost:%d", http_port(r->listener));
    return mail && mail->external_url ? mail->external_url : local;
}

void auth_wire(request *r)
{
    tripsage_auth_request wire = TRIPSAGE_AUTH_REQUEST_INIT;
    tripsage_auth_response *given;
    char local[LOCAL_ORIGIN_SIZE];
    tripsage_status status;

    if (!take_body(r, &wire))
        return;
    wire.method = r->method_name;
    wire.path = r->target + strlen(r->route->path);
    wire.query = r->query;
    wire.header = header_of;
    wire.context = r;
    wire.address = r->client_addr;
    wire.origin = origin_of(r, local);
    status = tripsage_auth_serve(&given, request_auth(r), &wire);
    if (status == TRIPSAGE_OK)
        answer(r, given);
    else
        respond_failure(r, status);
}
