/* The door to SQL on SQLite: batches, shared commits, failures inside one, readers beside a writer, migrations. */
#include "fixture.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

static const tripsage__statement add = {
    "add", "UPDATE meta SET value = CAST(CAST(value AS TEXT) + 1 AS BLOB) WHERE key = $1", NULL};
static const tripsage__statement broken = {"broken", "SELECT nothing FROM nowhere", NULL};

START_TEST(urls_choose_the_engine)
{
    tripsage__store *store;

    ck_assert_int_eq(tripsage__store_open(&store, NULL, NULL), TRIPSAGE_EINVALID);
    ck_assert_int_eq(tripsage__store_open(&store, "", NULL), TRIPSAGE_EINVALID);
    ck_assert_int_eq(tripsage__store_open(&store, "sqlite:", NULL), TRIPSAGE_EINVALID);
    ck_assert_int_eq(tripsage__store_open(&store, "sqlite:file:t.db?mode=memory", NULL), TRIPSAGE_EINVALID);
    ck_assert_int_eq(tripsage__store_open(&store, "mysql://u:secret@h/d", NULL), TRIPSAGE_ENOTSUP);
    ck_assert_ptr_null(strstr(tripsage_last_error()->message, "secret"));
    ck_assert_int_eq(tripsage__store_open(&store, "sqlite:///nowhere/at/all.db", NULL), TRIPSAGE_EIO);
    ck_assert_ptr_null(store);
    store = open_store("sqlite::memory:");
    ck_assert_int_eq(tripsage__store_ping(store), TRIPSAGE_OK);
    tripsage__store_release(store);
}
END_TEST

START_TEST(a_batch_is_one_transaction)
{
    tripsage__store *store = open_store("sqlite::memory:");
    tripsage__value one[] = {tripsage__text("one"), tripsage__blob("1", 1)};
    tripsage__value two[] = {tripsage__text("two"), tripsage__blob("2", 1)};
    int64_t changes[3] = {-1, -1, -1};
    const tripsage__step good[] = {{&put, one, 2, NULL, NULL, NULL, &changes[0]},
                                   {&put, two, 2, NULL, NULL, NULL, &changes[1]}};
    const tripsage__step half[] = {
        {&put, (tripsage__value[]){tripsage__text("three"), tripsage__blob("", 0)}, 2, NULL, NULL, NULL, NULL},
        {&put, one, 2, NULL, NULL, NULL, &changes[2]}};

    ck_assert_int_eq(tripsage__store_write(store, NULL, good, 2), TRIPSAGE_OK);
    ck_assert_int_eq(changes[0] + changes[1], 2);
    ck_assert_int_eq(tripsage__store_write(store, NULL, half, 2), TRIPSAGE_EEXISTS);
    ck_assert_int_eq(tripsage_last_error()->native, SQLITE_CONSTRAINT_PRIMARYKEY);
    ck_assert_int_eq(count_keys(store, "%"), 2);
    tripsage__store_release(store);
}
END_TEST

START_TEST(a_statement_that_reads_changes_nothing)
{
    tripsage__store *store = open_store("sqlite::memory:");
    tripsage__value one[] = {tripsage__text("one"), tripsage__blob("1", 1)};
    int64_t changes[2] = {-1, -1};
    const tripsage__step steps[] = {{&put, one, 2, NULL, NULL, NULL, &changes[0]},
                                    {&get, one, 1, NULL, NULL, NULL, &changes[1]}};

    ck_assert_int_eq(tripsage__store_write(store, NULL, steps, 2), TRIPSAGE_OK);
    ck_assert_int_eq(changes[0], 1);
    ck_assert_int_eq(changes[1], 0);
    tripsage__store_release(store);
}
END_TEST

/* "As many as there may be" is no reason to take memory for four thousand million. */
START_TEST(any_number_of_readers_may_be_asked_for)
{
    static const tripsage__store_options many = {.readers = UINT32_MAX};
    tripsage__store *store;

    ck_assert_int_eq(tripsage__store_open(&store, "sqlite::memory:", &many), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage__store_ping(store), TRIPSAGE_OK);
    tripsage__store_release(store);
}
END_TEST

