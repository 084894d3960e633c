/* http/http.c: a request from the first try to the last, and what is asked of an answer. See http.h. */
#include "http/http_internal.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"

/* Waits between tries are drawn from 0 up to a bound that doubles ("full jitter", Brooker, AWS, 2015), so that many clients of a server
 * that comes back do not come at once. The first is long enough for a restart of a proxy, the last short enough for a person. */
#define WAIT_FIRST_MS 100u
#define WAIT_LAST_MS  2000u
#define TRIES         3u
/* How long a wait may go on after it is to stop. */
#define STOP_MS 100

/* ---- the client ---- */

tripsage_status tripsage__http_new(tripsage__http **out, tripsage__env *env, const tripsage__http_options *options)
{
    static const tripsage__http_options standard = {NULL, NULL};
    tripsage__http *http = tripsage__calloc(1, sizeof *http);
    tripsage_status status;

    *out = NULL;
    if (!http)
        return TRIPSAGE_NOMEM();
    http->env = env;
    http->observer = tripsage__env_observer(env);
    http->transfers = tripsage__transfers_new(options ? options : &standard, &status);
    if (status == TRIPSAGE_OK)
        *out = http;
    else
        tripsage__free(http);
    return status;
}

void tripsage__http_free(tripsage__http *http)
{
    if (!http)
        return;
    tripsage__transfers_free(http->transfers);
    tripsage__free(http);
}

/* ---- URLs ---- */

/* Credentials end at the last '@' before the path; where there is another one later, they may hold a '/' that should have been escaped,
 * and nothing after the scheme is shown. */
void tripsage__http_show(char out[TRIPSAGE__HTTP_SHOWN_SIZE], const char *url)
{
    const char *rest = strstr(url, "://"), *end = url + strcspn(url, "?#"), *host, *path;
    size_t scheme, size;

    rest = rest && rest < end ? rest + 3 : url;
    scheme = (size_t)(rest - url) < 16 ? (size_t)(rest - url) : 0;
    path = rest + strcspn(rest, "/?#");
    host = rest;
    for (const char *at = rest; at < path; at++)
        if (*at == '@')
            host = at + 1;
    if (memchr(path, '@', (size_t)(end - path)))
        host = end;
    memcpy(out, url, scheme);
    size = (size_t)(end - host) < TRIPSAGE__HTTP_SHOWN_SIZE - 1 - scheme ? (size_t)(end - host)
                                                                         : TRIPSAGE__HTTP_SHOWN_SIZE - 1 - scheme;
    memcpy(out + scheme, host, size);
    out[scheme + size] = '\0';
    for (char *c = out; *c; c++) /* of a text that is no URL */
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    tripsage__end_with_character(out);
}

tripsage_status tripsage__http_meaning(int http)
{
    switch (http) {
    case 401:
        return TRIPSAGE_EUNAUTHENTICATED;
    case 403:
        return TRIPSAGE_EFORBIDDEN;
    case 404:
        return TRIPSAGE_ENOTFOUND;
    case 409:
        return TRIPSAGE_ECONFLICT;
    case 413:
        return TRIPSAGE_ETOOLARGE;
    case 429:
        return TRIPSAGE_ERATELIMITED;
    default:
        return TRIPSAGE_EINVALID;
    }
}

/* ---- sending ---- */

static int has_control_character(const char *text)
{
    for (; *text; text++)
        if (((unsigned char)*text < 0x20 && *text != '\t') || *text == 0x7f)
            return 1;
    return 0;
}

static tripsage_status check(const tripsage__http_request *request)
{
    char shown[TRIPSAGE__HTTP_SHOWN_SIZE];

    tripsage__http_show(shown, request->url);
    if ((strncasecmp(request->url, "http://", 7) != 0 && strncasecmp(request->url, "https://", 8) != 0) ||
        has_control_character(request->url))
        return TRIPSAGE_FAIL(TRIPSAGE_EINVALID, "%s: expected an http or https URL", shown);
    for (size_t i = 0; i < request->header_count; i++)
        if (has_control_character(request->headers[i]) || !strchr(request->headers[i], ':'))
            return TRIPSAGE_FAIL(TRIPSAGE_EINVALID, "%s: header %zu is no line \"Name: value\"", shown, i + 1);
    return TRIPSAGE_OK;
}

static int is_stopped(const tripsage__http_request *request)
{
    return request->stop && atomic_load(request->stop);
}

static int asks_for_another_try(int status)
{
    return status == 429 || status == 502 || status == 503 || status == 504;
}

static int may_try_again(const tripsage__http_request *request, const tripsage__http_response *response,
                         const tripsage__transfer_end *end, tripsage_status status)
{
    if (status != TRIPSAGE_OK)
        return end->unsent ||
               ((end->broken || (status == TRIPSAGE_ETIMEOUT && request->try_ms)) && request->idempotent);
    return request->idempotent &&
           (asks_for_another_try(response->status) || (request->any_5xx && response->status >= 500));
}

