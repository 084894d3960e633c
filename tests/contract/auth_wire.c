/* contract/auth_wire.c: Supabase Auth's wire: what a real server answered, and what we do; who may come in, and in which form errors are
 * told. */
#include "contract.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "support/app.h"
#include "support/auth_replay.h"
#include "support/inbox.h"

#define SECRET "a secret of more than thirty-two bytes, for tests"
#define BASE   "http://127.0.0.1:54321/auth/v1"
#define ISSUER BASE

/* So many of the recorded exchanges are equal at least: what was promised, and one more that is. */
#define EQUAL_MIN 166

static tripsage_auth *auth;

static void open_auth(const tripsage_auth_options *changes)
{
    tripsage_runtime runtime = test_chance_runtime(&world->chance);
    tripsage_auth_options options = *changes;

    options.argon2_memory_kib = 8; /* the least there is: see world.c */
    options.argon2_passes = 1;
    runtime.log = test_inbox_log;
    OK(tripsage_auth_open(&auth, world->url, &options, &runtime));
}

/* ---- one request ---- */

/* The value of a field among "name: value" lines. */
static const char *find_field(void *context, const char *name)
{
    size_t length = strlen(name);

    for (const char *line = context; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
        if (strncasecmp(line, name, length) == 0 && line[length] == ':')
            return test_format("%.*s", (int)strcspn(line + length + 2, "\n"), line + length + 2);
    return NULL;
}

static replay_answer ask(const char *method, const char *path, const char *query, const char *fields, const char *body)
{
    tripsage_auth_request request = TRIPSAGE_AUTH_REQUEST_INIT;
    tripsage_auth_response *response = NULL;
    replay_answer answer = {0, "", ""};
    const char *name, *value;

    request.method = method;
    request.path = path;
    request.query = query;
    request.header = find_field;
    request.context = (void *)(size_t)fields;
    request.address = "192.0.2.7";
    request.origin = "http://127.0.0.1:54321";
    request.body = body;
    request.length = body ? strlen(body) : 0;
    OK(tripsage_auth_serve(&response, auth, &request));
    answer.status = tripsage_auth_response_status(response);
    answer.body = test_format("%s", tripsage_auth_response_body(response, NULL));
    for (size_t i = 0; tripsage_auth_response_header(response, i, &name, &value); i++)
        answer.head = test_format("%s%s: %s\n", answer.head, name, value);
    tripsage_auth_response_free(response);
    return answer;
}

/* ---- the recordings ---- */

static replay_answer send_to_library(void *context, const replay_request *request)
{
    const char *fields = test_format("%s%s%s\n%s", request->new_form ? "X-Supabase-Api-Version: 2024-01-01\n" : "",
                                     request->bearer ? "Authorization: Bearer " : "",
                                     request->bearer ? request->bearer : "x: y", "User-Agent: test\n");

    (void)context;
    return ask(request->method, request->path, request->query, fields, request->body);
}

static const char *last_mail(void *context)
{
    const test_mail *mail = test_inbox_count() ? test_inbox_mail(test_inbox_count() - 1) : NULL;

    (void)context;
    return mail ? test_format("To: %s\n%s", mail->to, mail->link) : NULL;
}

static void wait_by_clock(void *context, int seconds)
{
    (void)context;
    world_advance((int64_t)seconds * 1000);
}

static const char *code_of_app(void *context, const char *secret)
{
    char code[7];

    (void)context;
    test_app_code(code, secret, world->chance.now_ms);
    return test_format("%s", code);
}

static const replay_stage stage = {.send = send_to_library,
                                   .mail = last_mail,
                                   .wait = wait_by_clock,
                                   .code = code_of_app,
                                   .base = BASE,
                                   .issuer = ISSUER,
                                   .jwt_secret = SECRET};

/* As the recorded server was set up. */
static void open_recorded(int confirm_email)
{
    static const tripsage_mail_options mails = {
        .version = 1, .log_mails = 1, .site_url = "http://127.0.0.1:3000", .external_url = "http://127.0.0.1:54321"};
    tripsage_auth_options options = TRIPSAGE_AUTH_OPTIONS_INIT;

    options.jwt_secret = SECRET;
    options.issuer = ISSUER;
    options.password_min = 6;
    options.mail = &mails;
    options.mail_interval_s = 1;
    options.confirm_email = confirm_email;
    open_auth(&options);
}

static replay_result replay_here(int confirm_email, const char *file, const replay_difference *own)
{
    replay_result result;

    open_recorded(confirm_email);
    result = replay(&stage, file, own);
    tripsage_auth_close(auth);
    return result;
}

START_TEST(recorded_exchanges_are_answered_alike)
{
    static const replay_difference own[] = {
        {"signup existing confirmed", "somebody is made up, so that nobody learns who has an account; as Supabase Auth "
                                      "does where phones need to be confirmed as well"},
        {NULL, NULL}};
    replay_result at_once = replay_here(0, TRIPSAGE_SOURCE_DIR "/tests/data/supabase_auth.jsonl", NULL);
    replay_result confirmed = replay_here(1, TRIPSAGE_SOURCE_DIR "/tests/data/supabase_auth_confirm.jsonl", own);
    int equal = at_once.equal + confirmed.equal, all = at_once.exchanges + confirmed.exchanges;

    printf("%d of %d recorded exchanges are equal\n", equal, all);
    fflush(stdout);
    ck_assert_int_eq(all, 176);
    ck_assert_int_ge(equal, EQUAL_MIN);
    ck_assert_int_eq(at_once.unexpected + confirmed.unexpected, 0);
}
END_TEST

/* ---- who may come in ---- */

#define PUBLIC_KEY  "sb_publishable_AAAAAAAAAAAAAAAAAAAAAA_AAAAAAAA"
#define SERVICE_KEY "sb_secret_AAAAAAAAAAAAAAAAAAAAAA_AAAAAAAA"
#define NEW_FORM    "X-Supabase-Api-Version: 2024-01-01\n"

static void open_with_keys(void)
{
    tripsage_auth_options options = TRIPSAGE_AUTH_OPTIONS_INIT;

    options.public_key = PUBLIC_KEY;
    options.service_key = SERVICE_KEY;
    open_auth(&options);
}

static void open_plain(void)
{
    const tripsage_auth_options options = TRIPSAGE_AUTH_OPTIONS_INIT;

    open_auth(&options);
}

static void close_auth(void)
{
    tripsage_auth_close(auth);
}

static void answers(replay_answer got, int status, const char *body)
{
    ck_assert_int_eq(got.status, status);
    ck_assert_str_eq(got.body, body);
}

#define ANN "{\"email\":\"ann@example.org\",\"password\":\"correct horse\"}"

static const char *sign_up_with(const char *fields)
{
    replay_answer session = ask("POST", "/signup", "", fields, ANN);

    ck_assert_msg(session.status == 200, "%d: %s", session.status, session.body);
    return test_replaced(test_json_at(session.body, "/access_token"), "\"", "");
}

START_TEST(a_key_is_demanded_where_there_is_one)
{
    static const char *const open[] = {"/.well-known/jwks.json", "/.well-known/openid-configuration"};

    open_with_keys();
    answers(ask("GET", "/health", "", "", NULL), 401, "{\"message\":\"No API key found in request\"}");
    answers(ask("GET", "/nope", "", "", NULL), 401, "{\"message\":\"No API key found in request\"}");
    answers(ask("GET", "/health", "", "apikey: something else of length\n", NULL), 401,
            "{\"message\":\"Invalid authentication credentials\"}");
    ck_assert_int_eq(ask("GET", "/health", "", "apikey: " PUBLIC_KEY "\n", NULL).status, 200);
    ck_assert_int_eq(ask("GET", "/health", "", "apikey: " SERVICE_KEY "\n", NULL).status, 200);
    ck_assert_int_eq(ask("GET", "/health", "apikey=" PUBLIC_KEY, "", NULL).status, 200);
    for (size_t i = 0; i < sizeof open / sizeof open[0]; i++)
        ck_assert_int_eq(ask("GET", open[i], "", "", NULL).status, 200);
    close_auth();
}
END_TEST

/* supabase-js sends a new key as the bearer, too, where nobody is signed in. */
START_TEST(a_bearer_that_is_a_key_says_what_the_key_says)
{
    static const char *const anon[] = {"apikey: " PUBLIC_KEY "\n",
                                       "apikey: " PUBLIC_KEY "\nAuthorization: Bearer " PUBLIC_KEY "\n",
                                       "apikey: " PUBLIC_KEY "\nAuthorization: Bearer sb_temp_something\n"};
    static const char not_a_user[] = "{\"code\":\"bad_jwt\",\"message\":\"invalid claim: missing sub claim\"}";
    const char *token;

    open_with_keys();
    for (size_t i = 0; i < sizeof anon / sizeof anon[0]; i++) {
        answers(ask("GET", "/user", "", test_format(NEW_FORM "%s", anon[i]), NULL), 403, not_a_user);
        answers(ask("GET", "/admin/sso/providers", "", test_format(NEW_FORM "%s", anon[i]), NULL), 403,
                "{\"code\":\"not_admin\",\"message\":\"User not allowed\"}");
    }
    answers(ask("GET", "/user", "", NEW_FORM "apikey: " SERVICE_KEY "\n", NULL), 403, not_a_user);
    ck_assert_int_eq(ask("GET", "/admin/sso/providers", "", "apikey: " SERVICE_KEY "\n", NULL).status, 404);
    ck_assert_int_eq(
        ask("GET", "/admin/sso/providers", "", "apikey: " PUBLIC_KEY "\nAuthorization: Bearer " SERVICE_KEY "\n", NULL)
            .status,
        403);
    token = sign_up_with("apikey: " PUBLIC_KEY "\n");
    ck_assert_int_eq(
        ask("GET", "/user", "", test_format("apikey: " PUBLIC_KEY "\nAuthorization: Bearer %s\n", token), NULL).status,
        200);
    ck_assert_int_eq(ask("GET", "/admin/sso/providers", "",
                         test_format("apikey: " SERVICE_KEY "\nAuthorization: Bearer %s\n", token), NULL)
                         .status,
                     403);
    close_auth();
}
END_TEST

START_TEST(a_secret_key_has_no_business_in_a_browser)
{
    open_with_keys();
    answers(ask("GET", "/health", "", "apikey: " SERVICE_KEY "\nUser-Agent: Mozilla/5.0 (X11)\n", NULL), 401,
            "{\"message\":\"Forbidden use of secret API key in browser\"}");
    ck_assert_int_eq(ask("GET", "/health", "", "apikey: " PUBLIC_KEY "\nUser-Agent: Mozilla/5.0 (X11)\n", NULL).status,
                     200);
    close_auth();
}
END_TEST

START_TEST(a_key_of_the_database_is_a_key)
{
    tripsage_auth_options options = TRIPSAGE_AUTH_OPTIONS_INIT;
    tripsage_doc *keys;
    const char *secret;

    options.require_api_key = 1;
    open_auth(&options);
    ck_assert_int_eq(ask("GET", "/health", "", "", NULL).status, 401);
    keys = OK(tripsage_auth_key_defaults(OUT, auth, world->service, 1));
    ck_assert_int_eq(
        ask("GET", "/health", "", test_format("apikey: %s\n", tripsage_doc_text(keys, "/publishable/key")), NULL)
            .status,
        200);
    secret = test_format("apikey: %s\n", tripsage_doc_text(keys, "/secret/key"));
    ck_assert_int_eq(ask("GET", "/admin/sso/providers", "", secret, NULL).status, 404);
    OK(tripsage_auth_key_revoke(auth, world->service, tripsage_doc_text(keys, "/secret/id")));
    ck_assert_int_eq(ask("GET", "/admin/sso/providers", "", secret, NULL).status, 401);
    close_auth();
}
END_TEST

/* ---- errors ---- */

START_TEST(errors_have_the_form_that_is_asked_for)
{
    static const struct {
        const char *version;
        int is_new;
    } versions[] = {{"2024-01-01", 1}, {"2025-12-31", 1}, {"2023-12-31", 0}, {"2024-1-1", 0},
                    {"garbage", 0},    {"9", 0},          {"", 0},           {"2024-01-01x", 0}};
    replay_answer got;

    open_plain();
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        const char *echoed;

        got = ask("POST", "/token", "grant_type=x", test_format("X-Supabase-Api-Version: %s\n", versions[i].version),
                  "{}");
        echoed = find_field((void *)(size_t)got.head, "x-supabase-api-version");
        answers(got, 400,
                versions[i].is_new
                    ? "{\"code\":\"invalid_credentials\",\"message\":\"unsupported_grant_type\"}"
                    : "{\"code\":400,\"error_code\":\"invalid_credentials\",\"msg\":\"unsupported_grant_type\"}");
        ck_assert_str_eq(find_field((void *)(size_t)got.head, "x-sb-error-code"), "invalid_credentials");
        if (versions[i].is_new)
            ck_assert_str_eq(echoed, "2024-01-01");
        else
            ck_assert_ptr_null(echoed);
    }
    close_auth();
}
END_TEST

