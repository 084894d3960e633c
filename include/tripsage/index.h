/* tripsage/index.h: an index of vectors in memory, by itself: keys and vectors in, the nearest keys out. No store, no owners, no text:
 * tripsage/vector.h puts those on top. A program that has its rows elsewhere links only this.
 *
 * The index is a graph of the HNSW family (Malkov and Yashunin, 2018) over quantised vectors. Each vector is moved to the mean's place
 * and rotated at
 * random, and kept as a short code, which the walk through the graph compares with, and a longer remainder, with which the nearest are
 * ranked
 * again: some 12 bits a dimension together. Vectors themselves are not kept: a score is the code's, and differs from the exact one by
 * at most what `error` of a hit says.
 *
 * Search always gives k hits when k items pass the filter, whatever the filter (see tripsage_index_query).
 *
 * Threads: a handle may be shared. Searches take no lock and wait for nobody; put, remove, build and save wait for each other.
 * What was put before a search began is found by it.
 *
 * Errors every call may give besides those named: TRIPSAGE_ENOMEM. A failed call changes nothing. Nothing is kept of what is given. */
#ifndef TRIPSAGE_INDEX_H
#define TRIPSAGE_INDEX_H

#include <stddef.h>
#include <stdint.h>

#include "runtime.h"
#include "vector.h"

TRIPSAGE_BEGIN_DECLS

typedef struct tripsage_index tripsage_index;

typedef struct tripsage_index_options {
    uint32_t version;       /* 1; set by TRIPSAGE_INDEX_OPTIONS_INIT */
    uint32_t dimensions;    /* 1..TRIPSAGE_VECTOR_DIMENSIONS_MAX */
    tripsage_metric metric; /* cosine: vectors are brought to unit length */
    uint32_t degree;        /* edges of a node at the lowest level, 8..128; 0: 32, and 40 from 256 dimensions on */
    /* of the short code, 4 or 8 a dimension; 0: 4, but 8 below 32 dimensions, and where a build finds that 4 do not tell
     * the nearest */
    uint32_t bits;
    uint32_t build_width; /* candidates looked at for a new node (efConstruction), 16..2,000; 0: 200 */
    uint64_t seed; /* of levels and rotation. With one thread the same items in the same order give the same index */
} tripsage_index_options;

#define TRIPSAGE_INDEX_OPTIONS_INIT                                                                                    \
    {                                                                                                                  \
        1, 0, TRIPSAGE_COSINE, 0, 0, 0, 0                                                                              \
    }

typedef struct tripsage_index_item {
    uint64_t key;          /* the caller's; any number but UINT64_MAX */
    const float *values;   /* `dimensions` finite numbers of at most 1e17; for cosine not all zero */
    const uint64_t *terms; /* what a filter may ask for, such as hashes of "owner=..." and "lang=..."; each once */
    size_t term_count;     /* at most 64: what a row's metadata has */
} tripsage_index_item;

/* One clause of a filter: passes what has any of these terms. */
typedef struct tripsage_index_clause {
    const uint64_t *terms;
    size_t count;
} tripsage_index_clause;

typedef struct tripsage_index_query {
    uint32_t version;    /* 1; set by TRIPSAGE_INDEX_QUERY_INIT */
    const float *values; /* as an item's */
    uint32_t k;          /* 1..TRIPSAGE_VECTOR_K_MAX */
    uint32_t width;      /* candidates kept on the way (ef), at least k; 0: for a recall of some 0.97 */
    int exact;           /* look at every item that passes */
    const tripsage_index_clause *clauses; /* every clause must pass */
    size_t clause_count;                  /* 0: everything passes */
} tripsage_index_query;

#define TRIPSAGE_INDEX_QUERY_INIT                                                                                      \
    {                                                                                                                  \
        1, NULL, 10, 0, 0, NULL, 0                                                                                     \
    }

typedef struct tripsage_index_hit {
    uint64_t key;
    float score; /* as in tripsage_metric: more is nearer; for L2 minus the distance */
    float error; /* the exact score is at most this far from it */
} tripsage_index_hit;

