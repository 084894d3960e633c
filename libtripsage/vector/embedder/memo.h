/* vector/embedder/memo.h: remembers embeddings, and has each text embedded by one caller at a time. */
#ifndef TRIPSAGE_VECTOR_EMBEDDER_MEMO_H
#define TRIPSAGE_VECTOR_EMBEDDER_MEMO_H

#include "embedder.h"

typedef struct tripsage__memo tripsage__memo;

/* Errors: TRIPSAGE_ENOMEM. */
tripsage_status tripsage__memo_new(tripsage__memo **out, uint32_t dimensions, uint64_t bytes);
void tripsage__memo_free(tripsage__memo *memo); /* when no call is under way; NULL is fine */

/* As tripsage__embedder_embed, of an embedder with a memo. */
tripsage_status tripsage__memo_embed(float *out, tripsage_embedder *embedder, tripsage_embed_purpose purpose,
                                     const tripsage__embed_text *texts, size_t count,
                                     const tripsage__embed_shelf *shelf);

#endif
