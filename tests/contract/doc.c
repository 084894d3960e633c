/* contract/doc.c: documents: reading single values out of them, and what text they are made of. */
#include "contract.h"

#include <stdlib.h>
#include <string.h>

#define SAMPLE                                                                                                         \
    "{\"text\":\"a\\u00e9\",\"int\":-7,\"real\":1.5,\"yes\":true,\"no\":false,\"null\":null,\"list\":[1,[2]],"         \
    "\"object\":{\"a/b\":{\"m~n\":\"x\"}}}"

static tripsage_doc *parse(const char *json)
{
    return OK(tripsage_doc_parse(OUT, json, TRIPSAGE_NUL));
}

START_TEST(single_values_by_pointer)
{
    tripsage_doc *doc = parse(SAMPLE);

    SAME_TEXT(tripsage_doc_text(doc, "/text"), "a\xc3\xa9");
    SAME_TEXT(tripsage_doc_text(doc, "/object/a~1b/m~0n"), "x");
    ck_assert_int_eq((int)tripsage_doc_int(doc, "/int", 0), -7);
    ck_assert_int_eq((int)tripsage_doc_int(doc, "/list/1/0", 0), 2);
    ck_assert(tripsage_doc_number(doc, "/real", 0) == 1.5);
    ck_assert_int_eq(tripsage_doc_bool(doc, "/yes", 0), 1);
    ck_assert_int_eq(tripsage_doc_bool(doc, "/no", 1), 0);
    ck_assert_uint_eq(tripsage_doc_count(doc, "/list"), 2);
    ck_assert_uint_eq(tripsage_doc_count(doc, ""), 8);
}
END_TEST

START_TEST(what_is_not_there_gives_the_fallback)
{
    static const char *const pointers[] = {"/absent",  "/null",     "/list", "/list/2", "/list/-1",
                                           "/list/01", "/object/a", "text",  "/text/0", "/"};
    tripsage_doc *doc = parse(SAMPLE);

    for (size_t i = 0; i < sizeof pointers / sizeof pointers[0]; i++) {
        SAME_TEXT(tripsage_doc_text(doc, pointers[i]), NULL);
        ck_assert_int_eq((int)tripsage_doc_int(doc, pointers[i], 42), 42);
        ck_assert(tripsage_doc_number(doc, pointers[i], 4.5) == 4.5);
        ck_assert_int_eq(tripsage_doc_bool(doc, pointers[i], 7), 7);
    }
    ck_assert_int_eq((int)tripsage_doc_int(doc, "/text", 42), 42);
    ck_assert_int_eq(tripsage_doc_bool(doc, "/int", 7), 7);
    ck_assert_uint_eq(tripsage_doc_count(doc, "/int"), 0);
}
END_TEST

START_TEST(kinds_and_values)
{
    static const struct {
        const char *pointer;
        tripsage_kind kind;
        const char *value;
    } rows[] = {
        {"/absent", TRIPSAGE_KIND_ABSENT, NULL},
        {"/null", TRIPSAGE_KIND_NULL, "null"},
        {"/yes", TRIPSAGE_KIND_BOOL, "true"},
        {"/int", TRIPSAGE_KIND_NUMBER, "-7"},
        {"/text", TRIPSAGE_KIND_TEXT, "\"a\xc3\xa9\""},
        {"/list", TRIPSAGE_KIND_ARRAY, "[1,[2]]"},
        {"/object", TRIPSAGE_KIND_OBJECT, "{\"a/b\":{\"m~n\":\"x\"}}"},
    };
    tripsage_doc *doc = parse(SAMPLE);
    size_t length = 0;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *value = tripsage_doc_value(doc, rows[i].pointer, &length);

        ck_assert_int_eq((int)tripsage_doc_kind(doc, rows[i].pointer), (int)rows[i].kind);
        SAME_TEXT(value, rows[i].value);
        if (value)
            ck_assert_uint_eq(length, strlen(value));
    }
}
END_TEST

START_TEST(text_and_length_agree)
{
    size_t length = 0;
    tripsage_doc *doc = parse(" { \"a\" : [ 1 , 2 ] } ");
    const char *json = tripsage_doc_json(doc, &length);

    SAME_TEXT(json, "{\"a\":[1,2]}");
    ck_assert_uint_eq(length, strlen(json));
    ck_assert_ptr_null(tripsage_doc_next(doc));
    ck_assert_int_eq((int)tripsage_doc_version(doc), 0);
    ck_assert_int_eq(tripsage_doc_replayed(doc), 0);
}
END_TEST

/* An object of `count` members. */
static const char *object_of(int count)
{
    const char *members = "";

    for (int i = 0; i < count; i++)
        members = test_format("%s%s\"m%d\":%d", members, i ? "," : "", i, i);
    return test_format("{%s}", members);
}

START_TEST(bounds_what_it_reads)
{
    FAILS(TRIPSAGE_EMALFORMED, tripsage_doc_parse(OUT, "{\"a\":1,\"a\":2}", TRIPSAGE_NUL));
    FAILS(TRIPSAGE_EMALFORMED, tripsage_doc_parse(OUT, "", TRIPSAGE_NUL));
    FAILS(TRIPSAGE_EMALFORMED, tripsage_doc_parse(OUT, NULL, 0));
    FAILS(TRIPSAGE_ETOOLARGE, tripsage_doc_parse(OUT, test_repeat(" ", 1024 * 1024 + 1), TRIPSAGE_NUL));
    parse(object_of(256));
    FAILS(TRIPSAGE_EMALFORMED, tripsage_doc_parse(OUT, object_of(257), TRIPSAGE_NUL));
    parse(test_format("%s1%s", test_repeat("[", 32), test_repeat("]", 32)));
    FAILS(TRIPSAGE_EMALFORMED,
          tripsage_doc_parse(OUT, test_format("%s1%s", test_repeat("[", 33), test_repeat("]", 33)), TRIPSAGE_NUL));
    parse(test_format("[%s]", test_repeat("1", 15)));
    parse(test_format("[0.%s]", test_repeat("1", 61)));
    FAILS(TRIPSAGE_EMALFORMED, tripsage_doc_parse(OUT, test_format("[0.%s]", test_repeat("1", 62)), TRIPSAGE_NUL));
}
END_TEST

START_TEST(integers_are_exact_to_two_to_the_53)
{
    tripsage_doc *doc = parse("[9007199254740992,-9007199254740992]");

    ck_assert(tripsage_doc_int(doc, "/0", 0) == INT64_C(9007199254740992));
    ck_assert(tripsage_doc_int(doc, "/1", 0) == -INT64_C(9007199254740992));
    SAME_TEXT(json_of(doc), "[9007199254740992,-9007199254740992]");
}
END_TEST

Suite *contract_doc(void)
{
    Suite *suite = suite_create("doc");
    TCase *tcase = test_case(suite, "doc");

    tcase_add_test(tcase, single_values_by_pointer);
    tcase_add_test(tcase, what_is_not_there_gives_the_fallback);
    tcase_add_test(tcase, kinds_and_values);
    tcase_add_test(tcase, text_and_length_agree);
    tcase_add_test(tcase, bounds_what_it_reads);
    tcase_add_test(tcase, integers_are_exact_to_two_to_the_53);
    return suite;
}
