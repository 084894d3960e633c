/* redis/redis.c: the calls on Redis: each is one flight of commands about one key, so that a cluster's proxy may stand between. What has to
 * be seen or done at once is in a script, or between MULTI and EXEC, which go out in the same flight; in both the server's clock stands
 * still.
 *
 * Redis keeps a key through the millisecond in which its time ends (expire.c: "now > when"). Here it is gone from that millisecond on, so
 * a life is sent as one millisecond less, and what is left of it is read as one more. */
#include "redis.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "base/memory.h"
#include "cache/command/command.h"
#include "cache/memory/entry.h"
#include "pool.h"

#define PREFIX_MAX     256u
#define DEFAULT_PREFIX "tripsage:"

#define DEADLINE_MS    100u  /* some hundred round trips within a data centre */
#define RETRY_AFTER_MS 1000u /* so a dead server costs one thread a tenth of its time at most */
#define CONNECTIONS    16u

/* Longer lives have no end: a hundred thousand years. */
#define LIFE_MAX (INT64_C(1) << 52)

/* Keys that one step of a clearing looks at: a millisecond of the server's time, in which it does nothing else. */
#define SCAN_COUNT "1000"

typedef tripsage__redis_flight flight;
typedef tripsage__cache_bytes bytes;

typedef struct redis {
    tripsage__redis_pool *pool;
    size_t prefix_size;
    char prefix[PREFIX_MAX + 1];
    _Atomic uint64_t hits, misses, sets, deletes;
} redis;

static void close_redis(void *engine)
{
    redis *r = engine;

    if (!r)
        return;
    tripsage__redis_pool_free(r->pool);
    tripsage__free(r);
}

tripsage_status tripsage__cache_redis_open(void **out, const tripsage_cache_options *options, tripsage__env *env)
{
    tripsage__redis_limits limits = {options->deadline_ms ? options->deadline_ms : DEADLINE_MS,
                                     options->retry_after_ms ? options->retry_after_ms : RETRY_AFTER_MS,
                                     options->connections ? options->connections : CONNECTIONS};
    const char *prefix = options->key_prefix ? options->key_prefix : DEFAULT_PREFIX;
    redis *r;
    tripsage_status status;

    *out = NULL;
    if (strlen(prefix) > PREFIX_MAX)
        return TRIPSAGE_FAIL_FIELD("#key_prefix", "a prefix has at most %u bytes", PREFIX_MAX);
    r = tripsage__calloc(1, sizeof *r);
    if (!r)
        return TRIPSAGE_NOMEM();
    r->prefix_size = strlen(prefix);
    strcpy(r->prefix, prefix);
    status = tripsage__redis_pool_new(&r->pool, options->url, options->password, limits, env);
    if (status == TRIPSAGE_OK)
        *out = r;
    else
        close_redis(r);
    return status;
}

/* ---- words ---- */

#define WORD    TRIPSAGE__REDIS_WORD
#define PUT     TRIPSAGE__REDIS_PUT
#define REFUSED TRIPSAGE__REDIS_REFUSED
#define NEW     TRIPSAGE__REDIS_FLIGHT_INIT

/* A key as the server knows it. */
typedef struct full_key {
    char text[PREFIX_MAX + TRIPSAGE_CACHE_KEY_MAX];
} full_key;

static bytes key_of(full_key *out, const redis *r, bytes key)
{
    memcpy(out->text, r->prefix, r->prefix_size);
    memcpy(out->text + r->prefix_size, key.data, key.size);
    return (bytes){out->text, r->prefix_size + key.size};
}

static bytes number_of(char out[TRIPSAGE__CACHE_INTEGER_MAX + 1], int64_t number)
{
    return (bytes){out, (size_t)snprintf(out, TRIPSAGE__CACHE_INTEGER_MAX + 1, "%" PRId64, number)};
}

static int has_end(int64_t ttl_ms)
{
    return ttl_ms != 0 && ttl_ms <= LIFE_MAX;
}

/* ---- replies ---- */

static int is(const redisReply *reply, int type)
{
    return reply->type == type;
}

/* Runs the flight; an error among its replies is a failure. */
static tripsage_status fly(redis *r, flight *f)
{
    const redisReply *error;
    tripsage_status status = tripsage__redis_pool_call(r->pool, f);

    if (status != TRIPSAGE_OK)
        return status;
    error = tripsage__redis_first_error(f);
    return error ? REFUSED(error) : TRIPSAGE_OK;
}

