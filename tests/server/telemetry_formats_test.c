/* What the server exports, as others read it: spans by protoc with OpenTelemetry's own .proto files (Debian 13's opentelemetry-proto, or a
 * folder that OTEL_PROTO_DIR names), metrics by promtool (Debian's prometheus). 77, which CTest shows as skipped, where one of them is not
 * here. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "suite.h"
#include "support/collector.h"

#define REQUEST_TYPE "opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest"
#define SERVICE_FILE "opentelemetry/proto/collector/trace/v1/trace_service.proto"

static char folder[TEST_PATH_SIZE], proto_folder[TEST_PATH_SIZE];

static int can_run(const char *program)
{
    return system(test_format("command -v %s >/dev/null 2>&1", program)) == 0;
}

static int find_protos(void)
{
    const char *const places[] = {getenv("OTEL_PROTO_DIR"), "/usr/include"};

    for (size_t i = 0; i < 2; i++) {
        snprintf(proto_folder, sizeof proto_folder, "%s", places[i] ? places[i] : "");
        if (places[i] && access(test_format("%s/" SERVICE_FILE, proto_folder), R_OK) == 0)
            return 1;
    }
    return 0;
}

static void write_file(const char *name, const char *data, size_t size)
{
    FILE *file = fopen(test_format("%s/%s", folder, name), "w");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(data, 1, size, file), size);
    fclose(file);
}

/* Runs it in the folder; what it says is in "said". */
static int run(const char *command)
{
    int status = system(test_format("cd '%s' && %s >said 2>&1", folder, command));

    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static const char *said(void)
{
    char path[TEST_PATH_SIZE];

    test_path_join(path, folder, "said");
    return test_keep(test_file_read(path));
}

static void start(test_collector *collector)
{
    test_temp_make(folder);
    test_collector_open(collector);
    http_server_start(&server, TRIPSAGE_SERVER,
                      (const char *const[]){test_collector_variable(collector, "OTEL_EXPORTER_OTLP_ENDPOINT"),
                                            "OTEL_BSP_SCHEDULE_DELAY=60000", "TRIPSAGE_METRICS=on", NULL});
    ANSWERS(201, http_call(&server, http_register(&server, "ann@example.com", NULL), "POST", "/api/trips", NULL,
                           A_TRIP("Kyoto")));
    ANSWERS(404, http_call(&server, NULL, "GET", "/nothing/%C3%A9", NULL, NULL));
}

/* Bodies of requests behind one another are one request with all in it: that is how protobuf has repeated fields. */
START_TEST(protoc_reads_the_spans)
{
    test_collector collector;
    const char *text;

    start(&collector);
    ck_assert_int_eq(http_server_stop(&server, NULL), 0); /* which sends what waits */
    write_file("request", collector.all, collector.size);
    ck_assert_msg(
        run(test_format("protoc -I '%s' --decode " REQUEST_TYPE " " SERVICE_FILE " <request", proto_folder)) == 0, "%s",
        said());
    text = said();
    ck_assert_ptr_nonnull(strstr(text, "name: \"POST /api/trips\""));
    ck_assert_ptr_nonnull(strstr(text, "kind: SPAN_KIND_SERVER"));
    ck_assert_ptr_nonnull(strstr(text, "kind: SPAN_KIND_CLIENT"));
    ck_assert_ptr_nonnull(strstr(text, "key: \"db.query.summary\""));
    ck_assert_ptr_nonnull(strstr(text, "string_value: \"tripsage\""));
    for (const char *line = text; line;
         line = strchr(line, '\n')) { /* a field that is not known has its number for a name */
        line += *line == '\n';
        ck_assert_msg(line[strspn(line, " ")] < '0' || line[strspn(line, " ")] > '9', "%.60s", line);
    }
    test_collector_close(&collector);
    test_temp_remove(folder);
}
END_TEST

START_TEST(promtool_reads_the_metrics)
{
    test_collector collector;
    http_answer *answer;

    start(&collector);
    answer = ANSWERS(200, http_call(&server, NULL, "GET", "/metrics", NULL, NULL));
    write_file("metrics", answer->body, answer->length);
    ck_assert_msg(run("promtool check metrics <metrics") == 0, "%s", said());
    ck_assert_str_eq(said(), "");
    ck_assert_int_eq(http_server_stop(&server, NULL), 0);
    test_collector_close(&collector);
    test_temp_remove(folder);
}
END_TEST

/* What can be tried is, whatever is lacking for the other. */
int main(void)
{
    int has_protoc = can_run("protoc") && find_protos(), has_promtool = can_run("promtool"), failed;
    SRunner *runner;
    Suite *suite = suite_create("server/telemetry_formats");
    TCase *tcase = tcase_create("server/telemetry_formats");

    tcase_set_timeout(tcase, 120);
    if (has_protoc)
        tcase_add_test(tcase, protoc_reads_the_spans);
    else
        printf("skipped: there is no protoc, or none of OpenTelemetry's .proto files (Debian 13: protobuf-compiler, "
               "opentelemetry-proto)\n");
    if (has_promtool)
        tcase_add_test(tcase, promtool_reads_the_metrics);
    else
        printf("skipped: there is no promtool (prometheus)\n");
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    test_keep_free();
    return failed ? EXIT_FAILURE : has_protoc && has_promtool ? EXIT_SUCCESS : 77;
}
