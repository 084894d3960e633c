/* A trip over HTTP from beginning to end, with every route on the way. */
#include <stdio.h>
#include <string.h>

#include "suite.h"

static const char *const variables[] = {"TRIPSAGE_ADMIN_PORT=0", NULL};

static http_answer *call(const char *token, const char *method, const char *path, const char *body)
{
    return http_call(&server, token, method, path, NULL, body);
}

static const char *make_trip(const char *token, const char *title)
{
    return http_text(ANSWERS(201, call(token, "POST", "/api/trips", A_TRIP(title))), "/id");
}

static http_answer *get_unless(const char *token, const char *path, const char *tags)
{
    return http_call(&server, token, "GET", path, test_format("If-None-Match: %s\r\n", tags), NULL);
}

/* Of "VERSION-DIGEST" in quotes; 0 for anything else. */
static int version_of_tag(const http_answer *answer)
{
    const char *tag = http_field(answer, "ETag");
    unsigned long long digest;
    int version = 0, end = 0;

    return tag && sscanf(tag, "\"%d-%16llx\"%n", &version, &digest, &end) == 2 && tag[end] == '\0' ? version : 0;
}

START_TEST(a_trip_is_made_read_changed_and_removed)
{
    const char *token = http_register(&server, "owner@example.org", NULL), *path;
    http_answer *answer = ANSWERS(201, call(token, "POST", "/api/trips/", A_TRIP("Kyoto")));

    path = http_field(answer, "Location");
    ck_assert_str_eq(path, test_format("/api/trips/%s", http_text(answer, "/id")));
    ck_assert_int_eq(version_of_tag(answer), 1);
    ck_assert_str_eq(answer->body, ANSWERS(200, call(token, "GET", path, NULL))->body);

    answer = ANSWERS(200, call(token, "PUT", path, "{\"title\":\"Kyoto in spring\"}"));
    ck_assert_int_eq(version_of_tag(answer), 2);
    answer = ANSWERS(200, http_call(&server, token, "PATCH", path, "Content-Type: application/merge-patch+json\r\n",
                                    "{\"description\":\"blossoms\"}"));
    ck_assert_str_eq(http_text(answer, "/title"), "Kyoto in spring");
    ck_assert_str_eq(http_text(answer, "/description"), "blossoms");
    answer = ANSWERS(200, call(token, "PUT", test_format("%s/preferences", path), "{\"pace\":\"slow\"}"));
    ck_assert_str_eq(http_value(answer, "/preferences"), "{\"pace\":\"slow\"}");
    ANSWERS(200, call(token, "GET", test_format("%s/summary", path), NULL));
    ck_assert_str_eq(
        http_text(ANSWERS(200, call(token, "GET", test_format("%s/similar?limit=5", path), NULL)), "/trip_id"),
        strrchr(path, '/') + 1);
    ANSWERS(422, call(token, "GET", test_format("%s/similar?limit=51", path), NULL));

    ANSWERS(409, call(token, "POST", test_format("%s/restore", path), NULL));
    ANSWERS(409, call(token, "POST", test_format("%s/purge", path), NULL));
    answer = ANSWERS(204, call(token, "DELETE", path, NULL));
    ck_assert_uint_eq(answer->length, 0);
    ANSWERS(404, call(token, "GET", path, NULL));
    ck_assert_ptr_nonnull(http_value(ANSWERS(200, call(token, "GET", "/api/trips?scope=deleted", NULL)), "/items/0"));
    ANSWERS(200, call(token, "POST", test_format("%s/restore", path), NULL));
    ANSWERS(200, call(token, "GET", path, NULL));
    ANSWERS(204, call(token, "DELETE", path, NULL));
    ANSWERS(204, call(token, "POST", test_format("%s/purge/", path), NULL));
    ANSWERS(404, call(token, "POST", test_format("%s/restore", path), NULL));
}
END_TEST

