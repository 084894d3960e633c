/* optimize_test.c: better times: the search over days made here, and the call over a stored trip. */
#include "trip/optimize.h"

#include <math.h>

#include "base/memory.h"
#include "itinerary_fixture.h"
#include "trip/destination_query.h"

/* ---- days made here ---- */

static tripsage__zone *zone;
static tripsage__day day;

#define TIME        TRIPSAGE__OBJECTIVE_TIME
#define COST        TRIPSAGE__OBJECTIVE_COST
#define CONVENIENCE TRIPSAGE__OBJECTIVE_CONVENIENCE

static void a_day_in(const char *name, const char *date, tripsage__objective objective)
{
    int32_t days;

    tripsage__zone_free(zone);
    ck_assert_ok(tripsage__zone_open(&zone, name));
    ck_assert(tripsage__date_parse(date, &days));
    tripsage__day_init(&day, objective, zone, days);
}

static void a_day(tripsage__objective objective)
{
    a_day_in("Asia/Tokyo", "2026-06-02", objective);
}

static void forget_day(void)
{
    tripsage__zone_free(zone);
    zone = NULL;
}

static int64_t at(const char *time)
{
    int minutes;

    ck_assert(tripsage__time_parse(time, &minutes));
    return tripsage__zone_local(zone, day.date, minutes);
}

static tripsage__thing thing(const char *start, const char *end, int is_movable)
{
    tripsage__thing t = {.index = day.count, .start = at(start), .end = at(end), .is_movable = is_movable};

    return t;
}

static void add(tripsage__thing t)
{
    ck_assert(tripsage__day_add(&day, &t));
}

static void flexible(const char *start, const char *end)
{
    add(thing(start, end, 1));
}

static void fixed(const char *start, const char *end)
{
    add(thing(start, end, 0));
}

/* The same at a place on the equator, so many kilometres east. */
static void placed(const char *start, const char *end, int is_movable, double east)
{
    tripsage__thing t = thing(start, end, is_movable);

    t.has_place = 1;
    t.longitude = east / 111.195;
    add(t);
}

/* "09:00-10:00 " for each thing, in the order in which they were added. */
static const char *times(void)
{
    static char text[TRIPSAGE__DAY_THINGS_MAX * 16];

    text[0] = '\0';
    for (size_t i = 0; i < day.count; i++)
        for (size_t j = 0; j < day.count; j++) {
            char start[TRIPSAGE__TIME_SIZE], end[TRIPSAGE__TIME_SIZE];
            int from, to;

            if (day.things[j].index != i)
                continue;
            ck_assert(tripsage__day_minute(&day, day.things[j].start, &from));
            ck_assert(tripsage__day_minute(&day, day.things[j].end, &to));
            tripsage__time_format(from, start);
            tripsage__time_format(to, end);
            snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s-%s", i ? " " : "", start, end);
        }
    return text;
}

static void becomes(const char *expected)
{
    ck_assert_ok(tripsage__day_arrange(&day));
    ck_assert_str_eq(times(), expected);
    ck_assert_int_le(day.after, day.before);
}

START_TEST(waiting_is_taken_out)
{
    a_day(TIME);
    becomes("");

    a_day(TIME);
    flexible("09:00", "10:00");
    flexible("13:00", "14:00");
    flexible("18:00", "18:45");
    becomes("09:00-10:00 10:00-11:00 11:00-11:45");
    ck_assert_int_eq(day.before, (9 * 60 + 45) * 60);
    ck_assert_int_eq(day.after, (2 * 60 + 45) * 60);

    a_day(TIME); /* to what is fixed, on the nearer side */
    flexible("09:00", "10:00");
    fixed("14:00", "16:00");
    flexible("20:00", "21:00");
    becomes("13:00-14:00 14:00-16:00 16:00-17:00");

    a_day(TIME); /* and into the room between */
    fixed("09:00", "10:00");
    fixed("12:00", "13:00");
    flexible("18:00", "20:00");
    becomes("09:00-10:00 12:00-13:00 10:00-12:00");
}
END_TEST

