/* memory/engine.c: the calls on memory. What changes something hashes the key outside the lock, takes the lock of its shard, looks,
 * changes, leaves. What only looks does so without the lock, and with it when that says nothing. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "cache/command/command.h"
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
    *entry = tripsage__shard_find(shard, hash, key);
    return shard;
}

/* ---- looking ---- */

/* A string with its end, held for whoever looks. */
typedef struct found {
    tripsage__entry *entry; /* NULL: there is none */
    int64_t expires_ms;
    int64_t now_ms; /* when it has an end */
} found;

static int is_alive(found *f, const tripsage__cache_memory *memory)
{
    if (f->expires_ms == TRIPSAGE__CACHE_FOREVER)
        return 1;
    f->now_ms = tripsage__now_ms(memory->env);
    return f->expires_ms > f->now_ms;
}

/* An entry of nobody's with the same value, for who looks at one that is held too often. */
static tripsage__entry *copy_of(const tripsage__entry *entry)
{
    tripsage__entry_parts parts = {"", 0, 0, entry->bytes, tripsage__entry_value_size(entry), 0, NULL};

    return tripsage__entry_new(&parts);
}

/* With the lock: for what a look without it could not tell, or has to be dropped. */
static found look_again(tripsage__cache_memory *memory, uint64_t hash, tripsage__cache_bytes key)
{
    found f = {NULL, TRIPSAGE__CACHE_FOREVER, 0};
    tripsage__entry *entry;
    tripsage__shard *shard = enter(memory, hash, key, &entry);

    if (entry && !tripsage__entry_is_object(entry)) {
        tripsage__policy_hit(memory->shared.policy, &entry->node, hash);
        f.entry = tripsage__entry_hold(entry, &f.expires_ms) ? entry : copy_of(entry);
    }
    *(f.entry ? &shard->hits : &shard->misses) += 1;
    pthread_mutex_unlock(&shard->lock);
    (void)is_alive(&f, memory);
    return f;
}

/* Without a lock. 0: it has to be looked again. */
static int look_freely(found *f, tripsage__cache_memory *memory, uint64_t hash, tripsage__cache_bytes key)
{
    tripsage__shard *shard = tripsage__cache_memory_shard(memory, hash);
    tripsage__grace_reader reader = tripsage__grace_enter(memory->shared.grace);
    int again;
    tripsage__entry *entry = tripsage__buckets_look(&shard->buckets, hash, key, &again);

    if (entry && tripsage__entry_is_object(entry)) {
        entry = NULL; /* no string */
    } else if (entry && !tripsage__entry_hold(entry, &f->expires_ms)) {
        again = 1;
    } else if (entry && !is_alive(f, memory)) {
        tripsage__entry_drop(entry);
        again = 1;
    } else if (entry) {
        tripsage__policy_hit(memory->shared.policy, &entry->node, hash);
        f->entry = entry;
    }
    tripsage__grace_leave(reader, again ? TRIPSAGE__LOOK_AGAIN : entry ? TRIPSAGE__LOOK_HIT : TRIPSAGE__LOOK_MISS);
    return !again;
}

static int look(tripsage_cache_value *out, void *engine, tripsage__cache_bytes key)
{
    tripsage__cache_memory *memory = engine;
    uint64_t hash = hash_of(memory, key);
    found f = {NULL, TRIPSAGE__CACHE_FOREVER, 0};

    if (!look_freely(&f, memory, hash, key))
        f = look_again(memory, hash, key);
    if (!f.entry)
        return 0;
    out->data = f.entry->bytes;
    out->size = tripsage__entry_value_size(f.entry);
    out->ttl_ms = f.expires_ms == TRIPSAGE__CACHE_FOREVER ? -1
                  : f.expires_ms > f.now_ms               ? f.expires_ms - f.now_ms
                                                          : 0; /* it ended since the look */
    out->owner = f.entry;
    return 1;
}

/* ---- changing ---- */

/* Under the shard's lock, into the lists of its tags, and into the shard. */
static int store_tagged(tripsage__cache_memory *memory, tripsage__shard *shard, uint64_t hash, tripsage__entry *old,
                        tripsage__entry *entry, const tripsage__cache_bytes *tags)
{
    if (!tripsage__tags_put(&shard->tags, entry, tags))
        return 0;
    if (tripsage__cache_memory_charge_tags(memory, shard, old) &&
        tripsage__cache_memory_store(memory, shard, hash, old, entry))
        return 1;
    tripsage__shard_untag(shard, entry);
    return 0;
}

