/* contract/auth.c: accounts, sessions, and the actors made of them. */
#include "contract.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static tripsage_status sign_up(tripsage_doc **out, const char *json)
{
    return tripsage_auth_sign_up(out, world->auth, NULL, json, TRIPSAGE_NUL);
}

static tripsage_status sign_in(tripsage_doc **out, const char *email, const char *password)
{
    return tripsage_auth_sign_in(
        out, world->auth, NULL,
        test_format("{\"email\":%s,\"password\":%s}", test_quoted(email), test_quoted(password)), TRIPSAGE_NUL);
}

static tripsage_status verify(tripsage_actor **actor, const char *token)
{
    return tripsage_auth_verify(actor, world->auth, token, strlen(token));
}

static const char *token_of(tripsage_doc *session)
{
    return test_format("%s", tripsage_doc_text(session, "/access_token"));
}

#define ANN                                                                                                            \
    "{\"email\":\"Ann@Example.org\",\"password\":\"correct horse\",\"full_name\":\"Ann "                               \
    "Lee\",\"data\":{\"lang\":\"en\"}}"

START_TEST(signing_up_gives_a_session)
{
    tripsage_doc *session = OK(sign_up(OUT, ANN));

    IS_TEXT(session, "/token_type", "bearer");
    IS_INT(session, "/expires_in", 3600);
    IS_INT(session, "/expires_at", (TEST_NOON + TEST_HOUR) / 1000);
    IS_TEXT(session, "/user/email", "ann@example.org");
    IS_TEXT(session, "/user/full_name", "Ann Lee");
    IS_JSON(session, "/user/user_metadata/lang", "\"en\"");
    IS_TEXT(session, "/user/created_at", "2026-03-01T12:00:00.000Z");
    ck_assert_ptr_nonnull(tripsage_doc_text(session, "/user/id"));
    ck_assert_ptr_null(strstr(json_of(session), "correct horse"));
    ck_assert_ptr_null(strstr(json_of(session), "argon2"));
}
END_TEST

START_TEST(a_token_makes_an_actor)
{
    tripsage_doc *session = OK(sign_up(OUT, ANN));
    tripsage_actor *actor = NULL;

    OK(verify(&actor, token_of(session)));
    SAME_TEXT(tripsage_actor_user_id(actor), tripsage_doc_text(session, "/user/id"));
    ck_assert_uint_gt(strlen(tripsage_actor_session_id(actor)), 0);
    ck_assert_int_eq(tripsage_actor_is_service(actor), 0);
    SAME_TEXT(test_json_at(tripsage_actor_claims(actor), "/sub"), test_quoted(tripsage_doc_text(session, "/user/id")));
    IS_TEXT(OK(tripsage_trip_create(OUT, world->trips, actor, TRIP_JSON, TRIPSAGE_NUL, NULL)), "/user_id",
            tripsage_actor_user_id(actor));
    SAME_TEXT(test_json_at(json_of(OK(tripsage_auth_user(OUT, world->auth, actor))), "/email"), "\"ann@example.org\"");
    tripsage_actor_free(actor);
}
END_TEST

START_TEST(signing_in_checks_both)
{
    const char *wrong_password, *no_account;

    OK(sign_up(OUT, ANN));
    test_clock_advance(&world->chance, TEST_HOUR);
    IS_TEXT(OK(sign_in(OUT, "ANN@example.org", "correct horse")), "/user/last_sign_in_at", "2026-03-01T13:00:00.000Z");
    FAILS(TRIPSAGE_ECREDENTIALS, sign_in(OUT, "ann@example.org", "Correct horse"));
    wrong_password = test_format("%s", tripsage_last_error()->message);
    FAILS(TRIPSAGE_ECREDENTIALS, sign_in(OUT, "bob@example.org", "correct horse"));
    no_account = test_format("%s", tripsage_last_error()->message);
    SAME_TEXT(no_account, wrong_password);
    FAILS(TRIPSAGE_ECREDENTIALS, sign_in(OUT, "ann@example.org", "correct horse "));
    FAILS(TRIPSAGE_EMALFORMED, tripsage_auth_sign_in(OUT, world->auth, NULL, "{", TRIPSAGE_NUL));
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_auth_sign_in(OUT, world->auth, NULL, "{}", TRIPSAGE_NUL), "/email",
             "/password");
}
END_TEST

