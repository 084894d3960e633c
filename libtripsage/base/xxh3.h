/* base/xxh3.h: XXH3 with 64 bits (Yann Collet; specified at https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md): the digest
 * by which Redis 8.4 tells values apart. No secret is in it: who wants two texts to have the same finds some. */
#ifndef TRIPSAGE_BASE_XXH3_H
#define TRIPSAGE_BASE_XXH3_H

#include <stddef.h>
#include <stdint.h>

uint64_t tripsage__xxh3(const void *data, size_t size);

#endif
