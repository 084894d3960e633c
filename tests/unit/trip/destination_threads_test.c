/* destination_threads_test.c: one handle, eight threads: the catalogue needs no lock, and nobody gets what is another's. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tripsage/destination.h>

#include "../suite.h"

#define THREADS 8
#define ROUNDS  12

static const char *const places[THREADS] = {"kyoto-jp", "rome-it",     "lima-pe",   "paris-fr",
                                            "banff-ca", "zanzibar-tz", "sydney-au", "moorea-pf"};

struct worker {
    tripsage_trips *trips;
    tripsage_actor *actor;
    const char *place;
    int broken;
};

static void check(struct worker *worker, tripsage_status status, tripsage_doc *doc, const char *pointer,
                  const char *expected)
{
    const char *found = status == TRIPSAGE_OK ? tripsage_doc_text(doc, pointer) : NULL;

    worker->broken |= !found || strcmp(found, expected) != 0;
    tripsage_doc_free(doc);
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    char json[128], id[64];
    tripsage_destination_query query = TRIPSAGE_DESTINATION_QUERY_INIT;
    tripsage_suggest_options options = TRIPSAGE_SUGGEST_OPTIONS_INIT;
    tripsage_doc *doc;
    tripsage_status status;

    snprintf(json, sizeof json, "{\"destination_id\":\"%s\"}", worker->place);
    snprintf(id, sizeof id, "%.*s", (int)strcspn(worker->place, "-"), worker->place); /* the name, for these places */
    for (int i = 0; i < ROUNDS; i++) {
        status = tripsage_destination_get(&doc, worker->trips, worker->actor, worker->place);
        check(worker, status, doc, "/id", worker->place);
        query.text = id;
        status = tripsage_destination_search(&doc, worker->trips, worker->actor, &query);
        check(worker, status, doc, "/items/0/id", worker->place);
        status = tripsage_destination_complete(&doc, worker->trips, worker->actor, id, 1);
        check(worker, status, doc, "/items/0/id", worker->place);
        status = tripsage_destination_save(&doc, worker->trips, worker->actor, json, TRIPSAGE_NUL);
        check(worker, status, doc, "/destination/id", worker->place);
        status = tripsage_destination_saved(&doc, worker->trips, worker->actor);
        check(worker, status, doc, "/items/0/destination/id", worker->place);
        options.interests = id;
        options.limit = 3;
        status = tripsage_suggest(&doc, worker->trips, worker->actor, &options);
        check(worker, status, doc, "/items/0/currency", "USD");
        worker->broken |= tripsage_destination_unsave(worker->trips, worker->actor, worker->place) != TRIPSAGE_OK;
    }
    return NULL;
}

START_TEST(eight_threads_share_the_catalogue)
{
    char folder[] = "/tmp/tripsage-threads-XXXXXX", url[128], user[64];
    struct worker workers[THREADS];
    pthread_t threads[THREADS];
    tripsage_trips *trips;

    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(url, sizeof url, "sqlite://%s/t.db", folder);
    ck_assert_int_eq(tripsage_trips_open(&trips, url, NULL), TRIPSAGE_OK);
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){trips, NULL, places[i], 0};
        snprintf(user, sizeof user, "%08d-1111-7111-8111-111111111111", i);
        ck_assert_int_eq(tripsage_actor_user(&workers[i].actor, user), TRIPSAGE_OK);
        ck_assert_int_eq(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        ck_assert_msg(!workers[i].broken, "the thread of %s got something else", workers[i].place);
        tripsage_actor_free(workers[i].actor);
    }
    tripsage_trips_close(trips);
    snprintf(url, sizeof url, "rm -rf %s", folder);
    ck_assert_int_eq(system(url), 0);
}
END_TEST

SUITE_MAIN("trip/destination_threads", eight_threads_share_the_catalogue)
