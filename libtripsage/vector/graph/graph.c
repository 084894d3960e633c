/* graph.c: an index: made, changed one by one, told about. */
#include "base/chance.h"
#include "base/error.h"
#include "base/memory.h"
#include "plan.h"

#include <math.h>
#include <string.h>

#include "vector/kernels/kernels.h"

#define DEGREE 32u
/* Where an item is wide, edges are a small part of it, and with more of them a search takes fewer steps: of 107,659 sentences of 384
 * dimensions 21 instead of 23 for 0.95 of the ten nearest, in 0.97 of the time. */
#define DEGREE_WIDE      40u
#define DEGREE_WIDE_FROM 256u
#define BUILD_WIDTH      200u /* the usual one; twice as much makes few searches better */

/* ---- making ---- */

static tripsage_status check_options(const tripsage_index_options *options)
{
    if (options->version != 1)
        return TRIPSAGE_FAIL_FIELD("#version", "version %u is not known", options->version);
    if (options->dimensions < 1 || options->dimensions > TRIPSAGE_VECTOR_DIMENSIONS_MAX)
        return TRIPSAGE_FAIL_FIELD("#dimensions", "must be 1 to %u", TRIPSAGE_VECTOR_DIMENSIONS_MAX);
    if (options->metric != TRIPSAGE_COSINE && options->metric != TRIPSAGE_INNER_PRODUCT &&
        options->metric != TRIPSAGE_L2)
        return TRIPSAGE_FAIL_FIELD("#metric", "is none of the three");
    if (options->degree && (options->degree < 8 || options->degree > TRIPSAGE__DEGREE_MAX))
        return TRIPSAGE_FAIL_FIELD("#degree", "must be 0, or 8 to %u", TRIPSAGE__DEGREE_MAX);
    if (options->bits && options->bits != 4 && options->bits != 8)
        return TRIPSAGE_FAIL_FIELD("#bits", "must be 0, 4 or 8");
    if (options->build_width && (options->build_width < 16 || options->build_width > 2000))
        return TRIPSAGE_FAIL_FIELD("#build_width", "must be 0, or 16 to 2000");
    return TRIPSAGE_OK;
}

/* The grace's lanes are cache lines. */
static int make_grace(tripsage_index *index)
{
    size_t line = alignof(tripsage__grace);

    index->grace_block = tripsage__calloc(1, sizeof *index->grace + line);
    index->grace = (void *)(((uintptr_t)index->grace_block + line - 1) & ~(uintptr_t)(line - 1));
    return index->grace_block != NULL;
}

tripsage_status tripsage_index_new(tripsage_index **out, const tripsage_index_options *options,
                                   const tripsage_runtime *runtime)
{
    tripsage_status status = check_options(options);
    tripsage_index *index;

    (void)runtime; /* nothing here asks for time or chance, or has something to say */
    *out = NULL;
    if (status != TRIPSAGE_OK)
        return status;
    index = tripsage__calloc(1, sizeof *index);
    if (!index)
        return TRIPSAGE_NOMEM();
    if (pthread_mutex_init(&index->lock, NULL)) {
        tripsage__free(index);
        return TRIPSAGE_NOMEM();
    }
    index->options = index->asked = *options;
    if (!index->options.build_width)
        index->options.build_width = BUILD_WIDTH;
    atomic_init(&index->entry, TRIPSAGE__NO_SLOT);
    tripsage__terms_init(&index->terms, &index->limbo);
    if (make_grace(index))
        tripsage__limbo_init(&index->limbo, index->grace);
    if (!index->grace_block || !tripsage__coder_init(&index->coder, options->dimensions, options->metric,
                                                     options->bits ? options->bits : 8, options->seed)) {
        tripsage_index_free(index);
        return TRIPSAGE_NOMEM();
    }
    *out = index;
    return TRIPSAGE_OK;
}

void tripsage_index_free(tripsage_index *index)
{
    if (!index)
        return;
    tripsage__graph_publish(index, NULL);
    for (size_t i = 0; i < TRIPSAGE__SCRATCHES; i++)
        tripsage__scratch_free(index, atomic_load_explicit(&index->scratches[i], memory_order_acquire));
    tripsage__terms_close(&index->terms);
    tripsage__limbo_close(&index->limbo);
    tripsage__repair_close(index);
    tripsage__coder_free(&index->coder);
    tripsage__free(index->grace_block);
    pthread_mutex_destroy(&index->lock);
    tripsage__free(index);
}

void tripsage__graph_decide(tripsage_index *index)
{
    if (atomic_load_explicit(&index->used, memory_order_relaxed))
        return;
    index->options.degree = index->asked.degree                            ? index->asked.degree
                            : index->options.dimensions < DEGREE_WIDE_FROM ? DEGREE
                                                                           : DEGREE_WIDE;
    index->options.bits = index->asked.bits ? index->asked.bits : index->options.dimensions < 32 ? 8 : 4;
    index->upper_degree = index->options.degree / 2;
    tripsage__coder_set_bits(&index->coder, index->options.bits);
}

