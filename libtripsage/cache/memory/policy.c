/* policy.c: see policy.h.
 *
 * Entries stand in two queues, window and main; a hit only counts in its entry. Who has left is remembered by a fingerprint, with how often
 * he was used: a ghost. The rules:
 *
 *   frequency  New entries go through a small window. Who comes to its end has to have been used more often than the least used of the
 *              main queue, or goes. This is W-TinyLFU (Einziger, Friedman and Manes, ToS 2017), but what it knows of uses is with entries
 *              and ghosts instead of in a sketch, and a clock finds the least used. Holds its ground in scans and loops.
 *   trial      Who was used in the window, or comes back while he is a ghost, goes on to the main queue, where he has up to three more
 *              turns for his uses: S3-FIFO (Yang et al., SOSP 2023).
 *   recency    Both queues are one, in the order of use as far as it is known, which is twice in a turn: who was used meanwhile begins
 *              anew. That is the clock (Corbato, 1968), nearer to LRU for looking twice. For demand that moves on.
 *
 * The simulations (the judge) are parts like others, of nodes without entries, for the keys whose hashes have some zero bits (Waldspurger
 * et al., ATC 2017). Each has room for as many entries as the cache holds of those keys at the time: were it what it is on average, then of a loop
 * that is hardly longer than the cache all of the sample would fit as often as not, and no rule would miss anything.
 *
 * Invariants: a node is in the queue that its state says; `count` is that of both queues; a set of ghosts has its empty places last. */
#include "policy.h"

#include <stdalign.h>
#include <string.h>

#include "base/memory.h"

enum { WINDOW, MAIN };
enum { FREQUENCY, TRIAL, RECENCY, RULES };

/* The window has one of so many entries. The papers have 1 % and 10 %. */
static const unsigned window_parts[RULES] = {100, 10, 2};

/* Turns in the main queue that one can have before him. The paper has three. */
#define TURNS_MAX 3u

/* Of how many entries of the main queue the least used is taken. The others go back to the new end, so that the clock looks at two
 * more with each that goes; with more it is hardly better, and takes longer. */
#define COMPARED 3u

/* With how many of each that goes a window that is too large gets smaller: so few that nobody waits for it under the lock. */
#define SHRINK 8u

/* Uses are halved after so many for each entry. With fewer, what is always in demand is forgotten; the other rules are there for
 * demand that changes. */
#define USES_PER_HALVING 30u

/* No search for a victim looks at more, since it happens under a lock. It takes a part whose entries are all in use to get there. */
#define LOOKS_MAX 1000u

/* ---- nodes ---- */

/* `state`: the queue, turns left, and the level: how many of the hash's upper 16 bits are zero, from the lowest on, 15 at most. `uses`: how
 * often it was used, and in which epoch that was true. */
#define STATE_TURN  2u
#define STATE_TURNS 3u
#define STATE_LEVEL 8u
#define LEVEL_MAX   15u
#define USES_EPOCH  64u
#define USES_MAX    63u
#define EPOCHS      4u

static unsigned turns_of(const tripsage__policy_node *node)
{
    return node->state / STATE_TURN & STATE_TURNS;
}

static unsigned level_of(const tripsage__policy_node *node)
{
    return node->state / STATE_LEVEL;
}

static void set_state(tripsage__policy_node *node, unsigned queue, unsigned turns, unsigned level)
{
    node->state = (uint8_t)(queue + turns * STATE_TURN + level * STATE_LEVEL);
}

static unsigned uses_of(const tripsage__policy_node *node)
{
    return node->uses & USES_MAX;
}

static void set_uses(const tripsage__policy_part *part, tripsage__policy_node *node, unsigned uses)
{
    node->uses = (uint8_t)((uses < USES_MAX ? uses : USES_MAX) + part->epoch % EPOCHS * USES_EPOCH);
}

static unsigned level_for(uint64_t hash)
{
    unsigned level = 0;

    while (level < LEVEL_MAX && (hash >> (48 + level) & 1) == 0)
        level++;
    return level;
}

