/* base/prefetch.h: asking memory for what is read soon. */
#ifndef TRIPSAGE_BASE_PREFETCH_H
#define TRIPSAGE_BASE_PREFETCH_H

#include <stddef.h>
#include <stdint.h>

#define TRIPSAGE__LINE 64u /* of x86-64, and of most 64-bit ARM */

/* All lines that some bytes lie in. To compilers a function that does nothing else has no effect, and they leave out calls of it (GCC
 * 12 did: searches took half as long again); the empty assembly is an effect. tests/house/prefetch_test.sh counts what is left. */
static inline __attribute__((always_inline)) void tripsage__prefetch(const void *at, size_t size)
{
    const char *end = (const char *)at + size;

    for (const char *line = (const char *)at - (uintptr_t)at % TRIPSAGE__LINE; line < end; line += TRIPSAGE__LINE)
        __builtin_prefetch(line);
    __asm__ volatile("");
}

#endif
