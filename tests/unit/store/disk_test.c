/* The store when the disk fails: a VFS before SQLite's own makes the n-th read, write, sync or lock fail. Expected: a commit that failed
 * failed for every write in it and left nothing, what was acknowledged stays, and the store goes on without being opened again. */
#include "fixture.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

/* ---- a disk that fails at the n-th call ---- */

typedef enum call {
    ON_OPEN = 1,
    ON_READ = 2,
    ON_WRITE = 4,
    ON_SYNC = 8,
    ON_TRUNCATE = 16,
    ON_SIZE = 32,
    ON_DELETE = 64,
    ON_ACCESS = 128,
    ON_LOCK = 256,
    ON_SHM_MAP = 512,
    ON_SHM_READER = 1024, /* the lock of a snapshot in the log */
} call;

static struct {
    atomic_int armed, for_good, fired;
    atomic_long until;
    int calls; /* which may fail */
    int files; /* of which: SQLITE_OPEN_MAIN_DB, SQLITE_OPEN_WAL */
    int code;  /* how */
} fault;

static atomic_int write_locks; /* how often the log's writing lock was taken: numbers the transactions that write */
static atomic_int refusals;    /* how often it was asked for in vain */

static int fails(call which, int file)
{
    long left;

    if (!atomic_load(&fault.armed) || !(fault.calls & (int)which) || !(fault.files & file))
        return 0;
    left = atomic_fetch_sub(&fault.until, 1);
    if (left > 0 || (left < 0 && !atomic_load(&fault.for_good)))
        return 0;
    atomic_store(&fault.fired, 1);
    return 1;
}

static void arm(int calls, int files, int code, long n, int for_good)
{
    fault.calls = calls;
    fault.files = files;
    fault.code = code;
    atomic_store(&fault.until, n);
    atomic_store(&fault.for_good, for_good);
    atomic_store(&fault.fired, 0);
    atomic_store(&fault.armed, 1);
}

static int disarm(void)
{
    atomic_store(&fault.armed, 0);
    return atomic_load(&fault.fired);
}

typedef struct disk_file {
    sqlite3_file base;
    int kind; /* SQLITE_OPEN_MAIN_DB, SQLITE_OPEN_WAL, ... */
    sqlite3_file *real;
} disk_file;

static disk_file *of(sqlite3_file *file)
{
    return (disk_file *)file;
}

static sqlite3_file *real(sqlite3_file *file)
{
    return of(file)->real;
}

static int disk_close(sqlite3_file *file)
{
    return real(file)->pMethods->xClose(real(file));
}

static int disk_read(sqlite3_file *file, void *out, int size, sqlite3_int64 offset)
{
    return fails(ON_READ, of(file)->kind) ? fault.code : real(file)->pMethods->xRead(real(file), out, size, offset);
}

/* A disk that fills up takes the first half. */
static int disk_write(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 offset)
{
    if (!fails(ON_WRITE, of(file)->kind))
        return real(file)->pMethods->xWrite(real(file), bytes, size, offset);
    real(file)->pMethods->xWrite(real(file), bytes, size / 2, offset);
    return fault.code;
}

static int disk_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    return fails(ON_TRUNCATE, of(file)->kind) ? fault.code : real(file)->pMethods->xTruncate(real(file), size);
}

static int disk_sync(sqlite3_file *file, int flags)
{
    return fails(ON_SYNC, of(file)->kind) ? fault.code : real(file)->pMethods->xSync(real(file), flags);
}

static int disk_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return fails(ON_SIZE, of(file)->kind) ? fault.code : real(file)->pMethods->xFileSize(real(file), size);
}

static int disk_lock(sqlite3_file *file, int level)
{
    return fails(ON_LOCK, of(file)->kind) ? fault.code : real(file)->pMethods->xLock(real(file), level);
}

static int disk_unlock(sqlite3_file *file, int level)
{
    return real(file)->pMethods->xUnlock(real(file), level);
}

