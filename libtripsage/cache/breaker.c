/* cache/breaker.c: see breaker.h. */
#include "breaker.h"

#include <pthread.h>
#include <stdio.h>

#include "base/memory.h"

/* What a server may ask for at most: one that counts by the day is asked once a minute, so that it is found again when somebody has
 * paid. */
#define REST_MAX_MS 60000

typedef enum state {
    CLOSED, /* calls go through */
    OPEN,   /* none does until `retry_at` */
    PROBING /* one does */
} state;

struct tripsage__breaker {
    tripsage__env *env;
    uint32_t period_ms;
    char shown[160];

    pthread_mutex_t lock; /* guards all below */
    state state;
    int64_t retry_at;
    unsigned trips; /* how often it has opened: who began before it did tells nothing about the time after */
    uint64_t opened;
    uint64_t troubles[TRIPSAGE__TROUBLES];
};

tripsage_status tripsage__breaker_new(tripsage__breaker **out, uint32_t period_ms, tripsage__env *env)
{
    tripsage__breaker *b = tripsage__calloc(1, sizeof *b);

    *out = NULL;
    if (!b || pthread_mutex_init(&b->lock, NULL) != 0) {
        tripsage__free(b);
        return TRIPSAGE_NOMEM();
    }
    b->env = env;
    b->period_ms = period_ms;
    *out = b;
    return TRIPSAGE_OK;
}

void tripsage__breaker_free(tripsage__breaker *b)
{
    if (!b)
        return;
    pthread_mutex_destroy(&b->lock);
    tripsage__free(b);
}

void tripsage__breaker_name(tripsage__breaker *b, const char *shown)
{
    snprintf(b->shown, sizeof b->shown, "%s", shown);
    tripsage__end_with_character(b->shown);
}

/* ---- in and out ---- */

static int may_pass(const tripsage__breaker *b, const tripsage__passage *p)
{
    return p->is_probe || (b->state == CLOSED && b->trips == p->trips);
}

static tripsage_status not_now(const tripsage__breaker *b)
{
    return TRIPSAGE_FAIL(TRIPSAGE_EUNAVAILABLE, "the cache at %s did not answer a moment ago", b->shown);
}

tripsage_status tripsage__breaker_enter(tripsage__passage *p, tripsage__breaker *b)
{
    int passes;

    *p = (tripsage__passage){TRIPSAGE__NO_TROUBLE, 0, 0, 0};
    pthread_mutex_lock(&b->lock);
    p->trips = b->trips;
    if (b->state == OPEN && tripsage__monotonic_ms() >= b->retry_at) {
        b->state = PROBING;
        p->is_probe = 1;
    }
    passes = may_pass(b, p);
    pthread_mutex_unlock(&b->lock);
    return passes ? TRIPSAGE_OK : not_now(b);
}

tripsage_status tripsage__breaker_check(const tripsage__passage *p, tripsage__breaker *b)
{
    int passes;

    pthread_mutex_lock(&b->lock);
    passes = may_pass(b, p);
    pthread_mutex_unlock(&b->lock);
    return passes ? TRIPSAGE_OK : not_now(b);
}

static void trip(tripsage__breaker *b, int64_t rest_ms)
{
    int64_t rest = rest_ms < REST_MAX_MS ? rest_ms : REST_MAX_MS;

    b->opened += b->state == CLOSED;
    b->state = OPEN;
    b->trips++;
    b->retry_at = tripsage__monotonic_ms() + (rest > b->period_ms ? rest : b->period_ms);
}

/* A probe that has found out nothing, for want of memory here, leaves it open as well. */
int tripsage__breaker_leave(const tripsage__passage *p, tripsage__breaker *b, tripsage_status status)
{
    int was_open, trips, changed;

    pthread_mutex_lock(&b->lock);
    was_open = b->state != CLOSED;
    trips = status == TRIPSAGE_OK ? 0 : p->is_probe || (p->trouble && may_pass(b, p));
    b->troubles[p->trouble]++;
    if (trips)
        trip(b, p->rest_ms);
    else if (p->is_probe)
        b->state = CLOSED;
    changed = was_open != (b->state != CLOSED);
    pthread_mutex_unlock(&b->lock);
    if (changed && !trips)
        tripsage__log(b->env, TRIPSAGE_LOG_INFO, "cache", "%s answers again", b->shown);
    else if (changed)
        tripsage__log(b->env, TRIPSAGE_LOG_WARN, "cache", "%s does not answer, so nothing is found there: %s", b->shown,
                      tripsage_last_error()->message);
    return trips;
}

void tripsage__breaker_count(tripsage_cache_stats *out, tripsage__breaker *b)
{
    pthread_mutex_lock(&b->lock);
    out->breaker_open = b->state != CLOSED;
    out->breaker_opened = b->opened;
    out->silent = b->troubles[TRIPSAGE__SILENT];
    out->garbled = b->troubles[TRIPSAGE__GARBLED];
    out->refused += b->troubles[TRIPSAGE__REFUSED];
    pthread_mutex_unlock(&b->lock);
}
