/* Supabase Auth's wire as the server has it, below /auth/v1: what HTTP adds to tripsage/auth_serve.h, and a recorded session once more. */
#include <string.h>
#include <time.h>

#include "suite.h"
#include "support/app.h"
#include "support/auth_replay.h"

#define PUBLIC_KEY "sb_publishable_AAAAAAAAAAAAAAAAAAAAAA_AAAAAAAA"
#define SECRET     "an-example-of-a-secret-of-40-characters!"
#define ORIGIN     "http://localhost:3000"

static const char *const variables[] = {
    "TRIPSAGE_ALLOWED_ORIGINS=" ORIGIN, "DATABASE_PUBLIC_KEY=" PUBLIC_KEY,         "DATABASE_JWT_SECRET=" SECRET,
    "SITE_URL=http://127.0.0.1:3000",   "API_EXTERNAL_URL=http://127.0.0.1:54321", NULL};

/* So many of the recording's exchanges are equal; fewer are a step back. */
#define EQUAL_MIN 130

/* A request with these header lines, each ended by CRLF. */
static http_answer *ask(const char *method, const char *target, const char *fields, const char *body)
{
    return http_exchange(
        server.port,
        test_format("%s /auth/v1%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %zu\r\n%s\r\n%s", method,
                    target, strlen(body), fields, body));
}

#define KEY "apikey: " PUBLIC_KEY "\r\n"

START_TEST(it_is_below_its_path)
{
    ck_assert_int_eq(ask("GET", "/health", KEY, "")->status, 200);
    ck_assert_int_eq(ask("GET", "/health/", KEY, "")->status, 200);
    ck_assert_int_eq(ask("GET", "/health?apikey=" PUBLIC_KEY, "", "")->status, 200);
    ck_assert_int_eq(ask("GET", "/health", "", "")->status, 401);
    ck_assert_int_eq(ask("GET", "", KEY, "")->status, 404);
    ck_assert_int_eq(ask("GET", "x/health", KEY, "")->status, 404);
    ck_assert_str_eq(http_field(ask("GET", "x/health", KEY, ""), "Content-Type"), "application/problem+json");
    ck_assert_str_eq(ask("GET", "/nope", KEY, "")->body, "404 page not found\n");
    ck_assert_str_eq(http_field(ask("DELETE", "/signup", KEY, ""), "Allow"), "POST");
}
END_TEST

START_TEST(it_is_not_on_the_port_of_health)
{
    ck_assert_int_eq(http_exchange(server.admin_port, "GET /auth/v1/health HTTP/1.1\r\nHost: x\r\n" KEY "\r\n")->status,
                     404);
}
END_TEST

START_TEST(browsers_may_send_what_the_client_sends)
{
    static const char *const wanted[] = {"Authorization", "Content-Type", "apikey", "X-Client-Info",
                                         "X-Supabase-Api-Version"};
    http_answer *answer = ask("OPTIONS", "/token?grant_type=password",
                              "Origin: " ORIGIN "\r\nAccess-Control-Request-Method: POST\r\n"
                              "Access-Control-Request-Headers: apikey,authorization,x-supabase-api-version\r\n",
                              "");

    ck_assert_int_eq(answer->status, 204);
    ck_assert_str_eq(http_field(answer, "Access-Control-Allow-Origin"), ORIGIN);
    ck_assert_ptr_nonnull(strstr(http_field(answer, "Access-Control-Allow-Methods"), "DELETE"));
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        ck_assert_msg(strstr(http_field(answer, "Access-Control-Allow-Headers"), wanted[i]) != NULL, "%s", wanted[i]);
    answer = ask("GET", "/settings", KEY "Origin: " ORIGIN "\r\n", "");
    ck_assert_ptr_nonnull(strstr(http_field(answer, "Access-Control-Expose-Headers"), "X-Supabase-Api-Version"));
    answer = ask("GET", "/settings", KEY "Origin: http://elsewhere.example\r\n", "");
    ck_assert_ptr_null(http_field(answer, "Access-Control-Allow-Origin"));
}
END_TEST

START_TEST(what_may_be_kept_is_said)
{
    ck_assert_str_eq(http_field(ask("GET", "/.well-known/jwks.json", "", ""), "Cache-Control"), "public, max-age=600");
    ck_assert_str_eq(http_field(ask("GET", "/settings", KEY, ""), "Cache-Control"), "no-store");
}
END_TEST

START_TEST(a_long_body_is_refused_in_its_form)
{
    http_answer *answer =
        ask("POST", "/signup", KEY "X-Supabase-Api-Version: 2024-01-01\r\n", test_repeat(" ", 1048577));

    ck_assert_int_eq(answer->status, 413);
    ck_assert_str_eq(http_text(answer, "/code"), "request_entity_too_large");
    answer = http_exchange(server.port,
                           "POST /auth/v1/signup HTTP/1.1\r\nHost: x\r\n" KEY "Transfer-Encoding: chunked\r\n\r\n"
                           "2\r\n{}\r\n0\r\n\r\n");
    ck_assert_int_eq(answer->status, 200); /* a guest */
    ck_assert_str_eq(http_value(answer, "/user/is_anonymous"), "true");
}
END_TEST