typedef enum tripsage_index_plan {
    TRIPSAGE_PLAN_SCAN = 1,   /* every item that passes was looked at */
    TRIPSAGE_PLAN_GRAPH = 2,  /* the graph was walked; there was no filter, or nearly everything passes it */
    TRIPSAGE_PLAN_FILTER = 3, /* the graph was walked for what passes */
    TRIPSAGE_PLAN_TURNED = 4  /* the walk met too little that passes: every item that passes was looked at */
} tripsage_index_plan;

/* What one search found. `hits` is the caller's, with room for `capacity` hits, at least k. After a scan (both kinds) with more room than
 * k, those are given
 * besides whose exact score could be among the k best, as far as there is room; `is_certain` says that none of them is missing. */
typedef struct tripsage_index_result {
    tripsage_index_hit *hits;
    size_t capacity;
    size_t count;
    tripsage_index_plan plan;
    int is_certain;
    uint64_t looked_at; /* items compared with */
} tripsage_index_result;

/* `runtime` may be NULL and is copied. Errors: TRIPSAGE_EINVALID ("#dimensions" ... the option that is wrong). */
TRIPSAGE_API tripsage_status tripsage_index_new(tripsage_index **out, const tripsage_index_options *options,
                                                const tripsage_runtime *runtime);

/* Nobody may be using it. NULL is fine. */
TRIPSAGE_API void tripsage_index_free(tripsage_index *index);

/* Fills an empty index with `count` items, on `threads` threads (0: one for each processor), much faster than one by one; what is chosen
 * from the data is chosen
 * here. `progress` may be NULL (tripsage/vector.h). Errors: TRIPSAGE_EINVALID ("/i/values", "/i/key": twice ...), TRIPSAGE_EMISUSE (not
 * empty). */
TRIPSAGE_API tripsage_status tripsage_index_build(tripsage_index *index, const tripsage_index_item *items, size_t count,
                                                  unsigned threads, tripsage_vector_progress_fn progress, void *user);

/* Puts an item in, instead of one with its key. Errors: TRIPSAGE_EINVALID ("#values", "#key", "#terms"). */
TRIPSAGE_API tripsage_status tripsage_index_put(tripsage_index *index, const tripsage_index_item *item);

/* Takes an item out. Now and then mends the graph around all that are gone. Errors: TRIPSAGE_ENOTFOUND. */
TRIPSAGE_API tripsage_status tripsage_index_remove(tripsage_index *index, uint64_t key);

/* The nearest, best first; ties by key. Errors: TRIPSAGE_EINVALID ("#query": its version; "#values", "#k", "#width", "#clauses"),
 * TRIPSAGE_EMISUSE
 * (`capacity` below k). */
TRIPSAGE_API tripsage_status tripsage_index_search(tripsage_index_result *result, tripsage_index *index,
                                                   const tripsage_index_query *query);

/* Writes a snapshot, whole or not at all: to a file beside it, made durable, then renamed. `mark` is the caller's, such as how far its
 * log was
 * followed. Format: docs/vector-format.md. Errors: TRIPSAGE_EIO. */
TRIPSAGE_API tripsage_status tripsage_index_save(tripsage_index *index, const char *path, uint64_t mark);

/* Maps a snapshot and is ready at once; changes stay in memory until the next save. What is mapped is checked: the head, the tables, and
 * each array's
 * checksum. Errors: TRIPSAGE_ENOTFOUND, TRIPSAGE_ECORRUPT (with what is wrong), TRIPSAGE_EIO. */
TRIPSAGE_API tripsage_status tripsage_index_open(tripsage_index **out, const char *path,
                                                 const tripsage_runtime *runtime);

typedef struct tripsage_index_stats {
    uint32_t dimensions, degree, bits, levels;
    tripsage_metric metric;
    uint64_t count;                              /* items */
    uint64_t removed;                            /* places of items that are gone and not given to others yet */
    uint64_t mark;                               /* of the snapshot it was opened from; 0 */
    uint64_t link_bytes, code_bytes, term_bytes; /* edges; codes and remainders; terms and their lists */
    uint64_t total_bytes;                        /* all that is in use for it, those and the rest */
} tripsage_index_stats;

/* What an index holds and takes. Cannot fail; waits for a change that is under way. */
TRIPSAGE_API void tripsage_index_get_stats(tripsage_index_stats *out, tripsage_index *index);

TRIPSAGE_END_DECLS

#endif
