/* contract/auth_admin.c: the accounts of others, and one's own sessions. */
#include "contract.h"

#include <stdio.h>
#include <string.h>

#define SERVICE world->service

static tripsage_doc *create(const char *json)
{
    return OK(tripsage_auth_admin_user_create(OUT, world->auth, SERVICE, json, TRIPSAGE_NUL));
}

static tripsage_status create_status(tripsage_doc **out, const char *json)
{
    return tripsage_auth_admin_user_create(out, world->auth, SERVICE, json, TRIPSAGE_NUL);
}

static tripsage_status update(tripsage_doc **out, const char *id, const char *json)
{
    return tripsage_auth_admin_user_update(out, world->auth, SERVICE, id, json, TRIPSAGE_NUL);
}

static tripsage_status get(tripsage_doc **out, const char *id)
{
    return tripsage_auth_admin_user_get(out, world->auth, SERVICE, id);
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

#define ANN "{\"email\":\"Ann@example.org\",\"password\":\"correct horse\",\"email_confirm\":true}"

/* ---- who may ---- */

START_TEST(only_the_service_role_may)
{
    const tripsage_actor *others[] = {NULL, world->owner};

    for (size_t i = 0; i < 2; i++) {
        tripsage_status want = i ? TRIPSAGE_EFORBIDDEN : TRIPSAGE_EUNAUTHENTICATED;

        FAILS(want, tripsage_auth_admin_user_list(OUT, world->auth, others[i], NULL));
        FAILS(want, tripsage_auth_admin_user_get(OUT, world->auth, others[i], NO_SUCH_ID));
        FAILS(want, tripsage_auth_admin_user_create(OUT, world->auth, others[i], ANN, TRIPSAGE_NUL));
        FAILS(want, tripsage_auth_admin_user_update(OUT, world->auth, others[i], NO_SUCH_ID, "{}", TRIPSAGE_NUL));
        FAILS(want, tripsage_auth_admin_user_delete(world->auth, others[i], NO_SUCH_ID, 0));
    }
    SAME_TEXT(tripsage_last_error()->reason, "not_admin");
}
END_TEST

START_TEST(an_id_is_one_and_somebodys)
{
    FAILS_AT(TRIPSAGE_EINVALID, get(OUT, "ann"), "#user_id");
    FAILS_AT(TRIPSAGE_EINVALID, get(OUT, NULL), "#user_id");
    FAILS_AS(TRIPSAGE_ENOTFOUND, "user_not_found", get(OUT, NO_SUCH_ID));
    FAILS_AS(TRIPSAGE_ENOTFOUND, "user_not_found", update(OUT, NO_SUCH_ID, "{}"));
    FAILS_AS(TRIPSAGE_ENOTFOUND, "user_not_found",
             tripsage_auth_admin_user_delete(world->auth, SERVICE, NO_SUCH_ID, 0));
    FAILS_AS(TRIPSAGE_ENOTFOUND, "user_not_found",
             tripsage_auth_admin_user_delete(world->auth, SERVICE, NO_SUCH_ID, 1));
}
END_TEST

/* ---- making ---- */

START_TEST(an_account_is_made)
{
    tripsage_doc *user =
        create("{\"email\":\"Carol@example.org\",\"password\":\"correct horse\",\"email_confirm\":true,"
               "\"user_metadata\":{\"a\":1,\"full_name\":\"Carol Wu\"},"
               "\"app_metadata\":{\"roles\":[\"x\"]},\"role\":\"guide\"}");
    const char *id = text_of(user, "/id");

    IS_TEXT(user, "/email", "carol@example.org");
    IS_TEXT(user, "/email_confirmed_at", "2026-03-01T12:00:00.000Z");
    IS_NONE(user, "/confirmed_at");
    IS_NONE(user, "/last_sign_in_at");
    IS_TEXT(user, "/role", "guide");
    IS_TEXT(user, "/full_name", "Carol Wu");
    IS_JSON(user, "/user_metadata", "{\"a\":1,\"full_name\":\"Carol Wu\",\"email_verified\":true}");
    IS_JSON(user, "/app_metadata", "{\"provider\":\"email\",\"providers\":[\"email\"],\"roles\":[\"x\"]}");
    IS_TEXT(user, "/identities/0/identity_data/sub", id);
    IS_JSON(user, "/identities/0/identity_data/email_verified", "false");
    user = OK(get(OUT, id));
    IS_TEXT(user, "/confirmed_at", "2026-03-01T12:00:00.000Z");
    IS_TEXT(user, "/full_name", "Carol Wu");
    user = OK(sign_in(OUT, "carol@example.org", "correct horse"));
    IS_TEXT(user, "/user/id", id);
}
END_TEST

START_TEST(an_account_may_have_an_id_and_no_password)
{
    tripsage_doc *user = create("{\"email\":\"a@example.org\",\"id\":\"01890000-0000-7000-8000-0000000000AA\"}");

    IS_TEXT(user, "/id", "01890000-0000-7000-8000-0000000000aa");
    IS_NONE(user, "/email_confirmed_at");
    IS_JSON(user, "/user_metadata", "{}");
    FAILS(TRIPSAGE_ECREDENTIALS, sign_in(OUT, "a@example.org", "correct horse"));
    FAILS(TRIPSAGE_EINVALID, sign_in(OUT, "a@example.org", ""));
    FAILS_AS(TRIPSAGE_EEXISTS, "email_exists", create_status(OUT, "{\"email\":\"A@example.org\"}"));
    FAILS_AS(TRIPSAGE_EEXISTS, "user_already_exists",
             create_status(OUT, "{\"email\":\"b@example.org\",\"id\":\"01890000-0000-7000-8000-0000000000aa\"}"));
}
END_TEST

START_TEST(who_is_not_confirmed_cannot_sign_in)
{
    const char *id = text_of(create("{\"email\":\"a@example.org\",\"password\":\"correct horse\"}"), "/id");

    FAILS_AS(TRIPSAGE_EFORBIDDEN, "email_not_confirmed", sign_in(OUT, "a@example.org", "correct horse"));
    IS_JSON(OK(update(OUT, id, "{\"email_confirm\":true}")), "/user_metadata/email_verified", "true");
    OK(sign_in(OUT, "a@example.org", "correct horse"));
}
END_TEST

/* Of "U*U": a vector of crypt_blowfish. */
#define BCRYPT "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"

START_TEST(a_hash_of_another_system_signs_in)
{
    create("{\"email\":\"a@example.org\",\"password_hash\":\"" BCRYPT "\",\"email_confirm\":true}");
    OK(sign_in(OUT, "a@example.org", "U*U"));
    OK(sign_in(OUT, "a@example.org", "U*U")); /* ours by now */
    FAILS(TRIPSAGE_ECREDENTIALS, sign_in(OUT, "a@example.org", "U*V"));
}
END_TEST

START_TEST(refuses_a_bad_account)
{
    static const bad_input rows[] = {
        {"{}", {"/email"}},
        {"{\"email\":\"ann\"}", {"/email"}},
        {"{\"email\":\"a@b.org\",\"id\":\"zz\"}", {"/id"}},
        {"{\"email\":\"a@b.org\",\"password\":\"short\"}", {"/password"}},
        {"{\"email\":\"a@b.org\",\"password_hash\":\"md5\"}", {"/password_hash"}},
        {"{\"email\":\"a@b.org\",\"password\":\"correct horse\",\"password_hash\":\"" BCRYPT "\"}", {"/password_hash"}},
        {"{\"email\":\"a@b.org\",\"user_metadata\":[],\"app_metadata\":7}", {"/user_metadata", "/app_metadata"}},
        {"{\"email\":\"a@b.org\",\"role\":\"service_role\"}", {"/role"}},
        {"{\"email\":\"a@b.org\",\"role\":\"supabase_admin\"}", {"/role"}},
        {"{\"email\":\"a@b.org\",\"ban_duration\":\"soon\"}", {"/ban_duration"}},
        {"{\"email\":\"a@b.org\",\"ban_duration\":\"24\"}", {"/ban_duration"}},
        {"{\"email\":\"a@b.org\",\"data\":{}}", {"/data"}},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        test_fails(__FILE__, __LINE__, rows[i].changes, TRIPSAGE_EINVALID, create_status(OUT, rows[i].changes),
                   rows[i].pointers, rows[i].pointers[1] ? 2 : 1);
    FAILS(TRIPSAGE_EMALFORMED, create_status(OUT, "ann"));
    NOT_WITH_A_PROJECT("it knows no members to name");
    FAILS_AT(TRIPSAGE_EINVALID,
             create_status(OUT, test_format("{\"email\":\"a@b.org\",\"user_metadata\":{\"k\":\"%s\"},"
                                            "\"app_metadata\":{\"k\":\"%s\"}}",
                                            test_repeat("x", 4000), test_repeat("x", 480))),
             "/user_metadata");
}
END_TEST

/* What metadata may hold at most still fits a token. */
START_TEST(the_fullest_metadata_fit_a_token)
{
    tripsage_doc *user =
        create(test_format("{\"email\":\"a@b.org\",\"password\":\"correct horse\",\"email_confirm\":true,"
                           "\"user_metadata\":{\"k\":\"%s\"},\"app_metadata\":{\"k\":\"%s\"}}",
                           test_repeat("x", 4000), test_repeat("x", 400)));
    tripsage_doc *session = OK(sign_in(OUT, "a@b.org", "correct horse"));
    tripsage_actor *actor = world_signed_in(world->auth, session);

    NOT_WITH_A_PROJECT("it knows no members to name");
    FAILS_AT(TRIPSAGE_EINVALID,
             update(OUT, text_of(user, "/id"), test_format("{\"app_metadata\":{\"l\":\"%s\"}}", test_repeat("x", 60))),
             "/user_metadata");
    FAILS_AT(TRIPSAGE_EINVALID,
             tripsage_auth_user_update(OUT, world->auth, actor,
                                       test_format("{\"data\":{\"l\":\"%s\"}}", test_repeat("x", 60)), TRIPSAGE_NUL),
             "/data");
}
END_TEST

/* ---- changing ---- */

START_TEST(metadata_are_merged_member_by_member)
{
    const char *id =
        text_of(create("{\"email\":\"a@b.org\",\"user_metadata\":{\"a\":1,\"o\":{\"x\":1},\"full_name\":\"A B\"},"
                       "\"app_metadata\":{\"roles\":[\"x\"],\"k\":1}}"),
                "/id");
    tripsage_doc *user;

    test_clock_advance(&world->chance, TEST_HOUR);
    user = OK(update(OUT, id,
                     "{\"user_metadata\":{\"b\":2,\"o\":{\"y\":1},\"full_name\":null},"
                     "\"app_metadata\":{\"roles\":[\"y\"],\"k\":null}}"));
    IS_JSON(user, "/user_metadata", "{\"a\":1,\"b\":2,\"o\":{\"y\":1}}");
    IS_JSON(user, "/app_metadata", "{\"provider\":\"email\",\"providers\":[\"email\"],\"roles\":[\"y\"]}");
    IS_NONE(user, "/full_name");
    IS_TEXT(user, "/updated_at", "2026-03-01T13:00:00.000Z");
    user = OK(update(OUT, id, "{\"role\":\"guide\",\"user_metadata\":{\"full_name\":\"C D\"}}"));
    IS_TEXT(user, "/role", "guide");
    IS_TEXT(user, "/full_name", "C D");
    IS_JSON(user, "/user_metadata/a", "1");
}
END_TEST

START_TEST(a_ban_lasts_as_long_as_it_says)
{
    tripsage_doc *user = create(ANN);
    const char *id = text_of(user, "/id");
    const char *token = text_of(OK(sign_in(OUT, "ann@example.org", "correct horse")), "/access_token");
    tripsage_actor *actor = NULL;

    OK(verify(&actor, token));
    tripsage_actor_free(actor);
    IS_TEXT(OK(update(OUT, id, "{\"ban_duration\":\"1h30m\"}")), "/banned_until", "2026-03-01T13:30:00.000Z");
    FAILS_AS(TRIPSAGE_ETOKEN, "user_banned", verify(&actor, token));
    FAILS_AS(TRIPSAGE_EFORBIDDEN, "user_banned", sign_in(OUT, "ann@example.org", "correct horse"));
    test_clock_advance(&world->chance, TEST_HOUR + TEST_HOUR / 2);
    OK(sign_in(OUT, "ann@example.org", "correct horse"));
    OK(update(OUT, id, "{\"ban_duration\":\"24h\"}"));
    FAILS(TRIPSAGE_EFORBIDDEN, sign_in(OUT, "ann@example.org", "correct horse"));
    IS_NONE(OK(update(OUT, id, "{\"ban_duration\":\"none\"}")), "/banned_until");
    OK(sign_in(OUT, "ann@example.org", "correct horse"));
    create("{\"email\":\"b@b.org\",\"password\":\"correct horse\",\"email_confirm\":true,\"ban_duration\":\"1s\"}");
    FAILS(TRIPSAGE_EFORBIDDEN, sign_in(OUT, "b@b.org", "correct horse"));
}
END_TEST

START_TEST(a_new_password_ends_all_sessions)
{
    const char *id = text_of(create(ANN), "/id");
    tripsage_doc *session = OK(sign_in(OUT, "ann@example.org", "correct horse"));
    tripsage_actor *again = NULL;

    world_signed_in(world->auth, session); /* from now on it is believed */
    OK(update(OUT, id, "{\"password\":\"battery staple\"}"));
    FAILS(TRIPSAGE_ETOKEN, verify(&again, text_of(session, "/access_token")));
    FAILS(TRIPSAGE_ETOKEN, tripsage_auth_refresh(OUT, world->auth, NULL, text_of(session, "/refresh_token")));
    FAILS(TRIPSAGE_ECREDENTIALS, sign_in(OUT, "ann@example.org", "correct horse"));
    session = OK(sign_in(OUT, "ann@example.org", "battery staple"));
    OK(update(OUT, id, "{\"user_metadata\":{}}")); /* ends none */
    OK(verify(&again, text_of(session, "/access_token")));
    tripsage_actor_free(again);
}
END_TEST

START_TEST(an_address_is_changed_at_once)
{
    const char *id = text_of(create(ANN), "/id");
    tripsage_doc *user;

    create("{\"email\":\"bob@example.org\"}");
    FAILS_AS(TRIPSAGE_EEXISTS, "email_exists", update(OUT, id, "{\"email\":\"Bob@example.org\"}"));
    user = OK(update(OUT, id, "{\"email\":\"Ann.Lee@example.org\"}"));
    IS_TEXT(user, "/email", "ann.lee@example.org");
    IS_TEXT(user, "/identities/0/email", "ann.lee@example.org");
    IS_TEXT(user, "/identities/0/identity_data/email", "ann.lee@example.org");
    OK(update(OUT, id, "{\"email\":\"ann.lee@example.org\"}"));
    OK(sign_in(OUT, "ann.lee@example.org", "correct horse"));
    FAILS(TRIPSAGE_ECREDENTIALS, sign_in(OUT, "ann@example.org", "correct horse"));
}
END_TEST

START_TEST(a_guest_becomes_somebody)
{
    const char *id =
        text_of(OK(tripsage_auth_sign_in_anonymously(OUT, world->auth, NULL, "{}", TRIPSAGE_NUL)), "/user/id");
    tripsage_doc *user =
        OK(update(OUT, id, "{\"email\":\"a@b.org\",\"email_confirm\":true,\"password\":\"correct horse\"}"));

    IS_JSON(user, "/is_anonymous", "false");
    IS_JSON(user, "/app_metadata", "{\"provider\":\"email\",\"providers\":[\"email\"]}");
    IS_TEXT(user, "/identities/0/id", id);
    IS_TEXT(user, "/identities/0/created_at", "2026-03-01T12:00:00.000Z");
    OK(sign_in(OUT, "a@b.org", "correct horse"));
}
END_TEST

/* ---- deleting ---- */

START_TEST(an_account_is_deleted)
{
    const char *id = text_of(create(ANN), "/id");
    const char *token = text_of(OK(sign_in(OUT, "ann@example.org", "correct horse")), "/access_token");
    tripsage_actor *actor = NULL;

    OK(verify(&actor, token));
    tripsage_actor_free(actor);
    OK(tripsage_auth_admin_user_delete(world->auth, SERVICE, id, 0));
    FAILS(TRIPSAGE_ENOTFOUND, get(OUT, id));
    FAILS_AS(TRIPSAGE_ETOKEN, "user_not_found", verify(&actor, token));
    FAILS(TRIPSAGE_ECREDENTIALS, sign_in(OUT, "ann@example.org", "correct horse"));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_auth_admin_user_delete(world->auth, SERVICE, id, 0));
    create(ANN);
}
END_TEST

START_TEST(an_account_is_deleted_and_left_standing)
{
    const char *id =
        text_of(create("{\"email\":\"ann@example.org\",\"password\":\"correct horse\",\"email_confirm\":true,"
                       "\"user_metadata\":{\"full_name\":\"Ann Lee\"}}"),
                "/id");
    tripsage_doc *session = OK(sign_in(OUT, "ann@example.org", "correct horse")), *user;
    tripsage_actor *actor = NULL;

    test_clock_advance(&world->chance, TEST_HOUR / 2);
    OK(tripsage_auth_admin_user_delete(world->auth, SERVICE, id, 1));
    user = OK(get(OUT, id));
    IS_TEXT(user, "/deleted_at", "2026-03-01T12:30:00.000Z");
    IS_JSON(user, "/user_metadata", "{}");
    IS_JSON(user, "/app_metadata", "{}");
    IS_NONE(user, "/full_name");
    ck_assert_ptr_null(strchr(text_of(user, "/email"), '@'));
    ck_assert_uint_eq(strlen(text_of(user, "/email")), 43);
    ck_assert_uint_eq(strlen(text_of(user, "/identities/0/id")), 43);
    IS_NONE(user, "/identities/0/identity_data");
    IS_NONE(user, "/identities/0/email");
    ck_assert_ptr_null(strstr(json_of(user), "ann@"));
    FAILS_AS(TRIPSAGE_ETOKEN, "user_not_found", verify(&actor, text_of(session, "/access_token")));
    FAILS(TRIPSAGE_ETOKEN, tripsage_auth_refresh(OUT, world->auth, NULL, text_of(session, "/refresh_token")));
    FAILS(TRIPSAGE_ECREDENTIALS, sign_in(OUT, "ann@example.org", "correct horse"));
    test_clock_advance(&world->chance, TEST_HOUR);
    OK(tripsage_auth_admin_user_delete(world->auth, SERVICE, id, 1));
    SAME_TEXT(json_of(OK(get(OUT, id))), json_of(user));
    create(ANN);
    OK(tripsage_auth_admin_user_delete(world->auth, SERVICE, id, 0));
    FAILS(TRIPSAGE_ENOTFOUND, get(OUT, id));
}
END_TEST

START_TEST(trips_outlive_an_account)
{
    tripsage_doc *session;
    tripsage_actor *ann;
    const char *id = text_of(create(ANN), "/id"), *trip;

    session = OK(sign_in(OUT, "ann@example.org", "correct horse"));
    ann = world_signed_in(world->auth, session);
    trip = id_of(OK(CREATE(ann, TRIP_JSON)));
    test_share(ann, trip, VIEW_ID, "view");
    OK(tripsage_auth_admin_user_delete(world->auth, SERVICE, id, 0));
    IS_TEXT(OK(GET(world->view, trip)), "/user_id", id);
    OK(tripsage_trip_transfer(OUT, world->trips, SERVICE, trip, "{\"user_id\":\"" VIEW_ID "\"}", TRIPSAGE_NUL, NULL));
    IS_TEXT(OK(GET(world->view, trip)), "/user_id", VIEW_ID);
}
END_TEST

static const char *last_in_the_trail(void)
{
    tripsage_doc *trail = OK(tripsage_auth_audit_list(OUT, world->auth, world->service, 0, 1));

    return test_format("%s %s %s", text_of(trail, "/items/0/action"), text_of(trail, "/items/0/actor"),
                       text_of(trail, "/items/0/subject"));
}

START_TEST(the_trail_tells_of_it)
{
    const char *id = text_of(create(ANN), "/id");

    NOT_WITH_A_PROJECT("it has a trail of its own");
    SAME_TEXT(last_in_the_trail(), test_format("user_signedup service_role %s", id));
    OK(update(OUT, id, "{\"password\":\"battery staple\"}"));
    SAME_TEXT(last_in_the_trail(), test_format("user_modified service_role %s", id));
    FAILS(TRIPSAGE_ENOTFOUND, update(OUT, NO_SUCH_ID, "{}"));
    FAILS(TRIPSAGE_EEXISTS, create_status(OUT, ANN));
    SAME_TEXT(last_in_the_trail(), test_format("user_modified service_role %s", id));
    OK(tripsage_auth_admin_user_delete(world->auth, SERVICE, id, 1));
    SAME_TEXT(last_in_the_trail(), test_format("user_deleted service_role %s", id));
}
END_TEST

/* ---- links ---- */

static tripsage_status link_status(tripsage_doc **out, const char *json)
{
    return tripsage_auth_admin_generate_link(out, world->auth, SERVICE, json, TRIPSAGE_NUL);
}

static tripsage_doc *link_of(const char *type, const char *more)
{
    return test_ok(__FILE__, __LINE__, type,
                   link_status(OUT, test_format("{\"type\":\"%s\",\"email\":\"ann@example.org\"%s}", type, more)));
}

static tripsage_status use_code(tripsage_doc **out, const char *type, const char *email, const char *code)
{
    return tripsage_auth_otp_verify(
        out, world->auth, NULL, test_format("{\"type\":\"%s\",\"email\":\"%s\",\"token\":\"%s\"}", type, email, code),
        TRIPSAGE_NUL);
}

START_TEST(a_link_signs_up)
{
    tripsage_doc *link = link_of("signup", ",\"password\":\"correct horse\",\"data\":{\"a\":1}");
    const char *id = text_of(link, "/id"), *code;

    IS_TEXT(link, "/verification_type", "signup");
    IS_TEXT(link, "/confirmation_sent_at", "2026-03-01T12:00:00.000Z");
    IS_TEXT(link, "/redirect_to", "https://trips.example.org");
    SAME_TEXT(
        text_of(link, "/action_link"),
        test_format("https://api.example.org/auth/v1/verify?token=%s&type=signup&redirect_to=https://trips.example.org",
                    text_of(link, "/hashed_token")));
    FAILS_AS(TRIPSAGE_EFORBIDDEN, "email_not_confirmed", sign_in(OUT, "ann@example.org", "correct horse"));
    link = link_of("signup",
                   ",\"password\":\"another one\""); /* he did not confirm: again, and the first password stays */
    SAME_TEXT(text_of(link, "/id"), id);
    IS_TEXT(OK(use_code(OUT, "signup", "ann@example.org", text_of(link, "/email_otp"))), "/user/id", id);
    OK(sign_in(OUT, "ann@example.org", "correct horse"));
    FAILS_AS(TRIPSAGE_EEXISTS, "email_exists",
             link_status(OUT, "{\"type\":\"signup\",\"email\":\"ann@example.org\",\"password\":\"correct horse\"}"));
    FAILS_AS(TRIPSAGE_EEXISTS, "email_exists", link_status(OUT, "{\"type\":\"invite\",\"email\":\"ann@example.org\"}"));
    code = text_of(link_of("magiclink", ""), "/email_otp");
    IS_TEXT(OK(use_code(OUT, "magiclink", "ann@example.org", code)), "/user/id", id);
    code = text_of(link_of("recovery", ",\"redirect_to\":\"https://elsewhere.example.com\""), "/email_otp");
    FAILS(TRIPSAGE_ETOKEN,
          use_code(OUT, "recovery", "ann@example.org", strcmp(code, "000000") == 0 ? "000001" : "000000"));
    OK(use_code(OUT, "recovery", "ann@example.org", code));
    FAILS(TRIPSAGE_ETOKEN, use_code(OUT, "recovery", "ann@example.org", code));
}
END_TEST

START_TEST(a_link_invites)
{
    tripsage_doc *link = link_of("invite", ",\"data\":{\"full_name\":\"Ann\"}");

    IS_TEXT(link, "/invited_at", "2026-03-01T12:00:00.000Z");
    IS_TEXT(link, "/full_name", "Ann");
    OK(use_code(OUT, "invite", "ann@example.org", text_of(link, "/email_otp")));
    link = OK(tripsage_auth_admin_invite(OUT, world->auth, SERVICE, "{\"email\":\"bob@example.org\"}", TRIPSAGE_NUL));
    IS_TEXT(link, "/email", "bob@example.org");
    IS_TEXT(link, "/invited_at", "2026-03-01T12:00:00.000Z");
    IS_NONE(link, "/email_otp");
    FAILS_AS(TRIPSAGE_EEXISTS, "email_exists",
             tripsage_auth_admin_invite(OUT, world->auth, SERVICE, "{\"email\":\"ann@example.org\"}", TRIPSAGE_NUL));
    NOT_WITH_A_PROJECT("it has a trail of its own");
    SAME_TEXT(last_in_the_trail(), test_format("user_invited service_role %s", text_of(link, "/id")));
}
END_TEST

START_TEST(a_magic_link_for_nobody_signs_up)
{
    tripsage_doc *link = link_of("magiclink", "");

    IS_TEXT(link, "/verification_type", "signup");
    OK(use_code(OUT, "signup", "ann@example.org", text_of(link, "/email_otp")));
    FAILS_AS(TRIPSAGE_ENOTFOUND, "user_not_found",
             link_status(OUT, "{\"type\":\"recovery\",\"email\":\"nobody@example.org\"}"));
}
END_TEST

START_TEST(links_change_an_address)
{
    tripsage_doc *link;
    const char *current, *new_code;

    create(ANN);
    create("{\"email\":\"bob@example.org\"}");
    link = link_of("email_change_current", ",\"new_email\":\"Anna@example.org\"");
    IS_TEXT(link, "/new_email", "anna@example.org");
    ck_assert_ptr_nonnull(strstr(text_of(link, "/action_link"), "&type=email_change&"));
    current = text_of(link, "/email_otp");
    new_code = text_of(link_of("email_change_new", ",\"new_email\":\"anna@example.org\""), "/email_otp");
    OK(use_code(OUT, "email_change", "ann@example.org", current));
    OK(use_code(OUT, "email_change", "anna@example.org", new_code));
    OK(sign_in(OUT, "anna@example.org", "correct horse"));
    FAILS_AS(
        TRIPSAGE_EEXISTS, "email_exists",
        link_status(
            OUT, "{\"type\":\"email_change_new\",\"email\":\"anna@example.org\",\"new_email\":\"bob@example.org\"}"));
}
END_TEST

START_TEST(refuses_a_bad_link)
{
    static const bad_input rows[] = {
        {"{\"type\":\"magiclink\"}", {"/email"}},
        {"{\"type\":\"bogus\",\"email\":\"a@b.org\"}", {"/type"}},
        {"{\"type\":\"signup\",\"email\":\"a@b.org\"}", {"/password"}},
        {"{\"type\":\"signup\",\"email\":\"a@b.org\",\"password\":\"short\"}", {"/password"}},
        {"{\"type\":\"email_change_new\",\"email\":\"a@b.org\"}", {"/new_email"}},
        {"{\"type\":\"invite\",\"email\":\"a@b.org\",\"data\":1}", {"/data"}},
        {"{\"type\":\"invite\",\"email\":\"a@b.org\",\"x\":1}", {"/x"}},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        test_fails(__FILE__, __LINE__, rows[i].changes, TRIPSAGE_EINVALID, link_status(OUT, rows[i].changes),
                   rows[i].pointers, 1);
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_auth_admin_generate_link(OUT, world->auth, world->owner, "{}", TRIPSAGE_NUL));
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_auth_admin_invite(OUT, world->auth, world->owner, "{}", TRIPSAGE_NUL));
}
END_TEST

