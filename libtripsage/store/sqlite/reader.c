/* store/sqlite/reader.c: the pool of reading connections. A read sees one snapshot and never waits for the writer; it waits only for a
 * connection when all are in use, which is when every processor is busy reading anyway. */
#include <errno.h>
#include <time.h>

#include "base/memory.h"
#include "sqlite.h"

static void deadline_after(struct timespec *deadline, uint32_t ms)
{
    clock_gettime(CLOCK_MONOTONIC, deadline);
    deadline->tv_sec += (time_t)(ms / 1000);
    deadline->tv_nsec += (long)(ms % 1000) * 1000000;
    if (deadline->tv_nsec >= 1000000000) {
        deadline->tv_nsec -= 1000000000;
        deadline->tv_sec++;
    }
}

/* ---- the pool ---- */

static connection *take_idle(engine *e)
{
    for (uint32_t i = 0; i < e->readers; i++)
        if (atomic_load(&e->idle[i])) {
            connection *c = atomic_exchange(&e->idle[i], NULL);

            if (c)
                return c;
        }
    return NULL;
}

/* A waiter counts itself, then looks once more; who gives back puts down, then looks for waiters. All of it is in one total order, so
 * one of the two sees the other. */
static void wake_one(engine *e)
{
    if (atomic_load(&e->waiting) == 0)
        return;
    pthread_mutex_lock(&e->pool_lock);
    pthread_cond_signal(&e->pool_free);
    pthread_mutex_unlock(&e->pool_lock);
}

static void release(engine *e, connection *c)
{
    for (uint32_t i = 0;; i = (i + 1) % e->readers) {
        connection *none = NULL;

        if (atomic_compare_exchange_strong(&e->idle[i], &none, c))
            break;
    }
    wake_one(e);
}

/* Takes a place among those that may be open. */
static int may_open(engine *e)
{
    uint32_t opened = atomic_load(&e->opened);

    while (opened < e->readers)
        if (atomic_compare_exchange_weak(&e->opened, &opened, opened + 1))
            return 1;
    return 0;
}

static tripsage_status open_reader(engine *e, connection **out)
{
    connection *c = tripsage__calloc(1, sizeof *c);
    tripsage_status status = c ? tripsage__sqlite_connect(c, e, 0) : TRIPSAGE_NOMEM();

    if (status == TRIPSAGE_OK) {
        *out = c;
        return TRIPSAGE_OK;
    }
    tripsage__free(c);
    atomic_fetch_sub(&e->opened, 1);
    wake_one(e);
    return status;
}

/* Waits for one to come back; NULL when the time is over, or when a place to open one came free. */
static connection *wait_for_idle(engine *e, int *open)
{
    struct timespec deadline;
    connection *c;
    int waited = 0;

    deadline_after(&deadline, e->busy_timeout_ms);
    pthread_mutex_lock(&e->pool_lock);
    atomic_fetch_add(&e->waiting, 1);
    while (!(c = take_idle(e)) && !(*open = may_open(e)) && waited != ETIMEDOUT)
        waited = pthread_cond_timedwait(&e->pool_free, &e->pool_lock, &deadline);
    atomic_fetch_sub(&e->waiting, 1);
    pthread_mutex_unlock(&e->pool_lock);
    return c;
}

static tripsage_status acquire(engine *e, connection **out)
{
    int open = 0;

    *out = take_idle(e);
    if (!*out && !(open = may_open(e)))
        *out = wait_for_idle(e, &open);
    if (*out)
        return TRIPSAGE_OK;
    if (open)
        return open_reader(e, out);
    return TRIPSAGE_FAIL(TRIPSAGE_EBUSY, "all %u reading connections stayed in use for %u ms", e->readers,
                         e->busy_timeout_ms);
}

/* Taken one after another while others come and go: the numbers are near each other, and none is below 0. */
void tripsage__sqlite_pool(void *engine_, tripsage__pool *out)
{
    engine *e = engine_;
    uint32_t opened = atomic_load(&e->opened);

    for (uint32_t i = 0; i < e->readers; i++)
        out->idle += atomic_load(&e->idle[i]) != NULL;
    out->idle = out->idle < opened ? out->idle : opened;
    out->used = opened - out->idle;
    out->max = e->readers;
    out->waiting = atomic_load(&e->waiting);
}

void tripsage__sqlite_pool_close(engine *e)
{
    connection *c;

    while (e->idle && (c = take_idle(e)) != NULL) {
        tripsage__sqlite_disconnect(c);
        tripsage__free(c);
    }
    tripsage__free(e->idle);
}

/* A single statement is its own snapshot; several share one by a transaction. */
static tripsage_status run_steps(connection *c, const tripsage__step *steps, size_t count)
{
    int wrote = 0;
    tripsage_status status = TRIPSAGE_OK;

    if (count > 1)
        status = tripsage__sqlite_begin(c);
    else if (!tripsage__sqlite_rollback(c)) /* of a call before, which could not */
        return TRIPSAGE_NOMEM();
    for (size_t i = 0; i < count && status == TRIPSAGE_OK; i++)
        status = tripsage__sqlite_run(c, &steps[i], &wrote);
    tripsage__sqlite_rollback(c); /* nothing was changed: this ends it as well as a commit */
    return status;
}

tripsage_status tripsage__sqlite_read(void *engine_, const tripsage_actor *actor, const tripsage__step *steps,
                                      size_t count)
{
    engine *e = engine_;
    connection *c;
    tripsage_status status;

    (void)actor; /* rights are in the statements; this engine has no second line */
    if (e->in_memory) {
        pthread_mutex_lock(&e->writer_lock);
        status = run_steps(&e->writer, steps, count);
        pthread_mutex_unlock(&e->writer_lock);
        return status;
    }
    status = acquire(e, &c);
    if (status != TRIPSAGE_OK)
        return status;
    status = run_steps(c, steps, count);
    release(e, c);
    return status;
}
