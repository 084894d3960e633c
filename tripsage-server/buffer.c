/* buffer.c: see buffer.h. */
#include "buffer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* 2 KiB: a response head and a trip fit, and most buffers never grow past it. */
#define FIRST_CAPACITY ((size_t)2 * 1024)

int buffer_reserve(buffer *b, size_t more)
{
    size_t capacity = b->capacity ? b->capacity : FIRST_CAPACITY;
    char *data;

    if (b->capacity - b->size >= more)
        return 1;
    while (capacity - b->size < more) {
        if (capacity > SIZE_MAX / 2) {
            b->failed = 1;
            return 0;
        }
        capacity *= 2;
    }
    data = realloc(b->data, capacity);
    if (!data) {
        b->failed = 1;
        return 0;
    }
    b->data = data;
    b->capacity = capacity;
    return 1;
}

void buffer_put(buffer *b, const void *bytes, size_t size)
{
    if (size == 0 || !buffer_reserve(b, size))
        return;
    memcpy(b->data + b->size, bytes, size);
    b->size += size;
}

void buffer_puts(buffer *b, const char *text)
{
    buffer_put(b, text, strlen(text));
}

void buffer_integer(buffer *b, int64_t value)
{
    char digits[24];
    size_t at = sizeof digits;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (value < 0)
        digits[--at] = '-';
    buffer_put(b, digits + at, sizeof digits - at);
}

void buffer_decimal(buffer *b, double value)
{
    if (!isfinite(value) || fabs(value) > 1e15) {
        BUFFER_LIT(b, "null");
        return;
    }
    if (value < 0)
        BUFFER_LIT(b, "-");
    int64_t thousandths = (int64_t)llround(fabs(value) * 1000.0);
    char part[8];

    buffer_integer(b, thousandths / 1000);
    snprintf(part, sizeof part, ".%03d", (int)(thousandths % 1000));
    buffer_puts(b, part);
}

void buffer_clear(buffer *b, size_t keep)
{
    if (b->capacity > keep)
        buffer_free(b);
    b->size = 0;
    b->failed = 0;
}

void buffer_free(buffer *b)
{
    free(b->data);
    *b = (buffer){NULL, 0, 0, 0};
}

size_t utf8_sequence(const char *at, const char *end)
{
    const unsigned char *p = (const unsigned char *)at;
    unsigned char lead = p[0], low = 0x80, high = 0xbf;
    size_t length = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;

    if (length == 1)
        return 1;
    if (lead < 0xc2 || lead > 0xf4 || (size_t)(end - at) < length)
        return 0;
    if (lead == 0xe0)
        low = 0xa0;
    else if (lead == 0xed)
        high = 0x9f;
    else if (lead == 0xf0)
        low = 0x90;
    else if (lead == 0xf4)
        high = 0x8f;
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++)
        if (p[i] < 0x80 || p[i] > 0xbf)
            return 0;
    return length;
}

static void put_escape(buffer *b, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    char unicode[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
    const char *name = c == '"'    ? "\\\""
                       : c == '\\' ? "\\\\"
                       : c == '\n' ? "\\n"
                       : c == '\r' ? "\\r"
                       : c == '\t' ? "\\t"
                                   : NULL;

    if (name)
        buffer_put(b, name, 2);
    else
        buffer_put(b, unicode, sizeof unicode);
}

void buffer_json(buffer *b, const char *text, size_t length)
{
    const char *end = text + length, *run = text;

    BUFFER_LIT(b, "\"");
    for (const char *at = text; at < end;) {
        unsigned char c = (unsigned char)*at;
        size_t sequence = c < 0x80 ? 1 : utf8_sequence(at, end);

        if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f && sequence) {
            at += sequence;
            continue;
        }
        buffer_put(b, run, (size_t)(at - run));
        if (sequence)
            put_escape(b, c);
        else
            BUFFER_LIT(b, "\xef\xbf\xbd");
        run = ++at;
    }
    buffer_put(b, run, (size_t)(end - run));
    BUFFER_LIT(b, "\"");
}

void buffer_jsonz(buffer *b, const char *text)
{
    if (text)
        buffer_json(b, text, strlen(text));
    else
        BUFFER_LIT(b, "null");
}
