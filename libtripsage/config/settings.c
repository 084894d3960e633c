/* config/settings.c: the table of settings, how each is read, and what is wrong with one by itself. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/crypto.h"
#include "base/json.h"
#include "base/memory.h"
#include "cache/cache.h"
#include "config_internal.h"
#include "http/http.h"
#include "telemetry/telemetry.h"

/* The longest a value may be. URLs with several hosts and certificates have some hundred characters. */
#define VALUE_MAX 8191

/* Of a token for the served cache. */
#define TOKEN_MAX 512u

/* tripsage_auth_options.public_key */
#define KEY_MIN 20
#define KEY_MAX 4096

/* Names of ENVIRONMENT, and what each stands for. A name that nobody knows would be taken for one that guards nothing. */
static const char *const environments[][2] = {{"development", "development"},
                                              {"test", "test"},
                                              {"testing", "test"},
                                              {"staging", "staging"},
                                              {"production", "production"}};

static const tripsage_setting settings[SETTING_COUNT] = {
    [ENVIRONMENT] = {"ENVIRONMENT",
                     "development, test, staging or production, which does not start with a secret that is missing or "
                     "weak; staging warns of it",
                     "development", 0},
    [DATABASE_URL] = {"DATABASE_URL",
                      "sqlite:///path/to.db, postgresql://user@host/name, or a Supabase project's https address", NULL,
                      1},
    [POSTGRES_URL] = {"POSTGRES_URL", "SQL connection; goes before what DATABASE_URL gives", NULL, 1},
    [DATABASE_PASSWORD] = {"DATABASE_PASSWORD", "password of a connection whose URL has none, as it is", NULL, 1},
    [DATABASE_CA] = {"TRIPSAGE_DATABASE_CA",
                     "file of CA certificates; the database server's is then verified, its name included", NULL, 0},
    [DATABASE_PUBLIC_KEY] = {"DATABASE_PUBLIC_KEY",
                             "publishable (anon) key, of the Supabase project or for /auth/v1 here", NULL, 1},
    [DATABASE_SERVICE_KEY] = {"DATABASE_SERVICE_KEY",
                              "secret (service_role) key, of the Supabase project or for /auth/v1 here", NULL, 1},
    [DATABASE_JWT_SECRET] = {"DATABASE_JWT_SECRET", "secret of the access tokens (HS256), 32 bytes or more",
                             "ES256 with keys kept in the database", 1},
    [SIGNING_ALG] = {"TRIPSAGE_AUTH_SIGNING_ALG", "what new access tokens are signed with: ES256, RS256 or HS256",
                     "ES256, HS256 with DATABASE_JWT_SECRET", 0},
    [SECRET_KEY] = {"SECRET_KEY",
                    "what secrets in the database and sealed settings are encrypted under, 32 bytes or more",
                    "kept with the database", 1},
    [SECRET_KEY_PREVIOUS] = {"SECRET_KEY_PREVIOUS", "the one before it, until \"keys rotate-secret\" was run", NULL, 1},
    [DATABASE_MIGRATE] = {"TRIPSAGE_DATABASE_MIGRATE",
                          "bring the schema up to date at start; false refuses to start on an older one", "true", 0},
    [DATABASE_POOL_SIZE] = {"TRIPSAGE_DATABASE_POOL_SIZE", "connections of one server to PostgreSQL", "16", 0},
    [DATABASE_PREPARED_STATEMENTS] = {"TRIPSAGE_DATABASE_PREPARED_STATEMENTS",
                                      "false behind a pooler in transaction mode", "true, false at ports 6432 and 6543",
                                      0},
    [DATABASE_STATEMENT_TIMEOUT] = {"TRIPSAGE_DATABASE_STATEMENT_TIMEOUT_MS",
                                    "longest a statement may run in PostgreSQL", "30000", 0},
    [DATABASE_BUSY_TIMEOUT] = {"TRIPSAGE_DATABASE_BUSY_TIMEOUT_MS",
                               "longest a call may wait for a connection or a lock", "10000", 0},
    [DATABASE_LISTEN_URL] = {"TRIPSAGE_DATABASE_LISTEN_URL",
                             "connection for LISTEN, where the other goes through a pooler in transaction mode", NULL,
                             1},
    [DATABASE_MAX_STALENESS] = {"TRIPSAGE_DATABASE_MAX_STALENESS_MS",
                                "how old a trip given from memory may be on PostgreSQL; 0 asks the server each time",
                                "0", 0},
    [REDIS_URL] = {"REDIS_URL",
                   "redis://user@host:port/db, rediss:// over TLS, or unix:///path, to share the cache there",
                   "a cache in the process", 1},
    [REDIS_PASSWORD] = {"REDIS_PASSWORD", "password of a REDIS_URL that has none, as it is", NULL, 1},
    [REDIS_MAX_CONNECTIONS] = {"REDIS_MAX_CONNECTIONS", "connections of one server to Redis", "16", 0},
    [UPSTASH_URL] = {"UPSTASH_REDIS_REST_URL",
                     "https address of a Redis by REST, to share the cache there; REDIS_URL goes before it", NULL, 0},
    [UPSTASH_TOKEN] = {"UPSTASH_REDIS_REST_TOKEN", "its token", NULL, 1},
    [CACHE_PREFIX] = {"TRIPSAGE_CACHE_PREFIX", "what stands before each of the cache's keys on Redis", "tripsage:", 0},
    [CACHE_DEADLINE] = {"TRIPSAGE_CACHE_DEADLINE_MS", "longest a call waits for Redis", "100, by REST 1000", 0},
    [CACHE_RETRY_AFTER] = {"TRIPSAGE_CACHE_RETRY_AFTER_MS", "how long a Redis that did not answer is left alone",
                           "1000", 0},
    [CACHE_TOKEN] = {"TRIPSAGE_CACHE_TOKEN",
                     "token of at least 16 characters, with which Upstash's clients use a cache of their own at /cache",
                     "there is none", 1},
    [CACHE_READONLY_TOKEN] = {"TRIPSAGE_CACHE_READONLY_TOKEN", "a second one there, which can only read", NULL, 1},
    [CACHE_URL] = {"TRIPSAGE_CACHE_URL", "where that cache is: memory:, or a URL such as REDIS_URL has", "memory:", 1},
    [CACHE_MAX_BYTES] = {"TRIPSAGE_CACHE_MAX_BYTES", "most bytes it takes in the process", "67108864", 0},
    [CACHE_NEAR_BYTES] = {"TRIPSAGE_CACHE_NEAR_BYTES",
                          "memory for copies of what was read from Redis; 0 asks Redis each time", "0", 0},
    [CACHE_NEAR_TTL] = {"TRIPSAGE_CACHE_NEAR_TTL_MS", "how old such a copy may be", "1000", 0},
    [SMTP_HOST] = {"SMTP_HOST",
                   "mail server for confirmations and codes; without it they go to the log, and with "
                   "ENVIRONMENT staging or production nowhere",
                   NULL, 0},
    [SMTP_PORT] = {"SMTP_PORT", "its port; 465 is TLS from the start, others STARTTLS", "587", 0},
    [SMTP_USER] = {"SMTP_USER", "who signs in to it", NULL, 0},
    [SMTP_PASS] = {"SMTP_PASS", "the password of that", NULL, 1},
    [SMTP_SENDER] = {"SMTP_ADMIN_EMAIL", "address that mails are from; needed with SMTP_HOST", NULL, 0},
    [SMTP_SENDER_NAME] = {"SMTP_SENDER_NAME", "name that mails are from", NULL, 0},
    [SITE_URL] = {"SITE_URL", "the application, where links in mails lead in the end", "http://localhost:3000", 0},
    [REDIRECT_URLS] = {"ADDITIONAL_REDIRECT_URLS",
                       "where else they may lead: URLs separated by commas, * and ** for any part", NULL, 0},
    [EXTERNAL_URL] = {"API_EXTERNAL_URL", "this server as browsers reach it, for links in mails", "localhost and PORT",
                      0},
    [AUTOCONFIRM] = {"ENABLE_EMAIL_AUTOCONFIRM", "true signs people in before they have confirmed their address",
                     "true without SMTP_HOST", 0},
    [MAIL_INTERVAL] = {"TRIPSAGE_MAIL_INTERVAL_S", "seconds between two mails of one kind to one address", "60", 0},
    [OTP_EXPIRY] = {"TRIPSAGE_OTP_EXPIRY_S", "how many seconds a code or a link from a mail is good", "86400", 0},
    [SECURE_EMAIL_CHANGE] = {"TRIPSAGE_SECURE_EMAIL_CHANGE",
                             "whether both mailboxes confirm another address; false: the new one alone", "true", 0},
    [PASSWORD_REAUTHENTICATION] = {"TRIPSAGE_PASSWORD_REAUTHENTICATION",
                                   "whether a new password in a session older than a day needs a code from a mail",
                                   "false", 0},
    [RATE_LIMITS] = {"RATE_LIMIT_ENABLED", "false: nobody has to wait who asks, or guesses, too often", "true", 0},
    [WEBHOOK_SECRET] = {"WEBHOOK_SECRET",
                        "what the database's webhooks to /api/webhooks are signed with, 32 characters or more",
                        "there are none", 1},
    [EMBEDDER] =
        {"TRIPSAGE_EMBEDDER",
         "what makes vectors of texts: builtin, openai for a server, or the path of a model (Model2Vec, word vectors)",
         "builtin", 0},
    [OPENAI_KEY] = {"OPENAI_API_KEY", "key to the server of TRIPSAGE_EMBEDDER openai", NULL, 1},
    [OPENAI_URL] = {"OPENAI_BASE_URL", "where that is: OpenAI, or what answers like it, as http://127.0.0.1:11434/v1",
                    "https://api.openai.com/v1", 0},
    [EMBEDDING_MODEL] = {"EMBEDDING_MODEL", "the model it is asked for", "text-embedding-3-small", 0},
    [EMBEDDING_DIMENSIONS] = {"EMBEDDING_DIMENSIONS", "what vectors have; needed for models that are not OpenAI's",
                              "what the model has", 0},
    [EMBEDDING_SHORTEN] = {"EMBEDDING_SHORTEN", "true asks such a model for so many, as OpenAI's are asked anyway",
                           "false", 0},
    [EMBEDDING_QUERY_PREFIX] = {"EMBEDDING_QUERY_PREFIX", "what the model wants before a question, as \"query: \"",
                                NULL, 0},
    [EMBEDDING_DOCUMENT_PREFIX] = {"EMBEDDING_DOCUMENT_PREFIX", "the same before what is to be found", NULL, 0},
    [EMBEDDING_DEADLINE] = {"EMBEDDING_DEADLINE_MS", "longest a request to it takes, with all its tries", "30000", 0},
    [OTEL_DISABLED] = {"OTEL_SDK_DISABLED", "true: nothing is measured, and nothing is traced", "false", 0},
    [OTEL_SERVICE] = {"OTEL_SERVICE_NAME", "what this service is called in traces and metrics", "tripsage", 0},
    [OTEL_RESOURCE] = {"OTEL_RESOURCE_ATTRIBUTES", "more to say of it: key=value,key=value", NULL, 0},
    [OTEL_TRACES] = {"OTEL_TRACES_EXPORTER", "otlp or none", "otlp where there is an endpoint", 0},
    [OTEL_METRICS] = {"OTEL_METRICS_EXPORTER", "prometheus or none", "prometheus", 0},
    [OTEL_ENDPOINT] = {"OTEL_EXPORTER_OTLP_ENDPOINT", "collector that traces are sent to, without /v1/traces",
                       "http://localhost:4318 with OTEL_TRACES_EXPORTER", 0},
    [OTEL_TRACES_ENDPOINT] = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "the same with its whole path", NULL, 0},
    [OTEL_PROTOCOL] = {"OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf or http/json", "http/protobuf", 0},
    [OTEL_HEADERS] = {"OTEL_EXPORTER_OTLP_HEADERS", "what it wants to see: name=value,name=value", NULL, 1},
    [OTEL_TIMEOUT] = {"OTEL_EXPORTER_OTLP_TIMEOUT", "longest a batch is tried to be sent, in ms", "10000", 0},
    [OTEL_COMPRESSION] = {"OTEL_EXPORTER_OTLP_COMPRESSION", "gzip or none", "none", 0},
    [OTEL_CERTIFICATE] = {"OTEL_EXPORTER_OTLP_CERTIFICATE", "PEM file of the CA certificates it is believed by", NULL,
                          0},
    [OTEL_SAMPLER] = {"OTEL_TRACES_SAMPLER",
                      "which traces are sent: always_on, traceidratio, parentbased_traceidratio, ...",
                      "parentbased_always_on", 0},
    [OTEL_SAMPLER_ARG] = {"OTEL_TRACES_SAMPLER_ARG", "the share of them, from 0 to 1", "1", 0},
    [OTEL_BSP_DELAY] = {"OTEL_BSP_SCHEDULE_DELAY", "longest a span waits to be sent, in ms", "5000", 0},
    [OTEL_BSP_TIMEOUT] = {"OTEL_BSP_EXPORT_TIMEOUT", "longest a batch is tried to be sent, in ms", "30000", 0},
    [OTEL_BSP_QUEUE] = {"OTEL_BSP_MAX_QUEUE_SIZE", "spans that may wait; more are dropped", "2048", 0},
    [OTEL_BSP_BATCH] = {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "spans that are sent at once", "512", 0},
    [METRICS_TOKEN] = {"TRIPSAGE_METRICS_TOKEN",
                       "token of at least 16 characters that GET /metrics asks for: openssl rand -hex 32", NULL, 1},
    [SECURITY_CONTACT] = {"TRIPSAGE_SECURITY_CONTACT",
                          "who is told of weaknesses, in /.well-known/security.txt: mailto:, https: or tel:, "
                          "separated by commas",
                          "there is no such file", 0},
    [SECURITY_POLICY] = {"TRIPSAGE_SECURITY_POLICY", "https address of what you ask of those who look for weaknesses",
                         NULL, 0},
    [SECURITY_LANGUAGES] = {"TRIPSAGE_SECURITY_LANGUAGES", "languages you read, as en,de", NULL, 0},
};

