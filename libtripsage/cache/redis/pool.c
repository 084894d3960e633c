/* redis/pool.c: see pool.h. */
#include "pool.h"

#include "base/memory.h"
#include "deadline.h"

typedef enum breaker {
    CLOSED, /* calls go through */
    OPEN,   /* none does until `retry_at` */
    PROBING /* one does */
} breaker;

struct tripsage__redis_pool {
    tripsage__env *env;
    tripsage__redis_address address;
    tripsage__tls_trust *trust;
    tripsage__redis_limits limits;

    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t changed;
    tripsage__redis_connection *idle; /* the one used last is first */
    unsigned opened;                  /* and being opened */
    breaker breaker;
    int64_t retry_at;
    unsigned trips; /* how often the breaker has opened: who began before it did tells nothing about the time after */
};

/* One call's way through the pool. */
typedef struct visit {
    tripsage__redis_connection *connection; /* NULL: it may open one */
    tripsage__redis_connection *useless;    /* to be closed outside of the lock */
    unsigned trips;
    int is_probe;
} visit;

/* ---- opened and closed ---- */

static int make_lock(tripsage__redis_pool *pool)
{
    if (pthread_mutex_init(&pool->lock, NULL) != 0)
        return 0;
    if (tripsage__redis_init_cond(&pool->changed))
        return 1;
    pthread_mutex_destroy(&pool->lock);
    return 0;
}

tripsage_status tripsage__redis_pool_new(tripsage__redis_pool **out, const char *url, const char *password,
                                         tripsage__redis_limits limits, tripsage__env *env)
{
    tripsage__redis_pool *pool = tripsage__calloc(1, sizeof *pool);
    tripsage_status status;

    *out = NULL;
    if (!pool || !make_lock(pool)) {
        tripsage__free(pool);
        return TRIPSAGE_NOMEM();
    }
    pool->env = env;
    pool->limits = limits;
    TRIPSAGE_TRY(tripsage__redis_address_read(&pool->address, url, password));
    if (pool->address.tls)
        TRIPSAGE_TRY(tripsage__tls_trust_new(&pool->trust, pool->address.ca_file));
    *out = pool;
    return TRIPSAGE_OK;
out:
    tripsage__redis_pool_free(pool);
    return status;
}

static void disconnect_all(tripsage__redis_connection *first)
{
    while (first) {
        tripsage__redis_connection *next = first->next;

        tripsage__redis_disconnect(first);
        first = next;
    }
}

void tripsage__redis_pool_free(tripsage__redis_pool *pool)
{
    if (!pool)
        return;
    disconnect_all(pool->idle);
    tripsage__tls_trust_free(pool->trust);
    tripsage__redis_address_free(&pool->address);
    pthread_cond_destroy(&pool->changed);
    pthread_mutex_destroy(&pool->lock);
    tripsage__free(pool);
}

/* ---- under the lock ---- */

static void give_up(tripsage__redis_pool *pool, visit *v, tripsage__redis_connection *connection)
{
    connection->next = v->useless;
    v->useless = connection;
    pool->opened--;
}

/* Those that the server has closed in the meantime are no sign of anything. */
static int take_idle(tripsage__redis_pool *pool, visit *v)
{
    while (pool->idle) {
        tripsage__redis_connection *connection = pool->idle;

        pool->idle = connection->next;
        if (tripsage__redis_stream_is_quiet(&connection->stream)) {
            v->connection = connection;
            return 1;
        }
        give_up(pool, v, connection);
    }
    return 0;
}

static int may_pass(const tripsage__redis_pool *pool, const visit *v)
{
    return v->is_probe || (pool->breaker == CLOSED && pool->trips == v->trips);
}

static tripsage_status not_now(const tripsage__redis_pool *pool)
{
    return TRIPSAGE_FAIL(TRIPSAGE_EUNAVAILABLE, "the cache at %s did not answer a moment ago", pool->address.shown);
}

