/* commands/check.c: is the stored data whole. */
#include <stdio.h>
#include <stdlib.h>

#include "commands/commands.h"
#include "commands/open.h"
#include "commands/options.h"
#include "doc_item.h"
#include "settings.h"

static void help(void)
{
    printf("Usage: tripsage-server check [--json] [options]\n\n"
           "Reads the whole database and says whether it is whole. The exit status is 1 when there are problems.\n\n"
           "  --json    prints {\"ok\":...,\"problems\":[...]}\n");
    settings_help(stdout, SETTINGS_DATABASE);
}

static void tell(tripsage_doc *report)
{
    for (size_t i = 0; i < tripsage_doc_count(report, "/problems"); i++)
        printf("problem  %s\n", doc_item_text(report, "/problems", i, ""));
    printf("%s\n", tripsage_doc_bool(report, "/ok", 0)
                       ? "ok       what is stored is whole"
                       : "failed   see docs/maintenance.md, \"Upkeep\" and \"Restoring\"");
}

int command_check(int argc, char **argv)
{
    settings s = {.config = NULL};
    tripsage *library = NULL;
    tripsage_doc *report = NULL;
    int json = 0;
    const command_option options[] = {{"--json", NULL, &json}};
    int exit_status = command_options(&argc, argv, options, 1, NULL, 0);

    if (exit_status == 0)
        exit_status = settings_read(&s, SETTINGS_DATABASE, argc, argv);
    if (exit_status == 0 && s.help) {
        help();
        return 0;
    }
    if (exit_status == 0)
        exit_status = open_existing_library(&library, &s, MIGRATE_AS_SET);
    if (exit_status)
        goto out;
    if (tripsage_check(&report, library) == TRIPSAGE_OK) {
        if (json)
            printf("%s\n", tripsage_doc_json(report, NULL));
        else
            tell(report);
        exit_status = tripsage_doc_bool(report, "/ok", 0) ? EXIT_SUCCESS : EXIT_FAILURE;
    } else {
        fprintf(stderr, "tripsage-server: %s\n", tripsage_last_error()->message);
        exit_status = EXIT_FAILURE;
    }
    tripsage_doc_free(report);
    tripsage_close(library);
out:
    settings_free(&s);
    return exit_status;
}
