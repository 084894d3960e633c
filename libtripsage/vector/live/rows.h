/* vector/live/rows.h: rows of items on their way into an index, copied out of a read. */
#ifndef TRIPSAGE_VECTOR_LIVE_ROWS_H
#define TRIPSAGE_VECTOR_LIVE_ROWS_H

#include <stdatomic.h>
#include <tripsage/index.h>

#include "vector/vector.h"

/* How many changes are kept, see migrations/sqlite/0012_vector_changes.sql. */
#define TRIPSAGE__CHANGES_KEPT 100000

/* Changes applied at a time: some tenths of a second, after which a close, or another collection, has its turn. */
#define TRIPSAGE__CHANGES_AT_ONCE 256

typedef struct tripsage__live_row {
    int64_t seq;
    const float *values; /* NULL: there is no such item any more */
    size_t first_term, term_count;
} tripsage__live_row;

typedef struct tripsage__live_rows {
    /* What is asked for. */
    tripsage__store *store;
    int64_t collection_id;
    uint32_t dimensions;
    uint64_t key[2];        /* of terms */
    const atomic_int *stop; /* not 0: the read ends with TRIPSAGE_EBUSY */

    /* What was found. */
    int found;      /* the collection */
    int64_t newest; /* number of its last change at the time of the read */
    tripsage__live_row *all;
    size_t count, capacity;
    uint64_t *terms;
    size_t term_count, term_capacity;
    float **blocks; /* where the values are */
    size_t block_count, block_capacity, block_used;
} tripsage__live_rows;

void tripsage__live_rows_free(tripsage__live_rows *rows);

/* All rows of the collection. Errors: TRIPSAGE_ECORRUPT (a row that no call of this library wrote). */
tripsage_status tripsage__live_read_all(tripsage__live_rows *rows);

/* The items of the changes behind `after`, at most TRIPSAGE__CHANGES_AT_ONCE of those, as they are now; *upto is the last of these changes.
 * */
tripsage_status tripsage__live_read_changes(tripsage__live_rows *rows, int64_t after, int64_t *upto);

/* For tripsage_index_build and _put; all of them have values. To be freed; refers to the rows. NULL without memory. */
tripsage_index_item *tripsage__live_items(const tripsage__live_rows *rows);
tripsage_index_item tripsage__live_item(const tripsage__live_rows *rows, size_t i);

extern const tripsage__statement tripsage__live_sql_newest, tripsage__live_sql_rows, tripsage__live_sql_changed;

#endif
