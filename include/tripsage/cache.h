/* tripsage/cache.h: a bounded cache of bytes with expiry, in the process, on a Redis server, or on one by REST.
 *
 * Keys and values are bytes of any content. An entry is gone, exactly, from the millisecond its time to live ends. What is in a cache may
 * be gone at the next call: it never holds the only copy of anything.
 *
 * URLs
 *   memory:                                       in the process: at most `max_bytes` of keys, values and bookkeeping, entries being
 *                                                 dropped to stay within it
 *   redis://user:password@host:port/database      a server of Redis 6.2 or newer, or one that speaks like it, shared with whoever else
 *                                                 uses it; its bound is its own (maxmemory)
 *   rediss://user:password@host:port/database     the same over TLS; the certificate has to be for that host
 *   unix://user:password@/path/to.sock?db=number  the same at a socket of this machine
 *                                                 What is left out: no login, port 6379, database 0. Special characters are written as %XX.
 *                                                 With ?ca_file=path, rediss:// believes the CA certificates in there instead of the
 *                                                 system's.
 *   https://host/path                             a Redis by REST, as Upstash serves it; `password` is its token. http:// is for this
 *                                                 machine's loopback address alone. Proxies and certificates are libcurl's.
 *
 * On a server every call is one round trip, clearing apart, and answers by its deadline. A server that does not answer is left alone for
 * `retry_after_ms`, in which calls answer at once; then one of them tries again. Until it is there again nothing is found
 * (TRIPSAGE_ENOTFOUND), and whatever writes, and tripsage_cache_get_stats, gives TRIPSAGE_EUNAVAILABLE: what was to be written is not there
 * or, where an answer got lost, is. The same status says that the server refuses to do what it is asked for, as one that is full may.
 *
 * To every call that takes one, a key that is empty or longer than TRIPSAGE_CACHE_KEY_MAX is TRIPSAGE_EINVALID with field
 * "#key", and a negative time to live the same with field "#ttl_ms".
 *
 * Threads: shared by any number of threads.
 */
#ifndef TRIPSAGE_CACHE_H
#define TRIPSAGE_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "runtime.h"

TRIPSAGE_BEGIN_DECLS

typedef struct tripsage_cache tripsage_cache;

typedef struct tripsage_cache_options {
    uint32_t version; /* 1; set by TRIPSAGE_CACHE_OPTIONS_INIT */

    /* In the process. */
    uint64_t max_bytes;   /* 0: 64 MiB */
    uint64_t max_entries; /* 0: bounded by bytes only */

    /* Where it is; NULL: memory:. Copied. */
    const char *url;

    /* On a server. */
    const char *
        password; /* to log in with when the URL has none, as it is; at an https:// URL the token, a must; NULL: none. Copied. */
    const char *
        key_prefix; /* stands before each of the cache's keys there, so that others may use the server, too; NULL: "tripsage:" */
    uint32_t deadline_ms;    /* longest a call waits, connecting included; 0: 100, by REST 1,000 */
    uint32_t retry_after_ms; /* how long a server that did not answer is left alone; 0: 1,000 */
    uint32_t connections;    /* at most, each opened when so many are used at once; 0: 16; not by REST */

    /* Near a server: copies in the process of what was read there, so that it is read without a round trip the next time. On Redis they
     * go when the server tells that a key was written (client tracking, of Redis 6.0), whoever wrote it, and none is used while it
     * cannot tell; by REST nobody tells, and what others wrote is seen when a copy is near_ttl_ms old. What this handle writes it sees
     * at once. */
    uint64_t near_max_bytes; /* of keys, values and bookkeeping; 0: no copies */
    uint32_t near_ttl_ms;    /* how old a copy may be, whatever happens; 0: 1,000 */
} tripsage_cache_options;

#define TRIPSAGE_CACHE_OPTIONS_INIT                                                                                    \
    {                                                                                                                  \
        1, 0, 0, NULL, NULL, NULL, 0, 0, 0, 0, 0                                                                       \
    }

/* What key_prefix is where it is NULL. */
#define TRIPSAGE_CACHE_KEY_PREFIX "tripsage:"

/* Longest key and longest value: a key is a name, and one value may not push out most of a cache of the default size. */
#define TRIPSAGE_CACHE_KEY_MAX   1024u
#define TRIPSAGE_CACHE_VALUE_MAX (8u * 1024 * 1024)
/* Tags of one value: each costs memory in the process, and a set on a server that is read and written with the value. */
#define TRIPSAGE_CACHE_TAGS_MAX 16u

