/* tripsage/telemetry.h: what a program and the library in it are at: metrics to be scraped, and traces sent to a collector.
 *
 *     tripsage_telemetry *telemetry;
 *     tripsage_telemetry_options options = TRIPSAGE_TELEMETRY_OPTIONS_INIT;
 *     tripsage_runtime runtime = TRIPSAGE_RUNTIME_INIT;
 *
 *     options.endpoint = "http://localhost:4318/v1/traces";
 *     status = tripsage_telemetry_open(&telemetry, &options, NULL);
 *     runtime.telemetry = telemetry;                       and tripsage_open() with this runtime
 *     ...
 *     tripsage_telemetry_span_begin(&span, telemetry, NULL);
 *     status = tripsage_trip_get(...);                     its statements are children of the span
 *     tripsage_telemetry_span_end(&span, &end);
 *     ...
 *     tripsage_close(ts);
 *     tripsage_telemetry_close(telemetry);                 after everything that was opened with it
 *
 * Traces are OpenTelemetry's: spans with W3C trace context, sent by OTLP over HTTP (opentelemetry.io/docs/specs/otlp), named by its
 * semantic conventions. What is called within a span on its thread belongs to it: the library makes spans of calls of the store (named by
 * their statements), round trips to a cache's server, requests to other servers (to which the trace context is sent along), embeddings,
 * and searches among vectors. Nothing that a person has written, no parameter of a statement and no key of a cache is in them.
 *
 * Whoever records waits for nobody. Spans go into a bounded queue, from which a thread of its own sends batches; where the queue is full
 * they are dropped, and counted (tripsage_telemetry_get_stats, and the metric otel_sdk_processor_span_processed_total). That thread has
 * a low priority, so that on a machine with too much to do spans are dropped before calls have to wait.
 *
 * Threads: shared by any number of threads.
 * */
#ifndef TRIPSAGE_TELEMETRY_H
#define TRIPSAGE_TELEMETRY_H

#include <stddef.h>
#include <stdint.h>

#include "doc.h"
#include "runtime.h"

TRIPSAGE_BEGIN_DECLS

typedef struct tripsage_telemetry tripsage_telemetry;

/* ---- opening ---- */

/* Which traces are exported; decided at the first span, for all of it. The others of OpenTelemetry's first decide as whoever called did. */
typedef enum tripsage_sampler {
    TRIPSAGE_SAMPLER_PARENT_ALWAYS_ON = 0, /* parentbased_always_on: those of whoever called, and all that begin here */
    TRIPSAGE_SAMPLER_PARENT_ALWAYS_OFF,
    TRIPSAGE_SAMPLER_PARENT_RATIO, /* parentbased_traceidratio: of those that begin here, `sampler_ratio` */
    TRIPSAGE_SAMPLER_ALWAYS_ON,
    TRIPSAGE_SAMPLER_ALWAYS_OFF,
    TRIPSAGE_SAMPLER_RATIO
} tripsage_sampler;

typedef struct tripsage_telemetry_options {
    uint32_t version; /* 1; set by TRIPSAGE_TELEMETRY_OPTIONS_INIT */

    int no_metrics; /* 1: nothing is counted */

    /* Where spans go: the whole URL, as http://localhost:4318/v1/traces. NULL: nothing is exported; trace context goes on from who called
     * to whom is called. What is not of this machine ought to be https. Copied, as all texts here. */
    const char *endpoint;
    int json; /* 1: OTLP as JSON; 0: as protobuf */
    int gzip; /* 1: compressed */
    const char
        *headers; /* of each request: "name=value,name=value", values percent-encoded (W3C Baggage); NULL: none */
    const char *authorities; /* a PEM file of CA certificates; NULL: those of the system */
    uint32_t timeout_ms;     /* for a batch, all tries included; 0: 10,000 */

    /* The batch span processor (OTEL_BSP_*). */
    uint32_t schedule_delay_ms; /* longest a span waits for others; 0: 5,000 */
    uint32_t queue_max;         /* spans that wait; 0: 2,048 */
    uint32_t batch_max;         /* spans that are sent at once, no more than queue_max; 0: 512 */

    tripsage_sampler sampler;
    double sampler_ratio; /* 0 to 1 */

    /* Who we are: service.name (NULL: "tripsage"), and more of that, as "deployment.environment.name=staging,service.instance.id=7"; in the
     * latter service.name is heeded, too, where the former is NULL. */
    const char *service_name, *resource;
} tripsage_telemetry_options;