START_TEST(nothing_is_changed_without_a_gain)
{
    a_day(TIME);
    flexible("09:00", "10:00");
    becomes("09:00-10:00");

    a_day(TIME);
    flexible("09:00", "10:00");
    flexible("10:00", "12:00");
    fixed("12:00", "13:00");
    becomes("09:00-10:00 10:00-12:00 12:00-13:00");
    ck_assert_int_eq(day.after, day.before);

    a_day(TIME); /* somewhere in the middle of a fixed day */
    fixed("08:00", "09:00");
    flexible("12:00", "13:00");
    fixed("20:00", "21:00");
    becomes("08:00-09:00 12:00-13:00 20:00-21:00");

    a_day(TIME); /* a shorter way alone is no gain in time */
    placed("08:00", "09:00", 0, 0);
    placed("12:00", "13:00", 1, 3);
    placed("15:00", "16:00", 1, 1);
    placed("20:00", "21:00", 0, 5);
    becomes("08:00-09:00 12:00-13:00 15:00-16:00 20:00-21:00");

    a_day(COST);
    placed("09:00", "10:00", 1, 0);
    placed("11:00", "12:00", 1, 1);
    placed("15:00", "16:00", 1, 2);
    becomes("09:00-10:00 11:00-12:00 15:00-16:00");

    a_day(CONVENIENCE);
    flexible("09:00", "10:00");
    flexible("10:30", "21:00");
    becomes("09:00-10:00 10:30-21:00");
}
END_TEST

START_TEST(the_way_gets_shorter)
{
    a_day(COST); /* there, beyond, and back to the middle */
    placed("09:00", "10:00", 1, 0);
    placed("11:00", "12:00", 1, 2);
    placed("15:00", "16:00", 1, 1);
    becomes("09:00-10:00 15:00-16:00 11:00-12:00");
    ck_assert_int_eq(day.before / 100, 30);
    ck_assert_int_eq(day.after / 100, 20);

    a_day(COST); /* on the way between what is fixed; what has no place is no part of it */
    placed("09:00", "10:00", 0, 0);
    flexible("11:00", "12:00");
    placed("14:00", "15:00", 0, 5);
    placed("16:00", "17:00", 1, 1);
    ck_assert_ok(tripsage__day_arrange(&day));
    ck_assert_int_eq(day.before / 100, 90);
    ck_assert_int_eq(day.after / 100, 50);
}
END_TEST

START_TEST(unpleasant_hours_are_left)
{
    a_day(CONVENIENCE);
    flexible("07:30", "08:30");
    fixed("12:00", "13:00");
    flexible("21:30", "22:30");
    becomes("09:00-10:00 12:00-13:00 20:00-21:00");
    ck_assert_int_eq(day.before, 2);
    ck_assert_int_eq(day.after, 0);

    a_day(CONVENIENCE); /* half an hour between two things */
    flexible("10:00", "11:00");
    fixed("11:00", "12:00");
    flexible("12:10", "13:00");
    becomes("09:30-10:30 11:00-12:00 12:30-13:20");
    ck_assert_int_eq(day.before, 2);
    ck_assert_int_eq(day.after, 0);
}
END_TEST

START_TEST(things_get_out_of_each_others_way)
{
    a_day(TIME);
    fixed("09:00", "12:00");
    flexible("10:00", "11:00");
    ck_assert_ok(tripsage__day_arrange(&day));
    ck_assert_str_eq(times(), "09:00-12:00 12:00-13:00");
    ck_assert_int_gt(day.after, day.before); /* what it takes */

    a_day(COST);
    flexible("10:00", "12:00");
    flexible("11:00", "12:00");
    becomes("10:00-12:00 12:00-13:00");

    a_day(CONVENIENCE); /* a moment counts as well */
    fixed("10:00", "10:00");
    flexible("10:00", "11:00");
    ck_assert_ok(tripsage__day_arrange(&day));
    ck_assert_int_ge(day.things[1].start, at("10:30"));

    a_day(TIME); /* what is fixed and in its own way stays there */
    fixed("09:00", "18:00");
    fixed("12:00", "13:00");
    flexible("12:30", "13:30");
    ck_assert_ok(tripsage__day_arrange(&day));
    ck_assert_str_eq(times(), "09:00-18:00 12:00-13:00 08:00-09:00");
}
END_TEST

START_TEST(what_finds_no_room_stays)
{
    a_day(TIME); /* twelve hours do not fit beside the tour, the meal does */
    fixed("10:00", "20:00");
    flexible("09:00", "21:00");
    flexible("12:00", "12:45");
    ck_assert_ok(tripsage__day_arrange(&day));
    ck_assert_str_eq(times(), "10:00-20:00 09:00-21:00 08:15-09:00");

    a_day(TIME);
    fixed("08:00", "22:00");
    flexible("12:00", "13:00");
    becomes("08:00-22:00 12:00-13:00");
}
END_TEST

