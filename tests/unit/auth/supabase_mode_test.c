/* Accounts that a Supabase project has: a handle in that mode before the library's own Auth, which speaks the same wire. */
#include <stdio.h>
#include <string.h>
#include <tripsage/auth_serve.h>

#include "fixture.h"
#include "support/failing.h"
#include "support/project.h"

#define PUBLIC  TEST_PROJECT_PUBLIC_KEY
#define SERVICE TEST_PROJECT_SERVICE_KEY

static test_project project;
static tripsage_auth *here;

static void set_up(void)
{
    tripsage_auth_options options = cheap_options();
    tripsage_runtime runtime = test_runtime();

    test_heap_install();
    clock_ms = NOON;
    test_project_open(&project);
    options.jwt_secret = NULL; /* ES256, as projects have */
    options.issuer = project.issuer;
    options.public_key = PUBLIC;
    options.service_key = SERVICE;
    ck_assert_ok(tripsage_auth_open(&project.auth, "sqlite::memory:", &options, &runtime));
    options.supabase_url = test_web_url(project.web);
    ck_assert_ok(tripsage_auth_open(&here, "sqlite::memory:", &options, &runtime));
}

static void tear_down(void)
{
    test_project_close(&project);
    tripsage_auth_close(here);
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
    before = test_web_requests(project.web);
    for (int i = 0; i < 3; i++) {
        ck_assert_ok(tripsage_auth_verify(&actor, here, token, TRIPSAGE_NUL));
        tripsage_actor_free(actor);
        clock_ms += 61000; /* past what is believed without a look */
    }
    ck_assert_int_eq(test_web_requests(project.web), before); /* the keys are here */
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

    options.jwt_secret = NULL;
    options.issuer = project.issuer;
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

    project.away = 1;
    response = ask("POST", "/signup", NULL, ADA, &a);
    ck_assert_int_ge(tripsage_auth_response_status(response), 500);
    ck_assert_int_eq(tripsage_auth_response_body(response, NULL)[0], '{');
    tripsage_auth_response_free(response);
}
END_TEST

/* ---- the calls of tripsage/auth.h ---- */

#define BOB "{\"email\":\"bob@example.com\",\"password\":\"correct horse\"}"

/* What a call with accounts of the library's own gives, over them and over the wire. */
static const char *shape_of(tripsage_doc *doc)
{
    static char shapes[2][2048];
    static int turn;
    char *at = shapes[turn ^= 1], *end = at + sizeof shapes[0];

    for (const char *json = tripsage_doc_json(doc, NULL); *json && at + 1 < end; json++)
        if (*json == '"') {
            size_t length = strcspn(json + 1, "\"");

            if (json[length + 2] == ':')
                at += snprintf(at, (size_t)(end - at), "%.*s,", (int)length, json + 1);
            json += length + 1;
        }
    return shapes[turn];
}

/* The members are those of accounts of the library's own, in the same order. */
START_TEST(calls_give_what_they_give_with_accounts_of_our_own)
{
    tripsage_auth *own = open_auth();
    tripsage_auth *both[] = {own, here};
    tripsage_doc *docs[2][6];
    tripsage_actor *service, *actor;

    ck_assert_ok(tripsage_actor_service(&service));
    for (int i = 0; i < 2; i++) {
        const char *id;

        ck_assert_ok(tripsage_auth_sign_up(&docs[i][0], both[i], NULL, ADA, TRIPSAGE_NUL));
        ck_assert_ok(tripsage_auth_sign_in(&docs[i][1], both[i], NULL, ADA, TRIPSAGE_NUL));
        actor = actor_of(both[i], docs[i][1]);
        ck_assert_ok(tripsage_auth_user(&docs[i][2], both[i], actor));
        id = tripsage_doc_text(docs[i][2], "/id");
        ck_assert_ok(tripsage_auth_admin_user_get(&docs[i][3], both[i], service, id));
        ck_assert_ok(tripsage_auth_admin_user_list(&docs[i][4], both[i], service, NULL));
        ck_assert_ok(tripsage_auth_admin_user_create(&docs[i][5], both[i], service, BOB, TRIPSAGE_NUL));
        tripsage_actor_free(actor);
    }
    for (int i = 1; i < 6; i++)
        ck_assert_str_eq(shape_of(docs[0][i]), shape_of(docs[1][i]));
    /* Supabase Auth has not read again what it wrote, so who signs up is not "confirmed_at" yet. */
    ck_assert_ptr_nonnull(strstr(shape_of(docs[1][0]),
                                 "access_token,token_type,expires_in,expires_at,refresh_token,user,"
                                 "id,aud,role,email,full_name,email_confirmed_at,"));
    for (int i = 0; i < 12; i++)
        tripsage_doc_free(docs[i / 6][i % 6]);
    tripsage_actor_free(service);
    tripsage_auth_close(own);
}
END_TEST

