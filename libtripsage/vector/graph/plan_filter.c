/* plan_filter.c: what passes the clauses of a query, as a bitmap of slots, or as a list where they are few. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "plan.h"

/* What it takes, in steps of about a nanosecond (measured on one Sapphire Rapids core, 1M slots): a word of a bitmap for each clause, a
 * bit set for a place of an array, and a slot asked for its own terms, which is a wait for memory or two. */
#define WORD_COST 1u
#define BIT_COST  3u
#define OWN_COST  100u

void tripsage__filter_free(tripsage__filter *filter)
{
    if (!filter)
        return;
    tripsage__free(filter->terms);
    tripsage__free(filter->views);
    tripsage__free(filter->clauses);
    tripsage__free(filter->bits);
    tripsage__free(filter->some);
    tripsage__free(filter->slots);
    tripsage__free(filter->found.items);
    tripsage__free(filter);
}

uint64_t tripsage__filter_bytes(const tripsage__filter *filter)
{
    return sizeof *filter + filter->term_room * (sizeof *filter->terms + sizeof *filter->views) +
           filter->clause_room * sizeof *filter->clauses + 2 * filter->word_room * sizeof *filter->bits +
           filter->slot_room * sizeof *filter->slots + filter->found.room * sizeof *filter->found.items;
}

/* ---- looking clauses up ---- */

static tripsage_status reserve_clauses(tripsage__filter *filter, size_t clauses, size_t terms)
{
    if (filter->clause_room < clauses) {
        tripsage__free(filter->clauses);
        filter->clause_room = 0;
        filter->clauses = tripsage__calloc(clauses, sizeof *filter->clauses);
        if (!filter->clauses)
            return TRIPSAGE_NOMEM();
        filter->clause_room = clauses;
    }
    if (filter->term_room < terms) {
        tripsage__free(filter->terms);
        tripsage__free(filter->views);
        filter->term_room = 0;
        filter->terms = tripsage__calloc(terms, sizeof *filter->terms);
        filter->views = tripsage__calloc(terms, sizeof *filter->views);
        if (!filter->terms || !filter->views)
            return TRIPSAGE_NOMEM();
        filter->term_room = terms;
    }
    return TRIPSAGE_OK;
}

/* The terms that somebody has. A term that is there twice is looked at twice. */
static void look_up(tripsage__filter *filter, const tripsage_index *index, tripsage__clause *clause, uint32_t begin,
                    const tripsage_index_clause *asked)
{
    *clause = (tripsage__clause){begin, begin, 0, 0};
    for (size_t i = 0; i < asked->count; i++) {
        uint32_t term = tripsage__terms_find(&index->terms, asked->terms[i]);
        tripsage__term_view *view = &filter->views[clause->end];

        if (term == TRIPSAGE__NO_TERM)
            continue;
        tripsage__terms_look(view, &index->terms, term);
        if (!view->count)
            continue;
        filter->terms[clause->end++] = term;
        clause->bound += view->count;
        clause->scattered += view->list && view->list->is_bitmap ? 0 : view->count;
    }
}

tripsage_status tripsage__filter_begin(tripsage__filter *filter, const tripsage_index *index,
                                       const tripsage__view *view, const tripsage_index_query *query)
{
    size_t terms = 0;
    uint32_t begin = 0;
    tripsage_status status;

    if (query->clause_count && !query->clauses)
        return TRIPSAGE_FAIL_FIELD("#clauses", "there are none");
    for (size_t i = 0; i < query->clause_count; i++) {
        if (query->clauses[i].count && !query->clauses[i].terms)
            return TRIPSAGE_FAIL_FIELD("#clauses", "clause %zu has no terms", i);
        terms += query->clauses[i].count;
    }
    if (query->clause_count > UINT32_MAX || terms > UINT32_MAX)
        return TRIPSAGE_FAIL_FIELD("#clauses", "must be below %u", UINT32_MAX);
    status = reserve_clauses(filter, query->clause_count, terms);
    if (status != TRIPSAGE_OK)
        return status;
    filter->used = atomic_load_explicit(&index->used, memory_order_acquire);
    if (filter->used > view->capacity) /* given out after this view was replaced */
        filter->used = view->capacity;
    filter->bound = atomic_load_explicit(&index->live, memory_order_relaxed);
    filter->clause_count = (uint32_t)query->clause_count;
    filter->smallest = 0;
    for (uint32_t i = 0; i < filter->clause_count; i++) {
        look_up(filter, index, &filter->clauses[i], begin, &query->clauses[i]);
        begin = filter->clauses[i].end;
        if (filter->clauses[i].bound < filter->clauses[filter->smallest].bound)
            filter->smallest = i;
    }
    if (filter->clause_count && filter->clauses[filter->smallest].bound < filter->bound)
        filter->bound = filter->clauses[filter->smallest].bound;
    return TRIPSAGE_OK;
}

