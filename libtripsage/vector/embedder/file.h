/* vector/embedder/file.h: a file of a model, mapped into memory for reading. Whoever changes it in place changes what is read, and whoever
 * cuts it short ends the program (SIGBUS): models are replaced by renaming, as their tools do it. */
#ifndef TRIPSAGE_VECTOR_EMBEDDER_FILE_H
#define TRIPSAGE_VECTOR_EMBEDDER_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef struct tripsage__file {
    const char *data; /* NULL: empty */
    size_t size;
} tripsage__file;

/* `name` NULL: `path` itself, else the file of that name in the folder. Errors: TRIPSAGE_ENOTFOUND, TRIPSAGE_EIO, TRIPSAGE_ETOOLARGE (past
 * `max`). */
tripsage_status tripsage__file_map(tripsage__file *out, const char *path, const char *name, size_t max);
void tripsage__file_unmap(tripsage__file *file); /* twice is fine */

/* Tells one model from another: by the size and by a sample of 256 pages, since a model that was trained anew differs everywhere. */
uint64_t tripsage__file_print(const tripsage__file *file);

#endif
