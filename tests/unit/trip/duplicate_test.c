/* tests/unit/trip/duplicate_test.c: copies: what is in them and what is not, dates that move over changes of the clock, repeated requests. */
#include "fixture.h"
#include "unit/suite.h"

#define BERLIN                                                                                                         \
    "{\"title\":\"Berlin\",\"description\":\"Museums\",\"start_date\":\"2026-03-27\",\"end_date\":\"2026-03-30\","     \
    "\"status\":\"booked\",\"trip_type\":\"family\",\"visibility\":\"public\",\"tags\":[\"art\"],\"travelers\":3,"     \
    "\"budget\":{\"total\":100,\"currency\":\"EUR\",\"breakdown\":{\"food\":40}},\"preferences\":{\"a\":[1]},"         \
    "\"destinations\":[{\"name\":\"Berlin\",\"timezone\":\"Europe/Berlin\",\"arrival_date\":\"2026-03-27\","           \
    "\"departure_date\":\"2026-03-30\"}]}"

static void add_item(const char *trip_id, const char *json)
{
    tripsage_doc *doc;

    OK(tripsage_item_create(&doc, trips, owner, trip_id, json, TRIPSAGE_NUL, NULL));
    tripsage_doc_free(doc);
}

static void make_berlin(char id[37])
{
    make_trip(id, owner, BERLIN);
    add_item(
        id,
        "{\"item_type\":\"activity\",\"title\":\"Pergamon\",\"description\":\"altar\",\"item_date\":\"2026-03-28\","
        "\"start_time\":\"10:00\",\"end_time\":\"12:30\",\"location\":{\"name\":\"Museum Island\",\"latitude\":52.5,"
        "\"longitude\":13},\"cost\":1900,\"booking_reference\":\"QX99\",\"booking_status\":\"booked\","
        "\"notes\":\"wallet\",\"is_flexible\":true,\"details\":{\"floor\":2}}");
    add_item(id,
             "{\"item_type\":\"meal\",\"title\":\"Late snack\",\"item_date\":\"2026-03-28\",\"start_time\":\"02:15\","
             "\"end_time\":\"03:10\"}");
    add_item(id, "{\"item_type\":\"accommodation\",\"title\":\"Hotel\",\"item_date\":\"2026-03-27\",\"end_date\":"
                 "\"2026-03-30\"}");
}

/* The copied item as JSON, without ids, versions and times of making. */
static void item_is(const tripsage_actor *actor, const char *trip_id, int number, const char *want)
{
    tripsage_doc *doc;
    char pointer[32], text[4096];
    const char *value, *from, *to;

    snprintf(pointer, sizeof pointer, "/items/%d", number);
    OK(tripsage_itinerary_get(&doc, trips, actor, trip_id));
    value = tripsage_doc_value(doc, pointer, NULL);
    ck_assert_ptr_nonnull(value);
    from = strstr(value, ",\"item_type\"");
    to = strstr(value, ",\"version\"");
    snprintf(text, sizeof text, "%.*s", (int)(to - from), from);
    ck_assert_str_eq(text, want);
    ck_assert_ptr_nonnull(strstr(value, trip_id));
    tripsage_doc_free(doc);
}

