/* sockets.h: CivetWeb tells neither its listening socket nor those of its connections: they are looked for among the open files. */
#ifndef TRIPSAGE_SERVER_SOCKETS_H
#define TRIPSAGE_SERVER_SOCKETS_H

#include <netinet/in.h>

/* The first file of this process that `wanted` takes; -1: none. */
int socket_find(int (*wanted)(int fd, const void *context), const void *context);

/* The port that it is bound to; 0: none. */
int socket_own_port(int fd);

/* Who is at the other end: the port, and the address in `address` (NULL: it is not wanted); 0: nobody. */
int socket_peer(int fd, char address[INET6_ADDRSTRLEN]);

/* What the kernel knows of a connection. */
typedef struct socket_facts {
    int own_port, peer_port;
    unsigned silent_ms; /* since something came */
    int has_sent;       /* something was sent to the peer */
} socket_facts;

/* 0: it is no TCP connection. */
int socket_look(int fd, socket_facts *out);

/* The end of a listening socket: whoever comes from now on is refused, and who came before is accepted by the thread that does that.
 * Returns when nobody waits for it any more, or after a second. */
void socket_let_last_in(int listening, int port);

/* What to do where listening failed with this problem, to be put behind it; `setting` says the port. "" where nothing is known. */
const char *socket_advice(char out[200], const char *problem, const char *setting);

#endif
