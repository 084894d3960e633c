/* tests/unit/trip/search_test.c: what is found, how it is shown, and that nobody finds what he may not read. */
#include "fixture.h"

#include "trip/record.h"
#include "unit/suite.h"

/* An item and a note of a trip, with their rows in the index, as the calls that make them write them. */
static void add_item_and_note(const char *id, const char *title, const char *body, const char *private,
                              const char *note)
{
    char sql[4096];

    snprintf(sql, sizeof sql,
             "INSERT INTO itinerary_item (id, trip_id, version, created_at, updated_at, sort_at, item_date, timezone, "
             "item_type,"
             " booking_status, is_flexible, title, details)"
             " VALUES ('item of %s', '%s', 1, 0, 0, 0, '2026-11-03', 'UTC', 'meal', 'planned', 0, '%s', '{}');"
             "INSERT INTO trip_search (rowid, acl, title, body, private, kind, id, trip_id)"
             " SELECT last_insert_rowid() * 4 + 1, " TRIPSAGE__SQL_ACL_READERS
             ", '%s', '%s', '%s', 'item', 'item of %s', t.id FROM trip t WHERE t.id = '%s';"
             "INSERT INTO trip_note (id, trip_id, user_id, version, created_at, updated_at, content)"
             " VALUES ('note of %s', '%s', '" OWNER_ID "', 1, 0, 0, '%s');"
             "INSERT INTO trip_search (rowid, acl, title, body, private, kind, id, trip_id)"
             " SELECT last_insert_rowid() * 4 + 2, " TRIPSAGE__SQL_ACL_MEMBERS
             ", '', '', '%s', 'note', 'note of %s', t.id FROM trip t WHERE t.id = '%s'",
             id, id, title, title, body, private, id, id, id, id, note, note, id, id);
    sql_run(sql);
}

/* Kinds and titles of what is found: "trip Kyoto|item Ramen|note |". */
static const char *found(const tripsage_actor *actor, const char *query, const tripsage_search_options *options)
{
    static char text[8192];
    tripsage_doc *doc;
    size_t count;

    OK(tripsage_trip_search(&doc, trips, actor, query, options));
    count = tripsage_doc_count(doc, "/items");
    text[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        char kind[64], title[64];

        snprintf(kind, sizeof kind, "/items/%zu/kind", i);
        snprintf(title, sizeof title, "/items/%zu/title", i);
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s %s|", tripsage_doc_text(doc, kind),
                 tripsage_doc_text(doc, title));
    }
    tripsage_doc_free(doc);
    return text;
}

#define FINDS(actor, query, want) ck_assert_str_eq(found((actor), (query), NULL), (want))

#define TRIP(title, more)                                                                                              \
    "{\"title\":\"" title "\",\"start_date\":\"2026-11-02\",\"end_date\":\"2026-11-09\"," more                         \
    "\"destinations\":[{\"name\":\"Kyoto\",\"country\":\"Japan\"}]}"

START_TEST(finds_words_wherever_they_are)
{
    char id[37];

    fixture_open();
    make_trip(id, owner, TRIP("Autumn", "\"description\":\"Maple leaves\",\"tags\":[\"temples\"],"));
    add_item_and_note(id, "Ramen dinner", "counter seats", "reference QX99", "Bring cash");
    FINDS(owner, "autumn", "trip Autumn|");
    FINDS(owner, "maple", "trip Autumn|");
    FINDS(owner, "japan", "trip Autumn|");
    FINDS(owner, "temples kyoto", "trip Autumn|");
    FINDS(owner, "ramen", "item Ramen dinner|");
    FINDS(owner, "counter", "item Ramen dinner|");
    FINDS(owner, "qx99", "item Ramen dinner|");
    FINDS(owner, "cash", "note |");
    FINDS(owner, "ramen cash", ""); /* not in one record */
    FINDS(owner, "u0189000000007000800000000000000a", "");
    FINDS(owner, "public", "");
    FINDS(owner, "item", "");
    fixture_close();
}
END_TEST

