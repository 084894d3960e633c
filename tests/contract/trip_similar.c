/* contract/trip_similar.c: trips like a trip: whose they are, and that vectors follow trips through all that happens to these. */
#include "contract.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "support/threads.h"

static const char *make(const tripsage_actor *actor, const char *title, const char *description, const char *visibility)
{
    const char *json =
        test_format("{\"title\":\"%s\",\"description\":\"%s\",\"start_date\":\"2026-11-01\",\"end_date\":"
                    "\"2026-11-05\",\"visibility\":\"%s\",\"destinations\":[{\"name\":\"-\"}]}",
                    title, description, visibility);

    return tripsage_doc_text(OK(tripsage_trip_create(OUT, world->trips, actor, json, TRIPSAGE_NUL, NULL)), "/id");
}

static tripsage_doc *similar(const tripsage_actor *actor, const char *trip)
{
    return OK(tripsage_trip_similar(OUT, world->trips, actor, trip, 0));
}

/* The titles of an answer with commas between them. */
static const char *titles(const tripsage_actor *actor, const char *trip)
{
    tripsage_doc *doc = similar(actor, trip);
    const char *text = "";

    for (size_t i = 0; i < tripsage_doc_count(doc, "/items"); i++)
        text =
            test_format("%s%s%s", text, i ? ", " : "", tripsage_doc_text(doc, test_format("/items/%zu/trip/title", i)));
    return text;
}

static void patch(const tripsage_actor *actor, const char *trip, const char *json)
{
    OK(tripsage_trip_patch(OUT, world->trips, actor, trip, json, TRIPSAGE_NUL, NULL));
}

START_TEST(the_most_like_it_come_first)
{
    const char *kyoto = make(world->owner, "Kyoto", "Old temples, shrines and gardens", "private");
    tripsage_doc *doc;

    make(world->owner, "Nara", "Temples and shrines among deer", "private");
    make(world->owner, "Zermatt", "Skiing under the Matterhorn, powder snow", "private");
    make(world->owner, "Luang Prabang", "Temples, gardens and monks by the river", "private");
    doc = similar(world->owner, kyoto);
    IS_TEXT(doc, "/trip_id", kyoto);
    IS_TEXT(doc, "/method", "exact");
    IS_COUNT(doc, "/items", 2);
    IS_TEXT(doc, "/items/0/trip/title", "Nara");
    IS_TEXT(doc, "/items/1/trip/title", "Luang Prabang");
    ck_assert(tripsage_doc_number(doc, "/items/0/score", 0) > tripsage_doc_number(doc, "/items/1/score", 0));
    ck_assert(tripsage_doc_number(doc, "/items/1/score", 0) >= 0.2);
    IS_COUNT(OK(tripsage_trip_similar(OUT, world->trips, world->owner, kyoto, 1)), "/items", 1);
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_trip_similar(OUT, world->trips, world->owner, kyoto, 51), "#limit");
}
END_TEST

START_TEST(only_what_one_may_read_is_found)
{
    const char *mine = make(world->owner, "Mine", "Coral reefs and islands", "private");
    const char *theirs = make(world->stranger, "Theirs", "Coral reefs and islands", "private");
    const char *shared = make(world->stranger, "Shared", "Coral reefs and islands", "private");

    make(world->stranger, "Public", "Coral reefs and islands, sharks, atolls, a volcano and a lake", "public");
    OK(tripsage_trip_share(OUT, world->trips, world->stranger, shared,
                           "{\"user_emails\":[\"" OWNER_ID "\"],\"permission_level\":\"view\"}", TRIPSAGE_NUL));
    SAME_TEXT(titles(world->owner, mine), "Shared, Public");
    SAME_TEXT(titles(world->stranger, theirs), "Shared, Public");
    IS_COUNT(similar(world->service, mine), "/items", 3);
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_trip_similar(OUT, world->trips, world->owner, theirs, 0));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_trip_similar(OUT, world->trips, world->view, mine, 0));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_trip_similar(OUT, world->trips, world->owner, "none", 0));
    FAILS(TRIPSAGE_EUNAUTHENTICATED, tripsage_trip_similar(OUT, world->trips, NULL, mine, 0));
    SAME_TEXT(titles(world->owner, shared), "Mine, Public");
    OK(tripsage_collaborator_remove(world->trips, world->stranger, shared, OWNER_ID));
    SAME_TEXT(titles(world->owner, mine), "Public");
}
END_TEST

