/* password_import_test.c: hashes that other systems made verify, those that nobody can pay for are not known, none of them is today's. */
#include "auth/password.h"

#include <stdio.h>
#include <string.h>

#include "../suite.h"

#define FIREBASE_KEY "ou9tdYTGyYm8kuR6Dt0Bp0kDuAYoXrK16mbZO4yGwAn3oLspjnN0/c41v8xZnO1n14J3MjKj1b2g6AUCAlFwMw=="
#define FIREBASE     "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=" FIREBASE_KEY "$C0sHCg9ek77hsg==$"

static const struct {
    const char *hash, *password;
} made_elsewhere[] = {
    /* Supabase Auth's own tests (internal/crypto/password_test.go). */
    {"$argon2i$v=19$m=16,t=2,p=1$bGJRWThNOHJJTVBSdHl2dQ$NfEnUOuUpb7F2fQkgFUG4g", "test"},
    {"$argon2id$v=19$m=32,t=3,p=2$SFVpOWJ0eXhjRzVkdGN1RQ$RXnb8rh7LaDcn07xsssqqulZYXOM/EUCEFMVcAcyYVk", "test"},
    {FIREBASE "zKVTMvnWVw5BBOZNUdnsalx4c4c7y/w7IS5p6Ut2+CfEFFlz37J9huyQfov4iizN8dbjvEJlM5tQaJP84+hfTw==",
     "mytestpassword"},
    /* Firebase's own example, in the other base64 alphabet and without padding as well. */
    {"$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk="
     "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA=="
     "$42xEC+ixf3L2lw==$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==",
     "user1password"},
    {"$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw,sk="
     "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA"
     "$42xEC-ixf3L2lw$lSrfV15cpx95_sZS2W9c9Kp6i_LVgQNDNC_qzrCnh1SAyZvqmZqAjTdn3aoItz-VHjoZilo78198JAdRuid5lQ",
     "user1password"},
    /* The vectors of crypt_blowfish (wrapper.c). */
    {"$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"},
    {"$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK", "U*U*"},
    {"$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a", "U*U*U"},
    {"$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"},
    {"$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"},
    {"$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui",
     "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789chars after 72 are ignored"},
};

static tripsage__passwords *new_passwords(void)
{
    tripsage__passwords *passwords;

    ck_assert_ok(tripsage__passwords_new(&passwords, 8, 1, 0));
    return passwords;
}

START_TEST(hashes_made_elsewhere_verify_and_are_stale)
{
    tripsage__passwords *passwords = new_passwords();

    for (size_t i = 0; i < sizeof made_elsewhere / sizeof made_elsewhere[0]; i++) {
        const char *hash = made_elsewhere[i].hash;
        char wrong[128];
        int matches = -1;

        ck_assert_msg(tripsage__password_hash_is_known(hash), "%s", hash);
        ck_assert(tripsage__password_is_stale(passwords, hash));
        ck_assert_ok(tripsage__password_verify(&matches, passwords, hash, made_elsewhere[i].password));
        ck_assert_msg(matches == 1, "%s", hash);
        snprintf(wrong, sizeof wrong, "X%s", made_elsewhere[i].password);
        ck_assert_ok(tripsage__password_verify(&matches, passwords, hash, wrong));
        ck_assert_int_eq(matches, 0);
        ck_assert_ok(tripsage__password_verify(&matches, passwords, hash, ""));
        ck_assert_int_eq(matches, 0);
    }
    tripsage__passwords_free(passwords);
}
END_TEST

/* libcrypt takes 511 bytes; ours are up to 1,024. */
START_TEST(a_long_password_is_checked_against_an_imported_hash)
{
    tripsage__passwords *passwords = new_passwords();
    char password[TRIPSAGE__PASSWORD_BYTES_MAX + 1];
    int matches = -1;

    memset(password, 'x', sizeof password - 1);
    password[sizeof password - 1] = '\0';
    ck_assert_ok(tripsage__password_verify(&matches, passwords, made_elsewhere[5].hash, password));
    ck_assert_int_eq(matches, 0);
    memcpy(password, made_elsewhere[10].password, 72);
    ck_assert_ok(tripsage__password_verify(&matches, passwords, made_elsewhere[10].hash, password));
    ck_assert_int_eq(matches, 1);
    tripsage__passwords_free(passwords);
}
END_TEST

