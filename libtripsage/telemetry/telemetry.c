/* telemetry.c: the handle: what is measured, and what is exported. */
#include <string.h>

#include "base/memory.h"
#include "telemetry_internal.h"

#define QUEUE_DEFAULT 2048u
#define QUEUE_MAX     65536u
#define SERVICE_NAME  "tripsage"

/* ---- who we are ---- */

/* What is always said, around what is given; of a key the last holds. */
static tripsage_status take_resource(tripsage_telemetry *t, const tripsage_telemetry_options *o)
{
    tripsage__buf all = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    tripsage_status status;

    tripsage__buf_puts(&all, "service.name=" SERVICE_NAME ",");
    tripsage__buf_puts(&all, o->resource ? o->resource : "");
    if (o->service_name) {
        TRIPSAGE__LIT(&all, ",service.name=");
        tripsage__buf_put_encoded(&all, o->service_name);
    }
    TRIPSAGE__LIT(&all,
                  ",telemetry.sdk.language=c,telemetry.sdk.name=libtripsage,telemetry.sdk.version=" TRIPSAGE_VERSION);
    TRIPSAGE_TRY(tripsage__buf_status(&all));
    status = tripsage__pairs_read(&t->resource, all.data, "#resource");
out:
    tripsage__buf_free(&all);
    return status;
}

/* ---- opening ---- */

static tripsage_status take_sampler(tripsage_telemetry *t, const tripsage_telemetry_options *o)
{
    if ((unsigned)o->sampler > TRIPSAGE_SAMPLER_RATIO)
        return TRIPSAGE_FAIL_FIELD("#sampler", "there is no such sampler");
    if (!(o->sampler_ratio >= 0.0 && o->sampler_ratio <= 1.0))
        return TRIPSAGE_FAIL_FIELD("#sampler_ratio", "expected a share from 0 to 1");
    t->sampler = o->sampler;
    t->threshold = (uint64_t)(o->sampler_ratio * 72057594037927936.0); /* 2^56 */
    return TRIPSAGE_OK;
}

static tripsage_status open_parts(tripsage_telemetry *t, const tripsage_telemetry_options *o,
                                  const tripsage_runtime *runtime)
{
    tripsage_runtime own = TRIPSAGE_RUNTIME_INIT;
    uint32_t capacity = o->queue_max ? o->queue_max : QUEUE_DEFAULT;
    tripsage_status status;

    if (runtime)
        own = *runtime;
    own.telemetry = NULL; /* what it does itself is told to nobody */
    TRIPSAGE_TRY(take_sampler(t, o));
    if (capacity > QUEUE_MAX)
        return TRIPSAGE_FAIL_FIELD("#queue_max", "expected at most %u spans", QUEUE_MAX);
    TRIPSAGE_TRY(tripsage__env_new(&t->env, &own));
    TRIPSAGE_TRY(tripsage__sites_new(&t->sites));
    TRIPSAGE_TRY(take_resource(t, o));
    if (!o->no_metrics) {
        TRIPSAGE_TRY(tripsage__metrics_new(&t->metrics));
        TRIPSAGE_TRY(tripsage__instruments_make(t));
    }
    if (o->endpoint) {
        TRIPSAGE_TRY(tripsage__queue_new(&t->queue, capacity));
        TRIPSAGE_TRY(tripsage__exporter_new(&t->exporter, t, o));
    }
out:
    return status;
}

tripsage_status tripsage_telemetry_open(tripsage_telemetry **out, const tripsage_telemetry_options *options,
                                        const tripsage_runtime *runtime)
{
    static const tripsage_telemetry_options standard = TRIPSAGE_TELEMETRY_OPTIONS_INIT;
    tripsage_telemetry *t;
    tripsage_status status;

    *out = NULL;
    options = options ? options : &standard;
    if (options->version != 1)
        return TRIPSAGE_FAIL_FIELD("#options", "version is %u; start from TRIPSAGE_TELEMETRY_OPTIONS_INIT",
                                   options->version);
    t = tripsage__calloc(1, sizeof *t);
    if (!t || pthread_mutex_init(&t->watched_lock, NULL) != 0) {
        tripsage__free(t);
        return TRIPSAGE_NOMEM();
    }
    t->observer = (tripsage__observer){tripsage__observe_begin, tripsage__observe_end,   tripsage__observe_count,
                                       tripsage__observe_tell,  tripsage__observe_watch, tripsage__observe_unwatch};
    atomic_init(&t->clock_ns, tripsage__system_ns() - tripsage__monotonic_ns());
    status = open_parts(t, options, runtime);
    if (status == TRIPSAGE_OK)
        *out = t;
    else
        tripsage_telemetry_close(t);
    return status;
}

