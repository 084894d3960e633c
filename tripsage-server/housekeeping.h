/* housekeeping.h: removes what is past its keeping (tripsage_purge_expired) while the server runs: once it has started, and then every
 * hour. */
#ifndef SERVER_HOUSEKEEPING_H
#define SERVER_HOUSEKEEPING_H

#include <pthread.h>
#include <tripsage/tripsage.h>

typedef struct housekeeping {
    tripsage *library;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* on the monotonic clock */
    int running, stopping;
} housekeeping;

/* 0 when no thread is to be had. A zeroed struct may be stopped. */
int housekeeping_start(housekeeping *h, tripsage *library);

/* Waits for a removal under way. */
void housekeeping_stop(housekeeping *h);

#endif
