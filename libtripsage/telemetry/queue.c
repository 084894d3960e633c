/* queue.c: see queue.h. */
#include "queue.h"

#include <stdalign.h>

#include "base/memory.h"

struct tripsage__queue {
    tripsage__record *places;
    uint32_t capacity;
    alignas(64) _Atomic uint64_t tail; /* the next position to put at */
    alignas(64) _Atomic uint64_t head; /* the next to take; written by the one who takes */
    alignas(64) _Atomic uint64_t dropped;
};

tripsage_status tripsage__queue_new(tripsage__queue **out, uint32_t capacity)
{
    tripsage__queue *queue = tripsage__calloc(1, sizeof *queue);

    *out = NULL;
    if (!queue)
        return TRIPSAGE_NOMEM();
    queue->capacity = capacity;
    queue->places = tripsage__calloc(capacity, sizeof *queue->places);
    if (!queue->places) {
        tripsage__free(queue);
        return TRIPSAGE_NOMEM();
    }
    for (uint32_t i = 0; i < capacity; i++)
        atomic_init(&queue->places[i].turn, i);
    *out = queue;
    return TRIPSAGE_OK;
}

void tripsage__queue_free(tripsage__queue *queue)
{
    if (!queue)
        return;
    tripsage__free(queue->places);
    tripsage__free(queue);
}

tripsage__record *tripsage__queue_take_place(tripsage__queue *queue)
{
    uint64_t at = atomic_load_explicit(&queue->tail, memory_order_relaxed);

    for (;;) {
        tripsage__record *place = &queue->places[at % queue->capacity];
        uint64_t turn = atomic_load_explicit(&place->turn, memory_order_acquire);

        if (turn == at) {
            if (atomic_compare_exchange_weak_explicit(&queue->tail, &at, at + 1, memory_order_relaxed,
                                                      memory_order_relaxed))
                return place;
        } else if (turn < at) {
            atomic_fetch_add_explicit(&queue->dropped, 1, memory_order_relaxed);
            return NULL;
        } else {
            at = atomic_load_explicit(&queue->tail, memory_order_relaxed);
        }
    }
}

uint64_t tripsage__queue_put(tripsage__queue *queue, tripsage__record *record)
{
    uint64_t at = atomic_load_explicit(&record->turn, memory_order_relaxed);
    uint64_t head = atomic_load_explicit(&queue->head, memory_order_relaxed);

    atomic_store_explicit(&record->turn, at + 1, memory_order_release);
    return at + 1 > head ? at + 1 - head : 0;
}

tripsage__record *tripsage__queue_next(tripsage__queue *queue)
{
    uint64_t at = atomic_load_explicit(&queue->head, memory_order_relaxed);
    tripsage__record *place = &queue->places[at % queue->capacity];

    return atomic_load_explicit(&place->turn, memory_order_acquire) == at + 1 ? place : NULL;
}

void tripsage__queue_give_back(tripsage__queue *queue, tripsage__record *record)
{
    uint64_t at = atomic_load_explicit(&queue->head, memory_order_relaxed);

    atomic_store_explicit(&record->turn, at + queue->capacity, memory_order_release);
    atomic_store_explicit(&queue->head, at + 1, memory_order_relaxed);
}

uint64_t tripsage__queue_waiting(const tripsage__queue *queue)
{
    uint64_t head = atomic_load_explicit(&queue->head, memory_order_relaxed);
    uint64_t tail = atomic_load_explicit(&queue->tail, memory_order_relaxed);

    return tail > head ? tail - head : 0;
}

uint32_t tripsage__queue_capacity(const tripsage__queue *queue)
{
    return queue->capacity;
}

uint64_t tripsage__queue_dropped(const tripsage__queue *queue)
{
    return atomic_load_explicit(&queue->dropped, memory_order_relaxed);
}

uint64_t tripsage__queue_taken(const tripsage__queue *queue)
{
    return atomic_load_explicit(&queue->tail, memory_order_relaxed);
}
