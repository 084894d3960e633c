/* trip/optimize.c: an itinerary with better times. It reads, computes and proposes; nothing is written.
 *
 * The items come as for tripsage_itinerary_get. Day by day (a date in a zone) what may be moved is handed to the search of optimize.h,
 * together with all that stands in its way, whatever zone that is in: what belongs to another day stays where it is meanwhile. */
#include "trip/optimize.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "trip/itinerary.h"

/* Scores are told to the fourth decimal, as those of suggestions. */
#define SCORE_ROUND 1e4

static const char *const settings_words[] = {"time", "cost", "convenience", NULL}; /* by tripsage__objective */

/* ---- the items ---- */

/* An item that takes up time. */
typedef struct planned {
    tripsage__item *item; /* with texts of its own; its times become the proposed ones */
    int32_t date;
    int64_t start, end; /* seconds */
    int is_movable;
    int is_changed;
    const char *from_start, *from_end;
    char to_start[TRIPSAGE__TIME_SIZE], to_end[TRIPSAGE__TIME_SIZE];
} planned;

typedef struct proposal {
    tripsage__objective objective;
    tripsage__listing listing;
    tripsage__item **items; /* owned, and so is each; in the itinerary's order */
    size_t count;
    size_t capacity;
    planned *planned;
    size_t planned_count;
    size_t changes;
    int64_t before, after; /* the objective, all days together */
} proposal;

static void forget_items(void *context)
{
    proposal *p = context;

    for (size_t i = 0; i < p->count; i++)
        tripsage__free(p->items[i]);
    p->count = 0;
}

/* Doubles its room when it is full. */
static tripsage_status keep_item(void *context, const tripsage__item *item)
{
    proposal *p = context;
    size_t capacity = p->capacity ? p->capacity * 2 : 16;
    tripsage__item **grown;

    if (p->count == p->capacity) {
        grown = tripsage__realloc(p->items, capacity * sizeof(void *));
        if (!grown)
            return TRIPSAGE_NOMEM();
        p->items = grown;
        p->capacity = capacity;
    }
    p->items[p->count] = tripsage__item_copy(item);
    if (!p->items[p->count])
        return TRIPSAGE_NOMEM();
    p->count++;
    return TRIPSAGE_OK;
}

static void forget(proposal *p)
{
    forget_items(p);
    tripsage__free(p->items);
    tripsage__free(p->planned);
}

static int is_movable(const tripsage__item *item)
{
    return item->is_flexible && item->end_time && item->booking != TRIPSAGE__BOOKING_COMPLETED &&
           (!item->end_date || strcmp(item->end_date, item->item_date) == 0) &&
           (!item->end_timezone || strcmp(item->end_timezone, item->timezone) == 0);
}

/* Stays, cancelled items, and those without a start are not in anybody's way (see conflict.h). */
static tripsage_status take_planned(proposal *p)
{
    p->planned = tripsage__calloc(p->count + 1, sizeof *p->planned);
    if (!p->planned)
        return TRIPSAGE_NOMEM();
    for (size_t i = 0; i < p->count; i++) {
        tripsage__item *item = p->items[i];
        planned *it = &p->planned[p->planned_count];

        if (item->type == TRIPSAGE__ITEM_ACCOMMODATION || item->booking == TRIPSAGE__BOOKING_CANCELLED ||
            !item->start_time)
            continue;
        if (!tripsage__date_parse(item->item_date, &it->date))
            return TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "an item has no readable date");
        it->item = item;
        it->start = item->start_at / 1000;
        it->end = item->end_time ? item->end_at / 1000 : it->start;
        it->is_movable = is_movable(item);
        p->planned_count++;
    }
    return TRIPSAGE_OK;
}

/* ---- a day ---- */

static int is_same_day(const planned *a, const planned *b)
{
    return a->date == b->date && strcmp(a->item->timezone, b->item->timezone) == 0;
}

