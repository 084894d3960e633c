/* tests/unit/trip/failing_allocator.h: an allocator of which one allocation fails, for the tests of the room without memory. */
#ifndef TEST_UNIT_TRIP_FAILING_ALLOCATOR_H
#define TEST_UNIT_TRIP_FAILING_ALLOCATOR_H

#include <stdlib.h>
#include <tripsage/runtime.h>

static _Atomic long countdown = -1; /* allocations until one fails; negative: none does */

static int fails_now(void)
{
    long before = countdown;

    if (before < 0)
        return 0;
    countdown = before - 1;
    return before == 0;
}

static void *failing_malloc(size_t size, void *user)
{
    (void)user;
    return fails_now() ? NULL : malloc(size);
}

static void *failing_realloc(void *block, size_t size, void *user)
{
    (void)user;
    return fails_now() ? NULL : realloc(block, size);
}

static void plain_free(void *block, void *user)
{
    (void)user;
    free(block);
}

static const tripsage_allocator failing_allocator = {failing_malloc, failing_realloc, plain_free, NULL};

#endif