/* A value handed out: `data` is NUL-terminated behind its `size` bytes; give it back with tripsage_cache_value_free. */
typedef struct tripsage_cache_value {
    const void *data;
    size_t size;
    int64_t ttl_ms; /* what was left when it was read; -1: no expiry */
    void *owner;
} tripsage_cache_value;

/* When tripsage_cache_set stores. */
typedef enum tripsage_cache_when {
    TRIPSAGE_CACHE_ALWAYS = 0,
    TRIPSAGE_CACHE_IF_ABSENT = 1, /* Redis NX */
    TRIPSAGE_CACHE_IF_PRESENT = 2 /* Redis XX */
} tripsage_cache_when;

typedef struct tripsage_cache_stats {
    uint64_t hits, misses, sets, deletes; /* of this handle */
    /* Of the cache, or of the whole database there, all who use it together: */
    uint64_t expired; /* entries dropped because their time was over */
    uint64_t evicted; /* entries dropped to stay within the bounds */
    uint64_t entries; /* alive; a server counts some whose time is over as well */
    uint64_t bytes;   /* of keys, values and bookkeeping: an empty cache has some */
    /* Of this handle and its server; 0 in the process. */
    uint64_t breaker_open;   /* 1: calls answer at once, since the server did not answer a moment ago */
    uint64_t breaker_opened; /* how often that has begun */
    uint64_t silent;         /* calls that did not reach the server, or got no answer in time, or half of one */
    uint64_t garbled;        /* calls whose answer was none of a cache's server */
    uint64_t
        refused; /* calls that it answered with an error: it is full, lets nobody in, nobody more, or is not well */
    uint64_t near_hits; /* of the hits those that cost no round trip */
    /* Of this handle. */
    uint64_t loads; /* loaders that were called (tripsage_cache_get_or_load) */
    /* Of a cache in the process. */
    uint64_t evicted_for_entries; /* of `evicted`, those dropped for max_entries; the others went for bytes */
    uint64_t
        stay_ms; /* how long an entry stays on average: as many as there are, by how many came in the time since it was opened */
    uint64_t reserved[7]; /* 0: room for what later versions count, so that this struct keeps its size */
} tripsage_cache_stats;

/* `options` and `runtime` may be NULL. Does not wait for a server, nor ask whether there is one: tripsage_cache_get_stats does.
 * Errors: TRIPSAGE_EINVALID ("#options"; "#url"; "#password": no token, or none that could be sent; "#key_prefix": longer than 256
 * bytes; "#max_bytes", "#near_max_bytes": too small to hold even its own bookkeeping), TRIPSAGE_ENOMEM. */
TRIPSAGE_API tripsage_status tripsage_cache_open(tripsage_cache **out, const tripsage_cache_options *options,
                                                 const tripsage_runtime *runtime);

/* Only for a handle from tripsage_cache_open. NULL is fine. */
TRIPSAGE_API void tripsage_cache_close(tripsage_cache *cache);

/* Stores a copy. `ttl_ms`: life in milliseconds, 0 for no expiry.
 * Errors: TRIPSAGE_EINVALID (key empty or too long, negative ttl, no such `when`, value longer than
 * TRIPSAGE_CACHE_VALUE_MAX, or, in the process, with its key and bookkeeping, than an eighth of max_bytes), TRIPSAGE_ECONFLICT (`when`
 * not met), TRIPSAGE_ENOMEM (the old value stays), TRIPSAGE_EUNAVAILABLE. */
TRIPSAGE_API tripsage_status tripsage_cache_set(tripsage_cache *cache, const void *key, size_t key_size,
                                                const void *value, size_t value_size, int64_t ttl_ms,
                                                tripsage_cache_when when);

/* Another name for values that become wrong together, such as all that was computed of one trip: 1 to TRIPSAGE_CACHE_KEY_MAX bytes,
 * borrowed for the call. */
typedef struct tripsage_cache_tag {
    const void *name;
    size_t size;
} tripsage_cache_tag;

typedef struct tripsage_cache_put_options {
    uint32_t version; /* 1; set by TRIPSAGE_CACHE_PUT_OPTIONS_INIT */
    tripsage_cache_when when;
    int64_t ttl_ms; /* life in milliseconds; 0: no expiry */
    /* How much longer it is kept, for tripsage_cache_get_or_load() to give it while it is loaded anew; tripsage_cache_get() gives it,
     * too. */
    int64_t stale_ms;
    const tripsage_cache_tag *tags; /* `tag_count` of them; TRIPSAGE_CACHE_TAGS_MAX at most */
    size_t tag_count;
} tripsage_cache_put_options;

