/* The life of a server: how it starts and is told wrong settings, how it behaves when it is full, and how it ends. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <tripsage/tripsage.h>
#include <unistd.h>

#include "suite.h"

#define LOGIN_LINES                                                                                                    \
    "POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"

static const char *const few[] = {"TRIPSAGE_MAX_CONNECTIONS=4", NULL};

#define TRIPS "GET /api/trips HTTP/1.1\r\nHost: x\r\n\r\n"

/* A connection whose request is under way, admitted and counted, until the rest of its body, "}", is sent. */
static int busy_connection(const http_server *s)
{
    int connection = http_open(s->port);

    http_put(connection, LOGIN_LINES "Expect: 100-continue\r\n\r\n");
    ANSWERS(100, http_take(connection, 0));
    http_put(connection, "{");
    return connection;
}

static void finish_busy(int connection)
{
    http_put(connection, "}");
    ANSWERS(422, http_take(connection, 0));
    close(connection);
}

/* ---- start ---- */

START_TEST(a_wrong_setting_is_named)
{
    static const struct {
        const char *variable, *says;
    } wrong[] = {
        {"PORT=abc", "PORT: expected a port number"},
        {"PORT=65536", "PORT: expected"},
        {"PORT=-1", "PORT: expected"},
        {"LOG_LEVEL=loud", "LOG_LEVEL: expected ERROR"},
        {"ENVIRONMENT=prod", "ENVIRONMENT: expected development, test, staging or production"},
        {"DEBUG=perhaps", "DEBUG: expected true or false"},
        {"CORS_CREDENTIALS=*", "CORS_CREDENTIALS: expected true or false"},
        {"CORS_ORIGINS=[\"*\"]", "CORS_ORIGINS: expected"},
        {"RATE_LIMIT_REQUESTS_PER_MINUTE=many", "RATE_LIMIT_REQUESTS_PER_MINUTE: expected"},
        {"TRIPSAGE_HOST=a b", "TRIPSAGE_HOST: expected"},
        {"TRIPSAGE_MAX_CONNECTIONS=0", "TRIPSAGE_MAX_CONNECTIONS: expected"},
        {"TRIPSAGE_ADMIN_PORT=x", "TRIPSAGE_ADMIN_PORT: expected"},
        {"TRIPSAGE_REQUEST_TIMEOUT=0", "TRIPSAGE_REQUEST_TIMEOUT: expected"},
        {"TRIPSAGE_ALLOWED_ORIGINS=*", "TRIPSAGE_ALLOWED_ORIGINS: expected"},
        {"TRIPSAGE_ALLOWED_ORIGINS=https://a.example.com/path", "TRIPSAGE_ALLOWED_ORIGINS: expected"},
        {"TRIPSAGE_ALLOWED_ORIGINS=https://A.example.com",
         "TRIPSAGE_ALLOWED_ORIGINS: expected"}, /* no browser says so */
        {"TRIPSAGE_ALLOWED_ORIGINS=https://a.example.com:443", "TRIPSAGE_ALLOWED_ORIGINS: expected"},
        {"TRIPSAGE_ALLOWED_ORIGINS=http://a.example.com:80", "TRIPSAGE_ALLOWED_ORIGINS: expected"},
        {"TRIPSAGE_ALLOWED_ORIGINS=http://a.example.com:", "TRIPSAGE_ALLOWED_ORIGINS: expected"},
        {"TRIPSAGE_ALLOWED_ORIGINS=http://a.example.com:99999", "TRIPSAGE_ALLOWED_ORIGINS: expected"},
        {"TRIPSAGE_ALLOWED_ORIGINS=http://[::1", "TRIPSAGE_ALLOWED_ORIGINS: expected"},
        {"CORS_ORIGINS=[\"https://a.example.com\"", "CORS_ORIGINS: expected"},
        {"DATABASE_JWT_SECRET=short", "DATABASE_JWT_SECRET: expected at least 32"},
        {"DATABASE_JWT_SECRET_FILE=/nowhere", "DATABASE_JWT_SECRET_FILE: cannot read"},
        {"DATABASE_URL=postgresql://u:pass@h@x/db", "DATABASE_URL: no URL can be read from it"},
        {"DATABASE_URL=https://x.supabase.co", "DATABASE_URL: the address of a Supabase project does not open"}};
    char folder[TEST_PATH_SIZE];
    const char *output;

    test_temp_make(folder);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        int status =
            http_program(TRIPSAGE_SERVER, folder, NULL, (const char *const[]){wrong[i].variable, NULL}, &output);

        ck_assert_msg(status == 78, "%s: exit status %d: %s", wrong[i].variable, status, output);
        ck_assert_msg(strstr(output, wrong[i].says) != NULL, "%s: %s", wrong[i].variable, output);
        ck_assert_msg(strchr(output, '\n') == output + strlen(output) - 1, "more than a sentence: %s", output);
        ck_assert_ptr_null(strstr(output, "pass@"));
        ck_assert_ptr_null(strstr(output, "short"));
    }
    ck_assert_int_eq(
        http_program(TRIPSAGE_SERVER, folder, (const char *const[]){"serve", "--colour", "red", NULL}, NULL, &output),
        64);
    ck_assert_int_eq(
        http_program(TRIPSAGE_SERVER, folder, (const char *const[]){"serve", "--port", NULL}, NULL, &output), 64);
    ck_assert_int_eq(http_program(TRIPSAGE_SERVER, folder, (const char *const[]){"swim", NULL}, NULL, &output), 64);
    ck_assert_int_eq(
        http_program(TRIPSAGE_SERVER, folder, (const char *const[]){"serve", "--port=x", NULL}, NULL, &output), 78);
    test_temp_remove(folder);
}
END_TEST

