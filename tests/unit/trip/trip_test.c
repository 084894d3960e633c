/* tests/unit/trip/trip_test.c: one trip: made, read, changed, deleted, brought back, removed; repeated requests; races. */
#include "fixture.h"

#include <pthread.h>

#include "trip/record.h"
#include "unit/suite.h"

static const char full[] =
    "{\"title\":\"  A \\\"full\\\" trip \",\"description\":\"Two\\nlines <b>\","
    "\"start_date\":\"2026-11-02\",\"end_date\":\"2026-11-02\","
    "\"destinations\":[{\"name\":\"Kyoto\",\"country\":\"Japan\",\"country_code\":\"JP\",\"city\":\"Kyoto-shi\","
    "\"coordinates\":{\"latitude\":35.0116,\"longitude\":135.7681},\"timezone\":\"Asia/Tokyo\","
    "\"arrival_date\":\"2026-11-02\",\"departure_date\":\"2026-11-04\",\"destination_id\":\"kyoto-jp\"},"
    "{\"name\":\"Nowhere at all\"}],"
    "\"status\":\"booked\",\"trip_type\":\"family\",\"visibility\":\"public\","
    "\"tags\":[\" food \",\"temples\",\"food\"],\"travelers\":3,"
    "\"budget\":{\"total\":250000,\"currency\":\"JPY\",\"breakdown\":{\"food\":50000,\"accommodation\":200000}},"
    "\"preferences\":{\"pace\":\"slow\",\"n\":[1,2.5,null]}}";

static const char full_answer[] =
    ",\"user_id\":\"" OWNER_ID "\",\"title\":\"  A \\\"full\\\" trip \",\"description\":\"Two\\nlines <b>\","
    "\"start_date\":\"2026-11-02\",\"end_date\":\"2026-11-02\",\"duration_days\":1,"
    "\"destinations\":[{\"name\":\"Kyoto\",\"country\":\"Japan\",\"country_code\":\"JP\",\"city\":\"Kyoto-shi\","
    "\"coordinates\":{\"latitude\":35.0116,\"longitude\":135.7681},\"timezone\":\"Asia/Tokyo\","
    "\"arrival_date\":\"2026-11-02\",\"departure_date\":\"2026-11-04\",\"duration_days\":3,\"destination_id\":\"kyoto-"
    "jp\"},"
    "{\"name\":\"Nowhere at "
    "all\",\"country\":null,\"country_code\":null,\"city\":null,\"coordinates\":null,\"timezone\":null,"
    "\"arrival_date\":null,\"departure_date\":null,\"duration_days\":null,\"destination_id\":null}],"
    "\"status\":\"booked\",\"trip_type\":\"family\",\"visibility\":\"public\",\"tags\":[\"food\",\"temples\"],"
    "\"travelers\":3,"
    "\"budget\":{\"total\":250000,\"currency\":\"JPY\",\"breakdown\":{\"accommodation\":200000,\"transportation\":0,"
    "\"food\":50000,\"activities\":0,\"miscellaneous\":0}},\"preferences\":{\"pace\":\"slow\",\"n\":[1,2.5,null]},"
    "\"role\":\"owner\",\"version\":1,\"created_at\":\"2026-03-01T12:00:00.000Z\",\"updated_at\":\"2026-03-01T12:00:00."
    "000Z\","
    "\"deleted_at\":null}";

static const char *after_id(const tripsage_doc *doc)
{
    const char *text = tripsage_doc_json(doc, NULL);

    ck_assert_int_eq(strncmp(text, "{\"id\":\"", 7), 0);
    return text + 7 + 36 + 1;
}

/* {"title": <200 or 201 characters of two bytes>, ...} with one member replaced or added: the tests' way to a bad trip. */
static const char *kyoto_with(const char *member, const char *value)
{
    static char text[600000];
    static const char *const names[] = {"title", "start_date", "end_date", "destinations"};
    static const char *const values[] = {"\"Kyoto\"", "\"2026-11-02\"", "\"2026-11-09\"", "[{\"name\":\"Kyoto\"}]"};
    size_t n = (size_t)snprintf(text, sizeof text, "{\"%s\":%s", member, value);

    for (int i = 0; i < 4; i++)
        if (strcmp(names[i], member) != 0)
            n += (size_t)snprintf(text + n, sizeof text - n, ",\"%s\":%s", names[i], values[i]);
    snprintf(text + n, sizeof text - n, "}");
    return text;
}

static const char *repeat(const char *piece, size_t count)
{
    static char text[500000];
    size_t size = strlen(piece);

    for (size_t i = 0; i < count; i++)
        memcpy(text + i * size, piece, size);
    text[count * size] = '\0';
    return text;
}

static const char *around(const char *before, const char *text, const char *after)
{
    static char out[500100];

    snprintf(out, sizeof out, "%s%s%s", before, text, after);
    return out;
}

static const char *quoted(const char *text)
{
    return around("\"", text, "\"");
}

static void refuse(const char *member, const char *value, const char *fields)
{
    tripsage_doc *doc;

    FAILS_AT(TRIPSAGE_EINVALID, fields,
             tripsage_trip_create(&doc, trips, owner, kyoto_with(member, value), TRIPSAGE_NUL, NULL));
    ck_assert_ptr_null(doc);
}

static void accept(const char *member, const char *value)
{
    tripsage_doc *doc;

    OK(tripsage_trip_create(&doc, trips, owner, kyoto_with(member, value), TRIPSAGE_NUL, NULL));
    tripsage_doc_free(doc);
}

/* ---- creating ---- */

START_TEST(gives_the_whole_record_and_reads_the_same)
{
    tripsage_doc *made, *read;

    fixture_open();
    OK(tripsage_trip_create(&made, trips, owner, full, TRIPSAGE_NUL, NULL));
    ck_assert_str_eq(after_id(made), full_answer);
    ck_assert_int_eq(tripsage_doc_version(made), 1);
    ck_assert_int_eq(tripsage_doc_replayed(made), 0);
    OK(tripsage_trip_get(&read, trips, owner, tripsage_doc_text(made, "/id")));
    ck_assert_str_eq(tripsage_doc_json(read, NULL), tripsage_doc_json(made, NULL));
    ck_assert_int_eq(tripsage_doc_version(read), 1);
    tripsage_doc_free(made);
    tripsage_doc_free(read);
    fixture_close();
}
END_TEST

START_TEST(fills_in_the_defaults)
{
    tripsage_doc *doc;

    fixture_open();
    OK(tripsage_trip_create(&doc, trips, owner, KYOTO, TRIPSAGE_NUL, NULL));
    ck_assert_ptr_nonnull(strstr(
        tripsage_doc_json(doc, NULL),
        "\"status\":\"planning\",\"trip_type\":\"leisure\",\"visibility\":\"private\",\"tags\":[],\"travelers\":1,"
        "\"budget\":null,\"preferences\":{},\"role\":\"owner\",\"version\":1,"));
    IS_INT(doc, "/duration_days", 8);
    tripsage_doc_free(doc);
    fixture_close();
}
END_TEST