/* The same version is another answer to who has another role now, and once an item moved updated_at. */
START_TEST(a_tag_stands_for_all_of_the_answer)
{
    const char *owner = http_register(&server, "tagger@example.org", NULL),
               *guest = http_register(&server, "tagged@example.org", NULL),
               *path = test_format("/api/trips/%s", make_trip(owner, "Turku")), *tag;

    ANSWERS(200, call(owner, "POST", test_format("%s/share", path),
                      "{\"user_emails\":[\"tagged@example.org\"],\"permission_level\":\"view\"}"));
    tag = http_field(ANSWERS(200, call(guest, "GET", path, NULL)), "ETag");
    ANSWERS(304, get_unless(guest, path, tag));
    ANSWERS(200, call(owner, "POST", test_format("%s/share", path),
                      "{\"user_emails\":[\"tagged@example.org\"],\"permission_level\":\"edit\"}"));
    ck_assert_str_eq(http_text(ANSWERS(200, get_unless(guest, path, tag)), "/role"), "edit");
    tag = http_field(ANSWERS(200, call(owner, "GET", path, NULL)), "ETag");
    ANSWERS(201, call(owner, "POST", test_format("%s/items", path),
                      "{\"item_type\":\"meal\",\"title\":\"Pulla\",\"item_date\":\"2027-04-02\"}"));
    ANSWERS(200, get_unless(owner, path, tag));
    ANSWERS(200, http_call(&server, owner, "PUT", path, test_format("If-Match: %s\r\n", tag), "{\"travelers\":2}"));
}
END_TEST

START_TEST(a_lost_race_is_told)
{
    const char *token = http_register(&server, "race@example.org", NULL),
               *path = test_format("/api/trips/%s", make_trip(token, "Oslo"));
    static const char body[] = "{\"travelers\":2}";
    const char *tag;
    http_answer *answer;

    answer = ANSWERS(412, http_call(&server, token, "PUT", path, "If-Match: \"2\"\r\n", body));
    ck_assert_str_eq(http_text(answer, "/code"), "PRECONDITION_FAILED");
    ANSWERS(412, http_call(&server, token, "PUT", path, "If-Match: W/\"1\"\r\n", body)); /* compared strongly */
    ANSWERS(412, http_call(&server, token, "PUT", path, "If-Match: \"abc\"\r\n", body));
    ANSWERS(412, http_call(&server, token, "PUT", path, "If-Match: \"0\"\r\n", body));
    ANSWERS(412, http_call(&server, token, "DELETE", path, "If-Match: \"7\"\r\n", NULL));
    ANSWERS(200, http_call(&server, token, "PUT", path, "If-Match: \"1\"\r\n", body)); /* -> 2 */
    ANSWERS(200,
            http_call(&server, token, "PATCH", path, "If-Match: \"9\", W/\"2\" , \"2\",\"3\"\r\n", body)); /* -> 3 */
    ANSWERS(200, http_call(&server, token, "PUT", path, "If-Match: *\r\n", body));                         /* -> 4 */
    ANSWERS(404, http_call(&server, token, "PUT", "/api/trips/018f6b1e-7c3a-7d10-9d5c-2f1b0a3c4d5e",
                           "If-Match: \"1\"\r\n", body));
    ANSWERS(400, http_call(&server, token, "PUT", path, "If-Match: 4\r\n", body));
    ANSWERS(400, http_call(&server, token, "PUT", path, "If-Match: \"4\r\n", body));
    ANSWERS(400, http_call(&server, token, "PUT", path, "If-Match: \"4\" \"5\"\r\n", body));
    ANSWERS(400, http_call(&server, token, "PUT", path, "If-Match: \r\n", body));

    tag = http_field(ANSWERS(200, call(token, "GET", path, NULL)), "ETag");
    answer = ANSWERS(304, get_unless(token, path, tag));
    ck_assert_str_eq(http_field(answer, "ETag"), tag);
    ck_assert_int_eq(version_of_tag(answer), 4);
    ck_assert_ptr_null(http_field(answer, "Content-Length"));
    ANSWERS(304, get_unless(token, path, test_format("\"3\", W/%s", tag)));
    ANSWERS(304, get_unless(token, path, "*"));
    ANSWERS(200, get_unless(token, path, "\"4\"")); /* a version is not all there is in an answer */
    ANSWERS(412, http_call(&server, token, "DELETE", path, "If-Match: \"5-0\"\r\n", NULL));
    ANSWERS(200, http_call(&server, token, "PUT", path, test_format("If-Match: %s\r\n", tag), "{}"));
    ANSWERS(204, http_call(&server, token, "DELETE", path, "If-Match: \"4\"\r\n", NULL));
}
END_TEST