START_TEST(mistakes_of_the_library_are_told)
{
    tripsage__store *store = open_store("sqlite::memory:");
    tripsage__value param = tripsage__text("x");
    const tripsage__step too_few = {&put, &param, 1, NULL, NULL, NULL, NULL};
    const tripsage__step nonsense = {&broken, NULL, 0, NULL, NULL, NULL, NULL};

    ck_assert_int_eq(tripsage__store_write(store, NULL, &too_few, 1), TRIPSAGE_EINTERNAL);
    ck_assert_int_eq(tripsage__store_read(store, NULL, &nonsense, 1), TRIPSAGE_EINTERNAL);
    ck_assert_ptr_nonnull(strstr(tripsage_last_error()->message, "broken"));
    ck_assert_int_eq(put_key(store, "after"), TRIPSAGE_OK);
    tripsage__store_release(store);
}
END_TEST

/* ---- shared commits ---- */

typedef struct worker {
    tripsage__store *store;
    int number, rounds;
    int good, refused, other;
} worker;

/* Every fifth write fails behind a change of its own, which must not stay. */
static void *write_and_fail(void *argument)
{
    worker *w = argument;

    for (int i = 0; i < w->rounds; i++) {
        char mine[64], half[64];

        snprintf(mine, sizeof mine, "good-%d-%d", w->number, i);
        snprintf(half, sizeof half, "half-%d-%d", w->number, i);
        tripsage__value first[] = {tripsage__text(half), tripsage__blob("", 0)};
        tripsage__value again[] = {tripsage__text("taken"), tripsage__blob("", 0)};
        const tripsage__step failing[] = {{&put, first, 2, NULL, NULL, NULL, NULL},
                                          {&put, again, 2, NULL, NULL, NULL, NULL}};
        tripsage_status status;

        w->other += TRIPSAGE_FAIL_FIELD("#mine", "%s", mine) != TRIPSAGE_EINVALID;
        status = i % 5 == 0 ? tripsage__store_write(w->store, NULL, failing, 2) : put_key(w->store, mine);
        w->good += status == TRIPSAGE_OK;
        w->refused += status == TRIPSAGE_EEXISTS && strcmp(tripsage_last_error()->file, "") != 0;
        w->other += status != TRIPSAGE_OK && status != TRIPSAGE_EEXISTS;
        /* The failures that a leader ran into are not its own. */
        w->other += status == TRIPSAGE_OK && (tripsage_last_error()->status != TRIPSAGE_EINVALID ||
                                              strcmp(tripsage_last_error()->fields[0].message, mine) != 0);
    }
    return NULL;
}

static void check_shared_commits(const char *where)
{
    enum { THREADS = 16, ROUNDS = 100 };
    tripsage__store *store = open_store(where);
    worker workers[THREADS];
    pthread_t threads[THREADS];
    int good = 0, refused = 0;

    ck_assert_int_eq(put_key(store, "taken"), TRIPSAGE_OK);
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (worker){store, i, ROUNDS, 0, 0, 0};
        pthread_create(&threads[i], NULL, write_and_fail, &workers[i]);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        good += workers[i].good;
        refused += workers[i].refused;
        ck_assert_int_eq(workers[i].other, 0);
    }
    ck_assert_int_eq(good, THREADS * ROUNDS * 4 / 5);
    ck_assert_int_eq(refused, THREADS * ROUNDS / 5);
    ck_assert_int_eq(count_keys(store, "good-%"), good);
    ck_assert_int_eq(count_keys(store, "half-%"), 0);
    tripsage__store_release(store);
}

START_TEST(a_failure_in_a_shared_commit_is_its_own)
{
    make_folder();
    check_shared_commits(url);
    check_shared_commits("sqlite::memory:");
    remove_folder();
}
END_TEST

/* A row callback that counts its runs and rows; the first run is spoilt by another request of the same commit. */
typedef struct gathering {
    int begun, rows;
} gathering;

static void begin_gathering(void *context)
{
    gathering *g = context;

    g->begun++;
    g->rows = 0;
}

static tripsage_status gather(void *context, const tripsage__row *row)
{
    (void)row;
    ((gathering *)context)->rows++;
    return TRIPSAGE_OK;
}

static tripsage_status refuse_row(void *context, const tripsage__row *row)
{
    (void)context;
    (void)row;
    return TRIPSAGE_FAIL(TRIPSAGE_EFORBIDDEN, "no");
}