START_TEST(takes_back_what_it_gave)
{
    tripsage_doc *made, *again;

    fixture_open();
    OK(tripsage_trip_create(&made, trips, owner, full, TRIPSAGE_NUL, NULL));
    OK(tripsage_trip_create(&again, trips, owner, tripsage_doc_json(made, NULL), TRIPSAGE_NUL, NULL));
    ck_assert_str_eq(after_id(again), full_answer);
    ck_assert_str_ne(tripsage_doc_text(made, "/id"), tripsage_doc_text(again, "/id"));
    tripsage_doc_free(made);
    tripsage_doc_free(again);
    fixture_close();
}
END_TEST

START_TEST(says_every_unacceptable_value_at_once)
{
    tripsage_doc *doc;

    fixture_open();
    FAILS_AT(TRIPSAGE_EINVALID, "/title /start_date /end_date /destinations",
             tripsage_trip_create(&doc, trips, owner, "{}", TRIPSAGE_NUL, NULL));
    FAILS_AT(
        TRIPSAGE_EINVALID,
        "/status /travelers /destinations/1/name /destinations/1/timezone /destinations/1/nme /tags/1 /colour",
        tripsage_trip_create(&doc, trips, owner,
                             "{\"title\":\"T\",\"start_date\":\"2026-11-02\",\"end_date\":\"2026-11-02\",\"colour\":1,"
                             "\"destinations\":[{\"name\":\"A\"},{\"nme\":\"B\",\"timezone\":\"Mars/Base\"}],"
                             "\"tags\":[\"a\",7],\"status\":\"lost\",\"travelers\":0}",
                             TRIPSAGE_NUL, NULL));
    FAILS_AT(TRIPSAGE_EINVALID, "", tripsage_trip_create(&doc, trips, owner, "[]", TRIPSAGE_NUL, NULL));
    FAILS(TRIPSAGE_EMALFORMED, tripsage_trip_create(&doc, trips, owner, "{\"title\":", TRIPSAGE_NUL, NULL));
    FAILS(TRIPSAGE_EMALFORMED, tripsage_trip_create(&doc, trips, owner, NULL, 0, NULL));
    ck_assert_int_eq(sql_int("SELECT count(*) FROM trip"), 0);
    fixture_close();
}
END_TEST

START_TEST(holds_to_every_bound)
{
    fixture_open();
    accept("title", quoted(repeat("é", 200)));
    refuse("title", quoted(repeat("é", 201)), "/title");
    refuse("title", "\" \"", "/title");
    refuse("title", "7", "/title");
    refuse("title", "null", "/title");
    accept("description", quoted(repeat("é", 2000)));
    refuse("description", quoted(repeat("é", 2001)), "/description");
    accept("description", "null");
    accept("description", "\"\"");
    refuse("start_date", "\"2026-02-29\"", "/start_date");
    refuse("start_date", "\"2026-11-10\"", "/end_date");
    accept("start_date", "\"2026-11-09\"");
    refuse("end_date", "\"2026-11-01\"", "/end_date");
    refuse("end_date", "\"2026-11-9\"", "/end_date");
    refuse("trip_type", "\"Leisure\"", "/trip_type");
    refuse("visibility", "\"secret\"", "/visibility");
    accept("travelers", "100");
    refuse("travelers", "101", "/travelers");
    refuse("travelers", "1.5", "/travelers");
    refuse("preferences", "[]", "/preferences");
    fixture_close();
}
END_TEST

START_TEST(bounds_its_preferences)
{
    fixture_open();
    accept("preferences", around("{\"p\":\"", repeat("x", 16384 - 8), "\"}"));
    refuse("preferences", around("{\"p\":\"", repeat("x", 16384 - 7), "\"}"), "/preferences");
    fixture_close();
}
END_TEST

START_TEST(reads_stops)
{
    fixture_open();
    refuse("destinations", "[]", "/destinations");
    refuse("destinations", "null", "/destinations");
    accept("destinations", around("[", repeat("{\"name\":\"K\"},", 49), "{\"name\":\"K\"}]"));
    refuse("destinations", around("[", repeat("{\"name\":\"K\"},", 50), "{\"name\":\"K\"}]"), "/destinations");
    refuse("destinations", "[\"Kyoto\"]", "/destinations/0");
    refuse("destinations", "[{\"name\":\"K\",\"country_code\":\"jp\"}]", "/destinations/0/country_code");
    refuse("destinations", "[{\"name\":\"K\",\"coordinates\":{\"latitude\":91,\"longitude\":0}}]",
           "/destinations/0/coordinates/latitude");
    refuse("destinations", "[{\"name\":\"K\",\"coordinates\":{\"latitude\":1}}]",
           "/destinations/0/coordinates/longitude");
    refuse("destinations", "[{\"name\":\"K\",\"coordinates\":{\"latitude\":1,\"longitude\":2,\"depth\":3}}]",
           "/destinations/0/coordinates/depth");
    refuse("destinations", "[{\"name\":\"K\",\"arrival_date\":\"2026-11-03\",\"departure_date\":\"2026-11-02\"}]",
           "/destinations/0/departure_date");
    fixture_close();
}
END_TEST

START_TEST(completes_stops_from_the_catalogue)
{
    tripsage_doc *doc;

    fixture_open();
    OK(tripsage_trip_create(
        &doc, trips, owner,
        kyoto_with("destinations",
                   "[{\"name\":\"kyoto\"},{\"name\":\"The old capital\",\"destination_id\":\"kyoto-jp\","
                   "\"country\":\"Nippon\",\"coordinates\":{\"latitude\":1,\"longitude\":2}},"
                   "{\"name\":\"Kyoto\",\"country\":\"France\"},{\"name\":\"X\",\"destination_id\":\"x\"}]"),
        TRIPSAGE_NUL, NULL));
    IS_TEXT(doc, "/destinations/0/name", "kyoto"); /* as it was written */
    IS_TEXT(doc, "/destinations/0/country", "Japan");
    IS_TEXT(doc, "/destinations/0/country_code", "JP");
    IS_TEXT(doc, "/destinations/0/timezone", "Asia/Tokyo");
    ck_assert(tripsage_doc_number(doc, "/destinations/0/coordinates/latitude", 0) > 34.9);
    ck_assert_ptr_null(tripsage_doc_text(doc, "/destinations/0/destination_id"));
    IS_TEXT(doc, "/destinations/1/country", "Nippon");
    IS_TEXT(doc, "/destinations/1/country_code", "JP");
    IS_INT(doc, "/destinations/1/coordinates/latitude", 1);
    IS_TEXT(doc, "/destinations/1/timezone", "Asia/Tokyo");
    ck_assert_ptr_null(tripsage_doc_text(doc, "/destinations/2/timezone"));
    ck_assert_ptr_null(tripsage_doc_text(doc, "/destinations/3/country"));
    tripsage_doc_free(doc);
    fixture_close();
}
END_TEST

