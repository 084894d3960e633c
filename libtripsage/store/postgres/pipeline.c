/* store/postgres/pipeline.c: a pipeline: sending it and waiting for all its answers.
 *
 *     BEGIN ISOLATION LEVEL ...           unless single statements that read are all there is
 *     SELECT set_config('role', ...)      who asks; for this transaction only
 *     his steps, each with a Parse before it where the connection has not prepared it yet
 *     ... the next who asks, and his
 *     COMMIT                              with BEGIN
 *     Sync
 *
 * Without BEGIN, the messages up to Sync are one transaction as well (PostgreSQL's manual, 55.2.3), so the role is set for the
 * statements behind it and for nothing after them. A server that refuses any of them skips the rest up to Sync, COMMIT included:
 * nothing was changed. */
#include "pipeline.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "arguments.h"
#include "base/memory.h"
#include "prepared.h"

/* ---- what stands around the steps ---- */

static const tripsage__statement begin_snapshot = {"begin_snapshot", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
                                                   NULL};
static const tripsage__statement begin_write = {"begin_write", "BEGIN ISOLATION LEVEL SERIALIZABLE", NULL};
static const tripsage__statement take_time = {"take_time", "SET LOCAL statement_timeout = 0", NULL};
static const tripsage__statement commit = {"commit", "COMMIT", NULL};

/* $1 claims, $2 the `sub` among them: auth.uid(), ours and Supabase's, reads it there before it parses the claims, which takes longer than
 * to find a row. */
#define SET_CLAIMS  "set_config('request.jwt.claims', $1, true)"
#define SET_SUBJECT "set_config('request.jwt.claim.sub', $2, true)"

/* $3 role */
static const tripsage__statement act_as = {
    "act_as", "SELECT " SET_CLAIMS ", " SET_SUBJECT ", set_config('role', $3, true)", NULL};

/* Within the same role; another one has other rights to be looked up, which costs as much again. No row comes back. */
static const tripsage__statement act_for = {"act_for", "SELECT WHERE " SET_CLAIMS " IS NULL OR " SET_SUBJECT " IS NULL",
                                            NULL};

/* The same where nothing can be set for the whole session. $3 role, $4 and $5 timeouts */
static const tripsage__statement act_as_set_all = {
    "act_as_set_all",
    "SELECT set_config('search_path', '" TRIPSAGE__PG_SEARCH_PATH "', true), set_config('statement_timeout', $4, true),"
    " set_config('lock_timeout', $5, true), " SET_CLAIMS ", " SET_SUBJECT ", set_config('role', $3, true)",
    NULL};

static const char *const role_names[ROLES] = {"authenticated", "service_role"};

void tripsage__pg_forget(request *first)
{
    for (request *r = first; r; r = r->next)
        for (size_t i = 0; i < r->count; i++) {
            PQclear(r->results[i]);
            r->results[i] = NULL;
        }
}

static const char *text_of(const tripsage__statement *statement)
{
    return statement->postgres ? statement->postgres : statement->sql;
}

/* Nothing to do on this engine. */
static int is_void(const tripsage__step *step)
{
    return text_of(step->statement)[0] == '\0';
}

/* ---- sending ---- */

/* What is on its way, in the order in which it is answered. */
typedef struct expected {
    const tripsage__statement *statement;
    role as;
    int prepares; /* 0: runs */
    int confirmed;
    PGresult **result; /* NULL: not wanted */
} expected;

typedef struct flight {
    connection *c;
    int unprepared;
    int no_memory; /* to send all of it */
    expected *expected;
    size_t count;
    const tripsage__statement *refused;
} flight;

static void expect(flight *f, const tripsage__statement *statement, role as, int prepares, PGresult **result)
{
    const expected e = {statement, as, prepares, 0, result};

    f->expected[f->count++] = e;
}

/* 0 when libpq could not take it. */
static int send_one(flight *f, const tripsage__statement *statement, role as, const tripsage__value *params,
                    size_t count, PGresult **result)
{
    arguments a;
    char of_service[64];
    const char *name = statement->name;
    int n = (int)count, sent = tripsage__pg_arguments(&a, params, count);

    f->no_memory |= !sent;
    if (as == ROLE_SERVICE) {
        snprintf(of_service, sizeof of_service, "%s@service", name);
        name = of_service;
    }
    if (sent && !f->unprepared && !tripsage__pg_is_prepared(f->c, statement, as)) {
        expect(f, statement, as, 1, NULL);
        tripsage__pg_note_prepared(f->c, statement, as, 1);
        sent = PQsendPrepare(f->c->pg, name, text_of(statement), n, a.types);
    }
    expect(f, statement, as, 0, result);
    if (sent && f->unprepared)
        sent = PQsendQueryParams(f->c->pg, text_of(statement), n, a.types, a.values, a.lengths, a.formats, 1);
    else if (sent)
        sent = PQsendQueryPrepared(f->c->pg, name, n, a.values, a.lengths, a.formats, 1);
    tripsage__pg_arguments_free(&a);
    return sent;
}