START_TEST(commands_say_what_they_do)
{
    static const char *const commands[][4] = {{"--help", NULL},
                                              {"serve", "--help", NULL},
                                              {"migrate", "--help", NULL},
                                              {"check", "--help", NULL},
                                              {"keys", "--help", NULL},
                                              {"keys", "create", "--help"},
                                              {"version", "--help", NULL},
                                              {"help", NULL},
                                              {"security-report", "--help", NULL},
                                              {"explain-config", "--help", NULL}};
    char folder[TEST_PATH_SIZE], path[TEST_PATH_SIZE];
    const char *output;

    test_temp_make(folder);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        ck_assert_int_eq(http_program(TRIPSAGE_SERVER, folder, commands[i], NULL, &output), 0);
        ck_assert_msg(strstr(output, "Usage: tripsage-server") == output, "%s", output);
    }
    ck_assert_int_eq(http_program(TRIPSAGE_SERVER, folder, (const char *const[]){"version", NULL}, NULL, &output), 0);
    ck_assert_msg(strncmp(output, "tripsage-server ", 16) == 0, "%s", output);
    ck_assert_int_eq(
        http_program(TRIPSAGE_SERVER, folder, (const char *const[]){"version", "--json", NULL}, NULL, &output), 0);
    ck_assert_str_eq(output, "{\"version\":\"" TRIPSAGE_VERSION "\",\"library\":\"" TRIPSAGE_VERSION "\"}\n");
    ck_assert_int_eq(http_program(TRIPSAGE_SERVER, folder, (const char *const[]){"version", "of", NULL}, NULL, &output),
                     64);
    /* A schema that is not there is not up to date; then it is; and the new database is whole. */
    ck_assert_int_eq(
        http_program(TRIPSAGE_SERVER, folder, (const char *const[]){"migrate", "status", NULL}, NULL, &output), 1);
    test_path_join(path, folder, "data");
    ck_assert_int_ne(access(path, F_OK), 0); /* asking for the state changes nothing */
    ck_assert_int_eq(http_program(TRIPSAGE_SERVER, folder, (const char *const[]){"migrate", NULL}, NULL, &output), 0);
    ck_assert_ptr_nonnull(strstr(output, "0 pending\n0001_store  "));
    ck_assert_int_eq(http_program(TRIPSAGE_SERVER, folder, (const char *const[]){"migrate", "status", "--json", NULL},
                                  NULL, &output),
                     0);
    ck_assert_int_eq(strncmp(output, "{\"engine\":\"sqlite\",", 19), 0);
    ck_assert_int_eq(http_program(TRIPSAGE_SERVER, folder, (const char *const[]){"check", NULL}, NULL, &output), 0);
    ck_assert_ptr_nonnull(strstr(output, "ok       what is stored is whole\n"));
    test_temp_remove(folder);
}
END_TEST

