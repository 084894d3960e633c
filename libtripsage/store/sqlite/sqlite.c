/* store/sqlite/sqlite.c: the SQLite engine: opening, closing, checking, and its table of functions. */
#include "sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "store/migrations.h"

/* ---- opening ---- */

/* "///abs/path" and "/abs/path" are absolute, "path" is relative, ":memory:" is memory. */
tripsage_status tripsage__sqlite_parse_url(engine *e, const char *url)
{
    const char *location = url + strlen("sqlite:");

    if (strncmp(location, "//", 2) == 0) {
        location += 2;
        if (*location != '\0' &&
            *location != '/') /* meant as a relative path, most often: say which of the two it is */
            return TRIPSAGE_FAIL_FIELD("#url", "sqlite://%s names a host; expected sqlite:///path or sqlite:path",
                                       location);
    }
    if (*location == '\0')
        return TRIPSAGE_FAIL_FIELD("#url", "there is no path behind sqlite:");
    /* SQLite may be built to take it for a URI of its own, with options in it. */
    if (strncmp(location, "file:", 5) == 0)
        return TRIPSAGE_FAIL_FIELD("#url", "expected a path behind sqlite:, not a file: URI");
    e->in_memory = strcmp(location, ":memory:") == 0;
    e->path = tripsage__strdup(location);
    return e->path ? TRIPSAGE_OK : TRIPSAGE_NOMEM();
}

/* Makes the file that a link names. What closing it can do (see below) is left to chance here: no call makes it unopened. */
static int make_target(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);

    return fd < 0 ? -1 : close(fd);
}

/* A new file is made readable by its owner only, since it holds password hashes; SQLite gives its log the same mode. It is made without
 * being opened: closing it again would drop the locks that this process may hold on it by then through another handle (POSIX). */
static tripsage_status make_private(const engine *e)
{
    tripsage_status status = TRIPSAGE_EIO;
    struct stat found;

    if (e->in_memory || stat(e->path, &found) == 0)
        return TRIPSAGE_OK;
    if (mknod(e->path, S_IFREG | S_IRUSR | S_IWUSR, 0) == 0)
        return TRIPSAGE_OK;
    /* There after all: another opener was faster, or it is a link to nothing yet. */
    if (errno == EEXIST && (stat(e->path, &found) == 0 || make_target(e->path) == 0))
        return TRIPSAGE_OK;
    if (errno == ENOSPC)
        status = TRIPSAGE_EFULL;
    else if (errno == EACCES || errno == EROFS)
        status = TRIPSAGE_EREADONLY;
    return TRIPSAGE_FAIL_NATIVE(status, errno, "cannot make %s: %s", e->path, strerror(errno));
}

/* 32, opened only as so many read at once. More than there are processors: a thread that the scheduler takes off while it reads
 * keeps its connection, and the others should not have to fall asleep for it. Of 1,000 threads that read all the time on two processors,
 * few ever wait; with four connections most did, and each wait costs more than the read. A connection is some 110 KiB. */
#define DEFAULT_READERS 32

/* 1,024, which is some 110 MiB of connections. */
#define READERS_MAX 1024

/* Two that enter at the same moment each hold what the other waits for. SQLite then sends one away without asking its busy handler, so
 * the waiting is done here, with nothing held. */
static tripsage_status enter_wal(engine *e)
{
    sqlite3_stmt *stmt = NULL;
    const char *mode;
    tripsage_status status = TRIPSAGE_OK;
    int code, tries = 0;

    if (e->in_memory)
        return TRIPSAGE_OK;
    do {
        sqlite3_finalize(stmt);
        code = sqlite3_prepare_v2(e->writer.db, "PRAGMA journal_mode = WAL", -1, &stmt, NULL);
        if (code == SQLITE_OK)
            code = sqlite3_step(stmt);
    } while ((code & 0xff) == SQLITE_BUSY && tripsage__sqlite_wait(e, tries++));
    mode = code == SQLITE_ROW ? (const char *)sqlite3_column_text(stmt, 0) : NULL;
    if (code != SQLITE_ROW)
        status = SQL_FAILED(e->writer.db, code, "journal_mode");
    else if (!mode)
        status = TRIPSAGE_NOMEM();
    else if (strcmp(mode, "wal") != 0)
        status = TRIPSAGE_FAIL(TRIPSAGE_EIO, "the file system of %s cannot hold a write-ahead log", e->path);
    sqlite3_finalize(stmt);
    return status;
}

