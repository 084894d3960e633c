/* conflict_test.c: conflicts: the pure search over plans made here, and the call over a stored trip. */
#include "trip/conflict.h"

#include "base/memory.h"
#include "itinerary_fixture.h"

/* ---- plans made here ---- */

#define PLAN_MAX 2000

static tripsage__plan_item items[PLAN_MAX];
static tripsage__plan plan;
static tripsage__conflicts *found;

static void nothing(void)
{
    memset(items, 0, sizeof items);
    plan.items = items;
    plan.count = 0;
}

static void forget(void)
{
    tripsage__free(found);
    found = NULL;
}

static int32_t day(const char *text)
{
    int32_t days;

    ck_assert(tripsage__date_parse(text, &days));
    return days;
}

/* An item between two local times, each with its zone, as a stored one would be placed. Without an end: a moment; without a start: a
 * day. */
static tripsage__plan_item *add(int type, const char *date, const char *time, const char *zone, const char *end_date,
                                const char *end_time, const char *end_zone)
{
    tripsage__plan_item *item = &items[plan.count];
    tripsage__item placed = {.category = -1};

    placed.item_date = date;
    placed.start_time = time;
    placed.timezone = zone;
    placed.end_date = end_date;
    placed.end_time = end_time;
    placed.end_timezone = end_zone;
    ck_assert_ok(tripsage__item_place(&placed));
    snprintf(item->id, sizeof item->id, "item-%04zu", plan.count++);
    item->title = item->id;
    item->type = type;
    item->first_day = day(date);
    item->has_end_date = end_date != NULL;
    item->last_day = end_date ? day(end_date) : item->first_day;
    item->has_start = time != NULL;
    item->has_end = end_time != NULL;
    item->start_at = placed.start_at;
    item->end_at = placed.end_at;
    return item;
}

#define MEAL    TRIPSAGE__ITEM_MEAL
#define JOURNEY TRIPSAGE__ITEM_TRANSPORT
#define STAY    TRIPSAGE__ITEM_ACCOMMODATION

/* On the second of June in Tokyo. */
static tripsage__plan_item *add_today(const char *time, const char *end_time)
{
    return add(MEAL, "2026-06-02", time, "Asia/Tokyo", NULL, end_time, NULL);
}

static size_t find_between(const char *first, const char *last)
{
    tripsage__free(found);
    ck_assert_ok(tripsage__conflicts_find(&found, &plan, day(first), day(last)));
    return found->count;
}

static size_t find(void)
{
    return find_between("1900-01-01", "2200-12-31");
}

START_TEST(an_empty_plan_has_none)
{
    ck_assert_uint_eq(find(), 0);
    ck_assert_int_eq(found->truncated, 0);
}
END_TEST

