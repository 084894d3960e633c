/* reply.c: see reply.h. */
#include "reply.h"

#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* Digits that tell any double (IEEE 754). */
#define DIGITS_MAX 17

/* 2^62: up to there Redis writes a double without a fraction as an integer. */
#define INTEGER_MAX 4611686018427387904.0

/* As many bytes as items may take as there are for what is in them: an array of a random member over and over has no other end. */
#define ITEMS_MAX (TRIPSAGE__BUF_DOCUMENT / sizeof(tripsage__reply_item))

void tripsage__reply_free(tripsage__reply *reply)
{
    tripsage__free(reply->items);
    tripsage__buf_free(&reply->bytes);
    reply->items = NULL;
    reply->count = reply->capacity = 0;
    reply->failed = TRIPSAGE_OK;
}

/* ---- writing ---- */

static tripsage__reply_item *add(tripsage__reply *reply, tripsage_cache_reply_type type)
{
    static const tripsage__reply_item none = {TRIPSAGE_CACHE_NIL, 0, 0, 0};
    tripsage__reply_item *item;

    if (reply->failed != TRIPSAGE_OK)
        return NULL;
    if (reply->count == reply->capacity) {
        size_t capacity = reply->capacity ? reply->capacity * 2 : 8;
        tripsage__reply_item *grown =
            capacity <= ITEMS_MAX ? tripsage__realloc(reply->items, capacity * sizeof *grown) : NULL;

        if (!grown) {
            reply->failed = TRIPSAGE_ENOMEM;
            return NULL;
        }
        reply->items = grown;
        reply->capacity = capacity;
    }
    item = &reply->items[reply->count++];
    *item = none;
    item->type = type;
    return item;
}

void tripsage__reply_put(tripsage__reply *reply, tripsage_cache_reply_type type, const void *data, size_t size)
{
    tripsage__reply_item *item = add(reply, type);

    if (!item)
        return;
    item->at = reply->bytes.size;
    item->size = size;
    tripsage__buf_put(&reply->bytes, data, size);
    tripsage__buf_putc(&reply->bytes, '\0');
}

void tripsage__reply_nil(tripsage__reply *reply)
{
    (void)add(reply, TRIPSAGE_CACHE_NIL);
}

void tripsage__reply_integer(tripsage__reply *reply, int64_t value)
{
    tripsage__reply_item *item = add(reply, TRIPSAGE_CACHE_INTEGER);

    if (item)
        item->integer = value;
}

void tripsage__reply_bytes(tripsage__reply *reply, const void *data, size_t size)
{
    tripsage__reply_put(reply, TRIPSAGE_CACHE_STRING, data, size);
}

void tripsage__reply_text(tripsage__reply *reply, const char *text)
{
    tripsage__reply_put(reply, TRIPSAGE_CACHE_STRING, text, strlen(text));
}

void tripsage__reply_status(tripsage__reply *reply, const char *text)
{
    tripsage__reply_put(reply, TRIPSAGE_CACHE_STATUS, text, strlen(text));
}

void tripsage__reply_ok(tripsage__reply *reply)
{
    tripsage__reply_status(reply, "OK");
}

/* The fewest digits that read back the same, without zeros behind; *exponent: of the first. `out` has room for DIGITS_MAX. */
static int shortest_digits(char *out, int *exponent, double value)
{
    char text[40];
    int precision = value < DBL_MIN ? 1 : 15, count = 0;

    do /* 15 digits are always told apart by a normal double, and 17 always tell it (IEEE 754) */
        snprintf(text, sizeof text, "%.*e", precision - 1, value);
    while (precision++ < DIGITS_MAX && strtod(text, NULL) != value);
    *exponent = (int)strtol(strchr(text, 'e') + 1, NULL, 10);
    for (const char *at = text; *at != 'e'; at++)
        if (*at >= '0' && *at <= '9') /* not the point, which a locale may have written as something else */
            out[count++] = *at;
    while (count > 1 && out[count - 1] == '0')
        count--;
    return count;
}

/* Where Redis 7.2 and later write an exponent: with more than seven zeros behind the digits; and with a fraction, from seven digits
 * behind the point on, unless the number is between 0.0001 and 10000. */
static int wants_exponent(int count, int exponent)
{
    int behind = count - 1 - exponent; /* digits behind the point */

    return behind <= 0 ? behind < -7 : behind >= 7 && abs(exponent) >= 4;
}

static void put_digits(tripsage__buf *to, double value)
{
    char digits[DIGITS_MAX] = "";
    int exponent, count = shortest_digits(digits, &exponent, fabs(value));
    int whole = exponent + 1 > 0 ? exponent + 1 : 0; /* digits before the point */

    if (value < 0)
        tripsage__buf_putc(to, '-');
    if (wants_exponent(count, exponent)) {
        tripsage__buf_putc(to, digits[0]);
        if (count > 1)
            tripsage__buf_putc(to, '.');
        tripsage__buf_put(to, digits + 1, (size_t)count - 1);
        tripsage__buf_printf(to, "e%+d", exponent);
        return;
    }
    for (int i = 0; i < whole; i++)
        tripsage__buf_putc(to, i < count ? digits[i] : '0');
    if (count <= whole)
        return;
    tripsage__buf_puts(to, whole ? "." : "0.");
    for (int zeros = -exponent - 1; zeros > 0; zeros--)
        tripsage__buf_putc(to, '0');
    tripsage__buf_put(to, digits + whole, (size_t)(count - whole));
}

