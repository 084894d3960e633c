/* rig/search_test.c: that PostgreSQL finds, orders, scores and shows what SQLite does, byte for byte: the same words, random texts and queries in
 * many scripts on both; and that nobody reaches what its functions and its table of words hold but by them. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "support/postgres.h"
#include "support/world.h"

#define URL "postgresql://?host={rig}/direct&dbname={db}&user=" TEST_PG_APP

enum { TRIPS = 60, ITEMS = 150, NOTES = 60, QUERIES = 600, CHANGES = 60 };

static tripsage *twin; /* on SQLite, with a clock and a chance of its own that go as the world's do */
static test_chance twin_chance;
static uint64_t seed;

static void open_both(void)
{
    tripsage_options options = TRIPSAGE_OPTIONS_INIT;
    tripsage_runtime runtime = test_chance_runtime(&twin_chance);

    setenv("TRIPSAGE_TEST_URL", URL, 1);
    world_open();
    test_chance_init(&twin_chance);
    options.runtime = &runtime;
    OK(tripsage_open(&twin, "sqlite::memory:", &options));
    /* Opening takes as much of chance as it needs. */
    world->chance.seed = twin_chance.seed = 7;
    seed = 1;
}

static void close_both(void)
{
    tripsage_close(twin);
    world_close();
}

/* ---- texts ---- */

static size_t draw(size_t limit)
{
    return (size_t)test_draw(&seed, limit);
}

/* Few words, so that they meet; each in some of the ways that are the same, or look it and are not. */
static const char *const words[] = {
    "kyoto",
    "Kyoto",
    "KYOTO",
    "kyotoite",
    "temple",
    "Temples",
    "golden",
    "gold",
    "night",
    "a",
    "A",
    "b",
    "la",
    "to",
    "1",
    "12",
    "12.5",
    "2026-11-03",
    "x-y",
    "don't",
    "u0189000000007000800000000000000a",
    "public",
    "AND",
    "NOT",
    "Zürich",
    "zurich",
    "Zu\xcc\x88rich",
    "São",
    "sao",
    "café",
    "cafe\xcc\x81",
    "CAFÉ",
    "naïve",
    "Straße",
    "STRASSE",
    "Ærø",
    "Łódź",
    "İstanbul",
    "ırmak",
    "ﬁsh",
    "Ⓐ",
    "Ⅳ",
    "½",
    "x²",
    "Ǆ",
    "ǆ",
    "Ȿ",
    "Ⱥ",
    "ⱥ",
    "Москва",
    "москва",
    "Йошкар",
    "ёлка",
    "Елка",
    "ΣΊΣΥΦΟΣ",
    "σίσυφος",
    "σισυφοσ",
    "Ἀθῆναι",
    "αθηναι",
    "京都",
    "金閣寺",
    "京都の夜",
    "が",
    "か\xe3\x82\x99",
    "서울",
    "서",
    "हिन्दी",
    "नमस्ते",
    "ไทย",
    "กรุงเทพ",
    "עִבְרִית",
    "עברית",
    "مَرحبا",
    "مرحبا",
    "தமிழ்",
    "Հայաստան",
    "ქართული",
    "Ქართული",
    "𐐀𐐁",
    "𐐨𐐩",
    "🍜",
    "🤯",
    "👨‍👩‍👧",
    "\xee\x80\x80",
    "\xee\x80\x81",
    "a\xee\x80\x80z",
    "e\xcc\xb8x",
    "\xcc\x81",
    "\xef\xbf\xbd",
    "\xf0\x9f\xbf\xbe",
    "％",
    "１２",
    "Ａbc",
    "_",
    "__proto__",
    "<b>",
    "&",
    "'",
};
static const char *const between[] = {" ",  " ", " ", " ", " ", " ",  " ",  ", ", ". ", "! ",
                                      "\n", "-", "/", "",  "…", "、", "。", "　", "\t", "\" "};

#define ANY_OF(list) (list)[draw(sizeof(list) / sizeof *(list))]

/* Up to `most` words, as a text that is kept. */
static const char *some_words(size_t most)
{
    size_t count = draw(most) + 1, size = 0;
    char *text = test_keep(malloc(count * 64 + 1));

    for (size_t i = 0; i < count; i++) {
        const char *word = ANY_OF(words), *gap = i + 1 < count ? ANY_OF(between) : "";

        size += (size_t)sprintf(text + size, "%s%s", word, gap);
    }
    return text;
}

static const char *quoted_words(size_t most)
{
    return test_quoted(some_words(most));
}

/* ---- the same on both ---- */

