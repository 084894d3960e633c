/* vector/vector_internal.h: what the files of the vector room share. */
#ifndef TRIPSAGE_VECTOR_VECTOR_INTERNAL_H
#define TRIPSAGE_VECTOR_VECTOR_INTERNAL_H

#include <pthread.h>

#include "vector.h"

/* Collections remembered by the handle: a program has a few. When there are more, the oldest memory makes room. */
#define TRIPSAGE__COLLECTIONS_REMEMBERED 16

struct tripsage_vector {
    tripsage__store *store; /* a reference of its own */
    tripsage__env *env;     /* the store's */
    pthread_mutex_t lock;   /* guards what is remembered; never held while SQL runs */
    tripsage__collection remembered[TRIPSAGE__COLLECTIONS_REMEMBERED];
    size_t remembered_count; /* of all times; the next one goes to this place modulo the table */
};

/* TRIPSAGE_EFORBIDDEN for the catalogue's, whoever asks. `name` may be NULL. */
tripsage_status tripsage__collection_check_changeable(const char *name);

/* The catalogue of statements, each beside the code that uses it. */
extern const tripsage__statement tripsage__vector_sql_batch_gate, tripsage__vector_sql_batch_put,
    tripsage__vector_sql_collection_delete, tripsage__vector_sql_collection_empty, tripsage__vector_sql_collection_list,
    tripsage__vector_sql_collection_list_service, tripsage__vector_sql_collection_make,
    tripsage__vector_sql_collection_read, tripsage__vector_sql_index, tripsage__vector_sql_item_delete,
    tripsage__vector_sql_scan_gate, tripsage__vector_sql_scan_rows, tripsage__vector_sql_scan_rows_service;

#endif
