/* doc_item.h: what stands in a list of a document, by the list's JSON Pointer ("/items"), the item's place, and what is wanted of it
 * ("/name"; "": the item itself). */
#ifndef SERVER_DOC_ITEM_H
#define SERVER_DOC_ITEM_H

#include <tripsage/doc.h>

/* NULL: there is none, or it is no text. */
const char *doc_item_text(tripsage_doc *doc, const char *list, size_t index, const char *member);

int64_t doc_item_int(tripsage_doc *doc, const char *list, size_t index, const char *member, int64_t fallback);
size_t doc_item_count(tripsage_doc *doc, const char *list, size_t index, const char *member);

#endif
