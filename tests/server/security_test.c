/* The security report over the reference configuration (docs/production.env): it passes, and each weakness that is planted in it makes
 * the check fail that is about it, and no other. And what production does not start with. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "suite.h"
#include "support/certificate.h"

#define REFERENCE TRIPSAGE_SOURCE_DIR "/docs/production.env"
#define LIST      TRIPSAGE_SOURCE_DIR "/docs/security.md"

/* As "openssl rand -hex 32" and others made them. */
#define KEY      "6b1f0c9b4d3f46d5a4c6ad0b8e3f3d7e95ab4c1d07f2e81c5560fda7e3b9c214"
#define OTHER    "f2a94be1c07d4e6b98355d1f0e7c2ab6419d8e53b6fa07c2d4e1938b5a60fc7d"
#define PASSWORD "Jv7#qTz2m!Lx9pWd"
#define REDIS    "3f9c27ab61de80b45c2fa97d13e86b04"
#define SMTP     "wq8Rk2Zp-Tn5Vb7Lx"

static char folder[TEST_PATH_SIZE];

static const char *path_of(const char *name)
{
    return test_format("%s/%s", folder, name);
}

static void put(const char *name, const char *text, mode_t mode)
{
    FILE *file = fopen(path_of(name), "w");

    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
    ck_assert_int_eq(chmod(path_of(name), mode), 0);
}

/* The file of variables without those that `line` is about: NAME=value, where NAME_FILE is one, too. */
static const char *without(const char *text, const char *line)
{
    size_t size = strcspn(line, "=");
    const char *kept = "";

    for (size_t length; *text; text += length) {
        length = strcspn(text, "\n") + (text[strcspn(text, "\n")] == '\n');
        if (strncmp(text, line, size) != 0 || (text[size] != '=' && strncmp(text + size, "_FILE=", 6) != 0))
            kept = test_format("%s%.*s", kept, (int)length, text);
    }
    return kept;
}

static const char *reference; /* with its secrets in this folder */

/* The reference with these lines in the place of its own; a line without a value takes its own away. */
static void plant(const char *const *lines)
{
    const char *text = reference;

    for (; *lines; lines++) {
        text = without(text, *lines);
        if ((*lines)[strcspn(*lines, "=") + 1])
            text = test_format("%s%s\n", text, *lines);
    }
    put(".env", text, 0600);
}

static void begin(void)
{
    char *text = test_file_read(REFERENCE);

    ck_assert_ptr_nonnull(text);
    test_temp_make(folder);
    ck_assert_int_eq(chmod(folder, 0755), 0); /* so that the files' own modes count */
    ck_assert_int_eq(mkdir(path_of("secrets"), 0755), 0);
    put("secrets/secret_key", KEY "\n", 0400);
    put("secrets/database_password", PASSWORD "\n", 0400);
    put("secrets/redis_password", REDIS "\n", 0400);
    put("secrets/smtp_password", SMTP "\n", 0400);
    put("ca.crt", "", 0644);
    reference = test_replaced(test_replaced(text, "/run/secrets", path_of("secrets")),
                              "/etc/ssl/certs/ca-certificates.crt", path_of("ca.crt"));
    put(".env", reference, 0600);
    free(text);
}

static void end(void)
{
    test_temp_remove(folder);
    test_keep_free();
}

static int report(const char **output)
{
    return http_program(TRIPSAGE_SERVER, folder, (const char *const[]){"security-report", "--offline", "--json", NULL},
                        NULL, output);
}

/* The ids of the checks that failed, separated by blanks. */
static const char *failed(const char *json)
{
    const char *ids = "", *status;

    for (int i = 0; (status = test_json_at(json, test_format("/checks/%d/status", i))) != NULL; i++) {
        const char *id = test_json_at(json, test_format("/checks/%d/id", i));

        if (strcmp(status, "\"fail\"") == 0)
            ids = test_format("%s%s%.*s", ids, *ids ? " " : "", (int)strlen(id) - 2, id + 1);
    }
    return ids;
}

