/* graph/arena.h: one block for all arrays of an index. A small one is the house's heap's; a large one is a reservation of address space
 * that is given
 * pages as it is written to, huge ones where the system has them: a walk through the graph jumps all over it, and with 4 KiB pages
 * would wait for page tables, too. */
#ifndef TRIPSAGE_VECTOR_GRAPH_ARENA_H
#define TRIPSAGE_VECTOR_GRAPH_ARENA_H

#include <stddef.h>

typedef struct tripsage__arena {
    unsigned char *base; /* aligned to a cache line, zeroed */
    size_t size;
    void *block;       /* of the heap; NULL: `base` is mapped */
    size_t block_size; /* what was asked of the heap or mapped */
} tripsage__arena;

/* 0 when there is no memory. */
int tripsage__arena_new(tripsage__arena *out, size_t size);
/* A file: what is written to is this process's own. 0: see errno. */
int tripsage__arena_map(tripsage__arena *out, int fd, size_t size);
void tripsage__arena_free(tripsage__arena *arena);

#endif
