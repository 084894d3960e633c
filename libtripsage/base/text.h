/* base/text.h: text taken apart into words as full-text search has them, on every engine: exactly what SQLite's FTS5 makes with the tokenizer
 * "unicode61 remove_diacritics 2", which is runs of letters, digits and of what Unicode 6.1 did not know, in lower case and without the usual
 * diacritics. On PostgreSQL tripsage.search_words() makes the same. No allocation of its own, no locale.
 *
 * (vector/words.h takes text apart for the embedder: what "Majorelle's" means, not how it is written.) */
#ifndef TRIPSAGE_BASE_TEXT_H
#define TRIPSAGE_BASE_TEXT_H

#include "buf.h"

/* Decodes one code point of UTF-8 and steps over it; a byte that begins none is U+FFFD. *at is before `end`. */
uint32_t tripsage__utf8_next(const unsigned char **at, const unsigned char *end);

/* Where a word stands in its text, in bytes. */
typedef struct tripsage__text_span {
    size_t begin, end;
} tripsage__text_span;

/* The first word of the text from the byte `from` on, the beginning of a character; appends it to `folded` as it is compared. 0: there is none. */
int tripsage__text_word(tripsage__text_span *out, tripsage__buf *folded, const char *text, size_t size, size_t from);

#endif
