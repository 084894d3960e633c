/* password_rules_test.c: which passwords are refused, which are not, and in what words. */
#include "auth/password_rules.h"

#include <stdio.h>
#include <string.h>

#include "../suite.h"
#include "auth/password.h"

#define COMMON TRIPSAGE__WEAK_COMMON
#define LENGTH TRIPSAGE__WEAK_LENGTH

static unsigned weakness(const char *password)
{
    return tripsage__password_weakness(password, 8, "ada.lovelace+trips@engines.example");
}

START_TEST(length_is_counted_in_characters)
{
    ck_assert_uint_eq(weakness("xw7 mzo"), LENGTH);
    ck_assert_uint_eq(weakness("xw7 mzoq"), 0);
    ck_assert_uint_eq(weakness("пЖъЫюЩэ"), LENGTH);              /* seven, of two bytes each */
    ck_assert_uint_eq(weakness("пЖъЫюЩэй"), 0);                  /* eight */
    ck_assert_uint_eq(weakness("\U0001f30d\U0001f9ed"), LENGTH); /* two, of four bytes each */
    ck_assert_uint_eq(tripsage__password_weakness("xw7mzo", 6, NULL), 0);
    ck_assert_uint_eq(tripsage__password_weakness("xw7mz", 6, NULL), LENGTH);
    ck_assert_uint_eq(tripsage__password_weakness("", 8, NULL), LENGTH);
}
END_TEST

START_TEST(what_everybody_tries_is_refused)
{
    static const char *const common[] = {
        "password",    "12345678",     "123456789",     "1234567890",       "87654321",   "qwertyuiop", "qwerty123",
        "password1",   "password123",  "Password1!",    "P@ssw0rd",         "Passw0rd!",  "PASSWORD",   "iloveyou",
        "iloveyou1",   "sunshine",     "princess",      "football",         "baseball",   "11111111",   "00000000",
        "1q2w3e4r",    "1q2w3e4r5t",   "1qaz2wsx",      "1qaz@WSX",         "zaq12wsx",   "!QAZ2wsx",   "q1w2e3r4",
        "qazwsxedc",   "asdfghjkl",    "asdfasdf",      "asdf1234",         "1234qwer",   "qwer1234",   "123qweasd",
        "123123123",   "12341234",     "abcd1234",      "abc12345",         "abcdefgh",   "a1b2c3d4",   "aaaaaaaa",
        "trustno1",    "letmein1",     "letmein!!",     "welcome1",         "Welcome123", "superman",   "batman123",
        "michelle",    "jennifer",     "computer",      "internet",         "starwars",   "whatever",   "liverpool",
        "chelsea1",    "arsenal1",     "chocolate",     "butterfly",        "dragon123",  "monkey123",  "Summer2024",
        "Summer2024!", "Winter-1999",  "monday2026",    "passwordpassword", "lovelove",   "charlie1",   "jordan23",
        "changeme",    "changeme123",  "administrator", "admin123",         "admin@123",  "root1234",   "test1234",
        "19871987",    "12031987",     "19870312",      "03121987",         "147258369",  "789456123",  "112233445566",
        "13579246",    "qwertzuiop",   "azertyuiop",    "yxcvbnm123",       "zxcvbnm,",   "poiuytrewq", "lkjhgfdsa",
        "!@#$%^&*",    "passwort1",    "hallo123",      "motdepasse",       "contrasena", "bonjour1",   "йцукенгш",
        "ytrewq321",   "123456789a",   "a123456789",    "qwerty12345!",     "iloveyou2",  "f00tball",   "sunsh1ne",
        "tripsage",    "TripSage2026", "tripsage!",
    };

    for (size_t i = 0; i < sizeof common / sizeof common[0]; i++)
        ck_assert_msg(weakness(common[i]) & COMMON, "%s", common[i]);
}
END_TEST

START_TEST(what_looks_like_it_is_refused_as_well)
{
    ck_assert_uint_eq(weakness("ｐａｓｓｗｏｒｄ"), COMMON); /* full width */
    ck_assert_uint_eq(weakness("ＰＡＳＳＷＯＲＤ１"), COMMON);
    ck_assert_uint_eq(weakness("\U0001d429\U0001d41a\U0001d42c\U0001d42c\U0001d430\U0001d428\U0001d42b\U0001d41d"),
                      COMMON);                                                               /* bold */
    ck_assert_uint_eq(weakness("\u24df\u24d0\u24e2\u24e2\u24e6\u24de\u24e1\u24d3"), COMMON); /* in circles */
    ck_assert_uint_eq(weakness("\U0001d7cf\U0001d7d0\U0001d7d1\U0001d7d2\U0001d7d3\U0001d7d4\U0001d7d5\U0001d7d6"),
                      COMMON); /* 12345678 */
}
END_TEST