/* ---- as a list ---- */

static int has_term(const _Atomic uint32_t *own, size_t count, uint32_t term)
{
    for (size_t i = 0; i < count; i++)
        if (atomic_load_explicit(&own[i], memory_order_relaxed) == term)
            return 1;
    return 0;
}

static int has_any(const tripsage__filter *filter, const _Atomic uint32_t *own, size_t count, uint32_t begin,
                   uint32_t end)
{
    for (uint32_t i = begin; i < end; i++)
        if (has_term(own, count, filter->terms[i]))
            return 1;
    return 0;
}

/* Whether a slot of the `from`-th term of the smallest clause passes, and was not met at one of the terms before. */
static int passes_by_own(const tripsage__filter *filter, const tripsage_index *index, uint32_t slot, uint32_t from)
{
    size_t count;
    const _Atomic uint32_t *own = tripsage__terms_of(&index->terms, slot, &count);

    if (has_any(filter, own, count, filter->clauses[filter->smallest].begin, from))
        return 0;
    for (uint32_t i = 0; i < filter->clause_count; i++)
        if (i != filter->smallest && !has_any(filter, own, count, filter->clauses[i].begin, filter->clauses[i].end))
            return 0;
    return 1;
}

static void list_slot(tripsage__filter *filter, const tripsage_index *index, const tripsage__view *view, uint32_t slot,
                      uint32_t from)
{
    const tripsage__clause *clause = &filter->clauses[filter->smallest];
    int is_plain = filter->clause_count == 1 && clause->end - clause->begin == 1;

    /* Lists may have grown since they were counted, by what came after this search began. */
    if (slot < filter->used && filter->count < filter->slot_room && !tripsage__is_dead(view, slot) &&
        (is_plain || passes_by_own(filter, index, slot, from)))
        filter->slots[filter->count++] = slot;
}

static void list_term(tripsage__filter *filter, const tripsage_index *index, const tripsage__view *view, uint32_t from)
{
    const tripsage__term_view *term = &filter->views[from];
    const _Atomic uint32_t *entries;
    uint32_t used;

    if (!term->list) {
        list_slot(filter, index, view, term->only, from);
        return;
    }
    if (term->list->is_bitmap) {
        const _Atomic uint64_t *words = tripsage__term_bits(term->list);

        for (uint32_t word = 0; word < term->list->capacity; word++)
            for (uint64_t bits = atomic_load_explicit(&words[word], memory_order_acquire); bits; bits &= bits - 1)
                list_slot(filter, index, view, word * 64 + (uint32_t)__builtin_ctzll(bits), from);
        return;
    }
    entries = tripsage__term_entries(term->list, &used);
    for (uint32_t i = 0; i < used; i++) {
        uint32_t slot = atomic_load_explicit(&entries[i], memory_order_relaxed);

        if (slot != UINT32_MAX)
            list_slot(filter, index, view, slot, from);
    }
}

static tripsage_status fill_list(tripsage__filter *filter, const tripsage_index *index, const tripsage__view *view)
{
    const tripsage__clause *clause = &filter->clauses[filter->smallest];

    if (filter->slot_room < clause->bound) {
        tripsage__free(filter->slots);
        filter->slot_room = 0;
        filter->slots = tripsage__calloc(clause->bound, sizeof *filter->slots);
        if (!filter->slots)
            return TRIPSAGE_NOMEM();
        filter->slot_room = clause->bound;
    }
    filter->is_listed = 1;
    filter->count = 0;
    for (uint32_t i = clause->begin; i < clause->end; i++)
        list_term(filter, index, view, i);
    return TRIPSAGE_OK;
}

/* Whether a list is less work than bitmaps. */
static int is_list_shorter(const tripsage__filter *filter)
{
    uint64_t list, bitmap = (uint64_t)filter->used / 64 * WORD_COST * (filter->clause_count + 1);
    const tripsage__clause *smallest;

    if (!filter->clause_count)
        return 0;
    smallest = &filter->clauses[filter->smallest];
    list = smallest->bound;
    if (smallest->scattered < smallest->bound && filter->bound > TRIPSAGE__PLAN_ALL)
        return 0;
    if (filter->clause_count > 1 || smallest->end - smallest->begin > 1)
        list *= OWN_COST;
    for (uint32_t i = 0; i < filter->clause_count; i++)
        bitmap += filter->clauses[i].scattered * BIT_COST;
    return list <= bitmap;
}

