/* item_test.c: items: what is taken, what is refused and where, who may do what, and what a change leaves behind. */
#include "itinerary_fixture.h"

#include <pthread.h>

#define ITEM                                                                                                           \
    "{\"item_type\":\"activity\",\"title\":\"Temple\",\"item_date\":\"2026-06-02\",\"timezone\":\"Asia/Tokyo\"}"

/* ---- create ---- */

START_TEST(an_item_comes_back_whole)
{
    static const char json[] =
        "{\"item_type\":\"transport\",\"title\":\"Flight home\",\"description\":\"Window seat\","
        "\"item_date\":\"2026-06-04\",\"start_time\":\"21:05\",\"end_date\":\"2026-06-04\",\"end_time\":\"09:40\","
        "\"timezone\":\"Asia/Tokyo\",\"end_timezone\":\"Pacific/Honolulu\","
        "\"location\":{\"name\":\"KIX\",\"address\":\"1 Senshukuko\",\"latitude\":34.4347,\"longitude\":135.244},"
        "\"cost\":84000,\"currency\":\"JPY\",\"booking_reference\":\"X7QK2P\",\"booking_status\":\"booked\","
        "\"notes\":\"Check in early\",\"is_flexible\":true,\"details\":{\"airline\":\"HA\",\"seats\":[1,2]},"
        "\"id\":\"anything\",\"trip_id\":7,\"start_at\":null,\"end_at\":1,\"version\":99,\"created_at\":0,\"updated_"
        "at\":0}";
    tripsage_doc *made, *read;

    ck_assert_ok(tripsage_item_create(&made, trips, owner, trip_id, json, TRIPSAGE_NUL, NULL));
    ck_assert_ok(tripsage_item_get(&read, trips, owner, trip_id, tripsage_doc_text(made, "/id")));
    ck_assert_str_eq(tripsage_doc_json(made, NULL), tripsage_doc_json(read, NULL));
    ck_assert_int_eq(tripsage_doc_version(made), 1);
    ck_assert_int_eq(tripsage_doc_version(read), 1);
    ck_assert_str_eq(tripsage_doc_text(read, "/trip_id"), trip_id);
    ck_assert_str_eq(tripsage_doc_text(read, "/item_type"), "transport");
    ck_assert_str_eq(tripsage_doc_text(read, "/start_at"), "2026-06-04T12:05:00.000Z");
    ck_assert_str_eq(tripsage_doc_text(read, "/end_at"), "2026-06-04T19:40:00.000Z");
    ck_assert_str_eq(tripsage_doc_text(read, "/location/name"), "KIX");
    ck_assert_double_eq(tripsage_doc_number(read, "/location/longitude", 0), 135.244);
    ck_assert_int_eq(tripsage_doc_int(read, "/cost", 0), 84000);
    ck_assert_str_eq(tripsage_doc_text(read, "/category"), "transportation");
    ck_assert_int_eq(tripsage_doc_int(read, "/details/seats/1", 0), 2);
    ck_assert_int_eq(tripsage_doc_bool(read, "/is_flexible", 0), 1);
    ck_assert_str_eq(tripsage_doc_text(read, "/created_at"), "2026-03-01T12:00:00.000Z");
    ck_assert_str_ne(tripsage_doc_text(read, "/id"), "anything");
    tripsage_doc_free(made);
    tripsage_doc_free(read);
}
END_TEST

START_TEST(what_is_left_out_has_its_default)
{
    tripsage_doc *doc;
    const char *json;

    ck_assert_ok(tripsage_item_create(&doc, trips, owner, trip_id, ITEM, TRIPSAGE_NUL, NULL));
    json = tripsage_doc_json(doc, NULL);
    ck_assert_ptr_nonnull(strstr(json, "\"description\":null,"));
    ck_assert_ptr_nonnull(strstr(json, "\"start_time\":null,\"end_date\":null,\"end_time\":null,"));
    ck_assert_ptr_nonnull(strstr(json, "\"end_timezone\":null,\"location\":null,\"cost\":null,\"currency\":null,"));
    ck_assert_ptr_nonnull(strstr(json, "\"category\":\"activities\",\"booking_reference\":null,"));
    ck_assert_ptr_nonnull(strstr(json, "\"booking_status\":\"planned\",\"notes\":null,\"is_flexible\":false,"));
    ck_assert_ptr_nonnull(strstr(json, "\"details\":{},\"start_at\":null,\"end_at\":null,\"version\":1,"));
    tripsage_doc_free(doc);
}
END_TEST

START_TEST(the_category_follows_the_type)
{
    static const char *const pairs[][2] = {
        {"activity", "activities"},      {"accommodation", "accommodation"},
        {"transport", "transportation"}, {"meal", "food"},
        {"event", "activities"},         {"other", "miscellaneous"},
    };

    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        char json[256];
        tripsage_doc *doc;

        snprintf(json, sizeof json, "{\"item_type\":\"%s\",\"title\":\"T\",\"item_date\":\"2026-06-02\"}", pairs[i][0]);
        ck_assert_ok(tripsage_item_create(&doc, trips, owner, trip_id, json, TRIPSAGE_NUL, NULL));
        ck_assert_str_eq(tripsage_doc_text(doc, "/category"), pairs[i][1]);
        tripsage_doc_free(doc);
    }
}
END_TEST

START_TEST(a_time_slot_is_the_two_times)
{
    tripsage_doc *doc;

    ck_assert_ok(tripsage_item_create(&doc, trips, owner, trip_id,
                                      "{\"item_type\":\"meal\",\"title\":\"Lunch\",\"item_date\":\"2026-06-02\","
                                      "\"time_slot\":{\"start_time\":\"12:00\",\"end_time\":\"13:30\"}}",
                                      TRIPSAGE_NUL, NULL));
    ck_assert_str_eq(tripsage_doc_text(doc, "/start_time"), "12:00");
    ck_assert_str_eq(tripsage_doc_text(doc, "/end_time"), "13:30");
    ck_assert_str_eq(tripsage_doc_text(doc, "/start_at"), "2026-06-02T03:00:00.000Z");
    tripsage_doc_free(doc);
}
END_TEST

