/* fault/processes_test.c: two programs write one file. No update is lost, nobody is told that the store is busy, and each sees
 * what the other committed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/threads.h"
#include "support/world.h"

enum { PROCESSES = 2, THREADS = 4, ROUNDS = 40, CREATES = 40 };

typedef struct worker {
    tripsage_trips *trips;
    tripsage_actor *actor;
    const char *trip;
    int process;
    _Atomic int wrong;
} worker;

static void complain(worker *w, const char *what)
{
    fprintf(stderr, "process %d: %s: %s, %s\n", w->process, what, tripsage_status_name(tripsage_last_error()->status),
            tripsage_last_error()->message);
    w->wrong++;
}

/* Adds one to the number in the trip's preferences, as often as it takes. 0: it failed for another reason than a lost race. */
static int add_one(worker *w)
{
    for (;;) {
        tripsage_doc *read = NULL, *written = NULL;
        tripsage_write_options options = TRIPSAGE_WRITE_OPTIONS_INIT;
        tripsage_status status = tripsage_trip_get(&read, w->trips, w->actor, w->trip);
        char json[64];

        if (status == TRIPSAGE_OK) {
            options.if_version = tripsage_doc_version(read);
            snprintf(json, sizeof json, "{\"preferences\":{\"n\":%lld}}",
                     (long long)tripsage_doc_int(read, "/preferences/n", 0) + 1);
            status = tripsage_trip_patch(&written, w->trips, w->actor, w->trip, json, TRIPSAGE_NUL, &options);
        }
        tripsage_doc_free(read);
        tripsage_doc_free(written);
        if (status == TRIPSAGE_OK)
            return 1;
        if (status != TRIPSAGE_EPRECONDITION) {
            complain(w, "adding one");
            return 0;
        }
    }
}

static void work(size_t index, void *context)
{
    worker *w = context;

    for (int i = 0; i < ROUNDS && add_one(w); i++) {
        tripsage_doc *made = NULL, *item = NULL, *list = NULL;
        char json[256];

        if (i >= CREATES)
            continue;
        snprintf(json, sizeof json,
                 "{\"title\":\"p%d t%zu "
                 "n%d\",\"start_date\":\"2026-11-02\",\"end_date\":\"2026-11-03\",\"destinations\":[{\"name\":\"X\"}]}",
                 w->process, index, i);
        if (tripsage_trip_create(&made, w->trips, w->actor, json, TRIPSAGE_NUL, NULL) != TRIPSAGE_OK)
            complain(w, "creating");
        else if (tripsage_item_create(&item, w->trips, w->actor, tripsage_doc_text(made, "/id"), ITEM_JSON,
                                      TRIPSAGE_NUL, NULL) != TRIPSAGE_OK)
            complain(w, "adding an item");
        if (tripsage_trip_list(&list, w->trips, w->actor, NULL) != TRIPSAGE_OK)
            complain(w, "listing");
        tripsage_doc_free(made);
        tripsage_doc_free(item);
        tripsage_doc_free(list);
    }
}

/* The other program: opens the file by itself and does its part. */
static void be_a_process(int process, const char *url, const char *trip)
{
    worker w = {.process = process, .trip = trip};

    if (tripsage_trips_open(&w.trips, url, NULL) != TRIPSAGE_OK ||
        tripsage_actor_user(&w.actor, OWNER_ID) != TRIPSAGE_OK)
        complain(&w, "opening");
    else
        test_threads_run(THREADS, work, &w);
    tripsage_actor_free(w.actor);
    tripsage_trips_close(w.trips);
    _exit(w.wrong ? EXIT_FAILURE : EXIT_SUCCESS);
}

START_TEST(no_update_is_lost_between_programs)
{
    pid_t children[PROCESSES];
    const char *trip, *url;
    int64_t before;
    tripsage_list_options options = TRIPSAGE_LIST_OPTIONS_INIT;
    tripsage_doc *after;

    world_open();
    trip = id_of(test_trip(world->owner, NULL));
    before = tripsage_doc_version(test_get(world->owner, trip));
    url = world->url;
    tripsage_close(world->ts); /* a handle does not go through fork() */
    world->ts = NULL;
    fflush(NULL);
    for (int i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        ck_assert_int_ge(children[i], 0);
        if (children[i] == 0)
            be_a_process(i, url, trip);
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        ck_assert_int_eq(waitpid(children[i], &status, 0), children[i]);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "process %d ended with %d", i, status);
    }
    world_reopen();
    after = test_get(world->owner, trip);
    IS_INT(after, "/preferences/n", PROCESSES * THREADS * ROUNDS);
    ck_assert_int_eq((int)(tripsage_doc_version(after) - before), PROCESSES * THREADS * ROUNDS);
    options.with_total = 1;
    IS_INT(OK(tripsage_trip_list(OUT, world->trips, world->owner, &options)), "/total",
           1 + PROCESSES * THREADS * CREATES);
    IS_JSON(OK(tripsage_check(OUT, world->ts)), "", "{\"ok\":true,\"problems\":[]}");
    world_close();
}
END_TEST

/* All make and migrate the same new file at once; one of them does it, all may use it. */
START_TEST(many_programs_make_one_file)
{
    enum { MAKERS = 6 };
    char folder[TEST_PATH_SIZE];
    char url[TEST_URL_SIZE];
    pid_t children[MAKERS];

    test_temp_make(folder);
    snprintf(url, sizeof url, "sqlite://%s/trips.db", folder);
    fflush(NULL);
    for (int i = 0; i < MAKERS; i++) {
        children[i] = fork();
        ck_assert_int_ge(children[i], 0);
        if (children[i] == 0) {
            tripsage *ts = NULL;
            tripsage_doc *trip = NULL;
            tripsage_actor *actor = NULL;
            int good = tripsage_open(&ts, url, NULL) == TRIPSAGE_OK &&
                       tripsage_actor_user(&actor, OWNER_ID) == TRIPSAGE_OK &&
                       tripsage_trip_create(&trip, tripsage_get_trips(ts), actor, TRIP_JSON, TRIPSAGE_NUL, NULL) ==
                           TRIPSAGE_OK;
            if (!good)
                fprintf(stderr, "maker %d: %s, %s\n", i, tripsage_status_name(tripsage_last_error()->status),
                        tripsage_last_error()->message);
            tripsage_doc_free(trip);
            tripsage_actor_free(actor);
            tripsage_close(ts);
            _exit(good ? EXIT_SUCCESS : EXIT_FAILURE);
        }
    }
    for (int i = 0; i < MAKERS; i++) {
        int status;
        ck_assert_int_eq(waitpid(children[i], &status, 0), children[i]);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "maker %d ended with %d", i, status);
    }
    setenv("TRIPSAGE_TEST_URL", url, 1);
    world_open();
    IS_COUNT(OK(tripsage_trip_list(OUT, world->trips, world->owner, NULL)), "/items", MAKERS);
    IS_JSON(OK(tripsage_check(OUT, world->ts)), "", "{\"ok\":true,\"problems\":[]}");
    world_close();
    test_temp_remove(folder);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("processes");
    TCase *tcase = tcase_create("processes");

    setenv("TRIPSAGE_TEST_URL", "sqlite://{dir}/trips.db", 1);
    tcase_set_timeout(tcase, 300);
    tcase_add_test(tcase, no_update_is_lost_between_programs);
    tcase_add_test(tcase, many_programs_make_one_file);
    suite_add_tcase(suite, tcase);
    return test_run(srunner_create(suite));
}
