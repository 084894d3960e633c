/* cache/memory/policy.h: which entry goes when room is needed.
 *
 * There is no best rule for this: which one is depends on what the entries are asked for. So three are at hand (policy.c), each plays the
 * cache in small, on a sample of the keys, and the cache goes by the one that misses least at present. All three work on the same two
 * queues, so going over to another moves nothing.
 *
 * A `policy` belongs to a cache, a `part` to each of its shards, a `node` is embedded in each entry. The caller holds the lock of the
 * part's shard for every call that takes a part. tripsage__policy_hit takes no lock and may run beside all others. From one thread, the
 * same calls give the same decisions.
 *
 * The caller decides when room is needed, be it bytes or a count; the policy only says who goes. It makes no difference between sizes:
 * who needs much room asks again. */
#ifndef TRIPSAGE_CACHE_MEMORY_POLICY_H
#define TRIPSAGE_CACHE_MEMORY_POLICY_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

typedef struct tripsage__policy tripsage__policy;
typedef struct tripsage__policy_node tripsage__policy_node;

/* 24 bytes. */
struct tripsage__policy_node {
    tripsage__policy_node *newer;
    tripsage__policy_node *older;
    uint32_t owner_word;  /* the owner's, for whatever he likes, as is `owner_byte` */
    _Atomic uint8_t hits; /* since the policy last looked, 255 at most */
    uint8_t uses;         /* before that */
    uint8_t state;
    uint8_t owner_byte;
};

typedef struct tripsage__policy_queue {
    tripsage__policy_node *newest;
    tripsage__policy_node *oldest;
    size_t count;
} tripsage__policy_queue;

/* To be embedded in a shard. What is in it is the policy's own business, but `count`, which may be read. */
typedef struct tripsage__policy_part {
    tripsage__policy *policy; /* NULL: of a simulation, whose rule stays */
    tripsage__policy_queue queues[2];
    size_t count;     /* entries */
    uint32_t *ghosts; /* what went lately */
    uint32_t ghost_sets;
    uint32_t watched, unwatched; /* entries in the simulations' sample; as of which mask */
    uint32_t reported;           /* the count that the policy last heard of */
    uint64_t additions;          /* uses counted since the last halving */
    uint8_t epoch;               /* halvings */
    uint8_t rule;
    uint8_t evicting; /* somebody had to go already */
} tripsage__policy_part;

/* What hits look at has a cache line that is hardly ever written. */
struct tripsage__policy {
    _Atomic uint32_t unwatched; /* a key with one of these bits among the upper 16 of its hash is in no simulation */
    _Atomic uint8_t rule;
    struct tripsage__policy_judge *judge;
};

/* For `parts` parts. `max_entries`: UINT64_MAX when only bytes are bounded, and the other way round. NULL when memory is short. */
tripsage__policy *tripsage__policy_new(uint64_t max_bytes, uint64_t max_entries, size_t parts);
void tripsage__policy_free(tripsage__policy *policy); /* NULL is fine */
/* What it takes of the heap, from beginning to end, without its parts: about a twentieth of max_bytes, and 70,000 bytes at most. */
size_t tripsage__policy_bytes(const tripsage__policy *policy);

void tripsage__policy_part_init(tripsage__policy_part *part, tripsage__policy *policy);
void tripsage__policy_part_close(tripsage__policy_part *part); /* looks at no node any more */

/* A part keeps a table of what went lately, 4 bytes for each entry that is there. How many bytes of the heap it should have when it has
 * too few by now (0: enough), and the move to a table of so many, for which the caller has made room: 0 when there was no memory, and it
 * goes on as it is. Ask before each insert. */
size_t tripsage__policy_part_wants(const tripsage__policy_part *part);
int tripsage__policy_part_grow(tripsage__policy_part *part);
size_t tripsage__policy_part_bytes(const tripsage__policy_part *part); /* of the table it has */

/* Plays a request in the simulations. For the two below. */
void tripsage__policy_watch(tripsage__policy *policy, uint64_t hash);

static inline void tripsage__policy_watch_some(tripsage__policy *policy, uint64_t hash)
{
    if (((hash >> 48) & atomic_load_explicit(&policy->unwatched, memory_order_relaxed)) == 0)
        tripsage__policy_watch(policy, hash);
}

static inline void tripsage__policy_count_hit(tripsage__policy_node *node)
{
    uint8_t hits = atomic_load_explicit(&node->hits, memory_order_relaxed);

    if (hits < UINT8_MAX)
        atomic_store_explicit(&node->hits, (uint8_t)(hits + 1), memory_order_relaxed);
}

/* An entry was asked for and was there. No lock; the node has to stay alive meanwhile, but need not be in a part any more. `hash`: the key's,
 * 64 bits, evenly spread, of which the policy uses the upper 48. */
static inline void tripsage__policy_hit(tripsage__policy *policy, tripsage__policy_node *node, uint64_t hash)
{
    tripsage__policy_count_hit(node);
    tripsage__policy_watch_some(policy, hash);
}

/* A new entry, after room was made for it. This is also how the policy learns of misses. What is the owner's is left alone. */
void tripsage__policy_insert(tripsage__policy_part *part, tripsage__policy_node *node, uint64_t hash);
/* `node` takes the place of `old`, which has the same key. It counts as a hit. */
void tripsage__policy_replace(tripsage__policy_part *part, const tripsage__policy_node *old,
                              tripsage__policy_node *node, uint64_t hash);
/* One that was deleted or whose time is over. */
void tripsage__policy_remove(tripsage__policy_part *part, tripsage__policy_node *node);

/* Who goes next, or NULL when there is nobody but `keep` (may be NULL). He is still in the part: the caller gives him to
 * tripsage__policy_evict, which remembers him, or to tripsage__policy_remove. */
tripsage__policy_node *tripsage__policy_victim(tripsage__policy_part *part, const tripsage__policy_node *keep);
void tripsage__policy_evict(tripsage__policy_part *part, tripsage__policy_node *node, uint64_t hash);

/* Walks all entries of a part: NULL begins and ends. Ask for the next before the one at hand is removed. */
tripsage__policy_node *tripsage__policy_next(const tripsage__policy_part *part, const tripsage__policy_node *node);

#endif
