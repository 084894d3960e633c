/* support/http_client.h: HTTP as bytes on a socket, so that a test can also send what no client would.
 *
 *     http_answer *made = ANSWERS(201, http_call(&server, token, "POST", "/api/trips", NULL, json));
 *
 * Answers are kept until test_keep_free. Everything here ends the test when the network fails. */
#ifndef TEST_SUPPORT_HTTP_CLIENT_H
#define TEST_SUPPORT_HTTP_CLIENT_H

#include <stddef.h>

#include "support/http_server.h"

typedef struct http_answer {
    int status;
    const char *head; /* with its status line, without the empty line */
    const char *body; /* NUL-terminated; "" when there is none */
    size_t length;
} http_answer;

/* ---- bytes ---- */

int http_open(int port);
/* The same from another address of this machine ("127.0.0.9"). */
int http_open_from(const char *address, int port);
/* 0 when nobody listens there. */
int http_can_open(int port);
void http_put(int connection, const char *text);
void http_put_bytes(int connection, const char *bytes, size_t size);
/* The next answer; NULL when the connection ended before one came whole. `no_body`: it answers a HEAD. */
http_answer *http_take(int connection, int no_body);
/* Waits for the other side to close; 0 when it sends something instead, or does not within `ms`. */
int http_is_closed(int connection, int ms);

/* Sends this on a connection of its own and takes one answer. */
http_answer *http_exchange(int port, const char *bytes);

/* ---- calls ---- */

/* One request on a connection of its own. `token` and `body` may be NULL; `fields` are further header lines, each ended by CRLF, or
 * NULL. A body goes as application/json unless `fields` name another type. A JSON answer is checked against the server's own
 * OpenAPI document. */
http_answer *http_call(const http_server *s, const char *token, const char *method, const char *path,
                       const char *fields, const char *body);

#define ANSWERS(status, call) http_expect(__FILE__, __LINE__, #call, (status), (call))
http_answer *http_expect(const char *file, int line, const char *call, int status, http_answer *answer);

/* The value of a header field; NULL when it is not there. Kept. */
const char *http_field(const http_answer *answer, const char *name);

/* The text at a JSON Pointer of the body; ends the test when there is none. Kept. */
const char *http_text(const http_answer *answer, const char *pointer);
/* The value as JSON; NULL when there is none. */
const char *http_value(const http_answer *answer, const char *pointer);

/* Makes an account and gives its token; its id goes to *id unless NULL. */
const char *http_register(const http_server *s, const char *email, const char **id);

#endif
