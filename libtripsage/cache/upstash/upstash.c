/* upstash/upstash.c: a batch of commands as one HTTP request, and what its status says.
 *
 * The sync token that an answer brings goes with the next request, whoever makes it: so what this handle has written, it reads, also from a
 * replica of the database. */
#include "upstash.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "answer.h"
#include "base/crypto.h"
#include "base/memory.h"
#include "http/http.h"
#include "request.h"

#define DEADLINE_MS 1000u /* a first call shakes hands for TLS, over continents: three round trips of 200 ms */

/* Longest token of either kind; a JSON Web Token of an access list has some hundred characters. */
#define TOKEN_MAX 4096u
#define SYNC_MAX  256u

#define SYNC_NAME "upstash-sync-token"

typedef struct upstash {
    tripsage__http *http;
    tripsage__breaker *breaker;
    uint32_t deadline_ms;
    char *base;           /* without a slash at its end */
    char *login;          /* the header */
    pthread_mutex_t lock; /* over the one below */
    char sync[SYNC_MAX + 1];
} upstash;

/* ---- the URL ---- */

int tripsage__upstash_is_url(const char *url)
{
    return strncasecmp(url, "https://", 8) == 0 || strncasecmp(url, "http://", 7) == 0;
}

static int is_loopback(const char *host, size_t size)
{
    static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i]) == size && strncasecmp(host, names[i], size) == 0)
            return 1;
    return 0;
}

const char *tripsage__upstash_url_problem(const char *url)
{
    const char *host = strstr(url, "://") + 3;
    size_t authority = strcspn(host, "/?#"), size = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/?#");

    for (const char *at = url; *at; at++)
        if ((unsigned char)*at <= 0x20 || *at == 0x7f)
            return "the URL has a blank or a control character";
    if (memchr(host, '@', authority))
        return "the URL has a login, but what Redis by REST asks for is a token: the password of the options";
    if (size == 0 || authority == 0 || size > authority)
        return "expected a host";
    if (strcspn(host, "?#") != strlen(host))
        return "the URL of Redis by REST has no query";
    if (strncasecmp(url, "http://", 7) == 0 && !is_loopback(host, size))
        return "expected https://, since the token goes along; http:// is for this machine alone";
    return NULL;
}

/* ---- opened and closed ---- */

static void close_upstash(void *transport)
{
    upstash *u = transport;

    if (!u)
        return;
    tripsage__http_free(u->http);
    if (u->login)
        tripsage__wipe(u->login, strlen(u->login));
    tripsage__free(u->login);
    tripsage__free(u->base);
    pthread_mutex_destroy(&u->lock);
    tripsage__free(u);
}

static tripsage_status check_token(const char *token)
{
    if (!token || !token[0])
        return TRIPSAGE_FAIL_FIELD("#password", "the token of a cache at an https:// URL is missing");
    if (strlen(token) > TOKEN_MAX)
        return TRIPSAGE_FAIL_FIELD("#password", "a token has at most %u bytes", TOKEN_MAX);
    for (const char *at = token; *at; at++)
        if ((unsigned char)*at <= 0x20 || *at == 0x7f)
            return TRIPSAGE_FAIL_FIELD("#password", "the token has a blank or a control character");
    return TRIPSAGE_OK;
}

static int copy_texts(upstash *u, const char *url, const char *token)
{
    static const char login[] = "Authorization: Bearer ";
    size_t size = strlen(url);

    while (url[size - 1] == '/')
        size--;
    u->base = tripsage__strndup(url, size);
    u->login = tripsage__malloc(sizeof login + strlen(token));
    if (u->login)
        sprintf(u->login, "%s%s", login, token);
    return u->base && u->login;
}

static tripsage_status open_upstash(void **out, const tripsage_cache_options *options, tripsage__breaker *breaker,
                                    tripsage__env *env)
{
    char shown[TRIPSAGE__HTTP_SHOWN_SIZE];
    upstash *u;
    tripsage_status status = check_token(options->password);

    if (status != TRIPSAGE_OK)
        return status;
    u = tripsage__calloc(1, sizeof *u);
    if (!u || pthread_mutex_init(&u->lock, NULL) != 0) {
        tripsage__free(u);
        return TRIPSAGE_NOMEM();
    }
    u->breaker = breaker;
    u->deadline_ms = options->deadline_ms;
    if (!copy_texts(u, options->url, options->password)) {
        status = TRIPSAGE_NOMEM();
        goto out;
    }
    tripsage__http_show(shown, u->base);
    tripsage__breaker_name(breaker, shown);
    TRIPSAGE_TRY(tripsage__http_new(&u->http, env, NULL));
    *out = u;
    return TRIPSAGE_OK;
out:
    close_upstash(u);
    return status;
}

/* ---- the sync token ---- */

static void put_sync(char out[sizeof SYNC_NAME + SYNC_MAX + 2], upstash *u)
{
    pthread_mutex_lock(&u->lock);
    sprintf(out, SYNC_NAME ": %s", u->sync);
    pthread_mutex_unlock(&u->lock);
}

static void keep_sync(upstash *u, const tripsage__http_response *response)
{
    const char *token = tripsage__http_header(response, SYNC_NAME);

    if (!token || strlen(token) > SYNC_MAX)
        return;
    pthread_mutex_lock(&u->lock);
    strcpy(u->sync, token);
    pthread_mutex_unlock(&u->lock);
}

/* ---- there and back ---- */

