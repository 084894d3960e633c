/* cache_test.c: the cache through its public calls: what is stored comes back, lives exactly as long as it should, and the bounds
 * hold; under one thread with a clock of our own, and under eight. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tripsage/cache.h>

#include "../suite.h"

static _Atomic int64_t clock_ms;

static int64_t read_clock(void *user)
{
    (void)user;
    return clock_ms;
}

static tripsage_cache *open_cache(uint64_t max_bytes, uint64_t max_entries)
{
    tripsage_cache_options options = TRIPSAGE_CACHE_OPTIONS_INIT;
    tripsage_runtime runtime = TRIPSAGE_RUNTIME_INIT;
    tripsage_cache *cache;

    clock_ms = 1000000;
    runtime.now_ms = read_clock;
    options.max_bytes = max_bytes;
    options.max_entries = max_entries;
    ck_assert_int_eq(tripsage_cache_open(&cache, &options, &runtime), TRIPSAGE_OK);
    return cache;
}

static tripsage_status set(tripsage_cache *cache, const char *key, const char *value, int64_t ttl_ms)
{
    return tripsage_cache_set(cache, key, strlen(key), value, strlen(value), ttl_ms, TRIPSAGE_CACHE_ALWAYS);
}

static int holds(tripsage_cache *cache, const char *key, const char *value)
{
    tripsage_cache_value found;
    int same;

    if (tripsage_cache_get(&found, cache, key, strlen(key)) != TRIPSAGE_OK)
        return 0;
    same = found.size == strlen(value) && strcmp(found.data, value) == 0;
    tripsage_cache_value_free(&found);
    return same;
}

static int has(tripsage_cache *cache, const char *key)
{
    tripsage_cache_value found;
    tripsage_status status = tripsage_cache_get(&found, cache, key, strlen(key));

    tripsage_cache_value_free(&found);
    return status == TRIPSAGE_OK;
}

static tripsage_cache_stats stats_of(tripsage_cache *cache)
{
    tripsage_cache_stats stats;

    ck_assert_int_eq(tripsage_cache_get_stats(&stats, cache), TRIPSAGE_OK);
    return stats;
}

START_TEST(gives_back_what_was_stored)
{
    tripsage_cache *cache = open_cache(0, 0);
    static const char bytes[] = {'a', 0, 'b', 0};
    tripsage_cache_value found;

    ck_assert_int_eq(tripsage_cache_set(cache, bytes, 4, bytes, 4, 0, TRIPSAGE_CACHE_ALWAYS), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage_cache_set(cache, bytes, 2, "", 0, 0, TRIPSAGE_CACHE_ALWAYS), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage_cache_get(&found, cache, bytes, 4), TRIPSAGE_OK);
    ck_assert_uint_eq(found.size, 4);
    ck_assert_int_eq(memcmp(found.data, bytes, 4), 0);
    ck_assert_int_eq(((const char *)found.data)[4], 0);
    ck_assert_int_eq(found.ttl_ms, -1);
    tripsage_cache_value_free(&found);
    tripsage_cache_value_free(&found);
    ck_assert_int_eq(tripsage_cache_get(&found, cache, bytes, 2), TRIPSAGE_OK);
    ck_assert_uint_eq(found.size, 0);
    tripsage_cache_value_free(&found);
    ck_assert_int_eq(tripsage_cache_get(&found, cache, bytes, 1), TRIPSAGE_ENOTFOUND);
    ck_assert_ptr_null(found.data);
    tripsage_cache_close(cache);
}
END_TEST

START_TEST(a_value_outlives_its_entry_and_its_cache)
{
    tripsage_cache *cache = open_cache(0, 0);
    tripsage_cache_value kept;

    ck_assert_int_eq(set(cache, "k", "first", 0), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage_cache_get(&kept, cache, "k", 1), TRIPSAGE_OK);
    ck_assert_int_eq(set(cache, "k", "second", 0), TRIPSAGE_OK);
    ck_assert_int_eq(holds(cache, "k", "second"), 1);
    ck_assert_int_eq(tripsage_cache_delete(cache, "k", 1), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage_cache_delete(cache, "k", 1), TRIPSAGE_ENOTFOUND);
    tripsage_cache_close(cache);
    ck_assert_str_eq(kept.data, "first");
    tripsage_cache_value_free(&kept);
}
END_TEST

START_TEST(a_value_may_hold_a_struct)
{
    tripsage_cache *cache = open_cache(0, 0);
    tripsage_cache_value found;
    long double record = 1.5L;

    ck_assert_int_eq(tripsage_cache_set(cache, "s", 1, &record, sizeof record, 0, TRIPSAGE_CACHE_ALWAYS), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage_cache_get(&found, cache, "s", 1), TRIPSAGE_OK);
    ck_assert_uint_eq((uintptr_t)found.data % _Alignof(max_align_t), 0);
    tripsage_cache_value_free(&found);
    tripsage_cache_close(cache);
}
END_TEST

START_TEST(lives_exactly_as_long_as_it_should)
{
    tripsage_cache *cache = open_cache(0, 0);
    tripsage_cache_value found;

    ck_assert_int_eq(set(cache, "k", "v", 100), TRIPSAGE_OK);
    clock_ms += 99;
    ck_assert_int_eq(tripsage_cache_get(&found, cache, "k", 1), TRIPSAGE_OK);
    ck_assert_int_eq(found.ttl_ms, 1);
    tripsage_cache_value_free(&found);
    clock_ms += 1;
    ck_assert_int_eq(has(cache, "k"), 0);
    ck_assert_uint_eq(stats_of(cache).expired, 1);
    ck_assert_uint_eq(stats_of(cache).entries, 0);

    ck_assert_int_eq(set(cache, "forever", "v", INT64_MAX), TRIPSAGE_OK);
    clock_ms = INT64_MAX - 1;
    ck_assert_int_eq(has(cache, "forever"), 1);
    tripsage_cache_close(cache);
}
END_TEST

/* A program's clock may stand where it likes. */
START_TEST(lives_as_long_before_1970)
{
    tripsage_cache *cache = open_cache(0, 0);
    tripsage_cache_value found;

    clock_ms = -1000;
    ck_assert_int_eq(set(cache, "k", "v", 100), TRIPSAGE_OK);
    ck_assert_int_eq(set(cache, "long", "v", INT64_MAX), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage_cache_get(&found, cache, "k", 1), TRIPSAGE_OK);
    ck_assert_int_eq(found.ttl_ms, 100);
    tripsage_cache_value_free(&found);
    clock_ms += 100;
    ck_assert_int_eq(has(cache, "k"), 0);
    ck_assert_int_eq(has(cache, "long"), 1);
    tripsage_cache_close(cache);
}
END_TEST

