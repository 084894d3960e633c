/* trip/conflict.c: two things at the same time, two beds for the same night, and what lies outside the trip.
 *
 * Times are compared as instants, so that zones, midnight and the date line need no case of their own. A moment (an item without an end, or with
 * its end at its start) is held by an item that begins at it or before it and ends after it; items that only touch do not overlap. Nights are
 * compared as local days: a stay is counted in nights, not hours, and its day of change belongs to two of them. */
#include "trip/conflict.h"

#include <stdlib.h>

#include "base/memory.h"

/* ---- finding ---- */

static void add(tripsage__conflicts *found, tripsage__conflict_reason reason, int32_t day,
                const tripsage__plan_item *first, const tripsage__plan_item *second)
{
    tripsage__conflict *c;

    if (found->count == TRIPSAGE__CONFLICTS_MAX) {
        found->truncated = 1;
        return;
    }
    c = &found->list[found->count];
    c->reason = reason;
    c->day = day;
    c->order = found->count++;
    c->first = first;
    c->second = second;
}

static int takes_place(const tripsage__plan_item *item)
{
    return item->booking != TRIPSAGE__BOOKING_CANCELLED;
}

int tripsage__stay_nights(const tripsage__plan_item *item, int32_t *from, int32_t *to)
{
    if (item->type != TRIPSAGE__ITEM_ACCOMMODATION || !takes_place(item))
        return 0;
    *from = item->first_day;
    *to = item->has_end_date ? item->last_day : item->first_day + 1;
    return *to > *from;
}

/* One item as the sweep sees it: a half-open stretch of instants or of days. */
typedef struct span {
    int64_t from;
    int64_t to; /* equal to `from`: a moment */
    const tripsage__plan_item *item;
} span;

static int by_begin(const void *a_, const void *b_)
{
    const span *a = a_, *b = b_;

    if (a->from != b->from)
        return a->from < b->from ? -1 : 1;
    return strcmp(a->item->id, b->item->id);
}

/* Sorted by their beginnings, what overlaps with a span follows it without a gap. */
static void sweep(tripsage__conflicts *found, tripsage__conflict_reason reason, span *spans, size_t count)
{
    qsort(spans, count, sizeof *spans, by_begin);
    for (size_t i = 0; i < count && !found->truncated; i++)
        for (size_t j = i + 1; j < count && (spans[j].from < spans[i].to || spans[j].from == spans[i].from); j++)
            add(found, reason, spans[j].item->first_day, spans[i].item, spans[j].item);
}

static size_t take_times(span *spans, const tripsage__plan *plan)
{
    size_t count = 0;

    for (size_t i = 0; i < plan->count; i++) {
        const tripsage__plan_item *item = &plan->items[i];

        if (!takes_place(item) || !item->has_start || item->type == TRIPSAGE__ITEM_ACCOMMODATION)
            continue;
        spans[count].from = item->start_at;
        spans[count].to = item->has_end ? item->end_at : item->start_at;
        spans[count++].item = item;
    }
    return count;
}

static size_t take_nights(span *spans, const tripsage__plan *plan)
{
    size_t count = 0;
    int32_t from, to;

    for (size_t i = 0; i < plan->count; i++) {
        if (!tripsage__stay_nights(&plan->items[i], &from, &to))
            continue;
        spans[count].from = from;
        spans[count].to = to;
        spans[count++].item = &plan->items[i];
    }
    return count;
}

static void find_outside(tripsage__conflicts *found, const tripsage__plan *plan, int32_t first_day, int32_t last_day)
{
    for (size_t i = 0; i < plan->count; i++) {
        const tripsage__plan_item *item = &plan->items[i];

        if (!takes_place(item))
            continue;
        if (item->first_day < first_day || item->first_day > last_day)
            add(found, TRIPSAGE__CONFLICT_DATES, item->first_day, item, NULL);
        else if (item->last_day < first_day || item->last_day > last_day)
            add(found, TRIPSAGE__CONFLICT_DATES, item->last_day, item, NULL);
    }
}

static int by_day(const void *a_, const void *b_)
{
    const tripsage__conflict *a = a_, *b = b_;

    if (a->day != b->day)
        return a->day < b->day ? -1 : 1;
    return a->order < b->order ? -1 : 1;
}

tripsage_status tripsage__conflicts_find(tripsage__conflicts **out, const tripsage__plan *plan, int32_t first_day,
                                         int32_t last_day)
{
    tripsage__conflicts *found = tripsage__calloc(1, sizeof *found);
    span *spans = tripsage__calloc(plan->count + 1, sizeof *spans);

    *out = NULL;
    if (!found || !spans) {
        tripsage__free(found);
        tripsage__free(spans);
        return TRIPSAGE_NOMEM();
    }
    sweep(found, TRIPSAGE__CONFLICT_TIME, spans, take_times(spans, plan));
    sweep(found, TRIPSAGE__CONFLICT_NIGHT, spans, take_nights(spans, plan));
    find_outside(found, plan, first_day, last_day);
    qsort(found->list, found->count, sizeof found->list[0], by_day);
    tripsage__free(spans);
    *out = found;
    return TRIPSAGE_OK;
}