START_TEST(reads_a_query_as_words)
{
    char id[37];

    fixture_open();
    make_trip(id, owner,
              TRIP("Zürich to São Paulo", "\"description\":\"The golden temple at night; temple of gold\","));
    FINDS(owner, "ZURICH sao", "trip Zürich to São Paulo|"); /* case and diacritics */
    FINDS(owner, "zür", "trip Zürich to São Paulo|");        /* the last word as a prefix */
    FINDS(owner, "zür sao", "");                             /* the first one not */
    FINDS(owner, "golden temple", "trip Zürich to São Paulo|");
    FINDS(owner, "\"golden temple\"", "trip Zürich to São Paulo|");
    FINDS(owner, "\"temple golden\"", "");
    FINDS(owner, "\"golden templ\"", "");                        /* quoted to its end: as it is */
    FINDS(owner, "\"golden templ", "trip Zürich to São Paulo|"); /* still being typed */
    FINDS(owner, "paulo \"golden temple\"", "trip Zürich to São Paulo|");
    FINDS(owner, "\"golden temple\"nig", "trip Zürich to São Paulo|");
    FINDS(owner, "paulo - zuri !", "trip Zürich to São Paulo|");
    fixture_close();
}
END_TEST

START_TEST(takes_any_text_for_a_query)
{
    static const char *const texts[] = {"",
                                        " ",
                                        "\"",
                                        "\"\"",
                                        "*",
                                        "(",
                                        "\\",
                                        "'",
                                        "-",
                                        "NOT",
                                        "AND OR NOT",
                                        "title:kyoto",
                                        "acl:public",
                                        "{acl}:x",
                                        "kyoto OR 1",
                                        "NEAR(a b)",
                                        "a NEAR/2 b",
                                        "^kyoto",
                                        "ky*to",
                                        "kyoto*",
                                        "a\"b\"c\"d",
                                        "\"kyoto\"*",
                                        "kyoto AND NOT japan",
                                        "…",
                                        "🍜",
                                        "🍜 …",
                                        "$1",
                                        "?1",
                                        "%s%n",
                                        "); DROP TABLE trip; --",
                                        "\x01\x02"};
    char id[37];

    fixture_open();
    make_trip(id, owner, TRIP("Autumn", ""));
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        tripsage_doc *doc;

        OK(tripsage_trip_search(&doc, trips, owner, texts[i], NULL));
        IS_TEXT(doc, "/query", texts[i]);
        tripsage_doc_free(doc);
    }
    FINDS(owner, "kyoto OR nowhere", ""); /* "or" is a word like another */
    FINDS(owner, "kyoto*", "trip Autumn|");
    FINDS(owner, "kyoto 🍜", "trip Autumn|"); /* nothing in it is a word */
    FINDS(owner, "", "");
    fixture_close();
}
END_TEST

START_TEST(shows_where_it_was_found)
{
    tripsage_doc *doc;
    char id[37];

    fixture_open();
    make_trip(
        id, owner,
        TRIP("Autumn <b>",
             "\"description\":\"Fish & chips at 'Joe's' \\\"<place>\\\" near the temple, then the temple again\","));
    OK(tripsage_trip_search(&doc, trips, owner, "temple", NULL));
    IS_TEXT(doc, "/items/0/snippet",
            "Fish &amp; chips at &#39;Joe&#39;s&#39; &quot;&lt;place&gt;&quot; near the <mark>temple</mark>, then the "
            "<mark>temple</mark> again\nKyoto, Japan");
    IS_TEXT(doc, "/items/0/title", "Autumn <b>");
    tripsage_doc_free(doc);
    OK(tripsage_trip_search(&doc, trips, owner, "autumn", NULL));
    IS_TEXT(doc, "/items/0/snippet", "<mark>Autumn</mark> &lt;b&gt;");
    tripsage_doc_free(doc);

    /* Somebody writes the marking characters himself: the marks still come in pairs. */
    make_trip(id, owner,
              TRIP("Odd", "\"description\":\"a\xee\x80\x80"
                          "b \xee\x80\x81 oddly \xee\x80\x80 c\","));
    OK(tripsage_trip_search(&doc, trips, owner, "oddly", NULL));
    ck_assert_ptr_nonnull(strstr(tripsage_doc_text(doc, "/items/0/snippet"), "<mark>oddly</mark>"));
    for (const char *p = tripsage_doc_text(doc, "/items/0/snippet"), *open = NULL; *p; p++) {
        if (strncmp(p, "<mark>", 6) == 0) {
            ck_assert_ptr_null(open);
            open = p;
        } else if (strncmp(p, "</mark>", 7) == 0) {
            ck_assert_ptr_nonnull(open);
            open = NULL;
        }
        ck_assert(p[1] || !open);
    }
    tripsage_doc_free(doc);
    fixture_close();
}
END_TEST