START_TEST(what_has_ended_is_absent_to_every_call)
{
    tripsage_cache *cache = open_cache(0, 0);
    int64_t sum;
    uint64_t cleared;

    ck_assert_int_eq(set(cache, "a", "1", 10), TRIPSAGE_OK);
    ck_assert_int_eq(set(cache, "b", "1", 10), TRIPSAGE_OK);
    ck_assert_int_eq(set(cache, "c", "7", 10), TRIPSAGE_OK);
    ck_assert_int_eq(set(cache, "d", "1", 10), TRIPSAGE_OK);
    ck_assert_int_eq(set(cache, "e", "1", 10), TRIPSAGE_OK);
    clock_ms += 10;
    ck_assert_int_eq(tripsage_cache_delete(cache, "a", 1), TRIPSAGE_ENOTFOUND);
    ck_assert_int_eq(tripsage_cache_expire(cache, "b", 1, 5), TRIPSAGE_ENOTFOUND);
    ck_assert_int_eq(tripsage_cache_increment(&sum, cache, "c", 1, 1, 0), TRIPSAGE_OK);
    ck_assert_int_eq(sum, 1);
    ck_assert_int_eq(tripsage_cache_set(cache, "d", 1, "2", 1, 0, TRIPSAGE_CACHE_IF_PRESENT), TRIPSAGE_ECONFLICT);
    ck_assert_int_eq(tripsage_cache_set(cache, "d", 1, "2", 1, 0, TRIPSAGE_CACHE_IF_ABSENT), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage_cache_clear(&cleared, cache, "", 0), TRIPSAGE_OK);
    ck_assert_uint_eq(cleared, 2);
    ck_assert_uint_eq(stats_of(cache).expired, 5);
    tripsage_cache_close(cache);
}
END_TEST

