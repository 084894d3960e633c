/* The doctor on set-ups that are broken each in one way: it names what is wrong, says what to do, and leaves everything as it is. */
#include <fcntl.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <tripsage/doctor.h>
#include <tripsage/tripsage.h>
#include <unistd.h>

#include "suite.h"
#include "support/certificate.h"
#include "support/postgres.h"
#include "support/redis.h"
#include "support/smtp_sink.h"
#include "support/upstash.h"
#include "support/web.h"

#define FILE_URL(path)       test_format("DATABASE_URL=sqlite://%s", path)
#define PG_URL(user, folder) test_format("DATABASE_URL=postgresql:///%s?host=%s&user=%s", database, folder, user)

#define FIRST_SECRET  "hunter2 is the first of two secrets, of 44 bytes"
#define SECOND_SECRET "hunter2 is the second of two secrets, and longer"

static char folder[TEST_PATH_SIZE], path[TEST_PATH_SIZE];

static void make(void)
{
    test_temp_make(folder);
    test_path_join(path, folder, "trips.db");
}

static void drop(void)
{
    test_temp_remove(folder);
    test_keep_free();
}

/* Gives the exit status, and what was printed. */
static int run(const char **output, const char *const *variables)
{
    return http_program(TRIPSAGE_SERVER, folder, (const char *const[]){"doctor", "--json", NULL}, variables, output);
}

/* The value of a member of a check; NULL past the last. */
static const char *check_at(const char *json, int i, const char *member)
{
    return test_json_at(json, test_format("/checks/%d/%s", i, member));
}

/* Whether a check of this name is in this state, its message has these words, and its fix those. */
static int is_told(const char *json, const char *name, const char *state, const char *words, const char *fix)
{
    for (int i = 0; check_at(json, i, "name"); i++)
        if (strcmp(check_at(json, i, "name"), test_quoted(name)) == 0 &&
            strcmp(check_at(json, i, "state"), test_quoted(state)) == 0 &&
            strstr(check_at(json, i, "message"), words) && strstr(check_at(json, i, "fix"), fix))
            return 1;
    return 0;
}

static void diagnose(const char *const *variables, const char *name, const char *words, const char *fix)
{
    const char *output;
    int status = run(&output, variables);
    const char *json = strchr(output, '{');

    ck_assert_msg(status != 0, "it finds nothing: %s", output);
    ck_assert_msg(json && is_told(json, name, "failed", words, fix), "%s, \"%s\", \"%s\" is not in: %s", name, words,
                  fix, output);
    ck_assert_ptr_null(strstr(output, "hunter2")); /* what passwords here are made of */
}

#define DIAGNOSED(name, words, fix, ...)                                                                               \
    diagnose((const char *const[]){"LOG_LEVEL=ERROR", __VA_ARGS__, NULL}, name, words, fix)

static void migrate_with(const char *variable, const char *another)
{
    const char *output;

    ck_assert_msg(http_program(TRIPSAGE_SERVER, folder, (const char *const[]){"migrate", NULL},
                               (const char *const[]){"LOG_LEVEL=ERROR", variable, another, NULL}, &output) == 0,
                  "%s", output);
}

static void migrate(const char *variable)
{
    migrate_with(variable, NULL);
}

static void change(const char *sql)
{
    sqlite3 *db;

    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(db));
    sqlite3_close(db);
}

/* ---- what is right ---- */

START_TEST(what_is_right_is_said_to_be)
{
    int status;
    const char *output;

    status = run(&output, (const char *const[]){"LOG_LEVEL=ERROR", NULL});

    ck_assert_msg(status == 0, "%s", output); /* the first start makes the folder and the file */
    ck_assert_int_ne(access(test_format("%s/data", folder), F_OK), 0);
    migrate(FILE_URL(path));
    status = run(&output, (const char *const[]){"LOG_LEVEL=ERROR", FILE_URL(path), NULL});
    ck_assert_msg(status == 0, "%s", output);
    ck_assert_ptr_nonnull(strstr(output, "{\"ok\":true,"));
}
END_TEST

/* ---- files ---- */

