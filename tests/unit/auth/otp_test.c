/* otp_test.c: making codes and their hashes: what they depend on, and that no code is more likely than another. */
#include "auth/otp.h"
#include "fixture.h"

/* What the library draws: one after the other; zeros behind them. */
static uint32_t drawn[8];
static size_t draws;

static int draw(unsigned char *out, size_t size, void *user)
{
    (void)user;
    memset(out, 0, size);
    if (size == sizeof drawn[0])
        memcpy(out, &drawn[draws++ % 8], size);
    return 0;
}

static tripsage_auth *auth_with(tripsage__store **store, int known_chance)
{
    tripsage_runtime runtime = test_runtime();
    tripsage__store_options options = {.runtime = &runtime};

    if (known_chance)
        runtime.random_bytes = draw;
    ck_assert_ok(tripsage__store_open(store, "sqlite::memory:", &options));
    return auth_over(*store, NULL);
}

static void close_both(tripsage_auth *auth, tripsage__store *store)
{
    tripsage__auth_free(auth);
    tripsage__store_release(store);
}

static void check_code(const tripsage_auth *auth, uint32_t first, uint32_t second, const char *code, size_t looked)
{
    tripsage__otp otp;

    draws = 0;
    drawn[0] = first;
    drawn[1] = second;
    ck_assert_ok(tripsage__otp_make(&otp, auth, TRIPSAGE__RECOVERY, "ada@example.com", 0));
    ck_assert_str_eq(otp.code, code);
    ck_assert_uint_eq(draws, looked);
}

/* 4,294 times a million are taken; what is above is drawn again. */
START_TEST(codes_are_fair)
{
    tripsage__store *store;
    tripsage_auth *auth = auth_with(&store, 1);

    check_code(auth, 0, 7, "000000", 1);
    check_code(auth, 1000042, 7, "000042", 1);
    check_code(auth, 4293999999u, 7, "999999", 1);
    check_code(auth, 4294000000u, 123456, "123456", 2);
    check_code(auth, 4294967295u, 7, "000007", 2);
    close_both(auth, store);
}
END_TEST

static void hash(char out[TRIPSAGE__HASH_SIZE], const tripsage_auth *auth, tripsage__purpose purpose,
                 const char *address, const char *code)
{
    ck_assert_ok(tripsage__otp_hash(out, auth, purpose, address, code, 0));
    ck_assert_uint_eq(strspn(out, "0123456789abcdef"), 56);
    ck_assert_uint_eq(strlen(out), 56);
}

START_TEST(a_hash_is_of_all_it_stands_for)
{
    tripsage__store *store, *other_store;
    tripsage_auth *auth = auth_with(&store, 0), *other = auth_with(&other_store, 0);
    char one[TRIPSAGE__HASH_SIZE], two[TRIPSAGE__HASH_SIZE];

    hash(one, auth, TRIPSAGE__RECOVERY, "a@b.c", "123456");
    hash(two, auth, TRIPSAGE__RECOVERY, "a@b.c", "123456");
    ck_assert_str_eq(one, two);
    hash(two, auth, TRIPSAGE__CONFIRMATION, "a@b.c", "123456");
    ck_assert_str_ne(one, two);
    hash(two, auth, TRIPSAGE__RECOVERY, "b@b.c", "123456");
    ck_assert_str_ne(one, two);
    hash(two, auth, TRIPSAGE__RECOVERY, "a@b.c", "123457");
    ck_assert_str_ne(one, two);
    hash(two, auth, TRIPSAGE__RECOVERY, "a@b.c1", "23456"); /* the same letters */
    ck_assert_str_ne(one, two);
    hash(two, other, TRIPSAGE__RECOVERY, "a@b.c", "123456"); /* and of the database's own key */
    ck_assert_str_ne(one, two);
    ck_assert_ok(tripsage__otp_hash(two, auth, TRIPSAGE__RECOVERY, "a@b.c", "123456", 1));
    ck_assert_int_eq(strncmp(two, "pkce_", 5), 0);
    ck_assert_str_eq(two + 5, one);
    close_both(auth, store);
    close_both(other, other_store);
}
END_TEST

/* What is longer than any code is none, and no reason to fail. */
START_TEST(a_long_code_is_refused)
{
    tripsage__store *store;
    tripsage_auth *auth = auth_with(&store, 0);
    char code[4096], out[TRIPSAGE__HASH_SIZE];

    memset(code, '1', sizeof code - 1);
    code[sizeof code - 1] = '\0';
    ck_assert_ok(tripsage__otp_hash(out, auth, TRIPSAGE__RECOVERY, "a@b.c", code, 0));
    close_both(auth, store);
}
END_TEST

SUITE_MAIN("auth/otp", codes_are_fair, a_hash_is_of_all_it_stands_for, a_long_code_is_refused)
