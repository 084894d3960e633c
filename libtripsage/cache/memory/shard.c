/* shard.c: see shard.h.
 *
 * Invariants (under the lock): every entry is in exactly one bucket chain and once in the queue; `count` and `bytes` are
 * those of the queue; the hand is NULL or in the queue; no two entries have the same key. */
#include "shard.h"

#include <string.h>

#include "base/memory.h"

/* 16 buckets: 128 bytes, enough for the shards of a cache that is hardly used. */
#define FIRST_TABLE 16u

int tripsage__shard_init(tripsage__shard *shard, tripsage__budget *budget, tripsage__env *env)
{
    shard->budget = budget;
    shard->env = env;
    shard->earliest_ms = TRIPSAGE__CACHE_FOREVER;
    return pthread_mutex_init(&shard->lock, NULL) == 0;
}

void tripsage__shard_close(tripsage__shard *shard)
{
    tripsage__shard_clear(shard, "", 0);
    tripsage__free(shard->buckets);
    pthread_mutex_destroy(&shard->lock);
}

/* ---- the table ---- */

static tripsage__entry **bucket_of(const tripsage__shard *shard, uint64_t hash)
{
    /* The low bits chose the shard. */
    return &shard->buckets[(hash >> 16) & (shard->bucket_count - 1)];
}

static void chain_in(tripsage__shard *shard, tripsage__entry *entry)
{
    tripsage__entry **bucket = bucket_of(shard, entry->hash);

    entry->chain = *bucket;
    *bucket = entry;
}

/* The link that leads to an entry of the table. */
static tripsage__entry **link_to(const tripsage__shard *shard, const tripsage__entry *entry)
{
    tripsage__entry **link = bucket_of(shard, entry->hash);

    while (*link != entry)
        link = &(*link)->chain;
    return link;
}

size_t tripsage__shard_table_cost(size_t bucket_count)
{
    return bucket_count ? tripsage__budget_block(bucket_count * sizeof(tripsage__entry *)) : 0;
}

size_t tripsage__shard_wants_table(const tripsage__shard *shard)
{
    if (shard->bucket_count == 0)
        return FIRST_TABLE;
    return shard->count >= shard->bucket_count ? shard->bucket_count * 2 : 0;
}

int tripsage__shard_grow(tripsage__shard *shard, size_t bucket_count)
{
    tripsage__entry **buckets = tripsage__calloc(bucket_count, sizeof *buckets);
    size_t given_back = buckets ? shard->bucket_count : bucket_count;

    tripsage__budget_give(shard->budget, tripsage__shard_table_cost(given_back), 0);
    if (!buckets)
        return 0;
    tripsage__free(shard->buckets);
    shard->buckets = buckets;
    shard->bucket_count = bucket_count;
    for (tripsage__entry *entry = shard->oldest; entry; entry = entry->newer)
        chain_in(shard, entry);
    return 1;
}

/* ---- the queue ---- */

static void queue_in(tripsage__shard *shard, tripsage__entry *entry)
{
    entry->newer = NULL;
    entry->older = shard->newest;
    if (shard->newest)
        shard->newest->newer = entry;
    else
        shard->oldest = entry;
    shard->newest = entry;
}

static void queue_out(tripsage__shard *shard, tripsage__entry *entry)
{
    if (shard->hand == entry)
        shard->hand = entry->newer;
    if (entry->newer)
        entry->newer->older = entry->older;
    else
        shard->newest = entry->older;
    if (entry->older)
        entry->older->newer = entry->newer;
    else
        shard->oldest = entry->newer;
}

/* ---- entries ---- */

static int is_over(const tripsage__shard *shard, const tripsage__entry *entry)
{
    int64_t end_ms = tripsage__entry_end(entry);

    return end_ms != TRIPSAGE__CACHE_FOREVER && end_ms <= tripsage__now_ms(shard->env);
}

static void note_end(tripsage__shard *shard, const tripsage__entry *entry)
{
    int64_t end_ms = tripsage__entry_end(entry);

    if (end_ms < shard->earliest_ms)
        shard->earliest_ms = end_ms;
}

tripsage__entry *tripsage__shard_find(tripsage__shard *shard, uint64_t hash, const void *key, size_t key_size)
{
    tripsage__entry *entry = shard->bucket_count ? *bucket_of(shard, hash) : NULL;

    while (entry && (entry->hash != hash || entry->key_size != key_size ||
                     memcmp(tripsage__entry_key(entry), key, key_size) != 0))
        entry = entry->chain;
    if (entry && is_over(shard, entry)) {
        tripsage__shard_remove(shard, entry);
        shard->expired++;
        return NULL;
    }
    return entry;
}

