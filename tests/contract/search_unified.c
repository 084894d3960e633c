/* contract/search_unified.c: one search over trips, destinations and memories; and what was searched for, which is its user's own. */
#include "contract.h"

#include <stdio.h>
#include <string.h>

#define FIND(actor, json)   OK(tripsage_search_unified(OUT, world->trips, (actor), (json), TRIPSAGE_NUL, 0))
#define NOTE(actor, json)   OK(tripsage_search_unified(OUT, world->trips, (actor), (json), TRIPSAGE_NUL, 1))
#define SAVE(actor, json)   OK(tripsage_search_save(OUT, world->trips, (actor), (json), TRIPSAGE_NUL))
#define RECENT(actor, only) OK(tripsage_search_recent(OUT, world->trips, (actor), 0, (only)))

static tripsage_doc *today(const tripsage_actor *actor)
{
    return OK(tripsage_search_analytics(OUT, world->trips, actor, NULL));
}

START_TEST(trips_and_destinations_alternate)
{
    tripsage_doc *found;

    test_trip(world->owner, "{\"title\":\"Temples of Kyoto\"}");
    found = FIND(world->owner, "{\"query\":\"kyoto\",\"limit\":5}");
    SAME_TEXT(test_members(json_of(found), ""), "results,facets,metadata");
    IS_TEXT(found, "/results/0/type", "trip");
    IS_TEXT(found, "/results/0/title", "Temples of Kyoto");
    IS_TEXT(found, "/results/1/type", "destination");
    IS_TEXT(found, "/results/1/id", "kyoto-jp");
    IS_TEXT(found, "/results/1/price/currency", "USD");
    IS_TEXT(found, "/results/1/country", "Japan");
    IS_COUNT(found, "/results", 2);
    IS_INT(found, "/metadata/total_results", 2);
    found = FIND(world->owner, "{\"query\":\"temples of kyoto\",\"limit\":5}");
    IS_COUNT(found, "/results", 5);
    IS_INT(found, "/metadata/returned_results", 5);
    ck_assert_int_gt((int)tripsage_doc_int(found, "/metadata/total_results", 0), 5);
    IS_TEXT(found, "/metadata/user_id", OWNER_ID);
    IS_JSON(found, "/metadata/providers_queried", "[\"trips\",\"destinations\"]");
    IS_TEXT(found, "/facets/0/name", "type");
    IS_TEXT(found, "/facets/0/values/0/value", "destination");
    IS_TEXT(found, "/facets/1/name", "country");
    IS_TEXT(found, "/facets/2/name", "price");
    ck_assert_int_le((int)tripsage_doc_int(found, "/facets/2/minimum", 1 << 30),
                     (int)tripsage_doc_int(found, "/facets/2/maximum", 0));
    /* A stranger's trips are not among them. */
    IS_TEXT(FIND(world->stranger, "{\"query\":\"temples of kyoto\"}"), "/results/0/type", "destination");
    IS_NONE(FIND(world->service, "{\"query\":\"temples\",\"types\":[\"memory\"]}"), "/metadata/user_id");
}
END_TEST

START_TEST(types_filters_and_order_hold)
{
    tripsage_doc *found;
    int64_t before = INT64_MAX;

    OK(tripsage_memory_remember(OUT, world->trips, world->owner,
                                "{\"messages\":[{\"role\":\"user\",\"content\":\"I love temples.\"}]}", TRIPSAGE_NUL));
    found = FIND(world->owner, "{\"query\":\"temples\",\"types\":[\"memory\"]}");
    IS_COUNT(found, "/results", 1);
    IS_TEXT(found, "/results/0/title", "I love temples");
    IS_INT(found, "/metadata/total_results", 1);
    ck_assert_ptr_nonnull(strstr(json_of(found), "\"personalized\":true"));
    IS_COUNT(FIND(world->stranger, "{\"query\":\"temples\",\"types\":[\"memory\"]}"), "/results", 0);
    IS_JSON(FIND(world->owner, "{\"query\":\"temples\",\"types\":[\"flight\"]}"), "/facets", "[]");
    IS_TEXT(FIND(world->owner, "{\"query\":\"temples\",\"resource_types\":[\"destination\"]}"), "/results/0/type",
            "destination");

    found = FIND(world->owner, "{\"query\":\"temples\",\"types\":[\"destination\"],\"sort_by\":\"price\",\"filters\":{"
                               "\"price_min\":5000,\"price_max\":9000}}");
    ck_assert_uint_gt(tripsage_doc_count(found, "/results"), 1);
    for (size_t i = 0; i < tripsage_doc_count(found, "/results"); i++) {
        int64_t price = tripsage_doc_int(found, test_format("/results/%zu/price/amount", i), -1);

        ck_assert(price >= 5000 && price <= 9000 && price <= before);
        before = price;
    }
    found = FIND(world->owner, "{\"query\":\"temples\",\"sort_by\":\"title\",\"sort_order\":\"asc\"}");
    for (size_t i = 1; i < tripsage_doc_count(found, "/results"); i++)
        ck_assert_str_le(text_of(found, test_format("/results/%zu/title", i - 1)),
                         text_of(found, test_format("/results/%zu/title", i)));
    found =
        FIND(world->owner, "{\"query\":\"temples\",\"types\":[\"destination\"],\"sort_by\":\"distance\",\"sort_order\":"
                           "\"asc\",\"filters\":{\"latitude\":35,\"longitude\":135.7,\"radius_km\":2000}}");
    for (size_t i = 1; i < tripsage_doc_count(found, "/results"); i++)
        ck_assert(tripsage_doc_number(found, test_format("/results/%zu/distance_km", i - 1), 9999) <=
                  tripsage_doc_number(found, test_format("/results/%zu/distance_km", i), -1));
    IS_TEXT(FIND(world->owner, "{\"query\":\"old temples\",\"destination\":\"Thailand\"}"), "/results/0/country",
            "Thailand");
}
END_TEST

