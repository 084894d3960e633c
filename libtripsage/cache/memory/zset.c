/* zset.c: see zset.h. */
#include "zset.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "budget.h"

static void count_bytes(tripsage__zset *zset)
{
    zset->object.bytes = tripsage__budget_block(sizeof *zset) + zset->dict.bytes + zset->node_bytes;
}

tripsage__zset *tripsage__zset_new(const uint64_t key[2])
{
    tripsage__zset *zset = tripsage__calloc(1, sizeof *zset);

    if (!zset)
        return NULL;
    zset->object.type = &tripsage__zset_type;
    tripsage__dict_init(&zset->dict, sizeof(tripsage__zset_node *), key);
    count_bytes(zset);
    return zset;
}

/* ---- nodes ---- */

tripsage__zset_node *tripsage__zset_named(const tripsage__dict_node *named)
{
    return *(tripsage__zset_node **)tripsage__dict_payload(named);
}

/* From 1. Two bits of the hash for each level, from the top: a table looks at those below. */
static int height_of(const tripsage__dict_node *named)
{
    int height = 1;

    for (uint64_t bits = named->hash; height < TRIPSAGE__ZSET_LEVELS && bits >> 62 == 0; bits <<= 2)
        height++;
    return height;
}

static size_t node_size(const tripsage__dict_node *named)
{
    return sizeof(tripsage__zset_node) + (size_t)height_of(named) * sizeof(tripsage__zset_link);
}

tripsage__zset_node *tripsage__zset_find(const tripsage__zset *zset, tripsage__cache_bytes member)
{
    const tripsage__dict_node *named = tripsage__dict_find(&zset->dict, member);

    return named ? tripsage__zset_named(named) : NULL;
}

/* ---- order ---- */

static int compare_bytes(tripsage__cache_bytes a, tripsage__cache_bytes b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common ? memcmp(a.data, b.data, common) : 0;

    return order ? order : (a.size > b.size) - (a.size < b.size);
}

static int is_before(const tripsage__zset *zset, const tripsage__zset_node *a, const tripsage__zset_node *b)
{
    if (a->score != b->score)
        return a->score < b->score;
    return compare_bytes(tripsage__zset_member(zset, a), tripsage__zset_member(zset, b)) < 0;
}

/* The links that lead over the place of a node, and the rank of where each starts (0: the head). */
typedef struct path {
    tripsage__zset_link *links[TRIPSAGE__ZSET_LEVELS];
    size_t starts[TRIPSAGE__ZSET_LEVELS];
    tripsage__zset_node *previous;
} path;

static void find_path(path *p, tripsage__zset *zset, const tripsage__zset_node *node)
{
    tripsage__zset_link *links = zset->heads;
    size_t start = 0;

    p->previous = NULL;
    for (int level = TRIPSAGE__ZSET_LEVELS - 1; level >= 0; level--) {
        for (tripsage__zset_node *next; (next = links[level].next) != NULL && is_before(zset, next, node);) {
            start += links[level].width;
            p->previous = next;
            links = next->links;
        }
        p->links[level] = &links[level];
        p->starts[level] = start;
    }
}

static void link_node(tripsage__zset *zset, tripsage__zset_node *node)
{
    int height = height_of(node->named);
    path p;

    find_path(&p, zset, node);
    for (int level = 0; level < TRIPSAGE__ZSET_LEVELS; level++) {
        tripsage__zset_link *over = p.links[level];
        size_t width = p.starts[0] - p.starts[level] + 1;

        over->width++;
        if (level >= height)
            continue;
        node->links[level] = (tripsage__zset_link){over->next, over->width - width};
        *over = (tripsage__zset_link){node, width};
    }
    node->previous = p.previous;
    if (node->links[0].next)
        node->links[0].next->previous = node;
    else
        zset->last = node;
}

static void unlink_node(tripsage__zset *zset, tripsage__zset_node *node)
{
    int height = height_of(node->named);
    path p;

    find_path(&p, zset, node);
    for (int level = 0; level < TRIPSAGE__ZSET_LEVELS; level++) {
        if (level < height) {
            p.links[level]->width += node->links[level].width;
            p.links[level]->next = node->links[level].next;
        }
        p.links[level]->width--;
    }
    if (node->links[0].next)
        node->links[0].next->previous = node->previous;
    else
        zset->last = node->previous;
}

/* ---- changing ---- */