/* What others call the same: Supabase Auth's own container, where the variables above are those of the file beside Supabase's compose file, and
 * Vercel, which made Upstash's databases its KV store. */
static const char *const aliases[SETTING_COUNT] = {
    [UPSTASH_URL] = "KV_REST_API_URL",
    [UPSTASH_TOKEN] = "KV_REST_API_TOKEN",
    [SMTP_HOST] = "GOTRUE_SMTP_HOST",
    [SMTP_PORT] = "GOTRUE_SMTP_PORT",
    [SMTP_USER] = "GOTRUE_SMTP_USER",
    [SMTP_PASS] = "GOTRUE_SMTP_PASS",
    [SMTP_SENDER] = "GOTRUE_SMTP_ADMIN_EMAIL",
    [SMTP_SENDER_NAME] = "GOTRUE_SMTP_SENDER_NAME",
    [SITE_URL] = "GOTRUE_SITE_URL",
    [REDIRECT_URLS] = "GOTRUE_URI_ALLOW_LIST",
    [AUTOCONFIRM] = "GOTRUE_MAILER_AUTOCONFIRM",
    [OTP_EXPIRY] = "GOTRUE_MAILER_OTP_EXP",
    [SECURE_EMAIL_CHANGE] = "GOTRUE_MAILER_SECURE_EMAIL_CHANGE_ENABLED",
    [PASSWORD_REAUTHENTICATION] = "GOTRUE_SECURITY_UPDATE_PASSWORD_REQUIRE_REAUTHENTICATION",
};

