/* http/message.c: a mail as the bytes that go out: RFC 5322 (headers), RFC 2047 (words in headers that are not ASCII), RFC 2045 and
 * 2046 (two bodies, in quoted-printable, so that every line is short ASCII whatever is in them). */
#include <string.h>

#include "base/calendar.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/text.h"
#include "http/http_internal.h"

#define ADDRESS_MAX 254 /* RFC 5321, 4.5.3.1.3 */
/* A line of a header ends by column 78 (RFC 5322, 2.1.1): what is longer, name of the header included, goes out as encoded words. */
#define PLAIN_MAX 60
/* A line with an encoded word has at most 76 columns (RFC 2047, 2): "Subject: =?UTF-8?B?", 52 of base64, which say 39 bytes, and "?=". */
#define WORD_BYTES 39
#define LINE_MAX   76 /* RFC 2045, 6.7 (5) */

/* ---- what may be in a header ---- */

int tripsage__mail_is_address(const char *text)
{
    const char *at = text ? strchr(text, '@') : NULL;

    if (!at || at == text || !at[1] || strchr(at + 1, '@') || strlen(text) > ADDRESS_MAX)
        return 0;
    for (; *text; text++)
        if (*text <= ' ' || *text > '~' || strchr("<>()[]\\,;:\"", *text))
            return 0;
    return 1;
}

/* A line break would begin another header (CWE-93). */
int tripsage__mail_is_line(const char *text)
{
    for (const char *c = text; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return 0;
    return tripsage__utf8_valid(text, strlen(text));
}

static tripsage_status check(const tripsage__mail *mail)
{
    if (!tripsage__mail_is_address(mail->from))
        return TRIPSAGE_FAIL(TRIPSAGE_EINVALID, "the sender is no address that mail can be from");
    if (!tripsage__mail_is_address(mail->to))
        return TRIPSAGE_FAIL(TRIPSAGE_EINVALID, "the recipient is no address that mail can be sent to");
    if (!tripsage__mail_is_line(mail->subject) || (mail->from_name && !tripsage__mail_is_line(mail->from_name)))
        return TRIPSAGE_FAIL(TRIPSAGE_EINVALID, "a mail's subject and its sender's name are one line of text each");
    if (!tripsage__utf8_valid(mail->text, strlen(mail->text)) ||
        (mail->html && !tripsage__utf8_valid(mail->html, strlen(mail->html))))
        return TRIPSAGE_FAIL(TRIPSAGE_EINVALID, "a mail's body is text in UTF-8");
    return TRIPSAGE_OK;
}

/* ---- headers ---- */

static int is_plain(const char *text)
{
    for (const char *c = text; *c; c++)
        if ((unsigned char)*c >= 0x80)
            return 0;
    return strlen(text) <= PLAIN_MAX && !strstr(text, "=?");
}

static void put_base64(tripsage__buf *out, const unsigned char *bytes, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < size; i += 3) {
        uint32_t three = (uint32_t)bytes[i] << 16;

        if (i + 1 < size)
            three |= (uint32_t)bytes[i + 1] << 8;
        if (i + 2 < size)
            three |= bytes[i + 2];
        tripsage__buf_putc(out, digits[three >> 18]);
        tripsage__buf_putc(out, digits[three >> 12 & 63]);
        tripsage__buf_putc(out, i + 1 < size ? digits[three >> 6 & 63] : '=');
        tripsage__buf_putc(out, i + 2 < size ? digits[three & 63] : '=');
    }
}

/* Encoded words of whole characters (RFC 2047, 5), each on a line of its own. */
static void put_words(tripsage__buf *out, const char *text)
{
    const unsigned char *at = (const unsigned char *)text, *end = at + strlen(text);

    while (at < end) {
        const unsigned char *word_end = at, *next = at;

        while (next < end && (tripsage__utf8_next(&next, end), next - at <= WORD_BYTES))
            word_end = next;
        TRIPSAGE__LIT(out, "=?UTF-8?B?");
        put_base64(out, at, (size_t)(word_end - at));
        tripsage__buf_puts(out, word_end < end ? "?=\r\n " : "?=");
        at = word_end;
    }
}

/* A name before an address: a quoted string (RFC 5322, 3.2.4), or encoded words. */
static void put_name(tripsage__buf *out, const char *name)
{
    if (!is_plain(name)) {
        put_words(out, name);
        TRIPSAGE__LIT(out, "\r\n ");
        return;
    }
    tripsage__buf_putc(out, '"');
    for (; *name; name++) {
        if (*name == '"' || *name == '\\')
            tripsage__buf_putc(out, '\\');
        tripsage__buf_putc(out, *name);
    }
    TRIPSAGE__LIT(out, "\" ");
}

