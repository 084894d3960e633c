/* The client of Supabase's Auth against a server that answers as a real one did, and as one that is not well. */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "../suite.h"
#include "auth/supabase.h"
#include "support/chance.h"
#include "support/failing.h"
#include "support/threads.h"
#include "support/web.h"

#define PUBLIC  "sb_publishable_AAAAAAAAAAAAAAAAAAAAAA_00000000"
#define SERVICE "sb_secret_BBBBBBBBBBBBBBBBBBBBBB_11111111"

static test_chance chance;
static tripsage__env *env;
static tripsage__supabase *supabase;
static test_web *web;

static void set_up(void)
{
    tripsage_runtime runtime;

    test_heap_install();
    test_chance_init(&chance);
    runtime = test_chance_runtime(&chance);
    ck_assert_ok(tripsage__env_new(&env, &runtime));
}

static void tear_down(void)
{
    tripsage__supabase_free(supabase);
    tripsage__env_free(env);
    test_web_close(web);
}

static void open_client(test_web_answer *answer, void *user)
{
    tripsage__supabase_options options = {.public_key = PUBLIC, .service_key = SERVICE};

    web = test_web_open(answer, user, TEST_PEER_PLAIN);
    options.url = test_web_url(web);
    ck_assert_ok(tripsage__supabase_new(&supabase, env, &options));
}

/* ---- what is sent ---- */

static char last[1024];

static void note(test_web_reply *reply, const test_web_request *r, void *user)
{
    static const char *const names[] = {"apikey", "Authorization", "X-Supabase-Api-Version", "Content-Type",
                                        "X-Client-Info"};
    const char *const *values = user;

    snprintf(last, sizeof last, "%.15s %.200s %.200s", r->method, r->target, r->body);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (!test_web_header_is(r, names[i], values[i]))
            snprintf(last + strlen(last), sizeof last - strlen(last), " wrong %s", names[i]);
    reply->body = "{}";
}

START_TEST(sends_the_headers_of_official_clients)
{
#define REST "2024-01-01", "application/json;charset=UTF-8", "libtripsage/" TRIPSAGE_VERSION
    static const char *const more[] = {"X-Forwarded-For: 192.0.2.1"};
    static const struct {
        tripsage__supabase_call call;
        const char *values[5];
        const char *says;
    } table[] = {
        {{.method = "POST", .path = "/token?grant_type=password", .body = "{\"a\":1}", .body_size = 7},
         {PUBLIC, "Bearer " PUBLIC, REST},
         "POST /auth/v1/token?grant_type=password {\"a\":1}"},
        {{.method = "PUT", .path = "/user", .body = "{}", .body_size = 2, .bearer = "a.b.c"},
         {PUBLIC, "Bearer a.b.c", REST},
         "PUT /auth/v1/user {}"},
        {{.method = "GET", .path = "/admin/users?page=1&per_page=2", .as_service = 1},
         {SERVICE, "Bearer " SERVICE, "2024-01-01", NULL, "libtripsage/" TRIPSAGE_VERSION},
         "GET /auth/v1/admin/users?page=1&per_page=2 "},
        {{.method = "POST",
          .path = "/logout?scope=local",
          .bearer = "a.b.c",
          .api_key = "theirs",
          .headers = more,
          .header_count = 1},
         {"theirs", "Bearer a.b.c", "2024-01-01", NULL, "libtripsage/" TRIPSAGE_VERSION},
         "POST /auth/v1/logout?scope=local "},
    };
    const char *values[5];

    open_client(note, values);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        tripsage__http_response response;

        memcpy(values, table[i].values, sizeof values);
        ck_assert_ok(tripsage__supabase_send(&response, supabase, &table[i].call));
        ck_assert_str_eq(last, table[i].says);
        tripsage__http_response_free(&response);
    }
}
END_TEST

