/* contract/auth_mail.c: codes and links in mails: who asks for one, what comes back of it, and what must not. The mails are those that go
 * to the log where there is no mail server. */
#include "contract.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/inbox.h"
#include "support/threads.h"

#define SITE TEST_SITE

#define NO_MAIL_FROM(call)                                                                                             \
    do {                                                                                                               \
        size_t before = test_inbox_count();                                                                            \
        call;                                                                                                          \
        ck_assert_uint_eq(test_inbox_count(), before);                                                                 \
    } while (0)

/* ---- accounts ---- */

static tripsage_auth *auth;

static void open_with(const tripsage_auth_options *given)
{
    tripsage_auth_close(auth);
    auth = NULL;
    auth = world_accounts(world->url, given);
}

static void open_mails(void)
{
    tripsage_auth_options options = TRIPSAGE_AUTH_OPTIONS_INIT;

    world_open();
    test_inbox_clear();
    options.no_limits = 1; /* a code bears fewer guesses than the limits let through */
    open_with(&options);
}

static void open_confirming(void)
{
    tripsage_auth_options options = TRIPSAGE_AUTH_OPTIONS_INIT;

    world_open();
    test_inbox_clear();
    options.confirm_email = 1;
    open_with(&options);
}

static void close_mails(void)
{
    tripsage_auth_close(auth);
    auth = NULL;
    world_close();
}

#define ANN "ann@example.org"
#define BOB "bob@example.org"

static const char *with(const char *members)
{
    return test_format("{%s}", members);
}

static tripsage_status sign_up(tripsage_doc **out, const char *email, const char *password)
{
    return tripsage_auth_sign_up(
        out, auth, NULL, with(test_format("\"email\":\"%s\",\"password\":\"%s\"", email, password)), TRIPSAGE_NUL);
}

static tripsage_status sign_in(tripsage_doc **out, const char *email, const char *password)
{
    return tripsage_auth_sign_in(
        out, auth, NULL, with(test_format("\"email\":\"%s\",\"password\":\"%s\"", email, password)), TRIPSAGE_NUL);
}

static tripsage_status recover(const char *email)
{
    return tripsage_auth_recover(auth, NULL, with(test_format("\"email\":\"%s\"", email)), TRIPSAGE_NUL);
}

static tripsage_status otp_send(const char *email, const char *more)
{
    return tripsage_auth_otp_send(auth, NULL, with(test_format("\"email\":\"%s\"%s", email, more)), TRIPSAGE_NUL);
}

static tripsage_status resend(const char *type, const char *email)
{
    return tripsage_auth_resend(auth, NULL, with(test_format("\"type\":\"%s\",\"email\":\"%s\"", type, email)),
                                TRIPSAGE_NUL);
}

static tripsage_status verify(tripsage_doc **out, const char *type, const char *email, const char *code)
{
    return tripsage_auth_otp_verify(
        out, auth, NULL, with(test_format("\"type\":\"%s\",\"email\":\"%s\",\"token\":\"%s\"", type, email, code)),
        TRIPSAGE_NUL);
}

static tripsage_status verify_hash(tripsage_doc **out, const char *type, const char *hash)
{
    return tripsage_auth_otp_verify(
        out, auth, NULL, with(test_format("\"type\":\"%s\",\"token_hash\":\"%s\"", type, hash)), TRIPSAGE_NUL);
}

static tripsage_status exchange(tripsage_doc **out, const char *code, const char *verifier)
{
    return tripsage_auth_exchange_code(
        out, auth, NULL, with(test_format("\"auth_code\":\"%s\",\"code_verifier\":\"%s\"", code, verifier)),
        TRIPSAGE_NUL);
}

/* What is asked of somebody who is made on the way: arguments come first, in whatever order. */
static tripsage_doc *user_of(const tripsage_actor *actor)
{
    return OK(tripsage_auth_user(OUT, auth, actor));
}

static tripsage_doc *exchanged(const char *code, const char *verifier)
{
    return OK(exchange(OUT, code, verifier));
}

#define EXPIRED(call) FAILS_AS(TRIPSAGE_ETOKEN, "otp_expired", call)

static const char *wrong(const char *code)
{
    return test_format("%06d", (atoi(code) + 1) % 1000000);
}

/* ---- recovery ---- */

START_TEST(a_code_signs_in_once)
{
    const char *id = test_format("%s", tripsage_doc_text(OK(sign_up(OUT, ANN, "correct horse")), "/user/id"));
    tripsage_doc *session;
    const char *code;

    OK(recover("Ann@Example.org"));
    code = test_inbox_newest("recovery", ANN)->code;
    ck_assert_uint_eq(strspn(code, "0123456789"), 6);
    test_clock_advance(&world->chance, TEST_HOUR);
    session = OK(verify(OUT, "recovery", ANN, code));
    IS_TEXT(session, "/user/id", id);
    IS_TEXT(session, "/user/recovery_sent_at", "2026-03-01T12:00:00.000Z");
    IS_TEXT(session, "/user/last_sign_in_at", "2026-03-01T13:00:00.000Z");
    SAME_TEXT(test_json_at(tripsage_actor_claims(world_signed_in(auth, session)), "/amr/0/method"), "\"otp\"");
    EXPIRED(verify(OUT, "recovery", ANN, code));
    SAME_TEXT(tripsage_last_error()->message, "Token has expired or is invalid");
    EXPIRED(verify_hash(OUT, "recovery", test_mail_hash(test_inbox_newest("recovery", ANN))));
    SAME_TEXT(tripsage_last_error()->message, "Email link is invalid or has expired");
}
END_TEST

START_TEST(a_link_signs_in_once)
{
    const char *hash;

    OK(sign_up(OUT, ANN, "correct horse"));
    OK(recover(ANN));
    SAME_TEXT(test_inbox_newest("recovery", ANN)->link,
              test_format("https://api.example.org/auth/v1/verify?token=%s&type=recovery&redirect_to=" SITE,
                          test_mail_hash(test_inbox_newest("recovery", ANN))));
    hash = test_mail_hash(test_inbox_newest("recovery", ANN));
    ck_assert_uint_eq(strspn(hash, "0123456789abcdef"), 56);
    ck_assert_uint_eq(strlen(hash), 56);
    OK(verify_hash(OUT, "recovery", hash));
    EXPIRED(verify_hash(OUT, "recovery", hash));
    EXPIRED(verify(OUT, "recovery", ANN, test_inbox_newest("recovery", ANN)->code));
}
END_TEST

