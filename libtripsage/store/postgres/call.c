/* store/postgres/call.c: a call as one pipeline: sending it, waiting for all its answers, and what becomes of it when something fails.
 *
 *     BEGIN ISOLATION LEVEL ...           unless it is a single statement that reads
 *     SELECT set_config('role', ...)      who asks; for this transaction only
 *     the steps, each with a Parse before it where the connection has not prepared it yet
 *     COMMIT                              with BEGIN
 *     Sync
 *
 * Without BEGIN, the messages up to Sync are one transaction as well (PostgreSQL's manual, 55.2.3), so the role is set for the
 * statement and for nothing behind it. A server that refuses any of them skips the rest up to Sync, COMMIT included: nothing was
 * changed. Only when the connection is lost between sending and the answer to COMMIT is it unknown what became of a write, and
 * that is what the caller is told (TRIPSAGE_EUNKNOWN); a read is asked again. */
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/actor.h"
#include "base/memory.h"
#include "prepared.h"

/* An item has the most, 33. */
#define PARAMS_MAX 48

/* How much longer than its statement timeout an answer may take before the network is taken for dead. */
#define GRACE_MS 5000

/* 5: a read that loses its connection so often has met a server that dies of it. */
#define LOSSES_MAX 5

/* ---- what stands around the steps ---- */

static const tripsage__statement begin_snapshot = {"begin_snapshot", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
                                                   NULL};
static const tripsage__statement begin_write = {"begin_write", "BEGIN ISOLATION LEVEL SERIALIZABLE", NULL};
static const tripsage__statement commit = {"commit", "COMMIT", NULL};

/* $1 role, $2 claims */
static const tripsage__statement act_as = {
    "act_as", "SELECT set_config('role', $1, true), set_config('request.jwt.claims', $2, true)", NULL};

/* The same where nothing can be set for the whole session. $3 and $4: timeouts */
static const tripsage__statement act_as_set_all = {
    "act_as_set_all",
    "SELECT set_config('search_path', '" TRIPSAGE__PG_SEARCH_PATH "', true), set_config('statement_timeout', $3, true),"
    " set_config('lock_timeout', $4, true), set_config('role', $1, true), set_config('request.jwt.claims', $2, true)",
    NULL};

static const char *const role_names[ROLES] = {"authenticated", "service_role"};

/* ---- a call ---- */

typedef struct call {
    engine *engine;
    frame frame;
    role role;
    const char *claims;
    char own_claims[128]; /* for an actor without a token */
    char statement_timeout[16], lock_timeout[16];

    const tripsage__step *steps;
    size_t count;
    PGresult **results; /* of each step; filled by run(), freed by forget() */
    int64_t deadline;   /* for a connection and for trying again */
} call;

typedef enum outcome {
    DONE,       /* results are complete; committed */
    REFUSED,    /* the server refused it, and nothing was changed; tell `failure` */
    AGAIN,      /* the same, and it may go well the next time */
    READ_ONLY,  /* the same: the server is a standby now */
    UNPREPARED, /* the same: a pooler gave this transaction a connection on which nothing was prepared */
    OUTDATED,   /* the same: a prepared statement gives other columns now */
    LOST,       /* no answer any more */
    NO_MEMORY   /* nothing was sent */
} outcome;

