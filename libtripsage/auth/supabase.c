/* auth/supabase.c: see supabase.h. */
#include "auth/supabase.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "auth/reasons.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/memory.h"

/* The version of errors whose `code` is a word; a server that knows it says so. */
#define API_VERSION "2024-01-01"

/* What Supabase lets caches do (Cache-Control: max-age=600). */
#define KEYS_LIFE_MS INT64_C(600000)
/* How often an id nobody knows may send us out: whoever makes tokens up decides when. */
#define KEYS_AGAIN_MS INT64_C(30000)
/* How long it is left alone when there were no keys to be got: long enough for the calls that wait to fail at once. */
#define KEYS_RETRY_MS INT64_C(2000)
/* A day without the project, and nobody is to be let in by keys that may have been taken back. */
#define KEYS_STALE_MS INT64_C(86400000)
/* What a call that needs a key may have to wait for it. */
#define KEYS_DEADLINE_MS 5000u

#define HEADERS_MAX 24              /* ours, and what a server passes on */
#define LINE_MAX    (8 * 1024 + 64) /* a header with a token in it: the longest the server takes */

struct tripsage__supabase {
    tripsage__env *env;
    tripsage__http *http;
    char *base; /* ".../auth/v1" */
    char *public_key, *service_key;
    uint32_t deadline_ms;

    pthread_mutex_t lock; /* over what follows */
    pthread_cond_t fetched;
    tripsage__keyset *set;    /* NULL: never got any */
    int64_t got_at, tried_at; /* tripsage__now_ms; of the keys, and of the last try */
    int has_tried, fetching;
};

/* ---- made and freed ---- */

static tripsage_status copy(char **out, const char *text)
{
    *out = text ? tripsage__strdup(text) : NULL;
    return *out || !text ? TRIPSAGE_OK : TRIPSAGE_NOMEM();
}

static tripsage_status make_base(char **out, const char *url)
{
    tripsage__buf base = TRIPSAGE__BUF_INIT(LINE_MAX);
    size_t length = strlen(url);
    tripsage_status status;

    if (strncmp(url, "https://", 8) != 0 && strncmp(url, "http://", 7) != 0)
        return TRIPSAGE_FAIL_FIELD("#options", "auth.supabase_url must begin with https:// or http://");
    while (length && url[length - 1] == '/')
        length--;
    tripsage__buf_put(&base, url, length);
    TRIPSAGE__LIT(&base, "/auth/v1");
    status = tripsage__buf_status(&base);
    if (status == TRIPSAGE_OK)
        *out = tripsage__buf_take(&base, NULL);
    tripsage__buf_free(&base);
    return status;
}

tripsage_status tripsage__supabase_new(tripsage__supabase **out, tripsage__env *env,
                                       const tripsage__supabase_options *options)
{
    const tripsage__http_options http = {.authorities = options->authorities};
    tripsage__supabase *s = tripsage__calloc(1, sizeof *s);
    tripsage_status status;

    *out = NULL;
    if (!s)
        return TRIPSAGE_NOMEM();
    s->env = env;
    s->deadline_ms = options->deadline_ms;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->fetched, NULL);
    TRIPSAGE_TRY(make_base(&s->base, options->url));
    TRIPSAGE_TRY(copy(&s->public_key, options->public_key));
    TRIPSAGE_TRY(copy(&s->service_key, options->service_key));
    TRIPSAGE_TRY(tripsage__http_new(&s->http, env, &http));
    *out = s;
    s = NULL;
out:
    tripsage__supabase_free(s);
    return status;
}

static void free_secret(char *text)
{
    if (text)
        tripsage__wipe(text, strlen(text));
    tripsage__free(text);
}

void tripsage__supabase_free(tripsage__supabase *s)
{
    if (!s)
        return;
    tripsage__http_free(s->http);
    tripsage__keyset_release(s->set);
    pthread_cond_destroy(&s->fetched);
    pthread_mutex_destroy(&s->lock);
    tripsage__free(s->base);
    free_secret(s->public_key);
    free_secret(s->service_key);
    tripsage__free(s);
}

/* ---- a request ---- */