/* "Sat, 28 Nov 2026 23:28:31 +0000" (RFC 5322, 3.3). */
static void put_date(tripsage__buf *out, int64_t ms)
{
    static const char *const days[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"}; /* 1970-01-01 was a Thursday */
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    int64_t seconds = ms > 0 ? ms / 1000 : 0;
    int32_t day = (int32_t)(seconds / 86400);
    int second = (int)(seconds % 86400), year, month, of_month;

    tripsage__civil_from_days(day, &year, &month, &of_month);
    tripsage__buf_printf(out, "Date: %s, %02d %s %04d %02d:%02d:%02d +0000\r\n", days[day % 7], of_month,
                         months[month - 1], year, second / 3600, second / 60 % 60, second % 60);
}

static void put_headers(tripsage__buf *out, const tripsage__mail *mail, const char *id, int64_t now_ms)
{
    put_date(out, now_ms);
    TRIPSAGE__LIT(out, "From: ");
    if (mail->from_name && mail->from_name[0])
        put_name(out, mail->from_name);
    tripsage__buf_printf(out, "<%s>\r\nTo: <%s>\r\nSubject: ", mail->from, mail->to);
    if (is_plain(mail->subject))
        tripsage__buf_puts(out, mail->subject);
    else
        put_words(out, mail->subject);
    tripsage__buf_printf(out, "\r\nMessage-ID: <%s@%s>\r\n", id, strchr(mail->from, '@') + 1);
    /* Nobody's holiday answers this (RFC 3834, 5). */
    TRIPSAGE__LIT(out, "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n");
}

/* ---- bodies ---- */

/* Whether a character may stand for itself; `last`: it ends its line. A dot at the beginning of a line, and a "From ", are changed on
 * the way by some. */
static int is_literal(char c, int first, int last)
{
    if (c == '=' || (unsigned char)c >= 0x7f || ((unsigned char)c < 0x20 && c != '\t'))
        return 0;
    return !((c == ' ' || c == '\t') && last) && !(first && (c == '.' || c == 'F'));
}

/* Quoted-printable (RFC 2045, 6.7): lines end with CRLF whatever they ended with; a long one is broken softly. */
static void put_quoted(tripsage__buf *out, const char *text)
{
    size_t column = 0;

    for (; *text; text++) {
        int last = text[1] == '\0' || text[1] == '\n' || strncmp(text + 1, "\r\n", 2) == 0;

        if (*text == '\n' || strncmp(text, "\r\n", 2) == 0) {
            text += *text == '\r';
            TRIPSAGE__LIT(out, "\r\n");
            column = 0;
            continue;
        }
        if (column + 3 > LINE_MAX - 1) { /* room for the '=' that breaks it */
            TRIPSAGE__LIT(out, "=\r\n");
            column = 0;
        }
        if (is_literal(*text, column == 0, last)) {
            tripsage__buf_putc(out, *text);
            column++;
        } else {
            tripsage__buf_printf(out, "=%02X", (unsigned)(unsigned char)*text);
            column += 3;
        }
    }
    TRIPSAGE__LIT(out, "\r\n");
}

static void put_part(tripsage__buf *out, const char *type, const char *text)
{
    tripsage__buf_printf(
        out, "Content-Type: text/%s; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n", type);
    put_quoted(out, text);
}

/* The better form comes last (RFC 2046, 5.1.4). No line of quoted-printable begins with "--=_". */
static void put_bodies(tripsage__buf *out, const tripsage__mail *mail, const char *id)
{
    if (!mail->html) {
        put_part(out, "plain", mail->text);
        return;
    }
    tripsage__buf_printf(out, "Content-Type: multipart/alternative;\r\n boundary=\"=_%s\"\r\n\r\n--=_%s\r\n", id, id);
    put_part(out, "plain", mail->text);
    tripsage__buf_printf(out, "--=_%s\r\n", id);
    put_part(out, "html", mail->html);
    tripsage__buf_printf(out, "--=_%s--\r\n", id);
}

tripsage_status tripsage__message_put(tripsage__buf *out, tripsage__env *env, const tripsage__mail *mail)
{
    char id[TRIPSAGE__UUID_SIZE];
    tripsage_status status;

    TRIPSAGE_TRY(check(mail));
    TRIPSAGE_TRY(tripsage__uuid7(env, id));
    put_headers(out, mail, id, tripsage__now_ms(env));
    put_bodies(out, mail, id);
    status = tripsage__buf_status(out);
out:
    return status;
}
