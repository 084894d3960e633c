/* store/sqlite/backup.c: a database into a file while others write, and a file into the database's place.
 *
 * A dump copies pages with SQLite's backup API under one snapshot of the log: others may commit meanwhile, and the copy does not begin
 * anew.
 *
 * A load never touches the database until a file beside it has all of the backup, with the right checksum, and has passed the checks.
 * Then the database is made one file (its log folded in), under a lock that nobody else holds any part of, and the new one is renamed
 * into its place. Whenever the program is killed, what is there is the old database or the new one. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "sqlite.h"

/* 256 pages of 4 KiB: what is copied at once, in a millisecond or two. */
#define STEP_PAGES 256

/* ---- a file as an engine ---- */

static tripsage_status cannot(const char *doing, const char *path)
{
    tripsage_status status = TRIPSAGE_EIO;

    if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG)
        status = TRIPSAGE_EFULL;
    else if (errno == EACCES || errno == EPERM || errno == EROFS)
        status = TRIPSAGE_EREADONLY;
    else if (errno == ENOENT || errno == ENOTDIR)
        status = TRIPSAGE_ENOTFOUND;
    return TRIPSAGE_FAIL_NATIVE(status, errno, "cannot %s %s: %s", doing, path, strerror(errno));
}

/* What connecting needs of one. */
static tripsage_status engine_of(engine *e, const tripsage__backup_job *job)
{
    tripsage_status status;

    memset(e, 0, sizeof *e);
    e->env = job->env;
    e->busy_timeout_ms = job->busy_timeout_ms ? job->busy_timeout_ms : 10000;
    status = tripsage__sqlite_parse_url(e, job->url);
    if (status == TRIPSAGE_OK && e->in_memory)
        return TRIPSAGE_FAIL(TRIPSAGE_ENOTSUP, "a database in memory has no file to back up or to restore");
    return status;
}

static tripsage_status path_beside(char **out, const char *path, const char *suffix)
{
    tripsage__buf buf = TRIPSAGE__BUF_INIT(65536);

    tripsage__buf_printf(&buf, "%s%s", path, suffix);
    if (buf.failed)
        tripsage__buf_free(&buf);
    *out = tripsage__buf_take(&buf, NULL);
    return *out ? TRIPSAGE_OK : TRIPSAGE_NOMEM();
}

tripsage_status tripsage__sqlite_name_of(tripsage__buf *out, const char *url)
{
    engine e;
    const char *slash, *name;
    size_t length;
    tripsage_status status;

    memset(&e, 0, sizeof e);
    status = tripsage__sqlite_parse_url(&e, url);
    if (status == TRIPSAGE_OK) {
        slash = strrchr(e.path, '/');
        name = slash ? slash + 1 : e.path;
        length = strlen(name);
        if (length > 3 && strcmp(name + length - 3, ".db") == 0)
            length -= 3;
        tripsage__buf_put(out, name, length);
    }
    tripsage__free(e.path);
    return status;
}

/* ---- dump ---- */

static const tripsage__statement schema_of = {
    "backup_schema",
    "SELECT (SELECT application_id FROM pragma_application_id), count(*),"
    " (SELECT page_count * page_size FROM pragma_page_count, pragma_page_size) FROM sqlite_schema",
    NULL};
static const tripsage__statement number_of = {"backup_number", "SELECT max(number) FROM schema_migration", NULL};

typedef struct looked_at {
    int64_t application, objects, bytes;
} looked_at;

static tripsage_status take_looked(void *context, const tripsage__row *row)
{
    looked_at *found = context;

    found->application = tripsage__row_int(row, 0);
    found->objects = tripsage__row_int(row, 1);
    found->bytes = tripsage__row_int(row, 2);
    return TRIPSAGE_OK;
}

static tripsage_status take_one(void *context, const tripsage__row *row)
{
    *(int64_t *)context = tripsage__row_int(row, 0);
    return TRIPSAGE_OK;
}

