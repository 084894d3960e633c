/* contract/auth_factors.c: second factors: enrolled, verified, taken away; recovery codes; and what needs a raised session. */
#include "contract.h"

#include <stdio.h>
#include <string.h>

#include "support/app.h"

#define ANN "{\"email\":\"ann@example.org\",\"password\":\"correct horse\"}"

static tripsage_status sign_in_status(tripsage_doc **out)
{
    return tripsage_auth_sign_in(out, world->auth, NULL, ANN, TRIPSAGE_NUL);
}

static tripsage_actor *sign_up(void)
{
    return world_signed_in(world->auth, OK(tripsage_auth_sign_up(OUT, world->auth, NULL, ANN, TRIPSAGE_NUL)));
}

static tripsage_actor *sign_in(void)
{
    return world_signed_in(world->auth, OK(sign_in_status(OUT)));
}

static tripsage_status enroll_status(tripsage_doc **out, const tripsage_actor *actor, const char *name)
{
    return tripsage_auth_factor_enroll(out, world->auth, actor, NULL,
                                       test_format("{\"friendly_name\":%s}", test_quoted(name)), TRIPSAGE_NUL);
}

typedef struct factor {
    const char *id, *secret;
} factor;

static factor enroll(const tripsage_actor *actor, const char *name)
{
    tripsage_doc *doc = OK(enroll_status(OUT, actor, name));

    return (factor){id_of(doc), text_of(doc, "/totp/secret")};
}

/* The code of the half minute so many after the present one. */
static const char *code_of(const factor *f, int steps)
{
    char code[7];

    test_app_code(code, f->secret, world->chance.now_ms + steps * 30 * TEST_SECOND);
    return test_format("%s", code);
}

/* Without OUT: it stands between another one and its call. */
static const char *challenge(const tripsage_actor *actor, const factor *f)
{
    tripsage_doc *doc = NULL;
    const char *id;

    ck_assert_msg(tripsage_auth_factor_challenge(&doc, world->auth, actor, NULL, f->id) == TRIPSAGE_OK, "%s",
                  test_error_text());
    id = test_format("%s", tripsage_doc_text(doc, "/id"));
    tripsage_doc_free(doc);
    return id;
}

static tripsage_status verify(tripsage_doc **out, const tripsage_actor *actor, const factor *f, const char *code)
{
    const char *id = challenge(actor, f);

    return tripsage_auth_factor_verify(out, world->auth, actor, NULL, f->id, id, code);
}

static tripsage_doc *raise(const tripsage_actor *actor, const factor *f)
{
    return test_ok(__FILE__, __LINE__, "verify", verify(OUT, actor, f, code_of(f, 0)));
}

static tripsage_doc *recovery_codes_of(const tripsage_actor *actor)
{
    return OK(tripsage_auth_recovery_codes(OUT, world->auth, actor));
}

static const char *claim_of(const tripsage_actor *actor, const char *pointer)
{
    return test_json_at(tripsage_actor_claims(actor), pointer);
}

/* ---- enrolment ---- */

START_TEST(a_factor_is_enrolled)
{
    tripsage_actor *ann = sign_up();
    tripsage_doc *doc = OK(tripsage_auth_factor_enroll(
        OUT, world->auth, ann, NULL, "{\"friendly_name\":\"phone\",\"issuer\":\"ts\"}", TRIPSAGE_NUL));

    IS_TEXT(doc, "/type", "totp");
    IS_TEXT(doc, "/friendly_name", "phone");
    ck_assert_ptr_nonnull(strstr(text_of(doc, "/totp/qr_code"), "<svg"));
    SAME_TEXT(text_of(doc, "/totp/uri"),
              test_format("otpauth://totp/ts:ann@example.org?algorithm=SHA1&digits=6&issuer=ts&period=30&secret=%s",
                          text_of(doc, "/totp/secret")));
    doc = OK(tripsage_auth_factor_list(OUT, world->auth, ann));
    IS_COUNT(doc, "/factors", 1);
    IS_TEXT(doc, "/factors/0/status", "unverified");
    IS_TEXT(doc, "/factors/0/friendly_name", "phone");
    IS_TEXT(doc, "/factors/0/factor_type", "totp");
    IS_TEXT(doc, "/factors/0/created_at", "2026-03-01T12:00:00.000Z");
    IS_NONE(doc, "/factors/0/last_challenged_at");
    IS_TEXT(OK(tripsage_auth_user(OUT, world->auth, ann)), "/factors/0/status", "unverified");
    FAILS_AS(TRIPSAGE_EEXISTS, "mfa_factor_name_conflict", enroll_status(OUT, ann, "phone"));
    SAME_TEXT(tripsage_last_error()->message, "A factor with the friendly name \"phone\" for this user already exists");
    OK(tripsage_auth_factor_enroll(OUT, world->auth, ann, NULL, "{}", TRIPSAGE_NUL));
    OK(tripsage_auth_factor_enroll(OUT, world->auth, ann, NULL, "{}", TRIPSAGE_NUL));
}
END_TEST