START_TEST(what_is_damaged_or_of_another_scheme_is_not_known)
{
    static const char *const bad[] = {
        "",
        "password",
        "$2a$05$",
        "$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", /* made with a flaw */
        "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOe:",
        "$2a$03$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "$2a$+5$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeWW",
        "$1$abcdefgh$ZbZz4xNuuP5cK9zJ.8Tnq1",
        "$argon2d$v=19$m=32,t=3,p=2$SFVpOWJ0eXhjRzVkdGN1RQ$RXnb8rh7LaDcn07xsssqqulZYXOM/EUCEFMVcAcyYVk",
        "$argon2id$v=18$m=32,t=3,p=2$SFVpOWJ0eXhjRzVkdGN1RQ$RXnb8rh7LaDcn07xsssqqulZYXOM/EUCEFMVcAcyYVk",
        "$argon2id$v=19$m=15,t=3,p=2$SFVpOWJ0eXhjRzVkdGN1RQ$RXnb8rh7LaDcn07xsssqqulZYXOM/EUCEFMVcAcyYVk", /* 8 a lane */
        "$argon2id$v=19$m=32,t=0,p=2$SFVpOWJ0eXhjRzVkdGN1RQ$RXnb8rh7LaDcn07xsssqqulZYXOM/EUCEFMVcAcyYVk",
        "$argon2id$v=19$m=32,t=3,p=0$SFVpOWJ0eXhjRzVkdGN1RQ$RXnb8rh7LaDcn07xsssqqulZYXOM/EUCEFMVcAcyYVk",
        "$argon2id$v=19$m=32,t=3,p=2$c2FsdA$RXnb8rh7LaDcn07xsssqqulZYXOM/EUCEFMVcAcyYVk", /* a salt of four bytes */
        "$argon2id$v=19$m=32,t=3,p=2$SFVpOWJ0eXhjRzVkdGN1RQ$",
        "$argon2id$v=19$m=32,t=3,p=2$SFVpOWJ0eXhjRzVkdGN1RQ$RXnb8rh7LaDcn07xsssqqulZYXOM/EUCEFMVcAcyYVk$",
        "$argon2id$v=19$m=32,t=3,p=2,keyid=x$SFVpOWJ0eXhjRzVkdGN1RQ$RXnb8rh7LaDcn07xsssqqulZYXOM/EUCEFMVcAcyYVk",
        "$argon2id$v=19$m=032,t=3,p=2$SFVpOWJ0eXhjRzVkdGN1RQ$RXnb8rh7LaDcn07xsssqqulZYXOM/EUCEFMVcAcyYVk",
        "$argon2id$v=19$m=32,t=3,p=2$SFVpOWJ0eXhjRzVkdGN1RQ$RXnb8rh7LaDcn07xsssqqulZYXOM-EUCEFMVcAcy Vk",
        "$fbscrypt$v=2,n=14,r=8,p=1,ss=Bw==,sk=" FIREBASE_KEY "$C0sHCg9ek77hsg==$zKVTMg==",
        "$fbscrypt$v=1,n=0,r=8,p=1,ss=Bw==,sk=" FIREBASE_KEY "$C0sHCg9ek77hsg==$zKVTMg==",
        "$fbscrypt$v=1,n=14,r=0,p=1,ss=Bw==,sk=" FIREBASE_KEY "$C0sHCg9ek77hsg==$zKVTMg==",
        "$fbscrypt$v=1,n=14,r=8,p=0,ss=Bw==,sk=" FIREBASE_KEY "$C0sHCg9ek77hsg==$zKVTMg==",
        "$fbscrypt$v=1,n=16,r=1,p=1,ss=Bw==,sk=" FIREBASE_KEY "$C0sHCg9ek77hsg==$zKVTMg==", /* no such scrypt */
        "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==$C0sHCg9ek77hsg==$zKVTMg==",
        FIREBASE,
        FIREBASE "zKV*",
    };
    tripsage__passwords *passwords = new_passwords();

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int matches = -1;

        ck_assert_msg(!tripsage__password_hash_is_known(bad[i]), "%s", bad[i]);
        ck_assert_fails(tripsage__password_verify(&matches, passwords, bad[i], "x"), TRIPSAGE_ECORRUPT);
        ck_assert_int_eq(matches, 0);
    }
    ck_assert_uint_eq(tripsage__passwords_count(passwords), 0);
    tripsage__passwords_free(passwords);
}
END_TEST

