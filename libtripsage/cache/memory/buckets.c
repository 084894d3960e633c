/* buckets.c: see buckets.h. */
#include "buckets.h"

#include <string.h>

#include "base/memory.h"
#include "base/siphash.h"
#include "budget.h"

/* Entries a bucket has on average: its own word and what the heap takes for its array are shared by so many, and a look at 16 slots is
 * one at two or three cache lines in a row. */
#define ENTRIES_PER_BUCKET 16u

/* Buckets of a segment: few at first, for caches that are hardly used. */
#define FIRST_SEGMENT   2u
#define SEGMENT         64u
#define SMALL_SEGMENTS  6u /* 2, 2, 4, 8, 16, 32: the buckets below SEGMENT */
#define FIRST_DIRECTORY 8u

/* An array has an odd number of slots, with which it fills what the heap gives for it, and is made smaller when so many of them are
 * empty. */
#define CAPACITY_MIN 3u
#define EMPTY_MAX    4u

typedef _Atomic uint64_t slot;

/* A bucket's word: the address of its array and how many slots it has. */
typedef _Atomic uint64_t bucket;

#define ADDRESS_BITS 48
#define ADDRESS_MASK ((UINT64_C(1) << ADDRESS_BITS) - 1)
/* No entry has this tag: in the first slot of an array that was replaced it stands with the address of another one, for retired.c. */
#define TAG_OF_NONE UINT64_C(0xffff)

/* Directories that were outgrown stay until the end, since readers may be in them: together they are smaller than the last. */
typedef struct tripsage__directory {
    struct tripsage__directory *outgrown;
    size_t capacity, count;
    bucket *segments[];
} directory;

void tripsage__buckets_init(tripsage__buckets *buckets, const uint64_t *hash_key, tripsage__retired *retired)
{
    buckets->hash_key = hash_key;
    buckets->retired = retired;
}

/* ---- slots ---- */

static uint64_t tag_of(uint64_t hash)
{
    uint64_t tag = hash >> ADDRESS_BITS;

    return tag == TAG_OF_NONE ? tag - 1 : tag;
}

static uint64_t word_of(const void *address, uint64_t beside)
{
    return (uint64_t)(uintptr_t)address | beside << ADDRESS_BITS;
}

static void *address_in(uint64_t word)
{
    return (void *)(uintptr_t)(word & ADDRESS_MASK);
}

static uint64_t read_word(const slot *at)
{
    return atomic_load_explicit(at, memory_order_acquire);
}

static void write_word(slot *at, uint64_t word)
{
    atomic_store_explicit(at, word, memory_order_release);
}

static uint64_t hash_of(const tripsage__buckets *buckets, const tripsage__entry *entry)
{
    return tripsage__siphash13(buckets->hash_key, tripsage__entry_key(entry), tripsage__entry_key_size(entry));
}

/* ---- where a bucket is ---- */

