/* log.h: one JSON object a line, to stdout, where collectors of logs look (The Twelve-Factor App, XI). Commands that print an answer there
 * never open the log; what there is to tell them goes to stderr.
 *
 * Lines gather in a buffer that a thread of its own writes out at most LOG_DELAY_MS after the first came in; errors and
 * warnings go out at once. So a request costs a copy under a lock, not a system call. What a line never holds: tokens,
 * passwords, bodies, query strings. */
#ifndef SERVER_LOG_H
#define SERVER_LOG_H

#include <stddef.h>
#include <tripsage/runtime.h>

#include "buffer.h"

#define LOG_DELAY_MS 100

/* Turns to stdout and starts the writing thread. Until then, and after log_close, lines are written at once. `masks_people`: see redact.h.
 */
int log_open(tripsage_log_level level, int masks_people);
void log_close(void);

int log_wants(tripsage_log_level level);

/* {"time":...,"level":...,"event":event,"message":...} */
void log_event(tripsage_log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A whole line, its newline included. */
void log_line(tripsage_log_level level, const char *line, size_t size);

/* Begins a line: {"time":"...","level":"info" */
void log_begin(buffer *line, tripsage_log_level level);

/* The library's sink (tripsage_runtime.log). */
void log_library(tripsage_log_level level, const char *room, const char *message, void *user);

/* "2026-11-02T09:30:00.123Z" */
#define TIMESTAMP_SIZE 25
void timestamp_now(char out[TIMESTAMP_SIZE]);

#endif
