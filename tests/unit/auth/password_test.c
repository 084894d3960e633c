/* password_test.c: Argon2id hashes: a published vector, what verifies and what does not, stale costs. */
#include "auth/password.h"

#include <string.h>

#include "../suite.h"

static tripsage__passwords *new_passwords(uint32_t memory_kib, uint32_t passes)
{
    tripsage__passwords *passwords;

    ck_assert_int_eq(tripsage__passwords_new(&passwords, memory_kib, passes, 0), TRIPSAGE_OK);
    return passwords;
}

static tripsage__env *new_env(void)
{
    tripsage__env *env;

    ck_assert_int_eq(tripsage__env_new(&env, NULL), TRIPSAGE_OK);
    return env;
}

static int verifies(tripsage__passwords *passwords, const char *hash, const char *password)
{
    int matches = -1;

    ck_assert_int_eq(tripsage__password_verify(&matches, passwords, hash, password), TRIPSAGE_OK);
    return matches;
}

static int no_bytes(unsigned char *out, size_t size, void *user)
{
    (void)out;
    (void)size;
    (void)user;
    return -1;
}

START_TEST(a_hash_says_how_it_was_made_and_verifies)
{
    tripsage__passwords *passwords = new_passwords(16, 3);
    tripsage__env *env = new_env();
    char hash[TRIPSAGE__PASSWORD_HASH_SIZE];

    ck_assert_int_eq(tripsage__password_hash(hash, passwords, env, "correct horse"), TRIPSAGE_OK);
    ck_assert_int_eq(strncmp(hash, "$argon2id$v=19$m=16,t=3,p=1$", 28), 0);
    ck_assert_uint_eq(strlen(hash), 28 + 22 + 1 + 43); /* 16 bytes of salt, 32 of hash */
    ck_assert(verifies(passwords, hash, "correct horse"));
    ck_assert(!verifies(passwords, hash, "correct horse "));
    ck_assert(!verifies(passwords, hash, "Correct horse"));
    ck_assert(!verifies(passwords, hash, ""));
    tripsage__env_free(env);
    tripsage__passwords_free(passwords);
}
END_TEST

START_TEST(two_hashes_of_one_password_differ)
{
    tripsage__passwords *passwords = new_passwords(8, 1);
    tripsage__env *env = new_env();
    char one[TRIPSAGE__PASSWORD_HASH_SIZE], two[TRIPSAGE__PASSWORD_HASH_SIZE];

    ck_assert_int_eq(tripsage__password_hash(one, passwords, env, "same"), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage__password_hash(two, passwords, env, "same"), TRIPSAGE_OK);
    ck_assert_str_ne(one, two);
    tripsage__env_free(env);
    tripsage__passwords_free(passwords);
}
END_TEST

/* From the reference implementation's own tests (src/test.c, version 0x13, Argon2id): made elsewhere, with other costs. */
START_TEST(hashes_made_elsewhere_verify)
{
    static const char hash[] = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
    tripsage__passwords *passwords = new_passwords(8, 1);

    ck_assert(verifies(passwords, hash, "password"));
    ck_assert(!verifies(passwords, hash, "Password"));
    tripsage__passwords_free(passwords);
}
END_TEST

START_TEST(a_hash_of_nobody_costs_one_and_matches_nothing)
{
    tripsage__passwords *passwords = new_passwords(8, 1);

    ck_assert_uint_eq(tripsage__passwords_count(passwords), 0);
    ck_assert(!verifies(passwords, NULL, "anything"));
    ck_assert(!verifies(passwords, NULL, ""));
    ck_assert_uint_eq(tripsage__passwords_count(passwords), 2);
    tripsage__passwords_free(passwords);
}
END_TEST

START_TEST(a_damaged_hash_is_told)
{
    static const char *const bad[] = {"", "x", "$argon2i$v=19$m=8,t=1,p=1$c29tZXNhbHQ$AAAA", "$argon2id$v=19$m=8,t=1"};
    tripsage__passwords *passwords = new_passwords(8, 1);

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int matches = -1;

        ck_assert_int_eq(tripsage__password_verify(&matches, passwords, bad[i], "password"), TRIPSAGE_ECORRUPT);
        ck_assert_int_eq(matches, 0);
    }
    tripsage__passwords_free(passwords);
}
END_TEST

START_TEST(other_costs_are_stale)
{
    tripsage__passwords *passwords = new_passwords(16, 2);
    tripsage__env *env = new_env();
    char hash[TRIPSAGE__PASSWORD_HASH_SIZE];

    ck_assert_int_eq(tripsage__password_hash(hash, passwords, env, "x"), TRIPSAGE_OK);
    ck_assert(!tripsage__password_is_stale(passwords, hash));
    ck_assert(tripsage__password_is_stale(passwords, "$argon2id$v=19$m=16,t=3,p=1$c29tZXNhbHQ$AAAA"));
    ck_assert(tripsage__password_is_stale(passwords, "$argon2id$v=19$m=1,t=2,p=1$c29tZXNhbHQ$AAAA"));
    ck_assert(tripsage__password_is_stale(passwords, "$argon2id$v=16$m=16,t=2,p=1$c29tZXNhbHQ$AAAA"));
    ck_assert(tripsage__password_is_stale(passwords, "$argon2id$v=19$m=16,t=2,p=2$c29tZXNhbHQ$AAAA"));
    tripsage__env_free(env);
    tripsage__passwords_free(passwords);
}
END_TEST

START_TEST(no_randomness_no_hash)
{
    tripsage_runtime runtime = TRIPSAGE_RUNTIME_INIT;
    tripsage__passwords *passwords = new_passwords(8, 1);
    tripsage__env *env;
    char hash[TRIPSAGE__PASSWORD_HASH_SIZE];

    runtime.random_bytes = no_bytes;
    ck_assert_int_eq(tripsage__env_new(&env, &runtime), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage__password_hash(hash, passwords, env, "x"), TRIPSAGE_EINTERNAL);
    ck_assert_uint_eq(tripsage__passwords_count(passwords), 0);
    tripsage__env_free(env);
    tripsage__passwords_free(passwords);
    tripsage__passwords_free(NULL);
}
END_TEST

SUITE_MAIN("auth/password", a_hash_says_how_it_was_made_and_verifies, two_hashes_of_one_password_differ,
           hashes_made_elsewhere_verify, a_hash_of_nobody_costs_one_and_matches_nothing, a_damaged_hash_is_told,
           other_costs_are_stale, no_randomness_no_hash)
