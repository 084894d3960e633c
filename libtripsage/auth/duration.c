/* auth/duration.c: durations as Go writes them, which is how Supabase Auth takes the length of a ban. */
#include <stdio.h>
#include <string.h>

#include "auth/admin.h"

#define DURATION_MAX ((uint64_t)INT64_MAX) /* nanoseconds: 292 years */

static const struct {
    const char *name;
    uint64_t ns;
} units[] = {
    {"ns", 1},       {"us", 1000},      {"\xc2\xb5s", 1000},          {"\xce\xbcs", 1000},
    {"ms", 1000000}, {"s", 1000000000}, {"m", UINT64_C(60000000000)}, {"h", UINT64_C(3600000000000)},
};

static uint64_t unit_of(const char *text, size_t length)
{
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strlen(units[i].name) == length && memcmp(units[i].name, text, length) == 0)
            return units[i].ns;
    return 0;
}

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads digits; a number beyond the longest duration is that and one. */
static uint64_t take_digits(const char **at)
{
    uint64_t value = 0;

    for (; is_digit(**at); (*at)++)
        value = value > DURATION_MAX / 10 ? DURATION_MAX + 1 : value * 10 + (uint64_t)(**at - '0');
    return value;
}

/* Of a unit, in its parts: ".5" of an hour. Digits beyond its nanoseconds do not count. */
static uint64_t take_fraction(const char **at, uint64_t unit)
{
    double part = 0, scale = (double)unit;

    for (; is_digit(**at); (*at)++) {
        scale /= 10;
        part += scale * (**at - '0');
    }
    return (uint64_t)part;
}

enum { GOOD, INVALID, NO_UNIT, UNKNOWN_UNIT };

/* One number with its unit. */
static int take_part(const char **at, uint64_t *total, const char **unit, size_t *unit_length)
{
    const char *start = *at, *fraction;
    uint64_t whole = take_digits(at), ns;
    int digits = *at != start;

    fraction = *at;
    if (**at == '.') {
        fraction = ++*at;
        while (is_digit(**at))
            (*at)++;
        digits += *at != fraction;
    }
    if (!digits)
        return INVALID;
    *unit = *at;
    while (**at && **at != '.' && !is_digit(**at))
        (*at)++;
    *unit_length = (size_t)(*at - *unit);
    if (*unit_length == 0)
        return NO_UNIT;
    ns = unit_of(*unit, *unit_length);
    if (!ns)
        return UNKNOWN_UNIT;
    if (whole > DURATION_MAX / ns)
        return INVALID;
    *total += whole * ns + take_fraction(&fraction, ns);
    return *total > DURATION_MAX ? INVALID : GOOD;
}

static void complain(char out[TRIPSAGE__DURATION_COMPLAINT_SIZE], int found, const char *text, const char *unit,
                     size_t unit_length)
{
    char all[64], name[32]; /* as much of them as an error has room for */

    snprintf(all, sizeof all, "%s", text);
    snprintf(name, sizeof name, "%.*s", unit_length < sizeof name ? (int)unit_length : (int)sizeof name - 1, unit);
    tripsage__end_with_character(all);
    tripsage__end_with_character(name);
    if (found == NO_UNIT)
        snprintf(out, TRIPSAGE__DURATION_COMPLAINT_SIZE, "time: missing unit in duration \"%s\"", all);
    else if (found == UNKNOWN_UNIT)
        snprintf(out, TRIPSAGE__DURATION_COMPLAINT_SIZE, "time: unknown unit \"%s\" in duration \"%s\"", name, all);
    else
        snprintf(out, TRIPSAGE__DURATION_COMPLAINT_SIZE, "time: invalid duration \"%s\"", all);
}

int tripsage__duration_parse(int64_t *ms, char complaint[TRIPSAGE__DURATION_COMPLAINT_SIZE], const char *text)
{
    const char *at = text + (*text == '-' || *text == '+'), *unit = "";
    size_t unit_length = 0;
    uint64_t total = 0;
    int found = *at ? GOOD : INVALID;

    if (strcmp(at, "0") == 0) {
        *ms = 0;
        return 1;
    }
    while (found == GOOD && *at)
        found = take_part(&at, &total, &unit, &unit_length);
    *ms = (int64_t)(total / 1000000) * (*text == '-' ? -1 : 1);
    if (found != GOOD)
        complain(complaint, found, text, unit, unit_length);
    return found == GOOD;
}

int tripsage__ban_parse(int64_t *until, char complaint[TRIPSAGE__DURATION_COMPLAINT_SIZE], const char *text,
                        int64_t now_ms)
{
    int64_t ms;

    *until = 0;
    if (strcmp(text, "none") == 0)
        return 1;
    if (!tripsage__duration_parse(&ms, complaint, text))
        return 0;
    *until = ms > -now_ms ? now_ms + ms : 1; /* both are far from the end of their type; 0 would be none */
    return 1;
}
