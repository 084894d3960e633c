/* cache_rivals.c: see cache_rivals.h. */
#include "cache_rivals.h"

#include <stdlib.h>
#include <string.h>

#include "bench.h"

static void *zeros(size_t count, size_t size)
{
    void *block = calloc(count ? count : 1, size);

    if (!block)
        bench_fail("no memory");
    return block;
}

/* ---- queues of keys; each key stands in one at most ---- */

#define QUEUES  4u
#define NOWHERE 0u

typedef struct queues {
    uint32_t *newer, *older; /* rings through an end: that of queue q is universe + q */
    uint8_t *where;          /* NOWHERE, or a queue and 1 */
    uint32_t universe;
    uint32_t count[QUEUES];
} queues;

static queues make_queues(uint32_t universe)
{
    queues q = {.universe = universe};

    q.newer = zeros(universe + QUEUES, sizeof *q.newer);
    q.older = zeros(universe + QUEUES, sizeof *q.older);
    q.where = zeros(universe, 1);
    for (uint32_t i = 0; i < QUEUES; i++)
        q.newer[universe + i] = q.older[universe + i] = universe + i;
    return q;
}

static void free_queues(queues *q)
{
    free(q->newer);
    free(q->older);
    free(q->where);
}

static int is_in(const queues *q, uint32_t key, uint32_t queue)
{
    return q->where[key] == queue + 1;
}

static void push(queues *q, uint32_t queue, uint32_t key)
{
    uint32_t end = q->universe + queue, newest = q->older[end];

    q->newer[key] = end;
    q->older[key] = newest;
    q->newer[newest] = key;
    q->older[end] = key;
    q->where[key] = (uint8_t)(queue + 1);
    q->count[queue]++;
}

static void pull(queues *q, uint32_t key)
{
    q->newer[q->older[key]] = q->newer[key];
    q->older[q->newer[key]] = q->older[key];
    q->count[q->where[key] - 1]--;
    q->where[key] = NOWHERE;
}

/* The end of the queue when it is empty. */
static uint32_t oldest(const queues *q, uint32_t queue)
{
    return q->newer[q->universe + queue];
}

static void move(queues *q, uint32_t queue, uint32_t key)
{
    pull(q, key);
    push(q, queue, key);
}

/* ---- LRU ---- */

uint64_t cache_lru(const cache_trace *trace, uint32_t capacity)
{
    queues q = make_queues(trace->universe);
    uint64_t misses = 0;

    for (size_t i = 0; i < trace->length; i++) {
        uint32_t key = trace->keys[i];

        if (q.where[key] != NOWHERE) {
            move(&q, 0, key);
            continue;
        }
        misses++;
        if (q.count[0] == capacity)
            pull(&q, oldest(&q, 0));
        push(&q, 0, key);
    }
    free_queues(&q);
    return misses;
}

/* ---- SIEVE ---- */

uint64_t cache_sieve(const cache_trace *trace, uint32_t capacity)
{
    queues q = make_queues(trace->universe);
    uint8_t *visited = zeros(trace->universe, 1);
    uint32_t end = trace->universe, hand = end;
    uint64_t misses = 0;

    for (size_t i = 0; i < trace->length; i++) {
        uint32_t key = trace->keys[i];

        if (q.where[key] != NOWHERE) {
            visited[key] = 1;
            continue;
        }
        misses++;
        if (q.count[0] == capacity) {
            for (;; hand = q.newer[hand]) {
                if (hand == end)
                    hand = oldest(&q, 0);
                if (!visited[hand])
                    break;
                visited[hand] = 0;
            }
            hand = q.newer[hand];
            pull(&q, hand == end ? q.older[end] : q.older[hand]);
        }
        push(&q, 0, key);
        visited[key] = 0;
    }
    free(visited);
    free_queues(&q);
    return misses;
}

/* ---- S3-FIFO ---- */

enum { S3_SMALL, S3_MAIN, S3_GHOST };

