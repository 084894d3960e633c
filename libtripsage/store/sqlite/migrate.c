/* store/sqlite/migrate.c: bringing the schema up to date: numbered, checksummed, all of them in one transaction. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "sqlite.h"
#include "store/migrations.h"

static const char create_table[] = "CREATE TABLE IF NOT EXISTS schema_migration ("
                                   " number INTEGER PRIMARY KEY,"
                                   " name TEXT NOT NULL,"
                                   " checksum TEXT NOT NULL," /* SHA-256 of the text, hexadecimal */
                                   " applied_at INTEGER NOT NULL"
                                   ") STRICT";

static const tripsage__statement list_applied = {
    "migration_applied", "SELECT number, name, checksum FROM schema_migration ORDER BY number", NULL};
static const tripsage__statement record = {
    "migration_record", "INSERT INTO schema_migration (number, name, checksum, applied_at) VALUES ($1, $2, $3, $4)",
    NULL};
static const tripsage__statement has_table = {
    "migration_has_table",
    "SELECT (SELECT count(*) FROM sqlite_schema WHERE name = 'schema_migration'), (SELECT count(*) FROM sqlite_schema),"
    " (SELECT application_id FROM pragma_application_id)",
    NULL};

static tripsage_status compare_applied(void *context, const tripsage__row *row)
{
    return tripsage__migration_compare(context, &tripsage__migrations_sqlite, (int)tripsage__row_int(row, 0),
                                       tripsage__row_text(row, 1, NULL), tripsage__row_text(row, 2, NULL));
}

static void start_comparing(void *context)
{
    *(size_t *)context = 0;
}

typedef struct look {
    int64_t has_table, objects, application_id;
} look;

static tripsage_status take_look(void *context, const tripsage__row *row)
{
    look *l = context;

    l->has_table = tripsage__row_int(row, 0);
    l->objects = tripsage__row_int(row, 1);
    l->application_id = tripsage__row_int(row, 2);
    return TRIPSAGE_OK;
}

/* How many migrations are applied; refuses another program's database and a past that is not ours. */
tripsage_status tripsage__sqlite_count_applied(connection *c, size_t *applied)
{
    look l = {0, 0, 0};
    const tripsage__step looking = {&has_table, NULL, 0, NULL, take_look, &l, NULL};
    const tripsage__step comparing = {&list_applied, NULL, 0, start_comparing, compare_applied, applied, NULL};
    int wrote = 0;
    tripsage_status status = tripsage__sqlite_run(c, &looking, &wrote);

    *applied = 0;
    if (status != TRIPSAGE_OK)
        return status;
    if (l.application_id != SQLITE_APPLICATION_ID && l.objects != 0)
        return TRIPSAGE_FAIL(TRIPSAGE_EMIGRATION, "the file is an SQLite database of another program");
    return l.has_table ? tripsage__sqlite_run(c, &comparing, &wrote) : TRIPSAGE_OK;
}

static tripsage_status apply(engine *e, const tripsage__migration *migration)
{
    char checksum[TRIPSAGE__MIGRATION_CHECKSUM_SIZE];
    tripsage__value params[4];
    const tripsage__step recording = {&record, params, 4, NULL, NULL, NULL, NULL};
    int wrote = 0;
    int code;
    tripsage_status status = tripsage__migration_checksum(checksum, migration);

    if (status != TRIPSAGE_OK)
        return status;
    code = sqlite3_exec(e->writer.db, migration->text, NULL, NULL, NULL);
    if (code != SQLITE_OK)
        return SQL_FAILED(e->writer.db, code, migration->name);
    params[0] = tripsage__int(migration->number);
    params[1] = tripsage__text(migration->name);
    params[2] = tripsage__text(checksum);
    params[3] = tripsage__int(tripsage__now_ms(e->env));
    tripsage__log(e->env, TRIPSAGE_LOG_INFO, "store", "applied migration %04d_%s", migration->number, migration->name);
    return tripsage__sqlite_run(&e->writer, &recording, &wrote);
}

static tripsage_status apply_rest(engine *e, int for_good)
{
    connection *c = &e->writer;
    char application_id[64];
    size_t applied;
    tripsage_status status = tripsage__sqlite_begin(c);

    if (status != TRIPSAGE_OK)
        return status;
    TRIPSAGE_TRY(tripsage__sqlite_count_applied(c, &applied)); /* again: another process may have been here first */
    snprintf(application_id, sizeof application_id, "PRAGMA application_id = %d", SQLITE_APPLICATION_ID);
    TRIPSAGE_TRY(tripsage__sqlite_exec(c, application_id));
    TRIPSAGE_TRY(tripsage__sqlite_exec(c, create_table));
    for (; applied < tripsage__migrations_sqlite.count; applied++)
        TRIPSAGE_TRY(apply(e, &tripsage__migrations_sqlite.all[applied]));
    if (!for_good)
        goto out;
    TRIPSAGE_TRY(tripsage__sqlite_commit(c));
    TRIPSAGE_TRY(tripsage__sqlite_ready(c, 1));
out:
    tripsage__sqlite_rollback(c);
    return status;
}

tripsage_status tripsage__sqlite_recognise(engine *e)
{
    size_t applied;

    return tripsage__sqlite_count_applied(&e->writer, &applied);
}

tripsage_status tripsage__sqlite_migrate(engine *e, int no_migrate)
{
    size_t applied;
    tripsage_status status = tripsage__sqlite_count_applied(&e->writer, &applied);

    if (status != TRIPSAGE_OK || applied == tripsage__migrations_sqlite.count)
        return status;
    if (no_migrate)
        return TRIPSAGE_FAIL(TRIPSAGE_EMIGRATION,
                             "the database is %zu migrations behind this library: tripsage-server migrate applies them",
                             tripsage__migrations_sqlite.count - applied);
    return apply_rest(e, 1);
}

tripsage_status tripsage__sqlite_plan(size_t *applied, const char *url, const tripsage__store_options *options,
                                      tripsage__env *env, int try_them)
{
    static char memory[] = ":memory:"; /* in the place of a file that is not there, and is not made */
    engine e;
    int is_there;
    char *path;
    tripsage_status status;

    memset(&e, 0, sizeof e);
    e.env = env;
    e.busy_timeout_ms = options->busy_timeout_ms ? options->busy_timeout_ms : 10000;
    TRIPSAGE_TRY(tripsage__sqlite_parse_url(&e, url));
    path = e.path;
    is_there = !e.in_memory && access(path, F_OK) == 0;
    e.path = is_there ? path : memory;
    status = tripsage__sqlite_connect(&e.writer, &e, 1);
    if (status == TRIPSAGE_OK)
        status = tripsage__sqlite_count_applied(&e.writer, applied);
    if (status == TRIPSAGE_OK && try_them && *applied < tripsage__migrations_sqlite.count)
        status = apply_rest(&e, 0);
    tripsage__sqlite_disconnect(&e.writer);
    e.path = path;
out:
    tripsage__free(e.path);
    return status;
}
