/* pairs.c: see telemetry.h. The format is W3C Baggage's without its properties, as OpenTelemetry's specification has both variables. */
#include <string.h>

#include "base/crypto.h"
#include "base/json.h"
#include "base/memory.h"
#include "telemetry.h"

#define TOKEN_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~"

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* In place. 0: a % without two digits, or a control character. */
static int decode(char *text)
{
    char *to = text;

    for (const char *from = text; *from; to++) {
        int is_coded = *from == '%';
        int high = is_coded ? hex_digit(from[1]) : 0, low = is_coded && high >= 0 ? hex_digit(from[2]) : 0;

        if (high < 0 || low < 0)
            return 0;
        *to = *from;
        if (is_coded)
            *to = (char)(high << 4 | low);
        if ((unsigned char)*to < 0x20 || *to == 0x7f)
            return 0;
        from += is_coded ? 3 : 1;
    }
    *to = '\0';
    return 1;
}

static char *trim(char *text)
{
    size_t length;

    text += strspn(text, " \t");
    length = strlen(text);
    while (length && strchr(" \t", text[length - 1]))
        text[--length] = '\0';
    return text;
}

/* The last of a key holds. 0: there are too many. */
static int put(tripsage__pair *out, size_t *count, char *key, char *value)
{
    size_t i = 0;

    while (i < *count && strcmp(out[i].key, key) != 0)
        i++;
    if (i == TRIPSAGE__PAIRS_MAX)
        return 0;
    out[i] = (tripsage__pair){key, value};
    *count += i == *count;
    return 1;
}

/* Takes the text apart, into at most TRIPSAGE__PAIRS_MAX pairs; what is wrong with it, or NULL. */
static const char *take_apart(tripsage__pair *out, size_t *count, char *text)
{
    *count = 0;
    for (char *next = text, *item; (item = strsep(&next, ",")) != NULL;) {
        char *value = strchr(item, '=');

        if (!*trim(item))
            continue;
        if (!value)
            return "expected key=value,key=value";
        *value = '\0';
        item = trim(item);
        value = trim(value + 1);
        if (!*item || item[strspn(item, TOKEN_CHARACTERS)])
            return "expected keys of letters, digits, \"-\", \"_\" and \".\"";
        if (!decode(value) || !tripsage__utf8_valid(value, strlen(value)))
            return "expected values of UTF-8 with %XX for special characters, and no control characters";
        if (!put(out, count, item, value))
            return "expected at most 64 pairs";
    }
    return NULL;
}

tripsage_status tripsage__pairs_read(tripsage__pairs *out, const char *text, const char *field)
{
    const char *problem;

    memset(out, 0, sizeof *out);
    if (!text)
        return TRIPSAGE_OK;
    out->size = strlen(text);
    out->text = tripsage__strdup(text);
    out->all = tripsage__calloc(TRIPSAGE__PAIRS_MAX, sizeof *out->all);
    if (!out->text || !out->all) {
        tripsage__pairs_free(out);
        return TRIPSAGE_NOMEM();
    }
    problem = take_apart(out->all, &out->count, out->text);
    if (!problem)
        return TRIPSAGE_OK;
    tripsage__pairs_free(out);
    return TRIPSAGE_FAIL_FIELD(field, "%s", problem);
}

void tripsage__pairs_free(tripsage__pairs *pairs)
{
    if (pairs->text)
        tripsage__wipe(pairs->text, pairs->size);
    tripsage__free(pairs->text);
    tripsage__free(pairs->all);
    memset(pairs, 0, sizeof *pairs);
}

const char *tripsage__pairs_problem(const char *text)
{
    tripsage__pairs pairs;
    tripsage_status status = tripsage__pairs_read(&pairs, text, "#text");

    tripsage__pairs_free(&pairs);
    return status == TRIPSAGE_EINVALID ? tripsage_last_error()->fields[0].message : NULL;
}
