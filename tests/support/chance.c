/* support/chance.c: see chance.h. */
#include "chance.h"

#include <string.h>

#define STEP UINT64_C(0x9e3779b97f4a7c15)

static uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static int64_t now_ms(void *user)
{
    return atomic_load(&((test_chance *)user)->now_ms);
}

static int random_bytes(unsigned char *out, size_t size, void *user)
{
    test_chance *chance = user;

    for (size_t done = 0; done < size;) {
        uint64_t word = mix(atomic_fetch_add(&chance->seed, STEP) + STEP);
        size_t part = size - done < sizeof word ? size - done : sizeof word;
        /* Byte by byte, so that the bytes are the same on a big-endian machine. */
        for (size_t i = 0; i < part; i++)
            out[done + i] = (unsigned char)(word >> (8 * i));
        done += part;
    }
    return 0;
}

void test_chance_init(test_chance *chance)
{
    atomic_store(&chance->now_ms, TEST_NOON);
    atomic_store(&chance->seed, 42);
}

void test_clock_advance(test_chance *chance, int64_t ms)
{
    atomic_fetch_add(&chance->now_ms, ms);
}

tripsage_runtime test_chance_runtime(test_chance *chance)
{
    tripsage_runtime runtime = TRIPSAGE_RUNTIME_INIT;

    runtime.now_ms = now_ms;
    runtime.now_user = chance;
    runtime.random_bytes = random_bytes;
    runtime.random_user = chance;
    return runtime;
}

uint64_t test_draw(uint64_t *seed, uint64_t limit)
{
    *seed += STEP;
    return mix(*seed) % limit;
}
