/* trip/snippet.c: the part of a text that shows what was found in it: see terms.h.
 *
 * A term is found where its words stand in the text one after another. Of all windows of WINDOW words the one is shown that has the most
 * terms in it, then the most of their occurrences, then the first. There is room around these, and it is used to begin where
 * the text or a sentence does; failing that, they stand in the middle. */
#include "base/json.h"
#include "base/text.h"
#include "terms.h"

/* A line and a half of a list of hits. */
#define WINDOW 24

/* A text that has more than these is shown by the first of them. */
#define FOUND_MAX 1000

typedef struct word {
    tripsage__text_span at;
    size_t folded, folded_end; /* in text.folded */
} word;

/* An occurrence of a term: the words from `first` to before `end`. */
typedef struct occurrence {
    size_t first, end;
    size_t term; /* where it begins in the terms */
} occurrence;

typedef struct text {
    const char *bytes;
    size_t size;
    tripsage__buf folded;
    tripsage__buf words; /* of word */
    size_t word_count;
    tripsage__buf found; /* of occurrence, ascending by their first words */
    size_t found_count;
} text;

/* The blocks of buffers are as aligned as malloc's. */
static const word *word_of(const text *t, size_t i)
{
    return (const word *)(const void *)t->words.data + i;
}

static const occurrence *found_of(const text *t, size_t i)
{
    return (const occurrence *)(const void *)t->found.data + i;
}

static void text_free(text *t)
{
    tripsage__buf_free(&t->folded);
    tripsage__buf_free(&t->words);
    tripsage__buf_free(&t->found);
}

static void read_words(text *t)
{
    word w = {{0, 0}, 0, 0};

    while (tripsage__text_word(&w.at, &t->folded, t->bytes, t->size, w.at.end)) {
        w.folded_end = t->folded.size;
        tripsage__buf_put(&t->words, &w, sizeof w);
        t->word_count++;
        w.folded = w.folded_end;
    }
}

/* ---- finding ---- */

/* Whether word i of the text is the wanted one, or begins with it if that ends in '*'. */
static int is_word(const text *t, size_t i, const char *wanted, size_t size)
{
    const word *w = word_of(t, i);
    size_t length = w->folded_end - w->folded;

    if (wanted[size - 1] == '*' ? length < --size : length != size)
        return 0;
    return memcmp(t->folded.data + w->folded, wanted, size) == 0;
}

/* How many words from word i on are the term, whose line begins at `term`; 0: it does not stand there. */
static size_t words_of_term(const text *t, size_t i, const char *term)
{
    for (size_t count = 0;; count++) {
        size_t size = strcspn(term, " \n");

        if (i + count == t->word_count || !is_word(t, i + count, term, size))
            return 0;
        term += size;
        if (*term != ' ')
            return count + 1;
        term++;
    }
}

static void find_terms(text *t, const char *terms)
{
    for (size_t i = 0; i < t->word_count; i++)
        for (const char *term = terms; term; term = strchr(term, '\n')) {
            size_t count;

            if (*term == '\n')
                term++;
            count = words_of_term(t, i, term);
            if (count) {
                occurrence o = {i, i + count, (size_t)(term - terms)};

                tripsage__buf_put(&t->found, &o, sizeof o);
                if (++t->found_count == FOUND_MAX)
                    return;
            }
        }
}

static tripsage_status text_read(text *t, const char *bytes, const char *terms)
{
    static const tripsage__buf empty = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    tripsage_status status;

    t->bytes = bytes;
    t->size = strlen(bytes);
    t->folded = t->words = t->found = empty;
    t->word_count = t->found_count = 0;
    read_words(t);
    TRIPSAGE_TRY(tripsage__buf_status(&t->folded));
    TRIPSAGE_TRY(tripsage__buf_status(&t->words));
    find_terms(t, terms);
    TRIPSAGE_TRY(tripsage__buf_status(&t->found));
out:
    return status;
}

/* ---- the window ---- */

/* From the first word of occurrence i to the end of the last one that lies within a window from there. */
typedef struct stretch {
    size_t first, end;
    size_t terms, occurrences;
} stretch;

static int is_new_term(const text *t, size_t from, size_t i)
{
    for (size_t j = from; j < i; j++)
        if (found_of(t, j)->term == found_of(t, i)->term)
            return 0;
    return 1;
}

static stretch stretch_from(const text *t, size_t from)
{
    const occurrence *o = found_of(t, from);
    stretch s = {o->first, o->end, 0, 0};

    for (size_t i = from; i < t->found_count && found_of(t, i)->first < s.first + WINDOW; i++) {
        o = found_of(t, i);
        if (i > from && o->end > s.first + WINDOW)
            continue;
        s.terms += (size_t)is_new_term(t, from, i);
        s.occurrences++;
        if (o->end > s.end)
            s.end = o->end;
    }
    return s;
}

