/* contract/search.c: finding by words: whose, which, and in what order. */
#include "contract.h"

#include <string.h>

static tripsage_search_options defaults(void)
{
    tripsage_search_options options = TRIPSAGE_SEARCH_OPTIONS_INIT;

    return options;
}

static tripsage_doc *search(const tripsage_actor *actor, const char *query)
{
    return OK(tripsage_trip_search(OUT, world->trips, actor, query, NULL));
}

static size_t hits(const tripsage_actor *actor, const char *query)
{
    return tripsage_doc_count(search(actor, query), "/items");
}

START_TEST(finds_every_kind_of_text)
{
    const char *trip = id_of(test_trip(
        world->owner, "{\"title\":\"alpha\",\"description\":\"bravo\",\"tags\":[\"charlie\"],\"destinations\":"
                      "[{\"name\":\"delta\",\"city\":\"echo\",\"country\":\"foxtrot\"}]}"));
    const char *item = id_of(test_item(
        world->owner, trip,
        test_with(ITEM_JSON, "{\"title\":\"golf\",\"description\":\"hotel\",\"location\":{\"name\":\"india\"}}")));
    const char *note = id_of(test_note(world->owner, trip, "juliett kilo"));
    static const char *const of_trip[] = {"alpha", "bravo", "charlie", "delta", "echo", "foxtrot"};

    for (size_t i = 0; i < sizeof of_trip / sizeof of_trip[0]; i++) {
        tripsage_doc *found = search(world->owner, of_trip[i]);
        ck_assert_msg(tripsage_doc_count(found, "/items") == 1, "%s: %s", of_trip[i], json_of(found));
        IS_TEXT(found, "/items/0/kind", "trip");
        IS_TEXT(found, "/items/0/id", trip);
        IS_TEXT(found, "/items/0/trip_id", trip);
    }
    IS_TEXT(search(world->owner, "golf"), "/items/0/kind", "item");
    IS_TEXT(search(world->owner, "hotel"), "/items/0/id", item);
    IS_TEXT(search(world->owner, "hotel"), "/items/0/trip_id", trip);
    IS_TEXT(search(world->owner, "kilo"), "/items/0/kind", "note");
    IS_TEXT(search(world->owner, "kilo"), "/items/0/id", note);
    ck_assert_uint_eq(hits(world->owner, "lima"), 0);
}
END_TEST

START_TEST(an_answer_says_what_it_is)
{
    const char *trip = id_of(test_trip(world->owner, "{\"title\":\"Alpha <b>& omega\"}"));
    tripsage_doc *found = search(world->owner, "omega");
    tripsage_doc *list = OK(tripsage_trip_list(OUT, world->trips, world->owner, NULL));
    const char *snippet = tripsage_doc_text(found, "/items/0/snippet");

    IS_TEXT(found, "/query", "omega");
    IS_INT(found, "/limit", 20);
    IS_INT(found, "/skip", 0);
    IS_TEXT(found, "/items/0/title", "Alpha <b>& omega");
    ck_assert_msg(strstr(snippet, "&lt;b&gt;&amp; <mark>omega</mark>") != NULL, "%s", snippet);
    ck_assert_ptr_nonnull(test_json_at(json_of(found), "/items/0/score"));
    SAME_TEXT(test_json_at(json_of(found), "/items/0/trip"), test_json_at(json_of(list), "/items/0"));
    IS_TEXT(found, "/items/0/trip/id", trip);
}
END_TEST

START_TEST(all_words_must_occur)
{
    test_trip(world->owner, "{\"title\":\"alpha bravo\",\"description\":\"charlie\"}");
    test_trip(world->owner, "{\"title\":\"alpha delta\"}");
    ck_assert_uint_eq(hits(world->owner, "alpha"), 2);
    ck_assert_uint_eq(hits(world->owner, "alpha bravo"), 1);
    ck_assert_uint_eq(hits(world->owner, "charlie alpha"), 1);
    ck_assert_uint_eq(hits(world->owner, "bravo delta"), 0);
}
END_TEST

START_TEST(the_last_word_is_a_prefix)
{
    test_trip(world->owner, "{\"title\":\"volcano hiking\"}");
    ck_assert_uint_eq(hits(world->owner, "volc"), 1);
    ck_assert_uint_eq(hits(world->owner, "volcano hik"), 1);
    ck_assert_uint_eq(hits(world->owner, "volc hiking"), 0);
    ck_assert_uint_eq(hits(world->owner, "olcano"), 0);
}
END_TEST

