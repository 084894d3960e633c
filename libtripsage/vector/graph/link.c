/* link.c: which edges a node has.
 *
 * Among the candidates, from the nearest on, one is chosen that is nearer to the node than to all chosen before (Malkov and Yashunin's
 * algorithm 4, which goes back to the
 * relative neighbourhood graph): edges lead into all directions instead of many into one. Nearer by a little is not enough to drop one
 * (Subramanya and others, "DiskANN", 2019, alpha): with the edges that stay a search has fewer steps to take. */
#include <string.h>

#include "base/memory.h"
#include "plan.h"

/* ---- locks ---- */

/* With fewer edges than this a node is nearly alone. */
#define EDGES_LEAST 2u

/* Of squared distances. Beyond a tenth nodes are full, and choosing among what they have takes more of a build than searches gain. */
#define SLACK 1.05f

#define STRIPES 1024u /* of 2 threads, two come to one at once in one of a thousand cases */

struct tripsage__edge_locks {
    pthread_mutex_t stripes[STRIPES];
    pthread_mutex_t entry;
};

tripsage__edge_locks *tripsage__edge_locks_new(void)
{
    tripsage__edge_locks *locks = tripsage__malloc(sizeof *locks);

    if (!locks)
        return NULL;
    for (size_t i = 0; i < STRIPES; i++)
        pthread_mutex_init(&locks->stripes[i], NULL);
    pthread_mutex_init(&locks->entry, NULL);
    return locks;
}

void tripsage__edge_locks_free(tripsage__edge_locks *locks)
{
    if (!locks)
        return;
    for (size_t i = 0; i < STRIPES; i++)
        pthread_mutex_destroy(&locks->stripes[i]);
    pthread_mutex_destroy(&locks->entry);
    tripsage__free(locks);
}

static void lock(tripsage__edge_locks *locks, uint32_t slot)
{
    if (locks)
        pthread_mutex_lock(&locks->stripes[slot % STRIPES]);
}

static void unlock(tripsage__edge_locks *locks, uint32_t slot)
{
    if (locks)
        pthread_mutex_unlock(&locks->stripes[slot % STRIPES]);
}

/* ---- choosing ---- */

/* Makes a slot the one that others are compared with. */
static void look_from(const tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch,
                      uint32_t slot)
{
    tripsage__coded item = tripsage__coded_of(index, view, slot);

    tripsage__probe_for_item(&scratch->neighbor, &index->coder, &item);
}

static void compare_with(const tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch,
                         const uint32_t *ids, uint32_t count)
{
    const tripsage__coder *coder = &index->coder;
    tripsage__records records = tripsage__records_of(view);

    coder->kernels->compare(scratch->distances, &scratch->neighbor, coder, &records, ids, count);
}

/* Whether something so far from a node is as well found through another of its edges, which is so near to it. */
static int is_behind(float from_other, float from_node)
{
    return from_other * SLACK < from_node;
}

/* Takes out of `left` what is nearer to the chosen one (the neighbor that is looked from) than to the node; gives how many stay. */
static uint32_t drop_behind(const tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch,
                            tripsage__candidate *left, uint32_t *ids, uint32_t count)
{
    uint32_t stay = 0;

    compare_with(index, view, scratch, ids, count);
    for (uint32_t i = 0; i < count; i++)
        if (!is_behind(scratch->distances[i], tripsage__candidate_estimate(left[i]))) {
            left[stay] = left[i];
            ids[stay++] = ids[i];
        }
    return stay;
}

uint32_t tripsage__graph_choose(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch,
                                tripsage__candidate *candidates, uint32_t count, uint32_t most)
{
    uint32_t *ids = scratch->chosen, chosen = 0;

    for (uint32_t i = 0; i < count; i++)
        ids[i] = tripsage__candidate_slot(candidates[i]);
    while (chosen < count && chosen < most) { /* those before `chosen` are chosen, those behind it are left */
        look_from(index, view, scratch, ids[chosen]);
        chosen++;
        count = chosen + drop_behind(index, view, scratch, candidates + chosen, ids + chosen, count - chosen);
    }
    return chosen;
}

/* ---- edges ---- */

void tripsage__graph_set_edges(tripsage_index *index, const tripsage__view *view, uint32_t slot, uint32_t level,
                               const uint32_t *to, uint32_t count)
{
    tripsage__edge *edges = tripsage__edges_of(index, view, slot, level);
    uint32_t degree = tripsage__degree_of(index, level);

    for (uint32_t i = 0; i < degree; i++)
        atomic_store_explicit(&edges[i], i < count ? to[i] : TRIPSAGE__NO_SLOT, memory_order_release);
}

static uint32_t count_edges(const tripsage__edge *edges, uint32_t degree, uint32_t to, int *is_there)
{
    uint32_t count = 0;

    *is_there = 0;
    for (uint32_t end; count < degree; count++) {
        end = atomic_load_explicit(&edges[count], memory_order_relaxed);
        if (end == TRIPSAGE__NO_SLOT)
            break;
        *is_there |= end == to;
    }
    return count;
}

