/* contract/conflict.c: which parts of an itinerary stand in each other's way. */
#include "contract.h"

#include <string.h>

static tripsage_doc *conflicts(const char *trip)
{
    return OK(tripsage_itinerary_conflicts(OUT, world->trips, world->owner, trip));
}

static const char *fresh_trip(void)
{
    return id_of(test_trip(world->owner, "{\"destinations\":[{\"name\":\"Atlantis\"}]}"));
}

static void add(const char *trip, const char *changes)
{
    test_item(world->owner, trip, test_with(ITEM_JSON, changes));
}

/* Two items, and how many conflicts they make. */
typedef struct pair {
    const char *what;
    const char *a, *b;
    size_t count;
} pair;

static const pair pairs[] = {
    {"one after the other", "{\"start_time\":\"09:00\",\"end_time\":\"10:00\"}",
     "{\"start_time\":\"11:00\",\"end_time\":\"12:00\"}", 0},
    {"one ends as the other begins", "{\"start_time\":\"09:00\",\"end_time\":\"10:00\"}",
     "{\"start_time\":\"10:00\",\"end_time\":\"11:00\"}", 0},
    {"a minute in common", "{\"start_time\":\"09:00\",\"end_time\":\"10:01\"}",
     "{\"start_time\":\"10:00\",\"end_time\":\"11:00\"}", 1},
    {"one inside the other", "{\"start_time\":\"09:00\",\"end_time\":\"18:00\"}",
     "{\"start_time\":\"10:00\",\"end_time\":\"11:00\"}", 1},
    {"the same times", "{\"start_time\":\"09:00\",\"end_time\":\"10:00\"}",
     "{\"start_time\":\"09:00\",\"end_time\":\"10:00\"}", 1},
    {"the same clock on other days", "{\"start_time\":\"09:00\",\"end_time\":\"10:00\"}",
     "{\"item_date\":\"2026-11-04\",\"start_time\":\"09:00\",\"end_time\":\"10:00\"}", 0},
    {"over midnight", "{\"start_time\":\"22:00\",\"end_date\":\"2026-11-04\",\"end_time\":\"02:00\"}",
     "{\"item_date\":\"2026-11-04\",\"start_time\":\"01:00\",\"end_time\":\"03:00\"}", 1},
    {"over several days", "{\"start_time\":\"09:00\",\"end_date\":\"2026-11-06\",\"end_time\":\"09:00\"}",
     "{\"item_date\":\"2026-11-05\",\"start_time\":\"01:00\",\"end_time\":\"03:00\"}", 1},
    {"the same clock in other zones", "{\"start_time\":\"09:00\",\"end_time\":\"10:00\",\"timezone\":\"Asia/Tokyo\"}",
     "{\"start_time\":\"09:00\",\"end_time\":\"10:00\",\"timezone\":\"Europe/Paris\"}", 0},
    {"another clock, the same instant", "{\"start_time\":\"17:00\",\"end_time\":\"18:00\",\"timezone\":\"Asia/Tokyo\"}",
     "{\"start_time\":\"09:30\",\"end_time\":\"10:00\",\"timezone\":\"Europe/Paris\"}", 1},
    {"another day, the same instant",
     "{\"item_date\":\"2026-11-04\",\"start_time\":\"05:00\",\"end_time\":\"06:00\",\"timezone\":\"Asia/Tokyo\"}",
     "{\"start_time\":\"15:30\",\"end_time\":\"16:00\",\"timezone\":\"America/New_York\"}", 1},
    {"a moment inside", "{\"start_time\":\"09:00\",\"end_time\":\"11:00\"}", "{\"start_time\":\"10:00\"}", 1},
    {"a moment at the beginning", "{\"start_time\":\"09:00\",\"end_time\":\"11:00\"}", "{\"start_time\":\"09:00\"}", 1},
    {"a moment at the end", "{\"start_time\":\"09:00\",\"end_time\":\"11:00\"}", "{\"start_time\":\"11:00\"}", 0},
    {"two moments at once", "{\"start_time\":\"09:00\"}", "{\"start_time\":\"09:00\"}", 1},
    {"two moments", "{\"start_time\":\"09:00\"}", "{\"start_time\":\"09:01\"}", 0},
    {"one without a time", "{\"start_time\":\"09:00\",\"end_time\":\"11:00\"}", "{}", 0},
    {"both without a time", "{}", "{}", 0},
    {"one is cancelled", "{\"start_time\":\"09:00\",\"end_time\":\"11:00\"}",
     "{\"start_time\":\"09:00\",\"end_time\":\"11:00\",\"booking_status\":\"cancelled\"}", 0},
    {"a stay and what is done during it",
     "{\"item_type\":\"accommodation\",\"start_time\":\"15:00\",\"end_date\":\"2026-11-06\",\"end_time\":\"10:00\"}",
     "{\"item_date\":\"2026-11-04\",\"start_time\":\"09:00\",\"end_time\":\"11:00\"}", 0},
    {"two stays in the same nights",
     "{\"item_type\":\"accommodation\",\"start_time\":\"15:00\",\"end_date\":\"2026-11-06\",\"end_time\":\"10:00\"}",
     "{\"item_type\":\"accommodation\",\"item_date\":\"2026-11-05\",\"start_time\":\"15:00\",\"end_date\":\"2026-11-"
     "07\",\"end_time\":\"10:00\"}",
     1},
    {"two stays that share the day of change",
     "{\"item_type\":\"accommodation\",\"start_time\":\"15:00\",\"end_date\":\"2026-11-05\",\"end_time\":\"11:00\"}",
     "{\"item_type\":\"accommodation\",\"item_date\":\"2026-11-05\",\"start_time\":\"09:00\",\"end_date\":\"2026-11-"
     "07\",\"end_time\":\"10:00\"}",
     0},
};

