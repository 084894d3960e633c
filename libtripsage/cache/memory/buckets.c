/* buckets.c: see buckets.h. */
#include "buckets.h"

#include <string.h>

#include "base/memory.h"
#include "base/siphash.h"
#include "budget.h"

/* Entries a bucket has on average: a quarter of a pointer for each, and on the way to one that is there two others are met, which three bits of
 * the hash mostly tell apart. */
#define ENTRIES_PER_BUCKET 4u

/* Buckets of a segment: the first ones small, for caches that are hardly used; then 1 KiB, so that little is there before it is needed. */
#define FIRST_SEGMENT   16u
#define SEGMENT         128u
#define SMALL_SEGMENTS  4u /* 16, 16, 32, 64: the buckets below SEGMENT */
#define FIRST_DIRECTORY 8u

/* Directories that were outgrown stay until the end, since readers may be in them: together they are smaller than the last. */
typedef struct tripsage__directory {
    struct tripsage__directory *outgrown;
    size_t capacity, count;
    tripsage__link *segments[];
} directory;

/* ---- where a bucket is ---- */

static size_t segment_of(uint32_t bucket)
{
    if (bucket >= SEGMENT)
        return SMALL_SEGMENTS + bucket / SEGMENT - 1;
    return bucket < FIRST_SEGMENT ? 0 : (size_t)(28 - __builtin_clz(bucket));
}

static uint32_t first_of(size_t segment)
{
    if (segment >= SMALL_SEGMENTS)
        return (uint32_t)(segment - SMALL_SEGMENTS + 1) * SEGMENT;
    return segment ? FIRST_SEGMENT << (segment - 1) : 0;
}

static size_t size_of(size_t segment)
{
    return first_of(segment + 1) - first_of(segment);
}

static tripsage__link *link_at(const directory *d, uint32_t bucket)
{
    size_t segment = segment_of(bucket);

    return &d->segments[segment][bucket - first_of(segment)];
}

/* The largest power of two that is not above. */
static uint32_t power_in(uint32_t count)
{
    return UINT32_C(1) << (31 - __builtin_clz(count));
}

/* The bucket of a hash, of whose bits the lowest have chosen the shard. */
static uint32_t bucket_of(uint64_t hash, uint32_t count)
{
    uint32_t bits = (uint32_t)(hash >> 16), power = power_in(count);
    uint32_t bucket = bits & (2 * power - 1);

    return bucket < count ? bucket : bucket & (power - 1);
}

static uint64_t hash_of(const tripsage__entry *entry, const uint64_t hash_key[2])
{
    return tripsage__siphash13(hash_key, tripsage__entry_key(entry), tripsage__entry_key_size(entry));
}

static directory *directory_of(const tripsage__buckets *buckets)
{
    return atomic_load_explicit(&buckets->directory, memory_order_acquire);
}

static uint32_t count_of(const tripsage__buckets *buckets)
{
    return atomic_load_explicit(&buckets->count, memory_order_acquire);
}

static tripsage__link *bucket_for(const tripsage__buckets *buckets, uint64_t hash)
{
    uint32_t bucket = bucket_of(hash, count_of(buckets)); /* the directory after it: it has the bucket then */

    return link_at(directory_of(buckets), bucket);
}

static tripsage__entry *follow(const tripsage__link *link)
{
    return atomic_load_explicit(link, memory_order_acquire);
}

static void point(tripsage__link *link, tripsage__entry *entry)
{
    atomic_store_explicit(link, entry, memory_order_release);
}

/* ---- growing ---- */

static size_t directory_size(size_t capacity)
{
    return sizeof(directory) + capacity * sizeof(tripsage__link *);
}

static size_t segment_size(size_t segment)
{
    return size_of(segment) * sizeof(tripsage__link);
}

size_t tripsage__buckets_cost(const tripsage__buckets *buckets)
{
    size_t cost = 0;

    for (const directory *d = directory_of(buckets); d; d = d->outgrown)
        cost += tripsage__budget_block(directory_size(d->capacity));
    for (size_t i = 0; directory_of(buckets) && i < directory_of(buckets)->count; i++)
        cost += tripsage__budget_block(segment_size(i));
    return cost;
}

size_t tripsage__buckets_growth(const tripsage__buckets *buckets)
{
    const directory *d = directory_of(buckets);
    size_t segment = segment_of(count_of(buckets)), cost;

    if (d && segment < d->count)
        return 0;
    cost = tripsage__budget_block(segment_size(segment));
    if (!d || d->count == d->capacity)
        cost += tripsage__budget_block(directory_size(d ? d->capacity * 2 : FIRST_DIRECTORY));
    return cost;
}

int tripsage__buckets_are_few(const tripsage__buckets *buckets, size_t entries)
{
    uint32_t count = count_of(buckets);

    return count == 0 || (entries >= (size_t)count * ENTRIES_PER_BUCKET && count < UINT32_C(1) << 30);
}

/* A directory with room for one segment more, or NULL. */
static directory *directory_with_room(tripsage__buckets *buckets)
{
    directory *d = directory_of(buckets), *larger;
    size_t capacity = d ? d->capacity * 2 : FIRST_DIRECTORY;

    if (d && d->count < d->capacity)
        return d;
    larger = tripsage__malloc(directory_size(capacity));
    if (!larger)
        return NULL;
    larger->outgrown = d;
    larger->capacity = capacity;
    larger->count = d ? d->count : 0;
    if (d)
        memcpy(larger->segments, d->segments, d->count * sizeof *d->segments);
    return larger;
}

