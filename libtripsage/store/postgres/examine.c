/* store/postgres/examine.c: what may be wrong with a server, a login and a schema. Changes nothing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "postgres.h"

#define DATABASE "database"
#define SCHEMA   "schema"
#define CLOCK    "clock"

/* 30 s: a token may be good for 60, and what two machines disagree by is taken from that. */
#define CLOCK_MAX_MS 30000

static const tripsage__remedy remedies[] = {
    {"refuses the password", "put the right one into DATABASE_PASSWORD, as it is, or into the URL, percent-encoded; a "
                             "new one is set by ALTER ROLE "
                             "<login> PASSWORD (at Supabase: dashboard, Database Settings)"},
    {"wants a password", "set DATABASE_PASSWORD, or DATABASE_PASSWORD_FILE to a file that holds it"},
    {"there is no database", "CREATE DATABASE <name> OWNER tripsage_owner, or correct the name in the URL"},
    {"there is no login", "CREATE ROLE tripsage_app LOGIN NOINHERIT PASSWORD ..., GRANT anon, authenticated, "
                          "service_role TO tripsage_app; or correct the "
                          "user in the URL"},
    {"from nowhere near here", "add a line to the server's pg_hba.conf and reload it (SELECT pg_reload_conf()), or add "
                               "sslmode=require to the URL"},
    {"no connection left", "lower TRIPSAGE_DATABASE_POOL_SIZE, raise max_connections, or put a pooler in between"},
    {"Supabase's pooler",
     "copy host and user from the dashboard (Connect): behind the pooler the user is <login>.<project>"},
    {"offers no TLS", "turn ssl on at the server, or sslmode=disable in the URL where the network is safe"},
    {"is for another name", "write the host into the URL as the certificate has it"},
    {"is not trusted", "set TRIPSAGE_DATABASE_CA to the file of the CA's certificate"},
    {"can be written to was found", "name the primary among the hosts of the URL, or promote a standby"},
    {"IPv6 address only",
     "set POSTGRES_URL to the session pooler's connection string (dashboard: Connect), or resume the project"},
    {"cannot be reached", "start the server, or correct host and port in DATABASE_URL or POSTGRES_URL; see that no "
                          "firewall is in between (pg_isready "
                          "-h <host> -p <port>)"},
    {"expected 15 or newer", "upgrade PostgreSQL to 15 or newer"},
    {"not permitted to log in", "ALTER ROLE <login> LOGIN, or name the servers' own login in the URL (tripsage_app)"},
    {"permission denied for database", "GRANT CONNECT ON DATABASE <name> TO <login>"},
    {"permission denied for schema", "as the owner: GRANT USAGE ON SCHEMA tripsage TO authenticated, service_role"},
    {"may not act for users", "as the owner: GRANT anon, authenticated, service_role TO <login>"},
    {"was edited after",
     "put the text of that migration back as it was when it was applied; a change is a new migration"},
    {"newer than this library", "start a newer tripsage-server, or restore a backup from before"},
    {"statement pooling mode", "set pool_mode = transaction or session at the pooler"},
    {NULL, "see docs/postgres.md, \"What errors mean\""}};

static int asks(tripsage__findings *f, connection *c, PGresult **found, const char *sql)
{
    if (tripsage__pg_exec(found, c, sql) == TRIPSAGE_OK)
        return 1;
    tripsage__finding_of_error(f, DATABASE, TRIPSAGE__FAILED, remedies);
    return 0;
}

/* ---- the extension ---- */

static int examine_vector(tripsage__findings *f, connection *c)
{
    PGresult *found = NULL;
    const char *installed, *available;
    double version;
    int fine = 0;

    if (!asks(f, c, &found,
              "SELECT (SELECT extversion FROM pg_extension WHERE extname = 'vector'),"
              " (SELECT default_version FROM pg_available_extensions WHERE name = 'vector'), current_database(),"
              " (SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = 'vector'), to_regtype('vector')"))
        return 0;
    installed = PQgetisnull(found, 0, 0) ? NULL : PQgetvalue(found, 0, 0);
    available = PQgetisnull(found, 0, 1) ? NULL : PQgetvalue(found, 0, 1);
    version = installed ? strtod(installed, NULL) : 0;
    if (!installed && !available)
        tripsage__finding(f, "pgvector", TRIPSAGE__FAILED,
                          "install it on the server (Debian: apt-get install postgresql-<version>-pgvector), then "
                          "CREATE EXTENSION vector as a "
                          "superuser",
                          "the server lacks the extension pgvector");
    else if (!installed)
        tripsage__finding(
            f, "pgvector", TRIPSAGE__FAILED,
            "in that database, as a superuser: CREATE EXTENSION vector (at Supabase: dashboard, Database, Extensions)",
            "the extension vector is not in the database \"%s\" yet", PQgetvalue(found, 0, 2));
    else if (version < 0.8)
        tripsage__finding(f, "pgvector", TRIPSAGE__FAILED,
                          "install pgvector 0.8 or newer, then ALTER EXTENSION vector UPDATE",
                          "pgvector is %s; expected 0.8 or newer", installed);
    else if (PQgetisnull(found, 0, 4))
        tripsage__finding(f, "pgvector", TRIPSAGE__FAILED,
                          "in that database, as a superuser: ALTER EXTENSION vector SET SCHEMA public (or extensions, "
                          "with USAGE on it for all)",
                          "pgvector is in the schema \"%s\"; expected one of " TRIPSAGE__PG_SEARCH_PATH
                          " that every login may use",
                          PQgetvalue(found, 0, 3));
    else
        fine = 1;
    if (fine)
        tripsage__finding(f, "pgvector", TRIPSAGE__FINE, NULL, "pgvector %s", installed);
    PQclear(found);
    return fine;
}

