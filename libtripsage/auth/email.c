/* auth/email.c: which text is an e-mail address.
 *
 * Pragmatic: what mail systems deliver to today, not all that RFC 5321 allows. ASCII; a local part of dot-separated words (RFC 5322
 * "dot-atom", no quoted strings), 1 to 64 characters; a domain of dot-separated labels (RFC 1123), one label being enough for
 * a company's own network; 254 characters in all. Only a message to the address can tell whether it is somebody's. */
#include <string.h>

#include "auth/auth.h"

#define LOCAL_MAX 64 /* RFC 5321, 4.5.3.1.1 */
#define LABEL_MAX 63 /* RFC 1035, 2.3.4 */

static int is_alphanumeric(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static int is_local(const char *text, size_t length)
{
    if (length == 0 || length > LOCAL_MAX || text[0] == '.' || text[length - 1] == '.')
        return 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '.' ? text[i + 1] == '.' : !is_alphanumeric(text[i]) && !strchr("!#$%&'*+-/=?^_`{|}~", text[i]))
            return 0;
    }
    return 1;
}

static int is_label(const char *text, size_t length)
{
    if (length == 0 || length > LABEL_MAX || text[0] == '-' || text[length - 1] == '-')
        return 0;
    for (size_t i = 0; i < length; i++)
        if (!is_alphanumeric(text[i]) && text[i] != '-')
            return 0;
    return 1;
}

static int is_domain(const char *text)
{
    for (;;) {
        size_t length = strcspn(text, ".");

        if (!is_label(text, length))
            return 0;
        if (text[length] == '\0')
            return 1;
        text += length + 1;
    }
}

int tripsage__email_normalize(const char *text, char out[TRIPSAGE__EMAIL_SIZE])
{
    size_t length = text ? strlen(text) : 0;
    const char *at;

    out[0] = '\0';
    if (length == 0 || length >= TRIPSAGE__EMAIL_SIZE)
        return 0;
    for (size_t i = 0; i <= length; i++)
        out[i] = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] + ('a' - 'A')) : text[i];
    at = strchr(out, '@');
    if (at && is_local(out, (size_t)(at - out)) && is_domain(at + 1))
        return 1;
    out[0] = '\0';
    return 0;
}
