/* base/zone.c: IANA zones out of TZif files (RFC 9636).
 *
 * Only the 64-bit part of a file is used (version 2 and later; nothing else has been made since 2006): a table of transitions, and
 * after the last of them a POSIX TZ string. "Fat" files carry the table to 2037, "slim" ones end it where the string takes over;
 * both are read alike.
 *
 * Invariants, established by tripsage__zone_parse and relied upon everywhere below:
 *  1. Every count was checked against the size of the file, so that all pointers below lie inside `bytes`.
 *  2. Transitions ascend strictly; each names a type that exists; there is at least one type.
 *  3. The offset of a type lies between -24:59:59 and +25:59:59 (RFC 9636, 3.2), and its designation ends inside the table of names.
 *  4. There are no leap seconds: those files ("right/") count another time than UTC as we write it, and are refused. */
#include "zone.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "calendar.h"
#include "memory.h"

#ifndef TRIPSAGE_ZONEINFO
#define TRIPSAGE_ZONEINFO "/usr/share/zoneinfo"
#endif

/* 64 KiB: the largest file of the tz database has 4 KiB, and a zone that changed its clocks every month since 1900 would have 30. */
#define ZONE_FILE_MAX ((size_t)64 * 1024)

#define HEADER_SIZE    44
#define OFFSET_MIN     (-89999) /* RFC 9636, 3.2 */
#define OFFSET_MAX     93599
#define SECONDS_OF_DAY INT64_C(86400)

/* Beyond this many seconds from 1970 (some 300,000 years) a rule is not asked any more and standard time holds: it keeps the
 * arithmetic of years far from its bounds. */
#define RULE_REACH INT64_C(10000000000000)

/* When the clocks change in a year: POSIX's Jn, n and Mm.w.d, and the local time of that day, in seconds. */
typedef struct rule {
    enum { RULE_JULIAN, RULE_DAY, RULE_MONTH } kind;
    int day; /* Jn: 1..365 without the leap day; n: 0..365; Mm.w.d: 0..6 from Sunday */
    int week;
    int month;
    int32_t time;
} rule;

/* One side of the TZ string: a name and an offset. */
typedef struct side {
    char name[16];
    int32_t offset;
} side;

struct tripsage__zone {
    size_t time_count;
    size_t type_count;
    const unsigned char *times;   /* time_count of 8 bytes */
    const unsigned char *indexes; /* time_count of 1 */
    const unsigned char *types;   /* type_count of 6: offset (4), is DST (1), index into names (1) */
    const unsigned char *names;
    int has_tail; /* the file has a TZ string, which holds after the last transition */
    int tail_has_dst;
    side standard;
    side daylight;
    rule to_daylight;
    rule to_standard;
    size_t size;
    unsigned char bytes[]; /* the file */
};

/* ---- the TZ string ---- */

typedef struct cursor {
    const char *at;
    const char *end;
} cursor;

static int peek(const cursor *c)
{
    return c->at < c->end ? (unsigned char)*c->at : -1;
}

static int take(cursor *c, char wanted)
{
    if (peek(c) != wanted)
        return 0;
    c->at++;
    return 1;
}

