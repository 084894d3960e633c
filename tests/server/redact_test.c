/* What the log masks on its way out, and what it leaves as it is. */
#include "redact.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"

#define JWT "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"

static const char *masked(const char *text, int personal)
{
    static char out[512];

    redact(out, sizeof out, text, personal);
    return out;
}

START_TEST(secrets_are_masked_everywhere)
{
    static const struct {
        const char *text, *shown;
    } table[] = {
        {"cannot reach postgresql://app:s3cr3t@db.example.org/trips: timeout",
         "cannot reach postgresql://app:***@db.example.org/trips: timeout"},
        {"redis://:pa:ss@host:6379", "redis://:***@host:6379"},
        {"https://user:p@ss@host/path", "https://user:***@host/path"},
        {"https://host/a?b=c", "https://host/a?b=c"},
        {"https://host/a@b:c", "https://host/a@b:c"},
        {"token " JWT " is refused", "token eyJ*** is refused"},
        {"Authorization: Bearer abcdefgh12345678", "Authorization: Bearer ***"},
        {"key sb_secret_abcdefghijklmnop_q1", "key sb_secret_***"},
        {"key tsk_0123456789abcdefghij.", "key tsk_***"},
        {"is sealed as enc:v1:abcdefghijklmnopqrstu", "is sealed as enc:v***"},
        {"an eyJect and a tsk_ and sk-", "an eyJect and a tsk_ and sk-"},
        {"bearer of news", "bearer of news"},
        {"the code is 123456, to ann@example.org", "the code is 123456, to ann@example.org"},
        {"https://x/verify?token=abc&type=signup", "https://x/verify?token=abc&type=signup"},
        {"", ""},
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        ck_assert_str_eq(masked(table[i].text, 0), table[i].shown);
}
END_TEST

START_TEST(people_are_masked_where_it_is_wanted)
{
    static const struct {
        const char *text, *shown;
    } table[] = {
        {"a mail to ann.lee+trips@example.org bounced", "a mail to ***@example.org bounced"},
        {"https://x/verify?token=abc&type=signup", "https://x/verify?token=***&type=signup"},
        {"password=hunter2 and code=1234", "password=*** and code=***"},
        {"no @ at all, a@, @b", "no @ at all, a@, @b"},
        {"\xc3\xa9t\xc3\xa9", "\xc3\xa9t\xc3\xa9"},
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        ck_assert_str_eq(masked(table[i].text, 1), table[i].shown);
}
END_TEST

START_TEST(what_does_not_fit_is_cut)
{
    char out[8];

    redact(out, sizeof out, "ann@example.org is here", 1);
    ck_assert_str_eq(out, "***@exa");
    redact(out, sizeof out, "0123456789", 0);
    ck_assert_str_eq(out, "0123456");
}
END_TEST

START_TEST(addresses_become_networks)
{
    static const char *const table[][2] = {
        {"192.0.2.77", "192.0.2.0"}, {"2001:db8:1:2::3", "2001:db8:1::"}, {"::1", "::"}, {"what", "***"}};
    char out[REDACT_ADDRESS_SIZE];

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        redact_address(out, table[i][0]);
        ck_assert_str_eq(out, table[i][1]);
    }
}
END_TEST

SUITE_PROGRAM("server/redact", (void)0, secrets_are_masked_everywhere, people_are_masked_where_it_is_wanted,
              what_does_not_fit_is_cut, addresses_become_networks)