/* The key goes along: no path leads out of Auth. */
START_TEST(stays_inside)
{
    static const char *const paths[] = {"/../rest/v1/trips",
                                        "/%2e%2e/rest/v1/trips",
                                        "/admin/%2E./x",
                                        "/a/..",
                                        "/a/..?b",
                                        "/.",
                                        "/./a",
                                        "//evil.test/",
                                        "/a%2fb",
                                        "/a\\b",
                                        "user",
                                        "",
                                        "/a b",
                                        "/a\r\nX: y",
                                        "@evil.test/",
                                        ".evil.test/",
                                        ":80/x",
                                        "/a#b"};
    const char *values[5] = {NULL};

    open_client(note, values);
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        tripsage__supabase_call call = {.method = "GET", .path = paths[i], .as_service = 1};
        tripsage__http_response response;

        ck_assert_msg(tripsage__supabase_forward(&response, supabase, &call) == TRIPSAGE_EINVALID, "%s", paths[i]);
    }
    ck_assert_int_eq((int)test_web_requests(web), 0);
}
END_TEST

START_TEST(needs_its_keys_and_an_address)
{
    tripsage__supabase_options options = {.url = "http://127.0.0.1:9"};
    tripsage__supabase_call call = {.method = "GET", .path = "/user"};
    tripsage__http_response response;

    ck_assert_ok(tripsage__supabase_new(&supabase, env, &options));
    ck_assert_fails(tripsage__supabase_send(&response, supabase, &call), TRIPSAGE_EMISUSE);
    call.as_service = 1;
    ck_assert_fails(tripsage__supabase_send(&response, supabase, &call), TRIPSAGE_EMISUSE);
    tripsage__supabase_free(supabase);
    options.url = "ftp://127.0.0.1";
    ck_assert_fails(tripsage__supabase_new(&supabase, env, &options), TRIPSAGE_EINVALID);
}
END_TEST

/* ---- what is answered ---- */

