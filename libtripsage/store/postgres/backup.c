/* store/postgres/backup.c: what is in the tables, as text in a file, and back.
 *
 * It needs what any managed service allows a login: reading as service_role, and for a load to own the tables. There is no second program
 * whose version has to fit the server's, and no password on a command line. The file:
 *
 *     tripsage-postgres 1
 *     table trip (seq, id, ...)        what COPY takes behind the schema's name; then the rows in COPY's text format, until
 *     \.
 *     rows 1234
 *     identity trip seq 5678           the last number that was given
 *     end
 *
 * Tables stand in an order in which each row finds what it refers to. Left out are generated columns; schema_migration, which belongs to
 * the schema; and what service_role may not read, which triggers make of the rest (the full-text index). A load runs in one transaction
 * from the first look to the last row. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "postgres.h"

#define HEADER "tripsage-postgres 1\n"
/* Rows between two words about how far it is. */
#define TELL_EVERY 1000
/* 1 GiB: what PostgreSQL itself takes as one value at most. */
#define LINE_MAX_SIZE ((size_t)1024 * 1024 * 1024)

/* It may take hours: no timeout holds. */
#define NO_TIMEOUTS                                                                                                    \
    "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0;"                              \
    "SET LOCAL search_path = " TRIPSAGE__PG_SEARCH_PATH ";"

static const char list_tables[] =
    "WITH RECURSIVE depth (oid, depth) AS ("
    " SELECT oid, 0 FROM pg_class WHERE relnamespace = 'tripsage'::regnamespace AND relkind = 'r'"
    " UNION SELECT c.conrelid, d.depth + 1 FROM depth d JOIN pg_constraint c ON c.confrelid = d.oid AND c.contype = 'f'"
    " AND c.conrelid <> c.confrelid WHERE d.depth < 32)"
    " SELECT quote_ident(c.relname), '(' || (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)"
    " FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '')"
    " || ')', greatest(c.reltuples, 0)::bigint,"
    " (SELECT quote_ident(a.attname) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attidentity <> '' LIMIT 1),"
    " c.relforcerowsecurity, pg_has_role(session_user, c.relowner, 'USAGE'),"
    " has_table_privilege('service_role', c.oid, 'SELECT'),"
    " (SELECT string_agg(', ENABLE TRIGGER ' || quote_ident(t.tgname), '') FROM pg_trigger t"
    " WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgname LIKE 'search%')"
    " FROM pg_class c JOIN (SELECT oid, max(depth) AS depth FROM depth GROUP BY oid) d ON d.oid = c.oid"
    " WHERE c.relname <> 'schema_migration' ORDER BY d.depth, c.relname";

enum { TABLE, COLUMNS, ESTIMATE, IDENTITY, FORCED, OWNED, READABLE, SEARCH }; /* the columns of that */

/* Runs SQL that is made of parts. */
static tripsage_status run(PGresult **out, connection *c, const char *format, ...) TRIPSAGE__PRINTF(3, 4);
static tripsage_status run(PGresult **out, connection *c, const char *format, ...)
{
    char sql[8192]; /* the widest table's columns are some 400 bytes; TRUNCATE names every table: some 800 */
    va_list parts;
    int size;

    va_start(parts, format);
    size = vsnprintf(sql, sizeof sql, format, parts);
    va_end(parts);
    if (size < 0 || (size_t)size >= sizeof sql)
        return TRIPSAGE_FAIL(TRIPSAGE_EINTERNAL, "a statement of the backup has %d bytes", size);
    return tripsage__pg_exec(out, c, sql);
}

static tripsage_status connect_for(engine **e, connection *c, const tripsage__backup_job *job)
{
    tripsage__store_options options = {.busy_timeout_ms = job->busy_timeout_ms};

    return tripsage__pg_engine_connect(e, c, job->url, &options, job->env);
}