START_TEST(copies_a_trip_with_its_items)
{
    tripsage_doc *doc, *note, *read;
    char id[37], want[4096];

    fixture_open();
    make_berlin(id);
    cast(id);
    OK(tripsage_note_create(&note, trips, owner, id, "{\"content\":\"secret\"}", TRIPSAGE_NUL, NULL));
    tripsage_doc_free(note);
    fixture_now += 1000;
    OK(tripsage_trip_duplicate(&doc, trips, view, id, NULL, 0, NULL));
    snprintf(want, sizeof want,
             "{\"id\":\"%s\",\"user_id\":\"" VIEW_ID "\",\"title\":\"Copy of Berlin\",\"description\":\"Museums\","
             "\"start_date\":\"2026-03-27\",\"end_date\":\"2026-03-30\",\"duration_days\":4,"
             "\"destinations\":[{\"name\":\"Berlin\",\"country\":%s",
             tripsage_doc_text(doc, "/id"), tripsage_doc_value(doc, "/destinations/0/country", NULL));
    ck_assert_int_eq(strncmp(tripsage_doc_json(doc, NULL), want, strlen(want)), 0);
    ck_assert_ptr_nonnull(
        strstr(tripsage_doc_json(doc, NULL),
               "\"status\":\"planning\",\"trip_type\":\"family\",\"visibility\":\"private\",\"tags\":[\"art\"],"
               "\"travelers\":3,"
               "\"budget\":{\"total\":100,\"currency\":\"EUR\",\"breakdown\":{\"accommodation\":0,\"transportation\":0,"
               "\"food\":40,"
               "\"activities\":0,\"miscellaneous\":0}},\"preferences\":{\"a\":[1]},\"role\":\"owner\",\"version\":1,"
               "\"created_at\":\"2026-03-01T12:00:01.000Z\","));
    ck_assert_int_eq(tripsage_doc_version(doc), 1);
    OK(tripsage_trip_get(&read, trips, view, tripsage_doc_text(doc, "/id")));
    ck_assert_str_eq(tripsage_doc_json(read, NULL), tripsage_doc_json(doc, NULL));
    tripsage_doc_free(read);

    item_is(view, tripsage_doc_text(doc, "/id"), 2,
            ",\"item_type\":\"activity\",\"title\":\"Pergamon\",\"description\":\"altar\",\"item_date\":\"2026-03-28\","
            "\"start_time\":\"10:00\",\"end_date\":null,\"end_time\":\"12:30\",\"timezone\":\"Europe/Berlin\","
            "\"end_timezone\":null,\"location\":{\"name\":\"Museum "
            "Island\",\"address\":null,\"latitude\":52.5,\"longitude\":13},"
            "\"cost\":1900,\"currency\":\"EUR\",\"category\":\"activities\",\"booking_reference\":null,"
            "\"booking_status\":\"planned\",\"notes\":\"wallet\",\"is_flexible\":true,\"details\":{\"floor\":2},"
            "\"start_at\":\"2026-03-28T09:00:00.000Z\",\"end_at\":\"2026-03-28T11:30:00.000Z\"");
    OK(tripsage_itinerary_get(&read, trips, view, tripsage_doc_text(doc, "/id")));
    IS_INT(read, "/total_items", 3);
    tripsage_doc_free(read);
    OK(tripsage_note_list(&read, trips, view, tripsage_doc_text(doc, "/id")));
    IS_INT(read, "/total", 0);
    tripsage_doc_free(read);
    OK(tripsage_collaborator_list(&read, trips, view, tripsage_doc_text(doc, "/id")));
    IS_INT(read, "/total", 0);
    tripsage_doc_free(read);
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_trip_get(&read, trips, owner, tripsage_doc_text(doc, "/id")));

    /* The source is as it was. */
    OK(tripsage_itinerary_get(&read, trips, owner, id));
    IS_INT(read, "/total_items", 3);
    IS_TEXT(read, "/items/2/booking_reference", "QX99");
    tripsage_doc_free(read);
    ck_assert_str_eq(sql_text("SELECT group_concat(version) FROM trip"), "1,1");
    tripsage_doc_free(doc);
    fixture_close();
}
END_TEST