/* A connection, or the right to open one. */
static tripsage_status take_place(tripsage__redis_pool *pool, visit *v, int64_t deadline)
{
    int in_time = 1;

    for (;;) {
        if (!may_pass(pool, v))
            return not_now(pool);
        if (take_idle(pool, v))
            return TRIPSAGE_OK;
        if (pool->opened < pool->limits.connections) {
            pool->opened++;
            return TRIPSAGE_OK;
        }
        if (!in_time)
            return TRIPSAGE_FAIL(TRIPSAGE_EUNAVAILABLE, "all %u connections to the cache stayed in use",
                                 pool->limits.connections);
        in_time = tripsage__redis_wait(&pool->changed, &pool->lock, deadline);
    }
}

/* All idle connections go: they are to the same server. */
static void trip(tripsage__redis_pool *pool, visit *v)
{
    pool->breaker = OPEN;
    pool->trips++;
    pool->retry_at = tripsage__monotonic_ms() + pool->limits.retry_after_ms;
    while (pool->idle) {
        tripsage__redis_connection *connection = pool->idle;

        pool->idle = connection->next;
        give_up(pool, v, connection);
    }
    pthread_cond_broadcast(&pool->changed);
}

/* ---- in and out ---- */

static tripsage_status enter(visit *v, tripsage__redis_pool *pool, int64_t deadline)
{
    tripsage_status status;

    pthread_mutex_lock(&pool->lock);
    v->trips = pool->trips;
    if (pool->breaker == OPEN && tripsage__monotonic_ms() >= pool->retry_at) {
        pool->breaker = PROBING;
        v->is_probe = 1;
    }
    status = take_place(pool, v, deadline);
    if (status != TRIPSAGE_OK && v->is_probe)
        trip(pool, v);
    pthread_mutex_unlock(&pool->lock);
    disconnect_all(v->useless);
    v->useless = NULL;
    return status;
}

/* What the breaker learns from a call. 1: it is another than before. */
static int learn(tripsage__redis_pool *pool, visit *v, tripsage_status status)
{
    int was_open = pool->breaker != CLOSED;

    if (status == TRIPSAGE_OK && v->is_probe)
        pool->breaker = CLOSED;
    else if (v->is_probe || (status == TRIPSAGE_EUNAVAILABLE && may_pass(pool, v)))
        trip(pool, v);
    return was_open != (pool->breaker != CLOSED);
}

static void leave(visit *v, tripsage__redis_pool *pool, tripsage_status status)
{
    int changed;

    pthread_mutex_lock(&pool->lock);
    if (status != TRIPSAGE_OK) {
        pool->opened--;
    } else {
        v->connection->next = pool->idle;
        pool->idle = v->connection;
        v->connection = NULL;
    }
    pthread_cond_signal(&pool->changed);
    changed = learn(pool, v, status);
    pthread_mutex_unlock(&pool->lock);
    tripsage__redis_disconnect(v->connection);
    disconnect_all(v->useless);
    if (changed && status == TRIPSAGE_OK)
        tripsage__log(pool->env, TRIPSAGE_LOG_INFO, "cache", "%s answers again", pool->address.shown);
    else if (changed)
        tripsage__log(pool->env, TRIPSAGE_LOG_WARN, "cache", "%s does not answer, so nothing is found there: %s",
                      pool->address.shown, tripsage_last_error()->message);
}

tripsage_status tripsage__redis_pool_call(tripsage__redis_pool *pool, tripsage__redis_flight *flight)
{
    int64_t deadline = tripsage__monotonic_ms() + pool->limits.deadline_ms;
    visit v = {NULL, NULL, 0, 0};
    tripsage_status status = enter(&v, pool, deadline);

    if (status != TRIPSAGE_OK)
        return status;
    if (!v.connection)
        status = tripsage__redis_connect(&v.connection, &pool->address, pool->trust, deadline);
    if (status == TRIPSAGE_OK)
        status = tripsage__redis_exchange(flight, v.connection, deadline);
    leave(&v, pool, status);
    return status;
}
