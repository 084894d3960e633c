/* rig/secrets_test.c: what PostgreSQL itself refuses about API keys, secrets and the audit trail, and what is seen of what it cannot
 * refuse: the deeds of its superuser. */
#include <stdlib.h>
#include <string.h>

#include "support/postgres.h"
#include "support/world.h"

static void begin(void)
{
    setenv("TRIPSAGE_TEST_URL", "postgresql://?host={rig}/direct&dbname={db}&user=" TEST_PG_APP, 1);
    world_open();
}

static void make_keys(int count)
{
    for (int i = 0; i < count; i++)
        OK(tripsage_auth_key_create(OUT, world->auth, world->service,
                                    test_format("{\"name\":\"k%d\",\"kind\":\"secret\"}", i), TRIPSAGE_NUL));
}

/* The SQLSTATE of the SQL in this role, with the claims of a user. */
static const char *state_as(const char *role, const char *sql)
{
    const char *state;

    test_pg_exec(TEST_PG_SUPERUSER, test_format("BEGIN; SET LOCAL ROLE %s; SET LOCAL \"request.jwt.claims\" = "
                                                "'{\"sub\":\"" OWNER_ID "\",\"role\":\"%s\"}'",
                                                role, role));
    state = test_pg_state(TEST_PG_SUPERUSER, sql);
    test_pg_exec(TEST_PG_SUPERUSER, "COMMIT"); /* a rollback where it failed */
    return state;
}

static const char *trail(void)
{
    return test_pg_text(TEST_PG_SUPERUSER,
                        "SELECT string_agg(a::text, ' ' ORDER BY seq) || (SELECT h::text FROM tripsage.audit_head h)"
                        " FROM tripsage.audit a");
}

START_TEST(nobody_changes_the_trail)
{
    /* The last three would only add, which the walk sees; the owner of the tables may. */
    static const char *const attempts[] = {
        "UPDATE tripsage.audit SET actor = ''",
        "DELETE FROM tripsage.audit",
        "TRUNCATE tripsage.audit",
        "UPDATE tripsage.audit_head SET seq = 0",
        "DELETE FROM tripsage.audit_head",
        "INSERT INTO tripsage.audit VALUES (99, 0, 'x', '', '', '', '{}', '', '')",
        "INSERT INTO tripsage.audit_head (is_only, seq, previous, hash) VALUES (false, 0, '', '')",
        "UPDATE tripsage.audit_head SET seq = seq + 1, previous = hash",
    };

    const char *before;

    make_keys(3);
    before = trail();
    for (size_t i = 0; i < sizeof attempts / sizeof attempts[0]; i++) {
        static const char *const roles[] = {"anon", "authenticated", "service_role", TEST_PG_OWNER};

        for (size_t r = 0; r < sizeof roles / sizeof roles[0]; r++) {
            if (i >= 5 && strcmp(roles[r], TEST_PG_OWNER) == 0)
                continue;
            ck_assert_msg(strcmp(state_as(roles[r], attempts[i]), "00000") != 0, "%s: %s", roles[r], attempts[i]);
            SAME_TEXT(trail(), before);
        }
    }
    SAME_TEXT(state_as("service_role", "SELECT count(*) FROM tripsage.audit"), "00000");
    SAME_TEXT(state_as("authenticated", "SELECT tripsage.audit_append(0, 'x', '', '', '', '{}')"), "42501");
    SAME_TEXT(state_as("anon", "SELECT tripsage.audit_append(0, 'x', '', '', '', '{}')"), "42501");
    SAME_TEXT(state_as("service_role", "SELECT tripsage.audit_append(0, 'x', '', '', '', '{}')"), "00000");
    SAME_TEXT(test_pg_text(TEST_PG_SUPERUSER, "SELECT count(*) FROM tripsage.audit"), "4");
    IS_JSON(OK(tripsage_auth_audit_verify(OUT, world->auth, world->service, NULL)), "/ok", "true");
}
END_TEST

