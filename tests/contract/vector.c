/* contract/vector.c: collections of vectors: who sees what, and that the nearest are the nearest. */
#include "contract.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DIMENSIONS = 8 };

static void make(const char *name, tripsage_metric metric)
{
    OK(tripsage_vector_collection_create(world->vector, world->service, name, DIMENSIONS, metric, NULL));
}

static tripsage_status put(const tripsage_actor *actor, const char *collection, const char *id, const char *owner,
                           const char *metadata, const float *values)
{
    tripsage_vector_item item = {id, owner, metadata, NULL, values, DIMENSIONS};

    return tripsage_vector_upsert(world->vector, actor, collection, &item, 1);
}

static tripsage_vector_query near(const float *values)
{
    tripsage_vector_query query = TRIPSAGE_VECTOR_QUERY_INIT;

    query.values = values;
    query.value_count = values ? DIMENSIONS : 0;
    return query;
}

static const float east[DIMENSIONS] = {1, 0}, north[DIMENSIONS] = {0, 1}, northeast[DIMENSIONS] = {1, 1},
                   west[DIMENSIONS] = {-1, 0};

START_TEST(collections_are_made_by_the_service)
{
    tripsage_vector *v = world->vector;
    const tripsage_actor *service = world->service;
    tripsage_doc *list;

    OK(tripsage_vector_collection_create(v, service, "places", DIMENSIONS, TRIPSAGE_COSINE, NULL));
    OK(tripsage_vector_collection_create(v, service, "places", DIMENSIONS, TRIPSAGE_COSINE, NULL));
    FAILS(TRIPSAGE_EEXISTS, tripsage_vector_collection_create(v, service, "places", 9, TRIPSAGE_COSINE, NULL));
    FAILS(TRIPSAGE_EEXISTS, tripsage_vector_collection_create(v, service, "places", DIMENSIONS, TRIPSAGE_L2, NULL));
    FAILS(TRIPSAGE_EFORBIDDEN,
          tripsage_vector_collection_create(v, world->owner, "mine", DIMENSIONS, TRIPSAGE_COSINE, NULL));
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_vector_collection_delete(v, world->owner, "places"));
    FAILS(TRIPSAGE_EUNAUTHENTICATED,
          tripsage_vector_collection_create(v, NULL, "mine", DIMENSIONS, TRIPSAGE_COSINE, NULL));
    list = OK(tripsage_vector_collections(OUT, v, world->owner));
    ck_assert_ptr_nonnull(strstr(json_of(list), "\"places\""));
    OK(tripsage_vector_collection_delete(v, service, "places"));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_vector_collection_delete(v, service, "places"));
    list = OK(tripsage_vector_collections(OUT, v, service));
    ck_assert_ptr_null(strstr(json_of(list), "\"places\""));
}
END_TEST

START_TEST(a_collection_has_a_form)
{
    static const char *const names[] = {"", "Places", "a b", "a.b", "caf\xc3\xa9"};
    tripsage_vector *v = world->vector;
    const tripsage_actor *service = world->service;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        FAILS_AT(TRIPSAGE_EINVALID,
                 tripsage_vector_collection_create(v, service, names[i], DIMENSIONS, TRIPSAGE_COSINE, NULL), "#name");
    FAILS_AT(TRIPSAGE_EINVALID,
             tripsage_vector_collection_create(v, service, test_repeat("x", 65), DIMENSIONS, TRIPSAGE_COSINE, NULL),
             "#name");
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_vector_collection_create(v, service, "a", 0, TRIPSAGE_COSINE, NULL),
             "#dimensions");
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_vector_collection_create(v, service, "a", 4097, TRIPSAGE_COSINE, NULL),
             "#dimensions");
    FAILS(TRIPSAGE_EINVALID, tripsage_vector_collection_create(v, service, "a", 8, (tripsage_metric)9, NULL));
    OK(tripsage_vector_collection_create(v, service, test_repeat("x", 64), 4096, TRIPSAGE_L2, NULL));
    OK(tripsage_vector_collection_create(v, service, "a-b_9", 1, TRIPSAGE_INNER_PRODUCT, NULL));
}
END_TEST

