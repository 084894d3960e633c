/* verify_test.c: tokens verified against the session, remembered, and forgotten in time. */
#include <pthread.h>

#include "base/memory.h"
#include "fixture.h"

static tripsage_cache *open_cache(void)
{
    tripsage_runtime runtime = test_runtime();
    tripsage_cache *cache;

    ck_assert_ok(tripsage_cache_open(&cache, NULL, &runtime));
    return cache;
}

static tripsage_auth *auth_with(tripsage__store *store, tripsage_cache *cache)
{
    tripsage_auth_options options = cheap_options();
    tripsage_auth *auth;

    ck_assert_ok(tripsage__auth_new(&auth, store, cache, &options));
    return auth;
}

static tripsage_cache_stats stats_of(tripsage_cache *cache)
{
    tripsage_cache_stats stats;

    ck_assert_ok(tripsage_cache_get_stats(&stats, cache));
    return stats;
}

START_TEST(the_second_time_comes_from_memory)
{
    tripsage__store *store = open_store();
    tripsage_cache *cache = open_cache();
    tripsage_auth *auth = auth_with(store, cache);
    tripsage_doc *session = new_session(auth);
    tripsage_actor *cold = actor_of(auth, session);
    tripsage_actor *hot;

    ck_assert_uint_eq(stats_of(cache).hits, 0);
    ck_assert_uint_eq(stats_of(cache).sets, 1);
    hot = actor_of(auth, session);
    ck_assert_uint_eq(stats_of(cache).hits, 1);
    ck_assert_uint_eq(stats_of(cache).sets, 1);
    ck_assert_str_eq(tripsage_actor_user_id(hot), tripsage_actor_user_id(cold));
    ck_assert_str_eq(tripsage_actor_session_id(hot), tripsage_actor_session_id(cold));
    ck_assert_str_eq(tripsage_actor_claims(hot), tripsage_actor_claims(cold));
    ck_assert_int_eq(hot->expires_at_ms, cold->expires_at_ms);
    ck_assert(!hot->is_service);
    tripsage_actor_free(cold);
    tripsage_actor_free(hot);
    tripsage_doc_free(session);
    tripsage__auth_free(auth);
    tripsage_cache_close(cache);
    tripsage__store_release(store);
}
END_TEST

/* Also after the user has signed out before, when the user's counter stands somewhere else. */
START_TEST(a_new_session_is_remembered_too)
{
    tripsage__store *store = open_store();
    tripsage_cache *cache = open_cache();
    tripsage_auth *auth = auth_with(store, cache);
    tripsage_doc *session = new_session(auth);
    tripsage_actor *actor = actor_of(auth, session);

    ck_assert_ok(tripsage_auth_sign_out(auth, actor, TRIPSAGE_SIGN_OUT_LOCAL));
    tripsage_doc_free(session);
    ck_assert_ok(sign_in(&session, auth, "ada@example.com", "correct horse"));
    for (int i = 0; i < 3; i++)
        tripsage_actor_free(actor_of(auth, session));
    ck_assert_uint_eq(stats_of(cache).sets, 2);
    ck_assert_uint_eq(stats_of(cache).hits, 2);
    tripsage_actor_free(actor);
    tripsage_doc_free(session);
    tripsage__auth_free(auth);
    tripsage_cache_close(cache);
    tripsage__store_release(store);
}
END_TEST

/* Two handles over one store are what two processes are to each other. */
START_TEST(a_session_ended_elsewhere_is_noticed_within_a_minute)
{
    tripsage__store *store = open_store();
    tripsage_auth *here = auth_over(store, NULL);
    tripsage_auth *there = auth_over(store, NULL);
    tripsage_doc *session = new_session(here);
    tripsage_actor *actor = actor_of(here, session);
    tripsage_actor *none;

    ck_assert_ok(tripsage_auth_sign_out(there, actor, TRIPSAGE_SIGN_OUT_LOCAL));
    ck_assert_fails(verify(&none, there, session), TRIPSAGE_ETOKEN);
    clock_ms += 59999;
    tripsage_actor_free(actor_of(here, session)); /* remembered, without a look at the store */
    clock_ms += 1;
    ck_assert_fails(verify(&none, here, session), TRIPSAGE_ETOKEN);
    ck_assert_ptr_null(none);
    tripsage_actor_free(actor);
    tripsage_doc_free(session);
    tripsage__auth_free(here);
    tripsage__auth_free(there);
    tripsage__store_release(store);
}
END_TEST

