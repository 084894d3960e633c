/* input.c: what comes in, as lines of arguments: see serve.h.
 *
 * JSON is read here and not with base/json.h: it comes in bodies ten times as long, strings may have NULs in them, and a number has to
 * reach the command as it stood, which cJSON's doubles do not keep: 9007199254740993, 1.0, 1e3. What may come is an array of scalars, or an
 * array of those, so the reader goes two deep and no deeper. */
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "serve.h"

/* Arguments in one request: what Redis takes in one command. They take 16 MiB. */
#define ARGUMENTS_MAX ((size_t)1024 * 1024)

/* Commands in one request: ten times what the official client puts together by itself. Those of a transaction keep all others waiting, for
 * some milliseconds when they are so many. */
#define COMMANDS_MAX 10000u

void tripsage__serve_lines_free(tripsage__serve_lines *lines)
{
    tripsage__free(lines->block);
    tripsage__free(lines->arguments);
    tripsage__free(lines->lines);
}

/* ---- lines ---- */

static tripsage_status refuse(tripsage__serve_lines *lines, const char *problem, size_t where)
{
    lines->problem = problem;
    lines->where = where;
    return TRIPSAGE_EMALFORMED;
}

static tripsage_status make_block(tripsage__serve_lines *lines, size_t size)
{
    lines->block = tripsage__malloc(size + 1);
    lines->end = lines->block;
    return lines->block ? TRIPSAGE_OK : TRIPSAGE_NOMEM();
}

/* A table with room for one more; NULL: no memory. */
static void *grow(void *table, size_t count, size_t *room, size_t size)
{
    size_t wanted = *room ? *room * 2 : 16;
    void *grown;

    if (count < *room)
        return table;
    grown = tripsage__realloc(table, wanted * size);
    if (grown)
        *room = wanted;
    return grown;
}

/* What lies between `begin` and the end of the block. Lines get their arguments when all are there: the table moves. */
static tripsage_status end_argument(tripsage__serve_lines *lines, const char *begin)
{
    void *table = grow(lines->arguments, lines->argument_count, &lines->argument_room, sizeof *lines->arguments);

    if (!table)
        return TRIPSAGE_NOMEM();
    lines->arguments = table;
    lines->arguments[lines->argument_count++] = (tripsage__cache_bytes){begin, (size_t)(lines->end - begin)};
    lines->lines[lines->count - 1].count++;
    return TRIPSAGE_OK;
}

static tripsage_status begin_line(tripsage__serve_lines *lines)
{
    void *table = grow(lines->lines, lines->count, &lines->room, sizeof *lines->lines);

    if (!table)
        return TRIPSAGE_NOMEM();
    lines->lines = table;
    lines->lines[lines->count++] = (tripsage_cache_command_line){NULL, 0};
    return TRIPSAGE_OK;
}

static void hand_out_arguments(tripsage__serve_lines *lines)
{
    size_t at = 0;

    for (size_t i = 0; i < lines->count; i++) {
        lines->lines[i].arguments = lines->arguments + at;
        at += lines->lines[i].count;
    }
}

/* ---- JSON (RFC 8259) ---- */

typedef struct cursor {
    const char *begin, *at, *end;
    tripsage__serve_lines *lines;
} cursor;

#define REFUSE(c, problem) refuse((c)->lines, (problem), (size_t)((c)->at - (c)->begin))

static void skip_blanks(cursor *c)
{
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\t' || *c->at == '\n' || *c->at == '\r'))
        c->at++;
}

