/* The server on PostgreSQL, started from the environment alone: that it starts, and what it says when it does not. */
#include <string.h>

#include "suite.h"
#include "support/postgres.h"
#include "support/project.h"

#define URL(user, database) test_format("DATABASE_URL=postgresql:///%s?host=" TEST_PG_DIRECT "&user=%s", database, user)

static char folder[TEST_PATH_SIZE];
static const char *database;

static test_project project;

static void open_project(void)
{
    tripsage_auth_options options = TRIPSAGE_AUTH_OPTIONS_INIT;

    test_project_open(&project);
    options.issuer = project.issuer;
    options.public_key = TEST_PROJECT_PUBLIC_KEY;
    options.service_key = TEST_PROJECT_SERVICE_KEY;
    options.argon2_memory_kib = 8;
    options.argon2_passes = 1;
    ck_assert_int_eq(tripsage_auth_open(&project.auth, "sqlite::memory:", &options, NULL), TRIPSAGE_OK);
}

static void make(void)
{
    open_project();
    test_temp_make(folder);
    database = test_pg_create(NULL);
}

static void drop(void)
{
    test_pg_drop();
    test_temp_remove(folder);
    test_project_close(&project);
    test_keep_free();
}

/* Runs a command with these variables; gives its exit status and, in `output`, what it said. */
#define RUN(output, command, ...)                                                                                      \
    http_program(TRIPSAGE_SERVER, folder, (const char *const[]){command, NULL},                                        \
                 (const char *const[]){"LOG_LEVEL=ERROR", __VA_ARGS__, NULL}, output)

static void migrate(void)
{
    const char *output;

    ck_assert_msg(RUN(&output, "migrate", URL(TEST_PG_OWNER, database)) == 0, "%s", output);
}

/* The command fails, and says this in one line. */
#define REFUSED(says, ...)                                                                                             \
    do {                                                                                                               \
        const char *said_;                                                                                             \
        int status_ = RUN(&said_, "check", __VA_ARGS__);                                                               \
        ck_assert_msg(status_ == 1, "exit status %d: %s", status_, said_);                                             \
        ck_assert_msg(strstr(said_, says) != NULL, "%s", said_);                                                       \
        ck_assert_msg(strchr(said_, '\n') == said_ + strlen(said_) - 1, "more than a sentence: %s", said_);            \
        ck_assert_ptr_null(strstr(said_, "s3cret"));                                                                   \
        ck_assert_ptr_null(strstr(said_, "p@ss"));                                                                     \
    } while (0)

START_TEST(who_cannot_connect_is_told_why)
{
    REFUSED("PostgreSQL at 127.0.0.1:1 cannot be reached: Connection refused",
            "DATABASE_URL=postgresql://me:s3cret@127.0.0.1:1/x");
    REFUSED("PostgreSQL at host.invalid:5432 cannot be reached: could not translate host name",
            "DATABASE_URL=postgresql://me@host.invalid/x", "DATABASE_PASSWORD=s3cret");
    REFUSED("cannot be reached: No such file or directory", "DATABASE_URL=postgresql:///x?host=/nowhere&user=me");
    REFUSED("there is no database \"nowhere\" at " TEST_PG_DIRECT ":5432: make it with CREATE DATABASE",
            URL(TEST_PG_APP, "nowhere"));
    REFUSED("there is no login \"nobody\" at " TEST_PG_DIRECT ":5432: make it with CREATE ROLE",
            URL("nobody", database));
    REFUSED("wants a password of " TEST_PG_LOCKED ": set DATABASE_PASSWORD", URL(TEST_PG_LOCKED, database));
    REFUSED("refuses the password of " TEST_PG_LOCKED ": correct it in the URL or in DATABASE_PASSWORD",
            URL(TEST_PG_LOCKED, database), "DATABASE_PASSWORD=s3cret");
}
END_TEST