START_TEST(a_callback_that_fails_takes_its_write_back)
{
    tripsage__store *store = open_store("sqlite::memory:");
    gathering g = {0, 0};
    tripsage__value params[] = {tripsage__text("k"), tripsage__blob("v", 1)};
    const tripsage__step steps[] = {{&put, params, 2, NULL, NULL, NULL, NULL},
                                    {&get, params, 1, begin_gathering, gather, &g, NULL},
                                    {&get, params, 1, NULL, refuse_row, NULL, NULL}};

    ck_assert_int_eq(tripsage__store_write(store, NULL, steps, 3), TRIPSAGE_EFORBIDDEN);
    ck_assert_int_eq(g.begun, 1);
    ck_assert_int_eq(g.rows, 1);
    ck_assert_int_eq(count_keys(store, "k"), 0);
    ck_assert_int_eq(tripsage__store_write(store, NULL, steps, 2), TRIPSAGE_OK);
    ck_assert_int_eq(g.begun, 2);
    ck_assert_int_eq(g.rows, 1);
    tripsage__store_release(store);
}
END_TEST

static void *increment(void *argument)
{
    worker *w = argument;
    tripsage__value params[] = {tripsage__text("counter")};
    int64_t changes = 0;
    const tripsage__step step = {&add, params, 1, NULL, NULL, NULL, &changes};

    for (int i = 0; i < w->rounds; i++)
        w->good += tripsage__store_write(w->store, NULL, &step, 1) == TRIPSAGE_OK && changes == 1;
    return NULL;
}

START_TEST(two_handles_on_one_file_lose_nothing)
{
    enum { EACH = 4, ROUNDS = 100 };
    tripsage__store *stores[2];
    worker workers[2 * EACH];
    pthread_t threads[2 * EACH];
    int64_t total = 0;
    tripsage__value params[] = {tripsage__text("counter")};
    const tripsage__step step = {&get, params, 1, NULL, take_int, &total, NULL};

    make_folder();
    stores[0] = open_store(url);
    stores[1] = open_store(url);
    ck_assert_int_eq(put_key(stores[0], "counter"), TRIPSAGE_OK);
    for (int i = 0; i < 2 * EACH; i++) {
        workers[i] = (worker){stores[i % 2], i, ROUNDS, 0, 0, 0};
        pthread_create(&threads[i], NULL, increment, &workers[i]);
    }
    for (int i = 0; i < 2 * EACH; i++) {
        pthread_join(threads[i], NULL);
        ck_assert_int_eq(workers[i].good, ROUNDS);
    }
    ck_assert_int_eq(tripsage__store_read(stores[1], NULL, &step, 1), TRIPSAGE_OK);
    ck_assert_int_eq(total, 2 * EACH * ROUNDS);
    tripsage__store_release(stores[0]);
    tripsage__store_release(stores[1]);
    remove_folder();
}
END_TEST

START_TEST(readers_do_not_wait_for_a_writer)
{
    sqlite3 *other;
    tripsage__store *store;
    static const tripsage__store_options impatient = {.busy_timeout_ms = 200};

    make_folder();
    ck_assert_int_eq(tripsage__store_open(&store, url, &impatient), TRIPSAGE_OK);
    ck_assert_int_eq(put_key(store, "before"), TRIPSAGE_OK);
    ck_assert_int_eq(sqlite3_open(path(), &other), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(other, "BEGIN IMMEDIATE; INSERT INTO meta VALUES ('open', x'00')", NULL, NULL, NULL),
                     SQLITE_OK);
    ck_assert_int_eq(count_keys(store, "%"), 1);              /* a reader sees the past and goes on */
    ck_assert_int_eq(put_key(store, "late"), TRIPSAGE_EBUSY); /* a writer waits as long as it may */
    ck_assert_int_eq(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    ck_assert_int_eq(put_key(store, "late"), TRIPSAGE_OK);
    ck_assert_int_eq(count_keys(store, "%"), 3);
    sqlite3_close(other);
    tripsage__store_release(store);
    remove_folder();
}
END_TEST

static void *read_often(void *argument)
{
    worker *w = argument;

    for (int i = 0; i < w->rounds; i++)
        w->good += count_keys(w->store, "%") >= 0;
    return NULL;
}

START_TEST(more_readers_than_connections_take_turns)
{
    enum { THREADS = 12 };
    static const tripsage__store_options narrow = {.readers = 2};
    tripsage__store *store;
    worker workers[THREADS];
    pthread_t threads[THREADS];

    make_folder();
    ck_assert_int_eq(tripsage__store_open(&store, url, &narrow), TRIPSAGE_OK);
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (worker){store, i, 200, 0, 0, 0};
        pthread_create(&threads[i], NULL, read_often, &workers[i]);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        ck_assert_int_eq(workers[i].good, 200);
    }
    tripsage__store_release(store);
    remove_folder();
}
END_TEST

