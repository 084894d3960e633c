/* store/changes.h: between the engine, which sees what is committed, and those who want to know. */
#ifndef TRIPSAGE_STORE_CHANGES_H
#define TRIPSAGE_STORE_CHANGES_H

#include <pthread.h>
#include <stdatomic.h>

#include "store.h"

struct tripsage__driver;

/* Counters of changes, each for all the keys that fall into it. More of them, and fewer answers are thrown away without need; these
 * take 4 KiB. */
#define TRIPSAGE__CHANGES_SLOTS 1024

typedef struct tripsage__changes {
    const struct tripsage__driver *driver;
    void *engine;

    pthread_mutex_t
        watch_lock; /* guards `watchers`, around the engine's watch and unwatch. Taken before every other lock */
    size_t watchers;

    pthread_mutex_t list_lock; /* guards the rest. Taken after all of the engine's */
    tripsage__listener *first;
    int live;

    /* For stamps of engines that have none of their own. 0: none are given. */
    uint32_t max_staleness_ms;
    _Atomic int64_t
        fresh_at; /* all that was committed before this moment (monotonic, ms) has been told; 0: not known */
    _Atomic uint64_t resyncs;
    _Atomic uint64_t any; /* counts every change */
    _Atomic uint32_t slots[TRIPSAGE__CHANGES_SLOTS];
} tripsage__changes;

tripsage_status tripsage__changes_init(tripsage__changes *changes);
void tripsage__changes_destroy(tripsage__changes *changes);

/* See tripsage__store_listen(). */
tripsage_status tripsage__changes_listen(tripsage__changes *changes, tripsage__listener *listener);
void tripsage__changes_unlisten(tripsage__changes *changes, tripsage__listener *listener);

/* For the engine, from any thread: what was committed, in that order. */
void tripsage__changes_tell(tripsage__changes *changes, const tripsage__change *list, size_t count);

/* All that was committed before this moment, on the monotonic clock in ms, has been told. */
void tripsage__changes_fresh(tripsage__changes *changes, int64_t at);

/* Something may not have been told. `live`: whether from now on all is. */
void tripsage__changes_resync(tripsage__changes *changes, int live);

/* ---- stamps ---- */

/* Begins to watch for them, where the options ask for it. */
tripsage_status tripsage__changes_remember(tripsage__changes *changes, uint32_t max_staleness_ms);
int tripsage__changes_stamp(tripsage__changes *changes, const char *key, tripsage__stamp *out);

/* A change of our own, which need not be told to be known: to all keys that are among the parameters. */
void tripsage__changes_touch(tripsage__changes *changes, const tripsage__step *steps, size_t count);

#endif