/* The stop that holds the day gives the zone; on the day of change the first of the two; outside, the first stop with a zone. */
START_TEST(the_zone_is_the_trips)
{
    static const char *const days[][2] = {
        {"2026-06-01", "Asia/Tokyo"},       {"2026-06-04", "Asia/Tokyo"}, {"2026-06-05", "Pacific/Honolulu"},
        {"2026-06-07", "Pacific/Honolulu"}, {"2026-07-01", "Asia/Tokyo"},
    };

    for (size_t i = 0; i < sizeof days / sizeof days[0]; i++) {
        char json[256];
        tripsage_doc *doc;

        snprintf(json, sizeof json,
                 "{\"item_type\":\"other\",\"title\":\"T\",\"item_date\":\"%s\",\"start_time\":\"00:00\"}", days[i][0]);
        ck_assert_ok(tripsage_item_create(&doc, trips, owner, trip_id, json, TRIPSAGE_NUL, NULL));
        ck_assert_str_eq(tripsage_doc_text(doc, "/timezone"), days[i][1]);
        tripsage_doc_free(doc);
    }
}
END_TEST

START_TEST(a_trip_without_zones_is_in_utc)
{
    tripsage_doc *doc;

    make_trip("{\"title\":\"Nowhere\",\"start_date\":\"2026-06-01\",\"end_date\":\"2026-06-02\","
              "\"destinations\":[{\"name\":\"A place nobody has heard of\"}]}");
    ck_assert_ok(tripsage_item_create(&doc, trips, owner, trip_id,
                                      "{\"item_type\":\"other\",\"title\":\"T\",\"item_date\":\"2026-06-01\"}",
                                      TRIPSAGE_NUL, NULL));
    ck_assert_str_eq(tripsage_doc_text(doc, "/timezone"), "UTC");
    tripsage_doc_free(doc);

    /* and has no budget to take a currency from */
    ck_assert_fails(
        tripsage_item_create(&doc, trips, owner, trip_id,
                             "{\"item_type\":\"other\",\"title\":\"T\",\"item_date\":\"2026-06-01\",\"cost\":1}",
                             TRIPSAGE_NUL, NULL),
        TRIPSAGE_EINVALID);
    assert_field("/currency");
    ck_assert_ptr_null(doc);
}
END_TEST

START_TEST(the_currency_is_the_budgets)
{
    tripsage_doc *doc;

    ck_assert_ok(tripsage_item_create(
        &doc, trips, owner, trip_id,
        "{\"item_type\":\"meal\",\"title\":\"T\",\"item_date\":\"2026-06-02\",\"timezone\":\"UTC\",\"cost\":900}",
        TRIPSAGE_NUL, NULL));
    ck_assert_str_eq(tripsage_doc_text(doc, "/currency"), "JPY");
    tripsage_doc_free(doc);
}
END_TEST

/* Local times that do not exist, exist twice, and days that are shorter or longer. */
START_TEST(local_times_become_instants)
{
    static const struct {
        const char *members, *start_at, *end_at;
    } cases[] = {
        {"\"item_date\":\"2026-03-08\",\"start_time\":\"02:30\",\"end_time\":\"03:30\",\"timezone\":\"America/"
         "New_York\"",
         "2026-03-08T07:30:00.000Z", "2026-03-08T07:30:00.000Z"},
        {"\"item_date\":\"2026-11-01\",\"start_time\":\"01:30\",\"end_time\":\"03:00\",\"timezone\":\"America/"
         "New_York\"",
         "2026-11-01T05:30:00.000Z", "2026-11-01T08:00:00.000Z"},
        {"\"item_date\":\"2026-06-04\",\"start_time\":\"08:00\",\"end_date\":\"2026-06-03\",\"end_time\":\"20:00\","
         "\"timezone\":\"Asia/Tokyo\",\"end_timezone\":\"Pacific/Honolulu\"",
         "2026-06-03T23:00:00.000Z", "2026-06-04T06:00:00.000Z"},
        {"\"item_date\":\"2026-06-04\",\"end_time\":\"11:00\",\"timezone\":\"UTC\"", NULL, "2026-06-04T11:00:00.000Z"},
        {"\"item_date\":\"2026-06-04\",\"start_time\":\"11:00\",\"end_date\":\"2026-06-05\",\"timezone\":\"UTC\"",
         "2026-06-04T11:00:00.000Z", NULL},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char json[512];
        tripsage_doc *doc;

        snprintf(json, sizeof json, "{\"item_type\":\"other\",\"title\":\"T\",%s}", cases[i].members);
        ck_assert_ok(tripsage_item_create(&doc, trips, owner, trip_id, json, TRIPSAGE_NUL, NULL));
        ck_assert_pstr_eq(tripsage_doc_text(doc, "/start_at"), cases[i].start_at);
        ck_assert_pstr_eq(tripsage_doc_text(doc, "/end_at"), cases[i].end_at);
        tripsage_doc_free(doc);
    }
}
END_TEST

#define BASE "\"item_type\":\"other\",\"title\":\"T\",\"item_date\":\"2026-06-02\""

