/* What goes wrong is told the same way everywhere: application/problem+json with a code, the request's id and the values at fault. */
#include <string.h>

#include "suite.h"

static const char *const variables[] = {"TRIPSAGE_ADMIN_PORT=0", NULL};

/* The answer is a problem with this code; http_call has held its members against the schema. */
static void is_problem(const http_answer *answer, const char *code)
{
    ck_assert_str_eq(http_field(answer, "Content-Type"), "application/problem+json");
    ck_assert_str_eq(http_text(answer, "/code"), code);
    ck_assert_str_eq(http_value(answer, "/status"), test_format("%d", answer->status));
    ck_assert_str_eq(http_text(answer, "/request_id"), http_field(answer, "X-Request-Id"));
    ck_assert_str_eq(http_text(answer, "/message"), http_text(answer, "/detail"));
    ck_assert_str_eq(http_field(answer, "Cache-Control"), "no-store");
}

START_TEST(each_class_has_its_code)
{
    const char *token = http_register(&server, "problems@example.org", NULL);
    const char *path = "/api/trips/018f6b1e-7c3a-7d10-9d5c-2f1b0a3c4d5e";

    is_problem(ANSWERS(400, http_call(&server, token, "POST", "/api/trips", NULL, "{\"title\":")), "MALFORMED_REQUEST");
    is_problem(ANSWERS(400, http_call(&server, token, "POST", "/api/trips", NULL, NULL)), "MALFORMED_REQUEST");
    is_problem(ANSWERS(400, http_call(&server, token, "GET", "/api/trips?tag=%zz", NULL, NULL)), "MALFORMED_REQUEST");
    is_problem(ANSWERS(400, http_call(&server, token, "PUT", path, "If-Match: 3\r\n", "{}")), "MALFORMED_REQUEST");
    is_problem(ANSWERS(401, http_call(&server, NULL, "GET", "/api/trips", NULL, NULL)), "AUTHENTICATION_ERROR");
    is_problem(ANSWERS(401, http_call(&server, "abc", "GET", "/api/trips", NULL, NULL)), "INVALID_TOKEN");
    is_problem(ANSWERS(404, http_call(&server, token, "GET", path, NULL, NULL)), "RESOURCE_NOT_FOUND");
    is_problem(ANSWERS(404, http_call(&server, token, "GET", "/nothing", NULL, NULL)), "RESOURCE_NOT_FOUND");
    is_problem(ANSWERS(405, http_call(&server, token, "PATCH", "/api/trips", NULL, "{}")), "METHOD_NOT_ALLOWED");
    is_problem(ANSWERS(409, http_call(&server, NULL, "POST", "/api/auth/register", NULL,
                                      "{\"email\":\"problems@example.org\",\"password\":\"a cup of green tea\"}")),
               "ALREADY_EXISTS");
    is_problem(ANSWERS(413, http_call(&server, token, "POST", "/api/trips", NULL, test_repeat(" ", 1100000))),
               "PAYLOAD_TOO_LARGE");
    is_problem(ANSWERS(415, http_call(&server, token, "POST", "/api/trips", "Content-Type: text/plain\r\n", "{}")),
               "UNSUPPORTED_MEDIA_TYPE");
    is_problem(ANSWERS(422, http_call(&server, token, "POST", "/api/trips", NULL, "{}")), "VALIDATION_ERROR");
}
END_TEST

START_TEST(values_at_fault_are_named)
{
    const char *token = http_register(&server, "fields@example.org", NULL);
    http_answer *answer = ANSWERS(
        422, http_call(&server, token, "GET", "/api/trips?limit=0&sort=x&total=maybe&from=1.5.2027", NULL, NULL));

    ck_assert_str_eq(http_text(answer, "/errors/0/pointer"), "#limit");
    ck_assert_str_eq(http_text(answer, "/errors/1/pointer"), "#sort");
    ck_assert_str_eq(http_text(answer, "/errors/2/pointer"), "#total");
    ck_assert_str_eq(http_text(answer, "/errors/3/pointer"), "#from");
    ck_assert_ptr_null(http_value(answer, "/errors/4"));

    answer = ANSWERS(
        422,
        http_call(
            &server, token, "POST", "/api/trips", NULL,
            "{\"title\":\"\",\"start_date\":\"2027-02-30\",\"end_date\":\"2027-01-01\",\"destinations\":[],\"x\":1}"));
    ck_assert_ptr_nonnull(strstr(answer->body, "\"pointer\":\"/title\""));
    ck_assert_ptr_nonnull(strstr(answer->body, "\"pointer\":\"/start_date\""));
    ck_assert_ptr_nonnull(strstr(answer->body, "\"pointer\":\"/destinations\""));
    ck_assert_ptr_nonnull(strstr(answer->body, "\"pointer\":\"/x\""));

    answer = ANSWERS(422, http_call(&server, token, "GET", "/api/trips?limit=1&limit=2", NULL, NULL));
    ck_assert_str_eq(http_text(answer, "/errors/0/pointer"), "#limit");
    answer = ANSWERS(422, http_call(&server, token, "GET", "/api/trips/search", NULL, NULL));
    ck_assert_str_eq(http_text(answer, "/errors/0/pointer"), "#q");
    answer = ANSWERS(422, http_call(&server, token, "GET", "/api/trips?cursor=made-up", NULL, NULL));
    ck_assert_str_eq(http_text(answer, "/errors/0/pointer"), "#cursor");
    ANSWERS(200, http_call(&server, token, "GET", "/api/trips?unknown=1&&limit=5", NULL, NULL));
}
END_TEST

