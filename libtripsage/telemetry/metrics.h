/* telemetry/metrics.h: instruments, what they have counted, and how that is written down.
 *
 * A series is one combination of an instrument's values. It is found without a lock in a table of atomic pointers, which are only ever
 * set; its amounts lie in shards, of which a processor uses one, and are added by relaxed additions, so that processors do not meet. Amounts are
 * whole numbers: nanoseconds where the unit is a second. A histogram counts each amount under its bound alone; what is below a bound is
 * summed up when it is read. Whoever reads while others add sees each amount or does not; a histogram's count is the sum of its buckets,
 * so that both agree. */
#ifndef TRIPSAGE_TELEMETRY_METRICS_H
#define TRIPSAGE_TELEMETRY_METRICS_H

#include <stddef.h>
#include <stdint.h>
#include <tripsage/telemetry.h>

#include "base/buf.h"

typedef struct tripsage__metrics tripsage__metrics;

tripsage_status tripsage__metrics_new(tripsage__metrics **out);
void tripsage__metrics_free(tripsage__metrics *metrics); /* NULL is fine */

/* As tripsage_telemetry_instrument. */
tripsage_status tripsage__metrics_instrument(tripsage_instrument **out, tripsage__metrics *metrics,
                                             const tripsage_instrument_options *options);

/* Of these values, which is made when it is new; NULL: no memory. */
tripsage_series *tripsage__series_of(tripsage_instrument *instrument, const char *const *values);
void tripsage__series_add(tripsage_series *series, int64_t amount);

/* What was added under these values; 0 where nothing was. Of no histogram. */
int64_t tripsage__instrument_amount(const tripsage_instrument *instrument, const char *const *values);

/* Sets every series of an up-down-counter, or of a counter that somebody else keeps, to nothing, before it is told anew. */
void tripsage__instrument_reset(tripsage_instrument *instrument);

/* ---- writing it down ---- */

typedef struct tripsage__exposition {
    tripsage__buf *out;
    int open_metrics;
} tripsage__exposition;

/* 1 when an Accept header prefers OpenMetrics to the older text. NULL: it does not. */
int tripsage__accepts_open_metrics(const char *accept);

void tripsage__metrics_put(tripsage__exposition *to, tripsage__metrics *metrics);

/* A family of which the caller writes the one sample, for what is read when it is asked for: `name` is Prometheus's, for a counter
 * without "_total". */
void tripsage__exposition_family(tripsage__exposition *to, const char *name, const char *type, const char *unit,
                                 const char *help);
void tripsage__exposition_sample(tripsage__exposition *to, const char *name, const char *suffix, const char *labels,
                                 int64_t amount, int is_nano);
/* What stands in quotes. */
void tripsage__exposition_escape(tripsage__buf *out, const char *text);

#endif
