/* keyspace.c: see keyspace.h. */
#include "keyspace.h"

#include "base/memory.h"
#include "dict.h"

/* A cursor: the shard in the low bits, the bucket's cursor above. As many as there may be shards (memory.c). */
#define SHARD_BITS 10u

void tripsage__keyspace_begin(tripsage__keyspace *space, tripsage__cache_memory *memory)
{
    *space = (tripsage__keyspace){.memory = memory, .now_ms = tripsage__now_ms(memory->env)};
}

static uint64_t hash_of(const tripsage__keyspace *space, tripsage__cache_bytes key)
{
    return tripsage__cache_memory_hash(space->memory, key.data, key.size);
}

static tripsage__cache_bytes key_of(const tripsage__entry *entry)
{
    return (tripsage__cache_bytes){tripsage__entry_key(entry), tripsage__entry_key_size(entry)};
}

/* The shard of a key, locked, and the key's live entry or NULL. */
static tripsage__shard *enter(tripsage__keyspace *space, tripsage__cache_bytes key, tripsage__entry **entry)
{
    uint64_t hash = hash_of(space, key);
    tripsage__shard *shard = tripsage__cache_memory_shard(space->memory, hash);

    pthread_mutex_lock(&shard->lock);
    *entry = tripsage__shard_find(shard, hash, key);
    return shard;
}

static void leave(tripsage__shard *shard)
{
    pthread_mutex_unlock(&shard->lock);
}

/* ---- what was held ---- */

static int64_t end_of(const tripsage__object *object)
{
    return object->type->end ? object->type->end(object) : TRIPSAGE__CACHE_FOREVER;
}

/* Under the shard's lock: what the object holds by now is taken from the budget, which it may be itself that has to go for it. */
static void settle(tripsage__keyspace *space, tripsage__shard *shard, tripsage__entry *entry)
{
    tripsage__object *object = tripsage__entry_object(entry);

    if (object->type->count(object) == 0) {
        tripsage__shard_remove(shard, entry);
    } else if (object->bytes <= object->charged ||
               tripsage__cache_memory_make_room(space->memory, shard, entry, object->bytes - object->charged, 0)) {
        tripsage__shard_charge(shard, entry, object->bytes, end_of(object));
    } else {
        shard->evicted_for_bytes++;
        tripsage__shard_remove(shard, entry);
    }
}

void tripsage__keyspace_end(tripsage__keyspace *space)
{
    for (size_t i = 0; i < space->held_count; i++) {
        tripsage__entry *entry = space->held[i], *there;

        if (tripsage__entry_is_object(entry)) {
            tripsage__shard *shard = enter(space, key_of(entry), &there);

            if (there == entry)
                settle(space, shard, entry);
            leave(shard);
        }
        tripsage__entry_drop(entry);
    }
    tripsage__free(space->held);
    space->held = NULL;
    space->held_count = space->held_capacity = 0;
}

/* Room for one more to hold. */
static int reserve(tripsage__keyspace *space)
{
    size_t capacity = space->held_capacity ? space->held_capacity * 2 : 8;
    tripsage__entry **grown;

    if (space->held_count < space->held_capacity)
        return 1;
    grown = tripsage__realloc(space->held, capacity * sizeof *grown);
    if (!grown)
        return 0;
    space->held = grown;
    space->held_capacity = capacity;
    return 1;
}

/* 0 when it is held as often as can be counted, and not by this command. */
static int hold(tripsage__keyspace *space, tripsage__entry *entry)
{
    int64_t expires_ms;
    size_t i = space->held_count;

    if (tripsage__entry_hold(entry, &expires_ms)) {
        space->held[space->held_count++] = entry;
        return 1;
    }
    while (i > 0 && space->held[i - 1] != entry)
        i--;
    return i > 0;
}

/* ---- looking ---- */

/* What is left of an object for this command; something is, or its entry would not have been found. */
static void purge(const tripsage__keyspace *space, tripsage__object *object)
{
    if (object->type->purge)
        object->type->purge(object, space->now_ms);
}

tripsage__entry *tripsage__keyspace_find(tripsage__keyspace *space, tripsage__cache_bytes key, int *failed)
{
    tripsage__entry *entry;
    tripsage__shard *shard;

    *failed = !reserve(space);
    if (*failed)
        return NULL;
    shard = enter(space, key, &entry);
    if (entry) {
        shard->hits++;
        tripsage__policy_hit(space->memory->shared.policy, &entry->node, hash_of(space, key));
        *failed = !hold(space, entry);
    } else {
        shard->misses++;
    }
    leave(shard);
    if (*failed)
        return NULL;
    if (entry && tripsage__entry_is_object(entry))
        purge(space, tripsage__entry_object(entry));
    return entry;
}

