/* store/postgres/connection.c: one connection: how it is made and told dead, and what its complaints mean. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/memory.h"
#include "postgres.h"
#include "prepared.h"

/* ---- errors ---- */

/* By code, or by class where a code has two characters (PostgreSQL's manual, appendix A). The first that fits counts. */
static const struct {
    const char *sqlstate;
    tripsage_status status;
} meanings[] = {
    {"08", TRIPSAGE_EUNAVAILABLE},    /* connection exception */
    {"22", TRIPSAGE_EINVALID},        /* data exception: the library let through what the database cannot hold */
    {"23505", TRIPSAGE_EEXISTS},      /* unique violation */
    {"23", TRIPSAGE_ECONFLICT},       /* integrity constraint violation */
    {"25006", TRIPSAGE_EREADONLY},    /* read only transaction: a standby */
    {"28", TRIPSAGE_EUNAVAILABLE},    /* the login is refused */
    {"3D000", TRIPSAGE_EUNAVAILABLE}, /* no such database */
    {"3F000", TRIPSAGE_EMIGRATION},   /* no such schema, */
    {"42P01", TRIPSAGE_EMIGRATION},   /* table, */
    {"42703", TRIPSAGE_EMIGRATION},   /* column */
    {"42883", TRIPSAGE_EMIGRATION},   /* or function */
    {"40", TRIPSAGE_EBUSY},           /* serialization failure, deadlock: after all the tries */
    {"42501", TRIPSAGE_EFORBIDDEN},   /* row level security, or a right that the login lacks */
    {"53100", TRIPSAGE_EFULL},        /* disk full */
    {"53200", TRIPSAGE_EBUSY},        /* the server is out of memory, */
    {"53300", TRIPSAGE_EBUSY},        /* or of connections */
    {"53", TRIPSAGE_EBUSY},
    {"54", TRIPSAGE_ETOOLARGE},    /* program limit exceeded */
    {"55P03", TRIPSAGE_EBUSY},     /* lock timeout */
    {"57014", TRIPSAGE_ETIMEOUT},  /* statement timeout */
    {"57", TRIPSAGE_EUNAVAILABLE}, /* shutting down, starting up, crashed */
    {"58", TRIPSAGE_EIO},          /* the server's disk */
    {"XX001", TRIPSAGE_ECORRUPT},  /* data corrupted */
    {"XX002", TRIPSAGE_ECORRUPT},  /* index corrupted */
};

tripsage_status tripsage__pg_status_of(const char *sqlstate)
{
    for (size_t i = 0; sqlstate && i < sizeof meanings / sizeof meanings[0]; i++)
        if (strncmp(sqlstate, meanings[i].sqlstate, strlen(meanings[i].sqlstate)) == 0)
            return meanings[i].status;
    return TRIPSAGE_EINTERNAL;
}

tripsage_status tripsage__pg_status_of_result(const PGresult *result)
{
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);

    return sqlstate ? tripsage__pg_status_of(sqlstate) : TRIPSAGE_EUNAVAILABLE;
}

/* The primary message only: a detail may quote what is stored. libpq ends its own messages with a line feed. */
tripsage_status tripsage__pg_fail(tripsage_status status, const connection *c, const PGresult *result, const char *what,
                                  const char *file, int line)
{
    const char *sqlstate = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    const char *message = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;

    if (!message)
        message = result ? PQresultErrorMessage(result) : PQerrorMessage(c->pg);
    tripsage__fail(status, 0, file, line, "%s: %.*s", what, (int)strcspn(message, "\n"), message);
    if (sqlstate)
        tripsage__error_sqlstate(sqlstate);
    return status;
}

/* ---- connecting ---- */

static void take_notice(void *context, const char *message)
{
    const engine *e = context;

    tripsage__log(e->env, TRIPSAGE_LOG_DEBUG, "store", "postgresql: %.*s", (int)strcspn(message, "\n"), message);
}

tripsage_status tripsage__pg_connect(connection *c, const engine *e, int pipeline)
{
    memset(c, 0, sizeof *c);
    c->pg = PQconnectdbParams((const char *const *)e->keywords, (const char *const *)e->values, 0);
    if (!c->pg)
        return TRIPSAGE_NOMEM();
    if (PQstatus(c->pg) != CONNECTION_OK)
        return tripsage__pg_refused(c);
    if (PQserverVersion(c->pg) < 150000)
        return TRIPSAGE_FAIL(TRIPSAGE_ENOTSUP, "the server is PostgreSQL %d; expected 15 or newer",
                             PQserverVersion(c->pg) / 10000);
    PQsetNoticeProcessor(c->pg, take_notice, (void *)(uintptr_t)e);
    if (pipeline && !PQenterPipelineMode(c->pg))
        return PG_FAILED(TRIPSAGE_EINTERNAL, c, NULL, "pipeline mode");
    c->opened_at = c->idle_since = tripsage__monotonic_ms();
    return TRIPSAGE_OK;
}

void tripsage__pg_disconnect(connection *c)
{
    if (c->pg)
        PQfinish(c->pg);
    tripsage__pg_forget_prepared(c);
    c->pg = NULL;
}

/* Behind TLS there may be a record to read that is none of the server's words (a session ticket): libpq takes it, and sees what follows. */
int tripsage__pg_is_alive(const connection *c)
{
    char byte;
    ssize_t got;

    do
        got = recv(PQsocket(c->pg), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    while (got > 0 && PQsslInUse(c->pg) && PQconsumeInput(c->pg));
    return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
}

tripsage_status tripsage__pg_exec(PGresult **out, connection *c, const char *sql)
{
    PGresult *result = PQexec(c->pg, sql);
    tripsage_status status = TRIPSAGE_OK;

    if (!result) {
        status = TRIPSAGE_NOMEM();
    } else if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK) {
        status = PG_FAILED(tripsage__pg_status_of_result(result), c, result, "PostgreSQL");
    }
    if (out && status == TRIPSAGE_OK)
        *out = result;
    else
        PQclear(result);
    return status;
}