static int s3_evict_main(queues *q, uint8_t *freq)
{
    while (q->count[S3_MAIN]) {
        uint32_t key = oldest(q, S3_MAIN);

        if (freq[key] == 0) {
            pull(q, key);
            return 1;
        }
        freq[key]--;
        move(q, S3_MAIN, key);
    }
    return 0;
}

static int s3_evict_small(queues *q, uint8_t *freq, uint32_t ghosts)
{
    while (q->count[S3_SMALL]) {
        uint32_t key = oldest(q, S3_SMALL);

        if (freq[key] > 1) {
            freq[key] = 0;
            move(q, S3_MAIN, key);
            continue;
        }
        if (q->count[S3_GHOST] >= ghosts && q->count[S3_GHOST])
            pull(q, oldest(q, S3_GHOST));
        if (ghosts)
            move(q, S3_GHOST, key);
        else
            pull(q, key);
        return 1;
    }
    return 0;
}

uint64_t cache_s3fifo(const cache_trace *trace, uint32_t capacity)
{
    queues q = make_queues(trace->universe);
    uint8_t *freq = zeros(trace->universe, 1);
    uint32_t small = capacity / 10 ? capacity / 10 : 1, ghosts = capacity - small;
    uint64_t misses = 0;

    for (size_t i = 0; i < trace->length; i++) {
        uint32_t key = trace->keys[i];
        int ghost = is_in(&q, key, S3_GHOST);

        if (q.where[key] != NOWHERE && !ghost) {
            if (freq[key] < 3)
                freq[key]++;
            continue;
        }
        misses++;
        if (ghost)
            pull(&q, key);
        while (q.count[S3_SMALL] + q.count[S3_MAIN] >= capacity)
            if (q.count[S3_SMALL] < small || !s3_evict_small(&q, freq, ghosts))
                if (!s3_evict_main(&q, freq))
                    s3_evict_small(&q, freq, ghosts);
        push(&q, ghost ? S3_MAIN : S3_SMALL, key);
        freq[key] = 0;
    }
    free(freq);
    free_queues(&q);
    return misses;
}

/* ---- ARC ---- */

enum { ARC_T1, ARC_T2, ARC_B1, ARC_B2 };

static void arc_replace(queues *q, uint32_t target, int in_b2)
{
    uint32_t t1 = q->count[ARC_T1];

    if (t1 && (t1 > target || (in_b2 && t1 == target) || !q->count[ARC_T2]))
        move(q, ARC_B1, oldest(q, ARC_T1));
    else
        move(q, ARC_B2, oldest(q, ARC_T2));
}

static uint32_t arc_adapt(const queues *q, uint32_t target, uint32_t capacity, int in_b2)
{
    uint32_t b1 = q->count[ARC_B1], b2 = q->count[ARC_B2], step;

    if (in_b2) {
        step = b1 > b2 ? b1 / b2 : 1;
        return target > step ? target - step : 0;
    }
    step = b2 > b1 ? b2 / b1 : 1;
    return target + step < capacity ? target + step : capacity;
}

static void arc_make_room(queues *q, uint32_t target, uint32_t capacity)
{
    uint32_t recent = q->count[ARC_T1] + q->count[ARC_B1];
    uint32_t all = recent + q->count[ARC_T2] + q->count[ARC_B2];

    if (recent == capacity) {
        if (q->count[ARC_T1] == capacity) {
            pull(q, oldest(q, ARC_T1));
            return;
        }
        pull(q, oldest(q, ARC_B1));
        arc_replace(q, target, 0);
    } else if (all >= capacity) {
        if (all == 2 * capacity)
            pull(q, oldest(q, ARC_B2));
        arc_replace(q, target, 0);
    }
}