/* What goes before the variable where it is set: OpenTelemetry's for traces alone. */
static const char *const specials[SETTING_COUNT] = {
    [OTEL_PROTOCOL] = "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
    [OTEL_HEADERS] = "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
    [OTEL_TIMEOUT] = "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT",
    [OTEL_COMPRESSION] = "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION",
    [OTEL_CERTIFICATE] = "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE",
};

/* Of a WORD: those there are; its number is the place. */
#define WORDS_MAX 6
static const char *const choices[SETTING_COUNT][WORDS_MAX] = {
    [OTEL_TRACES] = {"otlp", "none"},
    [OTEL_METRICS] = {"prometheus", "none"},
    [OTEL_PROTOCOL] = {"http/protobuf", "http/json"},
    [OTEL_COMPRESSION] = {"none", "gzip"},
    [OTEL_SAMPLER] = {[TRIPSAGE_SAMPLER_PARENT_ALWAYS_ON] = "parentbased_always_on",
                      [TRIPSAGE_SAMPLER_PARENT_ALWAYS_OFF] = "parentbased_always_off",
                      [TRIPSAGE_SAMPLER_PARENT_RATIO] = "parentbased_traceidratio",
                      [TRIPSAGE_SAMPLER_ALWAYS_ON] = "always_on",
                      [TRIPSAGE_SAMPLER_ALWAYS_OFF] = "always_off",
                      [TRIPSAGE_SAMPLER_RATIO] = "traceidratio"},
};