/* Runs a call on both handles; `trips` is the one of each. */
#define ON_BOTH(call)                                                                                                  \
    do {                                                                                                               \
        tripsage_trips *trips = world->trips;                                                                          \
        tripsage_doc *here = OK(call), *there;                                                                         \
                                                                                                                       \
        trips = tripsage_get_trips(twin);                                                                              \
        there = OK(call);                                                                                              \
        ck_assert_msg(!here == !there && (!here || strcmp(json_of(here), json_of(there)) == 0),                        \
                      "%s\n%.1500s\n%.1500s", #call, here ? json_of(here) : "", there ? json_of(there) : "");          \
        last = here ? id_of_any(here) : NULL;                                                                          \
    } while (0)

static const char *last; /* the id of what the last call on both made */

static const char *id_of_any(tripsage_doc *doc)
{
    const char *id = tripsage_doc_text(doc, "/id");

    return id ? test_format("%s", id) : NULL;
}

static const char *trip_ids[TRIPS], *item_ids[ITEMS], *note_ids[NOTES];
static size_t item_trips[ITEMS], note_trips[NOTES];

static tripsage_actor *owner_of(size_t trip)
{
    return trip % 2 ? world->owner : world->edit;
}

static void make_trips(void)
{
    static const char *const visibilities[] = {"private", "shared", "public"};
    static const char *const statuses[] = {"planning", "booked"};

    for (size_t i = 0; i < TRIPS; i++) {
        const char *json = test_with(
            TRIP_JSON,
            test_format("{\"title\":%s,\"description\":%s,\"visibility\":\"%s\",\"status\":\"%s\","
                        "\"tags\":[%s,\"t%zu\"],\"destinations\":[{\"name\":%s,\"country\":%s},{\"name\":%s}]}",
                        quoted_words(4), quoted_words(i % 4 ? 12 : 120), ANY_OF(visibilities), ANY_OF(statuses),
                        test_quoted(words[i % 20]), i, test_quoted(words[i]), test_quoted(words[i + 10]),
                        quoted_words(2)));

        ON_BOTH(tripsage_trip_create(OUT, trips, owner_of(i), json, TRIPSAGE_NUL, NULL));
        trip_ids[i] = last;
        if (i % 5 == 0)
            ON_BOTH(tripsage_trip_share(OUT, trips, owner_of(i), trip_ids[i], "{\"user_emails\":[\"" VIEW_ID "\"]}",
                                        TRIPSAGE_NUL));
    }
}

static const char *item_json(void)
{
    return test_with(ITEM_JSON, test_format("{\"title\":%s,\"description\":%s,\"notes\":%s,\"booking_reference\":%s,"
                                            "\"location\":{\"name\":%s,\"address\":%s}}",
                                            quoted_words(4), quoted_words(30), quoted_words(10),
                                            test_quoted(ANY_OF(words)), quoted_words(3), quoted_words(5)));
}

static void make_contents(void)
{
    for (size_t i = 0; i < ITEMS; i++) {
        const char *json = item_json();

        item_trips[i] = draw(TRIPS);
        ON_BOTH(tripsage_item_create(OUT, trips, owner_of(item_trips[i]), trip_ids[item_trips[i]], json, TRIPSAGE_NUL,
                                     NULL));
        item_ids[i] = last;
    }
    for (size_t i = 0; i < NOTES; i++) {
        /* Beside usual ones: a word that stands there a thousand times, and one too long for any index. */
        const char *content = i == 0   ? test_quoted(test_repeat("la night ", 1000))
                              : i == 1 ? test_quoted(test_repeat("京都", 4000))
                                       : quoted_words(i % 9 ? 40 : 400);

        note_trips[i] = draw(TRIPS);
        ON_BOTH(tripsage_note_create(OUT, trips, owner_of(note_trips[i]), trip_ids[note_trips[i]],
                                     test_format("{\"content\":%s}", content), TRIPSAGE_NUL, NULL));
        note_ids[i] = last;
    }
}

/* ---- queries ---- */

/* Cuts a text in the middle of a word, but not of a character. */
static const char *beginning_of(const char *text)
{
    size_t size = draw(strlen(text)) + 1;

    while ((text[size] & 0xc0) == 0x80)
        size++;
    return test_format("%.*s", (int)size, text);
}

static const char *some_query(void)
{
    switch (draw(8)) {
    case 0:
        return some_words(1);
    case 1:
        return some_words(2);
    case 2:
        return some_words(4);
    case 3:
        return beginning_of(some_words(2));
    case 4:
        return test_format("\"%s\"", some_words(2));
    case 5:
        return test_format("%s \"%s", ANY_OF(words), beginning_of(some_words(3)));
    case 6:
        return test_format("\"%s\" %s", some_words(3), beginning_of(ANY_OF(words)));
    default: /* as they stand in a text: la la, la night la */
        return test_format(draw(2) ? "\"%s %s\"" : "\"%s %s", test_repeat(draw(2) ? "la night " : "la ", draw(3) + 1),
                           draw(2) ? "la" : "l");
    }
}

static size_t search_both(void)
{
    tripsage_actor *const actors[] = {world->owner, world->edit, world->view, world->stranger, world->service};
    size_t found = 0;

    for (size_t i = 0; i < QUERIES; i++) {
        static const tripsage_search_options standard = TRIPSAGE_SEARCH_OPTIONS_INIT;
        static const tripsage_scope scopes[] = {TRIPSAGE_SCOPE_ALL, TRIPSAGE_SCOPE_ALL, TRIPSAGE_SCOPE_OWN,
                                                TRIPSAGE_SCOPE_SHARED};
        tripsage_actor *actor = ANY_OF(actors);
        const char *query = some_query();
        tripsage_search_options options = standard;
        tripsage_doc *here, *there;

        options.scope = ANY_OF(scopes);
        options.status = draw(4) ? NULL : "booked";
        options.limit = draw(3) ? 100 : 5;
        options.skip = draw(3) ? 0 : (uint32_t)draw(10);
        here = OK(tripsage_trip_search(OUT, world->trips, actor, query, &options));
        there = OK(tripsage_trip_search(OUT, tripsage_get_trips(twin), actor, query, &options));
        ck_assert_msg(strcmp(json_of(here), json_of(there)) == 0, "%s\n%.1500s\n%.1500s", query, json_of(here),
                      json_of(there));
        found += tripsage_doc_count(here, "/items") != 0;
        if (i % 100 == 99)
            test_docs_free();
    }
    return found;
}

static void change_things(void)
{
    for (size_t i = 0; i < CHANGES; i++) {
        size_t t = draw(TRIPS), n = draw(NOTES - 2) + 2, item = draw(ITEMS);
        const char *text = quoted_words(8);
        const char *title = test_format("{\"title\":%s}", quoted_words(3));

        switch (i % 4) {
        case 0:
            ON_BOTH(tripsage_trip_update(
                OUT, trips, owner_of(t), trip_ids[t],
                test_format("{\"title\":%s,\"visibility\":\"%s\"}", text, t % 3 ? "private" : "public"), TRIPSAGE_NUL,
                NULL));
            break;
        case 1:
            ON_BOTH(tripsage_item_update(OUT, trips, owner_of(item_trips[item]), trip_ids[item_trips[item]],
                                         item_ids[item], title, TRIPSAGE_NUL, NULL));
            break;
        case 2:
            ON_BOTH(tripsage_note_update(OUT, trips, owner_of(note_trips[n]), trip_ids[note_trips[n]], note_ids[n],
                                         test_format("{\"content\":%s}", text), TRIPSAGE_NUL, NULL));
            break;
        default:
            ON_BOTH(tripsage_trip_duplicate(OUT, trips, owner_of(t), trip_ids[t], title, TRIPSAGE_NUL, NULL));
        }
    }
}

START_TEST(both_engines_give_the_same_answers)
{
    make_trips();
    make_contents();
    ck_assert_uint_gt(search_both(), QUERIES / 4);
    change_things();
    ck_assert_uint_gt(search_both(), QUERIES / 4);
    IS_JSON(OK(tripsage_check(OUT, world->ts)), "/ok", "true");
}
END_TEST

/* ---- words ---- */

static size_t put_code_point(char *out, unsigned code)
{
    static const unsigned char leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    size_t size = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

    for (size_t i = size; i-- > 1; code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3f));
    out[0] = (char)(leads[size] | code);
    return size;
}

