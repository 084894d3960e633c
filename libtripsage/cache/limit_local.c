/* cache/limit_local.c: see limit_local.h. */
#include "limit_local.h"

#include <pthread.h>
#include <stdalign.h>

#include "base/memory.h"
#include "base/siphash.h"

#define PLACES     8u   /* hashes of a bucket: one cache line */
#define SHARDS_MAX 64u  /* some times as many as processors that decide at one moment */
#define SHARD_KEYS 512u /* fewer are not worth a lock of their own */

typedef struct place {
    int64_t ends_us; /* from then on it is free */
    tripsage__limit_levels levels;
} place;

typedef struct bucket {
    uint64_t hashes[PLACES]; /* 0: never used */
    place places[PLACES];
} bucket;

typedef struct shard {
    alignas(64) pthread_mutex_t lock;
    bucket *buckets;
    uint64_t keys, evicted;
    uint64_t admitted, refused, shadowed;
} shard;

struct tripsage__limit_table {
    uint64_t secret[2];
    size_t shard_count, bucket_count; /* powers of two; the second of each shard */
    shard *shards;
    void *shard_block;
    bucket *buckets;
    size_t bytes;
};

/* ---- made and freed ---- */

static size_t power_of_two(size_t at_least)
{
    size_t power = 1;

    while (power < at_least)
        power *= 2;
    return power;
}

static tripsage_status make_shards(tripsage__limit_table *t)
{
    t->shard_block = tripsage__calloc(1, t->shard_count * sizeof(shard) + alignof(shard));
    t->buckets = tripsage__calloc(t->shard_count * t->bucket_count, sizeof(bucket));
    if (!t->shard_block || !t->buckets)
        return TRIPSAGE_NOMEM();
    t->shards = (shard *)(((uintptr_t)t->shard_block + alignof(shard) - 1) & ~(uintptr_t)(alignof(shard) - 1));
    for (size_t i = 0; i < t->shard_count; i++) {
        if (pthread_mutex_init(&t->shards[i].lock, NULL) != 0) {
            t->shard_count = i;
            return TRIPSAGE_NOMEM();
        }
        t->shards[i].buckets = t->buckets + i * t->bucket_count;
    }
    return TRIPSAGE_OK;
}

tripsage_status tripsage__limit_table_new(tripsage__limit_table **out, uint32_t max_keys, tripsage__env *env)
{
    size_t shards = max_keys / SHARD_KEYS < SHARDS_MAX ? max_keys / SHARD_KEYS + 1 : SHARDS_MAX;
    tripsage__limit_table *t = tripsage__calloc(1, sizeof *t);
    tripsage_status status;

    *out = NULL;
    if (!t)
        return TRIPSAGE_NOMEM();
    t->shard_count = power_of_two(shards);
    if (t->shard_count > shards)
        t->shard_count /= 2;
    t->bucket_count = power_of_two((max_keys + t->shard_count * PLACES - 1) / (t->shard_count * PLACES));
    if (t->bucket_count < 2)
        t->bucket_count = 2;
    t->bytes = sizeof *t + t->shard_count * (sizeof(shard) + t->bucket_count * sizeof(bucket));
    TRIPSAGE_TRY(tripsage__random(env, t->secret, sizeof t->secret));
    TRIPSAGE_TRY(make_shards(t));
    *out = t;
    t = NULL;
out:
    tripsage__limit_table_free(t);
    return status;
}

void tripsage__limit_table_free(tripsage__limit_table *t)
{
    if (!t)
        return;
    for (size_t i = 0; t->shards && i < t->shard_count; i++)
        pthread_mutex_destroy(&t->shards[i].lock);
    tripsage__free(t->shard_block);
    tripsage__free(t->buckets);
    tripsage__free(t);
}

/* ---- places ---- */

/* Where a key may stand. */
typedef struct spot {
    uint64_t hash;
    shard *in;
    bucket *choices[2];
} spot;

static spot spot_of(const tripsage__limit_table *t, const tripsage_limit_rule *rule, const void *key, size_t key_size)
{
    uint64_t secret[2] = {t->secret[0] ^ rule->signature, t->secret[1]};
    uint64_t hash = tripsage__siphash13(secret, key, key_size);
    size_t mask = t->bucket_count - 1, first = (size_t)(hash >> 6) & mask;
    size_t second = (size_t)(hash >> 35) & mask;
    shard *in = &t->shards[hash & (t->shard_count - 1)];

    if (second == first)
        second = (first + 1) & mask;
    return (spot){hash ? hash : 1, in, {&in->buckets[first], &in->buckets[second]}};
}