/* Which value holds and where it came from; an option stands in the place of whatever names a database in the environment. */
START_TEST(the_settings_are_explained_without_secrets)
{
    static const char *const variables[] = {
        "POSTGRES_URL=postgresql://me@h/db", "DATABASE_PASSWORD=s3cret", "TRIPSAGE_DATABASE_POOL_SIZE=4",
        "DATABASE_JWT_SECRET_FILE=",         "TRIPSAGE_HOST=127.0.0.2",  NULL};
    char folder[TEST_PATH_SIZE];
    const char *output;

    test_temp_make(folder);
    ck_assert_int_eq(
        http_program(TRIPSAGE_SERVER, folder, (const char *const[]){"explain-config", NULL}, variables, &output), 0);
    ck_assert_msg(strstr(output, "Database: postgresql://me@h/db?password=***\n\nSet:\n") == output, "%.300s", output);
    ck_assert_ptr_nonnull(strstr(output, "\n  DATABASE_PASSWORD                       ***\n"));
    ck_assert_ptr_nonnull(strstr(output, "\n  TRIPSAGE_HOST                           127.0.0.2\n\nBy default:\n"));
    ck_assert_ptr_nonnull(strstr(output, "\n  PORT                                    8080\n"));
    ck_assert_ptr_null(strstr(output, "s3cret"));
    ck_assert_int_eq(http_program(TRIPSAGE_SERVER, folder, (const char *const[]){"explain-config", "--json", NULL},
                                  variables, &output),
                     0);
    ck_assert_msg(strstr(output, "{\"library\":{\"database\":\"postgresql://me@h/db?password=***\",") == output,
                  "%.300s", output);
    ck_assert_ptr_null(strstr(output, "s3cret"));
    ck_assert_ptr_nonnull(strstr(output, "{\"name\":\"TRIPSAGE_DATABASE_POOL_SIZE\",\"value\":\"4\",\"source\":"));
    ck_assert_ptr_nonnull(
        strstr(output, "{\"name\":\"TRIPSAGE_HOST\",\"value\":\"127.0.0.2\",\"source\":\"TRIPSAGE_HOST\"}"));
    ck_assert_ptr_nonnull(strstr(output, "{\"name\":\"PORT\",\"value\":\"8080\",\"source\":null}"));

    ck_assert_int_eq(
        http_program(TRIPSAGE_SERVER, folder,
                     (const char *const[]){"explain-config", "--json", "--database", "sqlite:x.db", "--port=1", NULL},
                     variables, &output),
        0);
    ck_assert_ptr_nonnull(strstr(output, "{\"library\":{\"database\":\"sqlite:x.db\","));
    ck_assert_ptr_nonnull(strstr(output, "{\"name\":\"PORT\",\"value\":\"1\",\"source\":\"--port\"}"));
    test_temp_remove(folder);
}
END_TEST

START_TEST(without_settings_it_makes_itself_a_home)
{
    http_server s;
    struct stat info;
    char path[TEST_PATH_SIZE];

    http_server_start(&s, TRIPSAGE_SERVER,
                      (const char *const[]){"TRIPSAGE_MAX_CONNECTIONS=4", "TRIPSAGE_NONSENSE=1",
                                            "PORT=", "TRIPSAGE_DATABASE_MIGRATE=true",
                                            "TRIPSAGE_DATABASE_LISTEN_URL_FILE=", NULL});
    test_path_join(path, s.folder, "data");
    ck_assert_int_eq(stat(path, &info), 0);
    ck_assert_int_eq(info.st_mode & 0777, 0700);
    test_path_join(path, s.folder, "data/tripsage.db");
    ck_assert_int_eq(stat(path, &info), 0);
    ck_assert_ptr_nonnull(strstr(http_server_log(&s), "(database sqlite:data/tripsage.db)"));
    ck_assert_ptr_nonnull(strstr(http_server_log(&s), "warning: TRIPSAGE_NONSENSE is not a setting"));
    ck_assert_ptr_null(strstr(http_server_log(&s), "TRIPSAGE_DATABASE_"));
    ck_assert_int_eq(http_server_stop(&s, NULL), 0);
}
END_TEST

/* CivetWeb may have been built with IPv6 or without. */
static int64_t long_ago(void *user)
{
    (void)user;
    return INT64_C(1577836800000); /* 2020-01-01 */
}

/* A database with a trip that was deleted in 2020. */
static void make_old_database(const char *url)
{
    tripsage_options options = TRIPSAGE_OPTIONS_INIT;
    tripsage_runtime runtime = TRIPSAGE_RUNTIME_INIT;
    tripsage_actor *actor;
    tripsage_doc *trip;
    tripsage *ts;

    runtime.now_ms = long_ago;
    options.runtime = &runtime;
    ck_assert_int_eq(tripsage_open(&ts, url, &options), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage_actor_user(&actor, "01890000-0000-7000-8000-000000000001"), TRIPSAGE_OK);
    ck_assert_int_eq(
        tripsage_trip_create(&trip, tripsage_get_trips(ts), actor,
                             TRIPSAGE_JSON({"title" : "Past", "start_date" : "2020-02-01",
                                                         "end_date" : "2020-02-02",
                                                         "destinations" : [ {"name" : "Bath"} ]}), TRIPSAGE_NUL, NULL),
                                           TRIPSAGE_OK);
    ck_assert_int_eq(tripsage_trip_delete(tripsage_get_trips(ts), actor, tripsage_doc_text(trip, "/id"), NULL),
                     TRIPSAGE_OK);
    tripsage_doc_free(trip);
    tripsage_actor_free(actor);
    tripsage_close(ts);
}

