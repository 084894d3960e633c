/* base/json.c: JSON trees over cJSON, with what cJSON does not check. */
#include "json.h"

#include <cjson/cJSON.h>
#include <math.h>

#include <tripsage/doc.h>

#include "locale.h"
#include "memory.h"

/* ---- a strict first look at the bytes (RFC 8259) ----
 * cJSON is forgiving: it takes control characters and broken UTF-8 in strings, numbers such as 01 and 1., and recurses as deep
 * as it is asked to; and it answers a failed allocation like a syntax error. This pass accepts exactly JSON, without memory and
 * without recursion, so that what cJSON still refuses afterwards was refused for want of memory. */

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

int tripsage__utf8_valid(const char *text, size_t length)
{
    scan s = {(const unsigned char *)text, (const unsigned char *)text + length, NULL};

    while (s.at < s.end)
        if (*s.at < 0x80)
            s.at++;
        else if (!scan_utf8(&s))
            return 0;
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
            if (s->end - s->at < 2 || !s->at[1] || !strchr("\"\\/bfnrtu", s->at[1])) {
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
    const unsigned char *start = s->at;

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
    if (s->at - start > TRIPSAGE__JSON_NUMBER_MAX) {
        s->problem = "a number of more than 63 characters";
        return 0;
    }
    return 1;
}

static void skip_space(scan *s)
{
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\t' || *s->at == '\n' || *s->at == '\r'))
        s->at++;
}

static int take(scan *s, char c)
{
    skip_space(s);
    if (s->at == s->end || *s->at != (unsigned char)c)
        return 0;
    s->at++;
    return 1;
}

static int take_word(scan *s, const char *word)
{
    size_t length = strlen(word);

    if ((size_t)(s->end - s->at) < length || memcmp(s->at, word, length) != 0)
        return 0;
    s->at += length;
    return 1;
}

/* A string, a number or a literal. */
static int scan_scalar(scan *s)
{
    skip_space(s);
    if (s->at == s->end) {
        s->problem = "the text ends too early";
        return 0;
    }
    if (*s->at == '"') {
        s->at++;
        return scan_string(s);
    }
    if (*s->at == '-' || is_digit(s))
        return scan_number(s);
    if (take_word(s, "true") || take_word(s, "false") || take_word(s, "null"))
        return 1;
    s->problem = "a character that does not belong there";
    return 0;
}

static int scan_member_name(scan *s)
{
    skip_space(s);
    if (s->at == s->end || *s->at != '"') {
        s->problem = "no member name where one belongs";
        return 0;
    }
    s->at++;
    if (!scan_string(s))
        return 0;
    if (!take(s, ':')) {
        s->problem = "no colon after a member name";
        return 0;
    }
    return 1;
}

static const char too_deep[] = "nesting deeper than 32";

/* One value and whatever it holds. `closers` is the stack of open containers, by the character that ends each. */
static int scan_text(scan *s)
{
    char closers[TRIPSAGE__JSON_DEPTH_MAX];
    int depth = 0;

    for (;;) {
        char opened = take(s, '{') ? '}' : take(s, '[') ? ']' : 0;

        if (opened && depth == TRIPSAGE__JSON_DEPTH_MAX) {
            s->problem = too_deep;
            return 0;
        }
        if (opened && !take(s, opened)) {
            closers[depth++] = opened;
            if (opened == '}' && !scan_member_name(s))
                return 0;
            continue; /* with its first value */
        }
        if (!opened && !scan_scalar(s))
            return 0;
        while (depth && !take(s, ',')) { /* a value ended: so may what holds it */
            if (!take(s, closers[depth - 1])) {
                s->problem = "neither a comma nor the end of what was opened";
                return 0;
            }
            depth--;
        }
        if (!depth)
            break;
        if (closers[depth - 1] == '}' && !scan_member_name(s))
            return 0;
    }
    skip_space(s);
    s->problem = "something behind the value";
    return s->at == s->end;
}

/* A member twice, too many members, or a number that is no double (it would be written as null), anywhere in `node`. */
static const char *find_unacceptable(const cJSON *node)
{
    if (cJSON_IsNumber(node) && isinf(node->valuedouble))
        return "a number beyond the range of a double";
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
        problem = find_unacceptable(child);
        if (problem)
            return problem;
    }
    return NULL;
}

/* cJSON reads numbers by the locale of the thread, and where the decimal point is of two bytes (Pashto) it reads none that have
 * one. */
static cJSON *parse(const char *text, size_t length)
{
    tripsage__locale own;
    cJSON *json;

    tripsage__locale_enter(&own);
    json = cJSON_ParseWithLength(text, length);
    tripsage__locale_leave(&own);
    return json;
}

static tripsage_status malformed(const char *problem, const char *text, const void *at)
{
    return TRIPSAGE_FAIL(TRIPSAGE_EMALFORMED, "not JSON: %s at byte %zu", problem, (size_t)((const char *)at - text));
}

tripsage_status tripsage__json_parse_trusted(tripsage__json **out, const char *text, size_t length)
{
    scan s = {(const unsigned char *)text, (const unsigned char *)text + length, NULL};

    *out = parse(text, length);
    if (*out)
        return TRIPSAGE_OK;
    if (scan_text(&s) || s.problem == too_deep)
        return TRIPSAGE_NOMEM();
    return TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "stored text is not JSON: %s at byte %zu", s.problem,
                         (size_t)((const char *)s.at - text));
}

tripsage_status tripsage__json_parse_within(tripsage__json **out, const char *text, size_t length, size_t max)
{
    scan s;
    tripsage_status status;
    const char *problem;

    *out = NULL;
    if (!text)
        return malformed("there is nothing", "", "");
    if (length == TRIPSAGE_NUL)
        length = strlen(text);
    if (length > max)
        return TRIPSAGE_FAIL(TRIPSAGE_ETOOLARGE, "the document has %zu bytes; the limit is %zu", length, max);
    s.at = (const unsigned char *)text;
    s.end = s.at + length;
    s.problem = NULL;
    if (!scan_text(&s))
        return malformed(s.problem, text, s.at);
    status = tripsage__json_parse_trusted(out, text, length);
    if (status != TRIPSAGE_OK)
        return status;
    problem = find_unacceptable(*out);
    if (problem) {
        tripsage__json_free(*out);
        *out = NULL;
        return TRIPSAGE_FAIL(TRIPSAGE_EMALFORMED, "not acceptable JSON: %s", problem);
    }
    return TRIPSAGE_OK;
}

tripsage_status tripsage__json_parse(tripsage__json **out, const char *text, size_t length)
{
    return tripsage__json_parse_within(out, text, length, TRIPSAGE__JSON_INPUT_MAX);
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