START_TEST(refuses_each_bad_member_by_name)
{
    static const struct {
        const char *json, *pointer;
    } cases[] = {
        {"{\"title\":\"T\",\"item_date\":\"2026-06-02\"}", "/item_type"},
        {"{\"item_type\":null,\"title\":\"T\",\"item_date\":\"2026-06-02\"}", "/item_type"},
        {"{\"item_type\":\"flight\",\"title\":\"T\",\"item_date\":\"2026-06-02\"}", "/item_type"},
        {"{\"item_type\":\"other\",\"item_date\":\"2026-06-02\"}", "/title"},
        {"{\"item_type\":\"other\",\"title\":\"\",\"item_date\":\"2026-06-02\"}", "/title"},
        {"{\"item_type\":\"other\",\"title\":\"T\"}", "/item_date"},
        {"{\"item_type\":\"other\",\"title\":\"T\",\"item_date\":\"2026-02-30\"}", "/item_date"},
        {"{" BASE ",\"description\":7}", "/description"},
        {"{" BASE ",\"start_time\":\"25:00\"}", "/start_time"},
        {"{" BASE ",\"end_time\":\"9:00\"}", "/end_time"},
        {"{" BASE ",\"end_date\":\"tomorrow\"}", "/end_date"},
        {"{" BASE ",\"end_date\":\"2026-06-01\"}", "/end_date"},
        {"{" BASE ",\"end_date\":\"2026-06-01\",\"start_time\":\"09:00\"}", "/end_date"},
        {"{" BASE ",\"start_time\":\"10:00\",\"end_time\":\"09:59\"}", "/end_time"},
        {"{" BASE ",\"timezone\":\"Mars/Olympus\"}", "/timezone"},
        {"{" BASE ",\"end_timezone\":\"../UTC\"}", "/end_timezone"},
        {"{" BASE ",\"time_slot\":\"noon\"}", "/time_slot"},
        {"{" BASE ",\"time_slot\":{\"start_time\":\"09:00\"}}", "/time_slot/end_time"},
        {"{" BASE ",\"time_slot\":{\"start_time\":\"09:00\",\"end_time\":\"10:00\",\"x\":1}}", "/time_slot/x"},
        {"{" BASE ",\"start_time\":\"09:00\",\"time_slot\":{\"start_time\":\"09:00\",\"end_time\":\"10:00\"}}",
         "/time_slot"},
        {"{" BASE ",\"location\":\"here\"}", "/location"},
        {"{" BASE ",\"location\":{\"latitude\":1}}", "/location/longitude"},
        {"{" BASE ",\"location\":{\"longitude\":1}}", "/location/latitude"},
        {"{" BASE ",\"location\":{\"latitude\":90.1,\"longitude\":1}}", "/location/latitude"},
        {"{" BASE ",\"location\":{\"latitude\":1,\"longitude\":-180.5}}", "/location/longitude"},
        {"{" BASE ",\"location\":{\"country\":\"JP\"}}", "/location/country"},
        {"{" BASE ",\"cost\":-1}", "/cost"},
        {"{" BASE ",\"cost\":1.5}", "/cost"},
        {"{" BASE ",\"cost\":1,\"currency\":\"yen\"}", "/currency"},
        {"{" BASE ",\"category\":\"fun\"}", "/category"},
        {"{" BASE ",\"booking_status\":\"maybe\"}", "/booking_status"},
        {"{" BASE ",\"is_flexible\":\"yes\"}", "/is_flexible"},
        {"{" BASE ",\"details\":[]}", "/details"},
        {"{" BASE ",\"colour\":\"red\"}", "/colour"},
        {"[]", ""},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tripsage_doc *doc = (tripsage_doc *)&doc;

        ck_assert_fails(tripsage_item_create(&doc, trips, owner, trip_id, cases[i].json, TRIPSAGE_NUL, NULL),
                        TRIPSAGE_EINVALID);
        ck_assert_ptr_null(doc);
        ck_assert_uint_eq(tripsage_last_error()->field_count, 1);
        ck_assert_msg(strcmp(tripsage_last_error()->fields[0].pointer, cases[i].pointer) == 0, "%s: %s", cases[i].json,
                      tripsage_last_error()->fields[0].pointer);
    }
    ck_assert_int_eq(ask_sql("SELECT count(*) FROM itinerary_item WHERE trip_id = $1", trip_id), 0);
}
END_TEST

START_TEST(tells_all_that_is_wrong_at_once)
{
    tripsage_doc *doc;

    ck_assert_fails(tripsage_item_create(&doc, trips, owner, trip_id, "{\"title\":\" \",\"cost\":\"much\",\"x\":0}",
                                         TRIPSAGE_NUL, NULL),
                    TRIPSAGE_EINVALID);
    ck_assert_uint_eq(tripsage_last_error()->field_count, 5);
}
END_TEST

/* {"title":"aaa..."} and its like, of a given length in characters. */
static tripsage_status create_with(const char *member, const char *letter, size_t count)
{
    static char json[64 * 1024];
    size_t at = (size_t)snprintf(json, sizeof json, "{\"item_type\":\"other\",\"item_date\":\"2026-06-02\"%s,\"%s\":\"",
                                 strcmp(member, "title") == 0 ? "" : ",\"title\":\"T\"", member);
    tripsage_doc *doc;
    tripsage_status status;

    for (size_t i = 0; i < count; i++)
        at += (size_t)snprintf(json + at, sizeof json - at, "%s", letter);
    snprintf(json + at, sizeof json - at, "\"}");
    status = tripsage_item_create(&doc, trips, owner, trip_id, json, TRIPSAGE_NUL, NULL);
    tripsage_doc_free(doc);
    return status;
}

START_TEST(lengths_are_counted_in_characters)
{
    static const struct {
        const char *member;
        size_t max;
    } cases[] = {{"title", 200}, {"description", 2000}, {"booking_reference", 100}, {"notes", 2000}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ck_assert_ok(create_with(cases[i].member, "\xe5\xaf\xba", cases[i].max));
        ck_assert_fails(create_with(cases[i].member, "a", cases[i].max + 1), TRIPSAGE_EINVALID);
    }
}
END_TEST

START_TEST(details_have_a_bound)
{
    static char json[16 * 1024];
    size_t at = (size_t)snprintf(json, sizeof json, "{" BASE ",\"details\":{\"x\":\"");
    tripsage_doc *doc;

    memset(json + at, 'a', 8 * 1024 - 8); /* {"x":""} are 8 bytes more */
    strcpy(json + at + 8 * 1024 - 8, "\"}}");
    ck_assert_ok(tripsage_item_create(&doc, trips, owner, trip_id, json, TRIPSAGE_NUL, NULL));
    tripsage_doc_free(doc);
    strcpy(json + at + 8 * 1024 - 8, "a\"}}");
    ck_assert_fails(tripsage_item_create(&doc, trips, owner, trip_id, json, TRIPSAGE_NUL, NULL), TRIPSAGE_EINVALID);
    assert_field("/details");
}
END_TEST

START_TEST(refuses_what_is_no_json)
{
    tripsage_doc *doc;

    ck_assert_fails(tripsage_item_create(&doc, trips, owner, trip_id, "{", TRIPSAGE_NUL, NULL), TRIPSAGE_EMALFORMED);
    ck_assert_fails(tripsage_item_create(&doc, trips, NULL, trip_id, ITEM, TRIPSAGE_NUL, NULL),
                    TRIPSAGE_EUNAUTHENTICATED);
    ck_assert_fails(tripsage_item_create(&doc, trips, owner, "no id", ITEM, TRIPSAGE_NUL, NULL), TRIPSAGE_ENOTFOUND);
    ck_assert_fails(tripsage_item_create(&doc, trips, owner, SOME_ID, ITEM, TRIPSAGE_NUL, NULL), TRIPSAGE_ENOTFOUND);
    ck_assert_fails(tripsage_item_create(&doc, trips, owner, NULL, ITEM, TRIPSAGE_NUL, NULL), TRIPSAGE_ENOTFOUND);
}
END_TEST

