/* base/siphash.h: SipHash-1-3 (Aumasson and Bernstein, 2012), a keyed hash: whoever does not know the key cannot choose keys that
 * fall into one chain of a table, nor tell how something is called in it. One compression and three finalisation rounds, as hash tables use it. */
#ifndef TRIPSAGE_BASE_SIPHASH_H
#define TRIPSAGE_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t tripsage__siphash13(const uint64_t key[2], const void *data, size_t size);

#endif
