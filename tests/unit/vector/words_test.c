/* words_test.c: text taken apart into words, English endings, and the thesaurus. */
#include "vector/words.h"

#include <string.h>

#include "../suite.h"
#include "vector/thesaurus.h"

static const char *fold(const char *text)
{
    static char out[256];

    tripsage__words_fold(out, sizeof out, text, strlen(text));
    return out;
}

static tripsage__word word_of(const char *text)
{
    tripsage__words words;
    tripsage__word word;

    tripsage__words_begin(&words, text, strlen(text));
    ck_assert_msg(tripsage__words_next(&words, &word), "'%s' has no word", text);
    return word;
}

START_TEST(folds_case_and_marks)
{
    ck_assert_str_eq(fold("São Tomé"), "sao tome");
    ck_assert_str_eq(fold("ZÜRICH"), "zurich");
    ck_assert_str_eq(fold("Kraków, Łódź & Gdańsk"), "krakow lodz gdansk");
    ck_assert_str_eq(fold("Đà Nẵng"), "da nang");
    ck_assert_str_eq(fold("Ærøskøbing Straße"), "aeroskobing strasse");
    ck_assert_str_eq(fold("Ti\xcc\x82rgu"), "tirgu"); /* a combining mark */
    ck_assert_str_eq(fold("Αθήνα"), "Αθήνα");         /* other scripts stay */
}
END_TEST

START_TEST(joins_and_separates)
{
    ck_assert_str_eq(fold("  hot-springs/food…  "), "hot springs food");
    ck_assert_str_eq(fold("Majorelle's garden, kids' pool, L'Avenc, Majorelle\xe2\x80\x99s"),
                     "majorelle garden kids pool lavenc majorelle");
    ck_assert_str_eq(fold("\xca\xbbIolani"), "iolani");
    ck_assert_str_eq(fold("24 hours"), "24 hours");
    ck_assert_str_eq(fold("?! — "), "");
    ck_assert_str_eq(fold(""), "");
}
END_TEST

START_TEST(survives_bytes_that_are_no_text)
{
    char bytes[256];
    char out[8];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(unsigned char)(255 - i);
    ck_assert_uint_lt(tripsage__words_fold(out, sizeof out, bytes, sizeof bytes), sizeof out);
    ck_assert_str_eq(fold("a\xff\x62\xc3"), "a b");
    ck_assert_str_eq(fold("x\xe2\x80"), "x");
}
END_TEST

START_TEST(cuts_what_is_too_long)
{
    char text[200], out[16];
    tripsage__word word;

    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    word = word_of(text);
    ck_assert_uint_eq(word.length, TRIPSAGE__WORD_MAX);
    ck_assert_uint_eq(strlen(word.text), TRIPSAGE__WORD_MAX);
    ck_assert_uint_eq(tripsage__words_fold(out, sizeof out, "one two three four five", 23), 13);
    ck_assert_str_eq(out, "one two three");
}
END_TEST

static const char *stem(const char *text)
{
    static tripsage__word word;

    word = word_of(text);
    tripsage__word_stem(&word);
    return word.text;
}

START_TEST(brings_forms_of_a_word_together)
{
    static const char *const same[][2] = {{"islands", "island"},    {"beaches", "beach"},  {"cities", "city"},
                                          {"diving", "dive"},       {"swimming", "swim"},  {"hiked", "hike"},
                                          {"volcanoes", "volcano"}, {"palaces", "palace"}, {"boxes", "box"}};
    static const char *const kept[] = {"bus", "tennis", "paris", "glass", "sea", "red", "king", "spring"};

    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        char first[TRIPSAGE__WORD_MAX + 1];

        strcpy(first, stem(same[i][0]));
        ck_assert_str_eq(first, stem(same[i][1]));
    }
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        ck_assert_str_eq(stem(kept[i]), kept[i]);
}
END_TEST

START_TEST(knows_words_that_say_nothing)
{
    tripsage__word the = word_of("The"), without = word_of("without"), reef = word_of("reef");

    ck_assert(tripsage__word_is_stop(&the));
    ck_assert(tripsage__word_is_stop(&without));
    ck_assert(!tripsage__word_is_stop(&reef));
}
END_TEST

/* ---- thesaurus ---- */

