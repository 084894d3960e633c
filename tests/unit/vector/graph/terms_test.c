/* terms_test.c: lists of slots by term, against a plain table of which slot has which term. */
#include "vector/graph/terms.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "../../suite.h"
#include "support/chance.h"
#include "support/failing.h"

enum { SLOTS = 3000, NAMES = 200 };

typedef struct scene {
    alignas(64) tripsage__grace grace;
    tripsage__limbo limbo;
    tripsage__terms terms;
    /* The model: what a slot has (names 0..NAMES-1), and whether it is there (1) or removed (2). */
    unsigned char has[SLOTS][NAMES];
    unsigned char state[SLOTS];
    uint64_t seed;
} scene;

static scene *s;

static void setup(void)
{
    test_heap_install();
    s = aligned_alloc(64, (sizeof *s + 63) / 64 * 64);
    ck_assert_ptr_nonnull(s);
    memset(s, 0, sizeof *s);
    s->seed = 7;
    tripsage__limbo_init(&s->limbo, &s->grace);
    tripsage__terms_init(&s->terms, &s->limbo);
}

static void teardown(void)
{
    tripsage__terms_close(&s->terms);
    tripsage__limbo_close(&s->limbo);
    ck_assert_int_eq(test_heap_alive(TEST_HEAP_LIBRARY), 0);
    free(s);
}

/* Name 0 is as 0 is; name 1 has all bits; the others are anywhere. */
static uint64_t name_of(unsigned i)
{
    return i == 0 ? 0 : i == 1 ? UINT64_MAX : (uint64_t)i * UINT64_C(0x9e3779b97f4a7c15);
}

/* Most slots have name 2, half have 3, one in a hundred 4; those above are rare. */
static unsigned draw_name(void)
{
    uint64_t chance = test_draw(&s->seed, 100);

    return chance < 50 ? 2 : chance < 75 ? 3 : chance < 76 ? 4 : (unsigned)test_draw(&s->seed, NAMES);
}

static size_t draw_names(uint64_t out[TRIPSAGE__TERMS_MAX], unsigned char has[NAMES])
{
    size_t count = test_draw(&s->seed, 20) ? (size_t)test_draw(&s->seed, 6) : TRIPSAGE__TERMS_MAX;

    memset(has, 0, NAMES);
    for (size_t i = 0; i < count; i++) {
        unsigned name = draw_name();

        has[name] = 1;
        out[i] = name_of(name);
    }
    return count;
}

static tripsage_status add(uint32_t slot)
{
    uint64_t names[TRIPSAGE__TERMS_MAX];
    unsigned char has[NAMES];
    size_t count = draw_names(names, has);
    tripsage_status status = tripsage__terms_add(&s->terms, slot, names, count);

    if (status == TRIPSAGE_OK) {
        memcpy(s->has[slot], has, NAMES);
        s->state[slot] = 1;
    }
    return status;
}

static void drop(uint32_t slot)
{
    tripsage__terms_remove(&s->terms, slot);
    s->state[slot] = 2;
}

static void forget(uint32_t slot)
{
    tripsage__terms_forget(&s->terms, slot);
    s->state[slot] = 0;
}

/* ---- comparing ---- */

static uint32_t seen[SLOTS];

static void see(uint32_t slot)
{
    if (slot >= SLOTS) /* asked so, since Check writes down each assertion that holds */
        ck_abort_msg("slot %u", slot);
    seen[slot]++;
}

static void see_list(const tripsage__term_view *view)
{
    uint32_t used;
    const _Atomic uint32_t *entries;

    memset(seen, 0, sizeof seen);
    if (!view->list) {
        if (view->only != UINT32_MAX)
            see(view->only);
    } else if (view->list->is_bitmap) {
        for (uint32_t word = 0; word < view->list->capacity; word++)
            for (uint64_t bits = tripsage__term_bits(view->list)[word]; bits; bits &= bits - 1)
                see(word * 64 + (uint32_t)__builtin_ctzll(bits));
    } else {
        entries = tripsage__term_entries(view->list, &used);
        for (uint32_t i = 0; i < used; i++)
            if (entries[i] != UINT32_MAX)
                see(entries[i]);
    }
}