static tripsage_status not_understood(void)
{
    return TRIPSAGE_FAIL(TRIPSAGE_EUNAVAILABLE, "the cache's server answers with something else than was asked for");
}

/* A member of the last reply, which is what a script or EXEC gave; NULL when it is not there or of another type. */
static const redisReply *member(const flight *f, size_t index, int type)
{
    const redisReply *all = f->replies[f->count - 1];

    if (!is(all, REDIS_REPLY_ARRAY) || all->elements <= index || !is(all->element[index], type))
        return NULL;
    return all->element[index];
}

/* The number in the first reply, which says how many keys were met. */
static tripsage_status met_one(const redisReply *reply)
{
    if (!is(reply, REDIS_REPLY_INTEGER))
        return not_understood();
    return reply->integer ? TRIPSAGE_OK : tripsage__cache_no_such_key();
}

/* ---- calls ---- */

/* The value in an entry of nobody's, which lives as long as it is held. */
static int hand_out(tripsage_cache_value *out, const redisReply *value, const redisReply *left)
{
    tripsage__entry_parts parts = {"", 0, 0, value->str, value->len, 0, NULL};
    tripsage__entry *entry = tripsage__entry_new(&parts);

    if (!entry)
        return 0;
    out->data = entry->bytes;
    out->size = value->len;
    out->ttl_ms = left->integer < 0 ? -1 : left->integer + 1;
    out->owner = entry;
    return 1;
}

/* A script and not MULTI, of which a server that is full takes not even what reads. Numbers of a script are exact up to 2^53. */
static int look(tripsage_cache_value *out, void *engine, bytes key)
{
    redis *r = engine;
    flight f = NEW;
    full_key k;
    bytes name = key_of(&k, r, key);
    int found = 0;

    PUT(&f, WORD("EVAL"), WORD("return{redis.call('GET',KEYS[1]),redis.call('PTTL',KEYS[1])}"), WORD("1"), name);
    if (fly(r, &f) == TRIPSAGE_OK) {
        const redisReply *value = member(&f, 0, REDIS_REPLY_STRING), *left = member(&f, 1, REDIS_REPLY_INTEGER);

        /* Larger than may be stored: it is none of ours. */
        found = value && left && value->len <= TRIPSAGE_CACHE_VALUE_MAX && hand_out(out, value, left);
    }
    atomic_fetch_add_explicit(found ? &r->hits : &r->misses, 1, memory_order_relaxed);
    tripsage__redis_flight_free(&f);
    return found;
}

/* SET key value [PX life] [NX|XX]. A life of a millisecond is one that ended long ago. */
static void put_set(flight *f, bytes name, bytes value, int64_t ttl_ms, tripsage_cache_when when)
{
    char life[TRIPSAGE__CACHE_INTEGER_MAX + 1];
    bytes words[6] = {WORD("SET"), name, value};
    size_t count = 3;

    if (has_end(ttl_ms)) {
        words[count++] = ttl_ms > 1 ? WORD("PX") : WORD("PXAT");
        words[count++] = number_of(life, ttl_ms > 1 ? ttl_ms - 1 : 1);
    }
    if (when != TRIPSAGE_CACHE_ALWAYS)
        words[count++] = when == TRIPSAGE_CACHE_IF_ABSENT ? WORD("NX") : WORD("XX");
    tripsage__redis_put(f, words, count);
}

/* Flies what sets a key. */
static tripsage_status stored(redis *r, flight *f, tripsage_cache_when when)
{
    tripsage_status status = fly(r, f);

    if (status == TRIPSAGE_OK && is(f->replies[0], REDIS_REPLY_STATUS))
        atomic_fetch_add_explicit(&r->sets, 1, memory_order_relaxed);
    else if (status == TRIPSAGE_OK)
        status = is(f->replies[0], REDIS_REPLY_NIL) ? tripsage__cache_not_met(when) : not_understood();
    return status;
}

static tripsage_status set(void *engine, bytes key, bytes value, int64_t ttl_ms, tripsage_cache_when when)
{
    redis *r = engine;
    flight f = NEW;
    full_key k;
    tripsage_status status;

    put_set(&f, key_of(&k, r, key), value, ttl_ms, when);
    status = stored(r, &f, when);
    tripsage__redis_flight_free(&f);
    return status;
}

