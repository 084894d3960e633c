/* support/postgres.c: see postgres.h. */
#include "postgres.h"

#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "json.h"

/* What rig.sh made, what the fresh databases are copies of, and its name until it is complete. */
#define EMPTY    "tripsage_template"
#define MIGRATED "tripsage_migrated"
#define UNDONE   "tripsage_migrating"

/* The key of the advisory lock under which the first of all is migrated. */
#define MIGRATION_LOCK "7261"

enum { USERS = 3, NAME_SIZE = 64 };

static PGconn *keeper; /* the superuser, outside of the fresh database */
static char fresh[NAME_SIZE];
static PGconn *sessions[USERS];

static void keep_quiet(void *argument, const char *message)
{
    (void)argument;
    (void)message;
}

PGconn *test_pg_connect(const char *folder, const char *user, const char *database)
{
    const char *const keys[] = {"host", "user", "dbname", NULL};
    const char *const values[] = {folder, user, database, NULL};
    PGconn *session = PQconnectdbParams(keys, values, 0);

    ck_assert_msg(PQstatus(session) == CONNECTION_OK, "%s", PQerrorMessage(session));
    PQsetNoticeProcessor(session, keep_quiet, NULL);
    return session;
}

static PGresult *run(PGconn *session, const char *sql)
{
    PGresult *result = PQexec(session, sql);
    ExecStatusType status = PQresultStatus(result);

    ck_assert_msg(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY, "%s\n%s",
                  PQerrorMessage(session), sql);
    return result;
}

static void do_sql(PGconn *session, const char *sql)
{
    PQclear(run(session, sql));
}

static int is_there(const char *database)
{
    PGresult *found = run(keeper, test_format("SELECT 1 FROM pg_catalog.pg_database WHERE datname = '%s'", database));
    int count = PQntuples(found);

    PQclear(found);
    return count > 0;
}

/* Copying files beats writing the copy to the log as well: the server need not survive a loss of power. */
static void copy_database(const char *from, const char *to)
{
    do_sql(keeper, test_format("CREATE DATABASE %s TEMPLATE %s OWNER " TEST_PG_OWNER " STRATEGY file_copy", to, from));
}

/* Many programs may want the first one at once, and one of them may die over it. */
static void migrate_once(void (*migrate)(const char *database))
{
    if (is_there(MIGRATED))
        return;
    do_sql(keeper, "SELECT pg_advisory_lock(" MIGRATION_LOCK ")");
    if (!is_there(MIGRATED)) {
        do_sql(keeper, "DROP DATABASE IF EXISTS " UNDONE " WITH (FORCE)");
        copy_database(EMPTY, UNDONE);
        migrate(UNDONE);
        do_sql(keeper,
               "ALTER DATABASE " UNDONE " ALLOW_CONNECTIONS false"); /* one that somebody is in cannot be copied */
        do_sql(keeper, "ALTER DATABASE " UNDONE " RENAME TO " MIGRATED);
    }
    do_sql(keeper, "SELECT pg_advisory_unlock(" MIGRATION_LOCK ")");
}

const char *test_pg_create(void (*migrate)(const char *database))
{
    uint64_t chance;

    ck_assert_msg(keeper == NULL, "there is a fresh database already");
    ck_assert_int_eq(getrandom(&chance, sizeof chance, 0), (int)sizeof chance);
    keeper = test_pg_connect(TEST_PG_DIRECT, TEST_PG_SUPERUSER, "postgres");
    if (migrate)
        migrate_once(migrate);
    snprintf(fresh, sizeof fresh, "test_%ld_%016llx", (long)getpid(), (unsigned long long)chance);
    copy_database(migrate ? MIGRATED : EMPTY, fresh);
    return fresh;
}

/* Ends who is still in it, PgBouncer for one, and waits until they are gone: to drop a database that somebody is in takes a tenth of a second
 * and more, the step in which the server looks again. */
static void empty(const char *database)
{
    int count = 1;

    for (int tries = 0; count > 0 && tries < 1000; tries++) {
        PGresult *ended = run(keeper, test_format("SELECT pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity"
                                                  " WHERE datname = '%s'",
                                                  database));

        count = PQntuples(ended);
        PQclear(ended);
        if (count > 0)
            usleep(1000);
    }
}

void test_pg_drop(void)
{
    if (!keeper)
        return;
    for (size_t i = 0; i < USERS; i++) {
        PQfinish(sessions[i]);
        sessions[i] = NULL;
    }
    empty(fresh);
    do_sql(keeper, test_format("DROP DATABASE %s WITH (FORCE)", fresh));
    PQfinish(keeper);
    keeper = NULL;
}

PGconn *test_pg(const char *user)
{
    PGconn **free_place = NULL;

    ck_assert_msg(keeper != NULL, "there is no fresh database");
    for (size_t i = 0; i < USERS; i++) {
        if (sessions[i] && strcmp(PQuser(sessions[i]), user) == 0)
            return sessions[i];
        if (!sessions[i])
            free_place = &sessions[i];
    }
    ck_assert_msg(free_place != NULL, "more than %d users", USERS);
    return *free_place = test_pg_connect(TEST_PG_DIRECT, user, fresh);
}

void test_pg_exec(const char *user, const char *sql)
{
    do_sql(test_pg(user), sql);
}

const char *test_pg_text(const char *user, const char *sql)
{
    PGresult *result = run(test_pg(user), sql);
    const char *text = NULL;

    if (PQntuples(result) > 0 && !PQgetisnull(result, 0, 0))
        text = test_format("%s", PQgetvalue(result, 0, 0));
    PQclear(result);
    return text;
}

const char *test_pg_state(const char *user, const char *sql)
{
    PGresult *result = PQexec(test_pg(user), sql);
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

    state = test_format("%s", state ? state : "00000");
    PQclear(result);
    return state;
}
