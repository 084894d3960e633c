/* cache/command/reply.h: a reply being written: items in the order in which they stand, each array told before what is in it.
 *
 *     tripsage__reply_array(reply, 2);
 *     tripsage__reply_bytes(reply, "field", 5);
 *     tripsage__reply_integer(reply, 7);
 *
 * Like a tripsage__buf it remembers its first failure: writers go on, and tripsage__reply_finish tells it. */
#ifndef TRIPSAGE_CACHE_COMMAND_REPLY_H
#define TRIPSAGE_CACHE_COMMAND_REPLY_H

#include <tripsage/cache.h>

#include "base/buf.h"
#include "cache/engine.h"

/* What stands for one item. `size`: of its bytes, or how many items an array has. */
typedef struct tripsage__reply_item {
    tripsage_cache_reply_type type;
    int64_t integer;
    size_t at, size;
} tripsage__reply_item;

typedef struct tripsage__reply {
    tripsage__reply_item *items;
    size_t count, capacity;
    tripsage__buf bytes;
    tripsage_status failed;
} tripsage__reply;

/* What one reply may hold: as much as a document of ours, so that a list of everything is refused before it takes the machine's memory. */
#define TRIPSAGE__REPLY_INIT                                                                                           \
    {                                                                                                                  \
        NULL, 0, 0, TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT), TRIPSAGE_OK                                            \
    }

void tripsage__reply_free(tripsage__reply *reply);

void tripsage__reply_nil(tripsage__reply *reply);
void tripsage__reply_integer(tripsage__reply *reply, int64_t value);
void tripsage__reply_put(tripsage__reply *reply, tripsage_cache_reply_type type, const void *data,
                         size_t size); /* a status, string or error */
void tripsage__reply_bytes(tripsage__reply *reply, const void *data, size_t size);
void tripsage__reply_text(tripsage__reply *reply, const char *text);
void tripsage__reply_status(tripsage__reply *reply, const char *text);
void tripsage__reply_ok(tripsage__reply *reply);
/* A double, as a string, as Redis writes it since 7.2: the shortest decimal that reads back the same, without ".0"; large and small ones
 * as "1e+20", "1.5e-7"; "inf", "-inf", "nan". */
void tripsage__reply_double(tripsage__reply *reply, double value);
/* A number below 10^20 with that many digits behind the point (17 at most), trimmed or not of the zeros at its end. */
void tripsage__reply_fixed(tripsage__reply *reply, double value, int digits, int trimmed);
void tripsage__reply_error(tripsage__reply *reply, const char *format, ...) TRIPSAGE__PRINTF(2, 3);

/* The next `count` items are in it. */
void tripsage__reply_array(tripsage__reply *reply, size_t count);
/* The items until the matching end are in it. Gives what the end is told. */
size_t tripsage__reply_begin(tripsage__reply *reply);
void tripsage__reply_end(tripsage__reply *reply, size_t begun);

/* Puts a string in the place of the item at this index, which has nothing in it: for what is known late. */
void tripsage__reply_late(tripsage__reply *reply, size_t at, const void *data, size_t size);

/* Whether writing has failed: who writes without end stops. */
static inline int tripsage__reply_has_failed(const tripsage__reply *reply)
{
    return reply->failed != TRIPSAGE_OK || reply->bytes.failed != TRIPSAGE_OK;
}

/* Takes back what was written since there were `count` items: for an error in its place. */
void tripsage__reply_cut(tripsage__reply *reply, size_t count);

/* The reply as the caller gets it, or the first failure. Empties the builder in any case. */
tripsage_status tripsage__reply_finish(tripsage_cache_reply **out, tripsage__reply *reply);

#endif
