/* memory.c: see memory.h: how many shards there are, and how room is made across them. */
#include "memory.h"

#include <sched.h>
#include <string.h>

#include "base/memory.h"
#include "base/siphash.h"
#include "cache/command/table.h"

/* One shard for each MiB and each 1,024 entries the cache may hold: SIEVE within a part is as good as over the whole only when
 * a part holds many entries. 1,024 at most: far more than there are processors, and a table stays small enough to be grown in one go. */
#define SHARD_BYTES   (1024u * 1024)
#define SHARD_ENTRIES 1024u
#define SHARDS_MAX    1024u

/* One entry takes at most this part of the cache, or a few of them would be all there is. */
#define VALUE_PART 8u

/* Rounds in which no shard could give anything, because the others were locked just then. A lock is held for about a
 * microsecond, so this many in a row say that there is nothing to be had. */
#define ROUNDS_MAX 1000u

static size_t shards_for(uint64_t max_bytes, uint64_t max_entries)
{
    size_t count = 1;

    while (count < SHARDS_MAX && count * 2 <= max_bytes / SHARD_BYTES && count * 2 <= max_entries / SHARD_ENTRIES)
        count *= 2;
    return count;
}

/* Cut from one block, since they begin on cache lines of their own. */
static tripsage_status make_shards(tripsage__cache_memory *engine, size_t count)
{
    tripsage__shared *shared = &engine->shared;
    size_t size = sizeof(tripsage__grace) + count * sizeof *engine->shards + alignof(tripsage__shard);

    shared->policy = tripsage__policy_new(shared->budget.max_bytes, shared->budget.max_entries, count);
    engine->block = tripsage__calloc(1, size);
    if (!engine->block || !shared->policy)
        return TRIPSAGE_NOMEM();
    engine->fixed_bytes = tripsage__budget_block(size) + tripsage__policy_bytes(shared->policy);
    if (tripsage__budget_take(&shared->budget, engine->fixed_bytes, 0) != TRIPSAGE__BUDGET_NOTHING)
        return TRIPSAGE_FAIL_FIELD("#max_bytes", "too small for a cache of any use");
    shared->grace = (void *)(((uintptr_t)engine->block + alignof(tripsage__shard) - 1) &
                             ~(uintptr_t)(alignof(tripsage__shard) - 1));
    tripsage__retired_init(&shared->retired, shared->grace, shared->budget.max_bytes);
    engine->shards = (void *)(shared->grace + 1);
    for (; engine->shard_count < count; engine->shard_count++)
        if (!tripsage__shard_init(&engine->shards[engine->shard_count], shared))
            return TRIPSAGE_NOMEM();
    return TRIPSAGE_OK;
}

tripsage_status tripsage__cache_memory_open(void **out, uint64_t max_bytes, uint64_t max_entries, tripsage__env *env)
{
    tripsage__cache_memory *engine = tripsage__calloc(1, sizeof *engine);
    tripsage_status status;

    *out = NULL;
    if (!engine)
        return TRIPSAGE_NOMEM();
    engine->env = env;
    engine->opened_ms = tripsage__now_ms(env);
    engine->shared.hash_key = engine->hash_key;
    engine->shared.env = env;
    engine->shared.budget.max_bytes = max_bytes;
    engine->shared.budget.max_entries = max_entries;
    engine->cost_max = max_bytes / VALUE_PART < SIZE_MAX ? (size_t)(max_bytes / VALUE_PART) : SIZE_MAX;
    if (pthread_mutex_init(&engine->commands_lock, NULL)) {
        tripsage__free(engine);
        return TRIPSAGE_NOMEM();
    }
    TRIPSAGE_TRY(tripsage__random(env, engine->hash_key, sizeof engine->hash_key));
    TRIPSAGE_TRY(make_shards(engine, shards_for(max_bytes, max_entries)));
    *out = engine;
    return TRIPSAGE_OK;
out:
    tripsage__cache_memory_close(engine);
    return status;
}

void tripsage__cache_memory_close(void *engine)
{
    tripsage__cache_memory *memory = engine;

    if (!memory)
        return;
    for (size_t i = 0; i < memory->shard_count; i++)
        tripsage__shard_close(&memory->shards[i]);
    tripsage__commands_free(memory->commands);
    tripsage__retired_close(&memory->shared.retired);
    tripsage__policy_free(memory->shared.policy);
    tripsage__free(memory->block);
    pthread_mutex_destroy(&memory->commands_lock);
    tripsage__free(memory);
}

uint64_t tripsage__cache_memory_hash(const tripsage__cache_memory *engine, const void *key, size_t key_size)
{
    return tripsage__siphash13(engine->hash_key, key, key_size);
}

tripsage__shard *tripsage__cache_memory_shard(const tripsage__cache_memory *engine, uint64_t hash)
{
    return &engine->shards[hash & (engine->shard_count - 1)];
}

static uint64_t bytes_in(const tripsage__shard *shard)
{
    return atomic_load_explicit(&shard->bytes, memory_order_relaxed);
}

/* Evicts from the first other shard that holds at least `least` bytes and is not locked. */
static int evict_elsewhere(tripsage__cache_memory *engine, const tripsage__shard *own, uint64_t least,
                           tripsage__budget_want want)
{
    size_t turn = atomic_fetch_add_explicit(&engine->turn, 1, memory_order_relaxed);

    for (size_t i = 0; i < engine->shard_count; i++) {
        tripsage__shard *shard = &engine->shards[(turn + i) & (engine->shard_count - 1)];
        int gone;

        if (shard == own || bytes_in(shard) < least || pthread_mutex_trylock(&shard->lock) != 0)
            continue;
        gone = tripsage__shard_evict(shard, NULL, want);
        pthread_mutex_unlock(&shard->lock);
        if (gone)
            return 1;
    }
    return 0;
}

