/* accounts_test.c: signing up, in and out, and one's own account: what is given, each refusal, and what happens when two do it at once. */
#include <pthread.h>
#include <stdlib.h>

#include "auth/statements.h"
#include "fixture.h"

/* A call of the shape of sign_up and sign_in. */
typedef tripsage_status (*session_call)(tripsage_doc **, tripsage_auth *, const tripsage_auth_client *, const char *,
                                        size_t);

static void check_field(session_call call, tripsage_auth *auth, const char *json, const char *pointer)
{
    tripsage_doc *session = (tripsage_doc *)auth;

    ck_assert_msg(call(&session, auth, NULL, json, TRIPSAGE_NUL) == TRIPSAGE_EINVALID, "%s was taken", json);
    ck_assert_ptr_null(session);
    assert_field(pointer);
}

/* What is put beside a user's own data: sub, email, and whether address and phone are verified. */
enum { OWN_MARKS = 4 };

static void check_session(tripsage_doc *session, const char *email)
{
    ck_assert_str_eq(tripsage_doc_text(session, "/token_type"), "bearer");
    ck_assert_int_eq(tripsage_doc_int(session, "/expires_in", 0), 3600);
    ck_assert_int_eq(tripsage_doc_int(session, "/expires_at", 0), clock_ms / 1000 + 3600);
    ck_assert_str_eq(tripsage_doc_text(session, "/user/email"), email);
    ck_assert_str_eq(tripsage_doc_text(session, "/user/role"), "authenticated");
    ck_assert_str_eq(tripsage_doc_text(session, "/user/aud"), "authenticated");
    ck_assert_ptr_nonnull(tripsage_doc_text(session, "/refresh_token"));
    ck_assert_uint_eq(tripsage_doc_count(session, ""), 6);
}

/* ---- sign up ---- */

START_TEST(sign_up_gives_a_session)
{
    tripsage_auth *auth = open_auth();
    tripsage_doc *session;
    tripsage_actor *actor;

    ck_assert_ok(tripsage_auth_sign_up(&session, auth, NULL,
                                       TRIPSAGE_JSON({
        "email" : "Ada@Example.com",
        "password" : "correct horse",
        "full_name" : "Ada L.",
        "data" : {"theme" : "dark"}
    }),
                                                       TRIPSAGE_NUL));
    check_session(session, "ada@example.com");
    ck_assert_str_eq(tripsage_doc_text(session, "/user/full_name"), "Ada L.");
    ck_assert_str_eq(tripsage_doc_text(session, "/user/created_at"), "2026-03-01T12:00:00.000Z");
    ck_assert_str_eq(tripsage_doc_text(session, "/user/updated_at"), "2026-03-01T12:00:00.000Z");
    ck_assert_str_eq(tripsage_doc_text(session, "/user/last_sign_in_at"), "2026-03-01T12:00:00.000Z");
    ck_assert_str_eq(tripsage_doc_text(session, "/user/user_metadata/theme"), "dark");
    ck_assert_str_eq(tripsage_doc_text(session, "/user/app_metadata/provider"), "email");
    ck_assert_str_eq(tripsage_doc_text(session, "/user/app_metadata/providers/0"), "email");
    ck_assert_str_eq(tripsage_doc_text(session, "/user/user_metadata/full_name"), "Ada L.");
    ck_assert_str_eq(tripsage_doc_text(session, "/user/user_metadata/email"), "ada@example.com");
    ck_assert_str_eq(tripsage_doc_text(session, "/user/identities/0/provider"), "email");
    ck_assert_uint_eq(tripsage_doc_count(session, "/user/identities"), 1);
    ck_assert_ptr_nonnull(strstr(tripsage_doc_json(session, NULL), "\"is_anonymous\":false"));
    ck_assert_uint_eq(tripsage_doc_count(session, "/user"), 15);
    actor = actor_of(auth, session);
    ck_assert_str_eq(tripsage_actor_user_id(actor), tripsage_doc_text(session, "/user/id"));
    ck_assert_str_ne(tripsage_actor_session_id(actor), "");
    ck_assert(!tripsage_actor_is_service(actor));
    tripsage_actor_free(actor);
    tripsage_doc_free(session);
    tripsage_auth_close(auth);
}
END_TEST

