/* contract/cache.c: a bounded cache: what it keeps, until when, and what it may drop. The bounds are the suite "cache_bounds", since a server
 * has its own. */
#include "../contract.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/commands.h"

static tripsage_status set(const char *key, const char *value, int64_t ttl_ms, tripsage_cache_when when)
{
    return tripsage_cache_set(world->cache, key, strlen(key), value, strlen(value), ttl_ms, when);
}

static const char *get(const char *key)
{
    return test_cached(world->cache, key);
}

static int64_t ttl(const char *key)
{
    tripsage_cache_value value;
    int64_t left;

    OK(tripsage_cache_get(&value, world->cache, key, strlen(key)));
    left = value.ttl_ms;
    tripsage_cache_value_free(&value);
    return left;
}

START_TEST(keeps_and_replaces)
{
    OK(set("a", "one", 0, TRIPSAGE_CACHE_ALWAYS));
    SAME_TEXT(get("a"), "one");
    OK(set("a", "two", 0, TRIPSAGE_CACHE_ALWAYS));
    SAME_TEXT(get("a"), "two");
    OK(set("a", "", 0, TRIPSAGE_CACHE_ALWAYS));
    SAME_TEXT(get("a"), "");
    SAME_TEXT(get("b"), NULL);
    OK(tripsage_cache_delete(world->cache, "a", 1));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_cache_delete(world->cache, "a", 1));
    SAME_TEXT(get("a"), NULL);
}
END_TEST

START_TEST(keys_and_values_are_bytes)
{
    tripsage_cache_value value;

    OK(tripsage_cache_set(world->cache, "k\0a", 3, "v\0\xff", 3, 0, TRIPSAGE_CACHE_ALWAYS));
    OK(tripsage_cache_set(world->cache, "k\0b", 3, "w", 1, 0, TRIPSAGE_CACHE_ALWAYS));
    OK(tripsage_cache_get(&value, world->cache, "k\0a", 3));
    ck_assert_uint_eq(value.size, 3);
    ck_assert_int_eq(memcmp(value.data, "v\0\xff", 4), 0);
    tripsage_cache_value_free(&value);
    SAME_TEXT(get("k"), NULL);
}
END_TEST

START_TEST(a_value_stays_while_it_is_held)
{
    tripsage_cache_value value;

    OK(set("a", "held", 10, TRIPSAGE_CACHE_ALWAYS));
    OK(tripsage_cache_get(&value, world->cache, "a", 1));
    OK(set("a", "other", 0, TRIPSAGE_CACHE_ALWAYS));
    OK(tripsage_cache_delete(world->cache, "a", 1));
    world_advance(TEST_HOUR);
    ck_assert_int_eq(memcmp(value.data, "held", 5), 0);
    tripsage_cache_value_free(&value);
}
END_TEST

static tripsage_cache *cache_of(uint64_t max_bytes, uint64_t max_entries)
{
    tripsage_cache *cache = NULL;
    tripsage_cache_options options = world->cache_options;
    tripsage_runtime runtime = test_chance_runtime(&world->chance);

    options.max_bytes = max_bytes;
    options.max_entries = max_entries;
    OK(tripsage_cache_open(&cache, &options, &runtime));
    return cache;
}

/* Gone, exactly, from the millisecond its life ends. */
START_TEST(ends_with_its_time)
{
    OK(set("a", "x", 100, TRIPSAGE_CACHE_ALWAYS));
    ck_assert_int_eq(ttl("a"), 100);
    world_advance(99);
    SAME_TEXT(get("a"), "x");
    ck_assert_int_eq(ttl("a"), 1);
    world_advance(1);
    SAME_TEXT(get("a"), NULL);
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_cache_delete(world->cache, "a", 1));
    OK(set("b", "x", 0, TRIPSAGE_CACHE_ALWAYS));
    ck_assert_int_eq(ttl("b"), -1);
    world_advance(365 * TEST_DAY);
    SAME_TEXT(get("b"), "x");
}
END_TEST

