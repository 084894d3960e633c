/* base/memory.c: the allocator, and the one process-wide setting of the library. */
#include "memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <tripsage/runtime.h>

#include "error.h"

static void *system_malloc(size_t size, void *user)
{
    (void)user;
    return malloc(size);
}

static void *system_realloc(void *block, size_t size, void *user)
{
    (void)user;
    return realloc(block, size);
}

static void system_free(void *block, void *user)
{
    (void)user;
    free(block);
}

#define SYSTEM_ALLOCATOR                                                                                               \
    {                                                                                                                  \
        system_malloc, system_realloc, system_free, NULL                                                               \
    }

/* Written by tripsage_set_allocator only, which its contract keeps before every other use. */
static tripsage_allocator current = SYSTEM_ALLOCATOR;

tripsage_status tripsage_set_allocator(const tripsage_allocator *allocator)
{
    static const tripsage_allocator standard = SYSTEM_ALLOCATOR;

    if (!allocator)
        allocator = &standard;
    if (!allocator->malloc_fn || !allocator->realloc_fn || !allocator->free_fn)
        return TRIPSAGE_FAIL(TRIPSAGE_EMISUSE, "an allocator needs all three functions");
    current = *allocator;
    return TRIPSAGE_OK;
}

void tripsage_free(void *block)
{
    tripsage__free(block);
}

void *tripsage__malloc(size_t size)
{
    return current.malloc_fn(size ? size : 1, current.user);
}

/* The C library knows which of its pages are zero already, so that a large table costs what of it is used. */
void *tripsage__calloc(size_t count, size_t size)
{
    void *block;

    if (size && count > SIZE_MAX / size)
        return NULL;
    if (current.malloc_fn == system_malloc)
        return calloc(count ? count : 1, size ? size : 1);
    block = tripsage__malloc(count * size);
    if (block)
        memset(block, 0, count * size);
    return block;
}

void *tripsage__realloc(void *block, size_t size)
{
    return current.realloc_fn(block, size ? size : 1, current.user);
}

void tripsage__free(void *block)
{
    if (block)
        current.free_fn(block, current.user);
}

char *tripsage__strdup(const char *text)
{
    return tripsage__strndup(text, strlen(text));
}

char *tripsage__strndup(const char *text, size_t length)
{
    char *copy = length < SIZE_MAX ? tripsage__malloc(length + 1) : NULL;

    if (copy) {
        memcpy(copy, text, length);
        copy[length] = '\0';
    }
    return copy;
}
