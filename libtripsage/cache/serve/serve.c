/* serve.c: from a request of Upstash's wire to its answer: see serve.h. */
#include "serve.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/crypto.h"
#include "base/env.h"
#include "base/memory.h"
#include "cache/cache.h"
#include "cache/command/reply.h"
#include "cache/command/table.h"

/* A reply has up to TRIPSAGE__BUF_DOCUMENT bytes; base64 is a third more, escapes a little less for most texts. */
#define BODY_CEILING (2 * TRIPSAGE__BUF_DOCUMENT)

/* Longer ones are nobody's. */
#define TOKEN_SIZE 1024u

typedef enum access { NOBODY, READER, WRITER } access;

typedef struct call {
    tripsage_cache *cache;
    const tripsage_cache_request *request;
    tripsage_cache_response *response;
    access access;
    tripsage__serve_form form;
    tripsage__serve_lines input;
} call;

/* ---- who is let in ---- */

static const char *header_of(const tripsage_cache_request *request, const char *name)
{
    const char *value = request->header(request->context, name);

    return value ? value : "";
}

/* What is sent as a token; "": none. RFC 6750: the scheme's name has no case. The parameter is for those who can set no header. */
static const char *token_of(const tripsage_cache_request *request, char parameter[TOKEN_SIZE])
{
    const char *value = request->header(request->context, "authorization");

    if (value)
        return strncasecmp(value, "Bearer ", 7) == 0 ? value + 7 + strspn(value + 7, " ") : "";
    return tripsage__serve_parameter(parameter, TOKEN_SIZE, request->query, "_token") ? parameter : "";
}

/* The time tells how long they are, and nothing of what is in them. */
static int is_token(const char *given, const char *token)
{
    size_t length = token ? strlen(token) : 0;

    return token && strlen(given) == length && tripsage__equal_constant_time(given, token, length);
}

static access access_of(const tripsage_cache_serve_options *options, const tripsage_cache_request *request)
{
    char parameter[TOKEN_SIZE];
    const char *given = token_of(request, parameter);
    int writes = is_token(given, options->token), reads = is_token(given, options->readonly_token);

    tripsage__wipe(parameter, sizeof parameter);
    return writes ? WRITER : reads ? READER : NOBODY;
}

int tripsage_cache_admits(const tripsage_cache_serve_options *options, const tripsage_cache_request *request)
{
    return request->header && access_of(options, request) != NOBODY;
}

/* ---- what is answered without the cache ---- */

static void put_header(tripsage_cache_response *response, const char *name, const char *value)
{
    response->headers[response->header_count].name = name;
    response->headers[response->header_count++].value = value;
}

static tripsage_status refuse_text(call *c, int http, const char *text, size_t size)
{
    c->response->http = http;
    c->response->body.size = 0;
    tripsage__serve_put_error(&c->response->body, text, size);
    return TRIPSAGE_OK;
}

/* An answer like any other: {"error":"..."}. */
static tripsage_status refuse(call *c, int http, const char *format, ...) TRIPSAGE__PRINTF(3, 4);
static tripsage_status refuse(call *c, int http, const char *format, ...)
{
    char text[512];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return refuse_text(c, http, text, strlen(text));
}

/* What a call of the cache gave in the place of a reply. */
static tripsage_status refuse_failed(call *c, tripsage_status status)
{
    if (status == TRIPSAGE_EUNAVAILABLE)
        return refuse(c, 503, "ERR the cache cannot be reached");
    if (status == TRIPSAGE_ETOOLARGE)
        return refuse(c, 400, "ERR max response size exceeded. Limit: %zu bytes", TRIPSAGE__BUF_DOCUMENT);
    if (status == TRIPSAGE_ENOTSUP)
        return refuse(c, 400, "ERR Command is not available: %s", tripsage_last_error()->message);
    if (status == TRIPSAGE_EINVALID)
        return refuse(c, 400, "ERR %s", tripsage_last_error()->message);
    return status;
}

/* What input.c gave in the place of lines. */
static tripsage_status refuse_input(call *c, tripsage_status status)
{
    if (status != TRIPSAGE_EMALFORMED)
        return status;
    return refuse(c, 400, "ERR failed to parse the request at byte %zu: %s", c->input.where, c->input.problem);
}

/* ---- commands ---- */

