/* vector/embed.h: the embedder built into the library, see tripsage_embed() in tripsage/vector.h. */
#ifndef TRIPSAGE_VECTOR_EMBED_H
#define TRIPSAGE_VECTOR_EMBED_H

#include <stddef.h>

/* tripsage_embed() without its checks. 0 when the text has no word: the vector is all zero then. */
int tripsage__embed(float *out, const char *text, size_t length);

#endif
