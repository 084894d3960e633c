/* contract/item.c: the parts of an itinerary: what they may be, and when they are. */
#include "contract.h"

#include <string.h>

static const bad_input bad_members[] = {
    {"{\"item_type\":null}", {"/item_type"}},
    {"{\"item_type\":\"party\"}", {"/item_type"}},
    {"{\"title\":null}", {"/title"}},
    {"{\"title\":\"\"}", {"/title"}},
    {"{\"title\":1}", {"/title"}},
    {"{\"description\":1}", {"/description"}},
    {"{\"item_date\":null}", {"/item_date"}},
    {"{\"item_date\":\"2026-11-31\"}", {"/item_date"}},
    {"{\"start_time\":\"24:00\"}", {"/start_time"}},
    {"{\"start_time\":\"9:00\"}", {"/start_time"}},
    {"{\"start_time\":\"09:00:00\"}", {"/start_time"}},
    {"{\"start_time\":\"09:60\"}", {"/start_time"}},
    {"{\"start_time\":9}", {"/start_time"}},
    {"{\"start_time\":\"09:00\",\"end_time\":\"noon\"}", {"/end_time"}},
    {"{\"start_time\":\"09:00\",\"end_time\":\"08:59\"}", {"/end_time"}},
    {"{\"end_date\":\"2026-11-02\"}", {"/end_date"}},
    {"{\"end_date\":\"x\"}", {"/end_date"}},
    {"{\"timezone\":\"Mars/Olympus\"}", {"/timezone"}},
    {"{\"end_timezone\":\"Mars/Olympus\"}", {"/end_timezone"}},
    {"{\"location\":\"here\"}", {"/location"}},
    {"{\"location\":{\"latitude\":91,\"longitude\":1}}", {"/location/latitude"}},
    {"{\"location\":{\"latitude\":1}}", {"/location/longitude"}},
    {"{\"location\":{\"latitude\":1,\"longitude\":181}}", {"/location/longitude"}},
    {"{\"location\":{\"planet\":\"Mars\"}}", {"/location/planet"}},
    {"{\"cost\":-1,\"currency\":\"EUR\"}", {"/cost"}},
    {"{\"cost\":1.5,\"currency\":\"EUR\"}", {"/cost"}},
    {"{\"cost\":\"10\",\"currency\":\"EUR\"}", {"/cost"}},
    {"{\"cost\":10}", {"/currency"}},
    {"{\"cost\":10,\"currency\":\"euro\"}", {"/currency"}},
    {"{\"category\":\"gifts\"}", {"/category"}},
    {"{\"booking_reference\":1}", {"/booking_reference"}},
    {"{\"booking_status\":\"maybe\"}", {"/booking_status"}},
    {"{\"notes\":1}", {"/notes"}},
    {"{\"is_flexible\":\"yes\"}", {"/is_flexible"}},
    {"{\"is_flexible\":1}", {"/is_flexible"}},
    {"{\"details\":[]}", {"/details"}},
    {"{\"time_slot\":\"09:00-10:00\"}", {"/time_slot"}},
    {"{\"time_slot\":{\"start_time\":\"9\",\"end_time\":\"10:00\"}}", {"/time_slot/start_time"}},
    {"{\"colour\":1}", {"/colour"}},
    {"{\"title\":\"\",\"item_type\":\"x\",\"booking_status\":\"y\",\"colour\":1}",
     {"/title", "/item_type", "/booking_status", "/colour"}},
};

enum { BAD_MEMBERS = sizeof bad_members / sizeof bad_members[0] };

static size_t pointer_count(const bad_input *bad)
{
    size_t count = 0;

    while (count < sizeof bad->pointers / sizeof bad->pointers[0] && bad->pointers[count])
        count++;
    return count;
}

