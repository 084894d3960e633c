/* config/url.c: see url.h. */
#include "url.h"

#include <string.h>

static const char *const schemes[] = {"postgresql://", "postgres://"};

/* Parameters with a secret as their value. */
static const char *const secret_parameters[] = {"password", "sslpassword"};

static tripsage__span span_of(const char *from, const char *to)
{
    tripsage__span span = {from, (size_t)(to - from)};

    return span;
}

static const char *end_of(tripsage__span span)
{
    return span.at + span.size;
}

int tripsage__span_is(tripsage__span span, const char *text)
{
    return span.size == strlen(text) && memcmp(span.at, text, span.size) == 0;
}

int tripsage__span_ends(tripsage__span span, const char *end)
{
    size_t size = strlen(end);

    return span.size >= size && memcmp(end_of(span) - size, end, size) == 0;
}

int tripsage__span_equal(tripsage__span a, tripsage__span b)
{
    return a.size == b.size && memcmp(a.at, b.at, a.size) == 0;
}

static size_t scheme_size(const char *text)
{
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
        if (strncmp(text, schemes[i], strlen(schemes[i])) == 0)
            return strlen(schemes[i]);
    return 0;
}

int tripsage__url_is_postgres(const char *text)
{
    return scheme_size(text) != 0;
}

static int is_hex(char c)
{
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'f');
}

/* Every '%' begins an escape, and none of them is a NUL. */
static int escapes_are_whole(const char *text)
{
    for (; (text = strchr(text, '%')) != NULL; text++)
        if (!is_hex(text[1]) || !is_hex(text[2]) || (text[1] == '0' && text[2] == '0'))
            return 0;
    return 1;
}

static int ports_are_numbers(const tripsage__url *url)
{
    tripsage__span host, port;
    size_t place = 0;

    while (tripsage__url_next_host(url, &place, &host, &port))
        if (port.size > 5 || strspn(port.at, "0123456789") < port.size)
            return 0;
    return 1;
}

/* As libpq: credentials end at the first '@' that no '/' stands before. */
int tripsage__url_parse(tripsage__url *out, const char *text)
{
    const char *at = text + scheme_size(text), *end = text + strlen(text), *mark = at + strcspn(at, "@/"), *colon;

    memset(out, 0, sizeof *out);
    out->all = span_of(text, end);
    out->user = out->password = span_of(at, at);
    if (*mark == '@') {
        colon = memchr(at, ':', (size_t)(mark - at));
        out->user = span_of(at, colon ? colon : mark);
        out->password = colon ? span_of(colon + 1, mark) : span_of(mark, mark);
        at = mark + 1;
    }
    out->hosts = span_of(at, at + strcspn(at, "/?"));
    at += strcspn(at, "?");
    out->query = span_of(*at ? at + 1 : at, end);
    return escapes_are_whole(text) && !memchr(out->hosts.at, '@', (size_t)(end - out->hosts.at)) &&
           ports_are_numbers(out);
}

tripsage__span tripsage__url_parameter(const tripsage__url *url, const char *name)
{
    const char *end = end_of(url->query);
    size_t length = strlen(name);
    tripsage__span none = {NULL, 0};

    for (const char *at = url->query.at; at < end; at += strcspn(at, "&") + 1)
        if (strncmp(at, name, length) == 0 && at[length] == '=')
            return span_of(at + length + 1, at + strcspn(at, "&"));
    return none;
}

int tripsage__url_next_host(const tripsage__url *url, size_t *place, tripsage__span *host, tripsage__span *port)
{
    const char *at = url->hosts.at + *place, *end, *name_end;

    if (*place >= url->hosts.size)
        return 0;
    end = at + strcspn(at, ",/?");
    name_end = at + strcspn(at, *at == '[' ? "]," : ":,/?");
    *host = span_of(at, name_end < end ? name_end : end);
    at = memchr(end_of(*host), ':', (size_t)(end - end_of(*host)));
    *port = at ? span_of(at + 1, end) : span_of(end, end);
    *place = (size_t)(end - url->hosts.at) + 1;
    return 1;
}

static int is_secret(const char *parameter)
{
    for (size_t i = 0; i < sizeof secret_parameters / sizeof secret_parameters[0]; i++) {
        size_t length = strlen(secret_parameters[i]);

        if (strncmp(parameter, secret_parameters[i], length) == 0 && parameter[length] == '=')
            return 1;
    }
    return 0;
}

void tripsage__url_put_masked(tripsage__buf *buf, const tripsage__url *url)
{
    const char *end = end_of(url->all), *at = url->query.at;

    tripsage__buf_put(buf, url->all.at, (size_t)(url->password.at - url->all.at));
    if (url->password.size)
        TRIPSAGE__LIT(buf, "***");
    tripsage__buf_put(buf, end_of(url->password), (size_t)(at - end_of(url->password)));
    while (at < end) {
        size_t size = strcspn(at, "&"), name = is_secret(at) ? strcspn(at, "=") + 1 : size;

        tripsage__buf_put(buf, at, name);
        if (name < size)
            TRIPSAGE__LIT(buf, "***");
        tripsage__buf_put(buf, at + size, at[size] ? 1 : 0);
        at += size + (at[size] ? 1 : 0);
    }
}