/* Begins the snapshot and looks at what it is of. */
static tripsage_status begin_snapshot(connection *source, int64_t *schema, int64_t *bytes)
{
    looked_at found = {0, 0, 0};
    const tripsage__step looking = {&schema_of, NULL, 0, NULL, take_looked, &found, NULL};
    const tripsage__step counting = {&number_of, NULL, 0, NULL, take_one, schema, NULL};
    int wrote = 0;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__sqlite_begin(source));
    TRIPSAGE_TRY(tripsage__sqlite_run(source, &looking, &wrote));
    if (found.application != SQLITE_APPLICATION_ID)
        return TRIPSAGE_FAIL(TRIPSAGE_EMIGRATION, found.objects
                                                      ? "the file is an SQLite database of another program"
                                                      : "the file is an empty database: there is nothing in it");
    *bytes = found.bytes;
    status = tripsage__sqlite_run(source, &counting, &wrote);
out:
    return status;
}

/* Without a journal: what was cut off is thrown away. */
static tripsage_status open_copy(sqlite3 **db, const char *path)
{
    int code = sqlite3_open_v2(path, db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);

    if (code == SQLITE_OK)
        code = sqlite3_exec(*db, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -2048", NULL,
                            NULL, NULL);
    return code == SQLITE_OK ? TRIPSAGE_OK : SQL_FAILED(*db, code, path);
}

static tripsage_status copy_pages(const tripsage__backup_job *job, sqlite3_backup *backup, sqlite3 *to, int fd)
{
    tripsage_status status = TRIPSAGE_OK;
    int code = SQLITE_OK;

    while (code == SQLITE_OK && status == TRIPSAGE_OK) {
        int64_t began = tripsage__monotonic_us();

        code = sqlite3_backup_step(backup, STEP_PAGES);
        if (code == SQLITE_OK)
            status = tripsage__backup_flush(fd); /* a commit that finds hundreds of megabytes waiting waits for them */
        tripsage__backup_tell(job, "copy", sqlite3_backup_pagecount(backup) - sqlite3_backup_remaining(backup),
                              sqlite3_backup_pagecount(backup));
        if (code == SQLITE_OK)
            tripsage__backup_rest(job, began);
    }
    if (status == TRIPSAGE_OK && code != SQLITE_DONE)
        status = SQL_FAILED(to, code, "backup");
    return status;
}

/* The file is open a second time, for what SQLite has no call for; until SQLite has closed it, as closing any ends all locks of a file. */
static tripsage_status copy_database(const tripsage__backup_job *job, connection *source, const char *path,
                                     int64_t bytes)
{
    sqlite3 *copy = NULL;
    sqlite3_backup *backup;
    int code, fd = open(path, O_WRONLY | O_CLOEXEC);
    tripsage_status status;

    if (fd < 0)
        return cannot("open", path);
    TRIPSAGE_TRY(tripsage__backup_reserve(fd, bytes));
    TRIPSAGE_TRY(open_copy(&copy, path));
    backup = sqlite3_backup_init(copy, "main", source->db, "main");
    if (!backup) {
        status = SQL_FAILED(copy, sqlite3_errcode(copy), "backup");
        goto out;
    }
    status = copy_pages(job, backup, copy, fd);
    code = sqlite3_backup_finish(backup);
    if (status == TRIPSAGE_OK && code != SQLITE_OK)
        status = SQL_FAILED(copy, code, "backup");
out:
    sqlite3_close(copy);
    close(fd);
    return status;
}

tripsage_status tripsage__sqlite_dump(const tripsage__backup_job *job, const char *path, int64_t *schema)
{
    connection source;
    engine e;
    int64_t bytes = 0;
    tripsage_status status;

    memset(&source, 0, sizeof source);
    TRIPSAGE_TRY(engine_of(&e, job));
    if (access(e.path, F_OK) != 0) {
        status = TRIPSAGE_FAIL_NATIVE(TRIPSAGE_ENOTFOUND, errno, "there is no database at %s", e.path);
        goto out;
    }
    TRIPSAGE_TRY(tripsage__sqlite_connect(&source, &e, 0));
    TRIPSAGE_TRY(begin_snapshot(&source, schema, &bytes));
    if (job->pace)
        TRIPSAGE_TRY(path_beside(&job->pace->log, e.path, "-wal"));
    status = copy_database(job, &source, path, bytes);
out:
    tripsage__sqlite_disconnect(&source);
    tripsage__free(e.path);
    return status;
}

/* ---- load: a file beside the database ---- */

/* The file that becomes the database; locked, so that two loads do not write into one. */
typedef struct scratch {
    char *path;
    int fd; /* -1: none */
} scratch;

