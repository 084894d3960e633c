/* base/grace.h: when what readers without a lock may be looking at can be freed.
 *
 * A reader announces himself in one of two columns and leaves it again: two additions in a cache line that few others use, since
 * threads are spread over lanes. Whoever has taken something out of everybody's sight asks for the step at which nobody looks at it any
 * more, and frees it once that step is over; nobody waits. The idea is SRCU's (McKenney, "Sleepable RCU", 2006): no thread has to be
 * known, and readers that come all the time hold nothing up, since step k waits for column k mod 2 while new readers go to the other.
 *
 * Invariant: what was taken out before tripsage__grace_after() is seen by no reader once that step is over. For step k reads the counts
 * of those who left its column, then adds 0 to the counts of those who entered it, and is over when both have the same sum. Each
 * leaving that was counted has its entering counted, so with equal sums every lane's are equal: whoever entered before the addition has
 * left before it. Whoever enters after it has read what the addition wrote, directly or by what came between, and so sees everything
 * that was done before the step began. A reader is in one of the columns; so two steps that begin after the taking out are enough, and
 * the one under way may have begun before: three.
 *
 * Who leaves and who enters says so by read-modify-writes of atomics, which order each other whatever the machine; there are no fences. */
#ifndef TRIPSAGE_BASE_GRACE_H
#define TRIPSAGE_BASE_GRACE_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>

/* More than the threads that are likely to run at once on one machine's share of processors; 1 KiB. */
#define TRIPSAGE__GRACE_LANES 16u

/* What a reader says of his look when he leaves is a number of the caller's below this. They are counted, so that no other line has to be written. */
#define TRIPSAGE__GRACE_LOOKS 3u

typedef struct tripsage__grace_lane {
    alignas(64) _Atomic uint64_t entered[2];
    _Atomic uint64_t left[2][TRIPSAGE__GRACE_LOOKS];
} tripsage__grace_lane;

typedef struct tripsage__grace {
    tripsage__grace_lane lanes[TRIPSAGE__GRACE_LANES];
    alignas(64) _Atomic uint64_t step; /* the one that is under way */
    atomic_flag stepping;
} tripsage__grace;

typedef struct tripsage__grace_reader {
    tripsage__grace_lane *lane;
    unsigned column;
} tripsage__grace_reader;

/* Which lane a thread uses: by where its stack is. Two calls of one thread may come to two lanes, which makes no difference: who enters
 * keeps his for leaving. */
static inline tripsage__grace_lane *tripsage__grace_lane_of(tripsage__grace *grace)
{
    uint64_t place =
        (uint64_t)(uintptr_t)__builtin_frame_address(0) >> 16; /* no stack is smaller than 64 KiB by much */

    /* Fibonacci hashing (Knuth, vol. 3, 6.4): addresses at equal distances, as stacks have, come out far apart. */
    return &grace->lanes[place * UINT64_C(0x9e3779b97f4a7c15) >> 60];
}

/* What is found in shared memory from here on stays until the reader leaves. He takes no lock meanwhile and waits for nothing. */
static inline tripsage__grace_reader tripsage__grace_enter(tripsage__grace *grace)
{
    tripsage__grace_reader reader = {tripsage__grace_lane_of(grace), 0};

    reader.column = (unsigned)(atomic_load_explicit(&grace->step, memory_order_relaxed) + 1) & 1;
    atomic_fetch_add_explicit(&reader.lane->entered[reader.column], 1, memory_order_acq_rel);
    return reader;
}

static inline void tripsage__grace_leave(tripsage__grace_reader reader, unsigned look)
{
    atomic_fetch_add_explicit(&reader.lane->left[reader.column][look], 1, memory_order_acq_rel);
}

/* Zeroed memory is one. */

/* The step whose end says that nobody sees what this thread has taken out until now. */
uint64_t tripsage__grace_after(tripsage__grace *grace);

/* 1 when that step is over. Goes on by as many steps as it can without waiting. */
int tripsage__grace_is_over(tripsage__grace *grace, uint64_t step);

/* Looks of one kind until now. */
uint64_t tripsage__grace_looks(const tripsage__grace *grace, unsigned look);

#endif