/* What a value has to be. */
typedef enum kind {
    TEXT,
    STAGE,
    DATABASE,
    POSTGRES,
    READABLE_FILE,
    PUBLIC_KEY,
    SERVICE_KEY,
    SIGNING_KEY,
    ALGORITHM,
    MASTER_KEY,
    CACHE,
    TOKEN,
    REST,
    PREFIX,
    HOST,
    ADDRESS,
    WEB,
    EMBEDDING,
    SIGNATURE,
    SWITCH,
    NUMBER,
    WORD,
    PAIRS,
    SHARE,
    CONTACTS,
    LANGUAGES,
    SECURE_WEB
} kind;

static const struct {
    kind kind;
    long min, max; /* of a NUMBER */
} rules[SETTING_COUNT] = {
    [ENVIRONMENT] = {STAGE, 0, 0},
    [DATABASE_URL] = {DATABASE, 0, 0},
    [POSTGRES_URL] = {POSTGRES, 0, 0},
    [DATABASE_PASSWORD] = {TEXT, 0, 0},
    [DATABASE_CA] = {READABLE_FILE, 0, 0},
    [DATABASE_PUBLIC_KEY] = {PUBLIC_KEY, 0, 0},
    [DATABASE_SERVICE_KEY] = {SERVICE_KEY, 0, 0},
    [DATABASE_JWT_SECRET] = {SIGNING_KEY, 0, 0},
    [SIGNING_ALG] = {ALGORITHM, 0, 0},
    [SECRET_KEY] = {MASTER_KEY, 0, 0},
    [SECRET_KEY_PREVIOUS] = {MASTER_KEY, 0, 0},
    [DATABASE_MIGRATE] = {SWITCH, 0, 0},
    [DATABASE_POOL_SIZE] = {NUMBER, 1, 1024}, /* tripsage_options.readers */
    [DATABASE_PREPARED_STATEMENTS] = {SWITCH, 0, 0},
    [DATABASE_STATEMENT_TIMEOUT] = {NUMBER, 1, 3600000}, /* an hour */
    [DATABASE_BUSY_TIMEOUT] = {NUMBER, 1, 3600000},
    [DATABASE_LISTEN_URL] = {POSTGRES, 0, 0},
    [DATABASE_MAX_STALENESS] = {NUMBER, 0, 3600000},
    [REDIS_URL] = {CACHE, 0, 0},
    [REDIS_PASSWORD] = {TEXT, 0, 0},
    [REDIS_MAX_CONNECTIONS] = {NUMBER, 1, 1024},
    [UPSTASH_URL] = {REST, 0, 0},
    [UPSTASH_TOKEN] = {TEXT, 0, 0},
    [CACHE_PREFIX] = {PREFIX, 0, 0},
    [CACHE_DEADLINE] = {NUMBER, 1, 60000}, /* a minute, and nobody waits any more */
    [CACHE_RETRY_AFTER] = {NUMBER, 1, 3600000},
    [CACHE_TOKEN] = {TOKEN, 0, 0},
    [CACHE_READONLY_TOKEN] = {TOKEN, 0, 0},
    [CACHE_URL] = {CACHE, 0, 0},
    [CACHE_MAX_BYTES] = {NUMBER, 1024 * 1024, LONG_MAX}, /* one entry takes an eighth at most */
    [CACHE_NEAR_BYTES] = {NUMBER, 0, 999999999},
    [CACHE_NEAR_TTL] = {NUMBER, 1, 3600000},
    [SMTP_HOST] = {HOST, 0, 0},
    [SMTP_PORT] = {NUMBER, 1, 65535},
    [SMTP_USER] = {TEXT, 0, 0},
    [SMTP_PASS] = {TEXT, 0, 0},
    [SMTP_SENDER] = {ADDRESS, 0, 0},
    [SMTP_SENDER_NAME] = {TEXT, 0, 0},
    [SITE_URL] = {WEB, 0, 0},
    [REDIRECT_URLS] = {TEXT, 0, 0},
    [EXTERNAL_URL] = {WEB, 0, 0},
    [AUTOCONFIRM] = {SWITCH, 0, 0},
    [MAIL_INTERVAL] = {NUMBER, 1, 86400}, /* as tripsage_auth_options has them */
    [OTP_EXPIRY] = {NUMBER, 1, 604800},
    [SECURE_EMAIL_CHANGE] = {SWITCH, 0, 0},
    [PASSWORD_REAUTHENTICATION] = {SWITCH, 0, 0},
    [RATE_LIMITS] = {SWITCH, 0, 0},
    [WEBHOOK_SECRET] = {SIGNATURE, 0, 0},
    [EMBEDDER] = {EMBEDDING, 0, 0},
    [OPENAI_KEY] = {TEXT, 0, 0},
    [OPENAI_URL] = {WEB, 0, 0},
    [EMBEDDING_MODEL] = {TEXT, 0, 0},
    [EMBEDDING_DIMENSIONS] = {NUMBER, 1, TRIPSAGE_VECTOR_DIMENSIONS_MAX},
    [EMBEDDING_SHORTEN] = {SWITCH, 0, 0},
    [EMBEDDING_QUERY_PREFIX] = {TEXT, 0, 0},
    [EMBEDDING_DOCUMENT_PREFIX] = {TEXT, 0, 0},
    [EMBEDDING_DEADLINE] = {NUMBER, 1, 600000}, /* ten minutes, and nobody waits any more */
    [OTEL_DISABLED] = {SWITCH, 0, 0},
    [OTEL_SERVICE] = {TEXT, 0, 0},
    [OTEL_RESOURCE] = {PAIRS, 0, 0},
    [OTEL_TRACES] = {WORD, 0, 0},
    [OTEL_METRICS] = {WORD, 0, 0},
    [OTEL_ENDPOINT] = {WEB, 0, 0},
    [OTEL_TRACES_ENDPOINT] = {WEB, 0, 0},
    [OTEL_PROTOCOL] = {WORD, 0, 0},
    [OTEL_HEADERS] = {PAIRS, 0, 0},
    [OTEL_TIMEOUT] = {NUMBER, 1, 600000}, /* as EMBEDDING_DEADLINE */
    [OTEL_COMPRESSION] = {WORD, 0, 0},
    [OTEL_CERTIFICATE] = {READABLE_FILE, 0, 0},
    [OTEL_SAMPLER] = {WORD, 0, 0},
    [OTEL_SAMPLER_ARG] = {SHARE, 0, 0},
    [OTEL_BSP_DELAY] = {NUMBER, 1, 3600000},
    [OTEL_BSP_TIMEOUT] = {NUMBER, 1, 600000},
    [OTEL_BSP_QUEUE] = {NUMBER, 1, 65536}, /* tripsage_telemetry_options.queue_max */
    [OTEL_BSP_BATCH] = {NUMBER, 1, 65536},
    [METRICS_TOKEN] = {TOKEN, 0, 0},
    [SECURITY_CONTACT] = {CONTACTS, 0, 0},
    [SECURITY_POLICY] = {SECURE_WEB, 0, 0},
    [SECURITY_LANGUAGES] = {LANGUAGES, 0, 0},
};