/* Of an address that nobody has, the answers are the same. */
START_TEST(a_stranger_is_told_the_same)
{
    const char *known;

    OK(sign_up(OUT, ANN, "correct horse"));
    OK(recover(ANN));
    NO_MAIL_FROM(OK(recover(BOB)));
    FAILS_AS(TRIPSAGE_ERATELIMITED, "over_email_send_rate_limit", recover(ANN));
    ck_assert_uint_eq(tripsage_last_error()->retry_after_s, 60);
    known = test_format("%s", tripsage_last_error()->message);
    FAILS_AS(TRIPSAGE_ERATELIMITED, "over_email_send_rate_limit", recover(BOB));
    SAME_TEXT(tripsage_last_error()->message, known);
    EXPIRED(verify(OUT, "recovery", ANN, wrong(test_inbox_newest("recovery", ANN)->code)));
    known = test_format("%s", tripsage_last_error()->message);
    EXPIRED(verify(OUT, "recovery", BOB, "123456"));
    SAME_TEXT(tripsage_last_error()->message, known);
    NO_MAIL_FROM(OK(resend("signup", ANN)));
    NO_MAIL_FROM(OK(resend("signup", BOB)));
    NO_MAIL_FROM(OK(resend("email_change", ANN)));
    NO_MAIL_FROM(OK(resend("email_change", BOB)));
    FAILS(TRIPSAGE_ERATELIMITED, resend("email_change", ANN));
    FAILS(TRIPSAGE_ERATELIMITED, resend("email_change", BOB));
}
END_TEST

START_TEST(one_mail_of_a_kind_in_a_minute)
{
    OK(sign_up(OUT, ANN, "correct horse"));
    OK(recover(ANN));
    test_clock_advance(&world->chance, 20500);
    NO_MAIL_FROM(FAILS(TRIPSAGE_ERATELIMITED, recover(ANN)));
    SAME_TEXT(tripsage_last_error()->message, "For security purposes, you can only request this after 39 seconds.");
    FAILS(TRIPSAGE_ERATELIMITED, otp_send(ANN, "")); /* to sign in as well */
    test_clock_advance(&world->chance, 39499);
    FAILS(TRIPSAGE_ERATELIMITED, recover(ANN));
    test_clock_advance(&world->chance, 1);
    OK(recover(ANN));
    ck_assert_uint_eq(test_inbox_count(), 2);
}
END_TEST

START_TEST(a_newer_code_takes_the_place_of_an_older)
{
    const char *first;

    OK(sign_up(OUT, ANN, "correct horse"));
    OK(recover(ANN));
    first = test_format("%s", test_inbox_newest("recovery", ANN)->code);
    test_clock_advance(&world->chance, 60 * TEST_SECOND);
    OK(recover(ANN));
    ck_assert_str_ne(first, test_inbox_newest("recovery", ANN)->code);
    EXPIRED(verify(OUT, "recovery", ANN, first));
    OK(verify(OUT, "recovery", ANN, test_inbox_newest("recovery", ANN)->code));
}
END_TEST

START_TEST(a_code_is_good_for_a_day)
{
    OK(sign_up(OUT, ANN, "correct horse"));
    OK(recover(ANN));
    test_clock_advance(&world->chance, TEST_DAY);
    EXPIRED(verify(OUT, "recovery", ANN, test_inbox_newest("recovery", ANN)->code));
    EXPIRED(verify_hash(OUT, "recovery", test_mail_hash(test_inbox_newest("recovery", ANN))));
    OK(recover(ANN));
    test_clock_advance(&world->chance, TEST_DAY - 1);
    OK(verify(OUT, "recovery", ANN, test_inbox_newest("recovery", ANN)->code));
}
END_TEST

/* ---- attacks ---- */

START_TEST(guesses_at_codes_are_counted_by_address)
{
    const tripsage_auth_options options = TRIPSAGE_AUTH_OPTIONS_INIT;
    tripsage_auth_client here = TRIPSAGE_AUTH_CLIENT_INIT, there = TRIPSAGE_AUTH_CLIENT_INIT;
    const char *guess = "{\"type\":\"recovery\",\"email\":\"" ANN "\",\"token\":\"12345\"}";

    here.address = "192.0.2.1";
    there.address = "192.0.2.2";
    open_with(&options);
    OK(sign_up(OUT, ANN, "correct horse"));
    for (int i = 0; i < 10; i++)
        EXPIRED(tripsage_auth_otp_verify(OUT, auth, &there, guess, TRIPSAGE_NUL));
    FAILS_AS(TRIPSAGE_ERATELIMITED, "over_request_rate_limit",
             tripsage_auth_otp_verify(OUT, auth, &there, guess, TRIPSAGE_NUL));
    ck_assert_uint_eq(tripsage_last_error()->retry_after_s, 60);
    NOT_WITH_A_PROJECT("it counts by the address of this library's server");
    EXPIRED(tripsage_auth_otp_verify(OUT, auth, &here, guess, TRIPSAGE_NUL));
    for (int i = 0; i < 30; i++) /* whoever asks for mails is counted as well, whomever they are for */
        OK(tripsage_auth_recover(auth, &there, test_format("{\"email\":\"u%d@example.org\"}", i), TRIPSAGE_NUL));
    FAILS_AS(TRIPSAGE_ERATELIMITED, "over_request_rate_limit",
             tripsage_auth_recover(auth, &there, "{\"email\":\"v@example.org\"}", TRIPSAGE_NUL));
    ck_assert_uint_eq(tripsage_last_error()->retry_after_s, 10);
}
END_TEST

START_TEST(ten_wrong_codes_end_it)
{
    const test_mail *m;

    OK(sign_up(OUT, ANN, "correct horse"));
    OK(recover(ANN));
    m = test_inbox_newest("recovery", ANN);
    for (int i = 0; i < 10; i++)
        EXPIRED(verify(OUT, "recovery", ANN, wrong(m->code)));
    NOT_WITH_A_PROJECT("it counts guesses by where they come from as well");
    EXPIRED(verify(OUT, "recovery", ANN, m->code));
    EXPIRED(verify_hash(OUT, "recovery", test_mail_hash(m)));
    test_clock_advance(&world->chance, 60 * TEST_SECOND);
    OK(recover(ANN));
    m = test_inbox_newest("recovery", ANN);
    for (int i = 0; i < 9; i++)
        EXPIRED(verify(OUT, "email", ANN, wrong(m->code)));
    OK(verify(OUT, "email", ANN, m->code));
}
END_TEST

START_TEST(a_code_is_for_its_purpose_and_its_address)
{
    const test_mail *m;
    const char *hash;
    tripsage_actor *ann;

    ann = world_signed_in(auth, OK(sign_up(OUT, ANN, "correct horse")));
    OK(sign_up(OUT, BOB, "correct horse"));
    OK(recover(ANN));
    m = test_inbox_newest("recovery", ANN);
    hash = test_mail_hash(m);
    EXPIRED(verify(OUT, "recovery", BOB, m->code));
    EXPIRED(verify(OUT, "signup", ANN, m->code));
    EXPIRED(verify(OUT, "invite", ANN, m->code));
    EXPIRED(verify(OUT, "email_change", ANN, m->code));
    EXPIRED(verify_hash(OUT, "signup", hash));
    EXPIRED(verify_hash(OUT, "email_change", hash));
    EXPIRED(verify_hash(OUT, "recovery", test_format("pkce_%s", hash)));
    EXPIRED(verify_hash(OUT, "recovery", "0"));
    OK(verify_hash(OUT, "magiclink", hash)); /* one purpose with a recovery, as in Supabase Auth */
    /* What reauthenticates signs nobody in. */
    OK(tripsage_auth_reauthenticate(auth, ann));
    m = test_inbox_newest("reauthentication", ANN);
    SAME_TEXT(m->link, "");
    EXPIRED(verify(OUT, "email", ANN, m->code));
    EXPIRED(verify(OUT, "recovery", ANN, m->code));
}
END_TEST

