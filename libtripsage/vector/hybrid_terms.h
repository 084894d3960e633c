/* vector/hybrid_terms.h: the words by which texts of items are found, the same on every engine: those of base/text.h, without the endings
 * of English plurals and verb forms (words.h), so that "islands" finds "island". A text is indexed by all of its words. A query asks for
 * those that say something: without "the" and "where", unless it has no other. */
#ifndef TRIPSAGE_VECTOR_HYBRID_TERMS_H
#define TRIPSAGE_VECTOR_HYBRID_TERMS_H

#include "base/buf.h"

/* 64: a paragraph's worth of words that say something; each costs a list to be walked. What comes behind is not asked for. */
#define TRIPSAGE__QUERY_TERMS_MAX 64u

/* Appends the words of a text, each between spaces of its own (" island  reef "); gives how many there are. */
size_t tripsage__item_terms_put(tripsage__buf *out, const char *text, size_t size);

/* Appends the words of a query in lines, each once; gives how many there are. */
size_t tripsage__query_terms_put(tripsage__buf *out, const char *text, size_t size);

#endif