const tripsage_setting *tripsage_config_setting(size_t index)
{
    return index < SETTING_COUNT ? &settings[index] : NULL;
}

const char *tripsage__config_source(const tripsage_config *config, setting_id id, char out[64])
{
    const setting_value *value = &config->values[id];

    snprintf(out, 64, "%s%s", value->alias ? value->alias : settings[id].name, value->path ? "_FILE" : "");
    return out;
}

/* ---- reading ---- */

static tripsage_status cannot_read(const char *variable, const char *path, int error)
{
    return TRIPSAGE_FAIL_NATIVE(TRIPSAGE_EINVALID, error, "%s: cannot read \"%.120s\": %s", variable, path,
                                strerror(error));
}

static tripsage_status read_file(char out[VALUE_MAX + 2], const char *variable, const char *path)
{
    FILE *file = fopen(path, "re");
    size_t size;
    int error;

    if (!file)
        return cannot_read(variable, path, errno);
    size = fread(out, 1, VALUE_MAX + 1, file);
    error = ferror(file) ? errno : 0; /* as for a folder, which can be opened */
    fclose(file);
    if (error)
        return cannot_read(variable, path, error);
    while (size && (out[size - 1] == '\n' || out[size - 1] == '\r'))
        size--;
    out[size] = '\0';
    if (size == 0 || strlen(out) != size)
        return TRIPSAGE_FAIL(TRIPSAGE_EINVALID, "%s: \"%.120s\" holds no line of text", variable, path);
    return TRIPSAGE_OK;
}

static tripsage_status keep(setting_value *value, const char *variable, const char *text)
{
    size_t length = strlen(text);

    if (length > VALUE_MAX)
        return TRIPSAGE_FAIL(TRIPSAGE_EINVALID, "%s: expected at most %d bytes", variable, VALUE_MAX);
    if (!tripsage__utf8_valid(text, length))
        return TRIPSAGE_FAIL(TRIPSAGE_EINVALID, "%s: expected text in UTF-8", variable);
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return TRIPSAGE_FAIL(TRIPSAGE_EINVALID, "%s: has a line break or another control character in it",
                                 variable);
    value->text = tripsage__strdup(text);
    return value->text ? TRIPSAGE_OK : TRIPSAGE_NOMEM();
}

/* A lookup may give the same buffer again and again: each text is copied before the next is asked for. */
static tripsage_status read_setting(setting_value *value, const tripsage_setting *setting,
                                    tripsage_config_lookup lookup, void *user)
{
    char variable[64], text[VALUE_MAX + 2];
    const char *found = lookup(setting->name, user), *path;
    tripsage_status status = TRIPSAGE_OK;

    if (found && found[0])
        TRIPSAGE_TRY(keep(value, setting->name, found));
    if (!setting->secret)
        return TRIPSAGE_OK;
    snprintf(variable, sizeof variable, "%s_FILE", setting->name);
    path = lookup(variable, user);
    if (!path || !path[0])
        return TRIPSAGE_OK;
    if (value->text)
        return TRIPSAGE_FAIL(TRIPSAGE_EINVALID, "%s and %s are both set: keep one of them", setting->name, variable);
    value->path = tripsage__strdup(path); /* before another is looked up, which may be into the same buffer */
    if (!value->path)
        return TRIPSAGE_NOMEM();
    TRIPSAGE_TRY(read_file(text, variable, value->path));
    TRIPSAGE_TRY(keep(value, variable, text));
out:
    tripsage__wipe(text, sizeof text);
    return status;
}

