/* contract/cache/load.c: values that become wrong together, and values that are loaded when they are not there. */
#include "../contract.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/commands.h"

static const char *get(const char *key)
{
    return test_cached(world->cache, key);
}

static tripsage_status set(const char *key, const char *value, int64_t ttl_ms)
{
    return tripsage_cache_set(world->cache, key, strlen(key), value, strlen(value), ttl_ms, TRIPSAGE_CACHE_ALWAYS);
}

/* ---- tags ---- */

static tripsage_status put(const char *key, int64_t ttl_ms, tripsage_cache_when when, const char *a, const char *b)
{
    tripsage_cache_tag tags[2] = {{a, strlen(a)}, {b, b ? strlen(b) : 0}};
    tripsage_cache_put_options options = TRIPSAGE_CACHE_PUT_OPTIONS_INIT;

    options.ttl_ms = ttl_ms;
    options.when = when;
    options.tags = tags;
    options.tag_count = b ? 2 : 1;
    return tripsage_cache_put(world->cache, key, strlen(key), key, strlen(key), &options);
}

static uint64_t invalidate(const char *tag)
{
    uint64_t count = 99;

    OK(tripsage_cache_invalidate_tag(&count, world->cache, tag, strlen(tag)));
    return count;
}

START_TEST(tagged_values_go_together)
{
    OK(put("one", 0, TRIPSAGE_CACHE_ALWAYS, "trip:1", NULL));
    OK(put("both", 1000, TRIPSAGE_CACHE_ALWAYS, "trip:1", "trip:2"));
    OK(put("two", 0, TRIPSAGE_CACHE_ALWAYS, "trip:2", NULL));
    OK(set("none", "x", 0));
    SAME_TEXT(get("both"), "both");
    ck_assert_uint_eq(invalidate("trip:3"), 0);
    ck_assert_uint_eq(invalidate("trip:1"), 2);
    SAME_TEXT(get("one"), NULL);
    SAME_TEXT(get("both"), NULL);
    SAME_TEXT(get("two"), "two");
    SAME_TEXT(get("none"), "x");
    ck_assert_uint_eq(invalidate("trip:1"), 0);
    ck_assert_uint_eq(invalidate("trip:2"), 1);
    SAME_TEXT(get("none"), "x");
}
END_TEST

START_TEST(a_tag_holds_what_is_there)
{
    int64_t sum;

    OK(put("gone", 0, TRIPSAGE_CACHE_ALWAYS, "t", NULL));
    OK(tripsage_cache_delete(world->cache, "gone", 4));
    OK(put("ended", 10, TRIPSAGE_CACHE_ALWAYS, "t", NULL));
    OK(put("kept", 0, TRIPSAGE_CACHE_ALWAYS, "t", NULL));
    OK(put("moved", 0, TRIPSAGE_CACHE_ALWAYS, "t", NULL));
    OK(put("moved", 0, TRIPSAGE_CACHE_ALWAYS, "u", NULL));
    OK(set("n", "1", 0));
    FAILS(TRIPSAGE_ECONFLICT, put("n", 0, TRIPSAGE_CACHE_IF_ABSENT, "u", NULL));
    world_advance(10);
    OK(tripsage_cache_invalidate_tag(NULL, world->cache, "t", 1));
    SAME_TEXT(get("kept"), NULL);
    SAME_TEXT(get("ended"), NULL);
    OK(put("moved", 0, TRIPSAGE_CACHE_ALWAYS, "u", NULL));
    ck_assert_uint_eq(invalidate("u"), 1);
    SAME_TEXT(get("moved"), NULL);
    SAME_TEXT(get("n"), "1");

    /* What is counted up stays what it is. */
    OK(tripsage_cache_delete(world->cache, "n", 1));
    OK(put("7", 0, TRIPSAGE_CACHE_ALWAYS, "t", NULL));
    OK(tripsage_cache_increment(&sum, world->cache, "7", 1, 1, 0));
    SAME_TEXT(get("7"), "8");
    ck_assert_uint_eq(invalidate("t"), 1);
    SAME_TEXT(get("7"), NULL);
}
END_TEST

START_TEST(many_have_a_tag)
{
    for (int i = 0; i < 3000; i++)
        OK(put(test_format("key %d", i), i % 2 ? 1000 : 0, TRIPSAGE_CACHE_ALWAYS, "all", "all"));
    ck_assert_uint_eq(invalidate("all"), 3000);
    SAME_TEXT(get("key 17"), NULL);
}
END_TEST

