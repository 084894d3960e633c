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

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The items' texts, or those of each two of them: gives how many. */
static size_t take_texts(const char **texts, const tripsage_cache_reply *reply, test_order order)
{
    size_t count = 0;

    for (size_t i = 0; i < reply->count; i++)
        texts[count++] = test_reply_text(&reply->items[i], order);
    if (order != TEST_ANY_PAIR_ORDER || count % 2)
        return count;
    for (size_t i = 0; i < count; i += 2)
        texts[i / 2] = test_format("%s %s", texts[i], texts[i + 1]);
    return count / 2;
}

static void put_items(FILE *to, const tripsage_cache_reply *reply, test_order order)
{
    const char **texts = calloc(reply->count + 1, sizeof *texts);
    size_t count;

    ck_assert_ptr_nonnull(texts);
    count = take_texts(texts, reply, order);
    if (order != TEST_AS_IT_IS)
        qsort(texts, count, sizeof *texts, by_text);
    fputc('[', to);
    for (size_t i = 0; i < count; i++)
        fprintf(to, "%s%s", i ? " " : "", texts[i]);
    fputc(']', to);
    free(texts);
}

static void put_reply(FILE *to, const tripsage_cache_reply *reply, test_order order)
{
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
        put_items(to, reply, order);
        break;
    }
}

const char *test_reply_text(const tripsage_cache_reply *reply, test_order order)
{
    char *text = NULL;
    const char *kept;
    size_t size;
    FILE *to;

    if (order == TEST_KIND_ONLY && reply->type != TRIPSAGE_CACHE_ERROR)
        return test_format("kind %d, %zu items", (int)reply->type, reply->count);
    to = open_memstream(&text, &size);
    ck_assert_ptr_nonnull(to);
    put_reply(to, reply, order);
    fclose(to);
    kept = test_format("%s", text);
    free(text);
    return kept;
}

static const char *told(tripsage_cache_reply *reply, test_order order)
{
    const char *text = test_reply_text(reply, order);

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

static const char *carry_out(tripsage_cache *cache, const char *line, test_order order)
{
    tripsage_cache_reply *reply;
    static parsed p;

    parse(&p, line);
    ck_assert_uint_eq(p.line_count, 1);
    OK(tripsage_cache_command(&reply, cache, p.lines[0].arguments, p.lines[0].count));
    return told(reply, order);
}

const char *test_command(tripsage_cache *cache, const char *line)
{
    return carry_out(cache, line, TEST_AS_IT_IS);
}

const char *test_command_sorted(tripsage_cache *cache, const char *line)
{
    return carry_out(cache, line, TEST_ANY_ORDER);
}

const char *test_long_command(tripsage_cache *cache, const char *name, const char *key, int count,
                              void (*put)(char word[TEST_WORD_SIZE], int i, int from), int from)
{
    tripsage_cache_argument *words = calloc((size_t)count + 2, sizeof *words);
    char(*texts)[TEST_WORD_SIZE] = calloc((size_t)count, sizeof *texts);
    tripsage_cache_reply *reply;

    ck_assert_ptr_nonnull(words);
    ck_assert_ptr_nonnull(texts);
    words[0] = (tripsage_cache_argument){name, strlen(name)};
    words[1] = (tripsage_cache_argument){key, strlen(key)};
    for (int i = 0; i < count; i++) {
        put(texts[i], i, from);
        words[i + 2] = (tripsage_cache_argument){texts[i], strlen(texts[i])};
    }
    OK(tripsage_cache_command(&reply, cache, words, (size_t)count + 2));
    free(texts);
    free(words);
    return told(reply, TEST_AS_IT_IS);
}

const char *test_pipeline(tripsage_cache *cache, const char *lines)
{
    tripsage_cache_reply *reply;
    static parsed p;

    parse(&p, lines);
    OK(tripsage_cache_pipeline(&reply, cache, p.lines, p.line_count));
    return told(reply, TEST_AS_IT_IS);
}

const char *test_transaction(tripsage_cache *cache, const char *lines)
{
    tripsage_cache_reply *reply;
    static parsed p;

    parse(&p, lines);
    OK(tripsage_cache_transaction(&reply, cache, p.lines, p.line_count));
    return told(reply, TEST_AS_IT_IS);
}

/* ---- values ---- */

const char *test_cached(tripsage_cache *cache, const char *key)
{
    tripsage_cache_value value;
    tripsage_status status = tripsage_cache_get(&value, cache, key, strlen(key));
    const char *text;

    if (status == TRIPSAGE_ENOTFOUND)
        return NULL;
    OK(status);
    ck_assert_int_eq(((const char *)value.data)[value.size], '\0');
    text = test_format("%.*s", (int)value.size, (const char *)value.data);
    tripsage_cache_value_free(&value);
    return text;
}