/* An actor that the program made itself has no token: he is looked up with the service's key, and cannot change himself. */
START_TEST(an_actor_without_a_token_is_looked_up)
{
    tripsage_doc *session = sign_up_there(), *user;
    tripsage_actor *actor, *service;

    ck_assert_ok(tripsage_actor_user(&actor, tripsage_doc_text(session, "/user/id")));
    ck_assert_ok(tripsage_actor_service(&service));
    ck_assert_ok(tripsage_auth_user(&user, here, actor));
    ck_assert_str_eq(tripsage_doc_text(user, "/email"), "ada@example.com");
    tripsage_doc_free(user);
    ck_assert_ok(tripsage_auth_find_user(&user, here, service, "ADA@example.com"));
    ck_assert_str_eq(tripsage_doc_text(user, "/id"), tripsage_actor_user_id(actor));
    tripsage_doc_free(user);
    ck_assert_fails(tripsage_auth_find_user(&user, here, service, "da@example.com"), TRIPSAGE_ENOTFOUND);
    ck_assert_fails(tripsage_auth_user(&user, here, service), TRIPSAGE_ENOTFOUND);
    ck_assert_fails(tripsage_auth_user_update(&user, here, actor, "{}", TRIPSAGE_NUL), TRIPSAGE_EINVALID);
    assert_field("#actor");
    tripsage_actor_free(actor);
    tripsage_actor_free(service);
    tripsage_doc_free(session);
}
END_TEST

static tripsage_doc *sign_in_there(void)
{
    tripsage_doc *session;

    ck_assert_ok(tripsage_auth_sign_in(&session, here, NULL, ADA, TRIPSAGE_NUL));
    return session;
}

static tripsage_status status_of(tripsage_doc *session)
{
    tripsage_actor *actor;
    tripsage_status status = verify(&actor, here, session);

    tripsage_actor_free(actor);
    return status;
}

/* Here, by this handle, whoever has asked for it. */
START_TEST(what_was_signed_out_of_is_refused_at_once)
{
    static const struct {
        const char *query;
        int ends_own, ends_other;
    } table[] = {{"scope=local", 1, 0}, {"scope=others", 0, 1}, {"scope=global", 1, 1}, {NULL, 1, 1}};

    tripsage_doc_free(sign_up_there());
    for (size_t i = 0; i < 2 * sizeof table / sizeof table[0]; i++) {
        const size_t row = i / 2;
        tripsage_doc *own = sign_in_there(), *other = sign_in_there(), *later;
        tripsage_actor *actor = actor_of(here, own);
        const tripsage_sign_out scope = row == 3 ? TRIPSAGE_SIGN_OUT_GLOBAL : (tripsage_sign_out)row;

        ck_assert_ok(status_of(other));
        if (i % 2) {
            asked a = {PUBLIC, token_of(own), "2024-01-01"};
            tripsage_auth_response *response = ask("POST", "/logout", table[row].query, NULL, &a);

            ck_assert_int_eq(tripsage_auth_response_status(response), 204);
            tripsage_auth_response_free(response);
        } else {
            ck_assert_ok(tripsage_auth_sign_out(here, actor, scope));
            ck_assert_int_eq(tripsage_auth_sign_out(here, actor, scope), TRIPSAGE_OK); /* ended is ended */
        }
        ck_assert_int_eq(status_of(own), table[row].ends_own ? TRIPSAGE_ETOKEN : TRIPSAGE_OK);
        ck_assert_int_eq(status_of(other), table[row].ends_other ? TRIPSAGE_ETOKEN : TRIPSAGE_OK);
        later = sign_in_there();
        ck_assert_ok(status_of(later));
        tripsage_doc_free(own);
        tripsage_doc_free(other);
        tripsage_doc_free(later);
        tripsage_actor_free(actor);
    }
}
END_TEST

