/* cache/memory/zset.h: a sorted set as the value of an entry: different byte strings, each with a score, in the order of (score, bytes).
 *
 * A dict finds a member, and a skip list (Pugh, 1990) with the width of each link a place: both, and from a member to its rank and back,
 * in O(log n). How high a member's tower is follows from its keyed hash, so that nobody outside can have all of them flat. */
#ifndef TRIPSAGE_CACHE_MEMORY_ZSET_H
#define TRIPSAGE_CACHE_MEMORY_ZSET_H

#include "dict.h"
#include "object.h"

/* A quarter of the members of a level are on the next: 4^16, more than any memory has. */
#define TRIPSAGE__ZSET_LEVELS 16

typedef struct tripsage__zset_node tripsage__zset_node;

typedef struct tripsage__zset_link {
    tripsage__zset_node *next; /* NULL: none */
    size_t width;              /* how many places further it is; to the end when there is none */
} tripsage__zset_link;

struct tripsage__zset_node {
    tripsage__dict_node *named; /* the member: its name in the dict */
    double score;
    tripsage__zset_node *previous; /* NULL: it is the first */
    tripsage__zset_link links[];
};

typedef struct tripsage__zset {
    tripsage__object object;
    tripsage__dict dict;       /* a member's payload is a pointer to its node */
    tripsage__zset_node *last; /* NULL: it is empty */
    size_t node_bytes;         /* of the nodes */
    tripsage__zset_link heads[TRIPSAGE__ZSET_LEVELS];
} tripsage__zset;

extern const tripsage__object_type tripsage__zset_type;

/* An empty one; `key` is of its hash and outlives it. NULL: no memory. */
tripsage__zset *tripsage__zset_new(const uint64_t key[2]);

tripsage__zset_node *tripsage__zset_find(const tripsage__zset *zset, tripsage__cache_bytes member);
/* Gives a member a score, which is no NaN; makes it when there is none (*added). NULL: no memory, and nothing was changed. */
tripsage__zset_node *tripsage__zset_set(tripsage__zset *zset, tripsage__cache_bytes member, double score, int *added);
/* Another score for one that is there: needs no memory. */
void tripsage__zset_move(tripsage__zset *zset, tripsage__zset_node *node, double score);
void tripsage__zset_remove(tripsage__zset *zset, tripsage__zset_node *node);

/* Many at once, in no order, into a new one, which takes a fraction of the time: first the score of each member, as often as it changes
 * (*added: it is not set yet); then _settle makes a sorted set of it. Until then it is nothing but something to _discard. NULL or 0: no
 * memory. */
double *tripsage__zset_loose(tripsage__zset *zset, tripsage__cache_bytes member, int *added);
int tripsage__zset_settle(tripsage__zset *zset);
void tripsage__zset_discard(tripsage__zset *zset);

static inline tripsage__cache_bytes tripsage__zset_member(const tripsage__zset *zset, const tripsage__zset_node *node)
{
    return tripsage__dict_name(&zset->dict, node->named);
}
/* The node whose member a node of the dict is. */
tripsage__zset_node *tripsage__zset_named(const tripsage__dict_node *named);

/* From 0; NULL: there are not as many. */
tripsage__zset_node *tripsage__zset_at(const tripsage__zset *zset, size_t rank);
size_t tripsage__zset_rank(const tripsage__zset *zset, const tripsage__zset_node *node);

/* Where an interval begins or ends. By member it means what it says only where all scores are alike. */
typedef struct tripsage__zset_bound {
    int by_member;
    double score;
    tripsage__cache_bytes member;
    int infinite; /* -1: before all members, 1: behind all */
    int open;     /* what is equal is not within */
} tripsage__zset_bound;

/* How many stand before an interval that begins at the bound, or up to the end of one that ends there: ranks of its first, and behind
 * its last. */
size_t tripsage__zset_before(const tripsage__zset *zset, const tripsage__zset_bound *min);
size_t tripsage__zset_up_to(const tripsage__zset *zset, const tripsage__zset_bound *max);

#endif