START_TEST(sign_up_needs_no_name_and_no_data)
{
    tripsage_auth *auth = open_auth();
    tripsage_doc *session;

    ck_assert_ok(tripsage_auth_sign_up(&session, auth, NULL,
                                       TRIPSAGE_JSON({"email" : "a@b", "password" : "12345678", "full_name" : null}),
                                                     TRIPSAGE_NUL));
    ck_assert_ptr_nonnull(strstr(tripsage_doc_json(session, NULL), "\"full_name\":null"));
    ck_assert_uint_eq(tripsage_doc_count(session, "/user/user_metadata"), OWN_MARKS);
    tripsage_doc_free(session);
    tripsage_auth_close(auth);
}
END_TEST

START_TEST(sign_up_refuses_what_is_wrong_with_the_input)
{
    static const struct {
        const char *json, *pointer;
    } wrong[] = {
        {"{\"password\":\"12345678\"}", "/email"},
        {"{\"email\":null,\"password\":\"12345678\"}", "/email"},
        {"{\"email\":7,\"password\":\"12345678\"}", "/email"},
        {"{\"email\":\"ada\",\"password\":\"12345678\"}", "/email"},
        {"{\"email\":\"a@b\"}", "/password"},
        {"{\"email\":\"a@b\",\"password\":12345678}", "/password"},
        {"{\"email\":\"a@b\",\"password\":\"1234567\"}", "/password"},
        {"{\"email\":\"a@b\",\"password\":\"        \"}", "/password"},
        {"{\"email\":\"a@b\",\"password\":\"12345678\",\"full_name\":\"\"}", "/full_name"},
        {"{\"email\":\"a@b\",\"password\":\"12345678\",\"full_name\":[\"A\"]}", "/full_name"},
        {"{\"email\":\"a@b\",\"password\":\"12345678\",\"data\":[]}", "/data"},
        {"{\"email\":\"a@b\",\"password\":\"12345678\",\"role\":\"admin\"}", "/role"},
        {"[]", ""},
    };
    tripsage_auth *auth = open_auth();
    tripsage_doc *session;

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        check_field(tripsage_auth_sign_up, auth, wrong[i].json, wrong[i].pointer);
    ck_assert_fails(tripsage_auth_sign_up(&session, auth, NULL, "{\"email\":", TRIPSAGE_NUL), TRIPSAGE_EMALFORMED);
    ck_assert_fails(tripsage_auth_sign_up(&session, auth, NULL, "{\"email\":\"a@b\",\"email\":\"a@b\"}", TRIPSAGE_NUL),
                    TRIPSAGE_EMALFORMED);
    ck_assert_fails(tripsage_auth_sign_up(&session, auth, NULL, "", 0), TRIPSAGE_EMALFORMED);
    ck_assert_fails(tripsage_auth_sign_up(&session, auth, NULL, NULL, 0), TRIPSAGE_EMALFORMED);
    ck_assert_fails(tripsage_auth_sign_up(&session, auth, NULL, "{}", TRIPSAGE_NUL), TRIPSAGE_EINVALID);
    ck_assert_uint_eq(tripsage_last_error()->field_count, 2);
    ck_assert_uint_eq(tripsage__passwords_count(auth->passwords), 0);
    tripsage_auth_close(auth);
}
END_TEST

/* Characters, not bytes, make a password long enough; bytes, not characters, make it too long. */
START_TEST(passwords_are_measured_in_characters_and_bounded_in_bytes)
{
    tripsage_auth *auth = open_auth();
    char password[1100], json[1300];
    tripsage_doc *session;

    ck_assert_ok(sign_up(&session, auth, "a@b", "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"));
    tripsage_doc_free(session);
    snprintf(json, sizeof json, "{\"email\":\"b@b\",\"password\":\"%s\"}", "\xf0\x9f\x98\x80\xf0\x9f\x98\x80");
    check_field(tripsage_auth_sign_up, auth, json, "/password");

    memset(password, 'p', sizeof password);
    password[1024] = '\0';
    snprintf(json, sizeof json, "{\"email\":\"c@b\",\"password\":\"%s\"}", password);
    ck_assert_ok(tripsage_auth_sign_up(&session, auth, NULL, json, TRIPSAGE_NUL));
    tripsage_doc_free(session);
    ck_assert_ok(tripsage_auth_sign_in(&session, auth, NULL, json, TRIPSAGE_NUL));
    tripsage_doc_free(session);
    memcpy(password + 1023, "\xc3\xa9", 3); /* 1,024 characters, 1,025 bytes */
    snprintf(json, sizeof json, "{\"email\":\"d@b\",\"password\":\"%s\"}", password);
    check_field(tripsage_auth_sign_up, auth, json, "/password");
    check_field(tripsage_auth_sign_in, auth, json, "/password");
    tripsage_auth_close(auth);
}
END_TEST