/* ---- tags: a set of keys for each, which lives as long as the longest of them ----
 *
 * It stands outside the cache's prefix, so that clearing does not count it. A key that got a value without the tag since is in the set still, and
 * goes with the others: to ask what it is would cost more than to load it again. */

#define TAG_PREFIX "tag:"

typedef struct tag_key {
    char text[sizeof TAG_PREFIX + PREFIX_MAX + TRIPSAGE_CACHE_KEY_MAX];
} tag_key;

static bytes tag_of(tag_key *out, const redis *r, bytes tag)
{
    char *end = out->text;

    memcpy(end, TAG_PREFIX, sizeof TAG_PREFIX - 1);
    end += sizeof TAG_PREFIX - 1;
    memcpy(end, r->prefix, r->prefix_size);
    memcpy(end + r->prefix_size, tag.data, tag.size);
    return (bytes){out->text, sizeof TAG_PREFIX - 1 + r->prefix_size + tag.size};
}

/* KEYS: the key, its tags' sets. ARGV: the value, the word and the number of its life, the condition; empty: none. */
static const char set_tagged_script[] = "local a={'SET',KEYS[1],ARGV[1]} "
                                        "if ARGV[2]~='' then a[4]=ARGV[2] a[5]=ARGV[3] end "
                                        "if ARGV[4]~='' then a[#a+1]=ARGV[4] end "
                                        "local r=redis.call(unpack(a)) "
                                        "if not r then return r end "
                                        "local life=redis.call('PTTL',KEYS[1]) "
                                        "for i=2,#KEYS do "
                                        "local t=redis.call('PTTL',KEYS[i]) "
                                        "redis.call('SADD',KEYS[i],KEYS[1]) "
                                        "if life<0 then redis.call('PERSIST',KEYS[i]) "
                                        "elseif t~=-1 and t<life then redis.call('PEXPIRE',KEYS[i],life) end "
                                        "end "
                                        "return r";

static tripsage_status set_tagged(void *engine, bytes key, bytes value, int64_t ttl_ms, tripsage_cache_when when,
                                  const bytes *tags, size_t tag_count)
{
    redis *r = engine;
    flight f = NEW;
    full_key k;
    tag_key t[TRIPSAGE_CACHE_TAGS_MAX];
    char count[TRIPSAGE__CACHE_INTEGER_MAX + 1], life[TRIPSAGE__CACHE_INTEGER_MAX + 1];
    bytes words[8 + TRIPSAGE_CACHE_TAGS_MAX] = {WORD("EVAL"), {set_tagged_script, sizeof set_tagged_script - 1}};
    size_t n = 2;
    tripsage_status status;

    words[n++] = number_of(count, (int64_t)tag_count + 1);
    words[n++] = key_of(&k, r, key);
    for (size_t i = 0; i < tag_count; i++)
        words[n++] = tag_of(&t[i], r, tags[i]);
    words[n++] = value;
    words[n++] = !has_end(ttl_ms) ? WORD("") : ttl_ms > 1 ? WORD("PX") : WORD("PXAT");
    words[n++] = number_of(life, ttl_ms > 1 ? ttl_ms - 1 : 1);
    words[n++] = when == TRIPSAGE_CACHE_ALWAYS ? WORD("") : when == TRIPSAGE_CACHE_IF_ABSENT ? WORD("NX") : WORD("XX");
    tripsage__redis_put(&f, words, n);
    status = stored(r, &f, when);
    tripsage__redis_flight_free(&f);
    return status;
}

/* A script's unpack() takes some thousand at once. */
static const char invalidate_script[] =
    "local m=redis.call('SMEMBERS',KEYS[1]) "
    "local n=0 "
    "for i=1,#m,1000 do n=n+redis.call('UNLINK',unpack(m,i,math.min(i+999,#m))) end "
    "redis.call('UNLINK',KEYS[1]) "
    "return n";

static tripsage_status invalidate(uint64_t *out, void *engine, bytes tag)
{
    redis *r = engine;
    flight f = NEW;
    tag_key t;
    bytes name = tag_of(&t, r, tag);
    tripsage_status status;

    PUT(&f, WORD("EVAL"), {invalidate_script, sizeof invalidate_script - 1}, WORD("1"), name);
    status = fly(r, &f);
    if (status == TRIPSAGE_OK && is(f.replies[0], REDIS_REPLY_INTEGER)) {
        *out = (uint64_t)f.replies[0]->integer;
        atomic_fetch_add_explicit(&r->deletes, *out, memory_order_relaxed);
    } else if (status == TRIPSAGE_OK) {
        status = not_understood();
    }
    tripsage__redis_flight_free(&f);
    return status;
}

