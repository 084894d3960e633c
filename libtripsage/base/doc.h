/* base/doc.h: making documents. A room writes JSON into doc->json and hands the document out. */
#ifndef TRIPSAGE_BASE_DOC_H
#define TRIPSAGE_BASE_DOC_H

#include <tripsage/doc.h>

#include "buf.h"
#include "json.h"

struct tripsage_doc {
    tripsage__buf json;
    int64_t version;
    char *next; /* cursor of the next page, owned */
    int replayed;
    enum { TRIPSAGE__DOC_READ, TRIPSAGE__DOC_MISS, TRIPSAGE__DOC_HIT } cached;
    tripsage__json *tree;              /* parsed at the first accessor */
    int unparsable;                    /* parsing failed once: do not try again at each accessor */
    struct tripsage__kept_value *kept; /* what tripsage_doc_value handed out */
};

/* An empty document with room for `hint` bytes. */
tripsage_status tripsage__doc_new(tripsage_doc **out, size_t hint);

/* Parses it now: no accessor lacks memory for that afterwards, and takes what is there for nothing. Errors: TRIPSAGE_ENOMEM. */
tripsage_status tripsage__doc_read(tripsage_doc *doc);

/* Ends the building: hands the document out, or frees it and gives the buffer's failure. `status` is the caller's so far. */
tripsage_status tripsage__doc_finish(tripsage_doc **out, tripsage_doc *doc, tripsage_status status);

#endif
