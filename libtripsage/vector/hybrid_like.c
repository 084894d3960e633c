/* hybrid_like.c: see hybrid_like.h. On SQLite the first statement gives the vector that the rows behind it are compared with. PostgreSQL,
 * which compares by itself, looks the item up once more where it searches. */
#include "hybrid_like.h"

/* $1..$8 those of a scan, $9 the item's id, $10 service */
#define OF_ITEM "o.id = $9 AND (o.owner_id IN ('', $5) OR $10 = 1)"

/* The last column says how the vector comes: NULL as it is stored, else as across a network. */
const tripsage__statement tripsage__vector_sql_like = {
    "vector_like",
    "SELECT o.embedding, NULL FROM vector_item o WHERE o.collection_id = " TRIPSAGE__SQL_COLLECTION " AND " OF_ITEM,
    "SELECT vector_numbers(o.embedding), true FROM vector_item o WHERE o.collection_id = " TRIPSAGE__SQL_COLLECTION
    " AND " OF_ITEM};

#define PG_ROWS(owner)                                                                                                 \
    "SELECT s.id, s.metadata, s.embedding, s.method = 'hnsw' FROM vector_item o, vector_search($1, $2, $3, $4, " owner \
    ", o.embedding::real[], $7, $8) s WHERE o.collection_id = " TRIPSAGE__SQL_COLLECTION " AND " OF_ITEM
#define SQLITE_ROWS                                                                                                    \
    "SELECT i.id, i.metadata, i.embedding, NULL FROM vector_item i WHERE i.collection_id = " TRIPSAGE__SQL_COLLECTION

const tripsage__statement tripsage__vector_sql_like_rows = {"vector_like_rows",
                                                            SQLITE_ROWS " AND i.owner_id IN ('', $5)", PG_ROWS("$5")};
const tripsage__statement tripsage__vector_sql_like_rows_service = {"vector_like_rows_service", SQLITE_ROWS,
                                                                    PG_ROWS("NULL")};

static void begin_like(void *context)
{
    ((tripsage__vector_like *)context)->found = 0;
}

static tripsage_status on_like(void *context, const tripsage__row *row)
{
    tripsage__vector_like *like = context;
    tripsage__stored_vector vector;

    vector.bytes = tripsage__row_blob(row, 0, &vector.size);
    vector.from_network = !tripsage__row_is_null(row, 1);
    like->found = 1;
    return tripsage__vector_scan_aim(like->scan, vector);
}

tripsage__step tripsage__vector_like_find_step(tripsage__vector_like *like, tripsage__vector_scan *scan, const char *id)
{
    const tripsage__step find = {&tripsage__vector_sql_like, like->values, 10, begin_like, on_like, like, NULL};

    like->scan = scan;
    like->id = id;
    like->found = 0;
    memcpy(like->values, scan->values, sizeof scan->values);
    like->values[8] = tripsage__text(id);
    like->values[9] = tripsage__int(scan->is_service);
    return find;
}

void tripsage__vector_like_steps(tripsage__vector_like *like, tripsage__vector_scan *scan, const char *id,
                                 tripsage__step out[TRIPSAGE__VECTOR_LIKE_STEPS])
{
    out[0] = tripsage__vector_like_find_step(like, scan, id);
    tripsage__vector_scan_steps(scan, out + 1);
    out[2].statement = scan->is_service ? &tripsage__vector_sql_like_rows_service : &tripsage__vector_sql_like_rows;
    out[2].params = like->values;
    out[2].param_count = 10;
}

tripsage_status tripsage__vector_like_end(const tripsage__vector_like *like)
{
    return like->found ? TRIPSAGE_OK : TRIPSAGE_FAIL(TRIPSAGE_ENOTFOUND, "there is no item %.128s", like->id);
}