START_TEST(data_is_bounded_by_what_fits_into_a_token)
{
    tripsage_auth *auth = open_auth();
    char json[4400];
    tripsage_doc *session;
    tripsage_actor *actor;

    snprintf(json, sizeof json, "{\"email\":\"a@b\",\"password\":\"12345678\",\"data\":{\"k\":\"%04088d\"}}", 0);
    ck_assert_ok(tripsage_auth_sign_up(&session, auth, NULL, json, TRIPSAGE_NUL));
    actor = actor_of(auth, session);
    tripsage_actor_free(actor);
    tripsage_doc_free(session);
    snprintf(json, sizeof json, "{\"email\":\"b@b\",\"password\":\"12345678\",\"data\":{\"k\":\"%04089d\"}}", 0);
    check_field(tripsage_auth_sign_up, auth, json, "/data");

    tripsage_auth_close(auth);
}
END_TEST

START_TEST(one_address_has_one_account)
{
    tripsage_auth *auth = open_auth();
    tripsage_doc *session = new_session(auth);
    tripsage_doc *second = session;

    ck_assert_fails(sign_up(&second, auth, "ADA@example.COM", "another one"), TRIPSAGE_EEXISTS);
    ck_assert_ptr_null(second);
    ck_assert_fails(sign_in(&second, auth, "ada@example.com", "another one"), TRIPSAGE_ECREDENTIALS);
    ck_assert_ok(sign_in(&second, auth, "ada@example.com", "correct horse"));
    ck_assert_str_eq(tripsage_doc_text(second, "/user/id"), tripsage_doc_text(session, "/user/id"));
    tripsage_doc_free(second);
    tripsage_doc_free(session);
    tripsage_auth_close(auth);
}
END_TEST

struct racer {
    tripsage_auth *auth;
    pthread_barrier_t *start;
    tripsage_status status;
};

static void *race(void *context)
{
    struct racer *racer = context;
    tripsage_doc *session = NULL;

    pthread_barrier_wait(racer->start);
    racer->status = sign_up(&session, racer->auth, "ada@example.com", "correct horse");
    tripsage_doc_free(session);
    return NULL;
}

START_TEST(of_many_at_once_one_gets_the_address)
{
    enum { RACERS = 12 };
    tripsage_auth *auth = open_auth();
    struct racer racers[RACERS];
    pthread_t threads[RACERS];
    pthread_barrier_t start;
    int won = 0;

    pthread_barrier_init(&start, NULL, RACERS);
    for (size_t i = 0; i < RACERS; i++) {
        racers[i] = (struct racer){auth, &start, TRIPSAGE_EINTERNAL};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
    }
    for (size_t i = 0; i < RACERS; i++) {
        pthread_join(threads[i], NULL);
        won += racers[i].status == TRIPSAGE_OK;
        ck_assert(racers[i].status == TRIPSAGE_OK || racers[i].status == TRIPSAGE_EEXISTS);
    }
    ck_assert_int_eq(won, 1);
    pthread_barrier_destroy(&start);
    tripsage_auth_close(auth);
}
END_TEST

/* ---- sign in ---- */

START_TEST(sign_in_gives_a_session_of_its_own)
{
    tripsage_auth *auth = open_auth();
    tripsage_doc *first = new_session(auth);
    tripsage_actor *one, *two;
    tripsage_doc *second;

    clock_ms += HOUR / 2;
    ck_assert_ok(sign_in(&second, auth, "Ada@Example.com", "correct horse"));
    check_session(second, "ada@example.com");
    ck_assert_str_eq(tripsage_doc_text(second, "/user/last_sign_in_at"), "2026-03-01T12:30:00.000Z");
    ck_assert_str_eq(tripsage_doc_text(second, "/user/updated_at"), "2026-03-01T12:30:00.000Z");
    one = actor_of(auth, first);
    two = actor_of(auth, second);
    ck_assert_str_eq(tripsage_actor_user_id(one), tripsage_actor_user_id(two));
    ck_assert_str_ne(tripsage_actor_session_id(one), tripsage_actor_session_id(two));
    tripsage_actor_free(one);
    tripsage_actor_free(two);
    tripsage_doc_free(first);
    tripsage_doc_free(second);
    tripsage_auth_close(auth);
}
END_TEST

