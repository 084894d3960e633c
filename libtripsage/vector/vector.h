/* vector/vector.h: what the vector room shows its neighbours beside tripsage/vector.h: the handle over a store, and rows and searches of
 * vectors as steps of a neighbour's own write or read, so that a vector commits with the record it belongs to, and a
 * search that asks for more than vectors is still one call of the store. */
#ifndef TRIPSAGE_VECTOR_VECTOR_H
#define TRIPSAGE_VECTOR_VECTOR_H

#include <tripsage/vector.h>

#include "store/store.h"
#include "words.h"

/* tripsage_embed() without its checks. 0 when the text has no word: the vector is all zero then. */
int tripsage__embed(float *out, const char *text, size_t length);

/* Takes a reference to the store. `embedder` is the standard one (see tripsage_vector_embedder); NULL: the built-in one. Close with
 * tripsage__vector_free; NULL is fine. */
tripsage_status tripsage__vector_new(tripsage_vector **out, tripsage__store *store,
                                     const tripsage_embedder_options *embedder);
void tripsage__vector_free(tripsage_vector *vector);

/* Deletes embeddings kept in the database that nobody asked for in a month; gives how many. */
tripsage_status tripsage__vector_purge(int64_t *embeddings, tripsage_vector *vector);

/* Every statement of the room, for the plan test. */
const tripsage__statement *const *tripsage__vector_statements(size_t *count);

#define TRIPSAGE__COLLECTION_NAME_MAX 64
#define TRIPSAGE__EMBEDDER_NAME_MAX   64

/* What is fixed when a collection is made. Statements name a collection by all four, so that who remembers them from earlier
 * notices when another one has taken the name. */
typedef struct tripsage__collection {
    char name[TRIPSAGE__COLLECTION_NAME_MAX + 1];
    uint32_t dimensions;
    tripsage_metric metric;
    char embedder[TRIPSAGE__EMBEDDER_NAME_MAX + 1]; /* "": vectors come from the caller */
} tripsage__collection;

/* The collection the catalogue of destinations stands in: the calls of tripsage/vector.h search it and leave it alone, because the rows
 * are written again only when the catalogue changes. Neighbours write it by steps. */
#define TRIPSAGE__COLLECTION_CATALOGUE "destinations"
/* That of trips, each with its trip's id, written when it is asked for. */
#define TRIPSAGE__COLLECTION_TRIPS "trips"

/* What a neighbour has to do before its collections are searched by the calls of tripsage/vector.h: it may still have to write what is to
 * be found. Called with the name of every collection that is searched; set before the handle is in other hands, and `context` must outlive
 * the searches. */
typedef tripsage_status (*tripsage__before_search_fn)(void *context, const char *collection);
void tripsage__vector_before_search(tripsage_vector *vector, tripsage__before_search_fn call, void *context);

/* The properties of a collection, from memory or from the store. They never change under one name while the collection lives;
 * after TRIPSAGE_ENOTFOUND of a later call, forget it and ask once more. Errors: TRIPSAGE_ENOTFOUND. */
tripsage_status tripsage__collection_find(tripsage__collection *out, tripsage_vector *vector, const char *name);
void tripsage__collection_forget(tripsage_vector *vector, const char *name);

/* What a statement has to say to mean exactly this collection, with $1..$4 from tripsage__collection_values(). */
#define TRIPSAGE__SQL_COLLECTION                                                                                       \
    "(SELECT c.id FROM vector_collection c WHERE c.name = $1 AND c.dimensions = $2 AND c.metric = $3 AND "             \
    "c.embedder = $4)"
void tripsage__collection_values(tripsage__value out[4], const tripsage__collection *collection);

/* Reads a query's vector, or embeds its text: `out` has room for the collection's dimension. Errors name the two fields. A handle of NULL has the
 * built-in embedder alone. May ask a server, so no transaction is open meanwhile. */
tripsage_status tripsage__vector_resolve(float *out, tripsage_vector *vector, const tripsage__collection *collection,
                                         const char *text, const float *values, size_t value_count,
                                         const char *text_field, const char *values_field);

/* ---- collections as steps ---- */

typedef struct tripsage__collection_params {
    tripsage__value values[6];
    int64_t now;
} tripsage__collection_params;

/* Deletes a collection of the name that is another one: made with an earlier embedder. It has no texts. */
tripsage__step tripsage__collection_outdate_step(tripsage__collection_params *params,
                                                 const tripsage__collection *collection);
/* Makes the collection unless its name is taken. */
tripsage__step tripsage__collection_make_step(tripsage__collection_params *params,
                                              const tripsage__collection *collection, int64_t now_ms);
#define TRIPSAGE__COLLECTION_EMPTY_STEPS 2
/* Delete all its items. */
void tripsage__collection_empty_steps(tripsage__collection_params *params, const tripsage__collection *collection,
                                      tripsage__step out[TRIPSAGE__COLLECTION_EMPTY_STEPS]);

/* ---- items as steps ---- */

#define TRIPSAGE__VECTOR_BATCH_STEPS 6

/* Items on their way into a collection: checked, embedded, packed. */
typedef struct tripsage__vector_batch {
    tripsage__buf rows;     /* JSON: [[id, owner, metadata, text, words, their number], ...] */
    unsigned char *vectors; /* one after the other, little-endian */
    tripsage__value values[9];
    /* What the first step found. */
    int found;   /* the collection */
    int foreign; /* an id that is somebody else's */
} tripsage__vector_batch;