START_TEST(ways_get_their_time)
{
    a_day(TIME);
    placed("09:00", "10:00", 1, 0);
    placed("15:00", "16:00", 1, 10); /* half an hour in town */
    ck_assert_ok(tripsage__day_arrange(&day));
    ck_assert_str_eq(times(), "09:00-10:00 10:30-11:30");

    a_day(TIME);
    placed("09:00", "10:00", 1, 0);
    placed("15:00", "16:00", 1, 50); /* an hour for the first 20, half of one for the rest */
    becomes("09:00-10:00 11:30-12:30");

    a_day(TIME); /* through something without a place */
    placed("09:00", "10:00", 0, 0);
    flexible("11:00", "11:10");
    placed("15:00", "16:00", 1, 10);
    ck_assert_ok(tripsage__day_arrange(&day));
    ck_assert_int_eq(day.after, (60 + 60 + 30) * 60);

    a_day(TIME); /* a flight ends elsewhere, nobody knows where: what follows it is near */
    placed("09:00", "11:00", 0, 0);
    day.things[0].is_journey = 1;
    placed("15:00", "16:00", 1, 900);
    becomes("09:00-11:00 11:00-12:00");
}
END_TEST

START_TEST(hours_have_their_bounds)
{
    a_day(TIME); /* a flight at five is no reason to visit a museum at four */
    fixed("05:00", "06:00");
    fixed("06:00", "07:00");
    flexible("12:00", "13:00");
    becomes("05:00-06:00 06:00-07:00 07:00-08:00");

    a_day(TIME);
    flexible("19:00", "20:00");
    fixed("08:00", "09:00");
    fixed("09:00", "18:00");
    becomes("18:00-19:00 08:00-09:00 09:00-18:00");

    a_day(TIME); /* nothing after 22:00: it goes before */
    fixed("10:00", "21:30");
    flexible("20:00", "21:00");
    ck_assert_ok(tripsage__day_arrange(&day));
    ck_assert_str_eq(times(), "10:00-21:30 09:00-10:00");
}
END_TEST

/* Paris: no 02:30 on the 29th of March, two of them on the 25th of October. */
START_TEST(proposed_times_exist)
{
    a_day_in("Europe/Paris", "2026-03-29", TIME);
    flexible("00:30", "01:30");
    flexible("05:00", "06:00");
    becomes("00:30-01:30 01:30-03:30");
    ck_assert_int_eq(day.after, 2 * 3600);

    a_day_in("Europe/Paris", "2026-03-29", TIME);
    flexible("01:00", "01:59");
    flexible("05:00", "06:00");
    flexible("07:00", "07:01");
    ck_assert_ok(tripsage__day_arrange(&day));
    ck_assert_int_eq(day.after, 2 * 3600);
    ck_assert_ptr_null(strstr(times(), "02:"));

    a_day_in("Europe/Paris", "2026-10-25", TIME);
    flexible("01:00", "02:30");
    flexible("06:00", "07:00"); /* would end at the second 02:30 */
    becomes("01:00-02:30 06:00-07:00");

    a_day_in("Europe/Paris", "2026-10-25", TIME);
    flexible("01:00", "02:00");
    flexible("06:00", "08:30"); /* over both hours */
    becomes("01:00-02:00 02:00-03:30");
    ck_assert_int_eq(day.after, (60 + 150) * 60);
}
END_TEST

START_TEST(what_began_yesterday_is_in_the_way)
{
    tripsage__thing train = {.index = 0, .is_journey = 1};

    a_day(TIME);
    train.start = at("00:00") - 3 * 3600;
    train.end = at("07:10");
    add(train);
    flexible("06:00", "08:00");
    flexible("18:00", "19:00");
    ck_assert_ok(tripsage__day_arrange(&day));
    ck_assert_int_eq(day.things[0].start, train.start);
    ck_assert_int_eq(day.things[1].start, at("07:10"));
    ck_assert_int_eq(day.things[2].start, at("09:10"));
}
END_TEST

