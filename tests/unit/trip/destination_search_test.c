/* destination_search_test.c: search over the real catalogue: every filter, bounds, order; and how good the answers to written questions
 * (tests/data/destination_queries.txt) are. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tripsage/destination.h>

#include "../suite.h"
#include "support/relevance.h"
#include "trip/destination.h"

static tripsage_trips *trips;
static tripsage_actor *ann;

static void setup(void)
{
    ck_assert_msg(tripsage_trips_open(&trips, "sqlite::memory:", NULL) == TRIPSAGE_OK, "%s",
                  tripsage_last_error()->message);
    ck_assert_int_eq(tripsage_actor_user(&ann, "11111111-1111-7111-8111-111111111111"), TRIPSAGE_OK);
}

static void teardown(void)
{
    tripsage_actor_free(ann);
    tripsage_trips_close(trips);
}

static tripsage_doc *search(const tripsage_destination_query *query)
{
    tripsage_doc *doc;

    ck_assert_msg(tripsage_destination_search(&doc, trips, ann, query) == TRIPSAGE_OK, "%s",
                  tripsage_last_error()->message);
    return doc;
}

static const char *id_at(tripsage_doc *doc, size_t i)
{
    char pointer[32];

    snprintf(pointer, sizeof pointer, "/items/%zu/id", i);
    return tripsage_doc_text(doc, pointer);
}

static const tripsage__destination *place_at(tripsage_doc *doc, size_t i)
{
    const tripsage__destination *d = tripsage__destination_by_id(trips->destinations, id_at(doc, i));

    ck_assert_ptr_nonnull(d);
    return d;
}

static double number_at(tripsage_doc *doc, size_t i, const char *member)
{
    char pointer[64];

    snprintf(pointer, sizeof pointer, "/items/%zu/%s", i, member);
    return tripsage_doc_number(doc, pointer, -1);
}

/* ---- without a text ---- */

START_TEST(without_a_text_places_come_by_name)
{
    tripsage_destination_query query = TRIPSAGE_DESTINATION_QUERY_INIT;
    tripsage_doc *doc = search(&query);

    ck_assert_str_eq(tripsage_doc_text(doc, "/method"), "filter");
    ck_assert_int_eq(tripsage_doc_int(doc, "/total_results", 0), (int64_t)trips->destinations->count);
    ck_assert_uint_eq(tripsage_doc_count(doc, "/items"), 10);
    ck_assert_uint_eq(tripsage_doc_count(doc, "/items/0/matched"), 0);
    for (size_t i = 1; i < 10; i++)
        ck_assert_int_lt(strcmp(place_at(doc, i - 1)->folded, place_at(doc, i)->folded), 0);
    tripsage_doc_free(doc);
    query.text = " ?! "; /* no word */
    query.limit = 50;
    doc = search(&query);
    ck_assert_str_eq(tripsage_doc_text(doc, "/method"), "filter");
    ck_assert_uint_eq(tripsage_doc_count(doc, "/items"), 50);
    tripsage_doc_free(doc);
}
END_TEST

/* All that pass and nothing else, counted again here. */
static void check_filter(tripsage_destination_query query, int (*wanted)(const tripsage__destination *))
{
    size_t expected = 0, found;
    tripsage_doc *doc;

    for (size_t i = 0; i < trips->destinations->count; i++)
        expected += wanted(&trips->destinations->all[i]) != 0;
    ck_assert_uint_gt(expected, 0);
    ck_assert_uint_lt(expected, trips->destinations->count);
    query.limit = 50;
    doc = search(&query);
    ck_assert_int_eq(tripsage_doc_int(doc, "/total_results", 0), (int64_t)expected);
    found = tripsage_doc_count(doc, "/items");
    ck_assert_uint_eq(found, expected < 50 ? expected : 50);
    for (size_t i = 0; i < found; i++)
        ck_assert_msg(wanted(place_at(doc, i)), "%s does not pass", id_at(doc, i));
    tripsage_doc_free(doc);

    query.text = "beach or old town with good food"; /* the same for both rankings */
    doc = search(&query);
    ck_assert_str_eq(tripsage_doc_text(doc, "/method"), "hybrid");
    found = tripsage_doc_count(doc, "/items");
    ck_assert_uint_gt(found, 0);
    for (size_t i = 0; i < found; i++)
        ck_assert_msg(wanted(place_at(doc, i)), "%s does not pass", id_at(doc, i));
    tripsage_doc_free(doc);
}

