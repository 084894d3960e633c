/* fixture.h: accounts over a database in memory, with a clock the test sets and passwords that hash fast. */
#ifndef TRIPSAGE_TESTS_UNIT_AUTH_FIXTURE_H
#define TRIPSAGE_TESTS_UNIT_AUTH_FIXTURE_H

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "../suite.h"
#include "auth/auth_internal.h"

/* 2026-03-01T12:00:00Z */
#define NOON INT64_C(1772366400000)
#define HOUR INT64_C(3600000)

#define SECRET "a-test-secret-of-at-least-32-bytes!"

/* What the library sees as the time; `at_clock` runs, once, the next time it looks. */
static _Atomic int64_t clock_ms = NOON;
typedef void (*clock_hook)(void);
static _Atomic(clock_hook) at_clock;

static inline int64_t read_clock(void *user)
{
    clock_hook run = atomic_exchange(&at_clock, (clock_hook)0);

    (void)user;
    if (run)
        run();
    return clock_ms;
}

static inline tripsage_runtime test_runtime(void)
{
    tripsage_runtime runtime = TRIPSAGE_RUNTIME_INIT;

    runtime.now_ms = read_clock;
    return runtime;
}

static inline tripsage_auth_options cheap_options(void)
{
    tripsage_auth_options options = TRIPSAGE_AUTH_OPTIONS_INIT;

    options.jwt_secret = SECRET;
    options.argon2_memory_kib = 8;
    options.argon2_passes = 1;
    options.no_limits = 1;
    return options;
}

/* The failed call complained about this place, and nothing else. */
static inline void assert_field(const char *pointer)
{
    const tripsage_error *error = tripsage_last_error();

    ck_assert_int_eq(error->status, TRIPSAGE_EINVALID);
    ck_assert_msg(error->field_count == 1, "%zu fields: %s", error->field_count, error->message);
    ck_assert_str_eq(error->fields[0].pointer, pointer);
}

static inline tripsage__store *open_store(void)
{
    tripsage_runtime runtime = test_runtime();
    tripsage__store_options options = {.runtime = &runtime};
    tripsage__store *store;

    ck_assert_ok(tripsage__store_open(&store, "sqlite::memory:", &options));
    return store;
}

/* A handle over `store`; `options` may be NULL. */
static inline tripsage_auth *auth_over(tripsage__store *store, const tripsage_auth_options *options)
{
    tripsage_auth_options cheap = cheap_options();
    tripsage_auth *auth;

    ck_assert_ok(tripsage__auth_new(&auth, store, NULL, options ? options : &cheap));
    return auth;
}

static inline tripsage_auth *open_auth(void)
{
    tripsage_runtime runtime = test_runtime();
    tripsage_auth_options options = cheap_options();
    tripsage_auth *auth;

    ck_assert_ok(tripsage_auth_open(&auth, "sqlite::memory:", &options, &runtime));
    return auth;
}

static inline tripsage_status sign_up(tripsage_doc **session, tripsage_auth *auth, const char *email,
                                      const char *password)
{
    char json[512];

    snprintf(json, sizeof json, "{\"email\":\"%s\",\"password\":\"%s\"}", email, password);
    return tripsage_auth_sign_up(session, auth, NULL, json, TRIPSAGE_NUL);
}

static inline tripsage_status sign_in(tripsage_doc **session, tripsage_auth *auth, const char *email,
                                      const char *password)
{
    char json[512];

    snprintf(json, sizeof json, "{\"email\":\"%s\",\"password\":\"%s\"}", email, password);
    return tripsage_auth_sign_in(session, auth, NULL, json, TRIPSAGE_NUL);
}

/* A new account ada@example.com with the password "correct horse", signed in. */
static inline tripsage_doc *new_session(tripsage_auth *auth)
{
    tripsage_doc *session;

    ck_assert_ok(sign_up(&session, auth, "ada@example.com", "correct horse"));
    return session;
}

static inline const char *token_of(tripsage_doc *session)
{
    const char *token = tripsage_doc_text(session, "/access_token");

    ck_assert_ptr_nonnull(token);
    return token;
}

static inline tripsage_status verify(tripsage_actor **actor, tripsage_auth *auth, tripsage_doc *session)
{
    return tripsage_auth_verify(actor, auth, token_of(session), TRIPSAGE_NUL);
}

/* The actor of a session; it must be a good one. */
static inline tripsage_actor *actor_of(tripsage_auth *auth, tripsage_doc *session)
{
    tripsage_actor *actor;

    ck_assert_ok(verify(&actor, auth, session));
    return actor;
}

#endif
