/* tests/unit/trip/list_test.c: pages of trips: every order page by page against the whole sorted at once, scopes, filters, cursors, bounds. */
#include "fixture.h"
#include "unit/suite.h"

/* 2,000 trips the owner sees (1,500 of his own, 500 shared with him), 100 he deleted, 300 he has nothing to do with. Sort keys come
 * many times each and in another order than the ids. */
static void fill(void)
{
    static const char rows[] =
        "WITH RECURSIVE n(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < 2399)"
        " INSERT INTO trip (id, user_id, version, created_at, updated_at, deleted_at, start_date, end_date, status, "
        "trip_type,"
        " visibility, travelers, title, destination_names, tags, destinations, preferences)"
        " SELECT printf('0190%04x-0000-7000-8000-0000000000%02x', n * 7919 % 2400, n % 256),"
        " CASE WHEN n < 1600 THEN '" OWNER_ID "' ELSE '" ADMIN_ID "' END, 1, n, n * 31 % 97,"
        " CASE WHEN n BETWEEN 1500 AND 1599 OR n >= 2350 THEN n END,"
        " date('2026-01-01', (n * 17 % 211) || ' days'), date('2026-01-01', (n * 17 % 211 + n % 9) || ' days'),"
        " CASE n % 3 WHEN 0 THEN 'planning' WHEN 1 THEN 'booked' ELSE 'cancelled' END,"
        " CASE n % 2 WHEN 0 THEN 'leisure' ELSE 'family' END, CASE n % 5 WHEN 0 THEN 'public' ELSE 'private' END, 1,"
        " CASE n % 4 WHEN 0 THEN 'Ålesund ' || (n * 13 % 101) WHEN 1 THEN 'alps ' || (n % 7) WHEN 2 THEN"
        " char(1114111) || (n % 3)"
        " ELSE 'Zoo' END,"
        " '[\"Kyoto\"]', CASE n % 10 WHEN 0 THEN '[\"food\",\"art\"]' WHEN 1 THEN '[\"foo\"]' ELSE '[]' END,"
        " CASE n % 6 WHEN 0 THEN '[{\"name\":\"Kyoto\",\"country\":\"Japan\",\"city\":null}]'"
        " WHEN 1 THEN '[{\"name\":\"X\",\"country\":\"France\",\"city\":\"Lyon\"},{\"name\":\"Old "
        "Kyoto\",\"country\":null,\"city\":\"KYOTO\"}]'"
        " ELSE '[{\"name\":\"Y\",\"country\":null,\"city\":null}]' END, '{}' FROM n;"
        "INSERT INTO trip_collaborator (trip_id, user_id, level, position, added_by, added_at)"
        " SELECT id, '" OWNER_ID "', 2 + created_at % 3, 1, user_id, 0 FROM trip"
        " WHERE created_at BETWEEN 1600 AND 2099 OR created_at >= 2350"; /* the last are deleted */

    sql_run(rows);
}

#define MINE   "(user_id = '" OWNER_ID "')"
#define SHARED "(id IN (SELECT trip_id FROM trip_collaborator WHERE user_id = '" OWNER_ID "'))"

static const char *const scopes[] = {"deleted_at IS NULL AND (" MINE " OR " SHARED ")", "deleted_at IS NULL AND " MINE,
                                     "deleted_at IS NULL AND " SHARED, "deleted_at IS NOT NULL AND " MINE};
static const char *const keys[] = {"id", "updated_at", "start_date", "title"};

/* The ids of a list, whole, with one separator behind each. */
static char *expected_ids(const char *where, const char *key, int descending)
{
    static char ids[100000];
    char query[2048];
    const char *direction = descending ? "DESC" : "ASC";

    snprintf(query, sizeof query,
             "SELECT group_concat(id, '') FROM (SELECT id || ' ' AS id FROM trip WHERE %s ORDER BY %s %s, trip.id %s)",
             where, key, direction, direction);
    sql_copy(query, ids, sizeof ids);
    return ids;
}

/* The same, page by page; checks each page's own claims on the way. */
static char *listed_ids(const tripsage_actor *actor, tripsage_list_options *options, size_t *pages)
{
    static char ids[100000];
    char cursor[2048] = "";
    size_t size = 0;

    ids[0] = '\0';
    *pages = 0;
    for (;;) {
        tripsage_doc *doc;
        size_t count;
        const char *next;

        options->cursor = cursor[0] ? cursor : NULL;
        OK(tripsage_trip_list(&doc, trips, actor, options));
        count = tripsage_doc_count(doc, "/items");
        for (size_t i = 0; i < count; i++) {
            char pointer[32];

            snprintf(pointer, sizeof pointer, "/items/%zu/id", i);
            size += (size_t)snprintf(ids + size, sizeof ids - size, "%s ", tripsage_doc_text(doc, pointer));
        }
        ++*pages;
        next = tripsage_doc_next(doc);
        if (!next) {
            ck_assert_ptr_null(tripsage_doc_text(doc, "/next_cursor"));
            tripsage_doc_free(doc);
            return ids;
        }
        IS_TEXT(doc, "/next_cursor", next);
        ck_assert_uint_eq(count, options->limit);
        strcpy(cursor, next);
        tripsage_doc_free(doc);
    }
}

