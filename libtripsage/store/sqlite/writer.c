/* store/sqlite/writer.c: group commit: writes that wait at the same moment share one transaction and one fsync.
 *
 * There is no writer thread. A caller puts its request into the queue; if nobody leads, it becomes the leader, takes the whole
 * queue, runs every request in one transaction, commits, and wakes the others with their answers. What arrived meanwhile is the next
 * leader's batch: while one batch waits for the disk, the next one gathers by itself. A lone caller pays no hand-over. (The idea is as old as
 * DeWitt et al., "Implementation techniques for main memory database systems", 1984, section 5.2.)
 *
 * Invariants
 *   1. A request is answered with success only after the COMMIT that holds it has returned.
 *   2. A request that fails leaves nothing behind: if it may have changed something, the whole transaction is rolled back and
 *      the other requests are run again without it. There is no savepoint per request, because FTS5 writes its pending
 *      terms to disk at each one; failures are rare (guards are in the statements and do not fail), savepoints would be paid always.
 *   3. The queue lock is never held while SQL runs. */
#include <semaphore.h>

#include "base/memory.h"
#include "sqlite.h"

/* 256 requests a commit: far more than there are threads to wait in practice; bounds how long the first of them waits. */
#define BATCH_MAX 256

typedef struct request {
    const tripsage__step *steps;
    size_t count;
    tripsage_status status;
    int settled; /* failed: not to be run (again) */
    int lead;    /* woken to lead, not because it is done */
    sem_t wake;
    struct request *next;
    tripsage_error error; /* filled only on failure, by whoever ran it */
} request;

/* ---- running a batch ---- */

static void settle(request *r, tripsage_status status)
{
    r->status = status;
    r->settled = 1;
    tripsage__error_save(&r->error);
}

static tripsage_status run_request(connection *c, request *r, int *wrote)
{
    tripsage_status status = TRIPSAGE_OK;

    for (size_t i = 0; i < r->count && status == TRIPSAGE_OK; i++)
        status = tripsage__sqlite_run(c, &r->steps[i], wrote);
    return status;
}

/* Runs what is not settled. 1: all of it is in the open transaction; 0: the transaction was given up because of a request that is
 * settled now. */
static int run_all(connection *c, request *first)
{
    for (request *r = first; r; r = r->next) {
        int wrote = 0;
        tripsage_status status;

        if (r->settled)
            continue;
        status = run_request(c, r, &wrote);
        if (status == TRIPSAGE_OK)
            continue;
        settle(r, status);
        if (wrote || sqlite3_get_autocommit(c->db))
            return 0;
    }
    return 1;
}

static int anything_left(const request *first)
{
    for (; first; first = first->next)
        if (!first->settled)
            return 1;
    return 0;
}

/* What fails for the whole batch fails for each that is left in it. */
static void settle_rest(request *first, tripsage_status status)
{
    for (request *r = first; r; r = r->next)
        if (!r->settled)
            settle(r, status);
}

/* One transaction for the whole batch. On return every request is settled or committed. */
static void run_batch(engine *e, request *first)
{
    connection *c = &e->writer;

    while (anything_left(first)) {
        tripsage_status status = tripsage__sqlite_begin(c);

        tripsage__sqlite_watch_begin(e);
        if (status == TRIPSAGE_OK && run_all(c, first) && anything_left(first)) {
            status = tripsage__sqlite_commit(c);
            if (status == TRIPSAGE_OK) {
                tripsage__sqlite_watch_commit(e); /* before its callers are answered */
                return;
            }
        }
        if (status != TRIPSAGE_OK)
            settle_rest(first, status);
        tripsage__sqlite_rollback(c); /* where memory is short even for that, the next begin tries again */
    }
}

/* ---- queue and leadership ---- */

static void enqueue(engine *e, request *r)
{
    if (e->queue_last)
        e->queue_last->next = r;
    else
        e->queue_first = r;
    e->queue_last = r;
}

/* Cuts at most BATCH_MAX requests off the queue. */
static request *take_batch(engine *e)
{
    request *first = e->queue_first, *last = first;

    for (int n = 1; n < BATCH_MAX && last->next; n++)
        last = last->next;
    e->queue_first = last->next;
    if (!e->queue_first)
        e->queue_last = NULL;
    last->next = NULL;
    return first;
}

/* Ends a leadership: hands it to the oldest request that waits, or leaves it open. */
static void resign(engine *e)
{
    request *heir;

    pthread_mutex_lock(&e->queue_lock);
    heir = e->queue_first;
    if (heir)
        heir->lead = 1;
    else
        e->leading = 0;
    pthread_mutex_unlock(&e->queue_lock);
    if (heir)
        sem_post(&heir->wake);
}

static void sleep_until_woken(request *r)
{
    while (sem_wait(&r->wake) != 0)
        ; /* a signal handler of the program's ran */
}

static void lead(engine *e, request *own)
{
    tripsage_error before; /* the failures of others are not this thread's */
    request *batch, *next;

    pthread_mutex_lock(&e->queue_lock);
    batch = take_batch(e);
    pthread_mutex_unlock(&e->queue_lock);

    tripsage__error_save(&before);
    pthread_mutex_lock(&e->writer_lock);
    run_batch(e, batch);
    pthread_mutex_unlock(&e->writer_lock);
    tripsage__error_restore(&before);

    resign(e); /* first: the next batch starts while this one's callers wake up */
    for (request *r = batch; r; r = next) {
        next = r->next; /* the request is its caller's stack: gone once it is woken */
        if (r != own)
            sem_post(&r->wake);
    }
}

tripsage_status tripsage__sqlite_write(void *engine_, const tripsage_actor *actor, const tripsage__step *steps,
                                       size_t count)
{
    engine *e = engine_;
    request r;
    int leads;

    (void)actor; /* rights are in the statements; this engine has no second line */
    r.steps = steps;
    r.count = count;
    r.status = TRIPSAGE_OK;
    r.settled = r.lead = 0;
    r.next = NULL;
    sem_init(&r.wake, 0, 0);

    pthread_mutex_lock(&e->queue_lock);
    enqueue(e, &r);
    leads = !e->leading;
    e->leading = 1;
    pthread_mutex_unlock(&e->queue_lock);

    if (!leads) {
        sleep_until_woken(&r);
        leads = r.lead;
    }
    if (leads)
        lead(e, &r);
    sem_destroy(&r.wake);
    return r.status == TRIPSAGE_OK ? TRIPSAGE_OK : tripsage__error_restore(&r.error);
}