static int touches(const tripsage__day *day, const planned *it)
{
    return it->start < day->midnight && (it->end > day->begin || it->start >= day->begin);
}

static int add_planned(tripsage__day *day, const planned *it, size_t index, int is_movable)
{
    const tripsage__thing thing = {.index = index,
                                   .start = it->start,
                                   .end = it->end,
                                   .is_movable = is_movable && it->start >= day->begin && it->end <= day->last,
                                   .is_journey = it->item->type == TRIPSAGE__ITEM_TRANSPORT,
                                   .has_place = it->item->has_coordinates,
                                   .latitude = it->item->latitude,
                                   .longitude = it->item->longitude};

    return tripsage__day_add(day, &thing);
}

/* Fills the day of planned item `first`; 0 when it has more things than a day can have. */
static int gather(tripsage__day *day, const proposal *p, size_t first)
{
    for (size_t i = 0; i < p->planned_count; i++) {
        const planned *it = &p->planned[i];

        if (touches(day, it) && !add_planned(day, it, i, it->is_movable && is_same_day(it, &p->planned[first])))
            return 0;
    }
    return 1;
}

/* Gives the items their new times. The search made sure that local times say them. */
static void take_times(proposal *p, const tripsage__day *day)
{
    for (size_t i = 0; i < day->count; i++) {
        const tripsage__thing *thing = &day->things[i];
        planned *it = &p->planned[thing->index];
        int start, end;

        if (thing->start == it->start || !tripsage__day_minute(day, thing->start, &start) ||
            !tripsage__day_minute(day, thing->end, &end))
            continue;
        it->start = thing->start;
        it->end = thing->end;
        it->is_changed = 1;
        it->from_start = it->item->start_time;
        it->from_end = it->item->end_time;
        tripsage__time_format(start, it->to_start);
        tripsage__time_format(end, it->to_end);
        it->item->start_time = it->to_start;
        it->item->end_time = it->to_end;
        it->item->start_at = it->item->sort_at = it->start * 1000;
        it->item->end_at = it->end * 1000;
        p->changes++;
    }
}

static tripsage_status arrange_day(proposal *p, size_t first)
{
    const planned *it = &p->planned[first];
    tripsage__zone *zone;
    tripsage__day day;
    tripsage_status status = tripsage__zone_open(&zone, it->item->timezone);

    if (status != TRIPSAGE_OK) /* a zone the tz database has given up: nothing can be told there */
        return status == TRIPSAGE_EINVALID ? TRIPSAGE_OK : status;
    tripsage__day_init(&day, p->objective, zone, it->date);
    if (gather(&day, p, first)) {
        status = tripsage__day_arrange(&day);
        p->before += day.before;
        p->after += day.after;
    }
    if (status == TRIPSAGE_OK)
        take_times(p, &day);
    tripsage__zone_free(zone);
    return status;
}

/* Whether a movable item before this one brought up the same day. */
static int was_arranged(const proposal *p, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (p->planned[i].is_movable && is_same_day(&p->planned[i], &p->planned[index]))
            return 1;
    return 0;
}

static tripsage_status arrange(proposal *p)
{
    tripsage_status status;

    TRIPSAGE_TRY(take_planned(p));
    for (size_t i = 0; i < p->planned_count; i++)
        if (p->planned[i].is_movable && !was_arranged(p, i))
            TRIPSAGE_TRY(arrange_day(p, i));
out:
    return status;
}

/* ---- telling ---- */

/* As the statement that lists them does. */
static int by_instant(const void *a_, const void *b_)
{
    const tripsage__item *a = *(tripsage__item *const *)a_, *b = *(tripsage__item *const *)b_;

    if (a->sort_at != b->sort_at)
        return a->sort_at < b->sort_at ? -1 : 1;
    return strcmp(a->id, b->id);
}