static void pages_are_the_whole(const tripsage_actor *actor, int scope, const char *where, uint32_t limit)
{
    for (int sort = 0; sort < 4; sort++)
        for (int descending = 0; descending < 2; descending++) {
            tripsage_list_options options = TRIPSAGE_LIST_OPTIONS_INIT;
            char *want = expected_ids(where, keys[sort], descending);
            size_t pages, count = strlen(want) / 37;

            options.scope = (tripsage_scope)scope;
            options.sort = (tripsage_sort)sort;
            options.descending = descending;
            options.limit = limit;
            ck_assert_msg(strcmp(listed_ids(actor, &options, &pages), want) == 0, "scope %d by %s %s", scope,
                          keys[sort], descending ? "down" : "up");
            ck_assert_uint_eq(pages, count ? (count + limit - 1) / limit : 1);
        }
}

START_TEST(pages_make_the_whole_list_in_every_order)
{
    fixture_open();
    fill();
    ck_assert_int_eq(sql_int("SELECT count(*) FROM trip WHERE deleted_at IS NULL AND (" MINE " OR " SHARED ")"), 2000);
    for (int scope = 0; scope < 4; scope++)
        pages_are_the_whole(owner, scope, scopes[scope], 37);
    pages_are_the_whole(owner, TRIPSAGE_SCOPE_ALL, scopes[0], 100);
    pages_are_the_whole(stranger, TRIPSAGE_SCOPE_ALL, "0", 100);
    fixture_close();
}
END_TEST

START_TEST(pages_of_the_service_role_hold_everybodys_trips)
{
    fixture_open();
    fill();
    pages_are_the_whole(service, TRIPSAGE_SCOPE_ALL, "deleted_at IS NULL", 100);
    pages_are_the_whole(service, TRIPSAGE_SCOPE_DELETED, "deleted_at IS NOT NULL", 100);
    pages_are_the_whole(service, TRIPSAGE_SCOPE_OWN, "0", 100);
    pages_are_the_whole(service, TRIPSAGE_SCOPE_SHARED, "0", 100);
    fixture_close();
}
END_TEST

START_TEST(has_a_default_for_everything)
{
    tripsage_list_options options = TRIPSAGE_LIST_OPTIONS_INIT;
    tripsage_doc *doc, *same;
    char ids[21 * 37 + 1] = "";

    fixture_open();
    fill();
    OK(tripsage_trip_list(&doc, trips, owner, NULL));
    OK(tripsage_trip_list(&same, trips, owner, &options));
    ck_assert(strcmp(tripsage_doc_json(doc, NULL), tripsage_doc_json(same, NULL)) == 0);
    tripsage_doc_free(same);
    ck_assert_uint_eq(tripsage_doc_count(doc, "/items"), 20);
    IS_INT(doc, "/limit", 20);
    IS_INT(doc, "/skip", 0);
    IS_INT(doc, "/total", -987654321);
    for (int i = 0; i < 20; i++) {
        char pointer[32];

        snprintf(pointer, sizeof pointer, "/items/%d/id", i);
        strcat(strcat(ids, tripsage_doc_text(doc, pointer)), " ");
    }
    ck_assert(strncmp(expected_ids(scopes[0], "id", 1), ids, strlen(ids)) == 0);
    options.sort = TRIPSAGE_SORT_TITLE;
    OK(tripsage_trip_list(&same, trips, owner, &options));
    IS_TEXT(same, "/items/0/title", "Zoo"); /* by code point: before "alps" */
    tripsage_doc_free(same);
    tripsage_doc_free(doc);
    fixture_close();
}
END_TEST