/* Answers of a real server (GoTrue after v2.196.0) and of the gateway before it. */
static const struct recorded {
    int http;
    const char *body;
    tripsage_status status;
    const char *reason, *message;
} recorded[] = {
    {400, "{\"code\":\"invalid_credentials\",\"message\":\"Invalid login credentials\"}", TRIPSAGE_ECREDENTIALS,
     "invalid_credentials", "Invalid login credentials"},
    {400, "{\"code\":400,\"error_code\":\"invalid_credentials\",\"msg\":\"Invalid login credentials\"}",
     TRIPSAGE_ECREDENTIALS, "invalid_credentials", "Invalid login credentials"},
    {422, "{\"code\":\"user_already_exists\",\"message\":\"User already registered\"}", TRIPSAGE_EEXISTS,
     "user_already_exists", "User already registered"},
    {422,
     "{\"code\":\"weak_password\",\"message\":\"Password should be at least 6 characters.\",\"weak_password\":{"
     "\"reasons\":[\"length\"]}}",
     TRIPSAGE_EINVALID, "weak_password", "/password: Password should be at least 6 characters."},
    {400, "{\"code\":\"validation_failed\",\"message\":\"Signup requires a valid password\"}", TRIPSAGE_EINVALID,
     "validation_failed", "Signup requires a valid password"},
    {400, "{\"code\":\"bad_json\",\"message\":\"Could not parse request body as JSON\"}", TRIPSAGE_EMALFORMED,
     "bad_json", "Could not parse request body as JSON"},
    {400, "{\"code\":\"refresh_token_not_found\",\"message\":\"Invalid Refresh Token: Refresh Token Not Found\"}",
     TRIPSAGE_ETOKEN, "refresh_token_not_found", "Invalid Refresh Token: Refresh Token Not Found"},
    {401, "{\"code\":\"no_authorization\",\"message\":\"This endpoint requires a valid Bearer token\"}",
     TRIPSAGE_EUNAUTHENTICATED, "no_authorization", "This endpoint requires a valid Bearer token"},
    {403, "{\"code\":\"session_not_found\",\"message\":\"Session from session_id claim in JWT does not exist\"}",
     TRIPSAGE_ETOKEN, "session_not_found", "Session from session_id claim in JWT does not exist"},
    {403, "{\"code\":\"otp_expired\",\"message\":\"Token has expired or is invalid\"}", TRIPSAGE_ETOKEN, "otp_expired",
     "Token has expired or is invalid"},
    {403, "{\"code\":\"not_admin\",\"message\":\"Updating app_metadata requires admin privileges\"}",
     TRIPSAGE_EFORBIDDEN, "not_admin", "Updating app_metadata requires admin privileges"},
    {403, "{\"code\":\"user_not_found\",\"message\":\"User from sub claim in JWT does not exist\"}", TRIPSAGE_ENOTFOUND,
     "user_not_found", "User from sub claim in JWT does not exist"},
    {404, "{\"code\":\"flow_state_not_found\",\"message\":\"invalid flow state, no valid flow state found\"}",
     TRIPSAGE_ENOTFOUND, "flow_state_not_found", "invalid flow state, no valid flow state found"},
    {429,
     "{\"code\":\"over_email_send_rate_limit\",\"message\":\"For security purposes, you can only request this after 0 "
     "seconds.\"}",
     TRIPSAGE_ERATELIMITED, "over_email_send_rate_limit",
     "For security purposes, you can only request this after 0 seconds."},
    {413, "{\"code\":\"request_entity_too_large\",\"message\":\"Request body too large (max 1048576 bytes)\"}",
     TRIPSAGE_ETOOLARGE, "request_entity_too_large", "Request body too large (max 1048576 bytes)"},
    {418, "{\"code\":\"a_code_to_come\",\"message\":\"new\"}", TRIPSAGE_EINVALID, "a_code_to_come", "new"},
    {400, "{\"error\":\"invalid_grant\",\"error_description\":\"no\"}", TRIPSAGE_EINVALID, "", "no"},
    {401, "{\"message\":\"Invalid API key\"}", TRIPSAGE_EUNAVAILABLE, "",
     "the Supabase project does not know our key: Invalid API key"},
    {500, "{\"code\":\"unexpected_failure\",\"message\":\"Unexpected failure\"}", TRIPSAGE_EUNAVAILABLE,
     "unexpected_failure", "Supabase Auth answers 500: Unexpected failure"},
    {521, "<html>", TRIPSAGE_EUNAVAILABLE, "", "Supabase Auth answers 521: no JSON"},
    {404, "404 page not found\n", TRIPSAGE_EUNAVAILABLE, "", "Supabase Auth answers 404: no JSON"},
    {405, "", TRIPSAGE_EUNAVAILABLE, "", "Supabase Auth answers 405: no JSON"},
    {302, "", TRIPSAGE_EUNAVAILABLE, "", "Supabase Auth answers 302: no JSON"},
};

static void play(test_web_reply *reply, const test_web_request *r, void *user)
{
    const struct recorded *now = *(const struct recorded **)user;

    (void)r;
    reply->status = now->http;
    reply->body = now->body;
    reply->headers = "Location: https://elsewhere.test/\r\nX-Supabase-Api-Version: 2024-01-01\r\n";
}

START_TEST(refusals_become_errors)
{
    tripsage__supabase_call call = {
        .method = "POST", .path = "/token?grant_type=password", .body = "{}", .body_size = 2};
    const struct recorded *now = recorded;

    open_client(play, &now);
    for (; now < recorded + sizeof recorded / sizeof recorded[0]; now++) {
        tripsage__http_response response;

        ck_assert_fails(tripsage__supabase_send(&response, supabase, &call), now->status);
        ck_assert_str_eq(tripsage_last_error()->reason, now->reason);
        ck_assert_str_eq(tripsage_last_error()->message, now->message);
        ck_assert_ptr_null(response.body.data);
        ck_assert_ok(tripsage__supabase_forward(&response, supabase, &call));
        ck_assert_int_eq(response.status, now->http);
        ck_assert_str_eq(response.body.data ? response.body.data : "", now->body);
        tripsage__http_response_free(&response);
    }
}
END_TEST

/* ---- what is done twice ---- */

static void fail_first(test_web_reply *reply, const test_web_request *r, void *user)
{
    (void)user;
    reply->body = "{}";
    if (r->number == 1)
        reply->hang_up = 1;
}

