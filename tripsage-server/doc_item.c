/* doc_item.c: see doc_item.h. */
#include "doc_item.h"

#include <stdio.h>

/* 96: lists and members are names of ours, of some twenty letters each. */
typedef struct pointer {
    char text[96];
} pointer;

static pointer pointer_to(const char *list, size_t index, const char *member)
{
    pointer p;

    snprintf(p.text, sizeof p.text, "%s/%zu%s", list, index, member);
    return p;
}

const char *doc_item_text(tripsage_doc *doc, const char *list, size_t index, const char *member)
{
    const pointer p = pointer_to(list, index, member);

    return tripsage_doc_text(doc, p.text);
}

int64_t doc_item_int(tripsage_doc *doc, const char *list, size_t index, const char *member, int64_t fallback)
{
    const pointer p = pointer_to(list, index, member);

    return tripsage_doc_int(doc, p.text, fallback);
}

size_t doc_item_count(tripsage_doc *doc, const char *list, size_t index, const char *member)
{
    const pointer p = pointer_to(list, index, member);

    return tripsage_doc_count(doc, p.text);
}
