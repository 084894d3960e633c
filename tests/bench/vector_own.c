/* bench_vector_own: the library's own engine (tests/bench/vector_peer.h). KIND: graph (the raw index), scan (the same, looking at
 * everything), or collection:FOLDER (tripsage_vector_search over an SQLite file made there: rows, owners
 * and JSON with it). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tripsage/tripsage.h>

#include "vector_peer.h"

enum { BATCH = 1000 };

static uint32_t dimensions;
static double looked;

/* ---- the raw index ---- */

static tripsage_index *raw;
static int is_scan;

static void check(tripsage_status status)
{
    if (status != TRIPSAGE_OK)
        peer_fail("%s", tripsage_last_error()->message);
}

static uint64_t term_of(uint32_t column, uint32_t share)
{
    return 1 + column * PEER_SHARES + share;
}

/* A row has a term for each share it is in. */
static size_t give_terms(uint64_t terms[PEER_COLUMNS * PEER_SHARES], const peer_data *data, uint32_t row)
{
    size_t count = 0;

    for (uint32_t column = 0; column < PEER_COLUMNS; column++)
        for (uint32_t share = 0; share < PEER_SHARES; share++)
            if (data->ranks[(size_t)column * data->count + row] < data->below[share])
                terms[count++] = term_of(column, share);
    return count;
}

static void build_raw(const peer_data *data, const char *kind, unsigned threads)
{
    tripsage_index_options options = TRIPSAGE_INDEX_OPTIONS_INIT;
    tripsage_index_item *items = calloc(data->count, sizeof *items);
    uint64_t(*terms)[PEER_COLUMNS * PEER_SHARES] = data->ranks ? calloc(data->count, sizeof *terms) : NULL;

    if (!items || (data->ranks && !terms))
        peer_fail("no memory");
    options.dimensions = data->dimensions;
    options.metric = data->is_cosine ? TRIPSAGE_COSINE : TRIPSAGE_L2;
    options.seed = 1;
    is_scan = strcmp(kind, "scan") == 0;
    if (is_scan) { /* whose graph nobody walks */
        options.degree = 8;
        options.build_width = 16;
    }
    for (uint32_t i = 0; i < data->count; i++)
        items[i] = (tripsage_index_item){.key = i, .values = data->rows + (size_t)i * data->dimensions};
    for (uint32_t i = 0; terms && i < data->count; i++) {
        items[i].term_count = give_terms(terms[i], data, i);
        items[i].terms = terms[i];
    }
    check(tripsage_index_new(&raw, &options, NULL));
    check(tripsage_index_build(raw, items, data->count, threads, NULL, NULL));
    free(items);
    free(terms);
}

static void search_raw(const float *queries, uint32_t count, uint32_t width, const tripsage_index_clause *clause,
                       uint32_t *ids)
{
    tripsage_index_query query = TRIPSAGE_INDEX_QUERY_INIT;
    tripsage_index_hit hits[PEER_K];

    query.k = PEER_K;
    query.width = width;
    query.exact = is_scan;
    query.clauses = clause;
    query.clause_count = clause != NULL;
    for (uint32_t q = 0; q < count; q++) {
        tripsage_index_result result = {.hits = hits, .capacity = PEER_K};

        query.values = queries + (size_t)q * dimensions;
        check(tripsage_index_search(&result, raw, &query));
        looked += (double)result.looked_at;
        for (size_t i = 0; i < PEER_K; i++)
            ids[(size_t)q * PEER_K + i] = i < result.count ? (uint32_t)hits[i].key : UINT32_MAX;
    }
}

/* ---- a collection ---- */

static tripsage_vector *vectors;
static tripsage_actor *service;

static void upsert(const peer_data *data, uint32_t first, uint32_t count)
{
    static char names[BATCH][16];
    static tripsage_vector_item items[BATCH];

    for (uint32_t i = 0; i < count; i++) {
        snprintf(names[i], sizeof names[i], "%u", first + i);
        items[i] = (tripsage_vector_item){.id = names[i],
                                          .values = data->rows + (size_t)(first + i) * data->dimensions,
                                          .value_count = data->dimensions};
    }
    check(tripsage_vector_upsert(vectors, service, "bench", items, count));
}

