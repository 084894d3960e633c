/* store/sqlite/connection.c: one connection: how it is set up, its prepared statements, and one step on it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "sqlite.h"

/* ---- errors ---- */

static tripsage_status status_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL: /* other processes kept a reader from its place in the log, a hundred times over ten seconds */
        return TRIPSAGE_EBUSY;
    case SQLITE_NOMEM:
        return TRIPSAGE_ENOMEM;
    case SQLITE_FULL:
        return TRIPSAGE_EFULL;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return TRIPSAGE_ECORRUPT;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return TRIPSAGE_EREADONLY;
    case SQLITE_INTERRUPT:
        return TRIPSAGE_ETIMEOUT;
    case SQLITE_TOOBIG:
        return TRIPSAGE_ETOOLARGE;
    case SQLITE_CONSTRAINT:
        return code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY ? TRIPSAGE_EEXISTS
                                                                                        : TRIPSAGE_ECONFLICT;
    case SQLITE_IOERR:
        return code == SQLITE_IOERR_NOMEM ? TRIPSAGE_ENOMEM : TRIPSAGE_EIO;
    case SQLITE_CANTOPEN:
        return TRIPSAGE_EIO;
    default:
        return TRIPSAGE_EINTERNAL;
    }
}

tripsage_status tripsage__sqlite_fail(sqlite3 *db, int code, const char *what, const char *file, int line)
{
    int extended = db && sqlite3_errcode(db) == (code & 0xff) ? sqlite3_extended_errcode(db) : code;
    tripsage_status status = status_of(extended);

    /* SQLite calls only a file that cannot grow full, and what it needs beside it out of order. */
    if (status == TRIPSAGE_EIO && db && sqlite3_system_errno(db) == ENOSPC)
        status = TRIPSAGE_EFULL;
    /* The message of a failed allocation would have to be allocated. */
    if (status == TRIPSAGE_ENOMEM)
        return tripsage__fail(status, extended, file, line, "%s: out of memory", what);
    if ((extended & 0xff) == SQLITE_CANTOPEN && db && sqlite3_system_errno(db)) /* SQLite's own words do not say why */
        return tripsage__fail(status, extended, file, line, "%s: %s: %s", what, sqlite3_errmsg(db),
                              strerror(sqlite3_system_errno(db)));
    return tripsage__fail(status, extended, file, line, "%s: %s", what, db ? sqlite3_errmsg(db) : sqlite3_errstr(code));
}

/* ---- setting up ---- */

/* Called while another connection holds the lock. SQLite gives no queue between processes: a busy one lets go for a tenth of a
 * millisecond between two commits, and who sleeps past that waits for another commit. So the sleeps are short, which takes some 2 % of a
 * processor and only of one thread, the leader. With sleeps of 5 ms and a disk that syncs in 20, one writer of four waited 14 s. */
int tripsage__sqlite_wait(void *context, int tries)
{
    const engine *e = context;
    struct timespec pause = {0, 0};
    /* 0.2 ms x tries, at most 1 ms; the sum up to try n is known, so no clock is needed. */
    int64_t waited_us = tries <= 5 ? 100LL * tries * (tries + 1) : 3000LL + 1000LL * (tries - 5);

    if (waited_us / 1000 >= (int64_t)e->busy_timeout_ms)
        return 0;
    pause.tv_nsec = (tries < 5 ? 200000L * (tries + 1) : 1000000L);
    while (nanosleep(&pause, &pause) == -1 && errno == EINTR)
        ;
    return 1;
}

tripsage_status tripsage__sqlite_exec(connection *c, const char *sql)
{
    int code = sqlite3_exec(c->db, sql, NULL, NULL, NULL);

    return code == SQLITE_OK ? TRIPSAGE_OK : SQL_FAILED(c->db, code, sql);
}

/* Every pragma with its reason:
 *   synchronous FULL      a commit that was answered survives a power cut
 *   foreign_keys          the schema's references are meant
 *   cache_size 8 MiB      the upper levels of a large database's trees stay, for each of a few connections
 *   temp_store MEMORY     sorting a page of a list never touches the disk
 *   trusted_schema OFF    a crafted file cannot call functions through its schema
 *   journal_size_limit    a log that grew once under a long reader is cut back to 64 MiB */
