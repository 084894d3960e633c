/* cache.c: the door of the cache: checks what comes in, and asks the engine behind it.
 *
 * Every call does the same: hash the key outside the lock, take the lock of its shard, look, change, leave. */
#include "cache.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "memory/memory.h"

/* 64 MiB: some 200,000 answers of 300 bytes. */
#define DEFAULT_BYTES (64u * 1024 * 1024)
/* One value takes at most this part of the cache, or a few of them would be all there is. */
#define VALUE_PART 8u
/* "-9223372036854775808" */
#define INTEGER_MAX 20u

struct tripsage_cache {
    tripsage__env *env;
    tripsage__env *own_env; /* what tripsage_cache_open made; NULL otherwise */
    size_t cost_max;        /* of one entry */
    tripsage__cache_memory engine;
};

/* ---- opening ---- */

tripsage_status tripsage__cache_new(tripsage_cache **out, const tripsage_cache_options *options, tripsage__env *env)
{
    const tripsage_cache_options defaults = TRIPSAGE_CACHE_OPTIONS_INIT;
    const tripsage_cache_options *wanted = options ? options : &defaults;
    uint64_t max_bytes = wanted->max_bytes ? wanted->max_bytes : DEFAULT_BYTES;
    uint64_t max_entries = wanted->max_entries ? wanted->max_entries : UINT64_MAX;
    tripsage_cache *cache;
    tripsage_status status;

    *out = NULL;
    if (wanted->version != 1)
        return TRIPSAGE_FAIL_FIELD("#options", "the version must be 1: set by TRIPSAGE_CACHE_OPTIONS_INIT");
    cache = tripsage__calloc(1, sizeof *cache);
    if (!cache)
        return TRIPSAGE_NOMEM();
    cache->env = env;
    cache->cost_max = max_bytes / VALUE_PART < SIZE_MAX ? (size_t)(max_bytes / VALUE_PART) : SIZE_MAX;
    status = tripsage__cache_memory_open(&cache->engine, max_bytes, max_entries, env);
    if (status != TRIPSAGE_OK) {
        tripsage__cache_free(cache);
        return status;
    }
    *out = cache;
    return TRIPSAGE_OK;
}

void tripsage__cache_free(tripsage_cache *cache)
{
    if (!cache)
        return;
    tripsage__cache_memory_close(&cache->engine);
    tripsage__env_free(cache->own_env);
    tripsage__free(cache);
}

tripsage_status tripsage_cache_open(tripsage_cache **out, const tripsage_cache_options *options,
                                    const tripsage_runtime *runtime)
{
    tripsage__env *env = NULL;
    tripsage_status status;

    *out = NULL;
    status = tripsage__env_new(&env, runtime);
    if (status != TRIPSAGE_OK)
        return status;
    status = tripsage__cache_new(out, options, env);
    if (status == TRIPSAGE_OK)
        (*out)->own_env = env;
    else
        tripsage__env_free(env);
    return status;
}

void tripsage_cache_close(tripsage_cache *cache)
{
    tripsage__cache_free(cache);
}

/* ---- what may come in ---- */

static tripsage_status check_key(const void *key, size_t key_size)
{
    if (!key || key_size == 0 || key_size > TRIPSAGE_CACHE_KEY_MAX)
        return TRIPSAGE_FAIL_FIELD("#key", "a key has 1 to %u bytes", TRIPSAGE_CACHE_KEY_MAX);
    return TRIPSAGE_OK;
}

static tripsage_status check_ttl(int64_t ttl_ms)
{
    return ttl_ms < 0 ? TRIPSAGE_FAIL_FIELD("#ttl_ms", "a life is 0 (for ever) or more milliseconds") : TRIPSAGE_OK;
}

/* A condition of a later version must not pass for one of ours. */
static tripsage_status check_when(tripsage_cache_when when)
{
    if (when != TRIPSAGE_CACHE_ALWAYS && when != TRIPSAGE_CACHE_IF_ABSENT && when != TRIPSAGE_CACHE_IF_PRESENT)
        return TRIPSAGE_FAIL_FIELD("#when", "there is no such condition");
    return TRIPSAGE_OK;
}

static tripsage_status check_value(const tripsage_cache *cache, size_t key_size, const void *value, size_t value_size)
{
    if (!value && value_size)
        return TRIPSAGE_FAIL_FIELD("#value", "there is no value, but it has a size");
    if (value_size > TRIPSAGE_CACHE_VALUE_MAX || tripsage__entry_cost(key_size, value_size) > cache->cost_max)
        return TRIPSAGE_FAIL_FIELD("#value", "the value is too large: at most %u bytes, and one eighth of the cache",
                                   TRIPSAGE_CACHE_VALUE_MAX);
    return TRIPSAGE_OK;
}

/* The end of a life that begins now. */
static int64_t expiry_of(const tripsage_cache *cache, int64_t ttl_ms)
{
    int64_t now;

    if (ttl_ms == 0)
        return TRIPSAGE__CACHE_FOREVER;
    now = tripsage__now_ms(cache->env);
    return now > 0 && ttl_ms > TRIPSAGE__CACHE_FOREVER - now ? TRIPSAGE__CACHE_FOREVER : now + ttl_ms;
}