START_TEST(reads_tags)
{
    tripsage_doc *doc;

    fixture_open();
    OK(tripsage_trip_create(&doc, trips, owner, kyoto_with("tags", "[\"\\tb \",\"a\",\"b\",\"B\"]"), TRIPSAGE_NUL,
                            NULL));
    ck_assert_ptr_nonnull(strstr(tripsage_doc_json(doc, NULL), "\"tags\":[\"b\",\"a\",\"B\"]"));
    tripsage_doc_free(doc);
    refuse("tags", "[\"a\",\" \"]", "/tags/1");
    accept("tags", around("[\"", repeat("é", 50), "\"]"));
    refuse("tags", around("[\"", repeat("é", 51), "\"]"), "/tags/0");
    refuse("tags", around("[", repeat("\"a\",", 19), "\" \"]"), "/tags/19");
    refuse("tags", around("[", repeat("\"a\",", 20), "\"a\"]"), "/tags");
    refuse("tags", "\"a\"", "/tags");
    fixture_close();
}
END_TEST

START_TEST(reads_a_budget)
{
    fixture_open();
    accept("budget", "{\"total\":0,\"currency\":\"EUR\"}");
    accept("budget", "{\"total\":9007199254740992,\"currency\":\"EUR\",\"breakdown\":null}");
    refuse("budget", "{\"total\":9007199254740994,\"currency\":\"EUR\"}", "/budget/total");
    refuse("budget", "{\"total\":-1,\"currency\":\"EUR\"}", "/budget/total");
    refuse("budget", "{\"total\":10.5,\"currency\":\"EUR\"}", "/budget/total");
    refuse("budget", "{\"total\":10,\"currency\":\"eur\"}", "/budget/currency");
    refuse("budget", "{}", "/budget/total /budget/currency");
    refuse("budget", "{\"total\":10,\"currency\":\"EUR\",\"spent\":1}", "/budget/spent");
    accept("budget", "{\"total\":10,\"currency\":\"EUR\",\"breakdown\":{\"food\":4,\"activities\":6}}");
    refuse("budget", "{\"total\":10,\"currency\":\"EUR\",\"breakdown\":{\"food\":5,\"activities\":6}}",
           "/budget/breakdown");
    refuse("budget", "{\"currency\":\"EUR\",\"breakdown\":{\"food\":5}}", "/budget/total");
    refuse("budget", "{\"total\":10,\"currency\":\"EUR\",\"breakdown\":{\"beer\":1}}", "/budget/breakdown/beer");
    fixture_close();
}
END_TEST

START_TEST(is_not_for_everybody_to_create)
{
    tripsage_doc *doc;

    fixture_open();
    FAILS(TRIPSAGE_EUNAUTHENTICATED, tripsage_trip_create(&doc, trips, NULL, KYOTO, TRIPSAGE_NUL, NULL));
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_trip_create(&doc, trips, service, KYOTO, TRIPSAGE_NUL, NULL));
    fixture_close();
}
END_TEST

/* ---- reading ---- */

static void role_is(const tripsage_actor *actor, const char *id, const char *role)
{
    tripsage_doc *doc;

    OK(tripsage_trip_get(&doc, trips, actor, id));
    IS_TEXT(doc, "/role", role);
    tripsage_doc_free(doc);
}

START_TEST(is_read_in_everybodys_own_role)
{
    tripsage_doc *doc;
    char id[37], open_id[37];

    fixture_open();
    make_trip(id, owner, KYOTO);
    make_trip(open_id, owner, kyoto_with("visibility", "\"public\""));
    cast(id);
    cast(open_id);
    role_is(owner, id, "owner");
    role_is(admin, id, "admin");
    role_is(edit, id, "edit");
    role_is(view, id, "view");
    role_is(service, id, "service");
    role_is(view, open_id, "view");
    role_is(stranger, open_id, "public");
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_trip_get(&doc, trips, stranger, id));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_trip_get(&doc, trips, owner, NO_SUCH_ID));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_trip_get(&doc, trips, owner, "x"));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_trip_get(&doc, trips, owner, NULL));
    FAILS(TRIPSAGE_EUNAUTHENTICATED, tripsage_trip_get(&doc, trips, NULL, id));
    fixture_close();
}
END_TEST

START_TEST(is_found_by_an_id_in_capitals)
{
    tripsage_doc *doc;
    char id[37], capitals[37];

    fixture_open();
    make_trip(id, owner, KYOTO);
    for (int i = 0; i < 37; i++)
        capitals[i] = (char)(id[i] >= 'a' && id[i] <= 'f' ? id[i] - 32 : id[i]);
    OK(tripsage_trip_get(&doc, trips, owner, capitals));
    IS_TEXT(doc, "/id", id);
    tripsage_doc_free(doc);
    fixture_close();
}
END_TEST

/* ---- updating ---- */

static void change(const tripsage_actor *actor, const char *id, const char *json, tripsage_doc **doc)
{
    OK(tripsage_trip_update(doc, trips, actor, id, json, TRIPSAGE_NUL, NULL));
}

START_TEST(changes_what_was_given_and_nothing_else)
{
    tripsage_doc *made, *doc, *read;
    const char *id;

    fixture_open();
    OK(tripsage_trip_create(&made, trips, owner, full, TRIPSAGE_NUL, NULL));
    id = tripsage_doc_text(made, "/id");
    fixture_now += 1000;
    change(owner, id, "{\"title\":\"New\",\"tags\":[\"x\"],\"budget\":{\"total\":7,\"currency\":\"EUR\"}}", &doc);
    IS_TEXT(doc, "/title", "New");
    IS_TEXT(doc, "/tags/0", "x");
    IS_INT(doc, "/budget/total", 7);
    ck_assert_uint_eq(tripsage_doc_count(doc, "/budget/breakdown"), 0);
    IS_TEXT(doc, "/description", "Two\nlines <b>");
    IS_TEXT(doc, "/destinations/0/city", "Kyoto-shi");
    IS_TEXT(doc, "/preferences/pace", "slow");
    IS_INT(doc, "/version", 2);
    ck_assert_int_eq(tripsage_doc_version(doc), 2);
    IS_TEXT(doc, "/created_at", "2026-03-01T12:00:00.000Z");
    IS_TEXT(doc, "/updated_at", "2026-03-01T12:00:01.000Z");
    OK(tripsage_trip_get(&read, trips, owner, id));
    ck_assert_str_eq(tripsage_doc_json(read, NULL), tripsage_doc_json(doc, NULL));
    tripsage_doc_free(read);
    tripsage_doc_free(doc);
    tripsage_doc_free(made);
    fixture_close();
}
END_TEST

