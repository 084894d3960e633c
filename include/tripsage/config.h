/* tripsage/config.h: from variables of the environment to what tripsage_open takes.
 *
 *     tripsage_config *config;
 *     tripsage_options options;
 *
 *     if (tripsage_config_read(&config, NULL, NULL) != TRIPSAGE_OK)
 *         complain(tripsage_last_error()->message);         one sentence: which variable, and what to put there
 *     options = *tripsage_config_options(config);
 *     options.runtime = &runtime;
 *     status = tripsage_open(&ts, tripsage_config_url(config), &options);
 *     tripsage_config_free(config);
 *
 * The variables are those of tripsage_config_setting(). An empty one counts as not set, which is how compose files leave things
 * out. One that holds a secret may instead be given in a file, whose path is in the variable of the same name with _FILE behind
 * it; newlines at the end of the file do not count.
 *
 * Which database: DATABASE_URL is a URL of tripsage/store.h, or the https address of a Supabase project. A project's address gives
 * the issuer of its tokens; SQL then goes to POSTGRES_URL or, with DATABASE_PASSWORD alone, to the project's own host. POSTGRES_URL
 * goes before any other PostgreSQL URL. A URL without a password, or with the dashboard's "[YOUR-PASSWORD]" in its place, takes
 * DATABASE_PASSWORD, which is written as it is, without percent signs. A host of Supabase is spoken to over TLS.
 *
 * ENVIRONMENT says how strict a program should be: tripsage/security.h tells what is not fit for production.
 *
 * A secret, also one in a file, may be sealed: "enc:v1:..." as tripsage_config_seal makes it. It is read with SECRET_KEY, or else with
 * SECRET_KEY_PREVIOUS; these two cannot be sealed themselves, and no other value may begin with "enc:v". So the rest may lie where
 * SECRET_KEY does not.
 *
 * What makes vectors of texts is a setting of its own (see tripsage/embedder.h). When that is a server, texts leave the machine, so
 * OPENAI_API_KEY alone does not choose one.
 *
 * Where the cache is: REDIS_URL is a URL of tripsage/cache.h; one without a password takes REDIS_PASSWORD, as it is.
 *
 * No message and no document that this header gives has a secret in it; only tripsage_config_url and the options do.
 *
 * Threads: a tripsage_config is immutable after it was read and may be shared.
 */
#ifndef TRIPSAGE_CONFIG_H
#define TRIPSAGE_CONFIG_H

#include <stddef.h>
#include <stdint.h>

#include "cache_serve.h"
#include "doc.h"
#include "store.h"
#include "telemetry.h"

TRIPSAGE_BEGIN_DECLS

typedef struct tripsage_setting {
    const char *name;     /* of the variable */
    const char *help;     /* what it is, a phrase */
    const char *fallback; /* what holds without it, in words; NULL: nothing */
    int secret;           /* 1: its value is not shown, and the variable with _FILE behind the name works, too */
} tripsage_setting;

/* Every setting, by its place from 0 on; NULL past the last. Static. */
TRIPSAGE_API const tripsage_setting *tripsage_config_setting(size_t index);

/* A variable that programs beside this one know, and this one does not: what somebody who brings it along is told. */
typedef struct tripsage_foreign_setting {
    const char *name; /* with a star at its end: of all that begin so */
    const char *why;  /* why it has no meaning here, or what to set instead; a phrase */
} tripsage_foreign_setting;

/* Every one, by its place from 0 on; NULL past the last. Static. None of them is a setting. */
TRIPSAGE_API const tripsage_foreign_setting *tripsage_config_foreign(size_t index);

/* ---- where the variables are ---- */

/* The variables of the process, and below them those of a file: a variable of the process goes before the file's, unless it is empty, and
 * so does NAME before the file's NAME_FILE, or the other way round.
 *
 * A line of the file is NAME=value, with "export" before it or without, empty, or a comment from a # on. A value may stand in quotes;
 * between double ones \n, \r, \t, \" and \\ are understood. Without quotes it ends at a # behind a blank. Nothing in it is replaced. The
 * last line of a name counts.
 *
 * Of a variable of the process quotes around the value and a CR at its end are taken off, which "docker run --env-file" leaves there. */
typedef struct tripsage_environment tripsage_environment;

/* `path` NULL: there is no file. `required` 0: the file need not be there. The process's variables must not change while it is used.
 * Errors: TRIPSAGE_EINVALID (the message names the file and the line, and repeats nothing of it), TRIPSAGE_ENOMEM. Free with
 * tripsage_environment_free. */
TRIPSAGE_API tripsage_status tripsage_environment_open(tripsage_environment **out, const char *path, int required);

