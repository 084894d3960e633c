/* trip_plan_test.c: how SQLite runs each statement about trips: every row of a table is found by an index. The service role's lists in another
 * order than that of creation look at all trips, and so does counting them; nothing else may. */
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "../suite.h"
#include "store/migrations.h"
#include "trip/trip.h"

static sqlite3 *db;

/* The library's own (store/sqlite/rank.c): what it gives makes no difference to a plan. */
static void score(sqlite3_context *result, int count, sqlite3_value **ranks)
{
    (void)count;
    sqlite3_result_value(result, ranks[0]);
}

static void make_schema(void)
{
    ck_assert_int_eq(sqlite3_open(":memory:", &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_create_function(db, "tripsage_score", 1, SQLITE_UTF8, NULL, score, NULL, NULL), SQLITE_OK);
    for (size_t i = 0; i < tripsage__migrations_sqlite.count; i++) {
        const tripsage__migration *m = &tripsage__migrations_sqlite.all[i];

        ck_assert_msg(sqlite3_exec(db, m->text, NULL, NULL, NULL) == SQLITE_OK, "%s: %s", m->name, sqlite3_errmsg(db));
    }
}

static void drop_schema(void)
{
    sqlite3_close(db);
}

/* What is walked from end to end: the members of one JSON text, a page, those named in one call, the search index by its words (M) or by
 * rowid (0:=). Tables are not among them. */
static int is_small(const char *step)
{
    static const char *const names[] = {"e", "d", "g", "j", "json_tree"};
    char text[64];

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(text, sizeof text, "SCAN %s VIRTUAL TABLE INDEX 1:", names[i]);
        if (strcmp(step, text) == 0)
            return 1;
    }
    return strcmp(step, "SCAN CONSTANT ROW") == 0 || strcmp(step, "SCAN p") == 0 || strcmp(step, "SCAN n") == 0 ||
           strcmp(step, "SCAN m") == 0 || strncmp(step, "SCAN (subquery", 14) == 0 ||
           strcmp(step, "SCAN trip_search VIRTUAL TABLE INDEX 0:=") == 0 ||
           strcmp(step, "SCAN p VIRTUAL TABLE INDEX 0:M7") == 0 ||
           strncmp(step, "SCAN s VIRTUAL TABLE INDEX 32:", 30) == 0;
}

static int may_look_at_all(const char *name)
{
    return strncmp(name, "list_all_", 9) == 0 && strncmp(name, "list_all_created", 16) != 0;
}

/* Counts the steps of the plan that hold a text, after each was found good. */
static int steps_with(const tripsage__statement *statement, const char *text)
{
    char *sql = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", statement->sql);
    sqlite3_stmt *plan;
    int count = 0;

    ck_assert_msg(sqlite3_prepare_v2(db, sql, -1, &plan, NULL) == SQLITE_OK, "%s: %s", statement->name,
                  sqlite3_errmsg(db));
    while (sqlite3_step(plan) == SQLITE_ROW) {
        const char *step = (const char *)sqlite3_column_text(plan, 3);

        ck_assert_msg(!strstr(step, "SCAN") || is_small(step) ||
                          (may_look_at_all(statement->name) && strcmp(step, "SCAN t") == 0),
                      "%s: %s", statement->name, step);
        ck_assert_msg(!strstr(step, "AUTOMATIC"), "%s: %s", statement->name, step);
        count += strstr(step, text) != NULL;
    }
    sqlite3_finalize(plan);
    sqlite3_free(sql);
    return count;
}

static const tripsage__statement *named(const char *name)
{
    size_t count;
    const tripsage__statement *const *all = tripsage__trip_statements(&count);

    for (size_t i = 0; i < count; i++)
        if (strcmp(all[i]->name, name) == 0)
            return all[i];
    ck_abort_msg("no statement %s", name);
    return NULL;
}

START_TEST(no_statement_reads_a_whole_table)
{
    size_t count;
    const tripsage__statement *const *all = tripsage__trip_statements(&count);

    ck_assert_uint_gt(count, 50);
    for (size_t i = 0; i < count; i++)
        steps_with(all[i], "SCAN");
}
END_TEST

START_TEST(a_trip_is_one_row_by_its_id)
{
    ck_assert_int_eq(steps_with(named("trip_select"), "SEARCH t USING INDEX sqlite_autoindex_trip_1 (id=?)"), 1);
    ck_assert_int_eq(steps_with(named("trip_select"), "SEARCH"), 2); /* and its collaborator, unless it is the owner */
    ck_assert_int_eq(steps_with(named("trip_select"), "SEARCH c USING PRIMARY KEY (trip_id=? AND user_id=?)"), 1);
}
END_TEST

START_TEST(the_default_list_is_read_in_its_order)
{
    ck_assert_int_eq(steps_with(named("list_created_down"), "SEARCH t USING INDEX trip_owner (user_id=? AND id<?)"), 1);
    ck_assert_int_eq(steps_with(named("list_created_down"), "trip_collaborator_user (user_id=? AND trip_id<?)"), 1);
    ck_assert_int_eq(steps_with(named("list_created_down"), "TEMP B-TREE"), 1); /* of the page itself */
    ck_assert_int_eq(steps_with(named("list_title_up"), "SEARCH t USING INDEX trip_owner (user_id=?)"), 1);
}
END_TEST

START_TEST(a_creation_looks_at_nothing)
{
    ck_assert_int_eq(steps_with(named("trip_insert"), "S"), 0);
    ck_assert_int_eq(steps_with(named("trip_index"), "S"), 0);
}
END_TEST

START_TEST(each_statement_has_its_name)
{
    size_t count;
    const tripsage__statement *const *all = tripsage__trip_statements(&count);

    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < i; j++)
            ck_assert_str_ne(all[i]->name, all[j]->name);
}
END_TEST

SUITE_MAIN_WITH("trip/trip_plan", make_schema, drop_schema, no_statement_reads_a_whole_table,
                a_trip_is_one_row_by_its_id, the_default_list_is_read_in_its_order, a_creation_looks_at_nothing,
                each_statement_has_its_name)
