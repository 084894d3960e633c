/* store/sqlite/stamp.c: whether anything was committed since, without a lock or a system call.
 *
 * The header of the write-ahead log's index lies in memory that all processes share, twice, and changes with each commit: it counts the
 * changes and sums up the frames (sqlite.org/walformat.html, 2.1, "The WAL-Index Header"). It is what SQLite itself looks at first to see
 * whether a connection's pages are still those of the file; its first copy is written last, and a commit is seen from then on. */
#include <stdatomic.h>
#include <string.h>

#include "sqlite.h"

#define REGION_SIZE 32768 /* what SQLite maps at a time */

#define IS_INIT 12 /* the byte that is 1 once the header holds what it should */

enum { WORDS = sizeof(tripsage__stamp) / sizeof(uint32_t) };

/* The index is asked for only where SQLite itself has it open: it would be opened for us alone otherwise, and never be closed. A disk that
 * fails at the wrong moment can leave a connection without its log until the next one is opened. */
static int has_log(sqlite3 *db)
{
    sqlite3_stmt *stmt = NULL;
    const char *mode;
    int is_wal = 0;

    if (sqlite3_exec(db, "SELECT 1 FROM sqlite_schema", NULL, NULL, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(db, "PRAGMA journal_mode", -1, &stmt, NULL) == SQLITE_OK &&
        sqlite3_step(stmt) == SQLITE_ROW) {
        mode = (const char *)sqlite3_column_text(stmt, 0);
        is_wal = mode && strcmp(mode, "wal") == 0;
    }
    sqlite3_finalize(stmt);
    return is_wal;
}

void tripsage__sqlite_find_header(engine *e)
{
    sqlite3_file *file = NULL;
    volatile void *region = NULL;

    if (e->in_memory || !has_log(e->writer.db) ||
        sqlite3_file_control(e->writer.db, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK || !file ||
        !file->pMethods || file->pMethods->iVersion < 2)
        return;
    /* It stays where it is while the writer's connection is open. */
    if (file->pMethods->xShmMap(file, 0, REGION_SIZE, 0, &region) == SQLITE_OK)
        e->header = (const _Atomic uint32_t *)(uintptr_t)region;
}

int tripsage__sqlite_stamp(void *engine_, tripsage__stamp *out)
{
    const engine *e = engine_;
    uint32_t first[WORDS];

    if (!e->header)
        return 0;
    for (int i = 0; i < WORDS; i++)
        first[i] = atomic_load_explicit(&e->header[i], memory_order_relaxed);
    atomic_thread_fence(memory_order_acquire);
    for (int i = 0; i < WORDS; i++)
        if (atomic_load_explicit(&e->header[WORDS + i], memory_order_relaxed) != first[i])
            return 0; /* somebody is writing it */
    atomic_thread_fence(memory_order_acquire);
    memcpy(out->bytes, first, sizeof out->bytes);
    return out->bytes[IS_INIT] == 1;
}