static stretch best_stretch(const text *t)
{
    stretch best = {0, 0, 0, 0};

    for (size_t i = 0; i < t->found_count; i++) {
        stretch s = stretch_from(t, i);

        if (s.terms > best.terms || (s.terms == best.terms && s.occurrences > best.occurrences))
            best = s;
    }
    return best;
}

/* Whether a sentence or a line ends before word i. */
static int begins_sentence(const text *t, size_t i)
{
    const unsigned char *at = (const unsigned char *)t->bytes,
                        *end = at + (i < t->word_count ? word_of(t, i)->at.begin : t->size);
    int stopped = 0;

    for (at += i ? word_of(t, i - 1)->at.end : 0; at < end;) {
        uint32_t code = tripsage__utf8_next(&at, end);

        if (code == '\n' || code == 0x3002 || code == 0xff01 ||
            code == 0xff1f) /* the last three: of Chinese and Japanese */
            return 1;
        if (stopped && code == ' ')
            return 1;
        if (code == '.' || code == '!' || code == '?' || code == 0x2026)
            stopped = 1;
    }
    return i == 0;
}

/* The first word to be shown. */
static size_t window_start(const text *t)
{
    stretch s = best_stretch(t);
    size_t room = s.end - s.first < WINDOW ? WINDOW - (s.end - s.first) : 0;
    size_t earliest = s.first > room ? s.first - room : 0;
    size_t latest = t->word_count > WINDOW ? t->word_count - WINDOW : 0; /* what is beyond shows fewer words */

    if (earliest == 0)
        return 0;
    for (size_t i = s.first; i >= earliest; i--)
        if (begins_sentence(t, i))
            return i;
    return s.first - room / 2 < latest ? s.first - room / 2 : latest;
}

/* ---- writing ---- */

static void put_escaped(tripsage__buf *html, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        switch (bytes[i]) {
        case '&':
            TRIPSAGE__LIT(html, "&amp;");
            break;
        case '<':
            TRIPSAGE__LIT(html, "&lt;");
            break;
        case '>':
            TRIPSAGE__LIT(html, "&gt;");
            break;
        case '"':
            TRIPSAGE__LIT(html, "&quot;");
            break;
        case '\'':
            TRIPSAGE__LIT(html, "&#39;");
            break;
        default:
            tripsage__buf_putc(html, bytes[i]);
        }
}

/* What stands from word `first` to before `end`, with nothing around it. */
static void put_marked(tripsage__buf *html, const text *t, size_t first, size_t end)
{
    size_t begin = word_of(t, first)->at.begin;

    TRIPSAGE__LIT(html, "<mark>");
    put_escaped(html, t->bytes + begin, word_of(t, end - 1)->at.end - begin);
    TRIPSAGE__LIT(html, "</mark>");
}

/* Occurrences that share words are one mark. */
static void put_window(tripsage__buf *html, const text *t, size_t first, size_t end)
{
    size_t at = first ? word_of(t, first)->at.begin : 0;
    size_t stop = end < t->word_count ? word_of(t, end - 1)->at.end : t->size;

    if (first)
        TRIPSAGE__LIT(html, "…");
    for (size_t i = 0; i < t->found_count;) {
        size_t from = found_of(t, i)->first, to = found_of(t, i)->end;

        for (i++; i < t->found_count && found_of(t, i)->first < to; i++)
            if (found_of(t, i)->end > to)
                to = found_of(t, i)->end;
        if (from < first)
            from = first;
        if (to > end)
            to = end;
        if (from >= to)
            continue;
        put_escaped(html, t->bytes + at, word_of(t, from)->at.begin - at);
        put_marked(html, t, from, to);
        at = word_of(t, to - 1)->at.end;
    }
    put_escaped(html, t->bytes + at, stop - at);
    if (end < t->word_count)
        TRIPSAGE__LIT(html, "…");
}

tripsage_status tripsage__snippet_put(tripsage__buf *json, const char *const *texts, size_t count, const char *terms)
{
    tripsage__buf html = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    text t = {NULL, 0, html, html, 0, html, 0};
    size_t first, end;
    tripsage_status status;

    TRIPSAGE_TRY(text_read(&t, texts[0], terms));
    for (size_t i = 1; i < count && !t.found_count; i++) {
        text_free(&t);
        TRIPSAGE_TRY(text_read(&t, texts[i], terms));
    }
    first = t.found_count ? window_start(&t) : 0;
    end = first + WINDOW < t.word_count ? first + WINDOW : t.word_count;
    put_window(&html, &t, first, end);
    TRIPSAGE_TRY(tripsage__buf_status(&html));
    tripsage__json_put_stringn(json, html.data ? html.data : "", html.size);
out:
    text_free(&t);
    tripsage__buf_free(&html);
    return status;
}