START_TEST(refuses_what_a_member_may_not_be)
{
    const char *trip = id_of(test_trip(world->owner, NULL));
    const char *item = id_of(test_item(world->owner, trip, ITEM_JSON));
    const char *before = test_snapshot(trip);

    for (size_t i = 0; i < BAD_MEMBERS; i++) {
        const bad_input *bad = &bad_members[i];

        test_fails(__FILE__, __LINE__, test_format("create %s", bad->changes), TRIPSAGE_EINVALID,
                   ITEM_CREATE(world->owner, trip, test_with(ITEM_JSON, bad->changes)), bad->pointers,
                   pointer_count(bad));
        test_fails(__FILE__, __LINE__, test_format("update %s", bad->changes), TRIPSAGE_EINVALID,
                   ITEM_UPDATE(world->owner, trip, item, bad->changes), bad->pointers, pointer_count(bad));
    }
    SAME_TEXT(test_snapshot(trip), before);
}
END_TEST

START_TEST(asks_for_what_must_be_there)
{
    const char *trip = id_of(test_trip(world->owner, NULL));

    FAILS_AT(TRIPSAGE_EINVALID, ITEM_CREATE(world->owner, trip, "{}"), "/item_type", "/title", "/item_date");
    FAILS(TRIPSAGE_EMALFORMED, ITEM_CREATE(world->owner, trip, "{\"title\":"));
    FAILS(TRIPSAGE_ETOOLARGE, ITEM_CREATE(world->owner, trip, test_repeat(" ", 1024 * 1024 + 1)));
}
END_TEST

START_TEST(bounds_its_texts)
{
    static const struct {
        const char *member;
        size_t limit;
    } rules[] = {{"title", 200}, {"description", 2000}, {"booking_reference", 100}, {"notes", 2000}};
    const char *trip = id_of(test_trip(world->owner, NULL));

    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        const char *longest = test_repeat("\xc3\xa9", rules[i].limit);
        const char *fits = test_format("{\"%s\":\"%s\"}", rules[i].member, longest);
        const char *over = test_format("{\"%s\":\"%s\xc3\xa9\"}", rules[i].member, longest);
        const char *pointer = test_format("/%s", rules[i].member);

        IS_TEXT(test_item(world->owner, trip, test_with(ITEM_JSON, fits)), pointer, longest);
        FAILS_AT(TRIPSAGE_EINVALID, ITEM_CREATE(world->owner, trip, test_with(ITEM_JSON, over)), pointer);
    }
    /* {"k":"..."} is 8 bytes around the text. */
    test_item(world->owner, trip,
              test_with(ITEM_JSON, test_format("{\"details\":{\"k\":\"%s\"}}", test_repeat("x", 8184))));
    FAILS_AT(TRIPSAGE_EINVALID,
             ITEM_CREATE(world->owner, trip,
                         test_with(ITEM_JSON, test_format("{\"details\":{\"k\":\"%s\"}}", test_repeat("x", 8185)))),
             "/details");
}
END_TEST

START_TEST(fills_in_the_defaults)
{
    const char *trip = id_of(test_trip(world->owner, NULL));
    tripsage_doc *item = test_item(world->owner, trip, ITEM_JSON);

    IS_TEXT(item, "/trip_id", trip);
    IS_TEXT(item, "/item_type", "activity");
    IS_TEXT(item, "/title", "Fushimi Inari");
    IS_TEXT(item, "/item_date", "2026-11-03");
    IS_TEXT(item, "/category", "activities");
    IS_TEXT(item, "/booking_status", "planned");
    IS_JSON(item, "/is_flexible", "false");
    IS_JSON(item, "/details", "{}");
    IS_NONE(item, "/start_time");
    IS_NONE(item, "/end_time");
    IS_NONE(item, "/start_at");
    IS_NONE(item, "/end_at");
    IS_NONE(item, "/cost");
    IS_NONE(item, "/booking_reference");
    IS_NONE(item, "/notes");
    IS_NONE(item, "/location");
    IS_INT(item, "/version", tripsage_doc_version(item));
    IS_TEXT(item, "/created_at", "2026-03-01T12:00:00.000Z");
    SAME_TEXT(json_of(OK(tripsage_item_get(OUT, world->trips, world->owner, trip, id_of(item)))), json_of(item));
}
END_TEST