static void sort(tripsage__candidate *items, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        tripsage__candidate item = items[i];
        uint32_t at = i;

        for (; at > 0 && items[at - 1] > item; at--)
            items[at] = items[at - 1];
        items[at] = item;
    }
}

/* Whether a node's edges, which scratch->around begins with, lead to `to` already: to what is nearer to the node, and to `to`. */
static int leads_to(const tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch,
                    const uint32_t *ids, uint32_t count, uint32_t to, float distance)
{
    look_from(index, view, scratch, to);
    compare_with(index, view, scratch, ids, count);
    for (uint32_t i = 0; i < count; i++)
        if (tripsage__candidate_estimate(scratch->around[i]) < distance && is_behind(scratch->distances[i], distance))
            return 1;
    return 0;
}

/* A full node chooses among its edges and one more, unless those it has lead there. */
static void choose_anew(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch, uint32_t from,
                        uint32_t to, uint32_t level)
{
    const tripsage__edge *edges = tripsage__edges_of(index, view, from, level);
    uint32_t degree = tripsage__degree_of(index, level), *ids = scratch->chosen, count;

    for (uint32_t i = 0; i < degree; i++)
        ids[i] = atomic_load_explicit(&edges[i], memory_order_relaxed);
    ids[degree] = to;
    look_from(index, view, scratch, from);
    compare_with(index, view, scratch, ids, degree + 1);
    for (uint32_t i = 0; i <= degree; i++)
        scratch->around[i] = tripsage__candidate_of(scratch->distances[i], ids[i]);
    if (leads_to(index, view, scratch, ids, degree, to, scratch->distances[degree]))
        return;
    sort(scratch->around, degree + 1);
    count = tripsage__graph_choose(index, view, scratch, scratch->around, degree + 1, degree);
    tripsage__graph_set_edges(index, view, from, level, scratch->chosen, count);
}

void tripsage__graph_add_edge(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch,
                              tripsage__edge_locks *locks, uint32_t from, uint32_t to, uint32_t level)
{
    tripsage__edge *edges = tripsage__edges_of(index, view, from, level);
    uint32_t degree = tripsage__degree_of(index, level), count;
    int is_there;

    lock(locks, from);
    count = count_edges(edges, degree, to, &is_there);
    if (!is_there && count < degree)
        atomic_store_explicit(&edges[count], to, memory_order_release);
    else if (!is_there)
        choose_anew(index, view, scratch, from, to, level);
    unlock(locks, from);
}

/* ---- a node's place ---- */

/* Of the pool, those that edges may lead to: not removed ones, and not itself, which another thread may have linked to already. */
static uint32_t keep_living(const tripsage__view *view, tripsage__scratch *scratch, uint32_t slot)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < scratch->pool.count; i++) {
        uint32_t to = tripsage__candidate_slot(scratch->pool.items[i]);

        if (to != slot && !tripsage__is_dead(view, to))
            scratch->pool.items[count++] = scratch->pool.items[i];
    }
    scratch->pool.count = count;
    return count;
}

/* Gives a node edges to those of the pool that are chosen, and those edges to it. Where there is room left it keeps edges to others too:
 * `kept` of them, the last first, which has its place in any case. */
static void link_to_pool(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch,
                         tripsage__edge_locks *locks, uint32_t slot, uint32_t level, const uint32_t *others,
                         uint32_t kept)
{
    uint32_t degree = tripsage__degree_of(index, level), to[TRIPSAGE__DEGREE_MAX], count;

    count = tripsage__graph_choose(index, view, scratch, scratch->pool.items, scratch->pool.count,
                                   kept ? degree - 1 : degree);
    memcpy(to, scratch->chosen, count * sizeof *to);
    while (count < degree && kept)
        to[count++] = others[--kept];
    lock(locks, slot);
    tripsage__graph_set_edges(index, view, slot, level, to, count);
    unlock(locks, slot);
    for (uint32_t i = 0; i < count; i++)
        tripsage__graph_add_edge(index, view, scratch, locks, to[i], slot, level);
}

static uint32_t link_level(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch,
                           tripsage__edge_locks *locks, uint32_t slot, uint32_t level, uint32_t begin, uint32_t width)
{
    uint32_t count, nearest;

    tripsage__graph_walk(index, view, scratch, begin, level, width);
    nearest = tripsage__candidate_slot(scratch->pool.items[0]);
    count = keep_living(view, scratch, slot);
    if (count < EDGES_LEAST && level == 0 && atomic_load_explicit(&index->repair.dead, memory_order_relaxed)) {
        tripsage__plan_living(index, view, scratch, begin);
        (void)keep_living(view, scratch, slot);
    }
    link_to_pool(index, view, scratch, locks, slot, level, NULL, 0);
    return nearest;
}

static void raise_entry(tripsage_index *index, tripsage__edge_locks *locks, uint32_t slot, uint32_t level)
{
    uint64_t entry;

    if (locks)
        pthread_mutex_lock(&locks->entry);
    entry = atomic_load_explicit(&index->entry, memory_order_relaxed);
    if ((uint32_t)entry == TRIPSAGE__NO_SLOT || level > entry >> 32)
        atomic_store_explicit(&index->entry, (uint64_t)level << 32 | slot, memory_order_release);
    if (locks)
        pthread_mutex_unlock(&locks->entry);
}

