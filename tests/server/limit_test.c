/* How often a client may ask: what the answers say of it, by whom it is counted, which addresses are believed, and that two servers with
 * one Redis let in no more than one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <tripsage/status.h>
#include <tripsage/tripsage.h>
#include <unistd.h>

#include "suite.h"
#include "support/redis.h"
#include "support/upstash.h"

#define ON "TRIPSAGE_RATE_LIMIT=on"
/* Answers are checked against this document, which is fetched when the first comes. */
#define ROUTES "TRIPSAGE_RATE_LIMIT_ROUTES=/openapi.json=off;"

static void start(const char *const *variables)
{
    http_server_start(&server, TRIPSAGE_SERVER, variables);
}
#define START(...) start((const char *const[]){__VA_ARGS__, NULL})

static void stop(void)
{
    ck_assert_int_eq(http_server_stop(&server, NULL), 0);
}

static http_answer *get(const char *token, const char *path, const char *fields)
{
    return http_call(&server, token, "GET", path, fields, NULL);
}

/* How many of so many requests are not told to wait. */
static int let_in(int tries, const char *token, const char *fields)
{
    int count = 0;

    for (int i = 0; i < tries; i++)
        count += get(token, "/api/trips", fields)->status != 429;
    return count;
}

/* The same, each from another place as far as X-Forwarded-For says. */
static int let_in_from(int tries, const char *format)
{
    int count = 0;

    for (int i = 0; i < tries; i++)
        count += get(NULL, "/api/trips", test_format(format, i, i))->status != 429;
    return count;
}

/* ---- what is said ---- */

START_TEST(says_what_remains_and_when_to_come_again)
{
    const char *ada, *bob;
    http_answer *answer;

    START(ON, ROUTES, "TRIPSAGE_RATE_LIMIT_DEFAULT=4/m,100/h", "TRIPSAGE_ALLOWED_ORIGINS=https://app.example.com");
    ada = http_register(&server, "ada@example.com", NULL);
    bob = http_register(&server, "bob@example.com", NULL);
    answer = ANSWERS(200, get(ada, "/api/trips", "Origin: https://app.example.com\r\n"));
    ck_assert_str_eq(http_field(answer, "RateLimit-Policy"), "\"minute\";q=4;w=60, \"hour\";q=100;w=3600");
    ck_assert_str_eq(http_field(answer, "RateLimit"), "\"minute\";r=3;t=15, \"hour\";r=99;t=36");
    ck_assert_str_eq(http_field(answer, "X-RateLimit-Limit"), "4");
    ck_assert_str_eq(http_field(answer, "X-RateLimit-Remaining"), "3");
    ck_assert_int_gt(atol(http_field(answer, "X-RateLimit-Reset")), 1700000000);
    ck_assert_ptr_null(http_field(answer, "Retry-After"));
    ck_assert_ptr_nonnull(strstr(http_field(answer, "Access-Control-Expose-Headers"), "RateLimit-Policy"));

    ck_assert_int_eq(let_in(10, ada, NULL), 3);
    answer = ANSWERS(429, get(ada, "/api/trips", NULL));
    ck_assert_str_eq(http_text(answer, "/code"), "RATE_LIMIT_EXCEEDED");
    ck_assert_str_eq(http_text(answer, "/detail"),
                     test_format("too many requests: the limit \\\"minute\\\" is 4 in 60 s; wait %s s",
                                 http_field(answer, "Retry-After")));
    ck_assert_str_eq(http_field(answer, "Content-Type"), "application/problem+json");
    ck_assert_int_ge(atol(http_field(answer, "Retry-After")), 10);
    ck_assert_int_le(atol(http_field(answer, "Retry-After")), 15);
    ck_assert_str_eq(http_field(answer, "X-RateLimit-Remaining"), "0");
    ck_assert_int_eq(let_in(4, bob, NULL), 4);

    /* Health is asked for as often as one likes, and there is what holds. */
    for (int i = 0; i < 10; i++)
        ck_assert_ptr_null(http_field(ANSWERS(200, get(NULL, "/health/live", NULL)), "RateLimit"));
    answer = ANSWERS(200, get(NULL, "/api/health/ratelimit", NULL));
    ck_assert_str_eq(http_value(answer, "/enabled"), "true");
    ck_assert_str_eq(http_text(answer, "/storage"), "memory");
    ck_assert_str_eq(http_value(answer, "/rules/0/limits/0/quota"), "4");
    ck_assert_str_eq(http_text(answer, "/rules/1/routes/0"), "POST /api/itineraries/search");
    ck_assert_str_eq(http_value(answer, "/counts/refused"), "8");
    stop();
}
END_TEST

