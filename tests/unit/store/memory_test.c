/* The store when memory runs out: the n-th allocation of the library or of SQLite fails, alone or together with all that follow it.
 * Expected each time: TRIPSAGE_ENOMEM or success, nothing half done, and a store that works as soon as there is memory again. */
#include "fixture.h"

#include <pthread.h>

#include "support/failing.h"

/* n counts from 0. */
static void arm(long n, int for_good)
{
    test_heap_arm(n + 1, for_good ? TEST_FAIL_FOR_GOOD : TEST_FAIL_ONCE);
}

/* What a call may answer while memory fails. Returns 1 when it succeeded. */
static int good_or_nomem(tripsage_status status, long n, const char *what)
{
    if (status == TRIPSAGE_OK)
        return 1;
    ck_assert_msg(status == TRIPSAGE_ENOMEM && tripsage_last_error()->status == TRIPSAGE_ENOMEM,
                  "%s, allocation %ld: %s: %s", what, n, tripsage_status_name(status), tripsage_last_error()->message);
    return 0;
}

/* Runs `body` for n = 0, 1, 2, ... in both modes, until it needed fewer than n allocations. Most of the thousands that loading a
 * schema takes are alike: past the first fifteen n grows by a fifteenth. */
static void sweep(void (*body)(long n, int for_good))
{
    for (int for_good = 0; for_good <= 1; for_good++) {
        long n = 0;

        for (body(n, for_good); test_heap_fired(NULL); body(n, for_good))
            n += 1 + n / 15;
        ck_assert_int_gt(n, 0);
    }
}

/* ---- opening ---- */

static void open_once(long n, int for_good)
{
    tripsage__store *store;
    tripsage_status status;

    make_folder();
    arm(n, for_good);
    status = tripsage__store_open(&store, url, NULL);
    test_heap_disarm();
    if (good_or_nomem(status, n, "open"))
        tripsage__store_release(store);
    else
        ck_assert_ptr_null(store);
    store = open_store(url); /* what a failed opening left is good to go on with */
    ck_assert_int_eq(put_key(store, "after"), TRIPSAGE_OK);
    tripsage__store_release(store);
    remove_folder();
}

START_TEST(a_new_file_is_opened_or_left_for_later)
{
    test_heap_install();
    sweep(open_once);
}
END_TEST

static void open_again(long n, int for_good)
{
    tripsage__store *store;
    tripsage_status status;

    arm(n, for_good);
    status = tripsage__store_open(&store, url, NULL);
    test_heap_disarm();
    if (!good_or_nomem(status, n, "open"))
        store = open_store(url);
    ck_assert_int_eq(count_keys(store, "kept"), 1);
    tripsage__store_release(store);
}

START_TEST(an_old_file_is_opened_or_left_as_it_was)
{
    tripsage__store *store;

    test_heap_install();
    make_folder();
    store = open_store(url);
    ck_assert_int_eq(put_key(store, "kept"), TRIPSAGE_OK);
    tripsage__store_release(store);
    sweep(open_again);
    remove_folder();
}
END_TEST

static void open_in_memory(long n, int for_good)
{
    tripsage__store *store;
    tripsage_status status;

    arm(n, for_good);
    status = tripsage__store_open(&store, "sqlite::memory:", NULL);
    test_heap_disarm();
    if (good_or_nomem(status, n, "open"))
        tripsage__store_release(store);
}

START_TEST(a_database_in_memory_needs_it_all)
{
    test_heap_install();
    sweep(open_in_memory);
}
END_TEST

/* ---- writing ---- */

/* 1 when it is there. */
static int has(tripsage__store *store, const char *key)
{
    return count_keys(store, key) == 1;
}

