/* address_test.c: URLs of Redis servers: what is read from them, what is wrong with them, and what of them may be shown. */
#include <stdlib.h>
#include <string.h>

#include "../suite.h"
#include "base/memory.h"
#include "cache/cache.h"
#include "cache/redis/address.h"

static const struct {
    const char *url;
    int tls;
    const char *path, *host, *port, *user, *password, *database, *ca_file, *shown;
} read_as[] = {
    {"redis://cache", 0, NULL, "cache", "6379", NULL, NULL, "", NULL, "cache:6379"},
    {"redis://cache/", 0, NULL, "cache", "6379", NULL, NULL, "", NULL, "cache:6379"},
    {"redis://cache:7000/3", 0, NULL, "cache", "7000", NULL, NULL, "3", NULL, "cache:7000"},
    {"redis://cache?db=12", 0, NULL, "cache", "6379", NULL, NULL, "12", NULL, "cache:6379"},
    {"redis://:pw@cache", 0, NULL, "cache", "6379", NULL, "pw", "", NULL, "cache:6379"},
    {"redis://ann:p%40%3a%2F%25@cache:1", 0, NULL, "cache", "1", "ann", "p@:/%", "", NULL, "cache:1"},
    {"redis://ann@cache", 0, NULL, "cache", "6379", "ann", NULL, "", NULL, "cache:6379"},
    {"redis://[::1]:7000", 0, NULL, "::1", "7000", NULL, NULL, "", NULL, "::1:7000"},
    {"redis://[::1]", 0, NULL, "::1", "6379", NULL, NULL, "", NULL, "::1:6379"},
    {"rediss://x:y@cache/0?ca_file=/a%20b.pem", 1, NULL, "cache", "6379", "x", "y", "0", "/a b.pem", "cache:6379"},
    {"unix:///run/redis.sock", 0, "/run/redis.sock", NULL, NULL, NULL, NULL, "", NULL, "/run/redis.sock"},
    {"unix://ann:pw@/run/a%40b?db=1", 0, "/run/a@b", NULL, NULL, "ann", "pw", "1", NULL, "/run/a@b"},
};

START_TEST(is_read)
{
    for (size_t i = 0; i < sizeof read_as / sizeof read_as[0]; i++) {
        tripsage__redis_address a;

        ck_assert_msg(!tripsage__redis_url_problem(read_as[i].url), "%s: %s", read_as[i].url,
                      tripsage__redis_url_problem(read_as[i].url));
        ck_assert_ok(tripsage__redis_address_read(&a, read_as[i].url, NULL));
        ck_assert_int_eq(a.tls, read_as[i].tls);
        ck_assert_pstr_eq(a.path, read_as[i].path);
        ck_assert_pstr_eq(a.host, read_as[i].host);
        ck_assert_pstr_eq(a.port, read_as[i].port);
        ck_assert_pstr_eq(a.user, read_as[i].user);
        ck_assert_pstr_eq(a.password, read_as[i].password);
        ck_assert_str_eq(a.database, read_as[i].database);
        ck_assert_pstr_eq(a.ca_file, read_as[i].ca_file);
        ck_assert_str_eq(a.shown, read_as[i].shown);
        tripsage__redis_address_free(&a);
    }
}
END_TEST

START_TEST(is_refused_without_being_repeated)
{
    static const char *const wrong[] = {
        "",
        "memcached://cache",
        "redis:cache",
        "redis://",
        "redis://:secret@",
        "redis://:secret@:6379",
        "redis://:sec/ret@cache",
        "redis://:sec@ret@cache",
        "redis://:sec?ret@cache",
        "redis://:secret%@cache",
        "redis://:secret%4@cache",
        "redis://:secret%00@cache",
        "redis://cache:port",
        "redis://cache:123456",
        "redis://cache:",
        "redis://[::1",
        "redis://[::1]x",
        "redis://cache/secret",
        "redis://cache/1/2",
        "redis://cache/1234567",
        "redis://cache?db=",
        "redis://cache?db=-1",
        "redis://cache?password=secret",
        "redis://cache?ca_file=/x",
        "rediss://cache?ca_file=",
        "unix://",
        "unix:///",
        "unix://run/redis.sock",
        "unix://:secret@run/redis.sock",
        "unix://:sec/ret@/run/redis.sock",
    };

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        tripsage_cache_options options = TRIPSAGE_CACHE_OPTIONS_INIT;
        tripsage_cache *cache;

        options.url = wrong[i];
        ck_assert_msg(tripsage_cache_open(&cache, &options, NULL) == TRIPSAGE_EINVALID, "%s was opened", wrong[i]);
        ck_assert_ptr_null(cache);
        ck_assert_str_eq(tripsage_last_error()->fields[0].pointer, "#url");
        ck_assert_ptr_null(strstr(tripsage_last_error()->message, "secret"));
    }
}
END_TEST

START_TEST(is_shown_without_its_password)
{
    static const char *const pairs[][2] = {
        {"memory:", "memory:"},
        {"redis://cache/1", "redis://cache/1"},
        {"redis://:pw@cache/1", "redis://:***@cache/1"},
        {"rediss://ann:p%40w@cache?db=1", "rediss://ann:***@cache?db=1"},
        {"redis://ann@cache", "redis://ann@cache"},
        {"unix://:pw@/run/s", "unix://:***@/run/s"},
    };

    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        tripsage__buf shown = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);

        tripsage__cache_url_put_masked(&shown, pairs[i][0]);
        ck_assert_str_eq(shown.data, pairs[i][1]);
        tripsage__buf_free(&shown);
    }
}
END_TEST

START_TEST(opens_without_asking_for_the_server)
{
    tripsage_cache_options options = TRIPSAGE_CACHE_OPTIONS_INIT;
    char prefix[300];
    tripsage_cache *cache;

    options.url = "redis://no-such-host.invalid";
    ck_assert_ok(tripsage_cache_open(&cache, &options, NULL));
    tripsage_cache_close(cache);
    memset(prefix, 'x', sizeof prefix);
    prefix[257] = '\0';
    options.key_prefix = prefix;
    ck_assert_fails(tripsage_cache_open(&cache, &options, NULL), TRIPSAGE_EINVALID);
    ck_assert_str_eq(tripsage_last_error()->fields[0].pointer, "#key_prefix");
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

START_TEST(survives_every_allocation_that_fails)
{
    static const tripsage_allocator failing = {failing_malloc, failing_realloc, plain_free, NULL};
    tripsage_cache_options options = TRIPSAGE_CACHE_OPTIONS_INIT;
    tripsage_status status = TRIPSAGE_ENOMEM;
    tripsage_cache *cache;

    options.url = "rediss://ann:pw@cache:1/2";
    ck_assert_ok(tripsage_set_allocator(&failing));
    for (int budget = 0; status != TRIPSAGE_OK; budget++) {
        ck_assert_int_lt(budget, 100);
        allocations_left = budget;
        status = tripsage_cache_open(&cache, &options, NULL);
        ck_assert(status == TRIPSAGE_OK || (status == TRIPSAGE_ENOMEM && !cache));
    }
    tripsage_cache_close(cache);
    ck_assert_ok(tripsage_set_allocator(NULL));
}
END_TEST

SUITE_MAIN("cache/address", is_read, is_refused_without_being_repeated, is_shown_without_its_password,
           opens_without_asking_for_the_server, survives_every_allocation_that_fails)
