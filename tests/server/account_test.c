/* Accounts over HTTP: registering, signing in and out, the account itself and its preferences. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "suite.h"

#define PUBLIC_KEY "sb_publishable_AAAAAAAAAAAAAAAAAAAAAA_AAAAAAAA"

static const char *const variables[] = {"TRIPSAGE_ADMIN_PORT=0", "DATABASE_PUBLIC_KEY=" PUBLIC_KEY,
                                        "DATABASE_JWT_SECRET=an-example-of-a-secret-of-40-characters", NULL};

START_TEST(a_session_begins_and_ends)
{
    const char *credentials = "{\"email\":\"Ada@Example.org\",\"password\":\"a cup of green tea\"}";
    http_answer *answer = ANSWERS(201, http_call(&server, NULL, "POST", "/api/auth/register", NULL, credentials));
    const char *first = http_text(answer, "/access_token"), *second;

    ck_assert_str_eq(http_text(answer, "/user/email"), "ada@example.org");
    ck_assert_str_eq(http_text(answer, "/token_type"), "bearer");
    ANSWERS(409, http_call(&server, NULL, "POST", "/api/auth/register", NULL, credentials));
    second = http_text(ANSWERS(200, http_call(&server, NULL, "POST", "/api/auth/login", NULL, credentials)),
                       "/access_token");
    ck_assert_str_eq(http_text(ANSWERS(200, http_call(&server, second, "GET", "/api/auth/me", NULL, NULL)), "/email"),
                     "ada@example.org");

    ANSWERS(204, http_call(&server, second, "POST", "/api/auth/logout", NULL, NULL));
    ANSWERS(401, http_call(&server, second, "GET", "/api/auth/me", NULL, NULL));
    ANSWERS(200, http_call(&server, first, "GET", "/api/users/me", NULL, NULL)); /* another session */
    ANSWERS(401, http_call(&server, NULL, "POST", "/api/auth/logout", NULL, NULL));
}
END_TEST

START_TEST(a_session_is_carried_on)
{
    http_answer *answer = ANSWERS(201, http_call(&server, NULL, "POST", "/api/auth/register", NULL,
                                                 "{\"email\":\"on@example.org\",\"password\":\"a cup of green tea\"}"));
    const char *body = test_format("{\"refresh_token\":\"%s\"}", http_text(answer, "/refresh_token"));

    answer = ANSWERS(200, http_call(&server, NULL, "POST", "/api/auth/refresh", NULL, body));
    ck_assert_ptr_null(strstr(body, http_text(answer, "/refresh_token")));
    ANSWERS(200, http_call(&server, http_text(answer, "/access_token"), "GET", "/api/auth/me", NULL, NULL));
    ANSWERS(422, http_call(&server, NULL, "POST", "/api/auth/refresh", NULL, "{\"refresh_token\":\"x\"}"));
    ANSWERS(422, http_call(&server, NULL, "POST", "/api/auth/refresh", NULL, "{}"));
    ANSWERS(422, http_call(&server, NULL, "POST", "/api/auth/refresh", NULL, "{\"refresh_token\":\"x\",\"y\":1}"));
    ANSWERS(204, http_call(&server, http_text(answer, "/access_token"), "POST", "/api/auth/logout", NULL, NULL));
    ANSWERS(401, http_call(&server, NULL, "POST", "/api/auth/refresh", NULL, body));
}
END_TEST

START_TEST(signing_out_has_a_scope)
{
    const char *credentials = "{\"email\":\"scope@example.org\",\"password\":\"a cup of green tea\"}";
    const char *tokens[3] = {http_text(
        ANSWERS(201, http_call(&server, NULL, "POST", "/api/auth/register", NULL, credentials)), "/access_token")};

    for (size_t i = 1; i < 3; i++)
        tokens[i] = http_text(ANSWERS(200, http_call(&server, NULL, "POST", "/api/auth/login", NULL, credentials)),
                              "/access_token");
    ANSWERS(422, http_call(&server, tokens[0], "POST", "/api/auth/logout?scope=some", NULL, NULL));
    ANSWERS(204, http_call(&server, tokens[0], "POST", "/api/auth/logout?scope=others", NULL, NULL));
    ANSWERS(200, http_call(&server, tokens[0], "GET", "/api/auth/me", NULL, NULL));
    ANSWERS(401, http_call(&server, tokens[1], "GET", "/api/auth/me", NULL, NULL));
    tokens[1] = http_text(ANSWERS(200, http_call(&server, NULL, "POST", "/api/auth/login", NULL, credentials)),
                          "/access_token");
    ANSWERS(204, http_call(&server, tokens[0], "POST", "/api/auth/logout?scope=global", NULL, NULL));
    ANSWERS(401, http_call(&server, tokens[0], "GET", "/api/auth/me", NULL, NULL));
    ANSWERS(401, http_call(&server, tokens[1], "GET", "/api/auth/me", NULL, NULL));
}
END_TEST