/* The value of a variable, NULL when it is not set or empty; a tripsage_config_lookup, whose `user` is the environment. Borrowed until that
 * is freed. */
TRIPSAGE_API const char *tripsage_environment_get(const char *name, void *environment);

/* The file's path; NULL when there was none. */
TRIPSAGE_API const char *tripsage_environment_file(const tripsage_environment *environment);

/* The variables whose value is the file's, by their place from 0 on; NULL past the last. Borrowed until the environment is freed. */
TRIPSAGE_API const char *tripsage_environment_of_file(const tripsage_environment *environment, size_t index);

/* NULL is fine. */
TRIPSAGE_API void tripsage_environment_free(tripsage_environment *environment);

/* ---- the configuration ---- */

typedef struct tripsage_config tripsage_config;

/* The value of the variable `name`, borrowed until the next call; NULL when it is not set. */
typedef const char *(*tripsage_config_lookup)(const char *name, void *user);

/* Reads and checks the settings. `lookup` NULL: the process's variables, without a file.
 * Errors: TRIPSAGE_EINVALID (a value is wrong or missing: the message names the variable and says what to put there),
 * TRIPSAGE_ENOMEM. Free with tripsage_config_free. */
TRIPSAGE_API tripsage_status tripsage_config_read(tripsage_config **out, tripsage_config_lookup lookup, void *user);

/* What ENVIRONMENT says: "development", "test", "staging" or "production". Static. */
TRIPSAGE_API const char *tripsage_config_environment(const tripsage_config *config);

/* What to open, with the password in it; NULL when no database is named. Borrowed until the configuration is freed. */
TRIPSAGE_API const char *tripsage_config_url(const tripsage_config *config);

/* The same for people: "***" stands where secrets are. */
TRIPSAGE_API const char *tripsage_config_shown_url(const tripsage_config *config);

/* The options to open it with; the runtime in them is NULL. Borrowed until the configuration is freed. Never NULL. */
TRIPSAGE_API const tripsage_options *tripsage_config_options(const tripsage_config *config);

/* The cache that a server is to serve to Upstash's clients (tripsage/cache_serve.h), and who may use it: a cache of its own, not the one
 * among the options above. Both are NULL unless there is a token for it. Borrowed until the configuration is freed. */
TRIPSAGE_API const tripsage_cache_options *tripsage_config_served_cache(const tripsage_config *config);
TRIPSAGE_API const tripsage_cache_serve_options *tripsage_config_cache_serve(const tripsage_config *config);

/* What the database's webhooks are signed with (tripsage/webhook.h); NULL when it is not set. Borrowed until the configuration is freed. */
TRIPSAGE_API const char *tripsage_config_webhook_secret(const tripsage_config *config);

/* What tripsage_telemetry_open takes; NULL: OTEL_SDK_DISABLED. Spans are exported when OpenTelemetry's variables name an endpoint, or
 * OTEL_TRACES_EXPORTER is otlp. Borrowed until the configuration is freed. */
TRIPSAGE_API const tripsage_telemetry_options *tripsage_config_telemetry(const tripsage_config *config);

/* Who is told of weaknesses, URIs separated by commas; NULL: nobody said. tripsage_security_txt makes a file of it. Borrowed until the
 * configuration is freed. */
TRIPSAGE_API const char *tripsage_config_security_contact(const tripsage_config *config);

/* The token that whoever reads metrics shows; NULL: none. Borrowed until the configuration is freed. */
TRIPSAGE_API const char *tripsage_config_metrics_token(const tripsage_config *config);

/* What holds, and where it came from: {"database":text|null,"auth":{"issuer":text|null,"jwks_url":text|null},
 * "settings":[{"name","value":text|null,"source":text|null}]}. The source is the variable that gave the value, and null when
 * none did; "***" is a secret. Errors: TRIPSAGE_ENOMEM. */
TRIPSAGE_API tripsage_status tripsage_config_explain(tripsage_doc **out, const tripsage_config *config);

/* Seals the value of a secret setting (a password, a connection string) under SECRET_KEY: the text to put into its variable. Free it with
 * tripsage_free. Errors: TRIPSAGE_EINVALID (there is no SECRET_KEY; field "#text"), TRIPSAGE_ETOOLARGE (64 KiB), TRIPSAGE_ENOMEM. */
TRIPSAGE_API tripsage_status tripsage_config_seal(char **sealed, const tripsage_config *config, const char *text,
                                                  size_t length);

/* NULL is fine. */
TRIPSAGE_API void tripsage_config_free(tripsage_config *config);

TRIPSAGE_END_DECLS

#endif
