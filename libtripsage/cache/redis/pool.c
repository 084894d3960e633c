/* redis/pool.c: see pool.h. */
#include "pool.h"

#include "base/memory.h"
#include "deadline.h"

struct tripsage__redis_pool {
    tripsage__breaker *breaker;
    tripsage__redis_address address;
    tripsage__tls_trust *trust;
    tripsage__redis_limits limits;

    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t changed;
    tripsage__redis_connection *idle; /* the one used last is first */
    unsigned opened;                  /* and being opened */
};

/* One call's way through the pool. */
typedef struct visit {
    tripsage__redis_connection *connection; /* NULL: it may open one */
    tripsage__redis_connection *useless;    /* to be closed outside of the lock */
    tripsage__passage passage;
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
                                         tripsage__redis_limits limits, tripsage__breaker *breaker)
{
    tripsage__redis_pool *pool = tripsage__calloc(1, sizeof *pool);
    tripsage_status status;

    *out = NULL;
    if (!pool || !make_lock(pool)) {
        tripsage__free(pool);
        return TRIPSAGE_NOMEM();
    }
    pool->breaker = breaker;
    pool->limits = limits;
    TRIPSAGE_TRY(tripsage__redis_address_read(&pool->address, url, password));
    tripsage__breaker_name(breaker, pool->address.shown);
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

/* A connection, or the right to open one. Who waits for one does not wait for a server that has fallen silent. */
static tripsage_status take_place(tripsage__redis_pool *pool, visit *v, int64_t deadline)
{
    int in_time = 1;
    tripsage_status status;

    for (;;) {
        TRIPSAGE_TRY(tripsage__breaker_check(&v->passage, pool->breaker));
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
out:
    return status;
}

/* ---- in and out ---- */

static tripsage_status enter(visit *v, tripsage__redis_pool *pool, int64_t deadline)
{
    tripsage_status status;

    pthread_mutex_lock(&pool->lock);
    status = take_place(pool, v, deadline);
    pthread_mutex_unlock(&pool->lock);
    disconnect_all(v->useless);
    v->useless = NULL;
    return status;
}

/* When the server has fallen silent all idle connections go: they are to the same one. */
static void leave(visit *v, tripsage__redis_pool *pool, int is_good, int is_silent)
{
    pthread_mutex_lock(&pool->lock);
    if (is_good) {
        v->connection->next = pool->idle;
        pool->idle = v->connection;
        v->connection = NULL;
    } else {
        pool->opened--;
    }
    while (is_silent && pool->idle) {
        tripsage__redis_connection *connection = pool->idle;

        pool->idle = connection->next;
        give_up(pool, v, connection);
    }
    if (is_silent)
        pthread_cond_broadcast(&pool->changed);
    else
        pthread_cond_signal(&pool->changed);
    pthread_mutex_unlock(&pool->lock);
    tripsage__redis_disconnect(v->connection);
    disconnect_all(v->useless);
}

static tripsage_status fly(tripsage__redis_pool *pool, visit *v, tripsage__redis_flight *flight, int64_t deadline)
{
    tripsage_status status = TRIPSAGE_OK;

    if (!v->connection)
        status = tripsage__redis_connect(&v->connection, &flight->trouble, &pool->address, pool->trust, deadline);
    if (status == TRIPSAGE_OK)
        status = tripsage__redis_exchange(flight, v->connection, deadline);
    v->passage.trouble = flight->trouble;
    return status;
}

tripsage_status tripsage__redis_pool_call(tripsage__redis_pool *pool, tripsage__redis_flight *flight)
{
    int64_t deadline = tripsage__monotonic_ms() + pool->limits.deadline_ms;
    visit v = {NULL, NULL, {TRIPSAGE__NO_TROUBLE, 0, 0, 0}};
    tripsage_status status, entered;
    int is_silent;

    TRIPSAGE_TRY(tripsage__buf_status(&flight->commands));
    TRIPSAGE_TRY(tripsage__breaker_enter(&v.passage, pool->breaker));
    entered = status = enter(&v, pool, deadline);
    if (entered == TRIPSAGE_OK)
        status = fly(pool, &v, flight, deadline);
    is_silent = tripsage__breaker_leave(&v.passage, pool->breaker, status);
    if (entered == TRIPSAGE_OK)
        leave(&v, pool, status == TRIPSAGE_OK, is_silent);
out:
    return status;
}

tripsage_status tripsage__redis_pool_connect(tripsage__redis_connection **out, const tripsage__redis_pool *pool,
                                             int64_t deadline)
{
    tripsage__trouble trouble;

    return tripsage__redis_connect(out, &trouble, &pool->address, pool->trust, deadline);
}

uint32_t tripsage__redis_pool_deadline_ms(const tripsage__redis_pool *pool)
{
    return pool->limits.deadline_ms;
}