START_TEST(moves_every_date_and_keeps_local_times)
{
    tripsage_doc *doc;
    char id[37], copy[37];

    fixture_open();
    make_berlin(id);
    OK(tripsage_trip_duplicate(&doc, trips, owner, id, "{\"title\":\"Next day\",\"start_date\":\"2026-03-28\"}",
                               TRIPSAGE_NUL, NULL));
    IS_TEXT(doc, "/title", "Next day");
    IS_TEXT(doc, "/start_date", "2026-03-28");
    IS_TEXT(doc, "/end_date", "2026-03-31");
    IS_TEXT(doc, "/destinations/0/arrival_date", "2026-03-28");
    IS_TEXT(doc, "/destinations/0/departure_date", "2026-03-31");
    strcpy(copy, tripsage_doc_text(doc, "/id"));
    tripsage_doc_free(doc);
    OK(tripsage_itinerary_get(&doc, trips, owner, copy));
    IS_TEXT(doc, "/items/0/title", "Hotel");
    IS_TEXT(doc, "/items/0/item_date", "2026-03-28");
    IS_TEXT(doc, "/items/0/end_date", "2026-03-31");
    /* 29 March: clocks in Berlin go from 02:00 to 03:00. */
    IS_TEXT(doc, "/items/1/title", "Late snack");
    IS_TEXT(doc, "/items/1/start_time", "02:15");
    IS_TEXT(doc, "/items/1/end_time", "03:10");
    IS_TEXT(doc, "/items/1/start_at", "2026-03-29T01:15:00.000Z"); /* in the gap: with the offset before it */
    IS_TEXT(doc, "/items/1/end_at", "2026-03-29T01:15:00.000Z");   /* 03:10 lies before that: a moment */
    IS_TEXT(doc, "/items/2/item_date", "2026-03-29");
    IS_TEXT(doc, "/items/2/start_time", "10:00");
    IS_TEXT(doc, "/items/2/start_at", "2026-03-29T08:00:00.000Z"); /* an hour earlier than the day before */
    tripsage_doc_free(doc);

    /* And back, half a year, by an odd number of days. */
    OK(tripsage_trip_duplicate(&doc, trips, owner, copy, "{\"start_date\":\"2025-10-25\"}", TRIPSAGE_NUL, NULL));
    IS_TEXT(doc, "/title", "Copy of Next day");
    IS_TEXT(doc, "/end_date", "2025-10-28");
    strcpy(copy, tripsage_doc_text(doc, "/id"));
    tripsage_doc_free(doc);
    OK(tripsage_itinerary_get(&doc, trips, owner, copy));
    IS_TEXT(doc, "/items/1/start_at", "2025-10-26T00:15:00.000Z"); /* 02:15 comes twice: the first */
    IS_TEXT(doc, "/items/1/end_at", "2025-10-26T02:10:00.000Z");
    tripsage_doc_free(doc);
    fixture_close();
}
END_TEST

START_TEST(may_be_found_by_its_owner)
{
    tripsage_doc *doc;
    char id[37];

    fixture_open();
    make_berlin(id);
    OK(tripsage_trip_duplicate(&doc, trips, stranger, id, NULL, 0, NULL));
    tripsage_doc_free(doc);
    ck_assert_int_eq(sql_int("SELECT count(*) FROM trip_search WHERE acl = 'u0189000000007000800000000000000e'"), 4);
    ck_assert_str_eq(sql_text("SELECT group_concat(x, '|') FROM (SELECT DISTINCT kind || ' ' || title || ' ' || body "
                              "|| ' ' || private AS x"
                              " FROM trip_search WHERE title LIKE '%pergamon%' ORDER BY rowid)"),
                     "item Pergamon altar\nMuseum Island wallet\nQX99|item Pergamon altar\nMuseum Island ");
    ck_assert_int_eq(
        sql_int("SELECT count(*) FROM trip_search s JOIN itinerary_item i ON s.rowid = i.seq * 4 + 1 AND s.id = i.id"
                " AND s.trip_id = i.trip_id"),
        6);
    fixture_close();
}
END_TEST

START_TEST(is_for_readers)
{
    tripsage_doc *doc, *items;
    char id[37];

    fixture_open();
    make_berlin(id);
    OK(tripsage_trip_duplicate(&doc, trips, stranger, id, NULL, 0, NULL)); /* it is public */
    OK(tripsage_itinerary_get(&items, trips, stranger, tripsage_doc_text(doc, "/id")));
    IS_TEXT(items, "/items/2/title", "Pergamon");
    ck_assert_ptr_null(tripsage_doc_text(items, "/items/2/notes"));
    tripsage_doc_free(items);
    tripsage_doc_free(doc);
    sql_run("UPDATE trip SET visibility = 'private'");
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_trip_duplicate(&doc, trips, stranger, id, NULL, 0, NULL));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_trip_duplicate(&doc, trips, owner, NO_SUCH_ID, NULL, 0, NULL));
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_trip_duplicate(&doc, trips, service, id, NULL, 0, NULL));
    FAILS(TRIPSAGE_EUNAUTHENTICATED, tripsage_trip_duplicate(&doc, trips, NULL, id, NULL, 0, NULL));
    OK(tripsage_trip_delete(trips, owner, id, NULL));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_trip_duplicate(&doc, trips, owner, id, NULL, 0, NULL));
    ck_assert_int_eq(sql_int("SELECT count(*) FROM trip"), 2);
    fixture_close();
}
END_TEST

