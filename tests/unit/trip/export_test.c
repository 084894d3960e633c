/* export_test.c: a trip as JSON, CSV and iCalendar, byte by byte where a standard says so. */
#include "trip/export.h"

#include "itinerary_fixture.h"

/* ---- items made here ---- */

static tripsage__item item;

static void plain_item(void)
{
    memset(&item, 0, sizeof item);
    strcpy(item.id, "018f0000-0000-7000-8000-00000000000a");
    item.version = 3;
    item.created_at = NOON;
    item.updated_at = NOON + 61000;
    item.category = -1;
    item.title = "Temple";
    item.item_date = "2026-06-02";
    item.timezone = "Asia/Tokyo";
    item.details = "{}";
    item.details_size = 2;
}

static void place(void)
{
    ck_assert_ok(tripsage__item_place(&item));
}

/* ---- CSV ---- */

static tripsage__buf csv = TRIPSAGE__BUF_INIT(1024 * 1024);

static const char *csv_line(int is_member)
{
    csv.size = 0;
    tripsage__csv_put_item(&csv, &item, is_member);
    ck_assert_int_eq(csv.failed, TRIPSAGE_OK);
    return csv.data;
}

START_TEST(csv_has_a_header)
{
    tripsage__csv_put_header(&csv);
    ck_assert_str_eq(csv.data,
                     "id,item_date,start_time,end_date,end_time,timezone,end_timezone,start_at,end_at,item_type,title,"
                     "description,location,address,latitude,longitude,cost,currency,category,booking_status,"
                     "booking_reference,is_flexible,notes\r\n");
}
END_TEST

START_TEST(csv_has_a_field_for_each_column)
{
    ck_assert_str_eq(csv_line(1), "018f0000-0000-7000-8000-00000000000a,2026-06-02,,,,Asia/Tokyo,,,,activity,Temple,"
                                  ",,,,,,,activities,planned,,false,\r\n");
    item.description = "D";
    item.start_time = "09:00";
    item.end_date = "2026-06-03";
    item.end_time = "10:00";
    item.end_timezone = "UTC";
    item.location_name = "L";
    item.location_address = "A";
    item.has_coordinates = 1;
    item.latitude = 35.0116;
    item.longitude = -73.5;
    item.has_cost = 1;
    item.cost = 1205;
    item.currency = "USD";
    item.booking_reference = "R";
    item.notes = "N";
    item.is_flexible = 1;
    place();
    ck_assert_str_eq(csv_line(1),
                     "018f0000-0000-7000-8000-00000000000a,2026-06-02,09:00,2026-06-03,10:00,Asia/Tokyo,UTC,"
                     "2026-06-02T00:00:00.000Z,2026-06-03T10:00:00.000Z,activity,Temple,D,L,A,35.0116,-73.5,12.05,USD,"
                     "activities,planned,R,true,N\r\n");
    ck_assert_ptr_nonnull(strstr(csv_line(0), ",planned,,true,\r\n"));
}
END_TEST

START_TEST(csv_costs_have_the_currencys_decimals)
{
    static const struct {
        const char *currency;
        int64_t cost;
        const char *text;
    } cases[] = {
        {"JPY", 1205, ",1205,JPY,"}, {"USD", 5, ",0.05,USD,"}, {"KWD", 1005, ",1.005,KWD,"}, {"EUR", 0, ",0.00,EUR,"}};

    item.has_cost = 1;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        item.currency = cases[i].currency;
        item.cost = cases[i].cost;
        ck_assert_msg(strstr(csv_line(1), cases[i].text) != NULL, "%s", csv.data);
    }
}
END_TEST