static tripsage_status read_alias(setting_value *value, const char *name, tripsage_config_lookup lookup, void *user)
{
    const char *found = lookup(name, user);

    if (!found || !found[0])
        return TRIPSAGE_OK;
    value->alias = name;
    return keep(value, name, found);
}

/* ---- checking ---- */

/* `problem` NULL: there is none. */
static tripsage_status refuse(const char *variable, const char *problem)
{
    return problem ? TRIPSAGE_FAIL(TRIPSAGE_EINVALID, "%s: %s", variable, problem) : TRIPSAGE_OK;
}

static tripsage_status check_postgres(const char *variable, const char *text)
{
    tripsage__url url;

    if (!tripsage__url_is_postgres(text))
        return TRIPSAGE_FAIL(TRIPSAGE_EINVALID, "%s: expected postgresql://user@host:port/name", variable);
    if (!tripsage__url_parse(&url, text))
        return TRIPSAGE_FAIL(TRIPSAGE_EINVALID,
                             "%s: no URL can be read from it: write %%40 for @, %%2F for /, %%3A for :, %%25 for %% in "
                             "a password, or leave "
                             "it out of the URL and set DATABASE_PASSWORD, which is taken as it is",
                             variable);
    return TRIPSAGE_OK;
}

static tripsage_status check_database(const char *variable, const char *text)
{
    tripsage__span address, project;

    if (strncmp(text, "sqlite:", 7) == 0 && text[7])
        return TRIPSAGE_OK;
    if (tripsage__url_is_postgres(text))
        return check_postgres(variable, text);
    if (strncmp(text, "http", 4) != 0)
        return TRIPSAGE_FAIL(
            TRIPSAGE_EINVALID,
            "%s: expected sqlite:///path/to.db, sqlite::memory:, postgresql://user@host:port/name, or a Supabase "
            "project's address, https://<project>.supabase.co",
            variable);
    if (!tripsage__supabase_address(text, &address, &project))
        return TRIPSAGE_FAIL(TRIPSAGE_EINVALID,
                             "%s: expected the address of the Supabase project itself, https://<project>.supabase.co, "
                             "with nothing behind it",
                             variable);
    return TRIPSAGE_OK;
}

static tripsage_status check_key(const char *variable, const char *text, tripsage__key_kind wanted)
{
    tripsage__key_kind found;
    char project[64];
    tripsage_status status = tripsage__supabase_key(&found, project, text);

    if (status != TRIPSAGE_OK)
        return status;
    if (found == wanted && strlen(text) >= KEY_MIN && strlen(text) <= KEY_MAX)
        return TRIPSAGE_OK;
    if (found == wanted)
        return TRIPSAGE_FAIL(TRIPSAGE_EINVALID, "%s: expected %d to %d characters, as the dashboard shows them",
                             variable, KEY_MIN, KEY_MAX);
    if (found == TRIPSAGE__KEY_SERVICE)
        return TRIPSAGE_FAIL(
            TRIPSAGE_EINVALID,
            "%s: this is the project's secret key, which may do everything; put the publishable (anon) key there",
            variable);
    if (found == TRIPSAGE__KEY_PUBLIC)
        return TRIPSAGE_FAIL(TRIPSAGE_EINVALID,
                             "%s: this is the project's publishable key; put the secret (service_role) key there",
                             variable);
    return TRIPSAGE_FAIL(
        TRIPSAGE_EINVALID,
        "%s: expected a key of the form %s, or the token of the legacy %s key (dashboard: Settings, API Keys)",
        variable, wanted == TRIPSAGE__KEY_PUBLIC ? "sb_publishable_..." : "sb_secret_...",
        wanted == TRIPSAGE__KEY_PUBLIC ? "anon" : "service_role");
}

static tripsage_status check_cache(const char *variable, const char *text, int by_rest)
{
    const char *problem = tripsage__cache_url_problem(text);

    if (by_rest && !tripsage__cache_url_is_rest(text))
        problem = "expected https://host";
    if (!by_rest && (tripsage__cache_url_is_rest(text) || !tripsage__cache_url_is_known(text)))
        problem = "expected memory:, redis://host:port, rediss://host:port or unix:///path; an https address goes into "
                  "UPSTASH_REDIS_REST_URL";
    return refuse(variable, problem);
}

/* It goes into a header and into a query, and has to come out of both as it went in. */
static tripsage_status check_token(const char *variable, const char *text)
{
    size_t length = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=");

    return !text[length] && length >= TRIPSAGE_CACHE_TOKEN_MIN && length <= TOKEN_MAX
               ? TRIPSAGE_OK
               : TRIPSAGE_FAIL(TRIPSAGE_EINVALID,
                               "%s: expected %u to %u letters, digits and -._~+/= (openssl rand -hex 32 makes some)",
                               variable, TRIPSAGE_CACHE_TOKEN_MIN, TOKEN_MAX);
}

/* A model may be a folder, which can be opened and not be read. */
static tripsage_status check_file(const char *variable, const char *path, int may_be_folder)
{
    FILE *file = fopen(path, "re");
    int error = file ? 0 : errno;

    if (file && !may_be_folder && fgetc(file) == EOF && ferror(file))
        error = errno;
    if (file)
        fclose(file);
    return error ? cannot_read(variable, path, error) : TRIPSAGE_OK;
}

