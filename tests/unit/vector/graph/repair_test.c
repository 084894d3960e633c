/* repair_test.c: an index whose items come and go stays as good, as quick and as small as one that is made anew. */
#include <pthread.h>
#include <stdatomic.h>

#include "items.h"
#include "support/failing.h"
#include "vector/graph/plan.h"

enum { K = 10 };

/* ---- what has to hold inside ---- */

static uint32_t edge_at(const tripsage_index *index, const tripsage__view *view, uint32_t slot, uint32_t level,
                        uint32_t i)
{
    return atomic_load(&tripsage__edges_of(index, view, slot, level)[i]);
}

static void check_edges(const tripsage_index *index, const tripsage__view *view, const unsigned char *is_free,
                        uint32_t slot, uint32_t level)
{
    uint32_t used = atomic_load(&index->used);

    for (uint32_t i = 0; i < tripsage__degree_of(index, level); i++) {
        uint32_t to = edge_at(index, view, slot, level, i);

        if (to == TRIPSAGE__NO_SLOT)
            break;
        if (to >= used || to == slot || is_free[to] || view->levels[to] < level)
            ck_abort_msg("slot %u leads to %u on level %u", slot, to, level);
    }
}

/* Nobody comes upon it any more, and it will be free in a moment. */
static int is_leaving(const tripsage__repair *repair, uint32_t slot)
{
    return repair->phase == TRIPSAGE__REPAIR_FREEING && slot < repair->end &&
           repair->doomed[slot / 64] >> slot % 64 & 1;
}

/* No edge leads to a free slot, walks begin at one that is not free, and the counts are right. */
static void check_inside(const tripsage_index *index)
{
    const tripsage__view *view = tripsage__graph_view(index);
    const tripsage__repair *repair = &index->repair;
    uint32_t used = atomic_load(&index->used), entry = (uint32_t)atomic_load(&index->entry), free_count = 0, dead = 0;
    unsigned char *is_free = calloc(used + 1, 1);

    ck_assert_ptr_nonnull(is_free);
    for (uint32_t slot = 0; slot < used; slot++) {
        is_free[slot] = tripsage__is_dead(view, slot) && edge_at(index, view, slot, 0, 0) == TRIPSAGE__NO_SLOT &&
                        edge_at(index, view, slot, 0, 1) == slot;
        free_count += is_free[slot];
        dead += !is_free[slot] && tripsage__is_dead(view, slot);
    }
    for (uint32_t slot = 0; slot < used; slot++)
        for (uint32_t level = 0; level <= view->levels[slot] && !is_free[slot] && !is_leaving(repair, slot); level++)
            check_edges(index, view, is_free, slot, level);
    ck_assert_uint_eq(free_count, repair->free_count);
    if (repair->phase != TRIPSAGE__REPAIR_FREEING) /* then it is counted at the end */
        ck_assert_uint_eq(dead, atomic_load(&repair->dead));
    ck_assert_uint_eq(used, free_count + dead + atomic_load(&index->live));
    if (atomic_load(&index->live))
        ck_assert(entry < used && !is_free[entry]);
    free(is_free);
}

/* Of walks of one width: what a build chose fits that build alone. */
static double recall_of(model *m, uint64_t *looked_at)
{
    enum { QUERIES = 60, WIDTH = 64 };
    uint64_t seed = 99;
    size_t right = 0;

    *looked_at = 0;
    for (int q = 0; q < QUERIES; q++) {
        tripsage_index_query query = TRIPSAGE_INDEX_QUERY_INIT;
        float values[DIMENSIONS];
        answer a;

        draw_values(&seed, values, (unsigned)q % MIDDLES);
        query.values = values;
        query.width = WIDTH;
        model_ask(&a, m, &query);
        right += a.right;
        *looked_at += a.result.looked_at;
    }
    return (double)right / QUERIES / K;
}

/* ---- coming and going ---- */