/* A part of a path, up to the next slash, that is no name: "//", "/./", "/../". */
static int leads_elsewhere(const char *part)
{
    size_t size = strcspn(part, "/?");

    return part[0] == '/' || (size == 1 && part[0] == '.') || (size == 2 && strncmp(part, "..", 2) == 0);
}

/* A path that stays where it is sent: our keys go along with it. */
static int stays_inside(const char *path)
{
    size_t size = strcspn(path, "?");

    if (path[0] != '/')
        return 0;
    for (const char *c = path; *c; c++)
        if ((unsigned char)*c <= ' ' || *c == 0x7f || *c == '\\' || *c == '#')
            return 0;
    for (size_t i = 0; i < size; i++)
        if ((path[i] == '/' && leads_elsewhere(path + i + 1)) || strncasecmp(path + i, "%2e", 3) == 0 ||
            strncasecmp(path + i, "%2f", 3) == 0 || strncasecmp(path + i, "%5c", 3) == 0)
            return 0;
    return 1;
}

/* Texts of a request, wiped after it: keys and tokens are among them. */
typedef struct outgoing {
    tripsage__buf lines[4];
    const char *headers[HEADERS_MAX];
    size_t count;
    tripsage__buf url;
} outgoing;

static void outgoing_free(outgoing *o)
{
    for (size_t i = 0; i < sizeof o->lines / sizeof o->lines[0]; i++) {
        if (o->lines[i].data)
            tripsage__wipe(o->lines[i].data, o->lines[i].capacity);
        tripsage__buf_free(&o->lines[i]);
    }
    tripsage__buf_free(&o->url);
}

static tripsage_status add_line(outgoing *o, const char *name, const char *value)
{
    static const tripsage__buf empty = TRIPSAGE__BUF_INIT(LINE_MAX);
    tripsage__buf *line = &o->lines[o->count];

    *line = empty;
    tripsage__buf_puts(line, name);
    tripsage__buf_puts(line, value);
    o->headers[o->count++] = line->data;
    return tripsage__buf_status(line);
}

static tripsage_status make_headers(outgoing *o, const tripsage__supabase_call *call, const char *key)
{
    tripsage_status status;

    TRIPSAGE_TRY(add_line(o, "apikey: ", key));
    TRIPSAGE_TRY(add_line(o, "Authorization: Bearer ", call->bearer ? call->bearer : key));
    if (!call->as_client) {
        o->headers[o->count++] = "X-Supabase-Api-Version: " API_VERSION;
        o->headers[o->count++] = "X-Client-Info: libtripsage/" TRIPSAGE_VERSION;
    }
    if (call->body)
        o->headers[o->count++] = "Content-Type: application/json;charset=UTF-8";
    if (call->header_count > HEADERS_MAX - o->count)
        return TRIPSAGE_FAIL(TRIPSAGE_ETOOLARGE, "a request to Supabase with %zu more headers", call->header_count);
    for (size_t i = 0; i < call->header_count; i++)
        o->headers[o->count++] = call->headers[i];
out:
    return status;
}

/* Some that are only read use something up, or send a mail. */
static int is_idempotent(const tripsage__supabase_call *call)
{
    if (strcmp(call->method, "GET") != 0)
        return tripsage__begins(call->path, "/token?grant_type=refresh_token");
    return !tripsage__begins(call->path, "/verify") && !tripsage__begins(call->path, "/reauthenticate");
}

static tripsage_status choose_key(const char **out, const tripsage__supabase *s, const tripsage__supabase_call *call)
{
    *out = call->api_key ? call->api_key : call->as_service ? s->service_key : s->public_key;
    if (*out)
        return TRIPSAGE_OK;
    return TRIPSAGE_FAIL(TRIPSAGE_EMISUSE, "a call to Supabase needs %s",
                         call->as_service ? "DATABASE_SERVICE_KEY" : "DATABASE_PUBLIC_KEY");
}

