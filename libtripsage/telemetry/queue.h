/* telemetry/queue.h: spans that have ended, on their way to the thread that exports them: a bounded queue of many who put and one who
 * takes, by Vyukov ("Bounded MPMC queue", 1024cores.net). A place belongs to whoever moved the tail past it, until it is put; nobody waits
 * for anybody: where the next place is not free yet, the queue is full, and the span is dropped.
 *
 * Invariant: a place's turn says whose it is: `at`, when the one who puts at position `at` may have it; `at + 1`, when the one who takes
 * may. */
#ifndef TRIPSAGE_TELEMETRY_QUEUE_H
#define TRIPSAGE_TELEMETRY_QUEUE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <tripsage/telemetry.h>

#include "base/error.h"

#define TRIPSAGE__RECORD_TEXT 640 /* what is copied: the name, and what texts of attributes may have together */

/* A fact of a span. Texts are of the record, or live for as long as the queue does. */
typedef struct tripsage__fact {
    const char *key, *text; /* text NULL: the number */
    int64_t number;
} tripsage__fact;

typedef struct tripsage__record {
    _Atomic uint64_t turn;
    unsigned char trace_id[16], id[8], parent_id[8];
    int64_t began_ns, ended_ns; /* since 1970 */
    unsigned char kind, is_error, is_remote_parent, dropped, fact_count;
    uint16_t text_size;
    const char *name, *state;                               /* state NULL: none */
    tripsage__fact facts[TRIPSAGE_SPAN_ATTRIBUTES_MAX + 1]; /* error.type besides */
    char text[TRIPSAGE__RECORD_TEXT];
} tripsage__record;

typedef struct tripsage__queue tripsage__queue;

tripsage_status tripsage__queue_new(tripsage__queue **out, uint32_t capacity);
void tripsage__queue_free(tripsage__queue *queue); /* NULL is fine */

/* A place to fill and then to put, or NULL: it is full, which is counted. */
tripsage__record *tripsage__queue_take_place(tripsage__queue *queue);
/* Gives how many wait now, this one included. */
uint64_t tripsage__queue_put(tripsage__queue *queue, tripsage__record *record);

/* For the one who takes: the next that was put, or NULL; it is given back before another is asked for. */
tripsage__record *tripsage__queue_next(tripsage__queue *queue);
void tripsage__queue_give_back(tripsage__queue *queue, tripsage__record *record);

uint64_t tripsage__queue_waiting(const tripsage__queue *queue);
uint32_t tripsage__queue_capacity(const tripsage__queue *queue);
uint64_t tripsage__queue_dropped(const tripsage__queue *queue);
uint64_t tripsage__queue_taken(const tripsage__queue *queue); /* places until now */

#endif
