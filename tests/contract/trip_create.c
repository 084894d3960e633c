/* contract/trip_create.c: what a trip may be made of, what it is made of when little is said, and how a bad input is answered. */
#include "contract.h"

#include <stdlib.h>
#include <string.h>

static const bad_input bad_members[] = {
    {"{\"title\":null}", {"/title"}},
    {"{\"title\":\"\"}", {"/title"}},
    {"{\"title\":7}", {"/title"}},
    {"{\"title\":[\"Kyoto\"]}", {"/title"}},
    {"{\"description\":7}", {"/description"}},
    {"{\"start_date\":null}", {"/start_date"}},
    {"{\"start_date\":\"2026-02-30\"}", {"/start_date"}},
    {"{\"start_date\":\"2026-11-2\"}", {"/start_date"}},
    {"{\"start_date\":\"2026-11-02T00:00:00Z\"}", {"/start_date"}},
    {"{\"start_date\":\"tomorrow\"}", {"/start_date"}},
    {"{\"start_date\":20261102}", {"/start_date"}},
    {"{\"end_date\":null}", {"/end_date"}},
    {"{\"end_date\":\"2027-02-29\"}", {"/end_date"}},
    {"{\"end_date\":\"2026-11-01\"}", {"/end_date"}},
    {"{\"destinations\":null}", {"/destinations"}},
    {"{\"destinations\":[]}", {"/destinations"}},
    {"{\"destinations\":{}}", {"/destinations"}},
    {"{\"destinations\":\"Kyoto\"}", {"/destinations"}},
    {"{\"destinations\":[\"Kyoto\"]}", {"/destinations/0"}},
    {"{\"destinations\":[{}]}", {"/destinations/0/name"}},
    {"{\"destinations\":[{\"name\":\"\"}]}", {"/destinations/0/name"}},
    {"{\"destinations\":[{\"name\":\"Nara\"},{\"name\":7}]}", {"/destinations/1/name"}},
    {"{\"destinations\":[{\"name\":\"Nara\",\"country_code\":\"JPN\"}]}", {"/destinations/0/country_code"}},
    {"{\"destinations\":[{\"name\":\"Nara\",\"country_code\":\"1A\"}]}", {"/destinations/0/country_code"}},
    {"{\"destinations\":[{\"name\":\"Nara\",\"coordinates\":{\"latitude\":91,\"longitude\":0}}]}",
     {"/destinations/0/coordinates/latitude"}},
    {"{\"destinations\":[{\"name\":\"Nara\",\"coordinates\":{\"latitude\":0,\"longitude\":-180.5}}]}",
     {"/destinations/0/coordinates/longitude"}},
    {"{\"destinations\":[{\"name\":\"Nara\",\"coordinates\":{\"latitude\":1}}]}",
     {"/destinations/0/coordinates/longitude"}},
    {"{\"destinations\":[{\"name\":\"Nara\",\"coordinates\":[1,2]}]}", {"/destinations/0/coordinates"}},
    {"{\"destinations\":[{\"name\":\"Nara\",\"timezone\":\"Mars/Olympus\"}]}", {"/destinations/0/timezone"}},
    {"{\"destinations\":[{\"name\":\"Nara\",\"timezone\":\"../../etc/passwd\"}]}", {"/destinations/0/timezone"}},
    {"{\"destinations\":[{\"name\":\"Nara\",\"timezone\":\"\"}]}", {"/destinations/0/timezone"}},
    {"{\"destinations\":[{\"name\":\"Nara\",\"arrival_date\":\"soon\"}]}", {"/destinations/0/arrival_date"}},
    {"{\"destinations\":[{\"name\":\"Nara\",\"departure_date\":\"2026-13-01\"}]}", {"/destinations/0/departure_date"}},
    {"{\"destinations\":[{\"name\":\"Nara\",\"duration_days\":0}]}", {"/destinations/0/duration_days"}},
    {"{\"destinations\":[{\"name\":\"Nara\",\"arrival_date\":\"2200-12-31\",\"duration_days\":2}]}",
     {"/destinations/0/duration_days"}},
    {"{\"destinations\":[{\"name\":\"Nara\",\"departure_date\":\"1900-01-01\",\"duration_days\":2}]}",
     {"/destinations/0/duration_days"}},
    {"{\"destinations\":[{\"name\":\"Nara\",\"coordinates\":{\"latitude\":1,\"longitude\":1,\"altitude\":9001}}]}",
     {"/destinations/0/coordinates/altitude"}},
    {"{\"destinations\":[{\"name\":\"Nara\",\"mood\":\"good\"}]}", {"/destinations/0/mood"}},
    {"{\"status\":\"lost\"}", {"/status"}},
    {"{\"status\":\"Planning\"}", {"/status"}},
    {"{\"status\":1}", {"/status"}},
    {"{\"trip_type\":\"honeymoon\"}", {"/trip_type"}},
    {"{\"visibility\":\"everyone\"}", {"/visibility"}},
    {"{\"tags\":\"food\"}", {"/tags"}},
    {"{\"tags\":[7]}", {"/tags/0"}},
    {"{\"tags\":[\"food\",\"\"]}", {"/tags/1"}},
    {"{\"tags\":[\"food\",\"   \"]}", {"/tags/1"}},
    {"{\"travelers\":0}", {"/travelers"}},
    {"{\"travelers\":101}", {"/travelers"}},
    {"{\"travelers\":1.5}", {"/travelers"}},
    {"{\"travelers\":\"2\"}", {"/travelers"}},
    {"{\"travelers\":-1}", {"/travelers"}},
    {"{\"budget\":7}", {"/budget"}},
    {"{\"budget\":{\"currency\":\"EUR\"}}", {"/budget/total"}},
    {"{\"budget\":{\"total\":1000}}", {"/budget/currency"}},
    {"{\"budget\":{\"total\":-1,\"currency\":\"EUR\"}}", {"/budget/total"}},
    {"{\"budget\":{\"total\":10.5,\"currency\":\"EUR\"}}", {"/budget/total"}},
    {"{\"budget\":{\"total\":1e300,\"currency\":\"EUR\"}}", {"/budget/total"}},
    {"{\"budget\":{\"total\":\"1000\",\"currency\":\"EUR\"}}", {"/budget/total"}},
    {"{\"budget\":{\"total\":1000,\"currency\":\"eur\"}}", {"/budget/currency"}},
    {"{\"budget\":{\"total\":1000,\"currency\":\"ZZZ\"}}", {"/budget/currency"}},
    {"{\"budget\":{\"total\":1000,\"currency\":\"EUR\",\"spent\":1}}", {"/budget/spent"}},
    {"{\"budget\":{\"total\":1000,\"currency\":\"EUR\",\"breakdown\":{\"food\":-1}}}", {"/budget/breakdown/food"}},
    {"{\"budget\":{\"total\":1000,\"currency\":\"EUR\",\"breakdown\":{\"gifts\":1}}}", {"/budget/breakdown/gifts"}},
    {"{\"budget\":{\"total\":1000,\"currency\":\"EUR\",\"breakdown\":{\"food\":600,\"activities\":401}}}",
     {"/budget/breakdown"}},
    {"{\"preferences\":[]}", {"/preferences"}},
    {"{\"preferences\":\"quiet\"}", {"/preferences"}},
    {"{\"colour\":\"blue\"}", {"/colour"}},
    {"{\"a/b~c\":1}", {"/a~1b~0c"}},
    {"{\"Title\":\"Kyoto\"}", {"/Title"}},
    {"{\"title\":\"\",\"travelers\":0,\"colour\":1}", {"/title", "/travelers", "/colour"}},
    {"{\"start_date\":\"x\",\"destinations\":[{\"name\":\"\",\"timezone\":\"No/Where\"}],\"status\":\"lost\"}",
     {"/start_date", "/destinations/0/name", "/destinations/0/timezone", "/status"}},
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
    for (size_t i = 0; i < BAD_MEMBERS; i++) {
        const bad_input *bad = &bad_members[i];
        tripsage_status status = CREATE(world->owner, test_with(TRIP_JSON, bad->changes));

        test_fails(__FILE__, __LINE__, bad->changes, TRIPSAGE_EINVALID, status, bad->pointers, pointer_count(bad));
    }
    IS_COUNT(OK(tripsage_trip_list(OUT, world->trips, world->owner, NULL)), "/items", 0);
}
END_TEST

