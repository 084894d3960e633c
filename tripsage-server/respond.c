/* respond.c: see respond.h. */
#include "respond.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "preconditions.h"
#include "redact.h"
#include "routes.h"
#include "telemetry.h"

/* ---- the id of an exchange ---- */

/* A client's id goes into a header and into the log: letters, digits and a few marks, nothing that could end a line. */
static int is_sane_id(const char *id)
{
    size_t length = strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

    return length > 0 && length <= REQUEST_ID_MAX && id[length] == '\0';
}

/* SplitMix64 (Steele, Lea and Flood, 2014). The state starts from the system's entropy; ids must differ, not be secret. */
static uint64_t next_chance(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

void respond_identify(request *r)
{
    static const char hex[] = "0123456789abcdef";
    const char *given = r->headers[HEADER_REQUEST_ID];

    if (given && is_sane_id(given)) {
        strcpy(r->id, given);
        return;
    }
    if (r->id[0]) /* that of the trace */
        return;
    for (int word = 0; word < 2; word++) {
        uint64_t bits = next_chance(&r->chance[word]);

        for (int i = 0; i < 16; i++, bits >>= 4)
            r->id[word * 16 + i] = hex[bits & 15];
    }
    r->id[32] = '\0';
}

/* ---- header lines ---- */

void respond_header(request *r, const char *name, const char *value)
{
    buffer_puts(&r->fields, name);
    BUFFER_LIT(&r->fields, ": ");
    buffer_puts(&r->fields, value);
    BUFFER_LIT(&r->fields, "\r\n");
}

static const char *reason(int status)
{
    switch (status) {
    case 200:
        return "OK";
    case 201:
        return "Created";
    case 204:
        return "No Content";
    case 303:
        return "See Other";
    case 304:
        return "Not Modified";
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 408:
        return "Request Timeout";
    case 409:
        return "Conflict";
    case 412:
        return "Precondition Failed";
    case 413:
        return "Content Too Large";
    case 415:
        return "Unsupported Media Type";
    case 422:
        return "Unprocessable Content";
    case 429:
        return "Too Many Requests";
    case 431:
        return "Request Header Fields Too Large";
    case 501:
        return "Not Implemented";
    case 503:
        return "Service Unavailable";
    case 504:
        return "Gateway Timeout";
    case 505:
        return "HTTP Version Not Supported";
    case 507:
        return "Insufficient Storage";
    default:
        return status < 500 ? "Client Error" : "Internal Server Error";
    }
}

/* ---- problems ---- */

static int has_values(const request *r)
{
    return r->route && r->route->flags & ROUTE_VALUES;
}

static void put_errors(buffer *b, const tripsage_field_error *errors, size_t count)
{
    BUFFER_LIT(b, ",\"errors\":[");
    for (size_t i = 0; i < count; i++) {
        buffer_puts(b, i ? ",{\"pointer\":" : "{\"pointer\":");
        buffer_jsonz(b, errors[i].pointer);
        BUFFER_LIT(b, ",\"detail\":");
        buffer_jsonz(b, errors[i].message);
        BUFFER_LIT(b, "}");
    }
    BUFFER_LIT(b, "]");
}

/* RFC 9457; `error` and `message` besides, which is what clients of the Python server read. */
static void compose_problem(request *r, int http, const char *code, const char *detail,
                            const tripsage_field_error *errors, size_t error_count)
{
    buffer *b = &r->composed;

    b->size = 0;
    BUFFER_LIT(b, "{\"type\":\"about:blank\",\"title\":");
    buffer_jsonz(b, reason(http));
    BUFFER_LIT(b, ",\"status\":");
    buffer_integer(b, http);
    BUFFER_LIT(b, ",\"detail\":");
    buffer_jsonz(b, detail);
    BUFFER_LIT(b, ",\"instance\":");
    buffer_jsonz(b, has_values(r) ? r->route->path : r->target);
    BUFFER_LIT(b, ",\"code\":");
    buffer_jsonz(b, code);
    BUFFER_LIT(b, ",\"request_id\":");
    buffer_jsonz(b, r->id);
    put_errors(b, errors, error_count);
    BUFFER_LIT(b, ",\"error\":");
    if (has_values(r)) /* whose clients look for a sentence there */
        buffer_jsonz(b, detail);
    else
        BUFFER_LIT(b, "true");
    BUFFER_LIT(b, ",\"message\":");
    buffer_jsonz(b, detail);
    BUFFER_LIT(b, "}");
}

/* A limit tells when it has room again; what is unavailable may be there in a second. */
static void put_retry_after(request *r, int http)
{
    int64_t known = http != 429 ? 0 : r->retry_after_s ? r->retry_after_s : tripsage_last_error()->retry_after_s;
    char seconds[24];

    snprintf(seconds, sizeof seconds, "%" PRId64, known ? known : 1);
    respond_header(r, "Retry-After", seconds);
}

static void send_problem(request *r, int http, const char *code, const char *detail, const tripsage_field_error *errors,
                         size_t error_count)
{
    compose_problem(r, http, code, detail, errors, error_count);
    r->response.etag[0] = '\0';
    if (http == 401)
        respond_header(r, "WWW-Authenticate",
                       r->headers[HEADER_AUTHORIZATION] ? "Bearer realm=\"tripsage\", error=\"invalid_token\""
                                                        : "Bearer realm=\"tripsage\"");
    if (http == 429 || http == 503)
        put_retry_after(r, http);
    respond_bytes(r, http, "application/problem+json", r->composed.data, r->composed.size);
}

void respond_problem(request *r, int http, const char *code, const char *format, ...)
{
    char detail[320];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(detail, sizeof detail, format, arguments);
    va_end(arguments);
    send_problem(r, http, code, detail, NULL, 0);
}

/* What went wrong inside is for the log; the client gets the sentence of the status and the id to ask about. */
void respond_failure(request *r, tripsage_status status)
{
    const tripsage_error *error = tripsage_last_error();
    int http = tripsage_status_http(status), told = error->status == status && error->message[0];

    if (http >= 500)
        log_event(TRIPSAGE_LOG_ERROR, tripsage_status_name(status), "%s (native %d, %s:%d) in request %s",
                  told ? error->message : tripsage_status_sentence(status), told ? error->native : 0,
                  told && error->file ? error->file : "?", told ? error->line : 0, r->id);
    send_problem(r, http, tripsage_status_code(status),
                 told && http < 500 ? error->message : tripsage_status_sentence(status), error->fields,
                 told ? error->field_count : 0);
}

void respond_unread(request *r, int status)
{
    r->response.close = 1;
    if (status == 413)
        respond_problem(r, 413, "PAYLOAD_TOO_LARGE", "the body is larger than %zu bytes", BODY_MAX);
    else if (status == 408)
        respond_problem(r, 408, "REQUEST_TIMEOUT", "the body did not come whole, or came too slowly");
    else if (status == 503)
        respond_problem(r, 503, "OUT_OF_MEMORY", "%s", tripsage_status_sentence(TRIPSAGE_ENOMEM));
    else
        respond_problem(r, 400, "MALFORMED_REQUEST", "the body's chunks are not well-formed");
}

void respond_invalid(request *r)
{
    const tripsage_field_error *first = &r->errors[0];
    char detail[sizeof first->pointer + sizeof first->message + 2];

    snprintf(detail, sizeof detail, "%s%s%s", first->pointer, first->pointer[0] ? ": " : "", first->message);
    send_problem(r, 422, tripsage_status_code(TRIPSAGE_EINVALID), detail, r->errors, r->error_count);
}

static void rename_place(char *out, size_t size, const char *place, const renamed *names)
{
    size_t length;

    for (; names->library; names++) {
        length = strlen(names->library);
        if (strncmp(place, names->library, length) == 0 && (place[length] == '\0' || place[length] == '/'))
            break;
    }
    if (names->library)
        snprintf(out, size, "%s%s", names->client, place + length);
    else
        snprintf(out, size, "%s", place);
}

void respond_renamed(request *r, tripsage_status status, const renamed *names)
{
    const tripsage_error *error = tripsage_last_error();
    char place[sizeof error->fields[0].pointer];

    if (status != TRIPSAGE_EINVALID || error->status != status || error->field_count == 0) {
        respond_failure(r, status);
        return;
    }
    for (size_t i = 0; i < error->field_count; i++) {
        rename_place(place, sizeof place, error->fields[i].pointer, names);
        request_complain(r, place, "%s", error->fields[i].message);
    }
    respond_invalid(r);
}

/* ---- answers ---- */

void respond_bytes(request *r, int http, const char *media_type, const char *body, size_t length)
{
    r->response.status = http;
    r->response.media_type = media_type;
    r->response.body = body;
    r->response.length = length;
    r->response.more = NULL;
}

void respond_composed(request *r, int http)
{
    respond_bytes(r, http, "application/json", r->composed.data, r->composed.size);
}

void respond_done(request *r, tripsage_status status)
{
    if (status == TRIPSAGE_OK)
        respond_bytes(r, 204, NULL, NULL, 0);
    else
        respond_failure(r, status);
}

static void put_query_text(buffer *b, const char *from)
{
    static const char hex[] = "0123456789ABCDEF";

    for (; *from; from++) {
        unsigned char c = (unsigned char)*from;
        char escape[3] = {'%', hex[c >> 4], hex[c & 15]};

        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("-._~", c))
            buffer_put(b, from, 1);
        else
            buffer_put(b, escape, sizeof escape);
    }
}