START_TEST(bodies_are_read_leniently_and_never_wrongly)
{
    static const struct {
        const char *body;
        int status;
        const char *code;
    } cases[] = {{"{\"email\":7,\"password\":\"correct horse\"}", 400, "\"bad_json\""},
                 {"{\"email\":\"a@example.org\",\"password\":\"correct horse\",\"data\":[]}", 400, "\"bad_json\""},
                 {"[]", 400, "\"bad_json\""},
                 {"{} {}", 400, "\"bad_json\""},
                 {"{\"email\":\"a@example.org\",\"email\":\"b@example.org\",\"password\":\"correct horse\"}", 400,
                  "\"bad_json\""},
                 {"{\"email\":\"a@example.org\",\"password\":null}", 400, "\"validation_failed\""},
                 {"{\"phone\":\"15551234567\",\"password\":\"correct horse\"}", 400, "\"phone_provider_disabled\""},
                 {"{\"email\":\"a@example.org\",\"password\":\"password\"}", 422, "\"weak_password\""}};

    open_plain();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        replay_answer got = ask("POST", "/signup", "", NEW_FORM, cases[i].body);

        ck_assert_msg(got.status == cases[i].status, "%s: %d %s", cases[i].body, got.status, got.body);
        ck_assert_str_eq(test_json_at(got.body, "/code"), cases[i].code);
    }
    ck_assert_int_eq(ask("POST", "/signup", "", "",
                         "{\"email\":\"a@example.org\",\"password\":\"correct horse\",\"unknown\":{\"x\":[1]},"
                         "\"gotrue_meta_security\":{\"captcha_token\":\"x\"},\"phone\":null}")
                         .status,
                     200);
    close_auth();
}
END_TEST

