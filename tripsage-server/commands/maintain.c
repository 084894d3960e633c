/* commands/maintain.c: upkeep of the database. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <tripsage/maintenance.h>

#include "commands/commands.h"
#include "commands/open.h"
#include "commands/options.h"
#include "commands/progress.h"
#include "doc_item.h"
#include "settings.h"

typedef struct wanted {
    int check, vacuum, reindex, json;
} wanted;

static void help(void)
{
    printf(
        "Usage: tripsage-server maintain [--check] [--vacuum] [--reindex] [--json] [options]\n\n"
        "Checks what is stored, the full-text index and the indexes of vectors, builds anew what is wrong and can be "
        "made of the\n"
        "rest, and tidies up: on SQLite full-text indexes are merged and the log is folded in, on PostgreSQL tables "
        "are\n"
        "analyzed. Tells what takes up space and what is not used. Servers go on meanwhile.\n\n"
        "  --check      only looks: nothing is changed\n"
        "  --vacuum     gives space back: on SQLite writers wait, for seconds per gigabyte; on PostgreSQL nobody does\n"
        "  --reindex    builds every index anew, those of vectors too: on PostgreSQL CONCURRENTLY\n"
        "  --json       prints the report as JSON\n\n"
        "The exit status is 1 when something is left that only a backup brings back. On PostgreSQL all but --check "
        "takes the\n"
        "login that owns the tables.\n");
    settings_help(stdout, SETTINGS_DATABASE);
}

static void tell_list(tripsage_doc *report, const char *list, const char *label)
{
    for (size_t i = 0; i < tripsage_doc_count(report, list); i++)
        printf("%-8s %s\n", label, doc_item_text(report, list, i, ""));
}

static void tell(tripsage_doc *report)
{
    tell_list(report, "/problems", "problem");
    tell_list(report, "/done", "done");
    tell_list(report, "/hints", "hint");
    printf("%-8s %" PRId64 " bytes, of which %" PRId64 " are free\n",
           tripsage_doc_bool(report, "/ok", 0) ? "ok" : "failed", tripsage_doc_int(report, "/bytes", 0),
           tripsage_doc_int(report, "/free_bytes", 0));
}

static unsigned upkeep_of(const wanted *w)
{
    unsigned upkeep = w->check ? TRIPSAGE_UPKEEP_CHECK : TRIPSAGE_UPKEEP_STANDARD;

    return upkeep | (w->vacuum ? TRIPSAGE_UPKEEP_VACUUM : 0u) | (w->reindex ? TRIPSAGE_UPKEEP_REINDEX : 0u);
}

static int run(const settings *s, const wanted *w)
{
    tripsage_maintain_options options = TRIPSAGE_MAINTAIN_OPTIONS_INIT;
    tripsage_doc *report = NULL;
    tripsage *library = NULL;
    progress p;
    tripsage_status done;
    int status = open_existing_library(&library, s, w->check ? MIGRATE_NO : MIGRATE_AS_SET);

    if (status)
        return status;
    progress_begin(&p);
    options.upkeep = upkeep_of(w);
    options.progress = progress_show;
    options.user = &p;
    done = tripsage_maintain(&report, library, &options);
    progress_end(&p);
    if (done != TRIPSAGE_OK) {
        fprintf(stderr, "tripsage-server: %s\n", tripsage_last_error()->message);
        status = EXIT_FAILURE;
    } else {
        if (w->json)
            printf("%s\n", tripsage_doc_json(report, NULL));
        else
            tell(report);
        status = tripsage_doc_bool(report, "/ok", 0) ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    tripsage_doc_free(report);
    tripsage_close(library);
    return status;
}

int command_maintain(int argc, char **argv)
{
    wanted w = {0, 0, 0, 0};
    const command_option options[] = {{"--check", NULL, &w.check},
                                      {"--vacuum", NULL, &w.vacuum},
                                      {"--reindex", NULL, &w.reindex},
                                      {"--json", NULL, &w.json}};
    settings s = {.config = NULL};
    int status = command_options(&argc, argv, options, sizeof options / sizeof options[0], NULL, 0);

    if (status == 0)
        status = settings_read(&s, SETTINGS_DATABASE, argc, argv);
    if (status == 0 && s.help) {
        help();
    } else if (status == 0 && w.check && (w.vacuum || w.reindex)) {
        fprintf(stderr, "tripsage-server: --check changes nothing, and goes with neither --vacuum nor --reindex\n");
        status = EXIT_USAGE;
    } else if (status == 0) {
        status = run(&s, &w);
    }
    settings_free(&s);
    return status;
}
