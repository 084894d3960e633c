/* vector/live/terms.h: what an item may be found by, as numbers for an index: its owner, and each member of its metadata. Two that differ
 * may have the same number, so a filter lets too much pass now and then, and never too little: the rows have the last word. */
#ifndef TRIPSAGE_VECTOR_LIVE_TERMS_H
#define TRIPSAGE_VECTOR_LIVE_TERMS_H

#include <tripsage/index.h>

#include "vector/vector.h"

/* What tripsage/index.h takes. The first is of the owner, and one is of all members that there is no place for. */
#define TRIPSAGE__LIVE_TERMS_MAX 64

/* 16: who asks for more members at once is answered by the first of them, and the rows are looked at for the rest. */
#define TRIPSAGE__LIVE_CLAUSES_MAX 17

/* Of one item: each once; gives how many. `metadata` is in the stored form, see metadata.h. `key` is the database's own (base/siphash.h).
 * */
size_t tripsage__live_terms(uint64_t out[TRIPSAGE__LIVE_TERMS_MAX], const uint64_t key[2], const char *owner,
                            size_t owner_size, const char *metadata, size_t metadata_size);

/* What an actor may find, and what it asks for. */
typedef struct tripsage__live_filter {
    tripsage_index_clause clauses[TRIPSAGE__LIVE_CLAUSES_MAX];
    uint64_t terms[TRIPSAGE__LIVE_CLAUSES_MAX][2];
    size_t count;
} tripsage__live_filter;

/* `filter` is in the stored form or empty. Stays where it is. */
void tripsage__live_filter_init(tripsage__live_filter *out, const uint64_t key[2], const tripsage_actor *actor,
                                const char *filter, size_t filter_size);

#endif