START_TEST(a_repeated_creation_changes_nothing)
{
    const char *token = http_register(&server, "again@example.org", NULL),
               *other = http_register(&server, "other@example.org", NULL);
    static const char key[] = "Idempotency-Key: 8e03978e-40d5\r\n", quoted[] = "Idempotency-Key: \"8e03978e-40d5\"\r\n";
    http_answer *first = ANSWERS(201, http_call(&server, token, "POST", "/api/trips", key, A_TRIP("Once"))), *second,
                *third;

    ck_assert_ptr_null(http_field(first, "Idempotency-Replayed"));
    second = ANSWERS(201, http_call(&server, token, "POST", "/api/trips", quoted, A_TRIP("Once")));
    ck_assert_str_eq(http_field(second, "Idempotency-Replayed"), "true");
    ck_assert_str_eq(first->body, second->body);
    ck_assert_str_eq(http_field(first, "Location"), http_field(second, "Location"));
    third = ANSWERS(422, http_call(&server, token, "POST", "/api/trips", key, A_TRIP("Twice")));
    ck_assert_str_eq(http_text(third, "/code"), "IDEMPOTENCY_KEY_REUSED");
    third =
        ANSWERS(201, http_call(&server, other, "POST", "/api/trips", key, A_TRIP("Once"))); /* another person's key */
    ck_assert_ptr_null(http_field(third, "Idempotency-Replayed"));
    ANSWERS(400, http_call(&server, token, "POST", "/api/trips", "Idempotency-Key: \r\n", A_TRIP("x")));
    ANSWERS(400, http_call(&server, token, "POST", "/api/trips", "Idempotency-Key: \"a\r\n", A_TRIP("x")));
    ANSWERS(400, http_call(&server, token, "POST", "/api/trips",
                           test_format("Idempotency-Key: %s\r\n", test_repeat("k", 256)), A_TRIP("x")));
    ck_assert_str_eq(http_value(ANSWERS(200, call(token, "GET", "/api/trips?total=true", NULL)), "/total"), "1");
}
END_TEST

/* The target of Link: <...>; rel="next". */
static const char *next_of(const http_answer *answer)
{
    const char *link = http_field(answer, "Link");

    if (!link)
        return NULL;
    ck_assert_ptr_nonnull(strstr(link, ">; rel=\"next\""));
    return test_format("%.*s", (int)strcspn(link + 1, ">"), link + 1);
}

START_TEST(a_list_is_read_page_by_page)
{
    const char *token = http_register(&server, "pages@example.org", NULL),
               *path = "/api/trips?limit=3&sort=title&tag=a%26b%20c";
    const char *titles = "";
    int pages = 0;

    for (int i = 0; i < 8; i++)
        ANSWERS(201, call(token, "POST", "/api/trips",
                          test_with(A_TRIP(test_format("%d", 7 - i)), "{\"tags\":[\"a&b c\"]}")));
    make_trip(token, "without the tag");
    for (; path; pages++) {
        http_answer *page = ANSWERS(200, call(token, "GET", path, NULL));

        for (int i = 0; http_value(page, test_format("/items/%d", i)); i++)
            titles = test_format("%s%s", titles, http_text(page, test_format("/items/%d/title", i)));
        path = next_of(page);
        ck_assert_int_eq(path != NULL, strcmp(http_value(page, "/next_cursor"), "null") != 0);
    }
    ck_assert_int_eq(pages, 3);
    ck_assert_str_eq(titles, "01234567");
}
END_TEST