/* The library has names of its own for some values; the client is told his. */
START_TEST(values_at_fault_have_the_names_they_came_under)
{
    const char *token = http_register(&server, "names@example.org", NULL);
    const char *wide = test_repeat("%C3%A9", 400),
               *text = test_repeat("\xc3\xa9", 400); /* 800 bytes in 400 characters */
    const char *large = test_repeat("x", 100000), *trip;
    const struct {
        const char *method, *path, *body, *pointers[3];
    } wrong[] = {
        {"POST",
         "/api/itineraries/search",
         "{\"status\":\"new\",\"start_date_from\":\"May\",\"start_date_to\":\"June\"}",
         {"/status", "/start_date_from", "/start_date_to"}},
        {"POST", "/api/destinations/search", "{\"continent\":\"Atlantis\"}", {"/continent"}},
        {"POST", "/api/destinations/search", "{\"country_code\":\"?\"}", {"/country_code"}},
        {"POST", "/api/destinations/search", test_format("{\"query\":\"%s\"}", text), {"/query"}},
        {"GET", test_format("/api/destinations/search?q=%s", wide), NULL, {"#q"}},
        {"GET", test_format("/api/destinations/search?query=%s", wide), NULL, {"#query"}},
        {"GET", test_format("/api/search/unified?query=%s", wide), NULL, {"#query"}},
        {"POST", "/api/search/unified", test_format("{\"query\":\"%s\"}", text), {"/query"}},
        {"POST",
         "/api/destinations/recommendations",
         test_format("{\"user_interests\":[\"%s\"]}", test_repeat("tea ", 1000)),
         {"/user_interests"}},
        {"PUT", "/api/users/preferences", test_format("{\"preferences\":{\"a\":\"%s\"}}", large), {"/preferences"}}};

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        http_answer *answer =
            ANSWERS(422, http_call(&server, token, wrong[i].method, wrong[i].path, NULL, wrong[i].body));

        for (int p = 0; p < 3 && wrong[i].pointers[p]; p++)
            ck_assert_str_eq(http_text(answer, test_format("/errors/%d/pointer", p)), wrong[i].pointers[p]);
    }
    trip = http_field(ANSWERS(201, http_call(&server, token, "POST", "/api/trips", NULL, A_TRIP("Names"))), "Location");
    ck_assert_str_eq(http_text(ANSWERS(422, http_call(&server, token, "PUT", test_format("%s/preferences", trip), NULL,
                                                      test_format("{\"a\":\"%s\"}", large))),
                               "/errors/0/pointer"),
                     "");
}
END_TEST

START_TEST(broken_json_is_told_where_it_breaks)
{
    const char *token = http_register(&server, "broken@example.org", NULL);
    http_answer *answer = ANSWERS(400, http_call(&server, token, "POST", "/api/trips", NULL, "{\"title\": tea}"));

    ck_assert_msg(strstr(http_text(answer, "/detail"), "byte 10") != NULL, "%s", answer->body);
    ANSWERS(400, http_call(&server, token, "POST", "/api/trips", NULL, "{\"title\":\"\xff\"}"));
    ANSWERS(400, http_call(&server, token, "POST", "/api/trips", NULL,
                           test_format("%s1%s", test_repeat("[", 1000), test_repeat("]", 1000))));
    ANSWERS(422, http_call(&server, token, "POST", "/api/destinations/search", NULL, "[]"));
    ANSWERS(400, http_call(&server, token, "PUT", "/api/trips/x/preferences", NULL, "{},\"visibility\":\"public\""));
}
END_TEST