START_TEST(refuses_a_bad_factor)
{
    tripsage_actor *ann = sign_up();
    tripsage_actor *guest =
        world_signed_in(world->auth, OK(tripsage_auth_sign_in_anonymously(OUT, world->auth, NULL, "{}", TRIPSAGE_NUL)));

    FAILS_AT(TRIPSAGE_EINVALID,
             tripsage_auth_factor_enroll(OUT, world->auth, ann, NULL,
                                         test_format("{\"friendly_name\":\"%s\",\"issuer\":\"%s\",\"x\":1}",
                                                     test_repeat("x", 101), test_repeat("x", 65)),
                                         TRIPSAGE_NUL),
             "/friendly_name", "/issuer", "/x");
    FAILS(TRIPSAGE_EMALFORMED, tripsage_auth_factor_enroll(OUT, world->auth, ann, NULL, "{", TRIPSAGE_NUL));
    FAILS(TRIPSAGE_EUNAUTHENTICATED, enroll_status(OUT, NULL, "x"));
    FAILS_AT(TRIPSAGE_EINVALID, enroll_status(OUT, world->owner, "x"), "#actor");
    FAILS_AS(TRIPSAGE_EFORBIDDEN, "no_authorization", enroll_status(OUT, guest, "x"));
    OK(tripsage_auth_factor_enroll(
        OUT, world->auth, ann, NULL,
        test_format("{\"friendly_name\":\"%s\",\"issuer\":\"%s\"}", test_repeat("x", 100), test_repeat("x", 64)),
        TRIPSAGE_NUL));
}
END_TEST

START_TEST(there_may_be_ten)
{
    tripsage_actor *ann = sign_up();

    for (int i = 0; i < 10; i++)
        enroll(ann, test_format("f%d", i));
    FAILS_AS(TRIPSAGE_ELIMIT, "too_many_enrolled_mfa_factors", enroll_status(OUT, ann, "f10"));
    test_clock_advance(&world->chance, TEST_HOUR + 1); /* nobody verified them */
    ann = sign_in();
    enroll(ann, "f0");
    IS_COUNT(OK(tripsage_auth_factor_list(OUT, world->auth, ann)), "/factors", 1);
}
END_TEST

/* ---- verifying ---- */

