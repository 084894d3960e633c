/* config/doctor.c: looking at everything that a configuration needs, each for itself, so that one that is away hides none of the others. */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <tripsage/doctor.h>

#include "auth/auth.h"
#include "base/crypto.h"
#include "base/doc.h"
#include "base/finding.h"
#include "base/memory.h"
#include "base/tls.h"
#include "config_internal.h"
#include "http/http.h"
#include "security.h"
#include "store/store.h"

/* 5 s: what a connection may take at most (connect_timeout). */
#define PATIENCE_MS 5000

typedef struct look {
    const tripsage_config *config;
    const tripsage_doctor_options *options;
    tripsage__env *env;
    tripsage__http *http;
    uint32_t patience_ms;
    tripsage__findings found;
} look;

static const char *text_of(const look *l, setting_id id)
{
    return l->config->values[id].text;
}

/* ---- the database ---- */

static tripsage_status examine_database(look *l)
{
    const tripsage_options *options = &l->config->options;
    const tripsage__store_options store_options = {.runtime = l->options->runtime,
                                                   .busy_timeout_ms = l->patience_ms,
                                                   .readers = options->readers,
                                                   .no_migrate = 1,
                                                   .max_staleness_ms = options->max_staleness_ms,
                                                   .listen_url = options->listen_url,
                                                   .makes_folder = l->options->makes_folder};
    const char *url = l->options->url ? l->options->url : l->config->url.data;
    tripsage__store *store = NULL;
    tripsage_status status = TRIPSAGE_OK;

    if (!url)
        return TRIPSAGE_OK;
    TRIPSAGE_TRY(tripsage__store_examine(&store, &l->found, url, &store_options));
    if (store)
        TRIPSAGE_TRY(tripsage__auth_examine(&l->found, store, &l->config->auth));
out:
    tripsage__store_release(store);
    return status;
}

/* ---- the cache ---- */

static const tripsage__remedy cache_remedies[] = {
    {"refuses: 401", "put the token of that database into UPSTASH_REDIS_REST_TOKEN, not the read-only one (Upstash's "
                     "console: REST API)"},
    {"refuses: 403", "put the token of that database into UPSTASH_REDIS_REST_TOKEN, not the read-only one (Upstash's "
                     "console: REST API)"},
    {"WRONGPASS",
     "put the right password into REDIS_PASSWORD, and the user into REDIS_URL (redis://user@host:port/db)"},
    {"NOAUTH", "set REDIS_PASSWORD"},
    {"AUTH", "Redis has no password: unset REDIS_PASSWORD, or set requirepass there"},
    {"NOPERM", "give the user of REDIS_URL the commands and keys: ACL SETUSER <user> ~tripsage:* +@all"},
    {"READONLY", "name the primary in REDIS_URL: this one is a replica"},
    {"refuses: 4", "correct UPSTASH_REDIS_REST_URL: it is the REST API's address that Upstash's console shows"},
    {"refuses: 5", "wait until Upstash is well again (status.upstash.com), or correct UPSTASH_REDIS_REST_URL; servers "
                   "do without meanwhile"},
    {"wrong version number", "write redis:// in place of rediss://, or name the port where Redis speaks TLS"},
    {"not Redis's protocol", "name Redis's own host and port in REDIS_URL: something else answers there"},
    {NULL, "start Redis, or correct REDIS_URL (redis-cli -u $REDIS_URL ping); without REDIS_URL each server has a "
           "cache of its own"}};