START_TEST(expire_gives_a_new_life)
{
    tripsage_cache *cache = open_cache(0, 0);

    ck_assert_int_eq(set(cache, "k", "v", 10), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage_cache_expire(cache, "k", 1, 50), TRIPSAGE_OK);
    clock_ms += 49;
    ck_assert_int_eq(has(cache, "k"), 1);
    ck_assert_int_eq(tripsage_cache_expire(cache, "k", 1, 0), TRIPSAGE_OK);
    clock_ms += 1000000;
    ck_assert_int_eq(has(cache, "k"), 1);
    ck_assert_int_eq(tripsage_cache_expire(cache, "k", 1, -1), TRIPSAGE_EINVALID);
    ck_assert_int_eq(tripsage_cache_expire(cache, "none", 4, 1), TRIPSAGE_ENOTFOUND);
    tripsage_cache_close(cache);
}
END_TEST

START_TEST(stores_only_when_it_should)
{
    tripsage_cache *cache = open_cache(0, 0);

    ck_assert_int_eq(tripsage_cache_set(cache, "k", 1, "x", 1, 0, TRIPSAGE_CACHE_IF_PRESENT), TRIPSAGE_ECONFLICT);
    ck_assert_int_eq(has(cache, "k"), 0);
    ck_assert_int_eq(tripsage_cache_set(cache, "k", 1, "a", 1, 0, TRIPSAGE_CACHE_IF_ABSENT), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage_cache_set(cache, "k", 1, "b", 1, 0, TRIPSAGE_CACHE_IF_ABSENT), TRIPSAGE_ECONFLICT);
    ck_assert_int_eq(holds(cache, "k", "a"), 1);
    ck_assert_int_eq(tripsage_cache_set(cache, "k", 1, "c", 1, 0, TRIPSAGE_CACHE_IF_PRESENT), TRIPSAGE_OK);
    ck_assert_int_eq(holds(cache, "k", "c"), 1);
    tripsage_cache_close(cache);
}
END_TEST

START_TEST(refuses_what_it_cannot_hold)
{
    tripsage_cache *cache = open_cache(0, 0);
    tripsage_cache_options options = TRIPSAGE_CACHE_OPTIONS_INIT;
    tripsage_cache_value found;
    char *large = calloc(1, TRIPSAGE_CACHE_VALUE_MAX + 1);

    ck_assert_int_eq(tripsage_cache_set(cache, "", 0, "v", 1, 0, TRIPSAGE_CACHE_ALWAYS), TRIPSAGE_EINVALID);
    ck_assert_str_eq(tripsage_last_error()->fields[0].pointer, "#key");
    ck_assert_int_eq(tripsage_cache_set(cache, large, TRIPSAGE_CACHE_KEY_MAX, "v", 1, 0, TRIPSAGE_CACHE_ALWAYS),
                     TRIPSAGE_OK);
    ck_assert_int_eq(tripsage_cache_set(cache, large, TRIPSAGE_CACHE_KEY_MAX + 1, "v", 1, 0, TRIPSAGE_CACHE_ALWAYS),
                     TRIPSAGE_EINVALID);
    ck_assert_int_eq(tripsage_cache_set(cache, "k", 1, large, TRIPSAGE_CACHE_VALUE_MAX + 1, 0, TRIPSAGE_CACHE_ALWAYS),
                     TRIPSAGE_EINVALID);
    ck_assert_str_eq(tripsage_last_error()->fields[0].pointer, "#value");
    ck_assert_int_eq(tripsage_cache_set(cache, "k", 1, NULL, 1, 0, TRIPSAGE_CACHE_ALWAYS), TRIPSAGE_EINVALID);
    ck_assert_int_eq(tripsage_cache_set(cache, "k", 1, "v", 1, -1, TRIPSAGE_CACHE_ALWAYS), TRIPSAGE_EINVALID);
    ck_assert_str_eq(tripsage_last_error()->fields[0].pointer, "#ttl_ms");
    ck_assert_int_eq(tripsage_cache_set(cache, "k", 1, "v", 1, 0, (tripsage_cache_when)3), TRIPSAGE_EINVALID);
    ck_assert_str_eq(tripsage_last_error()->fields[0].pointer, "#when");
    ck_assert_int_eq(tripsage_cache_get(&found, cache, "", 0), TRIPSAGE_EINVALID);
    ck_assert_int_eq(tripsage_cache_clear(NULL, cache, NULL, 1), TRIPSAGE_EINVALID);
    ck_assert_int_eq(has(cache, "k"), 0);
    tripsage_cache_close(cache);

    options.version = 2;
    ck_assert_int_eq(tripsage_cache_open(&cache, &options, NULL), TRIPSAGE_EINVALID);
    ck_assert_ptr_null(cache);
    options.version = 1;
    options.max_bytes = 100;
    ck_assert_int_eq(tripsage_cache_open(&cache, &options, NULL), TRIPSAGE_EINVALID);
    ck_assert_ptr_null(cache);
    tripsage_cache_close(NULL);
    tripsage_cache_value_free(NULL);
    free(large);
}
END_TEST