START_TEST(puts_are_checked)
{
    tripsage_cache_put_options options = TRIPSAGE_CACHE_PUT_OPTIONS_INIT;
    tripsage_cache_tag tags[TRIPSAGE_CACHE_TAGS_MAX + 1] = {{"t", 1}};

    OK(tripsage_cache_put(world->cache, "k", 1, "v", 1, NULL));
    SAME_TEXT(get("k"), "v");
    options.version = 2;
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_cache_put(world->cache, "k", 1, "v", 1, &options), "#options");
    options.version = 1;
    options.stale_ms = 1;
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_cache_put(world->cache, "k", 1, "v", 1, &options), "#stale_ms");
    options.stale_ms = 0;
    options.tag_count = 1;
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_cache_put(world->cache, "k", 1, "v", 1, &options), "#tags");
    options.tags = tags;
    OK(tripsage_cache_put(world->cache, "k", 1, "v", 1, &options));
    options.tag_count = 2;
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_cache_put(world->cache, "k", 1, "v", 1, &options), "#tags");
    options.tag_count = TRIPSAGE_CACHE_TAGS_MAX + 1;
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_cache_put(world->cache, "k", 1, "v", 1, &options), "#tags");
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_cache_invalidate_tag(NULL, world->cache, "", 0), "#tag");
}
END_TEST

/* ---- loading ---- */

/* A loader that says what it is told to. */
typedef struct source {
    const char *value; /* NULL: there is none */
    tripsage_status failure;
    void (*meanwhile)(void);
    int calls;
} source;

static tripsage_status load(tripsage_cache_loading *loading, void *context)
{
    source *from = context;

    from->calls++;
    if (from->meanwhile)
        from->meanwhile();
    if (from->failure)
        return from->failure;
    return from->value ? tripsage_cache_loaded(loading, from->value, strlen(from->value)) : TRIPSAGE_ENOTFOUND;
}

static const tripsage_cache_tag of_trip = {"trip", 4};

static tripsage_cache_load_options short_lived(void)
{
    tripsage_cache_load_options options = TRIPSAGE_CACHE_LOAD_OPTIONS_INIT;

    options.ttl_ms = 100;
    options.stale_ms = 50;
    options.negative_ms = 20;
    options.tags = &of_trip;
    options.tag_count = 1;
    return options;
}

/* Only whether there is one. */
static tripsage_status ask(const char *key, source *from)
{
    tripsage_cache_load_options options = short_lived();
    tripsage_cache_value value;
    tripsage_status status = tripsage_cache_get_or_load(&value, world->cache, key, strlen(key), &options, load, from);

    ck_assert_int_eq(status == TRIPSAGE_OK, value.data != NULL);
    tripsage_cache_value_free(&value);
    return status;
}

/* The value as a kept text, NULL when there is none. */
static const char *get_or_load(const char *key, source *from)
{
    tripsage_cache_load_options options = short_lived();
    tripsage_cache_value value;
    tripsage_status status = tripsage_cache_get_or_load(&value, world->cache, key, strlen(key), &options, load, from);
    const char *text;

    if (status == TRIPSAGE_ENOTFOUND) {
        ck_assert_ptr_null(value.data);
        return NULL;
    }
    OK(status);
    text = test_format("%.*s", (int)value.size, (const char *)value.data);
    ck_assert_int_le(value.ttl_ms, 150);
    tripsage_cache_value_free(&value);
    return text;
}

START_TEST(what_is_not_there_is_loaded)
{
    source from = {.value = "first"};
    tripsage_cache_stats before, after;

    OK(tripsage_cache_get_stats(&before, world->cache));
    SAME_TEXT(get_or_load("k", &from), "first");
    from.value = "second";
    SAME_TEXT(get_or_load("k", &from), "first");
    SAME_TEXT(get("k"), "first");
    ck_assert_int_eq(from.calls, 1);
    OK(tripsage_cache_get_stats(&after, world->cache));
    ck_assert_uint_eq(after.loads - before.loads, 1);
    ck_assert_uint_eq(invalidate("trip"), 1);
    SAME_TEXT(get_or_load("k", &from), "second");
    ck_assert_int_eq(from.calls, 2);
    world_advance(150);
    SAME_TEXT(get("k"), NULL);
    from.value = "";
    SAME_TEXT(get_or_load("k", &from), "");
    SAME_TEXT(get("k"), "");
}
END_TEST