/* The shard of a key, locked, and the key's live entry or NULL. */
static tripsage__shard *enter(tripsage_cache *cache, uint64_t hash, const void *key, size_t key_size,
                              tripsage__entry **entry)
{
    tripsage__shard *shard = tripsage__cache_memory_shard(&cache->engine, hash);

    pthread_mutex_lock(&shard->lock);
    *entry = tripsage__shard_find(shard, hash, key, key_size);
    return shard;
}

static tripsage_status no_such_key(void)
{
    return TRIPSAGE_FAIL(TRIPSAGE_ENOTFOUND, "there is nothing under this key");
}

/* ---- calls ---- */

tripsage_status tripsage_cache_set(tripsage_cache *cache, const void *key, size_t key_size, const void *value,
                                   size_t value_size, int64_t ttl_ms, tripsage_cache_when when)
{
    tripsage__entry_parts parts = {key, key_size, 0, value, value_size, 0};
    tripsage__entry *entry, *old;
    tripsage__shard *shard;
    tripsage_status status;
    int met, stored;

    TRIPSAGE_TRY(check_key(key, key_size));
    TRIPSAGE_TRY(check_value(cache, key_size, value, value_size));
    TRIPSAGE_TRY(check_ttl(ttl_ms));
    TRIPSAGE_TRY(check_when(when));
    parts.hash = tripsage__cache_memory_hash(&cache->engine, key, key_size);
    parts.expires_ms = expiry_of(cache, ttl_ms);
    entry = tripsage__entry_new(&parts);
    if (!entry)
        return TRIPSAGE_NOMEM();

    shard = enter(cache, parts.hash, key, key_size, &old);
    met = when == TRIPSAGE_CACHE_ALWAYS || (when == TRIPSAGE_CACHE_IF_PRESENT) == (old != NULL);
    stored = met && tripsage__cache_memory_store(&cache->engine, shard, old, entry);
    shard->sets += stored ? 1 : 0;
    pthread_mutex_unlock(&shard->lock);

    if (stored)
        return TRIPSAGE_OK;
    tripsage__entry_drop(entry);
    if (!met)
        return TRIPSAGE_FAIL(TRIPSAGE_ECONFLICT, "the key is %s", old ? "present" : "absent");
    return TRIPSAGE_NOMEM();
out:
    return status;
}

int tripsage__cache_look(tripsage_cache_value *out, tripsage_cache *cache, const void *key, size_t key_size)
{
    tripsage__entry *entry;
    int64_t expires_ms = TRIPSAGE__CACHE_FOREVER;
    tripsage__shard *shard =
        enter(cache, tripsage__cache_memory_hash(&cache->engine, key, key_size), key, key_size, &entry);

    memset(out, 0, sizeof *out);
    if (entry) {
        shard->hits++;
        entry->visited = 1;
        expires_ms = entry->expires_ms;
        tripsage__entry_hold(entry);
    } else {
        shard->misses++;
    }
    pthread_mutex_unlock(&shard->lock);

    if (!entry)
        return 0;
    out->data = entry->bytes;
    out->size = entry->value_size;
    out->ttl_ms = expires_ms == TRIPSAGE__CACHE_FOREVER ? -1 : expires_ms - tripsage__now_ms(cache->env);
    if (expires_ms != TRIPSAGE__CACHE_FOREVER && out->ttl_ms < 0)
        out->ttl_ms = 0; /* it ended since the look */
    out->owner = entry;
    return 1;
}

tripsage_status tripsage_cache_get(tripsage_cache_value *out, tripsage_cache *cache, const void *key, size_t key_size)
{
    tripsage_status status;

    memset(out, 0, sizeof *out);
    TRIPSAGE_TRY(check_key(key, key_size));
    if (!tripsage__cache_look(out, cache, key, key_size))
        status = no_such_key();
out:
    return status;
}

void tripsage_cache_value_free(tripsage_cache_value *value)
{
    if (!value || !value->owner)
        return;
    tripsage__entry_drop(value->owner);
    memset(value, 0, sizeof *value);
}

tripsage_status tripsage_cache_delete(tripsage_cache *cache, const void *key, size_t key_size)
{
    tripsage__entry *entry;
    tripsage__shard *shard;
    tripsage_status status;

    TRIPSAGE_TRY(check_key(key, key_size));
    shard = enter(cache, tripsage__cache_memory_hash(&cache->engine, key, key_size), key, key_size, &entry);
    if (entry) {
        tripsage__shard_remove(shard, entry);
        shard->deletes++;
    }
    pthread_mutex_unlock(&shard->lock);
    return entry ? TRIPSAGE_OK : no_such_key();
out:
    return status;
}

