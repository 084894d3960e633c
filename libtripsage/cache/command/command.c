/* command.c: what handlers have in common: see command.h. */
#include "command.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"

/* Longest text that is read as a double, and its NUL: as Redis takes them. */
#define DOUBLE_TEXT_SIZE 256u

/* ---- arguments ---- */

int tripsage__command_is(tripsage__cache_bytes argument, const char *word)
{
    const unsigned char *text = argument.data;

    for (size_t i = 0; i < argument.size; i++) {
        int c = text[i] >= 'a' && text[i] <= 'z' ? text[i] - 'a' + 'A' : text[i];

        if (c != (unsigned char)word[i] || word[i] == '\0')
            return 0;
    }
    return word[argument.size] == '\0';
}

int tripsage__command_parse_integer(tripsage__cache_bytes text, int64_t *out)
{
    const unsigned char *p = text.data;
    const unsigned char *end = p + text.size;
    int negative = p < end && *p == '-';
    int64_t value = 0;

    p += negative;
    if (p == end || end - p > (int)TRIPSAGE__CACHE_INTEGER_MAX || (*p == '0' && (negative || end - p > 1)))
        return 0;
    for (; p < end; p++) {
        if (*p < '0' || *p > '9')
            return 0;
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_sub_overflow(value, *p - '0', &value))
            return 0; /* counted downwards: the smallest integer has no positive twin */
    }
    *out = value;
    return negative || !__builtin_sub_overflow((int64_t)0, value, out);
}

/* A text as strtod may see it, with a NUL; 0: no number looks like that. */
static int copy_number(char *out, size_t size, tripsage__cache_bytes text)
{
    if (text.size == 0 || text.size >= size || strchr(" \t\n\v\f\r", *(const char *)text.data) ||
        memchr(text.data, '\0', text.size))
        return 0;
    memcpy(out, text.data, text.size);
    out[text.size] = '\0';
    return 1;
}

int tripsage__command_parse_double(tripsage__cache_bytes text, double *out)
{
    char copy[DOUBLE_TEXT_SIZE];
    char *end;

    if (!copy_number(copy, sizeof copy, text))
        return 0;
    errno = 0;
    *out = strtod(copy, &end);
    return *end == '\0' && !isnan(*out) && !(errno == ERANGE && (*out == 0 || isinf(*out)));
}

int tripsage__command_parse_float(tripsage__cache_bytes text, long double *out)
{
    char copy[TRIPSAGE__COMMAND_FLOAT_SIZE];
    char *end;

    if (!copy_number(copy, sizeof copy, text))
        return 0;
    errno = 0;
    *out = strtold(copy, &end);
    return *end == '\0' && !isnan(*out) && !(errno == ERANGE && (*out == 0 || isinf(*out)));
}

size_t tripsage__command_print_float(char out[TRIPSAGE__COMMAND_FLOAT_SIZE], long double value)
{
    int length = snprintf(out, TRIPSAGE__COMMAND_FLOAT_SIZE, "%.17Lf", value);
    size_t size = length < 0 ? 0 : (size_t)length;

    while (size && out[size - 1] == '0')
        size--;
    if (size && out[size - 1] == '.')
        size--;
    if (size == 2 && memcmp(out, "-0", 2) == 0)
        out[--size - 1] = '0';
    return size;
}

int tripsage__command_integer(tripsage__command *c, size_t at, int64_t *out)
{
    if (tripsage__command_parse_integer(c->args[at], out))
        return 1;
    tripsage__reply_error(c->reply, "ERR value is not an integer or out of range");
    return 0;
}

int tripsage__command_at_least(tripsage__command *c, size_t at, int64_t min, const char *error, int64_t *out)
{
    if (tripsage__command_parse_integer(c->args[at], out) && *out >= min)
        return 1;
    tripsage__reply_error(c->reply, "%s", error);
    return 0;
}

