/* store/postgres/call.c: a call of the store: what becomes of it when something fails, and its rows.
 *
 * What the server refused was not done. When the connection is lost between sending a write and the answer to its COMMIT is it unknown
 * what became of it, and that is what the caller is told (TRIPSAGE_EUNKNOWN); a read is asked again. He is told the same when there is no
 * memory for the rows of a write that was committed: an error that says that nothing was changed would be wrong. */
#include "call.h"

#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "base/actor.h"
#include "base/memory.h"

/* 5: a read that loses its connection so often has met a server that dies of it. */
#define REPEATS_MAX 5

/* 1 s: a connection that is younger leads where a new one would, too. */
#define LEADS_ELSEWHERE_MS 1000

/* 2 s: who watches over this program gives up after some seconds, and asks again meanwhile. */
#define PING_MS 2000

/* A day: whoever looks through a database that takes longer has a server that is gone. */
#define SCAN_MS (24 * 3600 * 1000)

/* ---- trying ---- */

/* What a call has been through. */
typedef struct course {
    unsigned repeats;       /* at once */
    unsigned tries;         /* after a pause */
    int64_t deadline;       /* for a connection */
    int64_t next_at;        /* when the next try may be made */
    tripsage_status status; /* at its end */
} course;

static int repeats(course *at)
{
    at->next_at = 0;
    return at->repeats++ < REPEATS_MAX;
}

static int pauses(course *at, const attempt *a)
{
    at->next_at = tripsage__monotonic_ms() + tripsage__pg_pause(a->engine, at->tries++);
    return at->next_at < a->deadline;
}

/* A read is asked again, by a server that hung up; one that says nothing is left alone when the call has no time left. */
static int asks_again(course *at, const attempt *a, const connection *c)
{
    int64_t now = tripsage__monotonic_ms();

    if (a->around == FRAME_WRITE || (PQstatus(c->pg) == CONNECTION_OK && now >= a->deadline))
        return 0;
    at->deadline = now + a->wait_ms;
    return repeats(at);
}

static void note_pooler(engine *e)
{
    if (!atomic_exchange(&e->unprepared, 1))
        tripsage__log(e->env, TRIPSAGE_LOG_WARN, "store",
                      "there is a transaction pooler before PostgreSQL: statements are sent unprepared from now on; "
                      "prepared_statements=false in the URL says so from the start");
}

/* Takes what was lost, refused or to be tried again as far as it goes. 1: once more. */
static int goes_on(course *at, const attempt *a, connection *c, outcome o, const PGresult *failure)
{
    tripsage_status status = TRIPSAGE_OK; /* what the SQLSTATE says */
    const char *what = "PostgreSQL";

    switch (o) {
    case AGAIN:
        if (pauses(at, a))
            return 1;
        status = TRIPSAGE_EBUSY;
        what = "others changed the same records all the time";
        break;
    case UNPREPARED:
        note_pooler(a->engine);
        if (repeats(at))
            return 1;
        break;
    case OUTDATED: /* so are the plans of all the other connections */
        tripsage__pg_renew_all(a->engine);
        if (repeats(at))
            return 1;
        break;
    case READ_ONLY:
        if (tripsage__monotonic_ms() - c->opened_at >= LEADS_ELSEWHERE_MS)
            tripsage__pg_renew_all(a->engine);
        if (pauses(at, a))
            return 1;
        status = TRIPSAGE_EREADONLY;
        break;
    case LOST:
        if (asks_again(at, a, c))
            return 1;
        status = a->around == FRAME_WRITE ? TRIPSAGE_EUNKNOWN : TRIPSAGE_EUNAVAILABLE;
        what = "PostgreSQL did not answer";
        break;
    case NO_MEMORY:
        at->status = TRIPSAGE_NOMEM();
        return 0;
    case REFUSED:
    case DONE:
        break;
    }
    if (status == TRIPSAGE_OK)
        status = tripsage__pg_status_of(PQresultErrorField(failure, PG_DIAG_SQLSTATE));
    at->status = PG_FAILED(status, c, failure, what);
    return 0;
}

tripsage_status tripsage__pg_perform(const attempt *a, request *first)
{
    course at = {.deadline = a->deadline};
    int more = 1;

    while (more) {
        PGresult *failure = NULL;
        connection *c;
        outcome o;
        int broken;

        at.status = tripsage__pg_acquire(&c, a->engine, at.deadline);
        if (at.status != TRIPSAGE_OK)
            break;
        o = tripsage__pg_run(c, a->engine, a->around, first, a->answer_ms, &failure, &broken);
        more = o != DONE && goes_on(&at, a, c, o, failure);
        PQclear(failure);
        tripsage__pg_release(a->engine, c, broken);
        if (more && at.next_at) /* without a connection, which others can use meanwhile */
            tripsage__pg_sleep_until(at.next_at);
    }
    return at.status;
}

/* ---- rows ---- */

static int64_t changes_of(PGresult *result)
{
    return strncmp(PQcmdStatus(result), "SELECT", 6) == 0 ? 0 : strtoll(PQcmdTuples(result), NULL, 10);
}