START_TEST(settings)
{
    DIAGNOSED("settings", "DATABASE_JWT_SECRET", "correct the variable", "DATABASE_JWT_SECRET=short");
}
END_TEST

START_TEST(files_and_folders)
{
    DIAGNOSED("database", "/nowhere does not exist", "mkdir -p /nowhere", "DATABASE_URL=sqlite:///nowhere/trips.db");
    DIAGNOSED("database", "is no file", "name a file", FILE_URL(folder));
    change("CREATE TABLE recipes (name TEXT)");
    DIAGNOSED("database", "trips.db cannot be a folder", "TRIPSAGE_DATA_DIR", "TRIPSAGE_DATA_DIR=trips.db");
    DIAGNOSED("database", "trips.db/x cannot be a folder", "TRIPSAGE_DATA_DIR", "TRIPSAGE_DATA_DIR=trips.db/x");
    ck_assert_int_eq(access("/nowhere", F_OK), -1);
}
END_TEST

/* Root may write everywhere but where nobody may. */
START_TEST(a_folder_that_may_not_be_written)
{
    char place[TEST_PATH_SIZE];
    int is_root = geteuid() == 0;

    test_path_join(place, folder, "place");
    ck_assert_int_eq(mkdir(place, 0500), 0);
    if (is_root && mount("none", place, "tmpfs", MS_RDONLY, NULL) != 0)
        return;
    DIAGNOSED("database", "may not be written", is_root ? "mount a volume" : "chown",
              FILE_URL(test_format("%s/trips.db", place)));
    if (is_root)
        ck_assert_int_eq(umount(place), 0);
}
END_TEST

START_TEST(a_full_disk)
{
    char place[TEST_PATH_SIZE];

    test_path_join(place, folder, "place");
    ck_assert_int_eq(mkdir(place, 0700), 0);
    if (geteuid() != 0 || mount("none", place, "tmpfs", 0, "size=4m") != 0)
        return; /* only root may make one */
    DIAGNOSED("disk", "is full", "free room", FILE_URL(test_format("%s/trips.db", place)));
    ck_assert_int_eq(umount(place), 0);
}
END_TEST

START_TEST(files_of_others)
{
    change("CREATE TABLE recipes (name TEXT)");
    DIAGNOSED("schema", "of another program", "name another file", FILE_URL(path));
    ck_assert_int_eq(truncate(path, 0), 0);
    ck_assert_int_eq(truncate(path, 8192), 0);
    DIAGNOSED("database", "not a database", "restore the newest backup", FILE_URL(path));
}
END_TEST

START_TEST(a_damaged_file)
{
    char rubbish[16384];
    int fd;

    migrate(FILE_URL(path));
    memset(rubbish, 0xa5, sizeof rubbish);
    fd = open(path, O_WRONLY);
    for (long at = 40 * 4096; at < 120 * 4096; at += (long)sizeof rubbish)
        ck_assert_int_eq(pwrite(fd, rubbish, sizeof rubbish, at), (ssize_t)sizeof rubbish);
    close(fd);
    DIAGNOSED("database", "", "restore the newest backup", FILE_URL(path));
}
END_TEST

START_TEST(a_locked_file)
{
    sqlite3 *db;

    migrate(FILE_URL(path));
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    DIAGNOSED("database", "held the lock", test_format("process %d", (int)getpid()), FILE_URL(path));
    sqlite3_close(db);
}
END_TEST

START_TEST(schemas)
{
    migrate(FILE_URL(path));
    change("INSERT INTO schema_migration VALUES (9999, 'later', 'x', 0)");
    DIAGNOSED("schema", "9999_later, which is newer", "start the version", FILE_URL(path));
    change("DELETE FROM schema_migration WHERE number = 9999");
    change("DELETE FROM schema_migration WHERE number = (SELECT max(number) FROM schema_migration)");
    DIAGNOSED("schema", "1 migrations behind", "tripsage-server migrate", FILE_URL(path));
    change("UPDATE schema_migration SET checksum = 'edited' WHERE number = 3");
    DIAGNOSED("schema", "0003_trips was edited", "put the text of that migration back", FILE_URL(path));
}
END_TEST