int tripsage__command_random_count(tripsage__command *c, size_t at, int64_t *out)
{
    if (!tripsage__command_integer(c, at, out))
        return 0;
    if (*out != INT64_MIN)
        return 1;
    tripsage__reply_error(c->reply, "ERR value is out of range, value must between %" PRId64 " and %" PRId64,
                          -INT64_MAX, INT64_MAX);
    return 0;
}

int tripsage__command_double(tripsage__command *c, size_t at, double *out)
{
    if (tripsage__command_parse_double(c->args[at], out))
        return 1;
    tripsage__reply_error(c->reply, "ERR value is not a valid float");
    return 0;
}

int tripsage__command_instant(tripsage__command *c, size_t at, int64_t unit, int64_t from, int64_t *out)
{
    if (!tripsage__command_integer(c, at, out))
        return 0;
    if (!__builtin_mul_overflow(*out, unit, out) && !__builtin_add_overflow(*out, from, out)) {
        *out -= *out == TRIPSAGE__CACHE_FOREVER;
        return 1;
    }
    tripsage__command_invalid_expire(c);
    return 0;
}

int tripsage__command_clamp(int64_t *first, int64_t *last, int64_t size)
{
    *first = *first < 0 ? *first + size : *first;
    *last = *last < 0 ? *last + size : *last;
    *first = *first < 0 ? 0 : *first;
    *last = *last < 0 ? 0 : *last >= size ? size - 1 : *last;
    return *first <= *last && size > 0;
}

int tripsage__command_range(int64_t *first, int64_t *last, int64_t size)
{
    return !(*first < 0 && *last < 0 && *first > *last) && tripsage__command_clamp(first, last, size);
}

/* ---- patterns ---- */

/* Whether a character is in the class that begins behind "[" at *at; moves *at to its "]", or to the end where there is none. */
static int in_class(const unsigned char *pattern, size_t size, size_t *at, unsigned char c)
{
    int inverted = *at < size && pattern[*at] == '^', found = 0;

    *at += (size_t)inverted;
    for (; *at < size && pattern[*at] != ']'; ++*at) {
        if (pattern[*at] == '\\' && *at + 1 < size) {
            ++*at;
            found |= pattern[*at] == c;
        } else if (*at + 2 < size && pattern[*at + 1] == '-' && pattern[*at + 2] != ']') {
            unsigned char from = pattern[*at], to = pattern[*at + 2];

            found |= from <= to ? c >= from && c <= to : c >= to && c <= from;
            *at += 2;
        } else {
            found |= pattern[*at] == c;
        }
    }
    return found != inverted;
}

/* Without recursion: after a mismatch only the last star can take one character more. */
int tripsage__command_matches(tripsage__cache_bytes pattern, tripsage__cache_bytes text)
{
    const unsigned char *p = pattern.data, *t = text.data;
    size_t i = 0, j = 0, star = SIZE_MAX, taken = 0;

    while (j < text.size) {
        size_t next = i;
        int fits;

        if (i < pattern.size && p[i] == '*') {
            star = i++;
            taken = j;
            continue;
        }
        if (i == pattern.size) {
            fits = 0;
        } else if (p[i] == '[') {
            next = i + 1;
            fits = in_class(p, pattern.size, &next, t[j]);
            if (next >= pattern.size)
                next = pattern.size - 1;
        } else {
            next += p[i] == '\\' && i + 1 < pattern.size;
            fits = p[i] == '?' || p[next] == t[j];
        }
        if (fits) {
            i = next + 1;
            j++;
        } else if (star != SIZE_MAX) {
            i = star + 1;
            j = ++taken;
        } else {
            return 0;
        }
    }
    while (i < pattern.size && p[i] == '*')
        i++;
    return i == pattern.size;
}

/* ---- values ---- */

static tripsage__entry *find(tripsage__command *c, tripsage__cache_bytes key, int *failed)
{
    tripsage__entry *entry = tripsage__keyspace_find(c->space, key, failed);

    if (*failed)
        tripsage__command_failed(c, TRIPSAGE_ENOMEM);
    return entry;
}

