/* From the environment to what tripsage_open takes: every setting, every refusal, and no secret where people look. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tripsage/config.h>
#include <tripsage/security.h>
#include <unistd.h>

#include "support/failing.h"
#include "support/temp.h"
#include "unit/suite.h"

#define PROJECT "https://abcdefghijklmnopqrst.supabase.co"
#define DIRECT  "postgresql://postgres@db.abcdefghijklmnopqrst.supabase.co:5432/postgres"
#define POOLER  "aws-0-eu-central-1.pooler.supabase.com"

/* {"iss":"supabase","ref":"abcdefghijklmnopqrst","role":"anon"}, the same with "service_role", the first with the ref of another
 * project, and {"role":"authenticated"}; signatures are not looked at. */
#define HEAD        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
#define ANON        HEAD "eyJpc3MiOiJzdXBhYmFzZSIsInJlZiI6ImFiY2RlZmdoaWprbG1ub3BxcnN0Iiwicm9sZSI6ImFub24ifQ.c2ln"
#define SERVICE     HEAD "eyJpc3MiOiJzdXBhYmFzZSIsInJlZiI6ImFiY2RlZmdoaWprbG1ub3BxcnN0Iiwicm9sZSI6InNlcnZpY2Vfcm9sZSJ9.c2ln"
#define ELSEWHERE   HEAD "eyJpc3MiOiJzdXBhYmFzZSIsInJlZiI6Inp6enp6enp6enp6enp6enp6enp6Iiwicm9sZSI6ImFub24ifQ.c2ln"
#define SOMEBODY    HEAD "eyJyb2xlIjoiYXV0aGVudGljYXRlZCJ9.c2ln"
#define LONG_SECRET "an access token is signed with this"

#define A_PART      "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define LONG_PREFIX A_PART A_PART A_PART A_PART

#define VARIABLES_MAX 7

/* Variables as "NAME=value". */
static const char *look_up(const char *name, void *user)
{
    const char *const *variables = user;
    size_t length = strlen(name);

    for (size_t i = 0; i < VARIABLES_MAX && variables[i]; i++)
        if (strncmp(variables[i], name, length) == 0 && variables[i][length] == '=')
            return variables[i] + length + 1;
    return NULL;
}

static tripsage_config *read_config(const char *const *variables)
{
    tripsage_config *config;

    ck_assert_ok(tripsage_config_read(&config, look_up, (void *)variables));
    return config;
}
#define CONFIG(...) read_config((const char *const[VARIABLES_MAX]){__VA_ARGS__})

