/* word_table.c: see word_table.h. Open addressing, at most half full. */
#include "word_table.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/siphash.h"

/* Where the word is, or the free slot that it would have. */
static size_t place_of(const tripsage__word_table *t, const char *text, size_t size)
{
    size_t at = (size_t)tripsage__siphash13(t->key, text, size) & t->mask;

    for (; t->slots[at]; at = (at + 1) & t->mask) {
        size_t length;
        const char *word = t->word(t->words, t->slots[at] - 1, &length);

        if (length == size && (!size || memcmp(word, text, size) == 0))
            break;
    }
    return at;
}

uint32_t tripsage__word_table_find(const tripsage__word_table *table, const char *text, size_t size)
{
    return table->slots[place_of(table, text, size)];
}

tripsage_status tripsage__word_table_make(tripsage__word_table *table, size_t count)
{
    size_t slots = 64;

    while (slots < count * 2)
        slots *= 2;
    table->slots = tripsage__calloc(slots, sizeof *table->slots);
    if (!table->slots)
        return TRIPSAGE_NOMEM();
    table->mask = slots - 1;
    for (size_t i = 0; i < count; i++) {
        size_t size;
        const char *word = table->word(table->words, i, &size);
        uint32_t *slot = &table->slots[place_of(table, word, size)];

        if (!*slot)
            *slot = (uint32_t)i + 1;
    }
    return TRIPSAGE_OK;
}

void tripsage__word_table_free(tripsage__word_table *table)
{
    tripsage__free(table->slots);
    table->slots = NULL;
}
