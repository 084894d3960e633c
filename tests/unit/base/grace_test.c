/* grace_test.c: nothing is freed under the eyes of a reader, and nothing stays for good. */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/grace.h"

#include "../suite.h"

enum { LOOK_HIT, LOOK_MISS, LOOK_AGAIN };

static tripsage__grace *new_grace(void)
{
    tripsage__grace *grace = aligned_alloc(64, sizeof *grace);

    ck_assert_ptr_nonnull(grace);
    memset(grace, 0, sizeof *grace);
    return grace;
}

START_TEST(what_nobody_looks_at_is_over_at_once)
{
    tripsage__grace *grace = new_grace();

    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(tripsage__grace_is_over(grace, tripsage__grace_after(grace)), 1);
    free(grace);
}
END_TEST

START_TEST(a_reader_holds_up_what_was_taken_out_while_he_looked)
{
    tripsage__grace *grace = new_grace();

    for (int i = 0; i < 10; i++) {
        tripsage__grace_reader reader = tripsage__grace_enter(grace), later;
        uint64_t step = tripsage__grace_after(grace);

        for (int tries = 0; tries < 10; tries++)
            ck_assert_int_eq(tripsage__grace_is_over(grace, step), 0);
        /* Those who came later do not. */
        later = tripsage__grace_enter(grace);
        tripsage__grace_leave(reader, LOOK_HIT);
        (void)tripsage__grace_is_over(grace, step);
        tripsage__grace_leave(later, LOOK_MISS);
        ck_assert_int_eq(tripsage__grace_is_over(grace, step), 1);
    }
    ck_assert_uint_eq(tripsage__grace_looks(grace, LOOK_HIT), 10);
    ck_assert_uint_eq(tripsage__grace_looks(grace, LOOK_MISS), 10);
    ck_assert_uint_eq(tripsage__grace_looks(grace, LOOK_AGAIN), 0);
    free(grace);
}
END_TEST

/* ---- with threads ---- */

enum { READERS = 4, SWAPS = 20000, BATCH = 16 };

typedef struct thing {
    _Atomic int alive;
} thing;

typedef struct scene {
    tripsage__grace *grace;
    _Atomic(thing *) seen;
    _Atomic int stop;
    _Atomic uint64_t looks, dead;
} scene;

static void *read_on(void *context)
{
    scene *s = context;

    while (!s->stop) {
        tripsage__grace_reader reader = tripsage__grace_enter(s->grace);
        thing *t = atomic_load_explicit(&s->seen, memory_order_acquire);

        for (int i = 0; i < 20; i++)
            if (!atomic_load_explicit(&t->alive, memory_order_relaxed))
                s->dead++;
        tripsage__grace_leave(reader, LOOK_HIT);
        s->looks++;
    }
    return NULL;
}

/* Things are marked when they may be freed, and freed for AddressSanitizer and ThreadSanitizer to see it. */
static void *swap(void *context)
{
    scene *s = context;
    thing *out[BATCH];
    size_t freed = 0;

    for (int n = 0; n < SWAPS; n += BATCH) {
        uint64_t step;

        for (int i = 0; i < BATCH; i++) {
            thing *t = malloc(sizeof *t);

            atomic_init(&t->alive, 1);
            out[i] = atomic_exchange_explicit(&s->seen, t, memory_order_acq_rel);
        }
        step = tripsage__grace_after(s->grace);
        while (!tripsage__grace_is_over(s->grace, step))
            sched_yield();
        for (int i = 0; i < BATCH; i++) {
            atomic_store_explicit(&out[i]->alive, 0, memory_order_relaxed);
            free(out[i]);
            freed++;
        }
    }
    return (void *)freed;
}

START_TEST(readers_see_nothing_that_was_freed)
{
    scene s = {.grace = new_grace()};
    pthread_t readers[READERS], writers[2];
    thing *first = malloc(sizeof *first);

    atomic_init(&first->alive, 1);
    atomic_init(&s.seen, first);
    for (int i = 0; i < READERS; i++)
        ck_assert_int_eq(pthread_create(&readers[i], NULL, read_on, &s), 0);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(pthread_create(&writers[i], NULL, swap, &s), 0);
    for (int i = 0; i < 2; i++) {
        void *freed;

        pthread_join(writers[i], &freed);
        ck_assert_uint_eq((size_t)freed, SWAPS);
    }
    s.stop = 1;
    for (int i = 0; i < READERS; i++)
        pthread_join(readers[i], NULL);
    ck_assert_uint_eq(s.dead, 0);
    ck_assert_uint_eq(tripsage__grace_looks(s.grace, LOOK_HIT), s.looks);
    free(s.seen);
    free(s.grace);
}
END_TEST

SUITE_MAIN("base/grace", what_nobody_looks_at_is_over_at_once, a_reader_holds_up_what_was_taken_out_while_he_looked,
           readers_see_nothing_that_was_freed)