START_TEST(settings_become_a_url)
{
    static const struct {
        const char *variables[VARIABLES_MAX];
        const char *url;
        const char *shown; /* NULL: the same */
    } cases[] = {
        /* nothing, and what a compose file leaves out */
        {{NULL}, NULL, NULL},
        {{"DATABASE_URL=", "DATABASE_PASSWORD=", "POSTGRES_URL_FILE="}, NULL, NULL},
        {{"DATABASE_URL=sqlite::memory:"}, "sqlite::memory:", NULL},
        {{"DATABASE_URL=sqlite:///a b/c.db", "DATABASE_PASSWORD=unused", "TRIPSAGE_DATABASE_BUSY_TIMEOUT_MS=5"},
         "sqlite:///a b/c.db",
         NULL},
        /* any PostgreSQL */
        {{"DATABASE_URL=postgres://me@h/db"}, "postgres://me@h/db", NULL},
        {{"DATABASE_URL=postgresql:///db?host=/run/postgresql"}, "postgresql:///db?host=/run/postgresql", NULL},
        {{"DATABASE_URL=postgresql://me:secret@h:5433/db"},
         "postgresql://me:secret@h:5433/db",
         "postgresql://me:***@h:5433/db"},
        {{"DATABASE_URL=postgresql://a@h/x", "POSTGRES_URL=postgresql://b@h/y"}, "postgresql://b@h/y", NULL},
        {{"POSTGRES_URL=postgresql://me@[::1]:5433,h2:5434/db?target_session_attrs=read-write"},
         "postgresql://me@[::1]:5433,h2:5434/db?target_session_attrs=read-write",
         NULL},
        /* a password of its own, as it is */
        {{"DATABASE_URL=postgresql://me@h/db", "DATABASE_PASSWORD=p@s/s:w%o#r?d&=+ [x] \xc3\xa9"},
         "postgresql://me@h/db?password=p%40s%2Fs%3Aw%25o%23r%3Fd%26%3D%2B%20%5Bx%5D%20%C3%A9",
         "postgresql://me@h/db?password=***"},
        {{"DATABASE_URL=postgresql://me@h/db?sslmode=require", "DATABASE_PASSWORD=x"},
         "postgresql://me@h/db?sslmode=require&password=x",
         "postgresql://me@h/db?sslmode=require&password=***"},
        {{"DATABASE_URL=postgresql://me:mine@h/db", "DATABASE_PASSWORD=other"},
         "postgresql://me:mine@h/db",
         "postgresql://me:***@h/db"},
        {{"DATABASE_URL=postgresql://me@h/db?password=mine&user=x", "DATABASE_PASSWORD=other"},
         "postgresql://me@h/db?password=mine&user=x",
         "postgresql://me@h/db?password=***&user=x"},
        {{"POSTGRES_URL=postgresql://me:[YOUR-PASSWORD]@h/db", "DATABASE_PASSWORD=x"},
         "postgresql://me@h/db?password=x",
         "postgresql://me@h/db?password=***"},
        {{"DATABASE_URL=postgresql://me@h/db?sslpassword=s&application_name=x"},
         "postgresql://me@h/db?sslpassword=s&application_name=x",
         "postgresql://me@h/db?sslpassword=***&application_name=x"},
        /* what goes to the driver */
        {{"DATABASE_URL=postgresql://h/db", "TRIPSAGE_DATABASE_STATEMENT_TIMEOUT_MS=700",
          "TRIPSAGE_DATABASE_PREPARED_STATEMENTS=no"},
         "postgresql://h/db?prepared_statements=false&statement_timeout_ms=700",
         NULL},
        {{"DATABASE_URL=postgresql://h/db?statement_timeout_ms=1&prepared_statements=true",
          "TRIPSAGE_DATABASE_STATEMENT_TIMEOUT_MS=700", "TRIPSAGE_DATABASE_PREPARED_STATEMENTS=false"},
         "postgresql://h/db?statement_timeout_ms=1&prepared_statements=true",
         NULL},
        {{"DATABASE_URL=postgresql://h:6543/db"}, "postgresql://h:6543/db", NULL},
        {{"DATABASE_URL=postgresql://h:6543/db", "TRIPSAGE_DATABASE_PREPARED_STATEMENTS=true"},
         "postgresql://h:6543/db?prepared_statements=true",
         NULL},
        /* TLS */
        {{"DATABASE_URL=postgresql://h/db", "TRIPSAGE_DATABASE_CA=/dev/null"},
         "postgresql://h/db?sslmode=verify-full&sslrootcert=%2Fdev%2Fnull",
         NULL},
        /* a Supabase project */
        {{"DATABASE_URL=" PROJECT, "DATABASE_PASSWORD=p@ss"},
         DIRECT "?password=p%40ss&sslmode=require",
         DIRECT "?password=***&sslmode=require"},
        {{"DATABASE_URL=" PROJECT "/", "DATABASE_PASSWORD=p", "TRIPSAGE_DATABASE_CA=/dev/null"},
         DIRECT "?password=p&sslmode=verify-full&sslrootcert=%2Fdev%2Fnull",
         DIRECT "?password=***&sslmode=verify-full&sslrootcert=%2Fdev%2Fnull"},
        {{"DATABASE_URL=" PROJECT, "DATABASE_PASSWORD=p", "PGSSLMODE=verify-full"},
         DIRECT "?password=p",
         DIRECT "?password=***"},
        {{"DATABASE_URL=" PROJECT,
          "POSTGRES_URL=postgresql://postgres.abcdefghijklmnopqrst:[YOUR-PASSWORD]@" POOLER ":5432/postgres",
          "DATABASE_PASSWORD=p"},
         "postgresql://postgres.abcdefghijklmnopqrst@" POOLER ":5432/postgres?password=p&sslmode=require",
         "postgresql://postgres.abcdefghijklmnopqrst@" POOLER ":5432/postgres?password=***&sslmode=require"},
        {{"POSTGRES_URL=postgres://app.abcdefghijklmnopqrst:p@" POOLER ":6543/postgres"},
         "postgres://app.abcdefghijklmnopqrst:p@" POOLER ":6543/postgres?sslmode=require",
         "postgres://app.abcdefghijklmnopqrst:***@" POOLER ":6543/postgres?sslmode=require"},
        {{"DATABASE_URL=https://supabase.example.org:8443", "POSTGRES_URL=postgresql://postgres@db/postgres"},
         "postgresql://postgres@db/postgres",
         NULL},
        {{"DATABASE_URL=http://127.0.0.1:54321",
          "POSTGRES_URL=postgresql://postgres:postgres@127.0.0.1:54322/postgres"},
         "postgresql://postgres:postgres@127.0.0.1:54322/postgres",
         "postgresql://postgres:***@127.0.0.1:54322/postgres"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tripsage_config *config = read_config(cases[i].variables);

        ck_assert_pstr_eq(tripsage_config_url(config), cases[i].url);
        ck_assert_pstr_eq(tripsage_config_shown_url(config), cases[i].shown ? cases[i].shown : cases[i].url);
        tripsage_config_free(config);
    }
}
END_TEST

/* LISTEN needs a connection that stays: the one that is named, or the same pooler's for sessions. */
START_TEST(settings_become_a_url_to_listen)
{
    static const struct {
        const char *variables[VARIABLES_MAX];
        const char *url;
    } cases[] = {
        {{"DATABASE_URL=sqlite::memory:", "TRIPSAGE_DATABASE_LISTEN_URL=postgresql://h/db"}, NULL},
        {{"DATABASE_URL=postgresql://h:6543/db"}, NULL},
        {{"DATABASE_URL=postgresql://h/db", "TRIPSAGE_DATABASE_LISTEN_URL=postgresql://l@h2/db",
          "DATABASE_PASSWORD=a b"},
         "postgresql://l@h2/db?password=a%20b"},
        {{"POSTGRES_URL=postgres://app.abcdefghijklmnopqrst:6543@" POOLER ":6543/postgres"},
         "postgres://app.abcdefghijklmnopqrst:6543@" POOLER ":5432/postgres?sslmode=require"},
        {{"POSTGRES_URL=postgresql://postgres:[YOUR-PASSWORD]@db.abc.supabase.co:6543/postgres", "DATABASE_PASSWORD=p"},
         "postgresql://postgres@db.abc.supabase.co:5432/postgres?password=p&sslmode=require"},
        {{"POSTGRES_URL=postgresql://postgres:p@db.abc.supabase.co:5432/postgres"}, NULL},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tripsage_config *config = read_config(cases[i].variables);

        ck_assert_pstr_eq(tripsage_config_options(config)->listen_url, cases[i].url);
        tripsage_config_free(config);
    }
}
END_TEST

START_TEST(what_is_wrong_is_said_with_its_fix)
{
    static const struct {
        const char *variables[VARIABLES_MAX];
        const char *says; /* the message begins with it */
    } cases[] = {
        {{"DATABASE_URL=mysql://h/db"},
         "DATABASE_URL: expected sqlite:///path/to.db, sqlite::memory:, postgresql://user@host:port/name, or a "
         "Supabase project's address, https://<project>.supabase.co"},
        {{"DATABASE_URL=sqlite:"}, "DATABASE_URL: expected sqlite:"},
        {{"POSTGRES_URL=" PROJECT}, "POSTGRES_URL: expected postgresql://user@host:port/name"},
        {{"TRIPSAGE_DATABASE_LISTEN_URL=sqlite:x"}, "TRIPSAGE_DATABASE_LISTEN_URL: expected postgresql://"},
        /* passwords that are not escaped */
        {{"DATABASE_URL=postgresql://me:s3cret@pw@h/db"}, "DATABASE_URL: no URL can be read from it: write %40 for @"},
        {{"DATABASE_URL=postgresql://me:s3cret/pw@h/db"}, "DATABASE_URL: no URL can be read from it"},
        {{"DATABASE_URL=postgresql://me:12/s3cret@h/db"}, "DATABASE_URL: no URL can be read from it"},
        {{"DATABASE_URL=postgresql://me:100%s3cret@h/db"}, "DATABASE_URL: no URL can be read from it"},
        {{"DATABASE_URL=postgresql://me:s3cret%00@h/db"}, "DATABASE_URL: no URL can be read from it"},
        {{"DATABASE_URL=postgresql://me:s3cret%4"}, "DATABASE_URL: no URL can be read from it"},
        {{"POSTGRES_URL=postgresql://h:54321x/db"}, "POSTGRES_URL: no URL can be read from it"},
        {{"DATABASE_URL=postgresql://me:s3c\nret@h/db"},
         "DATABASE_URL: has a line break or another control character in it"},
        {{"DATABASE_PASSWORD=s3c\xffret"}, "DATABASE_PASSWORD: expected text in UTF-8"},
        {{"POSTGRES_URL=postgresql://me:[YOUR-PASSWORD]@h/db"},
         "POSTGRES_URL: has [YOUR-PASSWORD] in it: set DATABASE_PASSWORD, or write"},
        /* which database */
        {{"DATABASE_URL=sqlite:a.db", "POSTGRES_URL=postgresql://h/db"},
         "DATABASE_URL names an SQLite database and POSTGRES_URL a PostgreSQL one: unset the one that is not meant"},
        {{"DATABASE_URL=" PROJECT},
         "DATABASE_URL: the address of a Supabase project does not open its database: set DATABASE_PASSWORD to the "
         "database's password, or POSTGRES_URL to a connection string (dashboard: Connect)"},
        {{"DATABASE_URL=https://supabase.example.org", "DATABASE_PASSWORD=s3cret"},
         "DATABASE_URL: a Supabase project that is not at supabase.co does not tell where its database is: set "
         "POSTGRES_URL"},
        {{"DATABASE_URL=https://supabase.com/dashboard/project/abc", "DATABASE_PASSWORD=s3cret"},
         "DATABASE_URL: expected the address of the Supabase project itself, https://<project>.supabase.co, with "
         "nothing behind it"},
        {{"DATABASE_URL=http://abc.supabase.co"}, "DATABASE_URL: expected the address of the Supabase project itself"},
        {{"DATABASE_URL=https://"}, "DATABASE_URL: expected the address"},
        {{"DATABASE_URL=https://a.supabase.co:/"}, "DATABASE_URL: expected the address"},
        {{"DATABASE_URL=https://u:s3cret@a.supabase.co"}, "DATABASE_URL: expected the address"},
        {{"DATABASE_URL=https://a.supabase.co?x=1"}, "DATABASE_URL: expected the address"},
        {{"DATABASE_URL=" PROJECT, "POSTGRES_URL=postgresql://postgres:s3cret@db.zzzz.supabase.co/postgres"},
         "POSTGRES_URL: is of the Supabase project zzzz, and DATABASE_URL of abcdefghijklmnopqrst"},
        {{"DATABASE_URL=" PROJECT, "POSTGRES_URL=postgresql://postgres.zzzz:s3cret@" POOLER ":6543/postgres"},
         "POSTGRES_URL: is of the Supabase project zzzz, and DATABASE_URL of abcdefghijklmnopqrst"},
        {{"POSTGRES_URL=postgresql://postgres:s3cret@" POOLER "/postgres"},
         "POSTGRES_URL: behind Supabase's pooler a user is named with the project, such as postgres.<project>"},
        {{"DATABASE_URL=postgresql://h/db", "TRIPSAGE_DATABASE_LISTEN_URL=postgresql://postgres:s3cret@" POOLER},
         "TRIPSAGE_DATABASE_LISTEN_URL: behind Supabase's pooler"},
        /* TLS */
        {{"POSTGRES_URL=postgresql://postgres:s3cret@db.zzzz.supabase.co/postgres?sslmode=disable"},
         "POSTGRES_URL: sslmode=disable may send a Supabase project's data unencrypted: use require or verify-full"},
        {{"POSTGRES_URL=postgresql://h/db?sslmode=require", "TRIPSAGE_DATABASE_CA=/dev/null"},
         "POSTGRES_URL: names sslmode or sslrootcert itself: leave them out, or unset TRIPSAGE_DATABASE_CA"},
        {{"TRIPSAGE_DATABASE_CA=/nowhere/ca.crt"},
         "TRIPSAGE_DATABASE_CA: cannot read \"/nowhere/ca.crt\": No such file"},
        /* keys */
        {{"DATABASE_PUBLIC_KEY=" SERVICE},
         "DATABASE_PUBLIC_KEY: this is the project's secret key, which may do everything; put the publishable"},
        {{"DATABASE_PUBLIC_KEY=sb_secret_s3cret"}, "DATABASE_PUBLIC_KEY: this is the project's secret key"},
        {{"DATABASE_SERVICE_KEY=" ANON},
         "DATABASE_SERVICE_KEY: this is the project's publishable key; put the secret (service_role) key there"},
        {{"DATABASE_SERVICE_KEY=sb_publishable_x"}, "DATABASE_SERVICE_KEY: this is the project's publishable key"},
        {{"DATABASE_PUBLIC_KEY=your-supabase-anon-key"},
         "DATABASE_PUBLIC_KEY: expected a key of the form sb_publishable_..., or the token of the legacy anon key "
         "(dashboard: Settings"},
        {{"DATABASE_SERVICE_KEY=" SOMEBODY},
         "DATABASE_SERVICE_KEY: expected a key of the form sb_secret_..., or the token of the legacy "
         "service_role key"},
        {{"DATABASE_PUBLIC_KEY=a.!!.c"}, "DATABASE_PUBLIC_KEY: expected a key"},
        {{"DATABASE_PUBLIC_KEY=a.e30.c.d"}, "DATABASE_PUBLIC_KEY: expected a key"},
        {{"DATABASE_PUBLIC_KEY=a.bm8ganNvbg.c"}, "DATABASE_PUBLIC_KEY: expected a key"},
        {{"DATABASE_SERVICE_KEY=sb_secret_s3cret"}, "DATABASE_SERVICE_KEY: expected 20 to 4096 characters"},
        {{"DATABASE_PUBLIC_KEY=sb_publishable_"}, "DATABASE_PUBLIC_KEY: expected a key"},
        {{"DATABASE_URL=" PROJECT, "DATABASE_PASSWORD=s3cret", "DATABASE_PUBLIC_KEY=" ELSEWHERE},
         "DATABASE_PUBLIC_KEY: is of the Supabase project zzzzzzzzzzzzzzzzzzzz, and DATABASE_URL of "
         "abcdefghijklmnopqrst"},
        {{"DATABASE_JWT_SECRET=s3cret"},
         "DATABASE_JWT_SECRET: expected at least 32 bytes (RFC 7518, 3.2) and at most 1024"},
        {{"TRIPSAGE_AUTH_SIGNING_ALG=es256"},
         "TRIPSAGE_AUTH_SIGNING_ALG: expected ES256, RS256 or HS256, got \"es256\""},
        {{"TRIPSAGE_AUTH_SIGNING_ALG=EdDSA"}, "TRIPSAGE_AUTH_SIGNING_ALG: expected ES256, RS256 or HS256"},
        /* the cache */
        {{"REDIS_URL=http://cache"}, "REDIS_URL: expected memory:, redis://host:port"},
        {{"REDIS_URL=localhost:6379"},
         "REDIS_URL: expected memory:, redis://host:port, rediss://host:port or unix:///path; an https address goes "
         "into UPSTASH_REDIS_REST_URL"},
        {{"REDIS_URL=redis://:s3/cret@cache"}, "REDIS_URL: the password has to be escaped"},
        {{"REDIS_URL=redis://:s3cret@cache?timeout=s3cret"}, "REDIS_URL: the only parameters are db and"},
        {{"REDIS_URL=https://cache"}, "REDIS_URL: expected memory:, redis://host:port, rediss"},
        {{"UPSTASH_REDIS_REST_URL=redis://cache"}, "UPSTASH_REDIS_REST_URL: expected https://host"},
        {{"UPSTASH_REDIS_REST_URL=http://cache"}, "UPSTASH_REDIS_REST_URL: expected https://, since the token"},
        {{"UPSTASH_REDIS_REST_URL=https://cache"}, "UPSTASH_REDIS_REST_URL is set, but not UPSTASH_REDIS_REST_TOKEN"},
        {{"KV_REST_API_URL=https://cache"}, "KV_REST_API_URL is set, but not UPSTASH_REDIS_REST_TOKEN"},
        {{"TRIPSAGE_CACHE_NEAR_TTL_MS=0"}, "TRIPSAGE_CACHE_NEAR_TTL_MS: expected a number from 1"},
        {{"REDIS_MAX_CONNECTIONS=0"}, "REDIS_MAX_CONNECTIONS: expected a number from 1 to 1024"},
        {{"TRIPSAGE_CACHE_DEADLINE_MS=0"}, "TRIPSAGE_CACHE_DEADLINE_MS: expected a number from 1 to 60000"},
        {{"TRIPSAGE_CACHE_PREFIX=" LONG_PREFIX "x"}, "TRIPSAGE_CACHE_PREFIX: expected at most 256 bytes"},
        /* numbers and switches */
        {{"TRIPSAGE_DATABASE_POOL_SIZE=0"}, "TRIPSAGE_DATABASE_POOL_SIZE: expected a number from 1 to 1024, got \"0\""},
        {{"TRIPSAGE_DATABASE_POOL_SIZE=1025"}, "TRIPSAGE_DATABASE_POOL_SIZE: expected"},
        {{"TRIPSAGE_DATABASE_POOL_SIZE=16x"}, "TRIPSAGE_DATABASE_POOL_SIZE: expected"},
        {{"TRIPSAGE_DATABASE_STATEMENT_TIMEOUT_MS=-1"}, "TRIPSAGE_DATABASE_STATEMENT_TIMEOUT_MS: expected a number"},
        {{"TRIPSAGE_DATABASE_BUSY_TIMEOUT_MS=99999999999999999999"},
         "TRIPSAGE_DATABASE_BUSY_TIMEOUT_MS: expected a number"},
        {{"TRIPSAGE_DATABASE_PREPARED_STATEMENTS=maybe"},
         "TRIPSAGE_DATABASE_PREPARED_STATEMENTS: expected true or false, got \"maybe\""},
        {{"TRIPSAGE_DATABASE_MIGRATE=2"}, "TRIPSAGE_DATABASE_MIGRATE: expected true or false"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tripsage_config *config = (tripsage_config *)&config;
        const char *message;

        ck_assert_fails(tripsage_config_read(&config, look_up, (void *)cases[i].variables), TRIPSAGE_EINVALID);
        ck_assert_ptr_null(config);
        message = tripsage_last_error()->message;
        ck_assert_msg(strncmp(message, cases[i].says, strlen(cases[i].says)) == 0, "\"%s\" instead of \"%s\"", message,
                      cases[i].says);
        ck_assert_msg(!strstr(message, "s3c") && !strstr(message, "eyJ") && !strchr(message, '\n'), "%s", message);
        ck_assert_msg(strlen(message) < sizeof tripsage_last_error()->message - 1, "cut short: %s", message);
    }
}
END_TEST

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

START_TEST(a_secret_may_be_in_a_file)
{
    char folder[TEST_PATH_SIZE], path[TEST_PATH_SIZE], variable[TEST_PATH_SIZE + 32];
    tripsage_config *config;

    test_temp_make(folder);
    test_path_join(path, folder, "password");
    write_file(path, "p@ss word\r\n\n");
    snprintf(variable, sizeof variable, "DATABASE_PASSWORD_FILE=%s", path);
    config = CONFIG("DATABASE_URL=postgresql://h/db", variable);
    ck_assert_str_eq(tripsage_config_url(config), "postgresql://h/db?password=p%40ss%20word");
    tripsage_config_free(config);

    ck_assert_fails(tripsage_config_read(&config, look_up,
                                         (void *)(const char *const[VARIABLES_MAX]){variable, "DATABASE_PASSWORD=x"}),
                    TRIPSAGE_EINVALID);
    ck_assert_str_eq(tripsage_last_error()->message,
                     "DATABASE_PASSWORD and DATABASE_PASSWORD_FILE are both set: keep one of them");

    write_file(path, "\n");
    ck_assert_fails(tripsage_config_read(&config, look_up, (void *)(const char *const[VARIABLES_MAX]){variable}),
                    TRIPSAGE_EINVALID);
    ck_assert_ptr_nonnull(strstr(tripsage_last_error()->message, "holds no line of text"));
    snprintf(variable, sizeof variable, "DATABASE_PASSWORD_FILE=%s", folder);
    ck_assert_fails(tripsage_config_read(&config, look_up, (void *)(const char *const[VARIABLES_MAX]){variable}),
                    TRIPSAGE_EINVALID);
    ck_assert_ptr_nonnull(strstr(tripsage_last_error()->message, "DATABASE_PASSWORD_FILE: cannot read \""));
    ck_assert_ptr_nonnull(strstr(tripsage_last_error()->message, folder));
    ck_assert_ptr_nonnull(strstr(tripsage_last_error()->message, ": Is a directory"));
    write_file(path, "s3cret");
    snprintf(variable, sizeof variable, "DATABASE_JWT_SECRET_FILE=%s", path);
    ck_assert_fails(tripsage_config_read(&config, look_up, (void *)(const char *const[VARIABLES_MAX]){variable}),
                    TRIPSAGE_EINVALID);
    ck_assert_ptr_nonnull(
        strstr(tripsage_last_error()->message, "DATABASE_JWT_SECRET_FILE: expected at least 32 bytes"));
    ck_assert_fails(tripsage_config_read(&config, look_up,
                                         (void *)(const char *const[VARIABLES_MAX]){"POSTGRES_URL_FILE=/nowhere"}),
                    TRIPSAGE_EINVALID);
    ck_assert_str_eq(tripsage_last_error()->message,
                     "POSTGRES_URL_FILE: cannot read \"/nowhere\": No such file or directory");
    snprintf(variable, sizeof variable, "TRIPSAGE_DATABASE_CA=%s", folder);
    ck_assert_fails(tripsage_config_read(&config, look_up, (void *)(const char *const[VARIABLES_MAX]){variable}),
                    TRIPSAGE_EINVALID);
    ck_assert_ptr_nonnull(strstr(tripsage_last_error()->message, ": Is a directory"));
    /* What holds no secret is not read from files. */
    tripsage_config_free(CONFIG("TRIPSAGE_DATABASE_POOL_SIZE_FILE=/nowhere"));
    test_temp_remove(folder);
}
END_TEST

START_TEST(settings_become_options)
{
    tripsage_config *config = CONFIG(NULL);
    const tripsage_options *options = tripsage_config_options(config);

    ck_assert_uint_eq(options->version, 1);
    ck_assert_uint_eq(options->readers, 0);
    ck_assert_int_eq(options->no_migrate, 0);
    ck_assert_ptr_null(options->auth->jwt_secret);
    ck_assert_ptr_null(options->auth->issuer);
    ck_assert_uint_eq(options->cache->version, 1);
    ck_assert_ptr_null(options->cache->url);
    ck_assert_uint_eq(options->cache->deadline_ms, 0);
    tripsage_config_free(config);

    config = CONFIG("REDIS_URL=unix:///run/redis.sock", "REDIS_PASSWORD=p@ss", "REDIS_MAX_CONNECTIONS=3",
                    "TRIPSAGE_CACHE_PREFIX=" LONG_PREFIX, "TRIPSAGE_CACHE_DEADLINE_MS=20",
                    "TRIPSAGE_CACHE_RETRY_AFTER_MS=500");
    options = tripsage_config_options(config);
    ck_assert_str_eq(options->cache->url, "unix:///run/redis.sock");
    ck_assert_str_eq(options->cache->password, "p@ss");
    ck_assert_str_eq(options->cache->key_prefix, LONG_PREFIX);
    ck_assert_uint_eq(options->cache->connections, 3);
    ck_assert_uint_eq(options->cache->deadline_ms, 20);
    ck_assert_uint_eq(options->cache->retry_after_ms, 500);
    ck_assert_uint_eq(options->cache->near_max_bytes, 0);
    tripsage_config_free(config);

    config = CONFIG("KV_REST_API_URL=https://cache", "UPSTASH_REDIS_REST_TOKEN=t0ken",
                    "TRIPSAGE_CACHE_NEAR_BYTES=1000000", "TRIPSAGE_CACHE_NEAR_TTL_MS=50");
    options = tripsage_config_options(config);
    ck_assert_str_eq(options->cache->url, "https://cache");
    ck_assert_str_eq(options->cache->password, "t0ken");
    ck_assert_uint_eq(options->cache->near_max_bytes, 1000000);
    ck_assert_uint_eq(options->cache->near_ttl_ms, 50);
    tripsage_config_free(config);

    config = CONFIG("KV_REST_API_URL=https://cache", "KV_REST_API_TOKEN=t0ken", "REDIS_URL=redis://cache");
    options = tripsage_config_options(config);
    ck_assert_str_eq(options->cache->url, "redis://cache");
    ck_assert_ptr_null(options->cache->password);
    tripsage_config_free(config);

    config = CONFIG("DATABASE_URL=" PROJECT, "DATABASE_PASSWORD=p", "DATABASE_JWT_SECRET=" LONG_SECRET,
                    "TRIPSAGE_DATABASE_MIGRATE=False", "DATABASE_PUBLIC_KEY=" ANON, "DATABASE_SERVICE_KEY=" SERVICE);
    options = tripsage_config_options(config);
    ck_assert_uint_eq(options->readers, 0); /* the driver's own number */
    ck_assert_int_eq(options->no_migrate, 1);
    ck_assert_str_eq(options->auth->jwt_secret, LONG_SECRET);
    ck_assert_str_eq(options->auth->issuer, PROJECT "/auth/v1");
    ck_assert_str_eq(options->auth->supabase_url, PROJECT);
    ck_assert_str_eq(options->auth->public_key, ANON);
    ck_assert_str_eq(options->auth->service_key, SERVICE);
    tripsage_config_free(config);

    config = CONFIG("DATABASE_URL=sqlite::memory:", "TRIPSAGE_DATABASE_POOL_SIZE=3", "TRIPSAGE_DATABASE_MIGRATE=1",
                    "TRIPSAGE_DATABASE_BUSY_TIMEOUT_MS=700", "TRIPSAGE_DATABASE_MAX_STALENESS_MS=300",
                    "DATABASE_PUBLIC_KEY=sb_publishable_0123456789", "DATABASE_SERVICE_KEY=sb_secret_0123456789");
    options = tripsage_config_options(config);
    ck_assert_uint_eq(options->readers, 3);
    ck_assert_uint_eq(options->busy_timeout_ms, 700);
    ck_assert_uint_eq(options->max_staleness_ms, 300);
    ck_assert_ptr_null(options->auth->supabase_url); /* the keys of this server's own Auth */
    ck_assert_int_eq(options->no_migrate, 0);
    ck_assert_str_eq(options->auth->public_key, "sb_publishable_0123456789");
    ck_assert_str_eq(options->auth->service_key, "sb_secret_0123456789");
    tripsage_config_free(config);
    tripsage_config_free(NULL);
}
END_TEST

START_TEST(mail_settings_become_options)
{
    tripsage_config *config = CONFIG(NULL);
    const tripsage_mail_options *mail = tripsage_config_options(config)->auth->mail;

    ck_assert_uint_eq(mail->version, 1);
    ck_assert_ptr_null(mail->host);
    ck_assert_uint_eq(mail->log_mails, 1);
    tripsage_config_free(config);

    config = CONFIG("SMTP_HOST=mail.example.org", "SMTP_PORT=465", "SMTP_USER=me", "SMTP_PASS=hunter2",
                    "SMTP_ADMIN_EMAIL=trips@example.org", "SMTP_SENDER_NAME=Trips & more", "ENVIRONMENT=production");
    mail = tripsage_config_options(config)->auth->mail;
    ck_assert_str_eq(mail->host, "mail.example.org");
    ck_assert_uint_eq(mail->port, 465);
    ck_assert_str_eq(mail->user, "me");
    ck_assert_str_eq(mail->password, "hunter2");
    ck_assert_str_eq(mail->sender, "trips@example.org");
    ck_assert_str_eq(mail->sender_name, "Trips & more");
    ck_assert_uint_eq(mail->log_mails, 0);
    tripsage_config_free(config);

    /* The names of Supabase Auth's container; the other goes before. */
    config = CONFIG("GOTRUE_SITE_URL=https://a.example.org", "SITE_URL=https://b.example.org",
                    "GOTRUE_URI_ALLOW_LIST=https://*.example.org/**", "API_EXTERNAL_URL=https://api.example.org",
                    "GOTRUE_SMTP_HOST=m", "GOTRUE_SMTP_ADMIN_EMAIL=a@b");
    mail = tripsage_config_options(config)->auth->mail;
    ck_assert_str_eq(mail->site_url, "https://b.example.org");
    ck_assert_str_eq(mail->redirect_urls, "https://*.example.org/**");
    ck_assert_str_eq(mail->external_url, "https://api.example.org");
    ck_assert_str_eq(mail->host, "m");
    tripsage_config_free(config);
}
END_TEST

START_TEST(codes_go_by_their_settings)
{
    tripsage_config *config = CONFIG("PORT=0");
    const tripsage_auth_options *auth = tripsage_config_options(config)->auth;

    ck_assert_int_eq(auth->confirm_email, 0);
    ck_assert_uint_eq(auth->mail_interval_s, 0);
    ck_assert_uint_eq(auth->otp_ttl_s, 0);
    ck_assert_int_eq(auth->email_change_single, 0);
    ck_assert_int_eq(auth->password_needs_nonce, 0);
    ck_assert_int_eq(auth->no_limits, 0);
    ck_assert_ptr_null(auth->algorithm);
    tripsage_config_free(config);

    config = CONFIG("ENABLE_EMAIL_AUTOCONFIRM=false", "TRIPSAGE_MAIL_INTERVAL_S=5", "TRIPSAGE_OTP_EXPIRY_S=600",
                    "TRIPSAGE_SECURE_EMAIL_CHANGE=false", "TRIPSAGE_PASSWORD_REAUTHENTICATION=true",
                    "RATE_LIMIT_ENABLED=false", "TRIPSAGE_AUTH_SIGNING_ALG=RS256");
    auth = tripsage_config_options(config)->auth;
    ck_assert_int_eq(auth->confirm_email, 1);
    ck_assert_uint_eq(auth->mail_interval_s, 5);
    ck_assert_uint_eq(auth->otp_ttl_s, 600);
    ck_assert_int_eq(auth->email_change_single, 1);
    ck_assert_int_eq(auth->password_needs_nonce, 1);
    ck_assert_int_eq(auth->no_limits, 1);
    ck_assert_str_eq(auth->algorithm, "RS256");
    tripsage_config_free(config);

    config = CONFIG("GOTRUE_MAILER_AUTOCONFIRM=true", "GOTRUE_MAILER_OTP_EXP=3600",
                    "GOTRUE_MAILER_SECURE_EMAIL_CHANGE_ENABLED=true");
    auth = tripsage_config_options(config)->auth;
    ck_assert_int_eq(auth->confirm_email, -1);
    ck_assert_uint_eq(auth->otp_ttl_s, 3600);
    ck_assert_int_eq(auth->email_change_single, 0);
    tripsage_config_free(config);
}
END_TEST

START_TEST(wrong_mail_settings_are_refused)
{
    static const char *const table[][2] = {
        {"SMTP_HOST=smtp://mail.example.org", "SMTP_HOST: expected the name or the address of a host, and no more"},
        {"GOTRUE_SMTP_HOST=a b", "GOTRUE_SMTP_HOST: expected the name or the address of a host, and no more"},
        {"SMTP_PORT=0", "SMTP_PORT: expected a number from 1 to 65535, got \"0\""},
        {"SMTP_ADMIN_EMAIL=Trips <a@b>", "SMTP_ADMIN_EMAIL: expected an e-mail address such as trips@example.org"},
        {"SITE_URL=app.example.org", "SITE_URL: expected a URL that begins with https:// or http://"},
        {"API_EXTERNAL_URL=https://", "API_EXTERNAL_URL: expected a URL that begins with https:// or http://"},
        {"GOTRUE_SMTP_HOST=m", "GOTRUE_SMTP_HOST is set, but not SMTP_ADMIN_EMAIL, the address that mails are from"},
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const char *variables[VARIABLES_MAX] = {table[i][0]};
        tripsage_config *config;

        ck_assert_fails(tripsage_config_read(&config, look_up, variables), TRIPSAGE_EINVALID);
        ck_assert_str_eq(tripsage_last_error()->message, table[i][1]);
    }
}
END_TEST

/* The text at /settings/<i>/<member> of the setting with this name. */
static const char *explained(tripsage_doc *doc, const char *name, const char *member)
{
    char pointer[64];

    for (size_t i = 0; i < tripsage_doc_count(doc, "/settings"); i++) {
        snprintf(pointer, sizeof pointer, "/settings/%zu/name", i);
        if (strcmp(tripsage_doc_text(doc, pointer), name) == 0) {
            snprintf(pointer, sizeof pointer, "/settings/%zu/%s", i, member);
            return tripsage_doc_text(doc, pointer);
        }
    }
    ck_abort_msg("no setting %s", name);
    return NULL;
}

START_TEST(explained_without_secrets)
{
    tripsage_config *config = CONFIG(
        "DATABASE_URL=" PROJECT, "DATABASE_PASSWORD=s3cret", "DATABASE_JWT_SECRET=s3cret s3cret s3cret s3cret s3cret",
        "POSTGRES_URL=postgresql://postgres.abcdefghijklmnopqrst:s3cret@" POOLER ":6543/postgres",
        "DATABASE_SERVICE_KEY=sb_secret_s3cret_s3cret", "TRIPSAGE_DATABASE_POOL_SIZE=8",
        "REDIS_URL=rediss://ann:s3cret@cache:1/2");
    tripsage_doc *doc;

    ck_assert_ok(tripsage_config_explain(&doc, config));
    tripsage_config_free(config);
    ck_assert_ptr_null(strstr(tripsage_doc_json(doc, NULL), "s3cret"));
    ck_assert_ptr_nonnull(
        strstr(tripsage_doc_text(doc, "/database"), "postgresql://postgres.abcdefghijklmnopqrst:***@" POOLER ":6543/"));
    ck_assert_str_eq(tripsage_doc_text(doc, "/auth/issuer"), PROJECT "/auth/v1");
    ck_assert_str_eq(tripsage_doc_text(doc, "/auth/jwks_url"), PROJECT "/auth/v1/.well-known/jwks.json");
    ck_assert_str_eq(explained(doc, "DATABASE_URL", "value"), PROJECT);
    ck_assert_str_eq(explained(doc, "DATABASE_PASSWORD", "value"), "***");
    ck_assert_str_eq(explained(doc, "REDIS_URL", "value"), "rediss://ann:***@cache:1/2");
    ck_assert_str_eq(explained(doc, "DATABASE_PASSWORD", "source"), "DATABASE_PASSWORD");
    ck_assert_str_eq(explained(doc, "TRIPSAGE_DATABASE_POOL_SIZE", "value"), "8");
    ck_assert_str_eq(explained(doc, "TRIPSAGE_DATABASE_MIGRATE", "value"), "true");
    ck_assert_ptr_null(explained(doc, "TRIPSAGE_DATABASE_MIGRATE", "source"));
    ck_assert_ptr_null(explained(doc, "TRIPSAGE_DATABASE_CA", "value"));
    tripsage_doc_free(doc);
}
END_TEST

START_TEST(the_environment_is_read)
{
    tripsage_config *config;

    setenv("DATABASE_URL", "sqlite:of-the-environment.db", 1);
    ck_assert_ok(tripsage_config_read(&config, NULL, NULL));
    ck_assert_str_eq(tripsage_config_url(config), "sqlite:of-the-environment.db");
    tripsage_config_free(config);
    unsetenv("DATABASE_URL");
    ck_assert_fails(tripsage_config_read(NULL, NULL, NULL), TRIPSAGE_EMISUSE);
    for (size_t i = 0; tripsage_config_setting(i); i++)
        ck_assert(tripsage_config_setting(i)->name && tripsage_config_setting(i)->help);
}
END_TEST

/* Each allocation of reading and explaining fails in turn: the answer is TRIPSAGE_ENOMEM, and nothing is left behind. */
START_TEST(without_memory)
{
    const char *const variables[VARIABLES_MAX] = {
        "POSTGRES_URL=postgresql://app.abcdefghijklmnopqrst@" POOLER ":6543/postgres", "DATABASE_URL=" PROJECT,
        "DATABASE_PASSWORD=p", "DATABASE_PUBLIC_KEY=" ANON, "REDIS_URL=redis://:p@cache"};
    tripsage_status status = TRIPSAGE_ENOMEM;

    for (long n = 1; status == TRIPSAGE_ENOMEM; n++) {
        tripsage_config *config = NULL;
        tripsage_doc *doc = NULL;
        long alive = test_heap_alive(TEST_HEAP_LIBRARY);

        test_heap_arm(n, TEST_FAIL_ONCE);
        status = tripsage_config_read(&config, look_up, (void *)variables);
        if (status == TRIPSAGE_OK)
            status = tripsage_config_explain(&doc, config);
        test_heap_disarm();
        ck_assert_msg(status == TRIPSAGE_OK || status == TRIPSAGE_ENOMEM, "%ld: %s", n, tripsage_last_error()->message);
        ck_assert_msg(status == TRIPSAGE_OK || n < 1000, "it does not end");
        tripsage_doc_free(doc);
        tripsage_config_free(config);
        ck_assert_int_eq(test_heap_alive(TEST_HEAP_LIBRARY), alive);
    }
}
END_TEST

#define MASTER       "a secret key of thirty-two bytes or more"
#define OTHER_MASTER "another secret key of thirty-two bytes"

static char *sealed_under(const char *master, const char *text)
{
    char variable[128];
    tripsage_config *config;
    char *sealed;

    snprintf(variable, sizeof variable, "SECRET_KEY=%s", master);
    config = CONFIG(variable);
    ck_assert_ok(tripsage_config_seal(&sealed, config, text, TRIPSAGE_NUL));
    tripsage_config_free(config);
    return sealed;
}

START_TEST(a_sealed_setting_is_read_with_the_secret_key)
{
    char *url = sealed_under(MASTER, "postgresql://me:s3cret@h/db"),
         *redis = sealed_under(MASTER, "redis://:s3cret@cache");
    char url_variable[512], redis_variable[512];
    tripsage_config *config;
    tripsage_doc *doc;

    ck_assert_int_eq(strncmp(url, "enc:v1:", 7), 0);
    snprintf(url_variable, sizeof url_variable, "DATABASE_URL=%s", url);
    snprintf(redis_variable, sizeof redis_variable, "REDIS_URL=%s", redis);
    config = CONFIG(url_variable, redis_variable, "SECRET_KEY=" MASTER);
    ck_assert_str_eq(tripsage_config_url(config), "postgresql://me:s3cret@h/db");
    ck_assert_str_eq(tripsage_config_options(config)->cache->url, "redis://:s3cret@cache");
    ck_assert_str_eq(tripsage_config_options(config)->auth->secret_key, MASTER);
    ck_assert_ok(tripsage_config_explain(&doc, config));
    ck_assert_ptr_null(strstr(tripsage_doc_json(doc, NULL), "s3cret"));
    ck_assert_ptr_null(strstr(tripsage_doc_json(doc, NULL), MASTER));
    tripsage_doc_free(doc);
    tripsage_config_free(config);
    config = CONFIG(url_variable, "SECRET_KEY=" OTHER_MASTER, "SECRET_KEY_PREVIOUS=" MASTER);
    ck_assert_str_eq(tripsage_config_url(config), "postgresql://me:s3cret@h/db");
    ck_assert_str_eq(tripsage_config_options(config)->auth->previous_secret_key, MASTER);
    tripsage_config_free(config);
    tripsage_free(url);
    tripsage_free(redis);
}
END_TEST

START_TEST(a_sealed_setting_in_a_file_is_read)
{
    char path[] = "/tmp/tripsage-config-XXXXXX", variable[128];
    char *sealed = sealed_under(MASTER, "p@ss word");
    int file = mkstemp(path);
    tripsage_config *config;

    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(write(file, sealed, strlen(sealed)), (ssize_t)strlen(sealed));
    ck_assert_int_eq(write(file, "\n", 1), 1);
    close(file);
    snprintf(variable, sizeof variable, "DATABASE_PASSWORD_FILE=%s", path);
    config = CONFIG("DATABASE_URL=postgresql://me@h/db", variable, "SECRET_KEY=" MASTER);
    ck_assert_str_eq(tripsage_config_url(config), "postgresql://me@h/db?password=p%40ss%20word");
    tripsage_config_free(config);
    unlink(path);
    tripsage_free(sealed);
}
END_TEST

static void assert_sealed_refused(const char *value, const char *secret_key, const char *message)
{
    char variable[1024];
    const char *variables[VARIABLES_MAX] = {variable, secret_key};
    tripsage_config *config;

    snprintf(variable, sizeof variable, "DATABASE_URL=%s", value);
    ck_assert_fails(tripsage_config_read(&config, look_up, (void *)variables), TRIPSAGE_EINVALID);
    ck_assert_msg(strstr(tripsage_last_error()->message, message), "%s", tripsage_last_error()->message);
    ck_assert_ptr_null(strstr(tripsage_last_error()->message, "s3cret"));
}

START_TEST(a_sealed_setting_that_cannot_be_read_is_refused)
{
    char *sealed = sealed_under(MASTER, "postgresql://me:s3cret@h/db"), *lines = sealed_under(MASTER, "s3cret\nline");
    char *wrong = sealed_under(MASTER, "s3cret, no URL");
    tripsage_config *config;
    char *out = sealed;

    assert_sealed_refused(sealed, NULL, "DATABASE_URL: is sealed (enc:...), and there is no SECRET_KEY");
    assert_sealed_refused(sealed, "SECRET_KEY=" OTHER_MASTER,
                          "DATABASE_URL: cannot be unsealed with SECRET_KEY: this was sealed under the key ");
    assert_sealed_refused("enc:v2:x", "SECRET_KEY=" MASTER, "DATABASE_URL: cannot be unsealed");
    assert_sealed_refused(lines, "SECRET_KEY=" MASTER, "DATABASE_URL: has a line break");
    assert_sealed_refused(wrong, "SECRET_KEY=" MASTER, "DATABASE_URL: expected sqlite:");
    sealed[30] = sealed[30] == 'A' ? 'B' : 'A';
    assert_sealed_refused(sealed, "SECRET_KEY=" MASTER, "DATABASE_URL: cannot be unsealed");
    assert_sealed_refused("sqlite::memory:", "SECRET_KEY=s3cret", "SECRET_KEY: expected at least 32 bytes");
    config = CONFIG("SECRET_KEY_PREVIOUS=" MASTER);
    ck_assert_fails(tripsage_config_seal(&out, config, "x", 1), TRIPSAGE_EINVALID);
    ck_assert_ptr_null(out);
    tripsage_config_free(config);
    config = CONFIG("SECRET_KEY=" MASTER);
    ck_assert_fails(tripsage_config_seal(&out, config, "", 0), TRIPSAGE_EINVALID);
    tripsage_config_free(config);
    tripsage_free(sealed);
    tripsage_free(lines);
    tripsage_free(wrong);
}
END_TEST

START_TEST(embedder_settings_become_options)
{
    tripsage_config *config = CONFIG("OPENAI_API_KEY=sk-secret");
    const tripsage_embedder_options *embedder = tripsage_config_options(config)->embedder;
    char path[TEST_PATH_SIZE], variable[TEST_PATH_SIZE + 32];
    tripsage_doc *doc;

    ck_assert_uint_eq(embedder->version, 1);
    ck_assert_ptr_null(embedder->source); /* a key alone sends nothing to anybody */
    tripsage_config_free(config);

    config = CONFIG("TRIPSAGE_EMBEDDER=openai", "OPENAI_API_KEY=sk-secret", "EMBEDDING_DIMENSIONS=512",
                    "EMBEDDING_DEADLINE_MS=5000");
    embedder = tripsage_config_options(config)->embedder;
    ck_assert_str_eq(embedder->source, "openai");
    ck_assert_str_eq(embedder->api_key, "sk-secret");
    ck_assert_ptr_null(embedder->base_url);
    ck_assert_ptr_null(embedder->model);
    ck_assert_uint_eq(embedder->dimensions, 512);
    ck_assert_uint_eq(embedder->deadline_ms, 5000);
    ck_assert_ok(tripsage_config_explain(&doc, config));
    ck_assert_ptr_nonnull(strstr(tripsage_doc_json(doc, NULL), "\"OPENAI_API_KEY\",\"value\":\"***\""));
    ck_assert_ptr_null(strstr(tripsage_doc_json(doc, NULL), "sk-secret"));
    tripsage_doc_free(doc);
    tripsage_config_free(config);

    config = CONFIG("TRIPSAGE_EMBEDDER=openai", "OPENAI_BASE_URL=http://127.0.0.1:11434/v1",
                    "EMBEDDING_MODEL=nomic-embed-text", "EMBEDDING_DIMENSIONS=768", "EMBEDDING_SHORTEN=true",
                    "EMBEDDING_QUERY_PREFIX=search_query: ", "EMBEDDING_DOCUMENT_PREFIX=search_document: ");
    embedder = tripsage_config_options(config)->embedder;
    ck_assert_str_eq(embedder->base_url, "http://127.0.0.1:11434/v1");
    ck_assert_str_eq(embedder->model, "nomic-embed-text");
    ck_assert_int_eq(embedder->shorten, 1);
    ck_assert_str_eq(embedder->query_prefix, "search_query: ");
    ck_assert_str_eq(embedder->document_prefix, "search_document: ");
    tripsage_config_free(config);

    test_temp_make(path);
    snprintf(variable, sizeof variable, "TRIPSAGE_EMBEDDER=%s", path);
    config = CONFIG(variable, "EMBEDDING_DIMENSIONS=768");
    embedder = tripsage_config_options(config)->embedder;
    ck_assert_str_eq(embedder->source, path);
    ck_assert_uint_eq(embedder->dimensions, 0); /* a server's */
    tripsage_config_free(config);
    test_temp_remove(path);
}
END_TEST

START_TEST(wrong_embedder_settings_are_refused)
{
    static const char *const table[][2] = {
        {"TRIPSAGE_EMBEDDER=/nowhere", "TRIPSAGE_EMBEDDER: cannot read \"/nowhere\": No such file or directory"},
        {"TRIPSAGE_EMBEDDER=openai",
         "TRIPSAGE_EMBEDDER is openai: set OPENAI_API_KEY, or OPENAI_BASE_URL to a server that needs none"},
        {"OPENAI_BASE_URL=localhost", "OPENAI_BASE_URL: expected a URL that begins with https:// or http://"},
        {"OPENAI_BASE_URL=http://me:pw@host/v1", "OPENAI_BASE_URL: expected a host and a path, and no more"},
        {"EMBEDDING_DIMENSIONS=5000", "EMBEDDING_DIMENSIONS: expected a number from 1 to 4096, got \"5000\""},
        {"EMBEDDING_SHORTEN=maybe", "EMBEDDING_SHORTEN: expected true or false, got \"maybe\""},
    };
    const char *unknown[VARIABLES_MAX] = {"TRIPSAGE_EMBEDDER=openai", "OPENAI_API_KEY=k", "EMBEDDING_MODEL=bge-m3"};
    tripsage_config *config;

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const char *variables[VARIABLES_MAX] = {table[i][0]};

        ck_assert_fails(tripsage_config_read(&config, look_up, variables), TRIPSAGE_EINVALID);
        ck_assert_str_eq(tripsage_last_error()->message, table[i][1]);
    }
    ck_assert_fails(tripsage_config_read(&config, look_up, unknown), TRIPSAGE_EINVALID);
    ck_assert_str_eq(tripsage_last_error()->message,
                     "EMBEDDING_MODEL is none of OpenAI's: set EMBEDDING_DIMENSIONS to what its vectors have");
}
END_TEST

/* RFC 9116, at noon of 2026-11-29. */
START_TEST(who_is_told_of_weaknesses_is_a_file)
{
    static const struct {
        const char *variables[VARIABLES_MAX], *text;
    } cases[] = {
        {{"API_EXTERNAL_URL=https://api.trips.org"}, NULL},
        {{"TRIPSAGE_SECURITY_CONTACT=tel:+1-201-555-0123"},
         "Contact: tel:+1-201-555-0123\nExpires: 2027-02-27T00:00:00Z\n"},
        {{"TRIPSAGE_SECURITY_CONTACT= https://trips.org/s?a=1%2C2 ,mailto:a@b.org?subject=x,",
          "API_EXTERNAL_URL=https://h:8443/auth/v1", "TRIPSAGE_SECURITY_LANGUAGES=en , pt-BR",
          "TRIPSAGE_SECURITY_POLICY=https://trips.org/policy"},
         "Contact: https://trips.org/s?a=1%2C2\nContact: mailto:a@b.org?subject=x\nExpires: 2027-02-27T00:00:00Z\n"
         "Canonical: https://h:8443/.well-known/security.txt\nPolicy: https://trips.org/policy\n"
         "Preferred-Languages: en, pt-BR\n"},
        {{"TRIPSAGE_SECURITY_CONTACT=mailto:a@b.org", "API_EXTERNAL_URL=http://localhost:8080"},
         "Contact: mailto:a@b.org\nExpires: 2027-02-27T00:00:00Z\n"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tripsage_config *config = read_config(cases[i].variables);
        char *text;

        ck_assert_ok(tripsage_security_txt(&text, config, INT64_C(1795953600000)));
        ck_assert_pstr_eq(text, cases[i].text);
        ck_assert_int_eq(tripsage_config_security_contact(config) != NULL, text != NULL);
        tripsage_free(text);
        tripsage_config_free(config);
    }
}
END_TEST

START_TEST(wrong_contacts_are_refused)
{
#define CONTACTS                                                                                                       \
    "TRIPSAGE_SECURITY_CONTACT: expected URIs separated by commas, such as mailto:security@example.org, "              \
    "https://example.org/security or tel:+1-201-555-0123"
#define LANGUAGES "TRIPSAGE_SECURITY_LANGUAGES: expected language tags separated by commas, such as en,de or pt-BR"
    static const char *const table[][2] = {
        {"TRIPSAGE_SECURITY_CONTACT=security@example.org", CONTACTS},
        {"TRIPSAGE_SECURITY_CONTACT=http://example.org/security", CONTACTS},
        {"TRIPSAGE_SECURITY_CONTACT=mailto:nobody", CONTACTS},
        {"TRIPSAGE_SECURITY_CONTACT=https://", CONTACTS},
        {"TRIPSAGE_SECURITY_CONTACT=mailto:a@b.org, call us", CONTACTS},
        {"TRIPSAGE_SECURITY_CONTACT=https://example.org/a b", CONTACTS},
        {"TRIPSAGE_SECURITY_CONTACT= , ", CONTACTS},
        {"TRIPSAGE_SECURITY_LANGUAGES=english, please", NULL},
        {"TRIPSAGE_SECURITY_LANGUAGES=e", LANGUAGES},
        {"TRIPSAGE_SECURITY_LANGUAGES=en_US", LANGUAGES},
        {"TRIPSAGE_SECURITY_LANGUAGES=en-", LANGUAGES},
        {"TRIPSAGE_SECURITY_LANGUAGES=en de", LANGUAGES},
        {"TRIPSAGE_SECURITY_POLICY=http://example.org",
         "TRIPSAGE_SECURITY_POLICY: expected a URL that begins with https://"},
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const char *variables[VARIABLES_MAX] = {table[i][0]};
        tripsage_config *config = NULL;
        tripsage_status status = tripsage_config_read(&config, look_up, variables);

        ck_assert_msg(status == (table[i][1] ? TRIPSAGE_EINVALID : TRIPSAGE_OK), "%s", table[i][0]);
        if (table[i][1])
            ck_assert_str_eq(tripsage_last_error()->message, table[i][1]);
        tripsage_config_free(config);
    }
}
END_TEST

SUITE_MAIN_WITH("config", test_heap_install, NULL, settings_become_a_url, settings_become_a_url_to_listen,
                what_is_wrong_is_said_with_its_fix, a_secret_may_be_in_a_file, settings_become_options,
                explained_without_secrets, the_environment_is_read, without_memory,
                a_sealed_setting_is_read_with_the_secret_key, a_sealed_setting_in_a_file_is_read,
                a_sealed_setting_that_cannot_be_read_is_refused, mail_settings_become_options,
                codes_go_by_their_settings, wrong_mail_settings_are_refused, embedder_settings_become_options,
                wrong_embedder_settings_are_refused, who_is_told_of_weaknesses_is_a_file, wrong_contacts_are_refused)
