/* cache/command/edit.h: a string as a command changes it: values are never changed where they lie (memory/entry.h), so it is copied,
 * changed, and stored in the place of what was there, with the same end.
 *
 *     if (!tripsage__edit_begin(&edit, c, key, least) || ...)
 *     edit.data[7] = 1;
 *     if (tripsage__edit_store(&edit, c, key)) ...
 *     tripsage__edit_free(&edit); */
#ifndef TRIPSAGE_CACHE_COMMAND_EDIT_H
#define TRIPSAGE_CACHE_COMMAND_EDIT_H

#include "command.h"

/* As long as Redis lets a string be. */
#define TRIPSAGE__STRING_MAX ((int64_t)512 * 1024 * 1024)

typedef struct tripsage__edit {
    unsigned char *data;
    size_t size;
    int64_t expires_ms;
} tripsage__edit;

/* A copy of the key's string, or of nothing, with zeroes up to `least` bytes. Replies the error: WRONGTYPE, or more than a value may
 * have. */
int tripsage__edit_begin(tripsage__edit *edit, tripsage__command *c, tripsage__cache_bytes key, size_t least);
/* The same of an entry that was found already; NULL: of nothing. */
int tripsage__edit_of(tripsage__edit *edit, tripsage__command *c, const tripsage__entry *entry, size_t least);
/* Replies the error. */
int tripsage__edit_store(const tripsage__edit *edit, tripsage__command *c, tripsage__cache_bytes key);
void tripsage__edit_free(tripsage__edit *edit);

/* Stores a string; replies the error. */
int tripsage__edit_put(tripsage__command *c, tripsage__cache_bytes key, tripsage__cache_bytes value,
                       int64_t expires_ms);

#endif
