/* ticker.c: see ticker.h. */
#include "ticker.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct ticker {
    ticker_turn turn;
    void *context;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* on the monotonic clock */
    int woken, stopping;
};

/* With the lock. */
static void rest(ticker *t, int ms)
{
    struct timespec until;

    if (ms == TICKER_SLEEPS) {
        while (!t->woken && !t->stopping)
            pthread_cond_wait(&t->changed, &t->lock);
        return;
    }
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += ms % 1000 * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    while (!t->stopping && pthread_cond_timedwait(&t->changed, &t->lock, &until) == 0)
        ;
}

static void *run(void *argument)
{
    ticker *t = argument;
    int ms;

    pthread_mutex_lock(&t->lock);
    while (!t->stopping) {
        t->woken = 0;
        pthread_mutex_unlock(&t->lock);
        ms = t->turn(t->context);
        pthread_mutex_lock(&t->lock);
        rest(t, ms);
    }
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

static void release(ticker *t)
{
    pthread_cond_destroy(&t->changed);
    pthread_mutex_destroy(&t->lock);
    free(t);
}

ticker *ticker_start(ticker_turn turn, void *context)
{
    ticker *t = calloc(1, sizeof *t);
    pthread_condattr_t monotonic;

    if (!t)
        return NULL;
    t->turn = turn;
    t->context = context;
    pthread_mutex_init(&t->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&t->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (pthread_create(&t->thread, NULL, run, t) == 0)
        return t;
    release(t);
    return NULL;
}

void ticker_wake(ticker *t)
{
    pthread_mutex_lock(&t->lock);
    t->woken = 1;
    pthread_cond_signal(&t->changed);
    pthread_mutex_unlock(&t->lock);
}

void ticker_stop(ticker *t)
{
    if (!t)
        return;
    pthread_mutex_lock(&t->lock);
    t->stopping = 1;
    pthread_cond_signal(&t->changed);
    pthread_mutex_unlock(&t->lock);
    pthread_join(t->thread, NULL);
    release(t);
}