static int take(cursor *c, char wanted)
{
    if (c->at == c->end || *c->at != wanted)
        return 0;
    c->at++;
    return 1;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* The four digits at the cursor; -1: they are none. */
static int take_unit(cursor *c)
{
    int unit = 0;

    for (int i = 0; i < 4; i++) {
        int digit = c->at < c->end ? hex_digit(*c->at) : -1;

        if (digit < 0)
            return -1;
        unit = unit << 4 | digit;
        c->at++;
    }
    return unit;
}

static void put_utf8(cursor *c, uint32_t point)
{
    char *to = c->lines->end;

    if (point < 0x80) {
        *to++ = (char)point;
    } else if (point < 0x800) {
        *to++ = (char)(0xc0 | point >> 6);
        *to++ = (char)(0x80 | (point & 63));
    } else if (point < 0x10000) {
        *to++ = (char)(0xe0 | point >> 12);
        *to++ = (char)(0x80 | (point >> 6 & 63));
        *to++ = (char)(0x80 | (point & 63));
    } else {
        *to++ = (char)(0xf0 | point >> 18);
        *to++ = (char)(0x80 | (point >> 12 & 63));
        *to++ = (char)(0x80 | (point >> 6 & 63));
        *to++ = (char)(0x80 | (point & 63));
    }
    c->lines->end = to;
}

/* Behind "\u". Half a pair stands for U+FFFD, as Go's decoder has it, which is Upstash's. */
static int take_escaped_unit(cursor *c)
{
    int high = take_unit(c), low;
    cursor ahead;

    if (high < 0)
        return 0;
    if (high < 0xd800 || high > 0xdfff) {
        put_utf8(c, (uint32_t)high);
        return 1;
    }
    ahead = *c;
    low = high < 0xdc00 && take(&ahead, '\\') && take(&ahead, 'u') ? take_unit(&ahead) : -1;
    if (low < 0xdc00 || low > 0xdfff) {
        put_utf8(c, 0xfffd);
        return 1;
    }
    c->at = ahead.at;
    put_utf8(c, 0x10000 + (((uint32_t)high & 0x3ff) << 10 | ((uint32_t)low & 0x3ff)));
    return 1;
}

/* Behind a backslash. */
static int take_escape(cursor *c)
{
    static const char escapes[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    const char *found = c->at < c->end && *c->at ? strchr(escapes, *c->at) : NULL;

    if (found) {
        *c->lines->end++ = meant[found - escapes];
        c->at++;
        return 1;
    }
    return take(c, 'u') && take_escaped_unit(c);
}

/* Behind the opening quote. */
static tripsage_status take_string(cursor *c)
{
    const char *begin = c->lines->end;

    for (;;) {
        const char *from = c->at;

        while (c->at < c->end && *c->at != '"' && *c->at != '\\' && (unsigned char)*c->at >= 0x20)
            c->at++;
        memcpy(c->lines->end, from, (size_t)(c->at - from));
        c->lines->end += c->at - from;
        if (take(c, '"'))
            return end_argument(c->lines, begin);
        if (!take(c, '\\') || !take_escape(c))
            return REFUSE(c, "a string does not end, or has an escape or a control character that may not be in it");
    }
}

static size_t take_digits(cursor *c)
{
    const char *from = c->at;

    while (c->at < c->end && *c->at >= '0' && *c->at <= '9')
        c->at++;
    return (size_t)(c->at - from);
}

/* Moves behind a number; 0: there is none. */
static int take_number(cursor *c)
{
    take(c, '-');
    if (!take(c, '0') && !take_digits(c))
        return 0;
    if (take(c, '.') && !take_digits(c))
        return 0;
    if (take(c, 'e') || take(c, 'E')) {
        if (!take(c, '+'))
            take(c, '-');
        return take_digits(c) != 0;
    }
    return 1;
}

static int take_word(cursor *c, const char *word)
{
    size_t length = strlen(word);

    if ((size_t)(c->end - c->at) < length || memcmp(c->at, word, length) != 0)
        return 0;
    c->at += length;
    return 1;
}

static tripsage_status take_scalar(cursor *c)
{
    const char *from = c->at, *begin = c->lines->end;

    if (c->lines->argument_count == ARGUMENTS_MAX)
        return REFUSE(c, "there are more than 1048576 arguments");
    if (take(c, '"'))
        return take_string(c);
    if (c->at == c->end || *c->at == '[' || *c->at == '{' || *c->at == 'n')
        return REFUSE(c, "an argument is a string, a number, true or false");
    if (!take_word(c, "true") && !take_word(c, "false") && !take_number(c))
        return REFUSE(c, "this is no JSON");
    memcpy(c->lines->end, from, (size_t)(c->at - from));
    c->lines->end += c->at - from;
    return end_argument(c->lines, begin);
}

/* Elements of an array whose bracket has been taken, and its end. */
static tripsage_status take_elements(cursor *c, tripsage_status (*take_element)(cursor *c))
{
    tripsage_status status = TRIPSAGE_OK;

    for (;;) {
        skip_blanks(c);
        TRIPSAGE_TRY(take_element(c));
        skip_blanks(c);
        if (take(c, ']'))
            break;
        if (!take(c, ','))
            return REFUSE(c, "this is no JSON");
    }
out:
    return status;
}

static tripsage_status take_command(cursor *c)
{
    if (!take(c, '['))
        return REFUSE(c, "a command is an array");
    skip_blanks(c);
    if (take(c, ']'))
        return REFUSE(c, "a command has a name at least");
    if (c->lines->count == COMMANDS_MAX)
        return REFUSE(c, "there are more than 10000 commands");
    return begin_line(c->lines) == TRIPSAGE_OK ? take_elements(c, take_scalar) : TRIPSAGE_ENOMEM;
}

static tripsage_status take_commands(cursor *c)
{
    if (!take(c, '['))
        return REFUSE(c, "commands are an array of arrays");
    skip_blanks(c);
    if (take(c, ']'))
        return REFUSE(c, "there are no commands");
    return take_elements(c, take_command);
}

static tripsage_status read_json(tripsage__serve_lines *lines, const char *json, size_t length,
                                 tripsage_status (*take_all)(cursor *c))
{
    cursor c = {json, json, json + length, lines};
    tripsage_status status;

    TRIPSAGE_TRY(make_block(lines, length));
    if (!tripsage__utf8_valid(json, length))
        return REFUSE(&c, "it is not UTF-8");
    skip_blanks(&c);
    if (c.at == c.end)
        return REFUSE(&c, "there is no body");
    TRIPSAGE_TRY(take_all(&c));
    skip_blanks(&c);
    if (c.at < c.end)
        return REFUSE(&c, "something stands behind the end");
    hand_out_arguments(lines);
out:
    return status;
}

tripsage_status tripsage__serve_read_command(tripsage__serve_lines *lines, const char *json, size_t length)
{
    return read_json(lines, json, length, take_command);
}

tripsage_status tripsage__serve_read_commands(tripsage__serve_lines *lines, const char *json, size_t length)
{
    return read_json(lines, json, length, take_commands);
}

/* ---- paths and queries ---- */

/* Writes what is percent-encoded as it was, and a plus as a blank where that is how blanks are written; gives the end, NULL where an escape
 * is none. `to` has as much room as the text is long. */
static char *decode(char *to, const char *from, size_t length, int plus_is_blank)
{
    for (const char *end = from + length; from < end; from++) {
        int high = *from == '%' && end - from > 2 ? hex_digit(from[1]) : -1, low = high >= 0 ? hex_digit(from[2]) : -1;

        if (*from != '%') {
            *to++ = plus_is_blank && *from == '+' ? ' ' : *from;
        } else if (low < 0) {
            return NULL;
        } else {
            *to++ = (char)(high << 4 | low);
            from += 2;
        }
    }
    return to;
}

static tripsage_status take_encoded(tripsage__serve_lines *lines, const char *from, size_t length, int plus_is_blank)
{
    const char *begin = lines->end;
    char *end = decode(lines->end, from, length, plus_is_blank);

    if (!end)
        return refuse(lines, "a percent sign stands before two digits", 0);
    lines->end = end;
    return end_argument(lines, begin);
}

static tripsage_status take_parts(tripsage__serve_lines *lines, const char *path)
{
    tripsage_status status = TRIPSAGE_OK;

    while (*path == '/') {
        size_t length = strcspn(++path, "/");

        TRIPSAGE_TRY(take_encoded(lines, path, length, 0));
        path += length;
    }
out:
    return status;
}

static int is_token(const char *name, size_t length)
{
    return length == 6 && memcmp(name, "_token", 6) == 0;
}

/* Each pair is a name and a value, or a name alone. */
static tripsage_status take_query(tripsage__serve_lines *lines, const char *query)
{
    tripsage_status status = TRIPSAGE_OK;

    while (*query) {
        size_t length = strcspn(query, "&"), name = strcspn(query, "=&");

        if (length && !is_token(query, name)) {
            TRIPSAGE_TRY(take_encoded(lines, query, name, 1));
            if (name + 1 < length)
                TRIPSAGE_TRY(take_encoded(lines, query + name + 1, length - name - 1, 1));
        }
        query += length;
        query += *query == '&';
    }
out:
    return status;
}

tripsage_status tripsage__serve_read_path(tripsage__serve_lines *lines, const tripsage_cache_request *request)
{
    const char *query = request->query ? request->query : "", *begin;
    tripsage_status status;

    TRIPSAGE_TRY(make_block(lines, strlen(request->path) + request->length + strlen(query)));
    TRIPSAGE_TRY(begin_line(lines));
    TRIPSAGE_TRY(take_parts(lines, request->path));
    if (lines->argument_count == 0)
        return refuse(lines, "a path begins with a slash", 0);
    if (request->length) {
        begin = lines->end;
        memcpy(lines->end, request->body, request->length);
        lines->end += request->length;
        TRIPSAGE_TRY(end_argument(lines, begin));
    }
    TRIPSAGE_TRY(take_query(lines, query));
    hand_out_arguments(lines);
out:
    return status;
}

int tripsage__serve_parameter(char *out, size_t size, const char *query, const char *name)
{
    size_t wanted = strlen(name);

    while (query && *query) {
        size_t length = strcspn(query, "&");

        if (length > wanted && query[wanted] == '=' && memcmp(query, name, wanted) == 0) {
            char *end = length - wanted < size ? decode(out, query + wanted + 1, length - wanted - 1, 1) : NULL;

            if (end)
                *end = '\0';
            return end != NULL;
        }
        query += length;
        query += *query == '&';
    }
    return 0;
}
