/* Backups of SQLite's files: taken while others write, restored, refused where a byte of them is not as it was, and cut off at any moment
 * without anything half done. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>
#include <tripsage/maintenance.h>
#include <tripsage/tripsage.h>

#include "fixture.h"
#include "store/backup.h"

enum { WRITERS = 4, KILLS = 25, FLIPS = 150 };

static char vault[96];  /* where backups go */
static char other[160]; /* the URL of another database */

static void open_vault(void)
{
    make_folder();
    snprintf(vault, sizeof vault, "%s/vault", folder);
    snprintf(other, sizeof other, "sqlite://%s/other.db", folder);
    ck_assert_int_eq(mkdir(vault, 0700), 0);
}

static void put_many(const char *where, const char *prefix, int count)
{
    tripsage__store *store = open_store(where);

    for (int i = 0; i < count; i++) {
        char key[64];

        snprintf(key, sizeof key, "%s-%d", prefix, i);
        ck_assert_ok(put_key(store, key));
    }
    tripsage__store_release(store);
}

static int64_t count_in(const char *where, const char *like)
{
    tripsage__store *store = open_store(where);
    int64_t count = count_keys(store, like);

    tripsage__store_release(store);
    return count;
}

/* Makes a backup; its data file is static until the next one. */
static const char *back_up(uint32_t keep)
{
    static char file[256];
    tripsage_backup_options options = TRIPSAGE_BACKUP_OPTIONS_INIT;
    tripsage_doc *made;

    options.keep = keep;
    ck_assert_ok(tripsage_backup(&made, url, vault, &options));
    snprintf(file, sizeof file, "%s", tripsage_doc_text(made, "/file"));
    ck_assert_int_eq(tripsage_doc_bool(made, "/verified", 0), 1);
    ck_assert_str_eq(tripsage_doc_text(made, "/engine"), "sqlite");
    tripsage_doc_free(made);
    return file;
}

static tripsage_status restore(const char *where, const char *file, int force)
{
    tripsage_restore_options options = TRIPSAGE_RESTORE_OPTIONS_INIT;
    tripsage_doc *done = NULL;
    tripsage_status status;

    options.force = force;
    options.busy_timeout_ms = 200;
    status = tripsage_restore(&done, where, file, &options);
    ck_assert_int_eq(done != NULL, status == TRIPSAGE_OK);
    tripsage_doc_free(done);
    return status;
}

static int files_like(const char *where, const char *end)
{
    DIR *dir = opendir(where);
    const struct dirent *entry;
    int count = 0;

    ck_assert_ptr_nonnull(dir);
    while ((entry = readdir(dir)) != NULL) {
        size_t length = strlen(entry->d_name), wanted = strlen(end);

        count += length >= wanted && strcmp(entry->d_name + length - wanted, end) == 0;
    }
    closedir(dir);
    return count;
}

/* ---- there and back ---- */

START_TEST(a_backup_is_restored)
{
    struct stat found;
    const char *file;

    put_many(url, "a", 100);
    file = back_up(0);
    ck_assert_int_eq(stat(file, &found), 0);
    ck_assert_int_eq(found.st_mode & 0777, 0600);
    ck_assert_ok(restore(other, file, 0));
    ck_assert_int_eq(count_in(other, "a-%"), 100);
    ck_assert_int_eq(files_like(folder, ".restoring"), 0);
    ck_assert_int_eq(files_like(vault, ".trial"), 0);
    ck_assert_int_eq(stat(other + strlen("sqlite://"), &found), 0);
    ck_assert_int_eq(found.st_mode & 0777, 0600);
}
END_TEST

START_TEST(what_is_there_stays_unless_forced)
{
    const char *file;

    put_many(url, "a", 5);
    put_many(other, "b", 7);
    file = back_up(0);
    ck_assert_fails(restore(other, file, 0), TRIPSAGE_EEXISTS);
    ck_assert_int_eq(count_in(other, "b-%"), 7);
    ck_assert_ok(restore(other, file, 1));
    ck_assert_int_eq(count_in(other, "b-%"), 0);
    ck_assert_int_eq(count_in(other, "a-%"), 5);
}
END_TEST

START_TEST(an_open_database_is_not_replaced)
{
    tripsage__store *store;
    const char *file;

    put_many(url, "a", 5);
    file = back_up(0);
    store = open_store(other);
    ck_assert_ok(put_key(store, "b-0"));
    ck_assert_fails(restore(other, file, 1), TRIPSAGE_EBUSY);
    ck_assert_ok(put_key(store, "b-1"));
    ck_assert_int_eq(count_keys(store, "b-%"), 2);
    tripsage__store_release(store);
    ck_assert_ok(restore(other, file, 1));
    ck_assert_int_eq(count_in(other, "a-%"), 5);
}
END_TEST

