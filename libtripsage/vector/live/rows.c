/* rows.c: see rows.h. */
#include "rows.h"

#include <string.h>

#include "base/memory.h"
#include "terms.h"
#include "vector/kernels/kernels.h"

const tripsage__statement tripsage__live_sql_newest = {
    "vector_newest_change",
    "SELECT (SELECT max(v.change) FROM vector_change v WHERE v.collection_id = c.id) FROM vector_collection c WHERE "
    "c.id = $1",
    ""};
const tripsage__statement tripsage__live_sql_rows = {
    "vector_rows", "SELECT i.seq, i.owner_id, i.metadata, i.embedding FROM vector_item i WHERE i.collection_id = $1",
    ""};
const tripsage__statement tripsage__live_sql_changed = {
    "vector_changed_rows",
    "SELECT x.seq, i.owner_id, i.metadata, i.embedding FROM (SELECT DISTINCT v.seq FROM vector_change v "
    "WHERE v.collection_id = $1 AND v.change > $2 AND v.change <= $3) x "
    "LEFT JOIN vector_item i ON i.seq = x.seq AND i.collection_id = $1",
    ""};

/* Rows whose values lie in one piece: few allocations, and little is lost in the last one. */
#define ROWS_OF_BLOCK 256

static void forget_rows(void *context)
{
    tripsage__live_rows *rows = context;

    for (size_t i = 0; i < rows->block_count; i++)
        tripsage__free(rows->blocks[i]);
    rows->block_count = rows->block_used = rows->count = rows->term_count = 0;
}

void tripsage__live_rows_free(tripsage__live_rows *rows)
{
    forget_rows(rows);
    tripsage__free(rows->blocks);
    tripsage__free(rows->all);
    tripsage__free(rows->terms);
    rows->blocks = NULL;
    rows->all = NULL;
    rows->terms = NULL;
    rows->block_capacity = rows->capacity = rows->term_capacity = 0;
}

/* Room for `more` elements of `size` bytes behind `count`. */
static tripsage_status make_room(void **array, size_t *capacity, size_t count, size_t more, size_t size)
{
    size_t wanted = *capacity ? *capacity : 64;
    void *grown;

    if (*capacity >= count + more)
        return TRIPSAGE_OK;
    while (wanted < count + more)
        wanted *= 2;
    grown = tripsage__realloc(*array, wanted * size);
    if (!grown)
        return TRIPSAGE_NOMEM();
    *array = grown;
    *capacity = wanted;
    return TRIPSAGE_OK;
}

static tripsage_status next_values(tripsage__live_rows *rows, float **out)
{
    tripsage_status status;
    void *array = rows->blocks;

    if (rows->block_count == 0 || rows->block_used == ROWS_OF_BLOCK) {
        status = make_room(&array, &rows->block_capacity, rows->block_count, 1, sizeof *rows->blocks);
        rows->blocks = array;
        if (status != TRIPSAGE_OK)
            return status;
        rows->blocks[rows->block_count] = tripsage__malloc(ROWS_OF_BLOCK * rows->dimensions * sizeof(float));
        if (!rows->blocks[rows->block_count])
            return TRIPSAGE_NOMEM();
        rows->block_count++;
        rows->block_used = 0;
    }
    *out = rows->blocks[rows->block_count - 1] + rows->block_used++ * rows->dimensions;
    return TRIPSAGE_OK;
}

static tripsage_status copy_terms(tripsage__live_rows *rows, tripsage__live_row *to, const tripsage__row *row)
{
    size_t owner_size, metadata_size;
    const char *owner = tripsage__row_text(row, 1, &owner_size);
    const char *metadata = tripsage__row_text(row, 2, &metadata_size);
    void *array = rows->terms;
    tripsage_status status =
        make_room(&array, &rows->term_capacity, rows->term_count, TRIPSAGE__LIVE_TERMS_MAX, sizeof *rows->terms);

    rows->terms = array;
    if (status != TRIPSAGE_OK)
        return status;
    to->first_term = rows->term_count;
    to->term_count =
        tripsage__live_terms(rows->terms + rows->term_count, rows->key, owner, owner_size, metadata, metadata_size);
    rows->term_count += to->term_count;
    return TRIPSAGE_OK;
}