tripsage_status tripsage__supabase_forward(tripsage__http_response *out, tripsage__supabase *s,
                                           const tripsage__supabase_call *call)
{
    outgoing o = {.count = 0, .url = TRIPSAGE__BUF_INIT(LINE_MAX)};
    const char *key;
    tripsage_status status;

    memset(out, 0, sizeof *out);
    if (!stays_inside(call->path))
        return TRIPSAGE_FAIL(TRIPSAGE_EINVALID, "no path of Supabase Auth's");
    TRIPSAGE_TRY(choose_key(&key, s, call));
    TRIPSAGE_TRY(make_headers(&o, call, key));
    tripsage__buf_puts(&o.url, s->base);
    tripsage__buf_puts(&o.url, call->path);
    TRIPSAGE_TRY(tripsage__buf_status(&o.url));
    status = tripsage__http_send(out, s->http,
                                 &(tripsage__http_request){.method = call->method,
                                                           .url = o.url.data,
                                                           .headers = o.headers,
                                                           .header_count = o.count,
                                                           .body = call->body,
                                                           .body_size = call->body_size,
                                                           .deadline_ms = s->deadline_ms,
                                                           .answer_max = call->answer_max,
                                                           .idempotent = is_idempotent(call)});
out:
    outgoing_free(&o);
    return status;
}

/* ---- a refusal ---- */

/* What is not in the table goes by the form of its code, or else by the answer's status. */
static tripsage_status meaning_of(const char *code, int http)
{
    size_t length = strlen(code);

    if (length > 10 && strcmp(code + length - 10, "_not_found") == 0)
        return TRIPSAGE_ENOTFOUND;
    return tripsage__http_meaning(http);
}

static tripsage_status fail_as(const char *code, int http, const char *message)
{
    const tripsage__reason *reason = tripsage__reason_find(code, http);
    tripsage_status status = reason ? reason->status : meaning_of(code, http);

    if (!reason || !reason->pointer)
        return TRIPSAGE_FAIL_REASON(status, code, "%s", message);
    status = TRIPSAGE_FAIL_FIELD(reason->pointer, "%s", message);
    tripsage__error_reason(code);
    return status;
}

static const char *first_text(const tripsage__json *answer, const char *const *names)
{
    const char *text = NULL;

    for (; *names && !text; names++)
        text = tripsage__json_text(tripsage__json_member(answer, *names));
    return text;
}

/* The error of an answer that is none of the good ones. Both shapes are read: the newer has its word in "code", the older in
 * "error_code", beside a number. */
static tripsage_status refuse(const tripsage__http_response *r)
{
    static const char *const codes[] = {"error_code", "code", NULL};
    static const char *const messages[] = {"msg", "message", "error_description", "error", NULL};
    tripsage__json *answer = NULL;
    tripsage_status status = tripsage__json_parse(&answer, r->body.data ? r->body.data : "", r->body.size);
    const char *code, *message, *retry_after = tripsage__http_header(r, "retry-after");

    if (status == TRIPSAGE_ENOMEM)
        return status;
    code = first_text(answer, codes);
    message = first_text(answer, messages);
    if (r->status >= 500 || !message)
        status = TRIPSAGE_FAIL_REASON(TRIPSAGE_EUNAVAILABLE, code ? code : "", "Supabase Auth answers %d: %.160s",
                                      r->status, message ? message : "no JSON");
    else if (!code && r->status == 401) /* the gateway before it: our key is wrong, whoever calls */
        status = TRIPSAGE_FAIL(TRIPSAGE_EUNAVAILABLE, "the Supabase project does not know our key: %.160s", message);
    else
        status = fail_as(code ? code : "", r->status, message);
    if (status == TRIPSAGE_ERATELIMITED && retry_after)
        tripsage__error_retry_after(strtoll(retry_after, NULL, 10) * 1000);
    tripsage__json_free(answer);
    return status;
}

tripsage_status tripsage__supabase_send(tripsage__http_response *out, tripsage__supabase *s,
                                        const tripsage__supabase_call *call)
{
    tripsage_status status = tripsage__supabase_forward(out, s, call);

    if (status != TRIPSAGE_OK || (out->status >= 200 && out->status < 300))
        return status;
    status = refuse(out);
    tripsage__http_response_free(out);
    return status;
}

/* ---- keys ---- */

