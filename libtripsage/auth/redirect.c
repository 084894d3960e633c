/* auth/redirect.c: see redirect.h. Whoever chooses where a link leads gets what comes with it, so a URL has to be plain: what parsers
 * read in different ways (a backslash, credentials, a space, a control character) is in none that is allowed.
 *
 * Patterns are those of Supabase Auth (gobwas/glob with the separators "." and "/"): * is a run of anything but separators, ** of anything,
 * ? one character but a separator, [abc], [a-z] and [!a] one of a set, {a,b} one of some words. What comes after "#" is not compared. */
#include "auth/redirect.h"

#include <string.h>
#include <strings.h>

/* Patterns are an operator's; this bounds what a strange one costs. A match takes some hundred. */
#define STEPS_MAX 100000
#define WORD_MAX  512 /* of a pattern with {} */

/* ---- URLs ---- */

typedef struct parts {
    const char *scheme, *host, *port; /* not ended */
    size_t scheme_size, host_size, port_size;
} parts;

static int is_plain(const char *url)
{
    for (const char *c = url; *c; c++)
        if ((unsigned char)*c <= ' ' || *c == 0x7f || *c == '\\')
            return 0;
    return strlen(url) <= TRIPSAGE__REDIRECT_MAX;
}

static int is_word(const char *text, size_t size, const char *word)
{
    return strlen(word) == size && strncasecmp(text, word, size) == 0;
}

/* 0 for what is no URL, has credentials, or would be run instead of opened. Without "//" there is no host. */
static int split(parts *out, const char *url)
{
    const char *end;

    memset(out, 0, sizeof *out);
    out->scheme = url;
    out->scheme_size = strspn(url, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");
    if (!out->scheme_size || strchr("0123456789+-.", url[0]) || url[out->scheme_size] != ':' ||
        is_word(url, out->scheme_size, "javascript") || is_word(url, out->scheme_size, "data") ||
        is_word(url, out->scheme_size, "vbscript"))
        return 0;
    out->host = url + out->scheme_size + 1;
    if (strncmp(out->host, "//", 2) != 0)
        return 1;
    out->host += 2;
    end = out->host + strcspn(out->host, "/?#");
    if (memchr(out->host, '@', (size_t)(end - out->host)))
        return 0;
    out->host_size = *out->host == '[' ? strcspn(out->host, "]/?#") + 1 : strcspn(out->host, ":/?#");
    if (out->host + out->host_size > end)
        return 0;
    out->port = out->host + out->host_size;
    if (out->port < end) {
        if (*out->port++ != ':')
            return 0;
        out->port_size = (size_t)(end - out->port);
        if (strspn(out->port, "0123456789") < out->port_size)
            return 0;
    }
    return 1;
}

static int is_loopback(const parts *p)
{
    return is_word(p->host, p->host_size, "localhost") || is_word(p->host, p->host_size, "127.0.0.1") ||
           is_word(p->host, p->host_size, "[::1]");
}

/* With what its scheme stands for where there is none. */
static int same_port(const parts *a, const parts *b)
{
    const char *standard = is_word(a->scheme, a->scheme_size, "https") ? "443" : "80";
    const char *left = a->port_size ? a->port : standard, *right = b->port_size ? b->port : standard;
    size_t size = a->port_size ? a->port_size : strlen(standard);

    return size == (b->port_size ? b->port_size : strlen(standard)) && memcmp(left, right, size) == 0;
}

static int same_site(const parts *site, const parts *url)
{
    return site->host_size && site->scheme_size == url->scheme_size && site->host_size == url->host_size &&
           strncasecmp(site->scheme, url->scheme, site->scheme_size) == 0 &&
           strncasecmp(site->host, url->host, site->host_size) == 0 && (is_loopback(site) || same_port(site, url));
}

/* ---- patterns ---- */

static int is_separator(char c)
{
    return c == '.' || c == '/';
}

/* Whether the set at `p`, which begins after '[', has the character; *end is behind its ']'. 0 in *end: it has no ']'. */
static int in_set(const char *p, const char *p_end, char c, const char **end)
{
    int negative = p < p_end && (*p == '!' || *p == '^'), found = 0;

    for (p += negative; p < p_end && *p != ']'; p++) {
        if (p + 2 < p_end && p[1] == '-' && p[2] != ']') {
            found |= p[0] <= c && c <= p[2];
            p += 2;
        } else
            found |= *p == c;
    }
    *end = p < p_end ? p + 1 : NULL;
    return found != negative;
}

static int matches(const char *p, const char *p_end, const char *t, const char *t_end, int *steps);

/* A run of what may be in it, as short or as long as what follows needs it. */
static int matches_run(const char *p, const char *p_end, const char *t, const char *t_end, int anything, int *steps)
{
    for (;; t++) {
        if (matches(p, p_end, t, t_end, steps))
            return 1;
        if (t == t_end || *steps <= 0 || (!anything && is_separator(*t)))
            return 0;
    }
}

/* {a,b}: each word in turn, with what follows it. `p` is behind the '{'. */
static int matches_words(const char *p, const char *p_end, const char *t, const char *t_end, int *steps)
{
    const char *close = memchr(p, '}', (size_t)(p_end - p));
    char text[WORD_MAX];

    if (!close)
        return 0;
    while (p <= close) {
        size_t word = strcspn(p, ",}"), rest = (size_t)(p_end - close - 1);

        if (word + rest > sizeof text)
            return 0;
        memcpy(text, p, word);
        memcpy(text + word, close + 1, rest);
        if (matches(text, text + word + rest, t, t_end, steps))
            return 1;
        p += word + 1;
    }
    return 0;
}

static int matches(const char *p, const char *p_end, const char *t, const char *t_end, int *steps)
{
    for (; p < p_end && (*steps)-- > 0; t++) {
        const char *after = p + 1;

        if (*p == '*') {
            int anything = after < p_end && *after == '*';

            return matches_run(after + anything, p_end, t, t_end, anything, steps);
        }
        if (*p == '{')
            return matches_words(after, p_end, t, t_end, steps);
        if (t == t_end)
            return 0;
        if (*p == '?' ? is_separator(*t) : *p == '[' ? !in_set(after, p_end, *t, &after) || !after : *p != *t)
            return 0;
        p = after;
    }
    return p == p_end && t == t_end;
}

int tripsage__redirect_allowed(const char *site, const char *patterns, const char *url)
{
    const char *end;
    parts of_site, of_url;

    if (!url || !*url || !is_plain(url) || !split(&of_url, url))
        return 0;
    if (split(&of_site, site) && same_site(&of_site, &of_url))
        return 1;
    end = url + strcspn(url, "#");
    while (patterns && *patterns) {
        const char *begin = patterns + strspn(patterns, " "), *stop = begin;
        int steps = STEPS_MAX, in_braces = 0;

        for (; *stop && (*stop != ',' || in_braces); stop++)
            in_braces = *stop == '{' ? 1 : *stop == '}' ? 0 : in_braces;
        patterns = *stop ? stop + 1 : stop;
        while (stop > begin && stop[-1] == ' ')
            stop--;
        if (stop > begin && matches(begin, stop, url, end, &steps))
            return 1;
    }
    return 0;
}
