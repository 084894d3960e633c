/* dispatch.c: what happens to every request, in this order: route, CORS preflight, method, load, token, limits, query, body,
 * handler. Whoever may not come in is not told whether his query or body was right, and is counted by his address. */
#include "dispatch.h"

#include <string.h>
#include <strings.h>

#include "handlers/handlers.h"
#include "http.h"
#include "ratelimit.h"
#include "respond.h"
#include "router.h"
#include "telemetry.h"

/* What a browser asks before it sends a request from another origin; the origin itself is judged in respond.c. */
static void answer_options(request *r, unsigned allowed)
{
    char allow[ALLOW_SIZE];

    router_allow(allowed, allow);
    respond_header(r, "Allow", allow);
    if (r->headers[HEADER_ORIGIN] && r->headers[HEADER_REQUEST_METHOD]) {
        respond_header(r, "Access-Control-Allow-Methods", allow);
        respond_header(r, "Access-Control-Allow-Headers",
                       "Authorization, Content-Type, If-Match, If-None-Match, Idempotency-Key, X-Request-Id, "
                       "apikey, X-Client-Info, X-Supabase-Api-Version, Upstash-Encoding, Upstash-Response-Format, "
                       "Upstash-Sync-Token, Upstash-Telemetry-Platform, Upstash-Telemetry-Retry, "
                       "Upstash-Telemetry-Runtime, Upstash-Telemetry-Sdk, traceparent, tracestate, baggage");
        respond_header(r, "Access-Control-Max-Age", "600");
    }
    respond_bytes(r, 204, NULL, NULL, 0);
}

/* Whether what the path leads to is not there, in this server or at this port. */
static int is_off(const request *r)
{
    return r->route &&
           ((http_health_only(r->listener) && !(r->route->flags & ROUTE_HEALTH)) ||
            (r->route->handle == cache_wire && !r->server->served_cache) ||
            (r->route->handle == metrics_get && !telemetry_is_served(r)) ||
            (r->route->handle == security_txt_get && !tripsage_config_security_contact(r->server->settings->config)) ||
            (webhook_is(r->route->handle) && !tripsage_config_webhook_secret(r->server->settings->config)));
}

static int find_route(request *r)
{
    unsigned allowed;
    matched found = router_match(r->server->router, r, &allowed);
    char allow[ALLOW_SIZE];

    if (found == MATCH_MALFORMED) {
        respond_problem(r, 400, "MALFORMED_REQUEST", "the path is not valid percent-encoded UTF-8");
    } else if (found == MATCH_NO_PATH || is_off(r)) {
        r->route = NULL;
        respond_problem(r, 404, "RESOURCE_NOT_FOUND", "there is nothing at this path");
    } else if (found == MATCH_NO_METHOD && r->method == METHOD_OPTIONS) {
        answer_options(r, allowed);
    } else if (found == MATCH_NO_METHOD) {
        router_allow(allowed, allow);
        respond_header(r, "Allow", allow);
        respond_problem(r, 405, "METHOD_NOT_ALLOWED", "this path answers %s", allow);
    } else {
        return 1;
    }
    return 0;
}

static int admit(request *r)
{
    if (!http_overloaded(r->listener) || r->route->flags & ROUTE_HEALTH)
        return 1;
    respond_problem(r, 503, "UNAVAILABLE", "too many connections are open");
    return 0;
}

/* What no token begins with: those are JSON in base64url. */
static int is_api_key(const char *value)
{
    return strncmp(value, "sb_", 3) == 0 || strncmp(value, "tsk_", 4) == 0;
}

/* A publishable key is a key, but nobody is signed in by it. */
static tripsage_status verify(request *r, const char *value, size_t length)
{
    if (is_api_key(value))
        return tripsage_auth_key_verify(&r->actor, NULL, request_auth(r), value, length);
    return tripsage_auth_verify(&r->actor, request_auth(r), value, length);
}

static void refuse_nobody(request *r)
{
    respond_problem(r, 401, tripsage_status_code(TRIPSAGE_EUNAUTHENTICATED), "sign in: this needs an access token");
}

/* RFC 6750: one scheme, whose name has no case. The token is a person's, or a program's API key. */
static int authenticate(request *r)
{
    static const char scheme[] = "Bearer ";
    const char *value = r->headers[HEADER_AUTHORIZATION];
    tripsage_status status;

    if (r->route->flags & ROUTE_PUBLIC)
        return 1;
    if (!value) {
        refuse_nobody(r);
        return 0;
    }
    if (strncasecmp(value, scheme, sizeof scheme - 1) != 0) {
        respond_problem(r, 401, tripsage_status_code(TRIPSAGE_ETOKEN),
                        "the Authorization header is not \"Bearer <token>\"");
        return 0;
    }
    value += sizeof scheme - 1;
    value += strspn(value, " ");
    status = verify(r, value, strcspn(value, " "));
    if (status == TRIPSAGE_OK && r->actor)
        return 1;
    if (status == TRIPSAGE_OK)
        refuse_nobody(r);
    else
        respond_failure(r, status);
    return 0;
}

static int read_query(request *r)
{
    if (r->route->flags & ROUTE_SUBTREE)
        return 1;
    if (r->query[0] && !query_split(r)) {
        respond_problem(r, 400, "MALFORMED_REQUEST",
                        "the query is not valid percent-encoded UTF-8, or has more than %d members", QUERY_MAX);
        return 0;
    }
    return query_check(r);
}

/* "application/json", with no parameter but charset=utf-8. */
static int is_media_type(const char *value, const char *wanted)
{
    size_t length = strlen(wanted);
    const char *rest = value + length;

    if (strncasecmp(value, wanted, length) != 0)
        return 0;
    rest += strspn(rest, " ");
    if (*rest == ';') {
        rest += 1 + strspn(rest + 1, " ");
        rest += strncasecmp(rest, "charset=utf-8", 13) == 0       ? 13
                : strncasecmp(rest, "charset=\"utf-8\"", 15) == 0 ? 15
                                                                  : 0;
        rest += strspn(rest, " ");
    }
    return *rest == '\0';
}

static int is_json(const request *r)
{
    const char *value = r->headers[HEADER_CONTENT_TYPE];

    return value && (is_media_type(value, "application/json") ||
                     (r->method == METHOD_PATCH && is_media_type(value, "application/merge-patch+json")));
}

static int has_body(const request *r)
{
    return r->content_length > 0 || r->chunked;
}

/* A route that takes no body leaves it on the connection. */
static int read_body(request *r)
{
    int status;

    if (!(r->route->flags & (ROUTE_BODY | ROUTE_BODY_OPTIONAL)))
        return 1;
    if (has_body(r) && !is_json(r)) {
        respond_problem(r, 415, "UNSUPPORTED_MEDIA_TYPE", "expected Content-Type: application/json%s",
                        r->method == METHOD_PATCH ? " or application/merge-patch+json" : "");
        return 0;
    }
    status = http_read_body(r, BODY_MAX);
    if (status) {
        respond_unread(r, status);
        return 0;
    }
    if (r->body.length == 0 && r->route->flags & ROUTE_BODY) {
        respond_problem(r, 400, "MALFORMED_REQUEST", "a JSON body is required");
        return 0;
    }
    return 1;
}

void dispatch(request *r)
{
    int known;

    if (!find_route(r) || !admit(r))
        return;
    known = authenticate(r);
    if (limits_admit(r) && known && read_query(r) && read_body(r))
        r->route->handle(r);
}