START_TEST(queries_are_decoded)
{
    open_plain();
    answers(ask("POST", "/token", "grant%5Ftype=foo&grant_type=password", NEW_FORM, "{}"), 400,
            "{\"code\":\"invalid_credentials\",\"message\":\"unsupported_grant_type\"}");
    answers(ask("POST", "/token", "&=&x&grant_type=pass%77ord&y=%zz%", NEW_FORM, "{}"), 400,
            "{\"code\":\"validation_failed\",\"message\":\"missing email or phone\"}");
    answers(ask("GET", "/authorize", "provider=%FF%FE", NEW_FORM, NULL), 400,
            "{\"code\":\"validation_failed\",\"message\":\"Unsupported provider: Provider  could not be found\"}");
    for (int shift = 0; shift < 2; shift++) { /* a character that does not fit is left out whole */
        const char *long_name = test_format("provider=%s%s", shift ? "x" : "", test_repeat("%C3%A9", 200));
        const char *body = ask("GET", "/authorize", long_name, NEW_FORM, NULL).body;

        ck_assert(tripsage__utf8_valid(body, strlen(body)));
        ck_assert_ptr_nonnull(strstr(body, "Provider "));
    }
    close_auth();
}
END_TEST

START_TEST(a_request_must_be_one)
{
    tripsage_auth_request request = TRIPSAGE_AUTH_REQUEST_INIT;
    tripsage_auth_response *response = (tripsage_auth_response *)1;

    open_plain();
    ck_assert_int_eq(tripsage_auth_serve(&response, auth, &request), TRIPSAGE_EINVALID);
    ck_assert_ptr_null(response);
    request.method = "GET";
    request.path = "/health";
    request.version = 2;
    ck_assert_int_eq(tripsage_auth_serve(&response, auth, &request), TRIPSAGE_EINVALID);
    request.version = 1;
    OK(tripsage_auth_serve(&response, auth, &request));
    ck_assert_int_eq(tripsage_auth_response_status(response), 200);
    tripsage_auth_response_free(response);
    tripsage_auth_response_free(NULL);
    close_auth();
}
END_TEST

