/* vector/live/live_internal.h: what the files of the live indexes share. */
#ifndef TRIPSAGE_VECTOR_LIVE_LIVE_INTERNAL_H
#define TRIPSAGE_VECTOR_LIVE_LIVE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <tripsage/index.h>

#include "live.h"
#include "rows.h"

/* An index and how far it is. Counted: who searches holds one, so that another can take its place meanwhile. */
typedef struct held {
    tripsage_index *index;
    _Atomic int64_t applied; /* all changes up to this one */
    _Atomic uint64_t count;  /* items */
    atomic_int references;
} held;

typedef enum live_state {
    LIVE_NONE = 0, /* nobody has needed an index */
    LIVE_WANTED,   /* the thread is to make one */
    LIVE_BROKEN,   /* it could not: when asked for */
    LIVE_READY     /* there is one */
} live_state;

/* All under the set's lock, besides what is said of. */
typedef struct live {
    tripsage__collection collection;
    int64_t id;
    held *held;
    live_state state;
    int is_from_file;
    int is_opening; /* not yet known whether there is a file */
    int is_busy;    /* a thread works at it; only that one changes `held` and `saved` */
    int awaited;    /* who waits for it to be free, and comes before the set's own thread */
    int is_gone;    /* the collection; nobody finds it any more */
    int users;      /* who has been given a pointer to it */
    int is_stirred; /* something was committed, and nobody has looked what */
    int64_t moved;  /* the newest change that is known of */
    int64_t saved;  /* the newest change in the file; -1: there is no file */
    int64_t
        known; /* the newest change in a file that the database knew of when this process looked; only who has `is_busy` */
    int64_t rest_until;          /* the thread leaves it alone (monotonic, ms) */
    _Atomic int64_t done, total; /* of a build */
    char reason[320];
    struct live *next;
} live;

struct tripsage__live_set {
    tripsage__store *store; /* the handle's */
    tripsage__env *env;
    const char *place;
    uint64_t key[2]; /* of terms */
    int has_key;

    pthread_mutex_t lock; /* never held while SQL runs or an index works */
    pthread_cond_t news;  /* for everybody; on the monotonic clock */
    pthread_t thread;
    int has_thread;
    atomic_int stopping;
    live *first;
};

/* ---- live.c ---- */

held *tripsage__held_new(tripsage_index *index, int64_t applied); /* takes the index, also where it fails */
void tripsage__held_release(held *h);                             /* NULL is fine */
/* Puts an index in the place of what there is. For who has `is_busy`, without the lock. */
void tripsage__live_adopt(tripsage__live_set *set, live *l, held *fresh, int is_from_file, int64_t saved);
/* A tripsage_vector_progress_fn for the `live` that is built. */
void tripsage__live_progress(void *l, const char *phase, int64_t done, int64_t total);
/* Remembers why there is no index, or not the one there was, and logs it: this thread's last error. */
void tripsage__live_blame(tripsage__live_set *set, live *l, const char *what);

/* ---- follow.c: for who has `is_busy`, without the lock ---- */

/* Applies the next changes; *upto is how far it is. TRIPSAGE_ENOTFOUND: the collection is gone. TRIPSAGE_ECONFLICT: the changes
 * behind what it has are not known any more, or its past is another one. */
tripsage_status tripsage__live_follow(tripsage__live_set *set, live *l, int64_t *newest);
/* From all rows. `threads` and `progress` as of tripsage_index_build. */
tripsage_status tripsage__live_make(tripsage__live_set *set, live *l, unsigned threads,
                                    tripsage_vector_progress_fn progress, void *user, const atomic_int *stop);

/* ---- file.c: for who has `is_busy`, without the lock ---- */

/* Opens the snapshot if there is one that the database knows, newer than change `after`, and adopts it. TRIPSAGE_ENOTFOUND: none is known.
 * */
tripsage_status tripsage__live_open(tripsage__live_set *set, live *l, int64_t after);
/* Saves it, unless another process is at it or has. */
tripsage_status tripsage__live_save(tripsage__live_set *set, live *l);
/* Removes the file of a collection that is gone. */
void tripsage__live_remove(const tripsage__live_set *set, int64_t collection_id);
/* Removes the files of all that are gone. */
tripsage_status tripsage__live_sweep(tripsage__live_set *set);

extern const tripsage__statement tripsage__live_sql_collection, tripsage__live_sql_ids, tripsage__live_sql_snapshots,
    tripsage__live_sql_snapshot_put, tripsage__live_sql_snapshot_forget, tripsage__live_sql_hits,
    tripsage__live_sql_tail;

#endif