/* The same rules hold for a change, whose members are all optional. */
START_TEST(refuses_the_same_in_an_update)
{
    const char *trip = id_of(test_trip(world->owner, NULL));
    const char *before = test_snapshot(trip);

    for (size_t i = 0; i < BAD_MEMBERS; i++) {
        const bad_input *bad = &bad_members[i];
        tripsage_status status = UPDATE(world->owner, trip, bad->changes);

        test_fails(__FILE__, __LINE__, bad->changes, TRIPSAGE_EINVALID, status, bad->pointers, pointer_count(bad));
    }
    SAME_TEXT(test_snapshot(trip), before);
}
END_TEST

START_TEST(asks_for_what_must_be_there)
{
    static const char *const names[] = {"title", "start_date", "end_date", "destinations"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        FAILS_AT(TRIPSAGE_EINVALID, CREATE(world->owner, test_without(TRIP_JSON, names[i])),
                 test_format("/%s", names[i]));
    FAILS_AT(TRIPSAGE_EINVALID, CREATE(world->owner, "{}"), "/title", "/start_date", "/end_date", "/destinations");
}
END_TEST

/* At the limit it is accepted, one past it is not; lengths are in characters, whatever their bytes. */
START_TEST(counts_characters)
{
    static const struct {
        const char *format; /* with one %s for a text of `limit` characters */
        size_t limit;
        const char *pointer;
    } rules[] = {
        {"{\"title\":\"%s\"}", 200, "/title"},
        {"{\"description\":\"%s\"}", 2000, "/description"},
        {"{\"tags\":[\"%s\"]}", 50, "/tags/0"},
        {"{\"destinations\":[{\"name\":\"%s\"}]}", 200, "/destinations/0/name"},
    };
    static const char *const letters[] = {"x", "\xc3\xa9", "\xe6\x97\x85", "\xf0\x9f\x97\xbe"};

    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        for (size_t k = 0; k < sizeof letters / sizeof letters[0]; k++) {
            const char *longest = test_repeat(letters[k], rules[i].limit);
            const char *fits = test_replaced(rules[i].format, "%s", longest);
            const char *over = test_replaced(rules[i].format, "%s", test_format("%s%s", longest, letters[k]));

            IS_JSON(test_trip(world->owner, fits), rules[i].pointer, test_quoted(longest));
            FAILS_AT(TRIPSAGE_EINVALID, CREATE(world->owner, test_with(TRIP_JSON, over)), rules[i].pointer);
        }
    }
}
END_TEST