/* Items with vectors beside their texts, where those have to be embedded before the batch is made (as above). Free on every path. */
typedef struct tripsage__vector_texts {
    const tripsage_vector_item *items; /* the caller's, or the copies */
    tripsage_vector_item *copies;
    float *rows;
} tripsage__vector_texts;

tripsage_status tripsage__vector_texts_embed(tripsage__vector_texts *out, tripsage_vector *vector,
                                             const tripsage__collection *collection, const tripsage_vector_item *items,
                                             size_t count);
void tripsage__vector_texts_free(tripsage__vector_texts *texts);

/* The same checks and errors as tripsage_vector_upsert. Everything is copied. Free on every path. */
tripsage_status tripsage__vector_batch_init(tripsage__vector_batch *batch, const tripsage__collection *collection,
                                            const tripsage_actor *actor, const tripsage_vector_item *items,
                                            size_t count, int64_t now_ms);
void tripsage__vector_batch_free(tripsage__vector_batch *batch);
/* Steps for a write; the batch stays where it is until the write is done. */
void tripsage__vector_batch_steps(tripsage__vector_batch *batch, tripsage__step out[TRIPSAGE__VECTOR_BATCH_STEPS]);
/* After the write: TRIPSAGE_OK, TRIPSAGE_ENOTFOUND (no such collection any more), TRIPSAGE_EFORBIDDEN; the guards of the steps have refused the
 * same, but only the batch's own rows: put the batch last or check for the collection first. */
tripsage_status tripsage__vector_batch_check(const tripsage__vector_batch *batch);

/* Of a row of vector_text, as FTS5 has to be told to forget it before it goes: reads `t`. A neighbour that deletes items says so first. */
#define TRIPSAGE__SQL_FORGET_WORDS                                                                                     \
    "INSERT INTO vector_words (vector_words, rowid, scope, terms) SELECT 'delete', t.seq, t.scope, t.terms FROM "

/* ---- searches as steps ---- */

#define TRIPSAGE__VECTOR_SCAN_STEPS 2

typedef struct tripsage__vector_hit {
    double score;
    char *id;
    char *metadata;
} tripsage__vector_hit;

/* The k nearest so far, while rows come by: all that the actor may find, or those that an engine with an index of its own found. */
typedef struct tripsage__vector_scan {
    tripsage__collection collection;
    float *query;   /* unit length for cosine */
    float *scratch; /* the row at hand, when it comes in another order of bytes */
    const struct tripsage__kernel_table *kernels;
    uint32_t k;
    double min_score;
    tripsage__buf filter;  /* canonical, see metadata.h; empty: none */
    unsigned char *packed; /* the query as it is stored */
    tripsage__value values[8];
    int is_service;
    int found;    /* the collection */
    int64_t seen; /* rows that were looked at */
    int by_index; /* not every row that passes was looked at */
    tripsage__vector_hit
        *hits; /* a heap with the worst on top while rows come; best first after tripsage__vector_scan_end */
    size_t count;
} tripsage__vector_scan;

/* `query` has the collection's dimension; NULL: it comes from an item (hybrid_like.h). `filter` as in tripsage_vector_query. Free on
 * every path. */
tripsage_status tripsage__vector_scan_init(tripsage__vector_scan *scan, const tripsage__collection *collection,
                                           const tripsage_actor *actor, const float *query, uint32_t k,
                                           const char *filter, double min_score);
void tripsage__vector_scan_free(tripsage__vector_scan *scan);
/* Steps for a read; the scan stays where it is until the read is done. */
void tripsage__vector_scan_steps(tripsage__vector_scan *scan, tripsage__step out[TRIPSAGE__VECTOR_SCAN_STEPS]);
/* After the read: puts the hits in order. TRIPSAGE_ENOTFOUND (no such collection any more). */
tripsage_status tripsage__vector_scan_end(tripsage__vector_scan *scan);

/* A vector as a statement gives it: as it is stored, or with the highest byte of each number first, as it comes across a network. */
typedef struct tripsage__stored_vector {
    const void *bytes;
    size_t size;
    int from_network;
} tripsage__stored_vector;

/* For a neighbour whose own statement gives the rows, of items it joins with records: the scan is made without steps, and forgets what
 * was found when they begin; a stored vector becomes the query; a row's score, and whether it is among the best so far; those are kept
 * with an id and what the neighbour likes to have in the place of metadata. Best first after tripsage__vector_scan_order.
 * TRIPSAGE_ECORRUPT for a vector of another length. */
void tripsage__vector_scan_forget(tripsage__vector_scan *scan);
tripsage_status tripsage__vector_scan_aim(tripsage__vector_scan *scan, tripsage__stored_vector vector);
tripsage_status tripsage__vector_scan_measure(double *score, tripsage__vector_scan *scan,
                                              tripsage__stored_vector vector);
int tripsage__vector_scan_wants(const tripsage__vector_scan *scan, double score, const char *id);
tripsage_status tripsage__vector_scan_keep(tripsage__vector_scan *scan, double score, const char *id,
                                           const char *metadata, size_t metadata_size);
void tripsage__vector_scan_order(tripsage__vector_scan *scan);

/* n numbers as they are stored. */
void tripsage__vector_pack(unsigned char *out, const float *values, size_t n);

#endif