START_TEST(who_may_not_is_told_what_to_do)
{
    const char *output;

    /* Not the owner, who has to lay out the schema; nor may the app later. */
    REFUSED("migration 0001_store: PostgreSQL: permission denied for database", URL(TEST_PG_APP, database));
    REFUSED("let the owner of the database apply the migrations", URL(TEST_PG_APP, database));
    REFUSED("migrations behind this library: tripsage-server migrate applies them", URL(TEST_PG_OWNER, database),
            "TRIPSAGE_DATABASE_MIGRATE=false");
    ck_assert_int_ne(RUN(&output, "migrate", URL(TEST_PG_APP, database), "TRIPSAGE_DATABASE_MIGRATE=false"), 0);
    migrate();
    /* A command that is asked to migrate does so whatever the settings say, and there is nothing left to do. */
    ck_assert_int_eq(RUN(&output, "migrate", URL(TEST_PG_APP, database), "TRIPSAGE_DATABASE_MIGRATE=false"), 0);
    /* A login, but not a member of the roles that requests run as. */
    test_pg_exec(TEST_PG_SUPERUSER, test_format("CREATE ROLE %s_stranger LOGIN", database));
    REFUSED("may not act for users: GRANT anon, authenticated, service_role TO it",
            URL(test_format("%s_stranger", database), database));
    test_pg_exec(TEST_PG_SUPERUSER, test_format("DROP ROLE %s_stranger", database));
}
END_TEST

/* The project has the accounts: what is done under /api/auth is done there, and its tokens are good here until they are signed out of. */
static void use_accounts(http_server *s)
{
    const char *credentials = "{\"email\":\"ada@example.org\",\"password\":\"a cup of green tea\"}";
    const char *first, *token;
    http_answer *answer;

    first =
        http_text(ANSWERS(201, http_call(s, NULL, "POST", "/api/auth/register", NULL, credentials)), "/access_token");
    ANSWERS(409, http_call(s, NULL, "POST", "/api/auth/register", NULL, credentials));
    ANSWERS(401, http_call(s, NULL, "POST", "/api/auth/login", NULL,
                           "{\"email\":\"ada@example.org\",\"password\":\"a cup of black tea\"}"));
    answer = ANSWERS(200, http_call(s, NULL, "POST", "/api/auth/login", NULL, credentials));
    token = http_text(answer, "/access_token");
    ck_assert_str_eq(http_text(ANSWERS(200, http_call(s, token, "GET", "/api/auth/me", NULL, NULL)), "/email"),
                     "ada@example.org");
    ANSWERS(200, http_call(s, NULL, "POST", "/api/auth/refresh", NULL,
                           test_format("{\"refresh_token\":\"%s\"}", http_text(answer, "/refresh_token"))));
    answer = ANSWERS(
        200, http_call(s, token, "PUT", "/api/users/preferences", NULL, "{\"preferences\":{\"theme\":\"dark\"}}"));
    ck_assert_str_eq(http_text(answer, "/preferences/theme"), "dark");
    ANSWERS(501, http_call(s, token, "GET", "/api/users/sessions", NULL, NULL));
    ANSWERS(204, http_call(s, token, "POST", "/api/auth/logout", NULL, NULL));
    ANSWERS(401, http_call(s, token, "GET", "/api/auth/me", NULL, NULL));
    ANSWERS(200, http_call(s, first, "GET", "/api/auth/me", NULL, NULL)); /* another session */
    ANSWERS(204, http_call(s, first, "POST", "/api/auth/logout?scope=global", NULL, NULL));
    ANSWERS(401, http_call(s, first, "GET", "/api/auth/me", NULL, NULL));
    project.away = 1;
    ANSWERS(503, http_call(s, NULL, "POST", "/api/auth/login", NULL, credentials));
}

