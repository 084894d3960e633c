/* query.c: the part of a URL after the "?" (see routes.h). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "respond.h"
#include "router.h"

int query_split(request *r)
{
    const char *p = r->query;

    while (*p) {
        size_t length = strcspn(p, "&"), name = strcspn(p, "=&");
        pair *member = &r->members[r->member_count];

        if (length) {
            int has_value = name < length;

            if (r->member_count == QUERY_MAX || !url_decode(r, p, name, 1, &member->name) ||
                !url_decode(r, p + name + has_value, length - name - (size_t)has_value, 1, &member->value))
                return 0;
            r->member_count++;
        }
        p += length;
        p += *p == '&';
    }
    return 1;
}

static const text *find(const request *r, const char *name)
{
    for (size_t i = 0; i < r->member_count; i++)
        if (strcmp(r->members[i].name.data, name) == 0)
            return &r->members[i].value;
    return NULL;
}

static size_t times_given(const request *r, const char *name)
{
    size_t times = 0;

    for (size_t i = 0; i < r->member_count; i++)
        times += strcmp(r->members[i].name.data, name) == 0;
    return times;
}

static int is_integer(const char *value, int64_t *out)
{
    size_t sign = value[0] == '-', digits = strspn(value + sign, "0123456789");

    if (digits == 0 || digits > 18 || value[sign + digits])
        return 0;
    *out = strtoll(value, NULL, 10);
    return 1;
}

static int is_number(const char *value, double *out)
{
    char *end;

    if (value[strspn(value, "-.0123456789")] || !strpbrk(value, "0123456789"))
        return 0;
    *out = strtod(value, &end);
    return *end == '\0';
}

static int is_boolean(const char *value, int *out)
{
    *out = strcmp(value, "true") == 0 || strcmp(value, "1") == 0;
    return *out || strcmp(value, "false") == 0 || strcmp(value, "0") == 0;
}

/* The shape only; whether the day exists is the library's to say. */
static int is_date(const char *value)
{
    static const char shape[] = "dddd-dd-dd";

    for (size_t i = 0; i < sizeof shape; i++)
        if (shape[i] == 'd' ? value[i] < '0' || value[i] > '9' : value[i] != shape[i])
            return 0;
    return 1;
}

static int find_word(const char *value, const char *words)
{
    size_t wanted = strlen(value);

    for (int index = 0; *words; index++) {
        size_t length = strcspn(words, " ");

        if (length == wanted && memcmp(words, value, length) == 0)
            return index;
        words += length;
        words += strspn(words, " ");
    }
    return -1;
}

static size_t count_characters(const text *value)
{
    size_t characters = 0;

    for (size_t i = 0; i < value->length; i++)
        characters += ((unsigned char)value->data[i] & 0xc0) != 0x80;
    return characters;
}

static int is_acceptable(const parameter *p, const text *value)
{
    int64_t number;
    double fraction;
    int boolean;
    size_t characters;

    switch (p->type) {
    case PARAMETER_INTEGER:
        return is_integer(value->data, &number) && number >= p->min && number <= p->max;
    case PARAMETER_NUMBER:
        return is_number(value->data, &fraction) && fraction >= (double)p->min && fraction <= (double)p->max;
    case PARAMETER_BOOLEAN:
        return is_boolean(value->data, &boolean);
    case PARAMETER_DATE:
        return is_date(value->data);
    case PARAMETER_WORD:
        return find_word(value->data, p->words) >= 0;
    case PARAMETER_TEXT:
    default:
        characters = count_characters(value);
        return (int64_t)characters >= p->min && (int64_t)characters <= p->max;
    }
}

static void complain(request *r, const parameter *p)
{
    char pointer[sizeof r->errors[0].pointer];

    snprintf(pointer, sizeof pointer, "#%s", p->name);
    switch (p->type) {
    case PARAMETER_INTEGER:
        request_complain(r, pointer, "expected a whole number from %lld to %lld", (long long)p->min, (long long)p->max);
        break;
    case PARAMETER_NUMBER:
        request_complain(r, pointer, "expected a number from %lld to %lld", (long long)p->min, (long long)p->max);
        break;
    case PARAMETER_BOOLEAN:
        request_complain(r, pointer, "expected true or false");
        break;
    case PARAMETER_DATE:
        request_complain(r, pointer, "expected a date such as 2026-05-01");
        break;
    case PARAMETER_WORD:
        request_complain(r, pointer, "expected one of: %s", p->words);
        break;
    case PARAMETER_TEXT:
    default:
        request_complain(r, pointer, "expected %lld to %lld characters", (long long)p->min, (long long)p->max);
    }
}

int query_check(request *r)
{
    for (const parameter *p = r->route->query; p && p->name; p++) {
        const text *value = find(r, p->name);
        size_t times = value ? times_given(r, p->name) : 0;

        if (times == 0 ? p->required : times > 1 || !is_acceptable(p, value))
            complain(r, p);
    }
    if (r->error_count == 0)
        return 1;
    respond_invalid(r);
    return 0;
}

const char *query_text(const request *r, const char *name, const char *fallback)
{
    const text *value = find(r, name);

    return value ? value->data : fallback;
}

int64_t query_integer(const request *r, const char *name, int64_t fallback)
{
    const text *value = find(r, name);
    int64_t number;

    return value && is_integer(value->data, &number) ? number : fallback;
}

double query_number(const request *r, const char *name, double fallback)
{
    const text *value = find(r, name);
    double number;

    return value && is_number(value->data, &number) ? number : fallback;
}

int query_boolean(const request *r, const char *name, int fallback)
{
    const text *value = find(r, name);
    int boolean;

    return value && is_boolean(value->data, &boolean) ? boolean : fallback;
}

int query_word(const request *r, const char *name, const char *words, int fallback)
{
    const text *value = find(r, name);
    int index = value ? find_word(value->data, words) : -1;

    return index >= 0 ? index : fallback;
}