START_TEST(quoted_words_stand_together)
{
    test_trip(world->owner, "{\"title\":\"red bus tour\"}");
    test_trip(world->owner, "{\"title\":\"red tour bus\"}");
    ck_assert_uint_eq(hits(world->owner, "red bus"), 2);
    ck_assert_uint_eq(hits(world->owner, "\"red bus\""), 1);
    ck_assert_uint_eq(hits(world->owner, "\"bus red\""), 0);
    ck_assert_uint_eq(hits(world->owner, "\"red tour\" bus"), 1);
}
END_TEST

START_TEST(case_and_accents_do_not_matter)
{
    test_trip(world->owner, "{\"title\":\"Caf\xc3\xa9s in Z\xc3\xbcrich\"}");
    ck_assert_uint_eq(hits(world->owner, "CAFES zurich"), 1);
    ck_assert_uint_eq(hits(world->owner, "caf\xc3\xa9s Z\xc3\x9cRICH"), 1);
    ck_assert_uint_eq(hits(world->owner, "cafe\xcc\x81s"), 1);
}
END_TEST

/* Nothing in a query is an operator, and no text is a wrong query. */
START_TEST(any_text_is_a_query)
{
    static const char *const queries[] = {
        "",
        " ",
        "\"",
        "\"\"",
        "\"alpha",
        "alpha\"",
        "alpha AND",
        "NOT alpha",
        "alpha OR bravo",
        "NEAR(a)",
        "alpha*",
        "*",
        "^alpha",
        "title:alpha",
        "{a b}:c",
        "a + b",
        "-alpha",
        "(alpha",
        ")",
        "'",
        "';--",
        "alpha;bravo",
        "\\",
        "%",
        "a_b",
        "\xf0\x9f\x97\xbe",
        "\xe6\x97\x85",
        "...",
        "&<>",
        "\n\t",
        "a\"b\"c",
        "\"a\"\"b\"",
    };

    test_trip(world->owner, "{\"title\":\"alpha and bravo\"}");
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++)
        IS_TEXT(search(world->owner, queries[i]), "/query", queries[i]);
    /* The words are words: "and" occurs, "or" and "not" do not. */
    ck_assert_uint_eq(hits(world->owner, "alpha AND bravo"), 1);
    ck_assert_uint_eq(hits(world->owner, "alpha OR bravo"), 0);
    ck_assert_uint_eq(hits(world->owner, "bravo NOT alpha"), 0);
    ck_assert_uint_eq(hits(world->owner, "title:alpha"), 0);
    ck_assert_uint_eq(hits(world->owner, "alpha-"), 1);
}
END_TEST

START_TEST(a_long_query_is_a_query)
{
    test_trip(world->owner, NULL);
    IS_COUNT(OK(tripsage_trip_search(OUT, world->trips, world->owner, test_repeat("kyoto ", 166), NULL)), "/items", 1);
    OK(tripsage_trip_search(OUT, world->trips, world->owner, test_repeat("x", 1000), NULL));
    OK(tripsage_trip_search(OUT, world->trips, world->owner, test_repeat("\"", 1000), NULL));
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_trip_search(OUT, world->trips, world->owner, test_repeat("x", 1001), NULL),
             "#query");
}
END_TEST

/* ---- whose ---- */

START_TEST(finds_what_the_actor_may_see)
{
    const char *shared = test_cast_trip("{\"title\":\"needle shared\"}");
    const char *open = id_of(test_trip(world->owner, "{\"title\":\"needle public\",\"visibility\":\"public\"}"));

    test_trip(world->owner, "{\"title\":\"needle private\"}");
    test_trip(world->view, "{\"title\":\"needle mine\"}");
    ck_assert_uint_eq(hits(world->owner, "needle"), 3);
    ck_assert_uint_eq(hits(world->view, "needle"), 3);
    ck_assert_uint_eq(hits(world->stranger, "needle"), 1);
    IS_TEXT(search(world->stranger, "needle"), "/items/0/id", open);
    IS_TEXT(search(world->stranger, "needle"), "/items/0/trip/role", "public");
    IS_TEXT(search(world->view, "shared needle"), "/items/0/id", shared);
    ck_assert_uint_eq(hits(world->service, "needle"), 4);
}
END_TEST

START_TEST(scopes_narrow_it)
{
    tripsage_search_options options = defaults();

    test_cast_trip("{\"title\":\"needle shared\"}");
    test_trip(world->owner, "{\"title\":\"needle public\",\"visibility\":\"public\"}");
    test_trip(world->view, "{\"title\":\"needle mine\"}");
#define HITS()                                                                                                         \
    tripsage_doc_count(OK(tripsage_trip_search(OUT, world->trips, world->view, "needle", &options)), "/items")
    ck_assert_uint_eq(HITS(), 3);
    options.scope = TRIPSAGE_SCOPE_OWN;
    ck_assert_uint_eq(HITS(), 1);
    options.scope = TRIPSAGE_SCOPE_SHARED;
    ck_assert_uint_eq(HITS(), 1);
#undef HITS
}
END_TEST