START_TEST(a_hash_longer_than_any_is_not_known)
{
    char hash[1024];

    snprintf(hash, sizeof hash, "%s%0600d", made_elsewhere[0].hash, 0);
    ck_assert(!tripsage__password_hash_is_known(hash));
}
END_TEST

/* The bounds from both sides. */
START_TEST(a_cost_that_would_take_the_machine_down_is_not_known)
{
    static const char argon2[] = "$argon2id$v=19$m=%u,t=%u,p=%u$SFVpOWJ0eXhjRzVkdGN1RQ$RXnb8rh7LaDcn07xsssqqulZYXOM";
    static const struct {
        unsigned memory_kib, passes, lanes;
        int known;
    } costs[] = {{262144, 4, 1, 1},  {262145, 1, 1, 0}, {262144, 5, 1, 0}, {65536, 4, 4, 1},  {65536, 16, 16, 1},
                 {65536, 17, 16, 0}, {8, 64, 1, 1},     {8, 65, 1, 0},     {65536, 3, 17, 0}, {4294967295u, 1, 1, 0}};
    char hash[256];

    for (size_t i = 0; i < sizeof costs / sizeof costs[0]; i++) {
        snprintf(hash, sizeof hash, argon2, costs[i].memory_kib, costs[i].passes, costs[i].lanes);
        ck_assert_msg(tripsage__password_hash_is_known(hash) == costs[i].known, "%s", hash);
    }
    ck_assert(tripsage__password_hash_is_known("$2b$14$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"));
    ck_assert(!tripsage__password_hash_is_known("$2b$15$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"));
    ck_assert(!tripsage__password_hash_is_known("$2b$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"));
    for (unsigned n_log = 1; n_log <= 63; n_log++) {
        snprintf(hash, sizeof hash, "$fbscrypt$v=1,n=%u,r=8,p=1,ss=Bw==,sk=%s$C0sHCg9ek77hsg==$zKVTMg==", n_log,
                 FIREBASE_KEY);
        ck_assert_msg(tripsage__password_hash_is_known(hash) == (n_log <= 18), "%s", hash);
    }
    ck_assert(!tripsage__password_hash_is_known("$fbscrypt$v=1,n=20,r=4294967295,p=255,sk=AAAA$AAAA$AAAA"));
}
END_TEST

/* Put into the database past the import's check: a sign-in must not pay for it. */
START_TEST(an_unaffordable_hash_is_not_verified_either)
{
    tripsage__passwords *passwords = new_passwords();
    int matches = -1;

    ck_assert_fails(tripsage__password_verify(&matches, passwords,
                                              "$2b$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"),
                    TRIPSAGE_ECORRUPT);
    ck_assert_int_eq(matches, 0);
    tripsage__passwords_free(passwords);
}
END_TEST

SUITE_MAIN("auth/password_import", hashes_made_elsewhere_verify_and_are_stale,
           a_long_password_is_checked_against_an_imported_hash, what_is_damaged_or_of_another_scheme_is_not_known,
           a_hash_longer_than_any_is_not_known, a_cost_that_would_take_the_machine_down_is_not_known,
           an_unaffordable_hash_is_not_verified_either)