static tripsage__policy_queue *queue_of(tripsage__policy_part *part, const tripsage__policy_node *node)
{
    return &part->queues[node->state & 1];
}

static void link_in(tripsage__policy_part *part, tripsage__policy_node *node)
{
    tripsage__policy_queue *queue = queue_of(part, node);

    node->newer = NULL;
    node->older = queue->newest;
    *(queue->newest ? &queue->newest->newer : &queue->oldest) = node;
    queue->newest = node;
    queue->count++;
}

static void link_out(tripsage__policy_part *part, tripsage__policy_node *node)
{
    tripsage__policy_queue *queue = queue_of(part, node);

    *(node->newer ? &node->newer->older : &queue->newest) = node->older;
    *(node->older ? &node->older->newer : &queue->oldest) = node->newer;
    queue->count--;
}

/* To the new end of a queue. */
static void move_to(tripsage__policy_part *part, tripsage__policy_node *node, unsigned queue, unsigned turns)
{
    link_out(part, node);
    set_state(node, queue, turns, level_of(node));
    link_in(part, node);
}

static unsigned fade(unsigned uses, unsigned halvings)
{
    return halvings < 8 ? uses >> halvings : 0;
}

/* Moves the hits to the uses; gives how many. */
static unsigned look_at(tripsage__policy_part *part, tripsage__policy_node *node)
{
    unsigned hits = atomic_load_explicit(&node->hits, memory_order_relaxed);

    if (hits)
        atomic_store_explicit(&node->hits, 0, memory_order_relaxed);
    set_uses(part, node, hits + fade(uses_of(node), (part->epoch - node->uses / USES_EPOCH) % EPOCHS));
    part->additions += hits;
    return hits;
}

/* ---- ghosts: sets of eight, the latest first: fingerprint, uses, their epoch ---- */

#define GHOST_WAYS 8u
/* Where who was used once goes in, so that a scan leaves the other half alone. */
#define GHOST_MIDDLE 4u

static uint32_t *ghost_set(const tripsage__policy_part *part, uint32_t hash)
{
    return part->ghosts + ((uint64_t)hash * part->ghost_sets >> 32) * GHOST_WAYS;
}

/* The bits that least say in which set it is. */
static uint32_t fingerprint(uint32_t hash)
{
    return hash << 16;
}

static void ghost_put(tripsage__policy_part *part, const tripsage__policy_node *node, uint32_t hash)
{
    unsigned at = uses_of(node) > 1 ? 0 : GHOST_MIDDLE;
    uint32_t *set;

    if (!part->ghost_sets)
        return;
    set = ghost_set(part, hash);
    while (at && !set[at - 1])
        at--;
    memmove(set + at + 1, set + at, (GHOST_WAYS - 1 - at) * sizeof *set);
    set[at] = fingerprint(hash) | uses_of(node) << 8 | part->epoch;
}

/* Takes the ghost of a key out; gives its uses, or -1 when there is none. */
static int ghost_take(tripsage__policy_part *part, uint32_t hash)
{
    uint32_t *set;

    if (!part->ghost_sets)
        return -1;
    set = ghost_set(part, hash);
    for (unsigned i = 0; i < GHOST_WAYS && set[i]; i++) {
        uint32_t ghost = set[i];

        if ((ghost ^ fingerprint(hash)) >> 16)
            continue;
        memmove(set + i, set + i + 1, (GHOST_WAYS - 1 - i) * sizeof *set);
        set[GHOST_WAYS - 1] = 0;
        return (int)fade(ghost >> 8 & UINT8_MAX, (part->epoch - ghost) & UINT8_MAX);
    }
    return -1;
}

/* ---- parts ---- */

static unsigned rule_of(const tripsage__policy_part *part)
{
    return part->policy ? atomic_load_explicit(&part->policy->rule, memory_order_relaxed) : part->rule;
}

void tripsage__policy_part_init(tripsage__policy_part *part, tripsage__policy *policy)
{
    memset(part, 0, sizeof *part);
    part->policy = policy;
}

void tripsage__policy_part_close(tripsage__policy_part *part)
{
    tripsage__free(part->ghosts);
    memset(part, 0, sizeof *part);
}