START_TEST(a_trip_holds_a_thousand_items)
{
    tripsage_doc *doc;
    char sql[1024];

    snprintf(sql, sizeof sql,
             "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $2) "
             "INSERT INTO itinerary_item (id, trip_id, version, created_at, updated_at, sort_at, item_date, timezone, "
             "item_type, booking_status, is_flexible, title, details) SELECT 'i' || i, $1, 1, 0, 0, i, '2026-06-01', "
             "'UTC', 'other', 'planned', 0, 'T', '{}' FROM n");
    run_sql(sql, trip_id, 999);
    ck_assert_ok(tripsage_item_create(&doc, trips, owner, trip_id, ITEM, TRIPSAGE_NUL, NULL));
    tripsage_doc_free(doc);
    clock_ms++;
    ck_assert_fails(tripsage_item_create(&doc, trips, owner, trip_id, ITEM, TRIPSAGE_NUL, NULL), TRIPSAGE_ELIMIT);
    ck_assert_fails(tripsage_item_create(&doc, trips, owner, trip_id, "{" BASE "}", TRIPSAGE_NUL, NULL),
                    TRIPSAGE_ELIMIT);
    ck_assert_int_eq(trip_updated_at(), NOON); /* a refused call does not touch the trip */
    ck_assert_int_eq(ask_sql("SELECT count(*) FROM itinerary_item WHERE trip_id = $1", trip_id), 1000);
}
END_TEST

START_TEST(a_key_makes_one_item)
{
    tripsage_write_options options = TRIPSAGE_WRITE_OPTIONS_INIT;
    static const char *const inputs[] = {ITEM,
                                         "{" BASE ",\"cost\":5}"}; /* one write, and one that reads the trip first */

    for (size_t i = 0; i < 2; i++) {
        tripsage_doc *first, *again, *other;

        options.idempotency_key = i ? "two" : "one";
        ck_assert_ok(tripsage_item_create(&first, trips, owner, trip_id, inputs[i], TRIPSAGE_NUL, &options));
        ck_assert_int_eq(tripsage_doc_replayed(first), 0);
        ck_assert_ok(tripsage_item_create(&again, trips, owner, trip_id, inputs[i], TRIPSAGE_NUL, &options));
        ck_assert_int_eq(tripsage_doc_replayed(again), 1);
        ck_assert_int_eq(tripsage_doc_version(again), 1);
        ck_assert_str_eq(tripsage_doc_json(first, NULL), tripsage_doc_json(again, NULL));
        ck_assert_fails(tripsage_item_create(&other, trips, owner, trip_id, inputs[!i], TRIPSAGE_NUL, &options),
                        TRIPSAGE_EIDEMPOTENCY);
        ck_assert_ptr_null(other);
        tripsage_doc_free(first);
        tripsage_doc_free(again);
    }
    ck_assert_int_eq(ask_sql("SELECT count(*) FROM itinerary_item WHERE trip_id = $1", trip_id), 2);
    ck_assert_int_eq(found_by("title : Temple"), 1);
}
END_TEST

START_TEST(a_refused_call_leaves_its_key_free)
{
    tripsage_write_options options = TRIPSAGE_WRITE_OPTIONS_INIT;
    tripsage_doc *doc;

    options.idempotency_key = "k";
    ck_assert_fails(tripsage_item_create(&doc, trips, viewer, trip_id, ITEM, TRIPSAGE_NUL, &options),
                    TRIPSAGE_EFORBIDDEN);
    run_sql("UPDATE trip_collaborator SET level = $2 WHERE user_id = $1", tripsage_actor_user_id(viewer), 3);
    ck_assert_ok(tripsage_item_create(&doc, trips, viewer, trip_id, ITEM, TRIPSAGE_NUL, &options));
    ck_assert_int_eq(tripsage_doc_replayed(doc), 0);
    tripsage_doc_free(doc);
}
END_TEST

START_TEST(bad_options_are_refused)
{
    tripsage_write_options options = TRIPSAGE_WRITE_OPTIONS_INIT;
    tripsage_doc *doc;

    options.idempotency_key = "";
    ck_assert_fails(tripsage_item_create(&doc, trips, owner, trip_id, ITEM, TRIPSAGE_NUL, &options), TRIPSAGE_EINVALID);
    assert_field("#idempotency_key");
    options.version = 9;
    ck_assert_fails(tripsage_item_create(&doc, trips, owner, trip_id, ITEM, TRIPSAGE_NUL, &options), TRIPSAGE_EMISUSE);
}
END_TEST

/* ---- rights ---- */

START_TEST(roles_decide)
{
    const struct {
        const tripsage_actor *actor;
        tripsage_status reads, writes;
    } people[] = {
        {owner, TRIPSAGE_OK, TRIPSAGE_OK},
        {admin, TRIPSAGE_OK, TRIPSAGE_OK},
        {editor, TRIPSAGE_OK, TRIPSAGE_OK},
        {service, TRIPSAGE_OK, TRIPSAGE_OK},
        {viewer, TRIPSAGE_OK, TRIPSAGE_EFORBIDDEN},
        {stranger, TRIPSAGE_ENOTFOUND, TRIPSAGE_ENOTFOUND},
        {NULL, TRIPSAGE_EUNAUTHENTICATED, TRIPSAGE_EUNAUTHENTICATED},
    };
    char id[40];

    for (size_t i = 0; i < sizeof people / sizeof people[0]; i++) {
        const tripsage_actor *actor = people[i].actor;
        tripsage_doc *doc;

        add_item(id, ITEM);
        ck_assert_int_eq(tripsage_item_get(&doc, trips, actor, trip_id, id), people[i].reads);
        tripsage_doc_free(doc);
        ck_assert_int_eq(tripsage_itinerary_get(&doc, trips, actor, trip_id), people[i].reads);
        tripsage_doc_free(doc);
        ck_assert_int_eq(tripsage_itinerary_conflicts(&doc, trips, actor, trip_id), people[i].reads);
        tripsage_doc_free(doc);
        ck_assert_int_eq(tripsage_item_create(&doc, trips, actor, trip_id, ITEM, TRIPSAGE_NUL, NULL), people[i].writes);
        tripsage_doc_free(doc);
        ck_assert_int_eq(tripsage_item_create(&doc, trips, actor, trip_id, "{" BASE "}", TRIPSAGE_NUL, NULL),
                         people[i].writes);
        tripsage_doc_free(doc);
        ck_assert_int_eq(tripsage_item_update(&doc, trips, actor, trip_id, id, "{\"title\":\"N\"}", TRIPSAGE_NUL, NULL),
                         people[i].writes);
        tripsage_doc_free(doc);
        ck_assert_int_eq(tripsage_item_delete(trips, actor, trip_id, id, NULL), people[i].writes);
        if (people[i].writes != TRIPSAGE_OK)
            ck_assert_int_eq(ask_sql("SELECT count(*) FROM itinerary_item WHERE title = 'Temple' AND id = $1", id), 1);
    }
}
END_TEST