START_TEST(sign_in_refuses_what_is_wrong_with_the_input)
{
    tripsage_auth *auth = open_auth();
    tripsage_doc *session;

    check_field(tripsage_auth_sign_in, auth, "{\"password\":\"x\"}", "/email");
    check_field(tripsage_auth_sign_in, auth, "{\"email\":\"ada\",\"password\":\"x\"}", "/email");
    check_field(tripsage_auth_sign_in, auth, "{\"email\":\"a@b\"}", "/password");
    check_field(tripsage_auth_sign_in, auth, "{\"email\":\"a@b\",\"password\":\"\"}", "/password");
    check_field(tripsage_auth_sign_in, auth, "{\"email\":\"a@b\",\"password\":\"x\",\"data\":{}}", "/data");
    ck_assert_fails(tripsage_auth_sign_in(&session, auth, NULL, "x", 1), TRIPSAGE_EMALFORMED);
    ck_assert_ptr_null(session);
    tripsage_auth_close(auth);
}
END_TEST

/* An attacker cannot tell which of the two was wrong: the same answer after the same work. */
START_TEST(unknown_address_and_wrong_password_look_and_cost_the_same)
{
    tripsage_auth *auth = open_auth();
    tripsage_doc *session = new_session(auth);
    uint64_t before = tripsage__passwords_count(auth->passwords);
    tripsage_doc *none;
    tripsage_error wrong;

    ck_assert_fails(sign_in(&none, auth, "ada@example.com", "wrong"), TRIPSAGE_ECREDENTIALS);
    wrong = *tripsage_last_error();
    ck_assert_uint_eq(tripsage__passwords_count(auth->passwords), before + 1);
    ck_assert_fails(sign_in(&none, auth, "bob@example.com", "wrong"), TRIPSAGE_ECREDENTIALS);
    ck_assert_uint_eq(tripsage__passwords_count(auth->passwords), before + 2);
    ck_assert_str_eq(tripsage_last_error()->message, wrong.message);
    ck_assert_int_eq(tripsage_last_error()->line, wrong.line);
    ck_assert_ptr_null(none);
    tripsage_doc_free(session);
    tripsage_auth_close(auth);
}
END_TEST

START_TEST(another_cost_makes_the_hash_again)
{
    tripsage__store *store = open_store();
    tripsage_auth_options dearer = cheap_options();
    tripsage_auth *before = auth_over(store, NULL);
    tripsage_doc *session = new_session(before);
    tripsage__account account;
    tripsage_auth *after;

    dearer.argon2_passes = 2;
    after = auth_over(store, &dearer);
    tripsage_doc_free(session);
    ck_assert_fails(sign_in(&session, after, "ada@example.com", "wrong"), TRIPSAGE_ECREDENTIALS);
    ck_assert_uint_eq(tripsage__passwords_count(after->passwords), 1); /* a wrong password is not made again */
    for (int i = 0; i < 2; i++) {
        ck_assert_ok(sign_in(&session, after, "ada@example.com", "correct horse"));
        tripsage_doc_free(session);
        ck_assert_uint_eq(tripsage__passwords_count(after->passwords), i == 0 ? 3 : 4); /* again once, then no more */
        ck_assert_ok(tripsage__account_read(&account, store, &tripsage__sql_account_by_email, "ada@example.com"));
        ck_assert_int_eq(strncmp(account.password_hash, "$argon2id$v=19$m=8,t=2,p=1$", 27), 0);
        ck_assert_int_eq(account.password_version, 1);
        tripsage__account_free(&account);
    }
    tripsage__auth_free(after);
    tripsage__auth_free(before);
    tripsage__store_release(store);
}
END_TEST

/* ---- two at once, made to happen by what the clock does when it is read in between ---- */

static tripsage_auth *other_auth;
static const tripsage_actor *other_actor;
static const char *other_change;

static void change_in_between(void)
{
    tripsage_doc *user;

    ck_assert_ok(tripsage_auth_user_update(&user, other_auth, other_actor, other_change, TRIPSAGE_NUL));
    tripsage_doc_free(user);
}

START_TEST(a_password_changed_in_between_lets_nobody_in_with_the_old_one)
{
    tripsage_auth *auth = open_auth();
    tripsage_doc *session = new_session(auth);
    tripsage_actor *actor = actor_of(auth, session);
    tripsage_doc *late;

    other_auth = auth;
    other_actor = actor;
    other_change = "{\"password\":\"battery staple\"}";
    at_clock = change_in_between;
    ck_assert_fails(sign_in(&late, auth, "ada@example.com", "correct horse"), TRIPSAGE_ECREDENTIALS);
    ck_assert_ptr_null(late);
    ck_assert_ok(sign_in(&late, auth, "ada@example.com", "battery staple"));
    tripsage_doc_free(late);
    tripsage_actor_free(actor);
    tripsage_doc_free(session);
    tripsage_auth_close(auth);
}
END_TEST