START_TEST(refuses_bad_input)
{
    static const struct {
        const char *json;
        const char *pointer;
    } rows[] = {
        {"{\"email\":\"ann@example.org\",\"token\":\"123456\"}", "/type"},
        {"{\"type\":\"sms\",\"email\":\"ann@example.org\",\"token\":\"123456\"}", "/type"},
        {"{\"type\":\"email\",\"token\":\"123456\"}", "/email"},
        {"{\"type\":\"email\",\"email\":\"ann@example.org\"}", "/token"},
        {"{\"type\":\"email\",\"email\":\"ann@example.org\",\"token_hash\":\"x\"}", "/token_hash"},
        {"{\"type\":\"email\",\"email\":\"ann\",\"token\":\"123456\"}", "/email"},
        {"{\"type\":\"email\",\"email\":\"ann@example.org\",\"token\":\"123456\",\"more\":1}", "/more"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        FAILS_AT(TRIPSAGE_EINVALID, tripsage_auth_otp_verify(OUT, auth, NULL, rows[i].json, TRIPSAGE_NUL),
                 rows[i].pointer);
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_auth_recover(auth, NULL, "{}", TRIPSAGE_NUL), "/email");
    FAILS_AT(TRIPSAGE_EINVALID, otp_send(ANN, ",\"code_challenge\":\"x\",\"code_challenge_method\":\"s256\""),
             "/code_challenge");
    FAILS_AT(TRIPSAGE_EINVALID, otp_send(ANN, test_format(",\"code_challenge\":\"%s\"", test_repeat("x", 43))),
             "/code_challenge");
    FAILS_AT(TRIPSAGE_EINVALID, resend("sms", ANN), "/type");
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_auth_exchange_code(OUT, auth, NULL, "{}", TRIPSAGE_NUL), "/auth_code",
             "/code_verifier");
    FAILS(TRIPSAGE_EMALFORMED, tripsage_auth_otp_send(auth, NULL, "{", TRIPSAGE_NUL));
    FAILS(TRIPSAGE_EUNAUTHENTICATED, tripsage_auth_reauthenticate(auth, NULL));
    ck_assert_uint_eq(test_inbox_count(), 0);
    NOT_WITH_A_PROJECT("it asks for a token");
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_auth_reauthenticate(auth, world->owner));
    ck_assert_uint_eq(test_inbox_count(), 0);
}
END_TEST

struct race {
    const char *code, *hash;
    tripsage_status status[8];
};

static void verify_at_once(size_t index, void *context)
{
    struct race *race = context;
    tripsage_doc *session = NULL;
    char json[256];

    if (index % 2)
        snprintf(json, sizeof json, "{\"type\":\"recovery\",\"token_hash\":\"%s\"}", race->hash);
    else
        snprintf(json, sizeof json, "{\"type\":\"email\",\"email\":\"" ANN "\",\"token\":\"%s\"}", race->code);
    race->status[index] = tripsage_auth_otp_verify(&session, auth, NULL, json, TRIPSAGE_NUL);
    tripsage_doc_free(session);
}

START_TEST(one_of_many_uses_it_up)
{
    struct race race;

    OK(sign_up(OUT, ANN, "correct horse"));
    for (int round = 0; round < 4; round++) {
        int won = 0;

        OK(recover(ANN));
        race.code = test_inbox_newest("recovery", ANN)->code;
        race.hash = test_mail_hash(test_inbox_newest("recovery", ANN));
        test_threads_run(8, verify_at_once, &race);
        for (int i = 0; i < 8; i++) {
            ck_assert_msg(race.status[i] == TRIPSAGE_OK || race.status[i] == TRIPSAGE_ETOKEN, "%s",
                          tripsage_status_name(race.status[i]));
            won += race.status[i] == TRIPSAGE_OK;
        }
        ck_assert_int_eq(won, 1);
        test_clock_advance(&world->chance, 60 * TEST_SECOND);
    }
}
END_TEST

/* ---- without a password ---- */

START_TEST(a_newcomer_signs_in_by_mail)
{
    tripsage_doc *session;

    FAILS_AS(TRIPSAGE_EINVALID, "otp_disabled", otp_send(ANN, ",\"create_user\":false"));
    OK(otp_send(ANN, ",\"full_name\":\"Ann Lee\",\"data\":{\"lang\":\"en\"}"));
    session = OK(verify(OUT, "email", ANN, test_inbox_newest("magic_link", ANN)->code));
    IS_TEXT(session, "/user/full_name", "Ann Lee");
    IS_JSON(session, "/user/user_metadata/lang", "\"en\"");
    IS_TEXT(session, "/user/email_confirmed_at", "2026-03-01T12:00:00.000Z");
    FAILS(TRIPSAGE_ECREDENTIALS, sign_in(OUT, ANN, "correct horse")); /* he has no password */
    test_clock_advance(&world->chance, 60 * TEST_SECOND);
    OK(otp_send(ANN, ",\"create_user\":false"));
    OK(verify(OUT, "magiclink", ANN, test_inbox_newest("magic_link", ANN)->code));
}
END_TEST

START_TEST(a_link_leads_where_it_may)
{
    OK(sign_up(OUT, ANN, "correct horse"));
    OK(otp_send(ANN, ",\"redirect_to\":\"" SITE "/new\""));
    ck_assert_ptr_nonnull(strstr(test_inbox_newest("magic_link", ANN)->link, "&redirect_to=" SITE "/new"));
    test_clock_advance(&world->chance, 60 * TEST_SECOND);
    OK(otp_send(ANN, ",\"redirect_to\":\"https://a.example.net/x\""));
    ck_assert_ptr_nonnull(strstr(test_inbox_newest("magic_link", ANN)->link, "&redirect_to=https://a.example.net/x"));
    test_clock_advance(&world->chance, 60 * TEST_SECOND);
    OK(otp_send(ANN, ",\"redirect_to\":\"https://evil.example.com/\""));
    SAME_TEXT(strstr(test_inbox_newest("magic_link", ANN)->link, "&redirect_to="), "&redirect_to=" SITE);
}
END_TEST

/* ---- confirming ---- */

