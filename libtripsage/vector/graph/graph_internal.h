/* graph/graph_internal.h: the raw index of tripsage/index.h from inside.
 *
 * An item has a slot, a number from 0. What is known of it stands in flat arrays by slot, without pointers, so that a snapshot is these
 * arrays' bytes; all of them lie in one arena, and a view says where. Slots are given out in order; those of removed items are given out
 * again once nobody can come upon them.
 *
 * Readers enter the grace (base/grace.h), take the view, and walk; they take no lock. One writer at a time (`lock`) changes arrays in
 * place, by atomic stores where readers look: a node's codes, key and level are written before the first edge to it is (release), and
 * are never changed while it has one. When the arrays are full the writer copies them to a larger arena, publishes that view, and frees
 * the old one once nobody looks at it.
 *
 * The graph is that of HNSW (Malkov and Yashunin, 2018), over the squared distances of what is rotated and moved, whatever the metric:
 * for inner products the best item is the nearest to a point far out in the query's direction, and a graph that leads to every point's
 * nearest leads there. */
#ifndef TRIPSAGE_VECTOR_GRAPH_GRAPH_INTERNAL_H
#define TRIPSAGE_VECTOR_GRAPH_GRAPH_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <tripsage/index.h>

#include "arena.h"
#include "base/grace.h"
#include "coder.h"
#include "repair.h"
#include "terms.h"

#define TRIPSAGE__NO_SLOT UINT32_MAX
/* A slot and a mark share 32 bits in a walk's pool. */
#define TRIPSAGE__SLOTS_MAX    (UINT32_C(1) << 31)
#define TRIPSAGE__DEGREE_MAX   128u
#define TRIPSAGE__MEASURED_MAX 800u /* the largest width that is tried (width.c): whoever wants more asks for it */
#define TRIPSAGE__WIDTH_MAX                                                                                            \
    10000u /* of a search: a tenth of a million candidates is slower than looking at all of them */
#define TRIPSAGE__LEVELS_MAX                                                                                           \
    16u /* with 4 edges at the least above the lowest, a level has a quarter of those below it */

typedef _Atomic uint32_t tripsage__edge; /* a slot; TRIPSAGE__NO_SLOT: none, and none behind it */

/* ---- the arrays ---- */

typedef enum tripsage__array {
    TRIPSAGE__ARRAY_EDGES,    /* `degree` edges a slot, of the lowest level */
    TRIPSAGE__ARRAY_UPPER,    /* edges of the levels above: `upper_degree` a level, for the slots that have any */
    TRIPSAGE__ARRAY_UPPER_AT, /* u32 a slot: where its first level begins in there, in edges */
    TRIPSAGE__ARRAY_LEVELS,   /* u8 a slot: the highest level it is on */
    TRIPSAGE__ARRAY_CODES,    /* coder.h */
    TRIPSAGE__ARRAY_SIGNS,    /* the heads there, where they are not the codes */
    TRIPSAGE__ARRAY_RESTS,
    TRIPSAGE__ARRAY_KEYS, /* u64 a slot */
    TRIPSAGE__ARRAY_DEAD, /* a bit a slot, in u64: removed */
    TRIPSAGE__ARRAY_MAP,  /* u32: key to slot, open addressing (slot_map.c); only the writer looks */
    TRIPSAGE__ARRAYS
} tripsage__array;

typedef struct tripsage__view {
    uint32_t capacity;       /* slots there is room for */
    uint32_t upper_capacity; /* edges there is room for above the lowest level */
    uint32_t map_capacity;
    tripsage__edge *edges, *upper;
    uint32_t *upper_at;
    uint8_t *levels;
    unsigned char *heads, *codes, *rests;
    uint64_t *keys;
    _Atomic uint64_t *dead;
    uint32_t *map;
    tripsage__arena arena;
    struct tripsage__view *next_retired;
    uint64_t retired_step; /* of the grace */
} tripsage__view;

/* ---- what a search or an insertion works with; kept for the next one ---- */

/* A candidate in one word: the estimate, made so that integers have its order, then the slot, then whether its edges were followed. */
typedef uint64_t tripsage__candidate;

typedef struct tripsage__pool {
    tripsage__candidate *items; /* ascending */
    uint32_t count, width, room;
    uint32_t cursor; /* nothing before it is left to follow */
} tripsage__pool;

