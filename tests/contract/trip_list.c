/* contract/trip_list.c: the pages of a list: every trip once, in order, whichever way it is cut. */
#include "contract.h"

#include <stdlib.h>
#include <string.h>

enum { MANY = 47 };

static tripsage_list_options defaults(void)
{
    tripsage_list_options options = TRIPSAGE_LIST_OPTIONS_INIT;

    return options;
}

static tripsage_doc *list(const tripsage_actor *actor, const tripsage_list_options *options)
{
    return OK(tripsage_trip_list(OUT, world->trips, actor, options));
}

/* Trips whose titles, days and times of change are each in an order of their own, with ties. */
static void make_many(void)
{
    const char *ids[MANY];

    for (int i = 0; i < MANY; i++) {
        int day = 1 + i * 11 % 28;
        const char *title = test_format("%c%02d", 'a' + i * 7 % 13, i % 5);
        ids[i] = id_of(
            test_trip(world->owner,
                      test_format("{\"title\":\"%s\",\"start_date\":\"2026-05-%02d\",\"end_date\":\"2026-06-%02d\"}",
                                  title, day, day)));
        if (i % 3)
            test_clock_advance(&world->chance, 1);
    }
    for (int i = 0; i < MANY; i += 2) {
        test_clock_advance(&world->chance, i % 4);
        OK(UPDATE(world->owner, ids[i * 5 % MANY], "{\"travelers\":2}"));
    }
}

/* The value a list is sorted by, of an entry, as a text whose byte order is the order asked for. */
static const char *sort_key(tripsage_doc *page, size_t i, tripsage_sort sort)
{
    static const char *const members[] = {"created_at", "updated_at", "start_date", "title"};

    return test_format("%s", tripsage_doc_text(page, test_format("/items/%zu/%s", i, members[sort])));
}

/* Walks all pages; checks that they are in order, that no trip comes twice, and gives how many came. */
static size_t walk(tripsage_list_options options)
{
    int down = options.descending >= 0 ? options.descending : options.sort <= TRIPSAGE_SORT_UPDATED;
    const char *seen = "", *last = NULL;
    size_t count = 0;

    for (;;) {
        tripsage_doc *page = list(world->owner, &options);
        size_t here = tripsage_doc_count(page, "/items");
        for (size_t i = 0; i < here; i++, count++) {
            const char *key = sort_key(page, i, options.sort);
            const char *id = tripsage_doc_text(page, test_format("/items/%zu/id", i));
            ck_assert_msg(!strstr(seen, id), "%s comes twice", id);
            seen = test_format("%s %s", seen, id);
            ck_assert_msg(!last || (down ? strcmp(last, key) >= 0 : strcmp(last, key) <= 0), "%s after %s", key, last);
            last = key;
        }
        if (!tripsage_doc_next(page)) {
            IS_NONE(page, "/next_cursor");
            return count;
        }
        IS_TEXT(page, "/next_cursor", tripsage_doc_next(page));
        ck_assert_uint_eq(here, options.limit ? options.limit : 20);
        options.cursor = test_format("%s", tripsage_doc_next(page));
    }
}

START_TEST(pages_hold_every_trip_once)
{
    static const uint32_t limits[] = {1, 7, 0, 46, 47, 100};

    make_many();
    for (int sort = TRIPSAGE_SORT_CREATED; sort <= TRIPSAGE_SORT_TITLE; sort++) {
        for (int descending = -1; descending <= 1; descending++) {
            tripsage_list_options options = defaults();
            options.sort = (tripsage_sort)sort;
            options.descending = descending;
            options.limit = limits[(sort * 3 + descending + 1) % 6];
            ck_assert_uint_eq(walk(options), MANY);
        }
    }
}
END_TEST

