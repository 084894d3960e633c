/* metadata_test.c: the stored form of metadata, and filters over it. */
#include "vector/metadata.h"

#include <string.h>

#include "../suite.h"

static const char *stored(const char *json)
{
    static tripsage__buf out = TRIPSAGE__BUF_INIT(65536);

    out.size = 0;
    ck_assert_int_eq(tripsage__metadata_put(&out, json, "/metadata"), TRIPSAGE_OK);
    return out.data;
}

static int matches(const char *metadata, const char *filter)
{
    char copy[512];

    strcpy(copy, stored(metadata));
    filter = stored(filter);
    return tripsage__metadata_matches(copy, strlen(copy), filter, strlen(filter));
}

START_TEST(has_one_form)
{
    ck_assert_str_eq(stored(NULL), "{}");
    ck_assert_str_eq(stored(" { } "), "{}");
    ck_assert_str_eq(stored("{ \"a\" : 1.0, \"b\":true ,\"c\":\"\\u0041\\/\", \"d\":-0, \"e\":1e2}"),
                     "{\"a\":1,\"b\":true,\"c\":\"A/\",\"d\":0,\"e\":100}");
}
END_TEST

START_TEST(refuses_what_is_not_flat)
{
    static const char *const wrong[] = {"",
                                        "[]",
                                        "1",
                                        "{",
                                        "{\"a\":null}",
                                        "{\"a\":[]}",
                                        "{\"a\":{}}",
                                        "{\"a\":1,\"a\":2}",
                                        "{\"a\":1} x",
                                        "{\"a\":\"\xff\"}"};
    tripsage__buf out = TRIPSAGE__BUF_INIT(65536);

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ck_assert_msg(tripsage__metadata_put(&out, wrong[i], "/3/metadata") == TRIPSAGE_EINVALID, "'%s'", wrong[i]);
        ck_assert_str_eq(tripsage_last_error()->fields[0].pointer, "/3/metadata");
    }
    tripsage__buf_free(&out);
}
END_TEST

START_TEST(refuses_what_is_too_large)
{
    static char large[TRIPSAGE__METADATA_MAX + 64];
    tripsage__buf out = TRIPSAGE__BUF_INIT(65536);

    memset(large, ' ', sizeof large);
    memcpy(large, "{}", 2);
    large[TRIPSAGE__METADATA_MAX] = '\0';
    ck_assert_int_eq(tripsage__metadata_put(&out, large, "/metadata"), TRIPSAGE_OK);
    large[TRIPSAGE__METADATA_MAX] = ' ';
    large[TRIPSAGE__METADATA_MAX + 1] = '\0';
    ck_assert_int_eq(tripsage__metadata_put(&out, large, "/metadata"), TRIPSAGE_EINVALID);
    tripsage__buf_free(&out);
}
END_TEST

START_TEST(compares_whole_members)
{
    static const char row[] = "{\"city\":\"Lima\",\"stars\":4,\"open\":true,\"say\":\"a \\\"b\\\", {c}\"}";

    ck_assert(matches(row, "{}"));
    ck_assert(matches(row, "{\"city\":\"Lima\"}"));
    ck_assert(matches(row, "{\"open\":true,\"stars\":4.0,\"city\":\"Lima\"}"));
    ck_assert(matches(row, "{\"say\":\"a \\\"b\\\", {c}\"}"));
    ck_assert(!matches(row, "{\"city\":\"Lim\"}"));
    ck_assert(!matches(row, "{\"city\":\"lima\"}"));
    ck_assert(!matches(row, "{\"stars\":\"4\"}"));
    ck_assert(!matches(row, "{\"stars\":41}"));
    ck_assert(!matches(row, "{\"open\":false}"));
    ck_assert(!matches(row, "{\"city\":\"Lima\",\"missing\":1}"));
    ck_assert(!matches("{}", "{\"a\":1}"));
}
END_TEST

START_TEST(is_not_deceived_by_text_that_looks_like_a_member)
{
    ck_assert(!matches("{\"a\":\"x,\",\":1,z\":2}", "{\",\":1}"));
    ck_assert(!matches("{\"a\":\",\\\"b\\\":1,\"}", "{\"b\":1}"));
    ck_assert(!matches("{\"a\":\"\\\\\",\"c\":\"\\\"b\\\":1\"}", "{\"b\":1}"));
    ck_assert(matches("{\"a\":\"\\\\\",\"b\":1}", "{\"b\":1}"));
    ck_assert(matches("{\"\":\"\"}", "{\"\":\"\"}"));
}
END_TEST

SUITE_MAIN("vector/metadata", has_one_form, refuses_what_is_not_flat, refuses_what_is_too_large, compares_whole_members,
           is_not_deceived_by_text_that_looks_like_a_member)