START_TEST(scores_follow_the_metric)
{
    static const struct {
        tripsage_metric metric;
        double east, northeast, west;
    } rows[] = {
        {TRIPSAGE_COSINE, 1, 0.70710678, -1}, {TRIPSAGE_INNER_PRODUCT, 2, 2, -2}, {TRIPSAGE_L2, -1, -1.41421356, -3}};
    static const float query[DIMENSIONS] = {2, 0};

    for (size_t i = 0; i < 3; i++) {
        const char *name = test_format("c%zu", i);
        tripsage_vector_query q = near(query);
        tripsage_doc *found;
        const char *json;

        make(name, rows[i].metric);
        OK(put(world->service, name, "east", NULL, NULL, east));
        OK(put(world->service, name, "northeast", NULL, NULL, northeast));
        OK(put(world->service, name, "west", NULL, NULL, west));
        found = OK(tripsage_vector_search(OUT, world->vector, world->owner, name, &q));
        json = json_of(found);
        IS_COUNT(found, "/items", 3);
        IS_TEXT(found, "/items/0/id", "east");
        IS_TEXT(found, "/items/1/id", "northeast");
        IS_TEXT(found, "/items/2/id", "west");
        ck_assert_msg(fabs(tripsage_doc_number(found, "/items/0/score", 99) - rows[i].east) < 1e-5, "%s", json);
        ck_assert_msg(fabs(tripsage_doc_number(found, "/items/1/score", 99) - rows[i].northeast) < 1e-5, "%s", json);
        ck_assert_msg(fabs(tripsage_doc_number(found, "/items/2/score", 99) - rows[i].west) < 1e-5, "%s", json);
        IS_JSON(found, "/items/0/metadata", "{}");
        IS_TEXT(found, "/method", "exact");
    }
}
END_TEST

/* The answer against a sort of everything, and always k of them when k exist. */
START_TEST(the_nearest_are_the_nearest)
{
    enum { ITEMS = 400 };
    static float all[ITEMS][DIMENSIONS];
    static const uint32_t ks[] = {1, 10, 399, 400, 1000};
    uint64_t seed = 7;

    make("places", TRIPSAGE_L2);
    for (size_t i = 0; i < ITEMS; i++) {
        for (size_t d = 0; d < DIMENSIONS; d++)
            all[i][d] = (float)test_draw(&seed, 1000) / 100;
        OK(put(world->service, "places", test_format("%03zu", i), NULL, test_format("{\"g\":%zu}", i % 10), all[i]));
    }
    for (size_t n = 0; n < 5; n++) {
        tripsage_vector_query q = near(all[n * 37]);
        tripsage_doc *found;
        size_t want = ks[n] < ITEMS ? ks[n] : ITEMS;
        double last = 1;

        q.k = ks[n];
        found = OK(tripsage_vector_search(OUT, world->vector, world->owner, "places", &q));
        IS_COUNT(found, "/items", want);
        IS_TEXT(found, "/items/0/id", test_format("%03zu", n * 37));
        for (size_t i = 0; i < want; i++) {
            double score = tripsage_doc_number(found, test_format("/items/%zu/score", i), 99);
            ck_assert_msg(score <= last, "%f after %f", score, last);
            last = score;
        }
        /* None left out is nearer than the last one given. */
        for (size_t i = 0; i < ITEMS; i++) {
            double sum = 0;
            for (size_t d = 0; d < DIMENSIONS; d++)
                sum += pow((double)all[i][d] - (double)all[n * 37][d], 2);
            if (-sqrt(sum) > last + 1e-4)
                ck_assert_msg(strstr(json_of(found), test_format("\"id\":\"%03zu\"", i)) != NULL, "%03zu", i);
        }
        q.k = 40;
        q.filter = "{\"g\":7}";
        found = OK(tripsage_vector_search(OUT, world->vector, world->owner, "places", &q));
        IS_COUNT(found, "/items", 40);
        for (size_t i = 0; i < 40; i++)
            IS_JSON(found, test_format("/items/%zu/metadata", i), "{\"g\":7}");
    }
}
END_TEST

START_TEST(ties_go_by_id)
{
    static const char *const ids[] = {"c", "a", "d", "b"};
    tripsage_vector_query q = near(east);
    tripsage_doc *found;

    make("places", TRIPSAGE_COSINE);
    for (size_t i = 0; i < 4; i++)
        OK(put(world->service, "places", ids[i], NULL, NULL, east));
    q.k = 3;
    found = OK(tripsage_vector_search(OUT, world->vector, world->owner, "places", &q));
    IS_TEXT(found, "/items/0/id", "a");
    IS_TEXT(found, "/items/1/id", "b");
    IS_TEXT(found, "/items/2/id", "c");
}
END_TEST

