/* contract/trip_export.c: a trip in other formats, read back by small readers of our own. */
#include "contract.h"

#include <stdlib.h>
#include <string.h>

static const char *export_by(const tripsage_actor *actor, const char *trip, const char *format, const char **media_type)
{
    char *content = NULL;
    size_t length = 0;
    const char *kept;

    OK(tripsage_trip_export(&content, &length, media_type, world->trips, actor, trip, format));
    ck_assert_uint_eq(strlen(content), length);
    kept = test_format("%s", content);
    tripsage_free(content);
    return kept;
}

static const char *rich_trip(void)
{
    const char *id = test_cast_trip("{\"title\":\"Kyoto, Nara; and \\\"more\\\"\"}");

    test_item(world->owner, id,
              TRIPSAGE_JSON({"item_type" : "activity", "title" : "=SUM(A1:A9)", "description" : "one, \"two\"\nthree", "item_date" : "2026-11-03",
                             "start_time" : "09:30", "end_time" : "11:00", "timezone" : "Asia/Tokyo", "cost" : 1500, "currency" : "JPY",
                             "location" : {"name" : "Inari; Shrine", "address" : "68 Fukakusa, Kyoto"}}));
    test_item(world->owner, id,
              TRIPSAGE_JSON({"item_type" : "accommodation", "title" : "@home +1 -2", "item_date" : "2026-11-02", "end_date" : "2026-11-05"}));
    test_item(
        world->owner, id,
        test_format("{\"item_type\":\"meal\",\"title\":\"%s\",\"item_date\":\"2026-11-04\",\"start_time\":\"19:00\"}",
                    test_repeat("\xe6\x97\x85", 60)));
    test_note(world->owner, id, "Members only");
    return id;
}

START_TEST(json_holds_everything)
{
    const char *id = rich_trip();
    const char *media_type = NULL;
    const char *json = export_by(world->owner, id, "json", &media_type);

    ck_assert_ptr_nonnull(strstr(media_type, "application/json"));
    SAME_TEXT(test_members(json, ""), "trip,items,notes,collaborators");
    SAME_TEXT(test_json_at(json, "/trip"), test_json_at(json_of(test_get(world->owner, id)), ""));
    SAME_TEXT(test_json_at(json, "/items"),
              test_json_at(json_of(OK(tripsage_itinerary_get(OUT, world->trips, world->owner, id))), "/items"));
    SAME_TEXT(test_json_at(json, "/notes/0/content"), "\"Members only\"");
    SAME_TEXT(test_json_at(json, "/collaborators/2/permission_level"), "\"view\"");
}
END_TEST

START_TEST(json_for_a_reader_has_no_members_parts)
{
    const char *id = id_of(test_trip(world->owner, "{\"visibility\":\"public\"}"));
    const char *media_type = NULL;

    SAME_TEXT(test_members(export_by(world->stranger, id, "json", &media_type), ""), "trip,items");
}
END_TEST

/* Reads one field of RFC 4180 text: gives what follows it, or NULL when the text is not of that form. */
static const char *csv_field(const char *at, char *out, size_t room)
{
    size_t used = 0;
    int quoted = *at == '"';

    for (at += quoted; *at; at++) {
        if (quoted && *at == '"' && at[1] != '"')
            break;
        if (quoted && *at == '"')
            at++;
        else if (!quoted && (*at == ',' || *at == '\r' || *at == '\n'))
            break;
        else if (!quoted && *at == '"')
            return NULL;
        if (used + 1 < room)
            out[used++] = *at;
    }
    out[used] = '\0';
    if (quoted && *at != '"')
        return NULL;
    return at + quoted;
}

START_TEST(csv_is_read_back)
{
    const char *media_type = NULL;
    const char *at = export_by(world->owner, rich_trip(), "csv", &media_type);
    char field[1024];
    size_t lines = 0, columns = 0, in_line = 0, guarded = 0, described = 0;

    ck_assert_ptr_nonnull(strstr(media_type, "text/csv"));
    while (*at) {
        const char *next = csv_field(at, field, sizeof field);
        ck_assert_msg(next != NULL, "not RFC 4180 at: %s", at);
        ck_assert_msg(!strchr("=+-@\t\r", *field) || !*field, "a formula: %s", field);
        guarded += strstr(field, "=SUM(A1:A9)") != NULL;
        described += strcmp(field, "one, \"two\"\nthree") == 0;
        in_line++;
        ck_assert_msg(*next == ',' || strncmp(next, "\r\n", 2) == 0, "a field ends with: %.8s", next);
        if (*next == ',') {
            at = next + 1;
            continue;
        }
        if (lines == 0)
            columns = in_line;
        ck_assert_uint_eq(in_line, columns);
        in_line = 0;
        lines++;
        at = next + 2;
    }
    ck_assert_uint_eq(lines, 1 + 3);
    ck_assert_uint_eq(guarded, 1);
    ck_assert_uint_eq(described, 1);
}
END_TEST

