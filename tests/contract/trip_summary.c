/* contract/trip_summary.c: the digest of a trip is computed from what is stored, number by number. */
#include "contract.h"

#include <string.h>

static tripsage_doc *summary(const char *trip)
{
    return OK(tripsage_trip_summary(OUT, world->trips, world->owner, trip));
}

static void add(const char *trip, const char *json)
{
    test_item(world->owner, trip, json);
}

START_TEST(an_empty_trip_is_not_begun)
{
    const char *id = id_of(test_trip(world->owner, NULL));
    tripsage_doc *s = summary(id);

    IS_TEXT(s, "/trip_id", id);
    IS_TEXT(s, "/title", "Kyoto in autumn");
    IS_TEXT(s, "/date_range", "Nov 02-09, 2026");
    IS_INT(s, "/duration_days", 8);
    IS_JSON(s, "/destinations", "[\"Kyoto\"]");
    IS_TEXT(s, "/status", "planning");
    IS_NONE(s, "/budget_summary/total");
    IS_INT(s, "/budget_summary/spent", 0);
    IS_NONE(s, "/budget_summary/remaining");
    IS_INT(s, "/budget_summary/breakdown/food/spent", 0);
    IS_JSON(s, "/budget_summary/other_currencies", "[]");
    IS_INT(s, "/items_total", 0);
    IS_INT(s, "/items_booked", 0);
    IS_INT(s, "/days_planned", 0);
    IS_INT(s, "/nights_without_accommodation", 7);
    IS_JSON(s, "/has_itinerary", "false");
    IS_INT(s, "/conflicts", 0);
    IS_INT(s, "/completion_percentage", 0);
}
END_TEST

#define WITH_BUDGET                                                                                                    \
    "{\"budget\":{\"total\":100000,\"currency\":\"EUR\",\"breakdown\":{\"accommodation\":50000,\"food\":20000}}}"

START_TEST(adds_up_what_was_spent)
{
    const char *id = id_of(test_trip(world->owner, WITH_BUDGET));
    tripsage_doc *s;

    add(id, TRIPSAGE_JSON({"item_type" : "accommodation", "title" : "Ryokan", "item_date" : "2026-11-02", "end_date" : "2026-11-05", "cost" : 30000}));
    add(id, TRIPSAGE_JSON({"item_type" : "meal", "title" : "Soba", "item_date" : "2026-11-03", "cost" : 1500}));
    add(id, TRIPSAGE_JSON({"item_type" : "meal", "title" : "Kaiseki", "item_date" : "2026-11-04", "cost" : 8500, "currency" : "EUR"}));
    add(id, TRIPSAGE_JSON({"item_type" : "meal", "title" : "Called off", "item_date" : "2026-11-04", "cost" : 9999, "booking_status" : "cancelled"}));
    add(id, TRIPSAGE_JSON({"item_type" : "transport", "title" : "Flight", "item_date" : "2026-11-02", "cost" : 70000, "currency" : "JPY"}));
    add(id, TRIPSAGE_JSON({"item_type" : "meal", "title" : "Ramen", "item_date" : "2026-11-05", "cost" : 1200, "currency" : "JPY"}));
    add(id, TRIPSAGE_JSON({"item_type" : "activity", "title" : "Museum", "item_date" : "2026-11-05", "cost" : 2000, "category" : "miscellaneous"}));
    s = summary(id);
    IS_INT(s, "/budget_summary/total", 100000);
    IS_TEXT(s, "/budget_summary/currency", "EUR");
    IS_INT(s, "/budget_summary/spent", 42000);
    IS_INT(s, "/budget_summary/remaining", 58000);
    ck_assert_double_eq_tol(tripsage_doc_number(s, "/budget_summary/utilization_percent", -1), 42.0, 0.05);
    IS_INT(s, "/budget_summary/breakdown/accommodation/budget", 50000);
    IS_INT(s, "/budget_summary/breakdown/accommodation/spent", 30000);
    IS_INT(s, "/budget_summary/breakdown/food/budget", 20000);
    IS_INT(s, "/budget_summary/breakdown/food/spent", 10000);
    IS_INT(s, "/budget_summary/breakdown/transportation/spent", 0);
    IS_INT(s, "/budget_summary/breakdown/activities/spent", 0);
    IS_INT(s, "/budget_summary/breakdown/miscellaneous/spent", 2000);
    IS_JSON(s, "/budget_summary/other_currencies", "[{\"currency\":\"JPY\",\"spent\":71200}]");
}
END_TEST

