/* What the server tells of itself: one trace of all that a request makes, the metrics, the log; and that a collector that is silent holds
 * nobody up. */
#include <cJSON.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "suite.h"
#include "support/collector.h"
#include "support/embeddings.h"
#include "support/redis.h"

#define TRACE  "0af7651916cd43dd8448eb211c80319c"
#define CALLER "traceparent: 00-" TRACE "-b7ad6b7169203331-01\r\ntracestate: a=b\r\n"

static test_collector collector;

/* ---- the conventions ---- */

/* semconv 1.37: what spans of each kind must have, and under which names. */
static void check_span(const cJSON *span)
{
    static const char *const known[] = {"http.request.method",
                                        "http.request.method_original",
                                        "http.route",
                                        "http.response.status_code",
                                        "http.request.resend_count",
                                        "url.path",
                                        "url.scheme",
                                        "url.full",
                                        "server.address",
                                        "server.port",
                                        "error.type",
                                        "db.system.name",
                                        "db.operation.name",
                                        "db.operation.batch.size",
                                        "db.query.summary",
                                        "gen_ai.operation.name",
                                        "gen_ai.provider.name",
                                        "gen_ai.request.model"};
    static const struct {
        const char *sign, *needs[6];
    } kinds[] = {{"url.path", {"http.request.method", "url.scheme", "http.response.status_code"}},
                 {"url.full", {"http.request.method", "server.address", "server.port"}},
                 {"db.system.name", {"db.operation.name", "db.query.summary"}},
                 {"gen_ai.operation.name", {"gen_ai.provider.name"}}};
    const cJSON *attribute;
    int status = cJSON_GetObjectItem(cJSON_GetObjectItem(span, "status"), "code") != NULL;

    cJSON_ArrayForEach(attribute, cJSON_GetObjectItem(span, "attributes"))
    {
        const char *key = test_span_text(attribute, "key");
        int is_known = strncmp(key, "tripsage.", 9) == 0;

        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
            is_known |= strcmp(key, known[i]) == 0;
        ck_assert_msg(is_known, "%s", key);
    }
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        for (size_t n = 0; *test_span_attribute(span, kinds[i].sign) && kinds[i].needs[n]; n++)
            ck_assert_msg(*test_span_attribute(span, kinds[i].needs[n]), "%s lacks %s", test_span_text(span, "name"),
                          kinds[i].needs[n]);
    ck_assert_int_eq(status, *test_span_attribute(span, "error.type") != '\0');
    ck_assert_msg(strcmp(test_span_text(span, "startTimeUnixNano"), test_span_text(span, "endTimeUnixNano")) <= 0,
                  "it ended before it began"); /* both have as many digits */
}

static void is_child(const cJSON *child, const cJSON *parent)
{
    ck_assert_str_eq(test_span_text(child, "traceId"), test_span_text(parent, "traceId"));
    ck_assert_msg(strcmp(test_span_text(child, "parentSpanId"), test_span_text(parent, "spanId")) == 0,
                  "%s is not within %s", test_span_text(child, "name"), test_span_text(parent, "name"));
}

/* ---- one trace ---- */

