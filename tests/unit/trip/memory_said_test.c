/* What a message says: its sentences, what is kept of them, and the buckets they fall into. */
#include <stdio.h>
#include <string.h>

#include "../suite.h"
#include "trip/memories.h"

extern const unsigned char tripsage__embedded_destinations[];
extern const size_t tripsage__embedded_destinations_size;

static tripsage__destination_index *places;

static void setup(void)
{
    ck_assert_int_eq(tripsage__destination_index_new(&places, (const char *)tripsage__embedded_destinations,
                                                     tripsage__embedded_destinations_size),
                     TRIPSAGE_OK);
}

static void teardown(void)
{
    tripsage__destination_index_free(places);
}

/* "sentence [type: bucket bucket; Country]" for each, with | between. */
static const char *heard(const char *message)
{
    static char text[8192];
    const char *at = message, *end = message + strlen(message);
    size_t size = 0;
    tripsage__said said;

    text[0] = '\0';
    while (tripsage__said_next(&said, &at, end, places)) {
        size += (size_t)snprintf(text + size, sizeof text - size, "%s%.*s [%s", size ? "|" : "", (int)said.length,
                                 said.text, said.type);
        for (size_t i = 0; i < TRIPSAGE__BUCKET_COUNT; i++)
            if (said.buckets & 1u << i)
                size += (size_t)snprintf(text + size, sizeof text - size, " %s", tripsage__bucket_names[i]);
        for (size_t i = 0; i < said.country_count; i++)
            size += (size_t)snprintf(text + size, sizeof text - size, " %s", said.countries[i]);
        size += (size_t)snprintf(text + size, sizeof text - size, "]");
    }
    return text;
}

START_TEST(a_message_is_its_sentences)
{
    ck_assert_str_eq(heard("Hi there! I'm vegan. I prefer small hotels... Thanks!"),
                     "I'm vegan [user_preference dietary_restrictions]|"
                     "I prefer small hotels [user_preference preferences accommodation_preferences]");
    ck_assert_str_eq(heard("- I like trains\n- I hate buses; my budget is $1,200.50"),
                     "I like trains [user_preference preferences]|I hate buses [user_preference preferences]|"
                     "my budget is $1,200.50 [user_preference budget_patterns]");
    ck_assert_str_eq(heard("We stayed at the St. Regis in the U.S. last year."),
                     "We stayed at the St. Regis in the U.S. last year [trip_history past_trips United States]");
    ck_assert_str_eq(heard("\xe6\x88\x91\xe4\xb8\x8d\xe5\x90\x83\xe8\x82\x89\xe3\x80\x82 I am vegan\xe3\x80\x82"),
                     "I am vegan [user_preference dietary_restrictions]");
    ck_assert_str_eq(heard(""), "");
    ck_assert_str_eq(heard("...!?;;\n\n \"\""), "");
}
END_TEST

START_TEST(questions_and_small_talk_are_not_kept)
{
    ck_assert_str_eq(heard("Do you like hotels? Is it cheap?! Vegan."), "");
    ck_assert_str_eq(heard("Good morning to you. That sounds wonderful. It rains."), "");
    ck_assert_str_eq(heard("\xe6\x97\xa5\xe6\x9c\xac hotel\xef\xbc\x9f"), "");
}
END_TEST

START_TEST(buckets_follow_the_words)
{
    ck_assert_str_eq(heard("I would like a cheap room"),
                     "I would like a cheap room [search_pattern budget_patterns travel_style]");
    ck_assert_str_eq(heard("We visited Kyoto last autumn"),
                     "We visited Kyoto last autumn [trip_history past_trips Japan]");
    ck_assert_str_eq(heard("I have never been to Italy"),
                     "I have never been to Italy [search_pattern saved_destinations Italy]");
    ck_assert_str_eq(
        heard("Find me a hostel with a garden"),
        "Find me a hostel with a garden [search_pattern travel_style accommodation_preferences activity_preferences]");
    ck_assert_str_eq(heard("I travel solo and love hiking"),
                     "I travel solo and love hiking [user_preference preferences travel_style activity_preferences]");
    ck_assert_str_eq(heard("My sister lives in Lisbon"), "My sister lives in Lisbon [conversation_context Portugal]");
    /* A city's name is one with its capital only. */
    ck_assert_str_eq(heard("My room was nice"), "");
    ck_assert_str_eq(heard("My aunt has a flat in Nice"), "My aunt has a flat in Nice [conversation_context France]");
}
END_TEST