static void forget(call *k)
{
    for (size_t i = 0; i < k->count; i++) {
        PQclear(k->results[i]);
        k->results[i] = NULL;
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

static const Oid type_ids[] = {
    [TRIPSAGE__INT] = 20, [TRIPSAGE__REAL] = 701, [TRIPSAGE__TEXT] = 25, [TRIPSAGE__BLOB] = 17};

static void put_big_endian(char out[8], uint64_t value)
{
    for (int i = 7; i >= 0; i--, value >>= 8)
        out[i] = (char)(value & 0xff);
}

/* Parameters in binary format: no text to print and to read, and bytes need no NUL at their end. */
typedef struct arguments {
    Oid types[PARAMS_MAX];
    const char *values[PARAMS_MAX];
    int lengths[PARAMS_MAX], formats[PARAMS_MAX];
    char numbers[PARAMS_MAX][8];
} arguments;

static void set_argument(arguments *a, size_t i, const tripsage__value *value)
{
    uint64_t bits;

    a->types[i] = type_ids[value->declared];
    a->formats[i] = 1;
    a->lengths[i] = (int)value->size;
    a->values[i] = value->bytes ? value->bytes : "";
    switch (value->type) {
    case TRIPSAGE__NULL:
        a->values[i] = NULL;
        break;
    case TRIPSAGE__INT:
    case TRIPSAGE__REAL:
        if (value->type == TRIPSAGE__INT)
            bits = (uint64_t)value->integer;
        else
            memcpy(&bits, &value->real, sizeof bits);
        put_big_endian(a->numbers[i], bits);
        a->values[i] = a->numbers[i];
        a->lengths[i] = 8;
        break;
    case TRIPSAGE__TEXT:
    case TRIPSAGE__BLOB:
        break;
    }
}

/* What is on its way, in the order in which it is answered. */
typedef struct expected {
    const tripsage__statement *prepares; /* NULL: runs */
    role as;
    int confirmed;
    PGresult **result; /* NULL: not wanted */
} expected;

typedef struct flight {
    connection *c;
    expected *expected;
    size_t count;
} flight;

static void expect(flight *f, const tripsage__statement *prepares, role as, PGresult **result)
{
    const expected e = {prepares, as, 0, result};

    f->expected[f->count++] = e;
}

/* 0 when libpq could not take it. */
static int send_one(flight *f, const call *k, const tripsage__statement *statement, role as,
                    const tripsage__value *params, size_t count, PGresult **result)
{
    arguments a;
    char name[64];
    int n = (int)count;

    for (size_t i = 0; i < count; i++)
        set_argument(&a, i, &params[i]);
    if (atomic_load_explicit(&k->engine->unprepared, memory_order_relaxed)) {
        expect(f, NULL, as, result);
        return PQsendQueryParams(f->c->pg, text_of(statement), n, a.types, a.values, a.lengths, a.formats, 1);
    }
    snprintf(name, sizeof name, as == ROLE_SERVICE ? "%s@service" : "%s", statement->name);
    if (!tripsage__pg_is_prepared(f->c, statement, as)) {
        expect(f, statement, as, NULL);
        tripsage__pg_note_prepared(f->c, statement, as, 1);
        if (!PQsendPrepare(f->c->pg, name, text_of(statement), n, a.types))
            return 0;
    }
    expect(f, NULL, as, result);
    return PQsendQueryPrepared(f->c->pg, name, n, a.values, a.lengths, a.formats, 1);
}

static int send_frame(flight *f, const call *k, const tripsage__statement *statement)
{
    return send_one(f, k, statement, ROLE_AUTHENTICATED, NULL, 0, NULL);
}

static int send_actor(flight *f, const call *k)
{
    const tripsage__value params[] = {tripsage__text(role_names[k->role]), tripsage__text(k->claims),
                                      tripsage__text(k->statement_timeout), tripsage__text(k->lock_timeout)};
    int set_all = atomic_load_explicit(&k->engine->unprepared, memory_order_relaxed);

    return send_one(f, k, set_all ? &act_as_set_all : &act_as, ROLE_AUTHENTICATED, params, set_all ? 4 : 2, NULL);
}

static int send_steps(flight *f, call *k)
{
    for (size_t i = 0; i < k->count; i++) {
        const tripsage__step *step = &k->steps[i];

        if (!is_void(step) &&
            !send_one(f, k, step->statement, k->role, step->params, step->param_count, &k->results[i]))
            return 0;
    }
    return 1;
}

static int send_call(flight *f, call *k)
{
    if (k->frame == FRAME_SNAPSHOT && !send_frame(f, k, &begin_snapshot))
        return 0;
    if (k->frame == FRAME_WRITE && !send_frame(f, k, &begin_write))
        return 0;
    if (!send_actor(f, k) || !send_steps(f, k))
        return 0;
    if (k->frame != FRAME_STATEMENT && !send_frame(f, k, &commit))
        return 0;
    return PQpipelineSync(f->c->pg);
}

/* ---- receiving ---- */

/* Waits until libpq has a whole result; 0 when the connection is lost or the server silent for too long. */
static int await(connection *c, int64_t deadline)
{
    struct pollfd ready = {PQsocket(c->pg), POLLIN, 0};

    while (PQisBusy(c->pg)) {
        int64_t left = deadline - tripsage__pg_now();
        int got = left > 0 ? poll(&ready, 1, (int)left) : 0;

        if (got == 0)
            return 0;
        if (got > 0 && !PQconsumeInput(c->pg))
            return 0;
    }
    return 1;
}

/* The types that row.c understands. */
static int is_readable(const PGresult *result)
{
    static const Oid types[] = {16, 17, 20, 21, 23, 25, 114, 700, 701, 1043, 3802};

    for (int column = 0; column < PQnfields(result); column++) {
        size_t i = 0;

        while (i < sizeof types / sizeof types[0] && types[i] != PQftype(result, column))
            i++;
        if (i == sizeof types / sizeof types[0])
            return 0;
    }
    return 1;
}

/* What an error of the server makes of the call. Its connection goes on, unless the error is worse than an ERROR. */
static outcome judge(const PGresult *failure)
{
    const char *state = PQresultErrorField(failure, PG_DIAG_SQLSTATE);
    const char *severity = PQresultErrorField(failure, PG_DIAG_SEVERITY_NONLOCALIZED);

    if (!state || !severity || strcmp(severity, "ERROR") != 0)
        return LOST;
    if (strcmp(state, "40001") == 0 || strcmp(state, "40P01") == 0)
        return AGAIN;
    if (strcmp(state, "25006") == 0)
        return READ_ONLY;
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
            return 0;
        }
    }
    PQclear(result);
    return 0;
}