static tripsage_status deliver_rows(const tripsage__step *step, const PGresult *result)
{
    cursor at;
    tripsage__row row = {&tripsage__driver_postgres, &at};
    tripsage_status status = TRIPSAGE_OK;
    int readable = tripsage__pg_cursor(&at, result);

    for (int i = 0; readable && i < PQntuples(result) && status == TRIPSAGE_OK; i++) {
        readable = tripsage__pg_row(&at, i);
        if (readable)
            status = step->on_row(step->context, &row);
    }
    if (!readable)
        return TRIPSAGE_FAIL(TRIPSAGE_EINTERNAL, "%s gives a column of a type this library does not read",
                             step->statement->name);
    return status;
}

static tripsage_status deliver_step(const tripsage__step *step, PGresult *result)
{
    if (step->on_begin)
        step->on_begin(step->context);
    if (step->changes)
        *step->changes = result ? changes_of(result) : 0;
    return result && step->on_row ? deliver_rows(step, result) : TRIPSAGE_OK;
}

static tripsage_status deliver(request *r)
{
    tripsage_status status = TRIPSAGE_OK;

    for (size_t i = 0; i < r->count && status == TRIPSAGE_OK; i++)
        status = deliver_step(&r->steps[i], r->results[i]);
    tripsage__pg_forget(r);
    return status;
}

/* ---- the call ---- */

#define CLAIMS_BEGIN "{\"role\":\"authenticated\",\"sub\":\""
#define CLAIMS_END   "\"}"
#define CLAIMS_SIZE  (sizeof CLAIMS_BEGIN + TRIPSAGE__UUID_SIZE + sizeof CLAIMS_END)

/* Who asks. A token's claims are passed on as they are, so that policies may ask for any of them. */
static void set_actor(request *r, char own_claims[CLAIMS_SIZE], const tripsage_actor *actor)
{
    char *end = own_claims;

    r->role = !actor || actor->is_service ? ROLE_SERVICE : ROLE_AUTHENTICATED;
    r->claims = own_claims;
    r->subject = r->role == ROLE_SERVICE ? "" : actor->user_id;
    if (r->role == ROLE_SERVICE) {
        strcpy(own_claims, "{\"role\":\"service_role\"}");
    } else if (actor->claims) {
        r->claims = actor->claims;
    } else {
        end = stpcpy(end, CLAIMS_BEGIN);
        end = stpcpy(end, actor->user_id);
        strcpy(end, CLAIMS_END);
    }
}

static tripsage_status call_steps(engine *e, frame around, const tripsage_actor *actor, const tripsage__step *steps,
                                  size_t count)
{
    const attempt a = {.engine = e,
                       .around = around,
                       .deadline = tripsage__monotonic_ms() + e->wait_ms,
                       .wait_ms = e->wait_ms,
                       .answer_ms = around == FRAME_SCAN ? SCAN_MS : e->statement_timeout_ms + TRIPSAGE__PG_GRACE_MS};
    PGresult *few[16] = {NULL};
    char own_claims[CLAIMS_SIZE];
    request r = {.steps = steps, .count = count, .results = few};
    tripsage_status status;
    int committed;

    for (size_t i = 0; i < count; i++)
        if (steps[i].param_count > TRIPSAGE__PG_PARAMS_MAX)
            return TRIPSAGE_FAIL(TRIPSAGE_EINTERNAL, "%s has more parameters than the engine takes",
                                 steps[i].statement->name);
    if (count > sizeof few / sizeof few[0])
        r.results = tripsage__calloc(count, sizeof(PGresult *));
    if (!r.results)
        return TRIPSAGE_NOMEM();
    set_actor(&r, own_claims, actor);
    status = around == FRAME_STATEMENT ? tripsage__pg_read_together(&a, &r) : tripsage__pg_perform(&a, &r);
    committed = status == TRIPSAGE_OK && around == FRAME_WRITE;
    if (status == TRIPSAGE_OK)
        status = deliver(&r);
    if (status == TRIPSAGE_ENOMEM && committed)
        status = TRIPSAGE_FAIL(TRIPSAGE_EUNKNOWN, "it was done, but there was no memory for the answer");
    if (r.results != few)
        tripsage__free(r.results);
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

tripsage_status tripsage__pg_scan(void *engine_, const tripsage_actor *actor, const tripsage__step *steps, size_t count)
{
    (void)actor;
    return call_steps(engine_, FRAME_SCAN, NULL, steps, count);
}

/* Not together with others, whose answer may take longer. */
tripsage_status tripsage__pg_ping(void *engine_, const tripsage__step *step)
{
    const attempt a = {.engine = engine_,
                       .around = FRAME_STATEMENT,
                       .deadline = tripsage__monotonic_ms() + PING_MS,
                       .wait_ms = PING_MS,
                       .answer_ms = PING_MS};
    PGresult *result = NULL;
    char claims[CLAIMS_SIZE];
    request r = {.steps = step, .count = 1, .results = &result};
    tripsage_status status;

    set_actor(&r, claims, NULL);
    status = tripsage__pg_perform(&a, &r);
    PQclear(result);
    return status;
}
