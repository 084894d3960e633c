/* commands/backup.c: a backup into a folder, and whether one is whole. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tripsage/maintenance.h>

#include "commands/commands.h"
#include "commands/open.h"
#include "commands/options.h"
#include "commands/progress.h"
#include "doc_item.h"
#include "settings.h"

/* A thousand: daily ones for three years. */
#define KEEP_MAX 1000

static void help(void)
{
    printf("Usage: tripsage-server backup [FOLDER] [--keep N] [--no-verify] [--json] [options]\n"
           "       tripsage-server backup verify FILE [--json] [options]\n\n"
           "Backs the database up as it is now, into a new file in FOLDER (./backups, made when it is missing), with a "
           "manifest\n"
           "beside it; others read and write meanwhile. Then restores it for a try and checks what came of it.\n\n"
           "  --keep N       of this database's backups only the newest N stay, this one included\n"
           "  --no-verify    leaves the try out\n"
           "  --json         prints what was made as JSON\n\n"
           "verify checks a backup that was made before: its checksum, and a restore for a try (of PostgreSQL, in the "
           "database\n"
           "that the settings name, into temporary tables).\n\n"
           "The files are as secret as the database. Secrets that are sealed in it need the SECRET_KEY it was made "
           "with: keep\n"
           "that elsewhere. docs/maintenance.md tells how to schedule backups and what restoring them needs.\n");
    settings_help(stdout, SETTINGS_DATABASE);
}

static int complain(void)
{
    const tripsage_error *error = tripsage_last_error();

    fprintf(stderr, "tripsage-server: %s\n", error->message);
    return error->status == TRIPSAGE_EINVALID || error->status == TRIPSAGE_ENOTSUP ? EXIT_CONFIG : EXIT_FAILURE;
}

static void tell(tripsage_doc *made, int json)
{
    if (json) {
        printf("%s\n", tripsage_doc_json(made, NULL));
        return;
    }
    printf("%s  %" PRId64 " bytes, schema %" PRId64 ", %s\n", tripsage_doc_text(made, "/file"),
           tripsage_doc_int(made, "/bytes", 0), tripsage_doc_int(made, "/schema", 0),
           tripsage_doc_bool(made, "/verified", 0) ? "verified by a restore" : "checksum only");
    for (size_t i = 0; i < tripsage_doc_count(made, "/removed"); i++)
        printf("removed %s\n", doc_item_text(made, "/removed", i, ""));
}

static int run(const settings *s, int verify, const char *word, tripsage_backup_options *options, int json)
{
    tripsage_doc *made = NULL;
    progress p;
    tripsage_status status;

    (void)nice(10); /* after those who serve */
    progress_begin(&p);
    options->progress = progress_show;
    options->user = &p;
    options->busy_timeout_ms = tripsage_config_options(s->config)->busy_timeout_ms;
    if (verify)
        status = tripsage_backup_verify(&made, s->database_url, word, options);
    else
        status = tripsage_backup(&made, s->database_url, word, options);
    progress_end(&p);
    if (status != TRIPSAGE_OK)
        return complain();
    tell(made, json);
    tripsage_doc_free(made);
    return EXIT_SUCCESS;
}

/* Where it is missing. 0, or the exit status after a sentence. In a folder that is missing as well, perhaps a disk that is not mounted, none is
 * made: the backup says that there is none. */
static int make_folder(const char *folder, int *is_new)
{
    *is_new = mkdir(folder, 0700) == 0;
    if (*is_new || errno == EEXIST || errno == ENOENT)
        return 0;
    fprintf(stderr, "tripsage-server: cannot make the folder %s: %s\n", folder, strerror(errno));
    return EXIT_FAILURE;
}

int command_backup(int argc, char **argv)
{
    tripsage_backup_options backup = TRIPSAGE_BACKUP_OPTIONS_INIT;
    const char *keep = NULL, *words[2] = {NULL, NULL};
    int json = 0, verify;
    const command_option options[] = {
        {"--keep", &keep, NULL}, {"--no-verify", NULL, &backup.no_verify}, {"--json", NULL, &json}};
    settings s = {.config = NULL};
    int status = command_options(&argc, argv, options, sizeof options / sizeof options[0], words, 2);

    if (status == 0)
        status = command_number("--keep", keep, 1, KEEP_MAX, &backup.keep);
    if (status == 0)
        status = settings_read(&s, SETTINGS_DATABASE, argc, argv);
    verify = words[0] && strcmp(words[0], "verify") == 0;
    if (status == 0 && s.help) {
        help();
    } else if (status == 0 && (verify != (words[1] != NULL) || (words[verify] && !words[verify][0]))) {
        fprintf(stderr, "tripsage-server: backup %s; see --help\n",
                verify ? "verify needs the file of a backup" : "takes one folder");
        status = EXIT_USAGE;
    } else if (status == 0) {
        const char *word = verify ? words[1] : words[0] ? words[0] : "backups";
        int is_new = 0;

        if (!verify)
            status = make_folder(word, &is_new);
        if (status == 0)
            status = run(&s, verify, word, &backup, json);
        if (is_new && status != EXIT_SUCCESS)
            (void)rmdir(word); /* unless there is something in it */
    }
    settings_free(&s);
    return status;
}
