/* support/threads.h: the same work on many threads that start together. */
#ifndef TEST_SUPPORT_THREADS_H
#define TEST_SUPPORT_THREADS_H

#include <stddef.h>

/* Runs body(index, context) on `count` threads, index 0..count-1; all wait until the last is there, then start at once. Returns when
 * every one is done. Check's assertions jump and so must not be used on these threads: gather, and assert afterwards. */
void test_threads_run(size_t count, void (*body)(size_t index, void *context), void *context);

#endif