/* ---- what the recordings do not have ---- */

START_TEST(data_is_merged_at_its_first_level_until_signed_out)
{
    const char *bearer;

    open_plain();
    bearer = test_format(NEW_FORM "Authorization: Bearer %s\n", sign_up_with(""));
    ck_assert_int_eq(ask("PUT", "/user", "", bearer, "{\"data\":{\"a\":{\"b\":1}}}").status, 200);
    ck_assert_str_eq(
        test_json_at(ask("PUT", "/user", "", bearer, "{\"data\":{\"a\":{\"c\":2}}}").body, "/user_metadata/a"),
        "{\"c\":2}");
    ck_assert_int_eq(ask("PUT", "/user", "", bearer, "{}").status, 200);
    answers(ask("DELETE", "/user/identities/x", "", bearer, NULL), 404,
            "{\"code\":\"manual_linking_disabled\",\"message\":\"Manual linking is disabled\"}");
    ck_assert_int_eq(ask("POST", "/logout", "", bearer, NULL).status, 204);
    ck_assert_str_eq(test_json_at(ask("GET", "/user", "", bearer, NULL).body, "/code"), "\"session_not_found\"");
    close_auth();
}
END_TEST

START_TEST(settings_tell_whether_addresses_are_confirmed)
{
    for (int confirm = 0; confirm < 2; confirm++) {
        open_recorded(confirm);
        ck_assert_str_eq(test_json_at(ask("GET", "/settings", "", "", NULL).body, "/mailer_autoconfirm"),
                         confirm ? "false" : "true");
        close_auth();
    }
}
END_TEST