/* ---- lists ---- */

static tripsage_doc *list(uint32_t page, uint32_t per_page, const char *filter, int oldest_first)
{
    tripsage_user_list_options options = TRIPSAGE_USER_LIST_OPTIONS_INIT;

    options.page = page;
    options.per_page = per_page;
    options.filter = filter;
    options.oldest_first = oldest_first;
    return OK(tripsage_auth_admin_user_list(OUT, world->auth, SERVICE, &options));
}

static void five_people(void)
{
    static const char *const names[] = {"Ann", "Bob", "Carol", "Dan_", "Eve%"};

    for (size_t i = 0; i < 5; i++) {
        create(
            test_format("{\"email\":\"u%zu@example.org\",\"user_metadata\":{\"full_name\":\"%s Lee\"}}", i, names[i]));
        test_clock_advance(&world->chance, TEST_SECOND);
    }
}

START_TEST(accounts_are_listed)
{
    tripsage_doc *page;

    IS_JSON(OK(tripsage_auth_admin_user_list(OUT, world->auth, SERVICE, NULL)), "",
            "{\"users\":[],\"page\":1,\"per_page\":50,\"total\":0}");
    five_people();
    page = list(1, 2, NULL, 0);
    IS_COUNT(page, "/users", 2);
    IS_INT(page, "/total", 5);
    IS_TEXT(page, "/users/0/email", "u4@example.org");
    IS_TEXT(page, "/users/1/email", "u3@example.org");
    IS_NONE(page, "/users/0/identities");
    IS_TEXT(list(3, 2, NULL, 0), "/users/0/email", "u0@example.org");
    page = list(4, 2, NULL, 0);
    IS_COUNT(page, "/users", 0);
    IS_INT(page, "/total", 5);
    page = list(2, 2, NULL, 1);
    IS_TEXT(page, "/users/0/email", "u2@example.org");
    IS_TEXT(page, "/users/1/email", "u3@example.org");
    IS_COUNT(list(0, 0, NULL, 0), "/users", 5);
}
END_TEST