START_TEST(a_vector_follows_its_trip)
{
    const char *mine = make(world->owner, "Mine", "Coral reefs and islands", "private");
    const char *theirs = make(world->stranger, "Theirs", "Coral reefs and islands", "private");

    SAME_TEXT(titles(world->owner, mine), "");
    patch(world->stranger, theirs, "{\"visibility\":\"public\"}");
    SAME_TEXT(titles(world->owner, mine), "Theirs");
    OK(tripsage_trip_delete(world->trips, world->stranger, theirs, NULL));
    SAME_TEXT(titles(world->owner, mine), "");
    OK(tripsage_trip_restore(OUT, world->trips, world->stranger, theirs));
    SAME_TEXT(titles(world->owner, mine), "Theirs");
    patch(world->stranger, theirs, "{\"visibility\":\"private\"}");
    SAME_TEXT(titles(world->owner, mine), "");

    patch(world->stranger, theirs, "{\"visibility\":\"public\",\"description\":\"Skiing in powder snow\"}");
    patch(world->stranger, theirs, "{\"title\":\"Elsewhere\"}");
    SAME_TEXT(titles(world->owner, mine), "");
    patch(world->owner, mine, "{\"description\":\"Powder snow, and skiing\"}");
    SAME_TEXT(titles(world->owner, mine), "Elsewhere");
    SAME_TEXT(titles(world->stranger, theirs), "");
    patch(world->stranger, theirs, "{\"tags\":[\"coral\"],\"destinations\":[{\"name\":\"Reef island\"}]}");
    FAILS(TRIPSAGE_EPRECONDITION,
          tripsage_trip_patch(OUT, world->trips, world->stranger, theirs, "{\"title\":\"Coral reef\"}", TRIPSAGE_NUL,
                              &(tripsage_write_options){.version = 1, .if_version = 1}));
    SAME_TEXT(titles(world->owner, mine), "Elsewhere");

    OK(tripsage_trip_duplicate(OUT, world->trips, world->owner, theirs, NULL, 0, NULL));
    SAME_TEXT(titles(world->owner, theirs), "Copy of Elsewhere, Mine");
    OK(tripsage_trip_delete(world->trips, world->stranger, theirs, NULL));
    OK(tripsage_trip_purge(world->trips, world->stranger, theirs));
    SAME_TEXT(titles(world->owner, mine), "Copy of Elsewhere");
    IS_JSON(OK(tripsage_check(OUT, world->ts)), "/ok", "true");
}
END_TEST

START_TEST(a_vector_follows_its_owner)
{
    const char *given = make(world->stranger, "Given", "Coral reefs and islands", "private");
    const char *other = make(world->stranger, "Other", "Coral reefs, islands", "private");

    OK(tripsage_trip_share(OUT, world->trips, world->stranger, given,
                           "{\"user_emails\":[\"" OWNER_ID "\"],\"permission_level\":\"view\"}", TRIPSAGE_NUL));
    OK(tripsage_trip_transfer(OUT, world->trips, world->stranger, given, "{\"user_id\":\"" OWNER_ID "\"}", TRIPSAGE_NUL,
                              NULL));
    SAME_TEXT(titles(world->stranger, other), "Given"); /* whose admin he is now */
    OK(tripsage_collaborator_remove(world->trips, world->owner, given, STRANGER_ID));
    SAME_TEXT(titles(world->stranger, other), "");
    SAME_TEXT(titles(world->owner, make(world->owner, "Mine", "Coral reefs and islands", "private")), "Given");
}
END_TEST

