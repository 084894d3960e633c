/* trip/itinerary.c: all items of a trip: the itinerary as it is given out, and the plan for those who compute over it. */
#include "trip/itinerary.h"

#include "base/memory.h"

/* Parameters: a gate's. */
#define ITEMS(columns, items)                                                                                          \
    "SELECT " columns " FROM trip t" items " WHERE t.id = $3 AND " TRIPSAGE__SQL_MAY_READ " ORDER BY i.sort_at, i.id"

const tripsage__statement tripsage__sql_item_list = {"item_list",
                                                     ITEMS(TRIPSAGE__SQL_ITEM_COLUMNS, TRIPSAGE__SQL_ITEMS_SQLITE),
                                                     ITEMS(TRIPSAGE__SQL_ITEM_COLUMNS, TRIPSAGE__SQL_ITEMS_POSTGRES)};

const tripsage__statement tripsage__sql_itinerary_head = {
    "itinerary_head",
    "SELECT t.title, t.start_date, t.end_date FROM trip t WHERE t.id = $3 AND " TRIPSAGE__SQL_MAY_READ, NULL};

#define PLAN_COLUMNS                                                                                                   \
    "i.id, i.title, i.item_type, i.booking_status, i.category, i.is_flexible, i.item_date, i.end_date, i.start_at, "   \
    "i.end_at, i.cost, i.currency"
const tripsage__statement tripsage__sql_plan_select = {"plan_select", ITEMS(PLAN_COLUMNS, TRIPSAGE__SQL_ITEMS_SQLITE),
                                                       ITEMS(PLAN_COLUMNS, TRIPSAGE__SQL_ITEMS_POSTGRES)};

const tripsage__statement *const *tripsage__itinerary_statements(size_t *count)
{
#define XX(name) &tripsage__sql_##name,
    static const tripsage__statement *const all[] = {TRIPSAGE__ITINERARY_STATEMENT_LIST(XX)};
#undef XX

    *count = sizeof all / sizeof all[0];
    return all;
}

/* ---- the itinerary ---- */

static void head_begin(void *context)
{
    tripsage__listing *l = context;

    l->json->size = l->begin;
}

static void put_column(tripsage__buf *json, const tripsage__row *row, int column)
{
    size_t size;
    const char *text = tripsage__row_text(row, column, &size);

    tripsage__json_put_text(json, text, size);
}

static tripsage_status head_row(void *context, const tripsage__row *row)
{
    tripsage__listing *l = context;

    TRIPSAGE__LIT(l->json, "{\"id\":");
    tripsage__json_put_string(l->json, l->gate->trip_id);
    TRIPSAGE__LIT(l->json, ",\"trip_id\":");
    tripsage__json_put_string(l->json, l->gate->trip_id);
    TRIPSAGE__LIT(l->json, ",\"title\":");
    put_column(l->json, row, 0);
    TRIPSAGE__LIT(l->json, ",\"start_date\":");
    put_column(l->json, row, 1);
    TRIPSAGE__LIT(l->json, ",\"end_date\":");
    put_column(l->json, row, 2);
    TRIPSAGE__LIT(l->json, ",\"items\":[");
    return TRIPSAGE_OK;
}

static void items_begin(void *context)
{
    tripsage__listing *l = context;

    l->head_size = l->json->size - l->begin;
    l->count = 0;
    if (l->on_begin)
        l->on_begin(l->context);
}

void tripsage__listing_put(tripsage__listing *l, const tripsage__item *item)
{
    if (l->count++)
        tripsage__buf_putc(l->json, ',');
    tripsage__item_put(l->json, item, l->gate->trip_id, l->gate->role >= TRIPSAGE__ROLE_VIEW);
}

static tripsage_status items_row(void *context, const tripsage__row *row)
{
    tripsage__listing *l = context;
    tripsage__item item;

    tripsage__item_from_row(&item, row);
    tripsage__listing_put(l, &item);
    return l->on_item ? l->on_item(l->context, &item) : TRIPSAGE_OK;
}

void tripsage__listing_end(tripsage__listing *l)
{
    tripsage__buf_printf(l->json, "],\"total_items\":%zu}", l->count);
}

tripsage_status tripsage__listing_read(tripsage__listing *l, tripsage__trip_gate *gate, tripsage_trips *trips,
                                       const tripsage_actor *actor)
{
    tripsage__step steps[3];
    tripsage_status status;

    l->gate = gate;
    l->begin = l->json->size;
    steps[0] = tripsage__trip_gate_step(gate);
    steps[1] = tripsage__step_of(&tripsage__sql_itinerary_head, gate->params, 3);
    steps[1].on_begin = head_begin;
    steps[1].on_row = head_row;
    steps[2] = tripsage__step_of(&tripsage__sql_item_list, gate->params, 3);
    steps[2].on_begin = items_begin;
    steps[2].on_row = items_row;
    steps[1].context = steps[2].context = l;
    TRIPSAGE_TRY(tripsage__store_read(trips->store, actor, steps, 3));
    TRIPSAGE_TRY(tripsage__trip_gate_check(gate, TRIPSAGE__ROLE_PUBLIC, 0));
    tripsage__listing_end(l);
out:
    return status;
}