/* What a reader of a public trip may not read, he may not find either. */
START_TEST(private_parts_are_not_found)
{
    const char *trip = id_of(test_trip(world->owner, "{\"visibility\":\"public\"}"));

    test_item(world->owner, trip,
              test_with(ITEM_JSON, "{\"notes\":\"secretone\",\"booking_reference\":\"secrettwo\"}"));
    test_note(world->owner, trip, "secretthree");
    ck_assert_uint_eq(hits(world->stranger, "fushimi"), 1);
    ck_assert_uint_eq(hits(world->stranger, "secretone"), 0);
    ck_assert_uint_eq(hits(world->stranger, "secrettwo"), 0);
    ck_assert_uint_eq(hits(world->stranger, "secretthree"), 0);
    ck_assert_uint_eq(hits(world->stranger, "secret"), 0);
    ck_assert_uint_eq(hits(world->owner, "secretthree"), 1);
}
END_TEST

/* A snippet of what may be found must not show what may not. */
START_TEST(a_snippet_shows_no_private_parts)
{
    const char *trip = id_of(test_trip(world->owner, "{\"visibility\":\"public\"}"));

    test_item(world->owner, trip,
              test_with(ITEM_JSON, "{\"notes\":\"SECRETONE\",\"booking_reference\":\"SECRETTWO\"}"));
    ck_assert_ptr_null(strstr(json_of(search(world->stranger, "fushimi")), "SECRET"));
}
END_TEST

START_TEST(filters_by_status)
{
    tripsage_search_options options = defaults();

    test_trip(world->owner, "{\"title\":\"needle a\",\"status\":\"booked\"}");
    test_trip(world->owner, "{\"title\":\"needle b\"}");
    options.status = "booked";
    IS_COUNT(OK(tripsage_trip_search(OUT, world->trips, world->owner, "needle", &options)), "/items", 1);
    options.status = "lost";
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_trip_search(OUT, world->trips, world->owner, "needle", &options), "#status");
}
END_TEST

START_TEST(pages_through_the_ranking)
{
    tripsage_search_options options = defaults();
    const char *seen = "";
    size_t count = 0;

    for (int i = 0; i < 25; i++)
        test_trip(world->owner, test_format("{\"title\":\"needle %d\"}", i));
    options.limit = 10;
    for (options.skip = 0; options.skip < 30; options.skip += 10) {
        tripsage_doc *page = OK(tripsage_trip_search(OUT, world->trips, world->owner, "needle", &options));
        IS_INT(page, "/limit", 10);
        IS_INT(page, "/skip", options.skip);
        for (size_t i = 0; i < tripsage_doc_count(page, "/items"); i++, count++) {
            const char *id = tripsage_doc_text(page, test_format("/items/%zu/id", i));
            ck_assert_msg(!strstr(seen, id), "%s comes twice", id);
            seen = test_format("%s %s", seen, id);
        }
    }
    ck_assert_uint_eq(count, 25);
}
END_TEST

START_TEST(refuses_bad_options)
{
    tripsage_search_options options = defaults();

    options.limit = 101;
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_trip_search(OUT, world->trips, world->owner, "x", &options), "#limit");
    options = defaults();
    options.skip = 1001;
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_trip_search(OUT, world->trips, world->owner, "x", &options), "#skip");
    options = defaults();
    options.scope = TRIPSAGE_SCOPE_DELETED;
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_trip_search(OUT, world->trips, world->owner, "x", &options), "#scope");
}
END_TEST

START_TEST(titles_weigh_most)
{
    const char *in_title, *in_text;

    in_text = id_of(test_trip(world->owner, "{\"title\":\"Other words\",\"description\":\"about needle\"}"));
    in_title = id_of(test_trip(world->owner, "{\"title\":\"needle words\",\"description\":\"about other\"}"));
    IS_TEXT(search(world->owner, "needle"), "/items/0/id", in_title);
    IS_TEXT(search(world->owner, "needle"), "/items/1/id", in_text);
}
END_TEST

