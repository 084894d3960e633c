/* trip/summary.c: the digest of a trip, computed from its items in one pass over the stored data. */
#include "trip/summary.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "trip/conflict.h"

/* ---- the dates in words ---- */

void tripsage__date_range(char out[TRIPSAGE__DATE_RANGE_SIZE], int32_t first_day, int32_t last_day)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    int y1, m1, d1, y2, m2, d2;

    tripsage__civil_from_days(first_day, &y1, &m1, &d1);
    tripsage__civil_from_days(last_day, &y2, &m2, &d2);
    if (first_day == last_day)
        snprintf(out, TRIPSAGE__DATE_RANGE_SIZE, "%s %02d, %04d", months[m1 - 1], d1, y1);
    else if (y1 != y2)
        snprintf(out, TRIPSAGE__DATE_RANGE_SIZE, "%s %02d, %04d - %s %02d, %04d", months[m1 - 1], d1, y1,
                 months[m2 - 1], d2, y2);
    else if (m1 != m2)
        snprintf(out, TRIPSAGE__DATE_RANGE_SIZE, "%s %02d - %s %02d, %04d", months[m1 - 1], d1, months[m2 - 1], d2, y1);
    else
        snprintf(out, TRIPSAGE__DATE_RANGE_SIZE, "%s %02d-%02d, %04d", months[m1 - 1], d1, d2, y1);
}

/* ---- counting ---- */

static int64_t add_up(int64_t sum, int64_t cost)
{
    return cost > INT64_MAX - sum ? INT64_MAX : sum + cost;
}

static int is_booked(const tripsage__plan_item *item)
{
    return item->booking == TRIPSAGE__BOOKING_BOOKED || item->booking == TRIPSAGE__BOOKING_COMPLETED;
}

static void count_item(tripsage__summary *s, const tripsage__plan_item *item, const char *currency)
{
    size_t booked = is_booked(item) ? 1 : 0;

    s->items++;
    if (item->booking == TRIPSAGE__BOOKING_CANCELLED)
        return;
    s->items_booked += booked;
    if (item->type == TRIPSAGE__ITEM_ACCOMMODATION) {
        s->stays++;
        s->stays_booked += booked;
    }
    if (item->type == TRIPSAGE__ITEM_TRANSPORT) {
        s->journeys++;
        s->journeys_booked += booked;
    }
    if (item->type == TRIPSAGE__ITEM_ACCOMMODATION || item->type == TRIPSAGE__ITEM_TRANSPORT ||
        item->type == TRIPSAGE__ITEM_EVENT) {
        s->to_book++;
        s->to_book_booked += booked;
    }
    if (item->has_cost && strcmp(item->currency, currency) == 0) {
        s->spent = add_up(s->spent, item->cost);
        s->spent_by_category[item->category] = add_up(s->spent_by_category[item->category], item->cost);
    }
}

/* One byte per day of the trip: what lies on it, and on the night after it. */
enum { DAY_PLANNED = 1, NIGHT_COVERED = 2 };

static void mark(unsigned char *days, int32_t count, int32_t from, int32_t to, unsigned char what)
{
    for (int32_t day = from < 0 ? 0 : from; day < to && day < count; day++)
        days[day] |= what;
}

static void mark_item(unsigned char *days, int32_t count, int32_t first_day, const tripsage__plan_item *item)
{
    int32_t from = (item->first_day < item->last_day ? item->first_day : item->last_day) - first_day;
    int32_t to = (item->first_day < item->last_day ? item->last_day : item->first_day) - first_day;
    int32_t night_from, night_to;

    if (item->booking == TRIPSAGE__BOOKING_CANCELLED)
        return;
    if (item->type == TRIPSAGE__ITEM_ACCOMMODATION) {
        mark(days, count, from, from + 1, DAY_PLANNED);
        mark(days, count, to, to + 1, DAY_PLANNED);
    } else {
        mark(days, count, from, to + 1, DAY_PLANNED);
    }
    if (tripsage__stay_nights(item, &night_from, &night_to))
        mark(days, count, night_from - first_day, night_to - first_day, NIGHT_COVERED);
    if (item->type == TRIPSAGE__ITEM_TRANSPORT)
        mark(days, count, item->first_day - first_day, item->last_day - first_day, NIGHT_COVERED);
}

/* The mean of the parts that apply, in whole percent. */
static int completion(const tripsage__summary *s)
{
    double sum = (double)s->days_planned / s->days;
    int parts = 1;

    if (s->nights > 0) {
        sum += (double)s->nights_covered / s->nights;
        parts++;
    }
    if (s->to_book > 0) {
        sum += (double)s->to_book_booked / (double)s->to_book;
        parts++;
    }
    return (int)lround(100 * sum / parts);
}

