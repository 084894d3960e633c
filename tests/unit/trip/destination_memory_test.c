/* destination_memory_test.c: every call on destinations, suggestions and vectors with its first allocation failing, then its second, and so on: the
 * answer is TRIPSAGE_ENOMEM and nothing was changed, until there are no more allocations to fail. A leak is the sanitizer's to find. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tripsage/destination.h>
#include <tripsage/vector.h>

#include "../suite.h"
#include "failing_allocator.h"
#include "trip/destination.h"

static tripsage_trips *trips;
static tripsage_vector *vector;
static tripsage_actor *service, *ann;

static const char trip[] = TRIPSAGE_JSON({
    "title": "Reefs", "start_date": "2027-04-01", "end_date": "2027-04-09", "destinations": [ {"name": "Raja Ampat"} ], "tags":
        ["diving"]
});

static void set_up(void)
{
    tripsage_doc *doc;

    ck_assert_int_eq(tripsage_set_allocator(&failing_allocator), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage_trips_open(&trips, "sqlite::memory:", NULL), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage_vector_open(&vector, "sqlite::memory:", NULL), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage_actor_service(&service), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage_actor_user(&ann, "11111111-1111-7111-8111-111111111111"), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage_trip_create(&doc, trips, ann, trip, TRIPSAGE_NUL, NULL), TRIPSAGE_OK);
    tripsage_doc_free(doc);
    ck_assert_int_eq(tripsage_vector_collection_create(vector, service, "c", 2, TRIPSAGE_COSINE, NULL), TRIPSAGE_OK);
}

static void tear_down(void)
{
    tripsage_actor_free(service);
    tripsage_actor_free(ann);
    tripsage_vector_close(vector);
    tripsage_trips_close(trips);
    ck_assert_int_eq(tripsage_set_allocator(NULL), TRIPSAGE_OK);
}

/* `step`: how many allocations to go on by, where a call makes very many. */
static long fail_allocations(const char *name, tripsage_status (*call)(void), long step)
{
    tripsage_status status = TRIPSAGE_ENOMEM;
    long n;

    for (n = 0; status == TRIPSAGE_ENOMEM; n += step) {
        countdown = n;
        status = call();
        countdown = -1;
        ck_assert_msg(status == TRIPSAGE_OK || status == TRIPSAGE_ENOMEM, "%s: allocation %ld: %s: %s", name, n,
                      tripsage_status_name(status), tripsage_last_error()->message);
    }
    ck_assert_msg(n > step, "%s allocates nothing", name);
    return n;
}

#define fail_each_allocation_of(call) fail_allocations(#call, call, 1)

static tripsage_status done(tripsage_doc *doc, tripsage_status status)
{
    if ((status == TRIPSAGE_OK) != (doc != NULL))
        ck_abort_msg("a document without success, or success without one");
    tripsage_doc_free(doc);
    return status;
}

/* ---- destinations ---- */

static tripsage_status get(void)
{
    tripsage_doc *doc;
    tripsage_status status = tripsage_destination_get(&doc, trips, ann, "kyoto-jp");

    return done(doc, status);
}

static tripsage_status complete(void)
{
    tripsage_doc *doc;
    tripsage_status status = tripsage_destination_complete(&doc, trips, ann, "s", 50);

    return done(doc, status);
}

static tripsage_status search(void)
{
    tripsage_destination_query query = TRIPSAGE_DESTINATION_QUERY_INIT;
    tripsage_doc *doc;
    tripsage_status status;

    query.text = "beach";
    query.country_code = "BR";
    status = tripsage_destination_search(&doc, trips, ann, &query);
    return done(doc, status);
}

static tripsage_status search_misspelt(void)
{
    tripsage_destination_query query = TRIPSAGE_DESTINATION_QUERY_INIT;
    tripsage_doc *doc;
    tripsage_status status;

    query.text = "Barcelonna";
    status = tripsage_destination_search(&doc, trips, ann, &query);
    return done(doc, status);
}

static tripsage_status save(void)
{
    tripsage_doc *doc;
    tripsage_status status =
        tripsage_destination_save(&doc, trips, ann, "{\"destination_id\":\"kyoto-jp\",\"notes\":\"n\"}", TRIPSAGE_NUL);

    return done(doc, status);
}

/* How many places are saved: a save that failed must not have left one. */
static int64_t saved_count(void)
{
    tripsage_doc *doc;
    int64_t total;

    countdown = -1;
    ck_assert_int_eq(tripsage_destination_saved(&doc, trips, ann), TRIPSAGE_OK);
    total = tripsage_doc_int(doc, "/total", -1);
    tripsage_doc_free(doc);
    return total;
}