START_TEST(who_signs_up_confirms_it)
{
    tripsage_doc *user = OK(sign_up(OUT, ANN, "correct horse")), *session;

    IS_NONE(user, "/access_token");
    IS_TEXT(user, "/user/email", ANN);
    IS_NONE(user, "/user/email_confirmed_at");
    IS_TEXT(user, "/user/confirmation_sent_at", "2026-03-01T12:00:00.000Z");
    IS_JSON(user, "/user/user_metadata/email_verified", "false");
    IS_COUNT(user, "/user/identities", 1);
    FAILS_AS(TRIPSAGE_EFORBIDDEN, "email_not_confirmed", sign_in(OUT, ANN, "correct horse"));
    FAILS(TRIPSAGE_ECREDENTIALS, sign_in(OUT, ANN, "wrong horse"));
    test_clock_advance(&world->chance, TEST_HOUR);
    session = OK(verify(OUT, "signup", ANN, test_inbox_newest("confirmation", ANN)->code));
    IS_TEXT(session, "/user/id", tripsage_doc_text(user, "/user/id"));
    IS_TEXT(session, "/user/email_confirmed_at", "2026-03-01T13:00:00.000Z");
    IS_TEXT(session, "/user/confirmation_sent_at", "2026-03-01T12:00:00.000Z");
    IS_JSON(session, "/user/user_metadata/email_verified", "true");
    IS_JSON(session, "/user/identities/0/identity_data/email_verified", "true");
    IS_JSON(user_of(world_signed_in(auth, session)), "/user_metadata/email_verified", "true");
    OK(sign_in(OUT, ANN, "correct horse"));
    EXPIRED(verify(OUT, "signup", ANN, test_inbox_newest("confirmation", ANN)->code));
}
END_TEST

/* Who is new, who did not confirm yet and who did get answers of one shape, with ids that tell nothing. */
START_TEST(signing_up_again_tells_nothing)
{
    tripsage_doc *first = OK(sign_up(OUT, ANN, "correct horse")), *second, *third;
    const char *code;

    FAILS_AS(TRIPSAGE_ERATELIMITED, "over_email_send_rate_limit", sign_up(OUT, ANN, "another horse"));
    test_clock_advance(&world->chance, 60 * TEST_SECOND);
    second = OK(sign_up(OUT, ANN, "another horse"));
    ck_assert_uint_eq(test_inbox_count(), 2);
    code = test_inbox_newest("confirmation", ANN)->code;
    OK(verify(OUT, "email", ANN, code));
    OK(sign_in(OUT, ANN, "correct horse")); /* the first one holds */
    FAILS(TRIPSAGE_ECREDENTIALS, sign_in(OUT, ANN, "another horse"));
    test_clock_advance(&world->chance, 60 * TEST_SECOND);
    NO_MAIL_FROM(third = OK(sign_up(OUT, ANN, "another horse")));
    NO_MAIL_FROM(FAILS(TRIPSAGE_ERATELIMITED, sign_up(OUT, ANN, "another horse")));
    FAILS(TRIPSAGE_ECREDENTIALS, sign_in(OUT, ANN, "another horse"));
    NOT_WITH_A_PROJECT(
        "it shows an account that waits to be confirmed as it is, and who is made up by having no identity");
    SAME_TEXT(test_members(json_of(second), "/user"), test_members(json_of(first), "/user"));
    SAME_TEXT(test_members(json_of(third), "/user"), test_members(json_of(first), "/user"));
    ck_assert_str_ne(test_json_at(json_of(second), "/user/id"), test_json_at(json_of(first), "/user/id"));
    ck_assert_str_ne(test_json_at(json_of(third), "/user/id"), test_json_at(json_of(first), "/user/id"));
    SAME_TEXT(test_json_at(json_of(third), "/user/role"), test_json_at(json_of(first), "/user/role"));
    IS_COUNT(third, "/user/identities", 1);
    IS_NONE(third, "/user/email_confirmed_at");
}
END_TEST

START_TEST(a_confirmation_is_sent_again)
{
    const char *first;

    OK(sign_up(OUT, ANN, "correct horse"));
    first = test_format("%s", test_inbox_newest("confirmation", ANN)->code);
    FAILS(TRIPSAGE_ERATELIMITED, resend("signup", ANN));
    test_clock_advance(&world->chance, 60 * TEST_SECOND);
    OK(resend("signup", ANN));
    EXPIRED(verify(OUT, "signup", ANN, first));
    OK(verify(OUT, "signup", ANN, test_inbox_newest("confirmation", ANN)->code));
}
END_TEST

START_TEST(a_code_to_sign_in_confirms_as_well)
{
    tripsage_doc *session;

    OK(otp_send(ANN, ""));
    session = OK(verify(OUT, "email", ANN, test_inbox_newest("confirmation", ANN)->code));
    IS_TEXT(session, "/user/email_confirmed_at", "2026-03-01T12:00:00.000Z");
    test_clock_advance(&world->chance, 60 * TEST_SECOND);
    OK(otp_send(ANN, ""));
    OK(verify(OUT, "email", ANN, test_inbox_newest("magic_link", ANN)->code));
    /* So does a recovery, of somebody who never did. */
    OK(sign_up(OUT, BOB, "correct horse"));
    OK(recover(BOB));
    session = OK(verify(OUT, "recovery", BOB, test_inbox_newest("recovery", BOB)->code));
    IS_JSON(session, "/user/user_metadata/email_verified", "true");
    EXPIRED(verify(OUT, "signup", BOB, test_inbox_mail(2)->code));
    OK(sign_in(OUT, BOB, "correct horse"));
}
END_TEST

/* ---- another address ---- */

#define NEW "new@example.org"

static tripsage_status change_email(tripsage_doc **out, tripsage_actor *actor, const char *email)
{
    return tripsage_auth_user_update(out, auth, actor, with(test_format("\"email\":\"%s\"", email)), TRIPSAGE_NUL);
}

static void change_email_of(tripsage_actor *actor)
{
    OK(change_email(OUT, actor, NEW));
}

START_TEST(both_mailboxes_confirm_a_change)
{
    tripsage_actor *ann = world_signed_in(auth, OK(sign_up(OUT, ANN, "correct horse")));
    tripsage_doc *user = OK(change_email(OUT, ann, "New@example.org")), *session;

    IS_TEXT(user, "/email", ANN);
    IS_TEXT(user, "/new_email", NEW);
    IS_TEXT(user, "/email_change_sent_at", "2026-03-01T12:00:00.000Z");
    ck_assert_uint_eq(test_inbox_count(), 2);
    ck_assert_str_ne(test_inbox_to(ANN)->code, test_inbox_to(NEW)->code);
    EXPIRED(verify(OUT, "email_change", NEW, test_inbox_to(ANN)->code));
    session = OK(verify(OUT, "email_change", ANN, test_inbox_to(ANN)->code));
    IS_NONE(session, "/access_token");
    IS_TEXT(session, "/message", "Confirmation link accepted. Please proceed to confirm link sent to the other email");
    EXPIRED(verify(OUT, "email_change", ANN, test_inbox_to(ANN)->code)); /* not twice from the same one */
    session = OK(verify(OUT, "email_change", NEW, test_inbox_to(NEW)->code));
    IS_TEXT(session, "/user/email", NEW);
    IS_NONE(session, "/user/new_email");
    IS_TEXT(session, "/user/email_change_sent_at", "2026-03-01T12:00:00.000Z");
    IS_TEXT(session, "/user/identities/0/email", NEW);
    IS_JSON(session, "/user/identities/0/identity_data/email", "\"" NEW "\"");
    IS_TEXT(OK(tripsage_auth_user(OUT, auth, ann)), "/email", NEW);
    OK(sign_in(OUT, NEW, "correct horse"));
    FAILS(TRIPSAGE_ECREDENTIALS, sign_in(OUT, ANN, "correct horse"));
    EXPIRED(verify(OUT, "email_change", NEW, test_inbox_to(NEW)->code));
}
END_TEST