START_TEST(what_there_is_not_says_so)
{
    static const struct {
        const char *method, *path, *query, *body;
        int status;
        const char *code;
    } cases[] = {{"POST", "/sso", "", "{\"domain\":\"x.org\"}", 404, "\"saml_provider_disabled\""},
                 {"POST", "/token", "grant_type=id_token", "{}", 400, "\"validation_failed\""},
                 {"POST", "/token", "grant_type=web3", "{}", 422, "\"web3_provider_disabled\""},
                 {"GET", "/oauth/authorizations/x", "", NULL, 404, "\"feature_disabled\""},
                 {"POST", "/passkeys/registration/options", "", "{}", 404, "\"passkey_disabled\""}};

    open_plain();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        replay_answer got = ask(cases[i].method, cases[i].path, cases[i].query, NEW_FORM, cases[i].body);

        ck_assert_msg(got.status == cases[i].status, "%s: %d %s", cases[i].path, got.status, got.body);
        ck_assert_str_eq(test_json_at(got.body, "/code"), cases[i].code);
    }
    close_auth();
}
END_TEST

/* ---- administrators ---- */

#define AS_ADMIN NEW_FORM "apikey: " SERVICE_KEY "\n"

static const char *head_of(replay_answer got, const char *name)
{
    const char *value = find_field((void *)(size_t)got.head, name);

    return value ? value : "";
}