START_TEST(a_clock_that_is_behind)
{
    migrate(FILE_URL(path));
    change("UPDATE schema_migration SET applied_at = applied_at + 86400000 WHERE number = 5");
    DIAGNOSED("clock", "86", "timedatectl set-ntp", FILE_URL(path));
}
END_TEST

/* ---- services ---- */

START_TEST(redis)
{
    static const char *const more[] = {"--requirepass", "hunter2", NULL};
    test_redis store = {.pid = 0};
    const char *url;

    test_redis_start(&store, more);
    url = test_format("REDIS_URL=unix://%s", store.path);
    DIAGNOSED("cache", "WRONGPASS", "REDIS_PASSWORD", url, "REDIS_PASSWORD=hunter22");
    DIAGNOSED("cache", "NOAUTH", "set REDIS_PASSWORD", url);
    test_redis_kill(&store);
    DIAGNOSED("cache", "", "start Redis", url, "REDIS_PASSWORD=hunter2");
    test_redis_close(&store);
}
END_TEST

START_TEST(upstash)
{
    test_redis store = {.pid = 0};
    test_upstash gateway;

    memset(&gateway, 0, sizeof gateway);
    test_redis_start(&store, NULL);
    test_upstash_open(&gateway, &store);
    DIAGNOSED("cache", "401", "UPSTASH_REDIS_REST_TOKEN",
              test_format("UPSTASH_REDIS_REST_URL=%s", test_web_url(gateway.web)), "UPSTASH_REDIS_REST_TOKEN=hunter2");
    test_upstash_close(&gateway);
    test_redis_close(&store);
}
END_TEST

/* What the server says to everybody. */
static _Atomic int code = 401;

static void refuse(test_web_reply *reply, const test_web_request *request, void *user)
{
    (void)request;
    reply->status = code;
    reply->headers = "Content-Type: application/json\r\n";
    reply->body = code == 401 ? "{\"error\":{\"message\":\"Incorrect API key provided\"}}" : "";
    *(_Atomic int *)user += 1;
}

/* A server that was there until a moment ago. */
static const char *nobody(void)
{
    _Atomic int asked = 0;
    test_web *web = test_web_open(refuse, &asked, TEST_PEER_PLAIN);
    const char *url = test_format("%s", test_web_url(web));

    test_web_close(web);
    return url;
}

START_TEST(embedders)
{
    _Atomic int asked = 0;
    test_web *web = test_web_open(refuse, &asked, TEST_PEER_PLAIN);

    DIAGNOSED("embedder", "refuses the key", "OPENAI_API_KEY", "TRIPSAGE_EMBEDDER=openai", "OPENAI_API_KEY=sk-hunter2",
              test_format("OPENAI_BASE_URL=%s/v1", test_web_url(web)));
    code = 404;
    DIAGNOSED("embedder", "(404): it does not say why", "mostly ends in /v1", "TRIPSAGE_EMBEDDER=openai",
              test_format("OPENAI_BASE_URL=%s", test_web_url(web)));
    test_web_close(web);
    DIAGNOSED("embedder", "", "OPENAI_BASE_URL", "TRIPSAGE_EMBEDDER=openai", "OPENAI_API_KEY=sk-hunter2",
              test_format("OPENAI_BASE_URL=%s/v1", nobody()));
    DIAGNOSED("settings", "TRIPSAGE_EMBEDDER: cannot read", "correct the variable", "TRIPSAGE_EMBEDDER=/nowhere/model");
    DIAGNOSED("embedder", "cannot be used: ", "TRIPSAGE_EMBEDDER to the path",
              test_format("TRIPSAGE_EMBEDDER=%s", folder));
}
END_TEST

