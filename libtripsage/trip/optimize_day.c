/* trip/optimize_day.c: the search for the best arrangement of one day.
 *
 * A sequence is all things of a day in the order in which they come; things that are fixed stay in the order of their starts. A sequence is
 * laid out by giving each movable thing a start between the earliest one that what comes before leaves it, and the latest one that
 * what follows leaves it, the way between two places included; a sequence in which that is nothing is passed over. Of those that
 * are left the best by the objective is taken: all of them are tried while they are few, else an insertion heuristic finds one
 * that is made better step by step. There is no chance in it: equal days are arranged equally. */
#include "trip/optimize.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "trip/destination_query.h"

#define MINUTE 60
#define NONE   SIZE_MAX

/* 5,040 sequences are all tried: seven movable things and nothing fixed (7!), six and one fixed, four and six. That is most of a
 * millisecond, a tenth of a second for a full trip of such days; one thing more would be eight times as many. */
#define SEQUENCES_MAX 5040

/* Rounds of improvement after the insertion. Each tries every step once; what still improves after eight of them improves by little. */
#define ROUNDS_MAX 8

/* Nothing is moved to before 08:00 or after 22:00, unless the day itself begins earlier or ends later: few museums, shops and kitchens
 * are open then, and no objective should send anybody to a gallery at four in the morning. */
#define OPENS (8 * 60)
#define SHUTS (22 * 60)

/* What is unpleasant: to begin before 09:00, to end after 21:00, and less than half an hour from one thing to the next. */
#define MORNING (9 * 60)
#define EVENING (21 * 60)
#define PAUSE   (30 * MINUTE)

/* How long a way takes, from its length as the crow flies. In town 20 km/h: between walking (5) and a metro (35), stops and detours
 * included. What is beyond 20 km is no longer town, and goes at 60 km/h, as a regional train or a road does with its bends. */
#define TOWN_METRES        20000
#define TOWN_METRES_HOUR   20000
#define BEYOND_METRES_HOUR 60000

/* By what two arrangements are compared: the first difference decides. */
typedef struct measure {
    int64_t objective;
    int64_t distance; /* metres */
    int64_t moved;    /* seconds, of all things together: the plan is left alone where it may be */
} measure;

typedef struct search {
    const tripsage__day *day;
    int64_t opens, shuts, morning, evening;
    int check_clock; /* clocks change on this day: not every second can be said as a local time */

    int is_free[TRIPSAGE__DAY_THINGS_MAX]; /* movable, and not held back */
    size_t fixed[TRIPSAGE__DAY_THINGS_MAX], fixed_count;
    size_t free[TRIPSAGE__DAY_THINGS_MAX], free_count;
    int64_t slots[TRIPSAGE__DAY_THINGS_MAX]; /* when the free things began, in order */
    int64_t metres[TRIPSAGE__DAY_THINGS_MAX][TRIPSAGE__DAY_THINGS_MAX];
    int64_t way[TRIPSAGE__DAY_THINGS_MAX][TRIPSAGE__DAY_THINGS_MAX]; /* seconds, whole minutes */

    /* The sequence in hand, and where its things were laid; all but the sequence by thing. */
    size_t sequence[TRIPSAGE__DAY_THINGS_MAX], length;
    int is_used[TRIPSAGE__DAY_THINGS_MAX];
    int64_t latest[TRIPSAGE__DAY_THINGS_MAX];
    int64_t easy[TRIPSAGE__DAY_THINGS_MAX]; /* the latest start that leaves a pause behind it */
    int64_t start[TRIPSAGE__DAY_THINGS_MAX];

    int is_found;
    measure best;
    size_t best_sequence[TRIPSAGE__DAY_THINGS_MAX];
    int64_t best_start[TRIPSAGE__DAY_THINGS_MAX];
} search;

