/* build.c: filling an empty index with many items on several threads: codes first, then edges. A node's edges are changed under a lock that
 * it shares with others, and read without. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/env.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/thread.h"
#include "graph_internal.h"

#define THREADS_MAX 256u
#define CHUNK       64u /* items a thread takes at a time: some ten milliseconds of work */
#define TELL_US     500000
#define WIDTH_LEAST 16u /* as narrow as a build can be asked for */
#define HEAPS       4u /* apart from each other, of a small index: who is linked in the first of them still sees the others */

typedef struct job {
    tripsage_index *index;
    tripsage__view *view;
    const tripsage_index_item *items;
    uint32_t count;
    tripsage__edge_locks *locks;
    _Atomic uint32_t next, done; /* of this phase */
    const char *phase;
    void (*step)(struct job *job, tripsage__scratch *scratch, uint32_t slot);
    tripsage_vector_progress_fn progress;
    void *user;
    int64_t told_us;
    const atomic_int *stop; /* NULL: nobody stops it */
} job;

typedef struct worker {
    job *job;
    tripsage__scratch *scratch;
    pthread_t thread;
    int is_teller;
} worker;

/* ---- many threads ---- */

static void tell(job *j, int is_end)
{
    int64_t now = tripsage__monotonic_us();

    if (!j->progress || (!is_end && now - j->told_us < TELL_US))
        return;
    j->told_us = now;
    j->progress(j->user, j->phase, atomic_load_explicit(&j->done, memory_order_relaxed), j->count);
}

static int is_stopped(const job *j)
{
    return j->stop && atomic_load_explicit(j->stop, memory_order_relaxed);
}

static void *work(void *context)
{
    worker *w = context;
    job *j = w->job;

    for (;;) {
        uint32_t begin = atomic_fetch_add_explicit(&j->next, CHUNK, memory_order_relaxed), end;

        if (begin >= j->count || is_stopped(j))
            return NULL;
        end = j->count - begin < CHUNK ? j->count : begin + CHUNK;
        for (uint32_t slot = begin; slot < end; slot++)
            j->step(j, w->scratch, slot);
        atomic_fetch_add_explicit(&j->done, end - begin, memory_order_relaxed);
        if (w->is_teller)
            tell(j, 0);
    }
}

/* Lets all items go through a step, on as many threads as can be started. */
static void run(job *j, worker *workers, unsigned threads, const char *phase, uint32_t first,
                void (*step)(job *, tripsage__scratch *, uint32_t))
{
    unsigned started = 1;

    j->phase = phase;
    j->step = step;
    atomic_store(&j->next, first);
    atomic_store(&j->done, first);
    while (started < threads && !tripsage__thread_start(&workers[started].thread, 0, work, &workers[started]))
        started++;
    (void)work(&workers[0]);
    while (started-- > 1) {
        pthread_join(workers[started].thread, NULL);
        tell(j, 0);
    }
    tell(j, 1);
}

/* ---- steps ---- */

static void encode(job *j, tripsage__scratch *scratch, uint32_t slot)
{
    (void)tripsage__graph_take_values(j->index, scratch->values, j->items[slot].values, "");
    tripsage__graph_write(j->index, j->view, scratch, slot, j->items[slot].key, scratch->values);
}

/* Who is linked first has few to choose from. So all are linked twice (as for Vamana's graph, Subramanya and others, "DiskANN", 2019):
 * among a few to have a graph at all, and when it is there from their own place in it, for what is left of the build's width. Those that
 * come first, while there is a way from each heap of items to the others, are linked as widely as can be from the beginning. */
static uint32_t part_of_width(const tripsage_index *index, uint32_t parts)
{
    uint32_t width = index->options.build_width / 4 * parts;

    return width < WIDTH_LEAST ? WIDTH_LEAST : width;
}

static void link_item(job *j, tripsage__scratch *scratch, uint32_t slot)
{
    int is_early = slot < j->count / 10 || slot < HEAPS * j->index->options.build_width;

    tripsage__graph_link(j->index, j->view, scratch, j->locks, slot, part_of_width(j->index, is_early ? 4 : 1));
}

static void link_item_again(job *j, tripsage__scratch *scratch, uint32_t slot)
{
    tripsage__graph_link_again(j->index, j->view, scratch, j->locks, slot, part_of_width(j->index, 3));
}

/* ---- before there are threads ---- */

static tripsage_status fail_at(size_t i, const char *member, const char *what)
{
    char pointer[48];

    snprintf(pointer, sizeof pointer, "/%zu/%s", i, member);
    return TRIPSAGE_FAIL_FIELD(pointer, "%s", what);
}