/* What a program that was killed left in its log must not be taken for the new database's. */
START_TEST(the_old_log_goes_with_the_old_database)
{
    const char *file;
    pid_t child;

    put_many(url, "a", 5);
    file = back_up(0);
    child = fork();
    if (child == 0) {
        tripsage__store *store = open_store(other);

        for (int i = 0; i < 50; i++) {
            char key[32];

            snprintf(key, sizeof key, "b-%d", i);
            if (put_key(store, key) != TRIPSAGE_OK)
                _exit(1);
        }
        _exit(0); /* its log stays */
    }
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    ck_assert_int_eq(files_like(folder, "other.db-wal"), 1);
    ck_assert_ok(restore(other, file, 1));
    ck_assert_int_eq(count_in(other, "b-%"), 0);
    ck_assert_int_eq(count_in(other, "a-%"), 5);
}
END_TEST

START_TEST(a_damaged_database_is_replaced)
{
    const char *file;
    FILE *target;

    put_many(url, "a", 5);
    file = back_up(0);
    target = fopen(other + strlen("sqlite://"), "w");
    ck_assert_ptr_nonnull(target);
    fputs("this is no database, and never was", target);
    fclose(target);
    ck_assert_fails(restore(other, file, 0), TRIPSAGE_EEXISTS);
    ck_assert_ok(restore(other, file, 1));
    ck_assert_int_eq(count_in(other, "a-%"), 5);
}
END_TEST

/* ---- every byte ---- */