START_TEST(keeps_what_it_was_given)
{
    const char *trip = id_of(test_trip(world->owner, NULL));
    tripsage_doc *item = test_item(
        world->owner, trip,
        TRIPSAGE_JSON({"item_type" : "transport", "title" : "Night train", "description" : "Berth 7", "item_date" : "2026-11-03",
                       "start_time" : "22:15", "end_date" : "2026-11-04", "end_time" : "06:30", "timezone" : "Europe/Paris",
                       "end_timezone" : "Europe/Rome", "location" : {"name" : "Gare de Lyon", "address" : "Paris", "latitude" : 48.8443,
                                                                     "longitude" : 2.3744},
                       "cost" : 12000, "currency" : "EUR", "category" : "miscellaneous", "booking_reference" : "XYZ",
                       "booking_status" : "reserved", "notes" : "Bring water", "is_flexible" : true, "details" : {"coach" : 12}}));

    item = OK(tripsage_item_get(OUT, world->trips, world->owner, trip, id_of(item)));
    IS_TEXT(item, "/description", "Berth 7");
    IS_TEXT(item, "/start_time", "22:15");
    IS_TEXT(item, "/end_date", "2026-11-04");
    IS_TEXT(item, "/end_time", "06:30");
    IS_TEXT(item, "/timezone", "Europe/Paris");
    IS_TEXT(item, "/end_timezone", "Europe/Rome");
    IS_TEXT(item, "/location/name", "Gare de Lyon");
    IS_TEXT(item, "/location/address", "Paris");
    IS_JSON(item, "/location/latitude", "48.8443");
    IS_JSON(item, "/location/longitude", "2.3744");
    IS_INT(item, "/cost", 12000);
    IS_TEXT(item, "/currency", "EUR");
    IS_TEXT(item, "/category", "miscellaneous");
    IS_TEXT(item, "/booking_reference", "XYZ");
    IS_TEXT(item, "/booking_status", "reserved");
    IS_TEXT(item, "/notes", "Bring water");
    IS_JSON(item, "/is_flexible", "true");
    IS_JSON(item, "/details", "{\"coach\":12}");
    IS_TEXT(item, "/start_at", "2026-11-03T21:15:00.000Z");
    IS_TEXT(item, "/end_at", "2026-11-04T05:30:00.000Z");
    /* What was read may be sent back. */
    OK(ITEM_CREATE(world->owner, trip, json_of(item)));
    OK(ITEM_UPDATE(world->owner, trip, id_of(item), json_of(item)));
}
END_TEST

START_TEST(the_category_follows_the_type)
{
    static const char *const pairs[][2] = {{"accommodation", "accommodation"},
                                           {"transport", "transportation"},
                                           {"meal", "food"},
                                           {"activity", "activities"},
                                           {"other", "miscellaneous"}};
    const char *trip = id_of(test_trip(world->owner, NULL));

    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        IS_TEXT(test_item(world->owner, trip, test_with(ITEM_JSON, test_format("{\"item_type\":\"%s\"}", pairs[i][0]))),
                "/category", pairs[i][1]);
}
END_TEST

START_TEST(a_cost_takes_the_budgets_currency)
{
    const char *trip = id_of(test_trip(world->owner, "{\"budget\":{\"total\":100,\"currency\":\"CHF\"}}"));
    tripsage_doc *item = test_item(world->owner, trip, test_with(ITEM_JSON, "{\"cost\":10}"));

    IS_TEXT(item, "/currency", "CHF");
    IS_TEXT(test_item(world->owner, trip, test_with(ITEM_JSON, "{\"cost\":10,\"currency\":\"JPY\"}")), "/currency",
            "JPY");
    IS_INT(test_item(world->owner, trip, test_with(ITEM_JSON, "{\"cost\":0}")), "/cost", 0);
}
END_TEST

