/* cache/breaker.h: keeps calls from a server that does not answer. Who was waiting when it fell silent has spent a deadline at most;
 * from then on nobody goes there, until after the breaker's period one call is the probe: its success lets everybody through again.
 *
 *     TRIPSAGE_TRY(tripsage__breaker_enter(&passage, breaker));
 *     status = ...                      what may fail, and for what
 *     tripsage__breaker_leave(&passage, breaker, status);
 *
 * Shared by any number of threads. */
#ifndef TRIPSAGE_CACHE_BREAKER_H
#define TRIPSAGE_CACHE_BREAKER_H

#include <tripsage/cache.h>

#include "base/env.h"

/* What went wrong at the other end, and not here. */
typedef enum tripsage__trouble {
    TRIPSAGE__NO_TROUBLE,
    TRIPSAGE__SILENT,  /* not reached, no answer in time, or it broke off */
    TRIPSAGE__GARBLED, /* an answer that is none */
    TRIPSAGE__REFUSED, /* lets nobody in, or nobody more, or is not well */
    TRIPSAGE__TROUBLES
} tripsage__trouble;

typedef struct tripsage__breaker tripsage__breaker;

/* One call's way through it. */
typedef struct tripsage__passage {
    tripsage__trouble trouble; /* how it went; what opens the breaker */
    int64_t rest_ms;           /* for how long the server wants to be left alone, if it says so */
    unsigned trips;
    int is_probe;
} tripsage__passage;

/* `env` must outlive it. Errors: TRIPSAGE_ENOMEM. */
tripsage_status tripsage__breaker_new(tripsage__breaker **out, uint32_t period_ms, tripsage__env *env);
void tripsage__breaker_free(tripsage__breaker *breaker); /* NULL is fine */

/* Where the server is, for messages: no credentials; cut to fit. Before the first call. */
void tripsage__breaker_name(tripsage__breaker *breaker, const char *shown);

/* TRIPSAGE_EUNAVAILABLE: not now. Whoever enters leaves. */
tripsage_status tripsage__breaker_enter(tripsage__passage *p, tripsage__breaker *b);
/* For who has to wait on the way: as tripsage__breaker_enter, once it has opened meanwhile. */
tripsage_status tripsage__breaker_check(const tripsage__passage *passage, tripsage__breaker *breaker);
/* `status` is what came of it; the thread's error is of it. 1: it has opened the breaker. */
int tripsage__breaker_leave(const tripsage__passage *passage, tripsage__breaker *breaker, tripsage_status status);

void tripsage__breaker_count(tripsage_cache_stats *out, tripsage__breaker *breaker);

#endif
