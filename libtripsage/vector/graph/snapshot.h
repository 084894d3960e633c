/* vector/graph/snapshot.h: an index in a file: what tripsage_index_save and tripsage_index_open do, in the steps that who keeps a record of
 * its snapshots elsewhere needs between them. docs/vector-format.md has every byte. */
#ifndef TRIPSAGE_VECTOR_GRAPH_SNAPSHOT_H
#define TRIPSAGE_VECTOR_GRAPH_SNAPSHOT_H

#include <tripsage/index.h>

/* Whose snapshot it is, in the caller's own bytes; all zero from tripsage_index_save. */
#define TRIPSAGE__SNAPSHOT_TAG 16

/* A file on its way: beside its place, and locked against others who would write it. */
typedef struct tripsage__snapshot_file {
    const char *path; /* the caller's */
    char *beside;
    int fd; /* -1: none */
} tripsage__snapshot_file;

/* Takes the lock. Errors: TRIPSAGE_EBUSY (without `waits`: another has it), TRIPSAGE_EIO, _EFULL, _EREADONLY. */
tripsage_status tripsage__snapshot_begin(tripsage__snapshot_file *out, const char *path, int waits);

/* Writes it, makes it durable and puts it in its place. */
tripsage_status tripsage__snapshot_write(tripsage__snapshot_file *file, tripsage_index *index, uint64_t mark,
                                         const unsigned char tag[TRIPSAGE__SNAPSHOT_TAG]);

/* On every path: gives the lock back, and leaves nothing of what was not put in its place. */
void tripsage__snapshot_end(tripsage__snapshot_file *file);

/* As tripsage_index_open; gives the tag besides. */
tripsage_status tripsage__snapshot_open(tripsage_index **out, unsigned char tag[TRIPSAGE__SNAPSHOT_TAG],
                                        const char *path, const tripsage_runtime *runtime);

#endif
