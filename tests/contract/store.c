/* contract/store.c: opening a database, several handles on one, and keeping it in order. */
#include "contract.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

START_TEST(answers_a_ping)
{
    OK(tripsage_ping(world->ts));
}
END_TEST

START_TEST(says_what_is_in_it)
{
    tripsage_doc *state = OK(tripsage_migrations(OUT, world->ts));
    size_t count = tripsage_doc_count(state, "/migrations");
    int64_t last = 0;

    IS_TEXT(state, "/engine", strncmp(world->url, "sqlite:", 7) == 0 ? "sqlite" : "postgresql");
    ck_assert_uint_gt(count, 0);
    ck_assert_int_eq((int)tripsage_doc_int(state, "/current", -1), (int)tripsage_doc_int(state, "/latest", -2));
    for (size_t i = 0; i < count; i++) {
        int64_t number = tripsage_doc_int(state, test_format("/migrations/%zu/number", i), -1);
        ck_assert_int_gt((int)number, (int)last);
        last = number;
        ck_assert_ptr_nonnull(tripsage_doc_text(state, test_format("/migrations/%zu/name", i)));
        ck_assert_ptr_nonnull(tripsage_doc_text(state, test_format("/migrations/%zu/checksum", i)));
        IS_TEXT(state, test_format("/migrations/%zu/applied_at", i), "2026-03-01T12:00:00.000Z");
    }
}
END_TEST

START_TEST(finds_itself_in_order)
{
    const char *trip = test_cast_trip(NULL);
    tripsage_doc *checked;

    test_item(world->owner, trip, ITEM_JSON);
    test_note(world->owner, trip, "note");
    checked = OK(tripsage_check(OUT, world->ts));
    IS_JSON(checked, "/ok", "true");
    IS_JSON(checked, "/problems", "[]");
}
END_TEST

START_TEST(sweeps_nothing_when_all_is_fresh)
{
    test_trip(world->owner, NULL);
    IS_JSON(OK(tripsage_purge_expired(OUT, world->ts, 0)), "",
            "{\"idempotency_keys\":0,\"trips\":0,\"sessions\":0,\"signing_keys\":0,\"embeddings\":0}");
}
END_TEST

START_TEST(refuses_what_is_no_url)
{
    static const char *const urls[] = {"", "nonsense", "sqlite:", "sqlite://", "sqlite://host/path.db", "trips.db"};
    tripsage *ts = NULL;

    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        ts = (tripsage *)(void *)&ts;
        FAILS_AT(TRIPSAGE_EINVALID, tripsage_open(&ts, urls[i], NULL), "#url");
        ck_assert_ptr_null(ts);
    }
    FAILS(TRIPSAGE_ENOTSUP, tripsage_open(&ts, "mysql://localhost/trips", NULL));
    ck_assert_ptr_null(ts);
}
END_TEST

START_TEST(a_missing_folder_is_an_error)
{
    tripsage *ts = NULL;

    FAILS(TRIPSAGE_EIO, tripsage_open(&ts, "sqlite:///nonexistent-folder/trips.db", NULL));
    ck_assert_ptr_null(ts);
}
END_TEST

START_TEST(what_is_no_database_is_refused)
{
    char folder[TEST_PATH_SIZE], path[TEST_PATH_SIZE];
    tripsage *ts = NULL;
    FILE *file;

    test_temp_make(folder);
    test_path_join(path, folder, "trips.db");
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    for (int i = 0; i < 1000; i++)
        fputs("This is a text file, not a database.\n", file);
    fclose(file);
    FAILS(TRIPSAGE_ECORRUPT, tripsage_open(&ts, test_format("sqlite://%s", path), NULL));
    ck_assert_ptr_null(ts);
    test_temp_remove(folder);
}
END_TEST

START_TEST(closing_nothing_is_fine)
{
    tripsage_close(NULL);
    tripsage_trips_close(NULL);
    tripsage_doc_free(NULL);
    tripsage_free(NULL);
}
END_TEST

START_TEST(trips_open_alone)
{
    tripsage_trips *trips = NULL;

    OK(tripsage_trips_open(&trips, "sqlite::memory:", NULL));
    OK(tripsage_trip_create(OUT, trips, world->owner, TRIP_JSON, TRIPSAGE_NUL, NULL));
    tripsage_trips_close(trips);
    FAILS(TRIPSAGE_EINVALID, tripsage_trips_open(&trips, "nonsense", NULL));
    ck_assert_ptr_null(trips);
}
END_TEST