#define TRIPSAGE_TELEMETRY_OPTIONS_INIT                                                                                \
    {                                                                                                                  \
        1, 0, NULL, 0, 0, NULL, NULL, 0, 0, 0, 0, TRIPSAGE_SAMPLER_PARENT_ALWAYS_ON, 1.0, NULL, NULL                   \
    }

/* `options` and `runtime` may be NULL; the latter's clock is not used, since spans of several programs are put together by the system's.
 * Asks nobody: a collector that is not there may come. Errors: TRIPSAGE_EINVALID ("#options"; "#endpoint": no http or https URL;
 * "#headers", "#resource": no such list; "#batch_max": more than queue_max; "#queue_max": more than 65,536; "#sampler", "#sampler_ratio"),
 * TRIPSAGE_ENOMEM, TRIPSAGE_EINTERNAL (no thread is to be had). */
TRIPSAGE_API tripsage_status tripsage_telemetry_open(tripsage_telemetry **out,
                                                     const tripsage_telemetry_options *options,
                                                     const tripsage_runtime *runtime);

/* Sends what waits, for a second at most; then it is dropped. When no call is under way on what was opened with it. NULL is fine. */
TRIPSAGE_API void tripsage_telemetry_close(tripsage_telemetry *telemetry);

/* Sends what waits and returns when a try was made of all of it, at most `timeout_ms` later: TRIPSAGE_ETIMEOUT then. */
TRIPSAGE_API tripsage_status tripsage_telemetry_flush(tripsage_telemetry *telemetry, uint32_t timeout_ms);

typedef struct tripsage_telemetry_stats {
    uint64_t spans;    /* ended and sampled */
    uint64_t exported; /* that a collector has taken */
    uint64_t dropped;  /* that found the queue full */
    uint64_t failed;   /* that no collector has taken */
    uint64_t batches;  /* that were sent or given up */
    uint64_t waiting;  /* in the queue now */
    uint64_t reserved[8];
} tripsage_telemetry_stats;

/* All 0 where nothing is exported. */
TRIPSAGE_API void tripsage_telemetry_get_stats(tripsage_telemetry_stats *out, tripsage_telemetry *telemetry);

/* ---- spans ---- */

/* Yours, of automatic storage or in a structure; begun and ended on one thread, in the reverse order of beginning. */
typedef struct tripsage_telemetry_span {
    void *opaque[12];
} tripsage_telemetry_span;

typedef enum tripsage_span_kind {
    TRIPSAGE_SPAN_INTERNAL = 1, /* numbered as in OTLP */
    TRIPSAGE_SPAN_SERVER = 2,
    TRIPSAGE_SPAN_CLIENT = 3,
    TRIPSAGE_SPAN_PRODUCER = 4,
    TRIPSAGE_SPAN_CONSUMER = 5
} tripsage_span_kind;

/* How it begins. All 0 is a span within the one that this thread is in, if any. */
typedef struct tripsage_span_options {
    tripsage_span_kind kind; /* 0: internal */
    int is_remote; /* 1: whoever called says where it belongs, by the two headers below; what this thread is in does not count */
    const char *traceparent; /* as it came; NULL, or not as W3C Trace Context has it: a trace begins here */
    const char *tracestate;  /* as it came, borrowed until the end; NULL: none */
    int is_unseen;           /* 1: neither it nor what is within it is exported */
    int64_t began_ns;        /* when, by CLOCK_MONOTONIC; 0: now */
} tripsage_span_options;

/* A fact about a span: a text, or where that is NULL a number. */
typedef struct tripsage_span_attribute {
    const char *key;  /* as http.request.method, at most 64 bytes of ASCII; outlives the telemetry, as a literal does */
    const char *text; /* borrowed for the call, and copied */
    int64_t number;
    int is_constant; /* 1: the text outlives the telemetry, too, and is UTF-8: it is not copied, and not cut */
} tripsage_span_attribute;

/* A span has at most 16; more are counted as dropped. Texts that are copied are cut at 256 bytes, and dropped where all together have more
 * than 512. */
#define TRIPSAGE_SPAN_ATTRIBUTES_MAX 16

typedef struct tripsage_span_end {
    const char *name;       /* low-cardinality, as "GET /api/trips/{trip_id}"; at most 128 bytes of it */
    const char *error_type; /* NULL: it went well. Low-cardinality, as "500" or "TIMEOUT"; becomes error.type */
    const tripsage_span_attribute *attributes;
    size_t attribute_count;
    int64_t ended_ns;     /* when, by CLOCK_MONOTONIC; 0: now */
    int is_constant_name; /* 1: the name outlives the telemetry: it is not copied */
} tripsage_span_end;