static int is_south_american(const tripsage__destination *d)
{
    return strcmp(d->continent, "South America") == 0;
}

static int is_italian(const tripsage__destination *d)
{
    return strcmp(d->country_code, "IT") == 0;
}

static int is_beach_for_diving(const tripsage__destination *d)
{
    return tripsage__destination_has_tag(d, "beach") && tripsage__destination_has_tag(d, "diving");
}

static int is_best_in_february(const tripsage__destination *d)
{
    return (d->months & 1u << 2) != 0;
}

static int is_cheap(const tripsage__destination *d)
{
    return d->daily_cost <= 6000;
}

/* Written out with the spherical law of cosines, another formula than the one searched with. */
static double distance_from_rome(const tripsage__destination *d)
{
    const double degree = 3.14159265358979 / 180.0;
    double angle = sin(41.9 * degree) * sin(d->latitude * degree) +
                   cos(41.9 * degree) * cos(d->latitude * degree) * cos((d->longitude - 12.5) * degree);

    return 6371.0 * acos(angle > 1.0 ? 1.0 : angle);
}

static int is_near_rome(const tripsage__destination *d)
{
    return distance_from_rome(d) <= 1000.0;
}

static int is_everything(const tripsage__destination *d)
{
    return is_near_rome(d) && is_cheap(d) && strcmp(d->continent, "Europe") == 0 && (d->months & 1u << 5);
}

START_TEST(every_filter_holds)
{
    static const char *const tags[] = {"beach", "Diving"};
    tripsage_destination_query query = TRIPSAGE_DESTINATION_QUERY_INIT;
    const tripsage_destination_query none = TRIPSAGE_DESTINATION_QUERY_INIT;

    query.continent = "south america";
    check_filter(query, is_south_american);
    query = none;
    query.country_code = "it";
    check_filter(query, is_italian);
    query = none;
    query.tags = tags;
    query.tag_count = 2;
    check_filter(query, is_beach_for_diving);
    query = none;
    query.month = 2;
    check_filter(query, is_best_in_february);
    query = none;
    query.max_daily_cost = 6000;
    check_filter(query, is_cheap);
    query = none;
    query.has_near = 1;
    query.latitude = 41.9;
    query.longitude = 12.5;
    query.radius_km = 1000;
    check_filter(query, is_near_rome);
    query.max_daily_cost = 6000;
    query.continent = "Europe";
    query.month = 5;
    check_filter(query, is_everything);
}
END_TEST

START_TEST(near_places_come_nearest_first)
{
    tripsage_destination_query query = TRIPSAGE_DESTINATION_QUERY_INIT;
    tripsage_doc *doc;

    query.has_near = 1;
    query.latitude = 41.9;
    query.longitude = 12.5;
    query.radius_km = 600;
    doc = search(&query);
    ck_assert_str_eq(id_at(doc, 0), "rome-it");
    for (size_t i = 0; i < tripsage_doc_count(doc, "/items"); i++) {
        ck_assert_double_eq_tol(number_at(doc, i, "distance_km"), distance_from_rome(place_at(doc, i)), 1.0);
        ck_assert(i == 0 || number_at(doc, i - 1, "distance_km") <= number_at(doc, i, "distance_km"));
    }
    tripsage_doc_free(doc);
    query.latitude = -17.0; /* over the line where the days change: Fiji is on both sides */
    query.longitude = -179.9;
    query.radius_km = 700;
    doc = search(&query);
    ck_assert_str_eq(id_at(doc, 0), "taveuni-fj");
    tripsage_doc_free(doc);
}
END_TEST

START_TEST(a_filter_nothing_passes_gives_nothing)
{
    static const char *const tags[] = {"no such tag"};
    tripsage_destination_query query = TRIPSAGE_DESTINATION_QUERY_INIT;
    tripsage_doc *doc;

    query.tags = tags;
    query.tag_count = 1;
    doc = search(&query);
    ck_assert_str_eq(tripsage_doc_json(doc, NULL), "{\"items\":[],\"total_results\":0,\"method\":\"filter\"}");
    tripsage_doc_free(doc);
    query.text = "beach";
    doc = search(&query);
    ck_assert_str_eq(tripsage_doc_json(doc, NULL), "{\"items\":[],\"total_results\":0,\"method\":\"hybrid\"}");
    tripsage_doc_free(doc);
    query.tag_count = 0;
    query.country_code = "ZZ";
    doc = search(&query);
    ck_assert_int_eq(tripsage_doc_int(doc, "/total_results", -1), 0);
    tripsage_doc_free(doc);
}
END_TEST

