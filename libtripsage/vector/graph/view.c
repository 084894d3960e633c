/* view.c: where the arrays of an index are, and room for more. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/prefetch.h"
#include "graph_internal.h"

/* The first room; a handful of items is a common collection. */
#define SLOTS_FIRST 64u

static size_t item_size(const tripsage_index *index, tripsage__array array)
{
    switch (array) {
    case TRIPSAGE__ARRAY_EDGES:
        return index->options.degree * sizeof(tripsage__edge);
    case TRIPSAGE__ARRAY_CODES:
        return index->coder.code_stride;
    case TRIPSAGE__ARRAY_SIGNS:
        return index->coder.sign_size ? index->coder.head_stride : 0;
    case TRIPSAGE__ARRAY_RESTS:
        return index->coder.rest_stride;
    case TRIPSAGE__ARRAY_LEVELS:
        return 1;
    case TRIPSAGE__ARRAY_KEYS:
    case TRIPSAGE__ARRAY_DEAD:
        return sizeof(uint64_t);
    default:
        return sizeof(uint32_t);
    }
}

size_t tripsage__array_bytes(const tripsage_index *index, const tripsage__view *view, tripsage__array array, int all)
{
    size_t slots = all ? view->capacity : atomic_load_explicit(&index->used, memory_order_relaxed);

    if (array == TRIPSAGE__ARRAY_MAP)
        slots = view->map_capacity;
    else if (array == TRIPSAGE__ARRAY_UPPER)
        slots = all ? view->upper_capacity : index->upper_used;
    else if (array == TRIPSAGE__ARRAY_DEAD)
        slots = (slots + 63) / 64;
    return slots * item_size(index, array);
}

void *tripsage__array_at(const tripsage__view *view, tripsage__array array)
{
    void *const at[] = {view->edges, view->upper, view->upper_at, view->levels, view->codes,
                        view->heads, view->rests, view->keys,     view->dead,   view->map};

    return at[array];
}

size_t tripsage__view_place(const tripsage_index *index, tripsage__view *view, unsigned char *base)
{
    void *at[TRIPSAGE__ARRAYS];
    size_t size = 0;

    for (int array = 0; array < TRIPSAGE__ARRAYS; array++) {
        at[array] = base ? base + size : NULL;
        size += (tripsage__array_bytes(index, view, (tripsage__array)array, 1) + TRIPSAGE__LINE - 1) / TRIPSAGE__LINE *
                TRIPSAGE__LINE;
    }
    view->edges = at[TRIPSAGE__ARRAY_EDGES];
    view->upper = at[TRIPSAGE__ARRAY_UPPER];
    view->upper_at = at[TRIPSAGE__ARRAY_UPPER_AT];
    view->levels = at[TRIPSAGE__ARRAY_LEVELS];
    view->codes = at[TRIPSAGE__ARRAY_CODES];
    view->heads = index->coder.sign_size ? at[TRIPSAGE__ARRAY_SIGNS] : view->codes;
    view->rests = at[TRIPSAGE__ARRAY_RESTS];
    view->keys = at[TRIPSAGE__ARRAY_KEYS];
    view->dead = at[TRIPSAGE__ARRAY_DEAD];
    view->map = at[TRIPSAGE__ARRAY_MAP];
    return size;
}

tripsage__view *tripsage__view_new(const tripsage_index *index, uint32_t slots, uint32_t upper)
{
    tripsage__view *view = tripsage__calloc(1, sizeof *view);

    if (!view)
        return NULL;
    view->capacity = slots;
    view->upper_capacity = upper;
    view->map_capacity = tripsage__map_room(slots);
    if (!tripsage__arena_new(&view->arena, tripsage__view_place(index, view, NULL))) {
        tripsage__free(view);
        return NULL;
    }
    (void)tripsage__view_place(index, view, view->arena.base);
    return view;
}

/* Readers may be looking at what is copied, and writers are not: plain bytes of atomics have their values. */
static void copy(const tripsage_index *index, tripsage__view *to, const tripsage__view *from)
{
    for (int array = 0; array < TRIPSAGE__ARRAY_MAP; array++)
        memcpy(tripsage__array_at(to, (tripsage__array)array), tripsage__array_at(from, (tripsage__array)array),
               tripsage__array_bytes(index, from, (tripsage__array)array, 0));
    for (uint32_t i = 0; i < from->map_capacity; i++)
        if (from->map[i])
            tripsage__map_add(to, from->keys[from->map[i] - 1], from->map[i] - 1);
}

void tripsage__view_free(tripsage__view *view)
{
    if (!view)
        return;
    tripsage__arena_free(&view->arena);
    tripsage__free(view);
}

void tripsage__graph_publish(tripsage_index *index, tripsage__view *view)
{
    tripsage__view *before = atomic_exchange_explicit(&index->view, view, memory_order_acq_rel);

    if (before) {
        before->retired_step = tripsage__grace_after(index->grace);
        before->next_retired = index->retired;
        index->retired = before;
    }
    tripsage__graph_collect(index);
}

static uint32_t grown(uint32_t has, uint32_t needs)
{
    uint64_t room = has ? has : SLOTS_FIRST;

    while (room < needs)
        room += room / 2 + SLOTS_FIRST; /* as growing vectors do: pages not written to cost nothing but addresses */
    return room < TRIPSAGE__SLOTS_MAX ? (uint32_t)room : TRIPSAGE__SLOTS_MAX;
}

tripsage_status tripsage__graph_reserve(tripsage_index *index, uint32_t slots, uint32_t upper)
{
    tripsage__view *view = atomic_load_explicit(&index->view, memory_order_relaxed), *more;

    if (view && slots <= view->capacity && upper <= view->upper_capacity)
        return TRIPSAGE_OK;
    if (slots > TRIPSAGE__SLOTS_MAX)
        return TRIPSAGE_FAIL(TRIPSAGE_EINVALID, "an index holds at most %u items", TRIPSAGE__SLOTS_MAX);
    more = tripsage__view_new(index, view ? grown(view->capacity, slots) : slots,
                              view ? grown(view->upper_capacity, upper) : upper);
    if (!more)
        return TRIPSAGE_NOMEM();
    if (view)
        copy(index, more, view);
    tripsage__graph_publish(index, more);
    return TRIPSAGE_OK;
}

void tripsage__graph_collect(tripsage_index *index)
{
    for (tripsage__view **at = &index->retired; *at;) {
        tripsage__view *view = *at;

        if (!tripsage__grace_is_over(index->grace, view->retired_step)) {
            at = &view->next_retired;
            continue;
        }
        *at = view->next_retired;
        tripsage__view_free(view);
    }
}