static void put_optimized(tripsage__buf *json, proposal *p)
{
    tripsage__listing *l = &p->listing;

    if (p->count > 0)
        qsort(p->items, p->count, sizeof(void *), by_instant);
    if (tripsage__buf_reserve(json, l->head_size) != TRIPSAGE_OK)
        return;
    tripsage__buf_put(json, json->data + l->begin, l->head_size);
    l->count = 0;
    for (size_t i = 0; i < p->count; i++)
        tripsage__listing_put(l, p->items[i]);
    tripsage__listing_end(l);
}

static int by_proposed_start(const void *a_, const void *b_)
{
    const planned *a = a_, *b = b_;

    if (a->start != b->start)
        return a->start < b->start ? -1 : 1;
    return strcmp(a->item->id, b->item->id);
}

static void put_changes(tripsage__buf *json, const proposal *p)
{
    const char *separator = "";

    qsort(p->planned, p->planned_count, sizeof *p->planned, by_proposed_start);
    for (size_t i = 0; i < p->planned_count; i++) {
        const planned *it = &p->planned[i];

        if (!it->is_changed)
            continue;
        tripsage__buf_printf(json, "%s{\"item_id\":\"%s\",\"title\":", separator, it->item->id);
        tripsage__json_put_string(json, it->item->title);
        tripsage__buf_printf(json,
                             ",\"date\":\"%s\",\"version\":%lld,\"from\":{\"start_time\":\"%s\",\"end_time\":\"%s\"},"
                             "\"to\":{\"start_time\":\"%s\",\"end_time\":\"%s\"}}",
                             it->item->item_date, (long long)it->item->version, it->from_start, it->from_end,
                             it->item->start_time, it->item->end_time);
        separator = ",";
    }
}

/* The share of the objective that is saved. Things out of each other's way may take more of it than before: that is no saving. */
static double score_of(const proposal *p)
{
    if (p->changes == 0 || p->after >= p->before)
        return 0.0;
    return floor((double)(p->before - p->after) / (double)p->before * SCORE_ROUND + 0.5) / SCORE_ROUND;
}

static tripsage_status read_settings(tripsage__objective *objective, const char *settings)
{
    *objective = TRIPSAGE__OBJECTIVE_TIME;
    for (int i = 0; settings; i++) {
        if (!settings_words[i])
            return TRIPSAGE_FAIL_FIELD("#settings", "expected time, cost or convenience");
        if (strcmp(settings_words[i], settings) != 0)
            continue;
        *objective = (tripsage__objective)i;
        break;
    }
    return TRIPSAGE_OK;
}

tripsage_status tripsage_itinerary_optimize(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor,
                                            const char *trip_id, const char *settings)
{
    tripsage__trip_gate gate;
    proposal p = {.planned = NULL};
    tripsage_doc *doc = NULL;
    tripsage__buf *json;
    tripsage_status status;

    *out = NULL;
    TRIPSAGE_TRY(tripsage__trip_gate_init(&gate, actor, trip_id));
    TRIPSAGE_TRY(read_settings(&p.objective, settings));
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 8192));
    json = &doc->json;
    json->ceiling = 2 * TRIPSAGE__BUF_DOCUMENT; /* two itineraries */
    TRIPSAGE__LIT(json, "{\"original_itinerary\":");
    p.listing.json = json;
    p.listing.on_begin = forget_items;
    p.listing.on_item = keep_item;
    p.listing.context = &p;
    TRIPSAGE_TRY(tripsage__listing_read(&p.listing, &gate, trips, actor));
    TRIPSAGE_TRY(arrange(&p));
    TRIPSAGE__LIT(json, ",\"optimized_itinerary\":");
    put_optimized(json, &p);
    TRIPSAGE__LIT(json, ",\"changes\":[");
    put_changes(json, &p);
    TRIPSAGE__LIT(json, "],\"optimization_score\":");
    tripsage__json_put_number(json, score_of(&p));
    tripsage__buf_putc(json, '}');
out:
    forget(&p);
    return tripsage__doc_finish(out, doc, status);
}