START_TEST(a_wrong_password_and_no_account_are_told_alike)
{
    http_answer *wrong, *unknown;

    http_register(&server, "known@example.org", NULL);
    wrong = ANSWERS(401, http_call(&server, NULL, "POST", "/api/auth/login", NULL,
                                   "{\"email\":\"known@example.org\",\"password\":\"green tea cup\"}"));
    unknown = ANSWERS(401, http_call(&server, NULL, "POST", "/api/auth/login", NULL,
                                     "{\"email\":\"nobody@example.org\",\"password\":\"green tea cup\"}"));
    ck_assert_str_eq(http_text(wrong, "/code"), "INVALID_CREDENTIALS");
    ck_assert_str_eq(http_text(wrong, "/detail"), http_text(unknown, "/detail"));
    ck_assert_str_eq(http_text(wrong, "/code"), http_text(unknown, "/code"));
    ck_assert_ptr_nonnull(http_field(wrong, "WWW-Authenticate"));
}
END_TEST

/* POST with JSON from an address of this machine's. */
static http_answer *post_from(const char *address, const char *path, const char *json)
{
    int connection = http_open_from(address, server.port);
    http_answer *answer;

    http_put(connection, test_format("POST %s HTTP/1.1\r\nHost: x\r\nUser-Agent: tests/1\r\nContent-Type: "
                                     "application/json\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
                                     path, strlen(json), json));
    answer = http_take(connection, 0);
    ck_assert_ptr_nonnull(answer);
    close(connection);
    return answer;
}

#define LOGIN "/api/auth/login"
#define TOKEN "/auth/v1/token?grant_type=password&apikey=" PUBLIC_KEY

/* Guesses count where they come from, at both doors together, and keep nobody else out. */
START_TEST(guesses_are_counted_by_address)
{
    const char *good = "{\"email\":\"guessed@example.org\",\"password\":\"a cup of green tea\"}";
    const char *wrong = "{\"email\":\"guessed@example.org\",\"password\":\"a cup of black tea\"}";
    http_answer *answer = ANSWERS(201, post_from("127.0.0.1", "/api/auth/register", good));
    int seconds;

    for (int i = 0; i < 5; i++) {
        ANSWERS(401, post_from("127.0.0.9", LOGIN, wrong));
        ANSWERS(400, post_from("127.0.0.9", TOKEN, wrong));
    }
    answer = ANSWERS(429, post_from("127.0.0.9", LOGIN, good));
    ck_assert_str_eq(http_text(answer, "/code"), "RATE_LIMIT_EXCEEDED");
    seconds = atoi(http_field(answer, "Retry-After"));
    ck_assert_msg(seconds > 30 && seconds <= 60, "Retry-After: %d", seconds);
    answer = ANSWERS(429, post_from("127.0.0.9", TOKEN, good));
    seconds = atoi(http_field(answer, "Retry-After"));
    ck_assert_msg(seconds > 30 && seconds <= 60, "Retry-After: %d", seconds);
    answer = ANSWERS(200, post_from("127.0.0.1", LOGIN, good));
    answer =
        ANSWERS(200, http_call(&server, http_text(answer, "/access_token"), "GET", "/api/users/sessions", NULL, NULL));
    ck_assert_str_eq(http_text(answer, "/sessions/0/ip"), "127.0.0.1");
    ck_assert_str_eq(http_text(answer, "/sessions/0/user_agent"), "tests/1");
}
END_TEST

START_TEST(the_older_form_of_registering_is_understood)
{
    http_answer *answer = ANSWERS(
        422, http_call(&server, NULL, "POST", "/api/auth/register", NULL,
                       "{\"username\":\"grace\",\"email\":\"grace@example.org\",\"password\":\"a cup of green tea\","
                       "\"password_confirm\":\"another cup of tea\"}"));

    ck_assert_str_eq(http_text(answer, "/errors/0/pointer"), "/password_confirm");
    answer = ANSWERS(
        201, http_call(&server, NULL, "POST", "/api/auth/register", NULL,
                       "{\"username\":\"grace\",\"email\":\"grace@example.org\",\"password\":\"a cup of green tea\","
                       "\"password_confirm\":\"a cup of green tea\",\"full_name\":\"Grace \\\"H\\\" Ö\"}"));
    ck_assert_str_eq(http_value(answer, "/user/full_name"), "\"Grace \\\"H\\\" Ö\"");
    ck_assert_str_eq(http_text(answer, "/user/user_metadata/username"), "grace");
    answer = ANSWERS(422, http_call(&server, NULL, "POST", "/api/auth/register", NULL,
                                    "{\"username\":\"x\",\"email\":\"no address\",\"password\":\"short\"}"));
    ck_assert_ptr_nonnull(strstr(answer->body, "/email"));
    ck_assert_ptr_nonnull(strstr(answer->body, "/password"));
}
END_TEST

