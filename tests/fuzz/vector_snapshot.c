/* vector_snapshot.c: the file of an index, by whomever it was written: it is refused, or it is an index that answers, takes and gives up items.
 * Each input is read as it is, and once more with its checksums set right, since hardly a change of chance would get past those. */
#include <string.h>

#include "base/memory.h"
#include "fuzz.h"
#include "vector/graph/snapshot_internal.h"

enum { K = 16 };

static void search(tripsage_index *index, const float *values, int exact, const tripsage_index_clause *clauses,
                   size_t count)
{
    tripsage_index_query query = TRIPSAGE_INDEX_QUERY_INIT;
    tripsage_index_hit hits[2 * K];
    tripsage_index_result result = {.hits = hits, .capacity = 2 * K};

    query.values = values;
    query.k = K;
    query.exact = exact;
    query.clauses = clauses;
    query.clause_count = count;
    FUZZ_CHECK(tripsage_index_search(&result, index, &query) == TRIPSAGE_OK);
    FUZZ_CHECK(result.count <= 2 * K);
}

static void use(tripsage_index *index)
{
    static float values[TRIPSAGE_VECTOR_DIMENSIONS_MAX];
    static const uint64_t terms[] = {1, 2};
    const tripsage_index_clause clause = {terms, 2};
    tripsage_index_item item = {7, values, terms, 2};
    tripsage_index_stats stats;

    for (size_t i = 0; i < TRIPSAGE_VECTOR_DIMENSIONS_MAX; i++)
        values[i] = (float)(i % 7) - 2.5f;
    tripsage_index_get_stats(&stats, index);
    for (int exact = 0; exact < 2; exact++) {
        search(index, values, exact, NULL, 0);
        search(index, values, exact, &clause, 1);
    }
    for (item.key = 0; item.key < 4; item.key++)
        FUZZ_CHECK(tripsage_index_put(index, &item) == TRIPSAGE_OK);
    (void)tripsage_index_remove(index, 1);
    (void)tripsage_index_remove(index, 5);
    search(index, values, 0, &clause, 1);
}

static void take(const uint8_t *data, size_t size, int sealed)
{
    unsigned char tag[TRIPSAGE__SNAPSHOT_TAG];
    tripsage_index *index = NULL;
    tripsage__arena arena;
    tripsage_status status;

    FUZZ_CHECK(tripsage__arena_new(&arena, size));
    memcpy(arena.base, data, size);
    if (sealed)
        tripsage__snapshot_seal(arena.base, size);
    status = tripsage__snapshot_read(&index, tag, &arena, NULL);
    FUZZ_CHECK(status == TRIPSAGE_OK || status == TRIPSAGE_ECORRUPT);
    FUZZ_CHECK((status == TRIPSAGE_OK) == (index != NULL) && !arena.base);
    if (index)
        use(index);
    tripsage_index_free(index);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    take(data, size, 0);
    take(data, size, 1);
    return 0;
}