#define TRIPSAGE_CACHE_PUT_OPTIONS_INIT                                                                                \
    {                                                                                                                  \
        1, TRIPSAGE_CACHE_ALWAYS, 0, 0, NULL, 0                                                                        \
    }

/* As tripsage_cache_set(), with all that can be said of a value. `options`: NULL as the standard ones. It takes one round trip on a
 * server, too.
 * Errors: those of tripsage_cache_set(), TRIPSAGE_EINVALID ("#options"; "#tags"; "#stale_ms": negative, or without a ttl). */
TRIPSAGE_API tripsage_status tripsage_cache_put(tripsage_cache *cache, const void *key, size_t key_size,
                                                const void *value, size_t value_size,
                                                const tripsage_cache_put_options *options);

/* Deletes every value that was stored with this tag; gives how many (`out` may be NULL). A key that got another value without it since
 * may be deleted as well: on a server it is. Cost: by the values with the tag, and not by how many there are in all; one round trip.
 * Errors: TRIPSAGE_EINVALID (field "#tag": empty or too long), TRIPSAGE_EUNAVAILABLE. */
TRIPSAGE_API tripsage_status tripsage_cache_invalidate_tag(uint64_t *out, tripsage_cache *cache, const void *tag,
                                                           size_t tag_size);

/* A copy-free look at the value; it stays valid until given back, whatever happens to the entry.
 * Errors: TRIPSAGE_ENOTFOUND. */
TRIPSAGE_API tripsage_status tripsage_cache_get(tripsage_cache_value *out, tripsage_cache *cache, const void *key,
                                                size_t key_size);

/* ---- loading what is not there ---- */

/* What a loader hands its value to: of the call, which ends it. */
typedef struct tripsage_cache_loading tripsage_cache_loading;

/* Finds the value of a key that is not in the cache: hands it to tripsage_cache_loaded() and returns TRIPSAGE_OK. TRIPSAGE_ENOTFOUND
 * says that there is none, and any other status that it could not be found out. Called on the thread of one of those who ask; may use
 * the cache, but not ask for the same key. */
typedef tripsage_status (*tripsage_cache_loader)(tripsage_cache_loading *loading, void *context);

/* Hands over a copy of the value. Errors: TRIPSAGE_EINVALID ("#value": larger than TRIPSAGE_CACHE_VALUE_MAX), TRIPSAGE_ENOMEM. */
TRIPSAGE_API tripsage_status tripsage_cache_loaded(tripsage_cache_loading *loading, const void *value,
                                                   size_t value_size);

typedef struct tripsage_cache_load_options {
    uint32_t version; /* 1; set by TRIPSAGE_CACHE_LOAD_OPTIONS_INIT */
    int64_t ttl_ms;   /* life of what is loaded; 0: no expiry */
    int64_t
        stale_ms; /* after it: how long it is still given, while one caller loads it anew; needs a ttl. The same in every call for a key */
    int64_t negative_ms;            /* how long it is remembered that there is none; 0: not at all */
    const tripsage_cache_tag *tags; /* of what is loaded: see tripsage_cache_put_options */
    size_t tag_count;
} tripsage_cache_load_options;

#define TRIPSAGE_CACHE_LOAD_OPTIONS_INIT                                                                               \
    {                                                                                                                  \
        1, 0, 0, 0, NULL, 0                                                                                            \
    }

/* The value of a key, from the cache or from the loader, which then is called by one caller only, whatever the number of those who ask
 * this handle for the key at once: the others wait for what he finds. When the value is there and stale, one caller loads it (and has
 * the old one if that fails), and the others are given it without waiting. A cache that cannot store it, because it is away or too
 * small, keeps nobody from having it. What is set, deleted, cleared or invalidated by this handle while it is loaded is not stored: it
 * was read too early. `context` is the loader's. `ttl_ms` of the value is with stale_ms.
 * Errors: TRIPSAGE_ENOTFOUND (there is none, by the loader or by what is remembered; tripsage_cache_get() says the same), what the
 * loader failed with, to all who waited, TRIPSAGE_EMISUSE (the loader asks for the key that it is loading, itself or by waiting for
 * others; or gives no value), TRIPSAGE_EINVALID (key, "#options", "#ttl_ms", "#stale_ms", "#negative_ms", "#tags", "#loader": NULL),
 * TRIPSAGE_ENOMEM. */