START_TEST(csv_quotes_and_guards)
{
    static const char *const cases[][2] = {
        {"a,b", ",\"a,b\","},
        {"a \"b\"", ",\"a \"\"b\"\"\","},
        {"a\nb", ",\"a\nb\","},
        {"a\rb", ",\"a\rb\","},
        {"=1+1", ",'=1+1,"},
        {"+1", ",'+1,"},
        {"-1", ",'-1,"},
        {"@SUM(A1)", ",'@SUM(A1),"},
        {"\tx", ",'\tx,"},
        {"\rx", ",\"'\rx\","},
        {"\n=1+1", ",\"'\n=1+1\","},
        {"\xef\xbc\x9dX1", ",'\xef\xbc\x9dX1,"}, /* the full-width = + - @ of East Asian keyboards */
        {"\xef\xbc\x8bX1", ",'\xef\xbc\x8bX1,"},
        {"\xef\xbc\x8dX1", ",'\xef\xbc\x8dX1,"},
        {"\xef\xbc\xa0X1", ",'\xef\xbc\xa0X1,"},
        {"\xef\xbc\xa1X1", ",\xef\xbc\xa1X1,"}, /* a full-width A is a letter */
        {"=HYPERLINK(\"http://x\",\"y\")", ",\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\","},
        {"a=b", ",a=b,"},
        {"\xe5\xaf\xba", ",\xe5\xaf\xba,"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        item.title = cases[i][0];
        ck_assert_msg(strstr(csv_line(1), cases[i][1]) != NULL, "%s", csv.data);
    }
}
END_TEST

/* ---- iCalendar ---- */

static tripsage__ics ics;
static tripsage__buf out = TRIPSAGE__BUF_INIT(16 * 1024 * 1024);
static char *unfolded;

/* What every content line has to be (RFC 5545, 3.1); keeps the text with its lines unfolded. */
static void check_lines(const char *text, size_t size)
{
    size_t start = 0, at = 0;

    free(unfolded);
    unfolded = malloc(size + 1);
    ck_assert_ptr_nonnull(unfolded);
    ck_assert_msg(size >= 2 && memcmp(text + size - 2, "\r\n", 2) == 0, "the last line has no end");
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '\r') {
            ck_assert_msg(text[i + 1] == '\n', "a CR alone");
            ck_assert_msg(i - start <= 75, "a line of %zu octets: %.*s", i - start, (int)(i - start), text + start);
            ck_assert_msg(((unsigned char)text[i + 2] & 0xc0) != 0x80 && ((unsigned char)text[start] & 0xc0) != 0x80,
                          "a character cut in two");
            start = i + 2;
            i += text[i + 2] == ' ' ? 2 : 0;
            if (text[i] == ' ') {
                ck_assert_msg(((unsigned char)text[i + 1] & 0xc0) != 0x80, "a character cut in two");
                continue;
            }
            unfolded[at++] = '\r';
        } else {
            ck_assert_msg(text[i] != '\n' || text[i - 1] == '\r', "an LF alone");
            unfolded[at++] = text[i];
        }
    }
    unfolded[at] = '\0';
}

static const char *calendar(void)
{
    out.size = 0;
    ck_assert_ok(tripsage__ics_put(&out, &ics, "A trip"));
    check_lines(out.data, out.size);
    return unfolded;
}

/* The calendar of the one item. */
static const char *calendar_of_item(int is_member)
{
    tripsage__ics_free(&ics);
    tripsage__ics_init(&ics);
    ck_assert_ok(tripsage__ics_add(&ics, &item, is_member));
    return calendar();
}

static void has(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part) != NULL, "no '%s' in:\n%s", part, text);
}

static void has_not(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part) == NULL, "'%s' in:\n%s", part, text);
}

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;

    for (; (text = strstr(text, part)); text++)
        count++;
    return count;
}

START_TEST(an_event_of_a_whole_day)
{
    place();
    ck_assert_str_eq(calendar_of_item(1),
                     "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//tripsage//libtripsage " TRIPSAGE_VERSION
                     "//EN\r\nCALSCALE:GREGORIAN\r\nNAME:A trip\r\nX-WR-CALNAME:A trip\r\n"
                     "REFRESH-INTERVAL;VALUE=DURATION:PT6H\r\nBEGIN:VEVENT\r\n"
                     "UID:018f0000-0000-7000-8000-00000000000a@tripsage\r\nDTSTAMP:20260301T120101Z\r\n"
                     "LAST-MODIFIED:20260301T120101Z\r\nSEQUENCE:2\r\nSUMMARY:Temple\r\nCREATED:20260301T120000Z\r\n"
                     "DTSTART;VALUE=DATE:20260602\r\nDTEND;VALUE=DATE:20260603\r\nTRANSP:TRANSPARENT\r\n"
                     "CATEGORIES:activity\r\nSTATUS:TENTATIVE\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n");
}
END_TEST