static tripsage_status recognise_file(engine *e)
{
    struct stat found;

    if (stat(e->path, &found) != 0)
        return TRIPSAGE_FAIL_NATIVE(TRIPSAGE_EIO, errno, "cannot find %s: %s", e->path, strerror(errno));
    e->device = found.st_dev;
    e->file = found.st_ino;
    return TRIPSAGE_OK;
}

/* Takes the path as SQLite found it, absolute and without links, for the connections that are opened later: the program may have changed
 * its working directory by then, and a relative path would name another file. */
static tripsage_status keep_place(engine *e)
{
    char *place;

    if (e->in_memory)
        return TRIPSAGE_OK;
    place = tripsage__strdup(sqlite3_db_filename(e->writer.db, "main"));
    if (!place)
        return TRIPSAGE_NOMEM();
    tripsage__free(e->path);
    e->path = place;
    return recognise_file(e);
}

/* What is written into a file that was moved or removed is lost to whoever looks at the path, and connections that are opened from now on
 * would find another database there. */
static tripsage_status engine_ping(void *engine_, const tripsage__step *step)
{
    engine *e = engine_;
    struct stat now;
    tripsage_status status = tripsage__sqlite_read(e, NULL, step, 1);

    if (status != TRIPSAGE_OK || e->in_memory)
        return status;
    if (stat(e->path, &now) != 0)
        return TRIPSAGE_FAIL_NATIVE(TRIPSAGE_EIO, errno, "%s is not there any more: %s", e->path, strerror(errno));
    if (now.st_dev != e->device || now.st_ino != e->file)
        return TRIPSAGE_FAIL(TRIPSAGE_EIO, "%s is another file than the one that was opened", e->path);
    return TRIPSAGE_OK;
}

static tripsage_status init_locks(engine *e)
{
    pthread_condattr_t monotonic;

    if (pthread_mutex_init(&e->queue_lock, NULL) || pthread_mutex_init(&e->writer_lock, NULL) ||
        pthread_mutex_init(&e->pool_lock, NULL) || pthread_condattr_init(&monotonic))
        return TRIPSAGE_NOMEM();
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    if (pthread_cond_init(&e->pool_free, &monotonic))
        return TRIPSAGE_NOMEM();
    pthread_condattr_destroy(&monotonic);
    return TRIPSAGE_OK;
}

static void engine_close(void *engine_)
{
    engine *e = engine_;

    tripsage__sqlite_pool_close(e);
    tripsage__sqlite_disconnect(&e->writer); /* last: closing the last connection folds the log into the file */
    pthread_mutex_destroy(&e->queue_lock);
    pthread_mutex_destroy(&e->writer_lock);
    pthread_mutex_destroy(&e->pool_lock);
    pthread_cond_destroy(&e->pool_free);
    tripsage__free(e->path);
    tripsage__free(e);
}

static tripsage_status engine_open(void **out, const char *url, const tripsage__store_options *options,
                                   tripsage__env *env)
{
    engine *e = tripsage__calloc(1, sizeof *e);
    tripsage_status status;

    *out = NULL;
    if (!e)
        return TRIPSAGE_NOMEM();
    status = init_locks(e);
    if (status != TRIPSAGE_OK) {
        tripsage__free(e);
        return status;
    }
    e->env = env;
    e->busy_timeout_ms = options->busy_timeout_ms ? options->busy_timeout_ms : 10000;
    e->readers = options->readers ? options->readers : DEFAULT_READERS;
    if (e->readers > READERS_MAX)
        e->readers = READERS_MAX;
    e->idle = tripsage__calloc(e->readers, sizeof *e->idle);
    if (!e->idle) {
        status = TRIPSAGE_NOMEM();
        goto out;
    }
    TRIPSAGE_TRY(tripsage__sqlite_parse_url(e, url));
    TRIPSAGE_TRY(make_private(e));
    TRIPSAGE_TRY(tripsage__sqlite_connect(&e->writer, e, 1));
    TRIPSAGE_TRY(keep_place(e));
    TRIPSAGE_TRY(tripsage__sqlite_recognise(e)); /* first: the next line changes the file */
    TRIPSAGE_TRY(enter_wal(e));
    tripsage__sqlite_watch_log(e);
    TRIPSAGE_TRY(tripsage__sqlite_migrate(e, options->no_migrate));
    tripsage__sqlite_find_header(e);
    *out = e;
    return TRIPSAGE_OK;
out:
    engine_close(e);
    return status;
}