static int is_of(tripsage__command *c, const tripsage__entry *entry, const tripsage__object_type *type)
{
    const tripsage__object *object = tripsage__entry_object(entry);

    if (object ? object->type == type : !type)
        return 1;
    tripsage__reply_error(c->reply, "WRONGTYPE Operation against a key holding the wrong kind of value");
    return 0;
}

/* What an item takes beside its bytes, at most: a sorted set's node, with its levels and its place in a table. */
#define ITEM_OVERHEAD 128u

int tripsage__command_may_grow(tripsage__command *c, const tripsage__object *object)
{
    size_t more = 0;

    for (size_t i = 1; i < c->count; i++)
        more += c->args[i].size + ITEM_OVERHEAD;
    if (object->bytes + more <= c->space->memory->cost_max)
        return 1;
    tripsage__command_failed(c, TRIPSAGE_ETOOLARGE);
    return 0;
}

int tripsage__command_string(tripsage__command *c, tripsage__cache_bytes key, tripsage__entry **out)
{
    int failed;

    *out = find(c, key, &failed);
    if (!*out)
        return !failed;
    return is_of(c, *out, NULL);
}

int tripsage__command_object(tripsage__command *c, tripsage__cache_bytes key, const tripsage__object_type *type,
                             tripsage__object **out)
{
    int failed;
    tripsage__entry *entry = find(c, key, &failed);

    *out = NULL;
    if (!entry)
        return !failed;
    if (!is_of(c, entry, type))
        return 0;
    *out = tripsage__entry_object(entry);
    return !(c->spec->flags & TRIPSAGE__COMMAND_GROWS) || tripsage__command_may_grow(c, *out);
}

void tripsage__command_store(tripsage__command *c, tripsage__cache_bytes key, tripsage__object *object)
{
    size_t count = object->type->count(object);
    tripsage_status status = TRIPSAGE_OK;

    if (count > 0) {
        status = tripsage__keyspace_put(c->space, key, object, TRIPSAGE__CACHE_FOREVER);
    } else {
        object->type->free(object);
        (void)tripsage__keyspace_remove(c->space, key);
    }
    if (status == TRIPSAGE_OK)
        tripsage__reply_integer(c->reply, (int64_t)count);
    else
        tripsage__command_failed(c, status);
}

/* ---- replies ---- */

void tripsage__command_failed(tripsage__command *c, tripsage_status status)
{
    if (status == TRIPSAGE_ETOOLARGE)
        tripsage__reply_error(
            c->reply, "OOM command not allowed: the value would take more than an eighth of the cache, or %u bytes",
            TRIPSAGE_CACHE_VALUE_MAX);
    else
        tripsage__reply_error(c->reply, "OOM command not allowed: there is no memory for it");
}

void tripsage__command_syntax(tripsage__command *c)
{
    tripsage__reply_error(c->reply, "ERR syntax error");
}

const char *tripsage__command_name(const tripsage__command *c, char name[32])
{
    size_t i = 0;

    for (; c->spec->name[i] && i < 31; i++)
        name[i] = (char)(c->spec->name[i] >= 'A' && c->spec->name[i] <= 'Z' ? c->spec->name[i] - 'A' + 'a'
                                                                            : c->spec->name[i]);
    name[i] = '\0';
    return name;
}

void tripsage__command_arity(tripsage__command *c)
{
    char name[32];

    tripsage__reply_error(c->reply, "ERR wrong number of arguments for '%s' command", tripsage__command_name(c, name));
}

void tripsage__command_invalid_expire(tripsage__command *c)
{
    char name[32];

    tripsage__reply_error(c->reply, "ERR invalid expire time in '%s' command", tripsage__command_name(c, name));
}

uint64_t tripsage__command_chance(tripsage__command *c)
{
    return tripsage__commands_chance(c->commands);
}
