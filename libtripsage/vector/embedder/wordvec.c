/* wordvec.c: word vectors as text, of GloVe, word2vec, fastText: a word and its numbers on each line, with or without a first line "words
 * dimensions".
 *
 * A text is the mean of its words' vectors, each of unit length and weighted by smooth inverse frequency (Arora, Liang and Ma, "A simple
 * but tough-to-beat baseline for sentence embeddings", 2017): a / (a + p) with a = 0.001, p being how often the word is among all. Such
 * files have no counts, but the more frequent words stand first, so p is taken from the line by Zipf's law: of n words the r-th is 1 / (r *
 * H(n)). A file in the order of the alphabet tells nothing, and its words weigh the same. The common direction that the paper takes away
 * afterwards needs a corpus, and stays.
 *
 * The file stays mapped, and lines are read when their word is met; opening finds where they begin. */
#include "embedder.h"

#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "base/memory.h"
#include "base/text.h"
#include "file.h"
#include "pull.h"
#include "unicode.h"
#include "vector/vector.h"
#include "word_table.h"

/* 64 GiB: fastText's largest are a tenth of it. */
#define FILE_MAX ((size_t)64 * 1024 * 1024 * 1024)
/* 16 million: five times what the largest in use have; places are kept in 32 bits. */
#define WORDS_MAX 16000000u
/* As the paper found good for sentences. */
#define FREQUENT 1e-3
/* 64 lines in the order of the alphabet are no chance. */
#define SORTED_MIN 64u

typedef struct wordvec {
    tripsage__file file;
    uint64_t *lines; /* where each word's line begins */
    size_t count, capacity, dimensions;
    tripsage__word_table table; /* of the lines */
    int is_ranked;
    double harmonic;
} wordvec;

/* ---- lines ---- */

typedef struct line {
    const char *word, *numbers, *end;
    size_t size; /* of the word */
} line;

static int is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static const char *end_of_line(const char *at, const char *end)
{
    const char *found = memchr(at, '\n', (size_t)(end - at));

    return found ? found : end;
}

/* The numbers are the last `dimensions` parts of a line: a word of GloVe's may have spaces in it. 0: there are not so many, or no word. */
static int take_apart(line *out, const char *begin, const char *end, size_t dimensions)
{
    const char *at = end, *word_end;

    while (at > begin && is_blank(at[-1]))
        at--;
    out->end = at;
    for (size_t i = 0; i < dimensions; i++) {
        while (at > begin && is_blank(at[-1]))
            at--;
        if (at == begin)
            return 0;
        while (at > begin && !is_blank(at[-1]))
            at--;
    }
    out->numbers = at;
    word_end = at;
    while (word_end > begin && is_blank(word_end[-1]))
        word_end--;
    out->word = begin;
    out->size = (size_t)(word_end - begin);
    return out->size > 0;
}

static line line_of(const wordvec *w, size_t i)
{
    const char *begin = w->file.data + w->lines[i], *end = w->file.data + w->file.size;
    line l;

    take_apart(&l, begin, end_of_line(begin, end), w->dimensions);
    return l;
}

/* ---- opening ---- */

static size_t count_parts(const char *at, const char *end)
{
    size_t n = 0;

    while (at < end) {
        while (at < end && is_blank(*at))
            at++;
        n += at < end;
        while (at < end && !is_blank(*at))
            at++;
    }
    return n;
}

/* A first line of two whole numbers; 0: it is a word's. */
static size_t read_head(const char *at, const char *end)
{
    double words, dimensions;
    size_t size = tripsage__pull_decimal(&words, at, (size_t)(end - at));

    if (!size || count_parts(at, end) != 2)
        return 0;
    at += size;
    while (at < end && is_blank(*at))
        at++;
    size = tripsage__pull_decimal(&dimensions, at, (size_t)(end - at));
    return size && dimensions >= 1 && dimensions <= TRIPSAGE_VECTOR_DIMENSIONS_MAX ? (size_t)dimensions : 0;
}

