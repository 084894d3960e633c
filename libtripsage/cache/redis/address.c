/* redis/address.c: see address.h. */
#include "address.h"

#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "base/memory.h"

#define DEFAULT_PORT "6379"

/* A database's number has this many digits at most: Redis counts them with an int, and nobody has a million. */
#define DATABASE_DIGITS 6

/* A part of the URL, still escaped. `at` is NULL where the URL has no such part. */
typedef struct span {
    const char *at;
    size_t size;
} span;

typedef struct parts {
    int tls, is_path;
    span user, password, host, port, path, database, ca_file;
} parts;

static const struct {
    const char *text;
    int tls, is_path;
} schemes[] = {{"redis://", 0, 0}, {"rediss://", 1, 0}, {"unix://", 0, 1}};

/* The text behind the scheme; NULL when it is none of ours. */
static const char *behind_scheme(parts *out, const char *url)
{
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
        if (strncmp(url, schemes[i].text, strlen(schemes[i].text)) == 0) {
            out->tls = schemes[i].tls;
            out->is_path = schemes[i].is_path;
            return url + strlen(schemes[i].text);
        }
    return NULL;
}

int tripsage__redis_is_url(const char *url)
{
    parts unused;

    return behind_scheme(&unused, url) != NULL;
}

static span span_of(const char *begin, const char *end)
{
    return (span){begin, (size_t)(end - begin)};
}

static int hex_digit(char c)
{
    const char *digits = "0123456789abcdef", *at = strchr(digits, c | 32);

    return c && at ? (int)(at - digits) : -1;
}

/* Every '%' begins an escape, and none of them is a NUL. */
static int escapes_are_whole(const char *text)
{
    for (; (text = strchr(text, '%')) != NULL; text++)
        if (hex_digit(text[1]) < 0 || hex_digit(text[2]) < 0 || (text[1] == '0' && text[2] == '0'))
            return 0;
    return 1;
}

static int is_number(span s, size_t digits)
{
    return s.size > 0 && s.size <= digits && strspn(s.at, "0123456789") >= s.size;
}

/* "user:password@" in front of `end`; gives what follows it. */
static const char *take_credentials(parts *out, const char *at, const char *end)
{
    const char *mark = memchr(at, '@', (size_t)(end - at)), *colon;

    if (!mark)
        return at;
    colon = memchr(at, ':', (size_t)(mark - at));
    out->user = span_of(at, colon ? colon : mark);
    if (colon)
        out->password = span_of(colon + 1, mark);
    return mark + 1;
}

static const char *take_host(parts *out, const char *at, const char *end)
{
    const char *host_end;

    if (*at == '[') { /* RFC 3986, 3.2.2: an address of IPv6 */
        host_end = memchr(at, ']', (size_t)(end - at));
        if (!host_end)
            return "the host's brackets are not closed";
        out->host = span_of(at + 1, host_end++);
    } else {
        host_end = at + strcspn(at, ":/?");
        out->host = span_of(at, host_end);
    }
    if (host_end < end && *host_end == ':')
        out->port = span_of(host_end + 1, end);
    else if (host_end != end)
        return "expected a host and a port";
    if (out->port.at && !is_number(out->port, 5))
        return "the port is not a number";
    return out->host.size ? NULL : "expected a host";
}

static const char *take_query(parts *out, const char *at)
{
    while (*at) {
        const char *end = at + strcspn(at, "&");

        if (strncmp(at, "db=", 3) == 0)
            out->database = span_of(at + 3, end);
        else if (strncmp(at, "ca_file=", 8) == 0 && out->tls && end > at + 8)
            out->ca_file = span_of(at + 8, end);
        else
            return "the only parameters are db and, with rediss://, ca_file";
        at = *end ? end + 1 : end;
    }
    return NULL;
}

