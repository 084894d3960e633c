/* signing_keys_test.c: the keys of a database: made once, shared, shown, rotated, and noticed by others. */
#include <pthread.h>
#include <sqlite3.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/memory.h"
#include "fixture.h"

#define MINUTE INT64_C(60000)

/* A handle with pairs of keys. */
static tripsage_auth *pairs_over(tripsage__store *store, const char *algorithm)
{
    tripsage_auth_options options = cheap_options();

    options.jwt_secret = NULL;
    options.algorithm = algorithm;
    return auth_over(store, &options);
}

static tripsage_actor *service(void)
{
    tripsage_actor *actor;

    ck_assert_ok(tripsage_actor_service(&actor));
    return actor;
}

static tripsage_status rotate(tripsage_auth *auth)
{
    tripsage_actor *actor = service();
    tripsage_status status = tripsage_auth_rotate_signing_key(auth, actor);

    tripsage_actor_free(actor);
    return status;
}

static tripsage_doc *jwks(tripsage_auth *auth)
{
    tripsage_doc *doc;

    ck_assert_ok(tripsage_auth_jwks(&doc, auth));
    return doc;
}

static tripsage_doc *list(tripsage_auth *auth)
{
    tripsage_actor *actor = service();
    tripsage_doc *doc;

    ck_assert_ok(tripsage_auth_signing_keys(&doc, auth, actor));
    tripsage_actor_free(actor);
    return doc;
}

/* How many keys of a state there are; the id of the last of them. */
static int count_state(tripsage_auth *auth, const char *state, char kid[TRIPSAGE__THUMBPRINT_SIZE])
{
    tripsage_doc *doc = list(auth);
    int count = 0;

    for (int i = 0;; i++) {
        char pointer[64];
        const char *text;

        snprintf(pointer, sizeof pointer, "/keys/%d/state", i);
        text = tripsage_doc_text(doc, pointer);
        if (!text)
            break;
        if (strcmp(text, state) != 0)
            continue;
        count++;
        snprintf(pointer, sizeof pointer, "/keys/%d/kid", i);
        snprintf(kid, TRIPSAGE__THUMBPRINT_SIZE, "%s", tripsage_doc_text(doc, pointer));
    }
    tripsage_doc_free(doc);
    return count;
}

static int shows(tripsage_auth *auth, const char *kid)
{
    tripsage_doc *doc = jwks(auth);
    int found = strstr(tripsage_doc_json(doc, NULL), kid) != NULL;

    tripsage_doc_free(doc);
    return found;
}

/* The key's id in a token's header. */
static void kid_of(char kid[TRIPSAGE__THUMBPRINT_SIZE], tripsage_doc *session)
{
    tripsage__token token;
    const char *text = token_of(session);

    ck_assert_ok(tripsage__token_open(&token, text, strlen(text)));
    snprintf(kid, TRIPSAGE__THUMBPRINT_SIZE, "%.43s", token.kid);
}

static void check_takes(tripsage_auth *auth, tripsage_doc *session)
{
    tripsage_actor_free(actor_of(auth, session));
}

static void check_refuses(tripsage_auth *auth, tripsage_doc *session)
{
    tripsage_actor *none;

    ck_assert_fails(verify(&none, auth, session), TRIPSAGE_ETOKEN);
    ck_assert_str_eq(tripsage_last_error()->reason, "bad_jwt");
}

START_TEST(es256_is_the_default)
{
    tripsage__store *store = open_store();
    tripsage_auth *auth = pairs_over(store, NULL);
    tripsage_doc *session = new_session(auth), *keys = jwks(auth);
    char kid[TRIPSAGE__THUMBPRINT_SIZE], current[TRIPSAGE__THUMBPRINT_SIZE], standby[TRIPSAGE__THUMBPRINT_SIZE];

    kid_of(kid, session);
    ck_assert_int_eq(count_state(auth, "current", current), 1);
    ck_assert_int_eq(count_state(auth, "standby", standby), 1);
    ck_assert_str_eq(kid, current);
    ck_assert(shows(auth, current));
    ck_assert(shows(auth, standby));
    ck_assert_str_eq(tripsage_doc_text(keys, "/keys/0/alg"), "ES256");
    ck_assert_ptr_null(strstr(tripsage_doc_json(keys, NULL), "\"d\""));
    ck_assert_ptr_null(strstr(tripsage_doc_json(keys, NULL), "enc:"));
    check_takes(auth, session);
    tripsage_doc_free(keys);
    tripsage_doc_free(session);
    tripsage__auth_free(auth);
    tripsage__store_release(store);
}
END_TEST