/* Waits for its log to say so: lines come within 100 ms, and on a busy machine later. */
static void await_log(const http_server *s, const char *words)
{
    for (int tries = 0; tries < 1000 && !strstr(http_server_log(s), words); tries++)
        usleep(10000);
    ck_assert_msg(strstr(http_server_log(s), words) != NULL, "\"%s\" is not in: %s", words, http_server_log(s));
}

START_TEST(what_is_past_its_keeping_goes)
{
    char folder[TEST_PATH_SIZE];
    const char *url;
    http_server s;

    test_temp_make(folder);
    url = test_format("sqlite://%s/old.db", folder);
    make_old_database(url);
    http_server_start(&s, TRIPSAGE_SERVER, (const char *const[]){test_format("DATABASE_URL=%s", url), NULL});
    await_log(&s, "past their keeping: 0 idempotency keys, 1 trips, 0 sessions");
    ck_assert_int_eq(http_server_stop(&s, NULL), 0);
    test_temp_remove(folder);
}
END_TEST

START_TEST(an_address_that_is_not_to_be_had_is_told)
{
    const char *const variables[] = {"LOG_LEVEL=ERROR", "DATABASE_URL=sqlite::memory:", NULL};
    char folder[TEST_PATH_SIZE];
    const char *output;

    test_temp_make(folder);
    ck_assert_int_eq(http_program(TRIPSAGE_SERVER, folder,
                                  (const char *const[]){"serve", "--host", "203.0.113.7", "--port", "0", NULL},
                                  variables, &output),
                     1);
    ck_assert_ptr_nonnull(strstr(output, "cannot listen on 203.0.113.7:0: "));
    ck_assert_ptr_nonnull(strstr(output, "Cannot assign requested address"));
    ck_assert_int_eq(http_program(TRIPSAGE_SERVER, folder,
                                  (const char *const[]){"serve", "--host", "no-such-host.invalid", "--port", "0", NULL},
                                  variables, &output),
                     1);
    ck_assert_str_eq(output, "tripsage-server: cannot listen on no-such-host.invalid:0: there is no such address\n");
    ck_assert_int_eq(http_program(TRIPSAGE_SERVER, folder,
                                  (const char *const[]){"serve", "--host", "2001:db8::7", "--port", "0", NULL},
                                  variables, &output),
                     1);
    ck_assert_msg(strstr(output, "cannot listen on [2001:db8::7]:0: ") &&
                      (strstr(output, "without IPv6") || strstr(output, "Cannot assign requested address")),
                  "%s", output);
    ck_assert_msg(strchr(output, '\n') == output + strlen(output) - 1, "more than a sentence: %s", output);
    /* Where health is asked was said, so nobody is served without it there. */
    ck_assert_int_eq(http_program(TRIPSAGE_SERVER, folder, (const char *const[]){"serve", "--port", "0", NULL},
                                  (const char *const[]){"TRIPSAGE_ADMIN_HOST=203.0.113.7", "LOG_LEVEL=ERROR",
                                                        "DATABASE_URL=sqlite::memory:", NULL},
                                  &output),
                     1);
    ck_assert_ptr_nonnull(strstr(output, "cannot listen on 203.0.113.7:0: "));
    test_temp_remove(folder);
}
END_TEST

START_TEST(a_taken_port_is_told)
{
    http_server s;
    const char *output, *port;
    char folder[TEST_PATH_SIZE];

    http_server_start(&s, TRIPSAGE_SERVER, few);
    port = test_format("%d", s.port);
    test_temp_make(folder);
    ck_assert_int_eq(
        http_program(TRIPSAGE_SERVER, folder, (const char *const[]){"serve", "--port", port, NULL}, NULL, &output), 1);
    ck_assert_ptr_nonnull(strstr(output, "cannot listen on 127.0.0.1:"));
    ck_assert_ptr_nonnull(strstr(output, "Address already in use"));
    /* In one sentence, whatever the log is told to hold. */
    ck_assert_int_eq(http_program(TRIPSAGE_SERVER, folder, (const char *const[]){"serve", "--port", port, NULL},
                                  (const char *const[]){"LOG_LEVEL=ERROR", NULL}, &output),
                     1);
    ck_assert_ptr_nonnull(strstr(output, "Address already in use"));
    ck_assert_ptr_nonnull(strstr(output, ": choose another port with --port or PORT, or end what listens there"));
    ck_assert_msg(strchr(output, '\n') == output + strlen(output) - 1, "more than a sentence: %s", output);
    test_temp_remove(folder);
    ck_assert_int_eq(http_server_stop(&s, NULL), 0);
}
END_TEST