START_TEST(an_end_of_days_is_exclusive)
{
    item.end_date = "2026-06-30";
    place();
    has(calendar_of_item(1), "DTSTART;VALUE=DATE:20260602\r\nDTEND;VALUE=DATE:20260701\r\n");
}
END_TEST

START_TEST(an_event_with_times_keeps_its_wall_time)
{
    const char *text;

    item.timezone = "America/New_York";
    item.item_date = "2026-06-04";
    item.start_time = "21:05";
    item.end_date = "2026-06-05";
    item.end_time = "11:00";
    item.end_timezone = "Europe/Vienna";
    place();
    text = calendar_of_item(1);
    has(text, "DTSTART;TZID=America/New_York:20260604T210500\r\nDTEND;TZID=Europe/Vienna:20260605T110000\r\n");
    has_not(text, "TRANSP");
    ck_assert_uint_eq(count_of(text, "BEGIN:VTIMEZONE"), 2);
    has(text, "BEGIN:VTIMEZONE\r\nTZID:America/New_York\r\n"
              "BEGIN:STANDARD\r\nDTSTART:20251231T190000\r\nTZOFFSETFROM:-0500\r\nTZOFFSETTO:-0500\r\nTZNAME:EST\r\n"
              "END:STANDARD\r\n"
              "BEGIN:DAYLIGHT\r\nDTSTART:20260308T020000\r\nTZOFFSETFROM:-0500\r\nTZOFFSETTO:-0400\r\nTZNAME:EDT\r\n"
              "END:DAYLIGHT\r\n"
              "BEGIN:STANDARD\r\nDTSTART:20261101T020000\r\nTZOFFSETFROM:-0400\r\nTZOFFSETTO:-0500\r\nTZNAME:EST\r\n"
              "END:STANDARD\r\nEND:VTIMEZONE\r\n");
}
END_TEST

START_TEST(a_zone_comes_once_for_all_years_it_is_used_in)
{
    const char *text;

    item.start_time = "10:00";
    item.timezone = "Europe/Dublin";
    item.item_date = "2027-07-01";
    place();
    ck_assert_ok(tripsage__ics_add(&ics, &item, 1));
    item.item_date = "2026-07-01";
    place();
    ck_assert_ok(tripsage__ics_add(&ics, &item, 1));
    text = calendar();
    ck_assert_uint_eq(count_of(text, "BEGIN:VTIMEZONE"), 1);
    ck_assert_uint_eq(count_of(text, "BEGIN:VEVENT"), 2);
    /* two winters (daylight time in Ireland), two summers, two winters again, the last of which begins 2027 */
    ck_assert_uint_eq(count_of(text, "BEGIN:DAYLIGHT"), 3);
    ck_assert_uint_eq(count_of(text, "BEGIN:STANDARD"), 2);
    has(text, "BEGIN:STANDARD\r\nDTSTART:20260329T010000\r\nTZOFFSETFROM:+0000\r\nTZOFFSETTO:+0100\r\nTZNAME:IST\r\n");
}
END_TEST

START_TEST(a_zone_without_changes_has_one_part)
{
    const char *text;

    item.start_time = "10:00";
    item.timezone = "Asia/Kathmandu";
    place();
    text = calendar_of_item(1);
    has(text, "TZID:Asia/Kathmandu\r\nBEGIN:STANDARD\r\nDTSTART:20260101T054500\r\nTZOFFSETFROM:+0545\r\n"
              "TZOFFSETTO:+0545\r\nTZNAME:+0545\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n");
    has_not(text, "DTEND"); /* a moment */
}
END_TEST

START_TEST(utc_and_lost_zones_are_utc)
{
    const char *text;

    item.start_time = "10:00";
    item.end_time = "10:00";
    item.timezone = "UTC";
    place();
    text = calendar_of_item(1);
    has(text, "DTSTART:20260602T100000Z\r\n");
    has_not(text, "DTEND"); /* an end must come later */
    has_not(text, "VTIMEZONE");
    item.timezone = "Atlantis/Capital"; /* was there when the item was written */
    text = calendar_of_item(1);
    has(text, "DTSTART:20260602T100000Z\r\n");
    has_not(text, "VTIMEZONE");
}
END_TEST

