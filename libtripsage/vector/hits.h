/* vector/hits.h: the k best of what comes by: a heap with the worst on top, which gives way. Of equals the one with the smaller id is
 * better. */
#ifndef TRIPSAGE_VECTOR_HITS_H
#define TRIPSAGE_VECTOR_HITS_H

#include "vector.h"

/* Whether what has this score and id is to be kept: there is room, or it is better than the worst. */
int tripsage__hits_want(const tripsage__vector_hit *hits, size_t count, uint32_t k, double score, const char *id);

/* Takes a copy of what is wanted. `hits` has room for k. */
tripsage_status tripsage__hits_keep(tripsage__vector_hit *hits, size_t *count, uint32_t k, double score, const char *id,
                                    size_t id_size, const char *metadata, size_t metadata_size);

/* Best first; a heap no more. */
void tripsage__hits_sort(tripsage__vector_hit *hits, size_t count);

/* Frees what the hits hold. */
void tripsage__hits_drop(tripsage__vector_hit *hits, size_t *count);

#endif
