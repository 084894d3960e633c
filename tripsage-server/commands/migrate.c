/* commands/migrate.c: the database's schema: up to date, its state, or what bringing it up to date would do. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tripsage/maintenance.h>

#include "commands/commands.h"
#include "commands/open.h"
#include "commands/options.h"
#include "doc_item.h"
#include "settings.h"

typedef enum deed { UP, STATUS, DRY_RUN } deed;

static void help(void)
{
    printf("Usage: tripsage-server migrate [up|status|dry-run] [--json] [options]\n\n"
           "  up       (the default) brings the schema up to date, in one transaction\n"
           "  status   what is applied and what is not; changes nothing, and fails when something is not\n"
           "  dry-run  applies what is missing and takes it back: tells whether up would succeed; writers wait "
           "meanwhile\n\n"
           "Prints what is applied, or what is pending, as text or with --json.\n");
    settings_help(stdout, SETTINGS_DATABASE);
}

static int complain(void)
{
    fprintf(stderr, "tripsage-server: %s\n", tripsage_last_error()->message);
    return EXIT_FAILURE;
}

static void print_applied(tripsage_doc *state)
{
    printf("%s, schema %" PRId64 " of %" PRId64 ", 0 pending\n", tripsage_doc_text(state, "/engine"),
           tripsage_doc_int(state, "/current", 0), tripsage_doc_int(state, "/latest", 0));
    for (size_t i = 0, count = tripsage_doc_count(state, "/migrations"); i < count; i++)
        printf("%04" PRId64 "_%-24s  %s\n", doc_item_int(state, "/migrations", i, "/number", 0),
               doc_item_text(state, "/migrations", i, "/name"), doc_item_text(state, "/migrations", i, "/applied_at"));
}

/* The applied migrations, of a database that has all. */
static int tell_applied(const settings *s, migration migrate, int json)
{
    tripsage *library = NULL;
    tripsage_doc *state = NULL;
    int status = open_library(&library, s, migrate);

    if (status)
        return status;
    if (tripsage_migrations(&state, library) != TRIPSAGE_OK)
        status = complain();
    else if (json)
        printf("%s\n", tripsage_doc_json(state, NULL));
    else
        print_applied(state);
    tripsage_doc_free(state);
    tripsage_close(library);
    return status;
}

static void tell_pending(tripsage_doc *plan, int tried)
{
    size_t count = tripsage_doc_count(plan, "/pending");

    printf("schema %" PRId64 " of %" PRId64 ", %zu pending%s\n", tripsage_doc_int(plan, "/current", 0),
           tripsage_doc_int(plan, "/latest", 0), count,
           tried && count ? "; applied and taken back without an error" : "");
    for (size_t i = 0; i < count; i++)
        printf("%04" PRId64 "_%s\n", doc_item_int(plan, "/pending", i, "/number", 0),
               doc_item_text(plan, "/pending", i, "/name"));
}

/* What is pending; a status fails where something is. */
static int tell_plan(const settings *s, deed what, int json)
{
    const tripsage_options *options = tripsage_config_options(s->config);
    tripsage_doc *plan = NULL;
    int status = EXIT_SUCCESS;
    size_t pending;

    if (tripsage_migrations_plan(&plan, s->database_url, options, what == DRY_RUN) != TRIPSAGE_OK)
        return complain();
    pending = tripsage_doc_count(plan, "/pending");
    if (what == STATUS && pending == 0) {
        status = tell_applied(s, MIGRATE_NO, json);
    } else {
        if (json)
            printf("%s\n", tripsage_doc_json(plan, NULL));
        else
            tell_pending(plan, what == DRY_RUN);
        if (what == STATUS) {
            fprintf(stderr,
                    "tripsage-server: the database is %zu migrations behind: tripsage-server migrate applies them\n",
                    pending);
            status = EXIT_FAILURE;
        }
    }
    tripsage_doc_free(plan);
    return status;
}

int command_migrate(int argc, char **argv)
{
    static const char *const names[] = {[UP] = "up", [STATUS] = "status", [DRY_RUN] = "dry-run"};
    const char *word = NULL;
    int json = 0, what = UP;
    const command_option options[] = {{"--json", NULL, &json}};
    settings s = {.config = NULL};
    int status = command_options(&argc, argv, options, 1, &word, 1);

    while (word && what <= DRY_RUN && strcmp(word, names[what]) != 0)
        what++;
    if (status == 0 && what > DRY_RUN) {
        fprintf(stderr, "tripsage-server: migrate has no subcommand \"%.40s\"; see --help\n", word);
        status = EXIT_USAGE;
    }
    if (status == 0)
        status = settings_read(&s, SETTINGS_DATABASE, argc, argv);
    if (status == 0 && s.help)
        help();
    else if (status == 0)
        status = what == UP ? tell_applied(&s, MIGRATE_YES, json) : tell_plan(&s, (deed)what, json);
    settings_free(&s);
    return status;
}