START_TEST(takes_a_null_as_the_default)
{
    tripsage_doc *doc, *made;

    fixture_open();
    OK(tripsage_trip_create(&made, trips, owner, full, TRIPSAGE_NUL, NULL));
    change(
        owner, tripsage_doc_text(made, "/id"),
        "{\"description\":null,\"status\":null,\"trip_type\":null,\"visibility\":null,\"tags\":null,\"travelers\":null,"
        "\"budget\":null,\"preferences\":null}",
        &doc);
    ck_assert_ptr_nonnull(strstr(
        tripsage_doc_json(doc, NULL),
        "\"status\":\"planning\",\"trip_type\":\"leisure\",\"visibility\":\"private\",\"tags\":[],\"travelers\":1,"
        "\"budget\":null,\"preferences\":{},"));
    ck_assert_ptr_nonnull(strstr(tripsage_doc_json(doc, NULL), "\"description\":null,"));
    tripsage_doc_free(doc);
    FAILS_AT(TRIPSAGE_EINVALID, "/title /start_date /end_date /destinations",
             tripsage_trip_update(&doc, trips, owner, tripsage_doc_text(made, "/id"),
                                  "{\"title\":null,\"start_date\":null,\"end_date\":null,\"destinations\":null}",
                                  TRIPSAGE_NUL, NULL));
    tripsage_doc_free(made);
    fixture_close();
}
END_TEST

START_TEST(checks_one_date_against_the_stored_other)
{
    tripsage_doc *doc;
    char id[37];

    fixture_open();
    make_trip(id, owner, KYOTO);
    FAILS_AT(TRIPSAGE_EINVALID, "/end_date",
             tripsage_trip_update(&doc, trips, owner, id, "{\"end_date\":\"2026-11-01\"}", TRIPSAGE_NUL, NULL));
    FAILS_AT(TRIPSAGE_EINVALID, "/start_date",
             tripsage_trip_update(&doc, trips, owner, id, "{\"start_date\":\"2026-11-10\"}", TRIPSAGE_NUL, NULL));
    change(owner, id, "{\"start_date\":\"2027-01-01\",\"end_date\":\"2027-01-01\"}", &doc);
    IS_INT(doc, "/duration_days", 1);
    IS_INT(doc, "/version", 2);
    tripsage_doc_free(doc);
    fixture_close();
}
END_TEST

START_TEST(follows_the_order_of_statuses)
{
    static const char *const words[] = {"planning", "booked", "in_progress", "completed", "cancelled"};
    static const int allowed[5][5] = {
        {1, 1, 0, 0, 1}, {1, 1, 1, 1, 1}, {0, 0, 1, 1, 1}, {0, 0, 0, 1, 0}, {0, 0, 0, 0, 1}};
    static const char *const explained[] = {"from planning a trip goes to: booked, cancelled", "",
                                            "from in_progress a trip goes to: completed, cancelled",
                                            "completed is final; duplicate the trip to plan it again",
                                            "cancelled is final; duplicate the trip to plan it again"};

    fixture_open();
    for (int from = 0; from < 5; from++)
        for (int to = 0; to < 5; to++) {
            tripsage_doc *doc;
            char id[37], json[64], quoted_word[32];

            snprintf(quoted_word, sizeof quoted_word, "\"%s\"", words[from]);
            make_trip(id, owner, kyoto_with("status", quoted_word));
            snprintf(json, sizeof json, "{\"status\":\"%s\"}", words[to]);
            if (allowed[from][to]) {
                change(owner, id, json, &doc);
                IS_TEXT(doc, "/status", words[to]);
                IS_INT(doc, "/version", 2);
                tripsage_doc_free(doc);
            } else {
                FAILS_AT(TRIPSAGE_ECONFLICT, "/status",
                         tripsage_trip_update(&doc, trips, owner, id, json, TRIPSAGE_NUL, NULL));
                ck_assert_str_eq(tripsage_last_error()->fields[0].message, explained[from]);
                OK(tripsage_trip_get(&doc, trips, owner, id));
                IS_TEXT(doc, "/status", words[from]);
                IS_INT(doc, "/version", 1);
                tripsage_doc_free(doc);
            }
        }
    fixture_close();
}
END_TEST

START_TEST(is_changed_by_editors_and_opened_by_its_owner_alone)
{
    const tripsage_actor *editors[3];
    tripsage_doc *doc;
    char id[37];

    fixture_open();
    make_trip(id, owner, kyoto_with("visibility", "\"public\""));
    cast(id);
    editors[0] = edit;
    editors[1] = admin;
    editors[2] = service;
    for (int i = 0; i < 3; i++) {
        change(editors[i], id, "{\"title\":\"Theirs\",\"visibility\":\"public\"}", &doc);
        tripsage_doc_free(doc);
    }
    FAILS(TRIPSAGE_EFORBIDDEN,
          tripsage_trip_update(&doc, trips, edit, id, "{\"visibility\":\"private\"}", TRIPSAGE_NUL, NULL));
    FAILS(TRIPSAGE_EFORBIDDEN,
          tripsage_trip_update(&doc, trips, admin, id, "{\"visibility\":\"private\"}", TRIPSAGE_NUL, NULL));
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_trip_update(&doc, trips, view, id, "{\"title\":\"x\"}", TRIPSAGE_NUL, NULL));
    FAILS(TRIPSAGE_EFORBIDDEN,
          tripsage_trip_update(&doc, trips, stranger, id, "{\"title\":\"x\"}", TRIPSAGE_NUL, NULL));
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_trip_update(&doc, trips, view, id, "{}", TRIPSAGE_NUL, NULL));
    FAILS(TRIPSAGE_EUNAUTHENTICATED, tripsage_trip_update(&doc, trips, NULL, id, "{}", TRIPSAGE_NUL, NULL));
    ck_assert_int_eq(sql_int("SELECT version FROM trip"), 4);
    change(owner, id, "{\"visibility\":\"private\"}", &doc);
    tripsage_doc_free(doc);
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_trip_update(&doc, trips, stranger, id, "{\"title\":\"x\"}", TRIPSAGE_NUL, NULL));
    fixture_close();
}
END_TEST

START_TEST(changes_nothing_for_an_empty_update)
{
    tripsage_write_options how = TRIPSAGE_WRITE_OPTIONS_INIT;
    tripsage_doc *doc;
    char id[37];

    fixture_open();
    make_trip(id, owner, KYOTO);
    fixture_now += 5;
    change(owner, id, "{\"id\":\"ignored\",\"version\":9}", &doc);
    IS_INT(doc, "/version", 1);
    tripsage_doc_free(doc);
    how.if_version = 2;
    FAILS(TRIPSAGE_EPRECONDITION, tripsage_trip_update(&doc, trips, owner, id, "{}", TRIPSAGE_NUL, &how));
    fixture_close();
}
END_TEST