/* Even the superuser needs to take the trigger away first. */
START_TEST(the_trigger_stands_before_everybody)
{
    make_keys(1);
    SAME_TEXT(test_pg_state(TEST_PG_SUPERUSER, "UPDATE tripsage.audit SET actor = ''"), "42501");
    SAME_TEXT(test_pg_state(TEST_PG_SUPERUSER, "DELETE FROM tripsage.audit"), "42501");
    SAME_TEXT(test_pg_state(TEST_PG_SUPERUSER, "TRUNCATE tripsage.audit"), "42501");
    SAME_TEXT(test_pg_state(TEST_PG_SUPERUSER, "DELETE FROM tripsage.audit_head"), "42501");
}
END_TEST

START_TEST(what_the_superuser_changed_is_noticed)
{
    static const struct {
        const char *sql;
        int64_t seq;
        const char *problem;
    } rows[] = {
        {"UPDATE tripsage.audit SET subject = 'x' WHERE seq = 2", 2, "it was changed"},
        {"DELETE FROM tripsage.audit WHERE seq = 3", 3, "the row before it is missing"},
        {"UPDATE tripsage.audit SET previous = repeat('0', 64) WHERE seq = 4", 4,
         "it does not follow from the row before it"},
    };

    make_keys(5);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        tripsage_doc *report;

        test_pg_exec(TEST_PG_SUPERUSER,
                     test_format("CREATE TABLE public.kept AS SELECT * FROM tripsage.audit;"
                                 "SET session_replication_role = replica; %s; SET session_replication_role = origin",
                                 rows[i].sql));
        report = OK(tripsage_auth_audit_verify(OUT, world->auth, world->service, NULL));
        IS_JSON(report, "/ok", "false");
        IS_INT(report, "/broken/seq", rows[i].seq);
        IS_TEXT(report, "/broken/problem", rows[i].problem);
        test_pg_exec(TEST_PG_SUPERUSER,
                     "SET session_replication_role = replica; DELETE FROM tripsage.audit;"
                     "INSERT INTO tripsage.audit SELECT * FROM public.kept; SET session_replication_role = origin;"
                     "DROP TABLE public.kept");
        IS_JSON(OK(tripsage_auth_audit_verify(OUT, world->auth, world->service, NULL)), "/ok", "true");
    }
}
END_TEST

/* Neither those who are signed in nor those who are not see a key or a secret, their own included. */
START_TEST(keys_and_secrets_are_hidden)
{
    static const char *const tables[] = {"api_key", "user_secret", "audit", "audit_head"};

    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        SAME_TEXT(state_as("authenticated", test_format("SELECT * FROM tripsage.%s", tables[i])), "42501");
        SAME_TEXT(state_as("anon", test_format("SELECT * FROM tripsage.%s", tables[i])), "42501");
    }
}
END_TEST

START_TEST(a_value_is_nothing_in_another_row)
{
    const char *ann = world_account("ann@example.org"), *bob = world_account("bob@example.org");
    char *value = NULL;

    OK(tripsage_auth_secret_put(world->auth, world_user(ann), "openai", "ann's", 5));
    OK(tripsage_auth_secret_put(world->auth, world_user(bob), "openai", "bob's", 5));
    test_pg_exec(TEST_PG_SUPERUSER, test_format("UPDATE tripsage.user_secret SET value = (SELECT value FROM "
                                                "tripsage.user_secret WHERE user_id = '%s') WHERE user_id = '%s'",
                                                ann, bob));
    FAILS(TRIPSAGE_ECORRUPT, tripsage_auth_secret_get(&value, NULL, world->auth, world->service, bob, "openai"));
    ck_assert_ptr_null(value);
    SAME_TEXT(test_pg_text(TEST_PG_SUPERUSER, "SELECT count(*) FROM tripsage.user_secret WHERE value LIKE '%''s%'"),
              "0");
    test_pg_exec(TEST_PG_SUPERUSER, test_format("DELETE FROM tripsage.account WHERE id = '%s'", ann));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_auth_secret_get(&value, NULL, world->auth, world->service, ann, "openai"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rig/secrets");
    TCase *tcase = tcase_create("rig/secrets");

    tcase_add_checked_fixture(tcase, begin, world_close);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, nobody_changes_the_trail);
    tcase_add_test(tcase, the_trigger_stands_before_everybody);
    tcase_add_test(tcase, what_the_superuser_changed_is_noticed);
    tcase_add_test(tcase, keys_and_secrets_are_hidden);
    tcase_add_test(tcase, a_value_is_nothing_in_another_row);
    suite_add_tcase(suite, tcase);
    return test_run(srunner_create(suite));
}