START_TEST(takes_a_time_slot)
{
    const char *trip = id_of(test_trip(world->owner, NULL));
    tripsage_doc *item = test_item(
        world->owner, trip,
        test_with(ITEM_JSON, "{\"time_slot\":{\"start_time\":\"09:00\",\"end_time\":\"10:30\"},\"timezone\":\"UTC\"}"));

    IS_TEXT(item, "/start_time", "09:00");
    IS_TEXT(item, "/end_time", "10:30");
    IS_TEXT(item, "/end_at", "2026-11-03T10:30:00.000Z");
    FAILS(TRIPSAGE_EINVALID,
          ITEM_CREATE(world->owner, trip,
                      test_with(ITEM_JSON, "{\"time_slot\":{\"start_time\":\"11:00\",\"end_time\":\"10:30\"}}")));
}
END_TEST

/* ---- when ---- */

/* A trip with a stop in Tokyo, one in Honolulu that overlaps with none, and days between that no stop holds. */
#define ZONED_TRIP                                                                                                     \
    TRIPSAGE_JSON({"title" : "Pacific", "start_date" : "2026-11-01", "end_date" : "2026-11-20", "destinations" : [     \
        {"name" : "Mu", "timezone" : "Asia/Tokyo", "arrival_date" : "2026-11-02", "departure_date" : "2026-11-05"},    \
        {"name" : "Lemuria", "timezone" : "Pacific/Honolulu", "arrival_date" : "2026-11-10", "departure_date" : "2026-11-12"} ]})

static const char *start_of(const char *trip, const char *day, const char *more)
{
    tripsage_doc *item = test_item(
        world->owner, trip,
        test_with(test_with(ITEM_JSON, test_format("{\"item_date\":\"%s\",\"start_time\":\"09:00\"}", day)), more));

    return test_format("%s", tripsage_doc_text(item, "/start_at"));
}

START_TEST(a_zone_left_out_is_the_trips)
{
    const char *trip = id_of(OK(CREATE(world->owner, ZONED_TRIP)));
    const char *nowhere = id_of(test_trip(world->owner, "{\"destinations\":[{\"name\":\"Atlantis\"}]}"));

    SAME_TEXT(start_of(trip, "2026-11-02", "{}"), "2026-11-02T00:00:00.000Z");
    SAME_TEXT(start_of(trip, "2026-11-05", "{}"), "2026-11-05T00:00:00.000Z");
    SAME_TEXT(start_of(trip, "2026-11-11", "{}"), "2026-11-11T19:00:00.000Z");
    /* No stop holds the day: the first stop with a zone. */
    SAME_TEXT(start_of(trip, "2026-11-07", "{}"), "2026-11-07T00:00:00.000Z");
    SAME_TEXT(start_of(trip, "2026-11-11", "{\"timezone\":\"UTC\"}"), "2026-11-11T09:00:00.000Z");
    SAME_TEXT(start_of(nowhere, "2026-11-03", "{}"), "2026-11-03T09:00:00.000Z");
}
END_TEST