START_TEST(an_itinerary_is_planned)
{
    const char *token = http_register(&server, "plan@example.org", NULL), *trip = make_trip(token, "Plan");
    const char *base = test_format("/api/trips/%s", trip), *item;
    http_answer *answer =
        ANSWERS(201, call(token, "POST", test_format("%s/items", base),
                          "{\"item_type\":\"activity\",\"title\":\"Tea\",\"item_date\":\"2027-04-02\",\"time_slot\":"
                          "{\"start_time\":\"10:00\",\"end_time\":\"11:00\"},\"cost\":1500,\"currency\":\"JPY\"}"));

    item = http_field(answer, "Location");
    ck_assert_str_eq(item, test_format("%s/items/%s", base, http_text(answer, "/id")));
    ck_assert_int_eq(version_of_tag(answer), 1);
    ANSWERS(200, call(token, "GET", item, NULL));
    ANSWERS(201, call(token, "POST", test_format("%s/items/", base),
                      "{\"item_type\":\"meal\",\"title\":\"Noodles\",\"item_date\":\"2027-04-02\",\"start_time\":\"10:"
                      "30\",\"end_time\":\"12:00\"}"));
    ck_assert_str_eq(
        http_value(ANSWERS(200, call(token, "GET", test_format("%s/conflicts", base), NULL)), "/has_conflicts"),
        "true");
    ANSWERS(412, http_call(&server, token, "PUT", item, "If-Match: \"5\"\r\n", "{\"start_time\":\"08:00\"}"));
    ANSWERS(200, http_call(&server, token, "PUT", item, "If-Match: \"1\"\r\n",
                           "{\"start_time\":\"08:00\",\"end_time\":\"09:00\"}"));
    ck_assert_str_eq(
        http_value(ANSWERS(200, call(token, "GET", test_format("%s/conflicts", base), NULL)), "/has_conflicts"),
        "false");
    answer = ANSWERS(200, call(token, "GET", test_format("%s/itinerary", base), NULL));
    ck_assert_str_eq(http_value(answer, "/total_items"), "2");
    ck_assert_str_eq(answer->body, ANSWERS(200, call(token, "GET", test_format("%s/items", base), NULL))->body);
    ck_assert_str_eq(answer->body,
                     ANSWERS(200, call(token, "GET", test_format("/api/itineraries/%s", trip), NULL))->body);
    ANSWERS(204, call(token, "DELETE", item, NULL));
    ANSWERS(404, call(token, "GET", item, NULL));
}
END_TEST

START_TEST(itineraries_are_trips_seen_as_their_items)
{
    const char *token = http_register(&server, "itineraries@example.org", NULL), *path, *item;
    http_answer *answer = ANSWERS(201, call(token, "POST", "/api/itineraries", A_TRIP("Seen")));

    path = http_field(answer, "Location");
    ck_assert_str_eq(path, test_format("/api/itineraries/%s", http_text(answer, "/id")));
    item =
        http_field(ANSWERS(201, call(token, "POST", test_format("%s/items", path),
                                     "{\"item_type\":\"event\",\"title\":\"Concert\",\"item_date\":\"2027-04-03\"}")),
                   "Location");
    ANSWERS(200, call(token, "GET", item, NULL));
    ANSWERS(200, call(token, "PUT", item, "{\"title\":\"Opera\"}"));
    ANSWERS(200, call(token, "PUT", path, "{\"title\":\"Heard\"}"));
    ANSWERS(200, call(token, "GET", test_format("%s/conflicts", path), NULL));
    ck_assert_str_eq(http_text(ANSWERS(200, call(token, "GET", "/api/itineraries", NULL)), "/items/0/title"), "Heard");
    answer =
        ANSWERS(200, call(token, "POST", "/api/itineraries/search", "{\"destinations\":[\"kyoto\"],\"page_size\":5}"));
    ck_assert_str_eq(
        http_value(answer, "/pagination"),
        "{\"page\":1,\"per_page\":5,\"total_items\":1,\"total_pages\":1,\"has_next\":false,\"has_prev\":false}");
    ck_assert_str_eq(http_text(answer, "/data/0/title"), "Heard");
    answer = ANSWERS(200, call(token, "POST", "/api/itineraries/search", "{\"status\":\"booked\"}"));
    ck_assert_str_eq(http_value(answer, "/pagination/total_items"), "0");
    answer =
        ANSWERS(200, call(token, "POST", "/api/itineraries/search",
                          "{\"query\":\"hear\",\"start_date_from\":\"2027-04-01\",\"start_date_to\":\"2027-04-01\","
                          "\"end_date_from\":\"2027-04-01\",\"end_date_to\":\"2027-12-31\"}"));
    ck_assert_str_eq(http_value(answer, "/pagination/total_items"), "1");
    answer = ANSWERS(200, call(token, "POST", "/api/itineraries/search", "{\"start_date_from\":\"2027-04-02\"}"));
    ck_assert_str_eq(http_value(answer, "/pagination/total_items"), "0"); /* it began the day before */
    answer = ANSWERS(422, call(token, "POST", "/api/itineraries/search", "{\"mood\":\"good\"}"));
    ck_assert_str_eq(http_text(answer, "/errors/0/pointer"), "/mood");
    answer = ANSWERS(422, call(token, "POST", "/api/itineraries/search", "{\"page\":0,\"tags\":\"x\"}"));
    ck_assert_str_eq(http_text(answer, "/errors/0/pointer"), "/page");
    ck_assert_str_eq(http_text(answer, "/errors/1/pointer"), "/tags");
    ANSWERS(204, call(token, "DELETE", item, NULL));
    ANSWERS(204, call(token, "DELETE", path, NULL));
    ANSWERS(404, call(token, "GET", path, NULL));
}
END_TEST

