/* load_test.c: loading under more threads than a contract's suite has. */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <tripsage/cache.h>
#include <unistd.h>

#include "../suite.h"

/* ThreadSanitizer keeps no more than some thousand. */
#if defined(__SANITIZE_THREAD__)
#define CALLERS 1000
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define CALLERS 1000
#endif
#endif
#ifndef CALLERS
#define CALLERS 10000
#endif

#define STACK (128u * 1024)

typedef struct crowd {
    tripsage_cache *cache;
    pthread_barrier_t start;
    _Atomic int loads, wrong;
    tripsage_status outcome;
} crowd;

static tripsage_status load(tripsage_cache_loading *loading, void *context)
{
    crowd *c = context;

    c->loads++;
    usleep(100000);
    return c->outcome == TRIPSAGE_OK ? tripsage_cache_loaded(loading, "loaded", 6) : c->outcome;
}

static void *ask(void *context)
{
    crowd *c = context;
    tripsage_cache_load_options options = TRIPSAGE_CACHE_LOAD_OPTIONS_INIT;
    tripsage_cache_value value;
    tripsage_status status;

    options.ttl_ms = 60000;
    options.negative_ms = 60000;
    pthread_barrier_wait(&c->start);
    status = tripsage_cache_get_or_load(&value, c->cache, "cold", 4, &options, load, c);
    if (status != c->outcome || (status == TRIPSAGE_OK && (value.size != 6 || memcmp(value.data, "loaded", 6) != 0)))
        c->wrong++;
    tripsage_cache_value_free(&value);
    return NULL;
}

static void gather(crowd *c)
{
    static pthread_t threads[CALLERS];
    pthread_attr_t small;

    ck_assert_ok(tripsage_cache_open(&c->cache, NULL, NULL));
    ck_assert_int_eq(pthread_barrier_init(&c->start, NULL, CALLERS), 0);
    ck_assert_int_eq(pthread_attr_init(&small), 0);
    ck_assert_int_eq(pthread_attr_setstacksize(&small, STACK), 0);
    for (int i = 0; i < CALLERS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], &small, ask, c), 0);
    for (int i = 0; i < CALLERS; i++)
        pthread_join(threads[i], NULL);
    pthread_attr_destroy(&small);
    pthread_barrier_destroy(&c->start);
    tripsage_cache_close(c->cache);
}

START_TEST(ten_thousand_ask_and_one_loads)
{
    crowd c = {.outcome = TRIPSAGE_OK};

    gather(&c);
    ck_assert_int_eq(c.wrong, 0);
    ck_assert_int_eq(c.loads, 1);
}
END_TEST

START_TEST(ten_thousand_ask_for_what_is_not_there)
{
    crowd c = {.outcome = TRIPSAGE_ENOTFOUND};

    gather(&c);
    ck_assert_int_eq(c.wrong, 0);
    ck_assert_int_eq(c.loads, 1);
}
END_TEST

/* ---- two who load what the other needs ---- */

typedef struct pair {
    tripsage_cache *cache;
    pthread_barrier_t both_load;
} pair;

static tripsage_status load_other(tripsage_cache_loading *loading, void *context)
{
    (void)context;
    return tripsage_cache_loaded(loading, "x", 1);
}

typedef struct half {
    pair *pair;
    const char *own, *others;
    tripsage_status status;
} half;

static tripsage_status load_half(tripsage_cache_loading *loading, void *context)
{
    half *h = context;
    pair *p = h->pair;
    tripsage_cache_value value;
    tripsage_status status;

    pthread_barrier_wait(&p->both_load);
    status = tripsage_cache_get_or_load(&value, p->cache, h->others, 1, NULL, load_other, NULL);
    tripsage_cache_value_free(&value);
    return status == TRIPSAGE_OK ? tripsage_cache_loaded(loading, "x", 1) : status;
}

static void *ask_half(void *context)
{
    half *h = context;
    tripsage_cache_value value;

    h->status = tripsage_cache_get_or_load(&value, h->pair->cache, h->own, 1, NULL, load_half, h);
    tripsage_cache_value_free(&value);
    return NULL;
}

START_TEST(two_who_wait_for_each_other_are_told)
{
    pair p = {.cache = NULL};
    half a = {&p, "a", "b", TRIPSAGE_OK}, b = {&p, "b", "a", TRIPSAGE_OK};
    pthread_t threads[2];

    ck_assert_ok(tripsage_cache_open(&p.cache, NULL, NULL));
    ck_assert_int_eq(pthread_barrier_init(&p.both_load, NULL, 2), 0);
    ck_assert_int_eq(pthread_create(&threads[0], NULL, ask_half, &a), 0);
    ck_assert_int_eq(pthread_create(&threads[1], NULL, ask_half, &b), 0);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    ck_assert_int_eq(a.status, TRIPSAGE_EMISUSE);
    ck_assert_int_eq(b.status, TRIPSAGE_EMISUSE);
    pthread_barrier_destroy(&p.both_load);
    tripsage_cache_close(p.cache);
}
END_TEST

SUITE_MAIN("cache/load", ten_thousand_ask_and_one_loads, ten_thousand_ask_for_what_is_not_there,
           two_who_wait_for_each_other_are_told)