static void write_cold(long n, int for_good)
{
    tripsage__store *store = open_store(url);
    char key[32], pair[32];
    tripsage_status status;
    int good;

    snprintf(key, sizeof key, "first-%d-%ld", for_good, n);
    snprintf(pair, sizeof pair, "second-%d-%ld", for_good, n);
    tripsage__value first[] = {tripsage__text(key), tripsage__blob("", 0)};
    tripsage__value second[] = {tripsage__text(pair), tripsage__blob("", 0)};
    const tripsage__step steps[] = {{&put, first, 2, NULL, NULL, NULL, NULL},
                                    {&put, second, 2, NULL, NULL, NULL, NULL}};

    arm(n, for_good);
    status = tripsage__store_write(store, NULL, steps, 2);
    test_heap_disarm();
    good = good_or_nomem(status, n, "write");
    ck_assert_int_eq(has(store, key), good);
    ck_assert_int_eq(has(store, pair), good);
    if (!good)
        ck_assert_int_eq(tripsage__store_write(store, NULL, steps, 2), TRIPSAGE_OK);
    tripsage__store_release(store);
}

START_TEST(a_write_is_whole_or_not_at_all)
{
    test_heap_install();
    make_folder();
    tripsage__store_release(open_store(url));
    sweep(write_cold);
    remove_folder();
}
END_TEST

/* A write that fails by itself, in whose cleaning up memory fails. */
static void refuse_once(long n, int for_good)
{
    tripsage__store *store = open_store(url);
    tripsage__value fresh[] = {tripsage__text("fresh"), tripsage__blob("", 0)};
    tripsage__value taken[] = {tripsage__text("taken"), tripsage__blob("", 0)};
    const tripsage__step steps[] = {{&put, fresh, 2, NULL, NULL, NULL, NULL}, {&put, taken, 2, NULL, NULL, NULL, NULL}};
    char key[32];
    tripsage_status status;

    arm(n, for_good);
    status = tripsage__store_write(store, NULL, steps, 2);
    test_heap_disarm();
    if (status != TRIPSAGE_EEXISTS)
        ck_assert_int_eq(good_or_nomem(status, n, "refused write"), 0);
    ck_assert_int_eq(has(store, "fresh"), 0);
    snprintf(key, sizeof key, "after-%d-%ld", for_good, n);
    ck_assert_msg(put_key(store, key) == TRIPSAGE_OK, "allocation %ld: %s", n, tripsage_last_error()->message);
    tripsage__store_release(store);
}

START_TEST(a_refused_write_is_taken_back_without_memory)
{
    tripsage__store *store;

    test_heap_install();
    make_folder();
    store = open_store(url);
    ck_assert_int_eq(put_key(store, "taken"), TRIPSAGE_OK);
    tripsage__store_release(store);
    sweep(refuse_once);
    remove_folder();
}
END_TEST

/* ---- writing from many threads ---- */

typedef struct worker {
    tripsage__store *store;
    int number, round, good;
    tripsage_status status;
} worker;

static void *write_one(void *argument)
{
    worker *w = argument;
    char key[48];

    snprintf(key, sizeof key, "many-%d-%d", w->round, w->number);
    w->status = put_key(w->store, key);
    w->good = w->status == TRIPSAGE_OK;
    return NULL;
}

START_TEST(in_a_shared_commit_memory_fails_for_some)
{
    enum { THREADS = 8, ROUNDS = 200 };
    tripsage__store *store;
    worker workers[THREADS];
    pthread_t threads[THREADS];
    int64_t good = 0;

    test_heap_install();
    make_folder();
    store = open_store(url);
    for (int round = 0; round < ROUNDS; round++) {
        arm(round, round % 2);
        for (int i = 0; i < THREADS; i++) {
            workers[i] = (worker){store, i, round, 0, TRIPSAGE_OK};
            ck_assert_int_eq(pthread_create(&threads[i], NULL, write_one, &workers[i]), 0);
        }
        for (int i = 0; i < THREADS; i++)
            pthread_join(threads[i], NULL);
        test_heap_disarm();
        for (int i = 0; i < THREADS; i++) {
            ck_assert_msg(workers[i].good || workers[i].status == TRIPSAGE_ENOMEM, "round %d: %s", round,
                          tripsage_status_name(workers[i].status));
            good += workers[i].good;
        }
        ck_assert_int_eq(count_keys(store, "many-%"), good);
    }
    ck_assert_int_eq(put_key(store, "after"), TRIPSAGE_OK);
    tripsage__store_release(store);
    remove_folder();
}
END_TEST

