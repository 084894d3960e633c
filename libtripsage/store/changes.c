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

void tripsage__changes_destroy(tripsage__changes *changes)
{
    if (changes->max_staleness_ms)
        stop_watching(changes);
    pthread_mutex_destroy(&changes->watch_lock);
    pthread_mutex_destroy(&changes->list_lock);
}

/* ---- stamps ----
 *
 * An engine across a network cannot say whether anything was committed, but its changes arrive, and it says up to when they have. So
 * what was read under a stamp is no older than max_staleness_ms while the stamp is that of now: a change of its key would have changed
 * a counter if it had been told, and what was not told yet is younger than that. */

/* FNV-1a: keys are ids, whose makers gain nothing but misses from having them collide. */
static _Atomic uint32_t *slot_of(tripsage__changes *changes, const char *key, size_t size)
{
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (unsigned char)key[i]) * 16777619u;
    return &changes->slots[(hash ^ hash >> 16) % TRIPSAGE__CHANGES_SLOTS];
}

tripsage_status tripsage__changes_remember(tripsage__changes *changes, uint32_t max_staleness_ms)
{
    tripsage_status status;

    if (!max_staleness_ms || changes->driver->stamp) /* one that is exact is better */
        return TRIPSAGE_OK;
    changes->max_staleness_ms = max_staleness_ms;
    status = start_watching(changes);
    if (status != TRIPSAGE_OK)
        changes->max_staleness_ms = 0;
    return status;
}

int tripsage__changes_stamp(tripsage__changes *changes, const char *key, tripsage__stamp *out)
{
    int64_t fresh_at;
    uint64_t part;

    if (!changes->max_staleness_ms)
        return 0;
    fresh_at = atomic_load(&changes->fresh_at);
    if (!fresh_at || tripsage__monotonic_ms() - fresh_at > changes->max_staleness_ms)
        return 0;
    memset(out, 0, sizeof *out);
    part = key ? atomic_load(slot_of(changes, key, strlen(key))) : atomic_load(&changes->any);
    memcpy(out->bytes, &part, sizeof part);
    part = atomic_load(&changes->resyncs) + 1;
    memcpy(out->bytes + sizeof out->bytes - sizeof part, &part, sizeof part);
    return 1;
}

void tripsage__changes_touch(tripsage__changes *changes, const tripsage__step *steps, size_t count)
{
    if (!changes->max_staleness_ms)
        return;
    atomic_fetch_add(&changes->any, 1);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < steps[i].param_count; j++) {
            const tripsage__value *value = &steps[i].params[j];

            if (value->type == TRIPSAGE__TEXT && value->size == TRIPSAGE__UUID_SIZE - 1)
                atomic_fetch_add(slot_of(changes, value->bytes, value->size), 1);
        }
}

/* ---- what is told ---- */

void tripsage__changes_fresh(tripsage__changes *changes, int64_t at)
{
    atomic_store(&changes->fresh_at, at);
}

void tripsage__changes_tell(tripsage__changes *changes, const tripsage__change *list, size_t count)
{
    atomic_fetch_add(&changes->any, 1);
    for (size_t i = 0; changes->max_staleness_ms && i < count; i++)
        atomic_fetch_add(slot_of(changes, list[i].trip_id, strlen(list[i].trip_id)), 1);
    pthread_mutex_lock(&changes->list_lock);
    for (const tripsage__listener *l = changes->first; l; l = l->next)
        for (size_t i = 0; i < count; i++)
            l->on_change(l->context, &list[i]);
    pthread_mutex_unlock(&changes->list_lock);
}

void tripsage__changes_resync(tripsage__changes *changes, int live)
{
    atomic_fetch_add(&changes->resyncs, 1);
    if (!live)
        atomic_store(&changes->fresh_at, 0);
    pthread_mutex_lock(&changes->list_lock);
    changes->live = live;
    for (const tripsage__listener *l = changes->first; l; l = l->next)
        tell_one(l, live);
    pthread_mutex_unlock(&changes->list_lock);
}