TRIPSAGE_API tripsage_status tripsage_cache_get_or_load(tripsage_cache_value *out, tripsage_cache *cache,
                                                        const void *key, size_t key_size,
                                                        const tripsage_cache_load_options *options,
                                                        tripsage_cache_loader loader, void *context);

/* Gives a value back and empties the struct, so that twice is harmless. NULL is fine. */
TRIPSAGE_API void tripsage_cache_value_free(tripsage_cache_value *value);

/* TRIPSAGE_ENOTFOUND when there was nothing to delete, TRIPSAGE_EUNAVAILABLE. */
TRIPSAGE_API tripsage_status tripsage_cache_delete(tripsage_cache *cache, const void *key, size_t key_size);

/* Adds to a decimal integer value (absent counts as 0) and gives the sum; the time to live is kept, or set to
 * `ttl_ms` when the entry is made. Errors: TRIPSAGE_EINVALID (the value is not an integer, field "#key", or the
 * sum overflows, field "#by"), TRIPSAGE_ENOMEM, TRIPSAGE_EUNAVAILABLE. The old value stays. */
TRIPSAGE_API tripsage_status tripsage_cache_increment(int64_t *out, tripsage_cache *cache, const void *key,
                                                      size_t key_size, int64_t by, int64_t ttl_ms);

/* Gives the entry a new life; 0: no expiry any more. TRIPSAGE_ENOTFOUND, TRIPSAGE_EUNAVAILABLE. */
TRIPSAGE_API tripsage_status tripsage_cache_expire(tripsage_cache *cache, const void *key, size_t key_size,
                                                   int64_t ttl_ms);

/* Deletes every entry whose key starts with the prefix (an empty prefix: all); gives how many (`out` may be NULL). Cost: by the entries
 * with the prefix; the first one puts all keys in order, which takes a pass, and 32 bytes for each entry from then on. On a server a
 * pass over its whole database (SCAN), with a round trip and a deadline for each thousand of its keys, in which what others store
 * meanwhile may stay.
 * Errors: TRIPSAGE_EINVALID (field "#prefix": NULL with a size), TRIPSAGE_EUNAVAILABLE (`out` says how many are gone already). */
TRIPSAGE_API tripsage_status tripsage_cache_clear(uint64_t *out, tripsage_cache *cache, const void *prefix,
                                                  size_t prefix_size);

/* Drops what has ended first, so that `entries` and `bytes` are of what is alive. Cost: a pass when
 * something may have ended; on a server one round trip. TRIPSAGE_EUNAVAILABLE: only the handle's own counts are there. */
TRIPSAGE_API tripsage_status tripsage_cache_get_stats(tripsage_cache_stats *out, tripsage_cache *cache);

/* ---- commands ----
 *
 * The same keys by Redis's commands: strings, counters, hashes, lists, sets, sorted sets and what else https://redis.io/commands tells
 * of, in the process as on a server. What the calls above store are Redis's strings; what is no string they do not find, and a set
 * replaces. In the process commands are carried out one at a time, so one that touches several keys, a transaction and a script are
 * each done as a whole as far as other commands see; the calls above may come between. On a server keys are named as the server knows
 * them: `key_prefix` is not put before them. What would change the connection that others use next, or wait on it (SELECT, SUBSCRIBE,
 * BLPOP ...), is refused there, and with it all that was to go along. By REST a word other than OK is a string, but for those of PING
 * and TYPE, as that wire does not tell them apart. */

/* An argument: bytes of any content, borrowed for the call. */
typedef struct tripsage_cache_argument {
    const void *data;
    size_t size;
} tripsage_cache_argument;

/* A command: its name, in any case, and what follows. Borrowed for the call. */
typedef struct tripsage_cache_command_line {
    const tripsage_cache_argument *arguments;
    size_t count;
} tripsage_cache_command_line;

/* The kinds of RESP2; maps and sets come as arrays, doubles as strings. */
typedef enum tripsage_cache_reply_type {
    TRIPSAGE_CACHE_NIL = 0,
    TRIPSAGE_CACHE_INTEGER = 1,
    TRIPSAGE_CACHE_STATUS = 2, /* a word, such as OK */
    TRIPSAGE_CACHE_STRING = 3,
    TRIPSAGE_CACHE_ARRAY = 4,
    TRIPSAGE_CACHE_ERROR = 5 /* "ERR value is not an integer or out of range": a code in capitals, and a sentence */
} tripsage_cache_reply_type;

typedef struct tripsage_cache_reply tripsage_cache_reply;