static tripsage__zset_node *make_node(tripsage__zset *zset, tripsage__dict_node *named, double score)
{
    tripsage__zset_node *node = tripsage__calloc(1, node_size(named));

    if (!node)
        return NULL;
    node->named = named;
    node->score = score;
    *(tripsage__zset_node **)tripsage__dict_payload(named) = node;
    zset->node_bytes += tripsage__budget_block(node_size(named));
    link_node(zset, node);
    return node;
}

tripsage__zset_node *tripsage__zset_set(tripsage__zset *zset, tripsage__cache_bytes member, double score, int *added)
{
    tripsage__dict_node *named = tripsage__dict_add(&zset->dict, member, added);
    tripsage__zset_node *node = named && !*added ? tripsage__zset_named(named) : NULL;

    score += 0.0; /* there is one zero */
    if (node)
        tripsage__zset_move(zset, node, score);
    else if (named)
        node = make_node(zset, named, score);
    if (named && !node)
        tripsage__dict_remove(&zset->dict, named);
    count_bytes(zset); /* also when it failed: there may be a table by now */
    return node;
}

void tripsage__zset_move(tripsage__zset *zset, tripsage__zset_node *node, double score)
{
    if (score == node->score)
        return;
    unlink_node(zset, node);
    node->score = score + 0.0;
    link_node(zset, node);
}

void tripsage__zset_remove(tripsage__zset *zset, tripsage__zset_node *node)
{
    unlink_node(zset, node);
    zset->node_bytes -= tripsage__budget_block(node_size(node->named));
    tripsage__dict_remove(&zset->dict, node->named);
    tripsage__free(node);
    count_bytes(zset);
}

/* ---- many at once ---- */

double *tripsage__zset_loose(tripsage__zset *zset, tripsage__cache_bytes member, int *added)
{
    tripsage__dict_node *named = tripsage__dict_add(&zset->dict, member, added);

    count_bytes(zset);
    return named ? tripsage__dict_payload(named) : NULL; /* a score where a pointer will be */
}

void tripsage__zset_discard(tripsage__zset *zset)
{
    tripsage__dict_clear(&zset->dict, NULL);
    tripsage__free(zset);
}

typedef struct placed {
    double score; /* by which most are told apart, without a look at the node */
    tripsage__zset_node *node;
} placed;

static int by_place(const void *a, const void *b)
{
    static const tripsage__dict shape = {.payload = sizeof(tripsage__zset_node *)};
    const placed *left = a, *right = b;

    if (left->score != right->score)
        return left->score < right->score ? -1 : 1;
    return compare_bytes(tripsage__dict_name(&shape, left->node->named),
                         tripsage__dict_name(&shape, right->node->named));
}

/* A node for each member, in order; NULL: no memory. */
static placed *make_row(const tripsage__zset *zset)
{
    placed *row = tripsage__malloc(zset->dict.count * sizeof *row);
    size_t made = 0;

    for (tripsage__dict_node *named = NULL; row && (named = tripsage__dict_next(&zset->dict, named)) != NULL; made++) {
        row[made].score = *(double *)tripsage__dict_payload(named) + 0.0;
        row[made].node = tripsage__calloc(1, node_size(named));
        if (!row[made].node)
            break;
        row[made].node->named = named;
        row[made].node->score = row[made].score;
    }
    if (row && made < zset->dict.count) {
        while (made > 0)
            tripsage__free(row[--made].node);
        tripsage__free(row);
        return NULL;
    }
    if (row)
        qsort(row, made, sizeof *row, by_place);
    return row;
}

/* Links nodes that are in order, each behind the last of every level that it is on. */
static void link_row(tripsage__zset *zset, const placed *row, size_t count)
{
    tripsage__zset_link *ends[TRIPSAGE__ZSET_LEVELS];
    size_t places[TRIPSAGE__ZSET_LEVELS] = {0};

    for (int level = 0; level < TRIPSAGE__ZSET_LEVELS; level++)
        ends[level] = &zset->heads[level];
    for (size_t i = 0; i < count; i++) {
        tripsage__zset_node *node = row[i].node;
        int height = height_of(node->named);

        for (int level = 0; level < height; level++) {
            *ends[level] = (tripsage__zset_link){node, i + 1 - places[level]};
            ends[level] = &node->links[level];
            places[level] = i + 1;
        }
        node->previous = zset->last;
        zset->last = node;
    }
    for (int level = 0; level < TRIPSAGE__ZSET_LEVELS; level++)
        ends[level]->width = count - places[level];
}