START_TEST(a_code_raises_the_session)
{
    tripsage_doc *session = OK(tripsage_auth_sign_up(OUT, world->auth, NULL, ANN, TRIPSAGE_NUL)), *raised;
    const char *other = text_of(OK(sign_in_status(OUT)), "/access_token");
    tripsage_actor *ann = world_signed_in(world->auth, session), *again = NULL, *strong;
    factor f = enroll(ann, "phone");
    tripsage_doc *asked;

    enroll(ann, "never verified");
    SAME_TEXT(claim_of(ann, "/aal"), "\"aal1\"");
    test_clock_advance(&world->chance, TEST_SECOND);
    asked = OK(tripsage_auth_factor_challenge(OUT, world->auth, ann, NULL, f.id));
    IS_TEXT(asked, "/type", "totp");
    IS_INT(asked, "/expires_at", (TEST_NOON + TEST_SECOND) / 1000 + 300);
    raised = OK(tripsage_auth_factor_verify(OUT, world->auth, ann, NULL, f.id, id_of(asked), code_of(&f, 0)));
    strong = world_signed_in(world->auth, raised);
    SAME_TEXT(claim_of(strong, "/aal"), "\"aal2\"");
    SAME_TEXT(claim_of(strong, "/amr/0/method"), "\"totp\"");
    SAME_TEXT(claim_of(strong, "/amr/1/method"), "\"password\"");
    SAME_TEXT(tripsage_actor_session_id(strong), tripsage_actor_session_id(ann));
    ck_assert_str_ne(text_of(raised, "/refresh_token"), text_of(session, "/refresh_token"));
    IS_COUNT(raised, "/user/factors", 1);
    IS_TEXT(raised, "/user/factors/0/status", "verified");
    IS_TEXT(raised, "/user/factors/0/updated_at", "2026-03-01T12:00:01.000Z");
    IS_TEXT(raised, "/user/factors/0/last_challenged_at", "2026-03-01T12:00:01.000Z");
    SAME_TEXT(json_of(OK(tripsage_auth_factor_list(OUT, world->auth, strong))),
              test_format("{\"factors\":%s}", test_json_at(json_of(raised), "/user/factors")));
    /* A session without the factor is over; what comes after this one stays raised. */
    FAILS(TRIPSAGE_ETOKEN, tripsage_auth_verify(&again, world->auth, other, TRIPSAGE_NUL));
    if (!world->project.web)
        IS_COUNT(OK(tripsage_auth_session_list(OUT, world->auth, strong)), "/sessions", 1);
    strong = world_signed_in(world->auth,
                             OK(tripsage_auth_refresh(OUT, world->auth, NULL, text_of(raised, "/refresh_token"))));
    SAME_TEXT(claim_of(strong, "/aal"), "\"aal2\"");
}
END_TEST

START_TEST(half_a_minute_to_either_side_is_good)
{
    static const int good[] = {-1, 0, 1}, bad[] = {-2, 2};
    tripsage_actor *ann = sign_up();
    factor f = enroll(ann, "phone");

    for (size_t i = 0; i < 2; i++)
        FAILS_AS(TRIPSAGE_ECREDENTIALS, "mfa_verification_failed", verify(OUT, ann, &f, code_of(&f, bad[i])));
    for (size_t i = 0; i < 3; i++)
        ann = world_signed_in(world->auth,
                              test_ok(__FILE__, __LINE__, "verify", verify(OUT, ann, &f, code_of(&f, good[i]))));
}
END_TEST

START_TEST(a_code_is_good_once)
{
    tripsage_actor *ann = sign_up();
    factor f = enroll(ann, "phone");
    const char *code = code_of(&f, 0), *id = challenge(ann, &f);

    FAILS_AS(TRIPSAGE_ECREDENTIALS, "mfa_verification_failed",
             tripsage_auth_factor_verify(OUT, world->auth, ann, NULL, f.id, id, "12345"));
    OK(tripsage_auth_factor_verify(OUT, world->auth, ann, NULL, f.id, id,
                                   code)); /* a wrong one does not use the challenge up */
    FAILS_AS(TRIPSAGE_ECREDENTIALS, "mfa_ip_address_mismatch",
             tripsage_auth_factor_verify(OUT, world->auth, ann, NULL, f.id, id, code));
    FAILS_AS(TRIPSAGE_ECREDENTIALS, "mfa_verification_failed", verify(OUT, ann, &f, code));
    SAME_TEXT(tripsage_last_error()->message, "Invalid TOTP code entered");
    FAILS_AS(TRIPSAGE_ECREDENTIALS, "mfa_verification_failed", verify(OUT, ann, &f, code_of(&f, -1)));
    test_clock_advance(&world->chance, 30 * TEST_SECOND);
    FAILS_AS(TRIPSAGE_ECREDENTIALS, "mfa_verification_failed", verify(OUT, ann, &f, code));
    raise(ann, &f);
}
END_TEST

