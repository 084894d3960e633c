/* store/sqlite/upkeep.c: space, the full-text indexes, the log.
 *
 * There is no ANALYZE. The plans of our statements are the same without it, and tested so; with it they would follow what the tables held
 * when it ran last, and one that reads a small table from end to end stays when the table has grown. */
#include <string.h>
#include <tripsage/maintenance.h>

#include "sqlite.h"

/* A quarter of the file, and 8 MiB: what is less comes into use again by itself. */
#define FREE_SHARE 4
#define FREE_MIN   ((int64_t)8 * 1024 * 1024)

/* 1,000 pages, 4 MiB: given back in one transaction, some milliseconds. */
#define SLICE "1000"

static const tripsage__statement space = {
    "upkeep_space",
    "SELECT (SELECT page_count FROM pragma_page_count) * (SELECT page_size FROM pragma_page_size),"
    " (SELECT freelist_count FROM pragma_freelist_count) * (SELECT page_size FROM pragma_page_size),"
    " (SELECT auto_vacuum FROM pragma_auto_vacuum)",
    NULL};

static tripsage_status take_space(void *context, const tripsage__row *row)
{
    int64_t *found = context;

    for (int i = 0; i < 3; i++)
        found[i] = tripsage__row_int(row, i);
    return TRIPSAGE_OK;
}

static tripsage_status look_at_space(connection *c, tripsage__upkeep *u, int *is_incremental)
{
    int64_t found[3] = {0, 0, 0};
    const tripsage__step step = {&space, NULL, 0, NULL, take_space, found, NULL};
    int wrote = 0;
    tripsage_status status = tripsage__sqlite_run(c, &step, &wrote);

    u->bytes = found[0];
    u->free_bytes = found[1];
    *is_incremental = found[2] == 2;
    return status;
}

/* ---- full-text indexes ---- */

/* Runs a command of FTS5 on each. */
static tripsage_status on_each(connection *c, tripsage__upkeep *u, const char *command, const char *done,
                               int broken_only)
{
    int code;
    char *name = tripsage__sqlite_next_text_index(c, "", &code);

    while (name) {
        int wanted = 1;
        char *next, *sql = sqlite3_mprintf("INSERT INTO \"%w\"(\"%w\") VALUES('integrity-check')", name, name);

        u->progress ? u->progress(u->context, command, 0, 0) : (void)0;
        code = sql ? SQLITE_OK : SQLITE_NOMEM;
        if (broken_only && code == SQLITE_OK) {
            code = sqlite3_exec(c->db, sql, NULL, NULL, NULL);
            wanted = (code & 0xff) == SQLITE_CORRUPT;
            code = wanted ? SQLITE_OK : code;
        }
        sqlite3_free(sql);
        if (wanted && code == SQLITE_OK) {
            sql = sqlite3_mprintf("INSERT INTO \"%w\"(\"%w\") VALUES('%s')", name, name, command);
            code = sql ? sqlite3_exec(c->db, sql, NULL, NULL, NULL) : SQLITE_NOMEM;
            sqlite3_free(sql);
            if (code == SQLITE_OK)
                tripsage__upkeep_say(&u->done, "%s: %s", name, done);
        }
        next = code == SQLITE_OK ? tripsage__sqlite_next_text_index(c, name, &code) : NULL;
        sqlite3_free(name);
        name = next;
    }
    return code == SQLITE_OK ? TRIPSAGE_OK : SQL_FAILED(c->db, code, command);
}

/* ---- space ---- */

/* A log that somebody reads from stays; it is folded in as far as it goes. */
static tripsage_status fold_log(const engine *e, connection *c, tripsage__upkeep *u)
{
    int code =
        e->in_memory ? SQLITE_OK : sqlite3_wal_checkpoint_v2(c->db, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);

    if (code == SQLITE_OK && !e->in_memory)
        tripsage__upkeep_say(&u->done, "the log was folded into the file");
    return code == SQLITE_OK || (code & 0xff) == SQLITE_BUSY ? TRIPSAGE_OK : SQL_FAILED(c->db, code, "checkpoint");
}

