/* snapshot.c: an index as bytes, and back. docs/vector-format.md says what is where.
 *
 * Nothing of a file is used before all of it was looked at: the head, what it says of sizes, a checksum of each section, and that every
 * number by which the graph is walked leads to something that is there. That is a pass at memory's speed; a lazy one would have to be paid
 * at each step. */
#include "snapshot.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/xxh3.h"
#include "graph_internal.h"
#include "snapshot_internal.h"
#include "vector/kernels/kernels.h"

#define VERSION    3u
#define BYTE_ORDER UINT32_C(0x01020304)
#define PAGE       4096u /* what a system maps at a time, and the head's size */

enum {
    SECTION_MEAN = TRIPSAGE__ARRAYS, /* f32 a dimension */
    SECTION_TERMS,                   /* terms.h, as it puts them; as long as it is, and last */
    SECTIONS
};

typedef struct section {
    uint64_t offset, size, checksum;
} section;

/* Numbers as this machine has them; `order` says which way round that is. Without padding. */
typedef struct head {
    unsigned char magic[8];
    uint32_t version, order;
    uint64_t file_size;
    uint64_t mark;
    unsigned char tag[TRIPSAGE__SNAPSHOT_TAG];
    uint32_t dimensions, metric, degree, bits, build_width, measured_apart;
    uint64_t seed;
    uint64_t entry, drawn;
    uint32_t measured_width, measured_count;
    uint32_t used, live, upper_used, section_count;
    section sections[SECTIONS];
} head;

typedef struct page {
    union {
        head head;
        unsigned char bytes[PAGE - sizeof(uint64_t)];
    } of;
    uint64_t checksum; /* of all before it */
} page;

static const unsigned char magic[8] = {'T', 'r', 'S', 'g', 'V', 'e', 'c', '\n'};

_Static_assert(sizeof(page) == PAGE, "the head is a page");

/* ---- where everything is ---- */

/* The view as it is in a file: with room for what is in use, and no more. */
static void shape_of(tripsage__view *out, uint32_t used, uint32_t upper_used)
{
    memset(out, 0, sizeof *out);
    out->capacity = used;
    out->upper_capacity = upper_used;
    out->map_capacity = tripsage__map_room(used);
}

/* Gives the shape its places in a file that is mapped at the address `base` (0: nowhere), fills in offsets and sizes of the sections but
 * the last, and gives where that begins. */
static uint64_t lay_out(section sections[SECTIONS], const tripsage_index *index, tripsage__view *shape, uintptr_t base)
{
    size_t arrays = tripsage__view_place(index, shape, (void *)(base + PAGE));

    memset(sections, 0, SECTIONS * sizeof *sections);
    for (int i = 0; i < TRIPSAGE__ARRAYS; i++) {
        sections[i].offset = (uintptr_t)tripsage__array_at(shape, (tripsage__array)i) - base;
        sections[i].size = tripsage__array_bytes(index, shape, (tripsage__array)i, 1);
    }
    sections[SECTION_MEAN].offset = PAGE + arrays;
    sections[SECTION_MEAN].size = index->options.dimensions * sizeof(float);
    sections[SECTION_TERMS].offset = sections[SECTION_MEAN].offset + sections[SECTION_MEAN].size;
    return sections[SECTION_TERMS].offset;
}

/* ---- writing ---- */

static void describe(head *h, const tripsage_index *index, uint64_t mark,
                     const unsigned char tag[TRIPSAGE__SNAPSHOT_TAG])
{
    memcpy(h->magic, magic, sizeof magic);
    h->version = VERSION;
    h->order = BYTE_ORDER;
    h->mark = mark;
    memcpy(h->tag, tag, TRIPSAGE__SNAPSHOT_TAG);
    h->dimensions = index->options.dimensions;
    h->metric = (uint32_t)index->options.metric;
    h->degree = index->options.degree;
    h->bits = index->options.bits;
    h->build_width = index->options.build_width;
    h->seed = index->options.seed;
    h->entry = atomic_load_explicit(&index->entry, memory_order_relaxed);
    h->drawn = index->drawn;
    h->measured_width = atomic_load_explicit(&index->measured_width, memory_order_relaxed);
    h->measured_count = atomic_load_explicit(&index->measured_count, memory_order_relaxed);
    h->measured_apart = atomic_load_explicit(&index->measured_apart, memory_order_relaxed);
    h->used = atomic_load_explicit(&index->used, memory_order_relaxed);
    h->live = atomic_load_explicit(&index->live, memory_order_relaxed);
    h->upper_used = index->upper_used;
    h->section_count = SECTIONS;
}

