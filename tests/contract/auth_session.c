/* contract/auth_session.c: sessions that are carried on, and that are ended. */
#include "contract.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/threads.h"

#define ANN "{\"email\":\"ann@example.org\",\"password\":\"correct horse\"}"

static tripsage_doc *sign_up(void)
{
    return OK(tripsage_auth_sign_up(OUT, world->auth, NULL, ANN, TRIPSAGE_NUL));
}

static tripsage_doc *sign_in(void)
{
    return OK(tripsage_auth_sign_in(OUT, world->auth, NULL, ANN, TRIPSAGE_NUL));
}

static tripsage_status refresh(tripsage_doc **out, const char *token)
{
    return tripsage_auth_refresh(out, world->auth, NULL, token);
}

static tripsage_status verify(tripsage_actor **actor, const char *token)
{
    return tripsage_auth_verify(actor, world->auth, token, strlen(token));
}

static const char *session_of(tripsage_doc *session)
{
    return tripsage_actor_session_id(world_signed_in(world->auth, session));
}

/* ---- carrying on ---- */

START_TEST(a_session_goes_on)
{
    tripsage_doc *first = sign_up(), *second;

    test_clock_advance(&world->chance, 2 * TEST_HOUR); /* the access token is over, the session is not */
    second = OK(refresh(OUT, text_of(first, "/refresh_token")));
    IS_INT(second, "/expires_at", (TEST_NOON + 3 * TEST_HOUR) / 1000);
    ck_assert_str_ne(text_of(second, "/refresh_token"), text_of(first, "/refresh_token"));
    ck_assert_str_ne(text_of(second, "/access_token"), text_of(first, "/access_token"));
    SAME_TEXT(text_of(second, "/user/id"), text_of(first, "/user/id"));
    IS_JSON(OK(refresh(OUT, text_of(second, "/refresh_token"))), "/user/app_metadata/provider", "\"email\"");
}
END_TEST

START_TEST(a_session_stays_itself)
{
    tripsage_doc *first = sign_up(), *second = OK(refresh(OUT, text_of(first, "/refresh_token")));

    SAME_TEXT(session_of(second), session_of(first));
}
END_TEST

/* Its answer was lost on the way: it comes again, after a day as well. */
START_TEST(a_lost_answer_is_given_again)
{
    const char *first = text_of(sign_up(), "/refresh_token"),
               *second = text_of(OK(refresh(OUT, first)), "/refresh_token");

    test_clock_advance(&world->chance, TEST_DAY);
    SAME_TEXT(text_of(OK(refresh(OUT, first)), "/refresh_token"), second);
    SAME_TEXT(text_of(OK(refresh(OUT, first)), "/refresh_token"), second);
    ck_assert_str_ne(text_of(OK(refresh(OUT, second)), "/refresh_token"), second);
}
END_TEST

START_TEST(an_older_token_is_forgiven_for_a_moment)
{
    const char *first = text_of(sign_up(), "/refresh_token"),
               *second = text_of(OK(refresh(OUT, first)), "/refresh_token"),
               *third = text_of(OK(refresh(OUT, second)), "/refresh_token");

    test_clock_advance(&world->chance, 9999);
    SAME_TEXT(text_of(OK(refresh(OUT, first)), "/refresh_token"), third);
}
END_TEST

START_TEST(an_old_token_ends_the_session)
{
    tripsage_doc *session = sign_up(), *other = sign_in();
    const char *first = text_of(session, "/refresh_token"),
               *second = text_of(OK(refresh(OUT, first)), "/refresh_token"),
               *third = text_of(OK(refresh(OUT, second)), "/refresh_token");
    tripsage_actor *actor = world_signed_in(world->auth, session);

    test_clock_advance(&world->chance, 10000);
    FAILS_AS(TRIPSAGE_ETOKEN, "refresh_token_already_used", refresh(OUT, first));
    FAILS_AS(TRIPSAGE_ETOKEN, "refresh_token_not_found", refresh(OUT, third));
    NOT_WITH_A_PROJECT("a refresh token there does not tell whose session it has ended");
    FAILS_AS(TRIPSAGE_ETOKEN, "session_not_found", verify(&actor, text_of(session, "/access_token")));
    OK(refresh(OUT, text_of(other, "/refresh_token"))); /* the user's other sessions have nothing to do with it */
}
END_TEST

