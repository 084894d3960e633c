/* support/wire.h: a proxy before a PostgreSQL server (or PgBouncer), on a thread of its own, that counts what a client sends and breaks the
 * connection where a test says.
 *
 * What a client sends until the server begins to answer is a flight; so flights are round trips. Setting up a connection and saying
 * good-bye are none. Nothing is encrypted: a client that asks for it is told that this server does not.
 *
 * A flight counts before its answer is passed on, so a client that has its answer finds it counted. */
#ifndef TEST_SUPPORT_WIRE_H
#define TEST_SUPPORT_WIRE_H

#include <stddef.h>

typedef struct test_wire test_wire;

/* Starts a proxy before the server in this socket folder (TEST_PG_DIRECT), or at this port of the loopback address ("5432"). Clients
 * come in by a socket in a folder of its own; with the second function by a port of the loopback address. What fails ends the test. */
test_wire *test_wire_open(const char *server);
test_wire *test_wire_open_tcp(const char *server);
void test_wire_close(test_wire *wire);

/* The client's "host" and "port": a socket folder and "5432", or "127.0.0.1" and the proxy's port. */
const char *test_wire_host(const test_wire *wire);
const char *test_wire_port(const test_wire *wire);

/* Since the proxy started, or since test_wire_reset. */
typedef struct test_wire_count {
    size_t connections; /* that asked for a session */
    size_t flights;
    size_t sent[128]; /* messages of clients by their type: sent['S'] is Sync, ['Q'] Query, ['P'] Parse, ['B'] Bind */
    size_t bytes_sent, bytes_received;
} test_wire_count;

test_wire_count test_wire_counted(test_wire *wire);
void test_wire_reset(test_wire *wire);

typedef enum test_wire_moment {
    TEST_WIRE_BEFORE, /* the server sees nothing of the flight */
    TEST_WIRE_AFTER,  /* the server has answered, the client sees nothing of it: what a lost COMMIT looks like */
    TEST_WIRE_AMID,   /* the client sees half of the answer */
    TEST_WIRE_LATE    /* the client sees all of the answer but ReadyForQuery */
} test_wire_moment;

/* Cuts the connection of the `nth` flight from now (1 is the next one of any connection) at this moment, once. */
void test_wire_cut(test_wire *wire, test_wire_moment moment, size_t nth);

/* Cuts all connections there are. */
void test_wire_cut_all(test_wire *wire);

/* New connections are refused from now on, or accepted again. */
void test_wire_refuse(test_wire *wire, int refuse);

/* From now on nothing passes, in either direction, and nobody is told; or all goes on where it stopped. */
void test_wire_freeze(test_wire *wire, int freeze);

/* Every flight from now on reaches the server this much later. */
void test_wire_delay(test_wire *wire, int ms);

#endif
