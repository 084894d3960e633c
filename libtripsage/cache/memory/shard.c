/* shard.c: see shard.h.
 *
 * Invariants (under the lock): every entry is in exactly one bucket, once in the part, in the list of each of its tags, and, while
 * there is one, in the order of keys; `count` and `bytes` are those of the part; no two entries have the same key. An entry that leaves
 * is held until no reader sees it any more (retired.h). */
#include "shard.h"

#include <string.h>

#include "base/memory.h"
#include "base/siphash.h"

/* A pass for what has ended, after evictions of an eighth of the entries: so it is eight looks for each of them. */
#define EVICTIONS_PER_SWEEP 8u

int tripsage__shard_init(tripsage__shard *shard, tripsage__shared *shared)
{
    shard->shared = shared;
    shard->earliest_ms = TRIPSAGE__CACHE_FOREVER;
    shard->order.budget = &shared->budget;
    tripsage__buckets_init(&shard->buckets, shared->hash_key, &shared->retired);
    tripsage__policy_part_init(&shard->part, shared->policy);
    tripsage__tags_init(&shard->tags, shared->hash_key);
    return pthread_mutex_init(&shard->lock, NULL) == 0;
}

void tripsage__shard_close(tripsage__shard *shard)
{
    tripsage__shard_clear(shard, (tripsage__cache_bytes){"", 0});
    tripsage__buckets_free(&shard->buckets);
    tripsage__order_drop(&shard->order);
    tripsage__tags_close(&shard->tags);
    tripsage__policy_part_close(&shard->part);
    pthread_mutex_destroy(&shard->lock);
}

/* ---- entries ---- */

static tripsage__cache_bytes key_of(const tripsage__entry *entry)
{
    return (tripsage__cache_bytes){tripsage__entry_key(entry), tripsage__entry_key_size(entry)};
}

static uint64_t hash_of(const tripsage__shard *shard, const tripsage__entry *entry)
{
    return tripsage__siphash13(shard->shared->hash_key, tripsage__entry_key(entry), tripsage__entry_key_size(entry));
}

static int is_over(const tripsage__shard *shard, const tripsage__entry *entry)
{
    int64_t end_ms = tripsage__entry_end(entry);

    return end_ms != TRIPSAGE__CACHE_FOREVER && end_ms <= tripsage__now_ms(shard->shared->env);
}

static void note_end(tripsage__shard *shard, const tripsage__entry *entry)
{
    int64_t end_ms = tripsage__entry_end(entry);

    if (end_ms < shard->earliest_ms)
        shard->earliest_ms = end_ms;
}

tripsage__entry *tripsage__shard_find(tripsage__shard *shard, uint64_t hash, tripsage__cache_bytes key)
{
    tripsage__entry *entry = tripsage__buckets_find(&shard->buckets, hash, key);

    if (entry && is_over(shard, entry)) {
        tripsage__shard_remove(shard, entry);
        shard->expired++;
        return NULL;
    }
    return entry;
}

void tripsage__shard_untag(tripsage__shard *shard, tripsage__entry *entry)
{
    tripsage__tags *tags = &shard->tags;

    tripsage__tags_take_out(tags, entry);
    if (tags->names.bytes < tags->charged) {
        tripsage__budget_give(&shard->shared->budget, tags->charged - tags->names.bytes, 0);
        tags->charged = tags->names.bytes;
    }
}

void tripsage__shard_add(tripsage__shard *shard, uint64_t hash, tripsage__entry *entry)
{
    tripsage__policy_insert(&shard->part, &entry->node, hash);
    tripsage__order_add(&shard->order, entry);
    tripsage__buckets_add(&shard->buckets, hash, entry);
    shard->count++;
    shard->added++;
    atomic_fetch_add_explicit(&shard->bytes, tripsage__entry_cost_of(entry), memory_order_relaxed);
    note_end(shard, entry);
}

void tripsage__shard_replace(tripsage__shard *shard, uint64_t hash, tripsage__entry *old, tripsage__entry *entry)
{
    size_t cost = tripsage__entry_cost_of(entry), old_cost = tripsage__entry_cost_of(old);

    tripsage__policy_replace(&shard->part, &old->node, &entry->node, hash);
    tripsage__order_replace(&shard->order, old, entry);
    tripsage__shard_untag(shard, old);
    tripsage__buckets_replace(&shard->buckets, hash, old, entry);
    atomic_fetch_add_explicit(&shard->bytes, (uint64_t)cost - old_cost, memory_order_relaxed);
    note_end(shard, entry);
    if (old_cost > cost)
        tripsage__budget_give(&shard->shared->budget, old_cost - cost, 0);
    tripsage__retire(&shard->shared->retired, old, old_cost);
}

/* Takes out an entry that is in the part no more. */
static void take_out(tripsage__shard *shard, tripsage__entry *entry, uint64_t hash)
{
    size_t cost = tripsage__entry_cost_of(entry), table = shard->buckets.bytes;

    tripsage__buckets_remove(&shard->buckets, hash, entry);
    tripsage__budget_give(&shard->shared->budget, table - shard->buckets.bytes, 0);
    tripsage__order_remove(&shard->order, entry);
    tripsage__shard_untag(shard, entry);
    shard->count--;
    atomic_fetch_sub_explicit(&shard->bytes, cost, memory_order_relaxed);
    tripsage__budget_give(&shard->shared->budget, cost, 1);
    tripsage__retire(&shard->shared->retired, entry, cost);
}