/* A token is good for whoever has the JWKS: the way Supabase's own clients check it. */
static void check_token_by_jwks(const char *algorithm)
{
    tripsage__store *store = open_store();
    tripsage_auth *auth = pairs_over(store, algorithm);
    tripsage_doc *session = new_session(auth), *doc = jwks(auth);
    const char *text = token_of(session), *json = tripsage_doc_json(doc, NULL);
    tripsage__token_key key = {"", NULL, NULL, 0};
    tripsage__keyset *set;
    tripsage__token token;
    tripsage_actor *actor;

    ck_assert_ok(tripsage__keyset_parse(&set, json, strlen(json)));
    ck_assert_ok(tripsage__token_open(&token, text, strlen(text)));
    ck_assert_str_eq(tripsage__algorithm_name(token.algorithm), algorithm);
    key.pair = tripsage__keyset_find(set, token.kid, token.algorithm, NOON);
    ck_assert_ptr_nonnull(key.pair);
    ck_assert_ok(tripsage__token_actor(&actor, &token, &key, "tripsage", NOON));
    tripsage_actor_free(actor);
    tripsage__keyset_release(set);
    tripsage_doc_free(doc);
    tripsage_doc_free(session);
    tripsage__auth_free(auth);
    tripsage__store_release(store);
}

START_TEST(anybody_can_check_a_token)
{
    check_token_by_jwks("ES256");
    check_token_by_jwks("RS256");
}
END_TEST

START_TEST(a_secret_is_shown_to_nobody)
{
    tripsage__store *store = open_store();
    tripsage_auth *auth = auth_over(store, NULL);
    tripsage_doc *doc = jwks(auth);

    ck_assert_str_eq(tripsage_doc_json(doc, NULL), "{\"keys\":[]}");
    ck_assert_fails(rotate(auth), TRIPSAGE_ENOTSUP);
    tripsage_doc_free(doc);
    doc = list(auth);
    ck_assert_str_eq(tripsage_doc_json(doc, NULL), "{\"keys\":[]}");
    tripsage_doc_free(doc);
    tripsage__auth_free(auth);
    tripsage__store_release(store);
}
END_TEST

START_TEST(only_the_service_role_looks_after_keys)
{
    tripsage__store *store = open_store();
    tripsage_auth *auth = pairs_over(store, NULL);
    tripsage_doc *session = new_session(auth), *doc;
    tripsage_actor *user = actor_of(auth, session);

    ck_assert_fails(tripsage_auth_rotate_signing_key(auth, NULL), TRIPSAGE_EUNAUTHENTICATED);
    ck_assert_fails(tripsage_auth_rotate_signing_key(auth, user), TRIPSAGE_EFORBIDDEN);
    ck_assert_fails(tripsage_auth_signing_keys(&doc, auth, NULL), TRIPSAGE_EUNAUTHENTICATED);
    ck_assert_ptr_null(doc);
    ck_assert_fails(tripsage_auth_signing_keys(&doc, auth, user), TRIPSAGE_EFORBIDDEN);
    ck_assert_ptr_null(doc);
    tripsage_actor_free(user);
    tripsage_doc_free(session);
    tripsage__auth_free(auth);
    tripsage__store_release(store);
}
END_TEST

/* The standby key signs next, what the one before signed stays good until it is over, and not a minute of grace longer. */
START_TEST(a_rotation)
{
    tripsage__store *store = open_store();
    tripsage_auth *auth = pairs_over(store, NULL);
    tripsage_doc *before = new_session(auth), *after;
    char first[TRIPSAGE__THUMBPRINT_SIZE], second[TRIPSAGE__THUMBPRINT_SIZE], kid[TRIPSAGE__THUMBPRINT_SIZE];

    ck_assert_int_eq(count_state(auth, "current", first), 1);
    ck_assert_int_eq(count_state(auth, "standby", second), 1);
    ck_assert_ok(rotate(auth));
    ck_assert_int_eq(count_state(auth, "previous", kid), 1);
    ck_assert_str_eq(kid, first);
    ck_assert_int_eq(count_state(auth, "current", kid), 1);
    ck_assert_str_eq(kid, second);
    ck_assert_int_eq(count_state(auth, "standby", kid), 1);
    ck_assert_str_ne(kid, first);
    ck_assert_str_ne(kid, second);
    ck_assert_ok(sign_in(&after, auth, "ada@example.com", "correct horse"));
    kid_of(kid, after);
    ck_assert_str_eq(kid, second);
    check_takes(auth, before);
    check_takes(auth, after);
    ck_assert(shows(auth, first));
    clock_ms += HOUR + 2 * MINUTE - 1;
    ck_assert(shows(auth, first));
    clock_ms += 1;
    ck_assert(!shows(auth, first));
    ck_assert_int_eq(count_state(auth, "previous", kid), 0);
    tripsage_doc_free(before);
    tripsage_doc_free(after);
    tripsage__auth_free(auth);
    tripsage__store_release(store);
}
END_TEST