START_TEST(the_reference_passes)
{
    const char *output;

    ck_assert_msg(report(&output) == 0, "%s", failed(output));
    ck_assert_str_eq(test_json_at(output, "/production_ready"), "true");
    ck_assert_str_eq(test_json_at(output, "/failed"), "0");
    ck_assert_str_eq(test_json_at(output, "/environment"), "\"production\"");
    ck_assert_str_eq(test_json_at(output, "/refusals"), "[]");
    ck_assert_int_eq(http_program(TRIPSAGE_SERVER, folder, (const char *const[]){"security-report", "--offline", NULL},
                                  NULL, &output),
                     0);
    ck_assert_ptr_nonnull(strstr(output, "0 failed"));
    ck_assert_ptr_nonnull(strstr(output, ": ready for production\n"));
    ck_assert_ptr_null(strstr(output, "fix:"));
}
END_TEST

#define DEMO_KEY                                                                                                       \
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJzdXBhYmFzZS1kZW1vIiwicm9sZSI6InNlcnZpY2Vfcm9sZSJ9.c2ln"

/* Each is put into the reference. */
static const struct {
    const char *check, *lines[4];
    const char *file; /* whose mode is another then */
    mode_t mode;
} weaknesses[] = {
    {"environment", {"ENVIRONMENT=staging"}, NULL, 0},
    {"debug", {"DEBUG=true"}, NULL, 0},
    {"log-level", {"LOG_LEVEL=DEBUG"}, NULL, 0},
    {"secret-key", {"SECRET_KEY=your-application-secret-key-with-32-bytes"}, NULL, 0},
    {"secret-key", {"SECRET_KEY=00000000000000000000000000000000"}, NULL, 0},
    {"secret-key", {"SECRET_KEY=abcdefghijklmnopqrstuvwxyz012345"}, NULL, 0},
    {"secret-key", {"SECRET_KEY=a secret key of thirty-two bytes or more"}, NULL, 0},
    {"secret-key-previous", {"SECRET_KEY_PREVIOUS=" OTHER}, NULL, 0},
    {"secrets-distinct", {"DATABASE_JWT_SECRET=" KEY}, NULL, 0},
    {"jwt-secret", {"DATABASE_JWT_SECRET=super-secret-jwt-token-with-at-least-32-characters-long"}, NULL, 0},
    {"jwt-secret", {"DATABASE_JWT_SECRET=testtesttesttesttesttesttesttesttest"}, NULL, 0},
    {"public-key", {"DATABASE_PUBLIC_KEY=sb_publishable_ACJWlzQHlZjBrEguHvfOxg_3BJgxAaH"}, NULL, 0},
    {"service-key", {"DATABASE_SERVICE_KEY=sb_secret_N7UND0UgjKTVK-Uodkm0Hg_xSvEMPvz"}, NULL, 0},
    {"service-key", {"DATABASE_SERVICE_KEY=" DEMO_KEY}, NULL, 0},
    {"database-password", {"DATABASE_PASSWORD=postgres"}, NULL, 0},
    {"database-password", {"POSTGRES_URL=postgresql://tripsage_app:passw%6frd@db.trips.org/tripsage"}, NULL, 0},
    {"redis-password", {"REDIS_PASSWORD=foobared"}, NULL, 0},
    {"upstash-token",
     {"UPSTASH_REDIS_REST_URL=https://cache.trips.org", "UPSTASH_REDIS_REST_TOKEN=your-upstash-token"},
     NULL,
     0},
    {"cache-token", {"TRIPSAGE_CACHE_TOKEN=changeme-changeme"}, NULL, 0},
    {"cache-token", {"TRIPSAGE_CACHE_TOKEN=" OTHER, "TRIPSAGE_CACHE_READONLY_TOKEN=aaaaaaaaaaaaaaaaaaaaaaaa"}, NULL, 0},
    {"metrics-token", {"TRIPSAGE_METRICS=on"}, NULL, 0},
    {"metrics-token", {"TRIPSAGE_METRICS=on", "TRIPSAGE_HOST=127.0.0.1"}, NULL, 0}, /* a proxy is in front of it */
    {"metrics-token", {"TRIPSAGE_ADMIN_HOST=0.0.0.0"}, NULL, 0},
    {"metrics-token", {"TRIPSAGE_METRICS_TOKEN=changeme-changeme"}, NULL, 0},
    {"metrics-token", {"TRIPSAGE_METRICS_TOKEN=aaaaaaaaaaaaaaaaaaaaaaaa"}, NULL, 0},
    {"webhook-secret", {"WEBHOOK_SECRET=your-webhook-secret-with-32-characters"}, NULL, 0},
    {"webhook-secret", {"WEBHOOK_SECRET=12345678901234567890123456789012"}, NULL, 0},
    {"secrets-distinct", {"WEBHOOK_SECRET=" KEY}, NULL, 0},
    {"secrets-distinct", {"TRIPSAGE_CACHE_TOKEN=" OTHER, "TRIPSAGE_METRICS_TOKEN=" OTHER}, NULL, 0},
    {"smtp-password", {"SMTP_PASS=letmein"}, NULL, 0},
    {"openai-key", {"TRIPSAGE_EMBEDDER=openai", "OPENAI_API_KEY=your-openai-api-key"}, NULL, 0},
    {"secret-files", {NULL}, "secrets/secret_key", 0644},
    {"secret-files", {NULL}, "secrets/database_password", 0420},
    {"variables-file", {NULL}, ".env", 0644},
    {"tls", {"TRIPSAGE_TRUSTED_PROXIES=0"}, NULL, 0},
    {"external-url", {"API_EXTERNAL_URL=http://api.trips.org"}, NULL, 0},
    {"site-url", {"SITE_URL=http://trips.org"}, NULL, 0},
    {"site-url", {"SITE_URL=https://localhost:3000"}, NULL, 0},
    {"redirect-urls", {"ADDITIONAL_REDIRECT_URLS=https://trips.org/**,https://*.trips.org/**"}, NULL, 0},
    {"redirect-urls", {"ADDITIONAL_REDIRECT_URLS=**"}, NULL, 0},
    {"redirect-urls", {"ADDITIONAL_REDIRECT_URLS=http://trips.org/"}, NULL, 0},
    {"cors-origins", {"TRIPSAGE_ALLOWED_ORIGINS=https://trips.org,http://localhost:3000"}, NULL, 0},
    {"cors-origins", {"TRIPSAGE_ALLOWED_ORIGINS=", "CORS_ORIGINS='[\"http://trips.org\"]'"}, NULL, 0},
    {"trusted-proxies", {"TRIPSAGE_TRUSTED_PROXIES=9"}, NULL, 0},
    {"rate-limit", {"RATE_LIMIT_ENABLED=false"}, NULL, 0},
    {"rate-limit", {"TRIPSAGE_RATE_LIMIT=off"}, NULL, 0},
    {"rate-limit", {"TRIPSAGE_RATE_LIMIT=shadow"}, NULL, 0},
    {"rate-limit-away", {"TRIPSAGE_RATE_LIMIT_AWAY=open"}, NULL, 0},
    {"rate-limit-exempt", {"TRIPSAGE_RATE_LIMIT_EXEMPT=192.0.2.7, 0.0.0.0/0"}, NULL, 0},
    {"rate-limit-exempt", {"TRIPSAGE_RATE_LIMIT_EXEMPT=::/0"}, NULL, 0},
    {"request-timeout", {"TRIPSAGE_REQUEST_TIMEOUT=3600"}, NULL, 0},
    {"email-confirmation", {"ENABLE_EMAIL_AUTOCONFIRM=true"}, NULL, 0},
    {"email-change", {"TRIPSAGE_SECURE_EMAIL_CHANGE=false"}, NULL, 0},
    {"password-change", {"TRIPSAGE_PASSWORD_REAUTHENTICATION=false"}, NULL, 0},
    {"otp-lifetime", {"TRIPSAGE_OTP_EXPIRY_S=86400"}, NULL, 0},
    {"database-tls", {"TRIPSAGE_DATABASE_CA="}, NULL, 0},
    {"database-tls",
     {"TRIPSAGE_DATABASE_CA=", "POSTGRES_URL=postgresql://tripsage_app@db.trips.org/tripsage?sslmode=disable"},
     NULL,
     0},
    {"database-identity",
     {"TRIPSAGE_DATABASE_CA=", "POSTGRES_URL=postgresql://tripsage_app@db.trips.org/tripsage?sslmode=require"},
     NULL,
     0},
    {"mail", {"SMTP_HOST="}, NULL, 0},
    {"smtp-password", {"SMTP_PASS="}, NULL, 0},
    {"secret-key", {"SECRET_KEY="}, NULL, 0},
    {"redis-password", {"REDIS_PASSWORD="}, NULL, 0},
    {"external-url", {"API_EXTERNAL_URL="}, NULL, 0},
    {"service-key",
     {"DATABASE_URL=https://abcdefghijklmnopqrst.supabase.co",
      "DATABASE_PUBLIC_KEY=sb_publishable_q7Zp2LxW9vT4nB8sKd3RyA", NULL},
     NULL,
     0},
    {"public-key",
     {"DATABASE_URL=https://abcdefghijklmnopqrst.supabase.co", "DATABASE_SERVICE_KEY=sb_secret_q7Zp2LxW9vT4nB8sKd3RyA",
      NULL},
     NULL,
     0},
    {"redis-tls", {"REDIS_URL=redis://tripsage@cache.trips.org:6379"}, NULL, 0},
    {"redis-tls",
     {"TRIPSAGE_CACHE_TOKEN=" OTHER, "TRIPSAGE_CACHE_URL=redis://:" REDIS "@cache.trips.org:6379"},
     NULL,
     0},
    {"embedder-tls", {"TRIPSAGE_EMBEDDER=openai", "OPENAI_BASE_URL=http://models.trips.org/v1"}, NULL, 0},
    {"database-name", {"POSTGRES_URL=postgresql://tripsage_app@db.trips.org:5432/tripsage_test"}, NULL, 0},
    {"staleness", {"TRIPSAGE_DATABASE_MAX_STALENESS_MS=60000"}, NULL, 0},
};
enum { WEAKNESSES = sizeof weaknesses / sizeof weaknesses[0] };