START_TEST(queries_are_checked)
{
    static const char *const no_tag[] = {NULL};
    static char long_text[502];
    const tripsage_destination_query good = TRIPSAGE_DESTINATION_QUERY_INIT;
    tripsage_destination_query query = good;
    tripsage_doc *doc;

    memset(long_text, 'x', sizeof long_text - 1);
#define REFUSED(member, value, field)                                                                                  \
    do {                                                                                                               \
        query.member = (value);                                                                                        \
        ck_assert_int_eq(tripsage_destination_search(&doc, trips, ann, &query), TRIPSAGE_EINVALID);                    \
        ck_assert_str_eq(tripsage_last_error()->fields[0].pointer, field);                                             \
        ck_assert_ptr_null(doc);                                                                                       \
        query.member = good.member;                                                                                    \
    } while (0)
    REFUSED(version, 2, "#query");
    REFUSED(limit, 51, "#limit");
    REFUSED(text, long_text, "#text");
    REFUSED(text, "\xff", "#text");
    REFUSED(continent, "Atlantis", "#continent");
    REFUSED(country_code, "ITA", "#country_code");
    REFUSED(country_code, "I", "#country_code");
    REFUSED(country_code, "", "#country_code");
    REFUSED(month, 13, "#month");
    REFUSED(month, -1, "#month");
    REFUSED(max_daily_cost, -1, "#max_daily_cost");
    REFUSED(tag_count, 1, "#tags");
    query.tags = no_tag;
    REFUSED(tag_count, 1, "#tags");
    REFUSED(tag_count, 17, "#tags");
    query.has_near = 1;
    REFUSED(radius_km, 0.0, "#radius_km");
    query.radius_km = 10;
    REFUSED(latitude, 90.1, "#latitude");
    REFUSED(latitude, (double)NAN, "#latitude");
    REFUSED(longitude, -180.1, "#longitude");
    ck_assert_int_eq(tripsage_destination_search(&doc, trips, ann, NULL), TRIPSAGE_EINVALID);
    ck_assert_int_eq(tripsage_destination_search(&doc, trips, NULL, &good), TRIPSAGE_EUNAUTHENTICATED);
    ck_assert_ptr_null(doc);
}
END_TEST

/* ---- with a text ---- */

START_TEST(a_name_finds_its_place)
{
    static const char *const names[][2] = {{"Kyoto", "kyoto-jp"},
                                           {"kyoto", "kyoto-jp"},
                                           {"sao tome", "sao-tome-st"},
                                           {"San Sebastián", "san-sebastian-es"},
                                           {"Great Ocean Road", "great-ocean-road-au"},
                                           {"tromso", "tromso-no"}};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        tripsage_destination_query query = TRIPSAGE_DESTINATION_QUERY_INIT;
        tripsage_doc *doc;

        query.text = names[i][0];
        doc = search(&query);
        ck_assert_str_eq(id_at(doc, 0), names[i][1]);
        ck_assert_str_eq(tripsage_doc_text(doc, "/items/0/matched/0"), "text");
        tripsage_doc_free(doc);
    }
}
END_TEST

START_TEST(a_slip_in_a_name_is_forgiven)
{
    static const char *const names[][2] = {{"Barcelonna", "barcelona-es"},
                                           {"reykyavik", "reykjavik-is"},
                                           {"Marakesh", "marrakech-ma"},
                                           {"Lissbon", "lisbon-pt"}};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        tripsage_destination_query query = TRIPSAGE_DESTINATION_QUERY_INIT;
        tripsage_doc *doc;

        query.text = names[i][0];
        doc = search(&query);
        ck_assert_str_eq(id_at(doc, 0), names[i][1]);
        tripsage_doc_free(doc);
    }
}
END_TEST

START_TEST(scores_fall_from_one_at_most)
{
    tripsage_destination_query query = TRIPSAGE_DESTINATION_QUERY_INIT;
    tripsage_doc *doc;

    query.text = "warm quiet islands with coral reefs";
    query.limit = 50;
    doc = search(&query);
    ck_assert_uint_eq(tripsage_doc_count(doc, "/items"), 50);
    for (size_t i = 0; i < 50; i++) {
        double score = number_at(doc, i, "score");

        ck_assert(score > 0.0 && score <= 1.0);
        ck_assert(i == 0 || score <= number_at(doc, i - 1, "score"));
    }
    tripsage_doc_free(doc);
}
END_TEST