static void make_users(int count)
{
    for (int i = 0; i < count; i++) {
        replay_answer got =
            ask("POST", "/admin/users", "", AS_ADMIN,
                test_format("{\"email\":\"u%d@example.org\",\"user_metadata\":{\"full_name\":\"U %d\"}}", i, i));

        ck_assert_msg(got.status == 200, "%d: %s", got.status, got.body);
        world_advance(1000);
    }
}

/* auth-js takes the next page's number from behind the first equals sign. */
START_TEST(pages_are_told_in_headers)
{
    replay_answer got;

    open_with_keys();
    make_users(5);
    got = ask("GET", "/admin/users", "page=2&per_page=2", AS_ADMIN, NULL);
    SAME_TEXT(head_of(got, "x-total-count"), "5");
    SAME_TEXT(head_of(got, "link"),
              "</admin/users?page=3&per_page=2>; rel=\"next\", </admin/users?page=3&per_page=2>; rel=\"last\"");
    SAME_TEXT(test_json_at(got.body, "/users/0/email"), "\"u2@example.org\"");
    SAME_TEXT(test_json_at(got.body, "/users/0/identities"), "null");
    got = ask("GET", "/admin/users", "page=3&per_page=2&sort=created_at+asc&filter=%40example", AS_ADMIN, NULL);
    SAME_TEXT(head_of(got, "link"),
              "</admin/users?page=3&per_page=2&filter=%40example&sort=created_at%20asc>; rel=\"last\"");
    SAME_TEXT(test_json_at(got.body, "/users/0/email"), "\"u4@example.org\"");
    got = ask("GET", "/admin/users", "page=&per_page=", AS_ADMIN, NULL);
    SAME_TEXT(head_of(got, "link"), "</admin/users?page=1>; rel=\"last\"");
    got = ask("GET", "/admin/users", "email=U1%40example.org", AS_ADMIN, NULL);
    SAME_TEXT(head_of(got, "x-total-count"), "1");
    SAME_TEXT(test_json_at(got.body, "/users/0/email"), "\"u1@example.org\"");
    got = ask("GET", "/admin/users", "page=99999999999999999&per_page=99999", AS_ADMIN, NULL);
    ck_assert_int_eq(got.status, 200);
    SAME_TEXT(test_json_at(got.body, "/users"), "[]");
    close_auth();
}
END_TEST

START_TEST(bad_lists_are_refused)
{
    static const struct {
        const char *query, *message;
    } rows[] = {
        {"page=-1", "Bad Pagination Parameters: strconv.ParseUint: parsing \\\"-1\\\": invalid syntax"},
        {"per_page=99999999999999999999",
         "Bad Pagination Parameters: strconv.ParseUint: parsing \\\"99999999999999999999\\\": value out of range"},
        {"sort=email", "Bad Sort Parameters: bad field for sort 'email'"},
        {"sort=created_at+up", "Bad Sort Parameters: bad direction for sort 'up', only 'asc' and 'desc' allowed"},
        {"email=ann", "Unable to validate email address: invalid format"},
    };

    open_with_keys();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        answers(ask("GET", "/admin/users", rows[i].query, AS_ADMIN, NULL), 400,
                test_format("{\"code\":\"validation_failed\",\"message\":\"%s\"}", rows[i].message));
    close_auth();
}
END_TEST