START_TEST(everybody_sees_his_own_and_the_common)
{
    tripsage_vector_query q = near(east);

    make("places", TRIPSAGE_COSINE);
    OK(put(world->owner, "places", "mine", OWNER_ID, NULL, east));
    OK(put(world->owner, "places", "also-mine", NULL, NULL, east));
    OK(put(world->stranger, "places", "theirs", STRANGER_ID, NULL, east));
    OK(put(world->service, "places", "common", NULL, NULL, east));
    OK(put(world->service, "places", "given", OWNER_ID, NULL, east));
    IS_COUNT(OK(tripsage_vector_search(OUT, world->vector, world->owner, "places", &q)), "/items", 4);
    IS_COUNT(OK(tripsage_vector_search(OUT, world->vector, world->stranger, "places", &q)), "/items", 2);
    IS_COUNT(OK(tripsage_vector_search(OUT, world->vector, world->view, "places", &q)), "/items", 1);
    IS_COUNT(OK(tripsage_vector_search(OUT, world->vector, world->service, "places", &q)), "/items", 5);
    FAILS(TRIPSAGE_EUNAUTHENTICATED, tripsage_vector_search(OUT, world->vector, NULL, "places", &q));
    FAILS(TRIPSAGE_EFORBIDDEN, put(world->owner, "places", "theirs", NULL, NULL, north));
    FAILS(TRIPSAGE_EFORBIDDEN, put(world->owner, "places", "common", NULL, NULL, north));
    FAILS(TRIPSAGE_EFORBIDDEN, put(world->owner, "places", "new", STRANGER_ID, NULL, north));
    FAILS(TRIPSAGE_EUNAUTHENTICATED, put(NULL, "places", "new", NULL, NULL, north));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_vector_delete(world->vector, world->owner, "places", "theirs"));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_vector_delete(world->vector, world->owner, "places", "common"));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_vector_delete(world->vector, world->owner, "places", "absent"));
    OK(tripsage_vector_delete(world->vector, world->owner, "places", "mine"));
    OK(tripsage_vector_delete(world->vector, world->service, "places", "theirs"));
    IS_COUNT(OK(tripsage_vector_search(OUT, world->vector, world->service, "places", &q)), "/items", 3);
}
END_TEST

START_TEST(inserting_again_replaces)
{
    tripsage_vector_query q = near(north);
    tripsage_doc *found;

    make("places", TRIPSAGE_COSINE);
    OK(put(world->owner, "places", "a", NULL, "{\"v\":1}", east));
    OK(put(world->owner, "places", "a", NULL, "{\"v\":2}", north));
    found = OK(tripsage_vector_search(OUT, world->vector, world->owner, "places", &q));
    IS_COUNT(found, "/items", 1);
    IS_INT(found, "/items/0/metadata/v", 2);
    ck_assert(fabs(tripsage_doc_number(found, "/items/0/score", 0) - 1) < 1e-5);
}
END_TEST

START_TEST(a_batch_goes_in_whole_or_not_at_all)
{
    tripsage_vector_item items[3] = {{"a", NULL, NULL, NULL, east, DIMENSIONS},
                                     {"b", NULL, "[]", NULL, north, DIMENSIONS},
                                     {"", NULL, NULL, NULL, east, DIMENSIONS}};
    tripsage_vector_query q = near(east);

    make("places", TRIPSAGE_COSINE);
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_vector_upsert(world->vector, world->owner, "places", items, 3), "/1/metadata");
    items[1].metadata = NULL;
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_vector_upsert(world->vector, world->owner, "places", items, 3), "/2/id");
    IS_COUNT(OK(tripsage_vector_search(OUT, world->vector, world->owner, "places", &q)), "/items", 0);
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_vector_upsert(world->vector, world->owner, "nowhere", items, 1));
    OK(put(world->stranger, "places", "b", NULL, NULL, east));
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_vector_upsert(world->vector, world->owner, "places", items, 2));
    IS_COUNT(OK(tripsage_vector_search(OUT, world->vector, world->service, "places", &q)), "/items", 1);
    OK(tripsage_vector_upsert(world->vector, world->owner, "places", items, 1));
}
END_TEST