tripsage_status tripsage_cache_expire(tripsage_cache *cache, const void *key, size_t key_size, int64_t ttl_ms)
{
    tripsage__entry *entry;
    tripsage__shard *shard;
    tripsage_status status;

    TRIPSAGE_TRY(check_key(key, key_size));
    TRIPSAGE_TRY(check_ttl(ttl_ms));
    shard = enter(cache, tripsage__cache_memory_hash(&cache->engine, key, key_size), key, key_size, &entry);
    if (entry)
        tripsage__shard_set_expiry(shard, entry, expiry_of(cache, ttl_ms));
    pthread_mutex_unlock(&shard->lock);
    return entry ? TRIPSAGE_OK : no_such_key();
out:
    return status;
}

/* ---- counting ---- */

/* A decimal integer in its one canonical form: no sign but a minus, no leading zero, nothing around it. */
static int parse_integer(const tripsage__entry *entry, int64_t *out)
{
    const unsigned char *p = entry->bytes;
    const unsigned char *end = p + entry->value_size;
    int negative = p < end && *p == '-';
    int64_t value = 0;

    p += negative;
    if (p == end || end - p > (int)INTEGER_MAX || (*p == '0' && (negative || end - p > 1)))
        return 0;
    for (; p < end; p++) {
        if (*p < '0' || *p > '9')
            return 0;
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_sub_overflow(value, *p - '0', &value))
            return 0; /* counted downwards: the smallest integer has no positive twin */
    }
    *out = value;
    return negative || !__builtin_sub_overflow((int64_t)0, value, out);
}

/* Puts the sum in the place of `old` (NULL: as a new entry), under the shard's lock. */
static tripsage_status store_sum(tripsage_cache *cache, tripsage__shard *shard, tripsage__entry *old,
                                 const tripsage__entry_parts *parts, int64_t sum)
{
    char digits[INTEGER_MAX + 1];
    tripsage__entry_parts with_sum = *parts;
    tripsage__entry *entry;

    with_sum.value = digits;
    with_sum.value_size = (size_t)snprintf(digits, sizeof digits, "%" PRId64, sum);
    entry = tripsage__entry_new(&with_sum);
    if (!entry)
        return TRIPSAGE_NOMEM();
    if (!tripsage__cache_memory_store(&cache->engine, shard, old, entry)) {
        tripsage__entry_drop(entry);
        return TRIPSAGE_NOMEM();
    }
    shard->sets++;
    return TRIPSAGE_OK;
}

tripsage_status tripsage_cache_increment(int64_t *out, tripsage_cache *cache, const void *key, size_t key_size,
                                         int64_t by, int64_t ttl_ms)
{
    tripsage__entry_parts parts = {key, key_size, 0, NULL, INTEGER_MAX, 0};
    tripsage__entry *old;
    tripsage__shard *shard;
    tripsage_status status;
    int64_t sum = 0;

    *out = 0;
    TRIPSAGE_TRY(check_key(key, key_size));
    TRIPSAGE_TRY(check_value(cache, key_size, "", INTEGER_MAX));
    TRIPSAGE_TRY(check_ttl(ttl_ms));
    parts.hash = tripsage__cache_memory_hash(&cache->engine, key, key_size);
    shard = enter(cache, parts.hash, key, key_size, &old);
    parts.expires_ms = old ? old->expires_ms : expiry_of(cache, ttl_ms);
    if (old && !parse_integer(old, &sum))
        status = TRIPSAGE_FAIL_FIELD("#key", "the value under this key is not an integer");
    else if (__builtin_add_overflow(sum, by, &sum))
        status = TRIPSAGE_FAIL_FIELD("#by", "the sum is outside of 64 bits");
    else
        status = store_sum(cache, shard, old, &parts, sum);
    pthread_mutex_unlock(&shard->lock);
    if (status == TRIPSAGE_OK)
        *out = sum;
out:
    return status;
}

/* ---- all shards ---- */

tripsage_status tripsage_cache_clear(uint64_t *out, tripsage_cache *cache, const void *prefix, size_t prefix_size)
{
    uint64_t cleared = 0;

    if (!prefix && prefix_size)
        return TRIPSAGE_FAIL_FIELD("#prefix", "there is no prefix, but it has a size");
    for (size_t i = 0; i < cache->engine.shard_count; i++) {
        tripsage__shard *shard = &cache->engine.shards[i];
        uint64_t here;

        pthread_mutex_lock(&shard->lock);
        here = tripsage__shard_clear(shard, prefix ? prefix : "", prefix_size);
        shard->deletes += here;
        pthread_mutex_unlock(&shard->lock);
        cleared += here;
    }
    if (out)
        *out = cleared;
    return TRIPSAGE_OK;
}

tripsage_status tripsage_cache_get_stats(tripsage_cache_stats *out, tripsage_cache *cache)
{
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < cache->engine.shard_count; i++) {
        tripsage__shard *shard = &cache->engine.shards[i];

        pthread_mutex_lock(&shard->lock);
        tripsage__shard_sweep(shard);
        out->hits += shard->hits;
        out->misses += shard->misses;
        out->sets += shard->sets;
        out->deletes += shard->deletes;
        out->expired += shard->expired;
        out->evicted += shard->evicted;
        out->entries += shard->count;
        pthread_mutex_unlock(&shard->lock);
    }
    out->bytes = atomic_load_explicit(&cache->engine.budget.bytes, memory_order_relaxed);
    return TRIPSAGE_OK;
}