static const char *engine_place(const void *engine_)
{
    const engine *e = engine_;

    return e->in_memory ? "" : e->path;
}

/* ---- checking ---- */

typedef struct report {
    tripsage__buf *problems;
    size_t count;
} report;

static void add_problem(report *r, const char *text)
{
    if (r->count++)
        tripsage__buf_putc(r->problems, ',');
    tripsage__json_put_string(r->problems, text);
}

static tripsage_status take_integrity(void *context, const tripsage__row *row)
{
    static const char no_memory[] = "error code=7"; /* SQLite 3.40 lists what it had no memory to read as damaged */
    static const char text_index[] = "malformed inverted index"; /* from 3.44 on; check_text_indexes always says it */
    const char *text = tripsage__row_text(row, 0, NULL);
    const char *found = text ? strstr(text, no_memory) : NULL;

    if (text && strncmp(text, text_index, sizeof text_index - 1) == 0)
        return TRIPSAGE_OK;
    if (found && (found[sizeof no_memory - 1] == '\0' || found[sizeof no_memory - 1] == '\n'))
        return TRIPSAGE_NOMEM();
    if (text && strcmp(text, "ok") != 0)
        add_problem(context, text);
    return TRIPSAGE_OK;
}

static tripsage_status take_foreign_key(void *context, const tripsage__row *row)
{
    char text[200];
    const char *table = tripsage__row_text(row, 0, NULL), *parent = tripsage__row_text(row, 1, NULL);

    snprintf(text, sizeof text, "a row of %s refers to a missing row of %s", table ? table : "?",
             parent ? parent : "?");
    add_problem(context, text);
    return TRIPSAGE_OK;
}

static const tripsage__statement integrity = {"check_integrity", "PRAGMA integrity_check", NULL};
static const tripsage__statement foreign_keys = {
    "check_foreign_keys", "SELECT DISTINCT \"table\", \"parent\" FROM pragma_foreign_key_check", NULL};

/* FTS5 compares its index with its content when told to, by an INSERT. The list of the indexes is not open meanwhile: a connection that
 * reads is sent away at once (SQLITE_BUSY_SNAPSHOT) when it comes to write after another one has committed. */
static tripsage_status check_text_indexes(connection *c, report *r)
{
    int code;
    char *name = tripsage__sqlite_next_text_index(c, "", &code);

    while (name) {
        char *sql = sqlite3_mprintf("INSERT INTO \"%w\"(\"%w\") VALUES('integrity-check')", name, name);
        char *next;

        code = sql ? sqlite3_exec(c->db, sql, NULL, NULL, NULL) : SQLITE_NOMEM;
        sqlite3_free(sql);
        if ((code & 0xff) == SQLITE_CORRUPT) {
            add_problem(r, "a full-text index does not agree with its rows");
            code = SQLITE_OK;
        }
        next = code == SQLITE_OK ? tripsage__sqlite_next_text_index(c, name, &code) : NULL;
        sqlite3_free(name);
        name = next;
    }
    return code == SQLITE_OK ? TRIPSAGE_OK : SQL_FAILED(c->db, code, "check of the full-text indexes");
}

static tripsage_status check_tables(connection *c, report *r)
{
    const tripsage__step steps[] = {
        {&integrity, NULL, 0, NULL, take_integrity, r, NULL},
        {&foreign_keys, NULL, 0, NULL, take_foreign_key, r, NULL},
    };
    int wrote = 0;
    tripsage_status status = tripsage__sqlite_run(c, &steps[0], &wrote);

    if (status == TRIPSAGE_OK)
        status = tripsage__sqlite_run(c, &steps[1], &wrote);
    return status;
}