static tripsage_status save_or_leave_nothing(void)
{
    tripsage_status status = save();

    if (status != TRIPSAGE_OK && saved_count() != 0)
        ck_abort_msg("a failed call saved a place");
    return status;
}

static tripsage_status saved(void)
{
    tripsage_doc *doc;
    tripsage_status status = tripsage_destination_saved(&doc, trips, ann);

    return done(doc, status);
}

START_TEST(destinations_bear_the_want_of_memory)
{
    fail_each_allocation_of(get);
    fail_each_allocation_of(complete);
    fail_each_allocation_of(search);
    fail_each_allocation_of(search_misspelt);
    fail_each_allocation_of(save_or_leave_nothing);
    fail_each_allocation_of(saved);
    ck_assert_int_eq(tripsage_destination_unsave(trips, ann, "kyoto-jp"), TRIPSAGE_OK);
}
END_TEST

static tripsage_status suggest(void)
{
    tripsage_suggest_options options = TRIPSAGE_SUGGEST_OPTIONS_INIT;
    tripsage_doc *doc;
    tripsage_status status;

    options.limit = 1;
    options.category = "adventure";
    status = tripsage_suggest(&doc, trips, ann, &options);
    return done(doc, status);
}

static tripsage_status suggest_for_interests(void)
{
    tripsage_suggest_options options = TRIPSAGE_SUGGEST_OPTIONS_INIT;
    tripsage_doc *doc;
    tripsage_status status;

    options.limit = 1;
    options.interests = "wine";
    status = tripsage_suggest(&doc, trips, ann, &options);
    return done(doc, status);
}

/* Two allocations for each of the catalogue's hits: not every one is tried. */
START_TEST(suggestions_bear_the_want_of_memory)
{
    fail_allocations("suggest", suggest, 13);
    fail_allocations("suggest for interests", suggest_for_interests, 13);
}
END_TEST

static tripsage_status open_and_close(void)
{
    tripsage_trips *another;
    tripsage_status status = tripsage_trips_open(&another, "sqlite::memory:", NULL);

    if ((status == TRIPSAGE_OK) != (another != NULL))
        ck_abort_msg("a handle without success, or success without one");
    tripsage_trips_close(another);
    return status;
}

START_TEST(loading_the_catalogue_bears_the_want_of_memory)
{
    fail_allocations("open", open_and_close, 41);
}
END_TEST

/* ---- vectors ---- */

static const float east[2] = {1, 0};

static tripsage_status upsert(void)
{
    static const tripsage_vector_item items[] = {{"a", NULL, "{\"n\":1,\"t\":\"x\"}", NULL, east, 2},
                                                 {"b", NULL, NULL, NULL, east, 2}};

    return tripsage_vector_upsert(vector, ann, "c", items, 2);
}

static tripsage_status find(void)
{
    tripsage_vector_query query = TRIPSAGE_VECTOR_QUERY_INIT;
    tripsage_doc *doc;
    tripsage_status status;

    query.values = east;
    query.value_count = 2;
    query.k = 1;
    query.filter = "{\"n\":1}";
    status = tripsage_vector_search(&doc, vector, ann, "c", &query);
    return done(doc, status);
}

static tripsage_status list(void)
{
    tripsage_doc *doc;
    tripsage_status status = tripsage_vector_collections(&doc, vector, ann);

    return done(doc, status);
}

static tripsage_status open_vectors(void)
{
    tripsage_vector *another;
    tripsage_status status = tripsage_vector_open(&another, "sqlite::memory:", NULL);

    tripsage_vector_close(another);
    return status;
}

START_TEST(vectors_bear_the_want_of_memory)
{
    fail_each_allocation_of(upsert);
    fail_each_allocation_of(find);
    fail_each_allocation_of(list);
    fail_each_allocation_of(open_vectors);
    ck_assert_int_eq(tripsage_vector_delete(vector, ann, "c", "a"), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage_vector_delete(vector, ann, "c", "b"), TRIPSAGE_OK);
}
END_TEST

SUITE_MAIN_WITH("trip/destination_memory", set_up, tear_down, destinations_bear_the_want_of_memory,
                suggestions_bear_the_want_of_memory, loading_the_catalogue_bears_the_want_of_memory,
                vectors_bear_the_want_of_memory)