static tripsage_status copy_row(void *context, const tripsage__row *row)
{
    tripsage__live_rows *rows = context;
    tripsage__live_row *to;
    float *values;
    size_t size;
    const void *embedding;
    void *array = rows->all;
    tripsage_status status = make_room(&array, &rows->capacity, rows->count, 1, sizeof *rows->all);

    rows->all = array;
    if (status != TRIPSAGE_OK)
        return status;
    if (rows->stop && atomic_load_explicit(rows->stop, memory_order_relaxed))
        return TRIPSAGE_FAIL(TRIPSAGE_EBUSY, "the database is being closed");
    to = &rows->all[rows->count];
    memset(to, 0, sizeof *to);
    to->seq = tripsage__row_int(row, 0);
    if (!tripsage__row_is_null(row, 1)) {
        embedding = tripsage__row_blob(row, 3, &size);
        if (size != (size_t)rows->dimensions * 4)
            return TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "the vector of row %lld has %zu bytes", (long long)to->seq, size);
        TRIPSAGE_TRY(next_values(rows, &values));
        tripsage__kernel_load(values, embedding, rows->dimensions);
        to->values = values;
        TRIPSAGE_TRY(copy_terms(rows, to, row));
    }
    rows->count++;
out:
    return status;
}

static void forget_newest(void *context)
{
    ((tripsage__live_rows *)context)->found = 0;
}

static tripsage_status take_newest(void *context, const tripsage__row *row)
{
    tripsage__live_rows *rows = context;

    rows->found = 1;
    rows->newest = tripsage__row_int(row, 0);
    return TRIPSAGE_OK;
}

tripsage_status tripsage__live_read_all(tripsage__live_rows *rows)
{
    const tripsage__value id = tripsage__int(rows->collection_id);
    const tripsage__step steps[] = {
        {&tripsage__live_sql_newest, &id, 1, forget_newest, take_newest, rows, NULL},
        {&tripsage__live_sql_rows, &id, 1, forget_rows, copy_row, rows, NULL},
    };

    return tripsage__store_scan(rows->store, steps, 2);
}

tripsage_status tripsage__live_read_changes(tripsage__live_rows *rows, int64_t after, int64_t *upto)
{
    const tripsage__value params[] = {tripsage__int(rows->collection_id), tripsage__int(after),
                                      tripsage__int(after + TRIPSAGE__CHANGES_AT_ONCE)};
    const tripsage__step steps[] = {
        {&tripsage__live_sql_newest, params, 1, forget_newest, take_newest, rows, NULL},
        {&tripsage__live_sql_changed, params, 3, forget_rows, copy_row, rows, NULL},
    };
    tripsage_status status = tripsage__store_read(rows->store, NULL, steps, 2);

    *upto = rows->newest < after + TRIPSAGE__CHANGES_AT_ONCE ? rows->newest : after + TRIPSAGE__CHANGES_AT_ONCE;
    return status;
}

tripsage_index_item tripsage__live_item(const tripsage__live_rows *rows, size_t i)
{
    const tripsage__live_row *row = &rows->all[i];
    tripsage_index_item item;

    item.key = (uint64_t)row->seq;
    item.values = row->values;
    item.terms = rows->terms + row->first_term;
    item.term_count = row->term_count;
    return item;
}

tripsage_index_item *tripsage__live_items(const tripsage__live_rows *rows)
{
    tripsage_index_item *items = tripsage__malloc((rows->count + 1) * sizeof *items);

    for (size_t i = 0; items && i < rows->count; i++)
        items[i] = tripsage__live_item(rows, i);
    return items;
}