START_TEST(meaning_finds_what_words_do_not)
{
    size_t good = 0;
    tripsage_destination_query query = TRIPSAGE_DESTINATION_QUERY_INIT;
    tripsage_doc *doc;

    query.text = "onsen"; /* no description says so */
    doc = search(&query);
    for (size_t i = 0; i < 10; i++)
        good += (size_t)tripsage__destination_has_tag(place_at(doc, i), "hot-springs");
    ck_assert_uint_ge(good, 8);
    ck_assert_str_eq(tripsage_doc_text(doc, "/items/0/matched/0"), "meaning");
    tripsage_doc_free(doc);
}
END_TEST

START_TEST(nothing_in_a_text_is_an_operator)
{
    static const char *const texts[] = {"\"",
                                        "beach\" OR \"x",
                                        "beach AND",
                                        "NOT beach",
                                        "name:beach",
                                        "beach*",
                                        "(((",
                                        "NEAR(beach sand, 2)",
                                        "^kyoto",
                                        "a -b",
                                        "{name country} : x",
                                        "\\",
                                        "%",
                                        "_",
                                        "'; DROP TABLE destination; --",
                                        "日本",
                                        "\xf0\x9f\x8f\x96 beach",
                                        "the of and"};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        tripsage_destination_query query = TRIPSAGE_DESTINATION_QUERY_INIT;

        query.text = texts[i];
        tripsage_doc_free(search(&query));
    }
}
END_TEST

/* ---- where ---- */

static const char *country_at(tripsage_doc *doc, size_t i)
{
    return place_at(doc, i)->country_code;
}

/* The first ones are where the text says, in all its words for it. */
START_TEST(a_text_that_says_where_finds_there)
{
    static const struct {
        const char *text, *country_code;
        size_t count;
    } cases[] = {
        {"island hopping in Greece", "GR", 5},
        {"Greek islands", "GR", 5},
        {"mountains in Switzerland", "CH", 4},
        {"beaches in Italy", "IT", 5},
        {"temples in Japan", "JP", 5},
        {"lakes in Canada", "CA", 5},
        {"surfing in the USA", "US", 5},
        {"hiking in the UK", "GB", 5},
        {"skiing in Austria", "AT", 3},
        {"safari in South Africa", "ZA", 5},
        {"hiking in New Zealand", "NZ", 5},
        {"music in Cuba", "CU", 2},
        {"old town in Bosnia", "BA", 2},
        {"castles in Scotland", "GB", 2},
        {"Korean food", "KR", 3},
        {"santa fe, new mexico", "US", 1},
        {"family holiday in Portugal", "PT", 5},
        {"playas tranquilas en Brasil", "BR", 5},
        {"Strandurlaub in Griechenland", "GR", 5},
        {"plages en Espagne", "ES", 4},
        {"musica a Cuba", "CU", 2},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tripsage_destination_query query = TRIPSAGE_DESTINATION_QUERY_INIT;
        tripsage_doc *doc;

        query.text = cases[i].text;
        doc = search(&query);
        for (size_t n = 0; n < cases[i].count; n++)
            ck_assert_msg(strcmp(country_at(doc, n), cases[i].country_code) == 0, "%s: %s", cases[i].text,
                          id_at(doc, n));
        ck_assert_double_le(number_at(doc, 0, "score"), 1.0);
        tripsage_doc_free(doc);
    }
}
END_TEST

START_TEST(a_region_is_several_countries)
{
    static const struct {
        const char *text, *codes;
    } cases[] = {{"backpacking in South East Asia", "ID KH LA MM MY PH SG TH VN"},
                 {"beaches in the Caribbean", "BB BS CU CW DM DO GP JM LC PR"},
                 {"northern lights in Scandinavia", "DK FI NO SE SJ"},
                 {"hiking in Patagonia", "AR CL"}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tripsage_destination_query query = TRIPSAGE_DESTINATION_QUERY_INIT;
        tripsage_doc *doc;

        query.text = cases[i].text;
        doc = search(&query);
        for (size_t n = 0; n < 4; n++)
            ck_assert_msg(strstr(cases[i].codes, country_at(doc, n)) != NULL, "%s: %s", cases[i].text, id_at(doc, n));
        tripsage_doc_free(doc);
    }
}
END_TEST

