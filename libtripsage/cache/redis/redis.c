/* redis/redis.c: a batch of commands as one flight over a connection of the pool. */
#include "redis.h"

#include "pool.h"
#include "subscription.h"

#define DEADLINE_MS 100u /* some hundred round trips within a data centre */
#define CONNECTIONS 16u

static tripsage_status open_pool(void **out, const tripsage_cache_options *options, tripsage__breaker *breaker,
                                 tripsage__env *env)
{
    tripsage__redis_limits limits = {options->deadline_ms, options->connections ? options->connections : CONNECTIONS};
    tripsage__redis_pool *pool;
    tripsage_status status;

    (void)env;
    status = tripsage__redis_pool_new(&pool, options->url, options->password, limits, breaker);
    *out = pool;
    return status;
}

static void close_pool(void *transport)
{
    tripsage__redis_pool_free(transport);
}

static tripsage_status carry(tripsage_cache_reply **out, void *transport, const tripsage__cache_batch *batch)
{
    tripsage__redis_flight flight = TRIPSAGE__REDIS_FLIGHT_INIT(batch->mode);
    tripsage_status status;

    if (batch->mode == TRIPSAGE__CACHE_TRANSACTION)
        TRIPSAGE__REDIS_PUT(&flight, TRIPSAGE__REDIS_WORD("MULTI"));
    for (size_t i = 0; i < batch->count; i++)
        tripsage__redis_put(&flight, batch->lines[i].arguments, batch->lines[i].count);
    if (batch->mode == TRIPSAGE__CACHE_TRANSACTION)
        TRIPSAGE__REDIS_PUT(&flight, TRIPSAGE__REDIS_WORD("EXEC"));
    TRIPSAGE_TRY(tripsage__redis_pool_call(transport, &flight));
    status = tripsage__reply_finish(out, &flight.reply);
out:
    tripsage__redis_flight_free(&flight);
    return status;
}

static tripsage_status subscribe(tripsage_cache_subscription **out, void *transport,
                                 const tripsage_cache_topics *topics)
{
    return tripsage__redis_subscribe(out, transport, topics);
}

const tripsage__cache_transport tripsage__cache_by_redis = {DEADLINE_MS, open_pool, carry, close_pool, subscribe};