/* A command reaches the server itself, past what is kept near. */
static void examine_cache(look *l)
{
    static const char ping[] = "PING";
    const tripsage_cache_argument words[] = {{ping, sizeof ping - 1}};
    tripsage_cache_options options = l->config->cache;
    tripsage_cache_reply *reply = NULL;
    tripsage_cache *cache = NULL;
    int is_remote = options.url && strcmp(options.url, "memory:") != 0;

    options.deadline_ms = l->patience_ms;
    if (!is_remote)
        tripsage__finding(&l->found, "cache", TRIPSAGE__FINE, NULL,
                          "the cache is in the process; servers do not share it");
    else if (tripsage_cache_open(&cache, &options, l->options->runtime) != TRIPSAGE_OK ||
             tripsage_cache_command(&reply, cache, words, 1) != TRIPSAGE_OK)
        tripsage__finding_of_error(&l->found, "cache", TRIPSAGE__FAILED, cache_remedies);
    else if (reply->type == TRIPSAGE_CACHE_ERROR)
        tripsage__finding(&l->found, "cache", TRIPSAGE__FAILED, tripsage__remedy_for(cache_remedies, reply->data),
                          "the cache's server answers %.200s", reply->data);
    else
        tripsage__finding(&l->found, "cache", TRIPSAGE__FINE, NULL, "the cache's server answers");
    tripsage_cache_reply_free(reply);
    tripsage_cache_close(cache);
}

/* ---- the mail server ---- */

static const char other_port[] =
    "name the port of SMTP_HOST that speaks STARTTLS (587), or TLS from the start (465), in SMTP_PORT";

static const tripsage__remedy mail_remedies[] = {
    {"certificate",
     "put the name that is in the server's certificate into SMTP_HOST; or have it renewed; that of a CA of "
     "your own is made known by update-ca-certificates"},
    {"TLS", other_port},
    {"SSL", other_port},
    {"ogin denied", "put user and password of that server into SMTP_USER and SMTP_PASS"},
    {NULL, "see that SMTP_HOST is the name of the mail server, SMTP_PORT the port it takes mails at (587, or 465), and "
           "that this machine may reach it (many hosters block 25)"}};

/* Signs in, as before a mail, and sends none. */
static void examine_mail(look *l)
{
    const tripsage_mail_options *mail = l->config->auth.mail;
    tripsage__smtp server = {.host = NULL};

    if (!mail || !mail->host)
        return;
    server.host = mail->host;
    server.port = (uint16_t)mail->port;
    server.user = mail->user;
    server.password = mail->password;
    if (tripsage__smtp_sign_in(l->http, &server, l->patience_ms) != TRIPSAGE_OK)
        tripsage__finding_of_error(&l->found, "mail", TRIPSAGE__FAILED, mail_remedies);
    else
        tripsage__finding(&l->found, "mail", TRIPSAGE__FINE, NULL, mail->user ? "%s lets \"%s\" in" : "%s answers",
                          mail->host, mail->user);
}

/* ---- the embedder ---- */

static const tripsage__remedy embedder_remedies[] = {
    {"refuses the key", "put a key of that server into OPENAI_API_KEY"},
    {"asks for a key", "set OPENAI_API_KEY"},
    {"refuses the model", "set EMBEDDING_MODEL to one that the server has"},
    {"does not exist", "set EMBEDDING_MODEL to one that the server has and the key may use"},
    {"has had enough", "see that the account of OPENAI_API_KEY has credit, and how often it may ask"},
    {"(404)", "correct OPENAI_BASE_URL: it is all that stands before /embeddings, and mostly ends in /v1"},
    {"none of embeddings", "correct OPENAI_BASE_URL: it is all that stands before /embeddings, and mostly ends in /v1"},
    {"does not embed", "look into the log of the server of OPENAI_BASE_URL, which answers with a failure; or set "
                       "TRIPSAGE_EMBEDDER to builtin"},
    {"dimensions", "set EMBEDDING_DIMENSIONS to what the model's vectors have"},
    {"the model \"", "set TRIPSAGE_EMBEDDER to the path of a model's folder (Model2Vec) or file (word2vec, GloVe)"},
    {NULL, "see that the server of OPENAI_BASE_URL runs and can be reached, or set TRIPSAGE_EMBEDDER to builtin"}};