START_TEST(who_does_not_get_in_is_counted_by_address)
{
    http_answer *answer;

    START(ON, ROUTES, "TRIPSAGE_RATE_LIMIT_DEFAULT=3/m");
    for (int i = 0; i < 3; i++)
        ANSWERS(401, get(test_format("ey%d.made.up", i), "/api/trips", NULL));
    answer = ANSWERS(429, get("ey.made.up", "/api/trips", NULL));
    ck_assert_ptr_null(http_field(answer, "WWW-Authenticate"));
    ANSWERS(429, http_call(&server, NULL, "POST", "/api/auth/login", NULL,
                           "{\"email\":\"ada@example.com\",\"password\":\"not hers\"}"));
    stop();
}
END_TEST

START_TEST(routes_have_limits_of_their_own)
{
    static const char search[] = "{\"query\":\"temples\"}";
    const char *ada;
    http_answer *answer;

    START(ON, "TRIPSAGE_RATE_LIMIT_DEFAULT=50/m:5",
          ROUTES "POST /api/search=2/m,9/15m; /api/trips/search=off;/api/trips=1/h;GET "
                 "/api/trips=3/h closed");
    ada = http_register(&server, "ada@example.com", NULL);
    ANSWERS(200, http_call(&server, ada, "POST", "/api/search/unified", NULL, search));
    answer = ANSWERS(200, http_call(&server, ada, "POST", "/api/search/unified", NULL, search));
    ck_assert_str_eq(http_field(answer, "RateLimit-Policy"),
                     "\"POST-api-search-minute\";q=2;w=60, \"POST-api-search-15m\";q=9;w=900");
    ANSWERS(429, http_call(&server, ada, "POST", "/api/search/unified", NULL, search));
    answer = ANSWERS(200, http_call(&server, ada, "POST", "/api/destinations/search", NULL, search));
    ck_assert_ptr_nonnull(strstr(http_field(answer, "RateLimit-Policy"), "\"search-minute\";q=30;w=60"));
    answer = ANSWERS(200, http_call(&server, ada, "POST", "/api/memory/search", NULL, search));
    ck_assert_ptr_nonnull(strstr(http_field(answer, "RateLimit-Policy"), "\"memory-minute\";q=30;w=60"));
    answer = ANSWERS(200, get(ada, "/api/users/me", NULL));
    ck_assert_str_eq(http_field(answer, "X-RateLimit-Limit"), "50");
    ck_assert_str_eq(http_field(answer, "X-RateLimit-Remaining"), "4"); /* of a burst */
    ANSWERS(201, http_call(&server, ada, "POST", "/api/trips", NULL, A_TRIP("Kyoto")));
    ANSWERS(429, http_call(&server, ada, "POST", "/api/trips", NULL, A_TRIP("Kyoto")));
    ck_assert_int_eq(let_in(9, ada, NULL), 3);
    for (int i = 0; i < 9; i++)
        ck_assert_ptr_null(http_field(ANSWERS(200, get(ada, "/api/trips/search?q=kyoto", NULL)), "RateLimit"));
    stop();
}
END_TEST

/* Supabase's clients look for this code. */
START_TEST(the_wire_of_accounts_says_it_as_its_clients_expect)
{
    http_answer *answer = NULL;

    START(ON, ROUTES "/auth/v1=2/m");
    for (int i = 0; i < 3; i++)
        answer = http_exchange(server.port, "GET /auth/v1/settings HTTP/1.1\r\nHost: x\r\n\r\n");
    ck_assert_int_eq(answer->status, 429);
    ck_assert_str_eq(http_text(answer, "/error_code"), "over_request_rate_limit");
    ck_assert_ptr_nonnull(strstr(http_text(answer, "/msg"), "wait"));
    ck_assert_ptr_nonnull(http_field(answer, "Retry-After"));
    ANSWERS(401, get(NULL, "/api/trips", NULL));
    stop();
}
END_TEST

/* ---- by whom ---- */

static const char *keys_command(const char *const *arguments, const char *pointer)
{
    const char *output, *json, *text;
    tripsage_doc *doc;

    int status = http_program(TRIPSAGE_SERVER, server.folder, arguments, (const char *const[]){"LOG_LEVEL=ERROR", NULL},
                              &output);

    ck_assert_msg(status == 0, "exit status %d: %s", status, output);
    json = strchr(output, '{');
    ck_assert(json && tripsage_doc_parse(&doc, json, TRIPSAGE_NUL) == TRIPSAGE_OK);
    text = test_format("%s", tripsage_doc_text(doc, pointer));
    tripsage_doc_free(doc);
    return text;
}

