/* config/security.c: the list of checks, what settings alone tell, and the report. The list is docs/security.md's, in its order; a test
 * compares them. */
#include "security.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/doc.h"
#include "base/env.h"
#include "base/memory.h"

/* An hour: a letter that is late is read within it, and a mailbox that is opened later has nothing in it that still works. */
#define OTP_MAX_S 3600
/* tripsage_auth_options.otp_ttl_s */
#define OTP_DEFAULT_S 86400

/* Five minutes: the largest body over a slow phone's network, and not a connection that is held on purpose. */
#define REQUEST_TIMEOUT_MAX_S 300

/* Ten seconds: what somebody loses who was just put out of a trip and looks once more. */
#define STALENESS_MAX_MS 10000

/* A network of a company has 2^24 addresses at most (10.0.0.0/8), a site's has a /48. */
#define EXEMPT_MIN_BITS_4 8
#define EXEMPT_MIN_BITS_6 32

/* ---- saying ---- */

static void put_sentence(tripsage__buf *buf, const char *format, va_list arguments)
{
    char sentence[512];

    vsnprintf(sentence, sizeof sentence, format, arguments);
    tripsage__end_with_character(sentence);
    tripsage__buf_puts(buf, sentence);
}

tripsage__verdict tripsage__passes(tripsage__look *look, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    put_sentence(&look->message, format, arguments);
    va_end(arguments);
    return TRIPSAGE__PASS;
}

tripsage__verdict tripsage__skips(tripsage__look *look, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    put_sentence(&look->message, format, arguments);
    va_end(arguments);
    return TRIPSAGE__SKIP;
}

tripsage__verdict tripsage__fails(tripsage__look *look, const char *fix, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    put_sentence(&look->message, format, arguments);
    va_end(arguments);
    tripsage__buf_puts(&look->fix, fix);
    return TRIPSAGE__FAIL;
}

/* ---- what single settings tell ---- */

static tripsage__verdict check_environment(tripsage__look *look)
{
    const char *environment = look->config->environment;

    if (strcmp(environment, "production") == 0)
        return tripsage__passes(look, "ENVIRONMENT is production");
    return tripsage__fails(look, "set ENVIRONMENT=production where people use it",
                           "ENVIRONMENT is %s, which starts with secrets that anybody can guess", environment);
}

static tripsage__verdict check_debug(tripsage__look *look)
{
    return look->facts->debug ? tripsage__fails(look, "set DEBUG=false", "DEBUG is on")
                              : tripsage__passes(look, "DEBUG is off");
}

static tripsage__verdict check_log_level(tripsage__look *look)
{
    if (look->facts->log_level >= TRIPSAGE_LOG_DEBUG && !look->facts->debug)
        return tripsage__fails(look, "set LOG_LEVEL=INFO",
                               "LOG_LEVEL is DEBUG, which tells more than an operator needs");
    return tripsage__passes(look, "the log tells what an operator needs");
}

static tripsage__verdict check_rate_limits(tripsage__look *look)
{
    if (look->config->auth.no_limits)
        return tripsage__fails(look, "take RATE_LIMIT_ENABLED=false away",
                               "RATE_LIMIT_ENABLED is false: passwords and codes can be tried without end");
    if (look->facts->limits_off)
        return tripsage__fails(look, "set TRIPSAGE_RATE_LIMIT=on", "nobody has to wait who asks too often");
    return tripsage__passes(look, "who asks or guesses too often has to wait");
}

static tripsage__verdict check_limits_away(tripsage__look *look)
{
    if (look->facts->limits_open)
        return tripsage__fails(look, "set TRIPSAGE_RATE_LIMIT_AWAY=local, or closed",
                               "without the cache that counts there are no limits: whoever stops it has free hands");
    return tripsage__passes(look, "without the cache that counts there are limits all the same");
}