/* Evicts one entry from a shard that holds no less than its share, so that all parts stay about equally full; from any, when
 * those are locked. */
static int evict_one(tripsage__cache_memory *engine, tripsage__shard *own, const tripsage__entry *keep,
                     tripsage__budget_want want)
{
    uint64_t held = atomic_load_explicit(&engine->shared.budget.bytes, memory_order_relaxed) - engine->fixed_bytes;
    uint64_t share = held / engine->shard_count / 4 * 3 +
                     1; /* three quarters: the tables are in `held`, not in the shards' counts */

    if (bytes_in(own) >= share && tripsage__shard_evict(own, keep, want))
        return 1;
    return evict_elsewhere(engine, own, share, want) || tripsage__shard_evict(own, keep, want) ||
           evict_elsewhere(engine, own, 1, want);
}

int tripsage__cache_memory_make_room(tripsage__cache_memory *engine, tripsage__shard *own, const tripsage__entry *keep,
                                     size_t bytes, uint64_t entries)
{
    for (unsigned rounds = 0; rounds < ROUNDS_MAX;) {
        tripsage__budget_want want = tripsage__budget_take(&engine->shared.budget, bytes, entries);

        if (want == TRIPSAGE__BUDGET_NOTHING)
            return 1;
        if (!evict_one(engine, own, keep, want)) {
            rounds++;
            sched_yield();
        }
    }
    return 0;
}

/* Place in the table for an entry more. What is taken for it is the most that may be needed. */
static int make_place(tripsage__cache_memory *engine, tripsage__shard *shard, uint64_t hash)
{
    size_t need = tripsage__buckets_need(&shard->buckets, hash, shard->count), had;
    int made;

    if (!need)
        return 1;
    if (!tripsage__cache_memory_make_room(engine, shard, NULL, need, 0))
        return 0;
    had = shard->buckets.bytes;
    made = tripsage__buckets_prepare(&shard->buckets, hash, shard->count);
    tripsage__budget_give(&engine->shared.budget, need + had - shard->buckets.bytes, 0);
    return made;
}

/* What the policy keeps of entries that went, when it is time for more of it. It does without. */
static void make_ghosts(tripsage__cache_memory *engine, tripsage__shard *shard)
{
    size_t wanted = tripsage__policy_part_wants(&shard->part), had = tripsage__policy_part_bytes(&shard->part);
    size_t has;

    if (!wanted || !tripsage__cache_memory_make_room(engine, shard, NULL, tripsage__budget_block(wanted), 0))
        return;
    (void)tripsage__policy_part_grow(&shard->part);
    has = tripsage__policy_part_bytes(&shard->part);
    tripsage__budget_give(&engine->shared.budget,
                          tripsage__budget_block(wanted) + (had ? tripsage__budget_block(had) : 0) -
                              (has ? tripsage__budget_block(has) : 0),
                          0);
}

int tripsage__cache_memory_charge_tags(tripsage__cache_memory *engine, tripsage__shard *shard,
                                       const tripsage__entry *keep)
{
    tripsage__tags *tags = &shard->tags;

    /* Making room may take tags away, and give back what they took. */
    while (tags->names.bytes > tags->charged) {
        size_t more = tags->names.bytes - tags->charged;

        if (!tripsage__cache_memory_make_room(engine, shard, keep, more, 0))
            return 0;
        tags->charged += more;
        if (tags->charged > tags->names.bytes) {
            tripsage__budget_give(&engine->shared.budget, tags->charged - tags->names.bytes, 0);
            tags->charged = tags->names.bytes;
        }
    }
    return 1;
}

void tripsage__cache_memory_put_in_order(tripsage__cache_memory *engine, tripsage__shard *shard)
{
    size_t each = tripsage__order_cost(), taken = shard->count;
    tripsage__policy_node *node = NULL;

    if (tripsage__order_is_kept(&shard->order) ||
        !tripsage__cache_memory_make_room(engine, shard, NULL, taken * each, 0))
        return;
    tripsage__order_begin(&shard->order);
    while (tripsage__order_is_kept(&shard->order) && (node = tripsage__policy_next(&shard->part, node)) != NULL) {
        taken--;
        tripsage__order_add(&shard->order, tripsage__entry_of(node));
    }
    tripsage__budget_give(&engine->shared.budget, taken * each, 0); /* what was evicted, or not come to */
}

int tripsage__cache_memory_store(tripsage__cache_memory *engine, tripsage__shard *shard, uint64_t hash,
                                 tripsage__entry *old, tripsage__entry *entry)
{
    size_t cost = tripsage__entry_cost_of(entry);
    size_t old_cost = old ? tripsage__entry_cost_of(old) : 0;

    if (old) {
        if (cost > old_cost && !tripsage__cache_memory_make_room(engine, shard, old, cost - old_cost, 0))
            return 0;
        tripsage__shard_replace(shard, hash, old, entry);
        return 1;
    }
    make_ghosts(engine, shard);
    if (tripsage__order_is_kept(&shard->order))
        cost += tripsage__order_cost();
    if (!tripsage__cache_memory_make_room(engine, shard, NULL, cost, 1))
        return 0;
    if (!make_place(engine, shard, hash)) {
        tripsage__budget_give(&engine->shared.budget, cost, 1);
        return 0;
    }
    tripsage__shard_add(shard, hash, entry);
    return 1;
}