static atomic_int stop_reading;

static tripsage_status dawdle(void *context, const tripsage__row *row)
{
    (void)context;
    (void)row;
    usleep(5000);
    return TRIPSAGE_OK;
}

static void *read_slowly(void *argument)
{
    worker *w = argument;
    tripsage__value params[] = {tripsage__text("%")};
    const tripsage__step step = {&count_all, params, 1, NULL, dawdle, NULL, NULL};

    while (!atomic_load(&stop_reading))
        w->other += tripsage__store_read(w->store, NULL, &step, 1) != TRIPSAGE_OK;
    return NULL;
}

static long long size_of_log(void)
{
    struct stat st;
    char log[160];

    snprintf(log, sizeof log, "%s-wal", path());
    ck_assert_int_eq(stat(log, &st), 0);
    return (long long)st.st_size;
}

/* At any moment somebody reads: the log would begin anew never, and hold all that was written. On a busy machine readers may outlast the
 * writer's patience a few times; of the tries that 400 MB bring one succeeds. */
START_TEST(overlapping_readers_do_not_keep_the_log_growing)
{
    enum { READERS = 4, ENOUGH = 300, WRITES_MAX = 4000, SIZE = 100 * 1024 };
    static char value[SIZE];
    worker workers[READERS];
    pthread_t threads[READERS];
    tripsage__store *store;
    long long written = 0;
    int writes = 0;
    char key[32];

    make_folder();
    store = open_store(url);
    for (int i = 0; i < READERS; i++) {
        workers[i] = (worker){store, i, 0, 0, 0, 0};
        pthread_create(&threads[i], NULL, read_slowly, &workers[i]);
    }
    while (writes < ENOUGH || size_of_log() > written * 3 / 4) {
        ck_assert_msg(writes < WRITES_MAX, "after %lld bytes the log has %lld", written, size_of_log());
        snprintf(key, sizeof key, "%d", writes++);
        ck_assert_int_eq(put_value(store, key, value, sizeof value), TRIPSAGE_OK);
        written += SIZE;
    }
    atomic_store(&stop_reading, 1);
    for (int i = 0; i < READERS; i++) {
        pthread_join(threads[i], NULL);
        ck_assert_int_eq(workers[i].other, 0);
    }
    ck_assert_int_eq(count_keys(store, "%"), writes);
    tripsage__store_release(store);
    remove_folder();
}
END_TEST

/* ---- secrets and files ---- */

START_TEST(a_secret_is_made_once_and_stays)
{
    unsigned char first[32], second[32], other[32];
    tripsage__store *store;

    make_folder();
    store = open_store(url);
    ck_assert_int_eq(tripsage__store_secret(first, store, "a"), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage__store_secret(other, store, "b"), TRIPSAGE_OK);
    tripsage__store_release(store);
    store = open_store(url);
    ck_assert_int_eq(tripsage__store_secret(second, store, "a"), TRIPSAGE_OK);
    ck_assert_mem_eq(first, second, 32);
    ck_assert_mem_ne(first, other, 32);
    tripsage__store_release(store);
    remove_folder();
}
END_TEST

/* As when the database is to be on a disk of its own. */
START_TEST(what_a_link_will_name_is_private)
{
    char target[160];
    struct stat st;

    make_folder();
    snprintf(target, sizeof target, "%s-target", path());
    ck_assert_int_eq(symlink(target, path()), 0);
    tripsage__store_release(open_store(url));
    ck_assert_int_eq(stat(target, &st), 0);
    ck_assert_int_eq(st.st_mode & 077, 0);
    remove_folder();
}
END_TEST

