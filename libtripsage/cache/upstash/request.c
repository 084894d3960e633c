/* upstash/request.c: see request.h.
 *
 * JSON carries text, and arguments are bytes. One that is no UTF-8 is the body of a request whose path has the others; that is for single
 * commands with one such argument, which is nearly always: a value that is set, a key that is read. Else the command goes out as a
 * script that makes the bytes of text again and carries it out. */
#include "request.h"

#include <string.h>

#include "base/json.h"

/* 4,000 bytes of a path and a query: proxies take 8 KiB for a line. */
#define URL_MAX 4000u

/* From here on an argument is worth a path of the others. */
#define LARGE 4096u

/* What pcall gives for a command is what the command would have given, integers beyond 2^53 apart. */
#define SCRIPT                                                                                                         \
    "local a={}for i=1,#ARGV do a[i]=string.gsub(ARGV[i],'%%(%x%x)',function(h)return string.char(tonumber(h,16))"     \
    "end)end return redis.pcall(unpack(a))"

typedef tripsage__cache_bytes bytes;
typedef tripsage_cache_command_line line;

void tripsage__upstash_request_free(tripsage__upstash_request *request)
{
    tripsage__buf_free(&request->url);
    tripsage__buf_free(&request->body);
}

static int is_text(bytes argument)
{
    return tripsage__utf8_valid(argument.data, argument.size);
}

/* ---- as JSON ---- */

static void put_escaped(tripsage__buf *out, bytes argument)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *at = argument.data;

    for (size_t i = 0; i < argument.size; i++)
        if (at[i] == '%' || at[i] < 0x20 || at[i] >= 0x7f) {
            const char escaped[] = {'%', digits[at[i] >> 4], digits[at[i] & 15]};

            tripsage__buf_put(out, escaped, sizeof escaped);
        } else {
            tripsage__buf_putc(out, (char)at[i]);
        }
}

static void put_script(tripsage__buf *out, const line *l)
{
    tripsage__buf escaped = TRIPSAGE__BUF_INIT(out->ceiling);

    TRIPSAGE__LIT(out, "[\"EVAL\",\"" SCRIPT "\",\"0\"");
    for (size_t i = 0; i < l->count; i++) {
        escaped.size = 0;
        put_escaped(&escaped, l->arguments[i]);
        tripsage__buf_putc(out, ',');
        tripsage__json_put_stringn(out, escaped.data ? escaped.data : "", escaped.size);
    }
    tripsage__buf_putc(out, ']');
    if (escaped.failed != TRIPSAGE_OK && out->failed == TRIPSAGE_OK)
        out->failed = escaped.failed;
    tripsage__buf_free(&escaped);
}

static void put_line(tripsage__buf *out, const line *l)
{
    for (size_t i = 0; i < l->count; i++)
        if (!is_text(l->arguments[i])) {
            put_script(out, l);
            return;
        }
    for (size_t i = 0; i < l->count; i++) {
        tripsage__buf_putc(out, i ? ',' : '[');
        tripsage__json_put_stringn(out, l->arguments[i].data, l->arguments[i].size);
    }
    tripsage__buf_putc(out, ']');
}

static void put_lines(tripsage__buf *out, const tripsage__cache_batch *batch)
{
    if (batch->mode == TRIPSAGE__CACHE_ONE) {
        put_line(out, batch->lines);
        return;
    }
    for (size_t i = 0; i < batch->count; i++) {
        tripsage__buf_putc(out, i ? ',' : '[');
        put_line(out, &batch->lines[i]);
    }
    tripsage__buf_putc(out, ']');
}

/* ---- as a path ---- */

static void put_segment(tripsage__buf *out, bytes argument)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";
    const char *at = argument.data;

    for (size_t i = 0; i < argument.size; i++)
        if (at[i] && strchr(plain, at[i]))
            tripsage__buf_putc(out, at[i]);
        else
            tripsage__buf_printf(out, "%%%02X", (unsigned)(unsigned char)at[i]);
}

/* The place of the argument that is to be the body: the one that is no text, or else a large one, which is spared the escaping. 0: there
 * is none, or the others would not come through as they are. An empty one is no part of a path, and "." and ".." are taken out of it on
 * the way. */
static size_t body_of(const line *l)
{
    size_t foreign = 0, largest = 0;

    for (size_t i = 1; i < l->count; i++) {
        bytes a = l->arguments[i];

        if (!is_text(a)) {
            if (foreign)
                return 0;
            foreign = i;
        } else if (a.size == 0 || (a.size <= 2 && strspn(a.data, ".") >= a.size)) {
            return 0;
        } else if (a.size >= LARGE && (!largest || a.size > l->arguments[largest].size)) {
            largest = i;
        }
    }
    return foreign ? foreign : largest;
}

/* What stands before the body are segments, what stands behind it names of a query without values. 0: it is none of these, or too long. */
static int put_path(tripsage__upstash_request *out, const tripsage__cache_batch *batch)
{
    const line *l = batch->lines;
    size_t body = batch->mode == TRIPSAGE__CACHE_ONE ? body_of(l) : 0, begun = out->url.size;

    if (!body || !is_text(l->arguments[0]))
        return 0;
    for (size_t i = 0; i < l->count; i++) {
        if (i == body)
            continue;
        tripsage__buf_putc(&out->url, i < body ? '/' : i == body + 1 ? '?' : '&');
        put_segment(&out->url, l->arguments[i]);
    }
    if (out->url.size - begun > URL_MAX) {
        out->url.size = begun;
        out->url.data[begun] = '\0';
        return 0;
    }
    out->data = l->arguments[body].data;
    out->size = l->arguments[body].size;
    return 1;
}

tripsage_status tripsage__upstash_write(tripsage__upstash_request *out, const char *base,
                                        const tripsage__cache_batch *batch)
{
    static const char *const paths[] = {
        [TRIPSAGE__CACHE_ONE] = "/",
        [TRIPSAGE__CACHE_PIPELINE] = "/pipeline",
        [TRIPSAGE__CACHE_TRANSACTION] = "/multi-exec",
    };
    /* Six times what remote.c lets through: every byte as "\\u0000". */
    static const tripsage__buf empty = TRIPSAGE__BUF_INIT(2 * TRIPSAGE__BUF_DOCUMENT);
    tripsage_status status;

    out->url = out->body = empty;
    tripsage__buf_puts(&out->url, base);
    if (!put_path(out, batch)) {
        tripsage__buf_puts(&out->url, paths[batch->mode]);
        put_lines(&out->body, batch);
        out->data = out->body.data;
        out->size = out->body.size;
    }
    TRIPSAGE_TRY(tripsage__buf_status(&out->url));
    status = tripsage__buf_status(&out->body);
out:
    return status;
}
