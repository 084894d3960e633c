/* hash.c: see hash.h. */
#include "hash.h"

#include <string.h>

#include "base/memory.h"
#include "budget.h"
#include "entry.h"

/* So many fields are set without asking the heap for a list of them. */
#define FEW ((size_t)8)

/* ---- the treap of what ends (Seidel and Aragon, 1996): the hashes of the names, which nobody can choose, are its priorities ---- */

static int is_before(const tripsage__dict_node *a, const tripsage__dict_node *b)
{
    int64_t a_ms = tripsage__hash_field_of(a)->expires_ms, b_ms = tripsage__hash_field_of(b)->expires_ms;

    return a_ms != b_ms ? a_ms < b_ms : (uintptr_t)a < (uintptr_t)b;
}

static tripsage__dict_node **branch_to(tripsage__dict_node *from, const tripsage__dict_node *to)
{
    tripsage__hash_field *field = tripsage__hash_field_of(from);

    return is_before(to, from) ? &field->sooner : &field->later;
}

/* What is below `root` goes to both sides of `node`. */
static void split(tripsage__dict_node *root, tripsage__dict_node *node)
{
    tripsage__dict_node **sooner = &tripsage__hash_field_of(node)->sooner;
    tripsage__dict_node **later = &tripsage__hash_field_of(node)->later;

    while (root) {
        if (is_before(root, node)) {
            *sooner = root;
            sooner = &tripsage__hash_field_of(root)->later;
            root = *sooner;
        } else {
            *later = root;
            later = &tripsage__hash_field_of(root)->sooner;
            root = *later;
        }
    }
    *sooner = *later = NULL;
}

static void ends_add(tripsage__hash *hash, tripsage__dict_node *node)
{
    tripsage__dict_node **link = &hash->ends;

    while (*link && (*link)->hash >= node->hash)
        link = branch_to(*link, node);
    split(*link, node);
    *link = node;
    hash->ending++;
}

static void ends_remove(tripsage__hash *hash, tripsage__dict_node *node)
{
    tripsage__dict_node *a = tripsage__hash_field_of(node)->sooner, *b = tripsage__hash_field_of(node)->later;
    tripsage__dict_node **link = &hash->ends;

    while (*link != node)
        link = branch_to(*link, node);
    while (a && b) {
        if (a->hash > b->hash) {
            *link = a;
            link = &tripsage__hash_field_of(a)->later;
            a = *link;
        } else {
            *link = b;
            link = &tripsage__hash_field_of(b)->sooner;
            b = *link;
        }
    }
    *link = a ? a : b;
    hash->ending--;
}

static tripsage__dict_node *first_to_end(const tripsage__hash *hash)
{
    tripsage__dict_node *node = hash->ends;

    while (node && tripsage__hash_field_of(node)->sooner)
        node = tripsage__hash_field_of(node)->sooner;
    return node;
}

static const tripsage__dict_node *last_to_end(const tripsage__hash *hash)
{
    const tripsage__dict_node *node = hash->ends;

    while (node && tripsage__hash_field_of(node)->later)
        node = tripsage__hash_field_of(node)->later;
    return node;
}

void tripsage__hash_set_end(tripsage__hash *hash, tripsage__dict_node *node, int64_t expires_ms)
{
    tripsage__hash_field *field = tripsage__hash_field_of(node);

    if (field->expires_ms != TRIPSAGE__CACHE_FOREVER)
        ends_remove(hash, node);
    field->expires_ms = expires_ms;
    if (expires_ms != TRIPSAGE__CACHE_FOREVER)
        ends_add(hash, node);
}

/* ---- the order in which they came ---- */

static void link_in(tripsage__hash *hash, tripsage__dict_node *node)
{
    tripsage__hash_field_of(node)->older = hash->newest;
    *(hash->newest ? &tripsage__hash_field_of(hash->newest)->newer : &hash->oldest) = node;
    hash->newest = node;
}

static void link_out(tripsage__hash *hash, const tripsage__dict_node *node)
{
    const tripsage__hash_field *field = tripsage__hash_field_of(node);

    *(field->newer ? &tripsage__hash_field_of(field->newer)->older : &hash->newest) = field->older;
    *(field->older ? &tripsage__hash_field_of(field->older)->newer : &hash->oldest) = field->newer;
}

/* ---- values ---- */

static tripsage__hash_value *value_new(tripsage__cache_bytes bytes)
{
    tripsage__hash_value *value = tripsage__malloc(sizeof *value + bytes.size);

    if (!value)
        return NULL;
    value->size = bytes.size;
    if (bytes.size)
        memcpy(value->bytes, bytes.data, bytes.size);
    return value;
}

static size_t value_bytes(const tripsage__hash_value *value)
{
    return tripsage__budget_block(sizeof *value + value->size);
}

static void account(tripsage__hash *hash)
{
    hash->object.bytes = tripsage__budget_block(sizeof *hash) + hash->fields.bytes + hash->value_bytes;
}

/* ---- fields ---- */

typedef struct staged {
    tripsage__dict_node *node;
    tripsage__hash_value *value;
    int is_new;
} staged;