START_TEST(refuses_bad_items)
{
    static const float infinite[DIMENSIONS] = {INFINITY}, nan_value[DIMENSIONS] = {1, NAN}, zero[DIMENSIONS] = {0};
    const char *long_id = test_repeat("x", 129);
    const char *big = test_format("{\"k\":\"%s\"}", test_repeat("x", 8192));
    const struct {
        const char *pointer;
        tripsage_vector_item item;
    } rows[] = {
        {"/0/id", {"", NULL, NULL, NULL, east, DIMENSIONS}},
        {"/0/id", {NULL, NULL, NULL, NULL, east, DIMENSIONS}},
        {"/0/id", {long_id, NULL, NULL, NULL, east, DIMENSIONS}},
        {"/0/owner_id", {"a", "me", NULL, NULL, east, DIMENSIONS}},
        {"/0/metadata", {"a", NULL, "{", NULL, east, DIMENSIONS}},
        {"/0/metadata", {"a", NULL, "{\"k\":{}}", NULL, east, DIMENSIONS}},
        {"/0/metadata", {"a", NULL, big, NULL, east, DIMENSIONS}},
        {"/0/values", {"a", NULL, NULL, NULL, infinite, DIMENSIONS}},
        {"/0/values", {"a", NULL, NULL, NULL, nan_value, DIMENSIONS}},
        {"/0/values", {"a", NULL, NULL, NULL, zero, DIMENSIONS}},
        {"/0/values", {"a", NULL, NULL, NULL, NULL, 0}},
    };

    make("places", TRIPSAGE_COSINE);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        test_fails(__FILE__, __LINE__, test_format("row %zu", i), TRIPSAGE_EINVALID,
                   tripsage_vector_upsert(world->vector, world->service, "places", &rows[i].item, 1), &rows[i].pointer,
                   1);
}
END_TEST

START_TEST(refuses_bad_queries)
{
    tripsage_vector_query q = near(east);
    static const float nan_value[DIMENSIONS] = {NAN};

    make("places", TRIPSAGE_COSINE);
    q.k = 1001;
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_vector_search(OUT, world->vector, world->owner, "places", &q), "#k");
    q = near(NULL);
    FAILS(TRIPSAGE_EINVALID, tripsage_vector_search(OUT, world->vector, world->owner, "places", &q));
    q = near(nan_value);
    FAILS(TRIPSAGE_EINVALID, tripsage_vector_search(OUT, world->vector, world->owner, "places", &q));
    q = near(east);
    q.text = "both";
    FAILS(TRIPSAGE_EINVALID, tripsage_vector_search(OUT, world->vector, world->owner, "places", &q));
    q = near(east);
    q.filter = "[]";
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_vector_search(OUT, world->vector, world->owner, "places", &q), "#filter");
    q = near(east);
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_vector_search(OUT, world->vector, world->owner, "nowhere", &q));
}
END_TEST

START_TEST(filters_and_floors)
{
    tripsage_vector_query q = near(east);

    make("places", TRIPSAGE_COSINE);
    OK(put(world->service, "places", "a", NULL, "{\"kind\":\"city\",\"n\":1,\"ok\":true}", east));
    OK(put(world->service, "places", "b", NULL, "{\"kind\":\"city\",\"n\":2,\"ok\":false}", northeast));
    OK(put(world->service, "places", "c", NULL, "{\"kind\":\"beach\",\"n\":\"1\"}", west));
#define FOUND(text, want)                                                                                              \
    do {                                                                                                               \
        q.filter = (text);                                                                                             \
        IS_COUNT(OK(tripsage_vector_search(OUT, world->vector, world->owner, "places", &q)), "/items", (want));        \
    } while (0)
    FOUND("{}", 3);
    FOUND("{\"kind\":\"city\"}", 2);
    FOUND("{\"kind\":\"city\",\"n\":2}", 1);
    FOUND("{\"n\":1}", 1);
    FOUND("{\"n\":\"1\"}", 1);
    FOUND("{\"ok\":true}", 1);
    FOUND("{\"absent\":1}", 0);
    q.has_min_score = 1;
    q.min_score = 0.5;
    FOUND(NULL, 2);
    q.min_score = 2;
    FOUND(NULL, 0);
#undef FOUND
}
END_TEST