/* What was planted is not in the report: the sentences have no secrets. */
static void has_no_secret(const char *json, const char *const *lines)
{
    static const char *const secrets[] = {KEY, OTHER, PASSWORD, REDIS, SMTP};

    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++)
        ck_assert_ptr_null(strstr(json, secrets[i]));
    for (; *lines; lines++) {
        const char *value = *lines + strcspn(*lines, "=") + 1;

        if (strlen(value) >= 7 && (strstr(*lines, "SECRET") || strstr(*lines, "PASS") || strstr(*lines, "TOKEN")))
            ck_assert_msg(strstr(json, value) == NULL, "%s", *lines);
    }
}

START_TEST(each_weakness_fails_its_own_check)
{
    const char *output;

    for (size_t i = 0; i < WEAKNESSES; i++) {
        plant(weaknesses[i].lines);
        if (weaknesses[i].file)
            ck_assert_int_eq(chmod(path_of(weaknesses[i].file), weaknesses[i].mode), 0);
        ck_assert_msg(report(&output) == 1, "%zu, %s: %.500s", i, weaknesses[i].check, output);
        ck_assert_msg(strcmp(failed(output), weaknesses[i].check) == 0, "%zu: %s failed instead of %s", i,
                      failed(output), weaknesses[i].check);
        has_no_secret(output, weaknesses[i].lines);
        if (weaknesses[i].file)
            ck_assert_int_eq(chmod(path_of(weaknesses[i].file), 0400), 0);
    }
}
END_TEST

