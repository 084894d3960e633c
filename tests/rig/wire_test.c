/* rig/wire_test.c: the proxy of support/wire.h, before the rig's PostgreSQL, with libpq as its client. */
#include "support/wire.h"

#include <string.h>
#include <time.h>

#include "support/postgres.h"
#include "support/world.h"

static test_wire *wire;
static PGconn *client;
static char database[64];

static PGconn *connect_to(const test_wire *to)
{
    const char *const keys[] = {"host", "port", "user", "dbname", NULL};
    const char *const values[] = {test_wire_host(to), test_wire_port(to), TEST_PG_OWNER, database, NULL};

    return PQconnectdbParams(keys, values, 0);
}

static void set_up(void)
{
    strcpy(database, test_pg_create(NULL));
    test_pg_exec(TEST_PG_OWNER, "CREATE SCHEMA mine; CREATE TABLE mine.t (a int)");
    wire = test_wire_open(TEST_PG_DIRECT);
    client = connect_to(wire);
    ck_assert_msg(PQstatus(client) == CONNECTION_OK, "%s", PQerrorMessage(client));
}

static void tear_down(void)
{
    PQfinish(client);
    test_wire_close(wire);
    test_pg_drop();
    test_keep_free();
}

static ExecStatusType run(const char *sql)
{
    PGresult *result = PQexec(client, sql);
    ExecStatusType status = PQresultStatus(result);

    PQclear(result);
    return status;
}

/* The rows in the table, asked for past the proxy. */
static const char *rows(void)
{
    return test_pg_text(TEST_PG_OWNER, "SELECT count(*) FROM mine.t");
}

static void send_transaction(int inserts)
{
    ck_assert(PQsendQueryParams(client, "BEGIN", 0, NULL, NULL, NULL, NULL, 0));
    for (int i = 0; i < inserts; i++)
        ck_assert(PQsendQueryParams(client, "INSERT INTO mine.t VALUES (1)", 0, NULL, NULL, NULL, NULL, 0));
    ck_assert(PQsendQueryParams(client, "COMMIT", 0, NULL, NULL, NULL, NULL, 0));
}

/* Sends transactions of this many statements and reads the answers; gives how many of them came in. */
static int run_pipeline(int transactions, int inserts)
{
    int answers = 0, ended = 0;

    ck_assert(PQenterPipelineMode(client));
    for (int i = 0; i < transactions; i++) {
        send_transaction(inserts);
        ck_assert(PQpipelineSync(client));
    }
    while (ended < transactions && PQstatus(client) == CONNECTION_OK) {
        PGresult *result = PQgetResult(client);
        ExecStatusType status = PQresultStatus(result);
        answers += status == PGRES_COMMAND_OK;
        ended += status == PGRES_PIPELINE_SYNC;
        PQclear(result);
    }
    PQexitPipelineMode(client);
    return answers;
}

START_TEST(flights_are_round_trips)
{
    test_wire_count count = test_wire_counted(wire);

    ck_assert_uint_eq(count.connections, 1);
    ck_assert_uint_eq(count.flights, 0);
    run("SELECT 1");
    run("SELECT 2; SELECT 3");
    count = test_wire_counted(wire);
    ck_assert_uint_eq(count.flights, 2);
    ck_assert_uint_eq(count.sent['Q'], 2);
    test_wire_reset(wire);
    ck_assert_int_eq(run_pipeline(1, 3), 5);
    count = test_wire_counted(wire);
    ck_assert_uint_eq(count.connections, 0);
    ck_assert_uint_eq(count.flights, 1);
    ck_assert_uint_eq(count.sent['S'], 1);
    ck_assert_uint_eq(count.sent['P'], 5);
    ck_assert_uint_gt(count.bytes_sent, 100);
    ck_assert_uint_gt(count.bytes_received, 50);
    SAME_TEXT(rows(), "3");
}
END_TEST

START_TEST(what_is_large_comes_through_whole)
{
    const char *megabytes = test_repeat("0123456789abcdef", (size_t)1 << 18);
    PGresult *result = PQexecParams(client, "SELECT $1 || 'x'", 1, NULL, &megabytes, NULL, NULL, 0);

    ck_assert_int_eq(PQgetlength(result, 0, 0), (int)strlen(megabytes) + 1);
    ck_assert_uint_eq(test_wire_counted(wire).flights, 1);
    PQclear(result);
}
END_TEST

/* What the server says by itself answers nothing. */
START_TEST(a_notification_is_no_answer)
{
    run("LISTEN news");
    test_pg_exec(TEST_PG_OWNER, "NOTIFY news");
    run("SELECT 1");
    PGnotify *news = PQnotifies(client);
    ck_assert_ptr_nonnull(news);
    PQfreemem(news);
    ck_assert_uint_eq(test_wire_counted(wire).flights, 2);
}
END_TEST

START_TEST(cut_before_the_server_sees_it)
{
    test_wire_cut(wire, TEST_WIRE_BEFORE, 1);
    ck_assert_int_eq(run_pipeline(1, 1), 0);
    ck_assert_int_eq(PQstatus(client), CONNECTION_BAD);
    SAME_TEXT(rows(), "0");
    PQreset(client);
    ck_assert_int_eq(run_pipeline(1, 1), 3);
    SAME_TEXT(rows(), "1");
    ck_assert_uint_eq(test_wire_counted(wire).connections, 2);
}
END_TEST

