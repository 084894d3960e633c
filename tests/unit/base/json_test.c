/* Reading and writing JSON: what is refused, what survives, and how complaints name their place. */
#include "base/json.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <tripsage/doc.h>

#include "../suite.h"
#include "support/locale.h"

static tripsage_status parse(const char *text, size_t length)
{
    tripsage__json *json;
    tripsage_status status = tripsage__json_parse(&json, text, length);

    tripsage__json_free(json);
    return status;
}

START_TEST(what_is_json_is_taken)
{
    static const char *const good[] = {
        "{}",
        "[]",
        " [ 1 , 2 ] ",
        "null",
        "true",
        "0",
        "-0",
        "1.5e-3",
        "\"\"",
        "\"\\u00e9\\ud83d\\ude00\"",
        "{\"a\":{\"b\":[{},[],\"\"]}}",
        "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"",
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
    };

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        ck_assert_msg(parse(good[i], TRIPSAGE_NUL) == TRIPSAGE_OK, "%s: %s", good[i], tripsage_last_error()->message);
}
END_TEST

START_TEST(what_is_not_json_is_refused)
{
    static const char *const bad[] = {
        "",
        " ",
        "{",
        "}",
        "[",
        "]",
        "[1,]",
        "{\"a\":1,}",
        "{\"a\"}",
        "{\"a\":}",
        "{a:1}",
        "{'a':1}",
        "[1 2]",
        "01",
        "1.",
        ".5",
        "+1",
        "-",
        "1e",
        "nul",
        "True",
        "NaN",
        "\"",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\ud800\"",
        "\"\\udc00\"",
        "\"\\ud800\\u0041\"",
        "\"\\u0000\"",
        "\"a\nb\"",
        "\"\xc3\"",
        "\"\xc0\x80\"",
        "\"\xed\xa0\x80\"",
        "\"\xf5\x80\x80\x80\"",
        "1 2",
        "{}x",
        "[}",
        "{\"a\":1,\"a\":2}",
        "[{\"x\":{\"b\":1,\"b\":1}}]",
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
        "\xef\xbb\xbf{}",
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(parse(bad[i], TRIPSAGE_NUL) == TRIPSAGE_EMALFORMED, "%s was taken", bad[i]);
    ck_assert_int_eq(parse("\"a\0b\"", 5), TRIPSAGE_EMALFORMED);
    ck_assert_int_eq(parse("\"\\\0b\"", 5), TRIPSAGE_EMALFORMED);
    ck_assert_int_eq(parse("{}\0", 3), TRIPSAGE_EMALFORMED);
}
END_TEST

START_TEST(a_text_without_end_is_not_read_beyond_its_length)
{
    ck_assert_int_eq(parse("[1,2,3]", 3), TRIPSAGE_EMALFORMED);
    ck_assert_int_eq(parse("12345", 2), TRIPSAGE_OK);
    ck_assert_int_eq(parse("truely", 4), TRIPSAGE_OK);
}
END_TEST

/* What cannot be a double, or not be read as one, is said to be malformed: not stored as null, not blamed on memory. */
START_TEST(numbers_have_limits)
{
    static const char digits63[] = "0.1234567890123456789012345678901234567890123456789012345678901";

    ck_assert_uint_eq(strlen(digits63), 63);
    ck_assert_int_eq(parse(digits63, TRIPSAGE_NUL), TRIPSAGE_OK);
    ck_assert_int_eq(parse("-0.1234567890123456789012345678901234567890123456789012345678901", TRIPSAGE_NUL),
                     TRIPSAGE_EMALFORMED);
    ck_assert_int_eq(parse("[1000000000000000000000000000000000000000000000000000000000000000]", TRIPSAGE_NUL),
                     TRIPSAGE_EMALFORMED);
    ck_assert_int_eq(parse("1.7976931348623157e308", TRIPSAGE_NUL), TRIPSAGE_OK);
    ck_assert_int_eq(parse("1e309", TRIPSAGE_NUL), TRIPSAGE_EMALFORMED);
    ck_assert_int_eq(parse("{\"a\":[-1e400]}", TRIPSAGE_NUL), TRIPSAGE_EMALFORMED);
    ck_assert_int_eq(parse("1e-400", TRIPSAGE_NUL), TRIPSAGE_OK); /* nothing, as near as a double can say */
}
END_TEST

START_TEST(stored_text_that_is_not_json_is_damage)
{
    tripsage__json *json;

    ck_assert_int_eq(tripsage__json_parse_trusted(&json, "{\"a\":", 5), TRIPSAGE_ECORRUPT);
    ck_assert_ptr_null(json);
    ck_assert_int_eq(tripsage__json_parse_trusted(&json, "", 0), TRIPSAGE_ECORRUPT);
}
END_TEST

START_TEST(limits_are_kept)
{
    static char large[TRIPSAGE__JSON_INPUT_MAX + 2];
    tripsage__buf many = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);

    memset(large, ' ', sizeof large - 1);
    large[0] = '1';
    ck_assert_int_eq(parse(large, TRIPSAGE__JSON_INPUT_MAX), TRIPSAGE_OK);
    ck_assert_int_eq(parse(large, TRIPSAGE__JSON_INPUT_MAX + 1), TRIPSAGE_ETOOLARGE);
    for (int i = 0; i < 257; i++)
        tripsage__buf_printf(&many, "%c\"m%d\":1", i ? ',' : '{', i);
    tripsage__buf_putc(&many, '}');
    ck_assert_int_eq(parse(many.data, many.size), TRIPSAGE_EMALFORMED);
    tripsage__buf_free(&many);
}
END_TEST

