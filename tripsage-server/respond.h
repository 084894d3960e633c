/* respond.h: answers. A handler calls exactly one of the functions of the first group. */
#ifndef SERVER_RESPOND_H
#define SERVER_RESPOND_H

#include "request.h"

/* What a library call gave: the document with this HTTP status (ETag, 304, Link and Idempotency-Replayed follow from
 * the document), or the failure when `status` is not TRIPSAGE_OK. Takes the document, by its place, so that the
 * call that makes it may stand among the arguments. */
void respond_result(request *r, tripsage_status status, int http, tripsage_doc **given);

/* The same, 201 with a Location: the path `collection` and the document's "/id". */
void respond_created(request *r, tripsage_status status, tripsage_doc **doc, const char *collection);

/* 204, or the failure. */
void respond_done(request *r, tripsage_status status);

/* The library's last failure on this thread as a problem. */
void respond_failure(request *r, tripsage_status status);

/* What the library calls a value it could not accept, and what the client called it. The last has no names. */
typedef struct renamed {
    const char *library, *client;
} renamed;

/* respond_failure for a call whose input the handler made out of the request: the client is told the places he knows. */
void respond_renamed(request *r, tripsage_status status, const renamed *names);

/* respond_result with 200 for such a call. */
void respond_result_renamed(request *r, tripsage_status status, tripsage_doc **doc, const renamed *names);

/* A problem of the server's own (RFC 9457). */
void respond_problem(request *r, int http, const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* A body that http_read_body could not read; `status` is what it gave. The connection ends. */
void respond_unread(request *r, int status);

/* 422 with everything request_complain collected. */
void respond_invalid(request *r);

/* r->composed as JSON. */
void respond_composed(request *r, int http);

/* Any bytes; `body` stays valid until the answer is written (r->response.owned, static). */
void respond_bytes(request *r, int http, const char *media_type, const char *body, size_t length);

/* A further header line. */
void respond_header(request *r, const char *name, const char *value);

/* ---- for http.c ---- */

/* The id of the exchange: the client's X-Request-Id when it is sane, else a fresh one. */
void respond_identify(request *r);

/* Head and body into r->out. 0 when there is no memory. */
int respond_assemble(request *r);

/* The line of the access log. */
void respond_log(request *r);

#endif