START_TEST(an_update_in_between_is_not_lost)
{
    tripsage_auth *auth = open_auth();
    tripsage_doc *session = new_session(auth);
    tripsage_actor *actor = actor_of(auth, session);
    tripsage_doc *user;

    other_auth = auth;
    other_actor = actor;
    other_change = "{\"data\":{\"theirs\":1},\"full_name\":\"Ada\"}";
    at_clock = change_in_between;
    ck_assert_ok(tripsage_auth_user_update(&user, auth, actor, "{\"data\":{\"ours\":2}}", TRIPSAGE_NUL));
    ck_assert_int_eq(tripsage_doc_int(user, "/user_metadata/theirs", 0), 1);
    ck_assert_int_eq(tripsage_doc_int(user, "/user_metadata/ours", 0), 2);
    ck_assert_str_eq(tripsage_doc_text(user, "/full_name"), "Ada");
    tripsage_doc_free(user);
    tripsage_actor_free(actor);
    tripsage_doc_free(session);
    tripsage_auth_close(auth);
}
END_TEST

/* ---- one's own account ---- */

START_TEST(user_is_what_the_session_said)
{
    tripsage_auth *auth = open_auth();
    tripsage_doc *session = new_session(auth);
    tripsage_actor *from_token = actor_of(auth, session);
    tripsage_actor *from_id;
    tripsage_doc *one, *two;

    ck_assert_ok(tripsage_actor_user(&from_id, tripsage_doc_text(session, "/user/id")));
    ck_assert_ok(tripsage_auth_user(&one, auth, from_token));
    ck_assert_ok(tripsage_auth_user(&two, auth, from_id));
    ck_assert_ptr_nonnull(strstr(tripsage_doc_json(session, NULL), tripsage_doc_json(one, NULL)));
    ck_assert_str_eq(tripsage_doc_json(one, NULL), tripsage_doc_json(two, NULL));
    tripsage_doc_free(one);
    tripsage_doc_free(two);
    tripsage_actor_free(from_token);
    tripsage_actor_free(from_id);
    tripsage_doc_free(session);
    tripsage_auth_close(auth);
}
END_TEST

START_TEST(who_has_no_account_has_none_to_see_or_change)
{
    tripsage_auth *auth = open_auth();
    tripsage_actor *stranger, *service;
    tripsage_doc *user;

    ck_assert_ok(tripsage_actor_user(&stranger, "018f6b1e-7c3a-7d10-9d5c-2f1b0a3c4d5e"));
    ck_assert_ok(tripsage_actor_service(&service));
    ck_assert_fails(tripsage_auth_user(&user, auth, NULL), TRIPSAGE_EUNAUTHENTICATED);
    ck_assert_fails(tripsage_auth_user(&user, auth, stranger), TRIPSAGE_ENOTFOUND);
    ck_assert_fails(tripsage_auth_user(&user, auth, service), TRIPSAGE_ENOTFOUND);
    ck_assert_ptr_null(user);
    ck_assert_fails(tripsage_auth_user_update(&user, auth, NULL, "{}", 2), TRIPSAGE_EUNAUTHENTICATED);
    ck_assert_fails(tripsage_auth_user_update(&user, auth, stranger, "{}", 2), TRIPSAGE_ENOTFOUND);
    ck_assert_fails(tripsage_auth_user_update(&user, auth, service, "{}", 2), TRIPSAGE_ENOTFOUND);
    ck_assert_ptr_null(user);
    tripsage_actor_free(stranger);
    tripsage_actor_free(service);
    tripsage_auth_close(auth);
}
END_TEST