START_TEST(every_code_point_is_in_the_same_words)
{
    enum { BLOCK = 4096 };
    static char text[BLOCK * 12];

    for (unsigned first = 0; first < 0x110000; first += BLOCK) {
        tripsage__buf want = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
        tripsage__text_span span = {0, 0};
        const char *got;
        size_t size = 0;

        for (unsigned code = first ? first : 1; code < first + BLOCK; code++) { /* each inside a word, and alone */
            if (code == '\'' || (code >= 0xd800 && code < 0xe000))
                continue;
            text[size++] = 'a';
            size += put_code_point(text + size, code);
            text[size++] = 'b';
            text[size++] = ' ';
            size += put_code_point(text + size, code);
            text[size++] = ' ';
        }
        text[size] = '\0';
        do
            tripsage__buf_putc(&want, ' ');
        while (tripsage__text_word(&span, &want, text, size, span.end) && (tripsage__buf_putc(&want, ' '), 1));
        want.data[--want.size] = '\0';
        got = test_pg_text(TEST_PG_SUPERUSER, test_format("SELECT tripsage.search_words('%s')", text));
        ck_assert_msg(strcmp(got, want.data) == 0, "some of the code points from U+%04X on", first);
        tripsage__buf_free(&want);
        test_keep_free();
    }
}
END_TEST

