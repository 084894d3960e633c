/* contract/cache/history.c: what several threads are told of one key could have been told to one after another. Their calls are
 * recorded with when each began and ended, and an order is looked for that explains all answers (Wing and Gong, "Testing and Verifying
 * Concurrent Objects", 1993; places that were come to before are remembered, after Lowe, "Testing for Linearizability", 2017). */
#include "../contract.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 3, CALLS = 6, HISTORY = THREADS * CALLS };

#define ABSENT INT64_MIN

typedef enum kind { GET, SET, DELETE, INCREMENT } kind;

typedef struct event {
    kind kind;
    int64_t given;  /* what is set, or added */
    int64_t answer; /* GET and INCREMENT: the value, or ABSENT; DELETE: whether there was one */
    uint64_t began, ended;
} event;

/* ---- is there an order? ---- */

enum { PLACES = 1 << 12 };

typedef struct place {
    uint32_t done; /* a bit for each event; 0: nothing is remembered here */
    int64_t value;
} place;

typedef struct search {
    const event *events;
    size_t count;
    place places[PLACES];
} search;

/* Whether the event could be next, and what the value is after it. */
static int follows(const event *e, int64_t value, int64_t *after)
{
    *after = e->kind == SET      ? e->given
             : e->kind == DELETE ? ABSENT
             : e->kind == GET    ? value
                                 : (value == ABSENT ? 0 : value) + e->given;
    switch (e->kind) {
    case GET:
        return e->answer == value;
    case DELETE:
        return e->answer == (value != ABSENT);
    case INCREMENT:
        return e->answer == *after;
    default:
        return 1;
    }
}

/* 1 when it was come to before. What two places share is forgotten: that costs time only. */
static int remember(search *s, uint32_t done, int64_t value)
{
    place *p = &s->places[((uint64_t)done * UINT64_C(0x9e3779b97f4a7c15) ^ (uint64_t)value * 31) % PLACES];

    if (p->done == done && p->value == value)
        return 1;
    *p = (place){done, value};
    return 0;
}

static int explains(search *s, uint32_t done, int64_t value)
{
    uint64_t first_end = UINT64_MAX;

    if (done == (UINT32_C(1) << s->count) - 1)
        return 1;
    if (done && remember(s, done, value))
        return 0;
    for (size_t i = 0; i < s->count; i++)
        if (!(done >> i & 1) && s->events[i].ended < first_end)
            first_end = s->events[i].ended;
    for (size_t i = 0; i < s->count; i++) {
        int64_t after;

        /* What began after another had ended comes after it. */
        if (!(done >> i & 1) && s->events[i].began < first_end && follows(&s->events[i], value, &after) &&
            explains(s, done | UINT32_C(1) << i, after))
            return 1;
    }
    return 0;
}

static int has_an_order(const event *events, size_t count)
{
    static search s;

    s.events = events;
    s.count = count;
    memset(s.places, 0, sizeof s.places);
    return explains(&s, 0, ABSENT);
}

START_TEST(histories_without_an_order_are_told)
{
    /* A value that was overwritten before the look began; a sum that was given twice; what was deleted twice. */
    const event late[] = {{SET, 1, 0, 1, 2}, {SET, 2, 0, 3, 4}, {GET, 0, 1, 5, 6}};
    const event twice[] = {{INCREMENT, 1, 1, 1, 4}, {INCREMENT, 1, 1, 2, 3}};
    const event deleted[] = {{SET, 1, 0, 1, 2}, {DELETE, 0, 1, 3, 6}, {DELETE, 0, 1, 4, 5}};
    const event good[] = {
        {SET, 1, 0, 1, 6}, {GET, 0, 1, 2, 3}, {GET, 0, ABSENT, 0, 5}, {DELETE, 0, 1, 7, 9}, {INCREMENT, 5, 6, 4, 8}};
    const event early[] = {{SET, 1, 0, 1, 2}, {SET, 2, 0, 3, 6}, {GET, 0, 1, 4, 5}};

    ck_assert_int_eq(has_an_order(late, 3), 0);
    ck_assert_int_eq(has_an_order(twice, 2), 0);
    ck_assert_int_eq(has_an_order(deleted, 3), 0);
    ck_assert_int_eq(has_an_order(good, 5), 1);
    ck_assert_int_eq(has_an_order(early, 3), 1);
}
END_TEST