START_TEST(cuts_long_texts)
{
    static char json[4000];
    tripsage_doc *doc;
    char id[37];

    fixture_open();
    strcpy(json, "{\"title\":\"T\",\"start_date\":\"2026-11-02\",\"end_date\":\"2026-11-09\","
                 "\"destinations\":[{\"name\":\"K\"}],\"description\":\"");
    for (int i = 0; i < 200; i++)
        strcat(json, i == 100 ? "needle " : "hay ");
    strcat(json, "\"}");
    make_trip(id, owner, json);
    OK(tripsage_trip_search(&doc, trips, owner, "needle", NULL));
    ck_assert_ptr_nonnull(strstr(tripsage_doc_text(doc, "/items/0/snippet"), "hay <mark>needle</mark> hay"));
    ck_assert_int_eq(strncmp(tripsage_doc_text(doc, "/items/0/snippet"), "…", 3), 0);
    ck_assert_uint_lt(strlen(tripsage_doc_text(doc, "/items/0/snippet")), 200);
    tripsage_doc_free(doc);
    fixture_close();
}
END_TEST

START_TEST(gives_the_trip_beside_what_was_found)
{
    tripsage_doc *doc, *list;
    char id[37], want[2048], entry[1024];
    const char *end;

    fixture_open();
    make_trip(id, owner, TRIP("Autumn", ""));
    cast(id);
    OK(tripsage_trip_list(&list, trips, view, NULL));
    snprintf(entry, sizeof entry, "%s", strstr(tripsage_doc_json(list, NULL), "{\"id\""));
    end = strstr(entry, "],\"limit\"");
    ck_assert_ptr_nonnull(end);
    OK(tripsage_trip_search(&doc, trips, view, "autumn", NULL));
    snprintf(want, sizeof want, "\"trip\":%.*s}],\"limit\":20,\"skip\":0}", (int)(end - entry), entry);
    ck_assert_ptr_nonnull(strstr(tripsage_doc_json(doc, NULL), want));
    snprintf(want, sizeof want,
             "{\"query\":\"autumn\",\"items\":[{\"kind\":\"trip\",\"id\":\"%s\",\"trip_id\":\"%s\",\"title\":"
             "\"Autumn\",\"snippet\":",
             id, id);
    ck_assert_int_eq(strncmp(tripsage_doc_json(doc, NULL), want, strlen(want)), 0);
    ck_assert(tripsage_doc_number(doc, "/items/0/score", -1) > 0);
    tripsage_doc_free(doc);
    tripsage_doc_free(list);
    fixture_close();
}
END_TEST

START_TEST(ranks_titles_first)
{
    char id[37];

    fixture_open();
    make_trip(id, owner, TRIP("One", "\"description\":\"onsen, onsen and onsen\","));
    make_trip(id, owner, TRIP("Two onsen", ""));
    for (int i = 0; i < 8; i++)
        make_trip(id, owner, TRIP("Else", ""));
    FINDS(owner, "onsen", "trip Two onsen|trip One|");
    fixture_close();
}
END_TEST

