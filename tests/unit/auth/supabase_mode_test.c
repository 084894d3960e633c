/* Accounts that a Supabase project has: a handle in that mode before the library's own Auth, which speaks the same wire. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <tripsage/auth_serve.h>

#include "fixture.h"
#include "support/web.h"

#define PUBLIC  "sb_publishable_0123456789abcdefghijkl_01234567"
#define SERVICE "sb_secret_0123456789abcdefghijkl_01234567"

static tripsage_auth *project, *here;
static test_web *web;

/* ---- the project ---- */

/* Answers stay until the web is closed. */
static tripsage_auth_response *answers[64];
static char head[64][1024];
static _Atomic size_t answered;
static int away;

static const char *header_of(void *context, const char *name)
{
    static _Thread_local char value[9000];
    const test_web_request *r = context;
    size_t length = strlen(name);

    for (const char *line = r->head; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
        if (strncasecmp(line, name, length) == 0 && line[length] == ':') {
            snprintf(value, sizeof value, "%.*s", (int)strcspn(line + length + 2, "\r\n"), line + length + 2);
            return value;
        }
    return NULL;
}

static void serve(test_web_reply *reply, const test_web_request *r, void *user)
{
    tripsage_auth_request request = TRIPSAGE_AUTH_REQUEST_INIT;
    size_t number = answered++, size = 0;
    char path[4096];
    char *query;
    const char *name, *value;

    (void)user;
    ck_assert_uint_lt(number, 64);
    reply->status = 404;
    reply->hang_up = away;
    if (away || strncmp(r->target, "/auth/v1/", 9) != 0)
        return;
    snprintf(path, sizeof path, "%s", r->target + 8);
    query = strchr(path, '?');
    if (query)
        *query++ = '\0';
    request.method = r->method;
    request.path = path;
    request.query = query;
    request.header = header_of;
    request.context = (void *)r;
    request.body = r->body;
    request.length = r->body_size;
    if (tripsage_auth_serve(&answers[number], project, &request) != TRIPSAGE_OK)
        return;
    for (size_t i = 0; tripsage_auth_response_header(answers[number], i, &name, &value); i++)
        size += (size_t)snprintf(head[number] + size, sizeof head[number] - size, "%s: %s\r\n", name, value);
    reply->status = tripsage_auth_response_status(answers[number]);
    reply->headers = head[number];
    reply->body = tripsage_auth_response_body(answers[number], &reply->body_size);
}

static void set_up(void)
{
    tripsage_auth_options options = cheap_options();
    tripsage_runtime runtime = test_runtime();
    char issuer[256];

    clock_ms = NOON;
    web = test_web_open(serve, NULL, TEST_PEER_PLAIN);
    snprintf(issuer, sizeof issuer, "%s/auth/v1", test_web_url(web));
    options.jwt_secret = NULL; /* ES256, as projects have */
    options.issuer = issuer;
    options.public_key = PUBLIC;
    options.service_key = SERVICE;
    ck_assert_ok(tripsage_auth_open(&project, "sqlite::memory:", &options, &runtime));
    options.supabase_url = test_web_url(web);
    ck_assert_ok(tripsage_auth_open(&here, "sqlite::memory:", &options, &runtime));
}

static void tear_down(void)
{
    test_web_close(web);
    for (size_t i = 0; i < answered; i++)
        tripsage_auth_response_free(answers[i]);
    tripsage_auth_close(here);
    tripsage_auth_close(project);
}

/* ---- a client of ours ---- */

typedef struct asked {
    const char *api_key, *bearer, *version;
} asked;

static const char *asked_header(void *context, const char *name)
{
    static char authorization[9000];
    const asked *a = context;

    snprintf(authorization, sizeof authorization, "Bearer %s", a->bearer ? a->bearer : "");
    if (strcmp(name, "apikey") == 0)
        return a->api_key;
    if (strcmp(name, "authorization") == 0)
        return a->bearer ? authorization : NULL;
    return strcmp(name, "x-supabase-api-version") == 0 ? a->version : NULL;
}

static tripsage_auth_response *ask(const char *method, const char *path, const char *query, const char *body, asked *a)
{
    tripsage_auth_request request = TRIPSAGE_AUTH_REQUEST_INIT;
    tripsage_auth_response *response;

    request.method = method;
    request.path = path;
    request.query = query;
    request.header = asked_header;
    request.context = a;
    request.body = body;
    request.length = body ? strlen(body) : 0;
    ck_assert_ok(tripsage_auth_serve(&response, here, &request));
    return response;
}

static const char *header_in(tripsage_auth_response *response, const char *wanted)
{
    const char *name, *value;

    for (size_t i = 0; tripsage_auth_response_header(response, i, &name, &value); i++)
        if (strcmp(name, wanted) == 0)
            return value;
    return NULL;
}

#define ADA "{\"email\":\"ada@example.com\",\"password\":\"correct horse\"}"

static tripsage_doc *sign_up_there(void)
{
    asked a = {PUBLIC, NULL, "2024-01-01"};
    tripsage_auth_response *response = ask("POST", "/signup", NULL, ADA, &a);
    tripsage_doc *session;

    ck_assert_msg(tripsage_auth_response_status(response) == 200, "%s", tripsage_auth_response_body(response, NULL));
    ck_assert_ok(tripsage_doc_parse(&session, tripsage_auth_response_body(response, NULL), TRIPSAGE_NUL));
    tripsage_auth_response_free(response);
    return session;
}

START_TEST(the_project_answers)
{
    tripsage_doc *session = sign_up_there();
    asked user = {PUBLIC, tripsage_doc_text(session, "/access_token"), "2024-01-01"};
    asked service = {SERVICE, NULL, "2024-01-01"};
    tripsage_auth_response *response = ask("GET", "/user", NULL, NULL, &user);

    ck_assert_int_eq(tripsage_auth_response_status(response), 200);
    ck_assert_ptr_nonnull(strstr(tripsage_auth_response_body(response, NULL), "ada@example.com"));
    tripsage_auth_response_free(response);
    response = ask("GET", "/admin/users", "page=1&per_page=1", NULL, &service);
    ck_assert_int_eq(tripsage_auth_response_status(response), 200);
    ck_assert_str_eq(header_in(response, "x-total-count"), "1");
    tripsage_auth_response_free(response);
    tripsage_doc_free(session);
}
END_TEST

START_TEST(refusals_come_back_as_they_are)
{
    asked newer = {PUBLIC, NULL, "2024-01-01"}, older = {PUBLIC, NULL, NULL};
    tripsage_auth_response *response = ask("POST", "/token", "grant_type=password", ADA, &newer);

    ck_assert_int_eq(tripsage_auth_response_status(response), 400);
    ck_assert_str_eq(tripsage_auth_response_body(response, NULL),
                     "{\"code\":\"invalid_credentials\",\"message\":\"Invalid login credentials\"}");
    ck_assert_str_eq(header_in(response, "x-supabase-api-version"), "2024-01-01");
    tripsage_auth_response_free(response);
    response = ask("POST", "/token", "grant_type=password", ADA, &older);
    ck_assert_ptr_nonnull(
        strstr(tripsage_auth_response_body(response, NULL), "\"error_code\":\"invalid_credentials\""));
    tripsage_auth_response_free(response);
}
END_TEST

START_TEST(its_tokens_are_verified_here)
{
    tripsage_doc *session = sign_up_there();
    const char *token = tripsage_doc_text(session, "/access_token");
    tripsage_actor *actor;
    long before;

    ck_assert_ok(tripsage_auth_verify(&actor, here, token, TRIPSAGE_NUL));
    ck_assert_str_eq(tripsage_actor_user_id(actor), tripsage_doc_text(session, "/user/id"));
    tripsage_actor_free(actor);
    before = test_web_requests(web);
    for (int i = 0; i < 3; i++) {
        ck_assert_ok(tripsage_auth_verify(&actor, here, token, TRIPSAGE_NUL));
        tripsage_actor_free(actor);
        clock_ms += 61000; /* past what is believed without a look */
    }
    ck_assert_int_eq(test_web_requests(web), before); /* the keys are here */
    clock_ms += 2 * HOUR;
    ck_assert_fails(tripsage_auth_verify(&actor, here, token, TRIPSAGE_NUL), TRIPSAGE_EEXPIRED);
    tripsage_doc_free(session);
}
END_TEST

START_TEST(a_token_of_anybody_else_is_refused)
{
    tripsage_auth_options options = cheap_options();
    tripsage_runtime runtime = test_runtime();
    tripsage_auth *other;
    tripsage_doc *session;
    tripsage_actor *actor;
    char issuer[256];

    snprintf(issuer, sizeof issuer, "%s/auth/v1", test_web_url(web));
    options.jwt_secret = NULL;
    options.issuer = issuer;
    ck_assert_ok(tripsage_auth_open(&other, "sqlite::memory:", &options, &runtime));
    ck_assert_ok(sign_up(&session, other, "eve@example.com", "correct horse"));
    ck_assert_fails(tripsage_auth_verify(&actor, here, tripsage_doc_text(session, "/access_token"), TRIPSAGE_NUL),
                    TRIPSAGE_ETOKEN);
    tripsage_doc_free(session);
    tripsage_auth_close(other);
}
END_TEST

START_TEST(a_project_that_is_away_is_tried_again_by_clients)
{
    asked a = {PUBLIC, NULL, "2024-01-01"};
    tripsage_auth_response *response;

    away = 1;
    response = ask("POST", "/signup", NULL, ADA, &a);
    ck_assert_int_ge(tripsage_auth_response_status(response), 500);
    ck_assert_int_eq(tripsage_auth_response_body(response, NULL)[0], '{');
    tripsage_auth_response_free(response);
}
END_TEST

SUITE_MAIN_WITH("auth/supabase_mode", set_up, tear_down, the_project_answers, refusals_come_back_as_they_are,
                its_tokens_are_verified_here, a_token_of_anybody_else_is_refused,
                a_project_that_is_away_is_tried_again_by_clients)
