/* rig/migrations_test.c: the files of migrations/postgres run with whatever applies them, for every kind of owner, and on a Supabase
 * project touch nothing that is not theirs. */
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "support/postgres.h"
#include "support/temp.h"
#include "support/world.h"

#define RUNNER "supabase_postgres"

static const char *database;

static void make(void)
{
    database = test_format("%s", test_pg_create(NULL));
}

static void drop(void)
{
    test_pg_drop();
    test_keep_free();
}

static void make_supabase(void)
{
    make();
    test_pg_exec(TEST_PG_SUPERUSER, test_keep(test_file_read(TRIPSAGE_SOURCE_DIR "/tests/rig/supabase.sql")));
}

/* All of the files in their order, each in a transaction of its own, by psql as by any other tool. */
static void apply(const char *user)
{
    glob_t files;

    ck_assert_int_eq(glob(TRIPSAGE_SOURCE_DIR "/migrations/postgres/*.sql", 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        const char *command =
            test_format("psql -X -q -1 -v ON_ERROR_STOP=1 -h " TEST_PG_DIRECT " -U %s -d %s -o /dev/null -f %s", user,
                        database, files.gl_pathv[i]);

        ck_assert_msg(system(command) == 0, "%s", command);
    }
    SAME_TEXT(test_pg_text(TEST_PG_SUPERUSER,
                           "SELECT string_agg(DISTINCT checksum, ',') || count(*) FROM tripsage.schema_migration"),
              test_format("%zu", files.gl_pathc));
    globfree(&files);
}

/* What a request can do: the library's login in the roles it takes on. */
static void try_requests(void)
{
    test_pg_exec(
        TEST_PG_APP,
        "SELECT set_config('request.jwt.claims', '{\"sub\":\"" OWNER_ID "\"}', false); SET ROLE authenticated;"
        "INSERT INTO tripsage.trip (user_id, start_date, end_date, status, trip_type, visibility, travelers, title,"
        " destination_names, tags, destinations, preferences) VALUES (auth.uid()::text, '2026-11-03', '2026-11-10',"
        " 'planning', 'leisure', 'private', 1, 'Kyoto', '[]', '[]', '[]', '{}')");
    SAME_TEXT(test_pg_text(TEST_PG_APP, "SELECT count(*) FROM tripsage.trips"), "1");
    test_pg_exec(TEST_PG_APP, "SELECT set_config('request.jwt.claims', '{\"sub\":\"" STRANGER_ID "\"}', false)");
    SAME_TEXT(test_pg_text(TEST_PG_APP, "SELECT count(*) FROM tripsage.trips"), "0");
    test_pg_exec(TEST_PG_APP, "SELECT set_config('request.jwt.claims', '', false); SET ROLE service_role");
    SAME_TEXT(test_pg_text(TEST_PG_APP, "SELECT count(*) FROM tripsage.trips"), "1");
    test_pg_exec(TEST_PG_APP, "DELETE FROM tripsage.trip; RESET ROLE");
}

START_TEST(a_superuser_applies_them)
{
    apply(TEST_PG_SUPERUSER);
    try_requests();
}
END_TEST

START_TEST(an_owner_applies_them)
{
    apply(TEST_PG_OWNER);
    try_requests();
    /* One login may do everything: migrate, and become what a request runs as. */
    test_pg_exec(TEST_PG_OWNER, "SET ROLE authenticated; SELECT * FROM tripsage.trip; SET ROLE service_role;"
                                "SELECT * FROM tripsage.meta; RESET ROLE; SELECT * FROM tripsage.schema_migration");
}
END_TEST

/* What stands in the schemas that are not ours, who owns it and who may do what with it; and who is a member of whom. */
static const char *theirs(void)
{
    return test_pg_text(
        TEST_PG_SUPERUSER,
        "WITH n AS (SELECT * FROM pg_namespace WHERE nspname IN ('auth', 'extensions', 'realtime', 'public'))"
        "SELECT md5(string_agg(r, E'\\n' ORDER BY r)) FROM ("
        "SELECT concat_ws(' ', 'schema', nspname, nspowner, nspacl) AS r FROM n UNION ALL "
        "SELECT concat_ws(' ', 'function', p.oid, proowner, proacl, prosrc) FROM pg_proc p JOIN n ON n.oid = "
        "pronamespace UNION ALL "
        "SELECT concat_ws(' ', 'relation', c.oid, relowner, relacl, relrowsecurity, relforcerowsecurity, "
        "relhastriggers)"
        " FROM pg_class c JOIN n ON n.oid = relnamespace UNION ALL "
        "SELECT concat_ws(' ', 'role', rolname, rolsuper, rolinherit, rolcreaterole, rolcanlogin, rolbypassrls, "
        "rolconfig)"
        " FROM pg_roles WHERE rolname <> 'tripsage_definer' UNION ALL "
        "SELECT concat_ws(' ', 'member', roleid, member, admin_option) FROM pg_auth_members"
        " WHERE roleid IS DISTINCT FROM to_regrole('tripsage_definer')::oid UNION ALL "
        "SELECT concat_ws(' ', 'publication', pubname, pubowner, puballtables, pubinsert, pubupdate, pubdelete) FROM "
        "pg_publication) s");
}

START_TEST(a_supabase_project_keeps_what_is_its_own)
{
    const char *before = theirs();

    apply(RUNNER);
    try_requests();
    SAME_TEXT(theirs(), before);
    SAME_TEXT(test_pg_text(TEST_PG_SUPERUSER,
                           "SELECT string_agg(tablename, ' ' ORDER BY tablename) FROM pg_publication_tables"
                           " WHERE pubname = 'supabase_realtime' AND schemaname = 'tripsage'"),
              "itinerary_item trip trip_collaborator trip_note");
    SAME_TEXT(test_pg_text(TEST_PG_SUPERUSER, "SELECT string_agg(policyname, ' ' ORDER BY policyname) FROM pg_policies"
                                              " WHERE schemaname IN ('auth', 'realtime')"),
              "tripsage_listen tripsage_speak");
}
END_TEST

/* How many messages of a topic the app reads as a user, and whether he may send one. */
static const char *heard(const char *user_id, const char *topic)
{
    const char *count;

    test_pg_exec(TEST_PG_APP, test_format("SELECT set_config('request.jwt.claims', '{\"sub\":\"%s\"}', false),"
                                          " set_config('realtime.topic', '%s', false); SET ROLE authenticated",
                                          user_id, topic));
    count = test_pg_text(TEST_PG_APP, "SELECT count(*) FROM realtime.messages");
    return test_format("%s %s", count,
                       test_pg_state(TEST_PG_APP, "INSERT INTO realtime.messages (topic, extension)"
                                                  " VALUES (realtime.topic(), 'broadcast')"));
}

START_TEST(realtime_asks_who_may_read_and_who_may_write)
{
#define SHARED "01990000-0000-7000-8000-000000000001"
#define OPEN   "01990000-0000-7000-8000-000000000002"
    static const struct {
        const char *user_id, *topic, *want; /* one message is there to begin with */
    } cells[] = {
        {STRANGER_ID, "trip:" SHARED, "0 42501"},      {STRANGER_ID, "trip:" NO_SUCH_ID, "0 42501"},
        {STRANGER_ID, "trip:" OPEN, "1 42501"},        {VIEW_ID, "trip:" SHARED, "1 42501"},
        {OWNER_ID, "user:" STRANGER_ID, "0 42501"},    {OWNER_ID, "something", "0 42501"},
        {EDIT_ID, "trip:" SHARED, "1 00000"},          {OWNER_ID, "trip:" SHARED, "2 00000"},
        {STRANGER_ID, "user:" STRANGER_ID, "3 00000"},
    };

    apply(RUNNER);
    test_pg_exec(
        TEST_PG_SUPERUSER,
        "INSERT INTO tripsage.trip (id, user_id, start_date, end_date, status, trip_type, visibility, travelers, title,"
        " destination_names, tags, destinations, preferences) SELECT v.id, '" OWNER_ID "', '2026-11-03', '2026-11-10',"
        " 'planning', 'leisure', v.visibility, 1, 'Kyoto', '[]', '[]', '[]', '{}'"
        " FROM (VALUES ('" SHARED "', 'shared'), ('" OPEN "', 'public')) v (id, visibility);"
        "INSERT INTO tripsage.trip_collaborator (trip_id, user_id, level, position, added_by) VALUES"
        " ('" SHARED "', '" EDIT_ID "', 3, 1, '" OWNER_ID "'), ('" SHARED "', '" VIEW_ID "', 2, 2, '" OWNER_ID "');"
        "INSERT INTO realtime.messages (topic, extension) VALUES ('any', 'broadcast')");
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++) {
        const char *got = heard(cells[i].user_id, cells[i].topic);

        ck_assert_msg(strcmp(got, cells[i].want) == 0, "%s as %s: %s", cells[i].topic, cells[i].user_id, got);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rig/migrations");
    TCase *plain = tcase_create("plain");
    TCase *supabase = tcase_create("supabase");

    tcase_add_checked_fixture(plain, make, drop);
    tcase_set_timeout(plain, 120);
    tcase_add_test(plain, a_superuser_applies_them);
    tcase_add_test(plain, an_owner_applies_them);
    suite_add_tcase(suite, plain);
    tcase_add_checked_fixture(supabase, make_supabase, drop);
    tcase_set_timeout(supabase, 120);
    tcase_add_test(supabase, a_supabase_project_keeps_what_is_its_own);
    tcase_add_test(supabase, realtime_asks_who_may_read_and_who_may_write);
    suite_add_tcase(suite, supabase);
    return test_run(srunner_create(suite));
}
