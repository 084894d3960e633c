/* store/postgres/upkeep.c: what the server knows of our tables and indexes, and what it can be asked to do about them. VACUUM, ANALYZE
 * and REINDEX are the owner's; the server passes over tables of others with a warning, so who asks is looked at first. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tripsage/maintenance.h>

#include "base/memory.h"
#include "postgres.h"

/* A fifth, and 10,000 rows: what autovacuum leaves by default (autovacuum_vacuum_scale_factor), and more than a small table is worth. */
#define DEAD_SHARE 5
#define DEAD_MIN   10000
/* An index that nobody asked costs writes; one of less than 8 MiB little. */
#define UNUSED_MIN ((int64_t)8 * 1024 * 1024)

static const char list_tables[] =
    "SELECT s.relname, pg_total_relation_size(s.relid), s.n_live_tup, s.n_dead_tup,"
    " to_char(greatest(s.last_vacuum, s.last_autovacuum) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'),"
    " to_char(greatest(s.last_analyze, s.last_autoanalyze) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'),"
    " pg_has_role(session_user, c.relowner, 'USAGE')"
    " FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid WHERE s.schemaname = 'tripsage' ORDER BY s.relname";
enum { T_NAME, T_BYTES, T_LIVE, T_DEAD, T_VACUUM, T_ANALYZE, T_OWNED };

static const char list_indexes[] =
    "SELECT s.indexrelname, s.relname, pg_relation_size(s.indexrelid), s.idx_scan, i.indisvalid,"
    " i.indisunique, am.amname FROM pg_stat_user_indexes s JOIN pg_index i ON i.indexrelid = s.indexrelid"
    " JOIN pg_class c ON c.oid = s.indexrelid JOIN pg_am am ON am.oid = c.relam"
    " WHERE s.schemaname = 'tripsage' ORDER BY s.relname, s.indexrelname";
enum { I_NAME, I_TABLE, I_BYTES, I_SCANS, I_VALID, I_UNIQUE, I_METHOD };

static int64_t number(const PGresult *found, int row, int column)
{
    return strtoll(PQgetvalue(found, row, column), NULL, 10);
}

static int is_true(const PGresult *found, int row, int column)
{
    return strcmp(PQgetvalue(found, row, column), "t") == 0;
}

static void put_text(tripsage__buf *json, const PGresult *found, int row, int column)
{
    const char *text = PQgetisnull(found, row, column) ? NULL : PQgetvalue(found, row, column);

    tripsage__json_put_text(json, text, text ? strlen(text) : 0);
}

/* ---- what there is ---- */

static void put_table(tripsage__upkeep *u, const PGresult *found, int i)
{
    tripsage__buf *json = &u->tables;
    int64_t live = number(found, i, T_LIVE), dead = number(found, i, T_DEAD);

    tripsage__buf_puts(json, i ? ",{\"name\":" : "{\"name\":");
    put_text(json, found, i, T_NAME);
    tripsage__buf_printf(json, ",\"bytes\":%lld,\"live\":%lld,\"dead\":%lld,\"last_vacuum\":",
                         (long long)number(found, i, T_BYTES), (long long)live, (long long)dead);
    put_text(json, found, i, T_VACUUM);
    TRIPSAGE__LIT(json, ",\"last_analyze\":");
    put_text(json, found, i, T_ANALYZE);
    TRIPSAGE__LIT(json, "}");
    u->bytes += number(found, i, T_BYTES);
    if (live + dead > 0)
        u->free_bytes += number(found, i, T_BYTES) / (live + dead) * dead; /* an estimate: what dead rows take */
    if (dead >= DEAD_MIN && dead >= live / DEAD_SHARE && !(u->what & TRIPSAGE_UPKEEP_VACUUM))
        tripsage__upkeep_say(&u->hints,
                             "%s has %lld dead rows beside %lld: vacuum it (maintain --vacuum), and see why autovacuum "
                             "does not",
                             PQgetvalue(found, i, T_NAME), (long long)dead, (long long)live);
}

static void put_index(tripsage__upkeep *u, const PGresult *found, int i)
{
    tripsage__buf *json = &u->indexes;

    tripsage__buf_puts(json, i ? ",{\"name\":" : "{\"name\":");
    put_text(json, found, i, I_NAME);
    TRIPSAGE__LIT(json, ",\"table\":");
    put_text(json, found, i, I_TABLE);
    tripsage__buf_printf(json, ",\"bytes\":%lld,\"scans\":%lld,\"valid\":%s}", (long long)number(found, i, I_BYTES),
                         (long long)number(found, i, I_SCANS), is_true(found, i, I_VALID) ? "true" : "false");
    if (number(found, i, I_SCANS) == 0 && number(found, i, I_BYTES) >= UNUSED_MIN && !is_true(found, i, I_UNIQUE))
        tripsage__upkeep_say(&u->hints, "%s (%lld bytes) was not used since the server's statistics began",
                             PQgetvalue(found, i, I_NAME), (long long)number(found, i, I_BYTES));
}

