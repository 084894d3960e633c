/* cache/memory/keyspace.h: the engine's keys as commands see them: one command at a time, over the same shards and bounds as the calls of tripsage/cache.h.
 *
 * A keyspace is begun for one command and ended behind it; its caller sees to it that no other command is under way. What was found is held until the end: an
 * entry that is evicted or deleted by somebody else meanwhile stays readable, and what is changed in its object then is gone with it. Objects that
 * were found or added are looked at again at the end: what they have grown by is taken from the budget, and one that is empty is removed, as Redis does. */
#ifndef TRIPSAGE_CACHE_MEMORY_KEYSPACE_H
#define TRIPSAGE_CACHE_MEMORY_KEYSPACE_H

#include "memory.h"
#include "object.h"

typedef struct tripsage__keyspace {
    tripsage__cache_memory *memory;
    int64_t now_ms; /* of the command */
    tripsage__entry **held;
    size_t held_count, held_capacity;
} tripsage__keyspace;

void tripsage__keyspace_begin(tripsage__keyspace *space, tripsage__cache_memory *memory);
void tripsage__keyspace_end(tripsage__keyspace *space);

/* The key's live entry, or NULL; a use of it. NULL with *failed when memory is short. */
tripsage__entry *tripsage__keyspace_find(tripsage__keyspace *space, tripsage__cache_bytes key, int *failed);

/* Whether there is one: no use of it. */
int tripsage__keyspace_has(tripsage__keyspace *space, tripsage__cache_bytes key);

/* Puts a string there, in the place of whatever was. `expires_ms`: an instant, or TRIPSAGE__CACHE_FOREVER. The old entry stays when it fails:
 * TRIPSAGE_ENOMEM (no memory, or no room could be made), TRIPSAGE_ETOOLARGE (more than one entry may take). */
tripsage_status tripsage__keyspace_set(tripsage__keyspace *space, tripsage__cache_bytes key,
                                       tripsage__cache_bytes value, int64_t expires_ms);

/* Whether a string that long may be put there, if there is room. */
int tripsage__keyspace_fits(const tripsage__keyspace *space, size_t key_size, size_t value_size);

/* Puts an object there, in the place of whatever was; it is the keyspace's then, also when this fails. Errors as above. */
tripsage_status tripsage__keyspace_put(tripsage__keyspace *space, tripsage__cache_bytes key, tripsage__object *object,
                                       int64_t expires_ms);

/* Moves what is under `from` to `to`, in the place of whatever was there, with its end. 0: nothing was there. Errors as above. */
tripsage_status tripsage__keyspace_move(int *moved, tripsage__keyspace *space, tripsage__cache_bytes from,
                                        tripsage__cache_bytes to);

/* 0: nothing was there. */
int tripsage__keyspace_remove(tripsage__keyspace *space, tripsage__cache_bytes key);

/* An instant, or TRIPSAGE__CACHE_FOREVER; one that is not in the future removes the key. 0: nothing is there. */
int tripsage__keyspace_expire(tripsage__keyspace *space, tripsage__cache_bytes key, int64_t expires_ms);

/* The instant; TRIPSAGE__CACHE_FOREVER: never; -1: nothing is there. */
int64_t tripsage__keyspace_expiry(tripsage__keyspace *space, tripsage__cache_bytes key);

/* The same of an entry that was found; FOREVER for NULL. Others than commands may give it another end meanwhile, so nobody reads that from
 * the entry. */
int64_t tripsage__keyspace_end_of(tripsage__keyspace *space, const tripsage__entry *entry);

/* Live keys. */
uint64_t tripsage__keyspace_count(tripsage__keyspace *space);
uint64_t tripsage__keyspace_clear(tripsage__keyspace *space);

/* What an entry is: "string", "hash" ... */
const char *tripsage__keyspace_type(const tripsage__entry *entry);

/* Visits at least `count` entries from a cursor on, if there are as many, and gives the cursor to go on from, 0 at the end. What is there from the first to the last
 * call is visited, perhaps twice, as with Redis's SCAN. `visit` is called under a lock: it may look at the entry and write a reply, and nothing else. */
typedef void (*tripsage__keyspace_visit)(void *context, const tripsage__entry *entry);
uint64_t tripsage__keyspace_scan(tripsage__keyspace *space, uint64_t cursor, size_t count,
                                 tripsage__keyspace_visit visit, void *context);
/* A cursor that begins anywhere: where chance, which is uniform, has it. */
uint64_t tripsage__keyspace_cursor(const tripsage__keyspace *space, uint64_t chance);

#endif