/* An array of `count` copies of `element`, as a member. */
static const char *many(const char *name, const char *element, size_t count)
{
    const char *list = test_repeat(test_format("%s,", element), count);

    return test_format("{\"%s\":[%.*s]}", name, (int)strlen(list) - 1, list);
}

START_TEST(counts_elements)
{
    const char *tags = "";

    IS_COUNT(test_trip(world->owner, many("destinations", "{\"name\":\"Nara\"}", 50)), "/destinations", 50);
    FAILS_AT(TRIPSAGE_EINVALID,
             CREATE(world->owner, test_with(TRIP_JSON, many("destinations", "{\"name\":\"Nara\"}", 51))),
             "/destinations");
    for (int i = 0; i < 21; i++) {
        if (i == 20)
            IS_COUNT(test_trip(world->owner, test_format("{\"tags\":[%s]}", tags)), "/tags", 20);
        tags = test_format("%s%s\"tag %d\"", tags, i ? "," : "", i);
    }
    FAILS_AT(TRIPSAGE_EINVALID, CREATE(world->owner, test_with(TRIP_JSON, test_format("{\"tags\":[%s]}", tags))),
             "/tags");
}
END_TEST

START_TEST(bounds_the_preferences)
{
    /* {"k":"..."} is 8 bytes around the text. */
    enum { LIMIT = 16 * 1024, AROUND = 8 };
    const char *fits = test_format("{\"preferences\":{\"k\":\"%s\"}}", test_repeat("x", LIMIT - AROUND));
    const char *over = test_format("{\"preferences\":{\"k\":\"%s\"}}", test_repeat("x", LIMIT - AROUND + 1));

    test_trip(world->owner, fits);
    FAILS_AT(TRIPSAGE_EINVALID, CREATE(world->owner, test_with(TRIP_JSON, over)), "/preferences");
}
END_TEST