START_TEST(heeds_the_version_it_is_given)
{
    tripsage_write_options how = TRIPSAGE_WRITE_OPTIONS_INIT;
    tripsage_doc *doc;
    char id[37];

    fixture_open();
    make_trip(id, owner, KYOTO);
    how.if_version = 1;
    OK(tripsage_trip_update(&doc, trips, owner, id, "{\"title\":\"a\"}", TRIPSAGE_NUL, &how));
    tripsage_doc_free(doc);
    FAILS(TRIPSAGE_EPRECONDITION,
          tripsage_trip_update(&doc, trips, owner, id, "{\"title\":\"b\"}", TRIPSAGE_NUL, &how));
    FAILS(TRIPSAGE_EPRECONDITION, tripsage_trip_patch(&doc, trips, owner, id, "{\"title\":\"b\"}", TRIPSAGE_NUL, &how));
    FAILS(TRIPSAGE_EPRECONDITION,
          tripsage_trip_patch(&doc, trips, owner, id, "{\"preferences\":{\"a\":1}}", TRIPSAGE_NUL, &how));
    FAILS(TRIPSAGE_EPRECONDITION, tripsage_trip_delete(trips, owner, id, &how));
    how.if_version = -1;
    FAILS_AT(TRIPSAGE_EINVALID, "#if_version",
             tripsage_trip_update(&doc, trips, owner, id, "{\"title\":\"b\"}", TRIPSAGE_NUL, &how));
    how.version = 2;
    FAILS(TRIPSAGE_EMISUSE, tripsage_trip_update(&doc, trips, owner, id, "{\"title\":\"b\"}", TRIPSAGE_NUL, &how));
    ck_assert_str_eq(sql_text("SELECT title || version FROM trip"), "a2");
    fixture_close();
}
END_TEST

/* ---- merge patch ---- */

START_TEST(merges_objects_and_replaces_the_rest)
{
    tripsage_doc *made, *doc;
    const char *id;

    fixture_open();
    OK(tripsage_trip_create(&made, trips, owner, full, TRIPSAGE_NUL, NULL));
    id = tripsage_doc_text(made, "/id");
    OK(tripsage_trip_patch(
        &doc, trips, owner, id,
        "{\"preferences\":{\"pace\":null,\"diet\":{\"vegan\":true,\"no\":null}},"
        "\"budget\":{\"breakdown\":{\"food\":1000,\"accommodation\":null}},\"tags\":[\"only\"],\"description\":null}",
        TRIPSAGE_NUL, NULL));
    ck_assert_ptr_nonnull(
        strstr(tripsage_doc_json(doc, NULL), "\"preferences\":{\"n\":[1,2.5,null],\"diet\":{\"vegan\":true}}"));
    ck_assert_ptr_nonnull(strstr(tripsage_doc_json(doc, NULL),
                                 "\"budget\":{\"total\":250000,\"currency\":\"JPY\",\"breakdown\":{\"accommodation\":0,"
                                 "\"transportation\":0,\"food\":1000,"));
    ck_assert_ptr_nonnull(strstr(tripsage_doc_json(doc, NULL), "\"tags\":[\"only\"]"));
    IS_INT(doc, "/version", 2);
    tripsage_doc_free(doc);
    OK(tripsage_trip_patch(&doc, trips, owner, id, "{\"budget\":{\"breakdown\":null}}", TRIPSAGE_NUL, NULL));
    ck_assert_ptr_nonnull(
        strstr(tripsage_doc_json(doc, NULL), "\"budget\":{\"total\":250000,\"currency\":\"JPY\",\"breakdown\":null}"));
    tripsage_doc_free(doc);
    OK(tripsage_trip_patch(&doc, trips, owner, id, "{\"budget\":null,\"preferences\":null}", TRIPSAGE_NUL, NULL));
    ck_assert_ptr_nonnull(strstr(tripsage_doc_json(doc, NULL), "\"budget\":null,\"preferences\":{}"));
    tripsage_doc_free(doc);
    FAILS_AT(TRIPSAGE_EINVALID, "/budget/currency",
             tripsage_trip_patch(&doc, trips, owner, id, "{\"budget\":{\"total\":1}}", TRIPSAGE_NUL, NULL));
    tripsage_doc_free(made);
    fixture_close();
}
END_TEST

START_TEST(refuses_a_patch_like_an_update)
{
    tripsage_doc *doc;
    char id[37];

    fixture_open();
    make_trip(id, owner, full);
    cast(id);
    FAILS(TRIPSAGE_EFORBIDDEN,
          tripsage_trip_patch(&doc, trips, view, id, "{\"preferences\":{\"a\":1}}", TRIPSAGE_NUL, NULL));
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_trip_patch(&doc, trips, stranger, id, "{\"budget\":{}}", TRIPSAGE_NUL, NULL));
    FAILS(TRIPSAGE_ENOTFOUND,
          tripsage_trip_patch(&doc, trips, owner, NO_SUCH_ID, "{\"budget\":{}}", TRIPSAGE_NUL, NULL));
    FAILS(TRIPSAGE_EUNAUTHENTICATED, tripsage_trip_patch(&doc, trips, NULL, id, "{}", TRIPSAGE_NUL, NULL));
    FAILS(TRIPSAGE_EMALFORMED, tripsage_trip_patch(&doc, trips, owner, id, "{", TRIPSAGE_NUL, NULL));
    FAILS_AT(TRIPSAGE_EINVALID, "", tripsage_trip_patch(&doc, trips, owner, id, "[]", TRIPSAGE_NUL, NULL));
    FAILS_AT(TRIPSAGE_EINVALID, "/budget/total",
             tripsage_trip_patch(&doc, trips, owner, id, "{\"budget\":{\"total\":10}}", TRIPSAGE_NUL, NULL));
    FAILS_AT(TRIPSAGE_EINVALID, "/budget/breakdown",
             tripsage_trip_patch(&doc, trips, owner, id, "{\"budget\":{\"breakdown\":{\"food\":50001}}}", TRIPSAGE_NUL,
                                 NULL));
    FAILS_AT(TRIPSAGE_EINVALID, "/budget/total /budget/currency",
             tripsage_trip_patch(&doc, trips, owner, id, "{\"budget\":{\"total\":null,\"currency\":null}}",
                                 TRIPSAGE_NUL, NULL));
    FAILS_AT(TRIPSAGE_EINVALID, "/budget/y /x",
             tripsage_trip_patch(&doc, trips, owner, id, "{\"budget\":{\"y\":1},\"x\":1}", TRIPSAGE_NUL, NULL));
    fixture_close();
}
END_TEST

