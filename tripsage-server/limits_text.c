/* limits_text.c: see limits_text.h. */
#include "limits_text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char limit_text_expected[] = "limits such as 60/m:20,1000/h,10000/d (s, m, h, d; behind the colon how many at "
                                   "once; at most 4), then open, closed, local or shadow; or off";

/* Up to nine digits, which is more than a limit may have. */
static int64_t read_number(const char **at, const char *end)
{
    int64_t number = 0;

    while (*at < end && isdigit((unsigned char)**at) && number < 100000000)
        number = number * 10 + (*(*at)++ - '0');
    return number;
}

/* "60/m:20" or "100/15m" */
static int read_policy(limit_text *w, const char *at, const char *end)
{
    static const struct {
        char letter;
        const char *name;
        int64_t ms;
    } units[] = {{'s', "second", 1000}, {'m', "minute", 60000}, {'h', "hour", 3600000}, {'d', "day", 86400000}};
    tripsage_limit_policy *p;
    int64_t quota = read_number(&at, end), times, burst = 0;

    if (w->count == TRIPSAGE_LIMIT_POLICIES_MAX || at == end || *at++ != '/')
        return 0;
    times = read_number(&at, end);
    for (size_t i = 0; at < end && i < COUNT(units); i++) {
        if (*at != units[i].letter)
            continue;
        if (++at < end && *at == ':') {
            at++;
            burst = read_number(&at, end);
            if (burst == 0)
                return 0;
        }
        p = &w->policies[w->count];
        *p = (tripsage_limit_policy){w->names[w->count], (uint32_t)quota, (times ? times : 1) * units[i].ms,
                                     (uint32_t)burst};
        if (times > 1)
            snprintf(w->names[w->count], POLICY_NAME_MAX, "%u%c", (unsigned)times, units[i].letter);
        else
            snprintf(w->names[w->count], POLICY_NAME_MAX, "%s", units[i].name);
        w->count++;
        return at == end;
    }
    return 0;
}

static int read_word(limit_text *w, const char *word, size_t length)
{
    static const struct {
        const char *word;
        int away;
    } ways[] = {{"local", TRIPSAGE_LIMIT_LOCAL}, {"open", TRIPSAGE_LIMIT_OPEN}, {"closed", TRIPSAGE_LIMIT_CLOSED}};

    for (size_t i = 0; i < COUNT(ways); i++)
        if (strlen(ways[i].word) == length && memcmp(ways[i].word, word, length) == 0) {
            w->away = ways[i].away;
            return 1;
        }
    if (length == 6 && memcmp(word, "shadow", 6) == 0)
        return w->shadow = 1;
    if (length == 3 && memcmp(word, "off", 3) == 0)
        return w->off = 1;
    return isdigit((unsigned char)word[0]) && read_policy(w, word, word + length);
}

const char *limit_text_read(limit_text *w, const char *at, size_t length)
{
    const char *end = at + length;

    *w = (limit_text){.away = -1};
    while (at < end) {
        size_t blank = strspn(at, ", "), word;

        at += blank < (size_t)(end - at) ? blank : (size_t)(end - at);
        word = strcspn(at, ", ;");
        if (word > (size_t)(end - at))
            word = (size_t)(end - at);
        if (word && !read_word(w, at, word))
            return limit_text_expected;
        at += word;
    }
    return w->off ? (w->count ? limit_text_expected : NULL) : w->count ? NULL : limit_text_expected;
}

static text trimmed(const char *begin, const char *end)
{
    while (begin < end && *begin == ' ')
        begin++;
    while (end > begin && end[-1] == ' ')
        end--;
    return (text){begin, (size_t)(end - begin)};
}

int limit_entry_next(limit_entry *out, const char **at)
{
    size_t length;
    const char *equals;
    text left;

    *at += strspn(*at, "; ");
    length = strcspn(*at, ";");
    if (!length)
        return 0;
    *out = (limit_entry){METHOD_ROUTABLE, {NULL, 0}, {NULL, 0}};
    equals = memchr(*at, '=', length);
    if (equals) {
        left = trimmed(*at, equals);
        out->rule = trimmed(equals + 1, *at + length);
        for (int m = 0; m < METHOD_ROUTABLE; m++) {
            size_t name = strlen(method_names[m]);

            if (left.length > name && memcmp(left.data, method_names[m], name) == 0 && left.data[name] == ' ') {
                out->method = m;
                left = trimmed(left.data + name, left.data + left.length);
                break;
            }
        }
        if (left.length && left.data[0] == '/')
            out->path = left;
    }
    *at += length;
    return 1;
}

int limit_entry_means(const limit_entry *e, const route *r)
{
    return !(r->flags & ROUTE_HEALTH) && (e->method == METHOD_ROUTABLE || (method)e->method == r->method) &&
           strncmp(r->path, e->path.data, e->path.length) == 0 &&
           (r->path[e->path.length] == '\0' || r->path[e->path.length] == '/');
}