static uint32_t sets_for(size_t count)
{
    return (uint32_t)((count + GHOST_WAYS - 1) / GHOST_WAYS);
}

size_t tripsage__policy_part_wants(const tripsage__policy_part *part)
{
    /* Nobody left yet: so it is made for the number of entries that there is room for. */
    if (!part->evicting || part->count <= (size_t)part->ghost_sets * GHOST_WAYS / 4 * 5)
        return 0;
    return sets_for(part->count) * GHOST_WAYS * sizeof *part->ghosts;
}

int tripsage__policy_part_grow(tripsage__policy_part *part)
{
    uint32_t sets = sets_for(part->count);
    uint32_t *ghosts = tripsage__calloc(sets, GHOST_WAYS * sizeof *ghosts);

    if (!ghosts)
        return 0;
    tripsage__free(part->ghosts); /* a fingerprint does not tell its place in a larger table */
    part->ghosts = ghosts;
    part->ghost_sets = sets;
    return 1;
}

size_t tripsage__policy_part_bytes(const tripsage__policy_part *part)
{
    return part->ghost_sets * GHOST_WAYS * sizeof *part->ghosts;
}

/* At least one entry is in the window, whatever the part has. */
static int window_is_full(const tripsage__policy_part *part, unsigned rule, size_t beyond)
{
    size_t size = part->count / window_parts[rule];

    return part->queues[WINDOW].count >= (size ? size : 1) + beyond;
}

static void add(tripsage__policy_part *part, tripsage__policy_node *node, uint32_t hash, unsigned level)
{
    int ghost = ghost_take(part, hash);
    unsigned rule = rule_of(part);

    set_uses(part, node, ghost < 0 ? 1 : (unsigned)ghost + 1);
    set_state(node, rule == TRIAL && ghost >= 0 ? MAIN : WINDOW, 0, level);
    atomic_store_explicit(&node->hits, 0, memory_order_relaxed);
    link_in(part, node);
    part->count++;
    /* While there is room for everybody, the window's size needs no victims. */
    if (!part->evicting && window_is_full(part, rule, 1))
        move_to(part, part->queues[WINDOW].oldest, MAIN, 0);
    if (++part->additions >= (uint64_t)part->count * USES_PER_HALVING) {
        part->additions = 0;
        part->epoch++;
    }
}

static void count_watched(tripsage__policy_part *part, const tripsage__policy_node *node, int change);

void tripsage__policy_insert(tripsage__policy_part *part, tripsage__policy_node *node, uint64_t hash)
{
    add(part, node, (uint32_t)(hash >> 32), level_for(hash));
    count_watched(part, node, 1);
    tripsage__policy_watch_some(part->policy, hash);
}

void tripsage__policy_replace(tripsage__policy_part *part, const tripsage__policy_node *old,
                              tripsage__policy_node *node, uint64_t hash)
{
    tripsage__policy_queue *queue = queue_of(part, old);

    node->newer = old->newer;
    node->older = old->older;
    node->uses = old->uses;
    node->state = old->state;
    atomic_store_explicit(&node->hits, atomic_load_explicit(&old->hits, memory_order_relaxed), memory_order_relaxed);
    *(old->newer ? &old->newer->older : &queue->newest) = node;
    *(old->older ? &old->older->newer : &queue->oldest) = node;
    tripsage__policy_hit(part->policy, node, hash);
}

void tripsage__policy_remove(tripsage__policy_part *part, tripsage__policy_node *node)
{
    link_out(part, node);
    part->count--;
    if (part->policy)
        count_watched(part, node, -1);
}

static void evict(tripsage__policy_part *part, tripsage__policy_node *node, uint32_t hash)
{
    look_at(part, node);
    ghost_put(part, node, hash);
    tripsage__policy_remove(part, node);
}

void tripsage__policy_evict(tripsage__policy_part *part, tripsage__policy_node *node, uint64_t hash)
{
    evict(part, node, (uint32_t)(hash >> 32));
}