/* ---- the database itself ---- */

/* As the app does it, but in raw SQL: any role it may become, any claims. */
static void become(const char *role, const char *user_id)
{
    const char *sub = user_id ? test_format("\"sub\":\"%s\",", user_id) : "";

    test_pg_exec(TEST_PG_APP, test_format("BEGIN; SET LOCAL ROLE %s; "
                                          "SELECT set_config('request.jwt.claims', '{%s\"role\":\"%s\"}', true)",
                                          role, sub, role));
}

static const char *state_as(const char *role, const char *sql)
{
    const char *state;

    become(role, OWNER_ID);
    state = test_pg_state(TEST_PG_APP, sql);
    test_pg_exec(TEST_PG_APP, "ROLLBACK");
    return state;
}

START_TEST(nobody_reads_the_words_but_through_what_asks_who_he_is)
{
    static const char *const of_nobody[] = {
        "SELECT * FROM tripsage.trip_search",
        "UPDATE tripsage.trip_search SET acl = '{@public}'",
        "SELECT * FROM tripsage.search_rows('a', NULL, 0, NULL, 9, 0)",
        "SELECT tripsage.search_put(4, 'a', 'a', '{}', 'a', 'a', 'a')",
        "SELECT tripsage.search_acl_renew('{}')",
    };
    static const char *const of_service[] = {
        "SELECT * FROM tripsage.trip_find_all('a', 0, NULL, 9, 0)",
        "SELECT * FROM tripsage.search_check()",
    };

    for (size_t i = 0; i < sizeof of_nobody / sizeof *of_nobody; i++) {
        SAME_TEXT(state_as("authenticated", of_nobody[i]), "42501");
        SAME_TEXT(state_as("service_role", of_nobody[i]), "42501");
        SAME_TEXT(state_as("anon", of_nobody[i]), "42501");
    }
    for (size_t i = 0; i < sizeof of_service / sizeof *of_service; i++) {
        SAME_TEXT(state_as("authenticated", of_service[i]), "42501");
        SAME_TEXT(state_as("service_role", of_service[i]), "00000");
    }
    SAME_TEXT(state_as("authenticated", "SELECT * FROM tripsage.trip_find('a', 0, NULL, 9, 0)"), "00000");
    SAME_TEXT(state_as("anon", "SELECT * FROM tripsage.trip_find('a', 0, NULL, 9, 0)"), "42501");
}
END_TEST

/* How many rows somebody finds, in raw SQL. */
static const char *finds(const char *user_id, const char *terms)
{
    const char *count;

    become("authenticated", user_id);
    count = test_pg_text(TEST_PG_APP,
                         test_format("SELECT count(*) FROM tripsage.trip_find(E'%s', 0, NULL, 100, 0)", terms));
    test_pg_exec(TEST_PG_APP, "ROLLBACK");
    return count;
}

START_TEST(raw_sql_finds_what_its_caller_may_see)
{
    const char *shared = test_cast_trip("{\"title\":\"needle shared\"}");
    const char *open = id_of(test_trip(world->owner, "{\"title\":\"needle open\",\"visibility\":\"public\"}"));

    test_item(world->owner, open, test_with(ITEM_JSON, "{\"title\":\"needle\",\"notes\":\"hidden\"}"));
    test_note(world->owner, open, "needle hidden");
    test_note(world->owner, shared, "needle hidden");
    SAME_TEXT(finds(OWNER_ID, "needle"), "5");
    SAME_TEXT(finds(VIEW_ID, "needle"), "4");
    SAME_TEXT(finds(STRANGER_ID, "needle"), "2");
    SAME_TEXT(finds(OWNER_ID, "hidden"), "3");
    SAME_TEXT(finds(STRANGER_ID, "hidden"), "0");
    SAME_TEXT(finds(STRANGER_ID, "needle\\nhid*"), "0");
    SAME_TEXT(finds(STRANGER_ID, "@public"), "0"); /* terms are words, whoever writes them */
    SAME_TEXT(finds(STRANGER_ID, "needle | hidden"), "0");
    SAME_TEXT(finds(STRANGER_ID, "x\\':* | !\\'x"), "0");
    SAME_TEXT(finds(NULL, "needle"), "0");
}
END_TEST