START_TEST(one_trace_has_all_that_a_request_makes)
{
    test_redis redis;
    test_embeddings embeddings;
    const cJSON *request, *sql, *cache, *made, *outgoing, *span;
    const char *token;

    test_collector_open(&collector);
    test_redis_start(&redis, NULL);
    test_embeddings_open(&embeddings);
    http_server_start(&server, TRIPSAGE_SERVER,
                      (const char *const[]){test_collector_variable(&collector, "OTEL_EXPORTER_OTLP_ENDPOINT"),
                                            "OTEL_EXPORTER_OTLP_PROTOCOL=http/json", "OTEL_BSP_SCHEDULE_DELAY=50",
                                            test_format("REDIS_URL=unix://%s", redis.path), "TRIPSAGE_RATE_LIMIT=on",
                                            "TRIPSAGE_CACHE_DEADLINE_MS=10000", "TRIPSAGE_EMBEDDER=openai",
                                            test_format("OPENAI_BASE_URL=%s", test_embeddings_url(&embeddings)),
                                            "EMBEDDING_MODEL=m", "EMBEDDING_DIMENSIONS=4", NULL});
    token = http_register(&server, "ann@example.com", NULL);
    ANSWERS(200, http_call(&server, token, "POST", "/api/memory/conversation", CALLER,
                           "{\"messages\":[{\"role\":\"user\",\"content\":\"I love hiking in Japan\"}]}"));

    request = test_collector_span(&collector, "POST /api/memory/conversation", TRACE);
    ck_assert_str_eq(test_span_text(request, "parentSpanId"), "b7ad6b7169203331");
    ck_assert_str_eq(test_span_text(request, "traceState"), "a=b");
    ck_assert_str_eq(test_span_attribute(request, "http.response.status_code"), "200");
    cache = test_collector_span(&collector, "EVALSHA", TRACE);
    is_child(cache, request);
    ck_assert_str_eq(test_span_attribute(cache, "db.system.name"), "redis");
    made = test_collector_span(&collector, "embeddings", TRACE);
    is_child(made, request);
    outgoing = test_collector_span(&collector, "POST", TRACE);
    is_child(outgoing, made);
    ck_assert_str_eq(test_span_attribute(outgoing, "http.response.status_code"), "200");
    /* who was asked can go on with the trace */
    ck_assert_ptr_nonnull(strstr(embeddings.last_head,
                                 test_format("traceparent: 00-" TRACE "-%s-01", test_span_text(outgoing, "spanId"))));
    ck_assert_ptr_nonnull(strstr(embeddings.last_head, "tracestate: a=b"));
    pthread_mutex_lock(&collector.lock);
    sql = NULL;
    cJSON_ArrayForEach(span, collector.spans)
    {
        check_span(span);
        if (strcmp(test_span_attribute(span, "db.system.name"), "sqlite") == 0 &&
            strcmp(test_span_text(span, "traceId"), TRACE) == 0)
            sql = span;
    }
    ck_assert_ptr_nonnull(sql);
    is_child(sql, request);
    ck_assert_str_eq(test_span_text(sql, "name"), test_span_attribute(sql, "db.query.summary"));
    ck_assert(!memmem(collector.all, collector.size, "hiking", 6)); /* nothing of what a person said */
    ck_assert(!memmem(collector.all, collector.size, "ann@", 4));
    pthread_mutex_unlock(&collector.lock);
    ck_assert_int_eq(http_server_stop(&server, NULL), 0);
    test_embeddings_close(&embeddings);
    test_redis_close(&redis);
    test_collector_close(&collector);
}
END_TEST

/* ---- ids ---- */

/* Asks for /NAME; gives the id that the answer has, with the trace and the id that its span has. */
static const char *asked_id(const char *name, const char *fields, const char **trace, const char **told)
{
    http_answer *answer = http_call(&server, NULL, "GET", name, fields, NULL);
    const cJSON *span;

    ANSWERS(404, answer);
    span = test_collector_span_with(&collector, "url.path", name);
    *trace = test_span_text(span, "traceId");
    *told = test_span_attribute(span, "tripsage.request.id");
    return http_field(answer, "X-Request-Id");
}

/* So that whoever has the id of a complaint finds the trace with it. */
START_TEST(a_request_that_nobody_named_is_known_by_its_trace)
{
    const char *id, *trace, *told;

    test_collector_open(&collector);
    http_server_start(&server, TRIPSAGE_SERVER,
                      (const char *const[]){test_collector_variable(&collector, "OTEL_EXPORTER_OTLP_ENDPOINT"),
                                            "OTEL_EXPORTER_OTLP_PROTOCOL=http/json", "OTEL_BSP_SCHEDULE_DELAY=50",
                                            NULL});
    id = asked_id("/unnamed", NULL, &trace, &told);
    ck_assert_str_eq(id, trace);
    ck_assert_str_eq(told, "");
    id = asked_id("/named", "X-Request-Id: mine-1\r\n", &trace, &told);
    ck_assert_str_eq(id, "mine-1");
    ck_assert_str_eq(told, id);
    id = asked_id("/called", CALLER, &trace, &told);
    ck_assert_str_eq(trace, TRACE); /* which may have many requests */
    ck_assert_str_ne(id, trace);
    ck_assert_str_eq(told, id);
    ck_assert_int_eq(http_server_stop(&server, NULL), 0);
    test_collector_close(&collector);
}
END_TEST