tripsage_status tripsage_itinerary_get(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor,
                                       const char *trip_id)
{
    tripsage__trip_gate gate;
    tripsage__listing l = {0};
    tripsage_doc *doc = NULL;
    tripsage_status status;

    *out = NULL;
    TRIPSAGE_TRY(tripsage__trip_gate_init(&gate, actor, trip_id));
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 4096));
    l.json = &doc->json;
    status = tripsage__listing_read(&l, &gate, trips, actor);
out:
    return tripsage__doc_finish(out, doc, status);
}

/* ---- the plan ---- */

static void forget_items(void *context)
{
    tripsage__plan *plan = context;

    for (size_t i = 0; i < plan->count; i++)
        tripsage__free(plan->items[i].title);
    plan->count = 0;
}

void tripsage__plan_free(tripsage__plan *plan)
{
    forget_items(plan);
    tripsage__free(plan->items);
    plan->items = NULL;
    plan->capacity = 0;
}

/* Room for one more; doubles. */
static tripsage__plan_item *plan_grow(tripsage__plan *plan)
{
    size_t capacity = plan->capacity ? plan->capacity * 2 : 16;
    tripsage__plan_item *grown;

    if (plan->count == plan->capacity) {
        grown = tripsage__realloc(plan->items, capacity * sizeof *grown);
        if (!grown)
            return NULL;
        plan->items = grown;
        plan->capacity = capacity;
    }
    memset(&plan->items[plan->count], 0, sizeof plan->items[0]);
    return &plan->items[plan->count];
}

static void copy_short(char *out, size_t size, const tripsage__row *row, int column)
{
    const char *text = tripsage__row_text(row, column, NULL);
    size_t length = text ? strnlen(text, size - 1) : 0;

    memcpy(out, text ? text : "", length);
    out[length] = '\0';
}

static tripsage_status read_days(tripsage__plan_item *item, const char *first, const char *last)
{
    if (!tripsage__date_parse(first, &item->first_day))
        return TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "an item has no readable date");
    item->has_end_date = last != NULL;
    item->last_day = item->first_day;
    if (last && !tripsage__date_parse(last, &item->last_day))
        return TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "an item has no readable end date");
    return TRIPSAGE_OK;
}

static tripsage_status plan_row(void *context, const tripsage__row *row)
{
    tripsage__plan *plan = context;
    tripsage__plan_item *item = plan_grow(plan);
    const char *title = tripsage__row_text(row, 1, NULL);
    tripsage__item kind = {.category = -1};

    if (!item)
        return TRIPSAGE_NOMEM();
    item->title = tripsage__strdup(title ? title : "");
    if (!item->title)
        return TRIPSAGE_NOMEM();
    plan->count++;
    copy_short(item->id, sizeof item->id, row, 0);
    item->type = kind.type = tripsage__word_index(tripsage__item_types, tripsage__row_text(row, 2, NULL));
    item->booking = tripsage__word_index(tripsage__bookings, tripsage__row_text(row, 3, NULL));
    if (!tripsage__row_is_null(row, 4))
        kind.category = tripsage__word_index(tripsage__categories, tripsage__row_text(row, 4, NULL));
    item->category = tripsage__item_category(&kind);
    item->is_flexible = tripsage__row_int(row, 5) != 0;
    item->has_start = !tripsage__row_is_null(row, 8);
    item->has_end = !tripsage__row_is_null(row, 9);
    item->start_at = tripsage__row_int(row, 8);
    item->end_at = tripsage__row_int(row, 9);
    item->has_cost = !tripsage__row_is_null(row, 10);
    item->cost = tripsage__row_int(row, 10);
    copy_short(item->currency, sizeof item->currency, row, 11);
    return read_days(item, tripsage__row_text(row, 6, NULL), tripsage__row_text(row, 7, NULL));
}

tripsage__step tripsage__plan_step(tripsage__plan *plan, const tripsage__trip_gate *gate)
{
    tripsage__step step = tripsage__step_of(&tripsage__sql_plan_select, gate->params, 3);

    step.on_begin = forget_items;
    step.on_row = plan_row;
    step.context = plan;
    return step;
}

tripsage_status tripsage__trip_span(const tripsage__trip_gate *gate, int32_t *first_day, int32_t *last_day)
{
    if (!tripsage__date_parse(gate->start_date, first_day) || !tripsage__date_parse(gate->end_date, last_day) ||
        *last_day < *first_day)
        return TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "the trip has no readable dates");
    return TRIPSAGE_OK;
}
