/* metadata.c: see metadata.h. */
#include "metadata.h"

#include <math.h>
#include <string.h>

#include <tripsage/doc.h>

#include "base/json.h"

static void put_member(tripsage__buf *out, const tripsage__json *member)
{
    tripsage__json_put_string(out, tripsage__json_name(member));
    tripsage__buf_putc(out, ':');
    if (tripsage__json_is_string(member))
        tripsage__json_put_string(out, tripsage__json_text(member));
    else if (tripsage__json_is_number(member))
        tripsage__json_put_number(out, tripsage__json_number(member));
    else if (tripsage__json_true(member))
        TRIPSAGE__LIT(out, "true");
    else
        TRIPSAGE__LIT(out, "false");
}

static int is_plain(const tripsage__json *member)
{
    return tripsage__json_is_string(member) || tripsage__json_is_bool(member) ||
           (tripsage__json_is_number(member) && isfinite(tripsage__json_number(member)));
}

static tripsage_status put_object(tripsage__buf *out, const tripsage__json *object, const char *field)
{
    const char *separator = "";

    if (!tripsage__json_is_object(object))
        return TRIPSAGE_FAIL_FIELD(field, "expected a JSON object");
    tripsage__buf_putc(out, '{');
    for (const tripsage__json *m = tripsage__json_first(object); m; m = tripsage__json_next(m)) {
        if (!is_plain(m))
            return TRIPSAGE_FAIL_FIELD(field, "member %.40s is not a text, a number or a bool", tripsage__json_name(m));
        tripsage__buf_puts(out, separator);
        put_member(out, m);
        separator = ",";
    }
    tripsage__buf_putc(out, '}');
    return tripsage__buf_status(out);
}

tripsage_status tripsage__metadata_put(tripsage__buf *out, const char *json, const char *field)
{
    tripsage__json *object = NULL;
    tripsage_status status;

    if (!json) {
        TRIPSAGE__LIT(out, "{}");
        return tripsage__buf_status(out);
    }
    if (strlen(json) > TRIPSAGE__METADATA_MAX)
        return TRIPSAGE_FAIL_FIELD(field, "at most %zu bytes", TRIPSAGE__METADATA_MAX);
    status = tripsage__json_parse(&object, json, TRIPSAGE_NUL);
    if (status == TRIPSAGE_ENOMEM)
        return status;
    if (status != TRIPSAGE_OK)
        return TRIPSAGE_FAIL_FIELD(field, "not a JSON object");
    status = put_object(out, object, field);
    tripsage__json_free(object);
    return status;
}

/* ---- matching ---- */

/* Where the member that begins at `at` ends: at the comma or the brace behind its value. */
static const char *member_end(const char *at, const char *end)
{
    int in_string = 0;

    for (; at < end; at++) {
        if (in_string && *at == '\\')
            at++;
        else if (*at == '"')
            in_string = !in_string;
        else if (!in_string && (*at == ',' || *at == '}'))
            break;
    }
    return at;
}

size_t tripsage__metadata_next(const char **at, const char *end, const char **member)
{
    const char *stop = member_end(*at, end);

    *member = *at;
    *at = stop < end && *stop == ',' ? stop + 1 : end;
    return (size_t)(stop - *member);
}

static int has_member(const char *metadata, size_t size, const char *wanted, size_t wanted_size)
{
    const char *end = metadata + size;
    const char *member;

    for (const char *at = metadata + 1; at < end;) {
        size_t member_size = tripsage__metadata_next(&at, end, &member);

        if (member_size == wanted_size && memcmp(member, wanted, wanted_size) == 0)
            return 1;
    }
    return 0;
}

int tripsage__metadata_matches(const char *metadata, size_t size, const char *filter, size_t filter_size)
{
    const char *end = filter + filter_size;
    const char *wanted;

    for (const char *at = filter + 1; at < end;) {
        size_t wanted_size = tripsage__metadata_next(&at, end, &wanted);

        if (wanted_size && !has_member(metadata, size, wanted, wanted_size))
            return 0;
    }
    return 1;
}
