/* repair.c: see repair.h. */
#include <string.h>

#include "base/memory.h"
#include "plan.h"

/* Mending begins when one slot in 8 of the graph is dead: walks are an eighth longer then. It takes as long however many are dead, so it
 * should not be done for a few; but when free slots run out, one in 24, so that they are there again in time for items that come back as
 * soon as others have gone. */
#define DEAD_AT_MOST   8u
#define DEAD_FOR_ITEMS 24u
#define DEAD_AT_LEAST  32u /* a portion or two */

/* A portion, in steps: a node that is mended takes some 30 microseconds, one that is only looked at a hundredth of that, and one to be
 * freed as well. */
#define PORTION    1600u
#define MEND_COST  100u
#define CHECK_COST 1u

/* Candidates for a node's new edges, the nearest of which are chosen among. */
#define AROUND_MAX  (TRIPSAGE__DEGREE_MAX + 16u) /* for which every scratch has room */
#define CHOOSE_FROM 96u

/* A node with less edges than this in place of those to dead ones looks for its neighbours as a new one does. */
#define EDGES_LEAST 2u

static int is_doomed(const tripsage__repair *repair, uint32_t slot)
{
    return slot < repair->end && repair->doomed[slot / 64] >> slot % 64 & 1;
}

void tripsage__repair_close(tripsage_index *index)
{
    tripsage__free(index->repair.doomed);
    memset(&index->repair, 0, sizeof index->repair);
}

uint64_t tripsage__repair_bytes(const tripsage_index *index)
{
    return index->repair.doomed ? ((uint64_t)index->repair.end + 63) / 64 * sizeof *index->repair.doomed : 0;
}

void tripsage__repair_count(tripsage_index *index)
{
    atomic_fetch_add_explicit(&index->repair.dead, 1, memory_order_relaxed);
}

/* ---- free slots ----
 *
 * In the place of its edges a free slot has none, so that whoever comes upon it goes nowhere; then itself, which no node has an edge to;
 * and the next free slot. A snapshot keeps them so. */

enum { NO_EDGE_AT, ITSELF_AT, NEXT_AT, FREE_WORDS };

static uint32_t word_of(const tripsage_index *index, const tripsage__view *view, uint32_t slot, uint32_t at)
{
    return atomic_load_explicit(&tripsage__edges_of(index, view, slot, 0)[at], memory_order_relaxed);
}

static int is_free(const tripsage_index *index, const tripsage__view *view, uint32_t slot)
{
    return word_of(index, view, slot, NO_EDGE_AT) == TRIPSAGE__NO_SLOT && word_of(index, view, slot, ITSELF_AT) == slot;
}

uint32_t tripsage__repair_take(tripsage_index *index, const tripsage__view *view)
{
    tripsage__repair *repair = &index->repair;
    uint32_t slot = repair->free_first;

    if (!repair->free_count)
        return TRIPSAGE__NO_SLOT;
    repair->free_first = word_of(index, view, slot, NEXT_AT);
    repair->free_count--;
    return slot;
}

void tripsage__repair_give(tripsage_index *index, const tripsage__view *view, uint32_t slot)
{
    const uint32_t words[FREE_WORDS] = {TRIPSAGE__NO_SLOT, slot,
                                        index->repair.free_count ? index->repair.free_first : TRIPSAGE__NO_SLOT};

    tripsage__graph_set_edges(index, view, slot, 0, words, FREE_WORDS);
    index->repair.free_first = slot;
    index->repair.free_count++;
}

void tripsage__repair_open(tripsage_index *index, const tripsage__view *view)
{
    uint32_t used = atomic_load_explicit(&index->used, memory_order_relaxed), dead = 0;

    for (uint32_t slot = 0; slot < used; slot++) {
        if (!tripsage__is_dead(view, slot))
            continue;
        if (is_free(index, view, slot))
            tripsage__repair_give(index, view, slot);
        else
            dead++;
    }
    atomic_store_explicit(&index->repair.dead, dead, memory_order_relaxed);
}