START_TEST(a_continent_is_somewhere_too)
{
    tripsage_destination_query query = TRIPSAGE_DESTINATION_QUERY_INIT;
    tripsage_doc *doc;

    query.text = "skiing in South America";
    doc = search(&query);
    for (size_t i = 0; i < 5; i++)
        ck_assert_str_eq(place_at(doc, i)->continent, "South America");
    tripsage_doc_free(doc);
}
END_TEST

START_TEST(a_word_that_only_looks_like_a_country_is_none)
{
    static const char *const cases[][2] = {{"islands in the Indian Ocean", "IN"}, {"show us quiet beaches", "US"}};

    for (size_t i = 0; i < 2; i++) {
        tripsage_destination_query query = TRIPSAGE_DESTINATION_QUERY_INIT;
        tripsage_doc *doc;
        size_t there = 0;

        query.text = cases[i][0];
        doc = search(&query);
        for (size_t n = 0; n < 5; n++)
            there += strcmp(country_at(doc, n), cases[i][1]) == 0;
        ck_assert_msg(there < 3, "%s: %zu", cases[i][0], there);
        tripsage_doc_free(doc);
    }
}
END_TEST

/* ---- how good the answers are ---- */

/* The place, from 1, of the first acceptable answer; 0: not among the first ten. */
static size_t rank_of(const char *question, const char *acceptable)
{
    tripsage_destination_query query = TRIPSAGE_DESTINATION_QUERY_INIT;
    tripsage_doc *doc;
    size_t rank = 0;

    query.text = question;
    doc = search(&query);
    for (size_t i = 0; i < tripsage_doc_count(doc, "/items") && !rank; i++) {
        char id[80];

        snprintf(id, sizeof id, " %s ", id_at(doc, i));
        if (strstr(acceptable, id))
            rank = i + 1;
    }
    tripsage_doc_free(doc);
    return rank;
}

/* Every id that is called good is in the catalogue, so that the list cannot rot quietly. */
static void check_ids(const char *ids)
{
    char copy[1024];

    ck_assert_uint_lt(strlen(ids), sizeof copy);
    strcpy(copy, ids);
    for (char *save, *id = strtok_r(copy, " ", &save); id; id = strtok_r(NULL, " ", &save))
        ck_assert_msg(tripsage__destination_by_id(trips->destinations, id) != NULL, "no place is called %s", id);
}

/* What people know of a place without knowing the place. */
START_TEST(a_sight_finds_its_place)
{
    static const char *const sights[][2] = {
        {"Eiffel Tower", "paris-fr"},
        {"the Mona Lisa", "paris-fr"},
        {"Colosseum", "rome-it"},
        {"Sistine Chapel", "rome-it"},
        {"Sagrada Familia", "barcelona-es"},
        {"Big Ben", "london-gb"},
        {"Buckingham Palace", "london-gb"},
        {"Statue of Liberty", "new-york-us"},
        {"Golden Gate Bridge", "san-francisco-us"},
        {"Hollywood", "los-angeles-us"},
        {"Acropolis", "athens-gr"},
        {"Christ the Redeemer", "rio-de-janeiro-br"},
        {"Burj Khalifa", "dubai-ae"},
        {"Mount Fuji", "hakone-jp"},
        {"Oktoberfest", "munich-de"},
        {"Day of the Dead", "oaxaca-mx"},
        {"Inca terraces", "machu-picchu-pe"},
        {"Pearl Harbor", "honolulu-us"},
        {"the Sphinx", "cairo-eg"},
        {"Petronas Towers", "kuala-lumpur-my"},
        {"Brandenburg Gate", "berlin-de"},
        {"Taj Mahal", "agra-in"},
        {"Great Wall of China", "beijing-cn"},
        {"Sydney Opera House", "sydney-au"},
        {"Angkor Wat", "siem-reap-kh"},
        {"Niagara Falls", "toronto-ca"},
        {"Pompeii", "naples-it"},
    };

    for (size_t i = 0; i < sizeof sights / sizeof *sights; i++) {
        char acceptable[80];
        size_t rank;

        snprintf(acceptable, sizeof acceptable, " %s ", sights[i][1]);
        rank = rank_of(sights[i][0], acceptable);
        ck_assert_msg(rank >= 1 && rank <= 3, "%s: %zu", sights[i][0], rank);
    }
}
END_TEST