/* ---- items ---- */

tripsage_status tripsage__graph_take_values(const tripsage_index *index, float *out, const float *values,
                                            const char *what)
{
    size_t n = index->coder.dimensions;

    if (!tripsage__kernel_can_reckon(values, n))
        return TRIPSAGE_FAIL_FIELD(what, "must be finite and at most 1e17");
    if (index->coder.metric != TRIPSAGE_COSINE)
        memcpy(out, values, n * sizeof *out);
    else if (!tripsage__kernel_normalise(out, values, n))
        return TRIPSAGE_FAIL_FIELD(what, "must not be all zero");
    return TRIPSAGE_OK;
}

/* By a counter, so that the n-th slot has the same level however many threads there are. */
uint32_t tripsage__graph_draw_level(tripsage_index *index)
{
    uint64_t state = index->options.seed + index->drawn++ * UINT64_C(0x9e3779b97f4a7c15);
    double chance, level;

    chance = (double)((tripsage__chance_next(&state) >> 11) + 1) / 9007199254740993.0; /* 2^53 + 1: above 0, below 1 */
    level = -log(chance) / log((double)index->upper_degree);
    return level < TRIPSAGE__LEVELS_MAX - 1 ? (uint32_t)level : TRIPSAGE__LEVELS_MAX - 1;
}

void tripsage__graph_write(tripsage_index *index, tripsage__view *view, tripsage__scratch *scratch, uint32_t slot,
                           uint64_t key, const float *values)
{
    const tripsage__coder *coder = &index->coder;

    view->keys[slot] = key;
    tripsage__coder_rotate(coder, scratch->probe.rotated, values, coder->mean);
    tripsage__coder_encode(coder, view->heads + slot * coder->head_stride, view->codes + slot * coder->code_stride,
                           view->rests + slot * coder->rest_stride, scratch->probe.rotated, scratch->work);
}

void tripsage__graph_bury(tripsage_index *index, tripsage__view *view, uint32_t slot)
{
    atomic_fetch_or_explicit(&view->dead[slot / 64], UINT64_C(1) << slot % 64, memory_order_release);
    atomic_fetch_sub_explicit(&index->live, 1, memory_order_relaxed);
    tripsage__terms_remove(&index->terms, slot);
    tripsage__repair_count(index);
}

static tripsage_status check_item(const tripsage_index_item *item)
{
    if (item->key == UINT64_MAX)
        return TRIPSAGE_FAIL_FIELD("#key", "must be below %llu", (unsigned long long)UINT64_MAX);
    if (!item->values)
        return TRIPSAGE_FAIL_FIELD("#values", "there are none");
    if (item->term_count > TRIPSAGE__TERMS_MAX || (item->term_count && !item->terms))
        return TRIPSAGE_FAIL_FIELD("#terms", "must be at most %u", TRIPSAGE__TERMS_MAX);
    return TRIPSAGE_OK;
}

/* The item's slot is found by readers once it is not dead and has terms, or an edge to it. What it replaces goes after it is there, and
 * is counted before it goes: a search that came upon neither sees by that that it did (search.c). */
static void put_in(tripsage_index *index, tripsage__view *view, tripsage__scratch *scratch, uint64_t key, uint32_t slot)
{
    uint32_t before = tripsage__map_find(view, key);

    tripsage__graph_write(index, view, scratch, slot, key, scratch->values);
    if (slot >= atomic_load_explicit(&index->used, memory_order_relaxed))
        atomic_store_explicit(&index->used, slot + 1, memory_order_release);
    else
        atomic_fetch_and_explicit(&view->dead[slot / 64], ~(UINT64_C(1) << slot % 64), memory_order_release);
    atomic_fetch_add_explicit(&index->live, 1, memory_order_relaxed);
    tripsage__graph_link(index, view, scratch, NULL, slot, index->options.build_width);
    tripsage__map_add(view, key, slot);
    if (before != TRIPSAGE__NO_SLOT) {
        atomic_fetch_add_explicit(&index->replaced, 1, memory_order_release);
        tripsage__graph_bury(index, view, before);
    }
}

/* A slot of one that is gone, or the next, with a level drawn for it. There is room for that. */
static uint32_t take_slot(tripsage_index *index, tripsage__view *view, uint32_t level)
{
    uint32_t slot = tripsage__repair_take(index, view);

    if (slot != TRIPSAGE__NO_SLOT)
        return slot;
    slot = atomic_load_explicit(&index->used, memory_order_relaxed);
    view->levels[slot] = (uint8_t)level;
    view->upper_at[slot] = index->upper_used;
    return slot;
}

