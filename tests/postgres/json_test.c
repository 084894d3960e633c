/* postgres/json_test.c: the functions of migrations/postgres/0003_trips.sql about JSON give what SQLite's give, byte for byte, for documents as
 * the library writes them. Both are asked about the same documents, which come out of a seeded generator. */
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "support/postgres.h"
#include "support/world.h"

enum { ROUNDS = 1000, MEMBERS_MAX = 9, DEPTH_MAX = 5 };

static sqlite3 *sqlite;
static uint64_t seed;

static void begin(void)
{
    setenv("TRIPSAGE_TEST_URL", "postgresql://?host={rig}/direct&dbname={db}&user=" TEST_PG_APP, 1);
    world_open();
    ck_assert_int_eq(sqlite3_open(":memory:", &sqlite), SQLITE_OK);
    seed = 1;
}

static void end(void)
{
    sqlite3_close(sqlite);
    world_close();
}

/* ---- documents ---- */

static size_t below(size_t count)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (size_t)(seed >> 33) % count;
}

/* Names that are alike, that have to be escaped, that a path would take apart, and characters of one to four bytes. */
static const char *const names[] = {
    "a", "A",   "b", "",  "x\"y", "back\\slash", "line\nfeed", "\x01",  "\x7f", "é",        "\u2028",
    "😀", "a.b", "$", "0", "[0]",  "a long",      "null",       "tab\t", "/",    "\b\f\r\n", "accommodation"};
static const char *const numbers[] = {"0",
                                      "-1",
                                      "1.5",
                                      "0.1",
                                      "1e+20",
                                      "9007199254740992",
                                      "-2.2250738585072014e-308",
                                      "1.7976931348623157e+308",
                                      "3.0000000000000004",
                                      "123456789012345.6"};
enum { NAMES = sizeof names / sizeof names[0], NUMBERS = sizeof numbers / sizeof numbers[0] };

static void put_value(tripsage__buf *json, int depth);

/* Each name once: they follow each other in the list, from any of it on. */
static void put_object(tripsage__buf *json, int depth)
{
    size_t first = below(NAMES), count = below(MEMBERS_MAX + 1);

    tripsage__buf_putc(json, '{');
    for (size_t i = 0; i < count; i++) {
        if (i)
            tripsage__buf_putc(json, ',');
        tripsage__json_put_string(json, names[(first + i) % NAMES]);
        tripsage__buf_putc(json, ':');
        put_value(json, depth - 1);
    }
    tripsage__buf_putc(json, '}');
}

static void put_array(tripsage__buf *json, int depth)
{
    size_t count = below(4);

    tripsage__buf_putc(json, '[');
    for (size_t i = 0; i < count; i++) {
        if (i)
            tripsage__buf_putc(json, ',');
        put_value(json, depth - 1);
    }
    tripsage__buf_putc(json, ']');
}

static void put_value(tripsage__buf *json, int depth)
{
    switch (below(depth > 0 ? 9 : 5)) {
    case 0:
    case 1:
        tripsage__buf_puts(json, "null");
        break;
    case 2:
        tripsage__buf_puts(json, numbers[below(NUMBERS)]);
        break;
    case 3:
        tripsage__buf_puts(json, below(2) ? "true" : "false");
        break;
    case 4:
        tripsage__json_put_string(json, names[below(NAMES)]);
        break;
    case 5:
        put_array(json, depth);
        break;
    default:
        put_object(json, depth);
    }
}

/* Most are objects, as all that is stored is. */
static const char *document(void)
{
    tripsage__buf json = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    const char *text;

    if (below(20))
        put_object(&json, DEPTH_MAX);
    else
        put_value(&json, DEPTH_MAX);
    ck_assert_int_eq(tripsage__buf_status(&json), TRIPSAGE_OK);
    text = test_format("%s", json.data);
    tripsage__buf_free(&json);
    return text;
}

/* ---- asking both ---- */