START_TEST(collectors)
{
    _Atomic int asked = 0;
    const char *output;
    int status;
    test_web *web = test_web_open(refuse, &asked, TEST_PEER_PLAIN);

    DIAGNOSED("telemetry", "refuses us: 401", "OTEL_EXPORTER_OTLP_HEADERS",
              test_format("OTEL_EXPORTER_OTLP_ENDPOINT=%s/", test_web_url(web)));
    ck_assert_int_eq(asked, 1);
    code = 501; /* as Python's http.server answers */
    DIAGNOSED("telemetry", "is no OTLP collector: it answers 501", "port 4318",
              test_format("OTEL_EXPORTER_OTLP_ENDPOINT=%s", test_web_url(web)));
    code = 503;
    status =
        run(&output, (const char *const[]){"LOG_LEVEL=ERROR",
                                           test_format("OTEL_EXPORTER_OTLP_ENDPOINT=%s", test_web_url(web)), NULL});
    ck_assert_msg(status == 0 && is_told(output, "telemetry", "warning", "answers 503", "log"), "%s", output);
    test_web_close(web);
    DIAGNOSED("telemetry", "", "start the collector",
              test_format("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=%s/v1/traces", nobody()));
}
END_TEST

/* As a web server that shows its one page for every path. */
static void show_page(test_web_reply *reply, const test_web_request *request, void *user)
{
    (void)request;
    (void)user;
    reply->status = 200;
    reply->headers = "Content-Type: text/html; charset=utf-8\r\n";
    reply->body = "<!doctype html>";
}

START_TEST(a_page_is_no_collector)
{
    test_web *web = test_web_open(show_page, NULL, TEST_PEER_PLAIN);

    DIAGNOSED("telemetry", "it answers with a web page", "port 4318",
              test_format("OTEL_EXPORTER_OTLP_ENDPOINT=%s", test_web_url(web)));
    test_web_close(web);
}
END_TEST

START_TEST(mail_servers)
{
    test_sink_manners manners = {.password = "me:hunter2"};
    test_sink *sink = test_sink_open(&manners, TEST_PEER_PLAIN);
    const char *port = test_format("SMTP_PORT=%d", test_peer_port(test_sink_peer(sink)));
    const char *output;
    int status;

    DIAGNOSED("mail", "denied", "SMTP_USER and SMTP_PASS", "SMTP_HOST=127.0.0.1", port, "SMTP_USER=me",
              "SMTP_PASS=hunter22", "SMTP_ADMIN_EMAIL=trips@example.org");
    DIAGNOSED("mail", "STARTTLS not supported", "STARTTLS (587)", "SMTP_HOST=::ffff:127.0.0.1", port,
              "SMTP_ADMIN_EMAIL=trips@example.org");
    status = run(&output, (const char *const[]){"LOG_LEVEL=ERROR", "SMTP_HOST=127.0.0.1", port, "SMTP_USER=me",
                                                "SMTP_PASS=hunter2", "SMTP_ADMIN_EMAIL=trips@example.org", NULL});
    ck_assert_msg(status == 0 && is_told(output, "mail", "ok", "127.0.0.1 lets \\\"me\\\" in", ""), "%s", output);
    ck_assert_uint_eq(test_sink_count(sink), 0);
    test_peer_refuse(test_sink_peer(sink));
    DIAGNOSED("mail", "", "SMTP_PORT the port", "SMTP_HOST=127.0.0.1", port, "SMTP_ADMIN_EMAIL=trips@example.org");
    test_sink_close(sink);
    sink = test_sink_open(&manners, TEST_PEER_STARTTLS); /* by a CA that nobody knows */
    DIAGNOSED("mail", "certificate", "update-ca-certificates", "SMTP_HOST=::ffff:127.0.0.1",
              test_format("SMTP_PORT=%d", test_peer_port(test_sink_peer(sink))), "SMTP_ADMIN_EMAIL=trips@example.org");
    test_sink_close(sink);
}
END_TEST

static int64_t late(void *user)
{
    (void)user;
    return INT64_C(1900000000000); /* 2030 */
}