/* The minute is the handle's own, whatever clock a borrowed cache goes by. */
START_TEST(a_cache_that_stands_still_prolongs_nothing)
{
    tripsage__store *store = open_store();
    tripsage_cache *cache;
    tripsage_auth *here, *there;
    tripsage_doc *session;
    tripsage_actor *actor, *none;

    ck_assert_ok(tripsage_cache_open(&cache, NULL, NULL)); /* the system's clock: no minute passes during a test */
    here = auth_with(store, cache);
    there = auth_over(store, NULL);
    session = new_session(here);
    actor = actor_of(here, session);
    ck_assert_ok(tripsage_auth_sign_out(there, actor, TRIPSAGE_SIGN_OUT_LOCAL));
    clock_ms += 59999;
    tripsage_actor_free(actor_of(here, session));
    clock_ms += 1;
    ck_assert_fails(verify(&none, here, session), TRIPSAGE_ETOKEN);
    tripsage_actor_free(actor);
    tripsage_doc_free(session);
    tripsage__auth_free(here);
    tripsage__auth_free(there);
    tripsage_cache_close(cache);
    tripsage__store_release(store);
}
END_TEST

START_TEST(a_remembered_token_expires_on_time)
{
    tripsage_auth *auth = open_auth();
    tripsage_doc *session = new_session(auth);
    tripsage_actor *none;

    clock_ms = NOON + HOUR + 59990; /* ten milliseconds of grace left */
    tripsage_actor_free(actor_of(auth, session));
    clock_ms += 9;
    tripsage_actor_free(actor_of(auth, session));
    clock_ms += 1;
    ck_assert_fails(verify(&none, auth, session), TRIPSAGE_EEXPIRED);
    clock_ms += 24 * HOUR;
    ck_assert_fails(verify(&none, auth, session), TRIPSAGE_EEXPIRED);
    tripsage_doc_free(session);
    tripsage_auth_close(auth);
}
END_TEST

/* A clock set back must not make old verifications young. */
START_TEST(a_clock_set_back_makes_nothing_younger)
{
    tripsage__store *store = open_store();
    tripsage_auth *here = auth_over(store, NULL);
    tripsage_auth *there = auth_over(store, NULL);
    tripsage_doc *session = new_session(here);
    tripsage_actor *actor = actor_of(here, session);
    tripsage_actor *none;

    ck_assert_ok(tripsage_auth_sign_out(there, actor, TRIPSAGE_SIGN_OUT_LOCAL));
    clock_ms -= 10;
    ck_assert_fails(verify(&none, here, session), TRIPSAGE_ETOKEN);
    tripsage_actor_free(actor);
    tripsage_doc_free(session);
    tripsage__auth_free(here);
    tripsage__auth_free(there);
    tripsage__store_release(store);
}
END_TEST

/* The cache is shared: others may clear it and write to it. Neither lets anybody in. */
START_TEST(a_shared_cache_is_not_believed)
{
    tripsage__store *store = open_store();
    tripsage_cache *cache = open_cache();
    tripsage_auth *auth = auth_with(store, cache);
    tripsage_auth *twin = auth_with(store, cache);
    tripsage_doc *session = new_session(auth);
    tripsage_actor *actor = actor_of(auth, session);
    tripsage_actor *none;
    uint64_t cleared;

    ck_assert_ok(tripsage_auth_sign_out(auth, actor, TRIPSAGE_SIGN_OUT_LOCAL));
    ck_assert_ok(tripsage_cache_clear(&cleared, cache, "", 0));
    ck_assert_uint_eq(cleared, 1);
    ck_assert_fails(verify(&none, auth, session), TRIPSAGE_ETOKEN);
    tripsage_doc_free(session);

    ck_assert_ok(sign_in(&session, auth, "ada@example.com", "correct horse"));
    tripsage_actor_free(actor_of(auth, session));
    tripsage_actor_free(actor_of(twin, session));
    ck_assert_uint_eq(stats_of(cache).hits, 0); /* each has its own names for the same token */
    ck_assert_uint_eq(stats_of(cache).entries, 2);
    tripsage_actor_free(actor);
    tripsage_doc_free(session);
    tripsage__auth_free(auth);
    tripsage__auth_free(twin);
    tripsage_cache_close(cache);
    tripsage__store_release(store);
}
END_TEST