/* The collection is searched as any other, and written with the trips alone. */
START_TEST(the_collection_of_trips_is_searched_and_not_changed)
{
    tripsage_vector_item item = {"a", NULL, NULL, "reefs", NULL, 0};
    tripsage_vector_query q = TRIPSAGE_VECTOR_QUERY_INIT;
    const char *mine = make(world->owner, "Mine", "Coral reefs and islands", "private");
    const char *gone = make(world->owner, "Gone", "Coral reefs and islands", "public");

    OK(tripsage_trip_delete(world->trips, world->owner, gone, NULL));
    make(world->stranger, "Theirs", "Coral reefs and islands", "private");
    q.text = "coral reefs";
    IS_COUNT(OK(tripsage_vector_search(OUT, world->vector, world->owner, "trips", &q)), "/items", 1);
    IS_TEXT(OK(tripsage_vector_search(OUT, world->vector, world->owner, "trips", &q)), "/items/0/id", mine);
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_vector_upsert(world->vector, world->owner, "trips", &item, 1));
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_vector_delete(world->vector, world->owner, "trips", mine));
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_vector_collection_delete(world->vector, world->service, "trips"));
}
END_TEST

START_TEST(what_lacks_a_vector_gets_one)
{
    int64_t count = -1;

    make(world->owner, "Mine", "Coral reefs and islands", "private");
    make(world->owner, "?", "!", "private");
    OK(tripsage_trip_similar_fill(&count, world->trips, world->service));
    ck_assert_int_eq(count, 1);
    OK(tripsage_trip_similar_fill(&count, world->trips, world->service));
    ck_assert_int_eq(count, 0);
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_trip_similar_fill(&count, world->trips, world->owner));
    FAILS(TRIPSAGE_EUNAUTHENTICATED, tripsage_trip_similar_fill(&count, world->trips, NULL));
}
END_TEST

START_TEST(a_trip_without_a_word_is_like_none)
{
    make(world->owner, "Mine", "Coral reefs and islands", "private");
    SAME_TEXT(titles(world->owner, make(world->owner, "?", "!", "private")), "");
}
END_TEST

/* Several write texts, rights and searches through one handle or two; what is found in the end is what the trips are then. */
enum { RACERS = 4, RACED = 8, ROUNDS = 12 };

typedef struct race {
    tripsage *handles[2];
    char trips[RACED][40];
    char probe[40];
    int round;
    atomic_int failed;
} race;

static void write_or_search(size_t index, void *context)
{
    static const char *const texts[2] = {"Coral reefs and islands", "Skiing in powder snow"};
    race *r = context;
    tripsage_trips *trips = tripsage_get_trips(r->handles[index % 2]);
    tripsage_vector_query q = TRIPSAGE_VECTOR_QUERY_INIT;

    q.text = texts[0];
    for (int i = 0; i < RACED; i++) {
        const char *trip = r->trips[i];
        int turn = r->round + i + (int)index;
        tripsage_doc *doc = NULL;
        char json[160];
        tripsage_status status;

        snprintf(json, sizeof json, "{\"description\":\"%s\",\"visibility\":\"%s\"}", texts[turn % 2],
                 turn % 4 < 2 ? "public" : "private");
        if (index < RACERS / 2)
            status = tripsage_trip_patch(&doc, trips, world->stranger, trip, json, TRIPSAGE_NUL, NULL);
        else if (i % 2)
            status = tripsage_trip_similar(&doc, trips, world->owner, r->probe, 0);
        else
            status =
                tripsage_vector_search(&doc, tripsage_get_vector(r->handles[index % 2]), world->owner, "trips", &q);
        tripsage_doc_free(doc);
        if (status != TRIPSAGE_OK)
            atomic_fetch_add(&r->failed, 1);
    }
}