/* Who lost a secret key can still open the database, and hears at once what will not work. */
START_TEST(another_secret_key_is_told)
{
    char folder[TEST_PATH_SIZE];
    const char *database;
    const http_answer *answer;
    http_server s;

    test_temp_make(folder);
    database = test_format("DATABASE_URL=sqlite://%s/trips.db", folder);
    http_server_start(&s, TRIPSAGE_SERVER, (const char *const[]){database, A_SECRET_KEY, NULL});
    ck_assert_ptr_null(strstr(http_server_log(&s), "nobody can sign in"));
    ck_assert_int_eq(http_server_stop(&s, NULL), 0);
    http_server_start(&s, TRIPSAGE_SERVER, (const char *const[]){database, A_SECRET_KEY "0", NULL});
    ck_assert_ptr_nonnull(strstr(http_server_log(&s), "sealed under another SECRET_KEY"));
    answer = ANSWERS(503, http_call(&s, NULL, "GET", "/health/ready", NULL, NULL)); /* so nobody sends people here */
    ck_assert_str_eq(http_value(answer, "/checks"), "{\"database\":true,\"accounts\":false,\"accepting\":true}");
    ck_assert_ptr_nonnull(http_value(answer, "/details/accounts"));
    answer = ANSWERS(503, http_call(&s, NULL, "GET", "/health", NULL, NULL));
    ck_assert_str_eq(http_value(answer, "/status"), "\"unhealthy\"");
    ck_assert_str_eq(http_value(answer, "/components/1/status"), "\"healthy\"");
    ck_assert_str_eq(http_value(answer, "/components/2/name"), "\"accounts\"");
    ck_assert_str_eq(http_value(answer, "/components/2/status"), "\"unhealthy\"");
    ANSWERS(200, http_call(&s, NULL, "GET", "/health/live", NULL, NULL));
    ANSWERS(200, http_call(&s, NULL, "GET", "/health/database", NULL, NULL));
    ck_assert_int_eq(http_server_stop(&s, NULL), 0);
    http_server_start(&s, TRIPSAGE_SERVER,
                      (const char *const[]){database, A_SECRET_KEY "0", "SECRET_KEY_PREVIOUS=" A_SECRET, NULL});
    ANSWERS(200, http_call(&s, NULL, "GET", "/health/ready", NULL, NULL));
    ck_assert_int_eq(http_server_stop(&s, NULL), 0);
    test_temp_remove(folder);
}
END_TEST

/* ---- health ---- */

static const char *const health_paths[] = {"/health",           "/health/live",     "/health/ready", "/health/liveness",
                                           "/health/readiness", "/health/database", "/health/cache"};

START_TEST(health_is_public_under_both_names)
{
    http_server s;

    http_server_start(&s, TRIPSAGE_SERVER, few);
    for (size_t i = 0; i < sizeof health_paths / sizeof health_paths[0]; i++) {
        const char *request = "GET %s HTTP/1.1\r\nHost: x\r\n\r\n";

        ANSWERS(200, http_call(&s, NULL, "GET", health_paths[i], NULL, NULL));
        ANSWERS(200, http_call(&s, NULL, "GET", test_format("/api%s", health_paths[i]), NULL, NULL));
        ANSWERS(200, http_exchange(s.admin_port, test_format(request, health_paths[i])));
    }
    ck_assert_int_ne(s.admin_port, 0);
    ANSWERS(404, http_exchange(s.admin_port, "GET /api/trips HTTP/1.1\r\nHost: x\r\n\r\n"));
    ANSWERS(404, http_exchange(s.admin_port, LOGIN_LINES "\r\n{}"));
    ck_assert_int_eq(http_server_stop(&s, NULL), 0);
}
END_TEST

/* SQLite goes on in a file that nobody finds any more. */
START_TEST(a_database_that_was_moved_is_not_well)
{
    char path[TEST_PATH_SIZE], away[TEST_PATH_SIZE];
    http_server s;
    FILE *other;

    http_server_start(&s, TRIPSAGE_SERVER, NULL);
    test_path_join(path, s.folder, "data/tripsage.db");
    test_path_join(away, s.folder, "data/away.db");
    ck_assert_int_eq(rename(path, away), 0);
    ANSWERS(503, http_call(&s, NULL, "GET", "/health/ready", NULL, NULL));
    await_log(&s, "data/tripsage.db is not there any more");
    other = fopen(path, "w");
    ck_assert_ptr_nonnull(other);
    fclose(other);
    ANSWERS(503, http_call(&s, NULL, "GET", "/health/database", NULL, NULL));
    await_log(&s, "data/tripsage.db is another file");
    ck_assert_int_eq(rename(away, path), 0);
    ANSWERS(200, http_call(&s, NULL, "GET", "/health/ready", NULL, NULL));
    ck_assert_int_eq(http_server_stop(&s, NULL), 0);
}
END_TEST