START_TEST(half_goes_and_comes_ten_times)
{
    model m = model_new(2500);
    tripsage_index_stats before, after;
    uint64_t looked_at_first, looked_at;
    double first, recall;

    model_build(&m, 1);
    first = recall_of(&m, &looked_at_first);
    tripsage_index_get_stats(&before, m.index);
    for (int cycle = 0; cycle < 10; cycle++) {
        size_t count = 0;

        while (count < m.count / 2) {
            size_t key = (size_t)test_draw(&m.seed, m.count);

            if (m.items[key].is_there) {
                model_remove(&m, key);
                count++;
            }
        }
        for (size_t key = 0; key < m.count; key++)
            if (!m.items[key].is_there)
                model_put(&m, key);
        check_inside(m.index);
        recall = recall_of(&m, &looked_at);
        ck_assert_msg(recall >= first - 0.01, "recall %g, %g at first", recall, first);
        ck_assert_uint_le(looked_at * 10, looked_at_first * 12);
    }
    tripsage_index_get_stats(&after, m.index);
    ck_assert_uint_eq(after.count, m.count);
    ck_assert_uint_le(after.removed, m.count / 10);
    ck_assert_uint_le((after.link_bytes + after.code_bytes) * 10, (before.link_bytes + before.code_bytes) * 11);
    model_free(&m);
}
END_TEST

START_TEST(all_go_and_come_again)
{
    model m = model_new(2000);
    tripsage_index_stats stats;
    uint64_t looked_at;

    for (size_t key = 0; key < m.count; key++)
        add_term(&m.items[key], key % 5);
    model_build(&m, 1);
    for (int round = 0; round < 3; round++) {
        for (size_t key = 0; key < m.count; key++)
            model_remove(&m, round == 1 ? m.count - 1 - key : key);
        check_inside(m.index);
        (void)recall_of(&m, &looked_at); /* nothing is found */
        for (size_t key = 0; key < m.count; key++) {
            model_put(&m, key);
            if (key == 0 || key == 100)
                (void)recall_of(&m, &looked_at);
        }
        check_inside(m.index);
        ck_assert(recall_of(&m, &looked_at) >= 0.97);
        tripsage_index_get_stats(&stats, m.index);
        ck_assert_uint_le(stats.removed, m.count / 4);
    }
    model_free(&m);
}
END_TEST

static uint64_t entry_key(const tripsage_index *index)
{
    return tripsage__graph_view(index)->keys[(uint32_t)atomic_load(&index->entry)];
}

START_TEST(where_walks_begin_goes_again_and_again)
{
    model m = model_new(3000);
    uint64_t looked_at, key;

    model_build(&m, 1);
    for (int i = 0; i < 1500; i++) {
        key = entry_key(m.index);
        if (!m.items[key].is_there) /* it is still walked through */
            key = test_draw(&m.seed, m.count);
        if (m.items[key].is_there)
            model_remove(&m, key);
        if (i % 100 == 0)
            check_inside(m.index);
    }
    ck_assert_double_ge(recall_of(&m, &looked_at), 0.95);
    model_free(&m);
}
END_TEST

/* All of one middle go: those that come there again find nobody but the removed. */
START_TEST(a_whole_region_goes_and_comes)
{
    model m = model_new(4000);
    uint64_t looked_at;

    for (size_t key = 0; key < m.count; key++)
        draw_values(&m.seed, m.items[key].values, key < m.count / 2 ? 0 : 1 + (unsigned)key % (MIDDLES - 1));
    model_build(&m, 1);
    for (int round = 0; round < 2; round++) {
        for (size_t key = 0; key < m.count / 2; key++)
            model_remove(&m, key);
        check_inside(m.index);
        ck_assert_double_ge(recall_of(&m, &looked_at), 0.95);
        for (size_t key = 0; key < m.count / 2; key++)
            model_put(&m, key);
        check_inside(m.index);
        ck_assert_double_ge(recall_of(&m, &looked_at), 0.95);
    }
    model_free(&m);
}
END_TEST

/* ---- anything ---- */

static void change(model *m, size_t key)
{
    item *i = &m->items[key];

    if (i->is_there && test_draw(&m->seed, 3)) {
        model_remove(m, key);
        return;
    }
    draw_values(&m->seed, i->values, (unsigned)test_draw(&m->seed, MIDDLES));
    i->term_count = 0;
    add_term(i, test_draw(&m->seed, 3)); /* an owner, and perhaps a thing or two */
    for (uint64_t n = test_draw(&m->seed, 3); n; n--)
        add_term(i, 10 * n + test_draw(&m->seed, 10));
    model_put(m, key);
}