/* Asks the project. It needs no key (the gateway lets everybody see this), so none is sent. */
static tripsage_status fetch(tripsage__keyset **out, tripsage__supabase *s)
{
    tripsage__http_response response = {.status = 0};
    tripsage__buf url = TRIPSAGE__BUF_INIT(LINE_MAX);
    tripsage_status status;

    *out = NULL;
    tripsage__buf_puts(&url, s->base);
    TRIPSAGE__LIT(&url, "/.well-known/jwks.json");
    TRIPSAGE_TRY(tripsage__buf_status(&url));
    TRIPSAGE_TRY(tripsage__http_send(
        &response, s->http,
        &(tripsage__http_request){
            .url = url.data, .deadline_ms = KEYS_DEADLINE_MS, .answer_max = TRIPSAGE__JWKS_MAX, .idempotent = 1}));
    if (response.status != 200) {
        status = TRIPSAGE_FAIL(TRIPSAGE_EUNAVAILABLE, "Supabase's keys cannot be read: it answers %d", response.status);
        goto out;
    }
    status = tripsage__keyset_parse(out, response.body.data ? response.body.data : "", response.body.size);
    if (status == TRIPSAGE_EMALFORMED || status == TRIPSAGE_ETOOLARGE)
        status = TRIPSAGE_FAIL(TRIPSAGE_EUNAVAILABLE, "Supabase's keys cannot be read: what it gives is no JWKS");
out:
    tripsage__http_response_free(&response);
    tripsage__buf_free(&url);
    return status;
}

/* An age by a clock that may have been set back is any age at all. */
static int is_within(int64_t now, int64_t then, int64_t ms)
{
    return now >= then && now - then < ms;
}

/* With the lock. */
static int may_use(const tripsage__supabase *s, int64_t now)
{
    return s->set && is_within(now, s->got_at, KEYS_STALE_MS);
}

/* Whether to go out for keys now: they are too old, or the one looked for is not among them, or there are none. */
static int should_fetch(const tripsage__supabase *s, int64_t now, int is_known)
{
    int64_t pause = may_use(s, now) ? KEYS_AGAIN_MS : KEYS_RETRY_MS;

    if (s->has_tried && is_within(now, s->tried_at, pause))
        return 0;
    return !is_known || !is_within(now, s->got_at, KEYS_LIFE_MS);
}

/* Goes out without the lock, and comes back with it. */
static tripsage_status renew(tripsage__supabase *s)
{
    tripsage__keyset *set;
    tripsage_status status;

    s->fetching = 1;
    pthread_mutex_unlock(&s->lock);
    status = fetch(&set, s);
    if (status != TRIPSAGE_OK)
        tripsage__log(s->env, TRIPSAGE_LOG_WARN, "auth", "%s", tripsage_last_error()->message);
    pthread_mutex_lock(&s->lock);
    s->fetching = 0;
    s->has_tried = 1;
    s->tried_at = tripsage__now_ms(s->env);
    if (status == TRIPSAGE_OK) {
        tripsage__keyset_release(s->set);
        s->set = set;
        s->got_at = s->tried_at;
    }
    pthread_cond_broadcast(&s->fetched);
    return status;
}

tripsage_status tripsage__supabase_find(tripsage__keyset **set, const tripsage__key **key, tripsage__supabase *s,
                                        tripsage__algorithm algorithm, const char *kid)
{
    tripsage_status status = TRIPSAGE_OK;
    int64_t now;

    *set = NULL;
    *key = NULL;
    pthread_mutex_lock(&s->lock);
    for (;;) {
        now = tripsage__now_ms(s->env);
        *key = may_use(s, now) ? tripsage__keyset_find(s->set, kid, algorithm, now) : NULL;
        if (s->fetching && !*key)
            pthread_cond_wait(&s->fetched, &s->lock); /* the one who is out has a deadline */
        else if (!s->fetching && should_fetch(s, now, *key != NULL))
            status = renew(s);
        else
            break;
    }
    if (may_use(s, now)) {
        *set = tripsage__keyset_retain(s->set);
        status = TRIPSAGE_OK;
    } else if (status == TRIPSAGE_OK)
        status = TRIPSAGE_FAIL(TRIPSAGE_EUNAVAILABLE, "Supabase's keys could not be read a moment ago");
    pthread_mutex_unlock(&s->lock);
    return status;
}