START_TEST(a_challenge_is_of_its_factor_and_of_five_minutes)
{
    tripsage_actor *ann = sign_up(), *bob;
    factor f = enroll(ann, "phone"), g = enroll(ann, "tablet");
    const char *id = challenge(ann, &f), *of_g = challenge(ann, &g);

    FAILS_AS(TRIPSAGE_ECREDENTIALS, "mfa_factor_not_found",
             tripsage_auth_factor_verify(OUT, world->auth, ann, NULL, f.id, of_g, code_of(&f, 0)));
    FAILS_AS(TRIPSAGE_ECREDENTIALS, "mfa_factor_not_found",
             tripsage_auth_factor_verify(OUT, world->auth, ann, NULL, f.id, NO_SUCH_ID, code_of(&f, 0)));
    FAILS_AS(TRIPSAGE_ENOTFOUND, "mfa_factor_not_found",
             tripsage_auth_factor_verify(OUT, world->auth, ann, NULL, NO_SUCH_ID, id, code_of(&f, 0)));
    FAILS_AS(TRIPSAGE_ENOTFOUND, "mfa_factor_not_found",
             tripsage_auth_factor_challenge(OUT, world->auth, ann, NULL, NO_SUCH_ID));
    bob = world_signed_in(
        world->auth,
        OK(tripsage_auth_sign_up(OUT, world->auth, NULL,
                                 "{\"email\":\"bob@example.org\",\"password\":\"correct horse\"}", TRIPSAGE_NUL)));
    FAILS_AS(TRIPSAGE_ENOTFOUND, "mfa_factor_not_found",
             tripsage_auth_factor_challenge(OUT, world->auth, bob, NULL, f.id));
    FAILS_AS(TRIPSAGE_ENOTFOUND, "mfa_factor_not_found",
             tripsage_auth_factor_challenge(OUT, world->auth, bob, NULL, f.id));
    FAILS_AS(TRIPSAGE_ENOTFOUND, "mfa_factor_not_found",
             tripsage_auth_factor_verify(OUT, world->auth, bob, NULL, f.id, id, code_of(&f, 0)));
    FAILS_AS(TRIPSAGE_ENOTFOUND, "mfa_factor_not_found", tripsage_auth_factor_unenroll(world->auth, bob, f.id));
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_auth_factor_challenge(OUT, world->auth, ann, NULL, "x"), "#factor_id");
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_auth_factor_verify(OUT, world->auth, ann, NULL, f.id, NULL, "1"),
             "#challenge_id");
    test_clock_advance(&world->chance, 5 * 60 * TEST_SECOND);
    FAILS_AS(TRIPSAGE_EEXPIRED, "mfa_challenge_expired",
             tripsage_auth_factor_verify(OUT, world->auth, ann, NULL, f.id, id, code_of(&f, 0)));
    raise(ann, &f);
}
END_TEST

static tripsage_status outcomes[4];
static const tripsage_actor *who;
static const factor *which;
static const char *asked_for[4], *the_code;

static void verify_at_once(size_t i, void *context)
{
    tripsage_doc *doc = NULL;

    (void)context;
    outcomes[i] = tripsage_auth_factor_verify(&doc, world->auth, who, NULL, which->id, asked_for[i], the_code);
    tripsage_doc_free(doc);
}

START_TEST(of_many_at_once_one_code_is_good_for_one)
{
    tripsage_actor *ann = sign_up();
    factor f = enroll(ann, "phone");
    int good = 0;

    who = ann;
    which = &f;
    the_code = code_of(&f, 0);
    for (size_t i = 0; i < 4; i++)
        asked_for[i] = challenge(ann, &f);
    test_threads_run(4, verify_at_once, NULL);
    for (size_t i = 0; i < 4; i++) {
        good += outcomes[i] == TRIPSAGE_OK;
        ck_assert_msg(outcomes[i] == TRIPSAGE_OK || outcomes[i] == TRIPSAGE_ECREDENTIALS, "%s",
                      tripsage_status_name(outcomes[i]));
    }
    ck_assert_int_eq(good, 1);
}
END_TEST