/* The same list from where this page ends (RFC 8288): what was asked, with another cursor. */
static void put_next_link(request *r, const char *cursor)
{
    buffer *b = &r->fields;

    BUFFER_LIT(b, "Link: <");
    for (const char *p = r->target; *p; p++)
        if (*p != '<' && *p != '>' && *p != '"')
            buffer_put(b, p, 1);
    BUFFER_LIT(b, "?cursor=");
    put_query_text(b, cursor);
    for (size_t i = 0; i < r->member_count; i++) {
        const pair *member = &r->members[i];

        if (strcmp(member->name.data, "cursor") == 0 || strcmp(member->name.data, "skip") == 0)
            continue;
        BUFFER_LIT(b, "&");
        put_query_text(b, member->name.data);
        BUFFER_LIT(b, "=");
        put_query_text(b, member->value.data);
    }
    BUFFER_LIT(b, ">; rel=\"next\"\r\n");
}

void respond_result(request *r, tripsage_status status, int http, tripsage_doc **given)
{
    tripsage_doc *doc = *given;
    size_t length;
    const char *body, *next;

    if (status != TRIPSAGE_OK) {
        tripsage_doc_free(doc);
        respond_failure(r, status);
        return;
    }
    r->response.doc = doc;
    body = tripsage_doc_json(doc, &length);
    if (tripsage_doc_version(doc))
        precondition_tag(r, tripsage_doc_version(doc), body, length);
    next = tripsage_doc_next(doc);
    if (next)
        put_next_link(r, next);
    if (tripsage_doc_cached(doc) >= 0)
        respond_header(r, "X-Cache", tripsage_doc_cached(doc) ? "hit" : "miss");
    if (tripsage_doc_replayed(doc))
        BUFFER_LIT(&r->fields, "Idempotency-Replayed: true\r\n");
    if (r->response.etag[0] && precondition_not_modified(r)) {
        respond_bytes(r, 304, NULL, NULL, 0);
        return;
    }
    respond_bytes(r, http, "application/json", body, length);
}

