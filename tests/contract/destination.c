/* contract/destination.c: the catalogue, search in it, suggestions, and what a traveller keeps of it. */
#include "contract.h"

#include <math.h>
#include <string.h>
#include <strings.h>

static tripsage_destination_query query(void)
{
    tripsage_destination_query q = TRIPSAGE_DESTINATION_QUERY_INIT;

    return q;
}

static tripsage_doc *find(const tripsage_destination_query *q)
{
    return OK(tripsage_destination_search(OUT, world->trips, world->owner, q));
}

START_TEST(one_by_its_id)
{
    tripsage_doc *kyoto = OK(tripsage_destination_get(OUT, world->trips, world->stranger, "kyoto-jp"));

    SAME_TEXT(
        test_members(json_of(kyoto), ""),
        "id,name,country,country_code,continent,coordinates,timezone,currency,tags,best_months,daily_cost,description");
    IS_TEXT(kyoto, "/id", "kyoto-jp");
    IS_TEXT(kyoto, "/name", "Kyoto");
    IS_TEXT(kyoto, "/country_code", "JP");
    IS_TEXT(kyoto, "/timezone", "Asia/Tokyo");
    IS_TEXT(kyoto, "/currency", "JPY");
    IS_TEXT(kyoto, "/daily_cost/currency", "USD");
    ck_assert_int_gt((int)tripsage_doc_int(kyoto, "/daily_cost/amount", 0), 0);
    ck_assert_double_eq_tol(tripsage_doc_number(kyoto, "/coordinates/latitude", 0), 35.0, 0.1);
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_destination_get(OUT, world->trips, world->owner, "atlantis"));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_destination_get(OUT, world->trips, world->owner, ""));
}
END_TEST

START_TEST(everybody_but_nobody_reads_it)
{
    tripsage_destination_query q = query();

    OK(tripsage_destination_get(OUT, world->trips, world->service, "kyoto-jp"));
    FAILS(TRIPSAGE_EUNAUTHENTICATED, tripsage_destination_get(OUT, world->trips, NULL, "kyoto-jp"));
    FAILS(TRIPSAGE_EUNAUTHENTICATED, tripsage_destination_search(OUT, world->trips, NULL, &q));
    FAILS(TRIPSAGE_EUNAUTHENTICATED, tripsage_destination_complete(OUT, world->trips, NULL, "ky", 0));
    FAILS(TRIPSAGE_EUNAUTHENTICATED, tripsage_suggest(OUT, world->trips, NULL, NULL));
    FAILS(TRIPSAGE_EUNAUTHENTICATED, tripsage_destination_saved(OUT, world->trips, NULL));
    FAILS(TRIPSAGE_EUNAUTHENTICATED, tripsage_destination_unsave(world->trips, NULL, "kyoto-jp"));
    FAILS(TRIPSAGE_EUNAUTHENTICATED,
          tripsage_destination_save(OUT, world->trips, NULL, "{\"destination_id\":\"kyoto-jp\"}", TRIPSAGE_NUL));
}
END_TEST

START_TEST(finds_by_name_and_by_meaning)
{
    tripsage_destination_query q = query();
    tripsage_doc *found;

    q.text = "Kyoto";
    found = find(&q);
    IS_TEXT(found, "/items/0/id", "kyoto-jp");
    IS_TEXT(found, "/method", "hybrid");
    ck_assert_ptr_nonnull(strstr(test_json_at(json_of(found), "/items/0/matched"), "\"text\""));
    q.text = "somewhere warm to snorkel over coral reefs";
    found = find(&q);
    IS_COUNT(found, "/items", 10);
    ck_assert_ptr_nonnull(strstr(json_of(found), "\"meaning\""));
    for (size_t i = 1; i < 10; i++)
        ck_assert(tripsage_doc_number(found, test_format("/items/%zu/score", i - 1), -1) >=
                  tripsage_doc_number(found, test_format("/items/%zu/score", i), 2));
}
END_TEST

