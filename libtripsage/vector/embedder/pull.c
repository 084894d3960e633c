/* pull.c: see pull.h. */
#include "pull.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/locale.h"
#include "unicode.h"

/* Longer numbers say no more to a double; strtod reads out of a buffer of ours. */
#define NUMBER_MAX 127

void tripsage__pull_begin(tripsage__pull *s, const char *text, size_t size)
{
    memset(s, 0, sizeof *s);
    s->at = text;
    s->end = text + size;
}

static int fail(tripsage__pull *s)
{
    s->failed = 1;
    return 0;
}

static void pass_space(tripsage__pull *s)
{
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\t' || *s->at == '\n' || *s->at == '\r'))
        s->at++;
}

/* The next character that is no space; NUL at the end. */
static char next(tripsage__pull *s)
{
    if (s->failed)
        return '\0';
    pass_space(s);
    return s->at < s->end ? *s->at : '\0';
}

static int take(tripsage__pull *s, char c)
{
    if (next(s) != c || s->at == s->end)
        return fail(s);
    s->at++;
    return 1;
}

char tripsage__pull_peek(tripsage__pull *s)
{
    char c = next(s);

    if (c == '-' || (c >= '0' && c <= '9'))
        return '0';
    return c == '{' || c == '[' || c == '"' || c == 't' || c == 'f' || c == 'n' ? c : '\0';
}

/* ---- objects and arrays ---- */

static int enter(tripsage__pull *s, char open, char close)
{
    if (!take(s, open))
        return 0;
    if (next(s) == close) {
        s->at++;
        return 0;
    }
    if (s->depth == TRIPSAGE__PULL_DEPTH_MAX)
        return fail(s);
    s->open[s->depth++] = close;
    return 1;
}

int tripsage__pull_object(tripsage__pull *s)
{
    return enter(s, '{', '}');
}

int tripsage__pull_array(tripsage__pull *s)
{
    return enter(s, '[', ']');
}

int tripsage__pull_more(tripsage__pull *s)
{
    char c = next(s);

    if (s->failed || !s->depth)
        return fail(s);
    if (c == s->open[s->depth - 1]) {
        s->at++;
        s->depth--;
        return 0;
    }
    return take(s, ',');
}

int tripsage__pull_name(tripsage__pull *s, tripsage__buf *out)
{
    return tripsage__pull_string(s, out) && take(s, ':');
}

/* ---- strings ---- */

static int hex4(uint32_t *out, const char *text)
{
    *out = 0;
    for (int i = 0; i < 4; i++) {
        char c = text[i];
        uint32_t digit = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
                         : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a') + 10
                         : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A') + 10
                                                : 16;

        if (digit == 16)
            return 0;
        *out = *out << 4 | digit;
    }
    return 1;
}

/* Behind the "u" of an escape, which may go on in a second one; half a pair is none. */
static int put_escaped(tripsage__pull *s, tripsage__buf *out)
{
    uint32_t code, low;
    char bytes[4];

    if (s->end - s->at < 4 || !hex4(&code, s->at))
        return fail(s);
    s->at += 4;
    if (code >= 0xd800 && code < 0xdc00) {
        if (s->end - s->at < 6 || s->at[0] != '\\' || s->at[1] != 'u' || !hex4(&low, s->at + 2) || low < 0xdc00 ||
            low > 0xdfff)
            return fail(s);
        s->at += 6;
        code = 0x10000 + ((code - 0xd800) << 10 | (low - 0xdc00));
    } else if (code >= 0xdc00 && code < 0xe000) {
        return fail(s);
    }
    tripsage__buf_put(out, bytes, tripsage__unicode_put(bytes, code));
    return 1;
}

static int put_escape(tripsage__pull *s, tripsage__buf *out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *found;

    s->at++;
    if (s->at == s->end)
        return fail(s);
    if (*s->at == 'u') {
        s->at++;
        return put_escaped(s, out);
    }
    found = *s->at ? strchr(from, *s->at) : NULL;
    if (!found)
        return fail(s);
    s->at++;
    tripsage__buf_putc(out, to[found - from]);
    return 1;
}

/* From behind the quote to behind the next; `out` NULL: nobody wants to know. */
static int take_string(tripsage__pull *s, tripsage__buf *out)
{
    const char *from = s->at;

    while (s->at < s->end && *s->at != '"' && (unsigned char)*s->at >= 0x20) {
        if (*s->at != '\\') {
            s->at++;
            continue;
        }
        if (out) {
            tripsage__buf_put(out, from, (size_t)(s->at - from));
            if (!put_escape(s, out))
                return 0;
        } else {
            s->at += s->end - s->at > 1 ? 2 : 1;
        }
        from = s->at;
    }
    if (s->at == s->end || *s->at != '"')
        return fail(s);
    if (out)
        tripsage__buf_put(out, from, (size_t)(s->at - from));
    s->at++;
    return 1;
}