START_TEST(what_is_no_refresh_token_is_refused)
{
    const char *good = text_of(sign_up(), "/refresh_token");
    char *changed;

    FAILS_AS(TRIPSAGE_EINVALID, "validation_failed", refresh(OUT, ""));
    FAILS_AS(TRIPSAGE_EINVALID, "validation_failed", refresh(OUT, NULL));
    FAILS_AS(TRIPSAGE_EINVALID, "validation_failed", refresh(OUT, "abc"));
    FAILS_AS(TRIPSAGE_EINVALID, "validation_failed", refresh(OUT, test_repeat("a", 4000)));
    NOT_WITH_A_PROJECT("it has one code for a token that was changed and one whose session has ended");
    changed = strdup(good);
    for (size_t i = 0; i < strlen(good); i++) {
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        FAILS(TRIPSAGE_EINVALID, refresh(OUT, changed));
        changed[i] = good[i];
    }
    free(changed);
    OK(refresh(OUT, good));
}
END_TEST

START_TEST(a_refresh_token_is_of_one_database)
{
    const char *good = text_of(sign_up(), "/refresh_token");
    tripsage_auth *other = NULL;

    OK(tripsage_auth_open(&other, "sqlite::memory:", NULL, NULL));
    FAILS_AS(TRIPSAGE_EINVALID, "refresh_token_not_found", tripsage_auth_refresh(OUT, other, NULL, good));
    tripsage_auth_close(other);
}
END_TEST

/* ---- at once ---- */

enum { AT_ONCE = 5 };

typedef struct race {
    const char *token;
    char given[AT_ONCE][128];
} race;

static void refresh_at_once(size_t index, void *context)
{
    race *r = context;
    tripsage_doc *session = NULL;

    if (tripsage_auth_refresh(&session, world->auth, NULL, r->token) == TRIPSAGE_OK)
        snprintf(r->given[index], sizeof r->given[index], "%s", tripsage_doc_text(session, "/refresh_token"));
    tripsage_doc_free(session);
}

/* As tabs of a browser do. */
START_TEST(many_at_once_get_the_same_next_token)
{
    race r = {.token = text_of(sign_up(), "/refresh_token")};

    test_threads_run(AT_ONCE, refresh_at_once, &r);
    ck_assert_uint_gt(strlen(r.given[0]), 0);
    ck_assert_str_ne(r.given[0], r.token);
    for (int i = 1; i < AT_ONCE; i++)
        ck_assert_str_eq(r.given[i], r.given[0]);
}
END_TEST

/* ---- ending ---- */

START_TEST(a_sign_out_ends_what_it_says)
{
    tripsage_doc *sessions[3];
    tripsage_actor *actors[3], *again = NULL;

    sessions[0] = sign_up();
    sessions[1] = sign_in();
    sessions[2] = sign_in();
    for (int i = 0; i < 3; i++)
        actors[i] = world_signed_in(world->auth, sessions[i]);
    OK(tripsage_auth_sign_out(world->auth, actors[0], TRIPSAGE_SIGN_OUT_LOCAL));
    FAILS_AS(TRIPSAGE_ETOKEN, "session_not_found", verify(&again, text_of(sessions[0], "/access_token")));
    FAILS_AS(TRIPSAGE_ETOKEN, "refresh_token_not_found", refresh(OUT, text_of(sessions[0], "/refresh_token")));
    world_signed_in(world->auth, sessions[1]);
    OK(tripsage_auth_sign_out(world->auth, actors[1], TRIPSAGE_SIGN_OUT_OTHERS));
    world_signed_in(world->auth, sessions[1]);
    FAILS(TRIPSAGE_ETOKEN, verify(&again, text_of(sessions[2], "/access_token")));
    OK(tripsage_auth_sign_out(world->auth, actors[1], TRIPSAGE_SIGN_OUT_GLOBAL));
    FAILS(TRIPSAGE_ETOKEN, verify(&again, text_of(sessions[1], "/access_token")));
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_auth_sign_out(world->auth, actors[1], (tripsage_sign_out)3), "#scope");
}
END_TEST

/* Opens the world's accounts once more, with an end to sessions. */
static tripsage_auth *open_with(uint32_t timebox_s, uint32_t inactivity_s, int single)
{
    tripsage_auth_options options = TRIPSAGE_AUTH_OPTIONS_INIT;

    options.session_timebox_s = timebox_s;
    options.session_inactivity_s = inactivity_s;
    options.session_single = single;
    return world_accounts(world->persists ? world->url : "sqlite::memory:", &options);
}