START_TEST(a_public_reader_sees_no_secrets)
{
    tripsage_doc *doc;
    char id[40];

    add_item(id, "{" BASE ",\"booking_reference\":\"SECRET1\",\"notes\":\"SECRET2\",\"description\":\"seen\"}");
    publish();
    ck_assert_ok(tripsage_item_get(&doc, trips, stranger, trip_id, id));
    ck_assert_ptr_null(strstr(tripsage_doc_json(doc, NULL), "SECRET"));
    ck_assert_str_eq(tripsage_doc_text(doc, "/description"), "seen");
    tripsage_doc_free(doc);
    ck_assert_ok(tripsage_itinerary_get(&doc, trips, stranger, trip_id));
    ck_assert_ptr_null(strstr(tripsage_doc_json(doc, NULL), "SECRET"));
    tripsage_doc_free(doc);
    ck_assert_ok(tripsage_item_get(&doc, trips, viewer, trip_id, id));
    ck_assert_str_eq(tripsage_doc_text(doc, "/booking_reference"), "SECRET1");
    ck_assert_str_eq(tripsage_doc_text(doc, "/notes"), "SECRET2");
    tripsage_doc_free(doc);
    ck_assert_fails(tripsage_item_create(&doc, trips, stranger, trip_id, ITEM, TRIPSAGE_NUL, NULL),
                    TRIPSAGE_EFORBIDDEN);
    ck_assert_fails(tripsage_item_delete(trips, stranger, trip_id, id, NULL), TRIPSAGE_EFORBIDDEN);
}
END_TEST

START_TEST(a_deleted_trip_has_no_items)
{
    tripsage_doc *doc;
    char id[40];

    add_item(id, ITEM);
    hide();
    ck_assert_fails(tripsage_item_get(&doc, trips, owner, trip_id, id), TRIPSAGE_ENOTFOUND);
    ck_assert_fails(tripsage_itinerary_get(&doc, trips, owner, trip_id), TRIPSAGE_ENOTFOUND);
    ck_assert_fails(tripsage_item_create(&doc, trips, owner, trip_id, ITEM, TRIPSAGE_NUL, NULL), TRIPSAGE_ENOTFOUND);
    ck_assert_fails(tripsage_item_update(&doc, trips, owner, trip_id, id, "{}", TRIPSAGE_NUL, NULL),
                    TRIPSAGE_ENOTFOUND);
    ck_assert_fails(tripsage_item_delete(trips, owner, trip_id, id, NULL), TRIPSAGE_ENOTFOUND);
}
END_TEST

START_TEST(an_item_belongs_to_its_trip)
{
    tripsage_doc *doc;
    char id[40];
    static const char *const none[] = {SOME_ID, "no id", "", NULL};

    add_item(id, ITEM);
    make_trip(THE_TRIP); /* another one */
    ck_assert_fails(tripsage_item_get(&doc, trips, owner, trip_id, id), TRIPSAGE_ENOTFOUND);
    ck_assert_fails(tripsage_item_update(&doc, trips, owner, trip_id, id, "{}", TRIPSAGE_NUL, NULL),
                    TRIPSAGE_ENOTFOUND);
    ck_assert_fails(tripsage_item_delete(trips, owner, trip_id, id, NULL), TRIPSAGE_ENOTFOUND);
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        ck_assert_fails(tripsage_item_get(&doc, trips, owner, trip_id, none[i]), TRIPSAGE_ENOTFOUND);
        ck_assert_fails(tripsage_item_update(&doc, trips, owner, trip_id, none[i], "{}", TRIPSAGE_NUL, NULL),
                        TRIPSAGE_ENOTFOUND);
        ck_assert_fails(tripsage_item_delete(trips, owner, trip_id, none[i], NULL), TRIPSAGE_ENOTFOUND);
    }
    ck_assert_int_eq(ask_sql("SELECT count(*) FROM itinerary_item WHERE id = $1", id), 1);
}
END_TEST

/* ---- update ---- */

static tripsage_doc *update(const char *id, const char *json)
{
    tripsage_doc *doc;

    ck_assert_ok(tripsage_item_update(&doc, trips, owner, trip_id, id, json, TRIPSAGE_NUL, NULL));
    return doc;
}

#define FULL                                                                                                           \
    "{\"item_type\":\"transport\",\"title\":\"Train\",\"description\":\"D\",\"item_date\":\"2026-06-02\","             \
    "\"start_time\":\"10:00\",\"end_date\":\"2026-06-02\",\"end_time\":\"12:00\",\"timezone\":\"Asia/Tokyo\","         \
    "\"end_timezone\":\"Asia/Seoul\",\"location\":{\"name\":\"L\",\"address\":\"A\",\"latitude\":1,\"longitude\":2},"  \
    "\"cost\":10,\"currency\":\"EUR\",\"category\":\"food\",\"booking_reference\":\"R\",\"booking_status\":"           \
    "\"booked\","                                                                                                      \
    "\"notes\":\"N\",\"is_flexible\":true,\"details\":{\"a\":1}}"