START_TEST(a_key_counts_for_itself_and_the_service_role_not_at_all)
{
    const char *ada, *id, *keys[2], *secret;

    START(ON, ROUTES, "TRIPSAGE_RATE_LIMIT_DEFAULT=3/m");
    ada = http_register(&server, "ada@example.com", &id);
    for (int i = 0; i < 2; i++)
        keys[i] =
            keys_command((const char *const[]){"keys", "create", "--kind", "scoped", "--user", id, "--scope",
                                               "trips:read", "--name", i ? "one program" : "another", "--json", NULL},
                         "/key");
    secret = keys_command(
        (const char *const[]){"keys", "create", "--kind", "secret", "--name", "back end", "--json", NULL}, "/key");
    ck_assert_int_eq(let_in(5, keys[0], NULL), 3);
    ck_assert_int_eq(let_in(5, keys[1], NULL), 3);
    ck_assert_int_eq(let_in(5, ada, NULL), 3);
    ck_assert_int_eq(let_in(9, secret, NULL), 9);
    stop();
}
END_TEST

START_TEST(nobody_is_believed_who_is_no_proxy)
{
    START(ON, ROUTES, "TRIPSAGE_RATE_LIMIT_DEFAULT=3/m");
    ck_assert_int_eq(let_in_from(9, "X-Forwarded-For: 192.0.2.%d\r\nForwarded: for=192.0.2.%d\r\n"), 3);
    ck_assert_int_eq(let_in_from(9, "X-User-Id: %d\r\nX-Api-Key: %d\r\n"), 0);
    stop();
}
END_TEST

START_TEST(behind_a_proxy_its_caller_counts)
{
    START("TRIPSAGE_TRUSTED_PROXIES=1", ROUTES, "TRIPSAGE_RATE_LIMIT_DEFAULT=3/m"); /* which switches limits on */
    ck_assert_int_eq(let_in_from(5, "X-Forwarded-For: 192.0.2.%d\r\n"), 5);
    /* What stands before the proxy's own word is the client's. */
    ck_assert_int_eq(let_in_from(5, "X-Forwarded-For: 10.0.0.%d, 198.51.100.7\r\n"), 3);
    ck_assert_int_eq(let_in_from(5, "X-Forwarded-For: 10.0.1.%d\r\nX-Forwarded-For: 198.51.100.8:40%d\r\n"), 3);
    ck_assert_int_eq(let_in_from(5, "Forwarded: for=10.0.2.%d\r\nX-Forwarded-For: 198.51.100.9\r\n"), 3);
    /* One of 2^64 addresses that one customer has. */
    ck_assert_int_eq(let_in_from(5, "X-Forwarded-For: 2001:db8:0:1::%d\r\n"), 3);
    ck_assert_int_eq(let_in_from(5, "X-Forwarded-For: 2001:db8:1:%d::1\r\n"), 5);
    ck_assert_int_eq(let_in_from(5, "X-Forwarded-For: [2001:db8:0:9::%d]:443\r\n"), 3);
    ck_assert_int_eq(let_in_from(5, "X-Forwarded-For: ::ffff:198.51.100.1,  ::ffff:198.51.100.7\r\n"), 0);
    /* What is no address is the proxy, as far as one knows. */
    ck_assert_int_eq(let_in_from(5, "X-Forwarded-For: 192.0.2.77, unknown\r\nX-N: %d\r\n"), 3);
    ck_assert_int_eq(let_in_from(5, "X-Forwarded-For:\r\nX-N: %d\r\n"), 0);
    stop();
}
END_TEST

START_TEST(behind_two_proxies_the_outer_ones_caller_counts)
{
    START("TRIPSAGE_TRUSTED_PROXIES=2", ROUTES, "TRIPSAGE_RATE_LIMIT_DEFAULT=3/m");
    ck_assert_int_eq(let_in_from(5, "X-Forwarded-For: 10.0.0.%d, 198.51.100.7, 203.0.113.%d\r\n"), 3);
    ck_assert_int_eq(let_in_from(5, "X-Forwarded-For: 198.51.100.8\r\nX-Forwarded-For: 203.0.113.%d\r\n"), 3);
    ck_assert_int_eq(let_in_from(5, "X-Forwarded-For: 198.51.100.%d\r\n"), 5); /* there is only one */
    stop();
}
END_TEST