/* How long to wait before the try after `tries`; negative when that is past the deadline. */
static tripsage_status wait_before(int64_t *wait, tripsage__http *http, uint32_t tries, int64_t retry_after,
                                   int64_t deadline)
{
    uint32_t bound = WAIT_FIRST_MS << (tries < 6 ? tries - 1 : 5), drawn;
    tripsage_status status = tripsage__random(http->env, &drawn, sizeof drawn);

    if (status != TRIPSAGE_OK)
        return status;
    *wait = retry_after + drawn % ((bound < WAIT_LAST_MS ? bound : WAIT_LAST_MS) + 1);
    if (tripsage__monotonic_ms() + *wait >= deadline)
        *wait = -1;
    return TRIPSAGE_OK;
}

static void pause_for(int64_t ms, const tripsage__http_request *request)
{
    int64_t until = tripsage__monotonic_ms() + ms, left;

    while ((left = until - tripsage__monotonic_ms()) > 0 && !is_stopped(request))
        poll(NULL, 0, (int)(left < STOP_MS ? left : STOP_MS));
}

static void forget_answer(tripsage__http_response *response, size_t answer_max)
{
    tripsage__buf empty = TRIPSAGE__BUF_INIT(answer_max + 1); /* and the NUL */

    tripsage__http_response_free(response);
    response->headers = response->body = empty;
    response->status = 0;
}

/* Whom the trace goes on with: the innermost span of this thread. */
static void put_trace(tripsage__transfer_trace *trace)
{
    const tripsage__span *span = tripsage__span_current();
    char parent[TRIPSAGE__TRACEPARENT_SIZE];

    trace->count = 0;
    if (!span)
        return;
    tripsage__span_traceparent(parent, span);
    snprintf(trace->lines[trace->count++], sizeof trace->lines[0], "traceparent: %s", parent);
    if (span->state)
        snprintf(trace->lines[trace->count++], sizeof trace->lines[0], "tracestate: %s", span->state);
}

static tripsage_status try_once(tripsage__http_response *out, tripsage__transfer_end *end, tripsage__http *http,
                                const tripsage__http_request *request, int64_t deadline)
{
    tripsage__transfer_trace trace;
    tripsage_status status;
    tripsage__op op;

    trace.count = 0;
    if (!http->observer)
        return tripsage__transfer_http(out, end, http->transfers, request, &trace, deadline);
    tripsage__op_begin(&op, http->observer, TRIPSAGE__OP_HTTP);
    put_trace(&trace);
    status = tripsage__transfer_http(out, end, http->transfers, request, &trace, deadline);
    op.names = &request->method;
    op.name_count = 1;
    op.url = request->url;
    op.http_status = out->status;
    op.resends = out->tries;
    tripsage__op_end(&op, status);
    return status;
}

/* Tries until there is an answer to give or no use in another try; the last one's end is the call's. */
static tripsage_status try_and_try(tripsage__http_response *out, tripsage__http *http,
                                   const tripsage__http_request *request, int64_t deadline)
{
    for (;;) {
        tripsage__transfer_end end;
        tripsage_status status, drawn;
        int64_t wait, until = tripsage__monotonic_ms() + request->try_ms;

        forget_answer(out, request->answer_max);
        status = try_once(out, &end, http, request, request->try_ms && until < deadline ? until : deadline);
        out->tries++;
        if (out->tries >= request->tries || is_stopped(request) || !may_try_again(request, out, &end, status))
            return status;
        drawn = wait_before(&wait, http, out->tries, status == TRIPSAGE_OK ? end.retry_after_ms : 0, deadline);
        if (drawn != TRIPSAGE_OK)
            return drawn;
        if (wait < 0)
            return status;
        pause_for(wait, request);
    }
}

tripsage_status tripsage__http_send(tripsage__http_response *out, tripsage__http *http,
                                    const tripsage__http_request *request)
{
    tripsage__http_request r = *request;
    tripsage_status status;

    memset(out, 0, sizeof *out);
    r.method = r.method ? r.method : "GET";
    r.deadline_ms = r.deadline_ms ? r.deadline_ms : TRIPSAGE__HTTP_DEADLINE_MS;
    r.answer_max = r.answer_max ? r.answer_max : TRIPSAGE__HTTP_ANSWER_MAX;
    r.tries = r.tries ? r.tries : TRIES;
    TRIPSAGE_TRY(check(&r));
    TRIPSAGE_TRY(try_and_try(out, http, &r, tripsage__monotonic_ms() + r.deadline_ms));
    return TRIPSAGE_OK;
out:
    tripsage__http_response_free(out);
    return status;
}

/* ---- an answer ---- */

const char *tripsage__http_header(const tripsage__http_response *response, const char *name)
{
    const char *at = response->headers.data, *end = at + response->headers.size;
    size_t length = strlen(name);

    for (; at && at < end; at += strlen(at) + 1)
        if (strncasecmp(at, name, length) == 0 && at[length] == ':')
            return at + length + 1 + strspn(at + length + 1, " \t");
    return NULL;
}

void tripsage__http_response_free(tripsage__http_response *response)
{
    tripsage__buf_free(&response->headers);
    tripsage__buf_free(&response->body);
}
