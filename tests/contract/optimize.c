/* contract/optimize.c: better times for an itinerary: what may be moved and what may not, and what is better. */
#include "contract.h"

#include <string.h>

#define FLEXIBLE "\"is_flexible\":true"

static const char *fresh_trip(void)
{
    return id_of(test_trip(world->owner, "{\"destinations\":[{\"name\":\"Atlantis\"}]}"));
}

/* An item of the third of November. */
static const char *add(const char *trip, const char *title, const char *start, const char *end, const char *more)
{
    return id_of(
        test_item(world->owner, trip,
                  test_with(ITEM_JSON, test_format("{\"title\":\"%s\",\"start_time\":\"%s\",\"end_time\":\"%s\"%s%s}",
                                                   title, start, end, *more ? "," : "", more))));
}

static tripsage_doc *optimize(const char *trip, const char *settings)
{
    return OK(tripsage_itinerary_optimize(OUT, world->trips, world->owner, trip, settings));
}

/* The proposed times of the item of that title: "10:00-11:00". */
static const char *times_of(tripsage_doc *doc, const char *title)
{
    for (size_t i = 0; i < tripsage_doc_count(doc, "/optimized_itinerary/items"); i++) {
        const char *item = test_format("/optimized_itinerary/items/%zu", i);

        if (strcmp(tripsage_doc_text(doc, test_format("%s/title", item)), title) == 0)
            return test_format("%s-%s", tripsage_doc_text(doc, test_format("%s/start_time", item)),
                               tripsage_doc_text(doc, test_format("%s/end_time", item)));
    }
    return "nowhere";
}

#define IS_AT(doc, title, times) ck_assert_str_eq(times_of((doc), (title)), (times))

START_TEST(each_setting_has_its_own_best)
{
    const char *trip = fresh_trip();
    tripsage_doc *doc;

    add(trip, "Ferry", "12:00", "13:00", "");
    add(trip, "Market", "07:00", "08:00", FLEXIBLE);
    doc = optimize(trip, "time");
    IS_AT(doc, "Market", "11:00-12:00");
    IS_JSON(doc, "/optimization_score", "0.6667"); /* two hours instead of six */
    doc = optimize(trip, "convenience");
    IS_AT(doc, "Market", "09:00-10:00");
    IS_JSON(doc, "/optimization_score", "1");
    doc = optimize(trip, "cost"); /* nobody knows where anything is */
    IS_AT(doc, "Market", "07:00-08:00");
    IS_JSON(doc, "/changes", "[]");
    ck_assert_str_eq(json_of(optimize(trip, NULL)), json_of(optimize(trip, "time")));
}
END_TEST

START_TEST(the_way_is_what_costs)
{
    const char *trip = fresh_trip();
    tripsage_doc *doc;

    add(trip, "West", "09:00", "10:00", FLEXIBLE ",\"location\":{\"latitude\":35,\"longitude\":135.70}");
    add(trip, "East", "11:00", "12:00", FLEXIBLE ",\"location\":{\"latitude\":35,\"longitude\":135.76}");
    add(trip, "Middle", "14:00", "15:00", FLEXIBLE ",\"location\":{\"latitude\":35,\"longitude\":135.73}");
    doc = optimize(trip, "cost");
    IS_AT(doc, "West", "09:00-10:00");
    IS_AT(doc, "Middle", "11:00-12:00");
    IS_AT(doc, "East", "14:00-15:00");
    IS_JSON(doc, "/optimization_score", "0.3333");
    IS_COUNT(doc, "/changes", 2);
    IS_TEXT(doc, "/changes/0/title", "Middle");
    IS_TEXT(doc, "/changes/1/title", "East");
}
END_TEST

START_TEST(what_is_fixed_stays)
{
    const char *trip = fresh_trip();
    tripsage_doc *doc;

    add(trip, "Fixed", "09:00", "10:00", "");
    add(trip, "Inn", "15:00", "16:00", FLEXIBLE ",\"item_type\":\"accommodation\"");
    add(trip, "Party", "20:00", "01:00", FLEXIBLE ",\"end_date\":\"2026-11-04\"");
    add(trip, "Off", "12:00", "13:00", FLEXIBLE ",\"booking_status\":\"cancelled\"");
    add(trip, "Seen", "18:00", "19:00", FLEXIBLE ",\"booking_status\":\"completed\"");
    for (int i = 0; i < 3; i++) {
        static const char *const settings[] = {"time", "cost", "convenience"};

        doc = optimize(trip, settings[i]);
        IS_JSON(doc, "/changes", "[]");
        IS_JSON(doc, "/optimization_score", "0");
        ck_assert_str_eq(test_format("%s", tripsage_doc_value(doc, "/original_itinerary", NULL)),
                         tripsage_doc_value(doc, "/optimized_itinerary", NULL));
    }
}
END_TEST