/* Keys to slots, in a table of the file's size. NULL: no memory. */
static uint32_t *make_map(const tripsage__view *view, uint32_t used)
{
    tripsage__view shape;

    shape_of(&shape, used, 0);
    shape.keys = view->keys;
    shape.map = tripsage__calloc(shape.map_capacity, sizeof *shape.map);
    for (uint32_t slot = 0; shape.map && slot < used; slot++)
        if (!tripsage__is_dead(view, slot))
            tripsage__map_add(&shape, view->keys[slot], slot);
    return shape.map;
}

static tripsage_status put_section(tripsage__snapshot_file *file, section *s, const void *bytes)
{
    s->checksum = tripsage__xxh3(bytes, s->size);
    return tripsage__snapshot_put(file, s->offset, bytes, s->size);
}

static tripsage_status put_arrays(tripsage__snapshot_file *file, head *h, const tripsage__view *view)
{
    uint32_t *map = make_map(view, h->used);
    tripsage_status status = map ? TRIPSAGE_OK : TRIPSAGE_NOMEM();

    for (int i = 0; i < TRIPSAGE__ARRAYS && status == TRIPSAGE_OK; i++)
        status = put_section(file, &h->sections[i],
                             i == TRIPSAGE__ARRAY_MAP ? (void *)map : tripsage__array_at(view, (tripsage__array)i));
    tripsage__free(map);
    return status;
}

static tripsage_status put_terms(tripsage__snapshot_file *file, section *s, const tripsage_index *index)
{
    tripsage__buf bytes = TRIPSAGE__BUF_INIT((size_t)1 << 40); /* less than the arrays, whatever it is */
    tripsage_status status;

    tripsage__terms_put(&bytes, &index->terms);
    status = tripsage__buf_status(&bytes);
    s->size = bytes.size;
    if (status == TRIPSAGE_OK)
        status = put_section(file, s, bytes.data);
    tripsage__buf_free(&bytes);
    return status;
}

/* Under the index's lock. The arrays come first, then the page that says what they are. */
static tripsage_status put_all(tripsage__snapshot_file *file, tripsage_index *index, page *p)
{
    head *h = &p->of.head;
    const tripsage__view *view = atomic_load_explicit(&index->view, memory_order_relaxed);
    tripsage__view shape;
    tripsage_status status;

    shape_of(&shape, h->used, h->upper_used);
    (void)lay_out(h->sections, index, &shape, 0);
    if (h->used)
        TRIPSAGE_TRY(put_arrays(file, h, view));
    TRIPSAGE_TRY(put_section(file, &h->sections[SECTION_MEAN], index->coder.mean));
    TRIPSAGE_TRY(put_terms(file, &h->sections[SECTION_TERMS], index));
    h->file_size = h->sections[SECTION_TERMS].offset + h->sections[SECTION_TERMS].size;
    p->checksum = tripsage__xxh3(p->of.bytes, sizeof p->of.bytes);
    status = tripsage__snapshot_put(file, 0, p, sizeof *p);
out:
    return status;
}