/* ---- which slots go ---- */

static int is_due(const tripsage_index *index)
{
    uint64_t dead = atomic_load_explicit(&index->repair.dead, memory_order_relaxed);
    uint64_t all = dead + atomic_load_explicit(&index->live, memory_order_relaxed);
    uint64_t most = index->repair.free_count * DEAD_FOR_ITEMS < all ? DEAD_FOR_ITEMS : DEAD_AT_MOST;

    return dead * most > all && (dead >= DEAD_AT_LEAST || dead == all);
}

/* All that are dead and not free. 0: no memory; later, then. */
static int doom(tripsage_index *index, const tripsage__view *view)
{
    tripsage__repair *repair = &index->repair;
    uint32_t used = atomic_load_explicit(&index->used, memory_order_relaxed), words = (used + 63) / 64;
    uint64_t *doomed = tripsage__malloc(words * sizeof *doomed);

    if (!doomed)
        return 0;
    for (uint32_t i = 0; i < words; i++)
        doomed[i] = atomic_load_explicit(&view->dead[i], memory_order_relaxed);
    if (used % 64)
        doomed[words - 1] &= (UINT64_C(1) << used % 64) - 1;
    for (uint32_t i = 0, slot = repair->free_first; i < repair->free_count;
         i++, slot = word_of(index, view, slot, NEXT_AT))
        doomed[slot / 64] &= ~(UINT64_C(1) << slot % 64);
    repair->doomed_count = 0;
    for (uint32_t i = 0; i < words; i++)
        repair->doomed_count += (uint32_t)__builtin_popcountll(doomed[i]);
    tripsage__free(repair->doomed);
    repair->doomed = doomed;
    repair->end = used;
    repair->at = 0;
    repair->highest_level = 0;
    return 1;
}

static void wait_for_walks(tripsage_index *index)
{
    index->repair.step = tripsage__grace_after(index->grace);
    index->repair.phase = TRIPSAGE__REPAIR_WAITING;
}

/* With nothing alive there is nothing to mend: the graph begins anew. */
static void begin(tripsage_index *index, const tripsage__view *view)
{
    if (!doom(index, view))
        return;
    index->repair.phase = TRIPSAGE__REPAIR_MENDING;
    if (atomic_load_explicit(&index->live, memory_order_relaxed) == 0) {
        atomic_store_explicit(&index->entry, TRIPSAGE__NO_SLOT, memory_order_release);
        wait_for_walks(index);
    }
}

/* ---- mending a node ---- */

static void see(tripsage__scratch *scratch, uint32_t slot, int yes)
{
    uint64_t bit = UINT64_C(1) << slot % 64;

    scratch->seen[slot / 64] = yes ? scratch->seen[slot / 64] | bit : scratch->seen[slot / 64] & ~bit;
}

static int was_seen(const tripsage__scratch *scratch, uint32_t slot)
{
    return (int)(scratch->seen[slot / 64] >> slot % 64 & 1);
}

/* Adds a candidate, once. */
static uint32_t add(tripsage__scratch *scratch, uint32_t *ids, uint32_t count, uint32_t slot)
{
    if (count == AROUND_MAX || was_seen(scratch, slot))
        return count;
    see(scratch, slot, 1);
    ids[count] = slot;
    return count + 1;
}