static void check_round(const char *text, const char *expected)
{
    tripsage__json *json;
    tripsage__buf out = TRIPSAGE__BUF_INIT(1024);

    ck_assert_int_eq(tripsage__json_parse(&json, text, TRIPSAGE_NUL), TRIPSAGE_OK);
    tripsage__json_put(&out, json);
    ck_assert_str_eq(out.data, expected);
    tripsage__buf_free(&out);
    tripsage__json_free(json);
}

START_TEST(values_are_written_as_they_were_read)
{
    check_round("{ \"b\" : 1, \"a\":[ true,false,null ] }", "{\"b\":1,\"a\":[true,false,null]}");
    check_round("[0.1,1e3,-2.5,9007199254740992,1e21,5e-324,1.7976931348623157e308]",
                "[0.1,1000,-2.5,9007199254740992,1e+21,4.94065645841247e-324,1.7976931348623157e+308]");
    check_round("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0001\\u00e9\"", "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\xc3\xa9\"");
}
END_TEST

START_TEST(numbers_do_not_speak_the_language_of_the_program)
{
    char comma[16];

    test_locale_move_to("de_DE");
    snprintf(comma, sizeof comma, "%g", 0.5);
    ck_assert_str_eq(comma, "0,5");
    check_round("[1.5,-2.25e-7,3]", "[1.5,-2.25e-07,3]");
    test_locale_move_to("ps_AF");
    snprintf(comma, sizeof comma, "%g", 0.5);
    ck_assert_str_eq(comma, "0\xd9\xab\x35");
    check_round("[1.5,-2.25e-7,3]", "[1.5,-2.25e-07,3]");
    snprintf(comma, sizeof comma, "%g", 0.5); /* the program's locale is as it was */
    ck_assert_str_eq(comma, "0\xd9\xab\x35");
}
END_TEST

static void check_merge(const char *target, const char *patch, const char *expected)
{
    tripsage__json *t, *p;
    tripsage__buf out = TRIPSAGE__BUF_INIT(1024);

    ck_assert_int_eq(tripsage__json_parse(&t, target, TRIPSAGE_NUL), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage__json_parse(&p, patch, TRIPSAGE_NUL), TRIPSAGE_OK);
    tripsage__json_put_merged(&out, t, p);
    ck_assert_str_eq(out.data, expected);
    tripsage__buf_free(&out);
    tripsage__json_free(t);
    tripsage__json_free(p);
}

START_TEST(merge_patch_follows_rfc_7396)
{
    check_merge("{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}");
    check_merge("{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}");
    check_merge("{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}");
    check_merge("{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}");
    check_merge("{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}", "{\"a\":{\"b\":\"d\"}}");
    check_merge("[\"a\"]", "{\"a\":1}", "{\"a\":1}");
    check_merge("{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}");
    check_merge("{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}");
}
END_TEST