START_TEST(a_day_has_a_bound)
{
    tripsage__thing t;

    a_day(TIME);
    for (int i = 0; i < TRIPSAGE__DAY_THINGS_MAX; i++)
        flexible("12:00", "12:00");
    t = thing("13:00", "13:00", 1);
    ck_assert(!tripsage__day_add(&day, &t));
    ck_assert_ok(tripsage__day_arrange(&day));
    for (size_t i = 0; i < day.count; i++) /* moments that came together hold a minute each */
        for (size_t j = 0; j < i; j++)
            ck_assert_int_ne(day.things[i].start, day.things[j].start);
}
END_TEST

static uint64_t chance = 0x2545f4914f6cdd1dU;

static int draw(int bound)
{
    chance ^= chance << 13;
    chance ^= chance >> 7;
    chance ^= chance << 17;
    return (int)(chance % (uint64_t)bound);
}

/* The shortest way through all places of the day, in any order, by dynamic programming over sets of them (Held and Karp, 1962). */
static double shortest_way(void)
{
    static double best[1 << 12][12];
    double least = 1e9;
    size_t sets = (size_t)1 << day.count;

    for (size_t set = 1; set < sets; set++)
        for (size_t last = 0; last < day.count; last++) {
            size_t before = set & ~((size_t)1 << last);

            if (before == set)
                continue;
            best[set][last] = before ? 1e9 : 0;
            for (size_t from = 0; from < day.count; from++) {
                const tripsage__thing *a = &day.things[from], *b = &day.things[last];

                if (before >> from & 1)
                    best[set][last] =
                        fmin(best[set][last], best[before][from] + tripsage__distance_km(a->latitude, a->longitude,
                                                                                         b->latitude, b->longitude));
            }
        }
    for (size_t last = 0; last < day.count; last++)
        least = fmin(least, best[sets - 1][last]);
    return least * 1000;
}

static void scatter(int count)
{
    a_day(COST);
    for (int i = 0; i < count; i++) {
        char start[6];

        tripsage__time_format(8 * 60 + i * 60, start);
        placed(start, start, 1, draw(1000) / 100.0);
        day.things[i].latitude = draw(1000) / 11119.5;
    }
}

START_TEST(short_days_have_the_shortest_way)
{
    for (int round = 0; round < 40; round++) {
        scatter(7);
        ck_assert_ok(tripsage__day_arrange(&day));
        ck_assert_double_eq_tol((double)day.after, shortest_way(), 7);
    }
}
END_TEST

START_TEST(long_days_have_nearly_the_shortest_way)
{
    double found = 0, shortest = 0;

    for (int round = 0; round < 20; round++) {
        scatter(12);
        ck_assert_ok(tripsage__day_arrange(&day));
        found += (double)day.after;
        shortest += shortest_way();
    }
    ck_assert_msg(found < 1.03 * shortest, "%.1f %% longer", 100 * (found / shortest - 1));
}
END_TEST

/* Ten places on a line in a wild order are far too many orders to try. */
START_TEST(long_days_are_put_in_order)
{
    static const int east[] = {7, 2, 9, 0, 5, 3, 8, 1, 6, 4};
    int64_t first;

    for (int round = 0; round < 2; round++) {
        a_day(COST);
        for (int i = 0; i < 10; i++) {
            char start[6], end[6];

            tripsage__time_format(9 * 60 + i * 70, start);
            tripsage__time_format(9 * 60 + i * 70 + 30, end);
            placed(start, end, 1, east[i]);
        }
        ck_assert_ok(tripsage__day_arrange(&day));
        ck_assert_int_eq(day.after / 100, 90);
        if (round == 0)
            first = day.things[0].start;
        else
            ck_assert_int_eq(day.things[0].start, first); /* the same again */
    }
}
END_TEST

static int overlap(const tripsage__thing *a, const tripsage__thing *b)
{
    return a->start == b->start || (a->start < b->end && b->start < a->end);
}

/* How many pairs with a movable thing among them hold the same moment. */
static size_t conflicts_of(const tripsage__thing *things, size_t count)
{
    size_t found = 0;

    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < i; j++)
            found += (things[i].is_movable || things[j].is_movable) && overlap(&things[i], &things[j]);
    return found;
}