START_TEST(an_address_has_one_account)
{
    OK(sign_up(OUT, ANN));
    FAILS(TRIPSAGE_EEXISTS, sign_up(OUT, ANN));
    FAILS(TRIPSAGE_EEXISTS, sign_up(OUT, "{\"email\":\"ANN@EXAMPLE.ORG\",\"password\":\"another one\"}"));
}
END_TEST

START_TEST(refuses_a_bad_account)
{
    static const bad_input rows[] = {
        {"{\"email\":\"ann\",\"password\":\"correct horse\"}", {"/email"}},
        {"{\"email\":\"@example.org\",\"password\":\"correct horse\"}", {"/email"}},
        {"{\"email\":\"ann@\",\"password\":\"correct horse\"}", {"/email"}},
        {"{\"email\":\"a nn@example.org\",\"password\":\"correct horse\"}", {"/email"}},
        {"{\"email\":7,\"password\":\"correct horse\"}", {"/email"}},
        {"{\"email\":\"ann@example.org\",\"password\":\"1234567\"}", {"/password"}},
        {"{\"email\":\"ann@example.org\",\"password\":"
         "\"\xe6\x97\x85\xe6\x97\x85\xe6\x97\x85\xe6\x97\x85\xe6\x97\x85\xe6\x97\x85\xe6\x97\x85\"}",
         {"/password"}},
        {"{\"email\":\"ann@example.org\"}", {"/password"}},
        {"{\"password\":\"correct horse\"}", {"/email"}},
        {"{\"email\":\"ann@example.org\",\"password\":\"correct horse\",\"data\":[]}", {"/data"}},
        {"{\"email\":\"ann@example.org\",\"password\":\"correct horse\",\"full_name\":7}", {"/full_name"}},
        {"{\"email\":\"ann@example.org\",\"password\":\"correct horse\",\"role\":\"admin\"}", {"/role"}},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        test_fails(__FILE__, __LINE__, rows[i].changes, TRIPSAGE_EINVALID, sign_up(OUT, rows[i].changes),
                   rows[i].pointers, 1);
    FAILS_AT(TRIPSAGE_EINVALID,
             sign_up(OUT, test_format("{\"email\":\"ann@example.org\",\"password\":\"%s\"}", test_repeat("x", 1025))),
             "/password");
    FAILS(TRIPSAGE_EMALFORMED, sign_up(OUT, "ann"));
    FAILS(TRIPSAGE_ECREDENTIALS, sign_in(OUT, "ann@example.org", "correct horse"));
    NOT_WITH_A_PROJECT("there a password has 72 bytes, and none that everybody tries first");
    /* A password of eight characters, and one of 1,024 bytes, are good. */
    OK(sign_up(OUT, "{\"email\":\"a@example.org\",\"password\":\"\xe6\x97\x85 345678\"}"));
    OK(sign_up(OUT, test_format("{\"email\":\"b@example.org\",\"password\":\"%s\"}", test_repeat("x", 1024))));
}
END_TEST

START_TEST(signing_out_ends_the_token)
{
    tripsage_doc *first = OK(sign_up(OUT, ANN));
    tripsage_doc *second = OK(sign_in(OUT, "ann@example.org", "correct horse"));
    tripsage_actor *one = NULL, *two = NULL, *again = NULL;

    OK(verify(&one, token_of(first)));
    OK(verify(&two, token_of(second)));
    OK(tripsage_auth_sign_out(world->auth, one, TRIPSAGE_SIGN_OUT_LOCAL));
    FAILS(TRIPSAGE_ETOKEN, verify(&again, token_of(first)));
    ck_assert_ptr_null(again);
    OK(verify(&again, token_of(second)));
    FAILS(TRIPSAGE_EINVALID, tripsage_auth_sign_out(world->auth, world->owner, TRIPSAGE_SIGN_OUT_LOCAL));
    FAILS(TRIPSAGE_EUNAUTHENTICATED, tripsage_auth_sign_out(world->auth, NULL, TRIPSAGE_SIGN_OUT_LOCAL));
    tripsage_actor_free(one);
    tripsage_actor_free(two);
    tripsage_actor_free(again);
}
END_TEST

/* An hour of life, and a minute for clocks that disagree. */
START_TEST(a_token_ends_with_its_time)
{
    const char *token = token_of(OK(sign_up(OUT, ANN)));
    tripsage_actor *actor = NULL;

    test_clock_advance(&world->chance, TEST_HOUR);
    OK(verify(&actor, token));
    tripsage_actor_free(actor);
    test_clock_advance(&world->chance, 62 * TEST_SECOND);
    actor = (tripsage_actor *)(void *)&token;
    FAILS(TRIPSAGE_EEXPIRED, verify(&actor, token));
    ck_assert_ptr_null(actor);
}
END_TEST

static const char *const strange_tokens[] = {
    "",
    ".",
    "..",
    "a.b.c",
    "Bearer x",
    "\xff\xfe",
    "....",
    /* {"alg":"none"}.{"sub":"01890000-0000-7000-8000-00000000000a"}. */
    "eyJhbGciOiJub25lIn0.eyJzdWIiOiIwMTg5MDAwMC0wMDAwLTcwMDAtODAwMC0wMDAwMDAwMDAwMGEifQ.",
    /* HS256 under another key */
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
};

START_TEST(a_strange_token_is_refused)
{
    const char *token = token_of(OK(sign_up(OUT, ANN)));
    tripsage_actor *actor = NULL;
    char *changed = test_keep(strdup(token));

    for (size_t i = 0; i < sizeof strange_tokens / sizeof strange_tokens[0]; i++)
        FAILS(TRIPSAGE_ETOKEN, verify(&actor, strange_tokens[i]));
    FAILS(TRIPSAGE_ETOKEN, verify(&actor, test_repeat("A", 100000)));
    FAILS(TRIPSAGE_ETOKEN, tripsage_auth_verify(&actor, world->auth, token, strlen(token) - 1));
    /* One character of each part; the last of a part may have spare bits, so not that one. */
    for (size_t i = 3; i + 4 < strlen(token); i += 7) {
        char was = changed[i];
        changed[i] = was == 'A' ? 'B' : 'A';
        if (tripsage_auth_verify(&actor, world->auth, changed, strlen(changed)) == TRIPSAGE_OK)
            ck_abort_msg("accepted with character %zu changed", i);
        changed[i] = was;
    }
    OK(verify(&actor, token));
    tripsage_actor_free(actor);
}
END_TEST

START_TEST(a_token_of_another_database_is_refused)
{
    const char *token = token_of(OK(sign_up(OUT, ANN)));
    tripsage_auth *other = NULL;
    tripsage_actor *actor = NULL;

    OK(tripsage_auth_open(&other, "sqlite::memory:", NULL, NULL));
    FAILS(TRIPSAGE_ETOKEN, tripsage_auth_verify(&actor, other, token, strlen(token)));
    tripsage_auth_close(other);
}
END_TEST

START_TEST(an_account_is_changed)
{
    tripsage_actor *actor = NULL;
    tripsage_doc *user;

    OK(verify(&actor, token_of(OK(sign_up(OUT, ANN)))));
    test_clock_advance(&world->chance, TEST_HOUR / 2);
    user = OK(tripsage_auth_user_update(
        OUT, world->auth, actor, "{\"full_name\":\"Ann Wu\",\"data\":{\"lang\":null,\"home\":{\"city\":\"Oslo\"}}}",
        TRIPSAGE_NUL));
    IS_TEXT(user, "/full_name", "Ann Wu");
    IS_NONE(user, "/user_metadata/lang");
    IS_TEXT(user, "/user_metadata/home/city", "Oslo");
    IS_TEXT(user, "/updated_at", "2026-03-01T12:30:00.000Z");
    user = OK(tripsage_auth_user_update(OUT, world->auth, actor, "{\"full_name\":null}", TRIPSAGE_NUL));
    IS_NONE(user, "/full_name");
    IS_TEXT(user, "/user_metadata/home/city", "Oslo");
    FAILS_AT(
        TRIPSAGE_EINVALID,
        tripsage_auth_user_update(OUT, world->auth, actor, "{\"password\":\"short\",\"email\":\"x\"}", TRIPSAGE_NUL),
        "/password", "/email");
    tripsage_actor_free(actor);
}
END_TEST

START_TEST(a_password_is_changed)
{
    tripsage_actor *actor = NULL;

    OK(verify(&actor, token_of(OK(sign_up(OUT, ANN)))));
    OK(tripsage_auth_user_update(OUT, world->auth, actor, "{\"password\":\"battery staple\"}", TRIPSAGE_NUL));
    FAILS(TRIPSAGE_ECREDENTIALS, sign_in(OUT, "ann@example.org", "correct horse"));
    OK(sign_in(OUT, "ann@example.org", "battery staple"));
    tripsage_actor_free(actor);
}
END_TEST

START_TEST(a_new_password_ends_the_other_sessions)
{
    const char *here = token_of(OK(sign_up(OUT, ANN)));
    const char *elsewhere = token_of(OK(sign_in(OUT, "ann@example.org", "correct horse")));
    tripsage_actor *actor = NULL, *again = NULL, *other = NULL;

    OK(verify(&actor, here));
    OK(verify(&other, elsewhere));
    OK(tripsage_auth_user_update(OUT, world->auth, actor, "{\"password\":\"battery staple\"}", TRIPSAGE_NUL));
    FAILS(TRIPSAGE_ETOKEN, verify(&again, elsewhere));
    OK(verify(&again, here));
    tripsage_actor_free(actor);
    tripsage_actor_free(again);
    tripsage_actor_free(other);
}
END_TEST

START_TEST(bounds_the_name_and_the_data)
{
    /* {"k":"..."} is 8 bytes around the text. */
    const char *name = test_repeat("\xc3\xa9", 100);
    const char *data = test_repeat("x", 4096 - 8);

    OK(sign_up(OUT,
               test_format("{\"email\":\"a@example.org\",\"password\":\"correct horse\",\"full_name\":\"%s\"}", name)));
    OK(sign_up(OUT, test_format("{\"email\":\"b@example.org\",\"password\":\"correct horse\",\"data\":{\"k\":\"%s\"}}",
                                data)));
    FAILS_AT(
        TRIPSAGE_EINVALID,
        sign_up(OUT, test_format("{\"email\":\"c@example.org\",\"password\":\"correct horse\",\"full_name\":\"%sx\"}",
                                 name)),
        "/full_name");
    FAILS_AT(TRIPSAGE_EINVALID,
             sign_up(OUT, test_format(
                              "{\"email\":\"c@example.org\",\"password\":\"correct horse\",\"data\":{\"k\":\"%sx\"}}",
                              data)),
             "/data");
}
END_TEST

START_TEST(nobody_has_no_account)
{
    FAILS(TRIPSAGE_EUNAUTHENTICATED, tripsage_auth_user(OUT, world->auth, NULL));
    FAILS(TRIPSAGE_EUNAUTHENTICATED, tripsage_auth_user_update(OUT, world->auth, NULL, "{}", TRIPSAGE_NUL));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_auth_user(OUT, world->auth, world->stranger));
}
END_TEST