START_TEST(an_update_changes_what_it_names)
{
    tripsage_doc *doc, *read;
    char id[40];

    add_item(id, FULL);
    clock_ms += 5000;
    doc = update(id, "{\"title\":\"Slow train\"}");
    ck_assert_int_eq(tripsage_doc_version(doc), 2);
    ck_assert_int_eq(tripsage_doc_int(doc, "/version", 0), 2);
    ck_assert_str_eq(tripsage_doc_text(doc, "/title"), "Slow train");
    ck_assert_str_eq(tripsage_doc_text(doc, "/created_at"), "2026-03-01T12:00:00.000Z");
    ck_assert_str_eq(tripsage_doc_text(doc, "/updated_at"), "2026-03-01T12:00:05.000Z");
    ck_assert_str_eq(tripsage_doc_text(doc, "/category"), "food");
    ck_assert_str_eq(tripsage_doc_text(doc, "/location/address"), "A");
    ck_assert_int_eq(tripsage_doc_int(doc, "/details/a", 0), 1);
    ck_assert_str_eq(tripsage_doc_text(doc, "/start_at"), "2026-06-02T01:00:00.000Z");
    ck_assert_ok(tripsage_item_get(&read, trips, owner, trip_id, id));
    ck_assert_str_eq(tripsage_doc_json(read, NULL), tripsage_doc_json(doc, NULL));
    tripsage_doc_free(doc);
    tripsage_doc_free(read);
}
END_TEST

START_TEST(null_brings_the_default_back)
{
    tripsage_doc *doc;
    char id[40];
    const char *json;

    add_item(id, FULL);
    doc = update(id,
                 "{\"description\":null,\"start_time\":null,\"end_date\":null,\"end_time\":null,\"end_timezone\":null,"
                 "\"timezone\":null,\"location\":null,\"cost\":null,\"currency\":null,\"category\":null,"
                 "\"booking_reference\":null,\"booking_status\":null,\"notes\":null,\"is_flexible\":null,"
                 "\"details\":null}");
    json = tripsage_doc_json(doc, NULL);
    ck_assert_ptr_nonnull(strstr(json, "\"description\":null,\"item_date\":\"2026-06-02\",\"start_time\":null,"
                                       "\"end_date\":null,\"end_time\":null,\"timezone\":\"Asia/Tokyo\","
                                       "\"end_timezone\":null,\"location\":null,\"cost\":null,\"currency\":null,"
                                       "\"category\":\"transportation\",\"booking_reference\":null,"
                                       "\"booking_status\":\"planned\",\"notes\":null,\"is_flexible\":false,"
                                       "\"details\":{},\"start_at\":null,\"end_at\":null,"));
    tripsage_doc_free(doc);
}
END_TEST

START_TEST(nested_values_are_replaced_whole)
{
    tripsage_doc *doc;
    char id[40];

    add_item(id, FULL);
    doc = update(id, "{\"location\":{\"name\":\"M\"},\"details\":{\"b\":2}}");
    ck_assert_ptr_nonnull(
        strstr(tripsage_doc_json(doc, NULL),
               "\"location\":{\"name\":\"M\",\"address\":null,\"latitude\":null,\"longitude\":null}"));
    ck_assert_ptr_nonnull(strstr(tripsage_doc_json(doc, NULL), "\"details\":{\"b\":2}"));
    tripsage_doc_free(doc);
}
END_TEST

START_TEST(moving_an_item_moves_its_instants)
{
    static const struct {
        const char *json, *start_at, *end_at;
    } steps[] = {
        {"{\"item_date\":\"2026-06-03\",\"end_date\":\"2026-06-03\"}", "2026-06-03T01:00:00.000Z",
         "2026-06-03T03:00:00.000Z"},
        {"{\"timezone\":\"UTC\",\"end_timezone\":null}", "2026-06-03T10:00:00.000Z", "2026-06-03T12:00:00.000Z"},
        {"{\"time_slot\":{\"start_time\":\"11:00\",\"end_time\":\"11:30\"}}", "2026-06-03T11:00:00.000Z",
         "2026-06-03T11:30:00.000Z"},
        {"{\"end_timezone\":\"Pacific/Honolulu\"}", "2026-06-03T11:00:00.000Z", "2026-06-03T21:30:00.000Z"},
        {"{\"time_slot\":null}", NULL, NULL},
    };
    char id[40];

    add_item(id, FULL);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        tripsage_doc *doc = update(id, steps[i].json);

        ck_assert_pstr_eq(tripsage_doc_text(doc, "/start_at"), steps[i].start_at);
        ck_assert_pstr_eq(tripsage_doc_text(doc, "/end_at"), steps[i].end_at);
        tripsage_doc_free(doc);
    }
    ck_assert_int_eq(ask_sql("SELECT sort_at FROM itinerary_item WHERE id = $1", id), INT64_C(1780444800000));
}
END_TEST

START_TEST(what_was_read_may_be_sent_back)
{
    tripsage_doc *read, *doc;
    char id[40];
    size_t length;
    const char *json;

    add_item(id, FULL);
    ck_assert_ok(tripsage_item_get(&read, trips, owner, trip_id, id));
    json = tripsage_doc_json(read, &length);
    ck_assert_ok(tripsage_item_update(&doc, trips, owner, trip_id, id, json, length, NULL));
    ck_assert_int_eq(tripsage_doc_version(doc), 2);
    tripsage_doc_free(doc);
    tripsage_doc_free(read);
}
END_TEST

START_TEST(an_update_is_checked_as_a_whole)
{
    static const struct {
        const char *json, *pointer;
    } cases[] = {
        {"{\"title\":null}", "/title"},
        {"{\"item_type\":null}", "/item_type"},
        {"{\"item_date\":null}", "/item_date"},
        {"{\"item_date\":\"2026-06-03\"}", "/end_time"}, /* the end stays where it was */
        {"{\"start_time\":\"14:00\"}", "/end_time"},
        {"{\"start_time\":\"09:00\",\"time_slot\":{\"start_time\":\"09:00\",\"end_time\":\"10:00\"}}", "/time_slot"},
        {"{\"colour\":null}", "/colour"},
        {"[]", ""},
    };
    tripsage_doc *doc;
    char id[40];

    add_item(id, FULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ck_assert_fails(tripsage_item_update(&doc, trips, owner, trip_id, id, cases[i].json, TRIPSAGE_NUL, NULL),
                        TRIPSAGE_EINVALID);
        ck_assert_ptr_null(doc);
        assert_field(cases[i].pointer);
    }
    ck_assert_fails(tripsage_item_update(&doc, trips, owner, trip_id, id, "nothing", TRIPSAGE_NUL, NULL),
                    TRIPSAGE_EMALFORMED);
    ck_assert_int_eq(ask_sql("SELECT version FROM itinerary_item WHERE id = $1", id), 1);
}
END_TEST