/* What is known to have ended costs no request; and a user whose sessions ended is asked for only about tokens from before. */
START_TEST(the_project_is_asked_no_more_than_needed)
{
    tripsage_doc *own, *other, *later;
    tripsage_actor *actor;
    long before;

    tripsage_doc_free(sign_up_there());
    own = sign_in_there();
    other = sign_in_there();
    actor = actor_of(here, own);
    ck_assert_ok(tripsage_auth_sign_out(here, actor, TRIPSAGE_SIGN_OUT_GLOBAL));
    before = test_web_requests(project.web);
    ck_assert_int_eq(status_of(own), TRIPSAGE_ETOKEN);
    ck_assert_int_eq(test_web_requests(project.web), before);
    ck_assert_int_eq(status_of(other), TRIPSAGE_ETOKEN);
    ck_assert_int_eq(test_web_requests(project.web), before + 1);
    ck_assert_int_eq(status_of(other), TRIPSAGE_ETOKEN);
    ck_assert_str_eq(tripsage_last_error()->reason, "session_not_found");
    ck_assert_int_eq(test_web_requests(project.web), before + 1);
    clock_ms += 62000;
    later = sign_in_there();
    before = test_web_requests(project.web);
    ck_assert_ok(status_of(later));
    ck_assert_int_eq(test_web_requests(project.web), before);
    tripsage_doc_free(own);
    tripsage_doc_free(other);
    tripsage_doc_free(later);
    tripsage_actor_free(actor);
}
END_TEST

START_TEST(a_deleted_user_is_refused_at_once)
{
    tripsage_doc *session = sign_up_there();
    tripsage_actor *service;

    ck_assert_ok(tripsage_actor_service(&service));
    ck_assert_ok(status_of(session));
    ck_assert_ok(tripsage_auth_admin_user_delete(here, service, tripsage_doc_text(session, "/user/id"), 0));
    ck_assert_int_eq(status_of(session), TRIPSAGE_ETOKEN);
    ck_assert_int_eq(tripsage_last_error()->status, TRIPSAGE_ETOKEN);
    ck_assert_str_eq(tripsage_last_error()->reason, "user_not_found");
    tripsage_actor_free(service);
    tripsage_doc_free(session);
}
END_TEST

/* What may have been done is not done again. */
START_TEST(a_project_that_is_away_is_unavailable)
{
    tripsage_doc *session = sign_up_there(), *doc;
    tripsage_actor *actor = actor_of(here, session);
    long before;

    project.away = 2; /* does it, and hangs up */
    before = test_web_requests(project.web);
    ck_assert_fails(tripsage_auth_sign_up(&doc, here, NULL, BOB, TRIPSAGE_NUL), TRIPSAGE_EUNAVAILABLE);
    ck_assert_int_eq(test_web_requests(project.web), before + 1);
    ck_assert_fails(tripsage_auth_reauthenticate(here, actor), TRIPSAGE_EUNAVAILABLE);
    ck_assert_int_eq(test_web_requests(project.web), before + 2);
    project.away = 1;
    ck_assert_fails(tripsage_auth_user(&doc, here, actor), TRIPSAGE_EUNAVAILABLE);
    ck_assert_fails(tripsage_auth_sign_out(here, actor, TRIPSAGE_SIGN_OUT_GLOBAL), TRIPSAGE_EUNAVAILABLE);
    ck_assert_ok(status_of(session)); /* nobody has told that it ended */
    tripsage_actor_free(actor);
    tripsage_doc_free(session);
}
END_TEST