START_TEST(the_largest_value_fits_the_default_cache)
{
    tripsage_cache *cache = open_cache(0, 0);
    size_t size = TRIPSAGE_CACHE_VALUE_MAX - 2048; /* an eighth of 64 MiB with its key */
    char *large = malloc(size);
    char key[32];

    memset(large, 'x', size);
    for (int i = 0; i < 20; i++) {
        snprintf(key, sizeof key, "large %d", i);
        ck_assert_int_eq(tripsage_cache_set(cache, key, strlen(key), large, size, 0, TRIPSAGE_CACHE_ALWAYS),
                         TRIPSAGE_OK);
        ck_assert_int_eq(has(cache, key), 1);
        ck_assert_uint_le(stats_of(cache).bytes, 64u * 1024 * 1024);
    }
    ck_assert_uint_ge(stats_of(cache).entries, 6);
    free(large);
    tripsage_cache_close(cache);
}
END_TEST

START_TEST(counts)
{
    tripsage_cache *cache = open_cache(0, 0);
    tripsage_cache_value found;
    int64_t sum;

    ck_assert_int_eq(tripsage_cache_increment(&sum, cache, "n", 1, 5, 100), TRIPSAGE_OK);
    ck_assert_int_eq(sum, 5);
    clock_ms += 60;
    ck_assert_int_eq(tripsage_cache_increment(&sum, cache, "n", 1, -7, 100), TRIPSAGE_OK);
    ck_assert_int_eq(sum, -2);
    ck_assert_int_eq(tripsage_cache_get(&found, cache, "n", 1), TRIPSAGE_OK);
    ck_assert_str_eq(found.data, "-2");
    ck_assert_int_eq(found.ttl_ms, 40); /* the life of the first */
    tripsage_cache_value_free(&found);
    clock_ms += 40;
    ck_assert_int_eq(tripsage_cache_increment(&sum, cache, "n", 1, 1, 0), TRIPSAGE_OK);
    ck_assert_int_eq(sum, 1);
    tripsage_cache_close(cache);
}
END_TEST

START_TEST(counts_up_to_the_edges_of_64_bits)
{
    tripsage_cache *cache = open_cache(0, 0);
    int64_t sum;

    ck_assert_int_eq(set(cache, "max", "9223372036854775807", 0), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage_cache_increment(&sum, cache, "max", 3, 0, 0), TRIPSAGE_OK);
    ck_assert_int_eq(sum, INT64_MAX);
    ck_assert_int_eq(tripsage_cache_increment(&sum, cache, "max", 3, 1, 0), TRIPSAGE_EINVALID);
    ck_assert_str_eq(tripsage_last_error()->fields[0].pointer, "#by");
    ck_assert_int_eq(holds(cache, "max", "9223372036854775807"), 1);
    ck_assert_int_eq(set(cache, "min", "-9223372036854775808", 0), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage_cache_increment(&sum, cache, "min", 3, 0, 0), TRIPSAGE_OK);
    ck_assert_int_eq(sum, INT64_MIN);
    ck_assert_int_eq(tripsage_cache_increment(&sum, cache, "min", 3, -1, 0), TRIPSAGE_EINVALID);
    tripsage_cache_close(cache);
}
END_TEST

