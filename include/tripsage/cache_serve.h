/* tripsage/cache_serve.h: Upstash's REST interface to a cache as one call, for whatever serves HTTP.
 *
 * A program that has an HTTP server hands the requests below a path of its choice to tripsage_cache_serve and sends what comes back;
 * Upstash's clients, such as @upstash/redis and @upstash/ratelimit, then talk to the cache as to a database of Upstash's. What is answered,
 * and where it deliberately differs, is in docs/cache-wire.md.
 *
 *     tripsage_cache_serve_options options = TRIPSAGE_CACHE_SERVE_OPTIONS_INIT;
 *     tripsage_cache_request request = TRIPSAGE_CACHE_REQUEST_INIT;
 *     tripsage_cache_response *response;
 *
 *     options.token = "at least sixteen characters";
 *     request.method = "POST";
 *     request.path = "/pipeline";                     // of /cache/pipeline
 *     request.header = header_of;                     // a function of yours
 *     request.context = connection;
 *     if (tripsage_cache_admits(&options, &request))  // whoever is not let in has his body not read
 *         request.body = read_body(connection, &request.length);
 *     if (tripsage_cache_serve(&response, cache, &options, &request) != TRIPSAGE_OK)
 *         return send_500(connection);
 *     send_head(connection, response);
 *     send_body(connection, tripsage_cache_response_body(response, &length), length);
 *     while (tripsage_cache_response_more(&data, &length, response, 250) == TRIPSAGE_OK && send(connection, data, length))
 *         continue;                                   // only where tripsage_cache_response_streams(response)
 *     tripsage_cache_response_free(response);
 *
 * Cross-site requests are safe: nothing is read from cookies and none are set.
 *
 * Threads: any number may call at once with one cache. A response belongs to one thread at a time.
 */
#ifndef TRIPSAGE_CACHE_SERVE_H
#define TRIPSAGE_CACHE_SERVE_H

#include <stddef.h>
#include <stdint.h>

#include "cache.h"

TRIPSAGE_BEGIN_DECLS

/* Who is let in. */
typedef struct tripsage_cache_serve_options {
    uint32_t version; /* 1; set by TRIPSAGE_CACHE_SERVE_OPTIONS_INIT */

    /* At least TRIPSAGE_CACHE_TOKEN_MIN characters each, and not the same. */
    const char *token; /* may do everything */
    const char
        *readonly_token; /* may read what it can name: no writes, no scripts, no lists of keys; NULL: there is none */
} tripsage_cache_serve_options;

#define TRIPSAGE_CACHE_SERVE_OPTIONS_INIT                                                                              \
    {                                                                                                                  \
        1, NULL, NULL                                                                                                  \
    }

/* Shorter ones can be guessed over a network. */
#define TRIPSAGE_CACHE_TOKEN_MIN 16u

/* Longest body of a request, 10 MiB: what Upstash takes. */
#define TRIPSAGE_CACHE_REQUEST_MAX ((size_t)10 * 1024 * 1024)

/* A request as it came in. All of it is borrowed for the call only. */
typedef struct tripsage_cache_request {
    uint32_t version; /* 1; set by TRIPSAGE_CACHE_REQUEST_INIT */

    const char *method; /* "GET", in capitals */
    const char *
        path; /* what follows where the cache is, without the query, as it stood in the request line: "", "/pipeline", "/get/a%20key" */
    const char *query; /* what follows the question mark, as it stood there; NULL: nothing */

    /* The value of a header field, or NULL where the request has none; `name` is in lower case. It stays until the call returns. */
    const char *(*header)(void *context, const char *name);
    void *context;

    /* Bytes of any content; NULL: none. One longer than TRIPSAGE_CACHE_REQUEST_MAX is refused by its length alone and need not be read. */
    const char *body;
    size_t length;
} tripsage_cache_request;

#define TRIPSAGE_CACHE_REQUEST_INIT                                                                                    \
    {                                                                                                                  \
        1, NULL, NULL, NULL, NULL, NULL, NULL, 0                                                                       \
    }

typedef struct tripsage_cache_response tripsage_cache_response;

/* 1 when the request has one of the tokens, which is all that is looked at: its body is worth being read. */
TRIPSAGE_API int tripsage_cache_admits(const tripsage_cache_serve_options *options,
                                       const tripsage_cache_request *request);

/* Answers a request. Whatever is wrong with it, or goes wrong with it, is an answer as well: the call itself only fails without one, by
 * TRIPSAGE_ENOMEM and TRIPSAGE_EINVALID (field "#options": another version, no token, or one too short, or both the same; field "#request":
 * another version; no method, no path, no header).
 *
 * tripsage_last_error() tells why where the answer's status is 500 or more, for the program's log. */
TRIPSAGE_API tripsage_status tripsage_cache_serve(tripsage_cache_response **out, tripsage_cache *cache,
                                                  const tripsage_cache_serve_options *options,
                                                  const tripsage_cache_request *request);

/* The HTTP status: 200, 400, 401, 405 or 503. */
TRIPSAGE_API int tripsage_cache_response_status(const tripsage_cache_response *response);

/* Header field number `index`, from 0 on; 0 behind the last one. Content-Type is among them, Content-Length is not.
 * Both are borrowed until the response is freed. */
TRIPSAGE_API int tripsage_cache_response_header(const tripsage_cache_response *response, size_t index,
                                                const char **name, const char **value);

/* The body, NUL-terminated; borrowed until the response is freed. `length` may be NULL. A request with HEAD gets it, too: leaving it out is
 * HTTP's. */
TRIPSAGE_API const char *tripsage_cache_response_body(const tripsage_cache_response *response, size_t *length);

/* 1: behind the body more comes, for as long as the client listens (server-sent events). Send what there is at once, without a length. */
TRIPSAGE_API int tripsage_cache_response_streams(const tripsage_cache_response *response);

/* What comes next of a response that streams, waiting for it no longer than `timeout_ms`; borrowed until the next call. A comment, to which
 * clients pay no heed, comes where nothing else did for 15 s: so that a connection that is gone is noticed, and proxies keep one that is
 * not.
 * Errors: TRIPSAGE_ETIMEOUT (nothing yet; ask again), TRIPSAGE_EBUSY (this client took too slowly), TRIPSAGE_EUNAVAILABLE and
 * TRIPSAGE_ENOMEM (there will be no more), TRIPSAGE_EINVALID (it does not stream). */
TRIPSAGE_API tripsage_status tripsage_cache_response_more(const char **data, size_t *length,
                                                          tripsage_cache_response *response, uint32_t timeout_ms);

/* Ends what it is subscribed to. Before the cache is closed. NULL is fine. */
TRIPSAGE_API void tripsage_cache_response_free(tripsage_cache_response *response);

TRIPSAGE_END_DECLS

#endif