static tripsage_status put(tripsage_index *index, const tripsage_index_item *item)
{
    int is_new = index->repair.free_count == 0;
    uint64_t drawn = index->drawn;
    uint32_t level = is_new ? tripsage__graph_draw_level(index) : 0, upper = level * index->upper_degree, slot;
    tripsage__scratch *scratch = NULL;
    tripsage__view *view;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__graph_reserve(index, index->used + (uint32_t)is_new, index->upper_used + upper));
    view = atomic_load_explicit(&index->view, memory_order_relaxed);
    scratch = tripsage__scratch_take(index, view->capacity, index->options.build_width);
    if (!scratch)
        TRIPSAGE_TRY(TRIPSAGE_NOMEM());
    TRIPSAGE_TRY(tripsage__graph_take_values(index, scratch->values, item->values, "#values"));
    if (atomic_load_explicit(&index->repair.dead, memory_order_relaxed))
        TRIPSAGE_TRY(tripsage__plan_reserve_living(index, view, scratch));
    slot = take_slot(index, view, level);
    status = tripsage__terms_add(&index->terms, slot, item->terms, item->term_count);
    if (status == TRIPSAGE_OK) {
        index->upper_used += upper;
        put_in(index, view, scratch, item->key, slot);
    } else if (!is_new) {
        tripsage__repair_give(index, view, slot);
    }
out:
    tripsage__scratch_give(index, scratch);
    if (status != TRIPSAGE_OK)
        index->drawn = drawn;
    else
        tripsage__repair_step(index, view);
    return status;
}

tripsage_status tripsage_index_put(tripsage_index *index, const tripsage_index_item *item)
{
    tripsage_status status = check_item(item);

    if (status != TRIPSAGE_OK)
        return status;
    pthread_mutex_lock(&index->lock);
    tripsage__graph_decide(index);
    status = put(index, item);
    tripsage__graph_collect(index);
    pthread_mutex_unlock(&index->lock);
    return status;
}

tripsage_status tripsage_index_remove(tripsage_index *index, uint64_t key)
{
    tripsage_status status = TRIPSAGE_OK;
    tripsage__view *view;
    uint32_t slot = TRIPSAGE__NO_SLOT;

    pthread_mutex_lock(&index->lock);
    view = atomic_load_explicit(&index->view, memory_order_relaxed);
    if (view && key != UINT64_MAX)
        slot = tripsage__map_find(view, key);
    if (slot == TRIPSAGE__NO_SLOT) {
        status = TRIPSAGE_FAIL(TRIPSAGE_ENOTFOUND, "there is no item %llu", (unsigned long long)key);
    } else {
        tripsage__map_drop(view, key);
        tripsage__graph_bury(index, view, slot);
        tripsage__repair_step(index, view);
        tripsage__graph_collect(index);
    }
    pthread_mutex_unlock(&index->lock);
    return status;
}

/* ---- telling ---- */

static void count_bytes(tripsage_index_stats *out, const tripsage_index *index, const tripsage__view *view)
{
    for (int array = 0; array < TRIPSAGE__ARRAYS; array++) {
        size_t bytes = tripsage__array_bytes(index, view, (tripsage__array)array, 0);

        out->total_bytes += bytes;
        if (array == TRIPSAGE__ARRAY_EDGES || array == TRIPSAGE__ARRAY_UPPER)
            out->link_bytes += bytes;
        else if (array == TRIPSAGE__ARRAY_CODES || array == TRIPSAGE__ARRAY_SIGNS || array == TRIPSAGE__ARRAY_RESTS)
            out->code_bytes += bytes;
    }
}

void tripsage_index_get_stats(tripsage_index_stats *out, tripsage_index *index)
{
    const tripsage__view *view;

    memset(out, 0, sizeof *out);
    pthread_mutex_lock(&index->lock);
    view = atomic_load_explicit(&index->view, memory_order_relaxed);
    out->dimensions = index->options.dimensions;
    out->degree = index->options.degree;
    out->bits = index->options.bits;
    out->metric = index->options.metric;
    out->count = index->live;
    out->removed = index->used - index->live;
    out->mark = index->mark;
    out->total_bytes = sizeof *index + sizeof *index->grace;
    if (view) {
        out->levels = (uint32_t)(index->entry >> 32) + 1;
        out->total_bytes += sizeof *view;
        count_bytes(out, index, view);
    }
    out->term_bytes = tripsage__terms_bytes(&index->terms);
    out->total_bytes +=
        out->term_bytes + index->limbo.bytes + atomic_load_explicit(&index->scratch_bytes, memory_order_relaxed);
    pthread_mutex_unlock(&index->lock);
}
