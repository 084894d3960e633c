/* scan.c: see scan.h. */
#include "scan.h"

#include <inttypes.h>
#include <stdio.h>

/* How many items a step visits when it is not told: as in Redis. */
#define COUNT_DEFAULT 10

int tripsage__scan_cursor(tripsage__scan *scan, tripsage__command *c, size_t at)
{
    const unsigned char *text = c->args[at].data;
    uint64_t value = 0;
    int good = c->args[at].size > 0;

    for (size_t i = 0; i < c->args[at].size && good; i++)
        good = text[i] >= '0' && text[i] <= '9' && !__builtin_mul_overflow(value, (uint64_t)10, &value) &&
               !__builtin_add_overflow(value, (uint64_t)(text[i] - '0'), &value);
    *scan = (tripsage__scan){.cursor = value, .count = COUNT_DEFAULT};
    if (!good)
        tripsage__reply_error(c->reply, "ERR invalid cursor");
    return good;
}

/* An option without a value. */
static int is_flag(tripsage__scan *scan, tripsage__cache_bytes word, unsigned allowed)
{
    if ((allowed & TRIPSAGE__SCAN_TYPES) && tripsage__command_is(word, "WITHTYPE"))
        return scan->with_type = 1;
    if ((allowed & TRIPSAGE__SCAN_NO_VALUES) && tripsage__command_is(word, "NOVALUES"))
        return scan->no_values = 1;
    return 0;
}

static int take_count(tripsage__scan *scan, tripsage__command *c, size_t at)
{
    int64_t count;

    if (!tripsage__command_integer(c, at, &count))
        return 0;
    scan->count = (size_t)count;
    if (count < 1)
        tripsage__command_syntax(c);
    return count >= 1;
}

int tripsage__scan_options(tripsage__scan *scan, tripsage__command *c, size_t first, unsigned allowed)
{
    for (size_t i = first; i < c->count; i++) {
        tripsage__cache_bytes word = c->args[i];
        int has_value = i + 1 < c->count;

        if (is_flag(scan, word, allowed))
            continue;
        i++;
        if (has_value && tripsage__command_is(word, "COUNT")) {
            if (!take_count(scan, c, i))
                return 0;
        } else if (has_value && tripsage__command_is(word, "MATCH")) {
            scan->pattern = c->args[i];
        } else if (has_value && (allowed & TRIPSAGE__SCAN_TYPES) && tripsage__command_is(word, "TYPE")) {
            scan->type = c->args[i];
        } else {
            tripsage__command_syntax(c);
            return 0;
        }
    }
    return 1;
}

void tripsage__scan_begin(tripsage__scan *scan, tripsage__command *c)
{
    tripsage__reply_array(c->reply, 2);
    tripsage__reply_nil(c->reply); /* for the cursor, which is not known yet */
    scan->begun = tripsage__reply_begin(c->reply);
}

int tripsage__scan_wants(const tripsage__scan *scan, tripsage__cache_bytes name)
{
    return !scan->pattern.data || tripsage__command_matches(scan->pattern, name);
}

void tripsage__scan_end(const tripsage__scan *scan, tripsage__command *c, uint64_t next)
{
    char text[24];
    int size = snprintf(text, sizeof text, "%" PRIu64, next);

    tripsage__reply_end(c->reply, scan->begun);
    tripsage__reply_late(c->reply, scan->begun - 2, text, (size_t)size);
}