/* Two handles over one store are what two processes are to each other. */
START_TEST(others_notice_a_rotation)
{
    tripsage__store *store = open_store();
    tripsage_auth *here = pairs_over(store, NULL), *there = pairs_over(store, NULL);
    tripsage_doc *session = new_session(here), *mine;
    char current[TRIPSAGE__THUMBPRINT_SIZE], kid[TRIPSAGE__THUMBPRINT_SIZE];

    ck_assert_ok(rotate(there)); /* to a key that is known here as the standby one */
    tripsage_doc_free(session);
    ck_assert_ok(sign_in(&session, there, "ada@example.com", "correct horse"));
    check_takes(here, session);
    ck_assert_ok(rotate(there)); /* to one that is not */
    tripsage_doc_free(session);
    ck_assert_ok(sign_in(&session, there, "ada@example.com", "correct horse"));
    clock_ms += TRIPSAGE__KEYS_MIN_AGE_MS;
    check_takes(here, session);
    ck_assert_int_eq(count_state(there, "current", current), 1);
    ck_assert_ok(rotate(there));
    ck_assert_ok(sign_in(&mine, here, "ada@example.com", "correct horse"));
    kid_of(kid, mine);
    ck_assert_str_eq(kid, current); /* the one retired just now: for a minute at most */
    check_takes(there, mine);
    tripsage_doc_free(mine);
    clock_ms += TRIPSAGE__KEYS_MAX_AGE_MS;
    ck_assert_ok(sign_in(&mine, here, "ada@example.com", "correct horse"));
    kid_of(kid, mine);
    ck_assert_str_ne(kid, current);
    tripsage_doc_free(mine);
    tripsage_doc_free(session);
    tripsage__auth_free(here);
    tripsage__auth_free(there);
    tripsage__store_release(store);
}
END_TEST

/* An id that nobody knows is looked up once a second, however often it is asked for. */
START_TEST(unknown_ids_are_looked_up_once_a_second)
{
    tripsage__store *store = open_store();
    tripsage_auth *here = pairs_over(store, NULL), *there = pairs_over(store, NULL);
    tripsage__held_key held;
    tripsage_doc *session;

    clock_ms += TRIPSAGE__KEYS_MIN_AGE_MS;
    ck_assert_ok(tripsage__signing_keys_find(&held, here->signing_keys, TRIPSAGE__ES256, "nobody's"));
    ck_assert(!held.found);
    tripsage__held_key_release(&held);
    ck_assert_ok(rotate(there));
    ck_assert_ok(rotate(there));
    session = new_session(there);
    check_refuses(here, session); /* its key is there since, and the second is not over */
    clock_ms += TRIPSAGE__KEYS_MIN_AGE_MS - 1;
    check_refuses(here, session);
    clock_ms += 1;
    check_takes(here, session);
    tripsage_doc_free(session);
    tripsage__auth_free(here);
    tripsage__auth_free(there);
    tripsage__store_release(store);
}
END_TEST

/* A clock that is set back makes nothing believed for longer. */
START_TEST(a_clock_set_back_reads_again)
{
    tripsage__store *store = open_store();
    tripsage_auth *here = pairs_over(store, NULL), *there = pairs_over(store, NULL);
    char current[TRIPSAGE__THUMBPRINT_SIZE], kid[TRIPSAGE__THUMBPRINT_SIZE];
    tripsage_doc *session;

    ck_assert_ok(rotate(there));
    ck_assert_int_eq(count_state(there, "current", current), 1);
    clock_ms -= HOUR;
    session = new_session(here);
    kid_of(kid, session);
    ck_assert_str_eq(kid, current);
    tripsage_doc_free(session);
    tripsage__auth_free(here);
    tripsage__auth_free(there);
    tripsage__store_release(store);
}
END_TEST

