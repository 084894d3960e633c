/* entry.c: see entry.h. */
#include "entry.h"

#include <string.h>

#include "base/memory.h"
#include "budget.h"

static size_t block_size(size_t key_size, size_t value_size)
{
    return sizeof(tripsage__entry) + value_size + 1 + key_size;
}

size_t tripsage__entry_cost(size_t key_size, size_t value_size)
{
    return tripsage__budget_block(block_size(key_size, value_size));
}

tripsage__object *tripsage__entry_object(const tripsage__entry *entry)
{
    tripsage__object *object = NULL;

    if (entry->is_object)
        memcpy(&object, entry->bytes, sizeof object);
    return object;
}

int64_t tripsage__entry_end(const tripsage__entry *entry)
{
    const tripsage__object *object = tripsage__entry_object(entry);

    return object && object->end_ms < entry->expires_ms ? object->end_ms : entry->expires_ms;
}

size_t tripsage__entry_cost_of(const tripsage__entry *entry)
{
    const tripsage__object *object = tripsage__entry_object(entry);

    return tripsage__entry_cost(entry->key_size, entry->value_size) + (object ? object->charged : 0);
}

tripsage__entry *tripsage__entry_new(const tripsage__entry_parts *parts)
{
    const void *value = parts->object ? (const void *)&parts->object : parts->value;
    size_t value_size = parts->object ? sizeof parts->object : parts->value_size;
    tripsage__entry *entry = tripsage__malloc(block_size(parts->key_size, value_size));

    if (!entry)
        return NULL;
    memset(entry, 0, sizeof *entry);
    entry->hash = parts->hash;
    entry->expires_ms = parts->expires_ms;
    atomic_init(&entry->holders, 1);
    entry->key_size = (uint32_t)parts->key_size;
    entry->value_size = (uint32_t)value_size;
    entry->is_object = parts->object != NULL;
    if (value_size)
        memcpy(entry->bytes, value, value_size);
    entry->bytes[value_size] = 0;
    if (parts->key_size)
        memcpy(entry->bytes + value_size + 1, parts->key, parts->key_size);
    return entry;
}

void tripsage__entry_hold(tripsage__entry *entry)
{
    atomic_fetch_add_explicit(&entry->holders, 1, memory_order_relaxed);
}

void tripsage__entry_drop(tripsage__entry *entry)
{
    tripsage__object *object;

    /* Release what this holder read before; the last one acquires it all before the block goes. */
    if (atomic_fetch_sub_explicit(&entry->holders, 1, memory_order_acq_rel) != 1)
        return;
    object = tripsage__entry_object(entry);
    if (object)
        object->type->free(object);
    tripsage__free(entry);
}
