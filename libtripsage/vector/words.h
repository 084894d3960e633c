/* vector/words.h: text taken apart into words as the embedder and the catalogue compare them: lower-case, Latin letters without their
 * marks ("São Tomé" gives "sao", "tome"), everything that is neither letter nor digit between them. Letters of other scripts
 * stay as they are. An apostrophe joins, except before a final s ("Majorelle's" gives "majorelle"). No allocation, no locale. */
#ifndef TRIPSAGE_VECTOR_WORDS_H
#define TRIPSAGE_VECTOR_WORDS_H

#include <stddef.h>

/* 31 bytes: the longest words of English prose fit; what is longer is cut there. */
#define TRIPSAGE__WORD_MAX 31

typedef struct tripsage__word {
    char text[TRIPSAGE__WORD_MAX + 1];
    size_t length;
} tripsage__word;

typedef struct tripsage__words {
    const unsigned char *at;
    const unsigned char *end;
} tripsage__words;

void tripsage__words_begin(tripsage__words *words, const char *text, size_t length);
/* 0 at the end. */
int tripsage__words_next(tripsage__words *words, tripsage__word *out);

/* Words that say nothing by themselves: "the", "with". */
int tripsage__word_is_stop(const tripsage__word *word);

/* Cuts the endings of English plurals and verb forms: "islands" and "island", "diving" and "dive" become the same. The result
 * need not be a word. */
void tripsage__word_stem(tripsage__word *word);

/* Plural to singular only; 0 when it does not look like one. */
int tripsage__word_singular(tripsage__word *word);

/* The name that a word which only points at a place stands for ("greek": "greece"), or NULL. */
const char *tripsage__word_place(const tripsage__word *word);

/* The words of a text with single spaces between them; cut to fit. Gives the length. */
size_t tripsage__words_fold(char *out, size_t capacity, const char *text, size_t length);

#endif