/* Whether an answer has just those of the raced trips that are about reefs now, and public or the asker's. */
static void finds_what_is(const race *r, tripsage_doc *found, const char *in, const tripsage_actor *actor)
{
    for (int i = 0; i < RACED; i++) {
        tripsage_doc *trip = OK(tripsage_trip_get(OUT, world->trips, world->stranger, r->trips[i]));
        int wanted = strstr(tripsage_doc_text(trip, "/description"), "reefs") &&
                     (actor == world->stranger || strcmp(tripsage_doc_text(trip, "/visibility"), "public") == 0);
        int is = 0;

        for (size_t k = 0; k < tripsage_doc_count(found, "/items"); k++)
            is |= strcmp(tripsage_doc_text(found, test_format("/items/%zu%s/id", k, in)), r->trips[i]) == 0;
        ck_assert_msg(is == wanted, "trip %d, %s, %s: found %d", i, tripsage_doc_text(trip, "/description"),
                      tripsage_doc_text(trip, "/visibility"), is);
    }
}

START_TEST(vectors_are_those_of_the_last_texts_whoever_raced)
{
    race r = {{world->ts, world->persists ? world_open_another() : world->ts}, {{0}}, {0}, 0, 0};
    tripsage_vector_query q = TRIPSAGE_VECTOR_QUERY_INIT;

    q.text = "coral reefs";
    q.k = 50;
    q.min_score = 0.3;
    q.has_min_score = 1;
    snprintf(r.probe, sizeof r.probe, "%s", make(world->owner, "Probe", "Coral reefs and islands", "private"));
    for (int i = 0; i < RACED; i++)
        snprintf(r.trips[i], sizeof r.trips[i], "%s", make(world->stranger, test_format("%d", i), "-", "private"));
    for (r.round = 0; r.round < ROUNDS; r.round++) {
        test_threads_run(RACERS, write_or_search, &r);
        ck_assert_int_eq(r.failed, 0);
        finds_what_is(&r, OK(tripsage_trip_similar(OUT, world->trips, world->owner, r.probe, 50)), "/trip",
                      world->owner);
        finds_what_is(&r, OK(tripsage_vector_search(OUT, world->vector, world->stranger, "trips", &q)), "",
                      world->stranger);
        finds_what_is(&r, OK(tripsage_vector_search(OUT, world->vector, world->owner, "trips", &q)), "", world->owner);
    }
    if (r.handles[1] != world->ts)
        tripsage_close(r.handles[1]);
}
END_TEST

/* More than one search makes. */
START_TEST(many_are_made_by_several_searches)
{
    enum { MANY = 1050 };
    tripsage_vector_query q = TRIPSAGE_VECTOR_QUERY_INIT;
    int64_t count = 0;

    for (int i = 0; i < MANY; i++)
        make(world->owner, "Old", "Coral reefs and islands", "private");
    q.text = "coral reefs";
    q.k = 100;
    IS_COUNT(OK(tripsage_vector_search(OUT, world->vector, world->owner, "trips", &q)), "/items", 100);
    OK(tripsage_trip_similar_fill(&count, world->trips, world->service));
    ck_assert_int_eq(count, MANY - 1000);
}
END_TEST

Suite *contract_trip_similar(void)
{
    Suite *suite = suite_create("trip_similar");
    TCase *tcase = test_case(suite, "trip_similar");

    tcase_add_test(tcase, the_most_like_it_come_first);
    tcase_add_test(tcase, only_what_one_may_read_is_found);
    tcase_add_test(tcase, a_vector_follows_its_trip);
    tcase_add_test(tcase, a_vector_follows_its_owner);
    tcase_add_test(tcase, the_collection_of_trips_is_searched_and_not_changed);
    tcase_add_test(tcase, what_lacks_a_vector_gets_one);
    tcase_add_test(tcase, a_trip_without_a_word_is_like_none);
    tcase_add_test(tcase, many_are_made_by_several_searches);
    tcase_add_test(test_threads_case(suite, "trip_similar"), vectors_are_those_of_the_last_texts_whoever_raced);
    return suite;
}