START_TEST(accounts_are_found)
{
    tripsage_user_list_options options = TRIPSAGE_USER_LIST_OPTIONS_INIT;
    tripsage_doc *page;

    five_people();
    page = list(1, 2, "EXAMPLE.org", 0);
    IS_COUNT(page, "/users", 2);
    IS_INT(page, "/total", 5);
    IS_TEXT(page, "/users/0/email", "u4@example.org");
    IS_TEXT(list(3, 2, "example", 0), "/users/0/email", "u0@example.org");
    IS_TEXT(list(2, 2, "example", 1), "/users/0/email", "u2@example.org");
    page = list(1, 10, "carol", 1);
    IS_COUNT(page, "/users", 1);
    IS_TEXT(page, "/users/0/email", "u2@example.org");
    IS_COUNT(list(1, 10, "%", 0), "/users", 1); /* a sign like any other */
    IS_COUNT(list(1, 10, "_", 0), "/users", 1);
    IS_COUNT(list(1, 10, "nobody", 0), "/users", 0);
    options.email = "U3@example.org";
    page = OK(tripsage_auth_admin_user_list(OUT, world->auth, SERVICE, &options));
    IS_COUNT(page, "/users", 1);
    IS_INT(page, "/total", 1);
    IS_TEXT(page, "/users/0/full_name", "Dan_ Lee");
    options.email = "u9@example.org";
    IS_COUNT(OK(tripsage_auth_admin_user_list(OUT, world->auth, SERVICE, &options)), "/users", 0);
}
END_TEST