/* Objects in a user's data are merged, as with accounts of our own, where Supabase Auth replaces them. */
START_TEST(data_is_merged)
{
    tripsage_doc *session = sign_up_there(), *user;
    tripsage_actor *actor = actor_of(here, session);

    ck_assert_ok(tripsage_auth_user_update(
        &user, here, actor, "{\"full_name\":\"Ada\",\"data\":{\"full_name\":\"x\",\"a\":{\"b\":1,\"c\":2},\"d\":3}}",
        TRIPSAGE_NUL));
    tripsage_doc_free(user);
    ck_assert_ok(tripsage_auth_user_update(&user, here, actor, "{\"data\":{\"a\":{\"b\":null,\"e\":4},\"d\":null}}",
                                           TRIPSAGE_NUL));
    ck_assert_str_eq(tripsage_doc_text(user, "/full_name"), "Ada");
    ck_assert_str_eq(tripsage_doc_value(user, "/user_metadata/a", NULL), "{\"c\":2,\"e\":4}");
    ck_assert_int_eq(tripsage_doc_kind(user, "/user_metadata/d"), TRIPSAGE_KIND_ABSENT);
    tripsage_doc_free(user);
    tripsage_actor_free(actor);
    tripsage_doc_free(session);
}
END_TEST

START_TEST(what_supabase_auth_has_not_is_said)
{
    tripsage_doc *session = sign_up_there(), *doc;
    tripsage_actor *actor = actor_of(here, session), *service;

    ck_assert_ok(tripsage_actor_service(&service));
    ck_assert_fails(tripsage_auth_session_list(&doc, here, actor), TRIPSAGE_ENOTSUP);
    ck_assert_fails(tripsage_auth_recovery_codes(&doc, here, actor), TRIPSAGE_ENOTSUP);
    ck_assert_fails(tripsage_auth_secret_put(here, actor, "openai", "sk-0123456789", TRIPSAGE_NUL), TRIPSAGE_ENOTSUP);
    ck_assert_fails(tripsage_auth_signing_keys(&doc, here, service), TRIPSAGE_ENOTSUP);
    ck_assert_ok(tripsage_auth_key_create(&doc, here, service, "{\"name\":\"a\",\"kind\":\"secret\"}", TRIPSAGE_NUL));
    tripsage_doc_free(doc);
    ck_assert_ok(tripsage_auth_jwks(&doc, here));
    ck_assert_str_eq(tripsage_doc_text(doc, "/keys/0/alg"), "ES256");
    tripsage_doc_free(doc);
    tripsage_actor_free(actor);
    tripsage_actor_free(service);
    tripsage_doc_free(session);
}
END_TEST

/* ---- memory ---- */

static tripsage_actor *ada, *service;
static char token[2048];

/* As they come: what one needs of another was asked for before. */
static tripsage_status do_call(tripsage_doc **doc, int number)
{
    static const char link[] =
        "{\"type\":\"recovery\",\"email\":\"ada@example.com\",\"redirect_to\":\"http://localhost:3000\"}";
    static const char update[] =
        "{\"full_name\":\"Ada\",\"password\":\"correct horses\",\"data\":{\"a\":{\"b\":1},\"c\":null}}";
    tripsage_actor *actor = NULL;
    tripsage_status status;

    *doc = NULL;
    switch (number) {
    case 0:
        return tripsage_auth_sign_in(doc, here, NULL, ADA, TRIPSAGE_NUL);
    case 1:
        return tripsage_auth_user(doc, here, ada);
    case 2:
        return tripsage_auth_find_user(doc, here, service, "ada@example.com");
    case 3:
        return tripsage_auth_admin_user_list(doc, here, service, NULL);
    case 4:
        return tripsage_auth_factor_list(doc, here, ada);
    case 5:
        return tripsage_auth_factor_enroll(doc, here, ada, NULL, "{\"friendly_name\":\"phone\"}", TRIPSAGE_NUL);
    case 6:
        return tripsage_auth_admin_generate_link(doc, here, service, link, TRIPSAGE_NUL);
    case 7:
        return tripsage_auth_jwks(doc, here);
    case 8:
        return tripsage_auth_user_update(doc, here, ada, update, TRIPSAGE_NUL);
    case 9: /* asks, since the password was changed */
        status = tripsage_auth_verify(&actor, here, token, TRIPSAGE_NUL);
        tripsage_actor_free(actor);
        tripsage__verified_forget(here->verified, tripsage_actor_user_id(ada));
        return status;
    default:
        return tripsage_auth_sign_out(here, ada, TRIPSAGE_SIGN_OUT_LOCAL);
    }
}

