/* store/postgres/migrate.c: bringing the schema up to date: numbered, checksummed, all in one transaction, one server at a time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "postgres.h"

/* Any number that no other program locks: "tripsage" in ASCII. Within the transaction, so a pooler does not mind. An index may take its time, and
 * the others wait for who makes it. */
static const char lock[] = "SET LOCAL lock_timeout = '5min'; SET LOCAL statement_timeout = 0;"
                           "SELECT pg_advisory_xact_lock(8390051716213073765)";

/* ---- what is applied ---- */

/* *known: how many of these were applied by us, or looked at by us afterwards. */
tripsage_status tripsage__pg_look(size_t *applied, size_t *known, connection *c)
{
    PGresult *found = NULL;
    tripsage_status status;

    *applied = *known = 0;
    /* Asked of the catalogue: a login that only serves requests may not look into the schema, but become who may. */
    TRIPSAGE_TRY(tripsage__pg_exec(&found, c,
                                   "SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                                   " WHERE n.nspname = 'tripsage' AND c.relname = 'schema_migration'"));
    if (PQntuples(found) == 0)
        goto out;
    PQclear(found);
    found = NULL;
    TRIPSAGE_TRY(tripsage__pg_check_login(c));
    TRIPSAGE_TRY(tripsage__pg_exec(&found, c,
                                   "SET LOCAL ROLE service_role;"
                                   "SELECT number, name, checksum FROM tripsage.schema_migration ORDER BY number"));
    TRIPSAGE_TRY(tripsage__pg_exec(NULL, c, "SET LOCAL ROLE NONE"));
    for (int i = 0; i < PQntuples(found); i++) {
        int number = (int)strtol(PQgetvalue(found, i, 0), NULL, 10);

        if (*known == *applied && PQgetlength(found, i, 2) > 0)
            ++*known;
        TRIPSAGE_TRY(tripsage__migration_compare(applied, &tripsage__migrations_postgres, number,
                                                 PQgetvalue(found, i, 1), PQgetvalue(found, i, 2)));
    }
out:
    PQclear(found);
    return status;
}

/* ---- applying ---- */

/* Each text registers itself, without a checksum, which only we know. */
static tripsage_status note(connection *c, const tripsage__migration *migration, int64_t now)
{
    char checksum[TRIPSAGE__MIGRATION_CHECKSUM_SIZE], sql[320];
    tripsage_status status = tripsage__migration_checksum(checksum, migration);

    if (status != TRIPSAGE_OK)
        return status;
    snprintf(sql, sizeof sql,
             "SET LOCAL ROLE service_role;"
             "UPDATE tripsage.schema_migration SET checksum = '%s', applied_at = %lld WHERE number = %d;"
             "SET LOCAL ROLE NONE",
             checksum, (long long)now, migration->number);
    return tripsage__pg_exec(NULL, c, sql);
}

static tripsage_status apply(connection *c, engine *e, const tripsage__migration *migration)
{
    tripsage_status status = tripsage__pg_exec(NULL, c, migration->text);

    if (status != TRIPSAGE_OK) {
        tripsage_error why = *tripsage_last_error();

        status = TRIPSAGE_FAIL(TRIPSAGE_EMIGRATION, "migration %04d_%s: %.150s%s", migration->number, migration->name,
                               why.message, tripsage__pg_migration_hint(&why));
        tripsage__error_sqlstate(why.sqlstate);
        return status;
    }
    tripsage__log(e->env, TRIPSAGE_LOG_INFO, "store", "applied migration %04d_%s", migration->number, migration->name);
    return note(c, migration, tripsage__now_ms(e->env));
}

tripsage_status tripsage__pg_lock_schema(connection *c)
{
    return tripsage__pg_exec(NULL, c, lock);
}

tripsage_status tripsage__pg_lay_out(connection *c, engine *e, int64_t number)
{
    const tripsage__migrations *ours = &tripsage__migrations_postgres;
    tripsage_status status = TRIPSAGE_OK;

    for (size_t i = 0; i < ours->count && ours->all[i].number <= number && status == TRIPSAGE_OK; i++)
        status = apply(c, e, &ours->all[i]);
    return status;
}

/* The session's user makes what the migrations make; search_path is the server's, as another tool would have it. */
static tripsage_status apply_rest(connection *c, engine *e)
{
    const tripsage__migrations *ours = &tripsage__migrations_postgres;
    size_t applied, i;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__pg_lock_schema(c));
    TRIPSAGE_TRY(tripsage__pg_look(&applied, &i, c)); /* again: another one may have been here first */
    for (; i < applied; i++)
        TRIPSAGE_TRY(note(c, &ours->all[i], tripsage__now_ms(e->env)));
    for (; i < ours->count; i++)
        TRIPSAGE_TRY(apply(c, e, &ours->all[i]));
out:
    return status;
}

tripsage_status tripsage__pg_migrate(connection *c, engine *e, int no_migrate)
{
    size_t applied, known, all = tripsage__migrations_postgres.count;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__pg_exec(NULL, c, "BEGIN"));
    TRIPSAGE_TRY(tripsage__pg_look(&applied, &known, c));
    if (no_migrate && applied < all)
        status = TRIPSAGE_FAIL(
            TRIPSAGE_EMIGRATION,
            "the database is %zu migrations behind this library: tripsage-server migrate applies them", all - applied);
    else if (!no_migrate && known < all)
        status = apply_rest(c, e);
    if (status == TRIPSAGE_OK)
        status = tripsage__pg_exec(NULL, c, "COMMIT");
out:
    return status; /* a failed transaction ends with its connection */
}

tripsage_status tripsage__pg_plan(size_t *applied, const char *url, const tripsage__store_options *options,
                                  tripsage__env *env, int try_them)
{
    engine *e = NULL;
    connection c;
    size_t known;
    tripsage_status status = tripsage__pg_engine_connect(&e, &c, url, options, env);

    if (status != TRIPSAGE_OK)
        return status;
    TRIPSAGE_TRY(tripsage__pg_exec(NULL, &c, "BEGIN"));
    TRIPSAGE_TRY(tripsage__pg_look(applied, &known, &c));
    if (try_them && *applied < tripsage__migrations_postgres.count)
        TRIPSAGE_TRY(apply_rest(&c, e));
    status = tripsage__pg_exec(NULL, &c, "ROLLBACK");
out:
    tripsage__pg_disconnect(&c);
    tripsage__pg_engine_close(e);
    return status;
}
