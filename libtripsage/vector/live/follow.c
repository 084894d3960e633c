/* follow.c: an index from rows, and brought up to them. */
#include "base/error.h"
#include "base/memory.h"
#include "live_internal.h"
#include "vector/graph/graph_internal.h"

static void init_rows(tripsage__live_rows *rows, tripsage__live_set *set, const live *l)
{
    static const tripsage__live_rows none = {0};

    *rows = none;
    rows->store = set->store;
    rows->collection_id = l->id;
    rows->dimensions = l->collection.dimensions;
    rows->key[0] = set->key[0];
    rows->key[1] = set->key[1];
}

/* ---- following ---- */

static tripsage_status apply(tripsage_index *index, const tripsage__live_rows *rows)
{
    tripsage_status status = TRIPSAGE_OK;

    for (size_t i = 0; i < rows->count && status == TRIPSAGE_OK; i++) {
        const tripsage_index_item item = tripsage__live_item(rows, i);

        status = item.values ? tripsage_index_put(index, &item) : tripsage_index_remove(index, item.key);
        if (status == TRIPSAGE_ENOTFOUND)
            status = TRIPSAGE_OK; /* came and went between two looks */
    }
    return status;
}

tripsage_status tripsage__live_follow(tripsage__live_set *set, live *l, int64_t *newest)
{
    held *h = l->held;
    int64_t applied = atomic_load(&h->applied), upto;
    tripsage__live_rows rows;
    tripsage_index_stats stats;
    tripsage_status status;

    init_rows(&rows, set, l);
    TRIPSAGE_TRY(tripsage__live_read_changes(&rows, applied, &upto));
    if (!rows.found) {
        status = TRIPSAGE_FAIL(TRIPSAGE_ENOTFOUND, "the collection is gone");
        goto out;
    }
    *newest = rows.newest;
    if (rows.newest < applied || rows.newest - TRIPSAGE__CHANGES_KEPT > applied) {
        status = TRIPSAGE_FAIL(TRIPSAGE_ECONFLICT, "changes behind %lld are not to be had: the newest is %lld",
                               (long long)applied, (long long)rows.newest);
        goto out;
    }
    TRIPSAGE_TRY(apply(h->index, &rows));
    tripsage_index_get_stats(&stats, h->index);
    atomic_store(&h->count, stats.count);
    atomic_store(&h->applied, upto);
out:
    tripsage__live_rows_free(&rows);
    return status;
}

/* ---- building ---- */

static tripsage_status build(tripsage_index **out, const tripsage__collection *collection,
                             const tripsage__live_rows *rows, unsigned threads, tripsage_vector_progress_fn progress,
                             void *user, const atomic_int *stop)
{
    tripsage_index_options options = TRIPSAGE_INDEX_OPTIONS_INIT;
    tripsage_index_item *items = tripsage__live_items(rows);
    tripsage_status status;

    if (!items)
        return TRIPSAGE_NOMEM();
    options.dimensions = collection->dimensions;
    options.metric = collection->metric;
    TRIPSAGE_TRY(tripsage_index_new(out, &options, NULL));
    if (rows->count)
        status = tripsage__graph_build(*out, items, rows->count, threads, progress, user, stop);
out:
    tripsage__free(items);
    return status;
}

tripsage_status tripsage__live_make(tripsage__live_set *set, live *l, unsigned threads,
                                    tripsage_vector_progress_fn progress, void *user, const atomic_int *stop)
{
    tripsage__live_rows rows;
    tripsage_index *index = NULL;
    held *fresh;
    tripsage_status status;

    init_rows(&rows, set, l);
    rows.stop = stop;
    TRIPSAGE_TRY(tripsage__live_read_all(&rows));
    if (!rows.found) {
        status = TRIPSAGE_FAIL(TRIPSAGE_ENOTFOUND, "the collection is gone");
        goto out;
    }
    TRIPSAGE_TRY(build(&index, &l->collection, &rows, threads, progress, user, stop));
    fresh = tripsage__held_new(index, rows.newest);
    index = NULL;
    if (!fresh) {
        status = TRIPSAGE_NOMEM();
        goto out;
    }
    tripsage__live_adopt(set, l, fresh, 0, -1);
out:
    tripsage_index_free(index);
    tripsage__live_rows_free(&rows);
    return status;
}
