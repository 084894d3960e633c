/* store/changes.h: between the engine, which sees what is committed, and those who want to know. */
#ifndef TRIPSAGE_STORE_CHANGES_H
#define TRIPSAGE_STORE_CHANGES_H

#include <pthread.h>

#include "store.h"

struct tripsage__driver;

typedef struct tripsage__changes {
    const struct tripsage__driver *driver;
    void *engine;

    pthread_mutex_t
        watch_lock; /* guards `watchers`, around the engine's watch and unwatch. Taken before every other lock */
    size_t watchers;

    pthread_mutex_t list_lock; /* guards the rest. Taken after all of the engine's */
    tripsage__listener *first;
    int live;
} tripsage__changes;

tripsage_status tripsage__changes_init(tripsage__changes *changes);
void tripsage__changes_destroy(tripsage__changes *changes);

/* See tripsage__store_listen(). */
tripsage_status tripsage__changes_listen(tripsage__changes *changes, tripsage__listener *listener);
void tripsage__changes_unlisten(tripsage__changes *changes, tripsage__listener *listener);

/* For the engine, from any thread: what was committed, in that order. */
void tripsage__changes_tell(tripsage__changes *changes, const tripsage__change *list, size_t count);

/* Something may not have been told. `live`: whether from now on all is. */
void tripsage__changes_resync(tripsage__changes *changes, int live);

#endif