static const char setup[] = "PRAGMA synchronous = FULL;"
                            "PRAGMA foreign_keys = ON;"
                            "PRAGMA cache_size = -8192;"
                            "PRAGMA temp_store = MEMORY;"
                            "PRAGMA trusted_schema = OFF;"
                            "PRAGMA journal_size_limit = 67108864;";

/* A reader looks at the file through memory, up to the most SQLite maps (2 GiB): a page that is not in the connection's cache costs a
 * look instead of a system call and a copy, which at a million trips halves the time of a read. The map is read-only. */
static const char setup_reader[] = "PRAGMA query_only = ON;"
#if UINTPTR_MAX > UINT32_MAX /* the addresses of 32 bits are soon used up by a few readers of a large file */
                                   "PRAGMA mmap_size = 2147418112;"
#endif
    ;

static int open_and_set_up(connection *c, const engine *e, int writable)
{
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READWRITE | (writable ? SQLITE_OPEN_CREATE : 0);
    int code = sqlite3_open_v2(e->path, &c->db, flags, NULL);

    if (code != SQLITE_OK)
        return code;
    sqlite3_extended_result_codes(c->db, 1);
    sqlite3_busy_handler(c->db, tripsage__sqlite_wait, (void *)(uintptr_t)e);
    sqlite3_db_config(c->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(c->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(c->db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    code = sqlite3_exec(c->db, setup, NULL, NULL, NULL);
    return code == SQLITE_OK && !writable ? sqlite3_exec(c->db, setup_reader, NULL, NULL, NULL) : code;
}

tripsage_status tripsage__sqlite_connect(connection *c, const engine *e, int writable)
{
    int code = open_and_set_up(c, e, writable);
    tripsage_status status;

    c->writable = writable;
    if (code != SQLITE_OK) {
        status = SQL_FAILED(c->db, code, e->path);
        goto out;
    }
    TRIPSAGE_TRY(tripsage__sqlite_add_rank(c));
    TRIPSAGE_TRY(tripsage__sqlite_add_digest(c));
    TRIPSAGE_TRY(tripsage__sqlite_ready(c, writable));
    return TRIPSAGE_OK;
out:
    tripsage__sqlite_disconnect(c);
    return status;
}

void tripsage__sqlite_disconnect(connection *c)
{
    for (size_t i = 0; i < c->capacity; i++)
        sqlite3_finalize(c->table[i].stmt);
    sqlite3_finalize(c->begin);
    sqlite3_finalize(c->commit);
    sqlite3_finalize(c->rollback);
    tripsage__free(c->table);
    sqlite3_close(c->db);
    memset(c, 0, sizeof *c);
}

/* ---- transactions ---- */

static tripsage_status prepare_one(connection *c, sqlite3_stmt **out, const char *sql)
{
    int code;

    sqlite3_finalize(*out);
    code = sqlite3_prepare_v3(c->db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL);
    return code == SQLITE_OK ? TRIPSAGE_OK : SQL_FAILED(c->db, code, sql);
}

tripsage_status tripsage__sqlite_ready(connection *c, int writable)
{
    tripsage_status status;

    /* IMMEDIATE: a transaction that began by reading could not wait for the lock when it comes to write. */
    TRIPSAGE_TRY(prepare_one(c, &c->begin, writable ? "BEGIN IMMEDIATE" : "BEGIN"));
    TRIPSAGE_TRY(prepare_one(c, &c->commit, "COMMIT"));
    TRIPSAGE_TRY(prepare_one(c, &c->rollback, "ROLLBACK"));
out:
    return status;
}

/* Runs begin or commit. */
static tripsage_status run_alone(connection *c, sqlite3_stmt *stmt)
{
    int code = sqlite3_step(stmt);
    tripsage_status status = code == SQLITE_DONE ? TRIPSAGE_OK : SQL_FAILED(c->db, code, sqlite3_sql(stmt));

    sqlite3_reset(stmt);
    return status;
}

char *tripsage__sqlite_next_text_index(connection *c, const char *after, int *code)
{
    sqlite3_stmt *next = NULL;
    char *name = NULL;

    *code =
        sqlite3_prepare_v2(c->db,
                           "SELECT name FROM sqlite_schema WHERE sql LIKE 'CREATE VIRTUAL TABLE%fts5%' AND name > ?1"
                           " ORDER BY name LIMIT 1",
                           -1, &next, NULL);
    if (*code == SQLITE_OK)
        *code = sqlite3_bind_text(next, 1, after, -1, SQLITE_STATIC);
    if (*code == SQLITE_OK)
        *code = sqlite3_step(next);
    if (*code == SQLITE_ROW) {
        const char *found = (const char *)sqlite3_column_text(next, 0);

        name = found ? sqlite3_mprintf("%s", found) : NULL;
        *code = name ? SQLITE_OK : SQLITE_NOMEM;
    } else if (*code == SQLITE_DONE) {
        *code = SQLITE_OK;
    }
    sqlite3_finalize(next);
    return name;
}

/* Where SQLite rolls back by itself, over lack of memory or a failing disk, FTS5 may be reading the sums it keeps of an index, deeper in the
 * same call. It then takes the zeros that it could not overwrite for the sums (fts5StorageLoadTotals(), seen in SQLite 3.40), and the
 * next commit would store them. After the roll-back of a transaction that came to the index it reads them anew. */
static tripsage_status forget_sums(connection *c)
{
    tripsage_status status = run_alone(c, c->begin);
    char *name, *next;
    int code;

    if (status != TRIPSAGE_OK)
        return status;
    c->begun = 1;
    name = tripsage__sqlite_next_text_index(c, "", &code);
    while (name) {
        char *sql = sqlite3_mprintf("DELETE FROM \"%w\" WHERE rowid = -1", name); /* there is none */

        code = sql ? sqlite3_exec(c->db, sql, NULL, NULL, NULL) : SQLITE_NOMEM;
        sqlite3_free(sql);
        next = code == SQLITE_OK ? tripsage__sqlite_next_text_index(c, name, &code) : NULL;
        sqlite3_free(name);
        name = next;
    }
    if (code != SQLITE_OK)
        status = SQL_FAILED(c->db, code, "reading the full-text indexes anew");
    c->doubtful = 0;
    if (!tripsage__sqlite_rollback(c) && status == TRIPSAGE_OK)
        status = TRIPSAGE_NOMEM();
    if (status != TRIPSAGE_OK)
        c->doubtful = 1;
    return status;
}

tripsage_status tripsage__sqlite_begin(connection *c)
{
    tripsage_status status;

    if (!tripsage__sqlite_rollback(c))
        return TRIPSAGE_NOMEM();
    if (c->doubtful && c->writable)
        TRIPSAGE_TRY(forget_sums(c));
    status = run_alone(c, c->begin);
    c->begun = status == TRIPSAGE_OK;
out:
    return status;
}

tripsage_status tripsage__sqlite_commit(connection *c)
{
    tripsage_status status = run_alone(c, c->commit);

    if (status == TRIPSAGE_OK)
        c->begun = 0;
    return status;
}

int tripsage__sqlite_rollback(connection *c)
{
    if (sqlite3_get_autocommit(c->db)) { /* no transaction; SQLite rolls back by itself after the worst failures */
        c->doubtful |= c->begun;
        c->begun = 0;
        return 1;
    }
    sqlite3_step(c->rollback);
    sqlite3_reset(c->rollback);
    c->begun = !sqlite3_get_autocommit(c->db);
    return !c->begun;
}

/* ---- prepared statements ---- */

static prepared *slot_of(prepared *table, size_t capacity, const tripsage__statement *key)
{
    size_t i = (size_t)(((uintptr_t)key >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 32);

    while (table[i & (capacity - 1)].key && table[i & (capacity - 1)].key != key)
        i++;
    return &table[i & (capacity - 1)];
}

static tripsage_status grow(connection *c)
{
    size_t capacity = c->capacity ? c->capacity * 2 : 64;
    prepared *table = tripsage__calloc(capacity, sizeof *table);

    if (!table)
        return TRIPSAGE_NOMEM();
    for (size_t i = 0; i < c->capacity; i++)
        if (c->table[i].key)
            *slot_of(table, capacity, c->table[i].key) = c->table[i];
    tripsage__free(c->table);
    c->table = table;
    c->capacity = capacity;
    return TRIPSAGE_OK;
}

/* $1 becomes ?1, so that a parameter's number is its index, outside of quotes ('$.name' is a JSON path). */
static char *number_parameters(const char *sql)
{
    char *text = tripsage__strdup(sql);
    char quote = 0;

    for (char *p = text; p && *p; p++) {
        if (quote)
            quote = *p == quote ? 0 : quote;
        else if (*p == '\'' || *p == '"')
            quote = *p;
        else if (*p == '$' && p[1] >= '1' && p[1] <= '9')
            *p = '?';
    }
    return text;
}

/* The statement, made at its first use on this connection; NULL after setting *status. */
static prepared *prepare(connection *c, const tripsage__statement *statement, tripsage_status *status)
{
    prepared *slot = c->capacity ? slot_of(c->table, c->capacity, statement) : NULL;
    char *sql;
    int code;

    if (slot && slot->key)
        return slot;
    if (!slot || 2 * (c->used + 1) > c->capacity) {
        *status = grow(c);
        if (*status != TRIPSAGE_OK)
            return NULL;
        slot = slot_of(c->table, c->capacity, statement);
    }
    sql = number_parameters(statement->sql);
    if (!sql) {
        *status = TRIPSAGE_NOMEM();
        return NULL;
    }
    code = sqlite3_prepare_v3(c->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &slot->stmt, NULL);
    tripsage__free(sql);
    if (code != SQLITE_OK) {
        *status = SQL_FAILED(c->db, code, statement->name);
        return NULL;
    }
    slot->key = statement;
    slot->param_count = sqlite3_bind_parameter_count(slot->stmt);
    slot->read_only = sqlite3_stmt_readonly(slot->stmt);
    c->used++;
    return slot;
}

/* ---- one step ---- */

static int bind(sqlite3_stmt *stmt, int index, const tripsage__value *value)
{
    switch (value->type) {
    case TRIPSAGE__INT:
        return sqlite3_bind_int64(stmt, index, value->integer);
    case TRIPSAGE__REAL:
        return sqlite3_bind_double(stmt, index, value->real);
    case TRIPSAGE__TEXT:
        return sqlite3_bind_text64(stmt, index, value->bytes, value->size, SQLITE_STATIC, SQLITE_UTF8);
    case TRIPSAGE__BLOB:
    case TRIPSAGE__FLOATS:
        return sqlite3_bind_blob64(stmt, index, value->bytes ? value->bytes : "", value->size, SQLITE_STATIC);
    case TRIPSAGE__NULL:
        break;
    }
    return sqlite3_bind_null(stmt, index);
}

tripsage_status tripsage__sqlite_run(connection *c, const tripsage__step *step, int *wrote)
{
    tripsage__row row = {&tripsage__driver_sqlite, NULL};
    tripsage_status status = TRIPSAGE_OK;
    const prepared *p;
    int code = SQLITE_OK;

    if (step->on_begin)
        step->on_begin(step->context);
    p = prepare(c, step->statement, &status);
    if (!p)
        return status;
    if ((size_t)p->param_count > step->param_count)
        return TRIPSAGE_FAIL(TRIPSAGE_EINTERNAL, "%s takes %d parameters, not %zu", step->statement->name,
                             p->param_count, step->param_count);
    for (int i = 0; i < p->param_count && code == SQLITE_OK; i++)
        code = bind(p->stmt, i + 1, &step->params[i]);
    if (code != SQLITE_OK)
        return SQL_FAILED(c->db, code, step->statement->name);
    if (!p->read_only)
        *wrote = 1;
    row.cursor = p->stmt;
    while (status == TRIPSAGE_OK && (code = sqlite3_step(p->stmt)) == SQLITE_ROW)
        if (step->on_row)
            status = step->on_row(step->context, &row);
    /* A column that could not be read (see row_text) makes the next step fail; a callback that stopped over it is overruled. */
    if (status == TRIPSAGE_OK ? code != SQLITE_DONE : sqlite3_errcode(c->db) == SQLITE_NOMEM)
        status = SQL_FAILED(c->db, sqlite3_errcode(c->db), step->statement->name);
    if (status == TRIPSAGE_OK && step->changes)
        *step->changes = p->read_only ? 0 : sqlite3_changes64(c->db);
    sqlite3_reset(p->stmt);
    return status;
}