START_TEST(a_session_ends_when_its_box_is_over)
{
    tripsage_auth *auth = open_with(7200, 0, 0);
    tripsage_doc *session = OK(tripsage_auth_sign_up(OUT, auth, NULL, ANN, TRIPSAGE_NUL));
    const char *token = text_of(session, "/refresh_token");

    test_clock_advance(&world->chance, 2 * TEST_HOUR - 1);
    token = text_of(OK(tripsage_auth_refresh(OUT, auth, NULL, token)), "/refresh_token");
    test_clock_advance(&world->chance, 1);
    FAILS_AS(TRIPSAGE_ETOKEN, "session_expired", tripsage_auth_refresh(OUT, auth, NULL, token));
    tripsage_auth_close(auth);
}
END_TEST

START_TEST(a_session_ends_when_nobody_carries_it_on)
{
    tripsage_auth *auth = open_with(0, 3600, 0);
    tripsage_doc *session = OK(tripsage_auth_sign_up(OUT, auth, NULL, ANN, TRIPSAGE_NUL));
    const char *token = text_of(session, "/refresh_token");

    for (int i = 0; i < 3; i++) {
        test_clock_advance(&world->chance, TEST_HOUR - 1);
        token = text_of(OK(tripsage_auth_refresh(OUT, auth, NULL, token)), "/refresh_token");
    }
    test_clock_advance(&world->chance, TEST_HOUR);
    FAILS_AS(TRIPSAGE_ETOKEN, "session_expired", tripsage_auth_refresh(OUT, auth, NULL, token));
    tripsage_auth_close(auth);
}
END_TEST

START_TEST(an_account_may_have_a_single_session)
{
    tripsage_auth *auth = open_with(0, 0, 1);
    tripsage_doc *first = OK(tripsage_auth_sign_up(OUT, auth, NULL, ANN, TRIPSAGE_NUL));

    OK(tripsage_auth_sign_in(OUT, auth, NULL, ANN, TRIPSAGE_NUL));
    FAILS_AS(TRIPSAGE_ETOKEN, "refresh_token_not_found",
             tripsage_auth_refresh(OUT, auth, NULL, text_of(first, "/refresh_token")));
    tripsage_auth_close(auth);
}
END_TEST

/* ---- guesses ---- */

START_TEST(guesses_are_limited)
{
    static const char wrong[] = "{\"email\":\"ann@example.org\",\"password\":\"not this one\"}";

    sign_up();
    for (int i = 0; i < 9; i++)
        FAILS(TRIPSAGE_ECREDENTIALS, tripsage_auth_sign_in(OUT, world->auth, NULL, wrong, TRIPSAGE_NUL));
    sign_in(); /* which forgives them */
    for (int i = 0; i < 10; i++)
        FAILS(TRIPSAGE_ECREDENTIALS, tripsage_auth_sign_in(OUT, world->auth, NULL, wrong, TRIPSAGE_NUL));
    FAILS_AS(TRIPSAGE_ERATELIMITED, "over_request_rate_limit",
             tripsage_auth_sign_in(OUT, world->auth, NULL, wrong, TRIPSAGE_NUL));
    FAILS(TRIPSAGE_ERATELIMITED, tripsage_auth_sign_in(OUT, world->auth, NULL, ANN, TRIPSAGE_NUL));
    test_clock_advance(&world->chance, 60000);
    sign_in();
}
END_TEST

static const char wrong_guess[] = "{\"email\":\"ann@example.org\",\"password\":\"not this one\"}";

static tripsage_auth_client client_at(const char *address)
{
    tripsage_auth_client client = TRIPSAGE_AUTH_CLIENT_INIT;

    client.address = address;
    return client;
}

static tripsage_status sign_in_at(tripsage_doc **out, const char *address, const char *json)
{
    const tripsage_auth_client client = client_at(address);

    return tripsage_auth_sign_in(out, world->auth, &client, json, TRIPSAGE_NUL);
}

/* Ten guesses of each; a hundred are what an account bears. */
static void guess_from(int addresses)
{
    for (int i = 1; i <= addresses; i++)
        for (int j = 0; j < 10; j++)
            FAILS(TRIPSAGE_ECREDENTIALS, sign_in_at(OUT, test_format("203.0.113.%d", i), wrong_guess));
}

/* Whoever guesses keeps neither other addresses out, nor, from many, the owner. */
START_TEST(nobody_is_locked_out_by_the_guesses_of_others)
{
    NOT_WITH_A_PROJECT("it counts by the address of this library's server");
    sign_up();
    OK(sign_in_at(OUT, "192.0.2.1", ANN));
    for (int i = 0; i < 10; i++)
        FAILS(TRIPSAGE_ECREDENTIALS, sign_in_at(OUT, "198.51.100.7", wrong_guess));
    FAILS_AS(TRIPSAGE_ERATELIMITED, "over_request_rate_limit", sign_in_at(OUT, "198.51.100.7", ANN));
    OK(sign_in_at(OUT, "198.51.100.8", ANN));
    test_clock_advance(&world->chance, TEST_HOUR);
    guess_from(10);
    FAILS(TRIPSAGE_ERATELIMITED, sign_in_at(OUT, "198.51.100.9", ANN)); /* nobody knows it */
    OK(sign_in_at(OUT, "192.0.2.1", ANN));
    OK(sign_in_at(OUT, "198.51.100.8", ANN));
}
END_TEST