static int send_frame(flight *f, const tripsage__statement *statement)
{
    return send_one(f, statement, ROLE_AUTHENTICATED, NULL, 0, NULL);
}

/* The session's settings go with it where there is no session. */
static int send_first_actor(flight *f, const engine *e, const request *r)
{
    char statement_timeout[16], lock_timeout[16];
    tripsage__value params[5] = {tripsage__text(r->claims), tripsage__text(r->subject),
                                 tripsage__text(role_names[r->role])};

    if (!f->unprepared)
        return send_one(f, &act_as, ROLE_AUTHENTICATED, params, 3, NULL);
    snprintf(statement_timeout, sizeof statement_timeout, "%u", e->statement_timeout_ms);
    snprintf(lock_timeout, sizeof lock_timeout, "%u", e->wait_ms);
    params[3] = tripsage__text(statement_timeout);
    params[4] = tripsage__text(lock_timeout);
    return send_one(f, &act_as_set_all, ROLE_AUTHENTICATED, params, 5, NULL);
}

/* Who asks twice in a row is named once. */
static int send_actor(flight *f, const engine *e, const request *r, const request *before)
{
    const tripsage__value params[2] = {tripsage__text(r->claims), tripsage__text(r->subject)};

    if (!before || before->role != r->role)
        return send_first_actor(f, e, r);
    return strcmp(before->claims, r->claims) == 0 || send_one(f, &act_for, ROLE_AUTHENTICATED, params, 2, NULL);
}

static int send_steps(flight *f, request *r)
{
    for (size_t i = 0; i < r->count; i++) {
        const tripsage__step *step = &r->steps[i];

        if (!is_void(step) && !send_one(f, step->statement, r->role, step->params, step->param_count, &r->results[i]))
            return 0;
    }
    return 1;
}

static int send_all(flight *f, const engine *e, frame around, request *first)
{
    const request *before = NULL;

    if ((around == FRAME_SNAPSHOT || around == FRAME_SCAN) && !send_frame(f, &begin_snapshot))
        return 0;
    if (around == FRAME_WRITE && !send_frame(f, &begin_write))
        return 0;
    for (request *r = first; r; before = r, r = r->next)
        if (!send_actor(f, e, r, before) || (around == FRAME_SCAN && !send_frame(f, &take_time)) || !send_steps(f, r))
            return 0;
    if (around != FRAME_STATEMENT && !send_frame(f, &commit))
        return 0;
    return PQpipelineSync(f->c->pg);
}

/* ---- receiving ---- */

/* Waits until libpq has a whole result; 0 when the connection is lost or the server silent for too long. */
static int await(connection *c, int64_t deadline)
{
    struct pollfd ready = {PQsocket(c->pg), POLLIN, 0};

    while (PQisBusy(c->pg)) {
        int64_t left = deadline - tripsage__monotonic_ms();
        int got = left > 0 ? poll(&ready, 1, (int)left) : 0;

        if (got == 0 || (got > 0 && !PQconsumeInput(c->pg)))
            return 0;
    }
    return 1;
}

/* What an error of the server makes of the call. Its connection goes on, unless the error is worse than an ERROR. */
static outcome judge(const flight *f, const PGresult *failure)
{
    const char *state = PQresultErrorField(failure, PG_DIAG_SQLSTATE);
    const char *severity = PQresultErrorField(failure, PG_DIAG_SEVERITY_NONLOCALIZED);

    if (!state || !severity || strcmp(severity, "ERROR") != 0)
        return LOST;
    if (strcmp(state, "40001") == 0 || strcmp(state, "40P01") == 0)
        return AGAIN;
    if (strcmp(state, "25006") == 0 || (f->refused == &begin_write && strcmp(state, "0A000") == 0))
        return READ_ONLY; /* a standby is told by the latter: it has no serializable transactions */
    if (strcmp(state, "26000") == 0 || strcmp(state, "42P05") == 0) /* no such prepared statement, or one too many */
        return UNPREPARED;
    if (strcmp(state, "0A000") ==
        0) /* the only feature that the catalogue can find missing: a plan whose table was altered */
        return OUTDATED;
    return REFUSED;
}