START_TEST(databases_in_memory_are_apart)
{
    tripsage *other = NULL;
    const char *id;

    OK(tripsage_open(&other, "sqlite::memory:", NULL));
    id = id_of(OK(tripsage_trip_create(OUT, tripsage_get_trips(other), world->owner, TRIP_JSON, TRIPSAGE_NUL, NULL)));
    FAILS(TRIPSAGE_ENOTFOUND, GET(world->owner, id));
    tripsage_close(other);
}
END_TEST

START_TEST(no_migrate_refuses_an_old_database)
{
    char folder[TEST_PATH_SIZE];
    tripsage_options options = TRIPSAGE_OPTIONS_INIT;
    tripsage *ts = NULL;
    const char *url;

    test_temp_make(folder);
    url = test_format("sqlite://%s/trips.db", folder);
    options.no_migrate = 1;
    FAILS(TRIPSAGE_EMIGRATION, tripsage_open(&ts, url, &options));
    OK(tripsage_open(&ts, url, NULL));
    tripsage_close(ts);
    OK(tripsage_open(&ts, url, &options));
    tripsage_close(ts);
    test_temp_remove(folder);
}
END_TEST

/* ---- a file ---- */

START_TEST(a_file_keeps_everything)
{
    const char *trip, *before;

    if (!world->persists)
        return;
    trip = test_cast_trip("{\"visibility\":\"public\"}");
    test_item(world->owner, trip, ITEM_JSON);
    test_note(world->edit, trip, "note");
    before = test_snapshot(trip);
    world_reopen();
    SAME_TEXT(test_snapshot(trip), before);
    IS_COUNT(OK(tripsage_trip_search(OUT, world->trips, world->owner, "fushimi", NULL)), "/items", 1);
}
END_TEST

START_TEST(handles_see_each_others_writes)
{
    tripsage *other;
    tripsage_doc *trip;
    const char *id;

    if (!world->persists)
        return;
    other = world_open_another();
    trip = test_trip(world->owner, NULL);
    id = id_of(trip);
    OK(tripsage_trip_update(OUT, tripsage_get_trips(other), world->owner, id, "{\"title\":\"There\"}", TRIPSAGE_NUL,
                            NULL));
    IS_TEXT(test_get(world->owner, id), "/title", "There");
    OK(UPDATE(world->owner, id, "{\"title\":\"Here\"}"));
    IS_TEXT(OK(tripsage_trip_get(OUT, tripsage_get_trips(other), world->owner, id)), "/title", "Here");
    tripsage_close(other);
}
END_TEST

/* A list's cursor is good in another handle: its key is the database's. */
START_TEST(a_cursor_outlives_the_handle)
{
    tripsage_list_options options = TRIPSAGE_LIST_OPTIONS_INIT;

    if (!world->persists)
        return;
    for (int i = 0; i < 5; i++)
        test_trip(world->owner, NULL);
    options.limit = 3;
    options.cursor =
        test_format("%s", tripsage_doc_next(OK(tripsage_trip_list(OUT, world->trips, world->owner, &options))));
    world_reopen();
    IS_COUNT(OK(tripsage_trip_list(OUT, world->trips, world->owner, &options)), "/items", 2);
}
END_TEST

/* ---- many at once ---- */

enum { THREADS = 16, EACH = 20 };

static void write_and_read(size_t index, void *context)
{
    _Atomic int *wrong = context;

    for (int i = 0; i < EACH; i++) {
        tripsage_doc *made = NULL, *read = NULL, *list = NULL;
        char json[256];

        snprintf(json, sizeof json,
                 "{\"title\":\"t%zu-%d\",\"start_date\":\"2026-11-02\",\"end_date\":\"2026-11-03\",\"destinations\":[{"
                 "\"name\":\"X\"}]}",
                 index, i);
        if (tripsage_trip_create(&made, world->trips, world->owner, json, TRIPSAGE_NUL, NULL) != TRIPSAGE_OK ||
            tripsage_trip_get(&read, world->trips, world->owner, tripsage_doc_text(made, "/id")) != TRIPSAGE_OK ||
            tripsage_trip_list(&list, world->trips, world->owner, NULL) != TRIPSAGE_OK ||
            strcmp(tripsage_doc_json(made, NULL), tripsage_doc_json(read, NULL)) != 0)
            (*wrong)++;
        tripsage_doc_free(made);
        tripsage_doc_free(read);
        tripsage_doc_free(list);
    }
}