START_TEST(a_sign_in_beside_a_raised_session_is_not_raised)
{
    tripsage_actor *ann = sign_up(), *other;
    factor f = enroll(ann, "phone");

    raise(ann, &f);
    other = sign_in();
    SAME_TEXT(claim_of(other, "/aal"), "\"aal1\"");
    NOT_WITH_A_PROJECT("it has no list of sessions");
    IS_COUNT(OK(tripsage_auth_session_list(OUT, world->auth, other)), "/sessions", 2);
}
END_TEST

/* Ten guesses, and then one a minute. */
START_TEST(codes_are_not_guessed_for_long)
{
    tripsage_actor *ann = sign_up();
    factor f = enroll(ann, "phone");
    const char *id = challenge(ann, &f);

    for (int i = 0; i < 10; i++)
        FAILS(TRIPSAGE_ECREDENTIALS, tripsage_auth_factor_verify(OUT, world->auth, ann, NULL, f.id, id, "12345"));
    FAILS_AS(TRIPSAGE_ERATELIMITED, "over_request_rate_limit",
             tripsage_auth_factor_verify(OUT, world->auth, ann, NULL, f.id, id, code_of(&f, 0)));
    if (!world->project.web)
        FAILS(TRIPSAGE_ERATELIMITED, tripsage_auth_recovery_verify(OUT, world->auth, ann, NULL, "abcd-efgh-ijkl-mnop"));
    test_clock_advance(&world->chance, 60 * TEST_SECOND);
    OK(tripsage_auth_factor_verify(OUT, world->auth, ann, NULL, f.id, id, code_of(&f, 0)));
    NOT_WITH_A_PROJECT("it has a trail of its own");
    SAME_TEXT(text_of(OK(tripsage_auth_audit_list(OUT, world->auth, world->service, 0, 1)), "/items/0/action"),
              "mfa_code_login");
}
END_TEST

/* ---- what needs it ---- */

START_TEST(who_has_a_factor_shows_it_first)
{
    tripsage_actor *ann = sign_up(), *weak, *strong;
    factor f = enroll(ann, "phone");

    OK(tripsage_auth_user_update(OUT, world->auth, ann, "{\"password\":\"another horse\"}", TRIPSAGE_NUL));
    OK(tripsage_auth_user_update(OUT, world->auth, ann, "{\"password\":\"correct horse\"}", TRIPSAGE_NUL));
    strong = world_signed_in(world->auth, raise(ann, &f));
    weak = sign_in();
    FAILS_AS(TRIPSAGE_EFORBIDDEN, "insufficient_aal",
             tripsage_auth_user_update(OUT, world->auth, weak, "{\"password\":\"battery staple\"}", TRIPSAGE_NUL));
    OK(tripsage_auth_user_update(OUT, world->auth, weak, "{\"full_name\":\"Ann\"}", TRIPSAGE_NUL));
    FAILS_AS(TRIPSAGE_EFORBIDDEN, "insufficient_aal", enroll_status(OUT, weak, "another"));
    FAILS_AS(TRIPSAGE_EFORBIDDEN, "insufficient_aal", tripsage_auth_factor_unenroll(world->auth, weak, f.id));
    if (!world->project.web)
        FAILS_AS(TRIPSAGE_EFORBIDDEN, "insufficient_aal", tripsage_auth_recovery_codes(OUT, world->auth, weak));
    OK(sign_in_status(OUT));
    enroll(strong, "another");
    OK(tripsage_auth_user_update(OUT, world->auth, strong, "{\"password\":\"battery staple\"}", TRIPSAGE_NUL));
    FAILS(TRIPSAGE_ECREDENTIALS, sign_in_status(OUT));
}
END_TEST

