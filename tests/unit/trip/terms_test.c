/* terms_test.c: what a query asks for, and the part of a text that shows it. */
#include "trip/terms.h"

#include <stdio.h>
#include <string.h>

#include "../suite.h"

static tripsage__buf buf;

static void forget(void)
{
    static const tripsage__buf empty = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);

    buf = empty;
}

static void free_it(void)
{
    tripsage__buf_free(&buf);
}

static const char *terms_of(const char *query)
{
    buf.size = 0;
    if (buf.data)
        buf.data[0] = '\0';
    tripsage__terms_read(&buf, query);
    return buf.data ? buf.data : "";
}

#define TERMS(query, want) ck_assert_str_eq(terms_of(query), (want))

START_TEST(a_query_is_words_and_phrases)
{
    TERMS("", "");
    TERMS(" \t\n", "");
    TERMS("... \"\" \" - \"", "");
    TERMS("Kyoto", "kyoto*");
    TERMS("Kyoto \"golden Temple\" gar", "kyoto\ngolden temple\ngar*");
    TERMS("gar \"golden temple\"", "gar\ngolden temple");
    TERMS("\"golden templ", "golden templ*");
    TERMS("\"golden temple\"gar", "golden temple\ngar*");
    TERMS("gar\"golden temple\"", "gar\ngolden temple");
    TERMS("don't x-y", "don t\nx y*"); /* what is written together stands together */
    TERMS("ZÜRICH cafe\xcc\x81", "zurich\ncafe*");
    TERMS("kyoto - !", "kyoto*"); /* without a word there is nothing that could go on instead */
    TERMS("kyoto \"\"", "kyoto*");
    TERMS("a* OR b:c ^d", "a\nor\nb c\nd*");
}
END_TEST

START_TEST(a_term_said_twice_is_one)
{
    TERMS("a b a b c", "a\nb\nc*");
    TERMS("kyoto kyoto", "kyoto"); /* the first was complete */
    TERMS("\"a b\" a \"a b\"", "a b\na");
    TERMS("ab a", "ab\na*");
}
END_TEST

static const char *fts5_of(const char *terms)
{
    buf.size = 0;
    tripsage__terms_put_fts5(&buf, terms);
    return buf.data;
}

START_TEST(fts5_gets_strings)
{
    ck_assert_str_eq(fts5_of("a"), "\"a\"");
    ck_assert_str_eq(fts5_of("a*"), "\"a\"*");
    ck_assert_str_eq(fts5_of("a\nb c\nd*"), "\"a\" \"b c\" \"d\"*");
}
END_TEST

/* ---- snippets ---- */

static const char *snippet_of(const char *text, const char *terms)
{
    const char *const texts[] = {text, "the title"};

    buf.size = 0;
    ck_assert_ok(tripsage__snippet_put(&buf, texts, 2, terms));
    return buf.data;
}

#define SHOWS(text, terms, want) ck_assert_str_eq(snippet_of((text), (terms)), "\"" want "\"")

START_TEST(a_short_text_is_shown_whole)
{
    SHOWS("  (Kyoto & Nara)! ", "kyoto", "  (<mark>Kyoto</mark> &amp; Nara)! ");
    SHOWS("<b>'\\\"", "b", "&lt;<mark>b</mark>&gt;&#39;\\\\&quot;");
    SHOWS("golden temple, golden", "golden temple", "<mark>golden temple</mark>, golden");
    SHOWS("gardens garlic gaR", "gar*", "<mark>gardens</mark> <mark>garlic</mark> <mark>gaR</mark>");
    SHOWS("caf\x65\xcc\x81s, Zürich", "cafes\nzur*", "<mark>cafe\xcc\x81s</mark>, <mark>Zürich</mark>");
    SHOWS("la la la", "la la", "<mark>la la la</mark>"); /* they share a word */
    SHOWS("a b c d", "a b c\nb*\nc d", "<mark>a b c d</mark>");
    SHOWS("京都、金閣寺", "金*", "京都、<mark>金閣寺</mark>");
}
END_TEST

START_TEST(without_a_match_the_last_text_is_shown)
{
    SHOWS("other", "x", "the title");
    SHOWS("", "x", "the title");
    SHOWS("other", "title", "the <mark>title</mark>");
    SHOWS("other", "the other", "the title"); /* a phrase is in one text */
}
END_TEST

/* "w0 w1 w2 ..." with other words in some places. */
static const char *row_of(size_t count, const char *const *others, const size_t *places)
{
    static char text[4096];
    size_t size = 0;

    for (size_t i = 0; i < count; i++)
        if (*others && *places == i)
            size += (size_t)sprintf(text + size, "%s%s", i ? " " : "", (places++, *others++));
        else
            size += (size_t)sprintf(text + size, "%sw%zu", i ? " " : "", i);
    return text;
}