tripsage_status tripsage__summary_of(tripsage__summary *out, const tripsage__plan *plan, int32_t first_day,
                                     int32_t last_day, const char *currency)
{
    unsigned char *days;

    memset(out, 0, sizeof *out);
    out->days = last_day - first_day + 1;
    out->nights = out->days - 1;
    days = tripsage__calloc((size_t)out->days, 1);
    if (!days)
        return TRIPSAGE_NOMEM();
    for (size_t i = 0; i < plan->count; i++) {
        count_item(out, &plan->items[i], currency);
        mark_item(days, out->days, first_day, &plan->items[i]);
    }
    for (int32_t day = 0; day < out->days; day++) {
        out->days_planned += (days[day] & DAY_PLANNED) != 0;
        out->nights_covered += day < out->nights && (days[day] & NIGHT_COVERED);
    }
    tripsage__free(days);
    out->completion = completion(out);
    return TRIPSAGE_OK;
}

static int by_currency(const void *a, const void *b)
{
    return strcmp((*(const tripsage__plan_item *const *)a)->currency,
                  (*(const tripsage__plan_item *const *)b)->currency);
}

tripsage_status tripsage__other_currencies_put(tripsage__buf *json, const tripsage__plan *plan, const char *currency)
{
    const tripsage__plan_item **foreign = tripsage__calloc(plan->count + 1, sizeof(void *));
    size_t count = 0;

    if (!foreign)
        return TRIPSAGE_NOMEM();
    for (size_t i = 0; i < plan->count; i++) {
        const tripsage__plan_item *item = &plan->items[i];

        if (item->has_cost && item->booking != TRIPSAGE__BOOKING_CANCELLED && strcmp(item->currency, currency) != 0)
            foreign[count++] = item;
    }
    qsort(foreign, count, sizeof(void *), by_currency);
    tripsage__buf_putc(json, '[');
    for (size_t i = 0, next; i < count; i = next) {
        int64_t spent = 0;

        for (next = i; next < count && strcmp(foreign[next]->currency, foreign[i]->currency) == 0; next++)
            spent = add_up(spent, foreign[next]->cost);
        tripsage__buf_printf(json, "%s{\"currency\":\"%s\",\"spent\":%lld}", i ? "," : "", foreign[i]->currency,
                             (long long)spent);
    }
    tripsage__buf_putc(json, ']');
    tripsage__free(foreign);
    return TRIPSAGE_OK;
}

/* ---- the call ---- */

/* Parameters: a gate's. */
const tripsage__statement tripsage__sql_summary_head = {
    "summary_head",
    "SELECT t.title, t.destination_names, t.budget_total, t.budget_breakdown FROM trip t"
    " WHERE t.id = $3 AND " TRIPSAGE__SQL_MAY_READ,
    NULL};

/* What the trip's own row adds. */
typedef struct head {
    tripsage__buf title;     /* JSON text */
    tripsage__buf names;     /* JSON text */
    tripsage__buf breakdown; /* JSON text, empty without one */
    int has_budget;
    int64_t total;
} head;

static void head_begin(void *context)
{
    head *h = context;

    h->title.size = h->names.size = h->breakdown.size = 0;
}

static tripsage_status head_row(void *context, const tripsage__row *row)
{
    head *h = context;
    size_t size;
    const char *text = tripsage__row_text(row, 0, &size);
    tripsage_status status;

    tripsage__json_put_text(&h->title, text, size);
    text = tripsage__row_text(row, 1, &size);
    tripsage__buf_put(&h->names, text, size);
    h->has_budget = !tripsage__row_is_null(row, 2);
    h->total = tripsage__row_int(row, 2);
    text = tripsage__row_text(row, 3, &size);
    tripsage__buf_put(&h->breakdown, text, text ? size : 0);
    TRIPSAGE_TRY(tripsage__buf_status(&h->title));
    TRIPSAGE_TRY(tripsage__buf_status(&h->names));
    TRIPSAGE_TRY(tripsage__buf_status(&h->breakdown));
out:
    return status;
}

static void put_breakdown(tripsage__buf *json, const tripsage__summary *s, const tripsage__json *breakdown)
{
    TRIPSAGE__LIT(json, ",\"breakdown\":{");
    for (int i = 0; i < TRIPSAGE__CATEGORIES; i++) {
        const tripsage__json *budget = tripsage__json_member(breakdown, tripsage__categories[i]);

        tripsage__buf_printf(json, "%s\"%s\":{\"budget\":", i ? "," : "", tripsage__categories[i]);
        if (tripsage__json_is_number(budget))
            tripsage__json_put_number(json, tripsage__json_number(budget));
        else
            TRIPSAGE__LIT(json, "null");
        tripsage__buf_printf(json, ",\"spent\":%lld}", (long long)s->spent_by_category[i]);
    }
    tripsage__buf_putc(json, '}');
}