START_TEST(actors_are_made_by_hand)
{
    tripsage_actor *actor = NULL;

    OK(tripsage_actor_user(&actor, "01890000-0000-7000-8000-00000000ABCD"));
    SAME_TEXT(tripsage_actor_user_id(actor), "01890000-0000-7000-8000-00000000abcd");
    SAME_TEXT(tripsage_actor_session_id(actor), "");
    ck_assert_ptr_null(tripsage_actor_claims(actor));
    tripsage_actor_free(actor);
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_actor_user(&actor, "me"), "#user_id");
    ck_assert_ptr_null(actor);
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_actor_user(&actor, ""), "#user_id");
    SAME_TEXT(tripsage_actor_user_id(world->service), "");
    ck_assert_int_eq(tripsage_actor_is_service(world->service), 1);
    ck_assert_int_eq(tripsage_actor_is_service(world->owner), 0);
    tripsage_actor_free(NULL);
}
END_TEST

START_TEST(expired_sessions_are_swept)
{
    OK(sign_up(OUT, ANN));
    IS_INT(OK(tripsage_purge_expired(OUT, world->ts, 0)), "/sessions", 0);
    test_clock_advance(&world->chance, TEST_DAY);
    IS_INT(OK(tripsage_purge_expired(OUT, world->ts, 0)), "/sessions", 0); /* they have no end of their own */
    OK(sign_in(OUT, "ann@example.org", "correct horse"));
}
END_TEST