START_TEST(what_says_who_one_is_is_refused)
{
    static const char *const own[] = {"ada.lovelace+trips@engines.example",
                                      "ada.lovelace+trips",
                                      "lovelace",
                                      "Lovelace1",
                                      "lovelace1985",
                                      "L0velace!",
                                      "engines1",
                                      "engines2026",
                                      "lovelacelovelace"};

    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        ck_assert_msg(weakness(own[i]) == COMMON, "%s", own[i]);
        ck_assert_msg(tripsage__password_weakness(own[i], 8, "somebody@else.example") == 0, "%s", own[i]);
    }
    /* Too short a name is in too many words. */
    ck_assert_uint_eq(weakness("adaptable"), 0);
    ck_assert_uint_eq(weakness("ada-1815-x"), 0);
}
END_TEST

/* No rules of composition: letters alone will do, in any script. */
START_TEST(what_nobody_tries_is_taken)
{
    static const char *const good[] = {
        "a cup of green tea",
        "two cups of coffee",
        "correct horse battery staple",
        "xw7mzoqp",
        "gnlfdkvb",
        "mzqhtrwk",
        "83749201",
        "password of the month",
        "dragons eat at noon",
        "ich mag gruenen tee",
        "люблю зелёный чай",
        "緑茶を一杯ください",
        "tr0ub4dor&3",
        "lovelace was first",
        "qwerty is a layout",
        "summer in 2024",
        "9f8e7d6c5b",
        "kayak-rhubarb",
        "ada@home.example",
    };
    char longest[TRIPSAGE__PASSWORD_BYTES_MAX + 1];

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        ck_assert_msg(weakness(good[i]) == 0, "%s", good[i]);
    for (size_t i = 0; i < sizeof longest - 1; i++)
        longest[i] = (char)('a' + (i * i * 7 + i / 5) % 26);
    longest[sizeof longest - 1] = '\0';
    ck_assert_uint_eq(weakness(longest), 0);
}
END_TEST

/* Every word of the list stands in it as it is compared, and long ones are refused by themselves. */
START_TEST(every_word_counts)
{
    size_t words = 0;

    for (const char *const *word = tripsage__password_words; *word; word++, words++) {
        char password[64];

        ck_assert_msg(strlen(*word) >= 4 && strspn(*word, "abcdefghijklmnopqrstuvwxyz0123456789") == strlen(*word),
                      "%s", *word);
        snprintf(password, sizeof password, "%s2026!", *word);
        ck_assert_msg(tripsage__password_weakness(password, 8, NULL) == COMMON, "%s", password);
        ck_assert_msg(!word[1] || strcmp(word[0], word[1]) < 0, "%s",
                      *word); /* in order, so that none is there twice */
    }
    ck_assert_uint_ge(words, 1000); /* with any three digits behind each, a million passwords */
}
END_TEST

START_TEST(it_is_told_in_words_of_supabase)
{
    static const struct {
        unsigned weakness;
        const char *reasons, *advice;
    } told[] = {
        {0, "[]", ""},
        {LENGTH, "[\"length\"]", "Password should be at least 8 characters."},
        {COMMON, "[\"pwned\"]", "Password is known to be weak and easy to guess, please choose a different one."},
        {LENGTH | COMMON, "[\"length\",\"pwned\"]",
         "Password should be at least 8 characters. Password is known to be weak and easy to guess, please choose a "
         "different one."},
    };

    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
        tripsage__buf buf = TRIPSAGE__BUF_INIT(100);
        char advice[TRIPSAGE__PASSWORD_ADVICE_SIZE];

        tripsage__password_put_reasons(&buf, told[i].weakness);
        ck_assert_ok(tripsage__buf_status(&buf));
        ck_assert_str_eq(buf.data, told[i].reasons);
        tripsage__password_advice(advice, told[i].weakness, 8);
        ck_assert_str_eq(advice, told[i].advice);
        tripsage__buf_free(&buf);
    }
    ck_assert_uint_eq(weakness("qwerty"), LENGTH | COMMON);
}
END_TEST

SUITE_MAIN("auth/password_rules", length_is_counted_in_characters, what_everybody_tries_is_refused,
           what_looks_like_it_is_refused_as_well, what_says_who_one_is_is_refused, what_nobody_tries_is_taken,
           every_word_counts, it_is_told_in_words_of_supabase)
