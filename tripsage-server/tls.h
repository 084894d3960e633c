/* tls.h: TLS before the HTTP listener, in the same process: clients' connections end here and go on as they are to a port of this machine.
 * tls.c is the one file of the server that knows OpenSSL. */
#ifndef SERVER_TLS_H
#define SERVER_TLS_H

#include <stddef.h>

#define TLS_PEER_SIZE 48

typedef struct tls tls;

typedef struct tls_options {
    const char *certificate, *key; /* PEM files: a certificate with those that lead to its CA, and its key */
    const char *host;              /* where to listen */
    int port;                      /* 0: any free one */
    int behind;                    /* the port of 127.0.0.1 that connections go on to */
    unsigned connections;          /* held at once; one more is closed */
} tls_options;

/* Whether certificate and key can be used: 0, or the exit status after a sentence on stderr. */
int tls_check(const char *certificate, const char *key);

/* NULL after a sentence on stderr. */
tls *tls_start(const tls_options *options);
int tls_port(const tls *t);
int tls_socket(const tls *t); /* the listening one */

/* Takes the files' certificate for connections from now on. 0 when they cannot be used, which the log tells; then the one before stays. */
int tls_reload(tls *t);

/* Whose connection goes on from this port of 127.0.0.1. 0: nobody's, it did not come through here. */
int tls_peer(tls *t, int port, char address[TLS_PEER_SIZE]);

/* Clients who have begun the handshake within the last seconds, and what they ask is still on its way. */
int tls_greeted(const tls *t);

/* Threads that may hold what a client sent: it is neither in his socket any more nor in the one behind yet. */
int tls_moving(const tls *t);

/* Ends all connections and threads. NULL is fine. */
void tls_stop(tls *t);

#endif