START_TEST(spending_over_the_budget_shows)
{
    const char *id = id_of(test_trip(world->owner, "{\"budget\":{\"total\":1000,\"currency\":\"EUR\"}}"));

    add(id, TRIPSAGE_JSON({"item_type" : "meal", "title" : "Feast", "item_date" : "2026-11-03", "cost" : 1500}));
    IS_INT(summary(id), "/budget_summary/spent", 1500);
    IS_INT(summary(id), "/budget_summary/remaining", -500);
    ck_assert_double_eq_tol(tripsage_doc_number(summary(id), "/budget_summary/utilization_percent", -1), 150.0, 0.05);
}
END_TEST

START_TEST(counts_items_days_and_nights)
{
    const char *id = id_of(test_trip(world->owner, NULL));
    tripsage_doc *s;

    add(id, TRIPSAGE_JSON({"item_type" : "activity", "title" : "a", "item_date" : "2026-11-03"}));
    add(id, TRIPSAGE_JSON({"item_type" : "activity", "title" : "b", "item_date" : "2026-11-03"}));
    add(id, TRIPSAGE_JSON({"item_type" : "meal", "title" : "c", "item_date" : "2026-11-05"}));
    s = summary(id);
    IS_INT(s, "/days_planned", 2);
    IS_INT(s, "/items_total", 3);
    IS_INT(s, "/items_booked", 0);
    IS_INT(s, "/nights_without_accommodation", 7);
    IS_JSON(s, "/has_itinerary", "true");
    add(id, TRIPSAGE_JSON({"item_type" : "accommodation", "title" : "d", "item_date" : "2026-11-02", "end_date" : "2026-11-05", "booking_status" : "booked"}));
    add(id, TRIPSAGE_JSON({"item_type" : "accommodation", "title" : "e", "item_date" : "2026-11-08", "end_date" : "2026-11-09", "booking_status" : "cancelled"}));
    s = summary(id);
    IS_INT(s, "/nights_without_accommodation", 4);
    IS_INT(s, "/items_booked", 1);
}
END_TEST

START_TEST(counts_conflicts)
{
    const char *id = id_of(test_trip(world->owner, NULL));

    add(id, TRIPSAGE_JSON({"item_type" : "activity", "title" : "a", "item_date" : "2026-11-03", "start_time" : "10:00", "end_time" : "12:00"}));
    add(id, TRIPSAGE_JSON({"item_type" : "activity", "title" : "b", "item_date" : "2026-11-03", "start_time" : "11:00", "end_time" : "13:00"}));
    add(id, TRIPSAGE_JSON({"item_type" : "activity", "title" : "c", "item_date" : "2026-11-20"}));
    IS_INT(summary(id), "/conflicts", 2);
}
END_TEST

/* Everything that applies is done: a day planned, a night with a booked bed. */
START_TEST(a_finished_plan_is_complete)
{
    const char *id = id_of(test_trip(world->owner, "{\"end_date\":\"2026-11-03\"}"));

    add(id, TRIPSAGE_JSON({"item_type" : "accommodation", "title" : "Ryokan", "item_date" : "2026-11-02", "end_date" : "2026-11-03", "booking_status" : "booked"}));
    add(id, TRIPSAGE_JSON({"item_type" : "activity", "title" : "Walk", "item_date" : "2026-11-02", "booking_status" : "booked"}));
    add(id, TRIPSAGE_JSON({"item_type" : "activity", "title" : "Walk back", "item_date" : "2026-11-03", "booking_status" : "booked"}));
    IS_INT(summary(id), "/completion_percentage", 100);
    IS_INT(summary(id), "/nights_without_accommodation", 0);
}
END_TEST

START_TEST(a_day_without_a_night_has_no_beds_to_miss)
{
    const char *id = id_of(test_trip(world->owner, "{\"end_date\":\"2026-11-02\"}"));

    IS_INT(summary(id), "/nights_without_accommodation", 0);
    IS_INT(summary(id), "/completion_percentage", 0);
    add(id, TRIPSAGE_JSON({"item_type" : "activity", "title" : "Walk", "item_date" : "2026-11-02", "booking_status" : "booked"}));
    IS_INT(summary(id), "/completion_percentage", 100);
}
END_TEST

