/* postgres/row_test.c: a value is read the same whether it is a column of its own or a field of a record in the last column. */
#include <stdlib.h>
#include <string.h>

#include "store/store.h"
#include "support/postgres.h"
#include "support/world.h"

static tripsage__store *store;

static void begin(void)
{
    const tripsage__store_options options = {.busy_timeout_ms = 5000};

    setenv("TRIPSAGE_TEST_URL", "postgresql://?host={rig}/direct&dbname={db}&user=" TEST_PG_APP, 1);
    world_open();
    OK(tripsage__store_open(&store, world->url, &options));
}

static void end(void)
{
    tripsage__store_release(store);
    world_close();
}

#define VALUES                                                                                                         \
    "true AS a, -2::smallint AS b, -3::integer AS c, -4000000000::bigint AS d, 1.5::real AS e, -0.1::double "          \
    "precision AS f,"                                                                                                  \
    " 'Kyōto'::text AS g, ''::text AS h, NULL::text AS i, '\\x00ff'::bytea AS j, '{\"a\":1}'::json AS k, "            \
    "'[2]'::jsonb AS l,"                                                                                               \
    " 'x'::varchar AS m, NULL::bigint AS n, 'the end'::text AS o"

static const tripsage__statement columns = {"row_columns", "SELECT 7::bigint, " VALUES, NULL};
static const tripsage__statement record = {"row_record", "SELECT 7::bigint, r FROM row_record r", NULL};

static void expect_text(const tripsage__row *row, int column, const char *expected)
{
    size_t size;
    const char *text = tripsage__row_text(row, column, &size);

    ck_assert_str_eq(text, expected); /* up to the NUL */
    ck_assert_uint_eq(size, strlen(expected));
}

static tripsage_status look_at_all(void *context, const tripsage__row *row)
{
    size_t size;
    const unsigned char *bytes = tripsage__row_blob(row, 10, &size);

    ck_assert_int_eq(tripsage__row_int(row, 0), 7);
    ck_assert_int_eq(tripsage__row_int(row, 1), 1);
    ck_assert_int_eq(tripsage__row_int(row, 2), -2);
    ck_assert_int_eq(tripsage__row_int(row, 3), -3);
    ck_assert_int_eq(tripsage__row_int(row, 4), -4000000000);
    ck_assert(tripsage__row_real(row, 4) == -4e9);
    ck_assert(tripsage__row_real(row, 5) == 1.5);
    ck_assert_int_eq(tripsage__row_int(row, 5), 1);
    ck_assert(tripsage__row_real(row, 6) == -0.1);
    expect_text(row, 7, "Kyōto");
    expect_text(row, 8, "");
    ck_assert_ptr_null(tripsage__row_text(row, 9, NULL));
    ck_assert_uint_eq(size, 2);
    ck_assert(bytes[0] == 0 && bytes[1] == 0xff);
    expect_text(row, 11, "{\"a\":1}");
    expect_text(row, 12, "[2]");
    expect_text(row, 13, "x");
    ck_assert(tripsage__row_is_null(row, 14) && !tripsage__row_is_null(row, 15));
    ck_assert_int_eq(tripsage__row_int(row, 14), 0);
    expect_text(row, 15, "the end");
    ck_assert(tripsage__row_is_null(row, 16)); /* past the last */
    ++*(int *)context;
    return TRIPSAGE_OK;
}

static tripsage_status read_rows(const tripsage__statement *statement, tripsage__row_fn on_row, int *rows)
{
    const tripsage__step step = {.statement = statement, .on_row = on_row, .context = rows};

    *rows = 0;
    return tripsage__store_read(store, NULL, &step, 1);
}

static void make_table(const char *values)
{
    test_pg_exec(TEST_PG_SUPERUSER,
                 test_format("DROP TABLE IF EXISTS tripsage.row_record;"
                             "CREATE TABLE tripsage.row_record AS SELECT %s FROM generate_series(1, 3);"
                             "GRANT SELECT ON tripsage.row_record TO service_role",
                             values));
}

START_TEST(fields_are_read_as_columns_are)
{
    int rows;

    OK(read_rows(&columns, look_at_all, &rows));
    ck_assert_int_eq(rows, 1);
    make_table(VALUES);
    OK(read_rows(&record, look_at_all, &rows));
    ck_assert_int_eq(rows, 3);
}
END_TEST

static tripsage_status look_at_first(void *context, const tripsage__row *row)
{
    ck_assert_int_eq(tripsage__row_int(row, 1), 1);
    ++*(int *)context;
    return TRIPSAGE_OK;
}

/* A migration may add columns, or drop them, while this program runs. */
START_TEST(a_record_may_get_other_fields_while_statements_are_prepared)
{
    int rows;

    make_table("1::bigint AS a, 2::bigint AS b");
    OK(read_rows(&record, look_at_first, &rows));
    test_pg_exec(TEST_PG_SUPERUSER, "ALTER TABLE tripsage.row_record DROP b, ADD c text DEFAULT 'c'");
    OK(read_rows(&record, look_at_first, &rows));
    ck_assert_int_eq(rows, 3);
}
END_TEST

/* Types that are not read, more fields than there may be, and what is no record at all. */
START_TEST(what_cannot_be_read_is_an_error_and_not_a_guess)
{
    static const char *const values[] = {"1::bigint AS a, now() AS b", "1::bigint AS a, '{1}'::bigint[] AS b"};
    static const tripsage__statement vector = {"row_vector", "SELECT 1::bigint, '[1,2,3]'::vector", NULL};
    static const tripsage__statement instant = {"row_instant", "SELECT now(), 1::bigint", NULL};
    int rows;

    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        make_table(values[i]);
        FAILS(TRIPSAGE_EINTERNAL, read_rows(&record, look_at_first, &rows));
        ck_assert_int_eq(rows, 0);
    }
    test_pg_exec(TEST_PG_SUPERUSER,
                 "DO $$ BEGIN FOR i IN 1..32 LOOP EXECUTE format('ALTER TABLE tripsage.row_record ADD c%s text', i);"
                 " END LOOP; ALTER TABLE tripsage.row_record DROP b; END $$");
    FAILS(TRIPSAGE_EINTERNAL, read_rows(&record, look_at_first, &rows));
    FAILS(TRIPSAGE_EINTERNAL, read_rows(&vector, look_at_first, &rows));
    FAILS(TRIPSAGE_EINTERNAL, read_rows(&instant, look_at_first, &rows));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("postgres/row");
    TCase *tcase = tcase_create("postgres/row");

    tcase_add_checked_fixture(tcase, begin, end);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, fields_are_read_as_columns_are);
    tcase_add_test(tcase, a_record_may_get_other_fields_while_statements_are_prepared);
    tcase_add_test(tcase, what_cannot_be_read_is_an_error_and_not_a_guess);
    suite_add_tcase(suite, tcase);
    return test_run(srunner_create(suite));
}
