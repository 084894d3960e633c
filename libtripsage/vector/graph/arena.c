/* arena.c: see arena.h. */
#include "arena.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "base/memory.h"
#include "base/prefetch.h"

/* Below this a reservation would not fill a few huge pages. */
#define MAPPED_FROM ((size_t)8 << 20)
#define HUGE_PAGE   ((size_t)2 << 20)

static int take_from_heap(tripsage__arena *out, size_t size)
{
    out->block_size = size + TRIPSAGE__LINE;
    out->block = tripsage__malloc(out->block_size);
    if (!out->block)
        return 0;
    out->base = (void *)(((uintptr_t)out->block + TRIPSAGE__LINE - 1) & ~(uintptr_t)(TRIPSAGE__LINE - 1));
    memset(out->base, 0, size);
    return 1;
}

/* Reserved with a huge page more than asked, so that it begins at one. The heap is asked for a byte: a program that counts what the
 * library takes, or has it
 * fail, is heard here, too. */
static int reserve(tripsage__arena *out, size_t size)
{
    void *permission = tripsage__malloc(1);
    unsigned char *at;

    if (!permission)
        return 0;
    tripsage__free(permission);
    out->block_size = size + HUGE_PAGE;
    at = mmap(NULL, out->block_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED)
        return 0;
    out->base = (void *)(((uintptr_t)at + HUGE_PAGE - 1) & ~(uintptr_t)(HUGE_PAGE - 1));
    if (out->base > at)
        munmap(at, (size_t)(out->base - at));
    out->block_size -= (size_t)(out->base - at);
#ifdef MADV_HUGEPAGE
    (void)madvise(out->base, out->block_size, MADV_HUGEPAGE); /* a wish; without it everything is slower and right */
#endif
    return 1;
}

int tripsage__arena_new(tripsage__arena *out, size_t size)
{
    memset(out, 0, sizeof *out);
    out->size = size;
    return size < MAPPED_FROM ? take_from_heap(out, size) : reserve(out, size);
}

int tripsage__arena_map(tripsage__arena *out, int fd, size_t size)
{
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, fd, 0);

    memset(out, 0, sizeof *out);
    if (at == MAP_FAILED)
        return 0;
    out->base = at;
    out->size = out->block_size = size;
    return 1;
}

void tripsage__arena_free(tripsage__arena *arena)
{
    if (arena->block)
        tripsage__free(arena->block);
    else if (arena->base)
        munmap(arena->base, arena->block_size);
    memset(arena, 0, sizeof *arena);
}