START_TEST(long_texts_are_cut_between_words)
{
    char text[2048] = "I prefer ";
    tripsage__said said;
    const char *at = text;

    while (strlen(text) < 1500)
        strcat(text, "caf\xc3\xa9s ");
    ck_assert_int_eq(tripsage__said_next(&said, &at, text + strlen(text), places), 1);
    ck_assert_uint_le(said.length, TRIPSAGE__SAID_MAX);
    ck_assert_uint_gt(said.length, TRIPSAGE__SAID_MAX - 10);
    ck_assert_int_ne(said.text[said.length - 1], ' ');
    strcpy(text, "I prefer ");
    while (strlen(text) < 1500)
        strcat(text, "\xc3\xa9\xc3\xa9\xc3\xa9");
    at = text;
    ck_assert_int_eq(tripsage__said_next(&said, &at, text + strlen(text), NULL), 1);
    ck_assert_uint_eq((said.length - 9) % 2, 0);
}
END_TEST

START_TEST(sums_are_read_with_their_currency)
{
    static const struct {
        const char *text, *currency;
        int64_t minor;
    } cases[] = {{"about $200 a night", "USD", 20000},
                 {"\xe2\x82\xac"
                  "1,250.75!",
                  "EUR", 125075},
                 {"\xc2\xa3"
                  "80.5",
                  "GBP", 8000},
                 {"$ or $7", "USD", 700},
                 {"$1,2", "USD", 100},
                 {"$99999999999999999999 and $5", "USD", 500},
                 {"$12.345", "USD", 1200}};
    const char *none = "no $ here, nor $x";
    tripsage__said_sum sum;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *at = cases[i].text;

        ck_assert_msg(tripsage__said_sum_next(&sum, &at, at + strlen(at)), "%s", cases[i].text);
        ck_assert_str_eq(sum.currency, cases[i].currency);
        ck_assert_int_eq(sum.minor, cases[i].minor);
    }
    ck_assert_int_eq(tripsage__said_sum_next(&sum, &none, none + strlen(none)), 0);
}
END_TEST

/* Whatever bytes come, statements lie in the message and are no longer than they may be. */
START_TEST(any_text_can_be_heard)
{
    static const char alphabet[] = "iI prefer.!?\n;\"'-\xe3\x80\x82\xc3\xa9$9,.  vegan ";
    unsigned state = 1;
    char text[700];

    for (int round = 0; round < 2000; round++) {
        size_t length = (state = state * 1103515245u + 12345u) / 65536u % sizeof text;
        const char *at = text;
        tripsage__said said;

        for (size_t i = 0; i < length; i++)
            text[i] = alphabet[(state = state * 1103515245u + 12345u) / 65536u % (sizeof alphabet - 1)];
        while (tripsage__said_next(&said, &at, text + length, NULL)) {
            ck_assert(said.text >= text && said.text + said.length <= text + length);
            ck_assert_uint_le(said.length, TRIPSAGE__SAID_MAX);
        }
        ck_assert_ptr_eq(at, text + length);
    }
}
END_TEST

SUITE_MAIN_WITH("trip/memory_said", setup, teardown, a_message_is_its_sentences, questions_and_small_talk_are_not_kept,
                buckets_follow_the_words, long_texts_are_cut_between_words, sums_are_read_with_their_currency,
                any_text_can_be_heard)