static tripsage_status remove_key(void *engine, bytes key)
{
    redis *r = engine;
    flight f = NEW;
    full_key k;
    tripsage_status status;

    PUT(&f, WORD("UNLINK"), key_of(&k, r, key));
    TRIPSAGE_TRY(fly(r, &f));
    TRIPSAGE_TRY(met_one(f.replies[0]));
    atomic_fetch_add_explicit(&r->deletes, 1, memory_order_relaxed);
out:
    tripsage__redis_flight_free(&f);
    return status;
}

/* PERSIST says 0 of a key without an end as of none, so EXISTS is asked first. */
static tripsage_status expire(void *engine, bytes key, int64_t ttl_ms)
{
    redis *r = engine;
    flight f = NEW;
    full_key k;
    char life[TRIPSAGE__CACHE_INTEGER_MAX + 1];
    bytes name = key_of(&k, r, key);
    tripsage_status status;

    if (has_end(ttl_ms)) {
        PUT(&f, WORD("PEXPIRE"), name, number_of(life, ttl_ms - 1));
    } else {
        PUT(&f, WORD("EXISTS"), name);
        PUT(&f, WORD("PERSIST"), name);
    }
    TRIPSAGE_TRY(fly(r, &f));
    status = met_one(f.replies[0]);
out:
    tripsage__redis_flight_free(&f);
    return status;
}

/* What INCRBY complains of. Redis tells its two complaints by their words alone. */
static tripsage_status cannot_count(const redisReply *error)
{
    if (strstr(error->str, "overflow"))
        return tripsage__cache_overflow();
    if (strstr(error->str, "not an integer") || strncmp(error->str, "WRONGTYPE", 9) == 0)
        return tripsage__cache_no_integer();
    return REFUSED(error);
}

/* The entry is made with its life, if there is none, and counted up from 0. (A life of one millisecond lasts for two here: it could not be
 * counted up when it was over.) */
static tripsage_status increment(int64_t *out, void *engine, bytes key, int64_t by, int64_t ttl_ms)
{
    redis *r = engine;
    flight f = NEW;
    full_key k;
    char digits[TRIPSAGE__CACHE_INTEGER_MAX + 1];
    bytes name = key_of(&k, r, key);
    const redisReply *error, *sum;
    tripsage_status status;

    PUT(&f, WORD("MULTI"));
    if (has_end(ttl_ms))
        put_set(&f, name, WORD("0"), ttl_ms > 1 ? ttl_ms : 2, TRIPSAGE_CACHE_IF_ABSENT);
    PUT(&f, WORD("INCRBY"), name, number_of(digits, by));
    PUT(&f, WORD("EXEC"));
    TRIPSAGE_TRY(tripsage__redis_pool_call(r->pool, &f));
    error = tripsage__redis_first_error(&f);
    sum = member(&f, has_end(ttl_ms) ? 1 : 0, REDIS_REPLY_INTEGER);
    if (error) {
        status = cannot_count(error);
    } else if (!sum) {
        status = not_understood();
    } else {
        *out = sum->integer;
        atomic_fetch_add_explicit(&r->sets, 1, memory_order_relaxed);
    }
out:
    tripsage__redis_flight_free(&f);
    return status;
}

/* ---- many keys ---- */

/* A pattern that matches what begins with these bytes. */
static bytes pattern_of(char *out, const redis *r, bytes prefix)
{
    const char *parts[] = {r->prefix, prefix.data};
    const size_t sizes[] = {r->prefix_size, prefix.size};
    char *to = out;

    for (size_t part = 0; part < 2; part++)
        for (size_t i = 0; i < sizes[part]; i++) {
            char c = parts[part][i];

            if (c && strchr("*?[]\\", c))
                *to++ = '\\';
            *to++ = c;
        }
    *to++ = '*';
    return (bytes){out, (size_t)(to - out)};
}

