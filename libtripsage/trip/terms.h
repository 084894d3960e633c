/* trip/terms.h: what a search asks for, and where a text has it.
 *
 * `kyoto "golden temple" gar` asks for three terms: "kyoto\ngolden temple\ngar*". A term is a word or a phrase, its words as base/text.h makes
 * them; all terms have to be in what is found. What was quoted to its end is meant as it is; the last word otherwise may go on, which is the
 * '*'. Nothing in a query is an operator, and no text is a wrong query. A term said twice is one. */
#ifndef TRIPSAGE_TRIP_TERMS_H
#define TRIPSAGE_TRIP_TERMS_H

#include "base/buf.h"

/* Appends the query's terms to `terms`, which is empty before, and after if there is no word in the query. */
void tripsage__terms_read(tripsage__buf *terms, const char *query);

/* Appends them as an expression of FTS5. */
void tripsage__terms_put_fts5(tripsage__buf *out, const char *terms);

/* Appends to `json`, as a string, the part of a text that shows the terms best: some 24 words, fit for HTML, each term in <mark>, with "…" where the text
 * goes on. It is taken from the first of the texts that has one of the terms, else it is the beginning of the last. */
tripsage_status tripsage__snippet_put(tripsage__buf *json, const char *const *texts, size_t count, const char *terms);

#endif
