/* vector/embedder/answer.h: what a server answers to POST /v1/embeddings. */
#ifndef TRIPSAGE_VECTOR_EMBEDDER_ANSWER_H
#define TRIPSAGE_VECTOR_EMBEDDER_ANSWER_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Reads {"data":[{"index":i,"embedding":[...]|"base64 of little-endian f32"}]}: row i of `out`, of `count` rows. Where no item has an
 * index, they are in order. Errors: TRIPSAGE_EUNAVAILABLE (no such answer: not as many rows, twice the same, other dimensions, a number
 * that is none), TRIPSAGE_ENOMEM. */
tripsage_status tripsage__embedding_answer_read(float *out, size_t count, uint32_t dimensions, const char *json,
                                                size_t size);

/* What a server says about what went wrong, in one line: "message" of {"error":{"message"}}, or the text of {"error"} or {"message"}; ""
 * when there is none. */
void tripsage__embedding_problem_read(char out[160], const char *json, size_t size);

#endif