START_TEST(a_new_life_is_given)
{
    OK(set("a", "x", 100, TRIPSAGE_CACHE_ALWAYS));
    OK(tripsage_cache_expire(world->cache, "a", 1, 500));
    world_advance(499);
    SAME_TEXT(get("a"), "x");
    OK(tripsage_cache_expire(world->cache, "a", 1, 0));
    ck_assert_int_eq(ttl("a"), -1);
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_cache_expire(world->cache, "b", 1, 100));
    OK(set("c", "x", 1, TRIPSAGE_CACHE_ALWAYS));
    world_advance(1);
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_cache_expire(world->cache, "c", 1, 100));
    FAILS(TRIPSAGE_EINVALID, tripsage_cache_expire(world->cache, "a", 1, -1));
}
END_TEST

START_TEST(stores_on_condition)
{
    FAILS(TRIPSAGE_ECONFLICT, set("a", "x", 0, TRIPSAGE_CACHE_IF_PRESENT));
    SAME_TEXT(get("a"), NULL);
    OK(set("a", "x", 100, TRIPSAGE_CACHE_IF_ABSENT));
    FAILS(TRIPSAGE_ECONFLICT, set("a", "y", 0, TRIPSAGE_CACHE_IF_ABSENT));
    SAME_TEXT(get("a"), "x");
    ck_assert_int_eq(ttl("a"), 100);
    OK(set("a", "z", 0, TRIPSAGE_CACHE_IF_PRESENT));
    SAME_TEXT(get("a"), "z");
    OK(set("b", "x", 1, TRIPSAGE_CACHE_ALWAYS));
    world_advance(1);
    FAILS(TRIPSAGE_ECONFLICT, set("b", "y", 0, TRIPSAGE_CACHE_IF_PRESENT));
    OK(set("b", "y", 0, TRIPSAGE_CACHE_IF_ABSENT));
}
END_TEST

START_TEST(has_limits)
{
    const char *longest_key = test_repeat("k", TRIPSAGE_CACHE_KEY_MAX);
    char *big = test_keep(calloc(1, TRIPSAGE_CACHE_VALUE_MAX + 1));
    tripsage_cache *large = cache_of(128 * 1024 * 1024, 0);

    OK(set(longest_key, "x", 0, TRIPSAGE_CACHE_ALWAYS));
    SAME_TEXT(get(longest_key), "x");
    FAILS(TRIPSAGE_EINVALID, set(test_format("%sk", longest_key), "x", 0, TRIPSAGE_CACHE_ALWAYS));
    FAILS(TRIPSAGE_EINVALID, tripsage_cache_set(world->cache, "", 0, "x", 1, 0, TRIPSAGE_CACHE_ALWAYS));
    FAILS(TRIPSAGE_EINVALID, set("a", "x", -1, TRIPSAGE_CACHE_ALWAYS));
    FAILS(TRIPSAGE_EINVALID,
          tripsage_cache_set(world->cache, "a", 1, big, TRIPSAGE_CACHE_VALUE_MAX + 1, 0, TRIPSAGE_CACHE_ALWAYS));
    SAME_TEXT(get("a"), NULL);
    /* In a cache of the default size the largest value leaves room for its key and bookkeeping. */
    OK(tripsage_cache_set(world->cache, "a", 1, big, TRIPSAGE_CACHE_VALUE_MAX - 1024, 0, TRIPSAGE_CACHE_ALWAYS));
    OK(tripsage_cache_set(large, "a", 1, big, TRIPSAGE_CACHE_VALUE_MAX, 0, TRIPSAGE_CACHE_ALWAYS));
    tripsage_cache_close(large);
}
END_TEST