START_TEST(pages)
{
    tripsage_search_options options = TRIPSAGE_SEARCH_OPTIONS_INIT;
    tripsage_doc *doc;
    char id[37], first[64];

    fixture_open();
    for (int i = 0; i < 30; i++)
        make_trip(id, i % 2 ? owner : stranger, TRIP("Autumn", "\"visibility\":\"public\","));
    OK(tripsage_trip_search(&doc, trips, owner, "autumn", &options));
    ck_assert_uint_eq(tripsage_doc_count(doc, "/items"), 20);
    strcpy(first, tripsage_doc_text(doc, "/items/19/id"));
    tripsage_doc_free(doc);
    options.skip = 19;
    options.limit = 100;
    OK(tripsage_trip_search(&doc, trips, owner, "autumn", &options));
    ck_assert_uint_eq(tripsage_doc_count(doc, "/items"), 11);
    IS_TEXT(doc, "/items/0/id", first);
    IS_INT(doc, "/limit", 100);
    IS_INT(doc, "/skip", 19);
    tripsage_doc_free(doc);
    fixture_close();
}
END_TEST

START_TEST(keeps_to_scope_and_status)
{
    tripsage_search_options options = TRIPSAGE_SEARCH_OPTIONS_INIT;
    char id[37];

    fixture_open();
    make_trip(id, owner, TRIP("Mine", "\"status\":\"booked\","));
    make_trip(id, stranger, TRIP("Open", "\"visibility\":\"public\","));
    make_trip(id, stranger, TRIP("Hidden", ""));
    make_trip(id, admin, TRIP("Shared", ""));
    sql_run("INSERT INTO trip_collaborator SELECT id, '" OWNER_ID
            "', 2, 1, user_id, 0 FROM trip WHERE title = 'Shared';"
            "UPDATE trip_search SET acl = acl || ' u0189000000007000800000000000000a' WHERE title = 'Shared'");
    ck_assert_uint_eq(strlen(found(owner, "kyoto", &options)), strlen("trip Mine|trip Open|trip Shared|"));
    options.scope = TRIPSAGE_SCOPE_OWN;
    ck_assert_str_eq(found(owner, "kyoto", &options), "trip Mine|");
    options.scope = TRIPSAGE_SCOPE_SHARED;
    ck_assert_str_eq(found(owner, "kyoto", &options), "trip Shared|");
    options.scope = TRIPSAGE_SCOPE_ALL;
    options.status = "booked";
    ck_assert_str_eq(found(owner, "kyoto", &options), "trip Mine|");
    fixture_close();
}
END_TEST

START_TEST(refuses_what_is_out_of_bounds)
{
    static char text[1002];
    tripsage_search_options options = TRIPSAGE_SEARCH_OPTIONS_INIT;
    tripsage_doc *doc;

    fixture_open();
    options.limit = 101;
    options.skip = 1001;
    options.scope = TRIPSAGE_SCOPE_DELETED;
    options.status = "lost";
    FAILS_AT(TRIPSAGE_EINVALID, "#query #limit #skip #scope #status",
             tripsage_trip_search(&doc, trips, owner, NULL, &options));
    ck_assert_ptr_null(doc);
    memset(text, 'x', 1001);
    FAILS_AT(TRIPSAGE_EINVALID, "#query", tripsage_trip_search(&doc, trips, owner, text, NULL));
    text[1000] = '\0';
    OK(tripsage_trip_search(&doc, trips, owner, text, NULL));
    tripsage_doc_free(doc);
    for (int i = 0; i < 1000; i++) /* five hundred words */
        text[i] = i % 2 ? ' ' : 'x';
    OK(tripsage_trip_search(&doc, trips, owner, text, NULL));
    tripsage_doc_free(doc);
    FAILS_AT(TRIPSAGE_EINVALID, "#query", tripsage_trip_search(&doc, trips, owner, "caf\xe9", NULL));
    FAILS(TRIPSAGE_EUNAUTHENTICATED, tripsage_trip_search(&doc, trips, NULL, "x", NULL));
    options.version = 0;
    FAILS(TRIPSAGE_EMISUSE, tripsage_trip_search(&doc, trips, owner, "x", &options));
    fixture_close();
}
END_TEST

/* ---- isolation ---- */

