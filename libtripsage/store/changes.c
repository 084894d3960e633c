/* store/changes.c: see changes.h. The engine watches as long as somebody listens. */
#include "changes.h"

#include "driver.h"

tripsage_status tripsage__changes_init(tripsage__changes *changes)
{
    if (pthread_mutex_init(&changes->watch_lock, NULL) || pthread_mutex_init(&changes->list_lock, NULL))
        return TRIPSAGE_NOMEM();
    changes->live = 1;
    return TRIPSAGE_OK;
}

void tripsage__changes_destroy(tripsage__changes *changes)
{
    pthread_mutex_destroy(&changes->watch_lock);
    pthread_mutex_destroy(&changes->list_lock);
}

/* ---- who listens ---- */

static tripsage_status start_watching(tripsage__changes *changes)
{
    tripsage_status status = TRIPSAGE_OK;

    pthread_mutex_lock(&changes->watch_lock);
    if (changes->watchers == 0)
        status = changes->driver->watch(changes->engine, changes);
    if (status == TRIPSAGE_OK)
        changes->watchers++;
    pthread_mutex_unlock(&changes->watch_lock);
    return status;
}

static void stop_watching(tripsage__changes *changes)
{
    pthread_mutex_lock(&changes->watch_lock);
    if (--changes->watchers == 0)
        changes->driver->unwatch(changes->engine);
    pthread_mutex_unlock(&changes->watch_lock);
}

static void tell_one(const tripsage__listener *listener, int live)
{
    const tripsage__change resync = {.kind = TRIPSAGE_CHANGE_RESYNC, .live = live};

    listener->on_change(listener->context, &resync);
}

/* The engine watches before the listener is there: what it is not live for is told at once. */
tripsage_status tripsage__changes_listen(tripsage__changes *changes, tripsage__listener *listener)
{
    tripsage_status status = start_watching(changes);

    if (status != TRIPSAGE_OK)
        return status;
    pthread_mutex_lock(&changes->list_lock);
    listener->next = changes->first;
    changes->first = listener;
    if (!changes->live)
        tell_one(listener, 0);
    pthread_mutex_unlock(&changes->list_lock);
    return TRIPSAGE_OK;
}

void tripsage__changes_unlisten(tripsage__changes *changes, tripsage__listener *listener)
{
    tripsage__listener **place;

    pthread_mutex_lock(&changes->list_lock);
    for (place = &changes->first; *place != listener; place = &(*place)->next)
        ;
    *place = listener->next;
    pthread_mutex_unlock(&changes->list_lock);
    stop_watching(changes);
}

/* ---- what is told ---- */

void tripsage__changes_tell(tripsage__changes *changes, const tripsage__change *list, size_t count)
{
    pthread_mutex_lock(&changes->list_lock);
    for (const tripsage__listener *l = changes->first; l; l = l->next)
        for (size_t i = 0; i < count; i++)
            l->on_change(l->context, &list[i]);
    pthread_mutex_unlock(&changes->list_lock);
}

void tripsage__changes_resync(tripsage__changes *changes, int live)
{
    pthread_mutex_lock(&changes->list_lock);
    changes->live = live;
    for (const tripsage__listener *l = changes->first; l; l = l->next)
        tell_one(l, live);
    pthread_mutex_unlock(&changes->list_lock);
}