/* ---- what is done ---- */

static tripsage_status check_owner(const connection *c, const PGresult *tables)
{
    for (int i = 0; i < PQntuples(tables); i++)
        if (!is_true(tables, i, T_OWNED))
            return TRIPSAGE_FAIL(
                TRIPSAGE_EFORBIDDEN,
                "the login \"%.63s\" does not own the tables: analyze, vacuum and reindex as the owner "
                "(docs/postgres.md)",
                PQuser(c->pg));
    return TRIPSAGE_OK;
}

static tripsage_status tend_tables(engine *e, tripsage__upkeep *u, const PGresult *tables)
{
    const char *command = u->what & TRIPSAGE_UPKEEP_VACUUM ? "VACUUM (ANALYZE)" : "ANALYZE";
    tripsage_status status = TRIPSAGE_OK;

    for (int i = 0; i < PQntuples(tables) && status == TRIPSAGE_OK; i++) {
        char sql[160];

        snprintf(sql, sizeof sql, "%s tripsage.\"%.63s\"", command, PQgetvalue(tables, i, T_NAME));
        if (u->progress)
            u->progress(u->context, command, i, PQntuples(tables));
        status = tripsage__pg_maintain(e, sql, NULL, NULL);
    }
    if (status == TRIPSAGE_OK)
        tripsage__upkeep_say(&u->done, "%s of %d tables", command, PQntuples(tables));
    return status;
}

/* Those of vectors are the vector room's, which knows what they are for. An index that was cut off while it was built is not valid. */
static tripsage_status tend_indexes(engine *e, tripsage__upkeep *u, const PGresult *indexes)
{
    tripsage_status status = TRIPSAGE_OK;

    for (int i = 0; i < PQntuples(indexes) && status == TRIPSAGE_OK; i++) {
        const char *name = PQgetvalue(indexes, i, I_NAME);
        int broken = !is_true(indexes, i, I_VALID);
        char sql[160];

        if (strcmp(PQgetvalue(indexes, i, I_METHOD), "hnsw") == 0 ||
            !(u->what & (broken ? TRIPSAGE_UPKEEP_REPAIR | TRIPSAGE_UPKEEP_REINDEX : TRIPSAGE_UPKEEP_REINDEX)))
            continue;
        /* What a REINDEX CONCURRENTLY that was cut off left beside the index is named so (PostgreSQL's manual, REINDEX). */
        snprintf(sql, sizeof sql, "%s INDEX CONCURRENTLY tripsage.\"%.63s\"",
                 broken && strstr(name, "_ccnew") ? "DROP" : "REINDEX", name);
        status = tripsage__pg_maintain(e, sql, u->progress, u->context);
        if (status == TRIPSAGE_OK)
            tripsage__upkeep_say(&u->done, "%s", sql);
    }
    return status;
}

tripsage_status tripsage__pg_upkeep(void *engine_, tripsage__upkeep *upkeep)
{
    static const unsigned tending =
        TRIPSAGE_UPKEEP_ANALYZE | TRIPSAGE_UPKEEP_VACUUM | TRIPSAGE_UPKEEP_REINDEX | TRIPSAGE_UPKEEP_REPAIR;
    engine *e = engine_;
    connection c;
    PGresult *tables = NULL, *indexes = NULL;
    tripsage_status status;

    memset(&c, 0, sizeof c);
    TRIPSAGE_TRY(tripsage__pg_connect(&c, e, 0));
    TRIPSAGE_TRY(tripsage__pg_exec(&tables, &c, list_tables));
    TRIPSAGE_TRY(tripsage__pg_exec(&indexes, &c, list_indexes));
    if (upkeep->what & tending)
        TRIPSAGE_TRY(check_owner(&c, tables));
    if (upkeep->what & (TRIPSAGE_UPKEEP_ANALYZE | TRIPSAGE_UPKEEP_VACUUM))
        TRIPSAGE_TRY(tend_tables(e, upkeep, tables));
    TRIPSAGE_TRY(tend_indexes(e, upkeep, indexes));
    for (int i = 0; i < PQntuples(tables); i++)
        put_table(upkeep, tables, i);
    for (int i = 0; i < PQntuples(indexes); i++)
        put_index(upkeep, indexes, i);
out:
    PQclear(tables);
    PQclear(indexes);
    tripsage__pg_disconnect(&c);
    return status;
}
