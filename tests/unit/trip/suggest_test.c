/* suggest_test.c: suggestions: what is filtered, what is left out, how the parts of the score move the order, and what is said about a place. */
#include "trip/suggest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../suite.h"

static tripsage_trips *trips;
static tripsage_actor *ann, *bob;

/* The 15th of February 2026. */
static int64_t clock_ms = INT64_C(1771113600000);

static int64_t read_clock(void *user)
{
    (void)user;
    return clock_ms;
}

static void setup(void)
{
    tripsage_runtime runtime = TRIPSAGE_RUNTIME_INIT;

    runtime.now_ms = read_clock;
    ck_assert_msg(tripsage_trips_open(&trips, "sqlite::memory:", &runtime) == TRIPSAGE_OK, "%s",
                  tripsage_last_error()->message);
    ck_assert_int_eq(tripsage_actor_user(&ann, "11111111-1111-7111-8111-111111111111"), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage_actor_user(&bob, "22222222-2222-7222-8222-222222222222"), TRIPSAGE_OK);
}

static void teardown(void)
{
    tripsage_actor_free(ann);
    tripsage_actor_free(bob);
    tripsage_trips_close(trips);
}

static tripsage_doc *suggest(const tripsage_actor *actor, const tripsage_suggest_options *options)
{
    tripsage_doc *doc;

    ck_assert_msg(tripsage_suggest(&doc, trips, actor, options) == TRIPSAGE_OK, "%s", tripsage_last_error()->message);
    return doc;
}

static const char *text_at(tripsage_doc *doc, size_t i, const char *member)
{
    char pointer[64];

    snprintf(pointer, sizeof pointer, "/items/%zu/%s", i, member);
    return tripsage_doc_text(doc, pointer);
}

static double number_at(tripsage_doc *doc, size_t i, const char *member)
{
    char pointer[64];

    snprintf(pointer, sizeof pointer, "/items/%zu/%s", i, member);
    return tripsage_doc_number(doc, pointer, -1);
}

static const tripsage__destination *place_at(tripsage_doc *doc, size_t i)
{
    const tripsage__destination *d = tripsage__destination_by_id(trips->destinations, text_at(doc, i, "id"));

    ck_assert_ptr_nonnull(d);
    return d;
}

static void plan(const char *title, const char *stop, const char *tags)
{
    char json[512];
    tripsage_doc *doc;

    snprintf(json, sizeof json,
             "{\"title\":\"%s\",\"start_date\":\"2026-06-01\",\"end_date\":\"2026-06-09\",\"destinations\":[%s],"
             "\"tags\":[%s]}",
             title, stop, tags);
    ck_assert_msg(tripsage_trip_create(&doc, trips, ann, json, TRIPSAGE_NUL, NULL) == TRIPSAGE_OK, "%s",
                  tripsage_last_error()->message);
    tripsage_doc_free(doc);
}

START_TEST(anybody_gets_suggestions)
{
    tripsage_doc *doc = suggest(ann, NULL);

    ck_assert_uint_eq(tripsage_doc_count(doc, "/items"), 20);
    for (size_t i = 0; i < 20; i++) {
        const tripsage__destination *d = place_at(doc, i);
        char title[128];

        snprintf(title, sizeof title, "7 days in %s", d->name);
        ck_assert_str_eq(text_at(doc, i, "title"), title);
        ck_assert_str_eq(text_at(doc, i, "destination"), d->name);
        ck_assert_str_eq(text_at(doc, i, "country_code"), d->country_code);
        ck_assert_str_eq(text_at(doc, i, "currency"), "USD");
        ck_assert_double_eq(number_at(doc, i, "estimated_price"), (double)(7 * d->daily_cost));
        ck_assert_double_eq(number_at(doc, i, "duration"), 7);
        ck_assert_ptr_nonnull(text_at(doc, i, "category"));
        ck_assert_ptr_nonnull(text_at(doc, i, "highlights/0"));
        ck_assert_ptr_nonnull(text_at(doc, i, "reasons/0"));
        ck_assert_int_ne((int)(d->months >> 2 & 1), 0); /* the clock says February: what is in season comes first */
    }
    tripsage_doc_free(doc);
}
END_TEST

