/* vector/metadata.h: an item's metadata, and whether it passes a filter.
 *
 * Metadata is stored in one form: compact JSON as this library writes it. Then a member of the filter equals a member of the metadata
 * exactly when the two have the same bytes, name and value, and no row is parsed while searching. */
#ifndef TRIPSAGE_VECTOR_METADATA_H
#define TRIPSAGE_VECTOR_METADATA_H

#include "base/buf.h"

/* 8 KiB: what tripsage/vector.h allows. */
#define TRIPSAGE__METADATA_MAX ((size_t)8 * 1024)

/* Appends the stored form of a JSON object of texts, numbers and bools; NULL is {}. Errors: TRIPSAGE_EINVALID about `field`. */
tripsage_status tripsage__metadata_put(tripsage__buf *out, const char *json, const char *field);

/* Whether every member of the filter (in the stored form) is one of the metadata's. */
int tripsage__metadata_matches(const char *metadata, size_t size, const char *filter, size_t filter_size);

/* Steps over the member at *at of a text in the stored form, and gives its size: at first *at is behind the brace that opens the text, and it is `end`
 * behind the last member. 0: there is none. */
size_t tripsage__metadata_next(const char **at, const char *end, const char **member);

#endif
