/* unit/store/plan_test.c: no statement of the library reads a table from end to end.
 *
 * Asked is not the query plan in words, where a table hides behind its alias, but the program SQLite makes of a statement: a cursor that was
 * opened on a table or an index of ours and is then set to its first or last entry walks all of it. What may do so is listed here
 * with its reason; an entry that is no longer needed is a failure, too. The rooms' own plan tests look closer at single statements. */
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <tripsage/tripsage.h>

#include "../suite.h"
#include "auth/auth.h"
#include "store/store.h"
#include "support/temp.h"
#include "trip/destination.h"
#include "trip/itinerary.h"
#include "trip/trip.h"
#include "vector/vector.h"

typedef struct exception {
    const char *statement; /* a name, or the beginning of several when it ends with a star */
    const char *btree;
    int used;
} exception;

static exception exceptions[] = {
    {"migrations_list", "schema_migration", 0}, /* all of them, which is what was asked for: a handful */
    {"vector_collection_list*", "sqlite_autoindex_vector_collection_1", 0}, /* the same */
    {"vector_collection_make", "sqlite_sequence", 0},       /* SQLite's own: one row per table with AUTOINCREMENT */
    {"vector_embedding_evict", "vector_embedding_used", 0}, /* from the newest to those beyond the bound of 20,000 */
    {"vector_embedding_purge", "vector_embedding_used", 0}, /* from the oldest to the first that stays */
    {"account_list_*", "account_created", 0},        /* pages by number, and what a filter looks through: as many */
    {"account_find_*", "account_created", 0},        /* entries as they say, with a LIMIT */
    {"account_count", "account_created", 0},         /* the same */
    {"idempotency_purge", "idempotency_key_age", 0}, /* from the oldest to those that are not over, with a LIMIT */
    {"audit_append", "audit", 0},                    /* its last row */
    {"audit_last", "audit", 0},                      /* the same */
    {"api_key_insert", "api_key", 0},                /* counted up to its bound of 1,000 */
    {"api_key_list", "api_key", 0},                  /* all of them, as many at most */
    {"signing_key_*", "signing_key", 0},             /* 32 at most */
    {"list_all_updated*", "trip", 0},                /* the service role's list of all trips in another order than of */
    {"list_all_start*", "trip", 0},                  /* their creation: asked for by operators, not by users */
    {"list_all_title*", "trip", 0},
    {"list_all_count", "trip", 0}, /* counting is a pass over all that match, as the header says */
};

static const struct room {
    const char *name;
    const tripsage__statement *const *(*statements)(size_t *count);
} rooms[] = {
    {"store", tripsage__store_statements},         {"auth", tripsage__auth_statements},
    {"vector", tripsage__vector_statements},       {"trip", tripsage__trip_statements},
    {"itinerary", tripsage__itinerary_statements}, {"destination", tripsage__destination_statements},
};

enum { ROOMS = sizeof rooms / sizeof rooms[0], EXCEPTIONS = sizeof exceptions / sizeof exceptions[0] };

static char folder[TEST_PATH_SIZE];
static sqlite3 *db;

/* Stands in for the function that searches call; here they are explained only. */
/* What the library gives each of its connections; here nothing is run. */
static void unused_function(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    (void)values;
    sqlite3_result_null(context);
}

static void score(sqlite3_context *result, int count, sqlite3_value **ranks)
{
    (void)count;
    (void)ranks;
    sqlite3_result_null(result);
}

/* A database as the library makes it, looked at through a connection of our own. */
static void make_schema(void)
{
    char path[TEST_PATH_SIZE], url[TEST_PATH_SIZE + 16];
    tripsage *ts = NULL;

    test_temp_make(folder);
    test_path_join(path, folder, "trips.db");
    snprintf(url, sizeof url, "sqlite://%s", path);
    ck_assert_int_eq(tripsage_open(&ts, url, NULL), TRIPSAGE_OK);
    tripsage_close(ts);
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_create_function(db, "tripsage_sha256", 1, SQLITE_UTF8, NULL, unused_function, NULL, NULL),
                     SQLITE_OK);
    ck_assert_int_eq(sqlite3_create_function(db, "tripsage_score", 1, SQLITE_UTF8, NULL, score, NULL, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_create_function(db, "tripsage_counts", 3, SQLITE_UTF8, NULL, unused_function, NULL, NULL),
                     SQLITE_OK);
}

static void drop_schema(void)
{
    sqlite3_close(db);
    test_temp_remove(folder);
}

