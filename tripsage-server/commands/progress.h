/* progress.h: how far a long command is, on stderr: one line that is written over on a terminal, elsewhere a line for each tenth. */
#ifndef SERVER_COMMAND_PROGRESS_H
#define SERVER_COMMAND_PROGRESS_H

#include <stdint.h>

typedef struct progress {
    int is_terminal;
    int64_t shown_ms; /* when, on the monotonic clock */
    int tenth;        /* the last that was told, of the phase */
    char phase[64];
} progress;

void progress_begin(progress *p);
/* A tripsage_progress_fn; `user` is the progress. */
void progress_show(void *user, const char *phase, int64_t done, int64_t total);
void progress_end(progress *p);

#endif