START_TEST(says_what_a_list_shows_of_a_trip)
{
    tripsage_list_options options = TRIPSAGE_LIST_OPTIONS_INIT;
    tripsage_doc *doc;
    char id[37], want[1024];

    fixture_open();
    make_trip(
        id, owner,
        "{\"title\":\"Two \\\"cities\\\"\",\"start_date\":\"2026-11-02\",\"end_date\":\"2026-11-09\",\"tags\":[\"a\"],"
        "\"destinations\":[{\"name\":\"Kyoto\"},{\"name\":\"Os\\\"aka\"}],\"travelers\":2}");
    cast(id);
    snprintf(
        want, sizeof want,
        "{\"items\":[{\"id\":\"%s\",\"user_id\":\"" OWNER_ID
        "\",\"title\":\"Two \\\"cities\\\"\",\"start_date\":\"2026-11-02\","
        "\"end_date\":\"2026-11-09\",\"duration_days\":8,\"destinations\":[\"Kyoto\",\"Os\\\"aka\"],\"status\":"
        "\"planning\","
        "\"trip_type\":\"leisure\",\"visibility\":\"private\",\"tags\":[\"a\"],\"travelers\":2,\"role\":\"edit\","
        "\"version\":1,"
        "\"created_at\":\"2026-03-01T12:00:00.000Z\",\"updated_at\":\"2026-03-01T12:00:00.000Z\",\"deleted_at\":null}],"
        "\"limit\":20,\"skip\":0,\"next_cursor\":null,\"total\":1}",
        id);
    options.with_total = 1;
    OK(tripsage_trip_list(&doc, trips, edit, &options));
    ck_assert_str_eq(tripsage_doc_json(doc, NULL), want);
    ck_assert_int_eq(tripsage_doc_version(doc), 0);
    tripsage_doc_free(doc);
    OK(tripsage_trip_delete(trips, owner, id, NULL));
    options.scope = TRIPSAGE_SCOPE_DELETED;
    OK(tripsage_trip_list(&doc, trips, owner, &options));
    IS_TEXT(doc, "/items/0/role", "owner");
    IS_TEXT(doc, "/items/0/deleted_at", "2026-03-01T12:00:00.000Z");
    tripsage_doc_free(doc);
    OK(tripsage_trip_list(&doc, trips, edit, &options));
    IS_INT(doc, "/total", 0);
    tripsage_doc_free(doc);
    fixture_close();
}
END_TEST

/* The list under these options holds as many as the condition says, by its pages and by its total. */
static void filtered(tripsage_list_options options, const char *condition)
{
    char where[1024], query[1200];
    size_t pages;
    tripsage_doc *doc;

    snprintf(where, sizeof where, "%s AND %s", scopes[options.scope], condition);
    options.limit = 100;
    options.descending = 1;
    ck_assert_msg(strcmp(listed_ids(owner, &options, &pages), expected_ids(where, "id", 1)) == 0, "where %s",
                  condition);
    options.with_total = 1;
    options.limit = 1;
    options.cursor = NULL;
    OK(tripsage_trip_list(&doc, trips, owner, &options));
    snprintf(query, sizeof query, "SELECT count(*) FROM trip WHERE %s", where);
    ck_assert_int_gt(sql_int(query), 0);
    IS_INT(doc, "/total", sql_int(query));
    tripsage_doc_free(doc);
}

START_TEST(filters)
{
    tripsage_list_options options = TRIPSAGE_LIST_OPTIONS_INIT;

    fixture_open();
    fill();
    for (int scope = 0; scope < 4; scope++) {
        tripsage_list_options o = options;

        o.scope = (tripsage_scope)scope;
        o.status = "booked";
        filtered(o, "status = 'booked'");
        o.trip_type = "family";
        o.visibility = "private";
        filtered(o, "status = 'booked' AND trip_type = 'family' AND visibility = 'private'");
    }
    options.tag = "food";
    filtered(options, "tags LIKE '%\"food\"%'");
    options.tag = NULL;
    options.destination = "kyOTO";
    filtered(options, "(destinations LIKE '%\"name\":\"Kyoto\"%' OR destinations LIKE '%\"city\":\"KYOTO\"%')");
    options.destination = "france";
    filtered(options, "destinations LIKE '%France%'");
    options.destination = NULL;
    options.from = "2026-03-01";
    filtered(options, "end_date >= '2026-03-01'");
    options.to = "2026-04-01";
    filtered(options, "end_date >= '2026-03-01' AND start_date <= '2026-04-01'");
    fixture_close();
}
END_TEST

START_TEST(skips)
{
    tripsage_list_options options = TRIPSAGE_LIST_OPTIONS_INIT;
    tripsage_doc *doc;

    fixture_open();
    fill();
    options.skip = 1995;
    OK(tripsage_trip_list(&doc, trips, owner, &options));
    ck_assert_uint_eq(tripsage_doc_count(doc, "/items"), 5);
    ck_assert_int_eq(strncmp(expected_ids(scopes[0], "id", 1) + 1995 * 37, tripsage_doc_text(doc, "/items/0/id"), 36),
                     0);
    IS_INT(doc, "/skip", 1995);
    tripsage_doc_free(doc);
    fixture_close();
}
END_TEST

