/* summary_test.c: the digest: dates in words, sums that cannot overflow, days and nights, and the call over a stored trip. */
#include "trip/summary.h"

#include "itinerary_fixture.h"

/* ---- dates in words ---- */

START_TEST(dates_are_told_briefly)
{
    static const struct {
        const char *first, *last, *text;
    } cases[] = {
        {"2026-06-01", "2026-06-15", "Jun 01-15, 2026"},
        {"2026-06-28", "2026-07-03", "Jun 28 - Jul 03, 2026"},
        {"2026-12-30", "2027-01-02", "Dec 30, 2026 - Jan 02, 2027"},
        {"2026-06-01", "2026-06-01", "Jun 01, 2026"},
        {"2024-02-28", "2024-02-29", "Feb 28-29, 2024"},
        {"1900-01-01", "2200-12-31", "Jan 01, 1900 - Dec 31, 2200"},
        {"2026-03-01", "2027-03-01", "Mar 01, 2026 - Mar 01, 2027"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[TRIPSAGE__DATE_RANGE_SIZE];
        int32_t first, last;

        ck_assert(tripsage__date_parse(cases[i].first, &first));
        ck_assert(tripsage__date_parse(cases[i].last, &last));
        tripsage__date_range(text, first, last);
        ck_assert_str_eq(text, cases[i].text);
    }
}
END_TEST

/* ---- plans made here; day 100 is the trip's first ---- */

#define FIRST 100

static tripsage__plan_item items[16];
static tripsage__plan plan = {items, 0, 16};
static tripsage__summary sum;

static tripsage__plan_item *add(int type, int booking, int32_t first_day, int32_t last_day)
{
    tripsage__plan_item *item = &items[plan.count++];

    memset(item, 0, sizeof *item);
    item->type = type;
    item->booking = booking;
    item->first_day = first_day;
    item->last_day = last_day;
    item->has_end_date = last_day != first_day;
    return item;
}

static void add_cost(tripsage__plan_item *item, int category, int64_t cost, const char *currency)
{
    item->category = category;
    item->has_cost = 1;
    item->cost = cost;
    snprintf(item->currency, sizeof item->currency, "%s", currency);
}

static const tripsage__summary *sum_up(int32_t days)
{
    ck_assert_ok(tripsage__summary_of(&sum, &plan, FIRST, FIRST + days - 1, "JPY"));
    return &sum;
}

#define PLANNED   TRIPSAGE__BOOKING_PLANNED
#define BOOKED    TRIPSAGE__BOOKING_BOOKED
#define CANCELLED TRIPSAGE__BOOKING_CANCELLED

START_TEST(nothing_adds_up_to_nothing)
{
    sum_up(3);
    ck_assert_uint_eq(sum.items, 0);
    ck_assert_int_eq(sum.days, 3);
    ck_assert_int_eq(sum.nights, 2);
    ck_assert_int_eq(sum.completion, 0);
    sum_up(1);
    ck_assert_int_eq(sum.nights, 0);
    ck_assert_int_eq(sum.completion, 0);
}
END_TEST

START_TEST(bookings_are_counted)
{
    add(TRIPSAGE__ITEM_ACCOMMODATION, BOOKED, 100, 101);
    add(TRIPSAGE__ITEM_ACCOMMODATION, PLANNED, 101, 102);
    add(TRIPSAGE__ITEM_TRANSPORT, TRIPSAGE__BOOKING_COMPLETED, 100, 100);
    add(TRIPSAGE__ITEM_EVENT, TRIPSAGE__BOOKING_RESERVED, 100, 100);
    add(TRIPSAGE__ITEM_MEAL, BOOKED, 100, 100);
    add(TRIPSAGE__ITEM_MEAL, PLANNED, 100, 100);
    add(TRIPSAGE__ITEM_TRANSPORT, CANCELLED, 100, 100);
    sum_up(3);
    ck_assert_uint_eq(sum.items, 7);
    ck_assert_uint_eq(sum.items_booked, 3);
    ck_assert_uint_eq(sum.stays, 2);
    ck_assert_uint_eq(sum.stays_booked, 1);
    ck_assert_uint_eq(sum.journeys, 1);
    ck_assert_uint_eq(sum.journeys_booked, 1);
    ck_assert_uint_eq(sum.to_book, 4);
    ck_assert_uint_eq(sum.to_book_booked, 2);
    ck_assert_int_eq(sum.days_planned, 3);
    ck_assert_int_eq(sum.nights_covered, 2);
    ck_assert_int_eq(sum.completion, 83); /* (3/3 + 2/2 + 2/4) / 3 */
}
END_TEST

START_TEST(days_and_nights)
{
    static const struct {
        int type, booking;
        int32_t first, last;
        int32_t days, nights;
    } cases[] = {
        {TRIPSAGE__ITEM_ACTIVITY, PLANNED, 100, 100, 1, 0},
        {TRIPSAGE__ITEM_ACTIVITY, PLANNED, 101, 103, 3, 0},   /* goes on over days, but has no bed */
        {TRIPSAGE__ITEM_ACTIVITY, PLANNED, 90, 200, 5, 0},    /* cut to the trip */
        {TRIPSAGE__ITEM_ACTIVITY, PLANNED, 90, 99, 0, 0},     /* outside */
        {TRIPSAGE__ITEM_ACTIVITY, PLANNED, 105, 110, 0, 0},   /* outside */
        {TRIPSAGE__ITEM_ACTIVITY, CANCELLED, 100, 104, 0, 0}, /* not at all */
        {TRIPSAGE__ITEM_ACCOMMODATION, PLANNED, 100, 104, 2, 4},
        {TRIPSAGE__ITEM_ACCOMMODATION, PLANNED, 98, 102, 1, 2},
        {TRIPSAGE__ITEM_ACCOMMODATION, PLANNED, 101, 101, 1, 1}, /* no end: one night */
        {TRIPSAGE__ITEM_ACCOMMODATION, PLANNED, 104, 106, 1, 0}, /* the night after the trip is none of it */
        {TRIPSAGE__ITEM_ACCOMMODATION, CANCELLED, 100, 104, 0, 0},
        {TRIPSAGE__ITEM_TRANSPORT, PLANNED, 100, 101, 2, 1}, /* through the night */
        {TRIPSAGE__ITEM_TRANSPORT, PLANNED, 102, 101, 2, 0}, /* over the date line: arrives the day before */
        {TRIPSAGE__ITEM_TRANSPORT, PLANNED, 100, 100, 1, 0},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        plan.count = 0;
        add(cases[i].type, cases[i].booking, cases[i].first, cases[i].last);
        sum_up(5);
        ck_assert_msg(sum.days_planned == cases[i].days, "case %zu: %d days", i, sum.days_planned);
        ck_assert_msg(sum.nights_covered == cases[i].nights, "case %zu: %d nights", i, sum.nights_covered);
    }
}
END_TEST

START_TEST(what_overlaps_counts_once)
{
    add(TRIPSAGE__ITEM_ACCOMMODATION, PLANNED, 100, 103);
    add(TRIPSAGE__ITEM_ACCOMMODATION, PLANNED, 101, 104);
    add(TRIPSAGE__ITEM_TRANSPORT, PLANNED, 100, 101);
    sum_up(5);
    ck_assert_int_eq(sum.nights_covered, 4);
    ck_assert_int_eq(sum.days_planned, 4); /* the first, the second, the fourth and the last */
}
END_TEST

START_TEST(costs_are_added_by_category_and_currency)
{
    tripsage__buf json = TRIPSAGE__BUF_INIT(4096);

    add_cost(add(TRIPSAGE__ITEM_MEAL, PLANNED, 100, 100), 2, 1000, "JPY");
    add_cost(add(TRIPSAGE__ITEM_MEAL, BOOKED, 100, 100), 2, 500, "JPY");
    add_cost(add(TRIPSAGE__ITEM_EVENT, BOOKED, 100, 100), 3, 70, "JPY");
    add_cost(add(TRIPSAGE__ITEM_EVENT, CANCELLED, 100, 100), 3, 9999, "JPY");
    add_cost(add(TRIPSAGE__ITEM_MEAL, PLANNED, 100, 100), 2, 30, "USD");
    add_cost(add(TRIPSAGE__ITEM_MEAL, PLANNED, 100, 100), 2, 20, "EUR");
    add_cost(add(TRIPSAGE__ITEM_MEAL, PLANNED, 100, 100), 2, 5, "USD");
    add_cost(add(TRIPSAGE__ITEM_MEAL, CANCELLED, 100, 100), 2, 5, "CHF");
    sum_up(5);
    ck_assert_int_eq(sum.spent, 1570);
    ck_assert_int_eq(sum.spent_by_category[2], 1500);
    ck_assert_int_eq(sum.spent_by_category[3], 70);
    ck_assert_int_eq(sum.spent_by_category[0], 0);
    ck_assert_ok(tripsage__other_currencies_put(&json, &plan, "JPY"));
    ck_assert_str_eq(json.data, "[{\"currency\":\"EUR\",\"spent\":20},{\"currency\":\"USD\",\"spent\":35}]");
    tripsage__buf_free(&json);
    plan.count = 0;
    ck_assert_ok(tripsage__other_currencies_put(&json, &plan, "JPY"));
    ck_assert_str_eq(json.data, "[]");
    tripsage__buf_free(&json);
}
END_TEST

START_TEST(sums_stay_at_their_bound)
{
    tripsage__buf json = TRIPSAGE__BUF_INIT(4096);

    for (int i = 0; i < 2; i++) {
        add_cost(add(TRIPSAGE__ITEM_MEAL, PLANNED, 100, 100), 2, INT64_MAX - 5, "JPY");
        add_cost(add(TRIPSAGE__ITEM_MEAL, PLANNED, 100, 100), 2, INT64_MAX - 5, "EUR");
    }
    sum_up(5);
    ck_assert_int_eq(sum.spent, INT64_MAX);
    ck_assert_int_eq(sum.spent_by_category[2], INT64_MAX);
    ck_assert_ok(tripsage__other_currencies_put(&json, &plan, "JPY"));
    ck_assert_str_eq(json.data, "[{\"currency\":\"EUR\",\"spent\":9223372036854775807}]");
    tripsage__buf_free(&json);
}
END_TEST

/* ---- the call ---- */

static tripsage_doc *summary_for(const tripsage_actor *actor)
{
    tripsage_doc *doc;

    ck_assert_ok(tripsage_trip_summary(&doc, trips, actor, trip_id));
    return doc;
}

START_TEST(an_empty_trip_has_a_summary)
{
    tripsage_doc *doc;
    char expected[2048];

    open_trips();
    doc = summary_for(viewer);
    snprintf(expected, sizeof expected,
             "{\"id\":\"%s\",\"trip_id\":\"%s\",\"title\":\"East and back\",\"date_range\":\"Jun 01-07, 2026\","
             "\"duration_days\":7,\"destinations\":[\"Kyoto\",\"Honolulu\"],\"status\":\"planning\","
             "\"budget_summary\":{\"total\":500000,\"currency\":\"JPY\",\"spent\":0,\"remaining\":500000,"
             "\"utilization_percent\":0,\"breakdown\":{\"accommodation\":{\"budget\":0,\"spent\":0},"
             "\"transportation\":{\"budget\":0,\"spent\":0},\"food\":{\"budget\":100000,\"spent\":0},"
             "\"activities\":{\"budget\":50000,\"spent\":0},\"miscellaneous\":{\"budget\":0,\"spent\":0}},"
             "\"other_currencies\":[]},\"accommodation_summary\":null,\"transportation_summary\":null,"
             "\"items_total\":0,\"items_booked\":0,\"days_planned\":0,\"nights_without_accommodation\":6,"
             "\"has_itinerary\":false,\"conflicts\":0,\"completion_percentage\":0}",
             trip_id, trip_id);
    ck_assert_str_eq(tripsage_doc_json(doc, NULL), expected);
    ck_assert_int_eq(tripsage_doc_version(doc), 0);
    tripsage_doc_free(doc);
    close_trips();
}
END_TEST

START_TEST(a_planned_trip_is_summed_up)
{
    tripsage_doc *doc;

    open_trips();
    add_item(NULL, "{\"item_type\":\"accommodation\",\"title\":\"Ryokan\",\"item_date\":\"2026-06-01\",\"end_date\":"
                   "\"2026-06-04\",\"cost\":90000,\"booking_status\":\"booked\"}");
    add_item(NULL, "{\"item_type\":\"accommodation\",\"title\":\"Inn\",\"item_date\":\"2026-06-03\",\"end_date\":"
                   "\"2026-06-04\",\"cost\":20000,\"currency\":\"USD\"}");
    add_item(NULL, "{\"item_type\":\"transport\",\"title\":\"Flight\",\"item_date\":\"2026-06-04\",\"cost\":450000,"
                   "\"booking_status\":\"booked\"}");
    add_item(NULL, "{\"item_type\":\"meal\",\"title\":\"Dinner\",\"item_date\":\"2026-06-05\",\"cost\":10001}");
    add_item(NULL, "{\"item_type\":\"meal\",\"title\":\"Off\",\"item_date\":\"2026-06-06\",\"cost\":77777,"
                   "\"booking_status\":\"cancelled\"}");
    doc = summary_for(owner);
    ck_assert_int_eq(tripsage_doc_int(doc, "/budget_summary/spent", 0), 550001);
    ck_assert_int_eq(tripsage_doc_int(doc, "/budget_summary/remaining", 0), -50001);
    ck_assert_double_eq(tripsage_doc_number(doc, "/budget_summary/utilization_percent", 0), 110);
    ck_assert_int_eq(tripsage_doc_int(doc, "/budget_summary/breakdown/food/spent", 0), 10001);
    ck_assert_int_eq(tripsage_doc_int(doc, "/budget_summary/breakdown/food/budget", 0), 100000);
    ck_assert_int_eq(tripsage_doc_int(doc, "/budget_summary/breakdown/transportation/spent", 0), 450000);
    ck_assert_str_eq(tripsage_doc_text(doc, "/budget_summary/other_currencies/0/currency"), "USD");
    ck_assert_int_eq(tripsage_doc_int(doc, "/budget_summary/other_currencies/0/spent", 0), 20000);
    ck_assert_str_eq(tripsage_doc_text(doc, "/accommodation_summary"), "2 stays, 1 booked; 3 of 6 nights covered");
    ck_assert_str_eq(tripsage_doc_text(doc, "/transportation_summary"), "1 journey, 1 booked");
    ck_assert_int_eq(tripsage_doc_int(doc, "/items_total", 0), 5);
    ck_assert_int_eq(tripsage_doc_int(doc, "/items_booked", 0), 2);
    ck_assert_int_eq(tripsage_doc_int(doc, "/days_planned", 0), 4);
    ck_assert_int_eq(tripsage_doc_int(doc, "/nights_without_accommodation", 0), 3);
    ck_assert_int_eq(tripsage_doc_bool(doc, "/has_itinerary", 0), 1);
    ck_assert_int_eq(tripsage_doc_int(doc, "/conflicts", 0), 1);
    ck_assert_int_eq(tripsage_doc_int(doc, "/completion_percentage", 0), 58); /* (4/7 + 3/6 + 2/3) / 3 */
    tripsage_doc_free(doc);
    close_trips();
}
END_TEST

START_TEST(without_a_budget_costs_stand_beside_it)
{
    tripsage_doc *doc;

    open_trips();
    make_trip("{\"title\":\"\xe4\xba\xac \\\"x\\\"\",\"start_date\":\"2026-06-01\",\"end_date\":\"2026-06-01\","
              "\"destinations\":[{\"name\":\"Kyoto\"}]}");
    add_item(NULL,
             "{\"item_type\":\"meal\",\"title\":\"T\",\"item_date\":\"2026-06-01\",\"cost\":5,\"currency\":\"EUR\"}");
    doc = summary_for(owner);
    ck_assert_str_eq(tripsage_doc_text(doc, "/title"), "\xe4\xba\xac \"x\"");
    ck_assert_ptr_nonnull(strstr(tripsage_doc_json(doc, NULL),
                                 "\"budget_summary\":{\"total\":null,\"currency\":null,\"spent\":0,\"remaining\":null,"
                                 "\"utilization_percent\":null,\"breakdown\":{\"accommodation\":{\"budget\":null,"));
    ck_assert_int_eq(tripsage_doc_int(doc, "/budget_summary/other_currencies/0/spent", 0), 5);
    ck_assert_int_eq(tripsage_doc_int(doc, "/completion_percentage", 0), 100);
    tripsage_doc_free(doc);
    close_trips();
}
END_TEST

START_TEST(the_utilization_has_one_decimal)
{
    tripsage_doc *doc;

    open_trips();
    add_item(NULL, "{\"item_type\":\"meal\",\"title\":\"T\",\"item_date\":\"2026-06-01\",\"cost\":61728}");
    doc = summary_for(owner);
    ck_assert_double_eq(tripsage_doc_number(doc, "/budget_summary/utilization_percent", 0), 12.3);
    tripsage_doc_free(doc);
    run_sql("UPDATE trip SET budget_total = $2 WHERE id = $1", trip_id, 0);
    doc = summary_for(owner);
    ck_assert_double_eq(tripsage_doc_number(doc, "/budget_summary/utilization_percent", -7), -7); /* null */
    tripsage_doc_free(doc);
    close_trips();
}
END_TEST

START_TEST(who_may_read_the_trip_may_read_its_summary)
{
    tripsage_doc *doc;

    open_trips();
    ck_assert_fails(tripsage_trip_summary(&doc, trips, stranger, trip_id), TRIPSAGE_ENOTFOUND);
    ck_assert_ptr_null(doc);
    ck_assert_fails(tripsage_trip_summary(&doc, trips, NULL, trip_id), TRIPSAGE_EUNAUTHENTICATED);
    ck_assert_fails(tripsage_trip_summary(&doc, trips, owner, SOME_ID), TRIPSAGE_ENOTFOUND);
    ck_assert_fails(tripsage_trip_summary(&doc, trips, owner, "no id"), TRIPSAGE_ENOTFOUND);
    publish();
    tripsage_doc_free(summary_for(stranger));
    tripsage_doc_free(summary_for(service));
    hide();
    ck_assert_fails(tripsage_trip_summary(&doc, trips, owner, trip_id), TRIPSAGE_ENOTFOUND);
    close_trips();
}
END_TEST

SUITE_MAIN("trip/summary", dates_are_told_briefly, nothing_adds_up_to_nothing, bookings_are_counted, days_and_nights,
           what_overlaps_counts_once, costs_are_added_by_category_and_currency, sums_stay_at_their_bound,
           an_empty_trip_has_a_summary, a_planned_trip_is_summed_up, without_a_budget_costs_stand_beside_it,
           the_utilization_has_one_decimal, who_may_read_the_trip_may_read_its_summary)