START_TEST(bounds_the_numbers)
{
    IS_INT(test_trip(world->owner, "{\"travelers\":100}"), "/travelers", 100);
    IS_INT(test_trip(world->owner, "{\"budget\":{\"total\":0,\"currency\":\"JPY\"}}"), "/budget/total", 0);
    /* Written by hand: the tests' own JSON writer rounds. */
    IS_INT(OK(CREATE(world->owner,
                     test_replaced(TRIP_JSON, "\"title\"",
                                   "\"budget\":{\"total\":9007199254740991,\"currency\":\"JPY\"},\"title\""))),
           "/budget/total", INT64_C(9007199254740991));
    /* The parts may use up the total. */
    test_trip(world->owner,
              "{\"budget\":{\"total\":1000,\"currency\":\"EUR\",\"breakdown\":{\"food\":600,\"activities\":400}}}");
    /* A trip of one day, and one over the end of February in a leap year. */
    IS_INT(test_trip(world->owner, "{\"end_date\":\"2026-11-02\"}"), "/duration_days", 1);
    IS_INT(test_trip(world->owner, "{\"start_date\":\"2028-02-28\",\"end_date\":\"2028-03-01\"}"), "/duration_days", 3);
}
END_TEST

START_TEST(fills_in_the_defaults)
{
    tripsage_doc *trip = test_trip(world->owner, NULL);

    IS_TEXT(trip, "/title", "Kyoto in autumn");
    IS_TEXT(trip, "/user_id", OWNER_ID);
    IS_TEXT(trip, "/status", "planning");
    IS_TEXT(trip, "/trip_type", "leisure");
    IS_TEXT(trip, "/visibility", "private");
    IS_JSON(trip, "/tags", "[]");
    IS_INT(trip, "/travelers", 1);
    IS_NONE(trip, "/budget");
    IS_NONE(trip, "/description");
    IS_NONE(trip, "/deleted_at");
    IS_JSON(trip, "/preferences", "{}");
    IS_INT(trip, "/duration_days", 8);
    IS_TEXT(trip, "/role", "owner");
    IS_TEXT(trip, "/created_at", "2026-03-01T12:00:00.000Z");
    IS_TEXT(trip, "/updated_at", "2026-03-01T12:00:00.000Z");
    IS_INT(trip, "/version", tripsage_doc_version(trip));
    ck_assert_int_gt(tripsage_doc_version(trip), 0);
    ck_assert_int_eq(tripsage_doc_replayed(trip), 0);
    ck_assert_ptr_null(tripsage_doc_next(trip));
}
END_TEST

/* RFC 9562: version 7, the variant, and the clock in the first 48 bits. */
START_TEST(gives_ids_in_the_order_of_time)
{
    const char *first = id_of(test_trip(world->owner, NULL));
    const char *second = id_of(test_trip(world->owner, NULL));

    ck_assert_uint_eq(strlen(first), 36);
    ck_assert_int_eq(first[14], '7');
    ck_assert_ptr_nonnull(strchr("89ab", first[19]));
    SAME_TEXT(test_format("%.8s%.4s", first, first + 9), test_format("%012llx", (unsigned long long)TEST_NOON));
    ck_assert_int_lt(strcmp(first, second), 0);
}
END_TEST

#define FULL_TRIP                                                                                                      \
    TRIPSAGE_JSON({"title" : "Kyoto", "description" : "Slow", "start_date" : "2026-11-02", \
                   "end_date" : "2026-11-09", "destinations" : [ {"name" : "Atlantis", "country" : "Nowhere", "country_code" : "NO", \
                   "city" : "Deep", "coordinates" : {"latitude" : -12.5, "longitude" : 100.25}, "timezone" : "Asia/Tokyo", \
                   "arrival_date" : "2026-11-02", "departure_date" : "2026-11-05"} ], "status" : "booked", "trip_type" : "family", \
                   "visibility" : "public", "tags" : [ "food", "temples" ], "travelers" : 4, "budget" : {"total" : 500000, \
                   "currency" : "JPY", "breakdown" : {"accommodation" : 200000, "transportation" : 100000, "food" : 100000, \
                   "activities" : 50000, "miscellaneous" : 50000}}, "preferences" : {"pace" : "slow", "diet" : [ "vegan" ], "n" : 1.5}})

