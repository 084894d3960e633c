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

tripsage__entry *tripsage__entry_new(const tripsage__entry_parts *parts)
{
    tripsage__entry *entry = tripsage__malloc(block_size(parts->key_size, parts->value_size));

    if (!entry)
        return NULL;
    memset(entry, 0, sizeof *entry);
    entry->hash = parts->hash;
    entry->expires_ms = parts->expires_ms;
    atomic_init(&entry->holders, 1);
    entry->key_size = (uint32_t)parts->key_size;
    entry->value_size = (uint32_t)parts->value_size;
    if (parts->value_size)
        memcpy(entry->bytes, parts->value, parts->value_size);
    entry->bytes[parts->value_size] = 0;
    memcpy(entry->bytes + parts->value_size + 1, parts->key, parts->key_size);
    return entry;
}

void tripsage__entry_hold(tripsage__entry *entry)
{
    atomic_fetch_add_explicit(&entry->holders, 1, memory_order_relaxed);
}

void tripsage__entry_drop(tripsage__entry *entry)
{
    /* Release what this holder read before; the last one acquires it all before the block goes. */
    if (atomic_fetch_sub_explicit(&entry->holders, 1, memory_order_acq_rel) == 1)
        tripsage__free(entry);
}