tripsage__policy_node *tripsage__policy_next(const tripsage__policy_part *part, const tripsage__policy_node *node)
{
    if (!node)
        return part->queues[WINDOW].oldest ? part->queues[WINDOW].oldest : part->queues[MAIN].oldest;
    if (node->newer)
        return node->newer;
    return (node->state & 1) == WINDOW ? part->queues[MAIN].oldest : NULL;
}

/* ---- who goes ---- */

static tripsage__policy_node *oldest(const tripsage__policy_part *part, unsigned queue,
                                     const tripsage__policy_node *keep)
{
    tripsage__policy_node *node = part->queues[queue].oldest;

    return node && node == keep ? node->newer : node;
}

/* NULL while the window is not full. */
static tripsage__policy_node *end_of_window(const tripsage__policy_part *part, unsigned rule, size_t beyond,
                                            const tripsage__policy_node *keep)
{
    return window_is_full(part, rule, beyond) ? oldest(part, WINDOW, keep) : NULL;
}

static tripsage__policy_node *least_used(tripsage__policy_part *part, const tripsage__policy_node *keep)
{
    tripsage__policy_node *least = oldest(part, MAIN, keep);

    if (least)
        look_at(part, least);
    for (unsigned i = 1; least && i < COMPARED; i++) {
        tripsage__policy_node *more = least->newer && least->newer == keep ? keep->newer : least->newer;

        if (!more)
            break;
        look_at(part, more);
        if (uses_of(more) < uses_of(least)) {
            tripsage__policy_node *less = more;

            more = least;
            least = less;
        }
        move_to(part, more, MAIN, turns_of(more));
    }
    return least;
}

static tripsage__policy_node *by_frequency(tripsage__policy_part *part, const tripsage__policy_node *keep)
{
    tripsage__policy_node *candidate, *least;

    /* The other rules leave a larger window. */
    for (unsigned i = 0; i < SHRINK && (candidate = end_of_window(part, FREQUENCY, 1, keep)); i++)
        move_to(part, candidate, MAIN, 0);
    candidate = end_of_window(part, FREQUENCY, 0, keep);
    least = least_used(part, keep);
    if (!candidate || !least)
        return candidate ? candidate : least;
    look_at(part, candidate);
    if (uses_of(candidate) <= uses_of(least))
        return candidate;
    move_to(part, candidate, MAIN, 0);
    return least;
}

static tripsage__policy_node *by_trial(tripsage__policy_part *part, const tripsage__policy_node *keep)
{
    for (unsigned looks = 0; looks < LOOKS_MAX; looks++) {
        tripsage__policy_node *node = end_of_window(part, TRIAL, 0, keep);
        unsigned turns;

        if (node) {
            if (look_at(part, node) == 0)
                return node;
            move_to(part, node, MAIN, 0);
            continue;
        }
        node = oldest(part, MAIN, keep);
        if (!node)
            break;
        turns = look_at(part, node);
        turns += turns_of(node);
        if (turns == 0)
            return node;
        move_to(part, node, MAIN, (turns < TURNS_MAX ? turns : TURNS_MAX) - 1);
    }
    return NULL;
}

static tripsage__policy_node *by_recency(tripsage__policy_part *part, const tripsage__policy_node *keep)
{
    for (unsigned looks = 0; looks < LOOKS_MAX; looks++) {
        tripsage__policy_node *node = end_of_window(part, RECENCY, 1, keep);

        if (node) {
            move_to(part, node, look_at(part, node) ? WINDOW : MAIN, 0);
            continue;
        }
        node = oldest(part, MAIN, keep);
        if (!node || look_at(part, node) == 0)
            return node;
        move_to(part, node, WINDOW, 0);
    }
    return NULL;
}

static void report(tripsage__policy_part *part);

tripsage__policy_node *tripsage__policy_victim(tripsage__policy_part *part, const tripsage__policy_node *keep)
{
    static tripsage__policy_node *(*const by[RULES])(tripsage__policy_part *, const tripsage__policy_node *) = {
        by_frequency, by_trial, by_recency};
    tripsage__policy_node *node;

    part->evicting = 1;
    report(part);
    node = by[rule_of(part)](part, keep);
    if (!node)
        node = oldest(part, MAIN, keep);
    return node ? node : oldest(part, WINDOW, keep);
}