static int disk_is_reserved(sqlite3_file *file, int *out)
{
    return real(file)->pMethods->xCheckReservedLock(real(file), out);
}

static int disk_control(sqlite3_file *file, int what, void *argument)
{
    return real(file)->pMethods->xFileControl(real(file), what, argument);
}

static int disk_sector(sqlite3_file *file)
{
    return real(file)->pMethods->xSectorSize(real(file));
}

static int disk_traits(sqlite3_file *file)
{
    return real(file)->pMethods->xDeviceCharacteristics(real(file));
}

static int disk_shm_map(sqlite3_file *file, int region, int size, int extend, void volatile **out)
{
    *out = NULL;
    return fails(ON_SHM_MAP, of(file)->kind) ? fault.code
                                             : real(file)->pMethods->xShmMap(real(file), region, size, extend, out);
}

static int disk_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    int code;

    /* Locks 3 to 7 are the readers' snapshots, 0 is the writer's (the WAL format, section 2.3). */
    if ((flags & SQLITE_SHM_LOCK) && offset >= 3 && fails(ON_SHM_READER, of(file)->kind))
        return fault.code;
    code = real(file)->pMethods->xShmLock(real(file), offset, count, flags);
    if (code == SQLITE_OK && offset == 0 && (flags & SQLITE_SHM_LOCK))
        atomic_fetch_add(&write_locks, 1);
    if (code == SQLITE_BUSY && offset == 0)
        atomic_fetch_add(&refusals, 1);
    return code;
}

static void disk_shm_barrier(sqlite3_file *file)
{
    real(file)->pMethods->xShmBarrier(real(file));
}

static int disk_shm_unmap(sqlite3_file *file, int remove_it)
{
    return real(file)->pMethods->xShmUnmap(real(file), remove_it);
}

static const sqlite3_io_methods disk_methods = {
    .iVersion = 2,
    .xClose = disk_close,
    .xRead = disk_read,
    .xWrite = disk_write,
    .xTruncate = disk_truncate,
    .xSync = disk_sync,
    .xFileSize = disk_size,
    .xLock = disk_lock,
    .xUnlock = disk_unlock,
    .xCheckReservedLock = disk_is_reserved,
    .xFileControl = disk_control,
    .xSectorSize = disk_sector,
    .xDeviceCharacteristics = disk_traits,
    .xShmMap = disk_shm_map,
    .xShmLock = disk_shm_lock,
    .xShmBarrier = disk_shm_barrier,
    .xShmUnmap = disk_shm_unmap,
};

static sqlite3_vfs disk;
static sqlite3_vfs *plain;

static int disk_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out_flags)
{
    disk_file *f = of(file);
    int code;

    (void)vfs;
    memset(f, 0, sizeof *f);
    f->kind = flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL);
    if (fails(ON_OPEN, f->kind))
        return fault.code;
    f->real = (sqlite3_file *)(f + 1);
    code = plain->xOpen(plain, name, f->real, flags, out_flags);
    if (f->real->pMethods)
        f->base.pMethods = &disk_methods;
    return code;
}

static int disk_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
    (void)vfs;
    return fails(ON_DELETE, SQLITE_OPEN_WAL) ? fault.code : plain->xDelete(plain, name, sync);
}

static int disk_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
    (void)vfs;
    return fails(ON_ACCESS, SQLITE_OPEN_WAL) ? fault.code : plain->xAccess(plain, name, flags, out);
}

static int disk_last_error(sqlite3_vfs *vfs, int size, char *out)
{
    (void)vfs;
    if (atomic_load(&fault.armed) && fault.code == SQLITE_IOERR_SHMSIZE)
        return ENOSPC;
    return plain->xGetLastError(plain, size, out);
}

/* SQLite sleeps while it tries again for a snapshot; a disk that fails need not be waited for. */
static int disk_sleep(sqlite3_vfs *vfs, int us)
{
    (void)vfs;
    return atomic_load(&fault.armed) ? us : plain->xSleep(plain, us);
}