/* ---- reading ---- */

static const tripsage__statement texts = {
    "texts", "SELECT CAST(value AS TEXT), json_quote(key), length(value) FROM meta WHERE key LIKE $1 ORDER BY key",
    NULL};

/* Two pages, so that the text is put together out of overflow pages. */
enum { LONG_TEXT = 9000 };

static int rows_seen;

static void forget_rows(void *context)
{
    (void)context;
    rows_seen = 0;
}

/* Believes what the header promises: a column that is never NULL gives text. */
static tripsage_status look_at_text(void *context, const tripsage__row *row)
{
    size_t size, quoted_size;
    const char *text = tripsage__row_text(row, 0, &size);
    const char *quoted = tripsage__row_text(row, 1, &quoted_size);

    (void)context;
    ck_assert_ptr_nonnull(text);
    ck_assert_ptr_nonnull(quoted);
    ck_assert_uint_eq(strlen(text), size);
    ck_assert_uint_eq(strlen(quoted), quoted_size);
    rows_seen++;
    if (size != (size_t)tripsage__row_int(row, 2)) /* as a room does that finds nonsense in its table */
        return TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "a text was cut");
    return TRIPSAGE_OK;
}

static tripsage_status read_texts(tripsage__store *store)
{
    tripsage__value params[] = {tripsage__text("long-%")};
    const tripsage__step steps[] = {{&texts, params, 1, forget_rows, look_at_text, NULL, NULL},
                                    {&texts, params, 1, forget_rows, look_at_text, NULL, NULL}};

    return tripsage__store_read(store, NULL, steps, 2);
}

static void read_once(long n, int for_good)
{
    tripsage__store *store = open_store(url);
    char key[32];
    tripsage_status status;
    int64_t before;

    arm(n, for_good);
    status = read_texts(store);
    test_heap_disarm();
    if (good_or_nomem(status, n, "read"))
        ck_assert_int_eq(rows_seen, 3);
    /* The connection that failed reads the present, not the snapshot it held then. */
    before = count_keys(store, "seen-%");
    snprintf(key, sizeof key, "seen-%d-%ld", for_good, n);
    ck_assert_int_eq(put_key(store, key), TRIPSAGE_OK);
    ck_assert_int_eq(count_keys(store, "seen-%"), before + 1);
    ck_assert_msg(read_texts(store) == TRIPSAGE_OK, "allocation %ld: %s", n, tripsage_last_error()->message);
    ck_assert_int_eq(rows_seen, 3);
    tripsage__store_release(store);
}

START_TEST(a_read_gives_all_or_says_that_memory_failed)
{
    char text[LONG_TEXT];
    tripsage__store *store;

    test_heap_install();
    make_folder();
    store = open_store(url);
    memset(text, 'x', sizeof text);
    ck_assert_int_eq(put_value(store, "long-1", text, sizeof text), TRIPSAGE_OK);
    ck_assert_int_eq(put_value(store, "long-2", text, 10), TRIPSAGE_OK);
    ck_assert_int_eq(put_value(store, "long-3", text, sizeof text - 1), TRIPSAGE_OK);
    tripsage__store_release(store);
    sweep(read_once);
    remove_folder();
}
END_TEST

/* ---- what the store says about itself ---- */

