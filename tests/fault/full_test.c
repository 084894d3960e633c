/* fault/full_test.c: a disk that is really full. Twice over: a small file system of its own where the test may mount one, and everywhere a limit on how
 * large a file may grow. Writes stop with TRIPSAGE_EFULL or TRIPSAGE_EIO, reads go on, nothing acknowledged is lost, and when there is room
 * again the same handle writes. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include "support/world.h"

enum { TRIPS_MAX = 20000 };

/* Writes until the store refuses; gives how many were acknowledged. */
static int fill_up(const char **last)
{
    const char *json = test_with(TRIP_JSON, test_format("{\"description\":\"%s\"}", test_repeat("full ", 300)));

    for (int count = 0; count < TRIPS_MAX; count++) {
        tripsage_doc *made = NULL;
        tripsage_status status = tripsage_trip_create(&made, world->trips, world->owner, json, TRIPSAGE_NUL, NULL);

        if (status != TRIPSAGE_OK) {
            ck_assert_msg(status == TRIPSAGE_EFULL || status == TRIPSAGE_EIO, "%s", test_error_text());
            ck_assert_ptr_null(made);
            return count;
        }
        *last = id_of(made);
        tripsage_doc_free(made);
    }
    ck_abort_msg("%d trips, and it is not full", TRIPS_MAX);
    return 0;
}

static void check_total(int want)
{
    tripsage_list_options options = TRIPSAGE_LIST_OPTIONS_INIT;

    options.with_total = 1;
    IS_INT(OK(tripsage_trip_list(OUT, world->trips, world->owner, &options)), "/total", want);
}

/* `make_room` ends the shortage. */
static void fill_and_recover(void (*make_room)(void))
{
    const char *last = NULL;
    int count = fill_up(&last);

    ck_assert_int_gt(count, 0);
    for (int i = 0; i < 3; i++) {
        int more = fill_up(&last); /* a smaller page may still find a place */
        count += more;
    }
    OK(tripsage_trip_get(OUT, world->trips, world->owner, last));
    check_total(count);
    make_room();
    OK(tripsage_trip_create(OUT, world->trips, world->owner, TRIP_JSON, TRIPSAGE_NUL, NULL));
    check_total(count + 1);
    IS_JSON(OK(tripsage_check(OUT, world->ts)), "", "{\"ok\":true,\"problems\":[]}");
    world_reopen();
    OK(tripsage_trip_get(OUT, world->trips, world->owner, last));
    check_total(count + 1);
    IS_JSON(OK(tripsage_check(OUT, world->ts)), "", "{\"ok\":true,\"problems\":[]}");
}

/* ---- a file system of 8 MiB ---- */

static char ballast[TEST_PATH_SIZE];

static void remove_ballast(void)
{
    ck_assert_int_eq(unlink(ballast), 0);
}

static void put_ballast(size_t size)
{
    FILE *file = fopen(ballast, "w");

    ck_assert_ptr_nonnull(file);
    for (size_t i = 0; i < size; i++)
        ck_assert_int_ne(fputc('x', file), EOF);
    ck_assert_int_eq(fclose(file), 0);
}

START_TEST(a_full_disk)
{
    char folder[TEST_PATH_SIZE];

    test_temp_make(folder);
    if (mount("tmpfs", folder, "tmpfs", 0, "size=8m") != 0) {
        printf("skipped: no file system may be mounted here: %s\n", strerror(errno));
        test_temp_remove(folder);
        return;
    }
    test_path_join(ballast, folder, "ballast");
    put_ballast((size_t)2 * 1024 * 1024);
    setenv("TRIPSAGE_TEST_URL", test_format("sqlite://%s/trips.db", folder), 1);
    world_open();
    world->persists = 1;
    fill_and_recover(remove_ballast);
    world_close();
    umount2(folder, MNT_DETACH);
    test_temp_remove(folder);
}
END_TEST

/* ---- a limit on the size of a file ---- */

static void lift_limit(void)
{
    struct rlimit limit;

    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

START_TEST(a_file_that_may_not_grow)
{
    struct rlimit limit;

    signal(SIGXFSZ, SIG_IGN); /* a write past the limit then answers EFBIG */
    world_open();
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = (rlim_t)4 * 1024 * 1024;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    fill_and_recover(lift_limit);
    world_close();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("full");
    TCase *tcase = tcase_create("full");

    setenv("TRIPSAGE_TEST_URL", "sqlite://{dir}/trips.db", 1);
    tcase_set_timeout(tcase, 300);
    tcase_add_test(tcase, a_full_disk);
    tcase_add_test(tcase, a_file_that_may_not_grow);
    suite_add_tcase(suite, tcase);
    return test_run(srunner_create(suite));
}