START_TEST(times_a_day_event_cannot_say_are_told)
{
    const char *text;

    item.type = TRIPSAGE__ITEM_ACCOMMODATION;
    item.start_time = "15:00";
    item.end_date = "2026-06-05";
    place();
    text = calendar_of_item(1);
    has(text, "DTSTART;VALUE=DATE:20260602\r\nDTEND;VALUE=DATE:20260606\r\n");
    has(text, "DESCRIPTION:From 15:00\r\n");
    item.start_time = NULL;
    item.end_time = "11:00";
    place();
    text = calendar_of_item(1);
    has(text, "DTSTART;VALUE=DATE:20260602\r\nDTEND;VALUE=DATE:20260606\r\n");
    has(text, "DESCRIPTION:Until 11:00\r\n");
}
END_TEST

START_TEST(arriving_the_day_before_is_fine)
{
    item.item_date = "2026-06-04";
    item.start_time = "08:00";
    item.end_date = "2026-06-03";
    item.end_time = "20:00";
    item.end_timezone = "Pacific/Honolulu";
    place();
    has(calendar_of_item(1),
        "DTSTART;TZID=Asia/Tokyo:20260604T080000\r\nDTEND;TZID=Pacific/Honolulu:20260603T200000\r\n");
}
END_TEST

START_TEST(texts_are_escaped)
{
    const char *text;

    item.title = "a,b;c\\d\ne\r\nf\rg\th\x01i\x7fj";
    item.description = "first";
    item.notes = "last";
    item.booking_reference = "R,1";
    item.location_name = "Caf\xc3\xa9; bar";
    item.location_address = "1, Road";
    place();
    text = calendar_of_item(1);
    has(text, "SUMMARY:a\\,b\\;c\\\\d\\ne\\nf\\ng hij\r\n");
    has(text, "DESCRIPTION:first\\nBooking reference: R\\,1\\nlast\r\n");
    has(text, "LOCATION:Caf\xc3\xa9\\; bar\\, 1\\, Road\r\n");
    text = calendar_of_item(0);
    has(text, "DESCRIPTION:first\r\n");
    has_not(text, "last");
    item.description = "";
    item.location_name = "";
    item.location_address = NULL;
    text = calendar_of_item(0);
    has_not(text, "DESCRIPTION");
    has_not(text, "LOCATION");
}
END_TEST

START_TEST(places_have_six_decimals)
{
    item.has_coordinates = 1;
    item.latitude = -33.8567844;
    item.longitude = 0.0000004;
    place();
    has(calendar_of_item(1), "GEO:-33.856784;0.000000\r\n");
    item.latitude = -0.5;
    item.longitude = -180;
    has(calendar_of_item(1), "GEO:-0.500000;-180.000000\r\n");
}
END_TEST

START_TEST(states_are_told)
{
    static const char *const words[] = {"TENTATIVE", "CONFIRMED", "CONFIRMED", "CONFIRMED", "CANCELLED"};

    place();
    for (int i = 0; i < 5; i++) {
        char line[64];

        item.booking = i;
        snprintf(line, sizeof line, "STATUS:%s\r\n", words[i]);
        has(calendar_of_item(1), line);
    }
}
END_TEST

/* At every length around the fold, with characters of every width; check_lines() looks at each line. */
START_TEST(lines_are_folded_between_characters)
{
    static const char *const letters[] = {"a", "\xc3\xa9", "\xe5\xaf\xba", "\xf0\x9f\x97\xbb", ",", "\\"};
    static char title[2048], expected[4096];

    place();
    item.title = title;
    for (size_t l = 0; l < sizeof letters / sizeof letters[0]; l++)
        for (size_t count = 1; count < 120; count++) {
            size_t at = 0, e = (size_t)snprintf(expected, sizeof expected, "SUMMARY:");

            for (size_t i = 0; i < count; i++) {
                at += (size_t)snprintf(title + at, sizeof title - at, "%s", letters[l]);
                e += (size_t)snprintf(expected + e, sizeof expected - e, "%s%s", l >= 4 ? "\\" : "", letters[l]);
            }
            snprintf(expected + e, sizeof expected - e, "\r\n");
            has(calendar_of_item(1), expected);
        }
}
END_TEST

