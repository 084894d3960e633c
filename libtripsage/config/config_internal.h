/* config/config_internal.h: the settings by name, for the files of this room. */
#ifndef TRIPSAGE_CONFIG_CONFIG_INTERNAL_H
#define TRIPSAGE_CONFIG_CONFIG_INTERNAL_H

#include <tripsage/config.h>

#include "base/seal.h"
#include "supabase.h"
#include "url.h"

/* In the order of the table in settings.c. */
typedef enum setting_id {
    ENVIRONMENT,
    DATABASE_URL,
    POSTGRES_URL,
    DATABASE_PASSWORD,
    DATABASE_CA,
    DATABASE_PUBLIC_KEY,
    DATABASE_SERVICE_KEY,
    DATABASE_JWT_SECRET,
    SIGNING_ALG,
    SECRET_KEY,
    SECRET_KEY_PREVIOUS,
    DATABASE_MIGRATE,
    DATABASE_POOL_SIZE,
    DATABASE_PREPARED_STATEMENTS,
    DATABASE_STATEMENT_TIMEOUT,
    DATABASE_BUSY_TIMEOUT,
    DATABASE_LISTEN_URL,
    DATABASE_MAX_STALENESS,
    REDIS_URL,
    REDIS_PASSWORD,
    REDIS_MAX_CONNECTIONS,
    UPSTASH_URL,
    UPSTASH_TOKEN,
    CACHE_PREFIX,
    CACHE_DEADLINE,
    CACHE_RETRY_AFTER,
    CACHE_TOKEN,
    CACHE_READONLY_TOKEN,
    CACHE_URL,
    CACHE_MAX_BYTES,
    CACHE_NEAR_BYTES,
    CACHE_NEAR_TTL,
    SMTP_HOST,
    SMTP_PORT,
    SMTP_USER,
    SMTP_PASS,
    SMTP_SENDER,
    SMTP_SENDER_NAME,
    SITE_URL,
    REDIRECT_URLS,
    EXTERNAL_URL,
    AUTOCONFIRM,
    MAIL_INTERVAL,
    OTP_EXPIRY,
    SECURE_EMAIL_CHANGE,
    PASSWORD_REAUTHENTICATION,
    RATE_LIMITS,
    WEBHOOK_SECRET,
    EMBEDDER,
    OPENAI_KEY,
    OPENAI_URL,
    EMBEDDING_MODEL,
    EMBEDDING_DIMENSIONS,
    EMBEDDING_SHORTEN,
    EMBEDDING_QUERY_PREFIX,
    EMBEDDING_DOCUMENT_PREFIX,
    EMBEDDING_DEADLINE,
    OTEL_DISABLED,
    OTEL_SERVICE,
    OTEL_RESOURCE,
    OTEL_TRACES,
    OTEL_METRICS,
    OTEL_ENDPOINT,
    OTEL_TRACES_ENDPOINT,
    OTEL_PROTOCOL,
    OTEL_HEADERS,
    OTEL_TIMEOUT,
    OTEL_COMPRESSION,
    OTEL_CERTIFICATE,
    OTEL_SAMPLER,
    OTEL_SAMPLER_ARG,
    OTEL_BSP_DELAY,
    OTEL_BSP_TIMEOUT,
    OTEL_BSP_QUEUE,
    OTEL_BSP_BATCH,
    METRICS_TOKEN,
    SECURITY_CONTACT,
    SECURITY_POLICY,
    SECURITY_LANGUAGES,
    SETTING_COUNT
} setting_id;

typedef struct setting_value {
    char *text;        /* NULL: not set */
    char *path;        /* of the file that NAME_FILE names and the value came from; NULL: it did not */
    const char *alias; /* the variable it came from, where that is what others call it; static */
    long number;       /* of a number or a switch; of a word its place among those there are */
} setting_value;

struct tripsage_config {
    setting_value values[SETTING_COUNT];
    const char *environment;         /* static: "production" */
    tripsage__sealer *sealer;        /* of SECRET_KEY and the one before; NULL without one */
    tripsage__span address, project; /* of DATABASE_URL, when that is a Supabase project's; else NULL */
    char ssl_mode[16]; /* PGSSLMODE, "" where it is not set: libpq reads it, and what we add must not weaken it */
    tripsage__buf url, listen_url, shown, supabase_url, issuer, jwks_url;
    tripsage_options options;
    tripsage_auth_options auth;
    tripsage_mail_options mail;
    tripsage_cache_options cache, served;
    tripsage_embedder_options embedder;
    tripsage_cache_serve_options serve;
    tripsage_telemetry_options telemetry;
    tripsage__buf traces_url, resource;
};

/* The variable that the value came from: NAME, NAME_FILE, or what others call it. */
const char *tripsage__config_source(const tripsage_config *config, setting_id id, char out[64]);

/* Staging and production, where other people's data is. */
int tripsage__config_is_guarded(const tripsage_config *config);

/* Reads every setting and checks each for itself. */
tripsage_status tripsage__config_read_settings(tripsage_config *config, tripsage_config_lookup lookup, void *user);

/* What the settings' values are sealed for: any of them. */
#define TRIPSAGE__PURPOSE_SETTING "setting"

/* What is wrong with a list for security.txt, as a phrase; NULL: nothing. */
const char *tripsage__contacts_problem(const char *text);
const char *tripsage__languages_problem(const char *text);

/* Makes the options of telemetry. */
tripsage_status tripsage__config_make_telemetry(tripsage_config *config, const char *environment);

/* Checks the settings against each other and makes the URL of the database. */
tripsage_status tripsage__config_make_url(tripsage_config *config);

#endif