void tripsage_telemetry_close(tripsage_telemetry *t)
{
    if (!t)
        return;
    tripsage__exporter_free(t->exporter);
    tripsage__queue_free(t->queue);
    tripsage__sites_free(t->sites);
    tripsage__metrics_free(t->metrics);
    tripsage__pairs_free(&t->resource);
    tripsage__env_free(t->env);
    pthread_mutex_destroy(&t->watched_lock);
    tripsage__free(t);
}

tripsage_status tripsage_telemetry_flush(tripsage_telemetry *t, uint32_t timeout_ms)
{
    return t->exporter ? tripsage__exporter_flush(t->exporter, timeout_ms) : TRIPSAGE_OK;
}

void tripsage_telemetry_get_stats(tripsage_telemetry_stats *out, tripsage_telemetry *t)
{
    memset(out, 0, sizeof *out);
    if (t->exporter)
        tripsage__exporter_stats(out, t->exporter);
}

/* ---- metrics ---- */

tripsage_status tripsage_telemetry_instrument(tripsage_instrument **out, tripsage_telemetry *t,
                                              const tripsage_instrument_options *options)
{
    *out = NULL;
    return t && t->metrics ? tripsage__metrics_instrument(out, t->metrics, options) : TRIPSAGE_OK;
}

tripsage_series *tripsage_telemetry_series(tripsage_instrument *instrument, const char *const *values)
{
    return instrument ? tripsage__series_of(instrument, values) : NULL;
}

void tripsage_telemetry_series_add(tripsage_series *series, int64_t amount)
{
    if (series)
        tripsage__series_add(series, amount);
}

void tripsage_telemetry_add(tripsage_instrument *instrument, const char *const *values, int64_t amount)
{
    tripsage_telemetry_series_add(tripsage_telemetry_series(instrument, values), amount);
}

/* The resource is a metric of its own, as Prometheus's exporters of OpenTelemetry have it. */
static void put_resource(tripsage__exposition *to, const tripsage_telemetry *t)
{
    const char *comma = "";

    tripsage__exposition_family(to, "target", "info", "", "What is measured here.");
    tripsage__buf_puts(to->out, "target_info{");
    for (size_t i = 0; i < t->resource.count; i++) {
        tripsage__buf_puts(to->out, comma);
        for (const char *c = t->resource.all[i].key; *c; c++)
            tripsage__buf_putc(to->out, (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                                                (*c >= '0' && *c <= '9' && c > t->resource.all[i].key)
                                            ? *c
                                            : '_');
        tripsage__buf_puts(to->out, "=\"");
        tripsage__exposition_escape(to->out, t->resource.all[i].value);
        tripsage__buf_putc(to->out, '"');
        comma = ",";
    }
    tripsage__buf_puts(to->out, "} 1\n");
}

tripsage_status tripsage_telemetry_metrics(char **out, size_t *length, const char **type, tripsage_telemetry *t,
                                           const char *accept)
{
    tripsage__buf text = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    tripsage__exposition to = {&text, tripsage__accepts_open_metrics(accept)};
    tripsage_status status;

    *out = NULL;
    if (!t->metrics)
        return TRIPSAGE_FAIL(TRIPSAGE_ENOTSUP, "metrics are switched off");
    put_resource(&to, t);
    pthread_mutex_lock(&t->watched_lock);
    tripsage__instruments_ask(t);
    tripsage__metrics_put(&to, t->metrics);
    pthread_mutex_unlock(&t->watched_lock);
    tripsage__exporter_put(&to, t);
    tripsage__process_put(&to);
    if (to.open_metrics)
        TRIPSAGE__LIT(&text, "# EOF\n");
    *type = to.open_metrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                            : "text/plain; version=0.0.4; charset=utf-8";
    status = tripsage__buf_status(&text);
    if (status == TRIPSAGE_OK)
        *out = tripsage__buf_take(&text, length);
    tripsage__buf_free(&text);
    return status;
}