tripsage_status tripsage__pg_name_of(tripsage__buf *out, const char *url)
{
    const char *end = url + strcspn(url, "?"), *slash = strstr(url, "://");
    const char *path = slash ? memchr(slash + 3, '/', (size_t)(end - slash - 3)) : NULL;
    const char *parameter = strstr(end, "dbname=");

    if (path && path + 1 < end)
        tripsage__buf_put(out, path + 1, (size_t)(end - path - 1));
    else if (parameter)
        tripsage__buf_put(out, parameter + 7, strcspn(parameter + 7, "&"));
    else
        TRIPSAGE__LIT(out, "postgres");
    for (size_t i = 0; i < out->size; i++) /* it becomes part of a file's name */
        if (out->data[i] == '/' || out->data[i] == '%')
            out->data[i] = '_';
    return TRIPSAGE_OK;
}

/* ---- dump ---- */

typedef struct progress {
    const tripsage__backup_job *job;
    const char *phase;
    int64_t done, total;
} progress;

static void count_row(progress *p)
{
    if (++p->done % TELL_EVERY == 0)
        tripsage__backup_tell(p->job, p->phase, p->done, p->total > p->done ? p->total : p->done);
}

static tripsage_status wrong_file(const char *path)
{
    tripsage_status status = errno == ENOSPC || errno == EDQUOT || errno == EFBIG ? TRIPSAGE_EFULL : TRIPSAGE_EIO;

    return TRIPSAGE_FAIL_NATIVE(status, errno, "cannot write %s: %s", path, strerror(errno));
}

/* A line of our own. Whether all could be written is asked at the end of each table. */
static void put_line(FILE *to, const char *format, ...) TRIPSAGE__PRINTF(2, 3);
static void put_line(FILE *to, const char *format, ...)
{
    char line[4096]; /* the columns of the widest table are some 400 bytes */
    va_list parts;
    int size;

    va_start(parts, format);
    size = vsnprintf(line, sizeof line, format, parts);
    va_end(parts);
    if (size > 0)
        (void)fwrite(line, 1, (size_t)size < sizeof line ? (size_t)size : sizeof line - 1, to);
}

/* After COPY ... TO STDOUT: the rows, and what the server says at the end. */
static tripsage_status take_rows(connection *c, FILE *to, const char *path, int64_t *rows, progress *p)
{
    PGresult *result;
    char *row;
    int size;
    tripsage_status status = TRIPSAGE_OK;

    *rows = 0;
    while ((size = PQgetCopyData(c->pg, &row, 0)) > 0) {
        if (status == TRIPSAGE_OK && fwrite(row, 1, (size_t)size, to) != (size_t)size)
            status = wrong_file(path);
        PQfreemem(row);
        ++*rows;
        count_row(p);
    }
    if (size == -2)
        status = PG_FAILED(TRIPSAGE_EUNAVAILABLE, c, NULL, "backup");
    while ((result = PQgetResult(c->pg)) != NULL) {
        if (status == TRIPSAGE_OK && PQresultStatus(result) != PGRES_COMMAND_OK)
            status = PG_FAILED(tripsage__pg_status_of_result(result), c, result, "backup");
        PQclear(result);
    }
    return status;
}

/* Begins a COPY, which is neither a command that has ended nor one that gives rows. */
static tripsage_status begin_copy(connection *c, ExecStatusType wanted, const char *schema, const char *table,
                                  const char *columns, const char *direction)
{
    char sql[8192];
    PGresult *result;
    tripsage_status status = TRIPSAGE_OK;

    snprintf(sql, sizeof sql, "COPY %s.%s %s %s", schema, table, columns, direction);
    result = PQexec(c->pg, sql);
    if (!result)
        status = TRIPSAGE_NOMEM();
    else if (PQresultStatus(result) != wanted)
        status = PG_FAILED(tripsage__pg_status_of_result(result), c, result, table);
    PQclear(result);
    return status;
}

static tripsage_status dump_table(connection *c, const PGresult *tables, int i, FILE *to, const char *path, progress *p)
{
    const char *table = PQgetvalue(tables, i, TABLE), *columns = PQgetvalue(tables, i, COLUMNS);
    const char *identity = PQgetvalue(tables, i, IDENTITY);
    PGresult *last = NULL;
    int64_t rows = 0;
    tripsage_status status;

    put_line(to, "table %s %s\n", table, columns);
    TRIPSAGE_TRY(begin_copy(c, PGRES_COPY_OUT, "tripsage", table, columns, "TO STDOUT"));
    TRIPSAGE_TRY(take_rows(c, to, path, &rows, p));
    put_line(to, "\\.\nrows %" PRId64 "\n", rows);
    if (*identity) { /* a login that does not own the sequence sees the numbers in use only */
        TRIPSAGE_TRY(
            run(&last, c,
                "SELECT greatest(coalesce(max(t.%s), 0), coalesce((SELECT s.last_value FROM pg_sequences s WHERE"
                " format('%%I.%%I', s.schemaname, s.sequencename)"
                " = pg_get_serial_sequence('tripsage.%s', '%s')), 0)) FROM tripsage.%s t",
                identity, table, identity, table));
        put_line(to, "identity %s %s %s\n", table, identity, PQgetvalue(last, 0, 0));
    }
    if (ferror(to))
        status = wrong_file(path);
out:
    PQclear(last);
    return status;
}

