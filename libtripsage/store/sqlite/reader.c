/* store/sqlite/reader.c: the pool of reading connections. A read sees one snapshot and never waits for the writer; it waits only for a
 * connection when all are in use, which is when every processor is busy reading anyway. */
#include <errno.h>
#include <time.h>

#include "base/memory.h"
#include "sqlite.h"

static void deadline_after(struct timespec *deadline, uint32_t ms)
{
    clock_gettime(CLOCK_MONOTONIC, deadline);
    deadline->tv_sec += ms / 1000;
    deadline->tv_nsec += (long)(ms % 1000) * 1000000;
    if (deadline->tv_nsec >= 1000000000) {
        deadline->tv_nsec -= 1000000000;
        deadline->tv_sec++;
    }
}

/* Opens one more; its place in `opened` is taken already. */
static tripsage_status open_reader(engine *e, connection **out)
{
    connection *c = tripsage__calloc(1, sizeof *c);
    tripsage_status status = c ? tripsage__sqlite_connect(c, e, 0) : TRIPSAGE_NOMEM();

    if (status == TRIPSAGE_OK) {
        *out = c;
        return TRIPSAGE_OK;
    }
    tripsage__free(c);
    pthread_mutex_lock(&e->pool_lock);
    e->opened--;
    pthread_cond_signal(&e->pool_free);
    pthread_mutex_unlock(&e->pool_lock);
    return status;
}

static tripsage_status acquire(engine *e, connection **out)
{
    struct timespec deadline = {0, 0};
    int waited = 0;

    pthread_mutex_lock(&e->pool_lock);
    while (!e->idle && e->opened == e->readers && waited != ETIMEDOUT) {
        if (deadline.tv_sec == 0)
            deadline_after(&deadline, e->busy_timeout_ms);
        waited = pthread_cond_timedwait(&e->pool_free, &e->pool_lock, &deadline);
    }
    *out = e->idle;
    if (*out) {
        e->idle = (*out)->next;
        pthread_mutex_unlock(&e->pool_lock);
        return TRIPSAGE_OK;
    }
    if (e->opened < e->readers) {
        e->opened++;
        pthread_mutex_unlock(&e->pool_lock);
        return open_reader(e, out);
    }
    pthread_mutex_unlock(&e->pool_lock);
    return TRIPSAGE_FAIL(TRIPSAGE_EBUSY, "all %u reading connections stayed in use for %u ms", e->readers,
                         e->busy_timeout_ms);
}

static void release(engine *e, connection *c)
{
    pthread_mutex_lock(&e->pool_lock);
    c->next = e->idle;
    e->idle = c;
    pthread_cond_signal(&e->pool_free);
    pthread_mutex_unlock(&e->pool_lock);
}

void tripsage__sqlite_pool_close(engine *e)
{
    while (e->idle) {
        connection *c = e->idle;

        e->idle = c->next;
        tripsage__sqlite_disconnect(c);
        tripsage__free(c);
    }
}

/* A single statement is its own snapshot; several share one by a transaction. */
static tripsage_status run_steps(connection *c, const tripsage__step *steps, size_t count)
{
    int wrote = 0;
    tripsage_status status = TRIPSAGE_OK;

    tripsage__sqlite_rollback(c); /* what the last call could not: its snapshot must not be this one's */
    if (count > 1)
        status = tripsage__sqlite_exec(c, "BEGIN");
    if (status != TRIPSAGE_OK)
        return status;
    for (size_t i = 0; i < count && status == TRIPSAGE_OK; i++)
        status = tripsage__sqlite_run(c, &steps[i], &wrote);
    /* Nothing was changed, so rolling back ends it as well as committing. */
    tripsage__sqlite_rollback(c);
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
