/* store/sqlite/examine.c: what may be wrong with a file, its folder and its disk, before and while it is opened. Makes and changes
 * nothing. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "base/memory.h"
#include "sqlite.h"

#define DATABASE "database"
#define DISK     "disk"
#define SCHEMA   "schema"
#define CLOCK    "clock"

/* 64 MiB: what the log may grow to under a long reader; 8 MiB: what it takes under any load. */
#define ROOM_WANTED ((uint64_t)64 * 1024 * 1024)
#define ROOM_LEAST  ((uint64_t)8 * 1024 * 1024)
/* A second: somebody who writes holds the lock for a few milliseconds. */
#define LOCK_PATIENCE_MS 1000
/* Five minutes between two clocks that somebody looks after are many. */
#define CLOCK_MAX_MS 300000
/* 1,000 of SQLite's instructions between two looks at the clock: some microseconds. */
#define LOOK_EVERY 1000
#define LOOK_MS    3000

/* linux/magic.h: where locks and shared memory do not reach from one machine to another. */
#define NFS_MAGIC  0x6969
#define SMB_MAGIC  0x517B
#define CIFS_MAGIC 0xFF534D42
#define SMB2_MAGIC 0xFE534D42

static const tripsage__remedy remedies[] = {
    {"newer than this library",
     "start the version of tripsage-server that made it, or restore a backup from before (tripsage-server restore)"},
    {"was edited after",
     "put the text of that migration back as it was when it was applied; a change is a new migration"},
    {"of another program", "name another file in DATABASE_URL, or another TRIPSAGE_DATA_DIR"},
    {"not a database", "it is damaged, or no database: name the right file, or restore the newest backup "
                       "(tripsage-server restore FILE --force)"},
    {"malformed", "restore the newest backup (tripsage-server restore FILE --force); keep the damaged file, for what "
                  "may be saved from it"},
    {"locked", "end the program that holds the lock"},
    {"readonly", "give the user of the server the right to write the file and its folder (chown, chmod)"},
    {"unable to open", "give the user of the server the right to write the file and its folder (chown, chmod)"},
    {"disk is full", "free room on that disk, or move the database to another (TRIPSAGE_DATA_DIR)"},
    {NULL, "see the message; tripsage-server check reads everything, tripsage-server restore brings back a backup"}};

/* ---- the folder and its disk ---- */

/* The folder that holds the file; "." for none. */
static void folder_of(char out[4096], const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        snprintf(out, 4096, ".");
    else
        snprintf(out, 4096, "%.*s", slash == path ? 1 : (int)(slash - path), path);
}

static int examine_folder(tripsage__findings *f, const char *folder, int makes_folder)
{
    char fix[4400], parent[4096];
    struct stat found;

    if (stat(folder, &found) == 0 ? !S_ISDIR(found.st_mode) : errno == ENOTDIR) {
        tripsage__finding(f, DATABASE, TRIPSAGE__FAILED, "name another folder in TRIPSAGE_DATA_DIR, or in DATABASE_URL",
                          "%s cannot be a folder: there is a file at that path, or above it", folder);
        return 0;
    }
    if (access(folder, F_OK) != 0) {
        folder_of(parent, folder);
        if (makes_folder && access(parent, W_OK | X_OK) == 0) {
            tripsage__finding(f, DATABASE, TRIPSAGE__FINE, NULL,
                              "the folder %s does not exist yet; the first start makes it", folder);
            return 0;
        }
        snprintf(fix, sizeof fix,
                 "make it: mkdir -p %s; and give it to the user of the server, or name another place in DATABASE_URL",
                 folder);
        tripsage__finding(f, DATABASE, TRIPSAGE__FAILED, fix, "the folder %s does not exist", folder);
        return 0;
    }
    if (access(folder, W_OK | X_OK) != 0) {
        snprintf(fix, sizeof fix,
                 errno == EROFS ? "mount a volume that can be written at %s, or name another place in TRIPSAGE_DATA_DIR"
                                : "chown it to the user of the server: chown -R $(id -u) %s",
                 folder);
        tripsage__finding(f, DATABASE, TRIPSAGE__FAILED, fix, "the folder %s may not be written by user %u: %s", folder,
                          (unsigned)geteuid(), strerror(errno));
        return 0;
    }
    return 1;
}

