/* rig/postgres_test.c: what tests find in the rig: fresh databases, and two ways to them. */
#include "support/postgres.h"

#include <string.h>

#include "support/world.h"

static char database[64];

static void make(void)
{
    strcpy(database, test_pg_create(NULL));
}

static void drop(void)
{
    test_pg_drop();
    test_keep_free();
}

START_TEST(a_fresh_database_has_pgvector_and_belongs_to_its_owner)
{
    SAME_TEXT(test_pg_text(TEST_PG_APP, "SELECT current_database()"), database);
    SAME_TEXT(test_pg_text(TEST_PG_APP, "SELECT '[1,2]'::vector <-> '[1,4]'"), "2");
    SAME_TEXT(
        test_pg_text(TEST_PG_APP, "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"),
        TEST_PG_OWNER);
    test_pg_exec(TEST_PG_OWNER, "CREATE SCHEMA mine; CREATE TABLE mine.t (a int)");
    SAME_TEXT(test_pg_state(TEST_PG_APP, "SELECT * FROM mine.t"), "42501");
    SAME_TEXT(test_pg_state(TEST_PG_SUPERUSER, "SELECT * FROM mine.t"), "00000");
    ck_assert_ptr_null(test_pg_text(TEST_PG_SUPERUSER, "SELECT max(a) FROM mine.t"));
}
END_TEST

START_TEST(the_next_one_is_another_and_the_last_is_gone)
{
    char last[sizeof database];
    PGconn *left_open = test_pg_connect(TEST_PG_POOLED, TEST_PG_APP, database);

    strcpy(last, database);
    PQclear(PQexec(left_open, "SELECT 1"));
    drop();
    make();
    ck_assert_str_ne(database, last);
    SAME_TEXT(test_pg_text(TEST_PG_APP, test_format("SELECT count(*) FROM pg_database WHERE datname = '%s'", last)),
              "0");
    PQfinish(left_open);
}
END_TEST

/* The login looks past no policy, and becomes what a Supabase project's does. */
START_TEST(the_app_is_like_the_login_of_a_supabase_project)
{
    SAME_TEXT(test_pg_text(TEST_PG_APP,
                           "SELECT concat(rolsuper, rolbypassrls, rolinherit, rolcreaterole) FROM pg_roles "
                           "WHERE rolname = current_user"),
              "ffff");
    test_pg_exec(TEST_PG_APP, "SET ROLE anon; SET ROLE authenticated; SET ROLE service_role; RESET ROLE");
    SAME_TEXT(test_pg_state(TEST_PG_APP, "SET ROLE " TEST_PG_OWNER), "42501");
    SAME_TEXT(test_pg_text(TEST_PG_OWNER, "SELECT concat(rolsuper, rolbypassrls, rolcreaterole) FROM pg_roles "
                                          "WHERE rolname = current_user"),
              "fft");
}
END_TEST

/* In transaction mode two transactions of one connection may run in two sessions of the server; here another client takes the first one. */
START_TEST(the_pool_is_in_transaction_mode)
{
    PGconn *one = test_pg_connect(TEST_PG_POOLED, TEST_PG_APP, database);
    PGconn *two = test_pg_connect(TEST_PG_POOLED, TEST_PG_APP, database);
    PGresult *first = PQexec(one, "SELECT pg_backend_pid()"), *second, *third;

    PQclear(PQexec(two, "BEGIN"));
    second = PQexec(two, "SELECT pg_backend_pid()");
    third = PQexec(one, "SELECT pg_backend_pid()");
    SAME_TEXT(PQgetvalue(second, 0, 0), PQgetvalue(first, 0, 0));
    ck_assert_str_ne(PQgetvalue(third, 0, 0), PQgetvalue(first, 0, 0));
    PQclear(first);
    PQclear(second);
    PQclear(third);
    PQfinish(one);
    PQfinish(two);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rig/postgres");
    TCase *tcase = tcase_create("rig/postgres");

    tcase_add_checked_fixture(tcase, make, drop);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_fresh_database_has_pgvector_and_belongs_to_its_owner);
    tcase_add_test(tcase, the_next_one_is_another_and_the_last_is_gone);
    tcase_add_test(tcase, the_app_is_like_the_login_of_a_supabase_project);
    tcase_add_test(tcase, the_pool_is_in_transaction_mode);
    suite_add_tcase(suite, tcase);
    return test_run(srunner_create(suite));
}