START_TEST(text_is_embedded)
{
    tripsage_vector_item items[2] = {{"beach", NULL, NULL, "warm sand, coral reefs and snorkelling", NULL, 0},
                                     {"snow", NULL, NULL, "powder snow, ski lifts and mountain huts", NULL, 0}};
    tripsage_vector_query q = TRIPSAGE_VECTOR_QUERY_INIT;
    tripsage_vector_query values = near(east);

    OK(tripsage_vector_collection_create(world->vector, world->service, "texts", TRIPSAGE_EMBEDDER_BUILTIN_DIMENSIONS,
                                         TRIPSAGE_COSINE, TRIPSAGE_EMBEDDER_BUILTIN));
    OK(tripsage_vector_upsert(world->vector, world->service, "texts", items, 2));
    q.text = "skiing in the mountains";
    IS_TEXT(OK(tripsage_vector_search(OUT, world->vector, world->owner, "texts", &q)), "/items/0/id", "snow");
    q.text = "a beach to snorkel";
    IS_TEXT(OK(tripsage_vector_search(OUT, world->vector, world->owner, "texts", &q)), "/items/0/id", "beach");
    make("plain", TRIPSAGE_COSINE);
    FAILS(TRIPSAGE_EINVALID, tripsage_vector_search(OUT, world->vector, world->owner, "plain", &q));
    FAILS(TRIPSAGE_EINVALID, tripsage_vector_upsert(world->vector, world->service, "plain", items, 1));
    OK(tripsage_vector_search(OUT, world->vector, world->owner, "plain", &values));
}
END_TEST

START_TEST(embedding_is_deterministic_and_of_unit_length)
{
    float a[TRIPSAGE_EMBEDDER_BUILTIN_DIMENSIONS], b[TRIPSAGE_EMBEDDER_BUILTIN_DIMENSIONS];
    double length = 0;

    OK(tripsage_embed(a, "Old temples in Kyoto", TRIPSAGE_NUL));
    OK(tripsage_embed(b, "Old temples in Kyoto!!", 20));
    ck_assert_int_eq(memcmp(a, b, sizeof a), 0);
    for (size_t i = 0; i < TRIPSAGE_EMBEDDER_BUILTIN_DIMENSIONS; i++)
        length += (double)a[i] * (double)a[i];
    ck_assert_double_eq_tol(length, 1.0, 1e-4);
    OK(tripsage_embed(a, " ... ", TRIPSAGE_NUL));
    for (size_t i = 0; i < TRIPSAGE_EMBEDDER_BUILTIN_DIMENSIONS; i++)
        ck_assert(a[i] == 0);
    OK(tripsage_embed(a, "", 0));
}
END_TEST

/* Committed rows are searchable through a handle opened later, and through one that was open already. */
START_TEST(items_outlive_the_handle)
{
    tripsage_vector_query q = near(east);
    tripsage *other;

    if (!world->persists)
        return;
    make("places", TRIPSAGE_COSINE);
    other = world_open_another();
    IS_COUNT(OK(tripsage_vector_search(OUT, tripsage_get_vector(other), world->owner, "places", &q)), "/items", 0);
    OK(put(world->owner, "places", "a", NULL, NULL, east));
    IS_COUNT(OK(tripsage_vector_search(OUT, tripsage_get_vector(other), world->owner, "places", &q)), "/items", 1);
    OK(tripsage_vector_delete(world->vector, world->owner, "places", "a"));
    IS_COUNT(OK(tripsage_vector_search(OUT, tripsage_get_vector(other), world->owner, "places", &q)), "/items", 0);
    tripsage_close(other);
    OK(put(world->owner, "places", "b", NULL, NULL, north));
    world_reopen();
    IS_TEXT(OK(tripsage_vector_search(OUT, world->vector, world->owner, "places", &q)), "/items/0/id", "b");
}
END_TEST

START_TEST(a_small_collection_needs_no_index)
{
    static const char state[] =
        "{\"collection\":\"places\",\"items\":2,\"index\":\"none\",\"bytes\":0,\"needs_build\":false}";
    tripsage_vector *v = world->vector;

    make("places", TRIPSAGE_L2);
    OK(put(world->owner, "places", "a", NULL, NULL, east));
    OK(put(world->service, "places", "b", NULL, NULL, west));
    SAME_TEXT(json_of(OK(tripsage_vector_index(OUT, v, world->service, "places"))), state);
    for (int rebuild = 0; rebuild < 2; rebuild++)
        SAME_TEXT(json_of(OK(tripsage_vector_index_build(OUT, v, world->service, "places", rebuild, NULL, NULL))),
                  state);
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_vector_index(OUT, v, world->owner, "places"));
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_vector_index_build(OUT, v, world->owner, "places", 0, NULL, NULL));
    FAILS(TRIPSAGE_EUNAUTHENTICATED, tripsage_vector_index(OUT, v, NULL, "places"));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_vector_index(OUT, v, world->service, "nowhere"));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_vector_index(OUT, v, world->service, NULL));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_vector_index_build(OUT, v, world->service, "nowhere", 1, NULL, NULL));
}
END_TEST

