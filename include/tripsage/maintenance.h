/* tripsage/maintenance.h: looking after a database: backups and what comes of them, migrations before they are made, upkeep.
 *
 * A backup is a file with the data, and beside it a manifest: the same name with ".json" behind it. Of SQLite the file is a database like
 * any other; of PostgreSQL it is text in the form of COPY, a section for each table. The manifest says what the data is, how long, and
 * its SHA-256; it is written last, so data without one is no backup. Both files are readable by their owner only: they hold password
 * hashes and whatever people wrote.
 *
 * The calls that take a URL open nothing else: a backup needs no schema of this version, restoring no database that is whole.
 *
 * Threads: each call may run on any thread, several at once.
 *
 * Errors every call may give besides those named: what the store gives (tripsage/store.h). A failed call leaves what was there before. */
#ifndef TRIPSAGE_MAINTENANCE_H
#define TRIPSAGE_MAINTENANCE_H

#include <stdint.h>

#include "doc.h"
#include "runtime.h"
#include "store.h"

TRIPSAGE_BEGIN_DECLS

/* How far a long call is: `done` of `total` (0: nobody knows) in what `phase` says, borrowed until it returns. From the calling thread. */
typedef void (*tripsage_progress_fn)(void *user, const char *phase, int64_t done, int64_t total);

/* ---- backups ---- */

typedef struct tripsage_backup_options {
    uint32_t version;                /* 1; set by TRIPSAGE_BACKUP_OPTIONS_INIT */
    const tripsage_runtime *runtime; /* NULL: as for tripsage_open */
    uint32_t busy_timeout_ms;        /* as in tripsage_options */

    /* How many complete backups of this database stay in the folder, the new one included; the oldest go when it is verified. 0: all. */
    uint32_t keep;

    /* 1: the backup is not restored for a try. It is still read back and its checksum taken from what was read. */
    int no_verify;

    tripsage_progress_fn progress; /* NULL: nobody is told */
    void *user;
} tripsage_backup_options;

#define TRIPSAGE_BACKUP_OPTIONS_INIT                                                                                   \
    {                                                                                                                  \
        1, NULL, 0, 0, 0, NULL, NULL                                                                                   \
    }

/* Backs up the database at `url` into a new file in `folder`, which is there: as it was at one moment, while others read and write.
 * Then restores it for a try (SQLite: into a file beside it; PostgreSQL: into temporary tables) and checks what came of it, and removes
 * older backups if that is wanted: {"file","manifest" (paths),"engine","schema","bytes","sha256","made_at","verified",
 * "removed":[paths]}.
 *
 * SQLite: with SQLite's backup API, from a connection of its own; where others commit, at most half of the time, so that they notice
 * little. While it copies, the write-ahead log is kept, and grows. PostgreSQL: by COPY in one transaction (repeatable read), as
 * service_role, with what any managed service allows a login of the servers. `options` may be NULL. Errors: TRIPSAGE_ENOTFOUND (no such
 * database, or folder), TRIPSAGE_ENOTSUP (sqlite::memory:), TRIPSAGE_ECORRUPT (the database is damaged: the copy did not pass the check,
 * and is kept under its name with ".damaged" behind it, for who wants to save what can be saved), TRIPSAGE_EINVALID (field "#url" or
 * "#options"). */
TRIPSAGE_API tripsage_status tripsage_backup(tripsage_doc **out, const char *url, const char *folder,
                                             const tripsage_backup_options *options);

/* Whether the backup with this data file is whole: checksum, and a restore for a try beside it (of PostgreSQL: where `url` leads; NULL:
 * the checksum alone). Gives what the manifest says, and "verified". Errors: as tripsage_restore. */
TRIPSAGE_API tripsage_status tripsage_backup_verify(tripsage_doc **out, const char *url, const char *file,
                                                    const tripsage_backup_options *options);

typedef struct tripsage_restore_options {
    uint32_t version;                /* 1; set by TRIPSAGE_RESTORE_OPTIONS_INIT */
    const tripsage_runtime *runtime; /* NULL: as for tripsage_open */
    uint32_t busy_timeout_ms;        /* how long to wait until nobody has the database open; as in tripsage_options */
    int force;                       /* 1: what is there is replaced */
    tripsage_progress_fn progress;   /* NULL: nobody is told */
    void *user;
} tripsage_restore_options;

