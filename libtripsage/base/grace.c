/* grace.c: see grace.h. */
#include "grace.h"

uint64_t tripsage__grace_after(tripsage__grace *grace)
{
    /* An addition and no look, so that whoever goes on to the next step has seen what this thread did. */
    return atomic_fetch_add_explicit(&grace->step, 0, memory_order_acq_rel) + 3;
}

/* Whether nobody is in a column who was there when this began. */
static int is_empty(tripsage__grace *grace, unsigned column)
{
    uint64_t inside = 0;

    for (unsigned i = 0; i < TRIPSAGE__GRACE_LANES; i++)
        for (unsigned look = 0; look < TRIPSAGE__GRACE_LOOKS; look++)
            inside -= atomic_load_explicit(&grace->lanes[i].left[column][look], memory_order_acquire);
    for (unsigned i = 0; i < TRIPSAGE__GRACE_LANES; i++)
        inside += atomic_fetch_add_explicit(&grace->lanes[i].entered[column], 0, memory_order_acq_rel);
    return inside == 0;
}

int tripsage__grace_is_over(tripsage__grace *grace, uint64_t step)
{
    uint64_t now = atomic_load_explicit(&grace->step, memory_order_acquire);

    if (now >= step)
        return 1;
    if (atomic_flag_test_and_set_explicit(&grace->stepping, memory_order_acquire))
        return 0; /* another thread is at it */
    now = atomic_load_explicit(&grace->step, memory_order_acquire);
    while (now < step && is_empty(grace, (unsigned)now & 1))
        now = atomic_fetch_add_explicit(&grace->step, 1, memory_order_acq_rel) + 1;
    atomic_flag_clear_explicit(&grace->stepping, memory_order_release);
    return now >= step;
}

uint64_t tripsage__grace_looks(const tripsage__grace *grace, unsigned look)
{
    uint64_t count = 0;

    for (unsigned i = 0; i < TRIPSAGE__GRACE_LANES; i++)
        for (unsigned column = 0; column < 2; column++)
            count += atomic_load_explicit(&grace->lanes[i].left[column][look], memory_order_relaxed);
    return count;
}