/* The key of the tokens is kept with the database, so a token outlives the handle. */
START_TEST(a_token_outlives_the_handle)
{
    const char *token = token_of(OK(sign_up(OUT, ANN)));
    tripsage_actor *actor = NULL;

    if (!world->persists)
        return;
    world_reopen();
    OK(verify(&actor, token));
    tripsage_actor_free(actor);
}
END_TEST

START_TEST(a_short_secret_is_refused)
{
    tripsage_auth *auth = NULL;
    tripsage_auth_options options = TRIPSAGE_AUTH_OPTIONS_INIT;

    options.jwt_secret = "0123456789012345678901234567890";
    FAILS(TRIPSAGE_EINVALID, tripsage_auth_open(&auth, "sqlite::memory:", &options, NULL));
    ck_assert_ptr_null(auth);
    options.jwt_secret = "01234567890123456789012345678901";
    OK(tripsage_auth_open(&auth, "sqlite::memory:", &options, NULL));
    tripsage_auth_close(auth);
    tripsage_auth_close(NULL);
}
END_TEST

/* Two handles with the same secret, issuer and database take each other's tokens; another issuer's are refused. */
START_TEST(the_issuer_is_checked)
{
    tripsage_auth *other = NULL;
    tripsage_auth_options options = TRIPSAGE_AUTH_OPTIONS_INIT;
    tripsage_runtime runtime = test_chance_runtime(&world->chance);
    const char *token;
    tripsage_actor *actor = NULL;

    if (!world->persists)
        return;
    token = token_of(OK(sign_up(OUT, ANN)));
    OK(tripsage_auth_open(&other, world->url, NULL, &runtime));
    OK(tripsage_auth_verify(&actor, other, token, strlen(token)));
    tripsage_actor_free(actor);
    tripsage_auth_close(other);
    options.issuer = "https://somebody.else";
    OK(tripsage_auth_open(&other, world->url, &options, &runtime));
    FAILS(TRIPSAGE_ETOKEN, tripsage_auth_verify(&actor, other, token, strlen(token)));
    tripsage_auth_close(other);
}
END_TEST

