/* vector.c: the handle of the vector room. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "live/live_internal.h"
#include "vector_internal.h"

tripsage_status tripsage__vector_new(tripsage_vector **out, tripsage__store *store,
                                     const tripsage_embedder_options *embedder)
{
    tripsage_vector *vector = tripsage__calloc(1, sizeof *vector);
    tripsage_status status;

    *out = NULL;
    if (!vector)
        return TRIPSAGE_NOMEM();
    if (pthread_mutex_init(&vector->lock, NULL) != 0) {
        tripsage__free(vector);
        return TRIPSAGE_NOMEM();
    }
    vector->store = tripsage__store_retain(store);
    vector->env = tripsage__store_env(store);
    status = tripsage__live_new(&vector->live, store);
    if (status == TRIPSAGE_OK)
        status = tripsage__vector_embedders_open(vector, embedder);
    if (status == TRIPSAGE_OK)
        *out = vector;
    else
        tripsage__vector_free(vector);
    return status;
}

void tripsage__vector_free(tripsage_vector *vector)
{
    if (!vector)
        return;
    tripsage__live_free(vector->live); /* first: it may save */
    tripsage__vector_embedders_close(vector);
    pthread_mutex_destroy(&vector->lock);
    tripsage__store_release(vector->store);
    tripsage__free(vector);
}

tripsage_status tripsage_vector_open(tripsage_vector **out, const char *url, const tripsage_runtime *runtime)
{
    tripsage__store_options options = {.runtime = runtime};
    tripsage__store *store = NULL;
    tripsage_status status;

    *out = NULL;
    status = tripsage__store_open(&store, url, &options);
    if (status == TRIPSAGE_OK)
        status = tripsage__vector_new(out, store, NULL);
    tripsage__store_release(store);
    return status;
}

void tripsage_vector_close(tripsage_vector *vector)
{
    tripsage__vector_free(vector);
}

static const tripsage__statement *const statements[] = {
    &tripsage__live_sql_changed,
    &tripsage__live_sql_collection,
    &tripsage__live_sql_hits,
    &tripsage__live_sql_ids,
    &tripsage__live_sql_newest,
    &tripsage__live_sql_rows,
    &tripsage__live_sql_snapshot_forget,
    &tripsage__live_sql_snapshot_put,
    &tripsage__live_sql_snapshots,
    &tripsage__live_sql_tail,
    &tripsage__vector_sql_batch_gate,
    &tripsage__vector_sql_batch_index,
    &tripsage__vector_sql_batch_put,
    &tripsage__vector_sql_batch_unindex,
    &tripsage__vector_sql_batch_unword,
    &tripsage__vector_sql_batch_word,
    &tripsage__vector_sql_collection_delete,
    &tripsage__vector_sql_collection_empty,
    &tripsage__vector_sql_collection_id,
    &tripsage__vector_sql_collection_list,
    &tripsage__vector_sql_collection_list_service,
    &tripsage__vector_sql_collection_make,
    &tripsage__vector_sql_collection_outdate,
    &tripsage__vector_sql_collection_read,
    &tripsage__vector_sql_collection_unindex,
    &tripsage__vector_sql_embedding_evict,
    &tripsage__vector_sql_embedding_find,
    &tripsage__vector_sql_embedding_purge,
    &tripsage__vector_sql_embedding_put,
    &tripsage__vector_sql_embedding_touch,
    &tripsage__vector_sql_index,
    &tripsage__vector_sql_item_delete,
    &tripsage__vector_sql_item_unindex,
    &tripsage__vector_sql_like,
    &tripsage__vector_sql_like_rows,
    &tripsage__vector_sql_like_rows_service,
    &tripsage__vector_sql_scan_gate,
    &tripsage__vector_sql_scan_rows,
    &tripsage__vector_sql_scan_rows_service,
    &tripsage__vector_sql_words_rows,
    &tripsage__vector_sql_words_rows_service,
    &tripsage__vector_sql_words_spread,
    &tripsage__vector_sql_words_spread_service,
    &tripsage__vector_sql_words_total,
    &tripsage__vector_sql_words_total_service,
};

const tripsage__statement *const *tripsage__vector_statements(size_t *count)
{
    *count = sizeof statements / sizeof *statements;
    return statements;
}