void tripsage__shard_remove(tripsage__shard *shard, tripsage__entry *entry)
{
    tripsage__policy_remove(&shard->part, &entry->node);
    take_out(shard, entry, hash_of(shard, entry));
}

void tripsage__shard_set_expiry(tripsage__shard *shard, tripsage__entry *entry, int64_t expires_ms)
{
    tripsage__entry_set_expires_ms(entry, expires_ms);
    note_end(shard, entry);
}

void tripsage__shard_charge(tripsage__shard *shard, tripsage__entry *entry, size_t bytes, int64_t end_ms)
{
    tripsage__object *object = tripsage__entry_object(entry);

    atomic_fetch_add_explicit(&shard->bytes, (uint64_t)bytes - object->charged, memory_order_relaxed);
    if (bytes < object->charged)
        tripsage__budget_give(&shard->shared->budget, object->charged - bytes, 0);
    object->charged = bytes;
    object->end_ms = end_ms;
    note_end(shard, entry);
}

/* ---- what goes by itself ---- */

/* The entry after this one in the part; NULL begins and ends. To be asked for before that one is removed. */
static tripsage__entry *next_of(const tripsage__shard *shard, tripsage__entry *entry)
{
    return tripsage__entry_of(tripsage__policy_next(&shard->part, entry ? &entry->node : NULL));
}

/* Whether something may have ended. */
static int is_due(const tripsage__shard *shard)
{
    return shard->earliest_ms != TRIPSAGE__CACHE_FOREVER && shard->earliest_ms <= tripsage__now_ms(shard->shared->env);
}

static void sweep(tripsage__shard *shard, const tripsage__entry *keep)
{
    tripsage__entry *next;

    shard->evictions = 0;
    shard->earliest_ms = TRIPSAGE__CACHE_FOREVER;
    for (tripsage__entry *entry = next_of(shard, NULL); entry; entry = next) {
        next = next_of(shard, entry);
        if (entry != keep && is_over(shard, entry)) {
            tripsage__shard_remove(shard, entry);
            shard->expired++;
        } else {
            note_end(shard, entry);
        }
    }
}

void tripsage__shard_sweep(tripsage__shard *shard)
{
    if (is_due(shard))
        sweep(shard, NULL);
}

int tripsage__shard_evict(tripsage__shard *shard, const tripsage__entry *keep, tripsage__budget_want want)
{
    size_t count = shard->count;
    tripsage__entry *entry;
    uint64_t hash;

    /* What has ended goes before what is alive. To look for it is a pass, which so many evictions share. */
    if (shard->evictions >= count / EVICTIONS_PER_SWEEP && is_due(shard)) {
        sweep(shard, keep);
        if (shard->count < count)
            return 1;
    }
    entry = tripsage__entry_of(tripsage__policy_victim(&shard->part, keep ? &keep->node : NULL));
    if (!entry)
        return 0;
    shard->evictions++;
    hash = hash_of(shard, entry);
    tripsage__policy_evict(&shard->part, &entry->node, hash);
    *(want == TRIPSAGE__BUDGET_BYTES ? &shard->evicted_for_bytes : &shard->evicted_for_entries) += 1;
    take_out(shard, entry, hash);
    return 1;
}

/* ---- many of them ---- */

/* Drops an entry that somebody wants to be gone; 1 when it was alive. */
static uint64_t drop(tripsage__shard *shard, tripsage__entry *entry)
{
    int over = is_over(shard, entry);

    shard->expired += over ? 1 : 0;
    tripsage__shard_remove(shard, entry);
    return over ? 0 : 1;
}

size_t tripsage__shard_visit(tripsage__shard *shard, uint64_t cursor,
                             void (*visit)(void *context, const tripsage__entry *entry), void *context)
{
    tripsage__entry *entry;
    size_t seen = 0, place = 0;

    if (tripsage__buckets_span(&shard->buckets) == 0)
        return 0;
    while ((entry = tripsage__buckets_next(&shard->buckets, cursor, &place)) != NULL) {
        if (is_over(shard, entry))
            continue;
        visit(context, entry);
        seen++;
    }
    return seen;
}

/* In a shard without an order of its keys: by looking at all of them. */
static uint64_t clear_by_walking(tripsage__shard *shard, tripsage__cache_bytes prefix)
{
    uint64_t cleared = 0;
    tripsage__entry *next;

    for (tripsage__entry *entry = next_of(shard, NULL); entry; entry = next) {
        next = next_of(shard, entry);
        if (tripsage__order_has_prefix(key_of(entry), prefix))
            cleared += drop(shard, entry);
    }
    return cleared;
}

uint64_t tripsage__shard_clear(tripsage__shard *shard, tripsage__cache_bytes prefix)
{
    uint64_t cleared = 0;
    tripsage__entry *entry;

    if (prefix.size == 0)
        tripsage__order_drop(&shard->order); /* there is nothing to keep in order */
    if (!tripsage__order_is_kept(&shard->order))
        return clear_by_walking(shard, prefix);
    while ((entry = tripsage__order_first(&shard->order, prefix)) != NULL)
        cleared += drop(shard, entry);
    return cleared;
}

uint64_t tripsage__shard_invalidate(tripsage__shard *shard, tripsage__cache_bytes tag)
{
    uint64_t dropped = 0;
    tripsage__entry *entry;

    while ((entry = tripsage__tags_any(&shard->tags, tag)) != NULL)
        dropped += drop(shard, entry);
    return dropped;
}