/* What the header promises, over random days of all sizes. */
START_TEST(promises_hold_for_any_day)
{
    for (int round = 0; round < 600; round++) {
        tripsage__thing was[TRIPSAGE__DAY_THINGS_MAX];
        int count = 1 + draw(round % 50 == 0 ? 20 : 8);

        a_day_in(round % 3 == 0 ? "Europe/Paris" : "Asia/Tokyo", round % 2 ? "2026-10-25" : "2026-03-29",
                 (tripsage__objective)(round % 3));
        for (int i = 0; i < count; i++) {
            char start[6], end[6];
            int from = draw(1300), to = from + draw(round % 50 == 0 ? 40 : 130);

            tripsage__time_format(from, start);
            tripsage__time_format(to, end);
            if (draw(2) || at(end) < at(start))
                placed(start, start, draw(3) != 0, draw(20));
            else
                add(thing(start, end, draw(3) != 0));
        }
        memcpy(was, day.things, sizeof was);
        ck_assert_ok(tripsage__day_arrange(&day));
        ck_assert_uint_le(conflicts_of(day.things, day.count), conflicts_of(was, day.count));
        if (conflicts_of(was, day.count) == 0)
            ck_assert_int_le(day.after, day.before);
        for (size_t i = 0; i < day.count; i++) {
            const tripsage__thing *t = &day.things[i];
            int minute;

            ck_assert_int_eq(t->end - t->start, was[i].end - was[i].start);
            if (t->start == was[i].start)
                continue;
            ck_assert(t->is_movable);
            ck_assert(tripsage__day_minute(&day, t->start, &minute));
            ck_assert(tripsage__day_minute(&day, t->end, &minute));
        }
    }
}
END_TEST

/* ---- the call ---- */

#define SIGHT(title, date, start, end, more)                                                                           \
    "{\"item_type\":\"activity\",\"title\":\"" title "\",\"item_date\":\"" date "\",\"start_time\":\"" start           \
    "\",\"end_time\":\"" end "\"" more "}"
#define FLEXIBLE ",\"is_flexible\":true"

static tripsage_doc *optimize(const char *settings)
{
    tripsage_doc *doc;

    ck_assert_ok(tripsage_itinerary_optimize(&doc, trips, viewer, trip_id, settings));
    return doc;
}

static void has_text(tripsage_doc *doc, const char *pointer, const char *expected)
{
    const char *text = tripsage_doc_text(doc, pointer);

    ck_assert_msg(text && strcmp(text, expected) == 0, "%s is %s: %s", pointer, text ? text : "not there",
                  tripsage_doc_json(doc, NULL));
}

START_TEST(the_call_proposes_and_changes_nothing)
{
    tripsage_doc *doc, *now;
    char museum[40];

    open_trips();
    add_item(museum, SIGHT("Museum \\\"M\\\"", "2026-06-02", "09:00", "10:30", FLEXIBLE));
    add_item(NULL, SIGHT("Tea", "2026-06-02", "15:00", "16:00", ""));
    add_item(NULL, SIGHT("Walk", "2026-06-02", "18:00", "19:00", FLEXIBLE));
    add_item(NULL, "{\"item_type\":\"activity\",\"title\":\"Some day\",\"item_date\":\"2026-06-02\"}");
    doc = optimize(NULL);
    ck_assert_ok(tripsage_itinerary_get(&now, trips, viewer, trip_id));
    ck_assert_str_eq(tripsage_doc_value(doc, "/original_itinerary", NULL), tripsage_doc_json(now, NULL));
    tripsage_doc_free(now);
    ck_assert_uint_eq(tripsage_doc_count(doc, "/changes"), 2);
    has_text(doc, "/changes/0/item_id", museum);
    has_text(doc, "/changes/0/title", "Museum \"M\"");
    has_text(doc, "/changes/0/date", "2026-06-02");
    ck_assert_int_eq(tripsage_doc_int(doc, "/changes/0/version", 0), 1);
    has_text(doc, "/changes/0/from/start_time", "09:00");
    has_text(doc, "/changes/0/from/end_time", "10:30");
    has_text(doc, "/changes/0/to/start_time", "13:30");
    has_text(doc, "/changes/0/to/end_time", "15:00");
    has_text(doc, "/changes/1/to/start_time", "16:00");
    ck_assert_uint_eq(tripsage_doc_count(doc, "/optimized_itinerary/items"), 4);
    ck_assert_int_eq(tripsage_doc_int(doc, "/optimized_itinerary/total_items", 0), 4);
    has_text(doc, "/optimized_itinerary/title", "East and back");
    has_text(doc, "/optimized_itinerary/items/1/id", museum);
    has_text(doc, "/optimized_itinerary/items/1/start_time", "13:30");
    has_text(doc, "/optimized_itinerary/items/1/start_at", "2026-06-02T04:30:00.000Z");
    has_text(doc, "/optimized_itinerary/items/1/end_at", "2026-06-02T06:00:00.000Z");
    ck_assert_double_eq_tol(tripsage_doc_number(doc, "/optimization_score", 0), 0.65, 1e-9); /* 3.5 hours of 10 */
    tripsage_doc_free(doc);
    close_trips();
}
END_TEST

