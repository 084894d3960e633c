/* set.c: see set.h. */
#include "set.h"

#include "base/memory.h"
#include "budget.h"

static void count_bytes(tripsage__set *set)
{
    set->object.bytes = tripsage__budget_block(sizeof *set) + set->dict.bytes;
}

tripsage__set *tripsage__set_new(const uint64_t key[2])
{
    tripsage__set *set = tripsage__calloc(1, sizeof *set);

    if (!set)
        return NULL;
    set->object.type = &tripsage__set_type;
    tripsage__dict_init(&set->dict, 0, key);
    count_bytes(set);
    return set;
}

tripsage__dict_node *tripsage__set_add(tripsage__set *set, tripsage__cache_bytes member, int *added)
{
    tripsage__dict_node *node = tripsage__dict_add(&set->dict, member, added);

    count_bytes(set); /* also when it failed: there may be a table by now */
    return node;
}

void tripsage__set_remove(tripsage__set *set, tripsage__dict_node *node)
{
    tripsage__dict_remove(&set->dict, node);
    count_bytes(set);
}

/* ---- as an object ---- */

static size_t count(const tripsage__object *object)
{
    return ((const tripsage__set *)object)->dict.count;
}

static void free_set(tripsage__object *object)
{
    tripsage__dict_clear(&((tripsage__set *)object)->dict, NULL);
    tripsage__free(object);
}

static tripsage__object *copy(const tripsage__object *object)
{
    const tripsage__dict *from = &((const tripsage__set *)object)->dict;
    tripsage__set *set = tripsage__set_new(from->key);
    int added;

    for (tripsage__dict_node *node = tripsage__dict_next(from, NULL); node && set;
         node = tripsage__dict_next(from, node))
        if (!tripsage__set_add(set, tripsage__dict_name(from, node), &added)) {
            free_set(&set->object);
            set = NULL;
        }
    return set ? &set->object : NULL;
}

const tripsage__object_type tripsage__set_type = {"set", count, free_set, copy, NULL, NULL};