START_TEST(certificates)
{
    const char *certificate = test_format("%s/c.pem", folder), *key = test_format("%s/k.pem", folder);
    tripsage_doctor_options options = TRIPSAGE_DOCTOR_OPTIONS_INIT;
    tripsage_runtime runtime = TRIPSAGE_RUNTIME_INIT;
    tripsage_config *config;
    tripsage_doc *report;
    const char *output;
    int status;

    test_certificate_make(certificate, key, 2);
    status = run(&output, (const char *const[]){"LOG_LEVEL=ERROR", "TRIPSAGE_TLS_CERTIFICATE=c.pem",
                                                "TRIPSAGE_TLS_KEY=k.pem", NULL});
    ck_assert_msg(status == 0 && is_told(output, "tls", "warning", "holds for 1 days", "renew"), "%s", output);
    DIAGNOSED("tls", "no key without a password", "TRIPSAGE_TLS_KEY", "TRIPSAGE_TLS_CERTIFICATE=c.pem");
    test_certificate_make(test_format("%s/other.pem", folder), test_format("%s/other.key", folder), 2);
    DIAGNOSED("tls", "is of another certificate", "of one pair", "TRIPSAGE_TLS_CERTIFICATE=c.pem",
              "TRIPSAGE_TLS_KEY=other.key");
    DIAGNOSED("tls", "no certificate can be read", "TRIPSAGE_TLS_CERTIFICATE", "TRIPSAGE_TLS_CERTIFICATE=k.pem");
    runtime.now_ms = late;
    options.runtime = &runtime;
    options.tls_certificate = certificate;
    options.tls_key = key;
    ck_assert_int_eq(tripsage_config_read(&config, NULL, NULL), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage_doctor(&report, config, &options), TRIPSAGE_OK);
    ck_assert_msg(is_told(tripsage_doc_json(report, NULL), "tls", "failed", "has ended", "renew the certificate"), "%s",
                  tripsage_doc_json(report, NULL));
    tripsage_doc_free(report);
    tripsage_config_free(config);
}
END_TEST

/* ---- a project ---- */

/* {"alg":"HS256","typ":"JWT"}.{"iss":"supabase","ref":"abcdefghijklmnopqrst","role":"anon"}, signed with "a secret of another project, of
 * 40 bytes" */
#define ANON_KEY                                                                                                       \
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."                                                                            \
    "eyJpc3MiOiJzdXBhYmFzZSIsInJlZiI6ImFiY2RlZmdoaWprbG1ub3BxcnN0Iiwicm9sZSI6ImFub24ifQ."                              \
    "Fwj6gAnDd0jgN0O98yKqmn38sooaiGN6uQ6Bbus5bxs"

START_TEST(secrets_of_another_project)
{
    DIAGNOSED("tokens", "is of another project than DATABASE_PUBLIC_KEY", "from one project",
              "DATABASE_PUBLIC_KEY=" ANON_KEY, "DATABASE_JWT_SECRET=hunter2 hunter2 hunter2 hunter2 hunter2");
}
END_TEST

/* Of a database that was made with the first one. */
static void another_secret(const char *url)
{
    const char *output;
    int status;

    DIAGNOSED("secrets", "2 secrets in the database (signing keys, users' secrets) are sealed under another SECRET_KEY",
              "SECRET_KEY_PREVIOUS", url, "SECRET_KEY=" SECOND_SECRET);
    DIAGNOSED("secrets", "another SECRET_KEY", "SECRET_KEY_PREVIOUS", url);
    status = run(&output, (const char *const[]){"LOG_LEVEL=ERROR", url, "SECRET_KEY=" FIRST_SECRET, NULL});
    ck_assert_msg(status == 0 && is_told(output, "secrets", "ok", "can be read", ""), "%s", output);
    status = run(&output, (const char *const[]){"LOG_LEVEL=ERROR", url, "SECRET_KEY=" SECOND_SECRET,
                                                "SECRET_KEY_PREVIOUS=" FIRST_SECRET, NULL});
    ck_assert_msg(status == 0 && is_told(output, "secrets", "warning", "2 secrets", "rotate-secret"), "%s", output);
}

