/* commands.c: see commands.h. */
#include "commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expect.h"

#define WORDS_MAX 256
#define LINES_MAX 64
#define BYTES_MAX 65536

/* ---- lines ---- */

typedef struct parsed {
    tripsage_cache_argument words[WORDS_MAX];
    tripsage_cache_command_line lines[LINES_MAX];
    size_t word_count, line_count;
    char bytes[BYTES_MAX];
    size_t used;
} parsed;

static void put_byte(parsed *p, char c)
{
    ck_assert_uint_lt(p->used, BYTES_MAX);
    p->bytes[p->used++] = c;
}

static const char *take_escape(parsed *p, const char *at)
{
    char digits[3] = {0};

    if (*at != 'x') {
        put_byte(p, *at == 'n' ? '\n' : *at == 'r' ? '\r' : *at);
        return at + 1;
    }
    memcpy(digits, at + 1, 2);
    put_byte(p, (char)strtol(digits, NULL, 16));
    return at + 3;
}

static const char *take_word(parsed *p, const char *at)
{
    tripsage_cache_argument *word = &p->words[p->word_count++];
    int quoted = 0;

    ck_assert_uint_le(p->word_count, WORDS_MAX);
    word->data = p->bytes + p->used;
    for (; *at && (quoted || (*at != ' ' && *at != '\n'));) {
        if (*at == '"') {
            quoted = !quoted;
            at++;
        } else if (quoted && *at == '\\') {
            at = take_escape(p, at + 1);
        } else {
            put_byte(p, *at++);
        }
    }
    word->size = (size_t)(p->bytes + p->used - (const char *)word->data);
    put_byte(p, '\0');
    return at;
}

static void parse(parsed *p, const char *text)
{
    memset(p, 0, sizeof *p);
    while (*text) {
        tripsage_cache_command_line *line = &p->lines[p->line_count++];

        ck_assert_uint_le(p->line_count, LINES_MAX);
        line->arguments = &p->words[p->word_count];
        for (; *text && *text != '\n'; text += *text == ' ')
            if (*text != ' ') {
                text = take_word(p, text);
                line->count++;
            }
        text += *text == '\n';
    }
}

/* ---- replies ---- */

static void put_quoted(FILE *to, const tripsage_cache_reply *reply)
{
    fputc('"', to);
    for (size_t i = 0; i < reply->size; i++) {
        unsigned char c = (unsigned char)reply->data[i];

        if (c == '"' || c == '\\')
            fprintf(to, "\\%c", c);
        else if (c >= 0x20 && c < 0x7f)
            fputc(c, to);
        else
            fprintf(to, "\\x%02x", c);
    }
    fputc('"', to);
}

static const char *render(const tripsage_cache_reply *reply, int sorted);

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void put_items(FILE *to, const tripsage_cache_reply *reply, int sorted)
{
    const char **texts = calloc(reply->count + 1, sizeof *texts);

    ck_assert_ptr_nonnull(texts);
    for (size_t i = 0; i < reply->count; i++)
        texts[i] = render(&reply->items[i], sorted);
    if (sorted)
        qsort(texts, reply->count, sizeof *texts, by_text);
    fputc('[', to);
    for (size_t i = 0; i < reply->count; i++)
        fprintf(to, "%s%s", i ? " " : "", texts[i]);
    fputc(']', to);
    free(texts);
}

static const char *render(const tripsage_cache_reply *reply, int sorted)
{
    char *text = NULL;
    const char *kept;
    size_t size;
    FILE *to = open_memstream(&text, &size);

    ck_assert_ptr_nonnull(to);
    switch (reply->type) {
    case TRIPSAGE_CACHE_NIL:
        fputs("nil", to);
        break;
    case TRIPSAGE_CACHE_INTEGER:
        fprintf(to, "%lld", (long long)reply->integer);
        break;
    case TRIPSAGE_CACHE_STATUS:
        fputs(reply->data, to);
        break;
    case TRIPSAGE_CACHE_STRING:
        put_quoted(to, reply);
        break;
    case TRIPSAGE_CACHE_ERROR:
        fprintf(to, "-%s", reply->data);
        break;
    case TRIPSAGE_CACHE_ARRAY:
        put_items(to, reply, sorted);
        break;
    }
    fclose(to);
    kept = test_format("%s", text);
    free(text);
    return kept;
}

static const char *told(tripsage_cache_reply *reply, int sorted)
{
    const char *text = render(reply, sorted);

    tripsage_cache_reply_free(reply);
    return text;
}

const char *test_wanted(const char *line, const char *want)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    int is_word = *want && strspn(want, letters) == strlen(want) && strcmp(want, "OK") != 0 && strcmp(want, "nil") != 0;

    return world->upstash.web && is_word && strncmp(line, "EVAL", 4) == 0 ? test_format("\"%s\"", want) : want;
}

/* ---- calls ---- */

static const char *carry_out(tripsage_cache *cache, const char *line, int sorted)
{
    tripsage_cache_reply *reply;
    static parsed p;

    parse(&p, line);
    ck_assert_uint_eq(p.line_count, 1);
    OK(tripsage_cache_command(&reply, cache, p.lines[0].arguments, p.lines[0].count));
    return told(reply, sorted);
}

const char *test_command(tripsage_cache *cache, const char *line)
{
    return carry_out(cache, line, 0);
}

const char *test_command_sorted(tripsage_cache *cache, const char *line)
{
    return carry_out(cache, line, 1);
}

const char *test_pipeline(tripsage_cache *cache, const char *lines)
{
    tripsage_cache_reply *reply;
    static parsed p;

    parse(&p, lines);
    OK(tripsage_cache_pipeline(&reply, cache, p.lines, p.line_count));
    return told(reply, 0);
}

const char *test_transaction(tripsage_cache *cache, const char *lines)
{
    tripsage_cache_reply *reply;
    static parsed p;

    parse(&p, lines);
    OK(tripsage_cache_transaction(&reply, cache, p.lines, p.line_count));
    return told(reply, 0);
}