static void unstage(tripsage__hash *hash, const staged *stage, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        tripsage__free(stage[i].value);
        if (stage[i].is_new)
            tripsage__dict_remove(&hash->fields, stage[i].node);
    }
    account(hash);
}

/* Makes all that the fields need; 0, and nothing is changed, when there is no memory for it. */
static int stage_all(tripsage__hash *hash, staged *stage, const tripsage__cache_bytes *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        stage[i].is_new = 0;
        stage[i].value = value_new(pairs[2 * i + 1]);
        stage[i].node = stage[i].value ? tripsage__dict_add(&hash->fields, pairs[2 * i], &stage[i].is_new) : NULL;
        if (!stage[i].node) {
            unstage(hash, stage, i + 1);
            return 0;
        }
    }
    return 1;
}

/* Gives whether the field is new. */
static int fill(tripsage__hash *hash, const staged *stage, int keep_end)
{
    tripsage__hash_field *field = tripsage__hash_field_of(stage->node);

    if (stage->is_new) {
        field->expires_ms = TRIPSAGE__CACHE_FOREVER;
        link_in(hash, stage->node);
    } else {
        hash->value_bytes -= value_bytes(field->value);
        tripsage__free(field->value);
        if (!keep_end)
            tripsage__hash_set_end(hash, stage->node, TRIPSAGE__CACHE_FOREVER);
    }
    field->value = stage->value;
    hash->value_bytes += value_bytes(field->value);
    return stage->is_new;
}

int tripsage__hash_set(tripsage__hash *hash, const tripsage__cache_bytes *pairs, size_t count, int keep_ends,
                       size_t *added)
{
    staged few[FEW], *stage = few;
    int set;

    count /= 2;
    *added = 0;
    if (count > FEW)
        stage = tripsage__calloc(count, sizeof *stage);
    if (!stage)
        return 0;
    set = stage_all(hash, stage, pairs, count);
    for (size_t i = 0; set && i < count; i++)
        *added += fill(hash, &stage[i], keep_ends) ? 1 : 0;
    if (stage != few)
        tripsage__free(stage);
    account(hash);
    return set;
}

void tripsage__hash_remove(tripsage__hash *hash, tripsage__dict_node *node)
{
    tripsage__hash_field *field = tripsage__hash_field_of(node);

    tripsage__hash_set_end(hash, node, TRIPSAGE__CACHE_FOREVER);
    link_out(hash, node);
    hash->value_bytes -= value_bytes(field->value);
    tripsage__free(field->value);
    tripsage__dict_remove(&hash->fields, node);
    account(hash);
}

/* ---- the object ---- */

tripsage__hash *tripsage__hash_new(const uint64_t key[2])
{
    tripsage__hash *hash = tripsage__calloc(1, sizeof *hash);

    if (!hash)
        return NULL;
    hash->object.type = &tripsage__hash_type;
    tripsage__dict_init(&hash->fields, sizeof(tripsage__hash_field), key);
    account(hash);
    return hash;
}

static tripsage__hash *hash_of(tripsage__object *object)
{
    return (tripsage__hash *)(void *)object;
}

static const tripsage__hash *const_hash_of(const tripsage__object *object)
{
    return (const tripsage__hash *)(const void *)object;
}

static size_t count_fields(const tripsage__object *object)
{
    return const_hash_of(object)->fields.count;
}

static void free_value(tripsage__dict_node *node)
{
    tripsage__free(tripsage__hash_field_of(node)->value);
}

static void free_hash(tripsage__object *object)
{
    tripsage__dict_clear(&hash_of(object)->fields, free_value);
    tripsage__free(object);
}

static tripsage__object *copy_hash(const tripsage__object *object)
{
    const tripsage__hash *from = const_hash_of(object);
    tripsage__hash *to = tripsage__hash_new(from->fields.key);
    size_t added;

    if (!to)
        return NULL;
    for (const tripsage__dict_node *node = from->oldest; node; node = tripsage__hash_field_of(node)->newer) {
        const tripsage__cache_bytes pair[2] = {tripsage__dict_name(&from->fields, node), tripsage__hash_value_of(node)};

        if (!tripsage__hash_set(to, pair, 2, 1, &added)) {
            free_hash(&to->object);
            return NULL;
        }
        tripsage__hash_set_end(to, to->newest, tripsage__hash_field_of(node)->expires_ms);
    }
    return &to->object;
}

static int64_t end_of(const tripsage__object *object)
{
    const tripsage__hash *hash = const_hash_of(object);

    return hash->ending && hash->ending == hash->fields.count ? tripsage__hash_field_of(last_to_end(hash))->expires_ms
                                                              : TRIPSAGE__CACHE_FOREVER;
}

static void purge(tripsage__object *object, int64_t now_ms)
{
    tripsage__hash *hash = hash_of(object);
    tripsage__dict_node *node;

    while ((node = first_to_end(hash)) != NULL && tripsage__hash_field_of(node)->expires_ms <= now_ms)
        tripsage__hash_remove(hash, node);
}

const tripsage__object_type tripsage__hash_type = {"hash", count_fields, free_hash, copy_hash, end_of, purge};