/* POST /auth/v1/token of this address; gives the HTTP status. */
static int token_at(const char *address, const char *json, const char **retry_after)
{
    tripsage_auth_request request = TRIPSAGE_AUTH_REQUEST_INIT;
    tripsage_auth_response *response = NULL;
    const char *name, *value;
    int http;

    request.method = "POST";
    request.path = "/token";
    request.query = "grant_type=password";
    request.address = address;
    request.body = json;
    request.length = strlen(json);
    OK(tripsage_auth_serve(&response, world->auth, &request));
    http = tripsage_auth_response_status(response);
    *retry_after = NULL;
    for (size_t i = 0; tripsage_auth_response_header(response, i, &name, &value); i++)
        if (strcmp(name, "retry-after") == 0)
            *retry_after = test_format("%s", value);
    tripsage_auth_response_free(response);
    return http;
}

static tripsage_doc *sessions_of(tripsage_doc *session)
{
    const tripsage_actor *actor = world_signed_in(world->auth, session);

    return OK(tripsage_auth_session_list(OUT, world->auth, actor));
}

/* The calls and the wire count together, and one knows an address by the other. */
START_TEST(both_doors_have_the_same_limits)
{
    const char *retry_after;

    NOT_WITH_A_PROJECT("it counts by the address of this library's server");
    sign_up();
    ck_assert_int_eq(token_at("192.0.2.1", ANN, &retry_after), 200);
    for (int i = 0; i < 5; i++) {
        FAILS(TRIPSAGE_ECREDENTIALS, sign_in_at(OUT, "198.51.100.7", wrong_guess));
        ck_assert_int_eq(token_at("198.51.100.7", wrong_guess, &retry_after), 400);
        ck_assert_ptr_null(retry_after);
    }
    FAILS(TRIPSAGE_ERATELIMITED, sign_in_at(OUT, "198.51.100.7", ANN));
    ck_assert_int_eq(token_at("198.51.100.7", ANN, &retry_after), 429);
    SAME_TEXT(retry_after, "60");
    guess_from(9);
    ck_assert_int_eq(token_at("198.51.100.9", ANN, &retry_after), 429);
    SAME_TEXT(retry_after, "6");
    OK(sign_in_at(OUT, "192.0.2.1", ANN)); /* which the wire has known */
    test_clock_advance(&world->chance, 59001);
    ck_assert_int_eq(token_at("198.51.100.7", wrong_guess, &retry_after), 429);
    SAME_TEXT(retry_after, "1");
    test_clock_advance(&world->chance, 999);
    ck_assert_int_eq(token_at("198.51.100.7", ANN, &retry_after), 200);
}
END_TEST

START_TEST(a_limit_tells_when_there_is_room_again)
{
    tripsage_auth_client client = client_at("198.51.100.7");

    sign_up();
    for (int i = 0; i < 10; i++)
        FAILS(TRIPSAGE_ECREDENTIALS, sign_in_at(OUT, "198.51.100.7", wrong_guess));
    FAILS(TRIPSAGE_ERATELIMITED, sign_in_at(OUT, "198.51.100.7", ANN));
    ck_assert_uint_eq(tripsage_last_error()->retry_after_s, 60);
    test_clock_advance(&world->chance, 500);
    FAILS(TRIPSAGE_ERATELIMITED, sign_in_at(OUT, "198.51.100.7", ANN));
    ck_assert_uint_eq(tripsage_last_error()->retry_after_s, 60); /* 59.5 */
    FAILS(TRIPSAGE_EMALFORMED, sign_in_at(OUT, "198.51.100.7", "{"));
    ck_assert_uint_eq(tripsage_last_error()->retry_after_s, 0);
    test_clock_advance(&world->chance, 59500);
    OK(sign_in_at(OUT, "198.51.100.7", ANN));
    NOT_WITH_A_PROJECT("it counts by the address of this library's server");
    for (int i = 0; i < 30; i++)
        OK(tripsage_auth_sign_in_anonymously(OUT, world->auth, &client, "{}", TRIPSAGE_NUL));
    FAILS(TRIPSAGE_ERATELIMITED, tripsage_auth_sign_in_anonymously(OUT, world->auth, &client, "{}", TRIPSAGE_NUL));
    ck_assert_uint_eq(tripsage_last_error()->retry_after_s, 120); /* 30 in an hour */
}
END_TEST