#define TRIPSAGE_RESTORE_OPTIONS_INIT                                                                                  \
    {                                                                                                                  \
        1, NULL, 0, 0, NULL, NULL                                                                                      \
    }

/* Puts the backup with this data file in the place of the database at `url`, all of it or nothing, whenever the program may be killed:
 * SQLite's by renaming a file that was made and checked beside it, PostgreSQL's in one transaction. Gives
 * {"file","engine","schema","bytes","replaced":true|false}. A backup of an older schema is restored with that schema; opening the
 * database brings it up to date (of PostgreSQL, the database must have the backup's schema, or none: migrate after, not before). Nobody
 * else may have an SQLite database open meanwhile. `options` may be NULL. Errors: TRIPSAGE_ENOTFOUND (no such file, or no manifest),
 * TRIPSAGE_ECORRUPT (the backup was cut off or altered, or does not pass the check), TRIPSAGE_EEXISTS (there is a database, and no
 * `force`), TRIPSAGE_EBUSY (somebody has it open), TRIPSAGE_EMIGRATION (it is of a newer library; PostgreSQL: the schemas differ),
 * TRIPSAGE_ENOTSUP (of another engine; sqlite::memory:), TRIPSAGE_EINVALID. */
TRIPSAGE_API tripsage_status tripsage_restore(tripsage_doc **out, const char *url, const char *file,
                                              const tripsage_restore_options *options);

/* ---- migrations ---- */

/* What tripsage_open would apply to the database at `url`: {"engine","current","latest","pending":[{"number","name"}],"tried"}. With
 * `try_them` they are applied in a transaction that is then taken back, which tells what would go wrong ("tried":true); writers wait
 * meanwhile. A file that does not exist is not made. `options` may be NULL. Errors: those of tripsage_open. */
TRIPSAGE_API tripsage_status tripsage_migrations_plan(tripsage_doc **out, const char *url,
                                                      const tripsage_options *options, int try_them);

/* ---- upkeep ---- */

typedef enum tripsage_upkeep {
    TRIPSAGE_UPKEEP_CHECK =
        1, /* integrity of what is stored, as tripsage_check; of the full-text index and the indexes of vectors, too */
    TRIPSAGE_UPKEEP_REPAIR = 2, /* after a check: builds anew what was found wrong among what can be made of the rest */
    TRIPSAGE_UPKEEP_ANALYZE =
        4, /* what the planner knows of the tables; SQLite: full-text indexes merged, the log folded into the file */
    TRIPSAGE_UPKEEP_VACUUM =
        8, /* SQLite: the file without its free pages (writers wait); PostgreSQL: VACUUM, beside readers and writers */
    TRIPSAGE_UPKEEP_REINDEX = 16 /* every index built anew; PostgreSQL: those of vectors, CONCURRENTLY */
} tripsage_upkeep;

/* The first three. */
#define TRIPSAGE_UPKEEP_STANDARD 7

typedef struct tripsage_maintain_options {
    uint32_t version; /* 1; set by TRIPSAGE_MAINTAIN_OPTIONS_INIT */
    unsigned upkeep;  /* any of tripsage_upkeep together */
    tripsage_progress_fn progress;
    void *user;
} tripsage_maintain_options;

#define TRIPSAGE_MAINTAIN_OPTIONS_INIT                                                                                 \
    {                                                                                                                  \
        1, TRIPSAGE_UPKEEP_STANDARD, NULL, NULL                                                                        \
    }

/* Does it, and tells what was found and done:
 *
 *     {"ok":true|false,"engine","bytes","free_bytes","problems":[texts],"done":[texts],"hints":[texts],
 *      "vectors":[{"collection","state","items","rebuilt"}],
 *      "tables":[{"name","bytes","live","dead","last_vacuum","last_analyze"}],"indexes":[{"name","table","bytes","scans","valid"}]}
 *
 * "problems" are those that were found, and "ok" says that none are left; "hints" say what to do about space and indexes; "tables" and
 * "indexes" are there on PostgreSQL alone, where only the login that owns the tables may analyze, vacuum, reindex and repair.
 * `options` may be NULL. Errors: TRIPSAGE_EINVALID, TRIPSAGE_EFORBIDDEN (PostgreSQL: the login does not own the tables). */
TRIPSAGE_API tripsage_status tripsage_maintain(tripsage_doc **out, tripsage *ts,
                                               const tripsage_maintain_options *options);

TRIPSAGE_END_DECLS

#endif
