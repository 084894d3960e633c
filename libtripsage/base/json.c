/* base/json.c: JSON trees over cJSON, with what cJSON does not check. */
#include "json.h"

#include <cjson/cJSON.h>
#include <math.h>

#include <tripsage/doc.h>

#include "memory.h"

/* ---- a strict first look at the bytes ----
 * cJSON is forgiving: it takes control characters and broken UTF-8 in strings, numbers such as 01 and 1., and recurses as deep
 * as it is asked to. This pass refuses those; what is left to cJSON is the grammar between the tokens. */

typedef struct scan {
    const unsigned char *at, *end;
    const char *problem;
} scan;

static int is_digit(const scan *s)
{
    return s->at < s->end && *s->at >= '0' && *s->at <= '9';
}

static int hex4(const unsigned char *p, const unsigned char *end, unsigned *out)
{
    unsigned value = 0;

    if (end - p < 4)
        return 0;
    for (int i = 0; i < 4; i++) {
        unsigned char c = p[i];

        value <<= 4;
        if (c >= '0' && c <= '9')
            value |= (unsigned)(c - '0');
        else if (c >= 'a' && c <= 'f')
            value |= (unsigned)(c - 'a' + 10);
        else if (c >= 'A' && c <= 'F')
            value |= (unsigned)(c - 'A' + 10);
        else
            return 0;
    }
    *out = value;
    return 1;
}

/* After "\u": a character that is not NUL, with its second half when it is the first of a surrogate pair. */
static int scan_unicode_escape(scan *s)
{
    unsigned high, low;

    if (!hex4(s->at, s->end, &high) || (high >= 0xdc00 && high <= 0xdfff)) {
        s->problem = "a \\u escape that is not a character";
        return 0;
    }
    if (high == 0) {
        s->problem = "a NUL character";
        return 0;
    }
    s->at += 4;
    if (high < 0xd800 || high > 0xdbff)
        return 1;
    if (s->end - s->at < 6 || s->at[0] != '\\' || s->at[1] != 'u' || !hex4(s->at + 2, s->end, &low) || low < 0xdc00 ||
        low > 0xdfff) {
        s->problem = "half of a surrogate pair";
        return 0;
    }
    s->at += 6;
    return 1;
}

/* One UTF-8 sequence (Unicode 15, table 3-7) that starts at a byte >= 0x80. */
static int scan_utf8(scan *s)
{
    unsigned char lead = *s->at;
    int more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    unsigned char low = 0x80, high = 0xbf;

    if (lead < 0xc2 || lead > 0xf4 || s->end - s->at <= more) {
        s->problem = "bytes that are not UTF-8";
        return 0;
    }
    if (lead == 0xe0)
        low = 0xa0;
    else if (lead == 0xed)
        high = 0x9f;
    else if (lead == 0xf0)
        low = 0x90;
    else if (lead == 0xf4)
        high = 0x8f;
    for (int i = 1; i <= more; i++) {
        if (s->at[i] < low || s->at[i] > high) {
            s->problem = "bytes that are not UTF-8";
            return 0;
        }
        low = 0x80;
        high = 0xbf;
    }
    s->at += more + 1;
    return 1;
}

/* After the opening quote; ends behind the closing one. */
static int scan_string(scan *s)
{
    while (s->at < s->end) {
        unsigned char c = *s->at;

        if (c == '"') {
            s->at++;
            return 1;
        }
        if (c < 0x20) {
            s->problem = c ? "a control character inside a string" : "a NUL character";
            return 0;
        }
        if (c >= 0x80) {
            if (!scan_utf8(s))
                return 0;
        } else if (c != '\\') {
            s->at++;
        } else {
            if (s->end - s->at < 2 || !strchr("\"\\/bfnrtu", s->at[1])) {
                s->problem = "an unknown escape in a string";
                return 0;
            }
            s->at += 2;
            if (s->at[-1] == 'u' && !scan_unicode_escape(s))
                return 0;
        }
    }
    s->problem = "a string that does not end";
    return 0;
}

static int scan_digits(scan *s)
{
    if (!is_digit(s)) {
        s->problem = "a malformed number";
        return 0;
    }
    while (is_digit(s))
        s->at++;
    return 1;
}

