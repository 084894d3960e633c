/* base/thread.h: a thread of the library's: no signal of the program's is delivered on it. */
#ifndef TRIPSAGE_BASE_THREAD_H
#define TRIPSAGE_BASE_THREAD_H

#include <pthread.h>
#include <stddef.h>

/* 0, or what pthread_create says. `stack_size`: 0 for the usual one. */
int tripsage__thread_start(pthread_t *out, size_t stack_size, void *(*run)(void *context), void *context);

#endif