START_TEST(the_service_role_finds_an_account_by_its_address)
{
    tripsage_auth *auth = open_auth();
    tripsage_doc *session = new_session(auth);
    tripsage_actor *ada = actor_of(auth, session);
    tripsage_actor *service;
    tripsage_doc *own, *found;

    ck_assert_ok(tripsage_actor_service(&service));
    ck_assert_ok(tripsage_auth_user(&own, auth, ada));
    ck_assert_ok(tripsage_auth_find_user(&found, auth, service, "Ada@Example.com"));
    ck_assert_str_eq(tripsage_doc_json(found, NULL), tripsage_doc_json(own, NULL));
    tripsage_doc_free(found);
    ck_assert_fails(tripsage_auth_find_user(&found, auth, service, "grace@example.com"), TRIPSAGE_ENOTFOUND);
    ck_assert_ptr_null(found);
    ck_assert_fails(tripsage_auth_find_user(&found, auth, service, "no address"), TRIPSAGE_EINVALID);
    assert_field("#email");
    ck_assert_fails(tripsage_auth_find_user(&found, auth, service, NULL), TRIPSAGE_EINVALID);
    ck_assert_fails(tripsage_auth_find_user(&found, auth, ada, "ada@example.com"), TRIPSAGE_EFORBIDDEN);
    ck_assert_fails(tripsage_auth_find_user(&found, auth, NULL, "ada@example.com"), TRIPSAGE_EUNAUTHENTICATED);
    ck_assert_ptr_null(found);
    tripsage_doc_free(own);
    tripsage_actor_free(service);
    tripsage_actor_free(ada);
    tripsage_doc_free(session);
    tripsage_auth_close(auth);
}
END_TEST

START_TEST(update_merges_data_and_sets_the_name)
{
    tripsage_auth *auth = open_auth();
    tripsage_doc *session = new_session(auth);
    tripsage_actor *actor = actor_of(auth, session);
    tripsage_doc *user;

    clock_ms += HOUR;
    ck_assert_ok(tripsage_auth_user_update(
        &user, auth, actor, "{\"full_name\":\"Ada\",\"data\":{\"a\":1,\"b\":{\"c\":2,\"d\":3},\"n\":null}}",
        TRIPSAGE_NUL));
    ck_assert_str_eq(tripsage_doc_text(user, "/full_name"), "Ada");
    ck_assert_str_eq(tripsage_doc_text(user, "/updated_at"), "2026-03-01T13:00:00.000Z");
    ck_assert_str_eq(tripsage_doc_text(user, "/created_at"), "2026-03-01T12:00:00.000Z");
    ck_assert_uint_eq(tripsage_doc_count(user, "/user_metadata"), OWN_MARKS + 3); /* a, b and the name */
    tripsage_doc_free(user);
    ck_assert_ok(
        tripsage_auth_user_update(&user, auth, actor, "{\"data\":{\"a\":null,\"b\":{\"c\":4}}}", TRIPSAGE_NUL));
    ck_assert_str_eq(tripsage_doc_value(user, "/user_metadata/b", NULL), "{\"c\":4,\"d\":3}");
    ck_assert_uint_eq(tripsage_doc_count(user, "/user_metadata"), OWN_MARKS + 2);
    ck_assert_str_eq(tripsage_doc_text(user, "/full_name"), "Ada");
    tripsage_doc_free(user);
    ck_assert_ok(tripsage_auth_user_update(&user, auth, actor, "{\"full_name\":null}", TRIPSAGE_NUL));
    ck_assert_ptr_null(tripsage_doc_text(user, "/full_name"));
    tripsage_doc_free(user);
    ck_assert_ok(tripsage_auth_user(&user, auth, actor));
    ck_assert_ptr_null(tripsage_doc_text(user, "/full_name"));
    ck_assert_str_eq(tripsage_doc_value(user, "/user_metadata/b", NULL), "{\"c\":4,\"d\":3}");
    ck_assert_uint_eq(tripsage_doc_count(user, "/user_metadata"), OWN_MARKS + 1);
    tripsage_doc_free(user);
    tripsage_actor_free(actor);
    tripsage_doc_free(session);
    tripsage_auth_close(auth);
}
END_TEST

START_TEST(update_refuses_what_is_wrong_with_the_input)
{
    static const struct {
        const char *json, *pointer;
    } wrong[] = {{"{\"email\":\"b\"}", "/email"},
                 {"{\"password\":\"short\"}", "/password"},
                 {"{\"password\":7}", "/password"},
                 {"{\"full_name\":7}", "/full_name"},
                 {"{\"full_name\":\" \"}", "/full_name"},
                 {"{\"data\":\"x\"}", "/data"},
                 {"{\"app_metadata\":{}}", "/app_metadata"},
                 {"[]", ""}};
    tripsage_auth *auth = open_auth();
    tripsage_doc *session = new_session(auth);
    tripsage_actor *actor = actor_of(auth, session);
    tripsage_doc *user;

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        ck_assert_fails(tripsage_auth_user_update(&user, auth, actor, wrong[i].json, TRIPSAGE_NUL), TRIPSAGE_EINVALID);
        ck_assert_ptr_null(user);
        assert_field(wrong[i].pointer);
    }
    ck_assert_fails(tripsage_auth_user_update(&user, auth, actor, "{", 1), TRIPSAGE_EMALFORMED);
    tripsage_actor_free(actor);
    tripsage_doc_free(session);
    tripsage_auth_close(auth);
}
END_TEST