START_TEST(a_slip_in_a_name_is_told)
{
    IS_TEXT(FIND(world->owner, "{\"query\":\"Barcelonna\"}"), "/did_you_mean", "Barcelona");
    IS_NONE(FIND(world->owner, "{\"query\":\"Barcelona\"}"), "/did_you_mean");
}
END_TEST

START_TEST(bad_requests_are_refused_by_name)
{
    FAILS_AT(
        TRIPSAGE_EINVALID,
        tripsage_search_unified(OUT, world->trips, world->owner,
                                "{\"limit\":0,\"sort_by\":\"rating\",\"end_date\":\"2026-01-01\",\"start_date\":\"2026-"
                                "01-02\",\"x\":1,\"filters\":{\"latitude\":1,\"price_min\":5,\"price_max\":4,\"y\":1}}",
                                TRIPSAGE_NUL, 1),
        "/query", "/limit", "/sort_by", "/end_date", "/x", "/filters/longitude", "/filters/price_max", "/filters/y");
    FAILS_AT(TRIPSAGE_EINVALID,
             tripsage_search_save(OUT, world->trips, world->owner, "{\"query\":\"\",\"sort_by\":\"distance\"}",
                                  TRIPSAGE_NUL),
             "/query", "/sort_by");
    FAILS_AT(TRIPSAGE_EINVALID,
             tripsage_search_unified(OUT, world->trips, world->owner,
                                     test_format("{\"query\":\"%s\"}", test_repeat("\xc3\xa9", 400)), TRIPSAGE_NUL, 0),
             "/query");
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_search_recent(OUT, world->trips, world->owner, 101, 0), "#limit");
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_search_analytics(OUT, world->trips, world->owner, "today"), "#date");
    IS_INT(RECENT(world->owner, 0), "/total", 0); /* nothing of it was noted */
}
END_TEST

START_TEST(several_searches_answer_each_for_itself)
{
    tripsage_doc *found = OK(tripsage_search_bulk(
        OUT, world->trips, world->owner,
        "[{\"query\":\"Kyoto\"},{\"query\":\"\",\"x\":1},7,{\"query\":\"Lisbon\",\"limit\":1}]", TRIPSAGE_NUL, 1));

    IS_COUNT(found, "", 4);
    IS_TEXT(found, "/0/results/0/id", "kyoto-jp");
    IS_COUNT(found, "/1/results", 0);
    IS_TEXT(found, "/1/error/code", "VALIDATION_ERROR");
    IS_TEXT(found, "/1/errors/0/pointer", "/query");
    IS_TEXT(found, "/1/errors/1/pointer", "/x");
    IS_TEXT(found, "/2/error/code", "VALIDATION_ERROR");
    IS_COUNT(found, "/3/results", 1);
    IS_TEXT(found, "/3/results/0/id", "lisbon-pt");
    IS_INT(RECENT(world->owner, 0), "/total", 2);
    IS_INT(today(world->owner), "/total_searches", 2);
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_search_bulk(OUT, world->trips, world->owner, "[]", TRIPSAGE_NUL, 1), "");
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_search_bulk(OUT, world->trips, world->owner, "{}", TRIPSAGE_NUL, 1), "");
    FAILS_AT(TRIPSAGE_EINVALID,
             tripsage_search_bulk(OUT, world->trips, world->owner, "[1,2,3,4,5,6,7,8,9,10,11]", TRIPSAGE_NUL, 1), "");
    FAILS(TRIPSAGE_EMALFORMED, tripsage_search_bulk(OUT, world->trips, world->owner, "[", TRIPSAGE_NUL, 1));
}
END_TEST