static void build_collection(const peer_data *data, const char *folder)
{
    static const char *const ends[] = {"", "-wal", "-shm", "-vector-1"};
    char path[4096], url[4096 + 16];
    tripsage_doc *state;

    snprintf(path, sizeof path, "%s/collection.db", folder);
    snprintf(url, sizeof url, "sqlite://%s", path);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) { /* of the set before */
        char file[sizeof path + 16];

        snprintf(file, sizeof file, "%s%s", path, ends[i]);
        remove(file);
    }
    check(tripsage_vector_open(&vectors, url, NULL));
    check(tripsage_actor_service(&service));
    check(tripsage_vector_collection_create(vectors, service, "bench", data->dimensions,
                                            data->is_cosine ? TRIPSAGE_COSINE : TRIPSAGE_L2, NULL));
    for (uint32_t i = 0; i < data->count; i += BATCH)
        upsert(data, i, data->count - i < BATCH ? data->count - i : BATCH);
    check(tripsage_vector_index_build(&state, vectors, service, "bench", 0, NULL, NULL));
    tripsage_doc_free(state);
}

static void search_collection(const float *queries, uint32_t count, uint32_t *ids)
{
    tripsage_vector_query query = TRIPSAGE_VECTOR_QUERY_INIT;

    query.k = PEER_K;
    query.value_count = dimensions;
    memset(ids, 0xff, (size_t)count * PEER_K * sizeof *ids);
    for (uint32_t q = 0; q < count; q++) {
        tripsage_doc *found;
        size_t many;

        query.values = queries + (size_t)q * dimensions;
        check(tripsage_vector_search(&found, vectors, service, "bench", &query));
        many = tripsage_doc_count(found, "/items");
        for (size_t i = 0; i < many && i < PEER_K; i++) {
            char pointer[32];

            snprintf(pointer, sizeof pointer, "/items/%zu/id", i);
            ids[(size_t)q * PEER_K + i] = (uint32_t)strtoul(tripsage_doc_text(found, pointer), NULL, 10);
        }
        tripsage_doc_free(found);
    }
}

/* ---- both ---- */

static void build(const peer_data *data, const char *kind, unsigned threads)
{
    static const char prefix[] = "collection:";

    dimensions = data->dimensions;
    if (strncmp(kind, prefix, sizeof prefix - 1) == 0)
        build_collection(data, kind + sizeof prefix - 1);
    else
        build_raw(data, kind, threads);
}

static void search(const float *queries, uint32_t count, uint32_t width, uint32_t *ids)
{
    if (raw)
        search_raw(queries, count, width, NULL, ids);
    else
        search_collection(queries, count, ids);
}

static void filtered(const float *queries, uint32_t count, uint32_t width, const peer_filter *filter, uint32_t *ids)
{
    uint64_t term = term_of(filter->column, filter->share);
    const tripsage_index_clause clause = {&term, 1};

    search_raw(queries, count, width, &clause, ids);
}

static double own_bytes(void)
{
    tripsage_index_stats stats;

    if (!raw)
        return 0;
    tripsage_index_get_stats(&stats, raw);
    return (double)stats.total_bytes;
}

static double looked_at(void)
{
    double was = looked;

    looked = 0;
    return was;
}

static const char *note(void)
{
    static char text[64];
    tripsage_index_stats stats;

    if (!raw)
        return "-";
    tripsage_index_get_stats(&stats, raw);
    snprintf(text, sizeof text, "degree=%u,bits=%u", stats.degree, stats.bits);
    return text;
}

int main(int argc, char **argv)
{
    const peer_engine engine = {build, search, filtered, own_bytes, looked_at, note};

    return peer_main(argc, argv, &engine);
}