START_TEST(thesaurus_is_sorted_and_well_formed)
{
    size_t words = 0, used[TRIPSAGE__CONCEPT_COUNT] = {0};

    for (size_t i = 0; i < tripsage__thesaurus_count; i++) {
        const tripsage__thesaurus_row *row = &tripsage__thesaurus[i];
        int order = i ? strcmp(row[-1].word, row->word) : -1;

        ck_assert_msg(order <= 0, "'%s' is not after '%s'", row->word, i ? row[-1].word : "");
        for (size_t j = i; order == 0 && j > 0 && strcmp(tripsage__thesaurus[j - 1].word, row->word) == 0; j--)
            ck_assert_msg(tripsage__thesaurus[j - 1].concept != row->concept, "'%s' says the same twice", row->word);
        ck_assert_msg(strcmp(fold(row->word), row->word) == 0, "'%s' is not in the form words have", row->word);
        ck_assert_uint_lt(row->concept, TRIPSAGE__CONCEPT_COUNT);
        ck_assert_msg(row->weight == 5 || row->weight == 2, "'%s' has weight %u", row->word, row->weight);
        words += order != 0;
        used[row->concept]++;
    }
    ck_assert_uint_ge(words, 600);
    ck_assert_uint_ge(TRIPSAGE__CONCEPT_COUNT, 60);
    for (size_t i = 0; i < TRIPSAGE__CONCEPT_COUNT; i++)
        ck_assert_msg(used[i] >= 8, "concept %zu has %zu words", i, used[i]);
}
END_TEST

START_TEST(every_row_can_be_found)
{
    for (size_t i = 0; i < tripsage__thesaurus_count; i++) {
        const tripsage__thesaurus_row *row = &tripsage__thesaurus[i], *found;
        const char *space = strchr(row->word, ' ');
        tripsage__word first = word_of(row->word), second;
        size_t count;

        if (space) {
            second = word_of(space);
            ck_assert_msg(!tripsage__word_is_stop(&first) && !tripsage__word_is_stop(&second),
                          "'%s' holds a word that is passed over", row->word);
            found = tripsage__thesaurus_find_pair(&count, &first, &second);
        } else {
            ck_assert_msg(!tripsage__word_is_stop(&first), "'%s' is passed over", row->word);
            found = tripsage__thesaurus_find(&count, &first);
        }
        ck_assert_msg(row >= found && row < found + count, "'%s' is not found", row->word);
    }
}
END_TEST

static int means(const char *text, tripsage__concept concept)
{
    tripsage__word word = word_of(text);
    size_t count;
    const tripsage__thesaurus_row *rows = tripsage__thesaurus_find(&count, &word);

    for (size_t i = 0; i < count; i++)
        if (rows[i].concept == concept)
            return 1;
    return 0;
}

START_TEST(finds_inflections)
{
    ck_assert(means("beaches", TRIPSAGE__CONCEPT_BEACH));
    ck_assert(means("hikers", TRIPSAGE__CONCEPT_HIKING));
    ck_assert(means("trekked", TRIPSAGE__CONCEPT_HIKING));
    ck_assert(means("sailed", TRIPSAGE__CONCEPT_SAILING));
    ck_assert(means("diving", TRIPSAGE__CONCEPT_REEF));
    ck_assert(!means("paris", TRIPSAGE__CONCEPT_BEACH));
    ck_assert(!means("zzzz", TRIPSAGE__CONCEPT_BEACH));
}
END_TEST

START_TEST(knows_places_by_their_adjectives)
{
    static const char *const pairs[][2] = {{"African", "africa"}, {"Greek", "greece"}, {"Korean", "korea"},
                                           {"UK", "britain"},     {"Welsh", "wales"},  {"Zimbabwean", "zimbabwe"}};
    tripsage__word kyoto = word_of("Kyoto");

    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        tripsage__word word = word_of(pairs[i][0]);

        ck_assert_ptr_nonnull(tripsage__word_place(&word));
        ck_assert_str_eq(tripsage__word_place(&word), pairs[i][1]);
    }
    ck_assert_ptr_null(tripsage__word_place(&kyoto));
}
END_TEST

SUITE_MAIN("vector/words", folds_case_and_marks, joins_and_separates, survives_bytes_that_are_no_text,
           cuts_what_is_too_long, brings_forms_of_a_word_together, knows_words_that_say_nothing,
           thesaurus_is_sorted_and_well_formed, every_row_can_be_found, finds_inflections,
           knows_places_by_their_adjectives)