START_TEST(complaints_are_collected_with_their_pointers)
{
    static const char text[] = "{\"title\":5,\"stops\":[{\"name\":\"\"},7,{\"nam/"
                               "e~\":1,\"name\":\"ok\"}],\"extra\":1,\"date\":\"2026-02-30\",\"n\":1.5}";
    const tripsage_error *error;
    const tripsage__json *stops = NULL;
    const char *value = "untouched";
    int64_t number = 0;
    tripsage__reader r;
    size_t i = 0;

    ck_assert_int_eq(tripsage__reader_open(&r, text, TRIPSAGE_NUL), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage__read_text(&r, "title", TRIPSAGE__REQUIRED, 1, 10, &value), TRIPSAGE__BAD);
    ck_assert_int_eq(tripsage__read_text(&r, "missing", TRIPSAGE__REQUIRED, 1, 10, &value), TRIPSAGE__BAD);
    ck_assert_int_eq(tripsage__read_text(&r, "absent", TRIPSAGE__OPTIONAL, 1, 10, &value), TRIPSAGE__ABSENT);
    ck_assert_int_eq(tripsage__read_date(&r, "date", TRIPSAGE__OPTIONAL, &value), TRIPSAGE__BAD);
    ck_assert_int_eq(tripsage__read_int(&r, "n", TRIPSAGE__OPTIONAL, 0, 9, &number), TRIPSAGE__BAD);
    ck_assert_str_eq(value, "untouched");
    ck_assert_int_eq(tripsage__read_array(&r, "stops", TRIPSAGE__REQUIRED, 1, 3, &stops), TRIPSAGE__PRESENT);
    for (const tripsage__json *stop = tripsage__json_first(stops); stop; stop = tripsage__json_next(stop)) {
        tripsage__reader_enter_index(&r, "stops", i++, stop);
        tripsage__read_text(&r, "name", TRIPSAGE__REQUIRED, 1, 10, &value);
        tripsage__reader_close_object(&r);
    }
    tripsage__reader_close_object(&r);
    ck_assert_int_eq(tripsage__reader_status(&r), TRIPSAGE_EINVALID);
    tripsage__reader_free(&r);

    error = tripsage_last_error();
    ck_assert_uint_eq(error->field_count, 8);
    ck_assert_str_eq(error->fields[0].pointer, "/title");
    ck_assert_str_eq(error->fields[1].pointer, "/missing");
    ck_assert_str_eq(error->fields[2].pointer, "/date");
    ck_assert_str_eq(error->fields[3].pointer, "/n");
    ck_assert_str_eq(error->fields[4].pointer, "/stops/0/name");
    ck_assert_str_eq(error->fields[5].pointer, "/stops/1");
    ck_assert_str_eq(error->fields[6].pointer, "/stops/2/nam~1e~0");
    ck_assert_str_eq(error->fields[7].pointer, "/extra");
    ck_assert_ptr_nonnull(strstr(error->message, "7 more"));
}
END_TEST

START_TEST(more_complaints_than_are_kept_are_counted)
{
    tripsage__buf text = TRIPSAGE__BUF_INIT(4096);
    tripsage__reader r;

    for (int i = 0; i < 40; i++)
        tripsage__buf_printf(&text, "%c\"m%d\":1", i ? ',' : '{', i);
    tripsage__buf_putc(&text, '}');
    ck_assert_int_eq(tripsage__reader_open(&r, text.data, text.size), TRIPSAGE_OK);
    tripsage__reader_close_object(&r);
    ck_assert_int_eq(tripsage__reader_status(&r), TRIPSAGE_EINVALID);
    ck_assert_uint_eq(tripsage_last_error()->field_count, TRIPSAGE_FIELD_ERRORS_MAX);
    ck_assert_ptr_nonnull(strstr(tripsage_last_error()->message, "39 more"));
    tripsage__reader_free(&r);
    tripsage__buf_free(&text);
}
END_TEST