START_TEST(the_end_has_a_zone_of_its_own)
{
    const char *trip = id_of(test_trip(world->owner, NULL));
    /* Westward over the date line: it lands on the day before it took off. */
    tripsage_doc *flight =
        test_item(world->owner, trip,
                  TRIPSAGE_JSON({"item_type" : "transport", "title" : "NRT-HNL", "item_date" : "2026-11-03", "start_time" : "20:00",
                       "timezone" : "Asia/Tokyo", "end_date" : "2026-11-03", "end_time" : "08:00", "end_timezone" : "Pacific/Honolulu"}));

    IS_TEXT(flight, "/start_at", "2026-11-03T11:00:00.000Z");
    IS_TEXT(flight, "/end_at", "2026-11-03T18:00:00.000Z");
    flight = test_item(
        world->owner, trip,
        test_with(ITEM_JSON, "{\"start_time\":\"20:00\",\"end_time\":\"21:00\",\"timezone\":\"Asia/Tokyo\"}"));
    IS_TEXT(flight, "/end_at", "2026-11-03T12:00:00.000Z");
    /* Later on the clock, earlier in time. */
    FAILS_AT(TRIPSAGE_EINVALID,
             ITEM_CREATE(world->owner, trip,
                         test_with(ITEM_JSON,
                                   "{\"start_time\":\"09:00\",\"timezone\":\"America/New_York\",\"end_time\":\"10:00\","
                                   "\"end_timezone\":\"Asia/Tokyo\"}")),
             "/end_time");
}
END_TEST

START_TEST(an_end_may_be_the_start)
{
    const char *trip = id_of(test_trip(world->owner, NULL));

    test_item(world->owner, trip, test_with(ITEM_JSON, "{\"start_time\":\"09:00\",\"end_time\":\"09:00\"}"));
    test_item(world->owner, trip,
              test_with(ITEM_JSON, "{\"start_time\":\"23:00\",\"end_date\":\"2026-11-04\",\"end_time\":\"01:00\"}"));
}
END_TEST

/* Paris 2026: clocks go from 02:00 to 03:00 on March 29, and from 03:00 to 02:00 on October 25. RFC 5545, 3.3.5. */
START_TEST(reads_times_that_do_not_exist_or_come_twice)
{
    static const struct {
        const char *day, *time, *instant;
    } rows[] = {
        {"2026-03-29", "01:59", "2026-03-29T00:59:00.000Z"}, {"2026-03-29", "02:00", "2026-03-29T01:00:00.000Z"},
        {"2026-03-29", "02:30", "2026-03-29T01:30:00.000Z"}, {"2026-03-29", "03:00", "2026-03-29T01:00:00.000Z"},
        {"2026-10-25", "01:59", "2026-10-24T23:59:00.000Z"}, {"2026-10-25", "02:00", "2026-10-25T00:00:00.000Z"},
        {"2026-10-25", "02:30", "2026-10-25T00:30:00.000Z"}, {"2026-10-25", "03:00", "2026-10-25T02:00:00.000Z"},
    };
    const char *trip = id_of(test_trip(world->owner, "{\"start_date\":\"2026-03-01\"}"));

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        SAME_TEXT(start_of(trip, rows[i].day,
                           test_format("{\"start_time\":\"%s\",\"timezone\":\"Europe/Paris\"}", rows[i].time)),
                  rows[i].instant);
}
END_TEST

/* Zones with odd offsets, and a day that a country left out. */
START_TEST(knows_the_worlds_zones)
{
    static const struct {
        const char *zone, *day, *instant;
    } rows[] = {
        {"Asia/Kathmandu", "2026-11-03", "2026-11-03T03:15:00.000Z"},
        {"Australia/Lord_Howe", "2026-07-01", "2026-06-30T22:30:00.000Z"},
        {"Australia/Lord_Howe", "2026-12-01", "2026-11-30T22:00:00.000Z"},
        {"Pacific/Kiritimati", "2026-11-03", "2026-11-02T19:00:00.000Z"},
        {"America/St_Johns", "2026-07-01", "2026-07-01T11:30:00.000Z"},
        {"America/Sao_Paulo", "2026-11-03", "2026-11-03T12:00:00.000Z"},
        {"Europe/London", "2040-07-01", "2040-07-01T08:00:00.000Z"},
        {"Etc/GMT+12", "2026-11-03", "2026-11-03T21:00:00.000Z"},
    };
    const char *trip = id_of(test_trip(world->owner, NULL));

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        SAME_TEXT(start_of(trip, rows[i].day, test_format("{\"timezone\":\"%s\"}", rows[i].zone)), rows[i].instant);
}
END_TEST

