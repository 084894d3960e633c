/* policy_test.c: who goes from a cache: that everybody is in it once, whatever is done to it; that it holds on to what is in demand where
 * simpler rules fail; and that hits need no lock. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "../suite.h"
#include "cache/memory/policy.h"

/* A cache of nothing but nodes, as a shard uses the policy. Keys are numbers below KEYS. */
#define KEYS 4096u

typedef struct cache {
    tripsage__policy *policy;
    tripsage__policy_part *parts;
    size_t part_count;
    tripsage__policy_node nodes[KEYS];
    unsigned char here[KEYS];
    uint32_t sizes[KEYS];
    uint64_t count, bytes;
} cache;

static cache c;

static uint64_t hash_of(uint32_t key)
{
    uint64_t x = key + 0x9e3779b97f4a7c15u;

    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static uint32_t chance(uint32_t below)
{
    static uint64_t state;

    return (uint32_t)(hash_of((uint32_t)++state) >> 32) % below;
}

static tripsage__policy_part *part_of(uint32_t key)
{
    return &c.parts[hash_of(key) % c.part_count];
}

static void open_cache(uint64_t max_bytes, uint64_t max_entries, size_t parts)
{
    memset(&c, 0, sizeof c);
    c.policy = tripsage__policy_new(max_bytes, max_entries, parts);
    c.parts = calloc(parts, sizeof *c.parts);
    c.part_count = parts;
    ck_assert(c.policy && c.parts);
    for (size_t i = 0; i < parts; i++)
        tripsage__policy_part_init(&c.parts[i], c.policy);
    for (uint32_t key = 0; key < KEYS; key++)
        c.sizes[key] = 1;
}

static void close_cache(void)
{
    for (size_t i = 0; i < c.part_count; i++)
        tripsage__policy_part_close(&c.parts[i]);
    tripsage__policy_free(c.policy);
    free(c.parts);
}

static void gone(uint32_t key)
{
    ck_assert(c.here[key]);
    c.here[key] = 0;
    c.count--;
    c.bytes -= c.sizes[key];
}

static uint32_t evict_from(tripsage__policy_part *part, const tripsage__policy_node *keep)
{
    tripsage__policy_node *victim = tripsage__policy_victim(part, keep);
    uint32_t key = (uint32_t)(victim - c.nodes);

    ck_assert_ptr_nonnull(victim);
    ck_assert_ptr_ne(victim, keep);
    gone(key);
    tripsage__policy_evict(part, victim, hash_of(key));
    return key;
}

static void insert(uint32_t key)
{
    tripsage__policy_part *part = part_of(key);

    if (tripsage__policy_part_wants(part))
        ck_assert(tripsage__policy_part_grow(part));
    tripsage__policy_insert(part, &c.nodes[key], hash_of(key));
    c.here[key] = 1;
    c.count++;
    c.bytes += c.sizes[key];
}

/* 1 for a hit. Room is made in the key's part, or in another when there is nobody in that. */
static int ask(uint32_t key, uint64_t max_bytes)
{
    if (c.here[key]) {
        tripsage__policy_hit(c.policy, &c.nodes[key], hash_of(key));
        return 1;
    }
    while (c.bytes + c.sizes[key] > max_bytes) {
        tripsage__policy_part *part = part_of(key);

        for (size_t i = 0; part->count == 0; i++)
            part = &c.parts[i];
        evict_from(part, NULL);
    }
    insert(key);
    return 0;
}

/* Everybody who is here is met once on a walk, and nobody else. */
static void check_all(void)
{
    unsigned char seen[KEYS] = {0};
    size_t count = 0;

    for (size_t i = 0; i < c.part_count; i++) {
        const tripsage__policy_node *node = NULL;
        size_t in_part = 0;

        while ((node = tripsage__policy_next(&c.parts[i], node)) != NULL) {
            uint32_t key = (uint32_t)(node - c.nodes);

            ck_assert(c.here[key] && !seen[key]++);
            ck_assert_ptr_eq(part_of(key), &c.parts[i]);
            in_part++;
        }
        ck_assert_uint_eq(in_part, c.parts[i].count);
        count += in_part;
    }
    ck_assert_uint_eq(count, c.count);
}

/* ---- everybody is in it once ---- */

/* The same key in the place of itself: its node moves, since entries are replaced and not changed. */
static void replace(uint32_t key)
{
    tripsage__policy_node moved = c.nodes[key], *node = &c.nodes[key];

    tripsage__policy_replace(part_of(key), node, &moved, hash_of(key));
    memset(node, 0, sizeof *node);
    tripsage__policy_replace(part_of(key), &moved, node, hash_of(key));
}

static void do_anything(void)
{
    uint32_t key = chance(KEYS / 4);
    tripsage__policy_part *part = part_of(key);

    switch (chance(8)) {
    case 0:
        if (c.here[key]) {
            gone(key);
            tripsage__policy_remove(part, &c.nodes[key]);
        }
        break;
    case 1:
        if (c.here[key])
            replace(key);
        break;
    case 2: /* room for a larger value in the place of this one */
        if (c.here[key] && part->count > 1)
            evict_from(part, &c.nodes[key]);
        break;
    default:
        ask(key, 300);
    }
}

START_TEST(whatever_is_done_everybody_is_in_it_once)
{
    for (size_t parts = 1; parts <= 4; parts += 3) {
        open_cache(UINT64_MAX, 300, parts);
        for (unsigned i = 0; i < 40000; i++) {
            if (i % 5000 == 0)
                atomic_store(&c.policy->rule, (uint8_t)(i / 5000 % 3)); /* going over from any rule to any other */
            do_anything();
            if (i % 50 == 0)
                check_all();
        }
        check_all();
        close_cache();
    }
}
END_TEST

START_TEST(a_cache_may_be_small)
{
    for (uint32_t size = 1; size <= 12; size++) {
        open_cache(UINT64_MAX, size, 1);
        for (unsigned i = 0; i < 3000; i++) {
            ask(chance(2 * size + 1), size);
            ck_assert_uint_le(c.count, size);
            check_all();
        }
        ck_assert_uint_eq(c.count, size);
        close_cache();
    }
}
END_TEST

START_TEST(who_is_to_stay_does_not_go)
{
    open_cache(UINT64_MAX, 100, 1);
    ck_assert_ptr_null(tripsage__policy_victim(&c.parts[0], NULL));
    insert(7);
    ck_assert_ptr_null(tripsage__policy_victim(&c.parts[0], &c.nodes[7]));
    for (unsigned rule = 0; rule < 3; rule++) {
        for (uint32_t key = 0; key < 100; key++)
            ask(key, 100);
        atomic_store(&c.policy->rule, (uint8_t)rule);
        while (c.count > 1) {
            evict_from(&c.parts[0], &c.nodes[7]);
            check_all();
        }
        ck_assert(c.here[7]);
        ck_assert_ptr_null(tripsage__policy_victim(&c.parts[0], &c.nodes[7]));
    }
    close_cache();
}
END_TEST

START_TEST(sizes_may_differ)
{
    enum { BYTES = 200000 };

    open_cache(BYTES, UINT64_MAX, 2);
    for (uint32_t key = 0; key < KEYS; key++)
        c.sizes[key] = 50 + chance(key % 10 ? 400 : 20000);
    for (unsigned i = 0; i < 30000; i++) {
        ask(chance(64) ? chance(KEYS / 8) : chance(KEYS), BYTES);
        ck_assert_uint_le(c.bytes, BYTES);
    }
    check_all();
    ck_assert_uint_gt(c.bytes, BYTES - 21000);
    close_cache();
}
END_TEST

/* ---- who is in demand stays ---- */

/* Hits among `count` requests, of which the i-th is for from + i % length. */
static unsigned ask_in_turn(uint32_t from, uint32_t length, unsigned count, uint64_t size)
{
    unsigned hits = 0;

    for (uint32_t i = 0; i < count; i++)
        hits += (unsigned)ask(from + i % length, size);
    return hits;
}

/* Where LRU, SIEVE and S3-FIFO have not one hit. 200 of 250 could be hits. */
START_TEST(a_loop_that_is_longer_than_the_cache_hits)
{
    open_cache(UINT64_MAX, 200, 1);
    ask_in_turn(0, 250, 1000, 200);
    ck_assert_uint_ge(ask_in_turn(0, 250, 2500, 200), 1900);
    close_cache();
}
END_TEST

START_TEST(so_it_does_when_only_bytes_are_bounded_and_shards_are_many)
{
    enum { BYTES = 2000 * 300 };

    open_cache(BYTES, UINT64_MAX, 4);
    for (uint32_t key = 0; key < KEYS; key++)
        c.sizes[key] = 300;
    ask_in_turn(0, 2500, 50000, BYTES);
    ck_assert_uint_ge(ask_in_turn(0, 2500, 25000, BYTES), 17000);
    close_cache();
}
END_TEST

START_TEST(a_scan_does_not_push_out_what_is_in_demand)
{
    unsigned hits = 0;

    open_cache(UINT64_MAX, 200, 1);
    for (unsigned i = 0; i < 5000; i++)
        ask(chance(100), 200);
    ask_in_turn(1000, 2000, 2000, 200);
    for (uint32_t key = 0; key < 100; key++)
        hits += c.here[key];
    ck_assert_uint_ge(hits, 95);
    close_cache();
}
END_TEST

/* Old favourites, with many uses, make place for others. */
START_TEST(demand_that_moves_on_is_followed)
{
    open_cache(UINT64_MAX, 200, 1);
    for (uint32_t from = 0; from + 200 <= KEYS; from += 200) {
        unsigned hits = 0;

        for (unsigned i = 0; i < 4000; i++)
            ask(from + chance(180), 200);
        for (unsigned i = 0; i < 1000; i++)
            hits += (unsigned)ask(from + chance(180), 200);
        ck_assert_uint_ge(hits, 950);
    }
    close_cache();
}
END_TEST

START_TEST(the_same_calls_give_the_same)
{
    unsigned char first[KEYS];
    uint32_t keys[20000];

    for (unsigned i = 0; i < 20000; i++)
        keys[i] = chance(1 + chance(KEYS));
    for (unsigned run = 0; run < 2; run++) {
        open_cache(UINT64_MAX, 500, 1);
        for (unsigned i = 0; i < 20000; i++)
            ask(keys[i], 500);
        if (run == 0)
            memcpy(first, c.here, sizeof first);
        else
            ck_assert_mem_eq(first, c.here, sizeof first);
        close_cache();
    }
}
END_TEST

/* ---- what it takes ---- */

START_TEST(little_is_kept_of_an_entry)
{
    ck_assert_uint_le(sizeof(tripsage__policy_node), 24);
    open_cache(UINT64_MAX, 2000, 1);
    ck_assert_uint_eq(tripsage__policy_part_wants(&c.parts[0]), 0);
    ask_in_turn(0, 2000, 2000, 2000);
    ck_assert_uint_eq(tripsage__policy_part_bytes(&c.parts[0]), 0); /* nobody has left */
    ask_in_turn(2000, 2000, 2000, 2000);
    ck_assert_uint_eq(tripsage__policy_part_bytes(&c.parts[0]), 8000);
    ck_assert_uint_eq(tripsage__policy_part_wants(&c.parts[0]), 0);
    ck_assert_uint_le(tripsage__policy_bytes(c.policy), 70000);
    close_cache();
    open_cache(1 << 20, UINT64_MAX, 1);
    ck_assert_uint_le(tripsage__policy_bytes(c.policy), (1 << 20) / 16);
    close_cache();
}
END_TEST

/* As it is when there is no memory for what is remembered of who left. */
START_TEST(it_goes_on_without_ghosts)
{
    unsigned hits = 0;

    open_cache(UINT64_MAX, 200, 1);
    for (unsigned i = 0; i < 20000; i++) {
        uint32_t key = chance(chance(4) ? 150 : KEYS);

        if (c.here[key]) {
            hits++;
            tripsage__policy_hit(c.policy, &c.nodes[key], hash_of(key));
            continue;
        }
        if (c.count == 200)
            evict_from(&c.parts[0], NULL);
        tripsage__policy_insert(&c.parts[0], &c.nodes[key], hash_of(key));
        c.here[key] = 1;
        c.count++;
        c.bytes++;
    }
    check_all();
    ck_assert_uint_ge(hits, 13000);
    close_cache();
}
END_TEST

/* ---- hits need no lock ---- */

static atomic_int stop;

static void *keep_hitting(void *arg)
{
    uint32_t key = (uint32_t)(uintptr_t)arg;

    while (!atomic_load(&stop)) {
        key = (key * 5 + 1) % 1024;
        tripsage__policy_hit(c.policy, &c.nodes[key], hash_of(key));
    }
    return NULL;
}

START_TEST(hits_run_beside_everything)
{
    pthread_t threads[3];

    open_cache(UINT64_MAX, 400, 1);
    atomic_store(&stop, 0);
    for (uintptr_t i = 0; i < 3; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, keep_hitting, (void *)i), 0);
    for (unsigned i = 0; i < 20000; i++)
        do_anything();
    atomic_store(&stop, 1);
    for (unsigned i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    check_all();
    close_cache();
}
END_TEST

SUITE_MAIN("cache/policy", whatever_is_done_everybody_is_in_it_once, a_cache_may_be_small, who_is_to_stay_does_not_go,
           sizes_may_differ, a_loop_that_is_longer_than_the_cache_hits,
           so_it_does_when_only_bytes_are_bounded_and_shards_are_many, a_scan_does_not_push_out_what_is_in_demand,
           demand_that_moves_on_is_followed, the_same_calls_give_the_same, little_is_kept_of_an_entry,
           it_goes_on_without_ghosts, hits_run_beside_everything)