int tripsage__keyspace_has(tripsage__keyspace *space, tripsage__cache_bytes key)
{
    return tripsage__keyspace_expiry(space, key) != -1;
}

int64_t tripsage__keyspace_expiry(tripsage__keyspace *space, tripsage__cache_bytes key)
{
    tripsage__entry *entry;
    tripsage__shard *shard = enter(space, key, &entry);
    int64_t expires_ms = entry ? tripsage__entry_expires_ms(entry) : -1;

    leave(shard);
    return expires_ms;
}

int64_t tripsage__keyspace_end_of(tripsage__keyspace *space, const tripsage__entry *entry)
{
    (void)space;
    return entry ? tripsage__entry_expires_ms(entry) : TRIPSAGE__CACHE_FOREVER;
}

const char *tripsage__keyspace_type(const tripsage__entry *entry)
{
    const tripsage__object *object = tripsage__entry_object(entry);

    return object ? object->type->name : "string";
}

/* ---- changing ---- */

/* Takes over `entry`, which may be NULL: there was no memory for it. */
static tripsage_status store(tripsage__keyspace *space, tripsage__cache_bytes key, tripsage__entry *entry)
{
    tripsage_status status = entry ? TRIPSAGE_OK : TRIPSAGE_NOMEM();
    tripsage__entry *old;
    tripsage__shard *shard;

    if (status == TRIPSAGE_OK && tripsage__entry_is_object(entry) && !reserve(space))
        status = TRIPSAGE_NOMEM();
    if (status == TRIPSAGE_OK) {
        shard = enter(space, key, &old);
        if (tripsage__cache_memory_store(space->memory, shard, hash_of(space, key), old, entry)) {
            shard->sets++;
            if (tripsage__entry_is_object(entry))
                (void)hold(space, entry); /* nobody else does */
            entry = NULL;
        } else {
            status = TRIPSAGE_NOMEM();
        }
        leave(shard);
    }
    if (entry)
        tripsage__entry_drop(entry);
    return status;
}

int tripsage__keyspace_fits(const tripsage__keyspace *space, size_t key_size, size_t value_size)
{
    return value_size <= TRIPSAGE_CACHE_VALUE_MAX &&
           tripsage__entry_cost(key_size, value_size) <= space->memory->cost_max;
}

tripsage_status tripsage__keyspace_set(tripsage__keyspace *space, tripsage__cache_bytes key,
                                       tripsage__cache_bytes value, int64_t expires_ms)
{
    tripsage__entry_parts parts = {key.data, key.size, hash_of(space, key), value.data, value.size, expires_ms, NULL};

    if (!tripsage__keyspace_fits(space, key.size, value.size))
        return TRIPSAGE_FAIL(TRIPSAGE_ETOOLARGE, "the value is too large for this cache");
    return store(space, key, tripsage__entry_new(&parts));
}

tripsage_status tripsage__keyspace_put(tripsage__keyspace *space, tripsage__cache_bytes key, tripsage__object *object,
                                       int64_t expires_ms)
{
    tripsage__entry_parts parts = {key.data, key.size, hash_of(space, key), NULL, 0, expires_ms, object};
    tripsage__entry *entry;

    if (tripsage__entry_cost(key.size, sizeof object) + object->bytes > space->memory->cost_max) {
        object->type->free(object);
        return TRIPSAGE_FAIL(TRIPSAGE_ETOOLARGE, "the value is too large for this cache");
    }
    object->charged = object->bytes;
    object->end_ms = end_of(object);
    entry = tripsage__entry_new(&parts);
    if (!entry)
        object->type->free(object);
    return store(space, key, entry);
}

int tripsage__keyspace_remove(tripsage__keyspace *space, tripsage__cache_bytes key)
{
    tripsage__entry *entry;
    tripsage__shard *shard = enter(space, key, &entry);

    if (entry) {
        tripsage__shard_remove(shard, entry);
        shard->deletes++;
    }
    leave(shard);
    return entry != NULL;
}