typedef struct tripsage__scratch {
    tripsage__probe probe;    /* what is looked for */
    tripsage__probe neighbor; /* an item in the part of one looked for, when edges are chosen */
    tripsage__pool pool;
    uint64_t *seen; /* a bit a slot; all zero between walks */
    size_t seen_words;
    float *values, *work;                  /* `dimensions` numbers each */
    uint32_t ids[3][TRIPSAGE__DEGREE_MAX]; /* what is compared together: now, and next */
    float estimates[TRIPSAGE__DEGREE_MAX];
    uint32_t *chosen; /* when edges are chosen: as the pool has room */
    float *distances;
    tripsage__candidate *around; /* a neighbour's own candidates: its edges and one more */
    uint64_t looked_at;
    struct tripsage__filter *filter; /* plan.h; NULL until it is needed */
    uint64_t bytes;                  /* of this and all in it */
} tripsage__scratch;

/* As many as threads that are likely to search at once; more allocate. */
#define TRIPSAGE__SCRATCHES 32u

/* ---- the index ---- */

struct tripsage_index {
    tripsage_index_options asked;   /* as given */
    tripsage_index_options options; /* the same with what was chosen for 0, once there are items */
    uint32_t upper_degree;
    tripsage__coder coder;

    _Atomic(tripsage__view *) view;
    _Atomic uint64_t entry; /* level << 32 | slot where walks begin; its slot TRIPSAGE__NO_SLOT: the graph is empty */
    _Atomic uint32_t used;  /* slots below this were given out once */
    _Atomic uint32_t live;  /* items */
    _Atomic uint32_t measured_width; /* width.c: for ten, when there were so many items; 0: nobody has measured */
    _Atomic uint32_t measured_count;
    _Atomic uint32_t measured_apart; /* and how far most items lay from the others; 0: unknown */
    _Atomic uint64_t replaced;       /* how often an item took another's place: counted while there are both */
    tripsage__grace *grace;
    void *grace_block;
    tripsage__terms terms; /* of the slots */
    _Atomic(tripsage__scratch *) scratches[TRIPSAGE__SCRATCHES];
    _Atomic uint64_t scratch_bytes; /* of all there are */

    pthread_mutex_t lock; /* of who writes; the rest is under it */
    uint32_t upper_used;
    uint64_t drawn; /* levels drawn until now */
    tripsage__view *retired;
    tripsage__limbo limbo; /* what the terms replaced */
    tripsage__repair repair;
    uint64_t mark;
};

static inline tripsage__view *tripsage__graph_view(const tripsage_index *index)
{
    return atomic_load_explicit(&index->view, memory_order_acquire);
}

static inline int tripsage__is_dead(const tripsage__view *view, uint32_t slot)
{
    return (int)(atomic_load_explicit(&view->dead[slot / 64], memory_order_acquire) >> slot % 64 & 1);
}

static inline tripsage__records tripsage__records_of(const tripsage__view *view)
{
    return (tripsage__records){view->heads, view->codes};
}

static inline tripsage__coded tripsage__coded_of(const tripsage_index *index, const tripsage__view *view, uint32_t slot)
{
    const tripsage__coder *coder = &index->coder;

    return (tripsage__coded){view->heads + slot * coder->head_stride, view->codes + slot * coder->code_stride,
                             view->rests + slot * coder->rest_stride};
}

/* The edges of a slot on a level it is on. */
static inline tripsage__edge *tripsage__edges_of(const tripsage_index *index, const tripsage__view *view, uint32_t slot,
                                                 uint32_t level)
{
    if (level == 0)
        return view->edges + (size_t)slot * index->options.degree;
    return view->upper + view->upper_at[slot] + (size_t)(level - 1) * index->upper_degree;
}

static inline uint32_t tripsage__degree_of(const tripsage_index *index, uint32_t level)
{
    return level == 0 ? index->options.degree : index->upper_degree;
}

/* ---- view.c ---- */

/* Which bytes of an array are in use, for a snapshot; with the view's capacities set, how many it has (`all`). */
size_t tripsage__array_bytes(const tripsage_index *index, const tripsage__view *view, tripsage__array array, int all);
void *tripsage__array_at(const tripsage__view *view, tripsage__array array);

/* Gives a view its pointers: arrays stand one after the other from `base`, each at a multiple of 64 bytes; gives the size of all. `base`
 * may be NULL for the size alone. */
