/* cache/memory/list.h: a list: a ring of pointers to items, so that both ends and every place are one step away, and what is put in between
 * moves no more than half of the pointers. */
#ifndef TRIPSAGE_CACHE_MEMORY_LIST_H
#define TRIPSAGE_CACHE_MEMORY_LIST_H

#include "cache/engine.h"
#include "object.h"

typedef struct tripsage__list_item {
    size_t size;
    unsigned char bytes[];
} tripsage__list_item;

typedef struct tripsage__list {
    tripsage__object object;
    tripsage__list_item **ring;
    size_t capacity; /* a power of two, or 0 */
    size_t first, count;
} tripsage__list;

extern const tripsage__object_type tripsage__list_type;

tripsage__list *tripsage__list_new(void); /* NULL: no memory */

/* What the list takes more with so many items, beside the items. */
size_t tripsage__list_room_bytes(const tripsage__list *list, size_t more);
/* Makes that room; 0: no memory. */
int tripsage__list_reserve(tripsage__list *list, size_t more);

/* An item of nobody's yet; NULL: no memory. */
tripsage__list_item *tripsage__list_item_new(tripsage__cache_bytes bytes);
/* What it takes. */
size_t tripsage__list_item_bytes(size_t size);

/* The item at a place below `count`. */
tripsage__list_item *tripsage__list_at(const tripsage__list *list, size_t place);
/* Puts an item, which is the list's then, before that place; there is room. */
void tripsage__list_insert(tripsage__list *list, size_t place, tripsage__list_item *item);
/* Puts an item in the place of another. */
void tripsage__list_replace(tripsage__list *list, size_t place, tripsage__list_item *item);
/* Removes so many items from a place on. */
void tripsage__list_remove(tripsage__list *list, size_t place, size_t count);
/* Puts the first item behind the last, or the last before the first. Not for an empty list. */
void tripsage__list_rotate(tripsage__list *list, int first_to_last);
/* Removes items that are these bytes, at most `limit` of them, from the first on or from the last; gives how many. */
size_t tripsage__list_remove_equal(tripsage__list *list, tripsage__cache_bytes bytes, size_t limit, int from_last);

static inline tripsage__cache_bytes tripsage__list_bytes(const tripsage__list_item *item)
{
    return (tripsage__cache_bytes){item->bytes, item->size};
}

int tripsage__list_equal(const tripsage__list_item *item, tripsage__cache_bytes bytes);

#endif