START_TEST(searches_are_noted_and_saved_once)
{
    const char *id;
    tripsage_doc *recent;

    FIND(world->owner, "{\"query\":\"not noted\"}");
    NOTE(world->owner, "{\"query\":\"Kyoto\"}");
    world_advance(1000);
    NOTE(world->owner, "{\"query\":\"Lisbon\",\"adults\":2}");
    world_advance(1000);
    NOTE(world->owner, "{\"query\":\"Kyoto\"}");
    world_advance(1000);
    id = id_of(SAVE(world->owner, "{\"query\":\"Lisbon\",\"adults\":2}"));
    SAME_TEXT(id_of(SAVE(world->owner, "{\"query\":\"Lisbon\", \"adults\":2}")), id);
    recent = RECENT(world->owner, 0);
    IS_INT(recent, "/total", 2);
    IS_TEXT(recent, "/items/0/query", "Kyoto");
    IS_INT(recent, "/items/0/times", 2);
    ck_assert(!strstr(test_json_at(json_of(recent), "/items/0"), "saved_at"));
    IS_TEXT(recent, "/items/1/id", id);
    IS_JSON(recent, "/items/1/request", "{\"query\":\"Lisbon\",\"adults\":2}");
    ck_assert_ptr_nonnull(strstr(test_json_at(json_of(recent), "/items/1"), "\"saved\":true"));
    IS_INT(RECENT(world->owner, 1), "/total", 1);

    OK(tripsage_search_unsave(world->trips, world->owner, id));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_search_unsave(world->trips, world->owner, id));
    IS_INT(RECENT(world->owner, 1), "/total", 0);
}
END_TEST

START_TEST(what_is_kept_has_bounds)
{
    const char *last;

    for (int i = 0; i < 201; i++) {
        world_advance(1000);
        if (i < 200)
            SAVE(world->owner, test_format("{\"query\":\"saved %d\"}", i));
        if (i < 105)
            NOTE(world->owner, test_format("{\"query\":\"noted %d\",\"types\":[\"none\"]}", i));
    }
    last = test_format("{\"query\":\"saved %d\"}", 200);
    FAILS(TRIPSAGE_ELIMIT, tripsage_search_save(OUT, world->trips, world->owner, last, TRIPSAGE_NUL));
    SAVE(world->owner, "{\"query\":\"saved 7\"}"); /* which is there */
    OK(tripsage_search_unsave(
        world->trips, world->owner,
        text_of(OK(tripsage_search_recent(OUT, world->trips, world->owner, 1, 1)), "/items/0/id")));
    SAVE(world->owner, last);
    IS_INT(OK(tripsage_search_recent(OUT, world->trips, world->owner, 100, 1)), "/total", 100);
    /* 105 were noted: the first five gave way. Those that are saved stay. */
    NOTE(world->owner, "{\"query\":\"noted 4\",\"types\":[\"none\"]}");
    IS_INT(OK(tripsage_search_recent(OUT, world->trips, world->owner, 1, 0)), "/items/0/times", 1);
    NOTE(world->owner, "{\"query\":\"noted 100\",\"types\":[\"none\"]}");
    IS_INT(today(world->owner), "/total_searches", 107);
}
END_TEST

START_TEST(analytics_count_by_day_and_words)
{
    tripsage_doc *day = today(world->owner);
    const char *date = text_of(day, "/date");

    IS_JSON(day, "/popular_queries", "[]");
    ck_assert_ptr_nonnull(strstr(json_of(day), "\"cache_hit_rate\":0,"));
    NOTE(world->owner, "{\"query\":\"Old Temples!\",\"types\":[\"destination\"]}");
    NOTE(world->owner, "{\"query\":\"old temples\",\"types\":[\"destination\"]}");
    NOTE(world->owner, "{\"query\":\"old temples\",\"types\":[\"destination\"]}"); /* the catalogue remembers */
    NOTE(world->owner, "{\"query\":\"reefs\"}");
    day = today(world->owner);
    IS_INT(day, "/total_searches", 4);
    IS_INT(day, "/cache_hits", 1);
    IS_INT(day, "/cache_misses", 3);
    ck_assert_ptr_nonnull(strstr(json_of(day), "\"cache_hit_rate\":0.25,"));
    IS_JSON(day, "/popular_queries", "[{\"query\":\"old temples\",\"count\":3},{\"query\":\"reefs\",\"count\":1}]");
    world_advance(INT64_C(86400000));
    IS_INT(today(world->owner), "/total_searches", 0);
    IS_INT(OK(tripsage_search_analytics(OUT, world->trips, world->owner, date)), "/total_searches", 4);
    world_advance(INT64_C(86400000) * 91);
    NOTE(world->owner, "{\"query\":\"reefs\"}");
    IS_INT(OK(tripsage_search_analytics(OUT, world->trips, world->owner, date)), "/total_searches", 0);
}
END_TEST