START_TEST(counts_only_integers)
{
    static const char *const wrong[] = {"",
                                        "-",
                                        "x",
                                        "1x",
                                        " 1",
                                        "1 ",
                                        "+1",
                                        "01",
                                        "-0",
                                        "-01",
                                        "1.5",
                                        "9223372036854775808",
                                        "-9223372036854775809",
                                        "111111111111111111111"};
    tripsage_cache *cache = open_cache(0, 0);
    int64_t sum;

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ck_assert_int_eq(set(cache, "k", wrong[i], 0), TRIPSAGE_OK);
        ck_assert_msg(tripsage_cache_increment(&sum, cache, "k", 1, 1, 0) == TRIPSAGE_EINVALID, "'%s' was counted",
                      wrong[i]);
        ck_assert_int_eq(holds(cache, "k", wrong[i]), 1);
    }
    tripsage_cache_close(cache);
}
END_TEST

START_TEST(clears_by_prefix)
{
    tripsage_cache *cache = open_cache(0, 0);
    uint64_t cleared;
    char key[32];

    for (int i = 0; i < 1000; i++) {
        snprintf(key, sizeof key, "%s:%d", i % 4 ? "trip" : "user", i);
        ck_assert_int_eq(set(cache, key, "v", 0), TRIPSAGE_OK);
    }
    ck_assert_int_eq(tripsage_cache_clear(&cleared, cache, "user:", 5), TRIPSAGE_OK);
    ck_assert_uint_eq(cleared, 250);
    ck_assert_int_eq(has(cache, "user:0"), 0);
    ck_assert_int_eq(has(cache, "trip:1"), 1);
    ck_assert_int_eq(tripsage_cache_clear(&cleared, cache, "none", 4), TRIPSAGE_OK);
    ck_assert_uint_eq(cleared, 0);
    ck_assert_int_eq(tripsage_cache_clear(NULL, cache, NULL, 0), TRIPSAGE_OK);
    ck_assert_uint_eq(stats_of(cache).entries, 0);
    ck_assert_uint_eq(stats_of(cache).deletes, 1000);
    tripsage_cache_close(cache);
}
END_TEST

START_TEST(tells_what_happened)
{
    tripsage_cache *cache = open_cache(0, 0);
    tripsage_cache_stats stats;
    int64_t sum;

    ck_assert_int_eq(set(cache, "a", "v", 0), TRIPSAGE_OK);
    ck_assert_int_eq(set(cache, "a", "w", 0), TRIPSAGE_OK);
    ck_assert_int_eq(set(cache, "b", "v", 10), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage_cache_increment(&sum, cache, "n", 1, 1, 0), TRIPSAGE_OK);
    ck_assert_int_eq(has(cache, "a") + has(cache, "b") + has(cache, "c"), 2);
    ck_assert_int_eq(tripsage_cache_delete(cache, "a", 1), TRIPSAGE_OK);
    clock_ms += 10;
    memset(&stats, 0xff, sizeof stats);
    ck_assert_int_eq(tripsage_cache_get_stats(&stats, cache), TRIPSAGE_OK);
    for (size_t i = 0; i < sizeof stats.reserved / sizeof stats.reserved[0]; i++)
        ck_assert_uint_eq(stats.reserved[i], 0);
    ck_assert_uint_eq(stats.hits, 2);
    ck_assert_uint_eq(stats.misses, 1);
    ck_assert_uint_eq(stats.sets, 4);
    ck_assert_uint_eq(stats.deletes, 1);
    ck_assert_uint_eq(stats.expired, 1);
    ck_assert_uint_eq(stats.evicted, 0);
    ck_assert_uint_eq(stats.entries, 1);
    ck_assert_uint_gt(stats.bytes, 0);
    tripsage_cache_close(cache);
}
END_TEST

