/* remembered_test.c: a trip is read as if nothing were remembered: every change is seen by the next read, whoever made it. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tripsage/destination.h>
#include <tripsage/store.h>
#include <unistd.h>

#include "support/temp.h"
#include "trip/remembered.h"
#include "unit/suite.h"

static const char owner_id[] = "01890000-0000-7000-8000-000000000001",
                  friend_id[] = "01890000-0000-7000-8000-000000000002";
static char folder[TEST_PATH_SIZE], url[TEST_PATH_SIZE + 32], id[37];
static tripsage_trips *ours, *theirs; /* two handles on one file, as two processes would have */
static tripsage_actor *owner, *companion;

static void set_up(void)
{
    tripsage_doc *doc;

    test_temp_make(folder);
    snprintf(url, sizeof url, "sqlite://%s/trips.db", folder);
    ck_assert_ok(tripsage_trips_open(&ours, url, NULL));
    ck_assert_ok(tripsage_trips_open(&theirs, url, NULL));
    ck_assert_ok(tripsage_actor_user(&owner, owner_id));
    ck_assert_ok(tripsage_actor_user(&companion, friend_id));
    ck_assert_ok(
        tripsage_trip_create(&doc, ours, owner,
                             TRIPSAGE_JSON({"title" : "0", "start_date" : "2026-11-02", "end_date" : "2026-11-09",
                                                     "destinations" : [ {"name" : "Kyoto"} ]}),
                                            TRIPSAGE_NUL, NULL));
    strcpy(id, tripsage_doc_text(doc, "/id"));
    tripsage_doc_free(doc);
}

static void tear_down(void)
{
    tripsage_actor_free(owner);
    tripsage_actor_free(companion);
    tripsage_trips_close(ours);
    tripsage_trips_close(theirs);
    test_temp_remove(folder);
}

static void rename_to(tripsage_trips *trips, long number)
{
    tripsage_doc *doc;
    char json[64];

    snprintf(json, sizeof json, "{\"title\":\"%ld\"}", number);
    ck_assert_ok(tripsage_trip_update(&doc, trips, owner, id, json, TRIPSAGE_NUL, NULL));
    tripsage_doc_free(doc);
}

static long title_read(tripsage_trips *trips, const tripsage_actor *actor)
{
    tripsage_doc *doc;
    long number;

    ck_assert_ok(tripsage_trip_get(&doc, trips, actor, id));
    number = strtol(tripsage_doc_text(doc, "/title"), NULL, 10);
    ck_assert_int_gt(tripsage_doc_version(doc), number); /* the first title, 0, has version 1 */
    tripsage_doc_free(doc);
    return number;
}

/* Whether the next read of the trip would be answered from memory. */
static int is_remembered(tripsage_trips *trips, const tripsage_actor *actor)
{
    tripsage__asked asked;
    tripsage_doc *doc;

    tripsage__asked_trip(&asked, actor, id);
    doc = tripsage__remembered_find(&asked, trips, id);

    tripsage_doc_free(doc);
    return doc != NULL;
}

START_TEST(what_is_read_again_is_remembered)
{
    tripsage_doc *first, *second;

    set_up();
    ck_assert_int_eq(is_remembered(ours, owner), 0);
    ck_assert_int_eq(title_read(ours, owner), 0);
    ck_assert_int_eq(is_remembered(ours, owner), 0); /* once is not often */
    ck_assert_ok(tripsage_trip_get(&first, ours, owner, id));
    ck_assert_int_eq(is_remembered(ours, owner), 1);
    ck_assert_int_eq(is_remembered(theirs, owner), 0);
    ck_assert_ok(tripsage_trip_get(&second, ours, owner, id));
    ck_assert_str_eq(tripsage_doc_json(second, NULL), tripsage_doc_json(first, NULL));
    ck_assert_int_eq(tripsage_doc_version(second), tripsage_doc_version(first));
    tripsage_doc_free(first);
    tripsage_doc_free(second);
    tear_down();
}
END_TEST

START_TEST(a_change_is_seen_by_the_next_read)
{
    set_up();
    for (long i = 1; i <= 20; i++) {
        tripsage_trips *writer = i % 2 ? ours : theirs;

        rename_to(writer, i);
        for (int again = 0; again < 3; again++) {
            ck_assert_int_eq(title_read(ours, owner), i);
            ck_assert_int_eq(title_read(theirs, owner), i);
        }
        ck_assert_int_eq(is_remembered(ours, owner), 1);
    }
    tear_down();
}
END_TEST

/* A right that ends is a change like any other, and what one may see is not for another. */
START_TEST(rights_are_as_fresh)
{
    tripsage_doc *doc;

    set_up();
    for (int again = 0; again < 3; again++)
        ck_assert_int_eq(title_read(ours, owner), 0);
    ck_assert_fails(tripsage_trip_get(&doc, ours, companion, id), TRIPSAGE_ENOTFOUND);
    ck_assert_ok(tripsage_trip_share(&doc, theirs, owner, id,
                                     "{\"user_emails\":[\"01890000-0000-7000-8000-000000000002\"]}", TRIPSAGE_NUL));
    tripsage_doc_free(doc);
    for (int again = 0; again < 3; again++) {
        ck_assert_ok(tripsage_trip_get(&doc, ours, companion, id));
        ck_assert_str_eq(tripsage_doc_text(doc, "/role"), "view");
        tripsage_doc_free(doc);
    }
    ck_assert_int_eq(is_remembered(ours, companion), 1);
    ck_assert_ok(tripsage_collaborator_remove(theirs, owner, id, friend_id));
    ck_assert_fails(tripsage_trip_get(&doc, ours, companion, id), TRIPSAGE_ENOTFOUND);
    ck_assert_ok(tripsage_trip_delete(theirs, owner, id, NULL));
    ck_assert_fails(tripsage_trip_get(&doc, ours, owner, id), TRIPSAGE_ENOTFOUND);
    tear_down();
}
END_TEST