/* Metrics that nobody sees, or who has a token that is one, and webhooks that are signed with such a secret. */
START_TEST(what_is_no_weakness)
{
    static const struct {
        const char *lines[4], *check, *status;
    } cases[] = {
        {{"TRIPSAGE_METRICS=on", "TRIPSAGE_METRICS_TOKEN=" OTHER}, "metrics-token", "pass"},
        {{"TRIPSAGE_METRICS=off", "TRIPSAGE_ADMIN_HOST=0.0.0.0"}, "metrics-token", "skip"},
        {{"TRIPSAGE_ADMIN_PORT=0", "TRIPSAGE_ADMIN_HOST=0.0.0.0"}, "metrics-token", "skip"},
        {{"OTEL_SDK_DISABLED=true", "TRIPSAGE_METRICS=on"}, "metrics-token", "skip"},
        {{"OTEL_METRICS_EXPORTER=none", "TRIPSAGE_METRICS=on"}, "metrics-token", "skip"},
        {{NULL}, "metrics-token", "pass"},
        {{NULL}, "webhook-secret", "skip"},
        {{"WEBHOOK_SECRET=whsec_" OTHER}, "webhook-secret", "pass"},
    };
    const char *output;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        plant(cases[i].lines);
        ck_assert_msg(report(&output) == 0, "%zu: %s", i, failed(output));
        output = strstr(output, test_format("{\"id\":\"%s\"", cases[i].check));
        ck_assert_ptr_nonnull(output);
        output = strstr(output, "\"status\":\"");
        ck_assert_msg(strncmp(output + 10, cases[i].status, 4) == 0, "%zu: %.40s", i, output);
    }
}
END_TEST