#define ROW(count, others, ...) row_of((count), (const char *const[]){others, NULL}, (const size_t[]){__VA_ARGS__})
#define AND                     ,

START_TEST(a_long_text_is_cut_around_what_was_found)
{
    SHOWS(ROW(24, "x", 23), "x",
          "w0 w1 w2 w3 w4 w5 w6 w7 w8 w9 w10 w11 w12 w13 w14 w15 w16 w17 w18 w19 w20 w21 w22 <mark>x</mark>");
    SHOWS(ROW(60, "x", 10), "x", /* reached from the text's beginning */
          "w0 w1 w2 w3 w4 w5 w6 w7 w8 w9 <mark>x</mark> w11 w12 w13 w14 w15 w16 w17 w18 w19 w20 w21 w22 w23…");
    SHOWS(
        ROW(60, "x", 30), "x",
        "…w19 w20 w21 w22 w23 w24 w25 w26 w27 w28 w29 <mark>x</mark> w31 w32 w33 w34 w35 w36 w37 w38 w39 w40 w41 w42…");
    SHOWS(
        ROW(60, "x", 59), "x",
        "…w36 w37 w38 w39 w40 w41 w42 w43 w44 w45 w46 w47 w48 w49 w50 w51 w52 w53 w54 w55 w56 w57 w58 <mark>x</mark>");
    SHOWS(ROW(60, "Stop. Now", 20), "w30",
          "…Now w21 w22 w23 w24 w25 w26 w27 w28 w29 <mark>w30</mark> w31 w32 w33 w34 w35 w36 w37 w38 w39 w40 w41 w42 "
          "w43…");
    SHOWS(ROW(60, "1.5\nNow", 20), "w30",
          "…Now w21 w22 w23 w24 w25 w26 w27 w28 w29 <mark>w30</mark> w31 w32 w33 w34 w35 w36 w37 w38 w39 w40 w41 w42 "
          "w43…");
}
END_TEST

START_TEST(the_window_with_the_most_terms_is_shown)
{
    /* Two terms beat three times the same. */
    SHOWS(ROW(90, "x" AND "x" AND "x" AND "y" AND "x", 5, 6, 7, 60, 70), "x\ny",
          "…w54 w55 w56 w57 w58 w59 <mark>y</mark> w61 w62 w63 w64 w65 w66 w67 w68 w69 <mark>x</mark> w71 w72 w73 w74 "
          "w75 "
          "w76 w77…");
    /* More of the same beat fewer. */
    ck_assert_ptr_nonnull(
        strstr(snippet_of(ROW(90, "x" AND "x" AND "x", 5, 60, 62), "x"), "<mark>x</mark> w61 <mark>x"));
    /* The first of equals. */
    ck_assert_ptr_nonnull(strstr(snippet_of(ROW(90, "x" AND "x", 5, 60), "x"), "\"w0 "));
}
END_TEST

START_TEST(a_phrase_longer_than_the_window_is_cut)
{
    char terms[1000], *want;

    strcpy(terms, ROW(30, "w0", 0));
    want = strstr(terms, " w24");
    ck_assert_int_eq(strncmp(snippet_of(ROW(40, "w0", 0), terms), "\"<mark>w0 w1 ", 13), 0);
    *want = '\0';
    ck_assert_ptr_nonnull(strstr(buf.data, "w23</mark>…\""));
}
END_TEST

/* Five hundred terms in a text of thousands of words, all of them the same. */
START_TEST(the_worst_text_is_shown_too)
{
    static char text[10001], query[1001];

    for (size_t i = 0; i < sizeof text - 1; i++)
        text[i] = i % 2 ? ' ' : 'a';
    for (size_t i = 0; i < sizeof query - 1; i++)
        query[i] = i % 44 == 43 ? '"' : i % 2 ? ' ' : 'a';
    ck_assert_int_eq(strncmp(snippet_of(text, "a*\na\na a\na a a\na a a a a a a a a"), "\"<mark>a a", 10), 0);
    (void)terms_of(query);
    ck_assert_int_eq(buf.failed, TRIPSAGE_OK);
}
END_TEST

SUITE_MAIN_WITH("trip/terms", forget, free_it, a_query_is_words_and_phrases, a_term_said_twice_is_one,
                fts5_gets_strings, a_short_text_is_shown_whole, without_a_match_the_last_text_is_shown,
                a_long_text_is_cut_around_what_was_found, the_window_with_the_most_terms_is_shown,
                a_phrase_longer_than_the_window_is_cut, the_worst_text_is_shown_too)
