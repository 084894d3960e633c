/* memory/engine.c: the calls on memory: hash the key outside the lock, take the lock of its shard, look, change, leave. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "cache/command/pubsub.h"
#include "cache/command/table.h"
#include "memory.h"

/* The end of a life that begins now. */
static int64_t expiry_of(const tripsage__cache_memory *memory, int64_t ttl_ms)
{
    int64_t now;

    if (ttl_ms == 0)
        return TRIPSAGE__CACHE_FOREVER;
    now = tripsage__now_ms(memory->env);
    return now > 0 && ttl_ms > TRIPSAGE__CACHE_FOREVER - now ? TRIPSAGE__CACHE_FOREVER : now + ttl_ms;
}

static uint64_t hash_of(const tripsage__cache_memory *memory, tripsage__cache_bytes key)
{
    return tripsage__cache_memory_hash(memory, key.data, key.size);
}

/* The shard of a key, locked, and the key's live entry or NULL. */
static tripsage__shard *enter(tripsage__cache_memory *memory, uint64_t hash, tripsage__cache_bytes key,
                              tripsage__entry **entry)
{
    tripsage__shard *shard = tripsage__cache_memory_shard(memory, hash);

    pthread_mutex_lock(&shard->lock);
    *entry = tripsage__shard_find(shard, hash, key.data, key.size);
    return shard;
}

static int look(tripsage_cache_value *out, void *engine, tripsage__cache_bytes key)
{
    tripsage__cache_memory *memory = engine;
    tripsage__entry *entry;
    int64_t expires_ms = TRIPSAGE__CACHE_FOREVER;
    tripsage__shard *shard = enter(memory, hash_of(memory, key), key, &entry);

    if (entry && entry->is_object)
        entry = NULL; /* no string */
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
    out->ttl_ms = expires_ms == TRIPSAGE__CACHE_FOREVER ? -1 : expires_ms - tripsage__now_ms(memory->env);
    if (expires_ms != TRIPSAGE__CACHE_FOREVER && out->ttl_ms < 0)
        out->ttl_ms = 0; /* it ended since the look */
    out->owner = entry;
    return 1;
}

static tripsage_status set(void *engine, tripsage__cache_bytes key, tripsage__cache_bytes value, int64_t ttl_ms,
                           tripsage_cache_when when)
{
    tripsage__cache_memory *memory = engine;
    tripsage__entry_parts parts = {
        key.data, key.size, hash_of(memory, key), value.data, value.size, expiry_of(memory, ttl_ms), NULL};
    tripsage__entry *entry = tripsage__entry_new(&parts), *old;
    tripsage__shard *shard;
    int met, stored;

    if (!entry)
        return TRIPSAGE_NOMEM();
    shard = enter(memory, parts.hash, key, &old);
    met = when == TRIPSAGE_CACHE_ALWAYS || (when == TRIPSAGE_CACHE_IF_PRESENT) == (old != NULL);
    stored = met && tripsage__cache_memory_store(memory, shard, old, entry);
    shard->sets += stored ? 1 : 0;
    pthread_mutex_unlock(&shard->lock);

    if (stored)
        return TRIPSAGE_OK;
    tripsage__entry_drop(entry);
    return met ? TRIPSAGE_NOMEM() : tripsage__cache_not_met(when);
}

static tripsage_status remove_key(void *engine, tripsage__cache_bytes key)
{
    tripsage__cache_memory *memory = engine;
    tripsage__entry *entry;
    tripsage__shard *shard = enter(memory, hash_of(memory, key), key, &entry);

    if (entry) {
        tripsage__shard_remove(shard, entry);
        shard->deletes++;
    }
    pthread_mutex_unlock(&shard->lock);
    return entry ? TRIPSAGE_OK : tripsage__cache_no_such_key();
}

static tripsage_status expire(void *engine, tripsage__cache_bytes key, int64_t ttl_ms)
{
    tripsage__cache_memory *memory = engine;
    tripsage__entry *entry;
    tripsage__shard *shard = enter(memory, hash_of(memory, key), key, &entry);

    if (entry)
        tripsage__shard_set_expiry(shard, entry, expiry_of(memory, ttl_ms));
    pthread_mutex_unlock(&shard->lock);
    return entry ? TRIPSAGE_OK : tripsage__cache_no_such_key();
}

/* ---- counting ---- */

/* Puts the sum in the place of `old` (NULL: as a new entry), under the shard's lock. */
static tripsage_status store_sum(tripsage__cache_memory *memory, tripsage__shard *shard, tripsage__entry *old,
                                 const tripsage__entry_parts *parts, int64_t sum)
{
    char digits[TRIPSAGE__CACHE_INTEGER_MAX + 1];
    tripsage__entry_parts with_sum = *parts;
    tripsage__entry *entry;

    with_sum.value = digits;
    with_sum.value_size = (size_t)snprintf(digits, sizeof digits, "%" PRId64, sum);
    entry = tripsage__entry_new(&with_sum);
    if (!entry)
        return TRIPSAGE_NOMEM();
    if (!tripsage__cache_memory_store(memory, shard, old, entry)) {
        tripsage__entry_drop(entry);
        return TRIPSAGE_NOMEM();
    }
    shard->sets++;
    return TRIPSAGE_OK;
}

