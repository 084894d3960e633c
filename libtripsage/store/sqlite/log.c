/* store/sqlite/log.c: keeps the write-ahead log short.
 *
 * The log begins anew when all of it has been copied into the file and nobody reads from it. Readers that overlap never leave that
 * moment to chance: with SQLite's own rule (copy after every commit of a log longer than 1,000 pages, wait for nobody) a busy log grew
 * for as long as the store was busy, and each commit paid a sync of the file as well. So the file is brought up to date now and then,
 * and past LOG_LONG the writer waits for the readers that are older than its last commit, so that the next commit begins anew. New
 * readers look at the file alone by then and are waited for no more. */
#include <errno.h>
#include <time.h>

#include "sqlite.h"

/* In pages of 4 KiB. 8 MiB is what a commit's share of the copying is lost in (most pages that a busy log holds it holds many times, and each
 * is copied once), 16 MiB what a reader finds its pages in fast. */
#define LOG_STEP 2000
#define LOG_LONG 4000

/* 100 ms, which stays below what a person notices; most reads take less than one. */
#define PATIENCE_MS 100

static int wait_briefly(void *context, int tries)
{
    struct timespec pause = {0, 1000000};

    (void)context;
    if (tries >= PATIENCE_MS)
        return 0;
    while (nanosleep(&pause, &pause) == -1 && errno == EINTR)
        ;
    return 1;
}

/* After each commit of the writer. A failure here is no failure of the commit, and the next attempt may find what this one missed. */
static int after_commit(void *context, sqlite3 *db, const char *name, int pages)
{
    engine *e = context;
    int before = e->log_checked, copied = 0;

    if (pages < e->log_pages)
        before = e->log_checked = 0; /* it began anew */
    e->log_pages = pages;
    if (pages - before < LOG_STEP || pages < before / 2 * 3)
        return SQLITE_OK;
    e->log_checked = pages; /* the longer it gets under a long reader, the rarer it is looked at */
    sqlite3_wal_checkpoint_v2(db, name, SQLITE_CHECKPOINT_PASSIVE, NULL, &copied);
    /* What was in the log when it was looked at last is still being read: by somebody who reads for long, as a backup does, and whom
     * nobody waits for in vain. */
    if (pages < LOG_LONG || copied <= before)
        return SQLITE_OK;
    sqlite3_busy_handler(db, wait_briefly, NULL);
    sqlite3_wal_checkpoint_v2(db, name, SQLITE_CHECKPOINT_RESTART, NULL, NULL);
    sqlite3_busy_handler(db, tripsage__sqlite_wait, e);
    return SQLITE_OK;
}

void tripsage__sqlite_watch_log(engine *e)
{
    sqlite3_wal_hook(e->writer.db, after_commit, e);
}