uint64_t cache_arc(const cache_trace *trace, uint32_t capacity)
{
    queues q = make_queues(trace->universe);
    uint32_t target = 0;
    uint64_t misses = 0;

    for (size_t i = 0; i < trace->length; i++) {
        uint32_t key = trace->keys[i];
        int in_b2 = is_in(&q, key, ARC_B2);

        if (is_in(&q, key, ARC_T1) || is_in(&q, key, ARC_T2)) {
            move(&q, ARC_T2, key);
            continue;
        }
        misses++;
        if (in_b2 || is_in(&q, key, ARC_B1)) {
            target = arc_adapt(&q, target, capacity, in_b2);
            arc_replace(&q, target, in_b2);
            move(&q, ARC_T2, key);
        } else {
            arc_make_room(&q, target, capacity);
            push(&q, ARC_T1, key);
        }
    }
    free_queues(&q);
    return misses;
}

/* ---- LIRS ---- */

enum { LIRS_NEW, LIRS_LIR, LIRS_HIR, LIRS_GONE };

typedef struct lirs {
    queues stack;    /* by last use: LIR, and HIR, resident or gone, that were used since the oldest LIR was */
    queues resident; /* HIR that are here, the oldest to go first */
    uint8_t *state;
    uint32_t lir, lir_max;
} lirs;

static void lirs_prune(lirs *l)
{
    while (l->stack.count[0]) {
        uint32_t key = oldest(&l->stack, 0);

        if (l->state[key] == LIRS_LIR)
            return;
        pull(&l->stack, key);
        if (l->state[key] == LIRS_GONE)
            l->state[key] = LIRS_NEW;
    }
}

static void lirs_touch(lirs *l, uint32_t key)
{
    if (l->stack.where[key] != NOWHERE)
        pull(&l->stack, key);
    push(&l->stack, 0, key);
}

/* One more LIR: the oldest of them makes place. */
static void lirs_promote(lirs *l, uint32_t key)
{
    l->state[key] = LIRS_LIR;
    lirs_touch(l, key);
    if (++l->lir > l->lir_max) {
        uint32_t old = oldest(&l->stack, 0);

        pull(&l->stack, old);
        l->state[old] = LIRS_HIR;
        push(&l->resident, 0, old);
        l->lir--;
    }
    lirs_prune(l);
}

static void lirs_hit(lirs *l, uint32_t key)
{
    if (l->state[key] == LIRS_LIR) {
        lirs_touch(l, key);
        lirs_prune(l);
    } else if (l->stack.where[key] != NOWHERE) {
        pull(&l->resident, key);
        lirs_promote(l, key);
    } else {
        lirs_touch(l, key);
        move(&l->resident, 0, key);
    }
}

static void lirs_miss(lirs *l, uint32_t key, uint32_t capacity)
{
    if (l->lir + l->resident.count[0] >= capacity) {
        uint32_t old = oldest(&l->resident, 0);

        pull(&l->resident, old);
        l->state[old] = l->stack.where[old] != NOWHERE ? LIRS_GONE : LIRS_NEW;
    }
    if (l->lir < l->lir_max || l->state[key] == LIRS_GONE) {
        lirs_promote(l, key);
    } else {
        l->state[key] = LIRS_HIR;
        lirs_touch(l, key);
        push(&l->resident, 0, key);
    }
}

uint64_t cache_lirs(const cache_trace *trace, uint32_t capacity)
{
    uint32_t hir = capacity / 100 ? capacity / 100 : 1;
    lirs l = {make_queues(trace->universe), make_queues(trace->universe), zeros(trace->universe, 1), 0, capacity - hir};
    uint64_t misses = 0;

    for (size_t i = 0; i < trace->length; i++) {
        uint32_t key = trace->keys[i];

        if (l.state[key] == LIRS_LIR || l.state[key] == LIRS_HIR) {
            lirs_hit(&l, key);
            continue;
        }
        misses++;
        lirs_miss(&l, key, capacity);
    }
    free(l.state);
    free_queues(&l.stack);
    free_queues(&l.resident);
    return misses;
}

/* ---- W-TinyLFU ---- */

enum { TINY_WINDOW, TINY_PROBATION, TINY_PROTECTED };

#define TINY_ROWS 4u

typedef struct tiny {
    queues q;
    uint8_t *counters; /* up to 15 */
    uint32_t mask;     /* of a row */
    uint32_t additions, sample;
    uint32_t capacity, window_max, protected_max;
    uint64_t random;
} tiny;