START_TEST(hides_what_may_not_be_read)
{
    tripsage_doc *doc;
    char id[37];

    fixture_open();
    make_trip(id, owner, TRIP("Autumn", ""));
    cast(id);
    add_item_and_note(id, "Ramen", "counter", "QX99", "Bring cash");
    sql_run("UPDATE trip_search SET acl = (SELECT acl FROM trip_search WHERE kind = 'trip') WHERE kind <> 'trip'");

    /* Members find all of it, strangers none. */
    FINDS(view, "autumn", "trip Autumn|");
    FINDS(view, "qx99", "item Ramen|");
    FINDS(view, "cash", "note |");
    FINDS(stranger, "autumn", "");
    FINDS(stranger, "ramen", "");
    FINDS(stranger, "cash", "");
    FINDS(service, "cash", "note |");

    /* Open to all: neither notes nor what is private of an item. */
    OK(tripsage_trip_update(&doc, trips, owner, id, "{\"visibility\":\"public\"}", TRIPSAGE_NUL, NULL));
    tripsage_doc_free(doc);
    FINDS(stranger, "autumn", "trip Autumn|");
    FINDS(stranger, "ramen", "item Ramen|");
    FINDS(stranger, "qx99", "");
    FINDS(stranger, "ramen qx99", "");
    FINDS(stranger, "cash", "");
    FINDS(view, "cash", "note |");
    FINDS(view, "autumn", "trip Autumn|"); /* once, though he may find it in two ways */
    OK(tripsage_trip_search(&doc, trips, stranger, "ramen", NULL));
    IS_TEXT(doc, "/items/0/trip/role", "public");
    tripsage_doc_free(doc);

    /* And closed again. */
    OK(tripsage_trip_update(&doc, trips, owner, id, "{\"visibility\":\"private\"}", TRIPSAGE_NUL, NULL));
    tripsage_doc_free(doc);
    FINDS(stranger, "autumn", "");
    FINDS(stranger, "ramen", "");
    fixture_close();
}
END_TEST

START_TEST(follows_every_change_of_members)
{
    tripsage_doc *doc;
    char id[37];

    fixture_open();
    make_trip(id, owner, TRIP("Autumn", ""));
    add_item_and_note(id, "Ramen", "counter", "QX99", "Bring cash");
    FINDS(view, "ramen", "");
    OK(tripsage_trip_share(&doc, trips, owner, id, "{\"user_emails\":[\"" VIEW_ID "\"]}", TRIPSAGE_NUL));
    tripsage_doc_free(doc);
    FINDS(view, "autumn", "trip Autumn|");
    FINDS(view, "ramen", "item Ramen|");
    FINDS(view, "cash", "note |");
    OK(tripsage_trip_transfer(&doc, trips, owner, id, "{\"user_id\":\"" VIEW_ID "\"}", TRIPSAGE_NUL, NULL));
    tripsage_doc_free(doc);
    FINDS(view, "cash", "note |");
    FINDS(owner, "cash", "note |");
    OK(tripsage_collaborator_remove(trips, owner, id, OWNER_ID));
    FINDS(owner, "cash", "");
    OK(tripsage_trip_delete(trips, view, id, NULL));
    FINDS(view, "autumn", "");
    FINDS(view, "cash", "");
    FINDS(service, "cash", "");
    OK(tripsage_trip_restore(&doc, trips, view, id));
    tripsage_doc_free(doc);
    FINDS(view, "cash", "note |");
    ck_assert_int_eq(sql_int("SELECT count(*) FROM trip_search WHERE acl <> 'u0189000000007000800000000000000d'"), 0);
    fixture_close();
}
END_TEST

START_TEST(asks_the_trip_when_the_index_is_wrong)
{
    char id[37];

    fixture_open();
    make_trip(id, owner, TRIP("Autumn", ""));
    add_item_and_note(id, "Ramen", "counter", "QX99", "Bring cash");
    sql_run("UPDATE trip_search SET acl = acl || ' public u0189000000007000800000000000000e'");
    FINDS(stranger, "autumn", "");
    FINDS(stranger, "ramen", "");
    FINDS(stranger, "cash", "");
    FINDS(view, "cash", "");
    FINDS(owner, "cash", "note |");
    fixture_close();
}
END_TEST