START_TEST(better_times_are_proposed)
{
    const char *token = http_register(&server, "better@example.org", NULL), *trip = make_trip(token, "Better");
    const char *other = http_register(&server, "better-other@example.org", NULL), *path = "/api/itineraries/optimize",
               *ask;
    http_answer *answer;

    ask = test_format("{\"itinerary_id\":\"%s\"}", trip);
    answer = ANSWERS(200, call(token, "POST", path, ask));
    ck_assert_str_eq(http_value(answer, "/changes"), "[]");
    ck_assert_str_eq(http_value(answer, "/optimization_score"), "0");
    for (int hour = 10; hour <= 16; hour += 6)
        ANSWERS(201, call(token, "POST", test_format("/api/itineraries/%s/items", trip),
                          test_format("{\"item_type\":\"activity\",\"title\":\"At %d\",\"item_date\":\"2027-04-02\","
                                      "\"start_time\":\"%d:00\",\"end_time\":\"%d:30\",\"is_flexible\":true}",
                                      hour, hour, hour)));
    answer = ANSWERS(200, call(token, "POST", test_format("%s/", path), ask));
    ck_assert_str_eq(http_text(answer, "/original_itinerary/items/1/start_time"), "16:00");
    ck_assert_str_eq(http_text(answer, "/optimized_itinerary/items/1/start_time"), "10:30");
    ck_assert_str_eq(http_text(answer, "/changes/0/title"), "At 16");
    ck_assert_str_eq(http_text(answer, "/changes/0/to/end_time"), "11:00");
    answer = ANSWERS(
        200, call(token, "POST", path, test_format("{\"itinerary_id\":\"%s\",\"settings\":\"convenience\"}", trip)));
    ck_assert_str_eq(http_value(answer, "/changes"), "[]");

    ANSWERS(404, call(other, "POST", path, ask));
    ANSWERS(404, call(token, "POST", path, "{\"itinerary_id\":\"018f0000-0000-7000-8000-000000000000\"}"));
    ANSWERS(404, call(token, "POST", path, "{\"itinerary_id\":\"mine\"}"));
    answer =
        ANSWERS(422, call(token, "POST", path, test_format("{\"itinerary_id\":\"%s\",\"settings\":\"beauty\"}", trip)));
    ck_assert_str_eq(http_text(answer, "/errors/0/pointer"), "/settings");
    answer = ANSWERS(422, call(token, "POST", path,
                               "{\"settings\":{\"time\":\"a\\\"b\"},\"itinerary_id \":\"x\",\"days\":[{\"a\":{}}]}"));
    ck_assert_str_eq(http_text(answer, "/errors/0/pointer"), "/itinerary_id");
    ck_assert_str_eq(http_text(answer, "/errors/1/pointer"), "/settings");
    ck_assert_str_eq(http_text(answer, "/errors/2/pointer"), "/itinerary_id ");
    ck_assert_str_eq(http_text(answer, "/errors/3/pointer"), "/days");
    ck_assert_ptr_null(http_value(answer, "/errors/4"));
    ANSWERS(400, call(token, "POST", path, "{\"itinerary_id\""));
    ANSWERS(422, call(token, "POST", path, "[]"));
}
END_TEST

