/* fault/io_test.c: every public call with the first, second, third ... operation on the disk failing: with an I/O error, and with a disk that is
 * full; once, and for good. SQLite is put on a VFS that fails on demand.
 *
 * Expected each time: TRIPSAGE_EIO or TRIPSAGE_EFULL, nothing left in the out parameters, nothing changed, and a database that
 * works as soon as the disk does, also for the handle that met the failure. Some failures SQLite can do without (folding the log
 * back into the file waits for another day); then the call succeeds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenario.h"
#include "support/failing.h"

typedef struct tally {
    long points, failed, without;
} tally;

static const char *look_at(const scenario *c, stage *s)
{
    return c->look ? c->look(s) : test_snapshot(s->trip);
}

static void check_failure(const scenario *c, stage *s, long n, tripsage_status status, const char *before)
{
    const char *after;

    ck_assert_msg(status == TRIPSAGE_EIO || status == TRIPSAGE_EFULL, "%s, operation %ld: %s", c->name, n,
                  test_error_text());
    ck_assert_msg(tripsage_last_error()->status == status, "%s, operation %ld: gave %s, told %s", c->name, n,
                  tripsage_status_name(status), test_error_text());
    ck_assert_msg(!test_stage_holds(s), "%s, operation %ld: failed, but left something in *out", c->name, n);
    after = look_at(c, s);
    ck_assert_msg(strcmp(after, before) == 0,
                  "%s, operation %ld: failed, but changed something\n  before %s\n  after  %s", c->name, n, before,
                  after);
}

/* One failing point. 1: there was something to fail. */
static int try_point(const scenario *c, stage *s, long n, test_fault_mode mode, test_disk_fault fault,
                     const char *before, tally *t)
{
    tripsage_status status;
    int fired;

    test_disk_arm(n, mode, fault);
    status = c->act(s);
    test_disk_disarm();
    fired = test_disk_fired();
    if (fired && status != c->want) {
        check_failure(c, s, n, status, before);
        t->failed++;
    } else {
        ck_assert_msg(status == c->want, "%s with nothing failing: %s", c->name, test_error_text());
        t->without += fired;
    }
    t->points += fired;
    return fired;
}

/* How many operations further the next one is: all are tried, but where TRIPSAGE_FAULT_EVERY says otherwise, or where there are too many. */
static long stride_of(const scenario *c, long n)
{
    const char *asked = getenv("TRIPSAGE_FAULT_EVERY");
    long every = asked ? atol(asked) : 1;

    return c->stride && n > 50 ? c->stride * every : every;
}

/* Each way begins elsewhere, so that together they leave out less. */
static tally sweep(const scenario *c, stage *s, test_fault_mode mode, test_disk_fault fault)
{
    tally t = {0, 0, 0};
    char *before = NULL;
    int more = 1;

    for (long n = 1 + (mode + 2 * (long)fault) % stride_of(c, 1); more; n += stride_of(c, n)) {
        long failed = t.failed;
        if (!before) {
            s->number++;
            if (c->before)
                c->before(s);
            before = strdup(look_at(c, s));
        }
        world_reopen(); /* so that nothing is in memory yet */
        more = try_point(c, s, n, mode, fault, before, &t);
        if (t.failed == failed) {
            free(before);
            before = NULL;
        }
        test_stage_clear(s);
        test_docs_free();
        test_keep_free();
    }
    free(before);
    return t;
}

START_TEST(survives_every_failing_operation)
{
    static const struct {
        const char *how;
        test_fault_mode mode;
        test_disk_fault fault;
    } ways[] = {{"error, once", TEST_FAIL_ONCE, TEST_DISK_IO},
                {"error, for good", TEST_FAIL_FOR_GOOD, TEST_DISK_IO},
                {"full, once", TEST_FAIL_ONCE, TEST_DISK_FULL},
                {"full, for good", TEST_FAIL_FOR_GOOD, TEST_DISK_FULL}};
    const scenario *c = &test_scenarios[_i];
    stage s;

    if (c->in_memory) /* nothing of it is on the disk */
        return;
    memset(&s, 0, sizeof s);
    world_open();
    if (c->prepare)
        c->prepare(&s);
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        tally t = sweep(c, &s, ways[i].mode, ways[i].fault);
        printf("%-28s %-18s %6ld points, %6ld failed, %4ld done without\n", c->name, ways[i].how, t.points, t.failed,
               t.without);
    }
    IS_JSON(OK(tripsage_check(OUT, world->ts)), "/ok", "true");
    test_stage_end(&s);
    world_close();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("io");
    TCase *tcase = tcase_create("io");

    setenv("TRIPSAGE_TEST_URL", "sqlite://{dir}/trips.db", 1);
    test_disk_install();
    tcase_set_timeout(tcase, 600);
    tcase_add_unchecked_fixture(tcase, world_migrated, NULL);
    tcase_add_loop_test(tcase, survives_every_failing_operation, 0, (int)test_scenario_count);
    suite_add_tcase(suite, tcase);
    return test_run(srunner_create(suite));
}
