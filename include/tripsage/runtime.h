/* tripsage/runtime.h: what the library takes from outside: memory, time, chance and a place to log.
 *
 * Clock, random source and log belong to the handle they are given to (tripsage_options.runtime). The allocator
 * is one for the process, since a document may outlive the handle it came from; it is the only process-wide
 * setting there is.
 */
#ifndef TRIPSAGE_RUNTIME_H
#define TRIPSAGE_RUNTIME_H

#include <stddef.h>
#include <stdint.h>

#include "status.h"

TRIPSAGE_BEGIN_DECLS

#define TRIPSAGE_VERSION_MAJOR 0
#define TRIPSAGE_VERSION_MINOR 1
#define TRIPSAGE_VERSION_PATCH 0
#define TRIPSAGE_VERSION       "0.1.0"

/* The version of the library that runs (not of the header it was compiled with). Static string. */
TRIPSAGE_API const char *tripsage_version(void);

/* ---- memory ---- */

/* Same meaning as the C library's functions of these names. All three are required; they must be thread-safe. */
typedef struct tripsage_allocator {
    void *(*malloc_fn)(size_t size, void *user);
    void *(*realloc_fn)(void *block, size_t size, void *user);
    void (*free_fn)(void *block, void *user);
    void *user;
} tripsage_allocator;

/* Replaces the allocator for the whole process; NULL brings the C library's back.
 * Call it before any other function of this library and not while any of its objects lives; it is not
 * thread-safe. SQLite, cJSON, hiredis and libcurl allocate through hooks of their own (sqlite3_config, cJSON_InitHooks,
 * hiredisSetAllocators, curl_global_init_mem), which belong to the program and are not touched.
 * Errors: TRIPSAGE_EMISUSE when a function is missing. */
TRIPSAGE_API tripsage_status tripsage_set_allocator(const tripsage_allocator *allocator);

/* Frees a block that a function of this library handed out as "free with tripsage_free". NULL is fine. */
TRIPSAGE_API void tripsage_free(void *block);

/* ---- a process of one's own ---- */

/* For a program that nobody else shares SQLite's process-wide settings with, such as a server: switches off SQLite's memory statistics, kept
 * under one lock that every allocation of every thread takes. Where 64 threads read at once on two processors that lock
 * costs a fifth of a read. A library inside somebody else's program leaves this to the program.
 * Call it first, before SQLite is used. Errors: TRIPSAGE_EMISUSE (SQLite has been used; nothing is changed, and nothing is wrong). */
TRIPSAGE_API tripsage_status tripsage_own_process(void);

/* ---- clock, random, log: per handle ---- */

typedef enum tripsage_log_level {
    TRIPSAGE_LOG_ERROR = 1,
    TRIPSAGE_LOG_WARN = 2,
    TRIPSAGE_LOG_INFO = 3,
    TRIPSAGE_LOG_DEBUG = 4
} tripsage_log_level;

struct tripsage_telemetry;

typedef struct tripsage_runtime {
    uint32_t version; /* 1; set by TRIPSAGE_RUNTIME_INIT */

    /* Milliseconds since 1970-01-01T00:00:00Z. NULL: the system's clock. Called from any thread. */
    int64_t (*now_ms)(void *user);
    void *now_user;

    /* Fills `size` bytes with unpredictable ones; non-zero says it could not, and the call that needed them
     * fails with TRIPSAGE_EINTERNAL. NULL: OpenSSL's generator. Called from any thread. */
    int (*random_bytes)(unsigned char *out, size_t size, void *user);
    void *random_user;

    /* One event, no newline, no secrets; borrowed for the call. NULL: nothing is logged. Called from any thread;
     * must not call back into the library. */
    void (*log)(tripsage_log_level level, const char *room, const char *message, void *user);
    void *log_user;
    tripsage_log_level log_level; /* events above it are not made at all; 0 is TRIPSAGE_LOG_INFO */

    /* Who is told what is done, and how long it takes (tripsage/telemetry.h); outlives the handle. NULL: nobody, which costs nothing. */
    struct tripsage_telemetry *telemetry;
} tripsage_runtime;

#define TRIPSAGE_RUNTIME_INIT                                                                                          \
    {                                                                                                                  \
        1, NULL, NULL, NULL, NULL, NULL, NULL, TRIPSAGE_LOG_INFO, NULL                                                 \
    }

TRIPSAGE_END_DECLS

#endif
