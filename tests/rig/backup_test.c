/* rig/backup_test.c: what is in PostgreSQL comes back from a backup: into the same database, into an empty one, all of it or nothing; and
 * upkeep. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "support/postgres.h"
#include "support/temp.h"
#include "support/world.h"

enum { KILLS = 12 };

static char folder[TEST_PATH_SIZE];
static const char *database;

static const char *url_of(const char *user)
{
    return test_format("postgresql:///%s?host=" TEST_PG_DIRECT "&user=%s", database, user);
}

static void make(void)
{
    test_temp_make(folder);
    database = test_format("%s", test_pg_create(world_migrate));
}

static void drop(void)
{
    test_docs_free();
    test_pg_drop();
    test_temp_remove(folder);
    test_keep_free();
}

/* ---- what is backed up ---- */

static char trip_id[64];
static int filled;

/* A trip with an item and a note, a collaborator, an account, vectors, memories. */
static void fill(void)
{
    tripsage *ts;
    tripsage_actor *owner, *service;
    tripsage_doc *trip;
    const float values[] = {0.6f, 0.8f};
    const tripsage_vector_item item = {"one", NULL, "{\"city\":\"Kyoto\"}", "old tea houses", values, 2};

    ck_assert_int_eq(tripsage_open(&ts, url_of(TEST_PG_APP), NULL), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage_actor_user(&owner, OWNER_ID), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage_actor_service(&service), TRIPSAGE_OK);
    trip = OK(tripsage_trip_create(OUT, tripsage_get_trips(ts), owner, TRIP_JSON, TRIPSAGE_NUL, NULL));
    snprintf(trip_id, sizeof trip_id, "%s", id_of(trip));
    OK(tripsage_item_create(OUT, tripsage_get_trips(ts), owner, trip_id, ITEM_JSON, TRIPSAGE_NUL, NULL));
    OK(tripsage_note_create(OUT, tripsage_get_trips(ts), owner, trip_id,
                            TRIPSAGE_JSON({"content" : "tabs\there, \\ and\nlines"}), TRIPSAGE_NUL, NULL));
    OK(tripsage_auth_sign_up(
        OUT, tripsage_get_auth(ts), NULL,
        test_format("{\"email\":\"ada%d@example.org\",\"password\":\"a cup of green tea\"}", ++filled), TRIPSAGE_NUL));
    OK(tripsage_vector_collection_create(tripsage_get_vector(ts), service, "places", 2, TRIPSAGE_COSINE, NULL));
    OK(tripsage_vector_upsert(tripsage_get_vector(ts), service, "places", &item, 1));
    tripsage_actor_free(owner);
    tripsage_actor_free(service);
    tripsage_close(ts);
}

/* Every row of every table that is backed up, and what protects them, as one text. */
static const char *picture(void)
{
    return test_pg_text(
        TEST_PG_SUPERUSER,
        "SELECT string_agg(c.relname || ' ' || c.relforcerowsecurity || ' ' || (SELECT count(*) FROM pg_trigger t "
        "WHERE t.tgrelid ="
        " c.oid AND t.tgenabled = 'O') || ' ' || (xpath('//x/text()', query_to_xml('SELECT "
        "coalesce(md5(string_agg(r::text, chr(10)"
        " ORDER BY r::text)), ''none'') AS x FROM tripsage.' || quote_ident(c.relname) || ' r', false, true, "
        "'')))[1]::text, chr(10)"
        " ORDER BY c.relname) FROM pg_class c WHERE c.relnamespace = 'tripsage'::regnamespace AND c.relkind = 'r'"
        " AND c.relname <> 'schema_migration'");
}

static const char *back_up(const char *user)
{
    tripsage_doc *made = OK(tripsage_backup(OUT, url_of(user), folder, NULL));

    ck_assert_int_eq(tripsage_doc_bool(made, "/verified", 0), 1);
    IS_TEXT(made, "/engine", "postgresql");
    return text_of(made, "/file");
}

static tripsage_status restore(tripsage_doc **out, const char *user, const char *file, int force)
{
    tripsage_restore_options options = TRIPSAGE_RESTORE_OPTIONS_INIT;

    options.force = force;
    return tripsage_restore(out, url_of(user), file, &options);
}

static const char *items_found(void)
{
    tripsage *ts;
    tripsage_actor *owner;
    const char *titles;

    ck_assert_int_eq(tripsage_open(&ts, url_of(TEST_PG_APP), NULL), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage_actor_user(&owner, OWNER_ID), TRIPSAGE_OK);
    titles = test_format("%s", json_of(OK(tripsage_trip_search(OUT, tripsage_get_trips(ts), owner, "fushimi", NULL))));
    IS_JSON(OK(tripsage_check(OUT, ts)), "/problems", "[]");
    tripsage_actor_free(owner);
    tripsage_close(ts);
    return titles;
}