/* The index follows every change at once. */
START_TEST(follows_every_change)
{
    const char *trip = id_of(test_trip(world->owner, "{\"title\":\"before\"}"));
    const char *item = id_of(test_item(world->owner, trip, test_with(ITEM_JSON, "{\"title\":\"itembefore\"}")));
    const char *note = id_of(test_note(world->owner, trip, "notebefore"));

    OK(UPDATE(world->owner, trip, "{\"title\":\"after\"}"));
    OK(ITEM_UPDATE(world->owner, trip, item, "{\"title\":\"itemafter\"}"));
    OK(tripsage_note_update(OUT, world->trips, world->owner, trip, note, "{\"content\":\"noteafter\"}", TRIPSAGE_NUL,
                            NULL));
    ck_assert_uint_eq(hits(world->owner, "before"), 0);
    ck_assert_uint_eq(hits(world->owner, "itembefore"), 0);
    ck_assert_uint_eq(hits(world->owner, "notebefore"), 0);
    ck_assert_uint_eq(hits(world->owner, "after"), 1);
    ck_assert_uint_eq(hits(world->owner, "itemafter"), 1);
    ck_assert_uint_eq(hits(world->owner, "noteafter"), 1);
    OK(tripsage_item_delete(world->trips, world->owner, trip, item, NULL));
    OK(tripsage_note_delete(world->trips, world->owner, trip, note, NULL));
    ck_assert_uint_eq(hits(world->owner, "itemafter"), 0);
    ck_assert_uint_eq(hits(world->owner, "noteafter"), 0);
    OK(tripsage_trip_delete(world->trips, world->owner, trip, NULL));
    ck_assert_uint_eq(hits(world->owner, "after"), 0);
    OK(tripsage_trip_purge(world->trips, world->owner, trip));
    IS_JSON(OK(tripsage_check(OUT, world->ts)), "/ok", "true");
}
END_TEST

/* A trip that is no longer public is no longer found by others. */
START_TEST(closing_a_trip_takes_it_out_of_reach)
{
    const char *trip = id_of(test_trip(world->owner, "{\"title\":\"needle\",\"visibility\":\"public\"}"));

    ck_assert_uint_eq(hits(world->stranger, "needle"), 1);
    OK(UPDATE(world->owner, trip, "{\"visibility\":\"private\"}"));
    ck_assert_uint_eq(hits(world->stranger, "needle"), 0);
}
END_TEST

/* A score is made of the row alone: how rare a word is in the trips of others would tell what they wrote. */
START_TEST(a_score_tells_nothing_of_others)
{
    const char *trip;
    const char *before;

    test_trip(world->stranger, "{\"title\":\"needle thread\"}");
    test_trip(world->stranger, "{\"title\":\"thread\",\"description\":\"thread and needle\"}");
    before = json_of(search(world->stranger, "needle thr"));
    trip = id_of(test_trip(world->owner, "{\"title\":\"needle\"}"));
    SAME_TEXT(json_of(search(world->stranger, "needle thr")), before);
    test_note(world->owner, trip, "a needle in the haystack");
    test_item(world->owner, trip, test_with(ITEM_JSON, "{\"booking_reference\":\"needle\"}"));
    SAME_TEXT(json_of(search(world->stranger, "needle thr")), before);
}
END_TEST

/* Nor does it tell a public reader how much there is that only members may read. */
START_TEST(a_score_tells_nothing_of_private_parts)
{
    const char *trip = id_of(test_trip(world->owner, "{\"title\":\"Open\",\"visibility\":\"public\"}"));
    const char *item = id_of(test_item(world->owner, trip, test_with(ITEM_JSON, "{\"title\":\"needle\"}")));
    const char *before = test_json_at(json_of(search(world->stranger, "needle")), "/items/0/score");

    OK(tripsage_item_update(OUT, world->trips, world->owner, trip, item, "{\"notes\":\"ask for the quiet room\"}",
                            TRIPSAGE_NUL, NULL));
    SAME_TEXT(test_json_at(json_of(search(world->stranger, "needle")), "/items/0/score"), before);
}
END_TEST

Suite *contract_search(void)
{
    Suite *suite = suite_create("search");
    TCase *tcase = test_case(suite, "search");

    tcase_add_test(tcase, finds_every_kind_of_text);
    tcase_add_test(tcase, an_answer_says_what_it_is);
    tcase_add_test(tcase, all_words_must_occur);
    tcase_add_test(tcase, the_last_word_is_a_prefix);
    tcase_add_test(tcase, quoted_words_stand_together);
    tcase_add_test(tcase, case_and_accents_do_not_matter);
    tcase_add_test(tcase, any_text_is_a_query);
    tcase_add_test(tcase, a_long_query_is_a_query);
    tcase_add_test(tcase, finds_what_the_actor_may_see);
    tcase_add_test(tcase, scopes_narrow_it);
    tcase_add_test(tcase, private_parts_are_not_found);
    tcase_add_test(tcase, a_snippet_shows_no_private_parts);
    tcase_add_test(tcase, filters_by_status);
    tcase_add_test(tcase, pages_through_the_ranking);
    tcase_add_test(tcase, refuses_bad_options);
    tcase_add_test(tcase, titles_weigh_most);
    tcase_add_test(tcase, follows_every_change);
    tcase_add_test(tcase, closing_a_trip_takes_it_out_of_reach);
    tcase_add_test(tcase, a_score_tells_nothing_of_others);
    tcase_add_test(tcase, a_score_tells_nothing_of_private_parts);
    return suite;
}