START_TEST(bounds_merged_preferences)
{
    tripsage_doc *doc;
    char id[37], json[64];
    int i;

    fixture_open();
    make_trip(id, owner, kyoto_with("preferences", around("{\"p\":\"", repeat("x", 16384 - 8), "\"}")));
    FAILS_AT(TRIPSAGE_EINVALID, "/preferences",
             tripsage_trip_patch(&doc, trips, owner, id, "{\"preferences\":{\"q\":1}}", TRIPSAGE_NUL, NULL));
    OK(tripsage_trip_patch(&doc, trips, owner, id, "{\"preferences\":{\"p\":{}}}", TRIPSAGE_NUL, NULL));
    tripsage_doc_free(doc);
    for (i = 0; i < 256; i++) { /* as many as an object that comes in may have */
        snprintf(json, sizeof json, "{\"preferences\":{\"p\":{\"m%d\":%d}}}", i, i);
        OK(tripsage_trip_patch(&doc, trips, owner, id, json, TRIPSAGE_NUL, NULL));
        tripsage_doc_free(doc);
    }
    FAILS_AT(TRIPSAGE_EINVALID, "/preferences",
             tripsage_trip_patch(&doc, trips, owner, id, "{\"preferences\":{\"p\":{\"one\":1}}}", TRIPSAGE_NUL, NULL));
    OK(tripsage_trip_get(&doc, trips, owner, id));
    IS_INT(doc, "/version", 258);
    IS_INT(doc, "/preferences/p/m255", 255);
    tripsage_doc_free(doc);
    fixture_close();
}
END_TEST

enum { PATCHERS = 8, PATCHES = 25 };

typedef struct patcher {
    const char *id;
    int number;
    int done;
    char failure[256];
} patcher;

static void *patch_often(void *context)
{
    patcher *p = context;

    for (int i = 0; i < PATCHES; i++) {
        tripsage_doc *doc;
        char json[64];

        snprintf(json, sizeof json, "{\"preferences\":{\"p%d_%d\":%d}}", p->number, i, i);
        if (tripsage_trip_patch(&doc, trips, owner, p->id, json, TRIPSAGE_NUL, NULL) != TRIPSAGE_OK) {
            snprintf(p->failure, sizeof p->failure, "%s", tripsage_last_error()->message);
            return NULL;
        }
        tripsage_doc_free(doc);
        p->done++;
    }
    return NULL;
}

START_TEST(loses_no_patch_of_eight_threads)
{
    pthread_t threads[PATCHERS];
    patcher patchers[PATCHERS];
    tripsage_doc *doc;
    char id[37];

    fixture_open();
    make_trip(id, owner, KYOTO);
    for (int i = 0; i < PATCHERS; i++) {
        patchers[i] = (patcher){id, i, 0, ""};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, patch_often, &patchers[i]), 0);
    }
    for (int i = 0; i < PATCHERS; i++) {
        pthread_join(threads[i], NULL);
        ck_assert_str_eq(patchers[i].failure, "");
        ck_assert_int_eq(patchers[i].done, PATCHES);
    }
    OK(tripsage_trip_get(&doc, trips, owner, id));
    ck_assert_uint_eq(tripsage_doc_count(doc, "/preferences"), (size_t)PATCHERS * PATCHES);
    IS_INT(doc, "/version", PATCHERS * PATCHES + 1);
    tripsage_doc_free(doc);
    fixture_close();
}
END_TEST

/* ---- deleting ---- */

START_TEST(hides_what_was_deleted_from_everybody)
{
    tripsage_doc *doc;
    char id[37];

    fixture_open();
    make_trip(id, owner, kyoto_with("visibility", "\"public\""));
    cast(id);
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_trip_delete(trips, admin, id, NULL));
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_trip_delete(trips, stranger, id, NULL));
    FAILS(TRIPSAGE_EUNAUTHENTICATED, tripsage_trip_delete(trips, NULL, id, NULL));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_trip_delete(trips, owner, NO_SUCH_ID, NULL));
    OK(tripsage_trip_delete(trips, owner, id, NULL));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_trip_get(&doc, trips, owner, id));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_trip_get(&doc, trips, admin, id));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_trip_get(&doc, trips, stranger, id));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_trip_get(&doc, trips, service, id));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_trip_update(&doc, trips, owner, id, "{\"title\":\"x\"}", TRIPSAGE_NUL, NULL));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_trip_delete(trips, owner, id, NULL));
    ck_assert_str_eq(sql_text("SELECT acl FROM trip_search"), "");
    fixture_close();
}
END_TEST

START_TEST(brings_back_what_was_deleted)
{
    tripsage_doc *doc;
    char id[37];

    fixture_open();
    make_trip(id, owner, KYOTO);
    cast(id);
    FAILS(TRIPSAGE_ECONFLICT, tripsage_trip_restore(&doc, trips, owner, id));
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_trip_restore(&doc, trips, admin, id));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_trip_restore(&doc, trips, stranger, id));
    FAILS(TRIPSAGE_EUNAUTHENTICATED, tripsage_trip_restore(&doc, trips, NULL, id));
    OK(tripsage_trip_delete(trips, owner, id, NULL));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_trip_restore(&doc, trips, admin, id));
    fixture_now += 1000;
    OK(tripsage_trip_restore(&doc, trips, owner, id));
    IS_INT(doc, "/version", 3);
    IS_TEXT(doc, "/role", "owner");
    IS_TEXT(doc, "/updated_at", "2026-03-01T12:00:01.000Z");
    ck_assert_ptr_nonnull(strstr(tripsage_doc_json(doc, NULL), "\"deleted_at\":null}"));
    tripsage_doc_free(doc);
    role_is(view, id, "view");
    ck_assert_str_eq(sql_text("SELECT acl FROM trip_search"),
                     "u0189000000007000800000000000000a u0189000000007000800000000000000b"
                     " u0189000000007000800000000000000c u0189000000007000800000000000000d");
    fixture_close();
}
END_TEST

static void add_item_and_note(const char *id)
{
    char sql[2048];

    snprintf(sql, sizeof sql,
             "INSERT INTO itinerary_item (id, trip_id, version, created_at, updated_at, sort_at, item_date, timezone, "
             "item_type,"
             " booking_status, is_flexible, title, details)"
             " VALUES ('i' || '%s', '%s', 1, 0, 0, 0, '2026-11-03', 'UTC', 'meal', 'planned', 0, 'Ramen', '{}');"
             "INSERT INTO trip_search (rowid, acl, title, body, private, kind, id, trip_id)"
             " SELECT seq * 4 + 1, '', title, '', '', 'item', id, trip_id FROM itinerary_item WHERE trip_id = '%s';"
             "INSERT INTO trip_note (id, trip_id, user_id, version, created_at, updated_at, content)"
             " VALUES ('n' || '%s', '%s', '" OWNER_ID "', 1, 0, 0, 'Bring cash');"
             "INSERT INTO trip_search (rowid, acl, title, body, private, kind, id, trip_id)"
             " SELECT seq * 4 + 2, '', '', '', content, 'note', id, trip_id FROM trip_note WHERE trip_id = '%s'",
             id, id, id, id, id, id);
    sql_run(sql);
}

