/* cache/memory/policy.h: which entry goes when room is needed.
 *
 * A `policy` belongs to a cache, a `part` to each of its shards, a `node` is embedded in each entry. The caller holds the lock of the
 * part's shard for every call but tripsage__policy_hit, which takes none and may run beside all of them.
 *
 * The caller decides when room is needed (bytes or count); the policy only says who goes. It makes no difference between sizes: a caller
 * who needs much room asks again. */
#ifndef TRIPSAGE_CACHE_MEMORY_POLICY_H
#define TRIPSAGE_CACHE_MEMORY_POLICY_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

typedef struct tripsage__policy tripsage__policy;
typedef struct tripsage__policy_node tripsage__policy_node;

/* 24 bytes. All zero: in no part. `hash` is the upper half of the key's hash, for the owner to look at as well. */
struct tripsage__policy_node {
    tripsage__policy_node *newer;
    tripsage__policy_node *older;
    uint32_t hash;
    _Atomic uint8_t hits; /* since the policy last looked, up to a bound */
    uint8_t queue;        /* which of the part's queues it stands in */
    uint8_t uses;         /* what is known of it beside `hits` */
    uint8_t owner;        /* the caller's, for whatever he likes */
};

typedef struct tripsage__policy_queue {
    tripsage__policy_node *newest;
    tripsage__policy_node *oldest;
    size_t count;
} tripsage__policy_queue;

/* One shard's. To be embedded there; what is in it is the policy's own business. */
typedef struct tripsage__policy_part {
    tripsage__policy *policy;
    tripsage__policy_queue queues[2];
} tripsage__policy_part;

/* `max_entries`: UINT64_MAX when only bytes are bounded. NULL when memory is short. The same seed and the same calls give the same
 * decisions. */
tripsage__policy *tripsage__policy_new(uint64_t max_bytes, uint64_t max_entries, uint64_t seed);
void tripsage__policy_free(tripsage__policy *policy); /* NULL is fine; its parts are closed before */
/* What it takes of the heap now, without its parts. Grows to a bound (a sixteenth of max_bytes at most). */
size_t tripsage__policy_bytes(const tripsage__policy *policy);

void tripsage__policy_part_init(tripsage__policy_part *part, tripsage__policy *policy);
void tripsage__policy_part_close(tripsage__policy_part *part); /* zeroed is fine; looks at no node */

/* A part keeps a table of what went lately. How many bytes more of the heap it would like for that now (0: none), and the taking of
 * them, for which the caller has made room; 0 when there was no memory, and it goes on as it is. Ask before each insert. */
size_t tripsage__policy_part_wants(const tripsage__policy_part *part);
int tripsage__policy_part_grow(tripsage__policy_part *part);
size_t tripsage__policy_part_bytes(const tripsage__policy_part *part); /* of the heap */

/* An entry was asked for and was there. No lock; the node has to stay alive meanwhile, but need not be in its part any more. `hash` is
 * the key's, 64 bits, evenly spread; the policy uses bits 16 to 63. `cost` in bytes. */
static inline void tripsage__policy_hit(tripsage__policy_part *part, tripsage__policy_node *node, uint64_t hash,
                                        size_t cost)
{
    (void)part, (void)hash, (void)cost;
    if (atomic_load_explicit(&node->hits, memory_order_relaxed) == 0)
        atomic_store_explicit(&node->hits, 1, memory_order_relaxed);
}

/* A new entry, after room was made for it. Is also how the policy learns of a miss: nothing is to be called for that. */
void tripsage__policy_insert(tripsage__policy_part *part, tripsage__policy_node *node, uint64_t hash, size_t cost);
/* `node` takes the place of `old`, which has the same key. It counts as a hit. */
void tripsage__policy_replace(tripsage__policy_part *part, tripsage__policy_node *old, tripsage__policy_node *node,
                              uint64_t hash, size_t cost);
/* One that was deleted or whose time is over. */
void tripsage__policy_remove(tripsage__policy_part *part, tripsage__policy_node *node);

/* Who goes next, or NULL when there is nobody but `keep` (may be NULL). He is still in the part: the caller gives him to
 * tripsage__policy_evict, or to _remove when his time is over anyway. */
tripsage__policy_node *tripsage__policy_victim(tripsage__policy_part *part, const tripsage__policy_node *keep);
void tripsage__policy_evict(tripsage__policy_part *part, tripsage__policy_node *node);

/* Walks all entries of a part: NULL begins and ends. Ask for the next before the one at hand is removed. */
tripsage__policy_node *tripsage__policy_next(const tripsage__policy_part *part, const tripsage__policy_node *node);

#endif
