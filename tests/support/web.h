/* support/web.h: an HTTP/1.1 server of the test's own, which answers what the test's function says. */
#ifndef TEST_SUPPORT_WEB_H
#define TEST_SUPPORT_WEB_H

#include "peer.h"

typedef struct test_web test_web;

typedef struct test_web_request {
    char method[16];
    char target[4096]; /* path and query */
    char head[16384];  /* the header lines, each ended by '\n' */
    char *body;        /* with a NUL after it */
    size_t body_size;
    long number; /* 1 is the first that this server got */
} test_web_request;

/* All zero: 200 without a body. Texts stay where they are until the next request on this connection. */
typedef struct test_web_reply {
    int status;
    const char *headers; /* lines ended by "\r\n"; NULL: none */
    const char *body;
    size_t body_size; /* 0: the text's */
    int delay_ms;     /* before the first byte */
    int hang_up;      /* closes the connection; 1: without an answer, 2: amid the body */
} test_web_reply;

/* On the connection's thread. */
typedef void test_web_answer(test_web_reply *reply, const test_web_request *request, void *user);

test_web *test_web_open(test_web_answer *answer, void *user, test_peer_tls tls);
void test_web_close(test_web *web);            /* NULL is fine */
const char *test_web_url(const test_web *web); /* "http://127.0.0.1:port", or "https://localhost:port" */
test_peer *test_web_peer(test_web *web);
long test_web_requests(test_web *web); /* so far */

/* 1 when the request has this header with exactly this value; NULL: when it has none of that name. */
int test_web_header_is(const test_web_request *request, const char *name, const char *value);

#endif