START_TEST(nobody_sees_anothers_searches)
{
    const char *id = id_of(SAVE(world->owner, "{\"query\":\"Kyoto\"}"));

    NOTE(world->owner, "{\"query\":\"Lisbon\"}");
    IS_INT(RECENT(world->stranger, 0), "/total", 0);
    IS_INT(today(world->stranger), "/total_searches", 0);
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_search_unsave(world->trips, world->stranger, id));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_search_unsave(world->trips, world->owner, NO_SUCH_ID));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_search_unsave(world->trips, world->owner, "nonsense"));
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_search_recent(OUT, world->trips, world->service, 0, 0));
    FAILS(TRIPSAGE_EFORBIDDEN,
          tripsage_search_save(OUT, world->trips, world->service, "{\"query\":\"x\"}", TRIPSAGE_NUL));
    FAILS(TRIPSAGE_EUNAUTHENTICATED,
          tripsage_search_unified(OUT, world->trips, NULL, "{\"query\":\"x\"}", TRIPSAGE_NUL, 1));
    FAILS(TRIPSAGE_EUNAUTHENTICATED, tripsage_search_bulk(OUT, world->trips, NULL, "[{}]", TRIPSAGE_NUL, 1));
    FAILS(TRIPSAGE_EUNAUTHENTICATED, tripsage_search_save(OUT, world->trips, NULL, "{}", TRIPSAGE_NUL));
    FAILS(TRIPSAGE_EUNAUTHENTICATED, tripsage_search_recent(OUT, world->trips, NULL, 0, 0));
    FAILS(TRIPSAGE_EUNAUTHENTICATED, tripsage_search_analytics(OUT, world->trips, NULL, NULL));
    FAILS(TRIPSAGE_EUNAUTHENTICATED, tripsage_search_unsave(world->trips, NULL, id));
    NOTE(world->service, "{\"query\":\"Kyoto\"}"); /* answered, and not noted */
    IS_INT(RECENT(world->owner, 0), "/total", 2);
}
END_TEST

START_TEST(they_go_with_the_account)
{
    NOT_WITH_A_PROJECT("the accounts are elsewhere");
    const char *users[] = {world_account("hard@example.org"), world_account("soft@example.org"),
                           world_account("stays@example.org")};

    for (size_t i = 0; i < 3; i++) {
        const tripsage_actor *user = world_user(users[i]);

        NOTE(user, "{\"query\":\"Kyoto\"}");
    }
    OK(tripsage_auth_admin_user_delete(world->auth, world->service, users[0], 0));
    OK(tripsage_auth_admin_user_delete(world->auth, world->service, users[1], 1));
    for (size_t i = 0; i < 3; i++) {
        const tripsage_actor *user = world_user(users[i]);

        IS_INT(RECENT(user, 0), "/total", i == 2);
        IS_INT(today(user), "/total_searches", i == 2);
    }
}
END_TEST

Suite *contract_search_unified(void)
{
    Suite *suite = suite_create("search_unified");
    TCase *tcase = test_case(suite, "search_unified");

    tcase_add_test(tcase, trips_and_destinations_alternate);
    tcase_add_test(tcase, types_filters_and_order_hold);
    tcase_add_test(tcase, a_slip_in_a_name_is_told);
    tcase_add_test(tcase, bad_requests_are_refused_by_name);
    tcase_add_test(tcase, several_searches_answer_each_for_itself);
    tcase_add_test(tcase, searches_are_noted_and_saved_once);
    tcase_add_test(tcase, what_is_kept_has_bounds);
    tcase_add_test(tcase, analytics_count_by_day_and_words);
    tcase_add_test(tcase, nobody_sees_anothers_searches);
    tcase_add_test(tcase, they_go_with_the_account);
    return suite;
}
