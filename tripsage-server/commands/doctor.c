/* commands/doctor.c: everything the server needs, looked at once. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tripsage/doctor.h>

#include "buffer.h"
#include "commands/commands.h"
#include "commands/options.h"
#include "doc_item.h"
#include "settings.h"

static void help(void)
{
    printf("Usage: tripsage-server doctor [--json] [options]\n\n"
           "Looks at everything the server needs as it is set up here: the settings, the database (reached and read, "
           "its schema, row\n"
           "level security, the clock, room on the disk, what is sealed in it), the cache, the embedder, keys and "
           "secrets, the mail\n"
           "server, TLS's certificate, the collector of traces. Says of each what is wrong and how to put it right. "
           "Changes nothing.\n"
           "The exit status is 1 when something has to be done, 78 when a setting is wrong.\n\n"
           "  --json    prints {\"ok\":...,\"checks\":[{\"name\",\"state\",\"message\",\"fix\"}]}\n");
    settings_help(stdout, SETTINGS_DATABASE | SETTINGS_SERVER);
}

static void tell(tripsage_doc *report)
{
    size_t count = tripsage_doc_count(report, "/checks");

    for (size_t i = 0; i < count; i++) {
        const char *fix = doc_item_text(report, "/checks", i, "/fix");

        printf("%-8s %-18s %s\n", doc_item_text(report, "/checks", i, "/state"),
               doc_item_text(report, "/checks", i, "/name"), doc_item_text(report, "/checks", i, "/message"));
        if (fix)
            printf("%-8s %-18s %s\n", "", "to do:", fix);
    }
}

/* Where spans are sent, as far as before the path that the doctor adds. */
static const char *endpoint(char out[1024], const settings *s)
{
    static const char path[] = "/v1/traces";
    const tripsage_telemetry_options *telemetry = tripsage_config_telemetry(s->config);
    size_t length;

    if (!telemetry || !telemetry->endpoint)
        return NULL;
    length = strlen(telemetry->endpoint);
    if (length > sizeof path - 1 && strcmp(telemetry->endpoint + length - (sizeof path - 1), path) == 0)
        length -= sizeof path - 1;
    snprintf(out, 1024, "%.*s", (int)length, telemetry->endpoint);
    return out;
}

/* Settings that cannot be read are a check that failed as well; their sentence has gone to stderr. */
static void tell_settings(void)
{
    buffer json = {NULL, 0, 0, 0};
    const char *message = tripsage_last_error()->message;

    BUFFER_LIT(&json, "{\"ok\":false,\"checks\":[{\"name\":\"settings\",\"state\":\"failed\",\"message\":");
    buffer_jsonz(&json, message[0] ? message : "a setting is wrong: stderr names it");
    BUFFER_LIT(&json,
               ",\"fix\":\"correct the variable it names; tripsage-server explain-config shows what holds\"}]}\n");
    if (!json.failed)
        fwrite(json.data, 1, json.size, stdout);
    buffer_free(&json);
}

static int run(const settings *s, int json)
{
    tripsage_doctor_options options = TRIPSAGE_DOCTOR_OPTIONS_INIT;
    tripsage_doc *report;
    char url[1024];
    int status;

    options.url = s->database_url;
    options.makes_folder = s->data_dir_url[0] != '\0'; /* settings_prepare does */
    options.otlp_endpoint = endpoint(url, s);
    options.tls_certificate = s->tls_certificate;
    options.tls_key = s->tls_key;
    if (tripsage_doctor(&report, s->config, &options) != TRIPSAGE_OK) {
        fprintf(stderr, "tripsage-server: %s\n", tripsage_last_error()->message);
        return EXIT_FAILURE;
    }
    if (json)
        printf("%s\n", tripsage_doc_json(report, NULL));
    else
        tell(report);
    status = tripsage_doc_bool(report, "/ok", 0) ? EXIT_SUCCESS : EXIT_FAILURE;
    tripsage_doc_free(report);
    return status;
}

int command_doctor(int argc, char **argv)
{
    int json = 0;
    const command_option options[] = {{"--json", NULL, &json}};
    settings s = {.config = NULL};
    int status = command_options(&argc, argv, options, 1, NULL, 0);

    if (status == 0) {
        status = settings_read(&s, SETTINGS_DATABASE | SETTINGS_SERVER, argc, argv);
        if (status == EXIT_CONFIG && json)
            tell_settings();
    }
    if (status == 0 && s.help)
        help();
    else if (status == 0)
        status = run(&s, json);
    settings_free(&s);
    return status;
}