START_TEST(keeps_what_it_was_given)
{
    tripsage_doc *made = OK(CREATE(world->owner, FULL_TRIP));
    tripsage_doc *read = test_get(world->owner, id_of(made));

    SAME_TEXT(json_of(read), json_of(made));
    IS_TEXT(read, "/title", "Kyoto");
    IS_TEXT(read, "/description", "Slow");
    IS_TEXT(read, "/destinations/0/name", "Atlantis");
    IS_TEXT(read, "/destinations/0/country", "Nowhere");
    IS_TEXT(read, "/destinations/0/country_code", "NO");
    IS_TEXT(read, "/destinations/0/city", "Deep");
    IS_JSON(read, "/destinations/0/coordinates/latitude", "-12.5");
    IS_JSON(read, "/destinations/0/coordinates/longitude", "100.25");
    IS_TEXT(read, "/destinations/0/timezone", "Asia/Tokyo");
    IS_TEXT(read, "/destinations/0/arrival_date", "2026-11-02");
    IS_TEXT(read, "/destinations/0/departure_date", "2026-11-05");
    IS_TEXT(read, "/status", "booked");
    IS_TEXT(read, "/trip_type", "family");
    IS_TEXT(read, "/visibility", "public");
    IS_JSON(read, "/tags", "[\"food\",\"temples\"]");
    IS_INT(read, "/travelers", 4);
    IS_INT(read, "/budget/total", 500000);
    IS_TEXT(read, "/budget/currency", "JPY");
    IS_INT(read, "/budget/breakdown/accommodation", 200000);
    IS_INT(read, "/budget/breakdown/miscellaneous", 50000);
    IS_JSON(read, "/preferences", "{\"pace\":\"slow\",\"diet\":[\"vegan\"],\"n\":1.5}");
}
END_TEST

START_TEST(keeps_every_character)
{
    const char *escaped = "\"Caf\\u00e9s \\\"of\\\" \\\\ \\/ \\ud83d\\uddfe \\n\\t\\r\\b\\f\\u001f\\u007f <b> & '\"";
    const char *plain = "Caf\xc3\xa9s \"of\" \\ / \xf0\x9f\x97\xbe \n\t\r\b\f\x1f\x7f <b> & '";
    const char *json = test_replaced(TRIP_JSON, "\"Kyoto in autumn\"", escaped);
    tripsage_doc *made = OK(CREATE(world->owner, json));

    IS_TEXT(made, "/title", plain);
    IS_TEXT(test_get(world->owner, id_of(made)), "/title", plain);
}
END_TEST

/* Members marked (read only) are accepted and ignored. */
START_TEST(takes_back_what_was_read)
{
    tripsage_doc *first = OK(CREATE(world->owner, FULL_TRIP));
    const char *id = id_of(first);
    tripsage_doc *copy = OK(CREATE(world->stranger, json_of(first)));
    const char *forged =
        "{\"id\":\"" NO_SUCH_ID "\",\"user_id\":\"" ADMIN_ID "\",\"duration_days\":99,\"role\":\"owner\","
        "\"version\":77,\"created_at\":\"2001-01-01T00:00:00.000Z\",\"updated_at\":null,\"deleted_at\":\"x\"}";
    tripsage_doc *made = test_trip(world->owner, forged);

    IS_TEXT(copy, "/user_id", STRANGER_ID);
    ck_assert_str_ne(id_of(copy), id);
    IS_TEXT(OK(UPDATE(world->owner, id, json_of(first))), "/id", id);
    ck_assert_str_ne(id_of(made), NO_SUCH_ID);
    IS_TEXT(made, "/user_id", OWNER_ID);
    IS_INT(made, "/duration_days", 8);
    ck_assert_int_ne(tripsage_doc_version(made), 77);
    IS_TEXT(made, "/created_at", "2026-03-01T12:00:00.000Z");
    IS_NONE(made, "/deleted_at");
}
END_TEST

