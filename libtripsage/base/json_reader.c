/* base/json_reader.c: an input document read member by member, every complaint with its JSON Pointer. */
#include "json.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "calendar.h"
#include "currency.h"
#include "env.h"

/* ---- where we are ---- */

/* Appends "/name" (RFC 6901: ~ is ~0, / is ~1); a pointer too long for its place is cut, which costs a caller some depth of detail
 * and nothing else. */
static size_t append_token(char *pointer, size_t size, size_t length, const char *name)
{
    if (length + 1 < size)
        pointer[length++] = '/';
    for (; *name; name++) {
        if ((*name == '~' || *name == '/') && length + 2 < size) {
            pointer[length++] = '~';
            pointer[length++] = *name == '~' ? '0' : '1';
        } else if (length + 1 < size) {
            pointer[length++] = *name;
        }
    }
    pointer[length] = '\0';
    tripsage__end_with_character(pointer);
    return strlen(pointer);
}

void tripsage__reader_complain_at(tripsage__reader *r, const char *file, int line, const char *name, const char *format,
                                  ...)
{
    char pointer[sizeof r->pointer];
    char message[160];
    va_list arguments;

    memcpy(pointer, r->pointer, sizeof pointer);
    if (name[0])
        append_token(pointer, sizeof pointer, r->pointer_length, name);
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    tripsage__fields_add(file, line, pointer, "%s", message);
}

tripsage_status tripsage__reader_open(tripsage__reader *r, const char *text, size_t length)
{
    tripsage_status status;

    memset(r, 0, sizeof *r);
    status = tripsage__json_parse(&r->root, text, length);
    if (status != TRIPSAGE_OK)
        return status;
    r->node = r->root;
    tripsage__fields_begin();
    if (!tripsage__json_is_object(r->root)) {
        tripsage__reader_complain(r, "", "expected a JSON object");
        r->node = NULL;
    }
    return TRIPSAGE_OK;
}

void tripsage__reader_free(tripsage__reader *r)
{
    tripsage__json_free(r->root);
    r->root = NULL;
    r->node = NULL;
}

tripsage_status tripsage__reader_status(tripsage__reader *r)
{
    if (r->failed == TRIPSAGE_ENOMEM)
        return TRIPSAGE_NOMEM();
    if (r->failed)
        return TRIPSAGE_FAIL(r->failed, "the time zones of this machine cannot be read");
    return tripsage__fields_end();
}

static void push(tripsage__reader *r, const tripsage__json *node)
{
    if (r->depth < TRIPSAGE__READER_DEPTH_MAX) {
        r->stack[r->depth].node = r->node;
        r->stack[r->depth].pointer_length = r->pointer_length;
        r->stack[r->depth].known_count = r->known_count;
    }
    r->depth++;
    r->node = node;
}

void tripsage__reader_enter(tripsage__reader *r, const char *name, const tripsage__json *node)
{
    push(r, node);
    r->pointer_length = append_token(r->pointer, sizeof r->pointer, r->pointer_length, name);
}

void tripsage__reader_enter_index(tripsage__reader *r, const char *name, size_t index, const tripsage__json *node)
{
    char number[24];

    push(r, node);
    snprintf(number, sizeof number, "%zu", index);
    r->pointer_length = append_token(r->pointer, sizeof r->pointer, r->pointer_length, name);
    r->pointer_length = append_token(r->pointer, sizeof r->pointer, r->pointer_length, number);
    if (!tripsage__json_is_object(node)) {
        tripsage__reader_complain(r, "", "expected a JSON object");
        r->node = NULL;
    }
}

static int is_known(const tripsage__reader *r, size_t from, const char *name)
{
    for (size_t i = from; i < r->known_count; i++)
        if (strcmp(r->known[i], name) == 0)
            return 1;
    return 0;
}

void tripsage__reader_close_object(tripsage__reader *r)
{
    size_t level = r->depth ? r->depth - 1 : 0;
    size_t from = r->depth ? r->stack[level].known_count : 0;

    if (tripsage__json_is_object(r->node))
        for (const tripsage__json *member = tripsage__json_first(r->node); member; member = tripsage__json_next(member))
            if (!is_known(r, from, tripsage__json_name(member)))
                tripsage__reader_complain(r, tripsage__json_name(member), "there is no such member here");
    if (!r->depth)
        return;
    r->depth = level;
    r->node = r->stack[level].node;
    r->pointer_length = r->stack[level].pointer_length;
    r->known_count = r->stack[level].known_count;
    r->pointer[r->pointer_length] = '\0';
}

/* ---- members ---- */