static tripsage__verdict check_exempt(tripsage__look *look)
{
    const char *at = look->facts->exempt;

    for (at = at ? at + strspn(at, ", ") : NULL; at && *at; at += strspn(at, ", ")) {
        size_t length = strcspn(at, ", ");
        const char *slash = memchr(at, '/', length);
        int is_6 = memchr(at, ':', length) != NULL;
        long bits = slash ? strtol(slash + 1, NULL, 10) : 128;

        if (bits < (is_6 ? EXEMPT_MIN_BITS_6 : EXEMPT_MIN_BITS_4))
            return tripsage__fails(
                look, "name your own networks in TRIPSAGE_RATE_LIMIT_EXEMPT, address by address if need be",
                "the network %.*s, which no limits hold for, is larger than anybody's own", (int)length, at);
        at += length;
    }
    return tripsage__passes(look, "limits hold for all but networks of a size that one may have");
}

static tripsage__verdict check_request_timeout(tripsage__look *look)
{
    if (!look->facts->host)
        return tripsage__skips(look, "there is no server");
    if (look->facts->request_timeout_s > REQUEST_TIMEOUT_MAX_S)
        return tripsage__fails(look, "set TRIPSAGE_REQUEST_TIMEOUT=60",
                               "a client may take %u seconds over a request, and hold a connection as long",
                               look->facts->request_timeout_s);
    return tripsage__passes(look, "a client that is slow on purpose is cut off");
}

static int is_confirming(const tripsage_config *config)
{
    return config->auth.confirm_email > 0 || (config->auth.confirm_email == 0 && config->mail.host);
}

static int is_project(const tripsage_config *config)
{
    return config->address.size != 0;
}

static tripsage__verdict check_mail(tripsage__look *look)
{
    if (is_project(look->config))
        return tripsage__skips(look, "accounts are the Supabase project's");
    if (!look->config->mail.host)
        return tripsage__fails(look, "set SMTP_HOST and SMTP_ADMIN_EMAIL",
                               "there is no mail server: who forgets a password cannot get in again");
    return tripsage__passes(look, "forgotten passwords are replaced by mail");
}

static tripsage__verdict check_confirmation(tripsage__look *look)
{
    if (is_project(look->config))
        return tripsage__skips(look, "accounts are the Supabase project's");
    if (!look->config->mail.host && look->config->auth.confirm_email == 0)
        return tripsage__skips(look, "there is no mail server to confirm addresses with");
    if (!is_confirming(look->config))
        return tripsage__fails(look, "take ENABLE_EMAIL_AUTOCONFIRM=true away",
                               "who signs up need not own the address, and is told whether somebody else has it");
    return tripsage__passes(look, "who signs up confirms the address");
}

static tripsage__verdict check_email_change(tripsage__look *look)
{
    if (look->config->auth.email_change_single)
        return tripsage__fails(look, "take TRIPSAGE_SECURE_EMAIL_CHANGE=false away",
                               "whoever has a session can move the account to another address without the old mailbox");
    return tripsage__passes(look, "another address is confirmed from both mailboxes");
}

static tripsage__verdict check_password_change(tripsage__look *look)
{
    if (is_project(look->config))
        return tripsage__skips(look, "accounts are the Supabase project's");
    if (!look->config->auth.password_needs_nonce)
        return tripsage__fails(look, "set TRIPSAGE_PASSWORD_REAUTHENTICATION=true",
                               "whoever has an old session can set a new password");
    return tripsage__passes(look, "a new password in an old session needs a code from the mailbox");
}

static tripsage__verdict check_otp_lifetime(tripsage__look *look)
{
    unsigned seconds = look->config->auth.otp_ttl_s ? look->config->auth.otp_ttl_s : OTP_DEFAULT_S;

    if (is_project(look->config))
        return tripsage__skips(look, "accounts are the Supabase project's");
    if (seconds > OTP_MAX_S)
        return tripsage__fails(look, "set TRIPSAGE_OTP_EXPIRY_S=3600, or less",
                               "a code from a mail is good for %u seconds, and an old mail with it", seconds);
    return tripsage__passes(look, "a code from a mail is good for %u seconds", seconds);
}

/* Between other characters than letters and digits: "contest" is no test. */
static int has_word(const char *text, size_t size, const char *word)
{
    size_t length = strlen(word);

    for (size_t i = 0; i + length <= size; i++)
        if (strncasecmp(text + i, word, length) == 0 && (i == 0 || !isalnum((unsigned char)text[i - 1])) &&
            (i + length == size || !isalnum((unsigned char)text[i + length])))
            return 1;
    return 0;
}