START_TEST(a_user_is_nobodys_service_role)
{
    replay_answer got;

    open_with_keys();
    got = ask("POST", "/admin/users", "", AS_ADMIN, "{\"email\":\"a@b.org\",\"role\":\"service_role\"}");
    answers(got, 400,
            "{\"code\":\"validation_failed\",\"message\":\"A user cannot have the role \\\"service_role\\\"\"}");
    got = ask("POST", "/admin/users", "", AS_ADMIN, "{\"email\":\"a@b.org\",\"password\":\"1\"}");
    ck_assert_int_eq(got.status, 422);
    got = ask("POST", "/admin/users", "", AS_ADMIN, "{\"email\":\"a@b.org\",\"password_hash\":\"md5\"}");
    ck_assert_int_eq(got.status, 400);
    got = ask("POST", "/admin/users", "", "apikey: " PUBLIC_KEY "\n", "{\"email\":\"a@b.org\"}");
    ck_assert_int_eq(got.status, 403);
    got = ask("DELETE", "/admin/users/" NO_SUCH_ID, "", AS_ADMIN, NULL);
    answers(got, 404, "{\"code\":\"user_not_found\",\"message\":\"User not found\"}");
    close_auth();
}
END_TEST

START_TEST(the_trail_has_pages)
{
    replay_answer got;

    open_with_keys();
    make_users(3);
    got = ask("GET", "/admin/audit", "per_page=2", AS_ADMIN, NULL);
    SAME_TEXT(test_json_at(got.body, "/0/payload/action"), "\"user_signedup\"");
    SAME_TEXT(test_json_at(got.body, "/0/payload/actor_username"), "\"service_role\"");
    SAME_TEXT(test_json_at(got.body, "/0/id"), "\"00000000-0000-0000-0000-000000000003\"");
    SAME_TEXT(head_of(got, "x-total-count"), "3");
    got = ask("GET", "/admin/audit", "page=2&per_page=2", AS_ADMIN, NULL);
    SAME_TEXT(test_json_at(got.body, "/0/id"), "\"00000000-0000-0000-0000-000000000001\"");
    SAME_TEXT(head_of(got, "link"), "</admin/audit?page=2&per_page=2>; rel=\"last\"");
    SAME_TEXT(ask("GET", "/admin/audit", "page=9", AS_ADMIN, NULL).body, "[]");
    close_auth();
}
END_TEST

/* ---- second factors ---- */

START_TEST(recovery_codes_have_endpoints)
{
    const char *as, *code;
    replay_answer got;
    char app[7];

    open_with_keys();
    as = test_format(NEW_FORM "apikey: " PUBLIC_KEY "\nAuthorization: Bearer %s\n",
                     sign_up_with("apikey: " PUBLIC_KEY "\n"));
    got = ask("POST", "/factors", "", as, "{\"factor_type\":\"totp\",\"friendly_name\":\"f\"}");
    ck_assert_msg(got.status == 200, "%d: %s", got.status, got.body);
    ck_assert_ptr_nonnull(strstr(got.body, "otpauth://totp/127.0.0.1%3A54321:ann"));
    test_app_code(app, test_replaced(test_json_at(got.body, "/totp/secret"), "\"", ""), world->chance.now_ms);
    code = test_replaced(test_json_at(got.body, "/id"), "\"", "");
    got = ask("POST", test_format("/factors/%s/challenge", code), "", as, NULL);
    answers(ask("POST", "/factors/recovery-codes", "", as, NULL), 404,
            "{\"code\":\"mfa_factor_not_found\",\"message\":\"There is no verified factor\"}");
    got = ask("POST", test_format("/factors/%s/verify", code), "", as,
              test_format("{\"challenge_id\":%s,\"code\":\"%s\"}", test_json_at(got.body, "/id"), app));
    ck_assert_msg(got.status == 200, "%d: %s", got.status, got.body);
    got = ask("POST", "/factors/recovery-codes", "", as, NULL);
    ck_assert_msg(got.status == 200, "%d: %s", got.status, got.body);
    code = test_json_at(got.body, "/recovery_codes/0");
    got = ask("POST", "/factors/recovery-codes/verify", "", as, test_format("{\"code\":%s}", code));
    ck_assert_msg(got.status == 200, "%d: %s", got.status, got.body);
    got = ask("POST", "/factors/recovery-codes/verify", "", as, test_format("{\"code\":%s}", code));
    answers(got, 422, "{\"code\":\"mfa_verification_failed\",\"message\":\"Invalid recovery code entered\"}");
    answers(ask("POST", "/factors", "", as, "{\"factor_type\":\"phone\"}"), 422,
            "{\"code\":\"mfa_phone_enroll_not_enabled\",\"message\":\"MFA enroll is disabled for Phone\"}");
    answers(ask("DELETE", "/factors/zzz", "", as, NULL), 404,
            "{\"code\":\"validation_failed\",\"message\":\"factor_id must be an UUID\"}");
    close_auth();
}
END_TEST