/* Takes one result of what is expected next. 1 when it was Sync's, the last. */
static int take_result(flight *f, PGresult *result, size_t *next, PGresult **failure)
{
    expected *e = *next < f->count ? &f->expected[*next] : NULL;

    switch (PQresultStatus(result)) {
    case PGRES_PIPELINE_SYNC:
        PQclear(result);
        return 1;
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
        if (e)
            e->confirmed = 1;
        if (e && e->result) {
            *e->result = result;
            return 0;
        }
        break;
    case PGRES_PIPELINE_ABORTED:
        break;
    default:
        if (!*failure) {
            *failure = result;
            f->refused = e ? e->statement : NULL;
            return 0;
        }
    }
    PQclear(result);
    return 0;
}

/* Reads all answers. */
static outcome receive(flight *f, uint32_t answer_ms, PGresult **failure)
{
    int64_t deadline = tripsage__monotonic_ms() + answer_ms;
    size_t next = 0;

    for (;;) {
        PGresult *result;

        if (!await(f->c, deadline))
            return LOST;
        result = PQgetResult(f->c->pg);
        if (!result) { /* the end of one command's */
            next++;
            if (PQstatus(f->c->pg) != CONNECTION_OK || next > f->count)
                return LOST;
            continue;
        }
        if (take_result(f, result, &next, failure))
            return *failure ? judge(f, *failure) : DONE;
        if (PQstatus(f->c->pg) != CONNECTION_OK)
            return LOST;
    }
}

/* After an error inside of BEGIN: the transaction is still open. 0 when the connection is of no use. */
static int roll_back(connection *c, int64_t deadline)
{
    int ended = 0;

    if (PQtransactionStatus(c->pg) == PQTRANS_IDLE)
        return 1;
    if (!PQsendQueryParams(c->pg, "ROLLBACK", 0, NULL, NULL, NULL, NULL, 0) || !PQpipelineSync(c->pg))
        return 0;
    while (!ended) {
        PGresult *result;

        if (!await(c, deadline))
            return 0;
        result = PQgetResult(c->pg);
        ended = PQresultStatus(result) == PGRES_PIPELINE_SYNC;
        PQclear(result);
        if (PQstatus(c->pg) != CONNECTION_OK)
            return 0;
    }
    return PQtransactionStatus(c->pg) == PQTRANS_IDLE;
}

/* ---- one try ---- */

/* What was to be prepared, but skipped over an error before it. */
static void forget_unconfirmed(flight *f)
{
    for (size_t i = 0; i < f->count; i++)
        if (f->expected[i].prepares && !f->expected[i].confirmed)
            tripsage__pg_note_prepared(f->c, f->expected[i].statement, f->expected[i].as, 0);
}

static size_t messages_of(const request *r)
{
    size_t count = 3; /* BEGIN, COMMIT, and the time it may take */

    for (; r; r = r->next)
        count += r->count + 1;
    return count;
}

outcome tripsage__pg_run(connection *c, engine *e, frame around, request *first, uint32_t answer_ms, PGresult **failure,
                         int *broken)
{
    size_t messages = messages_of(first);
    expected *list = tripsage__calloc(2 * messages, sizeof *list); /* each may have to be prepared */
    flight f = {.c = c, .unprepared = atomic_load(&e->unprepared), .expected = list};
    outcome o = LOST;
    int lost;

    *failure = NULL;
    *broken = 0;
    if (!list || !tripsage__pg_reserve_prepared(c, messages)) {
        tripsage__free(list);
        return NO_MEMORY;
    }
    if (send_all(&f, e, around, first))
        o = receive(&f, answer_ms, failure);
    else if (f.no_memory)
        o = NO_MEMORY;
    lost = o == LOST;
    if (lost && *failure)
        o = judge(&f, *failure);
    if (o == LOST && f.count &&
        list[f.count - 1].confirmed) { /* COMMIT: nothing is missing but the end of the answer */
        *broken = 1;
        o = DONE;
    }
    if (o != DONE) {
        forget_unconfirmed(&f);
        tripsage__pg_forget(first);
        *broken = lost || o == NO_MEMORY || !roll_back(c, tripsage__monotonic_ms() + TRIPSAGE__PG_GRACE_MS);
    }
    tripsage__free(list);
    return o;
}