static tripsage_status examine_embedder(look *l)
{
    static const char *const texts[] = {"Kyoto in autumn"};
    tripsage_embedder_options options = l->config->embedder;
    tripsage_embedder *embedder = NULL;
    float *vector = NULL;
    tripsage_status status = TRIPSAGE_OK;

    options.deadline_ms = l->patience_ms;
    if (tripsage_embedder_open(&embedder, &options, l->options->runtime) != TRIPSAGE_OK) {
        tripsage__finding_of_error(&l->found, "embedder", TRIPSAGE__FAILED, embedder_remedies);
        goto out;
    }
    vector = tripsage__calloc(tripsage_embedder_dimensions(embedder), sizeof *vector);
    if (!vector) {
        status = TRIPSAGE_NOMEM();
        goto out;
    }
    if (tripsage_embedder_embed(vector, embedder, TRIPSAGE_EMBED_QUERY, texts, 1) != TRIPSAGE_OK)
        tripsage__finding_of_error(&l->found, "embedder", TRIPSAGE__FAILED, embedder_remedies);
    else
        tripsage__finding(&l->found, "embedder", TRIPSAGE__FINE, NULL, "%s gives vectors of %u dimensions",
                          tripsage_embedder_name(embedder), tripsage_embedder_dimensions(embedder));
out:
    tripsage__free(vector);
    tripsage_embedder_close(embedder);
    return status;
}

/* ---- keys and secrets ---- */

/* Whether a key that is a token was signed with the secret: 1, 0, or -1 where it is none, or signed otherwise. */
static int is_signed_with(const char *key, const char *secret)
{
    static const char hs256[] = "eyJhbGciOiJIUzI1NiIs"; /* {"alg":"HS256", as Supabase writes it */
    unsigned char made[TRIPSAGE__SHA256_SIZE], given[TRIPSAGE__SHA256_SIZE];
    const char *signature = strrchr(key, '.');

    if (!signature || strchr(key, '.') == signature || strncmp(key, hs256, sizeof hs256 - 1) != 0 ||
        tripsage__base64url_decode(given, sizeof given, signature + 1, strlen(signature + 1)) !=
            (int64_t)sizeof given ||
        tripsage__hmac_sha256(made, secret, strlen(secret), key, (size_t)(signature - key)) != TRIPSAGE_OK)
        return -1;
    return tripsage__equal_constant_time(made, given, sizeof made);
}

static void examine_secret(look *l)
{
    static const setting_id keys[] = {DATABASE_PUBLIC_KEY, DATABASE_SERVICE_KEY};
    const char *secret = text_of(l, DATABASE_JWT_SECRET);
    int looked = 0, wrong = 0;
    char source[64];

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const char *key = text_of(l, keys[i]);
        int fits = key && secret ? is_signed_with(key, secret) : -1;

        looked |= fits >= 0;
        wrong |= fits == 0;
        if (fits == 0)
            tripsage__finding(
                &l->found, "tokens", TRIPSAGE__FAILED,
                "copy DATABASE_JWT_SECRET and both keys from one project (dashboard: Settings, API)",
                "DATABASE_JWT_SECRET is of another project than %s, which it did not sign: tokens of the project's "
                "users will be refused",
                tripsage__config_source(l->config, keys[i], source));
    }
    if (looked && !wrong)
        tripsage__finding(&l->found, "tokens", TRIPSAGE__FINE, NULL, "the keys were signed with DATABASE_JWT_SECRET");
}

static const tripsage__remedy jwks_remedies[] = {{NULL, "see that DATABASE_URL is the address of the project, that the "
                                                        "project is not paused, and that this machine may ask it "
                                                        "(curl $DATABASE_URL/auth/v1/.well-known/jwks.json)"}};

