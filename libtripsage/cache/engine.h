/* cache/engine.h: what an engine does for the door. The door has checked what comes in; here it is done, and told what came of it. */
#ifndef TRIPSAGE_CACHE_ENGINE_H
#define TRIPSAGE_CACHE_ENGINE_H

#include <tripsage/cache.h>

#include "base/error.h"

/* "-9223372036854775808" */
#define TRIPSAGE__CACHE_INTEGER_MAX 20u

/* How long key_prefix may be, which is never NULL here: a name, as a key is. */
#define TRIPSAGE__CACHE_PREFIX_MAX 256u

typedef tripsage_cache_argument tripsage__cache_bytes; /* its data is never NULL */

/* How several command lines belong together. */
typedef enum tripsage__cache_mode {
    TRIPSAGE__CACHE_ONE,         /* there is one, and the reply is its own */
    TRIPSAGE__CACHE_PIPELINE,    /* the reply is an array, here and below */
    TRIPSAGE__CACHE_TRANSACTION, /* or the error for which none was carried out */
} tripsage__cache_mode;

/* Of a subscription: an engine's own begins with this. */
struct tripsage_cache_subscription {
    tripsage_status (*next)(tripsage_cache_message *out, tripsage_cache_subscription *subscription,
                            uint32_t timeout_ms); /* `out` is zeroed */
    void (*close)(tripsage_cache_subscription *subscription);
};

/* The functions mean what the public calls of their names mean. `engine` is what the engine's own opening made. A value's owner is an entry
 * (memory/entry.h), whoever hands it out. */
typedef struct tripsage__cache_engine {
    int (*look)(tripsage_cache_value *out, void *engine, tripsage__cache_bytes key); /* 1 and a value, or 0 */
    tripsage_status (*set)(void *engine, tripsage__cache_bytes key, tripsage__cache_bytes value, int64_t ttl_ms,
                           tripsage_cache_when when);
    tripsage_status (*remove)(void *engine, tripsage__cache_bytes key);
    tripsage_status (*increment)(int64_t *out, void *engine, tripsage__cache_bytes key, int64_t by, int64_t ttl_ms);
    tripsage_status (*expire)(void *engine, tripsage__cache_bytes key, int64_t ttl_ms);
    tripsage_status (*clear)(uint64_t *out, void *engine, tripsage__cache_bytes prefix);
    tripsage_status (*stats)(tripsage_cache_stats *out, void *engine); /* `out` is zeroed */
    tripsage_status (*run)(tripsage_cache_reply **out, void *engine, const tripsage_cache_command_line *lines,
                           size_t count, tripsage__cache_mode mode); /* no line is empty */
    tripsage_status (*subscribe)(tripsage_cache_subscription **out, void *engine, const tripsage_cache_topics *topics);
    void (*close)(void *engine);
    tripsage_status (*set_tagged)(void *engine, tripsage__cache_bytes key, tripsage__cache_bytes value, int64_t ttl_ms,
                                  tripsage_cache_when when, const tripsage__cache_bytes *tags, size_t tag_count);
    tripsage_status (*invalidate)(uint64_t *out, void *engine, tripsage__cache_bytes tag);
    void (*counts)(tripsage_cache_stats *out, void *engine); /* of stats what is known without asking a server */
} tripsage__cache_engine;

/* What every engine answers in the same words. */
static inline tripsage_status tripsage__cache_no_such_key(void)
{
    return TRIPSAGE_FAIL(TRIPSAGE_ENOTFOUND, "there is nothing under this key");
}

static inline tripsage_status tripsage__cache_not_met(tripsage_cache_when when)
{
    return TRIPSAGE_FAIL(TRIPSAGE_ECONFLICT, "the key is %s", when == TRIPSAGE_CACHE_IF_ABSENT ? "present" : "absent");
}

static inline tripsage_status tripsage__cache_no_message(void)
{
    return TRIPSAGE_FAIL(TRIPSAGE_ETIMEOUT, "no message came in this time");
}

static inline tripsage_status tripsage__cache_no_integer(void)
{
    return TRIPSAGE_FAIL_FIELD("#key", "the value under this key is not an integer");
}

static inline tripsage_status tripsage__cache_overflow(void)
{
    return TRIPSAGE_FAIL_FIELD("#by", "the sum is outside of 64 bits");
}

#endif