/* Signing out through one handle is seen by another, which has the token in its memory already, within a minute. */
START_TEST(signing_out_is_seen_by_others)
{
    tripsage *other;
    const char *token;
    tripsage_actor *here = NULL, *there = NULL;

    if (!world->persists)
        return;
    token = token_of(OK(sign_up(OUT, ANN)));
    other = world_open_another();
    OK(verify(&here, token));
    OK(tripsage_auth_verify(&there, tripsage_get_auth(other), token, strlen(token)));
    tripsage_actor_free(there);
    there = NULL;
    OK(tripsage_auth_sign_out(world->auth, here, TRIPSAGE_SIGN_OUT_LOCAL));
    OK(tripsage_auth_sign_out(world->auth, here,
                              TRIPSAGE_SIGN_OUT_LOCAL)); /* it has ended already, which is no error */
    test_clock_advance(&world->chance, 61 * TEST_SECOND);
    FAILS(TRIPSAGE_ETOKEN, tripsage_auth_verify(&there, tripsage_get_auth(other), token, strlen(token)));
    tripsage_actor_free(here);
    tripsage_close(other);
}
END_TEST

START_TEST(the_service_finds_an_account)
{
    const char *id = test_format("%s", tripsage_doc_text(OK(sign_up(OUT, ANN)), "/user/id"));
    tripsage_doc *user = OK(tripsage_auth_find_user(OUT, world->auth, world->service, "ANN@Example.ORG"));

    IS_TEXT(user, "/id", id);
    IS_TEXT(user, "/email", "ann@example.org");
    ck_assert_ptr_null(strstr(json_of(user), "argon2"));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_auth_find_user(OUT, world->auth, world->service, "bob@example.org"));
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_auth_find_user(OUT, world->auth, world->service, "ann"), "#email");
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_auth_find_user(OUT, world->auth, world->owner, "ann@example.org"));
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_auth_find_user(OUT, world->auth, world->owner, "bob@example.org"));
    FAILS(TRIPSAGE_EUNAUTHENTICATED, tripsage_auth_find_user(OUT, world->auth, NULL, "ann@example.org"));
}
END_TEST