START_TEST(does_again_only_what_may_be_done_twice)
{
    static const struct {
        const char *method, *path;
        tripsage_status status;
    } table[] = {{"GET", "/user", TRIPSAGE_OK},
                 {"GET", "/reauthenticate", TRIPSAGE_EUNAVAILABLE},
                 {"GET", "/verify?token=a&type=magiclink", TRIPSAGE_EUNAVAILABLE},
                 {"POST", "/token?grant_type=refresh_token", TRIPSAGE_OK},
                 {"POST", "/token?grant_type=password", TRIPSAGE_EUNAVAILABLE},
                 {"POST", "/signup", TRIPSAGE_EUNAVAILABLE}};

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        tripsage__supabase_call call = {.method = table[i].method, .path = table[i].path};
        tripsage__http_response response;

        open_client(fail_first, NULL);
        ck_assert_msg(tripsage__supabase_send(&response, supabase, &call) == table[i].status, "%s", table[i].path);
        tripsage__http_response_free(&response);
        tripsage__supabase_free(supabase);
        supabase = NULL;
        test_web_close(web);
        web = NULL;
    }
}
END_TEST

/* ---- keys ---- */

#define KEY(kid, y)                                                                                                    \
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"alg\":\"ES256\",\"use\":\"sig\",\"key_ops\":[\"verify\"],\"kid\":\"" kid      \
    "\",\"x\":\"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4\",\"y\":\"" y "\"}"
#define GOOD "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM" /* of RFC 7517, A.1 */

typedef struct project {
    _Atomic int is_down, is_rotated, is_odd;
} project;

static void show_keys(test_web_reply *reply, const test_web_request *r, void *user)
{
    project *p = user;

    if (strcmp(r->target, "/auth/v1/.well-known/jwks.json") != 0 || !test_web_header_is(r, "apikey", NULL))
        reply->status = 418;
    else if (p->is_down)
        reply->status = 404; /* is not tried again within one call, so that each try is one */
    else
        reply->body = p->is_odd       ? "<html>"
                      : p->is_rotated ? "{\"keys\":[" KEY("two", GOOD) "]}"
                                      : "{\"keys\":[" KEY("one", GOOD) "]}";
}

/* 1: found, 0: none, negative: a status. */
static int find(const char *kid)
{
    tripsage__keyset *set;
    const tripsage__key *key;
    tripsage_status status = tripsage__supabase_find(&set, &key, supabase, TRIPSAGE__ES256, kid);
    int found = status == TRIPSAGE_OK ? key != NULL : (int)status;

    tripsage__keyset_release(set);
    return found;
}

START_TEST(keeps_keys_for_ten_minutes)
{
    project p = {0};

    open_client(show_keys, &p);
    ck_assert_int_eq(find("one"), 1);
    ck_assert_int_eq(find("one"), 1);
    test_clock_advance(&chance, 599000);
    ck_assert_int_eq(find("one"), 1);
    ck_assert_int_eq((int)test_web_requests(web), 1);
    test_clock_advance(&chance, 1000);
    ck_assert_int_eq(find("one"), 1);
    ck_assert_int_eq((int)test_web_requests(web), 2);
}
END_TEST

START_TEST(looks_for_a_new_key_every_half_minute)
{
    project p = {0};

    open_client(show_keys, &p);
    ck_assert_int_eq(find("two"), 0);
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(find("two"), 0);
    ck_assert_int_eq((int)test_web_requests(web), 1);
    p.is_rotated = 1;
    test_clock_advance(&chance, 29999);
    ck_assert_int_eq(find("two"), 0);
    test_clock_advance(&chance, 1);
    ck_assert_int_eq(find("two"), 1);
    ck_assert_int_eq(find("one"), 0);
    ck_assert_int_eq((int)test_web_requests(web), 2);
}
END_TEST