static void ask_anything(model *m)
{
    uint64_t terms[] = {test_draw(&m->seed, 3), 10 + test_draw(&m->seed, 10), 20 + test_draw(&m->seed, 10)};
    tripsage_index_clause clauses[] = {{terms, 1}, {terms + 1, 2}};
    tripsage_index_query query = TRIPSAGE_INDEX_QUERY_INIT;
    float values[DIMENSIONS];
    answer a;

    draw_values(&m->seed, values, (unsigned)test_draw(&m->seed, MIDDLES));
    query.values = values;
    query.k = 1 + (uint32_t)test_draw(&m->seed, K_MOST);
    query.clauses = clauses;
    query.clause_count = test_draw(&m->seed, 3);
    query.exact = test_draw(&m->seed, 4) == 0;
    model_ask(&a, m, &query);
}

/* Grows and shrinks by turns. */
START_TEST(anything_in_any_order)
{
    model m = model_new(3000);
    size_t below = m.count;

    for (int step = 0; step < 8000; step++) {
        if (step % 1000 == 0) /* most changes are of few or of many */
            below = step % 2000 ? m.count / 8 : m.count;
        change(&m, (size_t)test_draw(&m.seed, below));
        if (step % 100 == 0)
            ask_anything(&m);
        if (step % 1000 == 0)
            check_inside(m.index);
    }
    for (size_t key = 0; key < m.count; key++) {
        if (m.items[key].is_there)
            model_remove(&m, key);
        if (key % 100 == 0)
            ask_anything(&m);
    }
    check_inside(m.index);
    model_free(&m);
}
END_TEST

START_TEST(no_memory_while_items_come_and_go)
{
    model m = model_new(1500);

    for (size_t key = 0; key < m.count; key++)
        add_term(&m.items[key], key % 7);
    for (int step = 0; step < 3000; step++) {
        size_t key = (size_t)test_draw(&m.seed, m.count);
        tripsage_index_item i = index_item(&m, key);
        tripsage_status status;

        test_heap_arm(1 + (long)test_draw(&m.seed, 4), step % 2 ? TEST_FAIL_ONCE : TEST_FAIL_FOR_GOOD);
        status = m.items[key].is_there ? tripsage_index_remove(m.index, key) : tripsage_index_put(m.index, &i);
        test_heap_disarm();
        if (status == TRIPSAGE_OK)
            m.items[key].is_there = !m.items[key].is_there;
        else if (status != TRIPSAGE_ENOMEM)
            ck_abort_msg("%s", tripsage_last_error()->message);
        if (step % 500 == 0) {
            ask_anything(&m);
            if (step)
                check_inside(m.index);
        }
    }
    model_free(&m);
}
END_TEST

/* ---- side by side ----
 *
 * Keys below STAY are put once; those above come and go. An owner has each second one of those that stay, and only of those that come
 * and go which the model says. */

enum { STAY = 1500, ALL = 3000, READERS = 2, STEPS = 1500, SEARCHES = 200 };

typedef struct scene {
    model *m;
    _Atomic int is_over;
    _Atomic uint64_t searches, short_of_k, wrong;
} scene;

static int is_owners(const model *m, uint64_t key, uint64_t owner)
{
    return m->items[key].terms[0] == owner;
}

static void *search_on(void *context)
{
    scene *s = context;
    uint64_t seed = 77;

    while (!s->is_over) {
        uint64_t owner = test_draw(&seed, 2);
        tripsage_index_clause clause = {&owner, 1};
        tripsage_index_query query = TRIPSAGE_INDEX_QUERY_INIT;
        tripsage_index_hit hits[K];
        tripsage_index_result result = {.hits = hits, .capacity = K};
        float values[DIMENSIONS];

        draw_values(&seed, values, (unsigned)test_draw(&seed, MIDDLES));
        query.values = values;
        query.clauses = &clause;
        query.clause_count = test_draw(&seed, 2);
        query.exact = test_draw(&seed, 8) == 0;
        if (tripsage_index_search(&result, s->m->index, &query) != TRIPSAGE_OK || result.count != K)
            s->short_of_k++;
        for (size_t h = 0; h < result.count; h++)
            if (query.clause_count && !is_owners(s->m, hits[h].key, owner))
                s->wrong++;
        s->searches++;
    }
    return NULL;
}