/* The floors are what the answers are worth, and a little less; docs/vector.md has the figures. */
START_TEST(written_questions_are_answered)
{
    size_t count, in_five = 0, in_ten = 0;
    const relevance_question *all =
        relevance_questions(&count, TRIPSAGE_SOURCE_DIR "/tests/data/destination_queries.txt");
    char missed[4096] = "";

    ck_assert_ptr_nonnull(all);
    ck_assert_uint_ge(count, 70);
    for (size_t i = 0; i < count; i++) {
        char acceptable[2 * sizeof all->exact];
        size_t rank;

        check_ids(all[i].exact);
        check_ids(all[i].fine);
        snprintf(acceptable, sizeof acceptable, "%s%s", all[i].exact, all[i].fine);
        rank = rank_of(all[i].text, acceptable);
        in_five += rank >= 1 && rank <= 5;
        in_ten += rank >= 1;
        if (!rank || rank > 5)
            snprintf(missed + strlen(missed), sizeof missed - strlen(missed), "\n  %zu %s", rank, all[i].text);
    }
    ck_assert_msg(in_five * 100 >= count * 90 && in_ten * 100 >= count * 95,
                  "of %zu questions %zu are answered in the first five, %zu in the first ten; not:%s", count, in_five,
                  in_ten, missed);
}
END_TEST

/* nDCG of the first ten of an answer. */
static double worth_of(const relevance_question *question, tripsage_doc *doc)
{
    const char *ids[RELEVANCE_RANKS];
    size_t count = tripsage_doc_count(doc, "/items");
    double worth;

    for (size_t i = 0; i < count; i++)
        ids[i] = id_at(doc, i);
    worth = relevance_ndcg(question, ids, count);
    tripsage_doc_free(doc);
    return worth;
}

static tripsage_doc *search_collection(const char *text, const char *words)
{
    tripsage_vector_query query = TRIPSAGE_VECTOR_QUERY_INIT;
    tripsage_doc *doc;

    query.text = text;
    query.words = words;
    ck_assert_msg(tripsage_vector_search(&doc, trips->vector, ann, "destinations", &query) == TRIPSAGE_OK, "%s",
                  tripsage_last_error()->message);
    return doc;
}

/* What the answers are worth, and a little less (docs/vector.md has the figures); and both rankings are better than either. */
START_TEST(answers_are_worth_something)
{
    size_t count;
    const relevance_question *all =
        relevance_questions(&count, TRIPSAGE_SOURCE_DIR "/tests/data/destination_queries.txt");
    double by_meaning = 0, by_words = 0, by_both = 0, by_catalogue = 0;

    ck_assert_ptr_nonnull(all);
    for (size_t i = 0; i < count; i++) {
        tripsage_destination_query query = TRIPSAGE_DESTINATION_QUERY_INIT;
        const char *text = all[i].text;

        query.text = text;
        by_meaning += worth_of(&all[i], search_collection(text, NULL)) / (double)count;
        by_words += worth_of(&all[i], search_collection(NULL, text)) / (double)count;
        by_both += worth_of(&all[i], search_collection(text, text)) / (double)count;
        by_catalogue += worth_of(&all[i], search(&query)) / (double)count;
    }
    ck_assert_double_gt(by_meaning, 0.46);
    ck_assert_double_gt(by_both, 0.49);
    ck_assert_double_gt(by_catalogue, 0.55);
    ck_assert(by_both > by_meaning && by_both > by_words);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trip/destination_search");
    TCase *tests = tcase_create("search");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_set_timeout(tests, 120);
    tcase_add_unchecked_fixture(tests, setup, teardown); /* the catalogue is loaded once for all */
    tcase_add_test(tests, without_a_text_places_come_by_name);
    tcase_add_test(tests, every_filter_holds);
    tcase_add_test(tests, near_places_come_nearest_first);
    tcase_add_test(tests, a_filter_nothing_passes_gives_nothing);
    tcase_add_test(tests, queries_are_checked);
    tcase_add_test(tests, a_name_finds_its_place);
    tcase_add_test(tests, a_slip_in_a_name_is_forgiven);
    tcase_add_test(tests, scores_fall_from_one_at_most);
    tcase_add_test(tests, meaning_finds_what_words_do_not);
    tcase_add_test(tests, nothing_in_a_text_is_an_operator);
    tcase_add_test(tests, a_text_that_says_where_finds_there);
    tcase_add_test(tests, a_region_is_several_countries);
    tcase_add_test(tests, a_continent_is_somewhere_too);
    tcase_add_test(tests, a_word_that_only_looks_like_a_country_is_none);
    tcase_add_test(tests, a_sight_finds_its_place);
    tcase_add_test(tests, written_questions_are_answered);
    tcase_add_test(tests, answers_are_worth_something);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