/* ---- the check ---- */

/* How many problems the check finds after a change made behind the library's back, which is taken back. */
static void check_after(const char *change, const char *want)
{
    tripsage__buf problems = TRIPSAGE__BUF_INIT(4096);
    size_t count = 0;

    sql_run("DROP TABLE IF EXISTS kept; CREATE TABLE kept AS SELECT rowid AS r, * FROM trip_search");
    sql_run(change);
    ck_assert_int_eq(tripsage__trips_check(&problems, &count, trips), TRIPSAGE_OK);
    ck_assert_str_eq(problems.data ? problems.data : "", want);
    ck_assert_uint_eq(count, want[0] != '\0');
    tripsage__buf_free(&problems);
    sql_run("DELETE FROM trip_search; INSERT INTO trip_search (rowid, acl, title, body, private, kind, id, trip_id)"
            " SELECT r, acl, title, body, private, kind, id, trip_id FROM kept; DROP TABLE kept");
}

START_TEST(the_check_compares_the_index_with_its_rows)
{
    static const char *const kinds[] = {"trip", "item", "note"};
    static const char *const columns[] = {"acl", "title", "body", "private", "id", "trip_id"};
    tripsage_doc *doc;
    char id[37], sql[200];

    fixture_open();
    make_trip(id, owner,
              TRIP("Odd \\u0001\\n\\\"'\\u2028 \\ud83c\\udf5c", "\"description\":\"\",\"tags\":[\"a\\tb\",\"'\"],"));
    make_trip(id, owner, TRIP("Autumn", "\"visibility\":\"public\","));
    OK(tripsage_trip_share(&doc, trips, owner, id,
                           "{\"user_emails\":[\"" EDIT_ID "\",\"" ADMIN_ID "\"],\"permission_level\":\"edit\"}",
                           TRIPSAGE_NUL));
    tripsage_doc_free(doc);
    OK(tripsage_item_create(&doc, trips, edit, id,
                            "{\"item_type\":\"meal\",\"title\":\"Ramen\",\"item_date\":\"2026-11-03\",\"notes\":\"n\","
                            "\"booking_reference\":\"R\",\"location\":{\"address\":\"A\"}}",
                            TRIPSAGE_NUL, NULL));
    tripsage_doc_free(doc);
    OK(tripsage_note_create(&doc, trips, edit, id, "{\"content\":\"Bring cash\"}", TRIPSAGE_NUL, NULL));
    tripsage_doc_free(doc);
    check_after("", "");
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        snprintf(sql, sizeof sql, "DELETE FROM trip_search WHERE kind = '%s' AND trip_id = '%s'", kinds[k], id);
        check_after(sql, "\"records that the search index lacks or has otherwise: 1\"");
        for (size_t c = 0; c < sizeof columns / sizeof columns[0]; c++) {
            snprintf(sql, sizeof sql, "UPDATE trip_search SET %s = %s || ' x' WHERE kind = '%s' AND trip_id = '%s'",
                     columns[c], columns[c], kinds[k], id);
            check_after(sql, "\"records that the search index lacks or has otherwise: 1\"");
        }
    }
    check_after("INSERT INTO trip_search (rowid, acl, title) VALUES (400, 'public', 'left behind')",
                "\"rows of the search index without a record: 1\"");
    OK(tripsage_trip_delete(trips, owner, id, NULL));
    check_after("", "");
    OK(tripsage_trip_purge(trips, owner, id));
    check_after("", "");
    fixture_close();
}
END_TEST

SUITE_MAIN("trip/search", finds_words_wherever_they_are, reads_a_query_as_words, takes_any_text_for_a_query,
           shows_where_it_was_found, cuts_long_texts, gives_the_trip_beside_what_was_found, ranks_titles_first, pages,
           keeps_to_scope_and_status, refuses_what_is_out_of_bounds, hides_what_may_not_be_read,
           follows_every_change_of_members, asks_the_trip_when_the_index_is_wrong,
           the_check_compares_the_index_with_its_rows)
