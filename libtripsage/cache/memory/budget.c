/* budget.c: see budget.h. */
#include "budget.h"

static int take_one(_Atomic uint64_t *held, uint64_t amount, uint64_t bound)
{
    uint64_t now = atomic_load_explicit(held, memory_order_relaxed);

    do {
        if (amount > bound || now > bound - amount)
            return 0;
    } while (
        !atomic_compare_exchange_weak_explicit(held, &now, now + amount, memory_order_relaxed, memory_order_relaxed));
    return 1;
}

tripsage__budget_want tripsage__budget_take(tripsage__budget *budget, size_t bytes, uint64_t entries)
{
    if (!take_one(&budget->bytes, bytes, budget->max_bytes))
        return TRIPSAGE__BUDGET_BYTES;
    if (take_one(&budget->entries, entries, budget->max_entries))
        return TRIPSAGE__BUDGET_NOTHING;
    atomic_fetch_sub_explicit(&budget->bytes, bytes, memory_order_relaxed);
    return TRIPSAGE__BUDGET_ENTRIES;
}

void tripsage__budget_give(tripsage__budget *budget, size_t bytes, uint64_t entries)
{
    atomic_fetch_sub_explicit(&budget->bytes, bytes, memory_order_relaxed);
    atomic_fetch_sub_explicit(&budget->entries, entries, memory_order_relaxed);
}