/* ---- changing ---- */

START_TEST(changes_what_is_given_and_computes_anew)
{
    const char *trip = id_of(test_trip(world->owner, NULL));
    tripsage_doc *item = test_item(
        world->owner, trip,
        test_with(ITEM_JSON,
                  "{\"start_time\":\"09:00\",\"end_time\":\"10:00\",\"timezone\":\"UTC\",\"notes\":\"keep\"}"));
    const char *id = id_of(item);
    int64_t version = tripsage_doc_version(item);

    test_clock_advance(&world->chance, TEST_HOUR);
    item = OK(ITEM_UPDATE(world->owner, trip, id, "{\"timezone\":\"Asia/Tokyo\"}"));
    IS_TEXT(item, "/start_at", "2026-11-03T00:00:00.000Z");
    IS_TEXT(item, "/end_at", "2026-11-03T01:00:00.000Z");
    IS_TEXT(item, "/notes", "keep");
    IS_TEXT(item, "/updated_at", "2026-03-01T13:00:00.000Z");
    ck_assert_int_gt(tripsage_doc_version(item), version);
    item = OK(ITEM_UPDATE(world->owner, trip, id, "{\"item_date\":\"2026-11-04\"}"));
    IS_TEXT(item, "/start_at", "2026-11-04T00:00:00.000Z");
    item = OK(ITEM_UPDATE(world->owner, trip, id, "{\"end_time\":\"12:30\"}"));
    IS_TEXT(item, "/end_at", "2026-11-04T03:30:00.000Z");
    item = OK(ITEM_UPDATE(world->owner, trip, id,
                          "{\"start_time\":null,\"end_time\":null,\"notes\":null,\"booking_status\":null}"));
    IS_NONE(item, "/start_at");
    IS_NONE(item, "/end_at");
    IS_NONE(item, "/notes");
    IS_TEXT(item, "/booking_status", "planned");
    SAME_TEXT(json_of(OK(tripsage_item_get(OUT, world->trips, world->owner, trip, id))), json_of(item));
    FAILS_AT(TRIPSAGE_EINVALID,
             ITEM_UPDATE(world->owner, trip, id, "{\"title\":null,\"item_type\":null,\"item_date\":null}"), "/title",
             "/item_type", "/item_date");
}
END_TEST

START_TEST(a_change_is_checked_with_what_is_stored)
{
    const char *trip = id_of(test_trip(world->owner, NULL));
    const char *id =
        id_of(test_item(world->owner, trip, test_with(ITEM_JSON, "{\"start_time\":\"09:00\",\"end_time\":\"10:00\"}")));

    FAILS(TRIPSAGE_EINVALID, ITEM_UPDATE(world->owner, trip, id, "{\"start_time\":\"10:01\"}"));
    FAILS(TRIPSAGE_EINVALID, ITEM_UPDATE(world->owner, trip, id, "{\"end_time\":\"08:00\"}"));
    FAILS_AT(TRIPSAGE_EINVALID, ITEM_UPDATE(world->owner, trip, id, "{\"cost\":5}"), "/currency");
    OK(ITEM_UPDATE(world->owner, trip, id, "{\"start_time\":\"10:00\"}"));
}
END_TEST