/* Replicas go over from one algorithm to another one by one. */
START_TEST(algorithms_live_side_by_side)
{
    tripsage__store *store = open_store();
    tripsage_auth *es = pairs_over(store, "ES256"), *rs = pairs_over(store, "RS256");
    tripsage_doc *session = new_session(es), *other;

    check_takes(rs, session);
    ck_assert_ok(sign_in(&other, rs, "ada@example.com", "correct horse"));
    clock_ms += TRIPSAGE__KEYS_MIN_AGE_MS;
    check_takes(es, other);
    ck_assert_ok(rotate(rs));
    check_takes(rs, session);
    check_takes(rs, other);
    tripsage_doc_free(session);
    tripsage_doc_free(other);
    tripsage__auth_free(es);
    tripsage__auth_free(rs);
    tripsage__store_release(store);
}
END_TEST

/* From HS256 to pairs of keys: what the secret signed stays good where the secret is still given. */
START_TEST(a_secret_beside_pairs)
{
    tripsage_auth_options options = cheap_options();
    tripsage__store *store = open_store();
    tripsage_auth *hs = auth_over(store, &options), *both, *es = pairs_over(store, "ES256");
    tripsage_doc *old = new_session(hs), *new, *doc;

    options.algorithm = "ES256";
    both = auth_over(store, &options);
    check_takes(both, old);
    check_refuses(es, old);
    ck_assert_ok(sign_in(&new, both, "ada@example.com", "correct horse"));
    check_takes(es, new);
    check_refuses(hs, new);
    doc = jwks(both);
    ck_assert_ptr_null(strstr(tripsage_doc_json(doc, NULL), "oct"));
    tripsage_doc_free(doc);
    tripsage_doc_free(old);
    tripsage_doc_free(new);
    tripsage__auth_free(hs);
    tripsage__auth_free(both);
    tripsage__auth_free(es);
    tripsage__store_release(store);
}
END_TEST

START_TEST(previous_keys_are_bounded)
{
    tripsage__store *store = open_store();
    tripsage_auth *auth = pairs_over(store, NULL), *again;
    tripsage_status status = TRIPSAGE_OK;
    int rotations = 0;

    while (rotations < 100 && (status = rotate(auth)) == TRIPSAGE_OK)
        rotations++;
    ck_assert_int_eq(rotations, 26);
    ck_assert_int_eq(status, TRIPSAGE_ELIMIT);
    again = pairs_over(store, "RS256"); /* there is room for the keys of another algorithm */
    clock_ms += HOUR + 2 * MINUTE;
    ck_assert_ok(rotate(auth));
    tripsage__auth_free(auth);
    tripsage__auth_free(again);
    tripsage__store_release(store);
}
END_TEST

/* ---- several at once ---- */

enum { OPENERS = 8 };
static char shared_url[64];

static void *open_one(void *kid)
{
    tripsage_auth_options options = cheap_options();
    tripsage_runtime runtime = test_runtime();
    tripsage_auth *auth;

    options.jwt_secret = NULL;
    ck_assert_ok(tripsage_auth_open(&auth, shared_url, &options, &runtime));
    ck_assert_int_eq(count_state(auth, "current", kid), 1);
    tripsage_auth_close(auth);
    return NULL;
}

START_TEST(who_opens_at_once_has_one_key)
{
    char folder[] = "/tmp/tripsage-keys-XXXXXX", command[64];
    char kids[OPENERS][TRIPSAGE__THUMBPRINT_SIZE];
    pthread_t threads[OPENERS];

    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(shared_url, sizeof shared_url, "sqlite://%s/t.db", folder);
    for (int i = 0; i < OPENERS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, open_one, kids[i]), 0);
    for (int i = 0; i < OPENERS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 1; i < OPENERS; i++)
        ck_assert_str_eq(kids[i], kids[0]);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

static _Atomic int stop;

typedef struct verifier {
    tripsage_auth *auth;
    const char *token;
    tripsage_status status; /* the first that was no success */
} verifier;

static void *verify_on(void *user)
{
    verifier *v = user;

    while (!stop && v->status == TRIPSAGE_OK) {
        tripsage_actor *actor;

        clock_ms += 10; /* so that what was read is old now and then */
        v->status = tripsage_auth_verify(&actor, v->auth, v->token, TRIPSAGE_NUL);
        tripsage_actor_free(actor);
    }
    return NULL;
}