START_TEST(interests_decide_by_meaning)
{
    tripsage_suggest_options options = TRIPSAGE_SUGGEST_OPTIONS_INIT;
    tripsage_doc *doc;
    int diving = 0, skiing = 0;

    options.limit = 10;
    options.interests = "coral reefs, scuba and calm lagoons";
    doc = suggest(ann, &options);
    for (size_t i = 0; i < 10; i++)
        diving += tripsage__destination_has_tag(place_at(doc, i), "diving") ||
                  tripsage__destination_has_tag(place_at(doc, i), "snorkelling");
    ck_assert_int_ge(diving, 9);
    ck_assert_ptr_nonnull(strstr(text_at(doc, 0, "reasons/0"), "Fits your interests: "));
    tripsage_doc_free(doc);
    options.interests = "deep powder snow, slopes and chairlifts";
    doc = suggest(ann, &options);
    for (size_t i = 0; i < 10; i++)
        skiing += tripsage__destination_has_tag(place_at(doc, i), "skiing");
    ck_assert_int_ge(skiing, 8);
    tripsage_doc_free(doc);
}
END_TEST

START_TEST(own_trips_decide_without_interests)
{
    tripsage_doc *doc;
    int alike = 0;

    plan("Lions at last", "{\"name\":\"Serengeti\",\"country\":\"Tanzania\"}", "\"safari\",\"wildlife\"");
    plan("More animals", "{\"name\":\"x\",\"destination_id\":\"okavango-delta-bw\"}", "\"Safari\"");
    doc = suggest(ann, NULL);
    for (size_t i = 0; i < 5; i++)
        alike += tripsage__destination_has_tag(place_at(doc, i), "safari") ||
                 tripsage__destination_has_tag(place_at(doc, i), "wildlife");
    ck_assert_int_ge(alike, 4);
    ck_assert_ptr_nonnull(strstr(tripsage_doc_json(doc, NULL), "Much like the trips you plan"));
    ck_assert_ptr_nonnull(strstr(tripsage_doc_json(doc, NULL), "with your trips"));
    for (size_t i = 0; i < tripsage_doc_count(doc, "/items"); i++) {
        ck_assert_str_ne(text_at(doc, i, "id"), "serengeti-tz"); /* has been there */
        ck_assert_str_ne(text_at(doc, i, "id"), "okavango-delta-bw");
    }
    tripsage_doc_free(doc);
    doc = suggest(bob, NULL); /* another's trips say nothing about him */
    ck_assert_ptr_null(strstr(tripsage_doc_json(doc, NULL), "with your trips"));
    tripsage_doc_free(doc);
}
END_TEST

/* A search box that was left empty, or holds no word, is no interest; what stands there is not to blame for the answer either. */
START_TEST(interests_without_a_word_are_none)
{
    static const char *const empty[] = {"", " ?! "};
    tripsage_suggest_options options = TRIPSAGE_SUGGEST_OPTIONS_INIT;
    char want[40000];
    tripsage_doc *doc;

    plan("Lions at last", "{\"name\":\"Serengeti\",\"country\":\"Tanzania\"}", "\"safari\",\"wildlife\"");
    doc = suggest(ann, &options);
    ck_assert_uint_lt(strlen(tripsage_doc_json(doc, NULL)), sizeof want);
    strcpy(want, tripsage_doc_json(doc, NULL));
    tripsage_doc_free(doc);
    for (size_t i = 0; i < 2; i++) {
        options.interests = empty[i];
        doc = suggest(ann, &options);
        ck_assert_msg(strcmp(tripsage_doc_json(doc, NULL), want) == 0, "%.900s", tripsage_doc_json(doc, NULL));
        tripsage_doc_free(doc);
    }
}
END_TEST

START_TEST(budget_and_category_are_filters)
{
    tripsage_suggest_options options = TRIPSAGE_SUGGEST_OPTIONS_INIT;
    tripsage_doc *doc;
    size_t expected = 0;

    options.limit = 100;
    options.days = 10;
    options.budget_max = 60000;
    options.category = "beach";
    for (size_t i = 0; i < trips->destinations->count; i++)
        expected += trips->destinations->all[i].daily_cost * 10 <= 60000 &&
                    tripsage__destination_has_tag(&trips->destinations->all[i], "beach");
    ck_assert_uint_gt(expected, 0);
    doc = suggest(ann, &options);
    ck_assert_uint_eq(tripsage_doc_count(doc, "/items"), expected < 100 ? expected : 100);
    for (size_t i = 0; i < tripsage_doc_count(doc, "/items"); i++) {
        ck_assert(number_at(doc, i, "estimated_price") <= 60000);
        ck_assert(tripsage__destination_has_tag(place_at(doc, i), "beach"));
        ck_assert_str_eq(text_at(doc, i, "category"), "beach");
    }
    ck_assert_ptr_nonnull(strstr(tripsage_doc_json(doc, NULL), " % of the budget"));
    tripsage_doc_free(doc);
    options.budget_max = 1;
    doc = suggest(ann, &options);
    ck_assert_str_eq(tripsage_doc_json(doc, NULL), "{\"items\":[]}");
    tripsage_doc_free(doc);
}
END_TEST

