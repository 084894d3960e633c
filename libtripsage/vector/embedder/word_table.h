/* word_table.h: finds words, which stand wherever their owner has them, by their text. Keyed, so that nobody can make a file of words that
 * all fall into one place. */
#ifndef TRIPSAGE_VECTOR_EMBEDDER_WORD_TABLE_H
#define TRIPSAGE_VECTOR_EMBEDDER_WORD_TABLE_H

#include <stddef.h>
#include <stdint.h>
#include <tripsage/status.h>

typedef struct tripsage__word_table {
    uint64_t key[2]; /* at random; set by who has the table, as are the next two */
    const char *(*word)(const void *words, size_t number, size_t *size);
    const void *words;
    uint32_t *slots; /* 1 and a word's number; 0: free. Freed by tripsage__word_table_free */
    size_t mask;     /* one less than there are slots */
} tripsage__word_table;

/* Puts `count` words in, fewer than 2^31. Of those that are the same the first stays. */
tripsage_status tripsage__word_table_make(tripsage__word_table *table, size_t count);
void tripsage__word_table_free(tripsage__word_table *table);

/* 1 and the word's number; 0: it is not there. */
uint32_t tripsage__word_table_find(const tripsage__word_table *table, const char *text, size_t size);

#endif