START_TEST(a_session_keeps_where_it_came_from)
{
    tripsage_auth_client client = client_at("2001:db8::1");
    tripsage_doc *session, *list;

    NOT_WITH_A_PROJECT("it has no list of sessions");
    client.user_agent = "planner/1.0";
    session = OK(tripsage_auth_sign_up(OUT, world->auth, &client, ANN, TRIPSAGE_NUL));
    list = sessions_of(session);
    IS_TEXT(list, "/sessions/0/ip", "2001:db8::1");
    IS_TEXT(list, "/sessions/0/user_agent", "planner/1.0");
    client.user_agent = "caf\xe9"; /* no UTF-8: what it is, nobody can tell */
    session = OK(tripsage_auth_sign_in(OUT, world->auth, &client, ANN, TRIPSAGE_NUL));
    list = sessions_of(session);
    IS_JSON(list, "/sessions/0/user_agent", "null");
    client.version = 7;
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_auth_sign_in(OUT, world->auth, &client, ANN, TRIPSAGE_NUL), "#client");
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_auth_refresh(OUT, world->auth, &client, "x"), "#client");
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_auth_recover(world->auth, &client, "{}", TRIPSAGE_NUL), "#client");
}
END_TEST

/* ---- guests ---- */

START_TEST(a_guest_has_what_a_user_has)
{
    tripsage_doc *session =
        OK(tripsage_auth_sign_in_anonymously(OUT, world->auth, NULL, "{\"data\":{\"lang\":\"en\"}}", TRIPSAGE_NUL));
    tripsage_actor *guest = world_signed_in(world->auth, session);

    IS_TEXT(session, "/user/email", "");
    IS_JSON(session, "/user/is_anonymous", "true");
    IS_JSON(session, "/user/identities", "[]");
    IS_JSON(session, "/user/user_metadata", "{\"lang\":\"en\"}");
    SAME_TEXT(test_json_at(tripsage_actor_claims(guest), "/is_anonymous"), "true");
    SAME_TEXT(test_json_at(tripsage_actor_claims(guest), "/amr/0/method"), "\"anonymous\"");
    IS_TEXT(OK(tripsage_trip_create(OUT, world->trips, guest, TRIP_JSON, TRIPSAGE_NUL, NULL)), "/user_id",
            tripsage_actor_user_id(guest));
    OK(refresh(OUT, text_of(session, "/refresh_token")));
    FAILS(TRIPSAGE_EINVALID, tripsage_auth_find_user(OUT, world->auth, world->service, tripsage_actor_user_id(guest)));
    OK(tripsage_auth_sign_in_anonymously(OUT, world->auth, NULL, "{}", TRIPSAGE_NUL));
    FAILS_AT(TRIPSAGE_EINVALID,
             tripsage_auth_sign_in_anonymously(OUT, world->auth, NULL, "{\"email\":\"a@b.c\"}", TRIPSAGE_NUL),
             "/email");
}
END_TEST

Suite *contract_auth_session(void)
{
    Suite *suite = suite_create("auth_session");
    TCase *tcase = test_case(suite, "auth_session");

    tcase_add_test(tcase, a_session_goes_on);
    tcase_add_test(tcase, a_session_stays_itself);
    tcase_add_test(tcase, a_lost_answer_is_given_again);
    tcase_add_test(tcase, an_older_token_is_forgiven_for_a_moment);
    tcase_add_test(tcase, an_old_token_ends_the_session);
    tcase_add_test(tcase, what_is_no_refresh_token_is_refused);
    tcase_add_test(tcase, a_refresh_token_is_of_one_database);
    tcase_add_test(test_threads_case(suite, "auth_session"), many_at_once_get_the_same_next_token);
    tcase_add_test(tcase, a_sign_out_ends_what_it_says);
    tcase_add_test(tcase, a_session_ends_when_its_box_is_over);
    tcase_add_test(tcase, a_session_ends_when_nobody_carries_it_on);
    tcase_add_test(tcase, an_account_may_have_a_single_session);
    tcase_add_test(tcase, guesses_are_limited);
    tcase_add_test(tcase, nobody_is_locked_out_by_the_guesses_of_others);
    tcase_add_test(tcase, both_doors_have_the_same_limits);
    tcase_add_test(tcase, a_limit_tells_when_there_is_room_again);
    tcase_add_test(tcase, a_session_keeps_where_it_came_from);
    tcase_add_test(tcase, a_guest_has_what_a_user_has);
    return suite;
}