/* What an account has in its data besides what Supabase Auth puts there. */
static const char *own_data(const http_answer *answer)
{
    static const char *const theirs[] = {"email", "email_verified", "phone_verified", "sub"};
    const char *data = http_value(answer, "/user/user_metadata");

    for (size_t i = 0; i < sizeof theirs / sizeof theirs[0]; i++)
        data = test_without(data, theirs[i]);
    return data;
}

/* A username does not push out the data, and is a text. */
START_TEST(a_username_joins_the_data)
{
    static const struct {
        const char *members, *pointer;
    } wrong[] = {
        {"\"username\":7", "/username"},
        {"\"username\":\"g\",\"data\":{\"username\":\"h\"}", "/username"},
        {"\"username\":\"g\",\"data\":7", "/data"},
    };
    static const struct {
        const char *members, *data;
    } good[] = {
        {"\"username\":\"g\",\"data\":{\"lang\":\"fr\"}", "{\"username\":\"g\",\"lang\":\"fr\"}"},
        {"\"username\":\"g\",\"data\":{}", "{\"username\":\"g\"}"},
        {"\"username\":\"g\",\"data\":null", "{\"username\":\"g\"}"},
        {"\"username\":null,\"data\":{\"lang\":\"fr\"}", "{\"lang\":\"fr\"}"},
    };

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        ck_assert_str_eq(
            http_text(
                ANSWERS(422, http_call(&server, NULL, "POST", "/api/auth/register", NULL,
                                       test_format("{\"email\":\"w%zu@example.org\",\"password\":\"a cup of green "
                                                   "tea\",%s}",
                                                   i, wrong[i].members))),
                "/errors/0/pointer"),
            wrong[i].pointer);
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        ck_assert_str_eq(
            own_data(ANSWERS(201, http_call(&server, NULL, "POST", "/api/auth/register", NULL,
                                            test_format("{\"email\":\"g%zu@example.org\",\"password\":\"a cup of "
                                                        "green tea\",%s}",
                                                        i, good[i].members)))),
            good[i].data);
}
END_TEST

START_TEST(an_account_is_changed_by_its_owner)
{
    const char *token = http_register(&server, "change@example.org", NULL);
    http_answer *answer =
        ANSWERS(200, http_call(&server, token, "PATCH", "/api/users/me", NULL, "{\"full_name\":\"Alan\"}"));

    ck_assert_str_eq(http_text(answer, "/full_name"), "Alan");
    ANSWERS(200, http_call(&server, token, "PATCH", "/api/users/me", "Content-Type: application/merge-patch+json\r\n",
                           "{\"full_name\":null}"));
    ANSWERS(422, http_call(&server, token, "PATCH", "/api/users/me", NULL, "{\"role\":\"admin\"}"));
}
END_TEST

START_TEST(preferences_are_merged)
{
    const char *token = http_register(&server, "preferences@example.org", NULL);

    ck_assert_str_eq(ANSWERS(200, http_call(&server, token, "GET", "/api/users/preferences", NULL, NULL))->body,
                     "{\"preferences\":{}}");
    ANSWERS(200, http_call(&server, token, "PUT", "/api/users/preferences", NULL,
                           "{\"preferences\":{\"theme\":\"dark\",\"a\":1}}"));
    ANSWERS(200, http_call(&server, token, "PUT", "/api/users/preferences", NULL,
                           "{\"preferences\":{\"a\":null,\"language\":\"fr\"}}"));
    ck_assert_str_eq(ANSWERS(200, http_call(&server, token, "GET", "/api/users/preferences", NULL, NULL))->body,
                     "{\"preferences\":{\"theme\":\"dark\",\"language\":\"fr\"}}");
    ANSWERS(422, http_call(&server, token, "PUT", "/api/users/preferences", NULL, "{\"preferences\":[1]}"));
    ANSWERS(422, http_call(&server, token, "PUT", "/api/users/preferences", NULL, "{}"));
}
END_TEST