static int is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static int is_letter(int c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static int take_number(cursor *c, int min, int max, int *out)
{
    int value = 0;

    if (!is_digit(peek(c)))
        return 0;
    while (is_digit(peek(c))) {
        value = value * 10 + (*c->at++ - '0');
        if (value > max)
            return 0;
    }
    *out = value;
    return value >= min;
}

/* [+|-]hh[:mm[:ss]], in seconds. */
static int take_clock(cursor *c, int max_hours, int32_t *out)
{
    int sign = peek(c) == '-' ? -1 : 1;
    int hours, minutes = 0, seconds = 0;

    if (peek(c) == '-' || peek(c) == '+')
        c->at++;
    if (!take_number(c, 0, max_hours, &hours) || (take(c, ':') && !take_number(c, 0, 59, &minutes)) ||
        (take(c, ':') && !take_number(c, 0, 59, &seconds)))
        return 0;
    *out = sign * (hours * 3600 + minutes * 60 + seconds);
    return 1;
}

/* Letters, or letters, digits and signs between < and >; at least three. */
static int take_name(cursor *c, char out[16])
{
    int quoted = take(c, '<');
    size_t size = 0;
    int next;

    for (next = peek(c); is_letter(next) || (quoted && (is_digit(next) || next == '+' || next == '-'));
         next = peek(c)) {
        if (size == 15)
            return 0;
        out[size++] = (char)next;
        c->at++;
    }
    out[size] = '\0';
    return size >= 3 && (!quoted || take(c, '>'));
}

/* POSIX counts offsets westward. */
static int take_offset(cursor *c, int32_t *offset)
{
    if (!take_clock(c, 24, offset))
        return 0;
    *offset = -*offset;
    return 1;
}

static int take_rule(cursor *c, rule *out)
{
    int good;

    if (take(c, 'J')) {
        out->kind = RULE_JULIAN;
        good = take_number(c, 1, 365, &out->day);
    } else if (take(c, 'M')) {
        out->kind = RULE_MONTH;
        good = take_number(c, 1, 12, &out->month) && take(c, '.') && take_number(c, 1, 5, &out->week) && take(c, '.') &&
               take_number(c, 0, 6, &out->day);
    } else {
        out->kind = RULE_DAY;
        good = take_number(c, 0, 365, &out->day);
    }
    out->time = 2 * 3600;
    return good && (!take(c, '/') || take_clock(c, 167, &out->time)); /* 167: RFC 9636, 3.3.1 */
}

/* An empty string says nothing about the time after the last transition, which then keeps its type. */
static int parse_tail(tripsage__zone *zone, const char *text, size_t size)
{
    cursor c = {text, text + size};

    if (size == 0)
        return 1;
    zone->has_tail = 1;
    if (!take_name(&c, zone->standard.name) || !take_offset(&c, &zone->standard.offset))
        return 0;
    if (c.at == c.end)
        return 1;
    zone->tail_has_dst = 1;
    zone->daylight.offset = zone->standard.offset + 3600;
    if (!take_name(&c, zone->daylight.name) || (peek(&c) != ',' && !take_offset(&c, &zone->daylight.offset)))
        return 0;
    return take(&c, ',') && take_rule(&c, &zone->to_daylight) && take(&c, ',') && take_rule(&c, &zone->to_standard) &&
           c.at == c.end;
}

/* ---- the file ---- */

static uint32_t read_u32(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static int64_t read_i64(const unsigned char *at)
{
    uint64_t bits = (uint64_t)read_u32(at) << 32 | read_u32(at + 4);
    int64_t value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

static int32_t read_i32(const unsigned char *at)
{
    uint32_t bits = read_u32(at);
    int32_t value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

typedef struct header {
    unsigned char version;
    uint64_t isut_count, isstd_count, leap_count, time_count, type_count, name_size;
} header;

static int read_header(header *out, const unsigned char *bytes, size_t size)
{
    if (size < HEADER_SIZE || memcmp(bytes, "TZif", 4) != 0)
        return 0;
    out->version = bytes[4];
    out->isut_count = read_u32(bytes + 20);
    out->isstd_count = read_u32(bytes + 24);
    out->leap_count = read_u32(bytes + 28);
    out->time_count = read_u32(bytes + 32);
    out->type_count = read_u32(bytes + 36);
    out->name_size = read_u32(bytes + 40);
    return 1;
}

/* Size of the data block that follows a header; the counts have 32 bits, so the sum cannot overflow. */
static uint64_t block_size(const header *h, unsigned time_size)
{
    return h->time_count * (time_size + 1) + h->type_count * 6 + h->name_size + h->leap_count * (time_size + 4) +
           h->isstd_count + h->isut_count;
}

static int types_are_good(const tripsage__zone *zone, size_t name_size)
{
    for (size_t i = 0; i < zone->type_count; i++) {
        const unsigned char *type = zone->types + 6 * i;
        int32_t offset = read_i32(type);

        if (offset < OFFSET_MIN || offset > OFFSET_MAX || type[4] > 1 || type[5] >= name_size ||
            !memchr(zone->names + type[5], '\0', name_size - type[5]))
            return 0;
    }
    return 1;
}

static int times_are_good(const tripsage__zone *zone)
{
    for (size_t i = 0; i < zone->time_count; i++)
        if (zone->indexes[i] >= zone->type_count ||
            (i > 0 && read_i64(zone->times + 8 * (i - 1)) >= read_i64(zone->times + 8 * i)))
            return 0;
    return 1;
}

/* Finds its way through zone->bytes; NULL, or what is wrong with them. */
static const char *map_file(tripsage__zone *zone)
{
    const unsigned char *at = zone->bytes;
    const unsigned char *end = zone->bytes + zone->size;
    const char *tail;
    const char *tail_end;
    header h;

    if (!read_header(&h, at, zone->size))
        return "no TZif header";
    if (h.version < '2')
        return "no 64-bit data";
    if (block_size(&h, 4) > zone->size - HEADER_SIZE)
        return "cut short";
    at += HEADER_SIZE + block_size(&h, 4);
    if (!read_header(&h, at, (size_t)(end - at)))
        return "no second header";
    at += HEADER_SIZE;
    if (block_size(&h, 8) > (uint64_t)(end - at))
        return "cut short";
    if (h.leap_count != 0)
        return "leap seconds";
    zone->time_count = (size_t)h.time_count;
    zone->type_count = (size_t)h.type_count;
    zone->times = at;
    zone->indexes = zone->times + 8 * zone->time_count;
    zone->types = zone->indexes + zone->time_count;
    zone->names = zone->types + 6 * zone->type_count;
    if (zone->type_count == 0 || !types_are_good(zone, (size_t)h.name_size) || !times_are_good(zone))
        return "wrong transitions";
    tail = (const char *)at + block_size(&h, 8);
    tail_end = tail < (const char *)end ? memchr(tail + 1, '\n', (size_t)((const char *)end - tail - 1)) : NULL;
    if (!tail_end || *tail != '\n' || !parse_tail(zone, tail + 1, (size_t)(tail_end - tail - 1)))
        return "wrong footer";
    return NULL;
}

static tripsage__zone *zone_alloc(size_t size)
{
    tripsage__zone *zone = tripsage__calloc(1, sizeof *zone + size);

    if (zone)
        zone->size = size;
    return zone;
}

tripsage_status tripsage__zone_parse(tripsage__zone **out, const void *bytes, size_t size)
{
    tripsage__zone *zone;
    const char *problem;

    *out = NULL;
    if (size > ZONE_FILE_MAX)
        return TRIPSAGE_FAIL(TRIPSAGE_EIO, "time zone data is damaged: too large");
    zone = zone_alloc(size);
    if (!zone)
        return TRIPSAGE_NOMEM();
    memcpy(zone->bytes, bytes, size);
    problem = map_file(zone);
    if (problem) {
        tripsage__zone_free(zone);
        return TRIPSAGE_FAIL(TRIPSAGE_EIO, "time zone data is damaged: %s", problem);
    }
    *out = zone;
    return TRIPSAGE_OK;
}

void tripsage__zone_free(tripsage__zone *zone)
{
    tripsage__free(zone);
}

/* A name that may become a path: parts of letters, digits, _ + -, joined by single slashes. Folders beside the zones hold the same zones
 * under other rules (right/ counts leap seconds) or whatever the machine is set to (localtime, posixrules); they are no names of the tz database. */
static int is_zone_name(const char *name)
{
    static const char *const strangers[] = {"posix/", "right/", "localtime", "posixrules"};
    size_t length = strnlen(name, TRIPSAGE__ZONE_NAME_SIZE);
    char before = '/';

    if (length == 0 || length == TRIPSAGE__ZONE_NAME_SIZE)
        return 0;
    for (size_t i = 0; i < sizeof strangers / sizeof strangers[0]; i++)
        if (strncmp(name, strangers[i], strlen(strangers[i])) == 0)
            return 0;
    for (const char *at = name; *at; before = *at++) {
        int allowed = is_letter(*at) || is_digit(*at) || *at == '_' || *at == '+' || *at == '-';

        if (!allowed && (*at != '/' || before == '/'))
            return 0;
    }
    return before != '/';
}

/* -1 with errno set; ENOENT for a name that is none. */
static int open_file(const char *name)
{
    char path[sizeof TRIPSAGE_ZONEINFO + 1 + TRIPSAGE__ZONE_NAME_SIZE];

    if (!name || !is_zone_name(name)) {
        errno = ENOENT;
        return -1;
    }
    snprintf(path, sizeof path, "%s/%s", TRIPSAGE_ZONEINFO, name);
    return open(path, O_RDONLY | O_CLOEXEC);
}

int tripsage__zone_exists(const char *name)
{
    char magic[4];
    int file = open_file(name);
    ssize_t size;
    int error;

    if (file < 0)
        return errno == ENOENT || errno == ENOTDIR ? 0 : -1;
    size = read(file, magic, sizeof magic);
    error = errno;
    close(file);
    if (size < 0 && error != EISDIR)
        return -1;
    return size == (ssize_t)sizeof magic && memcmp(magic, "TZif", 4) == 0;
}

static tripsage_status read_file(tripsage__zone **out, int file, const char *name)
{
    struct stat info;
    tripsage__zone *zone;
    const char *problem;

    if (fstat(file, &info) != 0)
        return TRIPSAGE_FAIL_NATIVE(TRIPSAGE_EIO, errno, "cannot read the time zone %s", name);
    if (S_ISDIR(info.st_mode))
        return TRIPSAGE_FAIL(TRIPSAGE_EINVALID, "no time zone is called %s", name);
    if (info.st_size < 0 || (uintmax_t)info.st_size > ZONE_FILE_MAX)
        return TRIPSAGE_FAIL(TRIPSAGE_EIO, "the file of the time zone %s is too large", name);
    zone = zone_alloc((size_t)info.st_size);
    if (!zone)
        return TRIPSAGE_NOMEM();
    if (read(file, zone->bytes, zone->size) != (ssize_t)zone->size) {
        tripsage__zone_free(zone);
        return TRIPSAGE_FAIL_NATIVE(TRIPSAGE_EIO, errno, "cannot read the time zone %s", name);
    }
    problem = map_file(zone);
    if (problem) {
        tripsage__zone_free(zone);
        return TRIPSAGE_FAIL(TRIPSAGE_EIO, "the file of the time zone %s is damaged: %s", name, problem);
    }
    *out = zone;
    return TRIPSAGE_OK;
}

tripsage_status tripsage__zone_open(tripsage__zone **out, const char *name)
{
    int file = open_file(name);
    tripsage_status status;

    *out = NULL;
    if (file < 0 && (errno == ENOENT || errno == ENOTDIR)) {
        return TRIPSAGE_FAIL(TRIPSAGE_EINVALID, "no time zone is called %.*s", TRIPSAGE__ZONE_NAME_SIZE,
                             name ? name : "");
    }
    if (file < 0)
        return TRIPSAGE_FAIL_NATIVE(TRIPSAGE_EIO, errno, "cannot open the time zone %s", name);
    status = read_file(out, file, name);
    close(file);
    return status;
}

/* ---- asking ---- */

static int64_t floor_div(int64_t value, int64_t by)
{
    return value / by - (value % by < 0);
}

static int year_of(int64_t seconds)
{
    int year, month, day;

    tripsage__civil_from_days((int32_t)floor_div(seconds, SECONDS_OF_DAY), &year, &month, &day);
    return year;
}

/* The day, counted from 1970, on which a rule falls in a year. */
static int32_t rule_day(const rule *r, int year)
{
    int32_t first = tripsage__days_from_civil(year, 1, 1);
    int32_t month, next_month, day;
    int leap = tripsage__days_from_civil(year, 3, 1) - first == 60;

    if (r->kind == RULE_DAY)
        return first + r->day;
    if (r->kind == RULE_JULIAN)
        return first + r->day - 1 + (leap && r->day >= 60);
    month = tripsage__days_from_civil(year, r->month, 1);
    next_month = tripsage__days_from_civil(r->month == 12 ? year + 1 : year, r->month % 12 + 1, 1);
    /* 1970-01-01 was a Thursday (4); the first such weekday of the month, then weeks on. */
    day = month + (r->day - (month % 7 + 7 + 4) % 7 + 7) % 7 + 7 * (r->week - 1);
    return day < next_month ? day : day - 7; /* week 5: the last one */
}

static int64_t rule_second(const rule *r, int year, int32_t offset)
{
    return rule_day(r, year) * SECONDS_OF_DAY + r->time - offset;
}

/* One change of clocks moves the period's bounds nearer to `seconds`. */
static void narrow(tripsage__zone_period *period, int64_t seconds, int64_t change)
{
    if (change <= seconds && change > period->start)
        period->start = change;
    if (change > seconds && change < period->end)
        period->end = change;
}

/* What the TZ string says. Daylight time lasts from the first rule to the next time of the second, in the same year or (south of the equator,
 * or in Ireland, whose daylight time is the winter) in the year after. Two years on each side, since the time of a rule may lie up to
 * a week outside its year. */
static void tail_at(const tripsage__zone *zone, int64_t seconds, tripsage__zone_period *period)
{
    const side *now = &zone->standard;
    int year;

    if (zone->tail_has_dst && seconds < RULE_REACH && seconds > -RULE_REACH) {
        year = year_of(seconds);
        for (int y = year - 2; y <= year + 2; y++) {
            int64_t start = rule_second(&zone->to_daylight, y, zone->standard.offset);
            int64_t end = rule_second(&zone->to_standard, y, zone->daylight.offset);

            if (end < start)
                end = rule_second(&zone->to_standard, y + 1, zone->daylight.offset);
            narrow(period, seconds, start);
            narrow(period, seconds, end);
            if (start <= seconds && seconds < end) {
                now = &zone->daylight;
                period->is_dst = 1;
            }
        }
    }
    period->offset = now->offset;
    memcpy(period->name, now->name, sizeof period->name);
}

static void type_at(const tripsage__zone *zone, size_t type, tripsage__zone_period *period)
{
    const unsigned char *at = zone->types + 6 * type;
    const char *name = (const char *)zone->names + at[5];
    size_t length = strnlen(name, sizeof period->name - 1);

    period->offset = read_i32(at);
    period->is_dst = at[4];
    memcpy(period->name, name, length);
}

void tripsage__zone_at(const tripsage__zone *zone, int64_t seconds, tripsage__zone_period *period)
{
    size_t low = 0; /* transitions before `low` have happened */
    size_t high = zone->time_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (read_i64(zone->times + 8 * middle) <= seconds)
            low = middle + 1;
        else
            high = middle;
    }
    memset(period, 0, sizeof *period);
    period->start = low > 0 ? read_i64(zone->times + 8 * (low - 1)) : INT64_MIN;
    period->end = low < zone->time_count ? read_i64(zone->times + 8 * low) : INT64_MAX;
    if (low == zone->time_count && zone->has_tail)
        tail_at(zone, seconds, period);
    else
        type_at(zone, low > 0 ? zone->indexes[low - 1] : 0, period);
}

/* Walks the periods in their order, beginning so early that the local time cannot have come yet. The first period that holds the local time is the
 * first of the two when it comes twice; a period that begins after it says that the clocks jumped over it. */
int64_t tripsage__zone_local(const tripsage__zone *zone, int32_t day, int minutes)
{
    int64_t local = day * SECONDS_OF_DAY + (int64_t)minutes * 60;
    tripsage__zone_period period;
    int32_t before;

    tripsage__zone_at(zone, local - OFFSET_MAX - 1, &period);
    before = period.offset;
    while (local - period.offset >= period.end) {
        before = period.offset;
        tripsage__zone_at(zone, period.end, &period);
    }
    return local - (local - period.offset >= period.start ? period.offset : before);
}

tripsage_status tripsage__zone_to_utc(int64_t *ms, const char *zone, int32_t day, int minutes)
{
    tripsage__zone *opened;
    tripsage_status status = tripsage__zone_open(&opened, zone);

    if (status != TRIPSAGE_OK)
        return status;
    *ms = tripsage__zone_local(opened, day, minutes) * 1000;
    tripsage__zone_free(opened);
    return TRIPSAGE_OK;
}

tripsage_status tripsage__zone_offset(int32_t *seconds, const char *zone, int64_t ms)
{
    tripsage__zone *opened;
    tripsage__zone_period period;
    tripsage_status status = tripsage__zone_open(&opened, zone);

    if (status != TRIPSAGE_OK)
        return status;
    tripsage__zone_at(opened, floor_div(ms, 1000), &period);
    *seconds = period.offset;
    tripsage__zone_free(opened);
    return TRIPSAGE_OK;
}