size_t tripsage__view_place(const tripsage_index *index, tripsage__view *view, unsigned char *base);

/* An empty one that nobody sees yet; NULL: no memory. */
tripsage__view *tripsage__view_new(const tripsage_index *index, uint32_t slots, uint32_t upper);
void tripsage__view_free(tripsage__view *view);

/* Lets readers see `view` (NULL: none) instead of the one there is, which is freed once nobody looks at it. Writer only. */
void tripsage__graph_publish(tripsage_index *index, tripsage__view *view);
/* Makes room for so many slots and upper edges in all, by a new view when there is not. Writer only. */
tripsage_status tripsage__graph_reserve(tripsage_index *index, uint32_t slots, uint32_t upper);
/* Frees the views that nobody looks at any more. Writer only. */
void tripsage__graph_collect(tripsage_index *index);

/* ---- slot_map.c: key to slot. Writer only ---- */

uint32_t tripsage__map_room(uint32_t slots);                           /* places for so many keys */
uint32_t tripsage__map_find(const tripsage__view *view, uint64_t key); /* TRIPSAGE__NO_SLOT: none */
void tripsage__map_add(tripsage__view *view, uint64_t key, uint32_t slot);
void tripsage__map_drop(tripsage__view *view, uint64_t key);

/* ---- scratch.c ---- */

/* NULL: no memory. For a view of at most so many slots, with a pool for `width`. */
tripsage__scratch *tripsage__scratch_take(tripsage_index *index, uint32_t slots, uint32_t width);
/* Room for a wider pool; what was in it is lost. 0: no memory. */
int tripsage__scratch_widen(tripsage_index *index, tripsage__scratch *scratch, uint32_t width);
void tripsage__scratch_give(tripsage_index *index, tripsage__scratch *scratch);
void tripsage__scratch_free(tripsage_index *index, tripsage__scratch *scratch);

/* ---- walk.c ---- */

static inline uint32_t tripsage__candidate_slot(tripsage__candidate candidate)
{
    return (uint32_t)candidate >> 1;
}

float tripsage__candidate_estimate(tripsage__candidate candidate);
tripsage__candidate tripsage__candidate_of(float estimate, uint32_t slot);

/* From `slot` to the nearest to scratch->probe on a level, by steps that each come nearer. */
uint32_t tripsage__graph_descend(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch,
                                 uint32_t slot, uint32_t from_level, uint32_t to_level);

/* Fills scratch->pool with the `width` nearest that a walk from `slot` on a level meets, removed ones among them. */
void tripsage__graph_walk(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch, uint32_t slot,
                          uint32_t level, uint32_t width);

/* Steps of a walk, for who looks at everything. Those that are compared have their estimates in scratch->estimates then. */
void tripsage__walk_compare(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch,
                            const uint32_t *ids, uint32_t count);
void tripsage__walk_prefetch_codes(const tripsage_index *index, const tripsage__view *view, const uint32_t *ids,
                                   uint32_t count);

/* ---- link.c ---- */

/* Locks for edges, many nodes to each; NULL where a single thread writes. */
typedef struct tripsage__edge_locks tripsage__edge_locks;

tripsage__edge_locks *tripsage__edge_locks_new(void);
void tripsage__edge_locks_free(tripsage__edge_locks *locks);

/* Of candidates, ascending by distance to somebody, those to have edges to: each nearer to him than to any chosen before. Gives how
 * many, at most `most`; scratch->chosen has them. */
uint32_t tripsage__graph_choose(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch,
                                tripsage__candidate *candidates, uint32_t count, uint32_t most);

/* Writes a node's edges. */
void tripsage__graph_set_edges(tripsage_index *index, const tripsage__view *view, uint32_t slot, uint32_t level,
                               const uint32_t *to, uint32_t count);

/* Gives `from` an edge to `to`; where it has no room, chooses anew among what it has and that. */
void tripsage__graph_add_edge(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch,
                              tripsage__edge_locks *locks, uint32_t from, uint32_t to, uint32_t level);

/* Finds the place of a slot whose codes are written, and links it there on all its levels, to some of the `width` nearest. */
void tripsage__graph_link(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch,
                          tripsage__edge_locks *locks, uint32_t slot, uint32_t width);