START_TEST(proxies_may_write_forwarded)
{
    START("TRIPSAGE_TRUSTED_PROXIES=forwarded:1", ROUTES, "TRIPSAGE_RATE_LIMIT_DEFAULT=3/m");
    ck_assert_int_eq(let_in_from(5, "Forwarded: for=192.0.2.%d\r\n"), 5);
    ck_assert_int_eq(let_in_from(5, "Forwarded: for=10.0.0.%d, proto=https;For=198.51.100.7;by=203.0.113.%d\r\n"), 3);
    ck_assert_int_eq(let_in_from(5, "Forwarded: for=\"[2001:db8:0:3::%d]:4711\"\r\n"), 3);
    ck_assert_int_eq(let_in_from(5, "X-Forwarded-For: 10.0.0.%d\r\nForwarded: for=198.51.100.9\r\n"), 3);
    stop();
}
END_TEST

/* The same address is what guesses are counted by. */
START_TEST(guesses_count_by_the_same_address)
{
    static const char wrong[] = "{\"email\":\"ada@example.com\",\"password\":\"not hers at all\"}";
    int refused = 0;

    START("TRIPSAGE_TRUSTED_PROXIES=1", "TRIPSAGE_RATE_LIMIT=off");
    http_register(&server, "ada@example.com", NULL);
    for (int i = 0; i < 12; i++)
        refused +=
            http_call(&server, NULL, "POST", "/api/auth/login", "X-Forwarded-For: 192.0.2.1\r\n", wrong)->status == 429;
    ck_assert_int_eq(refused, 2);
    ANSWERS(401, http_call(&server, NULL, "POST", "/api/auth/login", "X-Forwarded-For: 192.0.2.2\r\n", wrong));
    stop();
}
END_TEST

START_TEST(networks_of_ones_own_are_exempt)
{
    const char *ada;

    START("TRIPSAGE_TRUSTED_PROXIES=1", ROUTES, "TRIPSAGE_RATE_LIMIT_DEFAULT=3/m",
          "TRIPSAGE_RATE_LIMIT_EXEMPT=10.0.0.0/8, 2001:db8::/33,192.0.2.7");
    ck_assert_int_eq(let_in_from(9, "X-Forwarded-For: 10.200.0.1\r\nX-N: %d\r\n"), 9);
    ck_assert_int_eq(let_in_from(9, "X-Forwarded-For: 192.0.2.7\r\nX-N: %d\r\n"), 9);
    ck_assert_int_eq(let_in_from(9, "X-Forwarded-For: 2001:db8:7fff::1\r\nX-N: %d\r\n"), 9);
    ck_assert_int_eq(let_in_from(9, "X-Forwarded-For: 2001:db8:8000::1\r\nX-N: %d\r\n"), 3);
    ck_assert_int_eq(let_in_from(9, "X-Forwarded-For: 192.0.2.8\r\nX-N: %d\r\n"), 3);
    ck_assert_int_eq(let_in_from(9, "X-Forwarded-For: 11.0.0.1\r\nX-N: %d\r\n"), 3);
    ada = http_register(&server, "ada@example.com", NULL);
    ck_assert_int_eq(let_in(9, ada, "X-Forwarded-For: 10.1.1.1\r\n"), 9);
    ck_assert_int_eq(let_in(9, ada, "X-Forwarded-For: 11.1.1.1\r\n"), 3);
    stop();
}
END_TEST

/* ---- how much of it holds ---- */

START_TEST(in_shadow_nobody_waits)
{
    http_answer *answer;

    START("TRIPSAGE_RATE_LIMIT=shadow", ROUTES, "TRIPSAGE_RATE_LIMIT_DEFAULT=3/m");
    for (int i = 0; i < 9; i++)
        ck_assert_ptr_null(http_field(ANSWERS(401, get(NULL, "/api/trips", NULL)), "RateLimit"));
    answer = ANSWERS(200, get(NULL, "/health/ratelimit", NULL));
    ck_assert_str_eq(http_value(answer, "/counts/admitted"), "3");
    ck_assert_str_eq(http_value(answer, "/counts/shadowed"), "6");
    ck_assert_str_eq(http_value(answer, "/rules/0/shadow"), "true");
    stop();
}
END_TEST

