/* vector/embedder/unicode.h: what a tokenizer of BERT's asks about a character, as the library does that such models are trained behind
 * (tokenizers of Hugging Face). Not what the newest Unicode says: what was a word to it then has to be one now. */
#ifndef TRIPSAGE_VECTOR_EMBEDDER_UNICODE_H
#define TRIPSAGE_VECTOR_EMBEDDER_UNICODE_H

#include <stddef.h>
#include <stdint.h>

/* Control and formatting characters, private ones, NUL and U+FFFD. */
int tripsage__unicode_is_control(uint32_t code);
int tripsage__unicode_is_space(uint32_t code);
int tripsage__unicode_is_punctuation(uint32_t code);
/* The ideographs of Chinese, each of which is a word. */
int tripsage__unicode_is_ideograph(uint32_t code);

/* What is left of a character when it is taken apart (NFD) and marks are taken off: 0 to 3 characters. */
size_t tripsage__unicode_bare(uint32_t out[3], uint32_t code);

/* In lower case: 1 or 2 characters. */
size_t tripsage__unicode_lower(uint32_t out[2], uint32_t code);

/* Writes a character as UTF-8; gives its 1 to 4 bytes. */
size_t tripsage__unicode_put(char out[4], uint32_t code);

#endif
