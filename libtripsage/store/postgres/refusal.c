/* store/postgres/refusal.c: why there is no connection, or no schema, in one sentence that says what to do about it.
 *
 * Of a connection that was refused libpq gives text and no SQLSTATE. What is not recognized in it, because it is new or the server speaks
 * another language, is passed on as it is. */
#include <stdio.h>
#include <string.h>

#include "postgres.h"

/* ---- no connection ---- */

/* What a sentence is made of. */
typedef struct place {
    char server[128]; /* host:port */
    const char *host, *user, *database;
    char reason[128]; /* libpq's own word for it */
} place;

typedef enum refusal {
    PASSWORD_WRONG,
    PASSWORD_MISSING,
    NO_DATABASE,
    NO_LOGIN,
    NOT_LET_IN,
    FULL,
    NO_TENANT,
    NO_TLS,
    OTHER_NAME,
    NOT_TRUSTED,
    STANDBY,
    UNREACHABLE,
    OTHER
} refusal;

/* The first that is found counts. */
static const struct {
    const char *words;
    refusal refusal;
} signs[] = {
    {"password authentication failed", PASSWORD_WRONG},
    {"no password supplied", PASSWORD_MISSING},
    {"Tenant or user not found", NO_TENANT}, /* Supabase's pooler, */
    {"tenant/user", NO_TENANT},              /* and a newer one */
    {"no pg_hba.conf entry", NOT_LET_IN},
    {"too many clients", FULL},
    {"too many connections", FULL},
    {"remaining connection slots", FULL},
    {"does not support SSL", NO_TLS},
    {"does not match host name", OTHER_NAME},
    {"certificate", NOT_TRUSTED},
    {"session is read-only", STANDBY},
    {"hot standby mode", STANDBY},
    {"could not translate host name", UNREACHABLE},
    {"Connection refused", UNREACHABLE},
    {"timeout expired", UNREACHABLE},
    {"unreachable", UNREACHABLE},
    {"No route to host", UNREACHABLE},
    {"Cannot assign requested address", UNREACHABLE},
    {"No such file or directory", UNREACHABLE},
};

static refusal recognize(const char *message)
{
    const char *quoted;

    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
        if (strstr(message, signs[i].words))
            return signs[i].refusal;
    quoted = strstr(message, "\" does not exist");
    if (quoted && strstr(message, "database \""))
        return NO_DATABASE;
    return quoted && strstr(message, "role \"") ? NO_LOGIN : OTHER;
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

/* libpq writes `connection to server at "h" (1.2.3.4), port 5432 failed: reason`, a line for each host. */
static place place_of(const PGconn *pg)
{
    const char *message = PQerrorMessage(pg), *reason = strstr(message, " failed: ");
    const char *host = or_empty(PQhost(pg)), *port = or_empty(PQport(pg));
    place p = {.host = host, .user = or_empty(PQuser(pg)), .database = or_empty(PQdb(pg))};

    reason = reason ? reason + strlen(" failed: ") : message;
    snprintf(p.reason, sizeof p.reason, "%.*s", (int)strcspn(reason, "\n"), reason);
    tripsage__end_with_character(p.reason);
    snprintf(p.server, sizeof p.server, "%.100s%s%.8s", host, port[0] ? ":" : "", port);
    return p;
}

static int is_supabase(const place *p)
{
    size_t length = strlen(p->host);

    return length > 12 && strcmp(p->host + length - 12, ".supabase.co") == 0;
}

#define REFUSED(...) TRIPSAGE_FAIL(TRIPSAGE_EUNAVAILABLE, __VA_ARGS__)

tripsage_status tripsage__pg_refused(const connection *c)
{
    place p = place_of(c->pg);

    switch (recognize(PQerrorMessage(c->pg))) {
    case PASSWORD_WRONG:
        return REFUSED("PostgreSQL at %s refuses the password of %.63s: correct it in the URL or in DATABASE_PASSWORD",
                       p.server, p.user);
    case PASSWORD_MISSING:
        return REFUSED("PostgreSQL at %s wants a password of %.63s: set DATABASE_PASSWORD, or write it into the URL",
                       p.server, p.user);
    case NO_DATABASE:
        return REFUSED("there is no database \"%.63s\" at %s: make it with CREATE DATABASE, or correct the URL",
                       p.database, p.server);
    case NO_LOGIN:
        return REFUSED("there is no login \"%.63s\" at %s: make it with CREATE ROLE, or correct the URL", p.user,
                       p.server);
    case NOT_LET_IN:
        return REFUSED("PostgreSQL at %s lets %.63s in from nowhere near here: add a line to its pg_hba.conf, or use "
                       "sslmode=require if it wants TLS",
                       p.server, p.user);
    case FULL:
        return REFUSED("PostgreSQL at %s has no connection left: make the pools of its clients smaller, or its "
                       "max_connections larger",
                       p.server);
    case NO_TENANT:
        return REFUSED("Supabase's pooler at %s knows no %.63s: copy host and user from the dashboard (Connect)",
                       p.server, p.user);
    case NO_TLS:
        return REFUSED(
            "PostgreSQL at %s offers no TLS: turn it on there, or write sslmode=disable where the network is safe",
            p.server);
    case OTHER_NAME:
        return REFUSED(
            "the certificate of PostgreSQL at %s is for another name: write the name that it is for into the URL",
            p.server);
    case NOT_TRUSTED:
        return REFUSED("PostgreSQL at %s is not trusted (%.90s): name its CA in TRIPSAGE_DATABASE_CA or sslrootcert",
                       p.server, p.reason);
    case STANDBY:
        return REFUSED("no PostgreSQL that can be written to was found, the last was %s: name the primary among the "
                       "hosts of the URL",
                       p.server);
    case UNREACHABLE:
        if (is_supabase(&p))
            return REFUSED(
                "%s cannot be reached: it has an IPv6 address only, so where there is no IPv6 use the session pooler's "
                "connection string (dashboard: Connect); or the project is paused",
                p.server);
        return REFUSED("PostgreSQL at %s cannot be reached: %.100s", p.server, p.reason);
    case OTHER:
        break;
    }
    return REFUSED("cannot connect to PostgreSQL at %s: %s", p.server, p.reason);
}

/* ---- no schema ---- */

/* The server's messages for what a login may not do. Those that the migrations raise themselves say what to do. */
const char *tripsage__pg_migration_hint(const tripsage_error *why)
{
    if (strstr(why->message, "permission denied for database"))
        return "; let the owner of the database apply the migrations (docs/postgres.md)";
    if (strstr(why->message, "permission denied to create role") || strstr(why->message, "admin option on role"))
        return "; let an administrator make the roles first (docs/postgres.md)";
    return "";
}