tripsage_status tripsage__snapshot_write(tripsage__snapshot_file *file, tripsage_index *index, uint64_t mark,
                                         const unsigned char tag[TRIPSAGE__SNAPSHOT_TAG])
{
    page *p = tripsage__calloc(1, sizeof *p);
    tripsage_status status;

    if (!p)
        return TRIPSAGE_NOMEM();
    pthread_mutex_lock(&index->lock);
    describe(&p->of.head, index, mark, tag);
    status = put_all(file, index, p);
    if (status == TRIPSAGE_OK)
        status = tripsage__snapshot_place(file);
    pthread_mutex_unlock(&index->lock);
    tripsage__free(p);
    return status;
}

tripsage_status tripsage_index_save(tripsage_index *index, const char *path, uint64_t mark)
{
    static const unsigned char nobody[TRIPSAGE__SNAPSHOT_TAG] = {0};
    tripsage__snapshot_file file;
    tripsage_status status = tripsage__snapshot_begin(&file, path, 1);

    if (status != TRIPSAGE_OK)
        return status;
    status = tripsage__snapshot_write(&file, index, mark, nobody);
    tripsage__snapshot_end(&file);
    return status;
}

/* ---- reading: the head ---- */

static tripsage_status damaged(const char *what)
{
    return TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "the snapshot is damaged: %s", what);
}

static tripsage_status check_page(const page *p, uint64_t size)
{
    const head *h = &p->of.head;

    if (size < sizeof *p || memcmp(h->magic, magic, sizeof magic) != 0)
        return TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "this is no snapshot of an index");
    if (h->version != VERSION || h->order != BYTE_ORDER)
        return TRIPSAGE_FAIL(
            TRIPSAGE_ECORRUPT,
            "the snapshot is of version %u or of another kind of machine; this library reads version %u", h->version,
            VERSION);
    if (p->checksum != tripsage__xxh3(p->of.bytes, sizeof p->of.bytes))
        return damaged("its head");
    if (h->file_size != size)
        return damaged("its length");
    if (h->section_count != SECTIONS || h->used > TRIPSAGE__SLOTS_MAX || h->live > h->used ||
        h->measured_width > TRIPSAGE__WIDTH_MAX || (h->measured_width && !h->measured_count) ||
        (h->used && (!h->degree || !h->bits)))
        return damaged("what its head says");
    return TRIPSAGE_OK;
}

/* An empty index of the head's kind. */
static tripsage_status make_index(tripsage_index **out, const head *h, const tripsage_runtime *runtime)
{
    tripsage_index_options options = TRIPSAGE_INDEX_OPTIONS_INIT;
    tripsage_status status;

    options.dimensions = h->dimensions;
    options.metric = (tripsage_metric)h->metric;
    options.degree = h->degree;
    options.bits = h->bits;
    options.build_width = h->build_width;
    options.seed = h->seed;
    status = tripsage_index_new(out, &options, runtime);
    if (status == TRIPSAGE_EINVALID)
        return damaged("what its head says of the index");
    if (status == TRIPSAGE_OK)
        tripsage__graph_decide(*out);
    return status;
}

/* ---- reading: the sections ---- */

static tripsage_status check_sections(const head *h, const section want[SECTIONS], const unsigned char *base)
{
    for (int i = 0; i < SECTIONS; i++) {
        if (!h->used && i < SECTION_MEAN)
            continue;
        if (h->sections[i].offset != want[i].offset || h->sections[i].size != want[i].size)
            return damaged("where its sections are");
        if (h->sections[i].checksum != tripsage__xxh3(base + want[i].offset, want[i].size))
            return damaged("a section");
    }
    return TRIPSAGE_OK;
}

/* Reads without ordering: nobody else knows the index yet. */
static uint32_t edge_at(const tripsage__edge *edges, size_t i)
{
    return atomic_load_explicit(&edges[i], memory_order_relaxed);
}

static int edges_lead_somewhere(const head *h, const tripsage__view *view)
{
    size_t count = (size_t)h->used * h->degree;
    int wrong = 0;

    for (size_t i = 0; i < count; i++) {
        uint32_t to = edge_at(view->edges, i);

        wrong |= (to >= h->used) & (to != TRIPSAGE__NO_SLOT);
    }
    return !wrong;
}