START_TEST(refuses_a_bad_list)
{
    tripsage_user_list_options options = TRIPSAGE_USER_LIST_OPTIONS_INIT;

    options.per_page = 1001;
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_auth_admin_user_list(OUT, world->auth, SERVICE, &options), "#options");
    options.per_page = 1000;
    options.filter = test_repeat("x", 256);
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_auth_admin_user_list(OUT, world->auth, SERVICE, &options), "#filter");
    options.filter = "\xff";
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_auth_admin_user_list(OUT, world->auth, SERVICE, &options), "#filter");
    options.filter = test_repeat("x", 255);
    OK(tripsage_auth_admin_user_list(OUT, world->auth, SERVICE, &options));
    options.email = "ann";
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_auth_admin_user_list(OUT, world->auth, SERVICE, &options), "#email");
    options.version = 7;
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_auth_admin_user_list(OUT, world->auth, SERVICE, &options), "#options");
}
END_TEST

/* ---- sessions ---- */

START_TEST(a_user_sees_and_ends_his_sessions)
{
    tripsage_doc *here, *there, *sessions;
    tripsage_actor *actor, *other = NULL;
    const char *there_id;

    create(ANN);
    create("{\"email\":\"b@b.org\",\"password\":\"correct horse\",\"email_confirm\":true}");
    there = OK(sign_in(OUT, "ann@example.org", "correct horse"));
    test_clock_advance(&world->chance, TEST_SECOND);
    here = OK(sign_in(OUT, "ann@example.org", "correct horse"));
    actor = world_signed_in(world->auth, here);
    if (world->project.web) {
        FAILS(TRIPSAGE_ENOTSUP, tripsage_auth_session_list(OUT, world->auth, actor));
        FAILS(TRIPSAGE_ENOTSUP, tripsage_auth_session_revoke(world->auth, actor, NO_SUCH_ID));
        OK(tripsage_auth_session_revoke(world->auth, actor, tripsage_actor_session_id(actor)));
        FAILS(TRIPSAGE_ETOKEN, verify(&other, text_of(here, "/access_token")));
    }
    NOT_WITH_A_PROJECT("it has no list of sessions");
    sessions = OK(tripsage_auth_session_list(OUT, world->auth, actor));
    IS_COUNT(sessions, "/sessions", 2);
    IS_JSON(sessions, "/sessions/0/current", "true");
    IS_TEXT(sessions, "/sessions/0/id", tripsage_actor_session_id(actor));
    IS_TEXT(sessions, "/sessions/0/created_at", "2026-03-01T12:00:01.000Z");
    IS_TEXT(sessions, "/sessions/0/aal", "aal1");
    IS_TEXT(sessions, "/sessions/0/amr/0/method", "password");
    IS_JSON(sessions, "/sessions/1/current", "false");
    there_id = text_of(sessions, "/sessions/1/id");
    other = world_signed_in(world->auth, OK(sign_in(OUT, "b@b.org", "correct horse")));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_auth_session_revoke(world->auth, other, there_id));
    OK(tripsage_auth_session_revoke(world->auth, actor, there_id));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_auth_session_revoke(world->auth, actor, there_id));
    FAILS(TRIPSAGE_ETOKEN, tripsage_auth_refresh(OUT, world->auth, NULL, text_of(there, "/refresh_token")));
    IS_COUNT(OK(tripsage_auth_session_list(OUT, world->auth, actor)), "/sessions", 1);
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_auth_session_revoke(world->auth, actor, "x"), "#session_id");
    FAILS(TRIPSAGE_EUNAUTHENTICATED, tripsage_auth_session_revoke(world->auth, NULL, there_id));
    FAILS(TRIPSAGE_EUNAUTHENTICATED, tripsage_auth_session_list(OUT, world->auth, NULL));
    IS_COUNT(OK(tripsage_auth_session_list(OUT, world->auth, world->stranger)), "/sessions", 0);
}
END_TEST