START_TEST(without_text_it_goes_by_name)
{
    tripsage_destination_query q = query();
    tripsage_doc *found;

    q.limit = 50;
    found = find(&q);
    IS_COUNT(found, "/items", 50);
    IS_TEXT(found, "/method", "filter");
    ck_assert_int_gt((int)tripsage_doc_int(found, "/total_results", 0), 50);
    for (size_t i = 1; i < 50; i++) {
        const char *before = test_format("%s", tripsage_doc_text(found, test_format("/items/%zu/name", i - 1)));
        const char *here = tripsage_doc_text(found, test_format("/items/%zu/name", i));
        /* As people sort: without regard to case and accents, so that only plain first letters can be compared here. */
        if ((before[0] & 0x80) == 0 && (here[0] & 0x80) == 0)
            ck_assert_msg(strncasecmp(before, here, 1) <= 0, "%s before %s", before, here);
    }
}
END_TEST

START_TEST(filters_hold_for_every_answer)
{
    static const char *const tags[] = {"food", "culture"};
    tripsage_destination_query q = query();
    tripsage_doc *found;

    q.limit = 50;
    q.continent = "Asia";
    q.tags = tags;
    q.tag_count = 2;
    q.month = 4;
    q.max_daily_cost = 12000;
    for (int with_text = 0; with_text < 2; with_text++) {
        q.text = with_text ? "old temples and gardens" : NULL;
        found = find(&q);
        ck_assert_uint_gt(tripsage_doc_count(found, "/items"), 0);
        for (size_t i = 0; i < tripsage_doc_count(found, "/items"); i++) {
            const char *item = test_json_at(json_of(found), test_format("/items/%zu", i));
            ck_assert_msg(strstr(item, "\"continent\":\"Asia\"") && strstr(item, "\"food\"") &&
                              strstr(item, "\"culture\""),
                          "%s", item);
            ck_assert_int_le((int)tripsage_doc_int(found, test_format("/items/%zu/daily_cost/amount", i), 1 << 30),
                             12000);
            ck_assert_msg(strstr(test_json_at(item, "/best_months"), "4") != NULL, "%s", item);
        }
    }
    q = query();
    q.country_code = "JP";
    q.limit = 50;
    found = find(&q);
    for (size_t i = 0; i < tripsage_doc_count(found, "/items"); i++)
        IS_TEXT(found, test_format("/items/%zu/country_code", i), "JP");
    q.max_daily_cost = 1;
    IS_COUNT(find(&q), "/items", 0);
}
END_TEST

START_TEST(near_means_near)
{
    tripsage_destination_query q = query();
    tripsage_doc *found;
    double before = -1;

    q.has_near = 1;
    q.latitude = 35.0116;
    q.longitude = 135.7681;
    q.radius_km = 600;
    q.limit = 50;
    found = find(&q);
    IS_TEXT(found, "/items/0/id", "kyoto-jp");
    for (size_t i = 0; i < tripsage_doc_count(found, "/items"); i++) {
        double distance = tripsage_doc_number(found, test_format("/items/%zu/distance_km", i), -2);
        ck_assert_msg(distance >= before && distance <= 600, "%f after %f", distance, before);
        before = distance;
    }
    /* Over the date line: Fiji, from a point on the other side of it. */
    q.latitude = -17.7;
    q.longitude = -179.9;
    q.radius_km = 500;
    ck_assert_uint_gt(tripsage_doc_count(find(&q), "/items"), 0);
}
END_TEST

START_TEST(refuses_bad_queries)
{
    static const struct {
        const char *pointer;
        tripsage_destination_query q;
    } rows[] = {
        {"#limit", {.version = 1, .limit = 51}},
        {"#continent", {.version = 1, .continent = "Atlantis"}},
        {"#month", {.version = 1, .month = 13}},
        {"#month", {.version = 1, .month = -1}},
        {"#max_daily_cost", {.version = 1, .max_daily_cost = -1}},
        {"#latitude", {.version = 1, .has_near = 1, .latitude = 91, .radius_km = 10}},
        {"#longitude", {.version = 1, .has_near = 1, .longitude = 181, .radius_km = 10}},
        {"#radius_km", {.version = 1, .has_near = 1, .radius_km = -1}},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        FAILS_AT(TRIPSAGE_EINVALID, tripsage_destination_search(OUT, world->trips, world->owner, &rows[i].q),
                 rows[i].pointer);
}
END_TEST

START_TEST(completes_what_was_typed)
{
    tripsage_doc *found = OK(tripsage_destination_complete(OUT, world->trips, world->owner, "kyo", 0));

    IS_TEXT(found, "/items/0/id", "kyoto-jp");
    IS_TEXT(found, "/items/0/name", "Kyoto");
    IS_TEXT(found, "/items/0/country", "Japan");
    SAME_TEXT(test_members(json_of(found), "/items/0"), "id,name,country");
    IS_COUNT(OK(tripsage_destination_complete(OUT, world->trips, world->owner, "s", 5)), "/items", 5);
    IS_COUNT(OK(tripsage_destination_complete(OUT, world->trips, world->owner, "zzzzq", 5)), "/items", 0);
    OK(tripsage_destination_complete(OUT, world->trips, world->owner, "", 5));
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_destination_complete(OUT, world->trips, world->owner, "s", 51), "#limit");
}
END_TEST

