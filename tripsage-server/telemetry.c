/* telemetry.c: see telemetry.h. Names and values are those of OpenTelemetry's semantic conventions for HTTP servers. What is not told:
 * query strings, bodies, and who asks. */
#include "telemetry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http.h"
#include "log.h"
#include "routes.h"

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
    if (status == TRIPSAGE_OK)
        return 0;
    fprintf(stderr, "tripsage-server: cannot measure: %s\n", tripsage_last_error()->message);
    return EXIT_FAILURE;
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
    return r->method == METHOD_OTHER ? "_OTHER" : r->method_name;
}

void telemetry_begin(request *r)
{
    const char *kind[TRIPSAGE_INSTRUMENT_LABELS_MAX] = {method_of(r), scheme_of(r)};
    tripsage_span_options options = {.kind = TRIPSAGE_SPAN_SERVER, .is_remote = 1};

    if (!r->server->telemetry)
        return;
    options.is_unseen = is_probe(r->target);
    options.traceparent = http_header(r, "traceparent");
    options.tracestate = options.traceparent ? http_header(r, "tracestate") : NULL;
    tripsage_telemetry_span_begin(&r->span, r->server->telemetry, &options);
    tripsage_telemetry_add(r->server->active, kind, 1);
}

static void end_span(request *r, const char *path, const char *error)
{
    char name[128];
    int has_values = r->route && r->route->flags & ROUTE_VALUES;
    const tripsage_span_attribute attributes[] = {
        {"http.request.method", method_of(r), 0},
        {"url.path", has_values ? r->route->path : r->target, 0},
        {"url.scheme", scheme_of(r), 0},
        {"http.response.status_code", NULL, r->response.status},
        {"tripsage.request.id", r->id, 0},
        /* Only where it is known; what other method there was is told where there is no route. */
        {path ? "http.route" : "http.request.method_original", path ? path : r->method_name, 0},
    };
    size_t count = sizeof attributes / sizeof attributes[0] - (!path && r->method != METHOD_OTHER);
    const tripsage_span_end end = {name, error, attributes, count};

    snprintf(name, sizeof name, path ? "%s %s" : "%s", r->method == METHOD_OTHER ? "HTTP" : r->method_name,
             path ? path : "");
    tripsage_telemetry_span_end(&r->span, &end);
}

void telemetry_end(request *r)
{
    static const tripsage_span_end unseen = {"", NULL, NULL, 0};
    const char *path = r->route ? r->route->path : NULL;
    char status[8];
    const char *error = r->response.status >= 500 ? status : NULL;
    const char *values[TRIPSAGE_INSTRUMENT_LABELS_MAX] = {method_of(r), scheme_of(r), path, status, error};
    struct timespec now;

    if (!r->server->telemetry)
        return;
    snprintf(status, sizeof status, "%d", r->response.status);
    clock_gettime(CLOCK_MONOTONIC, &now);
    tripsage_telemetry_add(r->server->active, values, -1); /* of which it takes the first two */
    tripsage_telemetry_add(r->server->durations, values,
                           ((int64_t)now.tv_sec - r->started.tv_sec) * 1000000000 + (now.tv_nsec - r->started.tv_nsec));
    if (tripsage_telemetry_span_is_recording(&r->span))
        end_span(r, path, error);
    else
        tripsage_telemetry_span_end(&r->span, &unseen);
}

void telemetry_put_ids(buffer *line)
{
    tripsage_trace_ids ids;

    if (!tripsage_telemetry_current(&ids))
        return;
    BUFFER_LIT(line, ",\"trace_id\":\"");
    buffer_puts(line, ids.trace_id);
    BUFFER_LIT(line, "\",\"span_id\":\"");
    buffer_puts(line, ids.span_id);
    BUFFER_LIT(line, "\"");
}

int telemetry_is_served(const request *r)
{
    const settings *s = r->server->settings;

    if (!r->server->telemetry || s->metrics == METRICS_OFF || tripsage_config_telemetry(s->config)->no_metrics)
        return 0;
    return http_health_only(r->listener) || s->metrics == METRICS_ON;
}