START_TEST(a_trip_is_shared_and_given_away)
{
    const char *owner_id, *friend_id, *owner = http_register(&server, "giver@example.org", &owner_id);
    const char *friend = http_register(&server, "taker@example.org", &friend_id),
               *stranger = http_register(&server, "stranger@example.org", NULL);
    const char *path = test_format("/api/trips/%s", make_trip(owner, "Shared")),
               *collaborator = test_format("%s/collaborators/%s", path, friend_id);
    http_answer *answer;

    ANSWERS(404, call(friend, "GET", path, NULL));
    answer = ANSWERS(422, call(owner, "POST", test_format("%s/share", path),
                               "{\"user_emails\":[\"taker@example.org\",\"nobody@example.org\"]}"));
    ck_assert_str_eq(http_text(answer, "/errors/0/pointer"), "/user_emails/1");
    ANSWERS(404, call(friend, "GET", path, NULL));
    ANSWERS(200, call(owner, "POST", test_format("%s/share", path), "{\"user_emails\":[\"taker@example.org\"]}"));
    ck_assert_str_eq(http_text(ANSWERS(200, call(friend, "GET", path, NULL)), "/role"), "view");
    ck_assert_str_eq(http_text(ANSWERS(403, call(friend, "PUT", path, "{\"title\":\"Mine\"}")), "/code"),
                     "AUTHORIZATION_ERROR");
    ANSWERS(200, call(owner, "PUT", collaborator, "{\"permission_level\":\"edit\"}"));
    ANSWERS(200, call(friend, "PUT", path, "{\"title\":\"Ours\"}"));
    ck_assert_str_eq(
        http_value(ANSWERS(200, call(friend, "GET", test_format("%s/collaborators", path), NULL)), "/total"), "1");
    ck_assert_str_eq(http_text(ANSWERS(200, call(friend, "GET", "/api/trips?scope=shared", NULL)), "/items/0/title"),
                     "Ours");
    ANSWERS(403, call(friend, "DELETE", path, NULL));
    ANSWERS(404, call(stranger, "GET", path, NULL));
    ANSWERS(200, call(owner, "PUT", path, "{\"visibility\":\"public\"}"));
    ck_assert_str_eq(http_text(ANSWERS(200, call(stranger, "GET", path, NULL)), "/role"), "public");
    ANSWERS(403, call(stranger, "PUT", path, "{\"title\":\"Theirs\"}"));
    answer = ANSWERS(
        200, call(owner, "POST", test_format("%s/transfer", path), test_format("{\"user_id\":\"%s\"}", friend_id)));
    ck_assert_str_eq(http_text(answer, "/user_id"), friend_id);
    ANSWERS(204, call(friend, "DELETE", test_format("%s/collaborators/%s", path, owner_id), NULL));
    ANSWERS(403, call(owner, "PUT", path, "{\"title\":\"Mine again\"}"));
}
END_TEST

START_TEST(notes_are_for_members)
{
    const char *token = http_register(&server, "notes@example.org", NULL),
               *stranger = http_register(&server, "reader@example.org", NULL);
    const char *base = test_format("/api/trips/%s", make_trip(token, "Noted")), *notes = test_format("%s/notes", base),
               *note;

    note = http_field(ANSWERS(201, call(token, "POST", notes, "{\"content\":\"bring an umbrella\"}")), "Location");
    ANSWERS(200, call(token, "GET", note, NULL));
    ANSWERS(200,
            http_call(&server, token, "PUT", note, "If-Match: \"1\"\r\n", "{\"content\":\"bring two umbrellas\"}"));
    ANSWERS(304, get_unless(token, note, http_field(ANSWERS(200, call(token, "GET", note, NULL)), "ETag")));
    ck_assert_str_eq(http_value(ANSWERS(200, call(token, "GET", notes, NULL)), "/total"), "1");
    ANSWERS(200, call(token, "PUT", base, "{\"visibility\":\"public\"}"));
    ck_assert_msg(call(stranger, "GET", notes, NULL)->status >= 403, "a stranger reads notes");
    ck_assert_str_eq(http_text(ANSWERS(200, call(token, "GET", "/api/trips/search?q=umbr", NULL)), "/items/0/kind"),
                     "note");
    ANSWERS(204, call(token, "DELETE", note, NULL));
    ANSWERS(404, call(token, "GET", note, NULL));
}
END_TEST