static void examine_disk(tripsage__findings *f, const char *folder)
{
    static const char fix[] = "free room on that disk, or move the database to another (TRIPSAGE_DATA_DIR)";
    struct statfs found;
    uint64_t room;

    if (statfs(folder, &found) != 0)
        return;
    room = (uint64_t)found.f_bavail * (uint64_t)found.f_bsize;
    if ((unsigned long)found.f_type == NFS_MAGIC || (unsigned long)found.f_type == SMB_MAGIC ||
        (unsigned long)found.f_type == CIFS_MAGIC || (unsigned long)found.f_type == SMB2_MAGIC)
        tripsage__finding(f, DISK, TRIPSAGE__FAILED, "put the database on a disk of this machine",
                          "%s is on a network file system, where the write-ahead log does not work", folder);
    else if (room < ROOM_LEAST)
        tripsage__finding(f, DISK, TRIPSAGE__FAILED, fix, "the disk of %s is full: %llu KiB are free", folder,
                          (unsigned long long)(room / 1024));
    else if (room < ROOM_WANTED)
        tripsage__finding(f, DISK, TRIPSAGE__WARNING, fix, "the disk of %s has %llu MiB free", folder,
                          (unsigned long long)(room / 1024 / 1024));
    else
        tripsage__finding(f, DISK, TRIPSAGE__FINE, NULL, "%llu MiB are free", (unsigned long long)(room / 1024 / 1024));
}

static int examine_file(tripsage__findings *f, const char *path)
{
    char fix[4400];
    struct stat found;

    if (stat(path, &found) == 0 && !S_ISREG(found.st_mode)) {
        tripsage__finding(f, DATABASE, TRIPSAGE__FAILED, "name a file in DATABASE_URL", "%s is no file", path);
        return 0;
    }
    if (access(path, R_OK | W_OK) != 0) {
        snprintf(fix, sizeof fix, "chown it to the user of the server: chown $(id -u) %s", path);
        tripsage__finding(f, DATABASE, TRIPSAGE__FAILED, fix, "%s may not be %s by user %u: %s", path,
                          access(path, R_OK) != 0 ? "read" : "written", (unsigned)geteuid(), strerror(errno));
        return 0;
    }
    return 1;
}

/* ---- the database ---- */

/* The process that a line of /proc/locks says writes to this file: "1: POSIX  ADVISORY  WRITE 4711 08:01:131 120 120". 0: none. */
static long writer_in(const char *line, const struct stat *file)
{
    static const char word[] = " WRITE ";
    const char *at = strstr(line, word);
    char *end;
    long pid;

    if (!at)
        return 0;
    pid = strtol(at + sizeof word - 1, &end, 10);
    at = strchr(end, ':'); /* behind the device's two numbers is the file's */
    at = at ? strchr(at + 1, ':') : NULL;
    return at && strtoull(at + 1, NULL, 10) == (unsigned long long)file->st_ino && pid != (long)getpid() && pid > 0
               ? pid
               : 0;
}

/* Who holds a lock of the database; 0: nobody knows. The log's own locks lie on its index. */
static long holder_of(const char *path)
{
    char index[4200], line[256];
    struct stat found;
    long holder = 0;
    FILE *locks;

    snprintf(index, sizeof index, "%s-shm", path);
    if (stat(index, &found) != 0 && stat(path, &found) != 0)
        return 0;
    locks = fopen("/proc/locks", "re");
    while (locks && !holder && fgets(line, sizeof line, locks))
        holder = writer_in(line, &found);
    if (locks)
        fclose(locks);
    return holder;
}

static int examine_lock(tripsage__findings *f, connection *c, const char *path)
{
    tripsage_status status = tripsage__sqlite_begin(c);
    char fix[160];
    long holder;

    if (status == TRIPSAGE_OK) {
        tripsage__sqlite_rollback(c);
        return 1;
    }
    if (status != TRIPSAGE_EBUSY) {
        tripsage__finding_of_error(f, DATABASE, TRIPSAGE__FAILED, remedies);
        return 0;
    }
    holder = holder_of(path);
    if (holder)
        snprintf(fix, sizeof fix, "end process %ld, or wait until it is done (ps -p %ld)", holder, holder);
    else
        snprintf(fix, sizeof fix, "find who has the file open (fuser -v), and end it");
    tripsage__finding(f, DATABASE, TRIPSAGE__FAILED, fix,
                      "another program has held the lock to write %s for more than a second", path);
    return 0;
}

static int past_deadline(void *context)
{
    return tripsage__monotonic_ms() > *(const int64_t *)context;
}

static tripsage_status take_first(void *context, const tripsage__row *row)
{
    char *out = context;
    const char *text = tripsage__row_text(row, 0, NULL);

    if (!*out)
        snprintf(out, 200, "%s", text ? text : "");
    return TRIPSAGE_OK;
}

static const tripsage__statement quick_check = {"examine_quick_check", "PRAGMA quick_check(1)", NULL};

