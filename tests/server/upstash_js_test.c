/* server/upstash_js_test.c: the official clients of Upstash, as npm has them, in one session with the server's /cache and with a Redis
 * server (upstash_js.cjs). */
#include <stdio.h>
#include <stdlib.h>

#include "server/suite.h"
#include "support/npm.h"
#include "support/redis.h"

#define REDIS   "@upstash/redis@1.39.0"
#define NEWER   "@upstash/ratelimit@2.2.0"
#define OLDER   "@upstash/ratelimit@2.0.8" /* the last whose scripts a Redis of before Upstash's locks of keys runs */
#define TOKEN   "a-token-for-the-session"
#define READING "a-token-that-reads"

static char newer[TEST_PATH_SIZE], older[TEST_PATH_SIZE]; /* where the clients are */
static test_redis redis;

static const char *const variables[] = {"TRIPSAGE_CACHE_TOKEN=" TOKEN, "TRIPSAGE_CACHE_READONLY_TOKEN=" READING, NULL};

START_TEST(the_official_clients_find_an_upstash)
{
    const char *const environment[] = {test_format("PATH=%s", getenv("PATH")),
                                       test_format("CLIENT=%s", newer),
                                       test_format("OLDER=%s", older),
                                       test_format("URL=http://127.0.0.1:%d/cache", server.port),
                                       "TOKEN=" TOKEN,
                                       "READING=" READING,
                                       test_format("REDIS=%s", redis.path),
                                       NULL};
    const char *const arguments[] = {"node", TRIPSAGE_SOURCE_DIR "/tests/server/upstash_js.cjs", NULL};
    const char *output;
    int status = http_program("/usr/bin/env", server.folder, arguments, environment, &output);

    printf("%s", output);
    ck_assert_msg(status == 0, "%s", output);
}
END_TEST

static void start_both(void)
{
    test_redis_start(&redis, NULL);
    http_server_start(&server, TRIPSAGE_SERVER, variables);
}

static void stop_both(void)
{
    ck_assert_int_eq(http_server_stop(&server, NULL), 0);
    test_redis_close(&redis);
    test_keep_free();
}

int main(void)
{
    Suite *suite = suite_create("server/upstash_js");
    TCase *tcase = tcase_create("upstash_js");
    SRunner *runner;
    int failed, skipped = test_npm_install(newer, "upstash-1.39.0-2.2.0", REDIS " " NEWER);

    if (!skipped)
        skipped = test_npm_install(older, "upstash-1.39.0-2.0.8", REDIS " " OLDER);
    if (skipped)
        return skipped;
    tcase_set_timeout(tcase, 120); /* seconds; sanitizers on a busy machine are slow */
    tcase_add_unchecked_fixture(tcase, start_both, stop_both);
    tcase_add_test(tcase, the_official_clients_find_an_upstash);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
