/* upstash/answer.c: see answer.h. A reader of its own, since integers have 64 bits, an answer may have millions of items, and all there
 * is are six kinds of them. */
#include "answer.h"

#include <string.h>

#include "base/crypto.h"
#include "base/memory.h"
#include "cache/command/command.h"

/* Replies nest four deep; a script's a few more. */
#define DEPTH_MAX 32

typedef struct reader {
    tripsage__reply *out;
    const char *at, *end; /* there is a NUL at the end */
    tripsage__buf text;   /* a string without its escapes */
    int failed;           /* it is no answer */
} reader;

static int fail(reader *r)
{
    r->failed = 1;
    return 0;
}

static void skip_blanks(reader *r)
{
    r->at += strspn(r->at, " \t\r\n");
}

/* Takes a character, blanks before and behind it. */
static int take(reader *r, char c)
{
    skip_blanks(r);
    if (r->at >= r->end || *r->at != c)
        return 0;
    r->at++;
    skip_blanks(r);
    return 1;
}

static int need(reader *r, char c)
{
    return take(r, c) || fail(r);
}

/* ---- strings (RFC 8259, 7) ---- */

static int hex_four(const char *at, unsigned *out)
{
    *out = 0;
    for (int i = 0; i < 4; i++) {
        const char *digits = "0123456789abcdef", *found = at[i] ? strchr(digits, at[i] | 32) : NULL;

        if (!found)
            return 0;
        *out = *out << 4 | (unsigned)(found - digits);
    }
    return 1;
}

static void put_utf8(tripsage__buf *out, unsigned c)
{
    if (c < 0x80) {
        tripsage__buf_putc(out, (char)c);
    } else if (c < 0x800) {
        tripsage__buf_putc(out, (char)(0xc0 | c >> 6));
        tripsage__buf_putc(out, (char)(0x80 | (c & 63)));
    } else if (c < 0x10000) {
        tripsage__buf_putc(out, (char)(0xe0 | c >> 12));
        tripsage__buf_putc(out, (char)(0x80 | (c >> 6 & 63)));
        tripsage__buf_putc(out, (char)(0x80 | (c & 63)));
    } else {
        tripsage__buf_putc(out, (char)(0xf0 | c >> 18));
        tripsage__buf_putc(out, (char)(0x80 | (c >> 12 & 63)));
        tripsage__buf_putc(out, (char)(0x80 | (c >> 6 & 63)));
        tripsage__buf_putc(out, (char)(0x80 | (c & 63)));
    }
}

/* Behind "\u". */
static int take_code(reader *r)
{
    unsigned code, low;

    if (!hex_four(r->at, &code))
        return fail(r);
    r->at += 4;
    if (code >= 0xd800 && code < 0xdc00) {
        if (r->at[0] != '\\' || r->at[1] != 'u' || !hex_four(r->at + 2, &low) || low < 0xdc00 || low > 0xdfff)
            return fail(r);
        r->at += 6;
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    } else if (code >= 0xdc00 && code < 0xe000) {
        return fail(r);
    }
    put_utf8(&r->text, code);
    return 1;
}

