/* commands/migrate.c: the database's schema: up to date, or its state. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/commands.h"
#include "commands/open.h"
#include "settings.h"

static void help(void)
{
    printf("Usage: tripsage-server migrate [up|status] [options]\n\n"
           "up (the default) brings the schema up to date; status changes nothing and fails when it is not.\n"
           "Both print the state as JSON.\n");
    settings_help(stdout, SETTINGS_DATABASE);
}

int command_migrate(int argc, char **argv)
{
    int is_status = argc > 0 && strcmp(argv[0], "status") == 0;
    int named = is_status || (argc > 0 && strcmp(argv[0], "up") == 0);
    settings s;
    tripsage *library = NULL;
    tripsage_doc *state = NULL;
    int exit_status = settings_read(&s, SETTINGS_DATABASE, argc - named, argv + named);

    if (exit_status == 0 && s.help) {
        help();
        return 0;
    }
    if (exit_status == 0)
        exit_status = open_library(&library, &s, is_status ? MIGRATE_NO : MIGRATE_YES);
    if (exit_status)
        goto out;
    if (tripsage_migrations(&state, library) == TRIPSAGE_OK) {
        printf("%s\n", tripsage_doc_json(state, NULL));
    } else {
        fprintf(stderr, "tripsage-server: %s\n", tripsage_last_error()->message);
        exit_status = EXIT_FAILURE;
    }
    tripsage_doc_free(state);
    tripsage_close(library);
out:
    settings_free(&s);
    return exit_status;
}
