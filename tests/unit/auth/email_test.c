/* email_test.c: which text is an e-mail address, and how it is kept. */
#include "auth/auth.h"

#include <string.h>

#include "../suite.h"

START_TEST(takes_addresses_and_lowers_them)
{
    static const struct {
        const char *given, *kept;
    } good[] = {{"ada@example.com", "ada@example.com"},
                {"Ada.Lovelace+Trips@Example.CO.UK", "ada.lovelace+trips@example.co.uk"},
                {"o'brien@example.ie", "o'brien@example.ie"},
                {"root@localhost", "root@localhost"},
                {"a@b", "a@b"},
                {"x_1-2@xn--mnchen-3ya.de", "x_1-2@xn--mnchen-3ya.de"},
                {"1@2.3", "1@2.3"}};
    char out[TRIPSAGE__EMAIL_SIZE];

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        ck_assert_msg(tripsage__email_normalize(good[i].given, out), "'%s' was refused", good[i].given);
        ck_assert_str_eq(out, good[i].kept);
    }
}
END_TEST

START_TEST(refuses_everything_else)
{
    static const char *const bad[] = {"",
                                      "ada",
                                      "@",
                                      "ada@",
                                      "@example.com",
                                      "ada@@example.com",
                                      "ada@b@example.com",
                                      "ada lovelace@example.com",
                                      " ada@example.com",
                                      "ada@example.com ",
                                      "ada@exam ple.com",
                                      "ada@example.com\n",
                                      "ada\t@example.com",
                                      "ada\x01@example.com",
                                      "ada\x7f@example.com",
                                      ".ada@example.com",
                                      "ada.@example.com",
                                      "a..da@example.com",
                                      "ada@.example.com",
                                      "ada@example.com.",
                                      "ada@example..com",
                                      "ada@-example.com",
                                      "ada@example-.com",
                                      "ada@exa_mple.com",
                                      "ada@[127.0.0.1]",
                                      "\"ada\"@example.com",
                                      "ada<x>@example.com",
                                      "ada,bob@example.com",
                                      "\303\244da@example.com",
                                      "ada@ex\xc3\xa4mple.com"};
    char out[TRIPSAGE__EMAIL_SIZE];

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_assert_msg(!tripsage__email_normalize(bad[i], out), "'%s' was taken", bad[i]);
        ck_assert_str_eq(out, "");
    }
    ck_assert(!tripsage__email_normalize(NULL, out));
}
END_TEST

/* local@label.label...: a local part of `local` characters and a domain of `domain`, in labels of 63 at most. */
static const char *make(char *text, size_t local, size_t domain)
{
    char *p = text;

    memset(p, 'a', local);
    p += local;
    *p++ = '@';
    for (size_t i = 0; i < domain; i++)
        *p++ = i % 64 == 63 ? '.' : 'b';
    *p = '\0';
    return text;
}

START_TEST(knows_the_lengths)
{
    char text[512], out[TRIPSAGE__EMAIL_SIZE];

    ck_assert(tripsage__email_normalize(make(text, 64, 63), out));
    ck_assert(!tripsage__email_normalize(make(text, 65, 63), out));
    ck_assert(tripsage__email_normalize(make(text, 64, 189), out));
    ck_assert_uint_eq(strlen(out), 254);
    ck_assert(!tripsage__email_normalize(make(text, 64, 190), out));
    make(text, 1, 63);
    strcat(text, "b"); /* a label of 64 */
    ck_assert(!tripsage__email_normalize(text, out));
}
END_TEST

SUITE_MAIN("auth/email", takes_addresses_and_lowers_them, refuses_everything_else, knows_the_lengths)
