/* config/config.c: the configuration as a whole: made, asked, explained, freed. */
#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "base/doc.h"
#include "base/memory.h"
#include "cache/cache.h"
#include "config_internal.h"

static tripsage_config *new_config(void)
{
    static const tripsage__buf empty = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    static const tripsage_options options = TRIPSAGE_OPTIONS_INIT;
    static const tripsage_auth_options auth = TRIPSAGE_AUTH_OPTIONS_INIT;
    static const tripsage_mail_options mail = TRIPSAGE_MAIL_OPTIONS_INIT;
    static const tripsage_cache_options cache = TRIPSAGE_CACHE_OPTIONS_INIT;
    static const tripsage_cache_serve_options serve = TRIPSAGE_CACHE_SERVE_OPTIONS_INIT;
    static const tripsage_embedder_options embedder = TRIPSAGE_EMBEDDER_OPTIONS_INIT;
    static const tripsage_telemetry_options telemetry = TRIPSAGE_TELEMETRY_OPTIONS_INIT;
    tripsage_config *config = tripsage__calloc(1, sizeof *config);

    if (!config)
        return NULL;
    config->url = config->listen_url = config->shown = config->supabase_url = config->issuer = config->jwks_url = empty;
    config->options = options;
    config->auth = auth;
    config->mail = mail;
    config->auth.mail = &config->mail;
    config->options.auth = &config->auth;
    config->environment = "development";
    config->cache = config->served = cache;
    config->serve = serve;
    config->options.cache = &config->cache;
    config->embedder = embedder;
    config->telemetry = telemetry;
    config->traces_url = config->resource = empty;
    config->options.embedder = &config->embedder;
    return config;
}

/* What is not set is 0 or NULL, the default. Whoever rents a database by the request is often given both its addresses; Redis's own protocol
 * costs less time. */
static tripsage_status take_cache(tripsage_config *config)
{
    int by_rest = !config->values[REDIS_URL].text && config->values[UPSTASH_URL].text;
    char source[64];

    if (by_rest && !config->values[UPSTASH_TOKEN].text)
        return TRIPSAGE_FAIL(TRIPSAGE_EINVALID,
                             "%s is set, but not UPSTASH_REDIS_REST_TOKEN, the token that it asks for",
                             tripsage__config_source(config, UPSTASH_URL, source));
    config->cache.url = config->values[by_rest ? UPSTASH_URL : REDIS_URL].text;
    config->cache.password = config->values[by_rest ? UPSTASH_TOKEN : REDIS_PASSWORD].text;
    config->cache.key_prefix = config->values[CACHE_PREFIX].text;
    config->cache.deadline_ms = (uint32_t)config->values[CACHE_DEADLINE].number;
    config->cache.retry_after_ms = (uint32_t)config->values[CACHE_RETRY_AFTER].number;
    config->cache.connections = (uint32_t)config->values[REDIS_MAX_CONNECTIONS].number;
    config->cache.near_max_bytes = (uint64_t)config->values[CACHE_NEAR_BYTES].number;
    config->cache.near_ttl_ms = (uint32_t)config->values[CACHE_NEAR_TTL].number;
    return TRIPSAGE_OK;
}

/* What others keep at /cache is apart from what the library keeps, so that they cannot empty that. */
static tripsage_status take_served_cache(tripsage_config *config)
{
    const char *token = config->values[CACHE_TOKEN].text, *reading = config->values[CACHE_READONLY_TOKEN].text;
    char source[64];

    config->served = config->cache;
    config->served.url = config->values[CACHE_URL].text;
    config->served.password = NULL;
    config->served.near_max_bytes = 0;
    config->served.max_bytes = (uint64_t)config->values[CACHE_MAX_BYTES].number;
    config->serve.token = token;
    config->serve.readonly_token = reading;
    if (reading && !token)
        return TRIPSAGE_FAIL(TRIPSAGE_EINVALID,
                             "%s is set, but not TRIPSAGE_CACHE_TOKEN, without which there is no /cache",
                             tripsage__config_source(config, CACHE_READONLY_TOKEN, source));
    if (reading && strcmp(reading, token) == 0)
        return TRIPSAGE_FAIL(TRIPSAGE_EINVALID, "%s is the same as TRIPSAGE_CACHE_TOKEN, which may do everything",
                             tripsage__config_source(config, CACHE_READONLY_TOKEN, source));
    return TRIPSAGE_OK;
}

