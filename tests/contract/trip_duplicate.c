/* contract/trip_duplicate.c: a copy of a trip is a plan of one's own: the same stops and items, on other days if wanted. */
#include "contract.h"

#include <string.h>

#define DUPLICATE(actor, trip, json)                                                                                   \
    tripsage_trip_duplicate(OUT, world->trips, (actor), (trip), (json), TRIPSAGE_NUL, NULL)

static tripsage_doc *itinerary(const tripsage_actor *actor, const char *trip)
{
    return OK(tripsage_itinerary_get(OUT, world->trips, actor, trip));
}

START_TEST(copies_the_plan_and_not_the_bookings)
{
    const char *id =
        test_cast_trip("{\"status\":\"booked\",\"visibility\":\"public\",\"tags\":[\"food\"],\"travelers\":3,"
                       "\"budget\":{\"total\":900,\"currency\":\"EUR\"},\"preferences\":{\"a\":1}}");
    tripsage_doc *copy;
    tripsage_doc *items;

    test_item(world->owner, id,
              TRIPSAGE_JSON({"item_type" : "transport", "title" : "Train", "item_date" : "2026-11-03", "start_time" : "09:00",
                             "cost" : 50, "booking_reference" : "ABC123", "booking_status" : "booked", "details" : {"seat" : "7A"}}));
    test_note(world->owner, id, "Private thought");
    test_clock_advance(&world->chance, TEST_HOUR);
    copy = OK(DUPLICATE(world->view, id, NULL));

    ck_assert_str_ne(id_of(copy), id);
    IS_TEXT(copy, "/title", "Copy of Kyoto in autumn");
    IS_TEXT(copy, "/user_id", VIEW_ID);
    IS_TEXT(copy, "/role", "owner");
    IS_TEXT(copy, "/status", "planning");
    IS_TEXT(copy, "/visibility", "private");
    IS_JSON(copy, "/tags", "[\"food\"]");
    IS_INT(copy, "/travelers", 3);
    IS_INT(copy, "/budget/total", 900);
    IS_JSON(copy, "/preferences", "{\"a\":1}");
    IS_TEXT(copy, "/start_date", "2026-11-02");
    IS_TEXT(copy, "/created_at", "2026-03-01T13:00:00.000Z");
    items = itinerary(world->view, id_of(copy));
    IS_INT(items, "/total_items", 1);
    IS_TEXT(items, "/items/0/title", "Train");
    IS_TEXT(items, "/items/0/trip_id", id_of(copy));
    IS_INT(items, "/items/0/cost", 50);
    IS_JSON(items, "/items/0/details", "{\"seat\":\"7A\"}");
    IS_NONE(items, "/items/0/booking_reference");
    IS_TEXT(items, "/items/0/booking_status", "planned");
    IS_COUNT(OK(tripsage_note_list(OUT, world->trips, world->view, id_of(copy))), "/items", 0);
    IS_INT(OK(tripsage_collaborator_list(OUT, world->trips, world->view, id_of(copy))), "/total", 0);
    FAILS(TRIPSAGE_ENOTFOUND, GET(world->owner, id_of(copy)));
}
END_TEST

START_TEST(the_original_stays_as_it_was)
{
    const char *id = test_cast_trip(NULL);
    const char *before;
    const char *copy;

    test_item(world->owner, id, ITEM_JSON);
    before = test_snapshot(id);
    copy = id_of(OK(DUPLICATE(world->edit, id, "{\"start_date\":\"2027-01-01\"}")));
    OK(UPDATE(world->edit, copy, "{\"title\":\"Changed\"}"));
    SAME_TEXT(test_snapshot(id), before);
}
END_TEST

START_TEST(takes_a_title)
{
    const char *id =
        id_of(test_trip(world->owner, test_format("{\"title\":\"%s\"}", test_repeat("\xe6\x97\x85", 198))));
    const char *cut = test_format("Copy of %s", test_repeat("\xe6\x97\x85", 192));

    IS_TEXT(OK(DUPLICATE(world->owner, id, NULL)), "/title", cut);
    IS_TEXT(OK(DUPLICATE(world->owner, id, "{}")), "/title", cut);
    IS_TEXT(OK(DUPLICATE(world->owner, id, "{\"title\":\"Again\"}")), "/title", "Again");
    FAILS_AT(TRIPSAGE_EINVALID, DUPLICATE(world->owner, id, "{\"title\":\"\"}"), "/title");
    FAILS_AT(TRIPSAGE_EINVALID, DUPLICATE(world->owner, id, "{\"start_date\":\"x\",\"colour\":1}"), "/start_date",
             "/colour");
    FAILS(TRIPSAGE_EMALFORMED, DUPLICATE(world->owner, id, "{"));
}
END_TEST