static void flip(const char *file, long at)
{
    int fd = open(file, O_RDWR);
    unsigned char byte;

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(pread(fd, &byte, 1, at), 1);
    byte ^= 0x20;
    ck_assert_int_eq(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

static long size_of(const char *file)
{
    struct stat found;

    ck_assert_int_eq(stat(file, &found), 0);
    return (long)found.st_size;
}

static void check_refused(const char *file)
{
    tripsage_doc *doc = NULL;

    ck_assert_fails(restore(other, file, 1), TRIPSAGE_ECORRUPT);
    ck_assert_fails(tripsage_backup_verify(&doc, NULL, file, NULL), TRIPSAGE_ECORRUPT);
    ck_assert_ptr_null(doc);
}

START_TEST(no_byte_changes_unseen)
{
    char manifest[300];
    const char *file;
    long size;

    put_many(url, "a", 50);
    put_many(other, "b", 3);
    file = back_up(0);
    snprintf(manifest, sizeof manifest, "%s.json", file);
    size = size_of(file);
    for (long i = 0; i < FLIPS; i++) {
        long at = i * (size - 1) / (FLIPS - 1);

        flip(file, at);
        ck_assert_fails(restore(other, file, 1), TRIPSAGE_ECORRUPT);
        flip(file, at);
    }
    for (long at = 0; at < size_of(manifest); at++) {
        flip(manifest, at);
        check_refused(file);
        flip(manifest, at);
    }
    ck_assert_int_eq(count_in(other, "b-%"), 3);
    ck_assert_ok(restore(other, file, 1));
    ck_assert_int_eq(count_in(other, "a-%"), 50);
}
END_TEST

START_TEST(a_cut_off_backup_is_refused)
{
    char manifest[300];
    const char *file;
    long size;

    put_many(url, "a", 50);
    put_many(other, "b", 3);
    file = back_up(0);
    snprintf(manifest, sizeof manifest, "%s.json", file);
    size = size_of(file);
    ck_assert_int_eq(truncate(file, size + 1), 0);
    check_refused(file);
    for (long left = size - 1; left >= 0; left = left > 4096 ? left / 2 : left - 4096) {
        ck_assert_int_eq(truncate(file, left), 0);
        check_refused(file);
    }
    ck_assert_int_eq(truncate(manifest, size_of(manifest) - 1), 0);
    check_refused(file);
    ck_assert_int_eq(unlink(manifest), 0);
    ck_assert_fails(restore(other, file, 1), TRIPSAGE_ENOTFOUND);
    ck_assert_int_eq(count_in(other, "b-%"), 3);
}
END_TEST

START_TEST(what_cannot_be_is_refused)
{
    tripsage_backup_options options = TRIPSAGE_BACKUP_OPTIONS_INIT;
    tripsage_doc *doc = NULL;
    const char *file;

    ck_assert_fails(tripsage_backup(&doc, "sqlite::memory:", vault, NULL), TRIPSAGE_ENOTSUP);
    ck_assert_fails(tripsage_backup(&doc, "sqlite:", vault, NULL), TRIPSAGE_EINVALID);
    ck_assert_fails(tripsage_backup(&doc, "mysql://x", vault, NULL), TRIPSAGE_ENOTSUP);
    ck_assert_fails(tripsage_backup(&doc, url, vault, NULL), TRIPSAGE_ENOTFOUND); /* there is no database */
    ck_assert_int_ne(access(path(), F_OK), 0);                                    /* and none was made */
    put_many(url, "a", 1);
    ck_assert_fails(tripsage_backup(&doc, url, "/nowhere", NULL), TRIPSAGE_ENOTFOUND);
    ck_assert_fails(tripsage_backup(&doc, url, path(), NULL), TRIPSAGE_ENOTFOUND);
    options.version = 0;
    ck_assert_fails(tripsage_backup(&doc, url, vault, &options), TRIPSAGE_EINVALID);
    file = back_up(0);
    ck_assert_fails(restore("sqlite::memory:", file, 0), TRIPSAGE_ENOTSUP);
    ck_assert_fails(restore("postgresql://localhost/x", file, 0), TRIPSAGE_ENOTSUP);
    ck_assert_fails(restore(other, path(), 0), TRIPSAGE_ENOTFOUND); /* a database, and no backup */
    ck_assert_int_eq(files_like(vault, ".partial"), 0);
}
END_TEST

/* ---- beside writers ---- */

typedef struct writing {
    tripsage__store *store;
    atomic_int stop, failed;
    atomic_int written[WRITERS];
} writing;

typedef struct writer {
    writing *all;
    int number;
} writer;

/* Two rows in each transaction. */
static void *write_pairs(void *context)
{
    const writer *w = context;

    for (int i = 0; !atomic_load(&w->all->stop); i++) {
        char left[64] = "", right[64] = "";
        tripsage__value params[] = {tripsage__text(left), tripsage__blob("0", 1), tripsage__text(right),
                                    tripsage__blob("0", 1)};
        const tripsage__step steps[] = {{&put, params, 2, NULL, NULL, NULL, NULL},
                                        {&put, params + 2, 2, NULL, NULL, NULL, NULL}};

        snprintf(left, sizeof left, "left-%d-%06d", w->number, i);
        snprintf(right, sizeof right, "right-%d-%06d", w->number, i);
        params[0] = tripsage__text(left);
        params[2] = tripsage__text(right);
        if (tripsage__store_write(w->all->store, NULL, steps, 2) != TRIPSAGE_OK)
            atomic_store(&w->all->failed, 1);
        atomic_store(&w->all->written[w->number], i + 1);
    }
    return NULL;
}

static void start_writers(pthread_t threads[WRITERS], writer writers[WRITERS], writing *all)
{
    atomic_init(&all->stop, 0);
    atomic_init(&all->failed, 0);
    for (int i = 0; i < WRITERS; i++) {
        atomic_init(&all->written[i], 0);
        writers[i] = (writer){all, i};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, write_pairs, &writers[i]), 0);
    }
}

