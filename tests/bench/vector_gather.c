#include "vector_gather.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "bench.h"

/* As far ahead as a walk knows: a node's neighbours. */
enum { AHEAD = 16, LOOKS = 1 << 19, ROUNDS = 5, LINE = 64 };

static double cpu_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static uint32_t *choose(uint32_t count)
{
    uint32_t *places = malloc((LOOKS + AHEAD) * sizeof *places);
    uint64_t chance = 1;

    if (!places)
        bench_fail("no memory");
    for (size_t i = 0; i < LOOKS + AHEAD; i++) {
        chance = chance * 6364136223846793005u + 1442695040888963407u;
        places[i] = (uint32_t)((chance >> 32) * count >> 32);
    }
    return places;
}

static void prefetch(const char *record, size_t size)
{
    for (size_t at = 0; at < size; at += LINE)
        __builtin_prefetch(record + at);
}

static uint64_t touch(const char *record, size_t size)
{
    uint64_t sum = 0, word;

    for (size_t at = 0; at < size; at += LINE) {
        memcpy(&word, record + at, sizeof word);
        sum += word;
    }
    return sum;
}

/* So that the compiler does not leave out what nobody needs. */
static void keep(uint64_t value)
{
    __asm__ volatile("" : : "r"(value));
}

double vector_gather(size_t size, uint32_t count, int is_huge)
{
    size_t whole = (size * count + (2u << 20)) & ~(size_t)((2u << 20) - 1);
    char *records = aligned_alloc(2u << 20, whole);
    uint32_t *places = choose(count);
    double best = 1e9;

    if (!records)
        bench_fail("no memory");
    madvise(records, whole, is_huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
    memset(records, 1, whole);
    for (int round = 0; round < ROUNDS; round++) {
        double start = cpu_now(), took;

        for (size_t i = 0; i < AHEAD; i++)
            prefetch(records + places[i] * size, size);
        for (size_t i = 0; i < LOOKS; i++) {
            prefetch(records + places[i + AHEAD] * size, size);
            keep(touch(records + places[i] * size, size));
        }
        took = (cpu_now() - start) / LOOKS * 1e9;
        best = took < best ? took : best;
    }
    free(records);
    free(places);
    return best;
}
