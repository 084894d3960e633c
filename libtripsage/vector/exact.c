/* exact.c: the k nearest of the rows that come from the store, in a bounded heap. SQLite gives every row the actor may find. PostgreSQL searches
 * by itself and gives the nearest, some more than k, with what is needed to compute the same scores here. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "hits.h"
#include "kernels/kernels.h"
#include "metadata.h"
#include "vector_internal.h"

const tripsage__statement tripsage__vector_sql_scan_gate = {"vector_scan_gate",
                                                            "SELECT 1 WHERE EXISTS " TRIPSAGE__SQL_COLLECTION, NULL};
/* The last column says whether an index found the row; NULL: nobody has searched yet, and this is just a row. */
const tripsage__statement tripsage__vector_sql_scan_rows = {
    "vector_scan",
    "SELECT i.id, i.metadata, i.embedding, NULL FROM vector_item i WHERE i.collection_id = " TRIPSAGE__SQL_COLLECTION
    " AND i.owner_id IN ('', $5)",
    "SELECT s.id, s.metadata, s.embedding, s.method = 'hnsw' FROM vector_search($1, $2, $3, $4, $5, $6, $7, $8) s"};
const tripsage__statement tripsage__vector_sql_scan_rows_service = {
    "vector_scan_service",
    "SELECT i.id, i.metadata, i.embedding, NULL FROM vector_item i WHERE i.collection_id = " TRIPSAGE__SQL_COLLECTION,
    "SELECT s.id, s.metadata, s.embedding, s.method = 'hnsw' FROM vector_search($1, $2, $3, $4, NULL, $6, $7, $8) s"};

/* ---- making ---- */

static void bind_scan(tripsage__vector_scan *scan, const tripsage_actor *actor)
{
    tripsage__collection_values(scan->values, &scan->collection);
    scan->values[4] = tripsage__text(actor->user_id);
    scan->values[5] = tripsage__floats(scan->packed, (size_t)scan->collection.dimensions * 4);
    scan->values[6] = tripsage__int(scan->k);
    scan->values[7] = tripsage__textn(scan->filter.data, scan->filter.size);
}

tripsage_status tripsage__vector_scan_init(tripsage__vector_scan *scan, const tripsage__collection *collection,
                                           const tripsage_actor *actor, const float *query, uint32_t k,
                                           const char *filter, double min_score)
{
    static const tripsage__buf empty = TRIPSAGE__BUF_INIT(4 * TRIPSAGE__METADATA_MAX);
    size_t n = collection->dimensions;
    tripsage_status status = TRIPSAGE_OK;

    memset(scan, 0, sizeof *scan);
    scan->filter = empty;
    scan->collection = *collection;
    scan->k = k;
    scan->min_score = min_score;
    scan->kernels = tripsage__kernels_best();
    scan->is_service = actor->is_service;
    /* Zeros: rows may come before it is known that there is no item for them to be like. */
    scan->query = tripsage__calloc(n, sizeof *scan->query);
    scan->scratch = tripsage__malloc(n * sizeof *scan->scratch);
    scan->hits = tripsage__calloc(k, sizeof *scan->hits);
    scan->packed = tripsage__calloc(n, 4);
    if (!scan->query || !scan->scratch || !scan->hits || !scan->packed)
        return TRIPSAGE_NOMEM();
    if (query)
        memcpy(scan->query, query, n * sizeof *query);
    if (query && collection->metric == TRIPSAGE_COSINE && !tripsage__kernel_normalise(scan->query, query, n))
        return TRIPSAGE_FAIL_FIELD("#values", "a vector without a direction is near to nothing");
    if (filter)
        TRIPSAGE_TRY(tripsage__metadata_put(&scan->filter, filter, "#filter"));
    if (query)
        tripsage__kernel_store(scan->packed, scan->query, n);
    bind_scan(scan, actor);
out:
    return status;
}