START_TEST(searches_go_on_while_items_come_and_go)
{
    model m = model_new(ALL);
    scene s = {.m = &m};
    pthread_t threads[READERS];

    for (size_t key = 0; key < ALL; key++)
        add_term(&m.items[key], key % 2); /* never another one, so that readers may look */
    for (size_t key = 0; key < STAY; key++)
        model_put(&m, key);
    for (int i = 0; i < READERS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, search_on, &s), 0);
    for (int step = 0; step < STEPS || s.searches < SEARCHES; step++) {
        size_t key = STAY + (size_t)test_draw(&m.seed, ALL - STAY);

        if (m.items[key].is_there)
            model_remove(&m, key);
        else
            model_put(&m, key);
    }
    s.is_over = 1;
    for (int i = 0; i < READERS; i++)
        pthread_join(threads[i], NULL);
    ck_assert_uint_eq(s.short_of_k, 0);
    ck_assert_uint_eq(s.wrong, 0);
    check_inside(m.index);
    model_free(&m);
}
END_TEST

/* ---- while items are replaced ---- */

enum { REPLACED = 12, OTHERS = 1500, LOOKS = 4000, WHOSE = 7, EVERYBODYS = 8 };

typedef struct updates {
    model *m;
    atomic_int is_over;
} updates;

/* Each of a few items in turn, for ever: it is there all the time, in one slot or another. */
static void *replace_on(void *context)
{
    updates *u = context;

    for (size_t key = 0; !atomic_load(&u->is_over); key = (key + 1) % REPLACED) {
        tripsage_index_item i = index_item(u->m, key);

        if (tripsage_index_put(u->m->index, &i) != TRIPSAGE_OK)
            ck_abort_msg("%s", tripsage_last_error()->message);
    }
    return NULL;
}

static void look(model *m, const float *values, const tripsage_index_clause *clauses, size_t clause_count)
{
    tripsage_index_query query = TRIPSAGE_INDEX_QUERY_INIT;
    tripsage_index_hit hits[4 * REPLACED];
    tripsage_index_result result = {.hits = hits, .capacity = 4 * REPLACED};

    query.values = values;
    query.k = REPLACED;
    query.clauses = clauses;
    query.clause_count = clause_count;
    ck_assert_ok(tripsage_index_search(&result, m->index, &query));
    if (result.count != REPLACED)
        ck_abort_msg("%zu of %d, %zu clauses", result.count, REPLACED, clause_count);
    for (size_t i = 0; i < result.count; i++)
        for (size_t j = 0; j < i; j++)
            if (hits[i].key == hits[j].key)
                ck_abort_msg("item %llu twice", (unsigned long long)hits[i].key);
}

static void look_while_replacing(size_t count)
{
    const uint64_t whose[] = {WHOSE, EVERYBODYS};
    const tripsage_index_clause clauses[] = {{&whose[0], 1}, {&whose[1], 1}};
    model m = model_new(count);
    updates u = {&m, 0};
    pthread_t writer;

    for (size_t key = 0; key < m.count; key++) {
        if (key < REPLACED)
            add_term(&m.items[key], WHOSE);
        add_term(&m.items[key], EVERYBODYS);
    }
    model_build(&m, 1);
    ck_assert_int_eq(pthread_create(&writer, NULL, replace_on, &u), 0);
    for (int i = 0; i < LOOKS; i++)
        look(&m, m.items[i % REPLACED].values, clauses, count == REPLACED && i % 2 ? 0 : 1 + (size_t)(i / 2 % 2));
    atomic_store(&u.is_over, 1);
    pthread_join(writer, NULL);
    model_free(&m);
}

START_TEST(what_is_replaced_is_found_once_and_always)
{
    look_while_replacing(REPLACED); /* there are k and no more, in all */
    look_while_replacing(OTHERS);   /* or k that pass */
}
END_TEST

SUITE_MAIN_THREADS("vector/graph/repair", test_heap_install, NULL,
                   (searches_go_on_while_items_come_and_go, what_is_replaced_is_found_once_and_always),
                   half_goes_and_comes_ten_times, all_go_and_come_again, where_walks_begin_goes_again_and_again,
                   a_whole_region_goes_and_comes, anything_in_any_order, no_memory_while_items_come_and_go)