/* The password has every character that a URL minds. */
START_TEST(it_starts_from_the_environment_alone)
{
    const char *const variables[] = {
        test_format("DATABASE_URL=%s", test_web_url(project.web)),
        test_format("POSTGRES_URL=postgresql://" TEST_PG_LOCKED ":[YOUR-PASSWORD]@/%s?host=" TEST_PG_DIRECT, database),
        "DATABASE_PASSWORD=" TEST_PG_PASSWORD,
        "DATABASE_PUBLIC_KEY=" TEST_PROJECT_PUBLIC_KEY,
        "DATABASE_SERVICE_KEY=" TEST_PROJECT_SERVICE_KEY,
        "DATABASE_JWT_SECRET=s3cret s3cret s3cret s3cret s3cret",
        "TRIPSAGE_DATABASE_POOL_SIZE=2",
        "TRIPSAGE_DATABASE_STATEMENT_TIMEOUT_MS=5000",
        "TRIPSAGE_DATABASE_BUSY_TIMEOUT_MS=5000",
        NULL};
    const char *token;
    http_server s;

    migrate();
    http_server_start(&s, TRIPSAGE_SERVER, variables);
    token = http_register(&s, "me@example.org", NULL);
    ANSWERS(201, http_call(&s, token, "POST", "/api/trips", NULL, A_TRIP("Kyoto")));
    ANSWERS(200, http_call(&s, NULL, "GET", "/health", NULL, NULL));
    ck_assert_ptr_nonnull(strstr(http_server_log(&s), "(database postgresql://" TEST_PG_LOCKED "@/"));
    ck_assert_ptr_null(strstr(http_server_log(&s), "s3cret"));
    ck_assert_ptr_null(strstr(http_server_log(&s), "p@ss"));
    ck_assert_ptr_null(strstr(http_server_log(&s), "p%40ss"));
    ck_assert_ptr_null(strstr(http_server_log(&s), "row level security"));
    ck_assert_ptr_null(strstr(http_server_log(&s), TEST_PROJECT_SERVICE_KEY));
    ck_assert_str_eq(test_pg_text(TEST_PG_SUPERUSER, "SELECT title FROM tripsage.trip"), "Kyoto");
    use_accounts(&s);
    ck_assert_int_eq(http_server_stop(&s, NULL), 0);
}
END_TEST

START_TEST(a_login_above_row_level_security_is_warned_of)
{
    http_server s;

    http_server_start(&s, TRIPSAGE_SERVER, (const char *const[]){URL(TEST_PG_SUPERUSER, database), NULL});
    ck_assert_ptr_nonnull(strstr(http_server_log(&s), "row level security does not hold for the login"));
    ck_assert_int_eq(http_server_stop(&s, NULL), 0);
}
END_TEST

/* The ids of the checks that failed, a blank behind each, with the database looked at. */
static const char *weaknesses(const char *user)
{
    const char *output, *ids = "", *status;

    (void)http_program(TRIPSAGE_SERVER, folder, (const char *const[]){"security-report", "--json", NULL},
                       (const char *const[]){"ENVIRONMENT=production", A_SECRET_KEY,
                                             "API_EXTERNAL_URL=https://api.trips.org", "SITE_URL=https://trips.org",
                                             "SMTP_HOST=smtp.trips.org", "SMTP_ADMIN_EMAIL=trips@trips.org",
                                             "TRIPSAGE_OTP_EXPIRY_S=3600", "TRIPSAGE_PASSWORD_REAUTHENTICATION=true",
                                             URL(user, database), NULL},
                       &output);
    output = strstr(output, "{\"environment\":"); /* a warning may stand before it */
    ck_assert_ptr_nonnull(output);
    for (int i = 0; (status = test_json_at(output, test_format("/checks/%d/status", i))) != NULL; i++)
        if (strcmp(status, "\"fail\"") == 0)
            ids = test_format("%s%s ", ids, test_json_at(output, test_format("/checks/%d/id", i)));
    return test_replaced(test_replaced(ids, "\"database-name\" ", ""), "\"",
                         ""); /* the rig's databases are named tests */
}