static tripsage_status put_budget(tripsage__buf *json, const tripsage__summary *s, const tripsage__plan *plan,
                                  const head *h, const char *currency)
{
    tripsage__json *breakdown = NULL;
    tripsage_status status = TRIPSAGE_OK;

    if (h->breakdown.size)
        TRIPSAGE_TRY(tripsage__json_parse_trusted(&breakdown, h->breakdown.data, h->breakdown.size));
    TRIPSAGE__LIT(json, ",\"budget_summary\":{\"total\":");
    if (h->has_budget)
        tripsage__buf_printf(json, "%lld,\"currency\":\"%s\",\"spent\":%lld,\"remaining\":%lld", (long long)h->total,
                             currency, (long long)s->spent, (long long)(h->total - s->spent));
    else
        TRIPSAGE__LIT(json, "null,\"currency\":null,\"spent\":0,\"remaining\":null");
    TRIPSAGE__LIT(json, ",\"utilization_percent\":");
    if (h->has_budget && h->total > 0) /* one decimal */
        tripsage__json_put_number(json, round(1000.0 * (double)s->spent / (double)h->total) / 10);
    else
        TRIPSAGE__LIT(json, "null");
    put_breakdown(json, s, breakdown);
    TRIPSAGE__LIT(json, ",\"other_currencies\":");
    TRIPSAGE_TRY(tripsage__other_currencies_put(json, plan, currency));
    tripsage__buf_putc(json, '}');
out:
    tripsage__json_free(breakdown);
    return status;
}

static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

static void put_sentences(tripsage__buf *json, const tripsage__summary *s)
{
    TRIPSAGE__LIT(json, ",\"accommodation_summary\":");
    if (s->stays)
        tripsage__buf_printf(json, "\"%zu stay%s, %zu booked; %d of %d night%s covered\"", s->stays, plural(s->stays),
                             s->stays_booked, s->nights_covered, s->nights, plural((size_t)s->nights));
    else
        TRIPSAGE__LIT(json, "null");
    TRIPSAGE__LIT(json, ",\"transportation_summary\":");
    if (s->journeys)
        tripsage__buf_printf(json, "\"%zu journey%s, %zu booked\"", s->journeys, plural(s->journeys),
                             s->journeys_booked);
    else
        TRIPSAGE__LIT(json, "null");
}

static tripsage_status put_summary(tripsage__buf *json, const tripsage__trip_gate *gate, const head *h,
                                   const tripsage__plan *plan)
{
    char range[TRIPSAGE__DATE_RANGE_SIZE];
    int32_t first_day, last_day;
    tripsage__summary s;
    tripsage__conflicts *conflicts = NULL;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__trip_span(gate, &first_day, &last_day));
    TRIPSAGE_TRY(tripsage__summary_of(&s, plan, first_day, last_day, gate->budget_currency));
    TRIPSAGE_TRY(tripsage__conflicts_find(&conflicts, plan, first_day, last_day));
    tripsage__date_range(range, first_day, last_day);
    tripsage__buf_printf(json, "{\"id\":\"%s\",\"trip_id\":\"%s\",\"title\":", gate->trip_id, gate->trip_id);
    tripsage__buf_put(json, h->title.data, h->title.size);
    tripsage__buf_printf(json, ",\"date_range\":\"%s\",\"duration_days\":%d,\"destinations\":", range, s.days);
    tripsage__buf_put(json, h->names.data, h->names.size);
    tripsage__buf_printf(json, ",\"status\":\"%s\"", gate->status);
    TRIPSAGE_TRY(put_budget(json, &s, plan, h, gate->budget_currency));
    put_sentences(json, &s);
    tripsage__buf_printf(json,
                         ",\"items_total\":%zu,\"items_booked\":%zu,\"days_planned\":%d,"
                         "\"nights_without_accommodation\":%d,\"has_itinerary\":%s,\"conflicts\":%zu,"
                         "\"completion_percentage\":%d}",
                         s.items, s.items_booked, s.days_planned, s.nights - s.nights_covered,
                         s.items ? "true" : "false", conflicts->count, s.completion);
out:
    tripsage__free(conflicts);
    return status;
}

tripsage_status tripsage_trip_summary(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor,
                                      const char *trip_id)
{
    static const tripsage__buf empty = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    tripsage__trip_gate gate;
    tripsage__plan plan = TRIPSAGE__PLAN_INIT;
    head h = {empty, empty, empty, 0, 0};
    tripsage__step steps[3];
    tripsage_doc *doc = NULL;
    tripsage_status status;

    *out = NULL;
    TRIPSAGE_TRY(tripsage__trip_gate_init(&gate, actor, trip_id));
    steps[0] = tripsage__trip_gate_step(&gate);
    steps[1] = tripsage__step_of(&tripsage__sql_summary_head, gate.params, 3);
    steps[1].on_begin = head_begin;
    steps[1].on_row = head_row;
    steps[1].context = &h;
    steps[2] = tripsage__plan_step(&plan, &gate);
    TRIPSAGE_TRY(tripsage__store_read(trips->store, actor, steps, 3));
    TRIPSAGE_TRY(tripsage__trip_gate_check(&gate, TRIPSAGE__ROLE_PUBLIC, 0));
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 2048));
    status = put_summary(&doc->json, &gate, &h, &plan);
out:
    tripsage__plan_free(&plan);
    tripsage__buf_free(&h.title);
    tripsage__buf_free(&h.names);
    tripsage__buf_free(&h.breakdown);
    return tripsage__doc_finish(out, doc, status);
}
