/* slot_map.c: from keys to slots: open addressing with linear probing (Knuth, vol. 3, 6.4), kept in order by moving back what stands behind
 * a key that goes, so that nothing is left in its place. Keys are read from the slots; the table has slot + 1, and 0 where it is empty. */
#include "graph_internal.h"

/* Full to two thirds: one look finds most keys. And one more, since a look ends at an empty place. */
uint32_t tripsage__map_room(uint32_t slots)
{
    return slots + slots / 2 + 1;
}

/* Where a key belongs. Keys may be counters, so they are mixed first; a number below `capacity` comes from the upper bits by
 * multiplication. */
static uint32_t home_of(const tripsage__view *view, uint64_t key)
{
    key ^= key >> 32;
    key *= UINT64_C(0x9e3779b97f4a7c15);
    key ^= key >> 29;
    key *= UINT64_C(0xbf58476d1ce4e5b9);
    return (uint32_t)((key >> 32) * view->map_capacity >> 32);
}

static uint32_t after(const tripsage__view *view, uint32_t at)
{
    return at + 1 == view->map_capacity ? 0 : at + 1;
}

/* Where the key is, or where it would be put. */
static uint32_t place_of(const tripsage__view *view, uint64_t key)
{
    uint32_t at = home_of(view, key);

    while (view->map[at] && view->keys[view->map[at] - 1] != key)
        at = after(view, at);
    return at;
}

uint32_t tripsage__map_find(const tripsage__view *view, uint64_t key)
{
    return view->map[place_of(view, key)] - 1; /* 0 - 1 is TRIPSAGE__NO_SLOT */
}

void tripsage__map_add(tripsage__view *view, uint64_t key, uint32_t slot)
{
    view->map[place_of(view, key)] = slot + 1;
}

/* How far behind its home a place is. */
static uint32_t distance(const tripsage__view *view, uint32_t home, uint32_t at)
{
    return at >= home ? at - home : at + view->map_capacity - home;
}

void tripsage__map_drop(tripsage__view *view, uint64_t key)
{
    uint32_t hole = place_of(view, key);

    for (uint32_t at = after(view, hole); view->map[at]; at = after(view, at)) {
        uint32_t home = home_of(view, view->keys[view->map[at] - 1]);

        if (distance(view, home, at) >= distance(view, hole, at)) {
            view->map[hole] = view->map[at];
            hole = at;
        }
    }
    view->map[hole] = 0;
}
