/* keyring_test.c: what an API key looks like, which texts are whole, and what is believed of one that was verified. */
#include "auth/keyring.h"

#include "fixture.h"

#define ID "019ca945-0a00-7000-8000-00000000000a"

/* Made with Python's hashlib as Supabase's tool for self-hosted projects makes them. */
static const char *const theirs[] = {"sb_publishable_ABCDEFGHIJKLMNOPQRSTUV_OM14DVZp",
                                     "sb_secret_ABCDEFGHIJKLMNOPQRSTUV_TGJQl2lQ"};

static tripsage__env *new_env(void)
{
    tripsage_runtime runtime = test_runtime();
    tripsage__env *env;

    ck_assert_ok(tripsage__env_new(&env, &runtime));
    return env;
}

START_TEST(a_key_has_the_form_that_others_know)
{
    static const struct {
        tripsage__api_key_kind kind;
        const char *prefix;
        size_t length;
    } forms[] = {{TRIPSAGE__API_KEY_PUBLISHABLE, "sb_publishable_", 15 + 22 + 1 + 8},
                 {TRIPSAGE__API_KEY_SECRET, "sb_secret_", 10 + 22 + 1 + 8},
                 /* the id's 16 bytes as base64url */
                 {TRIPSAGE__API_KEY_SCOPED, "tsk_AZypRQoAcACAAAAAAAAACg_", 4 + 22 + 1 + 43 + 1 + 8}};
    tripsage__env *env = new_env();
    char key[TRIPSAGE__API_KEY_SIZE], another[TRIPSAGE__API_KEY_SIZE];

    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        ck_assert_ok(tripsage__api_key_make(key, env, forms[i].kind, ID));
        ck_assert_ok(tripsage__api_key_make(another, env, forms[i].kind, ID));
        ck_assert_uint_eq(strlen(key), forms[i].length);
        ck_assert_int_eq(strncmp(key, forms[i].prefix, strlen(forms[i].prefix)), 0);
        ck_assert_str_ne(key, another);
        ck_assert(tripsage__api_key_is_whole(key, strlen(key)));
    }
    tripsage__env_free(env);
}
END_TEST

START_TEST(a_whole_key_has_the_right_checksum)
{
    for (size_t i = 0; i < 2; i++) {
        char key[TRIPSAGE__API_KEY_SIZE];
        size_t length = strlen(theirs[i]);

        ck_assert(tripsage__api_key_is_whole(theirs[i], length));
        ck_assert(!tripsage__api_key_is_whole(theirs[i], length - 1));
        for (size_t at = 0; at < length; at++) {
            snprintf(key, sizeof key, "%s", theirs[i]);
            key[at] = key[at] == 'A' ? 'B' : 'A';
            ck_assert_msg(!tripsage__api_key_is_whole(key, length), "%s", key);
        }
    }
    ck_assert(!tripsage__api_key_is_whole("", 0));
}
END_TEST

static int finds(tripsage__keyring *keyring, const char *key, int64_t now_ms)
{
    tripsage__api_key found;

    return tripsage__keyring_find(&found, keyring, tripsage__keyring_name_of(keyring, key, strlen(key)), now_ms);
}

static void keep(tripsage__keyring *keyring, const char *key, uint64_t generation, int64_t expires_at)
{
    tripsage__api_key kept = {.kind = TRIPSAGE__API_KEY_SECRET, .expires_at = expires_at};

    tripsage__keyring_keep(keyring, tripsage__keyring_name_of(keyring, key, strlen(key)), &kept, generation, NOON);
}

START_TEST(a_verified_key_is_believed_for_a_minute)
{
    tripsage__env *env = new_env();
    tripsage__keyring *keyring;

    ck_assert_ok(tripsage__keyring_new(&keyring, env, NULL, NULL));
    ck_assert(!finds(keyring, "a", NOON));
    keep(keyring, "a", tripsage__keyring_generation(keyring), INT64_MAX);
    ck_assert(finds(keyring, "a", NOON));
    ck_assert(finds(keyring, "a", NOON + 59999));
    ck_assert(!finds(keyring, "a", NOON + 60000));
    ck_assert(!finds(keyring, "a", NOON - 1)); /* the clock was set back */
    ck_assert(!finds(keyring, "b", NOON));
    keep(keyring, "a", tripsage__keyring_generation(keyring), NOON + 1000);
    ck_assert(finds(keyring, "a", NOON + 999));
    ck_assert(!finds(keyring, "a", NOON + 1000)); /* its own end */
    tripsage__keyring_free(keyring);
    tripsage__env_free(env);
}
END_TEST

/* A key that was looked up before another one was revoked is not kept after it: it may be that one. */
START_TEST(nothing_is_kept_from_before_a_revocation)
{
    tripsage__env *env = new_env();
    tripsage__keyring *keyring;
    uint64_t before;

    ck_assert_ok(tripsage__keyring_new(&keyring, env, NULL, NULL));
    before = tripsage__keyring_generation(keyring);
    keep(keyring, "a", before, INT64_MAX);
    tripsage__keyring_forget(keyring);
    ck_assert(!finds(keyring, "a", NOON));
    keep(keyring, "a", before, INT64_MAX);
    ck_assert(!finds(keyring, "a", NOON));
    keep(keyring, "a", tripsage__keyring_generation(keyring), INT64_MAX);
    ck_assert(finds(keyring, "a", NOON));
    tripsage__keyring_free(keyring);
    tripsage__env_free(env);
}
END_TEST

START_TEST(a_given_key_is_known_by_its_digest)
{
    tripsage__env *env = new_env();
    tripsage__keyring *keyring;
    tripsage__api_key found;
    char hash[TRIPSAGE__API_KEY_HASH_SIZE];

    ck_assert_ok(tripsage__keyring_new(&keyring, env, "the publishable key of old", NULL));
    ck_assert_ok(tripsage__api_key_hash(hash, "the publishable key of old", 26));
    ck_assert(tripsage__keyring_is_given(&found, keyring, hash));
    ck_assert_int_eq(found.kind, TRIPSAGE__API_KEY_PUBLISHABLE);
    ck_assert_ok(tripsage__api_key_hash(hash, "", 0));
    ck_assert(
        !tripsage__keyring_is_given(&found, keyring, hash)); /* no secret key was given, which is not the empty one */
    tripsage__keyring_free(keyring);
    tripsage__env_free(env);
}
END_TEST

SUITE_MAIN("auth/keyring", a_key_has_the_form_that_others_know, a_whole_key_has_the_right_checksum,
           a_verified_key_is_believed_for_a_minute, nothing_is_kept_from_before_a_revocation,
           a_given_key_is_known_by_its_digest)