/* On SQLite the file is the database, and what is planted is its mode. */
START_TEST(a_file_that_others_may_open_is_one)
{
    static const char *const lines[] = {
        "POSTGRES_URL=", "DATABASE_PASSWORD=", "TRIPSAGE_DATABASE_CA=", "DATABASE_URL=sqlite:trips.db", NULL};
    const char *output;

    plant(lines);
    ck_assert_int_eq(http_program(TRIPSAGE_SERVER, folder, (const char *const[]){"migrate", NULL},
                                  (const char *const[]){"TRIPSAGE_DATABASE_MIGRATE=true", NULL}, &output),
                     0);
    ck_assert_msg(http_program(TRIPSAGE_SERVER, folder, (const char *const[]){"security-report", "--json", NULL}, NULL,
                               &output) == 0,
                  "%s", failed(output)); /* the database was looked at */
    ck_assert_int_eq(chmod(path_of("trips.db"), 0644), 0);
    ck_assert_int_eq(report(&output), 1);
    ck_assert_str_eq(failed(output), "database-file");
    ck_assert_int_eq(unlink(path_of("trips.db")), 0);
    ck_assert_int_eq(
        http_program(TRIPSAGE_SERVER, folder, (const char *const[]){"security-report", "--json", NULL}, NULL, &output),
        1);
    ck_assert_str_eq(failed(output), "database");
}
END_TEST

/* Without a proxy, over TLS of its own. */
START_TEST(tls_of_its_own_is_looked_at)
{
    const char *certificate = path_of("tls.crt"), *key = path_of("tls.key"), *output;
    const char *lines[] = {"TRIPSAGE_TRUSTED_PROXIES=0", test_format("TRIPSAGE_TLS_CERTIFICATE=%s", certificate),
                           test_format("TRIPSAGE_TLS_KEY=%s", key), NULL};

    test_certificate_make(certificate, key, 90);
    plant(lines);
    ck_assert_msg(report(&output) == 0, "%s", failed(output));
    ck_assert_int_eq(chmod(key, 0644), 0);
    ck_assert_int_eq(report(&output), 1);
    ck_assert_str_eq(failed(output), "tls-key-file");
    test_certificate_make(certificate, key, 7);
    ck_assert_int_eq(chmod(key, 0400), 0);
    ck_assert_int_eq(report(&output), 1);
    ck_assert_str_eq(failed(output), "tls-certificate");
    ck_assert_ptr_nonnull(strstr(output, "ends in 6 days"));
    put("tls.crt", "no certificate", 0644);
    ck_assert_int_eq(report(&output), 1);
    ck_assert_str_eq(failed(output), "tls-certificate");
    ck_assert_int_eq(chmod(key, 0600), 0);
    test_certificate_make(certificate, key, 90);
    ck_assert_int_eq(chmod(key, 0400), 0);
    lines[0] = "TRIPSAGE_TRUSTED_PROXIES=1";
    plant(lines);
    ck_assert_int_eq(report(&output), 1);
    ck_assert_str_eq(failed(output), "trusted-proxies");
}
END_TEST

