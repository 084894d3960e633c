/* trip/export_ics.c: items as an iCalendar (RFC 5545).
 *
 * An event with a time is written as wall time with its zone, and each zone used comes along as a VTIMEZONE for the years it is used in, so that
 * a calendar program shows what the ticket says, whatever it knows about zones. The rule for local times that do not exist or come twice is the one the
 * instants were computed with (RFC 5545, 3.3.5). UTC is written as UTC, and so is a zone that the system's tz database has lost since.
 * An item without a start time, or one that ends on another day at no given time, is an event of whole days.
 *
 * Content lines are made whole and then folded: at most 75 octets, never inside a character (3.1). */
#include "trip/export.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

#define LINE_MAX_OCTETS 75
#define DAY_SECONDS     INT64_C(86400)

/* A zone some event is written in, and the instants it is needed for. */
struct tripsage__ics_zone {
    char name[TRIPSAGE__ZONE_NAME_SIZE];
    tripsage__zone *zone; /* owned; NULL: the tz database does not know it (any more) */
    int64_t first;        /* seconds */
    int64_t last;
};

void tripsage__ics_init(tripsage__ics *ics)
{
    static const tripsage__buf empty = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);

    memset(ics, 0, sizeof *ics);
    ics->events = ics->line = empty;
}

void tripsage__ics_free(tripsage__ics *ics)
{
    for (size_t i = 0; i < ics->zone_count; i++)
        tripsage__zone_free(ics->zones[i].zone);
    tripsage__free(ics->zones);
    ics->zones = NULL;
    ics->zone_count = ics->zone_capacity = ics->event_count = 0;
    tripsage__buf_free(&ics->events);
    tripsage__buf_free(&ics->line);
}

/* ---- content lines ---- */

/* How many octets of the text fit into a line, not cutting a character in two. */
static size_t fitting(const char *text, size_t size, size_t room)
{
    if (size <= room)
        return size;
    while (room > 1 && ((unsigned char)text[room] & 0xc0) == 0x80)
        room--;
    return room;
}

/* Folds ics->line into `out` and empties it. */
static void end_line(tripsage__ics *ics, tripsage__buf *out)
{
    const char *at = ics->line.data;
    size_t left = ics->line.size;
    size_t room = LINE_MAX_OCTETS;

    while (left) {
        size_t size = fitting(at, left, room);

        if (room < LINE_MAX_OCTETS)
            tripsage__buf_putc(out, ' ');
        tripsage__buf_put(out, at, size);
        TRIPSAGE__LIT(out, "\r\n");
        at += size;
        left -= size;
        room = LINE_MAX_OCTETS - 1; /* the space that says the line goes on */
    }
    ics->line.size = 0;
}

static void put_line(tripsage__ics *ics, tripsage__buf *out, const char *line)
{
    tripsage__buf_puts(&ics->line, line);
    end_line(ics, out);
}

/* A value of type TEXT (3.3.11). Control characters have no place in one, line breaks apart. */
static void put_text(tripsage__buf *line, const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (c == '\n' || (c == '\r' && text[1] != '\n')) {
            TRIPSAGE__LIT(line, "\\n");
        } else if (c >= 0x20 && c != 0x7f) {
            if (c == '\\' || c == ';' || c == ',')
                tripsage__buf_putc(line, '\\');
            tripsage__buf_putc(line, (char)c);
        } else if (c == '\t') {
            tripsage__buf_putc(line, ' ');
        }
    }
}

static void put_text_line(tripsage__ics *ics, tripsage__buf *out, const char *name, const char *text)
{
    tripsage__buf_puts(&ics->line, name);
    put_text(&ics->line, text);
    end_line(ics, out);
}

/* ---- dates and times ---- */

static int64_t floor_div(int64_t value, int64_t by)
{
    return value / by - (value % by < 0);
}

/* "20260601" */
static void put_day(tripsage__buf *buf, int32_t day)
{
    int y, m, d;

    tripsage__civil_from_days(day, &y, &m, &d);
    tripsage__buf_printf(buf, "%04d%02d%02d", y, m, d);
}

/* "20260601T093000", of seconds that count local time or UTC. */
static void put_time(tripsage__buf *buf, int64_t seconds)
{
    int64_t day = floor_div(seconds, DAY_SECONDS);
    int rest = (int)(seconds - day * DAY_SECONDS);

    put_day(buf, (int32_t)day);
    tripsage__buf_printf(buf, "T%02d%02d%02d", rest / 3600, rest / 60 % 60, rest % 60);
}