static void check_list(const tripsage__terms *terms, unsigned name)
{
    uint32_t number = tripsage__terms_find(terms, name_of(name)), count = 0, kept = 0;
    tripsage__term_view view = {NULL, UINT32_MAX, 0};

    if (number != TRIPSAGE__NO_TERM)
        tripsage__terms_look(&view, terms, number);
    see_list(&view);
    for (uint32_t slot = 0; slot < SLOTS; slot++) {
        uint32_t is_in = s->state[slot] == 1 && s->has[slot][name];

        if (seen[slot] != is_in)
            ck_abort_msg("slot %u, name %u: %u times instead of %u", slot, name, seen[slot], is_in);
        count += is_in;
        kept += s->state[slot] && s->has[slot][name];
    }
    ck_assert_uint_eq(view.count, count);
    ck_assert_msg((number != TRIPSAGE__NO_TERM) == (kept > 0), "name %u is kept for nobody", name);
}

static void check_own(const tripsage__terms *terms, uint32_t slot)
{
    size_t count, wanted = 0;
    const _Atomic uint32_t *own = tripsage__terms_of(terms, slot, &count);

    for (unsigned name = 0; name < NAMES; name++) {
        uint32_t number = tripsage__terms_find(terms, name_of(name));
        size_t i = 0;

        if (!s->state[slot] || !s->has[slot][name])
            continue;
        while (i < count && own[i] != number)
            i++;
        ck_assert_msg(i < count, "slot %u does not know of name %u", slot, name);
        wanted++;
    }
    ck_assert_uint_eq(count, wanted);
}

static void check(const tripsage__terms *terms)
{
    for (unsigned name = 0; name < NAMES; name++)
        check_list(terms, name);
    for (uint32_t slot = 0; slot < SLOTS; slot += 7)
        check_own(terms, slot);
}

/* ---- the tests ---- */

static void change_at_random(uint32_t below, int steps)
{
    for (int i = 0; i < steps; i++) {
        uint32_t slot = (uint32_t)test_draw(&s->seed, below);

        if (s->state[slot] == 0)
            ck_assert_ok(add(slot));
        else if (s->state[slot] == 1)
            drop(slot);
        else
            forget(slot);
    }
}

START_TEST(nothing_has_nothing)
{
    size_t count;

    ck_assert_uint_eq(tripsage__terms_find(&s->terms, 1), TRIPSAGE__NO_TERM);
    ck_assert_ptr_null(tripsage__terms_of(&s->terms, 5, &count));
    ck_assert_uint_eq(count, 0);
    tripsage__terms_remove(&s->terms, 5);
    tripsage__terms_forget(&s->terms, 5);
    ck_assert_uint_eq(tripsage__terms_bytes(&s->terms), 0);
}
END_TEST

START_TEST(is_what_a_plain_table_is)
{
    /* Grows slowly, so that lists become bitmaps and longer ones while there are slots. */
    for (uint32_t below = 10; below <= SLOTS; below = below * 3 / 2) {
        change_at_random(below, (int)below * 2);
        check(&s->terms);
    }
}
END_TEST

START_TEST(gives_all_memory_back_when_all_are_gone)
{
    uint64_t full, again;

    for (int round = 0; round < 3; round++) {
        for (uint32_t slot = 0; slot < SLOTS; slot++)
            ck_assert_ok(add(slot));
        check(&s->terms);
        full = tripsage__terms_bytes(&s->terms);
        for (uint32_t slot = 0; slot < SLOTS; slot++)
            drop(slot);
        check(&s->terms);
        for (uint32_t slot = 0; slot < SLOTS; slot++)
            forget(slot);
        check(&s->terms);
        again = tripsage__terms_bytes(&s->terms);
        ck_assert_uint_lt(again, full); /* the lists; what is kept for each slot stays */
        ck_assert_uint_eq(s->terms.term_count, 0);
        ck_assert_uint_eq(s->limbo.bytes, 0);
    }
    /* Random sets of terms, so never quite the same. */
    ck_assert_uint_lt(s->terms.record_end, SLOTS * 6u);
}
END_TEST

