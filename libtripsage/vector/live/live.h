/* vector/live/live.h: for each large collection of a database that is a file here (or in memory), an index in this process that follows
 * what is committed, by whichever process.
 *
 * The rows are the truth. Each change of one has a number, in the transaction that made it (migrations/sqlite/0012_vector_changes.sql), and
 * an index has applied all up to some number. A search asks the index first and reads afterwards: the rows behind the hits, and those of
 * every change that the index had not applied when it was asked. A row that did not change since is in the index as it is in the read; all
 * others are looked at themselves. So a search sees exactly the state of its read, and waits for nobody: not for the thread that applies,
 * builds and saves, one for all collections of a handle.
 *
 * A snapshot (graph/snapshot.h) lies beside the database as PATH-vector-N, N being the collection's id, which is never given to another
 * one. The database knows the snapshots that were made for it; what it does not know, or what is damaged, is not used, and built again from
 * the rows. */
#ifndef TRIPSAGE_VECTOR_LIVE_LIVE_H
#define TRIPSAGE_VECTOR_LIVE_LIVE_H

#include "vector/vector.h"

typedef struct tripsage__live_set tripsage__live_set;

/* NULL is fine for every call below: the engine has an index of its own, and there is nothing to do. */
tripsage_status tripsage__live_new(tripsage__live_set **out, tripsage__store *store);
/* Ends the thread, and saves what has changed. */
void tripsage__live_free(tripsage__live_set *set);

/* Up to so many rows a scan of them is as fast as an index is good for: some 2 ms. */
int64_t tripsage__live_rows_min(uint32_t dimensions);

/* ---- for a search ---- */

/* What an index says. */
typedef struct tripsage__live_answer {
    int64_t collection_id; /* 0: there is no index */
    int64_t applied;       /* the answer knows all changes up to this one */
    int is_exact;          /* of those, what is not in `keys` is further away */
    int has_all;           /* everything that passes is in `keys` */
    tripsage__buf keys;    /* JSON: [seq, ...] */
} tripsage__live_answer;

/* The nearest `wanted` and some more. `filter` is in the stored form or empty. Free the keys on every path. */
tripsage_status tripsage__live_ask(tripsage__live_answer *out, tripsage__live_set *set,
                                   const tripsage__collection *collection, const tripsage_actor *actor,
                                   const float *query, uint32_t wanted, const tripsage__buf *filter);

/* A search through an index: asked, then looked at as rows by steps of a read that may have others. */
#define TRIPSAGE__LIVE_STEPS 3
typedef struct tripsage__live_looking {
    tripsage_vector *vector;
    tripsage__vector_scan *scan;
    const tripsage_actor *actor;
    uint32_t wanted;
    tripsage__live_answer answer; /* `collection_id` 0: there is no index, and the scan's own steps are to be taken */
    tripsage__value values[9];
    int64_t id, newest; /* of the collection as the read finds it; 0: it is gone */
    int64_t *changed;   /* seqs, ascending */
    size_t changed_count, changed_capacity;
    size_t unchanged; /* hits that are as the index knows them, and pass */
} tripsage__live_looking;

/* For a scan that has its query. Free on every path. */
tripsage_status tripsage__live_look_init(tripsage__live_looking *k, tripsage_vector *vector,
                                         tripsage__vector_scan *scan, const tripsage_actor *actor, uint32_t wanted);
void tripsage__live_look_free(tripsage__live_looking *k); /* zeroed memory is fine */
/* Both stay where they are until the read is done. */
void tripsage__live_look_steps(tripsage__live_looking *k, tripsage__step out[TRIPSAGE__LIVE_STEPS]);
/* After the read, before tripsage__vector_scan_end: where the index's answer was not enough, asks again, or reads all rows. */
tripsage_status tripsage__live_look_end(tripsage__live_looking *k);

/* What a search has learned meanwhile: the number of the newest change. 0 when the index cannot be followed to it any more: the answer is
 * void, and an index that can is made. */
int tripsage__live_saw(tripsage__live_set *set, const tripsage__live_answer *answer, int64_t newest);

/* A search had no index and looked at so many rows: if they are many, one is made. */
void tripsage__live_scanned(tripsage__live_set *set, const tripsage__collection *collection, int64_t rows);

/* ---- for a write ---- */

/* Something of the collection was committed. */
void tripsage__live_wrote(tripsage__live_set *set, const char *name);
/* The collection was deleted. */
void tripsage__live_deleted(tripsage__live_set *set, int64_t collection_id);

/* ---- for who looks after it ---- */

typedef struct tripsage__live_state {
    const char *word; /* see tripsage_vector_index() */
    int is_from_file; /* ready: opened, not built */
    int64_t bytes, pending, done, total;
    char reason[320]; /* what was wrong with the last one, or "" */
} tripsage__live_state;

tripsage_status tripsage__live_look(tripsage__live_state *out, tripsage__live_set *set,
                                    const tripsage__collection *collection, int64_t items);

/* Builds it here and now, on all processors, and saves it. */
tripsage_status tripsage__live_build(tripsage__live_set *set, const tripsage__collection *collection,
                                     tripsage_vector_progress_fn progress, void *user);

#endif