START_TEST(a_trip_is_copied_and_carried_away)
{
    const char *token = http_register(&server, "copy@example.org", NULL),
               *base = test_format("/api/trips/%s", make_trip(token, "Original"));
    http_answer *answer;

    ANSWERS(201, call(token, "POST", test_format("%s/items", base),
                      "{\"item_type\":\"activity\",\"title\":\"=1+1\",\"item_date\":\"2027-04-02\"}"));
    answer = ANSWERS(201, call(token, "POST", test_format("%s/duplicate", base), NULL));
    ck_assert_str_eq(http_text(answer, "/title"), "Copy of Original");
    answer = ANSWERS(201, call(token, "POST", test_format("%s/duplicate", base),
                               "{\"start_date\":\"2027-05-01\",\"title\":\"Later\"}"));
    ck_assert_str_eq(http_text(answer, "/end_date"), "2027-05-05");

    answer = ANSWERS(200, call(token, "GET", test_format("%s/export?format=ics", base), NULL));
    ck_assert_int_eq(strncmp(http_field(answer, "Content-Type"), "text/calendar", 13), 0);
    ck_assert_int_eq(strncmp(answer->body, "BEGIN:VCALENDAR\r\n", 17), 0);
    ck_assert_str_eq(http_field(answer, "Content-Disposition"), "attachment; filename=\"trip.ics\"");
    answer = ANSWERS(200, call(token, "GET", test_format("%s/export?format=csv", base), NULL));
    ck_assert_int_eq(strncmp(http_field(answer, "Content-Type"), "text/csv", 8), 0);
    ck_assert_ptr_nonnull(
        http_value(ANSWERS(200, call(token, "GET", test_format("%s/export", base), NULL)), "/trip/id"));
    ANSWERS(422, call(token, "GET", test_format("%s/export?format=pdf", base), NULL));
    answer = ANSWERS(200, call(token, "POST", test_format("%s/export?export_format=csv", base), NULL));
    ck_assert_str_eq(http_text(answer, "/status"), "completed");
    ANSWERS(200, call(token, "GET", http_text(answer, "/download_url"), NULL));
    ANSWERS(404, call(token, "POST", "/api/trips/x/export", NULL));
}
END_TEST