/* Only where somebody set the file up for it. */
static tripsage_status give_back_slices(connection *c, tripsage__upkeep *u)
{
    int64_t before = u->free_bytes, last;
    int is_incremental;
    tripsage_status status = TRIPSAGE_OK;

    do {
        last = u->free_bytes;
        TRIPSAGE_TRY(tripsage__sqlite_exec(c, "PRAGMA incremental_vacuum(" SLICE ")"));
        TRIPSAGE_TRY(look_at_space(c, u, &is_incremental));
        if (u->progress)
            u->progress(u->context, "vacuum", before - u->free_bytes, before);
    } while (u->free_bytes && u->free_bytes < last);
    if (u->free_bytes < before)
        tripsage__upkeep_say(&u->done, "%lld free bytes were given back", (long long)(before - u->free_bytes));
out:
    return status;
}

static tripsage_status make_smaller(connection *c, tripsage__upkeep *u)
{
    int64_t before = u->bytes;
    int is_incremental;
    tripsage_status status;

    if (u->progress)
        u->progress(u->context, "vacuum", 0, 0);
    TRIPSAGE_TRY(tripsage__sqlite_exec(c, "VACUUM"));
    TRIPSAGE_TRY(look_at_space(c, u, &is_incremental));
    tripsage__upkeep_say(&u->done, "vacuumed: %lld bytes, %lld before", (long long)u->bytes, (long long)before);
out:
    return status;
}

static void hint_at_space(tripsage__upkeep *u)
{
    if (u->free_bytes >= FREE_MIN && u->free_bytes >= u->bytes / FREE_SHARE)
        tripsage__upkeep_say(&u->hints, "%lld of %lld bytes are free: a vacuum gives them back (maintain --vacuum)",
                             (long long)u->free_bytes, (long long)u->bytes);
}

static tripsage_status keep_up(const engine *e, connection *c, tripsage__upkeep *u)
{
    int is_incremental;
    tripsage_status status;

    TRIPSAGE_TRY(look_at_space(c, u, &is_incremental));
    if (u->what & TRIPSAGE_UPKEEP_REPAIR)
        TRIPSAGE_TRY(on_each(c, u, "rebuild", "did not agree with its rows, and was built anew", 1));
    if (u->what & TRIPSAGE_UPKEEP_REINDEX) {
        TRIPSAGE_TRY(tripsage__sqlite_exec(c, "REINDEX"));
        tripsage__upkeep_say(&u->done, "every index of a table was built anew");
        TRIPSAGE_TRY(on_each(c, u, "rebuild", "built anew", 0));
    }
    if (u->what & TRIPSAGE_UPKEEP_ANALYZE) {
        TRIPSAGE_TRY(on_each(c, u, "optimize", "merged into one", 0));
        if (is_incremental)
            TRIPSAGE_TRY(give_back_slices(c, u));
    }
    if (u->what & TRIPSAGE_UPKEEP_VACUUM)
        TRIPSAGE_TRY(make_smaller(c, u));
    if (u->what & (TRIPSAGE_UPKEEP_ANALYZE | TRIPSAGE_UPKEEP_VACUUM))
        TRIPSAGE_TRY(fold_log(e, c, u));
    hint_at_space(u);
out:
    return status;
}

/* On a connection of its own: what FTS5 remembers of an index on the writing one is not what is stored by then. In memory there is only
 * that one. */
tripsage_status tripsage__sqlite_upkeep(void *engine_, tripsage__upkeep *upkeep)
{
    engine *e = engine_;
    connection fresh;
    tripsage_status status;

    memset(&fresh, 0, sizeof fresh);
    if (e->in_memory) {
        pthread_mutex_lock(&e->writer_lock);
        status = keep_up(e, &e->writer, upkeep);
        pthread_mutex_unlock(&e->writer_lock);
        return status;
    }
    status = tripsage__sqlite_connect(&fresh, e, 1);
    if (status == TRIPSAGE_OK)
        status = keep_up(e, &fresh, upkeep);
    tripsage__sqlite_disconnect(&fresh);
    return status;
}