START_TEST(two_items_overlap_or_not)
{
    const pair *p = &pairs[_i];

    for (int swapped = 0; swapped < 2; swapped++) {
        const char *trip = fresh_trip();
        tripsage_doc *found;

        add(trip, swapped ? p->b : p->a);
        add(trip, swapped ? p->a : p->b);
        found = conflicts(trip);
        ck_assert_msg(tripsage_doc_count(found, "/conflicts") == p->count, "%s: wanted %zu, got %s", p->what, p->count,
                      json_of(found));
        IS_JSON(found, "/has_conflicts", p->count ? "true" : "false");
        if (p->count)
            IS_TEXT(found, "/conflicts/0/reason", "time_overlap");
    }
}
END_TEST

START_TEST(a_conflict_says_what_and_when)
{
    const char *trip = fresh_trip();
    tripsage_doc *found;

    add(trip, "{\"title\":\"Second\",\"start_time\":\"10:00\",\"end_time\":\"11:00\",\"timezone\":\"UTC\"}");
    add(trip, "{\"title\":\"First\",\"start_time\":\"09:00\",\"end_time\":\"10:30\",\"timezone\":\"UTC\"}");
    found = conflicts(trip);
    IS_COUNT(found, "/conflicts", 1);
    IS_TEXT(found, "/conflicts/0/date", "2026-11-03");
    IS_TEXT(found, "/conflicts/0/severity", "error");
    ck_assert_uint_gt(strlen(tripsage_doc_text(found, "/conflicts/0/message")), 0);
    IS_COUNT(found, "/conflicts/0/items", 2);
    IS_TEXT(found, "/conflicts/0/items/0/title", "First");
    IS_TEXT(found, "/conflicts/0/items/0/start_at", "2026-11-03T09:00:00.000Z");
    IS_TEXT(found, "/conflicts/0/items/1/title", "Second");
    IS_TEXT(found, "/conflicts/0/items/1/end_at", "2026-11-03T11:00:00.000Z");
}
END_TEST

START_TEST(flexible_items_only_warn)
{
    const char *trip = fresh_trip();

    add(trip, "{\"start_time\":\"10:00\",\"end_time\":\"11:00\",\"is_flexible\":true}");
    add(trip, "{\"start_time\":\"09:00\",\"end_time\":\"10:30\"}");
    IS_TEXT(conflicts(trip), "/conflicts/0/severity", "warning");
}
END_TEST

/* Not only neighbours: a long item overlaps with each of those inside it. */
START_TEST(every_pair_is_found)
{
    const char *trip = fresh_trip();

    add(trip, "{\"start_time\":\"08:00\",\"end_time\":\"20:00\"}");
    for (int i = 9; i < 19; i++)
        add(trip, test_format("{\"start_time\":\"%02d:00\",\"end_time\":\"%02d:30\"}", i, i));
    IS_COUNT(conflicts(trip), "/conflicts", 10);
}
END_TEST