static void install(void)
{
    plain = sqlite3_vfs_find(NULL);
    ck_assert_ptr_nonnull(plain);
    disk = *plain; /* what is not replaced does not look at its first argument's data */
    disk.zName = "disk";
    disk.szOsFile = plain->szOsFile + (int)sizeof(disk_file);
    disk.xOpen = disk_open;
    disk.xDelete = disk_delete;
    disk.xAccess = disk_access;
    disk.xSleep = disk_sleep;
    disk.xGetLastError = disk_last_error;
    ck_assert_int_eq(sqlite3_vfs_register(&disk, 1), SQLITE_OK);
}

/* Each way a disk fails, for the calls it may fail at. */
static const struct failure {
    const char *name;
    int call, code;
    tripsage_status expected;
} failures[] = {
    {"a full disk", ON_WRITE, SQLITE_FULL, TRIPSAGE_EFULL},
    {"a write", ON_WRITE, SQLITE_IOERR_WRITE, TRIPSAGE_EIO},
    {"a sync", ON_SYNC, SQLITE_IOERR_FSYNC, TRIPSAGE_EIO},
    {"a read", ON_READ, SQLITE_IOERR_READ, TRIPSAGE_EIO},
    {"a truncation", ON_TRUNCATE, SQLITE_IOERR_TRUNCATE, TRIPSAGE_EIO},
    {"a size", ON_SIZE, SQLITE_IOERR_FSTAT, TRIPSAGE_EIO},
    {"a lock", ON_LOCK, SQLITE_IOERR_LOCK, TRIPSAGE_EIO},
    {"the shared memory", ON_SHM_MAP, SQLITE_IOERR_SHMMAP, TRIPSAGE_EIO},
    {"shared memory on a full disk", ON_SHM_MAP, SQLITE_IOERR_SHMSIZE, TRIPSAGE_EFULL},
    {"an opening", ON_OPEN, SQLITE_CANTOPEN, TRIPSAGE_EIO},
    {"a deletion", ON_DELETE, SQLITE_IOERR_DELETE, TRIPSAGE_EIO},
    {"a look for a file", ON_ACCESS, SQLITE_IOERR_ACCESS, TRIPSAGE_EIO},
};

enum { FAILURES = sizeof failures / sizeof failures[0], ANY_FILE = ~0 };

/* ---- commits ---- */

enum { THREADS = 6 };

typedef struct worker {
    tripsage__store *store;
    char key[48];
    int transaction; /* the number of the one that ran it last */
    tripsage_status status, told;
} worker;

static void note_transaction(void *context)
{
    ((worker *)context)->transaction = atomic_load(&write_locks);
}

static void *write_one(void *argument)
{
    worker *w = argument;
    tripsage__value params[] = {tripsage__text(w->key), tripsage__blob(w, sizeof *w)};
    const tripsage__step step = {&put, params, 2, note_transaction, NULL, w, NULL};

    w->status = tripsage__store_write(w->store, NULL, &step, 1);
    w->told = w->status == TRIPSAGE_OK ? TRIPSAGE_OK : tripsage_last_error()->status;
    return NULL;
}

/* How long writes may gather; on a busy machine it has to be longer. */
static useconds_t gathering_us = 2000;