START_TEST(overlaps_are_found)
{
    static const struct {
        const char *a, *a_end, *b, *b_end;
        size_t conflicts;
    } cases[] = {
        {"10:00", "12:00", "11:00", "13:00", 1}, /* into each other */
        {"10:00", "14:00", "11:00", "12:00", 1}, /* within */
        {"10:00", "12:00", "10:00", "12:00", 1}, /* the same */
        {"10:00", "12:00", "10:00", "11:00", 1}, /* the same beginning */
        {"10:00", "12:00", "11:00", "12:00", 1}, /* the same end */
        {"10:00", "12:00", "12:00", "13:00", 0}, /* touching */
        {"10:00", "12:00", "12:01", "13:00", 0}, {"10:00", "12:00", "11:59", "13:00", 1},
        {"10:00", "12:00", "10:00", NULL, 1}, /* a moment at the beginning */
        {"10:00", "12:00", "11:00", NULL, 1}, /* within */
        {"10:00", "12:00", "12:00", NULL, 0}, /* at the end */
        {"10:00", NULL, "10:00", NULL, 1},    /* two moments at once */
        {"10:00", NULL, "10:01", NULL, 0},       {"10:00", "10:00", "10:00", "11:00", 1}, /* of no length is a moment */
        {"10:00", "11:00", "11:00", "11:00", 0}, {NULL, NULL, "10:00", "11:00", 0}, /* no time: overlaps with nothing */
        {NULL, "12:00", "10:00", "11:00", 0},    {NULL, NULL, NULL, NULL, 0},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (int swapped = 0; swapped < 2; swapped++) {
            nothing();
            add_today(swapped ? cases[i].b : cases[i].a, swapped ? cases[i].b_end : cases[i].a_end);
            add_today(swapped ? cases[i].a : cases[i].b, swapped ? cases[i].a_end : cases[i].b_end);
            ck_assert_msg(find() == cases[i].conflicts, "case %zu gives %zu", i, found->count);
            if (found->count)
                ck_assert_int_eq(found->list[0].reason, TRIPSAGE__CONFLICT_TIME);
        }
}
END_TEST

/* Every pair, not only neighbours: a day-long tour over three meals that do not overlap one another. */
START_TEST(all_pairs_are_found)
{
    add_today("08:00", "20:00");
    add_today("09:00", "10:00");
    add_today("12:00", "13:00");
    add_today("19:00", "21:00");
    ck_assert_uint_eq(find(), 3);
    for (size_t i = 0; i < 3; i++) {
        ck_assert_str_eq(found->list[i].first->id, "item-0000");
        ck_assert_ptr_eq(found->list[i].second, &items[i + 1]);
    }
}
END_TEST

START_TEST(the_order_of_the_plan_does_not_matter)
{
    add_today("19:00", "21:00");
    add_today("08:00", "20:00");
    add_today("20:00", "22:00");
    ck_assert_uint_eq(find(), 2);
}
END_TEST

/* Leaves Tokyo on the 4th at 21:05, arrives in Honolulu on the 4th at 09:40; what was planned there for the morning of the 4th, before it
 * landed, overlaps, and Tokyo's dinner does not although the wall clocks say so. */
START_TEST(flights_over_the_date_line_are_instants)
{
    add(JOURNEY, "2026-06-04", "21:05", "Asia/Tokyo", "2026-06-04", "09:40", "Pacific/Honolulu");
    add(MEAL, "2026-06-04", "18:00", "Asia/Tokyo", NULL, "21:00", NULL);
    ck_assert_uint_eq(find(), 0);
    add(MEAL, "2026-06-04", "12:00", "Pacific/Honolulu", NULL, "13:00", NULL); /* 07:00 in Tokyo, on the 5th */
    ck_assert_uint_eq(find(), 0);
    add(MEAL, "2026-06-04", "09:00", "Pacific/Honolulu", NULL, "10:00", NULL); /* still in the air */
    ck_assert_uint_eq(find(), 1);
    add(MEAL, "2026-06-03", "22:00", "Pacific/Honolulu", NULL, "23:00", NULL); /* 17:00 in Tokyo: before it left */
    ck_assert_uint_eq(find(), 1);
}
END_TEST

/* To a local time that lies before the one of departure: the last day is before the first. */
START_TEST(arriving_before_leaving_is_no_conflict)
{
    add(JOURNEY, "2026-06-04", "08:00", "Asia/Tokyo", "2026-06-03", "20:00", "Pacific/Honolulu");
    add(MEAL, "2026-06-03", "20:00", "Pacific/Honolulu", NULL, "22:00", NULL);
    ck_assert_uint_eq(find_between("2026-06-03", "2026-06-04"), 0);
    ck_assert_uint_eq(find_between("2026-06-04", "2026-06-05"), 2); /* both touch the third */
    ck_assert_uint_eq(find_between("2026-06-01", "2026-06-03"), 1); /* the flight leaves on the fourth */
}
END_TEST

/* New York, the night in which 01:30 comes twice and the one without 02:30. */
START_TEST(the_nights_of_the_clock_change)
{
    add(JOURNEY, "2026-10-31", "22:00", "America/New_York", "2026-11-01", "01:30", NULL); /* the first 01:30 */
    add(MEAL, "2026-11-01", "02:00", "America/New_York", NULL, "03:00", NULL);
    ck_assert_uint_eq(find(), 0);
    add(MEAL, "2026-11-01", "06:00", "UTC", NULL, "06:30", NULL); /* the second 01:00 */
    ck_assert_uint_eq(find(), 0);
    add(MEAL, "2026-11-01", "05:00", "UTC", NULL, "05:30", NULL); /* the first 01:00 */
    ck_assert_uint_eq(find(), 1);

    nothing();
    add(MEAL, "2026-03-08", "01:00", "America/New_York", NULL, "02:00", NULL);
    add(MEAL, "2026-03-08", "03:00", "America/New_York", NULL, "04:00", NULL); /* the very next minute */
    ck_assert_uint_eq(find(), 0);
    add(MEAL, "2026-03-08", "02:30", "America/New_York", NULL, NULL, NULL); /* does not exist: read as 03:30 */
    ck_assert_uint_eq(find(), 1);
}
END_TEST

START_TEST(trains_through_the_night)
{
    add(JOURNEY, "2026-06-02", "22:30", "Europe/Paris", "2026-06-03", "07:10", "Europe/Vienna");
    add(MEAL, "2026-06-02", "19:00", "Europe/Paris", NULL, "22:30", NULL);
    add(MEAL, "2026-06-03", "07:10", "Europe/Vienna", NULL, "08:00", NULL);
    ck_assert_uint_eq(find(), 0);
    add(MEAL, "2026-06-03", "06:00", "Europe/Vienna", NULL, "06:30", NULL); /* asleep on the train */
    ck_assert_uint_eq(find(), 1);
    ck_assert_int_eq(found->list[0].day, day("2026-06-03"));
}
END_TEST

START_TEST(stays_meet_only_stays)
{
    add(STAY, "2026-06-01", "15:00", "Asia/Tokyo", "2026-06-04", "11:00", NULL);
    add(MEAL, "2026-06-02", "19:00", "Asia/Tokyo", NULL, "21:00", NULL);
    ck_assert_uint_eq(find(), 0);
    add(STAY, "2026-06-04", "10:00", "Asia/Tokyo", "2026-06-06", "11:00", NULL); /* the day of change is shared */
    ck_assert_uint_eq(find(), 0);
    add(STAY, "2026-06-03", NULL, "Asia/Tokyo", "2026-06-05", NULL, NULL); /* times do not matter */
    ck_assert_uint_eq(find(), 2);
    ck_assert_int_eq(found->list[0].reason, TRIPSAGE__CONFLICT_NIGHT);
    ck_assert_int_eq(found->list[0].day, day("2026-06-03"));
    ck_assert_int_eq(found->list[1].day, day("2026-06-04"));
}
END_TEST

START_TEST(a_stay_without_an_end_is_one_night)
{
    tripsage__plan_item *stay = add(STAY, "2026-06-01", NULL, "UTC", NULL, NULL, NULL);
    int32_t from, to;

    ck_assert(tripsage__stay_nights(stay, &from, &to));
    ck_assert_int_eq(to - from, 1);
    add(STAY, "2026-06-02", NULL, "UTC", NULL, NULL, NULL);
    ck_assert_uint_eq(find(), 0);
    add(STAY, "2026-06-02", NULL, "UTC", NULL, NULL, NULL);
    ck_assert_uint_eq(find(), 1);

    nothing();
    stay = add(STAY, "2026-06-01", NULL, "UTC", "2026-06-01", NULL, NULL); /* by day only: no night */
    ck_assert(!tripsage__stay_nights(stay, &from, &to));
    add(STAY, "2026-06-01", NULL, "UTC", NULL, NULL, NULL);
    ck_assert_uint_eq(find(), 0);
}
END_TEST

START_TEST(cancelled_items_are_not_there)
{
    add_today("10:00", "12:00");
    add_today("10:00", "12:00")->booking = TRIPSAGE__BOOKING_CANCELLED;
    add(STAY, "2026-06-01", NULL, "UTC", NULL, NULL, NULL);
    add(STAY, "2026-06-01", NULL, "UTC", NULL, NULL, NULL)->booking = TRIPSAGE__BOOKING_CANCELLED;
    ck_assert_uint_eq(find(), 0);
    add(MEAL, "2026-07-01", NULL, "UTC", NULL, NULL, NULL)->booking = TRIPSAGE__BOOKING_CANCELLED;
    ck_assert_uint_eq(find_between("2026-06-01", "2026-06-02"), 0);
}
END_TEST

START_TEST(items_outside_the_dates_are_found)
{
    static const struct {
        const char *first, *last;
        size_t conflicts;
        const char *day;
    } cases[] = {
        {"2026-06-01", NULL, 0, NULL},
        {"2026-06-07", NULL, 0, NULL},
        {"2026-05-31", NULL, 1, "2026-05-31"},
        {"2026-06-08", NULL, 1, "2026-06-08"},
        {"2026-06-01", "2026-06-07", 0, NULL},
        {"2026-06-07", "2026-06-08", 1, "2026-06-08"},
        {"2026-05-31", "2026-06-08", 1, "2026-05-31"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        nothing();
        add(MEAL, cases[i].first, NULL, "Pacific/Kiritimati", cases[i].last, NULL, NULL);
        ck_assert_uint_eq(find_between("2026-06-01", "2026-06-07"), cases[i].conflicts);
        if (!cases[i].conflicts)
            continue;
        ck_assert_int_eq(found->list[0].reason, TRIPSAGE__CONFLICT_DATES);
        ck_assert_int_eq(found->list[0].day, day(cases[i].day));
        ck_assert_ptr_null(found->list[0].second);
    }
}
END_TEST

START_TEST(conflicts_come_by_day)
{
    add(MEAL, "2026-06-20", NULL, "UTC", NULL, NULL, NULL);
    add(STAY, "2026-06-03", NULL, "UTC", NULL, NULL, NULL);
    add(STAY, "2026-06-03", NULL, "UTC", NULL, NULL, NULL);
    add(MEAL, "2026-06-05", "10:00", "UTC", NULL, NULL, NULL);
    add(MEAL, "2026-06-05", "10:00", "UTC", NULL, NULL, NULL);
    add(MEAL, "2026-05-20", NULL, "UTC", NULL, NULL, NULL);
    ck_assert_uint_eq(find_between("2026-06-01", "2026-06-07"), 4);
    ck_assert_int_eq(found->list[0].day, day("2026-05-20"));
    ck_assert_int_eq(found->list[1].reason, TRIPSAGE__CONFLICT_NIGHT);
    ck_assert_int_eq(found->list[2].reason, TRIPSAGE__CONFLICT_TIME);
    ck_assert_int_eq(found->list[3].day, day("2026-06-20"));
}
END_TEST

START_TEST(the_list_has_a_bound)
{
    for (size_t i = 0; i < 32; i++) /* 496 pairs */
        add_today("10:00", "11:00");
    ck_assert_uint_eq(find(), 496);
    ck_assert_int_eq(found->truncated, 0);
    add_today("10:00", "11:00"); /* 528 */
    ck_assert_uint_eq(find(), TRIPSAGE__CONFLICTS_MAX);
    ck_assert_int_eq(found->truncated, 1);
    while (plan.count < 1000)
        add_today("10:00", "11:00");
    ck_assert_uint_eq(find_between("2020-01-01", "2020-01-02"), TRIPSAGE__CONFLICTS_MAX);
}
END_TEST

/* Against the definition, pair by pair, over random plans. */
START_TEST(agrees_with_every_pair_asked_for_itself)
{
    uint64_t chance = 0x2545f4914f6cdd1dU;

    for (int round = 0; round < 300; round++) {
        size_t expected = 0;

        nothing();
        for (int i = 0; i < 12; i++) {
            tripsage__plan_item *item = add_today("10:00", NULL);

            chance ^= chance << 13;
            chance ^= chance >> 7;
            chance ^= chance << 17;
            item->start_at = (int64_t)(chance % 40);
            item->has_end = chance % 7 != 0;
            item->end_at = item->start_at + (int64_t)(chance / 64 % 9);
        }
        for (size_t i = 0; i < plan.count; i++)
            for (size_t j = 0; j < i; j++) {
                const tripsage__plan_item *a = &items[i], *b = &items[j];
                int64_t a_end = a->has_end ? a->end_at : a->start_at, b_end = b->has_end ? b->end_at : b->start_at;

                expected += a->start_at == b->start_at || (a->start_at < b_end && b->start_at < a_end);
            }
        ck_assert_uint_eq(find(), expected);
    }
}
END_TEST

/* ---- the call ---- */

START_TEST(the_call_tells_what_it_found)
{
    tripsage_doc *doc;
    char train[40], lunch[40];

    open_trips();
    ck_assert_ok(tripsage_itinerary_conflicts(&doc, trips, owner, trip_id));
    ck_assert_str_eq(tripsage_doc_json(doc, NULL), "{\"has_conflicts\":false,\"conflicts\":[]}");
    tripsage_doc_free(doc);

    add_item(train, "{\"item_type\":\"transport\",\"title\":\"Train \\\"Nozomi\\\"\",\"item_date\":\"2026-06-02\","
                    "\"start_time\":\"11:00\",\"end_time\":\"13:00\"}");
    add_item(lunch, "{\"item_type\":\"meal\",\"title\":\"Lunch\",\"item_date\":\"2026-06-02\",\"start_time\":\"12:00\","
                    "\"is_flexible\":true}");
    add_item(NULL, "{\"item_type\":\"meal\",\"title\":\"Late\",\"item_date\":\"2026-06-09\"}");
    ck_assert_ok(tripsage_itinerary_conflicts(&doc, trips, viewer, trip_id));
    ck_assert_int_eq(tripsage_doc_bool(doc, "/has_conflicts", 0), 1);
    ck_assert_uint_eq(tripsage_doc_count(doc, "/conflicts"), 2);
    ck_assert_str_eq(tripsage_doc_text(doc, "/conflicts/0/reason"), "time_overlap");
    ck_assert_str_eq(tripsage_doc_text(doc, "/conflicts/0/date"), "2026-06-02");
    ck_assert_str_eq(tripsage_doc_text(doc, "/conflicts/0/severity"), "warning");
    ck_assert_str_eq(tripsage_doc_text(doc, "/conflicts/0/message"), "Train \"Nozomi\" and Lunch: at the same time");
    ck_assert_str_eq(tripsage_doc_text(doc, "/conflicts/0/items/0/id"), train);
    ck_assert_str_eq(tripsage_doc_text(doc, "/conflicts/0/items/0/start_at"), "2026-06-02T02:00:00.000Z");
    ck_assert_str_eq(tripsage_doc_text(doc, "/conflicts/0/items/0/end_at"), "2026-06-02T04:00:00.000Z");
    ck_assert_str_eq(tripsage_doc_text(doc, "/conflicts/0/items/1/id"), lunch);
    ck_assert_ptr_null(tripsage_doc_text(doc, "/conflicts/0/items/1/end_at"));
    ck_assert_str_eq(tripsage_doc_text(doc, "/conflicts/1/reason"), "outside_trip_dates");
    ck_assert_str_eq(tripsage_doc_text(doc, "/conflicts/1/severity"), "error");
    ck_assert_uint_eq(tripsage_doc_count(doc, "/conflicts/1/items"), 1);
    ck_assert_ptr_null(strstr(tripsage_doc_json(doc, NULL), "truncated"));
    tripsage_doc_free(doc);

    ck_assert_fails(tripsage_itinerary_conflicts(&doc, trips, stranger, trip_id), TRIPSAGE_ENOTFOUND);
    ck_assert_fails(tripsage_itinerary_conflicts(&doc, trips, owner, SOME_ID), TRIPSAGE_ENOTFOUND);
    ck_assert_fails(tripsage_itinerary_conflicts(&doc, trips, NULL, trip_id), TRIPSAGE_EUNAUTHENTICATED);
    ck_assert_ptr_null(doc);
    close_trips();
}
END_TEST

START_TEST(the_call_says_when_there_are_more)
{
    tripsage_doc *doc;

    open_trips();
    for (int i = 0; i < 40; i++)
        add_item(NULL,
                 "{\"item_type\":\"meal\",\"title\":\"T\",\"item_date\":\"2026-06-02\",\"start_time\":\"12:00\"}");
    ck_assert_ok(tripsage_itinerary_conflicts(&doc, trips, viewer, trip_id));
    ck_assert_uint_eq(tripsage_doc_count(doc, "/conflicts"), 500);
    ck_assert_int_eq(tripsage_doc_bool(doc, "/truncated", 0), 1);
    tripsage_doc_free(doc);
    close_trips();
}
END_TEST

SUITE_MAIN_WITH("trip/conflict", nothing, forget, an_empty_plan_has_none, overlaps_are_found, all_pairs_are_found,
                the_order_of_the_plan_does_not_matter, flights_over_the_date_line_are_instants,
                arriving_before_leaving_is_no_conflict, the_nights_of_the_clock_change, trains_through_the_night,
                stays_meet_only_stays, a_stay_without_an_end_is_one_night, cancelled_items_are_not_there,
                items_outside_the_dates_are_found, conflicts_come_by_day, the_list_has_a_bound,
                agrees_with_every_pair_asked_for_itself, the_call_tells_what_it_found,
                the_call_says_when_there_are_more)