/* ---- telling ---- */

static void put_message(tripsage__buf *json, const tripsage__conflict *c, tripsage__buf *scratch)
{
    scratch->size = 0;
    tripsage__buf_puts(scratch, c->first->title);
    if (!c->second) {
        tripsage__buf_puts(scratch, ": outside the dates of the trip");
    } else {
        tripsage__buf_puts(scratch, " and ");
        tripsage__buf_puts(scratch, c->second->title);
        tripsage__buf_puts(scratch,
                           c->reason == TRIPSAGE__CONFLICT_TIME ? ": at the same time" : ": for the same night");
    }
    tripsage__json_put_stringn(json, scratch->data ? scratch->data : "", scratch->size);
    if (scratch->failed && !json->failed)
        json->failed = scratch->failed;
}

static void put_item(tripsage__buf *json, const tripsage__plan_item *item)
{
    TRIPSAGE__LIT(json, "{\"id\":");
    tripsage__json_put_string(json, item->id);
    TRIPSAGE__LIT(json, ",\"title\":");
    tripsage__json_put_string(json, item->title);
    TRIPSAGE__LIT(json, ",\"start_at\":");
    if (item->has_start)
        tripsage__json_put_instant(json, item->start_at);
    else
        TRIPSAGE__LIT(json, "null");
    TRIPSAGE__LIT(json, ",\"end_at\":");
    if (item->has_end)
        tripsage__json_put_instant(json, item->end_at);
    else
        TRIPSAGE__LIT(json, "null");
    TRIPSAGE__LIT(json, "}");
}

static void put_conflict(tripsage__buf *json, const tripsage__conflict *c, tripsage__buf *scratch)
{
    int flexible = c->first->is_flexible || (c->second && c->second->is_flexible);
    char date[TRIPSAGE__DATE_SIZE];

    tripsage__date_format(c->day, date);
    tripsage__buf_printf(json, "{\"reason\":\"%s\",\"date\":\"%s\",\"severity\":\"%s\",\"message\":",
                         c->reason == TRIPSAGE__CONFLICT_DATES ? "outside_trip_dates" : "time_overlap", date,
                         flexible ? "warning" : "error");
    put_message(json, c, scratch);
    TRIPSAGE__LIT(json, ",\"items\":[");
    put_item(json, c->first);
    if (c->second) {
        tripsage__buf_putc(json, ',');
        put_item(json, c->second);
    }
    TRIPSAGE__LIT(json, "]}");
}

static void put_conflicts(tripsage__buf *json, const tripsage__conflicts *found)
{
    tripsage__buf scratch = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);

    tripsage__buf_puts(json, found->count ? "{\"has_conflicts\":true" : "{\"has_conflicts\":false");
    TRIPSAGE__LIT(json, ",\"conflicts\":[");
    for (size_t i = 0; i < found->count; i++) {
        if (i)
            tripsage__buf_putc(json, ',');
        put_conflict(json, &found->list[i], &scratch);
    }
    tripsage__buf_puts(json, found->truncated ? "],\"truncated\":true}" : "]}");
    tripsage__buf_free(&scratch);
}

tripsage_status tripsage_itinerary_conflicts(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor,
                                             const char *trip_id)
{
    tripsage__trip_gate gate;
    tripsage__plan plan = TRIPSAGE__PLAN_INIT;
    tripsage__conflicts *found = NULL;
    tripsage__step steps[2];
    tripsage_doc *doc = NULL;
    int32_t first_day, last_day;
    tripsage_status status;

    *out = NULL;
    TRIPSAGE_TRY(tripsage__trip_gate_init(&gate, actor, trip_id));
    steps[0] = tripsage__trip_gate_step(&gate);
    steps[1] = tripsage__plan_step(&plan, &gate);
    TRIPSAGE_TRY(tripsage__store_read(trips->store, actor, steps, 2));
    TRIPSAGE_TRY(tripsage__trip_gate_check(&gate, TRIPSAGE__ROLE_PUBLIC, 0));
    TRIPSAGE_TRY(tripsage__trip_span(&gate, &first_day, &last_day));
    TRIPSAGE_TRY(tripsage__conflicts_find(&found, &plan, first_day, last_day));
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 256 + 512 * found->count));
    put_conflicts(&doc->json, found);
out:
    tripsage__plan_free(&plan);
    tripsage__free(found);
    return tripsage__doc_finish(out, doc, status);
}