void tripsage__vector_scan_free(tripsage__vector_scan *scan)
{
    tripsage__hits_drop(scan->hits, &scan->count);
    tripsage__free(scan->hits);
    tripsage__free(scan->query);
    tripsage__free(scan->scratch);
    tripsage__free(scan->packed);
    tripsage__buf_free(&scan->filter);
}

/* ---- rows ---- */

double tripsage__vector_scan_score(const tripsage__vector_scan *scan, const void *row)
{
    size_t n = scan->collection.dimensions;
    double score;

    if (scan->collection.metric == TRIPSAGE_L2)
        return -sqrt((double)scan->kernels->l2_f32(scan->query, row, n));
    score = (double)scan->kernels->dot_f32(scan->query, row, n);
    if (scan->collection.metric == TRIPSAGE_COSINE)
        score = score > 1.0 ? 1.0 : score < -1.0 ? -1.0 : score; /* rounding may step over */
    return score;
}

static void begin_gate(void *context)
{
    ((tripsage__vector_scan *)context)->found = 0;
}

static tripsage_status on_gate(void *context, const tripsage__row *row)
{
    (void)row;
    ((tripsage__vector_scan *)context)->found = 1;
    return TRIPSAGE_OK;
}

void tripsage__vector_scan_begin(tripsage__vector_scan *scan)
{
    tripsage__hits_drop(scan->hits, &scan->count);
    scan->by_index = 0;
    scan->seen = 0;
}

static void begin_rows(void *context)
{
    tripsage__vector_scan_begin(context);
}

tripsage_status tripsage__vector_scan_take(tripsage__vector_scan *scan, const tripsage__row *row, int *passes)
{
    size_t id_size, metadata_size, size, n = scan->collection.dimensions;
    int is_found = !tripsage__row_is_null(row, 3);
    const char *id = tripsage__row_text(row, 0, &id_size);
    const char *metadata = tripsage__row_text(row, 1, &metadata_size);
    const void *embedding;
    double score;

    scan->seen++;
    *passes = is_found || !scan->filter.size ||
              tripsage__metadata_matches(metadata, metadata_size, scan->filter.data, scan->filter.size);
    if (!*passes)
        return TRIPSAGE_OK;
    embedding = tripsage__row_blob(row, 2, &size);
    if (size != n * 4)
        return TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "the vector of item %.40s has %zu bytes", id, size);
    if (is_found) {
        tripsage__kernel_load_network(scan->scratch, embedding, n);
        embedding = scan->scratch;
    } else {
        embedding = tripsage__kernel_row(scan->scratch, embedding, n);
    }
    scan->by_index |= tripsage__row_int(row, 3) != 0;
    score = tripsage__vector_scan_score(scan, embedding);
    if (score < scan->min_score || !tripsage__hits_want(scan->hits, scan->count, scan->k, score, id))
        return TRIPSAGE_OK;
    return tripsage__hits_keep(scan->hits, &scan->count, scan->k, score, id, id_size, metadata, metadata_size);
}

static tripsage_status on_row(void *context, const tripsage__row *row)
{
    int passes;

    return tripsage__vector_scan_take(context, row, &passes);
}

void tripsage__vector_scan_steps(tripsage__vector_scan *scan, tripsage__step out[TRIPSAGE__VECTOR_SCAN_STEPS])
{
    const tripsage__step gate = {&tripsage__vector_sql_scan_gate, scan->values, 4, begin_gate, on_gate, scan, NULL};
    const tripsage__step rows = {scan->is_service ? &tripsage__vector_sql_scan_rows_service
                                                  : &tripsage__vector_sql_scan_rows,
                                 scan->values,
                                 8,
                                 begin_rows,
                                 on_row,
                                 scan,
                                 NULL};

    out[0] = gate;
    out[1] = rows;
}

tripsage_status tripsage__vector_scan_end(tripsage__vector_scan *scan)
{
    if (!scan->found)
        return TRIPSAGE_FAIL(TRIPSAGE_ENOTFOUND, "there is no collection %s", scan->collection.name);
    tripsage__hits_sort(scan->hits, scan->count);
    return TRIPSAGE_OK;
}
