/* itinerary_plan_test.c: how SQLite runs each statement of the itinerary: by an index, into which no statement has to sort. */
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "../suite.h"
#include "store/migrations.h"
#include "trip/itinerary.h"

static sqlite3 *db;

static void make_schema(void)
{
    ck_assert_int_eq(sqlite3_open(":memory:", &db), SQLITE_OK);
    for (size_t i = 0; i < tripsage__migrations_sqlite.count; i++) {
        const tripsage__migration *m = &tripsage__migrations_sqlite.all[i];

        ck_assert_msg(sqlite3_exec(db, m->text, NULL, NULL, NULL) == SQLITE_OK, "%s: %s", m->name, sqlite3_errmsg(db));
    }
}

static void drop_schema(void)
{
    sqlite3_close(db);
}

/* The only table that may be "scanned" is the full-text index, and that by rowid (0:=) only. */
static int is_good(const char *step)
{
    return strcmp(step, "SCAN trip_search VIRTUAL TABLE INDEX 0:=") == 0 ||
           (!strstr(step, "SCAN") && !strstr(step, "TEMP B-TREE"));
}

START_TEST(no_statement_reads_a_whole_table)
{
    size_t count;
    const tripsage__statement *const *all = tripsage__itinerary_statements(&count);

    ck_assert_uint_gt(count, 20);
    for (size_t i = 0; i < count; i++) {
        sqlite3_stmt *plan;
        char *sql = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", all[i]->sql);
        int searches = 0;

        ck_assert_msg(sqlite3_prepare_v2(db, sql, -1, &plan, NULL) == SQLITE_OK, "%s: %s", all[i]->name,
                      sqlite3_errmsg(db));
        while (sqlite3_step(plan) == SQLITE_ROW) {
            const char *step = (const char *)sqlite3_column_text(plan, 3);

            searches += strstr(step, "SEARCH") != NULL;
            ck_assert_msg(is_good(step), "%s: %s", all[i]->name, step);
        }
        ck_assert_msg(searches > 0, "%s searches nothing", all[i]->name);
        sqlite3_finalize(plan);
        sqlite3_free(sql);
    }
}
END_TEST

START_TEST(each_statement_has_its_name)
{
    size_t count;
    const tripsage__statement *const *all = tripsage__itinerary_statements(&count);

    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < i; j++)
            ck_assert_str_ne(all[i]->name, all[j]->name);
}
END_TEST

SUITE_MAIN_WITH("trip/itinerary_plan", make_schema, drop_schema, no_statement_reads_a_whole_table,
                each_statement_has_its_name)