/* All values are looked at, and their mean taken. */
static tripsage_status take_mean(const tripsage_index *index, float *mean, float *values,
                                 const tripsage_index_item *items, size_t count)
{
    size_t n = index->coder.dimensions;
    double *sums = tripsage__calloc(n, sizeof *sums);
    tripsage_status status = sums ? TRIPSAGE_OK : TRIPSAGE_NOMEM();

    for (size_t i = 0; status == TRIPSAGE_OK && i < count; i++) {
        char pointer[48];

        if (!items[i].values) {
            status = fail_at(i, "values", "there are none");
            break;
        }
        snprintf(pointer, sizeof pointer, "/%zu/values", i);
        status = tripsage__graph_take_values(index, values, items[i].values, pointer);
        for (size_t d = 0; status == TRIPSAGE_OK && d < n; d++)
            sums[d] += (double)values[d];
    }
    for (size_t d = 0; status == TRIPSAGE_OK && d < n; d++)
        mean[d] = (float)(sums[d] / (double)count);
    tripsage__free(sums);
    return status;
}

/* Levels and keys, in a view that nobody sees yet. */
static tripsage_status fill_in(tripsage_index *index, tripsage__view *view, const tripsage_index_item *items,
                               uint32_t count)
{
    uint32_t at = 0;

    for (uint32_t slot = 0; slot < count; slot++) {
        uint32_t level = tripsage__graph_draw_level(index);

        if (items[slot].key == UINT64_MAX)
            return fail_at(slot, "key", "must be below the largest number");
        if (tripsage__map_find(view, items[slot].key) != TRIPSAGE__NO_SLOT)
            return fail_at(slot, "key", "is there twice");
        if (items[slot].term_count > TRIPSAGE__TERMS_MAX || (items[slot].term_count && !items[slot].terms))
            return fail_at(slot, "terms", "are too many");
        view->keys[slot] = items[slot].key;
        tripsage__map_add(view, items[slot].key, slot);
        view->levels[slot] = (uint8_t)level;
        view->upper_at[slot] = at;
        at += level * index->upper_degree;
        if (tripsage__terms_add(&index->terms, slot, items[slot].terms, items[slot].term_count) != TRIPSAGE_OK)
            return TRIPSAGE_ENOMEM;
    }
    return TRIPSAGE_OK;
}

static tripsage_status prepare(tripsage_index *index, job *j, tripsage__scratch *scratch)
{
    size_t n = index->coder.dimensions;
    float *mean = tripsage__malloc(n * sizeof *mean);
    tripsage_status status = mean ? TRIPSAGE_OK : TRIPSAGE_NOMEM();
    uint64_t upper = 0;

    if (status == TRIPSAGE_OK)
        status = take_mean(index, mean, scratch->values, j->items, j->count);
    index->drawn = 0;
    for (uint32_t i = 0; i < j->count; i++)
        upper += tripsage__graph_draw_level(index) * (uint64_t)index->upper_degree;
    index->drawn = 0;
    if (status == TRIPSAGE_OK) {
        j->view = upper < UINT32_MAX ? tripsage__view_new(index, j->count, (uint32_t)upper) : NULL;
        status = j->view ? fill_in(index, j->view, j->items, j->count) : TRIPSAGE_NOMEM();
    }
    if (status == TRIPSAGE_OK) {
        tripsage__coder_set_mean(&index->coder, mean);
        index->upper_used = (uint32_t)upper;
    }
    tripsage__free(mean);
    return status;
}

/* The same view for codes of 8 bits, which are not in it yet. */
static tripsage_status lengthen_codes(job *j)
{
    static const tripsage__array kept[] = {TRIPSAGE__ARRAY_UPPER_AT, TRIPSAGE__ARRAY_LEVELS, TRIPSAGE__ARRAY_KEYS,
                                           TRIPSAGE__ARRAY_MAP};
    tripsage_index *index = j->index;
    tripsage__view *longer;

    index->options.bits = 8;
    tripsage__coder_set_bits(&index->coder, 8);
    longer = tripsage__view_new(index, j->count, j->view->upper_capacity);
    if (!longer)
        return TRIPSAGE_NOMEM();
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        memcpy(tripsage__array_at(longer, kept[i]), tripsage__array_at(j->view, kept[i]),
               tripsage__array_bytes(index, longer, kept[i], 1));
    tripsage__view_free(j->view);
    j->view = longer;
    return TRIPSAGE_OK;
}

