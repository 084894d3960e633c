/* support/failing.h: making what the library stands on fail: memory (its own, SQLite's, cJSON's) and the disk under SQLite.
 *
 * Points are counted from 1: the n-th allocation, the n-th operation on a file. Once: that one fails. For good: that one and all after it
 * fail, until the arms are laid down. Install both before the first call of the library and of SQLite. */
#ifndef TEST_SUPPORT_FAILING_H
#define TEST_SUPPORT_FAILING_H

#include <stddef.h>

typedef enum test_fault_mode { TEST_FAIL_ONCE = 0, TEST_FAIL_FOR_GOOD = 1 } test_fault_mode;

typedef enum test_heap { TEST_HEAP_LIBRARY = 0, TEST_HEAP_SQLITE = 1, TEST_HEAP_JSON = 2, TEST_HEAPS = 3 } test_heap;

/* ---- memory ---- */

void test_heap_install(void);

/* From here the n-th allocation fails; 0: none, they are only counted. Returns with the counter at 0. */
void test_heap_arm(long nth, test_fault_mode mode);

/* Lays the arms down; gives how many allocations there were since test_heap_arm. */
long test_heap_disarm(void);

/* 1 when an allocation was made to fail since test_heap_arm, and whose it was. */
int test_heap_fired(test_heap *whose);

/* Blocks that are alive, per heap. */
long test_heap_alive(test_heap heap);

/* ---- disk ---- */

typedef enum test_disk_fault {
    TEST_DISK_IO = 0,  /* reading, writing, syncing gives an I/O error */
    TEST_DISK_FULL = 1 /* writing and growing say that the disk is full; reading goes on */
} test_disk_fault;

/* Puts a layer between SQLite and its default VFS, and makes it the default. */
void test_disk_install(void);
void test_disk_arm(long nth, test_fault_mode mode, test_disk_fault fault);
long test_disk_disarm(void);
int test_disk_fired(void);

#endif
