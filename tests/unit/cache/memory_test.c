/* memory_test.c: the cache in the process where it does something out of the ordinary: entries held more often than can be counted,
 * keys in order, tags and their account, walks through a table that grows and shrinks. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tripsage/cache.h>

#include "support/chance.h"

#include "../suite.h"

static tripsage_cache *open_cache(uint64_t max_bytes, uint64_t max_entries)
{
    tripsage_cache_options options = TRIPSAGE_CACHE_OPTIONS_INIT;
    tripsage_cache *cache;

    options.max_bytes = max_bytes;
    options.max_entries = max_entries;
    ck_assert_ok(tripsage_cache_open(&cache, &options, NULL));
    return cache;
}

static void set(tripsage_cache *cache, const char *key)
{
    ck_assert_ok(tripsage_cache_set(cache, key, strlen(key), key, strlen(key), 0, TRIPSAGE_CACHE_ALWAYS));
}

static int has(tripsage_cache *cache, const char *key)
{
    tripsage_cache_value value;
    int found = tripsage_cache_get(&value, cache, key, strlen(key)) == TRIPSAGE_OK;

    tripsage_cache_value_free(&value);
    return found;
}

static tripsage_cache_stats stats_of(tripsage_cache *cache)
{
    tripsage_cache_stats stats;

    ck_assert_ok(tripsage_cache_get_stats(&stats, cache));
    return stats;
}

START_TEST(who_looks_at_what_is_held_too_often_gets_a_copy)
{
    enum { HOLDS = 70000 };
    static tripsage_cache_value values[HOLDS];
    tripsage_cache *cache = open_cache(0, 0);

    set(cache, "held");
    for (int i = 0; i < HOLDS; i++)
        ck_assert_ok(tripsage_cache_get(&values[i], cache, "held", 4));
    ck_assert_ptr_eq(values[0].data, values[1].data);
    ck_assert_ptr_ne(values[0].data, values[HOLDS - 1].data);
    ck_assert_ok(tripsage_cache_delete(cache, "held", 4));
    tripsage_cache_close(cache);
    for (int i = 0; i < HOLDS; i++) {
        ck_assert_uint_eq(values[i].size, 4);
        ck_assert_str_eq(values[i].data, "held");
        tripsage_cache_value_free(&values[i]);
    }
}
END_TEST

/* ---- keys in order ---- */

enum { LETTERS = 3, LENGTH = 4, KEYS = 3 + 9 + 27 + 81 };

/* All words of up to four of three letters. */
static void nth_key(char out[LENGTH + 1], unsigned n)
{
    unsigned count = LETTERS, length = 1;

    for (; n >= count; count *= LETTERS, length++)
        n -= count;
    for (unsigned i = 0; i < length; i++, n /= LETTERS)
        out[i] = (char)('a' + n % LETTERS);
    out[length] = 0;
}

START_TEST(clearing_by_prefix_drops_what_has_it)
{
    tripsage_cache *cache = open_cache(0, 0);
    int there[KEYS] = {0};
    char key[LENGTH + 1], prefix[LENGTH + 1];
    uint64_t seed = 11;

    for (int round = 0; round < 20000; round++) {
        unsigned n = (unsigned)test_draw(&seed, KEYS);

        nth_key(key, n);
        switch (test_draw(&seed, 40)) {
        case 0: {
            uint64_t cleared, expected = 0;

            nth_key(prefix, (unsigned)test_draw(&seed, KEYS));
            for (unsigned i = 0; i < KEYS; i++) {
                nth_key(key, i);
                if (there[i] && strncmp(key, prefix, strlen(prefix)) == 0) {
                    there[i] = 0;
                    expected++;
                }
            }
            ck_assert_ok(tripsage_cache_clear(&cleared, cache, prefix, strlen(prefix)));
            ck_assert_uint_eq(cleared, expected);
            break;
        }
        case 1: /* the order is made again after this */
            ck_assert_ok(tripsage_cache_clear(NULL, cache, NULL, 0));
            memset(there, 0, sizeof there);
            break;
        case 2:
        case 3:
        case 4:
            ck_assert_int_eq(tripsage_cache_delete(cache, key, strlen(key)),
                             there[n] ? TRIPSAGE_OK : TRIPSAGE_ENOTFOUND);
            there[n] = 0;
            break;
        default:
            set(cache, key);
            there[n] = 1;
        }
    }
    for (unsigned i = 0; i < KEYS; i++) {
        nth_key(key, i);
        ck_assert_int_eq(has(cache, key), there[i]);
    }
    tripsage_cache_close(cache);
}
END_TEST

