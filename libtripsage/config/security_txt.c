/* config/security_txt.c: who is told of weaknesses, as the file security.txt says it (RFC 9116), and what is wrong with such a list. */
#include <string.h>
#include <strings.h>
#include <tripsage/security.h>

#include "base/buf.h"
#include "base/calendar.h"
#include "base/env.h"
#include "config_internal.h"
#include "http/http.h"

#define PATH "/.well-known/security.txt"

/* RFC 9116, 2.5.5: less than a year, so that nobody takes an old copy's word. */
#define DAYS   90
#define DAY_MS 86400000

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS  "0123456789"
/* Of a URI (RFC 3986), but for the comma, which separates ours: %2C in one. */
#define OF_URI LETTERS DIGITS "-._~:/?#[]@!$&'()*+;=%"

/* The next of a list separated by commas, without blanks around it; size 0 past the last. An empty one is passed over. */
static tripsage__span next(const char **at)
{
    tripsage__span span;

    span.at = *at += strspn(*at, ", ");
    span.size = strcspn(*at, ",");
    *at += span.size;
    while (span.size && span.at[span.size - 1] == ' ')
        span.size--;
    return span;
}

static int begins(tripsage__span span, const char *with)
{
    size_t size = strlen(with);

    return span.size > size && strncasecmp(span.at, with, size) == 0;
}

/* The address of "mailto:who@example.org?subject=..." */
static int is_mailbox(tripsage__span uri)
{
    char address[256];
    size_t size = uri.size - 7;
    const char *query = memchr(uri.at, '?', uri.size);

    if (query)
        size = (size_t)(query - uri.at) - 7;
    if (size >= sizeof address)
        return 0;
    memcpy(address, uri.at + 7, size);
    address[size] = '\0';
    return tripsage__mail_is_address(address);
}

static int is_contact(tripsage__span uri)
{
    if (strspn(uri.at, OF_URI) < uri.size)
        return 0;
    return begins(uri, "https://") || begins(uri, "tel:") || (begins(uri, "mailto:") && is_mailbox(uri));
}

const char *tripsage__contacts_problem(const char *text)
{
    tripsage__span uri;
    size_t count = 0;

    for (; (uri = next(&text)).size; count++)
        if (!is_contact(uri))
            break;
    return count && !uri.size ? NULL
                              : "expected URIs separated by commas, such as mailto:security@example.org, "
                                "https://example.org/security or tel:+1-201-555-0123";
}

/* RFC 5646, 2.1: subtags of at most eight letters and digits, the first of letters alone. */
static int is_language(tripsage__span tag)
{
    size_t subtag = strspn(tag.at, LETTERS);

    if (subtag < 2 || subtag > 8)
        return 0;
    for (size_t at = subtag; at < tag.size; at += subtag) {
        if (tag.at[at++] != '-')
            return 0;
        subtag = strspn(tag.at + at, LETTERS DIGITS);
        if (subtag < 1 || subtag > 8)
            return 0;
    }
    return 1;
}

const char *tripsage__languages_problem(const char *text)
{
    tripsage__span tag;
    size_t count = 0;

    for (; (tag = next(&text)).size; count++)
        if (!is_language(tag))
            break;
    return count && !tag.size ? NULL : "expected language tags separated by commas, such as en,de or pt-BR";
}

static void put_line(tripsage__buf *buf, const char *name, const char *value, size_t size)
{
    tripsage__buf_puts(buf, name);
    tripsage__buf_put(buf, value, size);
    tripsage__buf_putc(buf, '\n');
}

/* Well-known files are the host's (RFC 8615), so a path that API_EXTERNAL_URL has is not part of their address. */
static void put_canonical(tripsage__buf *buf, const char *url)
{
    size_t scheme = strlen("https://");

    if (!url || strncasecmp(url, "https://", scheme) != 0)
        return;
    TRIPSAGE__LIT(buf, "Canonical: ");
    tripsage__buf_put(buf, url, scheme + strcspn(url + scheme, "/?#"));
    TRIPSAGE__LIT(buf, PATH "\n");
}

static void put_languages(tripsage__buf *buf, const char *text)
{
    const char *separator = "Preferred-Languages: ";

    for (tripsage__span tag; (tag = next(&text)).size; separator = ", ") {
        tripsage__buf_puts(buf, separator);
        tripsage__buf_put(buf, tag.at, tag.size);
    }
    tripsage__buf_putc(buf, '\n');
}

tripsage_status tripsage_security_txt(char **out, const tripsage_config *config, int64_t now_ms)
{
    const char *contacts = config->values[SECURITY_CONTACT].text, *policy = config->values[SECURITY_POLICY].text;
    const char *languages = config->values[SECURITY_LANGUAGES].text;
    tripsage__buf buf = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    char day[TRIPSAGE__DATE_SIZE];
    tripsage_status status;

    *out = NULL;
    if (!contacts)
        return TRIPSAGE_OK;
    for (tripsage__span uri; (uri = next(&contacts)).size;)
        put_line(&buf, "Contact: ", uri.at, uri.size);
    if (!now_ms)
        now_ms = tripsage__system_ns() / 1000000;
    tripsage__date_format((int32_t)(now_ms / DAY_MS) + DAYS, day);
    tripsage__buf_printf(&buf, "Expires: %sT00:00:00Z\n", day);
    put_canonical(&buf, config->values[EXTERNAL_URL].text);
    if (policy)
        put_line(&buf, "Policy: ", policy, strlen(policy));
    if (languages)
        put_languages(&buf, languages);
    status = tripsage__buf_status(&buf);
    if (status == TRIPSAGE_OK)
        *out = tripsage__buf_take(&buf, NULL);
    tripsage__buf_free(&buf);
    return status;
}