void tripsage__reply_double(tripsage__reply *reply, double value)
{
    tripsage__reply_item *item;

    if (isnan(value) || isinf(value)) {
        tripsage__reply_text(reply, isnan(value) ? "nan" : value > 0 ? "inf" : "-inf");
        return;
    }
    item = add(reply, TRIPSAGE_CACHE_STRING);
    if (!item)
        return;
    item->at = reply->bytes.size;
    if (fabs(value) <= INTEGER_MAX && value == floor(value))
        tripsage__buf_int(&reply->bytes, (int64_t)value);
    else
        put_digits(&reply->bytes, value);
    item->size = reply->bytes.size - item->at;
    tripsage__buf_putc(&reply->bytes, '\0');
}

void tripsage__reply_fixed(tripsage__reply *reply, double value, int digits, int trimmed)
{
    char text[64], shown[64];
    int length = snprintf(text, sizeof text, "%.*f", digits, value), size = 0, behind = digits;

    /* From the end, without the point, which a locale may have written as something else. */
    for (int i = length - 1; i >= 0; i--) {
        if (text[i] != '-' && (text[i] < '0' || text[i] > '9'))
            continue;
        if (trimmed && size == 0 && behind > 0 && text[i] == '0') {
            behind--;
            continue;
        }
        if (behind-- == 0 && size > 0)
            shown[sizeof shown - 1 - (size_t)size++] = '.';
        shown[sizeof shown - 1 - (size_t)size++] = text[i];
    }
    if (size == 2 && shown[sizeof shown - 2] == '-') /* there is one zero */
        size = 1;
    tripsage__reply_bytes(reply, shown + sizeof shown - (size_t)size, (size_t)size);
}

void tripsage__reply_error(tripsage__reply *reply, const char *format, ...)
{
    tripsage__reply_item *item = add(reply, TRIPSAGE_CACHE_ERROR);
    char text[512]; /* what a command quotes of its arguments is cut */
    va_list arguments;
    int length;

    if (!item)
        return;
    va_start(arguments, format);
    length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    item->at = reply->bytes.size;
    item->size = length < 0 ? 0 : (size_t)length < sizeof text ? (size_t)length : sizeof text - 1;
    tripsage__buf_put(&reply->bytes, text, item->size);
    tripsage__buf_putc(&reply->bytes, '\0');
}

void tripsage__reply_array(tripsage__reply *reply, size_t count)
{
    tripsage__reply_item *item = add(reply, TRIPSAGE_CACHE_ARRAY);

    if (item)
        item->size = count;
}

size_t tripsage__reply_begin(tripsage__reply *reply)
{
    tripsage__reply_array(reply, 0);
    return reply->count;
}

/* Where the item behind this one and all that is in it begins. */
static size_t past(const tripsage__reply *reply, size_t at)
{
    size_t open = 1;

    for (; open > 0; at++) {
        open--;
        if (reply->items[at].type == TRIPSAGE_CACHE_ARRAY)
            open += reply->items[at].size;
    }
    return at;
}

void tripsage__reply_end(tripsage__reply *reply, size_t begun)
{
    size_t count = 0;

    if (reply->failed != TRIPSAGE_OK)
        return;
    for (size_t at = begun; at < reply->count; at = past(reply, at))
        count++;
    reply->items[begun - 1].size = count;
}

void tripsage__reply_late(tripsage__reply *reply, size_t at, const void *data, size_t size)
{
    tripsage__reply_bytes(reply, data, size);
    if (reply->failed == TRIPSAGE_OK)
        reply->items[at] = reply->items[--reply->count];
}

void tripsage__reply_cut(tripsage__reply *reply, size_t count)
{
    if (count < reply->count)
        reply->count = count;
}

/* ---- the tree ---- */

typedef struct builder {
    const tripsage__reply *from;
    tripsage_cache_reply *nodes;
    size_t used;
    const char *bytes;
} builder;

/* Fills the node of the item at `at`, and gives where the next item begins. No deeper than replies are: Redis's end at a handful, and a script's are bounded where they
 * are made. */
static size_t build(builder *b, tripsage_cache_reply *node, size_t at)
{
    const tripsage__reply_item *item = &b->from->items[at++];

    node->type = item->type;
    node->integer = item->integer;
    if (item->type == TRIPSAGE_CACHE_ARRAY) {
        tripsage_cache_reply *items = b->nodes + b->used;

        node->items = items;
        node->count = item->size;
        b->used += item->size;
        for (size_t i = 0; i < item->size; i++)
            at = build(b, &items[i], at);
    } else if (item->type != TRIPSAGE_CACHE_NIL && item->type != TRIPSAGE_CACHE_INTEGER) {
        node->data = b->bytes + item->at;
        node->size = item->size;
    }
    return at;
}

tripsage_status tripsage__reply_finish(tripsage_cache_reply **out, tripsage__reply *reply)
{
    tripsage_status status = reply->failed == TRIPSAGE_OK ? tripsage__buf_status(&reply->bytes) : TRIPSAGE_NOMEM();
    size_t nodes = reply->count * sizeof **out;
    builder b = {reply, NULL, 1, NULL};

    *out = NULL;
    if (status == TRIPSAGE_OK) {
        b.nodes = tripsage__calloc(1, nodes + reply->bytes.size);
        if (!b.nodes)
            status = TRIPSAGE_NOMEM();
    }
    if (b.nodes) {
        char *bytes = (char *)b.nodes + nodes;

        if (reply->bytes.size)
            memcpy(bytes, reply->bytes.data, reply->bytes.size);
        b.bytes = bytes;
        (void)build(&b, b.nodes, 0);
        *out = b.nodes;
    }
    tripsage__reply_free(reply);
    return status;
}

void tripsage_cache_reply_free(tripsage_cache_reply *reply)
{
    tripsage__free(reply);
}