START_TEST(suggests_what_fits)
{
    tripsage_suggest_options options = TRIPSAGE_SUGGEST_OPTIONS_INIT;
    tripsage_doc *found = OK(tripsage_suggest(OUT, world->trips, world->owner, NULL));

    IS_COUNT(found, "/items", 20);
    options.limit = 8;
    options.budget_max = 70000;
    options.days = 5;
    options.month = 7;
    options.category = "beach";
    options.interests = "snorkelling and quiet sand";
    found = OK(tripsage_suggest(OUT, world->trips, world->owner, &options));
    ck_assert_uint_gt(tripsage_doc_count(found, "/items"), 0);
    ck_assert_uint_le(tripsage_doc_count(found, "/items"), 8);
    for (size_t i = 0; i < tripsage_doc_count(found, "/items"); i++) {
        double score = tripsage_doc_number(found, test_format("/items/%zu/relevance_score", i), -1);
        IS_TEXT(found, test_format("/items/%zu/category", i), "beach");
        IS_INT(found, test_format("/items/%zu/duration", i), 5);
        IS_TEXT(found, test_format("/items/%zu/currency", i), "USD");
        ck_assert_int_le((int)tripsage_doc_int(found, test_format("/items/%zu/estimated_price", i), 1 << 30), 70000);
        ck_assert(score >= 0 && score <= 1);
        ck_assert(i == 0 || tripsage_doc_number(found, test_format("/items/%zu/relevance_score", i - 1), -1) >= score);
        ck_assert_uint_gt(tripsage_doc_count(found, test_format("/items/%zu/reasons", i)), 0);
    }
}
END_TEST

START_TEST(leaves_out_where_one_goes_already)
{
    tripsage_suggest_options options = TRIPSAGE_SUGGEST_OPTIONS_INIT;

    options.limit = 100;
    options.interests = "temples, gardens and tea in Kyoto";
    ck_assert_ptr_nonnull(
        strstr(json_of(OK(tripsage_suggest(OUT, world->trips, world->owner, &options))), "\"kyoto-jp\""));
    test_trip(world->owner, NULL);
    ck_assert_ptr_null(
        strstr(json_of(OK(tripsage_suggest(OUT, world->trips, world->owner, &options))), "\"kyoto-jp\""));
    ck_assert_ptr_nonnull(
        strstr(json_of(OK(tripsage_suggest(OUT, world->trips, world->stranger, &options))), "\"kyoto-jp\""));
}
END_TEST