/* How many keys there are in this state. */
static int keys_in(const char *state)
{
    tripsage_doc *doc = OK(tripsage_auth_signing_keys(OUT, world->auth, world->service));
    int count = 0;

    for (int i = 0; tripsage_doc_text(doc, test_format("/keys/%d/kid", i)); i++)
        count += strcmp(tripsage_doc_text(doc, test_format("/keys/%d/state", i)), state) == 0;
    return count;
}

START_TEST(keys_are_shown_and_rotated)
{
    tripsage_doc *session = OK(sign_up(OUT, ANN)), *keys = OK(tripsage_auth_jwks(OUT, world->auth));
    tripsage_actor *actor = NULL;

    IS_TEXT(keys, "/keys/0/kty", "EC");
    IS_TEXT(keys, "/keys/0/alg", "ES256");
    IS_TEXT(keys, "/keys/0/use", "sig");
    IS_JSON(keys, "/keys/0/key_ops", "[\"verify\"]");
    IS_TEXT(keys, "/keys/0/crv", "P-256");
    if (world->project.web)
        FAILS(TRIPSAGE_ENOTSUP, tripsage_auth_signing_keys(OUT, world->auth, world->service));
    NOT_WITH_A_PROJECT("its keys are its own affair");
    ck_assert_int_eq(keys_in("current"), 1);
    ck_assert_int_eq(keys_in("standby"), 1);
    OK(tripsage_auth_rotate_signing_key(world->auth, world->service));
    ck_assert_int_eq(keys_in("current"), 1);
    ck_assert_int_eq(keys_in("standby"), 1);
    ck_assert_int_eq(keys_in("previous"), 1);
    OK(verify(&actor, token_of(session)));
    tripsage_actor_free(actor);
    OK(verify(&actor, token_of(OK(sign_in(OUT, "ann@example.org", "correct horse")))));
    tripsage_actor_free(actor);
    test_clock_advance(&world->chance, 2 * TEST_HOUR);
    ck_assert_int_eq(keys_in("previous"), 0);
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_auth_rotate_signing_key(world->auth, world->owner));
    FAILS(TRIPSAGE_EUNAUTHENTICATED, tripsage_auth_rotate_signing_key(world->auth, NULL));
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_auth_signing_keys(OUT, world->auth, world->owner));
    FAILS(TRIPSAGE_EUNAUTHENTICATED, tripsage_auth_signing_keys(OUT, world->auth, NULL));
}
END_TEST