static const char *of_sqlite(const char *sql, const char *a, const char *b)
{
    sqlite3_stmt *stmt;
    const char *text;

    ck_assert_msg(sqlite3_prepare_v2(sqlite, sql, -1, &stmt, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(sqlite));
    sqlite3_bind_text(stmt, 1, a, -1, SQLITE_STATIC);
    if (b)
        sqlite3_bind_text(stmt, 2, b, -1, SQLITE_STATIC);
    ck_assert_int_eq(sqlite3_step(stmt), SQLITE_ROW);
    text = (const char *)sqlite3_column_text(stmt, 0);
    text = text ? test_format("%s", text) : NULL;
    sqlite3_finalize(stmt);
    return text;
}

static const char *of_postgres(const char *sql, const char *a, const char *b)
{
    const char *const params[] = {a, b};
    PGresult *result = PQexecParams(test_pg(TEST_PG_SUPERUSER), sql, b ? 2 : 1, NULL, params, NULL, NULL, 0);
    const char *text;

    ck_assert_msg(PQresultStatus(result) == PGRES_TUPLES_OK, "%s: %s", a, PQresultErrorMessage(result));
    text = PQgetisnull(result, 0, 0) ? NULL : test_format("%s", PQgetvalue(result, 0, 0));
    PQclear(result);
    return text;
}

static const char *merged(const char *target, const char *patch)
{
    const char *theirs = of_sqlite("SELECT json_patch($1, $2)", target, patch);
    const char *ours = of_postgres("SELECT tripsage.json_merge_patch($1, $2)", target, patch);

    ck_assert_msg(ours && theirs && strcmp(ours, theirs) == 0, "%s\nchanged by\n%s\nis\n%s\ninstead of\n%s", target,
                  patch, ours, theirs);
    return ours;
}

START_TEST(a_merge_gives_the_bytes_that_sqlite_gives)
{
    for (int i = 0; i < ROUNDS; i++) {
        const char *target = document();

        /* What a merge made is merged into again, as trips are patched again and again. */
        merged(merged(target, document()), document());
        test_keep_free();
    }
}
END_TEST

START_TEST(the_members_of_the_largest_object_are_counted_alike)
{
    for (int i = 0; i < ROUNDS; i++) {
        const char *json = document();
        const char *theirs = of_sqlite("SELECT COALESCE(max(n), 0) FROM (SELECT count(*) AS n FROM json_tree($1)"
                                       " WHERE typeof(key) = 'text' GROUP BY parent)",
                                       json, NULL);
        const char *ours = of_postgres("SELECT COALESCE(tripsage.json_largest_object($1), 0)", json, NULL);

        ck_assert_msg(strcmp(ours, theirs) == 0, "%s: %s instead of %s", json, ours, theirs);
        test_keep_free();
    }
}
END_TEST

START_TEST(a_sum_is_of_integers_and_null_of_nothing)
{
    static const char *const objects[] = {"{}", "{\"a\":0}", "{\"a\":9007199254740992,\"b\":9007199254740992,\"c\":1}",
                                          "{\"a\":1,\"b\":null}"};

    for (size_t i = 0; i < sizeof objects / sizeof objects[0]; i++) {
        const char *theirs = of_sqlite("SELECT sum(e.value) FROM json_each($1) e", objects[i], NULL);
        const char *ours = of_postgres("SELECT tripsage.json_sum($1)", objects[i], NULL);

        ck_assert_msg(theirs ? ours && strcmp(ours, theirs) == 0 : !ours, "%s: %s instead of %s", objects[i], ours,
                      theirs);
    }
}
END_TEST

START_TEST(null_gives_null)
{
    ck_assert_ptr_null(of_postgres("SELECT tripsage.json_merge_patch($1, NULL)", "{}", NULL));
    ck_assert_ptr_null(of_postgres("SELECT tripsage.json_merge_patch(NULL, $1)", "{}", NULL));
    ck_assert_ptr_null(of_postgres("SELECT tripsage.json_sum($1)", NULL, NULL));
    ck_assert_ptr_null(of_postgres("SELECT tripsage.json_largest_object($1)", NULL, NULL));
}
END_TEST

/* They look at what they are given and at nothing else; a visitor without an account has no use for them. */
START_TEST(they_are_for_who_calls_the_library)
{
    static const char *const calls[] = {"json_merge_patch('{}', '{}')", "json_sum('{}')", "json_largest_object('{}')"};

    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        SAME_TEXT(test_pg_state(TEST_PG_APP, test_format("SET ROLE authenticated; SELECT tripsage.%s", calls[i])),
                  "00000");
        SAME_TEXT(test_pg_state(TEST_PG_APP, test_format("SET ROLE service_role; SELECT tripsage.%s", calls[i])),
                  "00000");
        SAME_TEXT(test_pg_state(TEST_PG_APP, test_format("SET ROLE anon; SELECT tripsage.%s", calls[i])), "42501");
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("postgres/json");
    TCase *tcase = tcase_create("postgres/json");

    tcase_add_checked_fixture(tcase, begin, end);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, a_merge_gives_the_bytes_that_sqlite_gives);
    tcase_add_test(tcase, the_members_of_the_largest_object_are_counted_alike);
    tcase_add_test(tcase, a_sum_is_of_integers_and_null_of_nothing);
    tcase_add_test(tcase, null_gives_null);
    tcase_add_test(tcase, they_are_for_who_calls_the_library);
    suite_add_tcase(suite, tcase);
    return test_run(srunner_create(suite));
}