static tripsage_status schema_number(connection *c, int64_t *number)
{
    PGresult *found = NULL;
    tripsage_status status;

    *number = 0;
    TRIPSAGE_TRY(tripsage__pg_exec(&found, c,
                                   "SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                                   " WHERE n.nspname = 'tripsage' AND c.relname = 'schema_migration'"));
    if (PQntuples(found)) {
        PQclear(found);
        found = NULL;
        TRIPSAGE_TRY(tripsage__pg_check_login(c));
        TRIPSAGE_TRY(tripsage__pg_exec(&found, c,
                                       "SET LOCAL ROLE service_role;"
                                       "SELECT max(number) FROM tripsage.schema_migration"));
        *number = strtoll(PQgetvalue(found, 0, 0), NULL, 10);
    }
out:
    PQclear(found);
    return status;
}

static tripsage_status dump_to(connection *c, FILE *to, const tripsage__backup_job *job, const char *path,
                               int64_t *schema)
{
    progress p = {job, "copy", 0, 0};
    PGresult *tables = NULL;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__pg_exec(NULL, c, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;" NO_TIMEOUTS));
    TRIPSAGE_TRY(schema_number(c, schema));
    if (!*schema) {
        status =
            TRIPSAGE_FAIL(TRIPSAGE_ENOTFOUND, "the database has no schema of this library: there is nothing in it");
        goto out;
    }
    TRIPSAGE_TRY(tripsage__pg_exec(&tables, c, list_tables));
    for (int i = 0; i < PQntuples(tables); i++)
        p.total += strtoll(PQgetvalue(tables, i, ESTIMATE), NULL, 10);
    put_line(to, HEADER);
    for (int i = 0; i < PQntuples(tables); i++)
        if (strcmp(PQgetvalue(tables, i, READABLE), "t") == 0)
            TRIPSAGE_TRY(dump_table(c, tables, i, to, path, &p));
    put_line(to, "end\n");
    if (fflush(to) != 0)
        status = wrong_file(path);
out:
    PQclear(tables);
    return status;
}

tripsage_status tripsage__pg_dump(const tripsage__backup_job *job, const char *path, int64_t *schema)
{
    engine *e;
    connection c;
    FILE *to;
    tripsage_status status = connect_for(&e, &c, job);

    if (status != TRIPSAGE_OK)
        return status;
    to = fopen(path, "we");
    if (!to) {
        status = wrong_file(path);
    } else {
        status = dump_to(&c, to, job, path, schema);
        if (fclose(to) != 0 && status == TRIPSAGE_OK)
            status = wrong_file(path);
    }
    tripsage__pg_disconnect(&c);
    tripsage__pg_engine_close(e);
    return status;
}

/* ---- the file, read ---- */

typedef struct reader {
    FILE *in;
    tripsage__buf line; /* with its newline */
    char piece[65536];
    size_t at, size;
} reader;

/* The next line; without one it is empty. */
static tripsage_status next_line(reader *r)
{
    const char *end = NULL;

    r->line.size = 0;
    do {
        size_t rest;

        if (r->at == r->size) {
            r->size = fread(r->piece, 1, sizeof r->piece, r->in);
            r->at = 0;
            if (r->size == 0)
                break;
        }
        end = memchr(r->piece + r->at, '\n', r->size - r->at);
        rest = end ? (size_t)(end - r->piece) + 1 - r->at : r->size - r->at;
        tripsage__buf_put(&r->line, r->piece + r->at, rest);
        r->at += rest;
    } while (!end && !r->line.failed);
    return tripsage__buf_status(&r->line);
}

static int line_is(const reader *r, const char *text)
{
    return r->line.size == strlen(text) && memcmp(r->line.data, text, r->line.size) == 0;
}

static tripsage_status not_readable(void)
{
    return TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "the backup is in no form that this library reads");
}

/* The number behind a word at the beginning of the line; -1: there is another word. */
static int64_t number_behind(const reader *r, const char *word)
{
    size_t length = strlen(word);

    return r->line.size > length && memcmp(r->line.data, word, length) == 0 ? strtoll(r->line.data + length, NULL, 10)
                                                                            : -1;
}

/* ---- load ---- */

typedef struct loading {
    connection *c;
    reader *r;
    progress p;
    const char *into; /* the schema of the tables */
    int trial;
} loading;

/* Sends the rows of a table; gives how many. */
static tripsage_status send_rows(loading *l, int64_t *rows)
{
    tripsage_status status = TRIPSAGE_OK;

    *rows = 0;
    while ((status = next_line(l->r)) == TRIPSAGE_OK && l->r->line.size && !line_is(l->r, "\\.\n")) {
        if (PQputCopyData(l->c->pg, l->r->line.data, (int)l->r->line.size) != 1)
            return PG_FAILED(TRIPSAGE_EUNAVAILABLE, l->c, NULL, "restore");
        ++*rows;
        count_row(&l->p);
    }
    return status == TRIPSAGE_OK && !l->r->line.size ? not_readable() : status;
}

static tripsage_status end_copy(connection *c)
{
    PGresult *result;
    tripsage_status status = TRIPSAGE_OK;

    if (PQputCopyEnd(c->pg, NULL) != 1)
        return PG_FAILED(TRIPSAGE_EUNAVAILABLE, c, NULL, "restore");
    while ((result = PQgetResult(c->pg)) != NULL) {
        if (status == TRIPSAGE_OK && PQresultStatus(result) != PGRES_COMMAND_OK)
            status = PG_FAILED(tripsage__pg_status_of_result(result), c, result, "restore");
        PQclear(result);
    }
    return status;
}

/* The line "table NAME (COLUMNS)" was read. */
static tripsage_status load_table(loading *l)
{
    char *table = NULL, *columns, *newline;
    int64_t rows;
    tripsage_status status;

    table = tripsage__strndup(l->r->line.data + strlen("table "), l->r->line.size - strlen("table "));
    if (!table)
        return TRIPSAGE_NOMEM();
    newline = strchr(table, '\n');
    columns = strchr(table, ' ');
    if (!columns || !newline || columns[1] != '(' || newline[-1] != ')') {
        status = not_readable();
        goto out;
    }
    *columns++ = *newline = '\0';
    if (l->trial) /* without constraints, defaults and triggers: what the types refuse is refused */
        TRIPSAGE_TRY(run(NULL, l->c,
                         "CREATE TEMPORARY TABLE %s ON COMMIT DROP AS SELECT %.*s FROM tripsage.%s WITH NO DATA", table,
                         (int)strlen(columns) - 2, columns + 1, table));
    TRIPSAGE_TRY(begin_copy(l->c, PGRES_COPY_IN, l->into, table, columns, "FROM STDIN"));
    TRIPSAGE_TRY(send_rows(l, &rows));
    TRIPSAGE_TRY(end_copy(l->c));
    TRIPSAGE_TRY(next_line(l->r));
    if (number_behind(l->r, "rows ") != rows)
        status = not_readable();
out:
    tripsage__free(table);
    return status;
}

/* The line "identity TABLE COLUMN NUMBER" was read. */
static tripsage_status load_identity(loading *l)
{
    char *table = l->r->line.data + strlen("identity "), *column = strchr(table, ' ');
    char *number = column ? strchr(column + 1, ' ') : NULL;
    int64_t last;

    if (!number)
        return not_readable();
    *column++ = *number++ = '\0';
    last = strtoll(number, NULL, 10);
    if (l->trial || last < 1)
        return TRIPSAGE_OK;
    return run(NULL, l->c, "SELECT setval(pg_get_serial_sequence('tripsage.%s', '%s'), %" PRId64 ")", table, column,
               last);
}

static tripsage_status load_from(loading *l)
{
    tripsage_status status;

    TRIPSAGE_TRY(next_line(l->r));
    if (!line_is(l->r, HEADER))
        return not_readable();
    for (;;) {
        TRIPSAGE_TRY(next_line(l->r));
        if (line_is(l->r, "end\n"))
            return TRIPSAGE_OK;
        if (l->r->line.size > 6 && memcmp(l->r->line.data, "table ", 6) == 0)
            TRIPSAGE_TRY(load_table(l));
        else if (l->r->line.size > 9 && memcmp(l->r->line.data, "identity ", 9) == 0)
            TRIPSAGE_TRY(load_identity(l));
        else
            return not_readable();
    }
out:
    return status;
}

/* ---- the tables, made ready and given back ---- */

/* The names of all tables, for one statement about them. */
static tripsage_status join_tables(tripsage__buf *out, const PGresult *tables)
{
    for (int i = 0; i < PQntuples(tables); i++)
        tripsage__buf_printf(out, "%stripsage.%s", i ? ", " : "", PQgetvalue(tables, i, TABLE));
    return tripsage__buf_status(out);
}

/* Rows come in as they were: no trigger makes others of them or announces them, but for those of the full-text index; and row level
 * security, which COPY cannot have, holds for everybody but the owner meanwhile. References are checked. Nobody sees any of it before the
 * end: each table is locked from here on. */
static tripsage_status open_tables(connection *c, const PGresult *tables)
{
    tripsage__buf all = TRIPSAGE__BUF_INIT(65536);
    tripsage_status status;

    for (int i = 0; i < PQntuples(tables); i++) {
        if (strcmp(PQgetvalue(tables, i, OWNED), "t") != 0) {
            status = TRIPSAGE_FAIL(
                TRIPSAGE_EFORBIDDEN,
                "the login \"%.63s\" does not own the tables: restore as the owner (docs/postgres.md)", PQuser(c->pg));
            goto out;
        }
        TRIPSAGE_TRY(run(NULL, c, "ALTER TABLE tripsage.%s DISABLE TRIGGER USER, NO FORCE ROW LEVEL SECURITY",
                         PQgetvalue(tables, i, TABLE)));
    }
    TRIPSAGE_TRY(join_tables(&all, tables));
    TRIPSAGE_TRY(run(NULL, c, "TRUNCATE %s", all.data));
    for (int i = 0; i < PQntuples(tables); i++)
        if (*PQgetvalue(tables, i, SEARCH))
            TRIPSAGE_TRY(run(NULL, c, "ALTER TABLE tripsage.%s %s", PQgetvalue(tables, i, TABLE),
                             PQgetvalue(tables, i, SEARCH) + strlen(", ")));
out:
    tripsage__buf_free(&all);
    return status;
}

static tripsage_status close_tables(connection *c, const PGresult *tables)
{
    tripsage_status status = TRIPSAGE_OK;

    for (int i = 0; i < PQntuples(tables) && status == TRIPSAGE_OK; i++)
        status = run(NULL, c, "ALTER TABLE tripsage.%s ENABLE TRIGGER USER%s; ANALYZE tripsage.%s",
                     PQgetvalue(tables, i, TABLE),
                     strcmp(PQgetvalue(tables, i, FORCED), "t") == 0 ? ", FORCE ROW LEVEL SECURITY" : "",
                     PQgetvalue(tables, i, TABLE));
    return status;
}

/* Whether anybody's records are there. Of what migrations and opening put there is nothing lost. */
static tripsage_status has_records(connection *c, int *out)
{
    PGresult *found = NULL;
    tripsage_status status =
        tripsage__pg_exec(&found, c,
                          "SET LOCAL ROLE service_role; SELECT EXISTS (SELECT 1 FROM tripsage.account)"
                          " OR EXISTS (SELECT 1 FROM tripsage.trip) OR EXISTS (SELECT 1 FROM tripsage.vector_item)");

    if (status == TRIPSAGE_OK)
        *out = strcmp(PQgetvalue(found, 0, 0), "t") == 0;
    PQclear(found);
    return status == TRIPSAGE_OK ? tripsage__pg_exec(NULL, c, "SET LOCAL ROLE NONE") : status;
}

/* A database without a schema gets the backup's; one with another is refused. */
static tripsage_status make_schema_fit(engine *e, connection *c, const tripsage__manifest *manifest, int trial)
{
    int64_t number;
    tripsage_status status;

    TRIPSAGE_TRY(schema_number(c, &number));
    TRIPSAGE_TRY(tripsage__pg_exec(NULL, c, "SET LOCAL ROLE NONE"));
    if (number == 0 && !trial)
        TRIPSAGE_TRY(tripsage__pg_lay_out(c, e, manifest->schema));
    else if (number != manifest->schema)
        return TRIPSAGE_FAIL(TRIPSAGE_EMIGRATION,
                             "the backup has the schema %lld and the database %lld: restore into an empty database, "
                             "which gets the backup's, then migrate",
                             (long long)manifest->schema, (long long)number);
    status = tripsage__pg_exec(NULL, c, NO_TIMEOUTS);
out:
    return status;
}

static tripsage_status load_into_tables(engine *e, loading *l, const tripsage__backup_job *job,
                                        const tripsage__manifest *manifest, int *replaced)
{
    connection *c = l->c;
    PGresult *tables = NULL;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__pg_exec(NULL, c, "BEGIN"));
    TRIPSAGE_TRY(tripsage__pg_lock_schema(c));
    TRIPSAGE_TRY(make_schema_fit(e, c, manifest, 0));
    TRIPSAGE_TRY(has_records(c, replaced));
    if (*replaced && !job->force) {
        status = TRIPSAGE_FAIL(TRIPSAGE_EEXISTS,
                               "there are records in the database: restore into another one, or with force (--force)");
        goto out;
    }
    TRIPSAGE_TRY(tripsage__pg_exec(&tables, c, list_tables));
    TRIPSAGE_TRY(open_tables(c, tables));
    TRIPSAGE_TRY(load_from(l));
    TRIPSAGE_TRY(close_tables(c, tables));
    status = tripsage__pg_exec(NULL, c, "COMMIT");
out:
    PQclear(tables);
    return status; /* a failed transaction ends with its connection */
}

static tripsage_status load_for_a_try(engine *e, loading *l, const tripsage__manifest *manifest)
{
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__pg_exec(NULL, l->c, "BEGIN;" NO_TIMEOUTS));
    TRIPSAGE_TRY(make_schema_fit(e, l->c, manifest, 1));
    TRIPSAGE_TRY(tripsage__pg_exec(NULL, l->c, "SET LOCAL ROLE service_role"));
    TRIPSAGE_TRY(load_from(l));
    status = tripsage__pg_exec(NULL, l->c, "ROLLBACK");
out:
    return status;
}

