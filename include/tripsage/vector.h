/* tripsage/vector.h: search by meaning: collections of vectors, nearest neighbours, and text embedded in the process.
 *
 * A collection has a name, a dimension, a metric and the name of the embedder its vectors came from; all four are
 * fixed when it is made. An item has an id of the caller's choice, an owner (or none: then everybody may find it), metadata (a flat
 * JSON object of text, number or bool members) and a vector.
 *
 * Search always gives k items when k items pass the filter. Small collections are scanned exactly; large ones have an index (HNSW),
 * which finds nearly all of the nearest in a fraction of the time: on PostgreSQL pgvector's, once it is built
 * (tripsage_vector_index_build), on SQLite one of the library's own, which the first searches have built in the background, and which lies
 * beside the database as PATH-vector-N. It follows every commit, of other processes, too: what was committed before a search began is
 * found by it. The answer says how it was found. Scores are computed by the same arithmetic on both.
 *
 * Who sees what: a user finds and changes items it owns, and finds items without an owner; the service role finds
 * and changes all, and is the only one that may make collections and items without an owner. The collection "destinations"
 * is the catalogue's (tripsage/destination.h): everybody may search it, nobody changes it (TRIPSAGE_EFORBIDDEN).
 *
 * Errors every call on a handle may give besides those named: TRIPSAGE_EUNAUTHENTICATED (actor is NULL), TRIPSAGE_ENOMEM,
 * and what the store gives (tripsage/store.h). A failed call changes nothing and sets *out to NULL. Documents given are
 * the caller's to free.
 *
 * Threads: a handle may be shared. Writes are durable when they return (tripsage/store.h).
 */
#ifndef TRIPSAGE_VECTOR_H
#define TRIPSAGE_VECTOR_H

#include <stddef.h>
#include <stdint.h>

#include "auth.h"
#include "doc.h"
#include "embedder.h"
#include "runtime.h"

TRIPSAGE_BEGIN_DECLS

typedef struct tripsage_vector tripsage_vector;

typedef enum tripsage_metric {
    TRIPSAGE_COSINE = 1,        /* score = cosine similarity, -1..1 */
    TRIPSAGE_INNER_PRODUCT = 2, /* score = inner product */
    TRIPSAGE_L2 = 3             /* score = minus the Euclidean distance, so that more is always nearer */
} tripsage_metric;

/* 4,096: the largest dimension of the embedding models in use. */
#define TRIPSAGE_VECTOR_DIMENSIONS_MAX 4096u
/* 1,000: a page nobody reads further than; bounds the memory of one search. */
#define TRIPSAGE_VECTOR_K_MAX 1000u

/* 16,384 bytes: some 4,000 tokens, as much as embedding models read of one text and make one vector of; what is longer is to be cut into several. */
#define TRIPSAGE_VECTOR_TEXT_MAX 16384u
/* 100: a page of questions. Their answers lie in memory together. */
#define TRIPSAGE_VECTOR_QUERIES_MAX 100u

/* The embedder built into the library, and the dimension of what it makes. Deterministic, offline, English. */
#define TRIPSAGE_EMBEDDER_BUILTIN            "builtin-1"
#define TRIPSAGE_EMBEDDER_BUILTIN_DIMENSIONS 512u

/* Opens vectors alone over a database (see tripsage/store.h for URLs). `runtime` may be NULL and is copied.
 * Errors: those of tripsage_open. */
TRIPSAGE_API tripsage_status tripsage_vector_open(tripsage_vector **out, const char *url,
                                                  const tripsage_runtime *runtime);

/* Only for a handle from tripsage_vector_open. NULL is fine. */
TRIPSAGE_API void tripsage_vector_close(tripsage_vector *vector);

/* Lets texts be embedded for collections that remember an embedder of this name; the built-in one, and that of tripsage_options, are there
 * already. The handle keeps it until it is closed. Twice the same is once.
 * Errors: TRIPSAGE_EEXISTS (another one of its name), TRIPSAGE_ELIMIT (16), TRIPSAGE_EMISUSE (NULL). */
TRIPSAGE_API tripsage_status tripsage_vector_use_embedder(tripsage_vector *vector, tripsage_embedder *embedder);

/* The embedder of this name, or NULL when the handle has none. `name` NULL: the standard one, of tripsage_options or built in; a collection
 * for it is made with tripsage_embedder_name and tripsage_embedder_dimensions of it. Borrowed until the handle is closed. */
TRIPSAGE_API tripsage_embedder *tripsage_vector_embedder(tripsage_vector *vector, const char *name);