START_TEST(destinations_are_found_saved_and_suggested)
{
    const char *token = http_register(&server, "places@example.org", NULL);
    http_answer *answer;

    ANSWERS(200, call(token, "GET", "/api/destinations/search?q=old+temples&limit=3&tags=temples,culture", NULL));
    answer = ANSWERS(200, call(token, "GET", "/api/destinations/search?q=old+temples&limit=3", NULL));
    ck_assert_ptr_nonnull(http_value(answer, "/items/2"));
    ck_assert_ptr_null(http_value(answer, "/items/3"));
    ck_assert_str_eq(http_field(answer, "X-Cache"), "miss");
    answer = ANSWERS(200, call(token, "GET", "/api/destinations/search?q=old+temples&limit=3", NULL));
    ck_assert_str_eq(http_field(answer, "X-Cache"), "hit");
    answer = ANSWERS(
        200, call(token, "POST", "/api/destinations/search", "{\"query\":\"beach\",\"limit\":2,\"travel_month\":7}"));
    ck_assert_ptr_nonnull(http_value(answer, "/items/1"));
    answer =
        ANSWERS(422, call(token, "POST", "/api/destinations/search", "{\"query\":5,\"limit\":51,\"categories\":[1]}"));
    ck_assert_str_eq(http_text(answer, "/errors/0/pointer"), "/query");
    ck_assert_str_eq(http_text(answer, "/errors/2/pointer"), "/categories/0");
    answer =
        ANSWERS(200, call(token, "GET", "/api/destinations/search?latitude=35&longitude=135.7&radius_km=100", NULL));
    ck_assert_str_eq(http_text(answer, "/items/0/country"), "Japan");
    ANSWERS(200, call(token, "GET", "/api/destinations/kyoto-jp", NULL));
    ANSWERS(404, call(token, "GET", "/api/destinations/atlantis", NULL));

    ANSWERS(201, call(token, "POST", "/api/destinations/saved", "{\"destination_id\":\"kyoto-jp\",\"priority\":5}"));
    ANSWERS(422, call(token, "POST", "/api/destinations/saved", "{\"destination_id\":\"kyoto-jp\",\"priority\":6}"));
    ck_assert_str_eq(
        http_text(ANSWERS(200, call(token, "GET", "/api/destinations/saved", NULL)), "/items/0/destination/id"),
        "kyoto-jp");
    ANSWERS(204, call(token, "DELETE", "/api/destinations/saved/kyoto-jp", NULL));
    ANSWERS(404, call(token, "DELETE", "/api/destinations/saved/kyoto-jp", NULL));

    answer = ANSWERS(200, call(token, "GET",
                               "/api/trips/suggestions?category=beach&limit=2&month=7&days=5&interests=surfing", NULL));
    ck_assert_str_eq(http_text(answer, "/items/0/category"), "beach");
    answer = ANSWERS(200, call(token, "POST", "/api/destinations/recommendations",
                               "{\"user_interests\":[\"food\",\"art\"],\"limit\":3}"));
    ck_assert_ptr_nonnull(http_value(answer, "/items/2"));
    ANSWERS(422, call(token, "POST", "/api/destinations/recommendations", "{\"user_interests\":\"food\"}"));
    answer = ANSWERS(200, call(token, "POST", "/api/destinations/search",
                               "{\"latitude\":35.01,\"longitude\":135.77,\"radius_km\":100}"));
    ck_assert_str_eq(http_text(answer, "/items/0/id"), "kyoto-jp");
    answer = ANSWERS(422, call(token, "POST", "/api/destinations/search", "{\"latitude\":95,\"longitude\":135}"));
    ck_assert_str_eq(http_text(answer, "/errors/0/pointer"), "/latitude");
}
END_TEST

START_TEST(one_search_finds_trips_and_destinations)
{
    const char *token = http_register(&server, "unified@example.org", NULL);
    http_answer *answer;

    make_trip(token, "Temples of Kyoto");
    answer = ANSWERS(200, call(token, "GET", "/api/search/unified?q=temples+of+kyoto&limit=5", NULL));
    ck_assert_str_eq(http_text(answer, "/results/0/type"), "trip");
    ck_assert_str_eq(http_text(answer, "/results/1/type"), "destination");
    ck_assert_str_eq(http_value(answer, "/metadata/returned_results"), "5");
    answer = ANSWERS(200, call(token, "GET", "/api/search/unified?query=temples&types=destination", NULL));
    ck_assert_str_eq(http_text(answer, "/results/0/type"), "destination");
    answer = ANSWERS(200, call(token, "POST", "/api/search/unified?use_cache=true",
                               "{\"query\":\"temples\",\"types\":[\"trip\",\"flight\"]}"));
    ck_assert_ptr_null(http_value(answer, "/results/1"));
    ANSWERS(422, call(token, "GET", "/api/search/unified", NULL));
    ANSWERS(422, call(token, "POST", "/api/search/unified", "{\"query\":\"\"}"));
    answer = ANSWERS(200, call(token, "GET", "/api/search/suggest?query=kyo", NULL));
    ck_assert_str_eq(http_text(answer, "/items/0/name"), "Kyoto");
    ANSWERS(422, call(token, "GET", "/api/search/suggest", NULL));
}
END_TEST

SERVER_SUITE("server/trip", variables, a_trip_is_made_read_changed_and_removed, a_tag_stands_for_all_of_the_answer,
             a_lost_race_is_told, a_repeated_creation_changes_nothing, a_list_is_read_page_by_page,
             an_itinerary_is_planned, itineraries_are_trips_seen_as_their_items, better_times_are_proposed,
             a_trip_is_shared_and_given_away, notes_are_for_members, a_trip_is_copied_and_carried_away,
             destinations_are_found_saved_and_suggested, one_search_finds_trips_and_destinations)
