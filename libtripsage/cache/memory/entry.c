/* entry.c: see entry.h.
 *
 * `life` is the end in milliseconds, 48 bits, and the number of holders, 16 bits, in one word: so whoever holds an entry learns by the same
 * addition when it ends. 48 bits are 4,459 years before and after 1970; what ends later does not end. */
#include "entry.h"

#include <string.h>

#include "base/memory.h"
#include "budget.h"
#include "tags.h"

#define HOLDERS_BITS 16
#define HOLDERS_MASK UINT64_C(0xffff)
/* As many threads may be between counting and looking as there are numbers above. */
#define HOLDERS_MAX UINT64_C(0x8000)

#define END_MAX ((INT64_C(1) << 47) - 1)
#define END_MIN (-(INT64_C(1) << 47))

_Static_assert(sizeof(void *) != 8 || offsetof(tripsage__entry, bytes) == 32, "an entry's header grew");

static uint64_t life_of(int64_t expires_ms, uint64_t holders)
{
    int64_t end = expires_ms > END_MAX ? END_MAX : expires_ms < END_MIN ? END_MIN : expires_ms;

    return (uint64_t)end << HOLDERS_BITS | holders;
}

static int64_t end_in(uint64_t life)
{
    /* The sign is the word's. */
    int64_t end = (int64_t)(life >> HOLDERS_BITS) - (life >> 63 ? INT64_C(1) << (64 - HOLDERS_BITS) : 0);

    return end == END_MAX ? TRIPSAGE__CACHE_FOREVER : end;
}

static size_t block_size(size_t key_size, size_t value_size, size_t tags)
{
    size_t size = offsetof(tripsage__entry, bytes) + value_size + 1 + key_size;

    return tags ? tripsage__tagged_size(size, tags) : size;
}

size_t tripsage__entry_cost(size_t key_size, size_t value_size)
{
    return tripsage__budget_block(block_size(key_size, value_size, 0));
}

tripsage__object *tripsage__entry_object(const tripsage__entry *entry)
{
    tripsage__object *object = NULL;

    if (tripsage__entry_is_object(entry))
        memcpy(&object, entry->bytes, sizeof object);
    return object;
}

tripsage__object *tripsage__entry_take_object(tripsage__entry *entry)
{
    tripsage__object *object = tripsage__entry_object(entry), *none = NULL;

    memcpy(entry->bytes, &none, sizeof none);
    return object;
}

size_t tripsage__entry_cost_of(const tripsage__entry *entry)
{
    const tripsage__object *object = tripsage__entry_object(entry);
    size_t size =
        block_size(tripsage__entry_key_size(entry), tripsage__entry_value_size(entry), tripsage__tag_count(entry));

    return tripsage__budget_block(size) + (object ? object->charged : 0);
}

tripsage__entry *tripsage__entry_new(const tripsage__entry_parts *parts)
{
    return tripsage__entry_new_tagged(parts, 0);
}

tripsage__entry *tripsage__entry_new_tagged(const tripsage__entry_parts *parts, size_t tags)
{
    const void *value = parts->object ? (const void *)&parts->object : parts->value;
    size_t value_size = parts->object ? sizeof parts->object : parts->value_size;
    size_t size = block_size(parts->key_size, value_size, tags);
    tripsage__entry *entry = tripsage__malloc(size < sizeof *entry ? sizeof *entry : size);

    if (!entry)
        return NULL;
    if ((uint64_t)(uintptr_t)entry >> 48) { /* buckets.h */
        tripsage__free(entry);
        return NULL;
    }
    memset(entry, 0, offsetof(tripsage__entry, bytes));
    entry->node.owner_word = (uint32_t)value_size | (parts->object ? TRIPSAGE__ENTRY_OBJECT : 0) |
                             (tags ? TRIPSAGE__ENTRY_TAGGED : 0) | (uint32_t)(parts->key_size >> 8) << 29;
    entry->node.owner_byte = (uint8_t)(parts->key_size & 0xff);
    atomic_init(&entry->life, life_of(parts->expires_ms, 1));
    if (value_size)
        memcpy(entry->bytes, value, value_size);
    entry->bytes[value_size] = 0;
    if (parts->key_size)
        memcpy(entry->bytes + value_size + 1, parts->key, parts->key_size);
    if (tags)
        *tripsage__tagged_of(entry) = (tripsage__tagged){.count = tags};
    return entry;
}

int tripsage__entry_hold(tripsage__entry *entry, int64_t *expires_ms)
{
    uint64_t life = atomic_fetch_add_explicit(&entry->life, 1, memory_order_relaxed);

    *expires_ms = end_in(life);
    if ((life & HOLDERS_MASK) < HOLDERS_MAX)
        return 1;
    atomic_fetch_sub_explicit(&entry->life, 1, memory_order_relaxed);
    return 0;
}

void tripsage__entry_drop(tripsage__entry *entry)
{
    tripsage__object *object;

    /* Release what this holder read before; the last one acquires it all before the block goes. */
    if ((atomic_fetch_sub_explicit(&entry->life, 1, memory_order_acq_rel) & HOLDERS_MASK) != 1)
        return;
    object = tripsage__entry_object(entry);
    if (object)
        object->type->free(object);
    tripsage__free(entry);
}

int64_t tripsage__entry_expires_ms(const tripsage__entry *entry)
{
    return end_in(atomic_load_explicit(&entry->life, memory_order_relaxed));
}

int64_t tripsage__entry_end(const tripsage__entry *entry)
{
    const tripsage__object *object = tripsage__entry_object(entry);
    int64_t expires_ms = tripsage__entry_expires_ms(entry);

    return object && object->end_ms < expires_ms ? object->end_ms : expires_ms;
}

void tripsage__entry_set_expires_ms(tripsage__entry *entry, int64_t expires_ms)
{
    uint64_t life = atomic_load_explicit(&entry->life, memory_order_relaxed);

    while (!atomic_compare_exchange_weak_explicit(&entry->life, &life, life_of(expires_ms, life & HOLDERS_MASK),
                                                  memory_order_relaxed, memory_order_relaxed))
        continue;
}