/* What kept a request from an answer, in the words of http.h but for the path, where a key may be. */
static tripsage_status tell(tripsage_status status, tripsage__passage *p, const char *url)
{
    char shown[TRIPSAGE__HTTP_SHOWN_SIZE];
    tripsage_error error;
    const char *at;

    if (status == TRIPSAGE_OK || status == TRIPSAGE_ENOMEM)
        return status;
    p->trouble = status == TRIPSAGE_ETOOLARGE ? TRIPSAGE__GARBLED : TRIPSAGE__SILENT;
    tripsage__error_save(&error);
    tripsage__http_show(shown, url);
    at = strstr(error.message, shown);
    at = at ? strstr(at + strlen(shown), ": ") : NULL;
    return TRIPSAGE_FAIL_NATIVE(TRIPSAGE_EUNAVAILABLE, error.native, "%s", at ? at + 2 : "it cannot be asked");
}

static tripsage_status send_request(tripsage__http_response *out, upstash *u, const tripsage__cache_batch *batch,
                                    tripsage__passage *p)
{
    char sync[sizeof SYNC_NAME + SYNC_MAX + 2];
    const char *headers[] = {u->login, "Content-Type: application/json", "Upstash-Encoding: base64", sync};
    tripsage__upstash_request written;
    tripsage__http_request request = {
        .method = "POST",
        .headers = headers,
        .header_count = 3,
        .deadline_ms = u->deadline_ms,
        .answer_max = TRIPSAGE__BUF_DOCUMENT,
        .idempotent = batch->repeatable,
        .kept = 1,
    };
    tripsage_status status;

    put_sync(sync, u);
    if (sync[sizeof SYNC_NAME + 1])
        request.header_count = 4;
    TRIPSAGE_TRY(tripsage__upstash_write(&written, u->base, batch));
    request.url = written.url.data;
    request.body = written.data;
    request.body_size = written.size;
    status = tell(tripsage__http_send(out, u->http, &request), p, request.url);
out:
    tripsage__upstash_request_free(&written);
    return status;
}

static tripsage_status refused(tripsage__passage *p, const tripsage__http_response *response)
{
    const char *seconds = tripsage__http_header(response, "Retry-After");

    p->trouble = TRIPSAGE__REFUSED;
    if (response->status == 429 && seconds)
        p->rest_ms = (int64_t)strtol(seconds, NULL, 10) * 1000;
    return TRIPSAGE_FAIL(TRIPSAGE_EUNAVAILABLE, "the cache's server refuses: %d", response->status);
}

static tripsage_status garbled(tripsage__passage *p)
{
    p->trouble = TRIPSAGE__GARBLED;
    return TRIPSAGE_FAIL(TRIPSAGE_EUNAVAILABLE, "the answer is none of Redis by REST");
}

/* One error for all that was asked: every member of a pipeline has it. */
static int read_error(tripsage__reply *out, const tripsage__http_response *response, const tripsage__cache_batch *batch)
{
    const tripsage__cache_batch one = {batch->lines, 1, TRIPSAGE__CACHE_ONE, 0};
    size_t times = batch->mode == TRIPSAGE__CACHE_PIPELINE ? batch->count : 1;
    int good = 1;

    if (batch->mode == TRIPSAGE__CACHE_PIPELINE)
        tripsage__reply_array(out, batch->count);
    for (size_t i = 0; good && i < times; i++)
        good = tripsage__upstash_read(out, response->body.data, response->body.size, &one);
    return good;
}

static tripsage_status read_answer(tripsage__reply *out, tripsage__passage *p, const tripsage__http_response *response,
                                   const tripsage__cache_batch *batch)
{
    const tripsage__buf *body = &response->body;
    int good;

    if (response->status == 413) { /* one that is too large says nothing about the next */
        tripsage__reply_error(out, "ERR max request size exceeded");
        return TRIPSAGE_OK;
    }
    if (response->status != 200 && response->status != 400)
        return response->status > 400 ? refused(p, response) : garbled(p);
    if (!body->data)
        return garbled(p);
    good = response->status == 200 ? tripsage__upstash_read(out, body->data, body->size, batch)
                                   : read_error(out, response, batch);
    if (out->failed != TRIPSAGE_OK || out->bytes.failed == TRIPSAGE_ENOMEM)
        return TRIPSAGE_NOMEM();
    return good && out->bytes.failed == TRIPSAGE_OK ? TRIPSAGE_OK : garbled(p);
}

static tripsage_status carry(tripsage_cache_reply **out, void *transport, const tripsage__cache_batch *batch)
{
    upstash *u = transport;
    tripsage__reply reply = TRIPSAGE__REPLY_INIT;
    tripsage__http_response response;
    tripsage__passage p;
    tripsage_status status = tripsage__breaker_enter(&p, u->breaker);

    if (status != TRIPSAGE_OK)
        return status;
    status = send_request(&response, u, batch, &p);
    if (status == TRIPSAGE_OK) {
        keep_sync(u, &response);
        status = read_answer(&reply, &p, &response, batch);
        tripsage__http_response_free(&response);
    }
    (void)tripsage__breaker_leave(&p, u->breaker, status);
    if (status == TRIPSAGE_OK)
        status = tripsage__reply_finish(out, &reply);
    tripsage__reply_free(&reply);
    return status;
}

const tripsage__cache_transport tripsage__cache_by_upstash = {DEADLINE_MS, open_upstash, carry, close_upstash, NULL};