/* Applying each change leaves the itinerary that was proposed, and then there is nothing to propose. */
START_TEST(a_proposal_can_be_applied)
{
    tripsage_doc *doc, *item, *now;
    char *proposed;

    open_trips();
    add_item(NULL, SIGHT("A", "2026-06-02", "09:00", "10:00", FLEXIBLE));
    add_item(NULL, SIGHT("B", "2026-06-02", "20:00", "21:00", FLEXIBLE ",\"end_date\":\"2026-06-02\""));
    add_item(NULL, SIGHT("C", "2026-06-05", "12:00", "13:00", ""));
    add_item(NULL, SIGHT("D", "2026-06-05", "12:30", "14:00", FLEXIBLE));
    doc = optimize("time");
    ck_assert_uint_eq(tripsage_doc_count(doc, "/changes"), 2);
    for (int i = 0; i < 2; i++) {
        tripsage_write_options options = TRIPSAGE_WRITE_OPTIONS_INIT;
        char pointer[40], id[40];

        snprintf(pointer, sizeof pointer, "/changes/%d/item_id", i);
        snprintf(id, sizeof id, "%s", tripsage_doc_text(doc, pointer));
        snprintf(pointer, sizeof pointer, "/changes/%d/version", i);
        options.if_version = tripsage_doc_int(doc, pointer, 0);
        snprintf(pointer, sizeof pointer, "/changes/%d/to", i);
        ck_assert_ok(tripsage_item_update(&item, trips, editor, trip_id, id, tripsage_doc_value(doc, pointer, NULL),
                                          TRIPSAGE_NUL, &options));
        tripsage_doc_free(item);
    }
    ck_assert_ok(tripsage_itinerary_conflicts(&now, trips, owner, trip_id));
    ck_assert_int_eq(tripsage_doc_bool(now, "/has_conflicts", 1), 0);
    tripsage_doc_free(now);
    proposed = strdup(tripsage_doc_text(doc, "/optimized_itinerary/items/1/start_at"));
    tripsage_doc_free(doc);
    doc = optimize("time");
    has_text(doc, "/original_itinerary/items/1/start_at", proposed);
    ck_assert_uint_eq(tripsage_doc_count(doc, "/changes"), 0);
    free(proposed);
    tripsage_doc_free(doc);
    close_trips();
}
END_TEST

START_TEST(nothing_to_move_is_no_change)
{
    static const char *const fixed_items[] = {
        SIGHT("Fixed", "2026-06-02", "09:00", "10:00", ""),
        SIGHT("Over midnight", "2026-06-02", "21:00", "01:00", FLEXIBLE ",\"end_date\":\"2026-06-03\""),
        SIGHT("Two zones", "2026-06-02", "20:00", "21:00", FLEXIBLE ",\"end_timezone\":\"Asia/Seoul\""),
        SIGHT("Over", "2026-06-02", "19:00", "20:00", FLEXIBLE ",\"booking_status\":\"completed\""),
        SIGHT("Off", "2026-06-02", "09:00", "20:00", FLEXIBLE ",\"booking_status\":\"cancelled\""),
        "{\"item_type\":\"meal\",\"title\":\"Open end\",\"item_date\":\"2026-06-02\",\"start_time\":\"17:00\",\"is_"
        "flexible\":true}",
        "{\"item_type\":\"accommodation\",\"title\":\"Inn\",\"item_date\":\"2026-06-02\",\"start_time\":\"15:00\","
        "\"end_time\":\"18:00\",\"is_flexible\":true}",
    };
    static const char *const settings[] = {NULL, "time", "cost", "convenience"};

    open_trips();
    for (size_t n = 0; n <= sizeof fixed_items / sizeof fixed_items[0]; n++) {
        for (size_t i = 0; i < 4; i++) {
            tripsage_doc *doc = optimize(settings[i]);
            char *original = strdup(tripsage_doc_value(doc, "/original_itinerary", NULL));

            ck_assert_str_eq(tripsage_doc_value(doc, "/optimized_itinerary", NULL), original);
            ck_assert_str_eq(tripsage_doc_value(doc, "/changes", NULL), "[]");
            ck_assert_str_eq(tripsage_doc_value(doc, "/optimization_score", NULL), "0");
            free(original);
            tripsage_doc_free(doc);
        }
        if (n < sizeof fixed_items / sizeof fixed_items[0])
            add_item(NULL, fixed_items[n]);
    }
    close_trips();
}
END_TEST