static tripsage__verdict check_database_name(tripsage__look *look)
{
    static const char *const words[] = {"test", "dev", "development", "demo", "staging"};
    const char *url = look->database_url, *end, *at;

    if (!url)
        return tripsage__skips(look, "no database is named");
    end = url + strcspn(url, "?");
    for (at = end; at > url && at[-1] != '/' && at[-1] != ':';)
        at--;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (has_word(at, (size_t)(end - at), words[i]))
            return tripsage__fails(look, "name the database of production in DATABASE_URL or POSTGRES_URL",
                                   "the database's name has \"%s\" in it", words[i]);
    return tripsage__passes(look, "the database's name is no test's");
}

static tripsage__verdict check_staleness(tripsage__look *look)
{
    unsigned ms = look->config->options.max_staleness_ms;

    if (ms > STALENESS_MAX_MS)
        return tripsage__fails(look, "set TRIPSAGE_DATABASE_MAX_STALENESS_MS=500, or 0",
                               "a right to a trip that was taken away may be used for %u ms more", ms);
    return tripsage__passes(look, "rights that were taken away are gone within %u ms", ms);
}

/* ---- the list ---- */

enum { REFUSES = 1 }; /* production does not start when it fails */

static const struct check {
    const char *id, *severity;
    const char *asvs; /* requirements of version 5.0.0, separated by blanks */
    tripsage__check_fn *look;
    unsigned flags;
    setting_id of;
} checks[] = {
    {"environment", "high", "V13.4.2", check_environment, 0, 0},
    {"debug", "high", "V13.4.2 V16.5.1", check_debug, 0, 0},
    {"log-level", "low", "V13.4.2 V16.2.5", check_log_level, 0, 0},
    {"secret-key", "critical", "V11.2.3 V11.5.1 V13.3.1", tripsage__check_secret_key, REFUSES, 0},
    {"secret-key-previous", "low", "V13.3.4", tripsage__check_previous_key, 0, 0},
    {"secrets-distinct", "high", "V11.1.1 V11.1.2", tripsage__check_distinct, 0, 0},
    {"jwt-secret", "critical", "V9.1.1 V11.2.3 V11.5.1", tripsage__check_jwt_secret, REFUSES, 0},
    {"public-key", "medium", "V13.2.3", tripsage__check_project_key, REFUSES, DATABASE_PUBLIC_KEY},
    {"service-key", "critical", "V13.2.1 V13.2.3", tripsage__check_project_key, REFUSES, DATABASE_SERVICE_KEY},
    {"database-password", "critical", "V13.2.1 V13.2.3", tripsage__check_database_password, REFUSES, 0},
    {"redis-password", "high", "V13.2.1 V13.2.3", tripsage__check_redis_password, REFUSES, 0},
    {"upstash-token", "high", "V13.2.3", tripsage__check_upstash_token, REFUSES, 0},
    {"cache-token", "high", "V11.5.1 V13.2.3", tripsage__check_cache_tokens, REFUSES, 0},
    {"metrics-token", "high", "V13.2.3 V13.4.5", tripsage__check_metrics_token, REFUSES, 0},
    {"webhook-secret", "high", "V4.1.5 V11.2.3 V13.2.3", tripsage__check_webhook_secret, REFUSES, 0},
    {"smtp-password", "high", "V13.2.1 V13.2.3", tripsage__check_smtp_password, REFUSES, 0},
    {"openai-key", "medium", "V13.2.3", tripsage__check_openai_key, REFUSES, 0},
    {"secret-files", "high", "V13.3.2", tripsage__check_secret_files, 0, 0},
    {"variables-file", "high", "V13.3.2", tripsage__check_variables_file, 0, 0},
    {"database-file", "high", "V13.3.2 V14.2.4", tripsage__check_database_file, 0, 0},
    {"tls", "critical", "V12.2.1", tripsage__check_tls, 0, 0},
    {"tls-key-file", "high", "V13.3.2", tripsage__check_tls_key_file, 0, 0},
    {"tls-certificate", "high", "V12.2.2", tripsage__check_tls_certificate, 0, 0},
    {"external-url", "medium", "V12.2.1", tripsage__check_external_url, 0, 0},
    {"site-url", "medium", "V12.2.1", tripsage__check_site_url, 0, 0},
    {"redirect-urls", "high", "V3.7.2 V10.4.1", tripsage__check_redirects, 0, 0},
    {"cors-origins", "high", "V3.4.2 V12.2.1", tripsage__check_origins, 0, 0},
    {"trusted-proxies", "high", "V4.1.3 V15.3.4", tripsage__check_proxies, 0, 0},
    {"rate-limit", "high", "V6.3.1 V6.6.3", check_rate_limits, 0, 0},
    {"rate-limit-away", "low", "V6.3.1 V16.5.3", check_limits_away, 0, 0},
    {"rate-limit-exempt", "medium", "V6.3.1", check_exempt, 0, 0},
    {"request-timeout", "low", "V15.2.2", check_request_timeout, 0, 0},
    {"mail", "medium", "V6.4.3", check_mail, 0, 0},
    {"email-confirmation", "high", "V6.3.8", check_confirmation, 0, 0},
    {"email-change", "medium", "V7.5.1", check_email_change, 0, 0},
    {"password-change", "medium", "V6.2.3 V7.5.1", check_password_change, 0, 0},
    {"otp-lifetime", "medium", "V6.4.1 V6.5.5", check_otp_lifetime, 0, 0},
    {"database-tls", "critical", "V12.3.1", tripsage__check_database_tls, 0, 0},
    {"database-identity", "medium", "V12.3.2 V12.3.4", tripsage__check_database_identity, 0, 0},
    {"redis-tls", "high", "V12.3.1", tripsage__check_redis_tls, 0, 0},
    {"embedder-tls", "high", "V12.3.1", tripsage__check_embedder_tls, 0, 0},
    {"database-name", "medium", "V15.2.3", check_database_name, 0, 0},
    {"staleness", "low", "V8.3.2", check_staleness, 0, 0},
    {"database", "high", "V8.2.2", tripsage__check_database, 0, 0},
    {"rls-login", "critical", "V8.2.2 V13.2.2", tripsage__check_rls_login, 0, 0},
    {"rls-owner", "medium", "V13.2.2", tripsage__check_rls_owner, 0, 0},
    {"rls-tables", "critical", "V8.2.2 V8.3.1", tripsage__check_rls_tables, 0, 0},
    {"rls-policies", "critical", "V8.2.2 V8.4.1", tripsage__check_rls_policies, 0, 0},
    {"rls-grants", "critical", "V8.2.1 V8.2.3", tripsage__check_rls_grants, 0, 0},
    {"rls-views", "high", "V8.2.2 V8.3.3", tripsage__check_rls_views, 0, 0},
    {"rls-functions", "high", "V8.2.1 V8.3.1", tripsage__check_rls_functions, 0, 0},
};
#define CHECK_COUNT (sizeof checks / sizeof checks[0])