static void stop_writers(pthread_t threads[WRITERS], writing *all)
{
    atomic_store(&all->stop, 1);
    for (int i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    ck_assert_int_eq(atomic_load(&all->failed), 0);
}

/* What a backup has is a state that was there: of each writer a beginning, no shorter than when the backup began, each pair whole. */
static void check_state(int64_t rows_before, int64_t rows_after)
{
    tripsage__store *store = open_store(other);
    int64_t left = count_keys(store, "left-%"), right = count_keys(store, "right-%");

    ck_assert_int_eq(left, right);
    ck_assert_int_ge(left, rows_before);
    ck_assert_int_le(left, rows_after);
    for (int i = 0; i < WRITERS; i++) {
        char like[32], last[64];
        int64_t count;

        snprintf(like, sizeof like, "left-%d-%%", i);
        count = count_keys(store, like);
        snprintf(last, sizeof last, "left-%d-%06d", i, (int)count - 1);
        ck_assert_int_eq(count_keys(store, last), count ? 1 : 0);
    }
    tripsage__store_release(store);
}

START_TEST(writers_go_on_meanwhile)
{
    writing all;
    writer writers[WRITERS];
    pthread_t threads[WRITERS];

    put_many(url, "a", 1);
    all.store = open_store(url);
    start_writers(threads, writers, &all);
    for (int round = 0; round < 4; round++) {
        int64_t before = 0, after = 0;
        const char *file;

        for (int i = 0; i < WRITERS; i++)
            before += atomic_load(&all.written[i]);
        file = back_up(0);
        for (int i = 0; i < WRITERS; i++)
            after += atomic_load(&all.written[i]) + 1;
        ck_assert_ok(restore(other, file, round > 0));
        check_state(before, after);
    }
    stop_writers(threads, &all);
    tripsage__store_release(all.store);
}
END_TEST

/* ---- how many are kept ---- */

START_TEST(the_oldest_go)
{
    char first[256], stray[300];
    FILE *file;

    put_many(url, "a", 1);
    snprintf(first, sizeof first, "%s", back_up(0));
    snprintf(stray, sizeof stray, "%s/t-notes.db.json", vault);
    file = fopen(stray, "w");
    ck_assert_ptr_nonnull(file);
    fclose(file);
    for (int i = 0; i < 4; i++)
        back_up(3);
    ck_assert_int_eq(files_like(vault, ".db"), 3);
    ck_assert_int_eq(files_like(vault, ".db.json"), 4);
    ck_assert_int_ne(access(first, F_OK), 0);
    ck_assert_int_eq(access(stray, F_OK), 0);
}
END_TEST

/* ---- what others feel ---- */

static const char *put_file(const char *name, off_t size)
{
    static char path[200];
    int fd;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    fd = open(path, O_RDWR | O_CREAT | O_TRUNC, S_IRUSR | S_IWUSR);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(ftruncate(fd, size), 0);
    close(fd);
    return path;
}

/* How long the rest after 20 ms of work is, in ms. */
static int64_t rest_after_20_ms(const tripsage__backup_job *job)
{
    int64_t began = tripsage__monotonic_us();

    tripsage__backup_rest(job, began - 20000);
    return (tripsage__monotonic_us() - began) / 1000;
}

/* A machine that has others to serve may take a rest's time for it once, and not each time. */
static int rests(const tripsage__backup_job *job)
{
    for (int i = 0; i < 5; i++)
        if (rest_after_20_ms(job) < 20)
            return 0;
    return 1;
}

/* It rests while somebody commits, and for a second more; never where nobody else is. */
START_TEST(rests_while_others_write)
{
    char *log = strdup(put_file("t.db-wal", 0));
    tripsage__backup_pace pace = {NULL, 0, 0};
    tripsage__backup_job job = {.pace = NULL};

    ck_assert(!rests(&job));
    job.pace = &pace;
    ck_assert_int_ge(rest_after_20_ms(&job), 20); /* who knows whether somebody writes */
    pace.log = log;
    ck_assert_int_ge(rest_after_20_ms(&job), 20); /* somebody may just have */
    pace.seen_us -= 1000000;
    ck_assert(!rests(&job)); /* nobody has for a second */
    ck_assert_int_eq(utimensat(AT_FDCWD, log, (struct timespec[2]){{1, 0}, {1, 0}}, 0), 0);
    ck_assert_int_ge(rest_after_20_ms(&job), 20); /* now somebody has */
    free(log);
}
END_TEST

/* What is removed is gone, however large; but only the name of what has another one, too. */
START_TEST(what_is_large_goes_in_pieces)
{
    const off_t size = 20 * 1024 * 1024 + 1;
    tripsage__backup_pace pace = {NULL, 0, 0};
    tripsage__backup_job job = {.pace = &pace};
    char kept[220];
    struct stat found;
    const char *path = put_file("large", size);

    ck_assert_int_eq(tripsage__backup_unlink(&job, path), 0);
    ck_assert_int_ne(access(path, F_OK), 0);
    ck_assert_int_ne(tripsage__backup_unlink(&job, path), 0);
    ck_assert_int_eq(errno, ENOENT);

    /* Somebody linked it elsewhere, to keep it: the name goes, the file stays as it is. */
    put_file("large", size);
    snprintf(kept, sizeof kept, "%s/kept", folder);
    ck_assert_int_eq(link(path, kept), 0);
    ck_assert_int_eq(tripsage__backup_unlink(&job, path), 0);
    ck_assert_int_eq(stat(kept, &found), 0);
    ck_assert_int_eq(found.st_size, size);
}
END_TEST

/* A disk without room is told before anything is copied. */
START_TEST(room_is_taken_first)
{
    int fd = open(put_file("copy", 0), O_RDWR);
    struct stat found;

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(tripsage__backup_reserve(fd, INT64_C(1) << 60), TRIPSAGE_EFULL);
    ck_assert_ok(tripsage__backup_reserve(fd, 1024 * 1024));
    ck_assert_int_eq(fstat(fd, &found), 0);
    ck_assert_int_eq(found.st_size, 0);
    ck_assert_int_ge(found.st_blocks, 2048);
    close(fd);
}
END_TEST

/* ---- killed at any moment ---- */

static void sleep_us(long us)
{
    struct timespec pause = {us / 1000000, us % 1000000 * 1000};

    nanosleep(&pause, NULL);
}

/* Has a child do it and kills it after a while. */
static void kill_during(void (*work)(int round), int round, long us)
{
    pid_t child = fork();

    if (child == 0) {
        for (;;)
            work(round);
    }
    ck_assert_int_gt(child, 0);
    sleep_us(us);
    kill(child, SIGKILL);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
}

static char ten[256], twenty[256];

static void restore_in_turn(int round)
{
    tripsage_restore_options options = TRIPSAGE_RESTORE_OPTIONS_INIT;
    tripsage_doc *done = NULL;

    options.force = 1;
    (void)tripsage_restore(&done, other, round % 2 ? ten : twenty, &options);
    (void)tripsage_restore(&done, other, round % 2 ? twenty : ten, &options);
}

START_TEST(a_restore_is_whole_or_nothing)
{
    put_many(url, "a", 10);
    snprintf(ten, sizeof ten, "%s", back_up(0));
    put_many(url, "b", 10);
    snprintf(twenty, sizeof twenty, "%s", back_up(0));
    ck_assert_ok(restore(other, ten, 0));
    for (int round = 0; round < KILLS; round++) {
        tripsage *ts;
        tripsage_doc *report;
        int64_t a, b;

        kill_during(restore_in_turn, round, 1000 + (round * 7919L) % 60000);
        a = count_in(other, "a-%");
        b = count_in(other, "b-%");
        ck_assert_int_eq(a, 10);
        ck_assert_msg(b == 0 || b == 10, "%d rows of the second half", (int)b);
        if (round % 10 == 0) {
            ck_assert_ok(tripsage_open(&ts, other, NULL));
            ck_assert_ok(tripsage_check(&report, ts));
            ck_assert_int_eq(tripsage_doc_bool(report, "/ok", 0), 1);
            tripsage_doc_free(report);
            tripsage_close(ts);
        }
    }
}
END_TEST

static void back_up_again(int round)
{
    tripsage_backup_options options = TRIPSAGE_BACKUP_OPTIONS_INIT;
    tripsage_doc *made = NULL;

    (void)round;
    options.keep = 3;
    (void)tripsage_backup(&made, url, vault, &options);
    tripsage_doc_free(made);
}

/* Every manifest there is belongs to a whole backup. */
START_TEST(a_backup_counts_when_it_is_whole)
{
    put_many(url, "a", 10);
    for (int round = 0; round < KILLS; round++) {
        DIR *dir;
        const struct dirent *entry;
        int whole = 0;

        kill_during(back_up_again, round, 1000 + (round * 7919L) % 50000);
        dir = opendir(vault);
        ck_assert_ptr_nonnull(dir);
        while ((entry = readdir(dir)) != NULL) {
            size_t length = strlen(entry->d_name);
            char file[400];
            tripsage_doc *doc;

            if (length < 9 || strcmp(entry->d_name + length - 8, ".db.json") != 0)
                continue;
            snprintf(file, sizeof file, "%s/%.*s", vault, (int)length - 5, entry->d_name);
            ck_assert_ok(tripsage_backup_verify(&doc, NULL, file, NULL));
            tripsage_doc_free(doc);
            whole++;
        }
        closedir(dir);
        ck_assert_int_le(whole, 4); /* one is made before the oldest goes */
    }
    ck_assert_ok(restore(other, back_up(3), 0));
    ck_assert_int_eq(count_in(other, "a-%"), 10);
}
END_TEST

SUITE_MAIN_WITH("store/backup", open_vault, remove_folder, a_backup_is_restored, what_is_there_stays_unless_forced,
                an_open_database_is_not_replaced, the_old_log_goes_with_the_old_database,
                a_damaged_database_is_replaced, no_byte_changes_unseen, a_cut_off_backup_is_refused,
                what_cannot_be_is_refused, writers_go_on_meanwhile, the_oldest_go, rests_while_others_write,
                what_is_large_goes_in_pieces, room_is_taken_first, a_restore_is_whole_or_nothing,
                a_backup_counts_when_it_is_whole)