void tripsage__shard_add(tripsage__shard *shard, tripsage__entry *entry)
{
    chain_in(shard, entry);
    queue_in(shard, entry);
    shard->count++;
    atomic_fetch_add_explicit(&shard->bytes, tripsage__entry_cost_of(entry), memory_order_relaxed);
    note_end(shard, entry);
}

void tripsage__shard_replace(tripsage__shard *shard, tripsage__entry *old, tripsage__entry *entry)
{
    entry->chain = old->chain;
    entry->newer = old->newer;
    entry->older = old->older;
    entry->visited = 1; /* a change is a use */
    *link_to(shard, old) = entry;
    *(old->newer ? &old->newer->older : &shard->newest) = entry;
    *(old->older ? &old->older->newer : &shard->oldest) = entry;
    if (shard->hand == old)
        shard->hand = entry;
    atomic_fetch_add_explicit(&shard->bytes, (uint64_t)tripsage__entry_cost_of(entry) - tripsage__entry_cost_of(old),
                              memory_order_relaxed);
    note_end(shard, entry);
    if (tripsage__entry_cost_of(old) > tripsage__entry_cost_of(entry))
        tripsage__budget_give(shard->budget, tripsage__entry_cost_of(old) - tripsage__entry_cost_of(entry), 0);
    tripsage__entry_drop(old);
}

void tripsage__shard_remove(tripsage__shard *shard, tripsage__entry *entry)
{
    *link_to(shard, entry) = entry->chain;
    queue_out(shard, entry);
    shard->count--;
    atomic_fetch_sub_explicit(&shard->bytes, tripsage__entry_cost_of(entry), memory_order_relaxed);
    tripsage__budget_give(shard->budget, tripsage__entry_cost_of(entry), 1);
    tripsage__entry_drop(entry);
}

void tripsage__shard_set_expiry(tripsage__shard *shard, tripsage__entry *entry, int64_t expires_ms)
{
    entry->expires_ms = expires_ms;
    note_end(shard, entry);
}

void tripsage__shard_charge(tripsage__shard *shard, tripsage__entry *entry, size_t bytes, int64_t end_ms)
{
    tripsage__object *object = tripsage__entry_object(entry);

    atomic_fetch_add_explicit(&shard->bytes, (uint64_t)bytes - object->charged, memory_order_relaxed);
    if (bytes < object->charged)
        tripsage__budget_give(shard->budget, object->charged - bytes, 0);
    object->charged = bytes;
    object->end_ms = end_ms;
    note_end(shard, entry);
}

int tripsage__shard_evict(tripsage__shard *shard, const tripsage__entry *keep)
{
    tripsage__entry *entry = shard->hand;

    /* One turn clears every mark, so the second finds an entry, if there is one beside `keep`. */
    for (size_t steps = 0; steps < 2 * shard->count; steps++) {
        if (!entry)
            entry = shard->oldest;
        if (entry != keep) {
            int over = is_over(shard, entry);
            if (over || !entry->visited) {
                shard->hand = entry; /* removing moves it on */
                *(over ? &shard->expired : &shard->evicted) += 1;
                tripsage__shard_remove(shard, entry);
                return 1;
            }
            entry->visited = 0;
        }
        entry = entry->newer;
    }
    return 0;
}

void tripsage__shard_sweep(tripsage__shard *shard)
{
    tripsage__entry *next;

    if (shard->earliest_ms == TRIPSAGE__CACHE_FOREVER || tripsage__now_ms(shard->env) < shard->earliest_ms)
        return;
    shard->earliest_ms = TRIPSAGE__CACHE_FOREVER;
    for (tripsage__entry *entry = shard->oldest; entry; entry = next) {
        next = entry->newer;
        if (is_over(shard, entry)) {
            tripsage__shard_remove(shard, entry);
            shard->expired++;
        } else {
            note_end(shard, entry);
        }
    }
}

size_t tripsage__shard_visit(tripsage__shard *shard, uint64_t cursor,
                             void (*visit)(void *context, const tripsage__entry *entry), void *context)
{
    tripsage__entry *entry = shard->bucket_count ? shard->buckets[cursor & (shard->bucket_count - 1)] : NULL;
    size_t seen = 0;

    for (; entry; entry = entry->chain) {
        if (is_over(shard, entry))
            continue;
        visit(context, entry);
        seen++;
    }
    return seen;
}

uint64_t tripsage__shard_clear(tripsage__shard *shard, const void *prefix, size_t prefix_size)
{
    uint64_t cleared = 0;
    tripsage__entry *next;

    tripsage__shard_sweep(shard);
    for (tripsage__entry *entry = shard->oldest; entry; entry = next) {
        next = entry->newer;
        if (entry->key_size < prefix_size || memcmp(tripsage__entry_key(entry), prefix, prefix_size) != 0)
            continue;
        tripsage__shard_remove(shard, entry);
        cleared++;
    }
    return cleared;
}
