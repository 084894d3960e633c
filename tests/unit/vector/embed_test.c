/* embed_test.c: the built-in embedder: unit length, the same bits everywhere, near for what is near in meaning. */
#include <math.h>
#include <stdint.h>
#include <string.h>
#include <tripsage/vector.h>

#include "../suite.h"

#define N TRIPSAGE_EMBEDDER_BUILTIN_DIMENSIONS

static double similarity(const char *a, const char *b)
{
    float x[N], y[N];
    double sum = 0;

    ck_assert_int_eq(tripsage_embed(x, a, strlen(a)), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage_embed(y, b, TRIPSAGE_NUL), TRIPSAGE_OK);
    for (size_t i = 0; i < N; i++)
        sum += (double)x[i] * (double)y[i];
    return sum;
}

START_TEST(has_unit_length)
{
    static const char *const texts[] = {
        "beach", "Kyoto", "xq", "a quiet island with coral reefs, far from everything", "12345", "ありがとう"};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        ck_assert_double_eq_tol(similarity(texts[i], texts[i]), 1.0, 1e-5);
}
END_TEST

START_TEST(is_zero_without_a_word)
{
    static const char *const texts[] = {"", " ?!… ", "the of and with"};
    float x[N];

    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
        ck_assert_int_eq(tripsage_embed(x, texts[t], strlen(texts[t])), TRIPSAGE_OK);
        for (size_t i = 0; i < N; i++)
            ck_assert(!(x[i] < 0.0f) && !(x[i] > 0.0f));
    }
    ck_assert_int_eq(tripsage_embed(x, NULL, 0), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage_embed(x, NULL, 1), TRIPSAGE_EMISUSE);
    ck_assert_int_eq(tripsage_embed(NULL, "x", 1), TRIPSAGE_EMISUSE);
}
END_TEST

/* A sum over the very bits: it changes when the embedder does, and then its name (TRIPSAGE_EMBEDDER_BUILTIN) has to change as well. */
START_TEST(gives_the_same_bits_everywhere)
{
    static const char text[] = "Quiet islands with coral reefs and thermal springs near Kyoto, 2026";
    float x[N];
    uint64_t sum = UINT64_C(0xcbf29ce484222325);

    ck_assert_int_eq(tripsage_embed(x, text, TRIPSAGE_NUL), TRIPSAGE_OK);
    for (size_t i = 0; i < N; i++) {
        uint32_t bits;

        memcpy(&bits, &x[i], sizeof bits);
        sum = (sum ^ bits) * UINT64_C(0x100000001b3);
    }
    ck_assert_msg(sum == UINT64_C(0x952afe3c0fe7da73), "0x%016llx", (unsigned long long)sum);
}
END_TEST

START_TEST(is_deaf_to_case_marks_and_order_of_letters_around)
{
    ck_assert_double_eq_tol(similarity("SÃO TOMÉ", "sao tome"), 1.0, 1e-6);
    ck_assert_double_eq_tol(similarity("the beaches", "beaches!"), 1.0, 1e-6);
    ck_assert_double_gt(similarity("beaches", "beach"), 0.85);
}
END_TEST

START_TEST(meaning_is_nearer_than_letters)
{
    static const struct {
        const char *query, *near, *far;
    } cases[] = {
        {"seaside", "sandy beach", "season ticket"},
        {"powder snow", "ski slopes", "sun and palm trees"},
        {"snorkel among coral", "scuba diving on the reef", "opera and museums"},
        {"onsen", "thermal baths", "jazz club"},
        {"see lions and elephants", "safari in the savanna", "cathedral and art gallery"},
        {"nightclubs and cocktails", "bars and parties until late", "silent monastery"},
        {"hot springs", "a geothermal spa", "hot tropical weather"},
        {"archaeology", "ancient roman ruins", "theme park for kids"},
        {"secluded and tranquil", "quiet and peaceful", "busy and loud metropolis"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_msg(similarity(cases[i].query, cases[i].near) > similarity(cases[i].query, cases[i].far) + 0.2,
                      "'%s' is not nearer to '%s' (%.2f) than to '%s' (%.2f)", cases[i].query, cases[i].near,
                      similarity(cases[i].query, cases[i].near), cases[i].far,
                      similarity(cases[i].query, cases[i].far));
}
END_TEST

START_TEST(misspelt_names_stay_near)
{
    ck_assert_double_gt(similarity("Barcelonna", "Barcelona"), similarity("Barcelonna", "Bologna") + 0.05);
    ck_assert_double_gt(similarity("Reykjavik", "Reykyavik"), 0.05);
}
END_TEST

START_TEST(takes_any_bytes_and_long_texts)
{
    static char long_text[1 << 20];
    float x[N];

    for (size_t i = 0; i < sizeof long_text; i++)
        long_text[i] = (char)(i * 2654435761u >> 13);
    ck_assert_int_eq(tripsage_embed(x, long_text, sizeof long_text), TRIPSAGE_OK);
    for (size_t i = 0; i < N; i++)
        ck_assert(isfinite(x[i]));
    for (size_t i = 0; i + 6 <= sizeof long_text; i += 6)
        memcpy(long_text + i, "beach ", 6);
    ck_assert_int_eq(tripsage_embed(x, long_text, sizeof long_text), TRIPSAGE_OK);
    for (size_t i = 0; i < N; i++)
        ck_assert(isfinite(x[i]));
}
END_TEST

SUITE_MAIN("vector/embed", has_unit_length, is_zero_without_a_word, gives_the_same_bits_everywhere,
           is_deaf_to_case_marks_and_order_of_letters_around, meaning_is_nearer_than_letters, misspelt_names_stay_near,
           takes_any_bytes_and_long_texts)