static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static uint8_t *tiny_counter(const tiny *t, uint32_t key, uint32_t row)
{
    return &t->counters[(size_t)row * (t->mask + 1) + ((uint32_t)mix(key + ((uint64_t)row << 32)) & t->mask)];
}

static uint32_t tiny_frequency(const tiny *t, uint32_t key)
{
    uint32_t least = 15;

    for (uint32_t row = 0; row < TINY_ROWS; row++)
        if (*tiny_counter(t, key, row) < least)
            least = *tiny_counter(t, key, row);
    return least;
}

static void tiny_count(tiny *t, uint32_t key)
{
    int added = 0;

    for (uint32_t row = 0; row < TINY_ROWS; row++) {
        uint8_t *counter = tiny_counter(t, key, row);

        if (*counter < 15) {
            ++*counter;
            added = 1;
        }
    }
    t->additions += (uint32_t)added;
    if (t->additions < t->sample)
        return;
    for (size_t i = 0; i < (size_t)TINY_ROWS * (t->mask + 1); i++)
        t->counters[i] /= 2;
    t->additions /= 2;
}

static void tiny_hit(tiny *t, uint32_t key)
{
    queues *q = &t->q;

    if (is_in(q, key, TINY_WINDOW)) {
        move(q, TINY_WINDOW, key);
        return;
    }
    move(q, TINY_PROTECTED, key);
    while (q->count[TINY_PROTECTED] > t->protected_max)
        move(q, TINY_PROBATION, oldest(q, TINY_PROTECTED));
}

static int tiny_admits(tiny *t, uint32_t candidate, uint32_t victim)
{
    uint32_t asks = tiny_frequency(t, candidate), has = tiny_frequency(t, victim);

    if (asks > has)
        return 1;
    if (asks <= 5)
        return 0;
    t->random = mix(t->random);
    return (t->random & 127) == 0; /* against those who know the hash */
}

static void tiny_miss(tiny *t, uint32_t key)
{
    queues *q = &t->q;

    push(q, TINY_WINDOW, key);
    while (q->count[TINY_WINDOW] > t->window_max) {
        uint32_t candidate = oldest(q, TINY_WINDOW), victim;

        move(q, TINY_PROBATION, candidate);
        if (q->count[TINY_WINDOW] + q->count[TINY_PROBATION] + q->count[TINY_PROTECTED] <= t->capacity)
            continue;
        victim = oldest(q, TINY_PROBATION);
        if (victim == candidate && q->count[TINY_PROTECTED])
            victim = oldest(q, TINY_PROTECTED);
        pull(q, victim == candidate || !tiny_admits(t, candidate, victim) ? candidate : victim);
    }
    while (q->count[TINY_WINDOW] + q->count[TINY_PROBATION] + q->count[TINY_PROTECTED] > t->capacity)
        pull(q, q->count[TINY_PROBATION]   ? oldest(q, TINY_PROBATION)
                : q->count[TINY_PROTECTED] ? oldest(q, TINY_PROTECTED)
                                           : oldest(q, TINY_WINDOW));
}

static void tiny_resize(tiny *t, uint32_t window_max)
{
    queues *q = &t->q;

    t->window_max = window_max;
    t->protected_max = (uint32_t)((double)(t->capacity - window_max) * 0.8);
    while (q->count[TINY_PROTECTED] > t->protected_max)
        move(q, TINY_PROBATION, oldest(q, TINY_PROTECTED));
    while (q->count[TINY_WINDOW] < window_max && q->count[TINY_PROBATION])
        move(q, TINY_WINDOW, oldest(q, TINY_PROBATION));
    while (q->count[TINY_WINDOW] > window_max)
        move(q, TINY_PROBATION, oldest(q, TINY_WINDOW));
}

typedef struct climber {
    double step, last_rate;
    uint32_t hits, requests;
} climber;