START_TEST(a_token_of_an_ended_or_foreign_session_is_refused)
{
    tripsage__store *store = open_store();
    tripsage__store *elsewhere = open_store();
    tripsage_auth *auth = auth_over(store, NULL);
    tripsage_auth *same_key = auth_over(elsewhere, NULL);
    tripsage_doc *session = new_session(auth);
    tripsage_actor *none;

    ck_assert_fails(verify(&none, same_key, session), TRIPSAGE_ETOKEN);
    tripsage_doc_free(session);
    tripsage__auth_free(auth);
    tripsage__auth_free(same_key);
    tripsage__store_release(store);
    tripsage__store_release(elsewhere);
}
END_TEST

/* A good signature does not make one user's session another's. */
START_TEST(a_session_belongs_to_its_user)
{
    tripsage_auth *auth = open_auth();
    tripsage_doc *doc = new_session(auth);
    tripsage_actor *actor = actor_of(auth, doc);
    const tripsage__account other = {.id = "018f6b1e-7c3a-7d10-9d5c-2f1b0a3c4d5e",
                                     .email = "eve@example.com",
                                     .role = "authenticated",
                                     .user_metadata = "{}",
                                     .app_metadata = "{}"};
    tripsage__session session = {.created_at = NOON, .expires_at = NOON + HOUR};
    tripsage_actor *none;
    char *token;

    memcpy(session.id, actor->session_id, sizeof session.id);
    ck_assert_ok(tripsage__auth_sign(&token, auth, &other, &session));
    ck_assert_fails(tripsage_auth_verify(&none, auth, token, TRIPSAGE_NUL), TRIPSAGE_ETOKEN);
    tripsage__free(token);
    tripsage_actor_free(actor);
    tripsage_doc_free(doc);
    tripsage_auth_close(auth);
}
END_TEST

START_TEST(what_is_no_token_is_refused)
{
    tripsage_auth *auth = open_auth();
    tripsage_doc *session = new_session(auth);
    const char *token = token_of(session);
    char longest[TRIPSAGE__TOKEN_MAX + 2];
    tripsage_actor *actor;

    memset(longest, 'a', sizeof longest);
    ck_assert_fails(tripsage_auth_verify(&actor, auth, NULL, 0), TRIPSAGE_ETOKEN);
    ck_assert_fails(tripsage_auth_verify(&actor, auth, NULL, TRIPSAGE_NUL), TRIPSAGE_ETOKEN);
    ck_assert_fails(tripsage_auth_verify(&actor, auth, "", 0), TRIPSAGE_ETOKEN);
    ck_assert_fails(tripsage_auth_verify(&actor, auth, "x", 1), TRIPSAGE_ETOKEN);
    ck_assert_fails(tripsage_auth_verify(&actor, auth, longest, TRIPSAGE__TOKEN_MAX), TRIPSAGE_ETOKEN);
    ck_assert_fails(tripsage_auth_verify(&actor, auth, longest, TRIPSAGE__TOKEN_MAX + 1), TRIPSAGE_ETOKEN);
    ck_assert_fails(tripsage_auth_verify(&actor, auth, token, strlen(token) - 1), TRIPSAGE_ETOKEN);
    ck_assert_ptr_null(actor);
    ck_assert_ok(tripsage_auth_verify(&actor, auth, token, strlen(token))); /* with its length too */
    tripsage_actor_free(actor);
    tripsage_doc_free(session);
    tripsage_auth_close(auth);
}
END_TEST

/* ---- in the middle of things ---- */