/* Makes a collection; finding it there already with the same four properties is success.
 * `embedder` may be NULL: vectors come from the caller. Only the service role.
 * Errors: TRIPSAGE_EINVALID ("#name": 1..64 of [a-z0-9_-], "#dimensions": 1..4096, and with an embedder that the handle has as many as it
 * gives, "#metric", "#embedder": 1..64 bytes of UTF-8), TRIPSAGE_EEXISTS (other properties), TRIPSAGE_EFORBIDDEN (another actor). */
TRIPSAGE_API tripsage_status tripsage_vector_collection_create(tripsage_vector *vector, const tripsage_actor *actor,
                                                               const char *name, uint32_t dimensions,
                                                               tripsage_metric metric, const char *embedder);

/* Deletes a collection with its items. Only the service role.
 * Errors: TRIPSAGE_ENOTFOUND, TRIPSAGE_EFORBIDDEN (another actor). */
TRIPSAGE_API tripsage_status tripsage_vector_collection_delete(tripsage_vector *vector, const tripsage_actor *actor,
                                                               const char *name);

/* All collections, by name: {"items":[{"name","dimensions","metric","embedder","count" (of the items the actor may find)}]} */
TRIPSAGE_API tripsage_status tripsage_vector_collections(tripsage_doc **out, tripsage_vector *vector,
                                                         const tripsage_actor *actor);

typedef struct tripsage_vector_item {
    const char *id; /* 1..128 bytes, unique in the collection */
    const char
        *owner_id; /* a user's UUID; NULL: everybody's. A user may only give its own id (or NULL meaning its own) */
    const char *metadata; /* JSON object text, at most 8 KiB; NULL: {} */
    const char
        *text; /* kept, and found by its words; embedded with the collection's embedder when `values` is NULL. At most
                             TRIPSAGE_VECTOR_TEXT_MAX bytes; NULL or "": none is kept */
    const float *values; /* finite numbers of at most 1e17; for cosine not all zero */
    size_t value_count;  /* how many `values` there are: the collection's dimension. Not read without `values` */
} tripsage_vector_item;

/* Inserts or replaces items, all or none. At most 1,000 a call (one transaction's worth).
 * Errors: TRIPSAGE_EINVALID (field "/i/id" and so on), TRIPSAGE_ENOTFOUND (collection), TRIPSAGE_EFORBIDDEN (an id that
 * belongs to somebody else, or an owner_id that is not the actor's). With texts also those of tripsage_embedder_embed, "/i/text" being of a
 * text without a word, or for which this handle has no embedder. The items are embedded before anything is written. */
TRIPSAGE_API tripsage_status tripsage_vector_upsert(tripsage_vector *vector, const tripsage_actor *actor,
                                                    const char *collection, const tripsage_vector_item *items,
                                                    size_t count);

/* Deletes one item. TRIPSAGE_ENOTFOUND also for an item the actor may not change. */
TRIPSAGE_API tripsage_status tripsage_vector_delete(tripsage_vector *vector, const tripsage_actor *actor,
                                                    const char *collection, const char *id);

/* What is looked for: something near to a vector (of `text`, of `values`, or of the item `like`), something that has `words`, or both. With both
 * there are two rankings, and an item's score is made of its ranks by reciprocal rank fusion (Cormack, Clarke and Buettcher, 2009): the sum of
 * weight / (60 + rank) over the rankings that have it, divided by what the first in both would have, so that it is at most 1. Scores
 * of different kinds never have to be compared. For a search by words and by meaning give the same string as `text` and as `words`.
 *
 * Words are compared in lower case, without diacritics and without the endings of English plurals and verb forms; any of them is enough, and the score is
 * BM25 (Robertson and Zaragoza, 2009; k1 = 1.2, b = 0.75) over the texts of the collection that the actor may find. */
typedef struct tripsage_vector_query {
    uint32_t version;    /* set by TRIPSAGE_VECTOR_QUERY_INIT. Version 1 ends with has_min_score */
    const char *text;    /* embedded with the collection's embedder; or */
    const float *values; /* a vector, checked like an item's. At most one of text, values and like */
    size_t value_count;  /* how many `values` there are: the collection's dimension. Not read without `values` */
    uint32_t k;          /* 0: 10 */
    const char *
        filter; /* JSON object: every member must equal the item's metadata member; NULL: all. Holds for both rankings */
    double min_score; /* only used with has_min_score: of the nearness where there is a vector, else of the words */
    int has_min_score;
    const char *like;  /* the id of an item the actor may find: what is near to it, without itself */
    const char *words; /* at most TRIPSAGE_VECTOR_TEXT_MAX bytes; NULL: words do not matter */
    uint32_t
        depth; /* how far down each of two rankings counts, at least k; 0: 100, for what stands further down is no recommendation */
    double vector_weight, words_weight; /* of the two rankings, not negative; both 0: 1 and 1 */
} tripsage_vector_query;

