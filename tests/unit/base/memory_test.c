/* The base when memory runs out: each call is made with its first allocation failing, then its second, and so on, alone and together with
 * all that follow. It answers TRIPSAGE_ENOMEM, or what its header promises instead, keeps nothing, and does the same as ever afterwards. */
#include <string.h>
#include <tripsage/auth.h>
#include <tripsage/doc.h>

#include "../suite.h"
#include "base/actor.h"
#include "base/doc.h"
#include "base/json.h"
#include "base/zone.h"
#include "support/failing.h"

static const char text[] =
    "{\"title\":\"Kyoto\",\"tags\":[\"a\",\"b\",1.5,null,true],\"preferences\":{\"pace\":\"slow\",\"of\":{\"a\":[{},"
    "[]]}},\"note\":\"line\\nline \\u00e9\"}";

static void sweep(tripsage_status (*run)(void))
{
    for (int mode = TEST_FAIL_ONCE; mode <= TEST_FAIL_FOR_GOOD; mode++) {
        long n = 0;

        do {
            tripsage_status status;

            test_heap_arm(++n, (test_fault_mode)mode);
            status = run();
            test_heap_disarm();
            ck_assert_msg(status == TRIPSAGE_OK || (status == TRIPSAGE_ENOMEM && test_heap_fired(NULL)),
                          "allocation %ld: %s", n, tripsage_status_name(status));
            for (int heap = 0; heap < TEST_HEAPS; heap++)
                ck_assert_int_eq(test_heap_alive((test_heap)heap), 0);
        } while (test_heap_fired(NULL));
        ck_assert_int_gt(n, 1);
    }
}

static tripsage_status read_document(void)
{
    const tripsage__json *tags, *preferences;
    const char *title = NULL, *note = NULL;
    tripsage__reader r;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__reader_open(&r, text, TRIPSAGE_NUL));
    ck_assert_int_eq(tripsage__read_text(&r, "title", TRIPSAGE__REQUIRED, 1, 10, &title), TRIPSAGE__PRESENT);
    ck_assert_int_eq(tripsage__read_array(&r, "tags", TRIPSAGE__REQUIRED, 5, 5, &tags), TRIPSAGE__PRESENT);
    ck_assert_int_eq(tripsage__read_object(&r, "preferences", TRIPSAGE__REQUIRED, 100, &preferences),
                     TRIPSAGE__PRESENT);
    ck_assert_int_eq(tripsage__read_text(&r, "note", TRIPSAGE__REQUIRED, 1, 20, &note), TRIPSAGE__PRESENT);
    tripsage__reader_close_object(&r);
    TRIPSAGE_TRY(tripsage__reader_status(&r));
    ck_assert_str_eq(title, "Kyoto");
    ck_assert_str_eq(note, "line\nline \xc3\xa9");
out:
    tripsage__reader_free(&r);
    return status;
}

START_TEST(a_document_is_read_or_not)
{
    test_heap_install();
    sweep(read_document);
}
END_TEST

static tripsage_status merge(void)
{
    tripsage__buf out = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    tripsage__json *target = NULL, *patch = NULL;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__json_parse(&target, text, TRIPSAGE_NUL));
    TRIPSAGE_TRY(tripsage__json_parse(&patch, "{\"title\":null,\"tags\":null,\"note\":\"n\",\"preferences\":null}",
                                      TRIPSAGE_NUL));
    tripsage__json_put_merged(&out, target, patch);
    TRIPSAGE_TRY(tripsage__buf_status(&out));
    ck_assert_str_eq(out.data, "{\"note\":\"n\"}");
out:
    tripsage__buf_free(&out);
    tripsage__json_free(target);
    tripsage__json_free(patch);
    return status;
}

START_TEST(a_merge_is_whole_or_not)
{
    test_heap_install();
    sweep(merge);
}
END_TEST

static tripsage_status ask_document(void)
{
    tripsage_doc *doc;
    const char *value, *title;
    size_t length;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage_doc_parse(&doc, text, TRIPSAGE_NUL));
    title = tripsage_doc_text(doc, "/title");
    value = tripsage_doc_value(doc, "/preferences/of", &length);
    ck_assert_str_eq(title, "Kyoto"); /* parsed already: needs nothing */
    if (value)
        ck_assert_str_eq(value, "{\"a\":[{},[]]}");
    else
        ck_assert(test_heap_fired(NULL) && length == 0);
    tripsage_doc_free(doc);
out:
    return status;
}

START_TEST(a_document_answers_or_gives_nothing)
{
    test_heap_install();
    sweep(ask_document);
}
END_TEST

/* One of the library's own, whose text is parsed when it is first asked. */
static tripsage_status ask_late(void)
{
    tripsage_doc *doc;
    tripsage_status status;
    int64_t count;

    TRIPSAGE_TRY(tripsage__doc_new(&doc, 1));
    tripsage__buf_puts(&doc->json, text);
    TRIPSAGE_TRY(tripsage__doc_finish(&doc, doc, TRIPSAGE_OK));
    count = (int64_t)tripsage_doc_count(doc, "/tags");
    if (count == 0)
        ck_assert(test_heap_fired(NULL));
    else
        ck_assert_int_eq(count, 5);
    tripsage_doc_free(doc);
out:
    return status;
}

START_TEST(a_document_that_cannot_be_parsed_gives_the_fallback)
{
    test_heap_install();
    sweep(ask_late);
}
END_TEST

static tripsage_status make_actors(void)
{
    tripsage_actor *user = NULL, *service = NULL, *copy = NULL;
    tripsage__env *env = NULL;
    tripsage__zone *zone = NULL;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage_actor_user(&user, "018f6b1e-7c3a-7d10-9d5c-2f1b0a3c4d5e"));
    TRIPSAGE_TRY(tripsage_actor_service(&service));
    TRIPSAGE_TRY(tripsage__actor_copy(&copy, user));
    TRIPSAGE_TRY(tripsage__env_new(&env, NULL));
    TRIPSAGE_TRY(tripsage__zone_open(&zone, "Asia/Tokyo"));
    ck_assert_str_eq(tripsage_actor_user_id(copy), tripsage_actor_user_id(user));
out:
    tripsage_actor_free(user);
    tripsage_actor_free(service);
    tripsage_actor_free(copy);
    tripsage__env_free(env);
    tripsage__zone_free(zone);
    return status;
}

START_TEST(actors_clocks_and_zones_are_made_or_not)
{
    test_heap_install();
    sweep(make_actors);
}
END_TEST

SUITE_MAIN("base/memory", a_document_is_read_or_not, a_merge_is_whole_or_not, a_document_answers_or_gives_nothing,
           a_document_that_cannot_be_parsed_gives_the_fallback, actors_clocks_and_zones_are_made_or_not)
