/* base/buf.c: the growing buffer, and JSON text written into it. */
#include "buf.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calendar.h"
#include "crypto.h"
#include "memory.h"

void tripsage__buf_free(tripsage__buf *buf)
{
    tripsage__free(buf->data);
    buf->data = NULL;
    buf->size = buf->capacity = 0;
    buf->failed = TRIPSAGE_OK;
}

void tripsage__buf_free_wiped(tripsage__buf *buf)
{
    if (buf->data)
        tripsage__wipe(buf->data, buf->capacity);
    tripsage__buf_free(buf);
}

/* Makes room for `more` bytes and the NUL; doubles, so that writing is linear in all. */
tripsage_status tripsage__buf_reserve(tripsage__buf *buf, size_t more)
{
    size_t need, capacity;
    char *grown;

    if (buf->failed)
        return buf->failed;
    if (more >= buf->ceiling - buf->size)
        return buf->failed = TRIPSAGE_ETOOLARGE;
    need = buf->size + more + 1;
    if (need <= buf->capacity)
        return TRIPSAGE_OK;
    capacity = buf->capacity < 128 ? 128 : buf->capacity * 2;
    if (capacity < need)
        capacity = need;
    if (capacity > buf->ceiling)
        capacity = buf->ceiling;
    grown = tripsage__realloc(buf->data, capacity);
    if (!grown)
        return buf->failed = TRIPSAGE_ENOMEM;
    if (!buf->data)
        grown[0] = '\0';
    buf->data = grown;
    buf->capacity = capacity;
    return TRIPSAGE_OK;
}

tripsage_status tripsage__buf_status(const tripsage__buf *buf)
{
    if (buf->failed == TRIPSAGE_ENOMEM)
        return TRIPSAGE_NOMEM();
    if (buf->failed)
        return TRIPSAGE_FAIL(buf->failed, "the text would be longer than %zu bytes", buf->ceiling);
    return TRIPSAGE_OK;
}

char *tripsage__buf_take(tripsage__buf *buf, size_t *length)
{
    char *data = buf->data;

    if (length)
        *length = buf->size;
    buf->data = NULL;
    buf->size = buf->capacity = 0;
    return data;
}

void tripsage__buf_put(tripsage__buf *buf, const void *bytes, size_t size)
{
    if (buf->failed || (buf->capacity - buf->size <= size && tripsage__buf_reserve(buf, size)))
        return;
    if (size)
        memcpy(buf->data + buf->size, bytes, size);
    buf->size += size;
    buf->data[buf->size] = '\0';
}

void tripsage__buf_puts(tripsage__buf *buf, const char *text)
{
    tripsage__buf_put(buf, text, strlen(text));
}

void tripsage__buf_putc(tripsage__buf *buf, char c)
{
    tripsage__buf_put(buf, &c, 1);
}

void tripsage__buf_printf(tripsage__buf *buf, const char *format, ...)
{
    char small[256];
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(small, sizeof small, format, arguments);
    va_end(arguments);
    if (length < 0) {
        buf->failed = TRIPSAGE_EINTERNAL;
    } else if ((size_t)length < sizeof small) {
        tripsage__buf_put(buf, small, (size_t)length);
    } else if (tripsage__buf_reserve(buf, (size_t)length) == TRIPSAGE_OK) {
        va_start(arguments, format);
        vsnprintf(buf->data + buf->size, (size_t)length + 1, format, arguments);
        va_end(arguments);
        buf->size += (size_t)length;
    }
}

void tripsage__buf_int(tripsage__buf *buf, int64_t value)
{
    char text[21];
    char *p = text + sizeof text;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    do
        *--p = (char)('0' + rest % 10);
    while (rest /= 10);
    if (value < 0)
        *--p = '-';
    tripsage__buf_put(buf, p, (size_t)(text + sizeof text - p));
}

void tripsage__buf_put_encoded(tripsage__buf *buf, const char *text)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"; /* RFC 3986, 2.3 */

    for (; *text; text++) {
        if (strchr(plain, *text))
            tripsage__buf_putc(buf, *text);
        else
            tripsage__buf_printf(buf, "%%%02X", (unsigned)(unsigned char)*text);
    }
}

/* ---- JSON ---- */

/* What a byte needs inside a string: 0 nothing, 'u' a \u00xx, else the letter after the backslash. */
static char escape_of(unsigned char c)
{
    switch (c) {
    case '"':
        return '"';
    case '\\':
        return '\\';
    case '\b':
        return 'b';
    case '\f':
        return 'f';
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    default:
        return c < 0x20 ? 'u' : 0;
    }
}

void tripsage__json_put_stringn(tripsage__buf *buf, const char *text, size_t length)
{
    size_t start = 0;

    tripsage__buf_putc(buf, '"');
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        char escape;

        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        escape = escape_of(c);
        tripsage__buf_put(buf, text + start, i - start);
        start = i + 1;
        if (escape == 'u')
            tripsage__buf_printf(buf, "\\u%04x", c);
        else
            tripsage__buf_put(buf, (const char[]){'\\', escape}, 2);
    }
    tripsage__buf_put(buf, text + start, length - start);
    tripsage__buf_putc(buf, '"');
}

void tripsage__json_put_string(tripsage__buf *buf, const char *text)
{
    tripsage__json_put_stringn(buf, text, strlen(text));
}

void tripsage__json_put_text(tripsage__buf *buf, const char *text, size_t length)
{
    if (text)
        tripsage__json_put_stringn(buf, text, length);
    else
        TRIPSAGE__LIT(buf, "null");
}

/* A program may have set a locale whose decimal point is a comma, or of two bytes; JSON knows only the point. */
static void make_point(char *text)
{
    char *to = text;

    for (; *text; text++)
        if ((*text >= '0' && *text <= '9') || *text == '-' || *text == '+' || *text == 'e')
            *to++ = *text;
        else if (to[-1] != '.') /* never the first: digits stand before it */
            *to++ = '.';
    *to = '\0';
}

void tripsage__json_put_number(tripsage__buf *buf, double value)
{
    char text[32];

    if (!isfinite(value)) {
        TRIPSAGE__LIT(buf, "null");
        return;
    }
    if (value == floor(value) && fabs(value) <= 9007199254740992.0) {
        tripsage__buf_int(buf, (int64_t)value);
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (digits == 17 || strtod(text, NULL) == value)
            break;
    }
    make_point(text);
    tripsage__buf_puts(buf, text);
}

void tripsage__json_put_instant(tripsage__buf *buf, int64_t ms)
{
    char text[TRIPSAGE__INSTANT_SIZE + 2];

    text[0] = '"';
    tripsage__instant_format(ms, text + 1);
    text[TRIPSAGE__INSTANT_SIZE] = '"';
    tripsage__buf_put(buf, text, TRIPSAGE__INSTANT_SIZE + 1);
}