static size_t segment_of(uint32_t number)
{
    if (number >= SEGMENT)
        return SMALL_SEGMENTS + number / SEGMENT - 1;
    return number < FIRST_SEGMENT ? 0 : (size_t)(31 - __builtin_clz(number));
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

static bucket *bucket_at(const directory *d, uint32_t number)
{
    size_t segment = segment_of(number);

    return &d->segments[segment][number - first_of(segment)];
}

/* The largest power of two that is not above. */
static uint32_t power_in(uint32_t count)
{
    return UINT32_C(1) << (31 - __builtin_clz(count));
}

/* The bucket of a hash, of whose bits the lowest have chosen the shard. */
static uint32_t number_of(uint64_t hash, uint32_t count)
{
    uint32_t bits = (uint32_t)(hash >> 16), power = power_in(count);
    uint32_t number = bits & (2 * power - 1);

    return number < count ? number : number & (power - 1);
}

static directory *directory_of(const tripsage__buckets *buckets)
{
    return atomic_load_explicit(&buckets->directory, memory_order_acquire);
}

static uint32_t count_of(const tripsage__buckets *buckets)
{
    return atomic_load_explicit(&buckets->count, memory_order_acquire);
}

static bucket *bucket_for(const tripsage__buckets *buckets, uint64_t hash)
{
    uint32_t number = number_of(hash, count_of(buckets)); /* the directory after it: it has the bucket then */

    return bucket_at(directory_of(buckets), number);
}

/* ---- arrays ---- */

typedef struct array {
    slot *slots;
    size_t capacity;
} array;

static array array_in(const bucket *at)
{
    uint64_t word = read_word(at);

    return (array){address_in(word), (size_t)(word >> ADDRESS_BITS)};
}

static size_t array_bytes(size_t capacity)
{
    return capacity ? tripsage__budget_block(capacity * sizeof(slot)) : 0;
}

static size_t capacity_for(size_t entries)
{
    return entries < CAPACITY_MIN ? CAPACITY_MIN : entries | 1;
}

/* Of LeakSanitizer, where the program has it, which knows no address that shares its word: a cache that is open when a program ends is no leak. */
void __lsan_ignore_object(const void *object) __attribute__((weak));

static int new_array(array *out, size_t entries)
{
    out->capacity = capacity_for(entries);
    out->slots = out->capacity < TAG_OF_NONE ? tripsage__malloc(out->capacity * sizeof(slot)) : NULL;
    if (!out->slots || (uintptr_t)out->slots & ~ADDRESS_MASK) {
        tripsage__free(out->slots);
        return 0;
    }
    if (__lsan_ignore_object)
        __lsan_ignore_object(out->slots);
    for (size_t i = 0; i < out->capacity; i++)
        atomic_init(&out->slots[i], 0);
    return 1;
}

static size_t used_in(array a)
{
    size_t used = 0;

    for (size_t i = 0; i < a.capacity; i++)
        used += read_word(&a.slots[i]) != 0;
    return used;
}

/* Where in an array a tag is looked for first; from there on, and around, it is put into the first empty slot. So most looks end with
 * the first or second slot, and only those for what is not there see all of them. */
static size_t first_for(array a, uint64_t tag)
{
    return (size_t)(tag * a.capacity >> 16);
}

static size_t after(array a, size_t i)
{
    return i + 1 < a.capacity ? i + 1 : 0;
}

static slot *empty_in(array a, uint64_t tag)
{
    size_t i = first_for(a, tag);

    for (size_t seen = 0; seen < a.capacity; seen++, i = after(a, i))
        if (read_word(&a.slots[i]) == 0)
            return &a.slots[i];
    return NULL;
}

/* Into an array that nobody reads yet. */
static void put_word(array a, uint64_t word)
{
    atomic_init(empty_in(a, word >> ADDRESS_BITS), word);
}

/* While arrays are replaced. */
static void begin_change(tripsage__buckets *buckets)
{
    uint32_t version = atomic_load_explicit(&buckets->version, memory_order_relaxed);

    atomic_store_explicit(&buckets->version, version + 1, memory_order_relaxed);
}

static void end_change(tripsage__buckets *buckets)
{
    uint32_t version = atomic_load_explicit(&buckets->version, memory_order_relaxed);

    atomic_store_explicit(&buckets->version, version + 1, memory_order_release);
}

static void put_array(tripsage__buckets *buckets, bucket *at, array a)
{
    write_word(at, word_of(a.slots, a.capacity));
    buckets->bytes += array_bytes(a.capacity);
}

static void retire_array(tripsage__buckets *buckets, array old)
{
    if (!old.capacity)
        return;
    buckets->bytes -= array_bytes(old.capacity);
    tripsage__retire_array(buckets->retired, old.slots, array_bytes(old.capacity));
}

/* Moves a bucket's entries into an array for so many. 0: no memory. */
static int resize(tripsage__buckets *buckets, bucket *at, size_t entries)
{
    array old = array_in(at), now;

    if (!new_array(&now, entries))
        return 0;
    for (size_t i = 0; i < old.capacity; i++) {
        uint64_t word = read_word(&old.slots[i]);

        if (word)
            put_word(now, word);
    }
    begin_change(buckets);
    put_array(buckets, at, now);
    retire_array(buckets, old);
    end_change(buckets);
    return 1;
}

/* ---- growing ---- */

static size_t directory_bytes(size_t capacity)
{
    return tripsage__budget_block(sizeof(directory) + capacity * sizeof(bucket *));
}

static size_t segment_bytes(size_t segment)
{
    return tripsage__budget_block(size_of(segment) * sizeof(bucket));
}

static int is_small(const tripsage__buckets *buckets, size_t entries)
{
    uint32_t count = count_of(buckets);

    return count == 0 || (entries >= (size_t)count * ENTRIES_PER_BUCKET && count < UINT32_C(1) << 30);
}

static size_t need_of_segment(const tripsage__buckets *buckets)
{
    const directory *d = directory_of(buckets);
    size_t segment = segment_of(count_of(buckets)), need;

    if (d && segment < d->count)
        return 0;
    need = segment_bytes(segment);
    if (!d || d->count == d->capacity)
        need += directory_bytes(d ? d->capacity * 2 : FIRST_DIRECTORY);
    return need;
}

size_t tripsage__buckets_need(const tripsage__buckets *buckets, uint64_t hash, size_t entries)
{
    uint32_t count = count_of(buckets);
    array own = count ? array_in(bucket_for(buckets, hash)) : (array){NULL, 0}, divided;
    size_t need = empty_in(own, 0) ? 0 : array_bytes(capacity_for(own.capacity + 1));

    if (!is_small(buckets, entries))
        return need;
    need += need_of_segment(buckets);
    if (count == 0)
        return need;
    /* A division may take the place that is empty now; and makes two of one. */
    divided = array_in(bucket_at(directory_of(buckets), count - power_in(count)));
    return need + 2 * array_bytes(capacity_for(divided.capacity + 2));
}

/* A directory with room for one segment more, or NULL. */
static directory *directory_with_room(tripsage__buckets *buckets)
{
    directory *d = directory_of(buckets), *larger;
    size_t capacity = d ? d->capacity * 2 : FIRST_DIRECTORY;

    if (d && d->count < d->capacity)
        return d;
    larger = tripsage__malloc(sizeof(directory) + capacity * sizeof(bucket *));
    if (!larger)
        return NULL;
    buckets->bytes += directory_bytes(capacity);
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
    bucket *words = tripsage__malloc(size_of(segment) * sizeof *words);
    directory *d = words ? directory_with_room(buckets) : NULL;

    if (!d) {
        tripsage__free(words);
        return 0;
    }
    buckets->bytes += segment_bytes(segment);
    for (size_t i = 0; i < size_of(segment); i++)
        atomic_init(&words[i], 0);
    d->segments[d->count++] = words;
    atomic_store_explicit(&buckets->directory, d, memory_order_release);
    return 1;
}

/* Whether an entry of the bucket that is divided belongs into the new one. */
static int moves(const tripsage__buckets *buckets, uint64_t word, uint32_t count)
{
    uint64_t hash = hash_of(buckets, address_in(word));

    return ((uint32_t)(hash >> 16) & (2 * power_in(count) - 1)) == count;
}

/* Divides one bucket into itself and the new last one. */
static int divide(tripsage__buckets *buckets)
{
    uint32_t count = count_of(buckets);
    bucket *from = bucket_at(directory_of(buckets), count - power_in(count)),
           *to = bucket_at(directory_of(buckets), count);
    array old = array_in(from), stay, gone;
    size_t moving = 0, staying = 0;

    for (size_t i = 0; i < old.capacity; i++) {
        uint64_t word = read_word(&old.slots[i]);

        if (word)
            *(moves(buckets, word, count) ? &moving : &staying) += 1;
    }
    if (!new_array(&stay, staying + 1))
        return 0;
    if (!new_array(&gone, moving + 1)) {
        tripsage__free(stay.slots);
        return 0;
    }
    for (size_t i = 0; i < old.capacity; i++) {
        uint64_t word = read_word(&old.slots[i]);

        if (word)
            put_word(moves(buckets, word, count) ? gone : stay, word);
    }
    begin_change(buckets);
    put_array(buckets, from, stay);
    put_array(buckets, to, gone);
    atomic_store_explicit(&buckets->count, count + 1, memory_order_release);
    retire_array(buckets, old);
    end_change(buckets);
    return 1;
}

/* One bucket more; the first time as many as a segment has. */
static int grow(tripsage__buckets *buckets)
{
    const directory *d = directory_of(buckets);
    uint32_t count = count_of(buckets);

    if ((!d || segment_of(count) >= d->count) && !add_segment(buckets))
        return 0;
    if (count)
        return divide(buckets);
    atomic_store_explicit(&buckets->count, FIRST_SEGMENT, memory_order_release);
    return 1;
}

int tripsage__buckets_prepare(tripsage__buckets *buckets, uint64_t hash, size_t entries)
{
    bucket *own;
    array a;

    /* Only the first are indispensable. */
    if (is_small(buckets, entries) && !grow(buckets) && count_of(buckets) == 0)
        return 0;
    own = bucket_for(buckets, hash);
    a = array_in(own);
    return empty_in(a, 0) || resize(buckets, own, a.capacity + 1);
}

void tripsage__buckets_free(tripsage__buckets *buckets)
{
    directory *d = directory_of(buckets);

    for (uint32_t i = 0; i < count_of(buckets); i++)
        tripsage__free(array_in(bucket_at(d, i)).slots);
    for (size_t i = 0; d && i < d->count; i++)
        tripsage__free(d->segments[i]);
    while (d) {
        directory *outgrown = d->outgrown;

        tripsage__free(d);
        d = outgrown;
    }
}

/* ---- looking ---- */

static int has_key(const tripsage__entry *entry, tripsage__cache_bytes key)
{
    return tripsage__entry_key_size(entry) == key.size && memcmp(tripsage__entry_key(entry), key.data, key.size) == 0;
}

tripsage__entry *tripsage__buckets_find(const tripsage__buckets *buckets, uint64_t hash, tripsage__cache_bytes key)
{
    uint64_t tag = tag_of(hash);
    size_t i;
    array a;

    if (count_of(buckets) == 0)
        return NULL;
    a = array_in(bucket_for(buckets, hash));
    i = first_for(a, tag);
    for (size_t seen = 0; seen < a.capacity; seen++, i = after(a, i)) {
        uint64_t word = read_word(&a.slots[i]);

        if (word >> ADDRESS_BITS == tag && word && has_key(address_in(word), key))
            return address_in(word);
    }
    return NULL;
}

tripsage__entry *tripsage__buckets_look(const tripsage__buckets *buckets, uint64_t hash, tripsage__cache_bytes key,
                                        int *again)
{
    /* Each step below acquires. So who has read a word that a change wrote sees that the version became odd before. */
    uint32_t version = atomic_load_explicit(&buckets->version, memory_order_acquire);
    tripsage__entry *found = tripsage__buckets_find(buckets, hash, key);

    *again = !found && (version % 2 || atomic_load_explicit(&buckets->version, memory_order_relaxed) != version);
    return found;
}

/* ---- changing ---- */

static slot *slot_of(array a, const tripsage__entry *entry)
{
    for (size_t i = 0; i < a.capacity; i++)
        if (address_in(read_word(&a.slots[i])) == entry)
            return &a.slots[i];
    return NULL;
}

void tripsage__buckets_add(tripsage__buckets *buckets, uint64_t hash, tripsage__entry *entry)
{
    uint64_t tag = tag_of(hash);

    write_word(empty_in(array_in(bucket_for(buckets, hash)), tag), word_of(entry, tag));
}

void tripsage__buckets_replace(tripsage__buckets *buckets, uint64_t hash, const tripsage__entry *old,
                               tripsage__entry *entry)
{
    write_word(slot_of(array_in(bucket_for(buckets, hash)), old), word_of(entry, tag_of(hash)));
}

void tripsage__buckets_remove(tripsage__buckets *buckets, uint64_t hash, const tripsage__entry *entry)
{
    bucket *at = bucket_for(buckets, hash);
    array a = array_in(at);
    size_t used;

    write_word(slot_of(a, entry), 0);
    used = used_in(a);
    if (a.capacity > CAPACITY_MIN && used + EMPTY_MAX <= a.capacity)
        (void)resize(buckets, at, used); /* for the bytes; it may stay as it is */
}

/* ---- scans ---- */

size_t tripsage__buckets_span(const tripsage__buckets *buckets)
{
    uint32_t count = count_of(buckets);

    if (count == 0)
        return 0;
    return power_in(count) == count ? count : (size_t)power_in(count) * 2;
}

tripsage__entry *tripsage__buckets_next(const tripsage__buckets *buckets, uint64_t number, size_t *place)
{
    uint64_t mask = tripsage__buckets_span(buckets) - 1;
    array a = array_in(bucket_for(buckets, (number & mask) << 16));

    while (*place < a.capacity) {
        uint64_t word = read_word(&a.slots[(*place)++]);

        if (word && (hash_of(buckets, address_in(word)) >> 16 & mask) == (number & mask))
            return address_in(word);
    }
    return NULL;
}
