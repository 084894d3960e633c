/* Documents of the caller's own: parsed, asked for their parts, and given out part by part. */
#include <string.h>
#include <tripsage/doc.h>

#include "../suite.h"

static tripsage_doc *parse(const char *text)
{
    tripsage_doc *doc;

    ck_assert_int_eq(tripsage_doc_parse(&doc, text, TRIPSAGE_NUL), TRIPSAGE_OK);
    return doc;
}

START_TEST(a_text_becomes_a_compact_document)
{
    tripsage_doc *doc = parse(" { \"a\" : [ 1 , \"x\" ] } ");
    size_t length;

    ck_assert_str_eq(tripsage_doc_json(doc, &length), "{\"a\":[1,\"x\"]}");
    ck_assert_uint_eq(length, strlen("{\"a\":[1,\"x\"]}"));
    ck_assert_str_eq(tripsage_doc_text(doc, "/a/1"), "x");
    ck_assert_int_eq(tripsage_doc_version(doc), 0);
    ck_assert_ptr_null(tripsage_doc_next(doc));
    tripsage_doc_free(doc);
}
END_TEST

START_TEST(what_is_not_json_is_refused)
{
    tripsage_doc *doc = (tripsage_doc *)1;

    ck_assert_int_eq(tripsage_doc_parse(&doc, "{\"a\":1,\"a\":2}", TRIPSAGE_NUL), TRIPSAGE_EMALFORMED);
    ck_assert_ptr_null(doc);
    ck_assert_int_eq(tripsage_doc_parse(&doc, "{} x", 2), TRIPSAGE_OK);
    tripsage_doc_free(doc);
    ck_assert_int_eq(tripsage_doc_parse(&doc, "{} x", 4), TRIPSAGE_EMALFORMED);
}
END_TEST

START_TEST(each_value_has_a_kind)
{
    tripsage_doc *doc = parse("{\"n\":null,\"b\":false,\"i\":0,\"t\":\"\",\"a\":[],\"o\":{}}");

    ck_assert_int_eq(tripsage_doc_kind(doc, "/n"), TRIPSAGE_KIND_NULL);
    ck_assert_int_eq(tripsage_doc_kind(doc, "/b"), TRIPSAGE_KIND_BOOL);
    ck_assert_int_eq(tripsage_doc_kind(doc, "/i"), TRIPSAGE_KIND_NUMBER);
    ck_assert_int_eq(tripsage_doc_kind(doc, "/t"), TRIPSAGE_KIND_TEXT);
    ck_assert_int_eq(tripsage_doc_kind(doc, "/a"), TRIPSAGE_KIND_ARRAY);
    ck_assert_int_eq(tripsage_doc_kind(doc, "/o"), TRIPSAGE_KIND_OBJECT);
    ck_assert_int_eq(tripsage_doc_kind(doc, ""), TRIPSAGE_KIND_OBJECT);
    ck_assert_int_eq(tripsage_doc_kind(doc, "/x"), TRIPSAGE_KIND_ABSENT);
    ck_assert_int_eq(tripsage_doc_kind(NULL, ""), TRIPSAGE_KIND_ABSENT);
    tripsage_doc_free(doc);
}
END_TEST

START_TEST(a_number_that_is_no_integer_of_64_bits_gives_the_fallback)
{
    tripsage_doc *doc = parse("[1.5,1e300,-1e300,9223372036854775808,-9223372036854775808,9007199254740992]");

    ck_assert_int_eq(tripsage_doc_int(doc, "/0", 7), 7);
    ck_assert_int_eq(tripsage_doc_int(doc, "/1", 7), 7);
    ck_assert_int_eq(tripsage_doc_int(doc, "/2", 7), 7);
    ck_assert_int_eq(tripsage_doc_int(doc, "/3", 7), 7);
    ck_assert_int_eq(tripsage_doc_int(doc, "/4", 7), INT64_MIN);
    ck_assert_int_eq(tripsage_doc_int(doc, "/5", 7), INT64_C(9007199254740992));
    tripsage_doc_free(doc);
}
END_TEST

START_TEST(a_value_is_json_of_its_own)
{
    tripsage_doc *doc = parse("{\"items\":[{\"name\":\"Z\\u00fcrich\",\"n\":null}],\"count\":2}");
    const char *first, *second;
    size_t length;

    first = tripsage_doc_value(doc, "/items/0", &length);
    ck_assert_str_eq(first, "{\"name\":\"Z\xc3\xbcrich\",\"n\":null}");
    ck_assert_uint_eq(length, strlen(first));
    second = tripsage_doc_value(doc, "/count", NULL);
    ck_assert_str_eq(second, "2");
    ck_assert_str_eq(tripsage_doc_value(doc, "/items/0/n", NULL), "null");
    ck_assert_ptr_null(tripsage_doc_value(doc, "/items/1", &length));
    ck_assert_uint_eq(length, 0);
    ck_assert_str_eq(first, "{\"name\":\"Z\xc3\xbcrich\",\"n\":null}"); /* still there */
    tripsage_doc_free(doc);
}
END_TEST

SUITE_MAIN("base/doc", a_text_becomes_a_compact_document, what_is_not_json_is_refused, each_value_has_a_kind,
           a_number_that_is_no_integer_of_64_bits_gives_the_fallback, a_value_is_json_of_its_own)