/* Readers are opened when they are needed, and a check has a connection of its own: by then the program may stand elsewhere. */
START_TEST(a_relative_path_is_taken_once)
{
    tripsage__buf problems = TRIPSAGE__BUF_INIT(10000);
    tripsage__store *store;
    size_t count = 99;

    make_folder();
    ck_assert_int_eq(chdir(folder), 0);
    store = open_store("sqlite:t.db");
    ck_assert_int_eq(put_key(store, "k"), TRIPSAGE_OK);
    ck_assert_int_eq(mkdir("elsewhere", S_IRWXU), 0);
    ck_assert_int_eq(chdir("elsewhere"), 0);
    ck_assert_int_eq(count_keys(store, "%"), 1);
    ck_assert_int_eq(tripsage__store_check(&problems, &count, store), TRIPSAGE_OK);
    ck_assert_uint_eq(count, 0);
    ck_assert_int_ne(access("t.db", F_OK), 0);
    tripsage__buf_free(&problems);
    tripsage__store_release(store);
    ck_assert_int_eq(chdir("/"), 0);
    remove_folder();
}
END_TEST

START_TEST(a_new_file_is_private)
{
    struct stat st;
    tripsage__store *store;

    make_folder();
    store = open_store(url);
    ck_assert_int_eq(stat(path(), &st), 0);
    ck_assert_int_eq(st.st_mode & 077, 0);
    tripsage__store_release(store);
    remove_folder();
}
END_TEST

static void run_sql(const char *sql)
{
    sqlite3 *db;
    char *message = NULL;

    ck_assert_int_eq(sqlite3_open(path(), &db), SQLITE_OK);
    sqlite3_exec(db, sql, NULL, NULL, &message);
    ck_assert_msg(!message, "%s", message);
    sqlite3_close(db);
}

static void refuse_open(const char *sql, const char *word)
{
    tripsage__store *store;

    make_folder();
    tripsage__store_release(open_store(url));
    run_sql(sql);
    ck_assert_int_eq(tripsage__store_open(&store, url, NULL), TRIPSAGE_EMIGRATION);
    ck_assert_msg(strstr(tripsage_last_error()->message, word) != NULL, "%s", tripsage_last_error()->message);
    remove_folder();
}

START_TEST(an_edited_or_foreign_past_is_refused)
{
    refuse_open("UPDATE schema_migration SET checksum = 'x' WHERE number = 1", "edited");
    refuse_open("UPDATE schema_migration SET name = 'other' WHERE number = 1", "0001_other");
    refuse_open("INSERT INTO schema_migration VALUES (9999, 'future', 'x', 0)", "newer");
    refuse_open("PRAGMA application_id = 7", "another program");
    make_folder();
    run_sql("CREATE TABLE theirs (x)");
    tripsage__store *store;
    ck_assert_int_eq(tripsage__store_open(&store, url, NULL), TRIPSAGE_EMIGRATION);
    remove_folder();
}
END_TEST

START_TEST(a_crafted_past_is_refused)
{
    tripsage__store *store;

    make_folder();
    run_sql("PRAGMA application_id = 1416778599; CREATE TABLE schema_migration (number, name, checksum, applied_at);"
            "INSERT INTO schema_migration VALUES (1, NULL, NULL, NULL)");
    ck_assert_int_eq(tripsage__store_open(&store, url, NULL), TRIPSAGE_EMIGRATION);
    remove_folder();
}
END_TEST

static size_t read_file(char *out, size_t size)
{
    FILE *file = fopen(path(), "rb");
    size_t length;

    ck_assert_ptr_nonnull(file);
    length = fread(out, 1, size, file);
    fclose(file);
    return length;
}

START_TEST(another_programs_file_is_left_as_it_is)
{
    static char before[65536], after[65536];
    tripsage__store *store;
    char log[160];
    size_t size;

    make_folder();
    run_sql("PRAGMA journal_mode = DELETE; CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)");
    size = read_file(before, sizeof before);
    ck_assert_int_eq(tripsage__store_open(&store, url, NULL), TRIPSAGE_EMIGRATION);
    ck_assert_uint_eq(read_file(after, sizeof after), size);
    ck_assert_mem_eq(before, after, size);
    snprintf(log, sizeof log, "%s-wal", path());
    ck_assert_int_ne(access(log, F_OK), 0);
    remove_folder();
}
END_TEST

