/* password_turns_test.c: how many hashes run at once, with a hash that stands still where Argon2 would work. */
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#define tripsage__password_argon2 standing_scheme
#include "auth/password.c"

#include "../suite.h"

static _Atomic int running, most;
static _Atomic int gate_open;

static int read_any(tripsage__password_cost *cost, const char *hash)
{
    memset(cost, 0, sizeof *cost);
    return *hash != '\0';
}

/* Counts itself in, waits for the gate, counts itself out. */
static tripsage_status standing_verify(int *matches, const char *hash, const char *password)
{
    int now = atomic_fetch_add(&running, 1) + 1;
    int before = most;

    (void)hash;
    (void)password;
    while (now > before && !atomic_compare_exchange_weak(&most, &before, now))
        continue;
    while (!gate_open)
        usleep(200);
    usleep(500); /* long enough for others to come in, were they let */
    atomic_fetch_sub(&running, 1);
    *matches = 0;
    return TRIPSAGE_OK;
}

const tripsage__password_scheme standing_scheme = {read_any, standing_verify};

static void *check_one(void *context)
{
    int matches;

    ck_assert_int_eq(tripsage__password_verify(&matches, context, NULL, "storm"), TRIPSAGE_OK);
    return NULL;
}

static void storm(unsigned at_once, size_t count)
{
    tripsage__passwords *passwords;
    pthread_t threads[32];

    running = most = 0;
    gate_open = 0;
    ck_assert_int_eq(tripsage__passwords_new(&passwords, 8, 1, at_once), TRIPSAGE_OK);
    for (size_t i = 0; i < count; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, check_one, passwords), 0);
    while (running < (int)at_once)
        usleep(200);
    gate_open = 1;
    for (size_t i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    ck_assert_int_eq(most, (int)at_once);
    ck_assert_int_eq(running, 0);
    ck_assert_uint_eq(tripsage__passwords_count(passwords), count);
    tripsage__passwords_free(passwords);
}

START_TEST(a_storm_runs_as_many_as_it_may_and_no_more)
{
    storm(1, 12);
    storm(3, 32);
}
END_TEST

START_TEST(who_waits_too_long_is_sent_away)
{
    tripsage__passwords *passwords;
    pthread_t first;
    long patience;
    int matches = -1;

    running = gate_open = 0;
    ck_assert_int_eq(tripsage__passwords_new(&passwords, 8, 1, 1), TRIPSAGE_OK);
    patience = passwords->wait_ms;
    ck_assert_int_eq(pthread_create(&first, NULL, check_one, passwords), 0);
    while (!running)
        usleep(200);
    passwords->wait_ms = 30; /* the first, who may have waited for his thread as long as that, looks no more */
    ck_assert_int_eq(tripsage__password_verify(&matches, passwords, NULL, "late"), TRIPSAGE_EBUSY);
    passwords->wait_ms = patience;
    ck_assert_int_eq(matches, 0);
    gate_open = 1;
    pthread_join(first, NULL);
    ck_assert_int_eq(tripsage__password_verify(&matches, passwords, NULL, "later"), TRIPSAGE_OK);
    ck_assert_uint_eq(tripsage__passwords_count(passwords), 2);
    tripsage__passwords_free(passwords);
}
END_TEST

START_TEST(at_least_one_runs_anywhere)
{
    ck_assert_uint_ge(half_the_processors(), 1);
    ck_assert_int_le((int)half_the_processors(),
                     sysconf(_SC_NPROCESSORS_ONLN) > 1 ? (int)sysconf(_SC_NPROCESSORS_ONLN) / 2 : 1);
}
END_TEST

SUITE_MAIN("auth/password_turns", a_storm_runs_as_many_as_it_may_and_no_more, who_waits_too_long_is_sent_away,
           at_least_one_runs_anywhere)
