/* vector/vector_internal.h: what the files of the vector room share. */
#ifndef TRIPSAGE_VECTOR_VECTOR_INTERNAL_H
#define TRIPSAGE_VECTOR_VECTOR_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "live/live.h"
#include "vector.h"

/* Collections remembered by the handle: a program has a few. When there are more, the oldest memory makes room. */
#define TRIPSAGE__COLLECTIONS_REMEMBERED 16

/* 16 embedders of one handle: a program has one or two, and one for each model that it leaves behind. */
#define TRIPSAGE__EMBEDDERS_MAX 16u

struct tripsage_vector {
    tripsage__store *store;   /* a reference of its own */
    tripsage__env *env;       /* the store's */
    tripsage__live_set *live; /* NULL: the engine has indexes of its own */
    pthread_mutex_t lock;     /* guards what is remembered; never held while SQL runs */
    tripsage__collection remembered[TRIPSAGE__COLLECTIONS_REMEMBERED];
    size_t remembered_count; /* of all times; the next one goes to this place modulo the table */
    tripsage_embedder *embedders[TRIPSAGE__EMBEDDERS_MAX]; /* the first is built in */
    size_t embedder_count, standard;
    int has_embedding_key;
    unsigned char embedding_key[32];          /* a secret of the database */
    _Atomic size_t kept;                      /* embeddings put into the database by this handle */
    tripsage__before_search_fn before_search; /* NULL: nothing to do */
    void *before_search_context;
};

/* Whether what was remembered of a collection may be to blame: it is gone, or another one has its name, to which the vectors or texts may
 * well fit. */
int tripsage__collection_is_of_another_day(tripsage_status status);

/* TRIPSAGE_EFORBIDDEN for the catalogue's and the trips', whoever asks. `name` may be NULL. */
tripsage_status tripsage__collection_check_changeable(const char *name);

/* 16 KiB: what one text may have, as tripsage/vector.h says. */
#define TRIPSAGE__VECTOR_TEXT_MAX ((size_t)TRIPSAGE_VECTOR_TEXT_MAX)

/* Of a row of f32, aligned. */
double tripsage__vector_scan_score(const tripsage__vector_scan *scan, const void *row);

/* ---- rows for a scan, wherever they come from (exact.c) ---- */

/* Forgets what was gathered. */
void tripsage__vector_scan_begin(tripsage__vector_scan *scan);
/* A row (id, metadata, embedding, by which index) that the actor may find; *passes says whether it passes the filter. */
tripsage_status tripsage__vector_scan_take(tripsage__vector_scan *scan, const tripsage__row *row, int *passes);

/* ---- embedding.c ---- */

/* `options` may be NULL. Close on every path. */
tripsage_status tripsage__vector_embedders_open(tripsage_vector *vector, const tripsage_embedder_options *options);
void tripsage__vector_embedders_close(tripsage_vector *vector);

/* Whether texts for this collection have to be embedded before: it is of an embedder that may ask a server. */
int tripsage__vector_embeds_before(const tripsage__collection *collection);

/* Embeds texts with the embedder of the collection, all in one go and outside of any transaction. Errors name "/i/text" by the places of the
 * texts, or `field` where `places` is NULL. */
tripsage_status tripsage__vector_embed(float *out, tripsage_vector *vector, const tripsage__collection *collection,
                                       tripsage_embed_purpose purpose, const char *const *texts, size_t count,
                                       const size_t *places, const char *field);

/* The catalogue of statements, each beside the code that uses it. */
extern const tripsage__statement tripsage__vector_sql_batch_gate, tripsage__vector_sql_batch_put,
    tripsage__vector_sql_batch_unindex, tripsage__vector_sql_batch_unword, tripsage__vector_sql_batch_word,
    tripsage__vector_sql_batch_index, tripsage__vector_sql_collection_delete, tripsage__vector_sql_collection_empty,
    tripsage__vector_sql_collection_id, tripsage__vector_sql_collection_unindex, tripsage__vector_sql_collection_list,
    tripsage__vector_sql_collection_list_service, tripsage__vector_sql_collection_make,
    tripsage__vector_sql_collection_outdate, tripsage__vector_sql_collection_read, tripsage__vector_sql_embedding_evict,
    tripsage__vector_sql_embedding_find, tripsage__vector_sql_embedding_purge, tripsage__vector_sql_embedding_put,
    tripsage__vector_sql_embedding_touch, tripsage__vector_sql_index, tripsage__vector_sql_item_delete,
    tripsage__vector_sql_item_unindex, tripsage__vector_sql_scan_gate, tripsage__vector_sql_scan_rows,
    tripsage__vector_sql_scan_rows_service, tripsage__vector_sql_like, tripsage__vector_sql_like_rows,
    tripsage__vector_sql_like_rows_service, tripsage__vector_sql_words_total, tripsage__vector_sql_words_total_service,
    tripsage__vector_sql_words_spread, tripsage__vector_sql_words_spread_service, tripsage__vector_sql_words_rows,
    tripsage__vector_sql_words_rows_service;

#endif