/* In text, a failure has its fix and its requirements. */
START_TEST(a_failure_is_told_with_its_fix)
{
    const char *output;

    plant((const char *const[]){"TRIPSAGE_RATE_LIMIT=off", NULL});
    ck_assert_int_eq(http_program(TRIPSAGE_SERVER, folder, (const char *const[]){"security-report", "--offline", NULL},
                                  NULL, &output),
                     1);
    ck_assert_ptr_nonnull(strstr(output, "FAIL  high      rate-limit           nobody has to wait who asks too often\n"
                                         "      fix: set TRIPSAGE_RATE_LIMIT=on\n"
                                         "      ASVS 5.0.0: V6.3.1 V6.6.3\n"));
    ck_assert_ptr_nonnull(strstr(output, "1 failed"));
    ck_assert_ptr_nonnull(strstr(output, "not ready for production\n"));
    ck_assert_int_eq(
        http_program(TRIPSAGE_SERVER, folder, (const char *const[]){"security-report", "--help", NULL}, NULL, &output),
        0);
    ck_assert_ptr_nonnull(strstr(output, "Usage: tripsage-server security-report"));
}
END_TEST

/* docs/security.md lists the checks as the program has them: | `id` | severity | requirements | ... */
START_TEST(the_list_is_written)
{
    char *list = test_file_read(LIST);
    const char *output, *at = list, *id;
    int count = 0, listed = 0;

    ck_assert_ptr_nonnull(list);
    report(&output);
    while ((at = strstr(at, "\n| `")) != NULL) {
        at += 4;
        listed += islower((unsigned char)*at) != 0;
    }
    for (; (id = test_json_at(output, test_format("/checks/%d/id", count))) != NULL; count++) {
        const char *severity = test_json_at(output, test_format("/checks/%d/severity", count));
        const char *asvs = test_replaced(
            test_replaced(test_json_at(output, test_format("/checks/%d/asvs", count)), "\"", ""), ",", ", ");
        const char *row = test_format("\n| `%.*s` | %.*s | %.*s |", (int)strlen(id) - 2, id + 1,
                                      (int)strlen(severity) - 2, severity + 1, (int)strlen(asvs) - 2, asvs + 1);

        ck_assert_msg(strstr(list, row) != NULL, "docs/security.md has no row %s", row + 1);
    }
    ck_assert_int_eq(listed, count);
    free(list);
}
END_TEST

/* ---- what production does not start with ---- */