START_TEST(terms_that_come_and_go_take_no_more_room)
{
    uint64_t bytes = 0;

    for (uint64_t i = 0; i < 20000; i++) {
        uint64_t names[2] = {i, i + 1};

        ck_assert_ok(tripsage__terms_add(&s->terms, (uint32_t)(i % 10), names, 2));
        ck_assert_uint_ne(tripsage__terms_find(&s->terms, i), TRIPSAGE__NO_TERM);
        tripsage__terms_remove(&s->terms, (uint32_t)(i % 10));
        tripsage__terms_forget(&s->terms, (uint32_t)(i % 10));
        ck_assert_uint_eq(tripsage__terms_find(&s->terms, i), TRIPSAGE__NO_TERM);
        if (i == 100)
            bytes = tripsage__terms_bytes(&s->terms);
    }
    ck_assert_uint_eq(tripsage__terms_bytes(&s->terms), bytes);
}
END_TEST

START_TEST(is_not_given_away_under_the_eyes_of_a_reader)
{
    uint64_t owner = 1, other = 2;
    tripsage__grace_reader reader;
    uint32_t number;
    size_t count;

    ck_assert_ok(tripsage__terms_add(&s->terms, 0, &owner, 1));
    reader = tripsage__grace_enter(&s->grace);
    number = tripsage__terms_find(&s->terms, owner);
    tripsage__terms_remove(&s->terms, 0);
    ck_assert_uint_eq(*tripsage__terms_of(&s->terms, 0, &count), number); /* until it is forgotten */
    tripsage__terms_forget(&s->terms, 0);
    ck_assert_ok(tripsage__terms_add(&s->terms, 1, &other, 1));
    ck_assert_uint_ne(tripsage__terms_find(&s->terms, other), number);
    tripsage__grace_leave(reader, 0);
    ck_assert_ok(tripsage__terms_add(&s->terms, 2, &owner, 1));
    ck_assert_uint_eq(tripsage__terms_find(&s->terms, owner), number); /* free again */
}
END_TEST

START_TEST(a_failure_changes_nothing)
{
    long nth = 1;

    /* Each slot is added while first the first, then the second ... allocation fails. */
    for (uint32_t slot = 0; slot < 500; slot++) {
        for (nth = 1;; nth++) {
            uint64_t seed = s->seed;
            tripsage_status status;

            test_heap_arm(nth, TEST_FAIL_ONCE);
            status = add(slot);
            test_heap_disarm();
            if (status == TRIPSAGE_OK)
                break;
            ck_assert_int_eq(status, TRIPSAGE_ENOMEM);
            s->seed = seed;
        }
        if (slot % 3 == 2) {
            test_heap_arm(1, TEST_FAIL_FOR_GOOD);
            drop(slot - 1);
            forget(slot - 1);
            test_heap_disarm();
        }
        if (slot % 20 == 0)
            check(&s->terms);
    }
    check(&s->terms);
}
END_TEST

static void snapshot(tripsage__buf *out)
{
    *out = (tripsage__buf)TRIPSAGE__BUF_INIT(SIZE_MAX);
    tripsage__terms_put(out, &s->terms);
    ck_assert_ok(tripsage__buf_status(out));
}

START_TEST(comes_back_from_a_snapshot)
{
    tripsage__terms read;
    tripsage__buf bytes, again;

    for (int round = 0; round < 4; round++) {
        snapshot(&bytes);
        tripsage__terms_init(&read, &s->limbo);
        ck_assert_ok(tripsage__terms_get(&read, bytes.data, bytes.size));
        check(&read);
        again = (tripsage__buf)TRIPSAGE__BUF_INIT(SIZE_MAX);
        tripsage__terms_put(&again, &read);
        ck_assert_uint_eq(again.size, bytes.size);
        ck_assert_mem_eq(again.data, bytes.data, bytes.size);
        tripsage__terms_close(&s->terms);
        s->terms = read;
        change_at_random(SLOTS, 2 * SLOTS); /* and it goes on */
        check(&s->terms);
        tripsage__buf_free(&bytes);
        tripsage__buf_free(&again);
    }
}
END_TEST