START_TEST(old_keys_hold_while_the_network_is_down)
{
    project p = {0};

    open_client(show_keys, &p);
    ck_assert_int_eq(find("one"), 1);
    p.is_down = 1;
    test_clock_advance(&chance, 3600000);
    ck_assert_int_eq(find("one"), 1);
    ck_assert_int_eq(find("one"), 1);
    ck_assert_int_eq(find("two"), 0);
    ck_assert_int_eq((int)test_web_requests(web), 2);
    p.is_down = 0;
    p.is_odd = 1;
    test_clock_advance(&chance, 30000);
    ck_assert_int_eq(find("one"), 1);
    ck_assert_int_eq((int)test_web_requests(web), 3);
    test_clock_advance(&chance, 86400000);
    ck_assert_int_eq(find("one"), TRIPSAGE_EUNAVAILABLE);
    p.is_odd = 0;
    test_clock_advance(&chance, 2000);
    ck_assert_int_eq(find("one"), 1);
}
END_TEST

START_TEST(without_keys_calls_fail_at_once_for_a_moment)
{
    project p = {.is_down = 1};

    open_client(show_keys, &p);
    ck_assert_int_eq(find("one"), TRIPSAGE_EUNAVAILABLE);
    ck_assert_int_eq(find("one"), TRIPSAGE_EUNAVAILABLE);
    ck_assert_int_eq((int)test_web_requests(web), 1);
    p.is_down = 0;
    test_clock_advance(&chance, 2000);
    ck_assert_int_eq(find("one"), 1);
}
END_TEST

static void show_keys_late(test_web_reply *reply, const test_web_request *r, void *user)
{
    show_keys(reply, r, user);
    reply->delay_ms = 300;
}

static void find_one(size_t index, void *context)
{
    ((int *)context)[index] = find("one");
}

START_TEST(one_thread_asks_for_all)
{
    project p = {0};
    int found[16];

    open_client(show_keys_late, &p);
    test_threads_run(16, find_one, found);
    for (int i = 0; i < 16; i++)
        ck_assert_int_eq(found[i], 1);
    ck_assert_int_eq((int)test_web_requests(web), 1);
}
END_TEST

/* ---- memory ---- */

START_TEST(survives_every_failing_allocation)
{
    const struct recorded *now = &recorded[0];
    tripsage__supabase_call call = {
        .method = "POST", .path = "/signup", .body = "{}", .body_size = 2, .bearer = "a.b.c"};
    tripsage_status status = TRIPSAGE_ENOMEM;
    tripsage__http_response response;
    long before;

    open_client(play, &now);
    before = test_heap_alive(TEST_HEAP_LIBRARY);
    for (long n = 1; status == TRIPSAGE_ENOMEM; n++) {
        test_heap_arm(n, TEST_FAIL_ONCE);
        status = tripsage__supabase_send(&response, supabase, &call);
        test_heap_disarm();
        ck_assert_int_eq((int)test_heap_alive(TEST_HEAP_LIBRARY), (int)before);
    }
    ck_assert_int_eq(status, TRIPSAGE_ECREDENTIALS);
}
END_TEST

START_TEST(survives_every_failing_allocation_of_keys)
{
    project p = {0};
    int found = TRIPSAGE_ENOMEM;

    open_client(show_keys, &p);
    for (long n = 1; found == TRIPSAGE_ENOMEM; n++) {
        long before = test_heap_alive(TEST_HEAP_LIBRARY);

        test_clock_advance(&chance, 2000);
        test_heap_arm(n, TEST_FAIL_ONCE);
        found = find("one");
        test_heap_disarm();
        ck_assert(found == 1 || test_heap_alive(TEST_HEAP_LIBRARY) == before);
    }
    ck_assert_int_eq(found, 1);
}
END_TEST

SUITE_MAIN_WITH("auth/supabase", set_up, tear_down, sends_the_headers_of_official_clients, stays_inside,
                needs_its_keys_and_an_address, refusals_become_errors, does_again_only_what_may_be_done_twice,
                keeps_keys_for_ten_minutes, looks_for_a_new_key_every_half_minute,
                old_keys_hold_while_the_network_is_down, without_keys_calls_fail_at_once_for_a_moment,
                one_thread_asks_for_all, survives_every_failing_allocation, survives_every_failing_allocation_of_keys)
