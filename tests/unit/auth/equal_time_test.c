/* equal_time_test.c: whether the time of a refused sign-in tells if the address has an account.
 *
 * Sign-ins with an unknown address and with a wrong password are timed in turn, in random order within each pair, and compared by Yuen's
 * test: Welch's t over means without the fastest and slowest fifths. What is timed is the work of all this program's threads: a wall clock
 * shows the same and what other programs do, which on a busy machine is more than any difference there is to see. The test
 * fails when the difference is more than ALLOWED of a sign-in with a probability of error of one in a million; what it detects with a power
 * of 99.9 % is printed. The same test is shown an account whose hash costs half, and has to see that. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "auth/auth_internal.h"
#include "auth/statements.h"

#include "../suite.h"
#include "base/env.h"

#define PAIRS 300
#define TRIM  5 /* a fifth on either side */
/* Of the time of a sign-in: reading a row that is there costs more than finding that it is not. At the standard cost, with the same
 * few microseconds, it is a fortieth of that. */
#define ALLOWED 0.05
#define Z_ERROR 4.9 /* two-sided, 1e-6 */
#define Z_POWER 3.1 /* 99.9 % */

typedef struct comparison {
    double mean; /* of the first, in us */
    double difference, error;
} comparison;

static tripsage_auth *auth;

static double sign_in_us(const char *email)
{
    struct timespec before, after;
    char json[128];
    tripsage_doc *session;

    snprintf(json, sizeof json, "{\"email\":\"%s\",\"password\":\"not the right one\"}", email);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
    ck_assert_fails(tripsage_auth_sign_in(&session, auth, NULL, json, strlen(json)), TRIPSAGE_ECREDENTIALS);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
    return (double)(after.tv_sec - before.tv_sec) * 1e6 + (double)(after.tv_nsec - before.tv_nsec) / 1e3;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* The trimmed mean, and its squared standard error from the winsorized variance (Yuen, 1974). */
static double trimmed(double *error2, double *values)
{
    const size_t cut = PAIRS / TRIM, kept = PAIRS - 2 * cut;
    double mean = 0, winsorized_mean = 0, sum = 0;

    qsort(values, PAIRS, sizeof *values, ascending);
    for (size_t i = cut; i < PAIRS - cut; i++)
        mean += values[i] / (double)kept;
    for (size_t i = 0; i < cut; i++) {
        values[i] = values[cut];
        values[PAIRS - 1 - i] = values[PAIRS - 1 - cut];
    }
    for (size_t i = 0; i < PAIRS; i++)
        winsorized_mean += values[i] / PAIRS;
    for (size_t i = 0; i < PAIRS; i++)
        sum += (values[i] - winsorized_mean) * (values[i] - winsorized_mean);
    *error2 = sum / (double)(kept * (kept - 1));
    return mean;
}

static comparison compare(const char *first, const char *second)
{
    static double a[PAIRS], b[PAIRS];
    double error_a, error_b;
    comparison c;

    for (size_t i = 0; i < PAIRS; i++)
        if (rand() & 1) {
            a[i] = sign_in_us(first);
            b[i] = sign_in_us(second);
        } else {
            b[i] = sign_in_us(second);
            a[i] = sign_in_us(first);
        }
    c.mean = trimmed(&error_a, a);
    c.difference = c.mean - trimmed(&error_b, b);
    c.error = sqrt(error_a + error_b);
    printf("%s - %s: %.1f us of %.1f us (%.2f %%), standard error %.1f us; a difference of %.1f %% is found with a "
           "power of 99.9 %%\n",
           first, second, c.difference, c.mean, 100 * c.difference / c.mean, c.error,
           100 * (ALLOWED + (Z_ERROR + Z_POWER) * c.error / c.mean));
    return c;
}

static int tells(const comparison *c)
{
    return fabs(c->difference) - Z_ERROR * c->error > ALLOWED * c->mean;
}

static void open_auth(void)
{
    tripsage_auth_options options = TRIPSAGE_AUTH_OPTIONS_INIT;
    static const char json[] = "{\"email\":\"known@example.org\",\"password\":\"the right one\"}";
    tripsage_doc *session;

    options.argon2_memory_kib =
        1024; /* a millisecond: a fortieth of the standard, so that the rest of a sign-in weighs more */
    options.argon2_passes = 2;
    options.no_limits = 1;
    ck_assert_ok(tripsage_auth_open(&auth, "sqlite::memory:", &options, NULL));
    ck_assert_ok(tripsage_auth_sign_up(&session, auth, NULL, json, strlen(json)));
    tripsage_doc_free(session);
    for (int i = 0; i < 20; i++)
        sign_in_us("known@example.org");
}

START_TEST(an_unknown_address_takes_as_long_as_a_wrong_password)
{
    comparison c;

    open_auth();
    c = compare("unknown@example.org", "known@example.org");
    ck_assert(!tells(&c));
    tripsage_auth_close(auth);
}
END_TEST

/* The same test is not blind: the address is known, but its hash was made with two passes, not four. */
START_TEST(a_difference_would_be_seen)
{
    comparison c;

    open_auth();
    tripsage__passwords_free(auth->passwords);
    ck_assert_ok(tripsage__passwords_new(&auth->passwords, 1024, 4, 0)); /* what the unknown costs now */
    c = compare("unknown@example.org", "known@example.org");
    ck_assert(tells(&c));
    tripsage_auth_close(auth);
}
END_TEST

SUITE_MAIN("auth/equal_time", an_unknown_address_takes_as_long_as_a_wrong_password, a_difference_would_be_seen)
