/* trip/terms.c: a query's text made into terms: see terms.h. */
#include "terms.h"

#include "base/text.h"

/* What became of a piece of a query. */
typedef enum piece {
    NO_WORD,
    KNOWN, /* a term that is there already */
    ADDED  /* it is the last term now */
} piece;

static int has_term(const tripsage__buf *terms, const char *term, size_t size)
{
    const char *end = terms->data + terms->size;

    for (const char *at = terms->data; at && at < end;) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((line_end ? line_end : end) - at);

        if (length == size && memcmp(at, term, size) == 0)
            return 1;
        at += length + 1;
    }
    return 0;
}

/* All words of the piece as one term. */
static piece add_term(tripsage__buf *terms, const char *text, size_t size)
{
    tripsage__buf term = TRIPSAGE__BUF_INIT(terms->ceiling);
    tripsage__text_span span = {0, 0};
    piece what = NO_WORD;

    while (tripsage__text_word(&span, &term, text, size, span.end))
        tripsage__buf_putc(&term, ' ');
    if (term.size) {
        what = has_term(terms, term.data, term.size - 1) ? KNOWN : ADDED;
        if (what == ADDED && terms->size)
            tripsage__buf_putc(terms, '\n');
        if (what == ADDED)
            tripsage__buf_put(terms, term.data, term.size - 1);
    }
    if (term.failed)
        terms->failed = term.failed;
    tripsage__buf_free(&term);
    return what;
}

static void add_words(piece *last, tripsage__buf *terms, const char *text, size_t size)
{
    size_t start = 0;

    for (size_t i = 0; i <= size; i++) {
        piece p;

        if (i < size && text[i] != ' ' && (text[i] < '\t' || text[i] > '\r'))
            continue;
        p = add_term(terms, text + start, i - start);
        if (p != NO_WORD)
            *last = p;
        start = i + 1;
    }
}

void tripsage__terms_read(tripsage__buf *terms, const char *query)
{
    piece last = NO_WORD; /* whether what stands last may go on; a known term is asked for in full anyway */

    while (*query) {
        size_t size = strcspn(query, "\"");

        add_words(&last, terms, query, size);
        query += size;
        if (*query != '"')
            break;
        size = strcspn(++query, "\"");
        switch (add_term(terms, query, size)) {
        case NO_WORD:
            break;
        case KNOWN:
            last = KNOWN;
            break;
        case ADDED:
            last = query[size] == '"' ? KNOWN : ADDED;
        }
        query += size + (query[size] == '"');
    }
    if (last == ADDED)
        tripsage__buf_putc(terms, '*');
}

void tripsage__terms_put_fts5(tripsage__buf *out, const char *terms)
{
    tripsage__buf_putc(out, '"');
    for (; *terms; terms++)
        if (*terms == '\n')
            TRIPSAGE__LIT(out, "\" \"");
        else if (*terms != '*')
            tripsage__buf_putc(out, *terms);
        else
            TRIPSAGE__LIT(out, "\"*");
    if (terms[-1] != '*')
        tripsage__buf_putc(out, '"');
}