START_TEST(another_secret_key)
{
    migrate_with(FILE_URL(path), "SECRET_KEY=" FIRST_SECRET); /* which makes signing keys, and seals them */
    another_secret(FILE_URL(path));
    change("UPDATE signing_key SET private_key = substr(private_key, 1, 60) || 'AAAA'");
    DIAGNOSED("secrets", "2 secrets in the database are damaged: signing_key:", "newest backup", FILE_URL(path),
              "SECRET_KEY=" SECOND_SECRET, "SECRET_KEY_PREVIOUS=" FIRST_SECRET);
}
END_TEST

/* ---- PostgreSQL ---- */

static const char *database;

static void make_postgres(void (*and_migrate)(const char *database))
{
    database = test_format("%s", test_pg_create(and_migrate));
}

START_TEST(servers_that_let_nobody_in)
{
    make_postgres(NULL);
    DIAGNOSED("database", "cannot be reached", "start the server", "DATABASE_URL=postgresql://u@127.0.0.1:1/trips");
    DIAGNOSED("database", "refuses the password", "DATABASE_PASSWORD", PG_URL(TEST_PG_LOCKED, TEST_PG_DIRECT),
              "DATABASE_PASSWORD=hunter2");
    DIAGNOSED("database", "wants a password", "set DATABASE_PASSWORD", PG_URL(TEST_PG_LOCKED, TEST_PG_DIRECT));
    DIAGNOSED("database", "there is no database \\\"nowhere\\\"", "CREATE DATABASE",
              "DATABASE_URL=postgresql:///nowhere?host=" TEST_PG_DIRECT "&user=" TEST_PG_APP);
    DIAGNOSED("database", "there is no login", "CREATE ROLE", PG_URL("nobody_at_all", TEST_PG_DIRECT));
    test_pg_drop();
}
END_TEST

START_TEST(schemas_of_postgres)
{
    make_postgres(NULL);
    DIAGNOSED("schema", "migrations behind", "tripsage-server migrate", PG_URL(TEST_PG_OWNER, TEST_PG_DIRECT));
    test_pg_exec(TEST_PG_SUPERUSER, "DROP EXTENSION vector");
    DIAGNOSED("pgvector", "is not in the database", "CREATE EXTENSION vector", PG_URL(TEST_PG_OWNER, TEST_PG_DIRECT));
    test_pg_exec(TEST_PG_SUPERUSER, "CREATE SCHEMA aside; CREATE EXTENSION vector SCHEMA aside");
    DIAGNOSED("pgvector", "is in the schema \\\"aside\\\"", "ALTER EXTENSION vector SET SCHEMA public",
              PG_URL(TEST_PG_OWNER, TEST_PG_DIRECT));
    test_pg_exec(TEST_PG_SUPERUSER, "ALTER EXTENSION vector SET SCHEMA public");
    migrate(PG_URL(TEST_PG_OWNER, TEST_PG_DIRECT));
    test_pg_exec(TEST_PG_OWNER, "ALTER TABLE tripsage.trip_note DISABLE ROW LEVEL SECURITY");
    DIAGNOSED("row level security", "off for the table trip_note",
              "ALTER TABLE tripsage.trip_note ENABLE ROW LEVEL SECURITY", PG_URL(TEST_PG_APP, TEST_PG_DIRECT));
    test_pg_exec(TEST_PG_OWNER, "REVOKE SELECT, DELETE ON tripsage.trip FROM service_role");
    DIAGNOSED("schema", "service_role lacks SELECT, DELETE on the table trip",
              "GRANT SELECT, DELETE ON tripsage.trip TO", PG_URL(TEST_PG_APP, TEST_PG_DIRECT));
    test_pg_exec(TEST_PG_OWNER, "GRANT SELECT, DELETE ON tripsage.trip TO service_role");
    test_pg_exec(TEST_PG_OWNER, test_format("ALTER DATABASE %s SET default_transaction_read_only = on", database));
    DIAGNOSED("database", "takes no changes", "RESET default_transaction_read_only",
              PG_URL(TEST_PG_APP, TEST_PG_DIRECT));
    test_pg_exec(
        TEST_PG_OWNER,
        test_format("SET default_transaction_read_only = off; ALTER DATABASE %s RESET default_transaction_read_only",
                    database));
    test_pg_exec(TEST_PG_OWNER,
                 "ALTER TABLE tripsage.trip_note ENABLE ROW LEVEL SECURITY; SET ROLE service_role;"
                 "UPDATE tripsage.schema_migration SET checksum = 'edited' WHERE number = 3; RESET ROLE");
    DIAGNOSED("schema", "0003_trips was edited", "put the text of that migration back",
              PG_URL(TEST_PG_APP, TEST_PG_DIRECT));
    test_pg_drop();
}
END_TEST