/* What is proposed can be written with the version it was read at, and then the conflict is gone. */
START_TEST(conflicts_are_resolved)
{
    const char *trip = fresh_trip(), *item;
    tripsage_write_options options = TRIPSAGE_WRITE_OPTIONS_INIT;
    tripsage_doc *doc;

    add(trip, "Tour", "09:00", "12:00", "");
    item = add(trip, "Lunch", "11:30", "12:30", FLEXIBLE);
    doc = optimize(trip, "time");
    IS_AT(doc, "Lunch", "12:00-13:00");
    IS_TEXT(doc, "/changes/0/item_id", item);
    IS_TEXT(doc, "/changes/0/date", "2026-11-03");
    IS_TEXT(doc, "/changes/0/from/start_time", "11:30");
    IS_TEXT(doc, "/changes/0/from/end_time", "12:30");
    options.if_version = tripsage_doc_int(doc, "/changes/0/version", 0);
    OK(tripsage_item_update(OUT, world->trips, world->owner, trip, item, tripsage_doc_value(doc, "/changes/0/to", NULL),
                            TRIPSAGE_NUL, &options));
    IS_JSON(OK(tripsage_itinerary_conflicts(OUT, world->trips, world->owner, trip)), "/has_conflicts", "false");
    ck_assert_str_eq(
        test_format("%s", tripsage_doc_value(doc, "/optimized_itinerary/items/1/end_at", NULL)),
        tripsage_doc_value(OK(tripsage_itinerary_get(OUT, world->trips, world->owner, trip)), "/items/1/end_at", NULL));
    IS_JSON(optimize(trip, "time"), "/changes", "[]");
}
END_TEST

START_TEST(a_proposal_changes_nothing)
{
    const char *trip = fresh_trip(), *before;

    add(trip, "A", "09:00", "10:00", FLEXIBLE);
    add(trip, "B", "15:00", "16:00", FLEXIBLE);
    before = test_snapshot(trip);
    IS_COUNT(optimize(trip, NULL), "/changes", 1);
    ck_assert_str_eq(test_snapshot(trip), before);
}
END_TEST

START_TEST(settings_are_three_words)
{
    static const char *const wrong[] = {"", "TIME", "money", "time,cost"};
    const char *trip = fresh_trip();

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        FAILS(TRIPSAGE_EINVALID, tripsage_itinerary_optimize(OUT, world->trips, world->owner, trip, wrong[i]));
        ck_assert_str_eq(tripsage_last_error()->fields[0].pointer, "#settings");
    }
}
END_TEST

/* A year of full days: the worst the limits allow. */
START_TEST(the_largest_itinerary_is_arranged)
{
    const char *trip = id_of(test_trip(world->owner, "{\"end_date\":\"2027-10-01\"}"));
    tripsage_doc *doc;

    for (int i = 0; i < 1000; i++)
        test_item(
            world->owner, trip,
            test_format("{\"item_type\":\"activity\",\"title\":\"%d\",\"item_date\":\"2026-11-%02d\",\"start_time\":"
                        "\"%02d:00\",\"end_time\":\"%02d:20\"," FLEXIBLE ",\"location\":{\"latitude\":35,"
                        "\"longitude\":135.%d}}",
                        i, 2 + i / 40, i % 24, i % 24, i * 37 % 90 + 10));
    doc = optimize(trip, "cost");
    IS_INT(doc, "/optimized_itinerary/total_items", 1000);
    ck_assert_double_gt(tripsage_doc_number(doc, "/optimization_score", 0), 0);
}
END_TEST

Suite *contract_optimize(void)
{
    Suite *suite = suite_create("optimize");
    TCase *tcase = test_case(suite, "optimize");

    tcase_add_test(tcase, each_setting_has_its_own_best);
    tcase_add_test(tcase, the_way_is_what_costs);
    tcase_add_test(tcase, what_is_fixed_stays);
    tcase_add_test(tcase, conflicts_are_resolved);
    tcase_add_test(tcase, a_proposal_changes_nothing);
    tcase_add_test(tcase, settings_are_three_words);
    tcase_add_test(tcase, the_largest_itinerary_is_arranged);
    return suite;
}