/* ---- the report ---- */

typedef struct report {
    tripsage__buf checks, refusals;
    unsigned count[3]; /* by verdict */
} report;

static void put_asvs(tripsage__buf *json, const char *at)
{
    const char *separator = "[";

    for (size_t length; *at; at += length + (at[length] == ' ')) {
        length = strcspn(at, " ");
        tripsage__buf_puts(json, separator);
        tripsage__json_put_stringn(json, at, length);
        separator = ",";
    }
    tripsage__buf_putc(json, ']');
}

/* "SECRET_KEY is not set: set it to ..." */
static void put_refusal(tripsage__buf *json, const tripsage__look *look)
{
    tripsage__buf sentence = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);

    tripsage__buf_put(&sentence, look->message.data, look->message.size);
    TRIPSAGE__LIT(&sentence, ": ");
    tripsage__buf_put(&sentence, look->fix.data, look->fix.size);
    if (json->size)
        tripsage__buf_putc(json, ',');
    if (tripsage__buf_status(&sentence) == TRIPSAGE_OK)
        tripsage__json_put_stringn(json, sentence.data, sentence.size);
    else
        json->failed = sentence.failed;
    tripsage__buf_free(&sentence);
}

static tripsage_status go_through(report *r, tripsage__look *look, const struct check *check)
{
    static const char *const verdicts[] = {"pass", "fail", "skip"};
    tripsage__buf *json = &r->checks;
    tripsage__verdict verdict;
    tripsage_status status;

    look->message.size = look->fix.size = 0;
    look->of = check->of;
    verdict = check->look(look);
    TRIPSAGE_TRY(tripsage__buf_status(&look->message));
    TRIPSAGE_TRY(tripsage__buf_status(&look->fix));
    r->count[verdict]++;
    tripsage__buf_printf(json,
                         "%s{\"id\":\"%s\",\"severity\":\"%s\",\"status\":\"%s\",\"message\":", json->size ? "," : "",
                         check->id, check->severity, verdicts[verdict]);
    tripsage__json_put_stringn(json, look->message.data, look->message.size);
    TRIPSAGE__LIT(json, ",\"fix\":");
    tripsage__json_put_text(json, look->fix.size ? look->fix.data : NULL, look->fix.size);
    TRIPSAGE__LIT(json, ",\"asvs\":");
    put_asvs(json, check->asvs);
    tripsage__buf_puts(json, check->flags & REFUSES ? ",\"refuses\":true}" : ",\"refuses\":false}");
    if (verdict == TRIPSAGE__FAIL && check->flags & REFUSES)
        put_refusal(&r->refusals, look);
    TRIPSAGE_TRY(tripsage__buf_status(&r->refusals));
    status = tripsage__buf_status(json);
out:
    return status;
}