struct tripsage_cache_reply {
    tripsage_cache_reply_type type;
    int64_t integer;
    const char *data; /* of a status, string or error: `size` bytes and a NUL behind them */
    size_t size;
    const tripsage_cache_reply *items; /* of an array */
    size_t count;
};

/* Carries out a command. That it is refused is a reply as well (TRIPSAGE_CACHE_ERROR), in the words of Redis; the call itself fails
 * when there is none. Free with tripsage_cache_reply_free.
 * Errors: TRIPSAGE_EINVALID ("#arguments": none, or to a server more than 16 MiB), TRIPSAGE_ENOMEM, TRIPSAGE_EUNAVAILABLE (the command
 * was carried out, or was not; a reply of more than 64 MiB is none). */
TRIPSAGE_API tripsage_status tripsage_cache_command(tripsage_cache_reply **out, tripsage_cache *cache,
                                                    const tripsage_cache_argument *arguments, size_t count);

/* Carries out commands one after another, others' between them: in one round trip. The reply is an array with one item for each; one
 * that is refused does not keep the next from being carried out. Errors as above. */
TRIPSAGE_API tripsage_status tripsage_cache_pipeline(tripsage_cache_reply **out, tripsage_cache *cache,
                                                     const tripsage_cache_command_line *commands, size_t count);

/* The same with nobody's commands between them (MULTI, EXEC). When one of them cannot be one, by its name or the number of its
 * arguments, none is carried out, and the reply is that error. What fails later, such as by the type of a value, is an error in its
 * place. */
TRIPSAGE_API tripsage_status tripsage_cache_transaction(tripsage_cache_reply **out, tripsage_cache *cache,
                                                        const tripsage_cache_command_line *commands, size_t count);

/* NULL is fine. */
TRIPSAGE_API void tripsage_cache_reply_free(tripsage_cache_reply *reply);

/* ---- messages ----
 *
 * What PUBLISH sends to a channel, whoever subscribed to it, or to a pattern that its name matches (those of KEYS), gets. Nothing is kept:
 * who subscribes later gets what is published later. On a server each subscription is a connection of its own, beside `connections`;
 * channels are named as the server knows them. */

typedef struct tripsage_cache_topics {
    const tripsage_cache_argument *channels;
    size_t channel_count;
    const tripsage_cache_argument *patterns;
    size_t pattern_count;
} tripsage_cache_topics;

typedef struct tripsage_cache_subscription tripsage_cache_subscription;

/* Bytes, borrowed until the subscription is asked for the next, or closed. */
typedef struct tripsage_cache_message {
    tripsage_cache_argument pattern; /* that matched; no data: it was for a channel */
    tripsage_cache_argument channel;
    tripsage_cache_argument payload;
} tripsage_cache_message;

/* Most channels and patterns of one subscription, and most bytes of messages that may wait in it. A publisher looks at each of the former;
 * the latter is what Redis lets a subscriber fall behind for a minute (client-output-buffer-limit). A server has bounds of its own. */
#define TRIPSAGE_CACHE_TOPICS_MAX  1024u
#define TRIPSAGE_CACHE_BACKLOG_MAX (8u * 1024 * 1024)

/* Messages that are published after the call are in the subscription, in their order. One that is both for a channel and for a pattern of
 * it is there twice. The names are copied. Close it before the cache.
 * Errors: TRIPSAGE_EINVALID ("#topics": none, or more than TRIPSAGE_CACHE_TOPICS_MAX; a name without data), TRIPSAGE_EUNAVAILABLE,
 * TRIPSAGE_ENOMEM. */
TRIPSAGE_API tripsage_status tripsage_cache_subscribe(tripsage_cache_subscription **out, tripsage_cache *cache,
                                                      const tripsage_cache_topics *topics);

/* The next message, waiting for it no longer than `timeout_ms`. One thread at a time may call this.
 * Errors: TRIPSAGE_ETIMEOUT (none came), TRIPSAGE_EBUSY (this one took its messages too slowly), TRIPSAGE_EUNAVAILABLE (the server is gone,
 * or did not answer in 10 s and the deadline), TRIPSAGE_ENOMEM (for one there was no memory). With the last three the subscription is over,
 * now and whenever it is asked again. */
TRIPSAGE_API tripsage_status tripsage_cache_subscription_next(tripsage_cache_message *out,
                                                              tripsage_cache_subscription *subscription,
                                                              uint32_t timeout_ms);

/* NULL is fine. */
TRIPSAGE_API void tripsage_cache_subscription_close(tripsage_cache_subscription *subscription);

TRIPSAGE_END_DECLS

#endif
