/* tripsage/auth_serve.h: Supabase Auth's HTTP interface as one call, for whatever serves HTTP.
 *
 * A program that has an HTTP server hands the requests below /auth/v1 to tripsage_auth_serve and sends what comes back; clients of Supabase
 * Auth, such as supabase-js, then talk to it as to Supabase. What is answered, and where it deliberately differs, is in docs/auth-wire.md.
 *
 *     tripsage_auth_request request = TRIPSAGE_AUTH_REQUEST_INIT;
 *     tripsage_auth_response *response;
 *
 *     request.method = "POST";
 *     request.path = "/token";                        // of /auth/v1/token?grant_type=password
 *     request.query = "grant_type=password";
 *     request.header = header_of;                     // a function of yours
 *     request.context = connection;
 *     request.body = body;
 *     request.length = length;
 *     if (tripsage_auth_serve(&response, auth, &request) != TRIPSAGE_OK)
 *         return send_500(connection);
 *     for (size_t i = 0; tripsage_auth_response_header(response, i, &name, &value); i++)
 *         send_header(connection, name, value);
 *     send_body(connection, tripsage_auth_response_status(response), tripsage_auth_response_body(response, &length), length);
 *     tripsage_auth_response_free(response);
 *
 * Cross-site requests are safe: nothing is read from cookies and none are set. What an answer holds may be a secret, as an access token is:
 * it says "Cache-Control: no-store" unless anybody may have it.
 *
 * Threads: any number may call at once with one tripsage_auth. A response belongs to one thread at a time.
 */
#ifndef TRIPSAGE_AUTH_SERVE_H
#define TRIPSAGE_AUTH_SERVE_H

#include <stddef.h>
#include <stdint.h>

#include "auth.h"

TRIPSAGE_BEGIN_DECLS

/* A request as it came in. All of it is borrowed for the call only. */
typedef struct tripsage_auth_request {
    uint32_t version; /* 1; set by TRIPSAGE_AUTH_REQUEST_INIT */

    const char *method; /* "GET", in capitals */
    const char *path;   /* what follows /auth/v1, without the query, as it stood in the request line: "/admin/users" */
    const char *query;  /* what follows the question mark, as it stood there; NULL: nothing */

    /* The value of a header field, or NULL where the request has none; `name` is in lower case. It stays until the call returns.
     * NULL: there are no headers. */
    const char *(*header)(void *context, const char *name);
    void *context;

    /* The client's IP address, which sessions are listed with and limits are counted by: not a proxy's. NULL: unknown. */
    const char *address;

    /* Scheme, host and port under which clients reach this service: "https://trips.example.org". Links in mails begin with it, so it must
     * not be taken from a request's Host unless that was checked. NULL: "http://localhost". */
    const char *origin;

    /* Need not end with a NUL; NULL: none. One of more than 1 MiB is refused by its length alone and need not be read. */
    const char *body;
    size_t length;
} tripsage_auth_request;

#define TRIPSAGE_AUTH_REQUEST_INIT                                                                                     \
    {                                                                                                                  \
        1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0                                                           \
    }

typedef struct tripsage_auth_response tripsage_auth_response;

/* Answers a request. Whatever is wrong with it, or goes wrong with it, is an answer as well: the call itself only fails without one, by
 * TRIPSAGE_ENOMEM and TRIPSAGE_EINVALID (field "#request": another version; no method or no path).
 *
 * tripsage_last_error() tells why where the answer's status is 400 or more; its message is for the program's log where the status is 500
 * or more, since clients are not told. */
TRIPSAGE_API tripsage_status tripsage_auth_serve(tripsage_auth_response **out, tripsage_auth *auth,
                                                 const tripsage_auth_request *request);

/* The HTTP status, 200 to 599. */
TRIPSAGE_API int tripsage_auth_response_status(const tripsage_auth_response *response);

/* Header field number `index`, from 0 on; 0 behind the last one. Content-Type is among them where there is a body, Content-Length is not.
 * Both are borrowed until the response is freed. */
TRIPSAGE_API int tripsage_auth_response_header(const tripsage_auth_response *response, size_t index, const char **name,
                                               const char **value);

/* The body, NUL-terminated, "" for none; borrowed until the response is freed. `length` may be NULL. */
TRIPSAGE_API const char *tripsage_auth_response_body(const tripsage_auth_response *response, size_t *length);

/* Wipes the body first, which may hold tokens. NULL is fine. */
TRIPSAGE_API void tripsage_auth_response_free(tripsage_auth_response *response);

TRIPSAGE_END_DECLS

#endif
