/* OpenTelemetry's variables as options of tripsage/telemetry.h. */
#include <string.h>
#include <tripsage/config.h>

#include "support/failing.h"
#include "unit/suite.h"

#define VARIABLES_MAX 5

static const char *look_up(const char *name, void *user)
{
    const char *const *variables = user;
    size_t length = strlen(name);

    for (size_t i = 0; i < VARIABLES_MAX && variables[i]; i++)
        if (strncmp(variables[i], name, length) == 0 && variables[i][length] == '=')
            return variables[i] + length + 1;
    return NULL;
}

static tripsage_config *config;

static const tripsage_telemetry_options *read_options(const char *const *variables)
{
    tripsage_config_free(config);
    config = NULL;
    ck_assert_ok(tripsage_config_read(&config, look_up, (void *)variables));
    return tripsage_config_telemetry(config);
}
#define OPTIONS(...) read_options((const char *const[VARIABLES_MAX]){__VA_ARGS__})

static void tear_down(void)
{
    tripsage_config_free(config);
    config = NULL;
}

START_TEST(where_spans_go)
{
    static const struct {
        const char *variables[VARIABLES_MAX];
        const char *endpoint;
    } table[] = {
        {{NULL}, NULL},
        {{"OTEL_EXPORTER_OTLP_ENDPOINT=http://c:4318"}, "http://c:4318/v1/traces"},
        {{"OTEL_EXPORTER_OTLP_ENDPOINT=https://c/otlp/"}, "https://c/otlp/v1/traces"},
        {{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://t/x"}, "http://t/x"},
        {{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://t/x", "OTEL_EXPORTER_OTLP_ENDPOINT=http://c"}, "http://t/x"},
        {{"OTEL_TRACES_EXPORTER=otlp"}, "http://localhost:4318/v1/traces"},
        {{"OTEL_TRACES_EXPORTER=none", "OTEL_EXPORTER_OTLP_ENDPOINT=http://c"}, NULL},
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        ck_assert_pstr_eq(read_options(table[i].variables)->endpoint, table[i].endpoint);
}
END_TEST

START_TEST(what_is_for_traces_goes_before_what_is_for_all)
{
    const tripsage_telemetry_options *o =
        OPTIONS("OTEL_EXPORTER_OTLP_PROTOCOL=http/json", "OTEL_EXPORTER_OTLP_HEADERS=a=b",
                "OTEL_EXPORTER_OTLP_COMPRESSION=gzip", "OTEL_EXPORTER_OTLP_TIMEOUT=500");

    ck_assert_int_eq(o->json, 1);
    ck_assert_str_eq(o->headers, "a=b");
    ck_assert_int_eq(o->gzip, 1);
    ck_assert_uint_eq(o->timeout_ms, 500);
    o = OPTIONS("OTEL_EXPORTER_OTLP_PROTOCOL=http/json", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/protobuf",
                "OTEL_EXPORTER_OTLP_TRACES_HEADERS=c=d", "OTEL_EXPORTER_OTLP_HEADERS=a=b",
                "OTEL_BSP_EXPORT_TIMEOUT=300");
    ck_assert_int_eq(o->json, 0);
    ck_assert_str_eq(o->headers, "c=d");
    ck_assert_uint_eq(o->timeout_ms, 300); /* the shorter one of two */
}
END_TEST

START_TEST(which_are_sampled)
{
    static const struct {
        const char *share;
        double is;
    } table[] = {{"OTEL_TRACES_SAMPLER_ARG=0", 0},
                 {"OTEL_TRACES_SAMPLER_ARG=0.25", 0.25},
                 {"OTEL_TRACES_SAMPLER_ARG=1", 1},
                 {"OTEL_TRACES_SAMPLER_ARG=1.000", 1},
                 {"OTEL_TRACES_SAMPLER_ARG=0.000000001", 1e-9},
                 {"OTEL_TRACES_SAMPLER_ARG=00.5", 0.5},
                 {"OTEL_SERVICE_NAME=x", 1}};

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const tripsage_telemetry_options *o = OPTIONS("OTEL_TRACES_SAMPLER=Parentbased_TraceIdRatio", table[i].share);

        ck_assert_int_eq(o->sampler, TRIPSAGE_SAMPLER_PARENT_RATIO);
        ck_assert_double_eq(o->sampler_ratio, table[i].is);
    }
}
END_TEST

START_TEST(who_we_are)
{
    const tripsage_telemetry_options *o =
        OPTIONS("ENVIRONMENT=staging", "OTEL_RESOURCE_ATTRIBUTES=team=trips", "OTEL_SERVICE_NAME=mine");

    ck_assert_str_eq(o->service_name, "mine");
    ck_assert_str_eq(o->resource,
                     "service.version=" TRIPSAGE_VERSION ",deployment.environment.name=staging,team=trips");
    ck_assert_ptr_null(OPTIONS("OTEL_SDK_DISABLED=true"));
    ck_assert_int_eq(OPTIONS("OTEL_METRICS_EXPORTER=none")->no_metrics, 1);
}
END_TEST

START_TEST(what_is_wrong_is_refused)
{
    static const struct {
        const char *variable, *begins;
    } table[] = {
        {"OTEL_EXPORTER_OTLP_ENDPOINT=localhost:4318", "OTEL_EXPORTER_OTLP_ENDPOINT: expected a URL"},
        {"OTEL_TRACES_SAMPLER_ARG=2", "OTEL_TRACES_SAMPLER_ARG: expected a share from 0 to 1"},
        {"OTEL_TRACES_SAMPLER_ARG=-1", "OTEL_TRACES_SAMPLER_ARG: expected a share from 0 to 1"},
        {"OTEL_TRACES_SAMPLER_ARG=.5", "OTEL_TRACES_SAMPLER_ARG: expected a share from 0 to 1"},
        {"OTEL_TRACES_SAMPLER_ARG=1.0000000001x", "OTEL_TRACES_SAMPLER_ARG: expected a share from 0 to 1"},
        {"OTEL_EXPORTER_OTLP_TRACES_COMPRESSION=br",
         "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: expected one of none, gzip"},
        {"OTEL_BSP_SCHEDULE_DELAY=soon", "OTEL_BSP_SCHEDULE_DELAY: expected a number"},
        {"OTEL_EXPORTER_OTLP_CERTIFICATE=/nowhere", "OTEL_EXPORTER_OTLP_CERTIFICATE: "},
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const char *variables[VARIABLES_MAX] = {table[i].variable};
        tripsage_config *made;

        ck_assert_fails(tripsage_config_read(&made, look_up, variables), TRIPSAGE_EINVALID);
        ck_assert_msg(strncmp(tripsage_last_error()->message, table[i].begins, strlen(table[i].begins)) == 0, "%s",
                      tripsage_last_error()->message);
    }
}
END_TEST

SUITE_MAIN_WITH("config/telemetry", test_heap_install, tear_down, where_spans_go,
                what_is_for_traces_goes_before_what_is_for_all, which_are_sampled, who_we_are, what_is_wrong_is_refused)