/* As far as it comes in a few seconds. */
static int examine_pages(tripsage__findings *f, connection *c, const char *path)
{
    char found[200] = "";
    const tripsage__step step = {&quick_check, NULL, 0, NULL, take_first, found, NULL};
    int64_t deadline = tripsage__monotonic_ms() + LOOK_MS;
    int wrote = 0;
    tripsage_status status;

    sqlite3_progress_handler(c->db, LOOK_EVERY, past_deadline, &deadline);
    status = tripsage__sqlite_run(c, &step, &wrote);
    sqlite3_progress_handler(c->db, 0, NULL, NULL);
    if (status == TRIPSAGE_ETIMEOUT) {
        tripsage__finding(f, DATABASE, TRIPSAGE__FINE, NULL, "%s can be read; tripsage-server check reads all of it",
                          path);
    } else if (status != TRIPSAGE_OK) {
        tripsage__finding_of_error(f, DATABASE, TRIPSAGE__FAILED, remedies);
    } else if (strcmp(found, "ok") != 0) {
        tripsage__finding(
            f, DATABASE, TRIPSAGE__FAILED,
            "restore the newest backup (tripsage-server restore FILE --force); keep the damaged file, for "
            "what may be saved from it",
            "%s is damaged: %s", path, found);
        return 0;
    } else {
        tripsage__finding(f, DATABASE, TRIPSAGE__FINE, NULL, "%s can be read and written", path);
    }
    return status == TRIPSAGE_OK || status == TRIPSAGE_ETIMEOUT;
}

static const tripsage__statement newest_of = {"examine_newest", "SELECT max(applied_at) FROM schema_migration", NULL};

static tripsage_status take_number(void *context, const tripsage__row *row)
{
    *(int64_t *)context = tripsage__row_int(row, 0);
    return TRIPSAGE_OK;
}

/* The database cannot have been made later than now. */
static void examine_clock(tripsage__findings *f, connection *c, tripsage__env *env)
{
    int64_t newest = 0, now = tripsage__now_ms(env);
    const tripsage__step step = {&newest_of, NULL, 0, NULL, take_number, &newest, NULL};
    int wrote = 0;

    if (tripsage__sqlite_run(c, &step, &wrote) == TRIPSAGE_OK && newest > now + CLOCK_MAX_MS)
        tripsage__finding(f, CLOCK, TRIPSAGE__FAILED, "set the clock of this machine: timedatectl set-ntp true",
                          "the clock is %lld s behind: the schema was applied later than now",
                          (long long)((newest - now) / 1000));
}

static int examine_schema(tripsage__findings *f, connection *c)
{
    const tripsage__migrations *ours = &tripsage__migrations_sqlite;
    size_t applied;

    if (tripsage__sqlite_count_applied(c, &applied) != TRIPSAGE_OK) {
        tripsage__finding_of_error(f, SCHEMA, TRIPSAGE__FAILED, remedies);
        return 0;
    }
    if (applied < ours->count) {
        tripsage__finding(
            f, SCHEMA, TRIPSAGE__FAILED,
            "tripsage-server migrate (a backup first: tripsage-server backup); a start does it, too, unless "
            "TRIPSAGE_DATABASE_MIGRATE is false",
            "the schema is %zu migrations behind this library: %04d_%s is the next", ours->count - applied,
            ours->all[applied].number, ours->all[applied].name);
        return 0;
    }
    tripsage__finding(f, SCHEMA, TRIPSAGE__FINE, NULL, "all %zu migrations are applied", applied);
    return 1;
}

static int examine_database(tripsage__findings *f, engine *e)
{
    connection c;
    int fine = 0;

    memset(&c, 0, sizeof c);
    if (tripsage__sqlite_connect(&c, e, 1) != TRIPSAGE_OK) {
        tripsage__finding_of_error(f, DATABASE, TRIPSAGE__FAILED, remedies);
    } else if (examine_schema(f, &c)) {
        examine_clock(f, &c, e->env);
        fine = examine_pages(f, &c, e->path) && examine_lock(f, &c, e->path);
    }
    tripsage__sqlite_disconnect(&c);
    return fine;
}

int tripsage__sqlite_examine(tripsage__findings *findings, const char *url, const tripsage__store_options *options,
                             tripsage__env *env)
{
    char folder[4096];
    int fine = 0;
    engine e;

    memset(&e, 0, sizeof e);
    e.env = env;
    e.busy_timeout_ms = LOCK_PATIENCE_MS;
    if (tripsage__sqlite_parse_url(&e, url) != TRIPSAGE_OK) {
        tripsage__finding_of_error(findings, DATABASE, TRIPSAGE__FAILED, remedies);
    } else if (e.in_memory) {
        tripsage__finding(findings, DATABASE, TRIPSAGE__WARNING, "name a file in DATABASE_URL",
                          "the database is in memory: everything is gone when the server ends");
    } else {
        folder_of(folder, e.path);
        if (examine_folder(findings, folder, options->makes_folder)) {
            examine_disk(findings, folder);
            if (access(e.path, F_OK) != 0)
                tripsage__finding(findings, DATABASE, TRIPSAGE__FINE, NULL,
                                  "%s does not exist yet; the first start makes it", e.path);
            else if (examine_file(findings, e.path))
                fine = examine_database(findings, &e);
        }
    }
    tripsage__free(e.path);
    return fine;
}