/* What is there counts: two halves are too large together, and leave the first as it was. */
START_TEST(update_bounds_the_merged_data)
{
    tripsage_auth *auth = open_auth();
    tripsage_doc *session = new_session(auth);
    tripsage_actor *actor = actor_of(auth, session);
    char json[4200];
    tripsage_doc *user;

    snprintf(json, sizeof json, "{\"data\":{\"a\":\"%03000d\"}}", 0);
    ck_assert_ok(tripsage_auth_user_update(&user, auth, actor, json, TRIPSAGE_NUL));
    tripsage_doc_free(user);
    snprintf(json, sizeof json, "{\"data\":{\"b\":\"%03000d\"}}", 0);
    ck_assert_fails(tripsage_auth_user_update(&user, auth, actor, json, TRIPSAGE_NUL), TRIPSAGE_EINVALID);
    assert_field("/data");
    ck_assert_ok(tripsage_auth_user(&user, auth, actor));
    ck_assert_uint_eq(tripsage_doc_count(user, "/user_metadata"), OWN_MARKS + 1);
    tripsage_doc_free(user);
    snprintf(json, sizeof json, "{\"data\":{\"a\":null,\"b\":\"%03000d\"}}", 0);
    ck_assert_ok(tripsage_auth_user_update(&user, auth, actor, json, TRIPSAGE_NUL));
    tripsage_doc_free(user);
    tripsage_actor_free(actor);
    tripsage_doc_free(session);
    tripsage_auth_close(auth);
}
END_TEST

/* {"data":{"a0":1,"a1":1,...}} */
static void members_of(char *out, size_t size, const char *prefix, int count)
{
    size_t length = (size_t)snprintf(out, size, "{\"data\":{");

    for (int i = 0; i < count; i++)
        length += (size_t)snprintf(out + length, size - length, "%s\"%s%d\":1", i ? "," : "", prefix, i);
    snprintf(out + length, size - length, "}}");
}

/* A token carries the data, and is read by the same rules as any document: data that it does not take would lock its user out. */
START_TEST(update_bounds_the_members_of_the_merged_data)
{
    tripsage_auth *auth = open_auth();
    tripsage_doc *session = new_session(auth);
    tripsage_actor *actor = actor_of(auth, session);
    char json[4200];
    tripsage_doc *user;

    members_of(json, sizeof json, "a", 150 - OWN_MARKS);
    ck_assert_ok(tripsage_auth_user_update(&user, auth, actor, json, TRIPSAGE_NUL));
    tripsage_doc_free(user);
    members_of(json, sizeof json, "b", 107);
    ck_assert_fails(tripsage_auth_user_update(&user, auth, actor, json, TRIPSAGE_NUL), TRIPSAGE_EINVALID);
    ck_assert_ptr_null(user);
    assert_field("/data");
    members_of(json, sizeof json, "b", 106);
    ck_assert_ok(tripsage_auth_user_update(&user, auth, actor, json, TRIPSAGE_NUL));
    ck_assert_uint_eq(tripsage_doc_count(user, "/user_metadata"), 256);
    tripsage_doc_free(user);
    tripsage_doc_free(session);
    tripsage_actor_free(actor);
    ck_assert_ok(sign_in(&session, auth, "ada@example.com", "correct horse"));
    actor = actor_of(auth, session);
    ck_assert_ok(tripsage_auth_user_update(&user, auth, actor, "{\"data\":{\"a0\":2}}", TRIPSAGE_NUL));
    tripsage_doc_free(user);
    tripsage_actor_free(actor);
    tripsage_doc_free(session);
    tripsage_auth_close(auth);
}
END_TEST