/* The cursor and the keys in a reply of SCAN; 0 when it is none. */
static int is_scanned(const redisReply *reply)
{
    const redisReply *keys;

    if (!is(reply, REDIS_REPLY_ARRAY) || reply->elements != 2 || !is(reply->element[0], REDIS_REPLY_STRING) ||
        !is(reply->element[1], REDIS_REPLY_ARRAY))
        return 0;
    keys = reply->element[1];
    for (size_t i = 0; i < keys->elements; i++)
        if (!is(keys->element[i], REDIS_REPLY_STRING))
            return 0;
    return 1;
}

static void put_scan(flight *f, bytes cursor, bytes pattern)
{
    PUT(f, WORD("SCAN"), cursor, WORD("MATCH"), pattern, WORD("COUNT"), WORD(SCAN_COUNT));
}

/* Flies what deletes the keys that the flight before found, each by itself, and looks for the next; *f becomes that flight. */
static tripsage_status next_step(uint64_t *cleared, int *at_end, redis *r, flight *f, bytes pattern)
{
    const redisReply *scanned = f->replies[f->count - 1];
    const redisReply *cursor, *keys;
    flight next = NEW;
    tripsage_status status;

    if (!is_scanned(scanned))
        return not_understood();
    cursor = scanned->element[0];
    keys = scanned->element[1];
    *at_end = cursor->len == 1 && cursor->str[0] == '0';
    for (size_t i = 0; i < keys->elements; i++)
        PUT(&next, WORD("UNLINK"), {keys->element[i]->str, keys->element[i]->len});
    if (!*at_end)
        put_scan(&next, (bytes){cursor->str, cursor->len}, pattern);
    status = next.count ? fly(r, &next) : TRIPSAGE_OK;
    for (size_t i = 0; status == TRIPSAGE_OK && i < keys->elements; i++)
        *cleared +=
            is(next.replies[i], REDIS_REPLY_INTEGER) && next.replies[i]->integer; /* SCAN may name a key twice */
    tripsage__redis_flight_free(f);
    *f = next;
    return status;
}

/* A pattern may be long: every byte of it escaped, of a prefix of any length. */
static tripsage_status clear(uint64_t *out, void *engine, bytes prefix)
{
    redis *r = engine;
    flight f = NEW;
    bytes pattern;
    int at_end = 0;
    tripsage_status status;
    char *space;

    if (prefix.size > TRIPSAGE_CACHE_KEY_MAX) /* no key is as long */
        return TRIPSAGE_OK;
    space = tripsage__malloc(2 * (r->prefix_size + prefix.size) + 1);
    if (!space)
        return TRIPSAGE_NOMEM();
    pattern = pattern_of(space, r, prefix);
    put_scan(&f, WORD("0"), pattern);
    TRIPSAGE_TRY(fly(r, &f));
    while (!at_end)
        TRIPSAGE_TRY(next_step(out, &at_end, r, &f, pattern));
out:
    atomic_fetch_add_explicit(&r->deletes, *out, memory_order_relaxed);
    tripsage__redis_flight_free(&f);
    tripsage__free(space);
    return status;
}

/* ---- statistics ---- */

/* The number behind "name:" in what INFO says; 0 where it says nothing of it, or nothing at all. */
static uint64_t number_in(const redisReply *info, const char *name)
{
    const char *at = is(info, REDIS_REPLY_STRING) ? strstr(info->str, name) : NULL;

    return at ? strtoull(at + strlen(name), NULL, 10) : 0;
}

static tripsage_status get_stats(tripsage_cache_stats *out, void *engine)
{
    redis *r = engine;
    flight f = NEW;
    tripsage_status status;

    out->hits = r->hits;
    out->misses = r->misses;
    out->sets = r->sets;
    out->deletes = r->deletes;
    PUT(&f, WORD("DBSIZE"));
    PUT(&f, WORD("INFO"), WORD("memory"));
    PUT(&f, WORD("INFO"), WORD("stats"));
    TRIPSAGE_TRY(tripsage__redis_pool_call(r->pool, &f));
    if (is(f.replies[0], REDIS_REPLY_ERROR))
        status = REFUSED(f.replies[0]);
    else if (is(f.replies[0], REDIS_REPLY_INTEGER))
        out->entries = (uint64_t)f.replies[0]->integer;
    out->bytes = number_in(f.replies[1], "\nused_memory:");
    out->expired = number_in(f.replies[2], "\nexpired_keys:");
    out->evicted = number_in(f.replies[2], "\nevicted_keys:");
out:
    tripsage__redis_flight_free(&f);
    return status;
}

