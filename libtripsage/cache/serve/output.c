/* output.c: replies as they go out: see serve.h. Doubles are strings and maps arrays by the time they get here, so a result is null, an
 * integer, a string or an array, which is all that clients of this wire expect. */
#include "base/crypto.h"
#include "base/json.h"
#include "serve.h"

/* As many as one call of the encoder is given, a multiple of three: 64 characters. */
#define GROUP_BYTES 48u

/* RFC 4648, section 4, with padding. */
static void put_base64(tripsage__buf *out, const char *bytes, size_t size)
{
    char text[GROUP_BYTES / 3 * 4 + 1];

    tripsage__buf_putc(out, '"');
    for (size_t at = 0; at < size; at += GROUP_BYTES) {
        size_t part = size - at < GROUP_BYTES ? size - at : GROUP_BYTES;
        size_t length = tripsage__base64_encode(text, bytes + at, part);

        tripsage__buf_put(out, text, length);
        tripsage__buf_put(out, "==", (4 - length % 4) % 4);
    }
    tripsage__buf_putc(out, '"');
}

/* How long the character at the beginning is; 0: it is none. */
static size_t character(const char *text, size_t size)
{
    unsigned char first = (unsigned char)*text;
    size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;

    return length <= size && tripsage__utf8_valid(text, length) ? length : 0;
}

/* Each byte that is in no character becomes U+FFFD. */
void tripsage__serve_put_text(tripsage__buf *out, const char *text, size_t size)
{
    tripsage__buf whole = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);

    if (tripsage__utf8_valid(text, size)) {
        tripsage__json_put_stringn(out, text, size);
        return;
    }
    for (size_t at = 0; at < size;) {
        size_t length = character(text + at, size - at);

        if (length)
            tripsage__buf_put(&whole, text + at, length);
        else
            TRIPSAGE__LIT(&whole, "\xEF\xBF\xBD");
        at += length ? length : 1;
    }
    if (whole.failed != TRIPSAGE_OK && out->failed == TRIPSAGE_OK)
        out->failed = whole.failed;
    else
        tripsage__json_put_stringn(out, whole.data, whole.size);
    tripsage__buf_free(&whole);
}

static void put_result(tripsage__buf *out, const tripsage_cache_reply *reply, tripsage__serve_form form);

/* No deeper than replies are, as in reply.c. */
static void put_array(tripsage__buf *out, const tripsage_cache_reply *reply, tripsage__serve_form form)
{
    tripsage__buf_putc(out, '[');
    for (size_t i = 0; i < reply->count; i++) {
        if (i)
            tripsage__buf_putc(out, ',');
        put_result(out, &reply->items[i], form);
    }
    tripsage__buf_putc(out, ']');
}

static void put_result(tripsage__buf *out, const tripsage_cache_reply *reply, tripsage__serve_form form)
{
    if (reply->type == TRIPSAGE_CACHE_NIL)
        TRIPSAGE__LIT(out, "null");
    else if (reply->type == TRIPSAGE_CACHE_INTEGER)
        tripsage__buf_int(out, reply->integer);
    else if (reply->type == TRIPSAGE_CACHE_ARRAY)
        put_array(out, reply, form);
    else if (form == TRIPSAGE__SERVE_BASE64)
        put_base64(out, reply->data, reply->size);
    else
        tripsage__serve_put_text(out, reply->data, reply->size);
}

void tripsage__serve_put_error(tripsage__buf *out, const char *text, size_t size)
{
    TRIPSAGE__LIT(out, "{\"error\":");
    tripsage__serve_put_text(out, text, size);
    tripsage__buf_putc(out, '}');
}

static int is_ok(const tripsage_cache_reply *reply)
{
    return reply->type == TRIPSAGE_CACHE_STATUS && reply->size == 2 && memcmp(reply->data, "OK", 2) == 0;
}

/* OK stays OK: the client decodes what an array holds, and at the top everything but this word. */
static void put_json(tripsage__buf *out, const tripsage_cache_reply *reply, tripsage__serve_form form)
{
    if (reply->type == TRIPSAGE_CACHE_ERROR) {
        tripsage__serve_put_error(out, reply->data, reply->size);
        return;
    }
    TRIPSAGE__LIT(out, "{\"result\":");
    put_result(out, reply, is_ok(reply) ? TRIPSAGE__SERVE_TEXT : form);
    tripsage__buf_putc(out, '}');
}

/* ---- RESP2 ---- */

static void put_number(tripsage__buf *out, char kind, int64_t number)
{
    tripsage__buf_putc(out, kind);
    tripsage__buf_int(out, number);
    TRIPSAGE__LIT(out, "\r\n");
}

static void put_line(tripsage__buf *out, char kind, const tripsage_cache_reply *reply)
{
    tripsage__buf_putc(out, kind);
    for (size_t i = 0; i < reply->size; i++) /* which ends at the first of these */
        tripsage__buf_putc(out, reply->data[i] == '\r' || reply->data[i] == '\n' ? ' ' : reply->data[i]);
    TRIPSAGE__LIT(out, "\r\n");
}

static void put_resp2(tripsage__buf *out, const tripsage_cache_reply *reply)
{
    switch (reply->type) {
    case TRIPSAGE_CACHE_NIL:
        TRIPSAGE__LIT(out, "$-1\r\n");
        break;
    case TRIPSAGE_CACHE_INTEGER:
        put_number(out, ':', reply->integer);
        break;
    case TRIPSAGE_CACHE_STATUS:
        put_line(out, '+', reply);
        break;
    case TRIPSAGE_CACHE_ERROR:
        put_line(out, '-', reply);
        break;
    case TRIPSAGE_CACHE_STRING:
        put_number(out, '$', (int64_t)reply->size);
        tripsage__buf_put(out, reply->data, reply->size);
        TRIPSAGE__LIT(out, "\r\n");
        break;
    case TRIPSAGE_CACHE_ARRAY:
        put_number(out, '*', (int64_t)reply->count);
        for (size_t i = 0; i < reply->count; i++)
            put_resp2(out, &reply->items[i]);
    }
}

void tripsage__serve_put_reply(tripsage__buf *out, const tripsage_cache_reply *reply, tripsage__serve_form form)
{
    if (form == TRIPSAGE__SERVE_RESP2)
        put_resp2(out, reply);
    else
        put_json(out, reply, form);
}
