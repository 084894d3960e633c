/* support/peer.h: a server of the test's own at a port of the loopback address, with a thread for each connection, over TLS if the test
 * says so. What it speaks is the test's (support/web.h, support/smtp_sink.h). Check's assertions must not be used on its threads. */
#ifndef TEST_SUPPORT_PEER_H
#define TEST_SUPPORT_PEER_H

#include <stddef.h>

typedef struct test_peer test_peer;

/* One connection, for its thread. */
typedef struct test_conn test_conn;

/* Talks to a client until it returns, which closes the connection. */
typedef void test_peer_serve(test_conn *conn, void *user);

typedef enum test_peer_tls {
    TEST_PEER_PLAIN,
    TEST_PEER_TLS,     /* from the first byte on */
    TEST_PEER_STARTTLS /* has a certificate, for test_conn_start_tls */
} test_peer_tls;

/* Listens. The certificate is for "localhost" and 127.0.0.1. What fails ends the program. */
test_peer *test_peer_open(test_peer_serve *serve, void *user, test_peer_tls tls);
int test_peer_port(const test_peer *peer);
const char *test_peer_certificate(const test_peer *peer); /* path of the PEM file; it is its own authority */
long test_peer_connections(test_peer *peer);              /* accepted so far */

/* Closes the port, so that connecting is refused from now on; connections that there are go on. */
void test_peer_refuse(test_peer *peer);

/* Breaks what is open and waits for the threads. NULL is fine. */
void test_peer_close(test_peer *peer);

/* A line without its end; 0 at the end of the connection, or when it does not fit. */
int test_conn_line(test_conn *conn, char *out, size_t size);
/* Exactly so many bytes; 0 when there are no more. */
int test_conn_read(test_conn *conn, void *out, size_t size);
void test_conn_write(test_conn *conn, const void *data, size_t size);
void test_conn_say(test_conn *conn, const char *format, ...) __attribute__((format(printf, 2, 3)));
int test_conn_start_tls(test_conn *conn);
/* Waits so long, or until the peer is closed. */
void test_conn_wait(test_conn *conn, int ms);

#endif