/* A key goes once the last token that it can have signed is over, and not before. */
START_TEST(keys_go_when_their_tokens_are_over)
{
    const char *before = token_of(OK(sign_up(OUT, ANN))), *after;
    tripsage_actor *actor = NULL;

    if (tripsage_auth_rotate_signing_key(world->auth, world->service) == TRIPSAGE_ENOTSUP)
        return; /* HS256 */
    IS_INT(OK(tripsage_purge_expired(OUT, world->ts, 0)), "/signing_keys", 0);
    OK(verify(&actor, before));
    tripsage_actor_free(actor);
    world_advance(TEST_HOUR + 2 * 60 * TEST_SECOND - 1);
    IS_INT(OK(tripsage_purge_expired(OUT, world->ts, 0)), "/signing_keys", 0);
    IS_COUNT(OK(tripsage_auth_signing_keys(OUT, world->auth, world->service)), "/keys", 3);
    after = token_of(OK(sign_in(OUT, "ann@example.org", "correct horse")));
    world_advance(1);
    IS_INT(OK(tripsage_purge_expired(OUT, world->ts, 0)), "/signing_keys", 1);
    IS_COUNT(OK(tripsage_auth_signing_keys(OUT, world->auth, world->service)), "/keys", 2);
    IS_INT(OK(tripsage_purge_expired(OUT, world->ts, 0)), "/signing_keys", 0);
    OK(verify(&actor, after));
    tripsage_actor_free(actor);
}
END_TEST

static char changes_told[512];

static void note_change(tripsage_log_level level, const char *component, const char *message, void *user)
{
    (void)level;
    (void)component;
    (void)user;
    if (strstr(message, "are signed with"))
        snprintf(changes_told, sizeof changes_told, "%s", message);
}

/* The algorithm is another one at the next start: that is told once, new tokens are of it, and those there are stay good. */
START_TEST(another_algorithm_begins_at_a_start)
{
    tripsage_auth_options options = TRIPSAGE_AUTH_OPTIONS_INIT;
    tripsage_runtime runtime = test_chance_runtime(&world->chance);
    const char *before, *after;
    tripsage_actor *actor = NULL;
    tripsage_auth *auth = NULL;

    if (!world->persists)
        return;
    before = token_of(OK(sign_up(OUT, ANN)));
    options.argon2_memory_kib = 8;
    options.argon2_passes = 1;
    runtime.log = note_change;
    options.algorithm = "ES256";
    OK(tripsage_auth_open(&auth, world->url, &options, &runtime));
    SAME_TEXT(changes_told, "");
    tripsage_auth_close(auth);
    options.algorithm = "RS256";
    OK(tripsage_auth_open(&auth, world->url, &options, &runtime));
    ck_assert_ptr_nonnull(strstr(changes_told, "are signed with RS256 from now on"));
    changes_told[0] = '\0';
    after = token_of(OK(tripsage_auth_sign_in(
        OUT, auth, NULL, "{\"email\":\"ann@example.org\",\"password\":\"correct horse\"}", TRIPSAGE_NUL)));
    SAME_TEXT(test_format("%.20s", after), "eyJhbGciOiJSUzI1NiIs"); /* {"alg":"RS256", */
    OK(tripsage_auth_verify(&actor, auth, before, strlen(before)));
    tripsage_actor_free(actor);
    OK(tripsage_auth_rotate_signing_key(auth, world->service));
    OK(tripsage_auth_verify(&actor, auth, after, strlen(after)));
    tripsage_actor_free(actor);
    tripsage_auth_close(auth);
    OK(tripsage_auth_open(&auth, world->url, &options, &runtime));
    SAME_TEXT(changes_told, ""); /* it is no change any more */
    tripsage_auth_close(auth);
}
END_TEST

/* A second handle on the same database, with another algorithm. */
START_TEST(keys_are_shared)
{
    tripsage_auth_options options = TRIPSAGE_AUTH_OPTIONS_INIT;
    tripsage_options all = TRIPSAGE_OPTIONS_INIT;
    tripsage_runtime runtime = test_chance_runtime(&world->chance);
    const char *here = token_of(OK(sign_up(OUT, ANN))), *there;
    tripsage_actor *actor = NULL;
    tripsage *other = NULL;

    if (strcmp(world->url, "sqlite::memory:") == 0)
        return; /* nobody else's */
    options.algorithm = "RS256";
    options.argon2_memory_kib = 8;
    options.argon2_passes = 1;
    all.auth = &options;
    all.runtime = &runtime;
    OK(tripsage_open(&other, world->url, &all));
    there = token_of(
        OK(tripsage_auth_sign_in(OUT, tripsage_get_auth(other), NULL,
                                 "{\"email\":\"ann@example.org\",\"password\":\"correct horse\"}", TRIPSAGE_NUL)));
    OK(tripsage_auth_verify(&actor, tripsage_get_auth(other), here, strlen(here)));
    tripsage_actor_free(actor);
    test_clock_advance(&world->chance, 2 * TEST_SECOND);
    OK(verify(&actor, there));
    tripsage_actor_free(actor);
    tripsage_close(other);
}
END_TEST

