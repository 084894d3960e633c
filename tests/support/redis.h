/* support/redis.h: a Redis server of the test's own, to be killed, frozen and started again. It listens on a socket in a folder of its
 * own and keeps nothing on disk; it ends with the test. (One for all tests could not be frozen, nor have a clock of its own.) What fails
 * here ends the test. */
#ifndef TEST_SUPPORT_REDIS_H
#define TEST_SUPPORT_REDIS_H

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

#include "temp.h"

typedef struct test_redis {
    pid_t pid; /* 0: not running */
    char folder[TEST_PATH_SIZE];
    char path[TEST_PATH_SIZE]; /* of the socket */
    const char *const *more;
    _Atomic int64_t *clock_ms; /* what the server takes for the time of day; NULL: it has the true one */
} test_redis;

/* Starts a server with these arguments beside its own ("--requirepass", "secret", NULL; may be NULL; they stay where they are) and waits
 * until it answers. */
void test_redis_start(test_redis *redis, const char *const *more);

/* The same, with a time of day that stands still at `now_ms` until *redis->clock_ms is set. */
void test_redis_start_at(test_redis *redis, int64_t now_ms);

/* The same as test_redis_start, and at a port of the loopback address, which it gives, over TLS. The certificate is for "localhost",
 * made for this test, and its own authority; `certificate` gets the path of its file. */
int test_redis_start_with_tls(test_redis *redis, char certificate[TEST_PATH_SIZE]);

/* SIGKILL. Starting again gives an empty server at the same socket. */
void test_redis_kill(test_redis *redis);
void test_redis_start_again(test_redis *redis);

/* It takes connections and reads what comes, but does nothing: SIGSTOP and SIGCONT. */
void test_redis_freeze(test_redis *redis);
void test_redis_thaw(test_redis *redis);

/* Ends it and removes its folder. Does nothing to one that was never started, or is closed. */
void test_redis_close(test_redis *redis);

/* What redis-cli prints for this command line, kept like any text of support/json.h. */
const char *test_redis_cli(const test_redis *redis, const char *command);

/* How many times the server has read from its clients; a flight that fits into a read is one. To ask for it costs a few. */
long test_redis_reads(const test_redis *redis);

#endif