static const struct {
    const char *lines[4], *says;
} refusals[] = {
    {{"SECRET_KEY="},
     "SECRET_KEY is not set, so the key to the secrets in the database lies beside them: set it to what"},
    {{"SECRET_KEY=your-application-secret-key-with-32-bytes"}, "SECRET_KEY is a placeholder: set it to what"},
    {{"SECRET_KEY=00000000000000000000000000000000"}, "SECRET_KEY is too easy to guess: set it to what"},
    {{"DATABASE_JWT_SECRET=your-super-secret-jwt-token-with-at-least-32-characters-long"},
     "DATABASE_JWT_SECRET is a placeholder: set it to what"},
    {{"DATABASE_JWT_SECRET=12345678901234567890123456789012"}, "DATABASE_JWT_SECRET is too easy to guess"},
    {{"DATABASE_PUBLIC_KEY=sb_publishable_ACJWlzQHlZjBrEguHvfOxg_3BJgxAaH"},
     "DATABASE_PUBLIC_KEY is a default that everybody knows: take it away"},
    {{"DATABASE_SERVICE_KEY=" DEMO_KEY}, "DATABASE_SERVICE_KEY is a default that everybody knows: take it away"},
    {{"DATABASE_URL=https://abcdefghijklmnopqrst.supabase.co",
      "DATABASE_PUBLIC_KEY=sb_publishable_q7Zp2LxW9vT4nB8sKd3RyA"},
     "DATABASE_SERVICE_KEY is not set: set it to the project's"},
    {{"DATABASE_URL=https://abcdefghijklmnopqrst.supabase.co", "DATABASE_SERVICE_KEY=sb_secret_q7Zp2LxW9vT4nB8sKd3RyA"},
     "DATABASE_PUBLIC_KEY is not set: set it to the project's"},
    {{"DATABASE_PASSWORD=postgres"}, "the password of the database is a default that everybody knows: ALTER ROLE"},
    {{"DATABASE_PASSWORD=12345"}, "the password of the database is too easy to guess: ALTER ROLE"},
    {{"REDIS_PASSWORD="}, "the password of REDIS_URL is missing: whoever reaches the server has the cache: give"},
    {{"REDIS_PASSWORD=foobared"}, "the password of REDIS_URL is a default that everybody knows: set requirepass"},
    {{"UPSTASH_REDIS_REST_URL=https://cache.trips.org", "UPSTASH_REDIS_REST_TOKEN=your-upstash-token"},
     "UPSTASH_REDIS_REST_TOKEN is a placeholder: set it"},
    {{"TRIPSAGE_CACHE_TOKEN=changeme-changeme"}, "TRIPSAGE_CACHE_TOKEN is a placeholder: set it"},
    {{"TRIPSAGE_METRICS_TOKEN=aaaaaaaaaaaaaaaaaaaaaaaa"}, "TRIPSAGE_METRICS_TOKEN is too easy to guess: set it"},
    {{"TRIPSAGE_METRICS=on"},
     "TRIPSAGE_METRICS_TOKEN is not set, so /metrics is for whoever reaches 0.0.0.0: set it to what"},
    {{"WEBHOOK_SECRET=your-webhook-secret-with-32-characters"}, "WEBHOOK_SECRET is a placeholder: set it"},
    {{"SMTP_PASS="}, "SMTP_PASS is not set: set it"},
    {{"SMTP_PASS=hunter2"}, "SMTP_PASS is a default that everybody knows: set it"},
    {{"TRIPSAGE_EMBEDDER=openai", "OPENAI_API_KEY=your-openai-api-key"}, "OPENAI_API_KEY is a placeholder: set it"},
    {{"TRIPSAGE_EMBEDDER=openai", "OPENAI_API_KEY=sk-test-1234567890"}, "OPENAI_API_KEY is a placeholder: set it"},
};

START_TEST(production_does_not_start_with_weak_secrets)
{
    const char *output;

    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        int status;

        plant(refusals[i].lines);
        status =
            http_program(TRIPSAGE_SERVER, folder, (const char *const[]){"serve", "--port", "0", NULL}, NULL, &output);
        ck_assert_msg(status == 78, "%zu: exit status %d: %s", i, status, output);
        ck_assert_msg(strstr(output, test_format("tripsage-server: %s", refusals[i].says)) == output, "%zu: %s", i,
                      output);
        ck_assert_msg(strchr(output, '\n') == output + strlen(output) - 1, "more than a sentence: %s", output);
        has_no_secret(output, refusals[i].lines);
    }
    plant((const char *const[]){"SECRET_KEY=", "SMTP_PASS=letmein", NULL});
    ck_assert_int_eq(
        http_program(TRIPSAGE_SERVER, folder, (const char *const[]){"serve", "--port", "0", NULL}, NULL, &output), 78);
    ck_assert_ptr_nonnull(strstr(output, "SECRET_KEY is not set"));
    ck_assert_ptr_nonnull(strstr(output, "\ntripsage-server: SMTP_PASS is a default"));
}
END_TEST