/* Lets several writes gather behind a lock, and a fault strike while they are committed. */
static void write_together(tripsage__store *store, worker *workers, const struct failure *f, long n, int for_good)
{
    pthread_t threads[THREADS];
    sqlite3 *blocker;

    ck_assert_int_eq(sqlite3_open(path(), &blocker), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(blocker, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (worker){store, "", -1, TRIPSAGE_OK, TRIPSAGE_OK};
        snprintf(workers[i].key, sizeof workers[i].key, "%s-%d-%ld-%d", f->name, for_good, n, i);
        ck_assert_int_eq(pthread_create(&threads[i], NULL, write_one, &workers[i]), 0);
    }
    usleep(gathering_us);
    arm(f->call, ANY_FILE, f->code, n, for_good);
    ck_assert_int_eq(sqlite3_exec(blocker, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    disarm();
    sqlite3_close(blocker);
}

/* Every write is there if and only if it was told so, and no transaction was half good. Returns how many writes failed together. */
static int compare(tripsage__store *store, const worker *workers, const struct failure *f, long n)
{
    int together = 0;

    for (int i = 0; i < THREADS; i++) {
        const worker *w = &workers[i];
        int others = 0;

        ck_assert_msg(w->status == TRIPSAGE_OK || w->status == f->expected, "%s, call %ld: %s", f->name, n,
                      tripsage_status_name(w->status));
        ck_assert_int_eq(w->told, w->status);
        ck_assert_int_eq(count_keys(store, w->key), w->status == TRIPSAGE_OK);
        for (int k = 0; k < THREADS; k++)
            if (workers[k].transaction == w->transaction && w->transaction >= 0) {
                ck_assert_int_eq(workers[k].status, w->status);
                others++;
            }
        if (w->status != TRIPSAGE_OK && others > together)
            together = others;
    }
    return together;
}

/* What a power cut now would leave: the files as they are, opened elsewhere. */
static int64_t count_after_crash(void)
{
    char command[200], copy[128];
    tripsage__store *store;
    int64_t count;

    snprintf(command, sizeof command, "cd %s && mkdir -p crash && rm -f crash/* && cp t.db t.db-wal crash/", folder);
    ck_assert_int_eq(system(command), 0);
    snprintf(copy, sizeof copy, "sqlite://%s/crash/t.db", folder);
    store = open_store(copy);
    count = count_keys(store, "%");
    tripsage__store_release(store);
    return count;
}

/* Returns how many writes there were, at most, in a commit that failed. */
static int check_commits(const struct failure *f, int for_good)
{
    tripsage__store *store;
    worker workers[THREADS];
    int64_t good = 0;
    int together = 0;
    long n = 0;

    make_folder();
    store = open_store(url);
    do {
        char key[32];
        int failed;

        write_together(store, workers, f, n, for_good);
        failed = compare(store, workers, f, n);
        together = failed > together ? failed : together;
        snprintf(key, sizeof key, "after-%ld", n);
        ck_assert_msg(put_key(store, key) == TRIPSAGE_OK, "%s, call %ld: %s", f->name, n,
                      tripsage_last_error()->message);
        good++;
        for (int i = 0; i < THREADS; i++)
            good += workers[i].status == TRIPSAGE_OK;
        ck_assert_int_eq(count_keys(store, "%"), good);
    } while (atomic_load(&fault.fired) && ++n);
    ck_assert_int_gt(n, 1);
    ck_assert_int_eq(count_after_crash(), good);
    tripsage__store_release(store);
    store = open_store(url);
    ck_assert_int_eq(count_keys(store, "%"), good);
    tripsage__store_release(store);
    remove_folder();
    return together;
}

START_TEST(a_commit_that_fails_fails_for_all_in_it)
{
    install();
    for (int i = 0; i < 2 * FAILURES; i++) {
        const struct failure *f = &failures[i / 2];

        if (f->call == ON_WRITE || f->call == ON_SYNC)
            while (check_commits(f, i % 2) < 2) /* a commit of one proves too little: give them more time to gather */
                gathering_us *= 4;
    }
}
END_TEST

/* Over a thousand pages: SQLite copies the log into the file as part of this commit. */
enum { LARGE = 6 * 1024 * 1024 };

START_TEST(what_fails_after_the_commit_does_not_fail_the_write)
{
    static char large[LARGE];
    tripsage__store *store;
    int fired = 0;
    long n = 0;

    install();
    make_folder();
    store = open_store(url);
    do {
        char key[32];

        snprintf(key, sizeof key, "large-%ld", n);
        arm(ON_WRITE | ON_SYNC | ON_TRUNCATE, SQLITE_OPEN_MAIN_DB, SQLITE_IOERR_WRITE, n, 1);
        ck_assert_int_eq(put_value(store, key, large, sizeof large), TRIPSAGE_OK);
        fired += disarm();
        ck_assert_int_eq(count_keys(store, "large-%"), n + 1);
        ck_assert_int_eq(count_after_crash(), 2 * n + 1);
        ck_assert_int_eq(put_key(store, key + strlen("large-")), TRIPSAGE_OK);
        n++;
    } while (n < 3);
    ck_assert_int_gt(fired, 0);
    tripsage__store_release(store);
    remove_folder();
}
END_TEST

/* ---- opening ---- */

static tripsage_status open_with_fault(const struct failure *f, long n, int for_good)
{
    tripsage__store *store;
    tripsage_status status;

    arm(f->call, ANY_FILE, f->code, n, for_good);
    status = tripsage__store_open(&store, url, NULL);
    disarm();
    ck_assert_msg(status == TRIPSAGE_OK || status == f->expected, "%s, call %ld: %s: %s", f->name, n,
                  tripsage_status_name(status), tripsage_last_error()->message);
    tripsage__store_release(store);
    return status;
}

/* How often an opening makes the calls that may fail. */
static long count_opening(const struct failure *f)
{
    open_with_fault(f, LONG_MAX, 0);
    return LONG_MAX - atomic_load(&fault.until);
}

/* The point after n. Tried are the first and the last, where a file is made and a commit ends, and a few of those between them: one
 * migration's pages are like another's. */
static long next_point(long n, long calls)
{
    enum { EDGE = 12, BETWEEN = 12 };
    long stride = (calls - 2 * EDGE) / BETWEEN;

    if (n < EDGE || n >= calls - EDGE || stride < 2)
        return n + 1;
    return n + stride < calls - EDGE ? n + stride : calls - EDGE;
}

static void open_new_files(const struct failure *f, int for_good)
{
    long calls, n = 0;

    make_folder();
    calls = count_opening(f);
    remove_folder();
    do {
        tripsage__store *store;

        make_folder();
        open_with_fault(f, n, for_good);
        store = open_store(url);
        ck_assert_int_eq(put_key(store, "after"), TRIPSAGE_OK);
        tripsage__store_release(store);
        remove_folder();
        n = next_point(n, calls);
    } while (atomic_load(&fault.fired));
}

START_TEST(a_new_file_is_opened_or_left_for_later)
{
    install();
    for (int i = 0; i < 2 * FAILURES; i++)
        open_new_files(&failures[i / 2], i % 2);
}
END_TEST

static void open_old_file(const struct failure *f, int for_good)
{
    long calls = count_opening(f), n = 0;

    do {
        tripsage__store *store;

        open_with_fault(f, n, for_good);
        store = open_store(url);
        ck_assert_int_eq(count_keys(store, "%"), 1);
        tripsage__store_release(store);
        n = next_point(n, calls);
    } while (atomic_load(&fault.fired));
}

START_TEST(an_old_file_is_opened_or_left_as_it_was)
{
    tripsage__store *store;

    install();
    make_folder();
    store = open_store(url);
    ck_assert_int_eq(put_key(store, "kept"), TRIPSAGE_OK);
    tripsage__store_release(store);
    for (int i = 0; i < 2 * FAILURES; i++)
        open_old_file(&failures[i / 2], i % 2);
    remove_folder();
}
END_TEST

/* ---- reading ---- */

static void remove_key(const char *key)
{
    sqlite3 *db;
    char *sql = sqlite3_mprintf("DELETE FROM meta WHERE key = %Q", key);

    ck_assert_int_eq(sqlite3_open(path(), &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_free(sql);
    sqlite3_close(db);
}

static tripsage_status read_with_fault(tripsage__store *store, const struct failure *f, long n, int for_good)
{
    int64_t count = -1;
    tripsage__value params[] = {tripsage__text("%")};
    const tripsage__step steps[] = {{&count_all, params, 1, NULL, take_int, &count, NULL},
                                    {&count_all, params, 1, NULL, take_int, &count, NULL}};
    tripsage_status status;

    arm(f->call, ANY_FILE, f->code, n, for_good);
    status = tripsage__store_read(store, NULL, steps, 2);
    disarm();
    ck_assert_msg(status == TRIPSAGE_OK || status == f->expected, "%s, call %ld: %s: %s", f->name, n,
                  tripsage_status_name(status), tripsage_last_error()->message);
    if (status == TRIPSAGE_OK)
        ck_assert_int_eq(count, 1);
    return status;
}

START_TEST(a_reader_that_failed_reads_again)
{
    tripsage__store *store;
    int failed = 0;

    install();
    make_folder();
    store = open_store(url);
    ck_assert_int_eq(put_key(store, "kept"), TRIPSAGE_OK);
    tripsage__store_release(store);
    for (int i = 0; i < 2 * FAILURES; i++) {
        long n = 0;

        do {
            store = open_store(url); /* its first reader is opened by the read */
            failed += read_with_fault(store, &failures[i / 2], n, i % 2) != TRIPSAGE_OK;
            ck_assert_int_eq(count_keys(store, "%"), 1);
            ck_assert_int_eq(put_key(store, "more"), TRIPSAGE_OK);
            ck_assert_int_eq(count_keys(store, "%"), 2); /* not the snapshot it failed in */
            ck_assert_int_eq(put_key(store, "more"), TRIPSAGE_EEXISTS);
            tripsage__store_release(store);
            remove_key("more");
        } while (atomic_load(&fault.fired) && ++n);
    }
    ck_assert_int_gt(failed, FAILURES);
    remove_folder();
}
END_TEST

START_TEST(a_snapshot_that_cannot_be_had_is_the_store_being_busy)
{
    static const struct failure contended = {"a snapshot", ON_SHM_READER, SQLITE_BUSY, TRIPSAGE_EBUSY};
    tripsage__store *store;

    install();
    make_folder();
    store = open_store(url);
    ck_assert_int_eq(put_key(store, "kept"), TRIPSAGE_OK);
    ck_assert_int_eq(read_with_fault(store, &contended, 0, 1), TRIPSAGE_EBUSY); /* SQLite: SQLITE_PROTOCOL */
    ck_assert_int_eq(read_with_fault(store, &contended, 0, 0), TRIPSAGE_OK);    /* once: it tries again */
    tripsage__store_release(store);
    remove_folder();
}
END_TEST

/* A busy writer of another process lets go of the lock for a tenth of a millisecond between two commits, and whoever waits gets in when
 * it happens to ask just then. */
START_TEST(a_writer_that_waits_asks_often)
{
    enum { PATIENCE_MS = 500 };
    static const tripsage__store_options impatient = {.busy_timeout_ms = PATIENCE_MS};
    tripsage__store *store;
    sqlite3 *other;

    install();
    make_folder();
    ck_assert_int_eq(tripsage__store_open(&store, url, &impatient), TRIPSAGE_OK);
    ck_assert_int_eq(sqlite3_open(path(), &other), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    atomic_store(&refusals, 0);
    ck_assert_int_eq(put_key(store, "late"), TRIPSAGE_EBUSY);
    ck_assert_int_ge(atomic_load(&refusals), PATIENCE_MS);
    sqlite3_close(other);
    ck_assert_int_eq(put_key(store, "late"), TRIPSAGE_OK);
    tripsage__store_release(store);
    remove_folder();
}
END_TEST

SUITE_MAIN_THREADS("store/disk", NULL, NULL, (a_commit_that_fails_fails_for_all_in_it),
                   what_fails_after_the_commit_does_not_fail_the_write, a_new_file_is_opened_or_left_for_later,
                   an_old_file_is_opened_or_left_as_it_was, a_reader_that_failed_reads_again,
                   a_snapshot_that_cannot_be_had_is_the_store_being_busy, a_writer_that_waits_asks_often)