START_TEST(refuses_bad_wishes)
{
    static const struct {
        const char *pointer;
        tripsage_suggest_options options;
    } rows[] = {
        {"#limit", {.version = 1, .limit = 101}},          {"#month", {.version = 1, .month = 13}},
        {"#category", {.version = 1, .category = "war"}},  {"#days", {.version = 1, .days = -1}},
        {"#budget_max", {.version = 1, .budget_max = -1}},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        FAILS_AT(TRIPSAGE_EINVALID, tripsage_suggest(OUT, world->trips, world->owner, &rows[i].options),
                 rows[i].pointer);
}
END_TEST

/* ---- saved destinations ---- */

static tripsage_status save(tripsage_doc **out, const tripsage_actor *actor, const char *json)
{
    return tripsage_destination_save(out, world->trips, actor, json, TRIPSAGE_NUL);
}

START_TEST(keeps_a_place)
{
    const char *trip = id_of(test_trip(world->owner, NULL));
    tripsage_doc *saved =
        OK(save(OUT, world->owner,
                test_format("{\"destination_id\":\"kyoto-jp\",\"trip_id\":\"%s\",\"notes\":\"Go in May\","
                            "\"priority\":5,\"planned_visit_date\":\"2027-05-01\",\"duration_days\":4}",
                            trip)));
    tripsage_doc *list;

    IS_TEXT(saved, "/user_id", OWNER_ID);
    IS_TEXT(saved, "/destination/id", "kyoto-jp");
    IS_TEXT(saved, "/destination/name", "Kyoto");
    IS_TEXT(saved, "/trip_id", trip);
    IS_TEXT(saved, "/notes", "Go in May");
    IS_INT(saved, "/priority", 5);
    IS_TEXT(saved, "/planned_visit_date", "2027-05-01");
    IS_INT(saved, "/duration_days", 4);
    IS_TEXT(saved, "/saved_at", "2026-03-01T12:00:00.000Z");
    IS_INT(OK(save(OUT, world->owner, "{\"destination_id\":\"lisbon-pt\"}")), "/priority", 3);
    list = OK(tripsage_destination_saved(OUT, world->trips, world->owner));
    IS_INT(list, "/total", 2);
    SAME_TEXT(test_json_at(json_of(list), "/items/0"), test_json_at(json_of(saved), ""));
    IS_TEXT(list, "/items/1/destination/id", "lisbon-pt");
    IS_INT(OK(tripsage_destination_saved(OUT, world->trips, world->stranger)), "/total", 0);
}
END_TEST

START_TEST(saving_again_replaces)
{
    OK(save(OUT, world->owner, "{\"destination_id\":\"kyoto-jp\",\"notes\":\"one\",\"priority\":5}"));
    OK(save(OUT, world->owner, "{\"destination_id\":\"kyoto-jp\",\"priority\":1}"));
    IS_INT(OK(tripsage_destination_saved(OUT, world->trips, world->owner)), "/total", 1);
    IS_INT(OK(tripsage_destination_saved(OUT, world->trips, world->owner)), "/items/0/priority", 1);
    IS_NONE(OK(tripsage_destination_saved(OUT, world->trips, world->owner)), "/items/0/notes");
}
END_TEST

START_TEST(lets_go_of_a_place)
{
    OK(save(OUT, world->owner, "{\"destination_id\":\"kyoto-jp\"}"));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_destination_unsave(world->trips, world->stranger, "kyoto-jp"));
    OK(tripsage_destination_unsave(world->trips, world->owner, "kyoto-jp"));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_destination_unsave(world->trips, world->owner, "kyoto-jp"));
    IS_INT(OK(tripsage_destination_saved(OUT, world->trips, world->owner)), "/total", 0);
}
END_TEST

START_TEST(refuses_a_bad_place)
{
    const char *theirs = id_of(test_trip(world->stranger, NULL));
    const char *hidden;

    FAILS_AT(TRIPSAGE_EINVALID, save(OUT, world->owner, "{}"), "/destination_id");
    FAILS_AT(TRIPSAGE_EINVALID,
             save(OUT, world->owner,
                  "{\"destination_id\":\"kyoto-jp\",\"priority\":6,\"duration_days\":0,\"planned_visit_date\":\"x\","
                  "\"y\":1}"),
             "/priority", "/duration_days", "/planned_visit_date", "/y");
    FAILS_AT(TRIPSAGE_EINVALID, save(OUT, world->owner, "{\"destination_id\":\"kyoto-jp\",\"duration_days\":366}"),
             "/duration_days");
    FAILS_AT(TRIPSAGE_EINVALID,
             save(OUT, world->owner,
                  test_format("{\"destination_id\":\"kyoto-jp\",\"notes\":\"%s\"}", test_repeat("x", 2001))),
             "/notes");
    FAILS(TRIPSAGE_EMALFORMED, save(OUT, world->owner, "{"));
    FAILS_AT(TRIPSAGE_EINVALID, save(OUT, world->owner, "{\"destination_id\":\"atlantis\"}"), "/destination_id");
    /* A trip that one may not see is told of as one that does not exist. */
    FAILS_AT(TRIPSAGE_EINVALID,
             save(OUT, world->owner, test_format("{\"destination_id\":\"kyoto-jp\",\"trip_id\":\"%s\"}", theirs)),
             "/trip_id");
    hidden = test_error_text();
    FAILS_AT(TRIPSAGE_EINVALID,
             save(OUT, world->owner, "{\"destination_id\":\"kyoto-jp\",\"trip_id\":\"" NO_SUCH_ID "\"}"), "/trip_id");
    SAME_TEXT(test_error_text(), hidden);
    IS_INT(OK(tripsage_destination_saved(OUT, world->trips, world->owner)), "/total", 0);
}
END_TEST

