/* telemetry.c: see telemetry.h. Names and values are those of OpenTelemetry's semantic conventions for HTTP servers. What is not told:
 * query strings, bodies, and who asks. */
#include "telemetry.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http.h"
#include "log.h"
#include "routes.h"

/* What is known of a route: what its spans are called, and the series of its durations where all goes well, by whether it came over TLS.
 * Series are looked up at the first request, so that none is told of that nobody asked for. */
typedef struct known_route {
    char name[128]; /* "GET /api/trips/{trip_id}" */
    _Atomic(tripsage_series *) successes[2];
} known_route;

/* Requests under way, by their methods and by whether they came over TLS. */
#define ACTIVE_KINDS (2 * (METHOD_OTHER + 1))

struct telemetry_known {
    _Atomic(tripsage_series *) active[ACTIVE_KINDS];
    pthread_mutex_t lock; /* over what follows */
    int64_t told[ACTIVE_KINDS];
    known_route routes[]; /* by their places in the table */
};

/* ---- opening ---- */

int telemetry_open(tripsage_telemetry **out, const settings *s)
{
    const tripsage_telemetry_options *options = tripsage_config_telemetry(s->config);
    tripsage_runtime runtime = TRIPSAGE_RUNTIME_INIT;
    tripsage_status status;

    *out = NULL;
    if (!options)
        return 0;
    runtime.log = log_library;
    runtime.log_level = s->log_level;
    status = tripsage_telemetry_open(out, options, &runtime);
    if (status == TRIPSAGE_OK)
        return 0;
    fprintf(stderr, "tripsage-server: cannot open telemetry: %s\n", tripsage_last_error()->message);
    return status == TRIPSAGE_EINVALID ? EXIT_CONFIG : EXIT_FAILURE;
}

static int make_known(server *s)
{
    size_t count;
    const route *all = routes_all(&count);

    s->known = calloc(1, sizeof *s->known + count * sizeof s->known->routes[0]);
    if (!s->known)
        return 0;
    pthread_mutex_init(&s->known->lock, NULL);
    for (size_t i = 0; i < count; i++)
        snprintf(s->known->routes[i].name, sizeof s->known->routes[i].name, "%s %s", method_names[all[i].method],
                 all[i].path);
    return 1;
}

int telemetry_prepare(server *s)
{
    static const double bounds[] = {.005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10};
    static const tripsage_instrument_options durations = {
        .kind = TRIPSAGE_HISTOGRAM,
        .name = "http.server.request.duration",
        .unit = "s",
        .help = "Duration of requests to this server.",
        .labels = {"http.request.method", "url.scheme", "http.route", "http.response.status_code", "error.type"},
        .bounds = bounds,
        .bound_count = sizeof bounds / sizeof bounds[0]};
    static const tripsage_instrument_options active = {.kind = TRIPSAGE_UP_DOWN_COUNTER,
                                                       .name = "http.server.active_requests",
                                                       .unit = "{request}",
                                                       .help = "Requests that are being answered.",
                                                       .labels = {"http.request.method", "url.scheme"}};
    tripsage_status status = tripsage_telemetry_instrument(&s->durations, s->telemetry, &durations);

    if (status == TRIPSAGE_OK)
        status = tripsage_telemetry_instrument(&s->active, s->telemetry, &active);
    if (status == TRIPSAGE_OK && make_known(s))
        return 0;
    fprintf(stderr, "tripsage-server: cannot measure: %s\n",
            status == TRIPSAGE_OK ? "no memory" : tripsage_last_error()->message);
    return EXIT_FAILURE;
}

void telemetry_close(server *s)
{
    tripsage_telemetry_close(s->telemetry);
    if (s->known)
        pthread_mutex_destroy(&s->known->lock);
    free(s->known); /* after it: spans that waited had their names there */
}

/* ---- an exchange ---- */

/* Those who ask again every few seconds whether we are there, and how we are: spans of them would be most of all, and say nothing. */
static int is_probe(const char *target)
{
    return strncmp(target, "/health", 7) == 0 || strncmp(target, "/api/health", 11) == 0 ||
           strcmp(target, "/metrics") == 0;
}

static const char *scheme_of(const request *r)
{
    return r->is_secure ? "https" : "http";
}

/* semconv: what is not known is no label. */
static const char *method_of(const request *r)
{
    return r->method == METHOD_OTHER ? "_OTHER" : method_names[r->method];
}

static void note_active(request *r)
{
    unsigned kind = (unsigned)r->method * 2 + (r->is_secure != 0);
    _Atomic(tripsage_series *) *known = &r->server->known->active[kind];

    if (!atomic_load_explicit(known, memory_order_acquire)) {
        const char *values[TRIPSAGE_INSTRUMENT_LABELS_MAX] = {method_of(r), scheme_of(r)};

        atomic_store_explicit(known, tripsage_telemetry_series(r->server->active, values), memory_order_release);
    }
    atomic_store_explicit(&r->under_way, kind + 1, memory_order_relaxed);
}

static void count_one(const request *r, void *context)
{
    int64_t *counts = context;
    unsigned kind = atomic_load_explicit(&r->under_way, memory_order_relaxed);

    if (kind)
        counts[kind - 1]++;
}