/* A key in the query, a token, a password: none of them is anybody's who reads the log. */
START_TEST(the_log_keeps_secrets_to_itself)
{
    http_answer *answer = ask("POST", "/signup?apikey=" PUBLIC_KEY, "",
                              "{\"email\":\"log@example.org\",\"password\":\"a cup of green tea\"}");
    const char *token = http_text(answer, "/access_token"), *log;

    ck_assert_int_eq(ask("GET", "/user", test_format(KEY "Authorization: Bearer %s\r\n", token), "")->status, 200);
    ask("GET", test_format("/verify?token=%s", token), "", "");
    do
        log = http_server_log(&server); /* lines come within 100 ms */
    while (!strstr(log, "\"path\":\"/auth/v1/verify\""));
    ck_assert_ptr_nonnull(strstr(log, "\"route\":\"/auth/v1\",\"path\":\"/auth/v1/signup\",\"status\":200"));
    ck_assert_ptr_null(strstr(log, token));
    ck_assert_ptr_null(strstr(log, PUBLIC_KEY));
    ck_assert_ptr_null(strstr(log, "green tea"));
}
END_TEST

/* ---- the recording ---- */

/* The recorded server had no gateway in front: the key is in the query, where it says nothing about who is calling. */
static replay_answer send_to_server(void *context, const replay_request *request)
{
    http_answer *answer =
        ask(request->method,
            test_format("%s?%s%sapikey=" PUBLIC_KEY, request->path, request->query, *request->query ? "&" : ""),
            test_format("%s%s%s%s", request->new_form ? "X-Supabase-Api-Version: 2024-01-01\r\n" : "",
                        request->bearer ? "Authorization: Bearer " : "", request->bearer ? request->bearer : "",
                        request->bearer ? "\r\n" : ""),
            request->body ? request->body : "");

    (void)context;
    return (replay_answer){answer->status, answer->head, answer->body};
}

static void wait_for_real(void *context, int seconds)
{
    (void)context;
    nanosleep(&(struct timespec){seconds, 0}, NULL);
}

/* Without a mail server, mails are in the log, some milliseconds after they were answered for. */
static const char *last_mail(void *context)
{
    static const char begin[] = " mail to ", link[] = "the link is ";
    const char *log, *at = NULL, *url;

    wait_for_real(context, 1);
    log = http_server_log(&server);
    for (const char *next = strstr(log, link); next; next = strstr(next + 1, link))
        at = next;
    if (!at)
        return NULL;
    url = at + strlen(link);
    while (strncmp(at, begin, strlen(begin)) != 0)
        at--;
    at += strlen(begin);
    return test_format("To: %.*s\r\n%.*s", (int)strcspn(at, ","), at, (int)strcspn(url, "\""), url);
}

static const char *code_of_app(void *context, const char *secret)
{
    char code[7];

    (void)context;
    test_app_code(code, secret, (int64_t)time(NULL) * 1000);
    return test_format("%s", code);
}

START_TEST(a_recorded_session_is_answered_alike)
{
    static const char longer[] = "passwords have eight characters here";
    static const char gateway[] = "a key without a bearer is the role anon, as the gateway of Supabase has it";
    static const char minute[] = "a minute lies between two mails to one address";
    static const replay_difference own[] = {
        {"signup weak", longer},    {"signup weak legacy", longer},   {"user put weak password", longer},
        {"user no auth", gateway},  {"user no auth legacy", gateway}, {"logout no auth", gateway},
        {"admin no auth", gateway}, {"otp existing", minute},         {"mail: magiclink", minute},
        {"otp pkce", minute},       {"verify GET pkce", minute},      {"pkce wrong verifier", minute},
        {"pkce ok", minute},        {"pkce reuse", minute},           {NULL, NULL}};
    const replay_stage stage = {.send = send_to_server,
                                .mail = last_mail,
                                .wait = wait_for_real,
                                .code = code_of_app,
                                .base = "http://127.0.0.1:54321/auth/v1",
                                .issuer = "tripsage",
                                .jwt_secret = SECRET};
    replay_result result = replay(&stage, TRIPSAGE_SOURCE_DIR "/tests/data/supabase_auth.jsonl", own);

    ck_assert_int_eq(result.unexpected, 0);
    ck_assert_int_ge(result.equal, EQUAL_MIN);
}
END_TEST

SERVER_SUITE("server/auth_wire", variables, it_is_below_its_path, it_is_not_on_the_port_of_health,
             browsers_may_send_what_the_client_sends, what_may_be_kept_is_said, a_long_body_is_refused_in_its_form,
             the_log_keeps_secrets_to_itself, a_recorded_session_is_answered_alike)