START_TEST(on_ones_own_machine_there_are_none)
{
    time_t begun;
    int count;

    START("LOG_LEVEL=INFO");
    for (int i = 0; i < 100; i++)
        ck_assert_ptr_null(http_field(ANSWERS(401, get(NULL, "/api/trips", NULL)), "RateLimit"));
    ck_assert_str_eq(http_value(get(NULL, "/health/ratelimit", NULL), "/enabled"), "false");
    stop();
    START("ENVIRONMENT=production", A_SECRET_KEY, ROUTES);
    ck_assert_str_eq(http_field(ANSWERS(401, get(NULL, "/api/trips", NULL)), "RateLimit-Policy"),
                     "\"minute\";q=60;w=60, \"hour\";q=1000;w=3600, \"day\";q=10000;w=86400");
    begun = time(NULL);
    count = let_in(61, NULL, NULL);
    ck_assert_int_ge(count, 59);
    ck_assert_int_le(count, 59 + (int)(time(NULL) - begun) + 1); /* one more each second */
    stop();
    /* The Python server's names for the windows; none of a day. */
    START("ENVIRONMENT=staging", "RATE_LIMIT_REQUESTS_PER_MINUTE=7", "RATE_LIMIT_REQUESTS_PER_DAY=-1", ROUTES);
    ck_assert_str_eq(http_field(ANSWERS(401, get(NULL, "/api/trips", NULL)), "RateLimit-Policy"),
                     "\"minute\";q=7;w=60, \"hour\";q=1000;w=3600");
    stop();
    START("ENVIRONMENT=production", A_SECRET_KEY, "RATE_LIMIT_ENABLED=false");
    ck_assert_ptr_null(http_field(ANSWERS(401, get(NULL, "/api/trips", NULL)), "RateLimit"));
    stop();
}
END_TEST

START_TEST(wrong_settings_are_told)
{
    static const char *const wrong[] = {"TRIPSAGE_RATE_LIMIT=maybe",
                                        "TRIPSAGE_RATE_LIMIT_DEFAULT=60",
                                        "TRIPSAGE_RATE_LIMIT_DEFAULT=0/m",
                                        "TRIPSAGE_RATE_LIMIT_DEFAULT=60/w",
                                        "TRIPSAGE_RATE_LIMIT_DEFAULT=60/m:61",
                                        "TRIPSAGE_RATE_LIMIT_DEFAULT=60/m:0",
                                        "TRIPSAGE_RATE_LIMIT_DEFAULT=4294967356/m",
                                        "TRIPSAGE_RATE_LIMIT_DEFAULT=60/32d",
                                        "TRIPSAGE_RATE_LIMIT_DEFAULT=60/mm",
                                        "TRIPSAGE_RATE_LIMIT_DEFAULT=1/s,1/m,1/h,1/d,1/2d",
                                        "TRIPSAGE_RATE_LIMIT_DEFAULT=open",
                                        "TRIPSAGE_RATE_LIMIT_ROUTES=POST /api/nothing=30/m",
                                        "TRIPSAGE_RATE_LIMIT_ROUTES=POST /api/search 30/m",
                                        "TRIPSAGE_RATE_LIMIT_ROUTES=/api/search=",
                                        "TRIPSAGE_RATE_LIMIT_ROUTES=/api/sea=30/m",
                                        "TRIPSAGE_RATE_LIMIT_ROUTES=/health=30/m",
                                        "TRIPSAGE_RATE_LIMIT_AWAY=ajar",
                                        "TRIPSAGE_RATE_LIMIT_EXEMPT=10.0.0.0/33",
                                        "TRIPSAGE_RATE_LIMIT_EXEMPT=10.0.0.0/",
                                        "TRIPSAGE_RATE_LIMIT_EXEMPT=localhost",
                                        "TRIPSAGE_TRUSTED_PROXIES=17",
                                        "TRIPSAGE_TRUSTED_PROXIES=all"};

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char folder[TEST_PATH_SIZE];
        const char *output;

        test_temp_make(folder);
        ck_assert_int_eq(http_program(TRIPSAGE_SERVER, folder, (const char *const[]){"serve", NULL},
                                      (const char *const[]){wrong[i], "PORT=0", NULL}, &output),
                         78);
        ck_assert_msg(strstr(output, test_format("%.*s: expected ", (int)strcspn(wrong[i], "="), wrong[i])) != NULL,
                      "%s: %s", wrong[i], output);
        test_temp_remove(folder);
    }
}
END_TEST

/* ---- shared ---- */