START_TEST(counts)
{
    int64_t sum = 0;

    OK(tripsage_cache_increment(&sum, world->cache, "n", 1, 5, 100));
    ck_assert_int_eq(sum, 5);
    SAME_TEXT(get("n"), "5");
    world_advance(40);
    OK(tripsage_cache_increment(&sum, world->cache, "n", 1, -7, 900));
    ck_assert_int_eq(sum, -2);
    ck_assert_int_eq(ttl("n"), 60);
    world_advance(60);
    OK(tripsage_cache_increment(&sum, world->cache, "n", 1, 1, 0));
    ck_assert_int_eq(sum, 1);
    ck_assert_int_eq(ttl("n"), -1);
    OK(set("t", "9223372036854775807", 0, TRIPSAGE_CACHE_ALWAYS));
    FAILS(TRIPSAGE_EINVALID, tripsage_cache_increment(&sum, world->cache, "t", 1, 1, 0));
    SAME_TEXT(get("t"), "9223372036854775807");
    OK(set("t", "-9223372036854775808", 0, TRIPSAGE_CACHE_ALWAYS));
    FAILS(TRIPSAGE_EINVALID, tripsage_cache_increment(&sum, world->cache, "t", 1, -1, 0));
    OK(set("t", "12x", 0, TRIPSAGE_CACHE_ALWAYS));
    FAILS(TRIPSAGE_EINVALID, tripsage_cache_increment(&sum, world->cache, "t", 1, 1, 0));
    OK(set("t", "", 0, TRIPSAGE_CACHE_ALWAYS));
    FAILS(TRIPSAGE_EINVALID, tripsage_cache_increment(&sum, world->cache, "t", 1, 1, 0));
}
END_TEST

START_TEST(clears_by_prefix)
{
    uint64_t count = 0;

    OK(set("trip:1", "x", 0, TRIPSAGE_CACHE_ALWAYS));
    OK(set("trip:2", "x", 0, TRIPSAGE_CACHE_ALWAYS));
    OK(set("user:1", "x", 0, TRIPSAGE_CACHE_ALWAYS));
    OK(tripsage_cache_clear(&count, world->cache, "trip:", 5));
    ck_assert_uint_eq(count, 2);
    SAME_TEXT(get("trip:1"), NULL);
    SAME_TEXT(get("user:1"), "x");
    OK(tripsage_cache_clear(&count, world->cache, "", 0));
    SAME_TEXT(get("user:1"), NULL);
    /* A prefix is bytes, and not a pattern. */
    OK(set("a*[b]?\\:1", "x", 0, TRIPSAGE_CACHE_ALWAYS));
    OK(set("axxb?\\:1", "x", 0, TRIPSAGE_CACHE_ALWAYS));
    OK(set("abc", "x", 0, TRIPSAGE_CACHE_ALWAYS));
    OK(tripsage_cache_set(world->cache, "a\0b", 3, "x", 1, 0, TRIPSAGE_CACHE_ALWAYS));
    OK(tripsage_cache_clear(&count, world->cache, "a*[b]?\\", 7));
    ck_assert_uint_eq(count, 1);
    OK(tripsage_cache_clear(&count, world->cache, "a\0", 2));
    ck_assert_uint_eq(count, 1);
    OK(tripsage_cache_clear(&count, world->cache, "a*", 2));
    ck_assert_uint_eq(count, 0);
    SAME_TEXT(get("abc"), "x");
}
END_TEST

/* ---- bounds ---- */

START_TEST(stays_within_its_bytes)
{
    enum { LIMIT = 256 * 1024 };
    tripsage_cache *cache = cache_of(LIMIT, 0);
    tripsage_cache_stats stats;
    char value[100] = {0};

    for (int i = 0; i < 20000; i++) {
        const char *key = test_format("key-%d", i);
        OK(tripsage_cache_set(cache, key, strlen(key), value, sizeof value, 0, TRIPSAGE_CACHE_ALWAYS));
        if (i % 500 == 0) {
            OK(tripsage_cache_get_stats(&stats, cache));
            ck_assert_uint_le(stats.bytes, LIMIT);
        }
    }
    OK(tripsage_cache_get_stats(&stats, cache));
    ck_assert_uint_gt(stats.entries, 500);
    ck_assert_uint_eq(stats.entries + stats.evicted, 20000);
    tripsage_cache_close(cache);
}
END_TEST

START_TEST(stays_within_its_entries)
{
    tripsage_cache *cache = cache_of(0, 100);
    tripsage_cache_stats stats;

    for (int i = 0; i < 1000; i++) {
        const char *key = test_format("key-%d", i);
        OK(tripsage_cache_set(cache, key, strlen(key), "x", 1, 0, TRIPSAGE_CACHE_ALWAYS));
    }
    OK(tripsage_cache_get_stats(&stats, cache));
    ck_assert_uint_le(stats.entries, 100);
    ck_assert_uint_ge(stats.entries, 50);
    tripsage_cache_close(cache);
}
END_TEST

