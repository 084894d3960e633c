/* crowd.h: room for who has something to ask, when more clients are connected than may be: those who say nothing are hung up on. Each
 * connection holds a thread, so without it a few hundred half-sent heads keep everybody else waiting, health checks too, until their time
 * is up. */
#ifndef SERVER_CROWD_H
#define SERVER_CROWD_H

#include "request.h"

typedef struct crowd crowd;

typedef struct crowd_options {
    struct pool *pool; /* whose requests are under way */
    int port;          /* that the clients' sockets are bound to here */
    const _Atomic int *connections;
    int allowed, threads; /* connections that may be open; and that can be, since each has a thread */
} crowd_options;

/* NULL: there is no memory, or no thread. */
crowd *crowd_start(const crowd_options *options);

/* Somebody has come while there were too many. */
void crowd_wake(crowd *c);

/* NULL is fine. */
void crowd_stop(crowd *c);

#endif