START_TEST(refuses_what_is_out_of_bounds)
{
    tripsage_list_options options = TRIPSAGE_LIST_OPTIONS_INIT;
    tripsage_doc *doc;

    fixture_open();
    options.limit = 101;
    options.skip = 10001;
    options.scope = (tripsage_scope)4;
    options.sort = (tripsage_sort)-1;
    options.descending = 2;
    options.status = "lost";
    options.trip_type = "";
    options.visibility = "planning";
    options.from = "2026-13-01";
    options.to = "yesterday";
    FAILS_AT(TRIPSAGE_EINVALID, "#limit #skip #scope #sort #descending #status #trip_type #visibility #from #to",
             tripsage_trip_list(&doc, trips, owner, &options));
    ck_assert_ptr_null(doc);
    options.version = 7;
    FAILS(TRIPSAGE_EMISUSE, tripsage_trip_list(&doc, trips, owner, &options));
    FAILS(TRIPSAGE_EUNAUTHENTICATED, tripsage_trip_list(&doc, trips, NULL, NULL));
    fixture_close();
}
END_TEST

START_TEST(takes_no_cursor_but_its_own)
{
    tripsage_list_options options = TRIPSAGE_LIST_OPTIONS_INIT;
    tripsage_doc *doc;
    char cursor[2048], changed[2048];

    fixture_open();
    fill();
    options.sort = TRIPSAGE_SORT_TITLE;
    OK(tripsage_trip_list(&doc, trips, owner, &options));
    strcpy(cursor, tripsage_doc_next(doc));
    tripsage_doc_free(doc);
    for (size_t i = 0; i < strlen(cursor); i++) { /* one character changed, anywhere */
        strcpy(changed, cursor);
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        options.cursor = changed;
        FAILS_AT(TRIPSAGE_EINVALID, "#cursor", tripsage_trip_list(&doc, trips, owner, &options));
    }
    for (size_t i = 0; i < strlen(cursor); i++) { /* or cut */
        strcpy(changed, cursor);
        changed[i] = '\0';
        options.cursor = changed;
        FAILS_AT(TRIPSAGE_EINVALID, "#cursor", tripsage_trip_list(&doc, trips, owner, &options));
    }
    memset(changed, 'A', sizeof changed - 1);
    changed[sizeof changed - 1] = '\0';
    FAILS_AT(TRIPSAGE_EINVALID, "#cursor", tripsage_trip_list(&doc, trips, owner, &options));
    options.cursor = cursor;
    options.descending = 1;
    FAILS_AT(TRIPSAGE_EINVALID, "#cursor", tripsage_trip_list(&doc, trips, owner, &options));
    options.descending = 0;
    options.scope = TRIPSAGE_SCOPE_OWN;
    FAILS_AT(TRIPSAGE_EINVALID, "#cursor", tripsage_trip_list(&doc, trips, owner, &options));
    options.scope = TRIPSAGE_SCOPE_ALL;
    options.sort = TRIPSAGE_SORT_UPDATED;
    FAILS_AT(TRIPSAGE_EINVALID, "#cursor", tripsage_trip_list(&doc, trips, owner, &options));
    options.sort = TRIPSAGE_SORT_TITLE;
    OK(tripsage_trip_list(&doc, trips, owner, &options));
    tripsage_doc_free(doc);
    fixture_close();
}
END_TEST

START_TEST(holds_its_place_while_the_list_changes)
{
    tripsage_list_options options = TRIPSAGE_LIST_OPTIONS_INIT;
    tripsage_doc *doc;
    char cursor[2048], last[37], id[37];

    fixture_open();
    fill();
    OK(tripsage_trip_list(&doc, trips, owner, &options));
    strcpy(cursor, tripsage_doc_next(doc));
    strcpy(last, tripsage_doc_text(doc, "/items/19/id"));
    tripsage_doc_free(doc);
    make_trip(id, owner, KYOTO);                          /* one comes in before the place */
    OK(tripsage_trip_delete(trips, service, last, NULL)); /* and the row at the place goes */
    options.cursor = cursor;
    OK(tripsage_trip_list(&doc, trips, owner, &options));
    ck_assert_int_lt(strcmp(tripsage_doc_text(doc, "/items/0/id"), last), 0);
    ck_assert_int_eq(
        strncmp(
            strstr(expected_ids("(" MINE " OR " SHARED ") AND (deleted_at IS NULL OR created_at >= 0)", "id", 1), last),
            last, 36),
        0);
    tripsage_doc_free(doc);
    fixture_close();
}
END_TEST

SUITE_MAIN("trip/list", pages_make_the_whole_list_in_every_order, pages_of_the_service_role_hold_everybodys_trips,
           has_a_default_for_everything, says_what_a_list_shows_of_a_trip, filters, skips,
           refuses_what_is_out_of_bounds, takes_no_cursor_but_its_own, holds_its_place_while_the_list_changes)