START_TEST(a_body_is_json_and_says_so)
{
    const char *token = http_register(&server, "types@example.org", NULL);
    static const char *const wrong[] = {"text/plain",
                                        "application/x-www-form-urlencoded",
                                        "application/jsonp",
                                        "application/json-patch+json",
                                        "application/json; charset=utf-16",
                                        "application/json, text/plain",
                                        "json"};
    static const char *const right[] = {"application/json", "Application/JSON", "application/json;charset=UTF-8",
                                        "application/json ; charset=\"utf-8\""};
    http_answer *answer;

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        ANSWERS(415, http_call(&server, token, "POST", "/api/trips", test_format("Content-Type: %s\r\n", wrong[i]),
                               A_TRIP("x")));
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++)
        ANSWERS(201, http_call(&server, token, "POST", "/api/trips", test_format("Content-Type: %s\r\n", right[i]),
                               A_TRIP("x")));
    /* Without a type a browser sends it from anywhere. */
    answer = http_exchange(
        server.port,
        test_format("POST /api/trips HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: 2\r\n\r\n{}",
                    token));
    ANSWERS(415, answer);
    ANSWERS(415,
            http_call(&server, token, "POST", "/api/trips", "Content-Type: application/merge-patch+json\r\n", "{}"));
}
END_TEST

START_TEST(an_exchange_has_an_id)
{
    http_answer *answer =
        http_call(&server, NULL, "GET", "/health/live", "X-Request-Id: from-the-client.1_A\r\n", NULL);
    static const char *const insane[] = {"a b", "a\"b", "a<b>", "", "\xc3\xa9"};
    const char *first, *second;

    ck_assert_str_eq(http_field(answer, "X-Request-Id"), "from-the-client.1_A");
    for (size_t i = 0; i < sizeof insane / sizeof insane[0]; i++) {
        answer = http_call(&server, NULL, "GET", "/health/live", test_format("X-Request-Id: %s\r\n", insane[i]), NULL);
        ck_assert_str_ne(http_field(answer, "X-Request-Id"), insane[i]);
    }
    answer = http_call(&server, NULL, "GET", "/health/live", test_format("X-Request-Id: %s\r\n", test_repeat("a", 65)),
                       NULL);
    ck_assert_uint_eq(strlen(http_field(answer, "X-Request-Id")), 32);
    first = http_field(http_call(&server, NULL, "GET", "/health/live", NULL, NULL), "X-Request-Id");
    second = http_field(http_call(&server, NULL, "GET", "/health/live", NULL, NULL), "X-Request-Id");
    ck_assert_str_ne(first, second);
}
END_TEST

START_TEST(every_answer_is_guarded)
{
    http_answer *answers[] = {http_call(&server, NULL, "GET", "/health", NULL, NULL),
                              http_call(&server, NULL, "GET", "/nothing", NULL, NULL),
                              http_call(&server, NULL, "GET", "/api/trips", NULL, NULL),
                              http_exchange(server.port, "GET /x HTTP/1.1\r\n\r\n")};

    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        ck_assert_str_eq(http_field(answers[i], "X-Content-Type-Options"), "nosniff");
        ck_assert_str_eq(http_field(answers[i], "X-Frame-Options"), "DENY");
        ck_assert_ptr_nonnull(http_field(answers[i], "Referrer-Policy"));
        ck_assert_str_eq(http_field(answers[i], "Content-Security-Policy"),
                         "default-src 'none'; base-uri 'none'; frame-ancestors 'none'");
        ck_assert_ptr_null(http_field(answers[i], "Strict-Transport-Security")); /* nobody comes by TLS here */
        ck_assert_str_eq(http_field(answers[i], "Cache-Control"), "no-store");
        ck_assert_ptr_null(http_field(answers[i], "Server"));
        ck_assert_ptr_nonnull(http_field(answers[i], "Date"));
    }
}
END_TEST

START_TEST(only_a_bearer_token_signs_in)
{
    const char *token = http_register(&server, "bearer@example.org", NULL);
    static const char *const wrong[] = {"Basic Zm9vOmJhcg==", "Bearer",    "Bearer ",
                                        "Bearer a b",         "Token abc", "bearerabc"};
    http_answer *answer = ANSWERS(401, http_call(&server, NULL, "GET", "/api/auth/me", NULL, NULL));

    ck_assert_str_eq(http_field(answer, "WWW-Authenticate"), "Bearer realm=\"tripsage\"");
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        answer = ANSWERS(
            401, http_call(&server, NULL, "GET", "/api/auth/me", test_format("Authorization: %s\r\n", wrong[i]), NULL));
        ck_assert_ptr_nonnull(strstr(http_field(answer, "WWW-Authenticate"), "invalid_token"));
    }
    ANSWERS(200,
            http_call(&server, NULL, "GET", "/api/auth/me", test_format("authorization: bEARER %s\r\n", token), NULL));
    ANSWERS(401, http_call(&server, test_format("%sx", token), "GET", "/api/auth/me", NULL, NULL));
    /* The query is no place for a token. */
    ANSWERS(401, http_call(&server, NULL, "GET", test_format("/api/auth/me?access_token=%s", token), NULL, NULL));
}
END_TEST

SERVER_SUITE("server/problem", variables, each_class_has_its_code, values_at_fault_are_named,
             values_at_fault_have_the_names_they_came_under, broken_json_is_told_where_it_breaks,
             a_body_is_json_and_says_so, an_exchange_has_an_id, every_answer_is_guarded, only_a_bearer_token_signs_in)