START_TEST(days_outside_the_trip_are_told)
{
    const char *trip = fresh_trip();
    tripsage_doc *found;

    add(trip, "{\"title\":\"Before\",\"item_date\":\"2026-11-01\"}");
    add(trip, "{\"title\":\"First day\",\"item_date\":\"2026-11-02\"}");
    add(trip, "{\"title\":\"Last day\",\"item_date\":\"2026-11-09\"}");
    add(trip, "{\"title\":\"After\",\"item_date\":\"2026-11-10\",\"start_time\":\"09:00\",\"is_flexible\":true}");
    found = conflicts(trip);
    IS_COUNT(found, "/conflicts", 2);
    IS_TEXT(found, "/conflicts/0/reason", "outside_trip_dates");
    IS_TEXT(found, "/conflicts/0/items/0/title", "Before");
    IS_TEXT(found, "/conflicts/0/date", "2026-11-01");
    IS_TEXT(found, "/conflicts/0/severity", "error");
    IS_COUNT(found, "/conflicts/0/items", 1);
    IS_TEXT(found, "/conflicts/1/items/0/title", "After");
    IS_TEXT(found, "/conflicts/1/severity", "warning");
}
END_TEST

START_TEST(a_trip_without_items_has_no_conflicts)
{
    tripsage_doc *found = conflicts(fresh_trip());

    IS_JSON(found, "/has_conflicts", "false");
    IS_JSON(found, "/conflicts", "[]");
}
END_TEST

/* Changing the item solves it. */
START_TEST(a_moved_item_is_out_of_the_way)
{
    const char *trip = fresh_trip();
    const char *item =
        id_of(test_item(world->owner, trip, test_with(ITEM_JSON, "{\"start_time\":\"09:00\",\"end_time\":\"10:00\"}")));

    add(trip, "{\"start_time\":\"09:30\",\"end_time\":\"11:00\"}");
    IS_COUNT(conflicts(trip), "/conflicts", 1);
    OK(ITEM_UPDATE(world->owner, trip, item, "{\"item_date\":\"2026-11-04\",\"end_date\":\"2026-11-04\"}"));
    IS_COUNT(conflicts(trip), "/conflicts", 0);
}
END_TEST

/* A stay without times, or without an end, still has its nights. */
START_TEST(stays_are_compared_by_their_nights)
{
    static const struct {
        const char *a, *b;
        size_t count;
    } rows[] = {
        {"{\"end_date\":\"2026-11-05\"}", "{\"item_date\":\"2026-11-04\",\"end_date\":\"2026-11-06\"}", 1},
        {"{\"end_date\":\"2026-11-05\"}", "{\"item_date\":\"2026-11-05\",\"end_date\":\"2026-11-06\"}", 0},
        {"{}", "{}", 1},
        {"{}", "{\"item_date\":\"2026-11-04\"}", 0},
        {"{\"end_date\":\"2026-11-05\",\"booking_status\":\"cancelled\"}", "{\"end_date\":\"2026-11-05\"}", 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *trip = fresh_trip();

        add(trip, test_with(rows[i].a, "{\"item_type\":\"accommodation\"}"));
        add(trip, test_with(rows[i].b, "{\"item_type\":\"accommodation\"}"));
        IS_COUNT(conflicts(trip), "/conflicts", rows[i].count);
    }
}
END_TEST

START_TEST(the_list_goes_by_date_and_ends)
{
    const char *trip = fresh_trip();
    tripsage_doc *found;
    const char *last = "";

    for (int i = 0; i < 33; i++) /* 33 * 32 / 2 = 528 pairs */
        add(trip, test_format("{\"item_date\":\"2026-11-%02d\",\"start_time\":\"%02d:00\",\"end_date\":\"2026-11-08\","
                              "\"end_time\":\"12:00\"}",
                              2 + i % 5, i % 24));
    found = conflicts(trip);
    IS_COUNT(found, "/conflicts", 500);
    IS_JSON(found, "/truncated", "true");
    for (size_t i = 0; i < 500; i++) {
        const char *date = test_format("%s", tripsage_doc_text(found, test_format("/conflicts/%zu/date", i)));
        ck_assert_msg(strcmp(last, date) <= 0, "%s after %s", date, last);
        last = date;
    }
    IS_NONE(conflicts(fresh_trip()), "/truncated");
}
END_TEST

Suite *contract_conflict(void)
{
    Suite *suite = suite_create("conflict");
    TCase *tcase = test_case(suite, "conflict");

    tcase_add_loop_test(tcase, two_items_overlap_or_not, 0, sizeof pairs / sizeof pairs[0]);
    tcase_add_test(tcase, a_conflict_says_what_and_when);
    tcase_add_test(tcase, flexible_items_only_warn);
    tcase_add_test(tcase, every_pair_is_found);
    tcase_add_test(tcase, days_outside_the_trip_are_told);
    tcase_add_test(tcase, a_trip_without_items_has_no_conflicts);
    tcase_add_test(tcase, a_moved_item_is_out_of_the_way);
    tcase_add_test(tcase, stays_are_compared_by_their_nights);
    tcase_add_test(tcase, the_list_goes_by_date_and_ends);
    return suite;
}
