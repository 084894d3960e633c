/* Where a link may lead. */
#include <stdio.h>
#include <string.h>

#include "../suite.h"
#include "auth/redirect.h"

#define SITE  "https://app.example.org"
#define LOCAL "http://localhost:3000"
#define GLOBS                                                                                                          \
    "https://*.preview.example.org/**, "                                                                               \
    "myapp://**,com.example.app:/oauth,https://{one,two}.test/cb,https://v[0-9].test/?"

static const struct {
    const char *site, *patterns, *url;
    int allowed;
} table[] = {
    /* the site itself */
    {SITE, NULL, "https://app.example.org", 1},
    {SITE, NULL, "https://app.example.org/", 1},
    {SITE, NULL, "https://app.example.org/a/b?c=d#e", 1},
    {SITE, NULL, "HTTPS://APP.EXAMPLE.ORG/a", 1},
    {SITE, NULL, "https://app.example.org:443/a", 1},
    {SITE "/path", NULL, "https://app.example.org/elsewhere", 1},
    {SITE, NULL, "https://app.example.org:8443/a", 0},
    {SITE, NULL, "http://app.example.org/a", 0},
    {SITE, NULL, "https://example.org/a", 0},
    {SITE, NULL, "https://app.example.org.evil.test/", 0},
    {SITE, NULL, "https://evil.test/https://app.example.org", 0},
    {SITE, NULL, "https://evil.test#https://app.example.org", 0},
    {SITE, NULL, "https://evil.test?https://app.example.org", 0},
    /* a site on this machine, at any port */
    {LOCAL, NULL, "http://localhost:3000/a", 1},
    {LOCAL, NULL, "http://localhost:5173/a", 1},
    {LOCAL, NULL, "http://localhost/a", 1},
    {LOCAL, NULL, "http://127.0.0.1:3000/a", 0},
    {LOCAL, NULL, "https://localhost:3000/a", 0},
    {LOCAL, NULL, "http://localhost.evil.test:3000/", 0},
    {"http://127.0.0.1:3000", NULL, "http://127.0.0.1:9/new", 1},
    {"http://[::1]:3000", NULL, "http://[::1]:9/new", 1},
    {"http://[::1]:3000", NULL, "http://[::2]:9/new", 0},
    /* what parsers disagree about */
    {SITE, "**", "https://app.example.org@evil.test/", 0},
    {SITE, "**", "https://user:word@app.example.org/", 0},
    {SITE, "**", "https://evil.test\\@app.example.org/", 0},
    {SITE, "**", "https://app.example.org\\.evil.test/", 0},
    {SITE, "**", "https://app.example.org\t.evil.test/", 0},
    {SITE, "**", " https://app.example.org/", 0},
    {SITE, "**", "https://app.example.org/\r\nSet-Cookie: a=b", 0},
    {SITE, "**", "//evil.test/", 0},
    {SITE, "**", "/path", 0},
    {SITE, "**", "javascript:alert(1)", 0},
    {SITE, "**", "JavaScript://app.example.org/%0aalert(1)", 0},
    {SITE, "**", "data:text/html,x", 0},
    {SITE, "**", "https://app.example.org:80:80/", 0},
    {SITE, "**", "https://app.example.org:x/", 0},
    {SITE, "**", "https://[::1/", 0},
    {SITE, "**", "", 0},
    {SITE, "**", NULL, 0},
    {SITE, "**", "https://anything.test/", 1},
    /* patterns */
    {SITE, GLOBS, "https://pr-1.preview.example.org/a/b.html?c", 1},
    {SITE, GLOBS, "https://pr-1.preview.example.org/a#https://x", 1},
    {SITE, GLOBS, "https://a.b.preview.example.org/", 0},
    {SITE, GLOBS, "https://evil.test/.preview.example.org/", 0},
    {SITE, GLOBS, "https://evil.test#.preview.example.org/", 0},
    {SITE, GLOBS, "http://pr-1.preview.example.org/", 0},
    {SITE, GLOBS, "myapp://callback", 1},
    {SITE, GLOBS, "myapps://callback", 0},
    {SITE, GLOBS, "com.example.app:/oauth", 1},
    {SITE, GLOBS, "com.example.app:/oauth/x", 0},
    {SITE, GLOBS, "https://one.test/cb", 1},
    {SITE, GLOBS, "https://two.test/cb", 1},
    {SITE, GLOBS, "https://three.test/cb", 0},
    {SITE, GLOBS, "https://one.test/cbx", 0},
    {SITE, GLOBS, "https://one.test/cb#x", 1},
    {SITE, GLOBS, "https://one.test/cb?x", 0},
    {SITE, GLOBS, "https://v7.test/a", 1},
    {SITE, GLOBS, "https://vx.test/a", 0},
    {SITE, GLOBS, "https://v7.test/.", 0},
    {SITE, GLOBS, "https://v7.test/ab", 0},
    {SITE, "https://[!x].test/", "https://y.test/", 1},
    {SITE, "https://[!x].test/", "https://x.test/", 0},
    {SITE, "https://[x", "https://x", 0},
    {SITE, "https://{x", "https://x", 0},
    {SITE, "http://localhost:*/**", "http://localhost:5173/a/b", 1},
    {SITE, "http://localhost:*/**", "http://localhost:5173", 0},
    {SITE, "", "https://x.test/", 0},
    {SITE, ", ,", "https://x.test/", 0},
    {"", NULL, "https://x.test/", 0},
};

START_TEST(allows_and_refuses)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        ck_assert_msg(tripsage__redirect_allowed(table[i].site, table[i].patterns, table[i].url) == table[i].allowed,
                      "%s with %s: %s", table[i].site, table[i].patterns ? table[i].patterns : "no patterns",
                      table[i].url ? table[i].url : "NULL");
}
END_TEST

/* A pattern that could be read in very many ways costs no more than its bound, and long URLs are none. */
START_TEST(costs_a_bounded_time)
{
    char url[4096] = "https://";

    memset(url + 8, 'a', 1900);
    ck_assert_int_eq(tripsage__redirect_allowed(SITE, "**a**a**a**a**a**a**a**a**b", url), 0);
    ck_assert_int_eq(tripsage__redirect_allowed(SITE, "**", url), 1);
    memset(url + 8, 'a', 2100);
    ck_assert_int_eq(tripsage__redirect_allowed(SITE, "**", url), 0);
}
END_TEST

SUITE_MAIN("auth/redirect", allows_and_refuses, costs_a_bounded_time)