START_TEST(a_new_password_ends_the_other_sessions)
{
    tripsage_auth *auth = open_auth();
    tripsage_doc *here = new_session(auth);
    tripsage_actor *actor = actor_of(auth, here);
    tripsage_doc *there, *user;
    tripsage_actor *other;

    ck_assert_ok(sign_in(&there, auth, "ada@example.com", "correct horse"));
    tripsage_actor_free(actor_of(auth, there)); /* known to be good */
    ck_assert_ok(tripsage_auth_user_update(&user, auth, actor, "{\"full_name\":\"Ada\"}", TRIPSAGE_NUL));
    tripsage_doc_free(user);
    tripsage_actor_free(actor_of(auth, there)); /* a new name ends nothing */
    ck_assert_ok(tripsage_auth_user_update(&user, auth, actor, "{\"password\":\"battery staple\"}", TRIPSAGE_NUL));
    tripsage_doc_free(user);
    ck_assert_fails(verify(&other, auth, there), TRIPSAGE_ETOKEN);
    tripsage_actor_free(actor_of(auth, here));
    tripsage_doc_free(there);
    ck_assert_fails(sign_in(&there, auth, "ada@example.com", "correct horse"), TRIPSAGE_ECREDENTIALS);
    ck_assert_ok(sign_in(&there, auth, "ada@example.com", "battery staple"));
    tripsage_doc_free(there);
    tripsage_actor_free(actor);
    tripsage_doc_free(here);
    tripsage_auth_close(auth);
}
END_TEST

/* ---- sign out ---- */

START_TEST(sign_out_ends_one_session_at_once)
{
    tripsage_auth *auth = open_auth();
    tripsage_doc *here = new_session(auth);
    tripsage_actor *actor = actor_of(auth, here);
    tripsage_actor *none;
    tripsage_doc *there;

    ck_assert_ok(sign_in(&there, auth, "ada@example.com", "correct horse"));
    tripsage_actor_free(actor_of(auth, there));
    ck_assert_ok(tripsage_auth_sign_out(auth, actor, TRIPSAGE_SIGN_OUT_LOCAL));
    ck_assert_fails(verify(&none, auth, here), TRIPSAGE_ETOKEN);
    ck_assert_ptr_null(none);
    tripsage_actor_free(actor_of(auth, there));
    ck_assert_ok(tripsage_auth_sign_out(auth, actor, TRIPSAGE_SIGN_OUT_LOCAL)); /* once more changes nothing */
    ck_assert_fails(verify(&none, auth, here), TRIPSAGE_ETOKEN);
    tripsage_actor_free(actor);
    tripsage_doc_free(here);
    tripsage_doc_free(there);
    tripsage_auth_close(auth);
}
END_TEST

START_TEST(sign_out_needs_a_session)
{
    tripsage_auth *auth = open_auth();
    tripsage_actor *user, *service;

    ck_assert_ok(tripsage_actor_user(&user, "018f6b1e-7c3a-7d10-9d5c-2f1b0a3c4d5e"));
    ck_assert_ok(tripsage_actor_service(&service));
    ck_assert_fails(tripsage_auth_sign_out(auth, NULL, TRIPSAGE_SIGN_OUT_LOCAL), TRIPSAGE_EUNAUTHENTICATED);
    ck_assert_fails(tripsage_auth_sign_out(auth, user, TRIPSAGE_SIGN_OUT_LOCAL), TRIPSAGE_EINVALID);
    assert_field("#actor");
    ck_assert_fails(tripsage_auth_sign_out(auth, service, TRIPSAGE_SIGN_OUT_LOCAL), TRIPSAGE_EINVALID);
    tripsage_actor_free(user);
    tripsage_actor_free(service);
    tripsage_auth_close(auth);
}
END_TEST

SUITE_MAIN("auth/accounts", sign_up_gives_a_session, sign_up_needs_no_name_and_no_data,
           sign_up_refuses_what_is_wrong_with_the_input, passwords_are_measured_in_characters_and_bounded_in_bytes,
           data_is_bounded_by_what_fits_into_a_token, one_address_has_one_account, of_many_at_once_one_gets_the_address,
           sign_in_gives_a_session_of_its_own, sign_in_refuses_what_is_wrong_with_the_input,
           unknown_address_and_wrong_password_look_and_cost_the_same, another_cost_makes_the_hash_again,
           a_password_changed_in_between_lets_nobody_in_with_the_old_one, an_update_in_between_is_not_lost,
           user_is_what_the_session_said, who_has_no_account_has_none_to_see_or_change,
           the_service_role_finds_an_account_by_its_address, update_merges_data_and_sets_the_name,
           update_refuses_what_is_wrong_with_the_input, update_bounds_the_merged_data,
           update_bounds_the_members_of_the_merged_data, a_new_password_ends_the_other_sessions,
           sign_out_ends_one_session_at_once, sign_out_needs_a_session)