/* ---- the judge ---- */

/* Entries of a simulation: with half as many it judges nearly as well, with twice as many hardly better. */
#define PLAYED_MAX 640u
/* So many on average, so that there is room for chance, five times its standard deviation. */
#define PLAYED_USUAL(most) ((most) - (most) / 5)

/* One simulated entry takes about 100 bytes for all three rules, so that this is a twentieth of the cache. */
#define BYTES_PER_PLAYED 2048u

/* An entry, until it is known: a short text with what is kept of it. */
#define BYTES_GUESSED 512u

/* Misses are halved after so many requests for each entry of a simulation: what was longer ago says little about now. */
#define REQUESTS_PER_HALVING 16u

/* A simulation's room goes towards what the cache has by 2^-ROOM_SLOWLY with each request: over more of them than it has entries. */
#define ROOM_SLOWLY 10u
#define ROOM_BITS   20u

/* While everybody has room, the rule is trial when one request in so many is for who is there. When hardly any is, the past of an entry says
 * nothing until it comes back, and only frequency holds on to what is there. */
#define AGAIN_PART 8u

#define UNWATCHED_MAX ((1u << LEVEL_MAX) - 1)

typedef struct play {
    tripsage__policy_part part;
    tripsage__policy_node *nodes;
    uint16_t *heads; /* by hash: the first node's number, which is its index and 1 */
    uint16_t *chain; /* the next one's; of unused nodes, too */
    uint16_t unused;
    uint32_t misses;
} play;

typedef struct tripsage__policy_judge {
    tripsage__policy policy;
    char apart[64];       /* what is below is written to, and hits read what is above */
    _Atomic uint8_t busy; /* guards the rest; nobody waits for it */
    size_t size;          /* of this, and of what its plays point to, which is behind it */
    size_t parts;
    _Atomic uint32_t watched; /* entries that the parts have of the keys that are played; theirs to count */
    uint64_t reported;        /* entries that parts had when they needed room, and how many parts have said so */
    size_t reporting;
    uint64_t room;             /* of a simulation, in 1/2^ROOM_BITS entries */
    uint32_t requests_for_all; /* while there was room for everybody */
    uint32_t again;            /* of those, for who was there already */
    uint32_t played_max;
    uint32_t head_mask;
    uint32_t requests;
    play plays[RULES];
} judge;

static int begin(judge *j)
{
    return atomic_load_explicit(&j->busy, memory_order_relaxed) == 0 &&
           atomic_exchange_explicit(&j->busy, 1, memory_order_acquire) == 0;
}

static void end(judge *j)
{
    atomic_store_explicit(&j->busy, 0, memory_order_release);
}

static void empty(const judge *j, play *p)
{
    tripsage__policy_part *part = &p->part;

    memset(part->queues, 0, sizeof part->queues);
    memset(part->ghosts, 0, sets_for(j->played_max) * GHOST_WAYS * sizeof *part->ghosts);
    part->count = 0;
    part->evicting = 0;
    memset(p->heads, 0, (j->head_mask + 1) * sizeof *p->heads);
    for (uint32_t i = 0; i < j->played_max; i++)
        p->chain[i] = (uint16_t)(i + 1 < j->played_max ? i + 2 : 0);
    p->unused = 1;
    p->misses = 0;
}

/* The larger the cache, the fewer of its keys are played: others from then on, so that the plays begin anew. */
static void set_scale(judge *j, uint64_t entries)
{
    uint32_t unwatched = atomic_load_explicit(&j->policy.unwatched, memory_order_relaxed);
    uint64_t usual = PLAYED_USUAL(j->played_max), played = entries / ((uint64_t)unwatched + 1);

    if (played <= (unwatched ? usual : j->played_max) && (unwatched == 0 || played >= usual / 3))
        return;
    for (unwatched = 0; unwatched < UNWATCHED_MAX; unwatched = unwatched * 2 + 1)
        if (entries / (unwatched + 1) <= (unwatched ? usual : j->played_max))
            break;
    for (unsigned i = 0; i < RULES; i++)
        empty(j, &j->plays[i]);
    j->room = 0;
    atomic_store_explicit(&j->policy.unwatched, unwatched, memory_order_relaxed);
}

