/* http.h: the listener: connections in, one write per answer out. http.c is the one file that knows CivetWeb. */
#ifndef SERVER_HTTP_H
#define SERVER_HTTP_H

#include "request.h"

typedef struct http_listener http_listener;

typedef struct http_options {
    server *server;
    const char *host;
    int port;                      /* 0: any free one */
    const char *certificate, *key; /* of TLS, see tls.h; NULL: without it */
    unsigned connections;          /* held at once; one more is answered with 503 and closed */
    int health_only;               /* the admin listener: routes of health and nothing else */
} http_options;

/* NULL when it could not listen, after a sentence on stderr. */
http_listener *http_start(const http_options *options);

int http_port(const http_listener *listener);

/* Takes the files' certificate for connections from now on. */
void http_reload(http_listener *listener);

int http_health_only(const http_listener *listener);

/* More connections than promised are open: this exchange is one of those to turn away. */
int http_overloaded(const http_listener *listener);

/* New clients are refused from now on. Who is connected goes on, and so does who is in the middle of the handshake. */
void http_refuse(http_listener *listener);

/* Exchanges under way, handshakes of TLS included. */
int http_active(const http_listener *listener);

/* 1 when a request, or a part of one, has come that nobody has begun to read. Like http_connected, it looks at every file that is open. */
int http_unread(const http_listener *listener);

/* 1 when a client is connected, whether he has asked for something or not. */
int http_connected(const http_listener *listener);

/* Ends all connections and threads. NULL is fine. */
void http_stop(http_listener *listener);

/* A header field that is not among r->headers, by its name in any case; the first one where it came more than once. NULL: there is none. */
const char *http_header(const request *r, const char *name);

/* Takes a place for an answer without an end, which is given back with the exchange. Each holds a connection and its thread, so there are
 * only so many: a quarter of the connections. 0: all are taken. */
int http_take_stream(request *r);

/* The same of the last line of that name before number *line (-1: of all), which becomes its number. */
const char *http_last_header(const request *r, const char *name, int *line);

/* Reads the body into r->in and sets r->body. 0, or the HTTP status that says why it could not: 400, 408, 413. */
int http_read_body(request *r, size_t limit);

#endif