/* NULL: it is not counted. */
static place *find(const spot *s, uint64_t **hash)
{
    for (size_t b = 0; b < 2; b++)
        for (size_t i = 0; i < PLACES; i++)
            if (s->choices[b]->hashes[i] == s->hash) {
                *hash = &s->choices[b]->hashes[i];
                return &s->choices[b]->places[i];
            }
    return NULL;
}

/* A clock may begin anywhere, so a place that was never used has no end to go by. */
static int64_t end_of(const bucket *b, size_t i)
{
    return b->hashes[i] ? b->places[i].ends_us : INT64_MIN;
}

/* Takes a place: a free one of the bucket that has more of them, or that of the key that would be forgotten soonest. */
static place *claim(const spot *s, int64_t now_us)
{
    size_t free_count[2] = {0, 0}, soonest[2] = {0, 0}, b, i;

    for (b = 0; b < 2; b++)
        for (i = 0; i < PLACES; i++) {
            free_count[b] += end_of(s->choices[b], i) <= now_us;
            if (end_of(s->choices[b], i) < end_of(s->choices[b], soonest[b]))
                soonest[b] = i;
        }
    b = free_count[0] || free_count[1] ? free_count[1] > free_count[0]
                                       : end_of(s->choices[1], soonest[1]) < end_of(s->choices[0], soonest[0]);
    i = soonest[b];
    if (!s->choices[b]->hashes[i])
        s->in->keys++;
    else if (end_of(s->choices[b], i) > now_us)
        s->in->evicted++;
    s->choices[b]->hashes[i] = s->hash;
    s->choices[b]->places[i] = (place){now_us, {now_us, {0}}};
    return &s->choices[b]->places[i];
}

/* ---- the calls ---- */

static void count(shard *in, const tripsage_limit_rule *rule, int room)
{
    if (room)
        in->admitted++;
    else if (rule->options.shadow)
        in->shadowed++;
    else
        in->refused++;
}

/* Written is what the script writes, too: what was taken or given back, and that the clock has stepped back. */
static int run(tripsage__limit_levels *out, place *at, const tripsage_limit_rule *rule,
               tripsage__limit_operation operation, uint32_t cost, int64_t now_us)
{
    int changes = now_us < at->levels.at_us, room;

    *out = at->levels;
    tripsage__limit_pass(out, rule, now_us);
    room = tripsage__limit_has_room(out, rule, cost);
    if (operation == TRIPSAGE__LIMIT_TAKE && room) {
        tripsage__limit_fill(out, rule, cost);
        changes = 1;
    } else if (operation == TRIPSAGE__LIMIT_GIVE) {
        tripsage__limit_empty(out, rule, cost);
        changes = 1;
    }
    if (changes) {
        at->levels = *out;
        at->ends_us = tripsage__limit_end(out, rule);
    }
    return room;
}

int tripsage__limit_table_run(tripsage__limit_levels *out, tripsage__limit_table *t, const tripsage_limit_rule *rule,
                              const void *key, size_t key_size, tripsage__limit_operation operation, uint32_t cost,
                              int64_t now_us)
{
    spot s = spot_of(t, rule, key, key_size);
    uint64_t *hash;
    place *at;
    int room = 1;

    pthread_mutex_lock(&s.in->lock);
    at = find(&s, &hash);
    if (!at && operation == TRIPSAGE__LIMIT_TAKE)
        at = claim(&s, now_us);
    if (at)
        room = run(out, at, rule, operation, cost, now_us);
    if (operation == TRIPSAGE__LIMIT_TAKE)
        count(s.in, rule, room);
    pthread_mutex_unlock(&s.in->lock);
    if (!at)
        *out = (tripsage__limit_levels){now_us, {0}};
    return room;
}

void tripsage__limit_table_forget(tripsage__limit_table *t, const tripsage_limit_rule *rule, const void *key,
                                  size_t key_size)
{
    spot s = spot_of(t, rule, key, key_size);
    uint64_t *hash;
    place *at;

    pthread_mutex_lock(&s.in->lock);
    at = find(&s, &hash);
    if (at) {
        *hash = 0;
        *at = (place){0, {0, {0}}};
        s.in->keys--;
    }
    pthread_mutex_unlock(&s.in->lock);
}

void tripsage__limit_table_stats(tripsage_limiter_stats *out, tripsage__limit_table *t)
{
    out->bytes += t->bytes;
    for (size_t i = 0; i < t->shard_count; i++) {
        pthread_mutex_lock(&t->shards[i].lock);
        out->keys += t->shards[i].keys;
        out->evicted += t->shards[i].evicted;
        out->admitted += t->shards[i].admitted;
        out->refused += t->shards[i].refused;
        out->shadowed += t->shards[i].shadowed;
        pthread_mutex_unlock(&t->shards[i].lock);
    }
}