START_TEST(health_answers_while_everyone_is_busy)
{
    int busy[4];
    http_server s;
    http_answer *answer;

    http_server_start(&s, TRIPSAGE_SERVER, few);
    for (int i = 0; i < 4; i++)
        busy[i] = busy_connection(&s);
    ANSWERS(200, http_exchange(s.admin_port, "GET /health/ready HTTP/1.1\r\nHost: x\r\n\r\n"));
    ANSWERS(200, http_exchange(s.port, "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"));
    /* One connection more than promised is told so, and not left to hang. */
    answer = ANSWERS(503, http_exchange(s.port, TRIPS));
    ck_assert_str_eq(http_field(answer, "Retry-After"), "1");
    ck_assert_str_eq(http_field(answer, "Connection"), "close");
    ck_assert_str_eq(http_text(answer, "/code"), "UNAVAILABLE");
    for (int i = 0; i < 4; i++)
        finish_busy(busy[i]);
    for (int tries = 0; http_exchange(s.port, TRIPS)->status == 503; tries++) {
        ck_assert_int_lt(tries, 500); /* the closed ones are counted out soon */
        usleep(10000);
    }
    ck_assert_int_eq(http_server_stop(&s, NULL), 0);
}
END_TEST

/* More of them than there are threads, so that who comes next has to wait until some are gone; whoever is in the middle of something, or
 * rests after an answer, stays. CivetWeb's own limit for a head is 15 s. */
START_TEST(those_who_say_nothing_do_not_keep_others_out)
{
    enum { SILENT = 48 };
    int silent[SILENT], busy, resting;
    time_t before;
    http_server s;

    http_server_start(&s, TRIPSAGE_SERVER, few);
    busy = busy_connection(&s);
    resting = http_open(s.port);
    http_put(resting, "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n");
    ANSWERS(200, http_take(resting, 0));
    before = time(NULL);
    for (int i = 0; i < SILENT; i++) {
        silent[i] = http_open(s.port);
        if (i % 2)
            http_put(silent[i], "GET /health/live HTTP/1.1\r\nHost: x\r\nX-Part: ");
    }
    ANSWERS(200, http_exchange(s.port, "GET /health HTTP/1.1\r\nHost: x\r\n\r\n"));
    ck_assert_int_lt(time(NULL) - before, 10);
    http_put(resting, "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n");
    ANSWERS(200, http_take(resting, 0));
    finish_busy(busy);
    for (int i = 0; i < SILENT; i++)
        close(silent[i]);
    close(resting);
    await_log(&s, "\"event\":\"crowd\"");
    ck_assert_int_eq(http_server_stop(&s, NULL), 0);
}
END_TEST

START_TEST(two_hundred_connections_are_held_at_once)
{
    int connections[200];
    http_server s;

    http_server_start(&s, TRIPSAGE_SERVER, (const char *const[]){"TRIPSAGE_MAX_CONNECTIONS=200", NULL});
    for (int i = 0; i < 200; i++)
        connections[i] = http_open(s.port);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 200; i++)
            http_put(connections[i], "GET /health/ready HTTP/1.1\r\nHost: x\r\n\r\n");
        for (int i = 0; i < 200; i++)
            ANSWERS(200, http_take(connections[i], 0));
    }
    for (int i = 0; i < 200; i++)
        close(connections[i]);
    ck_assert_int_eq(http_server_stop(&s, NULL), 0);
}
END_TEST

/* ---- end ---- */

START_TEST(a_request_under_way_is_finished)
{
    http_server s;
    http_answer *answer;
    int under_way, idle, ms;

    http_server_start(&s, TRIPSAGE_SERVER, few);
    idle = http_open(s.port);
    http_put(idle, "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n");
    ANSWERS(200, http_take(idle, 0));
    under_way = busy_connection(&s);
    ck_assert_int_eq(kill(s.pid, SIGTERM), 0);
    await_log(&s, "SIGTERM");
    for (int tries = 0; http_can_open(s.port); tries++) {
        ck_assert_msg(tries < 500, "new connections are still accepted");
        usleep(10000);
    }
    answer = ANSWERS(503, http_exchange(s.admin_port, "GET /health/ready HTTP/1.1\r\nHost: x\r\n\r\n"));
    ck_assert_str_eq(http_value(answer, "/ready"), "false");
    ANSWERS(200, http_exchange(s.admin_port, "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"));

    http_put(under_way, "}");
    answer = ANSWERS(422, http_take(under_way, 0));
    ck_assert_str_eq(http_field(answer, "Connection"), "close");
    ck_assert_int_eq(http_server_wait(&s, &ms), 0);
    ck_assert_int_lt(ms, 10000);
    close(under_way);
    close(idle);
}
END_TEST

START_TEST(one_that_never_ends_does_not_hold_it)
{
    http_server s;
    int stuck, ms;

    http_server_start(&s, TRIPSAGE_SERVER, few);
    stuck = busy_connection(&s);
    ck_assert_int_eq(http_server_stop(&s, &ms), 0);
    ck_assert_int_lt(ms, 10000);
    close(stuck);
}
END_TEST