START_TEST(keys_change_under_those_who_use_them)
{
    tripsage__store *store = open_store();
    tripsage_auth *auth = pairs_over(store, NULL);
    tripsage_doc *session = new_session(auth);
    verifier verifiers[2] = {{auth, token_of(session), TRIPSAGE_OK}, {auth, token_of(session), TRIPSAGE_OK}};
    pthread_t threads[2];

    stop = 0;
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, verify_on, &verifiers[i]), 0);
    for (int i = 0; i < 10; i++) {
        ck_assert_ok(rotate(auth));
        tripsage__verified_forget(auth->verified, tripsage_doc_text(session, "/user/id"));
    }
    stop = 1;
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        ck_assert_int_eq(verifiers[i].status, TRIPSAGE_OK);
    }
    tripsage_doc_free(session);
    tripsage__auth_free(auth);
    tripsage__store_release(store);
}
END_TEST

/* ---- at rest ---- */

static int look_at_row(void *user, int columns, char **values, char **names)
{
    (void)user;
    (void)columns;
    (void)names;
    /* state, private part */
    if (strcmp(values[0], "previous") == 0)
        ck_assert_ptr_null(values[1]);
    else
        ck_assert_int_eq(strncmp(values[1], "enc:v1:", 7), 0);
    return 0;
}