void respond_result_renamed(request *r, tripsage_status status, tripsage_doc **doc, const renamed *names)
{
    if (status == TRIPSAGE_OK)
        respond_result(r, status, 200, doc);
    else
        respond_renamed(r, status, names);
}

void respond_created(request *r, tripsage_status status, tripsage_doc **doc, const char *collection)
{
    const char *id = status == TRIPSAGE_OK ? tripsage_doc_text(*doc, "/id") : NULL;

    if (id) {
        size_t length = strlen(collection);

        while (length && collection[length - 1] == '/')
            length--;
        BUFFER_LIT(&r->fields, "Location: ");
        buffer_put(&r->fields, collection, length);
        BUFFER_LIT(&r->fields, "/");
        put_query_text(&r->fields, id);
        BUFFER_LIT(&r->fields, "\r\n");
    }
    respond_result(r, status, 201, doc);
}

/* ---- head and body in one piece ---- */

static void put_date(request *r)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    if (r->date.second != now.tv_sec) {
        struct tm utc;

        gmtime_r(&now.tv_sec, &utc);
        strftime(r->date.text, sizeof r->date.text, "%a, %d %b %Y %H:%M:%S GMT", &utc);
        r->date.second = now.tv_sec;
    }
    buffer_puts(&r->out, r->date.text);
}

/* The origin must be one of those configured, letter by letter (fetch standard, CORS protocol). */
static void put_cors(request *r)
{
    const settings *s = r->server->settings;
    const char *origin = r->headers[HEADER_ORIGIN];

    if (s->origin_count == 0)
        return;
    BUFFER_LIT(&r->out, "Vary: Origin\r\n");
    for (size_t i = 0; origin && i < s->origin_count; i++)
        if (strcmp(origin, s->origins[i]) == 0) {
            if (s->credentials)
                BUFFER_LIT(&r->out, "Access-Control-Allow-Credentials: true\r\n");
            BUFFER_LIT(&r->out, "Access-Control-Allow-Origin: ");
            buffer_puts(&r->out, origin);
            BUFFER_LIT(&r->out, "\r\nAccess-Control-Expose-Headers: ETag, Location, Link, X-Request-Id, "
                                "Idempotency-Replayed, Retry-After, WWW-Authenticate, X-Total-Count, "
                                "X-Supabase-Api-Version, X-Cache, RateLimit, RateLimit-Policy, X-RateLimit-Limit, "
                                "X-RateLimit-Remaining, X-RateLimit-Reset, Upstash-Sync-Token\r\n");
            return;
        }
}

