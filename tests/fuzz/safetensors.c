/* safetensors.c: files of tensors of anybody's. Whatever is found lies within the file: every number of it can be read. */
#include <string.h>

#include "fuzz.h"
#include "vector/embedder/safetensors.h"

enum { COLUMNS_MAX = 4096 };

static void read_all(const tripsage__tensor *tensor)
{
    static float row[COLUMNS_MAX];

    if (tensor->columns > COLUMNS_MAX)
        return;
    for (size_t i = 0; i < tensor->rows; i++)
        tripsage__tensor_row(row, tensor, i);
    if (tensor->columns == 1) {
        (void)tripsage__tensor_number(tensor, tensor->rows - 1);
        if (tensor->dtype >= TRIPSAGE__I64)
            (void)tripsage__tensor_integer(tensor, tensor->rows - 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"embeddings", "weights", "mapping"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        tripsage__tensor tensor;

        if (tripsage__tensor_find(&tensor, (const char *)data, size, names[i]) != TRIPSAGE_OK)
            continue;
        FUZZ_CHECK(tensor.rows > 0 && tensor.columns > 0);
        FUZZ_CHECK(tensor.data >= (const char *)data && tensor.data <= (const char *)data + size);
        read_all(&tensor);
    }
    return 0;
}