/* ---- as a bitmap ---- */

static void add_term(uint64_t *some, const tripsage__term_view *term, uint32_t used, uint32_t words)
{
    const _Atomic uint32_t *entries;
    uint32_t count;

    if (!term->list) {
        if (term->only < used)
            some[term->only / 64] |= UINT64_C(1) << term->only % 64;
    } else if (term->list->is_bitmap) {
        const _Atomic uint64_t *bits = tripsage__term_bits(term->list);

        for (uint32_t i = 0; i < words && i < term->list->capacity; i++)
            some[i] |= atomic_load_explicit(&bits[i], memory_order_acquire);
    } else {
        entries = tripsage__term_entries(term->list, &count);
        for (uint32_t i = 0; i < count; i++) {
            uint32_t slot = atomic_load_explicit(&entries[i], memory_order_relaxed);

            if (slot < used)
                some[slot / 64] |= UINT64_C(1) << slot % 64;
        }
    }
}

/* What is dead by now is out, so that what is left was whole when it was put into its lists. */
static void take_living(tripsage__filter *filter, const tripsage__view *view, uint32_t words)
{
    filter->count = 0;
    for (uint32_t i = 0; i < words; i++) {
        uint64_t bits = filter->bits[i] & ~atomic_load_explicit(&view->dead[i], memory_order_acquire);

        filter->bits[i] = bits;
        filter->count += (uint32_t)__builtin_popcountll(bits);
    }
}

tripsage_status tripsage__filter_reserve_bits(tripsage__filter *filter)
{
    size_t words = (filter->used + 63) / 64;

    if (filter->word_room >= words)
        return TRIPSAGE_OK;
    tripsage__free(filter->bits);
    tripsage__free(filter->some);
    filter->word_room = 0;
    words += words / 8; /* slots come one by one */
    filter->bits = tripsage__calloc(words, sizeof *filter->bits);
    filter->some = tripsage__calloc(words, sizeof *filter->some);
    if (!filter->bits || !filter->some)
        return TRIPSAGE_NOMEM();
    filter->word_room = words;
    return TRIPSAGE_OK;
}

static tripsage_status fill_bitmap(tripsage__filter *filter, const tripsage__view *view)
{
    uint32_t words = (filter->used + 63) / 64;
    tripsage_status status = tripsage__filter_reserve_bits(filter);

    if (status != TRIPSAGE_OK)
        return status;
    filter->is_listed = 0;
    memset(filter->bits, 0xff, words * sizeof *filter->bits);
    if (filter->used % 64)
        filter->bits[words - 1] = (UINT64_C(1) << filter->used % 64) - 1;
    for (uint32_t i = 0; i < filter->clause_count; i++) {
        const tripsage__clause *clause = &filter->clauses[i];

        memset(filter->some, 0, words * sizeof *filter->some);
        for (uint32_t j = clause->begin; j < clause->end; j++)
            add_term(filter->some, &filter->views[j], filter->used, words);
        for (uint32_t j = 0; j < words; j++)
            filter->bits[j] &= filter->some[j];
    }
    take_living(filter, view, words);
    return TRIPSAGE_OK;
}

tripsage_status tripsage__filter_fill(tripsage__filter *filter, const tripsage_index *index, const tripsage__view *view,
                                      int may_list)
{
    return may_list && is_list_shorter(filter) ? fill_list(filter, index, view) : fill_bitmap(filter, view);
}

/* ---- one after the other ---- */

static uint32_t next_listed(const tripsage__filter *filter, uint32_t *at, uint32_t *slots, uint32_t most)
{
    uint32_t count = filter->count - *at < most ? filter->count - *at : most;

    memcpy(slots, filter->slots + *at, count * sizeof *slots);
    *at += count;
    return count;
}

uint32_t tripsage__filter_next(const tripsage__filter *filter, uint32_t *at, uint32_t *slots, uint32_t most)
{
    uint32_t count = 0;

    if (filter->is_listed)
        return next_listed(filter, at, slots, most);
    while (*at < filter->used && count < most) {
        uint64_t bits = filter->bits[*at / 64] >> *at % 64;

        if (!bits) {
            *at += 64 - *at % 64;
            continue;
        }
        *at += (uint32_t)__builtin_ctzll(bits);
        slots[count++] = (*at)++;
    }
    return count;
}