START_TEST(what_is_stale_is_loaded_and_given_if_that_fails)
{
    source from = {.value = "first"};

    SAME_TEXT(get_or_load("k", &from), "first");
    from.value = "second";
    world_advance(99);
    SAME_TEXT(get_or_load("k", &from), "first");
    world_advance(1);
    from.failure = TRIPSAGE_EUNAVAILABLE;
    SAME_TEXT(get_or_load("k", &from), "first");
    ck_assert_int_eq(from.calls, 2);
    from.failure = TRIPSAGE_OK;
    SAME_TEXT(get_or_load("k", &from), "second");
    ck_assert_int_eq(from.calls, 3);
    SAME_TEXT(get_or_load("k", &from), "second");
    ck_assert_int_eq(from.calls, 3);
    world_advance(149);
    from.failure = TRIPSAGE_EUNAVAILABLE;
    SAME_TEXT(get_or_load("k", &from), "second");
    world_advance(1);
    FAILS(TRIPSAGE_EUNAVAILABLE, ask("k", &from));
}
END_TEST

START_TEST(that_there_is_none_is_remembered)
{
    source from = {.value = NULL};
    tripsage_cache_value value;
    tripsage_cache_load_options options = TRIPSAGE_CACHE_LOAD_OPTIONS_INIT;

    FAILS(TRIPSAGE_ENOTFOUND, ask("k", &from));
    from.value = "there";
    FAILS(TRIPSAGE_ENOTFOUND, ask("k", &from));
    ck_assert_int_eq(from.calls, 1);
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_cache_get(&value, world->cache, "k", 1));
    ck_assert_ptr_null(value.data);
    world_advance(20);
    SAME_TEXT(get_or_load("k", &from), "there");
    ck_assert_int_eq(from.calls, 2);

    /* A value that is no more does not stay for being stale. */
    world_advance(100);
    from.value = NULL;
    options.ttl_ms = 100;
    options.stale_ms = 50;
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_cache_get_or_load(&value, world->cache, "k", 1, &options, load, &from));
    SAME_TEXT(get("k"), NULL);

    /* Nor is it remembered when nobody asks for that; and a set ends it. */
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_cache_get_or_load(&value, world->cache, "k", 1, &options, load, &from));
    ck_assert_int_eq(from.calls, 4);
    FAILS(TRIPSAGE_ENOTFOUND, ask("k", &from));
    OK(set("k", "set", 0));
    SAME_TEXT(get_or_load("k", &from), "set");
    ck_assert_int_eq(from.calls, 5);
}
END_TEST

START_TEST(a_failure_is_told_and_not_kept)
{
    source from = {.failure = TRIPSAGE_EUNAVAILABLE};

    FAILS(TRIPSAGE_EUNAVAILABLE, ask("k", &from));
    FAILS(TRIPSAGE_EUNAVAILABLE, ask("k", &from));
    ck_assert_int_eq(from.calls, 2);
    from = (source){.value = "x"};
    SAME_TEXT(get_or_load("k", &from), "x");
}
END_TEST

static tripsage_status ask_again(tripsage_cache_loading *loading, void *context)
{
    tripsage_cache_value value;
    tripsage_status status = tripsage_cache_get_or_load(&value, world->cache, "k", 1, NULL, ask_again, context);

    tripsage_cache_value_free(&value);
    return status == TRIPSAGE_OK ? tripsage_cache_loaded(loading, "", 0) : status;
}

static tripsage_status load_two(tripsage_cache_loading *loading, void *context)
{
    source from = {.value = "inner"};

    (void)context;
    SAME_TEXT(get_or_load("inner", &from), "inner");
    OK(tripsage_cache_loaded(loading, "thrown away", 11));
    return tripsage_cache_loaded(loading, "outer", 5);
}

static tripsage_status load_nothing(tripsage_cache_loading *loading, void *context)
{
    (void)loading, (void)context;
    return TRIPSAGE_OK;
}

START_TEST(a_loader_may_ask_for_other_keys_only)
{
    tripsage_cache_value value;

    FAILS(TRIPSAGE_EMISUSE, tripsage_cache_get_or_load(&value, world->cache, "k", 1, NULL, ask_again, NULL));
    FAILS(TRIPSAGE_EMISUSE, tripsage_cache_get_or_load(&value, world->cache, "k", 1, NULL, load_nothing, NULL));
    OK(tripsage_cache_get_or_load(&value, world->cache, "k", 1, NULL, load_two, NULL));
    tripsage_cache_value_free(&value);
    SAME_TEXT(get("k"), "outer");
    SAME_TEXT(get("inner"), "inner");
}
END_TEST