static tripsage_status keep_line(wordvec *w, const char *at)
{
    if (w->count == w->capacity) {
        size_t capacity = w->capacity ? w->capacity * 2 : 4096;
        uint64_t *grown;

        if (w->count >= WORDS_MAX)
            return TRIPSAGE_FAIL(TRIPSAGE_ETOOLARGE, "there are more than %u words", WORDS_MAX);
        grown = tripsage__realloc(w->lines, capacity * sizeof *grown);
        if (!grown)
            return TRIPSAGE_NOMEM();
        w->lines = grown;
        w->capacity = capacity;
    }
    w->lines[w->count++] = (uint64_t)(at - w->file.data);
    return TRIPSAGE_OK;
}

/* Numbers are read later, but what is none is told now. */
static int has_numbers_only(const line *l)
{
    for (const char *c = l->numbers; c < l->end; c++)
        if (!(*c >= '0' && *c <= '9') && (!*c || !strchr("+-.eE \t\r", *c)))
            return 0;
    return 1;
}

static tripsage_status read_lines(wordvec *w, const char *path)
{
    const char *at = w->file.data, *end = at + w->file.size, *first = end_of_line(at, end);
    size_t head = read_head(at, first), number = 1;
    tripsage_status status;

    w->dimensions = head ? head : count_parts(at, first) - 1;
    if (w->dimensions < 1 || w->dimensions > TRIPSAGE_VECTOR_DIMENSIONS_MAX)
        return TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "%.100s: line 1: expected a word and 1 to %u numbers", path,
                             TRIPSAGE_VECTOR_DIMENSIONS_MAX);
    if (head && first < end) {
        at = first + 1;
        number = 2;
    }
    for (; at < end; number++) {
        const char *stop = end_of_line(at, end);
        line l;

        if (!take_apart(&l, at, stop, w->dimensions) || !has_numbers_only(&l))
            return TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "%.100s: line %zu: expected a word and %zu numbers", path, number,
                                 w->dimensions);
        status = keep_line(w, at);
        if (status != TRIPSAGE_OK)
            return status;
        at = stop < end ? stop + 1 : end;
    }
    return w->count ? TRIPSAGE_OK : TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "%.100s: there is no word in it", path);
}

static const char *word_at(const void *words, size_t number, size_t *size)
{
    line l = line_of(words, number);

    *size = l.size;
    return l.word;
}

static int is_sorted(const wordvec *w)
{
    for (size_t i = 1; i < w->count && i < SORTED_MIN; i++) {
        line a = line_of(w, i - 1), b = line_of(w, i);
        int order = memcmp(a.word, b.word, a.size < b.size ? a.size : b.size);

        if (order > 0 || (order == 0 && a.size > b.size))
            return 0;
    }
    return w->count >= SORTED_MIN;
}

/* ---- embedding ---- */

typedef struct mean {
    double sum[TRIPSAGE_VECTOR_DIMENSIONS_MAX];
    double row[TRIPSAGE_VECTOR_DIMENSIONS_MAX];
    tripsage__buf folded, lower;
} mean;

static double weight_of(const wordvec *w, size_t rank)
{
    return w->is_ranked ? FREQUENT / (FREQUENT + 1.0 / ((double)rank * w->harmonic)) : 1.0;
}

static tripsage_status add_word(mean *s, const wordvec *w, uint32_t found)
{
    line l = line_of(w, found - 1);
    double length = 0, scale;

    for (size_t d = 0; d < w->dimensions; d++) {
        size_t size;

        while (l.numbers < l.end && is_blank(*l.numbers))
            l.numbers++;
        size = tripsage__pull_decimal(&s->row[d], l.numbers, (size_t)(l.end - l.numbers));
        if (!size || (l.numbers + size < l.end && !is_blank(l.numbers[size])))
            return TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "word vectors: number %zu of the word in place %u is none", d + 1,
                                 found);
        l.numbers += size;
        length += s->row[d] * s->row[d];
    }
    if (!(length > 0 && length < 1e60))
        return TRIPSAGE_OK; /* no direction, or none that could be computed with */
    scale = weight_of(w, found) / sqrt(length);
    for (size_t d = 0; d < w->dimensions; d++)
        s->sum[d] += s->row[d] * scale;
    return TRIPSAGE_OK;
}

static void put_lower(tripsage__buf *out, const char *text, size_t size)
{
    const unsigned char *at = (const unsigned char *)text, *end = at + size;
    uint32_t small[2];
    char bytes[4];

    out->size = 0;
    while (at < end) {
        size_t n = tripsage__unicode_lower(small, tripsage__utf8_next(&at, end));

        for (size_t i = 0; i < n; i++)
            tripsage__buf_put(out, bytes, tripsage__unicode_put(bytes, small[i]));
    }
}