/* Needs no memory, so that it cannot fail for want of it: what was left behind would be taken for the next one's. */
static void remove_beside(const char *path, const char *suffix)
{
    char beside[PATH_MAX + 16];
    int size = snprintf(beside, sizeof beside, "%s%s", path, suffix);

    if (size > 0 && (size_t)size < sizeof beside) /* no longer path can be */
        unlink(beside);
}

/* What SQLite has beside a database. */
static void remove_logs(const char *path)
{
    remove_beside(path, "-wal");
    remove_beside(path, "-shm");
    remove_beside(path, "-journal");
}

/* One that was left behind is used again. Another load may have renamed it between opening and locking: then it is not ours. */
static tripsage_status make_scratch(scratch *s, const char *path, const char *suffix)
{
    struct stat opened, named;
    tripsage_status status = path_beside(&s->path, path, suffix);

    if (status != TRIPSAGE_OK)
        return status;
    s->fd = open(s->path, O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (s->fd < 0)
        return cannot("make", s->path);
    if (flock(s->fd, LOCK_EX | LOCK_NB) != 0 || fstat(s->fd, &opened) != 0 || stat(s->path, &named) != 0 ||
        opened.st_ino != named.st_ino || opened.st_dev != named.st_dev) {
        close(s->fd);
        s->fd = -1;
        return TRIPSAGE_FAIL(TRIPSAGE_EBUSY, "somebody else is restoring this database");
    }
    remove_logs(s->path);
    return ftruncate(s->fd, 0) == 0 ? TRIPSAGE_OK : cannot("empty", s->path);
}

/* Without the file where it has not become the database. */
static void end_scratch(const tripsage__backup_job *job, scratch *s, int became)
{
    if (s->fd >= 0 && !became) {
        remove_logs(s->path);
        tripsage__backup_unlink(job, s->path);
    }
    if (s->fd >= 0)
        close(s->fd);
    tripsage__free(s->path);
}

/* One that is whole, ours, and not newer than this library. */
static tripsage_status examine(const tripsage__backup_job *job, const engine *target, const char *path)
{
    tripsage__buf problems = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    engine e = *target;
    size_t count = 0;
    tripsage_status status;

    e.path = (char *)(uintptr_t)path;
    tripsage__backup_tell(job, "check", 0, 0);
    TRIPSAGE_TRY(tripsage__sqlite_connect(&e.writer, &e, 1));
    TRIPSAGE_TRY(tripsage__sqlite_recognise(&e));
    TRIPSAGE_TRY(tripsage__sqlite_check(&e, &problems, &count));
    if (count)
        status = TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "the database in the backup is damaged: %.*s",
                               (int)(problems.size < 160 ? problems.size : 160), problems.data);
out:
    tripsage__sqlite_disconnect(&e.writer);
    tripsage__buf_free(&problems);
    return status;
}

/* ---- load: taking the database's place ---- */

static tripsage_status there_is_one(const engine *target)
{
    return TRIPSAGE_FAIL(TRIPSAGE_EEXISTS, "there is a database at %s: restore elsewhere, or with force (--force)",
                         target->path);
}

static tripsage_status in_use(void)
{
    return TRIPSAGE_FAIL(TRIPSAGE_EBUSY, "somebody has the database open: stop the server, then restore");
}

/* Folds the log into the file, and keeps the lock. SQLITE_BUSY: others have it open. */
static int fold(sqlite3 *db)
{
    sqlite3_stmt *stmt = NULL;
    const char *mode;
    int code = sqlite3_exec(db, "PRAGMA locking_mode = EXCLUSIVE", NULL, NULL, NULL);

    if (code == SQLITE_OK)
        code = sqlite3_prepare_v2(db, "PRAGMA journal_mode = DELETE", -1, &stmt, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(stmt);
    if (code == SQLITE_ROW) {
        mode = (const char *)sqlite3_column_text(stmt, 0);
        code = mode && strcmp(mode, "delete") == 0 ? SQLITE_OK : SQLITE_BUSY;
    }
    sqlite3_finalize(stmt);
    return code == SQLITE_OK ? sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL) : code;
}

/* What is damaged cannot be read, but it can be locked: SQLite's own locks lie on bytes that hold no data. */
static int lock_unread(sqlite3 *db)
{
    static const int levels[] = {SQLITE_LOCK_SHARED, SQLITE_LOCK_RESERVED, SQLITE_LOCK_EXCLUSIVE};
    sqlite3_file *file = NULL;
    int code = sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file);

    if (code == SQLITE_OK && (!file || !file->pMethods))
        code = SQLITE_CANTOPEN;
    for (size_t i = 0; i < sizeof levels / sizeof levels[0] && code == SQLITE_OK; i++)
        code = file->pMethods->xLock(file, levels[i]);
    return code;
}