START_TEST(the_new_mailbox_may_confirm_first)
{
    change_email_of(world_signed_in(auth, OK(sign_up(OUT, ANN, "correct horse"))));
    IS_NONE(OK(verify_hash(OUT, "email_change", test_mail_hash(test_inbox_to(NEW)))), "/access_token");
    IS_TEXT(OK(verify_hash(OUT, "email_change", test_mail_hash(test_inbox_to(ANN)))), "/user/email", NEW);
}
END_TEST

/* Another wish takes the place of the one before, with what was confirmed of it. */
START_TEST(a_change_begins_anew)
{
    tripsage_actor *ann = world_signed_in(auth, OK(sign_up(OUT, ANN, "correct horse")));
    const char *old_code;

    OK(change_email(OUT, ann, NEW));
    old_code = test_format("%s", test_inbox_to(NEW)->code);
    OK(verify(OUT, "email_change", ANN, test_inbox_to(ANN)->code));
    FAILS(TRIPSAGE_ERATELIMITED, change_email(OUT, ann, "other@example.org"));
    IS_TEXT(OK(tripsage_auth_user(OUT, auth, ann)), "/new_email", NEW);
    test_clock_advance(&world->chance, 60 * TEST_SECOND);
    OK(change_email(OUT, ann, "other@example.org"));
    EXPIRED(verify(OUT, "email_change", NEW, old_code));
    IS_NONE(OK(verify(OUT, "email_change", "other@example.org", test_inbox_to("other@example.org")->code)),
            "/access_token");
    /* And is sent again. */
    test_clock_advance(&world->chance, 60 * TEST_SECOND);
    OK(resend("email_change", ANN));
    IS_NONE(OK(verify(OUT, "email_change", "other@example.org", test_inbox_to("other@example.org")->code)),
            "/access_token");
    IS_TEXT(OK(verify(OUT, "email_change", ANN, test_inbox_to(ANN)->code)), "/user/email", "other@example.org");
}
END_TEST

START_TEST(a_change_may_need_one_mailbox)
{
    tripsage_auth_options options = TRIPSAGE_AUTH_OPTIONS_INIT;

    options.email_change_single = 1;
    open_with(&options);
    change_email_of(world_signed_in(auth, OK(sign_up(OUT, ANN, "correct horse"))));
    ck_assert_uint_eq(test_inbox_count(), 1);
    IS_TEXT(OK(verify(OUT, "email_change", NEW, test_inbox_newest("email_change", NEW)->code)), "/user/email", NEW);
}
END_TEST

START_TEST(an_address_is_not_taken_twice)
{
    tripsage_actor *ann = world_signed_in(auth, OK(sign_up(OUT, ANN, "correct horse")));
    tripsage_doc *user;

    OK(sign_up(OUT, BOB, "correct horse"));
    NO_MAIL_FROM(FAILS_AS(TRIPSAGE_EEXISTS, "email_exists", change_email(OUT, ann, BOB)));
    NO_MAIL_FROM(user = OK(change_email(OUT, ann, ANN))); /* his own: nothing happens */
    IS_NONE(user, "/new_email");
    /* Somebody else comes first. */
    OK(change_email(OUT, ann, NEW));
    OK(verify(OUT, "email_change", ANN, test_inbox_to(ANN)->code));
    OK(sign_up(OUT, NEW, "correct horse"));
    FAILS_AS(TRIPSAGE_EEXISTS, "email_exists", verify(OUT, "email_change", NEW, test_inbox_to(NEW)->code));
    IS_TEXT(OK(tripsage_auth_user(OUT, auth, ann)), "/email", ANN);
}
END_TEST

START_TEST(a_guest_gets_an_address)
{
    tripsage_actor *guest =
        world_signed_in(auth, OK(tripsage_auth_sign_in_anonymously(OUT, auth, NULL, "{}", TRIPSAGE_NUL)));
    tripsage_doc *user;

    OK(sign_up(OUT, BOB, "correct horse"));
    FAILS_AS(TRIPSAGE_EINVALID, "validation_failed",
             tripsage_auth_user_update(OUT, auth, guest, "{\"password\":\"correct horse\"}", TRIPSAGE_NUL));
    FAILS_AS(TRIPSAGE_EINVALID, "validation_failed", tripsage_auth_reauthenticate(auth, guest));
    FAILS_AS(TRIPSAGE_EEXISTS, "email_exists", change_email(OUT, guest, BOB));
    user = OK(tripsage_auth_user_update(
        OUT, auth, guest, "{\"email\":\"" ANN "\",\"password\":\"correct horse\",\"data\":{\"a\":1}}", TRIPSAGE_NUL));
    IS_TEXT(user, "/email", ANN);
    IS_JSON(user, "/is_anonymous", "false");
    IS_JSON(user, "/user_metadata", "{\"a\":1,\"email_verified\":true}");
    IS_JSON(user, "/identities/0/identity_data/email_verified", "true");
    ck_assert_uint_eq(test_inbox_count(), 0);
    IS_TEXT(OK(sign_in(OUT, ANN, "correct horse")), "/user/id", tripsage_actor_user_id(guest));
}
END_TEST

START_TEST(a_guest_confirms_his_address)
{
    tripsage_actor *guest =
        world_signed_in(auth, OK(tripsage_auth_sign_in_anonymously(OUT, auth, NULL, "{}", TRIPSAGE_NUL)));
    tripsage_doc *user = OK(change_email(OUT, guest, ANN));

    IS_TEXT(user, "/email", "");
    IS_TEXT(user, "/new_email", ANN);
    IS_JSON(user, "/is_anonymous", "true");
    ck_assert_uint_eq(test_inbox_count(), 1);
    user = OK(verify(OUT, "email_change", ANN, test_inbox_newest("email_change", ANN)->code));
    IS_TEXT(user, "/user/id", tripsage_actor_user_id(guest));
    IS_TEXT(user, "/user/email", ANN);
    IS_JSON(user, "/user/is_anonymous", "false");
    IS_JSON(user, "/user/app_metadata/provider", "\"email\"");
    IS_JSON(user, "/user/user_metadata/email_verified", "true");
    IS_TEXT(user, "/user/email_confirmed_at", "2026-03-01T12:00:00.000Z");
    IS_COUNT(user, "/user/identities", 1);
}
END_TEST

/* ---- passwords ---- */

static tripsage_status set_password(tripsage_doc **out, tripsage_actor *actor, const char *password, const char *nonce)
{
    return tripsage_auth_user_update(
        out, auth, actor,
        with(test_format("\"password\":\"%s\"%s", password, nonce ? test_format(",\"nonce\":\"%s\"", nonce) : "")),
        TRIPSAGE_NUL);
}