START_TEST(what_has_ended_goes_before_what_is_alive)
{
    tripsage_cache *cache = open_cache(0, 2);

    ck_assert_int_eq(set(cache, "ended", "v", 10), TRIPSAGE_OK);
    ck_assert_int_eq(has(cache, "ended"), 1);
    ck_assert_int_eq(set(cache, "alive", "v", 0), TRIPSAGE_OK);
    clock_ms += 10;
    ck_assert_int_eq(set(cache, "new", "v", 0), TRIPSAGE_OK);
    ck_assert_int_eq(has(cache, "alive"), 1);
    ck_assert_uint_eq(stats_of(cache).evicted, 0);
    ck_assert_uint_eq(stats_of(cache).expired, 1);
    tripsage_cache_close(cache);
}
END_TEST

START_TEST(one_pass_over_many_does_not_drive_out_what_is_used)
{
    tripsage_cache *cache = open_cache(0, 100);
    char key[32];
    int kept = 0;

    for (int i = 0; i < 50; i++) {
        snprintf(key, sizeof key, "used %d", i);
        ck_assert_int_eq(set(cache, key, "v", 0), TRIPSAGE_OK);
    }
    for (int i = 0; i < 10000; i++) {
        snprintf(key, sizeof key, "used %d", i % 50);
        kept += has(cache, key);
        snprintf(key, sizeof key, "scanned %d", i);
        ck_assert_int_eq(set(cache, key, "v", 0), TRIPSAGE_OK);
    }
    ck_assert_int_eq(kept, 10000);
    tripsage_cache_close(cache);
}
END_TEST

START_TEST(a_replacement_in_a_full_cache_drives_nothing_out)
{
    tripsage_cache *cache = open_cache(0, 3);
    int64_t sum;

    ck_assert_int_eq(set(cache, "a", "1", 0), TRIPSAGE_OK);
    ck_assert_int_eq(set(cache, "b", "1", 0), TRIPSAGE_OK);
    ck_assert_int_eq(set(cache, "c", "1", 0), TRIPSAGE_OK);
    ck_assert_int_eq(set(cache, "a", "2", 0), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage_cache_set(cache, "b", 1, "x", 1, 0, TRIPSAGE_CACHE_IF_ABSENT), TRIPSAGE_ECONFLICT);
    ck_assert_int_eq(tripsage_cache_increment(&sum, cache, "c", 1, 1, 0), TRIPSAGE_OK);
    ck_assert_uint_eq(stats_of(cache).evicted, 0);
    ck_assert_int_eq(holds(cache, "a", "2") + holds(cache, "b", "1") + holds(cache, "c", "2"), 3);
    tripsage_cache_close(cache);
}
END_TEST

START_TEST(stays_within_its_bytes_whatever_the_sizes)
{
    const uint64_t bound = 4u * 1024 * 1024;
    tripsage_cache *cache = open_cache(bound, 0);
    char *value = calloc(1, 300000);
    uint64_t chance = 12345;
    char key[32];

    for (int i = 0; i < 30000; i++) {
        size_t size;

        chance = chance * 6364136223846793005u + 1442695040888963407u;
        size = (chance >> 40) % (i % 97 == 0 ? 300000 : 400);
        snprintf(key, sizeof key, "%d", (int)((chance >> 20) % 20000));
        ck_assert_int_eq(tripsage_cache_set(cache, key, strlen(key), value, size, 0, TRIPSAGE_CACHE_ALWAYS),
                         TRIPSAGE_OK);
        if (i % 100 == 0)
            ck_assert_uint_le(stats_of(cache).bytes, bound);
    }
    ck_assert_uint_gt(stats_of(cache).evicted, 0);
    ck_assert_uint_gt(stats_of(cache).bytes, bound / 2);
    free(value);
    tripsage_cache_close(cache);
}
END_TEST

/* ---- eight threads ---- */

#define THREADS 8
#define ROUNDS  20000

struct worker {
    tripsage_cache *cache;
    uint64_t bound;
    unsigned number;
    uint64_t hits;
    int broken;
};