static tripsage_status increment(int64_t *out, void *engine, tripsage__cache_bytes key, int64_t by, int64_t ttl_ms)
{
    tripsage__cache_memory *memory = engine;
    tripsage__entry_parts parts = {key.data, key.size, hash_of(memory, key), NULL, TRIPSAGE__CACHE_INTEGER_MAX,
                                   0,        NULL};
    tripsage__entry *old;
    tripsage__shard *shard = enter(memory, parts.hash, key, &old);
    tripsage_status status;
    int64_t sum = 0;

    parts.expires_ms = old ? old->expires_ms : expiry_of(memory, ttl_ms);
    if (old && (old->is_object ||
                !tripsage__command_parse_integer((tripsage__cache_bytes){old->bytes, old->value_size}, &sum)))
        status = tripsage__cache_no_integer();
    else if (__builtin_add_overflow(sum, by, &sum))
        status = tripsage__cache_overflow();
    else
        status = store_sum(memory, shard, old, &parts, sum);
    pthread_mutex_unlock(&shard->lock);
    if (status == TRIPSAGE_OK)
        *out = sum;
    return status;
}

/* ---- all shards ---- */

static tripsage_status clear(uint64_t *out, void *engine, tripsage__cache_bytes prefix)
{
    tripsage__cache_memory *memory = engine;

    for (size_t i = 0; i < memory->shard_count; i++) {
        tripsage__shard *shard = &memory->shards[i];
        uint64_t here;

        pthread_mutex_lock(&shard->lock);
        here = tripsage__shard_clear(shard, prefix.data, prefix.size);
        shard->deletes += here;
        pthread_mutex_unlock(&shard->lock);
        *out += here;
    }
    return TRIPSAGE_OK;
}

static tripsage_status get_stats(tripsage_cache_stats *out, void *engine)
{
    tripsage__cache_memory *memory = engine;

    for (size_t i = 0; i < memory->shard_count; i++) {
        tripsage__shard *shard = &memory->shards[i];

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
    out->bytes = atomic_load_explicit(&memory->budget.bytes, memory_order_relaxed);
    return TRIPSAGE_OK;
}

/* ---- commands ---- */

/* Most caches never see one, so what they share is made with the first. */
static tripsage__commands *commands_of(tripsage__cache_memory *memory)
{
    tripsage__commands *commands;

    pthread_mutex_lock(&memory->commands_lock);
    if (!memory->commands)
        memory->commands = tripsage__commands_new(memory);
    commands = memory->commands;
    pthread_mutex_unlock(&memory->commands_lock);
    return commands;
}

/* 0 after it replied the error of the first line that can be none. */
static int check_all(tripsage__commands *commands, tripsage__reply *reply, const tripsage_cache_command_line *lines,
                     size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!tripsage__commands_check(commands, reply, lines[i].arguments, lines[i].count))
            return 0;
    return 1;
}

static tripsage_status run(tripsage_cache_reply **out, void *engine, const tripsage_cache_command_line *lines,
                           size_t count, tripsage__cache_mode mode)
{
    tripsage__commands *commands = commands_of(engine);
    tripsage__reply reply = TRIPSAGE__REPLY_INIT;

    if (!commands)
        return TRIPSAGE_NOMEM();
    if (mode == TRIPSAGE__CACHE_TRANSACTION && !check_all(commands, &reply, lines, count))
        return tripsage__reply_finish(out, &reply);
    if (mode != TRIPSAGE__CACHE_ONE)
        tripsage__reply_array(&reply, count);
    if (mode == TRIPSAGE__CACHE_TRANSACTION)
        tripsage__commands_enter(commands);
    for (size_t i = 0; i < count; i++) {
        if (mode != TRIPSAGE__CACHE_TRANSACTION)
            tripsage__commands_enter(commands);
        tripsage__commands_run(commands, &reply, lines[i].arguments, lines[i].count);
        if (mode != TRIPSAGE__CACHE_TRANSACTION)
            tripsage__commands_leave(commands);
    }
    if (mode == TRIPSAGE__CACHE_TRANSACTION)
        tripsage__commands_leave(commands);
    return tripsage__reply_finish(out, &reply);
}

static tripsage_status subscribe(tripsage_cache_subscription **out, void *engine, const tripsage_cache_topics *topics)
{
    const tripsage__commands *commands = commands_of(engine);

    return commands ? tripsage__pubsub_subscribe(out, tripsage__commands_pubsub(commands), topics) : TRIPSAGE_NOMEM();
}

const tripsage__cache_engine tripsage__cache_on_memory = {
    look, set, remove_key, increment, expire, clear, get_stats, run, subscribe, tripsage__cache_memory_close,
};
