/* support/upstash.h: Redis by REST as Upstash serves it, of the test's own: a gateway that carries requests to a redis-server and
 * answers in Upstash's envelope (https://upstash.com/docs/redis/features/restapi): single commands in JSON or as a path, /pipeline,
 * /multi-exec, base64, the sync token. Instead of an answer it gives what the test says. */
#ifndef TEST_SUPPORT_UPSTASH_H
#define TEST_SUPPORT_UPSTASH_H

#include <pthread.h>

#include "redis.h"
#include "web.h"

#define TEST_UPSTASH_TOKEN "AYasASQgODMw-secretive"

typedef struct test_upstash {
    const test_redis *redis;
    test_web *web; /* NULL: closed */
    pthread_mutex_t lock;
    pthread_key_t ways; /* of each connection's thread, to the redis-server */
    test_web_reply instead;
    int is_instead;
    long served, in_sync; /* requests carried out, and those that showed the token of the answer before */
} test_upstash;

/* The server must outlive it. */
void test_upstash_open(test_upstash *gateway, const test_redis *redis);
void test_upstash_close(test_upstash *gateway); /* also of one that was never opened, or is closed */

/* From now on this is the answer to everything; NULL: what the redis-server says. Its texts stay where they are. */
void test_upstash_answer(test_upstash *gateway, const test_web_reply *instead);

/* How many requests showed the token of the answer before them. */
long test_upstash_in_sync(test_upstash *gateway);

#endif