START_TEST(removes_a_trip_with_all_it_holds)
{
    char id[37], kept[37];

    fixture_open();
    make_trip(id, owner, KYOTO);
    make_trip(kept, owner, KYOTO);
    cast(id);
    add_item_and_note(id);
    add_item_and_note(kept);
    FAILS(TRIPSAGE_ECONFLICT, tripsage_trip_purge(trips, owner, id));
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_trip_purge(trips, admin, id));
    FAILS(TRIPSAGE_EUNAUTHENTICATED, tripsage_trip_purge(trips, NULL, id));
    OK(tripsage_trip_delete(trips, owner, id, NULL));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_trip_purge(trips, admin, id));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_trip_purge(trips, stranger, id));
    ck_assert_int_eq(sql_int("SELECT count(*) FROM trip_search"), 6);
    OK(tripsage_trip_purge(trips, owner, id));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_trip_purge(trips, owner, id));
    ck_assert_int_eq(sql_int("SELECT count(*) FROM trip"), 1);
    ck_assert_int_eq(sql_int("SELECT count(*) FROM trip_collaborator"), 0);
    ck_assert_int_eq(sql_int("SELECT count(*) FROM itinerary_item"), 1);
    ck_assert_int_eq(sql_int("SELECT count(*) FROM trip_note"), 1);
    ck_assert_int_eq(sql_int("SELECT count(*) FROM trip_search"), 3);
    ck_assert_str_eq(sql_text("SELECT DISTINCT trip_id FROM trip_search"), kept);
    fixture_close();
}
END_TEST

START_TEST(may_be_deleted_and_brought_back_by_the_service_role)
{
    tripsage_doc *doc;
    char id[37];

    fixture_open();
    make_trip(id, owner, KYOTO);
    OK(tripsage_trip_delete(trips, service, id, NULL));
    OK(tripsage_trip_restore(&doc, trips, service, id));
    IS_TEXT(doc, "/role", "service");
    tripsage_doc_free(doc);
    OK(tripsage_trip_delete(trips, service, id, NULL));
    OK(tripsage_trip_purge(trips, service, id));
    fixture_close();
}
END_TEST

START_TEST(purges_what_was_deleted_long_ago)
{
    int64_t count;
    char id[37];

    fixture_open();
    for (int i = 0; i < 45; i++) {
        make_trip(id, owner, KYOTO);
        add_item_and_note(id);
        fixture_now += 1000;
        OK(tripsage_trip_delete(trips, owner, id, NULL));
    }
    make_trip(id, owner, KYOTO);
    OK(tripsage__trip_purge_deleted(&count, trips, NOON + 43000)); /* all but the last two */
    ck_assert_int_eq(count, 43);
    ck_assert_int_eq(sql_int("SELECT count(*) FROM trip"), 3);
    ck_assert_int_eq(sql_int("SELECT count(*) FROM itinerary_item"), 2);
    ck_assert_int_eq(sql_int("SELECT count(*) FROM trip_search"), 7);
    OK(tripsage__trip_purge_deleted(&count, trips, NOON + 43000));
    ck_assert_int_eq(count, 0);
    fixture_close();
}
END_TEST

/* ---- repeated requests ---- */

START_TEST(answers_a_repeated_request_once)
{
    tripsage_write_options how = TRIPSAGE_WRITE_OPTIONS_INIT;
    tripsage_doc *first, *again;

    fixture_open();
    how.idempotency_key = "k 1";
    OK(tripsage_trip_create(&first, trips, owner, KYOTO, TRIPSAGE_NUL, &how));
    ck_assert_int_eq(tripsage_doc_replayed(first), 0);
    fixture_now += 1000;
    OK(tripsage_trip_create(&again, trips, owner, KYOTO, TRIPSAGE_NUL, &how));
    ck_assert_int_eq(tripsage_doc_replayed(again), 1);
    ck_assert_int_eq(tripsage_doc_version(again), 1);
    ck_assert_str_eq(tripsage_doc_json(again, NULL), tripsage_doc_json(first, NULL));
    tripsage_doc_free(again);
    tripsage_doc_free(first);
    FAILS(TRIPSAGE_EIDEMPOTENCY, tripsage_trip_create(&again, trips, owner, full, TRIPSAGE_NUL, &how));
    ck_assert_ptr_null(again);
    ck_assert_int_eq(sql_int("SELECT count(*) FROM trip"), 1);
    ck_assert_int_eq(sql_int("SELECT count(*) FROM trip_search"), 1);

    /* Somebody else's key is another, and so is one that is a day old. */
    OK(tripsage_trip_create(&again, trips, admin, full, TRIPSAGE_NUL, &how));
    ck_assert_int_eq(tripsage_doc_replayed(again), 0);
    tripsage_doc_free(again);
    fixture_now = NOON + INT64_C(24) * 3600 * 1000;
    OK(tripsage_trip_create(&again, trips, owner, full, TRIPSAGE_NUL, &how));
    ck_assert_int_eq(tripsage_doc_replayed(again), 0);
    tripsage_doc_free(again);
    OK(tripsage_trip_create(&again, trips, owner, full, TRIPSAGE_NUL, &how));
    ck_assert_int_eq(tripsage_doc_replayed(again), 1);
    tripsage_doc_free(again);
    ck_assert_int_eq(sql_int("SELECT count(*) FROM trip"), 3);
    ck_assert_int_eq(sql_int("SELECT count(*) FROM trip_search"), 3);
    ck_assert_int_eq(sql_int("SELECT count(*) FROM idempotency_key"), 2);
    fixture_close();
}
END_TEST

START_TEST(refuses_a_key_that_is_none)
{
    tripsage_write_options how = TRIPSAGE_WRITE_OPTIONS_INIT;
    char key[257];
    tripsage_doc *doc;

    fixture_open();
    memset(key, '~', sizeof key);
    key[256] = '\0';
    how.idempotency_key = key;
    FAILS_AT(TRIPSAGE_EINVALID, "#idempotency_key",
             tripsage_trip_create(&doc, trips, owner, KYOTO, TRIPSAGE_NUL, &how));
    key[255] = '\0';
    OK(tripsage_trip_create(&doc, trips, owner, KYOTO, TRIPSAGE_NUL, &how));
    tripsage_doc_free(doc);
    how.idempotency_key = "";
    FAILS_AT(TRIPSAGE_EINVALID, "#idempotency_key",
             tripsage_trip_create(&doc, trips, owner, KYOTO, TRIPSAGE_NUL, &how));
    how.idempotency_key = "a\nb";
    FAILS_AT(TRIPSAGE_EINVALID, "#idempotency_key",
             tripsage_trip_create(&doc, trips, owner, KYOTO, TRIPSAGE_NUL, &how));
    fixture_close();
}
END_TEST