static int is_watched(const tripsage__policy_node *node, uint32_t unwatched)
{
    return (1u << level_of(node)) > unwatched;
}

static void count_watched(tripsage__policy_part *part, const tripsage__policy_node *node, int change)
{
    uint32_t unwatched = atomic_load_explicit(&part->policy->unwatched, memory_order_relaxed), watched = part->watched;

    if (part->unwatched == unwatched) {
        if (!is_watched(node, unwatched))
            return;
        watched += (uint32_t)change;
    } else {
        watched = 0;
        for (node = tripsage__policy_next(part, NULL); node; node = tripsage__policy_next(part, node))
            watched += (uint32_t)is_watched(node, unwatched);
        part->unwatched = unwatched;
    }
    atomic_fetch_add_explicit(&part->policy->judge->watched, watched - part->watched, memory_order_relaxed);
    part->watched = watched;
}

static uint32_t heads_for(uint32_t played)
{
    uint32_t heads = 16;

    while (heads < played)
        heads *= 2;
    return heads;
}

static size_t aligned(size_t size)
{
    return (size + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);
}

/* Cuts what the simulations need from the block behind the judge; gives how much that is, `j` being NULL for only that. */
static size_t lay_out(judge *j, uint32_t played)
{
    size_t nodes = aligned(sizeof(judge)), ghosts = nodes + played * sizeof(tripsage__policy_node);
    size_t heads = ghosts + sets_for(played) * GHOST_WAYS * sizeof(uint32_t);
    size_t chain = heads + heads_for(played) * sizeof(uint16_t);
    size_t each = aligned(chain + played * sizeof(uint16_t)) - nodes;

    for (unsigned i = 0; j && i < RULES; i++) {
        play *p = &j->plays[i];
        char *block = (char *)j + i * each;

        p->nodes = (void *)(block + nodes);
        p->part.ghosts = (void *)(block + ghosts);
        p->heads = (void *)(block + heads);
        p->chain = (void *)(block + chain);
        p->part.ghost_sets = sets_for(played);
        p->part.rule = (uint8_t)i;
    }
    return nodes + RULES * each;
}

tripsage__policy *tripsage__policy_new(uint64_t max_bytes, uint64_t max_entries, size_t parts)
{
    uint64_t most = max_bytes / BYTES_PER_PLAYED < max_entries ? max_bytes / BYTES_PER_PLAYED : max_entries;
    uint32_t played = most > PLAYED_MAX ? PLAYED_MAX : most ? (uint32_t)most : 1;
    size_t size = lay_out(NULL, played);
    judge *j = tripsage__calloc(1, size);

    if (!j)
        return NULL;
    j->policy.judge = j;
    j->policy.rule = TRIAL;
    j->policy.unwatched = UNWATCHED_MAX;
    j->size = size;
    j->parts = parts;
    j->played_max = played;
    j->head_mask = heads_for(played) - 1;
    lay_out(j, played);
    for (unsigned i = 0; i < RULES; i++)
        empty(j, &j->plays[i]);
    set_scale(j, max_bytes / BYTES_GUESSED < max_entries ? max_bytes / BYTES_GUESSED : max_entries);
    return &j->policy;
}

void tripsage__policy_free(tripsage__policy *policy)
{
    if (policy)
        tripsage__free(policy->judge);
}

size_t tripsage__policy_bytes(const tripsage__policy *policy)
{
    return policy->judge->size;
}

/* What a part has when it needs room says how many entries the cache can have. */
static void report(tripsage__policy_part *part)
{
    size_t last = part->reported, change = part->count > last ? part->count - last : last - part->count;
    judge *j = part->policy ? part->policy->judge : NULL;

    if (!j || change <= last / 16 || !begin(j))
        return;
    j->reporting += last == 0;
    j->reported += part->count - last;
    part->reported = (uint32_t)part->count;
    set_scale(j, j->reported * j->parts / j->reporting);
    end(j);
}