/* One of several who are the first to ask for RS256 on a database. */
typedef struct opener {
    pthread_t thread;
    tripsage_status status;
    char keys[4096]; /* what it shows */
} opener;

static void *open_first(void *context)
{
    tripsage_auth_options options = TRIPSAGE_AUTH_OPTIONS_INIT;
    opener *o = context;
    tripsage_auth *auth = NULL;
    tripsage_doc *doc = NULL;

    options.algorithm = "RS256";
    o->status = tripsage_auth_open(&auth, world->url, &options, NULL);
    if (o->status == TRIPSAGE_OK)
        o->status = tripsage_auth_jwks(&doc, auth);
    if (o->status == TRIPSAGE_OK)
        snprintf(o->keys, sizeof o->keys, "%s", tripsage_doc_json(doc, NULL));
    tripsage_doc_free(doc);
    tripsage_auth_close(auth);
    return NULL;
}

START_TEST(first_keys_are_made_once)
{
    static opener openers[4];
    size_t count = sizeof openers / sizeof openers[0];

    if (strcmp(world->url, "sqlite::memory:") == 0)
        return; /* nobody else's */
    for (size_t i = 0; i < count; i++)
        ck_assert_int_eq(pthread_create(&openers[i].thread, NULL, open_first, &openers[i]), 0);
    for (size_t i = 0; i < count; i++)
        ck_assert_int_eq(pthread_join(openers[i].thread, NULL), 0);
    for (size_t i = 0; i < count; i++) {
        ck_assert_int_eq(openers[i].status, TRIPSAGE_OK);
        ck_assert_ptr_nonnull(strstr(openers[i].keys, "RS256"));
        SAME_TEXT(openers[i].keys, openers[0].keys);
    }
}
END_TEST

Suite *contract_auth(void)
{
    Suite *suite = suite_create("auth");
    TCase *tcase = test_case(suite, "auth");

    tcase_add_test(tcase, signing_up_gives_a_session);
    tcase_add_test(tcase, a_token_makes_an_actor);
    tcase_add_test(tcase, signing_in_checks_both);
    tcase_add_test(tcase, an_address_has_one_account);
    tcase_add_test(tcase, refuses_a_bad_account);
    tcase_add_test(tcase, signing_out_ends_the_token);
    tcase_add_test(tcase, a_token_ends_with_its_time);
    tcase_add_test(tcase, a_strange_token_is_refused);
    tcase_add_test(tcase, a_token_of_another_database_is_refused);
    tcase_add_test(tcase, an_account_is_changed);
    tcase_add_test(tcase, a_password_is_changed);
    tcase_add_test(tcase, a_new_password_ends_the_other_sessions);
    tcase_add_test(tcase, bounds_the_name_and_the_data);
    tcase_add_test(tcase, nobody_has_no_account);
    tcase_add_test(tcase, actors_are_made_by_hand);
    tcase_add_test(tcase, expired_sessions_are_swept);
    tcase_add_test(tcase, a_token_outlives_the_handle);
    tcase_add_test(tcase, a_short_secret_is_refused);
    tcase_add_test(tcase, the_issuer_is_checked);
    tcase_add_test(tcase, signing_out_is_seen_by_others);
    tcase_add_test(tcase, the_service_finds_an_account);
    tcase_add_test(tcase, keys_are_shown_and_rotated);
    tcase_add_test(tcase, keys_are_shared);
    tcase_add_test(tcase, keys_go_when_their_tokens_are_over);
    tcase_add_test(tcase, another_algorithm_begins_at_a_start);
    tcase_add_test(test_threads_case(suite, "auth"), first_keys_are_made_once);
    return suite;
}