int tripsage__pull_string(tripsage__pull *s, tripsage__buf *out)
{
    out->size = 0;
    if (!take(s, '"') || !take_string(s, out))
        return 0;
    tripsage__buf_put(out, "", 0); /* the NUL of an empty one */
    if (out->failed) {
        s->nomem = out->failed == TRIPSAGE_ENOMEM;
        return fail(s);
    }
    return tripsage__utf8_valid(out->data ? out->data : "", out->size) ? 1 : fail(s);
}

/* ---- numbers ---- */

static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

static double by_library(const char *text, size_t size)
{
    char copy[NUMBER_MAX + 1];
    tripsage__locale own;
    double value;

    memcpy(copy, text, size);
    copy[size] = '\0';
    tripsage__locale_enter(&own);
    value = strtod(copy, NULL);
    tripsage__locale_leave(&own);
    return value;
}

/* What a number is made of: its digits as one whole number, and how far the point is from its end. */
typedef struct decimal {
    uint64_t digits;
    int count, exponent;
    int is_negative;
} decimal;

static size_t read_digits(decimal *d, const char *text, size_t size, int behind_point)
{
    size_t at = 0;

    while (at < size && text[at] >= '0' && text[at] <= '9') {
        if (d->count < 19) {
            d->digits = d->digits * 10 + (uint64_t)(text[at] - '0');
            d->count += d->digits != 0;
            d->exponent -= behind_point;
        } else {
            d->count = 20; /* more than fit */
        }
        at++;
    }
    return at;
}

static size_t read_exponent(decimal *d, const char *text, size_t size)
{
    size_t at = 1, digits = 0;
    int value = 0, is_negative;

    if (size == 0 || (text[0] != 'e' && text[0] != 'E'))
        return 0;
    is_negative = size > 1 && text[1] == '-';
    at += size > 1 && (text[1] == '-' || text[1] == '+');
    for (; at < size && text[at] >= '0' && text[at] <= '9'; at++, digits++)
        if (value < 10000)
            value = value * 10 + (text[at] - '0');
    d->exponent += is_negative ? -value : value;
    return digits ? at : 0;
}

size_t tripsage__pull_decimal(double *out, const char *text, size_t size)
{
    decimal d = {0, 0, 0, 0};
    size_t at = 0, before, behind = 0;

    d.is_negative = size > 0 && text[0] == '-';
    at += size > 0 && (text[0] == '-' || text[0] == '+');
    before = read_digits(&d, text + at, size - at, 0);
    at += before;
    if (at < size && text[at] == '.') {
        behind = read_digits(&d, text + at + 1, size - at - 1, 1);
        at += 1 + behind;
    }
    if (before + behind == 0)
        return 0;
    at += read_exponent(&d, text + at, size - at);
    if (at > NUMBER_MAX)
        return 0;
    /* Whole numbers below 2^53 and powers up to 10^22 are doubles, so one operation rounds once (Clinger, 1990). */
    if (d.count <= 15 && d.exponent >= -22 && d.exponent <= 22)
        *out = d.exponent < 0 ? (double)d.digits / powers[-d.exponent] : (double)d.digits * powers[d.exponent];
    else
        *out = by_library(text + d.is_negative, at - (size_t)d.is_negative);
    if (d.is_negative)
        *out = -*out;
    return at;
}

int tripsage__pull_number(tripsage__pull *s, double *out)
{
    size_t size;

    if (tripsage__pull_peek(s) != '0')
        return fail(s);
    size = tripsage__pull_decimal(out, s->at, (size_t)(s->end - s->at));
    s->at += size;
    return size ? 1 : fail(s);
}

/* ---- the rest ---- */

static int take_word(tripsage__pull *s, const char *word)
{
    size_t size = strlen(word);

    if (next(s) != word[0] || (size_t)(s->end - s->at) < size || memcmp(s->at, word, size) != 0)
        return 0;
    s->at += size;
    return 1;
}

int tripsage__pull_bool(tripsage__pull *s, int *out)
{
    *out = take_word(s, "true");
    return *out || take_word(s, "false") ? 1 : fail(s);
}

int tripsage__pull_null(tripsage__pull *s)
{
    return take_word(s, "null");
}

static int skip_members(tripsage__pull *s, int is_object)
{
    for (int more = is_object ? tripsage__pull_object(s) : tripsage__pull_array(s); more; more = tripsage__pull_more(s))
        if ((is_object && !(take(s, '"') && take_string(s, NULL) && take(s, ':'))) || !tripsage__pull_skip(s))
            return 0;
    return !s->failed;
}

int tripsage__pull_skip(tripsage__pull *s)
{
    double number;
    int word;

    switch (tripsage__pull_peek(s)) {
    case '{':
        return skip_members(s, 1);
    case '[':
        return skip_members(s, 0);
    case '"':
        return take(s, '"') && take_string(s, NULL);
    case '0':
        return tripsage__pull_number(s, &number);
    case 'n':
        return tripsage__pull_null(s) ? 1 : fail(s);
    default:
        return tripsage__pull_bool(s, &word);
    }
}

int tripsage__pull_end(tripsage__pull *s)
{
    if (s->failed || s->depth)
        return 0;
    pass_space(s);
    return s->at == s->end;
}