START_TEST(keys_in_order_and_tags_stay_within_the_bytes)
{
    enum { BOUND = 300000 };
    tripsage_cache *cache = open_cache(BOUND, 0);
    tripsage_cache_put_options options = TRIPSAGE_CACHE_PUT_OPTIONS_INIT;
    tripsage_cache_tag tag;
    char key[40], name[40];
    uint64_t empty = stats_of(cache).bytes;

    set(cache, "x");
    ck_assert_ok(tripsage_cache_clear(NULL, cache, "x", 1));
    options.tags = &tag;
    options.tag_count = 1;
    for (int i = 0; i < 20000; i++) {
        int n = snprintf(key, sizeof key, "key %d", i);

        tag = (tripsage_cache_tag){name, (size_t)snprintf(name, sizeof name, "tag %d", i / 3)};
        ck_assert_ok(tripsage_cache_put(cache, key, (size_t)n, key, (size_t)n, &options));
        if (i % 1000 == 0)
            ck_assert_uint_le(stats_of(cache).bytes, BOUND);
    }
    ck_assert_uint_gt(stats_of(cache).evicted, 1000);
    ck_assert_uint_eq(stats_of(cache).evicted_for_entries, 0);
    ck_assert_uint_gt(stats_of(cache).bytes, BOUND / 2);
    ck_assert_ok(tripsage_cache_clear(NULL, cache, "key", 3));
    ck_assert_uint_eq(stats_of(cache).entries, 0);
    /* What stays is the table and what the policy remembers. */
    ck_assert_uint_le(stats_of(cache).bytes, empty + 40000);
    tripsage_cache_close(cache);
}
END_TEST

START_TEST(a_bound_of_entries_is_told_apart)
{
    tripsage_cache *cache = open_cache(0, 10);
    char key[16];

    for (int i = 0; i < 100; i++) {
        snprintf(key, sizeof key, "%d", i);
        set(cache, key);
    }
    ck_assert_uint_eq(stats_of(cache).evicted, 90);
    ck_assert_uint_eq(stats_of(cache).evicted_for_entries, 90);
    tripsage_cache_close(cache);
}
END_TEST

/* ---- walks ---- */

/* One step of SCAN: marks what it names "seen N", and gives the cursor to go on from. */
static void scan_step(tripsage_cache *cache, char cursor[32], int *seen, int count)
{
    const tripsage_cache_argument words[] = {{"SCAN", 4}, {cursor, strlen(cursor)}, {"COUNT", 5}, {"20", 2}};
    tripsage_cache_reply *reply;

    ck_assert_ok(tripsage_cache_command(&reply, cache, words, 4));
    ck_assert_int_eq(reply->type, TRIPSAGE_CACHE_ARRAY);
    snprintf(cursor, 32, "%s", reply->items[0].data);
    for (size_t i = 0; i < reply->items[1].count; i++) {
        const char *name = reply->items[1].items[i].data;
        int n = strncmp(name, "stays ", 6) == 0 ? atoi(name + 6) : count;

        if (n < count)
            seen[n] = 1;
    }
    tripsage_cache_reply_free(reply);
}

/* What is there from the first step to the last is named, however the table grows and shrinks in between. */
START_TEST(walks_name_what_stays)
{
    enum { STAYING = 3000 };
    static int seen[STAYING];
    tripsage_cache *cache = open_cache(0, 0);
    char key[40], cursor[32] = "0";
    int others = 0;

    for (int i = 0; i < STAYING; i++) {
        snprintf(key, sizeof key, "stays %d", i);
        set(cache, key);
    }
    do {
        scan_step(cache, cursor, seen, STAYING);
        for (int i = 0; i < 100; i++) {
            snprintf(key, sizeof key, "other %d", others++);
            set(cache, key);
        }
        if (others % 3000 == 0)
            ck_assert_ok(tripsage_cache_clear(NULL, cache, "other", 5));
    } while (strcmp(cursor, "0") != 0);
    for (int i = 0; i < STAYING; i++)
        ck_assert_msg(seen[i], "%d was not named", i);
    tripsage_cache_close(cache);
}
END_TEST

SUITE_MAIN("cache/memory", who_looks_at_what_is_held_too_often_gets_a_copy, clearing_by_prefix_drops_what_has_it,
           keys_in_order_and_tags_stay_within_the_bytes, a_bound_of_entries_is_told_apart, walks_name_what_stays)
