/* store/postgres/maintain.c: a statement outside of transactions, on a connection of its own, while another one watches how far it is. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "postgres.h"

#define WATCH_MS 500

/* Behind a pooler the worker's process is not known: whatever index is being built here, then. */
static const char watch[] =
    "SELECT phase, CASE WHEN blocks_total > 0 THEN blocks_done ELSE tuples_done END,"
    " CASE WHEN blocks_total > 0 THEN blocks_total ELSE tuples_total END FROM pg_stat_progress_create_index"
    " WHERE datname = current_database() AND phase IS NOT NULL ORDER BY pid LIMIT 1";

/* Not being able to look is no reason to stop. */
static void look(connection *watcher, tripsage__progress_fn progress, void *context)
{
    PGresult *found = NULL;
    tripsage_error before;

    tripsage__error_save(&before);
    if (tripsage__pg_exec(&found, watcher, watch) != TRIPSAGE_OK) {
        tripsage__error_restore(&before);
        return;
    }
    if (PQntuples(found) == 1)
        progress(context, PQgetvalue(found, 0, 0), strtoll(PQgetvalue(found, 0, 1), NULL, 10),
                 strtoll(PQgetvalue(found, 0, 2), NULL, 10));
    PQclear(found);
}

/* Until libpq has the whole answer. 0 when the connection is lost. */
static int await(connection *worker, connection *watcher, tripsage__progress_fn progress, void *context)
{
    struct pollfd ready = {PQsocket(worker->pg), POLLIN, 0};
    int64_t next = tripsage__monotonic_ms() + WATCH_MS;

    while (PQisBusy(worker->pg)) {
        int64_t left = next - tripsage__monotonic_ms();

        if (left <= 0) {
            if (progress)
                look(watcher, progress, context);
            next = tripsage__monotonic_ms() + WATCH_MS;
        } else if (poll(&ready, 1, (int)left) > 0 && !PQconsumeInput(worker->pg)) {
            return 0;
        }
    }
    return 1;
}

static tripsage_status run(connection *worker, connection *watcher, const char *sql, tripsage__progress_fn progress,
                           void *context)
{
    tripsage_status status = TRIPSAGE_OK;
    PGresult *result;

    if (!PQsendQuery(worker->pg, sql) || !await(worker, watcher, progress, context))
        return PG_FAILED(TRIPSAGE_EUNAVAILABLE, worker, NULL, "maintenance");
    while ((result = PQgetResult(worker->pg)) != NULL) {
        if (status == TRIPSAGE_OK && PQresultStatus(result) != PGRES_COMMAND_OK)
            status = PG_FAILED(tripsage__pg_status_of_result(result), worker, result, "maintenance");
        PQclear(result);
    }
    return status;
}

/* It may take hours, so no timeout holds. Behind a pooler none was set, and what is set here would stay for others. */
static tripsage_status prepare(connection *worker, const engine *e)
{
    if (atomic_load(&e->unprepared))
        return TRIPSAGE_OK;
    return tripsage__pg_exec(NULL, worker, "SET statement_timeout = 0; SET lock_timeout = 0");
}

tripsage_status tripsage__pg_maintain(void *engine_, const char *sql, tripsage__progress_fn progress, void *context)
{
    const engine *e = engine_;
    connection worker, watcher;
    tripsage_status status;

    memset(&watcher, 0, sizeof watcher);
    TRIPSAGE_TRY(tripsage__pg_connect(&worker, e, 0));
    if (progress)
        TRIPSAGE_TRY(tripsage__pg_connect(&watcher, e, 0));
    TRIPSAGE_TRY(prepare(&worker, e));
    status = run(&worker, &watcher, sql, progress, context);
out:
    tripsage__pg_disconnect(&worker);
    tripsage__pg_disconnect(&watcher);
    return status;
}