START_TEST(administrators_see_factors)
{
    const char *token, *as, *id, *factor;
    replay_answer got;

    open_with_keys();
    token = sign_up_with("apikey: " PUBLIC_KEY "\n");
    as = test_format(NEW_FORM "apikey: " PUBLIC_KEY "\nAuthorization: Bearer %s\n", token);
    id = test_replaced(test_json_at(ask("GET", "/user", "", as, NULL).body, "/id"), "\"", "");
    got = ask("POST", "/factors", "", as, "{\"factor_type\":\"totp\",\"friendly_name\":\"f\"}");
    factor = test_replaced(test_json_at(got.body, "/id"), "\"", "");
    got = ask("GET", test_format("/admin/users/%s/factors", id), "", AS_ADMIN, NULL);
    SAME_TEXT(test_json_at(got.body, "/0/friendly_name"), "\"f\"");
    got = ask("PUT", test_format("/admin/users/%s/factors/%s", id, factor), "", AS_ADMIN, "{\"friendly_name\":\"g\"}");
    SAME_TEXT(test_json_at(got.body, "/friendly_name"), "\"g\"");
    got = ask("DELETE", test_format("/admin/users/%s/factors/%s", id, factor), "", AS_ADMIN, NULL);
    SAME_TEXT(test_json_at(got.body, "/id"), test_format("\"%s\"", factor));
    answers(ask("DELETE", test_format("/admin/users/%s/factors/%s", id, factor), "", AS_ADMIN, NULL), 404,
            "{\"code\":\"mfa_factor_not_found\",\"message\":\"Factor not found\"}");
    SAME_TEXT(ask("GET", test_format("/admin/users/%s/factors", id), "", AS_ADMIN, NULL).body, "[]");
    close_auth();
}
END_TEST

Suite *contract_auth_wire(void)
{
    Suite *suite = suite_create("auth_wire");
    TCase *tcase = test_case(suite, "wire");

    tcase_add_test(tcase, recorded_exchanges_are_answered_alike);
    tcase_add_test(tcase, a_key_is_demanded_where_there_is_one);
    tcase_add_test(tcase, a_bearer_that_is_a_key_says_what_the_key_says);
    tcase_add_test(tcase, a_secret_key_has_no_business_in_a_browser);
    tcase_add_test(tcase, a_key_of_the_database_is_a_key);
    tcase_add_test(tcase, errors_have_the_form_that_is_asked_for);
    tcase_add_test(tcase, bodies_are_read_leniently_and_never_wrongly);
    tcase_add_test(tcase, queries_are_decoded);
    tcase_add_test(tcase, a_request_must_be_one);
    tcase_add_test(tcase, data_is_merged_at_its_first_level_until_signed_out);
    tcase_add_test(tcase, settings_tell_whether_addresses_are_confirmed);
    tcase_add_test(tcase, what_there_is_not_says_so);
    tcase_add_test(tcase, pages_are_told_in_headers);
    tcase_add_test(tcase, bad_lists_are_refused);
    tcase_add_test(tcase, a_user_is_nobodys_service_role);
    tcase_add_test(tcase, the_trail_has_pages);
    tcase_add_test(tcase, recovery_codes_have_endpoints);
    tcase_add_test(tcase, administrators_see_factors);
    return suite;
}