/* Staging starts, and says what production would not; development says nothing. */
START_TEST(elsewhere_they_are_told_or_let_be)
{
    static const char *const staging[] = {"ENVIRONMENT=staging", "SMTP_HOST=127.0.0.1", "SMTP_ADMIN_EMAIL=a@b.org",
                                          "SMTP_USER=me", NULL};
    http_server s;

    http_server_start(&s, TRIPSAGE_SERVER, staging);
    ck_assert_ptr_nonnull(
        strstr(http_server_log(&s), "tripsage-server: warning: production would not start: SECRET_KEY is not set"));
    ck_assert_ptr_nonnull(
        strstr(http_server_log(&s), "tripsage-server: warning: production would not start: SMTP_PASS is not set"));
    ck_assert_str_eq(http_value(http_call(&s, NULL, "GET", "/health", NULL, NULL), "/environment"), "\"staging\"");
    ck_assert_int_eq(http_server_stop(&s, NULL), 0);
    http_server_start(&s, TRIPSAGE_SERVER, (const char *const[]){"ENVIRONMENT=development", NULL});
    ck_assert_ptr_null(strstr(http_server_log(&s), "production"));
    ck_assert_int_eq(http_server_stop(&s, NULL), 0);
}
END_TEST

/* ---- who is told of weaknesses ---- */

/* RFC 9116, by a server that has somebody to tell; elsewhere there is no such path. */
START_TEST(security_txt_says_whom_to_tell)
{
    static const char path[] = "/.well-known/security.txt";
    static const char *const variables[] = {
        "TRIPSAGE_SECURITY_CONTACT=mailto:security@trips.org, https://trips.org/security",
        "TRIPSAGE_SECURITY_POLICY=https://trips.org/policy", "TRIPSAGE_SECURITY_LANGUAGES=en,de",
        "API_EXTERNAL_URL=https://api.trips.org/auth/v1", NULL};
    http_answer *answer;
    http_server s;
    const char *expires, *rest;

    http_server_start(&s, TRIPSAGE_SERVER, variables);
    answer = ANSWERS(200, http_call(&s, NULL, "GET", path, NULL, NULL));
    ck_assert_str_eq(http_field(answer, "Content-Type"), "text/plain; charset=utf-8");
    ck_assert_str_eq(http_field(answer, "Cache-Control"), "public, max-age=86400");
    rest = "Contact: mailto:security@trips.org\nContact: https://trips.org/security\nExpires: ";
    ck_assert_msg(strncmp(answer->body, rest, strlen(rest)) == 0, "%s", answer->body);
    expires = answer->body + strlen(rest);
    ck_assert_str_eq(strchr(expires, '\n'), "\nCanonical: https://api.trips.org/.well-known/security.txt\n"
                                            "Policy: https://trips.org/policy\nPreferred-Languages: en, de\n");
    ANSWERS(405, http_call(&s, NULL, "POST", path, NULL, "{}"));
    ck_assert_int_eq(http_server_stop(&s, NULL), 0);
    http_server_start(&s, TRIPSAGE_SERVER, NULL);
    ANSWERS(404, http_call(&s, NULL, "GET", path, NULL, NULL));
    ck_assert_int_eq(http_server_stop(&s, NULL), 0);
}
END_TEST

SUITE_PROGRAM("server/security", tcase_add_checked_fixture(tcase, begin, end), the_reference_passes,
              each_weakness_fails_its_own_check, what_is_no_weakness, a_file_that_others_may_open_is_one,
              tls_of_its_own_is_looked_at, a_failure_is_told_with_its_fix, the_list_is_written,
              production_does_not_start_with_weak_secrets, elsewhere_they_are_told_or_let_be,
              security_txt_says_whom_to_tell)