static void examine_keys(look *l)
{
    char key[2048];
    const char *headers[1] = {key};
    tripsage__http_request request = {.url = l->config->jwks_url.data, .deadline_ms = l->patience_ms, .idempotent = 1};
    tripsage__http_response response;

    if (!request.url || !*request.url)
        return;
    if (text_of(l, DATABASE_PUBLIC_KEY)) {
        snprintf(key, sizeof key, "apikey: %s", text_of(l, DATABASE_PUBLIC_KEY));
        request.headers = headers;
        request.header_count = 1;
    }
    if (tripsage__http_send(&response, l->http, &request) != TRIPSAGE_OK) {
        tripsage__finding_of_error(&l->found, "keys", TRIPSAGE__FAILED, jwks_remedies);
    } else {
        int answered = response.status == 200 && response.body.data && strstr(response.body.data, "\"keys\"");

        if (answered)
            tripsage__finding(&l->found, "keys", TRIPSAGE__FINE, NULL, "the project shows its signing keys");
        else
            tripsage__finding(&l->found, "keys", TRIPSAGE__FAILED,
                              response.status == 401 || response.status == 403
                                  ? "put the publishable key of this project into DATABASE_PUBLIC_KEY"
                                  : jwks_remedies[0].fix,
                              "%s answers %d, and not with the project's signing keys", request.url, response.status);
        tripsage__http_response_free(&response);
    }
    tripsage__wipe(key, sizeof key);
}

static void examine_clock(look *l)
{
    int64_t now = tripsage__now_ms(l->env);

    /* 2026-01-01: before this was written. A board without a battery begins in 1970. */
    if (now < INT64_C(1767225600000))
        tripsage__finding(&l->found, "clock", TRIPSAGE__FAILED,
                          "set the clock of this machine: timedatectl set-ntp true",
                          "the clock of this machine is before 2026");
}

/* ---- the program's own certificate ---- */

static const tripsage__remedy tls_remedies[] = {
    {"no certificate", "put the path of a certificate in PEM into TRIPSAGE_TLS_CERTIFICATE"},
    {"no key", "put the path of its key in PEM, without a password, into TRIPSAGE_TLS_KEY"},
    {NULL, "put certificate and key of one pair into TRIPSAGE_TLS_CERTIFICATE and TRIPSAGE_TLS_KEY"}};

static void examine_tls(look *l)
{
    static const char fix[] = "renew the certificate, and send the server SIGHUP";
    const char *certificate = l->options->tls_certificate, *key = l->options->tls_key;
    int64_t end, left;

    if (!certificate)
        return;
    if (tripsage__tls_key_fits(certificate, key ? key : certificate) != TRIPSAGE_OK ||
        tripsage__tls_certificate_end(&end, certificate) != TRIPSAGE_OK) {
        tripsage__finding_of_error(&l->found, "tls", TRIPSAGE__FAILED, tls_remedies);
        return;
    }
    left = end - tripsage__now_ms(l->env);
    if (left <= 0)
        tripsage__finding(&l->found, "tls", TRIPSAGE__FAILED, fix, "the certificate \"%.120s\" has ended", certificate);
    else
        tripsage__finding(&l->found, "tls", left < TRIPSAGE__CERTIFICATE_LEFT_MS ? TRIPSAGE__WARNING : TRIPSAGE__FINE,
                          left < TRIPSAGE__CERTIFICATE_LEFT_MS ? fix : NULL, "the certificate holds for %d days",
                          (int)(left / ((int64_t)86400 * 1000)));
}

/* ---- where spans go ---- */

static const tripsage__remedy otlp_remedies[] = {
    {NULL, "start the collector, or correct OTEL_EXPORTER_OTLP_ENDPOINT (OTLP over HTTP, port 4318); "
           "OTEL_SDK_DISABLED=true goes without"}};

/* A web server that shows the same page for every path. A collector answers in the form it was asked in (OTLP 1.5, OTLP/HTTP Response). */
static int is_page(const tripsage__http_response *response)
{
    const char *type = tripsage__http_header(response, "Content-Type");

    return type && strncasecmp(type, "text/html", 9) == 0;
}

