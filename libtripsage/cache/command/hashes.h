/* cache/command/hashes.h: what the commands about hashes and those about the ends of their fields have in common. */
#ifndef TRIPSAGE_CACHE_COMMAND_HASHES_H
#define TRIPSAGE_CACHE_COMMAND_HASHES_H

#include "cache/memory/hash.h"
#include "command.h"

/* The hash of the first key; *out NULL: there is none. 0 after it replied the error. */
int tripsage__command_hash(tripsage__command *c, tripsage__hash **out);

/* Sets the fields of names and values by turns, `count` of the two together, all or none of them; *hash NULL: in a new one, which it gives.
 * Replies the error. */
int tripsage__command_hash_set(tripsage__command *c, tripsage__hash **hash, const tripsage__cache_bytes *pairs,
                               size_t count, int keep_ends, size_t *added);

/* `hash` may be NULL: has no fields. */
static inline tripsage__dict_node *tripsage__command_hash_field(const tripsage__hash *hash, tripsage__cache_bytes name)
{
    return hash ? tripsage__dict_find(&hash->fields, name) : NULL;
}

/* The field's value, or nil for NULL. */
void tripsage__command_hash_reply(tripsage__command *c, const tripsage__dict_node *node);

#endif