#define TRIPSAGE_VECTOR_QUERY_INIT                                                                                     \
    {                                                                                                                  \
        2, NULL, NULL, 0, 0, NULL, 0.0, 0, NULL, NULL, 0, 0.0, 0.0                                                     \
    }

/* The best items: {"items":[{"id","score","metadata"}],"method"}; best first, ties by id. "method" says how they were found:
 *   "exact"|"hnsw"  by nearness, among all or by an index
 *   "bm25"          by words
 *   "hybrid"        by both. Then there is "vector":"exact"|"hnsw" beside it, and each item says where it came from:
 *                   "lists":{"vector":{"rank","score"},"words":{"rank","score"}}, one of them or both. Of equals, what has the words is first.
 * Errors: TRIPSAGE_ENOTFOUND (collection; the item `like`), TRIPSAGE_EINVALID ("#query": its version; "#text", "#values": more than one of the three, or
 * without a word or a direction, or nothing to look for; "#words": without a word, too long; "#k", "#filter", "#min_score", "#depth", "#weights"). */
TRIPSAGE_API tripsage_status tripsage_vector_search(tripsage_doc **out, tripsage_vector *vector,
                                                    const tripsage_actor *actor, const char *collection,
                                                    const tripsage_vector_query *query);

/* Many searches of one collection at once, under one snapshot, and on PostgreSQL in one round trip:
 * {"results":[...]}, each as of tripsage_vector_search, in the order of the queries.
 * Errors: those of tripsage_vector_search, of the first query that has one and with its place before the field ("/3/k"); TRIPSAGE_EINVALID ("#count": 1..100). */
TRIPSAGE_API tripsage_status tripsage_vector_search_many(tripsage_doc **out, tripsage_vector *vector,
                                                         const tripsage_actor *actor, const char *collection,
                                                         const tripsage_vector_query *const *queries, size_t count);

/* How a collection's index is: {"collection","items","index","bytes","needs_build"}, "index" being
 *   "none"      there is nothing to build: a scan is as fast, or no index takes such vectors (on PostgreSQL above 4,000
 *               dimensions, and above 2,000 unless the metric is cosine)
 *   "missing"   searches scan more than is good: build it (on SQLite the next search has it built)
 *   "building"  somebody is at it; searches scan meanwhile
 *   "broken"    a build was cut off, or failed: build it
 *   "ready"     searches use it, and writes keep it up to date
 * On SQLite it is this handle's, and besides are told: where it is ready "from" ("snapshot": its file, "rows": it was built) and "pending"
 * (changes not yet in it, which searches look at by themselves), while it is built "done" of "total", and where something was wrong with
 * it or its file, "reason".
 * Counts the items. Only the service role. Errors: TRIPSAGE_ENOTFOUND, TRIPSAGE_EFORBIDDEN (another actor). */
TRIPSAGE_API tripsage_status tripsage_vector_index(tripsage_doc **out, tripsage_vector *vector,
                                                   const tripsage_actor *actor, const char *collection);

/* Is told about twice a second, on the thread that builds, how far it is: `done` of `total` (0: nobody knows) in what `phase` says, which is
 * borrowed until it returns. */
typedef void (*tripsage_vector_progress_fn)(void *user, const char *phase, int64_t done, int64_t total);

/* Builds the index where it is missing or broken; with `rebuild`, also where it is ready. Others read and write meanwhile. Does nothing
 * where nothing is to be done, and gives the state it leaves behind, as tripsage_vector_index does. Takes a minute for some 100,000 items; call
 * it after loading many, and now and then. `progress` may be NULL. Only the service role.
 * Errors: TRIPSAGE_ENOTFOUND, TRIPSAGE_EFORBIDDEN (another actor; on PostgreSQL also a login that does not own the tables), TRIPSAGE_EUNAVAILABLE. */
TRIPSAGE_API tripsage_status tripsage_vector_index_build(tripsage_doc **out, tripsage_vector *vector,
                                                         const tripsage_actor *actor, const char *collection,
                                                         int rebuild, tripsage_vector_progress_fn progress, void *user);

/* Embeds a text with the built-in embedder: `out` has room for TRIPSAGE_EMBEDDER_BUILTIN_DIMENSIONS floats; unit length (all
 * zero for a text without a word). Algorithm: signed feature hashing of words and character trigrams (Weinberger et
 * al., 2009) beside a hand-made thesaurus of travel concepts. No allocation; from any thread.
 * Errors: TRIPSAGE_EMISUSE (`out` is NULL, or `text` with a length). */
TRIPSAGE_API tripsage_status tripsage_embed(float *out, const char *text, size_t length);

TRIPSAGE_END_DECLS

#endif