tripsage_status tripsage_security_report(tripsage_doc **out, const tripsage_config *config,
                                         const tripsage_security_facts *facts, tripsage *ts)
{
    static const tripsage_security_facts none = TRIPSAGE_SECURITY_FACTS_INIT;
    static const tripsage__buf empty = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    tripsage__look look = {.config = config, .facts = facts ? facts : &none, .message = empty, .fix = empty};
    report r = {empty, empty, {0, 0, 0}};
    tripsage_doc *doc = NULL;
    tripsage_status status;

    *out = NULL;
    if (look.facts->version != 1)
        return TRIPSAGE_FAIL_FIELD("#facts", "version is %u; start from TRIPSAGE_SECURITY_FACTS_INIT",
                                   look.facts->version);
    look.database_url = config->url.data ? config->url.data : look.facts->database_url;
    look.now_ms = look.facts->now_ms ? look.facts->now_ms : tripsage__system_ns() / 1000000;
    if (ts)
        TRIPSAGE_TRY(tripsage_database_security(&look.database, ts));
    if (look.database)
        TRIPSAGE_TRY(tripsage__doc_read(look.database));
    for (size_t i = 0; i < CHECK_COUNT; i++)
        TRIPSAGE_TRY(go_through(&r, &look, &checks[i]));
    TRIPSAGE_TRY(tripsage__doc_new(&doc, r.checks.size + r.refusals.size + 256));
    tripsage__buf_printf(&doc->json,
                         "{\"environment\":\"%s\",\"production_ready\":%s,\"passed\":%u,\"failed\":%u,\"skipped\":%u,"
                         "\"checks\":[",
                         config->environment, r.count[TRIPSAGE__FAIL] ? "false" : "true", r.count[TRIPSAGE__PASS],
                         r.count[TRIPSAGE__FAIL], r.count[TRIPSAGE__SKIP]);
    tripsage__buf_put(&doc->json, r.checks.data, r.checks.size);
    TRIPSAGE__LIT(&doc->json, "],\"refusals\":[");
    tripsage__buf_put(&doc->json, r.refusals.data, r.refusals.size);
    TRIPSAGE__LIT(&doc->json, "]}");
out:
    tripsage_doc_free(look.database);
    tripsage__buf_free(&look.message);
    tripsage__buf_free(&look.fix);
    tripsage__buf_free(&r.checks);
    tripsage__buf_free(&r.refusals);
    return tripsage__doc_finish(out, doc, status);
}
