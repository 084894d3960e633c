/* list.c: see list.h. */
#include "list.h"

#include <string.h>

#include "base/memory.h"
#include "budget.h"

/* 8 pointers: what a small list needs, in a cache line. */
#define FIRST_RING ((size_t)8)

/* ---- items ---- */

size_t tripsage__list_item_bytes(size_t size)
{
    return tripsage__budget_block(sizeof(tripsage__list_item) + size);
}

tripsage__list_item *tripsage__list_item_new(tripsage__cache_bytes bytes)
{
    tripsage__list_item *item = tripsage__malloc(sizeof *item + bytes.size);

    if (!item)
        return NULL;
    item->size = bytes.size;
    if (bytes.size)
        memcpy(item->bytes, bytes.data, bytes.size);
    return item;
}

int tripsage__list_equal(const tripsage__list_item *item, tripsage__cache_bytes bytes)
{
    return item->size == bytes.size && (bytes.size == 0 || memcmp(item->bytes, bytes.data, bytes.size) == 0);
}

static void drop(tripsage__list *list, tripsage__list_item *item)
{
    list->object.bytes -= tripsage__list_item_bytes(item->size);
    tripsage__free(item);
}

/* ---- the ring ---- */

static tripsage__list_item **slot(const tripsage__list *list, size_t place)
{
    return &list->ring[(list->first + place) & (list->capacity - 1)];
}

tripsage__list_item *tripsage__list_at(const tripsage__list *list, size_t place)
{
    return *slot(list, place);
}

static size_t ring_bytes(size_t capacity)
{
    return capacity ? tripsage__budget_block(capacity * sizeof(tripsage__list_item *)) : 0;
}

static size_t capacity_for(const tripsage__list *list, size_t count)
{
    size_t capacity = list->capacity ? list->capacity : FIRST_RING;

    while (capacity < count)
        capacity *= 2;
    return capacity;
}

static int resize(tripsage__list *list, size_t capacity)
{
    tripsage__list_item **ring = tripsage__malloc(capacity * sizeof *ring);

    if (!ring)
        return 0;
    for (size_t i = 0; i < list->count; i++)
        ring[i] = *slot(list, i);
    tripsage__free(list->ring);
    list->object.bytes = list->object.bytes + ring_bytes(capacity) - ring_bytes(list->capacity);
    list->ring = ring;
    list->capacity = capacity;
    list->first = 0;
    return 1;
}

size_t tripsage__list_room_bytes(const tripsage__list *list, size_t more)
{
    return ring_bytes(capacity_for(list, list->count + more)) - ring_bytes(list->capacity);
}

int tripsage__list_reserve(tripsage__list *list, size_t more)
{
    size_t capacity = capacity_for(list, list->count + more);

    return capacity == list->capacity || resize(list, capacity);
}

/* A ring that stays too large is no failure. */
static void shrink(tripsage__list *list)
{
    size_t capacity = list->capacity;

    while (capacity > FIRST_RING && list->count < capacity / 8)
        capacity /= 2;
    if (capacity < list->capacity)
        (void)resize(list, capacity);
}

/* ---- changing ---- */

void tripsage__list_insert(tripsage__list *list, size_t place, tripsage__list_item *item)
{
    list->count++;
    if (place < list->count / 2) {
        list->first--; /* masked where it is used */
        for (size_t i = 0; i < place; i++)
            *slot(list, i) = *slot(list, i + 1);
    } else {
        for (size_t i = list->count - 1; i > place; i--)
            *slot(list, i) = *slot(list, i - 1);
    }
    *slot(list, place) = item;
    list->object.bytes += tripsage__list_item_bytes(item->size);
}

void tripsage__list_replace(tripsage__list *list, size_t place, tripsage__list_item *item)
{
    drop(list, *slot(list, place));
    *slot(list, place) = item;
    list->object.bytes += tripsage__list_item_bytes(item->size);
}

void tripsage__list_remove(tripsage__list *list, size_t place, size_t count)
{
    size_t behind = list->count - place - count;

    for (size_t i = 0; i < count; i++)
        drop(list, *slot(list, place + i));
    if (place < behind) {
        for (size_t i = place; i > 0; i--)
            *slot(list, i - 1 + count) = *slot(list, i - 1);
        list->first += count;
    } else {
        for (size_t i = 0; i < behind; i++)
            *slot(list, place + i) = *slot(list, place + count + i);
    }
    list->count -= count;
    shrink(list);
}

void tripsage__list_rotate(tripsage__list *list, int first_to_last)
{
    tripsage__list_item *item = *slot(list, first_to_last ? 0 : list->count - 1);

    if (first_to_last) {
        list->first++;
        *slot(list, list->count - 1) = item;
    } else {
        list->first--;
        *slot(list, 0) = item;
    }
}

/* Each pass moves what stays to the side it began at. */
size_t tripsage__list_remove_equal(tripsage__list *list, tripsage__cache_bytes bytes, size_t limit, int from_last)
{
    size_t count = list->count, kept = 0;

    for (size_t i = 0; i < count; i++) {
        size_t from = from_last ? count - 1 - i : i;
        tripsage__list_item *item = *slot(list, from);

        if (i - kept < limit && tripsage__list_equal(item, bytes))
            drop(list, item);
        else
            *slot(list, from_last ? count - 1 - kept++ : kept++) = item;
    }
    if (from_last)
        list->first += count - kept;
    list->count = kept;
    shrink(list);
    return count - kept;
}

/* ---- the object ---- */

tripsage__list *tripsage__list_new(void)
{
    tripsage__list *list = tripsage__calloc(1, sizeof *list);

    if (!list)
        return NULL;
    list->object.type = &tripsage__list_type;
    list->object.bytes = tripsage__budget_block(sizeof *list);
    return list;
}

static const tripsage__list *const_list_of(const tripsage__object *object)
{
    return (const tripsage__list *)(const void *)object;
}

static size_t count_items(const tripsage__object *object)
{
    return const_list_of(object)->count;
}

static void free_list(tripsage__object *object)
{
    const tripsage__list *list = const_list_of(object);

    for (size_t i = 0; i < list->count; i++)
        tripsage__free(*slot(list, i));
    tripsage__free(list->ring);
    tripsage__free(object);
}

static tripsage__object *copy_list(const tripsage__object *object)
{
    const tripsage__list *from = const_list_of(object);
    tripsage__list *to = tripsage__list_new();
    int copied = to && tripsage__list_reserve(to, from->count);

    for (size_t i = 0; copied && i < from->count; i++) {
        tripsage__list_item *item = tripsage__list_item_new(tripsage__list_bytes(*slot(from, i)));

        copied = item != NULL;
        if (item)
            tripsage__list_insert(to, i, item);
    }
    if (copied)
        return &to->object;
    if (to)
        free_list(&to->object);
    return NULL;
}

const tripsage__object_type tripsage__list_type = {"list", count_items, free_list, copy_list, NULL, NULL};
