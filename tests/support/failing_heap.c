/* support/failing_heap.c: see failing.h. One counter runs over the three heaps, so that a sweep meets every allocation of a call in its order. */
#include <cJSON.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <tripsage/tripsage.h>

#include "failing.h"

static _Atomic long made, nth_fails, alive[TEST_HEAPS];
static _Atomic int armed, for_good, fired_in; /* fired_in: a test_heap + 1; 0: none fired */

/* Counts one allocation; 1 when it is to fail. */
static int fails(test_heap heap)
{
    long number, point;

    if (!armed)
        return 0;
    number = ++made;
    point = nth_fails;
    if (point == 0 || (number != point && !(for_good && number > point)))
        return 0;
    if (!fired_in)
        fired_in = (int)heap + 1;
    return 1;
}

static void *take(size_t size, test_heap heap)
{
    void *block = fails(heap) ? NULL : malloc(size ? size : 1);

    if (block)
        alive[heap]++;
    return block;
}

static void give(void *block, test_heap heap)
{
    if (block)
        alive[heap]--;
    free(block);
}

/* ---- the library's ---- */

static void *library_malloc(size_t size, void *user)
{
    (void)user;
    return take(size, TEST_HEAP_LIBRARY);
}

static void *library_realloc(void *block, size_t size, void *user)
{
    void *moved;

    (void)user;
    if (!block)
        return take(size, TEST_HEAP_LIBRARY);
    moved = fails(TEST_HEAP_LIBRARY) ? NULL : realloc(block, size ? size : 1);
    return moved;
}

static void library_free(void *block, void *user)
{
    (void)user;
    give(block, TEST_HEAP_LIBRARY);
}

/* ---- SQLite's: it asks for the size of a block, which stands in front of it ---- */

typedef union header {
    int size;
    max_align_t align;
} header;

static void *sqlite_malloc(int size)
{
    header *block = take(sizeof *block + (size_t)size, TEST_HEAP_SQLITE);

    if (!block)
        return NULL;
    block->size = size;
    return block + 1;
}

static void sqlite_free(void *block)
{
    if (block)
        give((header *)block - 1, TEST_HEAP_SQLITE);
}

static void *sqlite_realloc(void *block, int size)
{
    header *moved = fails(TEST_HEAP_SQLITE) ? NULL : realloc((header *)block - 1, sizeof *moved + (size_t)size);

    if (!moved)
        return NULL;
    moved->size = size;
    return moved + 1;
}

static int sqlite_size(void *block)
{
    return block ? ((header *)block - 1)->size : 0;
}

static int sqlite_roundup(int size)
{
    return (size + 7) & ~7;
}

static int sqlite_init(void *data)
{
    (void)data;
    return SQLITE_OK;
}

static void sqlite_shutdown(void *data)
{
    (void)data;
}

/* ---- cJSON's ---- */

static void *json_malloc(size_t size)
{
    return take(size, TEST_HEAP_JSON);
}

static void json_free(void *block)
{
    give(block, TEST_HEAP_JSON);
}

/* ---- the hand on it ---- */

void test_heap_install(void)
{
    static const tripsage_allocator library = {library_malloc, library_realloc, library_free, NULL};
    static sqlite3_mem_methods sqlite = {sqlite_malloc,  sqlite_free, sqlite_realloc,  sqlite_size,
                                         sqlite_roundup, sqlite_init, sqlite_shutdown, NULL};
    cJSON_Hooks json = {json_malloc, json_free};

    /* Without lookaside every small allocation comes through here; without statistics SQLite takes no lock around it. */
    if (sqlite3_config(SQLITE_CONFIG_MALLOC, &sqlite) != SQLITE_OK ||
        sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0) != SQLITE_OK ||
        sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) != SQLITE_OK || tripsage_set_allocator(&library) != TRIPSAGE_OK) {
        fprintf(stderr, "the failing heap cannot be installed\n");
        exit(EXIT_FAILURE);
    }
    cJSON_InitHooks(&json);
}

void test_heap_arm(long nth, test_fault_mode mode)
{
    made = 0;
    fired_in = 0;
    nth_fails = nth;
    for_good = mode == TEST_FAIL_FOR_GOOD;
    armed = 1;
}

long test_heap_disarm(void)
{
    armed = 0;
    return made;
}

int test_heap_fired(test_heap *whose)
{
    if (whose && fired_in)
        *whose = (test_heap)(fired_in - 1);
    return fired_in != 0;
}

long test_heap_alive(test_heap heap)
{
    return alive[heap];
}
