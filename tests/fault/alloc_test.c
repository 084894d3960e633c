/* fault/alloc_test.c: every public call with its first, second, third ... allocation failing, until none is left to fail; once with only
 * that one failing, once with all after it failing as well. Counted are the allocations of the library, of SQLite and of cJSON.
 *
 * Expected each time: TRIPSAGE_ENOMEM, nothing left in the out parameters, nothing changed, and a database that works as if
 * nothing had been. SQLite may do without some of its allocations, and then the call succeeds; one of the library's own that fails
 * unnoticed is a mistake, except where the scenario says that it is benign. At the end of each sweep no block is alive.
 *
 * On PostgreSQL a write that has committed may find no memory for its rows: it gives TRIPSAGE_EUNKNOWN, and may have changed something. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenario.h"
#include "support/failing.h"

typedef struct tally {
    long points, failed, without; /* without: succeeded all the same */
    long unknown;                 /* done, but there was no memory for the answer: where a commit comes before it */
} tally;

static int across_network;

static const char *look_at(const scenario *c, stage *s)
{
    return c->look ? c->look(s) : test_snapshot(s->trip);
}

/* What must not have changed. */
static void check_unchanged(const scenario *c, stage *s, long n, const char *before)
{
    const char *after = look_at(c, s);

    ck_assert_msg(
        strcmp(after, before) == 0,
        "%s, allocation %ld or one before it: failed, but changed something\n  before %.3000s\n  after  %.3000s",
        c->name, n, before, after);
}

static void check_failure(const scenario *c, stage *s, long n, tripsage_status status)
{
    ck_assert_msg(status == TRIPSAGE_ENOMEM, "%s, allocation %ld: %s", c->name, n, test_error_text());
    ck_assert_msg(tripsage_last_error()->status == TRIPSAGE_ENOMEM, "%s, allocation %ld: gave %s, told %s", c->name, n,
                  tripsage_status_name(status), test_error_text());
    ck_assert_msg(!test_stage_holds(s), "%s, allocation %ld: failed, but left something in *out", c->name, n);
}

static void check_success(const scenario *c, long n, int fired)
{
    test_heap whose = TEST_HEAP_LIBRARY;

    if (!fired)
        return;
    test_heap_fired(&whose);
    /* Where the call fails anyhow, for another reason, it need not have looked any further. */
    ck_assert_msg(whose == TEST_HEAP_SQLITE || c->benign || c->want != TRIPSAGE_OK,
                  "%s, allocation %ld: an allocation of %s failed unnoticed", c->name, n,
                  whose == TEST_HEAP_JSON ? "cJSON" : "the library");
}

/* One failing point. 1: there was something to fail. */
static int try_point(const scenario *c, stage *s, long n, test_fault_mode mode, tally *t)
{
    tripsage_status status;
    int fired;

    test_heap_arm(n, mode);
    status = c->act(s);
    test_heap_disarm();
    fired = test_heap_fired(NULL);
    if (fired && status == TRIPSAGE_EUNKNOWN && across_network) {
        ck_assert_msg(!test_stage_holds(s), "%s, allocation %ld: unknown, but left something in *out", c->name, n);
        t->unknown++;
    } else if (fired && status != c->want) {
        check_failure(c, s, n, status);
        t->failed++;
    } else {
        ck_assert_msg(status == c->want, "%s with nothing failing: %s", c->name, test_error_text());
        check_success(c, n, fired);
        t->without += fired;
    }
    t->points += fired;
    return fired;
}

/* How many points further the next one is. A fresh handle per point costs a hundred times the call, so of those every fifth is tried, which
 * still meets each statement's making many times; TRIPSAGE_FAULT_EVERY=1 tries them all. */
static long stride_of(const scenario *c, int cold, long n)
{
    const char *asked = getenv("TRIPSAGE_FAULT_EVERY");
    long every = asked ? atol(asked) : cold ? 5 : 1;

    if (c->stride && across_network) /* what is in memory was swept on SQLite */
        return n > 50 ? 10 * c->stride * every : every;
    return c->stride && n > (c->is_long ? 30 : 1000) ? c->stride * every : every;
}

/* A look costs more than the call. What a failure changed stays changed until something succeeds, so every fourth one is looked at; where
 * failures that nobody has looked at stand before a success, they are tried once more, and each is looked at. */
enum { LOOK_EVERY = 4 };

