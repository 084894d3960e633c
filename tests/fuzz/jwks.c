/* jwks.c: key sets of anybody's. What was read is written as a set that reads the same. */
#include <string.h>

#include "auth/jwk.h"
#include "fuzz.h"

static tripsage__buf write_set(const tripsage__keyset *set)
{
    tripsage__buf out = TRIPSAGE__BUF_INIT(1024 * 1024);

    FUZZ_CHECK(tripsage__keyset_put(&out, set, 0) == TRIPSAGE_OK);
    return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tripsage__keyset *set, *again;
    tripsage__buf first, second;

    if (tripsage__keyset_parse(&set, (const char *)data, size) != TRIPSAGE_OK) {
        FUZZ_CHECK(set == NULL);
        return 0;
    }
    first = write_set(set);
    FUZZ_CHECK(tripsage__keyset_parse(&again, first.data, first.size) == TRIPSAGE_OK);
    second = write_set(again);
    FUZZ_CHECK(strcmp(first.data, second.data) == 0);
    tripsage__buf_free(&first);
    tripsage__buf_free(&second);
    tripsage__keyset_release(set);
    tripsage__keyset_release(again);
    return 0;
}