/* "NOPERM this user has no permissions to run the 'eval' command", with the name as it came, cut. */
static void put_no_permission(char out[128], tripsage__cache_bytes name)
{
    char shown[33];
    size_t size = name.size < sizeof shown - 1 ? name.size : sizeof shown - 1;

    for (size_t i = 0; i < size; i++) {
        char c = ((const char *)name.data)[i];

        shown[i] = c < 0x20 || c >= 0x7f ? '?' : (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    shown[size] = '\0';
    snprintf(out, 128, "NOPERM this user has no permissions to run the '%s' command", shown);
}

static int may_run(const call *c, const tripsage_cache_command_line *line)
{
    return c->access == WRITER || tripsage__commands_only_reads(line->arguments[0]);
}

static tripsage_status refuse_permission(call *c, tripsage__cache_bytes name)
{
    char text[128];

    put_no_permission(text, name);
    return refuse_text(c, 400, text, strlen(text));
}

static tripsage_status answer_reply(call *c, const tripsage_cache_reply *reply)
{
    if (reply->type == TRIPSAGE_CACHE_ERROR)
        return refuse_text(c, 400, reply->data, reply->size);
    tripsage__serve_put_reply(&c->response->body, reply, c->form);
    return TRIPSAGE_OK;
}

static tripsage_status run_command(call *c)
{
    const tripsage_cache_command_line *line = &c->input.lines[0];
    tripsage_cache_reply *reply = NULL;
    tripsage_status status;

    if (!may_run(c, line))
        return refuse_permission(c, line->arguments[0]);
    status = tripsage_cache_command(&reply, c->cache, line->arguments, line->count);
    status = status == TRIPSAGE_OK ? answer_reply(c, reply) : refuse_failed(c, status);
    tripsage_cache_reply_free(reply);
    return status;
}

static void put_refused(call *c, tripsage__cache_bytes name)
{
    tripsage_cache_reply refused = {.type = TRIPSAGE_CACHE_ERROR};
    char text[128];

    put_no_permission(text, name);
    refused.data = text;
    refused.size = strlen(text);
    tripsage__serve_put_reply(&c->response->body, &refused, c->form);
}

/* The replies of those that were run, and between them, each in its place, those that may not be. RESP2 has no brackets around several. */
static void put_replies(call *c, const tripsage_cache_reply *replies)
{
    tripsage__buf *body = &c->response->body;
    int is_json = c->form != TRIPSAGE__SERVE_RESP2;
    size_t next = 0;

    if (is_json)
        tripsage__buf_putc(body, '[');
    for (size_t i = 0; i < c->input.count; i++) {
        if (i && is_json)
            tripsage__buf_putc(body, ',');
        if (may_run(c, &c->input.lines[i]))
            tripsage__serve_put_reply(body, &replies->items[next++], c->form);
        else
            put_refused(c, c->input.lines[i].arguments[0]);
    }
    if (is_json)
        tripsage__buf_putc(body, ']');
}

static tripsage_status run_pipeline(call *c)
{
    tripsage_cache_command_line *permitted = tripsage__malloc(c->input.count * sizeof *permitted);
    tripsage_cache_reply *replies = NULL;
    size_t count = 0;
    tripsage_status status;

    if (!permitted)
        return TRIPSAGE_NOMEM();
    for (size_t i = 0; i < c->input.count; i++)
        if (may_run(c, &c->input.lines[i]))
            permitted[count++] = c->input.lines[i];
    status = tripsage_cache_pipeline(&replies, c->cache, permitted, count);
    if (status == TRIPSAGE_OK)
        put_replies(c, replies);
    else
        status = refuse_failed(c, status);
    tripsage_cache_reply_free(replies);
    tripsage__free(permitted);
    return status;
}

/* As a whole or not at all: one that may not be run keeps the others from it. */
static tripsage_status run_transaction(call *c)
{
    tripsage_cache_reply *replies = NULL;
    tripsage_status status;

    for (size_t i = 0; i < c->input.count; i++)
        if (!may_run(c, &c->input.lines[i]))
            return refuse_permission(c, c->input.lines[i].arguments[0]);
    status = tripsage_cache_transaction(&replies, c->cache, c->input.lines, c->input.count);
    if (status != TRIPSAGE_OK)
        status = refuse_failed(c, status);
    else if (replies->type == TRIPSAGE_CACHE_ARRAY)
        put_replies(c, replies);
    else
        status = answer_reply(c, replies);
    tripsage_cache_reply_free(replies);
    return status;
}

/* ---- subscriptions ---- */

static tripsage_status subscribe(call *c, int to_patterns)
{
    const tripsage_cache_command_line *line = &c->input.lines[0];
    tripsage_status status;

    if (line->count < 2)
        return refuse(c, 400, "ERR wrong number of arguments for '%s' command",
                      to_patterns ? "psubscribe" : "subscribe");
    if (to_patterns && c->access != WRITER) /* it shows channels that were not named */
        return refuse_permission(c, line->arguments[0]);
    status = tripsage__serve_subscribe(c->response, c->cache, line, to_patterns);
    return status == TRIPSAGE_OK ? TRIPSAGE_OK : refuse_failed(c, status);
}

/* ---- forms ---- */

/* Whether the path is this word, with or without a slash behind it. */
static int is_path(const char *path, const char *word)
{
    size_t length = strlen(word);

    return strncasecmp(path, word, length) == 0 && (!path[length] || strcmp(path + length, "/") == 0);
}

static tripsage_status answer_path(call *c)
{
    tripsage_cache_request plain = *c->request;
    int to_channels = strncasecmp(plain.path, "/subscribe/", 11) == 0 || is_path(plain.path, "/subscribe");
    int to_patterns = strncasecmp(plain.path, "/psubscribe/", 12) == 0 || is_path(plain.path, "/psubscribe");
    tripsage_status status;

    if (to_channels || to_patterns) { /* the client's body is "[]", and is no argument */
        plain.length = 0;
        plain.query = NULL;
    }
    status = tripsage__serve_read_path(&c->input, &plain);
    if (status != TRIPSAGE_OK)
        return refuse_input(c, status);
    return to_channels || to_patterns ? subscribe(c, to_patterns) : run_command(c);
}

static tripsage_status answer_body(call *c, int is_pipeline, int is_transaction)
{
    const char *body = c->request->body ? c->request->body : "";
    tripsage_status status = is_pipeline || is_transaction
                                 ? tripsage__serve_read_commands(&c->input, body, c->request->length)
                                 : tripsage__serve_read_command(&c->input, body, c->request->length);

    if (status != TRIPSAGE_OK)
        return refuse_input(c, status);
    return is_transaction ? run_transaction(c) : is_pipeline ? run_pipeline(c) : run_command(c);
}

/* 0 after it refused. */
static int choose_form(call *c, int is_transaction)
{
    const char *format = header_of(c->request, "upstash-response-format");
    int is_base64 = strcasecmp(header_of(c->request, "upstash-encoding"), "base64") == 0;
    int is_resp2 = strcasecmp(format, "resp2") == 0;

    c->form = is_resp2 ? TRIPSAGE__SERVE_RESP2 : is_base64 ? TRIPSAGE__SERVE_BASE64 : TRIPSAGE__SERVE_TEXT;
    if (*format && !is_resp2 && strcasecmp(format, "json") != 0)
        refuse(c, 400, "ERR Upstash-Response-Format is resp2, or is not there");
    else if (is_resp2 && is_base64)
        refuse(c, 400, "ERR Upstash-Response-Format and Upstash-Encoding exclude each other");
    else if (is_resp2 && is_transaction)
        refuse(c, 400, "ERR Upstash-Response-Format is not for transactions");
    else
        return 1;
    return 0;
}

static int is_method(const char *method)
{
    return strcmp(method, "GET") == 0 || strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
           strcmp(method, "HEAD") == 0;
}

static tripsage_status answer(call *c)
{
    const char *path = c->request->path;
    int is_pipeline = is_path(path, "/pipeline"), is_transaction = is_path(path, "/multi-exec");

    if (c->access == NOBODY) {
        put_header(c->response, "www-authenticate", "Bearer");
        return refuse(c, 401, "WRONGPASS invalid or missing auth token");
    }
    if (!is_method(c->request->method)) {
        put_header(c->response, "allow", "GET, HEAD, POST, PUT");
        return refuse(c, 405, "ERR the method is not one of GET, HEAD, POST and PUT");
    }
    if (c->request->length > TRIPSAGE_CACHE_REQUEST_MAX)
        return refuse(c, 400, "ERR max request size exceeded. Limit: %zu bytes, Actual: %zu bytes",
                      TRIPSAGE_CACHE_REQUEST_MAX, c->request->length);
    if (!choose_form(c, is_transaction))
        return TRIPSAGE_OK;
    if (is_pipeline || is_transaction || !*path || strcmp(path, "/") == 0)
        return answer_body(c, is_pipeline, is_transaction);
    return answer_path(c);
}

/* ---- the response ---- */

static const char *type_of(const call *c)
{
    if (c->response->subscription)
        return "text/event-stream";
    return c->form == TRIPSAGE__SERVE_RESP2 && c->response->http == 200 ? "application/octet-stream"
                                                                        : "application/json";
}

static void put_headers(call *c)
{
    tripsage_cache_response *response = c->response;

    put_header(response, "content-type", type_of(c));
    snprintf(response->sync, sizeof response->sync, "n=%" PRIu64, tripsage__cache_count_request(c->cache));
    put_header(response, "upstash-sync-token", response->sync);
    if (response->subscription)
        put_header(response, "x-accel-buffering", "no"); /* nginx would keep events until there are many */
}

static tripsage_status check(const tripsage_cache_serve_options *options, const tripsage_cache_request *request)
{
    if (options->version != 1 || !options->token || strlen(options->token) < TRIPSAGE_CACHE_TOKEN_MIN)
        return TRIPSAGE_FAIL_FIELD("#options", "expected version 1 and a token of at least %u characters",
                                   TRIPSAGE_CACHE_TOKEN_MIN);
    if (options->readonly_token && strlen(options->readonly_token) < TRIPSAGE_CACHE_TOKEN_MIN)
        return TRIPSAGE_FAIL_FIELD("#options", "expected a token for reading of at least %u characters",
                                   TRIPSAGE_CACHE_TOKEN_MIN);
    if (options->readonly_token && strcmp(options->readonly_token, options->token) == 0)
        return TRIPSAGE_FAIL_FIELD("#options", "the token for reading is the one for everything");
    if (request->version != 1 || !request->method || !request->path || !request->header ||
        (request->length && !request->body && request->length <= TRIPSAGE_CACHE_REQUEST_MAX))
        return TRIPSAGE_FAIL_FIELD("#request", "expected version 1, a method, a path, a function for headers, and a "
                                               "body where it has a length");
    return TRIPSAGE_OK;
}

tripsage_status tripsage_cache_serve(tripsage_cache_response **out, tripsage_cache *cache,
                                     const tripsage_cache_serve_options *options, const tripsage_cache_request *request)
{
    call c = {.cache = cache, .request = request};
    tripsage_status status;

    *out = NULL;
    TRIPSAGE_TRY(check(options, request));
    c.response = tripsage__calloc(1, sizeof *c.response);
    if (!c.response)
        return TRIPSAGE_NOMEM();
    c.response->http = 200;
    c.response->body.ceiling = BODY_CEILING;
    c.response->event.ceiling = TRIPSAGE__BUF_DOCUMENT;
    c.access = access_of(options, request);
    TRIPSAGE_TRY(answer(&c));
    if (c.response->body.failed == TRIPSAGE_ETOOLARGE) {
        c.response->body.failed = TRIPSAGE_OK;
        TRIPSAGE_TRY(refuse_failed(&c, TRIPSAGE_ETOOLARGE));
    }
    put_headers(&c);
    status = tripsage__buf_status(&c.response->body);
out:
    tripsage__serve_lines_free(&c.input);
    if (status == TRIPSAGE_OK)
        *out = c.response;
    else
        tripsage_cache_response_free(c.response);
    return status;
}

int tripsage_cache_response_status(const tripsage_cache_response *response)
{
    return response->http;
}

int tripsage_cache_response_header(const tripsage_cache_response *response, size_t index, const char **name,
                                   const char **value)
{
    if (index >= response->header_count)
        return 0;
    *name = response->headers[index].name;
    *value = response->headers[index].value;
    return 1;
}

const char *tripsage_cache_response_body(const tripsage_cache_response *response, size_t *length)
{
    if (length)
        *length = response->body.size;
    return response->body.data ? response->body.data : "";
}

void tripsage_cache_response_free(tripsage_cache_response *response)
{
    if (!response)
        return;
    tripsage_cache_subscription_close(response->subscription);
    tripsage__buf_free(&response->body);
    tripsage__buf_free(&response->event);
    tripsage__free(response);
}
