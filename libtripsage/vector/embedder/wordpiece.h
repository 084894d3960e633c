/* vector/embedder/wordpiece.h: text into the tokens of a BERT, as tokenizer.json of Hugging Face's tokenizers describes it: BERT's
 * normaliser and pre-tokeniser, and WordPiece (Schuster and Nakajima, 2012; Devlin et al., 2019): each word is the longest pieces of the
 * vocabulary from its beginning on. Other kinds of tokenizers are refused. What comes out are the same numbers as there. */
#ifndef TRIPSAGE_VECTOR_EMBEDDER_WORDPIECE_H
#define TRIPSAGE_VECTOR_EMBEDDER_WORDPIECE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef struct tripsage__wordpiece tripsage__wordpiece;

/* Reads a tokenizer.json; `key` is of the table of words (base/siphash.h). Errors: TRIPSAGE_ECORRUPT, TRIPSAGE_ENOTSUP (say what is wrong,
 * or not known here), TRIPSAGE_ETOOLARGE, TRIPSAGE_ENOMEM. */
tripsage_status tripsage__wordpiece_read(tripsage__wordpiece **out, const char *json, size_t size,
                                         const uint64_t key[2]);
void tripsage__wordpiece_free(tripsage__wordpiece *wordpiece); /* NULL is fine */

/* One more than the highest number of a token, and how many characters half of the tokens have at most. */
size_t tripsage__wordpiece_size(const tripsage__wordpiece *wordpiece);
size_t tripsage__wordpiece_median(const tripsage__wordpiece *wordpiece);

typedef void tripsage__wordpiece_fn(void *context, uint32_t token);

/* Gives the tokens of a text in their order, of the first `max` those that are known. The text is UTF-8. */
void tripsage__wordpiece_split(const tripsage__wordpiece *wordpiece, const char *text, size_t size, size_t max,
                               tripsage__wordpiece_fn *take, void *context);

#endif