/* What is planted in the database itself makes the check fail that is about it; what undoes it makes it pass again. */
START_TEST(weaknesses_of_the_database_are_found)
{
    static const struct {
        const char *check, *plant, *mend;
    } planted[] = {
        {"rls-tables", "ALTER TABLE tripsage.trip DISABLE ROW LEVEL SECURITY",
         "ALTER TABLE tripsage.trip ENABLE ROW LEVEL SECURITY"},
        {"rls-tables", "ALTER TABLE tripsage.memory NO FORCE ROW LEVEL SECURITY",
         "ALTER TABLE tripsage.memory FORCE ROW LEVEL SECURITY"},
        {"rls-tables", "CREATE TABLE tripsage.leak (id text)", "DROP TABLE tripsage.leak"},
        {"rls-policies", "CREATE POLICY everybody ON tripsage.trip FOR SELECT TO authenticated USING (true)",
         "DROP POLICY everybody ON tripsage.trip"},
        {"rls-policies",
         "CREATE POLICY strangers ON tripsage.trip FOR SELECT TO anon USING (user_id = auth.uid()::text)",
         "DROP POLICY strangers ON tripsage.trip"},
        {"rls-policies", "CREATE POLICY public ON tripsage.trip_note FOR SELECT USING (auth.uid() IS NOT NULL)",
         "DROP POLICY public ON tripsage.trip_note"},
        {"rls-policies", "CREATE POLICY write ON tripsage.destination FOR INSERT TO authenticated WITH CHECK (true)",
         "DROP POLICY write ON tripsage.destination"},
        {"rls-policies", "ALTER POLICY own ON tripsage.memory WITH CHECK (content <> '')",
         "ALTER POLICY own ON tripsage.memory WITH CHECK (user_id = (SELECT auth.uid()::text))"},
        {"rls-grants", "GRANT SELECT ON tripsage.trip TO anon", "REVOKE SELECT ON tripsage.trip FROM anon"},
        {"rls-grants", "GRANT SELECT (email) ON tripsage.account TO PUBLIC",
         "REVOKE SELECT (email) ON tripsage.account FROM PUBLIC"},
        {"rls-grants", "GRANT TRUNCATE ON tripsage.trip TO authenticated",
         "REVOKE TRUNCATE ON tripsage.trip FROM authenticated"},
        {"rls-views", "ALTER VIEW tripsage.trips RESET (security_invoker)",
         "ALTER VIEW tripsage.trips SET (security_invoker = true)"},
        {"rls-functions", "ALTER FUNCTION tripsage.trip_role(text) RESET search_path",
         "ALTER FUNCTION tripsage.trip_role(text) SET search_path = tripsage, pg_temp"},
        {"webhook-secret", /* what migrations/supabase/webhooks.sql installs */
         "CREATE FUNCTION tripsage.webhook_send() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; "
         "CREATE TRIGGER tripsage_trip_notifications AFTER INSERT ON tripsage.trip_collaborator FOR EACH ROW EXECUTE "
         "FUNCTION tripsage.webhook_send()",
         "DROP FUNCTION tripsage.webhook_send() CASCADE"},
        {"rls-functions", "GRANT EXECUTE ON FUNCTION tripsage.trip_role(text) TO PUBLIC",
         "REVOKE EXECUTE ON FUNCTION tripsage.trip_role(text) FROM PUBLIC"},
    };

    ck_assert_str_eq(weaknesses(TEST_PG_APP), "database "); /* it has not been migrated */
    migrate();
    ck_assert_str_eq(weaknesses(TEST_PG_APP), "");
    for (size_t i = 0; i < sizeof planted / sizeof planted[0]; i++) {
        const char *found;

        test_pg_exec(TEST_PG_SUPERUSER, planted[i].plant);
        found = weaknesses(TEST_PG_APP);
        ck_assert_msg(strcmp(found, test_format("%s ", planted[i].check)) == 0, "%s: %s failed", planted[i].plant,
                      found);
        test_pg_exec(TEST_PG_SUPERUSER, planted[i].mend);
    }
    ck_assert_str_eq(weaknesses(TEST_PG_APP), "");
    ck_assert_str_eq(weaknesses(TEST_PG_OWNER), "rls-owner ");
    ck_assert_str_eq(weaknesses(TEST_PG_SUPERUSER), "rls-login rls-owner ");
}
END_TEST

SUITE_PROGRAM("server/postgres", (void)server;
              tcase_add_checked_fixture(tcase, make, drop), who_cannot_connect_is_told_why,
              who_may_not_is_told_what_to_do, it_starts_from_the_environment_alone,
              a_login_above_row_level_security_is_warned_of, weaknesses_of_the_database_are_found)