/* Search over places stands on it, and it is loaded only when the catalogue changes. */
START_TEST(the_catalogue_is_searched_and_not_changed)
{
    tripsage_vector_item item = {"kyoto-jp", NULL, NULL, "skiing", NULL, 0};
    tripsage_vector_query q = TRIPSAGE_VECTOR_QUERY_INIT;
    tripsage_destination_query places = TRIPSAGE_DESTINATION_QUERY_INIT;
    const tripsage_actor *actors[] = {world->owner, world->service};
    tripsage_vector *alone = NULL;

    for (size_t i = 0; i < 2; i++) {
        FAILS(TRIPSAGE_EFORBIDDEN, tripsage_vector_upsert(world->vector, actors[i], "destinations", &item, 1));
        FAILS(TRIPSAGE_EFORBIDDEN, tripsage_vector_delete(world->vector, actors[i], "destinations", "kyoto-jp"));
        FAILS(TRIPSAGE_EFORBIDDEN, tripsage_vector_collection_delete(world->vector, actors[i], "destinations"));
        FAILS(TRIPSAGE_EFORBIDDEN, tripsage_vector_collection_create(world->vector, actors[i], "destinations",
                                                                     DIMENSIONS, TRIPSAGE_L2, NULL));
    }
    q.text = places.text = "old temples and cherry blossom";
    IS_COUNT(OK(tripsage_vector_search(OUT, world->vector, world->owner, "destinations", &q)), "/items", 10);
    IS_COUNT(OK(tripsage_destination_search(OUT, world->trips, world->owner, &places)), "/items", 10);
    OK(tripsage_vector_open(&alone, "sqlite::memory:", NULL));
    FAILS(TRIPSAGE_EFORBIDDEN,
          tripsage_vector_collection_create(alone, world->service, "destinations", DIMENSIONS, TRIPSAGE_L2, NULL));
    tripsage_vector_close(alone);
}
END_TEST

START_TEST(opens_alone)
{
    tripsage_vector *alone = NULL;

    OK(tripsage_vector_open(&alone, "sqlite::memory:", NULL));
    OK(tripsage_vector_collection_create(alone, world->service, "a", 4, TRIPSAGE_L2, NULL));
    tripsage_vector_close(alone);
    tripsage_vector_close(NULL);
    FAILS(TRIPSAGE_EINVALID, tripsage_vector_open(&alone, "nonsense", NULL));
    ck_assert_ptr_null(alone);
}
END_TEST

Suite *contract_vector(void)
{
    Suite *suite = suite_create("vector");
    TCase *tcase = test_case(suite, "vector");

    tcase_add_test(tcase, collections_are_made_by_the_service);
    tcase_add_test(tcase, a_collection_has_a_form);
    tcase_add_test(tcase, scores_follow_the_metric);
    tcase_add_test(tcase, the_nearest_are_the_nearest);
    tcase_add_test(tcase, ties_go_by_id);
    tcase_add_test(tcase, everybody_sees_his_own_and_the_common);
    tcase_add_test(tcase, inserting_again_replaces);
    tcase_add_test(tcase, a_batch_goes_in_whole_or_not_at_all);
    tcase_add_test(tcase, refuses_bad_items);
    tcase_add_test(tcase, refuses_bad_queries);
    tcase_add_test(tcase, filters_and_floors);
    tcase_add_test(tcase, text_is_embedded);
    tcase_add_test(tcase, embedding_is_deterministic_and_of_unit_length);
    tcase_add_test(tcase, items_outlive_the_handle);
    tcase_add_test(tcase, a_small_collection_needs_no_index);
    tcase_add_test(tcase, the_catalogue_is_searched_and_not_changed);
    tcase_add_test(tcase, opens_alone);
    return suite;
}