static void run_threads(struct worker workers[THREADS], void *(*task)(void *), tripsage_cache *cache, uint64_t bound)
{
    pthread_t threads[THREADS];

    for (unsigned i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){cache, bound, i, 0, 0};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, task, &workers[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        ck_assert_int_eq(workers[i].broken, 0);
    }
}

/* Values tell which key they belong to, so that a mixed-up entry is seen. */
static int look_or_store(struct worker *worker, const char *key, size_t n, int64_t ttl_ms)
{
    tripsage_cache_value found;
    char value[200];
    int good;

    if (tripsage_cache_get(&found, worker->cache, key, n) == TRIPSAGE_OK) {
        worker->hits++;
        good = found.size == sizeof value && strncmp(found.data, key, n) == 0;
        tripsage_cache_value_free(&found);
        return good;
    }
    memset(value, 'x', sizeof value);
    memcpy(value, key, n);
    return tripsage_cache_set(worker->cache, key, n, value, sizeof value, ttl_ms, TRIPSAGE_CACHE_ALWAYS) == TRIPSAGE_OK;
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    uint64_t chance = 88172645463325252u + worker->number;

    for (int i = 0; i < ROUNDS && !worker->broken; i++) {
        char key[32];
        tripsage_cache_stats stats;
        size_t n;

        chance ^= chance << 13;
        chance ^= chance >> 7;
        chance ^= chance << 17;
        n = (size_t)snprintf(key, sizeof key, "key %d", (int)(chance % 3000));
        worker->broken |= !look_or_store(worker, key, n, (int64_t)(chance >> 60));
        if (chance % 7 == 0)
            tripsage_cache_delete(worker->cache, key, n);
        if (i % 64 == 0) {
            clock_ms++;
            tripsage_cache_get_stats(&stats, worker->cache);
            worker->broken |= stats.bytes > worker->bound;
        }
        if (i % 5000 == 0)
            tripsage_cache_clear(NULL, worker->cache, "key 1", 5);
    }
    return NULL;
}

static void run_workers(uint64_t bound)
{
    tripsage_cache *cache = open_cache(bound, 0);
    struct worker workers[THREADS];
    uint64_t hits = 0;
    tripsage_cache_stats stats;

    run_threads(workers, work, cache, bound);
    for (unsigned i = 0; i < THREADS; i++)
        hits += workers[i].hits;
    stats = stats_of(cache);
    ck_assert_uint_gt(hits, 0);
    ck_assert_uint_eq(stats.hits, hits);
    ck_assert_uint_eq(stats.hits + stats.misses, (uint64_t)THREADS * ROUNDS);
    /* What went in and is neither gone nor there was replaced by a thread that had missed at the same time. */
    ck_assert_uint_ge(stats.sets, stats.deletes + stats.expired + stats.evicted + stats.entries);
    ck_assert_int_eq(tripsage_cache_clear(NULL, cache, NULL, 0), TRIPSAGE_OK);
    ck_assert_uint_eq(stats_of(cache).entries, 0);
    tripsage_cache_close(cache);
}

START_TEST(eight_threads_share_one_shard)
{
    run_workers(64u * 1024);
}
END_TEST

START_TEST(eight_threads_share_many_shards)
{
    run_workers(8u * 1024 * 1024);
}
END_TEST

/* 16 MiB, values of up to an eighth of it: room must be made across shards while others do the same. */
static void *fill(void *argument)
{
    struct worker *worker = argument;
    char *value = calloc(1, 1500000);
    char key[32];

    for (int i = 0; i < 300; i++) {
        size_t n = (size_t)snprintf(key, sizeof key, "%u/%d", worker->number, i % 40);

        worker->broken |= tripsage_cache_set(worker->cache, key, n, value, (size_t)(i * 7919) % 1500000, 0,
                                             TRIPSAGE_CACHE_ALWAYS) != TRIPSAGE_OK;
    }
    free(value);
    return NULL;
}