static void climb(climber *c, tiny *t)
{
    double rate = (double)c->hits / c->requests, change = rate - c->last_rate;
    double amount = change >= 0 ? c->step : -c->step;
    double window = (double)t->window_max + amount, most = (double)t->capacity - 1;
    double large = 0.0625 * (double)t->capacity;

    c->step = change >= 0.05 || change <= -0.05 ? (amount >= 0 ? large : -large) : 0.98 * amount;
    c->last_rate = rate;
    c->hits = c->requests = 0;
    tiny_resize(t, (uint32_t)(window < 1 ? 1 : window > most ? most : window));
}

static uint64_t play_tiny(const cache_trace *trace, uint32_t capacity, int climbs)
{
    tiny t = {.q = make_queues(trace->universe), .sample = 10 * capacity, .capacity = capacity, .mask = 31};
    climber c = {.step = -0.0625 * capacity};
    uint64_t misses = 0;

    while (t.mask < 4 * capacity)
        t.mask = t.mask * 2 + 1;
    t.counters = zeros(TINY_ROWS, (size_t)t.mask + 1);
    tiny_resize(&t, capacity / 100 ? capacity / 100 : 1);
    for (size_t i = 0; i < trace->length; i++) {
        uint32_t key = trace->keys[i];
        int hit = t.q.where[key] != NOWHERE;

        tiny_count(&t, key);
        if (hit)
            tiny_hit(&t, key);
        else
            tiny_miss(&t, key);
        misses += !hit;
        c.hits += (uint32_t)hit;
        if (climbs && ++c.requests == t.sample)
            climb(&c, &t);
    }
    free(t.counters);
    free_queues(&t.q);
    return misses;
}

uint64_t cache_wtinylfu(const cache_trace *trace, uint32_t capacity)
{
    return play_tiny(trace, capacity, 0);
}

uint64_t cache_wtinylfu_climb(const cache_trace *trace, uint32_t capacity)
{
    return play_tiny(trace, capacity, 1);
}

/* ---- Belady ---- */

/* A heap of when keys are wanted next, the latest on top. Those that were asked for meanwhile are left in it and skipped. */
typedef struct future {
    uint32_t when, key;
} future;

static void heap_push(future *heap, size_t *count, future item)
{
    size_t i = (*count)++;

    for (; i && heap[(i - 1) / 2].when < item.when; i = (i - 1) / 2)
        heap[i] = heap[(i - 1) / 2];
    heap[i] = item;
}

static future heap_pop(future *heap, size_t *count)
{
    future top = heap[0], last = heap[--*count];
    size_t i = 0;

    for (size_t child; (child = 2 * i + 1) < *count; i = child) {
        if (child + 1 < *count && heap[child + 1].when > heap[child].when)
            child++;
        if (heap[child].when <= last.when)
            break;
        heap[i] = heap[child];
    }
    heap[i] = last;
    return top;
}

uint64_t cache_belady(const cache_trace *trace, uint32_t capacity)
{
    uint32_t *next = zeros(trace->length, sizeof *next), *wanted = zeros(trace->universe, sizeof *wanted);
    future *heap = zeros(trace->length, sizeof *heap);
    uint8_t *here = zeros(trace->universe, 1);
    size_t waiting = 0, count = 0;
    uint64_t misses = 0;

    for (uint32_t key = 0; key < trace->universe; key++)
        wanted[key] = UINT32_MAX;
    for (size_t i = trace->length; i-- > 0;) {
        next[i] = wanted[trace->keys[i]];
        wanted[trace->keys[i]] = (uint32_t)i;
    }
    for (size_t i = 0; i < trace->length; i++) {
        uint32_t key = trace->keys[i];

        wanted[key] = next[i];
        if (!here[key]) {
            misses++;
            while (count == capacity) {
                future latest = heap_pop(heap, &waiting);

                if (here[latest.key] && wanted[latest.key] == latest.when) {
                    here[latest.key] = 0;
                    count--;
                }
            }
            here[key] = 1;
            count++;
        }
        heap_push(heap, &waiting, (future){next[i], key});
    }
    free(next);
    free(wanted);
    free(heap);
    free(here);
    return misses;
}
