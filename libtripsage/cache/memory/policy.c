/* policy.c: see policy.h. For now second chance in one queue: what was asked for since it was last looked at goes back to the new end. */
#include "policy.h"

#include <string.h>

#include "base/memory.h"

struct tripsage__policy {
    uint64_t seed;
};

tripsage__policy *tripsage__policy_new(uint64_t max_bytes, uint64_t max_entries, uint64_t seed)
{
    tripsage__policy *policy = tripsage__calloc(1, sizeof *policy);

    (void)max_bytes, (void)max_entries;
    if (policy)
        policy->seed = seed;
    return policy;
}

void tripsage__policy_free(tripsage__policy *policy)
{
    tripsage__free(policy);
}

size_t tripsage__policy_bytes(const tripsage__policy *policy)
{
    return sizeof *policy;
}

void tripsage__policy_part_init(tripsage__policy_part *part, tripsage__policy *policy)
{
    memset(part, 0, sizeof *part);
    part->policy = policy;
}

void tripsage__policy_part_close(tripsage__policy_part *part)
{
    memset(part, 0, sizeof *part);
}

size_t tripsage__policy_part_wants(const tripsage__policy_part *part)
{
    (void)part;
    return 0;
}

int tripsage__policy_part_grow(tripsage__policy_part *part)
{
    (void)part;
    return 1;
}

size_t tripsage__policy_part_bytes(const tripsage__policy_part *part)
{
    (void)part;
    return 0;
}

static void put_newest(tripsage__policy_queue *queue, tripsage__policy_node *node)
{
    node->newer = NULL;
    node->older = queue->newest;
    *(queue->newest ? &queue->newest->newer : &queue->oldest) = node;
    queue->newest = node;
    queue->count++;
}

static void take_out(tripsage__policy_queue *queue, tripsage__policy_node *node)
{
    *(node->newer ? &node->newer->older : &queue->newest) = node->older;
    *(node->older ? &node->older->newer : &queue->oldest) = node->newer;
    queue->count--;
}

void tripsage__policy_insert(tripsage__policy_part *part, tripsage__policy_node *node, uint64_t hash, size_t cost)
{
    (void)cost;
    node->hash = (uint32_t)(hash >> 32);
    node->queue = 0;
    put_newest(&part->queues[0], node);
}

void tripsage__policy_replace(tripsage__policy_part *part, tripsage__policy_node *old, tripsage__policy_node *node,
                              uint64_t hash, size_t cost)
{
    tripsage__policy_queue *queue = &part->queues[old->queue];

    (void)hash, (void)cost;
    node->newer = old->newer;
    node->older = old->older;
    node->hash = old->hash;
    node->queue = old->queue;
    node->uses = old->uses;
    atomic_store_explicit(&node->hits, 1, memory_order_relaxed);
    *(old->newer ? &old->newer->older : &queue->newest) = node;
    *(old->older ? &old->older->newer : &queue->oldest) = node;
}

void tripsage__policy_remove(tripsage__policy_part *part, tripsage__policy_node *node)
{
    take_out(&part->queues[node->queue], node);
}

tripsage__policy_node *tripsage__policy_victim(tripsage__policy_part *part, const tripsage__policy_node *keep)
{
    tripsage__policy_queue *queue = &part->queues[0];

    /* One turn clears every mark, so the second finds somebody, if there is one beside `keep`. */
    for (size_t steps = 2 * queue->count; steps; steps--) {
        tripsage__policy_node *node = queue->oldest;

        if (node != keep && atomic_load_explicit(&node->hits, memory_order_relaxed) == 0)
            return node;
        atomic_store_explicit(&node->hits, 0, memory_order_relaxed);
        take_out(queue, node);
        put_newest(queue, node);
    }
    return NULL;
}

void tripsage__policy_evict(tripsage__policy_part *part, tripsage__policy_node *node)
{
    tripsage__policy_remove(part, node);
}

tripsage__policy_node *tripsage__policy_next(const tripsage__policy_part *part, const tripsage__policy_node *node)
{
    if (node && node->newer)
        return node->newer;
    for (size_t i = node ? (size_t)node->queue + 1 : 0; i < 2; i++)
        if (part->queues[i].oldest)
            return part->queues[i].oldest;
    return NULL;
}