START_TEST(eight_threads_with_large_values_find_room)
{
    tripsage_cache *cache = open_cache(16u * 1024 * 1024, 0);
    struct worker workers[THREADS];

    run_threads(workers, fill, cache, 0);
    ck_assert_uint_le(stats_of(cache).bytes, 16u * 1024 * 1024);
    tripsage_cache_close(cache);
}
END_TEST

static void *count(void *argument)
{
    struct worker *worker = argument;
    int64_t sum;

    for (int i = 0; i < ROUNDS; i++)
        worker->broken |= tripsage_cache_increment(&sum, worker->cache, "count", 5, 1, 0) != TRIPSAGE_OK;
    return NULL;
}

START_TEST(counting_by_eight_threads_loses_nothing)
{
    tripsage_cache *cache = open_cache(0, 0);
    struct worker workers[THREADS];
    int64_t sum;

    run_threads(workers, count, cache, 0);
    ck_assert_int_eq(tripsage_cache_increment(&sum, cache, "count", 5, 0, 0), TRIPSAGE_OK);
    ck_assert_int_eq(sum, THREADS * ROUNDS);
    tripsage_cache_close(cache);
}
END_TEST

/* ---- memory that runs out ---- */

static int allocations_left;

static void *failing_malloc(size_t size, void *user)
{
    (void)user;
    return allocations_left-- > 0 ? malloc(size) : NULL;
}

static void *failing_realloc(void *block, size_t size, void *user)
{
    (void)user;
    return allocations_left-- > 0 ? realloc(block, size) : NULL;
}

static void plain_free(void *block, void *user)
{
    (void)user;
    free(block);
}

/* With memory for `budget` allocations: what a small use of the cache answers. */
static tripsage_status use_with(int budget, int *opened)
{
    tripsage_cache *cache;
    tripsage_status status;
    int64_t sum;

    allocations_left = budget;
    status = tripsage_cache_open(&cache, NULL, NULL);
    if (status != TRIPSAGE_OK) {
        ck_assert_ptr_null(cache);
        return status;
    }
    ++*opened;
    status = set(cache, "k", "old", 0);
    if (status == TRIPSAGE_OK) {
        status = set(cache, "k", "new", 0);
        ck_assert_int_eq(holds(cache, "k", status == TRIPSAGE_OK ? "new" : "old"), 1);
    }
    if (status == TRIPSAGE_OK)
        status = tripsage_cache_increment(&sum, cache, "n", 1, 1, 0);
    tripsage_cache_close(cache);
    return status;
}

START_TEST(survives_every_allocation_that_fails)
{
    static const tripsage_allocator failing = {failing_malloc, failing_realloc, plain_free, NULL};
    tripsage_status status = TRIPSAGE_ENOMEM;
    int opened = 0;

    ck_assert_int_eq(tripsage_set_allocator(&failing), TRIPSAGE_OK);
    for (int budget = 0; status != TRIPSAGE_OK; budget++) {
        ck_assert_int_lt(budget, 100);
        status = use_with(budget, &opened);
        ck_assert(status == TRIPSAGE_OK || status == TRIPSAGE_ENOMEM);
    }
    ck_assert_int_gt(opened, 1);
    ck_assert_int_eq(tripsage_set_allocator(NULL), TRIPSAGE_OK);
}
END_TEST

SUITE_MAIN("cache/cache", gives_back_what_was_stored, a_value_outlives_its_entry_and_its_cache,
           a_value_may_hold_a_struct, lives_exactly_as_long_as_it_should, lives_as_long_before_1970,
           what_has_ended_is_absent_to_every_call, expire_gives_a_new_life, stores_only_when_it_should,
           refuses_what_it_cannot_hold, the_largest_value_fits_the_default_cache, counts,
           counts_up_to_the_edges_of_64_bits, counts_only_integers, clears_by_prefix, tells_what_happened,
           what_has_ended_goes_before_what_is_alive, one_pass_over_many_does_not_drive_out_what_is_used,
           a_replacement_in_a_full_cache_drives_nothing_out, stays_within_its_bytes_whatever_the_sizes,
           survives_every_allocation_that_fails, eight_threads_share_one_shard, eight_threads_share_many_shards,
           eight_threads_with_large_values_find_room, counting_by_eight_threads_loses_nothing)
