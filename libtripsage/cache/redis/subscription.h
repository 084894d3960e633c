/* cache/redis/subscription.h: messages from a server: a connection of its own, outside of the pool, for each who listens. */
#ifndef TRIPSAGE_CACHE_REDIS_SUBSCRIPTION_H
#define TRIPSAGE_CACHE_REDIS_SUBSCRIPTION_H

#include "pool.h"

/* As tripsage_cache_subscribe: the server has confirmed all of it, by the pool's deadline. */
tripsage_status tripsage__redis_subscribe(tripsage_cache_subscription **out, tripsage__redis_pool *pool,
                                          const tripsage_cache_topics *topics);

#endif
