/* commands/restore.c: a backup in the database's place. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <tripsage/maintenance.h>

#include "commands/commands.h"
#include "commands/open.h"
#include "commands/options.h"
#include "commands/progress.h"
#include "settings.h"

/* A second: a command that ends lets go of the database by then, and a server does not, however long one waits. */
#define PATIENCE_MS 1000

static void help(void)
{
    printf("Usage: tripsage-server restore FILE [--force] [--json] [options]\n\n"
           "Puts the backup in FILE (its manifest, FILE.json, beside it) in the place of the database that the "
           "settings name:\n"
           "all of it, or nothing. A backup that was cut off or altered is refused before anything is touched.\n\n"
           "  --force    replaces a database that is there; without it, one that is there is left alone\n"
           "  --json     prints what was done as JSON\n\n"
           "Stop the servers first: an SQLite file that somebody has open is refused, and servers on PostgreSQL "
           "remember for a\n"
           "while what was there before. On PostgreSQL it takes the login that owns the tables.\n");
    settings_help(stdout, SETTINGS_DATABASE);
}

static int run(const settings *s, const char *file, int force, int json)
{
    tripsage_restore_options options = TRIPSAGE_RESTORE_OPTIONS_INIT;
    tripsage_doc *done = NULL;
    progress p;
    tripsage_status status;
    int was_there = access(s->data_dir, F_OK) == 0, prepared = settings_prepare(s);

    if (prepared)
        return prepared;
    progress_begin(&p);
    options.progress = progress_show;
    options.user = &p;
    options.force = force;
    options.busy_timeout_ms = PATIENCE_MS;
    status = tripsage_restore(&done, s->database_url, file, &options);
    progress_end(&p);
    if (status != TRIPSAGE_OK) {
        fprintf(stderr, "tripsage-server: nothing was restored: %s\n", tripsage_last_error()->message);
        if (s->data_dir_url[0] && !was_there)
            (void)rmdir(s->data_dir); /* it is empty */
        return status == TRIPSAGE_EINVALID || status == TRIPSAGE_ENOTSUP ? EXIT_CONFIG : EXIT_FAILURE;
    }
    if (json)
        printf("%s\n", tripsage_doc_json(done, NULL));
    else
        printf("restored %s into %s: %" PRId64 " bytes, schema %" PRId64 "%s\n", file, s->database_shown,
               tripsage_doc_int(done, "/bytes", 0), tripsage_doc_int(done, "/schema", 0),
               tripsage_doc_bool(done, "/replaced", 0) ? ", in the place of what was there" : "");
    tripsage_doc_free(done);
    return EXIT_SUCCESS;
}

int command_restore(int argc, char **argv)
{
    const char *file = NULL;
    int force = 0, json = 0;
    const command_option options[] = {{"--force", NULL, &force}, {"--json", NULL, &json}};
    settings s = {.config = NULL};
    int status = command_options(&argc, argv, options, sizeof options / sizeof options[0], &file, 1);

    if (status == 0)
        status = settings_read(&s, SETTINGS_DATABASE, argc, argv);
    if (status == 0 && s.help) {
        help();
    } else if (status == 0 && (!file || !file[0])) {
        fprintf(stderr, "tripsage-server: restore needs the file of a backup; see --help\n");
        status = EXIT_USAGE;
    } else if (status == 0) {
        status = run(&s, file, force, json);
    }
    settings_free(&s);
    return status;
}
