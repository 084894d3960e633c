/* The server with its cache on Redis: what it says of it while it is there and while it is not, and that it does without it. */
#include <string.h>
#include <tripsage/status.h>
#include <unistd.h>

#include "suite.h"
#include "support/redis.h"
#include "support/upstash.h"

static const char *const with_password[] = {"--requirepass", "s3 cret", NULL};

START_TEST(does_without_its_cache)
{
    test_redis redis;
    const char *path;
    http_answer *answer;

    test_redis_start(&redis, with_password);
    path = redis.path;
    http_server_start(&server, TRIPSAGE_SERVER,
                      (const char *const[]){test_format("REDIS_URL=unix://%s?db=1", path), "REDIS_PASSWORD=s3 cret",
                                            "TRIPSAGE_CACHE_DEADLINE_MS=10000", "TRIPSAGE_CACHE_RETRY_AFTER_MS=50",
                                            NULL});
    answer = ANSWERS(200, http_call(&server, NULL, "GET", "/health/cache", NULL, NULL));
    ck_assert_str_eq(http_text(answer, "/status"), "healthy");
    ck_assert_str_eq(http_text(ANSWERS(200, http_call(&server, NULL, "GET", "/health", NULL, NULL)), "/status"),
                     "healthy");

    test_redis_kill(&redis);
    answer = ANSWERS(503, http_call(&server, NULL, "GET", "/health/cache", NULL, NULL));
    ck_assert_str_eq(http_text(answer, "/status"), "unhealthy");
    ck_assert_str_eq(http_text(answer, "/message"), tripsage_status_sentence(TRIPSAGE_EUNAVAILABLE));
    ck_assert_str_eq(http_text(ANSWERS(200, http_call(&server, NULL, "GET", "/health", NULL, NULL)), "/status"),
                     "degraded");
    ANSWERS(200, http_call(&server, NULL, "GET", "/health/ready", NULL, NULL));
    ANSWERS(201, http_call(&server, http_register(&server, "ann@example.com", NULL), "POST", "/api/trips", NULL,
                           A_TRIP("Kyoto")));

    test_redis_start_again(&redis);
    for (int tries = 0; http_call(&server, NULL, "GET", "/health/cache", NULL, NULL)->status != 200; tries++) {
        ck_assert_int_lt(tries, 1000);
        usleep(10000);
    }
    ck_assert_int_eq(http_server_stop(&server, NULL), 0);
    test_redis_close(&redis);
}
END_TEST

/* By REST: what becomes of it is told beside its counts. */
START_TEST(says_what_is_wrong_with_its_cache)
{
    const test_web_reply refusal = {.status = 500, .body = "{\"error\":\"ERR\"}"};
    test_redis redis;
    test_upstash gateway;
    http_answer *answer;

    test_redis_start(&redis, NULL);
    test_upstash_open(&gateway, &redis);
    http_server_start(&server, TRIPSAGE_SERVER,
                      (const char *const[]){test_format("UPSTASH_REDIS_REST_URL=%s", test_web_url(gateway.web)),
                                            "UPSTASH_REDIS_REST_TOKEN=" TEST_UPSTASH_TOKEN,
                                            "TRIPSAGE_CACHE_DEADLINE_MS=10000", "TRIPSAGE_CACHE_RETRY_AFTER_MS=50",
                                            NULL});
    answer = ANSWERS(200, http_call(&server, NULL, "GET", "/health/cache", NULL, NULL));
    ck_assert_str_eq(http_text(answer, "/status"), "healthy");
    test_upstash_answer(&gateway, &refusal);
    ANSWERS(503, http_call(&server, NULL, "GET", "/health/cache", NULL, NULL));
    answer = ANSWERS(200, http_call(&server, NULL, "GET", "/health", NULL, NULL));
    ck_assert_str_eq(http_text(answer, "/status"), "degraded");
    ck_assert_ptr_nonnull(strstr(answer->body, "\"breaker_open\":true,\"breaker_opened\":1,"));
    ck_assert_ptr_null(strstr(answer->body, "\"refused\":0"));
    ANSWERS(201, http_call(&server, http_register(&server, "ann@example.com", NULL), "POST", "/api/trips", NULL,
                           A_TRIP("Kyoto")));
    test_upstash_answer(&gateway, NULL);
    for (int tries = 0; http_call(&server, NULL, "GET", "/health/cache", NULL, NULL)->status != 200; tries++) {
        ck_assert_int_lt(tries, 1000);
        usleep(10000);
    }
    answer = ANSWERS(200, http_call(&server, NULL, "GET", "/health", NULL, NULL));
    ck_assert_ptr_nonnull(strstr(answer->body, "\"breaker_open\":false,\"breaker_opened\":1,"));
    ck_assert_int_eq(http_server_stop(&server, NULL), 0);
    test_upstash_close(&gateway);
    test_redis_close(&redis);
}
END_TEST

START_TEST(shows_no_password)
{
    char folder[TEST_PATH_SIZE];
    const char *output;

    test_temp_make(folder);
    ck_assert_int_eq(
        http_program(TRIPSAGE_SERVER, folder, (const char *const[]){"explain-config", NULL},
                     (const char *const[]){"REDIS_URL=redis://ann:s3cret@cache/1", "REDIS_PASSWORD=s3cret", NULL},
                     &output),
        0);
    ck_assert_ptr_nonnull(strstr(output, "redis://ann:***@cache/1"));
    ck_assert_ptr_null(strstr(output, "s3cret"));
    ck_assert_int_eq(http_program(TRIPSAGE_SERVER, folder, (const char *const[]){"serve", NULL},
                                  (const char *const[]){"REDIS_URL=redis://:s3/cret@cache", NULL}, &output),
                     78);
    ck_assert_ptr_nonnull(strstr(output, "REDIS_URL: the password has to be escaped"));
    ck_assert_ptr_null(strstr(output, "cret@"));
    test_temp_remove(folder);
}
END_TEST

SUITE_PROGRAM("server/redis", tcase_add_checked_fixture(tcase, NULL, test_keep_free), does_without_its_cache,
              says_what_is_wrong_with_its_cache, shows_no_password)
