/* vector/graph/snapshot_internal.h: what the files of the snapshot share. */
#ifndef TRIPSAGE_VECTOR_GRAPH_SNAPSHOT_INTERNAL_H
#define TRIPSAGE_VECTOR_GRAPH_SNAPSHOT_INTERNAL_H

#include "arena.h"
#include "snapshot.h"

/* ---- snapshot_file.c ---- */

tripsage_status tripsage__snapshot_put(tripsage__snapshot_file *file, uint64_t at, const void *bytes, size_t size);
/* Makes it durable and puts it in its place. */
tripsage_status tripsage__snapshot_place(tripsage__snapshot_file *file);

/* The whole file, readable and writable for this process alone. Errors: TRIPSAGE_ENOTFOUND, TRIPSAGE_ECORRUPT (nothing in it),
 * TRIPSAGE_EIO. */
tripsage_status tripsage__snapshot_map(tripsage__arena *out, const char *path);

/* ---- snapshot.c ---- */

/* The index in the bytes of an arena, which it takes, also where it fails. */
tripsage_status tripsage__snapshot_read(tripsage_index **out, unsigned char tag[TRIPSAGE__SNAPSHOT_TAG],
                                        tripsage__arena *arena, const tripsage_runtime *runtime);

/* Sets the checksums of such bytes right, as far as they say where they are: for a test that wants to get past them. */
void tripsage__snapshot_seal(unsigned char *bytes, size_t size);

#endif