/* Whatever is read, either nothing of it is taken, or all lists are of slots and terms that are there. */
static void check_damaged(const unsigned char *bytes, size_t size)
{
    tripsage__terms read;

    tripsage__terms_init(&read, &s->limbo);
    if (tripsage__terms_get(&read, bytes, size) == TRIPSAGE_OK) {
        for (uint32_t slot = 0; slot < read.slot_end; slot++) {
            tripsage__terms_remove(&read, slot);
            tripsage__terms_forget(&read, slot);
        }
        ck_assert_uint_eq(read.term_count, 0);
    } else {
        ck_assert_int_eq(tripsage_last_error()->status, TRIPSAGE_ECORRUPT);
        ck_assert_uint_eq(tripsage__terms_bytes(&read), 0);
    }
    tripsage__terms_close(&read);
}

START_TEST(a_damaged_snapshot_does_no_harm)
{
    tripsage__buf bytes;
    unsigned char *copy;

    change_at_random(100, 300);
    snapshot(&bytes);
    for (size_t size = 0; size < bytes.size; size++) {
        copy = malloc(size ? size : 1); /* of this size, so that a sanitizer sees what is read behind it */
        ck_assert_ptr_nonnull(copy);
        memcpy(copy, bytes.data, size);
        check_damaged(copy, size);
        free(copy);
    }
    copy = malloc(bytes.size);
    ck_assert_ptr_nonnull(copy);
    for (int i = 0; i < 5000; i++) {
        memcpy(copy, bytes.data, bytes.size);
        for (uint64_t n = test_draw(&s->seed, 3); n + 1; n--)
            copy[test_draw(&s->seed, bytes.size)] =
                (unsigned char)(test_draw(&s->seed, 2) ? test_draw(&s->seed, 256) : 0);
        check_damaged(copy, bytes.size);
    }
    free(copy);
    tripsage__buf_free(&bytes);
}
END_TEST

START_TEST(no_memory_while_reading_a_snapshot)
{
    tripsage__buf bytes;
    tripsage_status status = TRIPSAGE_ENOMEM;

    change_at_random(300, 900);
    snapshot(&bytes);
    for (long nth = 1; status != TRIPSAGE_OK; nth++) {
        tripsage__terms read;

        tripsage__terms_init(&read, &s->limbo);
        test_heap_arm(nth, TEST_FAIL_ONCE);
        status = tripsage__terms_get(&read, bytes.data, bytes.size);
        test_heap_disarm();
        if (status != TRIPSAGE_OK) {
            ck_assert_int_eq(status, TRIPSAGE_ENOMEM);
            ck_assert_uint_eq(tripsage__terms_bytes(&read), 0);
        }
        tripsage__terms_close(&read);
    }
    tripsage__buf_free(&bytes);
}
END_TEST

/* ---- with threads ----
 *
 * Each item has one owner and a slot; slots are given to other owners as an index does: marked dead, out of the lists, and after a
 * grace period to another. Readers ask for all of one owner's, by its list and by the slots' own terms, and may find no other's. */

enum { OWNERS = 50, TENANT_SLOTS = 512, READERS = 2, CHANGES = 3000, LOOKS = 100 };

typedef struct tenants {
    tripsage__grace *grace;
    tripsage__terms *terms;
    _Atomic int stop;
    _Atomic uint32_t owner[TENANT_SLOTS]; /* 0: nobody's */
    _Atomic uint64_t wrong, missing, found, looks;
} tenants;

