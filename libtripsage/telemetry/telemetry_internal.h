/* telemetry/telemetry_internal.h: the parts of telemetry by name, for the files of this room. */
#ifndef TRIPSAGE_TELEMETRY_TELEMETRY_INTERNAL_H
#define TRIPSAGE_TELEMETRY_TELEMETRY_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "base/env.h"
#include "base/observe.h"
#include "http/http.h"
#include "metrics.h"
#include "queue.h"
#include "telemetry.h"

typedef struct tripsage__sites tripsage__sites;
typedef struct tripsage__exporter tripsage__exporter;

/* What the library itself records, by places in tripsage_telemetry.own. */
typedef enum tripsage__own {
    TRIPSAGE__OWN_DATABASE,
    TRIPSAGE__OWN_HTTP,
    TRIPSAGE__OWN_EMBEDDING,
    TRIPSAGE__OWN_SEARCH,
    TRIPSAGE__OWN_COUNTERS,
    TRIPSAGE__OWN_GAUGES = TRIPSAGE__OWN_COUNTERS + TRIPSAGE__COUNTERS,
    TRIPSAGE__OWN_ALL = TRIPSAGE__OWN_GAUGES + TRIPSAGE__GAUGES
} tripsage__own;

/* 16: a counter's label says how something ended, of which there are some ten ways. */
#define TRIPSAGE__COUNTED_MAX 16u

/* A series that is counted under a label, which is known by its address. */
typedef struct tripsage__counted {
    _Atomic(const char *) label; /* set once; NULL: nobody has this place */
    _Atomic(tripsage_series *) series;
} tripsage__counted;

struct tripsage_telemetry {
    tripsage__observer observer; /* first: rooms to the left know the handle as this */
    tripsage__env *env;
    tripsage__metrics *metrics; /* NULL: none */
    tripsage_instrument *own[TRIPSAGE__OWN_ALL];
    tripsage__counted counted[TRIPSAGE__COUNTERS][TRIPSAGE__COUNTED_MAX];
    tripsage__sites *sites;
    tripsage__queue *queue; /* NULL: nothing is exported */
    tripsage__exporter *exporter;
    tripsage__pairs resource; /* attributes of who we are */
    tripsage_sampler sampler;
    uint64_t threshold;           /* of the ratio: traces whose 56 random bits are below it are exported */
    _Atomic int64_t clock_ns;     /* the system's clock minus the monotonic one */
    pthread_mutex_t watched_lock; /* over `watched`, and what they tell */
    tripsage__watched *watched;
};

/* ---- instruments.c ---- */

tripsage_status tripsage__instruments_make(tripsage_telemetry *t);
/* Has every watched part tell how it is. Under the lock, until what they told is written down. */
void tripsage__instruments_ask(tripsage_telemetry *t);
void tripsage__observe_count(tripsage__observer *observer, tripsage__counter what, const char *label);
void tripsage__observe_tell(tripsage__observer *observer, tripsage__gauge what, const char *label, int64_t amount);
void tripsage__observe_watch(tripsage__observer *observer, tripsage__watched *part);
void tripsage__observe_unwatch(tripsage__observer *observer, tripsage__watched *part);

/* ---- operation.c ---- */

tripsage_status tripsage__sites_new(tripsage__sites **out);
void tripsage__sites_free(tripsage__sites *sites); /* NULL is fine */
void tripsage__observe_begin(tripsage__observer *observer, tripsage__op *op);
void tripsage__observe_end(tripsage__observer *observer, tripsage__op *op, tripsage_status status);

/* ---- span.c ---- */

/* Gives ids to a span that belongs to `parent` (NULL: to none), and decides whether it is exported. */
void tripsage__span_start(tripsage__span *span, tripsage_telemetry *t, const tripsage__span *parent);

/* A record of the queue for a span that ends; NULL: it is not exported, or there is no room, which is counted. Fill it and say that it is
 * done. The name, all keys, and constants live as long as the telemetry does; texts are copied. NULL texts say nothing. */
tripsage__record *tripsage__span_record(const tripsage__span *span, int64_t ended_ns, const char *name);
void tripsage__record_text(tripsage__record *record, const char *key, const char *text);
void tripsage__record_constant(tripsage__record *record, const char *key, const char *text);
void tripsage__record_number(tripsage__record *record, const char *key, int64_t number);
void tripsage__record_error(tripsage__record *record, const char *type); /* NULL: it went well */

/* 1 and the parent that a caller names, or 0: it is no traceparent that one could go on from. */
int tripsage__traceparent_read(tripsage__span *out, const char *text);
/* What may be passed on of a tracestate. */
int tripsage__tracestate_is_sound(const char *text);

/* ---- exporter.c ---- */

tripsage_status tripsage__exporter_new(tripsage__exporter **out, tripsage_telemetry *t,
                                       const tripsage_telemetry_options *options);
/* Sends what waits, for a moment; then the thread ends. NULL is fine. */
void tripsage__exporter_free(tripsage__exporter *exporter);
/* Puts a filled record, and wakes the thread when that makes a batch. */
void tripsage__record_done(tripsage_telemetry *t, tripsage__record *record);
tripsage_status tripsage__exporter_flush(tripsage__exporter *exporter, uint32_t timeout_ms);
void tripsage__exporter_stats(tripsage_telemetry_stats *out, tripsage__exporter *exporter);
void tripsage__exporter_put(tripsage__exposition *to, tripsage_telemetry *t);

/* ---- gzip.c ---- */

/* Into an empty buffer. Errors: TRIPSAGE_ENOMEM. */
tripsage_status tripsage__gzip(tripsage__buf *out, const void *bytes, size_t size);

/* ---- process.c ---- */

void tripsage__process_put(tripsage__exposition *to);

#endif