START_TEST(migrating_can_be_left_to_others)
{
    static const tripsage__store_options careful = {.no_migrate = 1};
    tripsage__store *store;

    make_folder();
    ck_assert_int_eq(tripsage__store_open(&store, url, &careful), TRIPSAGE_EMIGRATION);
    tripsage__store_release(open_store(url));
    ck_assert_int_eq(tripsage__store_open(&store, url, &careful), TRIPSAGE_OK);
    tripsage__store_release(store);
    remove_folder();
}
END_TEST

static void *open_and_close(void *argument)
{
    (void)argument;
    tripsage__store_release(open_store(url));
    return NULL;
}

START_TEST(openers_of_a_new_file_do_not_collide)
{
    pthread_t threads[8];

    make_folder();
    for (int i = 0; i < 8; i++)
        pthread_create(&threads[i], NULL, open_and_close, NULL);
    for (int i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    tripsage__store_release(open_store(url));
    remove_folder();
}
END_TEST

/* ---- a roll-back that SQLite has no memory for ---- */

static sqlite3_mem_methods standard_memory;
static _Atomic int no_memory;

static void *scarce_malloc(int size)
{
    return no_memory ? NULL : standard_memory.xMalloc(size);
}

static void *scarce_realloc(void *block, int size)
{
    return no_memory ? NULL : standard_memory.xRealloc(block, size);
}

/* Before SQLite is used: its allocator can be starved, and small blocks come from nowhere else. */
static void make_memory_scarce(void)
{
    sqlite3_mem_methods scarce;

    ck_assert_int_eq(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &standard_memory), SQLITE_OK);
    scarce = standard_memory;
    scarce.xMalloc = scarce_malloc;
    scarce.xRealloc = scarce_realloc;
    ck_assert_int_eq(sqlite3_config(SQLITE_CONFIG_MALLOC, &scarce), SQLITE_OK);
    ck_assert_int_eq(sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0), SQLITE_OK);
}

static tripsage_status starve(void *context, const tripsage__row *row)
{
    (void)context;
    (void)row;
    no_memory = 1;
    return TRIPSAGE_NOMEM();
}

static void check_starved(const char *where)
{
    tripsage__store *store = open_store(where);
    tripsage__value key[] = {tripsage__text("k")};
    tripsage__value value[] = {tripsage__text("k"), tripsage__blob("0", 1)};
    const tripsage__step steps[] = {{&put, value, 2, NULL, NULL, NULL, NULL},
                                    {&get, key, 1, NULL, starve, NULL, NULL},
                                    {&get, key, 1, NULL, starve, NULL, NULL}};

    no_memory = 0;
    ck_assert_int_eq(tripsage__store_write(store, NULL, steps, 2), TRIPSAGE_ENOMEM);
    no_memory = 0;
    ck_assert_int_eq(count_keys(store, "k"), 0); /* what was taken back is not seen */
    ck_assert_int_eq(put_key(store, "k"), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage__store_read(store, NULL, steps + 1, 2), TRIPSAGE_ENOMEM);
    no_memory = 0;
    ck_assert_int_eq(put_key(store, "k2"), TRIPSAGE_OK);
    ck_assert_int_eq(count_keys(store, "k%"), 2); /* nor is an old snapshot */
    tripsage__store_release(store);
}

START_TEST(a_roll_back_without_memory_is_made_up_for)
{
    make_memory_scarce();
    make_folder();
    check_starved("sqlite::memory:");
    check_starved(url);
    remove_folder();
}
END_TEST

START_TEST(a_damaged_file_is_told)
{
    tripsage__store *store;
    FILE *file;

    make_folder();
    file = fopen(path(), "w");
    ck_assert_ptr_nonnull(file);
    for (int i = 0; i < 1000; i++)
        fputs("this is not a database ", file);
    fclose(file);
    ck_assert_int_eq(tripsage__store_open(&store, url, NULL), TRIPSAGE_ECORRUPT);
    remove_folder();
}
END_TEST

