/* reply.c: see reply.h. */
#include "reply.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"

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
        tripsage__reply_item *grown = tripsage__realloc(reply->items, capacity * sizeof *grown);

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
    tripsage__json_put_number(&reply->bytes, value);
    item->size = reply->bytes.size - item->at;
    tripsage__buf_putc(&reply->bytes, '\0');
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
