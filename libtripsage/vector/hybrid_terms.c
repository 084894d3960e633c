/* hybrid_terms.c: see hybrid_terms.h. */
#include "hybrid_terms.h"

#include "base/text.h"
#include "words.h"

/* 64 bytes: longer than any word, and a good deal shorter than what an index of PostgreSQL takes. What is longer is cut there. */
#define TERM_MAX 64u

/* ---- one word ---- */

typedef struct reading {
    const char *text;
    size_t size;
    tripsage__text_span at;
    tripsage__buf word; /* as it stands, folded */
    int is_stop;
} reading;

static void begin(reading *r, const char *text, size_t size)
{
    static const tripsage__buf empty = TRIPSAGE__BUF_INIT(64 * 1024);
    static const tripsage__text_span start = {0, 0};

    r->text = text;
    r->size = size;
    r->at = start;
    r->word = empty;
    r->is_stop = 0;
}

static void cut(tripsage__buf *word)
{
    if (word->size <= TERM_MAX)
        return;
    word->size = TERM_MAX;
    while (word->size && ((unsigned char)word->data[word->size] & 0xc0) == 0x80)
        word->size--; /* whole characters */
    word->data[word->size] = '\0';
}

/* A single letter is what "'s" leaves of a word. */
static void stem(reading *r)
{
    tripsage__word word;

    r->is_stop = 0;
    if (r->word.size > TRIPSAGE__WORD_MAX)
        return;
    memcpy(word.text, r->word.data, r->word.size + 1);
    word.length = r->word.size;
    r->is_stop = (word.length == 1 && word.text[0] >= 'a' && word.text[0] <= 'z') || tripsage__word_is_stop(&word);
    tripsage__word_stem(&word);
    r->word.size = 0;
    tripsage__buf_put(&r->word, word.text, word.length);
}

/* The next word; 0 at the end, and when memory fails. */
static int next(reading *r)
{
    r->word.size = 0;
    if (!tripsage__text_word(&r->at, &r->word, r->text, r->size, r->at.end) || r->word.failed)
        return 0;
    cut(&r->word);
    stem(r);
    return !r->word.failed;
}

static void end(reading *r, tripsage__buf *out)
{
    if (r->word.failed)
        out->failed = r->word.failed;
    tripsage__buf_free(&r->word);
}

/* ---- texts ---- */

size_t tripsage__item_terms_put(tripsage__buf *out, const char *text, size_t size)
{
    reading r;
    size_t count = 0;

    begin(&r, text, size);
    for (; next(&r); count++) {
        tripsage__buf_putc(out, ' ');
        tripsage__buf_put(out, r.word.data, r.word.size);
        tripsage__buf_putc(out, ' ');
    }
    end(&r, out);
    return count;
}

/* ---- queries ---- */

static int has_line(const tripsage__buf *lines, const tripsage__buf *word)
{
    const char *end_of_lines = lines->data + lines->size;

    for (const char *at = lines->data; at && at < end_of_lines;) {
        const char *line_end = memchr(at, '\n', (size_t)(end_of_lines - at));
        size_t length = (size_t)((line_end ? line_end : end_of_lines) - at);

        if (length == word->size && memcmp(at, word->data, length) == 0)
            return 1;
        at += length + 1;
    }
    return 0;
}

static size_t put_lines(tripsage__buf *out, const char *text, size_t size, int with_stop_words)
{
    reading r;
    size_t count = 0;

    begin(&r, text, size);
    while (count < TRIPSAGE__QUERY_TERMS_MAX && next(&r)) {
        if ((r.is_stop && !with_stop_words) || has_line(out, &r.word))
            continue;
        if (count++)
            tripsage__buf_putc(out, '\n');
        tripsage__buf_put(out, r.word.data, r.word.size);
    }
    end(&r, out);
    return count;
}

size_t tripsage__query_terms_put(tripsage__buf *out, const char *text, size_t size)
{
    size_t count = put_lines(out, text, size, 0);

    return count ? count : put_lines(out, text, size, 1);
}
