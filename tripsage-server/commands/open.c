/* commands/open.c: see open.h. */
#include "commands/open.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tripsage/maintenance.h>

#include "log.h"

#define OWN_ADDRESS_SIZE 40

/* Where browsers reach this server, so that the links of mails lead to it; unless it is said, or the port is any. */
static void use_own_address(tripsage_mail_options *mail, char own[OWN_ADDRESS_SIZE], const settings *s)
{
    if (mail->external_url || !s->port)
        return;
    snprintf(own, OWN_ADDRESS_SIZE, "http://localhost:%d", s->port);
    mail->external_url = own;
}

static tripsage_status open_it(tripsage **out, const settings *s, migration migrate, tripsage_telemetry *telemetry)
{
    tripsage_runtime runtime = TRIPSAGE_RUNTIME_INIT;
    tripsage_options options = *tripsage_config_options(s->config);
    tripsage_auth_options auth = *options.auth;
    tripsage_mail_options mail = *auth.mail;
    char own[OWN_ADDRESS_SIZE];

    runtime.log = log_library;
    runtime.log_level = s->log_level;
    runtime.telemetry = telemetry;
    use_own_address(&mail, own, s);
    auth.mail = &mail;
    options.auth = &auth;
    options.runtime = &runtime;
    if (migrate != MIGRATE_AS_SET)
        options.no_migrate = migrate == MIGRATE_NO;
    return tripsage_open(out, s->database_url, &options);
}

tripsage_status open_library_quietly(tripsage **out, const settings *s, migration migrate)
{
    return open_it(out, s, migrate, NULL);
}

int open_library(tripsage **out, const settings *s, migration migrate)
{
    return open_library_watched(out, s, migrate, NULL);
}

/* Such a database is made by each who opens it, and is gone with him. */
static int is_in_memory(const settings *s)
{
    return strstr(s->database_shown, ":memory:") != NULL;
}

/* An SQLite file that opening would make. Of PostgreSQL's databases opening one makes none. */
static int is_missing_file(tripsage_doc *plan)
{
    return tripsage_doc_int(plan, "/current", 0) == 0 && strcmp(tripsage_doc_text(plan, "/engine"), "sqlite") == 0;
}

int open_existing_library(tripsage **out, const settings *s, migration migrate)
{
    const tripsage_options *options = tripsage_config_options(s->config);
    tripsage_doc *plan = NULL;
    int status = EXIT_FAILURE;

    if (tripsage_migrations_plan(&plan, s->database_url, options, 0) != TRIPSAGE_OK)
        fprintf(stderr, "tripsage-server: cannot open %s: %s\n", s->database_shown, tripsage_last_error()->message);
    else if (is_missing_file(plan) && is_in_memory(s))
        fprintf(stderr,
                "tripsage-server: %s is a database in memory, which each command would make anew: name a file\n",
                s->database_shown);
    else if (is_missing_file(plan))
        fprintf(stderr, "tripsage-server: there is no database at %s; tripsage-server migrate makes one\n",
                s->database_shown);
    else
        status = open_library(out, s, migrate);
    tripsage_doc_free(plan);
    return status;
}

int open_library_watched(tripsage **out, const settings *s, migration migrate, tripsage_telemetry *telemetry)
{
    int prepared = migrate == MIGRATE_NO ? 0 : settings_prepare(s); /* who does not migrate changes nothing */
    tripsage_status status;

    if (prepared)
        return prepared;
    status = open_it(out, s, migrate, telemetry);
    if (status == TRIPSAGE_OK)
        return 0;
    fprintf(stderr, "tripsage-server: cannot open %s: %s\n", s->database_shown, tripsage_last_error()->message);
    return status == TRIPSAGE_EINVALID || status == TRIPSAGE_ENOTSUP ? EXIT_CONFIG : EXIT_FAILURE;
}

int open_served_cache(tripsage_cache **out, const settings *s, tripsage_telemetry *telemetry)
{
    const tripsage_cache_options *options = tripsage_config_served_cache(s->config);
    tripsage_runtime runtime = TRIPSAGE_RUNTIME_INIT;
    tripsage_status status;

    *out = NULL;
    if (!options)
        return 0;
    runtime.log = log_library;
    runtime.log_level = s->log_level;
    runtime.telemetry = telemetry;
    status = tripsage_cache_open(out, options, &runtime);
    if (status == TRIPSAGE_OK)
        return 0;
    fprintf(stderr, "tripsage-server: cannot open the cache of /cache: %s\n", tripsage_last_error()->message);
    return status == TRIPSAGE_EINVALID ? EXIT_CONFIG : EXIT_FAILURE;
}
