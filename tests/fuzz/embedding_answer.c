/* embedding_answer.c: what a server may answer to a question for embeddings. Good vectors are finite. */
#include <math.h>

#include "fuzz.h"
#include "vector/embedder/answer.h"

enum { ROWS = 2, DIMENSIONS = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    float rows[ROWS * DIMENSIONS];
    char problem[160];

    if (tripsage__embedding_answer_read(rows, ROWS, DIMENSIONS, (const char *)data, size) == TRIPSAGE_OK)
        for (size_t i = 0; i < ROWS * DIMENSIONS; i++)
            FUZZ_CHECK(isfinite(rows[i]));
    tripsage__embedding_problem_read(problem, (const char *)data, size);
    return 0;
}