START_TEST(an_empty_calendar_holds_the_trip)
{
    const char *text;

    tripsage__ics_add_trip(&ics, SOME_ID, "Far", "2026-06-01", "2026-06-07", NOON, 4);
    text = calendar();
    has(text, "UID:" SOME_ID "@tripsage\r\n");
    has(text, "SEQUENCE:3\r\nSUMMARY:Far\r\nDTSTART;VALUE=DATE:20260601\r\nDTEND;VALUE=DATE:20260608\r\n");
}
END_TEST

/* ---- the call ---- */

static char *export_as(const char *format, const tripsage_actor *actor, const char *media_type)
{
    char *content;
    const char *type;
    size_t length;

    ck_assert_ok(tripsage_trip_export(&content, &length, &type, trips, actor, trip_id, format));
    ck_assert_uint_eq(strlen(content), length);
    ck_assert_str_eq(type, media_type);
    return content;
}

#define SECRET_ITEM                                                                                                    \
    "{\"item_type\":\"meal\",\"title\":\"Dinner\",\"item_date\":\"2026-06-02\",\"start_time\":\"19:00\","              \
    "\"notes\":\"SECRET1\",\"booking_reference\":\"SECRET2\"}"

static void add_note(const char *json)
{
    tripsage_doc *doc;

    ck_assert_ok(tripsage_note_create(&doc, trips, owner, trip_id, json, TRIPSAGE_NUL, NULL));
    tripsage_doc_free(doc);
}

/* The JSON of an export, as a document to look into. */
static tripsage_doc *parsed(char *content)
{
    tripsage_doc *doc;

    ck_assert_ok(tripsage__doc_new(&doc, 0));
    tripsage__buf_puts(&doc->json, content);
    tripsage_free(content);
    ck_assert_ptr_nonnull(tripsage_doc_text(doc, "/trip/id"));
    return doc;
}

START_TEST(json_holds_all)
{
    tripsage_doc *doc;

    open_trips();
    add_item(NULL, SECRET_ITEM);
    add_item(NULL,
             "{\"item_type\":\"meal\",\"title\":\"Lunch\",\"item_date\":\"2026-06-02\",\"start_time\":\"12:00\"}");
    add_note("{\"content\":\"SECRET3\"}");
    doc = parsed(export_as("json", viewer, "application/json"));
    ck_assert_uint_eq(tripsage_doc_count(doc, ""), 4);
    ck_assert_str_eq(tripsage_doc_text(doc, "/trip/id"), trip_id);
    ck_assert_str_eq(tripsage_doc_text(doc, "/trip/role"), "view");
    ck_assert_uint_eq(tripsage_doc_count(doc, "/items"), 2);
    ck_assert_str_eq(tripsage_doc_text(doc, "/items/0/title"), "Lunch");
    ck_assert_str_eq(tripsage_doc_text(doc, "/items/1/notes"), "SECRET1");
    ck_assert_str_eq(tripsage_doc_text(doc, "/notes/0/content"), "SECRET3");
    ck_assert_uint_eq(tripsage_doc_count(doc, "/collaborators"), 3);
    ck_assert_str_eq(tripsage_doc_text(doc, "/collaborators/0/permission_level"), "view");
    ck_assert_str_eq(tripsage_doc_text(doc, "/collaborators/0/user_id"), tripsage_actor_user_id(viewer));
    tripsage_doc_free(doc);

    publish();
    doc = parsed(export_as("json", stranger, "application/json"));
    ck_assert_uint_eq(tripsage_doc_count(doc, ""), 2);
    ck_assert_ptr_null(strstr(tripsage_doc_json(doc, NULL), "SECRET"));
    tripsage_doc_free(doc);
    close_trips();
}
END_TEST