static tripsage_status check_switch(const char *variable, const char *text, long *number)
{
    static const char *const words[] = {"false", "true", "0", "1", "no", "yes", "off", "on"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcasecmp(text, words[i]) == 0) {
            *number = i % 2;
            return TRIPSAGE_OK;
        }
    return TRIPSAGE_FAIL(TRIPSAGE_EINVALID, "%s: expected true or false, got \"%.40s\"", variable, text);
}

static tripsage_status check_environment(const char **environment, const char *variable, const char *text)
{
    for (size_t i = 0; i < sizeof environments / sizeof environments[0]; i++)
        if (strcasecmp(text, environments[i][0]) == 0) {
            *environment = environments[i][1];
            return TRIPSAGE_OK;
        }
    return TRIPSAGE_FAIL(TRIPSAGE_EINVALID, "%s: expected development, test, staging or production, got \"%.40s\"",
                         variable, text);
}

static tripsage_status check_algorithm(const char *variable, const char *text)
{
    static const char *const names[] = {"ES256", "RS256", "HS256"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(text, names[i]) == 0)
            return TRIPSAGE_OK;
    return TRIPSAGE_FAIL(TRIPSAGE_EINVALID, "%s: expected ES256, RS256 or HS256, got \"%.40s\"", variable, text);
}

static tripsage_status check_number(const char *variable, const char *text, long min, long max, long *number)
{
    if (strlen(text) < 16 && strspn(text, "0123456789") == strlen(text))
        *number = strtol(text, NULL, 10);
    if (*number < min || *number > max)
        return TRIPSAGE_FAIL(TRIPSAGE_EINVALID, "%s: expected a number from %ld to %ld, got \"%.40s\"", variable, min,
                             max, text);
    return TRIPSAGE_OK;
}

static tripsage_status check_word(const char *variable, const char *text, setting_id id, long *number)
{
    char all[256] = "";

    for (int i = 0; i < WORDS_MAX && choices[id][i]; i++) {
        if (strcasecmp(text, choices[id][i]) == 0) {
            *number = i;
            return TRIPSAGE_OK;
        }
        strcat(strcat(all, i ? ", " : ""), choices[id][i]); /* they are ours, and short */
    }
    return TRIPSAGE_FAIL(TRIPSAGE_EINVALID, "%s: expected one of %s, got \"%.40s\"", variable, all, text);
}

/* 0, 1, or a point and digits behind the 0. The number is it in billionths. */
static tripsage_status check_share(const char *variable, const char *text, long *number)
{
    const char *at = text + strspn(text, "0");
    long share = 0, digit = 100000000;

    if (*at == '1')
        share = 1000000000, at++;
    if (at != text && *at == '.')
        for (at++; *at >= '0' && *at <= '9'; at++, digit /= 10)
            share += (*at - '0') * digit;
    if (at == text || *at || share > 1000000000)
        return TRIPSAGE_FAIL(TRIPSAGE_EINVALID, "%s: expected a share from 0 to 1, such as 0.25, got \"%.40s\"",
                             variable, text);
    *number = share;
    return TRIPSAGE_OK;
}

static tripsage_status check(tripsage_config *config, setting_id id)
{
    setting_value *value = &config->values[id];
    char source[64];
    const char *variable = tripsage__config_source(config, id, source);

    switch (rules[id].kind) {
    case STAGE:
        return check_environment(&config->environment, variable, value->text);
    case DATABASE:
        return check_database(variable, value->text);
    case POSTGRES:
        return check_postgres(variable, value->text);
    case READABLE_FILE:
        return check_file(variable, value->text, 0);
    case PUBLIC_KEY:
        return check_key(variable, value->text, TRIPSAGE__KEY_PUBLIC);
    case SERVICE_KEY:
        return check_key(variable, value->text, TRIPSAGE__KEY_SERVICE);
    case SIGNING_KEY: /* RFC 7518, 3.2 */
        return strlen(value->text) >= 32 && strlen(value->text) <= 1024
                   ? TRIPSAGE_OK
                   : TRIPSAGE_FAIL(TRIPSAGE_EINVALID, "%s: expected at least 32 bytes (RFC 7518, 3.2) and at most 1024",
                                   variable);
    case ALGORITHM:
        return check_algorithm(variable, value->text);
    case MASTER_KEY:
        return strlen(value->text) >= TRIPSAGE__MASTER_MIN && strlen(value->text) <= TRIPSAGE__MASTER_MAX
                   ? TRIPSAGE_OK
                   : TRIPSAGE_FAIL(TRIPSAGE_EINVALID,
                                   "%s: expected at least %d bytes and at most %d: openssl rand -hex 32 makes some",
                                   variable, TRIPSAGE__MASTER_MIN, TRIPSAGE__MASTER_MAX);
    case SIGNATURE: /* TRIPSAGE_WEBHOOK_SECRET_MIN */
        return strlen(value->text) >= 32 && strlen(value->text) <= 1024
                   ? TRIPSAGE_OK
                   : TRIPSAGE_FAIL(
                         TRIPSAGE_EINVALID,
                         "%s: expected at least 32 characters and at most 1024: openssl rand -hex 32 makes some",
                         variable);
    case CACHE:
        return check_cache(variable, value->text, 0);
    case TOKEN:
        return check_token(variable, value->text);
    case REST:
        return check_cache(variable, value->text, 1);
    case PREFIX: /* tripsage_cache_options.key_prefix */
        return strlen(value->text) <= 256
                   ? TRIPSAGE_OK
                   : TRIPSAGE_FAIL(TRIPSAGE_EINVALID, "%s: expected at most 256 bytes", variable);
    case HOST:
        return tripsage__smtp_is_host(value->text)
                   ? TRIPSAGE_OK
                   : TRIPSAGE_FAIL(TRIPSAGE_EINVALID, "%s: expected the name or the address of a host, and no more",
                                   variable);
    case ADDRESS:
        return tripsage__mail_is_address(value->text)
                   ? TRIPSAGE_OK
                   : TRIPSAGE_FAIL(TRIPSAGE_EINVALID, "%s: expected an e-mail address such as trips@example.org",
                                   variable);
    case WEB:
        return (strncmp(value->text, "https://", 8) == 0 && value->text[8]) ||
                       (strncmp(value->text, "http://", 7) == 0 && value->text[7])
                   ? TRIPSAGE_OK
                   : TRIPSAGE_FAIL(TRIPSAGE_EINVALID, "%s: expected a URL that begins with https:// or http://",
                                   variable);
    case EMBEDDING:
        return strcmp(value->text, "builtin") == 0 || strcmp(value->text, "openai") == 0
                   ? TRIPSAGE_OK
                   : check_file(variable, value->text, 1);
    case SWITCH:
        return check_switch(variable, value->text, &value->number);
    case NUMBER:
        return check_number(variable, value->text, rules[id].min, rules[id].max, &value->number);
    case WORD:
        return check_word(variable, value->text, id, &value->number);
    case PAIRS:
        return refuse(variable, tripsage__pairs_problem(value->text));
    case SHARE:
        return check_share(variable, value->text, &value->number);
    case CONTACTS:
        return refuse(variable, tripsage__contacts_problem(value->text));
    case LANGUAGES:
        return refuse(variable, tripsage__languages_problem(value->text));
    case SECURE_WEB:
        return refuse(variable, strncmp(value->text, "https://", 8) == 0 && value->text[8] && !strchr(value->text, ' ')
                                    ? NULL
                                    : "expected a URL that begins with https://");
    case TEXT:
        break;
    }
    return TRIPSAGE_OK;
}