/* `telemetry` NULL makes a span that is none; `options` NULL: all 0. Cannot fail: a span for which there is no room is counted as dropped.
 */
TRIPSAGE_API void tripsage_telemetry_span_begin(tripsage_telemetry_span *span, tripsage_telemetry *telemetry,
                                                const tripsage_span_options *options);

/* `end` is borrowed for the call. Twice is fine, and so is a span that is none. */
TRIPSAGE_API void tripsage_telemetry_span_end(tripsage_telemetry_span *span, const tripsage_span_end *end);

/* 1 when somebody will see this span, so that its attributes are worth gathering. */
TRIPSAGE_API int tripsage_telemetry_span_is_recording(const tripsage_telemetry_span *span);

typedef struct tripsage_trace_ids {
    char trace_id[33], span_id[17]; /* lower-case hexadecimal */
    int sampled;
} tripsage_trace_ids;

/* The ids of the span that this thread is in, for its log; 0, and "", when it is in none. */
TRIPSAGE_API int tripsage_telemetry_current(tripsage_trace_ids *out);

/* ---- metrics ---- */

typedef struct tripsage_instrument tripsage_instrument;

typedef enum tripsage_instrument_kind {
    TRIPSAGE_COUNTER = 1,     /* only ever more */
    TRIPSAGE_UP_DOWN_COUNTER, /* more and less */
    TRIPSAGE_HISTOGRAM        /* how often how much */
} tripsage_instrument_kind;

#define TRIPSAGE_INSTRUMENT_LABELS_MAX 6
#define TRIPSAGE_INSTRUMENT_BOUNDS_MAX 20
/* Combinations of values of one instrument that are told apart, as OpenTelemetry's SDKs do; what comes after is counted together, with the
 * label otel_metric_overflow. */
#define TRIPSAGE_INSTRUMENT_SERIES_MAX 2000

typedef struct tripsage_instrument_options {
    tripsage_instrument_kind kind;
    const char *
        name; /* OpenTelemetry's, as http.server.request.duration; Prometheus is told http_server_request_duration_seconds */
    const char *unit;                                   /* UCUM: "s", "By", "1", "{request}" */
    const char *help;                                   /* one sentence */
    const char *labels[TRIPSAGE_INSTRUMENT_LABELS_MAX]; /* keys, as http.route; as many as are not NULL */
    const double *bounds;                               /* of a histogram: upper bounds, ascending; copied */
    size_t bound_count;
} tripsage_instrument_options;

/* Makes an instrument, or gives the one that has this name. Texts are copied. Belongs to the telemetry. Of a handle without metrics, or of
 * none (NULL), it gives NULL, which every call below takes. Errors: TRIPSAGE_EINVALID ("#kind"; "#name", "#labels": letters, digits, "_"
 * and ".", at most 79, a letter first; "#name" also of another kind or with other labels before; "#bounds"), TRIPSAGE_ELIMIT (200
 * instruments), TRIPSAGE_ENOMEM. */
TRIPSAGE_API tripsage_status tripsage_telemetry_instrument(tripsage_instrument **out, tripsage_telemetry *telemetry,
                                                           const tripsage_instrument_options *options);

/* `values`: one for each label, NULL for one that does not apply. `amount`: billionths where the unit is "s" or "1", else of the unit.
 * Takes no lock once the values were seen. `instrument` may be NULL. */
TRIPSAGE_API void tripsage_telemetry_add(tripsage_instrument *instrument, const char *const *values, int64_t amount);

/* One combination of an instrument's values, for those who add to it again and again: it is looked up once. Belongs to the telemetry. */
typedef struct tripsage_series tripsage_series;

/* NULL of an instrument that is NULL, or where there is no memory; past the limit it is the one for all that came after. */
TRIPSAGE_API tripsage_series *tripsage_telemetry_series(tripsage_instrument *instrument, const char *const *values);

/* As tripsage_telemetry_add with its values. `series` may be NULL. */
TRIPSAGE_API void tripsage_telemetry_series_add(tripsage_series *series, int64_t amount);

/* All metrics as Prometheus reads them: text 0.0.4, or OpenMetrics 1.0.0 where `accept` (an Accept header; NULL: none) prefers it. `type`
 * becomes the media type, static. Free with tripsage_free. Errors: TRIPSAGE_ENOTSUP (without metrics), TRIPSAGE_ENOMEM. */
TRIPSAGE_API tripsage_status tripsage_telemetry_metrics(char **out, size_t *length, const char **type,
                                                        tripsage_telemetry *telemetry, const char *accept);

TRIPSAGE_END_DECLS

#endif