/* Above the lowest level an edge leads to what is on that level, too. */
static int upper_edges_lead_somewhere(const head *h, const tripsage__view *view, uint32_t slot, uint32_t upper_degree)
{
    size_t at = view->upper_at[slot];

    for (uint32_t level = 1; level <= view->levels[slot]; level++)
        for (uint32_t i = 0; i < upper_degree; i++, at++) {
            uint32_t to = edge_at(view->upper, at);

            if (to != TRIPSAGE__NO_SLOT && (to >= h->used || view->levels[to] < level))
                return 0;
        }
    return 1;
}

static int levels_are_sound(const head *h, const tripsage__view *view, uint32_t upper_degree)
{
    for (uint32_t slot = 0; slot < h->used; slot++) {
        uint64_t levels = view->levels[slot];

        if (levels >= TRIPSAGE__LEVELS_MAX || (levels && view->upper_at[slot] + levels * upper_degree > h->upper_used))
            return 0;
    }
    for (uint32_t slot = 0; slot < h->used; slot++)
        if (view->levels[slot] && !upper_edges_lead_somewhere(h, view, slot, upper_degree))
            return 0;
    return 1;
}

static int entry_is_sound(const head *h, const tripsage__view *view)
{
    uint32_t slot = (uint32_t)h->entry;

    if (slot == TRIPSAGE__NO_SLOT) /* all are removed */
        return h->live == 0;
    return slot < h->used && h->entry >> 32 <= view->levels[slot];
}

/* Looks end at an empty place, so there has to be one. */
static int map_is_sound(const head *h, const tripsage__view *view)
{
    uint32_t filled = 0;

    for (uint32_t i = 0; i < view->map_capacity; i++) {
        if (view->map[i] > h->used)
            return 0;
        filled += view->map[i] != 0;
    }
    return filled < view->map_capacity;
}

static int count_is_sound(const head *h, const tripsage__view *view)
{
    uint32_t live = 0;

    for (uint32_t slot = 0; slot < h->used; slot++)
        live += !tripsage__is_dead(view, slot);
    return live == h->live;
}

static int codes_are_sound(const head *h, const tripsage_index *index, const tripsage__view *view)
{
    for (uint32_t slot = 0; slot < h->used; slot++) {
        const tripsage__coded item = tripsage__coded_of(index, view, slot);

        if (!tripsage__coder_is_sound(&index->coder, &item))
            return 0;
    }
    return 1;
}

/* What a walk trusts: that every number in the arrays leads to a place in them. */
static tripsage_status check_graph(const head *h, const tripsage__view *view, uint32_t upper_degree)
{
    if (!edges_lead_somewhere(h, view) || !levels_are_sound(h, view, upper_degree) || !entry_is_sound(h, view))
        return damaged("its graph");
    if (!map_is_sound(h, view) || !count_is_sound(h, view))
        return damaged("its keys");
    return TRIPSAGE_OK;
}

/* ---- reading ---- */

static void take_numbers(tripsage_index *index, const head *h)
{
    atomic_store_explicit(&index->used, h->used, memory_order_relaxed);
    atomic_store_explicit(&index->live, h->live, memory_order_relaxed);
    atomic_store_explicit(&index->entry, h->used ? h->entry : TRIPSAGE__NO_SLOT, memory_order_relaxed);
    index->upper_used = h->upper_used;
    index->drawn = h->drawn;
    atomic_store_explicit(&index->measured_width, h->measured_width, memory_order_relaxed);
    atomic_store_explicit(&index->measured_count, h->measured_count, memory_order_relaxed);
    atomic_store_explicit(&index->measured_apart, h->measured_apart, memory_order_relaxed);
    index->mark = h->mark;
}

/* Lists of slots, none of which may be beyond those in use. */
static tripsage_status take_terms(tripsage_index *index, const unsigned char *bytes, size_t size)
{
    tripsage_status status = tripsage__terms_get(&index->terms, bytes, size);

    if (status == TRIPSAGE_ECORRUPT || (status == TRIPSAGE_OK && index->terms.slot_end > index->used))
        return damaged("its terms");
    return status;
}