/* ---- the schema ---- */

static int examine_schema(tripsage__findings *f, connection *c)
{
    const tripsage__migrations *ours = &tripsage__migrations_postgres;
    size_t applied, known;
    int fine = 0;

    if (!asks(f, c, NULL, "BEGIN"))
        return 0;
    if (tripsage__pg_look(&applied, &known, c) != TRIPSAGE_OK) {
        tripsage__finding_of_error(f, SCHEMA, TRIPSAGE__FAILED, remedies);
    } else if (applied < ours->count) {
        tripsage__finding(f, SCHEMA, TRIPSAGE__FAILED,
                          applied ? "tripsage-server migrate, as the owner (a backup first: tripsage-server backup); a "
                                    "start does it, too, unless TRIPSAGE_DATABASE_MIGRATE is false"
                                  : "tripsage-server migrate, as the owner; a start does it, too, unless "
                                    "TRIPSAGE_DATABASE_MIGRATE is false",
                          "the schema is %zu migrations behind this library: %04d_%s is the next",
                          ours->count - applied, ours->all[applied].number, ours->all[applied].name);
    } else {
        tripsage__finding(f, SCHEMA, TRIPSAGE__FINE, NULL, "all %zu migrations are applied", applied);
        fine = 1;
    }
    (void)tripsage__pg_exec(NULL, c, "ROLLBACK");
    return fine;
}

static const char *fix_of(const char *problem, char out[160])
{
    const char *name = strrchr(problem, ' ');
    const char *index = strstr(problem, "the index ");

    if (strstr(problem, "row level security") && name)
        snprintf(out, 160, "ALTER TABLE tripsage.%.80s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY", name + 1);
    else if (index)
        snprintf(out, 160, "REINDEX INDEX CONCURRENTLY tripsage.%.*s", (int)strcspn(index + strlen("the index "), " "),
                 index + strlen("the index "));
    else
        snprintf(out, 160, "ALTER TABLE ... VALIDATE CONSTRAINT, as the owner");
    return out;
}

/* What people may have changed since. */
static void examine_security(tripsage__findings *f, connection *c)
{
    PGresult *found = NULL;
    char fix[160];

    if (!asks(f, c, &found, tripsage__pg_check_schema.postgres))
        return;
    for (int i = 0; i < PQntuples(found); i++)
        tripsage__finding(f, strstr(PQgetvalue(found, i, 0), "row level security") ? "row level security" : SCHEMA,
                          TRIPSAGE__FAILED, fix_of(PQgetvalue(found, i, 0), fix), "%s", PQgetvalue(found, i, 0));
    if (PQntuples(found) == 0)
        tripsage__finding(f, "row level security", TRIPSAGE__FINE, NULL, "row level security holds for every table");
    PQclear(found);
}

/* ---- the login, the clock, the connections ---- */

static void examine_login(tripsage__findings *f, connection *c)
{
    PGresult *found = NULL;

    if (!asks(f, c, &found, "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = session_user"))
        return;
    if (strcmp(PQgetvalue(found, 0, 0), "t") == 0)
        tripsage__finding(f, "login", TRIPSAGE__WARNING,
                          "serve as a login of its own: CREATE ROLE tripsage_app LOGIN NOINHERIT PASSWORD ...; GRANT "
                          "anon, authenticated, service_role "
                          "TO tripsage_app",
                          "row level security does not hold for the login \"%s\" (superuser or BYPASSRLS)",
                          PQuser(c->pg));
    PQclear(found);
}