START_TEST(private_parts_are_sealed_and_go)
{
    char folder[] = "/tmp/tripsage-keys-XXXXXX", url[64], command[64];
    tripsage_auth_options options = cheap_options();
    tripsage_auth *auth;
    sqlite3 *db;

    options.jwt_secret = NULL;
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(url, sizeof url, "sqlite://%s/t.db", folder);
    ck_assert_ok(tripsage_auth_open(&auth, url, &options, NULL));
    ck_assert_ok(rotate(auth));
    ck_assert_int_eq(sqlite3_open(url + strlen("sqlite://"), &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, "SELECT state, private_key FROM signing_key", look_at_row, NULL, NULL),
                     SQLITE_OK);
    tripsage_auth_close(auth);
    /* A sealed key in another's row is nobody's. */
    ck_assert_int_eq(sqlite3_exec(db,
                                  "UPDATE signing_key SET private_key = (SELECT private_key FROM signing_key WHERE "
                                  "state = 'standby') WHERE state = 'current'",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    ck_assert_fails(tripsage_auth_open(&auth, url, &options, NULL), TRIPSAGE_ECORRUPT);
    ck_assert_ptr_null(auth);
    sqlite3_close(db);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

/* Whoever lost his secret key can open his database, see who people are, and get a key that signs. */
START_TEST(a_lost_secret_key)
{
    tripsage_auth_options options = cheap_options();
    tripsage__store *store = open_store();
    tripsage_auth *before, *after;
    tripsage_doc *session, *again;

    options.jwt_secret = NULL;
    options.secret_key = "the secret key that is going to be lost";
    before = auth_over(store, &options);
    session = new_session(before);
    options.secret_key = "the secret key that is given after that";
    after = auth_over(store, &options);
    check_takes(after, session);
    tripsage_doc_free(jwks(after));
    ck_assert_fails(sign_in(&again, after, "ada@example.com", "correct horse"), TRIPSAGE_EUNAVAILABLE);
    ck_assert_ok(rotate(after));
    ck_assert_ok(sign_in(&again, after, "ada@example.com", "correct horse"));
    check_takes(after, session);
    check_takes(after, again);
    tripsage_doc_free(session);
    tripsage_doc_free(again);
    tripsage__auth_free(before);
    tripsage__auth_free(after);
    tripsage__store_release(store);
}
END_TEST

/* Where the keys cannot be read, one caller a second is told, and the others do not stand in line for the same. */
START_TEST(a_store_that_fails_is_asked_once_a_second)
{
    char folder[] = "/tmp/tripsage-keys-XXXXXX", url[64], command[64];
    tripsage_auth_options options = cheap_options();
    tripsage_runtime runtime = test_runtime();
    tripsage__held_key held;
    tripsage_auth *auth;
    sqlite3 *db;

    options.jwt_secret = NULL;
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(url, sizeof url, "sqlite://%s/t.db", folder);
    ck_assert_ok(tripsage_auth_open(&auth, url, &options, &runtime));
    ck_assert_int_eq(sqlite3_open(url + strlen("sqlite://"), &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, "UPDATE signing_key SET public_key = 'none'", NULL, NULL, NULL), SQLITE_OK);
    for (int i = 0; i < 3; i++) {
        clock_ms += TRIPSAGE__KEYS_MIN_AGE_MS;
        ck_assert_fails(tripsage__signing_keys_find(&held, auth->signing_keys, TRIPSAGE__ES256, "x"),
                        TRIPSAGE_ECORRUPT);
        tripsage__held_key_release(&held);
        ck_assert_ok(tripsage__signing_keys_find(&held, auth->signing_keys, TRIPSAGE__ES256, "x"));
        ck_assert(!held.found);
        tripsage__held_key_release(&held);
    }
    ck_assert_ok(tripsage__signing_keys_current(&held, auth->signing_keys));
    ck_assert(held.found);
    tripsage__held_key_release(&held);
    sqlite3_close(db);
    tripsage_auth_close(auth);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

/* ---- keys of a project ---- */

static char *project_key(const char *claims, const char *secret)
{
    tripsage__buf token = TRIPSAGE__BUF_INIT(4096);
    unsigned char code[TRIPSAGE__SHA256_SIZE];

    tripsage__base64url_put(&token, "{\"alg\":\"HS256\",\"typ\":\"JWT\"}", 27);
    tripsage__buf_putc(&token, '.');
    tripsage__base64url_put(&token, claims, strlen(claims));
    ck_assert_ok(tripsage__hmac_sha256(code, secret, strlen(secret), token.data, token.size));
    tripsage__buf_putc(&token, '.');
    tripsage__base64url_put(&token, code, sizeof code);
    return tripsage__buf_take(&token, NULL);
}

START_TEST(project_keys_have_a_role_and_no_user)
{
    static const struct {
        const char *claims;
        tripsage_status status;
        int is_service;
    } rows[] = {
        {"{\"iss\":\"supabase\",\"role\":\"anon\",\"iat\":1,\"exp\":2000000000}", TRIPSAGE_OK, 0},
        {"{\"iss\":\"supabase-demo\",\"role\":\"service_role\",\"exp\":2000000000}", TRIPSAGE_OK, 1},
        {"{\"role\":\"service_role\"}", TRIPSAGE_OK, 1},
        {"{\"role\":\"service_role\",\"exp\":1}", TRIPSAGE_EEXPIRED, 0},
        {"{\"role\":\"service_role\",\"exp\":\"never\"}", TRIPSAGE_ETOKEN, 0},
        {"{\"role\":\"authenticated\",\"exp\":2000000000}", TRIPSAGE_ETOKEN, 0},
        {"{\"role\":[\"service_role\"],\"exp\":2000000000}", TRIPSAGE_ETOKEN, 0},
        {"{\"exp\":2000000000}", TRIPSAGE_ETOKEN, 0},
        {"{\"role\":\"service_role\",\"sub\":\"018f6b1e-7c3a-7d10-9d5c-2f1b0a3c4d5e\"}", TRIPSAGE_ETOKEN, 0},
        {"{\"role\":\"anon\",\"role\":\"service_role\"}", TRIPSAGE_ETOKEN, 0},
    };
    tripsage_auth *auth = open_auth();
    tripsage_doc *session = new_session(auth);
    int is_service;
    char *key;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        key = project_key(rows[i].claims, SECRET);
        is_service = 7;
        ck_assert_msg(tripsage__auth_project_key(&is_service, auth, key, strlen(key)) == rows[i].status, "%s",
                      rows[i].claims);
        ck_assert_int_eq(is_service, rows[i].is_service);
        tripsage__free(key);
    }
    key = project_key(rows[1].claims, "another-secret-of-at-least-32-bytes");
    ck_assert_fails(tripsage__auth_project_key(&is_service, auth, key, strlen(key)), TRIPSAGE_ETOKEN);
    tripsage__free(key);
    /* A user's token is no project's key. */
    ck_assert_fails(tripsage__auth_project_key(&is_service, auth, token_of(session), strlen(token_of(session))),
                    TRIPSAGE_ETOKEN);
    tripsage_doc_free(session);
    tripsage_auth_close(auth);
}
END_TEST

SUITE_MAIN("auth/signing_keys", es256_is_the_default, anybody_can_check_a_token, a_secret_is_shown_to_nobody,
           only_the_service_role_looks_after_keys, a_rotation, others_notice_a_rotation,
           unknown_ids_are_looked_up_once_a_second, a_clock_set_back_reads_again, algorithms_live_side_by_side,
           a_secret_beside_pairs, previous_keys_are_bounded, who_opens_at_once_has_one_key,
           keys_change_under_those_who_use_them, private_parts_are_sealed_and_go, a_lost_secret_key,
           a_store_that_fails_is_asked_once_a_second, project_keys_have_a_role_and_no_user)
