/* user_secrets_test.c: secrets of users as they lie in the database, swapped and changed there; and sealing anew, killed on the way. */
#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fixture.h"

#define OLD_KEY "the old secret key, of 32 bytes or more"
#define NEW_KEY "the new secret key, of 32 bytes or more"

static char folder[64], url[96];

static void begin(void)
{
    snprintf(folder, sizeof folder, "/tmp/tripsage-secrets-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(url, sizeof url, "sqlite://%s/t.db", folder);
}

static void end(void)
{
    char command[96];

    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static tripsage_auth *open_with(const char *secret, const char *previous)
{
    tripsage_runtime runtime = test_runtime();
    tripsage_auth_options options = cheap_options();
    tripsage_auth *auth;

    options.secret_key = secret;
    options.previous_secret_key = previous;
    ck_assert_ok(tripsage_auth_open(&auth, url, &options, &runtime));
    return auth;
}

static tripsage_actor *new_user(tripsage_auth *auth, int n)
{
    tripsage_doc *session;
    tripsage_actor *actor;
    char email[32];

    snprintf(email, sizeof email, "u%d@example.com", n);
    ck_assert_ok(sign_up(&session, auth, email, "correct horse"));
    ck_assert_ok(tripsage_actor_user(&actor, tripsage_doc_text(session, "/user/id")));
    tripsage_doc_free(session);
    return actor;
}

static tripsage_status get(tripsage_auth *auth, const char *user_id, const char *name, const char *want)
{
    tripsage_actor *service;
    char *value;
    size_t length = 0;
    tripsage_status status;

    ck_assert_ok(tripsage_actor_service(&service));
    status = tripsage_auth_secret_get(&value, &length, auth, service, user_id, name);
    if (status == TRIPSAGE_OK)
        ck_assert_str_eq(value, want);
    tripsage_auth_secret_free(value, length);
    tripsage_actor_free(service);
    return status;
}

static void tamper(const char *sql)
{
    sqlite3 *db;

    ck_assert_int_eq(sqlite3_open(url + strlen("sqlite://"), &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(db));
    sqlite3_close(db);
}

START_TEST(a_value_is_nothing_in_another_row)
{
    tripsage_auth *auth = open_with(OLD_KEY, NULL);
    tripsage_actor *ann = new_user(auth, 1), *bob = new_user(auth, 2);

    ck_assert_ok(tripsage_auth_secret_put(auth, ann, "openai", "ann's", 5));
    ck_assert_ok(tripsage_auth_secret_put(auth, ann, "maps", "ann's other", 11));
    ck_assert_ok(tripsage_auth_secret_put(auth, bob, "openai", "bob's", 5));
    tamper("UPDATE user_secret SET value = (SELECT value FROM user_secret WHERE hint = '' AND name = 'maps')"
           " WHERE name = 'openai'");
    ck_assert_fails(get(auth, tripsage_actor_user_id(ann), "openai", ""), TRIPSAGE_ECORRUPT);
    ck_assert_fails(get(auth, tripsage_actor_user_id(bob), "openai", ""), TRIPSAGE_ECORRUPT);
    ck_assert_ok(get(auth, tripsage_actor_user_id(ann), "maps", "ann's other"));
    tamper("UPDATE user_secret SET value = substr(value, 1, 30) || 'AAAA' || substr(value, 35)");
    ck_assert_fails(get(auth, tripsage_actor_user_id(ann), "maps", ""), TRIPSAGE_ECORRUPT);
    tripsage_actor_free(ann);
    tripsage_actor_free(bob);
    tripsage_auth_close(auth);
}
END_TEST

/* Where a row cannot be read the call ends, names it and leaves it as it is. */
START_TEST(sealing_anew_stops_at_a_damaged_row)
{
    tripsage_auth *auth = open_with(OLD_KEY, NULL);
    tripsage_actor *ann = new_user(auth, 1), *service;
    tripsage_doc *report;

    ck_assert_ok(tripsage_actor_service(&service));
    ck_assert_ok(tripsage_auth_secret_put(auth, ann, "openai", "ann's", 5));
    tripsage_auth_close(auth);
    tamper("UPDATE user_secret SET value = substr(value, 1, 30) || 'AAAA' || substr(value, 35)");
    auth = open_with(NEW_KEY, OLD_KEY);
    ck_assert_fails(tripsage_auth_reseal(&report, auth, service), TRIPSAGE_ECORRUPT);
    ck_assert_ptr_nonnull(strstr(tripsage_last_error()->message, "user_secret:"));
    ck_assert_ptr_nonnull(strstr(tripsage_last_error()->message, ":openai cannot be read: "));
    tripsage_auth_close(auth);
    tripsage_actor_free(ann);
    tripsage_actor_free(service);
}
END_TEST

enum { USERS = 20, EACH = 30 };

static char user_ids[USERS][TRIPSAGE__UUID_SIZE];

static void fill(void)
{
    tripsage_auth *auth = open_with(OLD_KEY, NULL);

    for (int u = 0; u < USERS; u++) {
        tripsage_actor *actor = new_user(auth, u);

        snprintf(user_ids[u], sizeof user_ids[u], "%s", tripsage_actor_user_id(actor));
        for (int i = 0; i < EACH; i++) {
            char name[16];

            snprintf(name, sizeof name, "s%d", i);
            ck_assert_ok(tripsage_auth_secret_put(auth, actor, name, name, TRIPSAGE_NUL));
        }
        tripsage_actor_free(actor);
    }
    tripsage_auth_close(auth);
}

static void assert_all_there(const char *secret, const char *previous)
{
    tripsage_auth *auth = open_with(secret, previous);

    for (int u = 0; u < USERS; u++)
        for (int i = 0; i < EACH; i++) {
            char name[16];

            snprintf(name, sizeof name, "s%d", i);
            ck_assert_ok(get(auth, user_ids[u], name, name));
        }
    tripsage_auth_close(auth);
}

static int64_t reseal(const char *secret, const char *previous)
{
    tripsage_auth *auth = open_with(secret, previous);
    tripsage_actor *service;
    tripsage_doc *report;
    int64_t resealed;

    ck_assert_ok(tripsage_actor_service(&service));
    ck_assert_ok(tripsage_auth_reseal(&report, auth, service));
    resealed = tripsage_doc_int(report, "/resealed", -1);
    tripsage_doc_free(report);
    tripsage_actor_free(service);
    tripsage_auth_close(auth);
    return resealed;
}

/* A process of its own that seals anew, killed after so many microseconds. */
static void reseal_and_kill(long after_us)
{
    const struct timespec rest = {0, after_us * 1000};
    pid_t child = fork();

    ck_assert_int_ge(child, 0);
    if (child == 0) {
        (void)reseal(NEW_KEY, OLD_KEY);
        _exit(0);
    }
    nanosleep(&rest, NULL);
    kill(child, SIGKILL);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
}

/* At each moment every row is readable under one of the two, and the next run takes up what is left. */
START_TEST(sealing_anew_may_be_killed)
{
    int64_t left;

    fill();
    for (long us = 500; us < 40000; us = us * 3 / 2) {
        reseal_and_kill(us);
        assert_all_there(NEW_KEY, OLD_KEY);
    }
    left = reseal(NEW_KEY, OLD_KEY);
    ck_assert_int_ge(left, 0);
    ck_assert_int_le(left, USERS * EACH);
    ck_assert_int_eq(reseal(NEW_KEY, OLD_KEY), 0);
    assert_all_there(NEW_KEY, NULL);
}
END_TEST

SUITE_MAIN_WITH("auth/user_secrets", begin, end, a_value_is_nothing_in_another_row, sealing_anew_stops_at_a_damaged_row,
                sealing_anew_may_be_killed)