/* Clocks in Berlin go back on 2026-10-25. The copy keeps nine o'clock, and so holds another instant. */
START_TEST(moves_days_over_a_change_of_clocks)
{
    const char *id = id_of(test_trip(
        world->owner,
        TRIPSAGE_JSON({"title" : "Berlin", "start_date" : "2026-10-19", "end_date" : "2026-10-23",
                                               "destinations" : [ {"name" : "Somewhere", "timezone" : "Europe/Berlin",
                                                                   "arrival_date" : "2026-10-19", "departure_date" : "2026-10-23"} ]})));
    tripsage_doc *copy;
    tripsage_doc *items;

    test_item(world->owner, id,
              TRIPSAGE_JSON({"item_type" : "activity", "title" : "Museum", "item_date" : "2026-10-20", "start_time" : "09:00",
                             "end_time" : "11:30"}));
    test_item(world->owner, id,
              TRIPSAGE_JSON({"item_type" : "accommodation", "title" : "Hotel", "item_date" : "2026-10-19", "start_time" : "15:00",
                             "end_date" : "2026-10-23", "end_time" : "10:00"}));
    items = itinerary(world->owner, id);
    IS_TEXT(items, "/items/1/start_at", "2026-10-20T07:00:00.000Z");
    copy = OK(DUPLICATE(world->owner, id, "{\"start_date\":\"2026-10-26\"}"));
    IS_TEXT(copy, "/start_date", "2026-10-26");
    IS_TEXT(copy, "/end_date", "2026-10-30");
    IS_INT(copy, "/duration_days", 5);
    IS_TEXT(copy, "/destinations/0/arrival_date", "2026-10-26");
    IS_TEXT(copy, "/destinations/0/departure_date", "2026-10-30");
    items = itinerary(world->owner, id_of(copy));
    IS_TEXT(items, "/items/0/title", "Hotel");
    IS_TEXT(items, "/items/0/item_date", "2026-10-26");
    IS_TEXT(items, "/items/0/end_date", "2026-10-30");
    IS_TEXT(items, "/items/0/start_at", "2026-10-26T14:00:00.000Z");
    IS_TEXT(items, "/items/1/item_date", "2026-10-27");
    IS_TEXT(items, "/items/1/start_time", "09:00");
    IS_TEXT(items, "/items/1/start_at", "2026-10-27T08:00:00.000Z");
    IS_TEXT(items, "/items/1/end_at", "2026-10-27T10:30:00.000Z");
}
END_TEST

START_TEST(moves_backwards_too)
{
    const char *id = id_of(test_trip(world->owner, NULL));
    tripsage_doc *copy;

    test_item(world->owner, id, ITEM_JSON);
    copy = OK(DUPLICATE(world->owner, id, "{\"start_date\":\"2024-02-28\"}"));
    IS_TEXT(copy, "/end_date", "2024-03-06");
    IS_TEXT(itinerary(world->owner, id_of(copy)), "/items/0/item_date", "2024-02-29");
}
END_TEST

/* A cancelled item is planned again in the copy, and what nobody but members may read stays behind. */
START_TEST(a_reader_copies_what_he_may_read)
{
    const char *id = id_of(test_trip(world->owner, "{\"visibility\":\"public\"}"));
    tripsage_doc *items;

    test_item(world->owner, id,
              TRIPSAGE_JSON({"item_type" : "meal", "title" : "Dinner", "item_date" : "2026-11-03", "notes" : "SECRET",
                             "booking_reference" : "SECRET", "booking_status" : "cancelled"}));
    items = itinerary(world->stranger, id_of(OK(DUPLICATE(world->stranger, id, NULL))));
    IS_TEXT(items, "/items/0/title", "Dinner");
    IS_TEXT(items, "/items/0/booking_status", "planned");
    ck_assert_ptr_null(strstr(json_of(items), "SECRET"));
}
END_TEST

START_TEST(a_copy_is_found_by_search)
{
    const char *id = id_of(test_trip(world->owner, NULL));

    test_item(world->owner, id, ITEM_JSON);
    OK(DUPLICATE(world->owner, id, "{\"title\":\"Second\"}"));
    IS_COUNT(OK(tripsage_trip_search(OUT, world->trips, world->owner, "fushimi", NULL)), "/items", 2);
    IS_COUNT(OK(tripsage_trip_search(OUT, world->trips, world->owner, "second", NULL)), "/items", 1);
    IS_JSON(OK(tripsage_check(OUT, world->ts)), "/ok", "true");
}
END_TEST

Suite *contract_trip_duplicate(void)
{
    Suite *suite = suite_create("trip_duplicate");
    TCase *tcase = test_case(suite, "trip_duplicate");

    tcase_add_test(tcase, copies_the_plan_and_not_the_bookings);
    tcase_add_test(tcase, the_original_stays_as_it_was);
    tcase_add_test(tcase, takes_a_title);
    tcase_add_test(tcase, moves_days_over_a_change_of_clocks);
    tcase_add_test(tcase, moves_backwards_too);
    tcase_add_test(tcase, a_reader_copies_what_he_may_read);
    tcase_add_test(tcase, a_copy_is_found_by_search);
    return suite;
}
