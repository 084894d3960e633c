/* hybrid_rows.c: a scan over rows that a neighbour's own statement gives: see vector.h. */
#include "hits.h"
#include "kernels/kernels.h"
#include "vector_internal.h"

static tripsage_status load(float *out, const tripsage__vector_scan *scan, tripsage__stored_vector vector)
{
    size_t n = scan->collection.dimensions;

    if (vector.size != n * 4)
        return TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "a vector of collection %s has %zu bytes", scan->collection.name,
                             vector.size);
    if (vector.from_network)
        tripsage__kernel_load_network(out, vector.bytes, n);
    else
        tripsage__kernel_load(out, vector.bytes, n);
    return TRIPSAGE_OK;
}

void tripsage__vector_scan_forget(tripsage__vector_scan *scan)
{
    tripsage__hits_drop(scan->hits, &scan->count);
}

tripsage_status tripsage__vector_scan_aim(tripsage__vector_scan *scan, tripsage__stored_vector vector)
{
    return load(scan->query, scan, vector);
}

tripsage_status tripsage__vector_scan_measure(double *score, tripsage__vector_scan *scan,
                                              tripsage__stored_vector vector)
{
    tripsage_status status = load(scan->scratch, scan, vector);

    *score = 0.0;
    if (status == TRIPSAGE_OK)
        *score = tripsage__vector_scan_score(scan, scan->scratch);
    return status;
}

int tripsage__vector_scan_wants(const tripsage__vector_scan *scan, double score, const char *id)
{
    return score >= scan->min_score && tripsage__hits_want(scan->hits, scan->count, scan->k, score, id);
}

tripsage_status tripsage__vector_scan_keep(tripsage__vector_scan *scan, double score, const char *id,
                                           const char *metadata, size_t metadata_size)
{
    return tripsage__hits_keep(scan->hits, &scan->count, scan->k, score, id, strlen(id), metadata, metadata_size);
}

void tripsage__vector_scan_order(tripsage__vector_scan *scan)
{
    tripsage__hits_sort(scan->hits, scan->count);
}

void tripsage__vector_pack(unsigned char *out, const float *values, size_t n)
{
    tripsage__kernel_store(out, values, n);
}