static void put_utc_line(tripsage__ics *ics, const char *name, int64_t ms)
{
    tripsage__buf_puts(&ics->line, name);
    put_time(&ics->line, floor_div(ms, 1000));
    tripsage__buf_putc(&ics->line, 'Z');
    end_line(ics, &ics->events);
}

/* Days and times of an item were checked when it was written. */
static int32_t day_of(const char *date)
{
    int32_t day = 0;

    tripsage__date_parse(date, &day);
    return day;
}

static int64_t local_seconds(const char *date, const char *time)
{
    int minutes = 0;

    tripsage__time_parse(time, &minutes);
    return day_of(date) * DAY_SECONDS + minutes * 60;
}

static void put_day_line(tripsage__ics *ics, const char *name, int32_t day)
{
    tripsage__buf_puts(&ics->line, name);
    TRIPSAGE__LIT(&ics->line, ";VALUE=DATE:");
    put_day(&ics->line, day);
    end_line(ics, &ics->events);
}

/* ---- zones ---- */

static struct tripsage__ics_zone *find_zone(tripsage__ics *ics, const char *name)
{
    for (size_t i = 0; i < ics->zone_count; i++)
        if (strcmp(ics->zones[i].name, name) == 0)
            return &ics->zones[i];
    return NULL;
}

static tripsage_status grow_zones(tripsage__ics *ics)
{
    size_t capacity = ics->zone_capacity ? ics->zone_capacity * 2 : 8;
    struct tripsage__ics_zone *grown;

    if (ics->zone_count < ics->zone_capacity)
        return TRIPSAGE_OK;
    grown = tripsage__realloc(ics->zones, capacity * sizeof *grown);
    if (!grown)
        return TRIPSAGE_NOMEM();
    ics->zones = grown;
    ics->zone_capacity = capacity;
    return TRIPSAGE_OK;
}

/* *out is NULL for UTC and for a zone that is not known. */
static tripsage_status use_zone(const struct tripsage__ics_zone **out, tripsage__ics *ics, const char *name,
                                int64_t seconds)
{
    struct tripsage__ics_zone *entry = find_zone(ics, name);
    tripsage_status status = TRIPSAGE_OK;

    *out = NULL;
    if (strcmp(name, "UTC") == 0 || strcmp(name, "Etc/UTC") == 0 || strlen(name) >= sizeof entry->name)
        return TRIPSAGE_OK;
    if (!entry) {
        TRIPSAGE_TRY(grow_zones(ics));
        entry = &ics->zones[ics->zone_count];
        entry->zone = NULL;
        if (tripsage__zone_exists(name))
            TRIPSAGE_TRY(tripsage__zone_open(&entry->zone, name));
        memcpy(entry->name, name, strlen(name) + 1);
        entry->first = entry->last = seconds;
        ics->zone_count++;
    }
    entry->first = seconds < entry->first ? seconds : entry->first;
    entry->last = seconds > entry->last ? seconds : entry->last;
    if (entry->zone)
        *out = entry;
out:
    return status;
}

/* "-0500", or "+001736" where there are seconds. */
static void put_offset_line(tripsage__ics *ics, tripsage__buf *out, const char *name, int32_t offset)
{
    int32_t size = offset < 0 ? -offset : offset;

    tripsage__buf_printf(&ics->line, "%s%c%02d%02d", name, offset < 0 ? '-' : '+', size / 3600, size / 60 % 60);
    if (size % 60)
        tripsage__buf_printf(&ics->line, "%02d", size % 60);
    end_line(ics, out);
}

/* One STANDARD or DAYLIGHT part: from `onset` on, told in the local time before it. */
static void put_observance(tripsage__ics *ics, tripsage__buf *out, const tripsage__zone_period *period, int64_t onset,
                           int32_t before)
{
    put_line(ics, out, period->is_dst ? "BEGIN:DAYLIGHT" : "BEGIN:STANDARD");
    TRIPSAGE__LIT(&ics->line, "DTSTART:");
    put_time(&ics->line, onset + before);
    end_line(ics, out);
    put_offset_line(ics, out, "TZOFFSETFROM:", before);
    put_offset_line(ics, out, "TZOFFSETTO:", period->offset);
    put_text_line(ics, out, "TZNAME:", period->name);
    put_line(ics, out, period->is_dst ? "END:DAYLIGHT" : "END:STANDARD");
}

static int64_t year_begin(int64_t seconds, int years_on)
{
    int y, m, d;

    tripsage__civil_from_days((int32_t)floor_div(seconds, DAY_SECONDS), &y, &m, &d);
    return tripsage__days_from_civil(y + years_on, 1, 1) * DAY_SECONDS;
}