START_TEST(cut_after_the_server_has_committed)
{
    test_wire_cut(wire, TEST_WIRE_AFTER, 1);
    ck_assert_int_eq(run_pipeline(1, 1), 0);
    ck_assert_int_eq(PQstatus(client), CONNECTION_BAD);
    SAME_TEXT(rows(), "1");
}
END_TEST

START_TEST(cut_amid_the_answer)
{
    int answers;

    test_wire_cut(wire, TEST_WIRE_AMID, 1);
    answers = run_pipeline(1, 8);
    ck_assert_msg(answers > 0 && answers < 10, "%d of 10 answers", answers);
    ck_assert_int_eq(PQstatus(client), CONNECTION_BAD);
    SAME_TEXT(rows(), "8");
}
END_TEST

/* One flight may hold more than one Sync; here both are on the wire before the first of them goes on. */
START_TEST(cut_after_the_last_sync)
{
    test_wire_delay(wire, 100);
    test_wire_cut(wire, TEST_WIRE_AFTER, 1);
    ck_assert_int_eq(run_pipeline(2, 4), 0);
    ck_assert_uint_eq(test_wire_counted(wire).sent['S'], 2);
    ck_assert_uint_eq(test_wire_counted(wire).flights, 1);
    PQreset(client);
    test_wire_cut(wire, TEST_WIRE_AMID, 1);
    ck_assert_int_ge(run_pipeline(2, 4), 5);
    SAME_TEXT(rows(), "16");
}
END_TEST

START_TEST(cut_the_third_from_now)
{
    PGconn *other = connect_to(wire);

    run("SELECT 1");
    test_wire_cut(wire, TEST_WIRE_BEFORE, 3);
    ck_assert_int_eq(run("SELECT 1"), PGRES_TUPLES_OK);
    PQclear(PQexec(other, "SELECT 1"));
    ck_assert_int_eq(PQstatus(other), CONNECTION_OK);
    ck_assert_int_eq(run("SELECT 1"), PGRES_FATAL_ERROR);
    ck_assert_int_eq(PQstatus(client), CONNECTION_BAD);
    PQclear(PQexec(other, "SELECT 1"));
    ck_assert_int_eq(PQstatus(other), CONNECTION_OK);
    PQfinish(other);
}
END_TEST

START_TEST(a_server_that_is_away_and_comes_back)
{
    test_wire_refuse(wire, 1);
    ck_assert_int_eq(run("SELECT 1"), PGRES_TUPLES_OK); /* those who are in may stay */
    test_wire_cut_all(wire);
    ck_assert_int_eq(run("SELECT 1"), PGRES_FATAL_ERROR);
    PQreset(client);
    ck_assert_int_eq(PQstatus(client), CONNECTION_BAD);
    test_wire_refuse(wire, 0);
    PQreset(client);
    ck_assert_int_eq(run("SELECT 1"), PGRES_TUPLES_OK);
}
END_TEST

START_TEST(a_slow_wire)
{
    struct timespec begin, end;

    test_wire_delay(wire, 200);
    clock_gettime(CLOCK_MONOTONIC, &begin);
    run("SELECT 1");
    run("SELECT 1");
    clock_gettime(CLOCK_MONOTONIC, &end);
    ck_assert_int_ge((end.tv_sec - begin.tv_sec) * 1000 + (end.tv_nsec - begin.tv_nsec) / 1000000, 399);
    ck_assert_uint_eq(test_wire_counted(wire).flights, 2);
}
END_TEST

/* Over TCP libpq asks for TLS first. */
START_TEST(over_tcp)
{
    test_wire *near = test_wire_open_tcp(TEST_PG_DIRECT), *far = test_wire_open_tcp(test_wire_port(near));

    PQfinish(client);
    client = connect_to(far);
    ck_assert_int_eq(run("SELECT 1"), PGRES_TUPLES_OK);
    test_wire_refuse(far, 1);
    test_wire_refuse(far, 0);
    PQreset(client);
    ck_assert_int_eq(run("SELECT 1"), PGRES_TUPLES_OK);
    ck_assert_uint_eq(test_wire_counted(near).flights, 2);
    ck_assert_uint_eq(test_wire_counted(far).connections, 2);
    test_wire_close(far);
    ck_assert_int_eq(run("SELECT 1"), PGRES_FATAL_ERROR);
    test_wire_close(near);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rig/wire");
    TCase *tcase = tcase_create("rig/wire");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, flights_are_round_trips);
    tcase_add_test(tcase, what_is_large_comes_through_whole);
    tcase_add_test(tcase, a_notification_is_no_answer);
    tcase_add_test(tcase, cut_before_the_server_sees_it);
    tcase_add_test(tcase, cut_after_the_server_has_committed);
    tcase_add_test(tcase, cut_amid_the_answer);
    tcase_add_test(tcase, cut_after_the_last_sync);
    tcase_add_test(tcase, cut_the_third_from_now);
    tcase_add_test(tcase, a_server_that_is_away_and_comes_back);
    tcase_add_test(tcase, a_slow_wire);
    tcase_add_test(tcase, over_tcp);
    suite_add_tcase(suite, tcase);
    return test_run(srunner_create(suite));
}