/* A server that keeps nothing and whose stdout and stderr are this pipe. */
static void start_into_pipe(http_server *s, int pipe_ends[2])
{
    char *const arguments[] = {TRIPSAGE_SERVER, "--port", "0", "--database", "sqlite::memory:", NULL};
    char said[4096];
    size_t size = 0;

    ck_assert_int_eq(pipe(pipe_ends), 0);
    s->pid = fork();
    ck_assert_int_ge(s->pid, 0);
    if (s->pid == 0) {
        close(pipe_ends[0]);
        if (dup2(pipe_ends[1], STDOUT_FILENO) >= 0 && dup2(pipe_ends[1], STDERR_FILENO) >= 0 &&
            setenv("TRIPSAGE_MAX_CONNECTIONS", "128", 1) == 0 && setenv("TRIPSAGE_ADMIN_PORT", "0", 1) == 0 &&
            setenv("LOG_LEVEL", "INFO", 1) == 0)
            execv(TRIPSAGE_SERVER, arguments); /* what sanitizers are told goes on to it */
        _exit(127);
    }
    close(pipe_ends[1]);
    do {
        ssize_t got = read(pipe_ends[0], said + size, sizeof said - 1 - size);

        ck_assert_int_gt((int)got, 0);
        size += (size_t)got;
        said[size] = '\0';
    } while (!strstr(said, "(database "));
    s->port = (int)strtol(strstr(strstr(said, "listening on "), "127.0.0.1:") + strlen("127.0.0.1:"), NULL, 10);
}

START_TEST(a_log_that_nobody_reads_does_not_hold_it)
{
    const char *request = test_format("GET /%s HTTP/1.1\r\nHost: x\r\n\r\n", test_repeat("a", 15000));
    http_server s;
    int pipe_ends[2], status = 0, ms = 0;

    start_into_pipe(&s, pipe_ends);
    /* More than the pipe and the log's two blocks hold. Each is answered before its line is written. */
    for (int i = 0; i < 60; i++)
        ANSWERS(404, http_exchange(s.port, request));
    ck_assert_int_eq(kill(s.pid, SIGTERM), 0);
    for (; ms < 15000 && waitpid(s.pid, &status, WNOHANG) == 0; ms += 10)
        usleep(10000);
    if (ms >= 15000 && kill(s.pid, SIGKILL) == 0)
        waitpid(s.pid, &status, 0);
    ck_assert_msg(ms < 11000, "it was still there after %d ms", ms);
    close(pipe_ends[0]);
}
END_TEST

START_TEST(a_second_signal_ends_it_at_once)
{
    http_server s;
    int stuck, ms;

    http_server_start(&s, TRIPSAGE_SERVER, few);
    stuck = busy_connection(&s);
    ck_assert_int_eq(kill(s.pid, SIGINT), 0);
    usleep(200000);
    ck_assert_int_eq(http_server_stop(&s, &ms), 0);
    ck_assert_int_lt(ms, 5000); /* not the time it waits for exchanges under way */
    close(stuck);
}
END_TEST

START_TEST(what_was_answered_is_there_after_the_end)
{
    char folder[TEST_PATH_SIZE];
    const char *url, *token, *path;
    http_server s;

    test_temp_make(folder);
    url = test_format("DATABASE_URL=sqlite://%s/kept.db", folder);
    http_server_start(&s, TRIPSAGE_SERVER, (const char *const[]){"TRIPSAGE_MAX_CONNECTIONS=4", url, NULL});
    token = http_register(&s, "kept@example.org", NULL);
    path = http_field(ANSWERS(201, http_call(&s, token, "POST", "/api/trips", NULL, A_TRIP("Kept"))), "Location");
    ck_assert_int_eq(http_server_stop(&s, NULL), 0);
    http_server_start(&s, TRIPSAGE_SERVER, (const char *const[]){"TRIPSAGE_MAX_CONNECTIONS=4", url, NULL});
    ck_assert_str_eq(http_text(ANSWERS(200, http_call(&s, token, "GET", path, NULL, NULL)), "/title"), "Kept");
    ck_assert_int_eq(http_server_stop(&s, NULL), 0);
    test_temp_remove(folder);
}
END_TEST