/* From the beginning of the first year it is needed for to the end of the last. */
static void put_zone(tripsage__ics *ics, tripsage__buf *out, const struct tripsage__ics_zone *entry)
{
    int64_t onset = year_begin(entry->first, 0);
    int64_t end = year_begin(entry->last, 1);
    tripsage__zone_period period;
    int32_t before;

    put_line(ics, out, "BEGIN:VTIMEZONE");
    tripsage__buf_printf(&ics->line, "TZID:%s", entry->name);
    end_line(ics, out);
    tripsage__zone_at(entry->zone, onset, &period);
    before = period.offset;
    for (;;) {
        put_observance(ics, out, &period, onset, before);
        if (period.end >= end)
            break;
        onset = period.end;
        before = period.offset;
        tripsage__zone_at(entry->zone, onset, &period);
    }
    put_line(ics, out, "END:VTIMEZONE");
}

/* ---- events ---- */

/* A time as the wall shows it, or as UTC where there is no zone for it. */
static tripsage_status put_time_line(tripsage__ics *ics, const char *name, const char *date, const char *time,
                                     const char *zone, int64_t ms)
{
    const struct tripsage__ics_zone *entry;
    tripsage_status status = use_zone(&entry, ics, zone, floor_div(ms, 1000));

    if (status != TRIPSAGE_OK)
        return status;
    tripsage__buf_puts(&ics->line, name);
    if (entry) {
        tripsage__buf_printf(&ics->line, ";TZID=%s:", entry->name);
        put_time(&ics->line, local_seconds(date, time));
    } else {
        tripsage__buf_putc(&ics->line, ':');
        put_time(&ics->line, floor_div(ms, 1000));
        tripsage__buf_putc(&ics->line, 'Z');
    }
    end_line(ics, &ics->events);
    return TRIPSAGE_OK;
}

static const char *last_date(const tripsage__item *item)
{
    return item->end_date ? item->end_date : item->item_date;
}

static int is_whole_days(const tripsage__item *item)
{
    return !item->start_time || (!item->end_time && strcmp(last_date(item), item->item_date) > 0);
}

static tripsage_status put_when(tripsage__ics *ics, const tripsage__item *item)
{
    tripsage_status status;

    if (is_whole_days(item)) {
        put_day_line(ics, "DTSTART", day_of(item->item_date));
        put_day_line(ics, "DTEND", day_of(last_date(item)) + 1); /* the first day after it */
        put_line(ics, &ics->events, "TRANSP:TRANSPARENT");
        return TRIPSAGE_OK;
    }
    status = put_time_line(ics, "DTSTART", item->item_date, item->start_time, item->timezone, item->start_at);
    if (status == TRIPSAGE_OK && item->end_time && item->end_at > item->start_at) /* an end must come later (3.8.2.2) */
        status = put_time_line(ics, "DTEND", last_date(item), item->end_time,
                               item->end_timezone ? item->end_timezone : item->timezone, item->end_at);
    return status;
}

/* Paragraphs of a description; the first one opens the line. */
static void put_paragraph(tripsage__ics *ics, const char *label, const char *text)
{
    if (!text || !*text)
        return;
    if (ics->line.size)
        TRIPSAGE__LIT(&ics->line, "\\n");
    else
        TRIPSAGE__LIT(&ics->line, "DESCRIPTION:");
    tripsage__buf_puts(&ics->line, label);
    put_text(&ics->line, text);
}

static void put_description(tripsage__ics *ics, const tripsage__item *item, int is_member)
{
    put_paragraph(ics, "", item->description);
    if (is_whole_days(item)) { /* times that the event itself cannot say */
        put_paragraph(ics, "From ", item->start_time);
        put_paragraph(ics, "Until ", item->end_time);
    }
    if (is_member) {
        put_paragraph(ics, "Booking reference: ", item->booking_reference);
        put_paragraph(ics, "", item->notes);
    }
    end_line(ics, &ics->events);
}

/* Six decimals are a tenth of a metre. Written by hand: printf asks the locale for its decimal point. */
static void put_degrees(tripsage__buf *line, double degrees)
{
    int64_t micro = llround(degrees * 1e6);
    int64_t size = micro < 0 ? -micro : micro;

    tripsage__buf_printf(line, "%s%lld.%06lld", micro < 0 ? "-" : "", (long long)(size / 1000000),
                         (long long)(size % 1000000));
}