START_TEST(another_secret_key_with_postgres)
{
    make_postgres(NULL);
    migrate_with(PG_URL(TEST_PG_OWNER, TEST_PG_DIRECT), "SECRET_KEY=" FIRST_SECRET);
    another_secret(PG_URL(TEST_PG_APP, TEST_PG_DIRECT));
    test_pg_drop();
}
END_TEST

START_TEST(poolers_in_the_wrong_mode)
{
    int status;
    const char *output;

    make_postgres(NULL);
    migrate(PG_URL(TEST_PG_OWNER, TEST_PG_DIRECT));
    DIAGNOSED("notifications", "", "TRIPSAGE_DATABASE_LISTEN_URL", PG_URL(TEST_PG_APP, TEST_PG_POOLED),
              "TRIPSAGE_DATABASE_MAX_STALENESS_MS=500");
    status = run(&output, (const char *const[]){"LOG_LEVEL=ERROR", PG_URL(TEST_PG_APP, TEST_PG_POOLED), NULL});
    ck_assert_msg(status == 0 &&
                      is_told(strchr(output, '{'), "notifications", "warning", "", "TRIPSAGE_DATABASE_LISTEN_URL"),
                  "%s", output);
    status = run(&output, (const char *const[]){"LOG_LEVEL=ERROR", PG_URL(TEST_PG_APP, TEST_PG_DIRECT), NULL});
    ck_assert_msg(status == 0 && is_told(strchr(output, '{'), "notifications", "ok", "", ""), "%s", output);
    test_pg_drop();
}
END_TEST

/* The project's keys are asked for where DATABASE_URL is its address. */
START_TEST(keys_that_cannot_be_had)
{
    make_postgres(NULL);
    DIAGNOSED("keys", "", "address of the project", test_format("DATABASE_URL=%s", nobody()),
              test_format("POSTGRES_URL=postgresql:///%s?host=" TEST_PG_DIRECT "&user=" TEST_PG_OWNER, database));
    test_pg_drop();
}
END_TEST

START_TEST(a_clock_ahead_of_the_database)
{
    tripsage_doctor_options options = TRIPSAGE_DOCTOR_OPTIONS_INIT;
    tripsage_runtime runtime = TRIPSAGE_RUNTIME_INIT;
    tripsage_config *config;
    tripsage_doc *report;

    make_postgres(NULL);
    runtime.now_ms = late;
    options.runtime = &runtime;
    options.url = test_format("postgresql:///%s?host=" TEST_PG_DIRECT "&user=" TEST_PG_OWNER, database);
    ck_assert_int_eq(tripsage_config_read(&config, NULL, NULL), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage_doctor(&report, config, &options), TRIPSAGE_OK);
    ck_assert_msg(is_told(tripsage_doc_json(report, NULL), "clock", "failed", "ahead of that of the database", "NTP"),
                  "%s", tripsage_doc_json(report, NULL));
    tripsage_doc_free(report);
    tripsage_config_free(config);
    test_pg_drop();
}
END_TEST

SUITE_PROGRAM("server/doctor", tcase_add_checked_fixture(tcase, make, drop), what_is_right_is_said_to_be, settings,
              files_and_folders, a_folder_that_may_not_be_written, a_full_disk, files_of_others, a_damaged_file,
              a_locked_file, schemas, a_clock_that_is_behind, redis, upstash, embedders, collectors,
              a_page_is_no_collector, mail_servers, certificates, another_secret_key, secrets_of_another_project,
              servers_that_let_nobody_in, schemas_of_postgres, another_secret_key_with_postgres,
              poolers_in_the_wrong_mode, keys_that_cannot_be_had, a_clock_ahead_of_the_database)