/* Verified just before the session ended, remembered just after: must not be believed. */
START_TEST(an_end_between_check_and_memory_is_noticed)
{
    tripsage_actor actor = {.user_id = "018f6b1e-7c3a-7d10-9d5c-2f1b0a3c4d5e",
                            .session_id = "018f6b1e-7c3a-7d10-9d5c-000000000001",
                            .claims = (char[]){"{}"},
                            .expires_at_ms = NOON + HOUR};
    tripsage_runtime runtime = test_runtime();
    tripsage__verified *verified;
    tripsage__verified_key name;
    tripsage_actor *found;
    tripsage__env *env;
    uint32_t generation;

    ck_assert_ok(tripsage__env_new(&env, &runtime));
    ck_assert_ok(tripsage__verified_new(&verified, env, NULL));
    tripsage__verified_name(&name, verified, "token", 5);
    ck_assert_int_eq(tripsage__verified_find(&found, verified, &name, NOON), TRIPSAGE_ENOTFOUND);
    generation = tripsage__verified_generation(verified, actor.user_id);
    tripsage__verified_keep(verified, &name, &actor, generation, NOON);
    ck_assert_ok(tripsage__verified_find(&found, verified, &name, NOON));
    tripsage_actor_free(found);

    name.token = "tokem"; /* another one that by chance is called the same */
    ck_assert_int_eq(tripsage__verified_find(&found, verified, &name, NOON), TRIPSAGE_ENOTFOUND);
    name.token = "token";
    name.length = 4;
    ck_assert_int_eq(tripsage__verified_find(&found, verified, &name, NOON), TRIPSAGE_ENOTFOUND);
    name.length = 5;

    generation = tripsage__verified_generation(verified, actor.user_id);
    tripsage__verified_forget(verified, actor.user_id);
    tripsage__verified_keep(verified, &name, &actor, generation, NOON);
    ck_assert_int_eq(tripsage__verified_find(&found, verified, &name, NOON), TRIPSAGE_ENOTFOUND);
    ck_assert_ptr_null(found);
    tripsage__verified_free(verified);
    tripsage__verified_free(NULL);
    tripsage__env_free(env);
}
END_TEST

struct reader {
    tripsage_auth *auth;
    const char *token;
    _Atomic int stop;
    _Atomic size_t refused;
};

static void *keep_verifying(void *context)
{
    struct reader *reader = context;

    while (!reader->stop) {
        tripsage_actor *actor;

        if (tripsage_auth_verify(&actor, reader->auth, reader->token, TRIPSAGE_NUL) != TRIPSAGE_OK)
            reader->refused++;
        tripsage_actor_free(actor);
    }
    return NULL;
}

/* While others verify the same token as fast as they can: once sign-out has returned, it is over. */
START_TEST(sign_out_holds_under_load)
{
    tripsage_auth *auth = open_auth();
    tripsage_doc *session = new_session(auth);

    for (int round = 0; round < 40; round++) {
        struct reader reader = {auth, token_of(session), 0, 0};
        tripsage_actor *actor = actor_of(auth, session);
        tripsage_actor *none;
        pthread_t threads[2];

        for (size_t i = 0; i < 2; i++)
            ck_assert_int_eq(pthread_create(&threads[i], NULL, keep_verifying, &reader), 0);
        ck_assert_ok(tripsage_auth_sign_out(auth, actor, TRIPSAGE_SIGN_OUT_LOCAL));
        for (int i = 0; i < 50; i++)
            ck_assert_fails(verify(&none, auth, session), TRIPSAGE_ETOKEN);
        reader.stop = 1;
        for (size_t i = 0; i < 2; i++)
            pthread_join(threads[i], NULL);
        tripsage_actor_free(actor);
        tripsage_doc_free(session);
        ck_assert_ok(sign_in(&session, auth, "ada@example.com", "correct horse"));
    }
    tripsage_doc_free(session);
    tripsage_auth_close(auth);
}
END_TEST

SUITE_MAIN("auth/verify", the_second_time_comes_from_memory, a_new_session_is_remembered_too,
           a_session_ended_elsewhere_is_noticed_within_a_minute, a_cache_that_stands_still_prolongs_nothing,
           a_remembered_token_expires_on_time, a_clock_set_back_makes_nothing_younger, a_shared_cache_is_not_believed,
           a_token_of_an_ended_or_foreign_session_is_refused, a_session_belongs_to_its_user,
           what_is_no_token_is_refused, an_end_between_check_and_memory_is_noticed, sign_out_holds_under_load)