START_TEST(versions_guard)
{
    tripsage_write_options options = TRIPSAGE_WRITE_OPTIONS_INIT;
    tripsage_doc *doc;
    char id[40];

    add_item(id, ITEM);
    options.if_version = 2;
    ck_assert_fails(tripsage_item_update(&doc, trips, owner, trip_id, id, "{\"title\":\"N\"}", TRIPSAGE_NUL, &options),
                    TRIPSAGE_EPRECONDITION);
    ck_assert_fails(tripsage_item_delete(trips, owner, trip_id, id, &options), TRIPSAGE_EPRECONDITION);
    options.if_version = 1;
    ck_assert_ok(tripsage_item_update(&doc, trips, owner, trip_id, id, "{\"title\":\"N\"}", TRIPSAGE_NUL, &options));
    tripsage_doc_free(doc);
    ck_assert_fails(tripsage_item_update(&doc, trips, owner, trip_id, id, "{\"title\":\"O\"}", TRIPSAGE_NUL, &options),
                    TRIPSAGE_EPRECONDITION);
    ck_assert_fails(tripsage_item_delete(trips, owner, trip_id, id, &options), TRIPSAGE_EPRECONDITION);
    options.if_version = 2;
    ck_assert_ok(tripsage_item_delete(trips, owner, trip_id, id, &options));
    ck_assert_fails(tripsage_item_delete(trips, owner, trip_id, id, NULL), TRIPSAGE_ENOTFOUND);
}
END_TEST

/* ---- what a change leaves behind ---- */

START_TEST(the_trip_was_changed_but_has_its_version)
{
    tripsage_doc *doc;
    char id[40];

    clock_ms = NOON + 1000;
    add_item(id, ITEM);
    ck_assert_int_eq(trip_updated_at(), NOON + 1000);
    clock_ms = NOON + 2000;
    doc = update(id, "{\"cost\":7}");
    tripsage_doc_free(doc);
    ck_assert_int_eq(trip_updated_at(), NOON + 2000);
    clock_ms = NOON + 3000;
    ck_assert_int_eq(tripsage_item_delete(trips, viewer, trip_id, id, NULL), TRIPSAGE_EFORBIDDEN);
    ck_assert_int_eq(trip_updated_at(), NOON + 2000);
    ck_assert_ok(tripsage_item_delete(trips, owner, trip_id, id, NULL));
    ck_assert_int_eq(trip_updated_at(), NOON + 3000);
    ck_assert_int_eq(trip_version(), 1);
}
END_TEST

START_TEST(the_search_index_follows)
{
    tripsage_doc *doc;
    char id[40];

    add_item(id, "{\"item_type\":\"other\",\"title\":\"Pagoda\",\"item_date\":\"2026-06-02\"}");
    ck_assert_int_eq(found_by("title : Pagoda"), 1);
    doc = update(id, "{\"title\":\"Shrine\",\"description\":\"vermilion\",\"location\":{\"name\":\"Fushimi\","
                     "\"address\":\"Inari\"},\"notes\":\"whisper\",\"booking_reference\":\"QWERTY\"}");
    tripsage_doc_free(doc);
    ck_assert_int_eq(found_by("title : Pagoda"), 0);
    ck_assert_int_eq(found_by("title : Shrine"), 1);
    ck_assert_int_eq(found_by("body : vermilion"), 1);
    ck_assert_int_eq(found_by("body : Fushimi AND body : Inari"), 1);
    ck_assert_int_eq(found_by("private : whisper AND private : qwerty"), 1);
    ck_assert_int_eq(found_by("body : whisper"), 0);
    ck_assert_int_eq(found_by("acl : u00000000000040008000000000000001 AND acl : u00000000000040008000000000000004 AND "
                              "title : shrine"),
                     1);
    ck_assert_int_eq(
        ask_sql("SELECT count(*) FROM trip_search WHERE kind = 'item' AND id = $1 AND rowid = (SELECT seq * "
                "4 + 1 FROM itinerary_item WHERE id = $1)",
                id),
        1);
    ck_assert_ok(tripsage_item_delete(trips, owner, trip_id, id, NULL));
    ck_assert_int_eq(found_by("title : Shrine"), 0);
    ck_assert_int_eq(ask_sql("SELECT count(*) FROM trip_search WHERE id = $1", id), 0);
}
END_TEST

START_TEST(an_item_of_a_public_trip_is_found_by_all)
{
    publish();
    add_item(NULL, ITEM);
    ck_assert_int_eq(found_by("acl : public AND title : temple"), 1);
}
END_TEST

/* ---- the itinerary ---- */

START_TEST(the_itinerary_is_in_the_order_of_instants)
{
    static const char *const items[] = {
        "{\"item_type\":\"other\",\"title\":\"4\",\"item_date\":\"2026-06-03\",\"start_time\":\"00:30\",\"timezone\":"
        "\"Pacific/"
        "Honolulu\"}",
        "{\"item_type\":\"other\",\"title\":\"1\",\"item_date\":\"2026-06-02\",\"timezone\":\"Asia/Tokyo\"}",
        "{\"item_type\":\"other\",\"title\":\"3\",\"item_date\":\"2026-06-03\",\"start_time\":\"09:00\",\"timezone\":"
        "\"Asia/"
        "Tokyo\"}",
        "{\"item_type\":\"other\",\"title\":\"2\",\"item_date\":\"2026-06-02\",\"start_time\":\"00:00\",\"timezone\":"
        "\"Asia/"
        "Tokyo\"}",
    };
    tripsage_doc *doc;

    for (size_t i = 0; i < 4; i++)
        add_item(NULL, items[i]);
    ck_assert_ok(tripsage_itinerary_get(&doc, trips, viewer, trip_id));
    ck_assert_str_eq(tripsage_doc_text(doc, "/id"), trip_id);
    ck_assert_str_eq(tripsage_doc_text(doc, "/trip_id"), trip_id);
    ck_assert_str_eq(tripsage_doc_text(doc, "/title"), "East and back");
    ck_assert_str_eq(tripsage_doc_text(doc, "/start_date"), "2026-06-01");
    ck_assert_str_eq(tripsage_doc_text(doc, "/end_date"), "2026-06-07");
    ck_assert_int_eq(tripsage_doc_int(doc, "/total_items", 0), 4);
    ck_assert_uint_eq(tripsage_doc_count(doc, "/items"), 4);
    ck_assert_str_eq(tripsage_doc_text(doc, "/items/0/title"), "1");
    ck_assert_str_eq(tripsage_doc_text(doc, "/items/1/title"), "2");
    ck_assert_str_eq(tripsage_doc_text(doc, "/items/2/title"), "3");
    ck_assert_str_eq(tripsage_doc_text(doc, "/items/3/title"), "4");
    tripsage_doc_free(doc);
}
END_TEST

