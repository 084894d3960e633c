/* store/backup.h: backups of a database, of whichever engine, and what comes of them. tripsage/maintenance.h says what a backup is.
 *
 * Here is what both engines share: files, manifests, checksums, how many are kept. What is in the data file, and how it becomes a database
 * again, each engine knows (driver.h: dump, load). */
#ifndef TRIPSAGE_STORE_BACKUP_H
#define TRIPSAGE_STORE_BACKUP_H

#include "base/buf.h"
#include "base/crypto.h"
#include "base/doc.h"
#include "base/env.h"
#include "store.h"

/* What tells whether others write: SQLite's log, whose time changes with each commit. PostgreSQL has none: there, somebody always may. */
typedef struct tripsage__backup_pace {
    char *log;                /* NULL: not known */
    int64_t changed, seen_us; /* the log's time in ns, and when it was first seen */
} tripsage__backup_pace;

/* What a dump or a load works for. Borrowed for the call. */
typedef struct tripsage__backup_job {
    const char *url;
    tripsage__env *env;
    uint32_t busy_timeout_ms;    /* 0: the default */
    int force;                   /* load: over what is there */
    int trial;                   /* load: nothing stays of it */
    tripsage__backup_pace *pace; /* others may be at work; NULL: nobody is */
    tripsage__progress_fn progress;
    void *context;
} tripsage__backup_job;

static inline void tripsage__backup_tell(const tripsage__backup_job *job, const char *phase, int64_t done,
                                         int64_t total)
{
    if (job->progress)
        job->progress(job->context, phase, done, total);
}

/* After a piece of work that began then (monotonic, in us): rests as long where others write, so that they have the disk and a processor at
 * least half of the time. */
void tripsage__backup_rest(const tripsage__backup_job *job, int64_t began_us);

/* What a manifest says. */
typedef struct tripsage__manifest {
    char engine[16];
    int64_t schema; /* the number of the last migration */
    int64_t bytes;
    int64_t made_at;
    char sha256[2 * TRIPSAGE__SHA256_SIZE + 1];
} tripsage__manifest;

/* Copies the file to another one that is open for writing (`to` -1: only reads), from the beginning on. TRIPSAGE_ECORRUPT unless it has the
 * manifest's length and checksum; what was written then is not to be used. */
tripsage_status tripsage__backup_copy(const tripsage__backup_job *job, const tripsage__manifest *manifest,
                                      const char *from, int to, const char *phase);

/* Room for a file that will be so long, so that writing to it need not look for any. TRIPSAGE_EFULL: there is not as much. */
tripsage_status tripsage__backup_reserve(int fd, int64_t size);

/* Everything written to the file so far is handed to the disk when it returns. Not more: it is no sync, for which the file system ends a
 * transaction of its journal that others' commits then wait for. */
tripsage_status tripsage__backup_flush(int fd);

/* The file needs no place in memory any more; of `size` bytes from there on (0: to its end). */
void tripsage__backup_forget(int fd, int64_t from, int64_t size);

/* Removes a file piece by piece where others write: to give a gigabyte back at once keeps the file system's journal, and whoever commits
 * meanwhile, for a tenth of a second. Errors are those of unlink(). */
int tripsage__backup_unlink(const tripsage__backup_job *job, const char *path);

/* Everything written to the file, or in the folder, is on the disk when it returns. */
tripsage_status tripsage__backup_sync(const char *path);

#endif