static tripsage_status take_mail(tripsage_config *config)
{
    tripsage_mail_options *mail = &config->mail;
    char source[64];

    mail->host = config->values[SMTP_HOST].text;
    mail->port = (uint32_t)config->values[SMTP_PORT].number;
    mail->user = config->values[SMTP_USER].text;
    mail->password = config->values[SMTP_PASS].text;
    mail->sender = config->values[SMTP_SENDER].text;
    mail->sender_name = config->values[SMTP_SENDER_NAME].text;
    mail->site_url = config->values[SITE_URL].text;
    mail->redirect_urls = config->values[REDIRECT_URLS].text;
    mail->external_url = config->values[EXTERNAL_URL].text;
    mail->log_mails = !tripsage__config_is_guarded(config);
    if (mail->host && !mail->sender)
        return TRIPSAGE_FAIL(TRIPSAGE_EINVALID, "%s is set, but not SMTP_ADMIN_EMAIL, the address that mails are from",
                             tripsage__config_source(config, SMTP_HOST, source));
    return TRIPSAGE_OK;
}

/* A key alone does not send people's texts to anybody: it may be there for something else. */
static tripsage_status take_embedder(tripsage_config *config)
{
    tripsage_embedder_options *embedder = &config->embedder;
    const char *source = config->values[EMBEDDER].text;
    int is_server = source && strcmp(source, "openai") == 0;

    embedder->source = source;
    embedder->api_key = config->values[OPENAI_KEY].text;
    embedder->base_url = config->values[OPENAI_URL].text;
    embedder->model = config->values[EMBEDDING_MODEL].text;
    embedder->shorten = (int)config->values[EMBEDDING_SHORTEN].number;
    embedder->query_prefix = config->values[EMBEDDING_QUERY_PREFIX].text;
    embedder->document_prefix = config->values[EMBEDDING_DOCUMENT_PREFIX].text;
    embedder->deadline_ms = (uint32_t)config->values[EMBEDDING_DEADLINE].number;
    embedder->dimensions = is_server ? (uint32_t)config->values[EMBEDDING_DIMENSIONS].number : 0;
    if (is_server && !embedder->base_url && !embedder->api_key)
        return TRIPSAGE_FAIL(
            TRIPSAGE_EINVALID,
            "TRIPSAGE_EMBEDDER is openai: set OPENAI_API_KEY, or OPENAI_BASE_URL to a server that needs none");
    if (embedder->base_url && strpbrk(embedder->base_url, "?#@ "))
        return TRIPSAGE_FAIL(TRIPSAGE_EINVALID, "OPENAI_BASE_URL: expected a host and a path, and no more");
    if (is_server && embedder->model && strncmp(embedder->model, "text-embedding-", 15) != 0 && !embedder->dimensions)
        return TRIPSAGE_FAIL(TRIPSAGE_EINVALID,
                             "EMBEDDING_MODEL is none of OpenAI's: set EMBEDDING_DIMENSIONS to what its vectors have");
    return TRIPSAGE_OK;
}

static void take_codes(tripsage_config *config)
{
    const setting_value *autoconfirm = &config->values[AUTOCONFIRM], *secure = &config->values[SECURE_EMAIL_CHANGE];

    if (autoconfirm->text)
        config->auth.confirm_email = autoconfirm->number ? -1 : 1;
    config->auth.mail_interval_s = (uint32_t)config->values[MAIL_INTERVAL].number;
    config->auth.otp_ttl_s = (uint32_t)config->values[OTP_EXPIRY].number;
    config->auth.email_change_single = secure->text && !secure->number;
    config->auth.password_needs_nonce = (int)config->values[PASSWORD_REAUTHENTICATION].number;
    config->auth.no_limits = config->values[RATE_LIMITS].text && !config->values[RATE_LIMITS].number;
}

/* A URL of ours or another one, without its secrets. */
static void put_shown(tripsage__buf *buf, const char *text)
{
    tripsage__url url;

    if (tripsage__url_is_postgres(text) && tripsage__url_parse(&url, text))
        tripsage__url_put_masked(buf, &url);
    else
        tripsage__buf_puts(buf, text);
}