static size_t count_of(const char *text, const char *word)
{
    size_t count = 0;

    for (const char *at = strstr(text, word); at; at = strstr(at + 1, word))
        count++;
    return count;
}

START_TEST(ics_is_well_formed)
{
    const char *media_type = NULL;
    const char *ics = export_by(world->owner, rich_trip(), "ics", &media_type);
    const char *unfolded = test_replaced(ics, "\r\n ", "");

    ck_assert_ptr_nonnull(strstr(media_type, "text/calendar"));
    for (const char *line = ics; *line;) {
        const char *end = strstr(line, "\r\n");
        ck_assert_msg(end != NULL, "a line without CRLF: %s", line);
        ck_assert_msg(end - line <= 75, "%d octets: %.*s", (int)(end - line), (int)(end - line), line);
        ck_assert_ptr_null(memchr(line, '\n', (size_t)(end - line)));
        /* A fold between the bytes of one character would leave a continuation byte at a line's start. */
        ck_assert_msg(*line != ' ' || ((unsigned char)line[1] & 0xc0) != 0x80, "cut inside a character: %.20s", line);
        line = end + 2;
    }
    ck_assert_int_eq(strncmp(ics, "BEGIN:VCALENDAR\r\n", 17), 0);
    SAME_TEXT(ics + strlen(ics) - 15, "END:VCALENDAR\r\n");
    ck_assert_ptr_nonnull(strstr(ics, "\r\nVERSION:2.0\r\n"));
    ck_assert_ptr_nonnull(strstr(ics, "\r\nPRODID:"));
    ck_assert_uint_ge(count_of(ics, "BEGIN:VEVENT\r\n"), 3);
    ck_assert_uint_eq(count_of(ics, "BEGIN:VEVENT\r\n"), count_of(ics, "END:VEVENT\r\n"));
    ck_assert_uint_eq(count_of(ics, "\r\nUID:"), count_of(ics, "BEGIN:VEVENT\r\n"));
    ck_assert_uint_eq(count_of(ics, "\r\nDTSTAMP:"), count_of(ics, "BEGIN:VEVENT\r\n"));
    ck_assert_ptr_nonnull(strstr(unfolded, "one\\, \"two\"\\nthree"));
    ck_assert_ptr_nonnull(strstr(unfolded, "Inari\\; Shrine"));
    ck_assert_ptr_nonnull(strstr(unfolded, test_repeat("\xe6\x97\x85", 60)));
}
END_TEST

/* The instant is the item's, whether it is written in UTC or as local time with its zone. */
START_TEST(ics_says_when)
{
    const char *media_type = NULL;
    const char *ics = test_replaced(export_by(world->owner, rich_trip(), "ics", &media_type), "\r\n ", "");
    int utc = strstr(ics, "DTSTART:20261103T003000Z") != NULL;
    int local = strstr(ics, "DTSTART;TZID=Asia/Tokyo:20261103T093000") && strstr(ics, "BEGIN:VTIMEZONE") &&
                strstr(ics, "TZID:Asia/Tokyo");

    ck_assert_msg(utc || local, "%s", ics);
}
END_TEST

START_TEST(ics_ids_are_stable)
{
    const char *id = rich_trip();
    const char *media_type = NULL;
    const char *first = export_by(world->owner, id, "ics", &media_type);

    SAME_TEXT(export_by(world->owner, id, "ics", &media_type), first);
}
END_TEST

START_TEST(other_formats_are_refused)
{
    static const char *const formats[] = {"pdf", "", "JSON", "xml"};
    const char *id = id_of(test_trip(world->owner, NULL));

    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        char nowhere, *content = &nowhere;
        size_t length = 0;
        const char *media_type = NULL;

        FAILS_AT(TRIPSAGE_EINVALID,
                 tripsage_trip_export(&content, &length, &media_type, world->trips, world->owner, id, formats[i]),
                 "#format");
        ck_assert_ptr_null(content);
    }
}
END_TEST

START_TEST(an_empty_trip_is_exported_too)
{
    static const char *const formats[] = {"json", "csv", "ics"};
    const char *id = id_of(test_trip(world->owner, NULL));
    const char *media_type = NULL;

    for (size_t i = 0; i < 3; i++)
        ck_assert_uint_gt(strlen(export_by(world->owner, id, formats[i], &media_type)), 0);
}
END_TEST

Suite *contract_trip_export(void)
{
    Suite *suite = suite_create("trip_export");
    TCase *tcase = test_case(suite, "trip_export");

    tcase_add_test(tcase, json_holds_everything);
    tcase_add_test(tcase, json_for_a_reader_has_no_members_parts);
    tcase_add_test(tcase, csv_is_read_back);
    tcase_add_test(tcase, ics_is_well_formed);
    tcase_add_test(tcase, ics_says_when);
    tcase_add_test(tcase, ics_ids_are_stable);
    tcase_add_test(tcase, other_formats_are_refused);
    tcase_add_test(tcase, an_empty_trip_is_exported_too);
    return suite;
}