void tripsage__read_ignored(tripsage__reader *r, const char *name)
{
    if (r->known_count < sizeof r->known / sizeof r->known[0])
        r->known[r->known_count++] = name;
}

/* Looks a member up: ABSENT, NULL_VALUE or PRESENT; a required one that is not there is told. */
static tripsage__found look(tripsage__reader *r, const char *name, int required, const tripsage__json **node)
{
    tripsage__read_ignored(r, name);
    *node = tripsage__json_is_object(r->node) ? tripsage__json_member(r->node, name) : NULL;
    if (*node && !tripsage__json_is_null(*node))
        return TRIPSAGE__PRESENT;
    if (required && r->node) {
        tripsage__reader_complain(r, name, *node ? "must not be null" : "is required");
        return TRIPSAGE__BAD;
    }
    return *node ? TRIPSAGE__NULL_VALUE : TRIPSAGE__ABSENT;
}

/* Characters, which in UTF-8 are the bytes that do not continue one. */
static size_t count_characters(const char *text)
{
    size_t count = 0;

    for (; *text; text++)
        count += ((unsigned char)*text & 0xc0) != 0x80;
    return count;
}

static tripsage__found look_text(tripsage__reader *r, const char *name, int required, const char *expected,
                                 const char **out)
{
    const tripsage__json *node;
    tripsage__found found = look(r, name, required, &node);

    if (found != TRIPSAGE__PRESENT)
        return found;
    *out = tripsage__json_text(node);
    if (!*out) {
        tripsage__reader_complain(r, name, "expected %s", expected);
        return TRIPSAGE__BAD;
    }
    return TRIPSAGE__PRESENT;
}

tripsage__found tripsage__read_text(tripsage__reader *r, const char *name, int required, size_t min, size_t max,
                                    const char **out)
{
    const char *text;
    tripsage__found found = look_text(r, name, required, "text", &text);
    size_t count;

    if (found != TRIPSAGE__PRESENT)
        return found;
    count = count_characters(text);
    if (count < min || count > max) {
        tripsage__reader_complain(r, name, "expected %zu to %zu characters, got %zu", min, max, count);
        return TRIPSAGE__BAD;
    }
    if (min && text[strspn(text, " \t\r\n")] == '\0') {
        tripsage__reader_complain(r, name, "must not be blank");
        return TRIPSAGE__BAD;
    }
    *out = text;
    return TRIPSAGE__PRESENT;
}

tripsage__found tripsage__read_int(tripsage__reader *r, const char *name, int required, int64_t min, int64_t max,
                                   int64_t *out)
{
    const tripsage__json *node;
    tripsage__found found = look(r, name, required, &node);
    double value = tripsage__json_number(node);

    if (found != TRIPSAGE__PRESENT)
        return found;
    if (!tripsage__json_is_number(node) || value != floor(value) || value < (double)min || value > (double)max) {
        tripsage__reader_complain(r, name, "expected a whole number from %lld to %lld", (long long)min, (long long)max);
        return TRIPSAGE__BAD;
    }
    *out = (int64_t)value;
    return TRIPSAGE__PRESENT;
}

tripsage__found tripsage__read_number(tripsage__reader *r, const char *name, int required, double min, double max,
                                      double *out)
{
    const tripsage__json *node;
    tripsage__found found = look(r, name, required, &node);
    double value = tripsage__json_number(node);

    if (found != TRIPSAGE__PRESENT)
        return found;
    if (!tripsage__json_is_number(node) || !(value >= min && value <= max)) {
        tripsage__reader_complain(r, name, "expected a number from %g to %g", min, max);
        return TRIPSAGE__BAD;
    }
    *out = value;
    return TRIPSAGE__PRESENT;
}

tripsage__found tripsage__read_bool(tripsage__reader *r, const char *name, int required, int *out)
{
    const tripsage__json *node;
    tripsage__found found = look(r, name, required, &node);

    if (found != TRIPSAGE__PRESENT)
        return found;
    if (!tripsage__json_is_bool(node)) {
        tripsage__reader_complain(r, name, "expected true or false");
        return TRIPSAGE__BAD;
    }
    *out = tripsage__json_true(node);
    return TRIPSAGE__PRESENT;
}

tripsage__found tripsage__read_word(tripsage__reader *r, const char *name, int required, const char *const *words,
                                    const char **out)
{
    char expected[128] = "";
    const char *text = NULL;
    const tripsage__json *node;
    tripsage__found found = look(r, name, required, &node);
    size_t length = 0;

    if (found != TRIPSAGE__PRESENT)
        return found;
    text = tripsage__json_text(node);
    for (const char *const *word = words; *word; word++) {
        if (text && strcmp(text, *word) == 0) {
            *out = *word;
            return TRIPSAGE__PRESENT;
        }
        length += (size_t)snprintf(expected + length, sizeof expected - length, "%s%s", length ? ", " : "", *word);
        if (length >= sizeof expected)
            length = sizeof expected - 1;
    }
    tripsage__reader_complain(r, name, "expected one of: %s", expected);
    return TRIPSAGE__BAD;
}