static tripsage_status make(tripsage_config *config, tripsage_config_lookup lookup, void *user)
{
    const char *mode;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__config_read_settings(config, lookup, user));
    mode = lookup("PGSSLMODE", user);
    snprintf(config->ssl_mode, sizeof config->ssl_mode, "%s", mode ? mode : "");
    TRIPSAGE_TRY(tripsage__config_make_url(config));
    if (config->url.data)
        put_shown(&config->shown, config->url.data);
    TRIPSAGE_TRY(take_cache(config));
    TRIPSAGE_TRY(take_embedder(config));
    take_codes(config);
    TRIPSAGE_TRY(take_served_cache(config));
    TRIPSAGE_TRY(take_mail(config));
    TRIPSAGE_TRY(tripsage__config_make_telemetry(config, tripsage_config_environment(config)));
    config->auth.jwt_secret = config->values[DATABASE_JWT_SECRET].text;
    config->auth.algorithm = config->values[SIGNING_ALG].text;
    config->auth.secret_key = config->values[SECRET_KEY].text;
    config->auth.previous_secret_key = config->values[SECRET_KEY_PREVIOUS].text;
    config->auth.public_key = config->values[DATABASE_PUBLIC_KEY].text;
    config->auth.service_key = config->values[DATABASE_SERVICE_KEY].text;
    config->auth.require_api_key = 1;
    config->options.busy_timeout_ms =
        (uint32_t)config->values[DATABASE_BUSY_TIMEOUT].number; /* not set is 0, the default */
    config->options.readers = (uint32_t)config->values[DATABASE_POOL_SIZE].number;
    config->options.max_staleness_ms = (uint32_t)config->values[DATABASE_MAX_STALENESS].number;
    config->options.no_migrate = config->values[DATABASE_MIGRATE].text && !config->values[DATABASE_MIGRATE].number;
    status = tripsage__buf_status(&config->shown);
out:
    return status;
}

/* The process's own variables, mended. */
static tripsage_status make_of_process(tripsage_config *config)
{
    tripsage_environment *environment = NULL;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage_environment_open(&environment, NULL, 0));
    status = make(config, tripsage_environment_get, environment);
out:
    tripsage_environment_free(environment);
    return status;
}

tripsage_status tripsage_config_read(tripsage_config **out, tripsage_config_lookup lookup, void *user)
{
    tripsage_config *config;
    tripsage_status status;

    if (!out)
        return TRIPSAGE_FAIL(TRIPSAGE_EMISUSE, "tripsage_config_read needs a place for the configuration");
    *out = NULL;
    config = new_config();
    if (!config)
        return TRIPSAGE_NOMEM();
    status = lookup ? make(config, lookup, user) : make_of_process(config);
    if (status == TRIPSAGE_OK)
        *out = config;
    else
        tripsage_config_free(config);
    return status;
}

const char *tripsage_config_environment(const tripsage_config *config)
{
    return config->environment;
}

int tripsage__config_is_guarded(const tripsage_config *config)
{
    return strcmp(config->environment, "production") == 0 || strcmp(config->environment, "staging") == 0;
}

const char *tripsage_config_url(const tripsage_config *config)
{
    return config->url.data;
}

const char *tripsage_config_shown_url(const tripsage_config *config)
{
    return config->shown.data;
}

const tripsage_options *tripsage_config_options(const tripsage_config *config)
{
    return &config->options;
}

const tripsage_cache_options *tripsage_config_served_cache(const tripsage_config *config)
{
    return config->serve.token ? &config->served : NULL;
}

const char *tripsage_config_webhook_secret(const tripsage_config *config)
{
    return config->values[WEBHOOK_SECRET].text;
}

const tripsage_cache_serve_options *tripsage_config_cache_serve(const tripsage_config *config)
{
    return config->serve.token ? &config->serve : NULL;
}

const tripsage_telemetry_options *tripsage_config_telemetry(const tripsage_config *config)
{
    return config->values[OTEL_DISABLED].number ? NULL : &config->telemetry;
}

const char *tripsage_config_security_contact(const tripsage_config *config)
{
    return config->values[SECURITY_CONTACT].text;
}