/* A member name as long as it gets, at every offset, so that each place that cuts a text meets the inside of a character. */
START_TEST(what_is_cut_ends_with_a_whole_character)
{
    for (int shift = 0; shift < 12; shift++) {
        tripsage__buf text = TRIPSAGE__BUF_INIT(4096);
        const tripsage_error *error = tripsage_last_error();
        tripsage__reader r;

        tripsage__buf_printf(&text, "{\"%.*s", shift, "abcdefghijkl");
        for (int i = 0; i < 40; i++)
            tripsage__buf_puts(&text, "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
        tripsage__buf_puts(&text, "~/\":1,\"b\":2}");
        ck_assert_int_eq(tripsage__reader_open(&r, text.data, text.size), TRIPSAGE_OK);
        tripsage__reader_close_object(&r);
        ck_assert_int_eq(tripsage__reader_status(&r), TRIPSAGE_EINVALID);
        ck_assert(tripsage__utf8_valid(error->message, strlen(error->message)));
        ck_assert(tripsage__utf8_valid(error->fields[0].pointer, strlen(error->fields[0].pointer)));
        ck_assert_uint_gt(strlen(error->fields[0].pointer), 120);
        ck_assert_int_eq(TRIPSAGE_FAIL(TRIPSAGE_ENOTFOUND, "there is no %s", text.data), TRIPSAGE_ENOTFOUND);
        ck_assert(tripsage__utf8_valid(error->message, strlen(error->message)));
        ck_assert_uint_gt(strlen(error->message), 250);
        ck_assert_int_eq(TRIPSAGE_FAIL_FIELD("#name", "there is no %s", text.data), TRIPSAGE_EINVALID);
        ck_assert(tripsage__utf8_valid(error->message, strlen(error->message)));
        ck_assert(tripsage__utf8_valid(error->fields[0].message, strlen(error->fields[0].message)));
        tripsage__reader_free(&r);
        tripsage__buf_free(&text);
    }
}
END_TEST

START_TEST(lengths_are_in_characters_and_blanks_are_not_text)
{
    const char *value = NULL;
    tripsage__reader r;

    ck_assert_int_eq(tripsage__reader_open(&r, "{\"a\":\"\xc3\xa9\xc3\xa9\",\"b\":\" \\t\",\"c\":null}", TRIPSAGE_NUL),
                     TRIPSAGE_OK);
    ck_assert_int_eq(tripsage__read_text(&r, "a", TRIPSAGE__REQUIRED, 1, 2, &value), TRIPSAGE__PRESENT);
    ck_assert_int_eq(tripsage__read_text(&r, "b", TRIPSAGE__REQUIRED, 1, 9, &value), TRIPSAGE__BAD);
    ck_assert_int_eq(tripsage__read_text(&r, "c", TRIPSAGE__OPTIONAL, 1, 9, &value), TRIPSAGE__NULL_VALUE);
    ck_assert_int_eq(tripsage__reader_status(&r), TRIPSAGE_EINVALID);
    ck_assert_uint_eq(tripsage_last_error()->field_count, 1);
    tripsage__reader_free(&r);
}
END_TEST

/* Whether a zone exists is asked of the disk, which may have no answer: that is no mistake in the input. */
START_TEST(a_zone_that_cannot_be_looked_up_is_not_unknown)
{
    const char *value = NULL;
    struct rlimit files, none;
    tripsage__reader r;

    ck_assert_int_eq(tripsage__reader_open(&r, "{\"zone\":\"Asia/Tokyo\"}", TRIPSAGE_NUL), TRIPSAGE_OK);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &files), 0);
    none = files;
    none.rlim_cur = 0;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    ck_assert_int_eq(tripsage__read_zone(&r, "zone", TRIPSAGE__REQUIRED, &value), TRIPSAGE__BAD);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &files), 0);
    ck_assert_int_eq(tripsage__reader_status(&r), TRIPSAGE_EIO);
    ck_assert_int_eq(tripsage_last_error()->status, TRIPSAGE_EIO);
    tripsage__reader_free(&r);
    ck_assert_int_eq(tripsage__reader_open(&r, "{\"zone\":\"Asia/Tokyo\"}", TRIPSAGE_NUL), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage__read_zone(&r, "zone", TRIPSAGE__REQUIRED, &value), TRIPSAGE__PRESENT);
    ck_assert_int_eq(tripsage__reader_status(&r), TRIPSAGE_OK);
    tripsage__reader_free(&r);
}
END_TEST

SUITE_MAIN("base/json", what_is_json_is_taken, what_is_not_json_is_refused,
           a_text_without_end_is_not_read_beyond_its_length, numbers_have_limits,
           stored_text_that_is_not_json_is_damage, limits_are_kept, values_are_written_as_they_were_read,
           numbers_do_not_speak_the_language_of_the_program, merge_patch_follows_rfc_7396,
           complaints_are_collected_with_their_pointers, more_complaints_than_are_kept_are_counted,
           what_is_cut_ends_with_a_whole_character, lengths_are_in_characters_and_blanks_are_not_text,
           a_zone_that_cannot_be_looked_up_is_not_unknown)