START_TEST(works_out_what_a_stay_leaves_open)
{
    tripsage_doc *trip = test_trip(
        world->owner,
        "{\"destinations\":["
        "{\"name\":\"A\",\"arrival_date\":\"2026-11-02\",\"departure_date\":\"2026-11-04\",\"duration_days\":9},"
        "{\"name\":\"B\",\"arrival_date\":\"2026-02-27\",\"duration_days\":3},"
        "{\"name\":\"C\",\"departure_date\":\"2026-03-01\",\"duration_days\":3},"
        "{\"name\":\"D\",\"duration_days\":3650,\"coordinates\":{\"latitude\":27.9881,"
        "\"longitude\":86.925,\"altitude\":8848.86}},"
        "{\"name\":\"E\",\"arrival_date\":\"2026-11-02\"}]}");

    IS_INT(trip, "/destinations/0/duration_days", 3);
    IS_TEXT(trip, "/destinations/1/departure_date", "2026-03-01");
    IS_TEXT(trip, "/destinations/2/arrival_date", "2026-02-27");
    IS_INT(trip, "/destinations/3/duration_days", 3650);
    IS_NONE(trip, "/destinations/3/arrival_date");
    ck_assert_msg(strstr(json_of(trip), "\"altitude\":8848.86}"), "no altitude in %s", json_of(trip));
    IS_NONE(trip, "/destinations/4/duration_days");
    IS_NONE(trip, "/destinations/4/departure_date");
    /* What was read can be sent back. */
    IS_TEXT(OK(UPDATE(world->owner, id_of(trip), json_of(trip))), "/destinations/2/arrival_date", "2026-02-27");
}
END_TEST

START_TEST(takes_null_for_what_may_be_absent)
{
    tripsage_doc *trip =
        test_trip(world->owner, "{\"description\":null,\"budget\":null,\"destinations\":[{\"name\":\"Atlantis\","
                                "\"country\":null,\"country_code\":null,\"city\":null,\"coordinates\":null,"
                                "\"timezone\":null,\"arrival_date\":null,\"departure_date\":null,"
                                "\"destination_id\":null}]}");

    IS_NONE(trip, "/description");
    IS_NONE(trip, "/budget");
    IS_NONE(trip, "/destinations/0/coordinates");
}
END_TEST

START_TEST(tidies_the_tags)
{
    IS_JSON(test_trip(world->owner, "{\"tags\":[\" temples \",\"food\",\"temples\",\"a b\",\"food \"]}"), "/tags",
            "[\"temples\",\"food\",\"a b\"]");
}
END_TEST

/* A stop that the catalogue knows gets what it lacks from there, and keeps what it says itself. */
START_TEST(completes_a_known_stop)
{
    tripsage_doc *known = OK(tripsage_destination_get(OUT, world->trips, world->owner, "kyoto-jp"));
    const char *latitude = test_json_at(json_of(known), "/coordinates/latitude");
    tripsage_doc *by_name = test_trip(world->owner, "{\"destinations\":[{\"name\":\"Kyoto\"}]}");
    tripsage_doc *by_id = test_trip(
        world->owner,
        "{\"destinations\":[{\"name\":\"The old capital\",\"destination_id\":\"kyoto-jp\",\"timezone\":\"UTC\"}]}");

    IS_TEXT(by_name, "/destinations/0/country", tripsage_doc_text(known, "/country"));
    IS_TEXT(by_name, "/destinations/0/country_code", "JP");
    IS_TEXT(by_name, "/destinations/0/timezone", "Asia/Tokyo");
    IS_JSON(by_name, "/destinations/0/coordinates/latitude", latitude);
    IS_TEXT(by_id, "/destinations/0/name", "The old capital");
    IS_TEXT(by_id, "/destinations/0/country_code", "JP");
    IS_TEXT(by_id, "/destinations/0/timezone", "UTC");
    IS_JSON(by_id, "/destinations/0/coordinates/latitude", latitude);
    IS_NONE(test_trip(world->owner, "{\"destinations\":[{\"name\":\"Atlantis\"}]}"), "/destinations/0/timezone");
}
END_TEST