/* ---- sealed values ---- */

static tripsage_status make_sealer(tripsage_config *config)
{
    static const setting_id ids[] = {SECRET_KEY, SECRET_KEY_PREVIOUS};
    tripsage__master masters[2];
    size_t count = 0;

    for (size_t i = 0; i < 2; i++)
        if (config->values[ids[i]].text)
            masters[count++] = (tripsage__master){config->values[ids[i]].text, strlen(config->values[ids[i]].text)};
    return count ? tripsage__sealer_new(&config->sealer, masters, count) : TRIPSAGE_OK;
}

/* Takes the plain text in the place of the sealed one. */
static tripsage_status unseal(const tripsage_config *config, setting_value *value, const char *variable)
{
    tripsage__buf plain = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    char *sealed = value->text, cause[256];
    tripsage_status status;

    if (!config->sealer)
        return TRIPSAGE_FAIL(TRIPSAGE_EINVALID, "%s: is sealed (enc:...), and there is no SECRET_KEY to read it with",
                             variable);
    status = tripsage__unseal(&plain, config->sealer, TRIPSAGE__PURPOSE_SETTING, sealed, strlen(sealed));
    if (status == TRIPSAGE_OK && (!plain.size || strlen(plain.data) != plain.size))
        status = TRIPSAGE_FAIL(TRIPSAGE_EINVALID, "%s: no line of text is sealed in it", variable);
    else if (status == TRIPSAGE_OK)
        status = keep(value, variable, plain.data);
    else if (status != TRIPSAGE_ENOMEM) {
        snprintf(cause, sizeof cause, "%s", tripsage_last_error()->message);
        status = TRIPSAGE_FAIL(TRIPSAGE_EINVALID, "%s: cannot be unsealed with SECRET_KEY: %s", variable, cause);
    }
    if (value->text != sealed)
        tripsage__free(sealed);
    tripsage__buf_free_wiped(&plain);
    return status;
}

/* ---- all of them ---- */

static tripsage_status read_one(tripsage_config *config, setting_id id, tripsage_config_lookup lookup, void *user)
{
    setting_value *value = &config->values[id];
    char source[64];
    tripsage_status status = specials[id] ? read_alias(value, specials[id], lookup, user) : TRIPSAGE_OK;

    if (status == TRIPSAGE_OK && !value->text)
        status = read_setting(value, &settings[id], lookup, user);

    if (status == TRIPSAGE_OK && !value->text && aliases[id])
        status = read_alias(value, aliases[id], lookup, user);
    if (status != TRIPSAGE_OK || !value->text)
        return status;
    if (settings[id].secret && tripsage__is_sealed(value->text) && rules[id].kind != MASTER_KEY)
        status = unseal(config, value, tripsage__config_source(config, id, source));
    return status == TRIPSAGE_OK ? check(config, id) : status;
}

/* The keys that others are sealed under come first. */
tripsage_status tripsage__config_read_settings(tripsage_config *config, tripsage_config_lookup lookup, void *user)
{
    tripsage_status status;

    TRIPSAGE_TRY(read_one(config, SECRET_KEY, lookup, user));
    TRIPSAGE_TRY(read_one(config, SECRET_KEY_PREVIOUS, lookup, user));
    TRIPSAGE_TRY(make_sealer(config));
    for (int id = 0; id < SETTING_COUNT; id++)
        if (rules[id].kind != MASTER_KEY)
            TRIPSAGE_TRY(read_one(config, (setting_id)id, lookup, user));
out:
    return status;
}
