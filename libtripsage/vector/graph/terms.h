/* vector/graph/terms.h: which slots of an index have a term, and which terms a slot has.
 *
 * A term is any number (a hash of "owner=..."). Each has a list of the slots (numbers of items in the graph) that have it: a single one
 * within the table, few as an array in the order they came, many (more than a 32nd of all) as a bitmap. A slot keeps its own terms
 * besides, as numbers of the table.
 *
 * Threads: one writer at a time. Readers take no lock and wait for nothing; they are between tripsage__grace_enter() and
 * tripsage__grace_leave() of the grace given to tripsage__terms_init(), and keep nothing of what they found here beyond.
 *
 * What a reader may count on: a slot that is in the graph from before he entered until he leaves is in the lists of all its terms and
 * in no others, and its own terms stay as they are, even when it is removed meanwhile, since a slot is given to another item only when
 * nobody sees the first one any more. So a reader who asks first whether the slot is alive (with acquire; the writer says so after
 * tripsage__terms_add()) and then for its terms is never told another item's. */
#ifndef TRIPSAGE_VECTOR_GRAPH_TERMS_H
#define TRIPSAGE_VECTOR_GRAPH_TERMS_H

#include "base/buf.h"
#include "limbo.h"

/* Terms of one item; what a row's metadata has. */
#define TRIPSAGE__TERMS_MAX 64u

/* No term. */
#define TRIPSAGE__NO_TERM UINT32_MAX

typedef struct tripsage__term {
    uint64_t name;
    _Atomic uint64_t list; /* 0: no slot. Odd: twice the only slot and 1. Else the address of a tripsage__term_list */
    uint32_t slots;        /* that have it as their own, removed ones too until they are forgotten */
    uint32_t next;         /* of those free, or waiting to be */
    uint64_t step;         /* that has to be over before it may be another */
} tripsage__term;

typedef struct tripsage__term_list {
    uint32_t is_bitmap;
    uint32_t capacity;      /* entries or words */
    _Atomic uint32_t used;  /* entries until now, those given up too */
    _Atomic uint32_t count; /* slots */
    /* then _Atomic uint32_t entries[capacity] or _Atomic uint64_t words[capacity] */
} tripsage__term_list;

typedef struct tripsage__term_table {
    uint32_t capacity;
    tripsage__term terms[];
} tripsage__term_table;

/* Numbers of terms by their names: open addressing, a power of two. */
typedef struct tripsage__term_index {
    uint32_t mask;
    uint32_t used; /* given up ones too */
    _Atomic uint32_t numbers[];
} tripsage__term_index;

/* Words that grow: they are copied to a larger array, which then is published. */
typedef struct tripsage__term_words {
    uint32_t capacity;
    _Atomic uint32_t words[];
} tripsage__term_words;

typedef struct tripsage__terms {
    tripsage__limbo *limbo;
    _Atomic(tripsage__term_table *) table;
    _Atomic(tripsage__term_index *) index;
    _Atomic(tripsage__term_words *) own; /* by slot: where its terms are in `records`; 0: it has none */
    /* The number of terms, with a mark when the slot is in no list, and the terms: */
    _Atomic(tripsage__term_words *) records;
    uint32_t record_end; /* so many words were used */
    uint32_t free_records[TRIPSAGE__TERMS_MAX +
                          1]; /* by number of terms: the first; each has the next behind its number. 0: none */
    uint32_t free_words;      /* of those */
    uint32_t slot_end;        /* slots were below this */
    uint32_t term_count;      /* that have a slot */
    uint32_t term_end;        /* numbers were below this */
    uint32_t free_term;       /* the first that is free, or TRIPSAGE__NO_TERM */
    uint32_t waiting_first, waiting_last; /* that are free when their steps are over */
    _Atomic uint64_t bytes;
} tripsage__terms;

/* `limbo` is the index's, and stays until the terms are closed. Zeroed memory may be closed, too. */
void tripsage__terms_init(tripsage__terms *terms, tripsage__limbo *limbo);
/* Nobody reads any more. */
void tripsage__terms_close(tripsage__terms *terms);

/* ---- the writer's ---- */

/* Gives a slot that has none its terms (at most TRIPSAGE__TERMS_MAX; twice the same is once). A failure changes nothing. Errors:
 * TRIPSAGE_ENOMEM. */
tripsage_status tripsage__terms_add(tripsage__terms *terms, uint32_t slot, const uint64_t *names, size_t count);
/* Takes the slot out of all lists. Its own terms stay, for those who are looking at it. */
void tripsage__terms_remove(tripsage__terms *terms, uint32_t slot);
/* Forgets a removed slot's own terms. Nobody sees the slot any more. */
void tripsage__terms_forget(tripsage__terms *terms, uint32_t slot);

/* Adds all to the end of a buffer, for a snapshot. Slots that were removed are kept as such. */
void tripsage__terms_put(tripsage__buf *out, const tripsage__terms *terms);
/* The same read into what was just made; nobody reads yet. Errors: TRIPSAGE_ECORRUPT, TRIPSAGE_ENOMEM; then nothing is in it. */
tripsage_status tripsage__terms_get(tripsage__terms *terms, const void *bytes, size_t size);

/* In use, without what waits in the limbo. From any thread. */
uint64_t tripsage__terms_bytes(const tripsage__terms *terms);

/* ---- readers' ---- */

/* The term's number, or TRIPSAGE__NO_TERM when no slot has it. */
uint32_t tripsage__terms_find(const tripsage__terms *terms, uint64_t name);

/* A term's slots as they are at one moment; those given up since are left out, those that came since are not in it. */
typedef struct tripsage__term_view {
    const tripsage__term_list *list; /* NULL: at most one slot */
    uint32_t only;                   /* that one, or UINT32_MAX */
    uint32_t count;                  /* about, while there is a writer */
} tripsage__term_view;

void tripsage__terms_look(tripsage__term_view *out, const tripsage__terms *terms, uint32_t term);

/* An array's entries, and how many of them; UINT32_MAX in one: given up. */
static inline const _Atomic uint32_t *tripsage__term_entries(const tripsage__term_list *list, uint32_t *used)
{
    *used = atomic_load_explicit(&list->used, memory_order_acquire);
    return (const _Atomic uint32_t *)(const void *)(list + 1);
}

static inline const _Atomic uint64_t *tripsage__term_bits(const tripsage__term_list *list)
{
    return (const _Atomic uint64_t *)(const void *)(list + 1);
}

/* The slot's own terms, in no order. */
const _Atomic uint32_t *tripsage__terms_of(const tripsage__terms *terms, uint32_t slot, size_t *count);

#endif