static int scan_number(scan *s)
{
    if (*s->at == '-')
        s->at++;
    if (s->at < s->end && *s->at == '0')
        s->at++;
    else if (!scan_digits(s))
        return 0;
    if (is_digit(s)) {
        s->problem = "a number with a leading zero";
        return 0;
    }
    if (s->at < s->end && *s->at == '.') {
        s->at++;
        if (!scan_digits(s))
            return 0;
    }
    if (s->at < s->end && (*s->at == 'e' || *s->at == 'E')) {
        s->at++;
        if (s->at < s->end && (*s->at == '+' || *s->at == '-'))
            s->at++;
        if (!scan_digits(s))
            return 0;
    }
    return 1;
}

static int scan_text(scan *s)
{
    int depth = 0;

    while (s->at < s->end) {
        unsigned char c = *s->at;

        if (c == '"') {
            s->at++;
            if (!scan_string(s))
                return 0;
        } else if (c == '-' || is_digit(s)) {
            if (!scan_number(s))
                return 0;
        } else if ((c == '{' || c == '[') && ++depth > TRIPSAGE__JSON_DEPTH_MAX) {
            s->problem = "nesting deeper than 32";
            return 0;
        } else if (c == '\0' || c > 0x7e || (c < 0x20 && c != ' ' && c != '\t' && c != '\n' && c != '\r')) {
            s->problem = "a character that does not belong there";
            return 0;
        } else {
            depth -= c == '}' || c == ']';
            s->at++;
        }
    }
    return 1;
}

/* A member twice, or too many members, anywhere below `node`. */
static const char *find_bad_object(const cJSON *node)
{
    for (const cJSON *child = node->child; child; child = child->next) {
        const char *problem;

        if (cJSON_IsObject(node)) {
            int count = 0;

            for (const cJSON *other = node->child; other != child; other = other->next, count++)
                if (strcmp(other->string, child->string) == 0)
                    return "a member twice in one object";
            if (count >= TRIPSAGE__JSON_MEMBERS_MAX)
                return "an object with more than 256 members";
        }
        problem = find_bad_object(child);
        if (problem)
            return problem;
    }
    return NULL;
}

static tripsage_status malformed(const char *problem, const char *text, const void *at)
{
    return TRIPSAGE_FAIL(TRIPSAGE_EMALFORMED, "not JSON: %s at byte %zu", problem, (size_t)((const char *)at - text));
}

tripsage_status tripsage__json_parse_trusted(tripsage__json **out, const char *text, size_t length)
{
    const char *end = NULL;

    *out = cJSON_ParseWithLengthOpts(text, length, &end, 0);
    if (!*out) {
        /* cJSON does not say which of the two it was: it stops at the end of the text or at what it cannot read. Text that
         * was checked and still fails is short of memory or short of a token; a second look by position decides. */
        if (length == 0 || end == NULL)
            return malformed("there is nothing", text, text);
        return malformed("unexpected", text, end);
    }
    for (; end < text + length; end++)
        if (!strchr(" \t\r\n", *end)) {
            tripsage__json_free(*out);
            *out = NULL;
            return malformed("something behind the value", text, end);
        }
    return TRIPSAGE_OK;
}

tripsage_status tripsage__json_parse(tripsage__json **out, const char *text, size_t length)
{
    scan s;
    tripsage_status status;
    const char *problem;

    *out = NULL;
    if (!text)
        return malformed("there is nothing", "", "");
    if (length == TRIPSAGE_NUL)
        length = strlen(text);
    if (length > TRIPSAGE__JSON_INPUT_MAX)
        return TRIPSAGE_FAIL(TRIPSAGE_ETOOLARGE, "the document has %zu bytes; the limit is %zu", length,
                             TRIPSAGE__JSON_INPUT_MAX);
    s.at = (const unsigned char *)text;
    s.end = s.at + length;
    s.problem = NULL;
    if (!scan_text(&s))
        return malformed(s.problem, text, s.at);
    status = tripsage__json_parse_trusted(out, text, length);
    if (status != TRIPSAGE_OK)
        return status;
    problem = find_bad_object(*out);
    if (problem) {
        tripsage__json_free(*out);
        *out = NULL;
        return TRIPSAGE_FAIL(TRIPSAGE_EMALFORMED, "not acceptable JSON: %s", problem);
    }
    return TRIPSAGE_OK;
}

void tripsage__json_free(tripsage__json *json)
{
    cJSON_Delete(json);
}