int tripsage__keyspace_expire(tripsage__keyspace *space, tripsage__cache_bytes key, int64_t expires_ms)
{
    tripsage__entry *entry;
    tripsage__shard *shard;

    if (expires_ms <= space->now_ms)
        return tripsage__keyspace_remove(space, key);
    shard = enter(space, key, &entry);
    if (entry)
        tripsage__shard_set_expiry(shard, entry, expires_ms);
    leave(shard);
    return entry != NULL;
}

/* The entry is held. Memory is found before anything is changed; only when no room can be made, which is what it took before and a longer
 * key, the object is gone. */
static tripsage_status move_object(tripsage__keyspace *space, tripsage__entry *entry, tripsage__cache_bytes to)
{
    tripsage__object *object = tripsage__entry_object(entry);
    tripsage__entry_parts parts = {
        to.data, to.size, hash_of(space, to), NULL, 0, tripsage__keyspace_end_of(space, entry), object};
    tripsage__entry *moved;

    if (tripsage__entry_cost(to.size, sizeof object) + object->bytes > space->memory->cost_max)
        return TRIPSAGE_FAIL(TRIPSAGE_ETOOLARGE, "the value is too large for this cache");
    moved = reserve(space) ? tripsage__entry_new(&parts) : NULL;
    if (!moved)
        return TRIPSAGE_NOMEM();
    (void)tripsage__keyspace_remove(space, key_of(entry));
    (void)tripsage__entry_take_object(
        entry); /* nobody but commands ever holds one with an object, and only this one runs */
    object->charged = object->bytes;
    return store(space, to, moved);
}

tripsage_status tripsage__keyspace_move(int *moved, tripsage__keyspace *space, tripsage__cache_bytes from,
                                        tripsage__cache_bytes to)
{
    int failed;
    tripsage__entry *entry = tripsage__keyspace_find(space, from, &failed);
    tripsage_status status;

    *moved = entry != NULL;
    if (!entry)
        return failed ? TRIPSAGE_NOMEM() : TRIPSAGE_OK;
    if (tripsage__entry_is_object(entry))
        return move_object(space, entry, to);
    status = tripsage__keyspace_set(space, to, (tripsage__cache_bytes){entry->bytes, tripsage__entry_value_size(entry)},
                                    tripsage__keyspace_end_of(space, entry));
    if (status == TRIPSAGE_OK)
        (void)tripsage__keyspace_remove(space, from);
    return status;
}

/* ---- all of them ---- */

uint64_t tripsage__keyspace_count(tripsage__keyspace *space)
{
    uint64_t count = 0;

    for (size_t i = 0; i < space->memory->shard_count; i++) {
        tripsage__shard *shard = &space->memory->shards[i];

        pthread_mutex_lock(&shard->lock);
        tripsage__shard_sweep(shard);
        count += shard->count;
        leave(shard);
    }
    return count;
}

uint64_t tripsage__keyspace_clear(tripsage__keyspace *space)
{
    uint64_t count = 0;

    for (size_t i = 0; i < space->memory->shard_count; i++) {
        tripsage__shard *shard = &space->memory->shards[i];

        pthread_mutex_lock(&shard->lock);
        tripsage__shard_sweep(shard);
        count += tripsage__shard_clear(shard, (tripsage__cache_bytes){"", 0});
        leave(shard);
    }
    return count;
}

uint64_t tripsage__keyspace_scan(tripsage__keyspace *space, uint64_t cursor, size_t count,
                                 tripsage__keyspace_visit visit, void *context)
{
    size_t at = cursor & ((1u << SHARD_BITS) - 1), seen = 0;
    uint64_t bucket = cursor >> SHARD_BITS;

    for (; at < space->memory->shard_count; at++, bucket = 0) {
        tripsage__shard *shard = &space->memory->shards[at];

        pthread_mutex_lock(&shard->lock);
        do {
            seen += tripsage__shard_visit(shard, bucket, visit, context);
            bucket = tripsage__scan_next(bucket, tripsage__buckets_span(&shard->buckets));
        } while (bucket && seen < count);
        leave(shard);
        if (seen >= count)
            return bucket ? bucket << SHARD_BITS | at : at + 1 < space->memory->shard_count ? at + 1 : 0;
    }
    return 0;
}

uint64_t tripsage__keyspace_cursor(const tripsage__keyspace *space, uint64_t chance)
{
    return chance >> SHARD_BITS << SHARD_BITS | chance % space->memory->shard_count;
}