/* Honolulu's morning of the fourth is Tokyo's night: what is there is in nobody's way; its evening of the third is Tokyo's fourth. */
START_TEST(zones_have_days_of_their_own)
{
    tripsage_doc *doc;

    open_trips();
    add_item(NULL, SIGHT("Tokyo", "2026-06-04", "13:00", "14:00", ",\"timezone\":\"Asia/Tokyo\""));
    add_item(NULL, SIGHT("Tokyo", "2026-06-04", "17:00", "18:00", FLEXIBLE ",\"timezone\":\"Asia/Tokyo\""));
    add_item(NULL, SIGHT("Call", "2026-06-03", "19:00", "20:00", ",\"timezone\":\"Pacific/Honolulu\"")); /* 14:00 */
    add_item(NULL, SIGHT("Beach", "2026-06-04", "09:00", "10:00", FLEXIBLE ",\"timezone\":\"Pacific/Honolulu\""));
    doc = optimize("time");
    ck_assert_uint_eq(tripsage_doc_count(doc, "/changes"), 1);
    has_text(doc, "/changes/0/to/start_time", "15:00");
    has_text(doc, "/optimized_itinerary/items/2/start_at", "2026-06-04T06:00:00.000Z");
    tripsage_doc_free(doc);
    close_trips();
}
END_TEST

START_TEST(a_crowded_day_is_left_alone)
{
    tripsage_doc *doc;

    open_trips();
    for (int i = 0; i <= TRIPSAGE__DAY_THINGS_MAX; i++)
        add_item(NULL, SIGHT("Crowd", "2026-06-02", "09:00", "09:05", FLEXIBLE));
    add_item(NULL, SIGHT("A", "2026-06-03", "09:00", "10:00", FLEXIBLE));
    add_item(NULL, SIGHT("B", "2026-06-03", "12:00", "13:00", FLEXIBLE));
    doc = optimize(NULL);
    ck_assert_uint_eq(tripsage_doc_count(doc, "/changes"), 1);
    has_text(doc, "/changes/0/title", "B");
    tripsage_doc_free(doc);
    close_trips();
}
END_TEST

START_TEST(the_call_refuses)
{
    static const char *const settings[] = {"", "Time", "money", "time ", "convenienc"};
    tripsage_doc *doc;

    open_trips();
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        ck_assert_fails(tripsage_itinerary_optimize(&doc, trips, owner, trip_id, settings[i]), TRIPSAGE_EINVALID);
        assert_field("#settings");
        ck_assert_ptr_null(doc);
    }
    ck_assert_fails(tripsage_itinerary_optimize(&doc, trips, stranger, trip_id, NULL), TRIPSAGE_ENOTFOUND);
    ck_assert_fails(tripsage_itinerary_optimize(&doc, trips, owner, SOME_ID, NULL), TRIPSAGE_ENOTFOUND);
    ck_assert_fails(tripsage_itinerary_optimize(&doc, trips, owner, "x", NULL), TRIPSAGE_ENOTFOUND);
    ck_assert_fails(tripsage_itinerary_optimize(&doc, trips, NULL, trip_id, NULL), TRIPSAGE_EUNAUTHENTICATED);
    ck_assert_ptr_null(doc);
    close_trips();
}
END_TEST

SUITE_MAIN_WITH("trip/optimize", NULL, forget_day, waiting_is_taken_out, nothing_is_changed_without_a_gain,
                the_way_gets_shorter, unpleasant_hours_are_left, things_get_out_of_each_others_way,
                what_finds_no_room_stays, ways_get_their_time, hours_have_their_bounds, proposed_times_exist,
                what_began_yesterday_is_in_the_way, a_day_has_a_bound, short_days_have_the_shortest_way,
                long_days_have_nearly_the_shortest_way, long_days_are_put_in_order, promises_hold_for_any_day,
                the_call_proposes_and_changes_nothing, a_proposal_can_be_applied, nothing_to_move_is_no_change,
                zones_have_days_of_their_own, a_crowded_day_is_left_alone, the_call_refuses)