static void put_where(tripsage__ics *ics, const tripsage__item *item)
{
    const char *name = item->location_name && *item->location_name ? item->location_name : NULL;
    const char *address = item->location_address && *item->location_address ? item->location_address : NULL;

    if (name || address) {
        TRIPSAGE__LIT(&ics->line, "LOCATION:");
        put_text(&ics->line, name ? name : "");
        if (name && address)
            TRIPSAGE__LIT(&ics->line, "\\, ");
        put_text(&ics->line, address ? address : "");
        end_line(ics, &ics->events);
    }
    if (item->has_coordinates) {
        TRIPSAGE__LIT(&ics->line, "GEO:");
        put_degrees(&ics->line, item->latitude);
        tripsage__buf_putc(&ics->line, ';');
        put_degrees(&ics->line, item->longitude);
        end_line(ics, &ics->events);
    }
}

/* What every event begins with. SEQUENCE counts changes from 0 (3.8.7.4). */
static void begin_event(tripsage__ics *ics, const char *id, int64_t updated_at, int64_t version, const char *title)
{
    put_line(ics, &ics->events, "BEGIN:VEVENT");
    tripsage__buf_printf(&ics->line, "UID:%s@tripsage", id);
    end_line(ics, &ics->events);
    put_utc_line(ics, "DTSTAMP:", updated_at);
    put_utc_line(ics, "LAST-MODIFIED:", updated_at);
    tripsage__buf_printf(&ics->line, "SEQUENCE:%lld", (long long)(version - 1));
    end_line(ics, &ics->events);
    put_text_line(ics, &ics->events, "SUMMARY:", title);
    ics->event_count++;
}

tripsage_status tripsage__ics_add(tripsage__ics *ics, const tripsage__item *item, int is_member)
{
    static const char *const status_lines[] = {"STATUS:TENTATIVE", "STATUS:CONFIRMED", "STATUS:CONFIRMED",
                                               "STATUS:CONFIRMED", "STATUS:CANCELLED"}; /* by tripsage__bookings */
    tripsage_status status;

    begin_event(ics, item->id, item->updated_at, item->version, item->title);
    put_utc_line(ics, "CREATED:", item->created_at);
    status = put_when(ics, item);
    put_description(ics, item, is_member);
    put_where(ics, item);
    put_text_line(ics, &ics->events, "CATEGORIES:", tripsage__item_types[item->type]);
    put_line(ics, &ics->events, status_lines[item->booking]);
    put_line(ics, &ics->events, "END:VEVENT");
    return status;
}

void tripsage__ics_add_trip(tripsage__ics *ics, const char *id, const char *title, const char *start_date,
                            const char *end_date, int64_t updated_at, int64_t version)
{
    begin_event(ics, id, updated_at, version, title);
    put_day_line(ics, "DTSTART", day_of(start_date));
    put_day_line(ics, "DTEND", day_of(end_date) + 1);
    put_line(ics, &ics->events, "TRANSP:TRANSPARENT");
    put_line(ics, &ics->events, "END:VEVENT");
}

/* ---- the calendar ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct tripsage__ics_zone *)a)->name, ((const struct tripsage__ics_zone *)b)->name);
}

tripsage_status tripsage__ics_put(tripsage__buf *out, tripsage__ics *ics, const char *title)
{
    tripsage_status status;

    put_line(ics, out, "BEGIN:VCALENDAR");
    put_line(ics, out, "VERSION:2.0");
    put_line(ics, out, "PRODID:-//tripsage//libtripsage " TRIPSAGE_VERSION "//EN");
    put_line(ics, out, "CALSCALE:GREGORIAN");
    put_text_line(ics, out, "NAME:", title); /* RFC 7986, 5.1, and what programs older than it read */
    put_text_line(ics, out, "X-WR-CALNAME:", title);
    put_line(ics, out, "REFRESH-INTERVAL;VALUE=DURATION:PT6H"); /* RFC 7986, 5.7 */
    if (ics->zone_count)
        qsort(ics->zones, ics->zone_count, sizeof ics->zones[0], by_name);
    for (size_t i = 0; i < ics->zone_count; i++)
        if (ics->zones[i].zone)
            put_zone(ics, out, &ics->zones[i]);
    tripsage__buf_put(out, ics->events.data, ics->events.size);
    put_line(ics, out, "END:VCALENDAR");
    TRIPSAGE_TRY(tripsage__buf_status(&ics->events));
    TRIPSAGE_TRY(tripsage__buf_status(&ics->line));
    status = tripsage__buf_status(out);
out:
    return status;
}