START_TEST(completes_without_regard_to_accents_and_by_any_word)
{
    tripsage_doc *found = OK(tripsage_destination_complete(OUT, world->trips, world->owner, "BANO", 5));
    const char *json;

    IS_TEXT(found, "/items/0/name", "Ba\xc3\xb1os");
    json = json_of(OK(tripsage_destination_complete(OUT, world->trips, world->owner, "janeiro", 5)));
    ck_assert_msg(strstr(json, "Rio de Janeiro") != NULL, "%s", json);
}
END_TEST

START_TEST(finds_a_name_with_a_slip_in_it)
{
    tripsage_destination_query q = query();

    q.text = "Barcelnoa";
    IS_TEXT(find(&q), "/items/0/name", "Barcelona");
}
END_TEST

START_TEST(any_text_is_a_query)
{
    static const char *const texts[] = {"",    " ", "\"", "AND", "kyoto OR",     "NEAR(", "*",
                                        "a*b", "-", "'",  "%",   "\xe6\x97\x85", "..."};
    static const char *const many[17] = {"a", "b", "c", "d", "e", "f", "g", "h", "i",
                                         "j", "k", "l", "m", "n", "o", "p", "q"};
    tripsage_destination_query q = query();

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        q.text = texts[i];
        find(&q);
    }
    q.text = test_repeat("x", 500);
    find(&q);
    q.text = test_repeat("x", 501);
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_destination_search(OUT, world->trips, world->owner, &q), "#text");
    q.text = "\xff";
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_destination_search(OUT, world->trips, world->owner, &q), "#text");
    q = query();
    q.tags = many;
    q.tag_count = 17;
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_destination_search(OUT, world->trips, world->owner, &q), "#tags");
}
END_TEST

START_TEST(a_place_may_belong_to_a_trip_one_may_read)
{
    const char *open = id_of(test_trip(world->stranger, "{\"visibility\":\"public\"}"));

    OK(save(OUT, world->owner, test_format("{\"destination_id\":\"kyoto-jp\",\"trip_id\":\"%s\"}", open)));
    FAILS(TRIPSAGE_EFORBIDDEN, save(OUT, world->service, "{\"destination_id\":\"kyoto-jp\"}"));
}
END_TEST

Suite *contract_destination(void)
{
    Suite *suite = suite_create("destination");
    TCase *tcase = test_case(suite, "destination");

    tcase_add_test(tcase, one_by_its_id);
    tcase_add_test(tcase, everybody_but_nobody_reads_it);
    tcase_add_test(tcase, finds_by_name_and_by_meaning);
    tcase_add_test(tcase, without_text_it_goes_by_name);
    tcase_add_test(tcase, filters_hold_for_every_answer);
    tcase_add_test(tcase, near_means_near);
    tcase_add_test(tcase, refuses_bad_queries);
    tcase_add_test(tcase, completes_what_was_typed);
    tcase_add_test(tcase, suggests_what_fits);
    tcase_add_test(tcase, leaves_out_where_one_goes_already);
    tcase_add_test(tcase, refuses_bad_wishes);
    tcase_add_test(tcase, keeps_a_place);
    tcase_add_test(tcase, saving_again_replaces);
    tcase_add_test(tcase, lets_go_of_a_place);
    tcase_add_test(tcase, refuses_a_bad_place);
    tcase_add_test(tcase, completes_without_regard_to_accents_and_by_any_word);
    tcase_add_test(tcase, finds_a_name_with_a_slip_in_it);
    tcase_add_test(tcase, any_text_is_a_query);
    tcase_add_test(tcase, a_place_may_belong_to_a_trip_one_may_read);
    return suite;
}