/* Whoever had the old one may have asked for a code. */
START_TEST(a_new_password_ends_codes)
{
    tripsage_actor *ann = world_signed_in(auth, OK(sign_up(OUT, ANN, "correct horse")));
    tripsage_doc *user;

    OK(recover(ANN));
    OK(change_email(OUT, ann, NEW));
    user = OK(set_password(OUT, ann, "another horse", NULL));
    IS_NONE(user, "/recovery_sent_at");
    IS_NONE(user, "/email_change_sent_at");
    EXPIRED(verify(OUT, "recovery", ANN, test_inbox_mail(0)->code));
    EXPIRED(verify(OUT, "email_change", ANN, test_inbox_to(ANN)->code));
    EXPIRED(verify(OUT, "email_change", NEW, test_inbox_to(NEW)->code));
}
END_TEST

START_TEST(an_old_session_shows_who_it_is)
{
    tripsage_auth_options options = TRIPSAGE_AUTH_OPTIONS_INIT;
    tripsage_actor *ann;
    const char *code;

    options.password_needs_nonce = 1;
    options.token_ttl_s = 2 * 86400;
    open_with(&options);
    ann = world_signed_in(auth, OK(sign_up(OUT, ANN, "correct horse")));
    OK(set_password(OUT, ann, "another horse", NULL)); /* it is young */
    test_clock_advance(&world->chance, TEST_DAY);
    FAILS_AS(TRIPSAGE_EINVALID, "reauthentication_needed", set_password(OUT, ann, "a third horse", NULL));
    OK(tripsage_auth_reauthenticate(auth, ann));
    code = test_inbox_newest("reauthentication", ANN)->code;
    FAILS(TRIPSAGE_ERATELIMITED, tripsage_auth_reauthenticate(auth, ann));
    FAILS_AS(TRIPSAGE_EINVALID, "reauthentication_not_valid", set_password(OUT, ann, "a third horse", wrong(code)));
    OK(sign_in(OUT, ANN, "another horse"));
    OK(set_password(OUT, ann, "a third horse", code));
    OK(sign_in(OUT, ANN, "a third horse"));
    FAILS_AS(TRIPSAGE_EINVALID, "reauthentication_not_valid", set_password(OUT, ann, "a fourth horse", code));
    /* Ten wrong ones end this one, too. */
    test_clock_advance(&world->chance, 60 * TEST_SECOND);
    OK(tripsage_auth_reauthenticate(auth, ann));
    code = test_inbox_newest("reauthentication", ANN)->code;
    for (int i = 0; i < 10; i++)
        FAILS(TRIPSAGE_EINVALID, set_password(OUT, ann, "a fourth horse", wrong(code)));
    FAILS(TRIPSAGE_EINVALID, set_password(OUT, ann, "a fourth horse", code));
}
END_TEST

/* ---- on the wire ---- */

typedef struct answer {
    int status;
    const char *location, *body;
} answer;

static answer serve(const char *method, const char *path, const char *query, const char *body)
{
    tripsage_auth_request request = TRIPSAGE_AUTH_REQUEST_INIT;
    tripsage_auth_response *response = NULL;
    answer out = {0, "", ""};
    const char *name, *value;

    request.method = method;
    request.path = path;
    request.query = query;
    request.body = body;
    request.length = body ? strlen(body) : 0;
    OK(tripsage_auth_serve(&response, auth, &request));
    out.status = tripsage_auth_response_status(response);
    out.body = test_format("%s", tripsage_auth_response_body(response, NULL));
    for (size_t i = 0; tripsage_auth_response_header(response, i, &name, &value); i++)
        if (strcmp(name, "location") == 0)
            out.location = test_format("%s", value);
    tripsage_auth_response_free(response);
    return out;
}

/* Follows the link of a mail. */
static const char *follow(const test_mail *m)
{
    answer got = serve("GET", "/verify", strchr(m->link, '?') + 1, NULL);

    ck_assert_msg(got.status == 303, "%d %s", got.status, got.body);
    return got.location;
}

#define FAILED "error=access_denied&error_code=otp_expired&error_description=Email+link+is+invalid+or+has+expired"

START_TEST(a_link_is_followed_to_a_session)
{
    const char *location;

    OK(sign_up(OUT, ANN, "correct horse"));
    OK(tripsage_auth_recover(auth, NULL, "{\"email\":\"" ANN "\",\"redirect_to\":\"" SITE "/new?a=1\"}", TRIPSAGE_NUL));
    location = follow(test_inbox_newest("recovery", ANN));
    ck_assert_msg(strncmp(location, SITE "/new?a=1#access_token=ey", strlen(SITE) + 24) == 0, "%s", location);
    ck_assert_ptr_nonnull(strstr(location, "&expires_in=3600&refresh_token="));
    ck_assert_ptr_nonnull(strstr(location, "&sb=&token_type=bearer&type=recovery"));
    SAME_TEXT(follow(test_inbox_newest("recovery", ANN)), SITE "/new?a=1#" FAILED "&sb=");
    SAME_TEXT(serve("GET", "/verify", "token=x&type=signup&redirect_to=https%3A%2F%2Fevil.example.com", NULL).location,
              SITE "#" FAILED "&sb=");
    ck_assert_int_eq(serve("GET", "/verify", "token=x", NULL).status, 400);
    ck_assert_int_eq(serve("GET", "/verify", "type=signup", NULL).status, 400);
    SAME_TEXT(serve("GET", "/verify", "token=x&type=zzz", NULL).location,
              SITE "#error=invalid_request&error_code=validation_failed&"
                   "error_description=Invalid+email+verification+type&sb=");
}
END_TEST

/* RFC 7636, appendix B. */
#define VERIFIER  "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
#define CHALLENGE "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
#define PKCE      ",\"code_challenge\":\"" CHALLENGE "\",\"code_challenge_method\":\"s256\""

static const char *code_of(const char *location)
{
    const char *at = strstr(location, "code=");

    ck_assert_msg(at && !strchr(location, '#'), "%s", location);
    return test_format("%s", at + 5);
}

START_TEST(a_code_is_exchanged_once)
{
    tripsage_doc *session;
    const char *code;

    OK(sign_up(OUT, ANN, "correct horse"));
    OK(otp_send(ANN, PKCE));
    ck_assert_int_eq(strncmp(test_mail_hash(test_inbox_newest("magic_link", ANN)), "pkce_", 5), 0);
    code = code_of(follow(test_inbox_newest("magic_link", ANN)));
    SAME_TEXT(follow(test_inbox_newest("magic_link", ANN)), SITE "?" FAILED "#" FAILED "&sb=");
    FAILS_AS(TRIPSAGE_ECREDENTIALS, "bad_code_verifier", exchange(OUT, code, CHALLENGE));
    FAILS_AS(TRIPSAGE_ECREDENTIALS, "bad_code_verifier", exchange(OUT, code, "x"));
    FAILS_AS(TRIPSAGE_ENOTFOUND, "flow_state_not_found", exchange(OUT, NO_SUCH_ID, VERIFIER));
    session = OK(exchange(OUT, code, VERIFIER));
    SAME_TEXT(test_json_at(tripsage_actor_claims(world_signed_in(auth, session)), "/amr/0/method"), "\"magiclink\"");
    FAILS_AS(TRIPSAGE_ENOTFOUND, "flow_state_not_found", exchange(OUT, code, VERIFIER));
}
END_TEST