/* Into an index that has no view yet. The view takes the arena. */
static tripsage_status fill(tripsage_index *index, tripsage__view *view, const head *h, tripsage__arena *arena)
{
    section want[SECTIONS];
    const float *mean;
    tripsage_status status;

    shape_of(view, h->used, h->upper_used);
    if (lay_out(want, index, view, (uintptr_t)arena->base) > arena->size)
        return damaged("its length");
    want[SECTION_TERMS].size = arena->size - want[SECTION_TERMS].offset;
    TRIPSAGE_TRY(check_sections(h, want, arena->base));
    if (h->used)
        TRIPSAGE_TRY(check_graph(h, view, index->upper_degree));
    mean = (const float *)(const void *)(arena->base + want[SECTION_MEAN].offset);
    if (!tripsage__kernel_can_reckon(mean, h->dimensions))
        TRIPSAGE_TRY(damaged("its mean"));
    if (!codes_are_sound(h, index, view))
        TRIPSAGE_TRY(damaged("its codes"));
    take_numbers(index, h);
    TRIPSAGE_TRY(take_terms(index, arena->base + want[SECTION_TERMS].offset, want[SECTION_TERMS].size));
    tripsage__coder_set_mean(&index->coder, mean);
    view->arena = *arena;
    memset(arena, 0, sizeof *arena);
out:
    return status;
}

tripsage_status tripsage__snapshot_read(tripsage_index **out, unsigned char tag[TRIPSAGE__SNAPSHOT_TAG],
                                        tripsage__arena *arena, const tripsage_runtime *runtime)
{
    const page *p = (const page *)(const void *)arena->base;
    tripsage__view *view = NULL;
    tripsage_index *index = NULL;
    tripsage_status status;

    *out = NULL;
    TRIPSAGE_TRY(check_page(p, arena->size));
    memcpy(tag, p->of.head.tag, TRIPSAGE__SNAPSHOT_TAG);
    TRIPSAGE_TRY(make_index(&index, &p->of.head, runtime));
    view = tripsage__calloc(1, sizeof *view);
    if (!view) {
        status = TRIPSAGE_NOMEM();
        goto out;
    }
    TRIPSAGE_TRY(fill(index, view, &p->of.head, arena));
    if (view->capacity) {
        tripsage__repair_open(index, view);
        tripsage__graph_publish(index, view);
        view = NULL;
    }
    *out = index;
    index = NULL;
out:
    tripsage__view_free(view);
    tripsage_index_free(index);
    tripsage__arena_free(arena);
    return status;
}

tripsage_status tripsage__snapshot_open(tripsage_index **out, unsigned char tag[TRIPSAGE__SNAPSHOT_TAG],
                                        const char *path, const tripsage_runtime *runtime)
{
    tripsage__arena arena;
    tripsage_status status;

    *out = NULL;
    status = tripsage__snapshot_map(&arena, path);
    if (status == TRIPSAGE_OK)
        status = tripsage__snapshot_read(out, tag, &arena, runtime);
    return status;
}

tripsage_status tripsage_index_open(tripsage_index **out, const char *path, const tripsage_runtime *runtime)
{
    unsigned char tag[TRIPSAGE__SNAPSHOT_TAG];

    return tripsage__snapshot_open(out, tag, path, runtime);
}

/* ---- for tests ---- */

void tripsage__snapshot_seal(unsigned char *bytes, size_t size)
{
    page p;

    if (size < sizeof p)
        return;
    memcpy(&p, bytes, sizeof p);
    for (int i = 0; i < SECTIONS; i++) {
        section *s = &p.of.head.sections[i];

        if (s->offset <= size && s->size <= size - s->offset)
            s->checksum = tripsage__xxh3(bytes + s->offset, s->size);
    }
    p.checksum = tripsage__xxh3(p.of.bytes, sizeof p.of.bytes);
    memcpy(bytes, &p, sizeof p);
}
