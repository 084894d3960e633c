/* base/memory.h: the one door to the heap. Everything the library keeps goes through here, so that a program can
 * replace the allocator and a test can make the n-th allocation fail. None of these sets the last error: the caller
 * knows what it was trying to do and answers with TRIPSAGE_NOMEM(). */
#ifndef TRIPSAGE_BASE_MEMORY_H
#define TRIPSAGE_BASE_MEMORY_H

#include <stddef.h>

void *tripsage__malloc(size_t size);
void *tripsage__calloc(size_t count, size_t size); /* zeroed; NULL on overflow */
void *tripsage__realloc(void *block, size_t size);
void tripsage__free(void *block);

char *tripsage__strdup(const char *text);
char *tripsage__strndup(const char *text, size_t length); /* copies exactly `length` bytes and ends them with a NUL */

#endif