static tripsage_status set_tagged(void *engine, tripsage__cache_bytes key, tripsage__cache_bytes value, int64_t ttl_ms,
                                  tripsage_cache_when when, const tripsage__cache_bytes *tags, size_t tag_count)
{
    tripsage__cache_memory *memory = engine;
    tripsage__entry_parts parts = {
        key.data, key.size, hash_of(memory, key), value.data, value.size, expiry_of(memory, ttl_ms), NULL};
    tripsage__entry *entry = tripsage__entry_new_tagged(&parts, tag_count), *old;
    tripsage__shard *shard;
    int met, stored;

    if (!entry)
        return TRIPSAGE_NOMEM();
    shard = enter(memory, parts.hash, key, &old);
    met = when == TRIPSAGE_CACHE_ALWAYS || (when == TRIPSAGE_CACHE_IF_PRESENT) == (old != NULL);
    stored = met && (tag_count ? store_tagged(memory, shard, parts.hash, old, entry, tags)
                               : tripsage__cache_memory_store(memory, shard, parts.hash, old, entry));
    shard->sets += stored ? 1 : 0;
    pthread_mutex_unlock(&shard->lock);

    if (stored)
        return TRIPSAGE_OK;
    tripsage__entry_drop(entry);
    return met ? TRIPSAGE_NOMEM() : tripsage__cache_not_met(when);
}

static tripsage_status set(void *engine, tripsage__cache_bytes key, tripsage__cache_bytes value, int64_t ttl_ms,
                           tripsage_cache_when when)
{
    return set_tagged(engine, key, value, ttl_ms, when, NULL, 0);
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

/* Puts the sum in the place of `old` (NULL: as a new entry), under the shard's lock. It keeps its tags. */
static tripsage_status store_sum(tripsage__cache_memory *memory, tripsage__shard *shard, tripsage__entry *old,
                                 const tripsage__entry_parts *parts, int64_t sum)
{
    char digits[TRIPSAGE__CACHE_INTEGER_MAX + 1];
    tripsage__entry_parts with_sum = *parts;
    tripsage__entry *entry;

    with_sum.value = digits;
    with_sum.value_size = (size_t)snprintf(digits, sizeof digits, "%" PRId64, sum);
    entry = tripsage__entry_new_tagged(&with_sum, old ? tripsage__tag_count(old) : 0);
    if (!entry)
        return TRIPSAGE_NOMEM();
    if (tripsage__tag_count(entry))
        tripsage__tags_inherit(old, entry);
    if (!tripsage__cache_memory_store(memory, shard, parts->hash, old, entry)) {
        tripsage__shard_untag(shard, entry);
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

    parts.expires_ms = old ? tripsage__entry_expires_ms(old) : expiry_of(memory, ttl_ms);
    if (old && (tripsage__entry_is_object(old) || !tripsage__command_parse_integer(tripsage__command_value(old), &sum)))
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
        tripsage__shard_sweep(shard);
        if (prefix.size)
            tripsage__cache_memory_put_in_order(memory, shard);
        here = tripsage__shard_clear(shard, prefix);
        shard->deletes += here;
        pthread_mutex_unlock(&shard->lock);
        *out += here;
    }
    return TRIPSAGE_OK;
}

static tripsage_status invalidate(uint64_t *out, void *engine, tripsage__cache_bytes tag)
{
    tripsage__cache_memory *memory = engine;

    for (size_t i = 0; i < memory->shard_count; i++) {
        tripsage__shard *shard = &memory->shards[i];
        uint64_t here;

        pthread_mutex_lock(&shard->lock);
        here = tripsage__shard_invalidate(shard, tag);
        shard->deletes += here;
        pthread_mutex_unlock(&shard->lock);
        *out += here;
    }
    return TRIPSAGE_OK;
}

/* How long an entry stays on average, by Little's law: as many as there are, by how many come in a time. */
static uint64_t stay_ms(const tripsage__cache_memory *memory, uint64_t entries, uint64_t added)
{
    int64_t open_ms = tripsage__now_ms(memory->env) - memory->opened_ms;

    return added && open_ms > 0 ? (uint64_t)((double)open_ms * (double)entries / (double)added) : 0;
}

static tripsage_status get_stats(tripsage_cache_stats *out, void *engine)
{
    tripsage__cache_memory *memory = engine;
    uint64_t added = 0;

    out->hits = tripsage__grace_looks(memory->shared.grace, TRIPSAGE__LOOK_HIT);
    out->misses = tripsage__grace_looks(memory->shared.grace, TRIPSAGE__LOOK_MISS);
    for (size_t i = 0; i < memory->shard_count; i++) {
        tripsage__shard *shard = &memory->shards[i];

        pthread_mutex_lock(&shard->lock);
        tripsage__shard_sweep(shard);
        out->hits += shard->hits;
        out->misses += shard->misses;
        out->sets += shard->sets;
        out->deletes += shard->deletes;
        out->expired += shard->expired;
        out->evicted += shard->evicted_for_bytes + shard->evicted_for_entries;
        out->evicted_for_entries += shard->evicted_for_entries;
        out->entries += shard->count;
        added += shard->added;
        pthread_mutex_unlock(&shard->lock);
    }
    out->bytes = atomic_load_explicit(&memory->shared.budget.bytes, memory_order_relaxed);
    out->stay_ms = stay_ms(memory, out->entries, added);
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

static void get_counts(tripsage_cache_stats *out, void *engine)
{
    (void)get_stats(out, engine); /* which cannot fail here */
}

const tripsage__cache_engine tripsage__cache_on_memory = {
    look,       set,        remove_key, increment, expire,
    clear,      get_stats,  run,        subscribe, tripsage__cache_memory_close,
    set_tagged, invalidate, get_counts,
};
