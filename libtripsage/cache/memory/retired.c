/* retired.c: see retired.h. */
#include "retired.h"

#include <sched.h>

#include "base/memory.h"

/* To find out that nobody looks takes some hundred nanoseconds, so it is done for many: this number, or a sixty-fourth of the cache's bytes
 * between these two. */
#define FEW           64u
#define FEW_BYTES_MIN 4096u
#define FEW_BYTES_MAX (64u * 1024)

/* When there are more bytes than this by the number of what is few, whoever retires waits for the readers: they are at it for less than
 * a microsecond, unless a thread was taken off its processor. */
#define MANY       16u
#define ROUNDS_MAX 1000u

void tripsage__retired_init(tripsage__retired *retired, tripsage__grace *grace, uint64_t max_bytes)
{
    uint64_t part = max_bytes / 64;

    retired->grace = grace;
    retired->few_bytes = part < FEW_BYTES_MIN ? FEW_BYTES_MIN : part > FEW_BYTES_MAX ? FEW_BYTES_MAX : (size_t)part;
    atomic_flag_clear(&retired->collecting);
}

static void drop_all(tripsage__entry *entry)
{
    while (entry) {
        tripsage__entry *next = tripsage__entry_of(entry->node.newer);

        tripsage__entry_drop(entry);
        entry = next;
    }
}

/* What stands in a slot beside the address of another array. */
#define NO_ENTRY     (UINT64_C(0xffff) << 48)
#define ADDRESS_MASK (~NO_ENTRY)

static void free_arrays(uint64_t first)
{
    while (first) {
        _Atomic uint64_t *slots = (_Atomic uint64_t *)(uintptr_t)first;

        first = atomic_load_explicit(slots, memory_order_relaxed) & ADDRESS_MASK;
        tripsage__free((void *)(uintptr_t)slots);
    }
}

void tripsage__retired_close(tripsage__retired *retired)
{
    drop_all(retired->waiting);
    drop_all(atomic_load(&retired->lately));
    free_arrays(retired->waiting_arrays);
    free_arrays(atomic_load(&retired->lately_arrays));
}

static void drop_waiting(tripsage__retired *retired)
{
    drop_all(retired->waiting);
    free_arrays(retired->waiting_arrays);
    retired->waiting = NULL;
    retired->waiting_arrays = 0;
    retired->waiting_bytes = 0;
}

static int is_waiting(const tripsage__retired *retired)
{
    return retired->waiting || retired->waiting_arrays;
}

/* Drops what nobody sees by now, and begins to wait for what has left since. */
static void collect(tripsage__retired *retired)
{
    if (atomic_flag_test_and_set_explicit(&retired->collecting, memory_order_acquire))
        return; /* another thread is at it */
    if (is_waiting(retired) && tripsage__grace_is_over(retired->grace, retired->step))
        drop_waiting(retired);
    if (!is_waiting(retired)) {
        retired->waiting = atomic_exchange_explicit(&retired->lately, NULL, memory_order_acquire);
        retired->waiting_arrays = atomic_exchange_explicit(&retired->lately_arrays, 0, memory_order_acquire);
        retired->waiting_bytes = atomic_exchange_explicit(&retired->bytes, 0, memory_order_relaxed);
        atomic_store_explicit(&retired->count, 0, memory_order_relaxed);
        retired->step = tripsage__grace_after(retired->grace);
        if (tripsage__grace_is_over(retired->grace, retired->step))
            drop_waiting(retired);
    }
    atomic_flag_clear_explicit(&retired->collecting, memory_order_release);
}

/* Counts what was retired, and collects when it is worth it. */
static void count(tripsage__retired *retired, size_t cost)
{
    size_t bytes = atomic_fetch_add_explicit(&retired->bytes, cost, memory_order_relaxed) + cost;
    size_t number = atomic_fetch_add_explicit(&retired->count, 1, memory_order_relaxed) + 1;

    if (number < FEW && bytes < retired->few_bytes)
        return;
    collect(retired);
    for (unsigned i = 0;
         i < ROUNDS_MAX && atomic_load_explicit(&retired->bytes, memory_order_relaxed) > MANY * retired->few_bytes;
         i++) {
        sched_yield();
        collect(retired);
    }
}

void tripsage__retire(tripsage__retired *retired, tripsage__entry *entry, size_t cost)
{
    tripsage__entry *first = atomic_load_explicit(&retired->lately, memory_order_relaxed);

    do {
        entry->node.newer = first ? &first->node : NULL;
    } while (!atomic_compare_exchange_weak_explicit(&retired->lately, &first, entry, memory_order_release,
                                                    memory_order_relaxed));
    count(retired, cost);
}

void tripsage__retire_array(tripsage__retired *retired, _Atomic uint64_t *slots, size_t cost)
{
    uint64_t first = atomic_load_explicit(&retired->lately_arrays, memory_order_relaxed);

    do {
        atomic_store_explicit(slots, first | NO_ENTRY, memory_order_release);
    } while (!atomic_compare_exchange_weak_explicit(&retired->lately_arrays, &first, (uint64_t)(uintptr_t)slots,
                                                    memory_order_release, memory_order_relaxed));
    count(retired, cost);
}
