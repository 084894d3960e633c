/* cache/redis/deadline.h: until when a call may wait: milliseconds of the monotonic clock, which nobody sets. */
#ifndef TRIPSAGE_CACHE_REDIS_DEADLINE_H
#define TRIPSAGE_CACHE_REDIS_DEADLINE_H

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <time.h>

#include "base/env.h"

/* For tripsage__redis_wait. 0 when it could not. */
static inline int tripsage__redis_init_cond(pthread_cond_t *cond)
{
    pthread_condattr_t monotonic;
    int failed;

    if (pthread_condattr_init(&monotonic) != 0)
        return 0;
    failed = pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) != 0 || pthread_cond_init(cond, &monotonic) != 0;
    pthread_condattr_destroy(&monotonic);
    return !failed;
}

/* 0 once the deadline has passed. */
static inline int tripsage__redis_wait(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t deadline)
{
    const struct timespec until = {deadline / 1000, deadline % 1000 * 1000000};

    return pthread_cond_timedwait(cond, lock, &until) != ETIMEDOUT;
}

#endif
