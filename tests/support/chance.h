/* support/chance.h: time and chance that a test holds in its hand, so that what the library gives can be told in advance. */
#ifndef TEST_SUPPORT_CHANCE_H
#define TEST_SUPPORT_CHANCE_H

#include <stdatomic.h>
#include <stdint.h>
#include <tripsage/tripsage.h>

#define TEST_SECOND INT64_C(1000)
#define TEST_HOUR   (3600 * TEST_SECOND)
#define TEST_DAY    (24 * TEST_HOUR)

/* 2026-03-01T12:00:00Z: a Sunday noon, far from the change of a month, a year or a clock. */
#define TEST_NOON INT64_C(1772366400000)

typedef struct test_chance {
    _Atomic int64_t now_ms; /* stands still until the test moves it */
    _Atomic uint64_t
        seed; /* SplitMix64 (Steele, Lea and Flood, 2014): one addition per draw, so it is safe from any thread */
} test_chance;

/* Sets the clock to TEST_NOON and the seed to a fixed one. */
void test_chance_init(test_chance *chance);

void test_clock_advance(test_chance *chance, int64_t ms);

/* A runtime over it, without a log. `chance` must outlive the handles opened with it. */
tripsage_runtime test_chance_runtime(test_chance *chance);

/* A number below `limit` from a generator of the caller's own, for choices in a test. */
uint64_t test_draw(uint64_t *seed, uint64_t limit);

#endif