void telemetry_tell_active(server *s)
{
    struct telemetry_known *known = s->known;
    int64_t counts[ACTIVE_KINDS] = {0};

    pthread_mutex_lock(&known->lock);
    pool_each(s->pool, count_one, counts);
    for (unsigned kind = 0; kind < ACTIVE_KINDS; kind++) {
        tripsage_telemetry_series_add(atomic_load_explicit(&known->active[kind], memory_order_acquire),
                                      counts[kind] - known->told[kind]);
        known->told[kind] = counts[kind];
    }
    pthread_mutex_unlock(&known->lock);
}

/* NULL: there is no route, or it was asked in another way than its row says. */
static known_route *known_of(const request *r)
{
    size_t count;

    return r->route && r->route->method == r->method && !(r->route->flags & ROUTE_SUBTREE)
               ? &r->server->known->routes[r->route - routes_all(&count)]
               : NULL;
}

static int64_t nanoseconds(const struct timespec *at)
{
    return (int64_t)at->tv_sec * 1000000000 + at->tv_nsec;
}

void telemetry_begin(request *r)
{
    tripsage_span_options options = {.kind = TRIPSAGE_SPAN_SERVER, .is_remote = 1};

    if (!r->server->telemetry)
        return;
    options.began_ns = nanoseconds(&r->started);
    options.is_unseen = is_probe(r->target);
    options.traceparent = http_header(r, "traceparent");
    options.tracestate = options.traceparent ? http_header(r, "tracestate") : NULL;
    tripsage_telemetry_span_begin(&r->span, r->server->telemetry, &options);
    tripsage_telemetry_current(&r->ids);
    if (!options.traceparent) /* nobody else has this one: it is known by one id everywhere */
        strcpy(r->id, r->ids.trace_id);
    note_active(r);
}

/* semconv: error.type of a server's span is its status, where that is its fault. */
static const char *error_of(const request *r, char status[16])
{
    snprintf(status, 16, "%d", r->response.status);
    return r->response.status >= 500 ? status : NULL;
}

static void measure(const request *r, known_route *known)
{
    _Atomic(tripsage_series *) *place =
        known && r->response.status == r->route->success ? &known->successes[r->is_secure != 0] : NULL;
    tripsage_series *series = place ? atomic_load_explicit(place, memory_order_acquire) : NULL;
    char status[16];

    if (!series) {
        const char *error = error_of(r, status);
        const char *values[TRIPSAGE_INSTRUMENT_LABELS_MAX] = {method_of(r), scheme_of(r),
                                                              r->route ? r->route->path : NULL, status, error};

        series = tripsage_telemetry_series(r->server->durations, values);
        if (place)
            atomic_store_explicit(place, series, memory_order_release);
    }
    tripsage_telemetry_series_add(series, nanoseconds(&r->ended) - nanoseconds(&r->started));
}

static void end_span(request *r, const known_route *known)
{
    char name[128], status[16];
    const char *path = r->route ? r->route->path : NULL;
    int has_values = r->route && r->route->flags & ROUTE_VALUES;
    tripsage_span_attribute attributes[6] = {
        {"http.request.method", method_of(r), 0, 1},
        {"url.path", has_values ? path : r->target, 0, has_values},
        {"url.scheme", scheme_of(r), 0, 1},
        {"http.response.status_code", NULL, r->response.status, 0},
    };
    tripsage_span_end end = {known ? known->name : name,
                             r->response.status >= 500 ? error_of(r, status) : NULL,
                             attributes,
                             4,
                             nanoseconds(&r->ended),
                             known != NULL};

    if (path)
        attributes[end.attribute_count++] = (tripsage_span_attribute){"http.route", path, 0, 1};
    else if (r->method == METHOD_OTHER)
        attributes[end.attribute_count++] =
            (tripsage_span_attribute){"http.request.method_original", r->method_name, 0, 0};
    if (strcmp(r->id, r->ids.trace_id) != 0)
        attributes[end.attribute_count++] = (tripsage_span_attribute){"tripsage.request.id", r->id, 0, 0};
    if (!known)
        snprintf(name, sizeof name, path ? "%s %s" : "%s", r->method == METHOD_OTHER ? "HTTP" : r->method_name,
                 path ? path : "");
    tripsage_telemetry_span_end(&r->span, &end);
}

void telemetry_end(request *r)
{
    static const tripsage_span_end unseen = {"", NULL, NULL, 0, 0, 1};
    known_route *known;

    if (!r->server->telemetry)
        return;
    known = known_of(r);
    atomic_store_explicit(&r->under_way, 0, memory_order_relaxed);
    measure(r, known);
    if (tripsage_telemetry_span_is_recording(&r->span))
        end_span(r, known);
    else
        tripsage_telemetry_span_end(&r->span, &unseen);
}

void telemetry_put_ids(buffer *line, const tripsage_trace_ids *ids)
{
    if (!ids->trace_id[0])
        return;
    BUFFER_LIT(line, ",\"trace_id\":\"");
    buffer_put(line, ids->trace_id, sizeof ids->trace_id - 1);
    BUFFER_LIT(line, "\",\"span_id\":\"");
    buffer_put(line, ids->span_id, sizeof ids->span_id - 1);
    BUFFER_LIT(line, "\"");
}

int telemetry_is_served(const request *r)
{
    const settings *s = r->server->settings;

    if (!r->server->telemetry || s->metrics == METRICS_OFF || tripsage_config_telemetry(s->config)->no_metrics)
        return 0;
    return http_health_only(r->listener) || s->metrics == METRICS_ON;
}