START_TEST(a_page_says_what_it_is)
{
    tripsage_list_options options = defaults();
    tripsage_doc *page;

    make_many();
    page = list(world->owner, NULL);
    IS_COUNT(page, "/items", 20);
    IS_INT(page, "/limit", 20);
    IS_INT(page, "/skip", 0);
    ck_assert_ptr_null(test_json_at(json_of(page), "/total"));
    ck_assert_int_eq((int)tripsage_doc_version(page), 0);
    options.with_total = 1;
    options.limit = 5;
    options.skip = 45;
    page = list(world->owner, &options);
    IS_COUNT(page, "/items", 2);
    IS_INT(page, "/limit", 5);
    IS_INT(page, "/skip", 45);
    IS_INT(page, "/total", MANY);
    IS_NONE(page, "/next_cursor");
    options.skip = 10000;
    IS_COUNT(list(world->owner, &options), "/items", 0);
}
END_TEST

START_TEST(an_entry_says_what_the_trip_is)
{
    const char *id = id_of(
        test_trip(world->owner, "{\"destinations\":[{\"name\":\"Kyoto\"},{\"name\":\"Nara\"}],\"tags\":[\"a\"]}"));
    tripsage_doc *page = list(world->owner, NULL);

    SAME_TEXT(test_members(json_of(page), "/items/0"),
              "id,user_id,title,start_date,end_date,duration_days,destinations,status,trip_type,visibility,tags,"
              "travelers,role,version,"
              "created_at,updated_at,deleted_at");
    IS_TEXT(page, "/items/0/id", id);
    IS_JSON(page, "/items/0/destinations", "[\"Kyoto\",\"Nara\"]");
    IS_TEXT(page, "/items/0/role", "owner");
    IS_INT(page, "/items/0/duration_days", 8);
}
END_TEST

START_TEST(an_empty_list_is_a_list)
{
    tripsage_list_options options = defaults();

    options.with_total = 1;
    IS_JSON(list(world->owner, &options), "/items", "[]");
    IS_INT(list(world->owner, &options), "/total", 0);
    IS_NONE(list(world->owner, &options), "/next_cursor");
}
END_TEST

/* What is made while somebody turns the pages comes before the first of them. */
START_TEST(pages_stand_still_while_others_write)
{
    tripsage_list_options options = defaults();
    const char *seen = "";
    size_t count = 0;

    make_many();
    options.limit = 10;
    for (;;) {
        tripsage_doc *page = list(world->owner, &options);
        for (size_t i = 0; i < tripsage_doc_count(page, "/items"); i++, count++) {
            const char *id = tripsage_doc_text(page, test_format("/items/%zu/id", i));
            ck_assert_msg(!strstr(seen, id), "%s comes twice", id);
            seen = test_format("%s %s", seen, id);
        }
        if (!tripsage_doc_next(page))
            break;
        options.cursor = test_format("%s", tripsage_doc_next(page));
        test_clock_advance(&world->chance, 1);
        test_trip(world->owner, NULL);
    }
    ck_assert_uint_eq(count, MANY);
}
END_TEST

/* The row a cursor points behind may be gone by then. */
START_TEST(a_cursor_outlives_its_row)
{
    tripsage_list_options options = defaults();
    tripsage_doc *page;

    make_many();
    options.limit = 10;
    page = list(world->owner, &options);
    options.cursor = test_format("%s", tripsage_doc_next(page));
    OK(tripsage_trip_delete(world->trips, world->owner, tripsage_doc_text(page, "/items/9/id"), NULL));
    ck_assert_uint_eq(walk(options), MANY - 10);
}
END_TEST

START_TEST(a_forged_cursor_is_refused)
{
    tripsage_list_options options = defaults();
    char *cursor;

    make_many();
    options.limit = 10;
    cursor = test_keep(strdup(tripsage_doc_next(list(world->owner, &options))));
    options.cursor = cursor;
    for (size_t i = 0; cursor[i]; i++) {
        char was = cursor[i];
        cursor[i] = was == 'A' ? 'B' : 'A';
        FAILS_AT(TRIPSAGE_EINVALID, tripsage_trip_list(OUT, world->trips, world->owner, &options), "#cursor");
        cursor[i] = was;
    }
    OK(tripsage_trip_list(OUT, world->trips, world->owner, &options));
    cursor[strlen(cursor) - 1] = '\0';
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_trip_list(OUT, world->trips, world->owner, &options), "#cursor");
    for (size_t i = 0; i < 4; i++) {
        static const char *const others[] = {"", "x", "====", "\xff\xff"};
        options.cursor = others[i];
        FAILS_AT(TRIPSAGE_EINVALID, tripsage_trip_list(OUT, world->trips, world->owner, &options), "#cursor");
    }
    options.cursor = test_repeat("A", 100000);
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_trip_list(OUT, world->trips, world->owner, &options), "#cursor");
}
END_TEST