START_TEST(says_the_dates_as_people_do)
{
    IS_TEXT(summary(id_of(test_trip(world->owner, "{\"start_date\":\"2026-06-01\",\"end_date\":\"2026-06-15\"}"))),
            "/date_range", "Jun 01-15, 2026");
}
END_TEST

/* Three days, two nights. Planned: the first day by a stay that lies on it and on the second, which is its last; so two of three days. One
 * night of two. Of three things that need a booking one has it. */
START_TEST(completion_is_the_mean_of_its_parts)
{
    const char *id = id_of(test_trip(world->owner, "{\"end_date\":\"2026-11-04\"}"));

    add(id, "{\"item_type\":\"accommodation\",\"title\":\"Inn\",\"item_date\":\"2026-11-02\",\"end_date\":\"2026-11-"
            "03\",\"booking_status\":\"booked\"}");
    add(id,
        "{\"item_type\":\"transport\",\"title\":\"Bus\",\"item_date\":\"2026-11-03\",\"booking_status\":\"reserved\"}");
    add(id, "{\"item_type\":\"event\",\"title\":\"Match\",\"item_date\":\"2026-11-03\"}");
    add(id,
        "{\"item_type\":\"activity\",\"title\":\"Walk\",\"item_date\":\"2026-11-03\",\"booking_status\":\"booked\"}");
    IS_INT(summary(id), "/days_planned", 2);
    IS_INT(summary(id), "/nights_without_accommodation", 1);
    /* (2/3 + 1/2 + 1/3) / 3 */
    IS_INT(summary(id), "/completion_percentage", 50);
}
END_TEST

START_TEST(a_night_on_the_road_needs_no_bed)
{
    const char *id = id_of(test_trip(world->owner, "{\"end_date\":\"2026-11-04\"}"));

    IS_INT(summary(id), "/nights_without_accommodation", 2);
    add(id,
        "{\"item_type\":\"transport\",\"title\":\"Night train\",\"item_date\":\"2026-11-02\",\"start_time\":\"21:00\","
        "\"end_date\":\"2026-11-03\",\"end_time\":\"07:00\"}");
    IS_INT(summary(id), "/nights_without_accommodation", 1);
}
END_TEST

START_TEST(without_a_budget_every_currency_is_listed)
{
    const char *id = id_of(test_trip(world->owner, NULL));
    tripsage_doc *s;

    add(id, "{\"item_type\":\"meal\",\"title\":\"a\",\"item_date\":\"2026-11-03\",\"cost\":5,\"currency\":\"JPY\"}");
    add(id, "{\"item_type\":\"meal\",\"title\":\"b\",\"item_date\":\"2026-11-03\",\"cost\":7,\"currency\":\"EUR\"}");
    s = summary(id);
    IS_NONE(s, "/budget_summary/total");
    IS_COUNT(s, "/budget_summary/other_currencies", 2);
    ck_assert_ptr_nonnull(strstr(json_of(s), "{\"currency\":\"JPY\",\"spent\":5}"));
    ck_assert_ptr_nonnull(strstr(json_of(s), "{\"currency\":\"EUR\",\"spent\":7}"));
}
END_TEST

Suite *contract_trip_summary(void)
{
    Suite *suite = suite_create("trip_summary");
    TCase *tcase = test_case(suite, "trip_summary");

    tcase_add_test(tcase, an_empty_trip_is_not_begun);
    tcase_add_test(tcase, adds_up_what_was_spent);
    tcase_add_test(tcase, spending_over_the_budget_shows);
    tcase_add_test(tcase, counts_items_days_and_nights);
    tcase_add_test(tcase, counts_conflicts);
    tcase_add_test(tcase, a_finished_plan_is_complete);
    tcase_add_test(tcase, a_day_without_a_night_has_no_beds_to_miss);
    tcase_add_test(tcase, says_the_dates_as_people_do);
    tcase_add_test(tcase, completion_is_the_mean_of_its_parts);
    tcase_add_test(tcase, a_night_on_the_road_needs_no_bed);
    tcase_add_test(tcase, without_a_budget_every_currency_is_listed);
    return suite;
}