static const char *check_index(void)
{
    return test_pg_text(TEST_PG_SUPERUSER, "SELECT concat_ws(' ', wrong, surplus) FROM tripsage.search_check()");
}

/* The superuser's changes, which no policy stops. */
START_TEST(raw_sql_keeps_the_index)
{
    static const char *const changes[] = {
        "UPDATE tripsage.trip SET title = 'Other', tags = '[\"x\"]'",
        "UPDATE tripsage.itinerary_item SET notes = NULL, location_name = 'Café'",
        "UPDATE tripsage.trip_note SET content = 'Straße'",
        "UPDATE tripsage.trip SET visibility = 'public'",
        "DELETE FROM tripsage.trip_collaborator WHERE user_id = '" VIEW_ID "'",
        "UPDATE tripsage.trip_collaborator SET user_id = '" STRANGER_ID "' WHERE user_id = '" EDIT_ID "'",
        "UPDATE tripsage.trip SET deleted_at = 1",
        "UPDATE tripsage.trip SET deleted_at = NULL",
        "DELETE FROM tripsage.itinerary_item",
        "DELETE FROM tripsage.trip",
    };
    const char *trip = test_cast_trip(NULL);

    test_item(world->owner, trip, ITEM_JSON);
    test_note(world->owner, trip, "Bring cash");
    SAME_TEXT(test_pg_text(TEST_PG_SUPERUSER, "SELECT count(*) FROM tripsage.trip_search"), "3");
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        test_pg_exec(TEST_PG_SUPERUSER, changes[i]);
        SAME_TEXT(check_index(), "0 0");
    }
    SAME_TEXT(test_pg_text(TEST_PG_SUPERUSER, "SELECT count(*) FROM tripsage.trip_search"), "0");
}
END_TEST

/* What its triggers did not see. */
START_TEST(the_check_finds_what_is_wrong)
{
    static const char *const changes[] = {"id = 'x'",   "trip_id = 'x'", "title = ' x '", "body = ' x '",
                                          "acl = '{}'", "length = -1",   "document = ''"};
    const char *trip = test_cast_trip(NULL);

    test_item(world->owner, trip, ITEM_JSON);
    test_note(world->owner, trip, "Bring cash");
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        test_pg_exec(TEST_PG_SUPERUSER, test_format("BEGIN; UPDATE tripsage.trip_search SET %s", changes[i]));
        SAME_TEXT(check_index(), "3 0");
        test_pg_exec(TEST_PG_SUPERUSER, "ROLLBACK");
        SAME_TEXT(check_index(), "0 0");
    }
    test_pg_exec(TEST_PG_SUPERUSER,
                 "DELETE FROM tripsage.trip_search WHERE rowid & 3 = 1;"
                 "INSERT INTO tripsage.trip_search VALUES (400, '', '', '{}', '', '', '', 0, 0, '')");
    IS_JSON(OK(tripsage_check(OUT, world->ts)), "/problems",
            "[\"records that the search index lacks or has otherwise: 1\","
            "\"rows of the search index without a record: 1\"]");
}
END_TEST

/* The table's policy is no barrier for those whom it lets through. */
START_TEST(the_index_answers_behind_its_policy)
{
    const char *plan;

    test_pg_exec(TEST_PG_SUPERUSER, "SET ROLE tripsage_definer; SET enable_seqscan = off");
    plan = test_pg_text(TEST_PG_SUPERUSER, "EXPLAIN (FORMAT JSON) SELECT 1 FROM tripsage.trip_search s "
                                           "WHERE s.document @@ '\"@public\"' AND s.title <> ''");
    ck_assert_msg(strstr(plan, "trip_search_document") != NULL, "%s", plan);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rig/search");
    TCase *both = tcase_create("both"), *database = test_case(suite, "rig/search");

    setenv("TRIPSAGE_TEST_URL", URL, 1);
    tcase_add_checked_fixture(both, open_both, close_both);
    tcase_set_timeout(both, 240);
    tcase_add_test(both, both_engines_give_the_same_answers);
    suite_add_tcase(suite, both);
    tcase_set_timeout(database, 120);
    tcase_add_test(database, every_code_point_is_in_the_same_words);
    tcase_add_test(database, nobody_reads_the_words_but_through_what_asks_who_he_is);
    tcase_add_test(database, raw_sql_finds_what_its_caller_may_see);
    tcase_add_test(database, raw_sql_keeps_the_index);
    tcase_add_test(database, the_check_finds_what_is_wrong);
    tcase_add_test(database, the_index_answers_behind_its_policy);
    return test_run(srunner_create(suite));
}