static void look_for(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch, uint32_t slot)
{
    tripsage__coded item = tripsage__coded_of(index, view, slot);

    tripsage__probe_for_decoded(&scratch->probe, &index->coder, &item);
}

void tripsage__graph_link(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch,
                          tripsage__edge_locks *locks, uint32_t slot, uint32_t width)
{
    uint64_t entry = atomic_load_explicit(&index->entry, memory_order_acquire);
    uint32_t begin = (uint32_t)entry, top = (uint32_t)(entry >> 32), level = view->levels[slot];

    for (uint32_t i = 0; i <= level; i++)
        tripsage__graph_set_edges(index, view, slot, i, NULL, 0);
    if (begin != TRIPSAGE__NO_SLOT) {
        look_for(index, view, scratch, slot);
        begin = tripsage__graph_descend(index, view, scratch, begin, top, level < top ? level : top);
        for (uint32_t at = (level < top ? level : top) + 1; at-- > 0;)
            begin = link_level(index, view, scratch, locks, slot, at, begin, width);
    }
    raise_entry(index, locks, slot, level);
}

/* The ends of a node's edges that are not in the pool, the farthest last; gives how many. */
static uint32_t take_others(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch,
                            uint32_t slot, uint32_t others[TRIPSAGE__DEGREE_MAX])
{
    const tripsage__edge *edges = tripsage__edges_of(index, view, slot, 0);
    const tripsage__pool *pool = &scratch->pool;
    uint64_t *seen = scratch->seen; /* all zero, and left so */
    uint32_t count = 0;

    for (uint32_t i = 0; i < pool->count; i++) {
        uint32_t near = tripsage__candidate_slot(pool->items[i]);

        seen[near / 64] |= UINT64_C(1) << near % 64;
    }
    for (uint32_t i = 0, to; i < index->options.degree; i++) {
        to = atomic_load_explicit(&edges[i], memory_order_acquire);
        if (to == TRIPSAGE__NO_SLOT)
            break;
        others[count] = to;
        count += (uint32_t)(~seen[to / 64] >> to % 64) & 1;
    }
    for (uint32_t i = 0; i < pool->count; i++)
        seen[tripsage__candidate_slot(pool->items[i]) / 64] = 0;
    look_from(index, view, scratch, slot);
    compare_with(index, view, scratch, others, count);
    for (uint32_t i = 0; i < count; i++)
        scratch->around[i] = tripsage__candidate_of(scratch->distances[i], others[i]);
    sort(scratch->around, count);
    for (uint32_t i = 0; i < count; i++)
        others[i] = tripsage__candidate_slot(scratch->around[i]);
    return count;
}

/* What is near is chosen among again. The edges that lead farther are from when there were few items, and kept: where items lie in heaps
 * apart, they are the way from one to another, and who looks from afar needs it. */
void tripsage__graph_link_again(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch,
                                tripsage__edge_locks *locks, uint32_t slot, uint32_t width)
{
    uint32_t others[TRIPSAGE__DEGREE_MAX], count;

    look_for(index, view, scratch, slot);
    tripsage__graph_walk(index, view, scratch, slot, 0, width);
    (void)keep_living(view, scratch, slot);
    count = take_others(index, view, scratch, slot, others);
    link_to_pool(index, view, scratch, locks, slot, 0, others, count);
}

/* ---- for mending (repair.c) ---- */

void tripsage__graph_relink(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch,
                            uint32_t slot, uint32_t level)
{
    uint64_t entry = atomic_load_explicit(&index->entry, memory_order_relaxed);
    uint32_t begin = (uint32_t)entry, top = (uint32_t)(entry >> 32);

    if (begin == TRIPSAGE__NO_SLOT || level > top) {
        tripsage__graph_set_edges(index, view, slot, level, NULL, 0);
        return;
    }
    look_for(index, view, scratch, slot);
    begin = tripsage__graph_descend(index, view, scratch, begin, top, level);
    (void)link_level(index, view, scratch, NULL, slot, level, begin, index->options.build_width);
}

void tripsage__graph_sort_around(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch,
                                 uint32_t slot, const uint32_t *ids, uint32_t count)
{
    look_from(index, view, scratch, slot);
    compare_with(index, view, scratch, ids, count);
    for (uint32_t i = 0; i < count; i++)
        scratch->pool.items[i] = tripsage__candidate_of(scratch->distances[i], ids[i]);
    sort(scratch->pool.items, count);
}

void tripsage__graph_add_edge_to_room(tripsage_index *index, const tripsage__view *view, uint32_t from, uint32_t to,
                                      uint32_t level)
{
    tripsage__edge *edges = tripsage__edges_of(index, view, from, level);
    uint32_t degree = tripsage__degree_of(index, level), count;
    int is_there;

    count = count_edges(edges, degree, to, &is_there);
    if (!is_there && count < degree)
        atomic_store_explicit(&edges[count], to, memory_order_release);
}