static int64_t lower(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t upper(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* ---- the day ---- */

void tripsage__day_init(tripsage__day *day, tripsage__objective objective, const tripsage__zone *zone, int32_t date)
{
    memset(day, 0, sizeof *day);
    day->objective = objective;
    day->zone = zone;
    day->date = date;
    day->begin = tripsage__zone_local(zone, date, 0);
    day->last = tripsage__zone_local(zone, date, 24 * 60 - 1);
    day->midnight = tripsage__zone_local(zone, date + 1, 0);
}

int tripsage__day_add(tripsage__day *day, const tripsage__thing *thing)
{
    size_t at = day->count;

    if (day->count == TRIPSAGE__DAY_THINGS_MAX)
        return 0;
    for (; at > 0 && day->things[at - 1].start > thing->start; at--)
        day->things[at] = day->things[at - 1];
    day->things[at] = *thing;
    day->count++;
    return 1;
}

int tripsage__day_minute(const tripsage__day *day, int64_t second, int *minute)
{
    tripsage__zone_period period;
    int64_t local;

    tripsage__zone_at(day->zone, second, &period);
    local = second + period.offset - (int64_t)day->date * 86400;
    if (local < 0 || local >= 86400 || local % MINUTE != 0)
        return 0;
    *minute = (int)(local / MINUTE);
    return tripsage__zone_local(day->zone, day->date, *minute) == second;
}

/* ---- what is known beforehand ---- */

static int64_t way_time(int64_t metres)
{
    int64_t town = lower(metres, TOWN_METRES), beyond = metres - town;
    int64_t seconds = town * 3600 / TOWN_METRES_HOUR + beyond * 3600 / BEYOND_METRES_HOUR;

    return (seconds + MINUTE - 1) / MINUTE * MINUTE;
}

/* Whole metres: sums of them do not depend on the order, and two machines agree on them. */
static void measure_ways(search *s)
{
    for (size_t i = 0; i < s->day->count; i++)
        for (size_t j = 0; j < i; j++) {
            const tripsage__thing *a = &s->day->things[i], *b = &s->day->things[j];

            if (!a->has_place || !b->has_place)
                continue;
            s->metres[i][j] = s->metres[j][i] =
                llround(tripsage__distance_km(a->latitude, a->longitude, b->latitude, b->longitude) * 1000.0);
            s->way[i][j] = s->way[j][i] = way_time(s->metres[i][j]);
        }
}

/* The hours things may be moved to. A thing that comes from the day before opens the day with its end, and the other way round. */
static void find_hours(search *s)
{
    const tripsage__day *day = s->day;

    s->opens = tripsage__zone_local(day->zone, day->date, OPENS);
    s->shuts = tripsage__zone_local(day->zone, day->date, SHUTS);
    s->morning = tripsage__zone_local(day->zone, day->date, MORNING);
    s->evening = tripsage__zone_local(day->zone, day->date, EVENING);
    for (size_t i = 0; i < day->count; i++) {
        const tripsage__thing *t = &day->things[i];

        s->opens = lower(s->opens, t->start >= day->begin ? t->start : t->end);
        s->shuts = upper(s->shuts, t->end <= day->last ? t->end : t->start);
    }
    s->opens = upper(s->opens, day->begin);
    s->shuts = lower(s->shuts, day->last);
}

static void look_at_clock(search *s)
{
    const tripsage__day *day = s->day;
    tripsage__zone_period period;

    tripsage__zone_at(day->zone, day->begin, &period);
    s->check_clock = period.end < day->midnight || period.offset % MINUTE != 0;
    for (size_t i = 0; i < day->count; i++)
        s->check_clock |= day->things[i].start % MINUTE != 0 || day->things[i].end % MINUTE != 0;
}

static void sort_out(search *s)
{
    s->fixed_count = s->free_count = 0;
    for (size_t i = 0; i < s->day->count; i++) {
        s->start[i] = s->day->things[i].start;
        if (s->is_free[i]) {
            s->slots[s->free_count] = s->start[i];
            s->free[s->free_count++] = i;
        } else {
            s->fixed[s->fixed_count++] = i;
        }
    }
}

/* ---- measuring ---- */

/* A moment holds its minute, so that nothing else begins in it (see conflict.h). */
static int64_t held(const search *s, size_t thing)
{
    return upper(s->day->things[thing].end - s->day->things[thing].start, MINUTE);
}

static measure measure_of(const search *s, const size_t *sequence, size_t length, const int64_t *start)
{
    const tripsage__day *day = s->day;
    int64_t first = INT64_MAX, last = INT64_MIN, unpleasant = 0;
    measure m = {0, 0, 0};
    size_t place = NONE;

    for (size_t i = 0; i < length; i++) {
        size_t t = sequence[i];
        const tripsage__thing *thing = &day->things[t];
        int64_t end = start[t] + thing->end - thing->start;

        unpleasant += (start[t] < s->morning) + (end > s->evening) + (i > 0 && start[t] - last < PAUSE);
        first = lower(first, start[t]);
        last = upper(last, end);
        if (place != NONE && thing->has_place)
            m.distance += s->metres[place][t];
        if (thing->has_place || thing->is_journey)
            place = thing->is_journey ? NONE : t;
        m.moved += upper(start[t] - thing->start, thing->start - start[t]);
    }
    m.objective = day->objective == TRIPSAGE__OBJECTIVE_TIME   ? lower(last, day->midnight) - upper(first, day->begin)
                  : day->objective == TRIPSAGE__OBJECTIVE_COST ? m.distance
                                                               : unpleasant;
    return m;
}

static int is_less(const measure *a, const measure *b)
{
    if (a->objective != b->objective)
        return a->objective < b->objective;
    return a->distance != b->distance ? a->distance < b->distance : a->moved < b->moved;
}

/* Whether a free thing stands at the same time as another one, as the plan is. */
static int has_conflict(const search *s)
{
    const tripsage__thing *things = s->day->things;

    for (size_t i = 0; i < s->day->count; i++)
        for (size_t j = i + 1; j < s->day->count; j++)
            if ((s->is_free[i] || s->is_free[j]) && things[j].start < things[i].start + held(s, i))
                return 1;
    return 0;
}

/* ---- laying out a sequence ---- */

/* From the end of the day to its beginning: by when each thing has to start, for all behind it to have their time. */
static void find_latest(search *s)
{
    int64_t next = s->shuts, next_easy = INT64_MAX;
    size_t place = NONE;

    for (size_t i = s->length; i-- > 0;) {
        size_t t = s->sequence[i];
        const tripsage__thing *thing = &s->day->things[t];

        if (s->is_free[t]) {
            int64_t end = next, easy_end = lower(s->evening, next_easy);

            if (place != NONE && !thing->is_journey)
                end = lower(end, s->latest[place] - s->way[t][place]);
            s->latest[t] = end - held(s, t);
            s->easy[t] = lower(end, easy_end) - held(s, t);
        } else {
            s->latest[t] = s->easy[t] = thing->start;
        }
        next = lower(next, s->latest[t]);
        next_easy = s->easy[t] - PAUSE;
        if (thing->has_place || thing->is_journey)
            place = thing->has_place ? t : NONE;
    }
}

/* When the k-th free thing of a sequence, its i-th, would best start, were there nothing else. What has no reason to be elsewhere
 * begins when the k-th of them began before. */
static int64_t wanted(const search *s, size_t i, size_t k, int64_t earliest)
{
    size_t t = s->sequence[i], fixed_before = i - k;

    switch (s->day->objective) {
    case TRIPSAGE__OBJECTIVE_TIME: /* close to what is fixed, from either side */
        if (s->fixed_count == 0)
            return i == 0 ? s->slots[0] : earliest;
        if (fixed_before == 0)
            return s->latest[t];
        return fixed_before == s->fixed_count ? earliest : s->slots[k];
    case TRIPSAGE__OBJECTIVE_CONVENIENCE: {
        int64_t easy = i > 0 ? upper(s->morning, earliest + PAUSE) : s->morning;

        return lower(upper(s->slots[k], easy), s->easy[t]);
    }
    default:
        return s->slots[k];
    }
}

/* 1 when all things of the sequence have their time. */
static int lay_out(search *s)
{
    int64_t idle = s->opens, left = 0; /* since when nothing goes on, and the last place was left */
    size_t place = NONE, k = 0;

    find_latest(s);
    for (size_t i = 0; i < s->length; i++) {
        size_t t = s->sequence[i];
        const tripsage__thing *thing = &s->day->things[t];

        if (s->is_free[t]) {
            int64_t earliest = idle;

            if (place != NONE && thing->has_place)
                earliest = upper(earliest, left + s->way[place][t]);
            if (earliest > s->latest[t])
                return 0;
            s->start[t] = lower(upper(wanted(s, i, k++, idle), earliest), s->latest[t]);
        }
        idle = upper(idle, s->start[t] + held(s, t));
        if (thing->has_place || thing->is_journey)
            place = thing->is_journey ? NONE : t;
        if (place == t)
            left = s->start[t] + held(s, t);
    }
    return 1;
}

/* Every proposed time must be one that clocks show, once. */
static int can_be_told(const search *s)
{
    int minute;

    for (size_t k = 0; k < s->free_count && s->check_clock; k++) {
        const tripsage__thing *t = &s->day->things[s->free[k]];
        int64_t start = s->start[s->free[k]];

        if (start != t->start && (!tripsage__day_minute(s->day, start, &minute) ||
                                  !tripsage__day_minute(s->day, start + t->end - t->start, &minute)))
            return 0;
    }
    return 1;
}

/* Keeps the sequence in hand if it is better than the best so far. */
static int consider(search *s)
{
    measure m;

    if (!lay_out(s) || !can_be_told(s))
        return 0;
    m = measure_of(s, s->sequence, s->length, s->start);
    if (s->is_found && !is_less(&m, &s->best))
        return 0;
    s->is_found = 1;
    s->best = m;
    memcpy(s->best_sequence, s->sequence, sizeof s->best_sequence);
    memcpy(s->best_start, s->start, sizeof s->best_start);
    return 1;
}

/* ---- all sequences ---- */

/* The fixed things stand in one order, so there are (fixed + 1) (fixed + 2) ... (fixed + free). */
static int are_few(const search *s)
{
    size_t count = 1;

    for (size_t k = 1; k <= s->free_count && count <= SEQUENCES_MAX; k++)
        count *= s->fixed_count + k;
    return count <= SEQUENCES_MAX;
}

static void try_all(search *s, size_t at, size_t fixed)
{
    if (at == s->length) {
        consider(s);
        return;
    }
    if (fixed < s->fixed_count) {
        s->sequence[at] = s->fixed[fixed];
        try_all(s, at + 1, fixed + 1);
    }
    for (size_t k = 0; k < s->free_count; k++) {
        size_t t = s->free[k];

        if (s->is_used[t])
            continue;
        s->is_used[t] = 1;
        s->sequence[at] = t;
        try_all(s, at + 1, fixed);
        s->is_used[t] = 0;
    }
}

/* ---- a good sequence, where they are many ----
 *
 * Insertion, each thing where it costs least, the longest first since it is the hardest to place (Rosenkrantz, Stearns and Lewis, "An
 * Analysis of Several Heuristics for the Traveling Salesman Problem", 1977); then, while something gets better, things are put
 * elsewhere one by one (Or, 1976) and stretches are turned around (2-opt: Croes, "A Method for Solving Traveling-Salesman Problems",
 * 1958). */

static void move_in_sequence(search *s, size_t from, size_t to)
{
    size_t t = s->sequence[from];

    if (from < to)
        memmove(&s->sequence[from], &s->sequence[from + 1], (to - from) * sizeof t);
    else
        memmove(&s->sequence[to + 1], &s->sequence[to], (from - to) * sizeof t);
    s->sequence[to] = t;
}

/* Puts a thing where it fits best; 0 when it fits nowhere. */
static int insert(search *s, size_t t)
{
    size_t at = NONE;
    measure least = {0, 0, 0};

    s->sequence[s->length++] = t;
    for (size_t i = s->length; i-- > 0;) {
        measure m;

        if (i + 1 < s->length)
            move_in_sequence(s, i + 1, i);
        if (!lay_out(s))
            continue;
        m = measure_of(s, s->sequence, s->length, s->start);
        if (at == NONE || is_less(&m, &least)) {
            at = i;
            least = m;
        }
    }
    if (at != NONE)
        move_in_sequence(s, 0, at);
    return at != NONE;
}

static size_t longest_unused(const search *s)
{
    size_t longest = NONE;

    for (size_t k = 0; k < s->free_count; k++)
        if (!s->is_used[s->free[k]] && (longest == NONE || held(s, s->free[k]) > held(s, longest)))
            longest = s->free[k];
    return longest;
}

static void insert_all(search *s)
{
    memset(s->is_used, 0, sizeof s->is_used);
    memcpy(s->sequence, s->fixed, sizeof s->sequence);
    s->length = s->fixed_count;
    for (size_t k = 0; k < s->free_count; k++) {
        size_t t = longest_unused(s);

        s->is_used[t] = 1;
        if (!insert(s, t))
            return;
    }
    consider(s);
}

/* The free things among [from, to] change places as in a mirror; the fixed ones stay. */
static void turn_around(search *s, size_t from, size_t to)
{
    while (from < to) {
        if (!s->is_free[s->sequence[from]]) {
            from++;
        } else if (!s->is_free[s->sequence[to]]) {
            to--;
        } else {
            size_t t = s->sequence[from];

            s->sequence[from++] = s->sequence[to];
            s->sequence[to--] = t;
        }
    }
}

static int improve_once(search *s)
{
    int improved = 0;

    for (size_t i = 0; i < s->length; i++)
        for (size_t j = 0; j < s->length; j++) {
            if (i == j || !s->is_free[s->best_sequence[i]])
                continue;
            memcpy(s->sequence, s->best_sequence, sizeof s->sequence);
            move_in_sequence(s, i, j);
            improved |= consider(s);
            if (j <= i || !s->is_free[s->best_sequence[i]] || !s->is_free[s->best_sequence[j]])
                continue;
            memcpy(s->sequence, s->best_sequence, sizeof s->sequence);
            turn_around(s, i, j);
            improved |= consider(s);
        }
    return improved;
}

static void find_good(search *s)
{
    for (size_t i = 0; i < s->day->count; i++)
        s->sequence[i] = i;
    s->length = s->day->count;
    consider(s); /* the order there is, with better times */
    insert_all(s);
    s->length = s->day->count;
    for (int round = 0; s->is_found && round < ROUNDS_MAX; round++)
        if (!improve_once(s))
            break;
}

/* ---- the search ---- */

static void find_best(search *s)
{
    int64_t total = 0;

    s->is_found = 0;
    for (size_t k = 0; k < s->free_count; k++)
        total += held(s, s->free[k]);
    if (total > s->shuts - s->opens)
        return;
    s->length = s->day->count;
    memset(s->is_used, 0, sizeof s->is_used);
    if (are_few(s))
        try_all(s, 0, 0);
    else
        find_good(s);
}

/* Where not all find room, the longest stays where it is, and the others are arranged around it. */
static void hold_longest(search *s)
{
    memset(s->is_used, 0, sizeof s->is_used);
    s->is_free[longest_unused(s)] = 0;
    sort_out(s);
}

/* Only what is better by the objective itself, or takes things out of each other's way, is worth changing a plan for. */
static void take_best(tripsage__day *day, const search *s, int64_t before)
{
    if (!s->is_found || (s->best.objective >= before && !has_conflict(s)))
        return;
    day->after = s->best.objective;
    for (size_t i = 0; i < day->count; i++) {
        int64_t length = day->things[i].end - day->things[i].start;

        if (!s->is_free[i])
            continue;
        day->things[i].start = s->best_start[i];
        day->things[i].end = s->best_start[i] + length;
    }
}

tripsage_status tripsage__day_arrange(tripsage__day *day)
{
    size_t in_order[TRIPSAGE__DAY_THINGS_MAX];
    search *s;

    if (day->count == 0)
        return TRIPSAGE_OK;
    s = tripsage__calloc(1, sizeof *s);
    if (!s)
        return TRIPSAGE_NOMEM();
    s->day = day;
    for (size_t i = 0; i < day->count; i++) {
        in_order[i] = i;
        s->is_free[i] = day->things[i].is_movable;
    }
    measure_ways(s);
    find_hours(s);
    look_at_clock(s);
    sort_out(s);
    day->before = day->after = measure_of(s, in_order, day->count, s->start).objective;
    for (find_best(s); !s->is_found && s->free_count > 0; find_best(s))
        hold_longest(s);
    if (s->free_count > 0)
        take_best(day, s, day->before);
    tripsage__free(s);
    return TRIPSAGE_OK;
}
