/* The command cache: what it tells of a server's /cache and of a cache on Redis, and what it removes. */
#include <stdio.h>
#include <string.h>

#include "suite.h"
#include "support/expect.h"
#include "support/redis.h"

#define TOKEN "TRIPSAGE_CACHE_TOKEN=sixteen-characters-or-more"

static char folder[TEST_PATH_SIZE];

static void begin(void)
{
    test_temp_make(folder);
}

static void end(void)
{
    test_temp_remove(folder);
    test_keep_free();
}

/* What the command prints, both streams; the exit status must be this. */
static const char *run(int status, const char *variable, const char *const *arguments)
{
    const char *const variables[] = {"LOG_LEVEL=ERROR", variable, NULL};
    const char *output;
    int got = http_program(TRIPSAGE_SERVER, folder, arguments, variables, &output);

    ck_assert_msg(got == status, "exit status %d instead of %d: %s", got, status, output);
    return output;
}
#define RUN(status, variable, ...) run((status), (variable), (const char *const[]){"cache", __VA_ARGS__, NULL})

static void put(const char *path)
{
    const char *request =
        test_format("GET %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer sixteen-characters-or-more\r\n\r\n", path);

    ck_assert_int_eq(http_exchange(server.port, request)->status, 200);
}

START_TEST(a_servers_cache_is_shown_and_cleared)
{
    const char *port, *said;

    http_server_start(&server, TRIPSAGE_SERVER, (const char *const[]){TOKEN, NULL});
    port = test_format("--port=%d", server.port);
    put("/cache/set/trip:1/a");
    put("/cache/set/trip:2/b");
    put("/cache/set/user:1/c");
    put("/cache/set/gone/d?PX=1");
    ck_assert_ptr_nonnull(strstr(RUN(0, TOKEN, "stats", port), "hits     0\n"));
    ck_assert_ptr_nonnull(strstr(RUN(0, TOKEN, "stats", "--json", port), "{\"keys\":3,\"bytes\":"));
    SAME_TEXT(RUN(0, TOKEN, "keys", "user:*", port), "\"user:1\"\n");
    SAME_TEXT(RUN(0, TOKEN, "keys", "user:*", "--json", port), "[\"user:1\"]\n");
    SAME_TEXT(RUN(0, TOKEN, "clear-stale", port), "removed 0\n"); /* what is counted has ended by then, too */
    SAME_TEXT(RUN(0, TOKEN, "clear", "trip:*", port), "removed 2\n");
    SAME_TEXT(RUN(0, TOKEN, "clear", "--json", port), "{\"removed\":1}\n");
    SAME_TEXT(RUN(0, TOKEN, "keys", port), "");
    SAME_TEXT(RUN(0, TOKEN, "keys", "--json", port), "[]\n");
    said = RUN(1, "TRIPSAGE_CACHE_TOKEN=another-of-sixteen-characters", "stats", port);
    ck_assert_msg(strstr(said, "refuses: 401; ") && strstr(said, "this TRIPSAGE_CACHE_TOKEN?"), "%s", said);
    ck_assert_int_eq(http_server_stop(&server, NULL), 0);
    said = RUN(1, TOKEN, "stats", port);
    ck_assert_msg(strstr(said, test_format("the cache at http://127.0.0.1:%d/cache: ", server.port)) &&
                      strstr(said, "; is the server running on this machine, with this PORT"),
                  "%s", said);
}
END_TEST

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

/* Which server that would be, without its password, and what names it. */
START_TEST(a_redis_that_is_not_there_is_named)
{
    static const char nobody[] = "REDIS_URL=redis://:hunter2@127.0.0.1:1/3"; /* port 1: nobody listens */
    static const char said[] = "tripsage-server: the cache at redis://:***@127.0.0.1:1/3: connecting: Connection "
                               "refused; is it running, and is REDIS_URL right?\n";
    const char *path = test_format("%s/url", folder);

    SAME_TEXT(RUN(1, nobody, "stats"), said);
    SAME_TEXT(RUN(1, nobody, "keys"), said);
    SAME_TEXT(RUN(1, nobody, "keys", "--json"), said); /* no array, which would be an empty cache's */
    SAME_TEXT(RUN(1, nobody, "clear"), said);
    SAME_TEXT(RUN(1, nobody, "clear-stale"), said);
    write_file(path, strchr(nobody, '=') + 1);
    ck_assert_ptr_nonnull(strstr(RUN(1, test_format("REDIS_URL_FILE=%s", path), "stats"), "is REDIS_URL_FILE right?"));
    write_file(path, "TRIPSAGE_CACHE_URL=redis://127.0.0.1:1");
    ck_assert_ptr_nonnull(strstr(RUN(1, TOKEN, "stats", "--env-file", path), "is TRIPSAGE_CACHE_URL right?"));
}
END_TEST

/* Its keys are those behind its prefix: others' stay. */
START_TEST(the_librarys_cache_on_redis_is_cleared_alone)
{
    test_redis redis;
    const char *url;

    test_redis_start(&redis, NULL);
    url = test_format("REDIS_URL=unix://%s", redis.path);
    test_redis_cli(&redis, "MSET tripsage:a 1 tripsage:b 2 other 3");
    SAME_TEXT(RUN(0, url, "keys", "a"), "\"tripsage:a\"\n");
    SAME_TEXT(RUN(0, url, "clear"), "removed 2\n");
    ck_assert_ptr_nonnull(strstr(RUN(0, url, "stats"), "keys     1\n"));
    test_redis_close(&redis);
}
END_TEST

START_TEST(a_redis_that_wants_a_password_is_named)
{
    static const char *const with_password[] = {"--requirepass", "secret", NULL};
    test_redis redis;
    const char *url, *path;

    test_redis_start(&redis, with_password);
    url = test_format("REDIS_URL=unix://%s", redis.path);
    SAME_TEXT(RUN(1, url, "stats"), test_format("tripsage-server: the cache at unix://%s answers NOAUTH Authentication "
                                                "required.\n",
                                                redis.path));
    path = test_format("%s/env", folder);
    write_file(path, "REDIS_PASSWORD=hunter2\n");
    SAME_TEXT(
        RUN(1, url, "stats", "--env-file", path),
        test_format("tripsage-server: the cache at unix://%s: the cache's server refuses: WRONGPASS; are user and "
                    "password right? tripsage-server doctor says more\n",
                    redis.path));
    test_redis_close(&redis);
}
END_TEST

START_TEST(what_cannot_be_is_told)
{
    ck_assert_ptr_nonnull(strstr(RUN(78, NULL, "stats"), "set TRIPSAGE_CACHE_TOKEN"));
    ck_assert_ptr_nonnull(strstr(RUN(64, NULL, "empty"), "cache has no subcommand \"empty\""));
    ck_assert_ptr_nonnull(strstr(RUN(64, NULL, "--json"), "cache needs a subcommand"));
    ck_assert_ptr_nonnull(strstr(RUN(0, NULL, "--help"), "clear-stale"));
}
END_TEST

SUITE_PROGRAM("server/cache_command", tcase_add_checked_fixture(tcase, begin, end),
              a_servers_cache_is_shown_and_cleared, the_librarys_cache_on_redis_is_cleared_alone,
              a_redis_that_is_not_there_is_named, a_redis_that_wants_a_password_is_named, what_cannot_be_is_told)