Suite *contract_auth_admin(void)
{
    Suite *suite = suite_create("auth_admin");
    TCase *tcase = test_case(suite, "auth_admin");

    tcase_add_test(tcase, only_the_service_role_may);
    tcase_add_test(tcase, an_id_is_one_and_somebodys);
    tcase_add_test(tcase, an_account_is_made);
    tcase_add_test(tcase, an_account_may_have_an_id_and_no_password);
    tcase_add_test(tcase, who_is_not_confirmed_cannot_sign_in);
    tcase_add_test(tcase, a_hash_of_another_system_signs_in);
    tcase_add_test(tcase, refuses_a_bad_account);
    tcase_add_test(tcase, the_fullest_metadata_fit_a_token);
    tcase_add_test(tcase, metadata_are_merged_member_by_member);
    tcase_add_test(tcase, a_ban_lasts_as_long_as_it_says);
    tcase_add_test(tcase, a_new_password_ends_all_sessions);
    tcase_add_test(tcase, an_address_is_changed_at_once);
    tcase_add_test(tcase, a_guest_becomes_somebody);
    tcase_add_test(tcase, an_account_is_deleted);
    tcase_add_test(tcase, an_account_is_deleted_and_left_standing);
    tcase_add_test(tcase, trips_outlive_an_account);
    tcase_add_test(tcase, the_trail_tells_of_it);
    tcase_add_test(tcase, a_link_signs_up);
    tcase_add_test(tcase, a_link_invites);
    tcase_add_test(tcase, a_magic_link_for_nobody_signs_up);
    tcase_add_test(tcase, links_change_an_address);
    tcase_add_test(tcase, refuses_a_bad_link);
    tcase_add_test(tcase, accounts_are_listed);
    tcase_add_test(tcase, accounts_are_found);
    tcase_add_test(tcase, refuses_a_bad_list);
    tcase_add_test(tcase, a_user_sees_and_ends_his_sessions);
    return suite;
}
