/* Upkeep of an SQLite database: what is wrong is found, what can be made of the rest is made anew, and what cannot is told. */
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <tripsage/maintenance.h>

#include "support/world.h"

static void change(const char *sql)
{
    sqlite3 *db;

    ck_assert_int_eq(sqlite3_open(world->url + strlen("sqlite://"), &db), SQLITE_OK);
    ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(db));
    sqlite3_close(db);
}

static tripsage_doc *maintain(unsigned upkeep)
{
    tripsage_maintain_options options = TRIPSAGE_MAINTAIN_OPTIONS_INIT;

    options.upkeep = upkeep;
    return OK(tripsage_maintain(OUT, world->ts, &options));
}

static int found(const char *words)
{
    return (int)tripsage_doc_count(OK(tripsage_trip_search(OUT, world->trips, world->owner, words, NULL)), "/items");
}

START_TEST(a_whole_database_stays_as_it_is)
{
    tripsage_doc *report;

    test_item(world->owner, id_of(test_trip(world->owner, NULL)), ITEM_JSON);
    report = maintain(TRIPSAGE_UPKEEP_STANDARD | TRIPSAGE_UPKEEP_VACUUM | TRIPSAGE_UPKEEP_REINDEX);
    IS_JSON(report, "/ok", "true");
    IS_JSON(report, "/problems", "[]");
    IS_TEXT(report, "/engine", "sqlite");
    ck_assert_int_gt(tripsage_doc_int(report, "/bytes", 0), 100000);
    ck_assert_ptr_nonnull(strstr(json_of(report), "vacuumed"));
    ck_assert_int_eq(found("fushimi"), 1);
    OK(tripsage_trip_create(OUT, world->trips, world->owner, TRIP_JSON, TRIPSAGE_NUL, NULL));
}
END_TEST

/* Rows of the search index that are not what the records make of them. */
START_TEST(a_wrong_search_index_is_made_anew)
{
    tripsage_doc *report;

    test_item(world->owner, id_of(test_trip(world->owner, NULL)), ITEM_JSON);
    test_note(world->owner, id_of(test_trip(world->owner, NULL)), "bring the umbrella");
    change("DELETE FROM trip_search WHERE kind = 'item'; UPDATE trip_search SET body = 'nonsense' WHERE kind = 'note'");
    world_reopen();
    ck_assert_int_eq(found("fushimi"), 0);
    report = maintain(TRIPSAGE_UPKEEP_CHECK);
    IS_JSON(report, "/ok", "false");
    IS_COUNT(report, "/problems", 1);
    IS_JSON(report, "/done", "[]");
    ck_assert_int_eq(found("fushimi"), 0);
    report = maintain(TRIPSAGE_UPKEEP_STANDARD);
    IS_JSON(report, "/ok", "true");
    IS_COUNT(report, "/problems", 1);
    ck_assert_int_eq(found("fushimi"), 1);
    ck_assert_int_eq(found("umbrella"), 1);
    IS_JSON(maintain(TRIPSAGE_UPKEEP_CHECK), "/problems", "[]");
}
END_TEST

/* An index that does not agree with its own rows; behind it the rows do not agree with the records. */
START_TEST(a_damaged_text_index_is_built_anew)
{
    tripsage_doc *report;

    test_item(world->owner, id_of(test_trip(world->owner, NULL)), ITEM_JSON);
    change("DELETE FROM trip_search_content WHERE c4 = 'item'; UPDATE trip_search_content SET c1 = 'nonsense' WHERE c4 "
           "= 'trip'");
    world_reopen();
    report = maintain(TRIPSAGE_UPKEEP_CHECK);
    IS_JSON(report, "/ok", "false");
    ck_assert_ptr_nonnull(strstr(json_of(report), "full-text index does not agree"));
    report = maintain(TRIPSAGE_UPKEEP_STANDARD);
    IS_JSON(report, "/ok", "true");
    IS_JSON(maintain(TRIPSAGE_UPKEEP_CHECK), "/problems", "[]");
    ck_assert_int_eq(found("fushimi"), 1);
    ck_assert_int_eq(found("kyoto"), 1);
}
END_TEST

/* What nothing can be made of. */
START_TEST(what_only_a_backup_brings_back_is_told)
{
    tripsage_doc *report;

    test_item(world->owner, id_of(test_trip(world->owner, NULL)), ITEM_JSON);
    change("PRAGMA foreign_keys = OFF; DELETE FROM trip");
    world_reopen();
    report = maintain(TRIPSAGE_UPKEEP_STANDARD);
    IS_JSON(report, "/ok", "false");
    ck_assert_ptr_nonnull(strstr(json_of(report), "refers to a missing row of trip"));
}
END_TEST

START_TEST(free_space_is_hinted_at)
{
    tripsage_doc *report;

    change("CREATE TABLE ballast AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)"
           " SELECT randomblob(4000) AS b FROM n; DROP TABLE ballast");
    world_reopen();
    report = maintain(TRIPSAGE_UPKEEP_CHECK);
    ck_assert_int_gt(tripsage_doc_int(report, "/free_bytes", 0), 8 * 1024 * 1024);
    IS_COUNT(report, "/hints", 1);
    report = maintain(TRIPSAGE_UPKEEP_VACUUM);
    IS_INT(report, "/free_bytes", 0);
    IS_COUNT(report, "/hints", 0);
    FAILS_AT(
        TRIPSAGE_EINVALID,
        tripsage_maintain(OUT, world->ts, &(tripsage_maintain_options){.version = 7, .upkeep = TRIPSAGE_UPKEEP_CHECK}),
        "#options");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trip/upkeep");
    TCase *tcase;

    setenv("TRIPSAGE_TEST_URL", "sqlite://{dir}/trips.db", 1);
    tcase = test_case(suite, "upkeep");
    tcase_add_test(tcase, a_whole_database_stays_as_it_is);
    tcase_add_test(tcase, a_wrong_search_index_is_made_anew);
    tcase_add_test(tcase, a_damaged_text_index_is_built_anew);
    tcase_add_test(tcase, what_only_a_backup_brings_back_is_told);
    tcase_add_test(tcase, free_space_is_hinted_at);
    return test_run(srunner_create(suite));
}