START_TEST(the_month_asked_for_counts)
{
    tripsage_suggest_options options = TRIPSAGE_SUGGEST_OPTIONS_INIT;
    tripsage_doc *doc;

    options.month = 7;
    options.limit = 50;
    doc = suggest(ann, &options);
    for (size_t i = 0; i < 50; i++) {
        char pointer[64];

        snprintf(pointer, sizeof pointer, "/items/%zu/seasonal", i);
        ck_assert_int_eq(tripsage_doc_bool(doc, pointer, -1), 1);
        ck_assert((place_at(doc, i)->months >> 7 & 1) != 0);
    }
    ck_assert_str_eq(text_at(doc, 0, "reasons/0"), "July is one of its best months");
    tripsage_doc_free(doc);
}
END_TEST

START_TEST(scores_fall_and_stay_between_zero_and_one)
{
    tripsage_suggest_options options = TRIPSAGE_SUGGEST_OPTIONS_INIT;
    tripsage_doc *doc;

    plan("Food", "{\"name\":\"Bologna\"}", "\"food\"");
    options.limit = 100;
    options.month = 5;
    options.budget_max = 1000000;
    options.interests = "wine, hills and small towns";
    doc = suggest(ann, &options);
    ck_assert_uint_eq(tripsage_doc_count(doc, "/items"), 100);
    for (size_t i = 0; i < 100; i++) {
        double score = number_at(doc, i, "relevance_score");

        ck_assert(score >= 0.0 && score <= 1.0);
        ck_assert(i == 0 || score <= number_at(doc, i - 1, "relevance_score"));
    }
    tripsage_doc_free(doc);
}
END_TEST

START_TEST(options_are_checked)
{
    const tripsage_suggest_options good = TRIPSAGE_SUGGEST_OPTIONS_INIT;
    tripsage_suggest_options options = good;
    static char long_text[2002];
    tripsage_doc *doc;

    memset(long_text, 'x', sizeof long_text - 1);
#define REFUSED(member, value, field)                                                                                  \
    do {                                                                                                               \
        options.member = (value);                                                                                      \
        ck_assert_int_eq(tripsage_suggest(&doc, trips, ann, &options), TRIPSAGE_EINVALID);                             \
        ck_assert_str_eq(tripsage_last_error()->fields[0].pointer, field);                                             \
        ck_assert_ptr_null(doc);                                                                                       \
        options.member = good.member;                                                                                  \
    } while (0)
    REFUSED(version, 0, "#options");
    REFUSED(limit, 101, "#limit");
    REFUSED(budget_max, -1, "#budget_max");
    REFUSED(budget_max, INT64_MAX, "#budget_max");
    REFUSED(days, -1, "#days");
    REFUSED(days, 366, "#days");
    REFUSED(month, 13, "#month");
    REFUSED(category, "food", "#category");
    REFUSED(interests, long_text, "#interests");
    REFUSED(interests, "\xc3", "#interests");
    ck_assert_int_eq(tripsage_suggest(&doc, trips, NULL, NULL), TRIPSAGE_EUNAUTHENTICATED);
    ck_assert_ptr_null(doc);
}
END_TEST

START_TEST(the_best_time_is_told_in_runs)
{
    static const struct {
        unsigned months;
        const char *text;
    } cases[] = {
        {1u << 3, "Mar"},
        {1u << 3 | 1u << 4, "Mar-Apr"},
        {1u << 3 | 1u << 4 | 1u << 10 | 1u << 11, "Mar-Apr, Oct-Nov"},
        {1u << 11 | 1u << 12 | 1u << 1 | 1u << 2, "Nov-Feb"},
        {1u << 12 | 1u << 1 | 1u << 6, "Jun, Dec-Jan"},
        {0x1ffe, "All year"},
        {0x1ffe & ~(1u << 6), "Jul-May"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tripsage__destination d = {.months = cases[i].months};
        tripsage__buf buf = TRIPSAGE__BUF_INIT(100);

        tripsage__suggest_put_best_time(&buf, &d);
        ck_assert_str_eq(buf.data, cases[i].text);
        tripsage__buf_free(&buf);
    }
}
END_TEST

SUITE_MAIN_WITH("trip/suggest", setup, teardown, anybody_gets_suggestions, interests_decide_by_meaning,
                own_trips_decide_without_interests, interests_without_a_word_are_none, budget_and_category_are_filters,
                the_month_asked_for_counts, scores_fall_and_stay_between_zero_and_one, options_are_checked,
                the_best_time_is_told_in_runs)