/* ---- looking ---- */

const tripsage__json *tripsage__json_member(const tripsage__json *object, const char *name)
{
    return object ? cJSON_GetObjectItemCaseSensitive(object, name) : NULL;
}

const tripsage__json *tripsage__json_first(const tripsage__json *container)
{
    return container ? container->child : NULL;
}

const tripsage__json *tripsage__json_next(const tripsage__json *node)
{
    return node ? node->next : NULL;
}

const char *tripsage__json_name(const tripsage__json *member)
{
    return member && member->string ? member->string : "";
}

size_t tripsage__json_count(const tripsage__json *container)
{
    size_t count = 0;

    for (const cJSON *child = tripsage__json_first(container); child; child = child->next)
        count++;
    return count;
}

int tripsage__json_is_null(const tripsage__json *node)
{
    return !node || cJSON_IsNull(node);
}

int tripsage__json_is_object(const tripsage__json *node)
{
    return cJSON_IsObject(node);
}

int tripsage__json_is_array(const tripsage__json *node)
{
    return cJSON_IsArray(node);
}

int tripsage__json_is_string(const tripsage__json *node)
{
    return cJSON_IsString(node);
}

int tripsage__json_is_number(const tripsage__json *node)
{
    return cJSON_IsNumber(node);
}

int tripsage__json_is_bool(const tripsage__json *node)
{
    return cJSON_IsBool(node);
}

const char *tripsage__json_text(const tripsage__json *node)
{
    return cJSON_IsString(node) ? node->valuestring : NULL;
}

double tripsage__json_number(const tripsage__json *node)
{
    return cJSON_IsNumber(node) ? node->valuedouble : 0.0;
}

int tripsage__json_true(const tripsage__json *node)
{
    return cJSON_IsTrue(node);
}

/* ---- writing ---- */

void tripsage__json_put(tripsage__buf *buf, const tripsage__json *node)
{
    int is_object = tripsage__json_is_object(node);

    if (is_object || tripsage__json_is_array(node)) {
        tripsage__buf_putc(buf, is_object ? '{' : '[');
        for (const cJSON *child = node->child; child; child = child->next) {
            if (is_object) {
                tripsage__json_put_string(buf, child->string);
                tripsage__buf_putc(buf, ':');
            }
            tripsage__json_put(buf, child);
            if (child->next)
                tripsage__buf_putc(buf, ',');
        }
        tripsage__buf_putc(buf, is_object ? '}' : ']');
    } else if (tripsage__json_is_string(node)) {
        tripsage__json_put_string(buf, node->valuestring);
    } else if (tripsage__json_is_number(node)) {
        tripsage__json_put_number(buf, node->valuedouble);
    } else if (tripsage__json_is_bool(node)) {
        tripsage__buf_puts(buf, cJSON_IsTrue(node) ? "true" : "false");
    } else {
        TRIPSAGE__LIT(buf, "null");
    }
}

static void put_separator(tripsage__buf *buf, int *first)
{
    if (!*first)
        tripsage__buf_putc(buf, ',');
    *first = 0;
}

void tripsage__json_put_merged(tripsage__buf *buf, const tripsage__json *target, const tripsage__json *patch)
{
    int first = 1;

    if (!tripsage__json_is_object(patch)) {
        tripsage__json_put(buf, patch);
        return;
    }
    if (!tripsage__json_is_object(target))
        target = NULL;
    tripsage__buf_putc(buf, '{');
    for (const cJSON *member = tripsage__json_first(target); member; member = member->next) {
        const cJSON *change = cJSON_GetObjectItemCaseSensitive(patch, member->string);

        if (change && cJSON_IsNull(change))
            continue;
        put_separator(buf, &first);
        tripsage__json_put_string(buf, member->string);
        tripsage__buf_putc(buf, ':');
        if (change)
            tripsage__json_put_merged(buf, member, change);
        else
            tripsage__json_put(buf, member);
    }
    for (const cJSON *member = patch->child; member; member = member->next) {
        if (cJSON_IsNull(member) || tripsage__json_member(target, member->string))
            continue;
        put_separator(buf, &first);
        tripsage__json_put_string(buf, member->string);
        tripsage__buf_putc(buf, ':');
        tripsage__json_put_merged(buf, NULL, member);
    }
    tripsage__buf_putc(buf, '}');
}