/* A node's edges that stay, then, by turns, what its dead neighbours lead to; gives how many in all. */
static uint32_t gather(const tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch,
                       uint32_t slot, uint32_t level, uint32_t *ids, uint32_t *stay)
{
    const tripsage__edge *edges = tripsage__edges_of(index, view, slot, level), *gone[TRIPSAGE__DEGREE_MAX];
    uint32_t degree = tripsage__degree_of(index, level), count = 0, gone_count = 0;

    see(scratch, slot, 1);
    for (uint32_t i = 0; i < degree; i++) {
        uint32_t to = atomic_load_explicit(&edges[i], memory_order_relaxed);

        if (to == TRIPSAGE__NO_SLOT)
            break;
        if (is_doomed(&index->repair, to))
            gone[gone_count++] = tripsage__edges_of(index, view, to, level);
        else
            count = add(scratch, ids, count, to);
    }
    *stay = count;
    for (uint32_t i = 0; i < degree; i++)
        for (uint32_t j = 0; j < gone_count; j++) {
            uint32_t to = atomic_load_explicit(&gone[j][i], memory_order_relaxed);

            if (to != TRIPSAGE__NO_SLOT && !tripsage__is_dead(view, to))
                count = add(scratch, ids, count, to);
        }
    see(scratch, slot, 0);
    for (uint32_t i = 0; i < count; i++)
        see(scratch, ids[i], 0);
    return count;
}

static int has_doomed(const tripsage_index *index, const tripsage__view *view, uint32_t slot, uint32_t level)
{
    const tripsage__edge *edges = tripsage__edges_of(index, view, slot, level);
    uint32_t degree = tripsage__degree_of(index, level);

    for (uint32_t i = 0; i < degree; i++) {
        uint32_t to = atomic_load_explicit(&edges[i], memory_order_relaxed);

        if (to == TRIPSAGE__NO_SLOT)
            break;
        if (is_doomed(&index->repair, to))
            return 1;
    }
    return 0;
}

/* Edges back from those that a node has new edges to, where they have room: what only the dead led to is led to again. */
static void lead_back(tripsage_index *index, const tripsage__view *view, uint32_t slot, uint32_t level,
                      const uint32_t *from, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        tripsage__graph_add_edge_to_room(index, view, from[i], slot, level);
}

static void see_all(tripsage__scratch *scratch, const uint32_t *ids, uint32_t count, int yes)
{
    for (uint32_t i = 0; i < count; i++)
        see(scratch, ids[i], yes);
}

static uint32_t add_unseen(const tripsage__scratch *scratch, uint32_t *to, uint32_t count, uint32_t most,
                           const uint32_t *ids, uint32_t id_count)
{
    for (uint32_t i = 0; i < id_count && count < most; i++)
        if (!was_seen(scratch, ids[i]))
            to[count++] = ids[i];
    return count;
}

/* Those it had and that were not chosen again stay where there is room: they came from nodes that chose this one, and without them the
 * graph would be thinner after each mending. */
static void mend(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch, uint32_t slot,
                 uint32_t level)
{
    uint32_t ids[AROUND_MAX], to[TRIPSAGE__DEGREE_MAX], fresh[TRIPSAGE__DEGREE_MAX], stay, fresh_count, all;
    uint32_t count = gather(index, view, scratch, slot, level, ids, &stay), chosen;
    uint32_t degree = tripsage__degree_of(index, level);

    if (count < EDGES_LEAST) {
        tripsage__graph_relink(index, view, scratch, slot, level);
        return;
    }
    tripsage__graph_sort_around(index, view, scratch, slot, ids, count);
    chosen = tripsage__graph_choose(index, view, scratch, scratch->pool.items,
                                    count < CHOOSE_FROM ? count : CHOOSE_FROM, degree);
    memcpy(to, scratch->chosen, chosen * sizeof *to);
    see_all(scratch, ids, stay, 1);
    fresh_count = add_unseen(scratch, fresh, 0, TRIPSAGE__DEGREE_MAX, to, chosen);
    see_all(scratch, ids, stay, 0);
    see_all(scratch, to, chosen, 1);
    all = add_unseen(scratch, to, chosen, degree, ids, stay);
    see_all(scratch, to, chosen, 0);
    tripsage__graph_set_edges(index, view, slot, level, to, all);
    lead_back(index, view, slot, level, fresh, fresh_count);
}

