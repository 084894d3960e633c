/* trip/itinerary.h: what items, notes, conflicts, summary and export share: their statements, and the plan, which is all items of a
 * trip with what is needed to compute over them. */
#ifndef TRIPSAGE_TRIP_ITINERARY_H
#define TRIPSAGE_TRIP_ITINERARY_H

#include "trip/item.h"

/* ---- statements ----
 *
 * One list declares every statement and makes the table that the plan test walks. */

#define TRIPSAGE__ITINERARY_STATEMENT_LIST(XX)                                                                         \
    XX(item_insert)                                                                                                    \
    XX(item_index)                                                                                                     \
    XX(item_touch)                                                                                                     \
    XX(item_update)                                                                                                    \
    XX(item_reindex)                                                                                                   \
    XX(item_unindex)                                                                                                   \
    XX(item_delete)                                                                                                    \
    XX(item_select)                                                                                                    \
    XX(item_version)                                                                                                   \
    XX(item_list)                                                                                                      \
    XX(item_stops)                                                                                                     \
    XX(itinerary_head)                                                                                                 \
    XX(plan_select)                                                                                                    \
    XX(export_trip)                                                                                                    \
    XX(summary_head)                                                                                                   \
    XX(note_insert)                                                                                                    \
    XX(note_index)                                                                                                     \
    XX(note_update)                                                                                                    \
    XX(note_reindex)                                                                                                   \
    XX(note_unindex)                                                                                                   \
    XX(note_delete)                                                                                                    \
    XX(note_select)                                                                                                    \
    XX(note_list)

#define XX(name) extern const tripsage__statement tripsage__sql_##name;
TRIPSAGE__ITINERARY_STATEMENT_LIST(XX)
#undef XX

/* Every statement above, for the plan test. */
const tripsage__statement *const *tripsage__itinerary_statements(size_t *count);

/* A step without a callback. */
static inline tripsage__step tripsage__step_of(const tripsage__statement *statement, const tripsage__value *params,
                                               size_t param_count)
{
    tripsage__step step = {NULL, NULL, 0, NULL, NULL, NULL, NULL};

    step.statement = statement;
    step.params = params;
    step.param_count = param_count;
    return step;
}

/* ---- the itinerary, while it is read ---- */

typedef struct tripsage__listing {
    tripsage__buf *json; /* what stands in it already stays */

    /* NULL, or called before the items (again, should the read begin anew) and with each of them, in the itinerary's order. */
    void (*on_begin)(void *context);
    tripsage_status (*on_item)(void *context, const tripsage__item *item);
    void *context;

    /* What the reading left. */
    const tripsage__trip_gate *gate;
    size_t begin;     /* where in the buffer the document begins */
    size_t head_size; /* of its part before the items */
    size_t count;
} tripsage__listing;

/* Reads all of it as one state of the trip and writes the document. `l` has its first members set, the gate is initialised. */
tripsage_status tripsage__listing_read(tripsage__listing *l, tripsage__trip_gate *gate, tripsage_trips *trips,
                                       const tripsage_actor *actor);

/* For who writes the items once more, in another order, behind a copy of the head: set the count to 0, put each, end. */
void tripsage__listing_put(tripsage__listing *l, const tripsage__item *item);
void tripsage__listing_end(tripsage__listing *l);

/* ---- the plan ---- */

typedef struct tripsage__plan_item {
    char id[TRIPSAGE__UUID_SIZE];
    char *title; /* owned by the plan */
    int type;
    int booking;
    int category;
    int is_flexible;
    int32_t first_day; /* of item_date */
    int32_t last_day;  /* of end_date, else of item_date; lies before the first for a flight over the date line */
    int has_end_date;
    int has_start;
    int has_end;
    int64_t start_at;
    int64_t end_at;
    int has_cost;
    int64_t cost;
    char currency[4];
} tripsage__plan_item;

/* In the itinerary's order. */
typedef struct tripsage__plan {
    tripsage__plan_item *items;
    size_t count;
    size_t capacity;
} tripsage__plan;

#define TRIPSAGE__PLAN_INIT                                                                                            \
    {                                                                                                                  \
        NULL, 0, 0                                                                                                     \
    }

/* The reading step that fills it: nothing for who may not read the trip. Behind the gate's own step. */
tripsage__step tripsage__plan_step(tripsage__plan *plan, const tripsage__trip_gate *gate);
void tripsage__plan_free(tripsage__plan *plan);

/* The first and the last day of the trip, out of a gate that was passed. */
tripsage_status tripsage__trip_span(const tripsage__trip_gate *gate, int32_t *first_day, int32_t *last_day);

#endif