int tripsage__zset_settle(tripsage__zset *zset)
{
    size_t count = zset->dict.count;
    placed *row = count ? make_row(zset) : NULL;

    for (size_t i = 0; row && i < count; i++) {
        *(tripsage__zset_node **)tripsage__dict_payload(row[i].node->named) = row[i].node;
        zset->node_bytes += tripsage__budget_block(node_size(row[i].node->named));
    }
    if (row)
        link_row(zset, row, count);
    tripsage__free(row);
    count_bytes(zset);
    return row || count == 0;
}

/* ---- ranks ---- */

tripsage__zset_node *tripsage__zset_at(const tripsage__zset *zset, size_t rank)
{
    const tripsage__zset_link *links = zset->heads;
    tripsage__zset_node *node = NULL;
    size_t left = rank + 1;

    if (rank >= zset->dict.count)
        return NULL;
    for (int level = TRIPSAGE__ZSET_LEVELS - 1; level >= 0 && left > 0; level--)
        while (links[level].next && links[level].width <= left) {
            left -= links[level].width;
            node = links[level].next;
            links = node->links;
        }
    return node;
}

/* How many from the front on are `within`, which is so up to somewhere and not from there on. */
static size_t count_while(const tripsage__zset *zset,
                          int (*within)(const tripsage__zset *zset, const tripsage__zset_node *node,
                                        const void *context),
                          const void *context)
{
    const tripsage__zset_link *links = zset->heads;
    size_t count = 0;

    for (int level = TRIPSAGE__ZSET_LEVELS - 1; level >= 0; level--)
        while (links[level].next && within(zset, links[level].next, context)) {
            count += links[level].width;
            links = links[level].next->links;
        }
    return count;
}

static int is_before_node(const tripsage__zset *zset, const tripsage__zset_node *node, const void *context)
{
    return is_before(zset, node, context);
}

size_t tripsage__zset_rank(const tripsage__zset *zset, const tripsage__zset_node *node)
{
    return count_while(zset, is_before_node, node);
}

/* Where a node stands to a bound: negative before, positive behind. */
static int compare_bound(const tripsage__zset *zset, const tripsage__zset_node *node, const tripsage__zset_bound *bound)
{
    if (!bound->by_member)
        return (node->score > bound->score) - (node->score < bound->score);
    if (bound->infinite)
        return -bound->infinite;
    return compare_bytes(tripsage__zset_member(zset, node), bound->member);
}

static int is_before_min(const tripsage__zset *zset, const tripsage__zset_node *node, const void *context)
{
    const tripsage__zset_bound *bound = context;

    return compare_bound(zset, node, bound) < (bound->open ? 1 : 0);
}

static int is_up_to_max(const tripsage__zset *zset, const tripsage__zset_node *node, const void *context)
{
    const tripsage__zset_bound *bound = context;

    return compare_bound(zset, node, bound) < (bound->open ? 0 : 1);
}

size_t tripsage__zset_before(const tripsage__zset *zset, const tripsage__zset_bound *min)
{
    return count_while(zset, is_before_min, min);
}

size_t tripsage__zset_up_to(const tripsage__zset *zset, const tripsage__zset_bound *max)
{
    return count_while(zset, is_up_to_max, max);
}

/* ---- as an object ---- */

static size_t count(const tripsage__object *object)
{
    return ((const tripsage__zset *)object)->dict.count;
}

static void free_node(tripsage__dict_node *named)
{
    tripsage__free(tripsage__zset_named(named));
}

static void free_zset(tripsage__object *object)
{
    tripsage__dict_clear(&((tripsage__zset *)object)->dict, free_node);
    tripsage__free(object);
}

static tripsage__object *copy(const tripsage__object *object)
{
    const tripsage__zset *from = (const tripsage__zset *)object;
    tripsage__zset *zset = tripsage__zset_new(from->dict.key);
    int added;

    for (const tripsage__zset_node *node = from->heads[0].next; node && zset; node = node->links[0].next)
        if (!tripsage__zset_set(zset, tripsage__zset_member(from, node), node->score, &added)) {
            free_zset(&zset->object);
            zset = NULL;
        }
    return zset ? &zset->object : NULL;
}

const tripsage__object_type tripsage__zset_type = {"zset", count, free_zset, copy, NULL, NULL};