/* Reads all answers. */
static outcome receive(flight *f, call *k, PGresult **failure)
{
    int64_t deadline = tripsage__pg_now() + k->engine->statement_timeout_ms + GRACE_MS;
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
            return *failure ? judge(*failure) : DONE;
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
            tripsage__pg_note_prepared(f->c, f->expected[i].prepares, f->expected[i].as, 0);
}

/* *broken: the connection is of no use after it. An error counts also when the connection was lost behind it: it had ended the transaction. */
static outcome run(connection *c, call *k, PGresult **failure, int *broken)
{
    expected *list = tripsage__calloc(2 * (k->count + 3), sizeof *list); /* each may have to be prepared */
    flight f = {c, list, 0};
    outcome o = LOST;

    *failure = NULL;
    *broken = 0;
    if (!list || !tripsage__pg_reserve_prepared(c, k->count + 3)) {
        tripsage__free(list);
        return NO_MEMORY;
    }
    if (send_call(&f, k))
        o = receive(&f, k, failure);
    if (o != DONE)
        forget_unconfirmed(&f);
    tripsage__free(list);
    if (o == DONE)
        return DONE;
    forget(k);
    *broken = o == LOST || o == OUTDATED || !roll_back(c, tripsage__pg_now() + GRACE_MS);
    return o == LOST && *failure ? judge(*failure) : o;
}

/* ---- delivering ---- */

static int64_t changes_of(PGresult *result)
{
    int64_t changes = 0;

    if (strncmp(PQcmdStatus(result), "SELECT", 6) != 0)
        (void)sscanf(PQcmdTuples(result), "%lld", (long long *)&changes);
    return changes;
}

static tripsage_status deliver_step(const tripsage__step *step, PGresult *result)
{
    cursor at = {result, 0};
    tripsage__row row = {&tripsage__driver_postgres, &at};
    tripsage_status status = TRIPSAGE_OK;

    if (step->on_begin)
        step->on_begin(step->context);
    if (step->changes)
        *step->changes = result ? changes_of(result) : 0;
    if (!result || !step->on_row)
        return TRIPSAGE_OK;
    if (!is_readable(result))
        return TRIPSAGE_FAIL(TRIPSAGE_EINTERNAL, "%s gives a column of a type this library does not read",
                             step->statement->name);
    for (; at.row < PQntuples(result) && status == TRIPSAGE_OK; at.row++)
        status = step->on_row(step->context, &row);
    return status;
}

static tripsage_status deliver(call *k)
{
    tripsage_status status = TRIPSAGE_OK;

    for (size_t i = 0; i < k->count && status == TRIPSAGE_OK; i++)
        status = deliver_step(&k->steps[i], k->results[i]);
    forget(k);
    return status;
}

/* ---- the call ---- */