/* Once all are linked: chooses a node's edges on the lowest level again, among the `width` nearest and those it has. An edge that others
 * give it meanwhile may be lost. */
void tripsage__graph_link_again(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch,
                                tripsage__edge_locks *locks, uint32_t slot, uint32_t width);

/* ---- rank.c: the best of what was met, by both codes ---- */

typedef struct tripsage__ranking {
    tripsage_index_hit *hits; /* best first; ties by key */
    size_t count, room;
    int takes_dead; /* what is offered was alive when the search began; else removed items are left out */
    float missed;   /* the most that the exact score of one that found no room can be */
} tripsage__ranking;

void tripsage__ranking_begin(tripsage__ranking *ranking, tripsage_index_hit *hits, size_t room);
/* Scores a slot, and takes it unless it is dead; of two with one key the better one. */
float tripsage__ranking_add(tripsage__ranking *ranking, const tripsage_index *index, const tripsage__view *view,
                            const tripsage__scratch *scratch, uint32_t slot);
/* Adds the nearest of a walk, as many as it takes for the k best of them to be right: estimates that are off by more than three times
 * what they were off by in those before it are one in some hundreds. */
void tripsage__ranking_add_nearest(tripsage__ranking *ranking, const tripsage_index *index, const tripsage__view *view,
                                   const tripsage__scratch *scratch, const tripsage__pool *pool, uint32_t k);
/* Gives those that could be among the k best, at least k when there are; sets count and is_certain. */
void tripsage__ranking_end(const tripsage__ranking *ranking, tripsage_index_result *result, uint32_t k);

/* For mending (repair.c). A slot finds its place on a level anew. */
void tripsage__graph_relink(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch,
                            uint32_t slot, uint32_t level);
/* Fills scratch->pool.items with `count` candidates by their distance to a slot: at most as many as the pool of any scratch has room for
 * behind its width. */
void tripsage__graph_sort_around(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch,
                                 uint32_t slot, const uint32_t *ids, uint32_t count);
/* Gives `from` an edge to `to` where it has room. */
void tripsage__graph_add_edge_to_room(tripsage_index *index, const tripsage__view *view, uint32_t from, uint32_t to,
                                      uint32_t level);

/* ---- width.c ---- */

/* Of a graph that is whole and not seen by anybody yet. */
void tripsage__graph_measure_width(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch,
                                   uint32_t count);
/* Whether walks can go by the short codes there are: the ten nearest to some items are near by them as well. Of a view with codes. */
int tripsage__graph_codes_suffice(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch,
                                  uint32_t count);
/* The width of a search for k when the caller does not say. */
uint32_t tripsage__graph_width(const tripsage_index *index, uint32_t k);
/* A walk of that width at the lowest level, and a wider one, of at most `most`, where what is looked for lies farther out than the items
 * do; *width is how wide it was then. Errors: TRIPSAGE_ENOMEM. */
tripsage_status tripsage__graph_walk_out(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch,
                                         uint32_t slot, uint32_t *width, uint32_t most);

/* ---- graph.c ---- */

/* Chooses degree and bits where the caller did not, as long as there are no items. */
void tripsage__graph_decide(tripsage_index *index);
/* The values of an item or a query, checked and for cosine of unit length. `what` is the field when they are wrong. */
tripsage_status tripsage__graph_take_values(const tripsage_index *index, float *out, const float *values,
                                            const char *what);
/* The next slot's level, by chance. */
uint32_t tripsage__graph_draw_level(tripsage_index *index);
/* Writes all of an item but its edges, into a slot that nobody can come upon. `values` are as tripsage__graph_take_values gives them. */
void tripsage__graph_write(tripsage_index *index, tripsage__view *view, tripsage__scratch *scratch, uint32_t slot,
                           uint64_t key, const float *values);
/* Lets nobody find a slot any more, though walks still go through it. Writer only. */
void tripsage__graph_bury(tripsage_index *index, tripsage__view *view, uint32_t slot);

/* ---- build.c ---- */

/* tripsage_index_build, which ends with TRIPSAGE_EBUSY soon after `stop` is not 0 any more; NULL: nobody stops it. */
tripsage_status tripsage__graph_build(tripsage_index *index, const tripsage_index_item *items, size_t count,
                                      unsigned threads, tripsage_vector_progress_fn progress, void *user,
                                      const atomic_int *stop);

#endif