START_TEST(two_servers_with_one_redis_let_in_no_more_than_one)
{
    static http_server other;
    test_redis redis;
    const char *ada, *url;
    int count = 0, closed = 0;

    test_redis_start(&redis, NULL);
    url = test_format("REDIS_URL=unix://%s", redis.path);
    http_server_start(
        &server, TRIPSAGE_SERVER,
        (const char *const[]){url, "TRIPSAGE_RATE_LIMIT_DEFAULT=9/h", ROUTES "GET /api/destinations=9/h closed",
                              "TRIPSAGE_CACHE_DEADLINE_MS=10000", "TRIPSAGE_CACHE_RETRY_AFTER_MS=50", NULL});
    http_server_start(&other, TRIPSAGE_SERVER,
                      (const char *const[]){url, ROUTES, "TRIPSAGE_RATE_LIMIT_DEFAULT=9/h",
                                            "TRIPSAGE_CACHE_DEADLINE_MS=10000", NULL});
    ck_assert_str_eq(http_text(get(NULL, "/health/ratelimit", NULL), "/storage"), "redis");
    for (int i = 0; i < 30; i++)
        count += http_call(i % 2 ? &server : &other, NULL, "GET", "/api/trips", NULL, NULL)->status != 429;
    ck_assert_int_eq(count, 9);
    ck_assert_ptr_nonnull(strstr(test_redis_cli(&redis, "KEYS '*'"), "tripsage:limit:{a:127.0.0.1}:default:"));
    ada = http_value(get(NULL, "/health/ratelimit", NULL), "/counts/away");
    ck_assert_str_eq(ada, "0");

    /* While it is away each counts for itself, but where that is not enough. */
    test_redis_kill(&redis);
    ck_assert_int_eq(let_in(30, NULL, NULL), 9);
    closed = get(NULL, "/api/destinations/rome", NULL)->status;
    ck_assert_int_eq(closed, 503);
    ck_assert_str_ne(http_value(get(NULL, "/health/ratelimit", NULL), "/counts/away"), "0");
    test_redis_start_again(&redis);
    for (int tries = 0; get(NULL, "/api/destinations/rome", NULL)->status == 503; tries++) {
        ck_assert_int_lt(tries, 1000);
        usleep(10000);
    }
    ck_assert_int_eq(http_server_stop(&other, NULL), 0);
    stop();
    test_redis_close(&redis);
}
END_TEST

START_TEST(by_rest_it_is_the_same)
{
    static test_redis redis;
    static test_upstash gateway;

    test_redis_start(&redis, NULL);
    test_upstash_open(&gateway, &redis);
    START(test_format("UPSTASH_REDIS_REST_URL=%s", test_web_url(gateway.web)),
          "UPSTASH_REDIS_REST_TOKEN=" TEST_UPSTASH_TOKEN, ROUTES, "TRIPSAGE_RATE_LIMIT_DEFAULT=9/h",
          "TRIPSAGE_CACHE_DEADLINE_MS=10000");
    ck_assert_str_eq(http_text(get(NULL, "/health/ratelimit", NULL), "/storage"), "upstash");
    ck_assert_int_eq(let_in(20, NULL, NULL), 9);
    ck_assert_ptr_nonnull(strstr(test_redis_cli(&redis, "KEYS '*'"), "tripsage:limit:{a:127.0.0.1}:default:"));
    ck_assert_str_eq(http_value(get(NULL, "/health/ratelimit", NULL), "/counts/away"), "0");
    stop();
    test_upstash_close(&gateway);
    test_redis_close(&redis);
}
END_TEST

static void add_fixtures(TCase *tcase)
{
    tcase_add_unchecked_fixture(tcase, http_server_migrated, NULL); /* each test has servers of its own */
    tcase_add_checked_fixture(tcase, NULL, test_keep_free);
}

SUITE_PROGRAM("server/limit", add_fixtures(tcase), says_what_remains_and_when_to_come_again,
              who_does_not_get_in_is_counted_by_address, routes_have_limits_of_their_own,
              the_wire_of_accounts_says_it_as_its_clients_expect,
              a_key_counts_for_itself_and_the_service_role_not_at_all, nobody_is_believed_who_is_no_proxy,
              behind_a_proxy_its_caller_counts, behind_two_proxies_the_outer_ones_caller_counts,
              proxies_may_write_forwarded, guesses_count_by_the_same_address, networks_of_ones_own_are_exempt,
              in_shadow_nobody_waits, on_ones_own_machine_there_are_none, wrong_settings_are_told,
              two_servers_with_one_redis_let_in_no_more_than_one, by_rest_it_is_the_same)