START_TEST(csv_has_a_line_for_each_item)
{
    char *content;

    open_trips();
    add_item(NULL, SECRET_ITEM);
    add_item(NULL,
             "{\"item_type\":\"meal\",\"title\":\"Lunch\",\"item_date\":\"2026-06-02\",\"start_time\":\"12:00\"}");
    content = export_as("csv", viewer, "text/csv; charset=utf-8; header=present");
    ck_assert_uint_eq(count_of(content, "\r\n"), 3);
    has(content, ",SECRET2,false,SECRET1\r\n");
    tripsage_free(content);
    publish();
    content = export_as("csv", stranger, "text/csv; charset=utf-8; header=present");
    ck_assert_uint_eq(count_of(content, "\r\n"), 3);
    has_not(content, "SECRET");
    tripsage_free(content);
    close_trips();
}
END_TEST

START_TEST(ics_has_an_event_for_each_item)
{
    char *content;

    open_trips();
    content = export_as("ics", viewer, "text/calendar; charset=utf-8");
    check_lines(content, strlen(content));
    ck_assert_uint_eq(count_of(unfolded, "BEGIN:VEVENT"), 1); /* the trip itself */
    has(unfolded, "SUMMARY:East and back\r\nDTSTART;VALUE=DATE:20260601\r\nDTEND;VALUE=DATE:20260608\r\n");
    tripsage_free(content);
    add_item(NULL, SECRET_ITEM);
    add_item(NULL,
             "{\"item_type\":\"meal\",\"title\":\"Lunch\",\"item_date\":\"2026-06-02\",\"start_time\":\"12:00\"}");
    content = export_as("ics", viewer, "text/calendar; charset=utf-8");
    check_lines(content, strlen(content));
    ck_assert_uint_eq(count_of(unfolded, "BEGIN:VEVENT"), 2);
    has(unfolded, "X-WR-CALNAME:East and back\r\n");
    has(unfolded, "SECRET1");
    tripsage_free(content);
    publish();
    content = export_as("ics", stranger, "text/calendar; charset=utf-8");
    has_not(content, "SECRET");
    tripsage_free(content);
    close_trips();
}
END_TEST

START_TEST(refusals_give_nothing)
{
    static const char *const bad[] = {"pdf", "", "JSON", NULL};
    char *content = unfolded;
    const char *type = "";
    size_t length = 7;

    open_trips();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_assert_fails(tripsage_trip_export(&content, &length, &type, trips, owner, trip_id, bad[i]),
                        TRIPSAGE_EINVALID);
        assert_field("#format");
        ck_assert_ptr_null(content);
        ck_assert_ptr_null(type);
        ck_assert_uint_eq(length, 0);
    }
    for (size_t i = 0; i < 3; i++) {
        static const char *const formats[] = {"json", "csv", "ics"};

        ck_assert_fails(tripsage_trip_export(&content, &length, &type, trips, stranger, trip_id, formats[i]),
                        TRIPSAGE_ENOTFOUND);
        ck_assert_fails(tripsage_trip_export(&content, &length, &type, trips, NULL, trip_id, formats[i]),
                        TRIPSAGE_EUNAUTHENTICATED);
        ck_assert_fails(tripsage_trip_export(&content, &length, &type, trips, owner, SOME_ID, formats[i]),
                        TRIPSAGE_ENOTFOUND);
        ck_assert_ptr_null(content);
    }
    close_trips();
}
END_TEST

static void set_up(void)
{
    plain_item();
    tripsage__ics_init(&ics);
}

static void tear_down(void)
{
    tripsage__ics_free(&ics);
    tripsage__buf_free(&csv);
    tripsage__buf_free(&out);
    free(unfolded);
    unfolded = NULL;
}

SUITE_MAIN_WITH("trip/export", set_up, tear_down, csv_has_a_header, csv_has_a_field_for_each_column,
                csv_costs_have_the_currencys_decimals, csv_quotes_and_guards, an_event_of_a_whole_day,
                an_end_of_days_is_exclusive, an_event_with_times_keeps_its_wall_time,
                a_zone_comes_once_for_all_years_it_is_used_in, a_zone_without_changes_has_one_part,
                utc_and_lost_zones_are_utc, times_a_day_event_cannot_say_are_told, arriving_the_day_before_is_fine,
                texts_are_escaped, places_have_six_decimals, states_are_told, lines_are_folded_between_characters,
                an_empty_calendar_holds_the_trip, json_holds_all, csv_has_a_line_for_each_item,
                ics_has_an_event_for_each_item, refusals_give_nothing)
