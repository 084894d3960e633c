/* audit_test.c: an audit trail that somebody changed past the library, and what the walk says of it. PostgreSQL's is in
 * rig/secrets_test.c. */
#include <sqlite3.h>
#include <unistd.h>

#include "fixture.h"

static char folder[64];
static tripsage_auth *auth;
static tripsage_actor *service;
static sqlite3 *db;

static void begin(void)
{
    tripsage_runtime runtime = test_runtime();
    tripsage_auth_options options = cheap_options();
    char url[96];

    snprintf(folder, sizeof folder, "/tmp/tripsage-audit-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(url, sizeof url, "sqlite://%s/t.db", folder);
    ck_assert_ok(tripsage_auth_open(&auth, url, &options, &runtime));
    ck_assert_ok(tripsage_actor_service(&service));
    ck_assert_int_eq(sqlite3_open(url + strlen("sqlite://"), &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    for (int i = 0; i < 5; i++) {
        char json[64];
        tripsage_doc *key;

        snprintf(json, sizeof json, "{\"name\":\"key %d\",\"kind\":\"secret\"}", i);
        ck_assert_ok(tripsage_auth_key_create(&key, auth, service, json, TRIPSAGE_NUL));
        tripsage_doc_free(key);
    }
}

static void end(void)
{
    char command[96];

    sqlite3_close(db);
    tripsage_actor_free(service);
    tripsage_auth_close(auth);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static int exec(const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

/* As somebody would who has the file. */
static void tamper(const char *sql)
{
    ck_assert_int_eq(exec("DROP TRIGGER IF EXISTS audit_stays; DROP TRIGGER IF EXISTS audit_is_kept"), SQLITE_OK);
    ck_assert_msg(exec(sql) == SQLITE_OK, "%s: %s", sql, sqlite3_errmsg(db));
}

static void assert_broken(int64_t seq, const char *problem)
{
    tripsage_doc *report;

    ck_assert_ok(tripsage_auth_audit_verify(&report, auth, service, NULL));
    ck_assert_int_eq(tripsage_doc_bool(report, "/ok", 1), 0);
    ck_assert_int_eq(tripsage_doc_int(report, "/broken/seq", -1), seq);
    ck_assert_int_eq(tripsage_doc_int(report, "/count", -1), seq - 1);
    ck_assert_str_eq(tripsage_doc_text(report, "/broken/problem"), problem);
    tripsage_doc_free(report);
}

static void assert_whole(int64_t count)
{
    tripsage_doc *report;

    ck_assert_ok(tripsage_auth_audit_verify(&report, auth, service, NULL));
    ck_assert_msg(tripsage_doc_bool(report, "/ok", 0) == 1, "%s", tripsage_doc_json(report, NULL));
    ck_assert_int_eq(tripsage_doc_int(report, "/count", -1), count);
    tripsage_doc_free(report);
}

START_TEST(rows_are_neither_changed_nor_taken_away)
{
    ck_assert_int_eq(exec("UPDATE audit SET actor = '' WHERE seq = 2"), SQLITE_CONSTRAINT);
    ck_assert_int_eq(exec("DELETE FROM audit WHERE seq = 2"), SQLITE_CONSTRAINT);
    ck_assert_int_eq(exec("DELETE FROM audit"), SQLITE_CONSTRAINT);
    assert_whole(5);
}
END_TEST

START_TEST(every_changed_field_is_noticed)
{
    static const char *const changes[] = {
        "at = at + 1",
        "action = 'x'",
        "actor = ''",
        "subject = 'another'",
        "address = '1'",
        "detail = '{}' || ' '",
        "hash = CASE substr(hash, 1, 1) WHEN 'f' THEN '0' ELSE 'f' END || substr(hash, 2)"};

    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        char sql[256];

        tamper("DROP TABLE IF EXISTS kept; CREATE TABLE kept AS SELECT * FROM audit");
        snprintf(sql, sizeof sql, "UPDATE audit SET %s WHERE seq = 3", changes[i]);
        tamper(sql);
        assert_broken(3, "it was changed");
        tamper("DELETE FROM audit; INSERT INTO audit SELECT * FROM kept");
        assert_whole(5);
    }
    tamper("UPDATE audit SET previous = hash WHERE seq = 3");
    assert_broken(3, "it does not follow from the row before it");
}
END_TEST

START_TEST(a_missing_row_is_noticed)
{
    tamper("DELETE FROM audit WHERE seq = 3");
    assert_broken(3, "the row before it is missing");
}
END_TEST

START_TEST(a_missing_beginning_is_noticed)
{
    tamper("DELETE FROM audit WHERE seq < 3; UPDATE audit SET seq = seq - 2");
    assert_broken(1, "it does not follow from the row before it");
}
END_TEST

START_TEST(swapped_rows_are_noticed)
{
    tamper("UPDATE audit SET seq = 100 WHERE seq = 2; UPDATE audit SET seq = 2 WHERE seq = 3; "
           "UPDATE audit SET seq = 3 WHERE seq = 100");
    assert_broken(2, "it does not follow from the row before it");
}
END_TEST

/* A hash that is right for what the row says now: then the next row does not follow. */
START_TEST(a_row_that_was_made_anew_is_noticed)
{
    tripsage_doc *report, *shorter;
    char sql[512], hash[65];

    tamper("CREATE TABLE later AS SELECT * FROM audit WHERE seq > 3; DELETE FROM audit WHERE seq > 2");
    ck_assert_ok(
        tripsage_auth_key_create(&shorter, auth, service, "{\"name\":\"another\",\"kind\":\"secret\"}", TRIPSAGE_NUL));
    tripsage_doc_free(shorter);
    tamper("INSERT INTO audit SELECT * FROM later");
    assert_broken(4, "it does not follow from the row before it");
    ck_assert_ok(tripsage_auth_audit_list(&report, auth, service, 4, 1));
    snprintf(hash, sizeof hash, "%s", tripsage_doc_text(report, "/items/0/hash"));
    tripsage_doc_free(report);
    snprintf(sql, sizeof sql, "UPDATE audit SET previous = '%s' WHERE seq = 4", hash);
    tamper(sql);
    assert_broken(4, "it was changed");
}
END_TEST

/* What is hashed has a line feed between two fields: one inside of a field could move text from one to the next. */
START_TEST(text_moved_between_fields_is_noticed)
{
    ck_assert_int_eq(exec("INSERT INTO audit VALUES (6, 0, 'x' || char(10), '', '', '', '{}', '', '')"),
                     SQLITE_CONSTRAINT);
    ck_assert_int_eq(exec("PRAGMA ignore_check_constraints = ON"), SQLITE_OK);
    tamper("UPDATE audit SET action = action || char(10) || actor, actor = subject, subject = '' WHERE seq = 3");
    assert_broken(3, "it was changed");
    tamper("UPDATE audit SET address = char(10) WHERE seq = 3");
    assert_broken(3, "it was changed");
}
END_TEST

START_TEST(a_missing_end_is_noticed_by_its_anchor)
{
    tripsage_doc *report;
    char anchor[96];

    ck_assert_ok(tripsage_auth_audit_verify(&report, auth, service, NULL));
    snprintf(anchor, sizeof anchor, "%s", tripsage_doc_text(report, "/anchor"));
    tripsage_doc_free(report);
    tamper("DELETE FROM audit WHERE seq > 3");
    assert_whole(3); /* as it looks from inside */
    ck_assert_ok(tripsage_auth_audit_verify(&report, auth, service, anchor));
    ck_assert_int_eq(tripsage_doc_bool(report, "/ok", 1), 0);
    ck_assert_int_eq(tripsage_doc_int(report, "/broken/seq", 0), 4);
    ck_assert_str_eq(tripsage_doc_text(report, "/broken/problem"), "it and all behind it are missing");
    tripsage_doc_free(report);
}
END_TEST

/* A detail that is no JSON any more does not break the list. */
START_TEST(a_damaged_row_is_listed)
{
    tripsage_doc *page;

    tamper("UPDATE audit SET detail = 'no \"JSON' WHERE seq = 5");
    ck_assert_ok(tripsage_auth_audit_list(&page, auth, service, 0, 0));
    ck_assert_str_eq(tripsage_doc_text(page, "/items/0/detail"), "no \"JSON");
    tripsage_doc_free(page);
}
END_TEST

SUITE_MAIN_WITH("auth/audit", begin, end, rows_are_neither_changed_nor_taken_away, every_changed_field_is_noticed,
                a_missing_row_is_noticed, a_missing_beginning_is_noticed, swapped_rows_are_noticed,
                a_row_that_was_made_anew_is_noticed, text_moved_between_fields_is_noticed,
                a_missing_end_is_noticed_by_its_anchor, a_damaged_row_is_listed)