static tripsage_status run_all(job *j, worker *workers, unsigned threads)
{
    run(j, workers, threads, "codes", 0, encode);
    if (!j->index->asked.bits && j->index->options.bits == 4 && !is_stopped(j) &&
        !tripsage__graph_codes_suffice(j->index, j->view, workers[0].scratch, j->count)) {
        if (lengthen_codes(j) != TRIPSAGE_OK)
            return TRIPSAGE_ENOMEM;
        run(j, workers, threads, "codes", 0, encode);
    }
    if (!is_stopped(j)) {
        link_item(j, workers[0].scratch, 0);
        run(j, workers, threads, "edges", 1, link_item);
    }
    if (!is_stopped(j))
        run(j, workers, threads, "edges again", 0, link_item_again);
    return is_stopped(j) ? TRIPSAGE_FAIL(TRIPSAGE_EBUSY, "the build was stopped") : TRIPSAGE_OK;
}

/* Leaves the index as empty as it was. */
static void take_back(tripsage_index *index, job *j)
{
    tripsage__view_free(j->view);
    for (uint32_t slot = 0; slot < j->count; slot++) {
        tripsage__terms_remove(&index->terms, slot);
        tripsage__terms_forget(&index->terms, slot);
    }
    atomic_store_explicit(&index->entry, TRIPSAGE__NO_SLOT, memory_order_release);
    index->upper_used = 0;
    index->drawn = 0;
}

static tripsage_status build(tripsage_index *index, job *j, worker *workers, unsigned threads)
{
    uint32_t width = index->options.build_width;
    tripsage_status status;

    if (width < TRIPSAGE__MEASURED_MAX)
        width = TRIPSAGE__MEASURED_MAX;
    for (unsigned i = 0; i < threads; i++) {
        workers[i].job = j;
        workers[i].is_teller = i == 0;
        workers[i].scratch = tripsage__scratch_take(index, j->count, width);
        if (!workers[i].scratch)
            return TRIPSAGE_NOMEM();
    }
    status = prepare(index, j, workers[0].scratch);
    if (status == TRIPSAGE_OK)
        status = run_all(j, workers, threads);
    if (status != TRIPSAGE_OK) {
        take_back(index, j);
        return status;
    }
    tripsage__graph_measure_width(index, j->view, workers[0].scratch, j->count);
    atomic_store_explicit(&index->live, j->count, memory_order_release);
    atomic_store_explicit(&index->used, j->count, memory_order_release);
    tripsage__graph_publish(index, j->view);
    return TRIPSAGE_OK;
}

static unsigned threads_for(unsigned threads, size_t count)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t most = (count + CHUNK - 1) / CHUNK;

    if (!threads)
        threads = processors > 0 ? (unsigned)processors : 1;
    if (threads > THREADS_MAX)
        threads = THREADS_MAX;
    return threads > most ? (unsigned)most : threads;
}

tripsage_status tripsage_index_build(tripsage_index *index, const tripsage_index_item *items, size_t count,
                                     unsigned threads, tripsage_vector_progress_fn progress, void *user)
{
    return tripsage__graph_build(index, items, count, threads, progress, user, NULL);
}

tripsage_status tripsage__graph_build(tripsage_index *index, const tripsage_index_item *items, size_t count,
                                      unsigned threads, tripsage_vector_progress_fn progress, void *user,
                                      const atomic_int *stop)
{
    job j = {
        .index = index, .items = items, .count = (uint32_t)count, .progress = progress, .user = user, .stop = stop};
    tripsage_status status = TRIPSAGE_OK;
    worker *workers = NULL;

    if (count > TRIPSAGE__SLOTS_MAX)
        return TRIPSAGE_FAIL(TRIPSAGE_EINVALID, "an index holds at most %u items", TRIPSAGE__SLOTS_MAX);
    threads = threads_for(threads, count);
    pthread_mutex_lock(&index->lock);
    if (index->used) {
        status = TRIPSAGE_FAIL(TRIPSAGE_EMISUSE, "the index is not empty");
    } else if (count) {
        tripsage__graph_decide(index);
        workers = tripsage__calloc(threads, sizeof *workers);
        j.locks = tripsage__edge_locks_new();
        status = workers && j.locks ? build(index, &j, workers, threads) : TRIPSAGE_NOMEM();
    }
    for (unsigned i = 0; workers && i < threads; i++)
        tripsage__scratch_give(index, workers[i].scratch);
    tripsage__edge_locks_free(j.locks);
    tripsage__free(workers);
    pthread_mutex_unlock(&index->lock);
    return status;
}