START_TEST(a_factor_is_taken_away)
{
    tripsage_actor *ann = sign_up(), *strong;
    factor f = enroll(ann, "phone"), g = enroll(ann, "not verified");
    tripsage_doc *raised;

    OK(tripsage_auth_factor_unenroll(world->auth, ann, g.id));
    raised = raise(ann, &f);
    strong = world_signed_in(world->auth, raised);
    OK(tripsage_auth_factor_unenroll(world->auth, strong, f.id));
    FAILS_AS(TRIPSAGE_ENOTFOUND, "mfa_factor_not_found", tripsage_auth_factor_unenroll(world->auth, strong, f.id));
    IS_NONE(OK(tripsage_auth_user(OUT, world->auth, strong)), "/factors");
    strong = world_signed_in(world->auth,
                             OK(tripsage_auth_refresh(OUT, world->auth, NULL, text_of(raised, "/refresh_token"))));
    SAME_TEXT(claim_of(strong, "/aal"), "\"aal1\"");
    OK(tripsage_auth_user_update(OUT, world->auth, strong, "{\"password\":\"battery staple\"}", TRIPSAGE_NUL));
}
END_TEST

/* Of two, the session stands on the one it was raised by. */
START_TEST(a_session_falls_with_its_factor)
{
    tripsage_actor *ann = sign_up(), *strong;
    factor f = enroll(ann, "phone"), g;
    tripsage_doc *raised = raise(ann, &f);

    g = enroll(world_signed_in(world->auth, raised), "tablet");
    test_clock_advance(&world->chance, 30 * TEST_SECOND);
    raised = raise(ann, &g);
    OK(tripsage_auth_factor_unenroll(world->auth, world_signed_in(world->auth, raised), f.id));
    raised = OK(tripsage_auth_refresh(OUT, world->auth, NULL, text_of(raised, "/refresh_token")));
    strong = world_signed_in(world->auth, raised);
    SAME_TEXT(claim_of(strong, "/aal"), "\"aal2\"");
    OK(tripsage_auth_factor_unenroll(world->auth, strong, g.id));
    raised = OK(tripsage_auth_refresh(OUT, world->auth, NULL, text_of(raised, "/refresh_token")));
    SAME_TEXT(claim_of(world_signed_in(world->auth, raised), "/aal"), "\"aal1\"");
}
END_TEST

START_TEST(a_deleted_user_has_no_factors)
{
    tripsage_actor *ann = sign_up();
    factor f = enroll(ann, "phone");
    const char *id = test_format("%s", tripsage_actor_user_id(ann));

    raise(ann, &f);
    OK(tripsage_auth_admin_user_delete(world->auth, world->service, id, 1));
    IS_NONE(OK(tripsage_auth_admin_user_get(OUT, world->auth, world->service, id)), "/factors");
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_auth_factor_challenge(OUT, world->auth, ann, NULL, f.id));
    OK(tripsage_auth_admin_user_delete(world->auth, world->service, id, 0));
}
END_TEST

/* ---- recovery codes ---- */

static tripsage_status recover(tripsage_doc **out, const tripsage_actor *actor, const char *code)
{
    return tripsage_auth_recovery_verify(out, world->auth, actor, NULL, code);
}