START_TEST(cuts_the_title)
{
    tripsage_doc *doc;
    char id[37], title[700] = "", json[1000], want[700];

    fixture_open();
    for (int i = 0; i < 200; i++)
        strcat(title, i % 2 ? "é" : "京");
    snprintf(json, sizeof json,
             "{\"title\":\"%s\",\"start_date\":\"2026-11-02\",\"end_date\":\"2026-11-02\",\"destinations\":[{\"name\":"
             "\"K\"}]}",
             title);
    make_trip(id, owner, json);
    OK(tripsage_trip_duplicate(&doc, trips, owner, id, "{}", TRIPSAGE_NUL, NULL));
    snprintf(want, sizeof want, "Copy of %.*s", 96 * 5, title); /* 192 more characters, of two and three bytes */
    IS_TEXT(doc, "/title", want);
    tripsage_doc_free(doc);
    fixture_close();
}
END_TEST

START_TEST(reads_what_is_asked_for)
{
    tripsage_doc *doc;
    char id[37];

    fixture_open();
    make_trip(id, owner, BERLIN);
    FAILS_AT(TRIPSAGE_EINVALID, "/title /start_date /end_date",
             tripsage_trip_duplicate(&doc, trips, owner, id,
                                     "{\"title\":\"\",\"start_date\":\"soon\",\"end_date\":\"2026-01-01\"}",
                                     TRIPSAGE_NUL, NULL));
    FAILS(TRIPSAGE_EMALFORMED, tripsage_trip_duplicate(&doc, trips, owner, id, "{", TRIPSAGE_NUL, NULL));
    FAILS_AT(TRIPSAGE_EINVALID, "/start_date",
             tripsage_trip_duplicate(&doc, trips, owner, id, "{\"start_date\":\"2200-12-30\"}", TRIPSAGE_NUL, NULL));
    OK(tripsage_trip_duplicate(&doc, trips, owner, id, "{\"start_date\":\"2200-12-28\"}", TRIPSAGE_NUL, NULL));
    IS_TEXT(doc, "/end_date", "2200-12-31");
    tripsage_doc_free(doc);
    fixture_close();
}
END_TEST

START_TEST(copies_once_for_a_repeated_request)
{
    tripsage_write_options how = TRIPSAGE_WRITE_OPTIONS_INIT;
    tripsage_doc *first, *again;
    char id[37], other[37];

    fixture_open();
    make_berlin(id);
    make_trip(other, owner, BERLIN);
    how.idempotency_key = "k";
    OK(tripsage_trip_duplicate(&first, trips, owner, id, NULL, 0, &how));
    OK(tripsage_trip_duplicate(&again, trips, owner, id, NULL, 0, &how));
    ck_assert_int_eq(tripsage_doc_replayed(again), 1);
    ck_assert_str_eq(tripsage_doc_json(again, NULL), tripsage_doc_json(first, NULL));
    tripsage_doc_free(again);
    FAILS(TRIPSAGE_EIDEMPOTENCY, tripsage_trip_duplicate(&again, trips, owner, other, NULL, 0, &how));
    FAILS(TRIPSAGE_EIDEMPOTENCY, tripsage_trip_duplicate(&again, trips, owner, id, "{}", TRIPSAGE_NUL, &how));
    ck_assert_int_eq(sql_int("SELECT count(*) FROM trip"), 3);
    ck_assert_int_eq(sql_int("SELECT count(*) FROM itinerary_item"), 6);
    /* The first answer stands, even when what it was made from is gone. */
    OK(tripsage_trip_delete(trips, owner, id, NULL));
    OK(tripsage_trip_duplicate(&again, trips, owner, id, NULL, 0, &how));
    ck_assert_int_eq(tripsage_doc_replayed(again), 1);
    tripsage_doc_free(again);
    tripsage_doc_free(first);
    fixture_close();
}
END_TEST

SUITE_MAIN("trip/duplicate", copies_a_trip_with_its_items, moves_every_date_and_keeps_local_times,
           may_be_found_by_its_owner, is_for_readers, cuts_the_title, reads_what_is_asked_for,
           copies_once_for_a_repeated_request)