/* The table or index whose tree begins at a page; "" for what is none of ours. */
static void btree_at(char out[64], int page)
{
    sqlite3_stmt *stmt;

    out[0] = '\0';
    ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT name FROM sqlite_schema WHERE rootpage = ?1", -1, &stmt, NULL),
                     SQLITE_OK);
    sqlite3_bind_int(stmt, 1, page);
    if (sqlite3_step(stmt) == SQLITE_ROW)
        snprintf(out, 64, "%s", (const char *)sqlite3_column_text(stmt, 0));
    sqlite3_finalize(stmt);
}

static int is_excepted(const char *statement, const char *btree)
{
    for (size_t i = 0; i < EXCEPTIONS; i++) {
        size_t length = strcspn(exceptions[i].statement, "*");

        if (strncmp(exceptions[i].statement, statement, length) == 0 &&
            (exceptions[i].statement[length] == '*' || statement[length] == '\0') &&
            strcmp(exceptions[i].btree, btree) == 0) {
            exceptions[i].used = 1;
            return 1;
        }
    }
    return 0;
}

enum { CURSORS = 64 };

/* Follows one program. A program of another (a cascade) begins with address 0 and has cursors of its own. */
static int count_walks(const tripsage__statement *statement)
{
    char *sql = sqlite3_mprintf("EXPLAIN %s", statement->sql);
    char on[CURSORS][64];
    sqlite3_stmt *stmt;
    int wrong = 0;

    ck_assert_msg(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK, "%s: %s", statement->name,
                  sqlite3_errmsg(db));
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        const char *opcode = (const char *)sqlite3_column_text(stmt, 1);
        int cursor = sqlite3_column_int(stmt, 2);

        if (sqlite3_column_int(stmt, 0) == 0)
            memset(on, 0, sizeof on);
        if (cursor < 0 || cursor >= CURSORS)
            continue;
        if (strcmp(opcode, "OpenRead") == 0 || strcmp(opcode, "OpenWrite") == 0)
            btree_at(on[cursor], sqlite3_column_int(stmt, 4) == 0 ? sqlite3_column_int(stmt, 3) : 0);
        else if (strncmp(opcode, "Open", 4) == 0 || strcmp(opcode, "VOpen") == 0)
            on[cursor][0] = '\0'; /* a table of the statement's own, or a virtual one */
        else if ((strcmp(opcode, "Rewind") == 0 || strcmp(opcode, "Last") == 0 || strcmp(opcode, "Count") == 0 ||
                  strcmp(opcode, "Clear") == 0) &&
                 on[cursor][0] && !is_excepted(statement->name, on[cursor])) {
            printf("%s: %s of %s\n", statement->name, opcode, on[cursor]);
            wrong++;
        }
    }
    sqlite3_finalize(stmt);
    sqlite3_free(sql);
    return wrong;
}

START_TEST(no_statement_walks_a_whole_table)
{
    int wrong = 0;

    for (size_t r = 0; r < ROOMS; r++) {
        size_t count;
        const tripsage__statement *const *all = rooms[r].statements(&count);

        ck_assert_msg(count > 0, "the room %s has no statements", rooms[r].name);
        for (size_t i = 0; i < count; i++)
            wrong += count_walks(all[i]);
    }
    for (size_t i = 0; i < EXCEPTIONS; i++)
        ck_assert_msg(exceptions[i].used, "%s does not walk %s any more", exceptions[i].statement, exceptions[i].btree);
    ck_assert_int_eq(wrong, 0);
}
END_TEST

/* The name is that of the prepared statement and of the span: one for the whole library. */
START_TEST(names_are_the_librarys_own)
{
    for (size_t a = 0; a < ROOMS; a++) {
        size_t count;
        const tripsage__statement *const *all = rooms[a].statements(&count);

        for (size_t i = 0; i < count; i++) {
            for (size_t b = 0; b <= a; b++) {
                size_t others;
                const tripsage__statement *const *other = rooms[b].statements(&others);

                for (size_t k = 0; k < (a == b ? i : others); k++)
                    ck_assert_msg(strcmp(all[i]->name, other[k]->name) != 0, "%s is in %s and in %s", all[i]->name,
                                  rooms[a].name, rooms[b].name);
            }
        }
    }
}
END_TEST

SUITE_MAIN_WITH("store/plan", make_schema, drop_schema, no_statement_walks_a_whole_table, names_are_the_librarys_own)