START_TEST(heeds_the_version)
{
    const char *trip = id_of(test_trip(world->owner, NULL));
    tripsage_doc *item = test_item(world->owner, trip, ITEM_JSON);
    const char *id = id_of(item);
    tripsage_write_options options = TRIPSAGE_WRITE_OPTIONS_INIT;

    options.if_version = tripsage_doc_version(item);
    OK(tripsage_item_update(OUT, world->trips, world->owner, trip, id, "{\"title\":\"A\"}", TRIPSAGE_NUL, &options));
    FAILS(TRIPSAGE_EPRECONDITION,
          tripsage_item_update(OUT, world->trips, world->owner, trip, id, "{\"title\":\"B\"}", TRIPSAGE_NUL, &options));
    FAILS(TRIPSAGE_EPRECONDITION, tripsage_item_delete(world->trips, world->owner, trip, id, &options));
    IS_TEXT(OK(tripsage_item_get(OUT, world->trips, world->owner, trip, id)), "/title", "A");
    options.if_version = 0;
    OK(tripsage_item_delete(world->trips, world->owner, trip, id, &options));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_item_get(OUT, world->trips, world->owner, trip, id));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_item_delete(world->trips, world->owner, trip, id, NULL));
}
END_TEST

START_TEST(the_trip_moves_with_its_items)
{
    const char *trip = id_of(test_trip(world->owner, NULL));
    const char *item;

    test_clock_advance(&world->chance, TEST_HOUR);
    item = id_of(test_item(world->owner, trip, ITEM_JSON));
    IS_TEXT(test_get(world->owner, trip), "/updated_at", "2026-03-01T13:00:00.000Z");
    test_clock_advance(&world->chance, TEST_HOUR);
    OK(ITEM_UPDATE(world->owner, trip, item, "{\"title\":\"x\"}"));
    IS_TEXT(test_get(world->owner, trip), "/updated_at", "2026-03-01T14:00:00.000Z");
    test_clock_advance(&world->chance, TEST_HOUR);
    OK(tripsage_item_delete(world->trips, world->owner, trip, item, NULL));
    IS_TEXT(test_get(world->owner, trip), "/updated_at", "2026-03-01T15:00:00.000Z");
    IS_TEXT(test_get(world->owner, trip), "/created_at", "2026-03-01T12:00:00.000Z");
}
END_TEST

/* ---- the whole ---- */

START_TEST(the_itinerary_goes_by_instants)
{
    const char *trip = id_of(test_trip(world->owner, NULL));
    static const char *const items[] = {
        "{\"title\":\"4\",\"item_date\":\"2026-11-03\",\"start_time\":\"09:00\",\"timezone\":\"America/Los_Angeles\"}",
        "{\"title\":\"2\",\"item_date\":\"2026-11-03\",\"start_time\":\"09:00\",\"timezone\":\"Europe/Paris\"}",
        "{\"title\":\"1\",\"item_date\":\"2026-11-03\",\"start_time\":\"16:00\",\"timezone\":\"Asia/Tokyo\"}",
        "{\"title\":\"3\",\"item_date\":\"2026-11-03\",\"start_time\":\"09:00\",\"timezone\":\"UTC\"}",
        "{\"title\":\"5\",\"item_date\":\"2026-11-05\",\"start_time\":\"00:00\",\"timezone\":\"UTC\"}",
    };
    tripsage_doc *all;

    for (size_t i = 0; i < 5; i++)
        test_item(world->owner, trip, test_with(ITEM_JSON, items[i]));
    all = OK(tripsage_itinerary_get(OUT, world->trips, world->owner, trip));
    IS_TEXT(all, "/id", trip);
    IS_TEXT(all, "/trip_id", trip);
    IS_TEXT(all, "/title", "Kyoto in autumn");
    IS_TEXT(all, "/start_date", "2026-11-02");
    IS_TEXT(all, "/end_date", "2026-11-09");
    IS_INT(all, "/total_items", 5);
    for (size_t i = 0; i < 5; i++)
        IS_TEXT(all, test_format("/items/%zu/title", i), test_format("%zu", i + 1));
}
END_TEST