/* A slot that was this owner's when the reader came and is now must be found. */
static void read_owner(tenants *t, uint32_t owner)
{
    tripsage__grace_reader reader = tripsage__grace_enter(t->grace);
    uint32_t before[TENANT_SLOTS], number, used, found = 0;
    tripsage__term_view view = {NULL, UINT32_MAX, 0};
    unsigned char is_found[TENANT_SLOTS] = {0};

    for (uint32_t i = 0; i < TENANT_SLOTS; i++)
        before[i] = atomic_load_explicit(&t->owner[i], memory_order_acquire);
    number = tripsage__terms_find(t->terms, owner);
    if (number != TRIPSAGE__NO_TERM)
        tripsage__terms_look(&view, t->terms, number);
    if (view.only != UINT32_MAX)
        is_found[view.only] = 1;
    if (view.list && view.list->is_bitmap) {
        for (uint32_t i = 0; i < TENANT_SLOTS; i++)
            is_found[i] = i / 64 < view.list->capacity && tripsage__term_bits(view.list)[i / 64] >> i % 64 & 1;
    } else if (view.list) {
        const _Atomic uint32_t *entries = tripsage__term_entries(view.list, &used);

        for (uint32_t i = 0; i < used; i++)
            if (atomic_load_explicit(&entries[i], memory_order_acquire) != UINT32_MAX)
                is_found[entries[i] == UINT32_MAX ? 0 : entries[i]] = 1;
    }
    for (uint32_t i = 0; i < TENANT_SLOTS; i++) {
        uint32_t now = atomic_load_explicit(&t->owner[i], memory_order_acquire);
        size_t count = 0;
        const _Atomic uint32_t *own = now ? tripsage__terms_of(t->terms, i, &count) : NULL;
        int is_own = own && count == 1 && *own == number && number != TRIPSAGE__NO_TERM;

        found += is_found[i];
        if (now && now != owner && is_own)
            t->wrong++;
        if (before[i] == owner && now == owner && !is_found[i])
            t->missing++;
        if (before[i] == owner && now == owner && !is_own)
            t->missing++;
    }
    t->found += found;
    t->looks++;
    tripsage__grace_leave(reader, 0);
}

static void *read_on(void *context)
{
    tenants *t = context;
    uint64_t seed = 1;

    while (!t->stop)
        read_owner(t, (uint32_t)test_draw(&seed, 6) ? 1 : 1 + (uint32_t)test_draw(&seed, OWNERS));
    return NULL;
}

/* Takes one after the other, and gives a slot away when nobody looks at it. */
static void change_tenants(tenants *t)
{
    uint32_t waiting[TENANT_SLOTS], count = 0;
    unsigned char is_waiting[TENANT_SLOTS] = {0};
    uint64_t seed = 2, step = 0;

    for (int changes = 0; changes < CHANGES || t->looks < LOOKS;) {
        uint32_t slot = (uint32_t)test_draw(&seed, TENANT_SLOTS);
        uint64_t owner = test_draw(&seed, 4) ? 1 : 1 + test_draw(&seed, OWNERS);

        if (t->owner[slot] && count < TENANT_SLOTS / 2) {
            atomic_store_explicit(&t->owner[slot], 0, memory_order_release);
            tripsage__terms_remove(t->terms, slot);
            waiting[count++] = slot;
            is_waiting[slot] = 1;
            step = tripsage__grace_after(t->grace);
            changes++;
        } else if (!t->owner[slot] && !is_waiting[slot]) {
            if (tripsage__terms_add(t->terms, slot, &owner, 1) != TRIPSAGE_OK)
                ck_abort_msg("no memory");
            atomic_store_explicit(&t->owner[slot], (uint32_t)owner, memory_order_release);
            changes++;
        } else if (count > TENANT_SLOTS / 4 && tripsage__grace_is_over(t->grace, step)) {
            while (count) {
                is_waiting[waiting[--count]] = 0;
                tripsage__terms_forget(t->terms, waiting[count]);
            }
        } else {
            sched_yield();
        }
    }
}

START_TEST(readers_see_every_owners_and_nobody_elses)
{
    static tenants t;
    pthread_t threads[READERS];

    t.grace = &s->grace;
    t.terms = &s->terms;
    for (int i = 0; i < READERS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, read_on, &t), 0);
    change_tenants(&t);
    t.stop = 1;
    for (int i = 0; i < READERS; i++)
        pthread_join(threads[i], NULL);
    ck_assert_uint_eq(t.wrong, 0);
    ck_assert_uint_eq(t.missing, 0);
    ck_assert_uint_gt(t.found, 0);
}
END_TEST

SUITE_MAIN_WITH("vector/graph/terms", setup, teardown, nothing_has_nothing, is_what_a_plain_table_is,
                gives_all_memory_back_when_all_are_gone, terms_that_come_and_go_take_no_more_room,
                is_not_given_away_under_the_eyes_of_a_reader, a_failure_changes_nothing, comes_back_from_a_snapshot,
                a_damaged_snapshot_does_no_harm, no_memory_while_reading_a_snapshot,
                readers_see_every_owners_and_nobody_elses)