static tripsage_status wire(const char *method, const char *path, const char *query)
{
    asked a = {PUBLIC, token, "2024-01-01"};
    tripsage_auth_request request = TRIPSAGE_AUTH_REQUEST_INIT;
    tripsage_auth_response *response;
    tripsage_status status;
    int http;

    request.method = method;
    request.path = path;
    request.query = query;
    request.header = asked_header;
    request.context = &a;
    status = tripsage_auth_serve(&response, here, &request);
    http = status == TRIPSAGE_OK ? tripsage_auth_response_status(response) : 500;
    tripsage_auth_response_free(response);
    return http < 500 ? TRIPSAGE_OK : TRIPSAGE_ENOMEM;
}

enum { CALLS = 12 };

static tripsage_status do_any(tripsage_doc **doc, int number)
{
    if (number < CALLS - 1)
        return do_call(doc, number);
    *doc = NULL;
    return wire("POST", "/logout", "scope=local");
}

/* The project says again what it said, so that only what is done here needs memory. */
START_TEST(survives_every_failing_allocation)
{
    tripsage_doc *session = sign_up_there(), *doc;

    ada = actor_of(here, session);
    snprintf(token, sizeof token, "%s", token_of(session));
    ck_assert_ok(tripsage_actor_service(&service));
    for (int i = 0; i < CALLS; i++) {
        ck_assert_msg(do_any(&doc, i) == TRIPSAGE_OK, "call %d: %s", i, tripsage_last_error()->message);
        tripsage_doc_free(doc);
    }
    project.replays = 1;
    for (int mode = 0; mode < 2; mode++)
        for (int i = 0; i < CALLS; i++) {
            tripsage_status status = TRIPSAGE_ENOMEM;

            if (i == 9) /* the marks of the one before it are what it is about */
                continue;
            for (long n = 1; status == TRIPSAGE_ENOMEM; n++) {
                long before = test_heap_alive(TEST_HEAP_LIBRARY), json = test_heap_alive(TEST_HEAP_JSON);

                test_heap_arm(n, mode ? TEST_FAIL_FOR_GOOD : TEST_FAIL_ONCE);
                status = do_any(&doc, i);
                test_heap_disarm();
                ck_assert_msg(status == TRIPSAGE_OK || (status == TRIPSAGE_ENOMEM && !doc),
                              "call %d, allocation %ld: %s", i, n, tripsage_last_error()->message);
                tripsage_doc_free(doc);
                ck_assert_int_eq((int)test_heap_alive(TEST_HEAP_LIBRARY), (int)before);
                ck_assert_int_eq((int)test_heap_alive(TEST_HEAP_JSON), (int)json);
            }
        }
    tripsage_actor_free(ada);
    tripsage_actor_free(service);
    tripsage_doc_free(session);
}
END_TEST

SUITE_MAIN_WITH("auth/supabase_mode", set_up, tear_down, the_project_answers, refusals_come_back_as_they_are,
                its_tokens_are_verified_here, a_token_of_anybody_else_is_refused,
                a_project_that_is_away_is_tried_again_by_clients, calls_give_what_they_give_with_accounts_of_our_own,
                an_actor_without_a_token_is_looked_up, what_was_signed_out_of_is_refused_at_once,
                the_project_is_asked_no_more_than_needed, a_deleted_user_is_refused_at_once,
                a_project_that_is_away_is_unavailable, data_is_merged, what_supabase_auth_has_not_is_said,
                survives_every_failing_allocation)