/* Takes what was lost, refused or to be tried again as far as it goes. 1: once more. */
static int goes_on(call *k, connection *c, outcome o, const PGresult *failure, unsigned tries, tripsage_status *status)
{
    int writes = k->frame == FRAME_WRITE;

    switch (o) {
    case AGAIN:
        if (tripsage__pg_back_off(k->engine, tries, k->deadline))
            return 1;
        *status = PG_FAILED(TRIPSAGE_EBUSY, c, failure, "others changed the same records all the time");
        return 0;
    case UNPREPARED:
        if (!atomic_exchange(&k->engine->unprepared, 1))
            tripsage__log(
                k->engine->env, TRIPSAGE_LOG_WARN, "store",
                "there is a transaction pooler before PostgreSQL: statements are sent unprepared from now on; "
                "prepared_statements=false in the URL says so from the start");
        return 1;
    case OUTDATED:
        if (tries == 0)
            return 1;
        break;
    case READ_ONLY:
        tripsage__pg_renew_all(k->engine);
        if (tripsage__pg_back_off(k->engine, tries, k->deadline))
            return 1;
        break;
    case LOST:
        if (!writes && tries < LOSSES_MAX)
            return 1;
        *status =
            PG_FAILED(writes ? TRIPSAGE_EUNKNOWN : TRIPSAGE_EUNAVAILABLE, c, failure, "PostgreSQL did not answer");
        return 0;
    case NO_MEMORY:
        *status = TRIPSAGE_NOMEM();
        return 0;
    case REFUSED:
    case DONE:
        break;
    }
    *status =
        PG_FAILED(tripsage__pg_status_of(PQresultErrorField(failure, PG_DIAG_SQLSTATE)), c, failure, "PostgreSQL");
    return 0;
}

/* One or more tries; leaves the results in the call when it answers TRIPSAGE_OK. */
static tripsage_status perform(call *k)
{
    tripsage_status status = TRIPSAGE_OK;
    unsigned tries = 0;
    int more = 1;

    while (more) {
        PGresult *failure = NULL;
        connection *c;
        outcome o;
        int broken;

        status = tripsage__pg_acquire(&c, k->engine, k->deadline);
        if (status != TRIPSAGE_OK)
            return status;
        o = run(c, k, &failure, &broken);
        more = o != DONE && goes_on(k, c, o, failure, tries++, &status);
        PQclear(failure);
        tripsage__pg_release(k->engine, c, broken);
    }
    return status;
}

/* Who asks. A token's claims are passed on as they are, so that policies may ask for any of them. */
static void set_actor(call *k, const tripsage_actor *actor)
{
    k->role = !actor || actor->is_service ? ROLE_SERVICE : ROLE_AUTHENTICATED;
    k->claims = k->own_claims;
    if (k->role == ROLE_SERVICE)
        strcpy(k->own_claims, "{\"role\":\"service_role\"}");
    else if (actor->claims)
        k->claims = actor->claims;
    else
        snprintf(k->own_claims, sizeof k->own_claims, "{\"sub\":\"%s\",\"role\":\"authenticated\"}", actor->user_id);
}

static tripsage_status call_steps(engine *e, frame around, const tripsage_actor *actor, const tripsage__step *steps,
                                  size_t count)
{
    PGresult *few[16] = {NULL};
    call k = {.engine = e, .frame = around, .steps = steps, .count = count, .results = few};
    tripsage_status status;

    for (size_t i = 0; i < count; i++)
        if (steps[i].param_count > PARAMS_MAX)
            return TRIPSAGE_FAIL(TRIPSAGE_EINTERNAL, "%s has more parameters than the engine takes",
                                 steps[i].statement->name);
    if (count > sizeof few / sizeof few[0])
        k.results = tripsage__calloc(count, sizeof *k.results);
    if (!k.results)
        return TRIPSAGE_NOMEM();
    set_actor(&k, actor);
    snprintf(k.statement_timeout, sizeof k.statement_timeout, "%u", e->statement_timeout_ms);
    snprintf(k.lock_timeout, sizeof k.lock_timeout, "%u", e->wait_ms);
    k.deadline = tripsage__pg_now() + e->wait_ms;
    status = perform(&k);
    if (status == TRIPSAGE_OK)
        status = deliver(&k);
    if (k.results != few)
        tripsage__free(k.results);
    return status;
}

tripsage_status tripsage__pg_read(void *engine_, const tripsage_actor *actor, const tripsage__step *steps, size_t count)
{
    return call_steps(engine_, count == 1 ? FRAME_STATEMENT : FRAME_SNAPSHOT, actor, steps, count);
}

tripsage_status tripsage__pg_write(void *engine_, const tripsage_actor *actor, const tripsage__step *steps,
                                   size_t count)
{
    return call_steps(engine_, FRAME_WRITE, actor, steps, count);
}