/* As it is written, in small letters, without its marks: whichever the file has first. */
static uint32_t find_any(mean *s, const wordvec *w, const char *word, size_t size)
{
    uint32_t found = tripsage__word_table_find(&w->table, word, size);

    if (!found) {
        put_lower(&s->lower, word, size);
        found = s->lower.failed ? 0 : tripsage__word_table_find(&w->table, s->lower.data, s->lower.size);
    }
    if (!found && s->folded.size)
        found = tripsage__word_table_find(&w->table, s->folded.data, s->folded.size);
    return found;
}

static tripsage_status add_text(mean *s, const wordvec *w, const tripsage__embed_text *text)
{
    tripsage__text_span span = {0, 0};
    tripsage_status status = TRIPSAGE_OK;

    s->folded.size = 0;
    while (status == TRIPSAGE_OK && tripsage__text_word(&span, &s->folded, text->data, text->size, span.end)) {
        uint32_t found = find_any(s, w, text->data + span.begin, span.end - span.begin);

        if (found)
            status = add_word(s, w, found);
        s->folded.size = 0;
    }
    if (status == TRIPSAGE_OK)
        status = tripsage__buf_status(&s->folded);
    return status == TRIPSAGE_OK ? tripsage__buf_status(&s->lower) : status;
}

static void write_unit(float *out, const mean *s, size_t dimensions)
{
    double length = 0;

    for (size_t d = 0; d < dimensions; d++)
        length += s->sum[d] * s->sum[d];
    length = sqrt(length);
    for (size_t d = 0; d < dimensions; d++)
        out[d] = length > 0 ? (float)(s->sum[d] / length) : 0.0f;
}

static tripsage_status embed(void *engine, float *out, tripsage_embed_purpose purpose,
                             const tripsage__embed_text *texts, size_t count)
{
    static const tripsage__buf empty = TRIPSAGE__BUF_INIT(4 * TRIPSAGE_EMBEDDER_TEXT_MAX);
    const wordvec *w = engine;
    mean *s = tripsage__malloc(sizeof *s); /* 64 KiB are much for a stack of somebody else's */
    tripsage_status status = TRIPSAGE_OK;

    (void)purpose;
    if (!s)
        return TRIPSAGE_NOMEM();
    s->folded = s->lower = empty;
    for (size_t i = 0; i < count && status == TRIPSAGE_OK; i++) {
        memset(s->sum, 0, w->dimensions * sizeof s->sum[0]);
        status = add_text(s, w, &texts[i]);
        write_unit(out + i * w->dimensions, s, w->dimensions);
    }
    tripsage__buf_free(&s->folded);
    tripsage__buf_free(&s->lower);
    tripsage__free(s);
    return status;
}

static void close_words(void *engine)
{
    wordvec *w = engine;

    tripsage__file_unmap(&w->file);
    tripsage__free(w->lines);
    tripsage__word_table_free(&w->table);
    tripsage__free(w);
}

tripsage_status tripsage__wordvec_open(tripsage_embedder *embedder, const char *path)
{
    static const tripsage__embed_engine calls = {embed, close_words};
    wordvec *w = tripsage__calloc(1, sizeof *w);
    tripsage_status status;

    if (!w)
        return TRIPSAGE_NOMEM();
    embedder->calls = &calls;
    embedder->engine = w;
    TRIPSAGE_TRY(tripsage__random(embedder->env, w->table.key, sizeof w->table.key));
    TRIPSAGE_TRY(tripsage__file_map(&w->file, path, NULL, FILE_MAX));
    if (!w->file.data)
        return TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "%.100s: is empty", path);
    TRIPSAGE_TRY(read_lines(w, path));
    w->table.word = word_at;
    w->table.words = w;
    TRIPSAGE_TRY(tripsage__word_table_make(&w->table, w->count));
    w->is_ranked = !is_sorted(w);
    w->harmonic = log((double)w->count + 1) + 0.5772; /* H(n), nearly */
    status = tripsage__embedder_describe(embedder, path, tripsage__file_print(&w->file), w->dimensions);
out:
    return status;
}