/* ---- failures and probes ---- */

START_TEST(answers_of_500_are_failures_and_of_400_are_not)
{
    const cJSON *span;

    test_collector_open(&collector);
    http_server_start(&server, TRIPSAGE_SERVER,
                      (const char *const[]){test_collector_variable(&collector, "OTEL_EXPORTER_OTLP_ENDPOINT"),
                                            "OTEL_EXPORTER_OTLP_PROTOCOL=http/json", "OTEL_BSP_SCHEDULE_DELAY=50",
                                            "OTEL_SERVICE_NAME=mine", NULL});
    ANSWERS(404, http_call(&server, NULL, "GET", "/what/is/this?token=abc", NULL, NULL));
    ANSWERS(200, http_call(&server, NULL, "GET", "/health", NULL, NULL));
    http_exchange(server.port, "BREW /pot HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    span = test_collector_span(&collector, "GET", NULL);
    ck_assert_str_eq(test_span_attribute(span, "error.type"), "");
    ck_assert_str_eq(test_span_attribute(span, "url.path"), "/what/is/this");
    check_span(span);
    span = test_collector_span(&collector, "HTTP", NULL);
    ck_assert_str_eq(test_span_attribute(span, "http.request.method"), "_OTHER");
    ck_assert_str_eq(test_span_attribute(span, "http.request.method_original"), "BREW");
    ck_assert_str_eq(test_span_attribute(span, "http.response.status_code"), "501");
    ck_assert_str_eq(test_span_attribute(span, "error.type"), "501");
    check_span(span);
    pthread_mutex_lock(&collector.lock);
    cJSON_ArrayForEach(span, collector.spans) ck_assert_msg(!strstr(test_span_text(span, "name"), "health") &&
                                                                strcmp(test_span_text(span, "name"), "ping") != 0,
                                                            "a span of a probe: %s", test_span_text(span, "name"));
    pthread_mutex_unlock(&collector.lock);
    ck_assert_int_eq(http_server_stop(&server, NULL), 0);
    test_collector_close(&collector);
}
END_TEST

/* ---- metrics ---- */

static const char *scrape(int port, const char *fields, int status)
{
    http_answer *answer = http_exchange(
        port, test_format("GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s\r\n", fields ? fields : ""));

    ck_assert_msg(answer->status == status, "%d instead of %d: %s", answer->status, status, answer->body);
    return answer->body;
}

/* Scrapes until there is the line: a request is measured once its answer is written, so its client may be here before. Gives the text. */
static const char *has(const char *fields, const char *line)
{
    const char *text = scrape(server.admin_port, fields, 200);

    for (int tries = 0; tries < 50 && !strstr(text, line); tries++) {
        usleep(200000); /* for the scrape before to be counted out as well */
        text = scrape(server.admin_port, fields, 200);
    }
    if (!strstr(text, line))
        fprintf(stderr, "%s", text); /* Check's messages are too short for it */
    ck_assert_msg(strstr(text, line) != NULL, "no \"%s\"", line);
    return text;
}

#define HAS(line) has(NULL, line)

START_TEST(metrics_are_at_the_admin_port)
{
    http_server_start(&server, TRIPSAGE_SERVER, NULL);
    http_register(&server, "ann@example.com", NULL);
    ANSWERS(401, http_call(&server, NULL, "POST", "/api/auth/login", NULL,
                           "{\"email\":\"ann@example.com\",\"password\":\"not this one\"}"));
    ANSWERS(200, http_call(&server, NULL, "GET", "/health", NULL, NULL));
    ANSWERS(200, http_call(&server, NULL, "GET", "/health", NULL, NULL));
    http_exchange(server.port, "HEAD /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    HAS("http_server_request_duration_seconds_count{http_request_method=\"GET\",url_scheme=\"http\",http_route=\"/"
        "health\",http_response_status_code=\"200\"} 2\n");
    HAS("http_server_request_duration_seconds_count{http_request_method=\"HEAD\",url_scheme=\"http\",http_route=\"/"
        "health\",http_response_status_code=\"200\"} 1\n");
    HAS("http_server_active_requests{http_request_method=\"POST\",url_scheme=\"http\"} 0\n");
    HAS("http_server_request_duration_seconds_count{http_request_method=\"POST\",url_scheme=\"http\",http_route=\"/api/"
        "auth/"
        "login\",http_response_status_code=\"401\"} 1\n");
    HAS("http_server_active_requests{http_request_method=\"GET\",url_scheme=\"http\"} 1\n"); /* this one */
    HAS("tripsage_auth_sign_ins_total{tripsage_outcome=\"INVALID_CREDENTIALS\"} 1\n");
    HAS("db_client_operation_duration_seconds_count{db_system_name=\"sqlite\",db_query_summary=\"");
    HAS("db_client_connections_usage{db_client_connection_pool_name=\"sqlite\",db_client_connection_state=\"idle\"} ");
    HAS("tripsage_cache_lookups_total{tripsage_cache_engine=\"memory\",tripsage_outcome=\"miss\"} ");
    HAS("service_name=\"tripsage\"");
    has("Accept: application/openmetrics-text\r\n", "# EOF\n");
    scrape(server.port, NULL, 404);
    ck_assert_int_eq(http_server_stop(&server, NULL), 0);
}
END_TEST

START_TEST(a_token_opens_them_to_others)
{
    http_server_start(&server, TRIPSAGE_SERVER, (const char *const[]){"TRIPSAGE_METRICS_TOKEN=0123456789abcdef", NULL});
    scrape(server.port, NULL, 401);
    scrape(server.port, "Authorization: Bearer 0123456789abcdeg\r\n", 401);
    scrape(server.port, "Authorization: Bearer 0123456789abcdef0\r\n", 401);
    scrape(server.port, "Authorization: Bearer 0123456789abcdef\r\n", 200);
    scrape(server.admin_port, NULL, 401);
    ck_assert_int_eq(http_server_stop(&server, NULL), 0);
}
END_TEST

START_TEST(telemetry_can_be_switched_off)
{
    http_server_start(&server, TRIPSAGE_SERVER,
                      (const char *const[]){"OTEL_SDK_DISABLED=true", "TRIPSAGE_METRICS=on", NULL});
    scrape(server.port, NULL, 404);
    scrape(server.admin_port, NULL, 404);
    ck_assert_int_eq(http_server_stop(&server, NULL), 0);
}
END_TEST

static void refused(const char *const *variables, const char *sentence)
{
    char folder[TEST_PATH_SIZE];
    const char *output;

    test_temp_make(folder);
    ck_assert_int_eq(http_program(TRIPSAGE_SERVER, folder, NULL, variables, &output), 78);
    ck_assert_msg(strstr(output, sentence) != NULL, "%s", output);
    test_temp_remove(folder);
}

START_TEST(settings_that_are_wrong)
{
#define REFUSED(variable, sentence) refused((const char *const[]){variable, "PORT=0", NULL}, sentence)
    REFUSED("OTEL_EXPORTER_OTLP_PROTOCOL=grpc",
            "OTEL_EXPORTER_OTLP_PROTOCOL: expected one of http/protobuf, http/json, got \"grpc\"");
    REFUSED("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=grpc", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: expected one of");
    REFUSED("OTEL_TRACES_SAMPLER=sometimes", "OTEL_TRACES_SAMPLER: expected one of parentbased_always_on, ");
    REFUSED("OTEL_TRACES_SAMPLER_ARG=1.1", "OTEL_TRACES_SAMPLER_ARG: expected a share from 0 to 1");
    REFUSED("OTEL_RESOURCE_ATTRIBUTES=team", "OTEL_RESOURCE_ATTRIBUTES: expected key=value,key=value");
    REFUSED("OTEL_EXPORTER_OTLP_HEADERS=secret thing", "OTEL_EXPORTER_OTLP_HEADERS: expected key=value,key=value");
    REFUSED("OTEL_BSP_MAX_EXPORT_BATCH_SIZE=4000", "expected at most OTEL_BSP_MAX_QUEUE_SIZE, which is 2048");
    REFUSED("TRIPSAGE_METRICS_TOKEN=short", "TRIPSAGE_METRICS_TOKEN: expected");
    REFUSED("TRIPSAGE_METRICS=perhaps", "TRIPSAGE_METRICS: expected on, off or admin");
    refused(
        (const char *const[]){"TRIPSAGE_METRICS=on", "TRIPSAGE_HOST=0.0.0.0", "ENVIRONMENT=production", "PORT=0", NULL},
        "TRIPSAGE_METRICS_TOKEN is not set, so /metrics is for whoever reaches 0.0.0.0: set it");
}
END_TEST

/* ---- a collector that does not answer ---- */

#define QUEUE_FULL "otel_sdk_processor_span_processed_total{error_type=\"queue_full\"} "

START_TEST(a_silent_collector_holds_nobody_up)
{
    int ms, dropped = 0;

    test_collector_open(&collector);
    test_collector_answers(&collector, 0, 60000);
    http_server_start(&server, TRIPSAGE_SERVER,
                      (const char *const[]){test_collector_variable(&collector, "OTEL_EXPORTER_OTLP_ENDPOINT"),
                                            "OTEL_BSP_SCHEDULE_DELAY=10", "OTEL_BSP_MAX_QUEUE_SIZE=16",
                                            "OTEL_BSP_MAX_EXPORT_BATCH_SIZE=8", NULL});
    for (int i = 0; i < 200; i++)
        ANSWERS(404, http_call(&server, NULL, "GET", "/nothing", NULL, NULL));
    HAS("otel_sdk_exporter_span_exported_total 0\n");
    for (int tries = 0; tries < 500 && dropped < 200 - 16 - 2 * 8; tries++) {
        usleep(10000);
        dropped = atoi(strstr(HAS(QUEUE_FULL), QUEUE_FULL) + sizeof QUEUE_FULL - 1);
    }
    ck_assert_int_ge(dropped, 200 - 16 - 2 * 8);
    ck_assert_int_eq(http_server_stop(&server, &ms), 0);
    ck_assert_int_lt(ms, 8000); /* what supervisors wait, and some more */
    test_collector_close(&collector);
}
END_TEST

/* ---- the log ---- */

static int has_log_line(const http_server *s, const char *text)
{
    for (int tries = 0; tries < 500; tries++) {
        if (strstr(http_server_log(s), text))
            return 1;
        usleep(10000);
    }
    return 0;
}

START_TEST(the_log_knows_the_trace)
{
    http_server_start(&server, TRIPSAGE_SERVER, (const char *const[]){"ENVIRONMENT=staging", NULL});
    ANSWERS(404, http_call(&server, NULL, "GET", "/nothing", CALLER, NULL));
    ck_assert(has_log_line(&server, "\"trace_id\":\"" TRACE "\",\"span_id\":\""));
    ck_assert(has_log_line(&server, "\"client\":\"127.0.0.0\"")); /* its network alone */
    ck_assert_int_eq(http_server_stop(&server, NULL), 0);
}
END_TEST

SUITE_PROGRAM("server/telemetry", (void)0, one_trace_has_all_that_a_request_makes,
              a_request_that_nobody_named_is_known_by_its_trace, answers_of_500_are_failures_and_of_400_are_not,
              metrics_are_at_the_admin_port, a_token_opens_them_to_others, telemetry_can_be_switched_off,
              settings_that_are_wrong, a_silent_collector_holds_nobody_up, the_log_knows_the_trace)