static int open_old(sqlite3 **db, engine *target)
{
    int code = sqlite3_open_v2(target->path, db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);

    if (code == SQLITE_OK)
        sqlite3_busy_handler(*db, tripsage__sqlite_wait, target);
    return code;
}

/* Nobody but us is at the old database until it is closed, and it needs no file beside it. */
static tripsage_status retire(sqlite3 **old, engine *target)
{
    int code = open_old(old, target);

    if (code == SQLITE_OK)
        code = fold(*old);
    if ((code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB) {
        sqlite3_close(*old);
        *old = NULL;
        code = open_old(old, target);
        if (code == SQLITE_OK)
            code = lock_unread(*old);
        if (code == SQLITE_OK)
            remove_logs(target->path); /* of a database that cannot be read */
    }
    if ((code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED)
        return in_use();
    return code == SQLITE_OK ? TRIPSAGE_OK : SQL_FAILED(*old, code, target->path);
}

static tripsage_status sync_folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? tripsage__strndup(path, (size_t)(slash - path) + 1) : tripsage__strdup(".");
    tripsage_status status = folder ? tripsage__backup_sync(folder) : TRIPSAGE_NOMEM();

    tripsage__free(folder);
    return status;
}

/* Where there was none, one that somebody made meanwhile is not replaced either, if the file system can tell. */
static int put_in_place(const char *from, const char *to, int replace)
{
    if (!replace) {
        if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
            return 0;
        if (errno == EEXIST)
            return -1;
    }
    return rename(from, to);
}

static tripsage_status take_place(const tripsage__backup_job *job, engine *target, const scratch *s, int *replaced)
{
    sqlite3 *old = NULL;
    tripsage_status status = TRIPSAGE_OK;

    tripsage__backup_tell(job, "replace", 0, 0);
    *replaced = access(target->path, F_OK) == 0;
    if (*replaced && !job->force)
        return there_is_one(target);
    if (*replaced)
        TRIPSAGE_TRY(retire(&old, target));
    else
        remove_logs(target->path); /* of a database that is gone; they would be taken for the new one's */
    if (put_in_place(s->path, target->path, *replaced) != 0)
        status = errno == EEXIST ? there_is_one(target) : cannot("replace", target->path);
    else
        status = sync_folder_of(target->path);
out:
    sqlite3_close(old);
    return status;
}

static tripsage_status resolve_links(engine *target)
{
    char real[PATH_MAX], *copy;

    if (!realpath(target->path, real))
        return TRIPSAGE_OK; /* it is not there */
    copy = tripsage__strdup(real);
    if (!copy)
        return TRIPSAGE_NOMEM();
    tripsage__free(target->path);
    target->path = copy;
    return TRIPSAGE_OK;
}

tripsage_status tripsage__sqlite_load(const tripsage__backup_job *job, const char *path,
                                      const tripsage__manifest *manifest, int *replaced)
{
    engine target;
    scratch s = {NULL, -1};
    int became = 0, was_there = 0, trial = job->trial;
    tripsage_status status;

    memset(&target, 0, sizeof target);
    if (trial) {
        target.env = job->env;
        target.busy_timeout_ms = 10000;
        TRIPSAGE_TRY(make_scratch(&s, path, ".trial"));
    } else {
        TRIPSAGE_TRY(engine_of(&target, job));
        TRIPSAGE_TRY(resolve_links(&target));
        if (access(target.path, F_OK) == 0 && !job->force) { /* before all the work */
            status = there_is_one(&target);
            goto out;
        }
        TRIPSAGE_TRY(make_scratch(&s, target.path, ".restoring"));
    }
    TRIPSAGE_TRY(tripsage__backup_copy(job, manifest, path, s.fd, "restore"));
    TRIPSAGE_TRY(examine(job, &target, s.path));
    if (!trial) {
        TRIPSAGE_TRY(tripsage__backup_sync(s.path));
        TRIPSAGE_TRY(take_place(job, &target, &s, &was_there));
        became = 1;
    }
    if (replaced)
        *replaced = was_there;
out:
    end_scratch(job, &s, became);
    tripsage__free(target.path);
    return status;
}