static tripsage__policy_node *find(const judge *j, const play *p, uint32_t hash)
{
    uint16_t number = p->heads[hash & j->head_mask];

    while (number && p->nodes[number - 1].owner_word != hash)
        number = p->chain[number - 1];
    return number ? &p->nodes[number - 1] : NULL;
}

/* From then on the rules differ. */
static int is_full(const judge *j)
{
    return j->plays[TRIAL].part.evicting;
}

static void play_eviction(const judge *j, play *p)
{
    tripsage__policy_node *node = tripsage__policy_victim(&p->part, NULL);
    uint16_t number = (uint16_t)(node - p->nodes + 1);
    uint16_t *link = &p->heads[node->owner_word & j->head_mask];

    while (*link != number)
        link = &p->chain[*link - 1];
    *link = p->chain[number - 1];
    p->chain[number - 1] = p->unused;
    p->unused = number;
    evict(&p->part, node, node->owner_word);
}

static void play_request(const judge *j, play *p, uint32_t room, uint32_t hash)
{
    tripsage__policy_node *node = find(j, p, hash);
    uint16_t number, *head = &p->heads[hash & j->head_mask];

    if (node) {
        tripsage__policy_count_hit(node);
        return;
    }
    p->misses += p->part.evicting; /* before, all rules miss the same */
    while (p->part.count >= room)
        play_eviction(j, p);
    number = p->unused;
    p->unused = p->chain[number - 1];
    p->chain[number - 1] = *head;
    *head = number;
    p->nodes[number - 1].owner_word = hash;
    add(&p->part, &p->nodes[number - 1], hash, 0);
}

static void pronounce(judge *j, uint32_t room)
{
    unsigned rule = atomic_load_explicit(&j->policy.rule, memory_order_relaxed), best = rule;
    uint32_t misses = j->plays[rule].misses, lead;

    for (unsigned i = 0; i < RULES; i++)
        if (j->plays[i].misses < j->plays[best].misses)
            best = i;
    /* A count of chance events is off by its root. */
    lead = misses - j->plays[best].misses;
    if (lead * lead > misses)
        atomic_store_explicit(&j->policy.rule, (uint8_t)best, memory_order_relaxed);
    if (++j->requests < room * REQUESTS_PER_HALVING)
        return;
    j->requests = 0;
    for (unsigned i = 0; i < RULES; i++)
        j->plays[i].misses /= 2;
}

/* How many entries a simulation has room for: as many as the cache has of their keys, but without its ups and downs, since who comes while
 * there is room goes on without a contest. */
static uint32_t room_now(judge *j)
{
    uint64_t watched = atomic_load_explicit(&j->watched, memory_order_relaxed);
    uint64_t room = (watched < j->played_max ? watched : j->played_max) << ROOM_BITS;

    if (is_full(j))
        j->room += (room >> ROOM_SLOWLY) - (j->room >> ROOM_SLOWLY);
    else if (room > j->room)
        j->room = room;
    room = (j->room + (1u << ROOM_BITS) / 2) >> ROOM_BITS;
    return room ? (uint32_t)room : 1;
}

static void begin_with(judge *j, uint32_t hash)
{
    unsigned rule;

    j->requests_for_all++;
    j->again += find(j, &j->plays[TRIAL], hash) != NULL;
    rule = j->again >= j->requests_for_all / AGAIN_PART ? TRIAL : FREQUENCY;
    atomic_store_explicit(&j->policy.rule, (uint8_t)rule, memory_order_relaxed);
}

void tripsage__policy_watch(tripsage__policy *policy, uint64_t hash)
{
    judge *j = policy->judge;
    uint32_t played = (uint32_t)(hash >> 16); /* other bits than those that are zero in all of them */
    uint32_t room;

    /* When somebody is at it, this request is left out of the sample. */
    if (!begin(j))
        return;
    room = room_now(j);
    if (j->reporting == 0)
        begin_with(j, played);
    for (unsigned i = 0; i < RULES; i++)
        play_request(j, &j->plays[i], room, played);
    if (is_full(j))
        pronounce(j, room);
    end(j);
}