/* ---- commands ---- */

static void put_reply(tripsage__reply *out, const redisReply *reply)
{
    switch (reply->type) {
    case REDIS_REPLY_INTEGER:
        tripsage__reply_integer(out, reply->integer);
        break;
    case REDIS_REPLY_STRING:
        tripsage__reply_bytes(out, reply->str, reply->len);
        break;
    case REDIS_REPLY_STATUS:
        tripsage__reply_status(out, reply->str);
        break;
    case REDIS_REPLY_ERROR:
        tripsage__reply_error(out, "%s", reply->str);
        break;
    case REDIS_REPLY_ARRAY:
        tripsage__reply_array(out, reply->elements);
        for (size_t i = 0; i < reply->elements; i++)
            put_reply(out, reply->element[i]);
        break;
    default:
        tripsage__reply_nil(out);
    }
}

/* What would change the connection that others use next, or wait on it. */
static int is_of_connection(bytes name)
{
    static const char *const names[] = {
        "AUTH",        "BLMOVE",       "BLMPOP",   "BLPOP",      "BRPOP",     "BRPOPLPUSH",   "BZMPOP",
        "BZPOPMAX",    "BZPOPMIN",     "CLIENT",   "DISCARD",    "EXEC",      "HELLO",        "MONITOR",
        "MULTI",       "PSUBSCRIBE",   "PSYNC",    "QUIT",       "READONLY",  "READWRITE",    "REPLICAOF",
        "RESET",       "SELECT",       "SHUTDOWN", "SSUBSCRIBE", "SUBSCRIBE", "SUNSUBSCRIBE", "SYNC",
        "UNSUBSCRIBE", "PUNSUBSCRIBE", "UNWATCH",  "WAIT",       "WATCH",
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (tripsage__command_is(name, names[i]))
            return 1;
    return 0;
}

static tripsage_status put_lines(flight *f, tripsage__reply *refusal, const tripsage_cache_command_line *lines,
                                 size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const bytes *name = &lines[i].arguments[0];

        if (is_of_connection(*name)) {
            tripsage__reply_error(refusal, "ERR Command is not available: '%.*s'", (int)name->size,
                                  (const char *)name->data);
            return TRIPSAGE_EFORBIDDEN;
        }
        tripsage__redis_put(f, lines[i].arguments, lines[i].count);
    }
    return TRIPSAGE_OK;
}

/* What EXEC gave, or for what it gave nothing: the first error of those before it. */
static const redisReply *outcome(const flight *f)
{
    for (size_t i = 0; i < f->count; i++)
        if (is(f->replies[i], REDIS_REPLY_ERROR))
            return f->replies[i];
    return f->replies[f->count - 1];
}

static tripsage_status run(tripsage_cache_reply **out, void *engine, const tripsage_cache_command_line *lines,
                           size_t count, tripsage__cache_mode mode)
{
    redis *r = engine;
    flight f = NEW;
    tripsage__reply reply = TRIPSAGE__REPLY_INIT;
    tripsage_status status = TRIPSAGE_OK;

    if (mode == TRIPSAGE__CACHE_TRANSACTION)
        PUT(&f, WORD("MULTI"));
    if (put_lines(&f, &reply, lines, count) != TRIPSAGE_OK)
        goto finish;
    if (mode == TRIPSAGE__CACHE_TRANSACTION)
        PUT(&f, WORD("EXEC"));
    if (f.count)
        TRIPSAGE_TRY(tripsage__redis_pool_call(r->pool, &f));
    if (mode == TRIPSAGE__CACHE_PIPELINE)
        tripsage__reply_array(&reply, f.count);
    if (mode == TRIPSAGE__CACHE_TRANSACTION)
        put_reply(&reply, outcome(&f));
    else
        for (size_t i = 0; i < f.count; i++)
            put_reply(&reply, f.replies[i]);
finish:
    status = tripsage__reply_finish(out, &reply);
out:
    tripsage__reply_free(&reply);
    tripsage__redis_flight_free(&f);
    return status;
}

const tripsage__cache_engine tripsage__cache_on_redis = {
    look, set, remove_key, increment, expire, clear, get_stats, run, close_redis, set_tagged, invalidate,
};