/* They are an object whatever the account's data was given as, and what is wrong with them is told where the client wrote it. */
START_TEST(preferences_are_an_object)
{
    const char *token = http_register(&server, "shapes@example.org", NULL);
    http_answer *answer;

    ANSWERS(200, http_call(&server, token, "PATCH", "/api/users/me", NULL, "{\"data\":{\"preferences\":5}}"));
    ck_assert_str_eq(ANSWERS(200, http_call(&server, token, "GET", "/api/users/preferences", NULL, NULL))->body,
                     "{\"preferences\":{}}");
    answer = ANSWERS(422, http_call(&server, token, "PUT", "/api/users/preferences", NULL,
                                    test_format("{\"preferences\":{\"a\":\"%05000d\"}}", 0)));
    ck_assert_str_eq(http_text(answer, "/errors/0/pointer"), "/preferences");
    ck_assert_str_eq(
        ANSWERS(200, http_call(&server, token, "PUT", "/api/users/preferences", NULL, "{\"preferences\":{\"a\":1}}"))
            ->body,
        "{\"preferences\":{\"a\":1}}");
}
END_TEST

START_TEST(sessions_are_listed_and_ended)
{
    const char *credentials = "{\"email\":\"sessions@example.org\",\"password\":\"a cup of green tea\"}";
    const char *token = test_format(
        "%s", http_text(ANSWERS(201, http_call(&server, NULL, "POST", "/api/auth/register", NULL, credentials)),
                        "/access_token"));
    const char *other = test_format(
        "%s", http_text(ANSWERS(200, http_call(&server, NULL, "POST", "/api/auth/login", NULL, credentials)),
                        "/access_token"));
    http_answer *answer = ANSWERS(200, http_call(&server, token, "GET", "/api/users/sessions", NULL, NULL));
    const char *path;

    ck_assert_str_eq(test_json_at(answer->body, "/sessions/0/current"), "false"); /* the newest first */
    ck_assert_str_eq(test_json_at(answer->body, "/sessions/1/current"), "true");
    path = test_format("/api/users/sessions/%s", http_text(answer, "/sessions/0/id"));
    ANSWERS(404, http_call(&server, http_register(&server, "stranger@example.org", NULL), "DELETE", path, NULL, NULL));
    ANSWERS(204, http_call(&server, token, "DELETE", path, NULL, NULL));
    ANSWERS(404, http_call(&server, token, "DELETE", path, NULL, NULL));
    ANSWERS(401, http_call(&server, other, "GET", "/api/users/me", NULL, NULL));
    ANSWERS(422, http_call(&server, token, "DELETE", "/api/users/sessions/x", NULL, NULL));
}
END_TEST

START_TEST(the_log_keeps_secrets_to_itself)
{
    const char *token = http_register(&server, "secrets@example.org", NULL), *log;

    ANSWERS(200, http_call(&server, token, "GET", "/api/trips/search?q=hidden-words", "X-Request-Id: look-for-me\r\n",
                           NULL));
    ANSWERS(404, http_call(&server, token, "GET", "/quote\"%22%0a/x", "X-Request-Id: quoted\r\n", NULL));
    ANSWERS(401, http_call(&server, "a-wrong-token-12345", "GET", "/api/trips", NULL, NULL));
    do
        log = http_server_log(&server); /* lines come within 100 ms */
    while (!strstr(log, "look-for-me") || !strstr(log, "quoted"));
    ck_assert_ptr_null(strstr(log, token));
    ck_assert_ptr_null(strstr(log, "a-wrong-token-12345"));
    ck_assert_ptr_null(strstr(log, "green tea"));
    ck_assert_ptr_null(strstr(log, "hidden-words"));
    ck_assert_ptr_null(strstr(log, "an-example-of-a-secret"));
    for (const char *line = strchr(log, '{'); line && (line = strstr(line, "{\"time\":")) != NULL;) {
        size_t length = strcspn(line, "\n");

        if (line[length] == '\0')
            break; /* not whole yet */
        ck_assert_ptr_nonnull(test_json_at(test_format("%.*s", (int)length, line), "/level"));
        line += length;
    }
    log = strstr(log, "look-for-me");
    while (log[-1] != '\n')
        log--;
    log = test_format("%.*s", (int)strcspn(log, "\n"), log);
    ck_assert_str_eq(test_json_at(log, "/route"), "\"/api/trips/search\"");
    ck_assert_str_eq(test_json_at(log, "/path"), "\"/api/trips/search\"");
    ck_assert_str_eq(test_json_at(log, "/status"), "200");
    ck_assert_ptr_nonnull(test_json_at(log, "/user_id"));
    ck_assert_ptr_nonnull(test_json_at(log, "/duration_us"));
}
END_TEST

SERVER_SUITE("server/account", variables, a_session_begins_and_ends, a_session_is_carried_on, signing_out_has_a_scope,
             a_wrong_password_and_no_account_are_told_alike, guesses_are_counted_by_address,
             the_older_form_of_registering_is_understood, a_username_joins_the_data, an_account_is_changed_by_its_owner,
             preferences_are_merged, preferences_are_an_object, sessions_are_listed_and_ended,
             the_log_keeps_secrets_to_itself)