/* ---- there and back ---- */

START_TEST(a_database_comes_back)
{
    const char *file, *before, *found;

    fill();
    before = picture();
    found = items_found();
    file = back_up(TEST_PG_APP); /* the login of the servers is enough */
    test_pg_exec(TEST_PG_APP, "SET ROLE service_role; DELETE FROM tripsage.trip; DELETE FROM tripsage.account;"
                              "DELETE FROM tripsage.vector_collection; RESET ROLE");
    test_pg_exec(TEST_PG_APP, "SET ROLE service_role; INSERT INTO tripsage.meta VALUES ('later', 'x'); RESET ROLE");
    ck_assert_str_ne(picture(), before);
    OK(restore(OUT, TEST_PG_OWNER, file, 0)); /* nobody's records are there */
    SAME_TEXT(picture(), before);
    SAME_TEXT(items_found(), found);
    FAILS(TRIPSAGE_EEXISTS, restore(OUT, TEST_PG_OWNER, file, 0));
    OK(restore(OUT, TEST_PG_OWNER, file, 1));
    SAME_TEXT(picture(), before);
    FAILS(TRIPSAGE_EFORBIDDEN, restore(OUT, TEST_PG_APP, file, 1));
    SAME_TEXT(picture(), before);
}
END_TEST

START_TEST(an_empty_database_gets_the_schema_too)
{
    const char *file, *before;

    fill();
    before = picture();
    file = back_up(TEST_PG_APP);
    test_pg_drop();
    database = test_format("%s", test_pg_create(NULL));
    OK(restore(OUT, TEST_PG_OWNER, file, 0));
    SAME_TEXT(picture(), before);
    items_found();
    fill(); /* numbers go on from where they were */
}
END_TEST

START_TEST(what_does_not_fit_is_refused)
{
    const char *file, *before;
    int fd;

    fill();
    before = picture();
    file = back_up(TEST_PG_APP);
    test_pg_exec(TEST_PG_OWNER, "SET ROLE service_role; DELETE FROM tripsage.schema_migration WHERE number ="
                                " (SELECT max(number) FROM tripsage.schema_migration); RESET ROLE");
    FAILS(TRIPSAGE_EMIGRATION, restore(OUT, TEST_PG_OWNER, file, 1));
    FAILS(TRIPSAGE_EMIGRATION, tripsage_backup_verify(OUT, url_of(TEST_PG_APP), file, NULL));
    OK(tripsage_backup_verify(OUT, NULL, file, NULL)); /* the checksum alone */
    FAILS(TRIPSAGE_ENOTSUP, tripsage_restore(OUT, "sqlite::memory:", file, NULL));
    fd = open(file, O_WRONLY);
    ck_assert_int_eq(pwrite(fd, "X", 1, 500), 1);
    close(fd);
    FAILS(TRIPSAGE_ECORRUPT, restore(OUT, TEST_PG_OWNER, file, 1));
    ck_assert_int_eq(truncate(file, 400), 0);
    FAILS(TRIPSAGE_ECORRUPT, restore(OUT, TEST_PG_OWNER, file, 1));
    SAME_TEXT(picture(), before);
}
END_TEST

/* Whatever moment it is killed at, what is there is what was there, or what was backed up. */
START_TEST(a_restore_is_whole_or_nothing)
{
    const char *file, *before, *changed, *user;

    fill();
    file = back_up(TEST_PG_APP);
    before = picture();
    fill();
    user = url_of(TEST_PG_OWNER);
    changed = picture();
    for (int round = 0; round < KILLS; round++) {
        struct timespec pause = {0, 20000000L + 60000000L * round};
        const char *now;
        pid_t child = fork();

        if (child == 0) {
            tripsage_restore_options options = TRIPSAGE_RESTORE_OPTIONS_INIT;
            tripsage_doc *done;

            options.force = 1;
            _exit(tripsage_restore(&done, user, file, &options) != TRIPSAGE_OK);
        }
        nanosleep(&pause, NULL);
        kill(child, SIGKILL);
        ck_assert_int_eq(waitpid(child, NULL, 0), child);
        now = picture();
        ck_assert_msg(strcmp(now, before) == 0 || strcmp(now, changed) == 0, "half a restore: %s", now);
    }
}
END_TEST

/* ---- upkeep ---- */

