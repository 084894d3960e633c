/* edit.c: see edit.h. */
#include "edit.h"

#include <string.h>

#include "base/memory.h"

int tripsage__edit_of(tripsage__edit *edit, tripsage__command *c, const tripsage__entry *entry, size_t least)
{
    size_t had = entry ? tripsage__entry_value_size(entry) : 0;

    *edit =
        (tripsage__edit){.size = had > least ? had : least, .expires_ms = tripsage__keyspace_end_of(c->space, entry)};
    if (edit->size <= TRIPSAGE_CACHE_VALUE_MAX)
        edit->data = tripsage__calloc(1, edit->size + 1);
    if (!edit->data) {
        tripsage__command_failed(c, edit->size <= TRIPSAGE_CACHE_VALUE_MAX ? TRIPSAGE_ENOMEM : TRIPSAGE_ETOOLARGE);
        return 0;
    }
    if (had)
        memcpy(edit->data, entry->bytes, had);
    return 1;
}

int tripsage__edit_begin(tripsage__edit *edit, tripsage__command *c, tripsage__cache_bytes key, size_t least)
{
    tripsage__entry *entry;

    edit->data = NULL;
    return tripsage__command_string(c, key, &entry) && tripsage__edit_of(edit, c, entry, least);
}

int tripsage__edit_store(const tripsage__edit *edit, tripsage__command *c, tripsage__cache_bytes key)
{
    return tripsage__edit_put(c, key, (tripsage__cache_bytes){edit->data, edit->size}, edit->expires_ms);
}

void tripsage__edit_free(tripsage__edit *edit)
{
    tripsage__free(edit->data);
    edit->data = NULL;
}

int tripsage__edit_put(tripsage__command *c, tripsage__cache_bytes key, tripsage__cache_bytes value, int64_t expires_ms)
{
    tripsage_status status = tripsage__keyspace_set(c->space, key, value, expires_ms);

    if (status != TRIPSAGE_OK)
        tripsage__command_failed(c, status);
    return status == TRIPSAGE_OK;
}
