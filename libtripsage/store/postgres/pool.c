/* store/postgres/pool.c: a bounded number of connections, given out in the order of asking. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "postgres.h"

/* 30 min: a server that was added, or a name that leads elsewhere now, gets its share; and a backend gives back what its caches grew to. */
#define LIFE_MS (30 * 60 * 1000)
/* 5 min: what a burst opened need not stay. */
#define IDLE_MS (5 * 60 * 1000)

/* 100 ms, doubling up to 3.2 s: a server that restarts is back after seconds, and then takes each replica's attempts as they come. */
#define BACK_OFF_MS        100
#define BACK_OFF_DOUBLINGS 5

/* ---- waiting ---- */

/* A condition that is waited for until a time of our clock. */
static tripsage_status init_condition(pthread_cond_t *condition)
{
    pthread_condattr_t monotonic;
    int failed;

    if (pthread_condattr_init(&monotonic))
        return TRIPSAGE_NOMEM();
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    failed = pthread_cond_init(condition, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return failed ? TRIPSAGE_NOMEM() : TRIPSAGE_OK;
}

static struct timespec at_ms(int64_t ms)
{
    struct timespec at;

    at.tv_sec = (time_t)(ms / 1000);
    at.tv_nsec = (long)(ms % 1000) * 1000000;
    return at;
}

void tripsage__pg_sleep_until(int64_t ms)
{
    struct timespec at = at_ms(ms);

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
        ;
}

/* From half of `limit` up to all of it, so that those who failed together do not come back together. */
static int64_t jittered(engine *e, int64_t limit)
{
    uint32_t chance = 0;

    if (tripsage__random(e->env, &chance, sizeof chance) != TRIPSAGE_OK)
        chance = 0;
    return limit / 2 + (int64_t)(chance % (uint32_t)(limit / 2 + 1));
}

int64_t tripsage__pg_pause(engine *e, unsigned tries)
{
    return jittered(e, (int64_t)1 << (tries < 6 ? tries + 1 : 7)); /* 2 .. 128 ms */
}

/* ---- connections ---- */

static void discard(connection *c)
{
    tripsage__pg_disconnect(c);
    tripsage__free(c);
}

/* Whether a connection that lies idle is of use still. */
static int is_good(const engine *e, const connection *c, int64_t now)
{
    return c->generation == e->generation && now - c->opened_at < LIFE_MS && tripsage__pg_is_alive(c);
}

/* Under the lock: the next in line may open a connection in place of one that is gone. */
static void pass_on_place(engine *e)
{
    waiter *first = e->first_waiter;

    if (!first) {
        e->opened--;
        return;
    }
    e->first_waiter = first->next;
    first->may_open = 1;
    pthread_cond_signal(&first->turn);
}

/* Waits until this caller may try to connect; 0 when that is not before the deadline. After a failure the callers go one at a time, each
 * later than the one before, until one of them succeeds. *generation: of the connection. */
static int await_attempt(engine *e, int64_t deadline, unsigned *generation)
{
    int64_t at = tripsage__monotonic_ms();
    int may;

    pthread_mutex_lock(&e->lock);
    if (e->failures && e->next_attempt_at > at)
        at = e->next_attempt_at;
    may = at < deadline;
    if (e->failures && may) { /* who does not try puts off nobody */
        uint32_t doublings = e->failures < BACK_OFF_DOUBLINGS ? e->failures : BACK_OFF_DOUBLINGS;
        const struct timespec until = at_ms(at);

        e->next_attempt_at = at + jittered(e, (int64_t)BACK_OFF_MS << doublings);
        while (e->failures && tripsage__monotonic_ms() < at)
            pthread_cond_timedwait(&e->reachable, &e->lock, &until);
    }
    *generation = e->generation;
    pthread_mutex_unlock(&e->lock);
    return may;
}

static void note_attempt(engine *e, int succeeded)
{
    int64_t now = tripsage__monotonic_ms();
    uint32_t failures;

    pthread_mutex_lock(&e->lock);
    failures = e->failures;
    e->failures = succeeded ? 0 : failures + 1;
    if (!succeeded && failures == 0)
        e->next_attempt_at = now + jittered(e, BACK_OFF_MS);
    if (succeeded && failures)
        pthread_cond_broadcast(&e->reachable);
    pthread_mutex_unlock(&e->lock);
    if (succeeded && failures)
        tripsage__log(e->env, TRIPSAGE_LOG_INFO, "store", "PostgreSQL can be reached again");
    if (!succeeded && failures == 0)
        tripsage__log(e->env, TRIPSAGE_LOG_WARN, "store", "%s", tripsage_last_error()->message);
}

/* For who has a place among those that may be open. */
static tripsage_status open_connection(connection **out, engine *e, int64_t deadline)
{
    connection *c = tripsage__calloc(1, sizeof *c);
    tripsage_status status = c ? TRIPSAGE_EUNAVAILABLE : TRIPSAGE_NOMEM();
    tripsage_error before;
    int tried = 0;

    tripsage__error_save(&before);
    while (status == TRIPSAGE_EUNAVAILABLE) {
        unsigned generation;

        if (!await_attempt(e, deadline, &generation)) {
            if (!tried)
                status = TRIPSAGE_FAIL(TRIPSAGE_EUNAVAILABLE, "PostgreSQL cannot be reached");
            break;
        }
        tried = 1;
        status = tripsage__pg_connect(c, e, 1);
        note_attempt(e, status == TRIPSAGE_OK);
        c->generation = generation;
        if (status != TRIPSAGE_OK)
            tripsage__pg_disconnect(c);
    }
    if (status == TRIPSAGE_OK) {
        tripsage__error_restore(&before); /* the attempts that failed are nobody's concern any more */
        *out = c;
        return TRIPSAGE_OK;
    }
    tripsage__free(c);
    pthread_mutex_lock(&e->lock);
    pass_on_place(e);
    pthread_mutex_unlock(&e->lock);
    return status;
}

/* ---- the pool ---- */

/* Under the lock. What is of no use any more is taken out and given as a list to be closed. */
static connection *take_idle(engine *e, connection **useless)
{
    int64_t now = tripsage__monotonic_ms();
    connection *c;

    while ((c = e->idle) != NULL) {
        e->idle = c->next;
        c->next = NULL;
        if (is_good(e, c, now))
            return c;
        c->next = *useless;
        *useless = c;
        e->opened--;
    }
    return NULL;
}

/* Under the lock. The one used last lies first, so those at the end may have been idle for long. */
static void take_stale(engine *e, connection **useless)
{
    int64_t now = tripsage__monotonic_ms();
    connection **link = &e->idle;

    while (*link && now - (*link)->idle_since < IDLE_MS)
        link = &(*link)->next;
    for (connection *c; (c = *link) != NULL;) {
        *link = c->next;
        c->next = *useless;
        *useless = c;
        e->opened--;
    }
}

static void discard_all(connection *c)
{
    for (connection *next; c; c = next) {
        next = c->next;
        discard(c);
    }
}

static void join_queue(engine *e, waiter *w)
{
    if (e->first_waiter)
        e->last_waiter->next = w;
    else
        e->first_waiter = w;
    e->last_waiter = w;
}

static void leave_queue(engine *e, const waiter *w)
{
    waiter *before = NULL;

    for (waiter *each = e->first_waiter; each && each != w; each = each->next)
        before = each;
    if (before)
        before->next = w->next;
    else
        e->first_waiter = w->next;
    if (e->last_waiter == w)
        e->last_waiter = before;
}

/* Under the lock, which is let go while it waits. Who gives to a waiter takes him out of the queue. */
static void wait_in_queue(engine *e, waiter *w, int64_t deadline)
{
    const struct timespec at = at_ms(deadline);
    int late = 0;

    join_queue(e, w);
    while (!w->given && !w->may_open && !late)
        late = pthread_cond_timedwait(&w->turn, &e->lock, &at) == ETIMEDOUT;
    if (!w->given && !w->may_open)
        leave_queue(e, w);
}

tripsage_status tripsage__pg_acquire(connection **out, engine *e, int64_t deadline)
{
    connection *useless = NULL;
    waiter w = {0};
    tripsage_status status = init_condition(&w.turn);

    if (status != TRIPSAGE_OK)
        return status;
    pthread_mutex_lock(&e->lock);
    if (!e->first_waiter)
        w.given = take_idle(e, &useless);
    if (!w.given && !e->first_waiter && e->opened < e->pool_size) {
        e->opened++;
        w.may_open = 1;
    }
    if (!w.given && !w.may_open)
        wait_in_queue(e, &w, deadline);
    pthread_mutex_unlock(&e->lock);
    pthread_cond_destroy(&w.turn);
    discard_all(useless);
    *out = w.given;
    if (w.given)
        return TRIPSAGE_OK;
    if (w.may_open)
        return open_connection(out, e, deadline);
    return TRIPSAGE_FAIL(TRIPSAGE_EBUSY, "all %u connections to PostgreSQL stayed in use for %u ms", e->pool_size,
                         e->wait_ms);
}

/* Gives it to the first who waits, or puts it down. */
static void hand_over(engine *e, connection *c)
{
    waiter *first = e->first_waiter;

    if (first) {
        e->first_waiter = first->next;
        first->given = c;
        pthread_cond_signal(&first->turn);
        return;
    }
    c->next = e->idle;
    e->idle = c;
}

void tripsage__pg_release(engine *e, connection *c, int broken)
{
    connection *useless = NULL;

    c->idle_since = tripsage__monotonic_ms();
    pthread_mutex_lock(&e->lock);
    if (broken || c->generation != e->generation) {
        c->next = NULL;
        useless = c;
        pass_on_place(e);
    } else {
        hand_over(e, c);
    }
    take_stale(e, &useless);
    pthread_mutex_unlock(&e->lock);
    discard_all(useless);
}

void tripsage__pg_renew_all(engine *e)
{
    pthread_mutex_lock(&e->lock);
    e->generation++;
    pthread_mutex_unlock(&e->lock);
}

void tripsage__pg_pool(void *engine_, tripsage__pool *out)
{
    engine *e = engine_;

    pthread_mutex_lock(&e->lock);
    for (const connection *c = e->idle; c; c = c->next)
        out->idle++;
    for (const waiter *w = e->first_waiter; w; w = w->next)
        out->waiting++;
    out->used = e->opened - out->idle;
    out->max = e->pool_size;
    pthread_mutex_unlock(&e->lock);
}

tripsage_status tripsage__pg_pool_open(engine *e)
{
    tripsage_status status = init_condition(&e->reachable);

    if (status == TRIPSAGE_OK && pthread_mutex_init(&e->lock, NULL)) {
        pthread_cond_destroy(&e->reachable);
        status = TRIPSAGE_NOMEM();
    }
    return status;
}

void tripsage__pg_pool_close(engine *e)
{
    discard_all(e->idle);
    e->idle = NULL;
    pthread_mutex_destroy(&e->lock);
    pthread_cond_destroy(&e->reachable);
}