/* NULL, or what is wrong. */
static const char *take_apart(parts *out, const char *url)
{
    const char *at, *end, *query, *problem;

    memset(out, 0, sizeof *out);
    at = behind_scheme(out, url);
    if (!at)
        return "expected redis://, rediss:// or unix://";
    if (!escapes_are_whole(url))
        return "the URL has a % that begins no escape: write %25 for it";
    end = at + strcspn(at, "/?"); /* of the authority (RFC 3986, 3.2) */
    at = take_credentials(out, at, end);
    query = end + strcspn(end, "?");
    if (memchr(at, '@', (size_t)(query - at)))
        return "the password has to be escaped: write %40 for @, %2F for /, %3F for ?, %25 for %";
    if (out->is_path) {
        out->path = span_of(end, query);
        problem = at == end && out->path.size > 1 ? NULL : "expected the socket's absolute path: unix:///path/to.sock";
    } else {
        problem = take_host(out, at, end);
        if (query > end + 1)
            out->database = span_of(end + 1, query);
    }
    if (!problem && *query)
        problem = take_query(out, query + 1);
    if (!problem && out->database.at && !is_number(out->database, DATABASE_DIGITS))
        problem = "the database is not a number";
    return problem;
}

const char *tripsage__redis_url_problem(const char *url)
{
    parts unused;

    return take_apart(&unused, url);
}

/* An empty part is none. */
static int decode(char **out, span from)
{
    char *to;

    if (!from.size)
        return 1;
    *out = to = tripsage__malloc(from.size + 1);
    if (!to)
        return 0;
    for (size_t i = 0; i < from.size; i++)
        if (from.at[i] == '%') {
            *to++ = (char)(hex_digit(from.at[i + 1]) * 16 + hex_digit(from.at[i + 2]));
            i += 2;
        } else {
            *to++ = from.at[i];
        }
    *to = '\0';
    return 1;
}

static int decode_all(tripsage__redis_address *out, const parts *from)
{
    static const span default_port = {DEFAULT_PORT, sizeof DEFAULT_PORT - 1};

    return decode(&out->path, from->path) && decode(&out->host, from->host) && decode(&out->ca_file, from->ca_file) &&
           decode(&out->user, from->user) && decode(&out->password, from->password) &&
           (out->path || decode(&out->port, from->port.size ? from->port : default_port));
}

static int add_password(tripsage__redis_address *out, const char *password)
{
    if (!out->password && password && password[0])
        out->password = tripsage__strdup(password);
    return out->password || !password || !password[0];
}

tripsage_status tripsage__redis_address_read(tripsage__redis_address *out, const char *url, const char *password)
{
    parts from;

    memset(out, 0, sizeof *out);
    (void)take_apart(&from, url);
    out->tls = from.tls;
    if (!decode_all(out, &from) || !add_password(out, password)) {
        tripsage__redis_address_free(out);
        return TRIPSAGE_NOMEM();
    }
    snprintf(out->database, sizeof out->database, "%.*s", (int)from.database.size,
             from.database.size ? from.database.at : "");
    if (out->path)
        snprintf(out->shown, sizeof out->shown, "%.150s", out->path);
    else
        snprintf(out->shown, sizeof out->shown, "%.120s:%s", out->host, out->port);
    return TRIPSAGE_OK;
}

void tripsage__redis_address_free(tripsage__redis_address *address)
{
    if (address->password)
        tripsage__wipe(address->password, strlen(address->password));
    tripsage__free(address->path);
    tripsage__free(address->host);
    tripsage__free(address->port);
    tripsage__free(address->ca_file);
    tripsage__free(address->user);
    tripsage__free(address->password);
    memset(address, 0, sizeof *address);
}

void tripsage__redis_url_put_masked(tripsage__buf *buf, const char *url)
{
    parts from;

    (void)take_apart(&from, url);
    if (from.password.size) {
        tripsage__buf_put(buf, url, (size_t)(from.password.at - url));
        TRIPSAGE__LIT(buf, "***");
        url = from.password.at + from.password.size;
    }
    tripsage__buf_puts(buf, url);
}