/* ---- portions ---- */

/* Gives what it cost. */
static uint32_t look_at(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch, uint32_t slot)
{
    tripsage__repair *repair = &index->repair;
    uint32_t cost = CHECK_COST;

    if (is_doomed(repair, slot) || is_free(index, view, slot))
        return cost;
    if (view->levels[slot] >= repair->highest_level) {
        repair->highest = slot;
        repair->highest_level = view->levels[slot] + 1u;
    }
    for (uint32_t level = 0; level <= view->levels[slot]; level++)
        if (has_doomed(index, view, slot, level)) {
            mend(index, view, scratch, slot, level);
            cost += MEND_COST;
        }
    return cost;
}

/* Walks begin at a node that stays. Those that were put in meanwhile may be on a higher level only if one of them is where walks begin. */
static void move_entry(tripsage_index *index, const tripsage__view *view)
{
    tripsage__repair *repair = &index->repair;
    uint32_t used = atomic_load_explicit(&index->used, memory_order_relaxed);
    uint64_t entry = atomic_load_explicit(&index->entry, memory_order_relaxed);

    if ((uint32_t)entry == TRIPSAGE__NO_SLOT || !is_doomed(repair, (uint32_t)entry))
        return;
    for (uint32_t slot = 0; slot < used && !repair->highest_level; slot++) /* all that were there are doomed */
        if (!tripsage__is_dead(view, slot)) {
            repair->highest = slot;
            repair->highest_level = view->levels[slot] + 1u;
        }
    entry = repair->highest_level ? (uint64_t)(repair->highest_level - 1) << 32 | repair->highest : TRIPSAGE__NO_SLOT;
    atomic_store_explicit(&index->entry, entry, memory_order_release);
}

static void mend_portion(tripsage_index *index, const tripsage__view *view, tripsage__scratch *scratch)
{
    tripsage__repair *repair = &index->repair;

    for (uint32_t cost = 0; repair->at < repair->end && cost < PORTION; repair->at++)
        cost += look_at(index, view, scratch, repair->at);
    if (repair->at < repair->end)
        return;
    move_entry(index, view);
    wait_for_walks(index);
}

static void free_portion(tripsage_index *index, const tripsage__view *view)
{
    tripsage__repair *repair = &index->repair;

    for (uint32_t cost = 0; repair->at < repair->end && cost < PORTION; repair->at++, cost += CHECK_COST)
        if (is_doomed(repair, repair->at)) {
            tripsage__terms_forget(&index->terms, repair->at);
            tripsage__repair_give(index, view, repair->at);
        }
    if (repair->at < repair->end)
        return;
    atomic_fetch_sub_explicit(&repair->dead, repair->doomed_count, memory_order_relaxed);
    tripsage__free(repair->doomed);
    repair->doomed = NULL;
    repair->end = 0;
    repair->phase = TRIPSAGE__REPAIR_IDLE;
}

void tripsage__repair_step(tripsage_index *index, const tripsage__view *view)
{
    tripsage__repair *repair = &index->repair;
    tripsage__scratch *scratch;

    if (repair->phase == TRIPSAGE__REPAIR_IDLE && is_due(index))
        begin(index, view);
    if (repair->phase == TRIPSAGE__REPAIR_MENDING) {
        scratch = tripsage__scratch_take(index, view->capacity, index->options.build_width);
        if (scratch && tripsage__plan_reserve_living(index, view, scratch) == TRIPSAGE_OK)
            mend_portion(index, view, scratch);
        tripsage__scratch_give(index, scratch);
    }
    if (repair->phase == TRIPSAGE__REPAIR_WAITING && tripsage__grace_is_over(index->grace, repair->step)) {
        repair->phase = TRIPSAGE__REPAIR_FREEING;
        repair->at = 0;
    }
    if (repair->phase == TRIPSAGE__REPAIR_FREEING)
        free_portion(index, view);
}
