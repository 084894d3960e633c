/* support/threads.c: see threads.h. */
#include "threads.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct crew {
    void (*body)(size_t index, void *context);
    void *context;
    pthread_barrier_t start;
} crew;

typedef struct member {
    crew *crew;
    size_t index;
    pthread_t thread;
} member;

static void *member_run(void *argument)
{
    member *self = argument;

    pthread_barrier_wait(&self->crew->start);
    self->crew->body(self->index, self->crew->context);
    return NULL;
}

void test_threads_run(size_t count, void (*body)(size_t index, void *context), void *context)
{
    crew all = {.body = body, .context = context};
    member *members = calloc(count, sizeof *members);

    if (!members || pthread_barrier_init(&all.start, NULL, (unsigned)count) != 0) {
        fprintf(stderr, "no memory for %zu threads\n", count);
        exit(EXIT_FAILURE);
    }
    for (size_t i = 0; i < count; i++) {
        members[i].crew = &all;
        members[i].index = i;
        /* A thread that cannot be made would leave the others at the barrier for good. */
        if (pthread_create(&members[i].thread, NULL, member_run, &members[i]) != 0) {
            fprintf(stderr, "thread %zu of %zu cannot be started\n", i, count);
            exit(EXIT_FAILURE);
        }
    }
    for (size_t i = 0; i < count; i++)
        pthread_join(members[i].thread, NULL);
    pthread_barrier_destroy(&all.start);
    free(members);
}