START_TEST(a_recovery_code_raises_a_session_once)
{
    tripsage_actor *ann = sign_up(), *weak, *strong;
    factor f = enroll(ann, "phone");
    tripsage_doc *codes, *raised;

    if (world->project.web)
        FAILS(TRIPSAGE_ENOTSUP, tripsage_auth_recovery_codes(OUT, world->auth, ann));
    NOT_WITH_A_PROJECT("it has no recovery codes");
    FAILS_AS(TRIPSAGE_ENOTFOUND, "mfa_factor_not_found", tripsage_auth_recovery_codes(OUT, world->auth, ann));
    codes = recovery_codes_of(world_signed_in(world->auth, raise(ann, &f)));
    IS_COUNT(codes, "/recovery_codes", 10);
    weak = sign_in();
    FAILS_AS(TRIPSAGE_ECREDENTIALS, "mfa_verification_failed", recover(OUT, weak, "abcd-efgh-ijkl-mnop"));
    FAILS_AS(TRIPSAGE_ECREDENTIALS, "mfa_verification_failed", recover(OUT, weak, "123456"));
    raised = OK(recover(OUT, weak, text_of(codes, "/recovery_codes/3")));
    strong = world_signed_in(world->auth, raised);
    SAME_TEXT(claim_of(strong, "/aal"), "\"aal2\"");
    SAME_TEXT(claim_of(strong, "/amr/0/method"), "\"recovery_code\"");
    IS_TEXT(raised, "/user/factors/0/status", "verified");
    weak = sign_in();
    FAILS_AS(TRIPSAGE_ECREDENTIALS, "mfa_verification_failed", recover(OUT, weak, text_of(codes, "/recovery_codes/3")));
    OK(recover(OUT, weak, text_of(codes, "/recovery_codes/4")));
    OK(tripsage_auth_recovery_codes(OUT, world->auth, strong)); /* in the place of the rest */
    FAILS(TRIPSAGE_ECREDENTIALS, recover(OUT, strong, text_of(codes, "/recovery_codes/5")));
    /* The phone is lost: its factor goes, and with it the codes. */
    codes = OK(tripsage_auth_recovery_codes(OUT, world->auth, strong));
    OK(tripsage_auth_factor_unenroll(world->auth, strong, f.id));
    FAILS(TRIPSAGE_ECREDENTIALS, recover(OUT, strong, text_of(codes, "/recovery_codes/0")));
    raised = OK(tripsage_auth_refresh(OUT, world->auth, NULL, text_of(raised, "/refresh_token")));
    SAME_TEXT(claim_of(world_signed_in(world->auth, raised), "/aal"), "\"aal1\"");
}
END_TEST

START_TEST(recovery_codes_are_ones_own)
{
    tripsage_actor *ann = sign_up(), *bob;
    factor f = enroll(ann, "phone");
    tripsage_doc *codes;

    NOT_WITH_A_PROJECT("it has no recovery codes");
    codes = recovery_codes_of(world_signed_in(world->auth, raise(ann, &f)));
    bob = world_signed_in(
        world->auth,
        OK(tripsage_auth_sign_up(OUT, world->auth, NULL,
                                 "{\"email\":\"bob@example.org\",\"password\":\"correct horse\"}", TRIPSAGE_NUL)));
    FAILS(TRIPSAGE_ECREDENTIALS, recover(OUT, bob, text_of(codes, "/recovery_codes/0")));
    FAILS(TRIPSAGE_EUNAUTHENTICATED, recover(OUT, NULL, "x"));
    FAILS_AT(TRIPSAGE_EINVALID, recover(OUT, world->owner, "x"), "#actor");
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_auth_recovery_codes(OUT, world->auth, world->owner), "#actor");
}
END_TEST

Suite *contract_auth_factors(void)
{
    Suite *suite = suite_create("auth_factors");
    TCase *tcase = tcase_create("auth_factors");

    tcase_add_checked_fixture(tcase, world_open, world_close);
    tcase_set_timeout(tcase, 60);
    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, a_factor_is_enrolled);
    tcase_add_test(tcase, refuses_a_bad_factor);
    tcase_add_test(tcase, there_may_be_ten);
    tcase_add_test(tcase, a_code_raises_the_session);
    tcase_add_test(tcase, half_a_minute_to_either_side_is_good);
    tcase_add_test(tcase, a_code_is_good_once);
    tcase_add_test(tcase, a_challenge_is_of_its_factor_and_of_five_minutes);
    tcase_add_test(tcase, codes_are_not_guessed_for_long);
    tcase_add_test(tcase, of_many_at_once_one_code_is_good_for_one);
    tcase_add_test(tcase, a_sign_in_beside_a_raised_session_is_not_raised);
    tcase_add_test(tcase, who_has_a_factor_shows_it_first);
    tcase_add_test(tcase, a_factor_is_taken_away);
    tcase_add_test(tcase, a_session_falls_with_its_factor);
    tcase_add_test(tcase, a_deleted_user_has_no_factors);
    tcase_add_test(tcase, a_recovery_code_raises_a_session_once);
    tcase_add_test(tcase, recovery_codes_are_ones_own);
    return suite;
}