static void ask_once(long n, int for_good)
{
    tripsage__store *store = open_store(url);
    tripsage__buf problems = TRIPSAGE__BUF_INIT(10000);
    tripsage_status listed, checked, made;
    tripsage_error error;
    unsigned char secret[32], again[32];
    tripsage_doc *doc = NULL;
    char name[32];
    size_t count;

    snprintf(name, sizeof name, "secret-%d-%ld", for_good, n);
    arm(n, for_good);
    made = tripsage__store_secret(secret, store, name);
    if (made != TRIPSAGE_OK)
        good_or_nomem(made, n, "secret");
    listed = tripsage__store_migrations(&doc, store);
    if (listed != TRIPSAGE_OK)
        good_or_nomem(listed, n, "migrations");
    checked = tripsage__store_check(&problems, &count, store);
    tripsage__error_save(&error);
    test_heap_disarm();
    tripsage__error_restore(&error);
    if (good_or_nomem(checked, n, "check"))
        ck_assert_uint_eq(count, 0);
    tripsage__buf_free(&problems);
    tripsage_doc_free(doc);

    ck_assert_int_eq(tripsage__store_secret(again, store, name), TRIPSAGE_OK);
    if (made == TRIPSAGE_OK)
        ck_assert_mem_eq(secret, again, sizeof secret);
    ck_assert_int_eq(tripsage__store_migrations(&doc, store), TRIPSAGE_OK);
    ck_assert_int_gt(tripsage_doc_int(doc, "/current", 0), 0);
    tripsage_doc_free(doc);
    ck_assert_int_eq(tripsage__store_check(&problems, &count, store), TRIPSAGE_OK);
    ck_assert_uint_eq(count, 0);
    tripsage__buf_free(&problems);
    tripsage__store_release(store);
}

START_TEST(secrets_listings_and_checks_survive_failing_allocations)
{
    test_heap_install();
    make_folder();
    tripsage__store_release(open_store(url));
    sweep(ask_once);
    remove_folder();
}
END_TEST

/* ---- the full-text index ---- */

static const tripsage__statement index_row = {
    "test_index_row",
    "INSERT INTO trip_search (acl, title, body, private, kind, id, trip_id) VALUES ('a', $1, 'b c', '', 0, 'i', 't')",
    NULL};

static size_t count_problems(tripsage__store *store)
{
    tripsage__buf problems = TRIPSAGE__BUF_INIT(4096);
    size_t count = 0;

    ck_assert_int_eq(tripsage__store_check(&problems, &count, store), TRIPSAGE_OK);
    tripsage__buf_free(&problems);
    return count;
}

/* FTS5 keeps sums of its own beside the rows, and a commit writes them. What it keeps after a failure must be what is stored. */
static void index_rows(const char *where, int for_good)
{
    tripsage__store *store = open_store(where);
    tripsage__value title = tripsage__text("some words");
    const tripsage__step step = {&index_row, &title, 1, NULL, NULL, NULL, NULL};
    tripsage_status status;
    int fired = 1;

    ck_assert_int_eq(tripsage__store_write(store, NULL, &step, 1), TRIPSAGE_OK);
    for (long n = 0; fired; n++) {
        arm(n, for_good);
        status = tripsage__store_write(store, NULL, &step, 1);
        test_heap_disarm();
        fired = test_heap_fired(NULL);
        good_or_nomem(status, n, "write");
        ck_assert_msg(tripsage__store_write(store, NULL, &step, 1) == TRIPSAGE_OK, "after allocation %ld: %s", n,
                      tripsage_last_error()->message);
        ck_assert_msg(count_problems(store) == 0, "after allocation %ld the index is damaged", n);
    }
    tripsage__store_release(store);
}

START_TEST(a_failed_write_leaves_the_text_index_whole)
{
    test_heap_install();
    make_folder();
    for (int for_good = 0; for_good <= 1; for_good++) {
        index_rows(url, for_good);
        index_rows("sqlite::memory:", for_good);
    }
    remove_folder();
}
END_TEST

SUITE_MAIN("store/memory", a_new_file_is_opened_or_left_for_later, an_old_file_is_opened_or_left_as_it_was,
           a_database_in_memory_needs_it_all, a_write_is_whole_or_not_at_all,
           a_refused_write_is_taken_back_without_memory, in_a_shared_commit_memory_fails_for_some,
           a_read_gives_all_or_says_that_memory_failed, secrets_listings_and_checks_survive_failing_allocations,
           a_failed_write_leaves_the_text_index_whole)