START_TEST(forgets_old_keys)
{
    tripsage_write_options how = TRIPSAGE_WRITE_OPTIONS_INIT;
    tripsage_doc *doc;
    int64_t count;

    fixture_open();
    for (int i = 0; i < 3; i++) {
        how.idempotency_key = i == 0 ? "a" : i == 1 ? "b" : "c";
        OK(tripsage_trip_create(&doc, trips, owner, KYOTO, TRIPSAGE_NUL, &how));
        tripsage_doc_free(doc);
        fixture_now += 1000;
    }
    fixture_now = NOON + 1000 + INT64_C(24) * 3600 * 1000;
    OK(tripsage__idempotency_purge(&count, trips));
    ck_assert_int_eq(count, 2);
    ck_assert_str_eq(sql_text("SELECT group_concat(key) FROM idempotency_key"), "c");
    fixture_close();
}
END_TEST

typedef struct maker {
    tripsage_doc *doc;
    char failure[256];
} maker;

static void *make_once(void *context)
{
    tripsage_write_options how = TRIPSAGE_WRITE_OPTIONS_INIT;
    maker *m = context;

    how.idempotency_key = "the same";
    if (tripsage_trip_create(&m->doc, trips, owner, KYOTO, TRIPSAGE_NUL, &how) != TRIPSAGE_OK)
        snprintf(m->failure, sizeof m->failure, "%s", tripsage_last_error()->message);
    return NULL;
}

START_TEST(makes_one_record_for_eight_at_once)
{
    pthread_t threads[8];
    maker makers[8];
    int fresh = 0;

    fixture_open();
    for (int i = 0; i < 8; i++) {
        makers[i] = (maker){NULL, ""};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, make_once, &makers[i]), 0);
    }
    for (int i = 0; i < 8; i++) {
        pthread_join(threads[i], NULL);
        ck_assert_str_eq(makers[i].failure, "");
        fresh += !tripsage_doc_replayed(makers[i].doc);
        ck_assert_str_eq(tripsage_doc_json(makers[i].doc, NULL), tripsage_doc_json(makers[0].doc, NULL));
    }
    for (int i = 0; i < 8; i++)
        tripsage_doc_free(makers[i].doc);
    ck_assert_int_eq(fresh, 1);
    ck_assert_int_eq(sql_int("SELECT count(*) FROM trip"), 1);
    fixture_close();
}
END_TEST

/* ---- the search index ---- */

START_TEST(mirrors_the_same_text_when_made_and_when_changed)
{
    static char made[65536];
    tripsage_doc *doc;
    char id[37];

    fixture_open();
    make_trip(id, owner, full);
    strcpy(made,
           sql_text("SELECT acl || '|' || title || '|' || body || '|' || kind || id || trip_id FROM trip_search"));
    ck_assert_ptr_nonnull(strstr(made, "|Two\nlines <b>\nKyoto, Kyoto-shi, Japan; Nowhere at all\nfood, temples|trip"));
    ck_assert_int_eq(strncmp(made, "u0189000000007000800000000000000a public|", 41), 0);
    change(owner, id, "{\"title\":\"x\",\"visibility\":\"private\"}", &doc);
    tripsage_doc_free(doc);
    ck_assert_str_eq(sql_text("SELECT acl || title FROM trip_search"), "u0189000000007000800000000000000ax");
    change(owner, id, "{\"title\":\"  A \\\"full\\\" trip \",\"visibility\":\"public\"}", &doc);
    tripsage_doc_free(doc);
    ck_assert_str_eq(
        sql_text("SELECT acl || '|' || title || '|' || body || '|' || kind || id || trip_id FROM trip_search"), made);
    ck_assert_str_eq(sql_text("SELECT rowid = (SELECT seq * 4 FROM trip) FROM trip_search"), "1");

    /* A trip without description and tags, both ways. */
    make_trip(id, owner, KYOTO);
    strcpy(made, sql_text("SELECT body FROM trip_search ORDER BY rowid DESC"));
    ck_assert_str_eq(made, "Kyoto, Japan"); /* the catalogue knows the country */
    change(owner, id, "{\"title\":\"y\"}", &doc);
    tripsage_doc_free(doc);
    ck_assert_str_eq(sql_text("SELECT body FROM trip_search ORDER BY rowid DESC"), made);
    fixture_close();
}
END_TEST

START_TEST(writes_no_index_for_a_refused_change)
{
    tripsage_doc *doc;
    char id[37];

    fixture_open();
    make_trip(id, owner, kyoto_with("visibility", "\"public\""));
    sql_run("UPDATE trip_search SET title = 'planted', acl = 'planted'");
    FAILS(TRIPSAGE_EFORBIDDEN,
          tripsage_trip_update(&doc, trips, stranger, id, "{\"title\":\"x\",\"visibility\":\"private\"}", TRIPSAGE_NUL,
                               NULL));
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_trip_delete(trips, stranger, id, NULL));
    FAILS(TRIPSAGE_ECONFLICT, tripsage_trip_restore(&doc, trips, owner, id));
    FAILS(TRIPSAGE_ECONFLICT, tripsage_trip_purge(trips, owner, id));
    ck_assert_str_eq(sql_text("SELECT title || acl FROM trip_search"), "plantedplanted");
    fixture_close();
}
END_TEST

SUITE_MAIN("trip/trip", gives_the_whole_record_and_reads_the_same, fills_in_the_defaults, takes_back_what_it_gave,
           says_every_unacceptable_value_at_once, holds_to_every_bound, bounds_its_preferences, reads_stops,
           completes_stops_from_the_catalogue, reads_tags, reads_a_budget, is_not_for_everybody_to_create,
           is_read_in_everybodys_own_role, is_found_by_an_id_in_capitals, changes_what_was_given_and_nothing_else,
           takes_a_null_as_the_default, checks_one_date_against_the_stored_other, follows_the_order_of_statuses,
           is_changed_by_editors_and_opened_by_its_owner_alone, changes_nothing_for_an_empty_update,
           heeds_the_version_it_is_given, merges_objects_and_replaces_the_rest, refuses_a_patch_like_an_update,
           bounds_merged_preferences, loses_no_patch_of_eight_threads, hides_what_was_deleted_from_everybody,
           brings_back_what_was_deleted, removes_a_trip_with_all_it_holds,
           may_be_deleted_and_brought_back_by_the_service_role, purges_what_was_deleted_long_ago,
           answers_a_repeated_request_once, refuses_a_key_that_is_none, forgets_old_keys,
           makes_one_record_for_eight_at_once, mirrors_the_same_text_when_made_and_when_changed,
           writes_no_index_for_a_refused_change)