START_TEST(an_empty_itinerary_is_one)
{
    tripsage_doc *doc;

    ck_assert_ok(tripsage_itinerary_get(&doc, trips, owner, trip_id));
    ck_assert_int_eq(tripsage_doc_int(doc, "/total_items", -1), 0);
    ck_assert_ptr_nonnull(strstr(tripsage_doc_json(doc, NULL), "\"items\":[],"));
    tripsage_doc_free(doc);
    ck_assert_fails(tripsage_itinerary_get(&doc, trips, owner, SOME_ID), TRIPSAGE_ENOTFOUND);
    ck_assert_fails(tripsage_itinerary_get(&doc, trips, NULL, trip_id), TRIPSAGE_EUNAUTHENTICATED);
}
END_TEST

/* ---- races ---- */

enum { WRITERS = 16, CHANGES = 40 };

static void *keep_changing(void *id)
{
    for (int i = 0; i < CHANGES; i++) {
        tripsage_doc *doc;
        tripsage_status status =
            tripsage_item_update(&doc, trips, owner, trip_id, id, "{\"is_flexible\":true}", TRIPSAGE_NUL, NULL);

        tripsage_doc_free(doc);
        if (status != TRIPSAGE_OK)
            return "an update failed";
        status = tripsage_item_create(&doc, trips, editor, trip_id, "{" BASE ",\"cost\":1}", TRIPSAGE_NUL, NULL);
        tripsage_doc_free(doc);
        if (status != TRIPSAGE_OK)
            return "a creation failed";
    }
    return NULL;
}

/* Nobody's change is lost: each made its own version. */
START_TEST(changes_at_once_follow_one_another)
{
    pthread_t threads[WRITERS];
    char id[40];

    add_item(id, ITEM);
    for (int i = 0; i < WRITERS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, keep_changing, id), 0);
    for (int i = 0; i < WRITERS; i++) {
        void *failure;

        ck_assert_int_eq(pthread_join(threads[i], &failure), 0);
        ck_assert_msg(!failure, "%s", (const char *)failure);
    }
    ck_assert_int_eq(ask_sql("SELECT version FROM itinerary_item WHERE id = $1", id), 1 + WRITERS * CHANGES);
    ck_assert_int_eq(ask_sql("SELECT count(*) FROM itinerary_item WHERE trip_id = $1", trip_id), 1 + WRITERS * CHANGES);
}
END_TEST

/* A write of somebody else comes between this call's read and its write: the clock is asked in between. */
static int meddle;

static int64_t meddling_clock(void *user)
{
    (void)user;
    if (meddle > 0) {
        meddle--;
        run_sql("UPDATE trip SET version = version + 1, budget_currency = 'EUR' WHERE id = $1 AND $2 = 0", trip_id, 0);
        run_sql("UPDATE itinerary_item SET version = version + 1 WHERE trip_id = $1 AND $2 = 0", trip_id, 0);
    }
    return NOON;
}

static void reopen_with_meddling(void)
{
    tripsage_runtime runtime = TRIPSAGE_RUNTIME_INIT;

    tripsage_trips_close(trips);
    runtime.now_ms = meddling_clock;
    meddle = 0;
    ck_assert_ok(tripsage_trips_open(&trips, "sqlite::memory:", &runtime));
    make_trip(THE_TRIP);
}

START_TEST(a_lost_race_is_run_again)
{
    tripsage_write_options options = TRIPSAGE_WRITE_OPTIONS_INIT;
    tripsage_doc *doc;
    char id[40];

    reopen_with_meddling();
    add_item(id, ITEM);
    meddle = 3;
    doc = update(id, "{\"cost\":5}");
    ck_assert_int_eq(meddle, 0);
    ck_assert_int_eq(tripsage_doc_version(doc), 5);
    ck_assert_str_eq(tripsage_doc_text(doc, "/currency"), "EUR"); /* the one of the trip as it was at last */
    tripsage_doc_free(doc);
    meddle = 1;
    options.if_version = 5;
    ck_assert_fails(tripsage_item_update(&doc, trips, owner, trip_id, id, "{\"cost\":6}", TRIPSAGE_NUL, &options),
                    TRIPSAGE_EPRECONDITION);
    meddle = 1000;
    ck_assert_fails(tripsage_item_update(&doc, trips, owner, trip_id, id, "{\"cost\":6}", TRIPSAGE_NUL, NULL),
                    TRIPSAGE_EBUSY);
    ck_assert_ptr_null(doc);
    meddle = 0;
}
END_TEST

SUITE_MAIN_WITH("trip/item", open_trips, close_trips, an_item_comes_back_whole, what_is_left_out_has_its_default,
                the_category_follows_the_type, a_time_slot_is_the_two_times, the_zone_is_the_trips,
                a_trip_without_zones_is_in_utc, the_currency_is_the_budgets, local_times_become_instants,
                refuses_each_bad_member_by_name, tells_all_that_is_wrong_at_once, lengths_are_counted_in_characters,
                details_have_a_bound, refuses_what_is_no_json, a_trip_holds_a_thousand_items, a_key_makes_one_item,
                a_refused_call_leaves_its_key_free, bad_options_are_refused, roles_decide,
                a_public_reader_sees_no_secrets, a_deleted_trip_has_no_items, an_item_belongs_to_its_trip,
                an_update_changes_what_it_names, null_brings_the_default_back, nested_values_are_replaced_whole,
                moving_an_item_moves_its_instants, what_was_read_may_be_sent_back, an_update_is_checked_as_a_whole,
                versions_guard, the_trip_was_changed_but_has_its_version, the_search_index_follows,
                an_item_of_a_public_trip_is_found_by_all, the_itinerary_is_in_the_order_of_instants,
                an_empty_itinerary_is_one, changes_at_once_follow_one_another, a_lost_race_is_run_again)