START_TEST(a_damaged_text_index_is_found)
{
    tripsage__buf problems = TRIPSAGE__BUF_INIT(10000);
    tripsage__store *store;
    size_t count = 99;

    make_folder();
    tripsage__store_release(open_store(url));
    run_sql("INSERT INTO trip_search (rowid, acl, title) VALUES (4, 'public', 'Kyoto in autumn');"
            "UPDATE trip_search_content SET c1 = 'Oslo in winter'");
    store = open_store(url);
    ck_assert_int_eq(tripsage__store_check(&problems, &count, store), TRIPSAGE_OK);
    ck_assert_uint_eq(count, 1);
    ck_assert_ptr_nonnull(strstr(problems.data, "full-text"));
    ck_assert_int_eq(put_key(store, "after"), TRIPSAGE_OK);
    tripsage__buf_free(&problems);
    tripsage__store_release(store);
    remove_folder();
}
END_TEST

static atomic_int stop_writing;

static void *write_on(void *argument)
{
    worker *w = argument;
    char key[32];

    while (!atomic_load(&stop_writing)) {
        snprintf(key, sizeof key, "%d", w->rounds++);
        w->good += put_key(w->store, key) == TRIPSAGE_OK;
    }
    return NULL;
}

START_TEST(a_check_goes_on_beside_writers)
{
    tripsage__store *store;
    worker w;
    pthread_t thread;

    make_folder();
    store = open_store(url);
    w = (worker){store, 0, 0, 0, 0, 0};
    pthread_create(&thread, NULL, write_on, &w);
    for (int i = 0; i < 20; i++) {
        tripsage__buf problems = TRIPSAGE__BUF_INIT(10000);
        size_t count = 99;

        ck_assert_msg(tripsage__store_check(&problems, &count, store) == TRIPSAGE_OK, "check %d: %s", i,
                      tripsage_last_error()->message);
        ck_assert_uint_eq(count, 0);
        tripsage__buf_free(&problems);
    }
    atomic_store(&stop_writing, 1);
    pthread_join(thread, NULL);
    ck_assert_int_gt(w.good, 0);
    ck_assert_int_eq(w.good, w.rounds);
    tripsage__store_release(store);
    remove_folder();
}
END_TEST

START_TEST(the_state_of_the_schema_can_be_read)
{
    tripsage__store *store = open_store("sqlite::memory:");
    tripsage__buf problems = TRIPSAGE__BUF_INIT(10000);
    tripsage_doc *doc;
    size_t count = 99;

    ck_assert_int_eq(tripsage__store_migrations(&doc, store), TRIPSAGE_OK);
    ck_assert_str_eq(tripsage_doc_text(doc, "/engine"), "sqlite");
    ck_assert_int_eq(tripsage_doc_int(doc, "/current", -1), tripsage_doc_int(doc, "/latest", -2));
    ck_assert_str_eq(tripsage_doc_text(doc, "/migrations/0/name"), "store");
    ck_assert_uint_eq(strlen(tripsage_doc_text(doc, "/migrations/0/checksum")), 64);
    tripsage_doc_free(doc);
    ck_assert_int_eq(tripsage__store_check(&problems, &count, store), TRIPSAGE_OK);
    ck_assert_uint_eq(count, 0);
    tripsage__buf_free(&problems);
    tripsage__store_release(store);
}
END_TEST

SUITE_MAIN("store", urls_choose_the_engine, a_batch_is_one_transaction, a_statement_that_reads_changes_nothing,
           any_number_of_readers_may_be_asked_for, mistakes_of_the_library_are_told,
           a_failure_in_a_shared_commit_is_its_own, a_callback_that_fails_takes_its_write_back,
           two_handles_on_one_file_lose_nothing, readers_do_not_wait_for_a_writer,
           more_readers_than_connections_take_turns, overlapping_readers_do_not_keep_the_log_growing,
           a_secret_is_made_once_and_stays, a_relative_path_is_taken_once, a_new_file_is_private,
           what_a_link_will_name_is_private, an_edited_or_foreign_past_is_refused, a_crafted_past_is_refused,
           another_programs_file_is_left_as_it_is, migrating_can_be_left_to_others,
           openers_of_a_new_file_do_not_collide, a_roll_back_without_memory_is_made_up_for, a_damaged_file_is_told,
           a_damaged_text_index_is_found, a_check_goes_on_beside_writers, the_state_of_the_schema_can_be_read)
