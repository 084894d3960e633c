/* telemetry/metrics_internal.h: the inside of the registry, for those who write it down. */
#ifndef TRIPSAGE_TELEMETRY_METRICS_INTERNAL_H
#define TRIPSAGE_TELEMETRY_METRICS_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "metrics.h"

/* 8: processors that add to one series at the same moment are few, and each shard of a histogram has some lines of cache. */
#define TRIPSAGE__METRIC_SHARDS   8u
#define TRIPSAGE__METRIC_NAME_MAX 80

struct tripsage_series {
    tripsage_instrument *instrument;
    uint64_t hash;
    const char *values; /* one after another, each with its NUL; "" does not apply */
    int is_overflow;
    /* Shards of cells: the amount; of a histogram as many counts as it has bounds, one more, and the sum. */
    _Atomic int64_t *cells;
};

struct tripsage_instrument {
    tripsage__metrics *metrics;
    tripsage_instrument_kind kind;
    char *name, *help;
    const char *unit; /* OpenMetrics's word for it; "": none */
    char prometheus[TRIPSAGE__METRIC_NAME_MAX + 16];
    int is_nano;
    size_t label_count;
    char labels[TRIPSAGE_INSTRUMENT_LABELS_MAX][TRIPSAGE__METRIC_NAME_MAX];
    size_t bound_count;
    int64_t bounds[TRIPSAGE_INSTRUMENT_BOUNDS_MAX];
    size_t series_count;
    _Atomic(tripsage_series *) overflow;
    _Atomic(tripsage_series *) *table; /* open addressing */
};

struct tripsage__metrics {
    pthread_mutex_t lock; /* over what is made */
    tripsage_instrument **all;
    size_t count;
};

struct tripsage__metric_list {
    _Atomic(tripsage_series *) *table;
    size_t size;
};

struct tripsage__metric_list tripsage__instrument_series(tripsage_instrument *instrument);

/* The sum of a cell's shards. */
int64_t tripsage__series_cell(const tripsage_series *series, size_t cell);

#endif