static void set_it(void)
{
    OK(set("k", "newer", 0));
}

static void delete_it(void)
{
    (void)tripsage_cache_delete(world->cache, "k", 1);
}

static void clear_it(void)
{
    OK(tripsage_cache_clear(NULL, world->cache, "k", 1));
}

static void invalidate_it(void)
{
    (void)invalidate("trip");
}

static void touch_others(void)
{
    OK(set("other", "x", 0));
    OK(tripsage_cache_clear(NULL, world->cache, "other", 5));
    (void)invalidate("other trip");
}

/* What was read before somebody changed it is given to who asked for it before, and not kept. */
START_TEST(what_changes_meanwhile_is_not_kept)
{
    void (*const changes[])(void) = {delete_it, clear_it, invalidate_it};
    source from = {.value = "older"};

    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        from.meanwhile = changes[i];
        SAME_TEXT(get_or_load("k", &from), "older");
        SAME_TEXT(get("k"), NULL);
    }
    from.meanwhile = set_it;
    SAME_TEXT(get_or_load("k", &from), "older");
    SAME_TEXT(get("k"), "newer");
    delete_it();
    from.meanwhile = touch_others;
    SAME_TEXT(get_or_load("k", &from), "older");
    SAME_TEXT(get("k"), "older");
}
END_TEST

START_TEST(loads_are_checked)
{
    tripsage_cache_load_options options = TRIPSAGE_CACHE_LOAD_OPTIONS_INIT;
    tripsage_cache_value value;
    source from = {.value = "x"};

    FAILS_AT(TRIPSAGE_EINVALID, tripsage_cache_get_or_load(&value, world->cache, "", 0, NULL, load, &from), "#key");
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_cache_get_or_load(&value, world->cache, "k", 1, NULL, NULL, NULL), "#loader");
    options.version = 7;
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_cache_get_or_load(&value, world->cache, "k", 1, &options, load, &from),
             "#options");
    options.version = 1;
    options.negative_ms = -1;
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_cache_get_or_load(&value, world->cache, "k", 1, &options, load, &from),
             "#negative_ms");
    options.negative_ms = 0;
    options.stale_ms = 1;
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_cache_get_or_load(&value, world->cache, "k", 1, &options, load, &from),
             "#stale_ms");
    ck_assert_int_eq(from.calls, 0);
}
END_TEST

/* ---- many at once ---- */

enum { THREADS = 8 };

static _Atomic int loads;

static tripsage_status load_slowly(tripsage_cache_loading *loading, void *context)
{
    (void)context;
    loads++;
    usleep(20000);
    return tripsage_cache_loaded(loading, "slow", 4);
}

static void ask_with_others(size_t index, void *context)
{
    _Atomic int *wrong = context;
    tripsage_cache_value value;

    (void)index;
    if (tripsage_cache_get_or_load(&value, world->cache, "k", 1, NULL, load_slowly, NULL) != TRIPSAGE_OK ||
        value.size != 4 || memcmp(value.data, "slow", 4) != 0)
        (*wrong)++;
    tripsage_cache_value_free(&value);
}

START_TEST(one_loads_for_all)
{
    _Atomic int wrong = 0;

    loads = 0;
    test_threads_run(THREADS, ask_with_others, &wrong);
    ck_assert_int_eq(wrong, 0);
    ck_assert_int_eq(loads, 1);
}
END_TEST

Suite *contract_cache_load(void)
{
    Suite *suite = suite_create("cache_load");
    TCase *tcase = test_case(suite, "cache_load");

    tcase_add_test(tcase, tagged_values_go_together);
    tcase_add_test(tcase, a_tag_holds_what_is_there);
    tcase_add_test(tcase, many_have_a_tag);
    tcase_add_test(tcase, puts_are_checked);
    tcase_add_test(tcase, what_is_not_there_is_loaded);
    tcase_add_test(tcase, what_is_stale_is_loaded_and_given_if_that_fails);
    tcase_add_test(tcase, that_there_is_none_is_remembered);
    tcase_add_test(tcase, a_failure_is_told_and_not_kept);
    tcase_add_test(tcase, a_loader_may_ask_for_other_keys_only);
    tcase_add_test(tcase, what_changes_meanwhile_is_not_kept);
    tcase_add_test(tcase, loads_are_checked);
    tcase_add_test(test_threads_case(suite, "cache_load"), one_loads_for_all);
    return suite;
}
