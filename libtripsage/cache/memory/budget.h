/* cache/memory/budget.h: the bounds all shards of a cache share. What is held is taken first and given back after, so neither
 * count is ever above its bound. Lock-free. */
#ifndef TRIPSAGE_CACHE_MEMORY_BUDGET_H
#define TRIPSAGE_CACHE_MEMORY_BUDGET_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

typedef struct tripsage__budget {
    uint64_t max_bytes;
    uint64_t max_entries; /* UINT64_MAX: no bound */
    _Atomic uint64_t bytes;
    _Atomic uint64_t entries;
} tripsage__budget;

/* What there is too little of. */
typedef enum tripsage__budget_want {
    TRIPSAGE__BUDGET_NOTHING,
    TRIPSAGE__BUDGET_BYTES,
    TRIPSAGE__BUDGET_ENTRIES
} tripsage__budget_want;

/* Takes both, or nothing when it wants for one. */
tripsage__budget_want tripsage__budget_take(tripsage__budget *budget, size_t bytes, uint64_t entries);
void tripsage__budget_give(tripsage__budget *budget, size_t bytes, uint64_t entries);

/* What one block of `size` bytes takes of a heap: the C library keeps a word before it and rounds to 16. */
static inline size_t tripsage__budget_block(size_t size)
{
    return (size + 8 + 15) & ~(size_t)15;
}

#endif