/* What service_role works with, which the servers' login becomes. The records and the search index are written by functions. */
static void examine_rights(tripsage__findings *f, connection *c)
{
    PGresult *found = NULL;

    if (!asks(f, c, &found,
              "SELECT t.relname, string_agg(r, ', ') FROM pg_class t,"
              " unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) r"
              " WHERE t.relnamespace = 'tripsage'::regnamespace AND t.relkind = 'r'"
              " AND NOT has_table_privilege('service_role', t.oid, r) AND t.relname <> 'trip_search'"
              " AND (t.relname NOT IN ('audit', 'audit_head') OR r = 'SELECT') GROUP BY 1 ORDER BY 1"))
        return;
    for (int i = 0; i < PQntuples(found); i++) {
        const char *table = PQgetvalue(found, i, 0), *rights = PQgetvalue(found, i, 1);
        char fix[256];

        snprintf(fix, sizeof fix, "as the owner: GRANT %.60s ON tripsage.%.80s TO service_role", rights, table);
        tripsage__finding(f, SCHEMA, TRIPSAGE__FAILED, fix, "service_role lacks %s on the table %s", rights, table);
    }
    PQclear(found);
}

/* A hosted database is made so when its disk is full. */
static void examine_writing(tripsage__findings *f, connection *c)
{
    PGresult *found = NULL;

    if (!asks(f, c, &found, "SELECT current_setting('default_transaction_read_only')"))
        return;
    if (strcmp(PQgetvalue(found, 0, 0), "on") == 0)
        tripsage__finding(f, DATABASE, TRIPSAGE__FAILED,
                          "free room where its disk is full (at Supabase: dashboard, Database Settings), then ALTER "
                          "DATABASE <name> RESET default_transaction_read_only; or ALTER ROLE <login> RESET ...",
                          "the database \"%s\" takes no changes: default_transaction_read_only is on", PQdb(c->pg));
    PQclear(found);
}

static void examine_clock(tripsage__findings *f, connection *c, tripsage__env *env)
{
    int64_t before = tripsage__now_ms(env), theirs, off;
    PGresult *found = NULL;

    if (!asks(f, c, &found, "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint"))
        return;
    theirs = strtoll(PQgetvalue(found, 0, 0), NULL, 10);
    PQclear(found);
    off = (before + tripsage__now_ms(env)) / 2 - theirs;
    if (off > CLOCK_MAX_MS || off < -CLOCK_MAX_MS)
        tripsage__finding(f, CLOCK, TRIPSAGE__FAILED,
                          "synchronize both with NTP (timedatectl set-ntp true): tokens end by the one and are looked "
                          "at by the other",
                          "the clock of this machine is %lld s %s that of the database",
                          (long long)((off < 0 ? -off : off) / 1000), off < 0 ? "behind" : "ahead of");
    else
        tripsage__finding(f, CLOCK, TRIPSAGE__FINE, NULL, "this machine and the database agree within %lld ms",
                          (long long)(off < 0 ? -off : off));
}

static void examine_room(tripsage__findings *f, connection *c, const engine *e)
{
    PGresult *found = NULL;
    long room;

    if (atomic_load(&e->unprepared)) /* the pooler's are many more */
        return;
    if (!asks(
            f, c, &found,
            "SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int"))
        return;
    room = strtol(PQgetvalue(found, 0, 0), NULL, 10);
    PQclear(found);
    if (e->pool_size > room)
        tripsage__finding(f, "connections", TRIPSAGE__FAILED,
                          "lower TRIPSAGE_DATABASE_POOL_SIZE, raise max_connections, or put a pooler in between",
                          "the server allows %ld connections, and the pool may take %u", room, e->pool_size);
}

/* A pooler that gives every transaction another connection is fine, where it is known; one that gives every statement one is not. */
static int examine_pooler(tripsage__findings *f, connection *c, const engine *e)
{
    if (!asks(f, c, NULL, "BEGIN; SELECT 1; COMMIT"))
        return 0;
    if (atomic_load(&e->unprepared) && e->prepared_is_said)
        tripsage__finding(f, "pooler", TRIPSAGE__FINE, NULL,
                          "statements are sent unprepared, for a pooler in transaction mode");
    return 1;
}

int tripsage__pg_examine(tripsage__findings *findings, const char *url, const tripsage__store_options *options,
                         tripsage__env *env)
{
    engine *e;
    connection c;
    int fine = 0;

    if (tripsage__pg_engine_connect(&e, &c, url, options, env) != TRIPSAGE_OK) {
        tripsage__finding_of_error(findings, DATABASE, TRIPSAGE__FAILED, remedies);
        return 0;
    }
    tripsage__finding(findings, DATABASE, TRIPSAGE__FINE, NULL, "PostgreSQL %d.%d at %s, database %s, as %s",
                      PQserverVersion(c.pg) / 10000, PQserverVersion(c.pg) % 10000, PQhost(c.pg) ? PQhost(c.pg) : "",
                      PQdb(c.pg), PQuser(c.pg));
    if (examine_pooler(findings, &c, e)) {
        examine_clock(findings, &c, env);
        examine_room(findings, &c, e);
        examine_writing(findings, &c);
        fine = examine_vector(findings, &c) && examine_schema(findings, &c);
        if (fine) {
            examine_security(findings, &c);
            examine_rights(findings, &c);
            examine_login(findings, &c);
        }
    }
    tripsage__pg_disconnect(&c);
    tripsage__pg_engine_close(e);
    return fine;
}