/* Behind a backslash. */
static int take_escape(reader *r)
{
    static const char names[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    const char *name;

    if (*r->at == 'u') {
        r->at++;
        return take_code(r);
    }
    name = *r->at ? strchr(names, *r->at) : NULL;
    if (!name)
        return fail(r);
    tripsage__buf_putc(&r->text, meanings[name - names]);
    r->at++;
    return 1;
}

/* A string, borrowed until the next. */
static int take_string(reader *r, const char **text, size_t *size)
{
    if (r->at >= r->end || *r->at != '"')
        return fail(r);
    r->at++;
    *text = r->at;
    r->at += strcspn(r->at, "\"\\");
    *size = (size_t)(r->at - *text);
    if (*r->at == '\\') {
        r->text.size = 0;
        tripsage__buf_put(&r->text, *text, *size);
        while (*r->at == '\\') {
            const char *plain;

            r->at++;
            if (!take_escape(r))
                return 0;
            plain = r->at;
            r->at += strcspn(r->at, "\"\\");
            tripsage__buf_put(&r->text, plain, (size_t)(r->at - plain));
        }
        *text = r->text.data;
        *size = r->text.size;
        if (r->text.failed != TRIPSAGE_OK) {
            r->out->failed = TRIPSAGE_ENOMEM;
            return 0;
        }
    }
    if (*r->at != '"')
        return fail(r);
    r->at++;
    return 1;
}

/* ---- values ---- */

/* What the wire does not say: whether a string is a word. (That is one more than OK only here.) */
static int gives_word(const tripsage_cache_command_line *line)
{
    return tripsage__command_is(line->arguments[0], "TYPE") ||
           (line->count == 1 && tripsage__command_is(line->arguments[0], "PING"));
}

/* `line`: the string is all that it gave; NULL within an array. */
static int read_text(reader *r, const tripsage_cache_command_line *line)
{
    const char *text;
    char *decoded;
    int64_t size;
    size_t length, capacity;

    if (!take_string(r, &text, &length))
        return 0;
    if (line && length == 2 && memcmp(text, "OK", 2) == 0) {
        tripsage__reply_ok(r->out);
        return 1;
    }
    capacity = length / 4 * 3;
    decoded = tripsage__malloc(capacity + 1);
    if (!decoded) {
        r->out->failed = TRIPSAGE_ENOMEM;
        return 0;
    }
    size = tripsage__base64_decode(decoded, capacity, text, length);
    if (size >= 0)
        tripsage__reply_put(r->out, line && gives_word(line) ? TRIPSAGE_CACHE_STATUS : TRIPSAGE_CACHE_STRING, decoded,
                            (size_t)size);
    tripsage__free(decoded);
    return size >= 0 || fail(r);
}

static int read_integer(reader *r)
{
    size_t size = strspn(r->at, "-0123456789");
    int64_t value;

    if (!tripsage__command_parse_integer((tripsage__cache_bytes){r->at, size}, &value))
        return fail(r);
    r->at += size;
    tripsage__reply_integer(r->out, value);
    return 1;
}

static int read_value(reader *r, int depth, const tripsage_cache_command_line *line);

static int read_array(reader *r, int depth)
{
    size_t begun = tripsage__reply_begin(r->out);

    if (depth == DEPTH_MAX)
        return fail(r);
    if (!take(r, ']')) {
        do
            if (!read_value(r, depth + 1, NULL))
                return 0;
        while (take(r, ','));
        if (!need(r, ']'))
            return 0;
    }
    tripsage__reply_end(r->out, begun);
    return 1;
}

static int read_value(reader *r, int depth, const tripsage_cache_command_line *line)
{
    if (r->out->failed != TRIPSAGE_OK)
        return 0;
    if (take(r, '['))
        return read_array(r, depth);
    if (*r->at == '"')
        return read_text(r, line);
    if (strncmp(r->at, "null", 4) == 0) {
        r->at += 4;
        tripsage__reply_nil(r->out);
        return 1;
    }
    return read_integer(r);
}

static int read_error(reader *r)
{
    const char *text;
    size_t size;

    if (!take_string(r, &text, &size))
        return 0;
    tripsage__reply_put(r->out, TRIPSAGE_CACHE_ERROR, text, size);
    return 1;
}

/* {"result": X} or {"error": "..."} */
static int read_result(reader *r, const tripsage_cache_command_line *line)
{
    const char *name;
    size_t size;
    int read;

    if (!need(r, '{') || !take_string(r, &name, &size))
        return 0;
    if (size == 6 && memcmp(name, "result", 6) == 0)
        read = need(r, ':') && read_value(r, 0, line);
    else if (size == 5 && memcmp(name, "error", 5) == 0)
        read = need(r, ':') && read_error(r);
    else
        read = fail(r);
    return read && need(r, '}');
}

static int read_results(reader *r, const tripsage__cache_batch *batch)
{
    tripsage__reply_array(r->out, batch->count);
    if (!need(r, '['))
        return 0;
    for (size_t i = 0; i < batch->count; i++)
        if ((i > 0 && !need(r, ',')) || !read_result(r, &batch->lines[i]))
            return 0;
    return need(r, ']');
}

int tripsage__upstash_read(tripsage__reply *out, const char *text, size_t size, const tripsage__cache_batch *batch)
{
    reader r = {out, text, text + size, TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT), 0};
    int read = batch->mode == TRIPSAGE__CACHE_ONE ? read_result(&r, batch->lines) : read_results(&r, batch);

    tripsage__buf_free(&r.text);
    return read && r.at == r.end;
}