START_TEST(a_cursor_belongs_to_its_list)
{
    tripsage_list_options options = defaults();

    make_many();
    options.limit = 10;
    options.cursor = test_format("%s", tripsage_doc_next(list(world->owner, &options)));
    options.sort = TRIPSAGE_SORT_TITLE;
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_trip_list(OUT, world->trips, world->owner, &options), "#cursor");
    options.sort = TRIPSAGE_SORT_CREATED;
    options.scope = TRIPSAGE_SCOPE_OWN;
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_trip_list(OUT, world->trips, world->owner, &options), "#cursor");
}
END_TEST

/* A cursor opens nothing: under another actor it pages through that actor's own trips. */
START_TEST(a_cursor_opens_nothing)
{
    tripsage_list_options options = defaults();
    tripsage_doc *page = NULL;

    make_many();
    options.limit = 10;
    options.cursor = test_format("%s", tripsage_doc_next(list(world->owner, &options)));
    if (tripsage_trip_list(&page, world->trips, world->stranger, &options) == TRIPSAGE_OK)
        IS_COUNT(page, "/items", 0);
    tripsage_doc_free(page);
}
END_TEST

START_TEST(refuses_bad_options)
{
    const struct {
        const char *pointer;
        tripsage_list_options options;
    } rows[] = {
        {"#limit", {.version = 1, .limit = 101, .descending = -1}},
        {"#skip", {.version = 1, .skip = 10001, .descending = -1}},
        {"#scope", {.version = 1, .scope = (tripsage_scope)9, .descending = -1}},
        {"#sort", {.version = 1, .sort = (tripsage_sort)9, .descending = -1}},
        {"#status", {.version = 1, .status = "lost", .descending = -1}},
        {"#trip_type", {.version = 1, .trip_type = "honeymoon", .descending = -1}},
        {"#visibility", {.version = 1, .visibility = "open", .descending = -1}},
        {"#from", {.version = 1, .from = "yesterday", .descending = -1}},
        {"#to", {.version = 1, .to = "2026-02-30", .descending = -1}},
        {"#starts_from", {.version = 1, .starts_from = "", .descending = -1}},
        {"#ends_to", {.version = 1, .ends_to = "2026-1-1", .descending = -1}},
        {"#text", {.version = 1, .text = test_repeat("x", 8001), .descending = -1}},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        FAILS_AT(TRIPSAGE_EINVALID, tripsage_trip_list(OUT, world->trips, world->owner, &rows[i].options),
                 rows[i].pointer);
}
END_TEST

START_TEST(filters_by_what_a_trip_is)
{
    tripsage_list_options o;

    test_trip(world->owner, "{\"title\":\"A\",\"status\":\"booked\",\"trip_type\":\"family\",\"tags\":[\"food\","
                            "\"art\"],\"start_date\":\"2026-01-01\","
                            "\"end_date\":\"2026-01-10\",\"destinations\":[{\"name\":\"The Hague\",\"city\":\"Den "
                            "Haag\",\"country\":\"Netherlands\"}]}");
    test_trip(
        world->owner,
        "{\"title\":\"B\",\"status\":\"planning\",\"trip_type\":\"solo\",\"visibility\":\"public\",\"tags\":[\"foo\"],"
        "\"start_date\":\"2026-01-10\",\"end_date\":\"2026-01-20\",\"destinations\":[{\"name\":\"Atlantis\"},{\"name\":"
        "\"Utopia\"}]}");
    test_trip(world->owner, "{\"title\":\"C\",\"status\":\"booked\",\"trip_type\":\"solo\",\"start_date\":\"2026-02-"
                            "01\",\"end_date\":\"2026-02-02\","
                            "\"description\":\"Plain, 100% of it\",\"destinations\":[{\"name\":\"Utopia\"}]}");

    o = defaults(), o.sort = TRIPSAGE_SORT_TITLE;
#define TITLES(want)                                                                                                   \
    do {                                                                                                               \
        tripsage_doc *page = list(world->owner, &o);                                                                   \
        const char *got = "";                                                                                          \
        for (size_t i = 0; i < tripsage_doc_count(page, "/items"); i++)                                                \
            got = test_format("%s%s", got, tripsage_doc_text(page, test_format("/items/%zu/title", i)));               \
        SAME_TEXT(got, (want));                                                                                        \
        o = defaults(), o.sort = TRIPSAGE_SORT_TITLE;                                                                  \
    } while (0)
    o.status = "booked";
    TITLES("AC");
    o.trip_type = "solo";
    TITLES("BC");
    o.visibility = "public";
    TITLES("B");
    o.tag = "foo";
    TITLES("B");
    o.tag = "Food";
    TITLES("");
    o.destination = "UTOPIA";
    TITLES("BC");
    o.destination = "den haag";
    TITLES("A");
    o.destination = "netherlands";
    TITLES("A");
    o.destination = "netherland";
    TITLES("");
    o.destination = "%";
    TITLES("");
    o.from = "2026-01-10";
    TITLES("ABC");
    o.from = "2026-01-11";
    TITLES("BC");
    o.to = "2026-01-10";
    TITLES("AB");
    o.to = "2026-01-09";
    TITLES("A");
    o.from = "2026-01-21", o.to = "2026-01-31";
    TITLES("");
    o.starts_from = "2026-01-10";
    TITLES("BC");
    o.starts_from = "2026-01-11";
    TITLES("C");
    o.ends_to = "2026-01-20";
    TITLES("AB");
    o.ends_to = "2026-01-19";
    TITLES("A");
    o.starts_from = "2026-01-02", o.ends_to = "2026-02-01";
    TITLES("B");
    o.text = "b";
    TITLES("B");
    o.text = "PLAIN_";
    TITLES("");
    o.text = "plain";
    TITLES("C");
    o.status = "booked", o.trip_type = "solo", o.destination = "utopia", o.from = "2026-02-02";
    TITLES("C");
    o.status = "cancelled";
    TITLES("");
#undef TITLES
}
END_TEST

/* Paging and counting go by what the filter lets through. */
START_TEST(filters_and_pages_together)
{
    tripsage_list_options options = defaults();

    for (int i = 0; i < 30; i++)
        test_trip(world->owner, i % 3 ? "{\"tags\":[\"x\"]}" : "{\"tags\":[\"y\"]}");
    options.tag = "y";
    options.limit = 3;
    ck_assert_uint_eq(walk(options), 10);
    options.with_total = 1;
    IS_INT(list(world->owner, &options), "/total", 10);
}
END_TEST

START_TEST(scopes_tell_mine_from_shared)
{
    tripsage_list_options options = defaults();
    const char *mine = id_of(test_trip(world->edit, "{\"title\":\"Mine\"}"));
    const char *shared = test_cast_trip("{\"title\":\"Shared\"}");
    tripsage_doc *page;

    test_trip(world->owner, "{\"title\":\"Public\",\"visibility\":\"public\"}");
    test_trip(world->owner, "{\"title\":\"Private\"}");
    options.sort = TRIPSAGE_SORT_TITLE;
    page = list(world->edit, &options);
    IS_COUNT(page, "/items", 2);
    IS_TEXT(page, "/items/0/id", mine);
    IS_TEXT(page, "/items/0/role", "owner");
    IS_TEXT(page, "/items/1/id", shared);
    IS_TEXT(page, "/items/1/role", "edit");
    options.scope = TRIPSAGE_SCOPE_OWN;
    page = list(world->edit, &options);
    IS_COUNT(page, "/items", 1);
    IS_TEXT(page, "/items/0/id", mine);
    options.scope = TRIPSAGE_SCOPE_SHARED;
    page = list(world->edit, &options);
    IS_COUNT(page, "/items", 1);
    IS_TEXT(page, "/items/0/id", shared);
    options.with_total = 1;
    IS_INT(list(world->edit, &options), "/total", 1);
    IS_COUNT(list(world->stranger, &options), "/items", 0);
}
END_TEST

/* Pages over own and shared trips mixed. */
START_TEST(pages_mix_own_and_shared)
{
    for (int i = 0; i < 25; i++) {
        const char *theirs = id_of(test_trip(world->stranger, test_format("{\"title\":\"t%02d\"}", i * 7 % 25)));
        test_share(world->stranger, theirs, OWNER_ID, "view");
        test_trip(world->owner, test_format("{\"title\":\"t%02d\"}", i * 3 % 25));
        test_clock_advance(&world->chance, 1);
    }
    for (int sort = TRIPSAGE_SORT_CREATED; sort <= TRIPSAGE_SORT_TITLE; sort++) {
        tripsage_list_options options = defaults();
        options.sort = (tripsage_sort)sort;
        options.limit = 7;
        ck_assert_uint_eq(walk(options), 50);
        options.scope = TRIPSAGE_SCOPE_SHARED;
        ck_assert_uint_eq(walk(options), 25);
        options.scope = TRIPSAGE_SCOPE_OWN;
        ck_assert_uint_eq(walk(options), 25);
    }
}
END_TEST

/* A title is sorted by code point, not by a language's rules. */
START_TEST(titles_sort_by_code_point)
{
    static const char *const titles[] = {"Zebra", "apple", "\xc3\xa9t\xc3\xa9", "\xe6\x97\x85", "\xf0\x9f\x97\xbe"};
    tripsage_list_options options = defaults();
    tripsage_doc *page;

    for (size_t i = 5; i-- > 0;)
        test_trip(world->owner, test_format("{\"title\":\"%s\"}", titles[i]));
    options.sort = TRIPSAGE_SORT_TITLE;
    page = list(world->owner, &options);
    for (size_t i = 0; i < 5; i++)
        IS_TEXT(page, test_format("/items/%zu/title", i), titles[i]);
}
END_TEST

START_TEST(the_deleted_are_paged_like_the_rest)
{
    tripsage_list_options options = defaults();

    for (int i = 0; i < 15; i++) {
        const char *id = id_of(test_trip(world->owner, NULL));
        if (i % 5 != 0)
            OK(tripsage_trip_delete(world->trips, world->owner, id, NULL));
    }
    options.scope = TRIPSAGE_SCOPE_DELETED;
    options.limit = 5;
    ck_assert_uint_eq(walk(options), 12);
    options.scope = TRIPSAGE_SCOPE_ALL;
    ck_assert_uint_eq(walk(options), 3);
}
END_TEST

Suite *contract_trip_list(void)
{
    Suite *suite = suite_create("trip_list");
    TCase *tcase = test_case(suite, "trip_list");

    tcase_add_test(tcase, pages_hold_every_trip_once);
    tcase_add_test(tcase, a_page_says_what_it_is);
    tcase_add_test(tcase, an_entry_says_what_the_trip_is);
    tcase_add_test(tcase, an_empty_list_is_a_list);
    tcase_add_test(tcase, pages_stand_still_while_others_write);
    tcase_add_test(tcase, a_cursor_outlives_its_row);
    tcase_add_test(tcase, a_forged_cursor_is_refused);
    tcase_add_test(tcase, a_cursor_belongs_to_its_list);
    tcase_add_test(tcase, a_cursor_opens_nothing);
    tcase_add_test(tcase, refuses_bad_options);
    tcase_add_test(tcase, filters_by_what_a_trip_is);
    tcase_add_test(tcase, filters_and_pages_together);
    tcase_add_test(tcase, scopes_tell_mine_from_shared);
    tcase_add_test(tcase, pages_mix_own_and_shared);
    tcase_add_test(tcase, titles_sort_by_code_point);
    tcase_add_test(tcase, the_deleted_are_paged_like_the_rest);
    return suite;
}
