/* vector/embedder/safetensors.h: tensors out of a file of Hugging Face's format safetensors (github.com/huggingface/safetensors, "Format"):
 * eight bytes that say how long the head is, the head, which is JSON, and the numbers, little-endian. Nothing is copied, and nothing is
 * believed: what a tensor says of itself has to lie within the file and to be as long as its shape is. */
#ifndef TRIPSAGE_VECTOR_EMBEDDER_SAFETENSORS_H
#define TRIPSAGE_VECTOR_EMBEDDER_SAFETENSORS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef enum tripsage__dtype {
    TRIPSAGE__F64 = 1,
    TRIPSAGE__F32,
    TRIPSAGE__F16,
    TRIPSAGE__BF16,
    TRIPSAGE__I64,
    TRIPSAGE__I32,
    TRIPSAGE__I8
} tripsage__dtype;

typedef struct tripsage__tensor {
    tripsage__dtype dtype;
    size_t rows, columns; /* a list of numbers has one column */
    const char *data;     /* in the file; of any alignment */
} tripsage__tensor;

/* The tensor of this name, of one or two dimensions. Errors: TRIPSAGE_ENOTFOUND, TRIPSAGE_ECORRUPT (says what is wrong), TRIPSAGE_ENOTSUP
 * (numbers of another kind, more dimensions), TRIPSAGE_ENOMEM. */
tripsage_status tripsage__tensor_find(tripsage__tensor *out, const char *file, size_t size, const char *name);

/* The numbers of a row. */
void tripsage__tensor_row(float *out, const tripsage__tensor *tensor, size_t row);
/* One number of a list, whole or not. */
double tripsage__tensor_number(const tripsage__tensor *tensor, size_t row);
int64_t tripsage__tensor_integer(const tripsage__tensor *tensor, size_t row); /* of I64, I32 or I8 */

#endif