/* Text that a predicate accepts. */
static tripsage__found read_checked(tripsage__reader *r, const char *name, int required, int (*accept)(const char *),
                                    const char *expected, const char **out)
{
    const char *text;
    tripsage__found found = look_text(r, name, required, expected, &text);

    if (found != TRIPSAGE__PRESENT)
        return found;
    if (!accept(text)) {
        tripsage__reader_complain(r, name, "expected %s", expected);
        return TRIPSAGE__BAD;
    }
    *out = text;
    return TRIPSAGE__PRESENT;
}

static int is_date(const char *text)
{
    int32_t days;

    return tripsage__date_parse(text, &days);
}

static int is_time(const char *text)
{
    int minutes;

    return tripsage__time_parse(text, &minutes);
}

static int is_currency(const char *text)
{
    return tripsage__currency_find(text) != NULL;
}

tripsage__found tripsage__read_date(tripsage__reader *r, const char *name, int required, const char **out)
{
    return read_checked(r, name, required, is_date, "a date YYYY-MM-DD from 1900 to 2200", out);
}

tripsage__found tripsage__read_time(tripsage__reader *r, const char *name, int required, const char **out)
{
    return read_checked(r, name, required, is_time, "a local time HH:MM", out);
}

tripsage__found tripsage__read_zone(tripsage__reader *r, const char *name, int required, const char **out)
{
    static const char expected[] = "an IANA time zone such as Asia/Tokyo";
    const char *text;
    tripsage__found found = look_text(r, name, required, expected, &text);
    int exists;

    if (found != TRIPSAGE__PRESENT)
        return found;
    exists = r->zone && strcmp(r->zone, text) == 0 ? 1 : tripsage__zone_exists(text);
    if (exists == 1) {
        *out = r->zone = text;
        return TRIPSAGE__PRESENT;
    }
    if (exists < 0)
        r->failed = TRIPSAGE_EIO;
    else
        tripsage__reader_complain(r, name, "expected %s", expected);
    return TRIPSAGE__BAD;
}

tripsage__found tripsage__read_currency(tripsage__reader *r, const char *name, int required, const char **out)
{
    return read_checked(r, name, required, is_currency, "an ISO 4217 currency code such as EUR", out);
}

tripsage__found tripsage__read_uuid(tripsage__reader *r, const char *name, int required, char out[37])
{
    const char *text;
    tripsage__found found = look_text(r, name, required, "a UUID", &text);

    if (found == TRIPSAGE__PRESENT && !tripsage__uuid_parse(text, out)) {
        tripsage__reader_complain(r, name, "expected a UUID");
        return TRIPSAGE__BAD;
    }
    return found;
}

tripsage__found tripsage__read_object(tripsage__reader *r, const char *name, int required, size_t max,
                                      const tripsage__json **out)
{
    const tripsage__json *node;
    tripsage__found found = look(r, name, required, &node);
    tripsage__buf written = TRIPSAGE__BUF_INIT(max + 1);

    if (found != TRIPSAGE__PRESENT)
        return found;
    if (!tripsage__json_is_object(node)) {
        tripsage__reader_complain(r, name, "expected an object");
        return TRIPSAGE__BAD;
    }
    if (max) {
        tripsage__json_put(&written, node);
        if (written.failed == TRIPSAGE_ETOOLARGE) {
            tripsage__reader_complain(r, name, "expected an object of at most %zu bytes", max);
            found = TRIPSAGE__BAD;
        } else if (written.failed) {
            r->failed = TRIPSAGE_ENOMEM;
        }
        tripsage__buf_free(&written);
    }
    *out = node;
    return found;
}

tripsage__found tripsage__read_array(tripsage__reader *r, const char *name, int required, size_t min, size_t max,
                                     const tripsage__json **out)
{
    const tripsage__json *node;
    tripsage__found found = look(r, name, required, &node);
    size_t count = tripsage__json_count(node);

    if (found != TRIPSAGE__PRESENT)
        return found;
    if (!tripsage__json_is_array(node) || count < min || count > max) {
        tripsage__reader_complain(r, name, "expected an array of %zu to %zu elements", min, max);
        return TRIPSAGE__BAD;
    }
    *out = node;
    return TRIPSAGE__PRESENT;
}