static void put_head(request *r)
{
    buffer *out = &r->out;
    const response *a = &r->response;

    BUFFER_LIT(out, "HTTP/1.1 ");
    buffer_integer(out, a->status);
    BUFFER_LIT(out, " ");
    buffer_puts(out, reason(a->status));
    BUFFER_LIT(out, "\r\nDate: ");
    put_date(r);
    if (a->media_type) {
        BUFFER_LIT(out, "\r\nContent-Type: ");
        buffer_puts(out, a->media_type);
    }
    if (a->status != 204 && a->status != 304 && !a->more) {
        BUFFER_LIT(out, "\r\nContent-Length: ");
        buffer_integer(out, (int64_t)a->length);
    }
    BUFFER_LIT(out, "\r\nX-Request-Id: ");
    buffer_puts(out, r->id);
    if (a->etag[0]) {
        BUFFER_LIT(out, "\r\nETag: \"");
        buffer_puts(out, a->etag);
        BUFFER_LIT(out, "\"");
    }
    BUFFER_LIT(out, "\r\nCache-Control: ");
    buffer_puts(out, a->cache_control ? a->cache_control : "no-store");
    BUFFER_LIT(out, "\r\nX-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\nReferrer-Policy: no-referrer\r\n"
                    "Content-Security-Policy: default-src 'none'; base-uri 'none'; frame-ancestors 'none'\r\n");
    if (r->server->settings->is_https)
        BUFFER_LIT(out, "Strict-Transport-Security: max-age=31536000; includeSubDomains\r\n");
    put_cors(r);
    buffer_put(out, r->fields.data, r->fields.size);
    if (a->close)
        BUFFER_LIT(out, "Connection: close\r\n");
    else if (r->version_minor == 0)
        BUFFER_LIT(out, "Connection: keep-alive\r\n");
    BUFFER_LIT(out, "\r\n");
}

int respond_assemble(request *r)
{
    if (r->composed.failed || r->fields.failed) {
        r->composed.failed = r->fields.failed = 0;
        r->fields.size = 0;
        respond_problem(r, 503, "OUT_OF_MEMORY", "%s", tripsage_status_sentence(TRIPSAGE_ENOMEM));
    }
    put_head(r);
    if (r->method != METHOD_HEAD)
        buffer_put(&r->out, r->response.body, r->response.length);
    return !r->out.failed && !r->composed.failed && !r->fields.failed;
}

/* ---- the access log ---- */

static int64_t microseconds_between(const struct timespec *start, const struct timespec *end)
{
    return ((int64_t)end->tv_sec - start->tv_sec) * 1000000 + (end->tv_nsec - start->tv_nsec) / 1000;
}

static void put_client(buffer *line, const request *r)
{
    char masked[REDACT_ADDRESS_SIZE];

    if (!r->client_addr[0] || !r->server->settings->log_masks_clients) {
        buffer_jsonz(line, r->client_addr[0] ? r->client_addr : NULL);
        return;
    }
    redact_address(masked, r->client_addr);
    buffer_jsonz(line, masked);
}

void respond_log(request *r)
{
    buffer *line = &r->line;

    if (!log_wants(TRIPSAGE_LOG_INFO))
        return;
    log_begin(line, TRIPSAGE_LOG_INFO);
    BUFFER_LIT(line, ",\"event\":\"request\",\"method\":");
    buffer_jsonz(line, r->method_name);
    BUFFER_LIT(line, ",\"route\":");
    buffer_jsonz(line, r->route ? r->route->path : NULL);
    BUFFER_LIT(line, ",\"path\":");
    buffer_jsonz(line, has_values(r) ? r->route->path : r->target);
    BUFFER_LIT(line, ",\"status\":");
    buffer_integer(line, r->response.status);
    BUFFER_LIT(line, ",\"bytes\":");
    buffer_integer(line, r->method == METHOD_HEAD ? 0 : (int64_t)r->response.length);
    BUFFER_LIT(line, ",\"duration_us\":");
    buffer_integer(line, microseconds_between(&r->started, &r->ended));
    BUFFER_LIT(line, ",\"request_id\":\"");
    buffer_puts(line, r->id);
    BUFFER_LIT(line, "\"");
    telemetry_put_ids(line, &r->ids);
    BUFFER_LIT(line, ",\"client\":");
    put_client(line, r);
    BUFFER_LIT(line, ",\"user_id\":");
    buffer_jsonz(line, r->actor ? tripsage_actor_user_id(r->actor) : NULL);
    BUFFER_LIT(line, "}\n");
    if (!line->failed)
        log_line(TRIPSAGE_LOG_INFO, line->data, line->size);
}
