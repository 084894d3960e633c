/* commands/security_report.c: is this deployment as safe as it can be made. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/commands.h"
#include "commands/open.h"
#include "commands/security.h"
#include "doc_item.h"

static void help(void)
{
    printf("Usage: tripsage-server security-report [--json] [--offline] [options]\n\n"
           "Goes through what the settings come to, the files they name, and the database, and says of each check what "
           "it\n"
           "found and what to do; docs/security.md tells why each is there. Nothing is changed. The exit status is 0 "
           "when no\n"
           "check fails, 1 when one does, and 78 when a setting cannot be read.\n\n"
           "  --json       the report as JSON\n"
           "  --offline    without opening the database\n");
    settings_help(stdout, SETTINGS_DATABASE | SETTINGS_SERVER);
}

static const char *text_at(tripsage_doc *report, size_t check, const char *member)
{
    const char *text = doc_item_text(report, "/checks", check, member);

    return text ? text : "";
}

static void print_requirements(tripsage_doc *report, size_t check)
{
    printf("      ASVS 5.0.0:");
    for (size_t i = 0, count = doc_item_count(report, "/checks", check, "/asvs"); i < count; i++) {
        char member[32];

        snprintf(member, sizeof member, "/asvs/%zu", i);
        printf(" %s", text_at(report, check, member));
    }
    printf("\n");
}

/* What failed with its fix; of the rest a line each. */
static void print(tripsage_doc *report)
{
    for (size_t i = 0, count = tripsage_doc_count(report, "/checks"); i < count; i++) {
        const char *status = text_at(report, i, "/status");

        printf("%s  %-8s  %-19s  %s\n", strcmp(status, "fail") == 0 ? "FAIL" : status, text_at(report, i, "/severity"),
               text_at(report, i, "/id"), text_at(report, i, "/message"));
        if (strcmp(status, "fail") == 0) {
            printf("      fix: %s\n", text_at(report, i, "/fix"));
            print_requirements(report, i);
        }
    }
    printf("\n%lld passed, %lld failed, %lld skipped: %s for production\n",
           (long long)tripsage_doc_int(report, "/passed", 0), (long long)tripsage_doc_int(report, "/failed", 0),
           (long long)tripsage_doc_int(report, "/skipped", 0),
           tripsage_doc_bool(report, "/production_ready", 0) ? "ready" : "not ready");
}

/* Takes ours and leaves the rest to the settings. */
static int take(int *argc, char **argv, const char *flag)
{
    int found = 0, kept = 0;

    for (int i = 0; i < *argc; i++)
        if (strcmp(argv[i], flag) == 0)
            found = 1;
        else
            argv[kept++] = argv[i];
    *argc = kept;
    return found;
}

static int report_on(const settings *s, int json, int offline)
{
    tripsage_security_facts facts;
    tripsage *library = NULL;
    tripsage_doc *report = NULL;
    char trouble[512];
    int exit_status = EXIT_FAILURE;

    security_facts(&facts, s);
    if (!offline && open_library_quietly(&library, s, MIGRATE_NO) != TRIPSAGE_OK) {
        snprintf(trouble, sizeof trouble, "%s", tripsage_last_error()->message);
        facts.database_trouble = trouble;
    }
    if (tripsage_security_report(&report, s->config, &facts, library) != TRIPSAGE_OK) {
        fprintf(stderr, "tripsage-server: %s\n", tripsage_last_error()->message);
    } else {
        exit_status = tripsage_doc_bool(report, "/production_ready", 0) ? EXIT_SUCCESS : EXIT_FAILURE;
        if (json)
            printf("%s\n", tripsage_doc_json(report, NULL));
        else
            print(report);
    }
    tripsage_doc_free(report);
    tripsage_close(library);
    return exit_status;
}

int command_security_report(int argc, char **argv)
{
    int json = take(&argc, argv, "--json"), offline = take(&argc, argv, "--offline");
    settings s;
    int exit_status = settings_read(&s, SETTINGS_DATABASE | SETTINGS_SERVER, argc, argv);

    if (exit_status == 0 && s.help)
        help();
    else if (exit_status == 0)
        exit_status = report_on(&s, json, offline);
    settings_free(&s);
    return exit_status;
}