START_TEST(a_code_is_exchanged_in_five_minutes)
{
    const char *code;

    OK(sign_up(OUT, ANN, "correct horse"));
    OK(tripsage_auth_recover(auth, NULL, "{\"email\":\"" ANN "\"" PKCE "}", TRIPSAGE_NUL));
    test_clock_advance(&world->chance, TEST_HOUR); /* to read the mail takes as long as it does */
    code = code_of(follow(test_inbox_newest("recovery", ANN)));
    test_clock_advance(&world->chance, 300 * TEST_SECOND);
    FAILS_AS(TRIPSAGE_EEXPIRED, "flow_state_expired", exchange(OUT, code, VERIFIER));
    OK(tripsage_auth_recover(auth, NULL, "{\"email\":\"" ANN "\"" PKCE "}", TRIPSAGE_NUL));
    code = code_of(follow(test_inbox_newest("recovery", ANN)));
    test_clock_advance(&world->chance, 300 * TEST_SECOND - 1);
    SAME_TEXT(
        test_json_at(tripsage_actor_claims(world_signed_in(auth, OK(exchange(OUT, code, VERIFIER)))), "/amr/0/method"),
        "\"recovery\"");
    /* The code of the mail signs in where it is typed. */
    test_clock_advance(&world->chance, 60 * TEST_SECOND);
    OK(otp_send(ANN, ",\"code_challenge\":\"" CHALLENGE "\",\"code_challenge_method\":\"plain\""));
    OK(verify(OUT, "email", ANN, test_inbox_newest("magic_link", ANN)->code));
    test_clock_advance(&world->chance, 60 * TEST_SECOND);
    OK(otp_send(ANN, ",\"code_challenge\":\"" CHALLENGE "\",\"code_challenge_method\":\"plain\""));
    exchanged(code_of(follow(test_inbox_newest("magic_link", ANN))), CHALLENGE);
}
END_TEST

static void exchange_at_once(size_t index, void *context)
{
    struct race *race = context;
    tripsage_doc *session = NULL;
    char json[256];

    snprintf(json, sizeof json, "{\"auth_code\":\"%s\",\"code_verifier\":\"" VERIFIER "\"}", race->code);
    race->status[index] = tripsage_auth_exchange_code(&session, auth, NULL, json, TRIPSAGE_NUL);
    tripsage_doc_free(session);
}

START_TEST(one_of_many_exchanges_it)
{
    struct race race;
    int won = 0;

    OK(sign_up(OUT, ANN, "correct horse"));
    OK(otp_send(ANN, PKCE));
    race.code = code_of(follow(test_inbox_newest("magic_link", ANN)));
    test_threads_run(8, exchange_at_once, &race);
    for (int i = 0; i < 8; i++) {
        ck_assert_msg(race.status[i] == TRIPSAGE_OK || race.status[i] == TRIPSAGE_ENOTFOUND, "%s",
                      tripsage_status_name(race.status[i]));
        won += race.status[i] == TRIPSAGE_OK;
    }
    ck_assert_int_eq(won, 1);
}
END_TEST

START_TEST(links_change_an_address)
{
    tripsage_actor *ann = world_signed_in(auth, OK(sign_up(OUT, ANN, "correct horse")));
    tripsage_doc *session;

    OK(tripsage_auth_user_update(OUT, auth, ann, "{\"email\":\"" NEW "\"" PKCE "}", TRIPSAGE_NUL));
#define SAID "message=Confirmation+link+accepted.+Please+proceed+to+confirm+link+sent+to+the+other+email"
    SAME_TEXT(follow(test_inbox_to(NEW)), SITE "?" SAID "#" SAID "&sb=");
    session = exchanged(code_of(follow(test_inbox_to(ANN))), VERIFIER);
    IS_TEXT(session, "/user/email", NEW);
    SAME_TEXT(test_json_at(tripsage_actor_claims(world_signed_in(auth, session)), "/amr/0/method"), "\"email_change\"");
}
END_TEST

START_TEST(a_sign_up_is_confirmed_with_a_code_to_exchange)
{
    tripsage_doc *session;

    OK(tripsage_auth_sign_up(OUT, auth, NULL, "{\"email\":\"" ANN "\",\"password\":\"correct horse\"" PKCE "}",
                             TRIPSAGE_NUL));
    session = exchanged(code_of(follow(test_inbox_newest("confirmation", ANN))), VERIFIER);
    IS_TEXT(session, "/user/email_confirmed_at", "2026-03-01T12:00:00.000Z");
    SAME_TEXT(test_json_at(tripsage_actor_claims(world_signed_in(auth, session)), "/amr/0/method"), "\"email/signup\"");
}
END_TEST