static tripsage_status check_alone(const engine *e, tripsage_status (*check)(connection *, report *), report *r)
{
    connection fresh;
    tripsage_status status;

    memset(&fresh, 0, sizeof fresh);
    status = tripsage__sqlite_connect(&fresh, e, 1);
    if (status == TRIPSAGE_OK)
        status = check(&fresh, r);
    tripsage__sqlite_disconnect(&fresh);
    return status;
}

/* A file is checked on connections of their own: FTS5's check trusts what its connection remembers of the index, and where another one has
 * written since, it takes a sound index for a damaged one. SQLite's integrity_check, from 3.44 on, runs it too, hence two of them. */
tripsage_status tripsage__sqlite_check(void *engine_, tripsage__buf *problems, size_t *count)
{
    engine *e = engine_;
    report r = {problems, 0};
    tripsage_status status;

    if (e->in_memory) {
        pthread_mutex_lock(&e->writer_lock);
        status = tripsage__sqlite_begin(&e->writer);
        if (status == TRIPSAGE_OK)
            status = check_tables(&e->writer, &r);
        if (status == TRIPSAGE_OK)
            status = check_text_indexes(&e->writer, &r);
        tripsage__sqlite_rollback(&e->writer);
        pthread_mutex_unlock(&e->writer_lock);
    } else {
        status = check_alone(e, check_tables, &r);
        if (status == TRIPSAGE_OK)
            status = check_alone(e, check_text_indexes, &r);
    }
    *count = r.count;
    return status;
}

/* ---- rows ---- */

static sqlite3_stmt *stmt_of(const void *cursor)
{
    return (sqlite3_stmt *)(uintptr_t)cursor;
}

static int row_is_null(const void *cursor, int column)
{
    return sqlite3_column_type(stmt_of(cursor), column) == SQLITE_NULL;
}

static int64_t row_int(const void *cursor, int column)
{
    return sqlite3_column_int64(stmt_of(cursor), column);
}

static double row_real(const void *cursor, int column)
{
    return sqlite3_column_double(stmt_of(cursor), column);
}

/* Making text of a value may need memory. Where there is none, SQLite gives NULL, and says so only here and at the next step: an empty
 * text stands in, so that a callback need not ask about what cannot be NULL, and the call fails with TRIPSAGE_ENOMEM, whatever the
 * callback answers (see tripsage__sqlite_run). */
static const char *row_text(const void *cursor, int column, size_t *size)
{
    const char *text = (const char *)sqlite3_column_text(stmt_of(cursor), column);

    if (size)
        *size = text ? (size_t)sqlite3_column_bytes(stmt_of(cursor), column) : 0;
    if (!text && sqlite3_errcode(sqlite3_db_handle(stmt_of(cursor))) == SQLITE_NOMEM)
        return "";
    return text;
}

static const void *row_blob(const void *cursor, int column, size_t *size)
{
    const void *bytes = sqlite3_column_blob(stmt_of(cursor), column);

    if (size)
        *size = bytes ? (size_t)sqlite3_column_bytes(stmt_of(cursor), column) : 0;
    return bytes;
}

const tripsage__driver tripsage__driver_sqlite = {
    .name = "sqlite",
    .has_fts5 = 1,
    .open = engine_open,
    .close = engine_close,
    .read = tripsage__sqlite_read,
    .write = tripsage__sqlite_write,
    .place = engine_place,
    .ping = engine_ping,
    .stamp = tripsage__sqlite_stamp,
    .watch = tripsage__sqlite_watch,
    .unwatch = tripsage__sqlite_unwatch,
    .pool = tripsage__sqlite_pool,
    .check = tripsage__sqlite_check,
    .upkeep = tripsage__sqlite_upkeep,
    .examine = tripsage__sqlite_examine,
    .backup_suffix = "db",
    .name_of = tripsage__sqlite_name_of,
    .dump = tripsage__sqlite_dump,
    .load = tripsage__sqlite_load,
    .plan = tripsage__sqlite_plan,
    .migrations = &tripsage__migrations_sqlite,
    .is_null = row_is_null,
    .get_int = row_int,
    .get_real = row_real,
    .get_text = row_text,
    .get_blob = row_blob,
};