START_TEST(threads_share_a_handle)
{
    _Atomic int wrong = 0;
    tripsage_list_options options = TRIPSAGE_LIST_OPTIONS_INIT;

    test_threads_run(THREADS, write_and_read, &wrong);
    ck_assert_int_eq(wrong, 0);
    options.with_total = 1;
    IS_INT(OK(tripsage_trip_list(OUT, world->trips, world->owner, &options)), "/total", THREADS * EACH);
    IS_JSON(OK(tripsage_check(OUT, world->ts)), "/ok", "true");
}
END_TEST

/* ---- errors ---- */

START_TEST(an_error_is_the_threads_own)
{
    const tripsage_error *error;

    FAILS(TRIPSAGE_ENOTFOUND, GET(world->owner, NO_SUCH_ID));
    error = tripsage_last_error();
    ck_assert_int_eq(error->status, TRIPSAGE_ENOTFOUND);
    ck_assert_ptr_nonnull(error->file);
    ck_assert_int_gt(error->line, 0);
    OK(tripsage_ping(world->ts));
    ck_assert_int_eq(tripsage_last_error()->status, TRIPSAGE_ENOTFOUND);
    SAME_TEXT(tripsage_status_name(TRIPSAGE_ENOTFOUND), "TRIPSAGE_ENOTFOUND");
    SAME_TEXT(tripsage_status_code(TRIPSAGE_ENOTFOUND), "RESOURCE_NOT_FOUND");
    ck_assert_int_eq(tripsage_status_http(TRIPSAGE_ENOTFOUND), 404);
    SAME_TEXT(tripsage_status_name((tripsage_status)77), "TRIPSAGE_UNKNOWN_STATUS");
    ck_assert_int_eq(tripsage_status_http((tripsage_status)77), 500);
    SAME_TEXT(tripsage_version(), TRIPSAGE_VERSION);
}
END_TEST

START_TEST(an_option_struct_says_its_version)
{
    tripsage_list_options list = TRIPSAGE_LIST_OPTIONS_INIT;
    tripsage_options options = TRIPSAGE_OPTIONS_INIT;
    tripsage *ts = NULL;

    list.version = 0;
    ck_assert_int_ne(tripsage_trip_list(OUT, world->trips, world->owner, &list), TRIPSAGE_OK);
    test_fails(__FILE__, __LINE__, "list with version 0", tripsage_last_error()->status, tripsage_last_error()->status,
               NULL, 0);
    options.version = 99;
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_open(&ts, "sqlite::memory:", &options), "#options");
    ck_assert_ptr_null(ts);
}
END_TEST

Suite *contract_store(void)
{
    Suite *suite = suite_create("store");
    TCase *tcase = test_case(suite, "store");

    tcase_add_test(tcase, answers_a_ping);
    tcase_add_test(tcase, says_what_is_in_it);
    tcase_add_test(tcase, finds_itself_in_order);
    tcase_add_test(tcase, sweeps_nothing_when_all_is_fresh);
    tcase_add_test(tcase, refuses_what_is_no_url);
    tcase_add_test(tcase, a_missing_folder_is_an_error);
    tcase_add_test(tcase, what_is_no_database_is_refused);
    tcase_add_test(tcase, closing_nothing_is_fine);
    tcase_add_test(tcase, trips_open_alone);
    tcase_add_test(tcase, databases_in_memory_are_apart);
    tcase_add_test(tcase, no_migrate_refuses_an_old_database);
    tcase_add_test(tcase, a_file_keeps_everything);
    tcase_add_test(tcase, handles_see_each_others_writes);
    tcase_add_test(tcase, a_cursor_outlives_the_handle);
    tcase_add_test(test_threads_case(suite, "store"), threads_share_a_handle);
    tcase_add_test(tcase, an_error_is_the_threads_own);
    tcase_add_test(tcase, an_option_struct_says_its_version);
    return suite;
}