/* A line of .env stands below the process's variables, which stand below options; what is no setting is told of both. */
START_TEST(variables_may_be_in_a_file)
{
    static const char *const variables[] = {"TRIPSAGE_MAX_CONNECTIONS=\"7\"\r", "MODEL_TEMPERATURE=0.7",
                                            "OUTBOUND_QPM__API_ORG=3", NULL};
    char folder[TEST_PATH_SIZE], path[TEST_PATH_SIZE];
    const char *output;
    FILE *file;

    test_temp_make(folder);
    test_path_join(path, folder, ".env");
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs("# deployment\r\nPORT=9 # of the file\r\nexport TRIPSAGE_MAX_CONNECTIONS=8\r\nTRIPSAGE_HOST='127.0.0.3'\r\n"
          "SECRET_KEY=\"a secret key of thirty-two bytes or "
          "more\"\r\nTRIPSAGE_COLOUR=red\r\nCORS_ORIGINS=[\"https://a.org\", "
          "\"https://b.org\"]\r\nDEBUG=true\r\n",
          file);
    fclose(file);
    ck_assert_int_eq(http_program(TRIPSAGE_SERVER, folder,
                                  (const char *const[]){"explain-config", "--host", "127.0.0.4", NULL}, variables,
                                  &output),
                     0);
    ck_assert_ptr_nonnull(strstr(output, "\n  PORT                                    9  (PORT in .env)\n"));
    ck_assert_ptr_nonnull(strstr(output, "\n  TRIPSAGE_HOST                           127.0.0.4  (--host)\n"));
    ck_assert_ptr_nonnull(strstr(output, "\nOf no meaning here:\n  MODEL_TEMPERATURE "));
    ck_assert_ptr_null(strstr(output, "thirty-two"));
    ck_assert_int_eq(http_program(TRIPSAGE_SERVER, folder,
                                  (const char *const[]){"explain-config", "--json", "--host", "127.0.0.4", NULL},
                                  variables, &output),
                     0);
    ck_assert_ptr_nonnull(strstr(output, "{\"name\":\"PORT\",\"value\":\"9\",\"source\":\"PORT\"}"));
    ck_assert_ptr_nonnull(strstr(output, "{\"name\":\"TRIPSAGE_MAX_CONNECTIONS\",\"value\":\"7\","));
    ck_assert_ptr_nonnull(strstr(output, "{\"name\":\"TRIPSAGE_HOST\",\"value\":\"127.0.0.4\",\"source\":\"--host\"}"));
    ck_assert_ptr_nonnull(strstr(output, "{\"name\":\"SECRET_KEY\",\"value\":\"***\",\"source\":\"SECRET_KEY\"}"));
    ck_assert_ptr_nonnull(
        strstr(output, "\"file\":{\"path\":\".env\",\"variables\":[\"PORT\",\"TRIPSAGE_HOST\",\"SECRET_KEY\","));
    ck_assert_ptr_nonnull(
        strstr(output, "\"foreign\":[{\"name\":\"MODEL_TEMPERATURE\",\"why\":\"no language model is asked\"}]"));
    ck_assert_ptr_nonnull(strstr(output, "warning: TRIPSAGE_COLOUR is not a setting"));
    ck_assert_ptr_nonnull(strstr(output, "note: MODEL_TEMPERATURE has no meaning here: no language model is asked"));
    ck_assert_ptr_nonnull(strstr(output, "note: OUTBOUND_QPM__API_ORG has no meaning here"));
    ck_assert_ptr_null(strstr(output, "thirty-two"));
    /* Another file; one that is named has to be there, and a line of it that is none is told. */
    ck_assert_int_eq(http_program(TRIPSAGE_SERVER, folder,
                                  (const char *const[]){"explain-config", "--env-file", "/dev/null", NULL}, NULL,
                                  &output),
                     0);
    ck_assert_ptr_null(strstr(output, "127.0.0.3"));
    ck_assert_int_eq(http_program(TRIPSAGE_SERVER, folder,
                                  (const char *const[]){"explain-config", "--env-file=nothing", NULL}, NULL, &output),
                     78);
    ck_assert_str_eq(output, "tripsage-server: nothing: cannot be read: No such file or directory\n");
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs("PORT=1\ns3cret\n", file);
    fclose(file);
    ck_assert_int_eq(http_program(TRIPSAGE_SERVER, folder, (const char *const[]){"serve", NULL}, NULL, &output), 78);
    ck_assert_str_eq(output, "tripsage-server: .env, line 2: expected NAME=value, or # and a comment\n");
    test_temp_remove(folder);
}
END_TEST

SUITE_PROGRAM("server/life", (void)server, a_wrong_setting_is_named, variables_may_be_in_a_file,
              commands_say_what_they_do, the_settings_are_explained_without_secrets,
              without_settings_it_makes_itself_a_home, what_is_past_its_keeping_goes,
              an_address_that_is_not_to_be_had_is_told, a_taken_port_is_told, another_secret_key_is_told,
              health_is_public_under_both_names, health_answers_while_everyone_is_busy,
              a_database_that_was_moved_is_not_well, those_who_say_nothing_do_not_keep_others_out,
              two_hundred_connections_are_held_at_once, a_request_under_way_is_finished,
              one_that_never_ends_does_not_hold_it, a_log_that_nobody_reads_does_not_hold_it,
              a_second_signal_ends_it_at_once, what_was_answered_is_there_after_the_end)
