/* config/telemetry.c: OpenTelemetry's variables (opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables, and
 * .../protocol/exporter) as options of tripsage/telemetry.h. Unlike its SDKs, which go on with what they know when a value is wrong, this
 * refuses it, as it does any other. And nothing is sent anywhere unless one of them says so. */
#include <string.h>

#include "config_internal.h"

/* The address for all signals gets the path of traces behind it, the one for traces is whole. */
static tripsage_status take_endpoint(tripsage_config *config)
{
    const char *whole = config->values[OTEL_TRACES_ENDPOINT].text, *base = config->values[OTEL_ENDPOINT].text;
    const setting_value *exporter = &config->values[OTEL_TRACES];

    if (exporter->text && exporter->number) /* none */
        return TRIPSAGE_OK;
    if (!whole && !base && exporter->text)
        base = "http://localhost:4318";
    if (!whole && !base)
        return TRIPSAGE_OK;
    if (whole)
        tripsage__buf_puts(&config->traces_url, whole);
    else
        tripsage__buf_printf(&config->traces_url, "%s%sv1/traces", base, base[strlen(base) - 1] == '/' ? "" : "/");
    config->telemetry.endpoint = config->traces_url.data;
    return tripsage__buf_status(&config->traces_url);
}

/* What we know of ourselves, and behind it what the operator says, which holds. */
static tripsage_status take_resource(tripsage_config *config, const char *environment)
{
    const char *given = config->values[OTEL_RESOURCE].text;

    tripsage__buf_puts(&config->resource, "service.version=" TRIPSAGE_VERSION);
    if (environment && environment[0]) {
        TRIPSAGE__LIT(&config->resource, ",deployment.environment.name=");
        tripsage__buf_put_encoded(&config->resource, environment);
    }
    if (given)
        tripsage__buf_printf(&config->resource, ",%s", given);
    config->telemetry.resource = config->resource.data;
    return tripsage__buf_status(&config->resource);
}

tripsage_status tripsage__config_make_telemetry(tripsage_config *config, const char *environment)
{
    tripsage_telemetry_options *t = &config->telemetry;
    uint32_t export_timeout = (uint32_t)config->values[OTEL_BSP_TIMEOUT].number;
    char source[64];
    tripsage_status status;

    t->no_metrics = (int)config->values[OTEL_METRICS].number;
    t->json = (int)config->values[OTEL_PROTOCOL].number;
    t->gzip = (int)config->values[OTEL_COMPRESSION].number;
    t->headers = config->values[OTEL_HEADERS].text;
    t->authorities = config->values[OTEL_CERTIFICATE].text;
    t->timeout_ms = (uint32_t)config->values[OTEL_TIMEOUT].number; /* not set is 0, the default */
    if (export_timeout && (!t->timeout_ms || export_timeout < t->timeout_ms))
        t->timeout_ms = export_timeout;
    t->schedule_delay_ms = (uint32_t)config->values[OTEL_BSP_DELAY].number;
    t->queue_max = (uint32_t)config->values[OTEL_BSP_QUEUE].number;
    t->batch_max = (uint32_t)config->values[OTEL_BSP_BATCH].number;
    t->sampler = (tripsage_sampler)config->values[OTEL_SAMPLER].number;
    if (config->values[OTEL_SAMPLER_ARG].text)
        t->sampler_ratio = (double)config->values[OTEL_SAMPLER_ARG].number / 1e9;
    t->service_name = config->values[OTEL_SERVICE].text;
    if (t->batch_max > (t->queue_max ? t->queue_max : 2048))
        return TRIPSAGE_FAIL(TRIPSAGE_EINVALID, "%s: expected at most OTEL_BSP_MAX_QUEUE_SIZE, which is %u",
                             tripsage__config_source(config, OTEL_BSP_BATCH, source),
                             t->queue_max ? t->queue_max : 2048);
    TRIPSAGE_TRY(take_endpoint(config));
    status = take_resource(config, environment);
out:
    return status;
}