/* A thousand, and not one more, until one is taken away. */
START_TEST(holds_a_thousand)
{
    const char *trip = id_of(test_trip(world->owner, NULL));
    const char *last = NULL;

    for (int i = 0; i < 1000; i++) {
        tripsage_doc *made = NULL;
        OK(tripsage_item_create(&made, world->trips, world->owner, trip, ITEM_JSON, TRIPSAGE_NUL, NULL));
        if (i == 999)
            last = id_of(made);
        tripsage_doc_free(made);
    }
    FAILS(TRIPSAGE_ELIMIT, ITEM_CREATE(world->owner, trip, ITEM_JSON));
    IS_INT(OK(tripsage_itinerary_get(OUT, world->trips, world->owner, trip)), "/total_items", 1000);
    IS_COUNT(OK(tripsage_itinerary_get(OUT, world->trips, world->owner, trip)), "/items", 1000);
    OK(tripsage_item_delete(world->trips, world->owner, trip, last, NULL));
    OK(ITEM_CREATE(world->owner, trip, ITEM_JSON));
    FAILS(TRIPSAGE_ELIMIT, ITEM_CREATE(world->owner, trip, ITEM_JSON));
}
END_TEST

/* Without both times an end is compared by its day. */
START_TEST(an_end_without_a_time_is_a_day)
{
    const char *trip = id_of(test_trip(world->owner, NULL));

    test_item(world->owner, trip, test_with(ITEM_JSON, "{\"end_date\":\"2026-11-03\",\"start_time\":\"23:00\"}"));
    test_item(world->owner, trip, test_with(ITEM_JSON, "{\"end_date\":\"2026-11-03\",\"end_time\":\"01:00\"}"));
    FAILS(TRIPSAGE_EINVALID,
          ITEM_CREATE(world->owner, trip,
                      test_with(ITEM_JSON, "{\"end_date\":\"2026-11-02\",\"start_time\":\"00:00\"}")));
}
END_TEST

START_TEST(bounds_its_place)
{
    const char *trip = id_of(test_trip(world->owner, NULL));
    const char *name = test_repeat("\xc3\xa9", 200), *address = test_repeat("\xc3\xa9", 500);

    test_item(world->owner, trip,
              test_with(ITEM_JSON, test_format("{\"location\":{\"name\":\"%s\",\"address\":\"%s\"}}", name, address)));
    FAILS_AT(TRIPSAGE_EINVALID,
             ITEM_CREATE(world->owner, trip,
                         test_with(ITEM_JSON, test_format("{\"location\":{\"name\":\"%sx\",\"address\":\"%sx\"}}", name,
                                                          address))),
             "/location/name", "/location/address");
}
END_TEST

Suite *contract_item(void)
{
    Suite *suite = suite_create("item");
    TCase *tcase = test_case(suite, "item");

    tcase_add_test(tcase, refuses_what_a_member_may_not_be);
    tcase_add_test(tcase, asks_for_what_must_be_there);
    tcase_add_test(tcase, bounds_its_texts);
    tcase_add_test(tcase, fills_in_the_defaults);
    tcase_add_test(tcase, keeps_what_it_was_given);
    tcase_add_test(tcase, the_category_follows_the_type);
    tcase_add_test(tcase, a_cost_takes_the_budgets_currency);
    tcase_add_test(tcase, takes_a_time_slot);
    tcase_add_test(tcase, a_zone_left_out_is_the_trips);
    tcase_add_test(tcase, the_end_has_a_zone_of_its_own);
    tcase_add_test(tcase, an_end_may_be_the_start);
    tcase_add_test(tcase, reads_times_that_do_not_exist_or_come_twice);
    tcase_add_test(tcase, knows_the_worlds_zones);
    tcase_add_test(tcase, changes_what_is_given_and_computes_anew);
    tcase_add_test(tcase, a_change_is_checked_with_what_is_stored);
    tcase_add_test(tcase, heeds_the_version);
    tcase_add_test(tcase, the_trip_moves_with_its_items);
    tcase_add_test(tcase, the_itinerary_goes_by_instants);
    tcase_add_test(tcase, holds_a_thousand);
    tcase_add_test(tcase, an_end_without_a_time_is_a_day);
    tcase_add_test(tcase, bounds_its_place);
    return suite;
}