/* How many are found, and whether the answer was remembered. */
static int found(tripsage_trips *trips, const tripsage_actor *actor, const char *query, int *cached)
{
    tripsage_doc *doc;
    int count;

    ck_assert_ok(tripsage_trip_search(&doc, trips, actor, query, NULL));
    ck_assert_str_eq(tripsage_doc_text(doc, "/query"), query);
    count = (int)tripsage_doc_count(doc, "/items");
    *cached = tripsage_doc_cached(doc);
    tripsage_doc_free(doc);
    return count;
}

START_TEST(a_search_is_remembered_until_anything_changes)
{
    int cached;

    set_up();
    rename_to(ours, 77);
    ck_assert_int_eq(found(ours, owner, "77", &cached), 1);
    ck_assert_int_eq(cached, 0);
    ck_assert_int_eq(found(ours, owner, "77", &cached), 1);
    ck_assert_int_eq(cached, 1);
    ck_assert_int_eq(found(ours, owner, "78", &cached), 0); /* another question */
    ck_assert_int_eq(cached, 0);
    ck_assert_int_eq(found(ours, companion, "77", &cached), 0); /* somebody else's */
    ck_assert_int_eq(cached, 0);
    rename_to(theirs, 78);
    ck_assert_int_eq(found(ours, owner, "77", &cached), 0);
    ck_assert_int_eq(cached, 0);
    ck_assert_int_eq(found(ours, owner, "78", &cached), 1);
    tear_down();
}
END_TEST

static const char *destinations(char *out, size_t size, const tripsage_destination_query *query, int *cached)
{
    tripsage_doc *doc;

    ck_assert_ok(tripsage_destination_search(&doc, ours, owner, query));
    snprintf(out, size, "%s", tripsage_doc_json(doc, NULL));
    *cached = tripsage_doc_cached(doc);
    tripsage_doc_free(doc);
    return out;
}

START_TEST(answers_of_the_catalogue_are_remembered_by_every_parameter)
{
    static char first[65536], second[65536];
    tripsage_destination_query query = TRIPSAGE_DESTINATION_QUERY_INIT;
    static const char *const tags[] = {"beach"};
    int cached;

    set_up();
    query.text = "islands";
    destinations(first, sizeof first, &query, &cached);
    ck_assert_int_eq(cached, 0);
    rename_to(theirs, 1); /* which is no change of the catalogue */
    ck_assert_str_eq(destinations(second, sizeof second, &query, &cached), first);
    ck_assert_int_eq(cached, 1);
    for (int i = 0; i < 7; i++) {
        tripsage_destination_query other = query;

        switch (i) {
        case 0:
            other.limit = 3;
            break;
        case 1:
            other.month = 7;
            break;
        case 2:
            other.continent = "Europe";
            break;
        case 3:
            other.country_code = "GR";
            break;
        case 4:
            other.max_daily_cost = 10000;
            break;
        case 5:
            other.tags = tags;
            other.tag_count = 1;
            break;
        default:
            other.has_near = 1;
            other.latitude = 37;
            other.longitude = 25;
            other.radius_km = 300;
            break;
        }
        ck_assert_str_ne(destinations(second, sizeof second, &other, &cached), first);
        ck_assert_int_eq(cached, 0);
    }
    tear_down();
}
END_TEST

static atomic_long written;
static atomic_int failures;

static void *write_titles(void *unused)
{
    (void)unused;
    for (long i = 1; i <= 300; i++) {
        rename_to(theirs, i);
        atomic_store(&written, i);
        if (i % 8 == 0)
            usleep(500); /* time to read again and again */
    }
    return NULL;
}

static void *read_titles(void *unused)
{
    (void)unused;
    for (long before = 0; before < 300; before = atomic_load(&written))
        if (title_read(ours, owner) < before)
            atomic_fetch_add(&failures, 1);
    return NULL;
}

/* What was acknowledged before a read began is in it. */
START_TEST(nobody_reads_the_past)
{
    pthread_t readers[4], writer;

    set_up();
    for (int i = 0; i < 4; i++)
        pthread_create(&readers[i], NULL, read_titles, NULL);
    pthread_create(&writer, NULL, write_titles, NULL);
    pthread_join(writer, NULL);
    for (int i = 0; i < 4; i++)
        pthread_join(readers[i], NULL);
    ck_assert_int_eq(atomic_load(&failures), 0);
    tear_down();
}
END_TEST

START_TEST(a_database_in_memory_is_read_each_time)
{
    tripsage_trips *trips;
    tripsage__stamp stamp;

    ck_assert_ok(tripsage_trips_open(&trips, "sqlite::memory:", NULL));
    ck_assert_int_eq(tripsage__store_stamp(trips->store, id, &stamp), 0);
    tripsage_trips_close(trips);
}
END_TEST

SUITE_MAIN("trip/remembered", what_is_read_again_is_remembered, a_change_is_seen_by_the_next_read, rights_are_as_fresh,
           a_search_is_remembered_until_anything_changes, answers_of_the_catalogue_are_remembered_by_every_parameter,
           nobody_reads_the_past, a_database_in_memory_is_read_each_time)