/* ---- recording ---- */

typedef struct recording {
    event events[HISTORY];
    _Atomic uint64_t clock;
    _Atomic int failures;
    pthread_barrier_t start, stop;
    int rounds;
    int broken; /* a history that nothing explains; counted by thread 0 */
    uint64_t seed[THREADS];
} recording;

static tripsage_status carry_out(event *e)
{
    char text[24];
    tripsage_cache_value value;
    tripsage_status status;
    int n = snprintf(text, sizeof text, "%" PRId64, e->given);

    switch (e->kind) {
    case GET:
        status = tripsage_cache_get(&value, world->cache, "h", 1);
        e->answer = status == TRIPSAGE_OK ? strtoll(value.data, NULL, 10) : ABSENT;
        tripsage_cache_value_free(&value);
        return status == TRIPSAGE_ENOTFOUND ? TRIPSAGE_OK : status;
    case SET:
        return tripsage_cache_set(world->cache, "h", 1, text, (size_t)n, 0, TRIPSAGE_CACHE_ALWAYS);
    case DELETE:
        status = tripsage_cache_delete(world->cache, "h", 1);
        e->answer = status == TRIPSAGE_OK;
        return status == TRIPSAGE_ENOTFOUND ? TRIPSAGE_OK : status;
    default:
        return tripsage_cache_increment(&e->answer, world->cache, "h", 1, e->given, 0);
    }
}

/* Other keys, so that the table grows and what was taken out of it is freed. */
static void make_noise(size_t index, int round, int i)
{
    char key[32];
    int n = snprintf(key, sizeof key, "noise %zu %d", index, round * CALLS + i);

    (void)tripsage_cache_set(world->cache, key, (size_t)n, key, (size_t)n, i % 2 ? 1 : 0, TRIPSAGE_CACHE_ALWAYS);
}

static void record(size_t index, void *context)
{
    recording *r = context;

    for (int round = 0; round < r->rounds; round++) {
        if (index == 0)
            (void)tripsage_cache_delete(world->cache, "h", 1);
        pthread_barrier_wait(&r->start);
        for (int i = 0; i < CALLS; i++) {
            event *e = &r->events[index * CALLS + (size_t)i];
            uint64_t choice = test_draw(&r->seed[index], 10);

            e->kind = choice < 4 ? GET : choice < 6 ? SET : choice < 8 ? DELETE : INCREMENT;
            e->given = (int64_t)(index + 1) * 1000 + i;
            e->began = r->clock++;
            if (carry_out(e) != TRIPSAGE_OK)
                r->failures++;
            e->ended = r->clock++;
            if (index == 2)
                make_noise(index, round, i);
        }
        pthread_barrier_wait(&r->stop);
        if (index == 0 && !has_an_order(r->events, HISTORY))
            r->broken++;
    }
}

START_TEST(answers_have_an_order)
{
    static recording r;
    const char *url = getenv("TRIPSAGE_TEST_CACHE_URL");
    int in_process = strcmp(url, "memory:") == 0;

    if (strstr(url, "{near}")) /* copies may be old for a while */
        return;
    memset(&r, 0, sizeof r);
    r.rounds = in_process ? 3000 : 100; /* a call there is a round trip */
    for (size_t i = 0; i < THREADS; i++)
        r.seed[i] = i + 1;
    ck_assert_int_eq(pthread_barrier_init(&r.start, NULL, THREADS), 0);
    ck_assert_int_eq(pthread_barrier_init(&r.stop, NULL, THREADS), 0);
    test_threads_run(THREADS, record, &r);
    pthread_barrier_destroy(&r.start);
    pthread_barrier_destroy(&r.stop);
    ck_assert_int_eq(r.failures, 0);
    ck_assert_int_eq(r.broken, 0);
}
END_TEST

Suite *contract_cache_history(void)
{
    Suite *suite = suite_create("cache_history");

    tcase_add_test(test_case(suite, "cache_history"), histories_without_an_order_are_told);
    tcase_add_test(test_threads_case(suite, "cache_history"), answers_have_an_order);
    return suite;
}
