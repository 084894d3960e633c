/* graph/repair.h: what becomes of the slots of removed items.
 *
 * A removed item's slot is marked dead: walks go through it, and nothing returns it. When more than an eighth of the graph is dead, or a
 * 24th and free slots run out, the graph is mended around those that are dead then (as FreshDiskANN's consolidation does; Singh and
 * others, 2021): one node after the other that has an edge to one of them chooses new ones among those it has left and those of its dead
 * neighbours, and keeps its others where there is room. When all nodes were looked at, no edge leads to them any more; and when nobody is
 * on a walk that began before that, the slots are free for new items.
 *
 * It is done by who writes, a bounded portion at the end of each put and remove: so no call takes long (some 16 nodes, about the time of
 * one put), no thread is needed, and the work ends before a sixteenth of the graph is changed again. Readers wait for nothing: an edge
 * changes by one store, and a walk sees the old one or the new one.
 *
 * A free slot keeps its level and its room for edges above the lowest, for the next item it is given to: levels are drawn by chance, and
 * one slot's is as good for one item as for another. */
#ifndef TRIPSAGE_VECTOR_GRAPH_REPAIR_H
#define TRIPSAGE_VECTOR_GRAPH_REPAIR_H

#include <stdatomic.h>
#include <stdint.h>

struct tripsage__scratch;
struct tripsage__view;
struct tripsage_index;

typedef enum tripsage__repair_phase {
    TRIPSAGE__REPAIR_IDLE = 0,
    TRIPSAGE__REPAIR_MENDING, /* slots up to `at` have no edge to those that are doomed */
    TRIPSAGE__REPAIR_WAITING, /* for those who are on a walk */
    TRIPSAGE__REPAIR_FREEING  /* slots up to `at` */
} tripsage__repair_phase;

/* The writer's, but for `dead`. Zeroed memory is one of an empty index. */
typedef struct tripsage__repair {
    _Atomic uint32_t dead; /* slots of removed items that walks still go through */
    tripsage__repair_phase phase;
    uint32_t at, end;
    uint64_t *doomed; /* a bit a slot below `end`: those that were dead when mending began */
    uint32_t doomed_count;
    uint64_t step;                   /* of the grace, that is waited for */
    uint32_t highest;                /* the slot of the highest level that was met and is not doomed, and */
    uint32_t highest_level;          /* that level plus 1; 0: none was met */
    uint32_t free_first, free_count; /* each free slot says which is next */
} tripsage__repair;

void tripsage__repair_close(struct tripsage_index *index);
/* After a snapshot was read: which of its dead slots are free, their edges say. */
void tripsage__repair_open(struct tripsage_index *index, const struct tripsage__view *view);
uint64_t tripsage__repair_bytes(const struct tripsage_index *index);

/* A free slot, for a new item; TRIPSAGE__NO_SLOT: there is none. */
uint32_t tripsage__repair_take(struct tripsage_index *index, const struct tripsage__view *view);
/* Gives one back that was taken and not used. */
void tripsage__repair_give(struct tripsage_index *index, const struct tripsage__view *view, uint32_t slot);

/* After a slot was marked dead. */
void tripsage__repair_count(struct tripsage_index *index);

/* A portion of what is to be done. Memory that is not there puts it off. */
void tripsage__repair_step(struct tripsage_index *index, const struct tripsage__view *view);

#endif