/* Makes the segment of the bucket that comes next. Readers look only below `count`. */
static int add_segment(tripsage__buckets *buckets)
{
    size_t segment = segment_of(count_of(buckets));
    tripsage__link *links = tripsage__malloc(segment_size(segment));
    directory *d = links ? directory_with_room(buckets) : NULL;

    if (!d) {
        tripsage__free(links);
        return 0;
    }
    for (size_t i = 0; i < size_of(segment); i++)
        atomic_init(&links[i], NULL);
    d->segments[d->count++] = links;
    atomic_store_explicit(&buckets->directory, d, memory_order_release);
    return 1;
}

/* Moves what belongs into the new last bucket there. What stays keeps its order. */
static void divide(tripsage__buckets *buckets, uint32_t count, const uint64_t hash_key[2])
{
    uint32_t power = power_in(count);
    tripsage__link *from = link_at(directory_of(buckets), count - power), *to = link_at(directory_of(buckets), count);
    uint32_t version = atomic_load_explicit(&buckets->version, memory_order_relaxed);
    tripsage__entry *entry, *moved = NULL;

    atomic_store_explicit(&buckets->version, version + 1, memory_order_relaxed);
    while ((entry = follow(from)) != NULL) {
        if (((uint32_t)(hash_of(entry, hash_key) >> 16) & (2 * power - 1)) != count) {
            from = &entry->chain;
            continue;
        }
        point(from, follow(&entry->chain));
        point(&entry->chain, moved);
        moved = entry;
    }
    point(to, moved);
    atomic_store_explicit(&buckets->count, count + 1, memory_order_release);
    atomic_store_explicit(&buckets->version, version + 2, memory_order_release);
}

int tripsage__buckets_grow(tripsage__buckets *buckets, const uint64_t hash_key[2])
{
    const directory *d = directory_of(buckets);
    uint32_t count = count_of(buckets);

    if ((!d || segment_of(count) >= d->count) && !add_segment(buckets))
        return 0;
    if (count == 0)
        atomic_store_explicit(&buckets->count, FIRST_SEGMENT, memory_order_release);
    else
        divide(buckets, count, hash_key);
    return 1;
}

void tripsage__buckets_free(tripsage__buckets *buckets)
{
    directory *d = directory_of(buckets);

    for (size_t i = 0; d && i < d->count; i++)
        tripsage__free(d->segments[i]);
    while (d) {
        directory *outgrown = d->outgrown;

        tripsage__free(d);
        d = outgrown;
    }
}

/* ---- looking ---- */

/* The link that leads to the key's entry, or to the end of its chain. */
static const tripsage__link *search(const tripsage__link *link, uint64_t hash, tripsage__cache_bytes key,
                                    tripsage__entry **found)
{
    tripsage__entry *entry;

    for (entry = follow(link); entry; link = &entry->chain, entry = follow(link))
        if (tripsage__entry_may_be(entry, hash) && tripsage__entry_key_size(entry) == key.size &&
            memcmp(tripsage__entry_key(entry), key.data, key.size) == 0)
            break;
    *found = entry;
    return link;
}

tripsage__entry *tripsage__buckets_find(const tripsage__buckets *buckets, uint64_t hash, tripsage__cache_bytes key)
{
    tripsage__entry *found = NULL;

    if (count_of(buckets))
        search(bucket_for(buckets, hash), hash, key, &found);
    return found;
}

tripsage__entry *tripsage__buckets_look(const tripsage__buckets *buckets, uint64_t hash, tripsage__cache_bytes key,
                                        int *again)
{
    /* Each step below acquires. So who has read a link that a division wrote sees that the version became odd before. */
    uint32_t version = atomic_load_explicit(&buckets->version, memory_order_acquire);
    tripsage__entry *found = tripsage__buckets_find(buckets, hash, key);

    *again = !found && (version % 2 || atomic_load_explicit(&buckets->version, memory_order_relaxed) != version);
    return found;
}

/* ---- changing ---- */

static tripsage__link *link_to(const tripsage__buckets *buckets, uint64_t hash, const tripsage__entry *entry)
{
    tripsage__link *link = bucket_for(buckets, hash);

    for (tripsage__entry *at = follow(link); at != entry; at = follow(link))
        link = &at->chain;
    return link;
}

void tripsage__buckets_add(tripsage__buckets *buckets, uint64_t hash, tripsage__entry *entry)
{
    tripsage__link *link = bucket_for(buckets, hash);

    point(&entry->chain, follow(link));
    point(link, entry);
}

void tripsage__buckets_replace(tripsage__buckets *buckets, uint64_t hash, const tripsage__entry *old,
                               tripsage__entry *entry)
{
    point(&entry->chain, follow(&old->chain));
    point(link_to(buckets, hash, old), entry);
}

void tripsage__buckets_remove(tripsage__buckets *buckets, uint64_t hash, const tripsage__entry *entry)
{
    point(link_to(buckets, hash, entry), follow(&entry->chain));
}

/* ---- scans ---- */

size_t tripsage__buckets_span(const tripsage__buckets *buckets)
{
    uint32_t count = count_of(buckets);

    if (count == 0)
        return 0;
    return power_in(count) == count ? count : (size_t)power_in(count) * 2;
}

tripsage__entry *tripsage__buckets_next(const tripsage__buckets *buckets, uint64_t bucket, const tripsage__entry *entry,
                                        const uint64_t hash_key[2])
{
    uint64_t mask = tripsage__buckets_span(buckets) - 1;
    tripsage__entry *next;

    bucket &= mask;
    next = follow(entry ? &entry->chain : bucket_for(buckets, bucket << 16));
    while (next && (hash_of(next, hash_key) >> 16 & mask) != bucket)
        next = follow(&next->chain);
    return next;
}