/* What Supabase Auth says to each. */
START_TEST(answers_as_supabase_auth_does)
{
    static const struct {
        const char *path, *query, *body;
        int status;
        const char *code, *message;
    } rows[] = {
        {"/recover", NULL, "{}", 400, "validation_failed", "Password recovery requires an email"},
        {"/recover", NULL, "{\"email\":\"ann\"}", 400, "validation_failed",
         "Unable to validate email address: invalid format"},
        {"/recover", NULL, "{\"email\":\"ghost@example.org\"}", 200, NULL, NULL},
        {"/otp", NULL, "{}", 400, "validation_failed", "One of email or phone must be set"},
        {"/otp", NULL, "{\"email\":\"a@example.org\",\"create_user\":false}", 422, "otp_disabled",
         "Signups not allowed for otp"},
        {"/otp", NULL, "{\"email\":\"a@example.org\",\"code_challenge\":\"x\"}", 400, "validation_failed",
         "PKCE flow requires code_challenge_method and code_challenge"},
        {"/magiclink", NULL, "{\"email\":\"ml@example.org\"}", 200, NULL, NULL},
        {"/resend", NULL, "{\"email\":\"ann@example.org\",\"type\":\"zzz\"}", 400, "validation_failed",
         "Missing one of these types: signup, email_change, sms, phone_change"},
        {"/resend", NULL, "{\"email\":\"ghost@example.org\",\"type\":\"signup\"}", 200, NULL, NULL},
        {"/verify", NULL, "{\"email\":\"ann@example.org\",\"token\":\"000000\",\"type\":\"email\"}", 403, "otp_expired",
         "Token has expired or is invalid"},
        {"/verify", NULL, "{\"email\":\"ann@example.org\",\"token\":\"000000\"}", 400, "validation_failed",
         "Verify requires a verification type"},
        {"/verify", NULL, "{\"email\":\"ann@example.org\",\"token\":\"000000\",\"type\":\"zzz\"}", 403, "otp_expired",
         "Token has expired or is invalid"},
        {"/verify", NULL, "{\"token_hash\":\"x\",\"type\":\"email\"}", 403, "otp_expired",
         "Email link is invalid or has expired"},
        {"/verify", NULL,
         "{\"token_hash\":\"x\",\"token\":\"000000\",\"email\":\"ann@example.org\",\"type\":\"email\"}", 400,
         "validation_failed", "Verify requires either a token or a token hash"},
        {"/token", "grant_type=pkce", "{}", 400, "validation_failed",
         "invalid request: both auth code and code verifier should be non-empty"},
        {"/token", "grant_type=pkce", "{\"auth_code\":\"x\",\"code_verifier\":\"y\"}", 404, "flow_state_not_found",
         "invalid flow state, no valid flow state found"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        answer got = serve("POST", rows[i].path, rows[i].query, rows[i].body);

        ck_assert_msg(got.status == rows[i].status, "%s %s: %d %s", rows[i].path, rows[i].body, got.status, got.body);
        if (!rows[i].code) {
            SAME_TEXT(got.body, "{}");
            continue;
        }
        SAME_TEXT(test_json_at(got.body, "/error_code"), test_quoted(rows[i].code));
        SAME_TEXT(test_json_at(got.body, "/msg"), test_quoted(rows[i].message));
    }
}
END_TEST

START_TEST(a_code_is_posted)
{
    answer got;

    OK(sign_up(OUT, ANN, "correct horse"));
    OK(recover(ANN));
    ck_assert_int_eq(serve("POST", "/recover", NULL, "{\"email\":\"" ANN "\"}").status, 429);
    got = serve("POST", "/verify", NULL,
                with(test_format("\"type\":\"recovery\",\"email\":\"" ANN "\",\"token\":\"%s\"",
                                 test_inbox_newest("recovery", ANN)->code)));
    ck_assert_msg(got.status == 200, "%s", got.body);
    SAME_TEXT(test_json_at(got.body, "/token_type"), "\"bearer\"");
    change_email_of(world_signed_in(auth, OK(sign_in(OUT, ANN, "correct horse"))));
    got =
        serve("POST", "/verify", NULL,
              with(test_format("\"type\":\"email_change\",\"token_hash\":\"%s\"", test_mail_hash(test_inbox_to(ANN)))));
    SAME_TEXT(got.body,
              "{\"code\":\"200\",\"msg\":\"Confirmation link accepted. Please proceed to confirm link sent to the "
              "other email\"}");
}
END_TEST

/* ---- keeping order ---- */

START_TEST(without_mail_nobody_is_told)
{
    tripsage_auth *silent = NULL;

    OK(tripsage_auth_open(&silent, world->url, NULL, NULL));
    OK(tripsage_auth_sign_up(OUT, silent, NULL, "{\"email\":\"" ANN "\",\"password\":\"correct horse\"}",
                             TRIPSAGE_NUL));
    FAILS(TRIPSAGE_ENOTSUP, tripsage_auth_recover(silent, NULL, "{\"email\":\"" ANN "\"}", TRIPSAGE_NUL));
    FAILS(TRIPSAGE_ENOTSUP, tripsage_auth_recover(silent, NULL, "{\"email\":\"" BOB "\"}", TRIPSAGE_NUL));
    FAILS(TRIPSAGE_ENOTSUP, tripsage_auth_otp_send(silent, NULL, "{\"email\":\"" BOB "\"}", TRIPSAGE_NUL));
    FAILS(TRIPSAGE_ENOTSUP,
          tripsage_auth_resend(silent, NULL, "{\"type\":\"signup\",\"email\":\"" BOB "\"}", TRIPSAGE_NUL));
    tripsage_auth_close(silent);
}
END_TEST

/* What is past its time is swept away; what is not stays. */
START_TEST(what_is_over_is_swept)
{
    if (!world->persists)
        return;
    OK(sign_up(OUT, ANN, "correct horse"));
    OK(sign_up(OUT, BOB, "correct horse"));
    OK(otp_send(ANN, PKCE));
    test_clock_advance(&world->chance, TEST_DAY - TEST_HOUR);
    OK(otp_send(BOB, PKCE));
    test_clock_advance(&world->chance, 2 * TEST_HOUR);
    OK(tripsage_purge_expired(OUT, world->ts, 0));
    EXPIRED(verify_hash(OUT, "magiclink", test_mail_hash(test_inbox_to(ANN))));
    exchanged(code_of(follow(test_inbox_to(BOB))), VERIFIER);
}
END_TEST

static TCase *mail_case(Suite *suite, const char *name, void (*open)(void))
{
    TCase *tcase = tcase_create(name);

    tcase_add_checked_fixture(tcase, open, close_mails);
    tcase_set_timeout(tcase, 60);
    suite_add_tcase(suite, tcase);
    return tcase;
}

Suite *contract_auth_mail(void)
{
    Suite *suite = suite_create("auth_mail");
    TCase *tcase = mail_case(suite, "mail", open_mails);

    tcase_add_test(tcase, a_code_signs_in_once);
    tcase_add_test(tcase, a_link_signs_in_once);
    tcase_add_test(tcase, a_stranger_is_told_the_same);
    tcase_add_test(tcase, one_mail_of_a_kind_in_a_minute);
    tcase_add_test(tcase, a_newer_code_takes_the_place_of_an_older);
    tcase_add_test(tcase, a_code_is_good_for_a_day);
    tcase_add_test(tcase, guesses_at_codes_are_counted_by_address);
    tcase_add_test(tcase, ten_wrong_codes_end_it);
    tcase_add_test(tcase, a_code_is_for_its_purpose_and_its_address);
    tcase_add_test(tcase, refuses_bad_input);
    tcase_add_test(tcase, a_newcomer_signs_in_by_mail);
    tcase_add_test(tcase, a_link_leads_where_it_may);
    tcase_add_test(tcase, both_mailboxes_confirm_a_change);
    tcase_add_test(tcase, the_new_mailbox_may_confirm_first);
    tcase_add_test(tcase, a_change_begins_anew);
    tcase_add_test(tcase, a_change_may_need_one_mailbox);
    tcase_add_test(tcase, an_address_is_not_taken_twice);
    tcase_add_test(tcase, a_guest_gets_an_address);
    tcase_add_test(tcase, a_new_password_ends_codes);
    tcase_add_test(tcase, an_old_session_shows_who_it_is);
    tcase_add_test(tcase, a_link_is_followed_to_a_session);
    tcase_add_test(tcase, a_code_is_exchanged_once);
    tcase_add_test(tcase, a_code_is_exchanged_in_five_minutes);
    tcase_add_test(tcase, links_change_an_address);
    tcase_add_test(tcase, answers_as_supabase_auth_does);
    tcase_add_test(tcase, a_code_is_posted);
    tcase_add_test(tcase, without_mail_nobody_is_told);
    tcase_add_test(tcase, what_is_over_is_swept);
    tcase = mail_case(suite, "confirmation", open_confirming);
    tcase_add_test(tcase, who_signs_up_confirms_it);
    tcase_add_test(tcase, signing_up_again_tells_nothing);
    tcase_add_test(tcase, a_confirmation_is_sent_again);
    tcase_add_test(tcase, a_code_to_sign_in_confirms_as_well);
    tcase_add_test(tcase, a_guest_confirms_his_address);
    tcase_add_test(tcase, a_sign_up_is_confirmed_with_a_code_to_exchange);
    tcase = mail_case(suite, "many at once", open_mails);
    tcase_set_tags(tcase, "threads");
    tcase_add_test(tcase, one_of_many_uses_it_up);
    tcase_add_test(tcase, one_of_many_exchanges_it);
    return suite;
}