START_TEST(keeps_account_of_itself)
{
    tripsage_cache *cache = cache_of(0, 0);
    tripsage_cache_stats stats;
    tripsage_cache_value value;

    OK(tripsage_cache_set(cache, "a", 1, "x", 1, 100, TRIPSAGE_CACHE_ALWAYS));
    OK(tripsage_cache_set(cache, "b", 1, "x", 1, 0, TRIPSAGE_CACHE_ALWAYS));
    OK(tripsage_cache_get(&value, cache, "a", 1));
    tripsage_cache_value_free(&value);
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_cache_get(&value, cache, "c", 1));
    OK(tripsage_cache_delete(cache, "b", 1));
    world_advance(100);
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_cache_get(&value, cache, "a", 1));
    OK(tripsage_cache_get_stats(&stats, cache));
    ck_assert_uint_eq(stats.hits, 1);
    ck_assert_uint_eq(stats.misses, 2);
    ck_assert_uint_eq(stats.sets, 2);
    ck_assert_uint_eq(stats.deletes, 1);
    ck_assert_uint_eq(stats.expired, 1);
    ck_assert_uint_eq(stats.entries, 0);
    tripsage_cache_close(cache);
}
END_TEST

START_TEST(a_cache_without_room_is_refused)
{
    tripsage_cache *cache = NULL;
    tripsage_cache_options options = TRIPSAGE_CACHE_OPTIONS_INIT;

    options.max_bytes = 1;
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_cache_open(&cache, &options, NULL), "#max_bytes");
    ck_assert_ptr_null(cache);
    tripsage_cache_close(NULL);
}
END_TEST

/* ---- many at once ---- */

enum { THREADS = 8, ROUNDS = 3000 };

static void hammer(size_t index, void *context)
{
    _Atomic int *wrong = context;
    uint64_t seed = index;

    for (int i = 0; i < ROUNDS; i++) {
        char key[16];
        tripsage_cache_value value;
        int64_t sum = 0;
        uint64_t choice = test_draw(&seed, 64);

        snprintf(key, sizeof key, "k%02d", (int)choice);
        if (tripsage_cache_increment(&sum, world->cache, "shared", 6, 1, 0) != TRIPSAGE_OK)
            (*wrong)++;
        if (i % 3 == 0 && tripsage_cache_set(world->cache, key, 3, key, 3, 0, TRIPSAGE_CACHE_ALWAYS) != TRIPSAGE_OK)
            (*wrong)++;
        if (tripsage_cache_get(&value, world->cache, key, 3) == TRIPSAGE_OK) {
            if (value.size != 3 || memcmp(value.data, key, 3) != 0)
                (*wrong)++;
            tripsage_cache_value_free(&value);
        }
        if (i % 7 == 0)
            (void)tripsage_cache_delete(world->cache, key, 3);
    }
}

START_TEST(many_threads_share_it)
{
    _Atomic int wrong = 0;

    test_threads_run(THREADS, hammer, &wrong);
    ck_assert_int_eq(wrong, 0);
    SAME_TEXT(get("shared"), test_format("%d", THREADS * ROUNDS));
}
END_TEST

Suite *contract_cache(void)
{
    Suite *suite = suite_create("cache");
    TCase *tcase = test_case(suite, "cache");

    tcase_add_test(tcase, keeps_and_replaces);
    tcase_add_test(tcase, keys_and_values_are_bytes);
    tcase_add_test(tcase, a_value_stays_while_it_is_held);
    tcase_add_test(tcase, ends_with_its_time);
    tcase_add_test(tcase, a_new_life_is_given);
    tcase_add_test(tcase, stores_on_condition);
    tcase_add_test(tcase, has_limits);
    tcase_add_test(tcase, counts);
    tcase_add_test(tcase, clears_by_prefix);
    tcase_add_test(tcase, keeps_account_of_itself);
    tcase_add_test(test_threads_case(suite, "cache"), many_threads_share_it);
    return suite;
}

Suite *contract_cache_bounds(void)
{
    Suite *suite = suite_create("cache_bounds");
    TCase *tcase = test_case(suite, "cache_bounds");

    tcase_add_test(tcase, stays_within_its_bytes);
    tcase_add_test(tcase, stays_within_its_entries);
    tcase_add_test(tcase, a_cache_without_room_is_refused);
    return suite;
}