/* Sweeps one call; `cold` opens the database anew before each point, so that the making of its statements is met too. */
static tally sweep(const scenario *c, stage *s, test_fault_mode mode, int cold)
{
    tally t = {0, 0, 0, 0};
    char *before = NULL;
    int more = 1, unseen = 0;
    /* The two ways begin apart, so that together they leave less out. */
    long first = mode == TEST_FAIL_ONCE ? 1 : 1 + stride_of(c, cold, 1) / 2;
    long seen = first - stride_of(c, cold, 1),
         careful = 0; /* the last that needs no other look; until where each has one */

    for (long n = first; more; n += stride_of(c, cold, n)) {
        long failed = t.failed;
        if (!before) {
            s->number++;
            if (c->before)
                c->before(s);
            before = strdup(look_at(c, s));
        }
        if (cold)
            world_reopen();
        more = try_point(c, s, n, mode, &t);
        unseen += t.failed != failed;
        if (t.failed != failed && (unseen == LOOK_EVERY || n <= careful || c->benign)) {
            check_unchanged(c, s, n, before);
            unseen = 0;
            seen = n;
        }
        if (t.failed == failed) { /* it succeeded: what it stands on is another now */
            free(before);
            before = NULL;
            if (unseen) {
                careful = n;
                n = seen;
                unseen = 0;
                more = 1;
            } else {
                seen = n;
            }
        }
        test_stage_clear(s);
        test_docs_free();
        test_keep_free();
    }
    free(before);
    return t;
}

static void report(const scenario *c, const char *how, tally t)
{
    printf("%-28s %-18s %6ld points, %6ld failed, %4ld done without, %4ld unknown\n", c->name, how, t.points, t.failed,
           t.without, t.unknown);
}

/* Nothing may be left: not of the library's, not of cJSON's, and of SQLite's only what it keeps until it is shut down. */
static void check_nothing_left(void)
{
    sqlite3_shutdown();
    ck_assert_int_eq((int)test_heap_alive(TEST_HEAP_LIBRARY), 0);
    ck_assert_int_eq((int)test_heap_alive(TEST_HEAP_JSON), 0);
    ck_assert_int_eq((int)test_heap_alive(TEST_HEAP_SQLITE), 0);
}

/* Puts the stage up on a fresh database, sweeps both ways, and takes it down. TRIPSAGE_FAULT_ONLY names the only scenario wanted. */
static void sweep_both(const scenario *c, const char *url, int cold)
{
    const char *only = getenv("TRIPSAGE_FAULT_ONLY");
    stage s;

    if (only && strcmp(only, c->name) != 0)
        return;
    memset(&s, 0, sizeof s);
    setenv("TRIPSAGE_TEST_URL", url, 1);
    world_open();
    if (c->prepare)
        c->prepare(&s);
    report(c, cold ? "cold, once" : "once", sweep(c, &s, TEST_FAIL_ONCE, cold));
    report(c, cold ? "cold, for good" : "for good", sweep(c, &s, TEST_FAIL_FOR_GOOD, cold));
    test_stage_end(&s);
    world_close();
    check_nothing_left();
}

START_TEST(survives_every_failing_allocation)
{
    const scenario *c = &test_scenarios[_i];

    sweep_both(c, c->opens ? "sqlite://{dir}/trips.db" : "sqlite::memory:", 0);
}
END_TEST

START_TEST(survives_it_under_limits)
{
    world_limits = 1;
    sweep_both(&test_limited_scenarios[_i], "sqlite::memory:", 0);
    world_limits = 0;
}
END_TEST

/* On a file whose handle has prepared nothing yet. */
START_TEST(survives_it_in_a_fresh_handle)
{
    const scenario *c = &test_scenarios[_i];

    if (!c->opens && !c->in_memory)
        sweep_both(c, "sqlite://{dir}/trips.db", 1);
}
END_TEST

/* libpq's own memory is the C library's, and does not fail here. */
START_TEST(survives_it_on_postgresql)
{
    const scenario *c = &test_scenarios[_i];

    across_network = 1;
    if (!c->in_memory)
        sweep_both(c, "postgresql://?host={rig}/direct&dbname={db}&user=tripsage_app", 0);
}
END_TEST

/* Cases, so that CTest may run them side by side (CK_RUN_CASE). */
static void add_case(Suite *suite, const char *name, const TTest *test, size_t count)
{
    TCase *tcase = tcase_create(name);

    tcase_set_timeout(tcase, 900); /* thousands of points, each with a look at everything, under a sanitizer */
    tcase_add_unchecked_fixture(tcase, world_migrated, NULL);
    tcase_add_loop_test(tcase, test, 0, (int)count);
    suite_add_tcase(suite, tcase);
}

int main(void)
{
    Suite *suite = suite_create("alloc");

    test_heap_install();
    add_case(suite, "warm", survives_every_failing_allocation, test_scenario_count);
    add_case(suite, "limits", survives_it_under_limits, test_limited_count);
    add_case(suite, "cold", survives_it_in_a_fresh_handle, test_scenario_count);
    add_case(suite, "postgres", survives_it_on_postgresql, test_scenario_count);
    return test_run(srunner_create(suite));
}