/* An empty request is one that a collector takes: a message without spans has no bytes. */
static void examine_collector(look *l)
{
    static const char *const headers[] = {"Content-Type: application/x-protobuf"};
    const char *endpoint = l->options->otlp_endpoint;
    char url[1024], shown[TRIPSAGE__HTTP_SHOWN_SIZE];
    tripsage__http_request request = {.method = "POST",
                                      .url = url,
                                      .headers = headers,
                                      .header_count = 1,
                                      .body = "",
                                      .deadline_ms = l->patience_ms,
                                      .tries = 1};
    tripsage__http_response response;
    size_t length;

    if (!endpoint)
        return;
    length = strlen(endpoint);
    while (length && endpoint[length - 1] == '/')
        length--;
    snprintf(url, sizeof url, "%.*s/v1/traces", (int)length, endpoint);
    tripsage__http_show(shown, url);
    if (tripsage__http_send(&response, l->http, &request) != TRIPSAGE_OK) {
        tripsage__finding_of_error(&l->found, "telemetry", TRIPSAGE__FAILED, otlp_remedies);
        return;
    }
    if (response.status == 401 || response.status == 403)
        tripsage__finding(&l->found, "telemetry", TRIPSAGE__FAILED,
                          "put what it asks for into OTEL_EXPORTER_OTLP_HEADERS", "the collector at %s refuses us: %d",
                          shown, response.status);
    else if (response.status == 429 ||
             (response.status >= 500 && response.status != 501)) /* it may be well in a moment */
        tripsage__finding(&l->found, "telemetry", TRIPSAGE__WARNING, "look into the collector's log",
                          "the collector at %s answers %d: spans wait, and are dropped when there are too many", shown,
                          response.status);
    else if (response.status < 200 || response.status > 299)
        tripsage__finding(&l->found, "telemetry", TRIPSAGE__FAILED, otlp_remedies[0].fix,
                          "%s is no OTLP collector: it answers %d", shown, response.status);
    else if (is_page(&response))
        tripsage__finding(&l->found, "telemetry", TRIPSAGE__FAILED, otlp_remedies[0].fix,
                          "%s is no OTLP collector: it answers with a web page", shown);
    else
        tripsage__finding(&l->found, "telemetry", TRIPSAGE__FINE, NULL, "the collector at %s answers", shown);
    tripsage__http_response_free(&response);
}

/* ---- all of it ---- */

static tripsage_status examine(look *l)
{
    tripsage_status status;

    examine_clock(l);
    TRIPSAGE_TRY(examine_database(l));
    examine_cache(l);
    TRIPSAGE_TRY(examine_embedder(l));
    examine_secret(l);
    examine_keys(l);
    examine_mail(l);
    examine_tls(l);
    examine_collector(l);
    status = tripsage__buf_status(&l->found.json);
out:
    return status;
}

tripsage_status tripsage_doctor(tripsage_doc **out, const tripsage_config *config,
                                const tripsage_doctor_options *options)
{
    static const tripsage_doctor_options standard = TRIPSAGE_DOCTOR_OPTIONS_INIT;
    look l = {config, options, NULL, NULL, 0, TRIPSAGE__FINDINGS_INIT};
    tripsage_doc *doc = NULL;
    tripsage_status status;

    if (!out || !config)
        return TRIPSAGE_FAIL(TRIPSAGE_EMISUSE, "tripsage_doctor needs a place for the document, and a configuration");
    *out = NULL;
    if (!options)
        l.options = &standard;
    if (l.options->version != 1)
        return TRIPSAGE_FAIL_FIELD("#options", "version is %u; start from TRIPSAGE_DOCTOR_OPTIONS_INIT",
                                   l.options->version);
    l.patience_ms = l.options->patience_ms ? l.options->patience_ms : PATIENCE_MS;
    TRIPSAGE_TRY(tripsage__env_new(&l.env, l.options->runtime));
    TRIPSAGE_TRY(tripsage__http_new(&l.http, l.env, NULL));
    TRIPSAGE_TRY(examine(&l));
    TRIPSAGE_TRY(tripsage__doc_new(&doc, l.found.json.size + 64));
    tripsage__buf_puts(&doc->json, l.found.failed ? "{\"ok\":false,\"checks\":[" : "{\"ok\":true,\"checks\":[");
    tripsage__buf_put(&doc->json, l.found.json.data, l.found.json.size);
    TRIPSAGE__LIT(&doc->json, "]}");
out:
    tripsage__http_free(l.http);
    tripsage__env_free(l.env);
    tripsage__buf_free(&l.found.json);
    return tripsage__doc_finish(out, doc, status);
}