/* What is no JSON text at all, or one the library does not read, is malformed. */
START_TEST(refuses_text_that_is_not_json)
{
    static const char *const texts[] = {
        "",
        " ",
        "{",
        "}",
        "{\"title\":}",
        "{'title':1}",
        "{\"title\":\"x\",}",
        "title",
        "nul",
        "{} {}",
        "{}x",
        "{\"a\":01}",
        "{\"a\":NaN}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\n\"}",
        "{\"a\":\"\xff\"}",
        "{\"a\":\"\xc3\"}",
        "{\"a\":\"\xed\xa0\x80\"}",
        "{\"title\":\"a\",\"title\":\"b\"}",
        "{\"preferences\":{\"a\":1,\"a\":2}}",
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        test_fails(__FILE__, __LINE__, test_format("create from %s", texts[i]), TRIPSAGE_EMALFORMED,
                   CREATE(world->owner, texts[i]), NULL, 0);
    FAILS(TRIPSAGE_EMALFORMED, tripsage_trip_create(OUT, world->trips, world->owner, "{\"a\":\"b\0c\"}", 11, NULL));
}
END_TEST

START_TEST(refuses_a_value_that_is_no_object)
{
    static const char *const texts[] = {"[]", "null", "true", "7", "\"Kyoto\""};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        FAILS_AT(TRIPSAGE_EINVALID, CREATE(world->owner, texts[i]), "");
}
END_TEST

START_TEST(bounds_size_and_depth)
{
    enum { MIB = 1024 * 1024 };
    const char *spaces = test_repeat(" ", MIB - sizeof TRIP_JSON + 1);
    const char *deep = test_format("{\"preferences\":%s{}%s}", test_repeat("{\"a\":", 30), test_repeat("}", 30));
    const char *too_deep = test_format("{\"preferences\":%s{}%s}", test_repeat("{\"a\":", 31), test_repeat("}", 31));

    OK(CREATE(world->owner, test_format("%s%s", TRIP_JSON, spaces)));
    FAILS(TRIPSAGE_ETOOLARGE, CREATE(world->owner, test_format("%s %s", TRIP_JSON, spaces)));
    OK(CREATE(world->owner, test_with(TRIP_JSON, deep)));
    FAILS(TRIPSAGE_EMALFORMED, CREATE(world->owner, test_with(TRIP_JSON, too_deep)));
    FAILS(TRIPSAGE_EMALFORMED,
          CREATE(world->owner, test_format("%s%s", test_repeat("[", 100000), test_repeat("]", 100000))));
}
END_TEST

/* A length ends the text; what lies behind it is not read. */
START_TEST(reads_as_far_as_it_is_told)
{
    size_t length = strlen(TRIP_JSON);
    char *text = test_keep(malloc(length + 1));

    memcpy(text, TRIP_JSON, length);
    text[length] = '!';
    OK(tripsage_trip_create(OUT, world->trips, world->owner, text, length, NULL));
    FAILS(TRIPSAGE_EMALFORMED, tripsage_trip_create(OUT, world->trips, world->owner, text, length - 1, NULL));
    FAILS(TRIPSAGE_EMALFORMED, tripsage_trip_create(OUT, world->trips, world->owner, text, length + 1, NULL));
}
END_TEST

/* More bad members than an error has room for: the first sixteen are told. */
START_TEST(tells_as_many_fields_as_it_has_room_for)
{
    const char *json = TRIP_JSON;

    for (int i = 0; i < 40; i++)
        json = test_with(json, test_format("{\"x%02d\":%d}", i, i));
    FAILS(TRIPSAGE_EINVALID, CREATE(world->owner, json));
    ck_assert_uint_eq(tripsage_last_error()->field_count, TRIPSAGE_FIELD_ERRORS_MAX);
}
END_TEST

Suite *contract_trip_create(void)
{
    Suite *suite = suite_create("trip_create");
    TCase *tcase = test_case(suite, "trip_create");

    tcase_add_test(tcase, refuses_what_a_member_may_not_be);
    tcase_add_test(tcase, refuses_the_same_in_an_update);
    tcase_add_test(tcase, asks_for_what_must_be_there);
    tcase_add_test(tcase, counts_characters);
    tcase_add_test(tcase, counts_elements);
    tcase_add_test(tcase, bounds_the_preferences);
    tcase_add_test(tcase, bounds_the_numbers);
    tcase_add_test(tcase, fills_in_the_defaults);
    tcase_add_test(tcase, gives_ids_in_the_order_of_time);
    tcase_add_test(tcase, keeps_what_it_was_given);
    tcase_add_test(tcase, keeps_every_character);
    tcase_add_test(tcase, takes_back_what_was_read);
    tcase_add_test(tcase, works_out_what_a_stay_leaves_open);
    tcase_add_test(tcase, takes_null_for_what_may_be_absent);
    tcase_add_test(tcase, tidies_the_tags);
    tcase_add_test(tcase, completes_a_known_stop);
    tcase_add_test(tcase, refuses_text_that_is_not_json);
    tcase_add_test(tcase, refuses_a_value_that_is_no_object);
    tcase_add_test(tcase, bounds_size_and_depth);
    tcase_add_test(tcase, reads_as_far_as_it_is_told);
    tcase_add_test(tcase, tells_as_many_fields_as_it_has_room_for);
    return suite;
}