START_TEST(tables_are_looked_after)
{
    tripsage_maintain_options options = TRIPSAGE_MAINTAIN_OPTIONS_INIT;
    tripsage *ts;
    tripsage_doc *report;

    fill();
    ck_assert_int_eq(tripsage_open(&ts, url_of(TEST_PG_OWNER), NULL), TRIPSAGE_OK);
    options.upkeep = TRIPSAGE_UPKEEP_STANDARD | TRIPSAGE_UPKEEP_VACUUM | TRIPSAGE_UPKEEP_REINDEX;
    report = OK(tripsage_maintain(OUT, ts, &options));
    IS_JSON(report, "/ok", "true");
    IS_TEXT(report, "/engine", "postgresql");
    ck_assert_ptr_nonnull(strstr(json_of(report), "VACUUM (ANALYZE) of"));
    ck_assert_ptr_nonnull(strstr(json_of(report), "REINDEX INDEX CONCURRENTLY tripsage."));
    ck_assert_ptr_nonnull(strstr(json_of(report), "{\"name\":\"trip\",\"bytes\":"));
    tripsage_close(ts);
    SAME_TEXT(test_pg_text(TEST_PG_SUPERUSER, "SELECT count(*) FROM pg_class WHERE relname LIKE '%ccnew%'"), "0");
    ck_assert_int_eq(tripsage_open(&ts, url_of(TEST_PG_APP), NULL), TRIPSAGE_OK);
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_maintain(OUT, ts, NULL));
    options.upkeep = TRIPSAGE_UPKEEP_CHECK;
    IS_JSON(OK(tripsage_maintain(OUT, ts, &options)), "/ok", "true");
    tripsage_close(ts);
}
END_TEST

/* An index that was cut off while it was built is built again. */
START_TEST(an_index_that_is_not_valid_is_built_anew)
{
    tripsage *ts;
    tripsage_doc *report;

    test_pg_exec(TEST_PG_SUPERUSER,
                 "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'tripsage.trip_search_trip'::regclass");
    ck_assert_int_eq(tripsage_open(&ts, url_of(TEST_PG_OWNER), NULL), TRIPSAGE_OK);
    report = OK(tripsage_maintain(OUT, ts, NULL));
    IS_JSON(report, "/ok", "true");
    ck_assert_ptr_nonnull(strstr(json_of(report), "the index trip_search_trip is not valid"));
    ck_assert_ptr_nonnull(strstr(json_of(report), "REINDEX INDEX CONCURRENTLY tripsage.\\\"trip_search_trip\\\""));
    tripsage_close(ts);
    SAME_TEXT(test_pg_text(TEST_PG_SUPERUSER,
                           "SELECT indisvalid FROM pg_index WHERE indexrelid = 'tripsage.trip_search_trip'::regclass"),
              "t");
}
END_TEST

/* ---- migrations to come ---- */

START_TEST(migrations_are_tried)
{
    tripsage_doc *plan;

    test_pg_drop();
    database = test_format("%s", test_pg_create(NULL));
    plan = OK(tripsage_migrations_plan(OUT, url_of(TEST_PG_OWNER), NULL, 1));
    IS_INT(plan, "/current", 0);
    IS_JSON(plan, "/tried", "true");
    ck_assert_uint_eq(tripsage_doc_count(plan, "/pending"), (size_t)tripsage_doc_int(plan, "/latest", 0));
    SAME_TEXT(test_pg_text(TEST_PG_SUPERUSER, "SELECT count(*) FROM pg_namespace WHERE nspname = 'tripsage'"), "0");
    test_pg_exec(TEST_PG_SUPERUSER, "DROP EXTENSION vector");
    FAILS(TRIPSAGE_EMIGRATION, tripsage_migrations_plan(OUT, url_of(TEST_PG_OWNER), NULL, 1));
    OK(tripsage_migrations_plan(OUT, url_of(TEST_PG_OWNER), NULL, 0));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rig/backup");
    TCase *tcase = tcase_create("backup");

    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, make, drop);
    tcase_add_test(tcase, a_database_comes_back);
    tcase_add_test(tcase, an_empty_database_gets_the_schema_too);
    tcase_add_test(tcase, what_does_not_fit_is_refused);
    tcase_add_test(tcase, a_restore_is_whole_or_nothing);
    tcase_add_test(tcase, tables_are_looked_after);
    tcase_add_test(tcase, an_index_that_is_not_valid_is_built_anew);
    tcase_add_test(tcase, migrations_are_tried);
    suite_add_tcase(suite, tcase);
    return test_run(srunner_create(suite));
}