tripsage_status tripsage__pg_load(const tripsage__backup_job *job, const char *path, const tripsage__manifest *manifest,
                                  int *replaced)
{
    static const tripsage__buf empty = TRIPSAGE__BUF_INIT(LINE_MAX_SIZE);
    reader *r = tripsage__calloc(1, sizeof *r);
    loading l = {
        NULL, r, {job, job->trial ? "check" : "restore", 0, 0}, job->trial ? "pg_temp" : "tripsage", job->trial};
    engine *e = NULL;
    connection c;
    int were_there = 0;
    tripsage_status status;

    memset(&c, 0, sizeof c);
    if (!r)
        return TRIPSAGE_NOMEM();
    r->line = empty;
    l.c = &c;
    TRIPSAGE_TRY(tripsage__backup_copy(job, manifest, path, -1, "checksum"));
    r->in = fopen(path, "re");
    if (!r->in) {
        status = TRIPSAGE_FAIL_NATIVE(TRIPSAGE_EIO, errno, "cannot open %s: %s", path, strerror(errno));
        goto out;
    }
    TRIPSAGE_TRY(connect_for(&e, &c, job));
    if (job->trial)
        status = load_for_a_try(e, &l, manifest);
    else
        status = load_into_tables(e, &l, job, manifest, &were_there);
    if (status == TRIPSAGE_OK && replaced)
        *replaced = were_there;
out:
    tripsage__pg_disconnect(&c);
    if (e)
        tripsage__pg_engine_close(e);
    if (r->in)
        fclose(r->in);
    tripsage__buf_free(&r->line);
    tripsage__free(r);
    return status;
}