const char *tripsage_config_metrics_token(const tripsage_config *config)
{
    return config->values[METRICS_TOKEN].text;
}

void tripsage_config_free(tripsage_config *config)
{
    if (!config)
        return;
    for (int id = 0; id < SETTING_COUNT; id++) {
        if (config->values[id].text)
            tripsage__wipe(config->values[id].text, strlen(config->values[id].text));
        tripsage__free(config->values[id].text);
        tripsage__free(config->values[id].path);
    }
    tripsage__sealer_free(config->sealer);
    tripsage__buf_free_wiped(&config->url);
    tripsage__buf_free_wiped(&config->listen_url);
    tripsage__buf_free(&config->shown);
    tripsage__buf_free(&config->supabase_url);
    tripsage__buf_free(&config->issuer);
    tripsage__buf_free(&config->jwks_url);
    tripsage__buf_free(&config->traces_url);
    tripsage__buf_free(&config->resource);
    tripsage__free(config);
}

tripsage_status tripsage_config_seal(char **sealed, const tripsage_config *config, const char *text, size_t length)
{
    tripsage__buf buf = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    tripsage_status status;

    *sealed = NULL;
    if (!config->values[SECRET_KEY].text)
        return TRIPSAGE_FAIL(TRIPSAGE_EINVALID, "SECRET_KEY is not set: there is nothing to seal under");
    if (text && length == TRIPSAGE_NUL)
        length = strlen(text);
    if (!text || length == 0)
        return TRIPSAGE_FAIL_FIELD("#text", "expected what is to be sealed");
    status = tripsage__seal(&buf, config->sealer, TRIPSAGE__PURPOSE_SETTING, text, length);
    if (status == TRIPSAGE_OK)
        *sealed = tripsage__buf_take(&buf, NULL);
    tripsage__buf_free(&buf);
    return status;
}

/* ---- what holds ---- */

static void put_text(tripsage__buf *json, const char *text)
{
    tripsage__json_put_text(json, text, text ? strlen(text) : 0);
}

/* A URL is shown without its secrets, any other secret not at all. */
static tripsage_status put_setting(tripsage__buf *json, const tripsage_config *config, setting_id id)
{
    tripsage__buf shown = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    const tripsage_setting *setting = tripsage_config_setting(id);
    const char *text = config->values[id].text;
    int is_url = id == DATABASE_URL || id == POSTGRES_URL || id == DATABASE_LISTEN_URL;
    char source[64];
    tripsage_status status;

    if (text && (id == REDIS_URL || id == CACHE_URL))
        tripsage__cache_url_put_masked(&shown, text);
    else if (text)
        put_shown(&shown, is_url || !setting->secret ? text : "***");
    TRIPSAGE_TRY(tripsage__buf_status(&shown));
    tripsage__buf_puts(json, id ? ",{\"name\":" : "{\"name\":");
    put_text(json, setting->name);
    TRIPSAGE__LIT(json, ",\"value\":");
    put_text(json, text ? shown.data : setting->fallback);
    TRIPSAGE__LIT(json, ",\"source\":");
    put_text(json, text ? tripsage__config_source(config, id, source) : NULL);
    tripsage__buf_putc(json, '}');
out:
    tripsage__buf_free(&shown);
    return status;
}

tripsage_status tripsage_config_explain(tripsage_doc **out, const tripsage_config *config)
{
    tripsage_doc *doc = NULL;
    tripsage_status status;

    *out = NULL;
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 2048));
    TRIPSAGE__LIT(&doc->json, "{\"database\":");
    put_text(&doc->json, config->shown.data);
    TRIPSAGE__LIT(&doc->json, ",\"auth\":{\"issuer\":");
    put_text(&doc->json, config->issuer.data);
    TRIPSAGE__LIT(&doc->json, ",\"jwks_url\":");
    put_text(&doc->json, config->jwks_url.data);
    TRIPSAGE__LIT(&doc->json, "},\"settings\":[");
    for (int id = 0; id < SETTING_COUNT; id++)
        TRIPSAGE_TRY(put_setting(&doc->json, config, (setting_id)id));
    TRIPSAGE__LIT(&doc->json, "]}");
out:
    return tripsage__doc_finish(out, doc, status);
}
