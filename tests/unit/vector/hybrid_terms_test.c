/* hybrid_terms_test.c: words of texts and of queries as both engines keep them. */
#include <stdio.h>
#include <string.h>

#include "../suite.h"
#include "vector/hybrid_terms.h"

static tripsage__buf buf = TRIPSAGE__BUF_INIT(1 << 20);

static const char *terms_of(const char *text, size_t want)
{
    tripsage__buf_free(&buf);
    ck_assert_uint_eq(tripsage__item_terms_put(&buf, text, strlen(text)), want);
    return buf.data ? buf.data : "";
}

static const char *query_of(const char *text, size_t want)
{
    tripsage__buf_free(&buf);
    ck_assert_uint_eq(tripsage__query_terms_put(&buf, text, strlen(text)), want);
    return buf.data ? buf.data : "";
}

START_TEST(a_text_has_all_of_its_words)
{
    ck_assert_str_eq(terms_of("", 0), "");
    ck_assert_str_eq(terms_of(" ... ", 0), "");
    ck_assert_str_eq(terms_of("The Islands, the island", 4), " the  island  the  island ");
    ck_assert_str_eq(terms_of("S\xc3\xa3o Tom\xc3\xa9's caf\xc3\xa9s", 4), " sao  tom  s  caf ");
    ck_assert_str_eq(terms_of("\xd0\x9c\xd0\x9e\xd0\xa1\xd0\x9a\xd0\x92\xd0\x90 2026", 2),
                     " \xd0\xbc\xd0\xbe\xd1\x81\xd0\xba\xd0\xb2\xd0\xb0  2026 ");
}
END_TEST

START_TEST(endings_do_not_matter)
{
    static const char *const same[][2] = {{"diving", "dive"},       {"beaches", "beach"}, {"swimming", "swims"},
                                          {"hiked", "hikes"},       {"cities", "city"},   {"walking", "walk"},
                                          {"volcanoes", "volcano"}, {"buses", "bus"}};

    for (size_t i = 0; i < 7; i++) {
        char first[64];

        strcpy(first, terms_of(same[i][0], 1));
        ck_assert_str_eq(terms_of(same[i][1], 1), first);
    }
}
END_TEST

START_TEST(a_query_asks_once_for_what_says_something)
{
    ck_assert_str_eq(query_of("", 0), "");
    ck_assert_str_eq(query_of("where are the islands of the Island?", 1), "island");
    ck_assert_str_eq(query_of("reefs, a beach & Reef", 2), "reef\nbeach");
    ck_assert_str_eq(query_of("to be", 2), "to\nbe");
    ck_assert_str_eq(query_of("it's the Majorelle's", 1), "majorell");
}
END_TEST

START_TEST(long_words_are_cut_between_characters)
{
    char text[200];

    memset(text, 'x', 100);
    text[100] = '\0';
    ck_assert_uint_eq(strlen(terms_of(text, 1)), 64 + 2);
    for (int i = 0; i < 60; i++)
        memcpy(text + 3 * i, "\xe2\xb2\x81", 3); /* a Coptic letter */
    text[180] = '\0';
    ck_assert_uint_eq(strlen(terms_of(text, 1)), 63 + 2);
}
END_TEST

START_TEST(a_query_has_a_bound)
{
    char text[1000] = "";

    for (int i = 0; i < 90; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "w%d ", i);
    query_of(text, TRIPSAGE__QUERY_TERMS_MAX);
    ck_assert_ptr_nonnull(strstr(buf.data, "w63"));
    ck_assert_ptr_null(strstr(buf.data, "w64"));
}
END_TEST

START_TEST(a_full_buffer_is_told)
{
    tripsage__buf small = TRIPSAGE__BUF_INIT(8);

    tripsage__item_terms_put(&small, "many words in here", 18);
    ck_assert_int_eq(tripsage__buf_status(&small), TRIPSAGE_ETOOLARGE);
    tripsage__buf_free(&small);
    tripsage__query_terms_put(&small, "coral reefs, islands", 20);
    ck_assert_int_eq(small.failed, TRIPSAGE_ETOOLARGE);
    tripsage__buf_free(&small);
    tripsage__buf_free(&buf);
}
END_TEST

SUITE_MAIN("vector/hybrid_terms", a_text_has_all_of_its_words, endings_do_not_matter,
           a_query_asks_once_for_what_says_something, long_words_are_cut_between_characters, a_query_has_a_bound,
           a_full_buffer_is_told)
