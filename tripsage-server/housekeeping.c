/* housekeeping.c: see housekeeping.h. */
#include "housekeeping.h"

#include <time.h>

#include "log.h"

/* An hour: the shortest keeping is that of idempotency keys, a day. Replicas on one database may all do it; what is gone is gone. */
#define EVERY_S 3600

static void remove_expired(tripsage *library)
{
    tripsage_doc *removed = NULL;
    int64_t keys, trips, sessions, signing_keys;

    if (tripsage_purge_expired(&removed, library, 0) != TRIPSAGE_OK) {
        log_event(TRIPSAGE_LOG_WARN, "purge", "what is past its keeping stays for another hour: %s",
                  tripsage_last_error()->message);
        return;
    }
    keys = tripsage_doc_int(removed, "/idempotency_keys", 0);
    trips = tripsage_doc_int(removed, "/trips", 0);
    sessions = tripsage_doc_int(removed, "/sessions", 0);
    signing_keys = tripsage_doc_int(removed, "/signing_keys", 0);
    if (keys || trips || sessions || signing_keys)
        log_event(TRIPSAGE_LOG_INFO, "purge",
                  "past their keeping: %lld idempotency keys, %lld trips, %lld sessions, %lld signing keys",
                  (long long)keys, (long long)trips, (long long)sessions, (long long)signing_keys);
    tripsage_doc_free(removed);
}

/* 1 when an hour has passed, 0 when the server stops. */
static int rest(housekeeping *h)
{
    struct timespec until;
    int stopping;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += EVERY_S;
    pthread_mutex_lock(&h->lock);
    while (!h->stopping && pthread_cond_timedwait(&h->changed, &h->lock, &until) == 0)
        continue;
    stopping = h->stopping;
    pthread_mutex_unlock(&h->lock);
    return !stopping;
}

static void *keep_house(void *argument)
{
    housekeeping *h = argument;

    do
        remove_expired(h->library);
    while (rest(h));
    return NULL;
}

int housekeeping_start(housekeeping *h, tripsage *library)
{
    pthread_condattr_t monotonic;

    h->library = library;
    pthread_mutex_init(&h->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&h->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    h->running = pthread_create(&h->thread, NULL, keep_house, h) == 0;
    return h->running;
}

void housekeeping_stop(housekeeping *h)
{
    if (!h->running)
        return;
    pthread_mutex_lock(&h->lock);
    h->stopping = 1;
    pthread_cond_signal(&h->changed);
    pthread_mutex_unlock(&h->lock);
    pthread_join(h->thread, NULL);
    h->running = 0;
    pthread_cond_destroy(&h->changed);
    pthread_mutex_destroy(&h->lock);
}
